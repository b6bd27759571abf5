"""The book's commands. `python dev.py` lists them; every one sets up what it needs.

A folder .venv beside this file holds what the commands install: the pinned versions of requirements/ and rnnlib itself,
in editable mode. A stamp in it remembers what is there, so that the second run starts at once.
"""

import argparse
import functools
import hashlib
import http.server
import importlib.util
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
STAMP = VENV / "rnnlib-stamp.json"
RIVAL_VENV = ROOT / ".venv-bench"  # PyTorch is large, and nothing but `bench` needs it
HUB_VENV = ROOT / ".venv-hub"  # JupyterHub and what it needs: for one test
HTML = ROOT / "_build" / "html"
OLDEST = (3, 11)
NEWEST = (3, 14)
HOST = "127.0.0.1"

SETS = ["book", "lab", "classroom", "test"]
COVERS = {
    "book": ["book", "test"],
    "lab": ["lab", "test"],
    "classroom": ["classroom", "test"],
    "test": ["test"],
}  # the test set holds all others
PLATFORMS = ["x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu", "x86_64-pc-windows-msvc"]
PLATFORMS += ["aarch64-apple-darwin", "x86_64-apple-darwin"]
CHECKS = ["lint", "unit", "classroom", "notebooks", "site"]
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1"}  # for each of two workers: more would wait for each other
STRICT = ["-p", "tools.nbval_history", "--nbval", "--nbval-current-env", "--nbval-cell-timeout=300"]
CPU_FEATURES = """
from numpy._core._multiarray_umath import __cpu_dispatch__, __cpu_features__
print(*[name for name in __cpu_dispatch__ if __cpu_features__.get(name)])
"""


class Problem(Exception):
    """Something that the user can put right, said in a sentence."""


# The environment


def say(text):
    """Print a line of our own, before the output of what is started next."""
    print(text, flush=True)


def check_python():
    """Refuse a Python that the book does not run on, and warn of one that it was not tried on."""
    here = ".".join(map(str, sys.version_info[:2]))
    if sys.version_info < OLDEST:
        raise Problem(f"This is Python {here}; the book needs 3.11 or newer. Start dev.py with a newer one.")
    if sys.version_info[:2] > NEWEST:
        say(f"This is Python {here}; the pinned versions are made for 3.11 to 3.14. Trying all the same.")


def venv_python(folder=VENV):
    """Return the path of an environment's Python."""
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def script(python, name):
    """Return the path of a command that stands beside an environment's Python."""
    return Path(python).with_name(f"{name}.exe" if os.name == "nt" else name)


def answer(command, **options):
    """Return what a command prints, or "" where it fails or does not exist."""
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True, **options).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def make_venv(folder):
    """Make a virtual environment with this Python, or say what is missing for it."""
    if not (importlib.util.find_spec("venv") and importlib.util.find_spec("ensurepip")):
        raise Problem(
            "This Python cannot make virtual environments: its venv module is missing or incomplete.\n"
            "On Debian and Ubuntu: sudo apt-get install python3-venv"
        )
    if subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=False).returncode:
        raise Problem(
            f"The virtual environment could not be made in {folder}. Is there room, may you write there?"
        )


def ensure_venv(folder):
    """Make an environment unless one stands that works and is of this Python's version."""
    name, version = folder.name, ".".join(map(str, sys.version_info[:2]))
    ask = "import pip, sys; print('%d.%d' % sys.version_info[:2])"
    found = answer([str(venv_python(folder)), "-c", ask]) if folder.exists() else None
    if found == version:
        return
    if Path(sys.prefix).resolve() == folder:
        raise Problem(
            f"The Python of {name} cannot make {name} again. Start dev.py with the system's Python."
        )
    say({None: f"Making {name}", "": f"Making {name} again: it does not work"}.get(
        found, f"Making {name} again: it has Python {found}, this is {version}"
    ))  # fmt: skip
    make_venv(folder)


def wanted():
    """Return the digest of everything that decides what .venv holds."""
    files = [ROOT / "pyproject.toml", *[pins(name) for name in SETS]]
    parts = [file.read_bytes().replace(b"\r\n", b"\n") for file in files]
    parts += [str(sys.version_info[:2]).encode(), str(ROOT).encode()]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def pins(name):
    """Return the path of the file with the pinned versions of a set."""
    return ROOT / "requirements" / f"{name}.txt"


def installed():
    """Return the names of the sets that .venv holds in their present versions."""
    try:
        stamp = json.loads(STAMP.read_text(encoding="utf-8"))
        return stamp["sets"] if stamp["digest"] == wanted() else []
    except (OSError, ValueError, TypeError, KeyError):  # none yet, or not whole
        return []


