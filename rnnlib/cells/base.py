"""What all layers share: parameters and their guard; and what all cells share: the state's beginning and end."""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from .. import _validate
from .._validate import need, need_kind


@dataclass(repr=False, eq=False)
class Grads:
    """What a backward pass returns: ∂L/∂ of everything that went in, in the shape of what went in.

    `params` has the names and shapes of the layer's own `params`; `x` (T, B, D); for cells `h0` (B, H) and
    `h` (T+1, B, H), the total ∂L/∂h_t, so that `h[0]` equals `h0` (for the LSTM `c0` and `c` alike); for a
    stack `layers`, the Grads of each layer; for attention `keys` and `values`.

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
    keys: np.ndarray = None
    values: np.ndarray = None

    def __repr__(self):
        return f"Grads(params: {', '.join(self.params)})"


def named_gradients(grads):
    """Return the parameters' gradients by name, given a Grads or that dict itself.

    >>> named_gradients(Grads({"b": 1.0}, None))
    {'b': 1.0}
    """
    named = grads.params if isinstance(grads, Grads) else grads
    need_kind(isinstance(named, dict), "grads", named, "a Grads or a dict of arrays")
    return named


@dataclass(repr=False, eq=False)
class LayerTrace:
    """What every layer's forward keeps for backward: `x`, `y`, the parameters used and the layer."""

    x: np.ndarray
    y: np.ndarray
    params: dict
    owner: object


@dataclass(repr=False, eq=False, kw_only=True)
class CellTrace:
    """What a cell's forward saw; each cell's own trace adds what it made, `a` among it; backward walks it.

    `x` (T, B, D); `h` (T+1, B, H) with h[0] = h_0; `lengths` (B,) or None; `params`, the parameters used; `owner`,
    the cell.
    """

    x: np.ndarray
    h: np.ndarray
    lengths: np.ndarray
    ended: np.ndarray  # (T, B, 1), True beyond a sequence's end; None if there is no such place
    params: dict
    owner: object
    passed: dict  # which of h0, c0 were

    @property
    def y(self):
        """The output for the next layer, h_1 … h_T: (T, B, H)."""
        return self.h[1:]

    @property
    def h_last(self):
        """Each sequence's own last state: (B, H)."""
        return last(self.h, self.lengths)

    @cached_property
    def overflow(self):
        """The first t whose pre-activation is not finite, or None; looked for when first asked."""
        return first_overflow(self.a)

    def live(self, array):
        """Return an array (T, B, ·) with 0 beyond each sequence's end."""
        return array if self.ended is None else np.where(self.ended, 0.0, array)

    def flat_inputs(self):
        """Return what the steps read, as x (T·B, D) and h_{t−1} (T·B, H): the factors of all weights' gradients."""
        return [array.reshape(-1, array.shape[-1]) for array in (self.x, self.live(self.h[:-1]))]

    def __repr__(self):
        (T, B, D), H = self.x.shape, self.h.shape[2]
        return f"{type(self).__name__}(T={T}, B={B}, D={D}, H={H})"


class Layer:
    """Holds `params` and sees to it that backward meets the parameters that forward used."""

    takes = frozenset()  # which of h0, lengths, rng and so on `forward` takes besides x

    def __init__(self, input_size, output_size, dtype):
        self.input_size, self.output_size, self.dtype = input_size, output_size, dtype
        self.params, self._shapes = {}, {}

    def _set_params(self, **values):
        self.params.update({name: np.array(value, self.dtype, order="C") for name, value in values.items()})
        self._shapes = {name: array.shape for name, array in self.params.items()}

    def _copy_params(self):
        """Check the parameters and copy them for the trace."""
        return {name: array.copy() for name, array in self._checked_params().items()}

    def _checked_params(self):
        names, expected = sorted(self.params), sorted(self._shapes)
        need(names == expected, f"params has the names {names}; expected {expected}")
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
            need(np.array_equal(array, trace.params[name]), f'params["{name}"] has changed since this trace was made; '
                 "expected the parameters that forward used: call forward again before backward")  # fmt: skip

    def _check_owner(self, trace):
        owner = getattr(trace, "owner", None)
        if owner is not self:
            got = _validate.describe(trace) if owner is None else f"the trace of another layer, {owner!r}"
            raise ValueError(f"trace is {got}; expected a trace that this layer's forward made")


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

    def _forward(self, kind, x, lengths, **starts):
        """Check what came in, begin a trace of the given kind and let the cell's own `_run` fill it."""
        params, passed = self._copy_params(), {name: start is not None for name, start in starts.items()}
        x, lengths, ended = read_steps(x, "x", self.dtype, ("T", "B", self.input_size), lengths)
        (T, B, _), states = x.shape, {}
        for name, start in starts.items():  # h0 begins h, c0 begins c
            states[name[0]] = np.empty((T + 1, B, self.hidden_size), self.dtype)
            states[name[0]][0] = self._read_state(start, name, B)
        trace = kind(x=x, lengths=lengths, ended=ended, params=params, owner=self, passed=passed, **states)
        with np.errstate(all="ignore"):
            self._run(trace)
        return trace

    def _read_state(self, state, name, B):
        """Return h_0 (B, H): what was passed, else what is learned, else zeros."""
        size = (B, self.hidden_size)
        if state is None:
            return np.broadcast_to(self.params[name] if self.learn_h0 else self.dtype.type(0), size)
        hint = lambda array: "drop PyTorch's axis of layers" if array.shape == (1, *size) else ""
        return _validate.read(state, name, self.dtype, size, "(B, H)", hint)

    # ---- on the way back

    def _backward(self, trace, dh, window, **lasts):
        """Check what came in, let the cell's own `_walk_back` and `_collect` do their work, and return the Grads."""
        self._check_trace(trace)
        deltas, cut = self._start_deltas(trace, dh, **lasts), cuts(window, len(trace.x))
        with np.errstate(all="ignore"):
            da = self._walk_back(trace, cut, *deltas.values())
            params, dx = self._collect(trace, da)
            starts = {f"{name}0": delta[0].copy() for name, delta in deltas.items()}
        if self.learn_h0:  # one for the whole batch, unless one was passed
            for name, start in starts.items():
                params[name] = np.zeros_like(start[0]) if trace.passed[name] else start.sum(axis=0)
        return Grads(params, dx, **starts, **deltas)

    def _start_deltas(self, trace, dh, **lasts):
        """Return (T+1, B, H) for each state: what the loss says about it directly, before any of it flows back."""
        if dh is None and all(value is None for value in lasts.values()):
            names, those = ", ".join(["dh", *lasts][:-1]), "both" if len(lasts) == 1 else "all"
            raise ValueError(f"{names} and {[*lasts][-1]} are {those} None; expected the loss's gradient in at "
                             "least one of them")  # fmt: skip
        T, B, H = trace.y.shape
        deltas = {name[1]: np.zeros_like(trace.h) for name in lasts}  # dc_last belongs to c
        if dh is not None:
            hint = lambda dh: "dh[k] is ∂L/∂h[k+1]: none for h_0" if dh.shape == trace.h.shape else ""
            deltas["h"][1:] = _validate.read(dh, "dh", self.dtype, (T, B, H), "(T, B, H)", hint)
        for name, value in lasts.items():
            if value is not None:  # it belongs to each sequence's own last step
                value = _validate.read(value, name, self.dtype, (B, H), "(B, H)")
                deltas[name[1]][T if trace.lengths is None else trace.lengths, np.arange(B)] += value
        return deltas


