"""Run the runner where it can do no harm: no network, nothing to write but its own /tmp, no sight of the gradebook.

With bubblewrap (Linux; Debian and Ubuntu: `apt-get install bubblewrap`) the sandbox sees the system's libraries and
Python's environment, read-only, and nothing else: no home, no course folder, no classroom, and no rnnlib, whose
checks hold what comes near to solutions. Where bubblewrap is missing, Docker serves, with an image that holds the
same packages. Where neither is there, grading is refused unless the teacher says `--unsafe`: then the code runs as
the teacher, with limits on time, memory and output alone.
"""

import functools
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

RUNNER = Path(__file__).with_name("runner.py")
IMAGE = "rnnlib-classroom"  # of Docker; classroom/deploy/Dockerfile makes it
SYSTEM = ["/usr", "/bin", "/lib", "/lib64", "/lib32", "/etc/ld.so.cache", "/etc/alternatives"]
LONGEST = "600"  # seconds, of a container: `timeout` is its first process, which nothing inside can end
REPORT = 16 * 2**20  # bytes
HIDDEN = ["rnnlib", "torch", "tensorflow", "jax", "keras"]  # they would be the answer, where there are any


class NoSandbox(Exception):
    """Neither bubblewrap nor Docker can be used here."""


@dataclass(frozen=True)
class Limits:
    """What one submission may take.

    Seconds a cell, a question and in all; bytes of memory, and of output a cell; processes.
    """

    seconds: dict
    memory: int = 2 * 2**30
    output: int = 2**20
    processes: int = 40


def limits(seconds):
    """Return the limits for so many seconds a cell, and a question."""
    return Limits(seconds={"cell": seconds, "question": seconds, "all": 12 * seconds})


def find(unsafe=False):
    """Return the function that turns a command into one that is shut in; NoSandbox if there is no way to."""
    refusals = []
    for program, shut_in in (("bwrap", bubblewrap), ("docker", docker)):
        if shutil.which(program):
            refusal = _try(shut_in)
            if not refusal:
                return shut_in
            refusals.append(f" {program} is here, but it says: {refusal}")
    if unsafe:
        return lambda *command: list(command)
    raise NoSandbox(
        "Grading runs students' code, and there is no sandbox here to run it in. Install bubblewrap (Debian, Ubuntu: "
        "sudo apt-get install bubblewrap) or Docker with the image of classroom/deploy; or, if you trust the "
        f"submissions as your own files, say --unsafe.{''.join(refusals)}"
    )


@functools.cache
def _try(shut_in):
    """Return "" if Python runs in a sandbox, else why not."""
    command = shut_in(sys.executable, "-c", "import numpy, IPython")
    try:
        done = subprocess.run(command, capture_output=True, check=False, timeout=300, errors="replace")
    except subprocess.TimeoutExpired:
        return "nothing, for five minutes"
    lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
    return "" if done.returncode == 0 else lines[-1][:300]


def bubblewrap(*command):
    """Shut a command in with bubblewrap."""
    shared = [
        *SYSTEM,
        sys.base_prefix,
        sys.prefix,
        sysconfig.get_paths()["purelib"],
        str(RUNNER),
    ]
    binds = [part for path in dict.fromkeys(shared) for part in ("--ro-bind-try", path, path)]
    covers = [part for path in _hidden() for part in ("--tmpfs", path, "--remount-ro", path)]
    return [
        shutil.which("bwrap") or "bwrap",
        "--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL", "--clearenv",
        *_environment("--setenv"), "--size", str(64 * 2**20), "--tmpfs", "/tmp", *binds, *covers, "--proc", "/proc",
        "--dev", "/dev", "--remount-ro", "/dev", "--remount-ro", "/", "--chdir", "/tmp", *command,
    ]  # fmt: skip


def _hidden():
    """Return the folders of packages that are to be covered, as they stand in Python's environment."""
    places = {sysconfig.get_paths()["purelib"], sysconfig.get_paths()["platlib"]}
    return [
        str(Path(place, name)) for place in sorted(places) for name in HIDDEN if Path(place, name).is_dir()
    ]


def docker(*command):
    """Shut a command in with Docker: the image's own Python runs it."""
    own = [
        "python" if part == sys.executable else "/runner.py" if part == str(RUNNER) else part
        for part in command
    ]
    return [
        "docker", "run", "--rm", "--interactive", "--network", "none", "--read-only", "--cap-drop", "ALL",
        "--security-opt", "no-new-privileges", "--pids-limit", "64", "--memory", "3g", "--user", "65534:65534",
        "--tmpfs", "/tmp:size=64m", "--workdir", "/tmp", "--volume", f"{RUNNER}:/runner.py:ro",
        *_environment("--env", joined=True), IMAGE, "timeout", "--signal=KILL", LONGEST, *own,
    ]  # fmt: skip


def _environment(flag, joined=False):
    values = {
        "PATH": "/usr/bin:/bin", "HOME": "/tmp", "LANG": "C.UTF-8",
        "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MPLBACKEND": "agg", "PYTHONDONTWRITEBYTECODE": "1",
        "IPYTHONDIR": "/tmp/ipython", "MPLCONFIGDIR": "/tmp/matplotlib",
    }  # fmt: skip
    pairs = [(f"{key}={value}",) if joined else (key, value) for key, value in values.items()]
    return [part for pair in pairs for part in (flag, *pair)]


def run(job, limits, shut_in):
    """Run a job (cells and questions) and return the runner's report; {} if there is none."""
    job = {**job, **asdict(limits), "alone": shut_in in (bubblewrap, docker)}
    command = shut_in(sys.executable, str(RUNNER))
    with tempfile.TemporaryFile() as out:
        try:
            subprocess.run(
                command, input=json.dumps(job).encode(), stdout=out, stderr=subprocess.DEVNULL, check=False,
                timeout=limits.seconds["all"] + 30, start_new_session=True,
                env={} if shut_in is bubblewrap else None,  # else it could be read in /proc/1/environ
                preexec_fn=_bound_report if os.name == "posix" else None,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return {}
        out.seek(0)
        return _read(out.read(REPORT))


def _bound_report():
    """Let a report grow to its size and no further, whoever writes into it."""
    import resource

    resource.setrlimit(resource.RLIMIT_FSIZE, (REPORT, REPORT))


def _read(report):
    """Return a report that may have been forged: its outline is checked, its values are judged later."""
    try:
        found = json.loads(report)
        # halves of characters, which no file can hold, become question marks
        found = json.loads(json.dumps(found, ensure_ascii=False).encode("utf-8", "replace"))
        return {"cells": dict(found["cells"]), "answers": dict(found["answers"])}
    except (ValueError, TypeError, KeyError, RecursionError):
        return {}


__all__ = ["Limits", "NoSandbox", "bubblewrap", "docker", "find", "run"]
