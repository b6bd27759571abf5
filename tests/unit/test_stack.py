"""Stacks of every kind of layer: states per layer, lengths that change, what draws, and gradients through all."""

import copy

import numpy as np
import pytest

import rnnlib

X = np.array([[0, 3, 1], [2, 2, 0], [4, 1, 3], [1, 0, 0], [3, 4, 2], [0, 1, 1], [2, 0, 3]])  # (T, B) = (7, 3)


def net_of_all(dtype=np.float64):
    """An embedding, both directions, dropout, a convolution that shortens, an LSTM and a readout."""
    both = rnnlib.bidirectional(rnnlib.LSTM(3, 2, rng=1, dtype=dtype), rnnlib.LSTM(3, 3, rng=2, dtype=dtype))
    conv = rnnlib.Conv1D(5, 4, 3, stride=2, padding="valid", rng=3, dtype=dtype)
    return rnnlib.stack([
        rnnlib.Embedding(5, 3, rng=0, dtype=dtype), both, rnnlib.Dropout(0.3), conv,
        rnnlib.LSTM(4, 3, rng=4, dtype=dtype), rnnlib.Readout(3, 2, rng=5, dtype=dtype),
    ])  # fmt: skip


def starts(rng):
    """h0 and c0 for a batch of 3, for the two layers that have a state."""
    per_layer = lambda: [None, rng.standard_normal((3, 5)), None, None, rng.standard_normal((3, 3)), None]
    return per_layer(), per_layer()


@pytest.mark.parametrize("lengths", [None, [7, 2, 5], [7, 3, 0]])
def test_gradients_through_every_layer_equal_finite_differences(hold, lengths):
    rng = np.random.default_rng(0)
    net, (h0, c0), (dh_last, dc_last) = net_of_all(), starts(rng), starts(rng)
    trace = net.forward(X, h0, c0, lengths=lengths, rng=6)
    dy = rng.standard_normal(trace.y.shape)

    def loss():
        trace = net.forward(X, h0, c0, lengths=lengths, rng=6)
        ends = [*zip(dh_last, trace.h_last), *zip(dc_last, trace.c_last)]
        return float((trace.y * dy).sum()) + sum(float((w * end).sum()) for w, end in ends if w is not None)

    grads = net.backward(trace, dy, dh_last=dh_last, dc_last=dc_last)
    pairs = {name: (grads.params[name], array) for name, array in net.params.items()}
    pairs |= {f"h0[{i}]": (grads.h0[i], h0[i]) for i in (1, 4)} | {
        f"c0[{i}]": (grads.c0[i], c0[i]) for i in (1, 4)
    }
    hold(loss, pairs)
    assert [grad is None for grad in grads.c0] == [True, False, True, True, False, True]


def test_forward_equals_the_layers_one_after_the_other():
    net, rng = net_of_all(), np.random.default_rng(1)
    h0, c0 = starts(rng)
    embedding, both, dropout, conv, cell, readout = net.layers
    trace = net.forward(X, h0, c0, lengths=[7, 2, 5], rng=8)
    low = both.forward(embedding.forward(X, lengths=[7, 2, 5]).y, h0[1], c0[1], lengths=[7, 2, 5])
    middle = conv.forward(dropout.forward(low.y, rng=8).y, lengths=[7, 2, 5])
    high = cell.forward(
        middle.y, h0[4], c0[4], lengths=[3, 0, 2]
    )  # ⌈(7 − 3 + 1) / 2⌉, no window in 2, ⌈3 / 2⌉
    np.testing.assert_array_equal(trace.y, readout.forward(high.y).y)
    np.testing.assert_array_equal(trace.c_last[1], low.c_last)
    np.testing.assert_array_equal(trace.c_last[4], high.c_last)
    assert trace.lengths.tolist() == [3, 0, 2]
    assert [state is None for state in trace.c_last] == [True, False, True, True, False, True]


