"""Every check of *Forecasting* names the mistake that was made."""

import math

import numpy as np
import pytest

import rnnlib
from rnnlib import check

# --- walk_forward ----------------------------------------------------------------------------------------------


def marks(n, first, step, *, train=lambda k, origin: k < origin, origins=None, one=1, two=2,
          test=lambda k, origin, step: origin <= k < origin + step):  # fmt: skip
    """Go through all folds and places one by one."""
    starts = []
    origin = first
    while origin < n:
        starts.append(origin)
        origin += step
    starts = starts if origins is None else origins(starts)
    return [
        [one if train(k, origin) else two if test(k, origin, step) else 0 for k in range(n)]
        for origin in starts
    ]


def fold_slip(**how):
    return lambda *args: marks(*args, **how)


FOLDS_WRONG = {
    "trains on what comes after its test as well": lambda n, first, step: [
        [mark or 1 for mark in row] for row in marks(n, first, step)],
    "trains on the values that it tests on": lambda n, first, step: [
        [int(mark > 0) for mark in row] for row in marks(n, first, step)],
    "the value at the origin is trained on and not tested": fold_slip(train=lambda k, origin: k <= origin),
    "the last value before the origin is left out": fold_slip(train=lambda k, origin: k < origin - 1),
    "the value at the origin is left out": fold_slip(test=lambda k, origin, step: origin < k < origin + step),
    "one value too long": fold_slip(test=lambda k, origin, step: origin <= k <= origin + step),
    "tests on all that is left": fold_slip(test=lambda k, origin, step: k >= origin),
    "trains on the first values alone": lambda n, first, step: marks(n, first, step, train=lambda k, origin: k < first),
    "the training part slides along": lambda n, first, step: marks(
        n, first, step, train=lambda k, origin: origin - first <= k < origin),
    "trains on the stretch just before its test": lambda n, first, step: marks(
        n, first, step, train=lambda k, origin: origin - step <= k < origin),
    "the last stretch is dropped": lambda n, first, step: [
        row for row in marks(n, first, step) if row.count(2) == step],
    "the last origin is missing": lambda n, first, step: marks(
        n, first, step, origins=lambda starts: [start for start in starts if start < n - step]),
    "a fold begins at n": lambda n, first, step: [
        *marks(n, first, step), *[[1] * n for _ in range((n - first) % step == 0)]],
    "the first fold is missing": fold_slip(origins=lambda starts: starts[1:]),
    "the origins begin at 0": lambda n, first, step: marks(n, 0, step),
    "the origins move by one": lambda n, first, step: marks(
        n, first, step, origins=lambda starts: list(range(first, n))),
    "1 and 2 are the wrong way round": fold_slip(one=2, two=1),
    "a row is a fold": lambda *args: np.transpose(marks(*args)),
    "the earliest origin comes first": lambda *args: marks(*args)[::-1],
    "time runs backwards": lambda *args: [row[::-1] for row in marks(*args)],
}  # fmt: skip


@pytest.mark.parametrize("words", FOLDS_WRONG)
def test_walk_forward_names_the_mistake(words, says):
    assert words in says(check.walk_forward(FOLDS_WRONG[words]))


def by_slices(n, first, step):
    rows = []
    for origin in range(first, n, step):
        row = np.zeros(n)
        row[:origin], row[origin : min(n, origin + step)] = 1, 2
        rows.append(row)
    return rows


@pytest.mark.parametrize("way", [marks, by_slices])
def test_walk_forward_takes_every_way_to_write_it(way):
    said = "Right on 5 cases, a last stretch that is shorter included."
    assert repr(check.walk_forward(lambda n, first, step: way(n, first, step))) == said


# --- persistence_skill -----------------------------------------------------------------------------------------


def total(errors, power=2):
    errors = list(errors)
    return sum(abs(e) ** power for e in errors) / len(errors)


