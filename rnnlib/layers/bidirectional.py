"""Two cells on one sequence, one from its beginning and one from its end (Schuster & Paliwal 1997)."""

from dataclasses import dataclass

import numpy as np

from .. import _validate
from .._validate import need
from ..cells.base import Cell, read_steps
from .composite import Composite, layer_of


@dataclass(repr=False, eq=False)
class BidirectionalTrace:
    """Both cells' traces: `fwd`, and `bwd`, that of the reversed sequences; `lengths` (B,) or None; `owner`."""

    fwd: object
    bwd: object
    turned: np.ndarray  # (T, B), the step that stands at t when each sequence is reversed on its own
    lengths: np.ndarray
    owner: object

    @property
    def overflow(self):
        """The first step of either cell's own reading that is not finite, or None."""
        return min((t for t in (self.fwd.overflow, self.bwd.overflow) if t is not None), default=None)

    @property
    def y(self):
        """The output, (T, B, 2H): at each step the forward state, then the backward state of the same step."""
        return np.concatenate([self.fwd.y, turn(self.bwd.y, self.turned)], axis=-1)

    @property
    def h_last(self):
        """Both cells' last states side by side, (B, 2H)."""
        return np.concatenate([self.fwd.h_last, self.bwd.h_last], axis=-1)

    @property
    def c_last(self):
        """Both cells' last cell states side by side, (B, 2H)."""
        return np.concatenate([self.fwd.c_last, self.bwd.c_last], axis=-1)


def reversed_steps(lengths, T, B):
    """Return (T, B): which step stands at t when each sequence is reversed within its own length.

    >>> reversed_steps([3, 2], 3, 2).T.tolist()
    [[2, 1, 0], [1, 0, 2]]
    """
    steps, ends = np.arange(T)[:, None], np.array([T] * B if lengths is None else lengths)
    return np.where(steps < ends, ends - 1 - steps, steps)


def turn(array, turned):
    """Reorder the steps of each sequence; the same again brings them back.

    >>> turn(np.arange(3.0)[:, None, None], reversed_steps(None, 3, 1)).ravel().tolist()
    [2.0, 1.0, 0.0]
    """
    return array[turned, np.arange(array.shape[1])]


