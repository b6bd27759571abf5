"""The other meaning of truncation: every loss reaches back the same number of steps (Williams & Peng 1990)."""

import numpy as np

from .. import _validate
from .base import Cell, Grads


def truncated(cell, trace, dh, *, reach):
    """Return the Grads in which the loss of each step reaches back `reach` inputs and no further.

    cell: an RNN, LSTM or GRU; trace: what its forward made; dh (T, B, H), dh[k] the immediate ∂L/∂h[k+1]. reach=1 is
    the loss's own step alone; reach ≥ T the whole gradient. Unlike backward(…, window=k), which cuts at fixed inputs,
    this costs about `reach` backward passes, T · reach steps (the first of the two algorithms of Williams & Peng 1990).
    grads.h[t] sums what reaches h_t; grads.h0 only what reaches back that far. ValueError
    for a reach below 1 or a trace of another cell, TypeError for what is no cell.

    >>> import numpy as np, rnnlib
    >>> cell = rnnlib.RNN(1, 2, rng=0)
    >>> trace, dh = cell.forward(np.ones((6, 1, 1))), np.ones((6, 1, 2))
    >>> whole = cell.backward(trace, dh)
    >>> bool(np.allclose(truncated(cell, trace, dh, reach=6).params["W_hh"], whole.params["W_hh"]))
    True
    """
    _validate.need_kind(isinstance(cell, Cell), "cell", cell, "a cell: RNN, LSTM or GRU")
    cell._check_owner(trace)
    reach, T = _validate.count(reach, "reach"), len(trace.x)
    dh = _validate.read(dh, "dh", cell.dtype, trace.y.shape, "(T, B, H)")
    total = None
    for first in range(min(reach, T)):
        some = np.zeros_like(dh)  # losses `reach` steps apart share one walk, cut right before each's last
        some[first::reach] = dh[first::reach]
        grads = cell.backward(trace, some, window=range(first + 1, T, reach))
        total = grads if total is None else _sum(total, grads)
    return total


def _sum(one, other):
    params = {name: array + other.params[name] for name, array in one.params.items()}
    rest = [name for name in ("x", "h0", "h", "c0", "c") if getattr(one, name) is not None]
    return Grads(params, **{name: getattr(one, name) + getattr(other, name) for name in rest})