def skill(y, forecast, base=lambda y, k: y[k - 1], power=2):
    """Go through all days but the first."""
    days = range(1, len(y))
    return 1 - total((y[k] - forecast[k] for k in days), power) / total(
        (y[k] - base(y, k) for k in days), power
    )


def steps(y):
    return [b - a for a, b in zip(y, y[1:])]


def against(base):
    """Return a skill over all days, with base(y) for all of them."""
    return lambda y, forecast: 1 - total(y - forecast) / total(y - base(y))


SKILL_WRONG = {
    "this is R²": lambda y, forecast: 1 - ((y - forecast) ** 2).sum() / ((y - y.mean()) ** 2).sum(),
    "this is R², the skill against": lambda y, forecast: (
        1 - total(y[1:] - forecast[1:]) / total(y[1:] - y[1:].mean())
    ),
    "the baseline is the mean of y": lambda y, forecast: skill(y, forecast, lambda y, k: y.mean()),
    "the baseline is the first value throughout": lambda y, forecast: skill(y, forecast, lambda y, k: y[0]),
    "the baseline is the first value throughout; it": against(lambda y: y[0]),
    "np.roll wraps round": against(lambda y: np.roll(y, 1)),
    "compares the two ends": against(lambda y: np.roll(y, -1)),
    "the two errors are taken over different values": lambda y, forecast: (
        1 - total(y - forecast) / total(steps(y))
    ),
    "an error of 0 that flatters it": against(lambda y: np.concatenate([y[:1], y[:-1]])),
    "not for y[k+1]": lambda y, forecast: 1 - total(y[1:] - forecast[:-1]) / total(steps(y)),
    "not for y[k−1]": lambda y, forecast: 1 - total(y[:-1] - forecast[1:]) / total(steps(y)),
    "where it should be the first": lambda y, forecast: 1 - total((y - forecast)[:-1]) / total(steps(y)),
    "the forecast of the day before": lambda y, forecast: skill(y, forecast, lambda y, k: forecast[k - 1]),
    "this is the ratio": lambda y, forecast: total((y - forecast)[1:]) / total(steps(y)),
    "the sign is reversed": lambda y, forecast: -skill(y, forecast),
    "the ratio of the errors, upside down": lambda y, forecast: (
        total(steps(y)) / max(total((y - forecast)[1:]), 1e-300)
    ),
    "each day's ratio is averaged": lambda y, forecast: (
        1 - total((y[k] - forecast[k]) / (y[k] - y[k - 1]) for k in range(1, len(y)))
    ),
    "averaged before they are squared": lambda y, forecast: (
        1 - ((sum((y - forecast)[1:]) / sum(steps(y))) ** 2)
    ),
    "root mean squared": lambda y, forecast: 1 - math.sqrt(total((y - forecast)[1:]) / total(steps(y))),
    "mean absolute": lambda y, forecast: skill(y, forecast, power=1),
    "this is the difference": lambda y, forecast: total(steps(y)) - total((y - forecast)[1:]),
    "this is per cent": lambda y, forecast: 100 * skill(y, forecast),
    "the forecast's error alone": lambda y, forecast: total((y - forecast)[1:]),
    "the forecast's error alone; compare": lambda y, forecast: total(y - forecast),
}


@pytest.mark.parametrize("words", SKILL_WRONG)
def test_persistence_skill_names_the_mistake(words, says):
    assert words in says(check.persistence_skill(SKILL_WRONG[words]))


def test_an_upside_down_ratio_is_named(says):
    def upside_down(y, forecast):
        return 1 - np.mean(np.diff(y) ** 2) / max(np.mean((y - forecast)[1:] ** 2), 1e-300)

    assert "the ratio is upside down" in says(check.persistence_skill(upside_down))


@pytest.mark.parametrize("way", [skill, lambda y, f: 1 - rnnlib.mse(f[1:, None, None], y[1:, None, None])[0]
                                 / rnnlib.mse(y[:-1, None, None], y[1:, None, None])[0]])  # fmt: skip
