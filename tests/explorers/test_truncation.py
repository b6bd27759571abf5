"""Truncation: the page's numbers and words against rnnlib's, its landmarks by plain loops, goals, what it refuses."""

import io

import numpy as np
import pytest
import traitlets
from matplotlib.image import imread

import rnnlib
from rnnlib.explorers import Truncation, joiner, seeded, specs, truncation

SPEC = specs.read_spec("truncation")
LANDMARKS = list(SPEC["landmarks"])


def in_page(script, state, expression):
    """Return a JavaScript expression of `state`, `result` and `model`."""
    return script.value(
        f'((model) => ((result) => {expression})(model.compute(state)))(modules["truncation-model"])',
        state=state,
    )


def random_settings(count=60):
    rng = np.random.default_rng(21)
    for _ in range(count):
        yield {
            "window": int(rng.choice([1, 2, 3, 5, 9, 17, 40, 60])),
            "gain": round(float(rng.uniform(0, 2)), 2),
            "meaning": str(rng.choice(["cuts", "cuts", "reach"])),
            "carry": bool(rng.random() < 0.6),
            "delay": int(rng.integers(10)),
            "T": int(rng.integers(10, 61)),
            "units": int(rng.integers(2, 17)),
            "seed": int(rng.integers(10000)),
        }


SETTINGS = [SPEC["landmarks"][key]["settings"] for key in LANDMARKS] + list(random_settings())


def plain(settings):
    """Return everything by plain loops: (contribution of loss τ through step t, H-vectors da[τ][t]; states; task).

    Nothing of rnnlib but the seeded weights; scalars and vectors, one pair of steps at a time.
    """
    state = {**specs.defaults(SPEC), **settings}
    T, H, d, seed = state["T"], state["units"], state["delay"], state["seed"]
    W = seeded.rnn_params(seed, 1, H, "orthogonal", state["gain"])
    x, v = seeded.Generator(seed + 1).normals(T), seeded.Generator(seed + 2).normals(H) / np.sqrt(H)
    return T, H, d, W, x, v


def plain_run(settings, every=None):
    """Return (h_{t−1} and h_t for t = 1 … T, slopes of the losses); h is 0 again at every `every`th cut."""
    T, H, d, W, x, v = plain(settings)
    h, before, after, slopes = np.zeros(H), [], [], []
    for t in range(1, T + 1):
        if every and (t - 1) % every == 0:
            h = np.zeros(H)
        before.append(h)
        h = np.tanh(x[t - 1] * W["W_xh"][0] + h @ W["W_hh"] + W["b_h"])
        after.append(h)
        slopes.append(h @ v - x[t - 1 - d] if t > d else 0.0)
    return before, after, slopes


def plain_gradient(settings, keeps, every=None):
    """Return the gradient of W_xh, W_hh, b_h in which loss τ reaches step t where keeps(τ, t), and no further back."""
    T, H, _, W, x, v = plain(settings)
    before, after, slopes = plain_run(settings, every)
    W_xh, W_hh, b_h = np.zeros(H), np.zeros((H, H)), np.zeros(H)
    for tau in range(1, T + 1):
        delta = slopes[tau - 1] * v
        for t in range(tau, 0, -1):
            if not keeps(tau, t):
                break
            da = delta * (1 - after[t - 1] ** 2)
            W_xh, W_hh, b_h = W_xh + x[t - 1] * da, W_hh + np.outer(before[t - 1], da), b_h + da
            delta = W["W_hh"] @ da
    return np.concatenate([W_xh, W_hh.ravel(), b_h])


def keeper(settings):
    """Return (keeps(τ, t), the period of resets or None) that the settings mean."""
    state = {**specs.defaults(SPEC), **settings}
    k = min(state["window"], state["T"])
    if state["meaning"] == "reach":
        return lambda tau, t: tau - t < k, None
    resets = not state["carry"] and k < state["T"]
    return lambda tau, t: (tau - 1) // k == (t - 1) // k, k if resets else None


