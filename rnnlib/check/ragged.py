"""Checks of the chapter *Depth, direction, ragged batches*."""

import numpy as np

from .engine import Case, Exercise, judge


def embedding_backward(function):
    """Check `embedding_backward(x, dy, V)`: ∂L/∂W_e, (V, D), for the lookup y = W_e[x].

    x (T, B) whole numbers below V, dy (T, B, D). Answers with a Result; never raises.

    >>> def by_index(x, dy, V):
    ...     dW_e = np.zeros((V, dy.shape[-1]))
    ...     dW_e[x] += dy
    ...     return dW_e
    >>> embedding_backward(by_index)
    Not yet: where a symbol occurs more than once, only one of its gradients is kept: dW_e[x] = … and dW_e[x] += …
    both write each row once. They have to add up: np.add.at, or a loop over all places.
    """
    return judge(function, EMBEDDING_BACKWARD)


def masked_mean(function):
    """Check `masked_mean(losses, lengths)`: the mean of losses (T, B) over the real places, one number.

    lengths (B,) whole numbers from 1 to T. Answers with a Result; never raises.

    >>> masked_mean(lambda losses, lengths: losses.mean())
    Not yet: the padding is counted: only the first lengths[b] steps of sequence b are real.
    """
    return judge(function, MASKED_MEAN)


def reverse_padded(function):
    """Check `reverse_padded(x, lengths)`: each sequence of x (T, B, D) reversed within its own length.

    lengths (B,) whole numbers from 0 to T; the padding is 0 and stays behind. Answers with a Result; never raises.

    >>> reverse_padded(lambda x, lengths: x[::-1])
    Not yet: the whole array is reversed, so that the padding comes first; reverse the first lengths[b] steps of
    sequence b and leave its padding behind them.
    """
    return judge(function, REVERSE_PADDED)


def summary_fixed(function):
    """Check the mended `summary_fixed(y, lengths)`: both directions' last states, (B, 2H), the forward half first.

    y (T, B, 2H) is the output of a bidirectional layer, 0 at the padding; lengths (B,) whole numbers from 1 to T.
    Answers with a Result; never raises.

    >>> summary_fixed(lambda y, lengths: y[-1])
    Not yet: y[-1] is the padding of all but the longest sequences, and the backward half there has read one symbol
    at most.
    """
    return judge(function, SUMMARY_FIXED)


def inverted_dropout(function):
    """Check `inverted_dropout(x, dy, p, u, training)` → (y, dx): forward and backward of dropout with rate p.

    x, dy and u (T, B, D); u is uniform on [0, 1), and an entry is dropped where u < p. Answers with a Result; never
    raises.

    >>> inverted_dropout(lambda x, dy, p, u, training: (x * (u >= p), dy * (u >= p)))
    Not yet: it drops in use as well; with training=False nothing is dropped or scaled. And in training the kept
    entries have to be divided by 1 − p.
    """
    return judge(function, INVERTED_DROPOUT)


# --- embedding_backward ----------------------------------------------------------------------------------------


def _rows(x, dy, V):
    dW_e = np.zeros((V, dy.shape[-1]))
    np.add.at(dW_e, x, dy)
    return dW_e


def _written_once(x, dy, V):
    dW_e = np.zeros((V, dy.shape[-1]))
    for symbol, d in zip(x.ravel(), dy.reshape(-1, dy.shape[-1])):
        dW_e[symbol] = d
    return dW_e


def _counts(x, V):
    return np.maximum(np.bincount(x.ravel(), minlength=V), 1)[:, None]


def _everywhere(x, dy, V):
    return np.broadcast_to(dy.sum(axis=(0, 1)), (V, dy.shape[-1]))


def _embedding_cases(rng):
    twice = [[2, 2], [2, 4], [0, 4]]  # within a step, within a sequence, across both
    drawn = [
        np.array(twice),
        rng.integers(0, 3, (4, 3)),
        np.full((3, 3), 1),
        np.array([[3, 0]]),
        np.array([[0], [0]]),
    ]
    sizes = [(5, 3), (6, 2), (2, 3), (4, 4), (1, 2)]
    return [Case(f"T = {len(x)}, B = {x.shape[1]}, V = {V}, D = {D}", (x, rng.normal(size=(*x.shape, D)), V))
            for x, (V, D) in zip(drawn, sizes)]  # fmt: skip


