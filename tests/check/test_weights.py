"""Every check of *Reading other people's weights* names the mistake that was made."""

import numpy as np
import pytest

import rnnlib
from rnnlib import check

# --- reorder_gates ---------------------------------------------------------------------------------------------


def columns(W, source, target, *, place=None, H=None):
    """List every gate's columns by their numbers, and take them."""
    H = H or W.shape[-1] // len(source)
    place = place or source.index
    return W[..., [place(gate) * H + j for gate in target for j in range(H)]]


def in_place(W, source, target):
    W, H = W.copy(), W.shape[-1] // len(source)
    for k, gate in enumerate(target):
        s = source.index(gate)
        W[..., k * H : (k + 1) * H] = W[..., s * H : (s + 1) * H]
    return W


def by_rows(W, source, target):
    H = len(W) // len(source)
    return np.vstack([W[source.index(g) * H :][:H] for g in target])


def exchanged_at_the_end(W, source, target):
    H = W.shape[-1] // len(source)
    return np.concatenate([W[..., : -2 * H], W[..., -H:], W[..., -2 * H : -H]], axis=-1)


def every_nth(W, source, target):
    n = len(source)
    return W[..., [source.index(g) + n * j for g in target for j in range(W.shape[-1] // n)]]


def every_nth_to_every_nth(W, source, target):
    n = len(source)
    return W[..., [source.index(g) + n * j for j in range(W.shape[-1] // n) for g in target]]


def per_gate(join):
    def reorder(W, source, target):
        H = W.shape[-1] // len(source)
        parts = {g: W[..., k * H : (k + 1) * H] for k, g in enumerate(source)}
        return join([parts[g] for g in target])

    return reorder


REORDER_WRONG = {
    "nothing has moved": lambda W, source, target: W,
    "this goes the other way": lambda W, source, target: columns(W, target, source),
    "the last two blocks are exchanged": exchanged_at_the_end,
    "the rows are moved": by_rows,
    "overwritten before it is read": in_place,
    "these are every n-th column": every_nth,
    "a gate's columns are H neighbours": every_nth_to_every_nth,
    "the slices begin at the columns 0, 1, 2": lambda W, source, target: np.concatenate(
        [W[..., source.index(g) : source.index(g) + W.shape[-1] // len(source)] for g in target], axis=-1
    ),
    "as wide as W has rows": lambda W, source, target: np.concatenate(
        [W[..., source.index(g) * len(W) : (source.index(g) + 1) * len(W)] for g in target], axis=-1
    ),
    "unless it is told axis=-1": lambda W, source, target: np.hstack(
        [np.split(W, W.shape[1] // 2 + len(W))[0] for _ in target]
    ),
    "single columns are taken": lambda W, source, target: columns(W, source, target, H=1),
    "the order is turned round": lambda W, source, target: per_gate(np.hstack)(W, source, source[::-1]),
    "the blocks lie below each other": per_gate(lambda parts: np.concatenate(parts)),
    "on an axis of their own": per_gate(np.array),
    "the result is transposed": lambda W, source, target: columns(W, source, target).T,
    "not for a GRU's three": lambda W, source, target: columns(W, source, target, H=W.shape[-1] // 4),
    "but not for a bias": lambda W, source, target: np.concatenate(
        [np.split(W, len(source), axis=1)[source.index(g)] for g in target], axis=1
    ),
}


@pytest.mark.parametrize("words", REORDER_WRONG)
def test_reorder_gates_names_the_mistake(words, says):
    assert words in says(check.reorder_gates(REORDER_WRONG[words]))


def by_reshape(W, source, target):
    split = W.reshape(*W.shape[:-1], len(source), -1)
    return split[..., [source.index(g) for g in target], :].reshape(W.shape)


@pytest.mark.parametrize("way", [columns, per_gate(np.hstack), by_reshape, lambda *a: columns(*a).tolist()])
def test_reorder_gates_takes_every_way_to_write_it(way):
    said = "Right on 8 cases, a bias and a GRU's three blocks included."
    assert repr(check.reorder_gates(lambda W, source, target: way(W, source, target))) == said


# --- flip_update_gate ------------------------------------------------------------------------------------------


def flipped(W_xh, W_hh, b_h, *, signs=(1, -1, 1), W=True, U=True, b=True):
    row = np.repeat(signs, len(W_hh))
    return W_xh * row if W else W_xh, W_hh * row if U else W_hh, b_h * row if b else b_h


def on_z(change):
    def flip(W_xh, W_hh, b_h):
        H, found = len(W_hh), [W_xh.copy(), W_hh.copy(), b_h.copy()]
        for array in found:
            array[..., H : 2 * H] = change(array[..., H : 2 * H])
        return found

    return flip


FLIP_WRONG = {
    "nothing has changed": lambda *args: args,
    "the bias is not negated": lambda *args: flipped(*args, b=False),
    "W_xh and W_hh are right, but all of the bias is negated": lambda *args: (*flipped(*args)[:2], -args[2]),
    "only the bias is negated": lambda *args: flipped(*args, W=False, U=False),
    "only the bias is negated, and all of it": lambda W_xh, W_hh, b_h: (W_xh, W_hh, -b_h),
    "the rows from H to 2H are meant": lambda W_xh, W_hh, b_h: (
        *(
            np.vstack([W[: len(W_hh)], -W[len(W_hh) : 2 * len(W_hh)], W[2 * len(W_hh) :]])
            for W in (W_xh, W_hh)
        ),
        flipped(W_xh, W_hh, b_h)[2],
    ),
    "np.repeat, not np.tile": lambda *args: [a * (1 - 2 * (np.arange(a.shape[-1]) % 3 == 1)) for a in args],
    "W_hh is not negated": lambda *args: flipped(*args, U=False),
    "W_xh is not negated": lambda *args: flipped(*args, W=False),
    "the reset gate is negated": lambda *args: flipped(*args, signs=(-1, 1, 1)),
    "the candidate is negated": lambda *args: flipped(*args, signs=(1, 1, -1)),
    "all blocks are negated": lambda W_xh, W_hh, b_h: (-W_xh, -W_hh, -b_h),
    "the blocks of r and z are both": lambda *args: flipped(*args, signs=(-1, -1, 1)),
    "the blocks of z and n are both": lambda *args: flipped(*args, signs=(1, -1, -1)),
    "each weight w became 1 − w": on_z(lambda block: 1 - block),
    "each weight w became 1/w": on_z(lambda block: block**-1.0),
    "went through the logistic": on_z(lambda block: 0.5 - 0.5 * np.tanh(block / 2)),
    "gate's argument a": on_z(lambda block: 0.5 + 0.5 * np.tanh(block / 2)),
    "z's block is set to 0": on_z(np.zeros_like),
}


@pytest.mark.parametrize("words", FLIP_WRONG)
def test_flip_update_gate_names_the_mistake(words, says):
    assert words in says(check.flip_update_gate(FLIP_WRONG[words]))


def test_flipping_in_place_is_answered_with_a_copy(says):
    def flip(W_xh, W_hh, b_h):
        H = len(W_hh)
        for array in (W_xh, W_hh, b_h):
            array[..., H : 2 * H] *= -1
        return W_xh, W_hh, b_h

    assert "W_xh.copy()" in says(check.flip_update_gate(flip))


def by_stack(W_xh, W_hh, b_h):
    r, z, n = np.split(np.vstack([W_xh, W_hh, b_h]), 3, axis=1)
    whole = np.hstack([r, -z, n])
    return whole[: len(W_xh)], whole[len(W_xh) : -1], whole[-1]


@pytest.mark.parametrize("way", [flipped, on_z(np.negative), by_stack])
def test_flip_update_gate_takes_every_way_to_write_it(way):
    said = "Right on 4 cases, H = 1 included."
    assert repr(check.flip_update_gate(lambda W_xh, W_hh, b_h: way(W_xh, W_hh, b_h))) == said


# --- merge_gru_biases ------------------------------------------------------------------------------------------


def merged(b_ih, b_hh, *, upto=2, from_=None, keep=None, scale=1.0):
    """Sum in blocks `from_` up to `upto` and keep b_ih elsewhere; b_hn is block `keep` of b_hh."""
    H = len(b_ih) // 3
    b_h = b_ih.copy()
    b_h[(from_ or 0) * H : upto * H] = scale * (b_ih + b_hh)[(from_ or 0) * H : upto * H]
    keep = 2 if keep is None else keep
    return b_h, b_hh[keep * H : (keep + 1) * H]


def part(b, k):
    return b[k * len(b) // 3 : (k + 1) * len(b) // 3]


MERGE_WRONG = {
    "b_hn is merged into b_h": lambda one, other: (one + other, np.zeros(len(one) // 3)),
    "b_hn is counted twice": lambda one, other: merged(one, other, upto=3),
    "b_in and b_hn are exchanged": lambda one, other: merged(other, one),
    "is b_hn as well": lambda one, other: (
        np.concatenate([(one + other)[: -len(one) // 3], part(other, 2)]), part(other, 2)),
    "b_hh is left out of b_h": lambda one, other: (one, part(other, 2)),
    "b_ih is left out of b_h": lambda one, other: (
        np.concatenate([part(other, 0), part(other, 1), part(one, 2)]), part(other, 2)),
    "only r's biases are merged": lambda one, other: merged(one, other, upto=1),
    "only z's biases are merged": lambda one, other: merged(one, other, from_=1),
    "the block of n is 0": lambda one, other: (
        np.concatenate([(one + other)[: -len(one) // 3], 0 * part(one, 2)]), part(other, 2)),
    "b_h has no block for n": lambda one, other: (merged(one, other)[0][: -len(one) // 3], part(other, 2)),
    "b_hn is the sum of both": lambda one, other: (merged(one, other)[0], part(one + other, 2)),
    "b_hn is taken from b_ih": lambda one, other: (merged(one, other)[0], part(one, 2)),
    "from the first block": lambda one, other: merged(one, other, keep=0),
    "from the second block": lambda one, other: merged(one, other, keep=1),
    "n is taken for the first block": lambda one, other: merged(one, other, from_=1, upto=3, keep=0),
    "the biases are averaged": lambda one, other: merged(one, other, scale=0.5),
    "b_hn holds all of b_hh": lambda one, other: (merged(one, other)[0], other),
    "stand as they came": lambda one, other: (one, other),
}  # fmt: skip


@pytest.mark.parametrize("words", MERGE_WRONG)
def test_merge_gru_biases_names_the_mistake(words, says):
    assert words in says(check.merge_gru_biases(MERGE_WRONG[words]))


def test_the_mean_of_all_three_blocks_is_named_too(says):
    assert "averaged" in says(
        check.merge_gru_biases(lambda b_ih, b_hh: ((b_ih + b_hh) / 2, np.zeros(len(b_ih) // 3)))
    )


def by_interop(b_ih, b_hh):
    H = len(b_ih) // 3
    weights = {"weight_ih_l0": np.zeros((3 * H, 1)), "weight_hh_l0": np.zeros((3 * H, H))}
    state_dict = {**weights, "bias_ih_l0": b_ih, "bias_hh_l0": b_hh}
    params = rnnlib.interop.from_torch(rnnlib.GRU(1, H), state_dict).params
    return params["b_h"], params["b_hn"]


@pytest.mark.parametrize(
    "way", [merged, by_interop, lambda one, other: [p.tolist() for p in merged(one, other)]]
)
def test_merge_gru_biases_takes_every_way_to_write_it(way):
    said = "Right on 4 cases, H = 1 included."
    assert repr(check.merge_gru_biases(lambda b_ih, b_hh: way(b_ih, b_hh))) == said


# --- from_onnx_gru ---------------------------------------------------------------------------------------------


def loaded(W, R, B, *, take=(1, 0, 2), bias=None, turn=None, turn_R=None, **merging):
    """Take ONNX's blocks z, r, h by their numbers."""
    H = R.shape[2]
    rows = lambda array, order: np.concatenate([array[k * H : (k + 1) * H] for k in order])
    turn = turn or (lambda array: rows(array, take).T)
    halves = (rows(half, bias or take) for half in (B[0, : 3 * H], B[0, 3 * H :]))
    return turn(W[0]), (turn_R or turn)(R[0]), *merged(*halves, **merging)


def reshaped(array):
    z, r, n = np.array_split(array.reshape(array.shape[::-1]), 3, axis=1)
    return np.hstack([r, z, n])


def beside(array):
    z, r, n = np.vsplit(array, 3)
    return np.hstack([r, z, n])


def lost(W_xh, W_hh, b_h, b_hn):
    return W_xh, W_hh, b_h + np.pad(b_hn, (2 * len(b_hn), 0)), 0 * b_hn


def only_half(k):
    def load(W, R, B):
        halves = np.split(B[0], 2)
        other = halves[1].copy()
        halves[1 - k] = np.concatenate([np.zeros(2 * R.shape[2]), halves[1 - k][2 * R.shape[2] :]])
        *found, _ = loaded(W, R, np.concatenate(halves)[None])
        return *found, part(other, 2)

    return load


ONNX_WRONG = {
    "the gates stand in ONNX's order still": lambda *args: loaded(*args, take=(0, 1, 2)),
    "but the biases are in ONNX's order": lambda *args: loaded(*args, bias=(0, 1, 2)),
    "but the weights are in ONNX's order": lambda *args: loaded(*args, take=(0, 1, 2), bias=(1, 0, 2)),
    "the order is turned round": lambda *args: loaded(*args, take=(2, 1, 0)),
    "the last two blocks change places": lambda *args: loaded(*args, take=(0, 2, 1)),
    "b_hn is merged into b_h": lambda *args: lost(*loaded(*args)),
    "b_hn is counted twice": lambda *args: loaded(*args, upto=3),
    "the second half of B": only_half(0),
    "the first half of B": only_half(1),
    "the halves of B are exchanged": lambda W, R, B: loaded(W, R, np.roll(B, B.shape[1] // 2)),
    "even and odd entries": lambda W, R, B: loaded(W, R, np.hstack([B[:, ::2], B[:, 1::2]])),
    "b_hn is the wrong block": lambda *args: loaded(*args, keep=0),
    "n's is the last of the three": lambda *args: loaded(*args, keep=1),
    "b_hn is taken from the first half of B": lambda W, R, B: (
        *loaded(W, R, B)[:3], part(B[0, : 3 * R.shape[2]], 2)),
    "in the right order, but not transposed": lambda *args: (
        (found := loaded(*args))[0], found[1].T, *found[2:]),
    "z is turned as well": lambda *args: (*flipped(*(found := loaded(*args))[:3]), found[3]),
    "W and R are reshaped": lambda *args: loaded(*args, turn=reshaped),
    "W is right; R is reshaped": lambda *args: loaded(*args, turn_R=reshaped),
    "put side by side without being transposed": lambda *args: loaded(*args, turn_R=beside),
    "the matrices are ONNX's still": lambda *args: [part.T for part in loaded(*args)],
    "the first axis, of the directions": lambda *args: [part[None] for part in loaded(*args)],
}  # fmt: skip


@pytest.mark.parametrize("words", ONNX_WRONG)
def test_from_onnx_gru_names_the_mistake(words, says):
    assert words in says(check.from_onnx_gru(ONNX_WRONG[words]))


def by_letters(W, R, B):
    """Put block after block where rnnlib has it."""
    H, there = R.shape[-1], {"z": 0, "r": 1, "n": 2}
    new = [np.zeros((W.shape[2], 3 * H)), np.zeros((H, 3 * H)), np.zeros(3 * H)]
    for k, gate in enumerate("rzn"):
        here, old = slice(k * H, (k + 1) * H), slice(there[gate] * H, (there[gate] + 1) * H)
        new[0][:, here], new[1][:, here] = W[0, old].T, R[0, old].T
        new[2][here] = B[0, old] + (B[0, 3 * H :][old] if gate != "n" else 0)
    return [*new, B[0, -H:]]


def by_keras(W, R, B):
    """ONNX's rows are Keras' columns, in the same order; and what Keras has on two rows is in a row there."""
    cell = rnnlib.GRU(W.shape[2], R.shape[2])
    return rnnlib.interop.from_keras(cell, [W[0].T, R[0].T, B.reshape(2, -1)]).params


@pytest.mark.parametrize("way", [loaded, by_letters, by_keras])
def test_from_onnx_gru_takes_every_way_to_write_it(way):
    said = "Right on 4 cases, H = 1 and D = H included."
    assert repr(check.from_onnx_gru(lambda W, R, B: way(W, R, B))) == said


# --- not done yet ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["reorder_gates", "flip_update_gate", "merge_gru_biases", "from_onnx_gru"])
def test_a_stub_is_not_done_yet(name):
    ask = getattr(check, name)
    for nothing in (..., None):
        assert ask(nothing).passed is None
    stubs = {3: lambda a, b, c: ..., 2: lambda a, b: ...}
    arity = 2 if name == "merge_gru_biases" else 3
    assert ask(stubs[arity]).passed is None
