"""The explorers' JavaScript, run by V8 without a browser: its pure parts, as the joiner makes them."""

import json

import pytest
from py_mini_racer import MiniRacer

from rnnlib.explorers import joiner

# Lists of numbers go in as Float64Arrays where asked, and typed arrays come out as lists; NaN and ∞ come out as text.
BRIDGE = """
const typed = (key, value) => Array.isArray(value) && value.length && value.every((one) => typeof one === "number")
  ? Float64Array.from(value) : value;
const plain = (key, value) => value instanceof Float64Array ? Array.from(value)
  : typeof value === "number" && !Number.isFinite(value) ? String(value) : value;
function ask(path, text, arrays) {
  const target = path.reduce((object, name) => object[name], modules);
  return JSON.stringify(target(...JSON.parse(text, arrays ? typed : undefined)), plain) ?? "null";
}
"""


class Script:
    """Joined modules; `script.engine.rnnForward(…)` calls what the module exports."""

    def __init__(self, *modules):
        self.racer = MiniRacer()
        table = ", ".join(f"{json.dumps(name)}: {joiner.variable(name)}" for name in modules)
        self.racer.eval(f"{joiner.join(*modules)}\nconst modules = {{ {table} }};\n{BRIDGE}")

    def call(self, module, *path, args=(), arrays=True):
        """Call modules[module].path(…args), everything as JSON; `arrays`: lists of numbers become Float64Arrays."""
        return json.loads(self.racer.call("ask", [module, *path], json.dumps(args), arrays))

    def value(self, expression, **given):
        """Return the value of a JavaScript expression in which the given values have these names."""
        names = ", ".join(f"{name} = {json.dumps(value)}" for name, value in given.items())
        return json.loads(
            self.racer.eval(f"{{ const {names or 'nothing = 0'}; JSON.stringify({expression}, plain); }}")
        )


@pytest.fixture(scope="session")
def script():
    """All explorers and shared modules in one script."""
    names = [path.stem for path in joiner.FOLDER.glob("*.js")]
    return Script(*sorted(names))
