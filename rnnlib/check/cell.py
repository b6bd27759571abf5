"""Checks of the chapter *The recurrent cell*."""

import numpy as np

from .engine import Case, Exercise, judge


def rnn_step(function):
    """Check `rnn_step(x_t, h_prev, W_xh, W_hh, b_h)`: h_t = tanh(x_t W_xh + h_{t−1} W_hh + b_h), of shape (B, H).

    x_t (B, D), h_prev (B, H), W_xh (D, H), W_hh (H, H), b_h (H,). Answers with a Result; never raises.

    >>> rnn_step(lambda x_t, h_prev, W_xh, W_hh, b_h: np.tanh(x_t @ W_xh + h_prev @ W_hh))
    Not yet: the bias b_h is missing inside the tanh.
    """
    return judge(function, RNN_STEP)


def rnn_forward(function):
    """Check `rnn_forward(x, h_0, W_xh, W_hh, b_h)`: all states (T+1, B, H), beginning with h_0.

    x (T, B, D), h_0 (B, H). Answers with a Result; never raises.

    >>> def forward(x, h_0, W_xh, W_hh, b_h):
    ...     return np.array([np.tanh(x_t @ W_xh + h_0 @ W_hh + b_h) for x_t in x])
    >>> rnn_forward(forward)
    Not yet: h has shape (3, 2, 5); expected (T+1, B, H) = (4, 2, 5) with T = 3, B = 2, D = 4, H = 5.
    """
    return judge(function, RNN_FORWARD)


def parameter_count(function):
    """Check `parameter_count(D, H, O)`: the number of parameters of a cell with its readout.

    Answers with a Result; never raises.

    >>> parameter_count(lambda D, H, O: D * H + H * H + H * O)
    Not yet: both biases are missing: b_h has H entries and b_y has O.
    """
    return judge(function, PARAMETER_COUNT)


def readout_fixed(function):
    """Check the repaired `readout_fixed(h, W_hy, b_y)`: outputs (T, B, O), each read from the new state.

    h (T+1, B, H) with h[0] = h_0, W_hy (H, O), b_y (O,). Answers with a Result; never raises.

    >>> readout_fixed(lambda h, W_hy, b_y: h[:-1] @ W_hy + b_y)
    Not yet: each output is still read from the old state: o_t comes from h_t, so the first of them reads h[1].
    """
    return judge(function, READOUT_FIXED)


# --- rnn_step --------------------------------------------------------------------------------------------------


def sigmoid(a):
    """The logistic function, as a chapter writes it.

    >>> float(sigmoid(0.0))
    0.5
    """
    return 1 / (1 + np.exp(-a))


def _step(x_t, h_prev, W_xh, W_hh, b_h, phi=np.tanh):
    return phi(x_t @ W_xh + h_prev @ W_hh + b_h)


def _weights(rng, D, H):
    return rng.normal(size=(D, H)), rng.normal(size=(H, H)) * 0.8, rng.normal(size=H)


def _step_cases(rng):
    cases = []
    for B, D, H in [(2, 3, 4), (1, 1, 1), (1, 4, 4), (3, 3, 3), (4, 2, 3)]:
        args = rng.normal(size=(B, D)), rng.normal(size=(B, H)), *_weights(rng, D, H)
        cases.append(Case(f"B = {B}, D = {D}, H = {H}", args))
    return cases


