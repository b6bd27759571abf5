"""What a reader does besides reading: searching, turning the light off, opening the chapters, copying code."""

import pytest
from pages import PAGES

HOME = "chapters/index.html"
CHAPTER = "chapters/01_sequences_and_recurrence.html"
PHONE = {"viewport": {"width": 390, "height": 844}}


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_search_finds_and_the_result_opens(visit, scheme):
    page = visit(HOME, scheme)
    field = page.locator(".chapters input[type=search]")
    field.fill("hidden state")
    field.press("Enter")
    first = page.locator("#search-results li a").first
    first.wait_for()
    assert page.locator("#search-results li").count() >= 2
    first.click()
    page.wait_for_url(lambda url: "search.html" not in url)
    assert "hidden state" in page.locator("article").inner_text().lower()


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_the_root_leads_to_the_first_page(visit, scheme):
    page = visit("index.html", scheme)
    page.wait_for_url(lambda url: url.endswith(HOME))


def test_search_says_when_there_is_nothing(visit):
    page = visit("search.html?q=zyzzyva")
    page.wait_for_function("document.getElementById('search-results').innerText.includes('did not match')")
    assert page.locator("#search-results li").count() == 0


def test_slash_puts_the_cursor_into_the_search_field(visit):
    page = visit(CHAPTER)
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.name") == "q"


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_dark_mode_toggles_and_persists(visit, scheme):
    page = visit(HOME, scheme, color_scheme="light")
    ground = "getComputedStyle(document.body).backgroundColor"
    assert page.evaluate(ground) == "rgb(255, 255, 255)"
    page.get_by_role("button", name="Dark mode").press("Enter")
    assert page.evaluate(ground) == "rgb(5, 5, 6)"
    page.goto(page.url.replace("index", "glossary"))
    assert page.evaluate(ground) == "rgb(5, 5, 6)"
    page.get_by_role("button", name="Dark mode").click()
    page.reload()
    assert page.evaluate(ground) == "rgb(255, 255, 255)"


def test_the_system_decides_until_the_reader_does(visit):
    page = visit(HOME, color_scheme="dark")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    assert page.get_by_role("button", name="Dark mode").get_attribute("aria-pressed") == "true"


def test_chapters_open_on_a_phone_and_close_with_escape(visit):
    page = visit(HOME, **PHONE)
    chapters = page.locator("#chapters")
    assert not chapters.is_visible()
    page.get_by_role("button", name="Chapters").press("Enter")
    chapters.wait_for(state="visible")
    assert page.get_by_role("button", name="Chapters").get_attribute("aria-expanded") == "true"
    page.keyboard.press("Escape")
    chapters.wait_for(state="hidden")
    assert page.evaluate("document.activeElement.id") == "menu"


def test_keyboard_reaches_the_text_first(visit):
    page = visit(CHAPTER)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the text"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main-content"


def test_code_can_be_copied(visit):
    page = visit(CHAPTER, permissions=["clipboard-read", "clipboard-write"])
    cell = page.locator(".cell_input .highlight").first
    cell.hover()
    cell.get_by_role("button", name="Copy the code").click()
    assert page.evaluate("navigator.clipboard.readText()") == cell.locator("pre").text_content()


def test_exercises_show_their_parts_folded(visit):
    page = visit(CHAPTER)
    exercises = page.locator("section:has(> .tag_exercise)")
    assert exercises.count() >= 3
    for exercise in exercises.all():
        for name in ("Hint", "Solution"):
            fold = exercise.locator("details", has=page.get_by_text(name, exact=True)).first
            assert fold.get_attribute("open") is None
            fold.locator("summary").press("Enter")
            assert fold.locator(":scope > *").nth(1).is_visible()


def test_every_page_can_be_turned_to_the_next(visit):
    page = visit(PAGES[0])
    seen = [page.url.rsplit("/", 1)[1]]
    while (following := page.locator("a[rel=next]")).count():
        following.click()
        page.wait_for_load_state()
        seen.append(page.url.rsplit("/", 1)[1])
    assert seen == [name.rsplit("/", 1)[1] for name in PAGES[:-1]]


def test_maths_and_pictures_show_without_javascript(visit):
    page = visit(CHAPTER, java_script_enabled=False)
    assert page.locator("mjx-container").first.bounding_box()["width"] > 2
    assert page.locator("rnn-explorer img").first.is_visible()