def pip(*arguments, folder=None):
    """Run pip in .venv, or in another environment, its progress shown."""
    command = [
        str(venv_python(folder or VENV)),
        "-m",
        "pip",
        "install",
        "--disable-pip-version-check",
        "--no-input",
        *arguments,
    ]
    if subprocess.run(command, cwd=ROOT, check=False).returncode:
        raise Problem(
            "pip could not install what this command needs; its own words are above. Is the network there?"
        )


def ensure(name):
    """Install a set of pinned packages and rnnlib into .venv, unless it is there already; return .venv's Python."""
    ensure_venv(VENV)
    done = installed()
    if not set(COVERS[name]) & set(done):
        say(f"Installing requirements/{name}.txt into .venv (this once; some minutes on a slow line)")
        pip("-r", str(pins(name)))
        pip("--no-build-isolation", "--no-deps", "--quiet", "-e", str(ROOT))
        STAMP.write_text(json.dumps({"digest": wanted(), "sets": sorted({*done, name})}), encoding="utf-8")
    return str(venv_python())


def ensure_apart(folder, name, words):
    """Install a set of pinned packages into an environment of its own, unless it is there; return its Python."""
    ensure_venv(folder)
    stamp, wanted_text = folder / "rnnlib-stamp.txt", pins(name).read_text(encoding="utf-8")
    if not (stamp.exists() and stamp.read_text(encoding="utf-8") == wanted_text):
        say(f"Installing requirements/{name}.txt into {folder.name} (this once; {words})")
        pip("-r", str(pins(name)), folder=folder)
        stamp.write_text(wanted_text, encoding="utf-8")
    return str(venv_python(folder))


def ensure_rival():
    """Install PyTorch and what else the comparison needs; return its Python."""
    return ensure_apart(RIVAL_VENV, "bench", "PyTorch for Linux may be some GB")


def run(*command, **environment):
    """Run a command in the project's folder and return its exit code."""
    variables = {**os.environ, "PYTHONUTF8": "1", **environment}
    return subprocess.run([str(part) for part in command], cwd=ROOT, env=variables, check=False).returncode


# Reading


def build(python):
    """Build the website into _build/html from nothing; any warning is an error. Return the exit code."""
    shutil.rmtree(HTML, ignore_errors=True)
    return run(script(python, "jupyter-book"), "build", ROOT, "--all", "-W", "-n", "--keep-going")


def html(options=None):
    """Build the website into _build/html."""
    if build(ensure("book")):
        raise Problem("The website was not built: the warnings and errors above are to be mended first.")
    say(f"The website is in {HTML}: open {HTML / 'index.html'}")


class Pages(http.server.SimpleHTTPRequestHandler):
    """Serve the built website without a line for every request."""

    extensions_map = {
        **http.server.SimpleHTTPRequestHandler.extensions_map,
        ".js": "text/javascript",
        ".css": "text/css",
        ".svg": "image/svg+xml",
    }

    def log_message(self, *args):
        """Print nothing."""


class Server(http.server.ThreadingHTTPServer):
    """A server that refuses a port in use on Windows, too."""

    allow_reuse_address = os.name != "nt"


def port():
    """Return the port to serve on: the variable PORT, or 8000."""
    text = os.environ.get("PORT", "8000")
    if not (text.isdecimal() and int(text) < 65536):
        raise Problem(f"PORT is {text!r}; expected a number from 0 (any free port) to 65535.")
    return int(text)


def listen(number):
    """Take the port, or say that another program has it."""
    try:
        return Server((HOST, number), functools.partial(Pages, directory=str(HTML)))
    except OSError as error:
        example = "set PORT=8001 && python dev.py book" if os.name == "nt" else "PORT=8001 python dev.py book"
        raise Problem(
            f"Port {number} cannot be used ({error.strerror}). Try another one: {example}"
        ) from None


def book(options=None):
    """Build the website and serve it on this machine until Ctrl+C (variable PORT, 8000 unless set)."""
    with listen(port()) as server:
        html()
        say(f"The book is at http://{HOST}:{server.server_address[1]}/ (Ctrl+C ends this)")
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            say("\nThe book is closed.")


def lab(options):
    """Open the chapters in JupyterLab; arguments after `lab` go to it."""
    python = ensure("lab")
    given = ["--ServerApp.port=" + str(port())] if "PORT" in os.environ else []
    place = f"--ServerApp.root_dir={ROOT / 'chapters'}"
    code = run(
        python, "-m", "jupyterlab", place, "--LabApp.default_url=/lab/tree/index.ipynb", *given, *options.rest
    )
    if code:
        raise Problem(f"JupyterLab ended with exit code {code}; its own words are above.")


