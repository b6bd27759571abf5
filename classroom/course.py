"""The course folder, which is nbgrader's: source, release, submitted, autograded, feedback, gradebook.db."""

import contextlib
import os
import sys
from pathlib import Path

from traitlets.config import Config

DEFAULT = "course"


def configure(made, root, unsafe=False, seconds=10.0):
    """Set nbgrader's configuration for a course folder: students' code runs apart, marking schemes stay here."""
    from nbconvert.preprocessors import CSSHTMLHeaderPreprocessor
    from nbgrader.preprocessors import (
        AssignLatePenalties,
        CheckCellMetadata,
        ClearOutput,
        GetGrades,
        IgnorePattern,
        LimitOutput,
        OverwriteKernelspec,
        SaveAutoGrades,
    )

    from .apart import Apart, Names, NoScheme, Restore

    made.CourseDirectory.root = str(root)
    made.CourseDirectory.course_id = "rnn"
    made.Apart.unsafe, made.Apart.seconds = unsafe, seconds
    made.OverwriteCells.add_missing_cells = True
    made.Autograde.sanitize_preprocessors = [
        ClearOutput, Names, OverwriteKernelspec, Restore, CheckCellMetadata,
    ]  # fmt: skip
    made.ClearSolutions.enforce_metadata = False
    made.ClearSolutions.code_stub = {"python": "..."}
    made.Autograde.autograde_preprocessors = [
        Apart, IgnorePattern, LimitOutput, SaveAutoGrades, AssignLatePenalties, CheckCellMetadata,
    ]  # fmt: skip
    made.GenerateFeedback.preprocessors = [NoScheme, GetGrades, CSSHTMLHeaderPreprocessor]
    return made


@contextlib.contextmanager
def open_course(folder=None):
    """Give the path of the course folder, made if it is not there, with the environment's commands on PATH.

    nbgrader calls `alembic` by its name to bring the gradebook up to date.
    """
    root = Path(folder or DEFAULT).resolve()
    root.mkdir(parents=True, exist_ok=True)
    before, here = os.environ.get("PATH", ""), str(Path(sys.executable).parent)
    os.environ["PATH"] = here + os.pathsep + before
    try:
        yield root
    finally:
        os.environ["PATH"] = before


def write_config(root):
    """Let nbgrader's own commands and its formgrader work in the course folder as `grade` does."""
    text = CONFIG.format(repo=str(Path(__file__).resolve().parents[1]), root=str(root))
    (root / "nbgrader_config.py").write_text(text, encoding="utf-8")


CONFIG = '''"""nbgrader\'s configuration of this course, made by `python -m classroom make`."""

import sys

sys.path.insert(0, {repo!r})  # where the classroom is

from classroom.course import configure

configure(get_config(), {root!r})
'''


def api(root, unsafe=False, seconds=10.0):
    """Return nbgrader's own interface to the course."""
    from nbgrader.apps import NbGraderAPI
    from nbgrader.coursedir import CourseDirectory

    made = configure(Config(), root, unsafe, seconds)
    return NbGraderAPI(CourseDirectory(config=made), config=made)


def read_due(text):
    """Return a due date as nbgrader keeps it, in UTC, or None; ValueError for what is no date."""
    from nbgrader.utils import parse_utc

    try:
        return parse_utc(text)
    except (ValueError, OverflowError):
        raise ValueError(f"due is {text!r}; expected a date and time, such as 2027-05-01 12:00 UTC") from None


def generate(root, name, due=None):
    """Make the students' version of an assignment; RuntimeError with nbgrader's own words if that fails."""
    nbgrader = api(root)
    done = nbgrader.generate_assignment(name, force=True, create=True)
    if not done["success"]:
        raise RuntimeError(
            f"nbgrader could not make the assignment {name}:\n{done.get('error')}\n{done.get('log')}"
        )
    if due:
        with nbgrader.gradebook as gradebook:
            gradebook.update_or_create_assignment(name, duedate=due)
