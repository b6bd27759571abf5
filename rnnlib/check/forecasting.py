"""Checks of the chapter *Forecasting*."""

import numpy as np

from .engine import Case, Exercise, judge


def walk_forward(function):
    """Check `walk_forward(n, first, step)`: each fold's parts, (folds, n), 1 to train on, 2 to test on, 0 unused.

    The first origin is `first`; a fold trains on all before its origin and tests on the `step` values from it on, of
    which the last fold may have fewer. Answers with a Result; never raises.

    >>> def all_others(n, first, step):
    ...     parts = np.ones((len(range(first, n, step)), n), int)
    ...     for row, origin in zip(parts, range(first, n, step)):
    ...         row[origin : origin + step] = 2
    ...     return parts
    >>> walk_forward(all_others)
    Not yet: a fold trains on what comes after its test as well: at its origin that is the future.
    """
    return judge(function, WALK_FORWARD)


def persistence_skill(function):
    """Check `persistence_skill(y, forecast)`: 1 − MSE/MSE of persistence, over all of y (N,) but its first value.

    forecast (N,): entry k is for y[k]. Answers with a Result; never raises.

    >>> persistence_skill(lambda y, forecast: 1 - np.mean((y - forecast) ** 2) / np.var(y))
    Not yet: this is R², the skill against the mean; the baseline is the value before.
    """
    return judge(function, PERSISTENCE_SKILL)


def fit_ar(function):
    """Check `fit_ar(y, p)`: the least-squares weights (p + 1,) of AR(p): w_1 for y_{t−1}, …, w_p, and b last.

    Answers with a Result; never raises.

    >>> def reversed_lags(y, p):
    ...     rows = [[*y[t - p : t], 1.0] for t in range(p, len(y))]
    ...     return np.linalg.lstsq(rows, y[p:], rcond=None)[0]
    >>> fit_ar(reversed_lags)
    Not yet: the lags are in reverse order: w_1 belongs to y_{t−1}, the value just before.
    """
    return judge(function, FIT_AR)


def standardise(function):
    """Check `standardise(past, future)`: both, scaled by the mean and the standard deviation of the past alone.

    Answers with a Result; never raises.

    >>> def together(past, future):
    ...     both = np.concatenate([past, future])
    ...     return (past - both.mean()) / both.std(), (future - both.mean()) / both.std()
    >>> standardise(together)
    Not yet: mean and spread know the future: take them from the past alone.
    """
    return judge(function, STANDARDISE)


def free_run(function):
    """Check `free_run(step, h, warm, n)`: the n forecasts (n,) that follow the values `warm`, each fed the one before.

    step(y_t, h) → (the forecast of y_{t+1}, the new state). Answers with a Result; never raises.

    >>> def stays(step, h, warm, n):
    ...     for y in warm:
    ...         forecast, h = step(y, h)
    ...     return [forecast] * n
    >>> free_run(stays)
    Not yet: the first forecast is repeated: feed it back, and let the state go on.
    """
    return judge(function, FREE_RUN)


# --- walk_forward ----------------------------------------------------------------------------------------------


def _folds(n, first, step, *, train=lambda origin, first, step: (0, origin), both=(1, 2),
           test=lambda origin, step, n: (origin, origin + step),
           origins=lambda n, first, step: range(first, n, step)):  # fmt: skip
    """Return each fold's parts; each keyword is a place for a mistake."""
    starts = list(origins(n, first, step))
    parts = np.zeros((len(starts), n), int)
    for row, origin in zip(parts, starts):
        begin, end = test(origin, step, n)
        row[begin:end] = both[1]
        begin, end = train(origin, first, step)
        row[begin:end] = both[0]
    return parts


def _folds_slip(**how):
    return lambda n, first, step: _folds(n, first, step, **how)


def _leave_out(n, first, step):
    """Train on everything that is not tested."""
    parts = _folds(n, first, step)
    parts[parts == 0] = 1
    return parts


def _blocks(n, first, step):
    """Train on the block just before the test, as long as the test."""
    return _folds(n, first, step, train=lambda origin, first, step: (max(0, origin - step), origin))


def _fold_cases(rng):
    sizes = ((10, 4, 2), (9, 3, 3), (7, 2, 1))
    whole = [Case(f"n = {n}, first = {first}, step = {step}", (n, first, step)) for n, first, step in sizes]
    short = Case("n = 11, first = 4, step = 3: the last stretch is shorter", (11, 4, 3))
    return [*whole, short, Case("n = 6, first = 5, step = 4: a single value to test on", (6, 5, 4))]


