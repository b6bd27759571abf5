"""The stored runs of the chapter on classes: they follow from their scripts, and show what the book says of them."""

import json
import sys
from importlib import import_module
from pathlib import Path

import nbformat
import numpy as np
import pytest

import rnnlib
from rnnlib.explorers import runs as stored_runs

ROOT = Path(__file__).parents[2]
NAMES = ("surnames", "pooling", "spoken")


@pytest.fixture
def script(monkeypatch):
    """Import a script of runs/ as a module."""
    monkeypatch.syspath_prepend(ROOT / "runs")
    yield import_module
    for name in [*NAMES, "pooled", "seeds"]:
        sys.modules.pop(name, None)


@pytest.fixture(scope="module")
def chapter():
    """The chapter's own definitions, by cell."""
    notebook = nbformat.read(ROOT / "chapters" / "16_sequence_to_class.ipynb", 4)
    return {cell.id: cell.source for cell in notebook.cells}


def table(name):
    return json.loads((ROOT / "runs" / f"{name}.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", NAMES)
def test_a_table_says_where_it_comes_from_and_what_its_script_sets(name, script):
    stored, module = table(name), script(name)
    assert stored["command"] == f"python runs/{name}.py"
    assert stored["settings"] == module.SETTINGS
    assert len(module.SETTINGS["seeds"]) >= 3
    assert stored == stored_runs.table(name)


def test_the_accuracies_of_surnames_are_those_of_their_confusion_matrices(script):
    stored, module = table("surnames"), script("surnames")
    assert list(stored["nets"]) == list(module.NETS)
    for net in stored["nets"].values():
        counts = np.array(net["confusion"])
        held_out = (
            10 * stored["settings"]["names"] - stored["settings"]["train"] - stored["settings"]["validation"]
        )
        assert counts.shape == (3, 10, 10) and (counts.sum(axis=(1, 2)) == held_out).all()
        right = np.trace(counts, axis1=1, axis2=2) / counts.sum(axis=(1, 2))
        assert net["accuracy"] == pytest.approx(right.tolist(), abs=1e-4)


def test_the_splits_of_surnames_do_not_leak(script):
    parts = script("surnames").split(0)
    assert [len(part) for part in parts] == [2000, 500, 500]
    assert sorted(np.concatenate(parts)) == list(range(3000))


def test_where_pooling_helps_and_where_it_does_not():
    early, late = table("pooling")["tasks"].values()
    assert max(early["last"]["accuracy"]) < 0.55 and min(late["last"]["accuracy"]) > 0.99
    assert min(min(early[pool]["accuracy"]) for pool in ("mean", "max", "attention")) > 0.99
    assert max(late["mean"]["accuracy"]) < min(late["attention"]["accuracy"])


def test_a_stride_helps_where_width_and_parameters_do_not():
    nets = table("spoken")["nets"]
    plain, wide, smooth, strided = (
        nets[name] for name in ("GRU", "GRU, 30 units", "convolution, stride 1, GRU", "convolution, GRU")
    )
    assert smooth["parameters"] == strided["parameters"] <= wide["parameters"]
    assert min(strided["accuracy"]) > np.median([plain["accuracy"], wide["accuracy"], smooth["accuracy"]])
    assert min(strided["accuracy"]) > max(smooth["accuracy"]) > max(plain["accuracy"])


def test_the_sizes_of_spoken_are_those_of_the_nets(script):
    module = script("spoken")
    for name, net in table("spoken")["nets"].items():
        assert net["parameters"] == sum(a.size for a in module.net(0, **module.NETS[name]).params.values())


def test_the_chapter_speaks_as_the_script_does(script, chapter):
    module, own = script("spoken"), {"np": np, "permutations": __import__("itertools").permutations}
    for cell in ("spoken-code", "spoken-data"):
        exec(chapter[cell], own)
    for a, b in zip(
        own["utterances"](12, np.random.default_rng(3)), module.utterances(12, np.random.default_rng(3))
    ):
        assert np.array_equal(a, b)


def test_the_chapter_splits_the_names_as_the_script_does(script, chapter):
    own = {"np": np, "names": range(3000)}
    exec(chapter["split"].split("\n\n")[0], own)
    for seed in range(3):
        assert all(map(np.array_equal, own["split"](seed), script("surnames").split(seed)))


@pytest.mark.parametrize("pool", ["last", "mean", "max"])
def test_the_chapter_pools_as_the_script_does(pool, script, chapter):
    own, h, lengths = {"np": np}, np.random.default_rng(0).normal(size=(5, 3, 4)), np.array([5, 2, 3])
    exec(chapter["pooling-code"], own)
    weights = script("pooled").pool_weights(pool, h, lengths)
    assert np.allclose(own["pool_weights"](pool, h, lengths), weights)


@pytest.mark.parametrize("pool", ["last", "mean", "max", "ends", "attention"])
def test_the_gradients_of_a_classifier_are_those_of_finite_differences(pool, script):
    rng, lengths, targets = np.random.default_rng(0), np.array([6, 3, 1, 5]), np.array([0, 2, 1, 1])
    body = rnnlib.stack([rnnlib.bidirectional(rnnlib.GRU(2, 3, rng=rng), rnnlib.GRU(2, 3, rng=rng))])
    net, x = (
        script("pooled").Classifier(body, pool, rnnlib.Readout(6, 3, rng=rng)),
        rng.normal(size=(6, 4, 2)),
    )
    net.q[...] = rng.normal(size=6)

    def loss_and_grads(params):
        trace = net.forward(x, lengths=lengths)
        loss, dy = rnnlib.softmax_cross_entropy(trace.y, targets)
        return loss, net.backward(trace, dy)

    assert rnnlib.gradcheck(loss_and_grads, net.params).passed


@pytest.mark.parametrize("pool", ["last", "mean", "max", "ends", "attention"])
def test_a_classifier_does_not_see_the_padding(pool, script):
    rng = np.random.default_rng(0)
    body = rnnlib.stack([rnnlib.bidirectional(rnnlib.GRU(2, 3, rng=rng), rnnlib.GRU(2, 3, rng=rng))])
    net, x = (
        script("pooled").Classifier(body, pool, rnnlib.Readout(6, 3, rng=rng)),
        rng.normal(size=(6, 2, 2)),
    )
    net.q[...] = rng.normal(size=6)
    together = net.forward(x, lengths=np.array([6, 4])).y[1]
    alone = net.forward(x[:4, 1:], lengths=np.array([4])).y[0]
    assert np.allclose(together, alone)