_ONE_KEPT = ("where a symbol occurs more than once, only one of its gradients is kept: dW_e[x] = … and dW_e[x] += … "
             "both write each row once. They have to add up: np.add.at, or a loop over all places.")  # fmt: skip

EMBEDDING_BACKWARD = Exercise(
    name="embedding_backward",
    args=("x", "dy", "V"),
    outputs=(("dW_e", "(V, D)"),),
    cases=_embedding_cases,
    reference=_rows,
    included="repeated symbols and symbols that never occur",
    variants=(
        (_ONE_KEPT, _written_once),
        (_ONE_KEPT, lambda x, dy, V: _written_once(x[::-1, ::-1], dy[::-1, ::-1], V)),
        ("two sequences that read the same symbol at the same step: only one of their gradients is kept, since "
         "dW_e[x[t]] += … writes each row once.",
         lambda x, dy, V: sum(_written_once(x[t : t + 1], dy[t : t + 1], V) for t in range(len(x)))),
        ("a symbol that occurs twice in one sequence: only one of its gradients is kept, since dW_e[x[:, b]] += … "
         "writes each row once.",
         lambda x, dy, V: sum(_written_once(x[:, [b]], dy[:, [b]], V) for b in range(x.shape[1]))),
        ("each row is divided by how often its symbol occurs; the gradients of all places add up.",
         lambda x, dy, V: _rows(x, dy, V) / _counts(x, V)),
        ("each row is divided by how often its symbol occurs, and for symbols that never occur that is 0/0; the "
         "gradients of all places add up, and of none they are 0.",
         lambda x, dy, V: _rows(x, dy, V) / np.bincount(x.ravel(), minlength=V)[:, None]),
        ("each row holds one number D times: the features are summed too. Sum over the places alone, axis=0.",
         lambda x, dy, V: np.repeat(_rows(x, dy, V).sum(axis=1, keepdims=True), dy.shape[-1], axis=1)),
        ("each row is multiplied by how often its symbol occurs; the sum over its places counts it already.",
         lambda x, dy, V: _rows(x, dy, V) * _counts(x, V)),
        ("the gradient is divided by B; the loss is a sum, and so is its gradient.",
         lambda x, dy, V: _rows(x, dy, V) / x.shape[1]),
        ("the gradient is divided by T · B; the loss is a sum, and so is its gradient.",
         lambda x, dy, V: _rows(x, dy, V) / x.size),
        ("every row gets the whole gradient; a row moves the loss only where its own symbol was read.", _everywhere),
        ("a symbol's row holds how often it occurs; it should hold the sum of dy over its places.",
         lambda x, dy, V: np.repeat(np.bincount(x.ravel(), minlength=V)[:, None], dy.shape[-1], axis=1)),
        ("the axes are swapped: a symbol has a row of W_e, and the shape is (V, D).",
         lambda x, dy, V: _rows(x, dy, V).T),
        ("only the symbols of the last step are counted; each step adds its own.",
         lambda x, dy, V: _rows(x[-1:], dy[-1:], V)),
        ("only the first sequence is counted; each adds its own.",
         lambda x, dy, V: _rows(x[:, :1], dy[:, :1], V)),
        ("the rows are those of the symbols that occur; all V are wanted, with zeros for the others.",
         lambda x, dy, V: _rows(x, dy, V)[np.unique(x)]),
        ("the gradient is not yet summed over the batch: one array (V, D) for all.",
         lambda x, dy, V: np.array([_rows(x[:, [b]], dy[:, [b]], V) for b in range(x.shape[1])])),
        ("the gradient is not yet summed over time: one array (V, D) for all.",
         lambda x, dy, V: np.array([_rows(x[[t]], dy[[t]], V) for t in range(len(x))])),
        ("this is dy as it came; it belongs to the places in the text, and is to be gathered by symbol.",
         lambda x, dy, V: dy),
        ("the rows are off by one: symbols are counted from 0, so symbol k has row k.",
         lambda x, dy, V: _rows((x - 1) % V, dy, V)),
    ),
)  # fmt: skip


# --- masked_mean -----------------------------------------------------------------------------------------------


