"""One table of bad input over all public functions.

Each row: what is done, the error it raises, and fragments that the message holds: the argument's name, what came and
what was expected. After each, nothing that the call could reach has changed.
"""

import ast
import copy
from pathlib import Path

import numpy as np
import pytest

import rnnlib
from rnnlib import data, interop

NAN = float("nan")


class World:
    """A cell, a readout, a stack, their traces and gradients, targets and an optimiser that has made one update."""

    def __init__(self):
        self.cell, self.readout = rnnlib.RNN(2, 3, rng=0, learn_h0=True), rnnlib.Readout(3, 4, rng=1)
        self.other = rnnlib.RNN(2, 3, rng=0)
        self.single = rnnlib.RNN(2, 3, rng=0, dtype=np.float32)
        self.net = rnnlib.stack([rnnlib.RNN(2, 3, rng=0), rnnlib.Readout(3, 4, rng=1)])
        self.x = np.ones((5, 2, 2))
        self.dh = np.ones((5, 2, 3))
        self.trace, self.seen = self.cell.forward(self.x), self.net.forward(self.x)
        self.out = self.readout.forward(self.trace.y)
        self.logits, self.y = np.zeros((5, 2, 4)), np.zeros((5, 2), int)
        self.params = {"W": np.ones((2, 2)), "b": np.ones(2)}
        self.grads = {"W": np.full((2, 2), 3.0), "b": np.full(2, 4.0)}
        self.adam = rnnlib.Adam(lr=0.1)
        self.adam.step(self.params, self.grads)

    def arrays(self):
        """Everything a refused call must leave alone."""
        groups = [self.cell.params, self.readout.params, self.net.params, self.params, self.grads, vars(self)]
        named = {f"{i}.{name}": value for i, group in enumerate(groups) for name, value in group.items()}
        named |= {
            f"{name}.adam.{i}": s for name, state in self.adam._state.items() for i, s in enumerate(state)
        }
        return {name: value for name, value in named.items() if isinstance(value, np.ndarray)}


def with_entry(array, index, value):
    array = np.array(array, dtype=float)
    array[index] = value
    return array


def gradient(named):
    return lambda params: (float(sum((p**2).sum() for p in params.values())), named(params))


def twice(params):
    return {name: 2 * p for name, p in params.items()}


class Noisy:
    """A loss that differs from call to call."""

    calls = 0

    def __call__(self, params):
        self.calls += 1
        return float(self.calls), twice(params)


def state(**changes):
    return {**interop.to_torch(rnnlib.RNN(2, 3, rng=0)), **changes}


V, T, F = ValueError, TypeError, FloatingPointError

