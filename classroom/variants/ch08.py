"""Variants of the exercises of *Vanishing and exploding gradients*."""

import numpy as np

from rnnlib.check.engine import Case, Exercise

from ..question import Question, Written


def _logistic_slope(h):
    return h * (1 - h)


def _leaky_jacobian(a_t, W_hh, leak):
    return leak * np.eye(len(W_hh)) + W_hh * (1 - np.tanh(a_t) ** 2)


def _jacobian_cases(rng):
    return [Case(words or f"H = {H}", (rng.normal(size=H), rng.normal(size=(H, H)), round(rng.uniform(0.2, 0.8), 2)))
            for H, words in ((3, ""), (4, ""), (2, ""), (1, "=H = 1"))]  # fmt: skip


LEAKY_JACOBIAN = Question(
    chapter=8, practice="jacobian", variant="leaky", points=4, minutes=10,
    text=(
        "A leaky cell: $h_t = \\lambda h_{t-1} + \\tanh(a_t)$ with $a_t = x_t W_{xh} + h_{t-1} W_{hh} + b_h$. Return "
        "its Jacobian $J_t$, (H, H), so that `dh_t = dh_prev @ J_t`; `leak` is $\\lambda$."
    ),
    exercise=Exercise(
        name="leaky_jacobian", args=("a_t", "W_hh", "leak"), outputs=(("J_t", "(H, H)"),), cases=_jacobian_cases,
        reference=_leaky_jacobian,
        variants=(
            ("the leak is missing: λ times the identity is added.", lambda a, W, leak: _leaky_jacobian(a, W, 0.0)),
            ("the leak is added to every entry; it stands on the diagonal.",
             lambda a, W, leak: leak + _leaky_jacobian(a, W, 0.0)),
            ("the diagonal of slopes stands on the wrong side.",
             lambda a, W, leak: leak * np.eye(len(W)) + (1 - np.tanh(a) ** 2)[:, None] * W),
            ("φ′ is missing.", lambda a, W, leak: leak * np.eye(len(W)) + W),
        ),
    ),
)  # fmt: skip


def _logistic_norms(h, W_hh, dh_last, slope=_logistic_slope, back=lambda da, W: da @ W.T):
    delta, norms = dh_last, [np.linalg.norm(dh_last)]
    for h_t in h[:0:-1]:
        delta = back(delta * slope(h_t), W_hh)
        norms.append(np.linalg.norm(delta))
    return np.array(norms[::-1])


def _norm_cases(rng):
    cases = []
    for T, H, words in ((4, 3, ""), (6, 2, ""), (3, 2, ""), (1, 3, "=T = 1")):
        args = rng.uniform(0.1, 0.9, (T + 1, H)), 3 * rng.normal(size=(H, H)), rng.normal(size=H)
        cases.append(Case(words or f"T = {T}, H = {H}", args))
    return cases


LOGISTIC_NORMS = Question(
    chapter=8, practice="gradient_norms", variant="logistic", points=5, minutes=12,
    text=(
        "The cell's activation is the logistic function. `h` is (T+1, H), one sequence with $h_0$ first; `dh_last` "
        "(H,) is $\\partial L / \\partial h_T$, and no other step has a loss. Return the $T + 1$ norms $\\lVert "
        "\\partial L / \\partial h_t \\rVert$, from $t = 0$ on."
    ),
    exercise=Exercise(
        name="logistic_norms", args=("h", "W_hh", "dh_last"), outputs=(("norms", "(T+1,)"),), cases=_norm_cases,
        reference=_logistic_norms, backwards=True,
        variants=(
            ("the slope is that of tanh; that of σ is h (1 − h).",
             lambda *args: _logistic_norms(*args, slope=lambda h: 1 - h**2)),
            ("the norms run backward in time: the first belongs to t = 0.", lambda *args: _logistic_norms(*args)[::-1]),
            ("δ goes back through W_hh; it goes back through its transpose.",
             lambda *args: _logistic_norms(*args, back=lambda da, W: da @ W)),
            ("the slope is missing.", lambda *args: _logistic_norms(*args, slope=lambda h: 1.0)),
        ),
    ),
)  # fmt: skip

QUESTIONS = [LEAKY_JACOBIAN, LOGISTIC_NORMS]
WRITTEN = [
    Written(
        chapter=8, name="derive-bound", points=6, minutes=20,
        text=(
            "Show that $s_{\\max}(W_{hh}) < 4$ suffices for the gradient of a network with the logistic activation "
            "to vanish. Say why the converse, \"$s_{\\max} > 4$ makes it explode\", is wrong, with an example."
        ),
        scheme=(
            "2 points: φ′ = σ(1 − σ) ≤ 1/4, with the place of the maximum. 2 points: s_max(J_t) ≤ s_max(W) · max φ′ "
            "< 1 at every step, so the product is bounded by a power of a number below 1. 2 points: the bound is no "
            "equality; saturation (or a direction that is not the most stretched one) as the example."
        ),
    ),
]  # fmt: skip
