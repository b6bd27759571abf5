"""The book's own theme: one style sheet, one small script, and nothing that a page does not use."""

import struct
from pathlib import Path

from docutils import nodes
from sphinx.transforms.post_transforms import SphinxPostTransform

THEME = Path(__file__).with_name("theme")
LIST_ITEM = ('role="doc-biblioentry"', 'role="listitem"')  # what a list of references may hold, says ARIA 1.2
OWN = ("_static/book.", "_static/rnnlib/")


class TablesScroll(SphinxPostTransform):
    """Put each table into a box, so that a wide one scrolls there and the page does not."""

    default_priority = 500
    formats = ("html",)

    def run(self, **kwargs):
        """Wrap every table."""
        for table in list(self.document.findall(nodes.table)):
            box = nodes.container(classes=["table-scroll"])
            table.replace_self(box)
            box += table


class FiguresKeepTheirSize(SphinxPostTransform):
    """Show a figure as wide as it was made, an inch 100 pixels of the page, and fetch it when it comes near."""

    default_priority = 5  # after myst-nb has chosen among an output's forms
    formats = ("html",)

    def run(self, **kwargs):
        """Set the width of each PNG that knows its resolution and was given no width."""
        for image in self.document.findall(nodes.image):
            image["loading"] = "lazy"
            path = Path(self.env.srcdir, image["uri"])
            if path.suffix == ".png" and path.is_file() and "width" not in image:
                inches = png_inches(path.read_bytes())
                if inches:
                    image["width"] = f"{100 * inches:.0f}px"
                    image["classes"].append("no-scaled-link")  # Sphinx would link it to itself


def png_inches(data):
    """Return the width of a PNG in inches, from its pixels and its resolution; None if it does not say."""
    where = data.find(b"pHYs")
    if where < 0:
        return None
    (pixels,) = struct.unpack(">I", data[16:20])
    (per_metre,) = struct.unpack(">I", data[where + 4 : where + 8])
    return pixels / (per_metre * 0.0254)


def describe_page(app, pagename, templatename, context, doctree):
    """Give the template this page's files, its outline, its first words and its source."""
    for kind in ("css", "js"):
        context[f"own_{kind}"] = own_files(context["script_files" if kind == "js" else "css_files"])
    context["outline"] = outline(context.get("toc", ""))
    context["description"] = first_words(doctree) if doctree else ""
    source = context.get("sourcename")
    context["source_url"] = context["pathto"](f"_sources/{source}", 1) if is_notebook(source) else None
    context["footer"] = app.config.rnnlib_footer
    context["body"] = context.get("body", "").replace(*LIST_ITEM)


def own_files(files):
    """Keep the book's own files; other extensions' are not needed here."""
    return [file for file in files if str(file.filename or "").startswith(OWN)]


def outline(toc):
    """Return the page's sections as a list without the page's own title, or "" if there are none."""
    start, end = toc.find("<ul>", 1), toc.rfind("</ul>", 0, toc.rfind("</ul>"))
    return toc[start : end + len("</ul>")] if 0 < start < end else ""


def is_notebook(source):
    """Tell whether the page's source is a notebook."""
    return bool(source) and ".ipynb" in source


def first_words(doctree):
    """Return the first paragraph that is longer than a subtitle, cut to about 160 characters."""
    texts = (node.astext().replace("\n", " ") for node in doctree.findall(nodes.paragraph))
    text = next((text for text in texts if len(text) > 60), "")
    return text if len(text) <= 160 else text[:160].rsplit(" ", 1)[0] + " …"


def setup(app):
    """Register the theme."""
    app.add_html_theme("rnnlib", str(THEME))
    app.add_config_value("rnnlib_footer", "", "html")
    app.add_js_file("book.js", loading_method="defer")
    app.add_post_transform(TablesScroll)
    app.add_post_transform(FiguresKeepTheirSize)
    app.connect("html-page-context", describe_page, priority=900)
