"""Stored results of long training, each made by a script in `runs/`: for Python as arrays, for the page as bytes."""

import base64
import json
from functools import cache
from pathlib import Path

import numpy as np

PARAMS = ("W_xh", "W_hh", "b_h", "W_hy", "b_y")
INSTALLED, REPOSITORY = Path(__file__).with_name("runs"), Path(__file__).parents[2] / "runs"
MEASURED = REPOSITORY.parent / "benchmarks" / "results"


@cache
def load(name):
    """Return a stored run as {name: array}; FileNotFoundError, with the runs that there are, for an unknown name.

    In "zen_rnn" arrays of parameters have the checkpoints on their first axis; `steps` (checkpoints,) says when each
    was taken. In "order_nets" they stand under names such as "GRU.W_hh".

    >>> load("zen_rnn")["steps"].tolist()
    [0, 30, 100, 300, 1000, 3000]
    """
    with np.load(_find(name, ".npz")) as arrays:
        return dict(arrays)


def table(name):
    """Return a stored comparison over seeds: its "task", "baseline", "settings", and "nets", name → what came of it.

    "cells" is the measurement of time and memory that `python dev.py bench --only cells` makes, and has keys of its
    own. FileNotFoundError as in load.

    >>> table("temporal_order")["nets"]["GRU"]["seeds"]
    [0, 1, 2, 3, 4]
    """
    return json.loads(_find(name, ".json").read_text(encoding="utf-8"))


def _find(name, ending):
    folders = [INSTALLED] if INSTALLED.is_dir() else [REPOSITORY, MEASURED]
    found = {file.stem: file for folder in folders for file in folder.glob(f"*{ending}")}
    if name not in found:
        known = ", ".join(sorted(found)) or "none"
        raise FileNotFoundError(f"there is no stored run {name!r}; there are: {known}")
    return found[name]


def packed(name):
    """Return what the page needs of a run: {"shapes", "float16": bytes, …}.

    `float16` holds the arrays of that type one after another, little-endian, in the order of `shapes`; whatever else
    the run has stands beside it as lists.
    """
    run = load(name)
    halves = {key: array for key, array in run.items() if array.dtype == np.float16}
    rest = {key: array.tolist() for key, array in run.items() if key not in halves}
    shapes = {key: list(array.shape) for key, array in halves.items()}
    data = b"".join(array.astype("<f2", copy=False).tobytes() for array in halves.values())
    return {**rest, "shapes": shapes, "float16": data}


def params(name, checkpoint):
    """Return the parameters at one checkpoint as float64: {"W_xh": (D, H), …}."""
    return {key: load(name)[key][checkpoint].astype(np.float64) for key in PARAMS}


def params_of(name, net):
    """Return the parameters of one net of a run that holds several, as float64: {"W_xh": (D, 3H), …}."""
    parts = {tuple(key.split(".")): array for key, array in load(name).items() if key.startswith(f"{net}.")}
    return {key: array.astype(np.float64) for (_, key), array in parts.items()}


def site_script(name):
    """Return a classic script that puts the run into `rnnlibRuns`, where explorers on the site find it.

    A page opened from a disk may not fetch, but may load a script.
    """
    data = packed(name)
    data["float16"] = base64.b64encode(data["float16"]).decode("ascii")
    return f"(globalThis.rnnlibRuns ??= {{}})[{json.dumps(name)}] = {json.dumps(data)};\n"
