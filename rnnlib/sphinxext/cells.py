"""How a notebook's cells look on the site: hints and solutions fold away; in a notebook they are plain cells."""

import json

from docutils import nodes
from myst_nb.sphinx_ import HideCodeCellNode
from sphinx.util.docutils import SphinxDirective

OPENING = "*Hint.*"


class folded(nodes.General, nodes.Element):
    """Text behind a summary that opens it."""


class Folded(SphinxDirective):
    """`{folded} Hint`: the content, closed until the reader opens it."""

    has_content = True
    required_arguments = 1
    final_argument_whitespace = True

    def run(self):
        """Return the folded node."""
        node = folded("", summary=self.arguments[0])
        self.state.nested_parse(self.content, self.content_offset, node)
        return [node]


def prepare_notebook(app, docname, source):
    """Fold hints and solutions, before the notebook is parsed."""
    if not str(app.env.doc2path(docname)).endswith(".ipynb"):
        return
    notebook = json.loads(source[0])
    for cell in notebook["cells"]:
        tags = cell["metadata"].get("tags", [])
        if "hint" in tags and cell["cell_type"] == "markdown":
            fold_hint(cell)
        if "solution" in tags and cell["cell_type"] == "code":
            fold_solution(cell, tags)
    source[0] = json.dumps(notebook)


def fold_hint(cell):
    """Wrap the text in the directive, without the word that the summary now says."""
    text = "".join(cell["source"]).strip().removeprefix(OPENING).strip()
    cell["source"] = f"::::{{folded}} Hint\n{text}\n::::\n"


def fold_solution(cell, tags):
    """Hide what the solution prints, too, under a summary that says what it is."""
    cell["metadata"]["tags"] = [tag for tag in tags if tag != "hide-input"] + ["hide-cell"]
    cell["metadata"].setdefault("mystnb", {})["code_prompt_show"] = "Solution"


def visit_folded(translator, node):
    """Open a hint."""
    translator.body.append(f'<details class="hint"><summary>{translator.encode(node["summary"])}</summary>\n')


def visit_hidden(translator, node):
    """Open a hidden part of a cell, with one summary in place of myst-nb's two."""
    translator.body.append(
        f'<details class="fold"><summary>{translator.encode(node["prompt_show"])}</summary>\n'
    )


def depart(translator, node):
    """Close either."""
    translator.body.append("</details>\n")


def ignore(translator, node):
    """Other formats show the text as it is."""


def setup(app):
    """Register the directive, the nodes and the reading of notebooks."""
    app.add_node(folded, html=(visit_folded, depart), latex=(ignore, ignore), text=(ignore, ignore))
    app.add_node(HideCodeCellNode, override=True, html=(visit_hidden, depart), latex=(ignore, ignore))
    app.add_directive("folded", Folded)
    app.connect("source-read", prepare_notebook)
