"""Whatever a learner passes or returns, a check answers with a sentence that names the line, the shapes, the type."""

import functools
import inspect
import math
import re
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rnnlib
from rnnlib import check
from rnnlib.check import engine

NO_TABLES = ("Result", "value", "choice", "explorer", "exploding_net")
NAMES = [name for name in check.__all__ if name not in NO_TABLES]
MODULES = [module for module in vars(check).values() if inspect.ismodule(module)]
EXERCISES = {
    exercise.name: exercise
    for module in MODULES
    for exercise in vars(module).values()
    if isinstance(exercise, engine.Exercise)
}
OURS = "the check could not read this answer"


def stub_with(body, args, name="stub"):
    """Write a stub as it stands in a chapter."""
    space = {}
    exec(f"def {name}({', '.join(args)}):\n    {body}", space)
    return space[name]


def test_every_check_has_its_table():
    assert sorted(EXERCISES) == sorted(NAMES)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "body", ["...", "pass", '"""Return it."""', "return", "raise NotImplementedError", "return ..."]
)
def test_an_untouched_stub_is_not_done_yet(name, body):
    answer = getattr(check, name)(stub_with(body, EXERCISES[name].args, "mine"))
    assert answer.passed is None
    assert answer.sentence.startswith("Not done yet: mine is still a stub. Return ")


@pytest.mark.parametrize("name", NAMES)
def test_each_reference_is_right_and_says_what_was_tested(name):
    answer = getattr(check, name)(EXERCISES[name].reference)
    assert answer.passed is True and re.match(r"Right on \d cases, .* included\.$", answer.sentence)


@pytest.mark.parametrize("name", NAMES)
def test_no_variant_is_the_reference_or_stands_in_the_shadow_of_another(name):
    exercise = EXERCISES[name]
    for sentence, variant in exercise.variants:
        answer = getattr(check, name)(variant)
        assert answer.passed is False and answer.sentence.startswith(f"Not yet: {sentence}")


@pytest.mark.parametrize("name", NAMES)
def test_no_sentence_has_an_address_or_more_than_four_digits(name):
    for junk in (lambda *a: np.pi, lambda *a: np.full((2, 3), np.e), lambda *a: object(), lambda *a: 1 / 0):
        sentence = getattr(check, name)(junk).sentence
        assert "0x" not in sentence and OURS not in sentence
        decimals = [digits.lstrip("0") for digits in re.findall(r"\.(\d+)", sentence)]
        assert all(len(digits) <= 4 for digits in decimals), sentence


@pytest.mark.parametrize("name", NAMES)
def test_answers_are_the_same_each_time(name):
    answers = {repr(getattr(check, name)(lambda *args: np.arange(3.0))) for _ in range(3)}
    assert len(answers) == 1


junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3) | st.complex_numbers()
    | st.binary(max_size=3) | st.just(...) | st.just(object()) | st.just(len) | st.just(int),
    lambda inner: st.lists(inner, max_size=4) | st.tuples(inner, inner) | st.dictionaries(st.text(max_size=2), inner)
    | st.sets(st.integers()),
    max_leaves=6,
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(NAMES), junk)
def test_a_check_never_raises_whatever_comes_back(name, value):
    answer = getattr(check, name)(lambda *args: value)
    assert not answer and OURS not in answer.sentence


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(NAMES), junk.filter(lambda value: not callable(value)))
def test_a_check_never_raises_whatever_is_passed(name, value):
    answer = getattr(check, name)(value)
    assert not answer and OURS not in answer.sentence


@settings(max_examples=150, deadline=None)
@given(junk, junk)
def test_value_choice_and_explorer_never_raise(a, b):
    for answer in (check.value(a, b), check.value(a, 1.5), check.choice(a, b), check.explorer(a, b)):
        assert isinstance(answer, check.Result)


class BadStr(Exception):
    def __str__(self):
        raise RuntimeError("no words")


class NotHere(NotImplementedError):
    """As Jupyter raises where a cell cannot ask for input."""


class Hostile:
    """Raises at every touch."""

    def __getattr__(self, name):
        raise RuntimeError(name)

    def __eq__(self, other):
        raise RuntimeError("==")

    def __len__(self):
        raise RuntimeError("len")

    def __repr__(self):
        raise RuntimeError("repr")


