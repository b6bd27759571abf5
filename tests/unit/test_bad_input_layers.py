"""The table of bad input to layers: what is done, the error, fragments of its message.

After each, the layers' parameters and the arrays that were passed are as they were.
"""

import copy

import numpy as np
import pytest

import rnnlib

NAN, INF = float("nan"), float("inf")
V, T, F = ValueError, TypeError, FloatingPointError


class World:
    """One layer of each kind and what suits it."""

    def __init__(self):
        self.x, self.symbols, self.inputs = np.ones((5, 3, 2)), np.ones((5, 3), int), np.zeros((4, 3), int)
        self.fwd, self.bwd = rnnlib.LSTM(2, 3, rng=0), rnnlib.LSTM(2, 4, rng=1)
        self.both = rnnlib.bidirectional(self.fwd, self.bwd)
        self.simple = rnnlib.bidirectional(rnnlib.RNN(2, 3, rng=0), rnnlib.RNN(2, 3, rng=1))
        self.embedding, self.dropout = rnnlib.Embedding(6, 2, rng=2), rnnlib.Dropout(0.5)
        self.conv, self.valid = rnnlib.Conv1D(2, 4, 3, rng=3), rnnlib.Conv1D(2, 4, 6, padding="valid", rng=3)
        self.attention, self.keys = rnnlib.Attention(), np.ones((6, 3, 2))
        self.net = rnnlib.stack([self.dropout, rnnlib.GRU(2, 3, rng=4), rnnlib.LSTM(3, 3, rng=5)])
        self.words = rnnlib.stack([self.embedding, rnnlib.GRU(2, 3, rng=6)])
        self.decoder = rnnlib.stack([rnnlib.Embedding(5, 2, rng=7), rnnlib.GRU(2, 3, rng=8)])
        self.pair = rnnlib.EncoderDecoder(self.words, self.decoder, rnnlib.Readout(3, 5, rng=9))
        self.vectors = rnnlib.EncoderDecoder(
            rnnlib.GRU(2, 3, rng=0), rnnlib.GRU(5, 3, rng=0), rnnlib.Readout(3, 5)
        )

    def arrays(self):
        """Everything a refused call must leave alone."""
        nets = [self.both, self.simple, self.embedding, self.conv, self.valid, self.net, self.pair]
        groups = [vars(self), *(net.params for net in nets)]
        named = {f"{i}.{name}": value for i, group in enumerate(groups) for name, value in group.items()}
        return {name: value for name, value in named.items() if isinstance(value, np.ndarray)}


def rnn(D=2, H=3, **options):
    return rnnlib.RNN(D, H, rng=0, **options)


def join(w, encoder=None, decoder=None, readout=None, **options):
    readout = rnnlib.Readout(3, 5) if readout is None else readout
    return rnnlib.EncoderDecoder(encoder or rnnlib.GRU(2, 3), decoder or rnnlib.GRU(2, 3), readout, **options)


def at(array, index, value):
    array = np.array(array, dtype=float)
    array[index] = value
    return array


def ones(*size):
    return np.ones(size)


