"""The stored measurement: whole, and made of what benchmarks/ measures now."""

import json
from itertools import product
from pathlib import Path

import pytest

RESULTS = Path(__file__).parents[2] / "benchmarks" / "results" / "cells.json"
WORKLOADS = ["min-char", "sine", "adding", "char-LM", "big"]
CELLS = ["RNN", "LSTM", "GRU"]
DTYPES = ["float32", "float64"]


@pytest.fixture(scope="module")
def stored():
    return json.loads(RESULTS.read_text(encoding="utf-8"))


def test_every_workload_cell_and_dtype_has_its_row(stored):
    found = [(row["workload"], row["cell"], row["dtype"]) for row in stored["times"]]
    assert found == list(product(WORKLOADS, CELLS, DTYPES))


def test_a_row_compares_with_pytorch_and_with_the_products_alone(stored):
    for row in stored["times"]:
        ratios = [row[f"{part}_vs_{rival}"] for part, rival in product(("step", "cell"), ("torch", "floor"))]
        assert all(0.05 < ratio < 50 for ratio in ratios), row
        assert row["cell_vs_floor"] > 1  # nothing is faster than the products that it makes


def test_the_machine_and_the_versions_are_named(stored):
    assert {"cpu", "python", "numpy", "blas", "torch", "rnnlib"} <= set(stored["machine"])


def test_memory_grows_in_proportion_to_the_steps(stored):
    rows = stored["memory"]
    for before, after in zip(rows, rows[1:]):
        assert after["T"] == 2 * before["T"]
        assert after["rnnlib_mb"] == pytest.approx(2 * before["rnnlib_mb"], rel=0.1)
