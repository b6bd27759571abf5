"""Train tanh networks, and the ReLU network that starts from the identity, on the adding problem; store the losses.

Run `python runs/adding_rnn.py` (about three minutes); it writes runs/adding_rnn.npz, which the chapter on vanishing
gradients shows: `tanh` (inits, rates, steps) and `irnn` (seeds, steps), the mean squared error of each step's batch.

Data: rnnlib.tasks.adding(100, 64), form "le", a fresh batch a step; baseline: the variance 1/6. Models: 32 units and a
readout of the last state, float32. Training: Adam, gradient norm clipped at 1. The grid: four initialisations of
W_hh by four rates, seed 0, 1200 steps. The identity network (Le, Jaitly & Hinton 2015): rate 0.001, three seeds,
8000 steps.
"""

from pathlib import Path

import numpy as np
from tqdm import tqdm

import rnnlib
from rnnlib import tasks, training

LENGTH, BATCH, HIDDEN = 100, 64, 32
INITS, RATES, STEPS = ("uniform", "normal", "orthogonal", "identity"), (0.001, 0.003, 0.01, 0.03), 1200
IRNN_SEEDS, IRNN_RATE, IRNN_STEPS = (0, 1, 2), 0.001, 8000


def losses(activation, init, rate, steps, seed):
    """Return the loss of every step of one run."""
    cell = rnnlib.RNN(2, HIDDEN, activation=activation, init=init, rng=seed, dtype=np.float32)
    net = rnnlib.stack([cell, rnnlib.Readout(HIDDEN, 1, rng=seed + 1, dtype=np.float32)])
    history = training.fit(
        net, lambda rng: tasks.adding(LENGTH, BATCH, rng), loss=rnnlib.mse, last_step=True,
        optimiser=rnnlib.Adam(lr=rate), steps=steps, max_norm=1.0, rng=seed, progress=False,
    )  # fmt: skip
    return history.loss.astype(np.float32)


def main():
    runs = [("tanh", init, rate, STEPS, 0) for init in INITS for rate in RATES]
    runs += [("relu", "identity", IRNN_RATE, IRNN_STEPS, seed) for seed in IRNN_SEEDS]
    curves = [losses(*run) for run in tqdm(runs)]
    grid = np.reshape(curves[: len(INITS) * len(RATES)], (len(INITS), len(RATES), STEPS))
    path = Path(__file__).with_suffix(".npz")
    irnn = np.array(curves[len(INITS) * len(RATES) :])
    np.savez_compressed(path, inits=INITS, rates=RATES, tanh=grid, irnn=irnn, seeds=IRNN_SEEDS)
    print(f"{path}: {path.stat().st_size} bytes; tanh ends at {grid[:, :, -100:].mean(axis=-1).round(3).tolist()}, "
          f"the identity network at {irnn[:, -100:].mean(axis=-1).round(3).tolist()}")  # fmt: skip


if __name__ == "__main__":
    main()
