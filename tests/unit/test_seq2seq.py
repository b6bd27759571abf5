"""Encoder and decoder: the parts put together by hand, finite differences through the whole, decoding."""

import numpy as np
import pytest

import rnnlib
from rnnlib import training

SOURCE = np.array([[1, 4, 2], [3, 0, 2], [2, 2, 5], [5, 1, 1]])  # (T_x, B) = (4, 3), of 6 symbols
INPUTS = np.array([[0, 0, 0], [3, 1, 2], [2, 4, 4]])  # (T_y, B) = (3, 3), of 5 symbols
LENGTHS = [4, 2, 3]


def deep(kind, attention=False):
    """Embedding and two cells with dropout between them, on both sides."""
    encoder = [rnnlib.Embedding(6, 2, rng=0), kind(2, 3, rng=1), rnnlib.Dropout(0.4), kind(3, 4, rng=2)]
    decoder = [rnnlib.Embedding(5, 3, rng=3), kind(3, 3, rng=4), kind(3, 4, rng=5)]
    readout = rnnlib.Readout(8 if attention else 4, 5, rng=6)
    return rnnlib.EncoderDecoder(rnnlib.stack(encoder), rnnlib.stack(decoder), readout, attention=attention)


def two_ways(kind, attention=False):
    """A bidirectional encoder; the decoder is as wide as both of its directions."""
    both = rnnlib.bidirectional(kind(2, 2, rng=1), kind(2, 3, rng=2))
    encoder = rnnlib.stack([rnnlib.Embedding(6, 2, rng=0), both])
    decoder = rnnlib.stack([rnnlib.Embedding(5, 3, rng=3), kind(3, 5, rng=4)])
    readout = rnnlib.Readout(10 if attention else 5, 5, rng=6)
    return rnnlib.EncoderDecoder(encoder, decoder, readout, attention=attention)


def shortened(kind, attention=False):
    """A convolution in front of the encoder's cell."""
    conv = rnnlib.Conv1D(2, 2, 2, padding="valid", rng=1)
    encoder = rnnlib.stack([rnnlib.Embedding(6, 2, rng=0), conv, kind(2, 4, rng=2)])
    decoder = rnnlib.stack([rnnlib.Embedding(5, 3, rng=3), kind(3, 4, rng=4)])
    readout = rnnlib.Readout(8 if attention else 4, 5, rng=6)
    return rnnlib.EncoderDecoder(encoder, decoder, readout, attention=attention)


@pytest.mark.parametrize("attention", [False, True])
@pytest.mark.parametrize("lengths", [None, LENGTHS])
@pytest.mark.parametrize("make", [deep, two_ways, shortened])
@pytest.mark.parametrize("kind", [rnnlib.RNN, rnnlib.GRU, rnnlib.LSTM])
def test_gradients_through_the_whole_equal_finite_differences(hold, kind, make, lengths, attention):
    net = make(kind, attention)
    trace = net.forward(SOURCE, INPUTS, lengths=lengths, rng=1)
    dy = np.random.default_rng(0).standard_normal(trace.y.shape)
    grads = net.backward(trace, dy)
    loss = lambda: float((net.forward(SOURCE, INPUTS, lengths=lengths, rng=1).y * dy).sum())
    hold(loss, {name: (grads.params[name], array) for name, array in net.params.items()})
    assert all((gradient != 0).any() for name, gradient in grads.params.items() if name.startswith("encoder"))


@pytest.mark.parametrize("attention", [False, True])
def test_the_sources_own_gradient_equals_finite_differences_and_is_zero_in_padding(hold, attention):
    cells = rnnlib.LSTM(2, 3, rng=0), rnnlib.LSTM(4, 3, rng=1)
    net = rnnlib.EncoderDecoder(*cells, rnnlib.Readout(6 if attention else 3, 5, rng=2), attention=attention)
    rng = np.random.default_rng(1)
    source, inputs, dy = (rng.standard_normal(size) for size in [(4, 3, 2), (3, 3, 4), (3, 3, 5)])
    grads = net.backward(net.forward(source, inputs, lengths=LENGTHS), dy)
    loss = lambda: float((net.forward(source, inputs, lengths=LENGTHS).y * dy).sum())
    hold(loss, {"source": (grads.x, source), "inputs": (grads.layers[1].x, inputs)})
    over = np.arange(4)[:, None] >= LENGTHS
    assert (grads.x[over] == 0).all()
    assert (grads.x[~over] != 0).all()


