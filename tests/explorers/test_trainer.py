"""Training in the page against rnnlib: the task, one step and twenty, and how far gradients reach."""

import numpy as np
import pytest

import rnnlib
from rnnlib import tasks
from rnnlib.explorers import seeded, trainer

CELLS = ["rnn", "gru", "lstm"]
SETTINGS = {
    "T": 24,
    "batch": 5,
    "probe": 3,
    "seed": 3,
    "units": 6,
    "init": "orthogonal",
    "bias": 1.0,
    "rate": 0.01,
    "bound": 1.0,
}

# Trains in the page and returns (losses of each step, parameters, reach), everything flat.
TRAIN = """(() => { const { makeTraining, finish } = modules.trainer;
  const training = makeTraining(cells, { ...settings, bound: settings.bound ?? Infinity });
  const losses = Array.from({ length: steps }, () => finish(training.work()));
  return [losses, training.nets.map((net) => net.params), finish(training.reach())]; })()"""


def trained(steps, **changed):
    training = trainer.Training(CELLS, **(SETTINGS | changed))
    return training, [training.step() for _ in range(steps)]


def in_the_page(script, steps, **changed):
    settings = SETTINGS | changed
    settings["bound"] = None if settings["bound"] == np.inf else settings["bound"]  # JSON knows no infinity
    return script.value(TRAIN, cells=CELLS, settings=settings, steps=steps)


def params_of(net):
    cell, readout = net.layers
    return cell.params | readout.params


@pytest.mark.parametrize(("T", "seed"), [(20, 0), (33, 1), (60, 2), (100, 3)])
def test_the_task_is_drawn_alike_in_both_languages(script, T, seed):
    batch = trainer.temporal_order(T, 7, seeded.Generator(seed))
    theirs = script.value(
        "modules.trainer.temporalOrder(T, 7, modules.engine.makeGenerator(seed))", T=T, seed=seed
    )
    for b, sequence in enumerate(theirs):
        assert sequence["length"] == batch.lengths[b]
        assert sequence["target"] == batch.targets[b]
        x = np.reshape(sequence["x"], (-1, 8))
        np.testing.assert_array_equal(x, batch.x[: len(x), b])
        assert not batch.x[len(x) :, b].any()


@pytest.mark.parametrize("T", [20, 33, 100])
def test_the_task_is_rnnlib_tasks_temporal_order(T):
    """The same facts about each sequence, and the same spread over many, as the task's definition gives."""
    ours, theirs = trainer.temporal_order(T, 2000, seeded.Generator(1)), tasks.temporal_order(T, 2000, rng=1)
    ours, theirs = facts(ours), facts(theirs)
    for name, values in theirs.items():
        assert (ours[name].min(), ours[name].max()) == (values.min(), values.max()), name
        standard_error = np.hypot(values.std(), ours[name].std()) / 2000**0.5
        assert abs(ours[name].mean() - values.mean()) <= 4 * standard_error, name


def facts(batch):
    """What can be seen of each sequence: its length, where X and Y stand, its class, how often b to d occur."""
    symbols, live = batch.x.argmax(axis=2), batch.x.any(axis=2)
    assert (live.sum(axis=0) == batch.lengths).all()
    assert (symbols[0] == 6).all()
    assert (symbols[batch.lengths - 1, np.arange(len(batch.lengths))] == 7).all()
    marked = [np.flatnonzero((column == 4) | (column == 5)) for column in symbols.T]
    t_1, t_2 = np.array(marked).T  # exactly two in each
    order = 2 * (symbols[t_1, np.arange(len(t_1))] - 4) + symbols[t_2, np.arange(len(t_2))] - 4
    assert (order == batch.targets).all()
    share = [np.array([(column == k).sum() for column in symbols.T]) / batch.lengths for k in (1, 2, 3)]
    return {
        "length": batch.lengths,
        "t_1": t_1,
        "t_2": t_2,
        "class": order,
        "share": np.mean(share, axis=0).round(1),
    }


