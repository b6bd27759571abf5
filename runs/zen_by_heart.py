"""The Zen of Python by heart: how many updates until an LSTM knows every next character of one text?

Run `python runs/zen_by_heart.py` (about a minute on one core); it writes runs/zen_by_heart.json. Data: the 856
characters of `import this` as one sequence, read from h_0 = 0 and c_0 = 0; each character but the first is a target.
There is no held-out text: the loss, in nats a character, says what was memorised. Baseline: ln 45, every one of its
45 symbols alike.
"""

import numpy as np
from seeds import compare

import rnnlib
from rnnlib import data
from rnnlib.tasks import Batch

SYMBOLS, VOCABULARY = data.encode(data.zen())
V, H = len(VOCABULARY), 64
SETTINGS = {"seeds": [0, 1, 2, 3, 4], "batch_size": 1, "steps": 600, "lr": 0.01, "max_norm": 1.0, "every": 50,
            "loss": "softmax_cross_entropy", "last_step": False, "tested": 1}  # fmt: skip


def net(seed):
    """Return an LSTM of H units that reads a character one-hot, with a readout of V logits."""
    return rnnlib.stack([rnnlib.LSTM(V, H, rng=seed), rnnlib.Readout(H, V, rng=seed + 100)])


NETS = {"LSTM": {"make": net}}


def draw(B, rng):
    """Return the whole text as one sequence."""
    return Batch(data.one_hot(SYMBOLS[:-1], V)[:, None], SYMBOLS[1:, None])


if __name__ == "__main__":
    compare(__file__, "the Zen by heart", draw, float(np.log(V)), 0.05, SETTINGS, NETS)
