"""Checks of the chapter *Unrolling in time*."""

import numpy as np

from .engine import Case, Exercise, judge


def last_states(function):
    """Check `last_states(h, lengths)`: each sequence's own last state, (B, H).

    h (T+1, B, H) with h[0] = h_0, lengths (B,) whole numbers from 0 to T. Answers with a Result; never raises.

    >>> last_states(lambda h, lengths: h[-1])
    Not yet: h[-1] is the state after T steps for all; sequence b ends after lengths[b] steps.
    """
    return judge(function, LAST_STATES)


def generate(function):
    """Check `generate(step, h_0, x_1, T)`: the outputs y_1 … y_T, each read as the next input.

    step(x_t, h_prev) returns (h_t, y_t); h_0 (B, H), x_1 (B, O). Answers with a Result; never raises.

    >>> def same_input(step, h_0, x_1, T):
    ...     h, outputs = h_0, []
    ...     for _ in range(T):
    ...         h, y = step(x_1, h)
    ...         outputs.append(y)
    ...     return outputs
    >>> generate(same_input)
    Not yet: every step reads x_1: from the second step on the input is the output just made, y_{t−1}.
    """
    return judge(function, GENERATE)


def pad(function):
    """Check `pad(sequences)`: x (T, B) padded with zeros behind, and mask (T, B), True where there is data.

    sequences is a list of B lists of numbers; T is the longest length. Answers with a Result; never raises.

    >>> pad(lambda sequences: np.zeros((3, 2)))
    Not yet: it returns an array; expected (x of shape (T, B), mask of shape (T, B)).
    """
    return judge(function, PAD)


# --- last_states -----------------------------------------------------------------------------------------------


def _pick(h, steps):
    return h[steps, np.arange(h.shape[1])]


def _last_cases(rng):
    known = [(5, [3, 5, 1]), (1, [1]), (4, [3, 0, 2, 1]), (2, [2, 1, 1, 2, 0]), (6, [2, 6])]
    return [
        Case(f"T = {T}, lengths = {lengths}", (rng.normal(size=(T + 1, len(lengths), 4)), np.array(lengths)))
        for T, lengths in known
    ]


LAST_STATES = Exercise(
    name="last_states",
    args=("h", "lengths"),
    outputs=(("the array of last states", "(B, H)"),),
    cases=_last_cases,
    reference=_pick,
    included="length 0 and B = 1",
    variants=(
        ("h[-1] is the state after T steps for all; sequence b ends after lengths[b] steps.",
         lambda h, lengths: h[-1]),
        ("it is one step early: h[0] is h_0, so after n inputs the state is h[n], not h[n-1].",
         lambda h, lengths: _pick(h, lengths - 1)),
        ("it is one step early: h[0] is h_0, so after n inputs the state is h[n], not h[n-1].",
         lambda h, lengths: _pick(h, np.maximum(lengths - 1, 0))),
        ("it is one step late: after n inputs the state is h[n].",
         lambda h, lengths: _pick(h, lengths + 1)),
        ("it is one step late: after n inputs the state is h[n].",
         lambda h, lengths: _pick(h, np.minimum(lengths + 1, len(h) - 1))),
        ("a sequence of length 0 has made no step: its last state is h_0, which h[1:][n-1] cannot reach.",
         lambda h, lengths: _pick(h[1:], lengths - 1)),
        ("the axes are swapped: time is the first axis of h and the batch the second.",
         lambda h, lengths: h[np.arange(h.shape[1]), lengths]),
        ("h[lengths] picks whole batches; pick for each b its own: h[lengths, np.arange(B)].",
         lambda h, lengths: h[lengths]),
        ("h[:, lengths] picks sequences, not steps: time is the first axis.",
         lambda h, lengths: h[:, lengths]),
        ("everybody gets the state after the longest length; sequence b ends after lengths[b] steps.",
         lambda h, lengths: h[lengths.max()]),
        ("everybody gets the state after the shortest length; sequence b ends after lengths[b] steps.",
         lambda h, lengths: h[lengths.min()]),
        ("this is the largest value over time, entry by entry; the state at one time is wanted.",
         lambda h, lengths: h.max(axis=0)),
        ("this is the mean over time; the state at one time is wanted.",
         lambda h, lengths: h.mean(axis=0)),
    ),
)  # fmt: skip


# --- generate --------------------------------------------------------------------------------------------------


class _Step:
    """A small random network, y_t = tanh(h_t W_hy), that refuses shapes that do not fit."""

    def __init__(self, rng, B, H, O):
        self.B, self.H, self.O = B, H, O
        self.W_xh, self.W_hh = rng.normal(size=(O, H)), rng.normal(size=(H, H))
        self.W_hy = rng.normal(size=(H, O))

    def __deepcopy__(self, memo):
        return self  # it has no state to protect

    def __call__(self, x_t, h_prev):
        for name, value, size in (("x_t", x_t, self.O), ("h_prev", h_prev, self.H)):
            if np.shape(value) != (self.B, size):
                raise ValueError(f"step got {name} of shape {np.shape(value)}; expected {(self.B, size)}")
        h_t = np.tanh(x_t @ self.W_xh + h_prev @ self.W_hh)
        return h_t, np.tanh(h_t @ self.W_hy)


def _generate(step, h_0, x_1, T, feed=lambda x_1, h, y: y, keep=lambda x, h, y: y):
    h, x, kept = h_0, x_1, []
    for _ in range(T):
        read = x
        h, y = step(x, h)
        x = feed(x_1, h, y)
        kept.append(keep(read, h, y))
    return np.array(kept)


def _forgets(step, h_0, x_1, T):
    y, outputs = x_1, []
    for _ in range(T):
        y = step(y, h_0)[1]
        outputs.append(y)
    return np.array(outputs)


