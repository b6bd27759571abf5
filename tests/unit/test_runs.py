"""The stored comparisons over seeds: what they say follows from their own numbers and their scripts' settings."""

import json
import sys
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

from rnnlib import tasks

RUNS = Path(__file__).parents[2] / "runs"
BASELINES = {
    "adding": 1 / 6,
    "temporal_order": np.log(4),
    "copy_memory": 10 * np.log(8) / 40,
    "zen_by_heart": np.log(45),
}


@pytest.fixture
def script(monkeypatch):
    """Import a script of runs/ as a module."""
    monkeypatch.syspath_prepend(RUNS)
    yield import_module
    for name in [*BASELINES, "seeds"]:
        sys.modules.pop(name, None)


def table(name):
    return json.loads((RUNS / f"{name}.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", BASELINES)
def test_a_table_says_where_it_comes_from_and_what_its_script_sets(name, script):
    stored, module = table(name), script(name)
    assert stored["command"] == f"python runs/{name}.py"
    assert stored["baseline"] == pytest.approx(BASELINES[name], rel=1e-12)
    assert stored["settings"] == module.SETTINGS
    assert list(stored["nets"]) == list(module.NETS)
    for key, net in stored["nets"].items():
        wanted = {**module.SETTINGS, **module.NETS[key]}
        assert net["net"] == repr(wanted.pop("make")(0))
        assert {setting: net[setting] for setting in wanted} == wanted


@pytest.mark.parametrize("name", BASELINES)
def test_what_counts_as_solved_follows_from_the_stored_losses(name):
    stored = table(name)
    for net in stored["nets"].values():
        losses = np.array(net["validation_loss"])
        assert losses.shape == (len(net["seeds"]), net["steps"] // net["every"])
        below = losses < stored["solved_below"]
        after = [int(row.argmax() + 1) * net["every"] if row.any() else None for row in below]
        assert net["solved_after"] == after
        assert net["solved"] == f"{below.any(axis=1).sum()}/{len(losses)}"
        assert net["lowest"] == losses.min(axis=1).tolist()


def test_the_tables_show_what_the_book_says_of_them():
    adding, order, zen = (table(name)["nets"] for name in ("adding", "temporal_order", "zen_by_heart"))
    solved = {key: net["solved"] for key, net in {**adding, "order, GRU": order["GRU"]}.items()}
    assert solved["GRU"] == solved["LSTM, forget bias 3"] == order["LSTM, forget bias 3"]["solved"] == "5/5"
    assert {solved[key] for key in adding if "tanh" in key} == {order["tanh RNN"]["solved"]} == {"0/5"}
    assert zen["LSTM"]["solved"] == "5/5"


def test_a_comparison_can_be_made_again_net_by_net(script, tmp_path, monkeypatch, capsys):
    adding, seeds = script("adding"), script("seeds")
    settings = {**adding.SETTINGS, "seeds": [0, 1], "steps": 4, "every": 2, "tested": 8, "batch_size": 4}
    draw = lambda B, rng: tasks.adding(5, B, rng)
    for names in (["tanh RNN"], ["IRNN"]):
        monkeypatch.setattr(sys, "argv", ["small.py", *names])
        nets = {name: {"make": adding.NETS[name]["make"]} for name in ("IRNN", "tanh RNN")}
        seeds.compare(tmp_path / "small.py", "adding, T = 5", draw, 1 / 6, 1e-9, settings, nets)
    stored = json.loads((tmp_path / "small.json").read_text(encoding="utf-8"))
    assert list(stored["nets"]) == ["IRNN", "tanh RNN"]
    assert stored["nets"]["IRNN"]["solved"] == "0/2"
    assert np.array(stored["nets"]["IRNN"]["validation_loss"]).shape == (2, 2)
    assert "tanh RNN: 0/2 solved" in capsys.readouterr().out
