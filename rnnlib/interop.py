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

NAMES = {
    ("PyTorch", 2): ("weight", "bias"),
    ("PyTorch", 4): ("weight_ih", "weight_hh", "bias_ih", "bias_hh"),
    ("Keras", 2): ("kernel", "bias"),
    ("Keras", 3): ("kernel", "recurrent_kernel", "bias"),
}  # by the number of a layer's arrays


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
    _validate.need_kind(hasattr(state_dict, "keys"), "state_dict", state_dict, "a dict, module.state_dict()")
    keys = _torch_keys(cell)
    _check_keys(state_dict, keys, cell)
    return _load(cell, "PyTorch", {f'state_dict["{key}"]': state_dict[key] for key in keys})


def to_torch(cell):
    """Return a cell's parameters under PyTorch's names and in its layout: a dict of new arrays.

    For torch, wrap each in torch.from_numpy before load_state_dict. cell as in from_torch. ValueError for a cell that
    learns h_0, which a PyTorch state dict cannot hold, and for a GRU with reset_after=False.

    >>> import rnnlib
    >>> {key: array.shape for key, array in to_torch(rnnlib.RNN(2, 3, rng=0)).items()}
    {'weight_ih_l0': (3, 2), 'weight_hh_l0': (3, 3), 'bias_ih_l0': (3,), 'bias_hh_l0': (3,)}
    """
    return dict(zip(_torch_keys(cell), _export(cell, "PyTorch")))


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
    names = [name for layer in _layers(cell) for name in _arrays(layer, "Keras")]
    _validate.need_kind(isinstance(weights, (list, tuple)), "weights", weights, "a list, layer.get_weights()")
    need(len(weights) == len(names),
         f"weights has {len(weights)} arrays; expected {len(names)}, as {cell!r}: {', '.join(names)}")  # fmt: skip
    return _load(cell, "Keras", {f"weights[{i}] ({name})": weights[i] for i, name in enumerate(names)})


def to_keras(cell):
    """Return a cell's parameters in Keras' layout, for layer.set_weights: a list of new arrays.

    cell as in from_keras. ValueError for a cell that learns h_0, which Keras' weights cannot hold.

    >>> import rnnlib
    >>> [array.shape for array in to_keras(rnnlib.GRU(2, 3, rng=0))]
    [(2, 9), (3, 9), (2, 9)]
    """
    return _export(cell, "Keras")


def _levels(cell):
    """Return {the end of PyTorch's keys: layer} for each level of a stack, or for the cell alone."""
    return [{"": level.fwd, "_reverse": level.bwd} if isinstance(level, Bidirectional) else {"": level}
            for level in (cell.layers if isinstance(cell, Stack) else [cell])]  # fmt: skip


def _layers(cell):
    """Return all layers, from the lowest up, forward before backward."""
    layers = [layer for level in _levels(cell) for layer in level.values()]
    if not all(isinstance(layer, (Cell, Readout)) for layer in layers):
        raise TypeError(f"cell is {cell!r}; expected an RNN, LSTM or GRU, bidirectional(…) of two, a Readout or a "
                        "stack of these")  # fmt: skip
    return layers


def _torch_keys(cell):
    """Return PyTorch's keys in the order of the layers; refuse what PyTorch has no module for."""
    if isinstance(cell, Readout):
        return ["weight", "bias"]
    levels = _levels(cell)
    layers = [layer for level in levels for layer in level.values()]
    if not all(isinstance(layer, Cell) for layer in layers) or len(set(map(type, layers))) > 1:
        raise TypeError(f"cell is {cell!r}; expected an RNN, LSTM or GRU, bidirectional(…) of two of a kind, "
                        "a stack of RNNs, of LSTMs or of GRUs, or a Readout")  # fmt: skip
    need(len({layer.hidden_size for layer in layers}) == len(set(map(len, levels))) == 1, f"cell is {cell!r}; expected "
         "one hidden size, and one direction or two throughout, as PyTorch's layers have")  # fmt: skip
    for layer in layers:
        need(getattr(layer, "reset_after", True), f"cell has {layer!r}; expected reset_after=True: in PyTorch's GRU r "
             "acts after the product, which is another function")  # fmt: skip
    ends = [f"_l{i}{end}" for i, level in enumerate(levels) for end in level]
    return [name + end for layer, end in zip(layers, ends) for name in _arrays(layer, "PyTorch")]


