"""The RNN cell: its states against scalar loops, its gradients against finite differences, its promises."""

import math
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rnnlib

ACTIVATIONS = {
    "tanh": math.tanh,
    "relu": lambda a: max(a, 0.0),
    "sigmoid": lambda a: 1 / (1 + math.exp(-a)),
    "identity": lambda a: a,
}


def scalar_states(params, x, h0, lengths, activation):
    """h_0 … h_T by the definition, one number at a time."""
    (T, B, D), H, phi = x.shape, h0.shape[1], ACTIVATIONS[activation]
    h = np.empty((T + 1, B, H))
    h[0] = h0
    for t in range(1, T + 1):
        for b in range(B):
            for j in range(H):
                if t > lengths[b]:
                    h[t, b, j] = h[t - 1, b, j]
                    continue
                a = params["b_h"][j]
                a += sum(x[t - 1, b, d] * params["W_xh"][d, j] for d in range(D))
                a += sum(h[t - 1, b, i] * params["W_hh"][i, j] for i in range(H))
                h[t, b, j] = phi(float(a))
    return h


def a_cell(rng, D=2, H=3, **options):
    cell = rnnlib.RNN(D, H, rng=rng, **options)
    for array in cell.params.values():
        array[...] = rng.standard_normal(array.shape) * 0.7
    return cell


# ---- gradients against finite differences of a loss written independently


def cut_loss(p, x, h0, nudge, case, starts=None):
    """Σ dh ⊙ h + Σ dh_last ⊙ h_last, each h_t shifted by nudge; a cut restarts from `starts`, a constant."""
    h = [(h0 if h0 is not None else np.tile(p["h0"], (x.shape[1], 1))) + nudge[0]]
    for t in range(1, len(x) + 1):
        cut = starts is not None and case["window"] and t > 1 and (t - 1) % case["window"] == 0
        before = starts[t - 1] if cut else h[-1]
        new = np.vectorize(ACTIVATIONS[case["activation"]])(
            x[t - 1] @ p["W_xh"] + before @ p["W_hh"] + p["b_h"]
        )
        h.append(np.where((t <= case["lengths"])[:, None], new, before) + nudge[t])
    h = np.stack(h)
    h_last = h[case["lengths"], np.arange(x.shape[1])]
    return (case["dh"] * h[1:]).sum() + (case["dh_last"] * h_last).sum(), h


@pytest.mark.parametrize("learn_h0", [False, True], ids=["h0_passed", "h0_learned"])
@pytest.mark.parametrize("window", [None, 1, 2, 5])
@pytest.mark.parametrize("lengths", [None, [5, 0, 2], [4, 3, 5]], ids=["full", "ragged_with_0", "ragged"])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_gradient_equals_finite_differences(activation, lengths, window, learn_h0, slopes):
    rng = np.random.default_rng(5)
    cell = a_cell(rng, activation=activation, learn_h0=learn_h0)
    x, h0 = rng.standard_normal((5, 3, 2)), None if learn_h0 else rng.standard_normal((3, 3))
    dh, dh_last = rng.standard_normal((5, 3, 3)), rng.standard_normal((3, 3))
    trace = cell.forward(x, h0, lengths=lengths)
    grads = cell.backward(trace, dh, dh_last=dh_last, window=window)

    lengths = np.array([5, 5, 5] if lengths is None else lengths)
    case = {"activation": activation, "lengths": lengths, "window": window, "dh": dh, "dh_last": dh_last}
    p, nudge = {name: array.copy() for name, array in cell.params.items()}, np.zeros((6, 3, 3))
    _, starts = cut_loss(p, x, h0, nudge, case)
    loss = lambda: cut_loss(p, x, h0, nudge, case, starts)[0]
    for name in p:
        np.testing.assert_allclose(grads.params[name], slopes(loss, p[name]), atol=2e-8, err_msg=name)
    np.testing.assert_allclose(grads.x, slopes(loss, x), atol=2e-8)
    np.testing.assert_allclose(grads.h, slopes(loss, nudge), atol=2e-8)
    if h0 is not None:
        np.testing.assert_allclose(grads.h0, slopes(loss, h0), atol=2e-8)


