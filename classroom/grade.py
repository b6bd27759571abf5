"""Grade a folder of submissions: into nbgrader's gradebook, feedback pages, and two tables."""

import csv
import json
import re
import shutil
import warnings
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
from tqdm import tqdm

from . import course, sandbox
from .apart import grade_id, verdicts_path
from .make import read_plan

ID = re.compile(r"\w[\w.@,'() -]*")
NOISE = [
    "Object of type <Submitted",  # SQLAlchemy, about nbgrader's own models
    "Non-unique cell id",  # nbformat, about cells that were copied and pasted; it puts them right
    "Cell is missing an id field",
]
LARGEST = 20 * 2**20  # bytes of a submission


@dataclass
class Row:
    """What came of one submission: points by question, what a person should see, what waits for marks, seconds late."""

    student: str
    points: dict = field(default_factory=dict)
    look: list = field(default_factory=list)
    by_hand: list = field(default_factory=list)
    late: float = 0.0


def grade(folder, name=None, course_folder=None, unsafe=False, seconds=10.0, progress=True):
    """Grade all submissions of a folder, and return the rows, one a student.

    folder: FOLDER/<student>.ipynb, FOLDER/<student>/….ipynb, or nbgrader's FOLDER/<student>/<assignment>/….ipynb,
    with timestamp.txt beside it if it is to count whether it came in time. name: the assignment; may be left out
    where one alone was made. seconds: what a cell may take. A broken submission gets its row like any other.
    NoSandbox if there is no sandbox and unsafe is False; ValueError for a folder without submissions. A second call
    grades again, and keeps what was graded by hand.
    """
    folder = Path(folder)
    sandbox.find(unsafe)  # refuses before anything is copied
    with course.open_course(course_folder) as root, warnings.catch_warnings():
        for message in NOISE:
            warnings.filterwarnings("ignore", message)
        plan = read_plan(root, name or _only_plan(root))
        found = submissions(folder, plan.name)
        if not found:
            raise ValueError(
                f"no notebook in {folder}; expected <student>/{plan.name}.ipynb or <student>.ipynb there"
            )
        api = course.api(root, unsafe, seconds)
        bar = tqdm(found.items(), "grading", disable=not progress)
        rows = [one(api, root, plan, student, path) for student, path in bar]
        api.generate_feedback(plan.name, force=True)
        for row in rows:
            note_missing_feedback(row, root, plan)
        write_tables(rows, plan, root)
    return rows


def note_missing_feedback(row, root, plan):
    """Note where a graded submission has no page for its author."""
    graded, page = (root / folder / row.student / plan.name / f"{plan.name}.{ending}"
                    for folder, ending in (("autograded", "ipynb"), ("feedback", "html")))  # fmt: skip
    if graded.exists() and not page.exists():
        row.look.append("there is no feedback page: nbgrader could not make it")


def _only_plan(root):
    made = sorted(path.stem for path in (Path(root) / "plans").glob("*.json"))
    if len(made) != 1:
        raise ValueError(
            f"say which assignment with --assignment; made in {root}: {', '.join(made) or 'none'}"
        )
    return made[0]


def submissions(folder, name):
    """Return student → notebook for a folder, or student → a sentence why there is none to be graded."""
    found = {}
    for path in sorted(Path(folder).iterdir()):
        student = path.stem if path.suffix == ".ipynb" else path.name
        if path.name.startswith(".") or not (path.is_dir() or path.suffix == ".ipynb"):
            continue
        found[student] = (
            "there are two of this name" if student in found else _submission(path, student, name)
        )
    return found


def _submission(path, student, name):
    """Return a student's notebook, or a sentence why it is none."""
    if not ID.fullmatch(student):
        return "this name is no student id: letters and digits, then also spaces and . @ , ' ( ) _ -"
    if path.is_symlink():
        return "it is a link; it might lead to the work of others"
    return path if path.is_file() else _notebook_in(path, name)


def _notebook_in(path, name):
    """Return the submission in a student's folder: the one with the assignment's name, else the only one."""
    all_ = [file for file in sorted(path.rglob("*.ipynb"))
            if ".ipynb_checkpoints" not in file.parts and file.is_file() and not file.is_symlink()]  # fmt: skip
    named = [file for file in all_ if file.stem == name]
    if named or len(all_) == 1:
        return (named or all_)[0]
    return f"{'several notebooks, and none' if all_ else 'no notebook'} is called {name}.ipynb"


