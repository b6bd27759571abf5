"""The Sphinx extension that puts the book on the web: explorers that live in the page, maths typeset while building,
docstrings as the reference, and a page layout of the book's own."""

import zlib
from pathlib import Path

from rnnlib.sphinxext import cells, docstrings, explorers, layout, mathematics


def sources():
    """Return the files that decide how a page is read: when one changes, Sphinx reads every page again."""
    here = Path(__file__).parent
    return sorted([*here.glob("*.py"), *here.parent.glob("explorers/js/*.spec.js")])


def setup(app):
    """Register everything with Sphinx."""
    for part in (cells, docstrings, explorers, layout, mathematics):
        part.setup(app)
    version = zlib.crc32(b"".join(path.read_bytes() for path in sources()))
    return {"version": "1", "env_version": version, "parallel_read_safe": True, "parallel_write_safe": False}
