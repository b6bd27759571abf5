"""Copy memory over twenty blanks: how far below the loss of a net without memory does each net get?

Run `python runs/copy_memory.py` (some ten minutes on one core); it writes runs/copy_memory.json. One net alone:
`python runs/copy_memory.py LSTM`. Task: rnnlib.tasks.copy_memory with T = 20, fresh batches, cross-entropy in nats
over all steps of 500 test sequences. Baseline: 10 ln 8/(T + 20).
"""

from functools import partial

from seeds import compare

import rnnlib
from rnnlib import tasks

T, H = 20, 64
SETTINGS = {"seeds": [0, 1, 2], "batch_size": 32, "steps": 4000, "lr": 0.005, "max_norm": 1.0, "every": 200,
            "loss": "softmax_cross_entropy", "last_step": False, "tested": 500}  # fmt: skip


def net(cell, seed, **options):
    """Return a cell of H units that reads the ten symbols, with a readout of ten logits."""
    return rnnlib.stack(
        [getattr(rnnlib, cell)(10, H, rng=seed, **options), rnnlib.Readout(H, 10, rng=seed + 100)]
    )


NETS = {
    "tanh RNN": {"make": partial(net, "RNN")},
    "IRNN": {"make": partial(net, "RNN", activation="relu", init="identity"), "lr": 0.001},
    "GRU": {"make": partial(net, "GRU")},
    "LSTM": {"make": partial(net, "LSTM")},
    "LSTM, lr 0.01": {"make": partial(net, "LSTM"), "lr": 0.01},
}


def draw(B, rng):
    """Draw B sequences of the task."""
    return tasks.copy_memory(T, B, rng)


def main():
    """Train the nets named on the command line, all if none is."""
    compare(__file__, f"copy memory, T = {T}", draw, tasks.copy_memory_baseline(T), 0.01, SETTINGS, NETS)


if __name__ == "__main__":
    main()
