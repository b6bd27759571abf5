"""Run a student's cells, then their functions on given arguments, and report what came of it as lines of JSON.

This file runs inside the sandbox, alone: it imports nothing of the classroom. A supervisor, which never runs a
student's
code, starts a *session* that runs the cells one after the other. A cell that ends the session or takes too long is
left out
of the next session, so that one bad cell costs no other. Then each question is answered in a process of its own, forked
from the session. Read the job from standard input, write the report to standard output:

    {"cells": [{"id", "source"}], "questions": [{"name", "cases": [[argument, …], …]}],
     "absent": [package, …], "seconds": {"cell", "question", "all"}, "memory": bytes, "output": bytes}
    {"cells": {id: {"error", "output"}}, "answers": {name: {"missing"} or {"cases": [{"value"} or {"error"}], "error"}}}
"""

import base64
import contextlib
import errno
import json
import os
import select
import signal
import sys
import tempfile
import time
import traceback

KEPT = 4000  # characters of a cell's output that the report keeps
LARGEST = 1_000_000  # numbers in one answer
DEEPEST = 6  # lists within lists of an answer


# --- values as JSON, in both directions ------------------------------------------------------------------------


def decode(value):
    """Return what `encode` wrote: arrays come back as arrays, lists as lists.

    >>> decode(encode([1, 2.5, None]))
    [1, 2.5, None]
    """
    import numpy as np

    if isinstance(value, list):
        return [decode(part) for part in value]
    if not isinstance(value, dict):
        return value
    if "array" in value:
        return np.frombuffer(base64.b64decode(value["array"]), value["dtype"]).reshape(value["shape"]).copy()
    if "tuple" in value:
        return tuple(decode(part) for part in value["tuple"])
    if "dict" in value:
        return {key: decode(part) for key, part in value["dict"]}
    if "float" in value:
        return float(value["float"])
    return Other(value["other"])


class Other:
    """Something that is neither numbers nor a list of them; `what` names its type."""

    def __init__(self, what):
        self.what = what


def encode(value, depth=0):
    """Return a value as what JSON can hold; of what is no number, its type's name."""
    import numpy as np

    if value is None or isinstance(value, bool):
        return value
    if type(value) is int and abs(value) < 2**53:
        return value
    if type(value) is float:
        return value if np.isfinite(value) else {"float": str(value)}
    if isinstance(value, (list, tuple)) and depth < DEEPEST and len(value) <= LARGEST:
        parts = [encode(part, depth + 1) for part in value]
        return parts if isinstance(value, list) else {"tuple": parts}
    if isinstance(value, dict) and depth < DEEPEST and all(isinstance(key, str) for key in value):
        return {"dict": [[key, encode(part, depth + 1)] for key, part in value.items()]}
    if isinstance(value, (np.ndarray, np.generic)) and value.dtype.kind in "biuf" and value.size <= LARGEST:
        array = np.asarray(value)
        dtype = array.dtype.newbyteorder("<").str if array.dtype.kind != "f" else "<f8"
        data = np.ascontiguousarray(array, dtype=dtype).tobytes()
        return {"array": base64.b64encode(data).decode(), "dtype": dtype, "shape": list(array.shape)}
    return {"other": type(value).__name__}


# --- the session: what runs a student's code -------------------------------------------------------------------