def plain_cost(settings):
    """Return (relative error, cosine) by plain loops."""
    full = plain_gradient(settings, lambda tau, t: True)
    g = plain_gradient(settings, *keeper(settings))
    sizes = np.linalg.norm(full), np.linalg.norm(g)
    return np.linalg.norm(g - full) / sizes[0], g @ full / (sizes[0] * sizes[1])


def reach(explorer):
    """The largest spectral norm of ∂h_t/∂h_0 on the way."""
    trace = explorer.trace
    J, largest = np.eye(explorer.units), 1.0
    for h in trace.h[1:, 0]:
        J = J @ trace.params["W_hh"] * (1 - h**2)
        largest = max(largest, np.linalg.norm(J, 2))
    return largest


# ---- The same in both languages, and in plain loops ----


@pytest.mark.parametrize("settings", SETTINGS, ids=range(len(SETTINGS)))
def test_numbers_and_words_equal_rnnlib_s(script, settings):
    explorer = Truncation(**settings)
    page = in_page(
        script,
        explorer.settings,
        "({ g: result.g, full: result.full, errors: result.errors, cosines: result.cosines, loss: result.loss,"
        " wholeLoss: result.wholeLoss, sentence: model.describe(state, result) })",
    )
    cost = explorer.cost
    if reach(explorer) < 100:  # elsewhere rounding grows
        assert_close(page["g"], truncation.flat(explorer.grads))
        assert_close(page["full"], truncation.flat(explorer.full))
        np.testing.assert_allclose(page["errors"], cost.errors, rtol=1e-9, atol=1e-11)
        np.testing.assert_allclose(page["cosines"], cost.cosines, rtol=1e-9, atol=1e-10)
        assert page["wholeLoss"] == pytest.approx(cost.loss, rel=1e-10)
        assert page["loss"] == pytest.approx(
            cost.loss if cost.reset_loss is None else cost.reset_loss, rel=1e-10
        )
    if reach(explorer) < 1e5:
        assert page["sentence"] == explorer.sentence


def assert_close(theirs, ours):
    assert np.abs(np.array(theirs) - ours).max() <= 1e-10 * np.abs(ours).max()


def test_most_settings_are_compared_digit_by_digit():
    assert sum(reach(Truncation(**settings)) < 100 for settings in SETTINGS) >= 40


