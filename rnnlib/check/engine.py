"""The engine of all checks: run a function on cases, compare, find the likely mistake, put it into words.

A check is a table, an `Exercise`: cases, a reference, and known wrong variants, each with its sentence. The answers
of the learner's function are compared with the reference; if they differ, with each variant. A variant is named only
if it gives the learner's answers on *every* case that the learner's code answers, so a sentence seldom accuses the
wrong mistake.
"""

import copy
import inspect
import numbers
import re
from dataclasses import dataclass
from decimal import Decimal
from itertools import permutations

import numpy as np

from . import guard
from .explain import explain, explain_stop, message_of
from .result import kind, number, open_, right, size, wrong

SEED = 20260  # cases are drawn afresh, but alike on every machine
TOLERANCE = 1e-5  # relative to the largest entry: float32 answers pass


@dataclass(frozen=True)
class Case:
    """One set of arguments, and the words that tell it from the others ("T = 1, B = 1").

    `alone` is the sentence for code that is right on all other cases and wrong here. A case that has one does not
    help to name a mistake: code may have that mistake, and fail here on top of it.
    """

    words: str
    args: tuple
    alone: str = ""


@dataclass(frozen=True)
class Exercise:
    """The table behind a check.

    `args` are the names of the arguments; `outputs` pairs (name, shape in the book's letters) in the order in which
    they depend on each other, so that the first wrong one is the one to mend; `cases(rng)` lists the Cases;
    `variants` pairs (sentence, function) of known mistakes; `included` names the edge cases that were tried;
    `hints` pairs (pattern, sentence): the sentence follows what is said of an exception if the pattern is found in it.
    `chain` lists the outputs' names in the order of the computation where the answer has another order; `backwards`
    says that time runs from the end, so that the last wrong step is the one to mend. `look(found, wanted)` takes the
    answers to all cases, as tuples of arrays, and returns a sentence for what no function can copy (chance), or None.
    `returns` says what is wanted, where the outputs' names and shapes do not say it well.
    """

    name: str
    args: tuple
    outputs: tuple
    cases: callable
    reference: callable
    variants: tuple
    included: str = ""
    hints: tuple = ()
    chain: tuple = ()
    backwards: bool = False
    look: callable = None
    returns: str = ""

    @property
    def order(self):
        """The outputs' places in the order of the computation."""
        names = [name for name, _ in self.outputs]
        return [names.index(name) for name in self.chain or names]

    @property
    def wanted(self):
        """What the function should return, in words."""
        if self.returns:
            return self.returns
        parts = [f"{name} of shape {shape}" if shape != "()" else name for name, shape in self.outputs]
        return parts[0] if len(parts) == 1 else f"({', '.join(parts)})"


NOTHING = object()  # it returned nothing at all, not even None


class Unreadable(Exception):
    """An answer that is not made of numbers; the message is the sentence."""


@dataclass
class Attempt:
    """What a function made of a case: its arrays, or why there are none; `raw` is what it returned."""

    arrays: tuple = None
    error: BaseException = None
    raw: object = NOTHING
    changed: tuple = None  # the argument that was changed in place: its name, and what it was

    @property
    def reason(self):
        return str(self.error) if isinstance(self.error, Unreadable) else explain(self.error)


def judge(function, exercise):
    """Answer a learner's function with a Result; never raises.

    >>> half = Exercise("half", ("x",), (("x / 2", "()"),), lambda rng: [Case("x = 3", (3.0,))],
    ...                 lambda x: x / 2, (("that doubles x: divide.", lambda x: 2 * x),))
    >>> judge(lambda x: 2 * x, half)
    Not yet: that doubles x: divide.
    >>> judge(lambda x: 0.5 * x, half)
    Right on 1 case.
    """
    try:
        return _judge(function, exercise)
    except Exception as error:  # a fault of ours must not stop the learner's notebook
        return open_(f"the check could not read this answer ({type(error).__name__}: {message_of(error)}).")


