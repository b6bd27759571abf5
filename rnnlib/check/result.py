"""What a check answers: one sentence, and whether the answer was right."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, repr=False)
class Result:
    """The answer of a check: `passed` is True, False, or None where there is nothing to judge yet.

    Its text is the sentence alone, so that it reads well under a cell and is the same on every machine.

    >>> Result(True, "Right on 5 cases.")
    Right on 5 cases.
    """

    passed: bool
    sentence: str

    def __repr__(self):
        return self.sentence

    def __bool__(self):
        return self.passed is True


def right(sentence):
    """Say that an answer is right."""
    return Result(True, sentence)


def wrong(sentence):
    """Say what is wrong with an answer."""
    return Result(False, f"Not yet: {sentence}")


def open_(sentence):
    """Say that there is no answer yet."""
    return Result(None, f"Not done yet: {sentence}")


def number(value):
    """Write a number with at most 4 significant digits; whole numbers in full.

    >>> number(0.123456), number(2496.0), number(True)
    ('0.1235', '2496', 'True')
    """
    if isinstance(value, (bool, np.bool_)):
        return str(bool(value))
    value = float(value)
    whole = value.is_integer() and abs(value) < 1e9
    return f"{value:.0f}" if whole else f"{value:.4g}"


def size(shape):
    """Write a shape in words.

    >>> size((2, 3)), size(())
    ('shape (2, 3)', 'no axes (a single number)')
    """
    return f"shape {tuple(shape)}" if shape else "no axes (a single number)"


def kind(value):
    """Name what kind of thing a value is, without its address.

    >>> kind([1]), kind(None), kind(kind)
    ('a list', 'None', 'a function')
    """
    if value is None or value is Ellipsis:
        return "None" if value is None else "..."
    name = type(value).__name__.replace("ndarray", "array")
    return f"{'an' if name[0].lower() in 'aeiou' else 'a'} {name}"
