"""Checks of the chapter *From states to a loss*."""

import math

import numpy as np

from .engine import Case, Exercise, judge


def softmax(function):
    """Check `softmax(o)`: probabilities along the last axis, for logits of any size.

    o has any number of axes. Answers with a Result; never raises.

    >>> softmax(lambda o: np.exp(o) / np.exp(o).sum(axis=-1, keepdims=True))
    Not yet: right for small logits, but e^1000 overflows: subtract each row's maximum first, which changes
    nothing else.
    """
    return judge(function, SOFTMAX)


def cross_entropy(function):
    """Check `cross_entropy(o, targets, mask)`: the sum of −ln ŷ_target over the places where mask is True.

    o (T, B, K), targets (T, B) whole numbers, mask (T, B) bools; the result is one number. Answers with a Result;
    never raises.

    >>> def without_mask(o, targets, mask):
    ...     log_y = o - np.log(np.exp(o).sum(axis=-1, keepdims=True))
    ...     return -np.take_along_axis(log_y, targets[..., None], axis=-1).sum()
    >>> cross_entropy(without_mask)
    Not yet: the mask is ignored: padding is no data, and adds nothing to the loss.
    """
    return judge(function, CROSS_ENTROPY)


def loss_gradient(function):
    """Check `loss_gradient(o, targets, mask)`: ∂L/∂o = ŷ − y where mask is True, else 0; shape (T, B, K).

    Answers with a Result; never raises.

    >>> def reversed_sign(o, targets, mask):
    ...     y_hat = np.exp(o) / np.exp(o).sum(axis=-1, keepdims=True)
    ...     return (np.eye(o.shape[-1])[targets] - y_hat) * mask[..., None]
    >>> loss_gradient(reversed_sign)
    Not yet: the sign is reversed: ∂L/∂o = ŷ − y, prediction minus target.
    """
    return judge(function, LOSS_GRADIENT)


def perplexity(function):
    """Check `perplexity(loss, n)`: exp(loss / n), for a loss in nats, summed over n characters.

    Answers with a Result; never raises.

    >>> perplexity(lambda loss, n: 2 ** (loss / n))
    Not yet: the loss is in nats, so the base is e: exp(loss / n). 2^… belongs to a loss in bits.
    """
    return judge(function, PERPLEXITY)


# --- softmax ---------------------------------------------------------------------------------------------------


