"""The Sphinx extension that puts the book on the web: explorers that live in the page, maths typeset while building,
and a page layout of the book's own."""

from rnnlib.sphinxext import cells, explorers, layout, mathematics


def setup(app):
    """Register everything with Sphinx."""
    for part in (cells, explorers, layout, mathematics):
        part.setup(app)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": False}
