"""Make an assignment: draw variants by a seed, write the teacher's notebook, and let nbgrader make the students'."""

import json
import random
from dataclasses import dataclass
from pathlib import Path

import nbformat
import numpy as np
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from . import course, exercises
from .variants import QUESTIONS, WRITTEN

SCHEMA = 3  # of nbgrader's metadata
KERNEL = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}


@dataclass(frozen=True)
class Plan:
    """Which questions an assignment has, and the seed of its hidden cases; students do not get it."""

    name: str
    seed: int
    questions: tuple
    written: tuple

    @property
    def points(self):
        """What the whole is worth."""
        return sum(question.points for question in (*self.questions, *self.written))


def draw(chapters, seed):
    """Draw one variant of each practice exercise that has some; ValueError for a chapter without.

    The same seed draws the same variants.
    """
    rng, questions = random.Random(seed), []
    for chapter in chapters:
        of_chapter = [question for question in QUESTIONS if question.chapter == chapter]
        if not of_chapter:
            have = sorted({question.chapter for question in QUESTIONS})
            raise ValueError(
                f"chapter {chapter} has no graded questions; these have: {', '.join(map(str, have))}"
            )
        for practice in dict.fromkeys(question.practice for question in of_chapter):
            questions.append(
                rng.choice([question for question in of_chapter if question.practice == practice])
            )
    return tuple(questions), tuple(question for question in WRITTEN if question.chapter in chapters)


def make(chapters, seed, name=None, folder=None, only=(), due=None):
    """Write source/, release/ and the plan of an assignment into a course folder, and return its Plan.

    only: names of practice exercises to keep. due: when it is to be handed in, such as "2027-05-01 12:00 UTC"; a
    submission with a later timestamp counts as late. ValueError for chapters without questions, or an empty choice.
    """
    due = course.read_due(due)
    questions, written = draw(chapters, seed)
    if only:
        unknown = set(only) - {question.practice for question in questions}
        if unknown:
            raise ValueError(f"no graded question of these chapters is called {', '.join(sorted(unknown))}")
        questions = tuple(question for question in questions if question.practice in only)
    plan = Plan(name or f"chapters-{'-'.join(map(str, chapters))}", seed, questions, written)
    with course.open_course(folder) as root:
        write_plan(plan, root)
        course.write_config(root)
        target = root / "source" / plan.name / f"{plan.name}.ipynb"
        target.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(notebook(plan), target)
        course.generate(root, plan.name, due)
    return plan


def write_plan(plan, root):
    """Keep the plan where `grade` finds it."""
    kept = {"name": plan.name, "seed": plan.seed, "questions": [question.id for question in plan.questions],
            "written": [question.id for question in plan.written]}  # fmt: skip
    path = root / "plans" / f"{plan.name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")


def read_plan(root, name):
    """Return the Plan of an assignment; ValueError if none of that name was made here."""
    path = Path(root) / "plans" / f"{name}.json"
    if not path.exists():
        made = sorted(file.stem for file in path.parent.glob("*.json"))
        raise ValueError(
            f"no assignment {name!r} was made in {root}; made there: {', '.join(made) or 'none'}"
        )
    kept = json.loads(path.read_text(encoding="utf-8"))
    questions, written = ({question.id: question for question in all_} for all_ in (QUESTIONS, WRITTEN))
    return Plan(kept["name"], kept["seed"], tuple(questions[key] for key in kept["questions"]),
                tuple(written[key] for key in kept["written"]))  # fmt: skip


# --- the notebook ----------------------------------------------------------------------------------------------


def notebook(plan):
    """Return the teacher's version; nbgrader makes the students' from it, without the marking schemes."""
    cells = [_text("title", _title(plan)), _code("imports", "import numpy as np", locked=True)]
    for number, question in enumerate(plan.questions, 1):
        cells += _question(number, question)
    for number, question in enumerate(plan.written, len(plan.questions) + 1):
        cells += [_task(number, question)]
    return new_notebook(cells=cells, metadata=KERNEL)


def names_of(plan):
    """Return the names of an assignment's cells."""
    return {cell.metadata.nbgrader.grade_id for cell in notebook(plan).cells}


