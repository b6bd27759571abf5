"""The checks of Part II: the right answer, the stub, and every mistake that they name, each with its sentence."""

import numpy as np
import pytest

from rnnlib import check
from rnnlib.check import bptt, gradients, taming, training, truncation
from rnnlib.check.engine import judge

TABLES = [
    bptt.SCALAR_BPTT, bptt.RNN_STEP_BACKWARD, bptt.RNN_BACKWARD, bptt.BPTT_FIXED,
    training.SGD_STEP, training.ADAM_STEP, training.SPLIT_IN_TIME, training.LEARNING_CURVE_MINIMUM,
    truncation.TRUNCATED_BACKWARD, truncation.STREAMS,
    gradients.JACOBIAN, gradients.GRADIENT_NORMS, gradients.STEPS_TO_FADE,
    taming.CLIP_BY_NORM, taming.CLIP_FIXED, taming.SCALE_TO,
]  # fmt: skip
MISTAKES = [
    pytest.param(table, sentence, variant, id=f"{table.name} {i}")
    for table in TABLES
    for i, (sentence, variant) in enumerate(table.variants)
]


# The right answers, written as a learner would: loops over units and rows, other idioms than the tables'.


def scalar_bptt(w, u, b, x, h_0, dh):
    if len(x) == 0:
        return 0.0, 0.0, 0.0, 0.0
    h_1 = np.tanh(w * h_0 + u * x[0] + b)
    dw, du, db, later = scalar_bptt(w, u, b, x[1:], h_1, dh[1:])  # the rest of the sequence, from h_1 on
    da = (dh[0] + later) * (1 - h_1 * h_1)
    return dw + da * h_0, du + da * x[0], db + da, da * w


def rnn_step_backward(dh_t, x_t, h_prev, h_t, W_xh, W_hh):
    B, H = dh_t.shape
    dx, dprev = np.zeros(x_t.shape), np.zeros(h_prev.shape)
    dW_xh, dW_hh, db = np.zeros(W_xh.shape), np.zeros(W_hh.shape), np.zeros(H)
    for b in range(B):
        for j in range(H):
            da = dh_t[b, j] * (1 - h_t[b, j] ** 2)
            db[j] += da
            for i in range(H):
                dW_hh[i, j] += da * h_prev[b, i]
                dprev[b, i] += da * W_hh[i, j]
            for i in range(x_t.shape[1]):
                dW_xh[i, j] += da * x_t[b, i]
                dx[b, i] += da * W_xh[i, j]
    return dx, dprev, dW_xh, dW_hh, db


def rnn_backward(x, h, dh, W_xh, W_hh, k=None):
    delta, steps = np.zeros(h[0].shape), []
    for t in reversed(range(len(x))):
        steps.append(rnn_step_backward(delta + dh[t], x[t], h[t], h[t + 1], W_xh, W_hh))
        delta = steps[-1][1] if k is None or t % k else 0 * delta
    dW_xh, dW_hh, db = (sum(step[place] for step in steps) for place in (2, 3, 4))
    return dW_xh, dW_hh, db, np.array([step[0] for step in steps[::-1]]), delta


def adam_step(W, dW, m, v, t, lr, beta1, beta2, eps):
    m = m + (1 - beta1) * (dW - m)
    v = v + (1 - beta2) * (dW * dW - v)
    rate = (
        lr * np.sqrt(1 - beta2**t) / (1 - beta1**t)
    )  # the order of operations at the end of their section 2
    return W - rate * m / (np.sqrt(v) + eps * np.sqrt(1 - beta2**t)), m, v


def learning_curve_minimum(losses, patience):
    for stop in range(len(losses)):
        best = min(range(stop + 1), key=lambda i: (losses[i], i))
        if stop - best >= patience:
            return best
    return int(np.argmin(losses))


