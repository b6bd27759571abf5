"""Checks of the chapter *Long short-term memory*."""

from itertools import permutations

import numpy as np

from .cell import sigmoid
from .engine import Case, Exercise, judge

# --- one step forward, with every slip that it knows -----------------------------------------------------------


def _gates(x_t, h_prev, W_xh, W_hh, b_h, order="ifgo", squash=None, read=lambda h_prev: h_prev):
    """Return the four blocks by name, each behind its own activation."""
    blocks = np.split(x_t @ W_xh + read(h_prev) @ W_hh + b_h, 4, axis=-1)
    squash = {"i": sigmoid, "f": sigmoid, "g": np.tanh, "o": sigmoid, **(squash or {})}
    return {name: squash[name](block) for name, block in zip(order, blocks)}


def _step(x_t, h_prev, c_prev, W_xh, W_hh, b_h, *, cell=lambda i, f, g, c, h: f * c + i * g,
          out=lambda o, c, c_prev: o * np.tanh(c), **how):  # fmt: skip
    v = _gates(x_t, h_prev, W_xh, W_hh, b_h, **how)
    c_t = cell(v["i"], v["f"], v["g"], c_prev, h_prev)
    return out(v["o"], c_t, c_prev), c_t


def _slip(**how):
    return lambda *args: _step(*args, **how)


ORDER = "the blocks are read in the order {}; their columns stand in the order i, f, g, o."
ORDERS = sorted(set(map("".join, permutations("ifgo"))) - {"ifgo", "figo"})  # figo has a sentence of its own
LOGISTIC_CANDIDATE = (
    "g is squashed by the logistic function; the candidate is a tanh, so that it can also subtract."
)
TANH_GATES = "the gates i, f, o are squashed by tanh; a gate is σ, between 0 and 1."
NO_CANDIDATE = "g is not squashed: the candidate is tanh of its block."
NOT_CARRIED = "c_{t−1} is missing: c_t = f ⊙ c_{t−1} + i ⊙ g keeps what was there, as far as f lets it."
NO_INPUT_GATE = "the input gate is missing: what is written is i ⊙ g."
NO_FORGET_GATE = "the forget gate is missing: what is kept is f ⊙ c_{t−1}."
STATE_FOR_CELL = "f multiplies h_{t−1}; the memory that it keeps is c_{t−1}."
TIED = "i is replaced by 1 − f; in an LSTM the two gates are independent."
SWAPPED_ROLES = (
    "i and f have changed places: the first block is i, which lets g in, the second f, which keeps c_{t−1}."
)
COMPLEMENT = "c_{t−1} is multiplied by 1 − f; f says how much is kept, not how much is forgotten."
NO_TANH_OUT = "the tanh on the way out is missing: h_t = o ⊙ tanh(c_t)."
OLD_CELL_OUT = "h_t reads the old cell state; it reads the new one, h_t = o ⊙ tanh(c_t)."
NO_OUTPUT_GATE = "the output gate is missing: h_t = o ⊙ tanh(c_t)."
LOGISTIC_OUT = "c_t passes a logistic function on the way out; it is a tanh: h_t = o ⊙ tanh(c_t)."
GATE_INSIDE = "o stands inside the tanh; it multiplies behind it: h_t = o ⊙ tanh(c_t)."
SQUASHED_CELL = (
    "c_t itself is squashed; it is kept as it is, and the tanh belongs to reading it: h_t = o ⊙ tanh(c_t)."
)

