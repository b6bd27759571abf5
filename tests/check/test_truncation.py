"""Every check of *Truncated backpropagation through time* names the mistake that was made."""

import numpy as np
import pytest

import rnnlib
from rnnlib import check

LINES = {
    "times": "range(len(x), 0, -1)",
    "total": "dh[t - 1] + later",
    "da": "total * (1 - h[t] ** 2)",
    "sums": "dW_xh += x[t - 1].T @ da; dW_hh += h[t - 1].T @ da; db_h += da.sum(axis=0)",
    "cut": "t % k == 1 or k == 1",
    "passed": "da @ W_hh.T",
    "back": "dW_xh, dW_hh, db_h",
}


def cut(**lines):
    """Write the walk with some of its lines changed."""
    line = {**LINES, **lines}
    source = f"""
def truncated_backward(x, h, dh, W_xh, W_hh, k):
    dW_xh, dW_hh, db_h = np.zeros(W_xh.shape), np.zeros(W_hh.shape), np.zeros(W_hh.shape[1])
    later = 0.0 * h[0]
    for t in {line["times"]}:
        total = {line["total"]}
        da = {line["da"]}
        {line["sums"]}
        if {line["cut"]}:
            later = 0.0 * h[0]
        else:
            later = {line["passed"]}
    return {line["back"]}
"""
    space = {"np": np}
    exec(source, space)
    return space["truncated_backward"]


def windows(x, h, dh, W_xh, W_hh, k, starts=None, reset=False):
    """Walk back through each window by itself, and add up."""
    whole, parts = cut(cut="False"), []
    for s in range(0, len(x), k) if starts is None else starts(len(x), k):
        states = h[s : s + k + 1].copy()
        if reset and s:
            states[0] = 0.0
        parts.append(whole(x[s : s + k], states, dh[s : s + k], W_xh, W_hh, k))
    return [sum(part) for part in zip(*parts)]


def each_reaching(x, h, dh, W_xh, W_hh, k):
    parts = []
    for t in range(1, len(x) + 1):
        first = max(t - k, 0)
        alone = np.zeros_like(dh[first:t])
        alone[-1] = dh[t - 1]
        parts.append(cut(cut="False")(x[first:t], h[first : t + 1], alone, W_xh, W_hh, k))
    return [sum(part) for part in zip(*parts)]


def from_the_end(x, h, dh, W_xh, W_hh, k):
    starts = sorted({max(s, 0) for s in range(len(x) - k, -k, -k)})
    parts = []
    for s, end in zip(starts, [*starts[1:], len(x)]):
        parts.append(cut(cut="False")(x[s:end], h[s : end + 1], dh[s:end], W_xh, W_hh, k))
    return [sum(part) for part in zip(*parts)]


