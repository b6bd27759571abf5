"""Connectivity: the page's numbers and words against rnnlib's, its landmarks by plain loops, what it refuses."""

import io
import json

import numpy as np
import pytest
import traitlets
from matplotlib.image import imread

from rnnlib import tasks
from rnnlib.explorers import Connectivity, runs, specs
from rnnlib.explorers.base import MIME
from rnnlib.explorers.connectivity import draw_sequence

SPEC = specs.read_spec("connectivity")
LANDMARKS = list(SPEC["landmarks"])
NETS = ["gru", "lstm", "rnn"]
SYMBOLS = "abcdXYEB"


def in_page(script, settings, expression):
    """Return a JavaScript expression of `state`, `result`, `model`; the run is decoded by the page's own functions."""
    packed = {**runs.packed("order_nets"), "float16": list(runs.packed("order_nets")["float16"])}
    return script.value(
        f"((model) => ((result) => {expression})(model.compute(state,"
        " model.readNets({ ...packed, float16: Uint8Array.from(packed.float16) }))))"
        '(modules["connectivity-model"])',
        state=Connectivity(**settings).settings, packed=packed,
    )  # fmt: skip


def random_settings(count=30):
    rng = np.random.default_rng(7)
    for _ in range(count):
        yield {
            "cell": str(rng.choice(NETS)),
            "k": int(rng.integers(1, 56)),
            "symbol": str(rng.choice(["keep", *"abcdXY"])),
            "seed": int(rng.integers(10000)),
            "swap": bool(rng.integers(2)),
            "logit": str(rng.choice(["own", "XX", "XY", "YX", "YY"])),
            "scale": str(rng.choice(["absolute", "share"])),
        }


SETTINGS = [{}, *(SPEC["landmarks"][key]["settings"] for key in LANDMARKS), *random_settings()]


# ---- Plain loops over the stored weights, one sequence and one number at a time ----


def sigma(a):
    return 1 / (1 + np.exp(-a))


def plain_logits(net, x):
    """The logits after the last step for x (T, 8), which need not be one-hot."""
    with np.load(runs.REPOSITORY / "order_nets.npz") as stored:
        W_xh, W_hh, b_h, W_hy, b_y = (
            stored[f"{net.upper()}.{name}"].astype(float) for name in ("W_xh", "W_hh", "b_h", "W_hy", "b_y")
        )
        b_hn = stored["GRU.b_hn"].astype(float)
    H = len(W_hh)
    h, c = np.zeros(H), np.zeros(H)
    for row in x:
        a, u = row @ W_xh + b_h, h @ W_hh
        if net == "rnn":
            h = np.tanh(a + u)
        elif net == "lstm":
            i, f, g, o = np.split(a + u, 4)
            c = sigma(f) * c + sigma(i) * np.tanh(g)
            h = sigma(o) * np.tanh(c)
        else:
            r, z = sigma(a[:H] + u[:H]), sigma(a[H : 2 * H] + u[H : 2 * H])
            n = np.tanh(a[2 * H :] + r * (u[2 * H :] + b_hn))
            h = (1 - z) * n + z * h
    return h @ W_hy + b_y


def one_hot(text):
    return np.eye(8)[[SYMBOLS.index(one) for one in text]]


def plain_sizes(net, text, logit):
    """‖∂o/∂x_k‖ by complex-free central differences, a number of x at a time."""
    x, eps = one_hot(text), 1e-5
    slopes = np.zeros_like(x)
    for place in np.ndindex(x.shape):
        step = np.zeros_like(x)
        step[place] = eps
        slopes[place] = (plain_logits(net, x + step) - plain_logits(net, x - step))[logit] / (2 * eps)
    return np.linalg.norm(slopes, axis=1)


def put(text, k, symbol):
    return text[: k - 1] + symbol + text[k:]


def answer(net, text):
    return ["X X", "X Y", "Y X", "Y Y"][plain_logits(net, one_hot(text)).argmax()]


def relevant(text):
    return [k for k, one in enumerate(text, 1) if one in "XY"]


