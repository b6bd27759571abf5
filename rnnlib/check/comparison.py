"""Checks of the chapter *Which cell?*."""

import math

import numpy as np

from .engine import Case, Exercise, judge

# --- copy_baseline ---------------------------------------------------------------------------------------------


def _baseline_cases(rng):
    sizes = ((20, 10, 8), (100, 10, 8), (5, 3, 4), (7, 1, 5), (1, 4, 2))
    return [Case(f"T = {T}, K = {K}, S = {S}", (T, K, S)) for T, K, S in sizes]


COPY_BASELINE = Exercise(
    name="copy_baseline",
    args=("T", "K", "S"),
    outputs=(("the loss", "()"),),
    cases=_baseline_cases,
    reference=lambda T, K, S: K * math.log(S) / (T + 2 * K),
    included="a single symbol to remember",
    variants=(
        ("this is in bits; nats take the natural logarithm.", lambda T, K, S: K * math.log2(S) / (T + 2 * K)),
        ("this is the logarithm to base 10; nats take the natural one.",
         lambda T, K, S: K * math.log10(S) / (T + 2 * K)),
        ("this is the loss of the whole sequence; the mean over its T + 2K steps is wanted.",
         lambda T, K, S: K * math.log(S)),
        ("this is the loss of a step at which an answer is due; the mean goes over all T + 2K steps.",
         lambda T, K, S: math.log(S)),
        ("only one answer is counted; K steps ask for one.", lambda T, K, S: math.log(S) / (T + 2 * K)),
        ("the sequence has T + 2K steps: K to show, T blanks, and K to answer.",
         lambda T, K, S: K * math.log(S) / (T + K)),
        ("the sequence has T + 2K steps, not T.", lambda T, K, S: K * math.log(S) / T),
        ("at an answer's step the net knows that a symbol is due, so it spreads over S, not over S + 2.",
         lambda T, K, S: K * math.log(S + 2) / (T + 2 * K)),
        ("at every step all S + 2 are taken as equally likely; but when to answer needs no memory of the symbols, "
         "so a blank costs nothing.", lambda T, K, S: math.log(S + 2)),
        ("the steps that show the symbols are counted as well; there the target is the blank, and costs nothing.",
         lambda T, K, S: 2 * K * math.log(S) / (T + 2 * K)),
        ("the blanks between are counted as well; their target is certain, and costs nothing.",
         lambda T, K, S: (T + K) * math.log(S) / (T + 2 * K)),
        ("K and S are the wrong way round: K answers, each one of S symbols.",
         lambda T, K, S: S * math.log(K) / (T + 2 * K)),
        ("10 and 8 are written in; take K and S from the arguments.",
         lambda T, K, S: 10 * math.log(8) / (T + 20)),
        ("8 is written in; take S from the arguments.", lambda T, K, S: K * math.log(8) / (T + 2 * K)),
        ("20 is written in; the steps are T + 2K.", lambda T, K, S: K * math.log(S) / (T + 20)),
        ("this is the share of wrong answers; the loss is the cross-entropy, −ln of the probability given to the "
         "right one.", lambda T, K, S: K * (1 - 1 / S) / (T + 2 * K)),
        ("this is the accuracy of such a net; the loss is its cross-entropy.",
         lambda T, K, S: (T + K + K / S) / (T + 2 * K)),
        ("this is the perplexity; its logarithm is the loss.",
         lambda T, K, S: math.exp(K * math.log(S) / (T + 2 * K))),
        ("the logarithm is missing: the probability 1/S costs ln S.", lambda T, K, S: K * S / (T + 2 * K)),
        ("the logarithm is missing: the probability 1/S costs ln S.", lambda T, K, S: K / S / (T + 2 * K)),
        ("the loss is −ln of the probability, so it is positive.",
         lambda T, K, S: -K * math.log(S) / (T + 2 * K)),
    ),
)  # fmt: skip


# --- solved_after ----------------------------------------------------------------------------------------------


def _solved_after(losses, every, bound, *, never=np.inf, first=1, scale=True, axis=1, below=np.less):
    """Return the first step of each row; each keyword is a place for a mistake."""
    found = below(losses, bound)
    steps = (found.argmax(axis=axis) + first) * (every if scale else 1)
    return np.where(found.any(axis=axis), steps, never)


def _solved_slip(**how):
    return lambda losses, every, bound: _solved_after(losses, every, bound, **how)


def _solved_trap(first, scale):
    """Count from argmax alone, which is 0 for a row without True."""
    return lambda losses, every, bound: ((losses < bound).argmax(axis=1) + first) * (every if scale else 1)


