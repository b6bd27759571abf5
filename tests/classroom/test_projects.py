"""The starter code of the projects runs and prints what the page says; the rubrics add up."""

import contextlib
import io
import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "chapters" / "teaching" / "projects.md"
PROJECTS = {
    part.splitlines()[0]: part
    for part in PAGE.read_text(encoding="utf-8").split("\n## ")[1:]
    if "**Handed out" in part
}


def test_there_are_three_projects():
    assert len(PROJECTS) == 3


@pytest.mark.parametrize("name", PROJECTS)
def test_the_starter_code_runs_and_prints_what_the_page_says(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # where there is no text or series of one's own
    printed, space = io.StringIO(), {}
    with contextlib.redirect_stdout(printed):
        for code in re.findall(r"```python\n(.*?)```", PROJECTS[name], re.DOTALL):
            exec(compile(code, name, "exec"), space)
    shown = "".join(re.findall(r"```text\n(.*?)```", PROJECTS[name], re.DOTALL))
    assert printed.getvalue() == shown


@pytest.mark.parametrize("name", PROJECTS)
def test_a_rubric_has_three_levels_a_line_and_twenty_points(name):
    rows = re.findall(r"^\| (.*) \| (\d+) \|$", PROJECTS[name], re.MULTILINE)
    points = [int(points) for row, points in rows if row.count("|") == 3]
    assert len(points) == 5 and sum(points) == 20


@pytest.mark.parametrize("name", PROJECTS)
def test_a_project_has_an_aim_a_size_three_weeks_and_its_mistakes(name):
    text = PROJECTS[name]
    assert all(words in text for words in ("*Aim.*", "*To choose:*", "*Chapters:*", "*Usual mistakes.*"))
    assert re.search(r"\*Size:\* \d+ hours", text)
    assert re.findall(r"^\| (\d) \| \w", text, re.MULTILINE) == ["1", "2", "3"]
