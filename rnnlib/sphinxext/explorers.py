"""Explorers on the site: an output becomes `<rnn-explorer>`, and links in the prose that set one are checked."""

import json
import re
from functools import cache
from html import escape
from pathlib import Path

from docutils import nodes
from docutils.transforms import Transform
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging

from rnnlib.explorers.markup import question_html
from rnnlib.explorers.specs import read_spec

logger = logging.getLogger(__name__)

HTML_BUILDERS = ("html", "dirhtml", "singlehtml", "readthedocs")
LINK = re.compile(r"#explore/([^/?]+)(?:/([^?]+)|\?.*)?")
WHOLE_LINE_COMMENT = re.compile(r"^\s*//.*\n", re.MULTILINE)  # a sixth of the script, compressed
SCRIPT, STYLE = "rnnlib/explorers.js", "rnnlib/explorers.css"


class explorer(nodes.General, nodes.Element):
    """An explorer; `payload` is its JSON, its children what is shown until it lives."""


class JoinPicture(SphinxPostTransform):
    """Move the picture that came with an explorer into it, before myst-nb keeps one of the two and drops the other."""

    default_priority = 3

    def run(self, **kwargs):
        """Replace each bundle that holds an explorer by the explorer, with the picture inside."""
        if self.app.builder.name not in HTML_BUILDERS:
            return
        for node in list(self.document.findall(explorer)):
            bundle = node.parent.parent
            node.extend(pictures(bundle, node["payload"]["sentence"]))
            bundle.replace_self(node)


def pictures(bundle, sentence):
    """Return the image nodes of a bundle of outputs, with the sentence as alternative text."""
    found = [image for box in bundle if box["mime_type"] == "image/png" for image in box.findall(nodes.image)]
    for image in found:
        image["alt"], image["loading"] = sentence, "lazy"
    return found


def visit_explorer(translator, node):
    """Open the element; a question stands in it as text, since it has no picture."""
    payload = node["payload"]
    name, key = escape(payload["name"]), escape(payload["id"])
    data = json.dumps(payload, ensure_ascii=False, sort_keys=True).replace("<", "\\u003c")
    translator.body.append(f'<rnn-explorer name="{name}" id="{key}">\n')
    translator.body.append(f'<script type="application/json">{data}</script>\n')
    if not node.children:
        translator.body.append(question_html(payload["settings"]))


def depart_explorer(translator, node):
    """Close the element."""
    translator.body.append("</rnn-explorer>\n")


class CheckLinks(Transform):
    """Make links to explorers plain links, and warn about those that lead nowhere."""

    default_priority = 500  # before myst-parser looks for a heading of that name, at 879

    def apply(self, **kwargs):
        """Check every link of the page against the explorers on it."""
        here = {node["payload"]["id"]: node["payload"]["name"] for node in self.document.findall(explorer)}
        for link in self.document.findall(nodes.reference):
            if link.get("refuri", "").startswith("#explore/"):
                check_link(link, here)


def check_link(link, here):
    """Make one link plain, with a title that names it even where its words are a formula."""
    link.attributes.pop("id_link", None)
    link["internal"] = True
    try:
        link["reftitle"] = f"Set the figure: {destination(link['refuri'], here)}"
    except LookupError as error:
        logger.warning(
            "link %s: %s", link["refuri"], error.args[0], location=link, type="rnnlib", subtype="link"
        )


def destination(uri, here):
    """Say in words where a link leads, given {id: name} of the explorers on the page; LookupError if nowhere."""
    match = LINK.fullmatch(uri)
    if not match:
        raise LookupError("expected #explore/<id>/<landmark> or #explore/<id>?<settings>")
    key, landmark = match.groups()
    if key not in here:
        raise LookupError(f"no explorer {key!r} on this page; there are {sorted(here) or 'none'}")
    known = landmarks(here[key])
    if landmark and landmark not in known:
        raise LookupError(f"explorer {here[key]!r} has no landmark {landmark!r}; it has {sorted(known)}")
    return known[landmark].get("label", landmark) if landmark else uri.partition("?")[2] or "as it was"


@cache
def landmarks(name):
    """Return an explorer's landmarks: {key: {"label": …, "settings": …}}."""
    return read_spec(name).get("landmarks", {})


def write_assets(app):
    """Write the explorers' script, their style sheet and the stored runs that they show into the site."""
    if app.builder.name not in HTML_BUILDERS:
        return
    from rnnlib.explorers import joiner, runs

    texts = {SCRIPT: WHOLE_LINE_COMMENT.sub("", joiner.site_script()), STYLE: joiner.site_css()}
    names = filter(None, map(run_of, joiner.explorer_names()))
    for name, text in (texts | {run_script(name): runs.site_script(name) for name in names}).items():
        path = Path(app.outdir, "_static", name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


@cache
def run_of(name):
    """Return the name of the stored run that an explorer shows, or None."""
    return read_spec(name).get("run")


def at_once(name):
    """Tell whether an explorer's run comes with the page, not once the explorer is near (js/element.js)."""
    return not read_spec(name).get("late", False)


def run_script(name):
    """Return where the site keeps a stored run."""
    return f"rnnlib/run-{name}.js"


def add_assets(app, pagename, templatename, context, doctree):
    """Load what the page's explorers need, and nothing on a page without one."""
    shown = {node["payload"]["name"] for node in doctree.findall(explorer)} if doctree else set()
    for run in sorted(filter(None, map(run_of, filter(at_once, shown)))):
        app.add_js_file(run_script(run), loading_method="defer")  # before the script that looks for it
    if shown:
        app.add_js_file(SCRIPT, loading_method="defer")
        app.add_css_file(STYLE)


def setup(app):
    """Register the node, the transforms and the assets."""
    app.add_node(explorer, html=(visit_explorer, depart_explorer))
    app.add_transform(CheckLinks)
    app.add_post_transform(JoinPicture)
    app.connect("builder-inited", write_assets)
    app.connect("html-page-context", add_assets, priority=400)
