"""How strict nbval is with the options of dev.py, shown on small cells.

`--nbval` runs every cell and compares the kinds of output and each one's content with what is stored: streams, text,
HTML, LaTeX and an explorer's own JSON. It leaves out pictures (their bytes differ between versions of a font), metadata
and execution counts, and widget views (their ids are random), so a stored notebook without the view that the kernel
sends is equal. A cell never run is not compared, therefore rule_run forbids it. A `;` at the end hides
a value (tools/nbval_history.py). Nothing is sanitised: what differs between machines is not to be printed.
"""

import subprocess
import sys
import xml.etree.ElementTree as ElementTree

import pytest
from nbformat.v4 import new_output
from notebook_parts import VIEW, code, explorer, notebook, printed, shown
from notebooks import EXPLORER, ROOT, write

from dev import STRICT

SHOW = f"""from IPython.display import display
name = "scalar-recurrence"
bundle = dict(name=name, id=name, settings=dict(w=0.5), sentence="h fades to 0.")
view = dict(model_id="random", version_major=2, version_minor=0)
data = dict([({EXPLORER!r}, bundle), ("image/png", "b3RoZXI="), ({VIEW!r}, view)])
data["text/plain"] = "ScalarRecurrence()"
display(data, raw=True)"""

EQUAL = {
    "same": code("print(1)", printed("1\n")),
    "result": code("1 + 1", new_output("execute_result", data={"text/plain": "2"}, execution_count=9)),
    "quiet": code("1;"),
    "view": code(SHOW, explorer({"w": 0.5}, view=False)),
}
DIFFERENT = {
    "stream": code("print(1)", printed("2\n")),
    "last-digit": code(
        "0.1234", new_output("execute_result", data={"text/plain": "0.1235"}, execution_count=1)
    ),
    "missing": code("x = 1", printed("1\n")),
    "unexpected": code("print(1)"),
    "stderr": code("import sys\nprint(1, file=sys.stderr)"),
    "error": code("1 / 0"),
    "settings": code(SHOW, explorer({"w": 0.6}, view=False)),
    "mime": code("1", shown(text_plain="1", text_html="<b>1</b>")),
}


def named(cell, name):
    """Return the cell with that id."""
    cell.id = name
    return cell


@pytest.fixture(scope="module")
def failed(tmp_path_factory):
    """The names of the cells that nbval refuses, of one notebook with all of them."""
    folder = tmp_path_factory.mktemp("strict")
    cells = {**EQUAL, **DIFFERENT}
    write(notebook(*[named(cell, name) for name, cell in cells.items()]), folder / "all.ipynb")
    command = [sys.executable, "-m", "pytest", folder, *STRICT, "-q", "--rootdir", folder, "--junit-xml"]
    subprocess.run([*command, folder / "report.xml"], cwd=ROOT, capture_output=True, check=False)
    cases = list(ElementTree.parse(folder / "report.xml").iter("testcase"))
    assert [case.get("name") for case in cases] == [f"Cell {number}" for number in range(len(cells))]
    return {name for name, case in zip(cells, cases) if len(case)}


@pytest.mark.parametrize("name", EQUAL)
def test_equal_outputs_pass(failed, name):
    assert name not in failed


@pytest.mark.parametrize("name", DIFFERENT)
def test_different_outputs_fail(failed, name):
    assert name in failed
