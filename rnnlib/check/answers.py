"""Checks of answers that are no functions: a value, a choice, a goal in an explorer."""

from collections.abc import Mapping

import numpy as np

from .explain import message_of
from .result import kind, number, open_, right, wrong


def value(answer, expected, *, confusions=None, tol=0.01):
    """Compare a predicted value with the expected one.

    answer: a number, an array or a text; ... or None counts as not done. expected: the same; whole numbers and texts
    must be equal, other numbers may be off by `tol`, relative to the largest of them (0.01: 1 %). confusions maps
    wrong values to what they show, as a dict or as pairs (value, sentence) where values are arrays. Never raises.

    >>> value(0.36, 0.3627, confusions={0.381: "that is a_2: the tanh is still to come."})
    Right: 0.3627.
    >>> value(0.38, 0.3627, confusions={0.381: "that is a_2: the tanh is still to come."})
    Not yet: that is a_2: the tanh is still to come.
    >>> value(..., 0.3627)
    Not done yet: put your answer in the place of the dots.
    """
    return _never_raising(_value, answer, expected, confusions or {}, tol)


def choice(question, answer, *, right_one=None):
    """Compare a chosen option with the right one, and answer with that option's own reply.

    question: an rnnlib.explorers.Question, or a dict from options to replies, whose right option is `right_one`.
    answer: the text of an option; case and outer blanks do not matter, and a beginning that fits one option only is
    enough. Never raises.

    >>> replies = {"twice": "Only W_xh doubles.", "it quadruples": "W_hh has H² entries."}
    >>> choice(replies, "It quadruples", right_one="it quadruples")
    Right: W_hh has H² entries.
    >>> choice(replies, "twice", right_one="it quadruples")
    Not yet: Only W_xh doubles.
    """
    return _never_raising(_choice, question, answer, right_one)


def explorer(explorer, goal):
    """Say whether an explorer's settings reach a goal; the same goal is judged on the page.

    explorer: an object with `reached(goal)` → (bool, sentence), as rnnlib's explorers have. Never raises.

    >>> class Steep:
    ...     def reached(self, goal):
    ...         return False, "the state is still 0.2 at the end."
    >>> explorer(Steep(), "hold")
    Not yet: the state is still 0.2 at the end.
    """
    return _never_raising(_explorer, explorer, goal)


def _never_raising(judge, *args):
    try:
        return judge(*args)
    except Exception as error:  # never raises
        return open_(f"the check could not read this answer ({type(error).__name__}: {message_of(error)}).")


# --- value -----------------------------------------------------------------------------------------------------


def _is_open(answer):
    return (
        answer is None
        or answer is Ellipsis
        or (isinstance(answer, str) and answer.strip() in ("", "...", "…"))
    )


def _value(answer, expected, confusions, tol):
    if _is_open(answer):
        return open_("put your answer in the place of the dots.")
    if callable(answer):
        return wrong("this is a function; the answer is the value that it returns.")
    if _agrees(answer, expected, tol):
        return right(f"Right: {_shown(expected)}.")
    pairs = confusions.items() if isinstance(confusions, Mapping) else confusions
    for confused, sentence in pairs:
        if _agrees(answer, confused, tol):
            return wrong(sentence)
    return wrong(_what_differs(answer, expected))


def _agrees(answer, expected, tol):
    if isinstance(answer, str) or isinstance(expected, str):
        return _plain(answer) == _plain(expected)
    array, target = np.asarray(answer), np.asarray(expected)
    if array.dtype.kind not in "biuf" or array.shape != target.shape:
        return False
    if target.dtype.kind in "biu":
        return bool((array == target).all())
    bound = tol * (np.abs(target).max(initial=0) or 1)
    with np.errstate(all="ignore"):
        return bool((np.abs(array - target) <= bound).all())


def _plain(text):
    return " ".join(str(text).casefold().split())


def _shown(expected):
    if isinstance(expected, str):
        return expected
    array = np.asarray(expected)
    return number(array) if array.ndim == 0 else "[" + ", ".join(map(_shown, array)) + "]"


def _what_differs(answer, expected):
    if isinstance(answer, str) != isinstance(expected, str):
        what = "a text" if isinstance(expected, str) else "a number" if np.ndim(expected) == 0 else "an array"
        return f"the answer is {kind(answer)}; expected {what}."
    if isinstance(answer, str):
        return "that is not it."
    array, target = np.asarray(answer), np.asarray(expected)
    if array.dtype.kind not in "biuf":
        return f"the answer is {kind(answer)} that holds no real numbers; expected numbers."
    if array.shape != target.shape:
        return f"the answer has shape {array.shape}; expected {target.shape}."
    return f"{_shown(answer)} is not it{_direction(array, target)}."


def _direction(array, target):
    if array.ndim or not np.isfinite(array):
        return ""
    if array == -target:
        return ": look at the sign"
    return ": too large" if array > target else ": too small"


# --- choice ----------------------------------------------------------------------------------------------------


def _choice(question, answer, right_one):
    options = question if isinstance(question, Mapping) else question.options
    right_one = right_one if isinstance(question, Mapping) else question.answer
    reply = options.__getitem__ if isinstance(question, Mapping) else question.reply
    if _is_open(answer):
        return open_("choose one of the options.")
    chosen = _find(_plain(answer), list(options))
    if chosen is None:
        listed = ", ".join(f'"{option}"' for option in options)
        return wrong(f"that is none of the options; choose one of {listed}.")
    sentence = str(reply(chosen))
    if chosen == right_one:
        return right(sentence if sentence.startswith(("Yes", "Right")) else f"Right: {sentence}")
    return wrong(sentence)


def _find(text, options):
    """Return the option that is, or alone begins with, the text."""
    same = [option for option in options if _plain(option) == text]
    begins = same or [option for option in options if _plain(option).startswith(text)]
    return begins[0] if len(begins) == 1 else None


# --- explorer --------------------------------------------------------------------------------------------------


def _explorer(explorer, goal):
    if _is_open(explorer):
        return open_("make the explorer first: run the cell above.")
    if not hasattr(explorer, "reached"):
        return wrong(f"this is {kind(explorer)}; pass the explorer itself.")
    reached, sentence = explorer.reached(goal)
    if reached:
        return right(sentence if sentence.startswith("Right") else f"Right: {sentence}")
    return wrong(sentence)
