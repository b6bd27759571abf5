"""Every check of *Backpropagation through time* names the mistake that was made."""

import linecache
import re

import numpy as np
import pytest

import rnnlib
from rnnlib import check

STEP = """
def rnn_step_backward(dh_t, x_t, h_prev, h_t, W_xh, W_hh):
    da = dh_t * (1 - h_t * h_t)
    dx_t = np.dot(da, W_xh.T)
    dh_prev = np.dot(da, W_hh.T)
    dW_xh = np.einsum("bd,bh->dh", x_t, da)
    dW_hh = np.einsum("bi,bj->ij", h_prev, da)
    db_h = np.zeros(len(W_hh))
    for row in da:
        db_h = db_h + row
    return dx_t, dh_prev, dW_xh, dW_hh, db_h
"""

LOOP = """
def rnn_backward(x, h, dh, W_xh, W_hh):
    T, B, D = x.shape
    dW_xh, dW_hh, db_h = np.zeros_like(W_xh), np.zeros_like(W_hh), np.zeros(h.shape[2])
    dx, dh_next = [None] * T, np.zeros(h.shape[1:])
    for t in range(T, 0, -1):
        total = dh[t - 1] + dh_next
        da = total * (1 - h[t] ** 2)
        dW_xh += x[t - 1].T @ da
        dW_hh += h[t - 1].T @ da
        db_h += np.sum(da, axis=0)
        dx[t - 1] = da @ W_xh.T
        dh_next = da @ W_hh.T
    return dW_xh, dW_hh, db_h, np.array(dx), dh_next
"""

SCALAR = """
def scalar_bptt(w, u, b, x, h_0, dh):
    h = [h_0]
    for x_t in x:
        h.append(np.tanh(w * h[-1] + u * x_t + b))
    dw, du, db, later = 0.0, 0.0, 0.0, 0.0
    for t in range(len(x), 0, -1):
        total = dh[t - 1] + later
        da = total * (1 - h[t] ** 2)
        dw += da * h[t - 1]
        du += da * x[t - 1]
        db += da
        later = da * w
    return dw, du, db, later
"""


def edited(source, *changes):
    """Make the function of a source in which each (line's beginning, its new text) has been changed."""
    for old, new in changes:
        assert len(re.findall(rf"^ *{re.escape(old)}.*$", source, re.M)) == 1, old
        source = re.sub(rf"^( *){re.escape(old)}.*$", lambda m, new=new: m[1] + new, source, flags=re.M)
    name = f"<cell {hash(source)}>"
    linecache.cache[name] = len(source), None, source.splitlines(keepends=True), name  # as Jupyter does
    space = {"np": np}
    exec(compile(source, name, "exec"), space)
    return next(value for name, value in space.items() if name.endswith(("backward", "bptt")))


def test_the_sources_themselves_are_right():
    assert repr(check.rnn_step_backward(edited(STEP))) == "Right on 4 cases, B = 1 and D = H included."
    assert repr(check.rnn_backward(edited(LOOP))) == "Right on 5 cases, T = 1, B = 1 and H = 1 included."
    assert repr(check.scalar_bptt(edited(SCALAR))) == "Right on 4 cases, T = 1 included."


# --- one step --------------------------------------------------------------------------------------------------

