"""Every check of *A first trained network* names the mistake that was made."""

import math
import random

import numpy as np
import pytest

import rnnlib
from rnnlib import check

SGD_WRONG = {
    "this goes uphill": lambda W, dW, lr: np.add(W, lr * dW),
    "the learning rate is missing": lambda W, dW, lr: np.subtract(W, dW),
    "this is the step alone": lambda W, dW, lr: dW * lr,
    "return the parameter after it": lambda W, dW, lr: np.negative(lr * dW),
    "divided by the rate": lambda W, dW, lr: W - dW / lr,
    "only the sign": lambda W, dW, lr: W - lr * np.where(dW > 0, 1, -1),
    "divided by its norm": lambda W, dW, lr: W - lr * dW / math.sqrt((dW**2).sum()),
    "W is shrunk as well": lambda W, dW, lr: (W - dW) * lr,
    "W comes back as it was": lambda W, dW, lr: W,
    "the wrong way round": lambda W, dW, lr: lr * dW - W,
    "it is a factor": lambda W, dW, lr: W - lr - dW,
}


@pytest.mark.parametrize("words", SGD_WRONG)
def test_sgd_step_names_the_mistake(words, says):
    assert words in says(check.sgd_step(SGD_WRONG[words]))


def test_sgd_step_is_told_of_changing_the_caller_s_array(says):
    def in_place(W, dW, lr):
        W -= lr * dW
        return W

    assert "changes its argument W in place" in says(check.sgd_step(in_place))


def by_rnnlib(W, dW, lr):
    params = {"W": W.copy()}
    rnnlib.SGD(lr).step(params, {"W": dW})
    return params["W"]


def test_sgd_step_takes_every_way_to_write_it():
    assert repr(check.sgd_step(by_rnnlib)) == "Right on 3 cases, a single number included."
    assert check.sgd_step(lambda W, dW, lr: (W - np.multiply(dW, lr)).tolist())


# --- Adam, from its four lines (Kingma & Ba 2015, algorithm 1) --------------------------------------------------

LINES = {
    "m": "beta1 * m + (1 - beta1) * dW",
    "v": "beta2 * v + (1 - beta2) * dW * dW",
    "m_hat": "m / (1 - np.power(beta1, t))",
    "v_hat": "v / (1 - np.power(beta2, t))",
    "W": "W - lr * m_hat / (v_hat ** 0.5 + eps)",
}


def adam(back="W, m, v", **lines):
    body = "".join(f"    {name} = {lines.get(name, line)}\n" for name, line in LINES.items())
    space = {"np": np}
    first = "    old_W, old_m, old_v = W, m, v\n"
    exec(f"def adam_step(W, dW, m, v, t, lr, beta1, beta2, eps):\n{first}{body}    return {back}", space)
    return space["adam_step"]


