"""The sheets for teachers name exercises, explorers and cases that there are."""

import re
from pathlib import Path

import pytest

from classroom import exercises
from rnnlib.explorers.specs import read_spec

GUIDES = Path(__file__).parents[2] / "chapters" / "teaching"
SHEETS = {
    int(number): text
    for part in sorted(GUIDES.glob("part*.md"))
    for number, text in re.findall(
        r"## Chapter (\d+) (.*?)(?=\n## |\Z)", part.read_text(encoding="utf-8"), re.DOTALL
    )
}


def test_every_chapter_has_its_sheet():
    assert set(SHEETS) == set(exercises.chapters())


@pytest.mark.parametrize("number", SHEETS)
def test_a_sheet_has_outcomes_an_opening_and_a_lab_of_fifty_minutes(number):
    text = SHEETS[number]
    assert 3 <= len(re.findall(r"^\| (?!after|---)", text, re.MULTILINE)) <= 5
    assert "**Opening.**" in text and "*Before it:*" in text and "minutes." in text
    stretches = [tuple(map(int, pair)) for pair in re.findall(r"\b(\d+)–(\d+):", text.split("**Lab.**")[1])]
    assert stretches[0][0] == 0 and stretches[-1][1] == 50
    assert all(before[1] == after[0] for before, after in zip(stretches, stretches[1:]))


@pytest.mark.parametrize("number", SHEETS)
def test_a_sheet_numbers_and_names_the_exercises_rightly(number):
    names = [practice.name for practice in exercises.practice(number)]
    for k, name in re.findall(r"exercise (\d+), `(\w+)`", SHEETS[number]):
        assert names[int(k) - 1] == name


@pytest.mark.parametrize("number", SHEETS)
def test_a_sheet_links_to_cases_that_its_chapter_has(number):
    for page, key, landmark in re.findall(
        r'href="\.\./([\w]+)\.html#explore/([\w-]+)/([\w-]+)"', SHEETS[number]
    ):
        source = (exercises.CHAPTERS / f"{page}.ipynb").read_text(encoding="utf-8")
        assert page == exercises.chapters()[number].stem
        names = {match["name"] for match in EXPLORER.finditer(source) if match["id"] == key}
        assert names, f"chapter {number} has no explorer {key}"
        assert all(landmark in read_spec(name)["landmarks"] for name in names)


EXPLORER = re.compile(r'"id": "(?P<id>[\w-]+)",\s+"name": "(?P<name>[\w-]+)"')
