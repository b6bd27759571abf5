"""Variants of the exercises of *From a sequence to a class*."""

import numpy as np

from rnnlib.check.engine import Case, Exercise

from ..question import Question


def _max_pool(h, dm, lengths, *, filled=-np.inf, real=None, to_all=False, scale=None):
    """Return (m, dh); each keyword is a place for a mistake."""
    mask = (np.arange(len(h))[:, None] < (lengths if real is None else real(h, lengths)))[:, :, None]
    seen = np.where(mask, h, filled)
    m, chosen = seen.max(axis=0), np.arange(len(h))[:, None, None] == seen.argmax(axis=0)
    dh = np.where(mask if to_all else chosen, dm, 0.0)
    return m, dh if scale is None else scale(dh, h, lengths)


def _slip(**how):
    return lambda *args: _max_pool(*args, **how)


def _mean(h, dm, lengths):
    real = (np.arange(len(h))[:, None] < lengths)[:, :, None]
    return np.where(real, h, 0.0).sum(axis=0) / lengths[:, None], real * dm / lengths[:, None]


def _one_step(h, dm, lengths):
    """Choose one step for all units, the one whose largest entry is the largest."""
    m, _ = _max_pool(h, dm, lengths)
    seen = np.where((np.arange(len(h))[:, None] < lengths)[:, :, None], h, -np.inf).max(axis=2)
    return m, np.where(np.arange(len(h))[:, None] == seen.argmax(axis=0), 1.0, 0.0)[:, :, None] * dm


def _max_cases(rng):
    cases = []
    for T, lengths, H, words in (
        (5, [3, 5, 2], 3, ""),
        (6, [4, 6], 2, ""),
        (4, [2, 4, 3, 3], 3, ""),
        (1, [1, 1], 2, "=T = 1"),
        (3, [2, 3], 2, "=values far below 0"),
    ):
        h, dm = rng.normal(size=(T, len(lengths), H)), rng.normal(size=(len(lengths), H))
        low = 200.0 if "far below" in words else 2.0  # most are negative: a padded 0 would win
        h[np.arange(T)[:, None] < np.array(lengths)] -= low
        h[np.arange(T)[:, None] >= np.array(lengths)] = rng.uniform(0.5, 1.0)
        cases.append(Case(words or f"T = {T}, lengths = {lengths}, H = {H}", (h, dm, np.array(lengths))))
    return cases


MAX_POOL = Question(
    chapter=16, practice="mean_pool", variant="max", points=6, minutes=20,
    text=(
        "Pool by the largest state instead of the mean: `m` (B, H) holds, for each sequence and each unit, the "
        "largest of its values over the sequence's real steps. `h` is (T, B, H), `lengths` (B,), at least 1 each, and "
        "`dm` (B, H) is $\\partial L / \\partial m$. Return `(m, dh)`, with `dh` (T, B, H) "
        "$= \\partial L / \\partial h$. No two values of a unit are equal. What stands at the padding may be larger "
        "than everything real."
    ),
    exercise=Exercise(
        name="max_pool", args=("h", "dm", "lengths"), outputs=(("m", "(B, H)"), ("dh", "(T, B, H)")),
        cases=_max_cases,
        reference=_max_pool,
        variants=(
            ("the padding takes part; only the first lengths[b] states of sequence b are real.",
             _slip(real=lambda h, lengths: np.full(len(lengths), len(h)))),
            ("the padding counts as 0, which is larger than a unit that is negative throughout.", _slip(filled=0.0)),
            ("this is the mean; the largest real value is wanted.", _mean),
            ("all real steps get the gradient; only the step that a unit chose moves its maximum.",
             _slip(to_all=True)),
            ("the gradient is shared out over the real steps, as for a mean; the chosen step gets all of it.",
             _slip(to_all=True, scale=lambda dh, h, lengths: dh / lengths[:, None])),
            ("the gradient is divided by lengths[b]; a maximum is one value, and gets all of it.",
             _slip(scale=lambda dh, h, lengths: dh / lengths[:, None])),
            ("the gradient is multiplied by h; the derivative of the chosen value is 1.",
             _slip(scale=lambda dh, h, lengths: dh * h)),
            ("one step is chosen for all units; each unit has a step of its own.", _one_step),
        ),
    ),
)  # fmt: skip

QUESTIONS = [MAX_POOL]
WRITTEN = []
