"""Optimisers and clipping: by their formulas, in place, all or nothing."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rnnlib

MAKERS = {
    "SGD": lambda: rnnlib.SGD(lr=0.1),
    "momentum": lambda: rnnlib.SGD(lr=0.1, momentum=0.9),
    "Adagrad": lambda: rnnlib.Adagrad(lr=0.1),
    "Adam": lambda: rnnlib.Adam(lr=0.1),
}


def params():
    return {"W": np.array([[1.0, -2.0], [3.0, 0.5]]), "b": np.array([0.25, -1.0])}


def grads(scale=1.0):
    return {"W": scale * np.array([[0.5, 1.0], [-1.5, 2.0]]), "b": scale * np.array([1.0, -0.5])}


@pytest.mark.parametrize("name", MAKERS)
def test_a_step_goes_downhill_in_place_and_leaves_the_gradients_alone(name):
    p, g = params(), grads()
    arrays, before = dict(p), {key: array.copy() for key, array in p.items()}
    MAKERS[name]().step(p, g)
    for key, array in arrays.items():
        assert p[key] is array
        assert (np.sign(array - before[key]) == -np.sign(g[key])).all()
        np.testing.assert_array_equal(g[key], grads()[key])


@pytest.mark.parametrize("name", MAKERS)
def test_every_optimiser_finds_the_minimum_of_a_bowl(name):
    p, optimiser = params(), MAKERS[name]()
    for _ in range(2000):
        optimiser.step(p, {key: 2 * array for key, array in p.items()})
    assert max(np.abs(array).max() for array in p.values()) < 1e-3


@pytest.mark.parametrize("name", MAKERS)
def test_a_refused_update_changes_nothing_and_the_next_goes_on_as_if_it_had_not_been(name):
    steady, interrupted = MAKERS[name](), MAKERS[name]()
    p, q = params(), params()
    bad = grads()
    bad["b"] = np.array([1.0, np.nan])  # b is checked after W: W must not have moved
    for i in range(3):
        steady.step(p, grads(i + 1))
        interrupted.step(q, grads(i + 1))
        before = {key: array.copy() for key, array in q.items()}
        with pytest.raises(FloatingPointError, match=rf'grads\["b"\] .* update {i + 2}'):
            interrupted.step(q, bad)
        for key in q:
            np.testing.assert_array_equal(q[key], before[key])
    for key in p:
        np.testing.assert_array_equal(p[key], q[key])


@pytest.mark.parametrize(
    ("name", "value"), [("SGD", 1e308), ("momentum", 1e308), ("Adagrad", 1e200), ("Adam", 1e200)]
)
def test_an_update_that_overflows_is_refused_by_parameter_and_update(name, value):
    p, optimiser = params(), MAKERS[name]()
    optimiser.lr = 1e5
    before = {key: array.copy() for key, array in p.items()}
    with pytest.raises(FloatingPointError, match=r'params\["b"\] is not finite at update 1; expected'):
        optimiser.step(p, {"W": np.zeros((2, 2)), "b": np.array([value, value])})
    for key in p:
        np.testing.assert_array_equal(p[key], before[key])
    assert optimiser.updates == 0


@pytest.mark.parametrize("name", MAKERS)
def test_names_and_shapes_may_not_change_between_updates(name):
    p, optimiser = params(), MAKERS[name]()
    optimiser.step(p, grads())
    for other in (
        {"W": np.ones((2, 2))},
        {"W": np.ones((3, 2)), "b": np.ones(2)},
        {**params(), "c": np.ones(1)},
    ):
        with pytest.raises(ValueError, match="as in the first update"):
            optimiser.step(other, {key: np.ones_like(array) for key, array in other.items()})


@pytest.mark.parametrize("name", MAKERS)
def test_float32_parameters_stay_float32(name):
    p, optimiser = {"W": np.ones((2, 2), np.float32)}, MAKERS[name]()
    for _ in range(2):
        optimiser.step(p, {"W": np.ones((2, 2))})
    assert p["W"].dtype == np.float32
    assert (p["W"] < 1).all()


def test_a_grads_steps_its_cell():
    cell = rnnlib.RNN(2, 3, rng=0)
    before = cell.params["W_hh"].copy()
    result = cell.backward(cell.forward(np.ones((4, 1, 2))), np.ones((4, 1, 3)))
    rnnlib.SGD(lr=0.1).step(cell.params, result)
    np.testing.assert_allclose(cell.params["W_hh"], before - 0.1 * result.params["W_hh"], atol=1e-15)


def test_the_first_step_of_adam_is_lr_whatever_the_gradients_size():
    for size in (1e-3, 1.0, 1e5):
        p = {"b": np.zeros(2)}
        rnnlib.Adam(lr=0.1).step(p, {"b": np.array([size, -size])})
        np.testing.assert_allclose(p["b"], [-0.1, 0.1], rtol=1e-4)


def test_numbers_from_outside_steer_the_next_step():
    p, optimiser = {"b": np.array([1.0])}, rnnlib.SGD(lr=0.1)
    optimiser.lr = 0.5
    optimiser.step(p, {"b": np.array([1.0])})
    assert p["b"][0] == 0.5


# ---- clipping


def test_the_norm_is_that_of_all_gradients_as_one_vector():
    everything = np.concatenate([array.ravel() for array in grads().values()])
    assert rnnlib.grad_norm(grads()) == pytest.approx(np.linalg.norm(everything), rel=1e-15)
    assert rnnlib.grad_norm({}) == 0.0
    assert rnnlib.grad_norm({"W": np.zeros(3)}) == 0.0


@given(st.floats(-300, 300), st.floats(0.01, 100))
def test_clipping_by_norm_keeps_the_direction_at_any_scale(exponent, max_norm):
    g, unit = grads(10.0**exponent), grads()
    before = rnnlib.clip_grad_norm(g, max_norm)
    assert before == pytest.approx(10.0**exponent * rnnlib.grad_norm(unit), rel=1e-12)
    length = min(before, max_norm)
    for key, array in g.items():
        np.testing.assert_allclose(array, unit[key] * length / rnnlib.grad_norm(unit), rtol=1e-12)


@given(st.integers(0, 10**6), st.sampled_from([1.0, 1.5]))
def test_gradients_within_the_norm_are_left_to_the_last_bit(seed, slack):
    g = {"W": np.random.default_rng(seed).standard_normal((3, 3))}
    kept = g["W"].copy()
    rnnlib.clip_grad_norm(g, slack * rnnlib.grad_norm(g))
    np.testing.assert_array_equal(g["W"], kept)


def test_the_norm_of_the_largest_numbers_still_clips_to_max_norm():
    g = {"W": np.array([1.7e308, 1.7e308])}
    rnnlib.clip_grad_norm(g, 1.0)
    np.testing.assert_allclose(g["W"], np.sqrt([0.5, 0.5]))


def test_clipping_by_value_bounds_every_entry_and_no_other():
    g = grads()
    rnnlib.clip_grad_value(g, 1.0)
    np.testing.assert_array_equal(g["W"], [[0.5, 1.0], [-1.0, 1.0]])


@pytest.mark.parametrize("clip", [rnnlib.clip_grad_norm, rnnlib.clip_grad_value])
@pytest.mark.parametrize("make", [lambda g: g, lambda g: rnnlib.Grads(g, None)], ids=["dict", "Grads"])
def test_clipping_refuses_what_is_not_finite_before_changing_anything(clip, make):
    g = {"W": np.array([30.0, 40.0]), "b": np.array([np.inf])}
    with pytest.raises(FloatingPointError, match=r'grads\["b"\] holds inf'):
        clip(make(g), 1.0)
    np.testing.assert_array_equal(g["W"], [30.0, 40.0])


def test_clipping_works_on_a_grads_and_on_a_stacks():
    net = rnnlib.stack([rnnlib.RNN(2, 3, rng=0), rnnlib.Readout(3, 1, rng=0)])
    result = net.backward(net.forward(np.ones((4, 1, 2))), np.full((4, 1, 1), 100.0))
    before = rnnlib.clip_grad_norm(result, 0.5)
    assert before > 0.5
    assert rnnlib.grad_norm(result) == pytest.approx(0.5)
    assert rnnlib.grad_norm(result.params) == pytest.approx(0.5)


@pytest.mark.parametrize("tied", [lambda g: g, lambda g: g[:], lambda g: g.T, lambda g: g[0]])
def test_an_array_under_two_names_is_clipped_once(tied):
    shared = np.array([[30.0, 40.0], [0.0, 0.0]])
    g = {"0.W": shared, "1.W": tied(shared), "b": np.array([120.0])}
    kept = shared.copy()
    before = rnnlib.clip_grad_norm(g, 13.0)
    assert before == pytest.approx(np.sqrt(2 * 50**2 + 120**2))  # each name counts
    np.testing.assert_allclose(shared, kept * 13 / before)
    assert rnnlib.grad_norm(g) == pytest.approx(13.0)


def test_clipping_float32_gradients_keeps_their_type():
    g = {"W": np.full(3, 1e30, np.float32)}  # their squares overflow float32
    assert rnnlib.clip_grad_norm(g, 1.0) == pytest.approx(np.sqrt(3) * 1e30)
    assert g["W"].dtype == np.float32
    np.testing.assert_allclose(g["W"], np.full(3, 3**-0.5), rtol=1e-6)


@pytest.mark.parametrize("name", MAKERS)
def test_an_optimiser_goes_on_from_its_state_as_if_it_had_never_stopped(name):
    steady, first, second = MAKERS[name](), MAKERS[name](), MAKERS[name]()
    p, q = params(), params()
    for i in range(3):
        steady.step(p, grads(i + 1))
        first.step(q, grads(i + 1))
    state = first.state(q)
    for array in first.state(q).values():
        array[...] = -1  # what it hands out are copies
    second.load_state(q, state)
    for i in range(3, 6):
        steady.step(p, grads(i + 1))
        second.step(q, grads(i + 1))
    for key in p:
        np.testing.assert_array_equal(p[key], q[key])
    assert second.updates == steady.updates == 6
    np.testing.assert_array_equal(state["updates"], 3)


def test_a_state_of_another_optimiser_or_other_parameters_is_refused():
    momentum, adam = MAKERS["momentum"](), MAKERS["Adam"]()
    momentum.step(params(), grads())
    state = momentum.state(params())
    with pytest.raises(ValueError, match=r"state lacks \['1/W', '1/b'\].*expected"):
        adam.load_state(params(), state)
    with pytest.raises(ValueError, match=r'"0/W"\] has shape \(2, 2\); expected \(3, 2\)'):
        MAKERS["momentum"]().load_state({"W": np.ones((3, 2)), "b": np.ones(2)}, state)
    assert adam.updates == 0
