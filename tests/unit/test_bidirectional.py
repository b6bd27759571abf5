"""Bidirectional layers: each sequence read alone, both ways, by one cell at a time; and finite differences."""

import copy

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rnnlib

CELLS = (rnnlib.RNN, rnnlib.GRU, rnnlib.LSTM)


def pair(kind, D, H, other, rng, **options):
    """A layer whose biases are random too, so that a start from zeros is no special case."""
    both = rnnlib.bidirectional(kind(D, H, rng=rng, **options), kind(D, other, rng=rng, **options))
    for array in both.params.values():
        array[...] = rng.normal(0, 0.7, array.shape)
    return both


@st.composite
def problems(draw):
    """A layer, x, perhaps lengths, perhaps starting states."""
    T, B, D, H, other = (draw(st.integers(1, n)) for n in (5, 3, 2, 3, 3))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    kind = draw(st.sampled_from(CELLS))
    both = pair(kind, D, H, other, rng, learn_h0=draw(st.booleans()))
    lengths = draw(st.none() | st.lists(st.integers(0, T), min_size=B, max_size=B))
    names = ("h0", "c0") if kind is rnnlib.LSTM else ("h0",)
    starts = {name: rng.standard_normal((B, H + other)) for name in names if draw(st.booleans())}
    return both, rng.standard_normal((T, B, D)), starts, lengths, rng


@given(problems())
def test_each_half_is_a_cell_on_that_sequence_alone_forward_or_reversed(problem):
    both, x, starts, lengths, _ = problem
    trace = both.forward(x, **starts, lengths=lengths)
    (T, B, _), H = x.shape, both.fwd.hidden_size
    ends = [T] * B if lengths is None else lengths
    assert trace.y.shape == (T, B, H + both.bwd.hidden_size)
    for b in range(B):
        one = x[: ends[b], b : b + 1]
        if not len(one):
            continue
        cut = lambda half, b=b: {name: start[b : b + 1, half] for name, start in starts.items()}
        fwd = both.fwd.forward(one, **cut(slice(H)))
        bwd = both.bwd.forward(one[::-1], **cut(slice(H, None)))
        np.testing.assert_allclose(trace.y[: ends[b], b, :H], fwd.y[:, 0], atol=1e-13)
        np.testing.assert_allclose(trace.y[: ends[b], b, H:], bwd.y[::-1, 0], atol=1e-13)
        np.testing.assert_allclose(trace.h_last[b], np.r_[fwd.h_last[0], bwd.h_last[0]], atol=1e-13)
        if "c0" in both.takes:
            np.testing.assert_allclose(trace.c_last[b], np.r_[fwd.c_last[0], bwd.c_last[0]], atol=1e-13)


@given(problems(), st.sets(st.sampled_from(["dy", "dh_last", "dc_last"]), min_size=1))
@settings(max_examples=40)
def test_gradients_equal_finite_differences(hold, problem, given_):
    both, x, starts, lengths, rng = problem
    trace = both.forward(x, **starts, lengths=lengths)
    outputs = {"dy": "y", "dh_last": "h_last"} | ({"dc_last": "c_last"} if "c0" in both.takes else {})
    weights = {
        name: rng.standard_normal(getattr(trace, outputs[name]).shape)
        for name in sorted(given_ & set(outputs) or {"dy"})
    }

    def loss():
        trace = both.forward(x, **starts, lengths=lengths)
        return sum(float((getattr(trace, outputs[name]) * w).sum()) for name, w in weights.items())

    grads = both.backward(trace, **weights)
    pairs = {name: (grads.params[name], array) for name, array in both.params.items()}
    pairs |= {name: (getattr(grads, name), start) for name, start in starts.items()}
    hold(loss, {"x": (grads.x, x), **pairs})


