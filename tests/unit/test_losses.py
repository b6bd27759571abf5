"""The losses: values by hand, gradients against finite differences, masks and reductions."""

import math
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rnnlib
from rnnlib.losses import log_softmax

REDUCTIONS = ["sum", "mean", "batch_mean", "none"]


@st.composite
def problems(draw):
    """Logits (T, B, O) or (B, O), classes, and a mask that leaves at least one position."""
    size = tuple(draw(st.lists(st.integers(1, 4), min_size=1, max_size=2)))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    outputs = draw(st.integers(1, 4))
    mask = rng.random(size) < 0.6
    mask[(0,) * len(size)] = True
    return rng.standard_normal((*size, outputs)) * 3, rng.integers(0, outputs, size), mask, rng


def naive_cross_entropy(logits, classes, mask):
    """−log of the class's probability at each position that counts, one number at a time."""
    losses = np.zeros(classes.shape)
    for i in np.ndindex(classes.shape):
        if mask[i]:
            losses[i] = math.log(sum(math.exp(o) for o in logits[i])) - logits[i][classes[i]]
    return losses


def reduced(losses, mask, reduction):
    by = {"sum": 1, "mean": mask.sum(), "batch_mean": losses.shape[-1]}
    return losses if reduction == "none" else losses.sum() / by[reduction]


@given(problems(), st.sampled_from(REDUCTIONS))
def test_cross_entropy_equals_the_definition_under_every_mask_and_reduction(problem, reduction):
    logits, classes, mask, _ = problem
    loss, _ = rnnlib.softmax_cross_entropy(logits, classes, mask, reduction)
    np.testing.assert_allclose(
        loss, reduced(naive_cross_entropy(logits, classes, mask), mask, reduction), atol=1e-12
    )


@given(problems(), st.sampled_from(REDUCTIONS))
def test_mse_equals_the_definition_under_every_mask_and_reduction(problem, reduction):
    predictions, _, mask, rng = problem
    targets = rng.standard_normal(predictions.shape)
    loss, _ = rnnlib.mse(predictions, targets, mask, reduction)
    losses = ((predictions - targets) ** 2).sum(axis=-1) * mask
    expected = reduced(losses, mask, reduction) / (predictions.shape[-1] if reduction == "mean" else 1)
    np.testing.assert_allclose(loss, expected, atol=1e-12)


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("kind", ["classes", "probabilities", "mse"])
def test_gradients_equal_finite_differences(kind, masked, reduction, slopes):
    rng = np.random.default_rng(0)
    outputs, mask = rng.standard_normal((3, 2, 4)), np.array([[1, 0], [1, 1], [0, 1]]) if masked else None
    targets = {
        "classes": rng.integers(0, 4, (3, 2)),
        "probabilities": rng.dirichlet(np.ones(4), (3, 2)),
        "mse": rng.standard_normal((3, 2, 4)),
    }[kind]
    function = rnnlib.mse if kind == "mse" else rnnlib.softmax_cross_entropy
    _, grad = function(outputs, targets, mask, reduction)
    loss = lambda: float(np.sum(function(outputs, targets, mask, reduction)[0]))
    np.testing.assert_allclose(grad, slopes(loss, outputs), atol=1e-8)


def test_the_gradient_of_cross_entropy_is_prediction_minus_target():
    logits = np.array([[[1.0, 2.0, 3.0]]])
    _, dlogits = rnnlib.softmax_cross_entropy(logits, [[2]])
    np.testing.assert_allclose(dlogits, rnnlib.softmax(logits) - [0, 0, 1], atol=1e-15)


def test_classes_equal_the_same_targets_as_probabilities():
    logits, classes = np.random.default_rng(0).standard_normal((3, 2, 4)), np.array([[0, 1], [2, 3], [3, 0]])
    one, two = (rnnlib.softmax_cross_entropy(logits, y) for y in (classes, np.eye(4)[classes]))
    assert one[0] == two[0]
    np.testing.assert_array_equal(one[1], two[1])


@pytest.mark.parametrize("junk", [np.nan, np.inf, -np.inf, 1e308])
def test_masked_positions_are_never_read(junk):
    rng = np.random.default_rng(0)
    logits, classes, mask = rng.standard_normal((3, 2, 4)), rng.integers(0, 4, (3, 2)), np.ones((3, 2), bool)
    soft, mask[1, 0] = rng.dirichlet(np.ones(4), (3, 2)), False
    expected = [rnnlib.softmax_cross_entropy(logits, y, mask) for y in (classes, soft)]
    expected.append(rnnlib.mse(logits, soft, mask))
    logits[1, 0], classes[1, 0], soft[1, 0] = junk, -100, junk
    found = [rnnlib.softmax_cross_entropy(logits, y, mask) for y in (classes, soft)]
    found.append(rnnlib.mse(logits, soft, mask))
    for (loss, grad), (kept_loss, kept_grad) in zip(found, expected):
        assert loss == kept_loss
        np.testing.assert_array_equal(grad, kept_grad)
        assert (grad[1, 0] == 0).all()


