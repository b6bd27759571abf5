"""Small notebooks, made as the tests need them."""

from copy import deepcopy

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from notebooks import EXPLORER, normalise, text_of

VIEW = "application/vnd.jupyter.widget-view+json"


def code(source, *outputs, name="c", count=1, **metadata):
    """Return a cell of code that was run, unless `count` is None."""
    return new_code_cell(source, outputs=list(outputs), id=name, execution_count=count, metadata=metadata)


def prose(source, name="m", **metadata):
    """Return a cell of prose."""
    return new_markdown_cell(source, id=name, metadata=metadata)


def printed(text, stream="stdout"):
    """Return what a cell printed."""
    return new_output("stream", name=stream, text=text)


def shown(metadata=None, **data):
    """Return a displayed output; `image_png` stands for image/png."""
    data = {mime.replace("_", "/", 1): value for mime, value in data.items()}
    return new_output("display_data", data=data, metadata=metadata or {})


def explorer(settings, name="scalar-recurrence", view=True):
    """Return what an explorer displays."""
    bundle = {"name": name, "id": name, "settings": settings, "sentence": "h fades to 0."}
    data = {EXPLORER: bundle, "image/png": "aGVsbG8=", "text/plain": "ScalarRecurrence()"}
    if view:
        data[VIEW] = {"model_id": "0123", "version_major": 2, "version_minor": 0}
    return new_output("display_data", data=data, metadata={"image/png": {"alt": "h fades to 0."}})


def notebook(*cells):
    """Return a notebook with copies of the cells, as an editor may leave it."""
    metadata = {"kernelspec": {"name": "my-kernel", "display_name": "Mine"}}
    return new_notebook(cells=deepcopy(list(cells)), metadata=metadata)


def stored(*cells):
    """Return the text of a notebook in the normal form."""
    return text_of(normalise(notebook(*cells)))


def as_file(text):
    """Return the notebook in a text."""
    return nbformat.reads(text, as_version=4)
