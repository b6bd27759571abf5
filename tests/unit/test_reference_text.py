"""The stored run on Python's reference: baselines by hand, measures by plain loops, what table and arrays hold."""

import json
import math
import sys
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

from rnnlib.explorers import runs as stored_runs

RUNS = Path(__file__).parents[2] / "runs"
NAMES = ("reference_text", "reference_units", "kneser_ney", "seeds")


@pytest.fixture
def text(monkeypatch):
    """The script, as a module."""
    monkeypatch.syspath_prepend(RUNS)
    yield import_module("reference_text")
    for name in NAMES:
        sys.modules.pop(name, None)


@pytest.fixture
def units(text):
    """The second script, as a module."""
    return sys.modules["reference_units"]


@pytest.fixture
def counting(text):
    """The script that counts well, as a module."""
    return sys.modules["kneser_ney"]


@pytest.fixture(scope="module")
def table():
    return json.loads((RUNS / "reference_text.json").read_text(encoding="utf-8"))


def sigma(a):
    return 1 / (1 + np.exp(-a))


def plain_losses(params, codes, restart=None):
    """−ln ŷ of each next character, a step at a time; the state starts anew before every `restart` characters."""
    H = len(params["W_hh"])
    losses, h, c = [], np.zeros(H), np.zeros(H)
    for t, (code, after) in enumerate(zip(codes[:-1], codes[1:])):
        if restart and t % restart == 0:
            h, c = np.zeros(H), np.zeros(H)
        i, f, g, o = np.split(params["W_xh"][code] + h @ params["W_hh"] + params["b_h"], 4)
        c = sigma(f) * c + sigma(i) * np.tanh(g)
        h = sigma(o) * np.tanh(c)
        logits = h @ params["W_hy"] + params["b_y"]
        losses.append(np.log(np.exp(logits).sum()) - logits[after])
    return np.array(losses)


# ---- The text ----


def test_rare_characters_and_new_ones_are_one_symbol(text):
    vocabulary = text.vocabulary_of("aaaaabbbbbcccc", least_count=5)
    assert vocabulary == ["a", "b", "\ufffd"]
    assert text.encode("bacé", vocabulary).tolist() == [1, 0, 2, 2]


def test_a_paragraph_that_was_trained_on_is_not_new(text):
    assert text.new_paragraphs("one\n\ntwo", "two\n\nthree\n\none more") == "three\n\none more"


def test_the_share_that_stands_word_for_word_in_the_training_text(text):
    assert text.verbatim("abcdef", "xabcd", length=3) == 2 / 3  # of xab, abc, bcd


# ---- Baselines, by hand ----


def test_unigram_and_bigram_add_one_to_each_count(text):
    codes, held_out = np.array([0, 1, 0, 0]), np.array([1, 0, 1])
    assert text.unigram(codes, held_out, 3) == pytest.approx(-(math.log(4 / 7) + math.log(2 / 7)) / 2)
    # behind 1 came 0 once of 1; behind 0 came 1 once of 2
    assert text.bigram(codes, held_out, 3) == pytest.approx(-(math.log(2 / 4) + math.log(2 / 5)) / 2)


def test_n_grams_are_filled_up_from_shorter_contexts(text):
    codes, held_out = np.array([0, 1, 0, 0]), np.array([0, 1, 0])
    unigram = np.array([4, 2]) / 6
    after_0 = (np.array([1, 1]) + 2 * unigram) / (2 + 2)  # behind 0: 1 and 0, two kinds
    after_1 = (np.array([1, 0]) + 1 * unigram) / (1 + 1)
    after_01 = (np.array([1, 0]) + 1 * after_1) / (1 + 1)
    found = text.n_grams(codes, held_out, 2, orders=(2, 3))
    assert found[2] == pytest.approx(-(math.log(after_0[1]) + math.log(after_1[0])) / 2)
    assert found[3] == pytest.approx(-(math.log(after_0[1]) + math.log(after_01[0])) / 2)