_FORWARD = (
    *((ORDER.format(", ".join(order)), _slip(order=order)) for order in ORDERS),
    (LOGISTIC_CANDIDATE, _slip(squash={"g": sigmoid})),
    (TANH_GATES, _slip(squash={"i": np.tanh, "f": np.tanh, "o": np.tanh})),
    (NO_CANDIDATE, _slip(squash={"g": lambda a: a})),
    ("i, f, o and g are all squashed by tanh and σ has no place; a gate is σ, the candidate is tanh.",
     _slip(squash={"i": np.tanh, "f": np.tanh, "o": np.tanh, "g": sigmoid})),
    (NOT_CARRIED, _slip(cell=lambda i, f, g, c, h: i * g)),
    (NO_INPUT_GATE, _slip(cell=lambda i, f, g, c, h: f * c + g)),
    (NO_FORGET_GATE, _slip(cell=lambda i, f, g, c, h: c + i * g)),
    (STATE_FOR_CELL, _slip(cell=lambda i, f, g, c, h: f * h + i * g)),
    (TIED, _slip(cell=lambda i, f, g, c, h: f * c + (1 - f) * g)),
    (SWAPPED_ROLES, _slip(order="figo")),
    (COMPLEMENT, _slip(cell=lambda i, f, g, c, h: (1 - f) * c + i * g)),
    (NO_TANH_OUT, _slip(out=lambda o, c, before: o * c)),
    (OLD_CELL_OUT, _slip(out=lambda o, c, before: o * np.tanh(before))),
    (NO_OUTPUT_GATE, _slip(out=lambda o, c, before: np.tanh(c))),
    (LOGISTIC_OUT, _slip(out=lambda o, c, before: o * sigmoid(c))),
    (GATE_INSIDE, _slip(out=lambda o, c, before: np.tanh(o * c))),
    (SQUASHED_CELL, _slip(cell=lambda i, f, g, c, h: np.tanh(f * c + i * g), out=lambda o, c, before: o * c)),
    (SQUASHED_CELL, _slip(cell=lambda i, f, g, c, h: np.tanh(f * c + i * g))),
)  # fmt: skip


def _arguments(rng, B, D, H):
    """Draw x_t, h_{t−1}, c_{t−1}, W_xh, W_hh, b_h."""
    h_prev, c_prev = rng.uniform(-0.9, 0.9, (B, H)), rng.normal(size=(B, H))
    weights = rng.normal(size=(D, 4 * H)), rng.normal(size=(H, 4 * H)), rng.normal(size=4 * H)
    return rng.normal(size=(B, D)), h_prev, c_prev, *weights


def _step_cases(rng):
    shapes = ((3, 2, 4), (1, 3, 2), (4, 2, 3), (2, 1, 1))
    return [Case(f"B = {B}, D = {D}, H = {H}", _arguments(rng, B, D, H)) for B, D, H in shapes]


LSTM_STEP = Exercise(
    name="lstm_step",
    args=("x_t", "h_prev", "c_prev", "W_xh", "W_hh", "b_h"),
    outputs=(("h_t", "(B, H)"), ("c_t", "(B, H)")),
    cases=_step_cases,
    reference=_step,
    included="B = 1 and H = 1",
    chain=("c_t", "h_t"),
    variants=(
        *_FORWARD,
        ("h_t and c_t are swapped: return (h_t, c_t), in this order.", lambda *args: _step(*args)[::-1]),
        ("b_h is missing: a_t = x_t W_xh + h_{t−1} W_hh + b_h.", lambda *args: _step(*args[:5], 0 * args[5])),
        ("h_{t−1} is missing: the gates and the candidate read it too, by W_hh.", _slip(read=lambda h: 0 * h)),
        ("the gates read c_{t−1}; they read the output before, h_{t−1}.",
         lambda x_t, h_prev, c_prev, *rest: _step(x_t, c_prev, c_prev, *rest)),
        ("x_t is missing: the gates and the candidate read it, by W_xh.", lambda *args: _step(0 * args[0], *args[1:])),
    ),
)  # fmt: skip


# --- lstm_fixed ------------------------------------------------------------------------------------------------


def _run(step, carried=lambda c: c):
    """Return the walk forward over all x from zero states, made of a step: (h, c), each (T+1, B, H)."""

    def run(x, W_xh, W_hh, b_h):
        h, c = [np.zeros((x.shape[1], len(W_hh)))], [np.zeros((x.shape[1], len(W_hh)))]
        for x_t in x:
            h_t, c_t = step(x_t, h[-1], carried(c[-1]), W_xh, W_hh, b_h)
            h, c = [*h, h_t], [*c, c_t]
        return np.array(h), np.array(c)

    return run


def _run_cases(rng):
    cases = []
    for T, B, D, H in ((5, 3, 2, 4), (3, 1, 3, 2), (4, 2, 1, 1)):
        weights = _arguments(rng, B, D, H)[3:]
        cases.append(Case(f"T = {T}, B = {B}, D = {D}, H = {H}", (rng.normal(size=(T, B, D)), *weights)))
    return cases


