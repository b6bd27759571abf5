"""Checks of the chapter *A character-level language model*."""

import math

import numpy as np

from .engine import Case, Exercise, judge

# --- bigram_nats -----------------------------------------------------------------------------------------------


def _counted(train, V, k):
    """Return how often each symbol (row) is followed by each other (column), counted from k."""
    counts = np.full((V, V), float(k))
    np.add.at(counts, (train[:-1], train[1:]), 1)
    return counts


def _rows(counts):
    return counts / counts.sum(axis=1, keepdims=True)


def _paid(p, test):
    """Return −ln of the probability of each symbol of the test part but the first."""
    return -np.log(p[test[:-1], test[1:]])


def _bigram_nats(train, test, V, k):
    return _paid(_rows(_counted(train, V, k)), test).mean()


def _divided(train, test, V, k, axis):
    counts = _counted(train, V, k)
    return _paid(counts / counts.sum(axis=axis), test).mean()


def _once_each(train, test, V, k):
    counts = np.full((V, V), float(k))
    counts[train[:-1], train[1:]] += 1  # each place once, however often it is named
    return _paid(_rows(counts), test).mean()


def _only_where_none(train, test, V, k):
    counts = _counted(train, V, 0.0)
    return _paid(_rows(np.where(counts == 0, k, counts)), test).mean()


def _unigram_nats(train, test, V, k):
    counts = np.bincount(train, minlength=V) + float(k)
    return -np.log(counts / counts.sum())[test].mean()


def _unigram_of_followers(train, test, V, k):
    counts = np.bincount(train, minlength=V) + float(k)
    return -np.log(counts / counts.sum())[test[1:]].mean()


def _by_row_sums(train, test, V, k, add):
    """Divide the counts, k more each, by the rows' sums before, and `add`."""
    return _paid(
        _counted(train, V, k) / (_counted(train, V, 0.0).sum(axis=1, keepdims=True) + add), test
    ).mean()


def _last_counted(train, test, V, k):
    """Count the last symbol of the training part as one that is followed."""
    counts = _counted(train, V, k)
    return _paid(counts / (np.bincount(train, minlength=V)[:, None] + k * V), test).mean()


def _from_the_join(train, test, V, k):
    return _bigram_nats(train, np.concatenate([train[-1:], test]), V, k)


_SMOOTH = ("a pair that the training part does not have gets the probability 0 here, and costs infinitely much: "
           "every count starts at k.")  # fmt: skip
_NEXT_FIRST = ("the columns are made to sum to 1: that is the probability of the symbol *before*. Each row, all that "
               "may follow a symbol, has to: axis=1.")  # fmt: skip


def _bigram_cases(rng):
    cases = []
    for V, n, m, k in ((3, 30, 10, 1), (5, 60, 20, 0.5), (4, 25, 2, 2), (6, 40, 12, 0.1)):
        p = rng.dirichlet(np.full(V, 0.4), V)
        walk = [0]
        for _ in range(n + m - 1):
            walk.append(int(rng.choice(V, p=p[walk[-1]])))
        train, test = np.array(walk[:n]), np.array(walk[n:])
        test[-2:] = 1, V - 1
        train[(train[:-1] == 1).nonzero()[0] + 1] = 0  # so that this pair is new
        cases.append(Case(f"{n} symbols to count, {m} to read, V = {V}, k = {k}", (train, test, V, k)))
    unseen = (np.array([0, 1, 0, 2, 0, 1]), np.array([3, 0, 2, 3, 3]), 4, 0.5)
    return [*cases, Case("a symbol that the training part has not", unseen)]


