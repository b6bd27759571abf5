"""Checks of the chapter *From a sequence to a class*."""

import numpy as np

from .engine import Case, Exercise, judge


def confusion_matrix(function):
    """Check `confusion_matrix(true, predicted, n)`: (n, n) counts, a row a true class, a column a predicted one.

    true and predicted (N,) whole numbers below n. Answers with a Result; never raises.

    >>> def by_index(true, predicted, n):
    ...     counts = np.zeros((n, n))
    ...     counts[true, predicted] += 1
    ...     return counts
    >>> confusion_matrix(by_index)
    Not yet: a pair that occurs more than once is counted once: counts[true, predicted] += 1 writes each place once.
    np.add.at adds at every pair, and so does a loop.
    """
    return judge(function, CONFUSION_MATRIX)


def macro_accuracy(function):
    """Check `macro_accuracy(confusion)`: the mean over the classes of the share of each that is recognised.

    confusion (n, n) counts, a row a true class; classes without an example are left out. Answers with a Result; never
    raises.

    >>> macro_accuracy(lambda confusion: np.trace(confusion) / confusion.sum())
    Not yet: this is the plain accuracy, in which large classes count for more; take each row's own share first, then
    the mean.
    """
    return judge(function, MACRO_ACCURACY)


def mean_pool(function):
    """Check `mean_pool(h, dm, lengths)` → (m, dh): the mean (B, H) of each sequence's real states, and the way back.

    h (T, B, H), lengths (B,) from 1 to T, dm (B, H) = ∂L/∂m. Answers with a Result; never raises.

    >>> mean_pool(lambda h, dm, lengths: (h.mean(axis=0), np.broadcast_to(dm / len(h), h.shape)))
    Not yet: the padding is counted: only the first lengths[b] states of sequence b are real, there and back.
    """
    return judge(function, MEAN_POOL)


def ctc_collapse(function):
    """Check `ctc_collapse(path, blank)`: the labels that a path of symbols, one a frame, stands for.

    path is a list of whole numbers. Runs of one symbol become one, then blanks go. Answers with a Result; never raises.

    >>> ctc_collapse(lambda path, blank: [symbol for symbol in path if symbol != blank])
    Not yet: only the blanks are removed; a run of the same symbol stands for a single label.
    """
    return judge(function, CTC_COLLAPSE)


# --- confusion_matrix ------------------------------------------------------------------------------------------


def _counts(true, predicted, n, once=False):
    counts = np.zeros((n, n))
    if once:
        counts[true, predicted] += 1
    else:
        np.add.at(counts, (true, predicted), 1)
    return counts


def _share(counts, axis):
    """Divide by the sums along an axis; a class that does not occur stays 0."""
    return counts / np.maximum(counts.sum(axis=axis, keepdims=True), 1)


def _of_counts(change):
    return lambda true, predicted, n: change(_counts(true, predicted, n))


def _confusion_cases(rng):
    pairs = [
        ([0, 0, 1, 2, 2, 2, 1, 0], [0, 1, 1, 0, 0, 2, 1, 0], 3),
        (rng.integers(0, 4, 30), rng.integers(0, 4, 30), 4),
        ([0, 1, 1, 0, 1], [1, 1, 1, 0, 0], 2),
        ([3, 0, 3, 3, 1], [1, 0, 1, 3, 1], 6),
        ([0], [0], 1),
    ]
    return [Case(f"N = {len(true)}, n = {n}", (np.array(true), np.array(predicted), n))
            for true, predicted, n in pairs]  # fmt: skip


_ONCE = ("a pair that occurs more than once is counted once: counts[true, predicted] += 1 writes each place once. "
         "np.add.at adds at every pair, and so does a loop.")  # fmt: skip

