"""Every check of *Which cell?* names the mistake that was made."""

import math
from itertools import combinations, permutations

import numpy as np
import pytest

from rnnlib import check, tasks

ln, inf = math.log, math.inf

BASELINE_WRONG = {
    "this is in bits": lambda T, K, S: K * math.log2(S) / (T + 2 * K),
    "to base 10": lambda T, K, S: K * math.log10(S) / (T + 2 * K),
    "the loss of the whole sequence": lambda T, K, S: -sum(ln(1 / S) for _ in range(K)),
    "the loss of a step at which an answer is due": lambda T, K, S: -ln(1 / S),
    "only one answer is counted": lambda T, K, S: -ln(1 / S) / (T + 2 * K),
    "K to show, T blanks, and K to answer": lambda T, K, S: K * ln(S) / (T + K),
    "T + 2K steps, not T": lambda T, K, S: K * ln(S) / T,
    "spreads over S, not over S + 2": lambda T, K, S: K * ln(S + 2) / (T + 2 * K),
    "all S + 2 are taken as equally likely": lambda T, K, S: np.mean([ln(S + 2)] * (T + 2 * K)),
    "the steps that show the symbols are counted as well": lambda T, K, S: 2 * K * ln(S) / (T + 2 * K),
    "the blanks between are counted as well": lambda T, K, S: (T + K) * ln(S) / (T + 2 * K),
    "K and S are the wrong way round": lambda T, K, S: S * ln(K) / (T + 2 * K),
    "10 and 8 are written in": lambda T, K, S: tasks.copy_memory_baseline(T),
    "8 is written in": lambda T, K, S: K * ln(8) / (T + 2 * K),
    "20 is written in": lambda T, K, S: K * ln(S) / (T + 20),
    "the share of wrong answers": lambda T, K, S: np.mean([0.0] * (T + K) + [(S - 1) / S] * K),
    "the accuracy of such a net": lambda T, K, S: np.mean([1.0] * (T + K) + [1 / S] * K),
    "this is the perplexity": lambda T, K, S: S ** (K / (T + 2 * K)),
    "the logarithm is missing": lambda T, K, S: K * S / (T + 2 * K),
    "the logarithm is missing: the probability 1/S costs": lambda T, K, S: K * (1 / S) / (T + 2 * K),
    "so it is positive": lambda T, K, S: K * ln(1 / S) / (T + 2 * K),
}


@pytest.mark.parametrize("words", BASELINE_WRONG)
def test_copy_baseline_names_the_mistake(words, says):
    assert words in says(check.copy_baseline(BASELINE_WRONG[words]))


def step_by_step(T, K, S):
    right = np.concatenate([np.ones(T + K), np.full(K, 1 / S)])  # the probability of each step's target
    return -np.log(right).mean()


BASELINE_RIGHT = {
    "formula": lambda T, K, S: K / (T + 2 * K) * np.log(S),
    "step by step": step_by_step,
    "a power": lambda T, K, S: ln(S**K) / (T + K + K),
    "an array of no axes": lambda T, K, S: np.array(step_by_step(T, K, S)),
    "float32": lambda T, K, S: np.float32(step_by_step(T, K, S)),
}


@pytest.mark.parametrize("way", BASELINE_RIGHT)
def test_copy_baseline_takes_every_way_to_write_it(way):
    said = "Right on 5 cases, a single symbol to remember included."
    assert repr(check.copy_baseline(BASELINE_RIGHT[way])) == said


# --- solved_after ----------------------------------------------------------------------------------------------


def below(loss, bound):
    return loss < bound


def loop(losses, every, bound, *, never=inf, count=lambda k, every: (k + 1) * every, good=below,
         order=lambda row: range(len(row))):  # fmt: skip
    """Go through each seed's tests one by one."""
    steps = []
    for row in losses:
        found = [k for k in order(row) if good(row[k], bound)]
        steps.append(count(found[0], every) if found else never(row, every) if callable(never) else never)
    return steps


def slip(**how):
    return lambda *args: loop(*args, **how)


def argmax(losses, every, bound):
    return (np.argmax(losses < bound, axis=1) + 1) * every


def lowest(losses, every, bound):
    return [(int(np.argmin(row)) + 1) * every for row in losses]


def stays(losses, every, bound):
    steps = []
    for row in losses:
        good = [k for k in range(len(row)) if all(loss < bound for loss in row[k:])]
        steps.append((good[0] + 1) * every if good else inf)
    return steps