@pytest.mark.parametrize("bound", [1.0, 0.01, np.inf])
@pytest.mark.parametrize("init", ["orthogonal", "uniform"])
def test_one_training_step_equals_rnnlibs(script, bound, init):
    training, (ours,) = trained(1, bound=bound, init=init)
    (theirs,), params, reach = in_the_page(script, 1, bound=bound, init=init)
    assert theirs == pytest.approx([ours[cell] for cell in CELLS], rel=1e-12)
    for cell, page in zip(CELLS, params):
        for name, values in params_of(training.nets[cell]).items():
            np.testing.assert_allclose(
                page[name], values.ravel(), rtol=1e-10, atol=1e-13, err_msg=f"{cell} {name}"
            )
    for cell, page in zip(CELLS, reach):
        assert sorted(page) == sorted(training.reach()[cell])
        for name, values in training.reach()[cell].items():
            np.testing.assert_allclose(page[name], values, rtol=1e-9)


def test_twenty_training_steps_equal_rnnlibs(script):
    """Each step takes what rounding left in the one before: the tolerance is a hundred times that of one step."""
    training, ours = trained(20)
    theirs, params, _ = in_the_page(script, 20)
    np.testing.assert_allclose(theirs, [[losses[cell] for cell in CELLS] for losses in ours], rtol=1e-10)
    for cell, page in zip(CELLS, params):
        for name, values in params_of(training.nets[cell]).items():
            np.testing.assert_allclose(
                page[name], values.ravel(), rtol=1e-8, atol=1e-11, err_msg=f"{cell} {name}"
            )


def test_the_loop_is_rnnlib_training_fit():
    """The same steps by the book's own loop, which draws from the same generator."""
    training, ours = trained(3)
    net = trainer.make_net("lstm", seed=3, units=6, init="orthogonal", bias=1.0)
    generator = seeded.Generator(SETTINGS["seed"] + trainer.BATCHES)
    history = rnnlib.training.fit(
        net, lambda rng: trainer.temporal_order(24, 5, generator), loss=rnnlib.softmax_cross_entropy, last_step=True,
        optimiser=rnnlib.Adam(0.01), steps=3, max_norm=1.0, progress=False,
    )  # fmt: skip
    assert history.loss.tolist() == [losses["lstm"] for losses in ours]
    for name, values in params_of(training.nets["lstm"]).items():
        np.testing.assert_array_equal(params_of(net)[name], values)


def test_the_reach_of_gradients_is_each_sequences_own(script):
    """A probe of one sequence: the norms of its δ_t, read from its end."""
    training, _ = trained(0, probe=1)
    _, grads = training.probed("lstm")
    length = training.probe.lengths[0]
    for name, delta in (("h", grads.h), ("c", grads.c)):
        expected = [np.linalg.norm(delta[length - lag, 0]) for lag in range(25)]
        np.testing.assert_allclose(training.reach()["lstm"][name], expected, rtol=1e-12)


def test_a_seed_says_it_all_and_another_says_otherwise():
    first, again, other = (trained(2, seed=seed)[1] for seed in (4, 4, 5))
    assert first == again
    assert first != other


@pytest.mark.parametrize("bound", [0.5, 100.0])
def test_clipping_keeps_the_direction_and_returns_the_norm_before(script, bound):
    grads = {"W": [3.0, 0.0], "b": [4.0]}  # of norm 5
    norm, clipped = script.value(
        "((grads) => [modules.trainer.clipNorm(grads, bound), grads])"
        "({ W: Float64Array.from(given.W), b: Float64Array.from(given.b) })", given=grads, bound=bound,
    )  # fmt: skip
    factor = min(1.0, bound / 5)
    assert norm == pytest.approx(5.0)
    assert clipped["W"] + clipped["b"] == pytest.approx([3 * factor, 0.0, 4 * factor])


def test_the_bias_is_that_of_the_gates_that_keep():
    made = {cell: trainer.make_net(cell, seed=0, units=2, init="orthogonal", bias=1.5) for cell in CELLS}
    assert made["lstm"].params["0.b_h"].tolist() == [0, 0, 1.5, 1.5, 0, 0, 0, 0]  # i, f, g, o
    assert made["gru"].params["0.b_h"].tolist() == [0, 0, 1.5, 1.5, 0, 0]  # r, z, n
    assert made["rnn"].params["0.b_h"].tolist() == [0, 0]
