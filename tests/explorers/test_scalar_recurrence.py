"""The scalar explorer: the same words, numbers and verdicts in both languages; its numbers from elsewhere."""

import math
import random

import numpy as np
import pytest

import rnnlib
from rnnlib.explorers import ScalarRecurrence
from rnnlib.explorers import scalar_recurrence as ours

SPEC = ScalarRecurrence.spec
LANDMARKS = list(SPEC["landmarks"])
CONTROLS = {control["name"]: control for control in SPEC["controls"]}
COMPUTED = '(modules["scalar-recurrence"].compute(state))'


def random_settings(rng):
    """Any setting that the controls can reach, the telling weights more often than chance would have them."""

    def place(name):
        low, high = (round(CONTROLS[name][end] / 0.05) for end in ("min", "max"))
        return round(rng.randint(low, high) * 0.05, 2)

    settings = {name: place(name) for name in ("w", "h0", "b", "u")}
    if rng.random() < 0.4:
        settings |= {
            "w": rng.choice([-3, -1.5, -1, 0, 0.95, 1, 1.05, 1.5, 3]),
            "b": rng.choice([0, 0, 0.1, -0.1]),
        }
    settings["activation"] = rng.choice(CONTROLS["activation"]["options"])
    settings["input"] = rng.choice([value for value, _ in CONTROLS["input"]["options"]])
    return settings | {"T": rng.randint(8, 100), "seed": rng.randint(0, 9999)}


RANDOM = [random_settings(random.Random(k)) for k in range(250)]
KNOWN = [{}, {"w": 1.5, "h0": 0}, *(SPEC["landmarks"][key]["settings"] for key in LANDMARKS)]


def computed(script, state):
    return script.value(COMPUTED, state=state)


def test_the_sentence_is_the_same_in_both_languages(script):
    kinds = set()
    for settings in KNOWN + RANDOM:
        explorer = ScalarRecurrence(**settings)
        said = script.value(
            f'modules["scalar-recurrence"].describe(state, {COMPUTED})', state=explorer.settings
        )
        assert said == explorer.sentence, settings
        kinds.add(computed(script, explorer.settings)["fate"]["kind"])
    assert kinds == {*ours.SENTENCES, "driven"} - {"moves"}  # every sentence but the last resort was tried


def test_a_state_still_on_its_way_is_said_to_be(script):
    """|w| = 0.9999 takes longer than the 10000 steps that are looked ahead; no slider reaches it, Python does."""
    explorer = ScalarRecurrence(w=0.9999, h0=1.5, activation="identity")
    said = script.value(f'modules["scalar-recurrence"].describe(state, {COMPUTED})', state=explorer.settings)
    assert said == explorer.sentence == "h is at 1.5 after 24 steps and still on its way."


def test_the_numbers_are_the_same_in_both_languages(script):
    for settings in KNOWN + RANDOM[:150]:
        explorer = ScalarRecurrence(**settings)
        there, trace = computed(script, explorer.settings), explorer.trace
        assert there["x"] == ours.inputs(explorer.settings).tolist()  # bit for bit
        np.testing.assert_allclose(np.array(there["h"], float), trace.h.ravel(), rtol=1e-10, atol=1e-13)
        every, points = ours.fixed_points(explorer.settings)
        assert there["fixed"]["every"] == every
        assert [one["kind"] for one in there["fixed"]["points"]] == [kind for _, _, kind in points]
        found = [(one["h"], one["slope"]) for one in there["fixed"]["points"]]
        np.testing.assert_allclose(
            np.ravel(found), np.ravel([point[:2] for point in points]), rtol=1e-9, atol=1e-12
        )


# ---- Fixed points, held against what does not use them ----


def crossings(w, b, phi):
    """Where φ(w h + b) − h changes sign on a fine grid: a count that owes nothing to the explorer's method."""
    h = np.linspace(-1.0000123, 1.0000321, 100_001)
    gap = phi(w * h + b) - h
    return h[:-1][np.sign(gap[:-1]) != np.sign(gap[1:])]


@pytest.mark.parametrize("activation", ["tanh", "sigmoid"])
def test_all_fixed_points_are_found(activation):
    phi = {"tanh": np.tanh, "sigmoid": lambda a: 1 / (1 + np.exp(-a))}[activation]
    rng, counts = random.Random(4), set()
    for _ in range(30):
        w, b = rng.uniform(-3, 3), rng.choice([0.0, rng.uniform(-0.6, 0.6)])
        _, points = ours.fixed_points({"w": w, "b": b, "activation": activation})
        assert [h for h, _, _ in points] == pytest.approx(crossings(w, b, phi), abs=3e-5)
        counts.add(len(points))
    assert counts == ({1, 3} if activation == "tanh" else {1})


def test_a_steep_sigmoid_has_three():
    """Beyond the sliders: w = 8, b = −4, whose outer points are where σ(8h − 4) = h; 1/2 is one by symmetry."""
    _, points = ours.fixed_points({"w": 8.0, "b": -4.0, "activation": "sigmoid"})
    assert [kind for _, _, kind in points] == ["stable", "unstable", "stable"]
    for h, slope, _ in points:
        assert 1 / (1 + math.exp(4 - 8 * h)) == pytest.approx(h)
        assert slope == pytest.approx(8 * h * (1 - h))


