"""LSTM and both GRUs in the page against rnnlib: to 1e-10 relative, and step by step where the run is chaotic."""

import numpy as np
import pytest

from rnnlib.explorers import gated, seeded

KINDS = {  # the cell, and what its parameters are drawn with
    "lstm": ("lstm", {"forget_bias": 1.0}),
    "gru, reset after": ("gru", {"reset_after": True}),
    "gru, reset before": ("gru", {"reset_after": False}),
    "rnn": ("rnn", {}),
}
GATED = [kind for kind in KINDS if kind != "rnn"]
INITS = ["uniform", "normal", "orthogonal", "identity"]
SHAPES = np.random.default_rng(5).integers(1, (12, 16, 30), size=(6, 3)).tolist()  # D, H, T


def case(kind, D, H, T, init="orthogonal", gain=0.8, seed=0):
    """Return (rnnlib's cell, the page's net, x (T, 1, D), its start {"h0", "c0"}) with the same weights."""
    cell, options = KINDS[kind]
    params = gated.cell_params(cell, seed, D, H, init, gain, **options)
    generator = seeded.Generator(seed + 100)
    params["b_h"] += 0.3 * generator.normals(params["b_h"].size)
    if "b_hn" in params:
        params["b_hn"] = 0.3 * generator.normals(H)
    x = generator.normals(T * D).reshape(T, 1, D)
    start = {name: 0.5 * generator.normals(H).reshape(1, H) for name in ["h0", "c0"][: 1 + (cell == "lstm")]}
    return gated.make_cell(cell, params), net_of(cell, D, H, params), x, start


def net_of(cell, D, H, params):
    return {"cell": cell, "D": D, "H": H, "activation": "tanh", "params": flat_params(params)}


def flat_params(params):
    return {name: flat(values) for name, values in params.items()}


def flat(array):
    return np.asarray(array).ravel().tolist()


def starts(start):
    return [flat(start["h0"]), flat(start["c0"]) if "c0" in start else None]


def assert_close(theirs, ours, name=""):
    ours = np.asarray(ours).ravel()
    assert np.shape(theirs) == ours.shape, name
    error = np.abs(np.asarray(theirs, float) - ours).max()
    assert error <= 1e-10 * max(np.abs(ours).max(), 1e-300), (name, error)


def assert_traces_agree(theirs, ours):
    for name in ("h", "a", "c", "tanh_c", "m"):
        if getattr(ours, name, None) is not None:
            assert_close(theirs[name], getattr(ours, name), name)
    for name, gate in getattr(ours, "gates", {}).items():
        assert_close(theirs["gates"][name], gate, name)
    assert theirs["overflow"] == ours.overflow


def assert_gradients_agree(theirs, ours):
    assert sorted(theirs["params"]) == sorted(ours.params)
    for name, values in ours.params.items():
        assert_close(theirs["params"][name], values, name)
    for name in ("x", "h", "c"):
        if getattr(ours, name) is not None:
            assert_close(theirs[name], getattr(ours, name), name)


def reach(cell, trace):
    """‖∂h_T/∂h_0‖, the spectral norm, from one backward pass a unit."""
    rows = [cell.backward(trace, dh_last=row[None]).h0[0] for row in np.eye(cell.hidden_size)]
    return np.linalg.norm(rows, 2)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("init", INITS)
@pytest.mark.parametrize(("D", "H", "T"), [*SHAPES, [8, 32, 40]])
def test_forward_and_backward_equal_rnnlib(script, kind, init, D, H, T):
    cell, net, x, start = case(kind, D, H, T, init)
    trace = cell.forward(x, **start)
    assert reach(cell, trace) < 100  # not chaotic
    theirs = script.call("gated", "cellForward", args=[net, flat(x), *starts(start)])
    assert_traces_agree(theirs, trace)

    generator = seeded.Generator(9)
    dh = generator.normals(T * H).reshape(T, 1, H)
    lasts = {f"d{name[0]}_last": generator.normals(H).reshape(1, H) for name in start}
    grads = cell.backward(trace, dh, **lasts)
    back = script.call("gated", "cellBackward", args=[net, theirs, flat(dh), *map(flat, lasts.values())])
    assert_gradients_agree(back, grads)


