"""Made-up submissions: what a student may hand in, as changes to the notebook that was handed out."""

import copy
import inspect
import textwrap

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output

from classroom import exercises

RELU = """
def relu_backward(x, h, dh, W_xh, W_hh):
    dW_xh, dW_hh, db_h = np.zeros(W_xh.shape), np.zeros(W_hh.shape), np.zeros(len(W_hh))
    dx, delta = np.zeros(x.shape), np.zeros(h[0].shape)
    for t in range(len(x), 0, -1):
        da = (delta + dh[t - 1]) * (h[t] > 0)
        dW_xh += x[t - 1].T @ da
        dW_hh += h[t - 1].T @ da
        db_h += da.sum(axis=0)
        dx[t - 1] = da @ W_xh.T
        delta = da @ W_hh.T
    return dW_xh, dW_hh, db_h, dx, delta
"""
BITS = """
def bits_per_step(o, targets, mask):
    top = o.max(axis=-1, keepdims=True)
    log_p = o - top - np.log(np.exp(o - top).sum(axis=-1, keepdims=True))
    L = -np.take_along_axis(log_p, targets[..., None], axis=-1)[..., 0]
    return L[mask].mean() / np.log(2)
"""
RIGHT = {"relu_backward": RELU, "bits_per_step": BITS}


class Submission:
    """A copy of the notebook that was handed out, to be filled in."""

    def __init__(self, released, course):
        self.nb, self.course = copy.deepcopy(released), course

    def cell(self, end):
        """Return the cell whose grade_id ends so."""
        return next(
            c for c in self.nb.cells if c.metadata.get("nbgrader", {}).get("grade_id", "").endswith(end)
        )

    def answer(self, name, source):
        """Fill in the answer to a function."""
        stub = next(c for c in self.nb.cells if c.source.startswith(f"def {name}("))
        stub.source = textwrap.dedent(source).strip()
        return self

    def fill(self, **instead):
        """Fill in all answers, some of them by something else."""
        for name, source in {**RIGHT, **instead}.items():
            self.answer(name, source)
        return self

    def insert(self, place, source):
        """Put a cell of the student's own in."""
        self.nb.cells.insert(place, new_code_cell(textwrap.dedent(source).strip()))
        return self


def correct(s):
    s.fill()


def untouched(s):
    pass


def wrong_but_running(s):
    """δ is passed back through W_hh itself: ∂L/∂b_h and all others are wrong, but for nothing at T = 1."""
    s.fill(relu_backward=RELU.replace("db_h += da.sum(axis=0)", "db_h = da.sum(axis=0)"))


def endless_loop(s):
    s.fill(bits_per_step="def bits_per_step(o, targets, mask):\n    while True:\n        pass")


def endless_cell(s):
    s.fill().insert(2, "while True:\n    pass")


def print_flood(s):
    s.fill(bits_per_step="def bits_per_step(o, targets, mask):\n    while True:\n        print('x' * 1000)")


def syntax_error(s):
    s.fill(bits_per_step="def bits_per_step(o, targets, mask:\n    return 1")


def os_exit(s):
    s.fill().insert(2, "import os\nos._exit(0)")


def os_exit_when_called(s):
    s.fill(bits_per_step="def bits_per_step(o, targets, mask):\n    import os\n    os._exit(0)")


def deleted_test_cell(s):
    s.fill()
    s.nb.cells = [
        c for c in s.nb.cells if not c.metadata.get("nbgrader", {}).get("grade_id", "").endswith("-points")
    ]


def deleted_answer_cell(s):
    """The answer and its points cell are gone."""
    s.fill()
    gone = ("bits-answer", "bits-points")
    s.nb.cells = [
        c for c in s.nb.cells if not c.metadata.get("nbgrader", {}).get("grade_id", "").endswith(gone)
    ]


def edited_points(s):
    for cell in s.nb.cells:
        if "points" in cell.metadata.get("nbgrader", {}):
            cell.metadata.nbgrader.points = 1000
    s.cell("bits-points").source = "1000.0"


def redefined_helper(s):
    """Nothing is solved, and everything that compares says yes."""
    s.insert(
        2,
        """
        np.allclose = lambda *args, **how: True
        np.array_equal = np.isclose = np.allclose
        import builtins
        builtins.all = builtins.any = lambda *args: True
        class Same(float):
            __eq__ = __le__ = __lt__ = __ge__ = lambda self, other: True
        """,
    )
    s.answer("bits_per_step", "def bits_per_step(o, targets, mask):\n    return Same(0.5)")


