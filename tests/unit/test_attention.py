"""Attention: against loops over queries and keys, and finite differences."""

import cmath

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rnnlib


def by_loops(queries, keys, values, ends):
    """Weights and outputs by Vaswani et al. (2017), eq. 1, for one sequence and one query at a time."""
    (T_q, B, H), T_k, O = queries.shape, len(keys), values.shape[2]
    weights, y = np.zeros((T_q, B, T_k)), np.zeros((T_q, B, O))
    for t, b in np.ndindex(T_q, B):
        scores = [
            sum(queries[t, b, j] * keys[s, b, j] for j in range(H)) / cmath.sqrt(H).real
            for s in range(ends[b])
        ]
        total = sum(cmath.exp(score).real for score in scores)
        for s, score in enumerate(scores):
            weights[t, b, s] = cmath.exp(score).real / total
            y[t, b] += weights[t, b, s] * values[s, b]
    return weights, y


@st.composite
def problems(draw):
    """Queries, keys, values or none, perhaps lengths."""
    T_q, T_k, B, H, O = (draw(st.integers(1, n)) for n in (3, 5, 3, 3, 2))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    lengths = draw(st.none() | st.lists(st.integers(1, T_k), min_size=B, max_size=B))
    values = rng.standard_normal((T_k, B, O)) if draw(st.booleans()) else None
    return rng.standard_normal((T_q, B, H)), rng.standard_normal((T_k, B, H)), values, lengths, rng


@given(problems())
def test_weights_and_outputs_equal_loops(problem):
    queries, keys, values, lengths, _ = problem
    T_k, B, _ = keys.shape
    trace = rnnlib.Attention().forward(queries, keys, values, lengths=lengths)
    ends = [T_k] * B if lengths is None else lengths
    weights, y = by_loops(queries, keys, keys if values is None else values, ends)
    np.testing.assert_allclose(trace.weights, weights, atol=1e-14)
    np.testing.assert_allclose(trace.y, y, atol=1e-14)


@given(problems())
def test_weights_sum_to_one_over_real_places_and_are_exactly_zero_elsewhere(problem):
    queries, keys, values, lengths, _ = problem
    weights = rnnlib.Attention().forward(queries, keys, values, lengths=lengths).weights
    over = (
        np.arange(len(keys)) >= np.array([len(keys)] * keys.shape[1] if lengths is None else lengths)[:, None]
    )
    assert (weights[:, over] == 0).all()
    assert (weights[:, ~over] > 0).all()
    np.testing.assert_allclose(weights.sum(axis=-1), 1, atol=1e-14)


@given(problems())
@settings(max_examples=60)
def test_gradients_equal_finite_differences(hold, problem):
    queries, keys, values, lengths, rng = problem
    layer = rnnlib.Attention()
    trace = layer.forward(queries, keys, values, lengths=lengths)
    dy = rng.standard_normal(trace.y.shape)
    grads = layer.backward(trace, dy)
    loss = lambda: float((layer.forward(queries, keys, values, lengths=lengths).y * dy).sum())
    pairs = {"queries": (grads.x, queries), "keys": (grads.keys, keys)}
    hold(loss, pairs if values is None else pairs | {"values": (grads.values, values)})
    assert (grads.values is None) == (values is None)
    assert grads.params == {}


def test_padding_is_never_read_and_its_gradient_is_zero():
    rng, layer, lengths = np.random.default_rng(0), rnnlib.Attention(), [5, 2, 1]
    queries, keys, values = (rng.standard_normal(size) for size in [(2, 3, 4), (5, 3, 4), (5, 3, 2)])
    over = np.arange(5)[:, None] >= lengths
    spoilt = [np.where(over[:, :, None], np.nan, array) for array in (keys, values)]
    one, two = (
        layer.forward(queries, keys, values, lengths=lengths),
        layer.forward(queries, *spoilt, lengths=lengths),
    )
    np.testing.assert_array_equal(one.y, two.y)
    grads = layer.backward(two, np.ones((2, 3, 2)))
    assert (grads.keys[over] == 0).all()
    assert (grads.values[over] == 0).all()
    assert (grads.values[~over] != 0).all()


def test_a_key_like_the_query_draws_the_weight_to_itself():
    keys = 20 * np.eye(4)[:, None]
    weights = rnnlib.Attention().forward(keys, keys).weights
    np.testing.assert_allclose(weights[:, 0], np.eye(4), atol=1e-12)


def test_scores_far_beyond_the_range_of_exp_give_finite_weights():
    trace = rnnlib.Attention().forward([[[1e3]], [[-1e3]]], [[[2e3]], [[1e3]]])
    np.testing.assert_array_equal(trace.weights[:, 0], [[1, 0], [0, 1]])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_everything_is_computed_in_its_float_type(dtype):
    layer = rnnlib.Attention(dtype=dtype)
    trace = layer.forward(np.ones((2, 1, 3)), np.ones((4, 1, 3)), lengths=[3])
    grads = layer.backward(trace, np.ones((2, 1, 3)))
    assert {array.dtype for array in (trace.y, trace.weights, grads.x, grads.keys)} == {np.dtype(dtype)}
