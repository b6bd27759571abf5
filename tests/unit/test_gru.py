"""The GRU with both places of its reset gate: states against scalar loops, gradients against their differences.

The loops are written from the equations (Cho et al. 2014, eq. 5–8; with reset_after as in PyTorch's nn.GRU) and take
complex numbers: ∂L/∂p = Im L(p + i·ε)/ε has no subtraction, so the gradients agree to rounding.
"""

import cmath

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rnnlib

GATES = "rzn"


def sigma(a):
    return 1 / (1 + cmath.exp(-a))


def column(p, name, gate, j):
    """One unit's column of a weight matrix, or its bias."""
    H = len(p["W_hh"])
    return p[name][..., GATES.index(gate) * H + j]


def sums(p, x_t, h, gate, j):
    """What x_t adds to a unit's pre-activation (with its bias), and what h_{t−1} adds."""
    from_x = sum(x_t[d] * column(p, "W_xh", gate, j)[d] for d in range(len(x_t)))
    return from_x + column(p, "b_h", gate, j), sum(
        h[i] * column(p, "W_hh", gate, j)[i] for i in range(len(h))
    )


def pre_activations(p, x_t, h):
    """(3, H): of r, z and n; b_hn is there if the reset comes after the product."""
    H = len(h)
    a = np.zeros((3, H), complex)
    for j in range(H):
        a[0, j], a[1, j] = sum(sums(p, x_t, h, "r", j)), sum(sums(p, x_t, h, "z", j))
    r = [sigma(a[0, j]) for j in range(H)]
    for j in range(H):
        if "b_hn" in p:
            from_x, from_h = sums(p, x_t, h, "n", j)
            a[2, j] = from_x + r[j] * (from_h + p["b_hn"][j])
        else:
            a[2, j] = sum(sums(p, x_t, [r[i] * h[i] for i in range(H)], "n", j))
    return a


def scalar_run(p, x, start, lengths, nudge=None, window=None, kept=None):
    """h (T+1, B, H) by the equations, each state shifted by `nudge`; a cut restarts from `kept`, constants."""
    (T, B, _), H = x.shape, start.shape[1]
    h = np.zeros((T + 1, B, H), complex)
    nudge = np.zeros_like(h) if nudge is None else nudge
    h[0] = start + nudge[0]
    for t, b in np.ndindex(T + 1, B):
        if t == 0:
            continue
        cut = window is not None and t > 1 and (t - 1) % window == 0
        before = (kept if cut else h)[t - 1, b]
        h[t, b] = before + nudge[t, b]
        if t <= lengths[b]:
            a = pre_activations(p, x[t - 1, b], before)
            for j in range(H):
                z, n = sigma(a[1, j]), cmath.tanh(a[2, j])
                h[t, b, j] = (1 - z) * n + z * before[j] + nudge[t, b, j]
    return h


@st.composite
def problems(draw):
    """A cell with random weights, an input, perhaps lengths, perhaps an h_0."""
    T, B, D, H = (draw(st.integers(1, n)) for n in (5, 3, 2, 3))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    cell = rnnlib.GRU(D, H, rng=rng, learn_h0=draw(st.booleans()), reset_after=draw(st.booleans()))
    for array in cell.params.values():
        array[...] = rng.standard_normal(array.shape)
    lengths = draw(st.none() | st.lists(st.integers(0, T), min_size=B, max_size=B))
    h0 = rng.standard_normal((B, H)) if draw(st.booleans()) else None
    return cell, rng.standard_normal((T, B, D)), h0, lengths, rng


def begin(p, h0, B, H):
    return np.broadcast_to(p.get("h0", np.zeros(H)) if h0 is None else h0, (B, H))


def whole(lengths, T, B):
    return np.full(B, T) if lengths is None else np.array(lengths)


@given(problems())
def test_states_equal_scalar_loops(problem):
    cell, x, h0, lengths, _ = problem
    (T, B, _), H = x.shape, cell.hidden_size
    trace, ends = cell.forward(x, h0, lengths=lengths), whole(lengths, T, B)
    h = scalar_run(cell.params, x, begin(cell.params, h0, B, H), ends).real
    np.testing.assert_allclose(trace.h, h, atol=1e-13)
    np.testing.assert_array_equal(trace.y, trace.h[1:])
    np.testing.assert_allclose(trace.h_last, h[ends, np.arange(B)], atol=1e-13)


@given(problems())
def test_gates_and_pre_activations_are_those_of_the_loops(problem):
    cell, x, h0, lengths, _ = problem
    T, B, _ = x.shape
    trace, ends = cell.forward(x, h0, lengths=lengths), whole(lengths, T, B)
    assert list(trace.gates) == list(GATES)
    for k, b in np.ndindex(T, B):
        gates = np.stack([trace.gates[gate][k, b] for gate in GATES])
        if k >= ends[b]:
            assert (gates == 0).all()
            assert (trace.a[k, b] == 0).all()
            continue
        a = pre_activations(cell.params, x[k, b], trace.h[k, b]).real
        np.testing.assert_allclose(trace.a[k, b], a.ravel(), atol=1e-13)
        np.testing.assert_allclose(gates, [*(1 / (1 + np.exp(-a[:2]))), np.tanh(a[2])], atol=1e-13)


