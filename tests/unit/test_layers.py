"""Readout and stack: the same two verbs, gradients against finite differences."""

import copy

import numpy as np
import pytest

import rnnlib


def net_of_three(**options):
    return rnnlib.stack(
        [rnnlib.RNN(2, 3, rng=0, **options), rnnlib.RNN(3, 4, rng=1, **options), rnnlib.Readout(4, 2, rng=2)]
    )


@pytest.mark.parametrize("size", [(4, 3, 5), (3, 5), (1, 1, 5)])
def test_a_readout_maps_steps_or_single_states_and_its_gradients_are_right(size, slopes):
    rng = np.random.default_rng(0)
    readout, x, dy = (
        rnnlib.Readout(5, 2, rng=1),
        rng.standard_normal(size),
        rng.standard_normal((*size[:-1], 2)),
    )
    trace = readout.forward(x)
    grads = readout.backward(trace, dy)
    np.testing.assert_allclose(
        trace.y, np.einsum("...h,ho->...o", x, readout.params["W_hy"]) + readout.params["b_y"]
    )
    loss = lambda: float((readout.forward(x).y * dy).sum())
    np.testing.assert_allclose(grads.x, slopes(loss, x), atol=1e-8)
    for name, array in readout.params.items():
        np.testing.assert_allclose(grads.params[name], slopes(loss, array), atol=1e-8, err_msg=name)


def test_a_readout_starts_within_one_over_root_H_with_zero_bias():
    params = rnnlib.Readout(100, 50, rng=0).params
    assert 0.095 < np.abs(params["W_hy"]).max() <= 0.1
    assert (params["b_y"] == 0).all()


def test_a_readout_lets_overflowed_states_through_for_the_loss_to_name():
    cell, readout = rnnlib.RNN(1, 1, activation="identity", rng=0), rnnlib.Readout(1, 2, rng=0)
    cell.params["W_xh"][...], cell.params["W_hh"][...] = 1.0, 1e200
    trace = cell.forward(np.ones((4, 1, 1)))
    with pytest.raises(FloatingPointError, match="t = 3"):
        rnnlib.softmax_cross_entropy(readout.forward(trace.y).y, [[0]] * 4)


@pytest.mark.parametrize("lengths", [None, [5, 0, 2]])
@pytest.mark.parametrize("window", [None, 2])
def test_a_stack_equals_its_layers_by_hand(window, lengths):
    rng = np.random.default_rng(1)
    net, x, dy = net_of_three(), rng.standard_normal((5, 3, 2)), rng.standard_normal((5, 3, 2))
    h0, dh_last = [rng.standard_normal((3, 3)), None, None], [None, rng.standard_normal((3, 4)), None]
    low, high, readout = net.layers
    first = low.forward(x, h0[0], lengths=lengths)
    second = high.forward(first.y, lengths=lengths)
    third = readout.forward(second.y)
    top = readout.backward(third, dy)
    middle = high.backward(second, top.x, dh_last=dh_last[1], window=window)
    bottom = low.backward(first, middle.x, window=window)

    trace = net.forward(x, h0, lengths=lengths)
    grads = net.backward(trace, dy, dh_last=dh_last, window=window)
    np.testing.assert_array_equal(trace.y, third.y)
    np.testing.assert_array_equal(grads.x, bottom.x)
    for i, layer in enumerate([bottom, middle, top]):
        for name, expected in layer.params.items():
            np.testing.assert_array_equal(grads.params[f"{i}.{name}"], expected)
            np.testing.assert_array_equal(grads.layers[i].params[name], expected)
    np.testing.assert_array_equal(grads.h0[0], bottom.h0)
    np.testing.assert_array_equal(grads.h0[1], middle.h0)
    assert grads.h0[2] is None
    np.testing.assert_array_equal(trace.h_last[1], second.h_last)
    assert trace.h_last[2] is None


def test_the_stacks_gradients_equal_finite_differences(slopes):
    rng = np.random.default_rng(2)
    net, x = net_of_three(learn_h0=True), rng.standard_normal((4, 2, 2))
    dy, lengths = rng.standard_normal((4, 2, 2)), [4, 1]
    grads = net.backward(net.forward(x, lengths=lengths), dy)
    loss = lambda: float((net.forward(x, lengths=lengths).y * dy).sum())
    np.testing.assert_allclose(grads.x, slopes(loss, x), atol=1e-8)
    for name, array in net.params.items():
        np.testing.assert_allclose(grads.params[name], slopes(loss, array), atol=1e-8, err_msg=name)


def test_dh_last_alone_drives_a_stack_below_an_idle_readout():
    net, x = net_of_three(), np.ones((3, 1, 2))
    dh_last = [np.ones((1, 3)), None, None]
    grads = net.backward(net.forward(x), dh_last=dh_last)
    alone = net.layers[0].backward(net.layers[0].forward(x), dh_last=dh_last[0])
    np.testing.assert_array_equal(grads.params["0.W_hh"], alone.params["W_hh"])
    assert (grads.params["2.W_hy"] == 0).all()


def test_a_stacks_params_are_its_layers_own_arrays():
    net = net_of_three()
    assert list(net.params)[:3] == ["0.W_xh", "0.W_hh", "0.b_h"]
    for i, layer in enumerate(net.layers):
        for name, array in layer.params.items():
            assert net.params[f"{i}.{name}"] is array


def test_a_stack_within_a_stack_is_the_same_function():
    inner = rnnlib.stack([rnnlib.RNN(2, 3, rng=0), rnnlib.RNN(3, 4, rng=1)])
    nested, flat, x = rnnlib.stack([inner, rnnlib.Readout(4, 2, rng=2)]), net_of_three(), np.ones((3, 2, 2))
    np.testing.assert_array_equal(nested.forward(x).y, flat.forward(x).y)
    one = nested.backward(nested.forward(x), np.ones((3, 2, 2)))
    two = flat.backward(flat.forward(x), np.ones((3, 2, 2)))
    np.testing.assert_array_equal(one.params["0.1.W_hh"], two.params["1.W_hh"])


def test_a_copy_of_a_stack_trains_apart_from_the_original():
    net, x = net_of_three(), np.ones((3, 1, 2))
    twin = copy.deepcopy(net)
    before = net.forward(x).y
    grads = twin.backward(twin.forward(x), np.ones((3, 1, 2)))
    rnnlib.SGD(lr=0.1).step(twin.params, grads)
    np.testing.assert_array_equal(net.forward(x).y, before)
    assert (twin.forward(x).y != before).all()


def test_overflow_passes_up_and_down_a_stack_and_the_loss_names_its_step():
    layers = [rnnlib.RNN(1, 1, activation="identity", rng=0), rnnlib.RNN(1, 1, activation="identity", rng=0)]
    for layer in layers:
        layer.params["W_xh"][...], layer.params["W_hh"][...] = 1.0, 1e200
    net = rnnlib.stack([*layers, rnnlib.Readout(1, 1, rng=0)])
    trace = net.forward(np.ones((4, 1, 1)))
    assert trace.layers[0].overflow == trace.overflow == 3
    with pytest.raises(FloatingPointError, match="t = 3"):
        rnnlib.mse(trace.y, np.zeros((4, 1, 1)))
    grads = net.backward(trace, np.ones((4, 1, 1)))
    with pytest.raises(FloatingPointError, match="W_"):
        rnnlib.SGD().step(net.params, grads)
    assert net.forward(np.ones((2, 1, 1))).overflow is None
