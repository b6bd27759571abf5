"""Checks of the chapter *Taming gradients*."""

import numpy as np

from .engine import Case, Exercise, judge

# --- clip_by_norm, and the version to repair ---------------------------------------------------------------------


def _norm(grads):
    return np.sqrt(sum(np.sum(g**2) for g in grads))


def _clip(grads, max_norm):
    norm = _norm(grads)
    return [g * (max_norm / norm if norm > max_norm else 1.0) for g in grads]


def _factor(norm, max_norm):
    with np.errstate(all="ignore"):
        return min(1.0, max_norm / norm)


def _running(grads, max_norm):
    squares, clipped = 0.0, []
    for g in grads:
        squares += np.sum(g**2)
        clipped.append(g * _factor(np.sqrt(squares), max_norm))
    return clipped


def _each(grads, max_norm):
    return [g * _factor(np.linalg.norm(g), max_norm) for g in grads]


def _clip_cases(rng):
    cases = []
    for (D, H), max_norm, words in (((2, 4), 1.0, "longer than max_norm"), ((3, 3), 50.0, "shorter than max_norm"),
                                    ((1, 1), 2.5, "one unit"), ((2, 3), 0.3, "far longer than max_norm"),
                                    ((3, 2), 1000.0, "far shorter than max_norm")):  # fmt: skip
        shapes, sizes = ((D, H), (H, H), (H,)), ((3.0, 0.5, 1.0), (0.3, 3.0, 1.0))[len(cases) % 2]
        grads = [rng.normal(size=shape) * size for shape, size in zip(shapes, sizes)]
        cases.append(Case(f"max_norm = {max_norm}, D = {D}, H = {H}, {words}", (grads, max_norm)))
    zero = [np.zeros((2, 3)), np.zeros((3, 3)), np.zeros(3)]
    return [*cases, Case("gradients that are all 0", (zero, 1.0), _ZERO)]


_ZERO = "right, but gradients that are all 0 have a norm of 0, and it divides by that: first ask if it is too long."


def _by(size):
    """Clip by another size of the whole gradient."""
    return lambda grads, c: [g * (c / size(grads) if size(grads) > c else 1.0) for g in grads]


def _carried_factor(grads, max_norm):
    """Recompute the norm of all while some are scaled already."""
    done = list(grads)
    for k, g in enumerate(grads):
        norm = _norm(done)
        done[k] = g * max_norm / norm if norm > max_norm else g
    return done


