"""The reference: every public name stands on one of its pages, and what is written there is the docstring as it is."""

import re
from collections import Counter
from importlib import import_module
from pathlib import Path

import pytest

import rnnlib
from rnnlib.sphinxext import docstrings

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "chapters" / "api").glob("*.md"))
ENTRY = re.compile(r"^\.\. auto(?:class|function):: ([\w.]+)$", re.MULTILINE)
LATER = [name for name in rnnlib.__dir__() if name in rnnlib._LAZY]  # modules that load at first use


def entries():
    """Return the names that the pages document, in their order."""
    return [name for page in PAGES for name in ENTRY.findall(page.read_text(encoding="utf-8"))]


def public():
    """Return the full names of all that the package offers."""
    found = [f"rnnlib.{name}" for name in rnnlib.__all__]
    for module in (import_module(f"rnnlib.{name}") for name in (*LATER, "inits")):
        own = [
            name for name, value in vars(module).items() if getattr(value, "__module__", 0) == module.__name__
        ]
        names = getattr(
            module, "__all__", [name for name in own if name[0] != "_" and callable(vars(module)[name])]
        )
        found += [f"{module.__name__}.{name}" for name in names]
    return found


def resolved(name):
    """Return the object of a full name."""
    path, _, last = name.rpartition(".")
    return getattr(import_module(path), last)


def test_public_names_are_those_that_one_would_expect():
    expected = {
        "rnnlib.LSTM",
        "rnnlib.training.fit",
        "rnnlib.tasks.adding",
        "rnnlib.data.zen",
        "rnnlib.interop.to_torch",
    }
    assert expected | {"rnnlib.check.rnn_step", "rnnlib.explorers.Unroll"} <= set(public())


@pytest.mark.parametrize("name", public())
def test_public_name_has_an_entry_in_the_reference(name):
    assert name in entries(), f"add {name} to a page of chapters/api"


@pytest.mark.parametrize("name", public())
def test_public_name_has_a_docstring_with_an_example(name):
    text = resolved(name).__doc__
    assert text and ">>> " in text
    assert re.match(r"\*?[^\n]{10,}", text), "the first line is a sentence"


@pytest.mark.parametrize("name", entries())
def test_entry_names_an_object_that_has_a_docstring_of_its_own(name):
    assert vars(resolved(name)).get("__doc__") or resolved(name).__doc__


def test_no_name_has_two_entries():
    assert [name for name, count in Counter(entries()).items() if count > 1] == []


def test_every_page_of_the_reference_is_in_the_table_of_contents_and_on_its_first_page():
    toc = (ROOT / "_toc.yml").read_text(encoding="utf-8")
    first = (ROOT / "chapters" / "api" / "index.md").read_text(encoding="utf-8")
    for page in PAGES:
        assert f"file: chapters/api/{page.stem}\n" in toc
        assert page.stem == "index" or f"({page.name})" in first


def rst(text, owner="rnnlib.RNN"):
    """Return what becomes of a docstring."""
    lines = text.split("\n")
    docstrings.write_rst(None, "class", owner, None, None, lines)
    return "\n".join(lines).strip()


@pytest.mark.parametrize(
    "text, expected",
    [
        ("W* is |x_t|_ there", r"W\* is \|x\_t\|\_ there"),
        ("a `trace.y` here", r"a \ ``trace.y``\  here"),
        ('takes "tanh"', r'takes \ ``"tanh"``\ '),
        ('grads.params["W_hh"] is', r'\ ``grads.params["W_hh"]``\  is'),
        ('two words: "trace and grads"', 'two words: "trace and grads"'),
        ("as clip_grad_norm does", r"as \ :py:obj:`clip_grad_norm <rnnlib.clip_grad_norm>`\  does"),
        ("see `rnnlib.LSTM`", r"see \ :py:obj:`rnnlib.LSTM <rnnlib.LSTM>`\ "),
        ("as `data.one_hot`", r"as \ :py:obj:`data.one_hot <rnnlib.data.one_hot>`\ "),
        ("the RNN has `RNN` in it", r"the RNN has \ ``RNN``\  in it"),
        ("*When does J_t grow?* Singular values", r"*When does J\_t grow?* Singular values"),
        ("Text.\n\n>>> a_b * 2\n'|c|'", "Text.\n\n>>> a_b * 2\n'|c|'"),
    ],
)
def test_docstring_is_plain_text_with_code_links_and_examples(text, expected):
    assert rst(text) == expected.strip()


def test_every_link_leads_to_an_entry():
    assert set(docstrings.targets().values()) == set(public())