WALK_FORWARD = Exercise(
    name="walk_forward",
    args=("n", "first", "step"),
    outputs=(("the parts", "(folds, n)"),),
    cases=_fold_cases,
    reference=_folds,
    included="a last stretch that is shorter",
    variants=(
        ("a fold trains on what comes after its test as well: at its origin that is the future.", _leave_out),
        ("a fold trains on the values that it tests on.",
         _folds_slip(train=lambda origin, first, step: (0, origin + step))),
        ("the value at the origin is trained on and not tested: the test begins at the origin.",
         _folds_slip(train=lambda origin, first, step: (0, origin + 1))),
        ("the last value before the origin is left out; all before the origin is known.",
         _folds_slip(train=lambda origin, first, step: (0, origin - 1))),
        ("the value at the origin is left out; the test begins there.",
         _folds_slip(test=lambda origin, step, n: (origin + 1, origin + step))),
        ("the test is one value too long: it has `step` values.",
         _folds_slip(test=lambda origin, step, n: (origin, origin + step + 1))),
        ("a fold tests on all that is left; it has `step` values, and what follows is the next fold's.",
         _folds_slip(test=lambda origin, step, n: (origin, n))),
        ("every fold trains on the first values alone; what has been tested is known when the next fold begins.",
         _folds_slip(train=lambda origin, first, step: (0, first))),
        ("the training part slides along; here it grows: all before the origin.",
         _folds_slip(train=lambda origin, first, step: (origin - first, origin))),
        ("a fold trains on the stretch just before its test alone; all before the origin is wanted.", _blocks),
        ("the last stretch is dropped where it is shorter than `step`; it is tested as well.",
         _folds_slip(origins=lambda n, first, step: range(first, n - step + 1, step))),
        ("the last origin is missing, where its stretch is whole: range(first, n) stops before n by itself.",
         _folds_slip(origins=lambda n, first, step: range(first, n - step, step))),
        ("a fold begins at n, where nothing is left to test.",
         _folds_slip(origins=lambda n, first, step: range(first, n + 1, step))),
        ("the first fold is missing: the first origin is `first`.",
         _folds_slip(origins=lambda n, first, step: range(first + step, n, step))),
        ("the origins begin at 0, where there is nothing to train on yet.",
         _folds_slip(origins=lambda n, first, step: range(0, n, step))),
        ("the origins move by one; from one fold to the next it is `step`.",
         _folds_slip(origins=lambda n, first, step: range(first, n))),
        ("1 and 2 are the wrong way round: 1 is to train on, 2 to test on.", _folds_slip(both=(2, 1))),
        ("the axes are the wrong way round: a row is a fold.", lambda *args: _folds(*args).T),
        ("the folds come in reverse order; the earliest origin comes first.", lambda *args: _folds(*args)[::-1]),
        ("time runs backwards: the past of a fold stands before its test.", lambda *args: _folds(*args)[:, ::-1]),
    ),
)  # fmt: skip


# --- persistence_skill -----------------------------------------------------------------------------------------


def _squares(error):
    return np.mean(np.square(error))


def _skill(y, forecast, *, baseline=lambda y: y[:-1], size=_squares):
    return 1 - size(y[1:] - forecast[1:]) / size(y[1:] - baseline(y))


def _walk(rng, n):
    return 3.0 + np.cumsum(rng.normal(size=n))


def _skill_cases(rng):
    cases = []
    for words, n, noise in (("a good forecast", 30, 0.3), ("a poor one", 12, 2.0), ("N = 2", 2, 0.5)):
        y = _walk(rng, n)
        cases.append(Case(words, (y, y + noise * rng.normal(size=n))))
    y = _walk(rng, 20)
    copied = np.concatenate([[y[0] + 1.0], y[:-1]])
    return [*cases[:2], Case("persistence itself", (y, copied)), Case("whole numbers", (np.array([3.0, 5, 4, 8, 9]),
            np.array([1.0, 4, 5, 6, 9]))), cases[2]]  # fmt: skip


