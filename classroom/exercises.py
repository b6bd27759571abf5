"""The chapters' exercises: statement and stub, hint, check, solution, as they stand in the notebooks."""

import re
from dataclasses import dataclass
from pathlib import Path

import nbformat

CHAPTERS = Path(__file__).resolve().parents[1] / "chapters"
PARTS = ("exercise", "hint", "check", "solution")


@dataclass(frozen=True)
class Practice:
    """One exercise of a chapter, with its public solution."""

    chapter: int
    title: str
    text: str
    stub: str
    hint: str
    check: str
    solution: str

    @property
    def name(self):
        """What is asked for: the function's name, or that of the first thing assigned."""
        return re.match(r"(?:def )?(\w+)", self.stub).group(1)


def chapters():
    """Return the chapters that have exercises, number → notebook's path."""
    return {
        int(path.name[:2]): path
        for path in sorted(CHAPTERS.glob("[0-9][0-9]_*.ipynb"))
        if path.name[:2] != "00"
    }


def practice(number):
    """Return the Practice exercises of a chapter; ValueError if there is no such chapter."""
    known = chapters()
    if number not in known:
        raise ValueError(
            f"there is no chapter {number}; the chapters with exercises are {', '.join(map(str, known))}"
        )
    cells = nbformat.read(known[number], as_version=4).cells
    starts = [k for k, cell in enumerate(cells) if "exercise" in tags(cell)]
    return [_practice(number, cells, k) for k in starts]


def _practice(number, cells, start):
    text = cells[start - 1].source
    parts = {tag: cells[start + k].source for k, tag in enumerate(PARTS)}
    missing = [tag for k, tag in enumerate(PARTS) if tag not in tags(cells[start + k])]
    if missing:
        place = f"chapter {number}, {text.splitlines()[0]!r}"
        raise ValueError(f"{place}: no cell tagged {missing[0]} where it should stand")
    title = re.sub(r"^#+\s*\d+\.\s*|\s*★+$", "", text.splitlines()[0])
    return Practice(number, title, text, parts["exercise"], parts["hint"], parts["check"], parts["solution"])


def tags(cell):
    """Return a cell's tags."""
    return cell.metadata.get("tags", [])