def test_kneser_ney_asks_of_a_shorter_context_what_stands_behind_how_many(counting):
    codes, held_out = np.array([0, 1, 0, 0, 2, 0, 0]), np.array([0, 1, 0])
    # pairs: 01, 10, 02, 20 once, 00 twice. So d = 4 / (4 + 2) = 2/3. Behind how many stands 0? 3; 1 and 2? one each.
    d = 2 / 3
    # of these five kinds of pairs, one off each: two stand behind one, none behind two, so d = 2 / 2 there
    low = (np.array([2, 0, 0]) + 3 * np.full(3, 1 / 3)) / 5
    after_0 = (np.array([2 - d, 1 - d, 1 - d]) + 3 * d * low) / 4
    after_1 = (np.array([1 - d, 0, 0]) + d * low) / 1
    found = counting.probabilities(codes, held_out, 3, order=2)
    assert found == pytest.approx([low[0], after_0[1], after_1[0]])
    assert after_0.sum() == pytest.approx(1) and after_1.sum() == pytest.approx(1)


@pytest.mark.parametrize("order", [2, 3, 5])
def test_kneser_ney_shares_out_one_whatever_the_context(counting, order):
    codes = np.random.default_rng(0).integers(0, 4, 300) ** 2 // 3  # 0, 0, 1, 3: unlike shares, and 2 never
    context = np.tile([*codes[40 : 40 + order - 1], 0], (5, 1))
    context[:, -1] = np.arange(5)
    p = counting.probabilities(codes, context.ravel(), 5, order)[order - 1 :: order]
    assert p.sum() == pytest.approx(1) and p.min() > 0


def test_compressors_pay_for_what_the_training_text_does_not_have(text):
    words = "".join(np.random.default_rng(0).choice([*"abcdefgh"], 2000))
    known, new = (text.compressed(words, other) for other in (words[:1000], words[::-2]))
    assert all(known[name] < 0.3 < math.log(8) < 1.3 * new[name] for name in ("zlib", "lzma"))


# ---- The net ----


def test_the_rate_rises_and_falls(text):
    rate = lambda update: text.rate(update, updates=100, lr=0.02, warm_up=10)
    assert rate(0) == pytest.approx(0.002)
    assert rate(50) == pytest.approx(0.01)
    assert rate(99) < 1e-5


def test_training_carries_the_state_and_learns(text):
    codes = np.tile([0, 1, 2, 3, 3, 2, 1], 60)
    settings = {**text.SETTINGS, "hidden_size": 12, "streams": 2, "window": 5, "updates": 160, "every": 80}
    net, curve = text.train(codes, codes[:131], 4, 0, settings)
    assert [row[0] for row in curve] == [80, 160]
    assert curve[-1][1] < 0.1 < math.log(4)  # what comes next depends on the character before the last
    assert text.in_one_go(net, codes) < 0.1


def test_losses_are_those_of_a_plain_loop(text):
    net = text.make_net(5, 3, hidden_size=4, dtype="float64")
    params = {key.split(".")[1]: array for key, array in net.params.items()}
    codes = np.random.default_rng(1).integers(0, 5, 421)
    assert text.in_one_go(net, codes) == pytest.approx(plain_losses(params, codes).mean(), rel=1e-12)
    assert text.in_windows(net, codes, 60) == pytest.approx(plain_losses(params, codes, 60).mean(), rel=1e-12)


def test_what_is_stored_is_off_by_half_a_step_at_most(text):
    net = text.make_net(5, 3, hidden_size=4, dtype="float32")
    net.params["1.W_hy"][:, 2] = 0.0
    arrays = text.packed(net)
    back = text.unpacked(arrays, 5, {"hidden_size": 4})
    for key, param in net.params.items():
        name = key.split(".")[1]
        half_step = arrays.get(f"{name}.scale", np.float16(2e-3)).astype(float) / 2
        assert (np.abs(back.params[key] - param) <= half_step * 1.001).all()
    assert {array.dtype.name for array in arrays.values()} == {"int8", "float16"}


# ---- The units ----


