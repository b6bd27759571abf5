"""Checks of the chapter *Truncated backpropagation through time*."""

import numpy as np

from . import bptt
from .bptt import forward, walk
from .engine import Case, Exercise, judge

# --- truncated_backward ----------------------------------------------------------------------------------------


def _truncated(x, h, dh, W_xh, W_hh, k, cut=lambda t, k: (t - 1) % k == 0, **how):
    return walk(x, h, dh, W_xh, W_hh, cut=lambda t: cut(t, k), **how)[:3]


def _slip(**how):
    return lambda *args: _truncated(*args, **how)


def _each_reaching(x, h, dh, W_xh, W_hh, k):
    totals = [np.zeros(W_xh.shape), np.zeros(W_hh.shape), np.zeros(h.shape[-1])]
    for t in range(1, len(x) + 1):
        s, some = max(0, t - k), np.zeros(dh.shape)
        some[t - 1] = dh[t - 1]
        found = walk(x[s:t], h[s : t + 1], some[s:t], W_xh, W_hh)[:3]
        totals = [total + part for total, part in zip(totals, found)]
    return tuple(totals)


def _only_last(x, h, dh, W_xh, W_hh, k):
    start = (len(x) - 1) // k * k
    return walk(x[start:], h[start:], dh[start:], W_xh, W_hh)[:3]


def _state_reset(x, h, dh, W_xh, W_hh, k):
    zeroed = h.copy()
    zeroed[k : len(x) : k] = 0.0  # what the next window starts from
    slope = lambda _, t: 1 - h[t] ** 2
    return walk(x, zeroed, dh, W_xh, W_hh, slope=slope, cut=lambda t: (t - 1) % k == 0)[:3]


def _cut_losses(x, h, dh, W_xh, W_hh, k):
    """Drop the loss at the cuts instead of what comes back."""
    kept = dh.copy()
    kept[k - 1 : len(x) - 1 : k] = 0.0
    return walk(x, h, kept, W_xh, W_hh)[:3]


def _cut_terms(x, h, dh, W_xh, W_hh, k):
    """Cut, and leave the parameters' own terms at each window's first step out of the sums."""
    firsts = [np.zeros(W_xh.shape), np.zeros(W_hh.shape), np.zeros(h.shape[-1])]
    for t in range(k + 1, len(x) + 1, k):
        window = slice(t - 1, min(t - 1 + k, len(x)))
        whole = walk(x[window], h[t - 1 : window.stop + 1], dh[window], W_xh, W_hh)[:3]
        inner = walk(x[t : window.stop], h[t : window.stop + 1], dh[t : window.stop], W_xh, W_hh)[:3]
        firsts = [first + w - i for first, w, i in zip(firsts, whole, inner)]
    return tuple(total - first for total, first in zip(_truncated(x, h, dh, W_xh, W_hh, k), firsts))


