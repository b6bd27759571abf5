"""Weights to and from PyTorch's and Keras' layouts: exact, by name, all or nothing.

That the values mean the same in PyTorch is held in test_reference.py; for Keras its equations are written out here.
"""

import itertools
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rnnlib
from rnnlib import interop


def filled(layer, seed=0):
    rng = np.random.default_rng(seed)
    for array in layer.params.values():
        array[...] = rng.standard_normal(array.shape)
    return layer


def torch_dict(D=2, H=3, layers=1, seed=1, gates=1, ends=("",)):
    rng, shapes = np.random.default_rng(seed), {}
    for i, end in itertools.product(range(layers), ends):
        shapes |= {f"weight_ih_l{i}{end}": (gates * H, H * len(ends) if i else D)}
        shapes |= {f"weight_hh_l{i}{end}": (gates * H, H)}
        shapes |= {f"{bias}_l{i}{end}": (gates * H,) for bias in ("bias_ih", "bias_hh")}
    return {key: rng.standard_normal(shape) for key, shape in shapes.items()}


def stacked(kind, D=2, H=3, **options):
    return rnnlib.stack([kind(D, H, rng=0, **options), kind(H, H, rng=1, **options)])


def both_ways(kind, D=2, H=3, **options):
    return rnnlib.bidirectional(kind(D, H, rng=0, **options), kind(D, H, rng=1, **options))


def stacked_both_ways(kind, **options):
    return rnnlib.stack([both_ways(kind, 2, 3, **options), both_ways(kind, 6, 3, **options)])


KINDS = {"RNN": (rnnlib.RNN, 1), "LSTM": (rnnlib.LSTM, 4), "GRU": (rnnlib.GRU, 3)}
TORCH = {"Readout": lambda dtype: rnnlib.Readout(3, 2, rng=0, dtype=dtype)}
for name, (kind, _) in KINDS.items():
    TORCH[name] = lambda dtype, kind=kind: kind(2, 3, rng=0, dtype=dtype)
    TORCH[f"stack of {name}"] = lambda dtype, kind=kind: stacked(kind, dtype=dtype)
    TORCH[f"bidirectional {name}"] = lambda dtype, kind=kind: both_ways(kind, dtype=dtype)
    TORCH[f"stack of bidirectional {name}"] = lambda dtype, kind=kind: stacked_both_ways(kind, dtype=dtype)
KERAS = {
    **TORCH,
    "GRU, reset before": lambda dtype: rnnlib.GRU(2, 3, rng=0, dtype=dtype, reset_after=False),
    "mixed": lambda dtype: rnnlib.stack(
        [
            both_ways(rnnlib.LSTM, 2, 3, dtype=dtype),
            rnnlib.GRU(6, 2, dtype=dtype),
            rnnlib.Readout(2, 4, dtype=dtype),
        ]
    ),
}
ROUNDS = [(interop.from_torch, interop.to_torch, make) for make in TORCH.values()]
ROUNDS += [(interop.from_keras, interop.to_keras, make) for make in KERAS.values()]


@given(st.sampled_from(ROUNDS), st.sampled_from([np.float32, np.float64]), st.integers(0, 10**6))
def test_rnnlib_out_and_back_is_exact_to_the_bit(round_trip, dtype, seed):
    load, export, make = round_trip
    layer, twin = filled(make(dtype), seed), make(dtype)
    for array in layer.params.values():
        array.flat[::2] = -0.0  # a sum with 0 could lose its sign, in biases above all
    assert load(twin, export(layer)) is twin
    for name, array in layer.params.items():
        assert twin.params[name].tobytes() == array.tobytes(), name


@pytest.mark.parametrize("name", KINDS)
def test_torch_out_and_back_keeps_weights_and_the_sum_of_both_biases(name):
    kind, gates = KINDS[name]
    given_dict = torch_dict(layers=2, gates=gates, ends=("", "_reverse"))
    back = interop.to_torch(interop.from_torch(stacked_both_ways(kind), given_dict))
    assert list(back) == list(given_dict)
    for key, value in given_dict.items():
        if key.startswith("weight"):
            np.testing.assert_array_equal(back[key], value, err_msg=key)
        elif key.startswith("bias_ih"):
            other = key.replace("ih", "hh")
            np.testing.assert_array_equal(back[key][:-3], (value + given_dict[other])[:-3], err_msg=key)
            if name != "GRU":
                np.testing.assert_array_equal(back[key], value + given_dict[other], err_msg=key)
            else:  # its n part, b_hn, is multiplied by r and stays apart
                np.testing.assert_array_equal(back[key][-3:], value[-3:], err_msg=key)
                np.testing.assert_array_equal(back[other][-3:], given_dict[other][-3:], err_msg=key)


