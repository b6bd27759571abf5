"""What a submission gets, and what its author is told: all of them graded in one batch, in the sandbox."""

import csv
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
import submissions
from nbgrader.api import Gradebook

BITS, BACK = "ch04-masked_cross_entropy-bits", "ch05-rnn_backward-relu"

# name → (points for the bits, of 5; for the way back, of 10; what is said of the bits, or of the way back). Where a
# thread writes at the same time as the functions answer, it is open which of several sentences comes.
EXPECTED = {
    "correct": (5, 10, "Right on all hidden cases."),
    "untouched": (0, 0, "it returns None"),
    "wrong_but_running": (5, 8, "the parameters' gradients are not summed over time"),
    "endless_loop": (0, 10, "it was stopped after 4.0 seconds"),
    "endless_cell": (5, 10, "Right on all hidden cases."),
    "print_flood": (0, 10, "it prints, or writes, more than it may"),
    "syntax_error": (0, 10, "its cell ends with SyntaxError: '(' was never closed"),
    "os_exit": (5, 10, "Right on all hidden cases."),
    "os_exit_when_called": (0, 10, "it ended Python itself"),
    "deleted_test_cell": (5, 10, "Right on all hidden cases."),
    "deleted_answer_cell": (0, 10, "There is no function bits_per_step"),
    "edited_points": (0, 0, "it returns None"),
    "redefined_helper": (0, 0, "it returns an Other"),
    "reads_outside": (0, 10, "RuntimeError: found []"),
    "allocates_8_gb": (0, 10, "Unable to allocate 8.00 GiB"),
    "sleeps": (0, 10, "it was stopped after 4.0 seconds"),
    "published_solution": (0, 0, "the slope is that of tanh"),
    "wraps_rnnlib": (5, 0, "rnnlib is not there when answers are graded: NumPy has to do"),
    "hard_codes_the_public_case": (0, 10, "bits is wrong on ordinary cases"),
    "imports_torch": (0, 10, "No module named 'torch'"),
    "returns_nonsense": (0, 10, "it returns a dict"),
    "kills_the_supervisor": (0, 0, "The notebook could not be run to its end."),
    "fork_bomb": (0, 10, "it started too many processes"),
    "goes_on_in_the_background": (5, 10, "Right on all hidden cases."),
    "fills_the_disk": (0, 10, "RuntimeError: ['/tmp'], True"),
    "spies": (0, 10, "RuntimeError: HOME is 3 of 3 times /tmp"),
    "forges_lines": (0, 0, "it returns None", "it ended Python itself", "only the grader writes"),
    "forges_rubbish": (0, 10, "it wrote where only the grader writes"),
    "forges_the_report": (0, 0, "its shape should be ()"),
    "not_a_number": (0, 10, "bits is wrong on ordinary cases"),
    "half_a_character": (0, 10, "ValueError: ?"),
    "closes_everything": (5, 10, "Right on all hidden cases."),
    "magics": (5, 10, "Right on all hidden cases."),
    "duplicate_ids": (5, 10, "Right on all hidden cases."),
    "twisted_metadata": (5, 10, "Right on all hidden cases."),
    "lost_metadata": (5, 10, "Right on all hidden cases."),
    "old_format": (5, 10, "Right on all hidden cases."),
    "ten_megabytes_of_outputs": (5, 10, "Right on all hidden cases."),
    "all_published_solutions": (0, 0, "it returns None"),
    "script": (5, 10, "Right on all hidden cases."),
    "Zoë O'Neill (2)": (5, 10, "Right on all hidden cases."),
}
NO_SUBMISSION = {
    "wrong_notebook": "another notebook: none of the assignment's cells is in it",
    "no-json": "no-json.ipynb is no notebook",
    "a-link": "it is a link",
    "empty": "no notebook is called small.ipynb",
    "=1+1": "no student id",
    "twice": "there are two of this name",
}


def test_every_made_up_submission_has_its_expectation(graded):
    strange = {"no-json", "a-link", "empty", "twice", "=1+1", "Zoë O'Neill (2)"}
    assert set(EXPECTED) | set(NO_SUBMISSION) == set(graded) == set(submissions.ALL) | strange


