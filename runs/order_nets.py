"""Train a GRU, an LSTM and a tanh RNN on temporal order from five seeds each, and store the weights of the first seed.

Run `python runs/order_nets.py` (some four minutes on one core); it writes runs/order_nets.npz. The explorer
`connectivity` shows these three nets: it computes what their answers depend on from the weights.

Data: rnnlib.tasks.temporal_order(50), 50 to 55 symbols, a fresh batch of 32 a step. Models: 16 units (the LSTM's
forget bias starts at 3) and a readout of the last state, float64. Training: cross-entropy at the last step, Adam with
learning rate 0.01, gradient norm clipped at 1, 2500 steps. Baseline: one of four classes by chance, 0.25. The table
`accuracy` (nets, seeds) is of the nets as trained, `rounded` (nets,) of the stored weights, float16; both on the same
2000 sequences, which no net was trained on. Weights stand under names such as "GRU.W_hh".
"""

import json
from pathlib import Path

import numpy as np
from tqdm import tqdm

import rnnlib
from rnnlib import tasks, training

SETTINGS = {"T": 50, "units": 16, "batch_size": 32, "lr": 0.01, "max_norm": 1.0, "steps": 2500,
            "seeds": [0, 1, 2, 3, 4], "tested": 2000, "test_seed": 10_000, "baseline": 0.25}  # fmt: skip
CELLS = {"GRU": {}, "LSTM": {"forget_bias": 3.0}, "RNN": {}}


def make(name, seed, H):
    """Return a cell of H units that reads the eight symbols, with a readout of four logits."""
    cell = getattr(rnnlib, name)(8, H, rng=seed, **CELLS[name])
    return rnnlib.stack([cell, rnnlib.Readout(H, 4, rng=seed + 100)])


def train(name, seed, *, T, units, batch_size, lr, max_norm, steps, **others):
    """Return one trained net."""
    net = make(name, seed, units)
    training.fit(
        net, lambda rng: tasks.temporal_order(T, batch_size, rng), loss=rnnlib.softmax_cross_entropy,
        last_step=True, optimiser=rnnlib.Adam(lr), steps=steps, max_norm=max_norm, rng=seed, progress=False,
    )  # fmt: skip
    return net


def accuracy(net, *, T, tested, test_seed, **others):
    """Return the share of test sequences that the net answers rightly."""
    batch = tasks.temporal_order(T, tested, test_seed)
    logits = net.forward(batch.x, lengths=batch.lengths).y[batch.lengths - 1, np.arange(tested)]
    return float((logits.argmax(axis=1) == batch.targets).mean())


def halved(net, name):
    """Round the net's parameters to float16 in place, and return them under the names that the file has."""
    halves = {f"{name}.{key.split('.')[1]}": array.astype(np.float16) for key, array in net.params.items()}
    for array, half in zip(net.params.values(), halves.values()):
        array[...] = half
    return halves


def run(settings=SETTINGS):
    """Return {name: array}, all that the file holds."""
    table = {name: [] for name in CELLS}
    weights, rounded = {}, []
    for name, seed in tqdm([(name, seed) for name in CELLS for seed in settings["seeds"]]):
        net = train(name, seed, **settings)
        table[name].append(accuracy(net, **settings))
        if seed == settings["seeds"][0]:
            weights |= halved(net, name)
            rounded.append(accuracy(net, **settings))
    about = {"nets": np.array(list(CELLS)), "settings": np.array(json.dumps(settings))}
    return about | {"accuracy": np.array([*table.values()]), "rounded": np.array(rounded)} | weights


def main():
    path = Path(__file__).with_suffix(".npz")
    arrays = run()
    np.savez_compressed(path, **arrays)
    print(f"{path}: {path.stat().st_size} bytes")
    for name, row, rounded in zip(arrays["nets"], arrays["accuracy"], arrays["rounded"]):
        print(f"{name}: accuracy {row.tolist()}; of the first with weights as float16 {rounded}")


if __name__ == "__main__":
    main()
