"""rnnlib against values that PyTorch computed in float64 (tests/reference/make_torch.py), to 1e-10."""

from pathlib import Path

import numpy as np
import pytest

import rnnlib
from rnnlib import interop

STORED = Path(__file__).parents[1] / "reference" / "torch.npz"
OPTIMISERS = {
    "sgd": lambda: rnnlib.SGD(lr=0.05),
    "momentum": lambda: rnnlib.SGD(lr=0.05, momentum=0.9),
    "adagrad": lambda: rnnlib.Adagrad(lr=0.1),
    "adam": lambda: rnnlib.Adam(lr=0.01, betas=(0.8, 0.99), eps=1e-6),
    "adam_defaults": lambda: rnnlib.Adam(),
}


@pytest.fixture(scope="module")
def stored():
    with np.load(STORED) as file:
        return {name: file[name] for name in file.files}


def case(stored, name):
    """The arrays of one case, without the case's name."""
    return {key.split("/", 1)[1]: value for key, value in stored.items() if key.startswith(name + "/")}


def part(arrays, prefix):
    return {key.removeprefix(prefix): value for key, value in arrays.items() if key.startswith(prefix)}


def assert_same(actual, expected, what=""):
    np.testing.assert_allclose(actual, expected, rtol=1e-10, atol=1e-10, err_msg=what)


def assert_same_gradients(grads, torch_grads):
    """PyTorch's gradients have the layout of its weights: from_torch carries them over."""
    carrier = rnnlib.RNN(grads["W_xh"].shape[0], grads["b_h"].shape[0])
    torch_grads = {**torch_grads, "bias_hh_l0": np.zeros_like(torch_grads["bias_ih_l0"])}
    for name, expected in interop.from_torch(carrier, torch_grads).params.items():
        assert_same(grads[name], expected, name)


def test_the_file_states_the_version_that_made_it(stored):
    assert str(stored["torch_version"]).startswith("2.13.0")


@pytest.mark.parametrize("ragged", [False, True], ids=["full", "packed"])
@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_states_and_all_gradients_equal_nn_RNN(stored, activation, ragged):
    ref = case(stored, f"cell.{activation}{'_ragged' if ragged else ''}")
    cell = interop.from_torch(rnnlib.RNN(4, 5, activation=activation), part(ref, "weights."))
    trace = cell.forward(ref["x"], ref["h0"], lengths=ref["lengths"] if ragged else None)
    grads = cell.backward(trace, ref["dy"], dh_last=ref["dh_last"])
    live = np.arange(7)[:, None] < ref["lengths"]
    assert_same(trace.y[live], ref["y"][live])  # beyond the end PyTorch pads with 0, rnnlib copies the state
    assert_same(trace.h_last, ref["h_last"])
    assert_same(grads.x, ref["dx"])
    assert_same(grads.h0, ref["dh0"])
    assert_same_gradients(grads.params, part(ref, "grads."))


@pytest.mark.parametrize(("name", "window"), [("steps", None), ("steps_window3", 3)])
def test_the_gradient_at_every_step_equals_retained_and_detached_ones(stored, name, window):
    ref = case(stored, name)
    cell = interop.from_torch(rnnlib.RNN(4, 5), part(ref, "weights."))
    trace = cell.forward(ref["x"], ref["h0"])
    grads = cell.backward(trace, ref["dy"], window=window)
    assert_same(trace.h, ref["h"])
    assert_same(grads.h, ref["dh"])
    assert_same_gradients(grads.params, {k: v for k, v in part(ref, "grads.").items() if k != "bias_hh_l0"})


@pytest.mark.parametrize("reduction", ["sum", "mean", "none"])
@pytest.mark.parametrize("kind", ["ce", "ce_mask", "ce_soft"])
def test_cross_entropy_equals_torchs(stored, kind, reduction):
    given, ref = case(stored, "loss"), case(stored, f"loss.{kind}.{reduction}")
    targets = given["probabilities"] if kind == "ce_soft" else given["targets"]
    mask = given["mask"] if kind == "ce_mask" else None
    loss, dlogits = rnnlib.softmax_cross_entropy(given["logits"], targets, mask, reduction)
    assert_same(loss, ref["loss"])
    assert_same(dlogits, ref["dlogits"])


@pytest.mark.parametrize("reduction", ["sum", "mean"])
def test_mse_equals_torchs(stored, reduction):
    given, ref = case(stored, "loss"), case(stored, f"loss.mse.{reduction}")
    loss, d = rnnlib.mse(given["logits"], given["probabilities"], reduction=reduction)
    assert_same(loss, ref["loss"])
    assert_same(d, ref["dlogits"])


@pytest.mark.parametrize("name", OPTIMISERS)
def test_twenty_updates_equal_torchs(stored, name):
    ref, optimiser = case(stored, f"optim.{name}"), OPTIMISERS[name]()
    params = part(ref, "start.")
    for i in range(20):
        optimiser.step(params, {key: array[i] for key, array in part(ref, "grads.").items()})
        for key, path in part(ref, "path.").items():
            assert_same(params[key], path[i], f"{key} after update {i + 1}")


@pytest.mark.parametrize("name", ["sgd", "adagrad", "adam"])
def test_training_a_stack_equals_training_in_torch(stored, name):
    ref, optimiser = case(stored, f"training.{name}"), OPTIMISERS[name]()
    cell = interop.from_torch(rnnlib.RNN(4, 5), part(ref, "rnn.weights."))
    readout = interop.from_torch(rnnlib.Readout(5, 6), part(ref, "linear.weights."))
    net = rnnlib.stack([cell, readout])
    for expected in ref["losses"]:
        trace = net.forward(ref["x"])
        loss, dlogits = rnnlib.softmax_cross_entropy(trace.y, ref["targets"])
        assert_same(loss, expected)
        optimiser.step(net.params, net.backward(trace, dlogits))
    for key, value in {**part(ref, "end.rnn."), **part(ref, "end.linear.")}.items():
        assert_same({**interop.to_torch(cell), **interop.to_torch(readout)}[key], value, key)