NOT_FIRST = "if not (t > 1 and (t - 1) % k == 0): " + LINES["sums"]
WRONG = {
    "nothing is cut": cut(cut="False"),
    "the cut comes one step late": cut(cut="t % k == 0"),
    "the cut comes one step early": cut(cut="t % k == 2 % k"),
    "the windows are counted from the end": from_the_end,
    "only the first cut is made": cut(cut="t == k + 1"),
    "only the last window is walked": lambda *args: windows(*args, starts=lambda T, k: [(T - 1) // k * k]),
    "reaches back k steps, the other meaning": each_reaching,
    "reaches back k + 1 steps": lambda *args: each_reaching(*args[:-1], args[-1] + 1),
    "only the first window is walked": lambda *args: windows(*args, starts=lambda T, k: [0]),
    "shorter than k, is left out": lambda *args: windows(*args, starts=lambda T, k: range(0, T - k + 1, k)),
    "the windows hold k + 1 steps": cut(cut="(t - 1) % (k + 1) == 0"),
    "the windows hold k − 1 steps": cut(cut="k < 3 or (t - 1) % (k - 1) == 0"),
    "δ is carried on along with what it becomes": cut(passed="da @ W_hh.T + total"),
    "the walk stops before step 1": cut(times="range(len(x), 1, -1)"),
    "made at every step": cut(da="total * (1 - h[t] ** 2) / len(h[t])"),
    "right, but not with k = 1": cut(cut="t % k == 1"),
    "the state is reset at the cuts": lambda *args: windows(*args, reset=True),
    "the losses at the cuts are dropped": cut(total="dh[t - 1] * (t % k != 0 or t == len(x)) + later", cut="False"),
    "the parameters' own terms are missing": cut(sums=NOT_FIRST),
    "the mean over the windows": lambda *args: [g / np.ceil(len(args[0]) / args[-1]) for g in windows(*args)],
    "φ′ is missing": cut(da="total"),
    "with the square": cut(da="total * (1 - h[t])"),
    "φ′ is taken at h_{t−1}": cut(da="total * (1 - h[t - 1] ** 2)"),
    "squashes twice": cut(da="total * (1 - np.tanh(h[t]) ** 2)"),
    "it must pass the tanh first": cut(passed="total @ W_hh.T"),
    "joins δ behind the tanh": cut(total="later", passed="da @ W_hh.T + dh[t - 1]"),
    "the loss of the last step is missing": cut(total="later + dh[t - 1] * (t < len(x))"),
    "the states are one step behind": cut(da="total * (1 - h[t - 1] ** 2)",
                                          sums=LINES["sums"].replace("h[t - 1].T", "h[t - 2].T")),
    "the sign is reversed": cut(back="-dW_xh, -dW_hh, -db_h"),
    "the loop runs forward in time": cut(times="range(1, len(x) + 1)"),
    "nothing comes back from the later steps": cut(total="dh[t - 1]"),
    "only the last loss of each window counts": cut(total="later if later.any() else dh[t - 1]"),
    "goes back through its transpose": cut(passed="da @ W_hh"),
    "only one step's term is kept": cut(sums="dW_xh = x[t - 1].T @ da; dW_hh = h[t - 1].T @ da; db_h = da.sum(0)"),
    "is the state before, h_{t−1}": cut(sums=LINES["sums"].replace("h[t - 1].T", "h[t].T")),
}  # fmt: skip


@pytest.mark.parametrize("words", WRONG)
def test_truncated_backward_names_the_mistake(words, says):
    assert words in says(check.truncated_backward(WRONG[words]))


def by_rnnlib(x, h, dh, W_xh, W_hh, k):
    cell = rnnlib.RNN(*W_xh.shape)
    cell.params["W_xh"][...], cell.params["W_hh"][...] = W_xh, W_hh
    cell.params["b_h"][...] = (np.arctanh(h[1]) - x[0] @ W_xh - h[0] @ W_hh)[0]
    grads = cell.backward(cell.forward(x, h[0]), dh, window=k)
    return grads.params["W_xh"], grads.params["W_hh"], grads.params["b_h"]


RIGHT = {
    "cuts": cut(),
    "windows": windows,
    "rnnlib": by_rnnlib,
    "a mask": cut(cut="False", passed="da @ W_hh.T * ((t - 1) % k > 0)"),
    "lists": lambda *args: [part.tolist() for part in windows(*args)],
}


@pytest.mark.parametrize("way", RIGHT)
def test_truncated_backward_takes_every_way_to_write_it(way):
    assert repr(check.truncated_backward(RIGHT[way])) == "Right on 5 cases, k = 1 and k = T included."


# --- streams ---------------------------------------------------------------------------------------------------


def layout(symbols, B, k, *, start=lambda b, length: b * length, n=None, step=None, beyond=None):
    """Fill (n, k, B) entry by entry: stream b begins at start(b, length), window i at i · step."""
    length, step = len(symbols) // B, step or k
    n = length // k if n is None else n(length, k)
    out = np.zeros((n, k, B), dtype=int)
    for i, t, b in np.ndindex(out.shape):
        place = i * step + t
        if place < length or beyond == "next":
            out[i, t, b] = symbols[(start(b, length) + place) % len(symbols)]
    return out


def in_turn(symbols, B, k):
    whole = len(symbols) // (B * k)
    return np.array([[symbols[(i * B + b) * k :][:k] for b in range(B)] for i in range(whole)]).transpose(
        0, 2, 1
    )


def side_by_side(symbols, B, k):
    n = len(symbols) // (B * k)
    return [[[symbols[(i * k + t) * B + b] for b in range(B)] for t in range(k)] for i in range(n)]


def from_the_back(symbols, B, k):
    length = len(symbols) // B
    rows = symbols[len(symbols) % B :].reshape(B, length)
    return rows[:, length % k :].T.reshape(-1, k, B)


def ceil(length, k):
    return -(-length // k)


STREAMS_WRONG = {
    "dealt to the rows in turn": in_turn,
    "neighbours in the batch": side_by_side,
    "the axes are (n, B, k)": lambda *args: layout(*args).transpose(0, 2, 1),
    "the axes are (B, n, k)": lambda *args: layout(*args).transpose(2, 0, 1),
    "the axes are (k, n, B)": lambda *args: layout(*args).transpose(1, 0, 2),
    "the last, incomplete window is padded": lambda *args: layout(*args, n=ceil),
    "filled up from the next stream": lambda *args: layout(*args, n=ceil, beyond="next"),
    "one place after the one before": lambda *args: layout(*args, n=lambda length, k: length - k + 1, step=1),
    "dropped before the streams are cut": lambda s, B, k: layout(s[: len(s) // (B * k) * B * k], B, k),
    "a whole window is dropped": lambda *args: layout(*args, n=lambda length, k: (length - 1) // k),
    "B streams, windows of k": lambda s, B, k: layout(s, k, B),
    "only one stream comes back": lambda *args: layout(*args)[:, :, 0],
    "this is the first window only": lambda *args: layout(*args)[:1],
    "not cut into windows": lambda s, B, k: layout(s, B, k).reshape(-1, B),
    "dropped at the beginning": from_the_back,
}  # fmt: skip


@pytest.mark.parametrize("words", STREAMS_WRONG)
def test_streams_names_the_mistake(words, says):
    assert words in says(check.streams(STREAMS_WRONG[words]))


def by_split(symbols, B, k):
    length = len(symbols) // B
    rows = np.array_split(symbols[: length * B], B)
    return [[[int(row[i + t]) for row in rows] for t in range(k)] for i in range(0, length - k + 1, k)]


def by_strides(symbols, B, k):
    length = len(symbols) // B
    places = np.add.outer(np.add.outer(np.arange(length // k) * k, np.arange(k)), np.arange(B) * length)
    return symbols[places]


@pytest.mark.parametrize("way", [layout, by_split, by_strides, lambda *args: layout(*args).astype(float)])
def test_streams_takes_every_way_to_write_it(way):
    said = "Right on 6 cases, remainders, B = 1 and k = 1 included."
    assert repr(check.streams(lambda symbols, B, k: way(symbols, B, k))) == said