MAKING = [
    (lambda w: rnnlib.RNN(0, 3), V, ["input_size is 0", "at least 1"]),
    (lambda w: rnnlib.RNN(2, -3), V, ["hidden_size is -3", "at least 1"]),
    (lambda w: rnnlib.RNN(2.0, 3), T, ["input_size is 2.0 (float)", "whole number"]),
    (lambda w: rnnlib.RNN(2, True), T, ["hidden_size is True", "whole number"]),
    (lambda w: rnnlib.RNN("2", 3), T, ["input_size is '2' (str)", "whole number"]),
    (lambda w: rnnlib.RNN(2, None), T, ["hidden_size is None", "whole number"]),
    (lambda w: rnnlib.RNN(2, 3, activation="softmax"), V, ["activation is 'softmax'", "'tanh', 'relu'"]),
    (lambda w: rnnlib.RNN(2, 3, activation=np.tanh), T, ["activation is <ufunc", "'tanh'"]),
    (lambda w: rnnlib.RNN(2, 3, init="xavier"), V, ["init is 'xavier'", "'uniform', 'orthogonal'"]),
    (lambda w: rnnlib.RNN(2, 3, gain=NAN), V, ["gain is nan", "finite number"]),
    (lambda w: rnnlib.RNN(2, 3, gain=-1), V, ["gain is -1", "at least 0"]),
    (lambda w: rnnlib.RNN(2, 3, gain="big"), T, ["gain is 'big' (str)", "finite number"]),
    (lambda w: rnnlib.RNN(2, 3, rng=-1), V, ["rng is -1", "at least 0"]),
    (lambda w: rnnlib.RNN(2, 3, rng="seed"), T, ["rng is 'seed' (str)", "default_rng(seed)"]),
    (
        lambda w: rnnlib.RNN(2, 3, rng=np.random.RandomState(0)),
        T,
        ["rng is of type RandomState", "default_rng"],
    ),
    (lambda w: rnnlib.RNN(2, 3, dtype=int), T, ["dtype is <class 'int'>", "np.float32 or np.float64"]),
    (lambda w: rnnlib.RNN(2, 3, dtype=np.float16), T, ["dtype is", "float16", "np.float32 or np.float64"]),
    (lambda w: rnnlib.RNN(2, 3, dtype="number"), T, ["dtype is 'number'", "np.float64"]),
    (lambda w: rnnlib.RNN(2, 3, learn_h0=1), T, ["learn_h0 is 1 (int)", "True or False"]),
    (lambda w: rnnlib.Readout(0, 3), V, ["hidden_size is 0", "at least 1"]),
    (lambda w: rnnlib.Readout(3, 1.5), T, ["output_size is 1.5", "whole number"]),
    (lambda w: rnnlib.Readout(3, 1, rng=0.5), T, ["rng is 0.5 (float)", "default_rng"]),
    (lambda w: rnnlib.stack([]), T, ["layers is of type list", "at least one layer"]),
    (lambda w: rnnlib.stack(w.cell), T, ["layers is of type RNN", "list"]),
    (lambda w: rnnlib.stack([w.cell, "readout"]), T, ["layers[1] is 'readout' (str)", "a layer"]),
    (lambda w: rnnlib.stack([rnnlib.RNN(2, 3), rnnlib.RNN]), T, ["layers[1] is of type type", "a layer"]),
    (lambda w: rnnlib.stack([w.cell, rnnlib.Readout(4, 1)]), V, ["layers[1]", "input size 4", "expected 3"]),
    (lambda w: rnnlib.stack([w.single, w.readout]), V, ["layers[1]", "float64", "expected float32"]),
    (lambda w: rnnlib.stack([rnnlib.RNN(3, 3)] * 2), V, ["layers[1]", "twice", "different layers"]),
]

