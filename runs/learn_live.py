"""Train the three nets of the explorer `learn-live` at the settings of its landmarks, from five seeds each.

Run `python runs/learn_live.py` (about four minutes on one core); it writes runs/learn_live.npz, which the explorer
shows as bands over seeds, and at its landmarks at once, before a reader trains anything.

Task: rnnlib.tasks.temporal_order, T and all else as in the explorer's specification; the first setting is its
defaults, the others are what its landmarks change: the learning rate, clipping, the bias of the gates that keep.
Baseline: chance, ln 4 nats.

The file holds `settings` (settings, 5): T, rate, clip, bias, units; `seeds`; `losses` (settings, seeds, nets, rounds),
the mean loss of the ten batches of each round, each taken before its step; `reach` (settings, checkpoints, curves,
T+1), of the first seed each fifty steps from 0 on, the logarithm to base 10 of how far back the gradients of the tanh
RNN, GRU and LSTM reach, and of the LSTM's c. Both are float16.
"""

from pathlib import Path

import numpy as np
from tqdm import tqdm

from rnnlib.explorers import learn_live
from rnnlib.explorers.specs import defaults

SEEDS = (0, 1, 2, 3, 4)
ROUNDS = next(c["max"] for c in learn_live.SPEC["controls"] if c["name"] == "steps") // learn_live.ROUND
EVERY = 5  # rounds between two checkpoints of the gradients
KEPT = learn_live.SETTINGS[:-1]  # all that is trained with but the seed


def states():
    """Return the states of the landmarks, one for each of the settings that they have."""
    start = defaults(learn_live.SPEC)
    each = [start | landmark["settings"] for landmark in learn_live.SPEC["landmarks"].values()]
    return list({tuple(state[name] for name in KEPT): state for state in [start, *each]}.values())


def train(state, rounds=ROUNDS):
    """Return the losses (nets, rounds) and the gradients' reach at each checkpoint (checkpoints, curves, T+1)."""
    trained = learn_live.Trained(state)
    reaches = []
    for k in range(rounds + 1):
        trained.to(k)
        if k % EVERY == 0:
            reach = trained.training.reach()
            with np.errstate(divide="ignore"):  # saturated gates pass nothing at all
                reaches.append([np.log10(reach[cell][name]) for cell, name in learn_live.CURVES])
    return np.array(trained.losses).T, np.array(reaches)


def main():
    path, found = Path(__file__).with_suffix(".npz"), []
    for seed in SEEDS:  # written after each: what there is, is whole
        found.append([train(state | {"seed": seed}) for state in tqdm(states(), desc=f"seed {seed}")])
        np.savez_compressed(path, **arrays(found))
    print(f"{path}: {path.stat().st_size} bytes")
    ends = np.array([[losses[:, -1] for losses, _ in row] for row in found])  # (seeds, settings, nets)
    for state, rows in zip(states(), ends.swapaxes(0, 1)):
        print([state[name] for name in KEPT], dict(zip(learn_live.NAMES, rows.T.round(3).tolist())))


def arrays(found):
    """Return {name: array}, all that the file holds, from what `train` gave for each seed and setting."""
    losses = np.array([[losses for losses, _ in row] for row in found], np.float16).swapaxes(0, 1)
    reach = np.array([reaches for _, reaches in found[0]], np.float16)
    settings = np.array([[float(state[name]) for name in KEPT] for state in states()])
    return {"settings": settings, "seeds": np.array(SEEDS[: len(found)]), "losses": losses, "reach": reach}


if __name__ == "__main__":
    main()
