"""Join the explorers' ES modules into one script, each module in its own scope, without Node or a bundler.

A module may hold `import { a, b } from "./other.js";` and `export { a, b };`, each on one line, and put `export` before
a `function`, `class` or `const`. Anything else a bundler would have to understand is refused, by file and line.
"""

import json
import re
from pathlib import Path

FOLDER = Path(__file__).with_name("js")
IMPORT = re.compile(r'import \{ (\w+(?:, \w+)*) \} from "\./([\w.-]+)\.js";')
EXPORT = re.compile(r"export ((?:async )?function\*?|class|const) (\w+)")
EXPORT_NAMES = re.compile(r"export \{ (\w+(?:, \w+)*) \};")
NOT_JOINABLE = re.compile(r"^\s*(?:import|export)\b|\bimport\s*[(.]")


class JoinError(ValueError):
    """A module uses a form of import or export that the joiner does not take."""


def variable(module):
    """Name the variable that holds a module's exports: `scalar-recurrence.spec` becomes `$scalar_recurrence_spec`."""
    return "$" + re.sub(r"\W", "_", module)


def scoped(module, folder=FOLDER):
    """Return (the module as a scoped constant, its exports, [(module, names, line)] that it imports)."""
    exports, imports, lines = [], [], []
    for number, line in enumerate((folder / f"{module}.js").read_text(encoding="utf-8").splitlines(), 1):
        if match := IMPORT.fullmatch(line):
            imports.append((match[2], match[1].split(", "), number))
            line = f"const {{ {match[1]} }} = {variable(match[2])};"
        elif match := EXPORT_NAMES.fullmatch(line):
            exports += match[1].split(", ")
            line = ""
        elif match := EXPORT.match(line):
            exports.append(match[2])
            line = line.removeprefix("export ")
        elif NOT_JOINABLE.search(line):
            raise JoinError(
                f"{module}.js, line {number}: {line.strip()!r} cannot be joined; expected one line of the form "
                'import { a, b } from "./other.js"; or export { a, b }; or export before function, class, const'
            )
        lines.append(line)
    body = "\n".join(lines)
    text = f'const {variable(module)} = (() => {{\n"use strict";\n{body}\nreturn {{ {", ".join(exports)} }};\n}})();\n'
    return text, exports, imports


def join(*modules, folder=FOLDER):
    """Return one script with the given modules and all they import, each once and after what it needs."""
    done, under_way = {}, []

    def visit(module, wanted, asked_by):
        if module in under_way:
            raise JoinError(f"{asked_by}: {' → '.join([*under_way, module])} is a circle of imports")
        if module not in done:
            if not (folder / f"{module}.js").is_file():
                raise JoinError(f"{asked_by}: there is no module {module}.js")
            text, exports, imports = scoped(module, folder)
            under_way.append(module)
            for other, names, number in imports:
                visit(other, names, f"{module}.js, line {number}")
            under_way.pop()
            done[module] = text, exports
        for name in wanted:
            if name not in done[module][1]:
                raise JoinError(f"{asked_by}: {module}.js exports {', '.join(done[module][1])}, not {name}")

    for module in modules:
        visit(module, [], "join")
    return "\n".join(text for text, _ in done.values())


def explorer_names(folder=FOLDER):
    """Return the names of all explorers: every module that has a `.spec.js` beside it."""
    modules = (path.stem for path in folder.glob("*.js"))
    return sorted(name for name in modules if (folder / f"{name}.spec.js").is_file())


def widget_module(name, folder=FOLDER):
    """Return the ES module that anywidget loads for the explorer `name`."""
    return f"{join(name, folder=folder)}\nexport default {{ render: {variable(name)}.render }};\n"


def site_script(folder=FOLDER):
    """Return the site's one classic script: every explorer, and the element that brings them to life."""
    names = explorer_names(folder)
    specs = [f"{name}.spec" for name in names]
    table = ", ".join(
        f"{json.dumps(name)}: {{ spec: {variable(spec)}.spec, render: {variable(name)}.render }}"
        for name, spec in zip(names, specs)
    )
    body = join(*names, *specs, "element", folder=folder)
    return f"(() => {{\n{body}\n{variable('element')}.defineElement({{ {table} }});\n}})();\n"


def site_css():
    """Return the site's style sheet for explorers: the palette's custom properties and the layout."""
    from rnnlib.explorers import palette

    sheets = [
        FOLDER.with_name("explorers.css"),
        *sorted(FOLDER.glob("*.css")),
    ]  # the frame's, then explorers' own
    return palette.css() + "".join(sheet.read_text(encoding="utf-8") for sheet in sheets)
