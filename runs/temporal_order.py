"""Temporal order over sixty steps: which nets learn it, from which seeds, and after how many updates?

Run `python runs/temporal_order.py` (some ten minutes on one core); it writes runs/temporal_order.json. One net alone:
`python runs/temporal_order.py GRU`. Task: rnnlib.tasks.temporal_order with T = 60, fresh batches, cross-entropy in
nats at the last step on 2000 test sequences. Baseline: ln 4, four classes alike.
"""

from functools import partial

from seeds import compare

import rnnlib
from rnnlib import tasks

T, H = 60, 32
SETTINGS = {"seeds": [0, 1, 2, 3, 4], "batch_size": 32, "steps": 1500, "lr": 0.01, "max_norm": 1.0, "every": 100,
            "loss": "softmax_cross_entropy", "last_step": True, "tested": 2000}  # fmt: skip


def net(cell, seed, **options):
    """Return a cell of H units that reads the eight symbols, with a readout of four logits."""
    return rnnlib.stack(
        [getattr(rnnlib, cell)(8, H, rng=seed, **options), rnnlib.Readout(H, 4, rng=seed + 100)]
    )


def keeping(seed):
    """Return a GRU whose update gate starts near 0.95, as the forget gate of an LSTM with forget bias 3."""
    gru = net("GRU", seed)
    gru.params["0.b_h"][H : 2 * H] = 3.0  # the second block is z's
    return gru


irnn = partial(net, "RNN", activation="relu", init="identity")
NETS = {
    "tanh RNN": {"make": partial(net, "RNN")},
    "tanh RNN, lr 0.001": {"make": partial(net, "RNN"), "lr": 0.001},
    "IRNN": {"make": irnn, "lr": 0.001},
    "IRNN, lr 0.01": {"make": irnn},
    "GRU": {"make": partial(net, "GRU")},
    "GRU, 3000 steps": {"make": partial(net, "GRU"), "steps": 3000},
    "GRU, update bias 3": {"make": keeping},
    "LSTM, forget bias 0": {"make": partial(net, "LSTM", forget_bias=0.0)},
    "LSTM, forget bias 1": {"make": partial(net, "LSTM", forget_bias=1.0)},
    "LSTM, forget bias 3": {"make": partial(net, "LSTM", forget_bias=3.0)},
}


def draw(B, rng):
    """Draw B sequences of the task."""
    return tasks.temporal_order(T, B, rng)


def main():
    """Train the nets named on the command line, all if none is."""
    compare(__file__, f"temporal order, T = {T}", draw, tasks.temporal_order_baseline(), 0.1, SETTINGS, NETS)


if __name__ == "__main__":
    main()
