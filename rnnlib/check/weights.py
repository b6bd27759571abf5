"""Checks of the chapter *Reading other people's weights*."""

import numpy as np

from .engine import Case, Exercise, judge


def _blocks(array, n, axis=-1):
    return np.split(array, n, axis=axis)


# --- reorder_gates ---------------------------------------------------------------------------------------------


def _reorder(W, source, target):
    blocks = dict(zip(source, _blocks(W, len(source))))
    return np.concatenate([blocks[gate] for gate in target], axis=-1)


def _rows(W, source, target):
    return _reorder(W.T, source, target).T


def _sliced_rows(W, source, target):
    """Take slices of rows, which also works, in its way, where they cannot be divided."""
    H = len(W) // len(source)
    return np.concatenate([W[source.index(gate) * H :][:H] for gate in target])


def _swapped_last_two(W, source, target):
    *first, one, other = _blocks(W, len(source))
    return np.concatenate([*first, other, one], axis=-1)


def _overwritten(W, source, target):
    """Move block after block within one array, so that later ones read what earlier ones have written."""
    out, n = W.copy(), len(source)
    for place, gate in zip(_blocks(out, n), target):
        place[...] = _blocks(out, n)[source.index(gate)]
    return out


def _sliced(start, width):
    """Slice columns, with the wrong start or the wrong width; a slice may end beyond the last column."""

    def reorder(W, source, target):
        H, places = W.shape[-1] // len(source), [source.index(gate) for gate in target]
        starts = (start(place, width(W, H)) for place in places)
        return np.concatenate([W[..., s : s + width(W, H)] for s in starts], axis=-1)

    return reorder


def _interleaved(W, source, target):
    """Take every n-th column for a gate, instead of H neighbours."""
    return np.concatenate([W[..., source.index(gate) :: len(source)] for gate in target], axis=-1)


def _interleaved_both(W, source, target):
    out = np.empty_like(W)
    for k, gate in enumerate(target):
        out[..., k :: len(source)] = W[..., source.index(gate) :: len(source)]
    return out


def _reorder_cases(rng):
    cases = []
    for rows, H, source, target in (
        (4, 2, "iofg", "ifgo"),
        (3, 2, "ifog", "ifgo"),
        (8, 2, "ifgo", "iofg"),
        (4, 3, "fgoi", "ifgo"),
        (2, 1, "gofi", "iofg"),
        (2, 3, "zrn", "rzn"),
        (3, 2, "nrz", "rzn"),
    ):
        alone = _FOUR if len(source) == 3 else ""
        words = f"{source} to {target}, H = {H}, {rows} rows"
        cases.append(Case(words, (rng.normal(size=(rows, len(source) * H)), source, target), alone))
    return [*cases, Case("a bias, iofg to ifgo", (rng.normal(size=12), "iofg", "ifgo"), _BIAS)]


_FOUR = "right for the four blocks of an LSTM, but not for a GRU's three: their number is len(source)."
_BIAS = (
    "right for matrices, but not for a bias, which has one axis: cut and join along the last one, axis=-1."
)
_SPLIT = (("equal division", "np.split cuts along the first axis, unless it is told axis=-1."),)
_ROWS = "the rows are moved; here the gates are blocks of columns, along the last axis."

REORDER_GATES = Exercise(
    name="reorder_gates",
    args=("W", "source", "target"),
    outputs=(("W in the new order", "(…, nH)"),),
    cases=_reorder_cases,
    reference=_reorder,
    included="a bias and a GRU's three blocks",
    hints=_SPLIT,
    variants=(
        ("nothing has moved: the blocks stand in the order of source still.", lambda W, source, target: W.copy()),
        ("this goes the other way, from target to source: block k of the result is the gate target[k], wherever source "
         "has it. (An exchange of two blocks would not show it.)",
         lambda W, source, target: _reorder(W, target, source)),
        ("the last two blocks are exchanged whatever the orders are; read them from source and target.",
         _swapped_last_two),
        (_ROWS, _rows),
        (_ROWS, _sliced_rows),
        ("a block is overwritten before it is read: read from W, and write into a new array.", _overwritten),
        ("a gate's columns are H neighbours, a block; these are every n-th column.", _interleaved),
        ("a gate's columns are H neighbours, a block; these are every n-th column.", _interleaved_both),
        ("the slices begin at the columns 0, 1, 2, …; block k begins at column k · H.",
         _sliced(lambda k, width: k, lambda W, H: H)),
        ("a block is as wide as W has rows; its width is H = W.shape[-1] // len(source).",
         _sliced(lambda k, width: k * width, lambda W, H: len(W))),
        ("single columns are taken, one a gate; a gate has H of them.",
         lambda W, source, target: W[..., [source.index(gate) for gate in target]]),
        ("the order is turned round; each gate goes where target has it.",
         lambda W, source, target: np.concatenate(_blocks(W, len(source))[::-1], axis=-1)),
        ("the blocks lie below each other; they stand side by side, (…, nH).",
         lambda W, source, target: np.concatenate(_blocks(_reorder(W, source, target), len(source)), axis=0)),
        ("the blocks lie on an axis of their own; join them side by side, (…, nH).",
         lambda W, source, target: np.stack(_blocks(_reorder(W, source, target), len(source)))),
        ("the result is transposed: the gates stay blocks of columns.",
         lambda W, source, target: _reorder(W, source, target).T),
    ),
)  # fmt: skip


