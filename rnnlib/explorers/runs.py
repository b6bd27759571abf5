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
    """Return what the page needs of a run: {"shapes", "float16": bytes, …}, and "bytes", "int8" where it has such.

    `float16` holds the arrays of that type one after another, little-endian, in the order of `shapes`; `int8` those of
    that type in the order of `bytes`, their shapes; whatever else the run has stands beside them as lists.
    """
    run = load(name)
    halves, bytes_ = (
        {key: array for key, array in run.items() if array.dtype == kind} for kind in (np.float16, np.int8)
    )
    rest = {key: array.tolist() for key, array in run.items() if key not in {*halves, *bytes_}}
    small = {"bytes": shapes_of(bytes_), "int8": joined(bytes_, "i1")} if bytes_ else {}
    return {**rest, "shapes": shapes_of(halves), "float16": joined(halves, "<f2"), **small}


def shapes_of(arrays):
    return {key: list(array.shape) for key, array in arrays.items()}


def joined(arrays, kind):
    return b"".join(array.astype(kind, copy=False).tobytes() for array in arrays.values())


def dequantised(name):
    """Return the parameters of a run that keeps them as int8, each column times its scale, in float64.

    >>> dequantised("reference_text")["W_hh"].shape
    (128, 512)
    """
    run = load(name)
    scaled = lambda key: run[key].astype(np.float64) * np.float64(run.get(f"{key}.scale", 1.0))
    return {key: scaled(key) for key in PARAMS}


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
    data |= {key: base64.b64encode(data[key]).decode("ascii") for key in ("float16", "int8") if key in data}
    return f"(globalThis.rnnlibRuns ??= {{}})[{json.dumps(name)}] = {json.dumps(data)};\n"