def _mean_over_windows(x, h, dh, W_xh, W_hh, k):
    windows = -(-len(x) // k)
    return tuple(grad / windows for grad in _truncated(x, h, dh, W_xh, W_hh, k))


def _windows_of(length):
    """Cut into windows of another length: length(k)."""
    return lambda *args: _truncated(*args[:-1], max(length(args[-1]), 1))


def _first_only(x, h, dh, W_xh, W_hh, k):
    return walk(x[:k], h[: k + 1], dh[:k], W_xh, W_hh)[:3]


def _remainder_left_out(x, h, dh, W_xh, W_hh, k):
    n = len(x) // k * k
    return _truncated(x[:n], h[: n + 1], dh[:n], W_xh, W_hh, k)


def _late_losses(x, h, dh, W_xh, W_hh, k):
    moved = np.concatenate([dh[1:], 0 * dh[:1]])
    moved[k - 1 :: k] = 0.0  # what would have crossed a cut is lost
    return _truncated(x, h, moved, W_xh, W_hh, k)


_ONE = "right, but not with k = 1, where every step is a window of its own: does the test for a cut hold there too?"


def _truncated_cases(rng):
    cases = []
    for T, B, D, H, k in (
        (7, 2, 2, 3, 3),
        (6, 3, 2, 2, 2),
        (5, 1, 3, 3, 5),
        (4, 2, 1, 2, 1),
        (6, 1, 2, 2, 4),
    ):
        x, W_xh, W_hh = rng.normal(size=(T, B, D)), rng.normal(size=(D, H)), rng.normal(size=(H, H))
        h = forward(x, W_xh, W_hh, rng.normal(size=H), rng.uniform(-0.9, 0.9, (B, H)))
        cases.append(
            Case(
                f"T = {T}, k = {k}, B = {B}, H = {H}",
                (x, h, rng.normal(size=(T, B, H)), W_xh, W_hh, k),
                _ONE if k == 1 else "",
            )
        )
    return cases


TRUNCATED_BACKWARD = Exercise(
    name="truncated_backward",
    args=("x", "h", "dh", "W_xh", "W_hh", "k"),
    outputs=(("dW_xh", "(D, H)"), ("dW_hh", "(H, H)"), ("db_h", "(H,)")),
    cases=_truncated_cases,
    reference=_truncated,
    included="k = 1 and k = T",
    hints=bptt.HINTS,
    chain=("db_h", "dW_xh", "dW_hh"),
    variants=(
        ("nothing is cut: no gradient may pass from step k + 1 to step k.", _slip(cut=lambda t, k: False)),
        ("the cut comes one step late on the way back: after step k + 1 has been walked, not after step k.",
         _slip(cut=lambda t, k: t % k == 0)),
        ("the cut comes one step early on the way back: step k + 1 still belongs to its window.",
         _slip(cut=lambda t, k: (t - 2) % k == 0)),
        ("the windows are counted from the end; they are counted from the first step: the cuts lie after k, 2k, ….",
         lambda x, h, dh, W_xh, W_hh, k: _truncated(x, h, dh, W_xh, W_hh, k,
                                                    cut=lambda t, k: (len(x) - t + 1) % k == 0)),
        ("only the first cut is made; they lie after k, 2k, 3k, ….", _slip(cut=lambda t, k: t - 1 == k)),
        ("only the last window is walked; each window has its own walk, and their terms add.", _only_last),
        ("only the first window is walked; each window has its own walk, and their terms add.", _first_only),
        ("the last window, shorter than k, is left out; it counts like the others.", _remainder_left_out),
        ("the windows hold k + 1 steps; each holds k.", _windows_of(lambda k: k + 1)),
        ("the windows hold k − 1 steps; each holds k.", _windows_of(lambda k: k - 1)),
        (bptt.ACCUMULATED, _slip(after=lambda came, delta, h, t: came + delta)),
        (bptt.STOPS_EARLY, _slip(times=lambda T: range(T, 1, -1))),
        (bptt.DIVIDED_EACH, _slip(slope=lambda h, t: (1 - h[t] ** 2) / h.shape[1])),
        ("here each loss reaches back k steps, the other meaning of truncation; cut at fixed places instead.",
         _each_reaching),
        ("here each loss reaches back k + 1 steps, the other meaning of truncation; cut at fixed places instead.",
         lambda *args: _each_reaching(*args[:-1], args[-1] + 1)),
        ("the state is reset at the cuts: the value h_k is carried over, only its gradient is not.", _state_reset),
        ("the losses at the cuts are dropped; they stay, and what comes back to them from later steps is dropped.",
         _cut_losses),
        ("at the first step of a window the parameters' own terms are missing: it adds them like any other, and only "
         "passes nothing on.", _cut_terms),
        ("the gradients are the mean over the windows; their terms are summed.", _mean_over_windows),
        (bptt.NO_SLOPE, _slip(slope=lambda h, t: 1.0)),
        (bptt.LINEAR_SLOPE, _slip(slope=lambda h, t: 1 - h[t])),
        (bptt.OLD_SLOPE, _slip(slope=lambda h, t: 1 - h[t - 1] ** 2)),
        (bptt.SQUASHED_TWICE, _slip(slope=lambda h, t: 1 - np.tanh(h[t]) ** 2)),
        (bptt.SLOPE_SKIPPED_BACK,
         lambda *args: _truncated(*args, after=lambda came, delta, h, t: delta @ args[4].T)),
        (bptt.LATE_LOSS, _late_losses),
        (bptt.LAST_LOSS_MISSING,
         lambda x, h, dh, *rest: _truncated(x, h, np.concatenate([dh[:-1], 0 * dh[-1:]]), *rest)),
        (bptt.SHIFTED, lambda x, h, *rest: _truncated(x, np.roll(h, 1, axis=0), *rest)),
        (bptt.REVERSED_SIGN, lambda *args: tuple(-grad for grad in _truncated(*args))),
        (bptt.FORWARD, _slip(times=lambda T: range(1, T + 1))),
        (bptt.DROPPED, _slip(carry=False)),
        (bptt.DROPPED, _slip(take=lambda delta, dh_t: dh_t)),
        ("only the last loss of each window counts; every step's dh[t-1] is added to what comes back to h_t.",
         _slip(take=lambda delta, dh_t: delta if delta.any() else dh_t)),
        (bptt.NOT_TRANSPOSED, _slip(back=lambda da, W: da @ W)),
        (bptt.LAST_TERM, _slip(keep=lambda total, term: term)),
        (bptt.LAST_TERM, _slip(keep=lambda total, term: total if total.any() else term)),
        (bptt.NEW_STATE, _slip(before=lambda h, t: h[t])),
    ),
)  # fmt: skip


# --- streams ---------------------------------------------------------------------------------------------------


def _rows(symbols, B, k):
    length = len(symbols) // B
    return np.asarray(symbols)[: B * length].reshape(B, length)[:, : length // k * k]


def _streams(symbols, B, k):
    return _rows(symbols, B, k).T.reshape(-1, k, B)


def _dealt(symbols, B, k):
    n = len(symbols) // (B * k)
    return np.asarray(symbols)[: n * B * k].reshape(n, B, k).swapaxes(1, 2)


def _padded(symbols, B, k):
    length = len(symbols) // B
    rows = np.asarray(symbols)[: B * length].reshape(B, length)
    return np.pad(rows, ((0, 0), (0, -length % k))).T.reshape(-1, k, B)


def _overflowing(symbols, B, k):
    """Read beyond the end of each stream into the next, and beyond the last from the beginning."""
    length = len(symbols) // B
    n = -(-length // k)
    places = np.arange(B)[None, :] * length + np.arange(n * k)[:, None]
    return np.asarray(symbols)[places % len(symbols)].reshape(n, k, B)


def _sliding(symbols, B, k):
    length = len(symbols) // B
    rows = np.asarray(symbols)[: B * length].reshape(B, length)
    return np.array([rows[:, i : i + k].T for i in range(length - k + 1)])


def _dropped_first(symbols, B, k):
    n = len(symbols) // (B * k)
    return np.asarray(symbols)[: n * B * k].reshape(B, n * k).T.reshape(n, k, B)


STREAMS = Exercise(
    name="streams",
    args=("symbols", "B", "k"),
    outputs=(("the array", "(n, k, B)"),),
    cases=lambda rng: [Case(f"{size} symbols, B = {B}, k = {k}", (rng.permutation(size), B, k)) for size, B, k in
                       ((24, 3, 4), (30, 2, 4), (29, 3, 3), (8, 1, 2), (12, 4, 3), (5, 2, 1))],
    reference=_streams,
    included="remainders, B = 1 and k = 1",
    variants=(
        ("the windows are dealt to the rows in turn: row b's next window must go on where its last one stopped.",
         _dealt),
        ("neighbours in the text are neighbours in the batch; each stream is a stretch of the text.",
         lambda symbols, B, k: np.asarray(symbols)[: len(symbols) // (B * k) * B * k].reshape(-1, k, B)),
        ("the axes are (n, B, k); time comes before the batch: (n, k, B).",
         lambda symbols, B, k: _streams(symbols, B, k).swapaxes(1, 2)),
        ("the axes are (B, n, k); the windows come first, then time, then the streams: (n, k, B).",
         lambda symbols, B, k: _rows(symbols, B, k).reshape(B, -1, k)),
        ("the axes are (k, n, B); the windows come first: (n, k, B).",
         lambda symbols, B, k: _streams(symbols, B, k).swapaxes(0, 1)),
        ("the last, incomplete window is padded; drop it.", _padded),
        ("the last, incomplete window is filled up from the next stream; drop it.", _overflowing),
        ("each window begins one place after the one before; they follow each other without overlap.", _sliding),
        ("the remainder is dropped before the streams are cut; each stream has len(symbols) // B symbols, and drops "
         "what fills no window.", _dropped_first),
        ("a whole window is dropped: a stream of n · k symbols fills n windows.",
         lambda symbols, B, k: _streams(symbols, B, k)[: max((len(symbols) // B - 1) // k, 0)]),
        ("the batch is the length of the windows and k the number of streams: B streams, windows of k.",
         lambda symbols, B, k: _streams(symbols, k, B)),
        ("only one stream comes back, a single row of windows; all B stand side by side.",
         lambda symbols, B, k: _streams(symbols, B, k)[..., 0]),
        ("this is the first window only; all n are wanted.", lambda symbols, B, k: _streams(symbols, B, k)[:1]),
        ("the streams are right, but not cut into windows: (n, k, B), not (n · k, B).",
         lambda symbols, B, k: _rows(symbols, B, k).T),
        ("the remainder is dropped at the beginning; drop it at the end.",
         lambda symbols, B, k: np.asarray(symbols)[len(symbols) - len(symbols) // B * B :]
         .reshape(B, -1)[:, len(symbols) // B % k :].T.reshape(-1, k, B)),
    ),
)  # fmt: skip


def truncated_backward(function):
    """Check `truncated_backward(x, h, dh, W_xh, W_hh, k)` → (dW_xh, dW_hh, db_h), cut after steps k, 2k, ….

    Answers with a Result; never raises.

    >>> truncated_backward(...)
    Not done yet: there is no function truncated_backward yet.
    """
    return judge(function, TRUNCATED_BACKWARD)


def streams(function):
    """Check `streams(symbols, B, k)` → (n, k, B): B streams side by side, cut into windows of k.

    Answers with a Result; never raises.

    >>> streams(...)
    Not done yet: there is no function streams yet.
    """
    return judge(function, STREAMS)
