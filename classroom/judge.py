"""What an answer is worth. The student's code has run elsewhere; here are its answers, as data, beside the reference.

A question has *behaviours*: each output on ordinary cases, and the edge cases, each by itself. An output that is
wrong on ordinary cases earns nothing on edge cases: being right where all is 0 is no partial success. The message
names the first behaviour that fails and, where the answers are those of a known mistake, says so in the words of the
checks; it never shows a hidden number.
"""

from dataclasses import dataclass

from rnnlib.check import engine

from . import runner
from .question import behaviour

EDGE = 0.2  # the share of the points that the edge cases decide


@dataclass(frozen=True)
class Verdict:
    """Points, what to tell the student, and what a person should look at (or "")."""

    points: float
    message: str
    look: str = ""


def judge(question, answers, seed, error=""):
    """Return the Verdict on what the sandbox answered to a question; answers may be {} or forged.

    error: what the cell raised in which the function should stand, or "".
    """
    exercise, cases = question.exercise, question.cases(seed)
    if not isinstance(answers, dict) or not answers:
        return Verdict(0.0, "The notebook could not be run.", "no answer came out of the sandbox")
    if answers.get("missing"):
        why = f"its cell ends with {error[:300]}" if error else "was its name changed?"
        return Verdict(0.0, f"There is no function {exercise.name}: {why}")
    attempts = _attempts(exercise, cases, answers)
    wanted = [engine.try_case(exercise.reference, exercise, case) for case in cases]
    grid = [
        [_right(k, attempt, target) for k in range(len(exercise.outputs))]
        for attempt, target in zip(attempts, wanted)
    ]
    if all(all(row) for row in grid):
        return Verdict(float(question.points), "Right on all hidden cases.")
    points = round(question.points * _share(grid, cases), 2)
    return Verdict(points, _message(exercise, cases, attempts, wanted, grid, answers.get("error")))


def _attempts(exercise, cases, answers):
    """Return one Attempt for each case from what was answered."""
    given = answers.get("cases")
    given = given if isinstance(given, list) else []
    return [_attempt(exercise, given[k] if k < len(given) else {"error": answers.get("error") or "no answer"})
            for k in range(len(cases))]  # fmt: skip


def _attempt(exercise, line):
    """Return an Attempt from a line of the report."""
    if not isinstance(line, dict) or "value" not in line:
        return engine.Attempt(error=Failed(str(line.get("error") if isinstance(line, dict) else line)[:500]))
    try:
        raw = runner.decode(line["value"])
        return engine.Attempt(arrays=engine.read_answer(raw, exercise), raw=raw)
    except Exception as error:  # a forged or unreadable answer is a wrong one
        return engine.Attempt(error=Failed(str(error)[:500]))


class Failed(Exception):
    """What the student's code raised, as words."""


def _right(k, attempt, target):
    return attempt.error is None and engine.close_enough(attempt.arrays[k], target.arrays[k])


def _share(grid, cases):
    """Return the share of the points, from 0 to 1."""
    groups = {}
    for row, case in zip(grid, cases):
        groups.setdefault(behaviour(case), []).append(row)
    ordinary = [all(column) for column in zip(*groups.pop("ordinary"))]
    if not groups:
        return sum(ordinary) / len(ordinary)
    edges = [
        own and all(row[k] for row in rows) for rows in groups.values() for k, own in enumerate(ordinary)
    ]
    return (1 - EDGE) * sum(ordinary) / len(ordinary) + EDGE * sum(edges) / len(edges)


def _message(exercise, cases, attempts, wanted, grid, ended):
    """Say what fails, without a number of a hidden case."""
    if ended:
        return f"While it was called, {str(ended)[:300]}."
    failed = [attempt.error for attempt in attempts if attempt.error is not None]
    if len(failed) == len(attempts):
        return f"It does not give an answer: {failed[0]}"
    named = engine.named_mistake(exercise, cases, attempts, wanted)
    return f"Not yet: {named or _first_wrong(exercise, cases, attempts, wanted, grid)}"


def _first_wrong(exercise, cases, attempts, wanted, grid):
    """Name the first wrong quantity in the chain, and where it is wrong."""
    k = next(k for k in exercise.order if not all(row[k] for row in grid))
    name, shape = exercise.outputs[k]
    groups = [behaviour(case) for case, row in zip(cases, grid) if not row[k]]
    where = "on ordinary cases" if "ordinary" in groups else f"with {groups[0]}"
    right = [exercise.outputs[j][0] for j in exercise.order if all(row[j] for row in grid)]
    good = f"right: {', '.join(right)}; " if right else ""
    given = [(a.arrays[k].shape, w.arrays[k].shape) for a, w in zip(attempts, wanted) if a.error is None]
    hint = "" if all(mine == theirs for mine, theirs in given) else f": its shape should be {shape}"
    return f"{good}{name} is wrong {where}{hint}."