AFTER_WRONG = {
    "a seed that never gets there counts as solved at the first test: argmax": argmax,
    "at the first test, and the tests are counted from 0": lambda *args: argmax(*args) - args[1],
    "the tests are counted, not the steps, and a seed": lambda *args: argmax(*args) // args[1],
    "argmax alone": lambda losses, every, bound: np.argmax(losses < bound, axis=1),
    "comes after (k + 1) · every steps": slip(count=lambda k, every: k * every),
    "`every` steps lie between two": slip(count=lambda k, every: k + 1),
    "the places are counted from 0, and not in steps": slip(count=lambda k, every: k),
    "as solved at the last test": slip(never=lambda row, every: len(row) * every),
    "one test after the last": slip(never=lambda row, every: (len(row) + 1) * every),
    "has 0, as if it had been the fastest": slip(never=0),
    "has −1": slip(never=-1),
    "has nan": slip(never=math.nan),
    "are dropped; one number for each seed": lambda *args: [step for step in loop(*args) if step < inf],
    "this is the last test below": slip(order=lambda row: range(len(row) - 1, -1, -1)),
    "stays below the bound": stays,
    "this is the step of the lowest loss": lowest,
    "this is the step of the lowest loss; the first": lambda *args: [
        low if step < inf else inf for low, step in zip(lowest(*args), loop(*args))
    ],
    "losses above the bound": slip(good=lambda loss, bound: loss > bound),
    "the axes are the wrong way round": lambda losses, *args: loop(losses.T, *args),
    "says whether each seed was solved": lambda losses, every, bound: [1.0 * (min(row) < bound) for row in losses],
    "this counts the tests below": lambda losses, every, bound: [sum(row < bound) for row in losses],
    "the curve of the mean": lambda losses, *args: loop([losses.mean(axis=0)], *args)[0],
    "the fastest seed alone": lambda *args: min(loop(*args)),
    "equal to the bound is not below": slip(good=lambda loss, bound: loss <= bound),
    "Put np.inf for a seed that never gets there": slip(never=None),
}  # fmt: skip


@pytest.mark.parametrize("words", AFTER_WRONG)
def test_solved_after_names_the_mistake(words, says):
    assert words in says(check.solved_after(AFTER_WRONG[words]))


def with_where(losses, every, bound):
    steps = every * np.arange(1, losses.shape[1] + 1)
    return np.where(losses < bound, steps, np.inf).min(axis=1)


def with_flatnonzero(losses, every, bound):
    places = [np.flatnonzero(row < bound) for row in losses]
    return np.array([(place[0] + 1) * every if place.size else np.inf for place in places])


@pytest.mark.parametrize("way", [loop, with_where, with_flatnonzero, lambda *args: tuple(loop(*args))])
def test_solved_after_takes_every_way_to_write_it(way):
    said = "Right on 5 cases, a seed that never gets there included."
    assert repr(check.solved_after(lambda losses, every, bound: way(losses, every, bound))) == said


# --- summary ---------------------------------------------------------------------------------------------------


