"""The stored comparisons over seeds: what they say follows from their own numbers and their scripts' settings."""

import json
import sys
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

import rnnlib
from rnnlib import tasks
from rnnlib.explorers import runs as stored_runs

RUNS = Path(__file__).parents[2] / "runs"
BASELINES = {
    "adding": 1 / 6,
    "temporal_order": np.log(4),
    "copy_memory": 10 * np.log(8) / 40,
    "zen_by_heart": np.log(45),
}
COMPARED = ("adding", "temporal_order", "copy_memory")


@pytest.fixture
def script(monkeypatch):
    """Import a script of runs/ as a module."""
    monkeypatch.syspath_prepend(RUNS)
    yield import_module
    for name in [*BASELINES, "adding_nets", "which_cell", "seeds"]:
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
    assert [order[f"LSTM, forget bias {bias}"]["solved"] for bias in (0, 1, 3)] == ["0/5", "1/5", "5/5"]


def test_the_seeds_of_lstm_and_gru_lie_apart_on_temporal_order_until_the_gru_starts_open_as_well():
    order = table("temporal_order")["nets"]
    lstm, gru, open_gru = (
        order[key]["solved_after"] for key in ("LSTM, forget bias 3", "GRU, 3000 steps", "GRU, update bias 3")
    )
    assert max(open_gru) < min(lstm) and max(lstm) < min(gru)


@pytest.mark.parametrize("name", COMPARED)
def test_no_net_has_fewer_steps_than_the_task_sets_and_all_four_cells_take_part(name):
    stored = table(name)
    assert {key.partition(",")[0] for key in stored["nets"]} == {"tanh RNN", "IRNN", "GRU", "LSTM"}
    assert min(net["steps"] for net in stored["nets"].values()) == stored["settings"]["steps"]


@pytest.mark.parametrize("name", ["adding", "temporal_order"])
def test_the_tanh_network_has_a_second_rate_where_it_is_never_solved(name):
    tanh = [net for key, net in table(name)["nets"].items() if key.startswith("tanh RNN")]
    assert {net["solved"] for net in tanh} == {"0/5"}
    assert {net["lr"] for net in tanh} == {0.01, 0.001}


def test_the_gru_of_temporal_order_with_an_update_bias_keeps_as_much_as_the_lstm_with_its_forget_bias(script):
    nets, silence = script("temporal_order").NETS, np.zeros((1, 1, 8))
    z = nets["GRU, update bias 3"]["make"](0).layers[0].forward(silence).gates["z"]
    f = nets["LSTM, forget bias 3"]["make"](0).layers[0].forward(silence).gates["f"]
    assert np.allclose(z, f) and np.allclose(z, 1 / (1 + np.exp(-3)))


def test_the_chapter_reads_the_tables_by_name():
    assert [stored_runs.table(name) for name in COMPARED] == [table(name) for name in COMPARED]
    assert [row["T"] for row in stored_runs.table("cells")["memory"]] == [50, 100, 200, 400]
    with pytest.raises(
        FileNotFoundError, match="no stored run 'subtracting'; there are: .*cells, copy_memory"
    ):
        stored_runs.table("subtracting")


def test_one_command_makes_all_that_the_comparison_shows(script, monkeypatch):
    made, command = [], script("which_cell")
    for name in (*COMPARED, "adding_nets"):
        monkeypatch.setattr(script(name), "main", lambda name=name: made.append(name))
    command.main()
    assert sorted(made) == sorted([*COMPARED, "adding_nets"])


def test_the_stored_nets_of_adding_are_those_of_its_table(script):
    adding, rows = script("adding"), table("adding")
    test = adding.draw(rows["settings"]["tested"], rows["test_seed"])
    with np.load(RUNS / "adding_nets.npz") as arrays:
        for name in script("adding_nets").NAMES:
            net = adding.NETS[name]["make"](0)
            for key, array in net.params.items():
                array[...] = arrays[f"{name}/{key}"]
            loss, _ = rnnlib.mse(net.forward(test.x).y[-1], test.targets)
            assert loss / len(test.targets) == pytest.approx(
                rows["nets"][name]["validation_loss"][0][-1], rel=0.01, abs=1e-5
            )


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
