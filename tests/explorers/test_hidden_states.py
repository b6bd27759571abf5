"""HiddenStates: the page's numbers and words against rnnlib's, its landmarks, what it refuses, its picture."""

import base64
import io
import json

import numpy as np
import pytest
import traitlets
from matplotlib.image import imread

import rnnlib
from rnnlib.explorers import HiddenStates, joiner, runs, seeded, specs
from rnnlib.explorers.base import MIME
from rnnlib.explorers.hidden_states import Typed, growth

SPEC = specs.read_spec("hidden-states")
LANDMARKS = list(SPEC["landmarks"])
ZEN = [line for line in rnnlib.data.zen().splitlines() if line]
VOCABULARY = sorted(set(rnnlib.data.zen()))

# The stored run and given states come in as a kernel sends them, decoded by the page's own functions.
DATA = """({
  run: packed && model.readRun({ ...packed, float16: Uint8Array.from(packed.float16) }),
  states: states && model.readStates({ ...states, float32: Uint8Array.from(states.float32) }),
})"""


def as_json(value):
    return json.loads(json.dumps(value, default=list))


def in_page(script, explorer, expression):
    """Return a JavaScript expression of `state`, `result`, `model`, the explorer being in the page as it is here."""
    packed = as_json(runs.packed("zen_rnn")) if explorer.mode == "run" else None
    states = as_json(explorer._states) if explorer.mode == "trace" else None
    return script.value(
        f"((model) => ((data) => ((result) => {expression})(model.compute(state, data)))({DATA}))"
        '(modules["hidden-states-model"])',
        state=explorer.settings, packed=packed, states=states,
    )  # fmt: skip


def random_settings(count=40):
    """Settings all over what the controls take, text cut out of the Zen's lines."""
    rng, zen = np.random.default_rng(5), rnnlib.data.zen()
    for _ in range(count):
        start, length = rng.integers(len(zen) - 120), rng.integers(1, 121)
        yield {
            "text": zen[start : start + length],
            "mode": str(rng.choice(["live", "live", "run"])),
            "gain": round(float(rng.uniform(0, 4)), 2),
            "checkpoint": int(rng.integers(6)),
            "units": int(rng.integers(4, 33)),
            "init": str(rng.choice(["orthogonal", "uniform", "identity", "normal"])),
            "activation": str(rng.choice(["tanh", "identity", "relu", "sigmoid"])),
            "seed": int(rng.integers(10000)),
        }


CHAOTIC = [{"text": rnnlib.data.zen()[40:160], "units": 32, "gain": gain} for gain in (2.5, 4.0)]
SETTINGS = [SPEC["landmarks"][key]["settings"] for key in LANDMARKS] + list(random_settings()) + CHAOTIC


def given_trace(B=2, T=9, H=5):
    cell = rnnlib.RNN(3, H, rng=1, init="orthogonal", gain=1.3)
    return cell.forward(np.random.default_rng(2).normal(size=(T, B, 3)))


def reach(explorer):
    """‖∂h_T/∂h_0‖, the spectral norm; the largest over the way."""
    trace = explorer.trace
    cell, J, largest = trace.owner, np.eye(trace.h.shape[2]), 1.0
    for a, h in zip(trace.a[:, 0], trace.h[1:, 0]):
        slope = {"tanh": 1 - h * h, "identity": np.ones_like(h), "relu": a > 0, "sigmoid": h * (1 - h)}[
            cell.activation
        ]
        J = J @ cell.params["W_hh"] * slope
        largest = max(largest, np.linalg.norm(J, 2))
    return largest


# ---- What is stored ----


def test_every_half_precision_pattern_decodes_exactly(script):
    theirs = script.value("Array.from({ length: 65536 }, (_, bits) => modules.stored.float16(bits))")
    theirs = np.array([float({"Infinity": "inf", "-Infinity": "-inf"}.get(one, one)) for one in theirs])
    ours = np.arange(65536, dtype=np.uint16).view(np.float16).astype(np.float64)
    np.testing.assert_array_equal(theirs, ours)  # nan equals nan here
    np.testing.assert_array_equal(np.signbit(theirs[ours == 0])[:1], [False])


def test_the_vocabulary_is_the_zen_s(script):
    assert list(SPEC["vocabulary"]) == rnnlib.data.encode(rnnlib.data.zen())[1] == VOCABULARY
    assert runs.load("zen_rnn")["vocabulary"].tolist() == VOCABULARY


