"""A real JupyterHub on this machine: two students fetch, submit and read feedback; the teacher collects and grades.

It needs what requirements/hub.txt holds in the environment that runs it, and `configurable-http-proxy` on PATH or named
in RNNLIB_HUB_PROXY. That is a program for Node.js: `apt-get install nodejs npm`, then in any folder
`npm install configurable-http-proxy`, which puts it into node_modules/.bin. `python dev.py test --only hub` sees to the
rest. Tried with JupyterHub 6.1, configurable-http-proxy 5.3 and Node.js 20. All users are one user of the machine, and
everything listens on 127.0.0.1 alone.
"""

import contextlib
import importlib.util
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from pathlib import Path

import nbformat
import pytest
import submissions

from classroom import make

REPO = Path(__file__).parents[2]
PROXY = os.environ.get("RNNLIB_HUB_PROXY") or shutil.which("configurable-http-proxy")
TOKEN = "of-the-test-" + os.urandom(8).hex()
STUDENTS = {"ada": submissions.BITS, "bob": "def bits_per_step(o, targets, mask):\n    return 0.0"}

pytestmark = [
    pytest.mark.skipif(not importlib.util.find_spec("jupyterhub"), reason="JupyterHub is not installed here: "
                       "python dev.py test --only hub sets up an environment that has it"),
    pytest.mark.skipif(not PROXY, reason="JupyterHub needs configurable-http-proxy, which is not on PATH nor named in "
                       "RNNLIB_HUB_PROXY: npm install configurable-http-proxy"),
]  # fmt: skip

CONFIG = """
c = get_config()
c.JupyterHub.bind_url = "http://127.0.0.1:{ports[0]}"
c.JupyterHub.hub_bind_url = "http://127.0.0.1:{ports[1]}"
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{ports[2]}"
c.ConfigurableHTTPProxy.command = [{proxy!r}]
c.JupyterHub.authenticator_class = "dummy"
c.Authenticator.allowed_users = {students!r}
c.JupyterHub.spawner_class = "simple"
c.SimpleLocalProcessSpawner.home_dir_template = "{root}/{{username}}"
c.Spawner.environment = {{"JUPYTER_CONFIG_PATH": "{root}/etc", "NBGRADER_EXCHANGE": "{root}/exchange"}}
c.Spawner.args = ["--allow-root"]
c.Spawner.ip = "127.0.0.1"
c.JupyterHub.services = [{{"name": "test", "api_token": {token!r}}}]
c.JupyterHub.load_roles = [
    {{"name": "test", "services": ["test"], "scopes": ["admin:users", "admin:servers", "access:servers"]}}
]
"""


