"""Stored results of long training, each made by a script in `runs/`: for Python as arrays, for the page as bytes."""

import base64
import json
from functools import cache
from pathlib import Path

import numpy as np

PARAMS = ("W_xh", "W_hh", "b_h", "W_hy", "b_y")  # the order in which the page reads them
INSTALLED, REPOSITORY = Path(__file__).with_name("runs"), Path(__file__).parents[2] / "runs"


@cache
def load(name):
    """Return a stored run as {name: array}; FileNotFoundError, with the runs that there are, for an unknown name.

    Arrays of parameters have the checkpoints on their first axis; `steps` (checkpoints,) says when each was taken.

    >>> load("zen_rnn")["steps"].tolist()
    [0, 30, 100, 300, 1000, 3000]
    """
    folder = INSTALLED if INSTALLED.is_dir() else REPOSITORY
    path = folder / f"{name}.npz"
    if not path.is_file():
        known = ", ".join(sorted(file.stem for file in folder.glob("*.npz"))) or "none"
        raise FileNotFoundError(f"there is no stored run {name!r}; there are: {known}")
    with np.load(path) as arrays:
        return dict(arrays)


def packed(name):
    """Return what the page needs of a run: {"steps", "shapes", "float16": bytes, little-endian, array by array}."""
    run = load(name)
    parts = [run[key].astype("<f2", copy=False).tobytes() for key in PARAMS]
    shapes = {key: list(run[key].shape) for key in PARAMS}
    return {"steps": run["steps"].tolist(), "shapes": shapes, "float16": b"".join(parts)}


def params(name, checkpoint):
    """Return the parameters at one checkpoint as float64: {"W_xh": (D, H), …}."""
    return {key: load(name)[key][checkpoint].astype(np.float64) for key in PARAMS}


def site_script(name):
    """Return a classic script that puts the run into `rnnlibRuns`, where explorers on the site find it.

    A page opened from a disk may not fetch, but may load a script.
    """
    data = packed(name)
    data["float16"] = base64.b64encode(data["float16"]).decode("ascii")
    return f"(globalThis.rnnlibRuns ??= {{}})[{json.dumps(name)}] = {json.dumps(data)};\n"