def test_the_slider_says_the_training_steps():
    control = next(one for one in SPEC["controls"] if one["name"] == "checkpoint")
    assert control["shown"] == [str(step) for step in runs.load("zen_rnn")["steps"]]
    assert control["max"] == len(control["shown"]) - 1


def test_the_site_s_script_holds_the_run_bit_for_bit(script):
    text = runs.site_script("zen_rnn")
    script.racer.eval(text)
    stored = json.loads(script.racer.eval('JSON.stringify(globalThis.rnnlibRuns["zen_rnn"])'))
    values, at = np.frombuffer(base64.b64decode(stored["float16"]), "<f2"), 0
    for name in ("W_xh", "W_hh", "b_h", "W_hy", "b_y"):
        size = int(np.prod(stored["shapes"][name]))
        np.testing.assert_array_equal(values[at : at + size], runs.load("zen_rnn")[name].ravel())
        at += size
    assert at == len(values)


def test_an_unknown_run_is_refused_by_name():
    with pytest.raises(FileNotFoundError, match="no stored run 'zen'; there are: .*zen_rnn"):
        runs.load("zen")


@pytest.mark.parametrize("checkpoint", range(6))
def test_stored_weights_still_make_the_loss_they_were_stored_with(checkpoint):
    total, count = 0.0, 0
    for line in ZEN:
        surprise = explorer_reading(line + "\n", checkpoint).surprise
        total, count = total + surprise.sum(), count + len(surprise)
    assert total / count == pytest.approx(runs.load("zen_rnn")["losses"][checkpoint], abs=2e-3)


def explorer_reading(text, checkpoint):
    return HiddenStates(mode="run", checkpoint=checkpoint, text=text)


# ---- The same in both languages ----


@pytest.mark.parametrize("settings", SETTINGS, ids=range(len(SETTINGS)))
def test_numbers_and_words_equal_rnnlib_s(script, settings):
    explorer = HiddenStates(**settings)
    page = in_page(
        script,
        explorer,
        "({ h: result.h, surprise: result.surprise, norms: model.gradientNorms(result), growth: result.growth,"
        " sentence: model.describe(state, result) })",
    )
    if reach(explorer) < 100 or explorer.activation == "identity":  # elsewhere rounding grows
        assert_close(page["h"], explorer.trace.h)
        assert_close(page["surprise"], explorer.surprise)
        assert_close(page["norms"], np.linalg.norm(explorer.grads.h[:, 0], axis=1))
    if settings in CHAOTIC:
        for sentence in (page["sentence"], explorer.sentence):
            assert sentence.endswith("grows more than 10⁸-fold, so rounding decides the digits.")
    else:
        assert page["growth"] == pytest.approx(growth(explorer.reading), rel=1e-3)
        assert page["sentence"] == explorer.sentence


def assert_close(theirs, ours):
    theirs, ours = np.asarray(theirs, float), np.asarray(ours).ravel()
    assert np.abs(theirs - ours).max(initial=0) <= 1e-10 * max(np.abs(ours).max(initial=0), 1e-300)


def test_most_settings_are_compared_digit_by_digit():
    explorers = [HiddenStates(**settings) for settings in SETTINGS]
    assert sum(reach(one) < 100 or one.activation == "identity" for one in explorers) >= 20


@pytest.mark.parametrize("labels", [None, "abcabcab.", ["x", "y", "y", "x", "z", "x", "y", "z", "z"]])
def test_a_trace_from_python_is_told_alike(script, labels):
    explorer = HiddenStates(trace=given_trace(), labels=labels, sequence=1)
    page = in_page(script, explorer, "({ h: result.h, sentence: model.describe(state, result) })")
    np.testing.assert_array_equal(page["h"], explorer.trace.h[:, 1].astype(np.float32).ravel())
    assert page["sentence"] == explorer.sentence


@pytest.mark.parametrize("text", ["", "Q", "Queue, queue?", "a🐍b", "e", "ee"])
def test_text_that_is_being_typed_is_told_alike(script, text):
    explorer = HiddenStates()
    explorer.text = Typed(text)
    assert in_page(script, explorer, "model.describe(state, result)") == explorer.sentence


