"""The bottleneck: digits read and written down again, ever longer strings, through one state or with attention.

Run `python runs/copying.py` (about five minutes on one core); it writes runs/copying.json. Data: fresh strings of 1
to 16 random digits, all of one batch equally long; the target is the string and an end symbol ("reversed": the string
from behind). Tested on 200 strings of each length, also of lengths that were not trained. Chance is 10⁻ⁿ. Every net
has the same updates and rates; n digits are n log₂ 10 bits.
"""

import numpy as np
from seeds import store
from translate import as_batch, build, train, written_by

DIGITS, END, START, TEST_SEED = 10, 10, 11, 10_000
LENGTHS = [1, 2, 3, 4, 5, 6, 8, 10, 12, 14, 16, 18, 20, 24]
SETTINGS = {"seeds": [0, 1, 2], "longest": 16, "tested": 200, "H": 64, "batch_size": 64, "steps": 2000,
            "every": 2000, "lr": 0.005, "max_norm": 1.0, "reversed": False}  # fmt: skip
NETS = {
    "last state, H = 64": {"attention": False},
    "attention, H = 64": {"attention": True},
    "last state, H = 32": {"attention": False, "H": 32},
    "last state, H = 64, reversed": {"attention": False, "reversed": True},
    "last state, H = 128": {"attention": False, "H": 128},
}


def strings(n, B, rng, turned):
    """Return (source, targets): B strings of n digits, and the same, or turned round, with an end symbol."""
    source = rng.integers(0, DIGITS, (n, B))
    return source, np.concatenate([source[::-1] if turned else source, np.full((1, B), END)])


def drawing(settings):
    """Return draw(rng) → a batch of strings of one length."""

    def draw(rng):
        n = rng.integers(1, settings["longest"] + 1)
        source, targets = strings(n, settings["batch_size"], rng, settings["reversed"])
        return as_batch(source, targets, np.full(source.shape[1], n), START)

    return draw


def measuring(settings):
    """Return measure(net) → the share of strings written without a mistake, for each of LENGTHS."""

    def exact(net, n):
        source, targets = strings(
            n, settings["tested"], np.random.default_rng(TEST_SEED + n), settings["reversed"]
        )
        return float((written_by(net, source, None, START, END, n + 1) == targets).all(axis=0).mean())

    return lambda net: [round(exact(net, n), 4) for n in LENGTHS]


def one(seed, settings):
    """Train one net; return its exact matches at LENGTHS."""
    net = build(DIGITS, END + 1, settings["H"], seed, settings["attention"])
    return train(net, drawing(settings), seed, measuring(settings), **settings)[-1]


def main():
    table = {"task": "digits copied", "command": "python runs/copying.py", "settings": SETTINGS, "lengths": LENGTHS,
             "nets": {}}  # fmt: skip
    for name, own in NETS.items():
        settings = {**SETTINGS, **own}
        table["nets"][name] = {**own, "exact": [one(seed, settings) for seed in SETTINGS["seeds"]]}
        print(name, table["nets"][name]["exact"], flush=True)
        store(__file__, table)


if __name__ == "__main__":
    main()
