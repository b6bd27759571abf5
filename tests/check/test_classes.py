"""Every check of *From a sequence to a class* names the mistake that was made."""

from collections import Counter
from itertools import groupby, product

import numpy as np
import pytest

from rnnlib import check

# --- confusion_matrix ------------------------------------------------------------------------------------------


def tallied(
    true, predicted, n, *, pairs=lambda true, predicted: zip(true, predicted), size=lambda n, t, p: n
):
    """Tally the pairs one by one."""
    m = size(n, true, predicted)
    found = Counter((int(i), int(j)) for i, j in pairs(true, predicted))
    return np.array([[found[i, j] for j in range(m)] for i in range(m)])


def slip(**how):
    return lambda *args: tallied(*args, **how)


def by_index(true, predicted, n):
    counts = np.zeros((n, n))
    counts[true, predicted] += 1
    return counts


def by_index_transposed(true, predicted, n):
    return by_index(predicted, true, n)


def shares(axis, guarded=True):
    def of(*args):
        counts = tallied(*args).astype(float)
        total = counts.sum(axis=axis, keepdims=True)
        return np.divide(counts, total, where=total > 0, out=0 * counts) if guarded else counts / total

    return of


def accuracy(true, predicted, n):
    return np.mean(true == predicted)


CONFUSION_WRONG = {
    "is counted once: counts[true, predicted] += 1": by_index,
    "is counted once, and rows and columns are exchanged": by_index_transposed,
    "rows and columns are exchanged: a row": slip(pairs=lambda t, p: zip(p, t)),
    "each row is divided by its sum; counts": shares(1),
    "each row is divided by its sum, and for a class that never occurs": shares(1, guarded=False),
    "each column is divided by its sum; counts": shares(0),
    "each column is divided by its sum, and for a class that is never predicted": shares(0, guarded=False),
    "divided by N": lambda true, predicted, n: tallied(true, predicted, n) / len(true),
    "only the right answers are counted": slip(pairs=lambda t, p: [(i, j) for i, j in zip(t, p) if i == j]),
    "the right answers are missing": slip(pairs=lambda t, p: [(i, j) for i, j in zip(t, p) if i != j]),
    "both orders of a pair": slip(pairs=lambda t, p: [*zip(t, p), *zip(p, t)]),
    "sorted apart": slip(pairs=lambda t, p: zip(sorted(t), sorted(p))),
    "numbers of right answers": lambda t, p, n: [sum((t == k) & (p == k)) for k in range(n)],
    "this is the accuracy": accuracy,
    "classes that never occur are left out": slip(size=lambda n, t, p: max(t.max(), p.max()) + 1),
    "the first example": slip(pairs=lambda t, p: list(zip(t, p))[1:]),
    "the last example": slip(pairs=lambda t, p: list(zip(t, p))[:-1]),
}


@pytest.mark.parametrize("words", CONFUSION_WRONG)
def test_confusion_matrix_names_the_mistake(words, says):
    assert words in says(check.confusion_matrix(CONFUSION_WRONG[words]))


def by_bincount(true, predicted, n):
    return np.bincount(n * true + predicted, minlength=n * n).reshape(n, n)


def by_one_hot(true, predicted, n):
    return (np.eye(n)[true].T @ np.eye(n)[predicted]).tolist()


@pytest.mark.parametrize("way", [tallied, by_bincount, by_one_hot])
def test_confusion_matrix_takes_every_way_to_write_it(way):
    said = "Right on 5 cases, classes that never occur included."
    assert repr(check.confusion_matrix(lambda true, predicted, n: way(true, predicted, n))) == said


# --- macro_accuracy --------------------------------------------------------------------------------------------


def recalls(confusion, empty=None):
    """List each row's share on the diagonal; what stands for an empty row, or nothing."""
    found = [row[k] / sum(row) if sum(row) else empty for k, row in enumerate(confusion.tolist())]
    return [share for share in found if share is not None]


def average(values):
    return sum(values) / len(values)


def f1(confusion):
    scores = []
    for k in range(len(confusion)):
        right, wrong = confusion[k, k], confusion[k].sum() + confusion[:, k].sum() - 2 * confusion[k, k]
        scores += [right / (right + wrong / 2)] if right + wrong else []
    return average(scores)


def unguarded(axis):
    return lambda confusion: average(np.diag(confusion) / confusion.sum(axis=axis))


MACRO_WRONG = {
    "this is the plain accuracy": lambda c: sum(c[k, k] for k in range(len(c))) / sum(map(sum, c)),
    "(the precision). A true class is a row": lambda c: average(recalls(c.T)),
    "(the precision), and a class that is never predicted": unguarded(0),
    "counts as 0; there is nothing": lambda c: average(recalls(c, empty=0)),
    "gives 0/0, and the mean is NaN": unguarded(1),
    "counts as recognised": lambda c: average(recalls(c, empty=1)),
    "a share for each class; their mean": recalls,
    "the sum of the shares": lambda c: sum(recalls(c)),
    "in per cent": lambda c: 100 * average(recalls(c)),
    "the share of errors": lambda c: 1 - average(recalls(c)),
    "the mean of the diagonal": lambda c: average([c[k, k] for k in range(len(c))]),
    "the worst class": lambda c: min(recalls(c)),
    "the best class": lambda c: max(recalls(c)),
    "classes of which nothing is recognised": lambda c: average([share for share in recalls(c) if share]),
    "the column of a class without an example": lambda c: average(
        recalls(
            np.delete(
                np.delete(c, np.flatnonzero(c.sum(axis=1) == 0), 0), np.flatnonzero(c.sum(axis=1) == 0), 1
            )
        )
    ),
    "the median": lambda c: np.median(recalls(c)),
    "the F1 scores": f1,
}


