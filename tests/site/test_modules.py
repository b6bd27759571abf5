"""The explorers' sources as the ES modules they are, and as the widget's joined module, each drawn in a bare page."""

import base64
import json

import pytest

from rnnlib import explorers
from rnnlib.explorers import joiner, runs
from rnnlib.explorers.specs import defaults, read_spec

HOST = "http://modules.test/"
DRAWING = [name for name in joiner.explorer_names() if name != "question"]

# Draw an explorer with a model of our own; then change a setting; then take it away again.
DRAW = """async ([address, settings, changed]) => {
  const module = await import(address);
  const render = module.render ?? module.default.render;
  const heard = new Map();
  const model = {
    get: (name) => settings[name],
    set: (name, value) => { settings[name] = value; heard.get(`change:${name}`)?.(); },
    save_changes() {},
    on: (event, listener) => heard.set(event, listener),
    off: (event) => heard.delete(event),
  };
  const el = document.body.appendChild(document.createElement("div"));
  const clear = render({ model, el });
  const said = () => el.querySelector(".rnn-sentence").textContent;
  const first = said();
  for (const [name, value] of Object.entries(changed)) model.set(name, value);
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  const second = said();
  clear();
  return { first, second, left: el.children.length, listening: heard.size,
           live: globalThis[Symbol.for("rnnlib.explorers")].live.size };
}"""


@pytest.fixture
def bare(browser):
    """A page with nothing on it, at an address under which the sources are found; no trouble may come of it."""
    context = browser.new_context()
    page, trouble = context.new_page(), []
    page.on("pageerror", lambda error: trouble.append(str(error)))
    page.on("console", lambda message: message.type == "error" and trouble.append(message.text))
    page.route("**/*", answer)
    page.goto(HOST)
    yield page
    context.close()
    assert not trouble, "\n".join(trouble)


def answer(route):
    """Serve the empty page, a source, or a widget's module."""
    name = route.request.url.removeprefix(HOST)
    if name == "":
        return route.fulfill(
            body="<!doctype html><title>bare</title><link rel=icon href=data:>", content_type="text/html"
        )
    text = (
        joiner.widget_module(name[7:-3])
        if name.startswith("widget/")
        else (joiner.FOLDER / name).read_text("utf-8")
    )
    return route.fulfill(body=text, content_type="text/javascript; charset=utf-8")


def sent(spec):
    """Return the stored run that a kernel sends along, its bytes in the form that a page takes too."""
    if "run" not in spec:
        return {}
    packed = runs.packed(spec["run"])
    kept = {
        key: base64.b64encode(packed[key]).decode("ascii") for key in ("float16", "int8") if key in packed
    }
    return {"_run": packed | kept}


@pytest.mark.parametrize("address", ["{}.js", "widget/{}.js"])
@pytest.mark.parametrize("name", DRAWING)
def test_a_module_draws_changes_and_cleans_up_alone(bare, name, address):
    spec = read_spec(name)
    make = getattr(explorers, spec["class"])
    changed = list(spec["landmarks"].values())[1]["settings"]
    settings = json.loads(json.dumps(defaults(spec) | sent(spec)))
    done = bare.evaluate(DRAW, [HOST + address.format(name), settings, changed])
    assert done == {
        "first": make().sentence, "second": make(**changed).sentence, "left": 0, "listening": 0, "live": 0
    }  # fmt: skip
