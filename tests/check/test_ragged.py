"""Every check of *Depth, direction, ragged batches* names the mistake that was made."""

import numpy as np
import pytest

import rnnlib
from rnnlib import check

# --- embedding_backward ----------------------------------------------------------------------------------------


def gathered(x, dy, V, *, keep=lambda row, d: row + d, skip=lambda t, b: False, shift=0):
    """Gather dy by symbol, place by place; keep(row, d) says what becomes of a row."""
    dW_e = np.zeros((V, dy.shape[2]))
    for t, b in np.ndindex(x.shape):
        if not skip(t, b):
            k = (x[t, b] + shift) % V
            dW_e[k] = keep(dW_e[k], dy[t, b])
    return dW_e


def by_index(x, dy, V):
    dW_e = np.zeros((V, dy.shape[-1]))
    dW_e[x] += dy
    return dW_e


def assigned(x, dy, V):
    dW_e = np.zeros((V, dy.shape[-1]))
    dW_e[x] = dy
    return dW_e


def step_by_step(x, dy, V):
    dW_e = np.zeros((V, dy.shape[-1]))
    for x_t, dy_t in zip(x, dy):
        dW_e[x_t] += dy_t
    return dW_e


def sequence_by_sequence(x, dy, V):
    dW_e = np.zeros((V, dy.shape[-1]))
    for b in range(x.shape[1]):
        dW_e[x[:, b]] += dy[:, b]
    return dW_e


def hot(x, V):
    return (x[..., None] == np.arange(V)).astype(float)


def times_seen(x, V):
    return hot(x, V).sum(axis=(0, 1))[:, None]


EMBEDDING_WRONG = {
    "only one of its gradients is kept: dW_e[x] = … and": by_index,
    "They have to add up": assigned,
    "where a symbol occurs more than once": lambda *args: gathered(*args, keep=lambda row, d: row if row.any() else d),
    "at the same step": step_by_step,
    "twice in one sequence": sequence_by_sequence,
    "divided by how often": lambda x, dy, V: gathered(x, dy, V) / np.fmax(times_seen(x, V), 1),
    "that is 0/0": lambda x, dy, V: gathered(x, dy, V) / times_seen(x, V),
    "holds one number D times": lambda x, dy, V: np.array([[dy[x == k].sum()] * dy.shape[2] for k in range(V)]),
    "multiplied by how often": lambda x, dy, V: gathered(x, dy, V) * times_seen(x, V),
    "divided by B": lambda x, dy, V: gathered(x, dy, V) / len(x[0]),
    "divided by T · B": lambda x, dy, V: gathered(x, dy, V) / x.size,
    "every row gets the whole gradient": lambda x, dy, V: np.zeros((V, dy.shape[-1])) + dy.sum(0).sum(0),
    "holds how often it occurs": lambda x, dy, V: times_seen(x, V) * np.ones(dy.shape[-1]),
    "the axes are swapped": lambda x, dy, V: np.einsum("tbd,tbv->dv", dy, hot(x, V)),
    "of the last step": lambda x, dy, V: gathered(x, dy, V, skip=lambda t, b: t < len(x) - 1),
    "only the first sequence": lambda x, dy, V: gathered(x, dy, V, skip=lambda t, b: b > 0),
    "those of the symbols that occur": lambda x, dy, V: gathered(x, dy, V)[sorted(set(x.ravel()))],
    "not yet summed over the batch": lambda x, dy, V: np.einsum("tbd,tbv->bvd", dy, hot(x, V)),
    "not yet summed over time": lambda x, dy, V: np.einsum("tbd,tbv->tvd", dy, hot(x, V)),
    "this is dy as it came": lambda x, dy, V: dy.copy(),
    "off by one": lambda *args: gathered(*args, shift=-1),
}  # fmt: skip


@pytest.mark.parametrize("words", EMBEDDING_WRONG)
def test_embedding_backward_names_the_mistake(words, says):
    assert words in says(check.embedding_backward(EMBEDDING_WRONG[words]))


def by_add_at(x, dy, V):
    dW_e = np.zeros((V, dy.shape[-1]))
    np.add.at(dW_e, x, dy)
    return dW_e


def by_one_hot(x, dy, V):
    return np.eye(V)[x].reshape(-1, V).T @ dy.reshape(-1, dy.shape[-1])


def by_rnnlib(x, dy, V):
    layer = rnnlib.Embedding(V, dy.shape[-1], rng=0)
    return layer.backward(layer.forward(x), dy).params["W_e"]