@pytest.mark.parametrize(
    ("w", "b", "activation", "expected"),
    [(0.5, 1, "identity", [(2, 0.5, "stable")]),
     (2, 1, "identity", [(-1, 2, "unstable")]),
     (1, 0.5, "identity", []),
     (1, 0.5, "relu", []),
     (2, -1, "relu", [(0, 0, "stable"), (1, 2, "unstable")]),
     (-2, 1, "relu", [(1 / 3, -2, "unstable")]),
     (0.5, 1, "relu", [(2, 0.5, "stable")]),
     (2, 1, "relu", []),
     (2, 0, "relu", [(0, 2, "unstable")]),
     (-1, 0, "identity", [(0, -1, "marginal")]),
     (1, 0, "tanh", [(0, 1, "marginal")]),
     (-1, 0, "tanh", [(0, -1, "marginal")])],
)  # fmt: skip
def test_fixed_points_one_can_find_by_hand(script, w, b, activation, expected):
    state = ScalarRecurrence(w=w, b=b, activation=activation).settings
    every, points = ours.fixed_points(state)
    assert not every
    assert points == [(pytest.approx(h), pytest.approx(slope), kind) for h, slope, kind in expected]
    assert [one["kind"] for one in computed(script, state)["fixed"]["points"]] == [
        kind for *_, kind in expected
    ]


@pytest.mark.parametrize("activation", ["identity", "relu"])
def test_with_slope_one_and_no_bias_every_state_is_fixed(activation):
    assert ours.fixed_points({"w": 1.0, "b": 0.0, "activation": activation}) == (True, [])


# ---- Landmarks: numbers found by bisection and by hand, here ----


def latch(w):
    """The positive h with h = tanh(w h), by bisection on [0.1, 1]."""
    low, high = 0.1, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if math.tanh(w * middle) > middle else (low, middle)
    return low


def last(explorer):
    return explorer.trace.h[-1, 0, 0]


def test_fades():
    explorer = ScalarRecurrence.landmark("fades")
    assert abs(last(explorer)) < 1e-6
    assert ours.fixed_points(explorer.settings)[1] == [(0, 0.5, "stable")]


def test_two_futures_and_the_other():
    h = latch(1.5)
    assert h == pytest.approx(0.8586, abs=1e-4)
    assert last(ScalarRecurrence.landmark("two-futures")) == pytest.approx(h, abs=1e-6)
    assert last(ScalarRecurrence.landmark("other-future")) == pytest.approx(-h, abs=1e-6)
    (low, slope, _), (middle, steep, _), (high, _, _) = ours.fixed_points(ScalarRecurrence(w=1.5).settings)[1]
    assert (low, middle, high) == (pytest.approx(-h), 0, pytest.approx(h))
    assert steep == 1.5 and slope == pytest.approx(1.5 * (1 - h * h))


def test_flips():
    explorer = ScalarRecurrence.landmark("flips")
    assert sorted(explorer.trace.h[-2:, 0, 0]) == [
        pytest.approx(-latch(1.5), abs=1e-6),
        pytest.approx(latch(1.5), abs=1e-6),
    ]


def test_remembers():
    h = ScalarRecurrence.landmark("remembers").trace.h.ravel()
    assert h[0] == 0 and (h[1:] == 1).all()


def test_grows():
    explorer = ScalarRecurrence.landmark("grows")
    assert last(explorer) == pytest.approx(0.1 * 1.1**24)


def test_critical_decays_like_a_power():
    """Near 0, tanh h = h − h³/3, so 1/h² grows by 2/3 a step: h is near √(3/(2t))."""
    h = ScalarRecurrence.landmark("critical", T=100).trace.h.ravel()
    assert np.diff(1 / h[50:] ** 2) == pytest.approx(2 / 3, rel=0.02)


@pytest.mark.parametrize("key", LANDMARKS)
def test_a_landmark_differs_from_every_other(key):
    states = [ScalarRecurrence.landmark(one).settings for one in LANDMARKS]
    assert states.count(ScalarRecurrence.landmark(key).settings) == 1


# ---- What Python reads back ----


def test_trace_and_grads_are_rnnlibs_own():
    explorer = ScalarRecurrence(w=1.5, h0=0.1, b=0.2, input="noise", seed=3)
    trace, grads = explorer.trace, explorer.grads
    assert isinstance(trace.owner, rnnlib.RNN) and trace.h.shape == (25, 1, 1)
    assert trace.owner.params["W_hh"].item() == 1.5 and trace.h[0].item() == 0.1
    slopes = 1.5 * (1 - trace.h[1:, 0, 0] ** 2)
    assert grads.h[:, 0, 0] == pytest.approx(
        np.r_[np.cumprod(slopes[::-1])[::-1], 1]
    )  # ∂h_T/∂h_t, by the chain rule