# ---- The sequences ----


def test_sequences_are_alike_in_both_languages(script):
    for seed in [0, 1, 2, 77, 1234, 9999]:
        assert script.call("connectivity-model", "drawSequence", args=[seed]) == draw_sequence(seed)


def test_sequences_are_those_of_temporal_order():
    sequences = ["".join(SYMBOLS[code] for code in draw_sequence(seed)) for seed in range(1500)]
    assert {len(one) for one in sequences} == set(range(50, 56))
    steps = np.array([relevant(one) for one in sequences])
    assert steps.shape == (1500, 2)
    assert (steps.min(axis=0).tolist(), steps.max(axis=0).tolist()) == ([5, 25], [10, 30])
    assert all(one[0] == "E" and one[-1] == "B" and not set("EB") & set(one[1:-1]) for one in sequences)
    pairs = ["".join(one[k - 1] for k in relevant(one)) for one in sequences]
    counts = [pairs.count(pair) for pair in ("XX", "XY", "YX", "YY")]
    assert sum(counts) == 1500 and min(counts) > 300
    letters = "".join(sequences)
    assert max(letters.count(one) for one in "abcd") < 1.05 * min(letters.count(one) for one in "abcd")


def test_the_task_draws_the_same_kind():
    batch = tasks.temporal_order(50, 500, 0)
    assert (batch.lengths.min(), batch.lengths.max()) == (50, 55)


# ---- The same in both languages ----


@pytest.mark.parametrize("settings", SETTINGS, ids=range(len(SETTINGS)))
def test_numbers_and_words_equal_rnnlib_s(script, settings):
    explorer = Connectivity(**settings)
    page = in_page(
        script, settings, "({ readings: result.readings, sentence: model.describe(state, result) })"
    )
    for name, ours in explorer.readings.items():
        theirs = page["readings"][name]
        np.testing.assert_allclose(theirs["logits"], ours.logits, rtol=1e-10, atol=1e-11)
        np.testing.assert_allclose(theirs["replaced"], ours.replaced, rtol=1e-10, atol=1e-11)
        scale = np.abs(ours.gradient).max()
        np.testing.assert_allclose(theirs["gradient"], ours.gradient.ravel(), rtol=1e-8, atol=1e-12 * scale)
        assert (theirs["answer"], theirs["chosen"], theirs["drawn"]) == (ours.answer, ours.chosen, ours.drawn)
        assert theirs["flips"] == ours.flips.tolist()
    assert page["sentence"] == explorer.sentence


@pytest.mark.parametrize("net", NETS)
def test_readings_by_plain_loops(net):
    explorer = Connectivity(cell=net, seed=5)
    reading, text = explorer.reading, explorer.text
    np.testing.assert_allclose(reading.logits, plain_logits(net, one_hot(text)), rtol=1e-9)
    np.testing.assert_allclose(reading.sizes, plain_sizes(net, text, reading.chosen), rtol=1e-4, atol=1e-8)
    for k in (1, *relevant(text), 30, len(text)):
        like = dict(zip("abcdXYEB", "bcdaYXEB"))[text[k - 1]]
        replaced = plain_logits(net, one_hot(put(text, k, like)))
        np.testing.assert_allclose(reading.replaced[k - 1], replaced, rtol=1e-9, atol=1e-11)


def test_edits_are_those_that_the_settings_say():
    plain = Connectivity().text
    one, other = relevant(plain)
    assert Connectivity(k=12, symbol="Y").text == put(plain, 12, "Y")
    assert Connectivity(k=55, symbol="a").text == put(plain, len(plain), "a")
    swapped = put(put(plain, one, plain[other - 1]), other, plain[one - 1])
    assert Connectivity(swap=True).text == swapped