STEP_WRONG = {
    "φ′ is missing": [("da = ", "da = dh_t")],
    "with the square; yours is 1 − h_t.": [("da = ", "da = dh_t * (1 - h_t)")],
    "φ′ is taken at h_{t−1}": [("da = ", "da = dh_t * (1 - np.square(h_prev))")],
    "φ′ is applied twice": [("da = ", "da = dh_t * (1 - h_t**2) * (1 - h_t**2)")],
    "squashes twice": [("da = ", "da = dh_t * (1 - np.tanh(h_t) ** 2)")],
    "the slope of the logistic function": [("da = ", "da = dh_t * h_t * (1 - h_t)")],
    "dh_prev is passed back through W_hh; it goes back through its transpose": [("dh_prev", "dh_prev = da @ W_hh")],
    "what W_hh multiplied at step t is the state before": [("dW_hh", "dW_hh = h_t.T @ da")],
    "dW_hh is transposed": [("dW_hh", "dW_hh = da.T @ h_prev")],
    "db_h is not summed over the batch": [("db_h = np", "db_h = 0"), ("db_h = db_h", "pass"), ("for row", "db_h = da;"
                                           " row = 0\n    if False:")],
    "db_h is summed over the units; sum over the batch": [("return", "return dx_t, dh_prev, dW_xh, dW_hh, da.sum(1)")],
    "db_h is one number": [("db_h = np", "db_h = 0.0"), ("db_h = db_h", "db_h += sum(row)")],
    "db_h is the mean over the batch": [("return", "return dx_t, dh_prev, dW_xh, dW_hh, da.mean(axis=0)")],
    "the matrices' gradients are the mean": [("dW_xh", "dW_xh = x_t.T @ da / len(da)"),
                                             ("dW_hh", "dW_hh = h_prev.T @ da / len(da)")],
    "the parameters' gradients are the mean over the batch": [
        ("dW_xh", "dW_xh = x_t.T @ da / len(da)"), ("dW_hh", "dW_hh = h_prev.T @ da / len(da)"),
        ("return", "return dx_t, dh_prev, dW_xh, dW_hh, np.mean(da, 0)")],
    "the parameters' gradients are made from δ_t": [
        ("dW_xh", "dW_xh = x_t.T @ dh_t"), ("dW_hh", "dW_hh = h_prev.T @ dh_t"), ("for row", "for row in dh_t:")],
    "dx_t and dh_prev are made from dh_t": [("dx_t", "dx_t = dh_t @ W_xh.T"), ("dh_prev", "dh_prev = dh_t @ W_hh.T")],
    "the sign is reversed": [("da = ", "da = -dh_t * (1 - h_t**2)")],
    "x_t went in through W_xh": [("dx_t", "dx_t = da @ W_hh.T")],
    "dh_prev holds dh_t as well": [("dh_prev", "dh_prev = da @ W_hh.T + dh_t")],
    "dh_prev has passed the tanh of h_{t−1} too": [("dh_prev", "dh_prev = da @ W_hh.T * (1 - h_prev**2)")],
    "not 1 + h_t²": [("da = ", "da = dh_t * (1 + h_t**2)")],
    "dx_t and dh_prev are swapped": [("return", "return dh_prev, dx_t, dW_xh, dW_hh, db_h")],
    "dW_xh and dW_hh are swapped": [("return", "return dx_t, dh_prev, dW_hh, dW_xh, db_h")],
}  # fmt: skip


@pytest.mark.parametrize("words", STEP_WRONG)
def test_rnn_step_backward_names_the_mistake(words, says):
    assert words in says(check.rnn_step_backward(edited(STEP, *STEP_WRONG[words])))


def one_number_at_a_time(dh_t, x_t, h_prev, h_t, W_xh, W_hh):
    """The same by indices alone."""
    results = [np.zeros(a.shape) for a in (x_t, h_prev, W_xh, W_hh)] + [np.zeros(len(W_hh))]
    dx, dprev, dW_xh, dW_hh, db = results
    for b, j in np.ndindex(dh_t.shape):
        da = dh_t[b, j] * (1 - h_t[b, j] ** 2)
        db[j] += da
        for i in range(len(W_hh)):
            dW_hh[i, j] += da * h_prev[b, i]
            dprev[b, i] += da * W_hh[i, j]
        for i in range(len(W_xh)):
            dW_xh[i, j] += da * x_t[b, i]
            dx[b, i] += da * W_xh[i, j]
    return results


STEP_RIGHT = {
    "indices": one_number_at_a_time,
    "a dict by name": lambda *args: dict(zip(("db_h", "dW_hh", "dW_xh", "dh_prev", "dx_t"), edited(STEP)(*args)[::-1])),
    "lists": lambda *args: [part.tolist() for part in edited(STEP)(*args)],
    "single precision": lambda *args: [part.astype(np.float32) for part in edited(STEP)(*args)],
    "one product for both matrices": lambda dh_t, x_t, h_prev, h_t, W_xh, W_hh: stacked(dh_t, x_t, h_prev, h_t, W_xh,
                                                                                       W_hh),
}  # fmt: skip