BIDIRECTIONAL = [
    (lambda w: rnnlib.bidirectional(w.fwd, "GRU"), T, ["bwd is 'GRU' (str)", "a cell: RNN, LSTM or GRU"]),
    (lambda w: rnnlib.bidirectional(w.net, w.bwd), T, ["fwd is of type Stack", "a cell"]),
    (lambda w: rnnlib.bidirectional(w.fwd, w.fwd), V, ["bwd is the same cell as fwd", "another one"]),
    (lambda w: rnnlib.bidirectional(w.fwd, rnnlib.LSTM(3, 3)), V, ["bwd, LSTM(3, 3)", "the same input size"]),
    (lambda w: rnnlib.bidirectional(w.fwd, rnnlib.GRU(2, 3)), V, ["bwd, GRU(2, 3", "kind of state"]),
    (lambda w: rnnlib.bidirectional(rnn(), rnn(dtype=np.float32)), V, ["does not go with fwd", "dtype"]),
    (lambda w: w.both.forward(w.x[:, 0]), V, ["x has shape (5, 2)", "(T, B, 2)", "forget the batch axis"]),
    (lambda w: w.both.forward(ones(5, 3, 4)), V, ["x has shape (5, 3, 4)", "(T, B, 2)"]),
    (lambda w: w.both.forward(at(w.x, (4, 2, 1), INF)), V, ["x holds inf at index (4, 2, 1)", "finite"]),
    (lambda w: w.both.forward(w.x, lengths=[5, 6, 1]), V, ["lengths[1] is 6", "from 0 to T = 5"]),
    (lambda w: w.both.forward(w.x, h0=ones(3, 3)), V, ["h0 has shape (3, 3)", "(B, 2H) = (3, 7)"]),
    (lambda w: w.both.forward(w.x, c0=[ones(3, 3)] * 2), V, ["c0 has shape (2, 3, 3)", "(B, 2H) = (3, 7)"]),
    (
        lambda w: w.both.backward(w.both.forward(w.x)),
        V,
        ["dy, dh_last, dc_last are all None", "at least one"],
    ),
    (
        lambda w: w.both.backward(w.both.forward(w.x), ones(5, 3, 3)),
        V,
        ["dy has shape (5, 3, 3)", "(5, 3, 7)"],
    ),
    (
        lambda w: w.both.backward(w.both.forward(w.x), at(ones(5, 3, 7), 0, NAN)),
        V,
        ["dy holds nan", "finite"],
    ),
    (
        lambda w: w.both.backward(w.both.forward(w.x), dc_last=ones(3, 6)),
        V,
        ["dc_last has shape (3, 6)", "(3, 7)"],
    ),
    (lambda w: w.both.backward(w.both.forward(w.x), ones(5, 3, 7), window=2), V, ["window is 2", "None"]),
    (
        lambda w: w.both.backward(w.simple.forward(w.x), ones(5, 3, 7)),
        V,
        ["trace is", "another layer, bidirectional"],
    ),
]

EMBEDDING = [
    (lambda w: rnnlib.Embedding(0, 2), V, ["num_embeddings is 0", "at least 1"]),
    (lambda w: rnnlib.Embedding(5, 2.0), T, ["embedding_size is 2.0 (float)", "whole number"]),
    (lambda w: rnnlib.Embedding(5, 2, dtype=int), T, ["dtype is <class 'int'>", "np.float32 or np.float64"]),
    (lambda w: w.embedding.forward(w.symbols * 1.0), T, ["x holds float64", "whole numbers from 0 to 5"]),
    (lambda w: w.embedding.forward([["a", "b"]]), T, ["x holds text", "symbols (T, B)"]),
    (lambda w: w.embedding.forward(w.symbols[:, 0]), V, ["x has shape (5,)", "(T, B)"]),
    (
        lambda w: w.embedding.forward(np.eye(6, dtype=int)[w.symbols]),
        V,
        ["x has shape (5, 3, 6)", "not one-hot rows"],
    ),
    (lambda w: w.embedding.forward([[5, 6]]), V, ["x[0, 1] is 6", "from 0 to 5"]),
    (lambda w: w.embedding.forward([[-1]]), V, ["x[0, 0] is -1", "from 0 to 5"]),
    (lambda w: w.embedding.forward(w.symbols, lengths=[1, 2]), V, ["lengths has shape (2,)", "(B,) = (3,)"]),
    (
        lambda w: w.embedding.backward(w.embedding.forward(w.symbols), ones(5, 3)),
        V,
        ["dy has shape (5, 3)", "(T, B, D) = (5, 3, 2)"],
    ),
]

