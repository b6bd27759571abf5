"""Every check of *Long short-term memory* names the mistake that was made."""

import math

import numpy as np
import pytest

import rnnlib
from rnnlib import check

# --- lstm_step and lstm_fixed: one step, line by line ----------------------------------------------------------

LINES = {
    "a": "x_t @ W_xh + h_prev @ W_hh + b_h",
    "blocks": "a_i, a_f, a_g, a_o = a[:, :H], a[:, H:2*H], a[:, 2*H:3*H], a[:, 3*H:]",
    "i": "1 / (1 + np.exp(-a_i))",
    "f": "1 / (1 + np.exp(-a_f))",
    "g": "np.tanh(a_g)",
    "o": "1 / (1 + np.exp(-a_o))",
    "c": "f * c_prev + i * g",
    "h": "o * np.tanh(c)",
    "back": "h, c",
}


def step(**lines):
    """Write a step with some of its lines changed."""
    line = {**LINES, **lines}
    source = f"""
def lstm_step(x_t, h_prev, c_prev, W_xh, W_hh, b_h):
    H = h_prev.shape[1]
    a = {line["a"]}
    {line["blocks"]}
    i = {line["i"]}
    f = {line["f"]}
    g = {line["g"]}
    o = {line["o"]}
    c = {line["c"]}
    h = {line["h"]}
    return {line["back"]}
"""
    space = {"np": np}
    exec(source, space)
    return space["lstm_step"]


def in_order(names):
    return step(blocks=f"a_{names[0]}, a_{names[1]}, a_{names[2]}, a_{names[3]} = np.hsplit(a, 4)")


WRONG = {
    "in the order i, f, o, g;": in_order("ifog"),
    "in the order i, o, f, g;": in_order("iofg"),
    "in the order o, i, f, g;": in_order("oifg"),
    "in the order i, g, f, o;": in_order("igfo"),
    "i and f have changed places": step(c="i * c_prev + f * g"),
    "g is squashed by the logistic function": step(g="1 / (1 + np.exp(-a_g))"),
    "the gates i, f, o are squashed by tanh": step(i="np.tanh(a_i)", f="np.tanh(a_f)", o="np.tanh(a_o)"),
    "g is not squashed": step(g="a_g"),
    "σ has no place": step(i="np.tanh(a_i)", f="np.tanh(a_f)", o="np.tanh(a_o)", g="1 / (1 + np.exp(-a_g))"),
    "c_{t−1} is missing": step(c="i * g"),
    "the input gate is missing": step(c="f * c_prev + g"),
    "the forget gate is missing": step(c="c_prev + i * g"),
    "f multiplies h_{t−1}": step(c="f * h_prev + i * g"),
    "i is replaced by 1 − f": step(c="f * c_prev + (1 - f) * g"),
    "how much is kept, not how much is forgotten": step(c="(1 - f) * c_prev + i * g"),
    "the tanh on the way out is missing": step(h="o * c"),
    "h_t reads the old cell state": step(h="o * np.tanh(c_prev)"),
    "the output gate is missing": step(h="np.tanh(c)"),
    "c_t passes a logistic function on the way out": step(h="o / (1 + np.exp(-c))"),
    "o stands inside the tanh": step(h="np.tanh(o * c)"),
    "c_t itself is squashed": step(c="np.tanh(f * c_prev + i * g)", h="o * c"),
    "h_t and c_t are swapped": step(back="c, h"),
    "b_h is missing": step(a="x_t @ W_xh + h_prev @ W_hh"),
    "h_{t−1} is missing": step(a="x_t @ W_xh + b_h"),
    "x_t is missing": step(a="h_prev @ W_hh + b_h"),
    "the gates read c_{t−1}": step(a="x_t @ W_xh + c_prev @ W_hh + b_h"),
}  # fmt: skip


@pytest.mark.parametrize("words", WRONG)
def test_lstm_step_names_the_mistake(words, says):
    assert words in says(check.lstm_step(WRONG[words]))