def _real(losses, lengths, beyond=0):
    return np.arange(len(losses))[:, None] < lengths + beyond


def _masked(losses, lengths, beyond=0):
    return losses[_real(losses, lengths, beyond)]


def _mean(values):
    """Return the mean, NaN of nothing, without NumPy's warning."""
    return np.divide(values.sum(), values.size)


def _per_sequence(losses, lengths):
    return np.array([losses[:n, b].mean() for b, n in enumerate(lengths)])


def _per_step(losses, lengths):
    real = _real(losses, lengths)
    return [losses[t, real[t]].mean() for t in range(lengths.max())]


def _swapped(losses, lengths):
    """Index with a mask (B, T), which fits where T = B alone."""
    return losses[np.arange(len(losses)) < lengths[:, None]]


def _mean_cases(rng):
    known = [(5, [3, 5, 1]), (4, [2, 4, 1, 3]), (1, [1]), (6, [2, 5]), (3, [3, 3])]
    cases = [
        Case(f"T = {T}, lengths = {n}", (rng.uniform(0.5, 4, (T, len(n))), np.array(n))) for T, n in known
    ]
    losses, lengths = rng.uniform(0.5, 4, (4, 3)), np.array([2, 4, 1])
    losses[~_real(losses, lengths)] = np.inf
    return [*cases, Case("infinity at the padding", (losses, lengths), _ZERO_TIMES)]


_ZERO_TIMES = ("right, but not where the padding holds infinity or NaN: 0 · ∞ is NaN. Choose the real places, "
               "losses[mask] or np.where, instead of multiplying by the mask.")  # fmt: skip
_PADDING = "the padding is counted: only the first lengths[b] steps of sequence b are real."
_OF_MEANS = ("this is the mean of the sequences' means, in which a step of a short sequence weighs more; divide the "
             "sum over all real places by their number.")  # fmt: skip

MASKED_MEAN = Exercise(
    name="masked_mean",
    args=("losses", "lengths"),
    outputs=(("the mean", "()"),),
    cases=_mean_cases,
    reference=lambda losses, lengths: _mean(_masked(losses, lengths)),
    included="T = 1 and infinity at the padding",
    variants=(
        (_PADDING, lambda losses, lengths: losses.mean()),
        (_PADDING, lambda losses, lengths: np.nanmean(losses)),
        ("the sum is right, but divided by T · B, padding included: divide by the number of real places.",
         lambda losses, lengths: _masked(losses, lengths).sum() / losses.size),
        ("it is divided by the number of real places, but the padding is in the sum.",
         lambda losses, lengths: losses.sum() / lengths.sum()),
        (_OF_MEANS, lambda losses, lengths: _per_sequence(losses, lengths).mean()),
        ("this is the mean of the steps' means, in which late steps, with few sequences left, weigh more; divide the "
         "sum over all real places by their number.",
         lambda losses, lengths: np.mean(_per_step(losses, lengths))),
        ("a mean for each sequence comes back; one number over all real places is wanted.", _per_sequence),
        ("a mean for each step comes back; one number over all real places is wanted.", _per_step),
        ("the sum is divided by B, the number of sequences; divide by the number of real places.",
         lambda losses, lengths: _masked(losses, lengths).sum() / len(lengths)),
        ("the sum is divided by T, the number of steps; divide by the number of real places.",
         lambda losses, lengths: _masked(losses, lengths).sum() / len(losses)),
        ("the sum is divided by the longest length; divide by the number of real places.",
         lambda losses, lengths: _masked(losses, lengths).sum() / lengths.max()),
        ("this is the sum; divide it by the number of real places.",
         lambda losses, lengths: _masked(losses, lengths).sum()),
        ("the mask has a step too many: with t counted from 0, t < lengths[b] is real, t = lengths[b] is not.",
         lambda losses, lengths: _mean(_masked(losses, lengths, beyond=1))),
        ("the mask has a step too few: with t counted from 0, the last real step is t = lengths[b] − 1.",
         lambda losses, lengths: _mean(_masked(losses, lengths, beyond=-1))),
        ("the mask is inverted: this is the mean over the padding.",
         lambda losses, lengths: _mean(losses[~_real(losses, lengths)])),
        ("the mask's axes are swapped: time is the first, so it is np.arange(T)[:, None] < lengths, of shape (T, B).",
         lambda losses, lengths: _mean(_swapped(losses, lengths))),
        ("everybody is cut to the longest length; each sequence has its own.",
         lambda losses, lengths: losses[: lengths.max()].mean()),
        ("everybody is cut to the shortest length; each sequence has its own.",
         lambda losses, lengths: losses[: lengths.min()].mean()),
        ("only the last real step of each sequence is counted; all its real steps are.",
         lambda losses, lengths: losses[lengths - 1, np.arange(len(lengths))].mean()),
    ),
)  # fmt: skip