@pytest.mark.parametrize("kind", CELLS)
def test_padding_is_never_read_and_its_gradient_is_zero(kind):
    rng = np.random.default_rng(0)
    both, x, lengths = pair(kind, 2, 3, 4, rng), rng.standard_normal((5, 4, 2)), [5, 3, 0, 1]
    over = np.arange(5)[:, None] >= lengths
    spoilt = np.where(over[:, :, None], np.nan, x)
    one, two = both.forward(x, lengths=lengths), both.forward(spoilt, lengths=lengths)
    np.testing.assert_array_equal(one.y, two.y)
    dy = rng.standard_normal(one.y.shape)
    grads, again = both.backward(one, dy), both.backward(two, dy)
    assert (grads.x[over] == 0).all()
    assert (grads.x[~over] != 0).all()
    for name, gradient in grads.params.items():
        np.testing.assert_array_equal(gradient, again.params[name])


def test_the_first_output_depends_on_the_last_input():
    rng = np.random.default_rng(1)
    both, x = pair(rnnlib.GRU, 2, 3, 3, rng), rng.standard_normal((6, 1, 2))
    before = both.forward(x).y[0, 0]
    x[-1] += 1
    after = both.forward(x).y[0, 0]
    np.testing.assert_array_equal(before[:3], after[:3])
    assert (before[3:] != after[3:]).all()


def test_params_are_the_cells_own_arrays_also_in_a_copy():
    both = pair(rnnlib.LSTM, 2, 3, 3, np.random.default_rng(2))
    for layer in (both, copy.deepcopy(both)):
        assert len(layer.params) == 6
        for name, array in layer.params.items():
            part, _, name = name.partition(".")
            assert getattr(layer, part).params[name] is array


def test_within_a_stack_states_and_their_gradients_go_through_as_halves():
    rng = np.random.default_rng(3)
    both = pair(rnnlib.LSTM, 2, 3, 3, rng)
    net, x = rnnlib.stack([both, rnnlib.Readout(6, 2, rng=0)]), rng.standard_normal((4, 2, 2))
    h0, c0, dh_last, dc_last = rng.standard_normal((4, 2, 6))
    trace = net.forward(x, [h0, None], [c0, None], lengths=[4, 2])
    alone = both.forward(x, h0, c0, lengths=[4, 2])
    np.testing.assert_array_equal(trace.layers[0].y, alone.y)
    np.testing.assert_array_equal(trace.c_last[0], alone.c_last)
    grads = net.backward(trace, dh_last=[dh_last, None], dc_last=[dc_last, None])
    expected = both.backward(alone, dh_last=dh_last, dc_last=dc_last)
    np.testing.assert_array_equal(grads.params["0.bwd.W_hh"], expected.params["bwd.W_hh"])
    np.testing.assert_array_equal(grads.c0[0], expected.c0)


def test_overflow_in_either_direction_is_kept_and_named():
    cells = [rnnlib.RNN(1, 1, activation="identity", rng=0) for _ in range(4)]
    for cell in cells:
        cell.params["W_xh"][...], cell.params["W_hh"][...] = 1.0, 0.5
    cells[1].params["W_hh"][...] = 1e200
    net = rnnlib.stack([rnnlib.bidirectional(*cells[:2]), rnnlib.Readout(2, 1, rng=0)])
    trace = net.forward(np.ones((4, 1, 1)))
    assert trace.layers[0].fwd.overflow is None
    assert trace.overflow == trace.layers[0].bwd.overflow == 3
    assert np.isfinite(trace.layers[0].y[2:]).all()  # the backward cell's third step is the sequence's second
    assert not np.isfinite(trace.layers[0].y[1]).all()


def test_gradients_that_overflowed_above_pass_through_a_bidirectional_layer():
    above = rnnlib.RNN(2, 1, activation="identity", rng=0)
    above.params["W_hh"][...] = 1e200
    both = rnnlib.bidirectional(rnnlib.RNN(1, 1, rng=0), rnnlib.RNN(1, 1, rng=1))
    net = rnnlib.stack([both, above])
    grads = net.backward(net.forward(np.zeros((4, 1, 1))), dh_last=[None, np.ones((1, 1))])
    assert not np.isfinite(grads.params["0.fwd.b_h"]).all()
