"""The reference's text is the docstrings', by Sphinx's autodoc. They are plain text with `code` and >>> examples: what
else looks like markup is escaped, and the names that the reference documents become links."""

import inspect
import re
from functools import cache
from importlib import import_module

MODULES = ("check", "data", "explorers", "inits", "interop", "tasks", "training")
QUESTION = re.compile(r"\*([^*]+)\*")  # what an explorer's docstring opens with
PARTS = re.compile(r"""`([^`]+)`|([\w.]*\["[^"]*"\]|"[^"\s]*")|(?<![\w.])(Grads|[A-Za-z]+_\w+)|([\\*|_])""")


def public_names(module):
    """Return the names of a module's __all__, or of the functions and classes that it defines."""
    own = [
        name for name, value in vars(module).items() if getattr(value, "__module__", "") == module.__name__
    ]
    return getattr(module, "__all__", [name for name in own if not name.startswith("_")])


@cache
def targets():
    """Return {name as docstrings write it: full name} of all public names; the package's own come first."""
    found = {name: f"rnnlib.{name}" for name in public_names(import_module("rnnlib"))}
    for module in MODULES:
        for name in public_names(import_module(f"rnnlib.{module}")):
            full = f"rnnlib.{module}.{name}"
            found[f"{module}.{name}"] = full
            if module != "check":  # a check bears the name of the learner's function
                found.setdefault(name, full)
    return found


def write_rst(app, what, name, obj, options, lines):
    """Turn a docstring into reStructuredText, in place."""
    paragraphs = re.split(r"\n\s*\n", inspect.cleandoc("\n".join(lines)))
    lines[:] = "\n\n".join(paragraph_rst(text, name) for text in paragraphs).split("\n") + [""]


def paragraph_rst(text, owner):
    """Return an example as it is, other text escaped and linked."""
    if text.startswith(">>>"):
        return text
    question = QUESTION.match(text)
    if question:
        return f"*{escaped(question[1])}*" + paragraph_rst(text[question.end() :], owner)
    return PARTS.sub(lambda part: part_rst(part, owner), text)


def part_rst(part, owner):
    """Return one piece of code, quoted word, name or special character."""
    code, quoted, word, special = part.groups()
    if special:
        return "\\" + special
    code = code or quoted
    target = targets().get((code or word).removeprefix("rnnlib."), owner)
    if not owner.startswith(target):  # no link to where the reader is
        return rf"\ :py:obj:`{code or word} <{target}>`\ "
    return rf"\ ``{code}``\ " if code else escaped(word)


def escaped(text):
    """Return text in which nothing is markup."""
    return re.sub(r"([\\*|_`])", r"\\\1", text)


def own_signature(app, what, name, obj, options, signature, returns):
    """Return a widget's own signature, where autodoc gives that of traitlets' metaclass."""
    return (str(inspect.signature(obj)), None) if signature == "(*args, **kwargs)" else None


def setup(app):
    """Register the reading of docstrings."""
    app.setup_extension("sphinx.ext.autodoc")
    app.setup_extension("sphinx.ext.viewcode")
    app.connect("autodoc-process-signature", own_signature)
    app.connect("autodoc-process-docstring", write_rst)