_CLIP_MISTAKES = (
    ("each array is clipped by a norm of its own; there is one norm, over all of them, or the direction turns.",
     _each),
    ("this is clipping by value, each entry for itself; it turns the gradient.",
     lambda grads, c: [np.clip(g, -c, c) for g in grads]),
    ("this is clipping by value, each entry for itself, and from above alone; it turns the gradient.",
     lambda grads, c: [np.minimum(g, c) for g in grads]),
    ("short gradients are lengthened to max_norm; leave alone what is short enough.",
     lambda grads, c: [g * c / _norm(grads) for g in grads]),
    ("each array is brought to the length max_norm by itself; there is one norm, over all of them.",
     lambda grads, c: [g * c / np.linalg.norm(g) for g in grads]),
    ("the root is missing: the norm is the root of the sum of all squares.", _by(lambda grads: _norm(grads) ** 2)),
    ("the root is missing where it divides: compare and divide by the same norm.",
     lambda grads, c: [g * c / _norm(grads) ** 2 if _norm(grads) > c else g for g in grads]),
    ("the root is missing where it compares: compare and divide by the same norm.",
     lambda grads, c: [g * c / _norm(grads) if _norm(grads) ** 2 > c else g for g in grads]),
    ("the norms of the arrays are added; the squares are added, and the root taken of the sum.",
     _by(lambda grads: sum(np.linalg.norm(g) for g in grads))),
    ("the absolute values are added; the norm is the root of the sum of squares.",
     _by(lambda grads: sum(np.abs(g).sum() for g in grads))),
    ("the squares are averaged over all entries; the norm is the root of their sum.",
     _by(lambda grads: np.sqrt(np.concatenate([(g**2).ravel() for g in grads]).mean()))),
    ("the squares are averaged over each array; the norm is the root of their sum.",
     _by(lambda grads: np.sqrt(sum(np.mean(g**2) for g in grads)))),
    ("the largest singular values decide; the norm of all entries as one vector does.",
     _by(lambda grads: np.sqrt(sum(np.linalg.norm(g, 2) ** 2 for g in grads)))),
    ("max_norm is subtracted; the whole is multiplied by max_norm / norm.", lambda grads, c: [g - c for g in grads]),
    ("the norm is that of the first array alone; it is over all of them.", _by(lambda grads: np.linalg.norm(grads[0]))),
    ("the norm is that of the last array alone; it is over all of them.", _by(lambda grads: np.linalg.norm(grads[-1]))),
    ("the longest array decides; the norm of the whole does.", _by(lambda grads: max(map(np.linalg.norm, grads)))),
    ("the gradient becomes a unit vector; multiply by max_norm as well.",
     lambda grads, c: [g / _norm(grads) if _norm(grads) > c else g for g in grads]),
    ("the largest entry decides; the norm of the whole does.", _by(lambda grads: max(np.abs(g).max() for g in grads))),
    ("the comparison is the wrong way round: what is longer than max_norm is shortened.",
     lambda grads, c: [g * (c / _norm(grads) if _norm(grads) < c else 1.0) for g in grads]),
    ("the factor is upside down: it is max_norm / norm, below 1 where it shortens.",
     lambda grads, c: [g * _norm(grads) / c if _norm(grads) > c else g for g in grads]),
    ("the arrays are multiplied by max_norm, but not divided by their norm.",
     lambda grads, c: [g * c if _norm(grads) > c else g for g in grads]),
    ("gradients that are too long are set to 0; they are to be shortened, and keep their direction.",
     lambda grads, c: [0 * g if _norm(grads) > c else g for g in grads]),
    ("nothing is clipped: what is longer than max_norm comes back as it was.",
     lambda grads, c: [g.copy() for g in grads]),
    ("the norm is taken again while some arrays are scaled already; take it once, before.", _carried_factor),
)  # fmt: skip
_RUNNING = "each array is scaled by the norm of those before it and itself; add up all squares first."
_CLIPPED = (("grads[0]", "(D, H)"), ("grads[1]", "(H, H)"), ("grads[2]", "(H,)"))


def _clip_exercise(name, mistakes):
    return Exercise(
        name=name,
        args=("grads", "max_norm"),
        outputs=_CLIPPED,
        returns="a list of the clipped arrays, in the order and of the shapes of grads",
        cases=_clip_cases,
        reference=_clip,
        included="three shapes, a gradient that is short enough and one that is 0",
        variants=mistakes,
    )


CLIP_BY_NORM = _clip_exercise("clip_by_norm", (*_CLIP_MISTAKES, (_RUNNING, _running)))
CLIP_FIXED = _clip_exercise(
    "clip_fixed",
    (
        (
            "still as it was given: the factor is right, and so is the sum. By which norm is the first array divided?",
            _running,
        ),
        *_CLIP_MISTAKES,
    ),
)

# --- scale_to --------------------------------------------------------------------------------------------------


def _scaled(size):
    return lambda W, s_max: W * s_max / size(W)


def _singular(W):
    return np.linalg.svd(W, compute_uv=False)


def _radius(W):
    return np.abs(np.linalg.eigvals(W)).max()


