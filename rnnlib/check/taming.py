"""Checks of the chapter *Taming gradients*."""

import numpy as np

from .engine import Case, Exercise, judge

# --- clip_by_norm, and the version to repair ---------------------------------------------------------------------


def _norm(grads):
    return np.sqrt(sum(np.sum(g**2) for g in grads))


def _clip(grads, max_norm):
    norm = _norm(grads)
    return [g * (max_norm / norm if norm > max_norm else 1.0) for g in grads]


def _running(grads, max_norm):
    squares, clipped = 0.0, []
    for g in grads:
        squares += np.sum(g**2)
        clipped.append(g * min(1.0, max_norm / np.sqrt(squares)))
    return clipped


def _each(grads, max_norm):
    return [g * min(1.0, max_norm / np.linalg.norm(g)) for g in grads]


def _stacked(clip):
    """Three arrays of one shape come back as one array, so that the engine can compare them."""
    return lambda grads, max_norm: np.array(clip(grads, max_norm))


def _clip_cases(rng):
    cases = []
    for shape, max_norm, words in (((2, 3), 1.0, "longer than max_norm"), ((3,), 50.0, "shorter than max_norm"),
                                   ((2, 2), 2.5, "longer than max_norm"), ((1, 4), 0.3, "far longer")):  # fmt: skip
        grads = [rng.normal(size=shape) * scale for scale in (3.0, 0.5, 1.0)]
        cases.append(Case(f"three arrays of shape {shape}, together {words}", (grads, max_norm)))
    return cases


_CLIP_MISTAKES = (
    ("each array is clipped by a norm of its own; there is one norm, over all of them, or the direction turns.",
     _each),
    ("this is clipping by value, each entry for itself; it turns the gradient.",
     lambda grads, c: [np.clip(g, -c, c) for g in grads]),
    ("short gradients are lengthened to max_norm; leave alone what is short enough.",
     lambda grads, c: [g * c / _norm(grads) for g in grads]),
    ("the root is missing: the norm is the root of the sum of all squares.",
     lambda grads, c: [g * min(1.0, c / _norm(grads) ** 2) for g in grads]),
    ("the norms of the arrays are added; the squares are added, and the root taken of the sum.",
     lambda grads, c: [g * min(1.0, c / sum(np.linalg.norm(g) for g in grads)) for g in grads]),
    ("the gradient becomes a unit vector; multiply by max_norm as well.",
     lambda grads, c: [g / _norm(grads) if _norm(grads) > c else g for g in grads]),
    ("the largest entry decides; the norm of the whole does.",
     lambda grads, c: [g * min(1.0, c / max(np.abs(g).max() for g in grads)) for g in grads]),
    ("the comparison is the wrong way round: what is longer than max_norm is shortened.",
     lambda grads, c: [g * (c / _norm(grads) if _norm(grads) < c else 1.0) for g in grads]),
    ("nothing is clipped.", lambda grads, c: [g.copy() for g in grads]),
)  # fmt: skip
_RUNNING = "each array is scaled by the norm of those before it and itself; add up all squares first."


def _clip_exercise(name, mistakes):
    return Exercise(
        name=name,
        args=("grads", "max_norm"),
        outputs=(("the list of clipped gradients", "()"),),
        cases=_clip_cases,
        reference=_stacked(_clip),
        included="a gradient that is short enough",
        variants=tuple((sentence, _stacked(clip)) for sentence, clip in mistakes),
    )


CLIP_BY_NORM = _clip_exercise("clip_by_norm", (*_CLIP_MISTAKES, (_RUNNING, _running)))
CLIP_FIXED = _clip_exercise(
    "clip_fixed",
    (("still as it was given. By which norm is the first array divided?", _running), *_CLIP_MISTAKES),
)

# --- scale_to --------------------------------------------------------------------------------------------------


def _scaled(size):
    return lambda W, s_max: W * s_max / size(W)


SCALE_TO = Exercise(
    name="scale_to",
    args=("W", "s_max"),
    outputs=(("the scaled W", "W.shape"),),
    cases=lambda rng: [Case(f"W of shape {shape}, s_max = {s}", (rng.normal(size=shape), s)) for shape, s in
                       (((3, 3), 0.9), ((4, 4), 1.0), ((2, 2), 2.0))],
    reference=_scaled(lambda W: np.linalg.svd(W)[1][0]),
    variants=(
        ("this sets the spectral radius, the largest |eigenvalue|; use the largest singular value.",
         _scaled(lambda W: np.abs(np.linalg.eigvals(W)).max())),
        ("this sets the Frobenius norm, over all entries; np.linalg.norm(W, 2) is the largest singular value.",
         _scaled(np.linalg.norm)),
        ("this sets the largest entry; use the largest singular value.", _scaled(lambda W: np.abs(W).max())),
        ("this sets the smallest singular value; use the largest.", _scaled(lambda W: np.linalg.svd(W)[1][-1])),
        ("W is multiplied by s_max but not divided by what it has already.", lambda W, s_max: W * s_max),
        ("this is divided by the root of the largest singular value; divide by the value itself.",
         _scaled(lambda W: np.sqrt(np.linalg.svd(W)[1][0]))),
        ("this sets the largest column sum; use the largest singular value.", _scaled(lambda W: np.linalg.norm(W, 1))),
        ("all singular values are equal now, which changes the matrix; multiply it by one number.",
         lambda W, s_max: s_max * (lambda U, s, Vt: U @ Vt)(*np.linalg.svd(W))),
    ),
)  # fmt: skip


def clip_by_norm(function):
    """Check `clip_by_norm(grads, max_norm)`: a list of arrays, clipped by one norm over all. Never raises.

    >>> clip_by_norm(lambda grads, max_norm: [np.clip(g, -max_norm, max_norm) for g in grads])
    Not yet: this is clipping by value, each entry for itself; it turns the gradient.
    """
    return judge(function, CLIP_BY_NORM)


def clip_fixed(function):
    """Check the repaired `clip_fixed(grads, max_norm)`. Answers with a Result; never raises.

    >>> clip_fixed(...)
    Not done yet: there is no function clip_fixed yet.
    """
    return judge(function, CLIP_FIXED)


def scale_to(function):
    """Check `scale_to(W, s_max)`: W times a number, so that its largest singular value is s_max. Never raises.

    >>> scale_to(lambda W, s_max: W * s_max)
    Not yet: W is multiplied by s_max but not divided by what it has already.
    """
    return judge(function, SCALE_TO)
