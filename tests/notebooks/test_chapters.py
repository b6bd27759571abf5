"""Every stored notebook of chapters/ keeps every rule of tools/notebook_rules.py."""

import nbformat
import pytest
from notebook_rules import RULES
from notebooks import find

CHAPTERS = find()


def test_there_are_chapters():
    assert len(CHAPTERS) >= 5


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_chapter_keeps_the_rule(path, rule):
    text = path.read_text(encoding="utf-8")
    broken = rule(nbformat.reads(text, as_version=4), text)
    assert not broken, "\n".join([rule.__doc__, *broken])