def _swaps(step, h_0, x_1, T):
    h, y, outputs = h_0, x_1, []
    for _ in range(T):
        y, h = step(y, h)
        outputs.append(y)
    return np.array(outputs)


def _swaps_order(step, h_0, x_1, T):
    return _generate(lambda x_t, h_prev: step(h_prev, x_t), h_0, x_1, T)


def _generate_cases(rng):
    cases = []
    for T, B, H, O in [(4, 2, 3, 3), (1, 1, 2, 2), (5, 1, 4, 2), (3, 3, 2, 5)]:
        args = _Step(rng, B, H, O), rng.normal(size=(B, H)), rng.normal(size=(B, O)), T
        cases.append(Case(f"T = {T}, B = {B}, H = {H}, O = {O}", args))
    return cases


GENERATE = Exercise(
    name="generate",
    args=("step", "h_0", "x_1", "T"),
    outputs=(("the list of outputs", "(T, B, O)"),),
    cases=_generate_cases,
    reference=_generate,
    included="T = 1 and B = 1",
    variants=(
        ("every step reads x_1: from the second step on the input is the output just made, y_{t−1}.",
         lambda *args: _generate(*args, feed=lambda x_1, h, y: x_1)),
        ("the state is fed back instead of the output: x_{t+1} is y_t.",
         lambda *args: _generate(*args, feed=lambda x_1, h, y: h)),
        ("from the second step on the input is zero: x_{t+1} is y_t.",
         lambda *args: _generate(*args, feed=lambda x_1, h, y: 0 * x_1)),
        ("the state is not carried: each step starts from h_0 where it should start from the state just made.",
         _forgets),
        ("step returns (h_t, y_t), in this order; yours are taken the other way round.",
         _swaps),
        ("step takes (x_t, h_prev), in this order; yours are passed the other way round.",
         _swaps_order),
        ("there is one output too many: T steps make y_1 to y_T.",
         lambda step, h_0, x_1, T: _generate(step, h_0, x_1, T + 1)),
        ("there is one output too few: T steps make y_1 to y_T.",
         lambda step, h_0, x_1, T: _generate(step, h_0, x_1, T - 1)),
        ("y_1 is missing: the first output is the one made from x_1.",
         lambda step, h_0, x_1, T: _generate(step, h_0, x_1, T + 1)[1:]),
        ("x_1 is an input, not an output: the list begins with y_1.",
         lambda step, h_0, x_1, T: np.array([x_1, *_generate(step, h_0, x_1, T)])),
        ("the inputs come back, x_1 to x_T; the outputs are wanted, y_1 to y_T.",
         lambda *args: _generate(*args, keep=lambda x, h, y: x)),
        ("the states come back; the outputs are wanted, y_1 to y_T.",
         lambda *args: _generate(*args, keep=lambda x, h, y: h)),
        ("only the last output comes back; the list of all is wanted, y_1 to y_T.",
         lambda *args: _generate(*args)[-1]),
    ),
)  # fmt: skip


# --- pad -------------------------------------------------------------------------------------------------------


def _pad(sequences, T=None, front=False, filling=0.0):
    T = max(map(len, sequences)) if T is None else T
    x, mask = np.full((T, len(sequences)), filling), np.zeros((T, len(sequences)), dtype=bool)
    for b, sequence in enumerate(sequences):
        n = min(len(sequence), T)
        place = slice(T - n, T) if front else slice(0, n)
        x[place, b], mask[place, b] = sequence[:n], True
    return x, mask


def _turned(sequences):
    return tuple(array.T for array in _pad(sequences))


def _masked_with(make):
    return lambda sequences: (_pad(sequences)[0], make(*_pad(sequences)))


def _pad_cases(rng):
    cases = []
    for lengths in [(3, 5), (1,), (2, 4, 4, 1), (2, 0, 3)]:
        sequences = [rng.uniform(-1, 1, n).round(2).tolist() for n in lengths]
        if len(lengths) > 1:
            sequences[0][1] = 0.0  # a zero that is data
        cases.append(Case(f"lengths = {list(lengths)}", (sequences,)))
    return cases


PAD = Exercise(
    name="pad",
    args=("sequences",),
    outputs=(("x", "(T, B)"), ("mask", "(T, B)")),
    cases=_pad_cases,
    reference=_pad,
    included="one sequence alone and an empty one",
    variants=(
        ("the batch stands first; time is the first axis: x[t, b].", _turned),
        ("the mask is inverted: True where there is data, False where there is padding.",
         _masked_with(lambda x, mask: ~mask)),
        ("the mask takes a zero in the data for padding: it follows from the lengths, not from the values.",
         _masked_with(lambda x, mask: x != 0)),
        ("the mask is True everywhere: it must be False at the padding.",
         _masked_with(lambda x, mask: np.ones_like(mask))),
        ("the padding stands in front; it belongs behind each sequence, so that all begin at t = 1.",
         lambda sequences: _pad(sequences, front=True)),
        ("the sequences are cut to the shortest; T is the longest length.",
         lambda sequences: _pad(sequences, T=min(map(len, sequences)))),
        ("mask and x come in the wrong order: return x, mask.",
         lambda sequences: _pad(sequences)[::-1]),
        ("the mask is right but the padding is not 0.",
         lambda sequences: _pad(sequences, filling=-1.0)),
        ("the mask is right but the padding is not 0.",
         lambda sequences: _pad(sequences, filling=np.nan)),
        ("the mask holds 1 and 0; make it True and False (dtype=bool): as an index, 1 and 0 would pick rows.",
         _masked_with(lambda x, mask: mask.astype(float))),
    ),
)  # fmt: skip
