"""Train several nets from several seeds on fresh batches of a task, and keep a small table of how each went."""

import argparse
import json
import re
import sys
from pathlib import Path

import numpy as np

import rnnlib
from rnnlib import training

TEST_SEED = 10_000  # of the batch that all nets are measured on; none is trained on it


def compare(script, task, draw, baseline, solved, settings, nets):
    """Train the nets named on the command line (all if none is), and write <script>.json beside the script.

    draw(B, rng) → tasks.Batch; baseline, the loss without memory; solved, the loss below which a run counts as
    solved; settings, those of `train`; nets, name → dict(make=seed → net, and what differs from the settings).
    """
    parser = argparse.ArgumentParser(description=task)
    parser.add_argument("nets", nargs="*", metavar="NET", help=f"some of: {', '.join(nets)}")
    names = parser.parse_args().nets or list(nets)
    path = Path(script).with_suffix(".json")
    table = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {"nets": {}}
    table |= {
        "task": task,
        "command": f"python runs/{path.stem}.py",
        "baseline": baseline,
        "solved_below": solved,
    }
    table |= {"settings": settings, "test_seed": TEST_SEED}
    for name in names:
        table["nets"][name] = result = over_seeds(name, draw, solved, **{**settings, **nets[name]})
        print(f"{name}: {result['solved']} solved, after {result['solved_after']} steps; "
              f"lowest {result['lowest']}; baseline {baseline:.4f}", flush=True)  # fmt: skip
        table["nets"] = {key: table["nets"][key] for key in nets if key in table["nets"]}
        store(path, table)


def store(path, table):
    """Write a table as JSON beside the script, or the other file, that `path` names."""
    Path(path).with_suffix(".json").write_text(as_text(table), encoding="utf-8", newline="\n")


def as_text(table):
    """Return a table as JSON with each innermost list on one line."""
    one_line = lambda found: re.sub(r"\s+", " ", found[0]).replace("[ ", "[").replace(" ]", "]")
    return re.sub(r"\[[^\[\]{}]*\]", one_line, json.dumps(table, indent=1)) + "\n"


def over_seeds(name, draw, solved, *, make, seeds, **settings):
    """Return what came of one net from each seed."""
    histories = [train(make(seed), draw, seed, f"{name}, seed {seed}", **settings) for seed in seeds]
    losses = [history.validation_loss.round(5).tolist() for history in histories]
    after = [first_below(history, solved) for history in histories]
    count = f"{len(after) - after.count(None)}/{len(after)}"
    return {"net": repr(make(0)), "seeds": list(seeds), **settings, "solved": count, "solved_after": after,
            "lowest": [min(row) for row in losses], "validation_loss": losses}  # fmt: skip


def train(net, draw, seed, label, *, batch_size, steps, lr, max_norm, every, loss, last_step, tested):
    """Train one net and return its History, measured each `every` steps on one and the same test batch."""
    print(label, file=sys.stderr)
    return training.fit(
        net, lambda rng: draw(batch_size, rng), loss=getattr(rnnlib, loss), last_step=last_step, rng=seed,
        optimiser=rnnlib.Adam(lr), steps=steps, max_norm=max_norm, validation=draw(tested, TEST_SEED),
        validate_every=every, progress=sys.stderr.isatty(),
    )  # fmt: skip


def first_below(history, solved):
    """Return the first step after which the test loss was below `solved`, or None."""
    below = np.flatnonzero(history.validation_loss < solved)
    return int(history.validation_steps[below[0]]) if below.size else None