PERSISTENCE_SKILL = Exercise(
    name="persistence_skill",
    args=("y", "forecast"),
    outputs=(("the skill", "()"),),
    cases=_skill_cases,
    reference=_skill,
    included="persistence itself",
    hints=(("operands could not be broadcast", "Persistence has no forecast for y[0]; leave it out of both errors."),),
    variants=(
        ("this is R², the skill against the mean; the baseline is the value before.",
         lambda y, forecast: 1 - _squares(y - forecast) / np.var(y)),
        ("this is R², the skill against the mean; the baseline is the value before.",
         lambda y, forecast: 1 - _squares(y[1:] - forecast[1:]) / np.var(y[1:])),
        ("the baseline is the mean of y; persistence forecasts the value before.",
         lambda y, forecast: _skill(y, forecast, baseline=np.mean)),
        ("the baseline is the first value throughout; it should move along, y[k−1] for y[k].",
         lambda y, forecast: _skill(y, forecast, baseline=lambda y: y[0])),
        ("the baseline is the first value throughout; it should move along, y[k−1] for y[k].",
         lambda y, forecast: 1 - _squares(y - forecast) / _squares(y - y[0])),
        ("np.roll wraps round and compares the two ends of the series: leave y[0] out of both errors.",
         lambda y, forecast: 1 - _squares(y - forecast) / _squares(y - np.roll(y, 1))),
        ("the two errors are taken over different values: persistence has no forecast for y[0], so leave it out of "
         "both.", lambda y, forecast: 1 - _squares(y - forecast) / _squares(np.diff(y))),
        ("y[0] counts in the forecast's error, and in that of persistence not at all, or as an error of 0 that "
         "flatters it: leave y[0] out of both.",
         lambda y, forecast: 1 - _squares(y - forecast) / _squares(np.diff(y, prepend=y[0]))),
        ("the forecast is shifted: forecast[k] is for y[k], not for y[k+1].",
         lambda y, forecast: 1 - _squares(y[1:] - forecast[:-1]) / _squares(np.diff(y))),
        ("the forecast is shifted the wrong way: forecast[k] is for y[k], not for y[k−1].",
         lambda y, forecast: 1 - _squares(y[:-1] - forecast[1:]) / _squares(np.diff(y))),
        ("the last value is left out of the forecast's error, where it should be the first.",
         lambda y, forecast: 1 - _squares(y[:-1] - forecast[:-1]) / _squares(np.diff(y))),
        ("the baseline is the forecast of the day before; persistence takes the value itself.",
         lambda y, forecast: 1 - _squares(y[1:] - forecast[1:]) / _squares(y[1:] - forecast[:-1])),
        ("this is the ratio of the errors; skill is 1 less that.",
         lambda y, forecast: 1 - _skill(y, forecast)),
        ("the sign is reversed: skill is 1 − MSE/MSE of persistence.", lambda y, forecast: -_skill(y, forecast)),
        ("the ratio is upside down: the forecast's error stands above, the baseline's below.",
         lambda y, forecast: 1 - _squares(np.diff(y)) / max(_squares(y[1:] - forecast[1:]), 1e-300)),
        ("this is the ratio of the errors, upside down; skill is 1 − MSE/MSE of persistence.",
         lambda y, forecast: _squares(np.diff(y)) / max(_squares(y[1:] - forecast[1:]), 1e-300)),
        ("each day's ratio is averaged; the ratio of the two means is wanted.",
         lambda y, forecast: 1 - np.mean(np.square(y[1:] - forecast[1:]) / np.square(np.diff(y)))),
        ("the errors are averaged before they are squared, so that they cancel: square first.",
         lambda y, forecast: _skill(y, forecast, size=lambda e: np.mean(e) ** 2)),
        ("these are root mean squared errors; take the mean squares.",
         lambda y, forecast: _skill(y, forecast, size=lambda e: np.sqrt(_squares(e)))),
        ("these are mean absolute errors; take the squares.",
         lambda y, forecast: _skill(y, forecast, size=lambda e: np.mean(np.abs(e)))),
        ("this is the difference of the errors; divide by the baseline's.",
         lambda y, forecast: _squares(np.diff(y)) - _squares(y[1:] - forecast[1:])),
        ("this is per cent; skill is 1 for a perfect forecast.", lambda y, forecast: 100 * _skill(y, forecast)),
        ("this is the forecast's error alone; compare it with that of persistence.",
         lambda y, forecast: _squares(y[1:] - forecast[1:])),
        ("this is the forecast's error alone; compare it with that of persistence.",
         lambda y, forecast: _squares(y - forecast)),
    ),
)  # fmt: skip


# --- fit_ar ----------------------------------------------------------------------------------------------------