FORWARD = [
    (
        lambda w: w.cell.forward(np.ones((50, 32))),
        V,
        ["x has shape (50, 32)", "(T, B, 2)", "forget the batch axis?"],
    ),
    (lambda w: w.cell.forward(np.ones(5)), V, ["x has shape (5,)", "(T, B, 2)", "time and batch axes?"]),
    (lambda w: w.cell.forward(np.ones((5, 2, 3))), V, ["x has shape (5, 2, 3)", "(T, B, 2)", "input_size"]),
    (lambda w: w.cell.forward(np.ones((0, 2, 2))), V, ["x has shape (0, 2, 2)", "(T, B, 2)"]),
    (lambda w: w.cell.forward(np.ones((5, 0, 2))), V, ["x has shape (5, 0, 2)", "(T, B, 2)"]),
    (lambda w: w.cell.forward(3.0), V, ["x has shape ()", "(T, B, 2)"]),
    (lambda w: w.cell.forward(None), T, ["x is None", "(T, B, 2)"]),
    (lambda w: w.cell.forward("hello"), T, ["x is 'hello' (str)", "real numbers"]),
    (lambda w: w.cell.forward(["a", "b"]), T, ["x holds text", "real numbers"]),
    (lambda w: w.cell.forward(w.x + 1j), T, ["x holds complex numbers", "real numbers"]),
    (lambda w: w.cell.forward(w.x.astype(object)), T, ["x holds Python objects", "real numbers"]),
    (lambda w: w.cell.forward(w.x.astype("M8[D]")), T, ["x holds dates", "real numbers"]),
    (lambda w: w.cell.forward(w.trace), T, ["x is of type Trace", "real numbers"]),
    (lambda w: w.cell.forward([[[1, 2]], [[3]]]), V, ["x is ragged", "(T, B, 2)"]),
    (lambda w: w.cell.forward(np.ma.array(w.x)), T, ["x is a masked array", "fill it first"]),
    (
        lambda w: w.cell.forward(with_entry(w.x, (3, 1, 0), NAN)),
        V,
        ["x holds nan at index (3, 1, 0)", "finite"],
    ),
    (
        lambda w: w.cell.forward(with_entry(w.x, (0, 0, 1), np.inf)),
        V,
        ["x holds inf at index (0, 0, 1)", "finite"],
    ),
    (lambda w: w.single.forward(w.x * 1e300), V, ["x holds inf", "finite"]),
    (lambda w: w.cell.forward(w.x, np.ones((3, 3))), V, ["h0 has shape (3, 3)", "(B, H) = (2, 3)"]),
    (lambda w: w.cell.forward(w.x, np.ones(3)), V, ["h0 has shape (3,)", "(B, H) = (2, 3)"]),
    (
        lambda w: w.cell.forward(w.x, np.ones((1, 2, 3))),
        V,
        ["h0 has shape (1, 2, 3)", "(2, 3)", "axis of layers"],
    ),
    (lambda w: w.cell.forward(w.x, np.full((2, 3), NAN)), V, ["h0 holds nan", "finite"]),
    (lambda w: w.cell.forward(w.x, "zeros"), T, ["h0 is 'zeros' (str)", "(B, H)"]),
    (lambda w: w.cell.forward(w.x, lengths=[5]), V, ["lengths has shape (1,)", "(B,) = (2,)"]),
    (lambda w: w.cell.forward(w.x, lengths=5), V, ["lengths has shape ()", "(B,) = (2,)"]),
    (lambda w: w.cell.forward(w.x, lengths=[5, 6]), V, ["lengths[1] is 6", "0 to T = 5"]),
    (lambda w: w.cell.forward(w.x, lengths=[-1, 5]), V, ["lengths[0] is -1", "0 to T = 5"]),
    (lambda w: w.cell.forward(w.x, lengths=[5.0, 4.0]), T, ["lengths holds float64", "whole numbers"]),
    (lambda w: w.cell.forward(w.x, lengths=[True, False]), T, ["lengths holds bool", "whole numbers"]),
    (lambda w: w.readout.forward(np.ones((5, 2, 2))), V, ["x has shape (5, 2, 2)", "(T, B, 3)"]),
    (lambda w: w.readout.forward(np.ones((2, 4))), V, ["x has shape (2, 4)", "(B, 3)"]),
    (lambda w: w.readout.forward(np.ones(3)), V, ["x has shape (3,)", "(T, B, 3)"]),
    (lambda w: w.readout.forward("states"), T, ["x is 'states' (str)", "real numbers"]),
    (lambda w: w.net.forward(np.ones((5, 2))), V, ["x has shape (5, 2)", "(T, B, 2)", "batch axis"]),
    (lambda w: w.net.forward(w.x, np.ones((2, 3))), V, ["h0 is an array of shape (2, 3)", "list of 2"]),
    (lambda w: w.net.forward(w.x, [None]), V, ["h0 is a list of 1", "list of 2"]),
    (lambda w: w.net.forward(w.x, [None, np.ones((2, 4))]), V, ["h0[1]", "expected None", "Readout(3, 4)"]),
    (lambda w: w.net.forward(w.x, lengths=[9, 9]), V, ["lengths[0] is 9", "0 to T = 5"]),
    (lambda w: w.net.forward(w.x, rng="dice"), T, ["rng is 'dice' (str)", "default_rng"]),
]


def with_param(name, value):
    """Forward of a cell with one parameter replaced, or removed where the value is None."""

    def call(w):
        w.other.params[name] = value
        if value is None:
            del w.other.params[name]
        w.other.forward(w.x)

    return call


def replaced_in_a_stack(w):
    net = rnnlib.stack([rnnlib.RNN(2, 3), rnnlib.Readout(3, 4)])
    net.params["0.W_hh"] = np.eye(3)
    net.forward(w.x)