def test_persistence_skill_takes_every_way_to_write_it(way):
    said = "Right on 5 cases, persistence itself included."
    assert repr(check.persistence_skill(lambda y, forecast: way(y, forecast))) == said


# --- fit_ar ----------------------------------------------------------------------------------------------------


def normal_equations(y, p, *, first=None, last=None, lag=1, lags=None, ones=True):
    """Solve Xᵀ X w = Xᵀ y, the rows written one by one."""
    first = p + lag - 1 if first is None else first
    rows, targets = [], []
    for t in range(first, len(y) if last is None else last):
        rows.append([y[t - lag - k] for k in range(lags or p)] + [1.0] * ones)
        targets.append(y[t])
    X = np.array(rows)
    return np.linalg.pinv(X) @ np.array(targets)


def chronological(y, p):
    w = normal_equations(y, p)
    return [*w[:p][::-1], w[p]]


def padded(y, p):
    return normal_equations(np.concatenate([np.zeros(p), y]), p)


def rolled(y, p):
    X = np.array([np.roll(y, k + 1) for k in range(p)] + [np.ones(len(y))]).T
    return np.linalg.pinv(X) @ y


def correlations(y, p):
    n = len(y)
    return [np.corrcoef(y[p:], y[p - k : n - k])[0, 1] for k in range(1, p + 1)] + [0.0]


AR_WRONG = {
    "the lags are in reverse order": chronological,
    "all weights are in reverse order": lambda y, p: normal_equations(y, p)[::-1],
    "the intercept stands first": lambda y, p: np.roll(normal_equations(y, p), 1),
    "the intercept is missing: add a column of ones, or": lambda y, p: normal_equations(y, p, ones=False),
    "and b is given as 0": lambda y, p: [*normal_equations(y, p, ones=False), 0.0],
    "the series is centred": lambda y, p: normal_equations(y - y.mean(), p, ones=False),
    "b is the mean of y": lambda y, p: [*normal_equations(y - y.mean(), p, ones=False), y.mean()],
    "b is left out of the answer": lambda y, p: normal_equations(y, p)[:p],
    "the target is among its own inputs": lambda y, p: normal_equations(y, p, lag=0),
    "the lags begin at y_{t−2}": lambda y, p: normal_equations(y, p, lag=2),
    "np.roll wraps round": rolled,
    "filled in as 0": padded,
    "the last target is left out": lambda y, p: normal_equations(y, p, last=len(y) - 1),
    "the first target is left out": lambda y, p: normal_equations(y, p, first=p + 1),
    "time runs backwards": lambda y, p: normal_equations(y[::-1], p),
    "these are correlations": correlations,
    "one lag more than p": lambda y, p: normal_equations(y, p + 1),
    "these are the forecasts": lambda y, p: [
        np.dot(normal_equations(y, p), [*y[t - p : t][::-1], 1.0]) for t in range(p, len(y))
    ],
}


@pytest.mark.parametrize("words", AR_WRONG)
def test_fit_ar_names_the_mistake(words, says):
    assert words in says(check.fit_ar(AR_WRONG[words]))


def by_readout(y, p):
    """Let NumPy's polynomial-free least squares solve the columns made by sliding windows."""
    past = np.lib.stride_tricks.sliding_window_view(y[:-1], p)[:, ::-1]
    return np.linalg.lstsq(np.c_[past, np.ones(len(past))], y[p:], rcond=None)[0]


@pytest.mark.parametrize("way", [normal_equations, by_readout])
def test_fit_ar_takes_every_way_to_write_it(way):
    said = "Right on 5 cases, p = 1 and a series without noise included."
    assert repr(check.fit_ar(lambda y, p: way(y, p))) == said


