"""Surname → country: how many held-out surnames do recurrent networks place, from three seeds?

Run `python runs/surnames.py` (about a minute on one core); it writes runs/surnames.json. Data: 300 surnames from each
of ten countries (`data.surnames(300, rng=0)`, Faker's lists; no name twice, none that two countries share), in lower
case; for each seed another split into 2000 to train on, 500 to choose the epoch by, 500 held out. Characters that the
training names lack are one symbol, <unk>. Settings: embedding of 24, GRU of 64 units (in each direction, where there
are two), dropout 0.3 below and above it, batches of 50, Adam with rate 0.005, norm clipped at 1, at most 20 epochs;
it stops after four epochs without a lower validation loss and takes the best. float32. Baselines (the largest class,
counts of letter groups) are computed in chapter 16 on the same splits. Stored are the accuracies and the confusion
matrices of the 500 held-out names: rows the true country, columns the predicted one.
"""

import sys

import numpy as np
from pooled import Classifier
from seeds import store

import rnnlib
from rnnlib import data, training

SETTINGS = {"seeds": [0, 1, 2], "names": 300, "train": 2000, "validation": 500, "D": 24, "H": 64, "dropout": 0.3,
            "batch_size": 50, "lr": 0.005, "max_norm": 1.0, "epochs": 20, "patience": 4}  # fmt: skip
FLOAT = np.float32


def split(seed, N=3000, train=2000, validation=500):
    """Return three lists of places: to train on, to choose by, held out."""
    return np.split(np.random.default_rng(seed).permutation(N), [train, train + validation])


def pad(names, vocabulary):
    """Return x (T, B), 0 at the padding and 1 for unknown characters, and lengths (B,)."""
    lengths = np.array([len(name) for name in names])
    x = np.zeros((lengths.max(), len(names)), int)
    for b, name in enumerate(names):
        x[: len(name), b] = [vocabulary.get(character, 1) for character in name]
    return x, lengths


def vocabulary_of(names):
    return {character: k for k, character in enumerate(sorted(set("".join(names))), start=2)}


def body(V, seed, both):
    """Return embedding, dropout, a GRU in one direction or in both, dropout."""
    D, H, p = SETTINGS["D"], SETTINGS["H"], SETTINGS["dropout"]
    rng = np.random.default_rng(seed)
    gru = lambda: rnnlib.GRU(D, H, rng=rng, dtype=FLOAT)
    embedding = rnnlib.Embedding(V, D, rng=rng, dtype=FLOAT)
    cell = rnnlib.bidirectional(gru(), gru()) if both else gru()
    return rnnlib.stack([embedding, rnnlib.Dropout(p), cell, rnnlib.Dropout(p)])


def net(V, seed, pool, both):
    size = SETTINGS["H"] * (2 if both else 1)
    readout = rnnlib.Readout(size, 10, rng=seed + 100, dtype=FLOAT)
    return Classifier(body(V, seed, both), pool, readout)


NETS = {
    "GRU, last state": {"pool": "last", "both": False},
    "GRU, max": {"pool": "max", "both": False},
    "both directions, ends": {"pool": "ends", "both": True},
    "both directions, max": {"pool": "max", "both": True},
}


def train(seed, pool, both):
    """Return (confusion matrix, accuracies in training, validation and held out, epochs) of one net."""
    names, labels, countries = data.surnames(SETTINGS["names"], rng=0)
    names = [name.lower() for name in names]
    parts = split(seed)
    vocabulary = vocabulary_of([names[k] for k in parts[0]])
    batches = [(*pad([names[k] for k in part], vocabulary), labels[part]) for part in parts]
    (x, lengths, targets), (x_v, lengths_v, targets_v), _ = batches
    model = net(len(vocabulary) + 2, seed, pool, both)
    history = training.fit(
        model, x, targets, lengths=lengths, loss=rnnlib.softmax_cross_entropy, rng=seed,
        optimiser=rnnlib.Adam(SETTINGS["lr"]), epochs=SETTINGS["epochs"], batch_size=SETTINGS["batch_size"],
        max_norm=SETTINGS["max_norm"], validation=(x_v, targets_v, lengths_v), patience=SETTINGS["patience"],
        progress=sys.stderr.isatty(),
    )  # fmt: skip
    predicted = [model.forward(x, lengths=n).y.argmax(axis=1) for x, n, _ in batches]
    right = [float(np.mean(p == t)) for p, (_, _, t) in zip(predicted, batches)]
    confusion = np.zeros((len(countries), len(countries)), int)
    np.add.at(confusion, (batches[2][2], predicted[2]), 1)
    return confusion, right, len(history.validation_loss)


def result(pool, both):
    """Return what came of one net from each seed."""
    found = [train(seed, pool, both) for seed in SETTINGS["seeds"]]
    accuracies = np.round([right for _, right, _ in found], 4).T.tolist()
    names = ("train_accuracy", "validation_accuracy", "accuracy")
    size = sum(array.size for array in net(60, 0, pool, both).params.values())
    return {"pool": pool, "both": both, "parameters_of_60_symbols": size, **dict(zip(names, accuracies)),
            "epochs": [epochs for _, _, epochs in found],
            "confusion": [confusion.tolist() for confusion, _, _ in found]}  # fmt: skip


def main():
    table = {"task": "surname to country", "command": "python runs/surnames.py", "settings": SETTINGS,
             "countries": list(data.COUNTRIES), "nets": {}}  # fmt: skip
    for name, how in NETS.items():
        table["nets"][name] = result(**how)
        print(name, table["nets"][name]["accuracy"], table["nets"][name]["epochs"], flush=True)
    store(__file__, table)


if __name__ == "__main__":
    main()
