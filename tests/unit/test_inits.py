"""How weights begin: each start has the property its source gives it."""

import numpy as np
import pytest

import rnnlib
from rnnlib import inits


def drawn(init, H=200, gain=1.0):
    return inits.recurrent(init, H, np.random.default_rng(0), gain)


@pytest.mark.parametrize("gain", [0.3, 1.0, 3.0])
def test_orthogonal_has_every_singular_value_at_gain(gain):
    np.testing.assert_allclose(np.linalg.svd(drawn("orthogonal", gain=gain), compute_uv=False), gain)


@pytest.mark.parametrize("gain", [0.3, 1.0, 3.0])
def test_normal_has_its_spectral_radius_near_gain_and_its_variance_at_gain_squared_over_H(gain):
    W = drawn("normal", gain=gain)
    assert np.abs(np.linalg.eigvals(W)).max() == pytest.approx(gain, rel=0.1)  # Ginibre's law at H = 200
    assert W.var() == pytest.approx(gain**2 / 200, rel=0.05)


@pytest.mark.parametrize("gain", [0.3, 1.0, 3.0])
def test_uniform_fills_the_interval_of_gain_over_root_H(gain):
    bound = gain / np.sqrt(200)
    assert 0.99 * bound < np.abs(drawn("uniform", gain=gain)).max() <= bound


def test_identity_is_gain_times_the_identity():
    np.testing.assert_array_equal(drawn("identity", H=3, gain=0.5), 0.5 * np.eye(3))


@pytest.mark.parametrize(
    ("init", "spread"),
    [
        ("uniform", 1 / np.sqrt(3 * 200)),  # a uniform number within ±c spreads by c / √3
        ("identity", 0.001),
        ("orthogonal", np.sqrt(2 / (300 + 200))),
        ("normal", np.sqrt(2 / (300 + 200))),
    ],
)
def test_input_weights_spread_as_their_source_says_whatever_the_gain(init, spread):
    W_xh = rnnlib.RNN(300, 200, rng=0, init=init, gain=5.0).params["W_xh"]
    assert W_xh.std() == pytest.approx(spread, rel=0.02)


@pytest.mark.parametrize("init", inits.NAMES)
def test_biases_start_at_0_and_one_unit_is_enough(init):
    params = rnnlib.RNN(1, 1, rng=0, init=init, dtype=np.float32).params
    assert (params["b_h"] == 0).all()
    assert all(array.dtype == np.float32 for array in params.values())


def test_orthogonal_matrices_favour_no_sign():
    signs = [np.sign(inits.orthogonal(1, np.random.default_rng(seed))[0, 0]) for seed in range(200)]
    assert 60 < signs.count(1.0) < 140
