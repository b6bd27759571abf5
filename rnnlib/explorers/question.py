"""Predict questions: chosen in the page, each option with its own reply, no kernel needed."""

import zlib
from collections.abc import Mapping

import traitlets

from rnnlib.explorers.base import Explorer, did_you_mean
from rnnlib.explorers.specs import read_spec


class Question(Explorer):
    """A question to answer before reading on.

    `prompt` is a text; `options` maps each option to the reply that it gets; `answer` is the right option, or a list
    of them. Texts may hold Unicode maths (h₀, ×, √), *emphasis* and `code`. `chosen` is what the reader chose last,
    "" before that. TypeError for what is no text, ValueError for fewer than two options or an answer that is none.

    >>> question = Question("Is h₀ zero?", options={"always": "It is an input.", "often": "Yes."}, answer="often")
    >>> question.answer, question.reply("always")
    ('often', 'It is an input.')
    """

    spec = read_spec("question")
    prompt = traitlets.Unicode().tag(sync=True)
    options = traitlets.Dict().tag(sync=True, to_json=lambda options, _: pairs(options))
    answer = traitlets.Any().tag(sync=True)
    chosen = traitlets.Unicode().tag(sync=True)

    def __init__(self, prompt, *, options, answer, id=None):
        options = check_options(options)
        right = check_answer(answer, options)
        answer = right[0] if len(right) == 1 else right
        prompt = check_text("prompt", prompt)
        super().__init__(prompt=prompt, options=options, answer=answer, id=id or key_of(prompt))

    @traitlets.validate("chosen")
    def _check_chosen(self, proposal):
        if proposal.value:
            find(proposal.value, self.options)
        return proposal.value

    def reply(self, option):
        """Return the reply to an option; ValueError if it is none."""
        return self.options[find(option, self.options)]

    def is_right(self, option):
        """Tell whether an option is the right one, or one of them; ValueError if it is none."""
        return find(option, self.options) in ([self.answer] if isinstance(self.answer, str) else self.answer)

    @property
    def sentence(self):
        """The question and its options in words, without the replies."""
        return f"{self.prompt} {' / '.join(self.options)}"

    def code(self):
        """Return the question's beginning in Python; its texts stand in the cell that made it."""
        return f"rnnlib.explorers.Question({self.prompt!r}, …)"

    def picture(self):
        """Refuse: a question is read as text."""
        raise TypeError("a question has no picture; expected an explorer that draws")

    def _stored(self):
        return {"prompt": self.prompt, "options": pairs(self.options), "answer": self.answer}

    def _add_fallback(self, data, metadata):
        data["text/plain"] = self.sentence
        data["text/markdown"] = "\n".join([self.prompt, "", *(f"- {option}" for option in self.options)])


def pairs(options):
    """Return [option, reply] pairs: a notebook would sort the names of a mapping."""
    return [list(pair) for pair in options.items()]


def check_text(name, value):
    if not isinstance(value, str):
        raise TypeError(f"{name} is {value!r}; expected a text")
    if not value.strip():
        raise ValueError(f"{name} is empty; expected a text")
    return value


def check_options(options):
    if not isinstance(options, Mapping):
        raise TypeError(f"options is {options!r}; expected a mapping from each option to its reply")
    if len(options) < 2:
        raise ValueError(f"options has {len(options)}; expected at least two")
    for option, reply in options.items():
        check_text("an option", option)
        check_text(f"the reply to {option!r}", reply)
    return dict(options)


def check_answer(answer, options):
    """Return the right options as a list."""
    right = [answer] if isinstance(answer, str) else answer
    if not isinstance(right, (list, tuple)) or not all(isinstance(option, str) for option in right):
        raise TypeError(f"answer is {answer!r}; expected an option (a text), or a list of options")
    if not right:
        raise ValueError("answer is empty; expected an option, or a list of options")
    for option in right:
        find(option, options, "answer")
    return list(right)


def find(option, options, name="option"):
    if option not in options:
        hint = did_you_mean(option, list(options))
        raise ValueError(f"{name} is {option!r}; expected one of {', '.join(map(repr, options))}{hint}")
    return option


def key_of(prompt):
    """Return an id that stays the same for the same prompt."""
    return f"question-{zlib.crc32(prompt.encode()):08x}"