def _x_hint(x, size):
    forgotten = {1: "time and batch axes", 2: "batch axis"}
    if x.ndim in forgotten and len(size) == 3:
        return f"did you forget the {forgotten[x.ndim]}?"
    features = x.ndim == 3 and x.size and size[:2] == ("T", "B")
    return "the last axis holds the input_size features of one step" if features else ""


def read_steps(x, name, dtype, size, lengths=None, least=0):
    """Copy x (so that the caller may reuse the buffer) with what lies beyond each end zeroed, unread.

    Returns x, the lengths, and where they have ended.

    >>> read_steps([[[1, 2]], [[3, np.nan]]], "x", float, ("T", "B", 2), lengths=[1])[0].tolist()
    [[[1.0, 2.0]], [[0.0, 0.0]]]
    """
    trusted = isinstance(x, _validate.Made)
    wanted = f"real numbers of shape ({', '.join(map(str, size))})"
    x = np.array(_validate.floats(x, name, dtype, wanted))
    _validate.shape(x, name, size, hint=_x_hint(x, size))
    lengths = read_lengths(lengths, *x.shape[:2], least)
    ended = ended_steps(lengths, len(x))
    if ended is not None:
        np.copyto(x, 0.0, where=ended)
    return x if trusted else _validate.finite(x, name), lengths, ended


def read_lengths(lengths, T, B, least=0):
    """Check lengths, B whole numbers from `least` to T, or None.

    >>> read_lengths([3, 1], 3, 2)
    array([3, 1])
    """
    if lengths is None:
        return None
    lengths = _validate.integers(lengths, "lengths", f"B = {B} whole numbers from {least} to T = {T}")
    _validate.shape(lengths, "lengths", (B,), "(B,)")
    for b in np.flatnonzero((lengths < least) | (lengths > T)):
        raise ValueError(f"lengths[{b}] is {lengths[b]}; expected a whole number from {least} to T = {T}")
    return lengths


def ended_steps(lengths, T):
    """Return (T, B, 1), True where a sequence is over, or None if none ends early.

    >>> ended_steps(np.array([2, 1]), 2)[:, :, 0].tolist()
    [[False, False], [False, True]]
    """
    if lengths is None or (lengths == T).all():
        return None
    return (np.arange(T)[:, None] >= lengths)[:, :, None]


def last(h, lengths):
    """Pick each sequence's own last state from h (T+1, B, H)."""
    return h[-1].copy() if lengths is None else h[lengths, np.arange(h.shape[1])]


def first_overflow(a):
    """Return the t of the first step where a (T, B, ·) is not finite, or None.

    >>> first_overflow(np.array([[[0.0]], [[np.inf]]]))
    2
    """
    bad = ~np.isfinite(a).all(axis=(1, 2))
    return int(bad.argmax()) + 1 if bad.any() else None


def cuts(window, T):
    """Return the inputs k, 2k, … across which no gradient flows back (None: nowhere; a range is taken as it is).

    >>> list(cuts(2, 5)), list(cuts(None, 5))
    ([2, 4], [])
    """
    if isinstance(window, range):
        return window
    return range(0) if window is None else range(_validate.count(window, "window"), T, window)