@pytest.mark.parametrize(
    "way", [gathered, by_add_at, by_one_hot, by_rnnlib, lambda *args: by_one_hot(*args).tolist()]
)
def test_embedding_backward_takes_every_way_to_write_it(way):
    said = "Right on 5 cases, repeated symbols and symbols that never occur included."
    assert repr(check.embedding_backward(lambda x, dy, V: way(x, dy, V))) == said


# --- masked_mean -----------------------------------------------------------------------------------------------


def real_losses(losses, lengths, more=0):
    """List (t, b, loss) of the real places."""
    T, B = losses.shape
    return [(t, b, losses[t, b]) for b in range(B) for t in range(min(lengths[b] + more, T))]


def total(losses, lengths):
    return sum(loss for _, _, loss in real_losses(losses, lengths))


def averaged(losses, lengths, more=0):
    found = [loss for _, _, loss in real_losses(losses, lengths, more)]
    return sum(found) / len(found) if found else np.nan


def means(losses, lengths, place):
    """Average over the real places that agree in t (place 0) or in b (place 1)."""
    groups = {}
    for entry in real_losses(losses, lengths):
        groups.setdefault(entry[place], []).append(entry[2])
    return [sum(group) / len(group) for _, group in sorted(groups.items())]


def mask_of(losses, lengths):
    return np.arange(losses.shape[0]).reshape(-1, 1) < np.reshape(lengths, (1, -1))


MEAN_WRONG = {
    "the padding is counted: only": lambda losses, n: np.mean(losses),
    "divided by T · B": lambda losses, n: total(losses, n) / losses.size,
    "the padding is in the sum": lambda losses, n: losses.sum() / n.sum(),
    "the mean of the sequences' means": lambda losses, n: np.mean(means(losses, n, 1)),
    "the mean of the steps' means": lambda losses, n: np.mean(means(losses, n, 0)),
    "a mean for each sequence": lambda losses, n: means(losses, n, 1),
    "a mean for each step": lambda losses, n: means(losses, n, 0),
    "divided by B": lambda losses, n: total(losses, n) / len(n),
    "divided by T, the number": lambda losses, n: total(losses, n) / len(losses),
    "divided by the longest length": lambda losses, n: total(losses, n) / max(n),
    "this is the sum": total,
    "a step too many": lambda losses, n: averaged(losses, n, 1),
    "a step too few": lambda losses, n: averaged(losses, n, -1),
    "the mask is inverted": lambda losses, n: losses[~mask_of(losses, n)].sum() / (~mask_of(losses, n)).sum(),
    "the mask's axes are swapped": lambda losses, n: losses[mask_of(losses, n).T].mean(),
    "cut to the longest": lambda losses, n: losses[: max(n)].mean(),
    "cut to the shortest": lambda losses, n: losses[: min(n)].mean(),
    "only the last real step": lambda losses, n: np.mean([losses[k - 1, b] for b, k in enumerate(n)]),
    "0 · ∞ is NaN": lambda losses, n: (losses * mask_of(losses, n)).sum() / mask_of(losses, n).sum(),
}  # fmt: skip


@pytest.mark.parametrize("words", MEAN_WRONG)
def test_masked_mean_names_the_mistake(words, says):
    assert words in says(check.masked_mean(MEAN_WRONG[words]))


def test_masked_mean_names_a_mistake_whether_or_not_it_multiplies_by_the_mask(says):
    def multiplied(losses, lengths):
        return (losses * mask_of(losses, lengths)).sum() / losses.size

    assert "divided by T · B" in says(check.masked_mean(multiplied))


def by_loss_of_rnnlib(losses, lengths):
    predictions, targets = np.sqrt(losses)[..., None], np.zeros((*losses.shape, 1))
    return rnnlib.mse(predictions, targets, mask=mask_of(losses, lengths), reduction="mean")[0]


@pytest.mark.parametrize(
    "way",
    [
        averaged,
        by_loss_of_rnnlib,
        lambda losses, n: losses[mask_of(losses, n)].mean(),
        lambda losses, n: np.where(mask_of(losses, n), losses, 0).sum() / n.sum(),
        lambda losses, n: np.ma.array(losses, mask=~mask_of(losses, n)).mean(),
        lambda losses, n: np.mean(losses, where=mask_of(losses, n)),
    ],
)
def test_masked_mean_takes_every_way_to_write_it(way):
    said = "Right on 6 cases, T = 1 and infinity at the padding included."
    assert repr(check.masked_mean(lambda losses, lengths: way(losses, lengths))) == said