class Bidirectional(Composite):
    """Two cells, one per direction; made by `bidirectional`, which documents it.

    >>> import rnnlib
    >>> rnnlib.bidirectional(rnnlib.RNN(2, 3, rng=0), rnnlib.RNN(2, 3, rng=1)).output_size
    6
    """

    def __init__(self, fwd, bwd):
        for name, cell in (("fwd", fwd), ("bwd", bwd)):
            layer_of(cell, name, Cell, "a cell: RNN, LSTM or GRU")
        need(fwd is not bwd, "bwd is the same cell as fwd; expected another one, with weights of its own")
        one, other = ((cell.input_size, cell.dtype, cell.takes) for cell in (fwd, bwd))
        need(one == other, f"bwd, {bwd!r}, does not go with fwd, {fwd!r}; expected the same input size, dtype and kind "
             "of state")  # fmt: skip
        size = fwd.hidden_size + bwd.hidden_size
        super().__init__({"fwd": fwd, "bwd": bwd}, fwd.input_size, size, fwd.dtype)
        self.fwd, self.bwd, self.takes = fwd, bwd, fwd.takes

    def __repr__(self):
        return f"bidirectional({self.fwd!r}, {self.bwd!r})"

    def _halves(self, size, symbols, **arrays):
        """Cut the arrays that are given in two along their last axis: a dict for each cell."""
        fwd, bwd, H = {}, {}, self.fwd.hidden_size
        for name, array in arrays.items():
            if array is not None:
                array = _validate.read(array, name, self.dtype, (*size, self.output_size), symbols)
                fwd[name], bwd[name] = _validate.made(array[..., :H]), _validate.made(array[..., H:])
        return fwd, bwd

    def forward(self, x, h0=None, c0=None, *, lengths=None):
        """Read x (T, B, D) both ways and return the trace; h0 and, for LSTMs, c0 (B, 2H), the forward half first.

        Each sequence is reversed within its own length, lengths (B,). ValueError or TypeError for what does not fit.

        >>> import numpy as np, rnnlib
        >>> both = rnnlib.bidirectional(rnnlib.RNN(2, 3, rng=0), rnnlib.RNN(2, 3, rng=1))
        >>> both.forward(np.ones((4, 5, 2)), lengths=[4, 3, 2, 1, 0]).y.shape
        (4, 5, 6)
        """
        self._check_params()
        x, lengths, _ = read_steps(x, "x", self.dtype, ("T", "B", self.input_size), lengths)
        x, turned = _validate.made(x), reversed_steps(lengths, *x.shape[:2])
        fwd, bwd = self._halves(x.shape[1:2], "(B, 2H)", h0=h0, c0=c0)
        fwd = self.fwd.forward(x, **fwd, lengths=lengths)
        bwd = self.bwd.forward(turn(x, turned), **bwd, lengths=lengths)
        return BidirectionalTrace(fwd, bwd, turned, lengths, self)

    def backward(self, trace, dy=None, *, dh_last=None, dc_last=None, window=None):
        """Return the Grads for dy (T, B, 2H), dh_last and dc_last (B, 2H), at least one of them.

        `x` is the sum over both directions, `h0` (B, 2H) and `c0` hold both halves, `layers` both cells' own Grads.
        ValueError for a window: the backward cell begins at the end, so the sequence must be there whole.

        >>> import numpy as np, rnnlib
        >>> both = rnnlib.bidirectional(rnnlib.RNN(2, 3, rng=0), rnnlib.RNN(2, 3, rng=1))
        >>> grads = both.backward(both.forward(np.ones((4, 5, 2))), np.ones((4, 5, 6)))
        >>> grads.params["bwd.W_hh"].shape, grads.h0.shape
        ((3, 3), (5, 6))
        """
        self._check_backward(trace, dy=dy, dh_last=dh_last, dc_last=dc_last)
        need(window is None, f"window is {window}; expected None: the backward cell needs the whole sequence")
        dy = np.zeros_like(trace.y) if dy is None else dy
        fwd, bwd = self._halves(trace.turned.shape, "(T, B, 2H)", dy=dy)
        lasts = self._halves(trace.turned.shape[1:], "(B, 2H)", dh_last=dh_last, dc_last=dc_last)
        fwd = self.fwd.backward(trace.fwd, fwd["dy"], **lasts[0])
        bwd = self.bwd.backward(trace.bwd, turn(bwd["dy"], trace.turned), **lasts[1])
        states = [name for name in ("h0", "c0") if name in self.takes]
        starts = {name: np.concatenate([getattr(fwd, name), getattr(bwd, name)], axis=-1) for name in states}
        with np.errstate(all="ignore"):
            dx = fwd.x + turn(bwd.x, trace.turned)
        return self._collect({"fwd": fwd, "bwd": bwd}, dx, **starts)


def bidirectional(fwd, bwd):
    """Read each sequence with one cell from its beginning and with another from its end.

    `trace.y` is (T, B, 2H), the forward half first; `params` has the keys "fwd.W_hh" and "bwd.W_hh" (Schuster &
    Paliwal 1997). The output at t depends on the whole sequence, so it cannot forecast. ValueError for cells that do
    not go together; TypeError for what is not a cell.

    >>> import numpy as np, rnnlib
    >>> both = rnnlib.bidirectional(rnnlib.GRU(2, 3, rng=0), rnnlib.GRU(2, 3, rng=1))
    >>> both.forward(np.ones((4, 5, 2))).y.shape
    (4, 5, 6)
    """
    return Bidirectional(fwd, bwd)