# --- flip_update_gate ------------------------------------------------------------------------------------------


def _flip(W_xh, W_hh, b_h, *, turn=np.negative, gates=(1,), only=(0, 1, 2)):
    """Turn the blocks of some gates in some of the three arrays, by default z's in all."""
    found = [array.copy() for array in (W_xh, W_hh, b_h)]
    for k in only:
        for gate in gates:
            block = _blocks(found[k], 3)[gate]
            block[...] = turn(block)
    return tuple(found)


def _flip_slip(**how):
    return lambda *args: _flip(*args, **how)


def _flip_whole_bias(W_xh, W_hh, b_h):
    return W_xh, W_hh, -b_h


def _flip_rows(W_xh, W_hh, b_h):
    """Negate the rows H to 2H of the matrices, as far as there are any."""
    found, H = _flip(W_xh, W_hh, b_h, only=(2,)), len(W_hh)
    for W in found[:2]:
        W[H : 2 * H] *= -1
    return found


def _flip_every_third(W_xh, W_hh, b_h):
    signs = np.tile([1, -1, 1], len(W_hh))
    return W_xh * signs, W_hh * signs, b_h * signs


def _flip_cases(rng):
    shapes = lambda D, H: ((D, 3 * H), (H, 3 * H), (3 * H,))
    return [Case(f"D = {D}, H = {H}", tuple(rng.normal(size=shape) for shape in shapes(D, H)))
            for D, H in ((2, 3), (3, 2), (4, 4), (1, 1))]  # fmt: skip


FLIP_UPDATE_GATE = Exercise(
    name="flip_update_gate",
    args=("W_xh", "W_hh", "b_h"),
    outputs=(("W_xh", "(D, 3H)"), ("W_hh", "(H, 3H)"), ("b_h", "(3H,)")),
    cases=_flip_cases,
    reference=_flip,
    included="H = 1",
    chain=("W_xh", "W_hh", "b_h"),
    variants=(
        ("nothing has changed: z's block changes its sign in all three arrays.", _flip_slip(only=())),
        ("the bias is not negated; z = σ(a), and the bias is part of a.", _flip_slip(only=(0, 1))),
        ("only the bias is negated; all of a changes its sign, so the weights too.", _flip_slip(only=(2,))),
        ("only the bias is negated, and all of it; z's block alone changes its sign, and the weights' as well.",
         _flip_whole_bias),
        ("W_xh and W_hh are right, but all of the bias is negated; only z's block of it is, from H to 2H.",
         lambda W_xh, W_hh, b_h: (*_flip(W_xh, W_hh, b_h)[:2], -b_h)),
        ("in the matrices the rows from H to 2H are meant; z's block are the columns from H to 2H, [:, H : 2 * H].",
         _flip_rows),
        ("every third column is negated; z's H columns are neighbours: np.repeat, not np.tile.", _flip_every_third),
        ("W_hh is not negated; all of a = x W_xh + h W_hh + b_h changes its sign.", _flip_slip(only=(0, 2))),
        ("W_xh is not negated; all of a = x W_xh + h W_hh + b_h changes its sign.", _flip_slip(only=(1, 2))),
        ("the reset gate is negated: the order is r, z, n, and z's block is the second.", _flip_slip(gates=(0,))),
        ("the candidate is negated: the order is r, z, n, and z's block is the second.", _flip_slip(gates=(2,))),
        ("all blocks are negated, r's and n's too; only z's sign has another meaning.",
         _flip_slip(gates=(0, 1, 2))),
        ("the blocks of r and z are both negated; only z's sign has another meaning.", _flip_slip(gates=(0, 1))),
        ("the blocks of z and n are both negated; only z's sign has another meaning.", _flip_slip(gates=(1, 2))),
        ("each weight w became 1 − w. It is the gate that becomes 1 − z, and 1 − σ(a) = σ(−a): negate.",
         _flip_slip(turn=lambda block: 1 - block)),
        ("each weight w became 1/w. It is the gate that becomes 1 − z, and 1 − σ(a) = σ(−a): negate.",
         _flip_slip(turn=lambda block: 1 / block)),
        ("the weights went through the logistic function; it is the gate's argument a that changes its sign.",
         _flip_slip(turn=lambda block: 1 / (1 + np.exp(block)))),
        ("the weights went through the logistic function; it is the gate's argument a that changes its sign.",
         _flip_slip(turn=lambda block: 1 / (1 + np.exp(-block)))),
        ("z's block is set to 0: then z is always ½. It changes its sign.",
         _flip_slip(turn=lambda block: 0 * block)),
    ),
)  # fmt: skip


