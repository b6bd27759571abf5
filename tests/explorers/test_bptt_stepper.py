"""BpttStepper: the page's numbers and words against rnnlib's, its landmarks and its training by plain loops, goals."""

import io
import math

import numpy as np
import pytest
import traitlets
from matplotlib.image import imread

from rnnlib.explorers import BpttStepper, joiner, specs

SPEC = specs.read_spec("bptt-stepper")
LANDMARKS = list(SPEC["landmarks"])
T = 6


def in_page(script, state, expression):
    """Return a JavaScript expression of `state`, `result` and `model`."""
    return script.value(
        f'((model) => ((result) => {expression})(model.compute(state)))(modules["bptt-stepper-model"])',
        state=state,
    )


def random_settings(count=60):
    rng = np.random.default_rng(5)
    for _ in range(count):
        yield {
            "step": int(rng.integers(14)),
            "w": round(float(rng.uniform(-2, 2)), 2),
            "of": str(rng.choice(["w", "u", "b"])),
            "loss": str(rng.choice(["every", "last"])),
            "activation": str(rng.choice(["tanh", "identity", "relu", "sigmoid"])),
            "u": round(float(rng.uniform(-2, 2)), 2),
            "b": round(float(rng.uniform(-2, 2)), 2),
            "h0": round(float(rng.uniform(-1.5, 1.5)), 2),
            "x": rng.uniform(-3, 3, T).round(1).tolist(),
            "y": rng.uniform(-3, 3, T).round(1).tolist(),
            "train": int(rng.choice([0, 0, 1, 7, 40])),
            "rate": float(rng.choice([0.01, 0.05, 0.2])),
        }


SETTINGS = [SPEC["landmarks"][key]["settings"] for key in LANDMARKS] + list(random_settings())
SETTINGS += [{"step": step, "of": of} for step in range(14) for of in "wub"]

PHI = {
    "tanh": (math.tanh, lambda a: 1 / math.cosh(a) ** 2),
    "identity": (lambda a: a, lambda a: 1.0),
    "relu": (lambda a: max(a, 0.0), lambda a: float(a > 0)),
    "sigmoid": (lambda a: 1 / (1 + math.exp(-a)), lambda a: math.exp(-a) / (1 + math.exp(-a)) ** 2),
}


def plain(settings, weights=None):
    """Return (h, δ, {"w": terms, "u": …, "b": …}, L) by the definitions, the terms as a sum over all pairs of steps.

    The term of step t is Σ_τ ∂L_τ/∂h_τ · ∂h_τ/∂h_t · φ′(a_t) · what w, u or b multiplies: no recursion back.
    """
    state = {**specs.defaults(SPEC), **settings}
    w, u, b = weights or (state["w"], state["u"], state["b"])
    phi, slope = PHI[state["activation"]]
    h, a = [state["h0"]], [None]
    for x in state["x"]:
        a.append(w * h[-1] + u * x + b)
        h.append(phi(a[-1]))
    errors = [0.0] + [h[t] - state["y"][t - 1] for t in range(1, T + 1)]
    if state["loss"] == "last":
        errors[1:T] = [0.0] * (T - 1)
    between = lambda t, tau: math.prod(w * slope(a[k]) for k in range(t + 1, tau + 1))  # ∂h_τ/∂h_t
    delta = [sum(errors[tau] * between(t, tau) for tau in range(max(t, 1), T + 1)) for t in range(T + 1)]
    da = [0.0] + [delta[t] * slope(a[t]) for t in range(1, T + 1)]
    met = {"w": h[:-1], "u": state["x"], "b": [1.0] * T}
    terms = {name: [da[t] * met[name][t - 1] for t in range(1, T + 1)] for name in met}
    return h, delta, terms, 0.5 * sum(error**2 for error in errors)


def plain_training(settings):
    """Return (the weights, L before each step and after the last) by plain loops."""
    state = {**specs.defaults(SPEC), **settings}
    weights, course = [state["w"], state["u"], state["b"]], []
    for k in range(state["train"] + 1):
        _, _, terms, loss = plain(settings, weights)
        course.append(loss)
        if k < state["train"]:
            weights = [value - state["rate"] * sum(terms[name]) for value, name in zip(weights, "wub")]
    return weights, course


