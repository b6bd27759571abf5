"""Find a browser that is installed on this machine, and run pages in it."""

import os
import shutil
import sys
from pathlib import Path

COMMANDS = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "microsoft-edge",
    "msedge",
]
PLACES = {
    "darwin": [
        "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
        "/Applications/Chromium.app/Contents/MacOS/Chromium",
        "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
    ],
    "win32": [
        r"Google\Chrome\Application\chrome.exe",
        r"Chromium\Application\chrome.exe",
        r"Microsoft\Edge\Application\msedge.exe",
    ],
}
NO_BROWSER = (
    "no Chromium, Chrome or Edge found: name one in RNNLIB_BROWSER; without it the site is not tested"
)
ROOTS = ("PROGRAMFILES", "PROGRAMFILES(X86)", "LOCALAPPDATA")


def candidates():
    """Yield the paths at which a browser may be, the one that RNNLIB_BROWSER names first and alone."""
    if wanted := os.environ.get("RNNLIB_BROWSER"):
        yield wanted
        return
    yield from filter(None, map(shutil.which, COMMANDS))
    for place in PLACES.get(sys.platform, []):
        roots = (
            [os.environ[root] for root in ROOTS if root in os.environ] if sys.platform == "win32" else ["/"]
        )
        yield from (str(Path(root, place)) for root in roots)


def find_browser():
    """Return the path of a Chromium, Chrome or Edge, or None."""
    return next((path for path in candidates() if Path(path).exists()), None)


def arguments():
    """Return what the browser needs where it runs as root, as in a container."""
    return ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
