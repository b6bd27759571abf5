"""Four ways to pool the states of a GRU, on two tasks with the same inputs: where does each help?

Run `python runs/pooling.py` (about two minutes on one core); it writes runs/pooling.json. Data: fresh batches of 60
to 100 steps of noise with one or three marked steps, made by `marked`. "one early mark": a single mark within the
first quarter, the class is its sign. "the last of three": three marks anywhere, the class is the sign of the last,
whose place nobody knows before the end. Baseline: ln 2, no idea. Settings: GRU of 16 units, batches of 32, Adam with
rate 0.01, norm clipped at 1, 400 updates, the test loss on 1000 sequences each 50. float32.
"""

import sys

import numpy as np
from pooled import Classifier
from seeds import TEST_SEED, store

import rnnlib
from rnnlib import training
from rnnlib.tasks import Batch

SETTINGS = {"seeds": [0, 1, 2], "H": 16, "T": 100, "batch_size": 32, "lr": 0.01, "max_norm": 1.0, "steps": 400,
            "every": 50, "tested": 1000}  # fmt: skip
POOLS = ("last", "mean", "max", "attention")
TASKS = {"one early mark": 1, "the last of three": 3}


def marked(marks, T, B, rng):
    """Return x (T, B, 2), noise with the signs beside their marks, the sign of the last mark (B,), and lengths."""
    rng = np.random.default_rng(rng)
    lengths = rng.integers(3 * T // 5, T + 1, B)
    x = np.zeros((T, B, 2))
    x[:, :, 0] = rng.normal(size=(T, B))
    signs = rng.choice([-1.0, 1.0], (marks, B))
    for b, n in enumerate(lengths):
        places = np.sort(rng.choice(n // 4 if marks == 1 else n, marks, replace=False))
        x[places, b] = np.stack([signs[:, b], np.ones(marks)], axis=-1)
    return Batch(x, (signs[-1] > 0).astype(int), lengths)


def net(seed, pool):
    rng, H = np.random.default_rng(seed), SETTINGS["H"]
    gru = rnnlib.GRU(2, H, rng=rng, dtype=np.float32)
    return Classifier(rnnlib.stack([gru]), pool, rnnlib.Readout(H, 2, rng=rng, dtype=np.float32))


def result(marks, pool):
    """Return what came of one pool on one task, from each seed."""
    draw = lambda B, rng: marked(marks, SETTINGS["T"], B, rng)
    x, targets, lengths, _ = draw(SETTINGS["tested"], TEST_SEED)
    losses, accuracies = [], []
    for seed in SETTINGS["seeds"]:
        model = net(seed, pool)
        history = training.fit(
            model, lambda rng: draw(SETTINGS["batch_size"], rng), loss=rnnlib.softmax_cross_entropy, rng=seed,
            optimiser=rnnlib.Adam(SETTINGS["lr"]), steps=SETTINGS["steps"], max_norm=SETTINGS["max_norm"],
            validation=(x, targets, lengths), validate_every=SETTINGS["every"], progress=sys.stderr.isatty(),
        )  # fmt: skip
        losses.append(history.validation_loss.round(4).tolist())
        accuracies.append(
            round(float(np.mean(model.forward(x, lengths=lengths).y.argmax(axis=1) == targets)), 4)
        )
    return {"accuracy": accuracies, "validation_loss": losses}


def main():
    table = {"task": "pooling", "command": "python runs/pooling.py", "baseline": float(np.log(2)),
             "settings": SETTINGS, "test_seed": TEST_SEED, "tasks": {}}  # fmt: skip
    for task, marks in TASKS.items():
        table["tasks"][task] = {}
        for pool in POOLS:
            table["tasks"][task][pool] = found = result(marks, pool)
            print(task, pool, found["accuracy"], flush=True)
    store(__file__, table)


if __name__ == "__main__":
    main()