def by_rnnlib(x_t, h_prev, c_prev, W_xh, W_hh, b_h):
    cell = rnnlib.LSTM(*W_xh.shape[:1], len(W_hh))
    for name, value in {"W_xh": W_xh, "W_hh": W_hh, "b_h": b_h}.items():
        cell.params[name][...] = value
    trace = cell.forward(x_t[None], h_prev, c_prev)
    return trace.h_last, trace.c_last


def by_hand(x_t, h_prev, c_prev, W_xh, W_hh, b_h):
    """Unit by unit, in Python's own numbers."""
    (B, H), D = h_prev.shape, x_t.shape[1]
    h, c = np.zeros((B, H)), np.zeros((B, H))
    for b in range(B):
        for j in range(H):
            a = [
                sum(x_t[b, d] * W_xh[d, k * H + j] for d in range(D))
                + sum(h_prev[b, u] * W_hh[u, k * H + j] for u in range(H))
                + b_h[k * H + j]
                for k in range(4)
            ]
            i, f, o = (1 / (1 + math.exp(-a[k])) for k in (0, 1, 3))
            c[b, j] = f * c_prev[b, j] + i * math.tanh(a[2])
            h[b, j] = o * math.tanh(c[b, j])
    return h, c


RIGHT = {"lines": step(), "rnnlib": by_rnnlib, "unit by unit": by_hand,
         "lists": lambda *args: [part.tolist() for part in step()(*args)],
         "float32": lambda *args: [part.astype(np.float32) for part in step()(*args)]}  # fmt: skip


@pytest.mark.parametrize("way", RIGHT)
def test_lstm_step_takes_every_way_to_write_it(way):
    assert repr(check.lstm_step(RIGHT[way])) == "Right on 4 cases, B = 1 and H = 1 included."


def walk(one=None, carry=True):
    """Write the walk over x made of a step."""
    one = one or step()

    def lstm_fixed(x, W_xh, W_hh, b_h):
        T, B, H = len(x), x.shape[1], len(W_hh)
        h, c = np.zeros((T + 1, B, H)), np.zeros((T + 1, B, H))
        for t in range(1, T + 1):
            before = c[t - 1] if carry else np.zeros((B, H))
            h[t], c[t] = one(x[t - 1], h[t - 1], before, W_xh, W_hh, b_h)
        return h, c

    return lstm_fixed


def as_given(x, W_xh, W_hh, b_h):
    """The code of the exercise, to the letter."""
    sigmoid = lambda a: 1 / (1 + np.exp(-a))
    h, c = [np.zeros((x.shape[1], len(W_hh)))], [np.zeros((x.shape[1], len(W_hh)))]
    for x_t in x:
        a = x_t @ W_xh + h[-1] @ W_hh + b_h
        a_i, a_f, a_g, a_o = np.split(a, 4, axis=-1)
        c.append(sigmoid(a_f) * h[-1] + sigmoid(a_i) * np.tanh(a_g))
        h.append(sigmoid(a_o) * np.tanh(c[-1]))
    return np.array(h), np.array(c)


FIXED_WRONG = {
    "still as it was given": as_given,
    "the memory starts from 0 at every step": walk(carry=False),
    "in the order i, f, o, g;": walk(in_order("ifog")),
    "i and f have changed places": walk(in_order("figo")),
    "the tanh on the way out is missing": walk(step(h="o * c")),
    "h_t reads the old cell state": walk(step(h="o * np.tanh(c_prev)")),
    "how much is kept, not how much is forgotten": walk(step(c="(1 - f) * c_prev + i * g")),
    "h_0 and c_0 are missing": lambda *args: [states[1:] for states in walk()(*args)],
    "h and c are swapped": lambda *args: walk()(*args)[::-1],
}  # fmt: skip