# Mistakes inside one step; rnn_forward knows them too.
STEP_MISTAKES = (
    ("W_hh stands transposed: rows are sequences, so the product is h_{t−1} W_hh, not h_{t−1} W_hhᵀ.",
     lambda x, h, W_xh, W_hh, b: _step(x, h, W_xh, W_hh.T, b)),
    ("W_xh stands transposed: rows are sequences, so the product is x_t W_xh.",
     lambda x, h, W_xh, W_hh, b: _step(x, h, W_xh.T, W_hh, b)),
    ("both matrices stand transposed: rows are sequences, so the products are x_t W_xh and h_{t−1} W_hh.",
     lambda x, h, W_xh, W_hh, b: _step(x, h, W_xh.T, W_hh.T, b)),
    ("the weights stand on the left, as for column vectors; here rows are sequences: x_t W_xh + h_{t−1} W_hh.",
     lambda x, h, W_xh, W_hh, b: np.tanh(W_xh @ x + W_hh @ h + b)),
    ("W_hh @ h_prev has the order of column vectors; rows are sequences, so it is h_prev @ W_hh.",
     lambda x, h, W_xh, W_hh, b: np.tanh(x @ W_xh + W_hh @ h + b)),
    ("the activation is missing: h_t = tanh(a_t), and only a_t is computed.",
     lambda *args: _step(*args, phi=lambda a: a)),
    ("the logistic function stands where the tanh belongs.",
     lambda *args: _step(*args, phi=sigmoid)),
    ("a ReLU stands where the tanh belongs.",
     lambda *args: _step(*args, phi=lambda a: np.maximum(a, 0))),
    ("the bias b_h is missing inside the tanh.",
     lambda x, h, W_xh, W_hh, b: _step(x, h, W_xh, W_hh, 0.0)),
    ("the bias b_h is subtracted instead of added.",
     lambda x, h, W_xh, W_hh, b: _step(x, h, W_xh, W_hh, -b)),
    ("b_h is added after the tanh: it belongs inside, in a_t.",
     lambda x, h, W_xh, W_hh, b: _step(x, h, W_xh, W_hh, 0.0) + b),
    ("the tanh takes only the input's part: it belongs around the whole sum a_t.",
     lambda x, h, W_xh, W_hh, b: np.tanh(x @ W_xh) + h @ W_hh + b),
    ("the tanh takes only the state's part: it belongs around the whole sum a_t.",
     lambda x, h, W_xh, W_hh, b: x @ W_xh + np.tanh(h @ W_hh + b)),
    ("the tanh takes only the state's part: it belongs around the whole sum a_t.",
     lambda x, h, W_xh, W_hh, b: x @ W_xh + np.tanh(h @ W_hh) + b),
    ("the tanh takes only the input's part: it belongs around the whole sum a_t.",
     lambda x, h, W_xh, W_hh, b: np.tanh(x @ W_xh + b) + h @ W_hh),
    ("the tanh is taken of each part apart: it belongs around the whole sum a_t.",
     lambda x, h, W_xh, W_hh, b: np.tanh(x @ W_xh) + np.tanh(h @ W_hh + b)),
    ("the input is missing: x_t W_xh belongs into the sum.",
     lambda x, h, W_xh, W_hh, b: np.tanh(h @ W_hh + b)),
    ("the old state is missing: without h_{t−1} W_hh nothing is remembered.",
     lambda x, h, W_xh, W_hh, b: np.tanh(x @ W_xh + b)),
    ("the weights are swapped: W_xh goes with x_t, W_hh with h_{t−1}.",
     lambda x, h, W_xh, W_hh, b: np.tanh(x @ W_hh + h @ W_xh + b)),
    ("only the diagonal of W_hh is used, so each unit hears itself alone; every unit reads every unit: h_prev @ W_hh.",
     lambda x, h, W_xh, W_hh, b: np.tanh(x @ W_xh + h * np.diag(W_hh) + b)),
    ("`*` multiplies entry by entry; h_{t−1} W_hh is a matrix product, written h_prev @ W_hh.",
     lambda x, h, W_xh, W_hh, b: np.tanh(x @ W_xh + h * W_hh + b)),
    ("`*` multiplies entry by entry; x_t W_xh is a matrix product, written x_t @ W_xh.",
     lambda x, h, W_xh, W_hh, b: np.tanh(x * W_xh + h @ W_hh + b)),
    ("`*` multiplies entry by entry; x_t W_xh and h_{t−1} W_hh are matrix products, written with `@`.",
     lambda x, h, W_xh, W_hh, b: np.tanh(x * W_xh + h * W_hh + b)),
)  # fmt: skip

RNN_STEP = Exercise(
    name="rnn_step",
    args=("x_t", "h_prev", "W_xh", "W_hh", "b_h"),
    outputs=(("h_t", "(B, H)"),),
    cases=_step_cases,
    reference=_step,
    included="B = 1 and D = H",
    variants=STEP_MISTAKES,
)


# --- rnn_forward -----------------------------------------------------------------------------------------------


def _forward(x, h_0, W_xh, W_hh, b_h, step=_step):
    h = [h_0]
    for x_t in x:
        h.append(step(x_t, h[-1], W_xh, W_hh, b_h))
    return np.array(h)


