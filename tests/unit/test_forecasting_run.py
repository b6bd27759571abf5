"""The stored forecasts: their baselines can be made again by hand, and the table shows what the book says of it."""

import json
import sys
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

import rnnlib
from rnnlib.explorers import runs as stored_runs

RUNS = Path(__file__).parents[2] / "runs"
STORED = json.loads((RUNS / "forecasting.json").read_text(encoding="utf-8"))
NETS = ("feed-forward", "tanh RNN", "GRU")


@pytest.fixture(scope="module")
def script():
    """Import runs/forecasting.py."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(RUNS)
        yield import_module("forecasting")
    for name in ("forecasting", "seeds"):
        sys.modules.pop(name, None)


def test_a_table_says_where_it_comes_from_and_what_its_script_sets(script):
    assert stored_runs.table("forecasting") == STORED
    assert STORED["command"] == "python runs/forecasting.py" and STORED["settings"] == script.SETTINGS
    assert list(STORED["series"]) == list(script.SERIES) and STORED["orders"] == script.ORDERS
    assert (
        STORED["horizons"]["horizons"] == script.HORIZONS and STORED["origins"]["origins"] == script.ORIGINS
    )
    assert STORED["windows"]["p"] == script.WINDOWS
    assert (
        STORED["windows"]["test"][1] == STORED["series"]["Mackey–Glass with noise"]["feed-forward"]
    )  # p = 24
    assert all(len(row[net]) == 3 for row in STORED["series"].values() for net in NETS)


def series(script, name):
    """Return a series scaled by its first `train` values, and the row that is stored for it."""
    y, row = script.SERIES[name][0](), STORED["series"][name]
    past = y[: row["train"]]
    return (y - np.mean(past)) / np.std(past), row


def ar_errors(z, p, last):
    """Return the squared errors (N − p,) of AR(p), fitted to z[:last] by the normal equations."""
    rows = np.array([[*z[t - p : t], 1.0] for t in range(p, len(z))])
    known = rows[: last - p]
    w = np.linalg.solve(known.T @ known, known.T @ z[p:last])
    return (rows @ w - z[p:]) ** 2


@pytest.mark.parametrize("name", STORED["series"])
def test_the_baselines_of_a_series_are_those_one_gets_by_hand(name, script):
    z, row = series(script, name)
    test = np.arange(row["stop"] + 1, len(z))
    assert row["persistence"] == pytest.approx(np.mean((z[test] - z[test - 1]) ** 2), rel=1e-3)
    assert row["mean"] == pytest.approx(np.mean(z[test] ** 2), rel=1e-3)
    p = row["p"]
    assert row["AR"] == pytest.approx(ar_errors(z, p, row["stop"])[test - p].mean(), rel=1e-3)


@pytest.mark.parametrize("name", STORED["series"])
def test_the_order_of_ar_was_chosen_before_the_test(name, script):
    z, row = series(script, name)
    held_out = np.arange(row["train"] + 1, row["stop"])
    errors = {p: ar_errors(z, p, row["train"])[held_out - p].mean() for p in STORED["orders"]}
    assert errors[row["p"]] == pytest.approx(min(errors.values()), rel=1e-6)


def test_the_table_shows_what_the_book_says_of_it():
    table = STORED["series"]
    for name in ("membrane potential", "Mackey–Glass with noise"):
        assert max(max(table[name][net]) for net in NETS) < table[name]["AR"]
    equation, neuron = table["Mackey–Glass with noise"], table["membrane potential"]
    assert max(equation["tanh RNN"] + equation["GRU"]) < min(equation["feed-forward"])
    windows = STORED["windows"]
    assert max(equation["tanh RNN"] + equation["GRU"]) < np.min(windows["test"])
    assert min(windows["validation"][2] + windows["validation"][3]) > max(windows["validation"][1])
    assert max(neuron["feed-forward"]) < min(neuron["tanh RNN"] + neuron["GRU"])
    returns = table["Google, log-return"]
    assert all(error > 0.99 * returns["mean"] for net in NETS for error in returns[net])


def test_a_net_that_is_trained_once_loses_its_skill_and_one_trained_anew_keeps_it():
    rows = STORED["origins"]
    skill = {key: 1 - np.array(rows[key]) / rows["persistence"] for key in rows if key != "origins"}
    assert skill["tanh RNN"].min() > 0.7 and skill["tanh RNN, trained once"][:, -1].max() < 0
    assert np.allclose(skill["tanh RNN"][:, 0], skill["tanh RNN, trained once"][:, 0])
    assert (skill["tanh RNN"] > skill["AR"]).all()


def small(script, rng=0):
    z = np.random.default_rng(rng).normal(size=60)
    return script.Parts(z, 30, 40), rnnlib.stack([rnnlib.GRU(1, 4, rng=1), rnnlib.Readout(4, 1, rng=2)])


@pytest.mark.parametrize("h", [1, 3])
def test_no_forecast_reads_what_comes_after_its_origin(h, script):
    parts, net = small(script)
    other, _ = small(script)
    other.z[45:] += 1.0
    for make in (lambda parts: script.forecast(net, parts.z, True, h), lambda parts: script.ar(parts, 2, h),
                 lambda parts: script.iterated(net, parts.z, True, h), lambda parts: script.persistence(parts, h),
                 lambda parts: script.iterated_ar(parts, 2, h)):  # fmt: skip
        one, two = make(parts), make(other)
        assert np.array_equal(one[: 45 + h], two[: 45 + h], equal_nan=True)
        assert not np.isclose(one[45 + h], two[45 + h])


def test_an_iterated_forecast_reads_its_own_one_step_forecasts(script):
    parts, net = small(script)
    third = script.iterated(net, parts.z, True, 3)
    assert np.allclose(script.iterated(net, parts.z, True, 1)[1:], script.forecast(net, parts.z, True)[1:])
    own = list(parts.z[:20])
    for _ in range(3):
        read = np.array(own)[:, None, None]
        own.append(own[-1] + net.forward(read).y[-1, 0, 0])
    assert third[22] == pytest.approx(own[-1], rel=1e-12)


def test_the_equation_stays_where_it_is_known_to_and_has_the_noise_it_says(script):
    clean, noisy = script.mackey_glass(500, noise=0), script.mackey_glass(500, noise=0.1)
    assert 0.2 < clean.min() < clean.max() < 1.4
    assert np.std(noisy - clean) == pytest.approx(0.1 * np.std(clean), rel=0.1)