def test_a_seed_repeats_all_masks_and_without_rng_dropout_rests():
    layers = [rnnlib.Dropout(0.5), rnnlib.RNN(2, 3, rng=0), rnnlib.Dropout(0.5)]
    net, x = rnnlib.stack(layers), np.ones((6, 4, 2))
    one, two = net.forward(x, rng=1), net.forward(x, rng=1)
    np.testing.assert_array_equal(one.y, two.y)
    assert (one.layers[0].mask[:, :, :2] != one.layers[2].mask[:, :, :2]).any()  # one generator, drawn on
    np.testing.assert_array_equal(net.forward(x).y, layers[1].forward(x).y)


def test_only_what_has_a_cell_state_reports_one():
    net = rnnlib.stack([rnnlib.GRU(2, 3, rng=0), rnnlib.LSTM(3, 4, rng=1), rnnlib.Readout(4, 1, rng=2)])
    trace = net.forward(np.ones((5, 2, 2)), lengths=[5, 3])
    assert [None if state is None else state.shape for state in trace.h_last] == [(2, 3), (2, 4), None]
    assert [None if state is None else state.shape for state in trace.c_last] == [None, (2, 4), None]
    grads = net.backward(trace, dc_last=[None, np.ones((2, 4)), None])
    assert (grads.params["0.W_xh"] != 0).any()
    assert (grads.params["2.W_hy"] == 0).all()


def test_carried_states_of_a_stack_go_on_where_it_stopped():
    net = rnnlib.stack([rnnlib.LSTM(2, 3, rng=0), rnnlib.GRU(3, 4, rng=1)])
    x = np.random.default_rng(2).standard_normal((9, 2, 2))
    whole, first = net.forward(x), net.forward(x[:4])
    second = net.forward(x[4:], first.h_last, first.c_last)
    np.testing.assert_allclose(np.concatenate([first.y, second.y]), whole.y, atol=1e-14)


def test_a_window_equals_calls_of_that_many_steps_in_every_cell():
    net = rnnlib.stack([rnnlib.LSTM(2, 3, rng=0), rnnlib.GRU(3, 4, rng=1), rnnlib.Readout(4, 2, rng=2)])
    rng = np.random.default_rng(3)
    x, dy, h, c, expected = rng.standard_normal((7, 2, 2)), rng.standard_normal((7, 2, 2)), None, None, {}
    whole = net.backward(net.forward(x), dy, window=3)
    for t in (0, 3, 6):
        trace = net.forward(x[t : t + 3], h, c)
        for name, gradient in net.backward(trace, dy[t : t + 3]).params.items():
            expected[name] = expected.get(name, 0) + gradient
        h, c = trace.h_last, trace.c_last
    for name, gradient in whole.params.items():
        np.testing.assert_allclose(gradient, expected[name], atol=1e-13, err_msg=name)


def test_float32_stays_float32_through_every_layer_and_back():
    net = net_of_all(np.float32)
    trace = net.forward(X, lengths=[7, 4, 5], rng=0)
    grads = net.backward(trace, np.ones(trace.y.shape))
    assert {layer.y.dtype for layer in trace.layers} == {np.dtype(np.float32)}
    assert {gradient.dtype for gradient in grads.params.values()} == {np.dtype(np.float32)}
    np.testing.assert_allclose(trace.y, with_params_of(net).forward(X, lengths=[7, 4, 5], rng=0).y, atol=1e-5)


def with_params_of(net):
    """The same net in float64, with the same parameters."""
    twin = net_of_all()
    for name, array in net.params.items():
        twin.params[name][...] = array
    return twin


def test_a_change_of_any_parameter_after_forward_is_noticed_by_backward():
    net = net_of_all()
    for name in net.params:
        trace = net.forward(X)
        net.params[name].flat[0] += 1
        with pytest.raises(ValueError, match="has changed since this trace was made"):
            net.backward(trace, np.ones(trace.y.shape))


def test_a_trace_of_a_copy_is_not_the_originals():
    net = net_of_all()
    trace = copy.deepcopy(net).forward(X)
    with pytest.raises(ValueError, match="the trace of another layer"):
        net.backward(trace, np.ones(trace.y.shape))