def test_torch_to_rnnlib_sums_the_two_biases_and_transposes_the_weights():
    given_dict = torch_dict()
    params = interop.from_torch(rnnlib.RNN(2, 3), given_dict).params
    np.testing.assert_array_equal(params["W_xh"], given_dict["weight_ih_l0"].T)
    np.testing.assert_array_equal(params["W_hh"], given_dict["weight_hh_l0"].T)
    np.testing.assert_array_equal(params["b_h"], given_dict["bias_ih_l0"] + given_dict["bias_hh_l0"])


def test_loading_writes_into_the_arrays_that_are_there():
    cell = rnnlib.RNN(2, 3, rng=0)
    arrays = dict(cell.params)
    interop.from_torch(cell, torch_dict())
    assert all(cell.params[name] is array for name, array in arrays.items())


def test_exported_arrays_are_contiguous_and_the_cells_no_longer():
    cell = rnnlib.RNN(2, 3, rng=0)
    exported = interop.to_torch(cell)
    assert all(array.flags.c_contiguous for array in exported.values())
    exported["weight_hh_l0"][...] = 7.0
    exported["bias_ih_l0"][...] = 7.0
    assert (cell.params["W_hh"] != 7.0).all()
    assert (cell.params["b_h"] != 7.0).all()


def test_a_stack_of_rnns_takes_as_many_layers_as_it_has_cells():
    net, given_dict = rnnlib.stack([rnnlib.RNN(2, 3), rnnlib.RNN(3, 3)]), torch_dict(layers=2)
    interop.from_torch(net, given_dict)
    np.testing.assert_array_equal(net.params["1.W_hh"], given_dict["weight_hh_l1"].T)


def test_a_learned_h0_becomes_the_zero_that_torch_starts_from():
    cell = rnnlib.RNN(2, 3, learn_h0=True)
    cell.params["h0"][...] = 1.0
    assert (interop.from_torch(cell, torch_dict()).params["h0"] == 0).all()


@pytest.mark.parametrize(
    ("change", "fragments"),
    [
        (lambda d: d.pop("bias_hh_l0"), ["bias_hh_l0", "lacks"]),
        (lambda d: d.update(extra=1), ["extra", "unknown"]),
        (lambda d: d.update(weight_hr_l0=np.ones((2, 3))), ["weight_hr_l0", "unknown"]),
        (lambda d: d.update(torch_dict(layers=2)), ["2 layers", "expected 1", "weight_hh_l1"]),
        (
            lambda d: d.update({f"{key}_reverse": v for key, v in torch_dict().items()}),
            ["weight_ih_l0_reverse"],
        ),
        (lambda d: d.update(weight_ih_l0=np.ones((12, 2))), ["weight_ih_l0", "(12, 2)", "(3, 2)", "LSTM"]),
        (lambda d: d.update(weight_hh_l0=np.ones((9, 3))), ["weight_hh_l0", "(9, 3)", "(3, 3)", "GRU"]),
        (lambda d: d.update(bias_hh_l0=np.full(3, np.nan)), ["bias_hh_l0", "nan"]),
        (
            lambda d: d.update(bias_ih_l0=np.full(3, 1e308), bias_hh_l0=np.full(3, 1e308)),
            ["the sum of both biases", "bias_ih_l0", "bias_hh_l0", "inf"],
        ),
    ],
)
def test_what_does_not_fit_is_named_and_nothing_is_loaded(change, fragments):
    cell, given_dict = rnnlib.RNN(2, 3, rng=0), torch_dict()
    change(given_dict)
    before = {name: array.copy() for name, array in cell.params.items()}
    with pytest.raises(ValueError) as caught:
        interop.from_torch(cell, given_dict)
    assert all(fragment in str(caught.value) for fragment in fragments), str(caught.value)
    for name, array in cell.params.items():
        np.testing.assert_array_equal(array, before[name])


