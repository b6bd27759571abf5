"""Truncation by reach: each loss on its own, walked back through the steps that it may reach."""

from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rnnlib

KINDS = {
    "RNN": rnnlib.RNN,
    "LSTM": rnnlib.LSTM,
    "GRU": rnnlib.GRU,
    "GRU, reset before": partial(rnnlib.GRU, reset_after=False),
}
every_kind = pytest.mark.parametrize("kind", KINDS)


@st.composite
def problems(draw):
    T, B, D, H = (draw(st.integers(1, n)) for n in (7, 3, 2, 3))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    cell = KINDS[draw(st.sampled_from(sorted(KINDS)))](D, H, rng=rng, learn_h0=draw(st.booleans()))
    for array in cell.params.values():
        array[...] = rng.standard_normal(array.shape)
    lengths = draw(st.none() | st.lists(st.integers(0, T), min_size=B, max_size=B))
    h0 = rng.standard_normal((B, H)) if draw(st.booleans()) else None
    return cell, rng.standard_normal((T, B, D)), h0, lengths, rng.standard_normal((T, B, H))


@given(problems(), st.integers(1, 8))
def test_it_equals_one_call_per_loss_that_starts_reach_steps_before(problem, reach):
    cell, x, h0, lengths, dh = problem
    T, B, _ = x.shape
    trace = cell.forward(x, h0, lengths=lengths)
    grads = rnnlib.truncated(cell, trace, dh, reach=reach)
    ends = np.full(B, T) if lengths is None else np.array(lengths)
    names = ["h", "c"] if "c0" in cell.takes else ["h"]
    params = {name: np.zeros_like(array) for name, array in cell.params.items()}
    dx, totals = np.zeros_like(x), {s: np.zeros_like(trace.h) for s in names}
    for k in range(T):
        begin = max(0, k + 1 - reach)
        piece = slice(begin, k + 1)
        starts = {f"{s}0": getattr(trace, s)[begin] for s in names}
        if begin == 0:  # as it was: learned or passed
            starts = {} if h0 is None else {"h0": h0}
        part = cell.forward(x[piece], **starts, lengths=np.clip(ends - begin, 0, k + 1 - begin))
        one = np.zeros_like(part.y)
        one[-1] = dh[k]
        found = cell.backward(part, one)
        dx[piece] += found.x
        for s in names:
            reached = slice(begin if begin == 0 else begin + 1, k + 2)
            totals[s][reached] += getattr(found, s)[reached.start - begin :]
        params = {name: params[name] + found.params[name] for name in params}
    np.testing.assert_allclose(grads.x, dx, atol=1e-10)
    for s in names:
        np.testing.assert_allclose(getattr(grads, s), totals[s], atol=1e-10)
        np.testing.assert_allclose(getattr(grads, f"{s}0"), totals[s][0], atol=1e-10)
    for name in params:
        np.testing.assert_allclose(grads.params[name], params[name], atol=1e-10, err_msg=name)


@given(problems())
def test_a_reach_over_everything_is_the_whole_gradient_and_a_reach_of_1_a_window_of_1(problem):
    cell, x, h0, lengths, dh = problem
    trace = cell.forward(x, h0, lengths=lengths)
    for reach, window in ((len(x), None), (10**9, None), (1, 1)):
        some, whole = rnnlib.truncated(cell, trace, dh, reach=reach), cell.backward(trace, dh, window=window)
        np.testing.assert_allclose(some.h, whole.h, atol=1e-10)
        for name in whole.params:
            np.testing.assert_allclose(some.params[name], whole.params[name], atol=1e-10)


@pytest.mark.parametrize("reach", [1, 2, 3, 5, 6])
def test_a_linear_unit_has_a_geometric_sum(reach):
    """h_t = w h_{t−1} + x_t and L = Σ h_t: x_t reaches h_t … h_{t+reach−1}, so ∂L/∂x_t = 1 + w + w² + …"""
    cell, w, T = rnnlib.RNN(1, 1, activation="identity", rng=0), 0.5, 5
    for name, value in (("W_xh", 1.0), ("W_hh", w), ("b_h", 0.0)):
        cell.params[name][...] = value
    grads = rnnlib.truncated(cell, cell.forward(np.ones((T, 1, 1))), np.ones((T, 1, 1)), reach=reach)
    expected = [sum(w**i for i in range(min(reach, T - t))) for t in range(T)]
    np.testing.assert_allclose(grads.x.ravel(), expected)
    # only the first `reach` losses reach h_0, over 1, 2, … steps
    np.testing.assert_allclose(grads.h0.item(), sum(w**i for i in range(1, min(reach, T) + 1)))


@every_kind
@pytest.mark.parametrize(("T", "reach", "walks"), [(40, 3, 3), (4, 9, 4), (40, 1, 1)])
def test_it_costs_reach_backward_passes_not_one_per_loss(kind, T, reach, walks, monkeypatch):
    cell, calls = KINDS[kind](1, 2, rng=0), []
    trace, backward = cell.forward(np.ones((T, 1, 1))), cell.backward
    monkeypatch.setattr(cell, "backward", lambda *args, **kw: calls.append(1) or backward(*args, **kw))
    rnnlib.truncated(cell, trace, np.ones((T, 1, 2)), reach=reach)
    assert len(calls) == walks


def test_the_incoming_gradient_is_left_alone():
    cell, dh = rnnlib.GRU(1, 2, rng=0), np.ones((5, 1, 2))
    rnnlib.truncated(cell, cell.forward(np.ones((5, 1, 1))), dh, reach=2)
    assert (dh == 1).all()
