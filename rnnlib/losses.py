"""Losses: each returns the loss and its gradient with respect to the logits or predictions."""

import numpy as np

from . import _validate

REDUCTIONS = ("sum", "mean", "batch_mean", "none")


def softmax(logits):
    """Turn logits into probabilities along the last axis, softmax(o)_j = exp(o_j) / Σ_k exp(o_k).

    logits (…, O) finite; the result has their shape and sums to 1 along the last axis. FloatingPointError for
    logits that are not finite.

    >>> softmax([0.0, 0.0])
    array([0.5, 0.5])
    """
    logits = _float_array(logits, "logits")
    if logits.ndim == 0 or logits.shape[-1] == 0:
        raise ValueError(f"logits has shape {logits.shape}; expected (…, O) with O of at least 1")
    _refuse_overflow(np.isfinite(logits).all(axis=-1), "logits")
    with np.errstate(all="ignore"):
        return np.exp(log_softmax(logits))


def log_softmax(logits):
    """Return o − log Σ_k exp(o_k) along the last axis, shifted by the maximum so that nothing overflows.

    >>> log_softmax(np.array([1000.0, 1000.0])).round(4)
    array([-0.6931, -0.6931])
    """
    shifted = logits - logits.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def softmax_cross_entropy(logits, targets, mask=None, reduction="sum"):
    """Return (loss, dlogits) of L = −Σ_t Σ_b Σ_k y_k log softmax(o)_k; ∂L/∂o_t = ŷ_t − y_t.

    logits (T, B, O), or (B, O) for one prediction a sequence; targets whole numbers (T, B) or (B,) from 0 to O − 1,
    or probabilities in the logits' shape whose rows sum to 1; mask (T, B) or (B,), True where a position counts:
    elsewhere neither logits nor targets are read and dlogits is 0. reduction "sum"; "mean" divides by the number
    of positions that count, "batch_mean" by B; "none" gives the losses (T, B), with dlogits that of their sum. The
    unit is the nat. ValueError or TypeError for what does not fit; FloatingPointError for logits that overflowed.

    >>> loss, dlogits = softmax_cross_entropy([[[0.0, 0.0]]], [[1]])
    >>> round(loss, 4), dlogits
    (0.6931, array([[[ 0.5, -0.5]]]))
    """
    _validate.choice(reduction, "reduction", REDUCTIONS)
    targets = _validate.real_array(targets, "targets")
    logits = _read_outputs(logits, "logits", targets.shape)
    mask = _read_mask(mask, logits.shape[:-1])
    targets = _read_targets(targets, logits, mask)
    with np.errstate(all="ignore"):
        log_p = log_softmax(_live(logits, mask, "logits"))
        losses = -np.where(targets > 0, targets * log_p, 0).sum(axis=-1)  # where: 0 · log 0 is 0
        return _reduce(losses, np.exp(log_p) - targets, mask, reduction)


def mse(predictions, targets, mask=None, reduction="sum"):
    """Return (loss, dpredictions) of the squared error L = Σ_t Σ_b ‖ŷ_t − y_t‖²; ∂L/∂ŷ_t = 2 (ŷ_t − y_t).

    predictions and targets (T, B, O), or (B, O); mask and reduction as in softmax_cross_entropy, but "mean" divides
    by O too. ValueError or TypeError for what does not fit; FloatingPointError for predictions that overflowed.

    >>> mse([[[3.0]]], [[[1.0]]])
    (4.0, array([[[4.]]]))
    """
    _validate.choice(reduction, "reduction", REDUCTIONS)
    targets = _validate.real_array(targets, "targets")
    predictions = _read_outputs(predictions, "predictions", targets.shape)
    mask = _read_mask(mask, predictions.shape[:-1])
    hint = "add the axis of outputs, targets[..., None]" if targets.shape == predictions.shape[:-1] else ""
    hint = hint or _transposed(targets.shape, predictions.shape[:-1])
    _validate.shape(targets, "targets", predictions.shape, "the predictions' shape", hint)
    targets = _validate.floats(targets, "targets", predictions.dtype)
    targets = _validate.finite(_unmasked(targets, mask), "targets")
    with np.errstate(all="ignore"):
        error = _live(predictions, mask, "predictions") - targets
        per_output = predictions.shape[-1] if reduction == "mean" else 1
        return _reduce((error * error).sum(axis=-1) / per_output, 2 * error / per_output, mask, reduction)


