"""LossCliff: the page's numbers and words against rnnlib's, the surface, the descent and landmarks by plain loops."""

import io
import math

import numpy as np
import pytest
import traitlets
from matplotlib.image import imread

from rnnlib.explorers import LossCliff, joiner, loss_cliff, specs

SPEC = specs.read_spec("loss-cliff")
LANDMARKS = list(SPEC["landmarks"])


def in_page(script, state, expression):
    """Return a JavaScript expression of `state`, `result` and `model`."""
    return script.value(
        f'((model) => ((result) => {expression})(model.compute(state)))(modules["loss-cliff-model"])',
        state=state,
    )


def random_settings(count=50):
    rng = np.random.default_rng(13)
    for _ in range(count):
        yield {
            "steps": int(rng.choice([0, 1, 5, 20, 60])),
            "clipping": bool(rng.random() < 0.5),
            "w": round(float(rng.uniform(3, 7)), 2),
            "b": round(float(rng.uniform(-4, 0)), 2),
            "rate": round(float(rng.uniform(0.05, 2)), 2),
            "max_norm": round(float(rng.uniform(0.05, 2)), 2),
        }


SETTINGS = [SPEC["landmarks"][key]["settings"] for key in LANDMARKS] + list(random_settings())


def plain_error(w, b):
    """E, with the logistic function from its definition."""
    x = 0.5
    for _ in range(50):
        x = w / (1 + math.exp(-x)) + b
    return (1 / (1 + math.exp(-x)) - 0.7) ** 2


def plain_gradient(w, b):
    """∇E by the chain rule through all 50 steps from the last one back."""
    x = [0.5]
    for _ in range(50):
        x.append(w / (1 + math.exp(-x[-1])) + b)
    s = [1 / (1 + math.exp(-value)) for value in x]
    delta, dw, db = 2 * (s[-1] - 0.7) * s[-1] * (1 - s[-1]), 0.0, 0.0
    for t in range(50, 0, -1):
        dw, db = dw + delta * s[t - 1], db + delta
        delta *= w * s[t - 1] * (1 - s[t - 1])
    return dw, db


def plain_descent(settings, bound):
    """The places and lengths of the steps."""
    state = {**specs.defaults(SPEC), **settings}
    path, lengths = [(state["w"], state["b"])], []
    for _ in range(state["steps"]):
        g = plain_gradient(*path[-1])
        norm = math.hypot(*g)
        scale = state["rate"] * min(1.0, bound / norm if norm else 1.0)
        lengths.append(scale * norm)
        path.append(tuple(value - scale * slope for value, slope in zip(path[-1], g)))
    return path, lengths


def spread(settings):
    """By how much a start that is off by 1e-10 moves the places of either descent, relative to that."""
    state = {**specs.defaults(SPEC), **settings}
    most = 0.0
    for bound in (math.inf, state["max_norm"]):
        ours, near = (plain_descent({**state, "w": state["w"] + nudge}, bound)[0] for nudge in (0, 1e-10))
        most = max(most, *(abs(one[0] - other[0]) / 1e-10 for one, other in zip(ours, near)))
    return most


# ---- The same in both languages, and in plain loops ----


@pytest.mark.parametrize("settings", SETTINGS, ids=range(len(SETTINGS)))
def test_numbers_and_words_equal_rnnlib_s(script, settings):
    explorer = LossCliff(**settings)
    page = in_page(
        script,
        explorer.settings,
        "({ path: result.chosen.path.map(({ w, b, error, dw, db }) => Float64Array.of(w, b, error, dw, db)),"
        " sentence: model.describe(state, result) })",
    )
    ours = [(one.w, one.b, one.error, one.dw, one.db) for one in explorer.path]
    assert page["path"][0] == pytest.approx(ours[0], rel=1e-9, abs=1e-12)
    if spread(settings) < 1e6:  # elsewhere each bounce off the cliff lets rounding grow
        np.testing.assert_allclose(np.array(page["path"])[:, :2], np.array(ours)[:, :2], rtol=1e-7, atol=1e-7)
        assert page["sentence"] == explorer.sentence


def test_most_settings_are_compared_digit_by_digit():
    assert sum(spread(settings) < 1e6 for settings in SETTINGS) >= 0.8 * len(SETTINGS)


