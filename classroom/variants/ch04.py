"""Variants of the exercises of *From states to a loss*."""

import numpy as np

from rnnlib.check.engine import Case, Exercise

from ..question import Question, Written


def _softmax(o):
    weights = np.exp(o - o.max(axis=-1, keepdims=True))
    return weights / weights.sum(axis=-1, keepdims=True)


def _log_softmax(o):
    top = o - o.max(axis=-1, keepdims=True)
    return top - np.log(np.exp(top).sum(axis=-1, keepdims=True))


# --- softmax with a temperature, classes in the first axis -----------------------------------------------------


def _column_softmax(o, temperature):
    return _softmax(o.T / temperature).T


def _softmax_cases(rng):
    cases = [Case(f"O = {O}, B = {B}", (3 * rng.normal(size=(O, B)), round(rng.uniform(0.5, 2.5), 2)))
             for O, B in ((3, 2), (5, 4), (2, 3))]  # fmt: skip
    large = Case("=logits of a thousand", (1000.0 * rng.choice([-1.0, 1.0], size=(4, 3)), 1.5))
    return [*cases, large]


SOFTMAX_COLUMNS = Question(
    chapter=4, practice="softmax_rows", variant="columns", points=4, minutes=10,
    text=(
        "A batch of logits stands in columns here: `o` is (O, B), one column for each sequence. Return the softmax "
        "of `o / temperature` over the classes, (O, B): each column sums to 1. It must hold for logits of a "
        "thousand, too."
    ),
    exercise=Exercise(
        name="softmax_columns", args=("o", "temperature"), outputs=(("y_hat", "(O, B)"),), cases=_softmax_cases,
        reference=_column_softmax,
        variants=(
            ("the sum runs over the batch; each column, one sequence, sums to 1.",
             lambda o, temperature: _softmax(o / temperature)),
            ("the temperature is missing: divide the logits by it.", lambda o, temperature: _softmax(o.T).T),
            ("the logits are multiplied by the temperature; divide them.",
             lambda o, temperature: _softmax(o.T * temperature).T),
            ("the temperature divides the probabilities; it divides the logits.",
             lambda o, temperature: _softmax(o.T).T / temperature),
        ),
    ),
)  # fmt: skip


# --- cross-entropy in bits, averaged over the marked steps -----------------------------------------------------


def _bits(o, targets, mask):
    L = -np.take_along_axis(_log_softmax(o), targets[..., None], axis=-1)[..., 0]
    return (L * mask).sum() / mask.sum() / np.log(2)


def _loss_cases(rng):
    cases = []
    for T, B, O, words in ((4, 3, 5, ""), (2, 2, 3, ""), (1, 1, 4, "=T = 1, B = 1")):
        mask = rng.random((T, B)) < 0.6
        mask[0, 0] = True
        args = 2 * rng.normal(size=(T, B, O)), rng.integers(0, O, (T, B)), mask
        cases.append(Case(words or f"T = {T}, B = {B}, O = {O}", args))
    return cases


def _nats_sum(o, targets, mask):
    return _bits(o, targets, mask) * np.log(2) * mask.sum()


CROSS_ENTROPY_BITS = Question(
    chapter=4, practice="masked_cross_entropy", variant="bits", points=5, minutes=15,
    text=(
        "`o` is (T, B, O), `targets` (T, B) whole numbers, `mask` (T, B) True where a step counts. Return the "
        "cross-entropy in *bits* per counted step: one number, the mean over the steps that the mask lets through."
    ),
    exercise=Exercise(
        name="bits_per_step", args=("o", "targets", "mask"), outputs=(("bits", "()"),), cases=_loss_cases,
        reference=_bits,
        variants=(
            ("this is in nats; a bit is ln 2 of them.", lambda *args: _bits(*args) * np.log(2)),
            ("the sum is not divided by the number of counted steps.", lambda *args: _bits(*args) * args[2].sum()),
            ("the sum is divided by all T · B steps; only counted ones count.",
             lambda o, targets, mask: _bits(o, targets, mask) * mask.sum() / mask.size),
            ("the mask is not used.", lambda o, targets, mask: _bits(o, targets, np.ones_like(mask))),
            ("the mask is used the wrong way round: True means that a step counts.",
             lambda o, targets, mask: _bits(o, targets, ~mask)),
        ),
    ),
)  # fmt: skip


# --- the gradient of a mean over the batch, with smoothed targets ----------------------------------------------


def _smoothed(targets, O, amount):
    return (1 - amount) * np.eye(O)[targets] + amount / O


def _smooth_gradient(o, targets, mask, amount):
    return (_softmax(o) - _smoothed(targets, o.shape[-1], amount)) * mask[..., None] / o.shape[1]


def _gradient_cases(rng):
    return [Case(case.words, (*case.args, 0.1 + 0.05 * k)) for k, case in enumerate(_loss_cases(rng))]


LOSS_GRADIENT_SMOOTH = Question(
    chapter=4, practice="loss_gradient", variant="smoothed", points=6, minutes=20,
    text=(
        "Smoothed targets put $1 - a$ on the right class and spread $a$ evenly over all $O$ classes (the right one "
        "included). The loss is the cross-entropy with these targets, summed over the counted steps and divided by "
        "the batch size $B$. `amount` is $a$. Return $\\partial L / \\partial o$, (T, B, O)."
    ),
    exercise=Exercise(
        name="smoothed_gradient", args=("o", "targets", "mask", "amount"), outputs=(("do", "(T, B, O)"),),
        cases=_gradient_cases, reference=_smooth_gradient,
        variants=(
            ("the targets are not smoothed.", lambda o, targets, mask, amount: _smooth_gradient(o, targets, mask, 0.0)),
            ("the division by the batch size is missing.", lambda *args: _smooth_gradient(*args) * args[0].shape[1]),
            ("the sum is divided by the counted steps; divide by B.",
             lambda *args: _smooth_gradient(*args) * args[0].shape[1] / args[2].sum()),
            ("the sign is reversed: ŷ − y.", lambda *args: -_smooth_gradient(*args)),
            ("steps that do not count have a gradient; theirs is 0.",
             lambda o, targets, mask, amount: _smooth_gradient(o, targets, np.ones_like(mask), amount)),
        ),
    ),
)  # fmt: skip

QUESTIONS = [SOFTMAX_COLUMNS, CROSS_ENTROPY_BITS, LOSS_GRADIENT_SMOOTH]

WRITTEN = [
    Written(
        chapter=4, name="mean-or-sum", points=3, minutes=10,
        text=(
            "Two groups train the same network with the same learning rate. One takes the sum of the losses over all "
            "steps and the batch, the other the mean. One of the two runs explodes. Which, why, and what should that "
            "group change? Three to five sentences."
        ),
        scheme=(
            "1 point: the sum; its gradient is T · B times as long. 1 point: the same rate takes steps T · B times "
            "as long. 1 point: divide the rate by T · B, or take the mean (either); a mention that clipping hides "
            "this is a bonus, not a condition."
        ),
    ),
]  # fmt: skip