# --- reverse_padded --------------------------------------------------------------------------------------------


def placed(x, lengths, source):
    """Fill step by step: source(t, n) is the step of x that comes to t, or None for padding."""
    out = np.zeros(x.shape)
    for b, n in enumerate(lengths):
        for t in range(n):
            k = source(t, n)
            out[t, b] = x[k, b] if k is not None and k < len(x) else 0
    return out


def mirrored(x, lengths):
    return placed(x, lengths, lambda t, n: n - 1 - t)


def overwriting(x, lengths):
    out = x.copy()
    for b, n in enumerate(lengths):
        for t in range(n):
            out[t, b] = out[n - 1 - t, b]
    return out


def within(length):
    def change(x, lengths):
        out, n = x.copy(), length(lengths)
        out[:n] = np.flip(x[:n], axis=0)
        return out

    return change


def batch_first(x, lengths):
    out = x + 0
    for b, n in enumerate(lengths):
        out[b, :n] = np.flip(x[b, :n], axis=0)
    return out


REVERSE_WRONG = {
    "the whole array is reversed": lambda x, n: np.flip(x, axis=0),
    "nothing is reversed": lambda x, n: x + 0,
    "the batch is reversed, not time": lambda x, n: np.flip(x, axis=1),
    "the batch is reversed as well": lambda x, n: np.flip(mirrored(x, n), axis=1),
    "the axes are swapped": batch_first,
    "the features of each step": lambda x, n: np.flip(x, axis=2),
    "the features are reversed as well": lambda x, n: np.flip(mirrored(x, n), axis=2),
    "within the longest length": within(max),
    "within the shortest length": within(min),
    "one step off": lambda x, n: placed(x, n, lambda t, n: n - t),
    "the last real step stays": lambda x, n: placed(x, n, lambda t, n: n - 2 - t if t < n - 1 else t),
    "the first step stays": lambda x, n: placed(x, n, lambda t, n: n - t if t else 0),
    "the second half repeats the first": overwriting,
    "the steps are shifted round": lambda x, n: placed(x, n, lambda t, n: (t - 1) % n),
    "sorted by their values": lambda x, n: np.stack(
        [np.r_[-np.sort(-x[:k, b], axis=0), x[k:, b]] for b, k in enumerate(n)], axis=1),
}  # fmt: skip


@pytest.mark.parametrize("words", REVERSE_WRONG)
def test_reverse_padded_names_the_mistake(words, says):
    assert words in says(check.reverse_padded(REVERSE_WRONG[words]))


def test_reverse_padded_names_the_argument_that_was_written_into(says):
    def in_place(x, lengths):
        for b, n in enumerate(lengths):
            x[:n, b] = x[:n, b][::-1].copy()
        return x

    assert "changes its argument x in place" in says(check.reverse_padded(in_place))


def by_lookup(x, lengths):
    steps = np.arange(len(x))[:, None]
    return x[np.where(steps < lengths, lengths - 1 - steps, steps), np.arange(len(lengths))]


def by_slices(x, lengths):
    out = x.copy()
    for b, n in enumerate(lengths):
        out[:n, b] = x[:n, b][::-1]
    return out


def by_wrapping(x, lengths):
    """Negative places wrap round to the padding, which is 0 as well."""
    return np.stack([x[n - 1 - np.arange(len(x)), b] for b, n in enumerate(lengths)], axis=1)


@pytest.mark.parametrize("way", [mirrored, by_lookup, by_slices, by_wrapping])
def test_reverse_padded_takes_every_way_to_write_it(way):
    said = "Right on 5 cases, length 0 and B = 1 included."
    assert repr(check.reverse_padded(lambda x, lengths: way(x, lengths))) == said


# --- summary_fixed ---------------------------------------------------------------------------------------------


def ends(y, lengths, forward, backward, join=lambda f, b: [*f, *b]):
    """Write it sequence by sequence: forward(n) and backward(n) are the steps to take."""
    H = y.shape[2] // 2
    take = lambda b, t: y[t, b] if t < len(y) else np.zeros(2 * H)
    return np.array([join(take(b, forward(n))[:H], take(b, backward(n))[H:]) for b, n in enumerate(lengths)])


def picking(forward, backward, **how):
    return lambda y, lengths: ends(y, lengths, forward, backward, **how)


def first(n):
    return 0


def own_last(n):
    return n - 1


