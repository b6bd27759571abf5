"""Run a learner's code safely: it is stopped if it does not end, it prints nothing, and its memory is bounded.

How code is stopped, by platform:

- **Linux and macOS, main thread** (the usual case in Jupyter): `signal.setitimer` sends SIGALRM, whose handler raises
  `Stopped` inside the running code. A sleeping call is interrupted too.
- **Windows, and any other thread on every platform**: the code runs in a daemon thread of its own, and
  `PyThreadState_SetAsyncExc` raises `Stopped` in it. A call that waits inside C (a long sleep, a lock) cannot be
  interrupted this way: after a moment of grace the thread is left behind, and the check answers all the same.
- **Without signals and threads** (Python in a browser): the code runs unbounded.

Both ways raise again and again, and each time a trace function raises once more some lines further on: so a bare
`except:` inside an endless loop is met outside its `try`, and does not hold.

The depth of recursion is bounded too, whatever limit the code asks for: within seconds a recursion without end fills
the memory with so many million frames that it takes Python a minute to leave them all again, and nothing shortens that.

Memory is bounded where the system offers it (Linux: RLIMIT_AS): a request far beyond reason becomes a MemoryError
instead of a machine that swaps.
"""

import contextlib
import ctypes
import io
import signal
import sys
import threading
import time
import warnings
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

SECONDS = 3.0  # for all cases of one check together
AGAIN = 0.02  # between two attempts to stop
GRACE = 1.0  # how long a thread may take to notice
THREAD = "rnnlib.check"  # the name of the threads in which code runs where no alarm can ring
DEPTH = 5000  # calls within calls; far more than an exercise needs, few enough to be left at once
MEMORY = 2 * 1024**3  # bytes above what the process holds already


class Stopped(BaseException):
    """Raised inside code that has run too long; no Exception, so that `except Exception` lets it pass."""


@dataclass
class Run:
    """How a run went: `stopped_at` is the chain of (code, line), innermost first, where it was stopped."""

    stopped: bool = False
    stopped_at: list = field(default_factory=list)
    interrupted: bool = False
    printed: bool = False
    rings: int = 0

    def insist(self, frame):
        """Raise in the frame's own thread once more, later each time."""
        self.rings += 1
        _insist(frame, self.rings)

    def stop(self, frame):
        """Note the first place where the code was stopped."""
        if not self.stopped:
            self.stopped_at = list(_chain(frame))
        self.stopped = True


def run(work, seconds=None):
    """Call work() within `seconds` (SECONDS if not given), its prints swallowed; return the Run.

    work keeps its own results, and catches what the learner's code raises, all but Stopped.

    >>> done = []
    >>> run(lambda: done.append(print("not shown"))).printed, len(done)
    (True, 1)
    """
    report, sink = Run(), _Sink()
    mechanism = _run_with_alarm if _has_alarm() else _run_in_thread
    try:
        with _restored(), contextlib.redirect_stdout(sink), contextlib.redirect_stderr(sink):
            mechanism(_quiet(work), SECONDS if seconds is None else seconds, report)
    except Stopped:  # the alarm rang once more, on the way out
        report.stopped = True
    except KeyboardInterrupt:
        report.interrupted = True
    report.printed = sink.used
    return report


def _has_alarm():
    return hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread()


def _run_with_alarm(work, seconds, report):
    armed, trace = True, sys.gettrace()

    def ring(_, frame):
        if armed:
            report.stop(frame)
            report.insist(frame)
            raise Stopped

    before = signal.signal(signal.SIGALRM, ring)
    started, left = time.monotonic(), signal.setitimer(signal.ITIMER_REAL, seconds, AGAIN)
    try:
        try:
            work()
        finally:
            armed = False  # from here on a late ring is ignored
            sys.settrace(trace)
    except Stopped:
        pass
    finally:
        _give_back_alarm(before, left, time.monotonic() - started)


def _insist(frame, lines):
    """Raise Stopped once more when so many further lines have run."""

    def tracer(frame, event, _):
        nonlocal lines
        lines -= event == "line"
        if lines < 0:
            raise Stopped  # Python itself then takes the trace function away
        return tracer

    sys.settrace(lambda *_: None)  # tracing is on, but calls made from here on are not followed
    while frame is not None and frame.f_globals.get("__package__") != __package__:
        frame.f_trace = tracer
        frame = frame.f_back


def _give_back_alarm(handler, left, passed):
    """Restore whoever used the alarm before (a test runner's time limit, for one)."""
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, signal.SIG_DFL if handler is None else handler)
    seconds, interval = left
    if seconds > 0:
        signal.setitimer(signal.ITIMER_REAL, max(seconds - passed, AGAIN), interval)


def _run_in_thread(work, seconds, report):
    thread = threading.Thread(target=_until_stopped, args=(work,), name=THREAD, daemon=True)
    try:
        thread.start()
    except RuntimeError:  # no threads here (Python in a browser)
        work()
        return
    thread.join(seconds)
    stopped = ctypes.py_object(_stopped_from_outside(report))
    give_up = time.monotonic() + GRACE
    while thread.is_alive() and time.monotonic() < give_up:
        report.stop(sys._current_frames().get(thread.ident))
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident), stopped)
        thread.join(AGAIN)


def _stopped_from_outside(report):
    """Make the class to raise in another thread: Python calls it in there, the only place where tracing can start."""

    class StoppedFromOutside(Stopped):
        def __init__(self):
            super().__init__()
            report.insist(sys._getframe(1))

    return StoppedFromOutside


def _until_stopped(work):
    with contextlib.suppress(Stopped):
        try:
            work()
        finally:
            sys.settrace(None)


def _chain(frame):
    while frame is not None:
        yield frame.f_code, frame.f_lineno
        frame = frame.f_back


def _quiet(work):
    """Silence NumPy inside the thread that works: its error state belongs to a thread."""

    def quiet():
        with np.errstate(all="ignore"):
            work()

    return quiet


@contextlib.contextmanager
def _restored():
    """Give back what a learner's code may have changed for everybody."""
    with np.errstate(), warnings.catch_warnings(), _bounded_depth(), _bounded_memory():
        warnings.simplefilter("ignore")
        yield


@contextlib.contextmanager
def _bounded_depth():
    """Hold the recursion limit at DEPTH or below, also where the code raises it, and give back the former one."""
    before, set_limit = sys.getrecursionlimit(), sys.setrecursionlimit
    sys.setrecursionlimit = lambda limit: set_limit(min(limit, DEPTH))
    set_limit(min(before, DEPTH))
    try:
        yield
    finally:
        sys.setrecursionlimit = set_limit
        if not _left_behind():  # a thread that is deeper than a lowered limit would end Python itself
            set_limit(before)


def _left_behind():
    return any(thread.name == THREAD for thread in threading.enumerate())


@contextlib.contextmanager
def _bounded_memory():
    limit = _memory_limit()
    if limit is None:
        yield
        return
    import resource  # POSIX only

    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (limit, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


def _memory_limit():
    """Return the bound in bytes, or None where there is none to set or a tighter one holds already."""
    try:
        import resource

        pages = int(Path("/proc/self/statm").read_text().split()[0])
        limit = pages * resource.getpagesize() + MEMORY
        soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    except (ImportError, OSError):
        return None
    tighter = any(bound != resource.RLIM_INFINITY and bound < limit for bound in (soft, hard))
    return None if tighter else limit


class _Sink(io.TextIOBase):
    """Takes all text and keeps none."""

    used = False

    def write(self, text):
        self.used = True
        return len(text)

    def writable(self):
        return True