# --- reverse_padded --------------------------------------------------------------------------------------------


def _each(x, lengths, change):
    """Apply change(real steps of one sequence) to each; n entries must come back."""
    out = np.zeros_like(x)
    for b, n in enumerate(lengths):
        out[:n, b] = change(x[:n, b])
    return out


def _to_length(x, n):
    out = x.copy()
    out[:n] = x[:n][::-1]
    return out


def _overwritten(steps):
    out = steps.copy()
    for t in range(len(out)):
        out[t] = out[len(out) - 1 - t]
    return out


def _swapped_axes(x, lengths):
    """Take b for the first axis and time for the second."""
    out = x.copy()
    for b, n in enumerate(lengths):
        out[b, :n] = x[b, :n][::-1]
    return out


def _one_late(x, lengths):
    """Read x[n − t], which begins with a step of padding and leaves the first one out."""
    T, B = x.shape[:2]
    longer, steps = np.concatenate([x, 0 * x[:1]]), np.arange(T)[:, None]
    return longer[np.where(steps < lengths, lengths - steps, T), np.arange(B)]


def _reverse_cases(rng):
    cases = []
    for T, lengths, D in (
        (5, [3, 5, 1], 2),
        (4, [4, 2, 0, 3], 3),
        (3, [2, 3, 1], 3),
        (1, [1], 2),
        (6, [5, 4], 1),
    ):
        x = rng.normal(size=(T, len(lengths), D))
        x[np.arange(T)[:, None] >= lengths] = 0.0
        cases.append(Case(f"T = {T}, lengths = {lengths}, D = {D}", (x, np.array(lengths))))
    return cases


REVERSE_PADDED = Exercise(
    name="reverse_padded",
    args=("x", "lengths"),
    outputs=(("the reversed x", "(T, B, D)"),),
    cases=_reverse_cases,
    reference=lambda x, lengths: _each(x, lengths, lambda steps: steps[::-1]),
    included="length 0 and B = 1",
    variants=(
        ("the whole array is reversed, so that the padding comes first; reverse the first lengths[b] steps of sequence "
         "b and leave its padding behind them.",
         lambda x, lengths: x[::-1]),
        ("nothing is reversed.", lambda x, lengths: x.copy()),
        ("the batch is reversed, not time: time is the first axis.", lambda x, lengths: x[:, ::-1]),
        ("the batch is reversed as well as time: each sequence keeps its place.",
         lambda x, lengths: _each(x, lengths, lambda steps: steps[::-1])[:, ::-1]),
        ("the axes are swapped: time is the first axis of x and the batch the second, so sequence b is x[:, b].",
         _swapped_axes),
        ("the features of each step are reversed, not the steps: time is the first axis.",
         lambda x, lengths: x[..., ::-1]),
        ("the features are reversed as well as time: each step keeps its row as it is.",
         lambda x, lengths: _each(x, lengths, lambda steps: steps[::-1, ::-1])),
        ("everybody is reversed within the longest length; sequence b has lengths[b] steps.",
         lambda x, lengths: _to_length(x, lengths.max())),
        ("everybody is reversed within the shortest length; sequence b has lengths[b] steps.",
         lambda x, lengths: _to_length(x, lengths.min())),
        ("it is one step off: what stands at t (counted from 0) is x[n − 1 − t], not x[n − t].", _one_late),
        ("the last real step stays where it is; all n take part, x[:n][::-1].",
         lambda x, lengths: _each(x, lengths, lambda steps: np.concatenate([steps[:-1][::-1], steps[-1:]]))),
        ("the first step stays where it is; all n take part, x[:n][::-1].",
         lambda x, lengths: _each(x, lengths, lambda steps: np.concatenate([steps[:1], steps[1:][::-1]]))),
        ("the second half repeats the first: it reads what has just been overwritten. Read from x, write into another "
         "array.",
         lambda x, lengths: _each(x, lengths, _overwritten)),
        ("the steps are shifted round, not reversed.",
         lambda x, lengths: _each(x, lengths, lambda steps: np.roll(steps, 1, axis=0))),
        ("the steps are sorted by their values; they are to be taken in reverse order, whatever they hold.",
         lambda x, lengths: _each(x, lengths, lambda steps: np.sort(steps, axis=0)[::-1])),
    ),
)  # fmt: skip


