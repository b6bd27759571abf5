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


KINDS = {"RNN": rnnlib.RNN, "LSTM": rnnlib.LSTM, "GRU": rnnlib.GRU}
FORMS = {
    "single": lambda make: make(4),
    "stacked": lambda make: rnnlib.stack([make(4), make(5)]),
    "bidirectional": lambda make: rnnlib.bidirectional(make(4), make(4)),
    "stacked_bidirectional": lambda make: rnnlib.stack(
        [rnnlib.bidirectional(make(size), make(size)) for size in (4, 10)]
    ),
}

STATES = ("h0", "c0", "dh0", "dc0", "h_last", "c_last", "dh_last", "dc_last")


def layer_of(kind, form):
    """The layers of one module of make_torch.py: D = 4, H = 5."""
    return FORMS[form](lambda input_size: KINDS[kind](input_size, 5))


def by_layer(layer, rows):
    """PyTorch's (layers · directions, B, H) as rnnlib has it: (B, H), (B, 2H), or a list of these."""
    if hasattr(layer, "layers"):
        return [np.concatenate(part, axis=-1) for part in np.split(rows, len(layer.layers))]
    return np.concatenate(rows, axis=-1)


def assert_same_states(actual, expected, what):
    for one, other in zip(
        *([x] if isinstance(x, np.ndarray) else x for x in (actual, expected)), strict=True
    ):
        assert_same(one, other, what)


@pytest.mark.parametrize("lengths", ["full", "packed"])
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", KINDS)
def test_every_cell_in_every_form_equals_torchs_module(stored, kind, form, lengths):
    ref = case(stored, f"form.{kind}.{form}.{lengths}")
    layer = interop.from_torch(layer_of(kind, form), part(ref, "weights."))
    states = {name: by_layer(layer, ref[name]) for name in STATES if name in ref}
    starts = {name: states[name] for name in ("h0", "c0") if name in states}
    lasts = {name: states[name] for name in ("dh_last", "dc_last") if name in states}
    assert len(starts) == len(lasts) == (2 if kind == "LSTM" else 1)
    trace = layer.forward(ref["x"], **starts, lengths=ref["lengths"] if lengths == "packed" else None)
    grads = layer.backward(trace, ref["dy"], **lasts)
    live = np.arange(7)[:, None] < ref["lengths"]
    assert_same(trace.y[live], ref["y"][live])
    assert_same(grads.x, ref["dx"])
    for name in starts:
        assert_same_states(getattr(trace, f"{name[0]}_last"), states[f"{name[0]}_last"], f"{name[0]}_last")
        assert_same_states(getattr(grads, name), states[f"d{name}"], f"d{name}")
    carrier = interop.from_torch(layer_of(kind, form), part(ref, "grads."))
    assert carrier.params.keys() == grads.params.keys()
    for name, expected in carrier.params.items():
        assert_same(grads.params[name], expected, name)


@pytest.mark.parametrize(("name", "window"), [("whole", None), ("window3", 3)])
@pytest.mark.parametrize("kind", ["LSTM", "GRU"])
def test_the_gated_cells_gradients_at_every_step_equal_retained_ones(stored, kind, name, window):
    ref = case(stored, f"steps.{kind}.{name}")
    cell = interop.from_torch(KINDS[kind](4, 5), part(ref, "weights."))
    states = ("h", "c") if kind == "LSTM" else ("h",)
    trace = cell.forward(ref["x"], **{f"{name}0": ref[name][0] for name in states})
    grads = cell.backward(trace, ref["dy"], window=window)
    for state in states:
        assert_same(getattr(trace, state), ref[state], state)
        assert_same(getattr(grads, state), ref[f"d{state}"], f"d{state}")
    torch_grads = part(ref, "grads.")
    torch_grads["bias_hh_l0"][: 10 if kind == "GRU" else 20] = (
        0.0  # of the two biases' one sum, count it once
    )
    for name, expected in interop.from_torch(KINDS[kind](4, 5), torch_grads).params.items():
        assert_same(grads.params[name], expected, name)


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


@pytest.mark.parametrize("form", ["single", "stacked", "bidirectional"])
@pytest.mark.parametrize("kind", KINDS)
def test_twenty_updates_of_adam_in_every_form_equal_torchs(stored, kind, form):
    ref, optimiser = case(stored, f"training.{kind}.{form}"), OPTIMISERS["adam"]()
    layer = interop.from_torch(layer_of(kind, form), part(ref, "rnn.weights."))
    readout = interop.from_torch(rnnlib.Readout(layer.output_size, 6), part(ref, "linear.weights."))
    parts = [*layer.layers, readout] if form == "stacked" else [layer, readout]
    net = rnnlib.stack(parts)
    for expected in ref["losses"]:
        trace = net.forward(ref["x"])
        loss, dlogits = rnnlib.softmax_cross_entropy(trace.y, ref["targets"])
        assert_same(loss, expected)
        optimiser.step(net.params, net.backward(trace, dlogits))
    ends = [interop.from_torch(layer_of(kind, form), part(ref, "end.rnn."))]
    ends += [interop.from_torch(rnnlib.Readout(layer.output_size, 6), part(ref, "end.linear."))]
    for trained, end in zip([layer, readout], ends):
        for name, expected in end.params.items():
            assert_same(trained.params[name], expected, name)