def _from_the_end(found):
    return found.shape[1] - found[:, ::-1].argmax(axis=1)


def _last_below(losses, every, bound):
    """Return the last test below the bound."""
    below = losses < bound
    return np.where(below.any(axis=1), _from_the_end(below) * every, np.inf)


def _for_good(losses, every, bound):
    """Return the first test from which on all are below the bound."""
    above = losses >= bound
    after = np.where(above.any(axis=1), _from_the_end(above), 0) + 1
    return np.where(after <= losses.shape[1], after * every, np.inf)


def _solved_cases(rng):
    curves = np.array([[0.17, 0.16, 0.04, 0.005, 0.002, 0.001], [0.17, 0.17, 0.18, 0.17, 0.16, 0.17],
                       [0.16, 0.008, 0.09, 0.007, 0.003, 0.004], [0.15, 0.12, 0.11, 0.06, 0.03, 0.006]])  # fmt: skip
    at_once = np.array([[0.4, 0.3, 0.5], [1.3, 1.2, 0.9]])
    return [Case("4 seeds, 6 tests", (curves, 100, 0.01)), Case("a seed that is solved at once", (at_once, 50, 0.45)),
            Case("no seed solved", (curves[1:2], 200, 0.1)), Case("more tests than seeds", (curves[2:], 10, 0.05)),
            Case("a loss equal to the bound", (np.array([[0.5, 0.25, 0.125]]), 10, 0.25),
                 "right, but a loss that is equal to the bound is not below it.")]  # fmt: skip


SOLVED_AFTER = Exercise(
    name="solved_after",
    args=("losses", "every", "bound"),
    outputs=(("steps", "(seeds,)"),),
    cases=_solved_cases,
    reference=_solved_after,
    included="a seed that never gets there",
    hints=(("holds (None|text)", "Put np.inf for a seed that never gets there, so that one can compute with it."),),
    variants=(
        ("a seed that never gets there counts as solved at the first test: argmax of a row without True is 0. "
         "Ask found.any(axis=1) as well, and put np.inf.", _solved_trap(1, True)),
        ("a seed that never gets there counts as solved at the first test, and the tests are counted from 0.",
         _solved_trap(0, True)),
        ("the tests are counted, not the steps, and a seed that never gets there counts as solved at the first.",
         _solved_trap(1, False)),
        ("argmax alone: the places are counted from 0, not in steps, and a seed that never gets there has 0.",
         _solved_trap(0, False)),
        ("test k, counted from 0, comes after (k + 1) · every steps.", _solved_slip(first=0)),
        ("the tests are counted, not the steps: `every` steps lie between two.", _solved_slip(scale=False)),
        ("the places are counted from 0, and not in steps.", _solved_slip(scale=False, first=0)),
        ("a seed that never gets there counts as solved at the last test; that flatters it. Put np.inf.",
         lambda losses, every, bound: _solved_after(losses, every, bound, never=losses.shape[1] * every)),
        ("a seed that never gets there counts as solved one test after the last; nobody has seen that. Put np.inf.",
         lambda losses, every, bound: _solved_after(losses, every, bound, never=(losses.shape[1] + 1) * every)),
        ("a seed that never gets there has 0, as if it had been the fastest; put np.inf.", _solved_slip(never=0)),
        ("a seed that never gets there has −1, as if it had been the fastest; put np.inf.", _solved_slip(never=-1)),
        ("a seed that never gets there has nan, which spoils every sum and comparison; put np.inf.",
         _solved_slip(never=np.nan)),
        ("the seeds that never get there are dropped; one number for each seed is wanted, np.inf for those.",
         lambda *args: (steps := _solved_after(*args))[np.isfinite(steps)]),
        ("this is the last test below the bound; the first is wanted.", _last_below),
        ("this is the test from which on the loss stays below the bound; the first time below is wanted.", _for_good),
        ("this is the step of the lowest loss; the first loss below the bound is wanted.",
         lambda losses, every, bound: (losses.argmin(axis=1) + 1) * every),
        ("this is the step of the lowest loss; the first loss below the bound is wanted.",
         lambda losses, every, bound: np.where(losses.min(axis=1) < bound, (losses.argmin(axis=1) + 1) * every,
                                               np.inf)),
        ("this asks for losses above the bound.", _solved_slip(below=np.greater)),
        ("the axes are the wrong way round: a row is a seed, and its tests lie along axis 1.", _solved_slip(axis=0)),
        ("this says whether each seed was solved; when is wanted.",
         lambda losses, every, bound: (losses < bound).any(axis=1).astype(float)),
        ("this counts the tests below the bound; the step of the first is wanted.",
         lambda losses, every, bound: (losses < bound).sum(axis=1)),
        ("this is the curve of the mean over the seeds; each seed has a step of its own.",
         lambda losses, every, bound: _solved_after(losses.mean(axis=0)[None], every, bound)[0]),
        ("this is the fastest seed alone; one number for each seed is wanted.",
         lambda *args: _solved_after(*args).min()),
    ),
)  # fmt: skip