DROPOUT = [
    (lambda w: rnnlib.Dropout(1), V, ["p is 1", "below 1"]),
    (lambda w: rnnlib.Dropout(-0.1), V, ["p is -0.1", "at least 0"]),
    (lambda w: rnnlib.Dropout(None), T, ["p is None", "finite number"]),
    (lambda w: w.dropout.forward(w.x, rng="seed"), T, ["rng is 'seed' (str)", "default_rng(seed)"]),
    (lambda w: w.dropout.forward(w.x, rng=-1), V, ["rng is -1", "at least 0"]),
    (lambda w: w.dropout.forward(at(w.x, 0, NAN), rng=0), V, ["x holds nan", "finite"]),
    (lambda w: w.dropout.forward(ones(3), rng=0), V, ["x has shape (3,)", "(T, B, D)"]),
    (lambda w: w.dropout.forward(w.x * 1j), T, ["x holds complex numbers", "real numbers"]),
    (
        lambda w: w.dropout.backward(w.dropout.forward(w.x), ones(5, 3)),
        V,
        ["dy has shape (5, 3)", "(5, 3, 2)"],
    ),
]

CONV = [
    (lambda w: rnnlib.Conv1D(2, 4, 0), V, ["width is 0", "at least 1"]),
    (lambda w: rnnlib.Conv1D(2, 4, 3, stride=0), V, ["stride is 0", "at least 1"]),
    (lambda w: rnnlib.Conv1D(2, -4, 3), V, ["output_size is -4", "at least 1"]),
    (lambda w: rnnlib.Conv1D(2, 4, 3, padding="full"), V, ["padding is 'full'", "'same', 'causal', 'valid'"]),
    (lambda w: rnnlib.Conv1D(2, 4, 3, padding=1), T, ["padding is 1", "'same', 'causal', 'valid'"]),
    (lambda w: w.conv.forward(ones(5, 3, 3)), V, ["x has shape (5, 3, 3)", "(T, B, 2)"]),
    (lambda w: w.conv.forward(at(w.x, (1, 0, 0), NAN)), V, ["x holds nan at index (1, 0, 0)", "finite"]),
    (lambda w: w.valid.forward(w.x), V, ["x has 5 steps", "width = 6"]),
    (lambda w: w.conv.forward(w.x, lengths=[5, 3, 2.5]), T, ["lengths holds float64", "whole numbers"]),
    (
        lambda w: w.conv.backward(w.conv.forward(w.x), ones(4, 3, 4)),
        V,
        ["dy has shape (4, 3, 4)", "(T′, B, O) = (5, 3, 4)"],
    ),
]

ATTENTION = [
    (lambda w: rnnlib.Attention(dtype="text"), T, ["dtype is 'text'", "np.float32 or np.float64"]),
    (lambda w: w.attention.forward(ones(4, 3), w.keys), V, ["queries has shape (4, 3)", "(T_q, 3, 2)"]),
    (lambda w: w.attention.forward(ones(4, 3, 5), w.keys), V, ["queries has shape (4, 3, 5)", "(T_q, 3, 2)"]),
    (lambda w: w.attention.forward(ones(4, 2, 2), w.keys), V, ["queries has shape (4, 2, 2)", "(T_q, 3, 2)"]),
    (lambda w: w.attention.forward(w.x, ones(6, 2)), V, ["keys has shape (6, 2)", "(T_k, B, H)"]),
    (lambda w: w.attention.forward(w.x, w.keys, w.x), V, ["values has shape (5, 3, 2)", "(6, 3, O)"]),
    (lambda w: w.attention.forward(w.x, None), T, ["keys is None", "real numbers"]),
    (lambda w: w.attention.forward(at(w.x, 0, NAN), w.keys), V, ["queries holds nan", "finite"]),
    (
        lambda w: w.attention.forward(w.x, at(w.keys, 5, INF), lengths=[6, 6, 1]),
        V,
        ["keys holds inf", "finite"],
    ),
    (
        lambda w: w.attention.forward(w.x, w.keys, lengths=[6, 0, 1]),
        V,
        ["lengths[1] is 0", "from 1 to T = 6"],
    ),
    (
        lambda w: w.attention.backward(w.attention.forward(w.x, w.keys), ones(6, 3, 2)),
        V,
        ["dy has shape (6, 3, 2)", "(T_q, B, O) = (5, 3, 2)"],
    ),
]

