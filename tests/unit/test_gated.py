"""What the LSTM and the GRU promise alike: windows, lengths, batches, learned starts, overflow, traces."""

import warnings
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rnnlib

KINDS = {
    "LSTM": rnnlib.LSTM,
    "GRU": rnnlib.GRU,
    "GRU, reset before": partial(rnnlib.GRU, reset_after=False),
}
every_kind = pytest.mark.parametrize("kind", KINDS)


def a_cell(kind, rng, D=2, H=3, **options):
    cell = KINDS[kind](D, H, rng=rng, **options)
    for array in cell.params.values():
        array[...] = rng.standard_normal(array.shape)
    return cell


def states(cell):
    """The names of the states that a cell carries."""
    return ["h", "c"] if "c0" in cell.takes else ["h"]


@st.composite
def problems(draw, can_learn_h0=True, kind=None):
    """A cell, an input, starts, lengths, gradients from above: sizes from 1 up."""
    T, B, D, H = (draw(st.integers(1, n)) for n in (6, 4, 3, 4))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    learn_h0 = can_learn_h0 and draw(st.booleans())
    cell = a_cell(kind or draw(st.sampled_from(sorted(KINDS))), rng, D, H, learn_h0=learn_h0)
    lengths = draw(st.none() | st.lists(st.integers(0, T), min_size=B, max_size=B))
    starts = {f"{s}0": rng.standard_normal((B, H)) for s in states(cell) if draw(st.booleans())}
    deltas = {"dh": rng.standard_normal((T, B, H))}
    deltas |= {f"d{s}_last": rng.standard_normal((B, H)) for s in states(cell) if draw(st.booleans())}
    return cell, rng.standard_normal((T, B, D)), starts, lengths, deltas


def whole(lengths, T, B):
    return [T] * B if lengths is None else lengths


def rows(arrays, b):
    """One sequence's part of arrays (…, B, H)."""
    return {name: array[..., b : b + 1, :] for name, array in arrays.items()}


def close(actual, expected, what=""):
    np.testing.assert_allclose(actual, expected, atol=1e-10, err_msg=what)


@given(problems(), st.integers(1, 7))
@settings(max_examples=200)
def test_a_window_equals_calls_that_carry_the_states_and_drop_their_gradients(problem, k):
    cell, x, starts, lengths, deltas = problem
    T, B, _ = x.shape
    grads = cell.backward(cell.forward(x, **starts, lengths=lengths), **deltas, window=k)
    ends, carried = np.array(whole(lengths, T, B)), starts
    total = {name: np.zeros_like(array) for name, array in cell.params.items()}
    for begin in range(0, T, k):
        piece, here = slice(begin, begin + k), np.clip(ends - begin, 0, len(x[begin : begin + k]))
        # a sequence ends in this call if its last step is one of the call's (or is h_0 in the first)
        last_here = (((ends > begin) | (begin == 0)) & (ends <= begin + k))[:, None]
        part = cell.forward(x[piece], **carried, lengths=here)
        part_deltas = {name: d[piece] if name == "dh" else d * last_here for name, d in deltas.items()}
        found = cell.backward(part, **part_deltas)
        close(grads.x[piece], found.x)
        for s in states(cell):
            close(getattr(grads, s)[begin + 1 : begin + 1 + k], getattr(found, s)[1:])
            if begin == 0:
                close(getattr(grads, f"{s}0"), getattr(found, f"{s}0"))
        total = {name: total[name] + found.params[name] for name in total}
        carried = {f"{s}0": getattr(part, s)[-1] for s in states(cell)}
    for name in total:
        close(grads.params[name], total[name], name)


@given(problems())
def test_sequences_of_a_batch_do_not_touch_each_other(problem):
    cell, x, starts, lengths, deltas = problem
    T, B, _ = x.shape
    trace = cell.forward(x, **starts, lengths=lengths)
    grads = cell.backward(trace, **deltas)
    sums = {name: np.zeros_like(array) for name, array in cell.params.items()}
    for b in range(B):
        one = slice(b, b + 1)
        alone = cell.forward(x[:, one], **rows(starts, b), lengths=whole(lengths, T, B)[one])
        found = cell.backward(alone, **rows(deltas, b))
        close(grads.x[:, one], found.x)
        for s in states(cell):
            close(getattr(trace, s)[:, one], getattr(alone, s))
            close(getattr(grads, s)[:, one], getattr(found, s))
        sums = {name: sums[name] + found.params[name] for name in sums}
    for name in sums:
        close(grads.params[name], sums[name], name)