def _judge(function, exercise):
    if not callable(function):
        return _not_a_function(function, exercise)
    cases = exercise.cases(np.random.default_rng(SEED))
    attempts, run = _attempts(function, exercise, cases)
    early = _unfinished(function, exercise, attempts, run)
    if early is not None:
        return early
    attempts, again = attempts[:-1], attempts[-1]  # the last one is the first case once more
    alike = _same(again, attempts[0])
    wanted = [try_case(exercise.reference, exercise, case) for case in cases]
    if all(map(_same, attempts, wanted)):
        return _right(exercise, attempts, alike)
    alone, cases, attempts, wanted = _set_apart(cases, attempts, wanted)
    sentence = (
        alone
        or named_mistake(exercise, cases, attempts, wanted)
        or _other_order(exercise, attempts, wanted)
        or _looked(exercise, attempts, wanted)
    )
    sentence = sentence or _first_wrong(exercise, cases, attempts, wanted) + (
        _clue(function, attempts, wanted) if alike else f" {_NOT_ALIKE}"
    )
    return wrong(sentence + _about_prints(run))


# --- running ---------------------------------------------------------------------------------------------------


def _attempts(function, exercise, cases):
    """Try all cases, and the first one once more, within one limit of time."""
    attempts = []

    def work():
        _bind(function, exercise)
        for case in [*cases, cases[0]]:
            attempts.append(try_case(function, exercise, case))

    run = guard.run(_keeping(work, attempts))
    return list(attempts), run  # a copy: a thread left behind might still add to its own


def _keeping(work, attempts):
    """Keep what work itself raises (a signature that does not fit) as an attempt."""

    def kept():
        try:
            work()
        except Unreadable as error:
            attempts.append(Attempt(error=error))

    return kept


def _bind(function, exercise):
    """Refuse a function that does not take the exercise's arguments."""
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):  # built-in functions may have none
        return
    try:
        signature.bind(*exercise.args)
    except TypeError:
        takes = f"({', '.join(map(_parameter, signature.parameters.values()))})"
        raise Unreadable(f"the function takes {takes}; expected ({', '.join(exercise.args)}).") from None


def _parameter(parameter):
    """Write a parameter as in the function's head, without its default."""
    by_name = parameter.kind is parameter.KEYWORD_ONLY
    return f"{parameter.name} by name only" if by_name else str(parameter.replace(default=parameter.empty))


def try_case(function, exercise, case):
    """Call a function on copies of a case's arguments."""
    args = copy.deepcopy(case.args)
    attempt = Attempt()
    try:
        with np.errstate(all="ignore"):
            attempt.raw = function(*args)
            attempt.arrays = read_answer(attempt.raw, exercise)
    except guard.Stopped:
        raise
    except BaseException as error:  # SystemExit and the like included
        attempt.error = error
    attempt.changed = _changed(args, case.args, exercise.args)
    return attempt


def _changed(args, before, names):
    for name, now, then in zip(names, args, before):
        if not _equal(now, then):
            return name, then
    return None


def _equal(a, b):
    """Are two arguments equal, lists of lists and arrays included?"""
    if isinstance(b, list):
        return isinstance(a, list) and len(a) == len(b) and all(map(_equal, a, b))
    if isinstance(b, np.ndarray):
        return isinstance(a, np.ndarray) and a.shape == b.shape and np.array_equal(a, b)
    return a is b or a == b


# --- reading an answer -----------------------------------------------------------------------------------------


def read_answer(raw, exercise):
    """Turn what a function returned into one array for each output."""
    names = [name for name, _ in exercise.outputs]
    if inspect.iscoroutine(raw):
        raw.close()  # else Python complains later that nobody awaited it
    if len(names) == 1:
        return (_array(raw, names[0], exercise),)
    if isinstance(raw, dict) and set(names) <= set(raw):
        raw = [raw[name] for name in names]
    if isinstance(raw, np.ndarray) and _is_stack(raw, [letters for _, letters in exercise.outputs]):
        raw = list(raw)
    if not isinstance(raw, (tuple, list)) or len(raw) != len(names):
        got = f"{len(raw)} values" if isinstance(raw, (tuple, list)) else kind(raw)
        raise Unreadable(f"it returns {got}; expected {exercise.wanted}.")
    return tuple(_array(value, name, exercise) for value, name in zip(raw, names))