# --- merge_gru_biases ------------------------------------------------------------------------------------------


def _merge(b_ih, b_hh, *, r=np.add, z=np.add, n=lambda one, other: one, b_hn=lambda r, z, n: n):
    """Merge block by block: r, z and n make a block of b_h of the two biases' blocks, b_hn is taken from b_hh's."""
    ih, hh = _blocks(b_ih, 3), _blocks(b_hh, 3)
    return np.concatenate([make(*pair) for make, pair in zip((r, z, n), zip(ih, hh))]), b_hn(*hh)


def _merge_slip(**how):
    return lambda b_ih, b_hh: _merge(b_ih, b_hh, **how)


def _first(one, other):
    return one


def _second(one, other):
    return other


def _mean(one, other):
    return (one + other) / 2


_TWICE = ("b_hn is counted twice, in b_h and by itself: r ⊙ (h W_hn + b_hn) is its only place, so b_h's block of n is "
          "b_in alone.")  # fmt: skip
_LOST = ("b_hn is merged into b_h, like the others. In n = tanh(x W_xn + b_in + r ⊙ (h W_hn + b_hn)) it is multiplied "
         "by r, and b_in is not.")  # fmt: skip

MERGE_GRU_BIASES = Exercise(
    name="merge_gru_biases",
    args=("b_ih", "b_hh"),
    outputs=(("b_h", "(3H,)"), ("b_hn", "(H,)")),
    cases=lambda rng: [Case(f"H = {H}", (rng.normal(size=3 * H), rng.normal(size=3 * H))) for H in (3, 2, 4, 1)],
    reference=_merge,
    included="H = 1",
    chain=("b_h", "b_hn"),
    variants=(
        (_LOST, _merge_slip(n=np.add, b_hn=lambda r, z, n: 0 * n)),
        (_TWICE, _merge_slip(n=np.add)),
        ("b_in and b_hn are exchanged: what r multiplies comes from b_hh, the bias beside h.",
         lambda b_ih, b_hh: _merge(b_hh, b_ih)),
        ("b_hn is right, but b_h's block of n is b_hn as well; it is b_in, from b_ih.", _merge_slip(n=_second)),
        ("b_hh is left out of b_h: in r and z both biases are added, so there they become their sum.",
         _merge_slip(r=_first, z=_first)),
        ("b_ih is left out of b_h: in r and z both biases are added, so there they become their sum.",
         _merge_slip(r=_second, z=_second)),
        ("b_ih is left out of b_h: in r and z both biases are added, so there they become their sum.",
         _merge_slip(r=_second, z=_second, n=_second)),
        ("only r's biases are merged; z = σ(… + b_iz + b_hz) adds its two as well.", _merge_slip(z=_first)),
        ("only z's biases are merged; r = σ(… + b_ir + b_hr) adds its two as well.", _merge_slip(r=_first)),
        ("the block of n is 0 in b_h; b_in stays there.", _merge_slip(n=lambda one, other: 0 * one)),
        ("b_h has no block for n; b_in goes there.",
         lambda b_ih, b_hh: (_merge(b_ih, b_hh)[0][: -(len(b_ih) // 3)], _merge(b_ih, b_hh)[1])),
        ("b_hn is the sum of both biases of n; b_in has its own place, in b_h.",
         lambda b_ih, b_hh: (_merge(b_ih, b_hh)[0], (b_ih + b_hh)[-(len(b_ih) // 3) :])),
        ("b_hn is taken from b_ih; what r multiplies stands beside h, in b_hh.",
         lambda b_ih, b_hh: (_merge(b_ih, b_hh)[0], b_ih[-(len(b_ih) // 3) :].copy())),
        ("b_hn is taken from the first block, r's; the order is r, z, n, so n's is the last.",
         _merge_slip(b_hn=lambda r, z, n: r)),
        ("b_hn is taken from the second block, z's; the order is r, z, n, so n's is the last.",
         _merge_slip(b_hn=lambda r, z, n: z)),
        ("n is taken for the first block, as if the order were n, r, z; it is r, z, n.",
         _merge_slip(r=_first, n=np.add, b_hn=lambda r, z, n: r)),
        ("the biases are averaged; the cell adds them, so they become their sum.",
         _merge_slip(r=_mean, z=_mean)),
        ("the biases are averaged; the cell adds them, so they become their sum.",
         _merge_slip(r=_mean, z=_mean, n=_mean, b_hn=lambda r, z, n: 0 * n)),
        ("b_hn holds all of b_hh; only its last block, n's, stays by itself.",
         lambda b_ih, b_hh: (_merge(b_ih, b_hh)[0], b_hh.copy())),
        ("the two biases stand as they came; r's and z's blocks become sums, in b_h.",
         lambda b_ih, b_hh: (b_ih.copy(), b_hh.copy())),
    ),
)  # fmt: skip


# --- from_onnx_gru ---------------------------------------------------------------------------------------------


def _from_onnx(W, R, B, *, source="zrn", bias=None, turn=np.transpose, turn_R=None, **merging):
    """Turn, reorder, merge: each of the three can go wrong in its own way."""
    order = lambda array, source: _reorder(array, source, "rzn")
    biases = [order(half, bias or source) for half in _blocks(B[0], 2)]
    return order(turn(W[0]), source), order((turn_R or turn)(R[0]), source), *_merge(*biases, **merging)


def _onnx_slip(**how):
    return lambda *args: _from_onnx(*args, **how)


def _reshaped(array):
    return array.reshape(array.shape[1], array.shape[0])


def _side_by_side(array):
    """Put the three blocks of rows side by side, each as it was: of a square block no shape tells."""
    return np.concatenate(_blocks(array, 3, axis=0), axis=1)


def _rows_kept(W, R, B):
    return tuple(array.T if array.ndim == 2 else array for array in _from_onnx(W, R, B))


def _R_kept(W, R, B):
    W_xh, W_hh, *biases = _from_onnx(W, R, B)
    return W_xh, W_hh.T, *biases


def _turned_halves(W, R, B):
    return _from_onnx(W, R, np.concatenate(_blocks(B, 2)[::-1], axis=1))


def _alternating(W, R, B):
    return _from_onnx(W, R, np.concatenate([B[:, ::2], B[:, 1::2]], axis=1))


def _flipped_too(W, R, B):
    *weights, b_hn = _from_onnx(W, R, B)
    return *_flip(*weights), b_hn


def _onnx_cases(rng):
    cases = []
    for D, H in ((2, 3), (4, 2), (3, 3), (2, 1)):
        W, R, B = (rng.normal(size=shape) for shape in ((1, 3 * H, D), (1, 3 * H, H), (1, 6 * H)))
        cases.append(Case(f"D = {D}, H = {H}", (W, R, B)))
    return cases


_RESHAPED = "reshaped where it should be transposed: reshape fills the new rows from the old ones, and mixes the gates."

FROM_ONNX_GRU = Exercise(
    name="from_onnx_gru",
    args=("W", "R", "B"),
    outputs=(("W_xh", "(D, 3H)"), ("W_hh", "(H, 3H)"), ("b_h", "(3H,)"), ("b_hn", "(H,)")),
    cases=_onnx_cases,
    reference=_from_onnx,
    included="H = 1 and D = H",
    hints=_SPLIT,
    chain=("W_xh", "W_hh", "b_h", "b_hn"),
    variants=(
        ("the gates stand in ONNX's order still, z, r, h; rnnlib's is r, z, n.", _onnx_slip(source="rzn")),
        ("the weights are right, but the biases are in ONNX's order still.", _onnx_slip(bias="rzn")),
        ("the biases are right, but the weights are in ONNX's order still.", _onnx_slip(source="rzn", bias="zrn")),
        ("the order is turned round, to h, r, z; only the first two change places.", _onnx_slip(source="nzr")),
        ("the last two blocks change places; ONNX has z, r, h, so it is the first two.", _onnx_slip(source="rnz")),
        (_LOST, _onnx_slip(n=np.add, b_hn=lambda r, z, n: 0 * n)),
        (_TWICE, _onnx_slip(n=np.add)),
        ("the second half of B, beside R, is left out of b_h: r and z add both halves.",
         _onnx_slip(r=_first, z=_first)),
        ("the first half of B, beside W, is left out of b_h: r and z add both halves.",
         _onnx_slip(r=_second, z=_second)),
        ("the halves of B are exchanged: the first stands beside W, the second beside R, and b_hn is from the second.",
         _turned_halves),
        ("B holds two biases one after the other, 3H and 3H; these are its even and odd entries.", _alternating),
        ("b_hn is the wrong block of the second half; n's is the last of the three.",
         _onnx_slip(b_hn=lambda r, z, n: r)),
        ("b_hn is the wrong block of the second half; n's is the last of the three.",
         _onnx_slip(b_hn=lambda r, z, n: z)),
        ("b_hn is taken from the first half of B, beside W; r multiplies what stands beside R, in the second.",
         lambda W, R, B: (*_from_onnx(W, R, B)[:3], B[0, 2 * R.shape[2] : 3 * R.shape[2]].copy())),
        ("z is turned as well; ONNX's z keeps the old state, as rnnlib's does, so it stays as it is.", _flipped_too),
        ("W is right; R is in the right order, but not transposed; rows want (H, 3H).",
         _R_kept),
        ("W and R are " + _RESHAPED, _onnx_slip(turn=_reshaped)),
        ("W is right; R is " + _RESHAPED, _onnx_slip(turn_R=_reshaped)),
        ("W is right; the blocks of R are put side by side without being transposed: each is square, so no shape "
         "tells.", _onnx_slip(turn_R=_side_by_side)),
        ("the matrices are ONNX's still, (3H, D) and (3H, H), with the gates in the right order; rows want their "
         "transposes.", _rows_kept),
        ("the first axis, of the directions, is there still: take W[0], R[0] and B[0].",
         lambda W, R, B: tuple(array[None] for array in _from_onnx(W, R, B))),
    ),
)  # fmt: skip


def reorder_gates(function):
    """Check `reorder_gates(W, source, target)` → W with its blocks of columns in the order of target.

    W (…, nH) is a matrix or a bias, source and target name its n gates by a letter each, as "iofg" and "ifgo".
    Answers with a Result; never raises.

    >>> reorder_gates(...)
    Not done yet: there is no function reorder_gates yet.
    """
    return judge(function, REORDER_GATES)


def flip_update_gate(function):
    """Check `flip_update_gate(W_xh, W_hh, b_h)` → the same three for h_t = z ⊙ n + (1 − z) ⊙ h_{t−1}, order r, z, n.

    Answers with a Result; never raises.

    >>> flip_update_gate(...)
    Not done yet: there is no function flip_update_gate yet.
    """
    return judge(function, FLIP_UPDATE_GATE)


def merge_gru_biases(function):
    """Check `merge_gru_biases(b_ih, b_hh)` → (b_h, b_hn): PyTorch's two biases of a GRU, order r, z, n, as rnnlib's.

    Answers with a Result; never raises.

    >>> merge_gru_biases(...)
    Not done yet: there is no function merge_gru_biases yet.
    """
    return judge(function, MERGE_GRU_BIASES)


def from_onnx_gru(function):
    """Check `from_onnx_gru(W, R, B)` → (W_xh, W_hh, b_h, b_hn): ONNX's GRU, linear_before_reset=1, in rnnlib's layout.

    W (1, 3H, D), R (1, 3H, H) and B (1, 6H) have the order z, r, h. Answers with a Result; never raises.

    >>> from_onnx_gru(...)
    Not done yet: there is no function from_onnx_gru yet.
    """
    return judge(function, FROM_ONNX_GRU)