NOT_IN_TORCH = [
    (rnnlib.GRU(2, 3, reset_after=False), torch_dict(gates=3), ["reset_after=False", "reset_after=True"]),
    (rnnlib.stack([rnnlib.RNN(2, 3), rnnlib.RNN(3, 4)]), torch_dict(layers=2), ["one hidden size"]),
    (
        rnnlib.stack([both_ways(rnnlib.RNN), rnnlib.RNN(6, 3)]),
        torch_dict(layers=2),
        ["one direction or two"],
    ),
]
WRONG_FOR_TORCH = [
    (rnnlib.LSTM(2, 3), torch_dict(gates=3), ["weight_ih_l0", "(9, 2)", "(12, 2)", "a GRU's"]),
    (rnnlib.LSTM(2, 3), torch_dict(), ["weight_ih_l0", "(3, 2)", "(12, 2)", "an RNN's"]),
    (rnnlib.GRU(2, 3), torch_dict(gates=4), ["weight_ih_l0", "(12, 2)", "(9, 2)", "an LSTM's"]),
    (rnnlib.GRU(2, 3), torch_dict(gates=3, layers=2), ["2 layers", "expected 1", "weight_hh_l1"]),
    (stacked(rnnlib.LSTM), torch_dict(gates=4), ["1 layers", "expected 2", "weight_hh_l1"]),
    (stacked(rnnlib.GRU), torch_dict(gates=3, layers=3), ["3 layers", "expected 2", "weight_hh_l2"]),
    (both_ways(rnnlib.LSTM), torch_dict(gates=4), ["lacks", "weight_hh_l0_reverse"]),
    (rnnlib.LSTM(2, 3), torch_dict(gates=4, ends=("", "_reverse")), ["unknown", "weight_hh_l0_reverse"]),
    *NOT_IN_TORCH,
]


@pytest.mark.parametrize(("layer", "given_dict", "fragments"), WRONG_FOR_TORCH)
def test_other_cells_layers_and_places_of_the_reset_are_named(layer, given_dict, fragments):
    assert_refused(interop.from_torch, layer, given_dict, fragments)


@pytest.mark.parametrize("layer", [row[0] for row in NOT_IN_TORCH])
def test_what_torch_does_not_have_is_not_exported_to_it(layer):
    with pytest.raises(ValueError, match="expected"):
        interop.to_torch(layer)


def test_a_mixed_stack_is_refused_for_torch_as_it_has_no_such_module():
    net = rnnlib.stack([rnnlib.RNN(2, 3), rnnlib.GRU(3, 3)])
    for call in (interop.to_torch, lambda net: interop.from_torch(net, torch_dict(layers=2))):
        with pytest.raises(TypeError, match="a stack of RNNs, of LSTMs or of GRUs"):
            call(net)


def assert_refused(load, layer, weights, fragments, error=ValueError):
    before = {name: array.copy() for name, array in layer.params.items()}
    with pytest.raises(error) as caught:
        load(layer, weights)
    assert [part for part in [*fragments, "expected"] if part not in str(caught.value)] == [], str(
        caught.value
    )
    for name, array in layer.params.items():
        np.testing.assert_array_equal(array, before[name])


def test_a_stack_with_too_few_layers_in_the_dict_says_so():
    net = rnnlib.stack([rnnlib.RNN(2, 3), rnnlib.RNN(3, 3)])
    with pytest.raises(ValueError, match="has 1 layers .*expected 2"):
        interop.from_torch(net, torch_dict())


def test_tensors_are_read_through_their_array_interface():
    class Tensor:
        def __init__(self, values):
            self.values = values

        def __array__(self, dtype=None, copy=None):
            return self.values

    given_dict = torch_dict()
    wrapped = {key: Tensor(value) for key, value in given_dict.items()}
    one, two = (interop.from_torch(rnnlib.RNN(2, 3), d) for d in (wrapped, given_dict))
    np.testing.assert_array_equal(one.params["W_hh"], two.params["W_hh"])


def test_interop_imports_neither_torch_nor_keras():
    code = "import sys; from rnnlib import interop, RNN; interop.to_torch(RNN(2, 3)); interop.to_keras(RNN(2, 3)); "
    code += "print({'torch', 'keras'} & {*sys.modules})"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "set()"


def logistic(a):
    return 1 / (1 + np.exp(-a))