ADAM_WRONG = {
    "m and v are not corrected": {"m_hat": "m", "v_hat": "v"},
    "v is corrected for its start at 0, m is not": {"m_hat": "m"},
    "m is corrected for its start at 0, v is not": {"v_hat": "v"},
    "not 1 − β^(t+1)": {"m_hat": "m / (1 - beta1 ** (t + 1))", "v_hat": "v / (1 - beta2 ** (t + 1))"},
    "not the last one's": {"m_hat": "m / (1 - beta1 ** (t - 1))", "v_hat": "v / (1 - beta2 ** (t - 1))"},
    "ε is inside the root": {"W": "W - lr * m_hat / np.sqrt(v_hat + eps)"},
    "divided by √v, not by v": {"W": "W - lr * m_hat / (v_hat + eps)"},
    "ε is missing": {"W": "W - lr * m_hat / np.sqrt(v_hat)"},
    "v averages the gradient; it is": {"v": "beta2 * v + (1 - beta2) * dW"},
    "v averages |dW|": {"v": "beta2 * v + (1 - beta2) * abs(dW)"},
    "β_1 and β_2 are swapped": {"m": "beta2 * m + (1 - beta2) * dW", "v": "beta1 * v + (1 - beta1) * dW**2",
                                "m_hat": "m / (1 - beta2**t)", "v_hat": "v / (1 - beta1**t)"},
    "this goes uphill": {"W": "W + lr * m_hat / (np.sqrt(v_hat) + eps)"},
    "the corrected m and v come back": {"back": "W, m_hat, v_hat"},
    "this is the step alone": {"W": "-lr * m_hat / (np.sqrt(v_hat) + eps)"},
    "W after it is wanted": {"W": "lr * m_hat / (np.sqrt(v_hat) + eps)"},
    "the old m and v come back": {"back": "W, old_m, old_v"},
    "the step uses the gradient itself": {"m_hat": "dW"},
    "the step uses the old m": {"m_hat": "old_m / (1 - beta1**t)"},
    "the step uses the old v": {"v_hat": "old_v / (1 - beta2**t)"},
    "this is the shortened form": {"W": "W - lr * np.sqrt(1 - beta2**t) / (1 - beta1**t) * m / (np.sqrt(v) + eps)"},
    "the factors 1 − β are missing": {"m": "beta1 * m + dW", "v": "beta2 * v + dW**2"},
    "β stands at the new part": {"m": "(1 - beta1) * m + beta1 * dW", "v": "(1 - beta2) * v + beta2 * dW**2"},
    "the correction is 1 − β at every step": {"m_hat": "m / (1 - beta1)", "v_hat": "v / (1 - beta2)"},
    "the correction is 1 − β · t": {"m_hat": "m / (1 - beta1 * t)", "v_hat": "v / (1 - beta2 * t)"},
    "m and v are multiplied by 1 − β^t": {"m_hat": "m * (1 - beta1**t)", "v_hat": "v * (1 - beta2**t)"},
    "a bracket is missing: ε": {"W": "W - lr * m_hat / np.sqrt(v_hat) + eps"},
    "a bracket is missing: m / 1": {"m_hat": "m / 1 - beta1**t", "v_hat": "v / 1 - beta2**t"},
    "m minus β^t": {"m_hat": "m / 1 - beta1**t"},
    "yours is (1 − β)^t": {"m_hat": "m / (1 - beta1) ** t", "v_hat": "v / (1 - beta2) ** t"},
    "the correction has the wrong sign": {"m_hat": "m / (beta1**t - 1)", "v_hat": "v / (beta2**t - 1)"},
    "the learning rate is missing": {"W": "W - m_hat / (np.sqrt(v_hat) + eps)"},
    "the denominator is missing": {"W": "W - lr * m_hat"},
    "multiplied by √v + ε": {"W": "W - lr * m_hat * (np.sqrt(v_hat) + eps)"},
    "the corrections are swapped": {"m_hat": "m / (1 - beta2**t)", "v_hat": "v / (1 - beta1**t)"},
    "v averages the square of m": {"v": "beta2 * v + (1 - beta2) * m**2"},
    "one number for all entries": {"v": "beta2 * v + (1 - beta2) * np.linalg.norm(dW) ** 2"},
    "it is the running mean of dW², entry by entry": {"v": "beta2 * v + (1 - beta2) * np.square(dW).mean()"},
    "the root is taken of the whole step": {"W": "W - lr * np.sign(m_hat) * np.sqrt(abs(m_hat) / (v_hat + eps))"},
    "m and v are swapped": {"back": "W, v, m"},
}  # fmt: skip


@pytest.mark.parametrize("words", ADAM_WRONG)
def test_adam_step_names_the_mistake(words, says):
    assert words in says(check.adam_step(adam(**ADAM_WRONG[words])))


