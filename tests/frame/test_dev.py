"""dev.py: what it decides, and what it says when something is wrong."""

import http.client
import os
import re
import socket
import subprocess
import sys
import threading
import tomllib
from pathlib import Path

import numpy as np
import pytest

import dev

ROOT = Path(dev.__file__).parent


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project with one pin a set and an empty .venv."""
    monkeypatch.setattr(dev, "ROOT", tmp_path)
    monkeypatch.setattr(dev, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(dev, "STAMP", tmp_path / ".venv" / "stamp.json")
    (tmp_path / ".venv").mkdir()
    (tmp_path / "requirements").mkdir()
    (tmp_path / "pyproject.toml").write_text("[project]\n", encoding="utf-8")
    for name in dev.SETS:
        dev.pins(name).write_text(f"{name}==1\n", encoding="utf-8")
    monkeypatch.setattr(dev, "ensure_venv", lambda folder: None)
    return tmp_path


@pytest.fixture
def pip_calls(monkeypatch):
    """What pip was asked for."""
    calls = []
    monkeypatch.setattr(dev, "pip", lambda *arguments, folder=None: calls.append(arguments))
    return calls


def test_second_run_installs_nothing(project, pip_calls):
    dev.ensure("book")
    assert len(pip_calls) == 2
    dev.ensure("book")
    assert len(pip_calls) == 2


def test_changed_pins_are_installed_again_for_every_set(project, pip_calls):
    dev.ensure("book")
    dev.ensure("lab")
    dev.pins("test").write_text("test==2\n", encoding="utf-8")
    assert dev.installed() == []
    dev.ensure("book")
    assert (dev.installed(), len(pip_calls)) == (["book"], 6)


def test_line_ends_of_a_checkout_do_not_matter(project, pip_calls):
    dev.ensure("book")
    dev.pins("book").write_bytes(b"book==1\r\n")
    assert dev.installed() == ["book"]


def test_test_set_holds_the_other_two(project, pip_calls):
    dev.ensure("test")
    dev.ensure("book")
    dev.ensure("lab")
    assert len(pip_calls) == 2


@pytest.mark.parametrize("stamp", ["", "[]", "{}", "no json"])
def test_broken_stamp_counts_as_none(project, stamp):
    dev.STAMP.write_text(stamp, encoding="utf-8")
    assert dev.installed() == []


def test_old_python_is_refused_in_a_sentence(monkeypatch, capsys):
    monkeypatch.setattr(sys, "version_info", (3, 10, 4))
    assert dev.main(["html"]) == 1
    assert "This is Python 3.10; the book needs 3.11 or newer" in capsys.readouterr().err


def test_missing_venv_module_names_the_package(monkeypatch, tmp_path):
    monkeypatch.setattr(dev.importlib.util, "find_spec", lambda name: None if name == "ensurepip" else name)
    with pytest.raises(dev.Problem, match="apt-get install python3-venv"):
        dev.make_venv(tmp_path / "venv")


def test_port_in_use_names_another(monkeypatch, capsys):
    with socket.create_server((dev.HOST, 0)) as taken:
        monkeypatch.setenv("PORT", str(taken.getsockname()[1]))
        assert dev.main(["book"]) == 1
    assert re.search(r"Port \d+ cannot be used .*Try another one: .*8001", capsys.readouterr().err)


@pytest.mark.parametrize("text", ["eight", "-1", "65536", "80.5", ""])
def test_port_that_is_no_port_is_refused(monkeypatch, text):
    monkeypatch.setenv("PORT", text)
    with pytest.raises(dev.Problem, match=re.escape(f"PORT is {text!r}; expected a number")):
        dev.port()


def test_server_gives_scripts_their_type_on_this_machine_alone(monkeypatch, tmp_path):
    (tmp_path / "a.js").write_text("0", encoding="utf-8")
    monkeypatch.setattr(dev, "HTML", tmp_path)
    with dev.listen(0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        host, port = server.server_address
        connection = http.client.HTTPConnection(host, port, timeout=10)
        connection.request("GET", "/a.js")
        assert connection.getresponse().headers["Content-Type"] == "text/javascript"
        server.shutdown()
    assert host == "127.0.0.1"


def chosen(monkeypatch, *arguments):
    """Return the checks that `test` runs with these arguments."""
    names = []
    monkeypatch.setattr(dev, "ensure", lambda name: "python")
    monkeypatch.setattr(dev, "timed", lambda name, check, python: names.append(name) or (name, 0, 0.0))
    assert dev.main(["test", *arguments]) == 0
    return names


@pytest.mark.parametrize(
    "arguments, names",
    [
        ([], ["lint", "unit", "classroom", "notebooks", "site"]),
        (["--plain-cpu"], ["lint", "unit", "classroom", "notebooks", "plain-cpu", "site"]),
        (["--only", "unit"], ["unit"]),
        (["--only", "notebooks", "--plain-cpu"], ["notebooks", "plain-cpu"]),
    ],
)
def test_options_choose_the_checks(monkeypatch, arguments, names):
    assert chosen(monkeypatch, *arguments) == names


def test_one_failure_fails_the_whole_after_all_have_run(capsys):
    with pytest.raises(dev.Problem, match="Failed: unit. One alone: python dev.py test --only unit"):
        dev.summarise([("unit", 1, 2.0), ("site", 0, 3.0)])
    assert capsys.readouterr().out.split("\n")[2:4] == [
        "unit        FAILED        2",
        "site        ok            3",
    ]


def test_check_that_was_killed_says_so(capsys):
    with pytest.raises(dev.Problem, match="Failed: site"):
        dev.summarise([("site", -9, 1.0)])
    assert "site        FAILED        1  (ended by signal 9)" in capsys.readouterr().out


@pytest.fixture
def bench_calls(project, pip_calls, monkeypatch):
    """What `bench` runs, without running it."""
    calls = []
    monkeypatch.setattr(dev, "RIVAL_VENV", project / ".venv-bench")
    dev.RIVAL_VENV.mkdir()
    dev.pins("bench").write_text("torch==1\n", encoding="utf-8")
    monkeypatch.setattr(dev, "build", lambda python: calls.append("build") or 0)
    monkeypatch.setattr(dev, "run", lambda python, *rest: calls.append((Path(python).parts[-3], *rest)) or 0)
    return calls


@pytest.mark.parametrize(
    "arguments, expected",
    [
        (["--only", "cells"], [(".venv-bench", "benchmarks/cells.py")]),
        (["--only", "cells", "--quick"], [(".venv-bench", "benchmarks/cells.py", "--quick")]),
        (["--only", "site"], ["build", (".venv", "benchmarks/site.py")]),
        ([], [(".venv-bench", "benchmarks/cells.py"), "build", (".venv", "benchmarks/site.py")]),
    ],
)
def test_bench_measures_what_was_asked_for(bench_calls, arguments, expected):
    assert dev.main(["bench", *arguments]) == 0
    assert bench_calls == expected


def test_pytorch_goes_into_a_venv_of_its_own_and_is_installed_again_when_its_pins_change(
    bench_calls, pip_calls
):
    for text in ("torch==1\n", "torch==1\n", "torch==2\n"):
        dev.pins("bench").write_text(text, encoding="utf-8")
        dev.main(["bench", "--only", "cells"])
    assert len(pip_calls) == 2


def test_plain_cpu_leaves_features_out_that_numpy_knows():
    features = dev.answer([sys.executable, "-c", dev.CPU_FEATURES])
    code = "import warnings; warnings.simplefilter('error'); import numpy"
    variables = {**os.environ, "NPY_DISABLE_CPU_FEATURES": features}
    subprocess.run([sys.executable, "-c", code], env=variables, check=True)
    assert dev.answer([sys.executable, "-c", dev.CPU_FEATURES], env=variables) == ""


def test_command_alone_prints_help(capsys):
    with pytest.raises(SystemExit, match="0"):
        dev.main([])
    words = capsys.readouterr().out
    assert all(f"    {name} " in words or f"    {name}\n" in words for name in dev.COMMANDS)


def test_every_command_has_help_and_a_line_in_the_makefile(capsys):
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for name, function in dev.COMMANDS.items():
        assert function.__doc__
        assert f"{name}: ; $(PYTHON) dev.py {name}\n" in makefile


def pinned(name):
    """Return the lines of a set, comments left out."""
    lines = dev.pins(name).read_text(encoding="utf-8").splitlines()
    return [line for line in lines if not line.startswith("#")]


def versions(name):
    """Return {package==version} of a set, whatever the machine it is for."""
    return {line.split(" ")[0] for line in pinned(name)}


@pytest.mark.parametrize("name", [*dev.SETS, "bench"])
def test_pins_are_exact_and_name_no_place(name):
    assert [line for line in pinned(name) if not re.fullmatch(r"[a-z0-9-]+==[\w.]+( ; .+)?", line)] == []


def test_pytorch_of_the_benchmark_is_that_of_the_reference_values():
    made_with = np.load(ROOT / "tests" / "reference" / "torch.npz")["torch_version"]
    (version,) = (entry for entry in versions("bench") if entry.startswith("torch=="))
    assert version == f"torch=={str(made_with).partition('+')[0]}"


@pytest.mark.parametrize("name", ["book", "lab"])
def test_sets_agree_so_that_one_venv_holds_them(name):
    assert versions(name) <= versions("test")


def test_reading_needs_neither_jupyterlab_nor_playwright():
    packages = {entry.split("==")[0] for entry in versions("book")}
    assert not {"jupyterlab", "playwright", "nbgrader", "pytest"} & packages


def test_rnnlib_alone_needs_numpy_and_for_training_a_progress_bar():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert [re.match(r"[\w-]+", need)[0] for need in project["dependencies"]] == ["numpy", "tqdm"]