STACK = [
    (lambda w: w.net.forward(w.x, c0=[None]), V, ["c0 is a list of 1", "a list of 3"]),
    (lambda w: w.net.forward(w.x, c0=ones(3, 3)), V, ["c0 is an array of shape (3, 3)", "a list of 3"]),
    (
        lambda w: w.net.forward(w.x, c0=[None, ones(3, 3), None]),
        V,
        ["c0[1] is an array", "has no cell state"],
    ),
    (
        lambda w: w.net.forward(w.x, h0=[ones(3, 2), None, None]),
        V,
        ["h0[0] is", "None: Dropout(0.5) has no state"],
    ),
    (
        lambda w: w.net.forward(w.x, c0=[None, None, ones(3, 4)]),
        V,
        ["c0 has shape (3, 4)", "(B, H) = (3, 3)"],
    ),
    (lambda w: w.net.forward(w.x, rng=0.5), T, ["rng is 0.5 (float)", "default_rng"]),
    (lambda w: w.net.forward(at(w.x, 0, NAN)), V, ["x holds nan", "finite"]),
    (
        lambda w: w.net.backward(w.net.forward(w.x), dc_last=[None, ones(3, 3), None]),
        V,
        ["dc_last[1] is", "has no cell state"],
    ),
    (lambda w: rnnlib.stack([rnn(), w.dropout, rnn(4)]), V, ["layers[2]", "has input size 4", "expected 3"]),
    (
        lambda w: rnnlib.stack([w.dropout, rnn(), w.conv]),
        V,
        ["layers[2], Conv1D(2, 4, 3, padding='same'), has input size 2", "expected 3"],
    ),
    (
        lambda w: rnnlib.stack([rnn(dtype=np.float32), w.dropout, rnn(3)]),
        V,
        ["layers[2]", "is float64", "expected float32"],
    ),
    (lambda w: rnnlib.stack([rnn(), w.dropout, w.dropout]), V, ["layers[2], Dropout(0.5), stands", "twice"]),
    (lambda w: w.words.forward(w.symbols * 0.5), T, ["x holds float64", "whole numbers from 0 to 5"]),
    (lambda w: w.words.forward(w.x), T, ["x holds float64", "symbols (T, B)"]),
]