@given(problems())
def test_a_padded_sequence_equals_the_trimmed_one(problem):
    cell, x, starts, lengths, deltas = problem
    T, B, _ = x.shape
    deltas.pop("dh")
    lasts = deltas or {"dh_last": np.ones((B, cell.hidden_size))}
    trace = cell.forward(x, **starts, lengths=lengths)
    grads = cell.backward(trace, **lasts)
    for b, n in enumerate(whole(lengths, T, B)):
        one = slice(b, b + 1)
        assert (grads.x[n:, b] == 0).all()
        if n == 0:
            for s in states(cell):
                np.testing.assert_array_equal(getattr(trace, f"{s}_last")[b], getattr(trace, s)[0, b])
                arrived = lasts.get(f"d{s}_last", np.zeros((B, cell.hidden_size)))
                np.testing.assert_array_equal(getattr(grads, f"{s}0")[b], arrived[b])
            continue
        alone = cell.forward(x[:n, one], **rows(starts, b))
        found = cell.backward(alone, **rows(lasts, b))
        close(grads.x[:n, one], found.x)
        for s in states(cell):
            close(getattr(trace, f"{s}_last")[one], getattr(alone, f"{s}_last"))
            close(getattr(grads, f"{s}0")[one], getattr(found, f"{s}0"))
            np.testing.assert_array_equal(  # beyond the end: copies
                getattr(trace, s)[n:, b], np.tile(getattr(trace, s)[n, b], (T - n + 1, 1))
            )


@given(problems(), st.sampled_from([np.nan, np.inf, 1e300]))
def test_padded_x_is_never_read(problem, junk):
    cell, x, starts, lengths, deltas = problem
    dirty_x = x.copy()
    for b, n in enumerate(whole(lengths, *x.shape[:2])):
        dirty_x[n:, b] = junk
    clean, dirty = (cell.forward(some, **starts, lengths=lengths) for some in (x, dirty_x))
    np.testing.assert_array_equal(clean.h, dirty.h)
    assert dirty.overflow is None
    first, second = cell.backward(clean, **deltas), cell.backward(dirty, **deltas)
    np.testing.assert_array_equal(first.x, second.x)
    for name in cell.params:
        np.testing.assert_array_equal(first.params[name], second.params[name])


@given(problems())
def test_the_gradient_of_a_start_goes_to_what_supplied_it(problem):
    cell, x, starts, lengths, deltas = problem
    grads = cell.backward(cell.forward(x, **starts, lengths=lengths), **deltas)
    assert set(grads.params) == set(cell.params)
    for s in states(cell):
        start = getattr(grads, f"{s}0")
        np.testing.assert_array_equal(getattr(grads, s)[0], start)
        if cell.learn_h0:
            expected = np.zeros(cell.hidden_size) if f"{s}0" in starts else start.sum(axis=0)
            np.testing.assert_array_equal(grads.params[f"{s}0"], expected)


@given(problems(), st.floats(-3, 3))
def test_backward_is_linear_in_the_incoming_gradients(problem, factor):
    cell, x, starts, lengths, deltas = problem
    trace = cell.forward(x, **starts, lengths=lengths)
    other = {name: np.cos(7 * d) for name, d in deltas.items()}
    mixed = {name: deltas[name] + factor * other[name] for name in deltas}
    first, second, both = (cell.backward(trace, **d) for d in (deltas, other, mixed))
    for get in (lambda g: g.x, lambda g: g.h, *(lambda g, n=n: g.params[n] for n in cell.params)):
        close(get(both), get(first) + factor * get(second))


@given(problems(can_learn_h0=False))
def test_float32_cells_compute_in_float32_close_to_float64(problem):
    cell, x, starts, lengths, deltas = problem
    options = {"reset_after": cell.reset_after} if isinstance(cell, rnnlib.GRU) else {}
    half = type(cell)(cell.input_size, cell.hidden_size, dtype=np.float32, rng=0, **options)
    for name, array in half.params.items():
        array[...] = cell.params[name]
    pairs = []
    for one in (half, cell):
        trace = one.forward(x, **starts, lengths=lengths)
        grads = one.backward(trace, **deltas)
        arrays = [trace.x, trace.a, trace.h, trace.y, trace.h_last, *trace.gates.values(), grads.x]
        arrays += [getattr(grads, s) for s in states(cell)] + [getattr(grads, f"{s}0") for s in states(cell)]
        pairs.append([*arrays, *grads.params.values()])
    assert {array.dtype for array in pairs[0]} == {np.dtype(np.float32)}
    for single, double in zip(*pairs):
        np.testing.assert_allclose(single, double, rtol=1e-4, atol=1e-4 * max(1.0, np.abs(double).max()))


# ---- promises of forward, backward and the trace


@every_kind
def test_parameters_have_the_blocks_side_by_side_and_the_rng_decides_them(kind):
    n = 4 if kind == "LSTM" else 3
    one, other = (KINDS[kind](2, 5, rng=rng, init="orthogonal", gain=0.5) for rng in (3, np.int64(3)))
    shapes = {name: array.shape for name, array in one.params.items() if name != "b_hn"}
    assert shapes == {"W_xh": (2, 5 * n), "W_hh": (5, 5 * n), "b_h": (5 * n,)}
    for name in one.params:
        np.testing.assert_array_equal(one.params[name], other.params[name])
    for block in np.split(one.params["W_hh"], n, axis=1):  # each block orthogonal on its own, times the gain
        close(block @ block.T, 0.25 * np.eye(5))


