"""The built site, served over http from a free port and opened from its files, in a browser of this machine.

Several workers (`pytest -n 2`) share the built site; each has its own server, browser and profile.
"""

import contextlib
import functools
import http.server
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from browser import NO_BROWSER, arguments, find_browser  # noqa: E402
from pages import HTML, ROOT, SOURCES  # noqa: E402

DESKTOP = {"viewport": {"width": 1280, "height": 900}}
KEPT = 3  # pages that stay open for the tests to come


def newest(paths):
    """Return the time at which any of the files was last changed."""
    files = [f for path in paths for f in (path.rglob("*") if path.is_dir() else [path])]
    return max(f.stat().st_mtime for f in files if f.is_file() and "__pycache__" not in f.parts)


def is_stale():
    """Tell whether the site is missing or older than what it is made of."""
    made = HTML / "searchindex.js"
    return not made.exists() or made.stat().st_mtime < newest([ROOT / source for source in SOURCES])


@pytest.fixture(scope="session")
def site(request, tmp_path_factory):
    """The folder of the built site, built again if a source changed since, by one worker for all."""
    folder = tmp_path_factory.getbasetemp()
    with alone(folder.parent if hasattr(request.config, "workerinput") else folder):
        if is_stale():
            build()
    return HTML


@contextlib.contextmanager
def alone(folder):
    """Let one process at a time go on; the folder is of this run of pytest."""
    lock = folder / "site-lock"
    while True:
        with contextlib.suppress(FileExistsError):
            lock.mkdir()
            break
        time.sleep(0.2)
    try:
        yield
    finally:
        lock.rmdir()


def build():
    """Build the site; a warning is an error."""
    command = [Path(sys.executable).with_name("jupyter-book"), "build", ".", "--all", "-W", "--keep-going"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, encoding="utf-8")
    assert done.returncode == 0, f"the site does not build:\n{done.stdout[-2000:]}{done.stderr[-4000:]}"


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serve files without a word."""

    def log_message(self, *args):
        """Print nothing."""


@pytest.fixture(scope="session")
def addresses(site):
    """{"http": …, "file": …}: where the site's root is."""
    handler = functools.partial(Quiet, directory=str(site))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield {"http": f"http://127.0.0.1:{server.server_port}/", "file": f"{site.as_uri()}/"}
    server.shutdown()


@pytest.fixture(scope="session")
def browser():
    """A headless browser; without one the tests are skipped with a sentence, except in CI, where they must run."""
    path = find_browser()
    if path is None:
        if os.environ.get("CI") == "true":
            pytest.fail(NO_BROWSER)
        pytest.skip(NO_BROWSER)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=arguments())
        yield running
        running.close()


class Visit:
    """A page opened under watch: every request that leaves the site is stopped, and all trouble is written down."""

    def __init__(self, context, root):
        self.page, self.root, self.trouble, self.ready = context.new_page(), root, [], False
        self.page.set_default_timeout(30_000)  # a busy machine is no failure
        self.page.route("**/*", self.watch)
        self.page.on("console", self.hear)
        self.page.on("pageerror", lambda error: self.trouble.append(f"uncaught: {error}"))
        self.page.on("requestfailed", self.miss)
        self.page.on("response", self.look)

    def watch(self, route):
        """Let requests to the site through, and no others."""
        if route.request.url.startswith((self.root, "data:", "blob:")):
            return route.continue_()
        self.trouble.append(f"outside request: {route.request.url}")
        return route.abort()

    def hear(self, message):
        """Note what the browser complains of."""
        if message.type in ("error", "warning"):
            self.trouble.append(f"console: {message.text}")

    def miss(self, request):
        """Note what did not load, but not what was still loading when the page was left."""
        if request.failure != "net::ERR_ABORTED":
            self.trouble.append(f"failed: {request.url}: {request.failure}")

    def look(self, response):
        """Note what the server did not have."""
        if response.status >= 400:
            self.trouble.append(f"{response.status}: {response.url}")

    def go(self, page):
        """Open a page, wait for its explorers, and return Playwright's page."""
        self.page.goto(self.root + page)
        self.page.wait_for_function(
            "!document.documentElement.classList.contains('js')"
            " || [...document.querySelectorAll('rnn-explorer')].every((one) => 'ready' in one.dataset)"
        )
        self.ready = True
        return self.page


@pytest.fixture
def visit(browser, addresses):
    """A function visit(page, scheme="http", **context options) that opens a page; no trouble may come of it."""
    visits = []

    def opened(page, scheme="http", **options):
        visits.append(Visit(browser.new_context(**DESKTOP | options), addresses[scheme]))
        return visits[-1].go(page)

    yield opened
    leave(visits)


@pytest.fixture(scope="session")
def kept():
    """The visits that tests have left open, the last used last: {how it was opened: Visit}."""
    visits = {}
    yield visits
    leave(visits.values())


@pytest.fixture
def look(browser, addresses, kept):
    """As visit, but on a page that another test may have opened: for tests that change nothing there, or set all they
    look at."""
    used = {}

    def opened(page, scheme="http", **options):
        key = f"{page} {scheme} {options}"
        used[key] = kept.pop(key, None) or Visit(browser.new_context(**DESKTOP | options), addresses[scheme])
        return used[key].page if used[key].ready else used[key].go(page)

    yield opened
    good = all(one.ready and not one.trouble for one in used.values())
    kept.update(used if good else {})
    oldest = [kept.pop(key) for key in [*kept][:-KEPT]]
    leave(oldest if good else [*oldest, *used.values()])


def leave(visits):
    """Close the pages, and complain of what went wrong on them."""
    for one in visits:
        one.page.context.close()
    trouble = [line for one in visits for line in one.trouble]
    assert not trouble, "\n".join(trouble)
