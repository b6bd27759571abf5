"""LearnLive: the page's training and words against rnnlib's, the stored run against its script and the landmarks."""

import io
import json
import re
import sys
from importlib import import_module

import numpy as np
import pytest
import traitlets
from matplotlib.image import imread

import rnnlib
from rnnlib.explorers import LearnLive, joiner, learn_live, runs, seeded, specs, trainer

SPEC = specs.read_spec("learn-live")
LANDMARKS = list(SPEC["landmarks"])
RUN = runs.load("learn_live")
CELLS = ["rnn", "gru", "lstm"]


def packed():
    """The stored run as a kernel sends it."""
    return json.loads(json.dumps(runs.packed("learn_live"), default=list))


def in_page(script, state, expression, run=None, live="model.trained(state)"):
    """Return a JavaScript expression of `state`, `result`, `model`; `live` is the training that the page has done."""
    return script.value(
        "((model) => { const stored = run && model.readStored({ ...run, float16: Uint8Array.from(run.float16) });"
        f" const live = {live}; const result = model.compute(state, stored, live); return {expression}; }})"
        '(modules["learn-live-model"])',
        state=state, run=run,
    )  # fmt: skip


def random_settings(count=12):
    """Settings that the stored run does not have, few steps of small nets."""
    rng = np.random.default_rng(3)
    for _ in range(count):
        yield {
            "T": int(rng.integers(20, 30)),
            "steps": int(rng.choice([0, 9, 10, 25])),
            "rate": round(float(rng.uniform(0.002, 0.05)), 3),
            "clip": bool(rng.random() < 0.5),
            "bias": round(float(rng.uniform(-2, 5)), 1),
            "units": int(rng.integers(4, 9)),
            "seed": int(rng.integers(10000)),
        }


# ---- The same in both languages ----


@pytest.mark.parametrize("settings", list(random_settings()), ids=range(12))
def test_numbers_and_words_equal_rnnlib_s(script, settings):
    explorer = LearnLive(**settings)
    page = in_page(
        script,
        explorer.settings,
        "({ losses: result.losses, reach: result.reach, sentence: model.describe(state, result) })",
    )
    result = explorer.result
    np.testing.assert_allclose(np.reshape(page["losses"], (-1, 3)), result.losses, rtol=1e-9)
    for cell, reach in zip(CELLS, page["reach"]):
        for name, norms in result.reach[cell].items():
            np.testing.assert_allclose(reach[name], norms, rtol=1e-7, err_msg=f"{cell} {name}")
    assert page["sentence"] == explorer.sentence


@pytest.mark.parametrize("key", LANDMARKS)
def test_landmarks_say_the_same_in_both_languages(script, key):
    explorer = LearnLive.landmark(key)
    sentence = in_page(
        script, explorer.settings, "model.describe(state, result)", run=packed(), live="model.makeLive(state)"
    )
    assert sentence == explorer.sentence