# --- summary_fixed ---------------------------------------------------------------------------------------------


def _at(y, steps, half):
    """Return half 0 or 1 of y at a step, or at a step for each sequence: (B, H)."""
    H = y.shape[-1] // 2
    return y[steps, np.arange(y.shape[1]), half * H : half * H + H]


def _both(forward, backward):
    return lambda y, n: np.concatenate([_at(y, forward(n), 0), _at(y, backward(n), 1)], axis=-1)


def _end(n):
    return n - 1


def _start(n):
    return 0 * n


def _final(n):
    return 0 * n - 1


def _summary(y, lengths):
    return _both(_end, _start)(y, lengths)


def _halves(y):
    return y.shape[-1] // 2


def _summary_cases(rng):
    cases = []
    for T, lengths, H in (
        (5, [3, 5, 1], 2),
        (4, [2, 4, 3, 1], 3),
        (1, [1], 2),
        (6, [6, 6], 1),
        (3, [2, 2, 2], 3),
    ):
        y = rng.normal(size=(T, len(lengths), 2 * H))
        y[np.arange(T)[:, None] >= lengths] = 0.0
        cases.append(Case(f"T = {T}, lengths = {lengths}, H = {H}", (y, np.array(lengths))))
    return cases


_BOTH_ENDS = ("the backward half is taken at the sequence's end, where the backward cell has read one symbol only; it "
              "has read them all at the first step.")  # fmt: skip

SUMMARY_FIXED = Exercise(
    name="summary_fixed",
    args=("y", "lengths"),
    outputs=(("the summary", "(B, 2H)"),),
    cases=_summary_cases,
    reference=_summary,
    included="T = 1 and B = 1",
    variants=(
        (_BOTH_ENDS, _both(_end, _end)),
        ("y[-1] is the padding of all but the longest sequences, and the backward half there has read one symbol at "
         "most.", _both(_final, _final)),
        ("the forward half is taken at the first step, where the forward cell has read one symbol only; it has read "
         "them all at the sequence's own last.", _both(_start, _start)),
        ("the halves are taken at the wrong ends: forward at each sequence's last step, backward at its first.",
         _both(_start, _end)),
        ("the backward half is right; the forward half is taken at step T, which is padding for short sequences: their "
         "last step is lengths[b] − 1.", _both(_final, _start)),
        ("the forward half is right; the backward half is taken at step T, where the backward cell begins: it is done "
         "at the first.", _both(_end, _final)),
        ("the forward half is one step late: counted from 0, the last real step is lengths[b] − 1.",
         lambda y, n: _both(lambda n: n, _start)(np.concatenate([y, 0 * y[:1]]), n)),
        ("the forward half is one step early: counted from 0, the last real step is lengths[b] − 1.",
         _both(lambda n: n - 2, _start)),
        ("the backward half is one step late: the backward cell is done at the first step, index 0.",
         lambda y, n: _both(_end, lambda n: 0 * n + 1)(np.concatenate([y, 0 * y[:1]]), n)),
        ("at the first step it is again the forward half that is taken, y[…, :H]; the backward half is y[…, H:].",
         lambda y, n: np.concatenate([_at(y, _end(n), 0), _at(y, _start(n), 0)], axis=-1)),
        ("the backward half stands first; the forward half does, as in y.",
         lambda y, n: np.roll(_summary(y, n), _halves(y), axis=-1)),
        ("only the forward half comes back; both are wanted, side by side.",
         lambda y, n: _summary(y, n)[:, : _halves(y)]),
        ("only the backward half comes back; both are wanted, side by side.",
         lambda y, n: _summary(y, n)[:, _halves(y) :]),
        ("the two halves are added; they stand side by side, (B, 2H).",
         lambda y, n: _summary(y, n)[:, : _halves(y)] + _summary(y, n)[:, _halves(y) :]),
        ("this is the mean over all T steps, padding included; the states at the two ends are wanted.",
         lambda y, n: y.mean(axis=0)),
        ("this is the mean over the real steps; the states at the two ends are wanted.",
         lambda y, n: y.sum(axis=0) / n[:, None]),
        ("this is the largest value over time, entry by entry; the states at the two ends are wanted.",
         lambda y, n: y.max(axis=0)),
    ),
)  # fmt: skip


