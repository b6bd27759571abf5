"""Variants of the exercises of *Unrolling in time*."""

import numpy as np

from rnnlib.check.engine import Case, Exercise

from ..question import Question


def _mean_states(h, lengths):
    return np.array([h[1 : n + 1, b].mean(axis=0) for b, n in enumerate(lengths)])


def _state_cases(rng):
    cases = []
    for T, B, H, words in ((5, 3, 2, ""), (4, 2, 3, ""), (3, 2, 2, ""), (3, 1, 2, "=a length of 1")):
        lengths = np.array([1]) if words else rng.integers(2, T + 1, B)
        lengths[0] = 1 if words else T - 1
        cases.append(Case(words or f"T = {T}, B = {B}, H = {H}", (rng.normal(size=(T + 1, B, H)), lengths)))
    return cases


def _at_ends(h, lengths):
    return h[lengths, np.arange(len(lengths))]


MEAN_STATES = Question(
    chapter=3, practice="last_states", variant="mean", points=5, minutes=15,
    text=(
        "`h` is (T+1, B, H), with $h_0$ first; `lengths` (B,) says how many steps each sequence really has. Return "
        "(B, H): for each sequence the mean of its own states $h_1$ to $h_{\\text{length}}$, the padding and $h_0$ "
        "left out."
    ),
    exercise=Exercise(
        name="mean_states", args=("h", "lengths"), outputs=(("mean", "(B, H)"),), cases=_state_cases,
        reference=_mean_states,
        variants=(
            ("the padding is counted as well.", lambda h, lengths: h[1:].mean(axis=0)),
            ("h_0 is counted as well.",
             lambda h, lengths: np.array([h[: n + 1, b].mean(axis=0) for b, n in enumerate(lengths)])),
            ("these are the last states; the mean over all own states is wanted.", _at_ends),
            ("it stops one step early.", lambda h, lengths: np.array(
                [h[1:max(n, 2), b].mean(axis=0) for b, n in enumerate(lengths)])),
            ("the sum is divided by T for all; each sequence has its own length.",
             lambda h, lengths: _mean_states(h, lengths) * lengths[:, None] / (len(h) - 1)),
        ),
    ),
)  # fmt: skip


def _pad_front(sequences):
    T, D = max(len(sequence) for sequence in sequences), sequences[0].shape[1]
    x, mask = np.zeros((T, len(sequences), D)), np.zeros((T, len(sequences)), dtype=bool)
    for b, sequence in enumerate(sequences):
        x[T - len(sequence) :, b], mask[T - len(sequence) :, b] = sequence, True
    return x, mask


def _pad_cases(rng):
    draw = lambda lengths, D: [rng.normal(size=(n, D)) for n in lengths]
    return [Case("lengths 3, 5, 2", (draw((3, 5, 2), 2),)), Case("lengths 2, 1", (draw((2, 1), 1),)),
            Case("lengths 1, 4, 4, 2", (draw((1, 4, 4, 2), 3),)), Case("=one sequence", (draw((3,), 2),))]  # fmt: skip


def _pad_back(sequences):
    x, mask = _pad_front([sequence[::-1] for sequence in sequences])
    return x[::-1], mask[::-1]


PAD_FRONT = Question(
    chapter=3, practice="pad", variant="front", points=5, minutes=15,
    text=(
        "`sequences` is a list of arrays (length, D) of different lengths. Put them into one batch with the padding "
        "*in front*, so that all end at the last step. Return `(x, mask)`: `x` (T, B, D) with zeros as padding, "
        "`mask` (T, B) True where a step is real."
    ),
    exercise=Exercise(
        name="pad_front", args=("sequences",), outputs=(("x", "(T, B, D)"), ("mask", "(T, B)")), cases=_pad_cases,
        reference=_pad_front,
        variants=(
            ("the padding stands at the end; it stands in front here.", _pad_back),
            ("the axes are (B, T, …); time comes first.",
             lambda sequences: tuple(part.swapaxes(0, 1) for part in _pad_front(sequences))),
            ("the mask is True where there is padding.",
             lambda sequences: (_pad_front(sequences)[0], ~_pad_front(sequences)[1])),
        ),
    ),
)  # fmt: skip

QUESTIONS = [MEAN_STATES, PAD_FRONT]
WRITTEN = []