BIGRAM_NATS = Exercise(
    name="bigram_nats",
    args=("train", "test", "V", "k"),
    outputs=(("the loss", "()"),),
    cases=_bigram_cases,
    reference=_bigram_nats,
    included="pairs and a symbol that were never seen",
    variants=(
        (_SMOOTH, lambda train, test, V, k: _paid(_rows(_counted(train, V, 0.0)), test).mean()),
        ("each pair is counted once at most: counts[a, b] += 1 with repeated places adds only one of them. "
         "np.add.at adds all.", _once_each),
        ("k is put only where nothing was counted; every count starts at k.", _only_where_none),
        ("the counts start at 1 here; they start at k.", lambda train, test, V, k: _bigram_nats(train, test, V, 1)),
        (_NEXT_FIRST, lambda train, test, V, k: _divided(train, test, V, k, axis=0)),
        ("the row sums do not line up with the rows: keep their axis, keepdims=True.",
         lambda train, test, V, k: _divided(train, test, V, k, axis=1)),
        ("this is the probability of the *pair*: the counts are divided by all pairs. Given the first symbol, divide "
         "by its row.", lambda train, test, V, k: _divided(train, test, V, k, axis=None)),
        ("k is added to the counts but not to their sums: a row no longer sums to 1. Its sum grows by k · V.",
         lambda train, test, V, k: _by_row_sums(train, test, V, k, 0.0)),
        ("every count of a row grows by k, so its sum grows by k · V, not by k.",
         lambda train, test, V, k: _by_row_sums(train, test, V, k, k)),
        ("this is in bits; nats take the natural logarithm.",
         lambda train, test, V, k: _bigram_nats(train, test, V, k) / math.log(2)),
        ("this is the logarithm to base 10; nats take the natural one.",
         lambda train, test, V, k: _bigram_nats(train, test, V, k) / math.log(10)),
        ("this is the sum over the test part; the mean is wanted.",
         lambda train, test, V, k: _paid(_rows(_counted(train, V, k)), test).sum()),
        ("n symbols have n − 1 followers: the sum is divided by one too many.",
         lambda train, test, V, k: _paid(_rows(_counted(train, V, k)), test).sum() / len(test)),
        ("this is the perplexity; its logarithm is the loss.",
         lambda train, test, V, k: np.exp(_bigram_nats(train, test, V, k))),
        ("the loss is −ln of the probability, so it is positive.",
         lambda train, test, V, k: -_bigram_nats(train, test, V, k)),
        ("the probabilities are averaged, and then the logarithm is taken; it is the logarithms that are averaged.",
         lambda train, test, V, k: -np.log(np.exp(-_paid(_rows(_counted(train, V, k)), test)).mean())),
        ("the pairs are counted in the test part: counting what one is to predict is no prediction.",
         lambda train, test, V, k: _bigram_nats(test, test, V, k)),
        ("the pairs of the test part are counted as well: counting what one is to predict is no prediction.",
         lambda train, test, V, k: _bigram_nats(np.concatenate([train, test]), test, V, k)),
        ("this is the loss on the training part; the test part is to be read.",
         lambda train, test, V, k: _bigram_nats(train, train, V, k)),
        ("the two parts are the wrong way round: count in `train`, read `test`.",
         lambda train, test, V, k: _bigram_nats(test, train, V, k)),
        ("this counts single symbols; count pairs, what follows what.", _unigram_nats),
        ("this counts single symbols; count pairs, what follows what.", _unigram_of_followers),
        ("a row's sum counts how often its symbol is *followed*: the last symbol of `train` is not, so count in "
         "train[:-1].", _last_counted),
        ("the first symbol of `test` is predicted as well, from the last one of `train`; begin with its second.",
         _from_the_join),
        ("the row is that of the symbol to be predicted; it has to be that of the symbol before it.",
         lambda train, test, V, k: _paid(_rows(_counted(train, V, k)).T, test).mean()),
    ),
)  # fmt: skip


# --- streams_fixed ------------------------------------------------------------------------------------------------


def _cut(codes, B, T):
    return np.asarray(codes)[: B * T].reshape(B, T).T


def _as_streams(codes, B):
    T = (len(codes) - 1) // B
    return _cut(codes, B, T), _cut(codes[1:], B, T)


def _streams_slip(change):
    """Return streams with what `change` makes of (inputs, targets)."""
    return lambda codes, B: change(*_as_streams(codes, B))


def _side_by_side(codes, B):
    T = (len(codes) - 1) // B
    return codes[: T * B].reshape(T, B), codes[1 : T * B + 1].reshape(T, B)