class BadArray:
    def __array__(self, *args, **kwargs):
        raise RuntimeError("no array in here")


class NoArray:
    def __array__(self, *args, **kwargs):
        return "text"


def raiser(error):
    def raises(*args):
        raise error

    return raises


async def awaited(D, H, O):
    return D


def yields(D, H, O):
    yield D


ODD = {
    "it raises NotHere": raiser(NotHere()),
    "it raises BadStr.": raiser(BadStr()),
    "it raises RuntimeError: <object>": raiser(RuntimeError("<object at 0x7f00aa>\nsecond line")),
    "it raises GeneratorExit": raiser(GeneratorExit()),
    "it divides by zero": lambda D, H, O: D // 0,
    "`typo` is not defined there": lambda D, H, O: typo * D,  # noqa: F821
    "grows beyond what a float can hold": lambda D, H, O: 2.0 ** (D * 10**6),
    "a value there is None": lambda D, H, O: None + D,
    "it returns a str": lambda D, H, O: "992",
    "it returns a dict": lambda D, H, O: {"count": 992},
    "it returns a set": lambda D, H, O: {992},
    "it returns a function": lambda D, H, O: raiser,
    "it returns a generator": yields,
    "it returns a coroutine": awaited,
    "a list of arrays of different shapes cannot become one array": lambda D, H, O: np.array([np.ones(D), [1.0, 2.0]]),
    "a list takes no part in arithmetic": lambda D, H, O: [D, H] ** 2,
    "np.sqrt, not math.sqrt": lambda D, H, O: math.sqrt(np.array([D, H])),
    "holds complex numbers": lambda D, H, O: np.array(1j),
    "holds text": lambda D, H, O: ["a", "b"],
    "holds None": lambda D, H, O: [None, 1],
    "holds things that are not numbers": lambda D, H, O: np.array([object()]),
    "cannot be read as an array: no array in here": lambda D, H, O: BadArray(),
    "shape (1,); expected a single number": lambda D, H, O: [D * H + H * H + H + H * O + O],
    "the function takes (D, H); expected (D, H, O)": lambda D, H: D * H,
    "the function takes (); expected (D, H, O)": lambda: 3,
    "the same answer whatever the arguments are": lambda D, H, O: 992,
    "is nan; expected": lambda D, H, O: float("nan"),
    "is inf; expected": lambda D, H, O: np.inf,
    "the function takes (D, H, O by name only)": lambda D, H, *, O: D * H,
    "next finds nothing there": lambda D, H, O: next(iter(())),
    "takes no infinity in place": lambda D, H, O: np.arange(3).__setitem__(0, np.inf),
    "cannot be read as an array: object __array__": lambda D, H, O: NoArray(),
    "The sign is reversed throughout": lambda D, H, O: -(D * H + H * H + H + H * O + O),
    "It is 2 times that throughout": lambda D, H, O: 2 * (D * H + H * H + H + H * O + O),
}  # fmt: skip


@pytest.mark.parametrize("words", ODD)
def test_odd_behaviour_gets_its_sentence(words, says):
    assert words in says(check.parameter_count(ODD[words]))


def test_hostile_objects_are_survived():
    assert check.parameter_count(lambda D, H, O: Hostile()).passed is False
    for answer in (check.value(Hostile(), 1.0), check.choice(Hostile(), "a"), check.explorer(Hostile(), "g")):
        assert not answer


def test_a_call_instead_of_a_function_is_told():
    answer = check.parameter_count(992)
    assert repr(answer) == (
        "Not yet: pass the function itself, without calling it: check.parameter_count(parameter_count); this is an int."
    )
    assert repr(check.parameter_count(None)) == "Not done yet: there is no function parameter_count yet."


def test_partials_methods_and_keywords_are_functions_too():
    def general(D, H, O, bias=True, *, readout=1):
        return D * H + H * H + H * bias + H * O + O

    class Holder:
        def count(self, D, H, O):
            return general(D, H, O)

        __call__ = count

    for function in (general, functools.partial(general, bias=True), Holder().count, Holder()):
        assert check.parameter_count(function)


@pytest.mark.parametrize("make", [Fraction, Decimal, np.longdouble, lambda n: np.array(n, dtype=object)])
def test_every_kind_of_real_number_is_a_number(make):
    assert check.parameter_count(lambda D, H, O: make(D * H + H * H + H + H * O + O))