@pytest.mark.parametrize("settings", SETTINGS, ids=range(len(SETTINGS)))
def test_descent_equals_plain_loops(settings):
    explorer = LossCliff(**settings)
    path, lengths = plain_descent(settings, explorer.max_norm if explorer.clipping else math.inf)
    ours = explorer.path
    assert ours[0].error == pytest.approx(plain_error(*path[0]), rel=1e-8, abs=1e-14)
    assert (ours[0].dw, ours[0].db) == pytest.approx(plain_gradient(*path[0]), rel=1e-7, abs=1e-12)
    if spread(settings) < 1e6:
        np.testing.assert_allclose([(one.w, one.b) for one in ours], path, rtol=1e-6, atol=1e-6)
        if explorer.clipping:
            assert max([0, *lengths]) <= explorer.rate * explorer.max_norm * (1 + 1e-12)


def test_the_gradient_is_the_slope_of_the_error():
    for w, b in ((5, -2), (4, -1.5), (6.5, -3.3)):
        eps = 1e-6
        slopes = (
            (plain_error(w + eps, b) - plain_error(w - eps, b)) / (2 * eps),
            (plain_error(w, b + eps) - plain_error(w, b - eps)) / (2 * eps),
        )
        place = LossCliff(w=w, b=b).path[0]
        assert (place.dw, place.db) == pytest.approx(slopes, rel=1e-6)