LSTM_FIXED = Exercise(
    name="lstm_fixed",
    args=("x", "W_xh", "W_hh", "b_h"),
    outputs=(("h", "(T+1, B, H)"), ("c", "(T+1, B, H)")),
    cases=_run_cases,
    reference=_run(_step),
    included="B = 1 and H = 1",
    chain=("c", "h"),
    variants=(
        ("still as it was given: the blocks and the way out are right; look at what f multiplies.",
         _run(_slip(cell=lambda i, f, g, c, h: f * h + i * g))),
        ("the memory starts from 0 at every step; c_t needs the c_{t−1} of the step before.",
         _run(_step, lambda c: 0 * c)),
        *((sentence, _run(step)) for sentence, step in _FORWARD
          if sentence not in (STATE_FOR_CELL, NOT_CARRIED)),
        ("h_0 and c_0 are missing: h[0] and c[0] are the zeros that it starts from.",
         lambda *args: tuple(states[1:] for states in _run(_step)(*args))),
        ("h and c are swapped: return (h, c), in this order.", lambda *args: _run(_step)(*args)[::-1]),
    ),
)  # fmt: skip


# --- open_forget -----------------------------------------------------------------------------------------------


def _set_block(place, add=False):
    """Return b_h with the block at a place, 0 to 3, set to a value (or raised by it)."""

    def run(b_h, value):
        b_h, H = b_h.copy(), len(b_h) // 4
        block = slice(place * H, (place + 1) * H)
        b_h[block] = b_h[block] + value if add else value
        return b_h

    return run


def _interleaved(b_h, value):
    b_h = b_h.copy()
    b_h[1::4] = value
    return b_h