# Teaching


def classroom(options):
    """Make assignments from the chapters' exercises, grade submissions: `dev.py classroom --help` has the rest."""
    code = run(ensure("classroom"), "-m", "classroom", *(options.rest or ["--help"]))
    if code:
        raise Problem("That was not done; the reason is above.")


# Testing


def pytest(python, *arguments, **environment):
    """Run pytest in a process of its own and return its exit code."""
    return run(python, "-m", "pytest", *arguments, **environment)


def lint(python):
    """ruff's rules and its layout."""
    return run(python, "-m", "ruff", "check", ".") or run(
        python, "-m", "ruff", "format", "--check", "--quiet", "."
    )


def unit(python):
    """Everything that needs neither a kernel nor a browser, then the examples in rnnlib's docstrings."""
    others = [f"--ignore=tests/{name}" for name in ("site", "classroom", "reference")]
    tests = pytest(python, "tests", *others, "-n", "2", "--dist", "worksteal", **ONE_THREAD)
    return pytest(python, "--doctest-modules", "rnnlib") or tests


def classroom_tests(python):
    """Assignments made, and made-up submissions graded in the sandbox."""
    return pytest(python, "tests/classroom")


def hub(python):
    """A real JupyterHub: fetch, submit, collect, grade, feedback. Not among the usual tests: it needs Node.js."""
    return pytest(ensure_apart(HUB_VENV, "hub", "some minutes on a slow line"), "tests/classroom/test_hub.py")


def notebooks(python, **environment):
    """Every notebook run, each output compared with the stored one (tests/notebooks/test_strict.py says how)."""
    environment |= ONE_THREAD
    return pytest(python, "chapters", *STRICT, "-q", "-n", "2", "--dist", "loadfile", **environment)


def plain_cpu(python):
    """The notebooks again as on another CPU: a plain BLAS kernel, none of NumPy's fast paths."""
    kernel = {"OPENBLAS_CORETYPE": "Nehalem"} if platform.machine().lower() in ("x86_64", "amd64") else {}
    features = answer([python, "-c", CPU_FEATURES])
    say(f"without {features or 'any CPU feature to leave out'}; BLAS kernel {kernel or 'as usual'}")
    return notebooks(python, NPY_DISABLE_CPU_FEATURES=features, **kernel)


def site(python):
    """Build the website, then drive it in a browser."""
    return build(python) or pytest(python, "tests/site", "-n", "2", "--dist", "worksteal")


def test(options):
    """Run every test: ruff, units and docstrings, the notebooks, the website in a browser."""
    chosen = options.only or CHECKS
    python = ensure("test") if set(chosen) != {"hub"} else None
    checks = {"lint": lint, "unit": unit, "classroom": classroom_tests, "notebooks": notebooks, "hub": hub,
              "plain-cpu": plain_cpu, "site": site}  # fmt: skip
    names = [name for name in checks if name in chosen or (name == "plain-cpu" and options.plain_cpu)]
    summarise([timed(name, checks[name], python) for name in names])


def timed(name, check, python):
    """Run one of the checks and return its name, exit code and seconds."""
    say(f"\n=== {name}: {' '.join(check.__doc__.split())}")
    start = time.monotonic()
    return name, check(python), time.monotonic() - start


def summarise(results):
    """Print a line for each check; Problem if one failed."""
    say("\nname        result  seconds")
    for name, code, seconds in results:
        say(f"{name:<11} {'FAILED' if code else 'ok':<7} {seconds:7.0f}{reason(code)}")
    failed = [name for name, code, _ in results if code]
    if failed:
        raise Problem(f"Failed: {', '.join(failed)}. One alone: python dev.py test --only {failed[0]}")


def reason(code):
    """Return how a check ended where its own output may not say so: it was killed, or pytest found no test."""
    if code < 0:
        return f"  (ended by signal {-code})"
    return "  (no test was found)" if code == 5 else ""


# Keeping


def store(options):
    """Run the named notebooks (or all) and store their outputs in the normal form."""
    python = ensure("test")
    if run(python, "tools/notebooks.py", "run", *options.rest):
        raise Problem("Not every notebook was stored; the reason is above.")


def bench_cells(options):
    """rnnlib against PyTorch and against the matrix products alone."""
    return run(ensure_rival(), "benchmarks/cells.py", *(["--quick"] if options.quick else []))