def stacked(dh_t, x_t, h_prev, h_t, W_xh, W_hh):
    D, da = x_t.shape[1], (1 + h_t) * (1 - h_t) * dh_t
    back = da @ np.vstack([W_xh, W_hh]).T
    dW = np.hstack([x_t, h_prev]).T @ da
    return back[:, :D], back[:, D:], dW[:D], dW[D:], np.ones(len(da)) @ da


@pytest.mark.parametrize("way", STEP_RIGHT)
def test_rnn_step_backward_takes_every_way_to_write_it(way):
    assert check.rnn_step_backward(STEP_RIGHT[way]), check.rnn_step_backward(STEP_RIGHT[way])


# --- the whole walk --------------------------------------------------------------------------------------------

UNSLOPED = [("dW_xh +=", "dW_xh += x[t - 1].T @ total"), ("dW_hh +=", "dW_hh += h[t - 1].T @ total"),
            ("db_h +=", "db_h += total.sum(0)")]  # fmt: skip
WRONG = {
    "φ′ is missing": [("da = ", "da = total")],
    "with the square; yours is 1 − h_t.": [("da = ", "da = total * (1 - h[t])")],
    "φ′ is taken at h_{t−1}": [("da = ", "da = total * (1 - h[t - 1] ** 2)")],
    "φ′ is applied twice": [("da = ", "da = total * (1 - h[t] ** 2) ** 2")],
    "squashes twice": [("da = ", "da = total * (1 - np.tanh(h[t]) ** 2)")],
    "the slope of the logistic function": [("da = ", "da = total * (h[t] - h[t] ** 2)")],
    "nothing comes back from the later steps": [("total", "total = dh[t - 1]"),
                                                ("return", "return dW_xh, dW_hh, db_h, np.array(dx), 0 * dh_next")],
    "only the last loss counts": [("total", "total = dh[t - 1] if t == T else dh_next")],
    "δ is passed back through W_hh;": [("dh_next = ", "dh_next = da @ W_hh")],
    "only one step's term is kept": [("dW_xh +=", "dW_xh = x[t - 1].T @ da"), ("dW_hh +=", "dW_hh = h[t - 1].T @ da"),
                                     ("db_h +=", "db_h = da.sum(axis=0)")],
    "what W_hh multiplied at step t is the state before": [("dW_hh +=", "dW_hh += h[t].T @ da")],
    "the loop runs forward in time": [("for t", "for t in range(1, T + 1):")],
    "it must pass the tanh first": [("dh_next = ", "dh_next = total @ W_hh.T")],
    "the mean over time;": [("return", "return dW_xh / T, dW_hh / T, db_h / T, np.array(dx), dh_next")],
    "the mean over the batch; they": [("return", "return dW_xh / B, dW_hh / B, db_h / B, np.array(dx), dh_next")],
    "the mean over time and batch": [("return", "return dW_xh / T / B, dW_hh / T / B, db_h / T / B, np.array(dx), "
                                      "dh_next")],
    "dW_hh is transposed": [("dW_hh +=", "dW_hh += da.T @ h[t - 1]")],
    "dh_0 is 0; h_0 is an input": [("return", "return dW_xh, dW_hh, db_h, np.array(dx), np.zeros_like(h[0])")],
    "dh_0 is δ_1; one more step": [("dh_next = ", "dh_next = da @ W_hh.T if t > 1 else total")],
    "dh_0 is summed over the batch": [("return", "return dW_xh, dW_hh, db_h, np.array(dx), dh_next.sum(0)")],
    "the states are one step behind": [("da = ", "da = total * (1 - h[t - 1] ** 2)"),
                                       ("dW_hh +=", "dW_hh += h[t - 2].T @ da")],
    "the loss of step t joins δ behind the tanh": [("total", "total = dh_next"),
                                                   ("dh_next = ", "dh_next = da @ W_hh.T + dh[t - 1]")],
    "the loss of the last step is missing": [("total", "total = dh_next"),
                                             ("dh_next = ", "dh_next = da @ W_hh.T + dh[t - 2] * (t > 1)")],
    "the parameters' gradients are made from δ_t": UNSLOPED,
    "not h_t² − 1: the sign of φ′ is reversed": [("da = ", "da = total * (h[t] ** 2 - 1)")],
    "not 1 + h_t²": [("da = ", "da = total * (1 + h[t] ** 2)")],
    "the sign is reversed: return": [("return", "return -dW_xh, -dW_hh, -db_h, -np.array(dx), -dh_next")],
    "δ is carried on along with what it becomes": [("dh_next = ", "dh_next = da @ W_hh.T + total")],
    "in the place of δ_t": [("dh_next = ", "dh_next += da @ W_hh.T")],
    "the walk stops before step 1": [("for t", "for t in range(T, 1, -1):"),
                                     ("dx, dh_next", "dx, dh_next = np.zeros(x.shape), 0 * h[0]")],
    "made at every step": [("da = ", "da = total * (1 - h[t] ** 2) / B")],
    "and again on the way to h_{t−1}": [("dh_next = ", "dh_next = da @ W_hh.T * (1 - h[t] ** 2)")],
    "once between δ_t and ∂L/∂a_t": [("dh_next = ", "dh_next = da @ W_hh.T * (1 - h[t - 1] ** 2)")],
    "dW_xh and dW_hh are swapped": [("return", "return dW_hh, dW_xh, db_h, np.array(dx), dh_next")],
    "dx and dh_0 are swapped": [("return", "return dW_xh, dW_hh, db_h, dh_next, np.array(dx)")],
    "dx stands in the order of the walk": [("dx[t", "dx[T - t] = da @ W_xh.T")],
    "dx is left at 0": [("dx[t", "dx[t - 1] = np.zeros((B, D))")],
    "db_h is summed over time but not over the batch": [("db_h +=", "db_h = db_h + da")],
    "db_h holds one row of the batch only": [("db_h +=", "db_h += da[0]")],
    "db_h is one number": [("db_h +=", "db_h = np.sum(db_h) / max(db_h.size, 1) + da.sum() if db_h.ndim == 0 else "
                            "np.array(da.sum())")],
    "db_h is the mean over the batch": [("db_h +=", "db_h += da.mean(axis=0)")],
}  # fmt: skip