def test_the_map_is_the_error_at_the_middle_of_its_cells(script):
    """Row by row from the top, where b is 0."""
    page = script.value('modules["loss-cliff-model"].surfaceOf(10).values')
    middles = [(3 + 0.4 * (k % 10 + 0.5), -0.4 * (k // 10 + 0.5)) for k in range(100)]
    expected = [plain_error(w, b) for w, b in middles]
    np.testing.assert_allclose(page, expected, rtol=0, atol=1e-4)  # no colour differs by less than 1e-3
    exact = [script.value('modules["loss-cliff-model"].errorAt(w, b)', w=w, b=b) for w, b in middles]
    np.testing.assert_allclose(exact, expected, rtol=1e-7, atol=1e-11)
    w, b = np.array(middles).T
    np.testing.assert_allclose(loss_cliff.errors_at(w, b), expected, rtol=1e-7, atol=1e-12)


def test_the_map_has_a_cliff():
    """Across it E jumps from about 0.01 to 0.34 within 0.01 of b, and nowhere above it by so much."""
    assert plain_error(5, -2.61) < 0.011 and plain_error(5, -2.62) > 0.34
    b = np.arange(-2.6, 0, 0.01)
    assert np.abs(np.diff(loss_cliff.errors_at(np.full_like(b, 5), b))).max() < 0.01


# ---- Landmarks, prediction, goal ----


def test_the_two_points():
    """Both are known from a derivation apart from this repository: E and ‖∇E‖ to the digits given."""
    cliff, beside = LossCliff.landmark("cliff"), LossCliff.landmark("beside")
    assert cliff.error == pytest.approx(0.149604, abs=5e-7)
    assert cliff.path[0].norm == pytest.approx(6773, abs=0.5)
    assert beside.error == pytest.approx(0.0555855, abs=5e-8)
    assert beside.path[0].norm == pytest.approx(0.0555, abs=5e-5)
    assert "(5, −2.61234136) E = 0.149604 and ‖∇E‖ = 6773: this is the cliff" in cliff.sentence
    assert "(5, −2) E = 0.0555855 and ‖∇E‖ = 0.0555: the slope is gentle" in beside.sentence


def test_one_step_throws_the_weights_away_and_clipping_keeps_them():
    path, lengths = plain_descent({"steps": 60}, math.inf)
    assert lengths.index(max(lengths)) == 24 and max(lengths) == pytest.approx(5.04, abs=0.005)
    assert min(plain_error(*one) for one in path[:25]) < 0.005 < 0.08 < plain_error(*path[-1])
    assert "Step 25, 5.04 long, throws the weights to (6.29, 2.48)" in LossCliff.landmark("thrown").sentence
    path, lengths = plain_descent({"steps": 60}, 0.5)
    end = plain_error(*path[-1])
    assert max(lengths) <= 0.5 + 1e-12 and end == pytest.approx(0.00247, abs=5e-6)
    assert "to 0.00247 in 60 steps, no step longer than 0.5" in LossCliff.landmark("clipped").sentence
    assert all(3 < w < 7 and -4 < b < 0 for w, b in path)  # it stays on the map


def test_the_landmarks_do_not_rest_on_rounding():
    for key in ("thrown", "clipped"):
        assert spread(SPEC["landmarks"][key]["settings"]) < 1e8  # of 1e-16: eight digits stay


def test_weights_beyond_all_bounds_end_the_descent(script):
    state = {**LossCliff(steps=60).settings, "b": -2.61234136, "rate": 2000}  # no control goes so far
    page = in_page(script, state, "result.plain.path.length")
    assert page == len(loss_cliff.descend(state, math.inf).path) == 1


def test_the_prediction_is_answered_by_what_happens(script):
    pick = lambda **given: in_page(script, LossCliff(**given).settings, "model.outcome(state, result)")
    happened = SPEC["prediction"]["options"][pick(**SPEC["prediction"]["settings"])]
    assert happened == "it falls, then one step throws it away for good"
    assert pick(steps=5) == 0 and pick(steps=1, b=-2.61, rate=2) == 2


@pytest.mark.parametrize(
    ("settings", "reached"),
    [
        ({}, False),
        ({"steps": 60}, False),
        ({"steps": 20, "clipping": True}, False),
        ({"steps": 60, "clipping": True}, True),
    ],
)
def test_goals_are_judged_alike(script, settings, reached):
    explorer = LossCliff(**settings)
    assert explorer.reached("survive")[0] == reached
    assert in_page(script, explorer.settings, "model.goals.survive(state, result)") == list(
        explorer.reached("survive")
    )


def test_the_arithmetic_of_a_step(script):
    words = in_page(script, LossCliff(steps=60).settings, "model.arithmeticOf(state, result.plain, 24)")
    place = plain_descent({"steps": 24}, math.inf)[0][-1]
    dw, db = plain_gradient(*place)
    shown = f"∇E = ({dw:.3g}, {db:.3g}), ‖∇E‖ = {math.hypot(dw, db):.3g}; the next step is 5.04 long."
    assert words.endswith(shown.replace("-", "−"))
    clipped = in_page(script, LossCliff(steps=60).settings, "model.arithmeticOf(state, result.clipped, 17)")
    assert clipped.endswith("is 0.5 long, clipped.")


def test_trace_and_grads_are_those_at_the_end():
    explorer = LossCliff(steps=5)
    end = explorer.path[-1]
    assert explorer.trace.h.shape == (51, 1, 1)
    assert (explorer.trace.h_last.item() - 0.7) ** 2 == pytest.approx(plain_error(end.w, end.b), rel=1e-9)
    assert explorer.grads.params["W_hh"].item() == pytest.approx(plain_gradient(end.w, end.b)[0], rel=1e-8)


# ---- The picture, and what it refuses ----


@pytest.mark.parametrize("key", LANDMARKS)
def test_the_picture_is_clear_where_nothing_is_drawn_and_drawn_elsewhere(key):
    pixels = imread(io.BytesIO(LossCliff.landmark(key).picture()))
    assert pixels.shape[2] == 4 and pixels.shape[1] > 700
    assert pixels[0, 0, 3] == 0
    assert 0.05 < (pixels[:, :, 3] > 0.5).mean() < 0.6


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"steps": 61}, "steps is 61; expected a whole number from 0 to 60"),
        ({"w": 2}, "w is 2; expected a number from 3 to 7"),
        ({"b": 0.5}, "b is 0.5; expected a number from -4 to 0"),
        ({"clipping": 1}, "clipping is 1; expected True or False"),
        ({"rate": 0}, "rate is 0; expected a number from 0.05 to 2"),
        ({"goal": "survived"}, "did you mean 'survive'"),
    ],
)
def test_settings_it_does_not_take_are_refused_in_words(settings, words):
    with pytest.raises((ValueError, traitlets.TraitError), match=words):
        LossCliff(**settings)


def test_the_site_s_script_takes_the_explorer():
    assert '"loss-cliff": {' in joiner.site_script()
