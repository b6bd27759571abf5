"""Every check of *Sequences and recurrence* names the mistake that was made."""

import math

import numpy as np
import pytest

from rnnlib import check
from rnnlib.check import Result


def scalar(step, *, first=lambda h_0: h_0):
    """Write the loop as a learner would, with one line of it passed in: step(h, x, t, w, u, b, h_0)."""

    def scalar_recurrence(w, u, b, h_0, x):
        h = [first(h_0)]
        for t in range(1, len(x) + 1):
            h.append(step(h, x, t, w, u, b, h_0))
        return h

    return scalar_recurrence


def correct(h, x, t, w, u, b, h_0):
    return math.tanh(w * h[t - 1] + u * x[t - 1] + b)


def all_states(w, u, b, h_0, x):
    return scalar(correct)(w, u, b, h_0, x)


SCALAR_WRONG = {
    "h_0 is left out": lambda *args: all_states(*args)[1:],
    "the last state is missing": lambda *args: all_states(*args)[:-1],
    "only the last state": lambda *args: all_states(*args)[-1],
    "the tanh is missing": scalar(lambda h, x, t, w, u, b, h_0: w * h[-1] + u * x[t - 1] + b),
    "takes only part of the sum": scalar(lambda h, x, t, w, u, b, h_0: np.tanh(w * h[-1] + u * x[t - 1]) + b),
    "the logistic function": scalar(
        lambda h, x, t, w, u, b, h_0: 1 / (1 + math.exp(-(w * h[-1] + u * x[t - 1] + b)))
    ),
    "the state is not carried": scalar(lambda h, x, t, w, u, b, h_0: np.tanh(w * h_0 + u * x[t - 1] + b)),
    "the loop starts from 0": scalar(
        lambda h, x, t, w, u, b, h_0: np.tanh(w * (h[-1] if t > 1 else 0) + u * x[t - 1] + b)
    ),
    "h_0 is not used": scalar(correct, first=lambda h_0: 0.0),
    "one step late": scalar(
        lambda h, x, t, w, u, b, h_0: np.tanh(w * h[-1] + u * (x[t - 2] if t > 1 else 0) + b)
    ),
    "shifted by one": scalar(lambda h, x, t, w, u, b, h_0: np.tanh(w * h[-1] + u * x[t - 2] + b)),
    "read backwards": scalar(lambda h, x, t, w, u, b, h_0: np.tanh(w * h[-1] + u * x[-t] + b)),
    "in reverse order": lambda *args: all_states(*args)[::-1],
    "the bias b is missing": scalar(lambda h, x, t, w, u, b, h_0: np.tanh(w * h[-1] + u * x[t - 1])),
    "without its weight u": scalar(lambda h, x, t, w, u, b, h_0: np.tanh(w * h[-1] + x[t - 1] + b)),
    "the input u x_t is missing": scalar(lambda h, x, t, w, u, b, h_0: np.tanh(w * h[-1] + b)),
    "without its weight w": scalar(lambda h, x, t, w, u, b, h_0: np.tanh(h[-1] + u * x[t - 1] + b)),
    "the state h_{t−1} is missing": scalar(lambda h, x, t, w, u, b, h_0: np.tanh(u * x[t - 1] + b)),
    "w and u are swapped": scalar(lambda h, x, t, w, u, b, h_0: np.tanh(u * h[-1] + w * x[t - 1] + b)),
}


@pytest.mark.parametrize("words", SCALAR_WRONG)
def test_scalar_recurrence_names_the_mistake(words, says):
    answer = check.scalar_recurrence(SCALAR_WRONG[words])
    assert words in says(answer)


@pytest.mark.parametrize("convert", [list, np.array, tuple, np.float32])
def test_scalar_recurrence_takes_lists_and_arrays(convert):
    answer = check.scalar_recurrence(lambda *args: convert(all_states(*args)))
    assert repr(answer) == "Right on 5 cases, T = 1 and h_0 = 0 included."


