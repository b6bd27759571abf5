"""The stored nets of temporal order: what the file says follows from its weights and its script's settings."""

import importlib
import json
from pathlib import Path

import numpy as np
import pytest

RUNS = Path(__file__).parents[2] / "runs"


@pytest.fixture
def script(monkeypatch):
    """The script that trains and stores the nets."""
    monkeypatch.syspath_prepend(RUNS)
    return importlib.import_module("order_nets")


@pytest.fixture(scope="module")
def stored():
    with np.load(RUNS / "order_nets.npz") as arrays:
        return dict(arrays)


def test_the_file_says_what_its_script_sets(script, stored):
    assert json.loads(str(stored["settings"])) == script.SETTINGS
    assert stored["nets"].tolist() == list(script.CELLS)
    assert stored["accuracy"].shape == (3, len(script.SETTINGS["seeds"]))
    assert script.SETTINGS["baseline"] == 1 / 4  # one of four classes
    assert script.SETTINGS["steps"] == 2500 and "2500 steps" in script.__doc__


@pytest.mark.parametrize("name", ["GRU", "LSTM", "RNN"])
def test_the_stored_weights_answer_as_well_as_the_file_says(script, stored, name):
    net = script.make(name, 0, script.SETTINGS["units"])
    for key, array in net.params.items():
        half = stored[f"{name}.{key.split('.')[1]}"]
        assert half.dtype == np.float16
        array[...] = half
    said = stored["rounded"][list(script.CELLS).index(name)]
    assert script.accuracy(net, **script.SETTINGS) == pytest.approx(said, abs=1e-3)


def test_the_gated_nets_solve_the_task_and_the_tanh_rnn_stays_at_chance(stored):
    accuracy = dict(zip(stored["nets"].tolist(), stored["accuracy"]))
    assert (accuracy["LSTM"] > 0.99).all()
    assert (accuracy["GRU"] > 0.99).sum() >= 4 and accuracy["GRU"][0] > 0.99
    assert np.abs(accuracy["RNN"] - 0.25).max() < 0.03  # 3 standard errors of a guess on 2000 sequences
    assert np.abs(stored["rounded"] - stored["accuracy"][:, 0]).max() < 0.002


def test_the_nets_can_be_made_again(script, stored):
    small = {**script.SETTINGS, "T": 20, "steps": 2, "seeds": [0, 1], "tested": 16, "batch_size": 4}
    arrays, again = script.run(small), script.run(small)
    assert list(arrays) == list(stored)
    assert {key: array.shape for key, array in arrays.items() if "." in key} == {
        key: array.shape for key, array in stored.items() if "." in key
    }
    for key, array in arrays.items():
        np.testing.assert_array_equal(array, again[key])
