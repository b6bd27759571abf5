"""Typeset the maths while the book is built, so that a page shows it without a script, a font file or a request.

MathJax (from the wheel `sphinx-mathjax-offline`) runs in V8 (from the wheel `mini-racer`). Each page carries the
style rules and the font pieces of the glyphs that stand on it, and MathML beside them for screen readers.
"""

import base64
import io
import json
import re
from functools import cache
from importlib.metadata import files
from pathlib import Path

from docutils import nodes
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number

logger = logging.getLogger(__name__)

WORD_JOINER = "\u2060"
PARTS = ["loader.js", "core.js", "adaptors/liteDOM.js", "input/tex-full.js", "output/chtml.js"]
PARTS += ["output/chtml/fonts/tex.js", "a11y/assistive-mml.js"]
PRELUDE = "globalThis.MathJax = { loader: { load: [] }, startup: { typeset: false, ready() {} } };"
FONT_FACE = re.compile(
    r"@font-face[^{]*\{\s*font-family: ([\w-]+);\s*src: url\(\"[^\"]*/([\w-]+\.woff)\"\)[^}]*\}"
)
CONTENT = re.compile(r'content: "((?:[^"\\]|\\.)*)"')
ESCAPED = re.compile(r"\\([0-9A-Fa-f]{1,6}) ?|\\(.)")


@cache
def mathjax_folder():
    """Return the folder of the MathJax that the wheel `sphinx-mathjax-offline` brings."""
    loader = next(f for f in files("sphinx-mathjax-offline") if f.match("static/mathjax/loader.js"))
    return Path(loader.locate()).parent


class Typesetter:
    """MathJax in V8, typesetting one page at a time."""

    def __init__(self):
        from py_mini_racer import MiniRacer

        self.js = MiniRacer()
        self.js.eval(PRELUDE)
        sources = [mathjax_folder() / part for part in PARTS] + [Path(__file__).with_name("typeset.js")]
        for source in sources:
            self.js.eval(source.read_text(encoding="utf-8"))
        self.page = None

    def turn_to(self, page):
        """Start afresh if this is not the page that was typeset last."""
        if page != self.page:
            self.js.eval("newPage(), null")
            self.page, self.classes = page, set()

    def typeset(self, tex, display):
        """Return the HTML of one formula; ValueError says what MathJax did not understand."""
        from py_mini_racer import JSEvalException

        try:
            html = self.js.eval(f"typeset({json.dumps(tex)}, {json.dumps(display)})")
        except JSEvalException as error:
            raise ValueError(re.search(r"Error: (.*)", str(error))[1]) from None
        self.classes.update(re.findall(r"\bTEX-\w+|mjx-stretchy", html))
        return html

    def style(self, page):
        """Return the CSS for the page's formulas, fonts included, or "" where there are none."""
        if page != self.page:
            return ""
        css = self.js.eval("stylesheet()")
        glyphs = frozenset("".join(unescape(text) for text in CONTENT.findall(css)))
        wanted = families(self.classes)
        css = FONT_FACE.sub(lambda face: font_face(face, wanted, glyphs), css)
        return re.sub(r"\s+", " ", css).strip()


def families(classes):
    """Name the font families behind MathJax's classes; what stretches is built from the pieces of two more."""
    stretchy = ["MJXTEX-S1", "MJXTEX-S4"] if "mjx-stretchy" in classes else []
    return {
        "MJXZERO",
        "MJXTEX",
        *stretchy,
        *(c.replace("TEX", "MJXTEX") for c in classes if c.startswith("TEX-")),
    }


def font_face(face, wanted, glyphs):
    """Return the @font-face rule with the glyphs inside it, or nothing for a family that the page does not use."""
    family, file = face.groups()
    piece = font_piece(file, glyphs) if family in wanted else b""
    if not piece:
        return ""
    data = base64.b64encode(piece).decode()
    return f'@font-face {{ font-family: {family}; src: url("data:font/woff;base64,{data}") format("woff"); }}'


@cache
def font_piece(file, glyphs):
    """Return the bytes of a font cut down to the given characters, none if it has none of them."""
    from fontTools import subset

    options = subset.Options(flavor="woff", hinting=False, layout_features=[])
    options.drop_tables += ["FFTM"]
    font = subset.load_font(mathjax_folder() / "output/chtml/fonts/woff-v2" / file, options)
    codes = {ord(glyph) for glyph in glyphs} & font.getBestCmap().keys()
    if not codes:
        return b""
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=codes)
    cutter.subset(font)
    out = io.BytesIO()
    subset.save_font(font, out, options)
    return out.getvalue()


def unescape(text):
    """Return the characters that a CSS string stands for."""
    return ESCAPED.sub(lambda m: chr(int(m[1], 16)) if m[1] else m[2], text)


def typeset(translator, node, tex, display):
    """Typeset for Sphinx: a formula that MathJax refuses becomes a warning that names the page and the formula."""
    app = translator.builder.app
    if not hasattr(app, "rnnlib_typesetter"):
        app.rnnlib_typesetter = Typesetter()
    app.rnnlib_typesetter.turn_to(translator.builder.current_docname)
    try:
        return app.rnnlib_typesetter.typeset(tex, display)
    except ValueError as error:
        logger.warning("maths: %s in %r", error, tex, location=node, type="rnnlib", subtype="maths")
        return translator.encode(tex)


def visit_math(translator, node):
    """Write an inline formula."""
    html = typeset(translator, node, node.astext(), False)
    translator.body.append(f'<span class="math notranslate nohighlight">{html}</span>{joiner(node)}')
    raise nodes.SkipNode


def joiner(node):
    """Return a word joiner where text follows without a space: a full stop must not begin the next line."""
    following = node.next_node(descend=False, siblings=True)
    return WORD_JOINER if isinstance(following, nodes.Text) and not following[:1].isspace() else ""


def visit_displaymath(translator, node):
    """Write a displayed formula, with its number where it has one."""
    tex = node.astext().strip()
    if not node["nowrap"] and r"\\" in tex and r"\begin" not in tex:
        tex = rf"\begin{{split}}{tex}\end{{split}}"
    translator.body.append(translator.starttag(node, "div", CLASS="math notranslate nohighlight"))
    if node["number"]:
        translator.body.append(f'<span class="eqno">({get_node_equation_number(translator, node)})')
        translator.add_permalink_ref(node, "Link to this equation")
        translator.body.append("</span>")
    translator.body.append(f'<div class="formula">{typeset(translator, node, tex, True)}</div></div>\n')
    raise nodes.SkipNode


def add_style(app, pagename, templatename, context, doctree):
    """Put the page's formula style into its head."""
    typesetter = getattr(app, "rnnlib_typesetter", None)
    style = typesetter.style(pagename) if typesetter and doctree else ""
    if style:
        context["metatags"] = f"{context.get('metatags', '')}<style>{style}</style>\n"


def setup(app):
    """Register the renderer, chosen by `html_math_renderer: typeset`."""
    app.add_html_math_renderer("typeset", (visit_math, None), (visit_displaymath, None))
    app.connect("html-page-context", add_style)