@pytest.mark.parametrize("attention", [False, True])
def test_each_sequence_alone_by_its_parts_gives_the_same_logits(attention):
    net = deep(rnnlib.LSTM, attention)
    y = net.forward(SOURCE, INPUTS, lengths=LENGTHS).y
    for b, length in enumerate(LENGTHS):
        encoder = net.encoder.forward(SOURCE[:length, b : b + 1])
        (_, h1, _, h2), (_, c1, _, c2) = encoder.h_last, encoder.c_last
        states = net.decoder.forward(INPUTS[:, b : b + 1], [None, h1, h2], [None, c1, c2]).y[:, 0]
        if attention:
            scores = np.exp(states @ encoder.y[:, 0].T / 2)  # √H = 2
            states = np.c_[states, scores / scores.sum(axis=1, keepdims=True) @ encoder.y[:, 0]]
        expected = states @ net.params["readout.W_hy"] + net.params["readout.b_y"]
        np.testing.assert_allclose(y[:, b], expected, atol=1e-13)


@pytest.mark.parametrize("attention", [False, True])
def test_the_sources_padding_is_never_read(attention):
    net, over = deep(rnnlib.GRU, attention), np.arange(4)[:, None] >= LENGTHS
    one = net.forward(SOURCE, INPUTS, lengths=LENGTHS)
    two = net.forward(np.where(over, -99, SOURCE), INPUTS, lengths=LENGTHS)
    np.testing.assert_array_equal(one.y, two.y)
    assert not attention or (two.attention.weights[:, over.T] == 0).all()


def test_a_later_input_does_not_change_an_earlier_logit():
    net, later = deep(rnnlib.GRU, attention=True), INPUTS.copy()
    later[2] = 1
    one, two = net.forward(SOURCE, INPUTS).y, net.forward(SOURCE, later).y
    np.testing.assert_array_equal(one[:2], two[:2])
    assert (one[2] != two[2]).any()


def test_a_generator_reaches_the_dropout_of_both_sides_and_neither_acts_without_it():
    words = [
        rnnlib.stack([rnnlib.Embedding(6, 2, rng=i), rnnlib.Dropout(0.5), rnnlib.GRU(2, 3, rng=i)])
        for i in (0, 1)
    ]
    net = rnnlib.EncoderDecoder(*words, rnnlib.Readout(3, 5, rng=2))
    trace = net.forward(SOURCE, INPUTS, rng=3)
    for side in (trace.encoder, trace.decoder):
        assert set(np.unique(side.layers[1].mask)) == {0, 2}
    np.testing.assert_array_equal(net.forward(SOURCE, INPUTS, rng=3).y, trace.y)
    still = net.forward(SOURCE, INPUTS)
    assert still.encoder.layers[1].mask is None
    assert still.decoder.layers[1].mask is None


def test_params_are_the_parts_own_arrays():
    net = deep(rnnlib.GRU, attention=True)
    assert net.params["encoder.3.W_hh"] is net.encoder.layers[3].params["W_hh"]
    assert net.params["decoder.1.W_xh"] is net.decoder.layers[1].params["W_xh"]
    assert net.params["readout.b_y"] is net.readout.params["b_y"]


# ---- decoding


def by_whole_prefixes(net, source, start, steps, lengths=None):
    """Greedy decoding without carried states: read the whole prefix again for each further symbol."""
    prefix = np.full((1, source.shape[1]), start)
    for _ in range(steps):
        best = net.forward(source, prefix, lengths=lengths).y[-1].argmax(axis=-1)
        prefix = np.concatenate([prefix, best[None]])
    return prefix[1:]


@pytest.mark.parametrize("attention", [False, True])
@pytest.mark.parametrize("make", [deep, two_ways])
@pytest.mark.parametrize("kind", [rnnlib.RNN, rnnlib.GRU, rnnlib.LSTM])
def test_greedy_decoding_equals_reading_the_whole_prefix_each_time(kind, make, attention):
    net, symbols = make(kind, attention), set()
    for seed in range(6):
        rng = np.random.default_rng(seed)
        for (
            name,
            array,
        ) in net.params.items():  # large weights and no favourite symbol, so that the symbols differ
            array[...] = 0 if name == "readout.b_y" else 1.5 * rng.standard_normal(array.shape)
        found = net.greedy(SOURCE, start=0, steps=6, lengths=LENGTHS)
        np.testing.assert_array_equal(found, by_whole_prefixes(net, SOURCE, 0, 6, LENGTHS))
        symbols |= {tuple(column) for column in found.T}
    assert len(symbols) > 6  # of 18 sequences