@pytest.mark.parametrize("function", [rnnlib.softmax_cross_entropy, rnnlib.mse])
def test_sums_over_nothing_are_zero(function):
    targets = np.zeros((2, 1), int) if function is rnnlib.softmax_cross_entropy else np.zeros((2, 1, 3))
    for reduction in ("sum", "batch_mean"):
        loss, grad = function(np.ones((2, 1, 3)), targets, np.zeros((2, 1)), reduction)
        assert loss == 0
        assert (grad == 0).all()


@pytest.mark.parametrize(
    ("reduction", "shape"), [("none", (3, 2)), ("sum", ()), ("mean", ()), ("batch_mean", ())]
)
def test_a_loss_is_a_float_or_one_number_a_position(reduction, shape):
    loss, grad = rnnlib.softmax_cross_entropy(np.ones((3, 2, 4)), np.zeros((3, 2), int), reduction=reduction)
    assert np.shape(loss) == shape
    assert grad.shape == (3, 2, 4)
    assert reduction == "none" or type(loss) is float


def test_large_logits_do_not_overflow():
    with warnings.catch_warnings(), np.errstate(all="raise"):
        warnings.simplefilter("error")
        loss, dlogits = rnnlib.softmax_cross_entropy([[[1000.0, 0.0, -1000.0]]], [[0]])
        np.testing.assert_array_equal(rnnlib.softmax([1000.0, 1000.0]), [0.5, 0.5])
    assert loss == 0.0
    assert (dlogits == 0).all()


def test_a_target_of_probability_0_may_have_logits_far_below():
    for low in (-1e308, -1.7e308):  # the second is further below 1.7e308 than a float can say
        loss, _ = rnnlib.softmax_cross_entropy([[[-low, low]]], [[[1.0, 0.0]]])
        assert loss == 0.0


def test_float32_logits_keep_their_type():
    _, dlogits = rnnlib.softmax_cross_entropy(np.ones((2, 1, 3), np.float32), [[0], [1]], reduction="mean")
    _, d = rnnlib.mse(np.ones((2, 1, 3), np.float32), np.zeros((2, 1, 3)), reduction="mean")
    assert dlogits.dtype == d.dtype == np.float32


def test_arguments_are_left_as_they_were():
    logits, targets, mask = np.ones((2, 1, 3)), np.full((2, 1, 3), 1 / 3), np.array([[1], [0]])
    kept = [logits.copy(), targets.copy(), mask.copy()]
    for function in (rnnlib.softmax_cross_entropy, rnnlib.mse):
        function(logits, targets, mask, "mean")
    for array, before in zip((logits, targets, mask), kept):
        np.testing.assert_array_equal(array, before)


@given(problems())
def test_softmax_sums_to_1_and_is_the_exponential_of_log_softmax(problem):
    logits, _, _, _ = problem
    p = rnnlib.softmax(logits)
    np.testing.assert_allclose(p.sum(axis=-1), 1.0)
    np.testing.assert_allclose(np.log(p), log_softmax(logits), atol=1e-10)
    np.testing.assert_allclose(rnnlib.softmax(logits + 5.0), p, atol=1e-12)


@pytest.mark.parametrize("t", [0, 2])
def test_logits_that_overflowed_are_refused_by_their_step_counted_from_1(t):
    logits = np.zeros((3, 2, 4))
    logits[t, 1, 0] = np.inf
    for call in (
        lambda: rnnlib.softmax_cross_entropy(logits, np.zeros((3, 2), int)),
        lambda: rnnlib.mse(logits, np.zeros((3, 2, 4))),
        lambda: rnnlib.softmax(logits),
    ):
        with pytest.raises(FloatingPointError, match=f"t = {t + 1}, sequence 1"):
            call()


def test_a_loss_that_overflows_by_itself_is_refused():
    with pytest.raises(FloatingPointError, match="loss overflowed at t = 1"):
        rnnlib.mse([[[1e200]]], [[[0.0]]])
    with pytest.raises(FloatingPointError, match="loss overflowed at t = 1"):
        rnnlib.softmax_cross_entropy([[[1e308, -1e308]]], [[1]])


@pytest.mark.parametrize("reduction", ["sum", "mean", "batch_mean"])
def test_a_sum_of_finite_losses_that_overflows_is_refused(reduction):
    with pytest.raises(FloatingPointError, match="sum of the losses overflowed at t = 2, sequence 0"):
        rnnlib.mse([[[1e154]]] * 3, [[[0.0]]] * 3, reduction=reduction)
    losses, _ = rnnlib.mse([[[1e154]]] * 3, [[[0.0]]] * 3, reduction="none")
    assert np.isfinite(losses).all()


def test_targets_too_large_for_float32_are_refused_without_a_warning():
    outputs = np.zeros((1, 2), np.float32)
    for loss in (rnnlib.mse, rnnlib.softmax_cross_entropy):
        with warnings.catch_warnings(), pytest.raises(ValueError, match="targets holds inf"):
            warnings.simplefilter("error")
            loss(outputs, [[1e300, 0.0]])