@pytest.mark.parametrize("kind", GATED)
def test_without_a_start_the_states_are_zero_and_without_dh_only_the_last_counts(script, kind):
    cell, net, x, _ = case(kind, 3, 5, 9)
    trace = cell.forward(x)
    theirs = script.call("gated", "cellForward", args=[net, flat(x), None, None])
    assert_traces_agree(theirs, trace)
    back = script.call("gated", "cellBackward", args=[net, theirs, None, [1.0] * 5, None])
    assert_gradients_agree(back, cell.backward(trace, dh_last=np.ones((1, 5))))


@pytest.mark.parametrize(
    ("kind", "seed", "gain"), [("lstm", 4, 8.0), ("gru, reset after", 3, 8.0), ("gru, reset before", 3, 8.0)]
)
def test_a_chaotic_run_is_equal_step_by_step(script, kind, seed, gain):
    """Same states of t − 1 in, same states of t and gradients out, where the whole runs would part."""
    cell, net, x, start = case(kind, 1, 8, 120, "normal", gain, seed)
    trace = cell.forward(0.0 * x, **start)
    assert reach(cell, trace) > 1e4
    for t in range(1, len(x) + 1):
        before = {"h0": trace.h[t - 1]} | ({"c0": trace.c[t - 1]} if "c0" in start else {})
        one = cell.forward(x[t - 1 : t], **before)
        step = script.call("gated", "cellForward", args=[net, flat(x[t - 1]), *starts(before)])
        assert_traces_agree(step, one)
        lasts = {f"d{name[0]}_last": np.linspace(-1, 1, 8)[None] for name in start}
        back = script.call("gated", "cellBackward", args=[net, step, None, *map(flat, lasts.values())])
        assert_gradients_agree(back, cell.backward(one, **lasts))


@pytest.mark.parametrize("kind", GATED)
def test_overflow_is_named_as_rnnlib_names_it(script, kind):
    cell, net, x, start = case(kind, 2, 3, 6)
    cell.params["W_xh"][...] = 1e308
    net["params"]["W_xh"] = flat(cell.params["W_xh"])
    x[...], x[3] = 0.0, 10.0
    theirs = script.call("gated", "cellForward", args=[net, flat(x), *starts(start)])
    assert theirs["overflow"] == cell.forward(x, **start).overflow == 4


# ---- Parameters: bit for bit ----


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("init", INITS)
@pytest.mark.parametrize(
    ("seed", "D", "H", "gain"), [(0, 1, 1, 1.0), (7, 2, 3, 0.3), (2**31 - 1, 8, 24, 1.5)]
)
def test_weights_are_equal_bit_for_bit(script, kind, init, seed, D, H, gain):
    cell, options = KINDS[kind]
    ours = gated.cell_params(cell, seed, D, H, init, gain, **options)
    names = {"forget_bias": "forgetBias", "reset_after": "resetAfter"}
    translated = {names[name]: value for name, value in options.items()}
    theirs = script.call("gated", "cellParams", args=[cell, seed, D, H, init, gain, translated])
    assert theirs == flat_params(ours)


@pytest.mark.parametrize("kind", GATED)
def test_each_block_of_columns_is_drawn_as_an_rnn_draws_its_own(kind):
    D, H, (cell, options) = 4, 5, KINDS[kind]
    params, generator = gated.cell_params(cell, 3, D, H, "normal", 0.7, **options), seeded.Generator(3)
    for name, draw in (
        ("W_xh", lambda: seeded.input_weights(generator, D, H, "normal")),
        ("W_hh", lambda: seeded.recurrent_weights(generator, H, "normal", 0.7)),
    ):
        for block in np.split(params[name], len(gated.BLOCKS[cell]), axis=1):
            np.testing.assert_array_equal(block, draw())


