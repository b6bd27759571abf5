"""The normal form of a notebook: what stays, what goes, and that a second time changes nothing."""

import nbformat
import pytest
from nbformat.v4 import new_output
from notebook_parts import VIEW, as_file, code, explorer, notebook, printed, prose, shown, stored
from notebooks import EXPLORER, KERNEL, execute, find, main, normalise, read, text_of, write


def as_an_editor_leaves_it():
    """Return a notebook with all that the normal form takes away."""
    timing = {"iopub.execute_input": "2026-01-01T00:00:00Z"}
    book = notebook(
        prose("Text \n\n", name="text", editable=True),
        code("print(1)\n", printed("a"), printed("b"), name="seven", execution=timing, tags=["hide-input"]),
        code("", name="empty"),
        code("2", new_output("execute_result", data={"text/plain": "2"}, execution_count=9), name="nine"),
        code(
            "f",
            shown({"image/png": {"width": 9}, "needs": 1}, image_png="aA=="),
            name="f",
            mystnb={"image": {"alt": "A line."}},
        ),
        code("e", explorer({}), shown(**{VIEW: {}}), name="e"),
    )
    for count, cell in enumerate(book.cells):
        cell.execution_count = 7 + count if cell.cell_type == "code" else None
    book.cells[0].pop("execution_count")
    book.metadata["widgets"] = {"application/vnd.jupyter.widget-state+json": {"state": {}}}
    return book


@pytest.fixture
def normal():
    return {cell.id: cell for cell in normalise(as_an_editor_leaves_it()).cells}


def test_second_time_changes_nothing():
    once = text_of(normalise(as_an_editor_leaves_it()))
    assert text_of(normalise(as_file(once))) == once


def test_text_is_the_same_whatever_the_order_of_keys():
    book = normalise(as_an_editor_leaves_it())
    turned = nbformat.from_dict(dict(reversed(list(book.items()))))
    assert text_of(turned) == text_of(book)
    assert text_of(book).endswith("}\n")


def test_kernel_is_python3_and_state_is_gone():
    assert normalise(as_an_editor_leaves_it()).metadata == KERNEL


def test_ids_and_tags_stay_and_editors_notes_go(normal):
    assert list(normal) == ["text", "seven", "empty", "nine", "f", "e"]
    assert normal["seven"].metadata == {"tags": ["hide-input"]}
    assert normal["text"].metadata == {}
    assert normal["text"].source == "Text"


def test_cells_are_counted_from_1(normal):
    assert [normal[name].execution_count for name in ("seven", "empty", "nine", "f", "e")] == [
        1,
        None,
        2,
        3,
        4,
    ]
    assert normal["nine"].outputs[0].execution_count == 2


def test_cell_that_was_not_run_stays_so():
    cells = normalise(notebook(code("1", count=None, name="one"), code("2", name="two"))).cells
    assert [cell.execution_count for cell in cells] == [None, 1]


def test_pieces_of_a_stream_are_joined(normal):
    assert [output.text for output in normal["seven"].outputs] == ["ab"]


def test_widget_views_go_and_what_explorers_say_stays(normal):
    (output,) = normal["e"].outputs
    assert set(output.data) == {EXPLORER, "image/png", "text/plain"}
    assert output.metadata == {"image/png": {"alt": "h fades to 0."}}


def test_alt_text_of_the_cell_goes_to_its_picture(normal):
    assert normal["f"].outputs[0].metadata == {"image/png": {"width": 9, "alt": "A line."}}


def test_alt_text_changed_in_the_cell_replaces_the_stored_one():
    cell = as_file(stored(code("f", shown(image_png="aA=="), mystnb={"image": {"alt": "old"}})))
    cell.cells[0].metadata.mystnb.image.alt = "new"
    assert normalise(cell).cells[0].outputs[0].metadata["image/png"].alt == "new"


def test_run_stores_outputs_in_the_normal_form(tmp_path):
    path = tmp_path / "one.ipynb"
    write(notebook(code("import os\nprint(os.getcwd())", name="where"), code("1 + 1", name="sum")), path)
    execute(path)
    where, total = read(path).cells
    assert where.outputs[0].text.strip() == str(tmp_path.resolve())
    assert total.outputs[0].data["text/plain"] == "2"
    assert path.read_text(encoding="utf-8") == text_of(normalise(read(path)))


def test_notebook_with_an_error_is_not_stored(tmp_path, capsys):
    path = tmp_path / "broken.ipynb"
    write(notebook(code("1 / 0")), path)
    before = path.read_bytes()
    assert main(["run", str(path)]) == 1
    assert path.read_bytes() == before
    assert "ZeroDivisionError" in capsys.readouterr().err


def test_commands_normalise_and_check(tmp_path, capsys):
    path = tmp_path / "one.ipynb"
    write(as_an_editor_leaves_it(), path)
    assert main(["check", str(path)]) == 1
    assert "one.ipynb: line" in capsys.readouterr().out
    assert main(["normalise", str(path)]) == 0
    assert main(["check", str(path)]) == 0


def test_notebooks_are_named_by_their_beginning():
    assert [path.name for path in find(["01"])] == ["01_sequences_and_recurrence.ipynb"]
    with pytest.raises(ValueError, match="begins with 'nothing-like-it'"):
        find(["nothing-like-it"])
