"""The stored runs on dates and on copied digits: splits without leaks, and what the tables and the arrays hold."""

import json
import re
import sys
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

from rnnlib import data
from rnnlib.explorers import runs as stored_runs

RUNS = Path(__file__).parents[2] / "runs"
SEEDS = 3


@pytest.fixture
def script(monkeypatch):
    """Import a script of runs/ as a module."""
    monkeypatch.syspath_prepend(RUNS)
    yield import_module
    for name in ("dates", "copying", "translate", "seeds"):
        sys.modules.pop(name, None)


def table(name):
    return json.loads((RUNS / f"{name}.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", ["dates", "copying"])
def test_a_table_says_where_it_comes_from_and_what_its_script_sets(name, script):
    stored, module = table(name), script(name)
    assert stored_runs.table(name) == stored
    assert stored["command"] == f"python runs/{name}.py"
    assert stored["settings"] == module.SETTINGS and len(module.SETTINGS["seeds"]) == SEEDS
    assert list(stored["nets"]) == list(module.NETS)
    for key, net in stored["nets"].items():
        assert {setting: net[setting] for setting in module.NETS[key]} == module.NETS[key]


def test_the_curves_of_dates_have_a_value_for_each_seed_and_test(script):
    for net in table("dates")["nets"].values():
        tests = net.get("steps", script("dates").SETTINGS["steps"]) // script("dates").SETTINGS["every"]
        for curve in ("exact", "characters", "loss"):
            assert np.array(net[curve]).shape == (SEEDS, tests)
        assert (np.array(net["exact"]) <= np.array(net["characters"])).all()


def test_no_day_is_in_training_and_test_lines(script):
    train, test = script("dates").split(1, script("dates").SETTINGS)
    assert len(train) == 10_000 and len(test) == 500
    assert not {day for _, day in train} & {day for _, day in test}
    assert {script("dates").kind(line) for line in test} == set(range(len(data.SPELLINGS)))


def test_dates_are_written_in_the_codes_that_the_chapter_uses(script):
    dates = script("dates")
    codes, lengths = dates.encode(["3 May 1999", "1/2/2003"])
    assert lengths.tolist() == [10, 8] and codes.shape == (10, 2) and (codes[8:, 1] == 0).all()
    assert "".join(dates.READ[k] for k in codes[:8, 1]) == "1/2/2003"
    assert dates.READ[1:] == sorted(dates.READ[1:])
    assert dates.encode_iso(["1999-05-03"])[:, 0].tolist() == [2, 10, 10, 10, 0, 1, 6, 0, 1, 4]


def test_forced_inputs_are_shifted_and_noise_leaves_the_start(script):
    translate, targets = import_translate(script), np.array([[1, 2], [3, 4], [5, 6]])
    inputs = translate.shifted(targets, 9)
    assert inputs.tolist() == [[9, 9], [1, 2], [3, 4]]
    many = np.full((2, 20_000), 9)
    found = translate.noisy(many, 0.2, 9, np.random.default_rng(0))
    assert (found[0] == 9).all() and np.mean(found[1] != 9) == pytest.approx(0.2, abs=0.02)


def import_translate(script):
    return script("translate")


def of_seed_0(dates, name):
    """Return a stored net of dates, and the test lines of its seed."""
    net = dates.make(0, {**dates.SETTINGS, **dates.NETS[name]})
    with np.load(RUNS / "dates.npz") as arrays:
        for key, array in net.params.items():
            array[...] = arrays[f"{name}/{key}"]
    return net, dates.split(0, dates.SETTINGS)[1]


@pytest.mark.parametrize("name", ["last state", "attention", "last state, noisy"])
def test_the_stored_nets_of_dates_write_what_their_table_says(name, script):
    dates = script("dates")
    net, test = of_seed_0(dates, name)
    source, lengths = dates.encode([text for text, _ in test])
    symbols = net.greedy(source, dates.START, steps=10, lengths=lengths)
    answers = ["".join(dates.WRITTEN[k] for k in column) for column in symbols.T]
    exact = np.mean([answer == day for answer, (_, day) in zip(answers, test)])
    assert exact == pytest.approx(table("dates")["nets"][name]["exact"][0][-1], abs=0.006)  # float16


def test_the_share_on_the_year_is_what_one_date_after_the_other_gives(script):
    dates = script("dates")
    net, test = of_seed_0(dates, "attention")
    shares = []
    for text, day in test[:100]:
        source, lengths = dates.encode([text])
        read = [dates.START, *(dates.WRITTEN.index(c) for c in day[:-1])]
        weights = net.forward(source, np.array(read)[:, None], lengths=lengths).attention.weights[:, 0]
        year = day[:4] if day[:4] in text else day[2:4]
        at = text.rindex(year) if not text.isdigit() else 0
        shares.append(weights[:, at : at + len(year)].sum(axis=1))
    stored = table("dates")["nets"]["attention"]["year_share"][0]
    assert dates.year_share(net, test[:100]) == pytest.approx(np.mean(shares, axis=0), abs=1e-3)
    assert stored == pytest.approx(np.mean(shares, axis=0), abs=0.05)


def test_an_error_is_followed_by_what_a_decoder_run_one_by_one_writes(script):
    dates = script("dates")
    net, test = of_seed_0(dates, "last state")
    assert dates.after_error(net, test) == pytest.approx(
        table("dates")["nets"]["last state"]["after_error"][0], abs=0.02
    )
    (text, day), place = test[0], 4
    source, lengths = dates.encode([text])
    read = [dates.START, *(dates.WRITTEN.index(c) for c in day[:place]), 7]  # a digit for the hyphen
    trace = net.forward(source, np.array(read)[:, None], lengths=lengths)
    given = [None] * 10
    given[place] = np.array([7])
    assert (
        dates.write(net, source, lengths, given)[: place + 2, 0].tolist()
        == trace.y[:, 0].argmax(axis=1).tolist()
    )


def test_the_tables_show_what_the_chapter_says_of_them():
    nets, copied = table("dates")["nets"], table("copying")
    last, noisy, attention = (
        np.array(nets[name]["exact"]) for name in ("last state", "last state, noisy", "attention")
    )
    assert attention[:, 0].min() > 0.96 > np.median(last[:, -1]) - 0.02 and last[:, 0].max() < 0.04
    assert noisy[:, -1].min() < last[:, -1].max() and noisy[:, -1].max() > last[:, -1].min()
    hyphen = [np.array(nets[name]["after_error"])[:, 4] for name in ("last state", "last state, noisy")]
    assert hyphen[0].min() > 0.85 and hyphen[1].max() < 0.05
    longest = {name: max(n for n, half in zip(copied["lengths"], np.median(net["exact"], axis=0)) if half >= 0.5)
               for name, net in copied["nets"].items()}  # fmt: skip
    assert longest["last state, H = 32"] < longest["last state, H = 64"] < longest["last state, H = 128"] < 16
    assert longest["attention, H = 64"] == 18


def test_reversed_strings_are_written_from_behind_and_end(script):
    copying = script("copying")
    source, targets = copying.strings(3, 2, np.random.default_rng(0), True)
    assert targets.tolist() == [*source[::-1].tolist(), [10, 10]]
    assert copying.strings(3, 2, np.random.default_rng(0), False)[1].tolist() == [*source.tolist(), [10, 10]]


def test_the_parser_s_view_of_the_year_fits_every_spelling(script):
    for kind in range(len(data.SPELLINGS)):
        text = data._spell(data.SPELLINGS[kind], data.datetime.date(2035, 4, 3))
        assert re.search(r"\d{4}|(?<=')\d\d", text)[0] in ("2035", "35")
