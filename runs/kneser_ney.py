"""Counting well: n-grams of characters smoothed after Kneser & Ney (1995), a baseline of `reference_text.py`.

`python runs/reference_text.py` takes them from here; `python runs/kneser_ney.py` (half a minute on one core) works out
all baselines again, without training, and writes them into runs/reference_text.json.

Method: interpolated, one discount an order. With d = n_1 / (n_1 + 2 n_2), n_k the number of grams counted k times,

    p_n(y | context) = (max(count(context y) − d, 0) + d kinds(context) p_{n−1}(y | shorter)) / count(context),

kinds(context) the number of different characters seen behind it. For the longest grams `count` is how often they stand
in the text; for a shorter one it is before how many different characters: what is common only behind one context says
little of others. Below the single characters all V symbols are alike.
"""

from collections import Counter, defaultdict
from pathlib import Path

import numpy as np

ORDERS = (5, 8)
NAME = "{}-gram, K–N"


def grams_of(text, n):
    return Counter(text[k : k + n] for k in range(len(text) - n + 1))


def counts_of(text, order):
    """Return [counts of the grams of 1, …, order characters]: occurrences of the longest, kinds before all others."""
    shorter = [Counter(gram[1:] for gram in grams_of(text, n + 1)) for n in range(1, order)]
    return [*shorter, grams_of(text, order)]


def discount(counts):
    """Return what is taken off each count, so that the grams seen once or twice tell how many are still unseen."""
    once, twice = (sum(count == k for count in counts.values()) for k in (1, 2))
    return once / (once + 2 * twice) if once else 0.5


def refined(p, test, n, counts):
    """Return p_n of each character of the test text, given p_{n−1} of them: both (T,)."""
    d, seen, kinds = discount(counts), defaultdict(int), defaultdict(int)
    for gram, count in counts.items():
        seen[gram[:-1]] += count
        kinds[gram[:-1]] += 1
    p = p.copy()
    for k in range(n - 1, len(test)):
        gram = test[k - n + 1 : k + 1]
        if total := seen.get(gram[:-1], 0):
            own = max(counts.get(gram, 0) - d, 0)
            p[k] = (own + d * kinds[gram[:-1]] * p[k]) / total
    return p


def probabilities(codes, held_out, V, order):
    """Return the probability (T,) of each held-out symbol, given the order − 1 before it."""
    train, test = ("".join(map(chr, part)) for part in (codes, held_out))
    p = np.full(len(test), 1 / V)
    for n, counts in enumerate(counts_of(train, order), start=1):
        p = refined(p, test, n, counts)
    return p


def losses(codes, held_out, V, orders=ORDERS):
    """Return {name: nats a character} on the held-out symbols but the first."""
    return {NAME.format(n): float(-np.log(probabilities(codes, held_out, V, n)[1:]).mean()) for n in orders}


def main():
    """Count again, and write the losses into the stored table."""
    import json

    import reference_text as text
    from seeds import store

    path = Path(__file__).with_name("reference_text.json")
    table = json.loads(path.read_text(encoding="utf-8"))
    train, held_out = text.parts(**table["settings"])
    vocabulary = text.vocabulary_of(train, **table["settings"])
    for name, unseen in {"held_out": held_out, "new": text.new_paragraphs(train, held_out)}.items():
        table["baselines"][name] = text.rounded(text.baselines(train, unseen, vocabulary))
        print(name, table["baselines"][name])
    store(path, table)


if __name__ == "__main__":
    main()
