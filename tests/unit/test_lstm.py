"""The LSTM: states against scalar loops, gradients against differences of those loops, its own promises.

The loops are written from the equations of Hochreiter & Schmidhuber (1997) and Gers, Schmidhuber & Cummins (2000) and
take complex numbers: ∂L/∂p = Im L(p + i·ε)/ε has no subtraction, so the gradients agree to rounding.
"""

import cmath

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rnnlib

GATES = "ifgo"


def sigma(a):
    return 1 / (1 + cmath.exp(-a))


def unit(p, x_t, h, gate, j):
    """The pre-activation of one unit of one gate."""
    column = GATES.index(gate) * len(h) + j
    from_x = sum(x_t[d] * p["W_xh"][d, column] for d in range(len(x_t)))
    return from_x + sum(h[i] * p["W_hh"][i, column] for i in range(len(h))) + p["b_h"][column]


def scalar_run(p, x, start, lengths, nudge=None, window=None, kept=None):
    """h, c (2, T+1, B, H) by the equations, each state shifted by `nudge`; a cut restarts from `kept`, constants."""
    (T, B, _), H = x.shape, start.shape[2]
    states = np.zeros((2, T + 1, B, H), complex)
    nudge = np.zeros_like(states) if nudge is None else nudge
    h, c = states
    states[:, 0] = start + nudge[:, 0]
    for t, b in np.ndindex(T + 1, B):
        if t == 0:
            continue
        cut = window is not None and t > 1 and (t - 1) % window == 0
        h_before, c_before = (kept if cut else states)[:, t - 1, b]
        for j in range(H):
            if t > lengths[b]:
                h[t, b, j], c[t, b, j] = h_before[j] + nudge[0, t, b, j], c_before[j] + nudge[1, t, b, j]
                continue
            i, f, o = (sigma(unit(p, x[t - 1, b], h_before, gate, j)) for gate in "ifo")
            g = cmath.tanh(unit(p, x[t - 1, b], h_before, "g", j))
            c[t, b, j] = f * c_before[j] + i * g + nudge[1, t, b, j]
            h[t, b, j] = o * cmath.tanh(c[t, b, j]) + nudge[0, t, b, j]
    return states


@st.composite
def problems(draw):
    """A cell with random weights, an input, perhaps lengths, perhaps h_0 and c_0."""
    T, B, D, H = (draw(st.integers(1, n)) for n in (5, 3, 2, 3))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    cell = rnnlib.LSTM(D, H, rng=rng, learn_h0=draw(st.booleans()))
    for array in cell.params.values():
        array[...] = rng.standard_normal(array.shape)
    lengths = draw(st.none() | st.lists(st.integers(0, T), min_size=B, max_size=B))
    starts = {name: rng.standard_normal((B, H)) if draw(st.booleans()) else None for name in ("h0", "c0")}
    return cell, rng.standard_normal((T, B, D)), starts, lengths, rng


def begin(p, starts, B, H):
    """(2, B, H): what was passed, else what is learned, else zeros."""
    rows = (p.get(name, np.zeros(H)) if value is None else value for name, value in starts.items())
    return np.stack([np.broadcast_to(row, (B, H)) for row in rows])


def whole(lengths, T, B):
    return np.full(B, T) if lengths is None else np.array(lengths)


@given(problems())
def test_states_equal_scalar_loops(problem):
    cell, x, starts, lengths, _ = problem
    (T, B, _), H = x.shape, cell.hidden_size
    trace, ends = cell.forward(x, **starts, lengths=lengths), whole(lengths, T, B)
    h, c = scalar_run(cell.params, x, begin(cell.params, starts, B, H), ends).real
    np.testing.assert_allclose(trace.h, h, atol=1e-13)
    np.testing.assert_allclose(trace.c, c, atol=1e-13)
    np.testing.assert_array_equal(trace.y, trace.h[1:])
    np.testing.assert_allclose(trace.h_last, h[ends, np.arange(B)], atol=1e-13)
    np.testing.assert_allclose(trace.c_last, c[ends, np.arange(B)], atol=1e-13)


@given(problems())
def test_gates_and_pre_activations_are_those_of_the_loops(problem):
    cell, x, starts, lengths, _ = problem
    (T, B, _), H = x.shape, cell.hidden_size
    trace, ends = cell.forward(x, **starts, lengths=lengths), whole(lengths, T, B)
    assert list(trace.gates) == list(GATES)
    for k, b, j in np.ndindex(T, B, H):
        for n, gate in enumerate(GATES):
            a = unit(cell.params, x[k, b], trace.h[k, b], gate, j).real if k < ends[b] else 0.0
            phi = np.tanh(a) if gate == "g" else sigma(a).real
            assert trace.a[k, b, n * H + j] == pytest.approx(a, abs=1e-13)
            assert trace.gates[gate][k, b, j] == pytest.approx(phi if k < ends[b] else 0.0, abs=1e-13)


