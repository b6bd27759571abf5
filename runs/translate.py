"""Train encoder–decoders on pairs of symbol sequences, and see what greedy decoding makes of others."""

import sys

import numpy as np

import rnnlib
from rnnlib import training
from rnnlib.tasks import Batch

E = 16  # size of the embeddings


def build(read, written, H, seed, attention):
    """Return GRUs of H units: `read` symbols in, `written` symbols out; one symbol more, the last, is the start."""
    seeds = [int(k) for k in np.random.default_rng(seed).integers(1 << 30, size=5)]
    encoder = [rnnlib.Embedding(read, E, rng=seeds[0]), rnnlib.GRU(E, H, rng=seeds[1])]
    decoder = [rnnlib.Embedding(written + 1, E, rng=seeds[2]), rnnlib.GRU(E, H, rng=seeds[3])]
    readout = rnnlib.Readout(2 * H if attention else H, written, rng=seeds[4])
    return rnnlib.EncoderDecoder(rnnlib.stack(encoder), rnnlib.stack(decoder), readout, attention=attention)


def shifted(targets, start):
    """Return what the decoder reads under teacher forcing: the start symbol, then the targets but the last."""
    return np.concatenate([np.full_like(targets[:1], start), targets[:-1]])


def noisy(inputs, share, symbols, rng):
    """Replace that share of the decoder's inputs, but for the start, by symbols drawn at random."""
    wrong = rng.random(inputs.shape) < share
    wrong[0] = False
    return np.where(wrong, rng.integers(0, symbols, inputs.shape), inputs)


def as_batch(source, targets, lengths, start):
    """Return a tasks.Batch for training.fit, with the decoder's inputs beside the source."""
    return Batch((source, shifted(targets, start)), targets, lengths)


def train(net, draw, seed, measure, *, steps, every, lr, max_norm, slower=0.2, **_):
    """Train net on draw(rng), the last three tenths at a slower rate; return what measure(net) says each `every`."""
    schedule = lambda step: 1.0 if step <= 0.7 * steps else slower
    state, found = None, []
    for step in range(every, steps + 1, every):
        history = training.fit(
            net, draw, loss=rnnlib.softmax_cross_entropy, reduction="mean", optimiser=rnnlib.Adam(lr), rng=seed,
            steps=step, max_norm=max_norm, schedule=schedule, state=state, progress=False,
        )  # fmt: skip
        state = history.state
        found.append(measure(net))
        print(f"  {step}: {found[-1]}", file=sys.stderr, flush=True)
    return found


def written_by(net, source, lengths, start, end, steps):
    """Return what greedy decoding writes, (steps, B), `end` (if there is one) behind the end."""
    symbols = net.greedy(source, start, end, steps=steps, lengths=lengths)
    missing = steps - len(symbols)
    return np.concatenate([symbols, np.full((missing, symbols.shape[1]), end)]) if missing else symbols
