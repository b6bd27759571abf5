"""What all layers share: parameters and their guard; and what all cells share: the state's beginning and end."""

from dataclasses import dataclass, field

import numpy as np

from .. import _validate


@dataclass(repr=False, eq=False)
class Grads:
    """What a backward pass returns: ∂L/∂ of everything that went in, in the shape of what went in.

    `params` has the names and shapes of the layer's own `params`; `x` (T, B, D); for cells `h0` (B, H) and
    `h` (T+1, B, H), the total ∂L/∂h_t, so that `h[0]` equals `h0` (for the LSTM `c0` and `c` alike); for a
    stack `layers`, the Grads of each layer.

    >>> import numpy as np, rnnlib
    >>> cell = rnnlib.RNN(2, 3, rng=0)
    >>> grads = cell.backward(cell.forward(np.ones((4, 1, 2))), np.ones((4, 1, 3)))
    >>> grads.x.shape, grads.h.shape, sorted(grads.params)
    ((4, 1, 2), (5, 1, 3), ['W_hh', 'W_xh', 'b_h'])
    """

    params: dict
    x: np.ndarray
    h0: np.ndarray = None
    h: np.ndarray = None
    c0: np.ndarray = None
    c: np.ndarray = None
    layers: list = field(default=None)

    def __repr__(self):
        return f"Grads(params: {', '.join(self.params)})"


class Layer:
    """Holds `params` and sees to it that backward meets the parameters that forward used."""

    takes = frozenset()  # which of h0, lengths, rng and so on `forward` takes besides x

    def __init__(self, input_size, output_size, dtype):
        self.input_size, self.output_size, self.dtype = input_size, output_size, dtype
        self.params = {}

    def _set_params(self, **values):
        self.params.update({name: np.array(value, self.dtype, order="C") for name, value in values.items()})
        self._shapes = {name: array.shape for name, array in self.params.items()}

    def _copy_params(self):
        """Check the parameters and copy them for the trace."""
        return {name: array.copy() for name, array in self._checked_params().items()}

    def _checked_params(self):
        if set(self.params) != set(self._shapes):
            raise ValueError(f"params has the names {sorted(self.params)}; expected {sorted(self._shapes)}")
        for name, expected in self._shapes.items():
            label, array = f'params["{name}"]', self.params[name]
            if not isinstance(array, np.ndarray) or array.dtype != self.dtype:
                raise TypeError(f"{label} is {_validate.describe(array)}; expected an array of {self.dtype}: "
                                f"write into it, {label}[...] = values")  # fmt: skip
            _validate.finite(_validate.shape(array, label, expected), label)
        return self.params

    def _check_trace(self, trace):
        """Refuse a trace of another layer, or one whose parameters have changed since."""
        self._check_owner(trace)
        for name, array in self._checked_params().items():
            if not np.array_equal(array, trace.params[name]):
                raise ValueError(f'params["{name}"] has changed since this trace was made; expected the parameters '
                                 "that forward used: call forward again before backward")  # fmt: skip

    def _check_owner(self, trace):
        if getattr(trace, "owner", None) is not self:
            raise ValueError(
                f"trace is {_describe_trace(trace)}; expected a trace that this layer's forward made"
            )


def _describe_trace(trace):
    owner = getattr(trace, "owner", None)
    return _validate.describe(trace) if owner is None else f"the trace of another layer, {owner!r}"