def test_adam_step_names_what_is_right_and_what_comes_first(says):
    assert says(check.adam_step(adam(m="0.3 * m + 0.5 * dW"))).startswith("Not yet: v is right; m[0, 0] is ")
    assert says(check.adam_step(adam(W="0.9 * W"))).startswith("Not yet: m and v are right; W[0, 0] is ")


def adam_by_rnnlib(W, dW, m, v, t, lr, beta1, beta2, eps):
    optimiser, params = rnnlib.Adam(lr, (beta1, beta2), eps), {"W": W.copy()}
    optimiser.load_state(params, {"updates": np.array(t - 1), "0/W": m, "1/W": v})
    optimiser.step(params, {"W": dW})
    state = optimiser.state(params)
    return params["W"], state["0/W"], state["1/W"]


def incremental(W, dW, m, v, t, lr, beta1, beta2, eps):
    m = m + (1 - beta1) * (dW - m)
    v = v + (1 - beta2) * (dW * dW - v)
    root = math.sqrt(1 - beta2**t)
    return W - lr * root / (1 - beta1**t) * m / (np.sqrt(v) + eps * root), m, v


def one_at_a_time(W, dW, m, v, t, lr, beta1, beta2, eps):
    new = [np.empty(W.shape) for _ in range(3)]
    for i in np.ndindex(W.shape):
        new[1][i] = beta1 * m[i] + (1 - beta1) * dW[i]
        new[2][i] = beta2 * v[i] + (1 - beta2) * dW[i] ** 2
        m_hat, v_hat = new[1][i] / (1 - beta1**t), new[2][i] / (1 - beta2**t)
        new[0][i] = W[i] - lr * m_hat / (math.sqrt(v_hat) + eps)
    return new


@pytest.mark.parametrize(
    "way", [adam(), adam(back='{"v": v, "W": W, "m": m}'), adam_by_rnnlib, incremental, one_at_a_time]
)
def test_adam_step_takes_every_way_to_write_it(way):
    assert repr(check.adam_step(way)) == "Right on 4 cases, the first step included."


# --- split_in_time ---------------------------------------------------------------------------------------------


def sampled(series, n):
    held = sorted(random.sample(range(len(series)), n))
    return np.delete(series, held), series[held]