def bench_site(options):
    """The website's weight and the speed of its explorers."""
    python = ensure("test")
    return build(python) or run(python, "benchmarks/site.py")


def bench(options):
    """Measure rnnlib against PyTorch, and the website's weight and speed."""
    parts = {"cells": bench_cells, "site": bench_site}
    codes = [part(options) for name, part in parts.items() if name in (options.only or parts)]
    if any(codes):
        raise Problem("The measurement did not finish; the reason is above.")


def compile_pins(uv, name, folder):
    """Write the newest versions that suit a set into requirements/; all sets agree with `test`."""
    command = [uv, "pip", "compile", "pyproject.toml", "--extra", name, "--universal"]
    command += [
        "--python-version",
        "3.11",
        "--upgrade",
        "--no-header",
        "--no-annotate",
        "--no-emit-index-url",
    ]
    command += ["--no-emit-find-links", "--quiet", "--output-file", folder / f"{name}.txt"]
    # what PyTorch needs in turn differs between its builds: with CUDA, without
    command += ["--no-deps"] if name == "bench" else ["--group", "build"]
    command += [] if name == "test" else ["--constraint", folder / "test.txt"]
    if run(*command):
        raise Problem(f"No versions suit the set {name}; uv's own words are above.")
    text = (folder / f"{name}.txt").read_text(encoding="utf-8")
    header = f"# What `{name}` needs, made by `python dev.py pins` from pyproject.toml: do not edit.\n"
    pins(name).write_text(header + text, encoding="utf-8", newline="\n")


def check_wheels(uv, system, version):
    """Return whether every pinned package has a wheel for a system and a Python."""
    say(f"wheels for Python {version} on {system}")
    command = [uv, "pip", "compile", pins("test"), "--no-deps", "--only-binary", ":all:", "--quiet"]
    return not run(*command, "--python-platform", system, "--python-version", version, "-o", os.devnull)


def renew(options):
    """Renew requirements/ from pyproject.toml, and check that each system and Python has wheels for them."""
    with tempfile.TemporaryDirectory() as folder:
        make_venv(Path(folder) / "uv")
        python = venv_python(Path(folder) / "uv")
        if run(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "uv"):
            raise Problem("uv, which finds the versions, could not be installed. Is the network there?")
        uv = script(python, "uv")
        for name in [*reversed(SETS), "hub", "bench"]:
            compile_pins(uv, name, Path(folder))
        versions = [f"3.{minor}" for minor in range(OLDEST[1], NEWEST[1] + 1)]
        found = [check_wheels(uv, system, version) for system in PLATFORMS for version in versions]
    if not all(found):
        raise Problem("The pins were written, but not every system has wheels for them: see above.")


COMMANDS = {
    "book": book,
    "html": html,
    "test": test,
    "lab": lab,
    "classroom": classroom,
    "notebooks": store,
    "bench": bench,
    "pins": renew,
}


def parser():
    """Return the reader of the command line; each command's help is its function's docstring."""
    top = argparse.ArgumentParser(prog="dev.py", description="The book's commands.")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)
    parts = {
        name: commands.add_parser(name, help=f.__doc__, description=f.__doc__) for name, f in COMMANDS.items()
    }
    add_test_options(parts["test"])
    add_bench_options(parts["bench"])
    parts["notebooks"].add_argument(
        "rest", nargs="*", metavar="NOTEBOOK", help="a name or its beginning, as 01"
    )
    parts["lab"].add_argument(
        "rest", nargs=argparse.REMAINDER, metavar="...", help="arguments for JupyterLab"
    )
    parts["classroom"].add_argument(
        "rest", nargs=argparse.REMAINDER, metavar="...", help="make, grade or list, and what they take"
    )
    return top


def add_test_options(part):
    """Add the options of `test`."""
    part.add_argument(
        "--only", action="append", choices=[*CHECKS, "hub"], help="run this part alone (may be repeated)"
    )
    part.add_argument(
        "--plain-cpu", action="store_true", help="run the notebooks a second time as on another CPU"
    )


def add_bench_options(part):
    """Add the options of `bench`."""
    part.add_argument("--only", action="append", choices=["cells", "site"], help="measure this part alone")
    part.add_argument("--quick", action="store_true", help="time the cells roughly, and keep nothing")


def main(arguments=None):
    """Run the command and return the exit code; a problem is one sentence, not a traceback."""
    given = sys.argv[1:] if arguments is None else arguments
    options = parser().parse_args(given or ["--help"])
    try:
        check_python()
        COMMANDS[options.command](options)
    except Problem as problem:
        print(f"\n{problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
