"""The embedding: equal to a one-hot row times the matrix, forward and backward."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rnnlib


@st.composite
def problems(draw):
    """A layer, symbols, perhaps lengths."""
    T, B, V, D = (draw(st.integers(1, n)) for n in (5, 3, 4, 3))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    lengths = draw(st.none() | st.lists(st.integers(0, T), min_size=B, max_size=B))
    return rnnlib.Embedding(V, D, rng=rng), rng.integers(0, V, (T, B)), lengths, rng


def one_hot_rows(x, V, lengths):
    """(T, B, V): a 1 at each symbol, no 1 beyond an end."""
    rows = np.zeros((*x.shape, V))
    for t, b in np.ndindex(x.shape):
        if lengths is None or t < lengths[b]:
            rows[t, b, x[t, b]] = 1
    return rows


@given(problems())
def test_it_is_a_one_hot_row_times_the_matrix_forward_and_backward(problem):
    layer, x, lengths, rng = problem
    rows = one_hot_rows(x, layer.input_size, lengths)
    trace = layer.forward(x, lengths=lengths)
    np.testing.assert_allclose(trace.y, rows @ layer.params["W_e"], atol=1e-14)
    dy = rng.standard_normal(trace.y.shape)
    grads = layer.backward(trace, dy)
    np.testing.assert_allclose(grads.params["W_e"], np.einsum("tbv,tbd->vd", rows, dy), atol=1e-13)
    assert grads.x is None


@given(problems())
def test_its_gradient_equals_finite_differences(hold, problem):
    layer, x, lengths, rng = problem
    dy = rng.standard_normal((*x.shape, layer.output_size))
    grads = layer.backward(layer.forward(x, lengths=lengths), dy)
    loss = lambda: float((layer.forward(x, lengths=lengths).y * dy).sum())
    hold(loss, {"W_e": (grads.params["W_e"], layer.params["W_e"])})


def test_a_symbol_that_comes_three_times_collects_three_gradients_and_an_unused_one_none():
    layer = rnnlib.Embedding(4, 2, rng=0)
    trace = layer.forward([[2, 2], [0, 2]])
    dy = np.array([[[1.0, 10], [2, 20]], [[5, 50], [4, 40]]])
    expected = [[5, 50], [0, 0], [1 + 2 + 4, 10 + 20 + 40], [0, 0]]
    np.testing.assert_array_equal(layer.backward(trace, dy).params["W_e"], expected)


def test_what_lies_beyond_an_end_need_not_even_be_a_symbol():
    layer = rnnlib.Embedding(3, 2, rng=0)
    x, spoilt = np.array([[1, 2], [2, 0], [0, 0]]), np.array([[1, 2], [2, -7], [999, -1]])
    one, two = layer.forward(x, lengths=[2, 1]), layer.forward(spoilt, lengths=[2, 1])
    np.testing.assert_array_equal(one.y, two.y)
    assert (one.y[[1, 2, 2], [1, 0, 1]] == 0).all()
    dy = np.ones((3, 2, 2))
    np.testing.assert_array_equal(layer.backward(two, dy).params["W_e"], [[0, 0], [1, 1], [2, 2]])


@pytest.mark.parametrize("kind", [np.uint8, np.int32, np.int64])
def test_any_kind_of_whole_number_is_a_symbol_and_the_trace_keeps_its_own(kind):
    layer, x = rnnlib.Embedding(200, 2, rng=0), np.array([[199], [3]], kind)
    trace = layer.forward(x)
    x[...] = 0
    np.testing.assert_array_equal(trace.y[:, 0], layer.params["W_e"][[199, 3]])
    np.testing.assert_array_equal(layer.backward(trace, np.ones((2, 1, 2))).params["W_e"][3], [1, 1])


def test_its_matrix_starts_standard_normal_in_its_float_type():
    W_e = rnnlib.Embedding(400, 50, rng=0, dtype=np.float32).params["W_e"]
    assert W_e.dtype == np.float32
    assert abs(W_e.mean()) < 0.03
    assert abs(W_e.std() - 1) < 0.03


def test_under_a_cell_it_learns_as_one_hot_rows_under_a_wider_cell_would():
    embedding, cell, x = rnnlib.Embedding(5, 3, rng=0), rnnlib.GRU(3, 4, rng=1), [[4, 1], [0, 1], [4, 4]]
    net, dh_last = rnnlib.stack([embedding, cell]), np.ones((2, 4))
    grads = net.backward(net.forward(x), dh_last=[None, dh_last])
    assert grads.x is None
    wide = rnnlib.GRU(5, 4, rng=2)
    for name, array in cell.params.items():
        wide.params[name][...] = embedding.params["W_e"] @ array if name == "W_xh" else array
    trace = wide.forward(one_hot_rows(np.array(x), 5, None))
    np.testing.assert_allclose(net.forward(x).y, trace.y, atol=1e-14)
    by_wide = wide.backward(trace, dh_last=dh_last).params["W_xh"] @ cell.params["W_xh"].T
    np.testing.assert_allclose(grads.params["0.W_e"], by_wide, atol=1e-14)
