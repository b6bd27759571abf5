"""Every check of *A character-level language model* names the mistake that was made."""

import math
from collections import Counter

import numpy as np
import pytest

from rnnlib import check

# --- bigram_nats -----------------------------------------------------------------------------------------------


def pairs(train, test, V, k, *, add=None, below=None, log=math.log, mean=None, price=None):
    """Look at one pair after the other: counted in a dict, divided by what stands below, paid."""
    train, test, add = [int(one) for one in train], [int(one) for one in test], k if add is None else add
    seen, starts = Counter(zip(train, train[1:])), Counter(train[:-1])
    below = below or (lambda a, b: starts[a] + add * V)
    paid = []
    for a, b in zip(test, test[1:]):
        count = (seen[a, b] + add) if price is None else price(seen, a, b)
        under = below(a, b)
        paid.append(math.inf if count == 0 and under else math.nan if not under else -log(count / under))
    return sum(paid) / len(paid) if mean is None else mean(paid)


def slip(**how):
    return lambda *args: pairs(*args, **how)


def by_array(train, test, V, k, *, count=None, divide=None):
    counts = np.full((V, V), float(k))
    if count:
        count(counts, train)
    else:
        for a, b in zip(train[:-1], train[1:]):
            counts[a, b] += 1
    p = divide(counts) if divide else (counts.T / counts.sum(axis=1)).T
    return float(np.mean([-np.log(p[a, b]) for a, b in zip(test[:-1], test[1:])]))


def buffered(counts, train):
    counts[train[:-1], train[1:]] += 1


def only_where_none(train, test, V, k):
    counts = np.zeros((V, V))
    for a, b in zip(train[:-1], train[1:]):
        counts[a, b] += 1
    counts[counts == 0] = k
    return np.mean([-math.log(counts[a, b] / sum(counts[a])) for a, b in zip(test[:-1], test[1:])])


def unsmoothed(train, test, V, k):
    counts = np.zeros((V, V))
    for a, b in zip(train[:-1], train[1:]):
        counts[a, b] += 1
    return np.mean([-np.log(counts[a, b] / counts[a].sum()) for a, b in zip(test[:-1], test[1:])])


def singles(train, test, V, k):
    seen = Counter(train.tolist())
    return np.mean([-math.log((seen[int(one)] + k) / (len(train) + k * V)) for one in test])


def reversed_rows(train, test, V, k):
    return by_array(train, test[::-1], V, k)


BIGRAM_WRONG = {
    "gets the probability 0 here": unsmoothed,
    "counted once at most": lambda *args: by_array(*args, count=buffered),
    "only where nothing was counted": only_where_none,
    "the counts start at 1 here": lambda train, test, V, k: pairs(train, test, V, 1),
    "the columns are made to sum to 1": lambda *args: by_array(*args, divide=lambda c: c / c.sum(axis=0)),
    "do not line up with the rows": lambda *args: by_array(*args, divide=lambda c: c / c.sum(axis=1)),
    "the probability of the *pair*": lambda *args: by_array(*args, divide=lambda c: c / c.sum()),
    "a row no longer sums to 1": lambda *args: unscaled(*args, 0),
    "so its sum grows by k · V, not by k": lambda *args: unscaled(*args, args[-1]),
    "this is in bits": slip(log=math.log2),
    "to base 10": slip(log=math.log10),
    "this is the sum over the test part": slip(mean=sum),
    "divided by one too many": slip(mean=lambda paid: sum(paid) / (len(paid) + 1)),
    "this is the perplexity": slip(mean=lambda paid: math.exp(sum(paid) / len(paid))),
    "so it is positive": slip(mean=lambda paid: -sum(paid) / len(paid)),
    "the probabilities are averaged": slip(mean=lambda paid: -math.log(np.mean([math.exp(-x) for x in paid]))),
    "counted in the test part": lambda train, test, V, k: pairs(test, test, V, k),
    "of the test part are counted as well": lambda train, test, V, k: pairs([*train, *test], test, V, k),
    "the loss on the training part": lambda train, test, V, k: pairs(train, train, V, k),
    "the wrong way round": lambda train, test, V, k: pairs(test, train, V, k),
    "this counts single symbols": singles,
    "the symbol to be predicted": reversed_rows,
    "how often its symbol is *followed*": lambda train, test, V, k: pairs(
        train, test, V, k, below=lambda a, b: train.tolist().count(a) + k * V),
    "begin with its second": lambda train, test, V, k: joined(train, test, V, k),
}  # fmt: skip