def _one_entry(b_h, value):
    b_h = b_h.copy()
    b_h[len(b_h) // 4] = value
    return b_h


def _from_f_on(b_h, value):
    b_h = b_h.copy()
    b_h[len(b_h) // 4 :] = value
    return b_h


OPEN_FORGET = Exercise(
    name="open_forget",
    args=("b_h", "value"),
    outputs=(("b_h", "(4H,)"),),
    cases=lambda rng: [
        Case(f"H = {H}", (rng.normal(size=4 * H), value)) for H, value in ((3, 1.0), (4, -2.0), (1, 5.0))
    ],
    reference=_set_block(1),
    included="H = 1",
    variants=(
        ("the first block is set, which is i's; f's is the second, from H to 2H.", _set_block(0)),
        ("the third block is set, which is g's; f's is the second, from H to 2H.", _set_block(2)),
        ("the fourth block is set, which is o's; f's is the second, from H to 2H.", _set_block(3)),
        ("the value is added to f's block; it is to stand there in the place of what was there.",
         _set_block(1, add=True)),
        ("every fourth entry is set, as if the gates alternated; each gate has a block of H in a row.", _interleaved),
        ("only one entry is set; f's block has H of them, one for each unit.", _one_entry),
        ("everything from f's block on is set; the block ends at 2H.", _from_f_on),
        ("all entries are set; f's block is the second, from H to 2H, and the others stay as they are.",
         lambda b_h, value: np.full(b_h.shape, value)),
        ("only f's block comes back; return all of b_h, (4H,).",
         lambda b_h, value: np.full(len(b_h) // 4, value)),
        ("f's block holds σ(value); b_h stands before the σ, so it holds the value itself.",
         lambda b_h, value: _set_block(1)(b_h, sigmoid(value))),
        ("the other blocks are set to 0; they stay as they are.",
         lambda b_h, value: _set_block(1)(0 * b_h, value)),
    ),
)  # fmt: skip


# --- forget_bias_for -------------------------------------------------------------------------------------------


def _logit(f):
    return np.log(f / (1 - f))


FORGET_BIAS_FOR = Exercise(
    name="forget_bias_for",
    args=("share", "steps"),
    outputs=(("b_f", "()"),),
    cases=lambda rng: [
        Case(f"share = {share}, steps = {steps}", (share, steps))
        for share, steps in ((0.5, 20), (0.1, 50), (0.9, 100), (0.5, 1))
    ],
    reference=lambda share, steps: _logit(share ** (1 / steps)),
    included="one step",
    variants=(
        ("this is f; the bias stands before the σ: b_f = ln(f / (1 − f)).", lambda share, steps: share ** (1 / steps)),
        ("f is taken as share / steps; f multiplies at every step, so f is the steps-th root of the share.",
         lambda share, steps: _logit(share / steps)),
        ("f is taken as 1 − (1 − share) / steps, as if each step took the same amount; each takes the same part, so "
         "f is the steps-th root of the share.",
         lambda share, steps: _logit(1 - (1 - share) / steps)),
        ("this is −b_f: b_f = ln(f / (1 − f)), and it is positive where f is above ½.",
         lambda share, steps: -_logit(share ** (1 / steps))),
        ("this is σ(f); what is wanted is the b_f with σ(b_f) = f, ln(f / (1 − f)).",
         lambda share, steps: sigmoid(share ** (1 / steps))),
        ("this is ln f; the inverse of σ is ln(f / (1 − f)).", lambda share, steps: np.log(share) / steps),
        ("the root is missing: this bias leaves the share after one step, not after all.",
         lambda share, steps: _logit(share)),
        ("f is raised to the power of steps; it is the root: f = share^(1 / steps).",
         lambda share, steps: _logit(share**steps)),
        ("this is artanh, the inverse of tanh; f is a logistic gate, so b_f = ln(f / (1 − f)).",
         lambda share, steps: np.arctanh(share ** (1 / steps))),
    ),
)  # fmt: skip


# --- lstm_step_backward ----------------------------------------------------------------------------------------

_SLOPES = {
    "i": lambda v: v * (1 - v),
    "f": lambda v: v * (1 - v),
    "g": lambda v: 1 - v * v,
    "o": lambda v: v * (1 - v),
}
_FACTORS = {
    "i": lambda v: v["g"],
    "f": lambda v: v["c_prev"],
    "g": lambda v: v["i"],
    "o": lambda v: np.tanh(v["c_t"]),
}
_GAMMA = lambda dh, dc, v: dc + dh * v["o"] * (1 - np.tanh(v["c_t"]) ** 2)


def _back(dh_t, dc_t, c_prev, c_t, gates, W_hh, *, gamma=_GAMMA, slopes=None, factors=None, order="ifgo",
          sent=None, keep=lambda gamma, v: gamma * v["f"], back=lambda da, W: da @ W.T):  # fmt: skip
    """Return (da, dh_prev, dc_prev); each keyword is a place for a mistake."""
    v = {**dict(zip("ifgo", gates)), "c_prev": c_prev, "c_t": c_t}
    slopes, factors = {**_SLOPES, **(slopes or {})}, {**_FACTORS, **(factors or {})}
    total = gamma(dh_t, dc_t, v)
    source = {"i": total, "f": total, "g": total, "o": dh_t, **(sent(dh_t, dc_t, total) if sent else {})}
    da = np.concatenate([source[n] * factors[n](v) * slopes[n](v[n]) for n in order], axis=-1)
    return da, back(da, W_hh), keep(total, v)


def _back_slip(**how):
    return lambda *args: _back(*args, **how)


def _without_slope(names):
    return dict.fromkeys(names, lambda value: 1.0)


def _back_cases(rng):
    cases = []
    for B, H in ((3, 4), (1, 2), (4, 3), (2, 1)):
        x_t, h_prev, c_prev, *weights = _arguments(rng, B, 2, H)
        v = _gates(x_t, h_prev, *weights)
        c_t = v["f"] * c_prev + v["i"] * v["g"]
        dh_t, dc_t = rng.normal(size=(2, B, H))
        cases.append(
            Case(f"B = {B}, H = {H}", (dh_t, dc_t, c_prev, c_t, np.array([v[n] for n in "ifgo"]), weights[1]))
        )
    return cases


LSTM_STEP_BACKWARD = Exercise(
    name="lstm_step_backward",
    args=("dh_t", "dc_t", "c_prev", "c_t", "gates", "W_hh"),
    outputs=(("da", "(B, 4H)"), ("dh_prev", "(B, H)"), ("dc_prev", "(B, H)")),
    cases=_back_cases,
    reference=_back,
    included="B = 1 and H = 1",
    chain=("dc_prev", "da", "dh_prev"),
    variants=(
        ("what h_t sends to c_t is missing: γ_t = dc_t + dh_t ⊙ o ⊙ (1 − tanh²(c_t)).",
         _back_slip(gamma=lambda dh, dc, v: dc)),
        ("dc_t is dropped: γ_t adds what comes from c_{t+1} to what comes through h_t.",
         _back_slip(gamma=lambda dh, dc, v: _GAMMA(dh, 0, v))),
        ("on the way from h_t to c_t the output gate is missing: dh_t ⊙ o ⊙ (1 − tanh²(c_t)).",
         _back_slip(gamma=lambda dh, dc, v: dc + dh * (1 - np.tanh(v["c_t"]) ** 2))),
        ("on the way from h_t to c_t the slope of the tanh is missing: dh_t ⊙ o ⊙ (1 − tanh²(c_t)).",
         _back_slip(gamma=lambda dh, dc, v: dc + dh * v["o"])),
        ("the slope of the tanh is taken as 1 − c_t²; c_t stands before the tanh, so it is 1 − tanh²(c_t).",
         _back_slip(gamma=lambda dh, dc, v: dc + dh * v["o"] * (1 - v["c_t"] ** 2))),
        ("the slope of the tanh lacks its square: 1 − tanh²(c_t).",
         _back_slip(gamma=lambda dh, dc, v: dc + dh * v["o"] * (1 - np.tanh(v["c_t"])))),
        ("the tanh of the old cell state is used; h_t = o ⊙ tanh(c_t), with the new one.",
         _back_slip(gamma=lambda dh, dc, v: dc + dh * v["o"] * (1 - np.tanh(v["c_prev"]) ** 2))),
        ("dc_t passes the output gate and the tanh, too; only what comes through h_t does.",
         _back_slip(gamma=lambda dh, dc, v: _GAMMA(dh + dc, 0, v))),
        ("dh_t reaches c_t as it is; between them stand o and the slope of the tanh.",
         _back_slip(gamma=lambda dh, dc, v: dc + dh)),
        ("dc_prev lacks the forget gate: c_{t−1} went into c_t with the factor f.",
         _back_slip(keep=lambda gamma, v: gamma)),
        ("dc_prev is multiplied by i; c_{t−1} went into c_t with the factor f.",
         _back_slip(keep=lambda gamma, v: gamma * v["i"])),
        ("dc_prev is multiplied by 1 − f; c_{t−1} went into c_t with the factor f.",
         _back_slip(keep=lambda gamma, v: gamma * (1 - v["f"]))),
        ("dc_prev is made from dc_t alone; what came through h_t goes on to c_{t−1} as well: γ_t ⊙ f.",
         lambda *args: (*_back(*args)[:2], args[1] * args[4][1])),
        ("dc_prev is 0: what is known of c_t goes on to c_{t−1}, times f. Without it the memory cannot be trained.",
         _back_slip(keep=lambda gamma, v: 0 * gamma)),
        ("σ′ is missing in da for the gates: behind i, f and o stands the factor v (1 − v).",
         _back_slip(slopes=_without_slope("ifo"))),
        ("φ′ is missing in da for the candidate: g is a tanh, so its factor is 1 − g².",
         _back_slip(slopes=_without_slope("g"))),
        ("the slopes are missing in da: v (1 − v) for i, f, o and 1 − g² for g.",
         _back_slip(slopes=_without_slope("ifgo"))),
        ("the candidate has the slope of σ; g is a tanh: 1 − g².", _back_slip(slopes={"g": lambda v: v * (1 - v)})),
        ("the gates have the slope of tanh; i, f and o are σ: v (1 − v).",
         _back_slip(slopes=dict.fromkeys("ifo", _SLOPES["g"]))),
        ("the forget gate's block uses c_t; what f multiplied is c_{t−1}.",
         _back_slip(factors={"f": lambda v: v["c_t"]})),
        ("the output gate's block uses c_t; what o multiplied is tanh(c_t).",
         _back_slip(factors={"o": lambda v: v["c_t"]})),
        ("the blocks of i and g use their own value; each is one factor of i ⊙ g and gets the other.",
         _back_slip(factors={"i": lambda v: v["i"], "g": lambda v: v["g"]})),
        ("the output gate's block is made from γ_t; o acts on the loss through h_t, so it gets dh_t.",
         _back_slip(sent=lambda dh, dc, total: {"o": total})),
        ("the blocks of i, f and g are made from dc_t alone; they act through c_t, whose total is γ_t.",
         _back_slip(sent=lambda dh, dc, total: dict.fromkeys("ifg", dc))),
        ("the blocks of i, f and g are made from dh_t; they act through c_t, whose total is γ_t.",
         _back_slip(sent=lambda dh, dc, total: dict.fromkeys("ifg", dh))),
        *((f"the blocks of da stand in the order {', '.join(order)}; the order is i, f, g, o.", _back_slip(order=order))
          for order in [*ORDERS, "figo"]),
        ("dh_prev goes back through W_hh; it goes back through its transpose: da @ W_hh.T.",
         lambda *args: (*_back(*args)[:1], _through_blocks(_back(*args)[0], args[5]), _back(*args)[2])),
        ("dh_prev holds dh_t as well; what h_{t−1} gets from step t is da W_hhᵀ alone.",
         lambda *args: (lambda da, dh, dc: (da, dh + args[0], dc))(*_back(*args))),
        ("dh_prev collects one gate only; h_{t−1} went into all four blocks.",
         lambda *args: (lambda da, dh, dc: (da, _one_block(da, args[5], 2), dc))(*_back(*args))),
        ("dh_prev and dc_prev are swapped: return (da, dh_prev, dc_prev), in this order.",
         lambda *args: tuple(_back(*args)[k] for k in (0, 2, 1))),
        ("da is a list of four blocks, one axis more; put them side by side: np.concatenate([…], axis=-1).",
         lambda *args: (lambda da, dh, dc: (np.array(np.split(da, 4, axis=-1)), dh, dc))(*_back(*args))),
        ("the sign is reversed: return the gradient itself, not the step against it.",
         lambda *args: tuple(-part for part in _back(*args))),
    ),
)  # fmt: skip


def _through_blocks(da, W_hh):
    """Send each block back through its own square matrix, untransposed."""
    blocks = zip(np.split(da, 4, axis=-1), np.split(W_hh, 4, axis=1))
    return sum(block @ W for block, W in blocks)


def _one_block(da, W_hh, place):
    """Send one block alone back."""
    return np.split(da, 4, axis=-1)[place] @ np.split(W_hh, 4, axis=1)[place].T


# --- the checks ------------------------------------------------------------------------------------------------


def lstm_step(function):
    """Check `lstm_step(x_t, h_prev, c_prev, W_xh, W_hh, b_h)` → (h_t, c_t), each (B, H).

    x_t (B, D), h_prev and c_prev (B, H), W_xh (D, 4H), W_hh (H, 4H), b_h (4H,), blocks in the order i, f, g, o. Answers
    with a Result; never raises.

    >>> lstm_step(...)
    Not done yet: there is no function lstm_step yet.
    """
    return judge(function, LSTM_STEP)


def lstm_fixed(function):
    """Check the repaired `lstm_fixed(x, W_xh, W_hh, b_h)` → (h, c), each (T+1, B, H), from zero states.

    Answers with a Result; never raises.

    >>> lstm_fixed(...)
    Not done yet: there is no function lstm_fixed yet.
    """
    return judge(function, LSTM_FIXED)


def open_forget(function):
    """Check `open_forget(b_h, value)` → b_h (4H,) with the forget gate's block set.

    Answers with a Result; never raises.

    >>> open_forget(...)
    Not done yet: there is no function open_forget yet.
    """
    return judge(function, OPEN_FORGET)


def forget_bias_for(function):
    """Check `forget_bias_for(share, steps)` → the b_f with σ(b_f) to the power of steps = share.

    Answers with a Result; never raises.

    >>> forget_bias_for(...)
    Not done yet: there is no function forget_bias_for yet.
    """
    return judge(function, FORGET_BIAS_FOR)


def lstm_step_backward(function):
    """Check `lstm_step_backward(dh_t, dc_t, c_prev, c_t, gates, W_hh)` → (da, dh_prev, dc_prev).

    dh_t (B, H) the total ∂L/∂h_t, dc_t (B, H) what comes back to c_t from c_{t+1}, gates (4, B, H): i, f, g, o; da is
    (B, 4H). Answers with a Result; never raises.

    >>> lstm_step_backward(...)
    Not done yet: there is no function lstm_step_backward yet.
    """
    return judge(function, LSTM_STEP_BACKWARD)
