"""The synthetic tasks: their definitions, and their baselines by hand and by counting."""

import numpy as np
import pytest

import rnnlib
from rnnlib import tasks

DRAWS = {
    "adding": lambda B, rng: tasks.adding(30, B, rng),
    "adding of 1997": lambda B, rng: tasks.adding(30, B, rng, form="hochreiter"),
    "copy memory": lambda B, rng: tasks.copy_memory(7, B, rng),
    "temporal order": lambda B, rng: tasks.temporal_order(60, B, rng),
    "held bit": lambda B, rng: tasks.held_bit(60, B, rng),
}


@pytest.mark.parametrize("name", DRAWS)
def test_a_seed_says_what_is_drawn_and_nothing_else_does(name):
    draw = DRAWS[name]
    np.random.seed(1)  # noqa: NPY002 - the global generator must not matter
    one, again = draw(16, 3), draw(16, np.random.default_rng(3))
    other = draw(16, 4)
    for a, b in zip(one, again):
        np.testing.assert_array_equal(a, b)
    assert one.x.shape[1:] == (16, *other.x.shape[2:])
    assert not np.array_equal(one.targets, other.targets)


@pytest.mark.parametrize("T", [2, 3, 10, 101])
def test_adding_marks_one_number_in_each_half_and_asks_for_their_sum(T):
    x, targets, lengths, mask = tasks.adding(T, 500, rng=0)
    assert x.shape == (T, 500, 2)
    assert lengths is mask is None
    numbers, markers = x[..., 0], x[..., 1]
    assert ((numbers >= 0) & (numbers < 1)).all()
    assert np.isin(markers, (0, 1)).all()
    np.testing.assert_array_equal(markers[: T // 2].sum(axis=0), np.ones(500))
    np.testing.assert_array_equal(markers[T // 2 :].sum(axis=0), np.ones(500))
    np.testing.assert_allclose(targets[:, 0], (numbers * markers).sum(axis=0), rtol=1e-15)
    assert (markers.sum(axis=1) > 0).all()  # every place is drawn at some time


def test_adding_of_1997_follows_its_rules():
    T, B = 40, 4000
    x, targets, lengths, _ = tasks.adding(T, B, rng=0, form="hochreiter")
    assert set(lengths) == set(range(40, 45))
    assert len(x) == 44
    numbers, markers = x[..., 0], x[..., 1]
    assert numbers.min() < -0.99
    assert numbers.max() > 0.99
    drawn, firsts = set(), set()
    for b in range(B):
        own, n = markers[:, b], lengths[b]
        assert own[0] == own[n - 1] == -1.0
        assert not x[n:, b].any()
        marked = np.flatnonzero(own == 1.0)
        assert len(marked) in (1, 2)
        assert (len(marked) == 1) == (numbers[0, b] == 0.0)  # the first step was drawn: its X counts as 0
        assert len(marked) == 1 or marked[0] < 10
        assert marked[-1] <= T // 2 - 1  # the 19 first of the steps left, one of the ten first being taken
        assert targets[b, 0] == pytest.approx(0.5 + numbers[marked, b].sum() / 4, abs=1e-15)
        drawn |= set(marked.tolist())
        firsts |= set(marked[:1].tolist()) if len(marked) == 2 else set()
    assert drawn == set(range(1, 20))
    assert firsts == set(range(1, 10))
    assert (targets > 0).all()
    assert (targets < 1).all()


def test_copy_memory_asks_for_the_ten_symbols_after_the_signal():
    x, targets, *_ = tasks.copy_memory(7, 300, rng=0)
    shown = x.argmax(axis=-1)
    assert x.shape == (27, 300, 10)
    assert targets.shape == (27, 300)
    np.testing.assert_array_equal(x.sum(axis=-1), np.ones((27, 300)))
    assert set(shown[:10].ravel()) == set(range(8))
    assert (shown[10:16] == 8).all()  # T − 1 blanks
    assert (shown[16] == 9).all()
    assert (shown[17:] == 8).all()
    assert (targets[:17] == 8).all()
    np.testing.assert_array_equal(targets[17:], shown[:10])


def test_temporal_order_at_100_has_the_numbers_of_1997():
    x, targets, lengths, _ = tasks.temporal_order(100, 5000, rng=0)
    assert set(lengths) == set(range(100, 111))
    assert x.shape == (110, 5000, 8)
    places = [set(), set()]
    for b, (n, target) in enumerate(zip(lengths, targets)):
        shown = x[:n, b].argmax(axis=1)
        assert (x[:n, b].sum(axis=1) == 1).all()
        assert not x[n:, b].any()
        assert (shown[0], shown[-1]) == (6, 7)
        relevant = np.flatnonzero((shown == 4) | (shown == 5))
        assert len(relevant) == 2
        assert (np.delete(shown, [0, n - 1, *relevant]) < 4).all()
        assert target == {(4, 4): 0, (4, 5): 1, (5, 4): 2, (5, 5): 3}[tuple(shown[relevant])]
        for seen, place in zip(places, relevant):
            seen.add(int(place) + 1)
    assert places == [set(range(10, 21)), set(range(50, 61))]
    assert set(targets) == {0, 1, 2, 3}


def test_a_held_bit_is_shown_once_and_noise_follows():
    x, bit, lengths, mask = tasks.held_bit(20, 5000, rng=0)
    assert lengths is mask is None
    np.testing.assert_array_equal(x[0], np.stack([np.where(bit == 1, 1.0, -1.0), np.ones(5000)], axis=1))
    assert not x[1:, :, 1].any()
    assert x[1:, :, 0].std() == pytest.approx(0.5, rel=0.02)
    assert abs(np.corrcoef(x[1:, :, 0].sum(axis=0), bit)[0, 1]) < 0.06  # the noise tells nothing of it
    assert bit.mean() == pytest.approx(0.5, abs=0.03)


# ---- baselines


def test_the_baselines_are_those_of_the_papers():
    assert tasks.adding_baseline(100) == pytest.approx(1 / 6)
    assert tasks.copy_memory_baseline(20) == pytest.approx(10 * np.log(8) / 40)
    assert tasks.copy_memory_baseline(500) == pytest.approx(10 * np.log(8) / 520)
    assert tasks.temporal_order_baseline() == pytest.approx(np.log(4))
    assert tasks.held_bit_baseline() == pytest.approx(np.log(2))


@pytest.mark.parametrize(("form", "T"), [("le", 10), ("hochreiter", 20), ("hochreiter", 100)])
def test_the_baseline_of_adding_is_the_error_of_the_best_constant(form, T):
    targets = tasks.adding(T, 200_000 if T == 20 else 50_000, rng=1, form=form).targets
    spread = ((targets - targets.mean()) ** 2).ravel()
    assert tasks.adding_baseline(T, form) == pytest.approx(
        spread.mean(), abs=4 * spread.std() / np.sqrt(len(spread))
    )


def test_the_baseline_of_adding_of_1997_by_hand_at_its_smallest():
    # T = 20: the first step is drawn with probability 1/10 + 9/10 · 1/9 = 1/5; then one number of variance 1/3 is
    # left, else two: (4/5 · 2 + 1/5) / 3 / 16.
    assert tasks.adding_baseline(20, "hochreiter") == pytest.approx(1.8 / 48, rel=1e-14)


def test_the_baseline_of_copy_memory_is_the_loss_of_knowing_when_but_not_what():
    targets = tasks.copy_memory(20, 50, rng=0).targets
    p = np.zeros((*targets.shape, 10))
    p[:30, :, 8] = 1.0
    p[30:, :, :8] = 1 / 8
    loss, _ = rnnlib.softmax_cross_entropy(np.log(p + 1e-300), targets, reduction="mean")
    assert loss == pytest.approx(tasks.copy_memory_baseline(20), rel=1e-12)


def test_the_classes_of_temporal_order_are_alike_in_frequency():
    counts = np.bincount(tasks.temporal_order(20, 40_000, rng=2).targets)
    np.testing.assert_allclose(counts, 10_000, atol=4 * np.sqrt(40_000 * 3 / 16))