def test_the_forget_bias_stands_in_its_block_and_b_hn_only_with_the_reset_after():
    assert gated.cell_params("lstm", 0, 1, 2, "uniform", forget_bias=3.0)["b_h"].tolist() == [
        0,
        0,
        3,
        3,
        0,
        0,
        0,
        0,
    ]
    assert gated.cell_params("gru", 0, 1, 2, "uniform")["b_hn"].tolist() == [0, 0]
    assert "b_hn" not in gated.cell_params("gru", 0, 1, 2, "uniform", reset_after=False)


# ---- Gates held at 0 or 1 ----


PINS = [
    ("lstm", {"f": 1}),
    ("lstm", {"i": 0, "o": 1}),
    ("gru", {"z": 0}),
    ("gru", {"r": 0}),
    ("gru", {"r": 1, "z": 1}),
]


@pytest.mark.parametrize(("cell", "pins"), PINS)
@pytest.mark.parametrize("reset_after", [True, False])
def test_a_held_gate_is_exact_passes_no_gradient_and_is_held_alike_in_both_languages(
    script, cell, pins, reset_after
):
    D, H, T = 3, 4, 7
    params = gated.cell_params(cell, 2, D, H, "orthogonal", reset_after=reset_after)
    held = gated.pinned(cell, params, pins)
    assert script.call("gated", "pinned", args=[net_of(cell, D, H, params), pins])["params"] == flat_params(
        held
    )

    made = gated.make_cell(cell, held)
    x = seeded.Generator(1).normals(T * D).reshape(T, 1, D)
    trace = made.forward(x)
    grads = made.backward(trace, np.ones((T, 1, H)))
    theirs = script.call("gated", "cellForward", args=[net_of(cell, D, H, held), flat(x), None, None])
    back = script.call(
        "gated", "cellBackward", args=[net_of(cell, D, H, held), theirs, [1.0] * (T * H), None, None]
    )
    assert_gradients_agree(back, grads)
    for gate, value in pins.items():
        assert set(theirs["gates"][gate]) == set(flat(trace.gates[gate])) == {value}
        block = slice(gated.BLOCKS[cell].index(gate) * H, (gated.BLOCKS[cell].index(gate) + 1) * H)
        assert not any(grads.params[name][..., block].any() for name in ("W_xh", "W_hh", "b_h"))


def test_an_lstm_that_keeps_all_and_writes_nothing_hands_its_gradient_back_unchanged(script):
    # f = 1 and i = 0 make c_t = c_{t−1}, so ∂c_T/∂c_0 is the identity, exactly.
    cell, net, x, start = case("lstm", 2, 4, 30)
    net = script.call("gated", "pinned", args=[net, {"f": 1, "i": 0}])
    theirs = script.call("gated", "cellForward", args=[net, flat(x), *starts(start)])
    assert theirs["c"] == flat(start["c0"]) * 31
    last = [1.0, -2.0, 0.5, 3.0]
    assert script.call("gated", "cellBackward", args=[net, theirs, None, None, last])["c"] == last * 31


@pytest.mark.parametrize("kind", ["gru, reset after", "gru, reset before"])
def test_a_gru_whose_update_gate_is_held_at_one_keeps_its_state(script, kind):
    # z = 1 makes h_t = h_{t−1}, so ∂h_T/∂h_0 is the identity, exactly.
    cell, net, x, start = case(kind, 2, 4, 30)
    net = script.call("gated", "pinned", args=[net, {"z": 1}])
    theirs = script.call("gated", "cellForward", args=[net, flat(x), flat(start["h0"]), None])
    assert theirs["h"] == flat(start["h0"]) * 31
    last = [1.0, -2.0, 0.5, 3.0]
    assert script.call("gated", "cellBackward", args=[net, theirs, None, last, None])["h"] == last * 31


def test_candidates_are_no_gates_that_could_be_held():
    with pytest.raises(KeyError, match="'g'; expected one of i, f, o"):
        gated.pinned("lstm", gated.cell_params("lstm", 0, 1, 1, "uniform"), {"g": 0})
    with pytest.raises(KeyError, match="expected one of none"):
        gated.pinned("rnn", gated.cell_params("rnn", 0, 1, 1, "uniform"), {"f": 0})