class Session:
    """One Python that runs the cells; `say` sends a line to the supervisor."""

    def __init__(self, job, say):
        from IPython.core.interactiveshell import InteractiveShell

        self.job, self.say = job, say
        self.shell = InteractiveShell.instance(colors="nocolor", history_length=0)
        self.shell.history_manager.enabled = False
        self.shell.user_ns["get_ipython"] = lambda: self.shell

    def run_cells(self, leave_out):
        """Run all cells but those to leave out."""
        for k, cell in enumerate(self.job["cells"]):
            if k in leave_out:
                continue
            self.say({"cell": k})
            with Printed(self.job["output"]) as printed:
                result = self.shell.run_cell(cell["source"], store_history=False)
            error = result.error_before_exec or result.error_in_exec
            self.say({"done": k, "error": error and words_of(error), "output": printed.text})
        self.say({"ready": True})

    def answer(self, k):
        """Answer one question in a child process: a line for each case."""
        child = os.fork()
        if child:
            self.say({"child": child})
            os.waitpid(child, 0)
            self.say({"answered": k})
            return
        try:
            with Printed(self.job["output"]):
                self.call(self.job["questions"][k])
        finally:
            os._exit(0)

    def call(self, question):
        """Call the student's function on each case."""
        function = self.shell.user_ns.get(question["name"])
        if not callable(function):
            return self.say({"missing": True})
        for arguments in question["cases"]:
            try:
                self.say({"value": encode(function(*[decode(part) for part in arguments]))})
            except BaseException as error:
                self.say({"error": words_of(error)})
        return None


def words_of(error):
    """Return an exception as a line: its type, its message, and the line of the student's code that it is about."""
    if isinstance(error, OSError) and error.errno == errno.EFBIG:
        text = "it prints, or writes, more than it may"
    else:
        text = traceback.format_exception_only(type(error), error)[-1].strip()[:500]
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "ipython-input" in frame.filename
              or frame.filename.startswith("<ipython")]  # fmt: skip
    line = frames[-1].lineno if frames else getattr(error, "lineno", None)
    return f"{text} (line {line} of its cell)" if line else text


class Printed:
    """Send what is printed to a file that cannot grow beyond a size; `text` is its beginning."""

    def __init__(self, size):
        self.size, self.text = size, ""

    def __enter__(self):
        self.file = tempfile.TemporaryFile()
        self.kept = [os.dup(1), os.dup(2)]
        for stream in (1, 2):
            os.dup2(self.file.fileno(), stream)
        how = {"mode": "w", "encoding": "utf-8", "errors": "replace", "closefd": False}
        sys.stdout, sys.stderr = (os.fdopen(stream, **how) for stream in (1, 2))
        return self

    def __exit__(self, *exception):
        for stream in (sys.stdout, sys.stderr):
            # it may hold more than it may write, or have been closed by the student's code
            with contextlib.suppress(OSError, ValueError):
                stream.flush()
        for stream, kept in zip((1, 2), self.kept):
            os.dup2(kept, stream)
            os.close(kept)
        self.file.seek(0)
        self.text = self.file.read(4 * KEPT).decode("utf-8", "replace")[:KEPT]
        self.file.close()


class Absent:
    """Refuse to import some packages, with a sentence that says why."""

    def __init__(self, names):
        self.names = names

    def find_spec(self, name, path=None, target=None):
        """Raise for the packages that are not to be had; None for all others."""
        if name.partition(".")[0] in self.names:
            raise ModuleNotFoundError(
                f"{name} is not there when answers are graded: NumPy has to do", name=name
            )


def limit(job):
    """Bound what this process and its children may take, for good."""
    import resource  # not on Windows, where this file is read for `encode` alone

    for what, size in (
        (resource.RLIMIT_AS, job["memory"]),
        (resource.RLIMIT_FSIZE, job["output"]),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (size, size))


def session(job, leave_out, orders, report):
    """Be a session: run the cells, then answer the questions whose numbers come in."""

    def say(line):
        os.write(report, (json.dumps(line) + "\n").encode())

    limit(job)
    sys.meta_path.insert(0, Absent(job["absent"]))
    one = Session(job, say)
    one.run_cells(leave_out)
    while True:
        line = orders.readline()
        if not line:
            return
        one.answer(int(line))


# --- the supervisor: never runs a student's code ---------------------------------------------------------------


class Late(Exception):
    """Nothing was heard in time."""


class Ended(Exception):
    """The session is gone."""