def test_nan_throughout_is_not_called_the_same_answer():
    assert "the same answer" not in check.parameter_count(lambda D, H, O: np.nan).sentence


def test_decimals_that_were_cut_off_are_told():
    def softmax(o):
        e = np.exp(o)
        y = np.zeros(o.shape, int)
        y[:] = 10 * e / e.sum(axis=-1, keepdims=True)
        return y

    tenfold = engine.Exercise(
        "tenfold",
        ("o",),
        (("ten times y", "(B,)"),),
        check.loss.SOFTMAX.cases,
        lambda o: 10 * check.loss.SOFTMAX.reference(o),
        (),
    )
    assert "are the decimals cut off somewhere?" in engine.judge(softmax, tenfold).sentence
    assert "entry [0, 0] of ten times y is" in engine.judge(lambda o: 0.5 * o, tenfold).sentence


def test_rounded_answers_are_told_so_and_not_that_they_are_one_times_right():
    def rounded(nats, characters, words):
        each = nats / characters
        return round(each / np.log(2), 2), round(np.exp(each), 2), round(np.exp(nats / words), 2)

    sentence = check.per_word(rounded).sentence
    assert "It is rounded" in sentence and "1 times" not in sentence
    assert "rounded" not in check.per_word(lambda nats, characters, words: (0.0, 1.0, 1.0)).sentence
    almost = check.parameter_count(lambda D, H, O: 1.0001 * (D * H + H * H + H + H * O + O)).sentence
    assert "times that throughout" not in almost


def test_truth_values_where_numbers_belong_are_told():
    found = check.confusion_matrix(lambda true, predicted, n: np.ones((n, n), bool)).sentence
    assert "the counts hold True and False; expected numbers." in found


def test_the_verb_goes_with_the_noun():
    assert "the weights have shape (1,)" in check.fit_ar(lambda y, p: [1.0]).sentence
    assert "the loss has shape (1,)" in check.bigram_nats(lambda train, test, V, k: [1.0]).sentence
    assert (
        "the bits a character are 0;"
        in check.per_word(lambda nats, characters, words: (0.0, 1.0, 2.0)).sentence
    )


def test_a_quantity_of_several_words_is_right_up_to_its_first_wrong_step():
    def shifted(targets, start):
        inputs = np.concatenate([np.full((1, targets.shape[1]), start), targets[:-1]])
        inputs[2:] += 1
        return inputs

    assert (
        "entries [0] to [1] of the inputs are right, then entry [2" in check.decoder_inputs(shifted).sentence
    )


def test_a_wrong_answer_that_changes_from_call_to_call_is_told():
    draw = np.random.default_rng(0)
    sentence = check.with_temperature(lambda o, tau: draw.random(o.shape)).sentence
    assert "A second call with the same arguments gives another answer" in sentence


def test_a_list_that_is_changed_in_place_is_called_a_list():
    def drops(path, blank):
        path.pop()
        return path

    assert "so the caller's list is no longer what it was" in check.ctc_collapse(drops).sentence


def test_the_public_example_by_heart_is_not_enough():
    def by_heart(w, u, b, h_0, x):
        return [0.0, 0.7616, 0.3634, 0.1798]

    assert not check.scalar_recurrence(by_heart)


@pytest.mark.parametrize("name", [name for name in NAMES if len(EXERCISES[name].outputs) > 1])
def test_right_values_in_another_order_are_told(name):
    backwards = lambda *args: EXERCISES[name].reference(*args)[::-1]
    answer = getattr(check, name)(backwards)
    assert answer.passed is False
    assert re.search(r"order: return|swapped: return", answer.sentence), answer.sentence


def test_an_answer_that_keeps_something_between_calls_is_told():
    calls = []

    def remembers(D, H, O):
        calls.append(D)
        return D * H + H * H + H + H * O + O + (len(calls) > 6)

    assert "keep something between its calls" in check.parameter_count(remembers).sentence


W_hh = np.eye(3)


def test_reading_the_notebook_instead_of_an_argument_is_told():
    def rnn_step(x_t, h_prev, W_xh, weights, b_h):
        return np.tanh(x_t @ W_xh + h_prev * W_hh[0, 0] + b_h)

    assert "reads W_hh, which is none of its arguments" in check.rnn_step(rnn_step).sentence