def test_all_four_results_of_lstsq_are_told(says):
    def all_four(y, p):
        rows = [[*y[t - p : t][::-1], 1.0] for t in range(p, len(y))]
        return np.linalg.lstsq(rows, y[p:], rcond=None)

    assert "of the four things that it returns the first is wanted" in says(check.fit_ar(all_four))
    pair = lambda y, p: (np.zeros(p), 0.0)
    assert "b stands in the same array" in says(check.fit_ar(pair))


# --- standardise -----------------------------------------------------------------------------------------------


def moments(values, ddof=0):
    values = list(values)
    mean = sum(values) / len(values)
    return mean, math.sqrt(sum((v - mean) ** 2 for v in values) / (len(values) - ddof))


def by(mean, sd):
    return lambda past, future: ((past - mean(past)) / sd(past), (future - mean(past)) / sd(past))


def by_both(past, future):
    mean, sd = moments([*past, *future])
    return (past - mean) / sd, (future - mean) / sd


def each_by_itself(past, future):
    with np.errstate(all="ignore"):
        return [(part - moments(part)[0]) / np.float64(moments(part)[1]) for part in (past, future)]


def by_future(past, future):
    mean, sd = moments(future)
    return (past - mean) / np.float64(sd), (future - mean) / np.float64(sd)


def mean_of(past):
    return moments(past)[0]


def sd_of(past):
    return moments(past)[1]


SCALE_WRONG = {
    "mean and spread know the future": by_both,
    "scaled by its own mean and spread": each_by_itself,
    "the future is scaled by past and future together": lambda past, future: (
        by(mean_of, sd_of)(past, future)[0],
        by_both(past, future)[1],
    ),
    "both are scaled by the future": by_future,
    "the future is not scaled": lambda past, future: (by(mean_of, sd_of)(past, future)[0], future),
    "the spread is missing": by(mean_of, lambda past: 1),
    "the mean is missing": by(lambda past: 0, sd_of),
    "divides by the variance": by(mean_of, lambda past: sd_of(past) ** 2),
    "has N − 1 below": by(mean_of, lambda past: moments(past, 1)[1]),
    "to the range from 0 to 1": by(min, lambda past: max(past) - min(past)),
    "the first value stands for the mean": by(lambda past: past[0], sd_of),
    "the median stands for the mean": by(lambda past: np.median(past), sd_of),
}


@pytest.mark.parametrize("words", SCALE_WRONG)
def test_standardise_names_the_mistake(words, says):
    assert words in says(check.standardise(SCALE_WRONG[words]))


def test_a_past_that_is_overwritten_too_early_is_suspected(says):
    def overwritten(past, future):
        past = (past - np.mean(past)) / np.std(past)
        return past, (future - np.mean(past)) / np.std(past)

    assert "Was the past overwritten" in says(check.standardise(overwritten))


def test_standardise_takes_every_way_to_write_it():
    said = "Right on 4 cases, a future of a single value included."
    assert repr(check.standardise(by(mean_of, sd_of))) == said


# --- free_run --------------------------------------------------------------------------------------------------


def recursive(step, h, warm, n):
    """Call itself once a value."""
    if len(warm):
        forecast, h = step(warm[0], h)
        if len(warm) > 1:
            return recursive(step, h, warm[1:], n)
        return [forecast, *recursive_on(step, h, forecast, n - 1)]
    raise ValueError("nothing to warm up on")


def recursive_on(step, h, y, n):
    if n == 0:
        return []
    forecast, h = step(y, h)
    return [forecast, *recursive_on(step, h, forecast, n - 1)]


def warmed(step, h, warm):
    for y in warm:
        forecast, h = step(y, h)
    return forecast, h


def true_again(step, h, warm, n):
    forecast, h = warmed(step, h, warm)
    run = [forecast]
    while len(run) < n:
        forecast, h = step(warm[-1], h)
        run.append(forecast)
    return run


def read_twice(step, h, warm, n):
    _, h = warmed(step, h, warm)
    return recursive_on(step, h, warm[-1], n)


