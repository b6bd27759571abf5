"""Every check of *Taming gradients* names the mistake that was made."""

import math

import numpy as np
import pytest

import rnnlib
from rnnlib import check


def length(grads):
    return math.sqrt(sum(float((g * g).sum()) for g in grads))


def when(too_long, grads, change):
    return [change(g) if too_long else g for g in grads]


def each(grads, c):
    clipped = []
    for g in grads:
        n = math.sqrt((g**2).sum())
        clipped.append(c * g / n if n > c else g)
    return clipped


def by_size(size):
    def clip(grads, c):
        n = size(grads)
        return when(n > c, grads, lambda g: g * (c / n))

    return clip


def again_and_again(grads, c):
    grads = list(grads)
    for k in range(len(grads)):
        if length(grads) > c:
            grads[k] = grads[k] * (c / length(grads))
    return grads


CLIP_WRONG = {
    "a norm of its own": each,
    "this is clipping by value, each entry for itself; i": lambda gs, c: [np.minimum(np.maximum(g, -c), c) for g in gs],
    "from above alone": lambda gs, c: [np.where(g > c, c, g) for g in gs],
    "short gradients are lengthened": lambda gs, c: [g * (c / length(gs)) for g in gs],
    "brought to the length max_norm by itself": lambda gs, c: [c * g / length([g]) for g in gs],
    "the root is missing: the norm is": by_size(lambda gs: length(gs) ** 2),
    "the root is missing where it divides": lambda gs, c: when(length(gs) > c, gs, lambda g: g * c / length(gs) ** 2),
    "the root is missing where it compares": lambda gs, c: when(length(gs) ** 2 > c, gs, lambda g: g * c / length(gs)),
    "the norms of the arrays are added": by_size(lambda gs: sum(length([g]) for g in gs)),
    "the absolute values are added": by_size(lambda gs: sum(abs(g).sum() for g in gs)),
    "averaged over all entries": by_size(lambda gs: length(gs) / math.sqrt(sum(g.size for g in gs))),
    "averaged over each array": by_size(lambda gs: math.sqrt(sum((g * g).mean() for g in gs))),
    "the largest singular values decide": by_size(lambda gs: math.hypot(*(np.linalg.norm(g, 2) for g in gs))),
    "max_norm is subtracted": lambda gs, c: [np.subtract(g, c) for g in gs],
    "that of the first array alone": by_size(lambda gs: length(gs[:1])),
    "that of the last array alone": by_size(lambda gs: length(gs[-1:])),
    "the longest array decides": by_size(lambda gs: max(length([g]) for g in gs)),
    "becomes a unit vector": lambda gs, c: when(length(gs) > c, gs, lambda g: g / length(gs)),
    "the largest entry decides": by_size(lambda gs: max(abs(g).max() for g in gs)),
    "the comparison is the wrong way round": lambda gs, c: when(0 < length(gs) < c, gs, lambda g: g * c / length(gs)),
    "the factor is upside down": lambda gs, c: when(length(gs) > c, gs, lambda g: g * length(gs) / c),
    "not divided by their norm": lambda gs, c: when(length(gs) > c, gs, lambda g: c * g),
    "set to 0": lambda gs, c: when(length(gs) > c, gs, np.zeros_like),
    "nothing is clipped": lambda gs, c: list(gs),
    "some arrays are scaled already": again_and_again,
    "it divides by that: first ask if it is too long": lambda gs, c: [g * min(1.0, c / length(gs)) for g in gs],
}  # fmt: skip


@pytest.mark.parametrize("words", CLIP_WRONG)
def test_clip_by_norm_names_the_mistake(words, says):
    assert words in says(check.clip_by_norm(CLIP_WRONG[words]))
    assert words in says(check.clip_fixed(CLIP_WRONG[words]))


def clip_fixed(grads, max_norm):
    squares, clipped = 0.0, []
    for g in grads:
        squares += np.sum(g**2)
        norm = np.sqrt(squares)
        clipped.append(g * min(1.0, max_norm / norm))
    return clipped


def test_the_planted_bug_is_known_and_not_given_away(says):
    words = says(check.clip_fixed(clip_fixed))
    assert words.startswith("Not yet: still as it was given") and words.endswith(
        "is the first array divided?"
    )
    assert "the norm of those before it" in says(check.clip_by_norm(clip_fixed))


def in_place(grads, max_norm):
    norm = length(grads)
    for g in grads:
        g *= min(1.0, max_norm / norm) if norm else 1.0
    return grads


def test_clipping_in_place_is_told(says):
    assert "changes its argument grads in place" in says(check.clip_by_norm(in_place))


def by_rnnlib(grads, max_norm):
    named = {f"{k}": g.copy() for k, g in enumerate(grads)}
    rnnlib.clip_grad_norm(named, max_norm)
    return list(named.values())


def as_one_vector(grads, max_norm):
    vector = np.concatenate([g.ravel() for g in grads])
    vector = vector * max_norm / max(max_norm, np.linalg.norm(vector))
    parts = np.split(vector, np.cumsum([g.size for g in grads])[:-1])
    return [part.reshape(g.shape) for part, g in zip(parts, grads)]


