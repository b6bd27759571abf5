"""Code that does not end, does not stop printing, or asks for too much is stopped, by each platform's mechanism."""

import contextlib
import io
import signal
import sys
import threading
import time
import warnings

import numpy as np
import pytest

from rnnlib import check
from rnnlib.check import guard

POSIX = hasattr(signal, "setitimer")


def in_a_thread(function):
    """Call function() in a thread other than the main one, where no signal arrives."""
    answers = []
    thread = threading.Thread(target=lambda: answers.append(function()))
    thread.start()
    thread.join()
    return answers[0]


def without_signals(function):
    """Call function() on the main thread as Windows does, which has no interval timer."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delattr(signal, "setitimer", raising=False)
        return function()


@pytest.fixture(params=["alarm", "thread", "no signals"])
def mechanism(request, monkeypatch):
    monkeypatch.setattr(guard, "SECONDS", 0.5)
    ways = {"alarm": lambda function: function(), "thread": in_a_thread, "no signals": without_signals}
    return ways[request.param]


def endless(w, u, b, h_0, x):
    t, h = 0, [h_0]
    while t < len(x):
        h.append(np.tanh(w * h[-1]) + 0 * t)
        h.pop()
    return h


def test_the_mechanism_is_the_platform_s(monkeypatch):
    assert guard._has_alarm() is POSIX
    assert in_a_thread(guard._has_alarm) is False
    monkeypatch.delattr(signal, "setitimer", raising=False)
    assert guard._has_alarm() is False


def test_an_endless_loop_is_stopped_and_named(mechanism):
    answer = mechanism(lambda: check.scalar_recurrence(endless))
    line = endless.__code__.co_firstlineno + 2
    assert repr(answer) == (
        "Not yet: it was stopped after a few seconds, still busy at "
        f"line {line} (`while t < len(x):`): does that loop ever end?"
    )


def test_an_endless_loop_that_catches_everything_is_stopped(mechanism):
    def stubborn(x, k):
        while True:
            try:  # noqa: SIM105 (as a learner writes it)
                sum(range(100))
            except:  # noqa: E722
                pass

    assert "`while True:`" in mechanism(lambda: check.windows(stubborn)).sentence


def test_a_stop_that_is_caught_and_answered_is_still_reported(mechanism):
    def sly(x, k):
        try:
            while True:
                pass
        except BaseException:
            return np.array([x[i : i + k] for i in range(len(x) - k + 1)])

    assert "does that loop ever end?" in mechanism(lambda: check.windows(sly)).sentence


def test_a_long_sleep_is_given_up(mechanism, monkeypatch):
    monkeypatch.setattr(guard, "GRACE", 0.2)
    answer = mechanism(lambda: check.windows(lambda x, k: time.sleep(3)))
    assert "stopped after a few seconds" in answer.sentence


def test_a_flood_of_prints_is_swallowed_and_stopped(mechanism, capfd):
    def flood(x, k):
        while True:
            print("x" * 1000)
            print("y", file=sys.stderr)

    answer = mechanism(lambda: check.windows(flood))
    assert "`while True:`" in answer.sentence
    assert capfd.readouterr() == ("", "")


def test_a_correct_answer_is_judged_alike_by_each_mechanism(mechanism):
    answer = mechanism(lambda: check.parameter_count(lambda D, H, O: D * H + H * H + H + H * O + O))
    assert repr(answer) == "Right on 6 cases, D = H = O = 1 included."


def test_an_endless_answer_is_stopped_too(mechanism):
    class Endless:
        def __array__(self, *args, **kwargs):
            while True:
                pass

    assert "stopped" in mechanism(lambda: check.windows(lambda x, k: Endless())).sentence


def test_prints_are_told_of_once_the_answer_is_wrong(capfd):
    def talks(D, H, O):
        print("counting")
        return 7

    assert "What the function prints is not shown" in check.parameter_count(talks).sentence
    assert "prints but returns None" in check.parameter_count(lambda D, H, O: print(D * H)).sentence
    assert capfd.readouterr() == ("", "")


@pytest.mark.skipif(not POSIX, reason="this platform has no interval timer to give back")
def test_a_timer_and_handler_of_somebody_else_are_given_back():
    def ring(*_):
        raise AssertionError("rang within the test")

    before = signal.signal(signal.SIGALRM, ring)
    try:
        signal.setitimer(signal.ITIMER_REAL, 600)
        check.parameter_count(lambda D, H, O: 1)
        assert signal.getsignal(signal.SIGALRM) is ring
        assert 500 < signal.getitimer(signal.ITIMER_REAL)[0] <= 600
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux bounds the memory of a process")
def test_a_request_for_huge_memory_is_refused_politely():
    import resource

    before = resource.getrlimit(resource.RLIMIT_AS)
    answer = check.windows(lambda x, k: np.ones(10**11))
    assert "more memory than a small exercise needs" in answer.sentence
    assert resource.getrlimit(resource.RLIMIT_AS) == before


def test_what_a_learner_changes_for_everybody_is_given_back():
    stdout, depth, filters = sys.stdout, sys.getrecursionlimit(), list(warnings.filters)

    def meddles(D, H, O):
        sys.stdout, sys.stderr = io.StringIO(), None
        sys.setrecursionlimit(depth + 500)
        warnings.simplefilter("error")
        np.seterr(all="raise")
        return 1

    with contextlib.suppress(AttributeError):
        check.parameter_count(meddles)
    assert sys.stdout is stdout and sys.getrecursionlimit() == depth and warnings.filters == filters
    assert np.geterr()["over"] == "warn"


def test_no_warning_of_a_learner_s_code_is_shown(recwarn):
    check.softmax(lambda o: np.log(-np.exp(o)))
    assert not recwarn.list


def test_recursion_without_end_is_named_whatever_limit_it_sets(mechanism, monkeypatch):
    monkeypatch.setattr(guard, "SECONDS", 60.0)  # it takes a tenth of one, and more on a busy machine
    from sys import setrecursionlimit as known_before

    before = sys.getrecursionlimit()

    def deeper(x, k):
        sys.setrecursionlimit(10**9)
        return deeper(x, k) + 1

    def deeper_still(x, k):
        from sys import setrecursionlimit

        setrecursionlimit(10**9)
        return deeper_still(x, k) + 1

    for endless in (deeper, deeper_still):
        assert (
            "it calls itself without end"
            in mechanism(lambda function=endless: check.windows(function)).sentence
        )
    assert sys.setrecursionlimit is known_before and sys.getrecursionlimit() == before


def test_a_limit_that_is_far_too_high_before_the_check_is_held_down_during_it():
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(10**6)
    try:
        assert "it calls itself without end" in check.parameter_count(lambda D, H, O: again(D)).sentence
        assert sys.getrecursionlimit() == 10**6
    finally:
        sys.setrecursionlimit(before)


def again(D):
    return again(D + 1) + 1


def test_a_deep_thread_that_is_left_behind_keeps_its_limit(monkeypatch):
    """A limit lowered under a running thread ends Python itself ("Cannot recover from stack overflow")."""
    monkeypatch.setattr(guard, "GRACE", 0.2)
    monkeypatch.setattr(guard, "SECONDS", 0.5)
    before, wake = sys.getrecursionlimit(), threading.Event()

    def waits(x, k, depth=0):
        sys.setrecursionlimit(5000)
        return wake.wait(30) if depth > 3000 else waits(x, k, depth + 1)

    assert "stopped" in in_a_thread(lambda: check.windows(waits)).sentence
    assert sys.getrecursionlimit() == 5000
    wake.set()
    for thread in threading.enumerate():
        if thread.name == guard.THREAD:
            thread.join()
    sys.setrecursionlimit(before)


def test_endless_recursion_is_named():
    def deep(D, H, O):
        return deep(D, H, O) + 1

    assert "it calls itself without end" in check.parameter_count(deep).sentence


@pytest.mark.parametrize("way_out", [sys.exit, exit, lambda: (_ for _ in ()).throw(KeyboardInterrupt)])
def test_ways_out_of_python_are_caught(way_out):
    def leaves(D, H, O):
        next(iter([way_out()])) if way_out in (sys.exit, exit) else next(way_out())

    sentence = check.parameter_count(leaves).sentence
    assert "it ends Python" in sentence or "interrupted" in sentence