class Supervised:
    """A session seen from outside."""

    def __init__(self, job, leave_out, until):
        self.until, self.lines = until, b""
        orders_out, self.orders = os.pipe()
        self.report, report_in = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            os.setpgid(0, 0)
            os.close(self.orders), os.close(self.report)
            try:
                session(job, leave_out, os.fdopen(orders_out), report_in)
            finally:
                os._exit(1)
        os.close(orders_out), os.close(report_in)

    def hear(self, seconds):
        """Return the next line that the session says."""
        until = min(time.monotonic() + seconds, self.until)
        while b"\n" not in self.lines:
            if not select.select([self.report], [], [], max(0.0, until - time.monotonic()))[0]:
                raise Late
            part = os.read(self.report, 1 << 16)
            if not part:
                raise Ended
            self.lines += part
        line, self.lines = self.lines.split(b"\n", 1)
        return json.loads(line)

    def order(self, k):
        """Ask for the answers to a question."""
        os.write(self.orders, f"{k}\n".encode())

    def end(self):
        """End the session and all that it started."""
        for kill in (lambda: os.killpg(self.pid, signal.SIGKILL), lambda: os.kill(self.pid, signal.SIGKILL)):
            with contextlib.suppress(ProcessLookupError):
                kill()
        os.waitpid(self.pid, 0)
        os.close(self.orders), os.close(self.report)


def run_cells(job, until):
    """Return a session that has run all the cells that can be run, and what came of each of them."""
    cells, leave_out = {}, set()
    while True:
        one, at = Supervised(job, leave_out, until), None
        try:
            while True:
                line = one.hear(job["seconds"]["cell"])
                if "cell" in line:
                    at = line["cell"]
                elif "done" in line:
                    cells[job["cells"][line["done"]]["id"]] = {
                        "error": line["error"],
                        "output": line["output"],
                    }
                elif "ready" in line:
                    return one, cells
        except (Late, Ended) as reason:
            one.end()
            if at is None or at in leave_out or time.monotonic() > until:
                return None, cells
            leave_out.add(at)
            cells[job["cells"][at]["id"]] = {"error": ending(reason, job["seconds"]["cell"]), "output": ""}


def ending(reason, seconds):
    """Return why a session or a question was given up, in words."""
    return f"it was stopped after {seconds} seconds" if isinstance(reason, Late) else "it ended Python itself"


def ask(one, job, k):
    """Return the session's answers to one question."""
    one.order(k)
    found, child, seconds = {"cases": [], "error": None}, None, job["seconds"]["question"]
    until = time.monotonic() + seconds
    while True:
        try:
            line = one.hear(max(0.0, until - time.monotonic()))
        except Late as reason:
            if child is None or found["error"]:
                raise
            found["error"] = ending(reason, seconds)
            os.kill(child, signal.SIGKILL)
            until = time.monotonic() + 5
            continue
        if "child" in line:
            child = line["child"]
        elif "answered" in line:
            wanted = len(job["questions"][k]["cases"])
            if len(found["cases"]) < wanted and not found["error"] and "missing" not in found:
                found["error"] = ending(Ended(), seconds)
            return found
        elif "missing" in line:
            found["missing"] = True
        else:
            found["cases"].append(line)


def main():
    """Do the job that stands on standard input."""
    job = json.load(sys.stdin)
    report = os.dup(1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    until = time.monotonic() + job["seconds"]["all"]
    one, cells = run_cells(job, until)
    answers = {}
    for k, question in enumerate(job["questions"]):
        try:
            answers[question["name"]] = (
                ask(one, job, k) if one else {"cases": [], "error": "the notebook did not run"}
            )
        except (Late, Ended, OSError):
            answers[question["name"]] = {
                "cases": [],
                "error": "the answer could not be had: Python had ended",
            }
            one.end()
            one, _ = run_cells(job, until)
    if one:
        one.end()
    with os.fdopen(report, "w", encoding="utf-8") as out:
        json.dump({"cells": cells, "answers": answers}, out)


if __name__ == "__main__":
    main()
