"""Variants of the exercises of *Strengths, limits, and what came after*."""

import numpy as np

from rnnlib.check.engine import Case, Exercise

from ..question import Question


def _merge(F_1, u_1, F_2, u_2):
    return F_1 @ F_2, u_1 @ F_2 + u_2


def _merge_cases(rng):
    cases = []
    for B, H, words in ((3, 2, ""), (2, 4, ""), (4, 3, ""), (1, 3, "=B = 1")):
        F_1, F_2 = rng.normal(size=(2, H, H))
        u_1, u_2 = rng.normal(size=(2, B, H))
        cases.append(Case(words or f"B = {B}, H = {H}", (F_1, u_1, F_2, u_2)))
    return cases


MERGE_MATRICES = Question(
    chapter=19, practice="combine", variant="matrices", points=4, minutes=10,
    text=(
        "Units that do not keep to themselves: a step is $h \\mapsto h F + u$ with a matrix $F$ (H, H) and a row $u$ "
        "for each sequence, (B, H). Step 1 comes first, then step 2. Return $(F, u)$ of the one step that does both."
    ),
    exercise=Exercise(
        name="merge_matrices", args=("F_1", "u_1", "F_2", "u_2"), outputs=(("F", "(H, H)"), ("u", "(B, H)")),
        cases=_merge_cases,
        reference=_merge,
        variants=(
            ("the matrices stand in the wrong order; a row meets F_1 first, so F_1 stands on the left.",
             lambda F_1, u_1, F_2, u_2: (F_2 @ F_1, u_1 @ F_2 + u_2)),
            ("the steps have changed places.", lambda F_1, u_1, F_2, u_2: (F_2 @ F_1, u_2 @ F_1 + u_1)),
            ("what step 1 has written does not pass step 2.", lambda F_1, u_1, F_2, u_2: (F_1 @ F_2, u_1 + u_2)),
            ("what step 1 has written passes its own matrix; it was added after that.",
             lambda F_1, u_1, F_2, u_2: (F_1 @ F_2, u_1 @ F_1 + u_2)),
            ("the matrices are multiplied entry by entry.", lambda F_1, u_1, F_2, u_2: (F_1 * F_2, u_1 @ F_2 + u_2)),
        ),
    ),
)  # fmt: skip


def _from_the_end(
    f, n, h, dh, *, factor=lambda f, t: f[t - 1], read=lambda h: h[1:], slope=None, dn=None, first=False
):
    """Carry δ forward in time; each keyword is a place for a mistake."""
    d = dh.copy()
    for t in range(1, len(d)):
        d[t] += factor(f, t) * d[t - 1]
    df = slope(d, read(h), n) if slope else d * (read(h) - n)
    return df, dn(d, f) if dn else d * (1 - f), f[0] * d[0] if first else f[-1] * d[-1]  # fmt: skip


def _slip(**how):
    return lambda f, n, h, dh: _from_the_end(f, n, h, dh, **how)


def _as_if_forwards(f, n, h, dh):
    d = dh.copy()
    for t in range(len(d) - 2, -1, -1):
        d[t] += f[t + 1] * d[t + 1]
    return d * (h[:-1] - n), d * (1 - f), f[0] * d[0]


def _backward_cases(rng):
    cases = []
    for T, B, H, words in ((4, 2, 3, ""), (6, 3, 2, ""), (3, 2, 2, ""), (1, 2, 3, "=T = 1")):
        f, n, dh = rng.uniform(0.2, 0.95, (T, B, H)), rng.normal(size=(T, B, H)), rng.normal(size=(T, B, H))
        h = [rng.normal(size=(B, H))]
        for f_t, n_t in zip(f[::-1], n[::-1]):
            h.append(f_t * h[-1] + (1 - f_t) * n_t)
        cases.append(Case(words or f"T = {T}, B = {B}, H = {H}", (f, n, np.array(h[::-1]), dh)))
    return cases


READ_FROM_THE_END = Question(
    chapter=19, practice="linear_backward", variant="from_the_end", points=8, minutes=25,
    text=(
        "A minGRU that reads from the end: $h_t = f_t \\odot h_{t+1} + (1 - f_t) \\odot n_t$ for $t = T, \\dots, 1$, "
        "beginning with a given $h_{T+1}$. `f` and `n` are (T, B, H); `h` is (T+1, B, H), in the order of time: `h[0]` "
        "is $h_1$ and the last entry is $h_{T+1}$. `dh` (T, B, H) is what the loss says about $h_1, \\dots, h_T$ "
        "directly. Return $(\\partial L/\\partial f, \\partial L/\\partial n, \\partial L/\\partial h_{T+1})$."
    ),
    exercise=Exercise(
        name="backward_from_the_end", args=("f", "n", "h", "dh"),
        outputs=(("df", "(T, B, H)"), ("dn", "(T, B, H)"), ("dh_start", "(B, H)")),
        cases=_backward_cases,
        reference=_from_the_end,
        variants=(
            ("δ goes from the last step to the first, as for a layer that reads forwards.", _as_if_forwards),
            ("the factor on the way from h_t to h_{t+1} is f_t, not f_{t+1}.", _slip(factor=lambda f, t: f[t])),
            ("nothing is carried along; h_{t+1} also acts on h_t and on all before it.", _slip(factor=lambda f, t: 0)),
            ("f_t is read twice: its other place, in 1 − f_t, is missing from df.",
             _slip(slope=lambda d, read, n: d * read)),
            ("df reads h_t; beside f_t stands h_{t+1}.", _slip(read=lambda h: h[:-1])),
            ("the share 1 − f_t is missing from dn.", _slip(dn=lambda d, f: d)),
            ("dn has the share f_t; that of n_t is 1 − f_t.", _slip(dn=lambda d, f: d * f)),
            ("the last quantity belongs to h_1's end of the sequence; the start is h_{T+1}.", _slip(first=True)),
        ),
    ),
)  # fmt: skip

QUESTIONS = [MERGE_MATRICES, READ_FROM_THE_END]
WRITTEN = []