def test_changing_an_argument_in_place_is_told():
    def rnn_step(x_t, h_prev, W_xh, W_hh, b_h):
        h_prev[:] = np.tanh(x_t @ W_xh + h_prev @ W_hh + b_h)
        return h_prev

    assert "the function changes its argument h_prev in place" in check.rnn_step(rnn_step).sentence


# --- shapes in the book's words --------------------------------------------------------------------------------


def transposed(x_t, h_prev, W_xh, W_hh, b_h):
    return np.tanh(x_t @ W_xh.T + h_prev @ W_hh + 2 * b_h)


def weights_turned(x_t, h_prev, W_xh, W_hh, b_h):
    W = W_xh.T
    return np.tanh(x_t @ W + h_prev @ W_hh + 2 * b_h)


def by_dot(x_t, h_prev, W_xh, W_hh, b_h):
    return np.tanh(np.dot(x_t.T, W_xh) + h_prev.dot(W_hh) + 2 * b_h)


def wrong_way_round(x_t, h_prev, W_xh, W_hh, b_h):
    return np.tanh(W_xh @ x_t + h_prev @ W_hh + 2 * b_h)


def mixed_up(x_t, h_prev, W_xh, W_hh, b_h):
    a_t = 2 * b_h
    a_t = a_t + x_t @ W_hh
    return np.tanh(a_t)


def entry_by_entry(x_t, h_prev, W_xh, W_hh, b_h):
    return np.tanh(2 * b_h + x_t * W_xh)


def sum_does_not_fit(x_t, h_prev, W_xh, W_hh, b_h):
    return np.tanh((x_t @ W_xh) + x_t)


def does_not_fit_into(x_t, h_prev, W_xh, W_hh, b_h):
    h_t = np.zeros_like(x_t)
    h_t[:] = h_prev
    return h_t


def in_a_helper(x_t, h_prev, W_xh, W_hh, b_h):
    return transposed(x_t, h_prev, W_xh, W_hh, b_h)


SHAPES = {
    transposed: "x_t is (2, 3), W_xh.T is (4, 3): the inner sizes 3 and 4 differ; W_xh without the .T would fit.",
    weights_turned: "x_t is (2, 3), W is (4, 3): the inner sizes 3 and 4 differ; is W transposed?",
    by_dot: "x_t.T is (3, 2), W_xh is (3, 4): the inner sizes 2 and 3 differ.",
    wrong_way_round: "W_xh is (3, 4), x_t is (2, 3): the inner sizes 4 and 2 differ; "
    "rows stand on the left, so is it x_t @ W_xh?",
    mixed_up: "x_t is (2, 3), W_hh is (4, 4): the inner sizes 3 and 4 differ; W_xh, (3, 4), would fit.",
    entry_by_entry: "x_t is (2, 3), W_xh is (3, 4): `*` multiplies entry by entry; the matrix product is `@`.",
    sum_does_not_fit: "x_t @ W_xh is (2, 4), x_t is (2, 3): sizes must be equal, or 1, counted from the last axis.",
    does_not_fit_into: "a value of shape (2,4) does not fit into shape (2,3), where h_t[:] stands.",
    in_a_helper: "x_t is (2, 3), W_xh.T is (4, 3): the inner sizes 3 and 4 differ; W_xh without the .T would fit.",
}


@pytest.mark.parametrize("function", SHAPES, ids=lambda function: function.__name__)
def test_a_raw_shape_error_is_put_into_the_book_s_words(function):
    sentence = check.rnn_step(function).sentence
    assert SHAPES[function] in sentence and re.match(r"Not yet: line \d+ \(`", sentence)


def test_an_index_that_runs_out_names_the_array():
    def rnn_forward(x, h_0, W_xh, W_hh, b_h):
        h = [h_0]
        for t in range(len(x)):
            h.append(np.tanh(x[t + 1] @ W_xh + h[t] @ W_hh + b_h))
        return h

    assert (
        "x[t + 1] asks for index 3 along axis 0, which has indices 0 … 2."
        in check.rnn_forward(rnn_forward).sentence
    )


def test_a_list_index_that_runs_out_is_named():
    assert "x[7] asks for an index that is not there" in check.pad(lambda x: (x[7], x)).sentence


