"""Weigh the built website and time its explorers: `python benchmarks/site.py` after `python dev.py html`.

Four tables. The weight of each page's first view, compressed as a static host sends it, by kind of file. The time
until the page's explorers answer, on a line of 10 Mbit/s with 40 ms of delay and a CPU slowed four times. The main
thread's work for one change of a control, on this machine's own CPU; a frame is 16 ms. The time from a keystroke in a
text to the frame that shows it, on a CPU slowed four times.
"""

import functools
import gzip
import http.server
import statistics
import sys
import threading
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests" / "site"))

from browser import NO_BROWSER, arguments, find_browser  # noqa: E402
from pages import HTML, PAGES  # noqa: E402

KINDS = ["Document", "Stylesheet", "Script", "Image", "Font"]
LINE = {"offline": False, "latency": 40, "downloadThroughput": 10e6 / 8, "uploadThroughput": 10e6 / 8}
SLOWED = 4
ROUNDS = 5
CHANGES = 20
TEXT = (".html", ".js", ".css", ".svg", ".json")

READY = """
addEventListener("DOMContentLoaded", () => {
  const wanted = document.querySelectorAll("rnn-explorer").length;
  const look = () => {
    const ready = document.querySelectorAll("rnn-explorer[data-ready]").length;
    if (ready === wanted) window.readyAt = performance.now();
    else requestAnimationFrame(look);
  };
  look();
});
"""

NUDGE = """(control) => new Promise((done) => {
  const up = Number(control.value) + Number(control.step || 1);
  control.value = up > Number(control.max) ? control.min : up;
  control.dispatchEvent(new Event("input", { bubbles: true }));
  control.dispatchEvent(new Event("change", { bubbles: true }));
  requestAnimationFrame(() => setTimeout(done));
})"""


# From a keystroke, sent just after a frame, to the first frame that shows it.
TYPE = """(box) => new Promise((done) => requestAnimationFrame(() => setTimeout(() => {
  const start = performance.now();
  box.value = box.value.length < 200 ? `${box.value}${"eat "[box.value.length % 4]}` : "The class";
  box.dispatchEvent(new Event("input", { bubbles: true }));
  const painted = new MessageChannel();
  painted.port1.onmessage = () => done(performance.now() - start);
  requestAnimationFrame(() => painted.port2.postMessage(0));
})))"""


