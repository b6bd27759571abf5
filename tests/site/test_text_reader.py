"""TextReader as a reader types, points and moves in it: in a page of its own, whose weights come once it is near."""

import gzip

import pytest

from rnnlib.explorers import TextReader, joiner, runs

RUN = "reference_text"
LIGHT = 400  # KiB, compressed: the script of all explorers, their style sheet and the weights
PAGE = """<!doctype html><meta charset=utf-8><title>reader</title><link rel=stylesheet href=rnnlib/explorers.css>
<div style="height: 4000px">Far above.</div>
<rnn-explorer name="text-reader" id="one"></rnn-explorer><rnn-explorer name="text-reader" id="two"></rnn-explorer>
<script src="rnnlib/explorers.js"></script>"""
SCRIPTS = "[...document.scripts].map((one) => one.src).filter((src) => src.includes('run-')).length"
ARRIVED = "document.querySelectorAll('rnn-explorer[data-ready]:not([data-waiting])').length === 2"
PAINTED = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with the page and what the site has for it."""
    home = tmp_path_factory.mktemp("reader")
    (home / "rnnlib").mkdir()
    files = {
        "page.html": PAGE,
        "rnnlib/explorers.js": joiner.site_script(),
        "rnnlib/explorers.css": joiner.site_css(),
        f"rnnlib/run-{RUN}.js": runs.site_script(RUN),
    }
    for name, text in files.items():
        (home / name).write_text(text, encoding="utf-8")
    return home


@pytest.fixture
def far(browser, folder):
    """The page from its file, at its top; no trouble may come of it."""
    context, trouble = browser.new_context(viewport={"width": 390, "height": 844}), []
    page = context.new_page()
    page.set_default_timeout(60_000)
    page.on("pageerror", lambda error: trouble.append(str(error)))
    page.goto((folder / "page.html").as_uri())
    page.wait_for_function("document.querySelectorAll('rnn-explorer[data-ready]').length === 2")
    yield page
    context.close()
    assert not trouble, "\n".join(trouble)


@pytest.fixture
def one(far):
    """The first of the two, with its weights."""
    element = far.locator("#one")
    element.scroll_into_view_if_needed()
    far.wait_for_function(ARRIVED)
    far.evaluate(PAINTED)
    return element


def sentence(element):
    return element.locator(".rnn-sentence").inner_text()


def settled(element):
    element.page.evaluate(PAINTED)
    return sentence(element)


def test_the_weights_are_fetched_once_and_only_when_it_is_near(far):
    assert far.evaluate(SCRIPTS) == 0
    assert sentence(far.locator("#one")) == "The weights of the model are on their way."
    far.locator("#one").scroll_into_view_if_needed()
    far.wait_for_function(ARRIVED)
    assert far.evaluate(SCRIPTS) == 1
    assert settled(far.locator("#one")) == settled(far.locator("#two")) == TextReader().sentence


def test_a_prediction_made_before_the_weights_are_there_is_answered_when_they_come(far):
    first = far.locator("#one")
    without_scrolling = "(button) => button.click()"
    first.locator(".rnn-prediction button").first.evaluate(without_scrolling)
    answer = first.locator(".rnn-answer")
    assert answer.inner_text().endswith("What happens is not known yet.")
    assert far.evaluate(SCRIPTS) == 0
    first.scroll_into_view_if_needed()
    far.wait_for_function(ARRIVED)
    far.evaluate(PAINTED)
    asked = TextReader.spec["prediction"]
    assert answer.inner_text() == f"You said: {asked['options'][0]}. What happened: {asked['options'][1]}."


def test_all_of_it_is_light(folder):
    weight = sum(len(gzip.compress(file.read_bytes())) for file in (folder / "rnnlib").iterdir()) / 1024
    print(f"text-reader with its weights and the script of all explorers: {weight:.0f} KiB")
    assert weight < LIGHT


def test_what_is_typed_is_read_at_once(one):
    one.locator("textarea").fill("")
    one.locator("textarea").press_sequentially("def f(x):\n   return")
    assert settled(one) == TextReader(text="def f(x):\n   return").sentence


def test_what_comes_from_elsewhere_is_seen_in_a_box_that_still_has_the_focus(one):
    box = one.locator("textarea")
    box.fill("The clas")
    written = TextReader(text="The clas").write_on()
    one.locator('[data-action="write"]').evaluate(
        "(button) => button.click()"
    )  # some browsers leave the focus behind
    assert settled(one) == TextReader(text="The clas" + written).sentence
    assert (
        box.evaluate("(box) => document.activeElement === box") and box.input_value() == "The clas" + written
    )
    box.press("End")
    box.press_sequentially("x")
    assert settled(one) == TextReader(text=f"The clas{written}x").sentence


def test_arrows_move_over_the_text_and_from_line_to_line(one):
    text = "The class\nis made by the method"
    one.locator("textarea").fill(text)
    settled(one)
    page = one.get_by_role("slider", name="character of the text")
    for key, t in [
        ("Home", 1),
        ("ArrowRight", 2),
        ("ArrowDown", 12),
        ("ArrowUp", 2),
        ("End", 31),
        ("ArrowLeft", 30),
    ]:
        page.press(key)
        assert settled(one) == TextReader(text=text, back=len(text) - t).sentence, key
        assert page.get_attribute("aria-valuenow") == str(t)
    page.press("PageUp")
    assert settled(one) == TextReader(text=text, back=len(text) - 20).sentence
    assert page.get_attribute("aria-valuetext").startswith("20 of 31, ")


def test_a_click_on_a_character_shows_what_is_expected_after_it(one):
    one.locator(".rnn-page > span >> nth=0").locator("span").nth(4).click()
    start = TextReader()
    assert settled(one) == TextReader(back=len(start.text) - 5).sentence


def test_what_it_writes_is_added_until_the_text_is_full(one):
    button, text = one.locator('[data-action="write"]'), TextReader().text
    button.press("Enter")
    longer = text + TextReader().write_on()
    assert settled(one) == TextReader(text=longer).sentence
    assert one.locator("textarea").input_value() == longer
    one.locator("textarea").fill("a" * 230)
    settled(one)
    assert button.is_disabled()


def test_units_and_places_that_are_named_can_be_gone_to(one):
    one.get_by_role("button", name="along the word").first.press("Enter")
    assert settled(one) == TextReader.landmark("along-the-word").sentence
    place = one.locator(".rnn-links .rnn-row").nth(1).locator("button").first
    end = place.inner_text().strip("“”…")
    place.press("Enter")
    settled(one)
    t = int(one.get_by_role("slider", name="character of the text").get_attribute("aria-valuenow"))
    reader = TextReader.landmark("along-the-word")
    assert reader.text.replace("\n", "⏎")[:t].endswith(end)
    assert reader.reading.values(112, "state")[t - 1] == reader.reading.values(112, "state").max()


def test_the_text_wraps_on_a_phone_and_nothing_is_wider(one):
    one.locator("textarea").fill("a very long line of words " * 8 + "_" * 30)
    settled(one)
    box = one.locator(".rnn-page").bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= 390
    assert one.page.evaluate("document.documentElement.scrollWidth") <= 390