CONFUSION_MATRIX = Exercise(
    name="confusion_matrix",
    args=("true", "predicted", "n"),
    outputs=(("the counts", "(n, n)"),),
    cases=_confusion_cases,
    reference=_counts,
    included="classes that never occur",
    variants=(
        (_ONCE, lambda true, predicted, n: _counts(true, predicted, n, once=True)),
        ("a pair that occurs more than once is counted once, and rows and columns are exchanged.",
         lambda true, predicted, n: _counts(predicted, true, n, once=True)),
        ("rows and columns are exchanged: a row is a true class, a column a predicted one.",
         lambda true, predicted, n: _counts(predicted, true, n)),
        ("each row is divided by its sum; counts are wanted.", _of_counts(lambda counts: _share(counts, 1))),
        ("each row is divided by its sum, and for a class that never occurs that is 0/0; counts are wanted.",
         _of_counts(lambda counts: counts / counts.sum(axis=1, keepdims=True))),
        ("each column is divided by its sum; counts are wanted.", _of_counts(lambda counts: _share(counts, 0))),
        ("each column is divided by its sum, and for a class that is never predicted that is 0/0; counts are wanted.",
         _of_counts(lambda counts: counts / counts.sum(axis=0, keepdims=True))),
        ("everything is divided by N; counts are wanted.", _of_counts(lambda counts: counts / counts.sum())),
        ("only the right answers are counted; the others belong beside the diagonal.",
         _of_counts(lambda counts: np.diag(np.diag(counts)))),
        ("the right answers are missing; they belong on the diagonal.",
         _of_counts(lambda counts: counts - np.diag(np.diag(counts)))),
        ("both orders of a pair are counted; (true, predicted) is one place, (predicted, true) another.",
         _of_counts(lambda counts: counts + counts.T)),
        ("true and predicted are sorted apart, so the pairs are lost.",
         lambda true, predicted, n: _counts(np.sort(true), np.sort(predicted), n)),
        ("these are the numbers of right answers a class; the whole table is wanted.",
         _of_counts(lambda counts: np.diag(counts).copy())),
        ("this is the accuracy; the whole table is wanted.",
         _of_counts(lambda counts: np.trace(counts) / counts.sum())),
        ("the classes that never occur are left out; the table has n rows and n columns.",
         lambda true, predicted, n: (lambda m: _counts(true, predicted, n)[:m, :m])(1 + max(*true, *predicted))),
        ("the first example is left out.", lambda true, predicted, n: _counts(true[1:], predicted[1:], n)),
        ("the last example is left out.", lambda true, predicted, n: _counts(true[:-1], predicted[:-1], n)),
    ),
)  # fmt: skip


# --- macro_accuracy --------------------------------------------------------------------------------------------


def _per_class(confusion, axis=1):
    """Return the share of each class that is right, of those that occur: axis 1 of the true, 0 of the predicted."""
    total = confusion.sum(axis=axis)
    return np.diag(confusion)[total > 0] / total[total > 0]


def _f1(confusion):
    both = confusion.sum(axis=0) + confusion.sum(axis=1)
    return np.mean(2 * np.diag(confusion)[both > 0] / both[both > 0])


def _macro_cases(rng):
    tables = [
        [[90, 10, 0], [3, 5, 2], [1, 0, 4]],
        [[8, 2], [30, 60]],
        [[5, 1, 0, 2], [0, 0, 0, 0], [4, 0, 12, 1], [0, 3, 0, 1]],
        [[20, 30, 0], [0, 4, 0], [9, 2, 0]],
        [[7]],
    ]
    return [Case(f"the rows' sums {[sum(row) for row in table]}", (np.array(table),)) for table in tables]


