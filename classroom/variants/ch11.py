"""Variants of the exercises of *Gated recurrent units*."""

import numpy as np

from rnnlib.check.cell import sigmoid
from rnnlib.check.engine import Case, Exercise

from ..question import Question


def _step(x_t, h_prev, W_xh, W_hh, b_h, order="zrn", mix=lambda z, n, h: (1 - z) * h + z * n, before=True):
    H = h_prev.shape[1]
    at = {name: slice(k * H, (k + 1) * H) for k, name in enumerate(order)}
    part = lambda h, name: x_t @ W_xh[:, at[name]] + h @ W_hh[:, at[name]] + b_h[at[name]]
    z, r = sigmoid(part(h_prev, "z")), sigmoid(part(h_prev, "r"))
    n = (
        np.tanh(part(r * h_prev, "n"))
        if before
        else np.tanh(x_t @ W_xh[:, at["n"]] + r * (h_prev @ W_hh[:, at["n"]]) + b_h[at["n"]])
    )
    return mix(z, n, h_prev)


def _cases(rng):
    cases = []
    for B, D, H, words in ((3, 2, 4, ""), (2, 3, 2, ""), (2, 1, 2, ""), (1, 2, 3, "=B = 1")):
        weights = rng.normal(size=(D, 3 * H)), rng.normal(size=(H, 3 * H)), rng.normal(size=3 * H)
        args = rng.normal(size=(B, D)), rng.uniform(-0.9, 0.9, (B, H)), *weights
        cases.append(Case(words or f"B = {B}, D = {D}, H = {H}", args))
    return cases


def _slip(**how):
    return lambda *args: _step(*args, **how)


CHUNG_STEP = Question(
    chapter=11, practice="gru_step", variant="chung", points=6, minutes=20,
    text=(
        "A GRU in another convention: the update gate says how much is *replaced*, $h_t = (1 - z_t) \\odot h_{t-1} + "
        "z_t \\odot n_t$; the reset gate acts *before* the product, $n_t = \\tanh(x_t W_{xn} + (r_t \\odot h_{t-1}) "
        "W_{hn} + b_n)$; the blocks stand in the order $z, r, n$. `W_xh` is (D, 3H), `W_hh` (H, 3H), `b_h` (3H,). "
        "Return $h_t$."
    ),
    exercise=Exercise(
        name="chung_gru_step", args=("x_t", "h_prev", "W_xh", "W_hh", "b_h"), outputs=(("h_t", "(B, H)"),),
        cases=_cases,
        reference=_step,
        variants=(
            ("z keeps the old state; here it replaces it.", _slip(mix=lambda z, n, h: z * h + (1 - z) * n)),
            ("the reset gate acts behind the product; here it acts before it.", _slip(before=False)),
            ("the blocks are read in the order r, z, n; here it is z, r, n.", _slip(order="rzn")),
            ("the old state is missing from the mix.", _slip(mix=lambda z, n, h: z * n)),
        ),
    ),
)  # fmt: skip

QUESTIONS = [CHUNG_STEP]
WRITTEN = []
