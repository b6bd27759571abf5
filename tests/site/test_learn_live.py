"""LearnLive as a reader trains it: in a page of its own that is opened from a file, by its buttons."""

import re

import pytest
from bare import READY, page_source

from rnnlib.explorers import LearnLive

NAME = "learn-live"
SMALL = {"T": 20, "units": 4}
COUNT = "globalThis.turns = 0; (function count() { turns += 1; requestAnimationFrame(count); })();"


@pytest.fixture
def opened(browser, tmp_path):
    """A function opened(settings, **context options): the page with the explorer at these settings, without trouble."""
    contexts, trouble = [], []

    def open_page(settings, **options):
        contexts.append(browser.new_context(**options))
        page = contexts[-1].new_page()
        page.set_default_timeout(60_000)
        page.on("pageerror", lambda error: trouble.append(str(error)))
        file = tmp_path / "page.html"
        file.write_text(page_source(NAME), encoding="utf-8")
        query = "&".join(f"{name}={value}" for name, value in settings.items())
        page.goto(f"{file.as_uri()}#explore/{NAME}?{query}")
        page.wait_for_function(READY)
        page.get_by_text(f"T = {settings.get('T', 50)})").wait_for()
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not trouble, "\n".join(trouble)


def press(page, action):
    page.locator(f'[data-action="{action}"]').press("Enter")


def has_trained(page, steps):
    """Wait until so many steps, or more, are behind: a number that is shown may be gone before anybody looks."""
    said = "Number(/After (\\d+) steps/.exec(document.querySelector('.rnn-sentence').textContent)?.[1])"
    page.wait_for_function(f"{said} >= {steps}")


def sentence(page):
    return page.locator(".rnn-sentence").inner_text()


def test_nothing_trains_until_it_is_asked_for(opened):
    page = opened(SMALL)
    before = sentence(page)
    page.wait_for_timeout(500)
    assert sentence(page) == before == LearnLive(**SMALL).sentence


def test_ten_steps_in_the_page_are_ten_steps_of_rnnlib(opened):
    page = opened(SMALL)
    press(page, "train-some")
    page.get_by_text("After 10 steps").wait_for()
    assert sentence(page) == LearnLive(**SMALL, steps=10).sentence
    press(page, "train-some")
    page.get_by_text("After 20 steps").wait_for()
    assert sentence(page) == LearnLive(**SMALL, steps=20).sentence


def test_run_goes_on_until_paused_and_starts_again_from_nothing(opened):
    page = opened(SMALL)
    run = page.locator('[data-action="train-run"]')
    assert run.inner_text() == "run"
    run.press("Enter")
    has_trained(page, 30)
    assert run.inner_text() == "pause"
    run.press("Enter")
    page.locator('[data-action="train-run"]', has_text=re.compile("^run$")).wait_for()  # by the next frame
    rested = sentence(page)
    page.wait_for_timeout(500)
    assert sentence(page) == rested
    press(page, "train-again")
    page.get_by_text("Before the first step").wait_for()
    assert sentence(page) == LearnLive(**SMALL).sentence


def test_steps_back_show_what_was_and_a_moved_control_stops_the_run(opened):
    page = opened(SMALL)
    press(page, "train-run")
    has_trained(page, 20)
    page.locator('input[id$="-rate"]').evaluate("(input) => (input.closest('details').open = true)")
    page.locator('input[id$="-rate"]').press("ArrowRight")
    page.get_by_text("learning rate 0.012").wait_for()
    page.locator('[data-action="train-run"]', has_text="run").wait_for()
    assert "none has been trained in this page" in sentence(page)
    page.locator('input[id$="-rate"]').press("ArrowLeft")
    page.locator('input[id$="-steps"]').press("Home")
    page.locator('input[id$="-steps"]').press("ArrowRight")
    page.get_by_text("After 10 steps").wait_for()
    assert sentence(page) == LearnLive(**SMALL, steps=10).sentence


def test_the_page_is_drawn_while_the_largest_nets_train(opened):
    """Twenty steps are some seconds of work, cut into slices of ten milliseconds: however slow the machine, between
    any two of them the page has its turn."""
    page = opened({"T": 60, "units": 32})
    page.evaluate(COUNT)
    press(page, "train-run")
    has_trained(page, 20)
    assert page.evaluate("turns") > 60


def test_under_reduced_motion_a_run_is_a_leap(opened):
    page = opened(SMALL, reduced_motion="reduce")
    run = page.locator('[data-action="train-run"]')
    assert run.inner_text() == "run 100 steps"
    seen = page.evaluate_handle(
        """() => { const seen = new Set(); const said = document.querySelector(".rnn-sentence");
           new MutationObserver(() => seen.add(said.textContent.split(" (")[0])).observe(said, { childList: true });
           return seen; }"""
    )
    run.press("Enter")
    page.get_by_text("After 100 steps").wait_for()
    assert page.evaluate("(seen) => [...seen]", seen) == ["After 100 steps"]