SUMMARY_WRONG = {
    "the backward half is taken at the sequence's end": picking(own_last, own_last),
    "y[-1] is the padding": lambda y, n: y[len(y) - 1],
    "the forward half is taken at the first step": lambda y, n: y[0],
    "at the wrong ends": picking(first, own_last),
    "the forward half is taken at step T": picking(lambda n: -1, first),
    "the backward half is taken at step T": picking(own_last, lambda n: -1),
    "the forward half is one step late": picking(lambda n: n, first),
    "the forward half is one step early": picking(lambda n: n - 2, first),
    "the backward half is one step late": picking(own_last, lambda n: 1),
    "again the forward half": lambda y, n: np.hstack([picking(own_last, first)(y, n)[:, : y.shape[2] // 2],
                                                      y[0, :, : y.shape[2] // 2]]),
    "the backward half stands first": picking(own_last, first, join=lambda f, b: [*b, *f]),
    "only the forward half": picking(own_last, first, join=lambda f, b: f),
    "only the backward half": picking(own_last, first, join=lambda f, b: b),
    "the two halves are added": picking(own_last, first, join=lambda f, b: f + b),
    "the mean over all T steps": lambda y, n: np.mean(y, axis=0),
    "the mean over the real steps": lambda y, n: np.array([y[:k, b].mean(axis=0) for b, k in enumerate(n)]),
    "the largest value over time": lambda y, n: np.max(y, axis=0),
}  # fmt: skip


@pytest.mark.parametrize("words", SUMMARY_WRONG)
def test_summary_fixed_names_the_mistake(words, says):
    assert words in says(check.summary_fixed(SUMMARY_WRONG[words]))


def test_the_planted_bug_is_the_one_that_is_named(says):
    def summary_fixed(y, lengths):
        B, H = y.shape[1], y.shape[2] // 2
        end = lengths - 1
        forward = y[end, np.arange(B), :H]
        backward = y[end, np.arange(B), H:]
        return np.concatenate([forward, backward], axis=-1)

    assert "the backward half is taken at the sequence's end" in says(check.summary_fixed(summary_fixed))


def test_summary_fixed_takes_every_way_to_write_it():
    said = "Right on 5 cases, T = 1 and B = 1 included."
    assert repr(check.summary_fixed(picking(own_last, first))) == said
    assert check.summary_fixed(lambda y, n: np.where(np.arange(y.shape[2]) < y.shape[2] // 2,
                                                     y[n - 1, range(len(n))], y[0]))  # fmt: skip


def test_the_summary_is_h_last_of_a_bidirectional_layer():
    both = rnnlib.bidirectional(rnnlib.GRU(2, 3, rng=0), rnnlib.GRU(2, 3, rng=1))
    trace = both.forward(np.random.default_rng(0).normal(size=(5, 3, 2)), lengths=[3, 5, 1])
    real = (np.arange(5)[:, None] < [3, 5, 1])[..., None]
    found = check.ragged.SUMMARY_FIXED.reference(trace.y * real, np.array([3, 5, 1]))
    assert np.array_equal(found, trace.h_last)


# --- inverted_dropout ------------------------------------------------------------------------------------------


def dropout(
    x, dy, p, u, training, *, kept=lambda u, p: u >= p, scale=lambda p: 1 / (1 - p), use=1.0, back=None
):
    """Write it with one planted mistake; back(factor, kept, p) makes the gradient's factor of the output's."""
    stays = kept(u, p)
    factor = (
        np.where(stays, scale(p), 0.0) if training else np.full(x.shape, use(p) if callable(use) else use)
    )
    return x * factor, dy * (back(factor, stays, p) if back and training else factor)


def slip(**how):
    return lambda *args: dropout(*args, **how)


def used(x, dy, p, u, training):
    return dropout(x, dy, p, u, True)


def never_scaled(x, dy, p, u, training):
    return x * (u >= p), dy * (u >= p)


def own_draw(x, dy, p, u, training):
    return dropout(x, dy, p, np.random.default_rng(1).random(x.shape), training)


def share_kept(x, dy, p, u, training):
    return dropout(x, dy, p, u, training, scale=lambda p: 1 / np.mean(u >= p))


def as_nan(x, dy, p, u, training):
    y, dx = dropout(x, dy, p, u, training)
    lost = (u < p) & training
    return np.where(lost, np.nan, y), np.where(lost, np.nan, dx)


def from_zeros(x, dy, p, u, training):
    y, _ = dropout(x, dy, p, u, training)
    return y, dy * (y != 0) * (1 / (1 - p) if training else 1)


def times_x(x, dy, p, u, training):
    y, dx = dropout(x, dy, p, u, training)
    return y, dx * x


def mask_alone(x, dy, p, u, training):
    y, _ = dropout(x, dy, p, u, training)
    return y, dropout(np.ones(x.shape), dy, p, u, training)[0]


DROPOUT_WRONG = {
    "the kept entries are not scaled": slip(scale=lambda p: 1.0),
    "And in training the kept entries": never_scaled,
    "it drops in use as well; with training=False nothing is dropped or scaled.": used,
    "it is scaled in use too": slip(use=lambda p: 1 / (1 - p)),
    "with training=False y is x": slip(use=lambda p: 1 - p),
    "this is the older form": slip(scale=lambda p: 1.0, use=lambda p: 1 - p),
    "training is read the wrong way round": lambda x, dy, p, u, training: dropout(x, dy, p, u, not training),
    "nothing is dropped in training": lambda x, dy, p, u, training: (x, dy),
    "but none is dropped": slip(kept=lambda u, p: u >= 0),
    "it keeps what should be dropped": slip(kept=lambda u, p: u < p),
    "it keeps what should be dropped, in use as well": lambda *a: dropout(*a[:-1], True, kept=lambda u, p: u < p),
    "p is taken as the probability to keep": slip(kept=lambda u, p: u < p, scale=lambda p: np.divide(1, p)),
    "it is that to drop": slip(kept=lambda u, p: u >= 1 - p, scale=lambda p: np.divide(1, p)),
    "a share of 1 − p is kept": slip(scale=lambda p: np.divide(1, p)),
    "are multiplied by 1 − p": slip(scale=lambda p: 1 - p),
    "the root of 1 − p": slip(scale=lambda p: (1 - p) ** -0.5),
    "the share that happens to be kept": share_kept,
    "NaN or infinite": as_nan,
    "as if nothing had been dropped": slip(back=lambda factor, kept, p: 1.0),
    "dx is only masked": slip(back=lambda factor, kept, p: kept),
    "dx is only scaled": slip(back=lambda factor, kept, p: 1 / (1 - p)),
    "dx is masked the other way round": slip(back=lambda factor, kept, p: ~kept / (1 - p)),
    "divided by the mask's scale": slip(back=lambda factor, kept, p: kept * (1 - p)),
    "dx is masked in use as well": lambda x, dy, p, u, t: (dropout(x, dy, p, u, t)[0], dropout(x, dy, p, u, True)[1]),
    "dx is multiplied by x": times_x,
    "dx is the mask alone": mask_alone,
    "the mask is used twice": slip(back=lambda factor, kept, p: factor**2),
    "in the wrong order": lambda *args: tuple(reversed(dropout(*args))),
    "not where x itself is 0": from_zeros,
    "each entry has a u of its own": own_draw,
    "other entries are dropped than u says": lambda x, dy, p, u, t: dropout(x, dy, p, u[:1] + 0 * u, t),  # a u for all
    "not with p = 0": lambda x, dy, p, u, training: dropout(x, dy, p, u - (p == 0), training),
}  # fmt: skip


@pytest.mark.parametrize("words", DROPOUT_WRONG)
def test_inverted_dropout_names_the_mistake(words, says):
    assert words in says(check.inverted_dropout(DROPOUT_WRONG[words]))


def by_cases(x, dy, p, u, training):
    if not training:
        return x, dy
    y, dx = np.zeros_like(x), np.zeros_like(dy)
    y[u >= p], dx[u >= p] = x[u >= p] / (1 - p), dy[u >= p] / (1 - p)
    return y, dx


class Numbers(np.random.Generator):
    """A Generator that hands out given numbers, so that rnnlib's layer can be asked."""

    def __init__(self, u):
        super().__init__(np.random.PCG64(0))
        self.u = u

    def random(self, size=None):
        assert size == self.u.shape
        return self.u


def dropout_of_rnnlib(x, dy, p, u, training):
    layer = rnnlib.Dropout(p)
    trace = layer.forward(x, rng=Numbers(u) if training else None)
    return trace.y, layer.backward(trace, dy).x


@pytest.mark.parametrize("way", [dropout, by_cases, dropout_of_rnnlib])
def test_inverted_dropout_takes_every_way_to_write_it(way):
    said = "Right on 6 cases, p = 0, use and zeros in x included."
    assert repr(check.inverted_dropout(lambda x, dy, p, u, training: way(x, dy, p, u, training))) == said