def test_missing_keepdims_is_suggested():
    def softmax(o):
        e = np.exp(o)
        total = e.sum(axis=-1)
        return 2 * (e / total)

    assert (
        "e is (2, 3), total is (2,): did you mean keepdims=True in the sum?"
        in check.softmax(softmax).sentence
    )


def test_code_without_its_source_still_gets_a_sentence():
    function = stub_with("return x_t @ W_xh.T", ("x_t", "h_prev", "W_xh", "W_hh", "b_h"))
    assert check.rnn_step(function).sentence.startswith("Not yet: line 2: ")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("x_t @ W_xh.T", "the inner sizes of a matrix product differ, 3 and 4."),
        ("np.dot(x_t, W_xh.T)", "two shapes do not fit each other, (2,3) and (4,3)."),
        ("x_t + W_xh", "two shapes do not fit each other, (2,3) and (3,4)."),
    ],
)
def test_code_without_its_source_is_told_its_sizes(line, words):
    function = stub_with(f"return {line}", ("x_t", "h_prev", "W_xh", "W_hh", "b_h"))
    function.__globals__["np"] = np
    assert check.rnn_step(function).sentence == f"Not yet: line 2: {words}"


def test_transposed_answers_are_told_of_their_shape():
    def rnn_step(x_t, h_prev, W_xh, W_hh, b_h):
        return (np.tanh(x_t @ W_xh + h_prev @ W_hh + b_h) + 1).T

    assert "expected (B, H) = (2, 4) with B = 2, D = 3, H = 4. The axes stand in another order" in (
        check.rnn_step(rnn_step).sentence
    )


# --- value, choice, explorer -------------------------------------------------------------------------------------


def test_value_compares_numbers_texts_and_arrays():
    assert check.value(0.36, 0.3627) and not check.value(0.35, 0.3627)
    assert check.value(2496, 2496) and not check.value(2497, 2496)
    assert check.value(" Fades ", "fades") and check.value([1, 2.001], np.array([1.0, 2.0]))
    assert check.value(0.0, 0.0) and check.value(np.float32(0.3627), 0.3627, tol=1e-6)


def test_value_says_what_is_wrong():
    assert "too small" in check.value(0.1, 0.3627).sentence
    assert "look at the sign" in check.value(-0.5, 0.5).sentence
    assert "the answer is a str; expected a number." in check.value("half", 0.5).sentence
    assert "has shape (2,); expected (3,)" in check.value([1, 2], [1.0, 2.0, 3.0]).sentence
    assert "this is a function" in check.value(len, 0.5).sentence
    assert check.value("...", 0.5).passed is None


def test_value_names_the_confusion():
    answer = check.value(1984, 2496, confusions={1984: "W_hh has H² entries: it quadruples."})
    assert repr(answer) == "Not yet: W_hh has H² entries: it quadruples."
    pairs = [(np.array([2, 1]), "rows and columns are swapped.")]
    assert "swapped" in check.value([2, 1], np.array([1, 2]), confusions=pairs).sentence


class Question:
    options = ("1984", "2496")
    answer = "2496"

    def reply(self, option):
        return {"1984": "W_hh quadruples.", "2496": "Yes: 45·32 + 32·32 + 32."}[option]


def test_choice_answers_with_the_option_s_own_reply():
    assert repr(check.choice(Question(), "2496")) == "Yes: 45·32 + 32·32 + 32."
    assert repr(check.choice(Question(), 1984)) == "Not yet: W_hh quadruples."
    assert check.choice(Question(), ...).passed is None
    assert 'choose one of "1984", "2496"' in check.choice(Question(), "7").sentence


class Explorer:
    def reached(self, goal):
        if goal == "unknown":
            raise KeyError(goal)
        return goal == "hold", "the last state is 0.86."


def test_explorer_says_what_the_explorer_says():
    assert repr(check.explorer(Explorer(), "hold")) == "Right: the last state is 0.86."
    assert repr(check.explorer(Explorer(), "fade")) == "Not yet: the last state is 0.86."
    assert "KeyError" in check.explorer(Explorer(), "unknown").sentence
    assert (
        check.explorer(..., "hold").passed is None and "this is an int" in check.explorer(3, "hold").sentence
    )


def test_the_checks_need_neither_matplotlib_nor_widgets():
    import subprocess
    import sys

    code = "import sys, rnnlib.check; assert not {'matplotlib', 'anywidget', 'ipywidgets'} & set(sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    assert rnnlib.check is check