ENCODER_DECODER = [
    (lambda w: join(w, encoder="GRU"), T, ["encoder is 'GRU' (str)", "a layer"]),
    (lambda w: join(w, decoder=rnnlib.GRU), T, ["decoder is of type type", "a layer"]),
    (lambda w: join(w, readout=rnn(3, 5)), T, ["readout is of type RNN", "a Readout"]),
    (lambda w: join(w, attention="yes"), T, ["attention is 'yes' (str)", "True or False"]),
    (lambda w: join(w, readout=rnnlib.Readout(4, 5)), V, ["Readout(4, 5)", "the hidden size 3"]),
    (lambda w: join(w, attention=True), V, ["Readout(3, 5)", "6, twice the decoder's output size"]),
    (lambda w: join(w, decoder=rnnlib.GRU(2, 4)), V, ["hands over other states", "the same sizes"]),
    (lambda w: join(w, decoder=rnnlib.LSTM(2, 3)), V, ["hands over other states", "kinds"]),
    (lambda w: join(w, encoder=w.net), V, ["hands over other states", "as many"]),
    (lambda w: join(w, encoder=rnnlib.Readout(2, 3)), V, ["hands over other states", "at least one"]),
    (
        lambda w: join(w, encoder=rnnlib.stack([w.words])),
        V,
        ["holds [stack([Embedding(6, 2)", "no stack within"],
    ),
    (lambda w: join(w, decoder=rnnlib.stack([w.conv, rnn(4)])), V, ["holds [Conv1D", "step by step"]),
    (lambda w: join(w, decoder=w.simple), V, ["holds [bidirectional", "a decoder of cells"]),
    (
        lambda w: join(w, decoder=rnnlib.stack([rnn(), w.embedding])),
        V,
        ["layers[1], Embedding(6, 2)", "expected 3"],
    ),
    (
        lambda w: join(
            w, rnnlib.stack([rnn(), w.conv.__class__(3, 4, 1)]), rnn(), rnnlib.Readout(6, 5), attention=True
        ),
        V,
        ["encoder has output size 4", "expected 3, as decoder, for attention"],
    ),
    (
        lambda w: join(w, readout=rnnlib.Readout(3, 5, dtype=np.float32)),
        V,
        ["float64, float64, float32", "one float type"],
    ),
    (
        lambda w: w.pair.forward(w.symbols, w.inputs[:, :2]),
        V,
        ["inputs has shape (4, 2)", "B = 3, as in source"],
    ),
    (lambda w: w.pair.forward(w.symbols, w.inputs + 5), V, ["x[0, 0] is 5", "from 0 to 4"]),
    (lambda w: w.pair.forward(w.symbols, None), T, ["inputs is None", "real numbers"]),
    (lambda w: w.pair.forward(w.symbols, w.inputs, rng="x"), T, ["rng is 'x' (str)", "default_rng"]),
    (
        lambda w: w.pair.backward(w.pair.forward(w.symbols, w.inputs), ones(4, 3, 3)),
        V,
        ["dy has shape (4, 3, 3)", "(T, B, O) = (4, 3, 5)"],
    ),
    (
        lambda w: w.pair.backward(w.vectors.forward(w.x, ones(4, 3, 5)), ones(4, 3, 5)),
        V,
        ["trace is the trace of another layer, EncoderDecoder", "this layer's forward"],
    ),
    (lambda w: w.pair.greedy(w.symbols, start=5, steps=3), V, ["start is 5", "from 0 to 4"]),
    (lambda w: w.pair.greedy(w.symbols, start=0, end=-1, steps=3), V, ["end is -1", "at least 0"]),
    (lambda w: w.pair.greedy(w.symbols, start="<s>", steps=3), T, ["start is '<s>' (str)", "whole number"]),
    (lambda w: w.pair.greedy(w.symbols, start=0, steps=0), V, ["steps is 0", "at least 1"]),
    (
        lambda w: w.vectors.greedy(w.x, start=0, steps=3),
        V,
        ["decoder begins with GRU(5, 3", "expected an Embedding"],
    ),
]


def replaced(layer, name):
    """The layer with an array of its own put into params, as an assignment without [...] does."""
    layer = copy.deepcopy(layer)
    layer.params[name] = layer.params[name] * 2
    return layer


PARAMS = [
    (
        lambda w: replaced(w.both, "bwd.W_hh").forward(w.x),
        V,
        ['params["bwd.W_hh"] is no longer the array of its layer'],
    ),
    (
        lambda w: replaced(w.pair, "decoder.1.b_h").forward(w.symbols, w.inputs),
        V,
        ['params["decoder.1.b_h"]', "[...]"],
    ),
    (
        lambda w: replaced(w.net, "1.W_xh").forward(w.x),
        V,
        ['params["1.W_xh"] is no longer', "one array in both"],
    ),
]

TABLE = {
    "bidirectional": BIDIRECTIONAL,
    "embedding": EMBEDDING,
    "dropout": DROPOUT,
    "conv": CONV,
    "params": PARAMS,
}
TABLE |= {"attention": ATTENTION, "stack": STACK, "encoder-decoder": ENCODER_DECODER}
ROWS = [pytest.param(*row, id=f"{topic}: {row[2][0]}") for topic, rows in TABLE.items() for row in rows]


@pytest.mark.parametrize(("call", "error", "fragments"), ROWS)
def test_bad_input_to_a_layer_is_refused_in_words_that_name_it(call, error, fragments, refuses):
    world = World()
    before = copy.deepcopy(world.arrays())
    refuses(lambda: call(world), error, fragments)
    for name, array in before.items():
        np.testing.assert_array_equal(world.arrays()[name], array, err_msg=name)


def test_the_table_holds_at_least_90_rows():
    assert len(ROWS) >= 90
