"""Dropout: its mask, its expectation, and when it acts."""

import numpy as np
import pytest

import rnnlib


def test_without_rng_it_hands_everything_on_both_ways():
    layer, x, dy = rnnlib.Dropout(0.9), np.arange(12.0).reshape(2, 3, 2), np.ones((2, 3, 2))
    trace = layer.forward(x)
    assert trace.mask is None
    np.testing.assert_array_equal(trace.y, x)
    np.testing.assert_array_equal(layer.backward(trace, dy).x, dy)


@pytest.mark.parametrize("p", [0.0, 0.1, 0.5, 0.75])
def test_a_share_p_becomes_zero_and_the_rest_grows_by_one_over_one_minus_p(p):
    trace = rnnlib.Dropout(p).forward(np.full((50, 20, 40), 3.0), rng=1)
    dropped = trace.y == 0
    np.testing.assert_allclose(trace.y[~dropped], 3 / (1 - p))
    # 40,000 draws: five standard deviations of a share are at most 5 · √(p (1 − p) / 40,000) ≤ 0.0125
    assert abs(dropped.mean() - p) < 0.0125
    assert p == 0 or (dropped.any() and not dropped.all())


def test_the_expectation_over_masks_is_the_input():
    layer, x, rng = rnnlib.Dropout(0.3), np.array([[1.0, -2.0, 5.0]]), np.random.default_rng(2)
    mean = np.mean([layer.forward(x, rng=rng).y for _ in range(20_000)], axis=0)
    # a draw's standard deviation is |x| √(p / (1 − p)) = 0.65 |x|, that of the mean of 20,000 0.0046 |x|
    np.testing.assert_allclose(mean, x, rtol=5 * 0.0046)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_each_step_sequence_and_unit_draws_for_itself(axis):
    mask = rnnlib.Dropout(0.5).forward(np.ones((30, 30, 30)), rng=3).mask
    assert (mask.min(axis=axis) == 0).all()
    assert (mask.max(axis=axis) == 2).all()


def test_backward_uses_the_mask_that_forward_drew():
    layer, rng = rnnlib.Dropout(0.5), np.random.default_rng(4)
    x, dy = rng.standard_normal((2, 5, 4, 3))
    first = layer.forward(x, rng=rng)
    second = layer.forward(x, rng=rng)
    assert (first.mask != second.mask).any()
    np.testing.assert_array_equal(first.y, x * first.mask)
    np.testing.assert_array_equal(layer.backward(first, dy).x, dy * first.mask)


def test_a_seed_draws_the_same_mask_and_a_generator_moves_on():
    layer, x = rnnlib.Dropout(0.5), np.ones((4, 5, 6))
    np.testing.assert_array_equal(layer.forward(x, rng=7).mask, layer.forward(x, rng=7).mask)
    assert (layer.forward(x, rng=7).mask != layer.forward(x, rng=8).mask).any()


@pytest.mark.parametrize(
    ("given", "kept"), [(np.float32, np.float32), (np.float64, np.float64), (int, np.float64)]
)
def test_the_float_type_stays_and_whole_numbers_become_floats(given, kept):
    layer = rnnlib.Dropout(0.5)
    trace = layer.forward(np.ones((2, 3), given), rng=0)
    assert trace.y.dtype == trace.mask.dtype == layer.backward(trace, np.ones((2, 3))).x.dtype == kept


def test_the_trace_does_not_change_when_the_callers_array_does():
    x = np.ones((2, 3))
    trace = rnnlib.Dropout(0.5).forward(x)
    x[...] = 9
    assert (trace.y == 1).all()


def test_padding_is_never_read_first_in_a_stack_too():
    net = rnnlib.stack([rnnlib.Dropout(0.5), rnnlib.RNN(2, 3, rng=0)])
    x, spoilt = np.ones((2, 3, 2, 2))
    spoilt[1:, 0] = np.nan
    one, two = (net.forward(array, lengths=[1, 3], rng=5) for array in (x, spoilt))
    np.testing.assert_array_equal(one.y, two.y)
    grads = net.backward(two, np.ones((3, 2, 3)))
    assert (grads.x[1:, 0] == 0).all()
    assert np.isfinite(grads.params["1.W_xh"]).all()


def test_between_two_cells_it_leaves_the_path_from_state_to_state_alone():
    """The lower cell's states are those without dropout; the upper cell reads the masked ones (Zaremba et al. 2014)."""
    low, high = rnnlib.GRU(2, 3, rng=0), rnnlib.GRU(3, 4, rng=1)
    net, x = (
        rnnlib.stack([low, rnnlib.Dropout(0.5), high]),
        np.random.default_rng(6).standard_normal((5, 2, 2)),
    )
    trace = net.forward(x, rng=9)
    np.testing.assert_array_equal(trace.layers[0].y, low.forward(x).y)
    masked = low.forward(x).y * trace.layers[1].mask
    np.testing.assert_array_equal(trace.y, high.forward(masked).y)
    assert (trace.layers[1].mask == 0).any()
