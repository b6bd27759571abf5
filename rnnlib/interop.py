"""Weights to and from PyTorch's names and layout, as plain arrays: PyTorch itself is not imported.

PyTorch multiplies from the other side, so every matrix is transposed. Its two biases are always added together,
so they become one here, and go back as b_h and zeros.
"""

import numpy as np

from . import _validate
from .cells.rnn import RNN
from .layers.readout import Readout
from .layers.stack import Stack


def from_torch(cell, state_dict):
    """Load a PyTorch state dict into a cell, in place, and return the cell.

    cell is an RNN (from nn.RNN of one layer), a stack of RNNs (from nn.RNN of as many layers) or a Readout (from
    nn.Linear); state_dict maps PyTorch's names to arrays or tensors. A learned h_0 becomes 0, which is where PyTorch
    starts. The activation is not part of a state dict: give it to RNN(activation=…). ValueError, by name and before
    anything is changed, for keys that are missing or unknown, other layer counts and other shapes.

    >>> import rnnlib
    >>> readout = from_torch(rnnlib.Readout(2, 1), {"weight": [[1.0, -1.0]], "bias": [0.5]})
    >>> readout.params["W_hy"]
    array([[ 1.],
           [-1.]])
    """
    if not hasattr(state_dict, "keys"):
        raise TypeError(
            f"state_dict is {_validate.describe(state_dict)}; expected a dict, module.state_dict()"
        )
    layers = _layers(cell)
    _check_keys(state_dict, [key for i, layer in enumerate(layers) for key in _keys(layer, i)], cell)
    loads = [load for i, layer in enumerate(layers) for load in _loads(layer, i, state_dict)]
    for array, value in loads:
        array[...] = value
    return cell


def to_torch(cell):
    """Return a cell's parameters under PyTorch's names and in its layout: a dict of new arrays.

    For torch, wrap each in torch.from_numpy before load_state_dict. cell is an RNN, a stack of RNNs or a Readout.
    ValueError for a cell that learns h_0, which a PyTorch state dict cannot hold.

    >>> import rnnlib
    >>> {key: array.shape for key, array in to_torch(rnnlib.RNN(2, 3, rng=0)).items()}
    {'weight_ih_l0': (3, 2), 'weight_hh_l0': (3, 3), 'bias_ih_l0': (3,), 'bias_hh_l0': (3,)}
    """
    state_dict = {}
    for i, layer in enumerate(_layers(cell)):
        if getattr(layer, "learn_h0", False):
            raise ValueError(
                f'{layer!r} learns h_0; expected learn_h0=False: PyTorch has no place for params["h0"]'
            )
        state_dict.update(zip(_keys(layer, i), _arrays(layer)))
    return state_dict


def _layers(cell):
    layers = cell.layers if isinstance(cell, Stack) else [cell]
    if not all(isinstance(layer, RNN) for layer in layers) and not isinstance(cell, Readout):
        raise TypeError(f"cell is {cell!r}; expected an RNN, a stack of RNNs or a Readout")
    return layers


def _keys(layer, i):
    if isinstance(layer, Readout):
        return ["weight", "bias"]
    return [f"{part}_l{i}" for part in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]


def _arrays(layer):
    p = {name: array.T.copy() for name, array in layer.params.items()}
    if isinstance(layer, Readout):
        return [p["W_hy"], p["b_y"]]
    return [p["W_xh"], p["W_hh"], p["b_h"], np.zeros_like(p["b_h"])]


def _loads(layer, i, state_dict):
    """Pair each array of the layer with its new value, all checked."""
    arrays = [_read(state_dict, key, array) for key, array in zip(_keys(layer, i), _arrays(layer))]
    p = layer.params
    if isinstance(layer, Readout):
        return [(p["W_hy"], arrays[0].T), (p["b_y"], arrays[1])]
    W_ih, W_hh, b_ih, b_hh = arrays
    with np.errstate(over="ignore"):
        b_h = np.where(b_hh == 0, b_ih, b_ih + b_hh)  # −0 + 0 is 0: where b_hh is 0 keep b_ih to the last bit
    _validate.finite(b_h, f"the sum of {' and '.join(_keys(layer, i)[2:])}")
    start = [(p["h0"], 0.0)] if layer.learn_h0 else []
    return [(p["W_xh"], W_ih.T), (p["W_hh"], W_hh.T), (p["b_h"], b_h), *start]


def _read(state_dict, key, like):
    label = f'state_dict["{key}"]'
    return _validate.read(
        state_dict[key], label, like.dtype, like.shape, "PyTorch's layout", _gates_hint(like)
    )


def _gates_hint(like):
    kinds = {3: "a GRU's", 4: "an LSTM's"}
    H = like.shape[0]
    return lambda array: next((f"that is {kind} shape" for n, kind in kinds.items()
                               if array.shape == (n * H, *like.shape[1:])), "")  # fmt: skip


def _check_keys(state_dict, expected, cell):
    got = set(map(str, state_dict.keys()))
    missing, unknown = sorted(set(expected) - got), sorted(got - set(expected))
    layers, wanted = (sum(key.startswith("weight_hh_l") for key in keys) for keys in (got, expected))
    if layers and wanted and layers != wanted and not any(key.endswith("_reverse") for key in got):
        raise ValueError(f"state_dict has {layers} layers ({', '.join(unknown or missing)}); expected {wanted}, "
                         f"as {cell!r}: a stack of RNNs takes as many layers as it has cells")  # fmt: skip
    if missing or unknown:
        raise ValueError(
            f"state_dict lacks {missing} and has unknown keys {unknown}; expected {sorted(expected)}"
        )