def test_the_arithmetic_sets_what_the_gradient_promises_beside_what_happens(script):
    explorer = Connectivity.landmark("gradient-is-not-importance")
    reading, k = explorer.reading, explorer.k
    words = in_page(script, explorer.changed, "model.arithmeticOf(state, result)")
    before, after = reading.logits[reading.chosen], reading.replaced[k - 1, reading.chosen]
    symbol, like = explorer.text[k - 1], {"X": "Y", "Y": "X"}[explorer.text[k - 1]]
    assert words.startswith(
        f"{explorer.cell.upper()}, k = {k}, {like} for {symbol}: along the gradient the logit of "
    )
    assert f"it becomes {before:.3g} " in words and f"= {after:.3g}, ".replace("-", "−") in words
    assert words.endswith(f"the answer turns to {answer(explorer.cell, put(explorer.text, k, like))}.")


def test_a_change_below_rounding_is_no_change(script):
    words = in_page(script, {"cell": "rnn"}, "model.arithmeticOf(state, result)")
    assert words.startswith("tanh RNN, k = 28, Y for X: ")
    before = plain_logits("rnn", one_hot(Connectivity().text)).max()
    assert words.endswith(f"; it stays {before:.3g}.")
    words = in_page(script, {"k": 1}, "model.arithmeticOf(state, result)")
    assert words == "GRU, k = 1: E always stands there, and is not replaced."


# ---- Landmarks, each by plain loops over the stored weights ----


def test_the_relevant_two_have_the_largest_gradients_and_alone_flip_the_answer():
    explorer = Connectivity.landmark("relevant")
    text, steps = explorer.text, relevant(explorer.text)
    sizes = plain_sizes("gru", text, plain_logits("gru", one_hot(text)).argmax())
    assert sorted(np.argsort(-sizes)[:2] + 1) == steps
    rest = max(size for k, size in enumerate(sizes, 1) if k not in steps)
    assert min(sizes[k - 1] for k in steps) > 1.5 * rest
    said = answer("gru", text)
    flips = [
        k
        for k in range(2, len(text))
        if answer("gru", put(text, k, dict(zip("abcdXY", "bcdaYX"))[text[k - 1]])) != said
    ]
    assert flips == steps
    assert f"flips the answer at k = {steps[0]} and {steps[1]} and nowhere else" in explorer.sentence


def test_a_gradient_is_not_importance():
    explorer = Connectivity.landmark("gradient-is-not-importance")
    text, net, k = explorer.text, explorer.cell, explorer.k
    assert k in relevant(text) and explorer.symbol == "keep"
    sizes = plain_sizes(net, text, plain_logits(net, one_hot(text)).argmax())
    assert (sizes > sizes[k - 1]).sum() >= 10
    assert sizes.max() > 10 * sizes[k - 1]
    other = put(text, k, {"X": "Y", "Y": "X"}[text[k - 1]])
    right = {one: f"{one[relevant(one)[0] - 1]} {one[relevant(one)[1] - 1]}" for one in (text, other)}
    assert answer(net, text) == right[text] and answer(net, other) == right[other]


def test_the_tanh_rnn_forgets():
    explorer = Connectivity.landmark("tanh-forgets")
    text = explorer.text
    sizes = plain_sizes("rnn", text, plain_logits("rnn", one_hot(text)).argmax())
    assert sizes[-8:].sum() > 0.9 * sizes.sum()
    assert all(explorer.reading.sizes[k - 1] < 1e-3 * sizes.max() for k in relevant(text))
    for k in relevant(text):
        assert answer("rnn", put(text, k, {"X": "Y", "Y": "X"}[text[k - 1]])) == answer("rnn", text)


def test_the_other_order_is_another_class():
    plain, swapped = Connectivity(), Connectivity.landmark("other-order")
    for net in ("gru", "lstm"):
        said = [answer(net, one.text) for one in (plain, swapped)]
        assert said[0] == said[1][::-1] and said[0] in ("X Y", "Y X")
    assert f"answers {answer('GRU', swapped.text)}, rightly; as drawn it was" in swapped.sentence


