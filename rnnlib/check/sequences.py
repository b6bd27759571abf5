"""Checks of the chapter *Sequences and recurrence*."""

import math

import numpy as np

from .engine import Case, Exercise, judge


def scalar_recurrence(function):
    """Check `scalar_recurrence(w, u, b, h_0, x)`: all states h_0 … h_T of h_t = tanh(w h_{t−1} + u x_t + b).

    The numbers w, u, b, h_0 and x (T,) give T + 1 states, as a list or an array. Answers with a Result; never raises.

    >>> def without_input(w, u, b, h_0, x):
    ...     h = [h_0]
    ...     for x_t in x:
    ...         h.append(np.tanh(w * h[-1] + b))
    ...     return h
    >>> scalar_recurrence(without_input)
    Not yet: the input u x_t is missing, so the state never hears of the sequence.
    """
    return judge(function, SCALAR_RECURRENCE)


def windows(function):
    """Check `windows(x, k)`: the array (T − k + 1, k) of all windows of length k of x (T,).

    Answers with a Result; never raises.

    >>> windows(lambda x, k: np.array([x[i : i + k] for i in range(len(x) - k)]))
    Not yet: the last window is forgotten: there are T − k + 1 of them, since the first starts at 0.
    """
    return judge(function, WINDOWS)


def memory_steps(function):
    """Check `memory_steps(w, fraction)`: the smallest t with |w|^t below fraction, for 0 < |w| < 1.

    Answers with a Result; never raises.

    >>> memory_steps(lambda w, fraction: math.ceil(math.log(fraction) / math.log(abs(w))))
    Not yet: nearly: where |w|^t hits the fraction exactly it is not yet below it; one more step is needed.
    """
    return judge(function, MEMORY_STEPS)


# --- scalar_recurrence -----------------------------------------------------------------------------------------


def _states(w, u, b, h_0, x, phi=np.tanh):
    h = [h_0]
    for x_t in x:
        h.append(phi(w * h[-1] + u * x_t + b))
    return np.array(h)


def _from_start(w, u, b, h_0, x):
    return np.array([h_0, *(np.tanh(w * h_0 + u * x_t + b) for x_t in x)])


def _starts_at_zero(w, u, b, h_0, x):
    return np.array([h_0, *_states(w, u, b, 0.0, x)[1:]])


def _one_step_late(w, u, b, h_0, x):
    return _states(w, u, b, h_0, [0.0, *x[:-1]])


def _scalar_cases(rng):
    def case(T, **known):
        w, u, b, h_0 = rng.uniform(0.4, 1.6, 4) * rng.choice([-1, 1], 4)
        args = {"w": w, "u": u, "b": b, "h_0": h_0} | known
        return Case(f"T = {T}", (*map(float, args.values()), rng.uniform(-1, 1, T)))

    return [case(4), case(1), case(6, w=-1.4), case(5, h_0=0.0), case(3, b=0.0)]


SCALAR_RECURRENCE = Exercise(
    name="scalar_recurrence",
    args=("w", "u", "b", "h_0", "x"),
    outputs=(("h", "(T+1,)"),),
    cases=_scalar_cases,
    reference=_states,
    included="T = 1 and h_0 = 0",
    variants=(
        ("h_0 is left out: T inputs make T + 1 states, and the first of them is h_0.",
         lambda *args: _states(*args)[1:]),
        ("the last state is missing: T inputs make T + 1 states, h_0 to h_T.",
         lambda *args: _states(*args)[:-1]),
        ("only the last state comes back; all of them are wanted, h_0 to h_T.",
         lambda *args: _states(*args)[-1]),
        ("the tanh is missing: h_t = tanh(a_t), and only a_t is computed.",
         lambda *args: _states(*args, phi=lambda a: a)),
        ("the tanh takes only part of the sum: it belongs around w h_{t−1} + u x_t + b as a whole.",
         lambda w, u, b, h_0, x: _states(w, u, 0.0, h_0, x, phi=lambda a: np.tanh(a) + b)),
        ("the logistic function stands where the tanh belongs.",
         lambda *args: _states(*args, phi=lambda a: 1 / (1 + np.exp(-a)))),
        ("the state is not carried: every step uses h_0 where it should use the state just before, h_{t−1}.",
         _from_start),
        ("h_0 is in the list but the loop starts from 0: the first step must read h_0.",
         _starts_at_zero),
        ("h_0 is not used: the states start at 0, not at the h_0 that was passed.",
         lambda w, u, b, h_0, x: _states(w, u, b, 0.0, x)),
        ("the inputs come one step late: h_1 is made from x_1, the first entry of x, which is x[0] in Python.",
         _one_step_late),
        ("the inputs are shifted by one: h_1 is made from x[0], but x[t-2] is read, which wraps round to the end.",
         lambda w, u, b, h_0, x: _states(w, u, b, h_0, np.roll(x, 1))),
        ("the sequence is read backwards: x_1 comes first.",
         lambda w, u, b, h_0, x: _states(w, u, b, h_0, x[::-1])),
        ("the states come in reverse order: h_0 stands first.",
         lambda *args: _states(*args)[::-1]),
        ("the bias b is missing inside the tanh.",
         lambda w, u, b, h_0, x: _states(w, u, 0.0, h_0, x)),
        ("x_t is added without its weight u.",
         lambda w, u, b, h_0, x: _states(w, 1.0, b, h_0, x)),
        ("the input u x_t is missing, so the state never hears of the sequence.",
         lambda w, u, b, h_0, x: _states(w, 0.0, b, h_0, x)),
        ("h_{t−1} is added without its weight w.",
         lambda w, u, b, h_0, x: _states(1.0, u, b, h_0, x)),
        ("the state h_{t−1} is missing: without w h_{t−1} nothing is remembered.",
         lambda w, u, b, h_0, x: np.array([h_0, *_states(0.0, u, b, h_0, x)[1:]])),
        ("w and u are swapped: w weighs the state, u the input.",
         lambda w, u, b, h_0, x: _states(u, w, b, h_0, x)),
    ),
)  # fmt: skip