def test_a_trait_that_moves_moves_all_that_is_read_back():
    explorer = ScalarRecurrence()
    said = explorer.sentence
    explorer.w = 1.5
    assert explorer.trace.owner.params["W_hh"].item() == 1.5
    assert explorer.sentence != said and explorer.code() == "rnnlib.explorers.ScalarRecurrence(w=1.5)"


# ---- Inputs, prediction, goals ----


@pytest.mark.parametrize("T", [8, 24, 27, 100])
def test_the_pushes_are_one_up_and_one_down_of_an_eighth_each(T):
    x = ours.inputs(ScalarRecurrence(input="steps", T=T).settings)
    up, down = np.flatnonzero(x == 1), np.flatnonzero(x == -1)
    assert len(up) + len(down) == np.count_nonzero(x)
    assert up[0] >= T / 8 and up[-1] < T / 4 and down[0] >= 5 * T / 8 and down[-1] < 6 * T / 8
    assert abs(len(up) - T / 8) < 1 and abs(len(down) - T / 8) < 1


def test_the_prediction_has_the_outcome_that_happens(script):
    setting = ScalarRecurrence(**SPEC["prediction"]["settings"])
    outcome = script.value(f'modules["scalar-recurrence"].outcome(state, {COMPUTED})', state=setting.settings)
    assert SPEC["prediction"]["options"][outcome] == "to a value between 0 and 1, and stays there"
    assert 0 < last(setting) < 1


VERDICTS = [
    ("two-futures", {"w": 0.5, "b": 0.2}, False, "stable fixed points: 1"),
    ("two-futures", {"w": 1.5}, False, "but b is 0"),
    ("two-futures", {"w": 2, "b": 0.1}, True, "starts end at"),
    ("two-futures", {"w": 2, "b": 1.5}, False, "stable fixed points: 1"),
    ("remember-pulse", {"input": "pulse", "h0": 0}, False, "without the pulse"),
    ("remember-pulse", {"input": "pulse", "h0": 0, "w": 1.5}, True, "0 without the pulse"),
    ("remember-pulse", {"input": "pulse", "h0": 0.1, "w": 1.5}, False, "0.859 without the pulse"),
    ("remember-pulse", {"input": "pulse", "h0": 0, "w": 1, "activation": "identity"}, False, "it takes tanh"),
    ("remember-pulse", {"w": 1.5}, False, "it takes tanh and one pulse"),
    ("period-two", {"w": -1.5}, True, "between −0.859 and 0.859"),
    ("period-two", {"w": -0.9}, False, "does not come back"),
    ("period-two", {"w": -1.5, "h0": 0}, False, "does not come back"),
]


@pytest.mark.parametrize(("goal", "settings", "reached", "words"), VERDICTS)
def test_goals_are_judged_alike_in_both_languages(script, goal, settings, reached, words):
    explorer = ScalarRecurrence(goal=goal, **settings)
    verdict = explorer.reached()
    assert verdict[0] is reached and words in verdict[1]
    there = script.value(
        f'modules["scalar-recurrence"].goals[goal](state, {COMPUTED})', state=explorer.settings, goal=goal
    )
    assert tuple(there) == verdict == explorer.reached(goal)


def test_goals_agree_on_random_settings(script):
    for settings in RANDOM[:80]:
        explorer = ScalarRecurrence(**settings)
        for goal in SPEC["goals"]:
            there = script.value(
                f'modules["scalar-recurrence"].goals[goal](state, {COMPUTED})',
                state=explorer.settings,
                goal=goal,
            )
            assert tuple(there) == explorer.reached(goal), (settings, goal)


def test_every_goal_of_the_specification_has_its_judge(script):
    assert set(SPEC["goals"]) == set(ScalarRecurrence.goal_rules)
    assert set(script.value('Object.keys(modules["scalar-recurrence"].goals)')) == set(SPEC["goals"])


# ---- The drawing's pure parts ----


def test_curves_are_cut_at_the_edge_of_the_square(script):
    points = script.value('modules["scalar-recurrence"].curvePoints((h) => 3 * h, 1.5)')
    assert max(abs(y) for _, y in points) == 1.5
    assert points[0] == [pytest.approx(-0.5), -1.5] and points[-1] == [pytest.approx(0.5), 1.5]


def test_the_cobweb_goes_from_diagonal_to_curve_and_back(script):
    path = script.value('modules["scalar-recurrence"].cobwebPath([1, 0.5, 0.25])')
    assert path == [[1, 1], [1, 0.5], [0.5, 0.5], [0.5, 0.25], [0.25, 0.25]]


def test_the_arithmetic_of_a_step_is_spelled_out(script):
    state = ScalarRecurrence(w=-0.5, b=-0.2, input="pulse", h0=0.4).settings
    line = script.value(f'modules["scalar-recurrence"].arithmeticOf(state, {COMPUTED}, 1)', state=state)
    assert line == "h₁ = tanh(w h₀ + u x₁ + b) = tanh(−0.5 × 0.4 + 1 × 1 + (−0.2)) = tanh(0.6) = 0.537"