def test_the_prediction_is_answered_by_what_happens(script):
    settings = SPEC["prediction"]["settings"]
    assert settings == SPEC["landmarks"]["gradient-is-not-importance"]["settings"]
    assert in_page(script, settings, "model.outcome(state, result)") == 1
    assert in_page(script, {"cell": "rnn"}, "model.outcome(state, result)") == 0


@pytest.mark.parametrize(
    ("settings", "reached"),
    [
        ({}, False),
        ({"k": 12}, False),
        ({"cell": "lstm", "seed": 180, "k": 12}, False),
        ({"cell": "lstm", "seed": 180, "k": 25}, True),
        ({"cell": "rnn", "seed": 180, "k": 25}, False),
    ],
)
def test_the_goal_is_judged_alike(script, settings, reached):
    explorer = Connectivity(**settings)
    ours = explorer.reached("flips-with-small-gradient")
    assert ours[0] == reached
    page = in_page(script, settings, 'model.goals["flips-with-small-gradient"](state, result)')
    assert page == list(ours)


def test_a_symbol_put_in_its_own_place_is_no_edit():
    plain = Connectivity()
    assert plain.text[27] == "X"
    assert Connectivity(k=28, symbol="X").sentence == plain.sentence
    assert Connectivity(k=28, symbol="a").sentence.startswith(
        "With a at k = 28, where X was drawn: 1 of X and Y"
    )


# ---- What it hands out, what it refuses, what a notebook keeps ----


@pytest.mark.parametrize("net", NETS)
def test_trace_and_grads_are_rnnlib_s(net):
    explorer = Connectivity(cell=net, seed=3)
    T, H = len(explorer.text), explorer.net.layers[0].hidden_size
    assert explorer.trace.h.shape == (T + 1, 1, H)
    assert explorer.grads.x.shape == (T, 1, 8)
    np.testing.assert_array_equal(explorer.grads.x[:, 0], explorer.reading.gradient)


def test_the_net_that_is_handed_out_is_a_copy():
    net = Connectivity().net
    said = Connectivity().sentence
    net.params["0.W_hh"][...] = 0
    assert Connectivity().sentence == said


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"cell": "GRU"}, "cell is 'GRU'; expected one of 'gru', 'lstm', 'rnn'"),
        ({"k": 56}, "k is 56; expected a whole number from 1 to 55"),
        ({"symbol": "E"}, "symbol is 'E'; expected one of"),
        ({"logit": "X Y"}, "logit is 'X Y'; expected one of"),
        ({"swap": 1}, "swap is 1; expected True or False"),
        ({"seed": -1}, "seed is -1; expected a whole number from 0 to 9999"),
    ],
)
def test_settings_it_does_not_take_are_refused_in_words(settings, words):
    with pytest.raises((ValueError, traitlets.TraitError), match=words):
        Connectivity(**settings)


def test_a_page_without_the_nets_says_so(script):
    words = script.value(
        '((model) => model.describe(state, model.compute(state, null)))(modules["connectivity-model"])',
        state=Connectivity().settings,
    )
    assert words == "The stored nets are not on this page."


def test_a_stored_notebook_holds_settings_and_no_computed_number():
    explorer = Connectivity.landmark("tanh-forgets")
    data, metadata = explorer._repr_mimebundle_()
    assert data[MIME]["settings"] == SPEC["landmarks"]["tanh-forgets"]["settings"]
    assert metadata["image/png"]["alt"] == data[MIME]["sentence"] == explorer.sentence


def test_the_nets_travel_small():
    assert 5_000 < len(Connectivity()._run["float16"]) < 25_000
    assert len(json.dumps(runs.site_script("order_nets"))) < 40_000


@pytest.mark.parametrize("key", LANDMARKS)
def test_the_picture_is_clear_where_nothing_is_drawn_and_drawn_elsewhere(key):
    pixels = imread(io.BytesIO(Connectivity.landmark(key).picture()))
    assert pixels.shape[2] == 4 and pixels.shape[1] > 700
    assert pixels[0, 0, 3] == 0
    assert 0.01 < (pixels[:, :, 3] > 0.5).mean() < 0.5