def test_what_a_reader_can_name(units):
    assert units.bracket_depth("a(b[c])\n\n(").tolist() == [0, 1, 1, 2, 2, 1, 0, 0, 0, 1]
    assert units.bracket_depth(")(\n\nd").tolist() == [0, 1, 1, 0, 0]
    assert units.inside_quotes('a"b"\n"c\n\nd').tolist() == [0, 1, 1, 0, 0, 1, 1, 1, 0, 0]
    assert units.column("ab\nc").tolist() == [1, 2, 0, 1]
    assert units.letters_of_the_word("ab c_").tolist() == [1, 2, 0, 1, 0]
    assert units.spaces_in_a_row(f"a {' ' * 9}b").tolist() == [0, 1, 2, 3, 4, 5, 6, 7, 8, 8, 8, 0]


def test_the_unit_that_follows_is_found_and_measured_elsewhere(units):
    rng = np.random.default_rng(0)
    texts = ["".join(rng.choice([*'ab "'], 2000)) for _ in range(2)]
    values = [rng.normal(size=(2000, 6)) for _ in texts]
    values[0][:, 4] -= 3 * units.inside_quotes(texts[0])
    found = units.follower(*zip(texts, values), units.inside_quotes)
    assert found["unit"] == 4 and found["r_found"] < -0.7
    assert (
        abs(found["r_held_out"]) < 0.1 and abs(found["by_luck"]) < 0.2
    )  # it was planted in the first text alone
    r = units.correlations(values[0], values[0][:, :1])[:, 0]
    assert r == pytest.approx(np.corrcoef(values[0].T)[:, 0], abs=1e-12)


def test_units_that_move_alike_or_against_each_other_are_alike(units):
    values = np.random.default_rng(0).normal(size=(500, 5))
    values[:, 3] = -values[:, 1]
    order, r = units.alike(values, 2)
    assert order[1, 0] == 3 and order[3, 0] == 1 and r[1, 0] == pytest.approx(-1)


# ---- What is stored ----


def test_the_table_is_the_scripts(text, table):
    assert table["command"] == "python runs/reference_text.py"
    assert table["settings"] == text.SETTINGS
    vocabulary = str(stored_runs.load("reference_text")["vocabulary"])
    assert len(vocabulary) == table["V"] and vocabulary[-1] == text.UNKNOWN
    assert table["baselines"]["held_out"]["ln V"] == pytest.approx(math.log(table["V"]), abs=1e-5)
    for losses in table["loss"].values():
        assert len(losses) == len(table["settings"]["seeds"]) == len(table["curves"])
    assert [row[0] for row in table["curves"][0]] == [*range(200, 4001, 200)]
    assert list(table["units"]["properties"]) == stored_runs.load("reference_text")["named"].tolist()


def test_every_seed_is_better_than_plain_counts_and_zlib_but_not_than_the_best_counts_and_lzma(table):
    for name, losses in table["loss"].items():
        known = dict(table["baselines"][name])
        better = [
            known.pop(key) for key in list(known) if key == "lzma" or key.endswith("K–N") and int(key[0]) > 4
        ]
        assert max(better) < min(losses)
        assert max(losses) < min(known.values())


def test_fewer_bits_cost_next_to_nothing_and_a_lost_state_a_tenth(table):
    stored = table["stored"]
    assert stored["float32"] == table["loss"]["held_out"][0]
    assert abs(stored["float16"] - stored["float32"]) < 0.001
    assert abs(stored["int8"] - stored["float32"]) < 0.002
    assert stored["int8, reset"] - stored["int8"] > 0.1


def test_what_was_found_on_some_pages_may_not_hold_on_others(table):
    found = table["units"]["properties"]
    assert min(abs(found[name]["r_held_out"]) for name in ("inside quotes", "along the word")) > 0.6
    assert abs(found["inside brackets"]["r_held_out"]) < 0.3  # no unit follows brackets
    memory = found["spaces in a row"]["memory"]
    assert abs(memory["r_found"]) > 0.6 and abs(memory["r_held_out"]) < 0.1
    assert max(one["by_luck"] for one in found.values()) < 0.1


def test_the_stored_net_foresees_what_python_programs_say(text):
    params = stored_runs.dequantised("reference_text")
    vocabulary = list(str(stored_runs.load("reference_text")["vocabulary"]))
    sure, made_up = ("def __init__(self", "quompf zyxgar bvlt")
    easy, hard = (plain_losses(params, text.encode(words, vocabulary)).mean() for words in (sure, made_up))
    assert easy < 1.5 < math.log(len(vocabulary)) < hard