TITLE = """# Assignment {name}

{points} points, about {minutes} minutes. Fill in the functions; NumPy is all they need, and all there is when they
are graded. Each has one public case that you can try. When it is graded, other cases are used, of other shapes and
with other numbers, and your functions are called by their names: keep these. Work is graded by what the functions
return; what they print is not read. The notebook is run from the top, without a network; ten seconds are granted to
a cell."""

ANSWER = """## {number}. {name} ({points} points, about {minutes} minutes)

{text}"""

TASK = """## {number}. In words ({points} points, about {minutes} minutes)

{text}

Add a cell below for your answer.

### BEGIN MARK SCHEME
{scheme}
### END MARK SCHEME"""


def _title(plan):
    minutes = sum(question.minutes for question in (*plan.questions, *plan.written))
    return _one_line(TITLE).format(name=plan.name, points=plan.points, minutes=minutes)


def _one_line(text):
    """Return text whose paragraphs are a line each."""
    return "\n\n".join(part.replace("\n", " ") for part in text.split("\n\n"))


def _question(number, question):
    of = {"name": question.exercise.name, "points": question.points, "minutes": question.minutes}
    return [
        _text(f"{question.id}-text", ANSWER.format(number=number, text=question.text, **of)),
        _code(f"{question.id}-answer", question.stub, solution=True),
        _code(f"{question.id}-public", public_check(question), locked=True),
        _code(f"{question.id}-points", POINTS, locked=True, grade=True, points=question.points),
    ]


POINTS = "# Points are given here when it is graded. This cell does nothing in your notebook."


PUBLIC = """{arguments}
expected = {expected}
found = {call}
if found is not None:
    for name, mine, right in zip({names}, {mine}, {right}):
        print(name, np.shape(mine) == np.shape(right) and np.allclose(mine, right, atol=1e-3))"""


def public_check(question):
    """Return the code of the public check: arguments, what comes out for them, a comparison."""
    exercise, args = question.exercise, [rounded(value) for value in question.public().args]
    wanted, names = exercise.reference(*args), [name for name, _ in exercise.outputs]
    several = isinstance(wanted, tuple)
    return PUBLIC.format(
        arguments="\n".join(f"{name} = {literal(value)}" for name, value in zip(exercise.args, args)),
        expected=literal(wanted), call=f"{exercise.name}({', '.join(exercise.args)})", names=names,
        mine="found" if several else "[found]", right="expected" if several else "[expected]",
    )  # fmt: skip


def rounded(value):
    """Return a public argument with two decimals, short enough to be read."""
    if isinstance(value, list):
        return [rounded(part) for part in value]
    floats = isinstance(value, float) or (isinstance(value, np.ndarray) and value.dtype.kind == "f")
    return np.round(value, 2) if floats else value


def literal(value):
    """Return Python code for numbers, arrays and tuples of them, with at most four decimals.

    >>> literal((np.array([True, False]), 0.123456, 3))
    '(np.array([True, False]), 0.1235, 3)'
    """
    if isinstance(value, np.ndarray) and value.ndim:
        return f"np.array({(np.round(value, 4) if value.dtype.kind == 'f' else value).tolist()})"
    if isinstance(value, (tuple, list)):
        inner = ", ".join(map(literal, value))
        return f"({inner})" if isinstance(value, tuple) else f"[{inner}]"
    plain = value.item() if isinstance(value, (np.generic, np.ndarray)) else value
    return repr(round(plain, 4) if isinstance(plain, float) else plain)


def _task(number, question):
    of = {
        "text": question.text,
        "points": question.points,
        "minutes": question.minutes,
        "scheme": question.scheme,
    }
    cell = _text(question.id, TASK.format(number=number, **of))
    cell.metadata.nbgrader.update(task=True, points=question.points)
    return cell


def _text(grade_id, source):
    cell = new_markdown_cell(source)
    cell.metadata["nbgrader"] = _metadata(grade_id, locked=True)
    return cell


def _code(grade_id, source, **how):
    cell = new_code_cell(source)
    cell.metadata["nbgrader"] = _metadata(grade_id, **how)
    return cell


def _metadata(grade_id, locked=False, grade=False, solution=False, points=None):
    found = {"grade_id": grade_id, "locked": locked, "grade": grade, "solution": solution, "task": False,
             "schema_version": SCHEMA}  # fmt: skip
    return nbformat.from_dict(found if points is None else {**found, "points": points})


__all__ = ["Plan", "draw", "exercises", "literal", "make", "notebook", "public_check", "read_plan"]
