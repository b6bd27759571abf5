"""Synthetic tasks whose answer lies far back, each with the loss that a net without memory reaches."""

from typing import NamedTuple

import numpy as np

from . import _validate


class Batch(NamedTuple):
    """Sequences: x (T, B, D), targets (B, …) or (T, B, …), lengths (B,) or None, the targets' mask or None.

    >>> Batch(np.ones((5, 2, 1)), np.ones((2, 1))).lengths is None
    True
    """

    x: np.ndarray
    targets: np.ndarray
    lengths: np.ndarray = None
    mask: np.ndarray = None


def adding(T, B, rng, form="le"):
    """Draw a batch of the adding problem: at the end, the sum of the two numbers that were marked.

    x (T, B, 2) holds a number and a marker at each step; targets (B, 1); the loss is mse at the last step. Form "le":
    numbers from U(0, 1), marker 1 at two steps and else 0, the target their sum (Le, Jaitly & Hinton 2015), one in
    each half (Arjovsky, Shah & Bengio 2016). Form "hochreiter" (Hochreiter & Schmidhuber 1997, experiment 4):
    numbers from U(−1, 1), lengths drawn from T to T + T/10, X_1 among the first ten steps, X_2 among the first
    T/2 − 1 steps left, marker −1 at the first and last step, X = 0 if the first step is drawn; the target is
    0.5 + (X_1 + X_2)/4. ValueError for T below 2, or 20 in the form of 1997.

    >>> batch = adding(100, 64, rng=0)
    >>> batch.x.shape, batch.targets.shape, batch.x[:, :, 1].sum(axis=0).max()
    ((100, 64, 2), (64, 1), np.float64(2.0))
    """
    T, B, rng = _read_T(T, form), _validate.count(B, "B"), _validate.generator(rng)
    return (_adding_le if form == "le" else _adding_hochreiter)(T, B, rng)


def _read_T(T, form):
    _validate.choice(form, "form", ("le", "hochreiter"))
    return _validate.count(T, "T", least=2 if form == "le" else 20)


