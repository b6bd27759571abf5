"""Run a student's cells, then their functions on given arguments, and report what came of it as lines of JSON.

This file runs inside the sandbox, alone: it imports nothing of the classroom. A supervisor, which never runs a
student's code, starts a *session* that runs the cells one after the other. A cell that ends the session or takes too
long is left out of the next session, so that one bad cell costs no other. Then each question is answered in a process
of its own, forked from the session. Read the job from standard input, write the report to standard output:

    {"cells": [{"id", "source"}], "questions": [{"name", "cases": [[argument, …], …]}],
     "absent": [package, …], "seconds": {"cell", "question", "all"}, "memory": bytes, "output": bytes,
     "processes": how many, "alone": whether no process but ours can be seen from here}
    {"cells": {id: {"error", "output"}}, "answers": {name: {"missing"} or {"cases": [{"value"} or {"error"}], "error"}}}

The session's lines come through a pipe that a student's code can write to as well. So the supervisor believes no line:
what is not as it should be ends the session, as do too many lines, processes, or bytes of memory. A forger gains
nothing, since what is right is not known in here.
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
from pathlib import Path

KEPT = 4000  # characters of a cell's output that the report keeps
LARGEST = 100_000  # numbers in one answer
DEEPEST = 6  # lists within lists of an answer
HEARD = 2**22  # bytes that a session may say in one cell, or on one question
LOOK = 0.2  # seconds between two looks at how many processes there are, and how large


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
            with contextlib.suppress(ChildProcessError):  # where SIGCHLD is ignored, nobody waits for it
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
        (resource.RLIMIT_NOFILE, 256),
    ):
        resource.setrlimit(what, (size, size))


def session(job, leave_out, orders, report):
    """Be a session: run the cells, then answer the questions whose numbers come in."""

    def say(line):
        os.write(report, (json.dumps(line) + "\n").encode())

    limit(job)
    os.nice(5)  # the supervisor comes first, however many there are
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


class Forged(Exception):
    """A line was heard that no session says."""


class TooMuch(Exception):
    """More processes, or more memory, than a submission may have."""


class Supervised:
    """A session seen from outside."""

    def __init__(self, job, leave_out, until, close):
        self.job, self.until, self.lines, self.at = job, until, b"", None
        self.looked = 0.0
        orders_out, self.orders = os.pipe()
        self.report, report_in = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            os.setpgid(0, 0)
            os.close(self.orders), os.close(self.report), os.close(close)
            try:
                session(job, leave_out, os.fdopen(orders_out), report_in)
            finally:
                os._exit(1)
        os.close(orders_out), os.close(report_in)
        self.grant(job["seconds"]["cell"])

    def grant(self, seconds):
        """Give time, and something to say, for the next cell or question."""
        self.stop, self.heard = min(time.monotonic() + seconds, self.until), 0

    def hear(self):
        """Return the next line that the session says, a dict."""
        while b"\n" not in self.lines:
            self.wait()
            part = os.read(self.report, 1 << 16)
            self.heard += len(part)
            if not part:
                raise Ended
            if self.heard > HEARD:
                raise Forged
            self.lines += part
        line, self.lines = self.lines.split(b"\n", 1)
        with contextlib.suppress(ValueError, RecursionError):
            found = json.loads(line)
            if isinstance(found, dict):
                return found
        raise Forged

    def wait(self):
        """Wait until there is something to hear; look now and then at what runs."""
        while time.monotonic() < self.stop:
            if self.job["alone"] and time.monotonic() > self.looked + LOOK:
                self.looked = time.monotonic()
                if too_much(self.job):
                    raise TooMuch
            if select.select([self.report], [], [], LOOK)[0]:
                return
        raise Late

    def order(self, k):
        """Ask for the answers to a question."""
        os.write(self.orders, f"{k}\n".encode())

    def end(self):
        """End the session and all that it started: in a sandbox these are all processes but ours."""
        kills = [lambda: os.killpg(self.pid, signal.SIGKILL), lambda: os.kill(self.pid, signal.SIGKILL)]
        kills += [lambda: os.kill(-1, signal.SIGKILL)] if self.job["alone"] else []
        for kill in kills:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                kill()
        os.waitpid(self.pid, 0)
        os.close(self.orders), os.close(self.report)
        patience = time.monotonic() + 5  # the system takes its time to bury many
        while self.job["alone"] and too_much(self.job) and time.monotonic() < patience:
            time.sleep(0.05)


def too_much(job):
    """Return whether there are more processes, or more memory in them, than a submission may have."""
    pages, running = 0, [path for path in Path("/proc").iterdir() if path.name.isdecimal()]
    if len(running) > job["processes"]:
        return True
    for path in running:
        with contextlib.suppress(OSError, IndexError):  # it may have ended meanwhile
            pages += int((path / "statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") > 1.5 * job["memory"]


GIVEN_UP = (Late, Ended, Forged, TooMuch, OSError)


def run_cells(job, until, close):
    """Return a session that has run all the cells that can be run, and what came of each of them."""
    cells, leave_out = {}, set()
    while True:
        one = Supervised(job, leave_out, until, close)
        try:
            while not follow(one, job, cells):
                pass
            return one, cells
        except GIVEN_UP as reason:
            one.end()
            if one.at is None or one.at in leave_out or time.monotonic() > until:
                return None, cells
            leave_out.add(one.at)
            cells[job["cells"][one.at]["id"]] = {
                "error": ending(reason, job["seconds"]["cell"]),
                "output": "",
            }


def follow(one, job, cells):
    """Note what the next line says of the cells; return whether they have all been run."""
    line = one.hear()
    if line.get("ready") is True:
        return True
    number = line.get("cell", line.get("done"))
    if type(number) is not int or not 0 <= number < len(job["cells"]) or (one.at or 0) > number:
        raise Forged
    if "cell" in line:
        one.at = number
        one.grant(job["seconds"]["cell"])
    else:
        words = {key: str(line[key])[:KEPT] if line.get(key) else "" for key in ("error", "output")}
        cells[job["cells"][number]["id"]] = words
    return False


def ending(reason, seconds):
    """Return why a session or a question was given up, in words."""
    words = {
        Late: f"it was stopped after {seconds} seconds",
        Forged: "it was stopped: it wrote where only the grader writes, or gave back far too much",
        TooMuch: "it was stopped: it started too many processes, or took too much memory",
    }
    return words.get(type(reason), "it ended Python itself")


def ask(one, job, k):
    """Return the session's answers to one question; a child that takes too long is ended, not the session."""
    seconds, wanted = job["seconds"]["question"], len(job["questions"][k]["cases"])
    found, child = {"cases": [], "error": None}, None
    one.grant(seconds)
    one.order(k)
    while True:
        try:
            line = one.hear()
        except Late as reason:
            if child is None or found["error"]:
                raise
            found["error"] = ending(reason, seconds)
            os.kill(child, signal.SIGKILL)
            one.grant(5)
            continue
        if "child" in line:
            child = child_of(line)
        elif line.get("answered") == k:
            if len(found["cases"]) < wanted and not found["error"] and "missing" not in found:
                found["error"] = ending(Ended(), seconds)
            return found
        elif line.get("missing") is True:
            found["missing"] = True
        elif len(found["cases"]) < wanted:
            found["cases"].append(line)
        else:
            raise Forged


def child_of(line):
    """Return the number of the process that answers; it is going to be ended, so it must be no special one."""
    if type(line["child"]) is not int or line["child"] < 3:
        raise Forged
    return line["child"]


def main():
    """Do the job that stands on standard input."""
    job = json.load(sys.stdin)
    report = os.dup(1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    until = time.monotonic() + job["seconds"]["all"]
    one, cells = run_cells(job, until, report)
    answers = {}
    for k, question in enumerate(job["questions"]):
        try:
            answers[question["name"]] = ask(one, job, k) if one else given_up("the notebook did not run")
        except GIVEN_UP as reason:
            why = ending(reason, job["seconds"]["question"])
            answers[question["name"]] = given_up(why)
            one.end()
            one, _ = run_cells(job, until, report)
    if one:
        one.end()
    with os.fdopen(report, "w", encoding="utf-8") as out:
        json.dump({"cells": cells, "answers": answers}, out)


def given_up(why):
    """Return the answers where there are none."""
    return {"cases": [], "error": why}


if __name__ == "__main__":
    main()