PARAMS = [
    (with_param("W_hh", np.eye(2)), V, ['params["W_hh"] has shape (2, 2)', "(3, 3)"]),
    (
        with_param("W_hh", np.eye(3, dtype=int)),
        T,
        ['params["W_hh"]', "dtype int64", "an array of float64", "[...]"],
    ),
    (with_param("b_h", [0.0, 0.0, 0.0]), T, ['params["b_h"] is of type list', "an array of float64"]),
    (with_param("b_h", np.array([0.0, NAN, 0.0])), V, ['params["b_h"] holds nan at index (1,)', "finite"]),
    (with_param("b_h", None), V, ["params has the names ['W_hh', 'W_xh']", "'b_h'"]),
    (
        with_param("W_hy", np.eye(3)),
        V,
        ["params has the names", "'W_hy'", "expected ['W_hh', 'W_xh', 'b_h']"],
    ),
    (replaced_in_a_stack, V, ['params["0.W_hh"] is no longer', "expected one array"]),
]


def stale(w):
    trace = w.other.forward(w.x)
    w.other.params["W_hh"] += 1.0
    w.other.backward(trace, w.dh)


BACKWARD = [
    (lambda w: w.cell.backward(w.trace), V, ["dh and dh_last are both None", "expected"]),
    (
        lambda w: w.cell.backward(w.trace, np.ones((2, 3))),
        V,
        ["dh has shape (2, 3)", "(T, B, H) = (5, 2, 3)"],
    ),
    (
        lambda w: w.cell.backward(w.trace, np.ones((6, 2, 3))),
        V,
        ["dh has shape (6, 2, 3)", "(5, 2, 3)", "h_0"],
    ),
    (lambda w: w.cell.backward(w.trace, w.dh * NAN), V, ["dh holds nan at index (0, 0, 0)", "finite"]),
    (lambda w: w.cell.backward(w.trace, w.dh * 1j), T, ["dh holds complex numbers", "(T, B, H)"]),
    (lambda w: w.cell.backward(w.trace, dh_last=w.dh), V, ["dh_last has shape (5, 2, 3)", "(B, H) = (2, 3)"]),
    (lambda w: w.cell.backward(w.trace, dh_last=[[NAN] * 3] * 2), V, ["dh_last holds nan", "finite"]),
    (lambda w: w.cell.backward(w.trace, w.dh, window=0), V, ["window is 0", "at least 1"]),
    (lambda w: w.cell.backward(w.trace, w.dh, window=2.5), T, ["window is 2.5 (float)", "whole number"]),
    (lambda w: w.cell.backward(w.trace, w.dh, window=True), T, ["window is True", "whole number"]),
    (
        lambda w: w.other.backward(w.trace, w.dh),
        V,
        ["trace is the trace of another layer", "this layer's forward"],
    ),
    (
        lambda w: w.cell.backward(w.x, w.dh),
        V,
        ["trace is an array of shape (5, 2, 2)", "this layer's forward"],
    ),
    (lambda w: w.cell.backward(None, w.dh), V, ["trace is None", "this layer's forward"]),
    (stale, V, ['params["W_hh"] has changed since', "call forward again"]),
    (lambda w: w.readout.backward(w.out, w.dh), V, ["dy has shape (5, 2, 3)", "(T, B, O) = (5, 2, 4)"]),
    (lambda w: w.readout.backward(w.out, w.logits * NAN), V, ["dy holds nan", "finite"]),
    (lambda w: w.readout.backward(w.out, None), T, ["dy is None", "(T, B, O)"]),
    (
        lambda w: w.readout.backward(w.trace, w.logits),
        V,
        ["trace is the trace of another layer, RNN(2, 3", "this"],
    ),
    (lambda w: w.net.backward(w.seen), V, ["dy, dh_last, dc_last are all None", "expected"]),
    (lambda w: w.net.backward(w.seen, w.dh), V, ["dy has shape (5, 2, 3)", "(5, 2, 4)"]),
    (lambda w: w.net.backward(w.seen, w.logits, dh_last=w.dh[0]), V, ["dh_last is an array", "a list of 2"]),
    (lambda w: w.net.backward(w.seen, dh_last=[None, w.dh[0]]), V, ["dh_last[1]", "expected None"]),
    (lambda w: w.net.backward(w.seen, w.logits, window=-1), V, ["window is -1", "at least 1"]),
    (
        lambda w: w.net.backward(w.trace, w.logits),
        V,
        ["trace is the trace of another layer", "this layer's forward"],
    ),
]

