"""Every check of *From states to a loss* names the mistake that was made."""

import math

import numpy as np
import pytest

import rnnlib
from rnnlib import check


def softmax(o):
    e = np.exp(o - np.max(o, axis=-1, keepdims=True))
    return e / np.sum(e, axis=-1, keepdims=True)


SOFTMAX_WRONG = {
    "e^1000 overflows": lambda o: np.exp(o) / np.sum(np.exp(o), -1, keepdims=True),
    "one maximum for the whole array": lambda o: softmax_of(np.exp(o - np.max(o))),
    "over axis 0": lambda o: np.exp(o) / np.sum(np.exp(o), axis=0),
    "the classes are on the last axis": lambda o: np.exp(o - o.max(0)) / np.exp(o - o.max(0)).sum(0),
    "axis=1 is the last axis only": lambda o: np.exp(o) / np.exp(o).sum(axis=1, keepdims=True),
    "over the whole array": lambda o: np.exp(o) / np.sum(np.exp(o)),
    "keepdims=True": lambda o: np.exp(o) / np.sum(np.exp(o), axis=-1),
    "the exponential is missing": lambda o: o / o.sum(-1, keepdims=True),
    "the logarithm of the softmax": lambda o: np.log(softmax(o)),
    "the division is missing": lambda o: np.exp(o),
    "exp(o − max) alone": lambda o: np.exp(o - o.max(-1, keepdims=True)),
    "the signs are reversed": lambda o: softmax(-np.asarray(o)),
    "squashed by itself": lambda o: 1 / (1 + np.exp(-o)),
}


def softmax_of(e):
    return e / e.sum(-1, keepdims=True)


@pytest.mark.parametrize("words", SOFTMAX_WRONG)
def test_softmax_names_the_mistake(words, says):
    answer = check.softmax(SOFTMAX_WRONG[words])
    assert words in says(answer)


def test_a_stable_log_softmax_is_told_from_softmax():
    def log_softmax(o):
        shifted = o - o.max(-1, keepdims=True)
        return shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))

    assert "the logarithm of the softmax" in check.softmax(log_softmax).sentence


def test_softmax_takes_every_way_to_write_it():
    assert check.softmax(softmax) and check.softmax(rnnlib.softmax)
    answer = check.softmax(lambda o: np.exp(o - np.logaddexp.reduce(o, axis=-1, keepdims=True)))
    assert repr(answer) == "Right on 5 cases, one axis, three axes and logits near 1000 included."


def losses(o, targets, mask):
    """Return −ln ŷ at the target for each real place, as a list of (t, b, loss)."""
    shifted = o - o.max(axis=-1, keepdims=True)
    log_p = shifted - np.log(np.sum(np.exp(shifted), axis=-1, keepdims=True))
    return [(t, b, -log_p[t, b, targets[t, b]]) for t, b in np.argwhere(mask)]


def total(o, targets, mask):
    return sum(loss for _, _, loss in losses(o, targets, mask))


def grid(o, targets, mask):
    places = np.zeros(mask.shape)
    for t, b, loss in losses(o, targets, mask):
        places[t, b] = loss
    return places


def chosen(o, targets, mask):
    return np.array([softmax(o)[t, b, targets[t, b]] for t, b in np.argwhere(mask)])


def ignoring(o, targets, mask):
    B = np.arange(o.shape[1])
    return -sum(np.log(softmax(o_t))[B, y_t].sum() for o_t, y_t in zip(o, targets))


LOSS_WRONG = {
    "the number of real places": lambda o, y, m: np.mean([loss for _, _, loss in losses(o, y, m)]),
    "divided by T · B": lambda o, y, m: total(o, y, m) / m.size,
    "divided by B": lambda o, y, m: total(o, y, m) / o.shape[1],
    "divided by T;": lambda o, y, m: total(o, y, m) / len(o),
    "the mask is ignored": ignoring,
    "the mask is inverted": lambda o, y, m: -np.log(chosen(o, y, ~m)).sum(),
    "the sign is reversed": lambda o, y, m: -total(o, y, m),
    "base 2": lambda o, y, m: -np.log2(chosen(o, y, m)).sum(),
    "base 10": lambda o, y, m: -np.log10(chosen(o, y, m)).sum(),
    "over all classes": lambda o, y, m: -np.log(softmax(o[m])).sum(),
    "the probabilities of the targets": lambda o, y, m: chosen(o, y, m).sum(),
    "takes −ln of each first": lambda o, y, m: -chosen(o, y, m).sum(),
    "the logits of the targets": lambda o, y, m: -o[m][np.arange(m.sum()), y[m]].sum(),
    "of the summed probabilities": lambda o, y, m: -np.log(chosen(o, y, m).sum()),
    "for each place": grid,
    "their sum is wanted": lambda o, y, m: [loss for _, _, loss in losses(o, y, m)],
    "for each step": lambda o, y, m: grid(o, y, m).sum(1),
    "for each sequence": lambda o, y, m: grid(o, y, m).sum(0),
}