@pytest.mark.parametrize("words", WRONG)
def test_rnn_backward_names_the_mistake(words, says):
    assert words in says(check.rnn_backward(edited(LOOP, *WRONG[words])))


def test_the_first_term_alone_is_told_like_the_last(says):
    terms = {"dW_xh": "x[t - 1].T @ da", "dW_hh": "h[t - 1].T @ da", "db_h": "da.sum(0)"}
    kept = [(f"{name} +=", f"{name} = {name} if {name}.any() else {term}") for name, term in terms.items()]
    assert "only one step's term is kept" in says(check.rnn_backward(edited(LOOP, *kept)))


def by_rnnlib(x, h, dh, W_xh, W_hh):
    cell = rnnlib.RNN(*W_xh.shape)
    cell.params["W_xh"][...], cell.params["W_hh"][...] = W_xh, W_hh
    a = np.arctanh(h[1:]) - x @ W_xh - h[:-1] @ W_hh  # the bias, at every place
    cell.params["b_h"][...] = a[0, 0]
    grads = cell.backward(cell.forward(x, h[0]), dh)
    return *(grads.params[name] for name in ("W_xh", "W_hh", "b_h")), grads.x, grads.h0


def sums_afterwards(x, h, dh, W_xh, W_hh):
    das, later = [], 0.0
    for dh_t, h_t in zip(dh[::-1], h[:0:-1]):
        das.insert(0, (dh_t + later) * (1 - h_t**2))
        later = das[0] @ W_hh.T
    da = np.stack(das)
    return (
        np.einsum("tbd,tbh->dh", x, da),
        np.einsum("tbi,tbj->ij", h[:-1], da),
        da.sum((0, 1)),
        da @ W_xh.T,
        later,
    )