class Compressed(http.server.SimpleHTTPRequestHandler):
    """Serve files as a static host does: text compressed, connections kept open."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        """Print nothing."""

    def do_GET(self):  # noqa: N802 (the base class's name)
        """Send a file, gzipped where it is text."""
        path = Path(self.translate_path(self.path))
        if not path.is_file():
            return self.send_error(404)
        body = path.read_bytes()
        self.send_response(200)
        self.send_header("Content-Type", self.guess_type(str(path)))
        if path.suffix in TEXT:
            body = gzip.compress(body, 6)
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        return self.wfile.write(body)


def serve():
    """Serve the site from a free port; returns its address."""
    handler = functools.partial(Compressed, directory=str(HTML))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}/"


def opened(browser, slow=False):
    """Return a fresh page with an empty cache, and its devtools session."""
    page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
    tools = page.context.new_cdp_session(page)
    tools.send("Network.enable")
    if slow:
        tools.send("Network.emulateNetworkConditions", LINE)
        tools.send("Emulation.setCPUThrottlingRate", {"rate": SLOWED})
    return page, tools


def weigh(browser, address):
    """Return {kind: KiB} of what the first view of a page transfers."""
    page, tools = opened(browser)
    kinds, sizes = {}, {}
    tools.on("Network.responseReceived", lambda event: kinds.update(kind_of(event)))
    tools.on(
        "Network.loadingFinished",
        lambda event: sizes.update({event["requestId"]: event["encodedDataLength"]}),
    )
    page.goto(address, wait_until="networkidle")
    page.context.close()
    total = dict.fromkeys(KINDS, 0.0)
    for request, size in sizes.items():
        if kinds.get(request) in total:
            total[kinds[request]] += size / 1024
    return total


def kind_of(event):
    """Return {request: kind}; what stands inside a file as a data: address has been counted with it."""
    inside = event["response"]["url"].startswith("data:")
    return {} if inside else {event["requestId"]: event["type"]}


def time_to_interactive(browser, address):
    """Return (median seconds until every explorer is ready, seconds until the first paint of text)."""
    ready, paint = [], []
    for _ in range(ROUNDS):
        page, _tools = opened(browser, slow=True)
        page.add_init_script(READY)
        page.goto(address)
        page.wait_for_function("window.readyAt !== undefined", timeout=60_000)
        ready.append(page.evaluate("window.readyAt") / 1000)
        paint.append(
            page.evaluate("performance.getEntriesByName('first-contentful-paint')[0]?.startTime") / 1000
        )
        page.context.close()
    return statistics.median(ready), statistics.median(paint)


def work_per_change(browser, address):
    """Yield (explorer, control, median ms of main-thread work for one change, the largest) for every slider."""
    page, tools = opened(browser)
    tools.send("Performance.enable")
    page.goto(address, wait_until="networkidle")
    page.evaluate("document.querySelectorAll('rnn-explorer details').forEach((fold) => (fold.open = true))")
    for control in page.query_selector_all("rnn-explorer input[type=range]"):
        key = control.evaluate("(one) => one.closest('rnn-explorer').id")
        name = control.evaluate("(one) => one.name || one.labels?.[0]?.innerText || one.id")
        if not control.is_visible():  # it belongs to a mode that is not on
            continue
        control.scroll_into_view_if_needed()
        spent = []
        for _ in range(CHANGES):
            before = busy(tools)
            control.evaluate(NUDGE)
            spent.append(1000 * (busy(tools) - before))
        yield key, name.split("\n")[0], statistics.median(spent), max(spent)
    page.context.close()


def keystrokes(browser, address):
    """Yield (explorer, median ms from a keystroke at the end of a text to its frame on a slowed CPU, the quickest)."""
    page, tools = opened(browser)
    page.goto(address, wait_until="networkidle")
    for box in page.query_selector_all("rnn-explorer textarea"):
        key = box.evaluate("(one) => one.closest('rnn-explorer').id")
        box.scroll_into_view_if_needed()
        page.wait_for_function("(box) => !('waiting' in box.closest('rnn-explorer').dataset)", arg=box)
        tools.send("Emulation.setCPUThrottlingRate", {"rate": SLOWED})
        spent = [box.evaluate(TYPE) for _ in range(3 * CHANGES)]
        tools.send("Emulation.setCPUThrottlingRate", {"rate": 1})
        yield key, statistics.median(spent), min(spent)
    page.context.close()


def busy(tools):
    """Return the seconds that the main thread has worked so far."""
    metrics = {metric["name"]: metric["value"] for metric in tools.send("Performance.getMetrics")["metrics"]}
    return metrics["TaskDuration"]


def table(head, rows):
    """Print rows under a head, the first column to the left, numbers to the right."""
    cells = [
        [f"{cell:.2f}" if isinstance(cell, float) else str(cell) for cell in row] for row in [head, *rows]
    ]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        first, *others = (
            f"{cell:{'<' if i == 0 else '>'}{w}}" for i, (cell, w) in enumerate(zip(row, widths, strict=True))
        )
        print("  ".join([first, *others]).rstrip())
    print()


def measure(browser, root):
    """Print the four tables."""
    weights = {page: weigh(browser, root + page) for page in PAGES}
    table(
        ["first view, KiB", *KINDS, "sum"],
        [[page, *kinds.values(), sum(kinds.values())] for page, kinds in weights.items()],
    )
    times = [(page, *time_to_interactive(browser, root + page)) for page in PAGES]
    table(["10 Mbit/s, 40 ms, CPU ÷ 4: seconds", "explorers ready", "first paint"], times)
    work = [
        (f"{page}  {key}  {name}", *ms)
        for page in PAGES
        for key, name, *ms in work_per_change(browser, root + page)
    ]
    table(["work for one change, ms", "median", "largest"], work)
    typed = [(f"{page}  {key}", *ms) for page in PAGES for key, *ms in keystrokes(browser, root + page)]
    table(["keystroke to its frame, CPU ÷ 4, ms", "median", "quickest"], typed)


def main():
    """Measure the site in _build/html."""
    path = find_browser()
    if path is None:
        sys.exit(NO_BROWSER)
    if not (HTML / "searchindex.js").exists():
        sys.exit("there is no site in _build/html: run `python dev.py html` first")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=arguments())
        measure(browser, serve())
        browser.close()


if __name__ == "__main__":
    main()