def joined(train, test, V, k):
    return by_array(train, [train[-1], *test], V, k)


def unscaled(train, test, V, k, add):
    starts, seen = Counter(train[:-1].tolist()), Counter(zip(train[:-1].tolist(), train[1:].tolist()))
    paid = []
    for a, b in zip(test[:-1].tolist(), test[1:].tolist()):
        with np.errstate(all="ignore"):
            paid.append(-np.log(np.float64(seen[a, b] + k) / (starts[a] + add)))
    return np.mean(paid)


@pytest.mark.parametrize("words", BIGRAM_WRONG)
def test_bigram_nats_names_the_mistake(words, says):
    assert words in says(check.bigram_nats(BIGRAM_WRONG[words]))


@pytest.mark.parametrize("way", [pairs, by_array, lambda *args: np.float32(pairs(*args))])
def test_bigram_nats_takes_every_way_to_write_it(way):
    said = "Right on 5 cases, pairs and a symbol that were never seen included."
    assert repr(check.bigram_nats(lambda train, test, V, k: way(train, test, V, k))) == said


# --- streams_fixed ------------------------------------------------------------------------------------------------


def layout(codes, B, *, T=None, place=lambda t, b, T: b * T + t, ahead=lambda t, b, T: b * T + t + 1):
    """Fill both arrays entry by entry."""
    T = (len(codes) - 1) // B if T is None else T(len(codes), B)
    grid = lambda at: np.array([[codes[at(t, b, T) % len(codes)] for b in range(B)] for t in range(T)])
    return grid(place), grid(ahead)


def rearranged(change):
    return lambda codes, B: change(*layout(codes, B))


