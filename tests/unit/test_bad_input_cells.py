"""Bad input to LSTM, GRU and truncated, as in test_bad_input.py: the error, and what its message holds."""

import numpy as np
import pytest

import rnnlib

NAN = float("nan")


class World:
    """One of each cell, their traces and a gradient from above."""

    def __init__(self):
        self.lstm, self.gru = rnnlib.LSTM(2, 3, rng=0, learn_h0=True), rnnlib.GRU(2, 3, rng=0)
        self.rnn, self.single = rnnlib.RNN(2, 3, rng=0), rnnlib.GRU(2, 3, rng=0, dtype=np.float32)
        self.x, self.dh, self.last = np.ones((5, 2, 2)), np.ones((5, 2, 3)), np.ones((2, 3))
        self.seen, self.read = self.lstm.forward(self.x), self.gru.forward(self.x)

    def arrays(self):
        """Everything a refused call must leave alone."""
        groups = {"": vars(self), "lstm.": self.lstm.params, "gru.": self.gru.params}
        groups |= {"seen.": vars(self.seen), "read.": vars(self.read)}
        named = {prefix + name: value for prefix, group in groups.items() for name, value in group.items()}
        return {name: value for name, value in named.items() if isinstance(value, np.ndarray)}


def with_param(cell, name, value):
    def call(w):
        params = getattr(w, cell).params
        kept = params[name]
        if value is None:
            del params[name]
        else:
            params[name] = value
        try:
            getattr(w, cell).forward(w.x)
        finally:
            params[name] = kept

    return call


def stale(cell, trace, name):
    def call(w):
        array = getattr(w, cell).params[name]
        array += 1.0
        try:
            getattr(w, cell).backward(getattr(w, trace), w.dh)
        finally:
            array -= 1.0

    return call


V, T = ValueError, TypeError

MAKING = [
    (lambda w: rnnlib.LSTM(0, 3), V, ["input_size is 0", "at least 1"]),
    (lambda w: rnnlib.GRU(2, -3), V, ["hidden_size is -3", "at least 1"]),
    (lambda w: rnnlib.LSTM(2, 3.0), T, ["hidden_size is 3.0 (float)", "whole number"]),
    (lambda w: rnnlib.GRU(True, 3), T, ["input_size is True", "whole number"]),
    (lambda w: rnnlib.LSTM(2, 3, forget_bias=NAN), V, ["forget_bias is nan", "finite number"]),
    (lambda w: rnnlib.LSTM(2, 3, forget_bias=np.inf), V, ["forget_bias is inf", "finite number"]),
    (lambda w: rnnlib.LSTM(2, 3, forget_bias="1"), T, ["forget_bias is '1' (str)", "finite number"]),
    (lambda w: rnnlib.LSTM(2, 3, forget_bias=np.ones(3)), T, ["forget_bias is an array", "finite number"]),
    (lambda w: rnnlib.GRU(2, 3, reset_after=1), T, ["reset_after is 1 (int)", "True or False"]),
    (lambda w: rnnlib.GRU(2, 3, reset_after="before"), T, ["reset_after is 'before'", "True or False"]),
    (lambda w: rnnlib.LSTM(2, 3, learn_h0=None), T, ["learn_h0 is None", "True or False"]),
    (lambda w: rnnlib.LSTM(2, 3, init="glorot"), V, ["init is 'glorot'", "'uniform', 'orthogonal'"]),
    (lambda w: rnnlib.GRU(2, 3, gain=-0.5), V, ["gain is -0.5", "at least 0"]),
    (lambda w: rnnlib.GRU(2, 3, rng="dice"), T, ["rng is 'dice' (str)", "default_rng(seed)"]),
    (lambda w: rnnlib.LSTM(2, 3, dtype=np.float16), T, ["dtype is", "float16", "np.float32 or np.float64"]),
]

FORWARD = [
    (lambda w: w.lstm.forward(w.x[0]), V, ["x has shape (2, 2)", "(T, B, 2)", "forget the batch axis?"]),
    (lambda w: w.gru.forward(np.ones((5, 2, 3))), V, ["x has shape (5, 2, 3)", "(T, B, 2)", "input_size"]),
    (lambda w: w.gru.forward(w.x[:0]), V, ["x has shape (0, 2, 2)", "(T, B, 2)"]),
    (lambda w: w.lstm.forward(w.x * NAN), V, ["x holds nan at index (0, 0, 0)", "finite"]),
    (lambda w: w.gru.forward(w.x + 1j), T, ["x holds complex numbers", "real numbers"]),
    (lambda w: w.single.forward(w.x * 1e300), V, ["x holds inf", "finite"]),
    (lambda w: w.lstm.forward(w.x, np.ones((3, 3))), V, ["h0 has shape (3, 3)", "(B, H) = (2, 3)"]),
    (lambda w: w.lstm.forward(w.x, None, np.ones(3)), V, ["c0 has shape (3,)", "(B, H) = (2, 3)"]),
    (
        lambda w: w.lstm.forward(w.x, c0=w.last[None]),
        V,
        ["c0 has shape (1, 2, 3)", "(2, 3)", "axis of layers"],
    ),
    (lambda w: w.lstm.forward(w.x, c0=w.last * NAN), V, ["c0 holds nan", "finite"]),
    (lambda w: w.lstm.forward(w.x, c0="zeros"), T, ["c0 is 'zeros' (str)", "(B, H)"]),
    (lambda w: w.lstm.forward(w.x, (w.last, w.last)), V, ["h0 has shape (2, 2, 3)", "(B, H) = (2, 3)"]),
    (lambda w: w.gru.forward(w.x, w.last * np.inf), V, ["h0 holds inf", "finite"]),
    (lambda w: w.gru.forward(w.x, lengths=[5, 6]), V, ["lengths[1] is 6", "0 to T = 5"]),
    (lambda w: w.lstm.forward(w.x, lengths=[5.0, 1.0]), T, ["lengths holds float64", "whole numbers"]),
    (with_param("gru", "b_hn", np.ones(2)), V, ['params["b_hn"] has shape (2,)', "(3,)"]),
    (with_param("gru", "b_hn", None), V, ["params has the names", "'b_hn'"]),
    (with_param("lstm", "c0", np.array([0.0, NAN, 0.0])), V, ['params["c0"] holds nan', "finite"]),
    (with_param("lstm", "W_hh", np.eye(3)), V, ['params["W_hh"] has shape (3, 3)', "(3, 12)"]),
    (with_param("lstm", "b_h", [0.0] * 12), T, ['params["b_h"] is of type list', "an array of float64"]),
]