@pytest.mark.parametrize("words", MACRO_WRONG)
def test_macro_accuracy_names_the_mistake(words, says):
    assert words in says(check.macro_accuracy(MACRO_WRONG[words]))


def by_nanmean(confusion):
    total = confusion.sum(axis=1)
    return np.nanmean(np.where(total > 0, np.diag(confusion) / np.maximum(total, 1), np.nan))


@pytest.mark.parametrize("way", [lambda c: average(recalls(c)), by_nanmean])
def test_macro_accuracy_takes_every_way_to_write_it(way):
    said = "Right on 5 cases, a class without an example included."
    assert repr(check.macro_accuracy(lambda confusion: way(confusion))) == said


def test_macro_accuracy_of_always_nothing_is_one_half():
    always = np.array([[90, 0], [10, 0]])
    assert average(recalls(always)) == pytest.approx(0.5)


# --- mean_pool -------------------------------------------------------------------------------------------------


def sequence_by_sequence(h, dm, lengths, *, seen=lambda n, T: n, by=lambda n, T, total: n,
                         back=lambda n, T: range(n), back_by=None):  # fmt: skip
    """Pool and go back one sequence after the other; each keyword is a place for a mistake."""
    T, total, dh = len(h), lengths.sum(), np.zeros(h.shape)
    m = np.array([h[: seen(n, T), b].sum(axis=0) / by(n, T, total) for b, n in enumerate(lengths)])
    for b, n in enumerate(lengths):
        for t in back(n, T):
            dh[t, b] = dm[b] / (back_by or by)(n, T, total)
    return m, dh


def pool_slip(**how):
    return lambda *args: sequence_by_sequence(*args, **how)


def T_of(n, T, total):
    return T


def one(n, T, total):
    return 1


def n_of(n, T, total):
    return n


def everywhere(n, T):
    return range(T)


def at_the_end(n, T):
    return [n - 1]


def with_m(m):
    return lambda h, dm, n: (m(h, n), sequence_by_sequence(h, dm, n)[1])


def with_dh(change):
    def wrong(h, dm, lengths):
        m, dh = sequence_by_sequence(h, dm, lengths)
        return m, change(h, dm, lengths, dh)

    return wrong


def more(k):
    return {"seen": lambda n, T: n + k, "back": lambda n, T: range(min(n + k, T))}


POOL_WRONG = {
    "the padding is counted": lambda h, dm, n: (sum(h) / len(h), np.stack([dm / len(h)] * len(h))),
    "out of the sum, but the sum is divided by T": pool_slip(by=T_of),
    "real steps in the whole batch": pool_slip(by=lambda n, T, total: total),
    "summed, not averaged": pool_slip(by=one),
    "but the padding is in the sum": pool_slip(seen=lambda n, T: T),
    "m counts the padding": with_m(lambda h, n: sum(h) / len(h)),
    "m is divided by T": pool_slip(by=T_of, back_by=n_of),
    "m is a sum": pool_slip(by=one, back_by=n_of),
    "m is the last real state": with_m(lambda h, n: np.array([h[k - 1, b] for b, k in enumerate(n)])),
    "m is the largest": with_m(lambda h, n: np.array([h[:k, b].max(axis=0) for b, k in enumerate(n)])),
    "a step too many": pool_slip(**more(1)),
    "a step too few": pool_slip(**more(-1)),
    "dh is not divided": pool_slip(back_by=one),
    "dh is divided by T; the mean": pool_slip(back_by=T_of),
    "the padding gets a gradient; it took": pool_slip(back=everywhere),
    "the padding gets a gradient, and dh is not divided": pool_slip(back=everywhere, back_by=one),
    "the padding gets a gradient, and dh is divided by T": pool_slip(back=everywhere, back_by=T_of),
    "only the last real state gets": pool_slip(back=at_the_end),
    "the whole dm goes to the last": pool_slip(back=at_the_end, back_by=one),
    "multiplied by h": with_dh(lambda h, dm, n, dh: np.where(dh != 0, h, 0) * dh),
    "divided by lengths[b] twice": pool_slip(back_by=lambda n, T, total: n * n),
    "dh is dm as it came": with_dh(lambda h, dm, n, dh: dm.copy()),
    "one step's gradient, (B, H)": with_dh(lambda h, dm, n, dh: dh[0]),
    "the axes (B, T, H)": with_dh(lambda h, dm, n, dh: np.einsum("tbh->bth", dh)),
    "where the padding holds infinity": lambda h, dm, n: (
        np.einsum("tbh,tb->bh", h, mask := 1.0 * (np.arange(len(h))[:, None] < n)) / n[:, None],
        np.einsum("bh,tb->tbh", dm / n[:, None], mask),
    ),
}