ce, mse = rnnlib.softmax_cross_entropy, rnnlib.mse

LOSSES = [
    (
        lambda w: ce(np.zeros((6, 2, 4)), w.y),
        V,
        ["logits has shape (6, 2, 4)", "T = 5", "trace.h instead of trace.y?"],
    ),
    (lambda w: ce(np.zeros(4), 1), V, ["logits has shape (4,)", "(T, B, O) or (B, O)"]),
    (lambda w: ce(np.zeros((5, 2, 0)), w.y), V, ["logits has shape (5, 2, 0)", "(T, B, O)"]),
    (lambda w: ce(None, w.y), T, ["logits is None", "real numbers"]),
    (lambda w: ce(w.logits * 1j, w.y), T, ["logits holds complex numbers", "real numbers"]),
    (lambda w: ce(w.logits, None), T, ["targets is None", "real numbers"]),
    (lambda w: ce(w.logits, w.y[:3]), V, ["targets has shape (3, 2)", "(T, B) = (5, 2)", "(5, 2, 4)"]),
    (lambda w: ce(w.logits, w.y[..., None]), V, ["targets has shape (5, 2, 1)", "(5, 2)"]),
    (
        lambda w: ce(w.logits, w.y.T),
        V,
        ["targets has shape (2, 5)", "time comes first", "targets transposed?"],
    ),
    (
        lambda w: ce(np.zeros((3, 2, 4)), [[0, 1, 2], [0, 1, 2]]),
        V,
        ["targets has shape (2, 3)", "(T, B) = (3, 2)", "targets transposed?"],
    ),
    (
        lambda w: mse(np.zeros((3, 2, 4)), np.zeros((2, 3, 4))),
        V,
        ["targets has shape (2, 3, 4)", "(3, 2, 4)", "targets transposed?"],
    ),
    (lambda w: ce(w.logits, [[0], [1, 2]]), V, ["targets is ragged", "expected"]),
    (lambda w: ce(w.logits, w.y.astype(float)), T, ["targets holds float64", "whole numbers"]),
    (lambda w: ce(w.logits, w.y.astype(str)), T, ["targets holds text", "expected"]),
    (lambda w: ce(w.logits, w.y + 4), V, ["targets holds 4 at index (0, 0)", "from 0 to 3"]),
    (lambda w: ce(w.logits, w.y - 100), V, ["targets holds -100", "from 0 to 3"]),
    (lambda w: ce(w.logits, w.logits + 0.5), V, ["targets sums to 2 at index (0, 0)", "probabilities"]),
    (lambda w: ce(w.logits, w.logits + [2, -1, 0, 0]), V, ["targets holds -1", "none below 0"]),
    (lambda w: ce(w.logits, w.logits * NAN), V, ["targets holds nan", "finite"]),
    (lambda w: ce(w.logits, w.y, np.ones(5)), V, ["mask has shape (5,)", "(T, B) = (5, 2)"]),
    (lambda w: ce(w.logits, w.y, w.y + 0.5), V, ["mask holds 0.5", "True or False"]),
    (lambda w: ce(w.logits, w.y, w.y, "mean"), V, ["mask is False everywhere", "expected"]),
    (lambda w: ce(w.logits, w.y, reduction="average"), V, ["reduction is 'average'", "'sum', 'mean'"]),
    (lambda w: ce(w.logits, w.y, reduction=None), T, ["reduction is None", "'sum', 'mean'"]),
    (lambda w: ce(with_entry(w.logits, (3, 1, 0), NAN), w.y), F, ["logits", "t = 4, sequence 1", "finite"]),
    (lambda w: ce(with_entry(w.logits[0], (1, 0), np.inf), w.y[0]), F, ["logits", "sequence 1", "finite"]),
    (lambda w: mse(np.zeros((6, 2, 4)), w.logits), V, ["predictions has shape (6, 2, 4)", "trace.y?"]),
    (
        lambda w: mse(np.zeros((5, 2, 1)), w.y),
        V,
        ["targets has shape (5, 2)", "(5, 2, 1)", "targets[..., None]"],
    ),
    (lambda w: mse(w.logits, w.logits * NAN), V, ["targets holds nan", "finite"]),
    (lambda w: mse(w.logits, w.logits, np.ones((2, 5))), V, ["mask has shape (2, 5)", "(T, B) = (5, 2)"]),
    (lambda w: mse(w.logits, w.logits, reduction="rms"), V, ["reduction is 'rms'", "'mean'"]),
    (lambda w: mse(w.logits + np.inf, w.logits), F, ["predictions", "t = 1, sequence 0", "finite"]),
    (lambda w: mse("a", w.logits), T, ["predictions is 'a' (str)", "real numbers"]),
    (lambda w: rnnlib.softmax(3.0), V, ["logits has shape ()", "(…, O)"]),
    (lambda w: rnnlib.softmax([NAN, 0.0]), F, ["logits overflowed", "finite"]),
    (lambda w: rnnlib.softmax(["a"]), T, ["logits holds text", "real numbers"]),
]


