"""Layers one above the other, as one layer."""

from dataclasses import dataclass

import numpy as np

from .. import _validate
from .._validate import need, need_kind
from .composite import Composite, layer_of


@dataclass(repr=False, eq=False)
class StackTrace:
    """The traces of all layers, from the lowest up, in `layers`; `lengths` (B,) those of `y`, or None."""

    layers: list
    lengths: np.ndarray
    owner: object

    @property
    def y(self):
        """The output of the topmost layer."""
        return self.layers[-1].y

    @property
    def overflow(self):
        """The first t at which a layer's state is not finite, or None."""
        steps = [getattr(trace, "overflow", None) for trace in self.layers]
        return min((t for t in steps if t is not None), default=None)

    @property
    def h_last(self):
        """Each layer's last states (B, H), None for a layer that has no state."""
        return [getattr(trace, "h_last", None) for trace in self.layers]

    @property
    def c_last(self):
        """Each layer's last cell states (B, H), None for a layer that has none."""
        return [getattr(trace, "c_last", None) for trace in self.layers]


class Stack(Composite):
    """Layers one above the other; made by `stack`, which documents it.

    >>> import rnnlib
    >>> net = rnnlib.stack([rnnlib.RNN(2, 3, rng=0), rnnlib.Readout(3, 1, rng=1)])
    >>> len(net.layers), net.input_size, net.output_size
    (2, 2, 1)
    """

    takes = frozenset({"h0", "c0", "lengths", "rng"})

    def __init__(self, layers):
        self.layers, output_size, dtype = _read_layers(layers)
        parts = {str(i): layer for i, layer in enumerate(self.layers)}
        super().__init__(parts, self.layers[0].input_size, output_size, dtype)

    def __repr__(self):
        return f"stack([{', '.join(map(repr, self.layers))}])"

    def forward(self, x, h0=None, c0=None, *, lengths=None, rng=None):
        """Run all layers upward and return their traces, `trace.layers`, and the top one's `trace.y`.

        x (T, B, D), or symbols (T, B) for an Embedding; h0 and c0 lists with one entry per layer, None where there is
        none; lengths (B,) for every layer that takes them (a convolution hands shorter ones on); rng for layers that
        draw. ValueError where a list is of the wrong length or a layer has no state to set.

        >>> import numpy as np, rnnlib
        >>> net = rnnlib.stack([rnnlib.RNN(2, 3, rng=0), rnnlib.Readout(3, 1, rng=1)])
        >>> net.forward(np.ones((4, 5, 2))).y.shape
        (4, 5, 1)
        """
        self._check_params()
        rng = None if rng is None else _validate.generator(rng)
        traces = []
        starts = zip(self._per_layer(h0, "h0"), self._per_layer(c0, "c0"))
        for layer, (h_start, c_start) in zip(self.layers, starts):
            options = {"h0": h_start, "c0": c_start, "lengths": lengths, "rng": rng}
            options = {name: value for name, value in options.items() if name in layer.takes}
            traces.append(layer.forward(x, **options))
            x = _validate.made(traces[-1].y)
            if lengths is not None:
                lengths = getattr(traces[-1], "lengths", lengths)
        return StackTrace(traces, lengths, self)

    def backward(self, trace, dy=None, *, dh_last=None, dc_last=None, window=None):
        """Walk all layers downward and return Grads: `params` ("1.W_hh"), `x`, `layers`, `h0` and `c0` as lists.

        dy is ∂L/∂ of trace.y; dh_last and dc_last lists with one entry per layer, None where there is none; window as
        in the cells. ValueError if all three are None or the trace is another stack's.

        >>> import numpy as np, rnnlib
        >>> net = rnnlib.stack([rnnlib.RNN(2, 3, rng=0), rnnlib.Readout(3, 1, rng=1)])
        >>> grads = net.backward(net.forward(np.ones((4, 5, 2))), np.ones((4, 5, 1)))
        >>> sorted(grads.params)
        ['0.W_hh', '0.W_xh', '0.b_h', '1.W_hy', '1.b_y']
        """
        self._check_backward(trace, dy=dy, dh_last=dh_last, dc_last=dc_last)
        dy = np.zeros_like(trace.y) if dy is None else dy
        h_lasts, c_lasts = self._per_layer(dh_last, "dh_last"), self._per_layer(dc_last, "dc_last")
        grads = {}
        for i, layer in reversed([*enumerate(self.layers)]):
            options = {"dh_last": h_lasts[i], "window": window} if "h0" in layer.takes else {}
            options |= {"dc_last": c_lasts[i]} if "c0" in layer.takes else {}
            grads[str(i)] = layer.backward(trace.layers[i], dy, **options)
            dy = None if grads[str(i)].x is None else _validate.made(grads[str(i)].x)
        grads = dict(reversed(grads.items()))
        h0, c0 = ([getattr(one, name) for one in grads.values()] for name in ("h0", "c0"))
        return self._collect(grads, grads["0"].x, h0=h0, c0=c0)

    def _per_layer(self, values, name):
        """Return one value per layer: a list as it was given, or None for each."""
        n, state = len(self.layers), "cell state" if "c" in name else "state"
        values = [None] * n if values is None else values
        is_list = isinstance(values, (list, tuple))
        got = f"a list of {len(values)}" if is_list else _validate.describe(values)
        need(is_list and len(values) == n,
             f"{name} is {got}; expected a list of {n}, one entry per layer, None where there is none")  # fmt: skip
        for i, (layer, value) in enumerate(zip(self.layers, values)):
            need(value is None or ("c0" if "c" in name else "h0") in layer.takes, f"{name}[{i}] is "
                 f"{_validate.describe(value)}; expected None: {layer!r} has no {state}")  # fmt: skip
        return values


def stack(layers):
    """Put layers one above the other: each reads what the one below it puts out.

    `layers` is a list from the lowest up. The result has `layers`, `forward`, `backward` and one dict `params`
    whose keys are "1.W_hh" and whose values are the layers' own arrays. ValueError if sizes do not meet, a layer
    stands twice or float types differ; TypeError for what is not a layer.

    >>> import rnnlib
    >>> net = rnnlib.stack([rnnlib.RNN(2, 3, rng=0), rnnlib.Readout(3, 1, rng=1)])
    >>> net.params["0.W_hh"] is net.layers[0].params["W_hh"]
    True
    """
    return Stack(layers)


def _read_layers(layers):
    """Check that the layers go together; return them, the size of the output and the float type."""
    is_list = isinstance(layers, (list, tuple))
    need_kind(is_list and layers, "layers", layers, "a list of at least one layer")
    below, size, dtype = None, None, None  # Dropout takes any size and float type: None
    for i, layer in enumerate(layers):
        name = f"layers[{i}], {layer_of(layer, f'layers[{i}]')!r},"
        need(all(layer is not other for other in layers[:i]),
             f"{name} stands in the stack twice; expected different layers")  # fmt: skip
        need(size is None or layer.input_size in (size, None), f"{name} has input size {layer.input_size}; expected "
             f"{size}, the output size of {below!r}")  # fmt: skip
        need(dtype is None or layer.dtype is None or dtype == layer.dtype,
             f"{name} is {layer.dtype}; expected {dtype}, as {below!r}")  # fmt: skip
        below, size, dtype = layer, layer.output_size or size, layer.dtype or dtype
    return list(layers), size, dtype
