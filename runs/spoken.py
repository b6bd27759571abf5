"""Vowels spoken in six orders: what a convolution in front and a second direction do for a GRU on frames.

Run `python runs/spoken.py` (about a minute on one core); it writes runs/spoken.json. Data: synthetic utterances of
the six orders of a, i, u, made by `speak`: sixteen bands with a bump at each of two formants (Peterson & Barney 1952,
men's means), another tempo for each vowel, another speaker, silence before and after, noise. For each seed 600
utterances to train on and 600 others held out, each word alike in frequency. Settings: batches of 30, Adam with rate
0.005, norm clipped at 1, 20 epochs, no stopping early, nothing chosen by the held-out utterances. float32. Baselines
(a linear readout of the mean over time, and of the means of three thirds) are computed in chapter 16.
"""

import sys
from itertools import permutations

import numpy as np
from pooled import Classifier
from seeds import store

import rnnlib
from rnnlib import training

FORMANTS = {"a": (730, 1090), "i": (270, 2290), "u": (300, 870)}  # Hz
BANDS = np.geomspace(200, 3200, 16)
WORDS = ["".join(word) for word in permutations("aiu")]
SETTINGS = {"seeds": [0, 1, 2], "train": 600, "held_out": 600, "noise": 0.8, "batch_size": 30, "lr": 0.005,
            "max_norm": 1.0, "epochs": 20}  # fmt: skip
FLOAT = np.float32


def speak(word, rng, noise=0.8):
    """Return frames (T, 16), one each 10 ms: vowels of 60 to 240 ms, glides between them, silence, noise."""
    frames = rng.integers(6, 25, len(word))
    track = np.repeat([FORMANTS[vowel] for vowel in word], frames, axis=0)
    track = np.log(track * rng.uniform(0.85, 1.2))  # the speaker's throat is longer or shorter
    padded = np.pad(track, ((2, 2), (0, 0)), mode="edge")
    track = sum(padded[k : k + len(track)] for k in range(5)) / 5  # the tongue takes its time
    bumps = np.exp(-0.5 * ((np.log(BANDS) - track[:, :, None]) / 0.15) ** 2).sum(axis=1)
    spoken = np.pad(bumps, (rng.integers(0, 20, 2), (0, 0)))
    return spoken + noise * rng.normal(size=spoken.shape)


def utterances(n, rng, noise=0.8):
    """Return x (T, n, 16), 0 at the padding, the words' numbers (n,) and lengths (n,)."""
    labels = rng.permutation(np.arange(n) % len(WORDS))
    spoken = [speak(WORDS[label], rng, noise) for label in labels]
    lengths = np.array([len(frames) for frames in spoken])
    x = np.zeros((lengths.max(), n, len(BANDS)))
    for b, frames in enumerate(spoken):
        x[: len(frames), b] = frames
    return x, labels, lengths


def net(seed, H, both, stride):
    """Return a GRU, in one direction or both, behind a convolution of width 5 if there is a stride."""
    rng, D = np.random.default_rng(seed), len(BANDS)
    layers = [rnnlib.Conv1D(D, D, 5, stride=stride, rng=rng, dtype=FLOAT)] if stride else []
    gru = lambda: rnnlib.GRU(D, H, rng=rng, dtype=FLOAT)
    layers.append(rnnlib.bidirectional(gru(), gru()) if both else gru())
    readout = rnnlib.Readout(H * (2 if both else 1), len(WORDS), rng=rng, dtype=FLOAT)
    return Classifier(rnnlib.stack(layers), "ends" if both else "last", readout)


NETS = {
    "GRU": {"H": 24, "both": False, "stride": 0},
    "GRU, 30 units": {"H": 30, "both": False, "stride": 0},
    "both directions": {"H": 16, "both": True, "stride": 0},
    "convolution, stride 1, GRU": {"H": 24, "both": False, "stride": 1},
    "convolution, GRU": {"H": 24, "both": False, "stride": 3},
    "convolution, both": {"H": 16, "both": True, "stride": 3},
}


def train(seed, **how):
    """Return one net's accuracies in training and held out, and its loss of each epoch."""
    rng = np.random.default_rng(seed)
    (x, labels, lengths), held_out = (
        utterances(SETTINGS[part], rng, SETTINGS["noise"]) for part in ("train", "held_out")
    )
    model = net(seed, **how)
    history = training.fit(
        model, x, labels, lengths=lengths, loss=rnnlib.softmax_cross_entropy, optimiser=rnnlib.Adam(SETTINGS["lr"]),
        epochs=SETTINGS["epochs"], batch_size=SETTINGS["batch_size"], max_norm=SETTINGS["max_norm"], rng=seed,
        progress=sys.stderr.isatty(),
    )  # fmt: skip
    right = [float(np.mean(model.forward(x, lengths=n).y.argmax(axis=1) == t))
             for x, t, n in ((x, labels, lengths), held_out)]  # fmt: skip
    return right, history.loss.reshape(SETTINGS["epochs"], -1).mean(axis=1)


def result(**how):
    """Return what came of one net from each seed."""
    found = [train(seed, **how) for seed in SETTINGS["seeds"]]
    (in_training, held_out), losses = (
        np.round([right for right, _ in found], 4).T,
        [loss for _, loss in found],
    )
    size = sum(array.size for array in net(0, **how).params.values())
    return {**how, "parameters": size, "train_accuracy": in_training.tolist(), "accuracy": held_out.tolist(),
            "loss": np.round(losses, 4).tolist()}  # fmt: skip


def main():
    table = {"task": "six orders of three vowels", "command": "python runs/spoken.py", "settings": SETTINGS,
             "words": WORDS, "nets": {}}  # fmt: skip
    for name, how in NETS.items():
        table["nets"][name] = result(**how)
        print(name, table["nets"][name]["accuracy"], table["nets"][name]["parameters"], flush=True)
    store(__file__, table)


if __name__ == "__main__":
    main()