@pytest.mark.parametrize("steps", [10, 40, 130, 250])
def test_bands_and_stored_losses_are_the_run_s_in_both_languages(script, steps):
    explorer = LearnLive(steps=steps)
    page = in_page(
        script,
        explorer.settings,
        "({ bands: result.bands, losses: result.losses, source: result.source, reach: result.reach,"
        " sentence: model.describe(state, result) })",
        run=packed(), live="model.makeLive(state)",
    )  # fmt: skip
    rounds, losses = steps // 10, RUN["losses"].astype(float)
    assert page["source"] == "stored"
    np.testing.assert_array_equal(page["losses"], losses[0, 0, :, :rounds].T)
    for k in range(3):
        rows = losses[0, :, k, :rounds]
        np.testing.assert_array_equal(page["bands"][k], np.array([rows.min(axis=0), rows.max(axis=0)]).T)
        np.testing.assert_array_equal(explorer.result.bands[k], page["bands"][k])
    last = 10.0 ** RUN["reach"][0, steps // 50].astype(float)
    for (cell, name), norms in zip(learn_live.CURVES, last):
        np.testing.assert_allclose(page["reach"][CELLS.index(cell)][name], norms, rtol=1e-12)
        np.testing.assert_allclose(explorer.result.reach[cell][name], norms, rtol=1e-12)
    assert page["sentence"] == explorer.sentence
    assert (f"At step {steps // 50 * 50}, of ‖∂L/∂h‖" in explorer.sentence) == (steps % 50 > 0)


def test_another_seed_of_stored_settings_has_their_band_but_is_trained(script):
    state = LearnLive(steps=10, seed=7).settings
    page = in_page(
        script, state, "({ bands: result.bands, source: result.source, done: result.done })", run=packed(),
        live="model.makeLive(state)",
    )  # fmt: skip
    assert np.shape(page["bands"]) == (3, 1, 2)
    assert (page["source"], page["done"]) == ("page", 0)


# ---- The page: what it has trained and what it has not ----


def test_what_is_not_trained_is_said_and_not_made_up(script):
    state = LearnLive(T=20, units=4, steps=30).settings
    words = in_page(script, state, "model.describe(state, result)", live="model.makeLive(state)")
    assert words == (
        "30 steps (learning rate 0.01, clipped at norm 1, f and z biased by 1, T = 20): none has been trained in "
        "this page. Run trains on."
    )
    half = "(() => { const live = model.makeLive(state); live.advance(() => live.losses.length < 1); return live; })()"
    words = in_page(script, state, "model.describe(state, result)", live=half)
    assert "T = 20): only the first 10 have been trained in this page" in words


def test_training_in_slices_is_training_at_once(script):
    """Stopped after every seventh sequence and taken up again, a training comes to the same numbers."""
    state = LearnLive(T=20, units=4, steps=20).settings
    sliced = (
        "(() => { const live = model.makeLive(state);"
        " while (live.losses.length < 2) { let left = 7; live.advance(() => live.losses.length < 2 && left-- > 0); }"
        " return live; })()"
    )
    at_once = in_page(script, state, "live.losses")
    assert in_page(script, state, "live.losses", live=sliced) == at_once
    assert len(at_once) == 2


def test_a_page_keeps_its_last_trainings_and_forgets_on_demand(script):
    state = LearnLive(T=20, units=4).settings
    kept = script.value(
        "((model) => { const all = model.makeTrainings(2); const first = all.of(state);"
        " const same = all.of({ ...state, steps: 50 }) === first;"
        " all.of({ ...state, seed: 1 }); const still = all.of(state) === first;"
        " all.of({ ...state, seed: 2 }); all.of({ ...state, seed: 3 }); const gone = all.of(state) !== first;"
        " const now = all.of(state); all.forget(state); return [same, still, gone, all.of(state) !== now]; })"
        '(modules["learn-live-model"])',
        state=state,
    )
    assert kept == [True, True, True, True]


def test_the_page_learns_what_the_stored_run_learned(script):
    """A hundred and fifty steps in the page's own engine; beyond what rounding leaves alone, the losses agree."""
    state = LearnLive(steps=150, seed=3).settings
    page = in_page(script, state, "({ learned: result.learned, losses: result.losses })")
    losses = RUN["losses"][0, 3].astype(float)[:, :15].T
    np.testing.assert_allclose(page["losses"], losses, rtol=0.02)
    assert page["learned"][0] == 0 and all(0 < step <= 150 for step in page["learned"][1:])


# ---- The stored run ----


@pytest.fixture
def run_script(monkeypatch):
    monkeypatch.syspath_prepend(runs.REPOSITORY)
    yield import_module("learn_live")
    sys.modules.pop("learn_live", None)


def test_the_run_has_the_settings_of_all_landmarks(run_script):
    wanted = [[float(state[name]) for name in run_script.KEPT] for state in run_script.states()]
    assert RUN["settings"].tolist() == wanted
    assert RUN["seeds"].tolist() == list(run_script.SEEDS)
    assert RUN["losses"].shape == (len(wanted), 5, 3, 30)
    assert RUN["reach"].shape == (len(wanted), 7, 4, SPEC["controls"][0]["default"] + 1)
    for key in LANDMARKS:
        assert learn_live.stored_as(LearnLive.landmark(key).settings) >= 0


@pytest.mark.parametrize(("which", "seed"), [(0, 0), (0, 4), (2, 1)])
def test_its_first_rounds_are_what_rnnlib_s_own_loop_gives(run_script, which, seed):
    """rnnlib.training.fit in place of the explorer's loop: the stored float16 hold three digits."""
    state = run_script.states()[which]
    net = trainer.make_net("gru", seed=seed, units=state["units"], init=SPEC["init"], bias=state["bias"])
    generator = seeded.Generator(seed + trainer.BATCHES)
    history = rnnlib.training.fit(
        net, lambda rng: trainer.temporal_order(state["T"], SPEC["batch"], generator), rng=0, steps=20,
        loss=rnnlib.softmax_cross_entropy, last_step=True, optimiser=rnnlib.Adam(state["rate"]),
        max_norm=1.0 if state["clip"] else None, progress=False,
    )  # fmt: skip
    means = history.loss.reshape(2, 10).mean(axis=1)
    np.testing.assert_allclose(RUN["losses"][which, seed, 1, :2], means, rtol=2e-3)


def test_its_first_gradients_are_those_before_training():
    for (cell, name), powers in zip(learn_live.CURVES, RUN["reach"][0, 0].astype(float)):
        np.testing.assert_allclose(10.0**powers, LearnLive().result.reach[cell][name], rtol=1e-2)


def test_gru_and_lstm_learn_from_all_five_seeds_while_the_tanh_rnn_stays_at_chance():
    losses = RUN["losses"][0].astype(float)  # (seeds, nets, rounds)
    assert (losses[:, 1:].min(axis=2) < learn_live.LEARNED).all()
    assert (losses[:, 0, 5:] > 0.97 * np.log(4)).all()


def test_the_file_stays_light():
    assert len(runs.site_script("learn_live")) < 60_000


# ---- Landmarks: read off the run's arrays, not through the explorer ----


def plain(text):
    """Read a number as the sentence writes it."""
    return float(text.replace(" × 10", "e").translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")))


def test_landmarks_show_what_the_run_holds():
    losses = RUN["losses"].astype(float)[:, 0]
    for key, which in [("tanh-stays", 0), ("too-fast", 1), ("no-clipping", 2), ("forgetful", 3)]:
        words = LearnLive.landmark(key).sentence
        shown = [plain(text) for text in re.findall(r"([\d.]+(?: × 10[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)?) for the", words)][:3]
        np.testing.assert_allclose(shown, losses[which, :, -1], rtol=6e-3)
        for name, row in zip(["tanh RNN", "GRU", "LSTM"], losses[which]):
            below = np.flatnonzero(row < 0.1)
            assert (f"the {name} at step {10 * (below[0] + 1) if below.size else 0}" in words) == bool(
                below.size
            )


# ---- Python: trained on demand ----


def test_trace_grads_and_losses_are_of_the_trained_nets():
    explorer = LearnLive(T=20, units=4, steps=20, seed=5)
    assert explorer.losses["gru"].shape == (2,)
    assert explorer.trace["rnn"].h.shape[1:] == (6, 4)
    assert explorer.trace["lstm"].params["W_hh"].tolist() == explorer.nets["lstm"].params["0.W_hh"].tolist()
    reach = np.sqrt((explorer.grads["lstm"].c[0] ** 2).sum(axis=1))
    assert reach.shape == (6,) and (reach > 0).all()


def test_a_training_goes_on_where_it_was_and_starts_anew_for_other_settings():
    explorer = LearnLive(T=20, units=4, steps=10)
    first = explorer.train()
    explorer.steps = 20
    assert explorer.train() is first
    assert len(explorer.losses["rnn"]) == 2
    explorer.steps = 10
    assert explorer.train() is not first
    explorer.seed = 1
    assert len(explorer.losses["rnn"]) == 1


# ---- The picture, and what it refuses ----


@pytest.mark.parametrize("key", LANDMARKS)
def test_the_picture_is_clear_where_nothing_is_drawn_and_drawn_elsewhere(key):
    pixels = imread(io.BytesIO(LearnLive.landmark(key).picture()))
    assert pixels.shape[2] == 4 and pixels.shape[1] > 700
    assert pixels[0, 0, 3] == 0
    assert 0.02 < (pixels[:, :, 3] > 0.3).mean() < 0.6


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"steps": 301}, "steps is 301; expected a whole number from 0 to 300"),
        ({"T": 19}, "T is 19; expected a whole number from 20 to 60"),
        ({"rate": 0.001}, "rate is 0.001; expected a number from 0.002 to 0.3"),
        ({"clip": 1}, "clip is 1; expected True or False"),
        ({"units": 33}, "units is 33; expected a whole number from 4 to 32"),
    ],
)
def test_settings_it_does_not_take_are_refused_in_words(settings, words):
    with pytest.raises((ValueError, traitlets.TraitError), match=words):
        LearnLive(**settings)


def test_the_site_s_script_takes_the_explorer():
    assert '"learn-live": {' in joiner.site_script()
