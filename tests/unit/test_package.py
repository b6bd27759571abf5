"""The package as a whole: a light import, and documentation that runs."""

import doctest
import importlib
import inspect
import pkgutil
import subprocess
import sys

import pytest

import rnnlib

APART = ("rnnlib.explorers", "rnnlib.check", "rnnlib.sphinxext")  # tested beside their own subjects
MODULES = sorted(
    info.name for info in pkgutil.walk_packages(rnnlib.__path__, "rnnlib.", onerror=lambda name: None)
    if not info.name.startswith(APART)
)  # fmt: skip
PUBLIC_MODULES = ["rnnlib.data", "rnnlib.interop", "rnnlib.inits", "rnnlib.tasks", "rnnlib.training"]


def test_importing_rnnlib_loads_numpy_and_no_other_package():
    code = """
import sys
before = set(sys.modules)
import rnnlib
files = {name: getattr(module, "__file__", None) for name, module in sys.modules.items() if name not in before}
roots = {name.partition(".")[0] for name, file in files.items() if file}
print(sorted(root for root in roots if root not in sys.stdlib_module_names and not root.startswith("_")))
print(sorted(name for name in sys.modules if name.startswith(("rnnlib.explorers", "rnnlib.check"))))
"""
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.splitlines() == ["['numpy', 'rnnlib']", "[]"]
    assert found.stderr == ""


def test_importing_rnnlib_changes_neither_numpys_error_state_nor_its_generator():
    code = "import numpy as np; a = np.geterr(); import rnnlib; print(np.geterr() == a)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "True"


def test_later_modules_are_reached_through_the_package_at_first_use():
    code = "import rnnlib; rnnlib.data.one_hot([0], 2); rnnlib.interop.to_torch(rnnlib.RNN(1, 1)); print('reached')"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "reached"
    assert {"check", "data", "explorers", "interop", "tasks", "training"} <= set(dir(rnnlib))


def test_an_unknown_attribute_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'LSTMM'"):
        rnnlib.LSTMM  # noqa: B018


def public_objects():
    for name in rnnlib.__all__:
        yield f"rnnlib.{name}", getattr(rnnlib, name)
    for module in map(importlib.import_module, PUBLIC_MODULES):
        for name, value in vars(module).items():
            if inspect.isfunction(value) and value.__module__ == module.__name__ and not name.startswith("_"):
                yield f"{module.__name__}.{name}", value


def with_methods():
    for name, value in public_objects():
        yield name, value
        if inspect.isclass(value):
            for method, function in inspect.getmembers(value, inspect.isfunction):
                if not method.startswith("_"):
                    yield f"{name}.{method}", function


@pytest.mark.parametrize(("name", "value"), [pytest.param(*pair, id=pair[0]) for pair in with_methods()])
def test_every_public_name_is_documented_with_an_example(name, value):
    assert value.__doc__, f"{name} has no docstring"
    assert ">>>" in value.__doc__, f"{name} has no example"


def test_every_module_of_the_core_is_found_for_its_examples():
    assert {"rnnlib.cells.rnn", "rnnlib.layers.stack", "rnnlib.losses", "rnnlib.optim"} <= set(MODULES)


@pytest.mark.parametrize("name", ["rnnlib", *MODULES])
def test_examples_in_docstrings_run(name):
    module = importlib.import_module(name)
    assert module.__doc__
    results = doctest.testmod(module, optionflags=doctest.NORMALIZE_WHITESPACE)
    assert results.failed == 0
