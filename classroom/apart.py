"""nbgrader's execution step, in two places: students' cells in the sandbox, points by the judge outside of it."""

import json
import re
from dataclasses import asdict
from pathlib import Path

from nbformat.v4 import new_output
from nbgrader.preprocessors import NbGraderPreprocessor, OverwriteCells
from traitlets import Bool, Float

from . import sandbox
from .judge import Verdict, judge
from .make import names_of, read_plan
from .runner import KEPT, encode

ABSENT = ["rnnlib", "classroom"]  # the one has backward passes and checks, the other the references
SCHEME = re.compile(r"\s*### BEGIN MARK SCHEME\n.*?### END MARK SCHEME", re.DOTALL)


def grade_id(cell):
    """Return a cell's name in the assignment, or None; a student may have written anything there."""
    own = cell.metadata.get("nbgrader") if isinstance(cell.metadata, dict) else None
    found = own.get("grade_id") if isinstance(own, dict) else None
    return found if isinstance(found, str) else None


class Names(NbGraderPreprocessor):
    """Leave each of the assignment's names to one cell, the last that bears it, and take all other names away.

    Cells are copied and pasted, with their metadata, and may bear anything; nbgrader's own steps trust what they find.
    """

    def preprocess(self, nb, resources):
        """Go through the cells from the last to the first."""
        where = resources["nbgrader"]
        free = names_of(read_plan(course_root(where), where["assignment"]))
        for cell in reversed(nb.cells):
            name = grade_id(cell)
            if name in free:
                free.remove(name)
            else:
                cell.metadata.pop("nbgrader", None)
        return nb, resources


def course_root(where):
    """Return the course folder from what nbgrader says of a submission."""
    return Path(where["db_url"].removeprefix("sqlite:///")).parent


class Restore(OverwriteCells):
    """Put back what a student may not change; a points cell that was deleted comes back at the end.

    nbgrader's own step wants to put it behind the cell that stood before it, and gives up if that is gone, too.
    """

    def add_missing_grade_cells(self, nb, resources):
        """Append each graded cell that is missing."""
        source = self.gradebook.find_notebook(self.notebook_id, self.assignment_id)
        cells = {cell.name: cell for cell in source.source_cells}
        there = {grade_id(cell) for cell in nb.cells}
        for grade in source.grade_cells:
            if grade.name not in there:
                nb.cells.append(self.missing_cell_transform(cells[grade.name], grade.max_score))
        return nb, resources


class Apart(NbGraderPreprocessor):
    """Run the submission's cells in the sandbox; fill in outputs, and points where a cell is worth some."""

    unsafe = Bool(False, help="Run without a sandbox if there is none.").tag(config=True)
    seconds = Float(10.0, help="What a cell may take, and a question's cases together.").tag(config=True)

    def preprocess(self, nb, resources):
        """Execute a notebook as `nbgrader autograde` asks for it."""
        where = resources["nbgrader"]
        root = course_root(where)
        plan = read_plan(root, where["assignment"])
        report = sandbox.run(job(nb, plan), sandbox.limits(self.seconds), sandbox.find(self.unsafe))
        verdicts = {question.id: verdict_on(question, report, plan, nb) for question in plan.questions}
        keep(verdicts, root, where)
        by_cell = {f"{key}-points": verdict for key, verdict in verdicts.items()}
        for k, cell in enumerate(nb.cells):
            if cell.cell_type != "code":
                cell.source = harmless(cell.source)
                continue
            verdict = by_cell.get(grade_id(cell))
            cell.outputs = points_output(verdict) if verdict else outputs(report, str(k))
        return nb, resources


class NoScheme(NbGraderPreprocessor):
    """Take the marking schemes out of a page that students get; the marker's pages keep them."""

    def preprocess(self, nb, resources):
        """Go through the assignment's own cells, and leave what a student has written."""
        for cell in nb.cells:
            if cell.metadata.get("nbgrader", {}).get("task"):
                cell.source = SCHEME.sub("", cell.source)
        return nb, resources


def harmless(text):
    """Return Markdown without HTML: nbgrader's pages would run a student's scripts in the teacher's browser.

    A tag begins with < and a letter, /, ! or ?; a blank between them makes it text, and leaves mathematics alone.

    >>> harmless("<script>alert(1)</script> where $a<b$")
    '< script>alert(1)< /script> where $a< b$'
    """
    return re.sub(r"<(?=[A-Za-z/!?])", "< ", text)


def verdict_on(question, report, plan, nb):
    """Return the Verdict on a question from a report of the sandbox."""
    if not report:
        return Verdict(0.0, "The notebook could not be run to its end.", "the sandbox gave no report")
    answers = report["answers"].get(question.exercise.name)
    try:
        return judge(question, answers, plan.seed, error_of_cell(question, report, nb))
    except Exception as error:  # a report may be forged; a fault of ours is not to stop the batch either
        return Verdict(0.0, "The answer could not be read.", f"{type(error).__name__} while it was judged")


def error_of_cell(question, report, nb):
    """Return the error of the cell in which a question is answered, or ""."""
    for k, cell in enumerate(nb.cells):
        if grade_id(cell) == f"{question.id}-answer":
            found = report["cells"].get(str(k))
            return str(found.get("error") or "") if isinstance(found, dict) else ""
    return ""


def keep(verdicts, root, where):
    """Keep the verdicts for the table of grades."""
    path = verdicts_path(root, where["assignment"], where["student"])
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = {key: asdict(verdict) for key, verdict in verdicts.items()}
    path.write_text(json.dumps(rows, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def verdicts_path(root, assignment, student):
    """Return where the verdicts on a submission are kept."""
    return Path(root) / "verdicts" / assignment / f"{student}.json"


def job(nb, plan):
    """Return what the sandbox is to do: all code cells that are not ours, then every question on its hidden cases."""
    ours = {f"{question.id}-points" for question in plan.questions}
    cells = [{"id": str(k), "source": cell.source} for k, cell in enumerate(nb.cells)
             if cell.cell_type == "code" and grade_id(cell) not in ours]  # fmt: skip
    questions = [
        {"name": question.exercise.name, "cases": arguments(question, plan.seed)}
        for question in plan.questions
    ]
    return {"cells": cells, "questions": questions, "absent": ABSENT}


def arguments(question, seed):
    """Return the arguments of a question's hidden cases, as JSON holds them; no expected answer is among them."""
    return [[encode(value) for value in case.args] for case in question.cases(seed)]


def points_output(verdict):
    """Return a points cell's outputs: the sentence, and the points as its value, which nbgrader reads."""
    text = f"{verdict.message}\n"
    return [new_output("stream", name="stdout", text=text),
            new_output("execute_result", data={"text/plain": repr(float(verdict.points))},
            execution_count=None)]  # fmt: skip


def outputs(report, key):
    """Return what a student's cell printed, and its error."""
    found = report.get("cells", {}).get(key)
    if not isinstance(found, dict):
        return []
    printed = str(found.get("output") or "")[:KEPT]
    made = [new_output("stream", name="stdout", text=printed)] if printed else []
    if found.get("error"):
        words = str(found["error"])[:KEPT]
        made.append(new_output("error", ename="Error", evalue=words, traceback=[words]))
    return made