STREAMS_WRONG = {
    "still as it was given": lambda codes, B: layout(
        codes, B, place=lambda t, b, T: t * B + b, ahead=lambda t, b, T: t * B + b + 1),
    "the targets are the inputs themselves": rearranged(lambda x, y: (x, x.copy())),
    "is its own first code": rearranged(lambda x, y: (x, np.concatenate([x[1:], x[:1]]))),
    "those of the stream beside": rearranged(lambda x, y: (x, np.hstack([x[:, 1:], x[:, :1]]))),
    "has no target here, and is lost": lambda codes, B: layout(
        codes, B, T=lambda n, B: n // B - 1, place=lambda t, b, T: b * (T + 1) + t,
        ahead=lambda t, b, T: b * (T + 1) + t + 1),
    "np.roll brings the first one back": lambda codes, B: layout(codes, B, T=lambda n, B: n // B),
    "the two are swapped": rearranged(lambda x, y: (y, x)),
    "two places ahead": lambda codes, B: layout(
        codes, B, T=lambda n, B: (n - 2) // B, ahead=lambda t, b, T: b * T + t + 2),
    "time comes first": rearranged(lambda x, y: (np.transpose(x), np.transpose(y))),
    "dropped at the beginning": lambda codes, B: layout(codes[(len(codes) - 1) % B :], B),
    "only one stream comes back": rearranged(lambda x, y: (x[:, 0], y[:, 0])),
}  # fmt: skip


@pytest.mark.parametrize("words", STREAMS_WRONG)
def test_streams_fixed_names_the_mistake(words, says):
    assert words in says(check.streams_fixed(STREAMS_WRONG[words]))


def by_split(codes, B):
    T = (len(codes) - 1) // B
    rows = [codes[b * T : (b + 1) * T + 1] for b in range(B)]  # one more than the inputs
    return np.array([row[:-1] for row in rows]).T, np.array([row[1:] for row in rows]).T


@pytest.mark.parametrize("way", [layout, by_split, lambda *args: [part.tolist() for part in layout(*args)]])
def test_streams_fixed_takes_every_way_to_write_it(way):
    said = "Right on 6 cases, B = 1, T = 1 and remainders included."
    assert repr(check.streams_fixed(lambda codes, B: way(codes, B))) == said


# --- with_temperature ------------------------------------------------------------------------------------------


def by_differences(o, tau):
    """Return 1 / Σ_j exp((o_j − o_k)/τ), which is the same."""
    o = np.asarray(o, float)
    with np.errstate(over="ignore"):
        return 1 / np.exp((o[..., None, :] - o[..., :, None]) / tau).sum(axis=-1)


def plain(o, axis=-1):
    e = np.exp(o - np.max(o, axis=axis, keepdims=True))
    return e / np.sum(e, axis=axis, keepdims=True)


def by_power(o, tau):
    p = plain(o) ** (1 / tau)
    return p / p.sum(axis=-1, keepdims=True)


TEMPERATURE_WRONG = {
    "the logits are multiplied by τ": lambda o, tau: by_differences(o, 1 / tau),
    "τ has no effect": lambda o, tau: (plain(o) / tau) / (plain(o) / tau).sum(axis=-1, keepdims=True),
    "the *probabilities* are divided by τ": lambda o, tau: by_differences(o, 1) / tau,
    "the probabilities are multiplied by τ": lambda o, tau: by_differences(o, 1) * tau,
    "a softmax is taken of probabilities": lambda o, tau: by_differences(plain(o), tau),
    "but not normalised again": lambda o, tau: plain(o) ** (1 / tau),
    "exp(o/τ) alone does not sum to 1": lambda o, tau: math.e ** (o / tau),
    "exp(o/τ − max) alone": lambda o, tau: np.exp((o - o.max(axis=-1, keepdims=True)) / tau),
    "τ divides exp(o) here": lambda o, tau: np.exp(o) / tau,
    "the sum below has them undivided": lambda o, tau: np.exp(o / tau) / np.exp(o).sum(axis=-1, keepdims=True),
    "the sum runs over axis 0": lambda o, tau: plain(o / tau, axis=0),
    "the sum runs over the whole array": lambda o, tau: np.exp(o / tau - o.max() / tau)
    / np.exp(o / tau - o.max() / tau).sum(),
    "axis=1 is the last axis only": lambda o, tau: plain(o / tau, axis=1),
    "the softmax is missing": lambda o, tau: o / tau,
    "the logarithms of the probabilities": lambda o, tau: np.log(by_differences(o, tau)),
    "τ divides twice": lambda o, tau: by_differences(o, tau * tau),
    "takes the likeliest symbol": lambda o, tau: 1.0 * (o == o.max(axis=-1, keepdims=True)),
    "τ is divided by the logits": lambda o, tau: by_differences(tau / o, 1),
    "with a single maximum for all": lambda o, tau: np.exp((o - o.max()) / tau)
    / np.exp((o - o.max()) / tau).sum(axis=-1)[..., None],
    "exp overflows when o/τ is large": lambda o, tau: np.exp(o / tau) / np.exp(o / tau).sum(axis=-1, keepdims=True),
    "is rounded to 0, and no power brings it back": by_power,
}  # fmt: skip


@pytest.mark.parametrize("words", TEMPERATURE_WRONG)
def test_with_temperature_names_the_mistake(words, says):
    assert words in says(check.with_temperature(TEMPERATURE_WRONG[words]))


@pytest.mark.parametrize("way", [by_differences, lambda o, tau: plain(o / tau),
                                 lambda o, tau: plain((o - o.max()) / tau).tolist()])  # fmt: skip
def test_with_temperature_takes_every_way_to_write_it(way):
    said = "Right on 7 cases, τ = 0.001, τ = 1000 and one axis included."
    assert repr(check.with_temperature(lambda o, tau: way(o, tau))) == said


# --- per_word --------------------------------------------------------------------------------------------------


def units(nats, characters, words, *, bits=None, character=None, word=None):
    mean = nats / characters
    bits = bits or (lambda mean: mean / math.log(2))
    character = character or math.exp
    word = word or (lambda mean, length: math.exp(mean) ** length)
    return bits(mean), character(mean), word(mean, characters / words)


def unit_slip(**how):
    return lambda *args: units(*args, **how)


def second(value):
    """Put a value, made from all three arguments, in the place of the perplexity a character."""
    return lambda *args: (units(*args)[0], value(*args), units(*args)[2])


WORD_WRONG = {
    "these are nats a character": unit_slip(bits=lambda mean: mean),
    "not by multiplying": unit_slip(bits=lambda mean: mean * math.log(2)),
    "these are the bits of the whole text": lambda nats, *rest: (
        nats / math.log(2),
        *units(nats, *rest)[1:],
    ),
    "to base 10": unit_slip(bits=lambda mean: mean / math.log(10)),
    "these are bits a word": lambda nats, n, words: (
        nats / words / math.log(2),
        *units(nats, n, words)[1:],
    ),
    "2 to the power of nats": unit_slip(character=lambda mean: 2**mean),
    "e to the power of bits": unit_slip(character=lambda mean: math.exp(math.log2(math.e) * mean)),
    "the perplexity of the whole text": second(lambda nats, n, words: math.exp(nats)),
    "exp(nats / characters).": second(lambda nats, n, words: math.exp(nats) / n),
    "a *power* of that of a character": unit_slip(word=lambda mean, length: math.exp(mean) * length),
    "a word's perplexity is not a character's": unit_slip(word=lambda mean, length: math.exp(mean)),
    "the exponent is upside down": unit_slip(word=lambda mean, length: math.exp(mean) ** (1 / length)),
    "exp(nats / words), not exp(nats) / words": lambda nats, n, words: (
        *units(nats, n, words)[:2],
        math.exp(nats) / words,
    ),
}
WORD_TOO = {
    "2 to the power of nats": unit_slip(word=lambda mean, length: 2 ** (mean * length)),
    "e to the power of bits": unit_slip(word=lambda mean, length: math.exp(mean * length / math.log(2))),
}


@pytest.mark.parametrize("table", [WORD_WRONG, WORD_TOO])
def test_per_word_names_the_mistake(table, says):
    for words, wrong in table.items():
        assert words in says(check.per_word(wrong)), words


@pytest.mark.parametrize("way", [units, lambda *args: np.array(units(*args))])
def test_per_word_takes_every_way_to_write_it(way):
    said = "Right on 5 cases, a single word included."
    assert repr(check.per_word(lambda nats, characters, words: way(nats, characters, words))) == said


# --- auc -------------------------------------------------------------------------------------------------------


def compared(score, label, *, tie=0.5, over=None, against=lambda label: ~label):
    """Go through all pairs."""
    a, b = score[label], score[against(label)]
    total = sum(1.0 if x > y else tie if x == y else 0.0 for x in a for y in b)
    return total / (len(a) * len(b) if over is None else over(score))


def trapezoids(score, label):
    """Return the area under the curve of hits against false alarms, as the threshold falls."""
    hits, alarms = [0.0], [0.0]
    for level in sorted(set(score.tolist()), reverse=True):
        hits.append(np.mean(score[label] >= level))
        alarms.append(np.mean(score[~label] >= level))
    return np.trapezoid(hits, alarms)


AUC_WRONG = {
    "the wrong way round": lambda score, label: compared(-score, label),
    "this is the correlation": lambda score, label: np.corrcoef(label, score)[1, 0],
    "the difference of the means": lambda score, label: np.mean(score[label]) - np.mean(score[~label]),
    "the accuracy with a threshold": lambda score, label: np.mean(np.where(label, score > 0, score <= 0)),
    "the share of the places with the label above 0": lambda score, label: (
        (label & (score > 0)).sum() / label.sum()
    ),
    "is turned over": lambda score, label: max(compared(score, label), compared(-score, label)),
    "from −1 to 1": lambda score, label: compared(score, label) - compared(-score, label),
    "not divided by how many": lambda score, label: compared(score, label, over=lambda s: 1),
    "by all pairs of places": lambda score, label: compared(score, label, over=lambda s: len(s) ** 2),
    "themselves included": lambda score, label: compared(score, label, against=lambda label: label | ~label),
    "one by one, in their order": lambda score, label: np.mean(
        [x > y for x, y in zip(score[label], score[~label])]
    ),
    "such a pair counts one half": lambda score, label: compared(score, label, tie=1.0),
}


@pytest.mark.parametrize("words", AUC_WRONG)
def test_auc_names_the_mistake(words, says):
    assert words in says(check.auc(AUC_WRONG[words]))


@pytest.mark.parametrize("way", [compared, trapezoids])
def test_auc_takes_every_way_to_write_it(way):
    said = "Right on 5 cases, equal scores and a single place included."
    assert repr(check.auc(lambda score, label: way(score, label))) == said