def free_ports(count):
    """Return ports that nobody listens on."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


class Hub:
    """A running hub, seen by the test's own service."""

    def __init__(self, root, process, port):
        self.root, self.process, self.at = root, process, f"http://127.0.0.1:{port}"

    def ask(self, path, method="GET", data=None, seconds=60):
        """Return what a page of the hub or of a student's server answers, as JSON."""
        request = urllib.request.Request(
            self.at + path, data, {"Authorization": f"token {TOKEN}"}, method=method
        )
        with urllib.request.urlopen(request, timeout=seconds) as answer:
            return json.loads(answer.read() or b"null")

    def wait(self, ready, seconds=90):
        """Wait until something is so."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            assert self.process.poll() is None, self.log()
            with contextlib.suppress(OSError):  # not there yet
                if ready():
                    return
            time.sleep(0.2)
        raise AssertionError(self.log())

    def log(self):
        """Return the end of what the hub has said."""
        return (self.root / "hub.log").read_text(encoding="utf-8", errors="replace")[-4000:]

    def start(self, student):
        """Start a student's server."""
        self.ask(f"/hub/api/users/{student}/server", "POST")
        self.wait(lambda: self.ask(f"/hub/api/users/{student}")["servers"][""]["ready"])

    def assignments(self, student, action):
        """Let nbgrader's list of assignments do something, as its buttons in JupyterLab do."""
        form = urllib.parse.urlencode({"course_id": "rnn", "assignment_id": "week"}).encode()
        answer = self.ask(f"/user/{student}/assignments/{action}", "POST", form)
        assert answer["success"], answer
        return answer["value"]

    def file(self, student, path, text=None):
        """Read or write a file of a student's, as JupyterLab does."""
        where = f"/user/{student}/api/contents/{urllib.parse.quote(path)}"
        if text is None:
            return self.ask(f"{where}?type=file&format=text")["content"]
        model = json.dumps({"type": "file", "format": "text", "content": text}).encode()
        return self.ask(where, "PUT", model)


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    """A hub with its exchange; its end is the end of all its servers."""
    root, ports = tmp_path_factory.mktemp("hub"), free_ports(3)
    for name in ("etc", "exchange", *STUDENTS):
        (root / name).mkdir()
    (root / "exchange").chmod(0o777)
    shutil.copy(REPO / "classroom" / "deploy" / "nbgrader_config.py", root / "etc")
    for name in STUDENTS:  # who is one user of the machine for all has to say who it is
        text = f"c = get_config()\nc.CourseDirectory.student_id = {name!r}\n"
        (root / name / "nbgrader_config.py").write_text(text, encoding="utf-8")
    made = CONFIG.format(root=root, ports=ports, proxy=PROXY, students=set(STUDENTS), token=TOKEN)
    (root / "jupyterhub_config.py").write_text(made, encoding="utf-8")
    with (root / "hub.log").open("wb") as log:
        process = subprocess.Popen([sys.executable, "-m", "jupyterhub"], cwd=root, stdout=log, stderr=log,
                                   env=environment(root), start_new_session=True)  # fmt: skip
    one = Hub(root, process, ports[0])
    try:
        one.wait(lambda: one.ask("/hub/api/"))
        yield one
    finally:
        stop(one)


def environment(root):
    """Return the environment of the hub and of the teacher's commands."""
    path = str(Path(sys.executable).parent) + os.pathsep + os.environ["PATH"]
    own = {"JUPYTER_CONFIG_PATH": f"{root}/etc", "NBGRADER_EXCHANGE": f"{root}/exchange"}
    return {**os.environ, "PATH": path, "PYTHONPATH": str(REPO), **own}


def stop(one):
    """Stop the students' servers and the hub, by force if it has to be."""
    for name in STUDENTS:
        with contextlib.suppress(OSError):
            one.ask(f"/hub/api/users/{name}/server", "DELETE", seconds=10)
    one.process.terminate()
    try:
        one.process.wait(20)
    except subprocess.TimeoutExpired:
        os.killpg(one.process.pid, signal.SIGKILL)


@pytest.fixture(scope="module")
def teacher(hub):
    """Run a command of the teacher's, in the course folder."""
    root = hub.root / "course"
    make.make([4], 1, "week", root, only=["masked_cross_entropy"])

    def run(*command):
        done = subprocess.run([sys.executable, "-m", *command], cwd=root, env=environment(hub.root), timeout=120,
                              capture_output=True, text=True, check=False)  # fmt: skip
        assert done.returncode == 0, done.stderr
        return root

    return run


def test_two_students_fetch_submit_and_read_their_feedback(hub, teacher, shut_in):
    teacher("nbgrader", "release_assignment", "week")
    for name, source in STUDENTS.items():
        hub.start(name)
        hub.assignments(name, "fetch")
        nb = nbformat.reads(hub.file(name, "week/week.ipynb"), as_version=4)
        hub.file(
            name,
            "week/week.ipynb",
            nbformat.writes(submissions.Submission(nb, None).answer("bits_per_step", source).nb),
        )
        hub.assignments(name, "submit")
    teacher("nbgrader", "collect", "week")
    course = teacher("classroom", "grade", "submitted", "--course", ".")
    teacher("nbgrader", "release_feedback", "week")
    table = (course / "grades" / "week.csv").read_text(encoding="utf-8").splitlines()
    assert [row.split(",")[:2] for row in table[2:]] == [["ada", "5.0"], ["bob", "0.0"]]
    for name, words in {"ada": "Right on all hidden cases.", "bob": "bits is wrong"}.items():
        hub.assignments(name, "fetch_feedback")
        (page,) = (hub.root / name / "week" / "feedback").rglob("week.html")
        assert words in hub.file(name, str(page.relative_to(hub.root / name)))