@given(
    problems(),
    st.none() | st.integers(1, 6),
    st.sets(st.sampled_from(["dh", "dh_last", "dc_last"]), min_size=1),
)
@settings(max_examples=60)
def test_every_gradient_equals_the_differences_of_the_loops(complex_slopes, problem, window, given_):
    cell, x, starts, lengths, rng = problem
    (T, B, _), H = x.shape, cell.hidden_size
    shapes = {"dh": (T, B, H), "dh_last": (B, H), "dc_last": (B, H)}
    deltas = {name: rng.standard_normal(shapes[name]) for name in sorted(given_)}
    grads = cell.backward(cell.forward(x, **starts, lengths=lengths), **deltas, window=window)

    ends, kept = whole(lengths, T, B), None
    p = {name: array.astype(complex) for name, array in cell.params.items()}
    starts = {name: None if value is None else value.astype(complex) for name, value in starts.items()}
    x, nudge = x.astype(complex), np.zeros((2, T + 1, B, H), complex)
    kept = scalar_run(p, x, begin(p, starts, B, H), ends)

    def loss():
        h, c = scalar_run(p, x, begin(p, starts, B, H), ends, nudge, window, kept)
        sums = {"dh": h[1:], "dh_last": h[ends, np.arange(B)], "dc_last": c[ends, np.arange(B)]}
        return sum((delta * sums[name]).sum() for name, delta in deltas.items())

    expected = {name: complex_slopes(loss, array) for name, array in p.items()}
    for name in cell.params:
        np.testing.assert_allclose(grads.params[name], expected[name], atol=1e-11, err_msg=name)
    np.testing.assert_allclose(grads.x, complex_slopes(loss, x), atol=1e-11)
    dh, dc = complex_slopes(loss, nudge)
    np.testing.assert_allclose(grads.h, dh, atol=1e-11)
    np.testing.assert_allclose(grads.c, dc, atol=1e-11)
    np.testing.assert_array_equal(grads.h0, grads.h[0])
    np.testing.assert_array_equal(grads.c0, grads.c[0])


def test_one_unit_by_hand():
    """x = 1, h_0 = c_0 = 0, every weight 0 but the biases: i = f = o = σ(ln 3) = 3/4, g = tanh(a) = 1/2."""
    cell = rnnlib.LSTM(1, 1, rng=0)
    for name in ("W_xh", "W_hh"):
        cell.params[name][...] = 0.0
    cell.params["b_h"][...] = [np.log(3), np.log(3), np.arctanh(0.5), np.log(3)]
    trace = cell.forward(np.ones((2, 1, 1)))
    assert trace.c.ravel() == pytest.approx([0.0, 3 / 8, 3 / 8 * 3 / 4 + 3 / 8])
    assert trace.h.ravel() == pytest.approx([0.0, 0.75 * np.tanh(3 / 8), 0.75 * np.tanh(21 / 32)])
    # ∂c_2/∂c_0 along the direct path alone (W_hh = 0) is f_1 f_2
    assert cell.backward(trace, dc_last=np.ones((1, 1))).c0 == pytest.approx(9 / 16)


def test_the_forget_bias_is_an_initial_value_in_its_block_alone():
    np.testing.assert_array_equal(rnnlib.LSTM(2, 2, rng=0).params["b_h"], [0, 0, 1, 1, 0, 0, 0, 0])
    cell = rnnlib.LSTM(2, 2, rng=0, forget_bias=-2.5)
    np.testing.assert_array_equal(cell.params["b_h"], [0, 0, -2.5, -2.5, 0, 0, 0, 0])
    cell.params["b_h"][...] = 0.0  # nothing is added at run time: with zero weights f is σ(0)
    for name in ("W_xh", "W_hh"):
        cell.params[name][...] = 0.0
    assert (cell.forward(np.ones((3, 1, 2))).gates["f"] == 0.5).all()


def test_an_open_cell_carries_its_gradient_unchanged():
    """f = 1 and i = 0 to machine precision: the constant error carousel."""
    cell = rnnlib.LSTM(1, 2, rng=0)
    for name in ("W_xh", "W_hh"):
        cell.params[name][...] = 0.0
    cell.params["b_h"][...] = [-800, -800, 800, 800, 0, 0, 0, 0]
    c0 = np.array([[0.3, -2.0]])
    trace = cell.forward(np.ones((500, 1, 1)), c0=c0)
    np.testing.assert_array_equal(trace.c_last, c0)
    np.testing.assert_array_equal(cell.backward(trace, dc_last=[[1.0, -3.0]]).c0, [[1.0, -3.0]])


def test_a_passed_c0_overrides_the_learned_one_and_only_that():
    cell = rnnlib.LSTM(2, 2, rng=0, learn_h0=True)
    assert {name: cell.params[name].tolist() for name in ("h0", "c0")} == {"h0": [0, 0], "c0": [0, 0]}
    cell.params["h0"][...], cell.params["c0"][...] = 1.0, 2.0
    trace = cell.forward(np.ones((1, 3, 2)), c0=np.full((3, 2), 5.0))
    assert (trace.h[0] == 1.0).all()
    assert (trace.c[0] == 5.0).all()
    grads = cell.backward(trace, np.ones((1, 3, 2)))
    assert (grads.params["c0"] == 0).all()
    np.testing.assert_array_equal(grads.params["h0"], grads.h0.sum(axis=0))