# --- inverted_dropout ------------------------------------------------------------------------------------------


def _dropout(x, dy, p, u, training):
    mask = (u >= p) / (1 - p) if training else np.ones(x.shape)
    return x * mask, dy * mask


def _with(train, use=lambda x, p, u: x, d_train=None, d_use=None):
    """Drop by train(x, p, u) or use(x, p, u), and the gradients alike unless told otherwise."""
    d_train, d_use = d_train or train, d_use or use

    def dropout(x, dy, p, u, training):
        forward, backward = (train, d_train) if training else (use, d_use)
        return forward(x, p, u), backward(dy, p, u)

    return dropout


def _with_dx(backward):
    return lambda *args: (_dropout(*args)[0], backward(*args))


def _scaled(x, p, u):
    return x * (u >= p) / (1 - p)


def _cut(x, p, u):
    return x * (u >= p)


def _as_it_is(x, p, u):
    return x


def _from_zeros(x, dy, p, u, training):
    y = _dropout(x, dy, p, u, training)[0]
    return y, np.where(y == 0, 0.0, dy / (1 - p if training else 1))


def _own_numbers(found, wanted):
    """Say so where entries are dropped and scaled as they should be, but others than u says."""
    (y, dx), (target, d_target) = found[0], wanted[0]
    if y.shape != target.shape or dx.shape != d_target.shape:
        return None
    kept = (y != 0) & (target != 0)
    other = ((y == 0) != (target == 0)).any()
    return _OWN if other and kept.any() and np.allclose(y[kept], target[kept]) else None


def _dropout_cases(rng):
    cases = []
    for (T, B, D), p, training in (((6, 3, 4), 0.2, True), ((3, 4, 2), 0.75, True), ((2, 3, 3), 0.4, False),
                                   ((1, 1, 5), 0.6, False), ((2, 2, 3), 0.0, True)):  # fmt: skip
        x, dy, u = rng.normal(size=(T, B, D)), rng.normal(size=(T, B, D)), rng.uniform(size=(T, B, D))
        words = f"p = {p}, training = {training}, x of shape {(T, B, D)}"
        cases.append(Case(words, (x, dy, p, u, training), "" if p else _KEEP_ALL))
    x, u = np.array([[[0.0, 1.0, 0.0, -2.0]]]), np.array([[[0.9, 0.1, 0.2, 0.7]]])
    return [*cases, Case("zeros in x", (x, np.array([[[1.0, 2.0, 3.0, 4.0]]]), 0.5, u, True), _ZEROS)]


_OWN = "other entries are dropped than u says: each entry has a u of its own, and is dropped where that is below p."
_KEEP_ALL = "right, but not with p = 0, where nothing is dropped and nothing scaled."
_ZEROS = ("right, but not where x itself is 0: whether an entry was kept is decided by u, not by whether y is 0. Keep "
          "the mask, and use it twice.")  # fmt: skip
_USE = "it drops in use as well; with training=False nothing is dropped or scaled."