def evenly(series, n):
    held = [i * len(series) // n for i in range(n)]
    return np.array([v for i, v in enumerate(series) if i not in held]), series[held]


SPLIT_WRONG = {
    "the first values are held back": lambda s, n: (s[n:], s[:n]),
    "the two are swapped": lambda s, n: (s[len(s) - n :], s[: len(s) - n]),
    "the validation values are in the training part too": lambda s, n: (s, s[len(s) - n :]),
    "it is the last n alone": lambda s, n: (s[: len(s) - n], s),
    "every so many values are held back": lambda s, n: evenly(s, n) if n else (s, s[:0]),
    "the values are mixed": lambda s, n: sampled(s, n),
    "a series is cut once": lambda s, n: (
        (np.random.permutation(s)[n:], np.random.permutation(s)[:n])[:0]
        or np.split(np.random.permutation(s), [len(s) - n])
    ),
    "one value is lost": lambda s, n: (s[: len(s) - n - 1], s[len(s) - n :]),
    "one value is in both parts": lambda s, n: (s[: len(s) - n + 1], s[len(s) - n :]),
    "the place of the cut": lambda s, n: np.split(s, [n]),
    "reversed in time": lambda s, n: (s[: len(s) - n][::-1], s[len(s) - n :][::-1]),
    "sorted by size": lambda s, n: (np.sort(s)[: len(s) - n], np.sort(s)[len(s) - n :]),
    "series[:-0] is empty": lambda s, n: (s[:-n], s[-n:]),
}


@pytest.mark.parametrize("words", SPLIT_WRONG)
def test_split_in_time_names_the_mistake(words, says):
    assert words in says(check.split_in_time(SPLIT_WRONG[words]))


@pytest.mark.parametrize(
    "way",
    [
        lambda s, n: np.split(s, [len(s) - n]),
        lambda s, n: (list(s)[: len(s) - n], list(s)[len(s) - n :]),
        lambda s, n: (s[:-n], s[-n:]) if n else (s, []),
        lambda s, n: (s[np.arange(len(s)) < len(s) - n], s[np.arange(len(s)) >= len(s) - n]),
        lambda s, n: {"validation": s[::-1][:n][::-1], "train": s[: s.size - n]},
    ],
)
def test_split_in_time_takes_every_way_to_write_it(way):
    assert repr(check.split_in_time(way)) == "Right on 4 cases, nothing held back included."


# --- learning_curve_minimum ------------------------------------------------------------------------------------


def waiting(
    losses, patience, *, fails=lambda loss, best, before: loss >= best, forgets=True, late=0, answer=0
):
    """Walk with a counter; return (index of the best, index of the last, best loss)[answer]."""
    best, waited, before = 0, 0, math.inf
    for i, loss in enumerate(losses):
        if i and fails(loss, losses[best], before):
            waited += 1
            if waited == patience + late:
                break
        else:
            best, waited = i, 0 if forgets else waited
        before = loss
    return (best, i, losses[best])[answer]


def first_rise(losses, patience):
    i = 0
    while i + 1 < len(losses) and losses[i + 1] < losses[i]:
        i += 1
    return i


def rises_in_a_row(losses, patience):
    rises, best = 0, 0
    for i in range(1, len(losses)):
        rises = 0 if losses[i] < losses[i - 1] else rises + 1
        if losses[i] < losses[best]:
            best = i
        if rises == patience:
            return best
    return best


def index_of_the_first_rise(losses, patience):
    return next((i for i in range(1, len(losses)) if losses[i] >= losses[i - 1]), len(losses) - 1)


CURVE_WRONG = {
    "this is the lowest of all": lambda losses, p: np.argmin(losses),
    "this is where the walk stops": lambda losses, p: waiting(losses, p, answer=1),
    "this is the best loss": lambda losses, p: waiting(losses, p, answer=2),
    "stops at the first rise": first_rise,
    "a curve may rise and fall again": index_of_the_first_rise,
    "one early": lambda losses, p: waiting(losses, p - 1) if p > 1 else 0,
    "counted altogether": lambda losses, p: waiting(losses, p, forgets=False),
    "the walk stops one late": lambda losses, p: waiting(losses, p, late=1),
    "an equal loss counts as better": lambda losses, p: waiting(losses, p, fails=lambda a, b, _: a > b),
    "compared with the one before": rises_in_a_row,
    "the index counts from 1": lambda losses, p: waiting(losses, p) + 1,
    "the highest loss": lambda losses, p: losses.index(max(losses)),
    "the last index of all": lambda losses, p: len(losses) - 1,
}


@pytest.mark.parametrize("words", CURVE_WRONG)
def test_learning_curve_minimum_names_the_mistake(words, says):
    assert words in says(check.learning_curve_minimum(CURVE_WRONG[words]))


def by_definition(losses, patience):
    for stop in range(len(losses)):
        best = min(range(stop + 1), key=lambda i: (losses[i], i))
        if stop - best >= patience:
            return best
    return int(np.argmin(losses))


def running_minimum(losses, patience):
    lowest = np.minimum.accumulate(losses)
    best = np.array([losses.index(value) for value in lowest])
    waited = np.arange(len(losses)) - best
    return best[np.argmax(waited >= patience)] if (waited >= patience).any() else best[-1]


@pytest.mark.parametrize("way", [waiting, by_definition, running_minimum, lambda *a: float(waiting(*a))])
def test_learning_curve_minimum_takes_every_way_to_write_it(way):
    said = "Right on 8 cases, curves that never stop and equal losses included."
    assert repr(check.learning_curve_minimum(lambda losses, patience: way(losses, patience))) == said