def _arrays(layer, library):
    """Return {the library's name: array in its layout} of a layer; _loads leads back."""
    p, H = layer.params, getattr(layer, "hidden_size", 0)
    if isinstance(layer, Readout):
        arrays = [p["W_hy"], p["b_y"]]
    else:
        both = np.stack([p["b_h"], np.zeros_like(p["b_h"])])  # beside x_t W_xh, and beside h_{t−1} W_hh
        if "b_hn" in p:
            both[1, -H:] = p["b_hn"]
        biases = both if library == "PyTorch" else [both if "b_hn" in p else both[0]]
        arrays = [p["W_xh"], p["W_hh"], *biases]
    return {name: _turned(layer, array, library) for name, array in zip(NAMES[library, len(arrays)], arrays)}


def _turned(layer, array, library):
    """Turn an array into a library's order of axes and gates, or back: the same again undoes it."""
    if library == "PyTorch":
        return array.T
    if not isinstance(layer, GRU):
        return array
    one, other, n = np.split(array, 3, axis=-1)  # r and z change places
    return np.concatenate([other, one, n], axis=-1)


def _loads(layer, labels, W, *rest):
    """Pair each of a layer's arrays with its new value; the labels are those of what was read."""
    p = layer.params
    if isinstance(layer, Readout):
        return [(p["W_hy"], W), (p["b_y"], *rest)]
    W_hh, *biases = rest
    both = np.vstack(biases)  # a copy, of one row or two
    loads = [(p[name], 0.0) for name in ("h0", "c0") if name in p] + [(p["W_xh"], W), (p["W_hh"], W_hh)]
    if "b_hn" in p:
        loads.append((p["b_hn"], both[1, -layer.hidden_size :].copy()))
        both[1, -layer.hidden_size :] = 0.0
    with np.errstate(over="ignore"):  # −0 + 0 is 0: where nothing is added keep the first to the last bit
        b_h = np.where((both[1:] == 0).all(axis=0), both[0], both.sum(axis=0))
    return [*loads, (p["b_h"], _validate.finite(b_h, f"the sum of both biases ({', '.join(labels[2:])})"))]


def _load(cell, library, given):
    """Read {label: value} into the cell, all or nothing, and return the cell."""
    loads, given = [], iter(given.items())
    for layer in _layers(cell):
        likes = _arrays(layer, library).values()
        read = {label: _read(layer, value, label, like, library)
                for like, (label, value) in zip(likes, given)}  # fmt: skip
        loads += _loads(layer, [*read], *(_turned(layer, array, library) for array in read.values()))
    for array, value in loads:
        array[...] = value
    return cell


def _export(cell, library):
    """Return copies of all arrays, in a library's layout."""
    for layer in _layers(cell):
        need(not getattr(layer, "learn_h0", False), f"{layer!r} learns h_0; expected learn_h0=False: {library} has no "
             'place for params["h0"]')  # fmt: skip
    return [array.copy() for layer in _layers(cell) for array in _arrays(layer, library).values()]


def _read(layer, value, label, like, library):
    """Check one array against what has its place; where the shape is another kind of cell's, say so."""
    H, meanings = getattr(layer, "hidden_size", 0), {}
    for n, kind in {1: "an RNN's", 3: "a GRU's", 4: "an LSTM's"}.items():
        shape = (n * H, *like.shape[1:]) if library == "PyTorch" else (*like.shape[:-1], n * H)
        meanings[shape] = f"that is {kind} shape"
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