def one(api, root, plan, student, path):
    """Grade one submission; whatever happens becomes a row."""
    row = Row(student, {question.id: 0.0 for question in plan.questions})
    try:
        wrong = unusable(path, plan)
        if wrong:
            row.look.append(wrong)
        else:
            autograde(api, root, plan, row, path)
    except Exception as error:  # the next one is to be graded all the same
        row.look.append(f"it could not be graded: {type(error).__name__}: {str(error)[:300]}")
    return row


def autograde(api, root, plan, row, path):
    """Hand a submission in, let nbgrader grade it, and read what it gets."""
    student = row.student
    hand_in(root, plan, student, path)
    done = api.autograde(plan.name, student, force=True, create=True)
    if not done["success"]:
        row.look.append(f"nbgrader could not grade it: {_last_line(done['error'] or done['log'])}")
    read_points(api, root, plan, row)


def _last_line(text):
    lines = [line for line in text.strip().splitlines() if line.strip()]
    return lines[-1][:300] if lines else "no reason given"


def unusable(path, plan):
    """Return why a file is no submission of this assignment, or ""."""
    if isinstance(path, str):
        return path
    if path.stat().st_size > LARGEST:
        return f"the file {path.name} has more than {LARGEST // 2**20} MB"
    try:
        cells = nbformat.read(path, as_version=4).cells
    except Exception as error:  # whatever a student hands in
        return f"the file {path.name} is no notebook: {type(error).__name__}"
    if not any(is_of(question, cell) for question in plan.questions for cell in cells):
        return f"the file {path.name} is another notebook: none of the assignment's cells is in it"
    return ""


def is_of(question, cell):
    """Return whether a cell belongs to a question; an editor may have lost its name, but not the function's."""
    stub = rf"^def {question.exercise.name}\("
    return grade_id(cell) == f"{question.id}-answer" or bool(re.search(stub, cell.source, re.MULTILINE))


def hand_in(root, plan, student, path):
    """Put a submission where nbgrader looks for it."""
    target = root / "submitted" / student / plan.name
    if path.resolve() == (target / f"{plan.name}.ipynb").resolve():
        return  # `nbgrader collect` has put it there
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    shutil.copyfile(path, target / f"{plan.name}.ipynb")
    stamp = path.with_name("timestamp.txt")
    if stamp.is_file() and not stamp.is_symlink():
        shutil.copyfile(stamp, target / "timestamp.txt")


def read_points(api, root, plan, row):
    """Read what the gradebook holds into a row: points by question, and what waits for a person."""
    from nbgrader.api import MissingEntry

    with api.gradebook as gradebook:
        try:
            submission = gradebook.find_submission(plan.name, row.student)
        except MissingEntry:
            return
        row.late = submission.total_seconds_late
        for notebook in submission.notebooks:
            for mark in notebook.grades:
                key = mark.name.removesuffix("-points")
                row.points[key] = float(mark.score)
                if mark.needs_manual_grade:
                    row.by_hand.append(key)
    kept = verdicts_path(root, plan.name, row.student)
    if kept.exists():
        verdicts = json.loads(kept.read_text(encoding="utf-8"))
        row.look += [f"{key}: {verdict['look']}" for key, verdict in verdicts.items() if verdict["look"]]


def write_tables(rows, plan, root):
    """Write grades/<assignment>.csv, a row a student and a column a question, and …-review.csv, what a person "
    "should see."""
    folder = root / "grades"
    folder.mkdir(exist_ok=True)
    keys = [question.id for question in (*plan.questions, *plan.written)]
    best = {question.id: question.points for question in (*plan.questions, *plan.written)}
    with (folder / f"{plan.name}.csv").open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(["student", *keys, "total", "seconds late"])
        out.writerow(["(at most)", *(best[key] for key in keys), plan.points, ""])
        for row in rows:
            points = [row.points.get(key, 0.0) for key in keys]
            out.writerow([row.student, *points, round(sum(points), 2), row.late or ""])
    with (folder / f"{plan.name}-review.csv").open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(["student", "why"])
        out.writerows([row.student, why] for row in rows for why in row.look)
