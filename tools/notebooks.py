"""Run the chapters, keep them in one normal form, and say what a stored notebook may not hold.

    python tools/notebooks.py run [NOTEBOOK…]         run, store the outputs, normalise
    python tools/notebooks.py normalise [NOTEBOOK…]   as it says; a second time changes nothing
    python tools/notebooks.py check [NOTEBOOK…]       list what breaks a rule

NOTEBOOK is a path, a name in chapters/ or its beginning ("01"); without one, all are meant.
"""

import argparse
import sys
from pathlib import Path

import nbformat

from rnnlib.explorers.specs import MIME as EXPLORER

ROOT = Path(__file__).resolve().parents[1]
CHAPTERS = ROOT / "chapters"

WIDGETS = ("application/vnd.jupyter.widget-view+json", "application/vnd.jupyter.widget-state+json")
IMAGES = ("image/png", "image/svg+xml", "image/jpeg")
KERNEL = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
KEPT_OF_A_CELL = ("jupyter", "mystnb", "tags")
KEPT_OF_AN_IMAGE = ("alt", "height", "width")
SECONDS_A_CELL = 300


def find(names=()):
    """Return the paths of the notebooks that are meant; ValueError for a name that fits none."""
    return [path for name in names for path in matching(name)] if names else sorted(CHAPTERS.glob("*.ipynb"))


def matching(name):
    """Return the notebooks of chapters/ that a name means, or the path that it is."""
    if Path(name).suffix == ".ipynb" and Path(name).is_file():
        return [Path(name)]
    paths = sorted(CHAPTERS.glob(f"{Path(name).name.removesuffix('.ipynb')}*.ipynb"))
    if not paths:
        raise ValueError(f"no notebook in {CHAPTERS} has a name that begins with {name!r}")
    return paths


def read(path):
    """Return a notebook as a NotebookNode."""
    return nbformat.read(path, as_version=4)


def text_of(notebook):
    """Return the text of a notebook's file: sorted keys, one space of indent, a newline at the end."""
    return nbformat.writes(notebook) + "\n"


def write(notebook, path):
    """Write a notebook; line ends are the same on every system."""
    Path(path).write_text(text_of(notebook), encoding="utf-8", newline="\n")


def normalise(notebook):
    """Bring a notebook into its normal form, in place, and return it.

    Cells keep their ids, tags and alt text; what differs from one run or editor to the next goes: execution times,
    widget views and state, editors' notes. Code cells that were run are counted from 1.
    """
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    notebook.metadata = nbformat.from_dict(KERNEL)
    for cell in notebook.cells:
        normalise_cell(cell)
    was_run = [cell for cell in code_cells(notebook) if cell.execution_count is not None]
    for count, cell in enumerate(was_run, 1):
        renumber(cell, count)
    return notebook


def normalise_cell(cell):
    """Keep of a cell what is the author's."""
    cell.source = cell.source.rstrip()
    cell.metadata = kept(cell.metadata, KEPT_OF_A_CELL)
    if cell.cell_type == "code":
        alt = cell.metadata.get("mystnb", {}).get("image", {}).get("alt", "")
        outputs = [output for output in map(normalise_output, joined(cell.outputs)) if output is not None]
        cell.outputs = [describe_images(output, alt) for output in outputs]
        if not cell.source:
            cell.execution_count = None


def kept(mapping, names):
    """Return the entries of those names that are not empty."""
    return nbformat.from_dict({name: mapping[name] for name in names if mapping.get(name)})


def joined(outputs):
    """Join what was printed to the same stream piece by piece, as the run's timing had it."""
    result = []
    for output in outputs:
        last = result[-1] if result else None
        if last and output.output_type == last.output_type == "stream" and output.name == last.name:
            last.text += output.text
        else:
            result.append(output)
    return result


def normalise_output(output):
    """Keep of an output what every machine gives; None if that is nothing."""
    if "data" not in output:
        return output
    for mime in WIDGETS:
        output.data.pop(mime, None)
    images = {mime: kept(output.metadata.get(mime, {}), KEPT_OF_AN_IMAGE) for mime in images_of(output)}
    output.metadata = nbformat.from_dict({mime: entry for mime, entry in images.items() if entry})
    return output if output.data else None


def images_of(output):
    """Return the MIME types of an output's pictures."""
    return [mime for mime in output.get("data", {}) if mime in IMAGES]


def describe_images(output, alt):
    """Give an output's pictures the cell's alt text, where it has one; an explorer's picture brings its own."""
    for mime in images_of(output) if alt and EXPLORER not in output.data else []:
        output.metadata[mime] = nbformat.from_dict({**output.metadata.get(mime, {}), "alt": alt})
    return output


def renumber(cell, count):
    """Number a code cell and the result that it shows."""
    cell.execution_count = count
    for output in cell.outputs:
        if output.output_type == "execute_result":
            output.execution_count = count


def code_cells(notebook):
    """Return the cells of code that are not empty."""
    return [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip()]


def execute(path):
    """Run a notebook in chapters/ and store it in the normal form; an error in a cell stops it and stores nothing."""
    from nbclient import NotebookClient

    notebook = read(path)
    places = {"metadata": {"path": str(Path(path).resolve().parent)}}
    options = {"timeout": SECONDS_A_CELL, "store_widget_state": False, "record_timing": False}
    NotebookClient(notebook, kernel_name="python3", resources=places, **options).execute()
    write(normalise(notebook), path)


def run_all(paths):
    """Run the notebooks one after the other; return 1 if one failed."""
    failed = 0
    for path in paths:
        print(f"running {path.name}", flush=True)
        try:
            execute(path)
        except Exception as error:  # any failure of a cell or a kernel: the others still run
            print(f"{path.name} was not stored:\n{error}", file=sys.stderr)
            failed = 1
    return failed


def normalise_all(paths):
    """Bring the notebooks into the normal form; return 0."""
    for path in paths:
        write(normalise(read(path)), path)
    return 0


def check_all(paths):
    """Print what breaks a rule; return 1 if anything does."""
    from notebook_rules import violations

    found = [
        f"{path.name}: {sentence}"
        for path in paths
        for sentence in violations(path.read_text(encoding="utf-8"))
    ]
    print("\n".join(found) or "every notebook keeps the rules")
    return 1 if found else 0


def main(arguments=None):
    """Read the command line, do it and return the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=["run", "normalise", "check"])
    parser.add_argument("notebooks", nargs="*", metavar="NOTEBOOK")
    options = parser.parse_args(arguments)
    try:
        paths = find(options.notebooks)
    except ValueError as error:
        parser.error(str(error))
    return {"run": run_all, "normalise": normalise_all, "check": check_all}[options.what](paths)


if __name__ == "__main__":
    sys.exit(main())
