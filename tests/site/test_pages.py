"""Every page, over http and from its file: complete, quiet, readable on a phone, and open to everyone."""

import gzip
import json
import re
from itertools import pairwise

import pytest
from axe_playwright_python.sync_playwright import Axe
from pages import PAGES, ROOT

# The scope lets the tests of one page follow each other.
every_page = pytest.mark.parametrize("page", PAGES, scope="module")
every_chapter = pytest.mark.parametrize("page", PAGES[:-1], scope="module")
both_ways = pytest.mark.parametrize("scheme", ["http", "file"])
both_themes = pytest.mark.parametrize("theme", ["light", "dark"])
WIDE = """(width) => [...document.querySelectorAll("article *")].filter((one) => {
  for (let up = one; up; up = up.parentElement)
    if (["auto", "scroll", "hidden", "clip"].includes(getComputedStyle(up).overflowX)) return false;
  return one.getBoundingClientRect().right > width + 1 && getComputedStyle(one).position != "absolute";
}).map((one) => one.outerHTML.slice(0, 120))"""
# Most of what axe looks at are coloured words of code. Of those alike, down to all they stand in, one is left as it is.
ONE_OF_A_KIND = """() => {
  const seen = new Set();
  for (const word of document.querySelectorAll("pre span")) {
    let kind = "";
    for (let up = word; up; up = up.parentElement) kind += `<${up.className}`;
    if (seen.has(kind)) word.replaceWith(...word.childNodes);
    seen.add(kind);
  }
  document.body.normalize();
}"""
FIRST_VIEW = 300  # KiB, compressed; measured: 15 to 170
MODEL = 100  # KiB more where a trained model, fetched when it comes near, stands in the first view
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


def prose(page):
    """Return the Markdown of a page's source, without its code blocks."""
    source = next(
        p for p in (ROOT / page).parent.glob(f"{(ROOT / page).stem}.*") if p.suffix in (".md", ".ipynb")
    )
    text = source.read_text(encoding="utf-8")
    if source.suffix == ".ipynb":
        cells = json.loads(text)["cells"]
        text = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")
    return re.sub(r"```.*?```|`[^`\n]*`", "", text, flags=re.S) if source.suffix == ".ipynb" else text


@both_ways
@every_page
def test_loads_without_outside_requests_or_errors(look, page, scheme):
    opened = look(page, scheme)
    opened.wait_for_load_state("networkidle")
    assert opened.locator("h1").count() == 1
    broken = "[...document.images].filter((image) => image.complete && !image.naturalWidth).map((image) => image.src)"
    assert opened.evaluate(broken) == []


@both_ways
@every_chapter
def test_maths_is_typeset(look, page, scheme):
    opened = look(page, scheme)
    text = prose(page)
    formulas = len(re.findall(r"\$\$.+?\$\$|\$[^$\n]+\$", text, flags=re.S))
    drawn = opened.locator("article mjx-container")
    assert drawn.count() >= formulas
    if formulas:
        states = opened.evaluate(
            "document.fonts.ready.then((fonts) => [...fonts].map((font) => font.status))"
        )
        assert "error" not in states
        assert states.count("loaded") >= 2  # upright and italic
        assert drawn.first.bounding_box()["width"] > 2
        assert opened.locator("article mjx-assistive-mml math").count() == drawn.count()
    assert opened.locator("mjx-merror").count() == 0
    assert not re.search(r"\\(frac|mathbf|top|tanh|sum)\b|\$\$", opened.locator("article").inner_text())


@every_page
def test_never_scrolls_sideways_on_a_phone(visit, page):
    opened = visit(page, **PHONE)
    opened.evaluate("document.querySelectorAll('details').forEach((fold) => (fold.open = true))")
    for width in (390, 320):
        opened.set_viewport_size({"width": width, "height": 844})
        opened.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        assert opened.evaluate(WIDE, width) == []
        assert opened.evaluate("document.documentElement.scrollWidth") <= width


@every_page
def test_first_view_is_light(visit, site, page):
    opened = visit(page)  # afresh: what a reader meets further down may have fetched more
    fetched = opened.evaluate(
        "performance.getEntriesByType('resource').map((one) => new URL(one.name).pathname)"
    )
    files = {site / page, *(site / name.lstrip("/") for name in fetched)}
    weight = sum(len(gzip.compress(file.read_bytes())) for file in files if file.suffix != ".ico")
    limit = FIRST_VIEW + MODEL * any(file.name.startswith("run-") for file in files)
    assert weight / 1024 < limit, {file.name: file.stat().st_size for file in files}
    scripts = opened.evaluate("[...document.scripts].map((one) => one.src).filter(Boolean)")
    assert len(scripts) == len(set(scripts))


@both_themes
@every_page
def test_axe_finds_nothing_serious(visit, page, theme):
    opened = visit(page, color_scheme=theme)
    opened.evaluate("document.querySelectorAll('details').forEach((fold) => (fold.open = true))")
    opened.evaluate(ONE_OF_A_KIND)
    options = {"resultTypes": ["violations"]}  # twice as fast
    if theme == "dark":
        options["runOnly"] = ["color-contrast"]  # nothing else depends on it
    found = Axe().run(opened, options=options).response["violations"]
    serious = [
        f"{one['id']}: {one['help']}: {node['target']} {node['html'][:150]}"
        for one in found
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"][:4]
    ]
    assert not serious, "\n".join(serious)


@every_page
def test_headings_go_down_one_level_at_a_time(look, page):
    headings = (
        "[...document.querySelectorAll('h1,h2,h3,h4,h5,h6')].map((heading) => Number(heading.tagName[1]))"
    )
    levels = look(page).evaluate(headings)
    assert levels[0] == 1
    assert all(below <= above + 1 for above, below in pairwise(levels)), levels


@every_page
def test_every_picture_says_what_it_shows(look, page):
    bare = "[...document.querySelectorAll('article img')].filter((image) => (image.alt || '').length < 20)"
    assert look(page).evaluate(f"{bare}.map((image) => image.outerHTML.slice(0, 200))") == []


@every_chapter
def test_links_within_the_book_lead_somewhere(look, site, page):
    opened = look(page)
    hrefs = opened.evaluate("[...document.links].map((a) => a.getAttribute('href'))")
    for href in hrefs:
        path, _, anchor = href.partition("#")
        if re.match(r"[a-z]+:", href) or anchor.startswith("explore/"):
            continue
        target = (site / page).parent.joinpath(path).resolve() if path else site / page
        assert target.exists(), f"{page} links to {href}"
        if anchor and target.suffix == ".html":
            assert f'id="{anchor}"' in target.read_text(encoding="utf-8"), f"{page} links to {href}"
