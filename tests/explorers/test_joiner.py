"""The joiner: what it takes, what it refuses by file and line, and that what it makes runs."""

import pytest
from py_mini_racer import JSEvalException, MiniRacer

from rnnlib.explorers import joiner


@pytest.fixture
def folder(tmp_path):
    """A function that writes modules into a folder and returns it."""

    def write(**modules):
        for name, text in modules.items():
            (tmp_path / f"{name}.js").write_text(text, encoding="utf-8")
        return tmp_path

    return write


def value_of(script, expression):
    return MiniRacer().eval(f"{script}\n{expression}")


def test_each_module_has_its_own_scope(folder):
    here = folder(
        one="const hidden = 1;\nexport const shown = hidden + 1;\n",
        two='import { shown } from "./one.js";\nconst hidden = 10;\n'
        "export function total() { return shown + hidden; }\n",
    )
    assert value_of(joiner.join("two", folder=here), "$two.total()") == 12
    with pytest.raises(JSEvalException, match="hidden is not defined"):
        value_of(joiner.join("two", folder=here), "hidden")


def test_a_module_that_two_others_use_is_there_once_and_first(folder):
    here = folder(
        base="let count = 0;\nexport function next() { count += 1; return count; }\n",
        a='import { next } from "./base.js";\nexport const first = next();\n',
        b='import { next } from "./base.js";\nexport const second = next();\n',
    )
    script = joiner.join("a", "b", folder=here)
    assert script.count("const $base") == 1
    assert value_of(script, "$a.first * 10 + $b.second") == 12


def test_modules_are_strict_as_modules_are(folder):
    here = folder(loose="export function leak() { undeclared = 1; }\n")
    with pytest.raises(JSEvalException, match="undeclared is not defined"):
        value_of(joiner.join("loose", folder=here), "$loose.leak()")


@pytest.mark.parametrize(
    "form",
    ["export function f() {}", "export async function f() {}", "export class f {}", "export const f = 1;",
     "const f = 1;\nexport { f };"],
)  # fmt: skip
def test_takes_every_form_it_names(folder, form):
    assert value_of(joiner.join("m", folder=folder(m=f"{form}\n")), '"f" in $m') is True


REFUSED = [
    'import everything from "./other.js";',
    'import * as other from "./other.js";',
    'import { f as g } from "./other.js";',
    'import { f } from "other";',
    'import { f } from "https://example.org/other.js";',
    'import { f } from "../other.js";',
    "import { f } from './other.js';",
    'import { f } from "./other.js"',
    'import "./other.js";',
    'import {\n  f,\n} from "./other.js";',
    "export default f;",
    "export let f = 1;",
    "export var f = 1;",
    'export { f } from "./other.js";',
    'export * from "./other.js";',
    "export { f as g };",
    "export const { f } = object;",
    '  import { f } from "./other.js";',
    'const later = await import("./other.js");',
    "const here = import.meta.url;",
]


@pytest.mark.parametrize("form", REFUSED)
def test_refuses_any_other_form_by_file_and_line(folder, form):
    here = folder(other="export const f = 1;\n", m=f"// first\n// second\n{form}\n")
    with pytest.raises(joiner.JoinError, match=r"m\.js, line 3: .* cannot be joined; expected"):
        joiner.join("m", folder=here)


def test_refuses_a_name_that_the_other_module_does_not_export(folder):
    here = folder(other="export const f = 1;\n", m='\nimport { g } from "./other.js";\n')
    with pytest.raises(joiner.JoinError, match=r"m\.js, line 2: other\.js exports f, not g"):
        joiner.join("m", folder=here)


def test_refuses_a_module_that_is_not_there(folder):
    with pytest.raises(joiner.JoinError, match=r"m\.js, line 1: there is no module gone\.js"):
        joiner.join("m", folder=folder(m='import { g } from "./gone.js";\n'))


def test_refuses_a_circle(folder):
    here = folder(
        a='import { b } from "./b.js";\nexport const a = 1;\n',
        b='import { a } from "./a.js";\nexport const b = 1;\n',
    )
    with pytest.raises(joiner.JoinError, match=r"b\.js, line 1: a → b → a is a circle"):
        joiner.join("a", folder=here)


def test_every_explorer_has_a_module_and_a_specification():
    specs = {path.name.removesuffix(".spec.js") for path in joiner.FOLDER.glob("*.spec.js")}
    assert specs == set(joiner.explorer_names())
    assert {"scalar-recurrence", "question"} <= specs


@pytest.mark.parametrize("name", joiner.explorer_names())
def test_each_widget_module_ends_in_its_one_export(name):
    module = joiner.widget_module(name)
    *body, last = module.rstrip().splitlines()
    assert last == f"export default {{ render: {joiner.variable(name)}.render }};"
    render = value_of("\n".join(body), f"typeof {joiner.variable(name)}.render")
    assert render == "function"


def test_the_site_script_runs_where_there_is_no_page_and_leaves_nothing_behind():
    racer = MiniRacer()
    before = racer.eval("Object.getOwnPropertyNames(globalThis).length")
    racer.eval(joiner.site_script())
    assert racer.eval("Object.getOwnPropertyNames(globalThis).length") == before


def test_the_site_script_reaches_for_no_other_file():
    script = joiner.site_script()
    for word in ("fetch(", "XMLHttpRequest", "import(", "http://", "https://"):
        assert word not in script.replace('"http://www.w3.org/2000/svg"', "")