def keras_simple_rnn(x, state, kernel, recurrent_kernel, bias):
    (h,) = state
    return (np.tanh(x @ kernel + bias + h @ recurrent_kernel),)


def keras_lstm(x, state, kernel, recurrent_kernel, bias):
    h, c = state
    i, f, candidate, o = np.split(x @ kernel + h @ recurrent_kernel + bias, 4, axis=1)
    c = logistic(f) * c + logistic(i) * np.tanh(candidate)
    return logistic(o) * np.tanh(c), c


def keras_gru_reset_after(x, state, kernel, recurrent_kernel, bias):
    (h,) = state
    x_z, x_r, x_h = np.split(x @ kernel + bias[0], 3, axis=1)
    h_z, h_r, h_h = np.split(h @ recurrent_kernel + bias[1], 3, axis=1)
    z, r = logistic(x_z + h_z), logistic(x_r + h_r)
    return (z * h + (1 - z) * np.tanh(x_h + r * h_h),)


def keras_gru_reset_before(x, state, kernel, recurrent_kernel, bias):
    (h,), H = state, len(recurrent_kernel)
    x_z, x_r, x_h = np.split(x @ kernel + bias, 3, axis=1)
    z = logistic(x_z + h @ recurrent_kernel[:, :H])
    r = logistic(x_r + h @ recurrent_kernel[:, H : 2 * H])
    return (z * h + (1 - z) * np.tanh(x_h + (r * h) @ recurrent_kernel[:, 2 * H :]),)


def keras_run(step, weights, x, states=1):
    """Keras' loop over the time steps, from zeros: h_1 … h_T."""
    state, seen = [np.zeros((x.shape[1], len(weights[1])))] * states, []
    for x_t in x:
        state = step(x_t, state, *weights)
        seen.append(state[0])
    return np.stack(seen)


# The equations are those of Keras 3, keras/src/layers/rnn: SimpleRNNCell.call in simple_rnn.py, LSTMCell.call in
# lstm.py (order i, f, c, o), GRUCell.call in gru.py (order z, r, h; h = z * h_tm1 + (1 - z) * hh), and
# Bidirectional.call in bidirectional.py (the flipped output of the backward layer stands second).
KERAS_CELLS = {
    "SimpleRNN": (lambda D: rnnlib.RNN(D, 3), keras_simple_rnn, 1, (3,), 1),
    "LSTM": (lambda D: rnnlib.LSTM(D, 3), keras_lstm, 4, (12,), 2),
    "GRU": (lambda D: rnnlib.GRU(D, 3), keras_gru_reset_after, 3, (2, 9), 1),
    "GRU, reset before": (
        lambda D: rnnlib.GRU(D, 3, reset_after=False),
        keras_gru_reset_before,
        3,
        (9,),
        1,
    ),
}


def keras_weights(name, D, rng):
    _, _, gates, bias, _ = KERAS_CELLS[name]
    return [rng.standard_normal(shape) for shape in ((D, 3 * gates), (3, 3 * gates), bias)]


@pytest.mark.parametrize("name", KERAS_CELLS)
def test_a_cell_with_keras_weights_computes_keras_equations(name):
    make, step, _, _, states = KERAS_CELLS[name]
    rng = np.random.default_rng(5)
    weights, x = keras_weights(name, 2, rng), rng.standard_normal((6, 4, 2))
    trace = interop.from_keras(make(2), weights).forward(x)
    np.testing.assert_allclose(trace.y, keras_run(step, weights, x, states), rtol=0, atol=1e-13)


@pytest.mark.parametrize("name", KERAS_CELLS)
def test_to_keras_gives_keras_the_same_function(name):
    make, step, _, bias, states = KERAS_CELLS[name]
    cell, x = filled(make(2)), np.random.default_rng(6).standard_normal((6, 4, 2))
    weights = interop.to_keras(cell)
    assert weights[2].shape == bias
    np.testing.assert_allclose(keras_run(step, weights, x, states), cell.forward(x).y, rtol=0, atol=1e-13)


