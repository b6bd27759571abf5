"""Convolution over time: against loops over each sequence alone, and finite differences."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import rnnlib

PADDING = ("same", "causal", "valid")


def by_loops(layer, one):
    """The outputs (T′, O) of one sequence (T, D) alone, term by term; where the window leaves it, it sees 0."""
    (T, D), W_c = one.shape, layer.params["W_c"]
    width, _, O = W_c.shape
    before = {"same": (width - 1) // 2, "causal": width - 1, "valid": 0}[layer.padding]
    firsts = [t - before for t in range(0, T, layer.stride)]
    if layer.padding == "valid":
        firsts = [first for first in firsts if first + width <= T]
    rows = []
    for first in firsts:
        y = layer.params["b_c"].copy()
        for k in range(width):
            for d in range(D) if 0 <= first + k < T else ():
                for o in range(O):
                    y[o] += one[first + k, d] * W_c[k, d, o]
        rows.append(y)
    return np.array(rows).reshape(-1, O)


@st.composite
def problems(draw):
    """A layer, x, perhaps lengths."""
    T, B, D, O, width, stride = (draw(st.integers(1, n)) for n in (7, 3, 2, 3, 4, 3))
    padding = draw(st.sampled_from(PADDING))
    assume(padding != "valid" or width <= T)
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    layer = rnnlib.Conv1D(D, O, width, stride=stride, padding=padding, rng=rng)
    layer.params["b_c"][...] = rng.standard_normal(O)
    lengths = draw(st.none() | st.lists(st.integers(0, T), min_size=B, max_size=B))
    return layer, rng.standard_normal((T, B, D)), lengths, rng


@given(problems())
def test_outputs_and_their_lengths_are_those_of_each_sequence_alone(problem):
    layer, x, lengths, _ = problem
    trace = layer.forward(x, lengths=lengths)
    for b in range(x.shape[1]):
        alone = by_loops(layer, x[: None if lengths is None else lengths[b], b])
        np.testing.assert_allclose(trace.y[: len(alone), b], alone, atol=1e-13)
        if lengths is not None:
            assert trace.lengths[b] == len(alone)
            assert (trace.y[len(alone) :, b] == 0).all()
        else:
            assert len(trace.y) == len(alone)
    assert (trace.lengths is None) == (lengths is None)


@given(problems())
@settings(max_examples=60)
def test_gradients_equal_finite_differences(hold, problem):
    layer, x, lengths, rng = problem
    trace = layer.forward(x, lengths=lengths)
    dy = rng.standard_normal(trace.y.shape)
    grads = layer.backward(trace, dy)
    loss = lambda: float((layer.forward(x, lengths=lengths).y * dy).sum())
    hold(
        loss,
        {name: (grads.params[name], array) for name, array in layer.params.items()} | {"x": (grads.x, x)},
    )


@pytest.mark.parametrize("padding", PADDING)
def test_padding_of_ragged_sequences_is_never_read_and_its_gradient_is_zero(padding):
    rng = np.random.default_rng(0)
    layer = rnnlib.Conv1D(2, 3, 3, padding=padding, rng=rng)
    x, lengths = rng.standard_normal((6, 4, 2)), [6, 4, 0, 2]
    over = np.arange(6)[:, None] >= lengths
    one = layer.forward(x, lengths=lengths)
    two = layer.forward(np.where(over[:, :, None], np.nan, x), lengths=lengths)
    np.testing.assert_array_equal(one.y, two.y)
    dy = rng.standard_normal(one.y.shape)
    grads = layer.backward(two, dy)
    assert (grads.x[over] == 0).all()
    assert (grads.x[:, 0] != 0).all()
    np.testing.assert_array_equal(grads.params["W_c"], layer.backward(one, dy).params["W_c"])


def test_causal_windows_see_no_future_and_centred_ones_do():
    rng, changed = np.random.default_rng(1), {}
    x = rng.standard_normal((9, 1, 2))
    later = x.copy()
    later[5] += 1
    for padding in PADDING:
        layer = rnnlib.Conv1D(2, 3, 3, padding=padding, rng=2)
        difference = layer.forward(x).y != layer.forward(later).y
        changed[padding] = np.flatnonzero(difference.any(axis=(1, 2))).tolist()
    assert changed == {"causal": [5, 6, 7], "same": [4, 5, 6], "valid": [3, 4, 5]}


def test_the_last_place_of_a_causal_window_is_the_step_itself():
    layer = rnnlib.Conv1D(1, 1, 3, padding="causal", rng=0)
    layer.params["W_c"][...] = np.array([100.0, 10.0, 1.0])[:, None, None]
    np.testing.assert_array_equal(
        layer.forward(np.array([[[1.0]], [[2.0]], [[3.0]]])).y.ravel(), [1, 12, 123]
    )


def test_weights_start_within_one_over_the_root_of_width_times_D():
    params = rnnlib.Conv1D(20, 30, 5, rng=0).params
    assert 0.099 < np.abs(params["W_c"]).max() <= 0.1
    assert (params["b_c"] == 0).all()


def test_a_stack_hands_the_shorter_lengths_on():
    rng = np.random.default_rng(3)
    conv, cell = rnnlib.Conv1D(2, 3, 3, stride=2, padding="valid", rng=0), rnnlib.GRU(3, 4, rng=1)
    net, x, lengths = rnnlib.stack([conv, cell]), rng.standard_normal((8, 4, 2)), [8, 5, 2, 7]
    trace = net.forward(x, lengths=lengths)
    assert trace.lengths.tolist() == [3, 2, 0, 3]
    for b, length in enumerate(lengths):
        inner = by_loops(conv, x[:length, b])
        state = cell.forward(inner[:, None]).h_last[0] if len(inner) else np.zeros(4)
        np.testing.assert_allclose(trace.h_last[1][b], state, atol=1e-13)


def test_states_that_overflowed_below_pass_through():
    cell = rnnlib.RNN(1, 1, activation="identity", rng=0)
    cell.params["W_xh"][...], cell.params["W_hh"][...] = 1.0, 1e200
    net = rnnlib.stack([cell, rnnlib.Conv1D(1, 1, 2, padding="causal", rng=0)])
    trace = net.forward(np.ones((4, 1, 1)))
    assert trace.overflow == 3
    with pytest.raises(FloatingPointError, match="t = 3"):
        rnnlib.mse(trace.y, np.zeros((4, 1, 1)))
