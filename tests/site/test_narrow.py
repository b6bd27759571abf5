"""An explorer on the narrowest phone: a page of its own, opened from a file."""

import pytest
from bare import READY, page_source

from rnnlib.explorers import joiner, specs

KNOWN = sorted(file.name.removesuffix(".spec.js") for file in joiner.FOLDER.glob("*.spec.js"))
NAMES = [name for name in KNOWN if name != "question" and not specs.read_spec(name).get("run")]
LEAST = 80  # px in which a select still shows its word
ROOM = {"viewport": {"width": 294, "height": 700}}  # what a page of 320 px leaves beside its margins

WIDTHS = """() => [...document.querySelectorAll(".rnn-control")].filter((one) => one.offsetWidth)
  .map((one) => [one.innerText.slice(0, 40), one.offsetWidth])"""


@pytest.mark.parametrize("name", NAMES)
def test_every_control_has_room_on_the_narrowest_phone(browser, tmp_path, name):
    file = tmp_path / "page.html"
    file.write_text(page_source(name), encoding="utf-8")
    with browser.new_context(**ROOM) as context:
        page = context.new_page()
        page.goto(file.as_uri())
        page.wait_for_function(READY)
        page.locator("details").evaluate_all("(folds) => folds.forEach((fold) => (fold.open = true))")
        widths = page.evaluate(WIDTHS)
        beyond = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert widths and not [one for one in widths if one[1] < LEAST] and beyond <= 0
