"""The Sphinx extension, in small books made for the purpose: what it writes, and what it warns about."""

import base64
import io
import json
import re
import zlib

import pytest
from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace, patch_docutils

from rnnlib.explorers.specs import MIME
from rnnlib.sphinxext import layout, mathematics

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
SENTENCE = "With w = 0.5 every state <fades> to 0."


def cell(kind, source, *tags, outputs=None):
    """Return a notebook cell."""
    made = {
        "cell_type": kind,
        "id": f"c{zlib.crc32(source.encode())}",
        "metadata": {"tags": list(tags)},
        "source": source,
    }
    return made | ({"execution_count": None, "outputs": outputs or []} if kind == "code" else {})


def output(name, key=None, settings=None, picture=True):
    """Return the stored output of an explorer."""
    payload = {"name": name, "id": key or name, "settings": settings or {}, "sentence": SENTENCE}
    data = {MIME: payload, "text/plain": "an explorer"} | ({"image/png": PIXEL} if picture else {})
    return [{"output_type": "execute_result", "execution_count": 1, "metadata": {}, "data": data}]


@pytest.fixture
def book(tmp_path):
    """A function book(cells, builder="html") that builds a one-page book; returns (its page's text, the warnings)."""

    def build(cells, builder="html"):
        metadata = {"kernelspec": {"name": "python3", "display_name": "", "language": "python"}}
        notebook = {"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": cells}
        (tmp_path / "index.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
        config = {
            "extensions": ["myst_nb", "rnnlib.sphinxext"],
            "html_theme": "rnnlib",
            "html_math_renderer": "typeset",
            "myst_enable_extensions": ["dollarmath", "amsmath", "colon_fence"],
            "nb_execution_mode": "off",
        }
        warnings = (tmp_path / "warnings").open("w+", encoding="utf-8")
        out = tmp_path / builder
        with patch_docutils(), docutils_namespace(), warnings:
            app = Sphinx(tmp_path, None, out, tmp_path / f"trees-{builder}", builder, config, None, warnings)
            app.build()
            warnings.seek(0)
            told = warnings.read()
        page = next(path for path in out.iterdir() if path.suffix in (".html", ".tex"))
        return (out / "index.html" if builder == "html" else page).read_text(encoding="utf-8"), told

    return build


def test_an_explorer_holds_its_picture_and_its_settings(book):
    page, told = book(
        [cell("markdown", "# One"), cell("code", "x", outputs=output("scalar-recurrence", "a", {"w": 2}))]
    )
    assert told == ""
    element = re.search(r'<rnn-explorer name="scalar-recurrence" id="a">.*?</rnn-explorer>', page, re.DOTALL)[
        0
    ]
    payload = re.search(r'<script type="application/json">(.*?)</script>', element)[1]
    assert json.loads(payload) == {
        "name": "scalar-recurrence",
        "id": "a",
        "settings": {"w": 2},
        "sentence": SENTENCE,
    }
    assert "<fades>" not in element
    assert re.search(r'<img alt="With w = 0.5 every state &lt;fades&gt; to 0." [^>]*src="_images/', element)


def test_only_a_page_with_an_explorer_loads_the_script(book):
    page, _ = book([cell("markdown", "# One"), cell("code", "x", outputs=output("scalar-recurrence"))])
    assert len(re.findall(r'<script defer="defer" src="_static/rnnlib/explorers.js', page)) == 1
    page, _ = book([cell("markdown", "# One")])
    assert "explorers.js" not in page


def test_a_stored_run_is_loaded_where_it_is_shown_and_before_what_reads_it(book, tmp_path):
    page, _ = book([cell("markdown", "# One"), cell("code", "x", outputs=output("hidden-states"))])
    scripts = re.findall(r'<script defer="defer" src="_static/rnnlib/([\w.-]+)', page)
    assert scripts == ["run-zen_rnn.js", "explorers.js"]
    stored = (tmp_path / "html/_static/rnnlib/run-zen_rnn.js").read_text(encoding="utf-8")
    assert stored.startswith("(globalThis.rnnlibRuns ??= {})")
    page, _ = book([cell("markdown", "# One"), cell("code", "x", outputs=output("scalar-recurrence"))])
    assert "run-" not in page


def test_latex_keeps_the_picture(book):
    page, _ = book(
        [cell("markdown", "# One"), cell("code", "x", outputs=output("scalar-recurrence"))], "latex"
    )
    assert "includegraphics" in page
    assert "rnn-explorer" not in page


def test_a_question_can_be_read_without_javascript(book):
    settings = {"prompt": "Is 1 < 2?", "options": [["yes", "It is."], ["no", "Count again."]]}
    page, told = book(
        [cell("markdown", "# One"), cell("code", "q", outputs=output("question", "q", settings, False))]
    )
    assert told == ""
    assert "<p>Is 1 &lt; 2?</p>" in page
    assert "<summary>no</summary><p>Count again.</p>" in page


@pytest.mark.parametrize(
    ("link", "words"),
    [
        ("#explore/scalar-recurrence/nowhere", "explorer 'scalar-recurrence' has no landmark 'nowhere'"),
        ("#explore/unroll/longer", "no explorer 'unroll' on this page; there are ['scalar-recurrence']"),
        ("#explore/", "expected #explore/<id>/<landmark>"),
    ],
)
def test_a_link_that_leads_nowhere_is_a_warning_naming_page_and_link(book, link, words):
    cells = [
        cell("markdown", f"# One\n\n[go]({link})"),
        cell("code", "x", outputs=output("scalar-recurrence")),
    ]
    _, told = book(cells)
    assert words in told
    assert link in told
    assert "index.ipynb" in told


@pytest.mark.parametrize(
    "link", ["#explore/scalar-recurrence/two-futures", "#explore/scalar-recurrence?w=1&b=0"]
)
def test_a_good_link_stays_as_it_is_and_warns_of_nothing(book, link):
    cells = [
        cell("markdown", f"# One\n\n[go]({link})"),
        cell("code", "x", outputs=output("scalar-recurrence")),
    ]
    page, told = book(cells)
    assert told == ""
    assert f'href="{link.replace("&", "&amp;")}" title="Set the figure: ' in page


def test_maths_needs_no_script_and_carries_only_the_glyphs_it_shows(book):
    page, told = book([cell("markdown", "# One\n\nA state $h_t$.\n\n$$\\sum_t \\frac{a}{b} \\\\ c$$")])
    assert told == ""
    assert page.count("<mjx-container") == 2
    assert "<mi>h</mi>" in page
    assert "data:font/woff;base64," in page
    assert len(page) < 60_000
    assert "MJXTEX-FR" not in re.findall(r"@font-face { font-family: ([\w-]+)", page)


def test_a_full_stop_after_a_formula_stays_on_its_line(book):
    page, _ = book([cell("markdown", "# One\n\nSee $h_t$. Then $x$ follows.")])
    assert "</span>\u2060. Then" in page
    assert "</span> follows" in page


def test_maths_that_cannot_be_read_is_a_warning_naming_the_formula(book):
    _, told = book([cell("markdown", "# One\n\nA $\\undefinedthing{x}$.")])
    assert "Undefined control sequence \\undefinedthing" in told
    assert "index.ipynb" in told


def test_styles_of_one_page_do_not_reach_the_next():
    typesetter = mathematics.Typesetter()
    typesetter.turn_to("one")
    typesetter.typeset(r"\mathfrak{A}", False)
    assert "MJXTEX-FR" in typesetter.style("one")
    typesetter.turn_to("two")
    typesetter.typeset("x", False)
    assert "font-family: MJXTEX-FR; src" not in typesetter.style("two")
    assert typesetter.style("one") == ""


def test_a_hint_and_a_solution_fold(book):
    page, told = book(
        [
            cell("markdown", "# One\n\nDo it."),
            cell("code", "def f(): ...", "exercise"),
            cell("markdown", "*Hint.* Use $x$.", "hint"),
            cell("code", "def f_solution(): return 1", "solution", "hide-input"),
        ]
    )
    assert told == ""
    assert re.search(r'<details class="hint"><summary>Hint</summary>\s*<p>Use <span class="math', page)
    assert '<details class="fold"><summary>Solution</summary>' in page


def test_a_wide_table_scrolls_in_its_own_box(book):
    page, _ = book([cell("markdown", "# One\n\n| a | b |\n|---|---|\n| 1 | 2 |")])
    assert re.search(r'<div class="table-scroll[^"]*">\s*<table', page)


def test_the_page_outline_leaves_out_the_title(book):
    page, _ = book([cell("markdown", "# One\n\n## Two\n\ntext\n\n### Three\n\ntext")])
    outline = re.search(r'<aside class="outline".*?</aside>', page, re.DOTALL)[0]
    assert re.findall(r">([^<>]+)</a>", outline) == ["Two", "Three"]
    page, _ = book([cell("markdown", "# One\n\ntext")])
    assert "outline-small" not in page


def test_a_figure_is_as_wide_on_the_page_as_it_was_made(book):
    from matplotlib.figure import Figure

    canvas = io.BytesIO()
    Figure(figsize=(5, 2)).savefig(canvas, format="png", dpi=160)
    assert layout.png_inches(canvas.getvalue()) == pytest.approx(5, abs=0.01)
    picture = {"image/png": base64.b64encode(canvas.getvalue()).decode()}
    shown = [{"output_type": "display_data", "metadata": {}, "data": picture}]
    page, _ = book([cell("markdown", "# One"), cell("code", "plot()", outputs=shown)])
    assert re.search(r'<img [^>]*style="width: 500px;"', page)
    assert re.search(r'<img [^>]*loading="lazy"', page)
    assert layout.png_inches(base64.b64decode(PIXEL)) is None