def _is_stack(array, shapes):
    """Can this be the results, put into one array? They are alike then, and it has one axis more than they."""
    axes = len(re.findall(r"[^(), ]+", shapes[0]))
    return len(set(shapes)) == 1 and array.ndim == axes + 1 and len(array) == len(shapes)


def _array(value, name, exercise):
    if not _is_array(value):
        raise Unreadable(f"it returns {kind(value)}; expected {exercise.wanted}.")
    try:
        array = np.asarray(value)
    except guard.Stopped:
        raise
    except Exception as error:  # an __array__ may raise anything
        if isinstance(error, ValueError) and isinstance(value, (list, tuple)):
            raise Unreadable(f"the rows of {name} differ in length; expected {exercise.wanted}.") from None
        raise Unreadable(f"{name} cannot be read as an array: {message_of(error)}.") from None
    return _numbers(array, name)


def _is_array(value):
    if isinstance(value, (np.str_, np.bytes_)):
        return False
    kinds = (list, tuple, np.ndarray, np.generic, numbers.Real, Decimal)
    return isinstance(value, kinds) or hasattr(value, "__array__")


def _numbers(array, name):
    if array.dtype.kind == "O" and all(isinstance(entry, (numbers.Real, Decimal)) for entry in array.flat):
        array = array.astype(float)  # fractions, decimals, whole numbers of any size
    if array.dtype.kind not in "biuf":
        raise Unreadable(f"{name} {_verb(name, 'holds', 'hold')} {_contents(array)}; expected numbers.")
    # A copy, since the next call may write into the same array; none of what is far too large anyway.
    return array.copy() if array.nbytes < 1e8 else array


def _contents(array):
    """Say what an array holds that is not numbers."""
    if array.dtype.kind == "O" and any(entry is None for entry in array.flat[:1000]):
        return "None"
    named = {"c": "complex numbers", "U": "text", "S": "text"}
    return named.get(array.dtype.kind, "things that are not numbers")


# --- comparing -------------------------------------------------------------------------------------------------


def _same(attempt, wanted):
    """Do two attempts agree: both fail, or all arrays are equal?"""
    if attempt.error is not None or wanted.error is not None:
        return attempt.error is not None and wanted.error is not None
    return all(map(close_enough, attempt.arrays, wanted.arrays))


def close_enough(array, wanted):
    if array.size == wanted.size == 0 and array.ndim <= wanted.ndim:
        return True  # np.array([]) has lost its other axes
    if array.shape != wanted.shape or (wanted.dtype == bool) != (array.dtype == bool):
        return False
    return bool(_right_entries(array, wanted).all())


def _right_entries(array, wanted):
    array, wanted = array.astype(float), wanted.astype(float)
    finite = np.isfinite(wanted)
    scale = 1 + np.abs(wanted[finite]).max(initial=0)
    with np.errstate(all="ignore"):
        near = np.abs(array - wanted) <= TOLERANCE * scale
    return np.where(finite, near, (array == wanted) | (np.isnan(array) & np.isnan(wanted)))


# --- the verdicts, in order --------------------------------------------------------------------------------------


def _not_a_function(value, exercise):
    if value is None or value is Ellipsis:
        return open_(f"there is no function {exercise.name} yet.")
    call = f"check.{exercise.name}({exercise.name})"
    return wrong(f"pass the function itself, without calling it: {call}; this is {kind(value)}.")


def _unfinished(function, exercise, attempts, run):
    """Answer what never came to numbers: interrupted, endless, a stub, a missing return, a changed argument."""
    if run.interrupted:
        return open_("the check was interrupted.")
    if run.stopped:
        return wrong(explain_stop(run.stopped_at))
    first = attempts[0]
    if first.error is None or isinstance(first.error, (Unreadable, NotImplementedError)):
        stub = _stub(function, exercise, first, run)
        if stub is not None:
            return stub
    changed = [attempt.changed for attempt in attempts if attempt.changed]
    if changed:
        kept = "list" if isinstance(changed[0][1], list) else "array"
        name = changed[0][0]
        return wrong(f"the function changes its argument {name} in place, so the caller's {kept} is no longer what "
                     f"it was. Work on a copy: {name}.copy().")  # fmt: skip
    if len(attempts) == 1:  # the signature does not fit
        return wrong(first.reason)
    return None