def _lags(y, p, *, skip=1, last=None):
    """Return the rows of an AR's lags, the latest first, and their targets."""
    t = np.arange(p + skip - 1, len(y))[:last]
    return y[t[:, None] - skip - np.arange(p)], y[t]


def _solve(rows, targets):
    return np.linalg.lstsq(rows, targets, rcond=None)[0]


def _ar(y, p, **how):
    rows, targets = _lags(y, p, **how)
    return _solve(np.column_stack([rows, np.ones(len(rows))]), targets)


def _wrapped(y, p):
    rows = np.column_stack([np.roll(y, k) for k in range(1, p + 1)] + [np.ones(len(y))])
    return _solve(rows, y)


def _padded(y, p):
    before = np.concatenate([np.zeros(p), y])
    rows, _ = _lags(before, p)
    return _solve(np.column_stack([rows, np.ones(len(rows))]), y)


def _without_intercept(y, p, centre=0.0):
    rows, targets = _lags(y - centre, p)
    return _solve(rows, targets)


def _correlations(y, p):
    rows, targets = _lags(y, p)
    return np.array([np.corrcoef(row, targets)[0, 1] for row in rows.T] + [0.0])


def _ar_cases(rng):
    def series(n, w, b):
        y = list(rng.normal(size=len(w)))
        for _ in range(n - len(w)):
            y.append(b + float(np.dot(w, y[: -len(w) - 1 : -1])) + rng.normal())
        return np.array(y)

    sizes = (
        (60, [0.6, -0.3], 2.0, 2),
        (50, [0.5, 0.2, -0.4], -1.0, 3),
        (40, [0.9], 0.5, 1),
        (40, [0.4, 0.3], 3.0, 4),
    )
    made = [Case(f"N = {n}, p = {p}", (series(n, w, b), p)) for n, w, b, p in sizes]
    return [*made, Case("no noise", (10 + 3 * 0.8 ** np.arange(12.0), 1))]


FIT_AR = Exercise(
    name="fit_ar",
    args=("y", "p"),
    outputs=(("the weights", "(p+1,)"),),
    cases=_ar_cases,
    reference=_ar,
    included="p = 1 and a series without noise",
    hints=(("the rows of the weights differ", "If np.linalg.lstsq made it: of the four things that it returns the "
            "first is wanted. If it is (w, b): b stands in the same array, np.append(w, b)."),),
    variants=(
        ("the lags are in reverse order: w_1 belongs to y_{t−1}, the value just before.",
         lambda y, p: np.concatenate([_ar(y, p)[p - 1 :: -1], _ar(y, p)[p:]])),
        ("all weights are in reverse order: w_1, …, w_p, b.", lambda y, p: _ar(y, p)[::-1]),
        ("the intercept stands first; it belongs at the end.", lambda y, p: np.roll(_ar(y, p), 1)),
        ("the intercept is missing: add a column of ones, or a series that is not centred on 0 spoils the weights.",
         _without_intercept),
        ("the intercept is missing, and b is given as 0: add a column of ones.",
         lambda y, p: np.append(_without_intercept(y, p), 0.0)),
        ("the series is centred and has no intercept; give b as well.",
         lambda y, p: _without_intercept(y, p, y.mean())),
        ("b is the mean of y; the intercept is fitted with the weights, by a column of ones.",
         lambda y, p: np.append(_without_intercept(y, p, y.mean()), y.mean())),
        ("b is left out of the answer: (p + 1,) weights, b last.", lambda y, p: _ar(y, p)[:-1]),
        ("the target is among its own inputs: y_t is read to forecast y_t. The latest lag is y_{t−1}.",
         lambda y, p: _ar(y, p, skip=0)),
        ("the lags begin at y_{t−2}; the latest that is known is y_{t−1}.", lambda y, p: _ar(y, p, skip=2)),
        ("np.roll wraps round: the first rows read the end of the series. Begin where p values are known.", _wrapped),
        ("values before the first are filled in as 0; begin where p values are known.", _padded),
        ("the last target is left out.", lambda y, p: _ar(y, p, last=-1)),
        ("the first target is left out: with y_{p+1} its p lags are known.", lambda y, p: _ar(y[1:], p)),
        ("time runs backwards: this forecasts a value from those that follow.", lambda y, p: _ar(y[::-1], p)),
        ("these are correlations; the weights solve all lags together, by least squares.", _correlations),
        ("this has one lag more than p.", lambda y, p: _ar(y, p + 1)),
        ("these are the forecasts; the weights are wanted.",
         lambda y, p: np.column_stack([_lags(y, p)[0], np.ones(len(y) - p)]) @ _ar(y, p)),
    ),
)  # fmt: skip