def _reduce(losses, grad, mask, reduction):
    """Sum the losses (T, B) as asked and scale the gradient alike."""
    losses, grad = _unmasked(losses, mask, wide=False), _unmasked(grad, mask)
    _refuse_overflow(np.isfinite(losses) & np.isfinite(grad).all(axis=-1), "the loss")
    if reduction == "none":
        return losses, grad
    positions = losses.size if mask is None else int(mask.sum())
    if reduction == "mean" and positions == 0:
        raise ValueError('mask is False everywhere; expected a position that counts, for reduction "mean"')
    divisor = {"sum": 1, "mean": positions, "batch_mean": losses.shape[-1]}[reduction]
    total = float(losses.sum())
    if not np.isfinite(total):  # each loss is finite: name the place where their sum no longer is
        _refuse_overflow(np.isfinite(losses.cumsum()).reshape(losses.shape), "the sum of the losses")
    return total / divisor, np.divide(grad, divisor, dtype=grad.dtype)


def _unmasked(array, mask, wide=True):
    """Return the array with 0 where masked; wide: it has an axis more than the mask."""
    if mask is None:
        return array
    return np.where(mask[..., None] if wide else mask, array, array.dtype.type(0))


def _float_array(value, name):
    array = _validate.real_array(value, name)
    return array if array.dtype in _validate.FLOATS else _validate.floats(array, name, np.float64)


def _read_outputs(value, name, target_shape):
    array = _float_array(value, name)
    if array.ndim not in (2, 3) or 0 in array.shape:
        raise ValueError(f"{name} has shape {array.shape}; expected (T, B, O) or (B, O)")
    if array.ndim == 3 and target_shape[:2] == (len(array) - 1, array.shape[1]):
        raise ValueError(f"{name} has shape {array.shape}; expected T = {target_shape[0]} steps, as in targets: "
                         "did you pass trace.h instead of trace.y?")  # fmt: skip
    return array


def _read_mask(mask, size):
    if mask is None:
        return None
    mask = _validate.shape(_validate.real_array(mask, "mask"), "mask", size, _symbols(size))
    if not np.isin(mask, (0, 1)).all():
        raise ValueError(f"mask holds {mask[~np.isin(mask, (0, 1))][0]}; expected True or False (1 or 0)")
    return mask.astype(bool)


def _transposed(shape, size):
    """Return a hint for targets whose batch stands before time."""
    return "time comes first; is targets transposed?" if len(size) == 2 and shape[:2] == size[::-1] else ""


def _symbols(size):
    return "(T, B)" if len(size) == 2 else "(B,)"


def _live(outputs, mask, name):
    """Return the outputs with 0 where masked, and refuse what overflowed elsewhere."""
    live = _unmasked(outputs, mask)
    _refuse_overflow(np.isfinite(live).all(axis=-1), name)
    return live


def _refuse_overflow(good, name):
    """Raise for the first position (t, b), or (b,), that is not good, counting t from 1 as the maths does."""
    if good.all():
        return
    place = _validate.first(~good)
    where = ", ".join([f"t = {t + 1}" for t in place[:-1]] + [f"sequence {b}" for b in place[-1:]])
    raise FloatingPointError(
        f"{name} overflowed at {where}; expected finite numbers: did the states explode?"
    )


def _read_targets(array, logits, mask):
    """Return targets as probabilities in the logits' shape."""
    size, O = logits.shape[:-1], logits.shape[-1]
    if array.shape == logits.shape:
        return _read_probabilities(array, mask, logits.dtype)
    wanted = f"whole numbers of shape {_symbols(size)} = {size} or probabilities of shape {logits.shape}"
    if array.shape != size:
        hint = _transposed(array.shape, size)
        raise ValueError(f"targets has shape {array.shape}; expected {wanted}{': ' + hint if hint else ''}")
    if array.dtype.kind == "f":
        raise TypeError(f"targets holds {array.dtype}; expected {wanted}")
    return _one_hot(_unmasked(array.astype(np.int64), mask, wide=False), O, logits.dtype)


def _one_hot(classes, O, dtype):
    bad = (classes < 0) | (classes >= O)
    if bad.any():
        index = _validate.first(bad)
        got = f"targets holds {classes[index]} at index {index}"
        raise ValueError(f"{got}; expected whole numbers from 0 to {O - 1}")
    return (classes[..., None] == np.arange(O)).astype(dtype)


def _read_probabilities(array, mask, dtype):
    y = _validate.finite(_unmasked(_validate.floats(array, "targets", dtype), mask), "targets")
    if (y < 0).any():
        raise ValueError(f"targets holds {y.min():.4g}; expected probabilities, none below 0")
    off = np.abs(y.sum(axis=-1) - 1) > 1e-5
    off = off if mask is None else off & mask
    if off.any():
        index = _validate.first(off)
        got = f"targets sums to {y[index].sum():.4g} at index {index}"
        raise ValueError(f"{got}; expected probabilities (sum 1)")
    return y