# --- windows ---------------------------------------------------------------------------------------------------


def _windows(x, k, starts=None):
    return np.array([x[i : i + k] for i in (range(len(x) - k + 1) if starts is None else starts)])


def _window_cases(rng):
    sizes = [(7, 3), (5, 1), (4, 4), (9, 2), (8, 5)]
    return [Case(f"T = {T}, k = {k}", (rng.uniform(-1, 1, T), k)) for T, k in sizes]


WINDOWS = Exercise(
    name="windows",
    args=("x", "k"),
    outputs=(("the array of windows", "(T−k+1, k)"),),
    cases=_window_cases,
    reference=_windows,
    included="k = 1 and k = T",
    variants=(
        ("the last window is forgotten: there are T − k + 1 of them, since the first starts at 0.",
         lambda x, k: _windows(x, k, range(len(x) - k))),
        ("the first window is forgotten: it starts at x[0].",
         lambda x, k: _windows(x, k, range(1, len(x) - k + 1))),
        ("the windows do not overlap: each starts one place after the one before, not k places.",
         lambda x, k: _windows(x, k, range(0, len(x) - k + 1, k))),
        ("windows and places are transposed: row i is a window, so the shape is (T − k + 1, k).",
         lambda x, k: _windows(x, k).T),
        ("each window stands reversed: row i is x[i], …, x[i+k−1] in the order of time.",
         lambda x, k: _windows(x, k)[:, ::-1]),
        ("the windows come in reverse order: row 0 begins at x[0].",
         lambda x, k: _windows(x, k)[::-1]),
        ("the windows run round the end to the start: only those that fit into x are wanted.",
         lambda x, k: np.array([np.roll(x, -i)[:k] for i in range(len(x))])),
        ("the windows are one too short: x[i : i + k] ends before i + k, so it holds k entries already.",
         lambda x, k: np.array([x[i : i + k - 1] for i in range(len(x) - k + 1)])),
        ("the windows are one too long: x[i : i + k] holds k entries.",
         lambda x, k: np.array([x[i : i + k + 1] for i in range(len(x) - k)])),
    ),
)  # fmt: skip


# --- memory_steps ----------------------------------------------------------------------------------------------


def _steps(w, fraction, size=abs, reached=lambda left, fraction: left < fraction):
    t = 0
    while not reached(size(w) ** t, fraction):
        t += 1
    return t


def _ratio(w, fraction):
    return math.log(fraction) / math.log(abs(w))


def _memory_cases(rng):
    known = [(0.9, 0.01), (0.5, 0.25), (-0.8, 0.1), (-0.5, 0.0625), (0.1, 0.5)]
    drawn = [(float(rng.uniform(0.3, 0.95)), float(rng.uniform(0.01, 0.3))) for _ in range(3)]
    return [Case(f"w = {w:.4g}, fraction = {fraction:.4g}", (w, fraction)) for w, fraction in known + drawn]


def _signed_log(w, fraction):
    return math.floor(math.log(fraction) / math.log(w)) + 1


def _signed_log_nan(w, fraction):
    return np.floor(np.log(fraction) / np.log(w)) + 1


_SIGN = "a negative w is not handled: the state changes sign at each step, and its size is |w|^t."
_EXACT = "nearly: where |w|^t hits the fraction exactly it is not yet below it; one more step is needed."

MEMORY_STEPS = Exercise(
    name="memory_steps",
    args=("w", "fraction"),
    outputs=(("the number of steps", "()"),),
    cases=_memory_cases,
    reference=_steps,
    included="negative w and an exact hit",
    variants=(
        (_EXACT, lambda w, fraction: math.ceil(_ratio(w, fraction))),
        (_EXACT, lambda w, fraction: _steps(w, fraction, reached=lambda left, fraction: left <= fraction)),
        ("it is one step short: rounding down gives the last step that is not yet below the fraction.",
         lambda w, fraction: math.floor(_ratio(w, fraction))),
        ("it is one step too long: h_0 is there after 0 steps, so counting starts at 0.",
         lambda w, fraction: _steps(w, fraction) + 1),
        ("rounding to the nearest number is sometimes too few steps: the state must be below the fraction.",
         lambda w, fraction: round(_ratio(w, fraction))),
        ("this is not a whole number of steps: take the smallest whole number above it, since |w|^t must be strictly "
         "below `fraction`; equal does not count.", _ratio),
        (_SIGN, lambda w, fraction: _steps(w, fraction, size=float)),
        (_SIGN, _signed_log),
        (_SIGN, _signed_log_nan),
        (_SIGN, lambda w, fraction: math.ceil(math.log(fraction) / math.log(w))),
        (_SIGN, lambda w, fraction: np.ceil(np.log(fraction) / np.log(w))),
        ("the logarithms have different bases: take both of one base, else their ratio is no number of steps.",
         lambda w, fraction: math.ceil(math.log2(fraction) / math.log(abs(w)))),
        ("the logarithms have different bases: take both of one base, else their ratio is no number of steps.",
         lambda w, fraction: math.ceil(math.log10(fraction) / math.log(abs(w)))),
        ("the ratio stands upside down: t = ln(fraction) / ln|w|.",
         lambda w, fraction: math.ceil(1 / _ratio(w, fraction))),
    ),
)  # fmt: skip
