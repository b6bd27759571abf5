"""Predict questions: what they take, what they tell, and what they keep to themselves."""

import json

import pytest

from rnnlib import check
from rnnlib.explorers import Question, markup
from rnnlib.explorers.base import MIME

REPLIES = {"always": "No: it is an *input*.", "it may be": "Yes.", "never": "Zeros are the usual start."}


@pytest.fixture
def question():
    return Question("Is h₀ zero?", options=REPLIES, answer="it may be")


def test_gives_answer_options_and_replies(question):
    assert (question.answer, question.options) == ("it may be", REPLIES)
    assert question.reply("never") == "Zeros are the usual start."
    assert [question.is_right(option) for option in REPLIES] == [False, True, False]


def test_several_options_may_be_right():
    question = Question("Which?", options={"a": "Yes.", "b": "Yes, too.", "c": "No."}, answer=["a", "b"])
    assert [question.is_right(option) for option in "abc"] == [True, True, False]


def test_is_what_check_choice_takes(question):
    assert check.choice(question, "it may be").passed is True
    assert check.choice(question, "never").sentence.endswith("Zeros are the usual start.")


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [({"prompt": 3, "options": REPLIES, "answer": "never"}, TypeError, "prompt is 3; expected a text"),
     ({"prompt": " ", "options": REPLIES, "answer": "never"}, ValueError, "prompt is empty"),
     ({"prompt": "?", "options": ["a", "b"], "answer": "a"}, TypeError, "options is .*; expected a mapping"),
     ({"prompt": "?", "options": {"a": "b"}, "answer": "a"}, ValueError, "options has 1; expected at least two"),
     ({"prompt": "?", "options": {"a": "b", "c": 1}, "answer": "a"}, TypeError,
      "the reply to 'c' is 1; expected a text"),
     ({"prompt": "?", "options": {"a": "b", 1: "c"}, "answer": "a"}, TypeError, "an option is 1; expected a text"),
     ({"prompt": "?", "options": REPLIES, "answer": "allways"}, ValueError,
      "answer is 'allways'; .*did you mean 'always'"),
     ({"prompt": "?", "options": REPLIES, "answer": 3}, TypeError, r"answer is 3; expected an option \(a text\)"),
     ({"prompt": "?", "options": REPLIES, "answer": None}, TypeError, "answer is None; expected an option"),
     ({"prompt": "?", "options": REPLIES, "answer": ["never", 3]}, TypeError, r"answer is \['never', 3\]; expected"),
     ({"prompt": "?", "options": REPLIES, "answer": [["never"]]}, TypeError, "expected an option"),
     ({"prompt": "?", "options": REPLIES, "answer": []}, ValueError, "answer is empty"),
     ({"prompt": "?", "options": REPLIES, "answer": ["never", "x"]}, ValueError, "answer is 'x'; expected one of")],
)  # fmt: skip
def test_bad_questions_are_refused(arguments, error, words):
    with pytest.raises(error, match=words):
        Question(arguments.pop("prompt"), **arguments)


def test_an_option_that_is_none_is_refused(question):
    with pytest.raises(ValueError, match="option is 'maybe'; expected one of"):
        question.reply("maybe")
    with pytest.raises(ValueError, match="option is 'maybe'"):
        question.chosen = "maybe"
    assert question.chosen == ""
    question.chosen = "never"
    assert question.chosen == "never"


def test_the_bundle_holds_text_and_no_picture_and_gives_nothing_away(question):
    data, metadata = question._repr_mimebundle_()
    assert "image/png" not in data and "image/png" not in metadata
    assert data["text/markdown"] == "Is h₀ zero?\n\n- always\n- it may be\n- never"
    for mime in ("text/plain", "text/markdown"):
        assert not any(reply in data[mime] for reply in REPLIES.values())


def test_the_page_gets_the_options_in_their_order_even_from_a_sorted_notebook(question):
    data, _ = question._repr_mimebundle_()
    stored = json.loads(json.dumps(data[MIME], sort_keys=True))
    assert stored["settings"] == {
        "prompt": "Is h₀ zero?", "options": [list(pair) for pair in REPLIES.items()], "answer": "it may be"
    }  # fmt: skip


def test_the_widget_gets_what_the_page_gets(question):
    state = question.get_state()
    stored = question._repr_mimebundle_()[0][MIME]["settings"]
    assert {name: state[name] for name in stored} == stored


def test_questions_have_ids_of_their_own_that_stay():
    one, same, other = (
        Question(prompt, options=REPLIES, answer="never") for prompt in ("One?", "One?", "Two?")
    )
    assert one.id == same.id != other.id
    assert Question("One?", options=REPLIES, answer="never", id="mine").id == "mine"


def test_without_a_script_each_option_opens_to_its_reply(question):
    html = markup.question_html(question._repr_mimebundle_()[0][MIME]["settings"])
    assert html.count("<details>") == 3
    assert "<summary>always</summary><p>No: it is an <em>input</em>.</p>" in html


def test_has_no_picture(question):
    with pytest.raises(TypeError, match="a question has no picture"):
        question.picture()
