"""The table of bad input to training, files, tasks and data: what is done, the error, fragments of its message.

After each, the net, the optimiser and the file that stood there are as they were.
"""

import copy

import numpy as np
import pytest

import rnnlib
from rnnlib import data, tasks, training

NAN = float("nan")
V, T, F = ValueError, TypeError, FloatingPointError


class World:
    """A net with an optimiser, data for it, and a file of its parameters."""

    def __init__(self, folder):
        self.net = rnnlib.stack([rnnlib.RNN(2, 3, rng=0), rnnlib.Readout(3, 4, rng=1)])
        self.sgd, self.x = rnnlib.SGD(0.1), np.ones((5, 6, 2))
        self.y, self.one = np.zeros((5, 6), int), np.zeros(6, int)
        self.folder, self.path = folder, folder / "weights.npz"
        training.save(self.path, self.net)

    def fit(self, *, net=None, x=None, y=None, **options):
        defaults = {"loss": rnnlib.softmax_cross_entropy, "optimiser": self.sgd, "progress": False}
        defaults |= {} if "epochs" in options else {"steps": 2}
        x = self.x if x is None else x
        y = self.y if y is None and not callable(x) else y
        return training.fit(self.net if net is None else net, x, y, **(defaults | options))

    def state(self, **changes):
        twin = copy.deepcopy(self.net)
        return {**self.fit(net=twin, optimiser=rnnlib.SGD()).state, **changes}


def explode(w):
    net = rnnlib.stack([rnnlib.RNN(1, 1, rng=0, activation="identity"), rnnlib.Readout(1, 1, rng=1)])
    net.params["0.W_hh"][...] = 1e10
    w.fit(net=net, x=np.ones((50, 2, 1)), y=np.ones((50, 2, 1)), loss=rnnlib.mse)


FITTING = [
    (lambda w: w.fit(net=rnnlib.RNN), T, ["net is of type type", "forward, backward and params"]),
    (lambda w: w.fit(net="RNN"), T, ["net is 'RNN' (str)", "forward, backward and params"]),
    (lambda w: w.fit(optimiser="adam"), T, ["optimiser is 'adam' (str)", "SGD, Adagrad or Adam"]),
    (lambda w: w.fit(optimiser=rnnlib.Adam), T, ["optimiser is of type type", "SGD, Adagrad or Adam"]),
    (lambda w: w.fit(loss="mse"), T, ["loss is 'mse' (str)", "a function"]),
    (lambda w: w.fit(schedule=0.5), T, ["schedule is 0.5 (float)", "a function, step → factor on lr"]),
    (lambda w: w.fit(schedule=lambda step: -1.0), V, ["schedule's factor is -1.0", "at least 0"]),
    (lambda w: w.fit(schedule=lambda step: NAN), V, ["schedule's factor is nan", "finite number"]),
    (lambda w: w.fit(schedule=lambda step: None), T, ["schedule's factor is None", "finite number"]),
    (lambda w: w.fit(steps=0), V, ["steps is 0", "at least 1"]),
    (lambda w: w.fit(steps=1.5), T, ["steps is 1.5 (float)", "whole number"]),
    (lambda w: w.fit(steps=None), V, ["steps is None, epochs is None", "one of them"]),
    (lambda w: w.fit(epochs=1, steps=1), V, ["steps is 1, epochs is 1", "one of them"]),
    (lambda w: w.fit(epochs=-1), V, ["epochs is -1", "at least 1"]),
    (lambda w: w.fit(batch_size=0), V, ["batch_size is 0", "at least 1"]),
    (lambda w: w.fit(batch_size="all"), T, ["batch_size is 'all' (str)", "whole number"]),
    (lambda w: w.fit(max_norm=0), V, ["max_norm is 0", "above 0"]),
    (lambda w: w.fit(max_norm="big"), T, ["max_norm is 'big' (str)", "above 0"]),
    (lambda w: w.fit(rng=0.5), T, ["rng is 0.5 (float)", "default_rng"]),
    (lambda w: w.fit(last_step=1), T, ["last_step is 1 (int)", "True or False"]),
    (lambda w: w.fit(progress="yes"), T, ["progress is 'yes' (str)", "True or False"]),
    (lambda w: w.fit(reduction="average"), V, ["reduction is 'average'", "'sum', 'mean'"]),
    (lambda w: w.fit(window=0), V, ["window is 0", "at least 1"]),
    (lambda w: w.fit(patience=2), V, ["patience is 2 without validation", "both"]),
    (lambda w: w.fit(patience=0, validation=(w.x, w.y)), V, ["patience is 0", "at least 1"]),
    (lambda w: w.fit(validate_every=0, validation=(w.x, w.y)), V, ["validate_every is 0", "at least 1"]),
    (
        lambda w: w.fit(validation=w.x),
        T,
        ["validation's data is an array", "(x, targets[, lengths[, mask]])"],
    ),
    (lambda w: w.fit(validation=(w.x,)), T, ["validation's data is of type tuple", "(x, targets"]),
    (lambda w: w.fit(validation=(w.x, w.y[:, :3])), V, ["validation's x, targets", "(5, 3)", "one N"]),
]

