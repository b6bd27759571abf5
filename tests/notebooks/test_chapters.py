"""Every stored notebook of chapters/ keeps every rule of tools/notebook_rules.py."""

import re

import nbformat
import pytest
import yaml
from notebook_rules import RULES
from notebooks import ROOT, find

CHAPTERS = find()


def test_there_are_chapters():
    assert len(CHAPTERS) >= 5


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_chapter_keeps_the_rule(path, rule):
    text = path.read_text(encoding="utf-8")
    broken = rule(nbformat.reads(text, as_version=4), text)
    assert not broken, "\n".join([rule.__doc__, *broken])


def test_the_first_page_names_every_chapter_in_its_order():
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    chapters = [item["file"] for part in toc["parts"] if part.get("numbered") for item in part["chapters"]]
    first = nbformat.read(ROOT / "chapters" / "index.ipynb", as_version=4)
    links = re.findall(
        r"^1?\d\. .*?\]\((.*?)\.ipynb\)", "\n".join(cell.source for cell in first.cells), re.MULTILINE
    )
    assert [f"chapters/{name}" for name in links] == chapters