def row_by_row(x, h, dh, W_xh, W_hh):
    parts = [edited(LOOP)(x[:, [b]], h[:, [b]], dh[:, [b]], W_xh, W_hh) for b in range(x.shape[1])]
    sums = [sum(part[k] for part in parts) for k in range(3)]
    return (
        *sums,
        np.concatenate([part[3] for part in parts], axis=1),
        np.concatenate([part[4] for part in parts]),
    )


def by_jacobians(x, h, dh, W_xh, W_hh):
    """∂L/∂a_t by the whole product of Jacobians from each loss, no recursion at all."""
    T, B, H = dh.shape
    da = np.zeros_like(dh)
    for b in range(B):
        for t in range(1, T + 1):
            product = np.diag(1 - h[t, b] ** 2)  # ∂h_t/∂a_t
            for s in range(t, T + 1):
                da[t - 1, b] += product @ dh[s - 1, b]
                if s < T:
                    product = product @ W_hh @ np.diag(1 - h[s + 1, b] ** 2)
    flat = da.reshape(-1, H)
    return (
        x.reshape(T * B, -1).T @ flat,
        h[:-1].reshape(-1, H).T @ flat,
        flat.sum(0),
        da @ W_xh.T,
        da[0] @ W_hh.T,
    )


RIGHT = {
    "rnnlib": by_rnnlib,
    "sums afterwards": sums_afterwards,
    "row by row": row_by_row,
    "products of Jacobians": by_jacobians,
    "time from 0": lambda *args: from_zero(*args),
    "lists": lambda *args: [part.tolist() for part in sums_afterwards(*args)],
    "single precision": lambda *args: sums_afterwards(*[a.astype(np.float32) for a in args]),
}


def from_zero(x, h, dh, W_xh, W_hh):
    grads, dx, delta = [0, 0, 0], np.empty_like(x), np.zeros_like(dh[0])
    for t in reversed(range(len(x))):
        delta += dh[t]
        dx[t], delta, *terms = one_number_at_a_time(delta, x[t], h[t], h[t + 1], W_xh, W_hh)
        grads = [total + term for total, term in zip(grads, terms)]
    return *grads, dx, delta


@pytest.mark.parametrize("way", RIGHT)
def test_rnn_backward_takes_every_way_to_write_it(way):
    assert check.rnn_backward(RIGHT[way]), check.rnn_backward(RIGHT[way])


def test_the_first_wrong_quantity_of_the_chain_is_named_with_what_is_right(says):
    noisy = edited(
        LOOP, ("dW_hh +=", "dW_hh += h[t - 1].T @ da + 0.1"), ("db_h +=", "db_h += da.sum(0) + 0.1")
    )
    words = says(check.rnn_backward(noisy))
    assert words.startswith("Not yet: dx, dh_0 and dW_xh are right; db_h[0] is ")


def test_the_walk_is_right_up_to_a_step_counted_from_the_end(says):
    walk = edited(LOOP, ("dh_next = ", "dh_next = da @ W_hh.T + (0.3 if t == 3 else 0)"))
    assert says(check.rnn_backward(walk)).startswith(
        "Not yet: dx[3] to dx[2] are right, then dx[1, 0, 0] is "
    )


def test_one_of_two_mistakes_is_named_by_the_first_wrong_quantity(says):
    words = says(
        check.rnn_backward(edited(LOOP, ("da = ", "da = total"), ("db_h +=", "db_h += da[0] * 0.7")))
    )
    assert "φ′ is missing" in words and words.endswith("(So it looks from dx; there may be more.)")


def test_a_raw_shape_error_is_put_into_shapes(says):
    words = says(check.rnn_backward(edited(LOOP, ("dW_xh +=", "dW_xh += x[t - 1] @ da"))))
    assert (
        "x[t - 1] is (3, 2), da is (3, 5): the inner sizes 2 and 3 differ" in words and "matmul" not in words
    )
    words = says(check.rnn_backward(edited(LOOP, ("dx[t", "dx[t - 1] = da @ W_xh"))))
    assert "da is (3, 5), W_xh is (2, 5): the inner sizes 5 and 2 differ; is W_xh transposed?" in words


