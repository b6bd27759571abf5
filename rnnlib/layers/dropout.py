"""Dropout: switch entries off by chance while training (Srivastava et al. 2014)."""

from dataclasses import dataclass

import numpy as np

from .. import _validate
from ..cells.base import Grads, Layer, LayerTrace, read_steps


@dataclass(repr=False, eq=False)
class DropoutTrace(LayerTrace):
    """What Dropout.forward saw and made; `mask`, in x's shape, 0 or 1/(1 − p) an entry, or None if it did not act."""

    mask: np.ndarray


class Dropout(Layer):
    """Sets each entry to 0 with probability p and divides the rest by 1 − p, so that the expectation stays.

    It acts only when forward is given `rng`: in training, not in use (Srivastava et al. 2014). Between the layers of a
    stack it leaves the path from state to state alone, as Zaremba, Sutskever & Vinyals (2014) place it. ValueError
    unless 0 ≤ p < 1.

    >>> Dropout(0.5).forward([[1.0, 2.0]]).y
    array([[1., 2.]])
    """

    takes = frozenset({"lengths", "rng"})

    def __init__(self, p):
        super().__init__(None, None, None)  # any size and float type
        self.p = _validate.number(p, "p", high=1.0)

    def __repr__(self):
        return f"Dropout({self.p:g})"

    def forward(self, x, *, lengths=None, rng=None):
        """Read x (T, B, D) or (B, D), unread beyond lengths (B,), and return the trace; without rng, y is x.

        `rng` is a Generator or an int seed. ValueError or TypeError for what is not finite numbers.

        >>> trace = Dropout(0.5).forward(np.ones((2, 3)), rng=0)
        >>> sorted(set(trace.y.ravel().tolist()))
        [0.0, 2.0]
        """
        array = _validate.real_array(x, "x")
        dtype = array.dtype if array.dtype in _validate.FLOATS else np.dtype(np.float64)
        x, _, _ = read_steps(x, "x", dtype, ("B", "D") if array.ndim == 2 else ("T", "B", "D"), lengths)
        if rng is None:
            return DropoutTrace(x, x, {}, self, None)
        kept = _validate.generator(rng).random(x.shape) >= self.p
        mask = (kept / (1.0 - self.p)).astype(dtype)
        return DropoutTrace(x, x * mask, {}, self, mask)

    def backward(self, trace, dy):
        """Return the Grads for dy, in the shape of trace.y: through the same mask.

        >>> layer = Dropout(0.5)
        >>> trace = layer.forward(np.ones((2, 3)), rng=0)
        >>> bool((layer.backward(trace, np.ones((2, 3))).x == trace.mask).all())
        True
        """
        self._check_trace(trace)
        dy = _validate.read(dy, "dy", trace.y.dtype, trace.y.shape)
        return Grads({}, dy.copy() if trace.mask is None else dy * trace.mask)