def streams(symbols, B, k):
    length = len(symbols) // B
    n = length // k
    out = np.zeros((n, k, B), dtype=int)
    for b in range(B):
        for i in range(n * k):
            out[i // k, i % k, b] = symbols[b * length + i]
    return out


def jacobian(a_t, W_hh):
    H, eps = len(a_t), 1e-6
    moved = [(np.tanh(a_t + eps * W_hh[i]) - np.tanh(a_t - eps * W_hh[i])) / (2 * eps) for i in range(H)]
    return np.array(moved)


def gradient_norms(h, W_hh, dh_last):
    norms, T = [], len(h) - 1
    for k in range(T + 1):
        product = np.eye(len(dh_last))
        for t in range(k + 1, T + 1):
            product = product @ W_hh @ np.diag(1 - h[t] ** 2)
        norms.append(np.linalg.norm(product @ dh_last))
    return norms


def clip(grads, max_norm):
    whole = np.concatenate([np.ravel(g) for g in grads])
    factor = min(1.0, max_norm / np.linalg.norm(whole))
    return [g * factor for g in grads]


RIGHT = {
    "scalar_bptt": scalar_bptt,
    "rnn_step_backward": rnn_step_backward,
    "rnn_backward": rnn_backward,
    "bptt_fixed": lambda *args: rnn_backward(*args)[1],
    "sgd_step": lambda W, dW, lr: W + lr * (-dW),
    "adam_step": adam_step,
    "split_in_time": lambda series, n: (list(series)[: len(series) - n], list(series)[len(series) - n :]),
    "learning_curve_minimum": learning_curve_minimum,
    "truncated_backward": lambda *args: rnn_backward(*args)[:3],
    "streams": streams,
    "jacobian": jacobian,
    "gradient_norms": gradient_norms,
    "steps_to_fade": lambda s, factor: int(np.ceil(np.log(factor) / np.log(s) - 1e-9)),
    "clip_by_norm": clip,
    "clip_fixed": clip,
    "scale_to": lambda W, s: W * (s / np.sqrt(np.linalg.eigvalsh(W.T @ W)[-1])),
}
by_table = pytest.mark.parametrize("table", TABLES, ids=[table.name for table in TABLES])


@by_table
def test_a_right_answer_passes(table):
    result = getattr(check, table.name)(RIGHT[table.name])
    assert result, result
    assert str(result).startswith("Right on ")


@by_table
def test_an_untouched_stub_is_open(table):
    scope = {}
    exec(f"def {table.name}({', '.join(table.args)}):\n    ...", scope)
    result = getattr(check, table.name)(scope[table.name])
    assert result.passed is None
    assert f"{table.name} is still a stub" in str(result)


@pytest.mark.parametrize(("table", "sentence", "variant"), MISTAKES)
def test_each_mistake_gets_its_sentence(table, sentence, variant):
    assert str(judge(variant, table)) == f"Not yet: {sentence}"


def test_there_are_many_mistakes():
    assert len(MISTAKES) >= 60


# Mistakes as a learner would write them, apart from the tables' own code.


def _loop(*, delta_line="delta + dh[t - 1]", da_line="delta * (1 - h[t] ** 2)", sums="+=", pass_on="da @ W_hh.T",
          old="h[t - 1]", steps="range(len(x), 0, -1)"):  # fmt: skip
    source = f"""
def rnn_backward(x, h, dh, W_xh, W_hh):
    dW_xh, dW_hh, db_h = np.zeros_like(W_xh), np.zeros_like(W_hh), np.zeros(h.shape[-1])
    dx, delta = np.zeros_like(x), np.zeros_like(h[0])
    for t in {steps}:
        delta = {delta_line}
        da = {da_line}
        dW_xh {sums} x[t - 1].T @ da
        dW_hh {sums} {old}.T @ da
        db_h {sums} da.sum(axis=0)
        dx[t - 1] = da @ W_xh.T
        delta = {pass_on}
    return dW_xh, dW_hh, db_h, dx, delta
"""
    scope = {"np": np}
    exec(source, scope)
    return scope["rnn_backward"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"delta_line": "dh[t - 1]"}, "nothing comes back from the later steps"),
        ({"da_line": "delta"}, "φ′ is missing"),
        ({"da_line": "delta * (1 - h[t])"}, "with the square"),
        ({"da_line": "delta * (1 - h[t - 1] ** 2)"}, "φ′ is taken at h_{t−1}"),
        ({"sums": "="}, "summed over the batch but not over time"),
        ({"pass_on": "da @ W_hh"}, "goes back through its transpose"),
        ({"pass_on": "delta @ W_hh.T"}, "must pass the tanh first"),
        ({"old": "h[t]"}, "what W_hh multiplied at step t is the state before"),
        ({"steps": "range(1, len(x) + 1)"}, "the loop runs forward in time"),
    ],
)
def test_a_learners_slip_in_rnn_backward_is_named(change, words):
    assert check.rnn_backward(_loop())
    assert words in str(check.rnn_backward(_loop(**change)))


def test_a_raw_matmul_error_is_told_in_shapes():
    def rnn_step_backward(dh_t, x_t, h_prev, h_t, W_xh, W_hh):
        da = dh_t * (1 - h_t**2)
        return da @ W_xh, da @ W_hh.T, x_t.T @ da, h_prev.T @ da, da.sum(axis=0)

    reply = str(check.rnn_step_backward(rnn_step_backward))
    assert "(3, 4)" in reply
    assert "(2, 4)" in reply
    assert "matmul" not in reply


def test_an_endless_loop_is_stopped():
    def rnn_backward(x, h, dh, W_xh, W_hh):
        while True:
            pass

    assert "loop" in str(check.rnn_backward(rnn_backward))


def test_the_first_wrong_quantity_of_the_chain_is_named():
    def off(*args):
        dW_xh, dW_hh, db_h, dx, dh_0 = rnn_backward(*args)
        return dW_xh, 1.5 * dW_hh, db_h, dx, dh_0

    assert "dW_hh" in str(check.rnn_backward(off))


# The network that explodes although ρ(W) < 1.

W, B = 3 * np.array([[1.0, -1.0], [1.0, -1.0]]), np.array([-1.5, 3.0])


@pytest.mark.parametrize(
    ("W", "b", "passed", "words"),
    [
        (W, B, True, "above 10⁴ from all 20 starts"),
        ([[-4, -4], [4, 4]], [3, 1.5], True, "ρ(W) is 0"),
        (W, [0, 0], False, "the gradient dies"),
        (np.eye(2), B, False, "ρ(W) is 1"),
        (0.5 * np.eye(2), B, False, "no step can stretch"),
        ([[0.5, 1.2], [0, 0.5]], [0, 0], False, "dies"),
        (W[0], B, False, "W has shape (2,); expected shape (2, 2)"),
        (W, 3.0, False, "b has no axes"),
        (W, [np.nan, 0], False, "not finite"),
        ([["a", "b"], ["c", "d"]], B, False, "W is a list"),
        (..., ..., None, "in the place of the dots"),
    ],
)
def test_the_exploding_network_is_judged(W, b, passed, words):
    result = check.exploding_net(W, b)
    assert result.passed is passed
    assert words in str(result)


def test_a_network_that_explodes_from_some_starts_only_is_told_how_many():
    replies = [str(check.exploding_net(W, [b, 3.0])) for b in np.linspace(-3, 0, 25)]
    assert any("explodes from" in reply for reply in replies)