def test_dh_last_alone_is_the_gradient_of_h_last(slopes):
    rng = np.random.default_rng(6)
    cell, x, dh_last = a_cell(rng), rng.standard_normal((4, 2, 2)), rng.standard_normal((2, 3))
    lengths = [2, 4]
    grads = cell.backward(cell.forward(x, lengths=lengths), dh_last=dh_last)
    loss = lambda: float((cell.forward(x, lengths=lengths).h_last * dh_last).sum())
    np.testing.assert_allclose(grads.x, slopes(loss, x), atol=2e-8)
    np.testing.assert_allclose(grads.params["W_hh"], slopes(loss, cell.params["W_hh"]), atol=2e-8)


# ---- properties


@st.composite
def problems(draw, can_learn_h0=True):
    """A cell, an input, perhaps lengths, perhaps an h_0: sizes from 1 up."""
    T, B, D, H = (draw(st.integers(1, n)) for n in (6, 4, 3, 4))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    cell = a_cell(
        rng,
        D,
        H,
        activation=draw(st.sampled_from(sorted(ACTIVATIONS))),
        learn_h0=can_learn_h0 and draw(st.booleans()),
    )
    lengths = draw(st.none() | st.lists(st.integers(0, T), min_size=B, max_size=B))
    h0 = rng.standard_normal((B, H)) if draw(st.booleans()) else None
    return cell, rng.standard_normal((T, B, D)), h0, lengths, rng


def start(cell, h0, B):
    learned = cell.params.get("h0", np.zeros(cell.hidden_size))
    return np.tile(learned, (B, 1)) if h0 is None else h0


def whole(lengths, T, B):
    return [T] * B if lengths is None else lengths


@given(problems())
def test_states_equal_scalar_loops(problem):
    cell, x, h0, lengths, _ = problem
    T, B, _ = x.shape
    trace = cell.forward(x, h0, lengths=lengths)
    h = scalar_states(cell.params, x, start(cell, h0, B), whole(lengths, T, B), cell.activation)
    np.testing.assert_allclose(trace.h, h, atol=1e-12)
    np.testing.assert_array_equal(trace.y, trace.h[1:])
    np.testing.assert_allclose(
        trace.h_last, [h[n, b] for b, n in enumerate(whole(lengths, T, B))], atol=1e-12
    )


@given(problems())
def test_pre_activations_give_the_states(problem):
    cell, x, h0, lengths, _ = problem
    trace = cell.forward(x, h0, lengths=lengths)
    for b, n in enumerate(whole(lengths, *x.shape[:2])):
        expected = np.vectorize(ACTIVATIONS[cell.activation], otypes=[float])(trace.a[:n, b])
        np.testing.assert_allclose(trace.h[1 : n + 1, b], expected, atol=1e-12)
        assert (trace.a[n:, b] == 0).all()


@given(problems(), st.integers(1, 7), st.booleans())
@settings(max_examples=200)
def test_a_window_equals_calls_that_carry_the_state_and_drop_its_gradient(problem, k, with_last):
    cell, x, h0, lengths, rng = problem
    (T, B, _), H = x.shape, cell.hidden_size
    dh, dh_last = rng.standard_normal((T, B, H)), rng.standard_normal((B, H)) if with_last else None
    trace = cell.forward(x, h0, lengths=lengths)
    grads = cell.backward(trace, dh, dh_last=dh_last, window=k)

    ends, state = np.array(whole(lengths, T, B)), h0
    total = {name: np.zeros_like(array) for name, array in cell.params.items()}
    for begin in range(0, T, k):
        piece, here = slice(begin, begin + k), np.clip(ends - begin, 0, len(x[begin : begin + k]))
        # a sequence ends in this call if its last step is one of the call's (or is h_0 in the first)
        last_here = ((ends > begin) | (begin == 0)) & (ends <= begin + k)
        part = cell.forward(x[piece], state, lengths=here)
        part_last = None if dh_last is None else dh_last * last_here[:, None]
        found = cell.backward(part, dh[piece], dh_last=part_last)
        np.testing.assert_allclose(grads.x[piece], found.x, atol=1e-10)
        np.testing.assert_allclose(grads.h[begin + 1 : begin + 1 + k], found.h[1:], atol=1e-10)
        if begin == 0:
            np.testing.assert_allclose(grads.h0, found.h0, atol=1e-10)
        for name in total:
            total[name] += found.params[name]
        state = part.h[-1]
    for name in total:
        np.testing.assert_allclose(grads.params[name], total[name], atol=1e-10, err_msg=name)


