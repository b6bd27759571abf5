"""Encoder and decoder: from one sequence to another (Cho et al. 2014; Sutskever, Vinyals & Le 2014)."""

from dataclasses import dataclass

import numpy as np

from .. import _validate
from .._validate import need
from ..cells.base import Cell
from .attention import Attention
from .composite import Composite, layer_of
from .dropout import Dropout
from .embedding import Embedding
from .readout import Readout
from .stack import Stack


@dataclass(repr=False, eq=False)
class EncoderDecoderTrace:
    """The traces of the parts (`attention` None without it); `lengths` (B,) of y: all T_y steps; `owner`."""

    encoder: object
    decoder: object
    attention: object
    readout: object
    lengths: np.ndarray
    owner: object

    @property
    def y(self):
        """The logits, (T_y, B, O)."""
        return self.readout.y


class EncoderDecoder(Composite):
    """An encoder reads the source; its last states are the decoder's first; a readout turns the decoder's into logits.

    - encoder: a cell, bidirectional layer or stack; decoder: a cell or a stack of cells, Dropout and an Embedding in
      front. From the lowest up each decoder cell starts from the encoder's states of the same place, so there are as
      many, equally wide (2H after a bidirectional layer), LSTMs meeting LSTMs.
    - readout: a Readout from the decoder's states (T_y, B, H).
    - attention=True: the readout gets (T_y, B, 2H), beside each state the mean of the encoder's outputs that Attention
      with this state as query takes; Bahdanau, Cho & Bengio (2015) feed that mean back into the decoder as well.

    `params` has the keys "encoder.0.W_hh" (a cell alone is a stack of one), "decoder.…" and "readout.…". ValueError for
    parts that do not go together, TypeError for other parts.

    >>> import rnnlib
    >>> net = EncoderDecoder(rnnlib.GRU(2, 3, rng=0), rnnlib.GRU(4, 3, rng=1), rnnlib.Readout(3, 5, rng=2))
    >>> net.forward(np.ones((7, 1, 2)), np.ones((6, 1, 4))).y.shape
    (6, 1, 5)
    """

    takes = frozenset({"lengths", "rng"})

    def __init__(self, encoder, decoder, readout, *, attention=False):
        self.encoder, self.decoder = _as_stack(encoder, "encoder"), _as_stack(decoder, "decoder")
        self.readout = layer_of(readout, "readout", Readout, "a Readout")
        parts = {"encoder": self.encoder, "decoder": self.decoder, "readout": readout}
        _check_parts(**parts, attends=_validate.flag(attention, "attention"))
        self.attention = Attention(dtype=readout.dtype) if attention else None
        super().__init__(parts, self.encoder.input_size, readout.output_size, readout.dtype)

    def __repr__(self):
        return f"EncoderDecoder({self.encoder!r}, {self.decoder!r}, {self.readout!r})"

    def forward(self, source, inputs, *, lengths=None, rng=None):
        """Read source (T_x, B, …), its sequences ending at lengths (B,), then inputs (T_y, B, …); return the trace.

        inputs[k] is what the decoder reads before y[k]. In training that is the target before it (teacher forcing,
        Williams & Zipser 1989): a start symbol, then the targets without their last. rng for layers that draw.
        ValueError for what does not fit.

        >>> import rnnlib
        >>> cells, readout = (rnnlib.GRU(2, 3, rng=0), rnnlib.GRU(4, 3, rng=1)), rnnlib.Readout(6, 5, rng=2)
        >>> net = EncoderDecoder(*cells, readout, attention=True)
        >>> net.forward(np.ones((7, 1, 2)), np.ones((6, 1, 4))).attention.weights.shape
        (6, 1, 7)
        """
        self._check_params()
        rng = None if rng is None else _validate.generator(rng)
        encoder = self.encoder.forward(source, lengths=lengths, rng=rng)
        B, got = encoder.y.shape[1], _validate.real_array(inputs, "inputs").shape
        need(got[1:2] == (B,), f"inputs has shape {got}; expected (T_y, B, …) with B = {B}, as in source")
        starts = self._hand_over(encoder.h_last, encoder.c_last, self.decoder)
        decoder = self.decoder.forward(inputs, *starts, rng=rng)
        attention, states = self._attend(encoder, decoder)
        readout = self.readout.forward(states)
        return EncoderDecoderTrace(encoder, decoder, attention, readout, np.full(B, len(decoder.y)), self)

    def _hand_over(self, h, c, to):
        """Deal states, or their gradients, out to the layers of the other stack that have some."""
        dealt = []
        for name, states in (("h0", h), ("c0", c)):
            states = iter([_validate.made(state) for state in states if state is not None])
            dealt.append([next(states) if name in layer.takes else None for layer in to.layers])
        return dealt

    def _attend(self, encoder, decoder):
        """Return attention's trace and what the readout reads: each decoder state, with what it attends to."""
        if self.attention is None:
            return None, decoder.y
        queries, keys = _validate.made(decoder.y), _validate.made(encoder.y)
        attention = self.attention.forward(queries, keys, lengths=encoder.lengths)
        return attention, np.concatenate([decoder.y, attention.y], axis=-1)

    def backward(self, trace, dy):
        """Return the Grads for dy (T_y, B, O): back through the decoder and its first states into the encoder.

        `layers` are the Grads of encoder, decoder and readout; `x` is the source's (None for symbols). ValueError if
        the trace is another's or the parameters have changed since.

        >>> import rnnlib
        >>> net = EncoderDecoder(rnnlib.GRU(2, 3, rng=0), rnnlib.GRU(4, 3, rng=1), rnnlib.Readout(3, 5, rng=2))
        >>> trace = net.forward(np.ones((7, 1, 2)), np.ones((6, 1, 4)))
        >>> net.backward(trace, np.ones((6, 1, 5))).x.shape
        (7, 1, 2)
        """
        self._check_owner(trace)
        self._check_params()
        readout = self.readout.backward(trace.readout, dy)
        dh, dkeys = readout.x, None
        if self.attention is not None:
            H = self.decoder.output_size
            attended = self.attention.backward(trace.attention, _validate.made(dh[..., H:]))
            dh, dkeys = dh[..., :H] + attended.x, _validate.made(attended.keys)
        decoder = self.decoder.backward(trace.decoder, _validate.made(dh))
        dh_last, dc_last = self._hand_over(decoder.h0, decoder.c0, self.encoder)
        encoder = self.encoder.backward(trace.encoder, dkeys, dh_last=dh_last, dc_last=dc_last)
        return self._collect({"encoder": encoder, "decoder": decoder, "readout": readout}, encoder.x)

    def greedy(self, source, start, end=None, *, steps, lengths=None):
        """Let the decoder read its own most probable symbol of the step before; return symbols (T, B), T ≤ steps.

        It begins with the symbol `start` and stops once all sequences have put out `end`, which fills what follows an
        earlier end. ValueError for symbols the decoder does not know; FloatingPointError if the states overflow.

        >>> import rnnlib
        >>> decoder = rnnlib.stack([rnnlib.Embedding(5, 4, rng=1), rnnlib.GRU(4, 3, rng=1)])
        >>> net = EncoderDecoder(rnnlib.GRU(2, 3, rng=0), decoder, rnnlib.Readout(3, 5, rng=2))
        >>> net.greedy(np.ones((7, 1, 2)), start=0, steps=4).shape
        (4, 1)
        """
        start, end = self._symbol(start, "start"), None if end is None else self._symbol(end, "end")
        steps, symbols = _validate.count(steps, "steps"), []
        encoder = self.encoder.forward(source, lengths=lengths)
        state = self._hand_over(encoder.h_last, encoder.c_last, self.decoder)
        last, ended = np.full(encoder.y.shape[1], start), False
        while len(symbols) < steps and not np.all(ended):
            decoder = self.decoder.forward(last[None], *state)
            logits = self.readout.forward(self._attend(encoder, decoder)[1]).y[0]
            best = _validate.finite(logits, "logits", FloatingPointError).argmax(axis=-1)
            last, state = np.where(ended, last, best), (decoder.h_last, decoder.c_last)
            symbols.append(last)
            ended = last == end
        return np.array(symbols)

    def _symbol(self, value, name):
        first, V = self.decoder.layers[0], self.output_size
        good = isinstance(first, Embedding) and first.input_size >= V
        need(good, f"decoder begins with {first!r}; expected an Embedding of the readout's {V} symbols")
        good = _validate.count(value, name, least=0) < first.input_size
        need(good, f"{name} is {value}; expected a symbol, a whole number from 0 to {first.input_size - 1}")
        return value


