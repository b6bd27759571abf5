"""Train a small tanh RNN to continue the lines of the Zen of Python, and store its weights along the way.

Run `python runs/zen_rnn.py` (about 10 s); it writes runs/zen_rnn.npz. The explorer `hidden-states` shows these
checkpoints: it computes the states from the weights, in Python with rnnlib and in the page with its own engine.

Data: the 20 lines of `import this`, each with its line end, read from h_0 = 0; every character but a line's first
is a target. Model: RNN(45, 16, orthogonal) and a readout. Training: full-batch BPTT, mean cross-entropy over the
real positions, Adam with learning rate 0.01, gradient norm clipped at 1. Baseline: ln 45 = 3.81 nats a character.
Weights are rounded to float16, which is what the page receives.
"""

import json
from pathlib import Path

import numpy as np
from tqdm import trange

import rnnlib
from rnnlib import data

HIDDEN, SEED, STEPS = 16, 0, 3000
KEEP = (0, 30, 100, 300, 1000, 3000)


def loss_of(net, inputs, targets, lengths, mask):
    """Return the mean loss in nats a character, and the gradients."""
    trace = net.forward(inputs, lengths=lengths)
    loss, dlogits = rnnlib.softmax_cross_entropy(trace.y, targets, mask=mask, reduction="mean")
    return loss, net.backward(trace, dlogits)


def train(progress=True):
    """Return the vocabulary and one dict per checkpoint: its step, loss and parameters as float16."""
    _, vocabulary = data.encode(data.zen())
    lines = [line + "\n" for line in data.zen().splitlines() if line]
    batch, V = data.lines_as_batch(lines, vocabulary), len(vocabulary)
    net = rnnlib.stack(
        [rnnlib.RNN(V, HIDDEN, rng=SEED, init="orthogonal"), rnnlib.Readout(HIDDEN, V, rng=SEED + 1)]
    )
    optimiser, checkpoints = rnnlib.Adam(lr=0.01), []
    for step in trange(STEPS + 1, disable=not progress):
        loss, grads = loss_of(net, *batch)
        if step in KEEP:
            half = {name.split(".")[1]: array.astype(np.float16) for name, array in net.params.items()}
            checkpoints.append({"step": step, "loss": loss, "params": half})
        rnnlib.clip_grad_norm(grads, 1.0)
        optimiser.step(net.params, grads)
    return vocabulary, checkpoints


def save(path, vocabulary, checkpoints):
    """Write one array per parameter, checkpoints first axis, and what they are."""
    names = checkpoints[0]["params"]
    arrays = {name: np.stack([checkpoint["params"][name] for checkpoint in checkpoints]) for name in names}
    np.savez_compressed(path, vocabulary=np.array(list(vocabulary)), steps=[c["step"] for c in checkpoints],
                        losses=np.round([c["loss"] for c in checkpoints], 3), **arrays)  # fmt: skip


if __name__ == "__main__":
    run = train()
    save(Path(__file__).with_suffix(".npz"), *run)
    print(json.dumps({checkpoint["step"]: round(checkpoint["loss"], 3) for checkpoint in run[1]}))