def _forward_cases(rng):
    cases = []
    for T, B, D, H in [(3, 2, 4, 5), (1, 1, 2, 3), (3, 3, 3, 3), (5, 1, 3, 2), (6, 3, 1, 4)]:
        args = rng.normal(size=(T, B, D)), rng.normal(size=(B, H)) * 0.5, *_weights(rng, D, H)
        cases.append(Case(f"T = {T}, B = {B}, D = {D}, H = {H}", args))
    return cases


def _not_carried(x, h_0, *params):
    return np.array([h_0, *(_step(x_t, h_0, *params) for x_t in x)])


def _from_zeros(x, h_0, *params):
    return np.array([h_0, *_forward(x, 0 * h_0, *params)[1:]])


def _batch_first(x, h_0, *params):
    return _forward(x.swapaxes(0, 1), h_0, *params)


def _next_inputs(beyond):
    """x[t] is read for x[t-1]; `beyond` is the place that is read in the last step, or None for zeros."""

    def forward(x, h_0, *params):
        last = 0 * x[:1] if beyond is None else x[beyond][None]
        return _forward(np.concatenate([x[1:], last]), h_0, *params)

    return forward


def _next_inputs_last_left_out(x, h_0, *params):
    return _forward(x[1:], h_0, *params)


def _next_inputs_last_zero(x, h_0, *params):
    return np.array([*_forward(x[1:], h_0, *params), 0 * h_0])


def _same_array(*args):
    h = _forward(*args)
    return np.broadcast_to(h[-1], h.shape)


def _whole_loop(step):
    return lambda *args: _forward(*args, step=step)


_NEXT = "x[t-1] is x_t: the first input is x[0], and h[t] is made from x[t-1]; x[t] is the next step's."

RNN_FORWARD = Exercise(
    name="rnn_forward",
    args=("x", "h_0", "W_xh", "W_hh", "b_h"),
    outputs=(("h", "(T+1, B, H)"),),
    cases=_forward_cases,
    reference=_forward,
    included="T = 1 and B = 1",
    hints=((r"(^|: )x\[[^\]]*\] asks for index [1-9]\d* along axis 0,", f"Here {_NEXT}"),),
    variants=(
        ("h_0 is left out: T inputs make T + 1 states, and h[0] is h_0.",
         lambda *args: _forward(*args)[1:]),
        ("the last state is missing: T inputs make T + 1 states, h[0] to h[T].",
         lambda *args: _forward(*args)[:-1]),
        ("only the last state comes back; all T + 1 are wanted.",
         lambda *args: _forward(*args)[-1]),
        ("the state is not carried: every step reads h_0 where it should read h[t-1], the state just before.",
         _not_carried),
        ("h[0] is h_0, but the loop starts from zeros: h[1] must be made from h_0.",
         _from_zeros),
        ("h_0 is ignored: the states start from zeros, not from the h_0 that was passed.",
         lambda x, h_0, *params: _forward(x, 0 * h_0, *params)),
        ("time runs backwards: h[1] is made from x[0], the first input.",
         lambda x, h_0, *params: _forward(x[::-1], h_0, *params)),
        ("the states come in reverse order: h[0] is h_0.",
         lambda *args: _forward(*args)[::-1]),
        ("the inputs are shifted by one: h[t] is made from x[t-1], so h[1] reads x[0].",
         lambda x, h_0, *params: _forward(np.roll(x, 1, axis=0), h_0, *params)),
        (_NEXT, _next_inputs(0)),
        (_NEXT, _next_inputs(-1)),
        (_NEXT, _next_inputs(None)),
        (_NEXT, _next_inputs_last_left_out),
        (_NEXT, _next_inputs_last_zero),
        ("x is read as if the batch came first; here time is the first axis: x[0] is x_1 of all sequences.",
         _batch_first),
        ("the batch stands first in the answer; time is the first axis: (T+1, B, H).",
         lambda *args: _forward(*args).swapaxes(0, 1)),
        ("all the states are equal to the last: one array is stored T + 1 times. Store a new array at each step.",
         _same_array),
        *((sentence, _whole_loop(step)) for sentence, step in STEP_MISTAKES),
    ),
)  # fmt: skip


# --- parameter_count -------------------------------------------------------------------------------------------


def _count(D, H, O):
    return D * H + H * H + H + H * O + O


