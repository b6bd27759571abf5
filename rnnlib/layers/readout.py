"""The readout: from states to logits or predictions, the same at every step."""

import numpy as np

from .. import _validate
from ..cells.base import Grads, Layer, LayerTrace


class Readout(Layer):
    """The affine map o_t = h_t W_hy + b_y, applied to every step alike.

    `params`: W_hy (H, O), drawn from U(−1/√H, 1/√H) as PyTorch's nn.Linear, and b_y (O,), zeros. `rng` is a
    Generator, an int seed or None. Sizes below 1 raise ValueError.

    >>> readout = Readout(3, 2, rng=0)
    >>> {name: array.shape for name, array in readout.params.items()}
    {'W_hy': (3, 2), 'b_y': (2,)}
    """

    def __init__(self, hidden_size, output_size, *, rng=None, dtype=np.float64):
        H, O = _validate.count(hidden_size, "hidden_size"), _validate.count(output_size, "output_size")
        super().__init__(H, O, _validate.float_type(dtype))
        self.hidden_size = H
        W_hy = _validate.generator(rng).uniform(-1, 1, (H, O)) / np.sqrt(H)
        self._set_params(W_hy=W_hy, b_y=np.zeros(O))

    def __repr__(self):
        return f"Readout({self.hidden_size}, {self.output_size})"

    def forward(self, x):
        """Map x, states (T, B, H) or one state (B, H), to trace.y, (T, B, O) or (B, O).

        ValueError for other shapes. States that overflowed pass through; the loss names their step.

        >>> Readout(3, 2, rng=0).forward([[1.0, 0.0, 0.0]]).y.shape
        (1, 2)
        """
        params = self._copy_params()
        H = self.hidden_size
        x = np.array(_validate.floats(x, "x", self.dtype, f"real numbers of shape (T, B, {H})"))
        axes = ("B",) if x.ndim == 2 else ("T", "B")
        _validate.shape(x, "x", (*axes, H))  # overflowed states pass: the loss names their step
        with np.errstate(all="ignore"):
            y = x.reshape(-1, H) @ params["W_hy"]  # all steps in one product
            y += params["b_y"]
        return LayerTrace(x, y.reshape(*x.shape[:-1], self.output_size), params, self)

    def backward(self, trace, dy):
        """Return the Grads for dy, ∂L/∂ of trace.y, in its shape.

        ValueError if the shapes differ, the trace is another layer's or the parameters have changed since.

        >>> readout = Readout(3, 2, rng=0)
        >>> readout.backward(readout.forward([[1.0, 0.0, 0.0]]), [[1.0, 0.0]]).x.shape
        (1, 3)
        """
        self._check_trace(trace)
        symbols = "(B, O)" if trace.y.ndim == 2 else "(T, B, O)"
        dy = _validate.read(dy, "dy", self.dtype, trace.y.shape, symbols)
        x, do = trace.x.reshape(-1, self.hidden_size), dy.reshape(-1, self.output_size)
        with np.errstate(all="ignore"):
            params = {"W_hy": x.T @ do, "b_y": do.sum(axis=0)}
            return Grads(params, (do @ trace.params["W_hy"].T).reshape(trace.x.shape))