def test_the_gradients_are_those_of_the_summed_surprise():
    explorer, eps = HiddenStates(units=6, text="better than"), 1e-6
    net, trace = explorer.net, explorer.trace
    codes = [VOCABULARY.index(one) for one in explorer.text]

    def loss(h0):
        logits = net.forward(trace.x, h0=[h0, None]).y[:-1]
        return rnnlib.softmax_cross_entropy(logits, np.array(codes[1:])[:, None])[0]

    for unit in range(6):
        step = eps * np.eye(6)[unit : unit + 1]
        slope = (loss(step) - loss(-step)) / (2 * eps)
        assert explorer.grads.h0[0, unit] == pytest.approx(slope, abs=1e-8)
    np.testing.assert_array_equal(explorer.grads.h[-1], 0)  # the last character has no next


# ---- One unit, one step ----


def test_the_arithmetic_of_a_step_adds_up(script):
    explorer = HiddenStates.landmark("trained")
    trace = explorer.trace
    page = in_page(script, explorer, "model.arithmetic(result, 3, 10)")
    code = VOCABULARY.index(explorer.text[9])
    assert page["input"] == pytest.approx(trace.params["W_xh"][code, 3], rel=1e-12)
    assert page["state"] == pytest.approx(trace.h[9, 0] @ trace.params["W_hh"][:, 3], rel=1e-10)
    assert page["input"] + page["state"] + page["bias"] == pytest.approx(page["a"], rel=1e-10)
    assert page["h"] == pytest.approx(np.tanh(page["a"]), rel=1e-12)


def test_the_strongest_weights_are_the_largest_in_size(script):
    explorer = HiddenStates.landmark("trained")
    page = in_page(script, explorer, "model.strongest(result.net.params.W_xh, result.H, 3, 5)")
    column = explorer.trace.params["W_xh"][:, 3]
    assert [row for row, _ in page] == np.argsort(-np.abs(column), kind="stable")[:5].tolist()
    assert [weight for _, weight in page] == [column[row] for row, _ in page]


def test_the_characters_expected_are_the_likeliest(script):
    explorer = HiddenStates.landmark("trained")
    page = in_page(script, explorer, "model.expected(result, 10, 3)")
    chances = rnnlib.softmax(explorer.net.forward(explorer.trace.x).y[9, 0])
    assert [one for one, _ in page] == [VOCABULARY[k] for k in np.argsort(-chances)[:3]]
    assert [chance for _, chance in page] == pytest.approx(np.sort(chances)[::-1][:3], rel=1e-9)


def test_words_are_found_with_their_first_column(script):
    words = script.call("hidden-states", "wordsOf", args=[list("to be,  x")], arrays=False)
    assert words == [{"start": 1, "word": "to"}, {"start": 4, "word": "be,"}, {"start": 9, "word": "x"}]
    words = script.call("hidden-states", "wordsOf", args=[["12", "34"]], arrays=False)
    assert [one["word"] for one in words] == ["12", "34"]


# ---- Landmarks, each by plain loops over its own weights ----


def plain_states(params, text):
    """h_1 … h_T (T, H) of a tanh RNN, written out anew."""
    h, states = np.zeros(len(params["b_h"])), []
    for character in text:
        h = np.tanh(params["W_xh"][VOCABULARY.index(character)] + h @ params["W_hh"] + params["b_h"])
        states.append(h)
    return np.array(states)


def plain_surprise(params, text):
    logits = plain_states(params, text) @ params["W_hy"] + params["b_y"]
    chances = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return np.array([-np.log(chances[t, VOCABULARY.index(text[t + 1])]) for t in range(len(text) - 1)])


@pytest.mark.parametrize(("key", "gain"), [("zen", 1), ("forgetful", 0.3), ("saturated", 4)])
def test_landmarks_with_random_weights(key, gain):
    states = plain_states(seeded.rnn_params(0, 45, 16, "orthogonal", gain), "Beautiful is better than ugly.")
    explorer = HiddenStates.landmark(key)
    np.testing.assert_allclose(explorer.trace.h[1:, 0], states, atol=1e-9)
    share = (np.abs(states) > 0.9).mean()
    e, other_e = states[1], states[14]  # "Beautiful is better": the first two e's are at t = 2 and t = 15
    assert explorer.text[1] == explorer.text[14] == "e"
    apart = np.linalg.norm(e - other_e)
    if key == "saturated":
        assert share > 0.5 and f"{100 * share:.0f} % of all |h| lie beyond 0.9, pressed" in explorer.sentence
    elif key == "forgetful":
        assert apart < 0.45 and "a picture of the present" in explorer.sentence
    else:
        assert share == 0 and apart > 1 and "what came before shapes the state" in explorer.sentence


