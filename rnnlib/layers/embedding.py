"""The embedding: a row of a matrix for each symbol, looked up (Bengio et al. 2003)."""

from dataclasses import dataclass

import numpy as np

from .. import _validate
from ..cells.base import Grads, Layer, LayerTrace, ended_steps, read_lengths


@dataclass(repr=False, eq=False)
class EmbeddingTrace(LayerTrace):
    """What Embedding.forward saw and made: `x` (T, B), `y` (T, B, D); `real` (T, B), True within the lengths."""

    real: np.ndarray


class Embedding(Layer):
    """Turns symbols 0 … V − 1 into vectors: y_t is row x_t of W_e, as the product of a one-hot row with W_e is.

    `params`: W_e (V, D), drawn from N(0, 1) as PyTorch's nn.Embedding (Bengio et al. 2003). `rng` a Generator, an int
    seed or None. ValueError for sizes below 1. It stands first in a stack: symbols have no gradient.

    >>> Embedding(5, 3, rng=0).params["W_e"].shape
    (5, 3)
    """

    takes = frozenset({"lengths"})

    def __init__(self, num_embeddings, embedding_size, *, rng=None, dtype=np.float64):
        V = _validate.count(num_embeddings, "num_embeddings")
        D = _validate.count(embedding_size, "embedding_size")
        super().__init__(V, D, _validate.float_type(dtype))
        self._set_params(W_e=_validate.generator(rng).normal(size=(V, D)))

    def __repr__(self):
        return f"Embedding({self.input_size}, {self.output_size})"

    def forward(self, x, *, lengths=None):
        """Look up x, whole numbers (T, B) from 0 to V − 1, and return the trace with y (T, B, D).

        Beyond lengths (B,) x is not read, and y is 0. TypeError for floats, ValueError for what is no symbol.

        >>> Embedding(5, 3, rng=0).forward([[1, 4]]).y.shape
        (1, 2, 3)
        """
        params, V = self._copy_params(), self.input_size
        x = _validate.integers(x, "x", f"symbols (T, B), whole numbers from 0 to {V - 1}")
        _validate.shape(x, "x", ("T", "B"), hint="pass symbols, not one-hot rows" if x.ndim == 3 else "")
        ended = ended_steps(read_lengths(lengths, *x.shape), len(x))
        real = np.ones(x.shape, bool) if ended is None else ~ended[:, :, 0]
        x[~real] = 0
        for t, b in np.argwhere((x < 0) | (x >= V))[:1]:
            raise ValueError(f"x[{t}, {b}] is {x[t, b]}; expected a symbol, a whole number from 0 to {V - 1}")
        return EmbeddingTrace(x, params["W_e"][x] * real[:, :, None], params, self, real)

    def backward(self, trace, dy):
        """Return the Grads for dy (T, B, D): a row's gradient is the sum over all places where it was looked up.

        >>> layer = Embedding(3, 2, rng=0)
        >>> layer.backward(layer.forward([[1], [1]]), np.ones((2, 1, 2))).params["W_e"]
        array([[0., 0.],
               [2., 2.],
               [0., 0.]])
        """
        self._check_trace(trace)
        dy = _validate.read(dy, "dy", self.dtype, trace.y.shape, "(T, B, D)")
        dW_e = np.zeros_like(trace.params["W_e"])
        np.add.at(dW_e, trace.x[trace.real], dy[trace.real])
        return Grads({"W_e": dW_e}, None)