def test_an_index_that_runs_out_is_told_which_step_reads_what(says):
    for change in (("total", "total = dh[t] + dh_next"), ("dW_xh +=", "dW_xh += x[t].T @ da")):
        words = says(check.rnn_backward(edited(LOOP, change)))
        assert words.endswith("Step t goes from h[t-1] to h[t], and reads x[t-1] and dh[t-1].")


def test_sums_that_are_kept_in_whole_numbers_are_told(says):
    whole = ("dW_xh, dW_hh, db_h = ", "dW_xh, dW_hh, db_h = np.zeros(W_xh.shape, int), 0.0, 0.0")
    assert "an array of int64 takes no decimals in place" in says(check.rnn_backward(edited(LOOP, whole)))


def test_a_loop_without_end_is_stopped(monkeypatch):
    monkeypatch.setattr(check.guard, "SECONDS", 0.5)
    endless = edited(LOOP, ("for t", "t = T\n    while t > 0:"))
    assert "does that loop ever end?" in check.rnn_backward(endless).sentence


# --- the same for one unit -------------------------------------------------------------------------------------

SCALAR_WRONG = {
    "φ′ is missing": [("da = ", "da = total")],
    "with the square; yours is 1 − h_t.": [("da = ", "da = total * (1 - h[t])")],
    "φ′ is taken at h_{t−1}": [("da = ", "da = total * (1 - h[t - 1] ** 2)")],
    "φ′ is applied twice": [("da = ", "da = total * (1 - h[t] ** 2) ** 2")],
    "squashes twice": [("da = ", "da = total * (1 - np.tanh(h[t]) ** 2)")],
    "the slope of the logistic function": [("da = ", "da = total * h[t] * (1 - h[t])")],
    "nothing comes back from the later steps: δ_{t−1} needs (δ_t φ′(a_t)) w.": [("total", "total = dh[t - 1]")],
    "only the last loss counts": [("total", "total = later or dh[t - 1]")],
    "dw, du and db are not summed over time": [("dw +=", "dw = da * h[t - 1]"), ("du +=", "du = da * x[t - 1]"),
                                               ("db +=", "db = da")],
    "dw uses h_t; what w multiplied": [("dw +=", "dw += da * h[t]")],
    "the loop runs forward in time": [("for t", "for t in range(1, len(x) + 1):")],
    "what goes back to h_{t−1} is δ_t w; it must pass the tanh first": [("later = ", "later = total * w")],
    "the states are one step behind": [("dw +=", "dw += da * h[t - 2]"), ("da = ", "da = total * (1 - h[t - 1] ** 2)")],
    "joins δ behind the tanh of step t": [("total", "total = later"), ("later = da", "later = da * w + dh[t - 1]")],
    "the loss of the last step is missing": [("total", "total = later + (dh[t - 1] if t < len(x) else 0)")],
    "dw, du and db are made from δ_t": [("dw +=", "dw += total * h[t - 1]"), ("du +=", "du += total * x[t - 1]"),
                                        ("db +=", "db += total")],
    "the sign is reversed": [("return", "return -dw, -du, -db, -later")],
    "δ is carried on along with what it becomes": [("later = da", "later = later + da * w")],
    "the walk stops before step 1": [("for t", "for t in range(len(x), 1, -1):")],
    "the forward pass lacks the tanh": [("h.append", "h.append(w * h[-1] + u * x_t + b)")],
    "the forward pass lacks b": [("h.append", "h.append(np.tanh(w * h[-1] + u * x_t))")],
    "the forward pass starts from 0": [("h = [", "h = [0.0]")],
    "δ is passed on with u": [("later = da", "later = da * u")],
    "δ is passed on without a factor": [("later = da", "later = da")],
    "dw and du are swapped": [("return", "return du, dw, db, later")],
    "the last value is δ_1": [("later = da", "later = da * w if t > 1 else total")],
    "the gradient of h_0 is 0": [("return", "return dw, du, db, 0")],
    "u multiplies x_t": [("du +=", "du += da")],
    "db is 0: b is used at every step": [("db +=", "pass")],
}  # fmt: skip


