"""What a stored notebook may not hold. Each rule returns a sentence for each thing that breaks it.

A rule takes the notebook and its file's text. `violations(text)` asks them all.
"""

import ast
import json
import re

import nbformat
from notebooks import EXPLORER, WIDGETS, code_cells, images_of, normalise, text_of

from rnnlib.explorers.specs import read_spec

PARTS = ["exercise", "hint", "check", "solution"]
DEFINITION = (ast.FunctionDef, ast.ClassDef)

ADDRESS = re.compile(r"\b0x[0-9A-Fa-f]{8,}\b")
PICTURE = re.compile(r"<(img|svg|picture|canvas)\b|data:image", re.IGNORECASE)
BARE = re.compile(r"!\[\s*\]\(|<img(?![^>]*\balt=[\"'][^\"'])[^>]*>")
NUMBER = re.compile(r"(?<![\w.])(?P<digits>\d+\.\d*|\.\d+|\d+(?=[eE]))(?:[eE][-+]?\d+)?(?![\w]|\.\d)")
EXEMPTION = re.compile(r"nbval[-_]|pytest_validate|raises-exception", re.IGNORECASE)
TAG = re.compile(r"<(style|script).*?</\1>|<[^>]*>", re.DOTALL)


def rule_normal_form(notebook, text):
    """The file is in the normal form."""
    here, there = text.splitlines(), text_of(normalise(nbformat.reads(text, as_version=4))).splitlines()
    if here == there:
        return []
    line = next((n for n, (a, b) in enumerate(zip(here, there), 1) if a != b), min(len(here), len(there)) + 1)
    return [f"line {line} is not in the normal form: run tools/notebooks.py normalise"]


def rule_valid(notebook, text):
    """The file follows the notebook format, and every cell has an id of its own."""
    ids = [
        cell.get("id") for cell in json.loads(text)["cells"]
    ]  # as stored: nbformat mends ids while reading
    twice = [
        f"two cells have the id {name!r}" for name in sorted(set(filter(None, ids))) if ids.count(name) > 1
    ]
    return twice + ["a cell has no id"] * (None in ids) + format_errors(notebook)


def format_errors(notebook):
    """Return what the notebook format's own checker says."""
    try:
        nbformat.validate(notebook)
    except nbformat.ValidationError as error:
        return [str(error).splitlines()[0]]
    return []


def rule_run(notebook, text):
    """Every cell of code was run and its outputs stored."""
    never = [cell.id for cell in code_cells(notebook) if cell.execution_count is None]
    return [f"not run: {', '.join(never)}"] if never else []


def rule_no_trouble(notebook, text):
    """Nothing on stderr, no error."""
    errors = [
        f"{named(cell)} stores an error" for cell, out in outputs(notebook) if out.output_type == "error"
    ]
    return errors + [
        f"{named(cell)} stores text on stderr"
        for cell, out in outputs(notebook)
        if out.get("name") == "stderr"
    ]


def rule_no_widgets(notebook, text):
    """No widget view and no widget state: a notebook that is only opened would show an error for them."""
    kinds = [
        (cell, mime) for cell, out in outputs(notebook) for mime in out.get("data", {}) if mime in WIDGETS
    ]
    state = ["the notebook stores widget state"] if "widgets" in notebook.metadata else []
    return state + [f"{named(cell)} stores {mime}" for cell, mime in kinds]


def rule_no_addresses(notebook, text):
    """No address in memory: it differs on every run."""
    found = [(cell, match[0]) for cell, words in all_words(notebook) for match in ADDRESS.finditer(words)]
    return [f"{named(cell)} shows the address {address}" for cell, address in found]


def rule_no_pictures_in_html(notebook, text):
    """No picture inside HTML: it would have no alt text and no place in print."""
    found = [cell for cell, out in outputs(notebook) if PICTURE.search(shown(out, "text/html"))]
    return [f"{named(cell)} has a picture inside HTML" for cell in found]


def rule_alt_text(notebook, text):
    """Every picture says in words what it shows."""
    drawn = [cell for cell, out in outputs(notebook) if has_silent_image(out)]
    linked = [cell for cell in notebook.cells if cell.cell_type == "markdown" and BARE.search(cell.source)]
    return [f"{named(cell)} has a picture without alt text" for cell in drawn + linked]


def has_silent_image(output):
    """Tell whether a picture of an output has no alt text."""
    return any(not output.metadata.get(mime, {}).get("alt", "").strip() for mime in images_of(output))


def rule_four_digits(notebook, text):
    """At most four significant digits in a number: more may differ between machines, and nobody reads them.

    Whole numbers and dates are free; a number with a point or an exponent is not, whatever its size. Explorers are
    exempt: their settings are exact, and their sentences are tested to be the same in Python and in the page.
    """
    printed = [(cell, out) for cell, out in outputs(notebook) if EXPLORER not in out.get("data", {})]
    words = [(cell, words) for cell, out in printed for words in words_of(out)]
    found = [(cell, number) for cell, text in words for number in long_numbers(text)]
    return [f"{named(cell)} shows {number}: at most four significant digits" for cell, number in found]


def long_numbers(words):
    """Return the numbers with a point or an exponent that have more than four significant digits."""
    return [match[0] for match in NUMBER.finditer(words) if significant_digits(match["digits"]) > 4]


def significant_digits(digits):
    """Count the digits from the first that is not 0."""
    return len(digits.replace(".", "").lstrip("0"))


