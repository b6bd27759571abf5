"""Variants of the exercises of *A character-level language model*."""

import numpy as np

from rnnlib.check.engine import Case, Exercise

from ..question import Question, Written

# --- the symbol before, from the one after it, in bits -----------------------------------------------------------


def _counts(train, V, k):
    """Return how often each symbol (column) comes before each other (row), counted from k."""
    counts = np.full((V, V), float(k))
    np.add.at(counts, (train[1:], train[:-1]), 1)
    return counts


def _bits(p, test):
    return -np.log2(p[test[1:], test[:-1]]).mean()


def _backward(train, test, V, k, axis=1):
    counts = _counts(train, V, k)
    return _bits(counts / counts.sum(axis=axis, keepdims=True), test)


def _once_each(train, test, V, k):
    counts = np.full((V, V), float(k))
    counts[train[1:], train[:-1]] += 1
    return _bits(counts / counts.sum(axis=1, keepdims=True), test)


def _backward_cases(rng):
    cases = []
    for V, n, m, k in ((3, 40, 12, 0.5), (5, 70, 20, 2), (4, 30, 9, 0.1)):
        p = rng.dirichlet(np.full(V, 0.5), V)
        walk = [0]
        for _ in range(n + m - 1):
            walk.append(int(rng.choice(V, p=p[walk[-1]])))
        cases.append(Case(f"{n} symbols, V = {V}, k = {k}", (np.array(walk[:n]), np.array(walk[n:]), V, k)))
    seen = rng.permutation([0, 1, 2, 0, 1, 2, 0, 1])
    unseen = (seen, np.array([3, *rng.integers(0, 4, 4)]), 4, 0.5)
    return [*cases, Case("=a symbol that was never seen", unseen)]


BIGRAM_BACKWARD = Question(
    chapter=15, practice="bigram_nats", variant="backward", points=5, minutes=15,
    text=(
        "A text is read from its end. Count in `train` how often each symbol comes *before* each, start every count at "
        "`k`, and return the mean loss, in *bits*, of predicting each symbol of `test` but the last from the one after "
        "it. `train` and `test` hold whole numbers below `V`."
    ),
    exercise=Exercise(
        name="backward_bits", args=("train", "test", "V", "k"), outputs=(("the loss", "()"),),
        cases=_backward_cases, reference=_backward,
        variants=(
            ("this is in nats; a bit is ln 2 of them.", lambda *args: _backward(*args) * np.log(2)),
            ("this predicts the symbol after; the one before is to be predicted.",
             lambda train, test, V, k: _backward(train[::-1], test[::-1], V, k)),
            ("this is the probability of the pair; divide by all pairs with the known symbol.",
             lambda *args: _backward(*args, axis=None)),
            ("each pair is counted once at most; np.add.at adds each time.", _once_each),
            ("the counts start at 1; they start at k.", lambda train, test, V, k: _backward(train, test, V, 1)),
            ("this is the sum over the test part; the mean is wanted.",
             lambda train, test, V, k: _backward(train, test, V, k) * (len(test) - 1)),
        ),
    ),
)  # fmt: skip


# --- temperature, and only the likeliest symbols -----------------------------------------------------------------


def _softmax(o):
    e = np.exp(o - o.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def _largest(o, n):
    """Return where the n largest logits of each row are."""
    return o >= np.sort(o, axis=-1)[..., -n, None]


def _top(o, tau, n, kept=_largest):
    return _softmax(np.where(kept(o, n), o / tau, -np.inf))


def _top_cases(rng):
    cases = [Case(f"B = {B}, V = {V}, n = {n}, τ = {tau}", (2 * rng.normal(size=(B, V)), tau, n))
             for B, V, n, tau in ((2, 5, 3, 0.5), (3, 6, 2, 2.0), (1, 4, 3, 0.8))]  # fmt: skip
    rows = np.array([[1000.0, 999.0, -1000.0, 997.0], [-1000.0, -1001.0, -3000.0, -1003.0]])
    far = Case("=logits of a thousand", (rng.permuted(rows, axis=1), 0.8, 3))  # exp(1000/0.8) overflows
    return [*cases, Case("=n = V", (rng.normal(size=(2, 3)), 1.5, 3)), far]


def _not_renormalised(o, tau, n):
    return _softmax(o / tau) * _largest(o, n)


TEMPERATURE_TOP = Question(
    chapter=15, practice="with_temperature", variant="top", points=5, minutes=15,
    text=(
        "Many programs draw from the `n` likeliest symbols only. `o` is (B, V), logits without ties. Return the "
        "probabilities at temperature `tau`, (B, V), with all but the `n` largest of each row at 0 and the rest "
        "summing to 1. It must hold for logits of a thousand, too."
    ),
    exercise=Exercise(
        name="top_with_temperature", args=("o", "tau", "n"), outputs=(("p", "(B, V)"),), cases=_top_cases,
        reference=_top,
        variants=(
            ("all symbols keep a probability; only the n largest do.", lambda o, tau, n: _softmax(o / tau)),
            ("what is left no longer sums to 1: normalise after the others are set to 0.", _not_renormalised),
            ("the temperature is missing.", lambda o, tau, n: _top(o, 1.0, n)),
            ("the logits are multiplied by τ; divide.", lambda o, tau, n: _top(o, 1 / tau, n)),
            ("the logits of the others are set to 0, and e^0 is 1: set them to −∞, or the probabilities to 0.",
             lambda o, tau, n: _softmax(np.where(_largest(o, n), o / tau, 0.0))),
            ("the n smallest are kept.", lambda o, tau, n: _top(o, tau, n, lambda o, n: _largest(-o, n))),
            ("one too many is kept.",
             lambda o, tau, n: _top(o, tau, n, lambda o, n: _largest(o, min(n + 1, o.shape[-1])))),
            ("the n largest of the whole array are kept; of each row.",
             lambda o, tau, n: _top(o, tau, n, lambda o, n: o >= np.sort(o, axis=None)[-n])),
        ),
    ),
)  # fmt: skip

QUESTIONS = [BIGRAM_BACKWARD, TEMPERATURE_TOP]

WRITTEN = [
    Written(
        chapter=15, name="which-is-better", points=4, minutes=15,
        text=(
            "Model A reports a perplexity of 3.6 a character, model B one of 40 a word, both \"on the Python "
            "reference\". In that text a word has seven characters on average, its blank included. Which is better, "
            "and what else would you have to know before you say so? Five to eight sentences."
        ),
        scheme=(
            "1 point: the same unit: A pays ln 3.6 = 1.28 nats a character, nine nats a word, a perplexity of about "
            "8000 a word; or B pays ln 40 / 7 = 0.53 nats a character. 1 point: so B seems better, if both predict "
            "every character. 1 point: what a word model does with words that it does not know: if all rare words are "
            "one symbol, it pays for fewer characters. 1 point: the same split, version of the text, treatment of "
            "case and blanks, and what was carried or repeated from training (any two)."
        ),
    ),
]  # fmt: skip