def reads_outside(s):
    """Look for the gradebook, the plan with the seed, the references, and the machine's users."""
    s.fill(
        bits_per_step="""
        def bits_per_step(o, targets, mask):
            import os
            wanted = [r"COURSE/gradebook.db", r"COURSE/plans/small.json"]
            wanted += [r"REPO/classroom/variants/ch04.py", r"REPO/rnnlib/__init__.py", "/etc/passwd"]
            raise RuntimeError(f"found {[path for path in wanted if os.path.exists(path)]}")
        """.replace("COURSE", str(s.course)).replace("REPO", str(exercises.CHAPTERS.parent))
    )


def allocates_8_gb(s):
    s.fill(bits_per_step="def bits_per_step(o, targets, mask):\n    return np.ones(2**30).sum()")


def sleeps(s):
    s.fill(bits_per_step="def bits_per_step(o, targets, mask):\n    import time\n    time.sleep(1000)")


def wrong_notebook(s):
    s.nb.cells = [new_code_cell("print('an old one')")]


def published_solution(s):
    """The chapters' own solutions, under the names that are asked for."""
    practice = {p.name: p for number in (4, 5) for p in exercises.practice(number)}
    for name, of in {"relu_backward": "rnn_backward", "bits_per_step": "masked_cross_entropy"}.items():
        lines = practice[of].solution.split("\n\ncheck.")[0]
        s.answer(name, f"{lines}\n\n{name} = {of}_solution")


def wraps_rnnlib(s):
    s.fill(
        relu_backward="""
        import rnnlib
        def relu_backward(x, h, dh, W_xh, W_hh):
            cell = rnnlib.RNN(*W_xh.shape, activation="relu")
            cell.params["W_xh"][...], cell.params["W_hh"][...] = W_xh, W_hh
            grads = cell.backward(cell.forward(x, h[0]), dh)
            return grads.params["W_xh"], grads.params["W_hh"], grads.params["b_h"], grads.x, grads.h0
        """
    )


def hard_codes_the_public_case(s):
    """Give back what the public check expects."""
    source = s.cell("bits-public").source
    expected = next(line for line in source.splitlines() if line.startswith("expected = "))
    s.fill(bits_per_step=f"def bits_per_step(o, targets, mask):\n    {expected}\n    return expected")


def imports_torch(s):
    s.fill(
        bits_per_step="""
        import torch
        def bits_per_step(o, targets, mask):
            return torch.nn.functional.cross_entropy(torch.tensor(o), torch.tensor(targets))
        """
    )


def returns_nonsense(s):
    s.fill(bits_per_step="def bits_per_step(o, targets, mask):\n    return {'nan': [[lambda: 1]]}")


def kills_the_supervisor(s):
    s.fill(
        bits_per_step="""
        def bits_per_step(o, targets, mask):
            import os, signal
            for pid in range(1, 50):
                try:
                    os.kill(pid, signal.SIGKILL)
                except OSError:
                    pass
        """
    )


def fork_bomb(s):
    s.fill(
        bits_per_step="""
        def bits_per_step(o, targets, mask):
            import os
            while True:
                try:
                    os.fork()
                except OSError:
                    pass
        """
    )


def goes_on_in_the_background(s):
    """A process that has left the session, and threads that never end."""
    s.fill().insert(
        2,
        """
        import os, threading
        def go_on():
            while True:
                pass
        for _ in range(3):
            threading.Thread(target=go_on).start()
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                go_on()
            os._exit(0)
        """,
    )


def fills_the_disk(s):
    """Write until there is no room, wherever that can be done, and say how many megabytes there were."""
    s.fill(
        bits_per_step="""
        def bits_per_step(o, targets, mask):
            written = {}
            for folder in ("/tmp", "/dev/shm", "/dev", "/", "/usr"):
                try:
                    for k in range(2000):
                        with open(f"{folder}/{k}", "wb") as file:
                            file.write(bytes(2**20 - 1))
                        written[folder] = k
                except OSError:
                    pass
            raise RuntimeError(f"{list(written)}, {max(written.values()) < 64}")
        """
    )