DATA = [
    (lambda w: w.fit(x=np.ones(5)), V, ["x, targets", "shapes (5,), (5, 6)", "(T, N, …)"]),
    (lambda w: w.fit(x="text"), T, ["x is 'text' (str)", "real numbers"]),
    (lambda w: w.fit(x=w.x.astype(object)), T, ["x holds Python objects", "real numbers"]),
    (lambda w: w.fit(x=(w.x, w.x[:, :4])), V, ["shapes (5, 6, 2), (5, 4, 2), (5, 6)", "one N"]),
    (lambda w: w.fit(x=np.ones((5, 6, 3))), V, ["x has shape (5, 6, 3)", "(T, B, 2)"]),
    (lambda w: w.fit(x=w.x * NAN), V, ["x holds nan", "finite"]),
    (
        lambda w: training.fit(w.net, w.x, loss=rnnlib.mse, optimiser=w.sgd, steps=1),
        T,
        ["targets is None", "expected"],
    ),
    (lambda w: w.fit(y=np.zeros((5, 4), int)), V, ["shapes (5, 6, 2), (5, 4)", "one N"]),
    (lambda w: w.fit(y=np.zeros(5, int)), V, ["shapes (5, 6, 2), (5,)", "(N, …)"]),
    (lambda w: w.fit(y=w.one), V, ["puts out (5, 6, 4)", "targets has shape (6,)", "or last_step=True"]),
    (lambda w: w.fit(last_step=True), V, ["targets has shape (5, 6)", "(B,) = (6,)"]),
    (lambda w: w.fit(y=w.y + 4), V, ["targets holds 4", "from 0 to 3"]),
    (lambda w: w.fit(lengths=[5, 5]), V, ["(5, 6, 2), (5, 6), (2,)", "(N,)"]),
    (lambda w: w.fit(lengths=[5] * 5 + [6]), V, ["lengths[5] is 6", "0 to T = 5"]),
    (lambda w: w.fit(lengths=[5.0] * 6), T, ["lengths holds float64", "whole numbers"]),
    (
        lambda w: w.fit(y=w.one, last_step=True, lengths=[0, 1, 2, 3, 4, 5]),
        V,
        ["lengths holds 0", "at least 1"],
    ),
    (lambda w: w.fit(mask=np.ones((5, 3))), V, ["(5, 6, 2), (5, 6), (5, 3)", "as the targets"]),
    (lambda w: w.fit(mask=np.ones((4, 6))), V, ["mask has shape (4, 6)", "(T, B) = (5, 6)"]),
    (
        lambda w: w.fit(net=w.net.layers[0], x=w.x, y=w.x, last_step=True),
        V,
        ["targets has shape (5, 6, 2)", "expected"],
    ),
    (
        lambda w: w.fit(x=lambda rng: (w.x, w.y), y=w.y),
        V,
        ["targets, lengths, mask or batch_size is given", "None"],
    ),
    (
        lambda w: w.fit(x=lambda rng: (w.x, w.y), batch_size=2),
        V,
        ["batch_size is given", "x draws whole batches"],
    ),
    (lambda w: w.fit(x=lambda rng: (w.x, w.y), epochs=2), V, ["epochs is 2", "expected steps"]),
    (lambda w: w.fit(x=lambda rng: w.x), T, ["x(rng)'s data is an array", "(x, targets"]),
    (lambda w: w.fit(x=lambda rng: (w.x, w.y[:, 1:])), V, ["x(rng)'s x, targets", "one N"]),
    (explode, F, ["overflowed at t = ", "finite numbers"]),
]

STATES = [
    (lambda w: w.fit(state="earlier"), V, ["state lacks", "history.state"]),
    (lambda w: w.fit(state=w.net.params), V, ["state lacks", "'rng'", "history.state"]),
    (lambda w: w.fit(state=w.state(**{"params/1.b_y": np.ones(5)})), V, ["state's params", "(5,)", "(4,)"]),
    (
        lambda w: w.fit(state=w.state(), optimiser=rnnlib.Adam()),
        V,
        ["state lacks ['optimiser/0/0.W_hh'", "expected"],
    ),
    (lambda w: w.fit(state=w.state(**{"params/x": np.ones(1)})), V, ["unknown names ['x']", "expected"]),
    (lambda w: w.sgd.load_state(w.net.params, {}), V, ["state lacks ['updates']", "expected"]),
    (lambda w: w.sgd.state(w.net), T, ["params is of type Stack", "pass its params"]),
]

