"""The small real sequences and the running example."""

import datetime
import re
import subprocess
import sys
from importlib import import_module

import numpy as np
import pytest

from rnnlib import data


def test_the_zen_is_the_text_that_python_prints_and_reading_it_prints_nothing():
    code = "import rnnlib; text = rnnlib.data.zen(); import sys; sys.stderr.write(text)"
    quiet = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loud = subprocess.run([sys.executable, "-c", "import this"], capture_output=True, text=True, check=True)
    assert quiet.stdout == ""
    assert quiet.stderr == loud.stdout.rstrip("\n")
    assert data.zen().splitlines()[2] == "Beautiful is better than ugly."


def test_encoding_and_its_vocabulary_give_the_text_back():
    text = data.zen()
    ints, vocabulary = data.encode(text)
    assert "".join(vocabulary[i] for i in ints) == text
    assert vocabulary == sorted(set(text))
    assert ints.dtype.kind == "i"
    assert ints.shape == (len(text),)


@pytest.mark.parametrize("shape", [(), (3,), (4, 2)])
def test_one_hot_has_a_single_1_where_the_number_says(shape):
    ints = np.random.default_rng(0).integers(0, 5, shape)
    rows = data.one_hot(ints, 5)
    assert rows.shape == (*shape, 5)
    np.testing.assert_array_equal(rows.argmax(axis=-1), ints)
    np.testing.assert_array_equal(rows.sum(axis=-1), np.ones(shape))


def test_lines_side_by_side_can_be_read_back_with_each_next_character():
    lines, vocabulary = ["bad", "ab", "dabbed"], ["a", "b", "d", "e"]
    x, targets, lengths, mask = data.lines_as_batch(lines, vocabulary)
    assert (x.shape, targets.shape, lengths.tolist()) == ((5, 3, 4), (5, 3), [2, 1, 5])
    for b, line in enumerate(lines):
        n = len(line) - 1
        assert [vocabulary[row.argmax()] for row in x[:n, b]] == list(line[:-1])
        assert [vocabulary[k] for k in targets[:n, b]] == list(line[1:])
        assert mask[:, b].tolist() == [True] * n + [False] * (5 - n)
        assert (x[:n, b].sum(), x[n:, b].any(), targets[n:, b].any()) == (n, False, False)


def test_googles_prices_are_dated_in_order_and_in_dollars():
    dates, prices = data.google_prices()
    assert dates.dtype == np.dtype("datetime64[D]")
    assert (np.diff(dates) > np.timedelta64(0, "D")).all()
    assert dates.shape == prices.shape == (1047,)
    assert prices.dtype == np.float64
    assert prices[0] == pytest.approx(100.34)  # its first day, 19 August 2004, closed at 100.34 dollars
    assert prices.min() > 90