MACRO_ACCURACY = Exercise(
    name="macro_accuracy",
    args=("confusion",),
    outputs=(("the mean", "()"),),
    cases=_macro_cases,
    reference=lambda confusion: np.mean(_per_class(confusion)),
    included="a class without an example",
    variants=(
        ("this is the plain accuracy, in which large classes count for more; take each row's own share first, then "
         "the mean.", lambda confusion: np.trace(confusion) / confusion.sum()),
        ("these are shares of the columns: of what was predicted to be a class, how much is one (the precision). A "
         "true class is a row.", lambda confusion: np.mean(_per_class(confusion, axis=0))),
        ("these are shares of the columns (the precision), and a class that is never predicted gives 0/0. A true class "
         "is a row.", lambda confusion: np.mean(np.diag(confusion) / confusion.sum(axis=0))),
        ("a class without an example counts as 0; there is nothing to be right about, so leave it out of the mean.",
         lambda confusion: np.sum(_per_class(confusion)) / len(confusion)),
        ("a class without an example gives 0/0, and the mean is NaN: leave it out.",
         lambda confusion: np.mean(np.diag(confusion) / confusion.sum(axis=1))),
        ("a class without an example counts as recognised; leave it out of the mean.",
         lambda confusion: (np.sum(_per_class(confusion)) + np.sum(confusion.sum(axis=1) == 0)) / len(confusion)),
        ("this is a share for each class; their mean is wanted.", _per_class),
        ("this is the sum of the shares; divide by the number of classes that occur.",
         lambda confusion: np.sum(_per_class(confusion))),
        ("this is in per cent; a share is wanted.", lambda confusion: 100 * np.mean(_per_class(confusion))),
        ("this is the share of errors; the share recognised is wanted.",
         lambda confusion: 1 - np.mean(_per_class(confusion))),
        ("this is the mean of the diagonal, of counts; divide each by its row's sum first.",
         lambda confusion: np.mean(np.diag(confusion))),
        ("this is the worst class; the mean over the classes is wanted.",
         lambda confusion: np.min(_per_class(confusion))),
        ("this is the best class; the mean over the classes is wanted.",
         lambda confusion: np.max(_per_class(confusion))),
        ("classes of which nothing is recognised are left out; only those without an example are.",
         lambda confusion: np.mean(_per_class(confusion)[_per_class(confusion) > 0])),
        ("the column of a class without an example is dropped as well, and with it those who were taken for that "
         "class: they still count in their rows' sums.",
         lambda confusion: np.mean(_per_class(confusion[confusion.any(axis=1)][:, confusion.any(axis=1)]))),
        ("this is the median of the classes; the mean is wanted.", lambda confusion: np.median(_per_class(confusion))),
        ("this is the mean of the F1 scores, which look at the columns too.", _f1),
    ),
)  # fmt: skip


# --- mean_pool -------------------------------------------------------------------------------------------------


def _mask(h, lengths, beyond=0):
    return (np.arange(len(h))[:, None] < lengths + beyond)[:, :, None]


def _pool(h, dm, lengths, *, real=_mask, back=None, divisor=lambda h, n: n[:, None], back_divisor=None):
    """Return (m, dh); each keyword is a place for a mistake. Infinity at the padding is not read."""
    mask = real(h, lengths)
    back_mask = mask if back is None else back(h, lengths)
    m = np.where(mask, h, 0.0).sum(axis=0) / divisor(h, lengths)
    return m, np.where(back_mask, 1.0, 0.0) * dm / (back_divisor or divisor)(h, lengths)


def _pool_slip(**how):
    return lambda h, dm, lengths: _pool(h, dm, lengths, **how)


def _all(h, lengths):
    return np.ones((*h.shape[:2], 1), bool)


def _last_only(h, lengths):
    return (np.arange(len(h))[:, None] == lengths - 1)[:, :, None]


def _by_T(h, n):
    return np.full((len(n), 1), float(len(h)))


def _one(h, n):
    return np.ones((len(n), 1))


def _by_all(h, n):
    return np.full((len(n), 1), float(n.sum()))


def _instead(m=None, dh=None):
    """Take the right (m, dh) and change one of them."""

    def wrong(h, dm, lengths):
        right_m, right_dh = _pool(h, dm, lengths)
        return m(h, dm, lengths) if m else right_m, dh(h, dm, lengths, right_dh) if dh else right_dh

    return wrong


def _greatest(h, dm, lengths):
    return np.where(_mask(h, lengths), h, -np.inf).max(axis=0)


def _pool_cases(rng):
    cases = []
    for T, lengths, H in ((5, [3, 5, 1], 2), (4, [2, 4, 3, 1], 3), (1, [1], 2), (6, [2, 5], 4)):
        h, dm = rng.normal(size=(T, len(lengths), H)), rng.normal(size=(len(lengths), H))
        cases.append(Case(f"T = {T}, lengths = {lengths}, H = {H}", (h, dm, np.array(lengths))))
    h, dm, lengths = rng.normal(size=(4, 3, 2)), rng.normal(size=(3, 2)), np.array([2, 4, 1])
    h[~_mask(h, lengths)[:, :, 0]] = np.inf
    return [*cases, Case("infinity at the padding", (h, dm, lengths), _NAN)]