def _count_cases(rng):
    sizes = [(45, 16, 45), (1, 1, 1), *map(tuple, rng.integers(2, 60, (4, 3)).tolist())]
    return [Case(f"D = {D}, H = {H}, O = {O}", (D, H, O)) for D, H, O in sizes]


PARAMETER_COUNT = Exercise(
    name="parameter_count",
    args=("D", "H", "O"),
    outputs=(("the number of parameters", "()"),),
    cases=_count_cases,
    reference=_count,
    included="D = H = O = 1",
    variants=(
        ("both biases are missing: b_h has H entries and b_y has O.",
         lambda D, H, O: D * H + H * H + H * O),
        ("the bias b_h is missing: it has H entries.",
         lambda D, H, O: _count(D, H, O) - H),
        ("the bias b_y is missing: it has O entries.",
         lambda D, H, O: _count(D, H, O) - O),
        ("the cell has one bias here, b_h, not one for each matrix.",
         lambda D, H, O: _count(D, H, O) + H),
        ("W_hh is counted with H entries, but every unit reads every unit: it has H · H.",
         lambda D, H, O: _count(D, H, O) - H * H + H),
        ("W_hh is missing: the state is read by H · H weights.",
         lambda D, H, O: _count(D, H, O) - H * H),
        ("W_xh is missing: the input is read by D · H weights.",
         lambda D, H, O: _count(D, H, O) - D * H),
        ("the readout is missing: W_hy has H · O entries and b_y has O.",
         lambda D, H, O: D * H + H * H + H),
        ("W_hy is missing: the readout has H · O weights.",
         lambda D, H, O: _count(D, H, O) - H * O),
        ("the readout reads the state, which has H units: W_hy is H by O, not D by O.",
         lambda D, H, O: _count(D, H, O) - H * O + D * O),
        ("each bias is counted once a unit, H for b_h and O for b_y, not once for both with H.",
         lambda D, H, O: _count(D, H, O) - O + H),
        ("these are the shapes added up; a matrix of shape (D, H) has D · H entries.",
         lambda D, H, O: (D + H) + (H + H) + H + (H + O) + O),
    ),
)  # fmt: skip


# --- readout_fixed ---------------------------------------------------------------------------------------------


def _readout(h, W_hy, b_y):
    return h[1:] @ W_hy + b_y


def _readout_cases(rng):
    cases = []
    for T, B, H, O in [(3, 2, 4, 5), (1, 1, 2, 1), (5, 3, 3, 3), (4, 1, 2, 3)]:
        args = rng.normal(size=(T + 1, B, H)), rng.normal(size=(H, O)), rng.normal(size=O)
        cases.append(Case(f"T = {T}, B = {B}, H = {H}, O = {O}", args))
    return cases


READOUT_FIXED = Exercise(
    name="readout_fixed",
    args=("h", "W_hy", "b_y"),
    outputs=(("o", "(T, B, O)"),),
    cases=_readout_cases,
    reference=_readout,
    included="T = 1 and B = 1",
    variants=(
        ("each output is still read from the old state: o_t comes from h_t, so the first of them reads h[1].",
         lambda h, W_hy, b_y: h[:-1] @ W_hy + b_y),
        ("there is an output for h_0 too: T inputs make T outputs, from h[1] on.",
         lambda h, W_hy, b_y: h @ W_hy + b_y),
        ("only the last output comes back; one for each of the T steps is wanted.",
         lambda h, W_hy, b_y: h[-1] @ W_hy + b_y),
        ("the bias b_y is missing.",
         lambda h, W_hy, b_y: h[1:] @ W_hy),
        ("these are the new states, but h[1:] runs from the first to the last: yours come in reverse order.",
         lambda h, W_hy, b_y: h[:0:-1] @ W_hy + b_y),
        ("the first output is missing: o_1 is read from h[1].",
         lambda h, W_hy, b_y: h[2:] @ W_hy + b_y),
        ("a readout gives logits: no tanh around them.",
         lambda h, W_hy, b_y: np.tanh(h[1:] @ W_hy + b_y)),
        ("W_hy stands transposed: rows are sequences, so the product is h_t W_hy.",
         lambda h, W_hy, b_y: h[1:] @ W_hy.T + b_y),
    ),
)  # fmt: skip