@pytest.mark.parametrize(("key", "checkpoint"), [("untrained", 0), ("trained", 5)])
def test_landmarks_of_the_run(key, checkpoint):
    with np.load(runs.REPOSITORY / "zen_rnn.npz") as stored:
        params = {
            name: stored[name][checkpoint].astype(float) for name in ("W_xh", "W_hh", "b_h", "W_hy", "b_y")
        }
    explorer = HiddenStates.landmark(key, id="trained-states")
    surprise = plain_surprise(params, explorer.text)
    np.testing.assert_allclose(explorer.surprise, surprise, rtol=1e-9)
    if key == "untrained":
        assert surprise.mean() == pytest.approx(np.log(45), abs=0.05)
    else:
        first = [k for k, one in enumerate(explorer.text[:-1]) if one == " "]
        rest = sorted(set(range(len(surprise))) - set(first))
        assert surprise.mean() < 0.2 and surprise[first].mean() > 5 * surprise[rest].mean()
        words = (
            f"{surprise[first].mean():.3f} at first letters of words, {surprise[rest].mean():.3f} elsewhere"
        )
        assert words in explorer.sentence


def test_the_prediction_is_answered_by_what_the_trained_network_does(script):
    settings = SPEC["prediction"]["settings"]
    picked = in_page(script, HiddenStates(**settings), "model.outcome(state, result)")
    assert SPEC["prediction"]["options"][picked] == "the first letters of words"
    before = in_page(script, HiddenStates(mode="run", checkpoint=0), "model.outcome(state, result)")
    assert SPEC["prediction"]["options"][before] == "all about alike"


def test_a_trained_network_is_worse_than_guessing_where_it_has_learned_otherwise(script):
    explorer = HiddenStates(mode="run", text="xyxyxyxy")
    assert explorer.surprise.mean() > 1.1 * np.log(45)
    assert explorer.sentence.endswith("worse than guessing, for this is not what it has learned.")
    assert in_page(script, explorer, "model.describe(state, result)") == explorer.sentence


def test_a_page_without_the_run_says_so(script):
    settings = HiddenStates.landmark("trained").settings
    words = script.value(
        '((model) => model.describe(state, model.compute(state, {})))(modules["hidden-states-model"])',
        state=settings,
    )
    assert words == "The stored run is not on this page."


# ---- What it refuses ----


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"text": "Queue?"}, r"text is 'Queue\?', which has '\?', 'Q'; expected 1 to 120 of the characters"),
        ({"text": ""}, "text is ''; expected 1 to 120"),
        ({"text": "a" * 121}, "expected a text of at most 120 characters"),
        ({"units": 3}, "units is 3; expected a whole number from 4 to 32"),
        ({"gain": 4.1}, "gain is 4.1; expected a number from 0 to 4"),
        ({"checkpoint": 6}, "checkpoint is 6; expected a whole number from 0 to 5"),
        ({"mode": "lives"}, "mode is 'lives'; expected one of 'live', 'run': did you mean 'live'"),
        ({"mode": "trace"}, "mode is 'trace'; expected 'live' or 'run': for a Trace, pass trace="),
        ({"init": "orthogonl"}, "did you mean 'orthogonal'"),
    ],
)
def test_settings_it_does_not_take_are_refused_in_words(settings, words):
    with pytest.raises((ValueError, traitlets.TraitError), match=words):
        HiddenStates(**settings)


@pytest.mark.parametrize(
    ("given", "error", "words"),
    [
        ({"trace": np.zeros((4, 1, 2))}, TypeError, "trace is ndarray; expected a cell's Trace.*not trace.h"),
        ({"trace": 3}, TypeError, "trace is int; expected a cell's Trace, with h of shape"),
        ({"trace": given_trace(), "sequence": 2}, ValueError, "sequence is 2; expected a whole number from 0 to 1"),
        ({"trace": given_trace(), "sequence": 0.5}, TypeError, "sequence is 0.5; expected a whole number from 0 to 1"),
        ({"trace": given_trace(), "labels": "abc"}, ValueError, "labels has 3 entries; expected T = 9"),
        ({"trace": given_trace(), "labels": [1] * 9}, TypeError, "expected a text or a list of texts"),
        ({"trace": given_trace(), "gain": 2}, TypeError, "gain beside trace; expected id, labels and sequence alone"),
        ({"trace": given_trace(T=1001, B=1)}, ValueError, "trace has 1001 steps of 5 units.*expected 1 to 1000 steps"),
        ({"labels": "abc"}, TypeError, "labels is 'abc' without a trace; expected trace= beside it"),
        ({"colour": 1}, TypeError, "HiddenStates has no setting 'colour'; it has text, gain"),
    ],
)  # fmt: skip
def test_a_trace_it_cannot_show_is_refused_in_words(given, error, words):
    with pytest.raises(error, match=words):
        HiddenStates(**given)