def spies(s):
    """Read what the processes were told: the teacher's environment is not there, nor is anything expected."""
    s.fill(
        bits_per_step="""
        def bits_per_step(o, targets, mask):
            import glob
            text = b"".join(open(path, "rb").read() for path in glob.glob("/proc/[0-9]*/environ"))
            raise RuntimeError(f"HOME is {text.count(b'HOME=/tmp')} of {text.count(b'HOME=')} times /tmp")
        """
    )


FLOOD = """
import os
def flood():
    while True:
        for stream in range(3, 40):
            try:
                os.write(stream, LINES)
            except OSError:
                pass
"""


def forges_lines(s):
    """A thread of a cell answers in the place of the functions; nothing was solved."""
    lines = b'{"value": 1.0}\n{"answered": 0}\n{"answered": 1}\n'
    s.insert(2, f"{FLOOD}\nLINES = {lines!r}\nimport threading\nthreading.Thread(target=flood).start()")


def forges_rubbish(s):
    """What no grader expects, and a number of a process that it might end in the student's place."""
    lines = b'{"child": -1}\n{"child": 1}\n[1\n5\n{"done": 99}\n'
    s.fill(bits_per_step=f"{FLOOD}\nLINES = {lines!r}\ndef bits_per_step(o, targets, mask):\n    flood()")


def forges_the_report(s):
    """Write a report and end the grader before it writes its own."""
    s.fill(
        bits_per_step="""
        def bits_per_step(o, targets, mask):
            import glob, json, os, signal
            cases = {"cases": [{"value": {"array": "AAAA", "dtype": "O", "shape": [9]}}, {"value": [[]] * 9, "x": 1}]}
            text = json.dumps({"cells": {"1": 5}, "answers": {"bits_per_step": cases, "relu_backward": [1]}})
            for path in glob.glob("/proc/[12]/fd/*"):
                try:
                    with open(path, "w") as file:
                        file.write(text)
                except OSError:
                    pass
            os.kill(2, signal.SIGKILL)
        """
    )


def not_a_number(s):
    s.fill(bits_per_step="def bits_per_step(o, targets, mask):\n    return np.nan")


def half_a_character(s):
    """What it prints and raises cannot be written to a file."""
    s.fill(bits_per_step="def bits_per_step(o, targets, mask):\n    raise ValueError('\\ud800')")
    s.insert(2, "print('\\ud800')\nraise KeyError('\\udfff')")


def closes_everything(s):
    s.fill().insert(2, "import os\nos.closerange(0, 256)")


def magics(s):
    """Cells of a notebook, not of Python; and one that waits for a keyboard."""
    s.fill().insert(2, "%%bash\nls /")
    s.insert(2, "!pip install rnnlib")
    s.insert(2, "name = input('Your name?')")


def duplicate_ids(s):
    """Cells copied and pasted: the ids come twice; the last of a name counts."""
    s.nb.cells = copy.deepcopy(s.nb.cells) + s.fill().nb.cells


def twisted_metadata(s):
    """Cells that name themselves by what is no name; the kernel is R's."""
    s.fill().insert(2, "1").insert(2, "100.0").insert(2, "3")
    s.nb.cells[2].metadata["nbgrader"] = "mine"
    s.nb.cells[3].metadata["nbgrader"] = {
        "grade_id": "mine",
        "grade": True,
        "points": 100,
        "schema_version": 3,
    }
    s.nb.cells[4].metadata["nbgrader"] = {"grade_id": ["ch04"], "locked": True}
    s.nb.metadata.kernelspec = {"name": "ir", "display_name": "R", "language": "R"}


def lost_metadata(s):
    """An editor has kept the cells and nothing that nbgrader knows them by."""
    for cell in s.fill().nb.cells:
        cell.metadata = {}


def old_format(s):
    s.nb = nbformat.convert(s.fill().nb, 3)


def ten_megabytes_of_outputs(s):
    s.fill().cell("bits-answer").outputs = [new_output("stream", text="x" * 79 + "\n") for _ in range(10**5)]


def all_published_solutions(s):
    """Every solution cell of both chapters, appended."""
    s.nb.cells += [new_code_cell(p.solution) for number in (4, 5) for p in exercises.practice(number)]


def script(s):
    """HTML that would run where the page is read."""
    s.fill().nb.cells.append(
        new_markdown_cell("<script>alert('mine')</script><img src=x onerror=alert('mine')>")
    )


ALL = {name: made for name, made in list(globals().items())
       if inspect.isfunction(made) and made.__module__ == __name__}  # fmt: skip