def _softmax(o, axis=-1, shift_axis=-1):
    e = np.exp(o - o.max(axis=shift_axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def _log_softmax(o):
    shifted = o - o.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def _softmax_cases(rng):
    far_apart = np.array([[1000.0, 1001.0, 999.0], [-1000.0, -1001.0, -1002.0]])
    return [
        Case("shape (2, 3)", (rng.normal(size=(2, 3)),)),
        Case("shape (4,)", (rng.normal(size=4),)),
        Case("shape (3, 3)", (rng.normal(size=(3, 3)),)),
        Case("shape (2, 3, 4)", (rng.normal(size=(2, 3, 4)),)),
        Case("logits near 1000 and −1000", (far_apart,)),
    ]


def _divided_along_last(o):
    e = np.exp(o)
    return e / e.sum(axis=-1)  # the axis is lost, so the sums line up with the columns


_OVERFLOW = ("right for small logits, but e^1000 overflows: subtract each row's maximum first, "
             "which changes nothing else.")  # fmt: skip
_KEEPDIMS = "the sums do not line up with the rows: keep the axis they run over, keepdims=True."
_WHOLE = "the sum runs over the whole array: every row of classes must sum to 1 by itself, axis=-1."

SOFTMAX = Exercise(
    name="softmax",
    args=("o",),
    outputs=(("ŷ", "(…, K)"),),
    cases=_softmax_cases,
    reference=_softmax,
    included="one axis, three axes and logits near 1000",
    variants=(
        (_OVERFLOW, lambda o: np.exp(o) / np.exp(o).sum(axis=-1, keepdims=True)),
        ("one maximum for the whole array is too little: rows far below it underflow. Take each row's own.",
         lambda o: _softmax(o, shift_axis=None)),
        ("the sum runs over axis 0; the classes are on the last axis, axis=-1.",
         lambda o: _softmax(o, axis=0)),
        ("the sum runs over axis 0; the classes are on the last axis, axis=-1.",
         lambda o: _softmax(o, axis=0, shift_axis=0)),
        ("the sum runs over axis 0; the classes are on the last axis, axis=-1.",
         lambda o: np.exp(o) / np.exp(o).sum(axis=0)),
        ("axis=1 is the last axis only where there are two; axis=-1 always is.",
         lambda o: _softmax(o, axis=1, shift_axis=1)),
        ("axis=1 is the last axis only where there are two; axis=-1 always is.",
         lambda o: np.exp(o) / np.exp(o).sum(axis=1, keepdims=True)),
        (_WHOLE, lambda o: _softmax(o, axis=None, shift_axis=None)),
        (_WHOLE, lambda o: _softmax(o, axis=None)),
        (_WHOLE, lambda o: np.exp(o) / np.exp(o).sum()),
        (_KEEPDIMS, _divided_along_last),
        (_KEEPDIMS, lambda o: _divided_along_last(o - o.max(axis=-1, keepdims=True))),
        ("the exponential is missing: ŷ_k = exp(o_k) / Σ_j exp(o_j).",
         lambda o: o / o.sum(axis=-1, keepdims=True)),
        ("the logarithm of the softmax comes back; the probabilities are wanted.",
         lambda o: np.log(_softmax(o))),
        ("the logarithm of the softmax comes back; the probabilities are wanted.",
         _log_softmax),
        ("the division is missing: exp(o) alone does not sum to 1.",
         np.exp),
        ("the division is missing: exp(o − max) alone does not sum to 1.",
         lambda o: np.exp(o - o.max(axis=-1, keepdims=True))),
        ("the signs are reversed: large logits must get large probabilities.",
         lambda o: _softmax(-o)),
        ("each logit is squashed by itself (the logistic function); the classes must share a sum of 1.",
         lambda o: 1 / (1 + np.exp(-o))),
    ),
)  # fmt: skip


# --- cross_entropy ---------------------------------------------------------------------------------------------


def _chosen(values, targets):
    """Return the entry of each target along the last axis; −1 means the last, as in Python."""
    return np.take_along_axis(values, targets[..., None], axis=-1)[..., 0]


def _at_targets(o, targets, mask):
    """Return −ln ŷ_target (T, B), 0 where the mask is False."""
    safe = np.where(mask, targets, 0)
    return -_chosen(_log_softmax(o), safe) * mask


def _cross_entropy(o, targets, mask):
    return _at_targets(o, targets, mask).sum()


def _unmasked(o, targets, mask):
    return -np.log(_chosen(_softmax(o), targets)).sum()


def _batch(rng, T, B, K, padding):
    """Draw logits, targets and a mask; `padding` is what stands in targets where the mask is False."""
    mask = np.arange(T)[:, None] < rng.integers(1, T + 1, B)
    mask[:, 0] = True
    mask[-1, 1:] = False
    targets = np.where(mask, rng.integers(0, K, (T, B)), padding)
    return rng.normal(size=(T, B, K)) * 1.5, targets, mask


def _far_cases(alone):
    """Logits near ±1000: rows far from 0, whose classes are close, and classes that are far from each other."""
    near = np.array([[1000.0, 1001.0, 999.0], [-1000.0, -1001.0, -1002.0]])
    apart = np.array([[1000.0, 0.0, -1000.0], [-1000.0, 1000.0, 999.0]])
    mask = np.array([[True, True], [True, False]])
    targets = np.array([[1, 2], [0, 0]])
    return [
        Case("logits near 1000 and −1000", (np.array([near, near[::-1]]), targets, mask), alone),
        Case("logits from −1000 to 1000", (np.array([apart, apart]), targets, mask), alone),
    ]


def _loss_cases(rng, alone):
    sizes = [(4, 3, 5, -1), (1, 1, 2, 0), (3, 2, 3, 0), (5, 4, 4, -1), (3, 3, 4, 99)]
    words = {-1: ", targets of −1 at the padding", 99: ", targets of 99 at the padding", 0: ""}
    plain = [Case(f"T = {T}, B = {B}, K = {K}{words[p]}", _batch(rng, T, B, K, p)) for T, B, K, p in sizes]
    return plain + _far_cases(alone)


_LOG_SUM_EXP = ("right for small logits, but near ±1000 exp overflows, or ŷ is rounded to 0 and ln ŷ to −∞: in each "
                "place subtract the largest logit first, and take o − max − log Σ exp(o − max) for ln ŷ.")  # fmt: skip
_MEAN = "the loss is divided by the number of real places; the sum over them is wanted."

CROSS_ENTROPY = Exercise(
    name="cross_entropy",
    args=("o", "targets", "mask"),
    outputs=(("the loss", "()"),),
    cases=lambda rng: _loss_cases(rng, _LOG_SUM_EXP),
    reference=_cross_entropy,
    included="T = 1, odd targets at the padding and logits near ±1000",
    variants=(
        (_MEAN, lambda o, targets, mask: _cross_entropy(o, targets, mask) / mask.sum()),
        ("the loss is divided by T · B, padding included; the sum is wanted.",
         lambda o, targets, mask: _cross_entropy(o, targets, mask) / mask.size),
        ("the loss is divided by B; the sum over all sequences is wanted.",
         lambda o, targets, mask: _cross_entropy(o, targets, mask) / mask.shape[1]),
        ("the loss is divided by T; the sum over all steps is wanted.",
         lambda o, targets, mask: _cross_entropy(o, targets, mask) / mask.shape[0]),
        ("the mask is ignored: padding is no data, and adds nothing to the loss.",
         _unmasked),
        ("the mask is ignored: padding is no data, and adds nothing to the loss.",
         lambda o, targets, mask: _unmasked(o, np.where(mask, targets, 0), mask)),
        ("the mask is inverted: the loss of the padding is added up, not that of the data.",
         lambda o, targets, mask: _cross_entropy(o, targets, ~mask)),
        ("the sign is reversed: ln ŷ is negative, and the loss is −ln ŷ.",
         lambda o, targets, mask: -_cross_entropy(o, targets, mask)),
        ("the logarithm has base 2, so this is the loss in bits; nats are wanted, np.log.",
         lambda o, targets, mask: _cross_entropy(o, targets, mask) / math.log(2)),
        ("the logarithm has base 10; nats are wanted, np.log.",
         lambda o, targets, mask: _cross_entropy(o, targets, mask) / math.log(10)),
        ("−ln ŷ is added up over all classes; only the target's class counts, since y is 0 at the others.",
         lambda o, targets, mask: -np.log(_softmax(o))[mask].sum()),
        ("the probabilities of the targets are added up; the loss takes −ln of each first.",
         lambda o, targets, mask: np.exp(-_at_targets(o, targets, mask))[mask].sum()),
        ("the probabilities of the targets are added up; the loss takes −ln of each first.",
         lambda o, targets, mask: -np.exp(-_at_targets(o, targets, mask))[mask].sum()),
        ("the logits of the targets are added up: softmax and logarithm are missing.",
         lambda o, targets, mask: -(_chosen(o, np.where(mask, targets, 0)) * mask).sum()),
        ("the logarithm is taken of the summed probabilities; add up the logarithms.",
         lambda o, targets, mask: -np.log(np.exp(-_at_targets(o, targets, mask))[mask].sum())),
        ("a loss for each place comes back; their sum is wanted, one number.",
         _at_targets),
        ("a loss for each place comes back; their sum is wanted, one number.",
         lambda o, targets, mask: _at_targets(o, targets, mask)[mask]),
        ("a loss for each step comes back; add up over time too.",
         lambda o, targets, mask: _at_targets(o, targets, mask).sum(axis=1)),
        ("a loss for each sequence comes back; add up over the batch too.",
         lambda o, targets, mask: _at_targets(o, targets, mask).sum(axis=0)),
    ),
)  # fmt: skip


# --- loss_gradient ---------------------------------------------------------------------------------------------


def _one_hot(o, targets):
    return (targets[..., None] == np.arange(o.shape[-1])).astype(float)


def _gradient(o, targets, mask):
    return (_softmax(o) - _one_hot(o, targets)) * mask[..., None]


def _unmasked_gradient(o, targets, mask):
    return _softmax(o) - np.eye(o.shape[-1])[targets]


_OVERFLOW_THERE = ("right for small logits, but near ±1000 exp overflows, or all of it is rounded to 0: in each place "
                   "subtract the largest logit first, which changes nothing else.")  # fmt: skip
_NO_MASK = "the mask is ignored: at the padding the gradient is 0."

LOSS_GRADIENT = Exercise(
    name="loss_gradient",
    args=("o", "targets", "mask"),
    outputs=(("the gradient", "(T, B, K)"),),
    cases=lambda rng: _loss_cases(rng, _OVERFLOW_THERE),
    reference=_gradient,
    included="T = 1, odd targets at the padding and logits near ±1000",
    variants=(
        ("the sign is reversed: ∂L/∂o = ŷ − y, prediction minus target.",
         lambda *args: -_gradient(*args)),
        (_NO_MASK, _unmasked_gradient),
        (_NO_MASK, lambda o, targets, mask: _softmax(o) - _one_hot(o, targets)),
        (_NO_MASK, lambda o, targets, mask: _softmax(o) - _one_hot(o, np.where(mask, targets, 0))),
        ("the mask is on y alone: the softmax of the padding is left over; the whole ŷ − y is 0 there.",
         lambda o, targets, mask: _softmax(o) - _one_hot(o, targets) * mask[..., None]),
        ("the mask is inverted: the gradient is 0 at the padding, not at the data.",
         lambda o, targets, mask: (_softmax(o) - _one_hot(o, targets)) * ~mask[..., None]),
        ("the gradient is divided by the number of real places, as for a mean; the loss here is a sum.",
         lambda o, targets, mask: _gradient(o, targets, mask) / mask.sum()),
        ("the gradient is divided by T · B; the loss here is a sum.",
         lambda o, targets, mask: _gradient(o, targets, mask) / mask.size),
        ("the gradient is divided by B; the loss here is a sum.",
         lambda o, targets, mask: _gradient(o, targets, mask) / mask.shape[1]),
        ("this is ŷ alone: subtract y, that is 1 at the target's class.",
         lambda o, targets, mask: _softmax(o) * mask[..., None]),
        ("this is y alone: the gradient is ŷ − y.",
         lambda o, targets, mask: _one_hot(o, targets) * mask[..., None]),
        ("the softmax is missing: ŷ − y, not o − y.",
         lambda o, targets, mask: (o - _one_hot(o, targets)) * mask[..., None]),
        ("this is the gradient with respect to ŷ, −y/ŷ; the softmax has to be passed as well, which gives ŷ − y.",
         lambda o, targets, mask: -_one_hot(o, targets) / _softmax(o) * mask[..., None]),
        ("(ŷ − y) is multiplied by ŷ(1 − ŷ), as for squared error; with cross-entropy these factors cancel.",
         lambda o, targets, mask: _gradient(o, targets, mask) * _softmax(o) * (1 - _softmax(o))),
        ("this is ŷ(1 − ŷ), the slope of one class alone; the gradient of the loss is ŷ − y.",
         lambda o, targets, mask: _softmax(o) * (1 - _softmax(o)) * mask[..., None]),
        ("only the target's class has a gradient here; the other logits matter too: ŷ − y at all classes.",
         lambda o, targets, mask: _gradient(o, targets, mask) * _one_hot(o, targets)),
        ("the gradient is summed over the places; one for each is wanted, the shape of o.",
         lambda *args: _gradient(*args).sum(axis=(0, 1))),
    ),
)  # fmt: skip


# --- perplexity ------------------------------------------------------------------------------------------------


def _perplexity_cases(rng):
    uniform = Case("a uniform guess among 65 symbols, n = 25", (25 * math.log(65), 25))
    drawn = [(float(rng.uniform(0.5, 3)) * n, n) for n in (1, 4, 10, 30)]
    return [uniform, *(Case(f"loss = {loss:.4g}, n = {n}", (loss, n)) for loss, n in drawn)]


_DIVIDE = "divide by n first: perplexity is a number per character, exp(loss / n)."

PERPLEXITY = Exercise(
    name="perplexity",
    args=("loss", "n"),
    outputs=(("the perplexity", "()"),),
    cases=_perplexity_cases,
    reference=lambda loss, n: math.exp(loss / n),
    included="n = 1 and a uniform guess",
    variants=(
        (_DIVIDE, lambda loss, n: np.exp(loss)),
        ("dividing comes before the exponential: exp(loss / n), not exp(loss) / n.",
         lambda loss, n: np.exp(loss) / n),
        ("the loss is in nats, so the base is e: exp(loss / n). 2^… belongs to a loss in bits.",
         lambda loss, n: 2 ** (loss / n)),
        ("the loss is in nats, so the base is e: exp(loss / n). 2^… belongs to a loss in bits.",
         lambda loss, n: 2**loss),
        ("this is the mean loss; the perplexity is its exponential.",
         lambda loss, n: loss / n),
        ("these are bits per character; the perplexity is exp(loss / n).",
         lambda loss, n: loss / n / math.log(2)),
        ("the sign is reversed: this is the probability of a character; its inverse is the perplexity.",
         lambda loss, n: math.exp(-loss / n)),
        ("the logarithm stands where the exponential belongs.",
         lambda loss, n: math.log(loss / n)),
        ("the loss is multiplied by n; it is a sum over n characters, so divide.",
         lambda loss, n: np.exp(loss * n)),
    ),
)  # fmt: skip