WINDOWS_WRONG = {
    "the last window is forgotten": lambda x, k: [x[i : i + k] for i in range(len(x) - k)],
    "the first window is forgotten": lambda x, k: [x[i : i + k] for i in range(1, len(x) - k + 1)],
    "do not overlap": lambda x, k: np.reshape(x[: len(x) // k * k], (-1, k)),
    "transposed": lambda x, k: np.stack([x[j : len(x) - k + 1 + j] for j in range(k)]),
    "each window stands reversed": lambda x, k: [x[i : i + k][::-1] for i in range(len(x) - k + 1)],
    "in reverse order": lambda x, k: [x[i : i + k] for i in range(len(x) - k, -1, -1)],
    "round the end": lambda x, k: [[x[(i + j) % len(x)] for j in range(k)] for i in range(len(x))],
    "one too short": lambda x, k: [x[i : i + k - 1] for i in range(len(x) - k + 1)],
    "one too long": lambda x, k: [x[i : i + k + 1] for i in range(len(x) - k)],
    "differ in length": lambda x, k: [x[i : i + k] for i in range(len(x))],
}


@pytest.mark.parametrize("words", WINDOWS_WRONG)
def test_windows_names_the_mistake(words, says):
    answer = check.windows(WINDOWS_WRONG[words])
    assert words in says(answer)


def test_windows_takes_every_way_to_write_it():
    assert check.windows(lambda x, k: [list(x[i : i + k]) for i in range(len(x) - k + 1)])
    assert check.windows(np.lib.stride_tricks.sliding_window_view)


def loop(w, fraction):
    h, steps = 1.0, 0
    while abs(h) >= fraction:
        h, steps = w * h, steps + 1
    return steps


def without_size(w, fraction):
    h, steps = 1.0, 0
    while h >= fraction:
        h, steps = w * h, steps + 1
    return steps


def ratio(w, fraction):
    return math.log(fraction) / math.log(abs(w))


MEMORY_WRONG = {
    "exactly": lambda w, f: math.ceil(ratio(w, f)),
    "rounding down": lambda w, f: int(ratio(w, f)),
    "gives the last step that is not yet below": lambda w, f: loop(w, f) - 1,
    "one step too long": lambda w, f: loop(w, f) + 1,
    "rounding to the nearest": lambda w, f: round(ratio(w, f)),
    "not a whole number of steps: take the smallest whole number above it": ratio,
    "a negative w": without_size,
    "changes sign": lambda w, f: math.floor(math.log(f) / math.log(w)) + 1,
    "its size is |w|^t": lambda w, f: np.floor(np.log(f) / np.log(w)) + 1,
    "different bases": lambda w, f: math.ceil(math.log2(f) / math.log(abs(w))),
    "take both of one base": lambda w, f: math.ceil(math.log10(f) / math.log(abs(w))),
    "upside down": lambda w, f: math.ceil(math.log(abs(w)) / math.log(f)),
}


@pytest.mark.parametrize("words", MEMORY_WRONG)
def test_memory_steps_names_the_mistake(words, says):
    answer = check.memory_steps(MEMORY_WRONG[words])
    assert words in says(answer)


def test_memory_steps_does_not_send_a_fraction_of_a_step_to_ceil():
    words = check.memory_steps(ratio).sentence
    assert "round" not in words and "strictly below `fraction`; equal does not count" in words


def test_memory_steps_takes_a_loop_and_logarithms():
    assert check.memory_steps(loop)
    assert check.memory_steps(lambda w, f: math.floor(ratio(w, f)) + 1)
    assert check.memory_steps(lambda w, f: np.float64(loop(w, f)))


def test_memory_steps_stops_a_loop_that_never_comes_below():
    def memory_steps(w, fraction):
        steps = 0
        while abs(w) ** 2 > 0:
            steps += 1
        return steps

    assert "`while abs(w) ** 2 > 0:`" in check.memory_steps(memory_steps).sentence


def test_a_result_is_its_sentence():
    answer = check.windows(lambda x, k: None)
    assert isinstance(answer, Result) and repr(answer) == str(answer) == answer.sentence and not answer
