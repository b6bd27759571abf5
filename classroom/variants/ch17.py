"""Variants of the exercises of *Forecasting*."""

import numpy as np

from rnnlib.check.engine import Case, Exercise

from ..question import Question


def _squares(errors):
    return np.mean(np.square(errors))


def _seasonal(y, forecast, m, *, baseline=lambda y, m: y[:-m], size=_squares):
    return 1 - size((y - forecast)[m:]) / size(y[m:] - baseline(y, m))


def _seasonal_cases(rng):
    cases = []
    for N, m, noise, words in ((30, 7, 0.7, ""), (25, 4, 5.0, ""), (24, 12, 0.7, ""), (12, 1, 0.7, "=m = 1")):
        y = 5 + np.tile(rng.normal(size=m), N)[:N] + np.cumsum(rng.normal(size=N))
        cases.append(Case(words or f"N = {N}, m = {m}", (y, y + noise * rng.normal(size=N), m)))
    return cases


SEASONAL = Question(
    chapter=17, practice="persistence_skill", variant="seasonal", points=5, minutes=15,
    text=(
        "A series with a season of `m` steps has a better baseline than persistence: the forecast of `y[k]` is "
        "`y[k - m]`, the value of a season ago. `forecast[k]` is a forecast of `y[k]`. Return its skill against that "
        "baseline, in mean squared errors, over all values for which the baseline has a forecast."
    ),
    exercise=Exercise(
        name="seasonal_skill", args=("y", "forecast", "m"), outputs=(("the skill", "()"),),
        cases=_seasonal_cases,
        reference=_seasonal,
        variants=(
            ("the baseline is the value before; here it is the value of a season ago.",
             lambda y, forecast, m: _seasonal(y, forecast, m, baseline=lambda y, m: y[m - 1 : -1])),
            ("the baseline is the mean.",
             lambda y, forecast, m: _seasonal(y, forecast, m, baseline=lambda y, m: y.mean())),
            ("the two errors are taken over different values.",
             lambda y, forecast, m: 1 - _squares(y - forecast) / _squares(y[m:] - y[:-m])),
            ("np.roll wraps round: the first season has no forecast.",
             lambda y, forecast, m: 1 - _squares(y - forecast) / _squares(y - np.roll(y, m))),
            ("this is the ratio; skill is 1 less that.", lambda *args: 1 - _seasonal(*args)),
            ("these are mean absolute errors.", lambda *args: _seasonal(*args, size=lambda e: np.mean(np.abs(e)))),
        ),
    ),
)  # fmt: skip


def _direct(y, p, h, *, ahead=None, flip=False, first=False, ones=True):
    ahead = h if ahead is None else ahead
    t = np.arange(p - 1, len(y) - ahead)
    rows = y[t[:, None] - np.arange(p)]
    rows = rows[:, ::-1] if flip else rows
    one = [np.ones(len(t))] if ones else []
    rows = np.column_stack([*one, rows] if first else [rows, *one])
    return np.linalg.lstsq(rows, y[t + ahead], rcond=None)[0]


def _direct_cases(rng):
    cases = []
    for N, p, h, words in ((50, 2, 3, ""), (60, 3, 5, ""), (45, 1, 4, ""), (40, 2, 1, "=h = 1")):
        y = rng.normal(size=N)
        for k in range(2, N):
            y[k] += 1.0 + 0.9 * y[k - 1] - 0.5 * y[k - 2]
        cases.append(Case(words or f"N = {N}, p = {p}, h = {h}", (y, p, h)))
    return cases


DIRECT = Question(
    chapter=17, practice="fit_ar", variant="direct", points=6, minutes=20,
    text=(
        "A *direct* linear forecast `h` steps ahead: $\\hat y_{t+h} = w_1 y_t + w_2 y_{t-1} + \\dots + w_p y_{t-p+1} + "
        "b$. Return its weights $(w_1, \\dots, w_p, b)$, fitted to `y` by least squares over all targets whose "
        "inputs are known."
    ),
    exercise=Exercise(
        name="fit_direct_ar", args=("y", "p", "h"), outputs=(("the weights", "(p+1,)"),),
        cases=_direct_cases,
        reference=_direct,
        variants=(
            ("the target is one step ahead; here it is h.", lambda y, p, h: _direct(y, p, h, ahead=1)),
            ("the target is a step too far.", lambda y, p, h: _direct(y, p, h, ahead=h + 1)),
            ("the target is a step too near.", lambda y, p, h: _direct(y, p, h, ahead=h - 1)),
            ("the lags are in reverse order.", lambda y, p, h: _direct(y, p, h, flip=True)),
            ("the intercept stands first.", lambda y, p, h: _direct(y, p, h, first=True)),
            ("the intercept is missing.", lambda y, p, h: np.append(_direct(y, p, h, ones=False), 0.0)),
        ),
    ),
)  # fmt: skip

QUESTIONS = [SEASONAL, DIRECT]
WRITTEN = []
