"""Scaled dot-product attention (Vaswani et al. 2017, eq. 1), over the steps of another sequence."""

from dataclasses import dataclass

import numpy as np

from .. import _validate
from ..cells.base import Grads, Layer, LayerTrace, read_steps


@dataclass(repr=False, eq=False)
class AttentionTrace(LayerTrace):
    """What Attention.forward saw and made: `x`, the queries, `keys`, `values`, `weights` (T_q, B, T_k), `y`."""

    keys: np.ndarray
    values: np.ndarray
    weights: np.ndarray


class Attention(Layer):
    """y_t = Σ_s w_{t,s} v_s with w_t = softmax_s(q_t · k_s / √H): a mean of the values, weighted by likeness.

    Vaswani et al. (2017), eq. 1; without parameters. With a decoder's states as queries over an encoder's as keys and
    values, not all has to pass through one last state (Bahdanau, Cho & Bengio 2015, who score by a small network).

    >>> trace = Attention().forward(np.ones((2, 1, 3)), np.ones((5, 1, 3)))
    >>> trace.weights.shape, trace.y.shape
    ((2, 1, 5), (2, 1, 3))
    """

    takes = frozenset({"lengths"})

    def __init__(self, *, dtype=np.float64):
        super().__init__(None, None, _validate.float_type(dtype))

    def __repr__(self):
        return "Attention()"

    def forward(self, queries, keys, values=None, *, lengths=None):
        """Attend with queries (T_q, B, H) over keys (T_k, B, H) and values (T_k, B, O), the keys if not given.

        lengths (B,), at least 1, are those of the keys: what lies beyond is never read and has the weight 0.
        ValueError for shapes that do not meet. What overflowed inside a net passes: the loss names its step.

        >>> keys = np.array([[[4.0]], [[0.0]], [[9.0]]])
        >>> Attention().forward([[[1.0]]], keys, lengths=[2]).weights.round(2)
        array([[[0.98, 0.02, 0.  ]]])
        """
        keys, lengths, ended = read_steps(keys, "keys", self.dtype, ("T_k", "B", "H"), lengths, least=1)
        T_k, B, H = keys.shape
        queries, _, _ = read_steps(queries, "queries", self.dtype, ("T_q", B, H))
        if values is not None:
            values, _, _ = read_steps(values, "values", self.dtype, (T_k, B, "O"), lengths)
        values = keys if values is None else values
        # to (B, T, ·), so that each sequence is one matrix product
        q, k, v = (array.swapaxes(0, 1) for array in (queries, keys, values))
        with np.errstate(all="ignore"):
            w = q @ k.swapaxes(1, 2)  # (B, T_q, T_k)
            w /= H**0.5
            if ended is not None:
                np.copyto(w, -np.inf, where=ended.T.swapaxes(0, 1))
            np.exp(w - w.max(axis=-1, keepdims=True), out=w)
            w /= w.sum(axis=-1, keepdims=True)
            y = w @ v
        return AttentionTrace(queries, y.swapaxes(0, 1), {}, self, keys, values, w.swapaxes(0, 1))

    def backward(self, trace, dy):
        """Return the Grads for dy (T_q, B, O): `x` of the queries, `keys` and `values`.

        Where the keys were the values too, `keys` holds the sum and `values` is None.

        >>> layer = Attention()
        >>> layer.backward(layer.forward(np.ones((2, 1, 3)), np.ones((5, 1, 3))), np.ones((2, 1, 3))).keys.shape
        (5, 1, 3)
        """
        self._check_trace(trace)
        dy = _validate.read(dy, "dy", self.dtype, trace.y.shape, "(T_q, B, O)")
        arrays = (dy, trace.weights, trace.x, trace.keys, trace.values)
        dy, w, q, k, v = (array.swapaxes(0, 1) for array in arrays)
        with np.errstate(all="ignore"):
            dw = dy @ v.swapaxes(1, 2)
            dscores = w * (dw - (w * dw).sum(axis=-1, keepdims=True))  # through the softmax
            dscores /= q.shape[2] ** 0.5
            parts = dscores @ k, dscores.swapaxes(1, 2) @ q, w.swapaxes(1, 2) @ dy
        dqueries, dkeys, dvalues = (array.swapaxes(0, 1) for array in parts)
        if trace.values is trace.keys:
            return Grads({}, dqueries, keys=dkeys + dvalues)
        return Grads({}, dqueries, keys=dkeys, values=dvalues)