@pytest.mark.parametrize("words", FIXED_WRONG)
def test_lstm_fixed_names_the_mistake(words, says):
    assert words in says(check.lstm_fixed(FIXED_WRONG[words]))


@pytest.mark.parametrize("one", [step(), by_rnnlib, by_hand])
def test_lstm_fixed_is_right_however_it_is_written(one):
    assert repr(check.lstm_fixed(walk(one))) == "Right on 3 cases, B = 1 and H = 1 included."


# --- open_forget -----------------------------------------------------------------------------------------------


def filled(select, value_of=lambda value: value, others=lambda b: b):
    """Fill the entries k for which select(k, H) holds."""

    def open_forget(b_h, value):
        H = len(b_h) // 4
        return np.array([value_of(value) if select(k, H) else others(b) for k, b in enumerate(b_h)])

    return open_forget


def in_place_added(b_h, value):
    H = len(b_h) // 4
    return np.concatenate([b_h[:H], b_h[H : 2 * H] + value, b_h[2 * H :]])


FORGET_WRONG = {
    "the first block is set": filled(lambda k, H: k < H),
    "the third block is set": filled(lambda k, H: 2 * H <= k < 3 * H),
    "the fourth block is set": filled(lambda k, H: k >= 3 * H),
    "the value is added": in_place_added,
    "every fourth entry": filled(lambda k, H: k % 4 == 1),
    "only one entry": filled(lambda k, H: k == H),
    "the block ends at 2H": filled(lambda k, H: k >= H),
    "all entries are set": filled(lambda k, H: True),
    "only f's block comes back": lambda b_h, value: [value] * (len(b_h) // 4),
    "f's block holds σ(value)": filled(lambda k, H: H <= k < 2 * H, lambda value: 1 / (1 + math.exp(-value))),
    "the other blocks are set to 0": filled(lambda k, H: H <= k < 2 * H, others=lambda b: 0.0),
}  # fmt: skip


@pytest.mark.parametrize("words", FORGET_WRONG)
def test_open_forget_names_the_mistake(words, says):
    assert words in says(check.open_forget(FORGET_WRONG[words]))


def test_raising_the_forget_block_to_a_value_is_not_setting_it(says):
    at_least = lambda b_h, value: np.r_[(b := np.split(b_h, 4))[0], np.maximum(b[1], value), b[2], b[3]]
    assert "b_h[4] is" in says(check.open_forget(at_least))


@pytest.mark.filterwarnings("error")
def test_an_unfinished_answer_of_several_parts_is_told_by_what_it_is(says):
    async def later(*args):
        return args

    assert "it returns a coroutine; expected (da" in says(check.lstm_step_backward(later))
    da_alone = lambda dh_t, dc_t, c_prev, c_t, gates, W_hh: np.ones(
        (len(dh_t), W_hh.shape[1])
    )  # three rows, B = 3
    assert "it returns an array; expected (da" in says(check.lstm_step_backward(da_alone))


def test_open_forget_is_right():
    right = filled(lambda k, H: H <= k < 2 * H)
    assert repr(check.open_forget(right)) == "Right on 3 cases, H = 1 included."


# --- forget_bias_for -------------------------------------------------------------------------------------------


def by_bisection(share, steps):
    """Halve an interval until σ(b)^steps = share: no logarithm in it."""
    low, high = -500.0, 50.0
    for _ in range(200):
        middle = (low + high) / 2
        if (1 / (1 + math.exp(-middle))) ** steps < share:
            low = middle
        else:
            high = middle
    return low


BIAS_WRONG = {
    "this is f;": lambda share, steps: math.exp(math.log(share) / steps),
    "f is taken as share / steps": lambda share, steps: by_bisection(share / steps, 1),
    "the same amount": lambda share, steps: by_bisection(1 - (1 - share) / steps, 1),
    "this is −b_f": lambda share, steps: -by_bisection(share, steps),
    "this is σ(f)": lambda share, steps: 1 / (1 + math.exp(-(share ** (1 / steps)))),
    "this is ln f": lambda share, steps: math.log(share ** (1 / steps)),
    "the root is missing": lambda share, steps: by_bisection(share, 1),
    "f is raised to the power": lambda share, steps: by_bisection(share**steps, 1),
    "this is artanh": lambda share, steps: math.atanh(share ** (1 / steps)),
}  # fmt: skip


@pytest.mark.parametrize("words", BIAS_WRONG)
def test_forget_bias_for_names_the_mistake(words, says):
    assert words in says(check.forget_bias_for(BIAS_WRONG[words]))


def test_forget_bias_for_is_right():
    assert repr(check.forget_bias_for(by_bisection)) == "Right on 4 cases, one step included."


# --- lstm_step_backward ----------------------------------------------------------------------------------------

BACK = {
    "tanh_c": "np.tanh(c_t)",
    "dc": "dc_t + dh_t * o * (1 - tanh_c ** 2)",
    "da_i": "dc * g * i * (1 - i)",
    "da_f": "dc * c_prev * f * (1 - f)",
    "da_g": "dc * i * (1 - g ** 2)",
    "da_o": "dh_t * tanh_c * o * (1 - o)",
    "da": "np.hstack([da_i, da_f, da_g, da_o])",
    "dh": "da @ W_hh.T",
    "dc_prev": "dc * f",
    "back": "da, dh_prev, dc_prev",
}


def step_back(**lines):
    """Write the step back with some of its lines changed."""
    line = {**BACK, **lines}
    source = f"""
def lstm_step_backward(dh_t, dc_t, c_prev, c_t, gates, W_hh):
    i, f, g, o = gates
    tanh_c = {line["tanh_c"]}
    dc = {line["dc"]}
    da_i = {line["da_i"]}
    da_f = {line["da_f"]}
    da_g = {line["da_g"]}
    da_o = {line["da_o"]}
    da = {line["da"]}
    dh_prev = {line["dh"]}
    dc_prev = {line["dc_prev"]}
    return {line["back"]}
"""
    space = {"np": np}
    exec(source, space)
    return space["lstm_step_backward"]


def without(text, *names):
    """The lines of these blocks without one factor."""
    return {f"da_{name}": BACK[f"da_{name}"].replace(text, "1") for name in names}


def dealt(replace, *names):
    old, new = replace
    return {f"da_{name}": BACK[f"da_{name}"].replace(old, new, 1) for name in names}


def block_order(names):
    return f"np.hstack([{', '.join(f'da_{name}' for name in names)}])"


GATE_SLOPES = {"da_i": "dc * g", "da_f": "dc * c_prev", "da_o": "dh_t * tanh_c"}
BACK_WRONG = {
    "what h_t sends to c_t is missing": step_back(dc="dc_t"),
    "dc_t is dropped": step_back(dc="dh_t * o * (1 - tanh_c ** 2)"),
    "from h_t to c_t the output gate is missing": step_back(dc="dc_t + dh_t * (1 - tanh_c ** 2)"),
    "from h_t to c_t the slope of the tanh is missing": step_back(dc="dc_t + dh_t * o"),
    "taken as 1 − c_t²": step_back(dc="dc_t + dh_t * o * (1 - c_t ** 2)"),
    "lacks its square": step_back(dc="dc_t + dh_t * o * (1 - tanh_c)"),
    "the tanh of the old cell state": step_back(dc="dc_t + dh_t * o * (1 - np.tanh(c_prev) ** 2)"),
    "dc_t passes the output gate and the tanh": step_back(dc="(dc_t + dh_t) * o * (1 - tanh_c ** 2)"),
    "dh_t reaches c_t as it is": step_back(dc="dc_t + dh_t"),
    "dc_prev lacks the forget gate": step_back(dc_prev="dc"),
    "dc_prev is multiplied by i": step_back(dc_prev="dc * i"),
    "dc_prev is multiplied by 1 − f": step_back(dc_prev="dc * (1 - f)"),
    "dc_prev is made from dc_t alone": step_back(dc_prev="dc_t * f"),
    "dc_prev is 0": step_back(dc_prev="np.zeros_like(dc)"),
    "σ′ is missing in da": step_back(**GATE_SLOPES),
    "φ′ is missing in da for the candidate": step_back(da_g="dc * i"),
    "the slopes are missing in da": step_back(**GATE_SLOPES, da_g="dc * i"),
    "the candidate has the slope of σ": step_back(da_g="dc * i * g * (1 - g)"),
    "the gates have the slope of tanh": step_back(
        da_i="dc * g * (1 - i ** 2)", da_f="dc * c_prev * (1 - f ** 2)", da_o="dh_t * tanh_c * (1 - o ** 2)"),
    "the forget gate's block uses c_t": step_back(da_f="dc * c_t * f * (1 - f)"),
    "the output gate's block uses c_t": step_back(da_o="dh_t * c_t * o * (1 - o)"),
    "the blocks of i and g use their own value": step_back(da_i="dc * i * i * (1 - i)", da_g="dc * g * (1 - g ** 2)"),
    "the output gate's block is made from γ_t": step_back(da_o="dc * tanh_c * o * (1 - o)"),
    "the blocks of i, f and g are made from dc_t alone": step_back(**dealt(("dc ", "dc_t "), "i", "f", "g")),
    "the blocks of i, f and g are made from dh_t": step_back(**dealt(("dc ", "dh_t "), "i", "f", "g")),
    "in the order i, f, o, g;": step_back(da=block_order("ifog")),
    "in the order o, i, f, g;": step_back(da=block_order("oifg")),
    "through W_hh; it goes back through its transpose": step_back(
        dh="sum(block @ W for block, W in zip(np.hsplit(da, 4), np.hsplit(W_hh, 4)))"),
    "dh_prev holds dh_t as well": step_back(dh="dh_t + da @ W_hh.T"),
    "dh_prev collects one gate only": step_back(dh="da_g @ np.hsplit(W_hh, 4)[2].T"),
    "dh_prev and dc_prev are swapped": step_back(back="da, dc_prev, dh_prev"),
    "one axis more": step_back(back="[da_i, da_f, da_g, da_o], dh_prev, dc_prev"),
    "the sign is reversed": step_back(back="-da, -dh_prev, -dc_prev"),
}  # fmt: skip


@pytest.mark.parametrize("words", BACK_WRONG)
def test_lstm_step_backward_names_the_mistake(words, says):
    assert words in says(check.lstm_step_backward(BACK_WRONG[words]))


def by_differences(dh_t, dc_t, c_prev, c_t, gates, W_hh):
    """Move a_t and c_{t−1} and look: the a_t are found from the gates, h_{t−1} enters by a_t alone."""
    a = np.concatenate(
        [np.arctanh(v) if k == 2 else np.log(v / (1 - v)) for k, v in enumerate(gates)], axis=1
    )

    def loss(a, c_prev):
        i, f, g, o = np.hsplit(a, 4)
        c = c_prev / (1 + np.exp(-f)) + np.tanh(g) / (1 + np.exp(-i))
        return np.sum(dh_t * np.tanh(c) / (1 + np.exp(-o)) + dc_t * c)

    def slope(f, at):
        out = np.zeros_like(at)
        for k in np.ndindex(at.shape):
            move = np.zeros_like(at)
            move[k] = 1e-5
            out[k] = (f(at + move) - f(at - move)) / 2e-5
        return out

    da = slope(lambda a: loss(a, c_prev), a)
    return da, da @ W_hh.T, slope(lambda c: loss(a, c), c_prev)


@pytest.mark.parametrize("right", [step_back(), by_differences])
def test_lstm_step_backward_is_right(right):
    assert repr(check.lstm_step_backward(right)) == "Right on 4 cases, B = 1 and H = 1 included."