def read_only(w):
    frozen = copy.deepcopy(w.params)
    frozen["b"].flags.writeable = False
    w.adam.step(frozen, w.grads)


def clip_read_only(w):
    frozen = copy.deepcopy(w.grads)
    frozen["b"].flags.writeable = False
    try:
        rnnlib.clip_grad_norm(frozen, 1.0)
    finally:
        assert (frozen["W"] == w.grads["W"]).all()


OPTIMISING = [
    (lambda w: rnnlib.SGD(lr=0), V, ["lr is 0", "above 0"]),
    (lambda w: rnnlib.SGD(lr="fast"), T, ["lr is 'fast' (str)", "above 0"]),
    (lambda w: rnnlib.SGD(momentum=1.0), V, ["momentum is 1.0", "below 1"]),
    (lambda w: rnnlib.Adagrad(eps=-1), V, ["eps is -1", "above 0"]),
    (lambda w: rnnlib.Adam(lr=NAN), V, ["lr is nan", "above 0"]),
    (lambda w: rnnlib.Adam(betas=(0.9, 1.0)), V, ["betas[1] is 1.0", "below 1"]),
    (lambda w: rnnlib.Adam(betas=0.9), T, ["betas is 0.9 (float)", "two numbers"]),
    (
        lambda w: w.adam.step(w.cell, w.grads),
        T,
        ["params is of type RNN", "a dict of arrays", "pass its params"],
    ),
    (lambda w: w.adam.step(w.params, None), T, ["grads is None", "a Grads or a dict"]),
    (lambda w: w.adam.step({"W": [1.0], "b": [2.0]}, w.grads), T, ['params["W"] is of type list', "floats"]),
    (lambda w: w.adam.step({"W": np.ones(2, int)}, w.grads), T, ['params["W"]', "dtype int64", "floats"]),
    (lambda w: w.adam.step(w.params, {"W": w.grads["W"]}), V, ["grads has the names ['W']", "['W', 'b']"]),
    (lambda w: w.adam.step(w.params, {**w.grads, "c": 1}), V, ["grads has the names", "'c'", "['W', 'b']"]),
    (lambda w: w.adam.step(w.params, {**w.grads, "b": np.ones(3)}), V, ['grads["b"] has shape (3,)', "(2,)"]),
    (
        lambda w: w.adam.step(w.params, {**w.grads, "b": ["x", "y"]}),
        T,
        ['grads["b"] holds text', "real numbers"],
    ),
    (lambda w: w.adam.step(w.params, {**w.grads, "b": [NAN, 0]}), F, ['grads["b"]', "update 2", "finite"]),
    (
        lambda w: w.adam.step({"W": w.params["W"]}, {"W": w.grads["W"]}),
        V,
        ["params has", "as in the first update"],
    ),
    (read_only, V, ['params["b"] is read-only', "changed in place"]),
    (lambda w: rnnlib.clip_grad_norm(w.grads, 0), V, ["max_norm is 0", "above 0"]),
    (lambda w: rnnlib.clip_grad_norm(w.grads, None), T, ["max_norm is None", "above 0"]),
    (lambda w: rnnlib.clip_grad_norm(w.cell, 1.0), T, ["grads is of type RNN", "a Grads or a dict"]),
    (
        lambda w: rnnlib.clip_grad_norm({**w.grads, "c": [1.0]}, 1.0),
        T,
        ['grads["c"] is of type list', "floats"],
    ),
    (
        lambda w: rnnlib.clip_grad_norm({**w.grads, "c": np.array([NAN])}, 1.0),
        F,
        ['grads["c"] holds nan', "finite"],
    ),
    (clip_read_only, V, ['grads["b"] is read-only', "changed in place"]),
    (lambda w: rnnlib.clip_grad_value(w.grads, -1.0), V, ["max_value is -1.0", "above 0"]),
    (lambda w: rnnlib.clip_grad_value([1.0], 1.0), T, ["grads is of type list", "a Grads or a dict"]),
    (
        lambda w: rnnlib.clip_grad_value({**w.grads, "c": np.array([np.inf])}, 1.0),
        F,
        ['grads["c"] holds inf', "finite"],
    ),
    (lambda w: rnnlib.grad_norm(None), T, ["grads is None", "a Grads or a dict"]),
    (lambda w: rnnlib.grad_norm({"c": np.array([np.inf])}), F, ['grads["c"] holds inf', "finite"]),
]