# --- standardise -----------------------------------------------------------------------------------------------


def _scaled(past, future, *, centre=np.mean, spread=np.std, known=lambda past, future: past):
    seen = known(past, future)
    mean, sd = centre(seen), spread(seen)
    return (past - mean) / sd, (future - mean) / sd


def _scaled_slip(**how):
    return lambda past, future: _scaled(past, future, **how)


def _own(past, future):
    return (past - past.mean()) / past.std(), (future - future.mean()) / future.std()


def _range(past, future):
    low, high = past.min(), past.max()
    return (past - low) / (high - low), (future - low) / (high - low)


def _together(past, future):
    return np.concatenate([past, future])


def _scale_cases(rng):
    rising = 100 + np.cumsum(rng.normal(1.0, 2.0, 40))
    return [Case("a series that rises", (rising[:25], rising[25:])),
            Case("a series that grows wilder", (rng.normal(2, 1, 12), rng.normal(2, 4, 12))),
            Case("the past longer than the future", (rng.normal(-1, 3, 9), rng.normal(0, 1, 4))),
            Case("one value to come", (np.array([1.0, 2.0, 4.0]), np.array([7.0])))]  # fmt: skip


STANDARDISE = Exercise(
    name="standardise",
    args=("past", "future"),
    outputs=(("the past", "(N,)"), ("the future", "(M,)")),
    cases=_scale_cases,
    reference=_scaled,
    included="a future of a single value",
    variants=(
        ("mean and spread know the future: take them from the past alone.", _scaled_slip(known=_together)),
        ("the future is scaled by its own mean and spread, which nobody knows at the origin: take the past's.", _own),
        ("the future is scaled by past and future together; nobody knows those at the origin: take the past's.",
         lambda past, future: (_scaled(past, future)[0], _scaled(past, future, known=_together)[1])),
        ("both are scaled by the future: take the past's mean and spread.",
         _scaled_slip(known=lambda past, future: future)),
        ("the future is not scaled; the network would read two units. (Was the past overwritten before its mean and "
         "spread were taken a second time? Then they are 0 and 1.)",
         lambda past, future: (_scaled(past, future)[0], future)),
        ("the spread is missing: divide by the standard deviation.", _scaled_slip(spread=lambda seen: 1.0)),
        ("the mean is missing: take it off before you divide.", _scaled_slip(centre=lambda seen: 0.0)),
        ("this divides by the variance; its root is the standard deviation.", _scaled_slip(spread=np.var)),
        ("the standard deviation has N − 1 below here; np.std as it is has N.",
         _scaled_slip(spread=lambda seen: np.std(seen, ddof=1) if len(seen) > 1 else 1.0)),
        ("this is scaling to the range from 0 to 1; mean 0 and standard deviation 1 are wanted.", _range),
        ("the first value stands for the mean.", _scaled_slip(centre=lambda seen: seen[0])),
        ("the median stands for the mean.", _scaled_slip(centre=np.median)),
    ),
)  # fmt: skip


# --- free_run --------------------------------------------------------------------------------------------------


def _run_free(step, h, warm, n, *, feed=lambda forecast, last: forecast, keep=True, carry=True, extra=0):
    """Warm up, then run on the forecasts; each keyword is a place for a mistake."""
    start = h
    for y in warm:
        forecast, new = step(y, h)
        h = new if carry else start
    run = [forecast]
    for _ in range(n + extra - 1):
        forecast, new = step(feed(forecast, warm[-1]), h)
        h = new if keep else h
        run.append(forecast)
    return np.array(run[extra:])


def _run_slip(**how):
    return lambda step, h, warm, n: _run_free(step, h, warm, n, **how)


def _twice(step, h, warm, n):
    """Read the last true value a second time."""
    return _run_free(step, h, [*warm, warm[-1]], n)


def _in_the_warm_up(step, h, warm, n):
    """Return the forecasts made while true values were read."""
    made = []
    for y in warm:
        forecast, h = step(y, h)
        made.append(forecast)
    return np.array(made[-n:])


def _all_made(step, h, warm, n):
    """Return every forecast, those of the warm-up included."""
    return np.concatenate([_in_the_warm_up(step, h, warm, len(warm)), _run_free(step, h, warm, n)[1:]])