@given(problems(), st.floats(-3, 3))
def test_backward_is_linear_in_the_incoming_gradient(problem, c):
    cell, x, h0, lengths, rng = problem
    trace = cell.forward(x, h0, lengths=lengths)
    one, two = rng.standard_normal((2, *trace.y.shape))
    first, second, both = (cell.backward(trace, dh) for dh in (one, two, one + c * two))
    for get in (lambda g: g.x, lambda g: g.h, *(lambda g, n=n: g.params[n] for n in cell.params)):
        np.testing.assert_allclose(get(both), get(first) + c * get(second), atol=1e-9)


@given(problems())
def test_sequences_of_a_batch_do_not_touch_each_other(problem):
    cell, x, h0, lengths, rng = problem
    T, B, _ = x.shape
    trace = cell.forward(x, h0, lengths=lengths)
    dh = rng.standard_normal(trace.y.shape)
    grads = cell.backward(trace, dh)
    sums = {name: np.zeros_like(array) for name, array in cell.params.items()}
    for b in range(B):
        one = slice(b, b + 1)
        alone = cell.forward(x[:, one], None if h0 is None else h0[one], lengths=whole(lengths, T, B)[one])
        found = cell.backward(alone, dh[:, one])
        np.testing.assert_allclose(trace.h[:, one], alone.h, atol=1e-12)
        np.testing.assert_allclose(grads.x[:, one], found.x, atol=1e-10)
        np.testing.assert_allclose(grads.h[:, one], found.h, atol=1e-10)
        sums = {name: sums[name] + found.params[name] for name in sums}
    for name in sums:
        np.testing.assert_allclose(grads.params[name], sums[name], atol=1e-10)


@given(problems())
def test_a_padded_sequence_equals_the_trimmed_one(problem):
    cell, x, h0, lengths, rng = problem
    T, B, _ = x.shape
    dh_last = rng.standard_normal((B, cell.hidden_size))
    trace = cell.forward(x, h0, lengths=lengths)
    grads = cell.backward(trace, dh_last=dh_last)
    for b, n in enumerate(whole(lengths, T, B)):
        if n == 0:
            np.testing.assert_array_equal(trace.h_last[b], start(cell, h0, B)[b])
            np.testing.assert_array_equal(grads.h0[b], dh_last[b])
            continue
        one = slice(b, b + 1)
        alone = cell.forward(x[:n, one], None if h0 is None else h0[one])
        found = cell.backward(alone, dh_last=dh_last[one])
        np.testing.assert_allclose(trace.h_last[one], alone.h_last, atol=1e-12)
        np.testing.assert_allclose(grads.x[:n, one], found.x, atol=1e-10)
        assert (grads.x[n:, b] == 0).all()


@given(problems(), st.sampled_from([np.nan, np.inf, 1e300]))
def test_padded_x_is_never_read(problem, junk):
    cell, x, h0, lengths, rng = problem
    dh = rng.standard_normal((*x.shape[:2], cell.hidden_size))
    clean = cell.forward(x, h0, lengths=lengths)
    dirty_x = x.copy()
    for b, n in enumerate(whole(lengths, *x.shape[:2])):
        dirty_x[n:, b] = junk
    dirty = cell.forward(dirty_x, h0, lengths=lengths)
    np.testing.assert_array_equal(clean.h, dirty.h)
    first, second = cell.backward(clean, dh), cell.backward(dirty, dh)
    np.testing.assert_array_equal(first.x, second.x)
    for name in cell.params:
        np.testing.assert_array_equal(first.params[name], second.params[name])


@given(problems())
def test_the_gradient_of_h0_goes_to_what_supplied_it(problem):
    cell, x, h0, lengths, rng = problem
    trace = cell.forward(x, h0, lengths=lengths)
    grads = cell.backward(trace, rng.standard_normal(trace.y.shape))
    np.testing.assert_array_equal(grads.h[0], grads.h0)
    assert set(grads.params) == set(cell.params)
    if cell.learn_h0:
        expected = np.zeros(cell.hidden_size) if h0 is not None else grads.h0.sum(axis=0)
        np.testing.assert_array_equal(grads.params["h0"], expected)