def steady(settings):
    """Tell whether rounding of the weights does not grow on the way, so that digits can be compared."""
    state = {**specs.defaults(SPEC), **settings}
    if BpttStepper(**state).course[-1] > 1e6:
        return False
    ours, near = (plain_training({**state, "w": state["w"] + nudge})[0] for nudge in (0, 1e-9))
    return max(abs(one - other) for one, other in zip(ours, near)) < 1e-7


# ---- The same in both languages, and in plain loops ----


@pytest.mark.parametrize("settings", SETTINGS, ids=range(len(SETTINGS)))
def test_numbers_and_words_equal_rnnlib_s(script, settings):
    explorer = BpttStepper(**settings)
    page = in_page(
        script,
        explorer.settings,
        "({ h: result.h, delta: result.delta, terms: result.terms[state.of], course: result.course,"
        " weights: result.weights, sentence: model.describe(state, result) })",
    )
    assert steady(settings) or settings["train"] > 0
    if steady(settings):
        np.testing.assert_allclose(page["course"], explorer.course, rtol=1e-9, atol=1e-13)
        np.testing.assert_allclose(page["h"], explorer.trace.h.ravel(), rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(page["delta"], explorer.grads.h.ravel(), rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(page["terms"][1:], explorer.terms, rtol=1e-9, atol=1e-12)
        assert page["weights"] == pytest.approx(explorer.weights, rel=1e-9, abs=1e-12)
        assert page["sentence"] == explorer.sentence


def test_most_settings_are_compared_digit_by_digit():
    assert sum(steady(settings) for settings in SETTINGS) >= 0.9 * len(SETTINGS)


@pytest.mark.parametrize("settings", SETTINGS, ids=range(len(SETTINGS)))
def test_every_term_equals_the_sum_over_later_losses(settings):
    explorer = BpttStepper(**settings)
    h, delta, terms, loss = plain(settings, list(explorer.weights.values()))
    np.testing.assert_allclose(explorer.trace.h.ravel(), h, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(explorer.grads.h.ravel(), delta, rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(explorer.terms, terms[explorer.of], rtol=1e-7, atol=1e-9)
    assert explorer.course[-1] == pytest.approx(loss, rel=1e-9, abs=1e-15)


@pytest.mark.parametrize("settings", [one for one in SETTINGS if one.get("train") and steady(one)])
def test_training_equals_plain_loops(settings):
    weights, course = plain_training(settings)
    assert list(BpttStepper(**settings).weights.values()) == pytest.approx(weights, rel=1e-6, abs=1e-9)
    assert BpttStepper(**settings).course == pytest.approx(course, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("name", ["w", "u", "b"])
@pytest.mark.parametrize("settings", [{}, {"loss": "last"}, {"activation": "sigmoid", "w": -1.5}])
def test_the_sum_of_the_terms_is_the_slope_of_the_loss(settings, name):
    at, eps = {**specs.defaults(SPEC), **settings}[name], 1e-5
    above, below = (plain({**settings, name: at + move})[3] for move in (eps, -eps))
    assert BpttStepper(**settings, of=name).terms.sum() == pytest.approx(
        (above - below) / (2 * eps), abs=1e-8
    )


def test_training_that_runs_away_stops_and_says_so(script):
    explorer = BpttStepper(activation="identity", w=1.8, rate=2, train=300)
    assert len(explorer.course) < 10 and all(map(math.isfinite, explorer.weights.values()))
    assert "runs away: at its step" in explorer.sentence and "learning rate 2" in explorer.sentence
    assert in_page(script, explorer.settings, "model.describe(state, result)") == explorer.sentence
    assert not explorer.reached("trained")[0]


# ---- The table ----


def test_the_table_fills_forward_and_then_back(script):
    """What is known after `step` steps: h_t from step t on, everything of the way back at t from step 13 − t on."""
    for step in range(14):
        state = BpttStepper(step=step).settings
        times = "[0, 1, 2, 3, 4, 5, 6]"
        known = in_page(
            script,
            state,
            "Object.fromEntries(model.ROWS.map(({ key }) =>"
            f" [key, {times}.filter((t) => model.valueOf(state, result, key, t) !== null)]))",
        )
        back = [t for t in range(1, 7) if step >= 13 - t]
        assert known["x"] == known["y"] == [1, 2, 3, 4, 5, 6]
        assert known["h"] == [t for t in range(7) if step >= t]
        assert known["adds"] == known["prime"] == known["da"] == known["term"] == known["sum"] == back
        assert known["arrives"] == known["delta"] == ([0, *back] if step == 13 else back)


@pytest.mark.parametrize(
    "settings", [{}, {"loss": "last", "w": 1.8, "of": "u"}, {"activation": "sigmoid", "of": "b"}]
)
def test_the_table_s_numbers_are_those_of_plain_loops(script, settings):
    state = BpttStepper(step=13, **settings).settings
    h, delta, terms, _ = plain(settings)
    slope = PHI[state["activation"]][1]
    a = [None] + [state["w"] * h[t - 1] + state["u"] * state["x"][t - 1] + state["b"] for t in range(1, 7)]
    row = lambda key: in_page(
        script, state, f'[0, 1, 2, 3, 4, 5, 6].map((t) => model.valueOf(state, result, "{key}", t))'
    )
    da = [delta[t] * slope(a[t]) for t in range(1, 7)]
    assert row("h") == pytest.approx(h)
    assert row("delta") == pytest.approx(delta)
    assert row("prime")[1:] == pytest.approx([slope(a[t]) for t in range(1, 7)])
    assert row("da")[1:] == pytest.approx(da)
    assert row("arrives") == pytest.approx([state["w"] * one for one in da] + [0], abs=1e-12)
    assert row("adds")[1:] == pytest.approx(
        [delta[t] - state["w"] * (da + [0])[t] for t in range(1, 7)], abs=1e-9
    )
    assert row("term")[1:] == pytest.approx(terms[state["of"]])
    assert row("sum")[1:] == pytest.approx([sum(terms[state["of"]][t:]) for t in range(6)])


def test_each_number_s_arithmetic_ends_in_the_number(script):
    for settings in ({}, {"of": "u", "activation": "sigmoid"}, {"of": "b", "activation": "relu"}):
        state = BpttStepper(step=13, **settings).settings
        lines = in_page(
            script,
            state,
            "model.ROWS.flatMap(({ key, first }) => [0, 1, 2, 3, 4, 5, 6].filter((t) => t >= first).map((t) =>"
            " [model.valueOf(state, result, key, t), model.arithmeticOf(state, result, key, t), key, t]))",
        )
        assert len(lines) == 63
        for value, line, key, t in lines:
            given = key in "xy" or (key, t) in (("h", 0), ("arrives", 6), ("delta", 0))
            if not given:
                number = line.split("= ")[-1].replace("−", "-")
                if "×" not in number:
                    assert float(number) == pytest.approx(value, rel=0.006), line
            assert line.count(" = ") >= 1 or given, line


SHORT = {
    0.5: "0.50",
    -0.426: "−0.43",
    0: "0",
    24.31: "24.3",
    459.2: "459",
    -0.0004321: "−4·10⁻⁴",
    0.00997: "0.01",
    2.6e7: "3·10⁷",
}


@pytest.mark.parametrize("x", SHORT)
def test_numbers_in_cells_are_short(script, x):
    assert script.value('modules["bptt-stepper-model"].brief(x)', x=x) == SHORT[x]


# ---- Landmarks, prediction, goals ----


def test_landmarks_by_plain_loops():
    def says(key):
        return BpttStepper.landmark(key).sentence

    show = lambda x: f"{x:.3g}".replace("-", "−")
    h, delta, terms, loss = plain({})
    assert "nothing is computed yet" in says("start")
    assert f"δ₆ = {show(h[6] - 0.5)}." in says("first-delta") and "nothing arrives" in says("first-delta")
    assert f"∂L/∂w = {show(sum(terms['w']))}, with L = {show(loss)}" in says("summed")
    vanishing = plain(SPEC["landmarks"]["vanishes"]["settings"])[1]
    assert abs(vanishing[0] / vanishing[6]) < 1e-3 and "it vanishes" in says("vanishes")
    assert f"from {show(vanishing[6])} at h₆ to {vanishing[0]:.6f}".replace("-", "−") in says("vanishes")
    growing = plain(SPEC["landmarks"]["explodes"]["settings"])[1]
    assert growing[0] / growing[6] == pytest.approx(1.8**6)  # the slope is 1, so w⁶ is all that happens
    assert f"to {show(growing[0])} at h₀: it explodes" in says("explodes")


def test_the_prediction_is_answered_by_what_happens(script):
    settings = SPEC["prediction"]["settings"]
    sizes = np.abs(plain(settings)[2]["w"])
    assert sizes[4:].sum() / sizes.sum() > 0.6 and sizes[5] / sizes.sum() < 0.95 and (sizes > 0).all()
    pick = lambda **given: in_page(script, BpttStepper(**given).settings, "model.outcome(state, result)")
    assert SPEC["prediction"]["options"][pick(**settings)] == "from all six, most from the last two"
    assert pick(loss="last", w=0) == 0
    assert pick(loss="last", w=1, u=0, activation="identity") == 1


@pytest.mark.parametrize(
    ("goal", "settings", "reached"),
    [
        ("earliest-largest", {}, False),
        ("earliest-largest", {"loss": "last"}, False),
        ("earliest-largest", {"loss": "last", "h0": 0, "w": 1.8, "activation": "identity"}, False),
        ("earliest-largest", {"loss": "last", "w": 1, "u": 0, "activation": "identity"}, False),  # all alike
        ("earliest-largest", {"loss": "last", "w": 1, "u": -0.3, "h0": 1.5, "activation": "identity"}, True),
        ("trained", {}, False),
        ("trained", {"train": 300, "rate": 2}, False),
        ("trained", {"train": 20}, True),
    ],
)
def test_goals_are_judged_alike(script, goal, settings, reached):
    explorer = BpttStepper(**settings)
    assert explorer.reached(goal)[0] == reached
    assert in_page(script, explorer.settings, f'model.goals["{goal}"](state, result)') == list(
        explorer.reached(goal)
    )


# ---- Picture, refusals ----


@pytest.mark.parametrize("key", LANDMARKS)
def test_the_picture_shows_what_is_computed(key):
    picture = imread(io.BytesIO(BpttStepper.landmark(key).picture()))
    red = (picture[..., 0] > 0.6) & (picture[..., 2] < 0.2) & (picture[..., 3] > 0.9)  # gradients
    rows = red[:, picture.shape[1] // 4 :].sum()
    assert rows < 200 if key == "start" else rows > 100
    assert (picture[..., 3] == 0).mean() > 0.5  # transparent ground


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"step": 14}, "step is 14; expected a whole number from 0 to 13"),
        ({"w": 3.1}, "w is 3.1; expected a number from -3 to 3"),
        ({"x": [1, 2, 3]}, r"x is \[1, 2, 3\]; expected a list of 6 to 6 numbers"),
        ({"y": [0, 0, 0, 0, 0, 9]}, r"y\[5\] is 9; expected a number from -3 to 3"),
        ({"of": "W"}, "of is 'W'; expected one of 'w', 'u', 'b'"),
        ({"train": -1}, "train is -1; expected a whole number from 0 to 300"),
        ({"rate": 0}, "rate is 0; expected a number from 0.01 to 2"),
        ({"goal": "train"}, "did you mean 'trained'"),
    ],
)
def test_settings_it_does_not_take_are_refused_in_words(settings, words):
    with pytest.raises((ValueError, traitlets.TraitError), match=words):
        BpttStepper(**settings)


def test_the_site_s_script_takes_the_explorer():
    assert '"bptt-stepper": {' in joiner.site_script()
