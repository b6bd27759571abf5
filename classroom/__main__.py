"""`python -m classroom`: make assignments, grade submissions."""

import argparse
import sys

from . import sandbox


def parser():
    """Return the reader of the command line."""
    top = argparse.ArgumentParser(
        prog="python -m classroom", description="Assignments made from the book's exercises."
    )
    commands = top.add_subparsers(dest="command", required=True)
    made = commands.add_parser("make", help="make an assignment: graded variants of the chapters' exercises")
    made.add_argument("--chapters", type=int, nargs="+", required=True, metavar="N")
    secret = "draws the variants and the hidden cases; keep it to yourself"
    made.add_argument("--seed", type=int, required=True, help=secret)
    made.add_argument(
        "--only", nargs="+", default=(), metavar="EXERCISE", help="keep variants of these exercises only"
    )
    made.add_argument("--name", help="of the assignment; chapters-4-5, say, unless given")
    made.add_argument("--due", metavar="WHEN", help='what comes later is late: "2027-05-01 12:00 UTC", say')
    graded = commands.add_parser("grade", help="grade a folder of submissions")
    graded.add_argument(
        "folder", metavar="FOLDER", help="<student>.ipynb or <student>/<assignment>.ipynb in it"
    )
    graded.add_argument("--assignment", help="its name; may be left out where one alone was made")
    alone = "where there is no sandbox: run students' code as yourself"
    graded.add_argument("--unsafe", action="store_true", help=alone)
    for command in (made, graded):
        command.add_argument("--course", metavar="DIR", help="the course folder (course/ unless given)")
    commands.add_parser("list", help="list the graded questions there are")
    return top


def main(arguments=None):
    """Do what the command line says; a sentence on standard error and exit code 1 if it cannot be done."""
    options = parser().parse_args(arguments)
    try:
        {"make": make, "grade": grade, "list": list_questions}[options.command](options)
    except (ValueError, RuntimeError, OSError, sandbox.NoSandbox) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def make(options):
    """Make an assignment and say where it is."""
    from .make import make

    plan = make(options.chapters, options.seed, options.name, options.course, options.only, options.due)
    root = options.course or "course"
    print(
        f"{plan.name}: {len(plan.questions)} questions and {len(plan.written)} in words, {plan.points} points"
    )
    print(f"to hand out: {root}/release/{plan.name}/{plan.name}.ipynb")
    print(f"for you alone: {root}/source (marking schemes) and {root}/plans (the seed)")


def grade(options):
    """Grade a folder and say where the grades are."""
    from .grade import grade

    rows = grade(options.folder, options.assignment, options.course, options.unsafe)
    root = options.course or "course"
    print(
        f"{len(rows)} submissions graded; by question: {root}/grades/*.csv; feedback pages: {root}/feedback"
    )
    look = sum(bool(row.look) for row in rows)
    print(f"{look} of them want a look: {root}/grades/*-review.csv")
    by_hand = sum(len(row.by_hand) for row in rows)
    print(
        f"{by_hand} answers in words wait for marks: nbgrader's formgrader, in JupyterLab started in {root}"
    )


def list_questions(options):
    """List the graded questions."""
    from .variants import QUESTIONS, WRITTEN

    for question in sorted(QUESTIONS, key=lambda question: question.id):
        print(f"{question.id:45} {question.points:3} points  {question.minutes:3} minutes")
    for question in WRITTEN:
        print(f"{question.id:45} {question.points:3} points  {question.minutes:3} minutes  by hand")


if __name__ == "__main__":
    sys.exit(main())