check = rnnlib.gradcheck

GRADCHECK = [
    (
        lambda w: check(gradient(twice), w.cell),
        T,
        ["params is of type RNN", "dict of float arrays", "its params"],
    ),
    (lambda w: check(gradient(twice), {}), T, ["params is of type dict", "dict of float arrays"]),
    (lambda w: check(gradient(twice), {"b": np.ones(2, int)}), T, ['params["b"]', "int64", "floats"]),
    (lambda w: check(gradient(twice), {"b": np.array([NAN])}), V, ['params["b"] holds nan', "finite"]),
    (
        lambda w: check(gradient(twice), {"b": np.ones((0, 2))}),
        V,
        ['params["b"] has shape (0, 2)', "one entry"],
    ),
    (lambda w: check(lambda p: 1.0, w.params), T, ["f returned 1.0 (float)", "(loss, grads)"]),
    (lambda w: check(lambda p: (np.ones(2), twice(p)), w.params), V, ["f's loss has shape (2,)", "a scalar"]),
    (lambda w: check(lambda p: (None, twice(p)), w.params), T, ["f's loss is None", "a scalar"]),
    (lambda w: check(lambda p: (NAN, twice(p)), w.params), F, ["f's loss is nan", "finite"]),
    (lambda w: check(gradient(lambda p: [1.0]), w.params), T, ["grads of type list", "a Grads or a dict"]),
    (
        lambda w: check(gradient(lambda p: {"W": p["W"]}), w.params),
        V,
        ["f returned grads ['W']", 'expected "b"'],
    ),
    (
        lambda w: check(gradient(lambda p: {**twice(p), "b": 1.0}), w.params),
        V,
        ['grads["b"] has shape ()', "(2,)"],
    ),
    (lambda w: check(Noisy(), w.params), V, ["f returned the loss 1.0 and then 2.0", "expected one value"]),
    (lambda w: check(gradient(twice), w.params, eps=0), V, ["eps is 0", "above 0"]),
    (lambda w: check(gradient(twice), w.params, tolerance="tight"), T, ["tolerance is 'tight'", "above 0"]),
    (lambda w: check(gradient(twice), w.params, max_entries=0), V, ["max_entries is 0", "at least 1"]),
]