def median(after):
    """Take the middle of the sorted list by hand."""
    after, n = sorted(after), len(after)
    return (after[(n - 1) // 2] + after[n // 2]) / 2 if n else inf


def solved(after):
    return [step for step in after if step < inf]


def mean(after):
    return sum(after) / len(after) if len(after) else inf


def spread(after):
    return (
        (mean(after), *(mean(after) + side * np.std(after) for side in (-1, 1))) if after else (inf, inf, inf)
    )


def quartiles(after):
    return np.quantile(after, [0.25, 0.75])


SUMMARY_WRONG = {
    "works one time in five": lambda a: (
        median(solved(a)),
        min(solved(a), default=inf),
        max(solved(a), default=inf),
    ),
    "works one time in five looks": lambda a: (
        (np.median(a), a.min(), a.max()) if len(a := a[a < inf]) else (np.nan, np.nan, np.nan)
    ),
    "the median drops the seeds": lambda a: (median(solved(a)), min(a), max(a)),
    "the slowest drops the seeds": lambda a: (median(a), min(a), max(solved(a), default=inf)),
    "the mean of the solved seeds alone": lambda a: (mean(solved(a)), min(a), max(a)),
    "the mean of the solved seeds alone: it drops": lambda a: (
        mean(solved(a)),
        min(a),
        max(solved(a), default=inf),
    ),
    "a single failure makes it infinite": lambda a: (mean(a), min(a), max(a)),
    "the best seed alone stands for all; the middle": lambda a: (min(a), min(a), max(a)),
    "the median and the slowest are wanted as well": lambda a: (min(a), min(a), min(a)),
    "where the median belongs": lambda a: (max(a), min(a), max(a)),
    "sort first": lambda a: (a[len(a) // 2], min(a), max(a)),
    "two in the middle": lambda a: (sorted(a)[len(a) // 2], min(a), max(a)),
    "two in the middle; the median is": lambda a: (sorted(a)[(len(a) - 1) // 2], min(a), max(a)),
    "counts as 0 steps": lambda a: (median(b := [step if step < inf else 0 for step in a]), min(b), max(b)),
    "the quartiles are returned": lambda a: (median(a), *quartiles(a)),
    "the order is (median, fastest, slowest)": lambda a: (min(a), median(a), max(a)),
    "the order is (median, fastest, slowest).": lambda a: (median(a), max(a), min(a)),
    "(median, fastest, slowest).": lambda a: (min(a), max(a), median(a)),
    "one standard deviation": lambda a: spread(solved(a)),
    "that gives nan; take np.median.": lambda a: (np.quantile(a, 0.5), min(a), max(a)),
    "that gives nan; take np.median, np.min and np.max.": lambda a: np.percentile(a, [50, 0, 100]),
}


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("words", SUMMARY_WRONG)
def test_summary_names_the_mistake(words, says):
    assert words in says(check.summary(SUMMARY_WRONG[words]))


SUMMARY_RIGHT = {
    "numpy": lambda a: (np.median(a), a.min(), a.max()),
    "by hand": lambda a: (median(a), sorted(a)[0], sorted(a)[-1]),
    "an array": lambda a: np.array([median(a), min(a), max(a)]),
    "a dict": lambda a: {"fastest": min(a), "slowest": max(a), "median": median(a)},
}


@pytest.mark.parametrize("way", SUMMARY_RIGHT)
def test_summary_takes_every_way_to_write_it(way):
    assert repr(check.summary(SUMMARY_RIGHT[way])) == "Right on 6 cases, no seed solved included."


# --- separated_by_luck -----------------------------------------------------------------------------------------


def choose(n):
    return math.factorial(2 * n) // math.factorial(n) ** 2


LUCK_WRONG = {
    "one direction alone": lambda n: 1 / choose(n),
    "treats the n pairs as coins; but": lambda n: 2 / 2**n,
    "coins, in one direction": lambda n: 1 / 2**n,
    "no separate coins": lambda n: 2 / 2 ** (n * n),
    "no separate coins: who": lambda n: 1 / 2 ** (n * n),
    "a single order of all 2n": lambda n: 1 / math.factorial(2 * n),
    "two single orders": lambda n: 2 / math.factorial(2 * n),
    "within one net only".replace("within", "the order within"): lambda n: 2 / math.perm(2 * n, n),
    "all orders of one net's": lambda n: 2 / math.factorial(n),
    "the number of ways": choose,
    "that the ranges do overlap": lambda n: 1 - 2 / choose(n),
    "may be filled several times": lambda n: 2 * (1 / (2 * n)) ** n,
}


@pytest.mark.parametrize("words", LUCK_WRONG)
def test_separated_by_luck_names_the_mistake(words, says):
    assert words in says(check.separated_by_luck(LUCK_WRONG[words]))


def by_counting(n):
    """Count the sets of places that one net can take."""
    if n > 5:
        return 2 / choose(n)
    places = list(combinations(range(2 * n), n))
    return sum(max(one) == n - 1 or min(one) == n for one in places) / len(places)


def one_place_after_another(n):
    chance = 2.0
    for k in range(n):
        chance *= (n - k) / (2 * n - k)
    return chance


@pytest.mark.parametrize("way", [by_counting, one_place_after_another, lambda n: 2 / math.comb(2 * n, n)])
def test_separated_by_luck_takes_every_way_to_write_it(way):
    assert repr(check.separated_by_luck(lambda n: way(n))) == "Right on 5 cases, n = 1 included."


def test_the_reference_is_what_all_orders_of_six_seeds_say(says):
    orders = list(permutations("aaabbb"))
    apart = [order for order in orders if "".join(order) in ("aaabbb", "bbbaaa")]
    assert one_place_after_another(3) == pytest.approx(len(apart) / len(orders)) == 0.1
