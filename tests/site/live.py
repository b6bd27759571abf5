"""An explorer on a page, as a reader meets it and as the page's own list of live explorers knows it."""

import json

from pages import PAGES, ROOT

from rnnlib.explorers.specs import MIME, defaults, read_spec

FIND = "[...globalThis[Symbol.for('rnnlib.explorers')].live].find((one) => one.id === key)"


def payloads():
    """Return (page, what is stored of it) for every explorer in the notebooks, in reading order."""
    found = []
    for page in PAGES:
        notebook = ROOT / page.replace(".html", ".ipynb")
        cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"] if notebook.exists() else []
        bundles = [
            out["data"] for cell in cells for out in cell.get("outputs", []) if MIME in out.get("data", {})
        ]
        found += [(page, bundle[MIME]) for bundle in bundles]
    return found


def stored():
    """Return (page, id, name) of every explorer in the notebooks."""
    return [(page, payload["id"], payload["name"]) for page, payload in payloads()]


def with_goals():
    """Return (page, id, name, goal) of those that set the reader a goal."""
    asked = [(page, one) for page, one in payloads() if one["settings"].get("goal")]
    return [(page, one["id"], one["name"], one["settings"]["goal"]) for page, one in asked]


def asking(asks=True):
    """Return (page, id, name) of the first of each kind that asks for a prediction, or of the first that does not."""
    drawn = [(page, one) for page, one in payloads() if one["name"] != "question"]
    chosen = [(page, one) for page, one in drawn if asks == asks_first(one["settings"])]
    return list({one["name"]: (page, one["id"], one["name"]) for page, one in reversed(chosen)}.values())[
        ::-1
    ]


def asks_first(settings):
    """Tell whether an explorer asks: unless its author left that out, or set a goal instead."""
    return settings.get("ask", True) and not settings.get("goal")


def drawings():
    """Return those that draw: all but the predict questions."""
    return [one for one in stored() if one[2] != "question"]


def first_of_each():
    """Return one (page, id, name) for each explorer."""
    return list({name: (page, key, name) for page, key, name in reversed(drawings())}.values())[::-1]


def settings_of(name, landmark):
    """Return the whole state that a landmark stands for."""
    spec = read_spec(name)
    return defaults(spec) | spec["landmarks"][landmark]["settings"]


class Live:
    """A live explorer: what it shows, what it holds, and its controls, moved by keyboard."""

    def __init__(self, page, key, name):
        self.page, self.key, self.name = page, key, name
        self.element = page.locator(f'rnn-explorer[id="{key}"]')
        self.element.locator("details").evaluate_all("(folds) => folds.forEach((fold) => (fold.open = true))")
        if self.element.get_attribute("data-waiting") is not None:  # its stored run comes once it is near
            self.element.scroll_into_view_if_needed()
            self.page.wait_for_function(
                "(one) => !('waiting' in one.dataset)", arg=self.element.element_handle()
            )
            self.settle()

    def state(self):
        """Return the settings it holds now."""
        return self.page.evaluate(f"(key) => {FIND}.getState()", self.key)

    def set(self, settings):
        """Set it as its own code would, and wait until that is drawn."""
        self.page.evaluate(f"([key, settings]) => {FIND}.set(settings)", [self.key, settings])
        self.settle()

    def settle(self):
        """Wait until what was asked for is on the screen."""
        self.page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")

    def drawing(self):
        """Return all that is drawn, canvases included."""
        return self.element.locator(".rnn-figure").evaluate_all(
            """(figures) => figures.map((figure) => figure.innerHTML
              + [...figure.querySelectorAll("canvas")].map((canvas) => canvas.toDataURL())).join()"""
        )

    def sentence(self):
        """Return the sentence below the drawing."""
        return self.element.locator(".rnn-sentence").inner_text()

    def control(self, name):
        """Return the input that a control of the specification has."""
        return self.element.locator(f':is(input, select, textarea)[id$="-{name}"]')

    def move(self, control):
        """Move a control by keyboard to another value."""
        field, kind = self.control(control["name"]), control["kind"]
        assert field.count() == 1, f"{self.key} has {field.count()} inputs for {control['name']}"
        field.focus()
        KEYS[kind](field, control)
        self.settle()


def press_arrow(field, control):
    """One step up, or down where there is no further up."""
    field.press("ArrowLeft" if float(field.input_value()) >= control["max"] else "ArrowRight")


def press_option(field, control):
    """The next option, or the one before the last."""
    last = field.evaluate("(select) => select.selectedIndex === select.options.length - 1")
    field.press("ArrowUp" if last else "ArrowDown")


def press_space(field, control):
    """Tick or untick."""
    field.press("Space")


def press_number(field, control):
    """The next whole number."""
    field.press("ArrowUp")
    field.press("Tab")


def type_letter(field, control):
    """Write a letter in place of the first one."""
    field.press("Home")
    field.press("Delete")
    field.press_sequentially("q")


def type_number(field, control):
    """Write another first number into the list."""
    first, *others = [float(part) for part in field.input_value().replace("−", "-").split(",")]
    step = 0.5 if first + 0.5 <= control["max"] else -0.5
    field.press("ControlOrMeta+a")
    field.press_sequentially(", ".join(f"{number:g}" for number in [first + step, *others]))


KEYS = {
    "range": press_arrow,
    "integer": press_arrow,
    "select": press_option,
    "toggle": press_space,
    "seed": press_number,
    "text": type_letter,
    "numbers": type_number,
}