# --- summary ---------------------------------------------------------------------------------------------------


def _summary(after, *, kept=lambda after: after, middle=np.median, low=np.min, high=np.max):
    """Return the median and the range; each keyword is a place for a mistake."""
    after = kept(np.asarray(after, float))
    if not len(after):
        return np.nan, np.nan, np.nan
    return middle(after), low(after), high(after)


def _summary_slip(**how):
    return lambda after: _summary(after, **how)


def _solved_only(after):
    return after[np.isfinite(after)]


def _of_solved(size):
    """Take a size of the solved seeds alone, inf where there is none."""
    return lambda after: size(_solved_only(after)) if np.isfinite(after).any() else np.inf


def _sorted_at(place):
    return lambda after: np.sort(after)[place(len(after))]


def _between(after, share=0.5):
    """Take a quantile as np.quantile does: from one entry on towards the next, even where no step is left to take."""
    after, place = np.sort(after), share * (len(after) - 1)
    one, other = after[int(place)], after[min(int(place) + 1, len(after) - 1)]
    with np.errstate(invalid="ignore"):
        return one + (other - one) * (place - int(place))


def _summary_cases(rng):
    inf = np.inf
    runs = ([700, 300, 400, 1000, 600], [800, inf, 400, inf, 500], [inf, 400, inf, inf, inf], [500, 300, inf, 900],
            [inf, inf, inf], [1200.0])  # fmt: skip
    return [Case(_shown(after), (np.array(after, float),)) for after in runs]


def _shown(after):
    return "after = [" + ", ".join("inf" if step == np.inf else f"{step:.0f}" for step in after) + "]"