def _adding_le(T, B, rng):
    x, b = np.zeros((T, B, 2)), np.arange(B)
    x[:, :, 0] = rng.uniform(size=(T, B))
    first, second = rng.integers(0, T // 2, B), rng.integers(T // 2, T, B)
    x[first, b, 1] = x[second, b, 1] = 1.0
    return Batch(x, (x[first, b, 0] + x[second, b, 0])[:, None])


def _adding_hochreiter(T, B, rng):
    lengths, b = rng.integers(T, T + T // 10, B, endpoint=True), np.arange(B)
    x = np.zeros((lengths.max(), B, 2))
    x[:, :, 0] = rng.uniform(-1, 1, x.shape[:2])
    first, second = rng.integers(0, 10, B), rng.integers(0, T // 2 - 1, B)
    second += second >= first  # counts the steps that are still unmarked
    x[0, (first == 0) | (second == 0), 0] = 0.0
    x[first, b, 1] = x[second, b, 1] = 1.0
    x[0, :, 1] = x[lengths - 1, b, 1] = -1.0
    x[np.arange(len(x))[:, None] >= lengths] = 0.0
    return Batch(x, 0.5 + (x[first, b, 0] + x[second, b, 0])[:, None] / 4.0, lengths)


def adding_baseline(T, form="le"):
    """Return the variance of the targets of `adding`: the mean squared error of always answering their mean.

    "le": two numbers of variance 1/12 each. "hochreiter": two of variance 1/3, over 4², but only one where the first
    step was drawn.

    >>> round(adding_baseline(100), 4)
    0.1667
    """
    T = _read_T(T, form)
    if form == "le":
        return 2 / 12
    first_drawn = 1 / 10 + 9 / 10 / (T // 2 - 1)
    return (2 - first_drawn) / 3 / 4**2


SYMBOLS, KEPT = 8, 10  # of copy memory: how many symbols there are to remember from, and how many are shown


def copy_memory(T, B, rng):
    """Draw a batch of copy memory: ten symbols, T blanks with a signal at their end, then say the ten again.

    x (T + 20, B, 10) one-hot: ten of the symbols 0 to 7, T − 1 times the blank 8, the signal 9, ten blanks; targets
    (T + 20, B): T + 10 times the blank, then the ten symbols; the loss is the cross-entropy at every step (Hochreiter
    & Schmidhuber 1997 in the form of Arjovsky, Shah & Bengio 2016).

    >>> batch = copy_memory(5, 1, rng=0)
    >>> bool((batch.targets[-10:] == batch.x[:10].argmax(axis=-1)).all())
    True
    """
    T, B, rng = _validate.count(T, "T"), _validate.count(B, "B"), _validate.generator(rng)
    shown, targets = np.full((2, T + 2 * KEPT, B), SYMBOLS)
    shown[:KEPT] = targets[-KEPT:] = rng.integers(0, SYMBOLS, (KEPT, B))
    shown[T + KEPT - 1] = SYMBOLS + 1
    return Batch(np.eye(SYMBOLS + 2)[shown], targets)


def copy_memory_baseline(T):
    """Return the mean loss, in nats a step, of a net that knows when to answer but remembers nothing: 10 ln 8/(T + 20).

    >>> round(copy_memory_baseline(20), 4)
    0.5199
    """
    return KEPT * float(np.log(SYMBOLS)) / (_validate.count(T, "T") + 2 * KEPT)


def temporal_order(T, B, rng):
    """Draw a batch of temporal order: which of X and Y came first, and which second, amid other symbols?

    x (·, B, 8) one-hot over a, b, c, d, X, Y, E, B with lengths (B,) drawn from T to T + T/10: E first, B last, two
    of X and Y at t_1 from T/10 to T/5 and t_2 from T/2 to 3T/5, else a to d. targets (B,): 0 for X X, 1 for X Y, 2
    for Y X, 3 for Y Y, at the last step. At T = 100 these are the numbers of Hochreiter & Schmidhuber 1997,
    experiment 6a. ValueError for T below 20.

    >>> batch = temporal_order(60, 32, rng=0)
    >>> batch.targets.shape, bool((batch.lengths >= 60).all())
    ((32,), True)
    """
    T, B, rng = _validate.count(T, "T", least=20), _validate.count(B, "B"), _validate.generator(rng)
    lengths, b = rng.integers(T, T + T // 10, B, endpoint=True), np.arange(B)
    symbols = rng.integers(0, 4, (lengths.max(), B))
    t_1 = rng.integers(T // 10, T // 5, B, endpoint=True)
    t_2 = rng.integers(T // 2, 3 * T // 5, B, endpoint=True)
    first, second = rng.integers(0, 2, (2, B))
    symbols[t_1 - 1, b], symbols[t_2 - 1, b] = 4 + first, 4 + second
    symbols[0], symbols[lengths - 1, b] = 6, 7
    x = np.eye(8)[symbols]
    x[np.arange(len(x))[:, None] >= lengths] = 0.0
    return Batch(x, 2 * first + second, lengths)


def temporal_order_baseline():
    """Return the loss of answering each of the four classes of `temporal_order` with probability 1/4: ln 4 nats.

    >>> round(temporal_order_baseline(), 4)
    1.3863
    """
    return float(np.log(4))


def held_bit(T, B, rng):
    """Draw a batch of a bit to hold: the first input is ±1 with a mark beside it, noise follows, and what was it?

    x (T, B, 2): the value and the mark of step 1, then normals times 0.5 and no mark; targets (B,): 1 for +1 and 0
    for −1, at the last step. It is the latching task of Bengio, Simard & Frasconi 1994 with the bit given outright.

    >>> batch = held_bit(60, 32, rng=0)
    >>> batch.x.shape, bool((batch.x[0, :, 0] == 2 * batch.targets - 1).all())
    ((60, 32, 2), True)
    """
    T, B, rng = _validate.count(T, "T"), _validate.count(B, "B"), _validate.generator(rng)
    bit = rng.integers(0, 2, B)
    x = np.zeros((T, B, 2))
    x[:, :, 0] = 0.5 * rng.normal(size=(T, B))
    x[0] = np.stack([2.0 * bit - 1.0, np.ones(B)], axis=1)
    return Batch(x, bit)


def held_bit_baseline():
    """Return the loss of giving each value of the bit probability 1/2: ln 2 nats.

    >>> round(held_bit_baseline(), 4)
    0.6931
    """
    return float(np.log(2))