INVERTED_DROPOUT = Exercise(
    name="inverted_dropout",
    args=("x", "dy", "p", "u", "training"),
    outputs=(("y", "(T, B, D)"), ("dx", "(T, B, D)")),
    cases=_dropout_cases,
    reference=_dropout,
    included="p = 0, use and zeros in x",
    look=_own_numbers,
    chain=("y", "dx"),
    variants=(
        ("the kept entries are not scaled: divide them by 1 − p, so that the expectation stays.", _with(_cut)),
        (_USE + " And in training the kept entries have to be divided by 1 − p.", _with(_cut, _cut)),
        (_USE, _with(_scaled, _scaled)),
        ("it is scaled in use too; with training=False y is x.", _with(_scaled, lambda x, p, u: x / (1 - p))),
        ("it is scaled in use too; with training=False y is x.", _with(_scaled, lambda x, p, u: x * (1 - p))),
        ("this is the older form, which multiplies by 1 − p in use; the inverted form divides by 1 − p in training and "
         "leaves use alone.", _with(_cut, lambda x, p, u: x * (1 - p))),
        ("training is read the wrong way round: it drops in use, and not in training.", _with(_as_it_is, _scaled)),
        ("nothing is dropped in training.", _with(_as_it_is)),
        ("all entries are divided by 1 − p, but none is dropped.", _with(lambda x, p, u: x / (1 - p))),
        ("it keeps what should be dropped: p is the probability to drop, so an entry stays where u ≥ p.",
         _with(lambda x, p, u: x * (u < p) / (1 - p))),
        ("it keeps what should be dropped, in use as well: an entry stays where u ≥ p, and with training=False all do.",
         _with(lambda x, p, u: x * (u < p) / (1 - p), lambda x, p, u: x * (u < p) / (1 - p))),
        ("p is taken as the probability to keep: it is that to drop, so an entry stays where u ≥ p, divided by 1 − p.",
         _with(lambda x, p, u: x * (u < p) / p)),
        ("p is taken as the probability to keep: it is that to drop, so an entry stays where u ≥ p, divided by 1 − p.",
         _with(lambda x, p, u: x * (u >= 1 - p) / p)),
        ("the kept entries are divided by p; a share of 1 − p is kept, so divide by 1 − p.",
         _with(lambda x, p, u: x * (u >= p) / p)),
        ("the kept entries are multiplied by 1 − p; divide by it, so that the expectation stays.",
         _with(lambda x, p, u: x * (u >= p) * (1 - p))),
        ("the kept entries are divided by the root of 1 − p, which keeps the variance; the expectation is to stay: "
         "divide by 1 − p.", _with(lambda x, p, u: x * (u >= p) / np.sqrt(1 - p))),
        ("the kept entries are divided by the share that happens to be kept; divide by 1 − p, the same each time.",
         _with(lambda x, p, u: x * (u >= p) / (u >= p).mean())),
        ("the dropped entries are NaN or infinite; they are 0.",
         _with(lambda x, p, u: np.where(u >= p, x / (1 - p), np.nan))),
        ("y is right, but the gradient goes through as if nothing had been dropped: dx is dy times the same mask.",
         _with(_scaled, d_train=_as_it_is)),
        ("y is right, but dx is only masked, not scaled: y = x · mask with the scale in the mask, so dx is dy · mask.",
         _with(_scaled, d_train=_cut)),
        ("y is right, but dx is only scaled, not masked: what was dropped has no influence, and gradient 0.",
         _with(_scaled, d_train=lambda dy, p, u: dy / (1 - p))),
        ("y is right, but dx is masked the other way round: the gradient passes where the entry was kept.",
         _with(_scaled, d_train=lambda dy, p, u: dy * (u < p) / (1 - p))),
        ("y is right, but dx is divided by the mask's scale instead of multiplied: dx is dy · mask.",
         _with(_scaled, d_train=lambda dy, p, u: dy * (u >= p) * (1 - p))),
        ("y is right, but dx is masked in use as well; with training=False dx is dy.",
         _with(_scaled, d_use=_scaled)),
        ("y is right, but dx is multiplied by x; y = x · mask, so dx is dy · mask.",
         _with_dx(lambda x, dy, p, u, training: _dropout(x, dy, p, u, training)[0] * dy)),
        ("y is right, but dx is the mask alone; multiply dy by it.",
         _with_dx(lambda x, dy, p, u, training: _dropout(x, 0 * dy + 1, p, u, training)[1])),
        ("y is right, but in dx the mask is used twice: dx is dy · mask.",
         _with(_scaled, d_train=lambda dy, p, u: _scaled(_scaled(dy, p, u), p, u))),
        ("y and dx come in the wrong order: return y, dx.", lambda *args: _dropout(*args)[::-1]),
        (_ZEROS, _from_zeros),
    ),
)  # fmt: skip