_NAN = ("right, but not where the padding holds infinity or NaN: 0 · ∞ is NaN. Choose with np.where(mask, h, 0) "
        "instead of multiplying by the mask.")  # fmt: skip
_BOTH = "the padding is counted: only the first lengths[b] states of sequence b are real, there and back."

MEAN_POOL = Exercise(
    name="mean_pool",
    args=("h", "dm", "lengths"),
    outputs=(("m", "(B, H)"), ("dh", "(T, B, H)")),
    cases=_pool_cases,
    reference=_pool,
    included="T = 1 and infinity at the padding",
    chain=("m", "dh"),
    variants=(
        (_BOTH, lambda h, dm, lengths: (h.mean(axis=0), np.broadcast_to(dm / len(h), h.shape))),
        ("the padding is left out of the sum, but the sum is divided by T; sequence b has lengths[b] states.",
         _pool_slip(divisor=_by_T)),
        ("the sum is divided by the number of real steps in the whole batch; sequence b has lengths[b] of its own.",
         _pool_slip(divisor=_by_all)),
        ("the states are summed, not averaged: divide by lengths[b], there and back.", _pool_slip(divisor=_one)),
        ("it is divided by lengths[b], but the padding is in the sum.",
         _instead(m=lambda h, dm, n: h.sum(axis=0) / n[:, None])),
        ("m counts the padding: only the first lengths[b] states of sequence b are real. The way back is right.",
         _instead(m=lambda h, dm, n: h.mean(axis=0))),
        ("m is divided by T; sequence b has lengths[b] states. The way back is right.",
         _instead(m=lambda h, dm, n: _pool(h, dm, n, divisor=_by_T)[0])),
        ("m is a sum; divide it by lengths[b]. The way back is right.",
         _instead(m=lambda h, dm, n: _pool(h, dm, n, divisor=_one)[0])),
        ("m is the last real state; the mean over all real ones is wanted.",
         _instead(m=lambda h, dm, n: h[n - 1, np.arange(len(n))])),
        ("m is the largest of the real states; their mean is wanted.", _instead(m=_greatest)),
        ("the mask has a step too many: with t counted from 0, t < lengths[b] is real, t = lengths[b] is not.",
         _pool_slip(real=lambda h, n: _mask(h, n, beyond=1))),
        ("the mask has a step too few: with t counted from 0, the last real step is t = lengths[b] − 1.",
         _pool_slip(real=lambda h, n: _mask(h, n, beyond=-1))),
        ("dh is not divided: each real state is 1/lengths[b] of the mean, and gets that share of dm.",
         _pool_slip(back_divisor=_one)),
        ("dh is divided by T; the mean was over lengths[b] states.", _pool_slip(back_divisor=_by_T)),
        ("the padding gets a gradient; it took no part in the mean, so its dh is 0.", _pool_slip(back=_all)),
        ("the padding gets a gradient, and dh is not divided by lengths[b].",
         _pool_slip(back=_all, back_divisor=_one)),
        ("the padding gets a gradient, and dh is divided by T; the mean was over lengths[b] states.",
         _pool_slip(back=_all, back_divisor=_by_T)),
        ("only the last real state gets a gradient; every real one took part in the mean.",
         _pool_slip(back=_last_only)),
        ("the whole dm goes to the last real state, as if that alone had been read; every real one took part in the "
         "mean.", _pool_slip(back=_last_only, back_divisor=_one)),
        ("dh is multiplied by h; m is linear in h, so its derivative has no h in it.",
         _instead(dh=lambda h, dm, n, dh: dh * np.where(_mask(h, n), h, 0.0))),
        ("dh is divided by lengths[b] twice.", _instead(dh=lambda h, dm, n, dh: dh / n[:, None])),
        ("dh is dm as it came, (B, H); every step has a gradient of its own, (T, B, H).",
         _instead(dh=lambda h, dm, n, dh: dm)),
        ("dh holds one step's gradient, (B, H); every real step gets it, the padding 0: (T, B, H).",
         _instead(dh=lambda h, dm, n, dh: dm / n[:, None])),
        ("dh has the axes (B, T, H); time is the first.", _instead(dh=lambda h, dm, n, dh: dh.swapaxes(0, 1))),
    ),
)  # fmt: skip


