"""What a graded question is: a variant of a practice exercise, with its reference, hidden cases and marking scheme."""

from dataclasses import dataclass

import numpy as np

from rnnlib.check.engine import Exercise


@dataclass(frozen=True)
class Question:
    """A graded variant of a practice exercise.

    `chapter` and `practice` name the exercise that it varies, `variant` tells it from its siblings; `exercise` is the
    table of the checks' engine: name, arguments, outputs, cases(rng), reference, known mistakes. A case whose
    words begin with "=" is an edge case: `T = 1`, say, without the sign, counts by itself. `text` is the
    statement, `points` what it is worth, `minutes` what it takes.
    """

    chapter: int
    practice: str
    variant: str
    exercise: Exercise
    text: str
    points: int
    minutes: int

    @property
    def id(self):
        """A name for cells, files and columns: ch05-rnn_backward-columns."""
        return f"ch{self.chapter:02}-{self.practice}-{self.variant}"

    @property
    def stub(self):
        """The cell that the student fills in, as nbgrader marks it."""
        head = f"def {self.exercise.name}({', '.join(self.exercise.args)}):"
        return f"{head}\n    ### BEGIN SOLUTION\n    ...\n    ### END SOLUTION"

    def cases(self, seed):
        """Return the hidden cases, the same for a seed on every machine."""
        digits = int.from_bytes(self.id.encode(), "big") % 2**32
        return self.exercise.cases(np.random.default_rng([seed, digits]))

    def public(self):
        """Return the case that students see: the smallest ordinary one, the same in every year."""
        ordinary = [case for case in self.cases(0) if behaviour(case) == "ordinary"]
        return min(ordinary, key=lambda case: sum(map(_numbers_in, case.args)))


@dataclass(frozen=True)
class Written:
    """A question that a person marks: its text, points, and the marking scheme that students do not get."""

    chapter: int
    name: str
    text: str
    points: int
    scheme: str
    minutes: int

    @property
    def id(self):
        """A name for cells and columns: ch05-derive-h0."""
        return f"ch{self.chapter:02}-{self.name}"


def _numbers_in(value):
    """Count the numbers of an argument, a list of arrays included."""
    return sum(map(np.size, value)) if isinstance(value, list) else np.size(value)


def behaviour(case):
    """Return the group that a case counts in: "ordinary", or the edge case's own words.

    >>> behaviour(Case("T = 4, B = 3", ())), behaviour(Case("=T = 1", ()))
    ('ordinary', 'T = 1')
    """
    return case.words[1:] if case.words.startswith("=") else "ordinary"
