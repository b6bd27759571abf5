"""Weights to and from PyTorch's and Keras' layouts, as plain arrays: neither library is imported.

PyTorch multiplies from the other side, so every matrix is transposed; Keras has a GRU's gates in the order z, r, h.
PyTorch has two biases that are always added together, Keras' GRU likewise: they become one here, and go back as b_h and
zeros. Only in a GRU whose reset comes after the product, part of the second one counts by itself: b_hn.
"""

import numpy as np

from . import _validate
from .cells.base import Cell
from .cells.gru import GRU
from .layers.bidirectional import Bidirectional
from .layers.composite import need
from .layers.readout import Readout
from .layers.stack import Stack


def from_torch(cell, state_dict):
    """Load a PyTorch state dict into a cell, in place, and return the cell.

    cell is an RNN, LSTM or GRU (from nn.RNN, nn.LSTM, nn.GRU of one layer), bidirectional(…) of two (from
    bidirectional=True), a stack of either (from as many layers) or a Readout (from nn.Linear); state_dict maps
    PyTorch's names to arrays or tensors. A learned h_0 or c_0 becomes 0, where PyTorch starts. The activation is not
    part of a state dict: give it to RNN(activation=…). ValueError, by name and before anything is changed, for keys
    that are missing or unknown, other layer counts, other shapes and a GRU with reset_after=False, which PyTorch does
    not have; TypeError for what is not such a cell or dict.

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
    layers = _torch_layers(cell)
    _check_keys(state_dict, [key for _, keys in layers for key in keys], cell)
    loads = []
    for layer, keys in layers:
        read = [_read(layer, state_dict[key], f'state_dict["{key}"]', array.T, "PyTorch")
                for key, array in zip(keys, _arrays(layer))]  # fmt: skip
        loads += _loads(layer, *(array.T for array in read), sum_of=" and ".join(keys[2:]))
    return _write(cell, loads)


def to_torch(cell):
    """Return a cell's parameters under PyTorch's names and in its layout: a dict of new arrays.

    For torch, wrap each in torch.from_numpy before load_state_dict. cell as in from_torch. ValueError for a cell that
    learns h_0, which a PyTorch state dict cannot hold, and for a GRU with reset_after=False.

    >>> import rnnlib
    >>> {key: array.shape for key, array in to_torch(rnnlib.RNN(2, 3, rng=0)).items()}
    {'weight_ih_l0': (3, 2), 'weight_hh_l0': (3, 3), 'bias_ih_l0': (3,), 'bias_hh_l0': (3,)}
    """
    found = {}
    for layer, keys in _torch_layers(cell):
        _check_start(layer, "PyTorch")
        found |= {key: array.T.copy() for key, array in zip(keys, _arrays(layer))}
    return found


def from_keras(cell, weights):
    """Load what Keras' layer.get_weights() returns into a cell, in place, and return the cell.

    cell is an RNN, LSTM or GRU (from SimpleRNN, LSTM, GRU), bidirectional(…) of two (from Bidirectional), a Readout
    (from Dense) or a stack of these (from model.get_weights()); weights is a list of arrays: kernel, recurrent_kernel
    and bias of each layer, from the lowest up, forward before backward. Activations are not part of it: a SimpleRNN's
    is given to RNN(activation=…), those of LSTM and GRU must be Keras' defaults. A learned h_0 or c_0 becomes 0.
    ValueError, by name and before anything is changed, for other numbers of arrays, other shapes and a GRU whose
    reset_after differs; TypeError for what is not such a cell or list.

    >>> import rnnlib
    >>> from_keras(rnnlib.Readout(2, 1), [[[1.0], [-1.0]], [0.5]]).params["b_y"]
    array([0.5])
    """
    layers = _layers(cell)
    if not isinstance(weights, (list, tuple)):
        raise TypeError(f"weights is {_validate.describe(weights)}; expected a list, layer.get_weights()")
    wanted = [(layer, name, like) for layer in layers for name, like in _keras_arrays(layer).items()]
    need(len(weights) == len(wanted), f"weights has {len(weights)} arrays; expected {len(wanted)}, as {cell!r}: "
         f"{', '.join(name for _, name, _ in wanted)}")  # fmt: skip
    read = iter([_read(layer, weights[i], f"weights[{i}] ({name})", like, "Keras")
                 for i, (layer, name, like) in enumerate(wanted)])  # fmt: skip
    loads = []
    for layer in layers:
        *W, b = (_keras_order(next(read), layer) for _ in _keras_arrays(layer))
        loads += _loads(layer, *W, *(b if b.ndim == 2 else [b]), sum_of="both rows of a GRU's bias")
    return _write(cell, loads)


def to_keras(cell):
    """Return a cell's parameters in Keras' layout, for layer.set_weights: a list of new arrays.

    cell as in from_keras. ValueError for a cell that learns h_0, which Keras' weights cannot hold.

    >>> import rnnlib
    >>> [array.shape for array in to_keras(rnnlib.GRU(2, 3, rng=0))]
    [(2, 9), (3, 9), (2, 9)]
    """
    layers = _layers(cell)
    for layer in layers:
        _check_start(layer, "Keras")
    return [array for layer in layers for array in _keras_arrays(layer).values()]


def _parts(cell):
    """Return (the end of PyTorch's keys, layer) for a cell or for each direction of two."""
    both = isinstance(cell, Bidirectional)
    return [("", cell.fwd), ("_reverse", cell.bwd)] if both else [("", cell)]


def _layers(cell):
    levels = cell.layers if isinstance(cell, Stack) else [cell]
    layers = [layer for level in levels for _, layer in _parts(level)]
    if not all(isinstance(layer, (Cell, Readout)) for layer in layers):
        raise TypeError(f"cell is {cell!r}; expected an RNN, LSTM or GRU, bidirectional(…) of two, a Readout or a "
                        "stack of these")  # fmt: skip
    return layers


def _torch_layers(cell):
    """Return (layer, PyTorch's keys for it) for each layer and direction."""
    if isinstance(cell, Readout):
        return [(cell, ["weight", "bias"])]
    levels = cell.layers if isinstance(cell, Stack) else [cell]
    parts = [(layer, f"l{i}{end}") for i, level in enumerate(levels) for end, layer in _parts(level)]
    if not all(isinstance(layer, Cell) for layer, _ in parts) or len({type(layer) for layer, _ in parts}) > 1:
        raise TypeError(f"cell is {cell!r}; expected an RNN, LSTM or GRU, bidirectional(…) of two of a kind, "
                        "a stack of RNNs, of LSTMs or of GRUs, or a Readout")  # fmt: skip
    sizes, directions = {layer.hidden_size for layer, _ in parts}, {len(_parts(level)) for level in levels}
    need(len(sizes) == len(directions) == 1, f"cell is {cell!r}; expected one hidden size, and one direction or two "
         "throughout, as PyTorch's layers have")  # fmt: skip
    for layer, _ in parts:
        need(getattr(layer, "reset_after", True), f"cell has {layer!r}; expected reset_after=True: in PyTorch's GRU r "
             "acts after the product, which is another function")  # fmt: skip
    names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    return [(layer, [f"{name}_{end}" for name in names]) for layer, end in parts]


def _arrays(layer):
    """Return W_hy, b_y of a readout; of a cell W_xh, W_hh and what is added to each of the two products."""
    p = layer.params
    if isinstance(layer, Readout):
        return [p["W_hy"], p["b_y"]]
    beside_h = np.zeros_like(p["b_h"])
    if "b_hn" in p:
        beside_h[-layer.hidden_size :] = p["b_hn"]
    return [p["W_xh"], p["W_hh"], p["b_h"], beside_h]


def _loads(layer, W, *rest, sum_of):
    """Pair each array of the layer with its new value, given as _arrays returns them."""
    p = layer.params
    if isinstance(layer, Readout):
        return [(p["W_hy"], W), (p["b_y"], rest[0])]
    W_hh, b, beside_h = rest if len(rest) == 3 else (*rest, np.zeros_like(p["b_h"]))
    summed = beside_h.copy()
    loads = [(p[name], 0.0) for name in ("h0", "c0") if name in p] + [(p["W_xh"], W), (p["W_hh"], W_hh)]
    if "b_hn" in p:
        loads.append((p["b_hn"], beside_h[-layer.hidden_size :]))
        summed[-layer.hidden_size :] = 0.0
    with np.errstate(over="ignore"):  # −0 + 0 is 0: where nothing is added keep b to the last bit
        b_h = np.where(summed == 0, b, b + summed)
    return [*loads, (p["b_h"], _validate.finite(b_h, f"the sum of {sum_of}"))]


def _write(cell, loads):
    for array, value in loads:
        array[...] = value
    return cell


def _keras_order(array, layer):
    """Copy an array with a GRU's blocks of r and z exchanged; the same again brings them back."""
    if not isinstance(layer, GRU):
        return array.copy()
    one, other, n = np.split(array, 3, axis=-1)
    return np.concatenate([other, one, n], axis=-1)


def _keras_arrays(layer):
    arrays = [_keras_order(array, layer) for array in _arrays(layer)]
    if isinstance(layer, Readout):
        return dict(zip(("kernel", "bias"), arrays))
    W_xh, W_hh, b, beside_h = arrays
    bias = np.stack([b, beside_h]) if "b_hn" in layer.params else b
    return {"kernel": W_xh, "recurrent_kernel": W_hh, "bias": bias}


def _check_start(layer, library):
    need(not getattr(layer, "learn_h0", False), f"{layer!r} learns h_0; expected learn_h0=False: {library} has no "
         'place for params["h0"]')  # fmt: skip


def _read(layer, value, label, like, library):
    """Check one array against what has its place; where the shape is another kind of cell's, say so."""
    H, meanings = getattr(layer, "hidden_size", 0), {}
    for n, kind in {1: "an RNN's", 3: "a GRU's", 4: "an LSTM's"}.items():
        gates = [n * H, *like.shape[1:]] if library == "PyTorch" else [*like.shape[:-1], n * H]
        meanings[tuple(gates)] = f"that is {kind} shape"
    if library == "Keras" and isinstance(layer, GRU) and like.shape in [(3 * H,), (2, 3 * H)]:
        other = (2, 3 * H) if like.ndim == 1 else (3 * H,)
        meanings[other] = f"that is a GRU's with reset_after={not layer.reset_after}"
    hint = lambda array: meanings.get(array.shape, "")
    return _validate.read(value, label, like.dtype, like.shape, f"{library}'s layout", hint)


def _check_keys(state_dict, expected, cell):
    got = set(map(str, state_dict.keys()))
    missing, unknown = sorted(set(expected) - got), sorted(got - set(expected))
    layers, wanted = (sum(key.startswith("weight_hh_l") and not key.endswith("_reverse") for key in keys)
                      for keys in (got, expected))  # fmt: skip
    need(not (layers and wanted) or layers == wanted, f"state_dict has {layers} layers ("
         f"{', '.join(unknown or missing)}); expected {wanted}, as {cell!r}")  # fmt: skip
    need(not missing and not unknown,
         f"state_dict lacks {missing} and has unknown keys {unknown}; expected {sorted(expected)}")  # fmt: skip
