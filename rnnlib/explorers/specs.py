"""Read what JavaScript and Python share: each is one `export const name = {…};` of strict JSON in a module."""

import json
import re

from rnnlib.explorers.joiner import FOLDER

MIME = "application/vnd.rnnlib.explorer+json"  # what a notebook stores of an explorer
SHARED = re.compile(r"^export const \w+ = (\{.*\});\s*$", re.DOTALL | re.MULTILINE)


def read_json(module):
    """Return the JSON that `js/<module>.js` exports."""
    match = SHARED.search((FOLDER / f"{module}.js").read_text(encoding="utf-8"))
    if match is None:
        raise ValueError(f"{module}.js is not one export const name = {{…}}; of strict JSON")
    return json.loads(match[1])


def read_spec(name):
    """Return the specification of the explorer `name`: its question, controls, landmarks and goals."""
    return read_json(f"{name}.spec")


def defaults(spec):
    """Return each control's default, by name."""
    return {control["name"]: control["default"] for control in spec["controls"]}
