"""Layers made of layers: one dict of parameters, whose arrays are the parts' own."""

from .._validate import need, need_kind
from ..cells.base import Grads, Layer


class Composite(Layer):
    """Holds named parts; `params` has the keys "part.W_hh"."""

    def __init__(self, parts, input_size, output_size, dtype):
        super().__init__(input_size, output_size, dtype)
        self.parts = parts
        self.params = dict(self._parts_params())

    def _parts_params(self):
        for part, layer in self.parts.items():
            for name, array in layer.params.items():
                yield f"{part}.{name}", array

    def _check_params(self):
        """The whole's arrays and the parts' are the same objects, or an update would reach only one of them."""
        for key, array in self._parts_params():
            need(self.params.get(key) is array, f'params["{key}"] is no longer the array of its layer; expected one '
                 f'array in both places: write into it, params["{key}"][...] = values')  # fmt: skip

    def _check_backward(self, trace, **gradients):
        self._check_owner(trace)
        self._check_params()
        need(any(value is not None for value in gradients.values()),
             f"{', '.join(gradients)} are all None; expected the loss's gradient in at least one of them")  # fmt: skip

    def _collect(self, parts_grads, x, **rest):
        """Return Grads with the parts' parameters under their names here."""
        params = {}
        for part, grads in parts_grads.items():
            params |= {f"{part}.{name}": gradient for name, gradient in grads.params.items()}
        return Grads(params, x, layers=[*parts_grads.values()], **rest)


def layer_of(value, name, kind=Layer, expected="a layer, such as RNN or Readout"):
    """Check that a value is a layer, of a kind if one is given."""
    need_kind(isinstance(value, kind), name, value, expected)
    return value