class Cell(Layer):
    """A recurrent layer: reads x (T, B, D), starts from h_0 and may end each sequence at its own length."""

    takes = frozenset({"h0", "lengths"})

    def __init__(self, input_size, hidden_size, dtype, learn_h0):
        self.hidden_size = _validate.count(hidden_size, "hidden_size")
        self.learn_h0 = _validate.flag(learn_h0, "learn_h0")
        super().__init__(
            _validate.count(input_size, "input_size"), self.hidden_size, _validate.float_type(dtype)
        )

    # ---- on the way in

    def _read_x(self, x, lengths):
        """Copy x (so that the caller may reuse the buffer) with what lies beyond each end zeroed, unread."""
        trusted = isinstance(x, _validate.Made)
        x = np.array(_validate.floats(x, "x", self.dtype, f"real numbers of shape (T, B, {self.input_size})"))
        _validate.shape(x, "x", ("T", "B", self.input_size), hint=_x_hint(x))
        lengths = _read_lengths(lengths, *x.shape[:2])
        ended = _ended(lengths, len(x))
        if ended is not None:
            np.copyto(x, 0.0, where=ended)
        return x if trusted else _validate.finite(x, "x"), lengths, ended

    def _read_state(self, state, name, B):
        """Return h_0 (B, H): what was passed, else what is learned, else zeros."""
        size = (B, self.hidden_size)
        if state is None:
            return np.broadcast_to(self.params[name] if self.learn_h0 else self.dtype.type(0), size)
        hint = lambda array: "drop PyTorch's axis of layers" if array.shape == (1, *size) else ""
        return _validate.read(state, name, self.dtype, size, "(B, H)", hint)

    # ---- on the way back

    def _start_delta(self, trace, dh, dh_last):
        """Return (T+1, B, H): what the loss says about each h_t directly, before any of it flows back."""
        if dh is None and dh_last is None:
            raise ValueError(
                "dh and dh_last are both None; expected the loss's gradient in at least one of them"
            )
        (T, B, H), delta = trace.h[1:].shape, np.empty_like(trace.h)
        hint = lambda dh: "dh[k] is ∂L/∂h[k+1], so h_0 has no place in it" if dh.shape == delta.shape else ""
        delta[0] = 0.0
        delta[1:] = 0.0 if dh is None else _validate.read(dh, "dh", self.dtype, (T, B, H), "(T, B, H)", hint)
        if dh_last is not None:
            self._add_last(trace, delta, dh_last, "dh_last")
        return delta

    def _add_last(self, trace, delta, value, name):
        """Add a gradient (B, H) at each sequence's own last step."""
        T, (B, H) = len(trace.x), trace.h[0].shape
        value = _validate.read(value, name, self.dtype, (B, H), "(B, H)")
        delta[T if trace.lengths is None else trace.lengths, np.arange(B)] += value

    def _start_params(self, trace, **deltas):
        """Return the gradients of learned starts: summed over the batch, 0 where a start was passed."""
        if not self.learn_h0:
            return {}
        return {
            name: np.zeros_like(delta[0]) if trace.passed[name] else delta.sum(axis=0)
            for name, delta in deltas.items()
        }


def _x_hint(x):
    forgotten = {1: "time and batch axes", 2: "batch axis"}
    if x.ndim in forgotten:
        return f"did you forget the {forgotten[x.ndim]}?"
    return "the last axis holds the input_size features of one step" if x.ndim == 3 and x.size else ""


def _read_lengths(lengths, T, B):
    if lengths is None:
        return None
    lengths = _validate.integers(lengths, "lengths", f"B = {B} whole numbers from 0 to T = {T}")
    _validate.shape(lengths, "lengths", (B,), "(B,)")
    for b in np.flatnonzero((lengths < 0) | (lengths > T)):
        raise ValueError(f"lengths[{b}] is {lengths[b]}; expected a whole number from 0 to T = {T}")
    return lengths


def _ended(lengths, T):
    """Return (T, B, 1), True where a sequence is over, or None if none ends early."""
    if lengths is None or (lengths == T).all():
        return None
    return (np.arange(T)[:, None] >= lengths)[:, :, None]


def last(h, lengths):
    """Pick each sequence's own last state from h (T+1, B, H)."""
    return h[-1].copy() if lengths is None else h[lengths, np.arange(h.shape[1])]


def first_overflow(*values):
    """Return the t of the first step where one of the values, each (T, B, ·), is not finite, or None.

    >>> first_overflow(np.array([[[0.0]], [[np.inf]]]))
    2
    """
    bad = ~np.logical_and.reduce([np.isfinite(value).all(axis=(1, 2)) for value in values])
    return int(bad.argmax()) + 1 if bad.any() else None


def cuts(window, T):
    """Return the inputs k, 2k, … across which no gradient flows back (None: nowhere; a range is taken as it is).

    >>> list(cuts(2, 5)), list(cuts(None, 5))
    ([2, 4], [])
    """
    if isinstance(window, range):
        return window
    return range(0) if window is None else range(_validate.count(window, "window"), T, window)
