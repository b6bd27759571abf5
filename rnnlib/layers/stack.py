"""Layers one above the other, as one layer."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from .. import _validate
from ..cells.base import Grads, Layer


@dataclass(repr=False, eq=False)
class StackTrace:
    """The traces of all layers, from the lowest up, in `layers`."""

    layers: list
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


class Stack(Layer):
    """Layers one above the other; made by `stack`, which documents it.

    >>> import rnnlib
    >>> net = rnnlib.stack([rnnlib.RNN(2, 3, rng=0), rnnlib.Readout(3, 1, rng=1)])
    >>> len(net.layers), net.input_size, net.output_size
    (2, 2, 1)
    """

    takes = frozenset({"h0", "lengths", "rng"})

    def __init__(self, layers):
        self.layers = _read_layers(layers)
        super().__init__(self.layers[0].input_size, self.layers[-1].output_size, self.layers[0].dtype)
        self.params = dict(self._layers_params())

    def __repr__(self):
        return f"stack([{', '.join(map(repr, self.layers))}])"

    def _layers_params(self):
        for i, layer in enumerate(self.layers):
            for name, array in layer.params.items():
                yield f"{i}.{name}", array

    def _check_params(self):
        """The stack's arrays and the layers' are the same objects, or an update would reach only one of them."""
        for key, array in self._layers_params():
            if self.params.get(key) is not array:
                raise ValueError(f'params["{key}"] is no longer the array of its layer; expected one array in both '
                                 f'places: write into it, params["{key}"][...] = values')  # fmt: skip

    def forward(self, x, h0=None, *, lengths=None, rng=None):
        """Run all layers upward and return their traces, `trace.layers`, and the top one's `trace.y`.

        x (T, B, D); h0 a list with one entry per layer, None where there is none; lengths (B,) for every cell;
        rng for layers that draw. ValueError where a list is of the wrong length or a layer has no state to set.

        >>> import numpy as np, rnnlib
        >>> net = rnnlib.stack([rnnlib.RNN(2, 3, rng=0), rnnlib.Readout(3, 1, rng=1)])
        >>> net.forward(np.ones((4, 5, 2))).y.shape
        (4, 5, 1)
        """
        self._check_params()
        rng = None if rng is None else _validate.generator(rng)
        traces = []
        for layer, start in zip(self.layers, self._per_layer(h0, "h0")):
            options = {"h0": start, "lengths": lengths, "rng": rng}
            traces.append(
                layer.forward(x, **{name: options[name] for name in options if name in layer.takes})
            )
            x = _validate.made(traces[-1].y)
        return StackTrace(traces, self)

    def backward(self, trace, dy=None, *, dh_last=None, window=None):
        """Walk all layers downward and return Grads: `params` ("1.W_hh"), `x`, `layers`, and `h0` as a list.

        dy is ∂L/∂ of trace.y; dh_last a list with one entry per layer, None where there is none; window as in
        the cells. ValueError if dy and dh_last are both None or the trace is another stack's.

        >>> import numpy as np, rnnlib
        >>> net = rnnlib.stack([rnnlib.RNN(2, 3, rng=0), rnnlib.Readout(3, 1, rng=1)])
        >>> grads = net.backward(net.forward(np.ones((4, 5, 2))), np.ones((4, 5, 1)))
        >>> sorted(grads.params)
        ['0.W_hh', '0.W_xh', '0.b_h', '1.W_hy', '1.b_y']
        """
        self._check_owner(trace)
        self._check_params()
        if dy is None and dh_last is None:
            raise ValueError(
                "dy and dh_last are both None; expected the loss's gradient in at least one of them"
            )
        dy = np.zeros_like(trace.y) if dy is None else dy
        all_grads = []
        for layer, seen, last in reversed(
            [*zip(self.layers, trace.layers, self._per_layer(dh_last, "dh_last"))]
        ):
            options = {"dh_last": last, "window": window} if "h0" in layer.takes else {}
            all_grads.insert(0, layer.backward(seen, dy, **options))
            dy = _validate.made(all_grads[0].x)
        return self._collect(all_grads)

    def _collect(self, all_grads):
        params = {f"{i}.{name}": g for i, grads in enumerate(all_grads) for name, g in grads.params.items()}
        return Grads(params, all_grads[0].x, h0=[grads.h0 for grads in all_grads], layers=all_grads)

    def _per_layer(self, values, name):
        n = len(self.layers)
        if values is None:
            return [None] * n
        if not isinstance(values, (list, tuple)) or len(values) != n:
            got = (
                f"a list of {len(values)}"
                if isinstance(values, (list, tuple))
                else _validate.describe(values)
            )
            raise ValueError(
                f"{name} is {got}; expected a list of {n}, one entry per layer, None where there is none"
            )
        for i, (layer, value) in enumerate(zip(self.layers, values)):
            if value is not None and "h0" not in layer.takes:
                raise ValueError(
                    f"{name}[{i}] is {_validate.describe(value)}; expected None: {layer!r} has no state"
                )
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
    if not isinstance(layers, (list, tuple)) or not layers:
        raise TypeError(f"layers is {_validate.describe(layers)}; expected a list of at least one layer")
    for i, layer in enumerate(layers):
        if not isinstance(layer, Layer):
            raise TypeError(
                f"layers[{i}] is {_validate.describe(layer)}; expected a layer, such as RNN or Readout"
            )
        if any(layer is other for other in layers[:i]):
            raise ValueError(f"layers[{i}], {layer!r}, stands in the stack twice; expected different layers")
    for i, (below, above) in enumerate(pairwise(layers)):
        _check_meeting(i, below, above)
    return list(layers)


def _check_meeting(i, below, above):
    if below.output_size != above.input_size:
        raise ValueError(f"layers[{i + 1}], {above!r}, has input size {above.input_size}; expected "
                         f"{below.output_size}, the output size of {below!r}")  # fmt: skip
    if below.dtype != above.dtype:
        raise ValueError(
            f"layers[{i + 1}], {above!r}, is {above.dtype}; expected {below.dtype}, as {below!r}"
        )