def rule_exercises(notebook, text):
    """Each exercise is four cells in a row, tagged exercise, hint, check, solution."""
    parts = [part_of(cell) for cell in notebook.cells]
    in_a_row = {k + n for k in range(len(parts)) if parts[k : k + 4] == PARTS for n in range(4)}
    lost = [cell for k, cell in enumerate(notebook.cells) if parts[k] and k not in in_a_row]
    return [f"{named(cell)} does not stand in a row tagged {', '.join(PARTS)}" for cell in lost]


def part_of(cell):
    """Return which part of an exercise a cell is, or None."""
    return next((part for part in PARTS if part in cell.metadata.get("tags", [])), None)


def rule_solutions_hidden(notebook, text):
    """A solution is folded on the site (tag hide-input) and in JupyterLab (source_hidden)."""
    solutions = [cell for cell in code_cells(notebook) if part_of(cell) == "solution"]
    return [
        f"{named(cell)}, a solution, lies open: it needs the tag hide-input and jupyter.source_hidden"
        for cell in solutions
        if not ("hide-input" in cell.metadata.tags and cell.metadata.get("jupyter", {}).get("source_hidden"))
    ]


def rule_learners_names(notebook, text):
    """A name that an exercise gives is used by its own check alone, so that no cell depends on a learner's answer."""
    wrong, taken, own = [], set(), set()
    for cell in code_cells(notebook):
        if part_of(cell) == "exercise":
            own = given_names(cell)
            taken |= own
        else:
            free = own if part_of(cell) == "check" else set()
            wrong += [
                f"{named(cell)} uses {name}, a learner's" for name in sorted(all_names(cell) & (taken - free))
            ]
    return wrong


def given_names(cell):
    """Return the names that the top level of a cell defines or assigns."""
    body = tree(cell).body
    defined = {node.name for node in body if isinstance(node, DEFINITION)}
    flat = [
        node for statement in body if not isinstance(statement, DEFINITION) for node in ast.walk(statement)
    ]
    return defined | {
        node.id for node in flat if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }


def all_names(cell):
    """Return all names that a cell reads, assigns or defines."""
    nodes = list(ast.walk(tree(cell)))
    defined = {node.name for node in nodes if isinstance(node, DEFINITION)}
    return defined | {node.id for node in nodes if isinstance(node, ast.Name)}


def tree(cell):
    """Return the syntax tree of a cell, IPython's own lines left out."""
    return ast.parse("\n".join(line for line in cell.source.splitlines() if not line.startswith(("%", "!"))))


def rule_plain_settings(notebook, text):
    """The numbers of an explorer stand in the cell or in a landmark: a computed one may differ between machines."""
    bundles = [
        (cell, out.data[EXPLORER]) for cell, out in outputs(notebook) if EXPLORER in out.get("data", {})
    ]
    return [
        f"{named(cell)}: {number!r} of {bundle['name']} is written neither in the cell nor in a landmark"
        for cell, bundle in bundles
        for number in numbers(bundle["settings"])
        if number not in written_numbers(cell) | landmark_numbers(bundle["name"])
    ]


def numbers(value):
    """Return all numbers in nested lists and dicts, truth values left out."""
    entries = list(value.values()) if isinstance(value, dict) else value
    if isinstance(entries, list):
        return [number for entry in entries for number in numbers(entry)]
    return [entries] if isinstance(entries, (int, float)) and not isinstance(entries, bool) else []


def written_numbers(cell):
    """Return the numbers written in a cell, with either sign."""
    values = numbers([node.value for node in ast.walk(tree(cell)) if isinstance(node, ast.Constant)])
    return {*values, *(-value for value in values)}


def landmark_numbers(name):
    """Return the numbers of an explorer's landmarks; a question has none."""
    try:
        return set(numbers(read_spec(name).get("landmarks", {})))
    except FileNotFoundError:
        return set()


def rule_no_exemptions(notebook, text):
    """No cell asks to be left out of the comparison."""
    asking = [c for c in notebook.cells if EXEMPTION.search(c.source + " ".join(c.metadata.get("tags", [])))]
    return [f"{named(cell)} asks to be left out of the comparison" for cell in asking]


RULES = [value for name, value in dict(globals()).items() if name.startswith("rule_")]


def named(cell):
    """Return how a sentence names a cell."""
    return f"cell {cell.get('id', '?')!r}"


def outputs(notebook):
    """Return (cell, output) for all outputs."""
    return [(cell, output) for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]


def all_words(notebook):
    """Return (cell, text) for all that outputs say: printed, shown, in HTML, in an explorer's sentence."""
    return [(cell, words) for cell, output in outputs(notebook) for words in words_of(output)]


def words_of(output):
    """Return the texts of one output."""
    shapes = [shown(output, mime) for mime in ("text/plain", "text/markdown", "text/latex")]
    sentence = output.get("data", {}).get(EXPLORER, {}).get("sentence", "")
    return [output.get("text", ""), TAG.sub(" ", shown(output, "text/html")), *shapes, sentence]


def shown(output, mime):
    """Return what an output shows as that type of text, or ""."""
    return output.get("data", {}).get(mime, "")


def violations(text):
    """Return one sentence for each thing in a notebook's text that breaks a rule."""
    notebook = nbformat.reads(text, as_version=4)
    return [sentence for rule in RULES for sentence in rule(notebook, text)]