@pytest.mark.parametrize("name", EXPECTED)
def test_a_submission_gets_its_points_and_its_sentence(graded, course, name):
    bits, back, *sentences = EXPECTED[name]
    assert (graded[name].points[BITS], graded[name].points[BACK]) == (bits, back)
    said = " ".join(messages(course, name).values())
    assert any(words in said for words in sentences), said


def messages(course, name):
    """What the author is told, by question."""
    kept = json.loads((course[0] / "verdicts" / "small" / f"{name}.json").read_text(encoding="utf-8"))
    return {key: verdict["message"] for key, verdict in kept.items()}


@pytest.mark.parametrize("name", NO_SUBMISSION)
def test_what_is_no_submission_gets_nothing_and_is_listed_for_a_person(graded, name):
    assert sum(graded[name].points.values()) == 0
    assert any(NO_SUBMISSION[name] in why for why in graded[name].look)


def test_only_what_needs_a_person_is_listed(graded):
    listed = {name for name, row in graded.items() if row.look}
    assert listed == {*NO_SUBMISSION, "kills_the_supervisor", "forges_the_report"}


def test_nothing_that_a_student_wrote_runs_where_the_page_is_read(graded, course):
    page = (course[0] / "feedback" / "script" / "small" / "small.html").read_text(encoding="utf-8")
    assert "<script>alert" not in page and not re.search(r"<img[^>]*onerror", page)


def test_the_table_has_a_row_a_student_and_a_column_a_question(graded, course):
    with (course[0] / "grades" / "small.csv").open(encoding="utf-8") as file:
        head, best, *rows = csv.reader(file)
    assert head == [
        "student",
        BITS,
        BACK,
        "ch04-mean-or-sum",
        "ch05-derive-learned-start",
        "total",
        "seconds late",
    ]
    assert best[1:6] == ["5", "10", "3", "6", "24"]
    table = {row[0]: row for row in rows}
    assert set(table) == set(graded)
    assert table["correct"][1:3] == ["5.0", "10.0"] and table["correct"][5] == "15.0"


def test_answers_in_words_wait_for_marks(graded):
    assert graded["correct"].by_hand == ["ch04-mean-or-sum", "ch05-derive-learned-start"]


def test_nbgraders_own_command_grades_alike(course, released, shut_in, tmp_path):
    root, plan = course
    submission = submissions.Submission(released, root)
    submissions.wrong_but_running(submission)
    target = root / "submitted" / "by-command" / plan.name
    target.mkdir(parents=True)
    nbformat.write(submission.nb, target / f"{plan.name}.ipynb")
    where = {**os.environ, "PATH": str(Path(sys.executable).parent) + os.pathsep + os.environ["PATH"]}
    command = [sys.executable, "-m", "nbgrader", "autograde", plan.name, "--student", "by-command"]
    subprocess.run(command, cwd=root, env=where, check=True, capture_output=True)
    with Gradebook(f"sqlite:///{root}/gradebook.db") as gradebook:
        notebook = gradebook.find_submission_notebook(plan.name, plan.name, "by-command")
        points = {mark.name: mark.auto_score for mark in notebook.grades}
    assert (points[f"{BITS}-points"], points[f"{BACK}-points"]) == (5, 8)


def test_feedback_says_what_failed_and_shows_no_hidden_number(graded, course):
    root, plan = course
    page = (root / "feedback" / "wrong_but_running" / "small" / "small.html").read_text(encoding="utf-8")
    assert "gradients are not summed over time" in page
    hidden = {f"{number:.3f}" for question in plan.questions for case in question.cases(plan.seed)
              for number in numbers(case.args)}  # fmt: skip
    public = set(re.findall(r"-?\d+\.\d{3}", page))
    assert not {number for number in hidden if len(number.lstrip("-0.")) > 2} & public


def numbers(args):
    arrays = [value for value in args if getattr(value, "dtype", None) == "float64"]
    return [float(number) for array in arrays for number in array.flat]