FILES = [
    (lambda w: training.save("weights.txt", w.net), V, ["path is 'weights.txt'", "ends in .npz"]),
    (lambda w: training.save(None, w.net), V, ["path is None", "ends in .npz"]),
    (lambda w: training.save(w.path, [1.0]), T, ["params is of type list", "a net or a dict"]),
    (
        lambda w: training.save(w.path, {"W": [1.0]}),
        T,
        ['params["W"] is of type list', "an array of numbers"],
    ),
    (
        lambda w: training.save(w.path, {"W": np.array([None])}),
        T,
        ['params["W"]', "object", "array of numbers"],
    ),
    (lambda w: training.load("weights"), V, ["path is 'weights'", "ends in .npz"]),
    (lambda w: training.load(w.path, [1.0]), T, ["into is of type list", "a net or a dict"]),
    (
        lambda w: training.load(w.path, rnnlib.RNN(2, 3)),
        V,
        ["weights.npz lacks ['W_hh'", "0.W_hh", "expected"],
    ),
]

TASKS = [
    (lambda w: tasks.adding(1, 2, 0), V, ["T is 1", "at least 2"]),
    (lambda w: tasks.adding(19, 2, 0, form="hochreiter"), V, ["T is 19", "at least 20"]),
    (lambda w: tasks.adding(10, 0, 0), V, ["B is 0", "at least 1"]),
    (lambda w: tasks.adding(10, 2, "seed"), T, ["rng is 'seed' (str)", "default_rng"]),
    (lambda w: tasks.adding(10, 2, 0, form="1997"), V, ["form is '1997'", "'le', 'hochreiter'"]),
    (lambda w: tasks.adding_baseline(10, "hochreiter"), V, ["T is 10", "at least 20"]),
    (lambda w: tasks.adding_baseline(10, "other"), V, ["form is 'other'", "expected one of"]),
    (lambda w: tasks.copy_memory(0, 2, 0), V, ["T is 0", "at least 1"]),
    (lambda w: tasks.copy_memory_baseline("20"), T, ["T is '20' (str)", "whole number"]),
    (lambda w: tasks.temporal_order(10, 2, 0), V, ["T is 10", "at least 20"]),
    (lambda w: tasks.temporal_order(60, 2.0, 0), T, ["B is 2.0 (float)", "whole number"]),
    (lambda w: tasks.held_bit(0, 2, 0), V, ["T is 0", "at least 1"]),
    (lambda w: data.lines_as_batch([], ["a"]), V, ["lines is empty", "expected text"]),
    (
        lambda w: data.lines_as_batch(["aa", "a"], ["a"]),
        V,
        ["a line without two characters", "expected text"],
    ),
    (lambda w: data.lines_as_batch(["ab"], ["a"]), V, ["lines holds ['b']", "of the vocabulary"]),
    (lambda w: data.surnames(0, 0), V, ["n is 0", "at least 1"]),
    (lambda w: data.surnames(100_000, 0), V, ["n is 100000", "at most", "smallest country"]),
    (lambda w: data.dates(2, -1), V, ["rng is -1", "at least 0"]),
    (lambda w: data.dates("2", 0), T, ["n is '2' (str)", "whole number"]),
    (lambda w: data.sentiment(-2, 0), V, ["n is -2", "at least 1"]),
    (lambda w: data.sentiment(2, 0.5), T, ["rng is 0.5 (float)", "default_rng"]),
]

TABLE = {"fitting": FITTING, "data": DATA, "states": STATES, "files": FILES, "tasks": TASKS}
ROWS = [pytest.param(*row, id=f"{topic}: {row[2][0]}") for topic, rows in TABLE.items() for row in rows]


@pytest.mark.parametrize(("call", "error", "fragments"), ROWS)
def test_bad_input_is_refused_in_words_that_name_it(call, error, fragments, refuses, tmp_path):
    world = World(tmp_path)
    world.kept = {name: array.copy() for name, array in world.net.params.items()}
    refuses(lambda: call(world), error, fragments)
    for name, array in world.net.params.items():
        np.testing.assert_array_equal(array, world.kept[name], err_msg=name)
    for name, array in training.load(world.path).items():
        np.testing.assert_array_equal(array, world.kept[name], err_msg=name)
    assert (world.sgd.updates, world.sgd.lr) == (0, 0.1)
    assert list(tmp_path.iterdir()) == [world.path]
