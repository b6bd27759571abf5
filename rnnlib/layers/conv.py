"""Convolution over time: a small window, moved along the sequence (Waibel et al. 1989)."""

from dataclasses import dataclass

import numpy as np

from .. import _validate
from .._validate import need
from ..cells.base import Grads, Layer, LayerTrace, ended_steps, read_steps

PADDING = ("same", "causal", "valid")


@dataclass(repr=False, eq=False)
class Conv1DTrace(LayerTrace):
    """What Conv1D.forward saw and made: `x` (T, B, D), `y` (T′, B, O), and `lengths` (B,), those of y, or None."""

    padded: np.ndarray  # x with zeros before and after it
    lengths: np.ndarray
    ended: tuple  # where x and y are over


class Conv1D(Layer):
    """y_s = b_c + Σ_k x_{s·stride+k−before} W_c[k]: the same weights at every place, zeros beyond both ends.

    `padding` sets what lies before: "same" centres the window, "causal" lets it end at the step itself, so that it
    reads no future, "valid" takes whole windows only. `params`: W_c (width, D, O), from U(±1/√(width·D)) as PyTorch's
    nn.Conv1d, and b_c (O,), zeros (Waibel et al. 1989). ValueError for sizes below 1 and unknown words.

    >>> {name: array.shape for name, array in Conv1D(2, 4, 3, rng=0).params.items()}
    {'W_c': (3, 2, 4), 'b_c': (4,)}
    """

    takes = frozenset({"lengths"})

    def __init__(self, input_size, output_size, width, *, stride=1, padding="same", rng=None,
                 dtype=np.float64):  # fmt: skip
        D, O = _validate.count(input_size, "input_size"), _validate.count(output_size, "output_size")
        super().__init__(D, O, _validate.float_type(dtype))
        self.width, self.stride = _validate.count(width, "width"), _validate.count(stride, "stride")
        self.padding = _validate.choice(padding, "padding", PADDING)
        bound = 1 / np.sqrt(self.width * D)
        W_c = _validate.generator(rng).uniform(-bound, bound, (self.width, D, O))
        self._set_params(W_c=W_c, b_c=np.zeros(O))

    def __repr__(self):
        return f"Conv1D({self.input_size}, {self.output_size}, {self.width}, padding={self.padding!r})"

    def _steps(self, T):
        """How many outputs T inputs have; T may be an array."""
        places = np.maximum(T - self.width + 1, 0) if self.padding == "valid" else T
        return -(-places // self.stride)

    def _around(self):
        """How many zeros stand before x, and how many after it."""
        before = {"same": (self.width - 1) // 2, "causal": self.width - 1, "valid": 0}[self.padding]
        return before, 0 if self.padding == "valid" else self.width - 1 - before

    def forward(self, x, *, lengths=None):
        """Read x (T, B, D), unread beyond lengths (B,), and return the trace with y (T′, B, O) and its lengths.

        T′ = ⌈T / stride⌉, or ⌈(T − width + 1) / stride⌉ if "valid", and lengths alike; beyond them y is 0. ValueError
        where not one window fits.

        >>> Conv1D(2, 4, 3, stride=2, rng=0).forward(np.ones((7, 1, 2))).y.shape
        (4, 1, 4)
        """
        params = self._copy_params()
        x, lengths, ended = read_steps(x, "x", self.dtype, ("T", "B", self.input_size), lengths)
        steps = int(self._steps(len(x)))
        need(steps >= 1, f"x has {len(x)} steps; expected at least width = {self.width} with padding 'valid'")
        padded = np.pad(x, (self._around(), (0, 0), (0, 0)))
        lengths = None if lengths is None else self._steps(lengths)
        ended = ended, ended_steps(lengths, steps)
        with np.errstate(all="ignore"):
            y = params["b_c"] + sum(self._seen(padded, k, steps) @ W for k, W in enumerate(params["W_c"]))
        return Conv1DTrace(x, _without(y, ended[1]), params, self, padded, lengths, ended)

    def _seen(self, padded, k, steps):
        """What place k of the window sees, for each output: a view, (T′, B, D)."""
        return padded[k :: self.stride][:steps]

    def backward(self, trace, dy):
        """Return the Grads for dy (T′, B, O): each input collects from every window that saw it.

        >>> layer = Conv1D(2, 4, 3, rng=0)
        >>> layer.backward(layer.forward(np.ones((7, 1, 2))), np.ones((7, 1, 4))).x.shape
        (7, 1, 2)
        """
        self._check_trace(trace)
        dy = _validate.read(dy, "dy", self.dtype, trace.y.shape, "(T′, B, O)")
        dy, steps, dpadded = _without(dy, trace.ended[1]), len(dy), np.zeros_like(trace.padded)
        dW_c = np.empty_like(trace.params["W_c"])
        with np.errstate(all="ignore"):
            for k, W in enumerate(trace.params["W_c"]):
                dW_c[k] = np.tensordot(self._seen(trace.padded, k, steps), dy, ((0, 1), (0, 1)))
                self._seen(dpadded, k, steps)[...] += dy @ W.T
        first = self._around()[0]
        dx = _without(dpadded[first : first + len(trace.x)], trace.ended[0])
        return Grads({"W_c": dW_c, "b_c": dy.sum(axis=(0, 1))}, dx)


def _without(array, ended):
    """Return a copy that is 0 where a sequence has ended."""
    return array.copy() if ended is None else np.where(ended, array.dtype.type(0), array)