BACKWARD = [
    (lambda w: w.lstm.backward(w.seen), V, ["dh, dh_last and dc_last are all None", "at least one"]),
    (lambda w: w.gru.backward(w.read), V, ["dh and dh_last are both None", "at least one"]),
    (lambda w: w.gru.backward(w.read, 1.0), V, ["dh has shape ()", "(T, B, H) = (5, 2, 3)"]),
    (lambda w: w.lstm.backward(w.seen, w.seen.h), V, ["dh has shape (6, 2, 3)", "(5, 2, 3)", "h_0"]),
    (lambda w: w.gru.backward(w.read, w.dh * NAN), V, ["dh holds nan at index (0, 0, 0)", "finite"]),
    (lambda w: w.lstm.backward(w.seen, dc_last=w.dh), V, ["dc_last has shape (5, 2, 3)", "(B, H) = (2, 3)"]),
    (lambda w: w.lstm.backward(w.seen, dc_last=w.last * NAN), V, ["dc_last holds nan", "finite"]),
    (lambda w: w.lstm.backward(w.seen, dc_last="c"), T, ["dc_last is 'c' (str)", "(B, H)"]),
    (lambda w: w.gru.backward(w.read, dh_last=np.ones(3)), V, ["dh_last has shape (3,)", "(B, H) = (2, 3)"]),
    (lambda w: w.lstm.backward(w.seen, w.dh, window=0), V, ["window is 0", "at least 1"]),
    (lambda w: w.gru.backward(w.read, w.dh, window=2.5), T, ["window is 2.5 (float)", "whole number"]),
    (lambda w: w.gru.backward(w.seen, w.dh), V, ["trace is the trace of another layer, LSTM(2, 3)"]),
    (
        lambda w: w.lstm.backward(w.x, w.dh),
        V,
        ["trace is an array of shape (5, 2, 2)", "this layer's forward"],
    ),
    (stale("lstm", "seen", "c0"), V, ['params["c0"] has changed since', "call forward again"]),
    (stale("gru", "read", "b_hn"), V, ['params["b_hn"] has changed since', "call forward again"]),
]

truncated = rnnlib.truncated

TRUNCATED = [
    (lambda w: truncated(w.gru, w.read, w.dh, reach=0), V, ["reach is 0", "at least 1"]),
    (lambda w: truncated(w.gru, w.read, w.dh, reach=1.5), T, ["reach is 1.5 (float)", "whole number"]),
    (lambda w: truncated(w.gru, w.read, w.dh, reach=None), T, ["reach is None", "whole number"]),
    (lambda w: truncated(w.gru, w.read, None, reach=2), T, ["dh is None", "(T, B, H)"]),
    (
        lambda w: truncated(w.gru, w.read, w.last, reach=2),
        V,
        ["dh has shape (2, 3)", "(T, B, H) = (5, 2, 3)"],
    ),
    (lambda w: truncated(w.gru, w.read, w.dh * NAN, reach=2), V, ["dh holds nan", "finite"]),
    (
        lambda w: truncated(w.gru, w.seen, w.dh, reach=2),
        V,
        ["trace is the trace of another layer, LSTM(2, 3)"],
    ),
    (lambda w: truncated(w.gru, w.x, w.dh, reach=2), V, ["trace is an array of shape (5, 2, 2)"]),
    (lambda w: truncated("gru", w.read, w.dh, reach=2), T, ["cell is 'gru' (str)", "RNN, LSTM or GRU"]),
    (
        lambda w: truncated(rnnlib.Readout(3, 1), w.read, w.dh, reach=2),
        T,
        ["cell is of type Readout", "a cell"],
    ),
]

ROWS = [*MAKING, *FORWARD, *BACKWARD, *TRUNCATED]


@pytest.mark.parametrize(("call", "error", "fragments"), ROWS, ids=[row[2][0] for row in ROWS])
def test_bad_input_is_an_error_at_the_door_and_changes_nothing(call, error, fragments):
    world = World()
    before = {name: array.copy() for name, array in world.arrays().items()}
    with pytest.raises(error) as caught:
        call(world)
    for fragment in fragments:
        assert fragment in str(caught.value)
    after = world.arrays()
    assert set(after) == set(before)
    for name, array in before.items():
        np.testing.assert_array_equal(after[name], array, err_msg=name)
