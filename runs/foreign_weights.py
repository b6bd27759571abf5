"""Write down one LSTM and one GRU as PyTorch, Keras and ONNX have them, and what each library computes with them.

Run `python runs/foreign_weights.py` where these are installed: torch==2.13.0 (for the CPU), keras==3.15.1 and
onnx==1.23.2. It takes seconds and writes runs/foreign_weights.npz, which the chapter *Reading other people's weights*
reads. `versions` says what made it; `x` (T, B, D) is the input that all of them read, from states of 0. Under
`<library>_<cell>/` stand the library's own arrays, by its own names, and `y` (T, B, H), the states that it returned.
PyTorch and ONNX computed in float64, Keras in float32, its default. The weights and x are float32 numbers to begin
with, so they are the same in all three; only the sums of two biases are rounded for Keras.

- torch_lstm, torch_gru: nn.LSTM and nn.GRU, of PyTorch's own initial values;
- keras_lstm, keras_gru: the same weights in keras.layers.LSTM and GRU (reset_after=True, the default), on the backend
  that computes with PyTorch's tensors; keras_gru_before: with reset_after=False, another function;
- onnx_lstm, onnx_gru: the same weights in the operators LSTM and GRU (linear_before_reset=1), computed by ONNX's
  reference evaluator.

`keras_fresh/bias` (12,) is the bias of a Keras LSTM that nobody has trained. `onnx_probe` (2, 5) is h_1 of an ONNX LSTM
of one unit whose weights are 0, from c_0 = 0 and c_0 = 2 (rows), with all biases 1 and then with one block after the
other at −50 (columns).
"""

import os
from pathlib import Path

os.environ["KERAS_BACKEND"] = "torch"  # before keras is imported

import keras
import numpy as np
import onnx
import torch
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator
from torch import nn

T, B, D, H = 6, 2, 2, 3


def of_torch(kind, x):
    """Return the arrays of a PyTorch module of one layer, and its output."""
    module = kind(D, H).double()
    arrays = {name: value.detach().numpy() for name, value in module.named_parameters()}
    return arrays | {"y": module(torch.from_numpy(x))[0].detach().numpy()}


def of_keras(layer, x, weights):
    """Set a Keras layer's weights, and return them as it holds them, and its output; Keras has the batch first."""
    batch_first = x.swapaxes(0, 1)
    layer(batch_first)  # builds it
    layer.set_weights(weights)
    arrays = dict(zip(("kernel", "recurrent_kernel", "bias"), layer.get_weights()))
    return arrays | {"y": keras.ops.convert_to_numpy(layer(batch_first)).swapaxes(0, 1)}


def of_onnx(operator, x, arrays, c_0=None, **attributes):
    """Run one operator on x with the initialisers W, R, B; return them and its output."""
    inputs = {"X": x, **arrays} | ({"h_0": 0 * c_0, "c_0": c_0} if c_0 is not None else {})
    names = ["X", "W", "R", "B"] + (["", "h_0", "c_0"] if c_0 is not None else [])
    node = helper.make_node(operator, names, ["Y"], hidden_size=arrays["R"].shape[2], **attributes)
    values = [
        helper.make_tensor_value_info(name, TensorProto.DOUBLE, array.shape) for name, array in inputs.items()
    ]
    graph = helper.make_graph(
        [node], operator, values, [helper.make_tensor_value_info("Y", TensorProto.DOUBLE, [None] * 4)]
    )
    model = helper.make_model(graph)
    onnx.checker.check_model(model)
    (Y,) = ReferenceEvaluator(model).run(None, inputs)
    return arrays | {"y": Y[:, 0]}  # (T, directions, B, H)


def blocks(array, order):
    """Put blocks of H rows into another order."""
    return np.concatenate([array[k * H : (k + 1) * H] for k in order])


def reordered(found, order):
    """Return PyTorch's weights and biases, of x and of h, with the blocks of gates in another order."""
    return [blocks(found[f"{name}_l0"], order) for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]


def for_keras(found, order, merged):
    """Return PyTorch's arrays in Keras' layout, with both biases summed or on two rows."""
    W, R, b, beside_h = reordered(found, order)
    return [W.T, R.T, b + beside_h if merged else np.stack([b, beside_h])]


def for_onnx(found, order):
    """Return PyTorch's arrays in ONNX's layout; its first axis is that of the directions."""
    W, R, b, beside_h = reordered(found, order)
    return {"W": W[None], "R": R[None], "B": np.concatenate([b, beside_h])[None]}


def probe(c_0, block):
    """Return h_1 of an ONNX LSTM of one unit without weights: one block of its bias at −50, or none, the others 1."""
    bias = np.full((1, 8), 0.5)  # two biases end to end, which add up to 1
    if block is not None:
        bias[0, block] = -50.5
    arrays = {"W": np.zeros((1, 4, 1)), "R": np.zeros((1, 4, 1)), "B": bias}
    return of_onnx("LSTM", np.zeros((1, 1, 1)), arrays, c_0=np.full((1, 1, 1), c_0))["y"].item()


def nets(x):
    """Return {name: arrays and output}: one LSTM and one GRU in every library."""
    lstm, gru = of_torch(nn.LSTM, x), of_torch(nn.GRU, x)
    zrn, iofg = (1, 0, 2), (0, 3, 1, 2)
    keras_lstm = keras.layers.LSTM(H, return_sequences=True)
    after, before = (keras.layers.GRU(H, return_sequences=True, reset_after=flag) for flag in (True, False))
    return {
        "torch_lstm": lstm,
        "torch_gru": gru,
        "keras_lstm": of_keras(keras_lstm, x, for_keras(lstm, range(4), merged=True)),
        "keras_gru": of_keras(after, x, for_keras(gru, zrn, merged=False)),
        "keras_gru_before": of_keras(before, x, for_keras(gru, zrn, merged=True)),
        "onnx_lstm": of_onnx("LSTM", x, for_onnx(lstm, iofg)),
        "onnx_gru": of_onnx("GRU", x, for_onnx(gru, zrn), linear_before_reset=1),
    }


def main():
    torch.manual_seed(14)
    x = np.random.default_rng(14).normal(size=(T, B, D)).astype(np.float32).astype(np.float64)
    found = nets(x)
    for cell in ("lstm", "gru"):
        for library, atol in (("keras", 1e-6), ("onnx", 1e-12)):
            np.testing.assert_allclose(
                found[f"{library}_{cell}"]["y"], found[f"torch_{cell}"]["y"], rtol=0, atol=atol
            )
    fresh = keras.layers.LSTM(H)
    fresh(x)
    probes = np.array([[probe(c_0, block) for block in (None, 0, 1, 2, 3)] for c_0 in (0.0, 2.0)])
    versions = [f"torch {torch.__version__}", f"keras {keras.__version__}", f"onnx {onnx.__version__}"]
    arrays = {f"{net}/{name}": value for net, parts in found.items() for name, value in parts.items()}
    arrays |= {"keras_fresh/bias": fresh.get_weights()[2], "onnx_probe": probes}
    path = Path(__file__).with_suffix(".npz")
    np.savez_compressed(path, versions=versions, x=x, **arrays)
    print(f"{path}: {len(arrays)} arrays, {path.stat().st_size} bytes, {', '.join(versions)}")


if __name__ == "__main__":
    main()