def _scale_cases(rng):
    cases = [Case(f"W of shape {shape}, s_max = {s}", (rng.normal(size=shape) * size, s)) for shape, s, size in
             (((3, 3), 0.9, 1.0), ((4, 4), 1.0, 0.2), ((2, 2), 2.0, 3.0))]  # fmt: skip
    nilpotent = np.array([[0.0, 5.0], [0.0, 0.0]])
    return [
        *cases,
        Case("W = [[0, 5], [0, 0]], ρ(W) = 0", (nilpotent, 0.5)),
        Case("W = [[−3]]", (np.array([[-3.0]]), 2.0)),
    ]


SCALE_TO = Exercise(
    name="scale_to",
    args=("W", "s_max"),
    outputs=(("the scaled W", "of W's shape"),),
    cases=_scale_cases,
    reference=_scaled(lambda W: _singular(W)[0]),
    included="a matrix with ρ = 0 and one of a single number",
    variants=(
        ("this sets the spectral radius, the largest |eigenvalue|; use the largest singular value.", _scaled(_radius)),
        ("this sets the largest eigenvalue, with its sign; use the largest singular value.",
         _scaled(lambda W: np.linalg.eigvals(W).real.max())),
        ("this sets the Frobenius norm, over all entries; np.linalg.norm(W, 2) is the largest singular value.",
         _scaled(np.linalg.norm)),
        ("this sets the largest entry; use the largest singular value.", _scaled(lambda W: np.abs(W).max())),
        ("this sets the largest entry, with its sign; use the largest singular value.", _scaled(np.max)),
        ("this sets the smallest singular value; use the largest.", _scaled(lambda W: _singular(W)[-1])),
        ("np.linalg.svd returns (U, s, Vᵀ): the singular values are the second, and the largest of them is s[0].",
         lambda W, s_max: W * s_max / np.linalg.svd(W)[0][0]),
        ("the root of the factor is taken; singular values grow with the factor itself.",
         lambda W, s_max: W * np.sqrt(s_max / _singular(W)[0])),
        ("this sets the sum of the singular values; use the largest of them.", _scaled(lambda W: _singular(W).sum())),
        ("this sets the mean of the singular values; use the largest of them.", _scaled(lambda W: _singular(W).mean())),
        ("W is multiplied by s_max but not divided by what it has already.", lambda W, s_max: W * s_max),
        ("W is divided by its largest singular value, which makes that 1; multiply by s_max as well.",
         lambda W, s_max: W / _singular(W)[0]),
        ("the factor is upside down: it is s_max divided by what W has.", lambda W, s_max: W * _singular(W)[0] / s_max),
        ("this is divided by the root of the largest singular value; divide by the value itself.",
         _scaled(lambda W: np.sqrt(_singular(W)[0]))),
        ("this is divided by the square of the largest singular value: the eigenvalues of Wᵀ W are squares, so "
         "take the root.", _scaled(lambda W: _singular(W)[0] ** 2)),
        ("this sets the largest sum over a column; use the largest singular value.",
         _scaled(lambda W: np.linalg.norm(W, 1))),
        ("this sets the largest sum over a row; use the largest singular value.",
         _scaled(lambda W: np.linalg.norm(W, np.inf))),
        ("this sets the determinant; use the largest singular value.", _scaled(np.linalg.det)),
        ("W is left alone where its largest singular value is below s_max; scale it up as well.",
         lambda W, s_max: W * min(1.0, s_max / _singular(W)[0])),
        ("all singular values are equal now, which changes the matrix; multiply it by one number.",
         lambda W, s_max: s_max * (lambda U, s, Vt: U @ Vt)(*np.linalg.svd(W))),
        ("the large singular values are cut off at s_max, which changes the matrix; multiply it by one number.",
         lambda W, s_max: (lambda U, s, Vt: U * np.minimum(s, s_max) @ Vt)(*np.linalg.svd(W))),
        ("every row is scaled by itself, which changes the matrix; multiply it by one number.",
         lambda W, s_max: s_max * W / np.linalg.norm(W, axis=1, keepdims=True)),
        ("every column is scaled by itself, which changes the matrix; multiply it by one number.",
         lambda W, s_max: s_max * W / np.linalg.norm(W, axis=0)),
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
