"""Weights to and from PyTorch's layout: exact, by name, all or nothing."""

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


def torch_dict(D=2, H=3, layers=1, seed=1):
    rng, shapes = np.random.default_rng(seed), {}
    for i in range(layers):
        shapes |= {f"weight_ih_l{i}": (H, H if i else D), f"weight_hh_l{i}": (H, H)}
        shapes |= {f"bias_ih_l{i}": (H,), f"bias_hh_l{i}": (H,)}
    return {key: rng.standard_normal(shape) for key, shape in shapes.items()}


LAYERS = {
    "RNN": lambda dtype: rnnlib.RNN(2, 3, rng=0, dtype=dtype),
    "Readout": lambda dtype: rnnlib.Readout(3, 2, rng=0, dtype=dtype),
    "stack": lambda dtype: rnnlib.stack(
        [rnnlib.RNN(2, 3, rng=0, dtype=dtype), rnnlib.RNN(3, 3, rng=1, dtype=dtype)]
    ),
}


@given(st.sampled_from(sorted(LAYERS)), st.sampled_from([np.float32, np.float64]), st.integers(0, 10**6))
def test_rnnlib_to_torch_to_rnnlib_is_exact_to_the_bit(kind, dtype, seed):
    layer, twin = filled(LAYERS[kind](dtype), seed), LAYERS[kind](dtype)
    first = next(iter(layer.params.values()))
    first[0, 0] = -0.0
    layer.params[list(layer.params)[-1]][...] = -0.0  # a bias whose sign a sum could lose
    assert interop.from_torch(twin, interop.to_torch(layer)) is twin
    for name, array in layer.params.items():
        assert twin.params[name].tobytes() == array.tobytes(), name


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
            ["sum of bias_ih_l0 and bias_hh_l0", "inf"],
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


def test_interop_imports_no_torch():
    code = "import sys, rnnlib; rnnlib.interop.to_torch(rnnlib.RNN(2, 3)); print('torch' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "False"
