"""The adding problem over a hundred steps: which nets learn it, from which seeds, and after how many updates?

Run `python runs/adding.py` (about ten minutes on one core); it writes runs/adding.json. One net alone:
`python runs/adding.py GRU`. Task: rnnlib.tasks.adding with T = 100, fresh batches, mean squared error at the last
step on 2000 test sequences. Baseline: 1/6, the variance of the target.
"""

from functools import partial

from seeds import compare

import rnnlib
from rnnlib import tasks

T, H = 100, 32
SETTINGS = {"seeds": [0, 1, 2, 3, 4], "batch_size": 64, "steps": 1200, "lr": 0.01, "max_norm": 1.0, "every": 100,
            "loss": "mse", "last_step": True, "tested": 2000}  # fmt: skip


def net(cell, seed, H=H, **options):
    """Return a cell of H units with a readout of one number."""
    return rnnlib.stack(
        [getattr(rnnlib, cell)(2, H, rng=seed, **options), rnnlib.Readout(H, 1, rng=seed + 100)]
    )


NETS = {
    "tanh RNN": {"make": partial(net, "RNN")},
    "tanh RNN, orthogonal": {"make": partial(net, "RNN", init="orthogonal")},
    "tanh RNN, lr 0.001": {"make": partial(net, "RNN"), "lr": 0.001, "steps": 2500},
    "tanh RNN, 66 units": {"make": partial(net, "RNN", H=66)},  # as many parameters as the LSTM of 32
    "IRNN": {"make": partial(net, "RNN", activation="relu", init="identity"), "lr": 0.001, "steps": 2500},
    "GRU": {"make": partial(net, "GRU")},
    "LSTM, forget bias 3": {"make": partial(net, "LSTM", forget_bias=3.0)},
}


def draw(B, rng):
    """Draw B sequences of the task."""
    return tasks.adding(T, B, rng)


def main():
    """Train the nets named on the command line, all if none is."""
    compare(__file__, f"adding, T = {T}", draw, tasks.adding_baseline(T), 0.01, SETTINGS, NETS)


if __name__ == "__main__":
    main()