def _stub(function, exercise, first, run):
    if type(first.error) is NotImplementedError or first.raw is Ellipsis or first.raw is NotImplemented:
        return _still_a_stub(function, exercise)
    if first.raw is not None:
        return None
    if _is_empty(function):
        return _still_a_stub(function, exercise)
    if run.printed:
        return wrong(f"the function prints but returns None. Return {exercise.wanted} instead.")
    return wrong(f"the function returns None: is its return missing? Expected {exercise.wanted}.")


def _still_a_stub(function, exercise):
    name = getattr(function, "__name__", "")
    name = name if isinstance(name, str) and name.isidentifier() else exercise.name
    return open_(f"{name} is still a stub. Return {exercise.wanted}.")


def _is_empty(function):
    """Has a function no body but ..., pass or a docstring?"""
    code = getattr(function, "__code__", None)
    return code is not None and code.co_code in (_one.__code__.co_code, _two.__code__.co_code)


def _one(): ...


def _two():
    """A docstring moves the constants, so that the empty body reads differently."""


def _right(exercise, attempts, alike):
    if not alike:
        return wrong("the answer is right at first, but a second call with the same arguments differs: "
                     "does the function keep something between its calls?")  # fmt: skip
    included = f", {exercise.included} included" if exercise.included else ""
    return right(f"Right on {len(attempts)} case{'s' if len(attempts) > 1 else ''}{included}.")


def _set_apart(cases, attempts, wanted):
    """Return (sentence, cases, attempts, wanted) without the cases that have a sentence for failing alone.

    The sentence is that of the first of them that is wrong, if all the others are right.
    """
    rows = list(zip(cases, attempts, wanted))
    plain = [row for row in rows if not row[0].alone]
    if all(_same(attempt, target) for _, attempt, target in plain):
        return next(case.alone for case, attempt, target in rows if not _same(attempt, target)), *zip(*rows)
    return "", *zip(*plain)


def named_mistake(exercise, cases, attempts, wanted):
    """Return the sentence of the known mistake that gives just these answers, or None.

    A mistake that fails where the learner's code fails too comes first; then one that explains all the answers
    there are, two at least, although the code fails elsewhere (most often because the mistake breaks the shapes).
    """
    theirs = [[try_case(variant, exercise, case) for case in cases] for _, variant in exercise.variants]
    for explains in (_explains_all, _explains_numbers):
        for (sentence, _), theirs_of_one in zip(exercise.variants, theirs):
            if explains(attempts, theirs_of_one, wanted):
                return sentence
    return _named_by_one_output(exercise, attempts, theirs, wanted) if exercise.chain else None


def _explains_all(attempts, theirs, wanted):
    if not all(map(_same, attempts, theirs)) or all(map(_same, theirs, wanted)):
        return False
    return any(attempt.error is None for attempt in attempts)  # where all fails, the first failure says more


def _explains_numbers(attempts, theirs, wanted):
    answered = [(a, v, w) for a, v, w in zip(attempts, theirs, wanted) if a.error is None]
    tells = [not _same(a, w) for a, _, w in answered]
    return all(v.error is None and _same(a, v) for a, v, _ in answered) and sum(tells) > 1


def _other_order(exercise, attempts, wanted):
    """Return a sentence if all quantities are right, but stand in another order than was asked for."""
    if any(attempt.error is not None for attempt in attempts):
        return None
    names = [name for name, _ in exercise.outputs]
    for order in permutations(range(len(names))):
        turned = [Attempt(arrays=tuple(attempt.arrays[k] for k in order)) for attempt in attempts]
        if all(map(_same, turned, wanted)):
            return f"the values are right, but stand in another order: return ({', '.join(names)})."
    return None


def _looked(exercise, attempts, wanted):
    if exercise.look is None or any(attempt.error is not None for attempt in attempts):
        return None
    return exercise.look([attempt.arrays for attempt in attempts], [target.arrays for target in wanted])


def _named_by_one_output(exercise, attempts, theirs, wanted):
    """Return the sentence of the mistake that explains the first wrong quantity alone, as of two mistakes together."""
    k = _first_output(exercise, attempts, wanted)
    if k is None:
        return None
    attempts, wanted = _only(k, attempts), _only(k, wanted)
    for (sentence, _), theirs_of_one in zip(exercise.variants, theirs):
        if _explains_numbers(attempts, _only(k, theirs_of_one), wanted):
            return f"{sentence} (So it looks from {exercise.outputs[k][0]}; there may be more.)"
    return None