@every_kind
def test_a_trace_is_not_changed_by_later_calls_backward_or_the_callers_buffers(kind):
    rng = np.random.default_rng(0)
    cell, x, h0 = a_cell(kind, rng), rng.standard_normal((4, 2, 2)), rng.standard_normal((2, 3))
    trace = cell.forward(x, h0, lengths=[4, 2])
    kept = {name: value.copy() for name, value in vars(trace).items() if isinstance(value, np.ndarray)}
    first = cell.backward(trace, dh_last=np.ones((2, 3)))
    x[...], h0[...] = 7.0, 7.0
    cell.forward(x, h0)
    second = cell.backward(trace, dh_last=np.ones((2, 3)))
    for name, array in kept.items():
        np.testing.assert_array_equal(vars(trace)[name], array, err_msg=name)
    np.testing.assert_array_equal(first.x, second.x)
    assert not np.shares_memory(first.h, second.h)
    assert not np.shares_memory(first.h, first.h0)


@every_kind
def test_backward_leaves_the_incoming_gradients_alone(kind):
    rng = np.random.default_rng(0)
    cell = a_cell(kind, rng)
    dh, last = np.ones((4, 2, 3)), np.ones((2, 3))
    cell.backward(cell.forward(rng.standard_normal((4, 2, 2))), dh, dh_last=last)
    assert (dh == 1).all()
    assert (last == 1).all()


@every_kind
def test_backward_refuses_a_trace_older_than_the_parameters(kind):
    cell = KINDS[kind](2, 3, rng=0)
    trace = cell.forward(np.ones((4, 1, 2)))
    cell.params["b_h"][-1] += 1e-9
    with pytest.raises(ValueError, match=r'params\["b_h"\] has changed since this trace was made'):
        cell.backward(trace, np.ones((4, 1, 3)))


@every_kind
def test_lengths_that_end_nowhere_early_change_nothing(kind):
    cell, x = KINDS[kind](2, 3, rng=0), np.ones((4, 2, 2))
    np.testing.assert_array_equal(cell.forward(x).h, cell.forward(x, lengths=[4, 4]).h)
    assert (cell.forward(x).h[-1] != cell.forward(x, lengths=[4, 3]).h[-1]).any(axis=1).tolist() == [
        False,
        True,
    ]


@every_kind
def test_the_first_pre_activation_that_overflows_is_named_without_a_warning(kind):
    cell = KINDS[kind](2, 1, rng=0)
    cell.params["W_xh"][...] = 1e200
    x = np.zeros((5, 2, 2))
    x[2, 1], x[4, 0] = 1e200, 1e200  # 2e400 at t = 3 and t = 5
    with warnings.catch_warnings(), np.errstate(all="raise"):
        warnings.simplefilter("error")
        trace = cell.forward(x)
        cell.backward(trace, np.ones((5, 2, 1)))
        assert trace.overflow == 3
        assert cell.forward(x[:2]).overflow is None
        assert cell.forward(x, lengths=[5, 2]).overflow == 5
        assert cell.forward(x, lengths=[4, 2]).overflow is None
    assert np.isfinite(trace.h).all()  # the gates saturate


@every_kind
def test_large_values_whose_sum_alone_overflows_are_no_overflow(kind):
    cell = KINDS[kind](1, 4, rng=0)
    cell.params["W_xh"][...] = 1e308
    trace = cell.forward(np.ones((2, 3, 1)))
    assert trace.overflow is None
    assert np.isfinite(trace.h).all()


@every_kind
def test_an_overflow_through_the_state_is_named_at_the_step_that_reads_it(kind):
    cell = KINDS[kind](1, 1, rng=0)
    cell.params["W_xh"][...] = 0.0
    cell.params["W_hh"][...] = 1e200
    trace = cell.forward(np.zeros((3, 1, 1)), np.full((1, 1), 1e200))
    assert trace.overflow == 1


@every_kind
def test_a_sequence_that_is_no_number_does_not_touch_the_others(kind):
    """+1e600 from x and −1e600 from h_0 make ∞ − ∞ in sequence 0, from t = 1 on."""
    cell = KINDS[kind](1, 1, rng=0)
    cell.params["W_xh"][...], cell.params["W_hh"][...] = 1e300, -1e300
    x, h0 = np.zeros((3, 2, 1)), np.zeros((2, 1))
    x[:, 0] = h0[0] = 1e300
    trace = cell.forward(x, h0)
    assert trace.overflow == 1
    assert np.isnan(trace.h[1:, 0]).all()
    grads = cell.backward(trace, np.ones((3, 2, 1)))
    assert np.isnan(grads.x[:, 0]).all()
    alone = cell.forward(x[:, 1:], h0[1:])
    np.testing.assert_array_equal(trace.h[:, 1:], alone.h)
    np.testing.assert_array_equal(grads.x[:, 1:], cell.backward(alone, np.ones((3, 1, 1))).x)


@every_kind
def test_traces_and_cells_say_what_they_are(kind):
    cell = KINDS[kind](2, 3, rng=0)
    name = "LSTM" if kind == "LSTM" else "GRU"
    assert repr(cell).startswith(f"{name}(2, 3")
    assert repr(cell.forward(np.ones((4, 5, 2)))) == f"{name}Trace(T=4, B=5, D=2, H=3)"