OTHERS = [
    (lambda w: interop.from_torch(w.cell, None), T, ["state_dict is None", "expected a dict"]),
    (
        lambda w: interop.from_torch("cell", state()),
        T,
        ["cell is 'cell'", "an RNN, LSTM or GRU", "a stack of RNNs", "a Readout"],
    ),
    (lambda w: interop.from_torch(w.net, state()), T, ["cell is stack(", "a stack of RNNs"]),
    (lambda w: interop.from_torch(w.cell, {}), V, ["lacks", "weight_ih_l0", "expected"]),
    (
        lambda w: interop.from_torch(w.cell, state(weight_ih_l1=np.ones((3, 3)))),
        V,
        ["unknown", "weight_ih_l1"],
    ),
    (
        lambda w: interop.from_torch(w.cell, state(bias_hh_l0="zeros")),
        T,
        ["bias_hh_l0", "'zeros'", "real numbers"],
    ),
    (lambda w: interop.from_torch(w.cell, state(bias_hh_l0=np.ones(4))), V, ["bias_hh_l0", "(4,)", "(3,)"]),
    (lambda w: interop.from_torch(w.readout, {"weight": np.ones((4, 3))}), V, ["lacks ['bias']", "'weight'"]),
    (lambda w: interop.to_torch(w.cell), V, ["learns h_0", "expected learn_h0=False"]),
    (lambda w: interop.to_torch(w.net), T, ["cell is stack(", "a stack of RNNs"]),
    (lambda w: data.encode(5), T, ["text is 5 (int)", "a str"]),
    (lambda w: data.encode(""), V, ["text is empty", "at least one character"]),
    (lambda w: data.one_hot([0, 3], 3), V, ["ints holds 3", "0 to V − 1 = 2"]),
    (lambda w: data.one_hot([-1], 3), V, ["ints holds -1", "0 to V − 1 = 2"]),
    (lambda w: data.one_hot([0.5], 3), T, ["ints holds float64", "whole numbers"]),
    (lambda w: data.one_hot([0], 0), V, ["V is 0", "at least 1"]),
]

TABLE = {"making": MAKING, "forward": FORWARD, "params": PARAMS, "backward": BACKWARD, "losses": LOSSES}
TABLE |= {"optimising": OPTIMISING, "gradcheck": GRADCHECK, "others": OTHERS}
ROWS = [pytest.param(*row, id=f"{topic}: {row[2][0]}") for topic, rows in TABLE.items() for row in rows]


@pytest.mark.parametrize(("call", "error", "fragments"), ROWS)
def test_bad_input_is_refused_in_words_that_name_it(call, error, fragments, refuses):
    world = World()
    before = copy.deepcopy(world.arrays())
    refuses(lambda: call(world), error, fragments)
    for name, array in before.items():
        np.testing.assert_array_equal(world.arrays()[name], array, err_msg=name)
    assert world.adam.updates == 1


def names_in(code):
    """All names that a piece of code, and what is nested in it, refers to."""
    nested = [names_in(const) for const in code.co_consts if hasattr(const, "co_names")]
    return set(code.co_names).union(*nested)


def names_beside():
    """All attributes that the tables beside this one, test_bad_input_*.py, refer to."""
    trees = [ast.parse(path.read_text("utf-8")) for path in Path(__file__).parent.glob("test_bad_input_*.py")]
    return {node.attr for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Attribute)}


def test_the_tables_call_every_public_function_and_this_one_holds_at_least_60_rows():
    calls = [row[0] for rows in TABLE.values() for row in rows]
    used = set().union(names_beside(), *(names_in(call.__code__) for call in calls))
    aliases = {"softmax_cross_entropy": "ce", "gradcheck": "check"}
    public = {aliases.get(name, name) for name in rnnlib.__all__ if name != "Grads"}
    public |= {"from_torch", "to_torch", "encode", "one_hot", "forward", "backward", "step"}
    assert public - used == set()
    assert len(calls) >= 60