@pytest.mark.parametrize("words", LOSS_WRONG)
def test_cross_entropy_names_the_mistake(words, says):
    answer = check.cross_entropy(LOSS_WRONG[words])
    assert words in says(answer)


def test_cross_entropy_takes_the_loss_of_rnnlib():
    assert check.cross_entropy(lambda o, y, m: rnnlib.softmax_cross_entropy(o, y, m)[0])
    said = "Right on 7 cases, T = 1, odd targets at the padding and logits near ±1000 included."
    assert repr(check.cross_entropy(total)) == said


def unshifted(o):
    return np.exp(o) / np.exp(o).sum(axis=-1, keepdims=True)


def picked(log_p, y, m):
    return -log_p[m][np.arange(m.sum()), y[m]].sum()


UNGUARDED = {
    "log of a softmax": lambda o, y, m: picked(np.log(softmax(o)), y, m),
    "log of an unshifted softmax": lambda o, y, m: picked(np.log(unshifted(o)), y, m),
    "log of a sum": lambda o, y, m: picked(o - np.log(np.exp(o).sum(axis=-1, keepdims=True)), y, m),
    "log of the chosen": lambda o, y, m: -np.log(chosen(o, y, m)).sum(),
    "log of a bit more": lambda o, y, m: -np.log(chosen(o, y, m) + 1e-12).sum(),
    "one maximum for all": lambda o, y, m: picked(
        o - o.max() - np.log(np.exp(o - o.max()).sum(axis=-1, keepdims=True)), y, m
    ),
    "math.exp": lambda o, y, m: sum(
        math.log(sum(map(math.exp, o[t, b]))) - o[t, b, y[t, b]] for t, b in np.argwhere(m)
    ),
}


@pytest.mark.parametrize("way", UNGUARDED)
def test_cross_entropy_names_a_logarithm_that_is_not_guarded(way, says):
    words = says(check.cross_entropy(UNGUARDED[way]))
    assert words.startswith("Not yet: right for small logits")
    assert "subtract the largest logit first, and take o − max − log Σ exp" in words


def test_cross_entropy_names_a_mistake_whether_or_not_the_logarithm_is_guarded(says):
    guarded_or_not = [total, UNGUARDED["log of a sum"], UNGUARDED["log of a softmax"]]
    for mean in [lambda o, y, m, loss=loss: loss(o, y, m) / m.size for loss in guarded_or_not]:
        assert "divided by T · B" in says(check.cross_entropy(mean))


def test_cross_entropy_takes_log_sum_exp_as_the_chapter_writes_it():
    def masked_cross_entropy(o, targets, mask):
        real, wanted = o[mask], targets[mask]
        shifted = real - real.max(axis=-1, keepdims=True)
        log_p = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
        return -log_p[np.arange(len(real)), wanted].sum()

    assert check.cross_entropy(masked_cross_entropy)
    assert check.cross_entropy(lambda *args: np.float32(masked_cross_entropy(*args)))


def test_cross_entropy_takes_a_product_with_the_mask():
    def cross_entropy(o, targets, mask):
        log_p = o - np.logaddexp.reduce(o, axis=-1, keepdims=True)
        safe = np.where(mask, targets, 0)
        return -(np.take_along_axis(log_p, safe[..., None], -1)[..., 0] * mask).sum()

    assert check.cross_entropy(cross_entropy)


def test_padding_that_trips_an_index_is_named_with_its_case():
    def cross_entropy(o, targets, mask):
        log_y = np.log(softmax(o))
        return -(np.take_along_axis(log_y, targets[..., None], -1)[..., 0] * mask).sum()

    assert "targets of 99 at the padding" in check.cross_entropy(cross_entropy).sentence


def gradient(o, y, m):
    d = np.zeros(o.shape)
    for t, b in np.argwhere(m):
        d[t, b] = softmax(o[t, b])
        d[t, b, y[t, b]] -= 1
    return d