def _begin_again(step, h, warm, n):
    """Start the free run from the first state."""
    start = h
    for y in warm:
        forecast, h = step(y, h)
    run, h = [forecast], start
    for _ in range(n - 1):
        forecast, h = step(forecast, h)
        run.append(forecast)
    return np.array(run)


def _small_step(W, u, b, w):
    """Return the step of a small tanh net with fixed weights."""

    def step(y_t, h):
        h = np.tanh(y_t * u + h @ W + b)
        return float(h @ w), h

    return step


def _run_cases(rng):
    def case(words, H, T, n, h=None):
        step = _small_step(rng.normal(size=(H, H)) / np.sqrt(H), *rng.normal(size=(3, H)))
        return Case(words, (step, np.zeros(H) if h is None else h, rng.normal(size=T), n))

    return [case("H = 3, 5 values to warm up, n = 4", 3, 5, 4), case("H = 2, 8 values, n = 3", 2, 8, 3),
            case("h_0 is not 0", 3, 4, 5, rng.normal(size=3)), case("n = 1", 2, 6, 1),
            case("one value to warm up, n = 6", 4, 1, 6)]  # fmt: skip


FREE_RUN = Exercise(
    name="free_run",
    args=("step", "h", "warm", "n"),
    outputs=(("the forecasts", "(n,)"),),
    cases=_run_cases,
    reference=_run_free,
    included="n = 1 and a single value to warm up on",
    hints=(("matmul|inner sizes", "step returns (forecast, new state), in this order, and takes (y_t, h)."),
           ("'tuple' object|tuple\\b.*and.*float|the rows of the forecasts differ|hold things",
            "step returns two things, the forecast and the new state: take them apart.")),
    variants=(
        ("the first forecast is repeated: feed it back, and let the state go on.",
         lambda step, h, warm, n: np.full(n, _run_free(step, h, warm, 1)[0])),
        ("the last true value is fed in again and again; feed the forecast.",
         _run_slip(feed=lambda forecast, last: last)),
        ("the last true value is read twice: its forecast is made when the warm-up ends.", _twice),
        ("the first forecast is missing: it is the one that the last true value gives.", _run_slip(extra=1)),
        ("the state stands still in the free run; take the new one from each step.", _run_slip(keep=False)),
        ("the state is never carried: each step goes on from the state of the one before, in the warm-up and after it.",
         _run_slip(carry=False, keep=False)),
        ("the free run begins again from the first state; go on from the warm one.", _begin_again),
        ("there is no warm-up: read all true values first, not the last alone.",
         lambda step, h, warm, n: _run_free(step, h, warm[-1:], n)),
        ("the warm-up leaves out the last value.",
         lambda step, h, warm, n: _run_free(step, h, warm[:-1] if len(warm) > 1 else warm, n)),
        ("the warm-up leaves out the first value.",
         lambda step, h, warm, n: _run_free(step, h, warm[1:] if len(warm) > 1 else warm, n)),
        ("the warm-up starts from zeros; start from the h that is passed.",
         lambda step, h, warm, n: _run_free(step, np.zeros_like(h), warm, n)),
        ("these are the forecasts of the warm-up, each made from true values.", _in_the_warm_up),
        ("the forecasts made in the warm-up come along; only the n that follow the last true value are wanted.",
         _all_made),
        ("the forecasts made in the warm-up come along, and there is one too many.",
         lambda step, h, warm, n: _all_made(step, h, warm, n + 1)),
        ("these begin with the first forecast of the warm-up; only those that follow the last true value are wanted.",
         lambda step, h, warm, n: _all_made(step, h, warm, n)[:n]),
        ("the warm-up is read backwards.", lambda step, h, warm, n: _run_free(step, h, warm[::-1], n)),
        ("the true values come along; only the n forecasts are wanted.",
         lambda step, h, warm, n: np.concatenate([warm, _run_free(step, h, warm, n)])),
        ("the last true value comes along; only the n forecasts are wanted.",
         lambda step, h, warm, n: np.concatenate([warm[-1:], _run_free(step, h, warm, n)])),
        ("this is the last forecast alone; all n are wanted.", lambda *args: _run_free(*args)[-1]),
        ("there is one forecast too many.", lambda step, h, warm, n: _run_free(step, h, warm, n + 1)),
        ("one forecast is missing at the end.", lambda step, h, warm, n: _run_free(step, h, warm, n)[:-1]),
    ),
)  # fmt: skip
