"""gradcheck: finds planted errors, says where, and leaves the parameters as they were."""

import numpy as np
import pytest

import rnnlib


def bowl(params, factor=2.0):
    loss = sum(float((array**2).sum()) for array in params.values())
    return loss, {name: factor * array for name, array in params.items()}


def params():
    rng = np.random.default_rng(0)
    return {"W": rng.standard_normal((2, 3)), "b": rng.standard_normal(3)}


def test_right_gradients_pass_with_a_small_error_for_every_parameter():
    report = rnnlib.gradcheck(bowl, params())
    assert report
    assert report.passed
    assert report.max_error < 1e-8
    assert set(report) == {"W", "b"}
    assert report["W"].entries == 6


def test_one_wrong_entry_is_found_and_named_with_both_values():
    def f(p):
        loss, grads = bowl(p)
        grads["W"][1, 2] += 0.5
        return loss, grads

    p = params()
    report = rnnlib.gradcheck(f, p)
    assert not report
    assert report["W"].index == (1, 2)
    assert report["W"].numeric == pytest.approx(2 * p["W"][1, 2])
    assert report["W"].analytic == pytest.approx(2 * p["W"][1, 2] + 0.5)
    assert report["b"].error < 1e-8
    assert "DIFFER" in str(report)
    assert "W: " in str(report)
    assert "[1, 2]" in str(report)


@pytest.mark.parametrize("factor", [0.0, -2.0, 1.0, 2.001, np.nan, np.inf])
def test_wrong_gradients_fail(factor):
    assert not rnnlib.gradcheck(lambda p: bowl(p, factor), params())


def test_a_planted_bug_in_a_cells_backward_is_found():
    cell, x = rnnlib.RNN(2, 3, rng=0), np.random.default_rng(0).standard_normal((5, 2, 2))

    def loss(params, window=None):
        trace = cell.forward(x)
        return float((trace.y**2).sum()), cell.backward(trace, 2 * trace.y, window=window)

    assert rnnlib.gradcheck(loss, cell.params)
    truncated = rnnlib.gradcheck(lambda p: loss(p, window=2), cell.params)  # truncation is not the gradient
    assert not truncated
    assert truncated["W_hh"].error > 1e-3


def test_a_parameter_that_does_not_matter_is_named_and_does_not_fail():
    p = {"W": np.ones(2), "idle": np.ones(2)}
    report = rnnlib.gradcheck(lambda q: (float(q["W"] @ q["W"]), {"W": 2 * q["W"], "idle": np.zeros(2)}), p)
    assert report
    assert not report["idle"].used
    assert "idle: the loss does not depend on it at all (does f read its argument?)" in str(report)


def test_an_f_that_does_not_read_its_argument_fails():
    frozen = {"W": np.ones(2)}
    report = rnnlib.gradcheck(lambda q: (2.0, {"W": np.zeros(2)}), frozen)
    assert not report
    assert "does f read its argument?" in str(report)
    assert not rnnlib.gradcheck(lambda q: (2.0, {"W": np.ones(2)}), frozen)


def test_a_parameter_at_the_bottom_of_a_bowl_matters_although_its_slope_is_0():
    report = rnnlib.gradcheck(bowl, {"W": np.zeros(2)})
    assert report
    assert report["W"].used


def test_parameters_come_back_exactly_also_if_f_raises():
    p, calls = params(), []

    def f(q):
        calls.append(1)
        if len(calls) == 6:
            raise RuntimeError("f stops here")
        return bowl(q)

    before = {name: array.tobytes() for name, array in p.items()}
    arrays = dict(p)
    with pytest.raises(RuntimeError, match="f stops here"):
        rnnlib.gradcheck(f, p)
    rnnlib.gradcheck(bowl, p)
    assert {name: array.tobytes() for name, array in p.items()} == before
    assert all(p[name] is array for name, array in arrays.items())


def test_a_sample_of_entries_is_checked_on_demand():
    seen = []
    p = {"W": np.ones((10, 10)), "b": np.ones(3)}
    report = rnnlib.gradcheck(lambda q: (seen.append(1), bowl(q))[1], p, max_entries=7, rng=0)
    assert report["W"].entries == 7
    assert report["b"].entries == 3
    assert len(seen) == 2 + 2 * (7 + 3)


def test_float32_parameters_are_checked_with_steps_and_tolerance_to_match():
    cell = rnnlib.RNN(2, 3, rng=0, dtype=np.float32)
    x = np.random.default_rng(0).standard_normal((4, 2, 2))

    def f(params):
        trace = cell.forward(x)
        return float((trace.y**2).sum()), cell.backward(trace, 2 * trace.y)

    assert rnnlib.gradcheck(f, cell.params)
    wrong = lambda q: (f(q)[0], {name: 1.1 * g for name, g in f(q)[1].params.items()})
    assert not rnnlib.gradcheck(wrong, cell.params)


def test_gradients_kept_in_a_buffer_that_f_reuses_are_judged_as_returned():
    buffer = np.empty(2)

    def f(q):
        buffer[...] = 2 * q["W"]
        return float(q["W"] @ q["W"]), {"W": buffer}

    assert rnnlib.gradcheck(f, {"W": np.array([1.0, 2.0])})
    assert rnnlib.gradcheck(f, {"W": np.array([1.0, 2.0])})["W"].error < 1e-8


def test_strided_parameters_are_perturbed_in_their_own_memory():
    base = np.ones((3, 4))
    assert rnnlib.gradcheck(bowl, {"W": base.T[::2]})
    assert (base == 1.0).all()


def linear(slopes, claimed):
    """A loss whose gradient is `slopes`, and which claims another."""
    return lambda p: (float(p["b"].astype(np.float64) @ slopes), {"b": np.array(claimed)})


def test_small_entries_are_measured_against_themselves_and_tiny_ones_against_the_largest():
    slopes = np.array([1.0, 1e-2, 1e-9])
    assert rnnlib.gradcheck(linear(slopes, slopes), {"b": np.ones(3)})
    wrong = rnnlib.gradcheck(linear(slopes, [1.0, 1.01e-2, 1e-9]), {"b": np.ones(3)})
    assert wrong["b"].index == (1,)
    assert wrong["b"].error == pytest.approx(0.01, rel=0.02)
    assert rnnlib.gradcheck(linear(slopes, [1.0, 1e-2, 1.5e-9]), {"b": np.ones(3)})  # 5e-10 beside 1e-3


def test_the_step_is_measured_as_rounded_so_large_float32_parameters_pass():
    slopes = np.array([3.0, 1.0])
    report = rnnlib.gradcheck(linear(slopes, slopes), {"b": np.array([1001.3, 999.7], np.float32)})
    assert report.max_error < 1e-8
