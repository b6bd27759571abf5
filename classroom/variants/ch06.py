"""Variants of the exercises of *A first trained network*."""

import numpy as np

from rnnlib.check.engine import Case, Exercise

from ..question import Question


def _momentum(W, dW, v, lr, beta):
    v = beta * v + dW
    return W - lr * v, v


def _momentum_cases(rng):
    draw = lambda *shape: (rng.normal(size=shape), rng.normal(size=shape), rng.normal(size=shape), 0.1, 0.9)
    return [
        Case("W (3, 2)", draw(3, 2)),
        Case("W (4,)", draw(4)),
        Case("W (2, 2)", draw(2, 2)[:3] + (0.01, 0.5)),
    ]


MOMENTUM = Question(
    chapter=6, practice="sgd_step", variant="momentum", points=4, minutes=10,
    text=(
        "SGD with momentum keeps a velocity: $v \\leftarrow \\beta v + \\partial L / \\partial W$, then $W "
        "\\leftarrow W - \\eta v$, with `lr` for $\\eta$. Return the new `(W, v)`; the arguments stay as they are."
    ),
    exercise=Exercise(
        name="momentum_step", args=("W", "dW", "v", "lr", "beta"), outputs=(("W", "as W"), ("v", "as W")),
        cases=_momentum_cases, reference=_momentum, chain=("v", "W"),
        variants=(
            ("W moves by the gradient; it moves by the new velocity.",
             lambda W, dW, v, lr, beta: (W - lr * dW, beta * v + dW)),
            ("W moves by the old velocity; the new one comes first.",
             lambda W, dW, v, lr, beta: (W - lr * v, beta * v + dW)),
            ("the gradient is multiplied by 1 − β; here it is added whole.",
             lambda W, dW, v, lr, beta: (W - lr * (beta * v + (1 - beta) * dW), beta * v + (1 - beta) * dW)),
            ("the step goes uphill.", lambda W, dW, v, lr, beta: (W + lr * (beta * v + dW), beta * v + dW)),
        ),
    ),
)  # fmt: skip


def _adamw(W, dW, m, v, t, lr, beta1, beta2, eps, decay):
    m, v = beta1 * m + (1 - beta1) * dW, beta2 * v + (1 - beta2) * dW**2
    step = (m / (1 - beta1**t)) / (np.sqrt(v / (1 - beta2**t)) + eps)
    return W - lr * step - lr * decay * W, m, v


def _plain_adam(W, dW, m, v, t, lr, beta1, beta2, eps, decay):
    return _adamw(W, dW, m, v, t, lr, beta1, beta2, eps, 0.0)


def _coupled(W, dW, m, v, t, lr, beta1, beta2, eps, decay):
    return _adamw(W, dW + decay * W, m, v, t, lr, beta1, beta2, eps, 0.0)


def _adamw_cases(rng):
    cases = []
    for shape, t, words in (((3, 2), 4, ""), ((2,), 7, ""), ((2, 2), 2, ""), ((3,), 1, "=t = 1")):
        W, dW, m = 2 * rng.normal(size=(3, *shape))
        hyper = t, 0.05, 0.9, 0.99, 1e-8, round(rng.uniform(0.1, 0.5), 2)
        cases.append(Case(words or f"W {shape}, t = {t}", (W, dW, m, rng.uniform(0.1, 1, shape), *hyper)))
    return cases


ADAMW = Question(
    chapter=6, practice="adam_step", variant="decay", points=6, minutes=20,
    text=(
        "Adam with *decoupled* weight decay: after the usual step of Adam, with its corrections for $t$, $W$ is made "
        "smaller by `lr * decay * W` (the old $W$), and the decay enters neither `m` nor `v`. Return the new `(W, m, "
        "v)`."
    ),
    exercise=Exercise(
        name="adamw_step", args=("W", "dW", "m", "v", "t", "lr", "beta1", "beta2", "eps", "decay"),
        outputs=(("W", "as W"), ("m", "as W"), ("v", "as W")), cases=_adamw_cases, reference=_adamw,
        chain=("m", "v", "W"),
        variants=(
            ("the decay is missing: this is plain Adam.", _plain_adam),
            ("the decay is added to the gradient; it goes past m and v.", _coupled),
            ("the decay is not multiplied by the rate.",
             lambda *args: (_plain_adam(*args)[0] - args[-1] * args[0], *_plain_adam(*args)[1:])),
            ("the decay makes W larger.",
             lambda *args: (_plain_adam(*args)[0] + args[5] * args[-1] * args[0], *_plain_adam(*args)[1:])),
        ),
    ),
)  # fmt: skip


def _three_ways(series, n_validation, n_test):
    first, second = len(series) - n_validation - n_test, len(series) - n_test
    return series[:first], series[first:second], series[second:]


def _split_cases(rng):
    return [Case(f"{n} values", (rng.normal(size=n), a, b)) for n, a, b in ((12, 3, 2), (9, 2, 4), (7, 1, 3))]


SPLIT_THREE = Question(
    chapter=6, practice="split_in_time", variant="three", points=3, minutes=8,
    text=(
        "Split a series in time into three parts that follow each other: `(training, validation, test)`, the last "
        "`n_test` values for the test and the `n_validation` before them for validation."
    ),
    exercise=Exercise(
        name="split_three", args=("series", "n_validation", "n_test"),
        outputs=(("training", "(n,)"), ("validation", "(n_validation,)"), ("test", "(n_test,)")), cases=_split_cases,
        reference=_three_ways,
        variants=(
            ("the test comes before the validation; it is the last part.",
             lambda s, a, b: (s[: len(s) - a - b], s[len(s) - a :], s[len(s) - a - b : len(s) - a])),
            ("the parts overlap: the validation ends where the test begins.",
             lambda s, a, b: (s[: len(s) - a - b], s[len(s) - a :], s[len(s) - b :])),
            ("the first values are taken for the test; the future is tested, not the past.",
             lambda s, a, b: (s[a + b :], s[b : a + b], s[:b])),
        ),
    ),
)  # fmt: skip

QUESTIONS = [MOMENTUM, ADAMW, SPLIT_THREE]
WRITTEN = []