def _last_target_lost(codes, B):
    stream = _cut(codes, B, len(codes) // B)
    return stream[:-1], stream[1:]


def _rolled_text(codes, B):
    T = len(codes) // B
    return _cut(codes, B, T), _cut(np.roll(codes, -1), B, T)


def _from_the_end(codes, B):
    T = (len(codes) - 1) // B
    return _cut(codes[-1 - T * B : -1], B, T), _cut(codes[-T * B :], B, T)


def _two_ahead(codes, B):
    T = (len(codes) - 2) // B
    return _cut(codes, B, T), _cut(codes[2:], B, T)


STREAMS_FIXED = Exercise(
    name="streams_fixed",
    args=("codes", "B"),
    outputs=(("inputs", "(T, B)"), ("targets", "(T, B)")),
    cases=lambda rng: [Case(f"{n} codes, B = {B}", (rng.permutation(n), B))
                       for n, B in ((13, 3), (12, 3), (20, 4), (9, 1), (11, 4), (7, 6))],
    reference=_as_streams,
    included="B = 1, T = 1 and remainders",
    variants=(
        ("still as it was given: every target is right, but neighbours in the text stand side by side. Each column "
         "has to be a stretch of the text.", _side_by_side),
        ("the targets are the inputs themselves; they are the codes one place further on.",
         _streams_slip(lambda inputs, targets: (inputs, inputs))),
        ("the last target of a stream is its own first code, as np.roll has it; it is the code that comes next in "
         "the text, the first of the next stream.",
         _streams_slip(lambda inputs, targets: (inputs, np.roll(inputs, -1, axis=0)))),
        ("the targets are those of the stream beside; they are the next in time, along axis 0.",
         _streams_slip(lambda inputs, targets: (inputs, np.roll(inputs, -1, axis=1)))),
        ("the last code of each stream has no target here, and is lost; the next one in the text is there, at the "
         "beginning of the next stream.", _last_target_lost),
        ("behind the last code of the text comes nothing, so it can only be a target; np.roll brings the first one "
         "back: T = (len(codes) − 1) // B.", _rolled_text),
        ("the two are swapped: return (inputs, targets); the targets are the codes *after* the inputs.",
         _streams_slip(lambda inputs, targets: (targets, inputs))),
        ("the targets lie two places ahead; one is wanted.", _two_ahead),
        ("time comes first: (T, B), so transpose.",
         _streams_slip(lambda inputs, targets: (inputs.T, targets.T))),
        ("the remainder is dropped at the beginning; drop it at the end.", _from_the_end),
        ("only one stream comes back; all B stand side by side.",
         _streams_slip(lambda inputs, targets: (inputs[:, 0], targets[:, 0]))),
    ),
)  # fmt: skip


# --- with_temperature ------------------------------------------------------------------------------------------


def _softmax(o, axis=-1):
    e = np.exp(o - o.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def _with_temperature(o, tau):
    return _softmax(np.asarray(o) / tau)


def _greedy(o, tau):
    return np.eye(o.shape[-1])[o.argmax(axis=-1)]


def _power(o, tau):
    p = _softmax(o) ** (1 / tau)
    return p / p.sum(axis=-1, keepdims=True)


_OVERFLOW = ("right for small logits, but exp overflows when o/τ is large, and a small τ makes it large: subtract each "
             "row's maximum first.")  # fmt: skip
_ONE_MAXIMUM = ("right, but not where one row lies far below another: with a single maximum for all, its exponentials "
                "are rounded to 0. Subtract each row's own, axis=-1 with keepdims=True.")  # fmt: skip
_UNDERFLOW = ("right for small logits, but a probability of e^−2000 is rounded to 0, and no power brings it back: "
              "divide the logits by τ.")  # fmt: skip


def _temperature_cases(rng):
    cases = [Case(f"shape {shape}, τ = {tau}", (2 * rng.normal(size=shape), tau))
             for shape, tau in (((3, 4), 0.5), ((5,), 2.0), ((2, 3, 4), 0.7), ((3, 3), 1.5))]  # fmt: skip
    apart = (np.array([[600.0, 598.0, 601.0], [-300.0, -299.0, -302.0]]), 1.0)
    cold = (np.array([[3.0, 1.0, -2.0], [-1.0, 0.0, 2.0]]), 0.001)
    far = (np.array([[0.0, -2000.0], [-3000.0, 0.0]]), 1000.0)
    cases.append(Case("a row 900 below another, τ = 1", apart, _ONE_MAXIMUM))
    return [*cases, Case("τ = 0.001", cold, _OVERFLOW), Case("logits 2000 apart, τ = 1000", far, _UNDERFLOW)]


WITH_TEMPERATURE = Exercise(
    name="with_temperature",
    args=("o", "tau"),
    outputs=(("the probabilities", "(…, V)"),),
    cases=_temperature_cases,
    reference=_with_temperature,
    included="τ = 0.001, τ = 1000 and one axis",
    variants=(
        ("the logits are multiplied by τ; divide: a high temperature flattens.", lambda o, tau: _softmax(o * tau)),
        ("τ has no effect: adding to all logits, or multiplying all probabilities before they are normalised, "
         "cancels. Divide the logits by τ, before the softmax.", lambda o, tau: _softmax(o)),
        ("the *probabilities* are divided by τ, and no longer sum to 1; divide the logits, before the softmax.",
         lambda o, tau: _softmax(o) / tau),
        ("the probabilities are multiplied by τ, and no longer sum to 1; divide the logits, before the softmax.",
         lambda o, tau: _softmax(o) * tau),
        ("a softmax is taken of probabilities, which lie between 0 and 1: it is almost flat. Divide the logits "
         "themselves, and take one softmax.", lambda o, tau: _softmax(_softmax(o) / tau)),
        ("the probabilities are raised to 1/τ, which is right, but not normalised again: they must sum to 1.",
         lambda o, tau: _softmax(o) ** (1 / tau)),
        ("the division is missing: exp(o/τ) alone does not sum to 1.", lambda o, tau: np.exp(o / tau)),
        ("the division is missing: exp(o/τ − max) alone does not sum to 1.",
         lambda o, tau: np.exp(o / tau - (o / tau).max(axis=-1, keepdims=True))),
        ("τ divides exp(o) here, and nothing is normalised; it has to divide o, before the exponential.",
         lambda o, tau: np.exp(o) / tau),
        ("τ divides the numerator's logits only; the sum below has them undivided: use the same exp(o/τ) twice.",
         lambda o, tau: np.exp(o / tau) / np.exp(o).sum(axis=-1, keepdims=True)),
        ("the sum runs over axis 0; the symbols are on the last axis, axis=-1.",
         lambda o, tau: _softmax(o / tau, axis=0)),
        ("the sum runs over the whole array: every row must sum to 1 by itself, axis=-1.",
         lambda o, tau: _softmax(o / tau, axis=None)),
        ("axis=1 is the last axis only where there are two; axis=-1 always is.",
         lambda o, tau: _softmax(o / tau, axis=1)),
        ("these are the logits over τ; the softmax is missing.", lambda o, tau: o / tau),
        ("the logarithms of the probabilities come back; leave the logarithm out.",
         lambda o, tau: np.log(_with_temperature(o, tau))),
        ("τ divides twice: once is enough.", lambda o, tau: _softmax(o / tau**2)),
        ("this takes the likeliest symbol whatever τ is; that is what τ → 0 would give.", _greedy),
        ("τ is divided by the logits; divide the logits by τ.", lambda o, tau: _softmax(tau / o)),
    ),
)  # fmt: skip


# --- per_word --------------------------------------------------------------------------------------------------


def _per_word(nats, characters, words):
    return nats / characters / math.log(2), math.exp(nats / characters), math.exp(nats / words)


def _per_word_slip(bits=None, character=None, word=None):
    def slip(nats, characters, words):
        right = _per_word(nats, characters, words)
        made = (bits, character, word)
        return tuple(one if f is None else f(nats, characters, words) for f, one in zip(made, right))

    return slip


_TEN = "this is the logarithm to base 10; a bit is ln 2 nats."
_BITS_ONLY = "2 to the power of nats: with nats the base is e. 2^… belongs to bits."

PER_WORD = Exercise(
    name="per_word",
    args=("nats", "characters", "words"),
    outputs=(
        ("the bits a character", "()"),
        ("the perplexity a character", "()"),
        ("the perplexity a word", "()"),
    ),
    cases=lambda rng: [Case(f"{nats} nats, {characters} characters, {words} words", (nats, characters, words))
                       for nats, characters, words in
                       ((130.0, 100, 18), (61.5, 50, 9), (12.0, 30, 5), (9.0, 4, 1), (21.0, 7, 3))],
    reference=_per_word,
    included="a single word",
    chain=("the bits a character", "the perplexity a character", "the perplexity a word"),
    variants=(
        ("these are nats a character; a bit is ln 2 nats: divide by ln 2.",
         _per_word_slip(bits=lambda nats, characters, words: nats / characters)),
        ("nats are turned into bits by dividing by ln 2, not by multiplying: there are more bits than nats.",
         _per_word_slip(bits=lambda nats, characters, words: nats / characters * math.log(2))),
        ("these are the bits of the whole text; divide by the number of characters.",
         _per_word_slip(bits=lambda nats, characters, words: nats / math.log(2))),
        (_TEN, _per_word_slip(bits=lambda nats, characters, words: nats / characters / math.log(10))),
        ("these are bits a word; a character is asked for.",
         _per_word_slip(bits=lambda nats, characters, words: nats / words / math.log(2))),
        (_BITS_ONLY, _per_word_slip(character=lambda nats, characters, words: 2 ** (nats / characters))),
        ("e to the power of bits: with bits the base is 2.",
         _per_word_slip(character=lambda nats, characters, words: math.exp(nats / characters / math.log(2)))),
        ("the perplexity of the whole text is no mean: divide by the number of characters before the exponential.",
         _per_word_slip(character=lambda nats, characters, words: math.exp(nats))),
        ("dividing comes before the exponential: exp(nats / characters).",
         _per_word_slip(character=lambda nats, characters, words: math.exp(nats) / characters)),
        ("a word costs the nats of all its characters, so its perplexity is a *power* of that of a character, not a "
         "multiple: exp(nats / words).",
         _per_word_slip(word=lambda nats, characters, words: math.exp(nats / characters) * characters / words)),
        ("a word's perplexity is not a character's; the number of words decides: exp(nats / words).",
         _per_word_slip(word=lambda nats, characters, words: math.exp(nats / characters))),
        ("the exponent is upside down: a word has characters / words characters, so its cost is that many times a "
         "character's.",
         _per_word_slip(word=lambda nats, characters, words: math.exp(nats / characters * words / characters))),
        ("dividing comes before the exponential: exp(nats / words), not exp(nats) / words.",
         _per_word_slip(word=lambda nats, characters, words: math.exp(nats) / words)),
        (_BITS_ONLY, _per_word_slip(word=lambda nats, characters, words: 2 ** (nats / words))),
        ("e to the power of bits: with bits the base is 2.",
         _per_word_slip(word=lambda nats, characters, words: math.exp(nats / words / math.log(2)))),
    ),
)  # fmt: skip


# --- auc -------------------------------------------------------------------------------------------------------


def _beats(score, label, tie=0.5):
    """Return the mean over all pairs (a place with the label, one without) of: is the first score higher?"""
    inside, outside = score[label][:, None], score[~label]
    return np.mean((inside > outside) + tie * (inside == outside))


def _ranked(score, label):
    """Count with the places in the order of the scores, ties in the order in which they come."""
    rank = np.argsort(np.argsort(score, kind="stable"), kind="stable") + 1.0
    n = label.sum()
    return (rank[label].sum() - n * (n + 1) / 2) / (n * (~label).sum())


def _auc_cases(rng):
    cases = []
    for n, shift in ((12, 1.0), (60, -0.7), (9, 0.3)):
        label = rng.permutation(np.arange(n) < n // 3 + 1)
        cases.append(Case(f"{n} places", (rng.normal(size=n) + shift * label, label)))
    ties = (np.array([0.2, 0.2, 0.9, -1.0, 0.9, 0.2]), np.array([True, False, True, False, False, True]))
    alone = "right, but not where two scores are equal: such a pair counts one half."
    one = (np.array([0.1, 0.4, -0.3, 0.9]), np.array([False, True, False, False]))
    return [*cases, Case("a single place with the label", one), Case("equal scores", ties, alone)]


AUC = Exercise(
    name="auc",
    args=("score", "label"),
    outputs=(("the area", "()"),),
    cases=_auc_cases,
    reference=_beats,
    included="equal scores and a single place",
    variants=(
        ("this is one less the area: the pairs are compared the wrong way round, or the labels are exchanged.",
         lambda score, label: 1 - _beats(score, label)),
        ("this is the correlation; count pairs that are ordered rightly.",
         lambda score, label: np.corrcoef(score, label)[0, 1]),
        ("this is the difference of the means; count pairs that are ordered rightly.",
         lambda score, label: score[label].mean() - score[~label].mean()),
        ("this is the accuracy with a threshold at 0; the area needs no threshold: it counts pairs.",
         lambda score, label: np.mean((score > 0) == label)),
        ("this is the share of the places with the label above 0; the area needs no threshold: it counts pairs.",
         lambda score, label: np.mean(score[label] > 0)),
        ("an area below one half is turned over; the share of pairs may well be below one half.",
         lambda score, label: max(_beats(score, label), 1 - _beats(score, label))),
        ("this is stretched to run from −1 to 1; the share of pairs is wanted.",
         lambda score, label: 2 * _beats(score, label) - 1),
        ("the pairs are counted, but not divided by how many there are.",
         lambda score, label: _beats(score, label) * label.sum() * (~label).sum()),
        ("the pairs are divided by all pairs of places; only those of one with the label and one without count.",
         lambda score, label: _beats(score, label) * label.sum() * (~label).sum() / len(score) ** 2),
        ("places with the label are compared with all places, themselves included; compare with those without it.",
         lambda score, label: np.mean((score[label][:, None] > score) + 0.5 * (score[label][:, None] == score))),
        ("the places are compared one by one, in their order; every place with the label meets every one without.",
         lambda score, label: np.mean([a > b for a, b in zip(score[label], score[~label])])),
    ),
)  # fmt: skip


def bigram_nats(function):
    """Check `bigram_nats(train, test, V, k)`: the mean loss on `test`, in nats, of `train`'s pairs counted from k.

    train and test are (n,) whole numbers below V. Answers with a Result; never raises.

    >>> bigram_nats(...)
    Not done yet: there is no function bigram_nats yet.
    """
    return judge(function, BIGRAM_NATS)


def streams_fixed(function):
    """Check the repaired `streams_fixed(codes, B)` → (inputs, targets), each (T, B).

    Answers with a Result; never raises.

    >>> streams_fixed(...)
    Not done yet: there is no function streams_fixed yet.
    """
    return judge(function, STREAMS_FIXED)


def with_temperature(function):
    """Check `with_temperature(o, tau)`: the softmax of o / τ along the last axis.

    Answers with a Result; never raises.

    >>> with_temperature(lambda o, tau: np.exp(o * tau) / np.exp(o * tau).sum(axis=-1, keepdims=True))
    Not yet: the logits are multiplied by τ; divide: a high temperature flattens.
    """
    return judge(function, WITH_TEMPERATURE)


def per_word(function):
    """Check `per_word(nats, characters, words)` → bits a character, perplexity a character, perplexity a word.

    nats is the loss of the whole text. Answers with a Result; never raises.

    >>> per_word(...)
    Not done yet: there is no function per_word yet.
    """
    return judge(function, PER_WORD)


def auc(function):
    """Check `auc(score, label)`: how often a place with the label has a higher score than one without, over all pairs.

    score (n,), label (n,) bools; equal scores count one half. Answers with a Result; never raises.

    >>> auc(...)
    Not done yet: there is no function auc yet.
    """
    return judge(function, AUC)