def test_googles_prices_say_what_is_missing_without_matplotlib(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.cbook", None)
    with pytest.raises(ImportError, match="expected matplotlib to be installed"):
        data.google_prices()


def test_the_running_example_has_the_books_numbers():
    cell, readout, x = data.two_unit_example()
    np.testing.assert_array_equal(cell.params["W_xh"], [[1.0, -0.5]])
    np.testing.assert_array_equal(cell.params["W_hh"], [[0.8, 0.3], [-0.4, 0.6]])
    np.testing.assert_array_equal(cell.params["b_h"], [0.0, 0.1])
    np.testing.assert_array_equal(readout.params["W_hy"], [[1.0], [-1.0]])
    np.testing.assert_array_equal(readout.params["b_y"], [0.0])
    np.testing.assert_array_equal(x[:, 0, 0], [1.0, 0.5, -1.0, 0.0, 2.0])
    trace = cell.forward(x)
    h_1 = np.tanh([1.0, -0.5 + 0.1])
    h_2 = np.tanh([0.5 + 0.8 * h_1[0] - 0.4 * h_1[1], -0.25 + 0.3 * h_1[0] + 0.6 * h_1[1] + 0.1])
    np.testing.assert_allclose(trace.h[2, 0], h_2, atol=1e-15)
    np.testing.assert_allclose(readout.forward(trace.y).y[1, 0, 0], h_2[0] - h_2[1], atol=1e-15)


def test_the_python_reference_is_the_text_that_help_shows():
    text = data.python_reference()
    assert 400_000 < len(text) < 700_000
    assert data.python_reference() == text
    assert "lambda" in text
    shown = subprocess.run(
        [sys.executable, "-c", "help('assert')"], capture_output=True, text=True, check=True
    )
    assert shown.stdout.strip().splitlines()[0] in text


# ---- surnames


def test_surnames_are_as_many_for_each_country_and_no_name_belongs_to_two():
    names, labels, countries = data.surnames(100, rng=0)
    assert len(countries) == 10
    assert len(names) == len(set(names)) == 1000
    np.testing.assert_array_equal(np.bincount(labels), np.full(10, 100))
    assert len(set(labels[:50])) > 5  # shuffled
    providers = [
        import_module(f"faker.providers.person.{locale}").Provider for locale in data.COUNTRIES.values()
    ]
    for name, label in zip(names, labels):
        assert [name in provider.last_names for provider in providers] == [k == label for k in range(10)]


def test_surnames_say_what_is_missing_without_faker(monkeypatch):
    for name in [name for name in sys.modules if name.partition(".")[0] == "faker"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "faker", None)
    with pytest.raises(ImportError, match="expected it to be installed: pip install faker"):
        data.surnames(1, rng=0)


# ---- dates


def read(spelling):
    """Read a date as a person would, by its form alone; independent of how it was written."""
    names = "january february march april may june july august september october november december".split()  # noqa: SIM905
    number = {name[:3]: m for m, name in enumerate(names, start=1)}
    if match := re.fullmatch(r"(\d{1,2})\.(\d{1,2})\.(\d{4})", spelling):
        day, month, year = match.groups()
    elif match := re.fullmatch(r"(\d{1,2})/(\d{1,2})/(\d{4})", spelling):
        month, day, year = match.groups()
    elif match := re.fullmatch(r"(\d{4})(\d{2})(\d{2})", spelling):
        year, month, day = match.groups()
    else:
        word = re.search(r"(?!of|st|nd|rd|th)(?<!\d)[A-Za-z]{3,}", spelling)[0].lower()
        assert word in names or word in number
        month, rest = number[word[:3]], re.sub("[A-Za-z]+", " ", spelling)
        short = re.search(r"'(\d\d)", rest)
        year = re.search(r"\d{4}", rest)[0] if not short else str(1950 + (int(short[1]) - 50) % 100)
        day = re.search(r"(?<![\d'])\d{1,2}(?!\d)", rest)[0]
    return datetime.date(int(year), int(month), int(day)).isoformat()


def test_every_spelling_means_the_date_beside_it():
    spellings, iso = data.dates(5000, rng=0)
    assert [read(spelling) for spelling in spellings] == iso
    assert min(iso) < "1951"
    assert "2049" <= max(iso) < "2050"


@pytest.mark.parametrize(
    ("day", "ordinal"), [(1, "1st"), (2, "2nd"), (3, "3rd"), (4, "4th"), (11, "11th"), (12, "12th"), (13, "13th"),
                         (21, "21st"), (22, "22nd"), (23, "23rd"), (30, "30th"), (31, "31st")]
)  # fmt: skip
def test_ordinals_are_those_of_english(day, ordinal):
    assert data._spell("{d}{th} of {month} {y}", datetime.date(1999, 5, day)) == f"{ordinal} of May 1999"


@pytest.mark.parametrize("form", [r"\d+\.\d+\.\d+", r"\d+/\d+/\d+", r"\d{8}", r"\d+ \w+ '\d\d", r"\d\d-\w+-\d+",
                                  r"\d+\w\w of \w+ \d+", r"\w+ \d+, \d+", r"\d{4}, \w+ \d+"])  # fmt: skip
def test_each_spelling_is_a_tenth_of_all(form):
    count = sum(re.fullmatch(form, spelling) is not None for spelling in data.dates(4000, rng=1)[0])
    assert count == pytest.approx(400, abs=4.5 * np.sqrt(4000 * 0.1 * 0.9))


# ---- sentiment


def judged(sentence):
    """Judge a sentence by its own words: count the negations around the word that is meant."""
    meant = re.sub(r" and not \w+$", "", sentence)  # "good and not dull" means its first word
    meant = re.sub(r"not \w+ but ", "", meant)  # "not good but dull" its last
    negations = len(re.findall(r"\b(?:not|never|nobody)\b", meant))
    words = [word for word in meant.split() if word in data.PRAISE + data.BLAME]
    assert len(words) == 1
    return (words[0] in data.PRAISE) ^ (negations % 2)


def test_each_negation_flips_the_label():
    sentences, labels = data.sentiment(3000, rng=0)
    assert [judged(sentence) for sentence in sentences] == labels.tolist()
    counts = {len(re.findall(r"\b(?:not|never|nobody)\b", sentence)) for sentence in sentences}
    assert counts == {0, 1, 2}


def test_not_bad_at_all_is_praise_and_a_negation_of_a_negation_is_none():
    sentences, labels = data.sentiment(20_000, rng=1)
    label = dict(zip(sentences, labels))
    assert label["the film was not bad at all"] == 1
    assert label["the film was not good at all"] == 0
    assert label["I do not think that the film was not good"] == 1
    assert label["nobody says that the film was never good"] == 1
    assert label["the film is not good but boring"] == 0


def test_no_word_alone_tells_praise_from_blame():
    sentences, labels = data.sentiment(20_000, rng=2)
    for word in sorted(set(" ".join(sentences).split())):
        has = np.array([word in sentence.split() for sentence in sentences])
        assert labels[has].mean() == pytest.approx(0.5, abs=4.5 * 0.5 / np.sqrt(has.sum())), word


@pytest.mark.parametrize("draw", [lambda rng: data.surnames(5, rng), lambda rng: data.dates(20, rng),
                                  lambda rng: data.sentiment(20, rng)])  # fmt: skip
def test_a_seed_says_what_is_drawn(draw):
    one, again, other = draw(3), draw(np.random.default_rng(3)), draw(4)
    for a, b in zip(one, again):
        np.testing.assert_array_equal(a, b)
    assert list(one[0]) != list(other[0])