CLIP_RIGHT = {
    "rnnlib": by_rnnlib,
    "one vector": as_one_vector,
    "copies": lambda gs, c: in_place([g.copy() for g in gs], c),
    "numpy's minimum": lambda gs, c: [
        g * np.minimum(1.0, np.float64(c) / np.float64(length(gs))) for g in gs
    ],
    "PyTorch's small number": lambda gs, c: [g * min(1.0, c / (length(gs) + 1e-6)) for g in gs],
    "a tuple of lists": lambda gs, c: tuple(g.tolist() for g in by_rnnlib(gs, c)),
    "norms of norms": lambda gs, c: by_size(lambda gs: np.linalg.norm([np.linalg.norm(g) for g in gs]))(
        gs, c
    ),
}


@pytest.mark.parametrize("way", CLIP_RIGHT)
def test_clipping_takes_every_way_to_write_it(way):
    said = "Right on 6 cases, three shapes, a gradient that is short enough and one that is 0 included."
    assert repr(check.clip_by_norm(CLIP_RIGHT[way])) == repr(check.clip_fixed(CLIP_RIGHT[way])) == said


def test_a_list_that_is_too_short_is_told(says):
    assert "it returns 2 values; expected a list of the clipped arrays, in the order" in says(
        check.clip_by_norm(lambda gs, c: gs[:2])
    )


# --- scale_to --------------------------------------------------------------------------------------------------


def to(size):
    return lambda W, s: s / size(W) * W


def eigenvalues(W):
    return np.linalg.eigvals(W)


def changed(s_values):
    def scale_to(W, s):
        U, values, Vt = np.linalg.svd(W)
        return U @ np.diag(s_values(values, s)) @ Vt

    return scale_to


SCALE_WRONG = {
    "this sets the spectral radius": to(lambda W: max(abs(eigenvalues(W)))),
    "the largest eigenvalue, with its sign": to(lambda W: max(eigenvalues(W).real)),
    "this sets the Frobenius norm": to(lambda W: np.sqrt((W**2).sum())),
    "this sets the largest entry; use": to(lambda W: np.abs(W).max()),
    "the largest entry, with its sign": to(np.amax),
    "this sets the smallest singular value": to(lambda W: np.linalg.norm(W, -2)),
    "returns (U, s, Vᵀ)": to(lambda W: np.linalg.svd(W)[0][0]),
    "the root of the factor": lambda W, s: W * math.sqrt(s / np.linalg.norm(W, 2)),
    "the sum of the singular values": to(lambda W: np.linalg.norm(W, "nuc")),
    "the mean of the singular values": to(lambda W: np.linalg.svd(W)[1].mean()),
    "not divided by what it has already": lambda W, s: s * W,
    "multiply by s_max as well": lambda W, s: W / np.linalg.norm(W, 2),
    "the factor is upside down": lambda W, s: W * np.linalg.norm(W, 2) / s,
    "the root of the largest singular value": to(lambda W: np.linalg.norm(W, 2) ** 0.5),
    "the eigenvalues of Wᵀ W are squares": to(lambda W: max(np.linalg.eigvalsh(W.T @ W))),
    "the largest sum over a column": to(lambda W: np.abs(W).sum(axis=0).max()),
    "the largest sum over a row": to(lambda W: np.abs(W).sum(axis=1).max()),
    "the determinant": to(lambda W: np.linalg.det(W)),
    "W is left alone where": lambda W, s: W * s / n if (n := np.linalg.norm(W, 2)) > s else W,
    "all singular values are equal now": changed(lambda values, s: np.full(len(values), s)),
    "cut off at s_max": changed(lambda values, s: np.clip(values, 0, s)),
    "every row is scaled": lambda W, s: np.array([s * row / math.sqrt(row @ row) for row in W]),
    "every column is scaled": lambda W, s: np.array([s * c / np.linalg.norm(c) for c in W.T]).T,
}  # fmt: skip


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("words", SCALE_WRONG)
def test_scale_to_names_the_mistake(words, says):
    assert words in says(check.scale_to(SCALE_WRONG[words]))


def by_powers(W, s):
    v = np.ones(W.shape[1])
    for _ in range(2000):
        v = W.T @ (W @ v)
        v /= np.linalg.norm(v)
    return W * s / np.linalg.norm(W @ v)


SCALE_RIGHT = {
    "norm": to(lambda W: np.linalg.norm(W, 2)),
    "svd": to(lambda W: np.linalg.svd(W, compute_uv=False).max()),
    "eigenvalues": to(lambda W: math.sqrt(np.linalg.eigvalsh(W @ W.T).max())),
    "power iteration": by_powers,
    "parts put together": changed(lambda values, s: values / values[0] * s),
}


@pytest.mark.parametrize("way", SCALE_RIGHT)
def test_scale_to_takes_every_way_to_write_it(way):
    said = "Right on 5 cases, a matrix with ρ = 0 and one of a single number included."
    assert repr(check.scale_to(SCALE_RIGHT[way])) == said
