"""The training loop: held to loops written out by hand, and to itself when interrupted."""

import json
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

import rnnlib
from rnnlib import tasks, training

QUIET = {"progress": False}


def net(output_size=1, input_size=2, seed=0, dtype=np.float64):
    cell = rnnlib.RNN(input_size, 4, rng=seed, dtype=dtype)
    return rnnlib.stack([cell, rnnlib.Readout(4, output_size, rng=seed + 1, dtype=dtype)])


def numbers(*shape, seed=7):
    return np.random.default_rng(seed).uniform(-1, 1, shape)


def copied(net):
    return {name: array.copy() for name, array in net.params.items()}


def assert_equal(params, expected):
    assert params.keys() == expected.keys()
    for name, array in params.items():
        np.testing.assert_array_equal(array, expected[name], err_msg=name)


def assert_close(params, expected):
    for name, array in params.items():
        np.testing.assert_allclose(array, expected[name], rtol=1e-12, atol=1e-14, err_msg=name)


class Echo:
    """A net without weights that matter: it puts out its input, and keeps what it was called with."""

    takes = frozenset({"lengths", "rng"})

    def __init__(self):
        self.params, self.calls, self.windows, self.dys = {"w": np.zeros(1)}, [], [], []

    def forward(self, x, *, lengths=None, rng=None):
        self.calls.append(SimpleNamespace(x=x, lengths=lengths, rng=rng))
        return SimpleNamespace(y=np.array(x, float))

    def backward(self, trace, dy, window=None):
        self.windows.append(window)
        self.dys.append(dy)
        return {"w": np.ones(1)}


# ---- against loops written out


def test_full_batches_are_the_loop_written_out():
    ours, theirs, x, y = net(), net(), numbers(5, 6, 2), numbers(5, 6, 1, seed=8)
    history = training.fit(ours, x, y, loss=rnnlib.mse, optimiser=rnnlib.Adam(0.01), steps=5, **QUIET)
    optimiser = rnnlib.Adam(0.01)
    for k in range(5):
        trace = theirs.forward(x)
        error = trace.y - y
        grads = theirs.backward(trace, 2 * error / error.size)
        assert history.loss[k] == pytest.approx(np.mean(error**2), rel=1e-12)
        squares = sum((g**2).sum() for g in grads.params.values())
        assert history.grad_norm[k] == pytest.approx(np.sqrt(squares), rel=1e-12)
        optimiser.step(theirs.params, grads)
    assert_close(ours.params, theirs.params)


def test_the_last_step_alone_is_the_readout_of_each_sequences_own_last_state():
    lengths, x, y = np.array([3, 5, 1, 4]), numbers(5, 4, 2), np.array([0, 2, 1, 1])
    ours, theirs = net(3), net(3)
    training.fit(ours, x, y, loss=rnnlib.softmax_cross_entropy, optimiser=rnnlib.SGD(0.5), steps=2,
                 lengths=lengths, last_step=True, **QUIET)  # fmt: skip
    cell, readout = theirs.layers
    for _ in range(2):
        trace = cell.forward(x, lengths=lengths)
        out = readout.forward(trace.h_last)
        p = np.exp(out.y) / np.exp(out.y).sum(axis=1, keepdims=True)
        up = readout.backward(out, (p - np.eye(3)[y]) / 4)
        down = cell.backward(trace, dh_last=up.x)
        for layer, grads in ((cell, down), (readout, up)):
            for name, array in layer.params.items():
                array -= 0.5 * grads.params[name]
    assert_close(ours.params, theirs.params)


def test_without_lengths_the_last_step_is_step_T():
    echo, x = Echo(), numbers(4, 3, 2)
    history = training.fit(echo, x, np.zeros((3, 2)), loss=rnnlib.mse, optimiser=rnnlib.SGD(1.0), steps=1,
                           last_step=True, **QUIET)  # fmt: skip
    assert history.loss[0] == pytest.approx((x[-1] ** 2).mean())
    assert not echo.dys[0][:-1].any()
    np.testing.assert_allclose(echo.dys[0][-1], 2 * x[-1] / 6)