@pytest.mark.parametrize("words", SCALAR_WRONG)
def test_scalar_bptt_names_the_mistake(words, says):
    assert words in says(check.scalar_bptt(edited(SCALAR, *SCALAR_WRONG[words])))


def recursive(w, u, b, x, h_0, dh):
    if len(x) == 0:
        return 0.0, 0.0, 0.0, 0.0
    h_1 = np.tanh(w * h_0 + u * x[0] + b)
    dw, du, db, later = recursive(w, u, b, x[1:], h_1, dh[1:])  # the rest of the sequence, from h_1 on
    da = (dh[0] + later) * (1 - h_1 * h_1)
    return dw + da * h_0, du + da * x[0], db + da, da * w


def forward_mode(w, u, b, x, h_0, dh):
    """Carry dh_t/d(w, u, b, h_0) forward along with the state."""
    h, slopes, total = h_0, np.array([0.0, 0.0, 0.0, 1.0]), np.zeros(4)
    for x_t, dh_t in zip(x, dh):
        before, h = h, np.tanh(w * h + u * x_t + b)
        slopes = (1 - h**2) * (np.array([before, x_t, 1.0, 0.0]) + w * slopes)
        total += dh_t * slopes
    return tuple(total)


def moved(w, u, b, x, h_0, dh):
    """Move each of the four and look."""

    def L(w, u, b, h):
        return sum(dh_t * (h := np.tanh(w * h + u * x_t + b)) for x_t, dh_t in zip(x, dh))

    start, eps = np.array([w, u, b, h_0]), 1e-6
    return [(L(*(start + step)) - L(*(start - step))) / (2 * eps) for step in eps * np.eye(4)]


@pytest.mark.parametrize("way", [recursive, forward_mode, moved, lambda *args: np.array(recursive(*args))])
def test_scalar_bptt_takes_every_way_to_write_it(way):
    assert check.scalar_bptt(way), check.scalar_bptt(way)


# --- find the bug ----------------------------------------------------------------------------------------------


def bptt_fixed(x, h, dh, W_xh, W_hh):
    dW_hh = np.zeros_like(W_hh)
    delta = np.zeros_like(h[0])
    for t in range(len(x), 0, -1):
        delta = delta + dh[t - 1]
        da = delta * (1 - h[t] ** 2)
        dW_hh += h[t - 1].T @ da
        delta = da @ W_hh
    return dW_hh


def test_the_planted_bug_is_known_and_not_given_away(says):
    words = says(check.bptt_fixed(bptt_fixed))
    assert (
        words.startswith("Not yet: still as it was given")
        and "transpose" not in words
        and "W_hh" not in words
    )


FIXED_WRONG = {
    **{words: WRONG[words] for words in list(WRONG)[:12] if "δ is passed" not in words},
    "that line is mended, but dW_hh is transposed now": [("dW_hh +=", "dW_hh += da.T @ h[t - 1]"),
                                                         ("dh_next = ", "dh_next = da @ W_hh")],
    "dW_hh is transposed now; the line that adds to it was right": [("dW_hh +=", "dW_hh += da.T @ h[t - 1]")],
    "made from δ_t": UNSLOPED,
    "the sign is reversed": [("return", "return dW_xh, -dW_hh, db_h, dx, dh_next")],
}  # fmt: skip


@pytest.mark.parametrize("words", FIXED_WRONG)
def test_bptt_fixed_names_a_new_mistake(words, says):
    walk = edited(LOOP, *FIXED_WRONG[words])
    assert words in says(check.bptt_fixed(lambda *args: walk(*args)[1]))


def test_bptt_fixed_takes_each_repair():
    assert check.bptt_fixed(lambda *args: sums_afterwards(*args)[1])
    assert check.bptt_fixed(lambda *args: by_rnnlib(*args)[1])