def _only(k, attempts):
    return [a if a.error is not None else Attempt(arrays=a.arrays[k : k + 1]) for a in attempts]


def _first_output(exercise, attempts, wanted):
    """Return the place of the first quantity, in the order of the computation, that is wrong in any case, or None."""
    return next(
        (k for k in exercise.order if not all(map(_same_or_failed, _only(k, attempts), _only(k, wanted)))),
        None,
    )


def _same_or_failed(attempt, wanted):
    return attempt.error is not None or _same(attempt, wanted)


def _first_wrong(exercise, cases, attempts, wanted):
    """Describe the first case, and in it the first quantity, that is wrong."""
    i = next(i for i in range(len(cases)) if not _same(attempts[i], wanted[i]))
    attempt, words = attempts[i], cases[i].words
    if attempt.error is not None:
        hint = next(
            (f" {hint}" for pattern, hint in exercise.hints if re.search(pattern, attempt.reason)), ""
        )
        return attempt.reason + hint + (f" This happens with {words}." if i > 0 else "")
    k = _first_output(exercise, attempts, wanted)
    i = next(i for i in range(len(cases)) if not _same_or_failed(_only(k, attempts)[i], _only(k, wanted)[i]))
    array, target, (name, letters) = attempts[i].arrays[k], wanted[i].arrays[k], exercise.outputs[k]
    return _what_is_right(exercise, attempts, wanted) + (
        _wrong_shape(name, letters, array, target, cases[i].words)
        if array.shape != target.shape
        else _wrong_kind(name, array)
        if (array.dtype == bool) != (target.dtype == bool)
        else _wrong_value(name, letters, array, target, cases[i].words, exercise.backwards)
    )


def _what_is_right(exercise, attempts, wanted):
    """Name the quantities of a chain that are right in every case."""
    good = [exercise.outputs[k][0] for k in exercise.order
            if exercise.chain and all(map(_same_or_failed, _only(k, attempts), _only(k, wanted)))]  # fmt: skip
    if not good:
        return ""
    *some, last = good
    return (
        f"{', '.join(some)} and {last} are right; " if some else f"{last} {_verb(last, 'is', 'are')} right; "
    )


def _wrong_kind(name, array):
    holds = _verb(name, "holds", "hold")
    if array.dtype == bool:
        return f"{name} {holds} True and False; expected numbers."
    return (
        f"{name} {holds} {array.dtype}; expected True and False (dtype bool), as an index by mask needs them."
    )


def _wrong_shape(name, letters, array, target, words):
    if target.ndim == 0:
        return f"{name} {_verb(name, 'has', 'have')} {size(array.shape)}; expected a single number ({words})."
    turned = array.ndim == target.ndim and sorted(array.shape) == sorted(target.shape)
    hint = " The axes stand in another order: is something transposed?" if turned else ""
    has = _verb(name, "has", "have")
    return f"{name} {has} {size(array.shape)}; expected {letters} = {tuple(target.shape)} with {words}.{hint}"


def _wrong_value(name, letters, array, target, words, backwards):
    in_time, last = letters.startswith("(T"), len(target) - 1 if target.ndim else 0
    places = np.argwhere(~_right_entries(array, target))
    if in_time and backwards:
        places = places[places[:, 0] == places[:, 0].max()]
    place = tuple(int(k) for k in places[0]) if target.ndim else ()
    got, expected = number(array[place]), number(target[place])
    if got == expected:
        expected += ", to more digits than shown here"
    if not place:
        return f"{name} {_verb(name, 'is', 'are')} {got}; expected {expected}, with {words}."
    entry = _entry(name, ", ".join(map(str, place)))
    so_far = _right_before(name, place[0], last if backwards else 0) if in_time else ""
    return f"{so_far}{entry} is {got}; expected {expected}, with {words}."


