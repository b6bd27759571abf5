import os
import shutil
import sys

import nbformat
import pytest
import submissions

from classroom import grade, make, sandbox


@pytest.fixture(scope="session")
def shut_in():
    """The sandbox of this machine; where there is none, grading cannot be tested, but in CI there has to be one."""
    try:
        return sandbox.find()
    except sandbox.NoSandbox as reason:
        if os.environ.get("CI") and sys.platform == "linux":
            raise
        pytest.skip(str(reason))


@pytest.fixture(scope="session")
def course(tmp_path_factory):
    """A course with one small assignment."""
    root = tmp_path_factory.mktemp("classroom") / "course"
    plan = make.make([4, 5], 1, "small", root, only=["masked_cross_entropy", "rnn_backward"])
    return root, plan


@pytest.fixture(scope="session")
def released(course):
    """The notebook that students get."""
    root, plan = course
    return nbformat.read(root / "release" / plan.name / f"{plan.name}.ipynb", as_version=4)


def strange_files(folder):
    """What lies in a folder beside submissions: no notebook, a link, names that people give."""
    (folder / "no-json.ipynb").write_text("{", encoding="utf-8")
    (folder / "a-link.ipynb").symlink_to(folder / "correct" / "small.ipynb")
    (folder / "empty").mkdir(), (folder / "twice").mkdir()
    for name in ("Zoë O'Neill (2).ipynb", "=1+1.ipynb", "twice.ipynb", "twice/small.ipynb"):
        shutil.copyfile(folder / "correct" / "small.ipynb", folder / name)


@pytest.fixture(scope="session")
def graded(course, released, shut_in, tmp_path_factory):
    """All made-up submissions, graded in one batch: name → Row."""
    folder = tmp_path_factory.mktemp("handed-in")
    for name, change in submissions.ALL.items():
        submission = submissions.Submission(released, course[0])
        change(submission)
        (folder / name).mkdir()
        nbformat.write(submission.nb, folder / name / "small.ipynb")
    strange_files(folder)
    rows = grade.grade(folder, "small", course[0], seconds=4.0, progress=False)
    return {row.student: row for row in rows}