def frozen(step, h, warm, n):
    forecast, h = warmed(step, h, warm)
    run = [forecast]
    while len(run) < n:
        run.append(step(run[-1], h)[0])
    return run


def not_carried(step, h, warm, n):
    y, run = warm[-1], []
    while len(run) < n:
        y, _ = step(y, h)
        run.append(y)
    return run


def from_the_start(step, h, warm, n):
    forecast, _ = warmed(step, h, warm)
    return [forecast, *recursive_on(step, h, forecast, n - 1)]


def while_warming(step, h, warm, n):
    made = []
    for y in warm:
        forecast, h = step(y, h)
        made.append(forecast)
    return made[-n:]


def every_one(step, h, warm, n):
    made = []
    for k in range(len(warm) + n):
        forecast, h = step(warm[k] if k < len(warm) else made[-1], h)
        made.append(forecast)
    return made


RUN_WRONG = {
    "the first forecast is repeated": lambda step, h, warm, n: [warmed(step, h, warm)[0]] * n,
    "the last true value is fed in again": true_again,
    "the last true value is read twice": read_twice,
    "the first forecast is missing": lambda step, h, warm, n: recursive(step, h, warm, n + 1)[1:],
    "the state stands still": frozen,
    "the state is never carried": not_carried,
    "begins again from the first state": from_the_start,
    "there is no warm-up": lambda step, h, warm, n: recursive_on(step, h, warm[-1], n),
    "leaves out the last value": lambda step, h, warm, n: recursive(
        step, h, warm[:-1] if len(warm) > 1 else warm, n
    ),
    "leaves out the first value": lambda step, h, warm, n: recursive(
        step, h, warm[1:] if len(warm) > 1 else warm, n
    ),
    "the warm-up starts from zeros": lambda step, h, warm, n: recursive(step, 0 * h, warm, n),
    "the forecasts of the warm-up": while_warming,
    "come along; only the n that follow": lambda *args: every_one(*args)[:-1],
    "come along, and there is one too many": every_one,
    "these begin with the first forecast of the warm-up": lambda *args: every_one(*args)[: args[3]],
    "read backwards": lambda step, h, warm, n: recursive(step, h, warm[::-1], n),
    "the true values come along": lambda step, h, warm, n: [*warm, *recursive(step, h, warm, n)],
    "the last true value comes along": lambda step, h, warm, n: [warm[-1], *recursive(step, h, warm, n)],
    "the last forecast alone": lambda *args: recursive(*args)[-1],
    "one forecast too many": lambda step, h, warm, n: recursive(step, h, warm, n + 1),
    "one forecast is missing at the end": lambda *args: recursive(*args)[:-1],
}


@pytest.mark.parametrize("words", RUN_WRONG)
def test_free_run_names_the_mistake(words, says):
    assert words in says(check.free_run(RUN_WRONG[words]))


def test_what_step_returns_is_explained_where_it_is_taken_for_something_else(says):
    def swapped(step, h, warm, n):
        for y in warm:
            h, forecast = step(y, h)
        return [forecast] * n

    def kept_together(step, h, warm, n):
        return [step(warm[-1], h)] * n

    assert "step returns (forecast, new state), in this order" in says(check.free_run(swapped))
    assert "take them apart" in says(check.free_run(kept_together))


def one_loop(step, h, warm, n):
    run, y = [], warm[0]
    for k in range(len(warm) + n - 1):
        forecast, h = step(y, h)
        run.append(forecast)
        y = warm[k + 1] if k + 1 < len(warm) else forecast
    return np.array(run[len(warm) - 1 :])


@pytest.mark.parametrize("way", [recursive, one_loop])
def test_free_run_takes_every_way_to_write_it(way):
    said = "Right on 5 cases, n = 1 and a single value to warm up on included."
    assert repr(check.free_run(lambda step, h, warm, n: way(step, h, warm, n))) == said
