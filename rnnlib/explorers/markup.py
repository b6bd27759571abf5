"""The little markup of questions, *emphasis* and `code`, as HTML: what a page shows where no script runs."""

import html
import re

MARKED = re.compile(r"`([^`]+)`|\*([^\s*](?:[^*]*[^\s*])?)\*|([^`*]+|[`*])")


def inline_runs(text):
    """Return the text as [(words, tag)] with tag "code", "em" or "": `js/format.js` has the same rule."""
    runs = []
    for code, emphasis, plain in MARKED.findall(text):
        runs.append((code, "code") if code else (emphasis, "em") if emphasis else (plain, ""))
    return runs


def inline_html(text):
    """Return the text as HTML.

    >>> inline_html("`h[0]` is *given*, and 1 < 2")
    '<code>h[0]</code> is <em>given</em>, and 1 &lt; 2'
    """
    escaped = ((html.escape(words, quote=False), tag) for words, tag in inline_runs(text))
    return "".join(f"<{tag}>{words}</{tag}>" if tag else words for words, tag in escaped)


def question_html(settings):
    """Return a question as HTML that needs no script: the prompt, and each option to open for its reply."""
    options = "".join(
        f"<details><summary>{inline_html(text)}</summary><p>{inline_html(reply)}</p></details>"
        for text, reply in settings["options"]
    )
    return f'<div class="rnn-question-text"><p>{inline_html(settings["prompt"])}</p>{options}</div>'