@pytest.mark.parametrize("words", POOL_WRONG)
def test_mean_pool_names_the_mistake(words, says):
    assert words in says(check.mean_pool(POOL_WRONG[words]))


def by_finite_differences(h, dm, lengths):
    """Take the way back from the way there alone: m is linear, so a step of 1 is exact up to rounding."""
    m = lambda h: np.array([h[:n, b].mean(axis=0) for b, n in enumerate(lengths)])
    finite, dh = np.where(np.isfinite(h), h, 0.0), np.zeros(h.shape)
    for place in np.ndindex(h.shape):
        moved = finite.copy()
        moved[place] += 1
        dh[place] = np.sum(dm * (m(moved) - m(finite)))
    return m(h), dh


@pytest.mark.parametrize("way", [sequence_by_sequence, by_finite_differences])
def test_mean_pool_takes_every_way_to_write_it(way):
    said = "Right on 5 cases, T = 1 and infinity at the padding included."
    assert repr(check.mean_pool(lambda h, dm, lengths: way(h, dm, lengths))) == said


# --- ctc_collapse ----------------------------------------------------------------------------------------------


def by_runs(path, blank):
    return [symbol for symbol, _ in groupby(path) if symbol != blank]


def blanks_first(path, blank):
    return [symbol for symbol, _ in groupby(s for s in path if s != blank)]


def alone(path, blank):
    return [symbol for symbol, run in groupby(path) if symbol != blank and len(list(run)) == 1]


def once(path, blank):
    seen = []
    for symbol in path:
        if symbol != blank and symbol not in seen:
            seen.append(symbol)
    return seen


def without_first(path, blank):
    return [path[k] for k in range(1, len(path)) if path[k] != path[k - 1] and path[k] != blank]


def without_last(path, blank):
    return [path[k] for k in range(len(path) - 1) if path[k] != path[k + 1] and path[k] != blank]


COLLAPSE_WRONG = {
    "the blanks are removed before the runs are merged, so that": blanks_first,
    "only the blanks are removed": lambda path, blank: list(filter(blank.__ne__, path)),
    "only the runs are merged": lambda path, blank: [symbol for symbol, _ in groupby(path)],
    "nothing has changed": lambda path, blank: path[:],
    "every label is kept once": once,
    "the labels are sorted": lambda path, blank: sorted({*path} - {blank}),
    "0 is written in; the blank": lambda path, blank: by_runs(path, 0),
    "0 is written in, and the blanks": lambda path, blank: blanks_first(path, 0),
    "before the first symbol 0 is thought to stand": lambda path, blank: in_a_loop(path, blank, before=0),
    "behind the last symbol 0": lambda path, blank: in_a_loop(path[::-1], blank, before=0)[::-1],
    "compared with path[-1]": lambda path, blank: in_a_loop(path, blank, before=path[-1]),
    "reverse order": lambda path, blank: by_runs(path[::-1], blank),
    "symbols that stand alone": alone,
    "the first symbol is missing": without_first,
    "the last symbol is missing": without_last,
    "the number of labels": lambda path, blank: len(by_runs(path, blank)),
}


@pytest.mark.parametrize("words", COLLAPSE_WRONG)
def test_ctc_collapse_names_the_mistake(words, says):
    assert words in says(check.ctc_collapse(COLLAPSE_WRONG[words]))


def in_a_loop(path, blank, before=None):
    labels = []
    for symbol in path:
        if symbol not in (before, blank):
            labels.append(symbol)
        before = symbol
    return labels


def with_numpy(path, blank):
    path = np.array(path)
    starts = np.concatenate([[True], path[1:] != path[:-1]])
    return path[starts & (path != blank)]


@pytest.mark.parametrize("way", [by_runs, in_a_loop, with_numpy])
def test_ctc_collapse_takes_every_way_to_write_it(way):
    said = "Right on 5 cases, a path of blanks alone included."
    assert repr(check.ctc_collapse(lambda path, blank: way(path, blank))) == said


def test_as_many_paths_say_a_text_as_the_forward_pass_counts():
    """Graves et al. (2006), eqs. 6 to 8, with every symbol of weight 1."""
    for text, T in ((("a", "b"), 4), (("a", "a"), 4), (("a",), 3)):
        spread = ["-", *(s for label in text for s in (label, "-"))]
        alpha = np.zeros(len(spread))
        alpha[:2] = 1
        for _ in range(T - 1):
            skips = [s > 1 and spread[s] not in ("-", spread[s - 2]) for s in range(len(spread))]
            alpha = np.array(
                [alpha[s] + (s > 0) * alpha[s - 1] + skips[s] * alpha[s - 2] for s in range(len(spread))]
            )
        paths = [path for path in product("-ab", repeat=T) if tuple(by_runs(path, "-")) == text]
        assert len(paths) == alpha[-2:].sum()