# --- ctc_collapse ----------------------------------------------------------------------------------------------


def _merge(path):
    return [symbol for k, symbol in enumerate(path) if k == 0 or symbol != path[k - 1]]


def _without(path, blank):
    return [symbol for symbol in path if symbol != blank]


def _collapse(path, blank):
    return _without(_merge(path), blank)


def _collapse_cases(rng):
    paths = [
        ([3, 3, 0, 3, 1, 1, 0, 0, 2, 2], 0),
        ([0, 1, 1, 2, 0, 2, 2, 1, 0], 0),
        ([0, 0, 4, 2, 2, 4, 2, 0, 4, 1, 4, 0], 4),
        ([1, 2, 3, 1], 0),
        ([2, 2, 2, 2], 2),
    ]
    return [Case(f"path = {path}, blank = {blank}", (path, blank)) for path, blank in paths]


CTC_COLLAPSE = Exercise(
    name="ctc_collapse",
    args=("path", "blank"),
    outputs=(("the labels", "(n,)"),),
    cases=_collapse_cases,
    reference=_collapse,
    included="a path of blanks alone",
    variants=(
        ("the blanks are removed before the runs are merged, so that a label said twice becomes one: 3 0 3 stands for "
         "3 3. Merge first.", lambda path, blank: _merge(_without(path, blank))),
        ("only the blanks are removed; a run of the same symbol stands for a single label.", _without),
        ("only the runs are merged; the blanks have to go as well.", lambda path, blank: _merge(path)),
        ("nothing has changed: merge runs of the same symbol, then drop the blanks.", lambda path, blank: list(path)),
        ("every label is kept once, wherever it stands; only neighbours that are alike become one.",
         lambda path, blank: list(dict.fromkeys(_without(path, blank)))),
        ("the labels are sorted, and each is kept once; order and repeats apart from each other count.",
         lambda path, blank: sorted(set(_without(path, blank)))),
        ("0 is written in; the blank is an argument.", lambda path, blank: _collapse(path, 0)),
        ("0 is written in, and the blanks are removed before the runs are merged.",
         lambda path, blank: _merge(_without(path, 0))),
        ("before the first symbol 0 is thought to stand, and 0 may be a label: begin with None, or with the blank.",
         lambda path, blank: [s for before, s in zip([0, *path], path) if s not in (before, blank)]),
        ("behind the last symbol 0 is thought to stand, and 0 may be a label: end with None, or with the blank.",
         lambda path, blank: [s for s, after in zip(path, [*path[1:], 0]) if s not in (after, blank)]),
        ("the first symbol is compared with path[-1], the last: at k = 0 nothing stands before it.",
         lambda path, blank: [s for k, s in enumerate(path) if s not in (blank, path[k - 1])]),
        ("the labels stand in reverse order.", lambda path, blank: _collapse(path, blank)[::-1]),
        ("only symbols that stand alone are kept; a run stands for one label, it is not dropped.",
         lambda path, blank: [s for k, s in enumerate(path) if s != blank and s not in path[k + 1 : k + 2]
                              and s not in path[max(k - 1, 0) : k]]),
        ("the first symbol is missing: it has no neighbour before it, and belongs in.",
         lambda path, blank: [s for before, s in zip(path, path[1:]) if s not in (before, blank)]),
        ("the last symbol is missing: it has no neighbour behind it, and belongs in.",
         lambda path, blank: [s for s, after in zip(path, path[1:]) if s not in (after, blank)]),
        ("this is the number of labels; the labels themselves are wanted.",
         lambda path, blank: len(_collapse(path, blank))),
    ),
)  # fmt: skip