def _right_before(name, t, start):
    """Say how far along time, from `start` on, the answer is right."""
    if t == start:
        return ""
    before = t + 1 if start > t else t - 1
    if before == start:
        return f"{_entry(name, start)} is right, then "
    if name.isidentifier():
        return f"{_entry(name, start)} to {_entry(name, before)} are right, then "
    return f"entries [{start}] to [{before}] of {name} are right, then "


def _entry(name, index):
    """Name an entry: h_t[0, 1], and of what has words for a name, entry [0, 1] of the answer."""
    return f"{name}[{index}]" if name.isidentifier() else f"entry [{index}] of {name}"


def _verb(name, one, many):
    """Choose the verb: of "the weights" and "the bits a character" the plural, of "the loss" and of a letter not."""
    noun = re.split(r" (?:a|of|in|at) ", name)[0]
    return many if noun.startswith("the ") and re.search("[^s]s$", noun) else one


def _about_prints(run):
    return " (What the function prints is not shown by a check.)" if run.printed else ""


# --- clues that need no table ------------------------------------------------------------------------------------


_NOT_ALIKE = ("A second call with the same arguments gives another answer: is chance at work, or does the function "
              "keep something between its calls?")  # fmt: skip


def _clue(function, attempts, wanted):
    """Add what can be seen without knowing the exercise, as a second sentence."""
    pairs = [(a.arrays, w.arrays) for a, w in zip(attempts, wanted) if a.error is None]
    if len(pairs) > 1 and len(pairs) == len(wanted):
        clue = _clue_of_numbers(pairs)
        if clue:
            return f" {clue}"
    outside = _outside(function)
    return (
        f" The function reads {outside[0]}, which is none of its arguments: is that meant?" if outside else ""
    )


def _clue_of_numbers(pairs):
    first = pairs[0][0]
    if not all(np.isfinite(array).any() for array in first):
        return None  # NaN or infinity throughout is seldom meant
    same_always = all(all(map(close_enough, arrays, first)) for arrays, _ in pairs)
    if same_always and not all(all(map(close_enough, targets, pairs[0][1])) for _, targets in pairs):
        return "It gives the same answer whatever the arguments are."
    both = [(array, target) for arrays, targets in pairs for array, target in zip(arrays, targets)]
    if any(array.shape != target.shape or target.dtype == bool for array, target in both):
        return None
    if any(map(_cut_off, *zip(*both))):
        return "These are whole numbers: are the decimals cut off somewhere?"
    if _rounded(both):
        return "It is rounded: return all its digits."
    factor = _factor(both)
    if factor is None or not np.isfinite(factor) or factor == 0 or number(factor) == "1":
        return None
    return (
        "The sign is reversed throughout."
        if factor == -1
        else f"It is {number(factor)} times that throughout."
    )


def _cut_off(array, target):
    """Are these whole numbers by type, and what is expected without its decimals?"""
    if array.dtype.kind not in "iu" or close_enough(array, target):
        return False
    return any(np.array_equal(array, cut(target)) for cut in (np.trunc, np.floor, np.rint))


def _rounded(both):
    """Is every entry what is expected, rounded to a few decimals?"""
    if any(array.dtype.kind != "f" for array, _ in both) or not any(array.any() for array, _ in both):
        return False
    return any(
        all(np.allclose(array, np.round(target, k), rtol=1e-6, atol=1e-9) for array, target in both)
        for k in range(1, 5)
    )


def _factor(both):
    """Return the one factor between all answers and what is expected, or None."""
    array = np.concatenate([np.ravel(array).astype(float) for array, _ in both])
    target = np.concatenate([np.ravel(target).astype(float) for _, target in both])
    usable = np.isfinite(target).all() and np.isfinite(array).all() and np.abs(target).max(initial=0) > 0
    if not usable:
        return None
    k = np.abs(target).argmax()
    factor = float(array[k] / target[k])
    factor = round(factor) if abs(factor - round(factor)) < TOLERANCE else factor
    return factor if _right_entries(array, factor * target).all() else None


def _outside(function):
    """List the arrays and numbers that a function reads from the notebook instead of its arguments."""
    code, names = getattr(function, "__code__", None), getattr(function, "__globals__", {})
    if code is None:
        return []
    return [name for name in code.co_names if isinstance(names.get(name), (np.ndarray, float, int, list))]
