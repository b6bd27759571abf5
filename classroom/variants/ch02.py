"""Variants of the exercises of *The recurrent cell*."""

import numpy as np

from rnnlib.check.engine import Case, Exercise

from ..question import Question, Written


def _cases(make, shapes):
    """Return cases(rng) for shapes (B, D, H, words): no words, and it is an ordinary case."""

    def cases(rng):
        return [Case(words or f"B = {B}, D = {D}, H = {H}", make(rng, B, D, H)) for B, D, H, words in shapes]

    return cases


SHAPES = ((3, 2, 4, ""), (2, 3, 3, ""), (2, 1, 2, ""), (1, 3, 2, "=B = 1"))


# --- a leaky step ----------------------------------------------------------------------------------------------


def _leaky(x_t, h_prev, W_xh, W_hh, b_h, leak):
    return (1 - leak) * h_prev + leak * np.tanh(x_t @ W_xh + h_prev @ W_hh + b_h)


def _leaky_args(rng, B, D, H):
    weights = rng.normal(size=(D, H)), rng.normal(size=(H, H)), rng.normal(size=H)
    return rng.normal(size=(B, D)), rng.uniform(-0.9, 0.9, (B, H)), *weights, round(rng.uniform(0.2, 0.7), 2)


LEAKY_STEP = Question(
    chapter=2, practice="rnn_step", variant="leaky", points=4, minutes=10,
    text=(
        "A leaky cell moves only a part of the way to its new state: $h_t = (1 - a)\\, h_{t-1} + a \\tanh(x_t W_{xh} "
        "+ h_{t-1} W_{hh} + b_h)$, with `leak` for $a$. `x_t` is (B, D), `h_prev` (B, H). Return $h_t$."
    ),
    exercise=Exercise(
        name="leaky_step", args=("x_t", "h_prev", "W_xh", "W_hh", "b_h", "leak"), outputs=(("h_t", "(B, H)"),),
        cases=_cases(_leaky_args, SHAPES), reference=_leaky,
        variants=(
            ("a and 1 − a have changed places.", lambda *args: _leaky(*args[:-1], 1 - args[-1])),
            ("the old state is missing: (1 − a) of it stays.", lambda *args: _leaky(*args) - (1 - args[-1]) * args[1]),
            ("this is the plain step, without a leak.", lambda *args: _leaky(*args[:-1], 1.0)),
            ("the tanh is missing.", lambda x, h, W, V, b, leak: (1 - leak) * h + leak * (x @ W + h @ V + b)),
        ),
    ),
)  # fmt: skip


# --- a step in columns -----------------------------------------------------------------------------------------


def _columns(x_t, h_prev, V_hx, V_hh, b):
    return np.tanh(V_hx @ x_t + V_hh @ h_prev + b)


def _column_args(rng, B, D, H):
    weights = rng.normal(size=(H, D)), rng.normal(size=(H, H)), rng.normal(size=(H, 1))
    return rng.normal(size=(D, B)), rng.uniform(-0.9, 0.9, (H, B)), *weights


COLUMN_STEP = Question(
    chapter=2, practice="rnn_step", variant="columns", points=4, minutes=10,
    text=(
        "Many texts write vectors as columns: $h_t = \\tanh(V_{hx} x_t + V_{hh} h_{t-1} + b)$. A batch stands in "
        "columns, too: `x_t` is (D, B), `h_prev` (H, B), `V_hx` (H, D), `V_hh` (H, H), `b` (H, 1). Return $h_t$, (H, "
        "B)."
    ),
    exercise=Exercise(
        name="column_step", args=("x_t", "h_prev", "V_hx", "V_hh", "b"), outputs=(("h_t", "(H, B)"),),
        cases=_cases(_column_args, SHAPES), reference=_columns,
        variants=(
            ("V_hh is transposed.", lambda x, h, V, U, b: np.tanh(V @ x + U.T @ h + b)),
            ("the tanh is missing.", lambda x, h, V, U, b: V @ x + U @ h + b),
            ("the bias is missing.", lambda x, h, V, U, b: np.tanh(V @ x + U @ h)),
            ("the result is transposed: (H, B).", lambda *args: _columns(*args).T),
        ),
    ),
)  # fmt: skip


# --- all steps, newest state first -----------------------------------------------------------------------------


def _relu_states(x, h_0, W_xh, W_hh, b_h, phi=lambda a: np.maximum(a, 0), start=lambda h_0: h_0):
    h = [start(h_0)]
    for x_t in x:
        h.append(phi(x_t @ W_xh + h[-1] @ W_hh + b_h))
    return np.array(h)


def _sequence_cases(rng):
    cases = []
    for T, B, D, H, words in ((4, 3, 2, 3, ""), (3, 2, 3, 2, ""), (2, 2, 1, 2, ""), (1, 2, 2, 3, "=T = 1")):
        weights = rng.normal(size=(D, H)), rng.normal(size=(H, H)), rng.normal(size=H)
        args = rng.normal(size=(T, B, D)), rng.uniform(0.1, 0.9, (B, H)), *weights
        cases.append(Case(words or f"T = {T}, B = {B}, D = {D}, H = {H}", args))
    return cases


RELU_FORWARD = Question(
    chapter=2, practice="rnn_forward", variant="relu", points=5, minutes=15,
    text=(
        "Run a cell with the activation $\\max(a, 0)$ over a whole batch of sequences: `x` is (T, B, D), `h_0` (B, "
        "H). Return all states, (T+1, B, H), with $h_0$ first."
    ),
    exercise=Exercise(
        name="relu_forward", args=("x", "h_0", "W_xh", "W_hh", "b_h"), outputs=(("h", "(T+1, B, H)"),),
        cases=_sequence_cases, reference=_relu_states,
        variants=(
            ("the activation is tanh; it is max(a, 0) here.", lambda *args: _relu_states(*args, phi=np.tanh)),
            ("h_0 is missing from the result.", lambda *args: _relu_states(*args)[1:]),
            ("it starts from 0 instead of h_0.", lambda *args: _relu_states(*args, start=lambda h_0: 0 * h_0)),
            ("the activation is missing.", lambda *args: _relu_states(*args, phi=lambda a: a)),
        ),
    ),
)  # fmt: skip

QUESTIONS = [LEAKY_STEP, COLUMN_STEP, RELU_FORWARD]
WRITTEN = [
    Written(
        chapter=2, name="why-not-elementwise", points=3, minutes=10,
        text=(
            "A colleague proposes to replace $h_{t-1} W_{hh}$ by $h_{t-1} \\odot w$ with one weight for each unit. "
            "What can the network no longer do, and how many parameters does it save for $H = 100$? Two to four "
            "sentences."
        ),
        scheme=(
            "1 point: no unit learns of another one's past; H scalar networks side by side. 1 point: 10000 − 100 = "
            "9900 saved. 1 point: a fitting consequence (no combination of two remembered things, for instance)."
        ),
    ),
]  # fmt: skip