@pytest.mark.parametrize("name", KERAS_CELLS)
def test_a_model_of_bidirectional_and_dense_takes_keras_list(name):
    make, step, _, _, states = KERAS_CELLS[name]
    rng = np.random.default_rng(7)
    fwd, bwd, x = keras_weights(name, 2, rng), keras_weights(name, 2, rng), rng.standard_normal((6, 4, 2))
    kernel, bias = rng.standard_normal((6, 5)), rng.standard_normal(5)
    flipped = keras_run(step, bwd, x[::-1], states)[::-1]
    y = np.concatenate([keras_run(step, fwd, x, states), flipped], axis=-1) @ kernel + bias
    net = rnnlib.stack([rnnlib.bidirectional(make(2), make(2)), rnnlib.Readout(6, 5)])
    interop.from_keras(net, [*fwd, *bwd, kernel, bias])
    np.testing.assert_allclose(net.forward(x).y, y, rtol=0, atol=1e-12)


def keras_shapes(*shapes):
    return [np.ones(shape) for shape in shapes]


@pytest.mark.parametrize(
    ("layer", "weights", "fragments"),
    [
        (
            rnnlib.GRU(2, 3),
            keras_shapes((2, 9), (3, 9), 9),
            ["[2] (bias)", "(9,)", "(2, 9)", "reset_after=False"],
        ),
        (
            rnnlib.GRU(2, 3, reset_after=False),
            keras_shapes((2, 9), (3, 9), (2, 9)),
            ["weights[2] (bias)", "(2, 9)", "(9,)", "reset_after=True"],
        ),
        (
            rnnlib.GRU(2, 3),
            keras_shapes((2, 12), (3, 12), 12),
            ["weights[0] (kernel)", "an LSTM's", "(2, 9)"],
        ),
        (rnnlib.LSTM(2, 3), keras_shapes((2, 3), (3, 3), 3), ["weights[0] (kernel)", "an RNN's", "(2, 12)"]),
        (
            rnnlib.LSTM(2, 3),
            keras_shapes((2, 12), (3, 12)),
            ["2 arrays", "3", "kernel, recurrent_kernel, bias"],
        ),
        (
            rnnlib.LSTM(2, 3),
            keras_shapes((2, 12), (12, 3), 12),
            ["[1] (recurrent_kernel)", "(12, 3)", "(3, 12)"],
        ),
        (stacked(rnnlib.RNN), keras_shapes((2, 3), (3, 3), 3), ["3 arrays", "expected 6"]),
        (rnnlib.Readout(3, 2), keras_shapes((3, 2), 3), ["weights[1] (bias)", "(3,)", "(2,)"]),
        (rnnlib.RNN(2, 3), [*keras_shapes((2, 3), (3, 3)), np.full(3, np.nan)], ["weights[2] (bias)", "nan"]),
        (
            rnnlib.GRU(2, 3),
            [*keras_shapes((2, 9), (3, 9)), np.full((2, 9), 1e308)],
            ["the sum of both biases", "weights[2] (bias)", "inf"],
        ),
    ],
)
def test_what_does_not_fit_from_keras_is_named_and_nothing_is_loaded(layer, weights, fragments):
    assert_refused(interop.from_keras, layer, weights, fragments)


def test_from_keras_refuses_other_kinds_and_a_learned_start_has_no_place_in_keras():
    assert_refused(interop.from_keras, rnnlib.RNN(2, 3), {}, ["weights is of type dict", "a list"], TypeError)
    with pytest.raises(TypeError, match="cell is 'cell'; expected an RNN, LSTM or GRU"):
        interop.from_keras("cell", [])
    with pytest.raises(ValueError, match="learns h_0; expected learn_h0=False: Keras"):
        interop.to_keras(rnnlib.LSTM(2, 3, learn_h0=True))


def test_learned_starts_of_an_lstm_become_the_zeros_that_both_libraries_start_from():
    for load, weights in (
        (interop.from_torch, torch_dict(gates=4)),
        (interop.from_keras, keras_shapes((2, 12), (3, 12), 12)),
    ):
        cell = load(filled(rnnlib.LSTM(2, 3, learn_h0=True)), weights)
        assert (cell.params["h0"] == 0).all()
        assert (cell.params["c0"] == 0).all()


def test_exported_keras_arrays_are_the_cells_no_longer():
    for make in (rnnlib.RNN, rnnlib.LSTM, rnnlib.GRU):
        cell = make(2, 3, rng=0)
        for array in interop.to_keras(cell):
            array[...] = 7.0
        assert all((array != 7.0).all() for array in cell.params.values())