def test_steps_beyond_a_sequences_end_count_for_nothing_and_neither_do_masked_ones():
    echo, x, lengths = Echo(), numbers(4, 3, 1), np.array([2, 4, 3])
    mask = np.ones((4, 3), bool)
    mask[0, 1] = False
    training.fit(echo, x, np.zeros((4, 3, 1)), loss=rnnlib.mse, optimiser=rnnlib.SGD(1.0), steps=1, lengths=lengths,
                 mask=mask, **QUIET)  # fmt: skip
    counted = np.array([[1, 0, 1], [1, 1, 1], [0, 1, 1], [0, 1, 0]], bool)
    np.testing.assert_array_equal(echo.dys[0][..., 0] != 0, counted)
    np.testing.assert_allclose(echo.dys[0][counted], 2 * x[counted] / counted.sum())


def test_a_layer_that_shortens_sequences_says_where_they_end():
    class Halving(Echo):
        def forward(self, x, **options):
            super().forward(x, **options)
            return SimpleNamespace(y=x[::2], lengths=(options["lengths"] + 1) // 2)

    echo, x = Halving(), numbers(4, 2, 1)
    training.fit(echo, x, np.zeros((2, 2, 1)), loss=rnnlib.mse, optimiser=rnnlib.SGD(1.0), steps=1, lengths=[2, 4],
                 **QUIET)  # fmt: skip
    np.testing.assert_array_equal(echo.dys[0][..., 0] != 0, [[True, True], [False, True]])


def test_a_net_that_puts_out_one_answer_a_sequence_needs_no_last_step():
    class Summing(Echo):
        def forward(self, x, **options):
            return SimpleNamespace(y=x.sum(axis=0))

    echo, x = Summing(), numbers(4, 3, 2)
    history = training.fit(
        echo, x, np.zeros((3, 2)), loss=rnnlib.mse, optimiser=rnnlib.SGD(1.0), steps=1, **QUIET
    )
    assert history.loss[0] == pytest.approx((x.sum(axis=0) ** 2).mean())
    assert echo.dys[0].shape == (3, 2)


@pytest.mark.parametrize("reduction", ["sum", "mean", "batch_mean"])
def test_the_loss_is_reduced_as_asked(reduction):
    x, y = numbers(5, 6, 2), numbers(5, 6, 1)
    history = training.fit(net(), x, y, loss=rnnlib.mse, optimiser=rnnlib.SGD(0.1), steps=1, reduction=reduction,
                           **QUIET)  # fmt: skip
    total = ((net().forward(x).y - y) ** 2).sum()
    assert history.loss[0] == pytest.approx(total / {"sum": 1, "mean": 30, "batch_mean": 6}[reduction])


def test_clipping_bounds_the_update_and_the_history_keeps_the_norm_before():
    ours, x, y = net(), numbers(5, 6, 2), 10 + numbers(5, 6, 1)
    before = copied(ours)
    history = training.fit(
        ours, x, y, loss=rnnlib.mse, optimiser=rnnlib.SGD(1.0), steps=1, max_norm=0.5, **QUIET
    )
    moved = np.sqrt(sum(((before[name] - array) ** 2).sum() for name, array in ours.params.items()))
    assert moved == pytest.approx(0.5, rel=1e-12)
    assert history.grad_norm[0] > 5


def test_the_schedule_scales_each_steps_rate_counted_from_1_and_leaves_lr_as_it_was():
    echo, optimiser, seen = Echo(), rnnlib.SGD(0.5), []

    def schedule(step):
        seen.append(step)
        return 1 / step

    training.fit(echo, numbers(2, 1, 1), numbers(2, 1, 1), loss=rnnlib.mse, optimiser=optimiser, steps=3,
                 schedule=schedule, **QUIET)  # fmt: skip
    assert seen == [1, 2, 3]
    assert echo.params["w"][0] == pytest.approx(-0.5 * (1 + 1 / 2 + 1 / 3))
    assert optimiser.lr == 0.5


def test_a_step_that_fails_leaves_the_rate_as_it_was():
    class Failing(rnnlib.SGD):
        def step(self, params, grads):
            raise FloatingPointError("no")

    optimiser = Failing(0.5)
    with pytest.raises(FloatingPointError, match="no"):
        training.fit(Echo(), numbers(2, 1, 1), numbers(2, 1, 1), loss=rnnlib.mse, optimiser=optimiser, steps=1,
                     schedule=lambda step: 0.1, **QUIET)  # fmt: skip
    assert optimiser.lr == 0.5


def test_a_window_goes_to_the_backward_pass_and_to_it_alone():
    echo = Echo()
    training.fit(echo, numbers(4, 1, 1), numbers(4, 1, 1), loss=rnnlib.mse, optimiser=rnnlib.SGD(), steps=2, window=2,
                 **QUIET)  # fmt: skip
    assert echo.windows == [2, 2]


def test_a_tuple_of_inputs_becomes_the_arguments_of_forward():
    class Adding(Echo):
        def forward(self, x, z, **options):
            self.calls.append((x, z))
            return SimpleNamespace(y=x + z)

    echo, x, z = Adding(), numbers(4, 6, 1), numbers(4, 6, 1, seed=8)
    history = training.fit(echo, (x, z), np.zeros((4, 6, 1)), loss=rnnlib.mse, optimiser=rnnlib.SGD(), epochs=1,
                           batch_size=6, **QUIET)  # fmt: skip
    assert history.loss[0] == pytest.approx(((x + z) ** 2).mean())


def test_a_float32_net_stays_float32():
    ours = net(dtype=np.float32)
    history = training.fit(ours, numbers(5, 6, 2), numbers(5, 6, 1), loss=rnnlib.mse, optimiser=rnnlib.Adam(), epochs=2,
                           batch_size=4, rng=0, **QUIET)  # fmt: skip
    assert {array.dtype for array in ours.params.values()} == {np.dtype(np.float32)}
    assert history.state["optimiser/0/0.W_hh"].dtype == np.float32


# ---- what is drawn


def seen_in(echo):
    """Which sequences each call saw: the data's entries say their own number."""
    return [call.x[0, :, 0].astype(int).tolist() for call in echo.calls]


def numbered(N):
    return np.broadcast_to(np.arange(N, dtype=float)[None, :, None], (3, N, 1))


def test_an_epoch_shows_every_sequence_once_in_an_order_of_its_own():
    echo, x, lengths = Echo(), numbered(10), np.arange(10) % 3 + 1
    history = training.fit(echo, x, x, loss=rnnlib.mse, optimiser=rnnlib.SGD(), epochs=3, batch_size=4, rng=0,
                           lengths=lengths, **QUIET)  # fmt: skip
    batches = seen_in(echo)
    assert [len(batch) for batch in batches] == [4, 4, 2] * 3
    assert len(history.loss) == 9
    epochs = [sum(batches[i : i + 3], []) for i in (0, 3, 6)]
    assert all(sorted(epoch) == list(range(10)) for epoch in epochs)
    assert len({tuple(epoch) for epoch in [*epochs, range(10)]}) == 4
    for call, batch in zip(echo.calls, batches):
        np.testing.assert_array_equal(call.lengths, lengths[batch])
    assert (history.loss == 0).all()  # the targets went with their sequences


@pytest.mark.parametrize("targets", [np.arange(10.0)[:, None], np.arange(10)[None] * np.ones((3, 1), int)])
def test_targets_go_with_their_sequences_whether_one_each_or_one_a_step(targets):
    pairs = []

    def loss(y, targets, mask, reduction):
        pairs.append((y[..., 0].ravel().tolist(), targets.ravel().tolist()))
        return 0.0, np.zeros_like(y)

    training.fit(Echo(), numbered(10), targets, loss=loss, optimiser=rnnlib.SGD(), epochs=1, batch_size=4, rng=0,
                 last_step=targets.shape == (10, 1), **QUIET)  # fmt: skip
    assert len(pairs) == 3
    assert all(numbers == targets for numbers, targets in pairs)


def test_the_same_seed_deals_the_same_batches_and_another_seed_others():
    dealt = []
    for rng in (3, np.random.default_rng(3), 4):
        echo = Echo()
        training.fit(echo, numbered(10), numbered(10), loss=rnnlib.mse, optimiser=rnnlib.SGD(), epochs=2, batch_size=3,
                     rng=rng, **QUIET)  # fmt: skip
        dealt.append(seen_in(echo))
    assert dealt[0] == dealt[1] != dealt[2]


def test_a_function_draws_a_fresh_batch_for_each_step_from_the_runs_generator():
    echo = Echo()

    def draw(rng):
        x = rng.uniform(size=(3, 2, 1))
        return x, x

    training.fit(echo, draw, loss=rnnlib.mse, optimiser=rnnlib.SGD(), steps=4, rng=5, **QUIET)
    rng = np.random.default_rng(5)
    for call in echo.calls:
        np.testing.assert_array_equal(call.x, rng.uniform(size=(3, 2, 1)))


def test_a_layer_that_draws_gets_the_generator_in_training_only():
    echo, x = Echo(), numbered(4)
    training.fit(
        echo, x, x, loss=rnnlib.mse, optimiser=rnnlib.SGD(), steps=2, rng=0, validation=(x, x), **QUIET
    )
    assert [call.rng is None for call in echo.calls] == [False, True, False, True]


# ---- validation


class Scripted(Echo):
    """Its validation loss is what a script says, whatever it learns; its weight counts the steps."""

    def __init__(self, script):
        super().__init__()
        self.script = iter(script)

    def forward(self, x, *, lengths=None, rng=None):
        value = 1.0 if rng is not None else next(self.script)
        return SimpleNamespace(y=np.full((1, 1, 1), np.sqrt(value)))


def run_scripted(script, **options):
    scripted, zero = Scripted(script), np.zeros((1, 1, 1))
    history = training.fit(scripted, zero, zero, loss=rnnlib.mse, optimiser=rnnlib.SGD(1.0),
                           validation=(zero, zero), **{**QUIET, "validate_every": 1, **options})  # fmt: skip
    return scripted, history


@pytest.mark.parametrize(
    ("script", "patience", "steps", "best"),
    [
        ([3, 2, 2, 2.5, 1, 1], 2, 4, 2),  # equal is no better
        ([3, 2, 4, 1.5, 5, 6], 2, 6, 4),  # a better one starts the count again
        ([3, 4, 5, 6], 1, 2, 1),
        ([5, 4, 3, 2, 1], 2, 5, 5),  # it ran out of steps, not of patience
    ],
)
def test_the_run_ends_when_patience_does_and_the_net_is_its_best_again(script, patience, steps, best):
    scripted, history = run_scripted(script, patience=patience, steps=len(script))
    assert len(history.loss) == steps
    assert history.best_step == best
    assert history.stopped == (steps < len(script) or best == steps - patience)
    assert scripted.params["w"][0] == -best  # each step takes 1 off
    np.testing.assert_allclose(history.validation_loss, script[:steps])


def test_without_patience_the_net_ends_where_the_last_step_left_it():
    scripted, history = run_scripted([1, 2, 3], steps=3)
    assert scripted.params["w"][0] == -3
    assert (history.best_step, history.stopped) == (1, False)


def test_validation_is_taken_at_its_own_rhythm_or_once_an_epoch():
    _, history = run_scripted([1] * 9, steps=7, validate_every=3)
    assert history.validation_steps.tolist() == [3, 6]
    x = numbered(10)
    history = training.fit(Echo(), x, x, loss=rnnlib.mse, optimiser=rnnlib.SGD(), epochs=2, batch_size=4, rng=0,
                           validation=(x, x), **QUIET)  # fmt: skip
    assert history.validation_steps.tolist() == [3, 6]
    assert history.best_step == 3


def test_validation_is_the_loss_on_all_of_its_data_with_its_lengths_and_changes_nothing():
    x, y, z = numbers(5, 6, 2), numbers(5, 6, 1), numbers(7, 3, 2, seed=9)
    lengths, truth = np.array([7, 1, 4]), numbers(3, 1)
    ours, theirs = net(), net()
    options = {"loss": rnnlib.mse, "steps": 3, **QUIET}
    with_it = training.fit(ours, z, truth, lengths=lengths, last_step=True, optimiser=rnnlib.Adam(0.01), **options,
                           validation=(z, truth, lengths), validate_every=1)  # fmt: skip
    without = training.fit(
        theirs, z, truth, lengths=lengths, last_step=True, optimiser=rnnlib.Adam(0.01), **options
    )
    assert_equal(ours.params, theirs.params)
    np.testing.assert_allclose(with_it.validation_loss[:-1], without.loss[1:], rtol=1e-12)
    assert without.best_step is None
    assert x.shape[1] != z.shape[1]
    assert y is not truth


# ---- going on


class Noisy(Echo):
    """A net with a state that matters and a noise drawn in training."""

    def __init__(self, inner):
        super().__init__()
        self.inner, self.params = inner, inner.params

    def forward(self, x, *, lengths=None, rng=None):
        noise = 0 if rng is None else 0.1 * rng.standard_normal(x.shape)
        return self.inner.forward(x + noise, lengths=lengths)

    def backward(self, trace, dy):
        return self.inner.backward(trace, dy)


OPTIMISERS = {
    "SGD": lambda: rnnlib.SGD(0.05),
    "momentum": lambda: rnnlib.SGD(0.05, momentum=0.9),
    "Adagrad": lambda: rnnlib.Adagrad(0.05),
    "Adam": lambda: rnnlib.Adam(0.01),
}
GENERATORS = [np.random.PCG64, np.random.MT19937, np.random.Philox, np.random.SFC64]


def going_on(maker, steps, state=None, bits=np.random.PCG64, source="minibatches", **options):
    """Train a noisy net with everything that a state must hold, and return the net, the history and a later draw."""
    noisy, rng = Noisy(net()), np.random.Generator(bits(1))
    x, y = numbers(5, 10, 2), numbers(10, 1, seed=8)
    data = {"x": x, "targets": y, "batch_size": 4}
    if source == "fresh":
        data = {"x": lambda rng: tasks.adding(5, 4, rng)}
    history = training.fit(
        noisy, **data, last_step=True, loss=rnnlib.mse, optimiser=maker(), steps=steps, rng=rng, max_norm=0.1,
        schedule=lambda step: 1 / step, validation=(x, y), validate_every=2, state=state, **QUIET, **options,
    )  # fmt: skip
    return noisy, history, rng.uniform()


def assert_same_run(one, other):
    assert_equal(one[0].params, other[0].params)
    for name in training.LOGS:
        np.testing.assert_array_equal(getattr(one[1], name), getattr(other[1], name), err_msg=name)
    assert (one[1].best_step, one[1].stopped, one[2]) == (other[1].best_step, other[1].stopped, other[2])
    assert_equal(one[1].state, other[1].state)


@pytest.mark.parametrize("source", ["minibatches", "fresh"])
@pytest.mark.parametrize("name", OPTIMISERS)
@pytest.mark.parametrize("at", [1, 4, 6])
def test_a_run_that_goes_on_from_a_file_equals_one_that_never_stopped_to_the_last_bit(
    name, source, at, tmp_path
):
    whole = going_on(OPTIMISERS[name], 11, source=source)
    first = going_on(OPTIMISERS[name], at, source=source)
    training.save(tmp_path / "state.npz", first[1].state)
    second = going_on(OPTIMISERS[name], 11, training.load(tmp_path / "state.npz"), source=source)
    assert_same_run(second, whole)
    assert len(first[1].loss) == at


@pytest.mark.parametrize("bits", GENERATORS)
def test_every_kind_of_generator_goes_on(bits):
    whole = going_on(OPTIMISERS["Adam"], 7, bits=bits)
    first = going_on(OPTIMISERS["Adam"], 4, bits=bits)
    assert_same_run(going_on(OPTIMISERS["Adam"], 7, first[1].state, bits=bits), whole)


def rising(maker, steps, state=None):
    """A run whose validation loss only rises from some point: its training goes the other way."""
    ours, x = net(), numbers(5, 10, 2)
    y = x.sum(axis=0)[:, :1]
    return training.fit(ours, x, y, last_step=True, loss=rnnlib.mse, optimiser=maker(), steps=steps, rng=0, patience=3,
                        batch_size=4, validation=(x, -y), validate_every=1, state=state, **QUIET), ours  # fmt: skip


@pytest.mark.parametrize("at", [1, 2, 3, 4])
def test_patience_and_the_best_parameters_survive_an_interruption(at):
    whole, net_of_whole = rising(OPTIMISERS["Adam"], 50)
    first, _ = rising(OPTIMISERS["Adam"], at)
    second, net_of_second = rising(OPTIMISERS["Adam"], 50, first.state)
    assert whole.stopped
    assert len(whole.loss) < 50
    assert_equal(net_of_second.params, net_of_whole.params)
    assert_equal(second.state, whole.state)
    assert second.best_step == whole.best_step


def test_a_state_is_a_copy_that_later_training_leaves_alone():
    _, history, _ = going_on(OPTIMISERS["Adam"], 4)
    kept = {name: array.copy() for name, array in history.state.items()}
    going_on(OPTIMISERS["Adam"], 9, history.state)
    assert_equal(history.state, kept)


def test_a_finished_run_goes_on_by_nothing():
    _, history, _ = going_on(OPTIMISERS["Adam"], 4)
    _, again, _ = going_on(OPTIMISERS["Adam"], 4, history.state)
    assert_equal(again.state, history.state)
    assert repr(again) == repr(history)
    assert repr(history).startswith("History(4 steps, loss 0.")


@pytest.mark.parametrize("change", ["optimiser", "shape", "names", "nan", "rng", "generator", "log"])
def test_a_state_that_does_not_fit_is_refused_and_nothing_is_changed(change):
    state = going_on(OPTIMISERS["Adam"], 4)[1].state
    optimiser = rnnlib.SGD(0.1) if change == "optimiser" else rnnlib.Adam(0.1)
    if change == "shape":
        state["optimiser/1/0.W_hh"] = np.zeros((5, 5))
    if change == "names":
        del state["params/0.W_hh"]
    if change == "nan":
        state["params/1.b_y"][0] = np.nan
    if change == "rng":
        state["rng"] = np.array("{}")
    if change == "generator":
        state["rng"] = np.array(json.dumps(np.random.SFC64(0).state, default=np.ndarray.tolist))
    if change == "log":
        del state["log/loss"]
    ours, rng = net(), np.random.default_rng(0)
    before, drawn = copied(ours), rng.bit_generator.state
    with pytest.raises((ValueError, TypeError), match="state"):
        training.fit(ours, numbers(5, 10, 2), numbers(10, 1), last_step=True, loss=rnnlib.mse, optimiser=optimiser,
                     steps=9, rng=rng, state=state, **QUIET)  # fmt: skip
    assert_equal(ours.params, before)
    assert optimiser.updates == 0
    assert rng.bit_generator.state == drawn


# ---- around it


def test_a_run_that_explodes_says_so_and_keeps_the_parameters_from_before_that_step():
    ours = rnnlib.stack([rnnlib.RNN(1, 2, rng=0, activation="identity"), rnnlib.Readout(2, 1, rng=1)])
    steps = []

    def loss(y, targets, mask, reduction):
        steps.append(copied(ours))
        return rnnlib.mse(y, targets, mask, reduction)

    with pytest.raises(FloatingPointError, match="expected finite numbers"):
        training.fit(
            ours,
            numbers(30, 2, 1),
            numbers(30, 2, 1),
            loss=loss,
            optimiser=rnnlib.SGD(1e9),
            steps=50,
            **QUIET,
        )
    assert 1 < len(steps) < 50
    assert_equal(ours.params, steps[-1])


def test_the_bar_goes_to_stderr_and_only_if_wanted(capfd):
    x, y = numbers(5, 6, 2), numbers(5, 6, 1)
    options = {"loss": rnnlib.mse, "optimiser": rnnlib.Adam(), "steps": 3}
    training.fit(net(), x, y, **options, progress=False)
    assert capfd.readouterr() == ("", "")
    training.fit(net(), x, y, **options)
    out, err = capfd.readouterr()
    assert out == ""
    assert "3/3" in err
    assert "loss=" in err


def test_the_module_needs_tqdm_only_when_something_is_trained():
    code = "import sys, rnnlib; rnnlib.training.save, rnnlib.tasks; print('tqdm' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "False"


def test_a_small_adding_problem_and_a_small_classification_are_learned():
    adder, order = net(), net(output_size=4, input_size=8, seed=5)
    options = {"last_step": True, "rng": 0, "steps": 300, "max_norm": 1.0, **QUIET}
    history = training.fit(adder, lambda rng: tasks.adding(4, 32, rng), loss=rnnlib.mse, optimiser=rnnlib.Adam(0.02),
                           validation=tasks.adding(4, 500, 99), **options)  # fmt: skip
    assert history.validation_loss[-1] < tasks.adding_baseline(4) / 4
    history = training.fit(order, lambda rng: shortened(rng, 32), loss=rnnlib.softmax_cross_entropy,
                           optimiser=rnnlib.Adam(0.02), validation=shortened(np.random.default_rng(9), 500),
                           **options)  # fmt: skip
    assert history.validation_loss[-1] < tasks.temporal_order_baseline() / 4


def shortened(rng, B):
    """Draw the two symbols of temporal order alone, without what lies between, with lengths that say so."""
    first, second = rng.integers(0, 2, (2, B))
    symbols = np.stack([4 + first, 4 + second, np.full(B, 7), np.full(B, 7)])
    lengths = rng.integers(2, 4, B, endpoint=True)
    return tasks.Batch(np.eye(8)[symbols], 2 * first + second, lengths)
