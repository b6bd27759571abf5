"""What PyTorch, Keras and ONNX computed from their own weights, against rnnlib with these weights.

The values come from runs/foreign_weights.py, which ran the three libraries. PyTorch and ONNX computed in float64, so
the bound is 1e-10; Keras in float32, which allows 1e-6.
"""

from pathlib import Path

import numpy as np
import pytest

import rnnlib
from rnnlib import interop

T, B, D, H = 6, 2, 2, 3
STORED = dict(np.load(Path(__file__).parents[2] / "runs" / "foreign_weights.npz"))


def of(net):
    """Return a stored net's arrays by their names there, and its output."""
    arrays = {
        key.partition("/")[2]: array.copy() for key, array in STORED.items() if key.startswith(f"{net}/")
    }
    return arrays, arrays.pop("y")


def assert_gives(cell, y):
    assert y.shape == (T, B, H)
    atol = 1e-10 if y.dtype == np.float64 else 1e-6
    np.testing.assert_allclose(cell.forward(STORED["x"]).y, y, rtol=0, atol=atol)


@pytest.mark.parametrize(
    ("net", "cell"), [("torch_lstm", rnnlib.LSTM(D, H)), ("torch_gru", rnnlib.GRU(D, H))]
)
def test_a_cell_with_pytorchs_weights_gives_pytorchs_states(net, cell):
    arrays, y = of(net)
    assert_gives(interop.from_torch(cell, arrays), y)
    assert_gives(interop.from_torch(type(cell)(D, H), interop.to_torch(cell)), y)


@pytest.mark.parametrize(
    ("net", "cell"),
    [
        ("keras_lstm", rnnlib.LSTM(D, H)),
        ("keras_gru", rnnlib.GRU(D, H)),
        ("keras_gru_before", rnnlib.GRU(D, H, reset_after=False)),
    ],
)
def test_a_cell_with_keras_weights_gives_keras_states_and_its_weights_are_keras_again(net, cell):
    arrays, y = of(net)
    assert_gives(interop.from_keras(cell, [*arrays.values()]), y)
    *weights, bias = interop.to_keras(cell)
    for array, (name, theirs) in zip(weights, arrays.items()):
        np.testing.assert_array_equal(array, theirs, err_msg=name)
    sums = (np.atleast_2d(array).astype(float).sum(axis=0) for array in (bias, arrays["bias"]))
    np.testing.assert_allclose(*sums, rtol=0, atol=1e-15)


def load(cell, **arrays):
    for name, array in arrays.items():
        cell.params[name][...] = array
    return cell


def blocks(array, order):
    return np.concatenate([array[k * H : (k + 1) * H] for k in order]).T


def test_onnx_lstm_has_the_order_i_o_f_c_and_two_biases_end_to_end():
    arrays, y = of("onnx_lstm")
    W, R, b = arrays["W"][0], arrays["R"][0], arrays["B"].reshape(2, 4 * H).sum(axis=0)
    weights = {name: blocks(array, (0, 2, 3, 1)) for name, array in {"W_xh": W, "W_hh": R, "b_h": b}.items()}
    assert_gives(load(rnnlib.LSTM(D, H), **weights), y)


def test_onnx_gru_has_the_order_z_r_h_and_keeps_the_bias_inside_the_reset():
    arrays, y = of("onnx_gru")
    W, R, (b, beside_h) = arrays["W"][0], arrays["R"][0], arrays["B"].reshape(2, 3 * H)
    b[: 2 * H] += beside_h[: 2 * H]
    weights = {name: blocks(array, (1, 0, 2)) for name, array in {"W_xh": W, "W_hh": R, "b_h": b}.items()}
    assert_gives(load(rnnlib.GRU(D, H), **weights, b_hn=beside_h[2 * H :]), y)


def test_the_libraries_agree_with_each_other_and_the_place_of_the_reset_does_not():
    for cell in ("lstm", "gru"):
        for library, atol in (("keras", 1e-6), ("onnx", 1e-12)):
            np.testing.assert_allclose(of(f"{library}_{cell}")[1], of(f"torch_{cell}")[1], rtol=0, atol=atol)
    assert np.abs(of("keras_gru_before")[1] - of("keras_gru")[1]).max() > 0.01


def test_a_fresh_keras_lstm_starts_its_forget_gate_with_1_and_so_does_rnnlib():
    np.testing.assert_array_equal(STORED["keras_fresh/bias"], rnnlib.LSTM(D, H).params["b_h"])


def test_the_probe_of_one_unit_follows_from_the_equations():
    σ, tanh = lambda a: 1 / (1 + np.exp(-a)), np.tanh
    one = σ(1) * tanh(σ(1) * tanh(1))
    expected = [[one, 0, 0, one, σ(1) * tanh(-σ(1))]]
    c = [
        2 * σ(1) + σ(1) * tanh(1),
        2 * σ(1),
        -np.inf,
        σ(1) * tanh(1),
        2 * σ(1) - σ(1),
    ]  # nothing, i, o, f, c at −50
    expected += [[*σ(1) * tanh(c[:2]), 0, *σ(1) * tanh(c[3:])]]
    np.testing.assert_allclose(STORED["onnx_probe"], expected, rtol=0, atol=1e-12)


def test_the_file_is_small_and_says_which_versions_made_it():
    assert [entry.split()[0] for entry in STORED["versions"]] == ["torch", "keras", "onnx"]
    keras = {key for key in STORED if key.startswith("keras_")}
    assert {str(STORED[key].dtype) for key in keras} == {"float32"}
    assert {str(STORED[key].dtype) for key in STORED.keys() - keras - {"versions"}} == {"float64"}
    assert sum(array.nbytes for array in STORED.values()) < 10_000
