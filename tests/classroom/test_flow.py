"""Late submissions, second submissions, marks given by hand: what happens over the weeks of a course."""

import csv

import nbformat
import pytest
import submissions

from classroom import course, grade, make
from classroom.variants import WRITTEN

NAME = "weekly"
BITS, WORDS = "ch04-masked_cross_entropy-bits", "ch04-mean-or-sum"


@pytest.fixture(scope="module")
def weekly(tmp_path_factory, shut_in):
    """A course with an assignment that is due, and a folder in which submissions arrive."""
    root = tmp_path_factory.mktemp("weekly") / "course"
    make.make([4], 5, NAME, root, only=["masked_cross_entropy"], due="2027-05-01 12:00 UTC")
    return root, tmp_path_factory.mktemp("arriving")


def hand_in(weekly, student, when, answer=None):
    """Put a student's notebook, with its time, where it arrives."""
    root, folder = weekly
    released = nbformat.read(root / "release" / NAME / f"{NAME}.ipynb", as_version=4)
    submission = submissions.Submission(released, root)
    if answer:
        submission.answer("bits_per_step", answer)
    (folder / student).mkdir(exist_ok=True)
    nbformat.write(submission.nb, folder / student / f"{NAME}.ipynb")
    (folder / student / "timestamp.txt").write_text(when, encoding="utf-8")


def graded(weekly):
    root, folder = weekly
    return {row.student: row for row in grade.grade(folder, NAME, root, seconds=4.0, progress=False)}


def table(weekly):
    with (weekly[0] / "grades" / f"{NAME}.csv").open(encoding="utf-8") as file:
        return {row["student"]: row for row in csv.DictReader(file)}


def assert_the_scheme_is_for_the_marker(root, student):
    scheme = next(question.scheme for question in WRITTEN if question.id == WORDS)
    own, page = [(root / folder / student / NAME / f"{NAME}.{ending}").read_text(encoding="utf-8")
                 for folder, ending in (("autograded", "ipynb"), ("feedback", "html"))]  # fmt: skip
    assert "MARK SCHEME" in own and scheme[:40] in own
    assert (
        "MARK SCHEME" not in page and scheme[:40] not in page and "Add a cell below for your answer" in page
    )


def test_over_three_weeks(weekly):
    hand_in(weekly, "early", "2027-05-01 11:59 UTC", submissions.BITS)
    hand_in(weekly, "in-time", "2027-05-01 12:00 UTC", submissions.BITS)
    hand_in(weekly, "later", "2027-05-01 13:30 UTC")
    rows = graded(weekly)
    assert [rows[name].late for name in ("early", "in-time", "later")] == [0, 0, 90 * 60]
    assert table(weekly)["later"]["seconds late"] == "5400.0"
    assert (rows["early"].points[BITS], rows["later"].points[BITS]) == (5, 0)
    assert_the_scheme_is_for_the_marker(weekly[0], "later")

    with course.api(weekly[0]).gradebook as gradebook:  # a person marks the answer in words
        mark = gradebook.find_grade(WORDS, NAME, NAME, "later")
        mark.manual_score, mark.needs_manual_grade = 2.0, False
        gradebook.db.commit()

    hand_in(weekly, "later", "2027-05-02 12:00 UTC", submissions.BITS)  # another try
    row = graded(weekly)["later"]
    assert row.points == {BITS: 5, WORDS: 2}
    assert row.late == 24 * 3600
    assert float(table(weekly)["later"]["total"]) == 7