@given(problems(can_learn_h0=False))
def test_float32_cells_compute_in_float32_close_to_float64(problem):
    cell, x, h0, lengths, rng = problem
    half = rnnlib.RNN(cell.input_size, cell.hidden_size, dtype=np.float32, activation=cell.activation, rng=0)
    for name, array in half.params.items():
        array[...] = cell.params[name]
    dh = rng.standard_normal((*x.shape[:2], cell.hidden_size))
    trace, other = half.forward(x, h0, lengths=lengths), cell.forward(x, h0, lengths=lengths)
    grads, others = half.backward(trace, dh), cell.backward(other, dh)
    arrays = [
        trace.x,
        trace.a,
        trace.h,
        trace.y,
        trace.h_last,
        grads.x,
        grads.h,
        grads.h0,
        *grads.params.values(),
    ]
    assert {array.dtype for array in arrays} == {np.dtype(np.float32)}
    size = max(1.0, np.abs(other.h).max())
    np.testing.assert_allclose(trace.h, other.h, atol=1e-4 * size)
    if cell.activation in ("tanh", "sigmoid"):  # relu and identity may blow rounding up over the steps
        np.testing.assert_allclose(grads.params["W_hh"], others.params["W_hh"], atol=1e-3)


@given(problems())
def test_later_inputs_do_not_change_earlier_states(problem):
    cell, x, h0, lengths, rng = problem
    t = len(x) // 2
    other = x.copy()
    other[t:] = rng.standard_normal(other[t:].shape)
    first, second = cell.forward(x, h0, lengths=lengths), cell.forward(other, h0, lengths=lengths)
    np.testing.assert_allclose(first.h[: t + 1], second.h[: t + 1], atol=1e-12)


# ---- promises


def test_lists_ints_and_bools_are_cast_to_the_cells_type():
    cell = rnnlib.RNN(1, 2, rng=0)
    as_floats = cell.forward(np.array([[[1.0]], [[0.0]]])).h
    np.testing.assert_array_equal(cell.forward([[[1]], [[0]]]).h, as_floats)
    np.testing.assert_array_equal(cell.forward(np.array([[[True]], [[False]]])).h, as_floats)
    np.testing.assert_array_equal(cell.forward(np.float16([[[1]], [[0]]])).h, as_floats)


def test_the_callers_arrays_are_copied_not_kept():
    cell, x, h0 = rnnlib.RNN(2, 3, rng=0), np.ones((4, 1, 2)), np.ones((1, 3))
    dh = np.ones((4, 1, 3))
    trace = cell.forward(x, h0)
    expected = cell.backward(trace, dh).params["W_xh"]
    x[...], h0[...] = 7.0, 7.0
    np.testing.assert_array_equal(cell.backward(trace, dh).params["W_xh"], expected)
    assert (dh == 1.0).all()


def test_a_later_call_does_not_change_what_an_earlier_one_returned():
    cell, x = rnnlib.RNN(2, 3, rng=0), np.ones((4, 2, 2))
    trace = cell.forward(x, lengths=[4, 1])
    grads = cell.backward(trace, np.ones((4, 2, 3)))
    arrays = {"y": trace.y, "a": trace.a, "h_last": trace.h_last, "x": grads.x, "h": grads.h, "h0": grads.h0,
              **grads.params}  # fmt: skip
    kept = {name: array.copy() for name, array in arrays.items()}
    cell.backward(cell.forward(5 * x), np.full((4, 2, 3), 9.0))
    cell.backward(trace, np.full((4, 2, 3), 9.0), dh_last=np.ones((2, 3)), window=2)
    for name, array in arrays.items():
        np.testing.assert_array_equal(array, kept[name], err_msg=name)


def test_clipping_the_parameters_gradients_leaves_the_states_gradients_alone():
    cell = rnnlib.RNN(2, 3, rng=0, learn_h0=True)
    grads = cell.backward(cell.forward(np.ones((4, 2, 2))), np.ones((4, 2, 3)))
    h = grads.h.copy()
    rnnlib.clip_grad_value(grads, 1e-9)
    grads.h0[...] = 0
    np.testing.assert_array_equal(grads.h, h)


@pytest.mark.parametrize(
    "change", [lambda p: p["b_h"].__iadd__(1), lambda p: p.__setitem__("W_hh", p["W_hh"] * 2)]
)
def test_backward_refuses_a_trace_older_than_the_parameters(change):
    cell = rnnlib.RNN(2, 3, rng=0)
    trace = cell.forward(np.ones((4, 1, 2)))
    change(cell.params)
    with pytest.raises(ValueError, match="has changed since this trace was made"):
        cell.backward(trace, np.ones((4, 1, 3)))


def test_backward_works_again_once_the_parameters_are_back():
    cell = rnnlib.RNN(2, 3, rng=0)
    trace = cell.forward(np.ones((4, 1, 2)))
    kept = cell.params["W_hh"].copy()
    cell.params["W_hh"] += 1.0
    cell.params["W_hh"][...] = kept
    assert np.isfinite(cell.backward(trace, np.ones((4, 1, 3))).params["W_hh"]).all()