def one_hot(o, y, m):
    hot = np.zeros(o.shape)
    for t, b in np.argwhere(m):
        hot[t, b, y[t, b]] = 1
    return hot


def matches(o, y):
    return y[..., None] == np.arange(o.shape[-1])


GRADIENT_WRONG = {
    "the sign is reversed": lambda o, y, m: -gradient(o, y, m),
    "the mask is ignored": lambda o, y, m: softmax(o) - np.eye(o.shape[-1])[y],
    "the mask is on y alone": lambda o, y, m: softmax(o) - one_hot(o, y, m),
    "the mask is inverted": lambda o, y, m: np.where(m[..., None], 0, softmax(o) - matches(o, y)),
    "the number of real places": lambda o, y, m: gradient(o, y, m) / np.count_nonzero(m),
    "divided by T · B": lambda o, y, m: gradient(o, y, m) / (o.shape[0] * o.shape[1]),
    "divided by B": lambda o, y, m: gradient(o, y, m) / o.shape[1],
    "this is ŷ alone": lambda o, y, m: np.where(m[..., None], softmax(o), 0),
    "this is y alone": one_hot,
    "the softmax is missing": lambda o, y, m: np.where(m[..., None], o - one_hot(o, y, m), 0),
    "with respect to ŷ": lambda o, y, m: -one_hot(o, y, m) / softmax(o),
    "as for squared error": lambda o, y, m: gradient(o, y, m) * softmax(o) * (1 - softmax(o)),
    "the slope of one class": lambda o, y, m: np.where(m[..., None], softmax(o) - softmax(o) ** 2, 0),
    "only the target's class": lambda o, y, m: np.where(one_hot(o, y, m) == 1, softmax(o) - 1, 0),
    "summed over the places": lambda o, y, m: gradient(o, y, m).reshape(-1, o.shape[-1]).sum(0),
}  # fmt: skip


@pytest.mark.parametrize("words", GRADIENT_WRONG)
def test_loss_gradient_names_the_mistake(words, says):
    answer = check.loss_gradient(GRADIENT_WRONG[words])
    assert words in says(answer)


def test_loss_gradient_names_an_exponential_that_is_not_guarded(says):
    def unguarded(o, y, m):
        return np.where(m[..., None], unshifted(o) - matches(o, y), 0)

    words = says(check.loss_gradient(unguarded))
    assert words.startswith("Not yet: right for small logits") and "subtract the largest logit first" in words
    assert "the sign is reversed" in says(check.loss_gradient(lambda *args: -unguarded(*args)))


def test_loss_gradient_takes_a_shifted_softmax():
    assert check.loss_gradient(gradient)
    assert check.loss_gradient(lambda o, y, m: rnnlib.softmax_cross_entropy(o, y, m)[1])


def test_a_mask_forgotten_in_either_way_of_writing_one_hot_is_named():
    assert "the mask is ignored" in check.loss_gradient(lambda o, y, m: softmax(o) - matches(o, y)).sentence


def test_loss_gradient_takes_the_gradient_of_rnnlib():
    assert check.loss_gradient(lambda o, y, m: rnnlib.softmax_cross_entropy(o, y, m)[1])
    assert check.loss_gradient(gradient)


PERPLEXITY_WRONG = {
    "divide by n first": lambda loss, n: np.exp(loss),
    "not exp(loss) / n": lambda loss, n: np.exp(loss) / n,
    "the base is e": lambda loss, n: np.exp2(loss / n),
    "a loss in bits": lambda loss, n: np.exp2(loss),
    "this is the mean loss": lambda loss, n: loss / n,
    "bits per character": lambda loss, n: loss / n / np.log(2),
    "the probability of a character": lambda loss, n: np.exp(-loss / n),
    "the logarithm stands": lambda loss, n: np.log(loss / n),
    "multiplied by n": lambda loss, n: np.exp(loss * n),
}


@pytest.mark.parametrize("words", PERPLEXITY_WRONG)
def test_perplexity_names_the_mistake(words, says):
    answer = check.perplexity(PERPLEXITY_WRONG[words])
    assert words in says(answer)


def test_perplexity_takes_every_way_to_write_it():
    assert check.perplexity(lambda loss, n: np.exp(loss / n))
    assert check.perplexity(lambda loss, n: math.e ** (loss / n))
    assert check.perplexity(lambda loss, n: 2 ** (loss / n / np.log(2)))