@given(problems(), st.none() | st.integers(1, 6), st.sets(st.sampled_from(["dh", "dh_last"]), min_size=1))
@settings(max_examples=60)
def test_every_gradient_equals_the_differences_of_the_loops(complex_slopes, problem, window, given_):
    cell, x, h0, lengths, rng = problem
    (T, B, _), H = x.shape, cell.hidden_size
    shapes = {"dh": (T, B, H), "dh_last": (B, H)}
    deltas = {name: rng.standard_normal(shapes[name]) for name in sorted(given_)}
    grads = cell.backward(cell.forward(x, h0, lengths=lengths), **deltas, window=window)

    ends = whole(lengths, T, B)
    p = {name: array.astype(complex) for name, array in cell.params.items()}
    h0 = None if h0 is None else h0.astype(complex)
    x, nudge = x.astype(complex), np.zeros((T + 1, B, H), complex)
    kept = scalar_run(p, x, begin(p, h0, B, H), ends)

    def loss():
        h = scalar_run(p, x, begin(p, h0, B, H), ends, nudge, window, kept)
        states = {"dh": h[1:], "dh_last": h[ends, np.arange(B)]}
        return sum((delta * states[name]).sum() for name, delta in deltas.items())

    for name in cell.params:
        np.testing.assert_allclose(
            grads.params[name], complex_slopes(loss, p[name]), atol=1e-11, err_msg=name
        )
    np.testing.assert_allclose(grads.x, complex_slopes(loss, x), atol=1e-11)
    np.testing.assert_allclose(grads.h, complex_slopes(loss, nudge), atol=1e-11)
    np.testing.assert_array_equal(grads.h0, grads.h[0])


def one_unit(reset_after):
    """r = 1/4, z = 3/4 whatever comes in; W_hn = 2, the other weights 0."""
    cell = rnnlib.GRU(1, 1, rng=0, reset_after=reset_after)
    for array in cell.params.values():
        array[...] = 0.0
    cell.params["b_h"][:2] = [-np.log(3), np.log(3)]
    cell.params["W_hh"][0, 2] = 2.0
    return cell


def test_one_unit_by_hand():
    """h_0 = 1: with reset after, n = tanh(¼ (2 · 1 + 3)); before, n = tanh(2 · ¼); h_1 = ¼ n + ¾."""
    after, before = one_unit(True), one_unit(False)
    after.params["b_hn"][...] = 3.0
    h0 = np.ones((1, 1))
    for cell, n in ((after, np.tanh(5 / 4)), (before, np.tanh(1 / 2))):
        trace = cell.forward(np.zeros((1, 1, 1)), h0)
        assert trace.h_last == pytest.approx(n / 4 + 3 / 4)
        # ∂h_1/∂h_0 = z + (1 − z)(1 − n²) · r · 2
        assert cell.backward(trace, dh_last=h0).h0 == pytest.approx(3 / 4 + (1 - n**2) / 8)


def test_z_near_1_keeps_the_state_and_near_0_takes_the_candidate():
    cell = one_unit(True)
    cell.params["b_h"][...] = [0, 800, np.arctanh(0.7)]
    h0 = np.full((1, 1), 0.1)
    assert cell.forward(np.zeros((300, 1, 1)), h0).h_last == 0.1
    cell.params["W_hh"][...] = 0.0
    cell.params["b_h"][1] = -800
    assert cell.forward(np.zeros((1, 1, 1)), h0).h_last == pytest.approx(0.7)


def test_only_reset_after_has_a_bias_of_its_own_inside():
    assert sorted(rnnlib.GRU(2, 3, rng=0).params) == ["W_hh", "W_xh", "b_h", "b_hn"]
    assert sorted(rnnlib.GRU(2, 3, rng=0, reset_after=False).params) == ["W_hh", "W_xh", "b_h"]


def test_where_the_reset_stands_matters_only_if_there_are_several_units_or_a_bias():
    """(r ⊙ h) W = r ⊙ (h W) for one unit without b_hn; with two units it is another function."""
    for H, same in ((1, True), (2, False)):
        after, before = rnnlib.GRU(2, H, rng=0), rnnlib.GRU(2, H, rng=0, reset_after=False)
        x, h0 = np.random.default_rng(1).standard_normal((4, 3, 2)), np.ones((3, H))
        assert np.allclose(after.forward(x, h0).h, before.forward(x, h0).h, atol=1e-12) == same