def _as_stack(layer, name):
    return layer if isinstance(layer_of(layer, name), Stack) else Stack([layer])


def _check_parts(encoder, decoder, readout, attends):
    """Refuse parts that cannot be joined: kinds of layers, states, sizes, float types."""
    odd = [layer for layer in encoder.layers if isinstance(layer, Stack)]
    odd += [layer for layer in decoder.layers[:1] if not isinstance(layer, (Cell, Dropout, Embedding))]
    odd += [layer for layer in decoder.layers[1:] if not isinstance(layer, (Cell, Dropout))]
    need(not odd, f"encoder or decoder holds {odd[:1]}; expected no stack within a stack, and a decoder of cells and "
         "Dropout, an Embedding in front: it goes step by step")  # fmt: skip
    one, other = ([(layer.output_size, "c0" in layer.takes) for layer in net.layers if "h0" in layer.takes]
                  for net in (encoder, decoder))  # fmt: skip
    need(one and one == other, f"encoder, {encoder!r}, hands over other states than decoder, {decoder!r}, has; "
         "expected as many, of the same sizes and kinds, and at least one")  # fmt: skip
    H, keys = decoder.output_size, encoder.output_size
    need(keys == H or not attends, f"encoder has output size {keys}; expected {H}, as decoder, for attention")
    size, why = (2 * H, "twice the decoder's output size") if attends else (H, "the decoder's output size")
    need(readout.hidden_size == size, f"readout is {readout!r}; expected the hidden size {size}, {why}")
    dtypes = [str(part.dtype) for part in (encoder, decoder, readout)]
    need(len({*dtypes}) == 1, f"encoder, decoder, readout are {', '.join(dtypes)}; expected one float type")