SUMMARY = Exercise(
    name="summary",
    args=("after",),
    outputs=(("median", "()"), ("fastest", "()"), ("slowest", "()")),
    cases=_summary_cases,
    reference=_summary,
    included="no seed solved",
    variants=(
        ("the seeds that were not solved are dropped, so a net that works one time in five looks as good as one that "
         "always does. They count as inf.", _summary_slip(kept=_solved_only)),
        ("the seeds that were not solved are dropped, so a net that works one time in five looks as good as one that "
         "always does. They count as inf.",
         _summary_slip(middle=_of_solved(np.median), low=_of_solved(np.min), high=_of_solved(np.max))),
        ("the median drops the seeds that were not solved; they count as inf.",
         _summary_slip(middle=_of_solved(np.median))),
        ("the slowest drops the seeds that were not solved; if one failed, the slowest is inf.",
         _summary_slip(high=_of_solved(np.max))),
        ("this is the mean of the solved seeds alone: it drops the failures; take the median of all.",
         _summary_slip(middle=_of_solved(np.mean))),
        ("this is the mean of the solved seeds alone: it drops the failures; take the median of all.",
         _summary_slip(kept=_solved_only, middle=np.mean)),
        ("this is the mean of the solved seeds alone: it drops the failures; take the median of all.",
         _summary_slip(middle=_of_solved(np.mean), high=_of_solved(np.max))),
        ("this is the mean: a single failure makes it infinite, and one slow seed moves it. Take the median.",
         _summary_slip(middle=np.mean)),
        ("np.quantile and np.percentile interpolate between two seeds, and with ∞ among them that gives nan; take "
         "np.median.", _summary_slip(middle=_between)),
        ("np.quantile and np.percentile interpolate between two seeds, and with ∞ among them that gives nan; take "
         "np.median, np.min and np.max.",
         _summary_slip(middle=_between, low=lambda after: _between(after, 0), high=lambda after: _between(after, 1))),
        ("the best seed alone stands for all; the middle one is the median.", _summary_slip(middle=np.min)),
        ("the best seed alone stands for all; the median and the slowest are wanted as well.",
         _summary_slip(middle=np.min, high=np.min)),
        ("the slowest seed stands where the median belongs.", _summary_slip(middle=np.max)),
        ("the seed in the middle of the list is taken; sort first.",
         _summary_slip(middle=lambda after: after[len(after) // 2])),
        ("with an even number of seeds there are two in the middle; the median is their mean.",
         _summary_slip(middle=_sorted_at(lambda n: n // 2))),
        ("with an even number of seeds there are two in the middle; the median is their mean.",
         _summary_slip(middle=_sorted_at(lambda n: (n - 1) // 2))),
        ("a seed that was not solved counts as 0 steps, as if it had been the fastest; it is inf.",
         _summary_slip(kept=lambda after: np.where(np.isfinite(after), after, 0))),
        ("the quartiles are returned; the fastest and the slowest seed are wanted.",
         _summary_slip(low=lambda after: np.quantile(after, 0.25), high=lambda after: np.quantile(after, 0.75))),
        ("the order is (median, fastest, slowest).", lambda after: (lambda m, a, b: (a, m, b))(*_summary(after))),
        ("the order is (median, fastest, slowest).", lambda after: (lambda m, a, b: (m, b, a))(*_summary(after))),
        ("the order is (median, fastest, slowest).", lambda after: (lambda m, a, b: (a, b, m))(*_summary(after))),
        ("this is the mean and one standard deviation on each side, of the solved seeds alone; the median and the "
         "range of all are wanted.",
         _summary_slip(middle=_of_solved(np.mean), low=_of_solved(lambda a: a.mean() - a.std()),
                       high=_of_solved(lambda a: a.mean() + a.std()))),
    ),
)  # fmt: skip


# --- separated_by_luck -----------------------------------------------------------------------------------------

SEPARATED_BY_LUCK = Exercise(
    name="separated_by_luck",
    args=("n",),
    outputs=(("the probability", "()"),),
    cases=lambda rng: [Case(f"n = {n}", (n,)) for n in (5, 3, 2, 10, 1)],
    reference=lambda n: 2 / math.comb(2 * n, n),
    included="n = 1",
    variants=(
        ("this is one direction alone; either net may be the faster one, so it counts twice.",
         lambda n: 1 / math.comb(2 * n, n)),
        ("this treats the n pairs as coins; but every seed of one net has to be faster than every seed of the other.",
         lambda n: 2 * 0.5**n),
        ("this treats the n pairs as coins, in one direction; every seed of one net has to be faster than every seed "
         "of the other.", lambda n: 0.5**n),
        ("the n² comparisons of seed with seed are no separate coins: who beats a fast seed also beats a slow one.",
         lambda n: 2 * 0.5 ** (n * n)),
        ("the n² comparisons of seed with seed are no separate coins: who beats a fast seed also beats a slow one.",
         lambda n: 0.5 ** (n * n)),
        ("this is a single order of all 2n seeds; within each net the order does not matter, (n!)² of them count.",
         lambda n: 1 / math.factorial(2 * n)),
        ("these are two single orders of all 2n seeds; within each net the order does not matter, (n!)² of them "
         "count, each way.", lambda n: 2 / math.factorial(2 * n)),
        ("the order within one net only is left free; it does not matter in either.",
         lambda n: 2 * math.factorial(n) / math.factorial(2 * n)),
        ("all orders of one net's n seeds are counted; what counts is which n of the 2n places are one net's.",
         lambda n: 2 / math.factorial(n)),
        ("this is the number of ways to choose the places; two of them are wanted, as a share.",
         lambda n: float(math.comb(2 * n, n))),
        ("this is the probability that the ranges do overlap; wanted is that they do not.",
         lambda n: 1 - 2 / math.comb(2 * n, n)),
        ("this is the chance of guessing a choice of n in n + n places that may be filled several times; no two seeds "
         "share a place.", lambda n: 2 / (2 * n) ** n),
    ),
)  # fmt: skip


def copy_baseline(function):
    """Check `copy_baseline(T, K, S)`: copy memory's mean loss in nats without memory, K of S symbols, T blanks.

    Answers with a Result; never raises.

    >>> copy_baseline(...)
    Not done yet: there is no function copy_baseline yet.
    """
    return judge(function, COPY_BASELINE)


def solved_after(function):
    """Check `solved_after(losses, every, bound)` → (seeds,): the first tested step below the bound, inf for never.

    losses (seeds, tests), one test each `every` steps. Answers with a Result; never raises.

    >>> solved_after(...)
    Not done yet: there is no function solved_after yet.
    """
    return judge(function, SOLVED_AFTER)


def summary(function):
    """Check `summary(after)` → (median, fastest, slowest) over all seeds, the unsolved among them as inf.

    Answers with a Result; never raises.

    >>> summary(...)
    Not done yet: there is no function summary yet.
    """
    return judge(function, SUMMARY)


def separated_by_luck(function):
    """Check `separated_by_luck(n)`: how likely two alike nets' n seeds each do not overlap at all.

    Answers with a Result; never raises.

    >>> separated_by_luck(...)
    Not done yet: there is no function separated_by_luck yet.
    """
    return judge(function, SEPARATED_BY_LUCK)