@pytest.mark.parametrize("settings", SETTINGS[:24], ids=range(24))
def test_error_and_cosine_equal_plain_loops(settings):
    error, cosine = plain_cost(settings)
    cost = Truncation(**settings).cost
    assert cost.error == pytest.approx(error, rel=1e-6, abs=1e-12)
    assert cost.cosine == pytest.approx(cosine, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("settings", SETTINGS[:24], ids=range(24))
def test_the_gradients_are_rnnlib_s_for_the_window(settings):
    g = plain_gradient(settings, *keeper(settings))
    ours = truncation.flat(Truncation(**settings).grads)
    assert np.abs(ours - g).max() <= 1e-7 * max(np.abs(g).max(), 1e-300)


@pytest.mark.parametrize("meaning", ["cuts", "reach"])
def test_pairs_are_kept_as_told(script, meaning):
    explorer = Truncation(meaning=meaning, window=4, T=11)
    steps = "[...Array(11).keys()]"
    table = f"((value) => {steps}.map((i) => {steps}.map((j) => (j <= i ? value(i + 1, j + 1) : 0))))"
    page = in_page(
        script,
        explorer.settings,
        f"({{ kept: {table}(result.survives), strength: {table}(result.strength) }})",
    )
    keeps, _ = keeper(explorer.settings)
    expected = [[t <= tau and keeps(tau, t) for t in range(1, 12)] for tau in range(1, 12)]
    np.testing.assert_array_equal(page["kept"], expected)
    np.testing.assert_array_equal(explorer.cost.kept, expected)
    np.testing.assert_allclose(page["strength"], explorer.cost.strength, rtol=1e-9, atol=1e-14)


def test_lags_add_up_to_each_reach():
    state = Truncation(meaning="reach", T=15).settings
    task = truncation.make_task(state)
    trace = task.cell.forward(task.x)
    dh = task.loss(trace.y)[1]
    lags = np.cumsum(truncation.lag_gradients(task, trace, dh), axis=0)
    for k in (1, 2, 7, 15):
        expected = truncation.flat(rnnlib.truncated(task.cell, trace, dh, reach=k))
        np.testing.assert_allclose(lags[k - 1], expected, rtol=1e-10, atol=1e-13)


def test_the_whole_gradient_is_the_slope_of_the_loss():
    explorer, eps = Truncation(T=12, units=3), 1e-6
    task = truncation.make_task(explorer.settings)
    loss = lambda: task.loss(task.cell.forward(task.x).y)[0]
    for name, array in task.cell.params.items():
        for place in np.ndindex(array.shape):
            array[place] += eps
            above = loss()
            array[place] -= 2 * eps
            slope = (above - loss()) / (2 * eps)
            array[place] += eps
            assert explorer.full.params[name][place] == pytest.approx(slope, abs=1e-7)


def test_with_the_state_reset_the_gradient_is_the_slope_of_that_loss():
    explorer, eps = Truncation(T=12, units=3, window=5, carry=False), 1e-6
    task = truncation.make_task(explorer.settings)
    W_hh = task.cell.params["W_hh"]
    for place in np.ndindex(W_hh.shape):
        W_hh[place] += eps
        above = truncation.reset_run(task, 5)[0]
        W_hh[place] -= 2 * eps
        slope = (above - truncation.reset_run(task, 5)[0]) / (2 * eps)
        W_hh[place] += eps
        assert explorer.grads.params["W_hh"][place] == pytest.approx(slope, abs=1e-7)


# ---- Landmarks ----


@pytest.mark.parametrize(
    "settings", [{}, {"meaning": "reach"}, {"carry": False}, {"window": 60}, {"gain": 1.6, "seed": 24}]
)
def test_a_window_that_holds_all_loses_exactly_nothing(script, settings):
    settings = {"window": 40, **settings}
    cost = Truncation(**settings).cost
    page = in_page(
        script, Truncation(**settings).settings, "({ error: result.error, cosine: result.cosine })"
    )
    assert cost.error == page["error"] == 0
    assert cost.cosine == page["cosine"] == 1
    assert "it loses 0" in Truncation(**settings).sentence


@pytest.mark.parametrize("key", ["short", "worse-than-nothing", "reset"])
def test_landmarks_by_plain_loops(key):
    error, cosine = plain_cost(SPEC["landmarks"][key]["settings"])
    sentence = Truncation.landmark(key).sentence
    assert (
        f"is off by {error:.3g} of the whole one's length, cosine {cosine:.3g}".replace("-", "−") in sentence
    )
    if key == "worse-than-nothing":
        assert error > 1 and "worse than no gradient at all, whose error is 1" in sentence
        assert cosine < 0 and "raises L" in sentence
    else:
        assert 0.1 < error < 1


def test_the_landmark_worse_than_nothing_does_not_rest_on_rounding():
    """Its gradient grows, but by far less than 1/eps: the error stays with weights off by a relative 1e-12."""
    explorer = Truncation.landmark("worse-than-nothing")
    assert reach(explorer) < 1e4
    task = truncation.make_task(explorer.settings)
    task.cell.params["W_hh"][...] *= 1 + 1e-12
    trace = task.cell.forward(task.x)
    dh = task.loss(trace.y)[1]
    full, cut = (truncation.flat(task.cell.backward(trace, dh, window=window)) for window in (None, 25))
    assert np.linalg.norm(cut - full) / np.linalg.norm(full) == pytest.approx(explorer.cost.error, rel=1e-6)


def test_a_small_step_with_it_raises_the_loss_as_the_sentence_says():
    for key, raises in (("worse-than-nothing", True), ("short", False)):
        explorer = Truncation.landmark(key)
        task = truncation.make_task(explorer.settings)
        before = task.loss(task.cell.forward(task.x).y)[0]
        for name, values in explorer.grads.params.items():
            task.cell.params[name] -= 1e-7 * values
        assert (task.loss(task.cell.forward(task.x).y)[0] > before) == raises
        assert ("raises L" in explorer.sentence) == raises


def test_resetting_loses_more_than_cutting_alone_and_changes_the_loss():
    reset, cut = Truncation.landmark("reset"), Truncation()
    assert reset.cost.error > cut.cost.error
    before, after, slopes = plain_run({}, every=5)
    assert f"L is {0.5 * np.square(slopes).sum():.3g}" in reset.sentence
    assert not any(before[t].any() for t in range(0, 40, 5))


def test_the_prediction_is_answered_by_what_happens(script):
    settings = SPEC["prediction"]["settings"]
    state = Truncation(**settings).settings
    error, _ = plain_cost(settings)
    picked = SPEC["prediction"]["options"][in_page(script, state, "model.outcome(state, result)")]
    assert error > 1 and picked.startswith("by more than the whole")
    options = [
        in_page(script, Truncation(window=k).settings, "model.outcome(state, result)") for k in (1, 40)
    ]
    assert options == [1, 0]


@pytest.mark.parametrize(
    ("goal", "settings", "reached"),
    [
        ("worse-than-nothing", {}, False),
        ("worse-than-nothing", {"gain": 2, "window": 30}, True),
        ("worse-than-nothing", {"gain": 1.6, "seed": 24, "window": 25}, True),
        ("reach-beats-cuts", {}, False),
        ("reach-beats-cuts", {"delay": 0, "meaning": "reach"}, False),
        ("reach-beats-cuts", {"window": 6, "meaning": "reach"}, False),
        ("reach-beats-cuts", {"meaning": "reach"}, True),
    ],
)
def test_goals_are_judged_alike(script, goal, settings, reached):
    explorer = Truncation(**settings)
    assert explorer.reached(goal)[0] == reached
    page = in_page(script, explorer.settings, f'model.goals["{goal}"](state, result)')
    assert page == list(explorer.reached(goal))


def test_the_arithmetic_divides_two_lengths(script):
    explorer = Truncation()
    g, full = truncation.flat(explorer.grads), truncation.flat(explorer.full)
    words = in_page(script, explorer.settings, "model.arithmeticOf(result)")
    size, other, difference = (f"{np.linalg.norm(one):.3g}" for one in (full, g, full - g))
    lengths = f"k = 5: the whole gradient has length {size}, the truncated one {other}, their difference {difference}"
    error = np.linalg.norm(full - g) / np.linalg.norm(full)
    assert words == f"{lengths}: {difference} / {size} = {error:.3g}."


# ---- The picture, and what it refuses ----


@pytest.mark.parametrize("key", LANDMARKS)
def test_the_picture_is_clear_where_nothing_is_drawn_and_drawn_elsewhere(key):
    pixels = imread(io.BytesIO(Truncation.landmark(key).picture()))
    assert pixels.shape[2] == 4 and pixels.shape[1] > 700
    assert pixels[0, 0, 3] == 0
    assert 0.01 < (pixels[:, :, 3] > 0.5).mean() < 0.5


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"window": 0}, "window is 0; expected a whole number from 1 to 60"),
        ({"window": 2.5}, "window is 2.5; expected a whole number"),
        ({"delay": 10}, "delay is 10; expected a whole number from 0 to 9"),
        ({"carry": 1}, "carry is 1; expected True or False"),
        ({"meaning": "cut"}, "did you mean 'cuts'"),
        ({"units": 17}, "units is 17; expected a whole number from 2 to 16"),
        ({"goal": "worse"}, "goal is 'worse'; expected one of 'worse-than-nothing', 'reach-beats-cuts'"),
    ],
)
def test_settings_it_does_not_take_are_refused_in_words(settings, words):
    with pytest.raises((ValueError, traitlets.TraitError), match=words):
        Truncation(**settings)


def test_the_site_s_script_takes_the_explorer():
    assert '"truncation": {' in joiner.site_script()