def countdown():
    """A net that, from the source's symbol n, puts out n − 1, n − 2, … and after 0 the end, 4, then nonsense.

    The decoder's one linear unit holds what to say next; the logits −(v − h)² are, up to what all share, 2 v h − v².
    """
    encoder = [rnnlib.Embedding(5, 1), rnnlib.RNN(1, 1, activation="identity")]
    decoder = [rnnlib.Embedding(5, 1), rnnlib.RNN(1, 1, activation="identity")]
    net = rnnlib.EncoderDecoder(rnnlib.stack(encoder), rnnlib.stack(decoder), rnnlib.Readout(1, 5))
    values = np.array([0.0, 1, 2, 3, -1])  # the end, symbol 4, stands for −1
    for array in net.params.values():
        array[...] = 0
    net.params["encoder.0.W_e"][:, 0] = values
    net.params["encoder.1.W_xh"][...] = net.params["decoder.1.W_hh"][...] = 1
    net.params["decoder.1.b_h"][...] = -1
    net.params["readout.W_hy"][0], net.params["readout.b_y"][...] = 2 * values, -(values**2)
    return net


def test_greedy_stops_when_all_have_ended_and_fills_with_the_end():
    found = countdown().greedy([[3, 1, 2]], start=0, end=4, steps=10)
    assert found.T.tolist() == [[2, 1, 0, 4], [0, 4, 4, 4], [1, 0, 4, 4]]


def test_greedy_goes_on_for_all_its_steps_where_there_is_no_end_or_none_comes():
    net = countdown()
    assert net.greedy([[3, 1, 2]], start=0, end=4, steps=2).T.tolist() == [[2, 1], [0, 4], [1, 0]]
    assert len(net.greedy([[3, 1, 2]], start=0, steps=7)) == 7


def test_what_a_sequence_would_say_after_its_end_is_replaced_by_the_end():
    net = countdown()
    net.params["readout.W_hy"][0, 3], net.params["readout.b_y"][3] = (
        -10,
        -15,
    )  # 3 is the best from −2 downward
    assert net.greedy([[1, 3]], start=0, steps=4).T.tolist() == [[0, 4, 3, 3], [2, 1, 0, 4]]
    assert net.greedy([[1, 3]], start=0, end=4, steps=9).T.tolist() == [[0, 4, 4, 4], [2, 1, 0, 4]]


def test_overflow_is_kept_by_forward_and_named_by_greedy():
    net = countdown()
    net.params["decoder.1.W_hh"][...] = 1e200
    trace = net.forward([[3]], [[0], [0], [0]])
    assert trace.decoder.overflow == 2  # from h_0 = 3: 3e200, then beyond the largest double
    with pytest.raises(FloatingPointError, match="t = 2"):
        rnnlib.softmax_cross_entropy(trace.y, [[0], [0], [0]])
    with pytest.raises(FloatingPointError, match="logits holds"):
        net.greedy([[3]], start=0, steps=5)


# ---- learning


def test_it_learns_to_reverse_short_sequences_in_the_training_loop():
    """All 3 + 9 + 27 sequences of up to three of the symbols 2, 3, 4; 0 starts, 1 ends."""
    words = [[*word] for n in (1, 2, 3) for word in np.ndindex(*[3] * n)]
    source, targets = np.zeros((3, 39), int), np.full((4, 39), 1)
    mask = np.zeros((4, 39), bool)
    for b, word in enumerate(words):
        symbols = np.array(word) + 2
        source[: len(word), b], targets[: len(word), b] = symbols, symbols[::-1]
        mask[: len(word) + 1, b] = True
    lengths = np.array([len(word) for word in words])
    inputs = np.concatenate([np.zeros((1, 39), int), targets[:-1]])
    parts = [rnnlib.stack([rnnlib.Embedding(5, 6, rng=i), rnnlib.GRU(6, 16, rng=i + 1)]) for i in (0, 2)]
    net = rnnlib.EncoderDecoder(*parts, rnnlib.Readout(32, 5, rng=4), attention=True)
    training.fit(net, (source, inputs), targets, lengths=lengths, mask=mask, loss=rnnlib.softmax_cross_entropy,
                 optimiser=rnnlib.Adam(0.02), steps=200, rng=0, progress=False)  # fmt: skip
    found = net.greedy(source, start=0, end=1, steps=4, lengths=lengths)
    np.testing.assert_array_equal(found, targets)