@pytest.mark.parametrize(("activation", "first"), [("identity", 8), ("relu", 8)])
def test_overflow_is_kept_and_its_step_named_without_a_warning(activation, first):
    cell = rnnlib.RNN(1, 1, activation=activation, rng=0)
    for name, value in (("W_xh", 1.0), ("W_hh", 1e50), ("b_h", 0.0)):
        cell.params[name][...] = value
    with warnings.catch_warnings(), np.errstate(all="raise"):
        warnings.simplefilter("error")
        trace = cell.forward(np.ones((10, 1, 1)))  # h_t ≈ 1e50^(t−1), beyond 1.8e308 at t = 8
        cell.backward(trace, np.ones((10, 1, 1)))
    assert trace.overflow == first
    assert np.isfinite(trace.h[:first]).all()
    assert not np.isfinite(trace.h[first]).any()


def test_a_pre_activation_that_overflows_is_named_even_where_tanh_saturates():
    cell = rnnlib.RNN(2, 1, rng=0)
    cell.params["W_xh"][...] = 1e200
    trace = cell.forward(np.array([[[0.0, 0.0]], [[1e200, 1e200]]]))
    assert trace.overflow == 2
    assert trace.h[2] == 1.0


def test_overflow_beyond_a_sequences_end_is_no_overflow():
    cell = rnnlib.RNN(1, 1, activation="identity", rng=0)
    cell.params["W_hh"][...] = 1e200
    cell.params["W_xh"][...] = 1.0
    x = np.ones((4, 2, 1))
    x[:, 1] = 0.0
    assert cell.forward(x, lengths=[2, 4]).overflow is None
    assert cell.forward(x, lengths=[3, 4]).overflow == 3


def test_a_last_state_that_overflowed_does_not_spoil_gradients_it_has_no_part_in():
    cell = rnnlib.RNN(1, 1, activation="identity", rng=0)
    for name, value in (("W_xh", 1.0), ("W_hh", 1e200), ("b_h", 0.0)):
        cell.params[name][...] = value
    x, dh = np.ones((5, 1, 1)), np.zeros((5, 1, 1))
    dh[0] = 1.0  # only h_1 matters; h_3 overflows, and is copied beyond the end
    grads = cell.backward(cell.forward(x, lengths=[3]), dh)
    assert grads.params["W_xh"] == grads.params["b_h"] == 1.0
    assert grads.params["W_hh"] == 0.0


def test_relu_has_slope_0_at_0():
    cell = rnnlib.RNN(1, 2, activation="relu", init="identity", rng=0)
    grads = cell.backward(cell.forward(np.zeros((3, 1, 1))), np.ones((3, 1, 2)))
    assert (grads.params["W_xh"] == 0).all()
    assert (grads.params["b_h"] == 0).all()


def test_the_same_seed_gives_the_same_cell_and_none_a_new_one():
    same = [rnnlib.RNN(2, 3, rng=rng).params["W_hh"] for rng in (7, np.random.default_rng(7), np.int64(7))]
    np.testing.assert_array_equal(same[0], same[1])
    np.testing.assert_array_equal(same[0], same[2])
    assert (rnnlib.RNN(2, 3).params["W_hh"] != rnnlib.RNN(2, 3).params["W_hh"]).any()


def test_making_a_cell_leaves_numpys_global_generator_alone():
    np.random.seed(0)
    expected = np.random.random()
    np.random.seed(0)
    rnnlib.RNN(2, 3).forward(np.ones((2, 1, 2)))
    assert np.random.random() == expected


def test_learned_h0_starts_every_sequence_and_a_passed_h0_overrides_it():
    cell = rnnlib.RNN(2, 3, rng=0, learn_h0=True)
    assert (cell.params["h0"] == 0).all()
    cell.params["h0"][...] = [1.0, 2.0, 3.0]
    np.testing.assert_array_equal(cell.forward(np.ones((1, 2, 2))).h[0], [[1, 2, 3], [1, 2, 3]])
    assert (cell.forward(np.ones((1, 2, 2)), np.zeros((2, 3))).h[0] == 0).all()


def test_only_passing_lengths_that_end_early_changes_the_result():
    cell, x = rnnlib.RNN(2, 3, rng=0), np.ones((4, 2, 2))
    np.testing.assert_array_equal(cell.forward(x).h, cell.forward(x, lengths=[4, 4]).h)
    assert (cell.forward(x).h[-1] != cell.forward(x, lengths=[4, 3]).h[-1]).any()