def test_a_stack_s_trace_and_overflow_are_refused():
    net = rnnlib.stack([rnnlib.RNN(2, 3, rng=0), rnnlib.Readout(3, 1, rng=0)])
    with pytest.raises(TypeError, match=r"pass one of the stack's, trace.layers\[0\]"):
        HiddenStates(trace=net.forward(np.ones((4, 1, 2))))
    cell = rnnlib.RNN(1, 1, activation="identity", rng=0)
    cell.params["W_hh"][...] = 1e200
    with pytest.raises(ValueError, match="trace.h overflows at t = 2"):
        HiddenStates(trace=cell.forward(np.full((4, 1, 1), 1.0) / cell.params["W_xh"]))


def test_a_trace_s_own_length_is_kept():
    cell = rnnlib.RNN(3, 5, rng=1)
    trace = cell.forward(np.ones((9, 2, 3)), lengths=[9, 4])
    assert HiddenStates(trace=trace, labels="abcd", sequence=1)._states["T"] == 4


def test_what_a_trace_does_not_know_is_said():
    explorer = HiddenStates(trace=given_trace())
    for name in ("grads", "net", "surprise"):
        with pytest.raises(
            ValueError, match=f"{name} is not known: the explorer shows a trace from elsewhere"
        ):
            getattr(explorer, name)
    with pytest.raises(ValueError, match="mode is 'live'; expected 'trace'"):
        explorer.mode = "live"


# ---- In a notebook ----


def test_what_is_typed_in_the_page_reaches_python_as_it_is():
    explorer = HiddenStates()
    explorer.set_state({"text": "Is Q here", "gain": 2})
    assert (explorer.text, explorer.gain) == ("Is Q here", 2)
    assert explorer.trace.h.shape == (len("Is  here") + 1, 1, 16)
    assert explorer.sentence.startswith("Left out, since the Zen does not have it: Q. 16 units")
    explorer.set_state({"text": ""})
    with pytest.raises(ValueError, match="trace needs something to read; expected 1 to 120"):
        explorer.trace  # noqa: B018


def test_the_run_travels_to_the_notebook_s_page_once_and_small():
    assert 20_000 < len(HiddenStates()._run["float16"]) < 25_000
    assert HiddenStates(trace=given_trace())._run == {}


def test_a_stored_notebook_holds_settings_and_no_computed_number():
    data, metadata = HiddenStates.landmark("trained", id="trained-states")._repr_mimebundle_()
    assert data[MIME]["settings"] == {"mode": "run"}
    assert (data[MIME]["name"], data[MIME]["id"]) == ("hidden-states", "trained-states")
    assert metadata["image/png"]["alt"] == data[MIME]["sentence"]
    data, _ = HiddenStates(trace=given_trace(), labels="abcabcab.")._repr_mimebundle_()
    assert data[MIME]["settings"] == {"mode": "trace"}
    assert data["text/plain"] == "rnnlib.explorers.HiddenStates(trace=trace, labels='abcabcab.')"


@pytest.mark.parametrize("key", [*LANDMARKS, "trace"])
def test_the_picture_is_clear_where_nothing_is_drawn_and_drawn_elsewhere(key):
    explorer = HiddenStates(trace=given_trace()) if key == "trace" else HiddenStates.landmark(key)
    pixels = imread(io.BytesIO(explorer.picture()))
    assert pixels.shape[2] == 4 and pixels.shape[1] > 700
    assert pixels[0, 0, 3] == 0
    assert 0.05 < (pixels[:, :, 3] > 0.5).mean() < 0.9


def test_the_site_s_script_takes_the_explorer():
    assert '"hidden-states": {' in joiner.site_script()
