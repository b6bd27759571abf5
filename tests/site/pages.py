"""Where the site is, what it is made of, and which pages it has."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
HTML = ROOT / "_build" / "html"
SOURCES = ["_config.yml", "_toc.yml", "_static", "chapters", "rnnlib"]


def chapter_pages():
    """Return the addresses of all pages in the table of contents, relative to the site."""
    toc = (ROOT / "_toc.yml").read_text(encoding="utf-8")
    return [f"{name}.html" for name in re.findall(r"(?:root|file): (\S+)", toc)]


PAGES = [*chapter_pages(), "search.html"]
