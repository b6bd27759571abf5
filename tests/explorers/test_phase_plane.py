"""PhasePlane: the same words, numbers and verdicts in both languages; fixed points found another way."""

import math
import random

import numpy as np
import pytest

import rnnlib
from rnnlib.explorers import PhasePlane
from rnnlib.explorers import phase_plane as ours

SPEC = PhasePlane.spec
LANDMARKS = list(SPEC["landmarks"])
CONTROLS = {control["name"]: control for control in SPEC["controls"]}
MODULE = 'modules["phase-plane"]'
COMPUTED = f"({MODULE}.compute(state))"


# ---- The same in both languages ----


def random_settings(rng):
    """Any setting that the controls can reach, the telling ones more often than chance would have them."""

    def place(control):
        low, high = (round(control[end] / control["step"]) for end in ("min", "max"))
        return round(rng.randint(low, high) * control["step"], 2)

    settings = {name: place(control) for name, control in CONTROLS.items() if control["kind"] == "range"}
    settings |= {"g": rng.choice([0.2, 0.5, 1, 1, 1.2, 2])}
    if rng.random() < 0.4:
        settings |= {"b1": 0, "b2": 0}
    if rng.random() < 0.5:
        settings |= rng.choice([one["settings"] for one in SPEC["landmarks"].values()])
    settings["input"] = rng.choice(["none", "none", "pulse", "noise"])
    return settings | {"T": rng.randint(1, 60), "seed": rng.randint(0, 9999)}


RANDOM = [random_settings(random.Random(k)) for k in range(200)]
LATCH = SPEC["landmarks"]["latch"]["settings"]
SHARP = {"g": 3, "m11": 1, "m12": -1, "m21": 1, "m22": -1, "b1": -1.5, "b2": 2}
KNOWN = [
    {},
    *(SPEC["landmarks"][key]["settings"] for key in LANDMARKS),
    {**LATCH, "start1": 0.5, "start2": -0.5},  # on the line that leads into the saddle
    {"g": 1, "m11": 1, "m12": 0, "m21": 0, "m22": 1},  # |λ| = 1 at the origin
    {**LATCH, "m11": -1, "m12": -0.5, "m21": -0.5, "m22": -1},  # swings
    {**LATCH, "b1": 0.1, "input": "pulse", "u1": -2},
    {"g": 2, "m11": 1, "m12": 0, "m21": 0, "m22": 1},  # nine fixed points, four of them stable
    SHARP,
]


def test_the_sentence_is_the_same_in_both_languages(script):
    kinds = set()
    for settings in KNOWN + RANDOM:
        explorer = PhasePlane(**settings)
        said = script.value(f"{MODULE}.describe(state, {COMPUTED})", state=explorer.settings)
        assert said == explorer.sentence, settings
        kinds.add(ours.compute(explorer.settings)["fate"][0])
    assert kinds == set(ours.SENTENCES)


def test_the_numbers_are_the_same_in_both_languages(script):
    compared = 0
    for settings in KNOWN + RANDOM:
        state = PhasePlane(**settings).settings
        here, there = ours.compute(state), script.value(COMPUTED, state=state)
        assert there["x"] == ours.inputs(state).tolist()  # bit for bit
        assert [one["kind"] for one in there["points"]] == [kind for *_, kind in here["points"]]
        places = [one["h"] for one in there["points"]]
        np.testing.assert_allclose(places, [h for h, *_ in here["points"]], rtol=1e-7, atol=1e-10)
        if np.max(here["largest"]) > 2:
            continue  # the orbit multiplies rounding by more than 100
        compared += 1
        np.testing.assert_allclose(there["h"], here["h"].ravel(), rtol=1e-9, atol=1e-12)
        for name in ("largest", "smallest"):
            np.testing.assert_allclose(np.array(there[name], float), here[name], rtol=1e-9, atol=1e-9)
    assert compared > 100


def test_the_circle_is_carried_alike(script):
    state = PhasePlane.landmark("saddle", input="noise", u1=0.2, seed=3).settings
    there = np.reshape(script.value(f"{COMPUTED}.starts.map((h) => Array.from(h))", state=state), (48, 21, 2))
    np.testing.assert_allclose(there.transpose(1, 0, 2), ours.carried(state), rtol=1e-9, atol=1e-12)


# ---- Fixed points, found by a search along one unit ----


def by_search(W, b):
    """All h with h = tanh(h W + b) where W[1, 0] is not 0: h_1 says what h_2 must be, then only h_1 is to be found.

    Between h_1 = tanh(s) for closely spaced s, the second unit's own equation changes its sign.
    """
    s = np.linspace(-12, 12, 600_001)
    h1 = np.tanh(s)
    h2 = (s - h1 * W[0, 0] - b[0]) / W[1, 0]
    gap = np.tanh(h1 * W[0, 1] + h2 * W[1, 1] + b[1]) - h2
    crossed = np.flatnonzero(np.sign(gap[:-1]) != np.sign(gap[1:]))
    return np.stack([h1[crossed], h2[crossed]], axis=1)


def cross(upper, lower):
    return np.array([[0, upper], [lower, 0]])


def test_all_fixed_points_are_found():
    rng, counts = np.random.default_rng(5), set()
    for k in range(60):
        W = (
            rng.uniform(-3, 3, (2, 2))
            if k % 2
            else cross(rng.uniform(-0.5, 0.5), rng.choice([-0.4, -0.1, 0.1, 0.4]))
            + np.diag(rng.uniform(1, 4, 2))
        )
        b = rng.uniform(-0.5, 0.5, 2) * rng.integers(0, 2)
        found = np.array([h for h, *_ in ours.fixed_points(W, b)])
        expected = by_search(W, b)
        assert len(found) == len(expected), (W, b)
        for h in expected:
            assert np.abs(found - h).max(axis=1).min() < 1e-2  # the search's own width
        counts.add(len(found))
    assert counts == {1, 3, 5, 7, 9}


def test_two_separate_units_have_nine():
    """W = 2·I: each unit has tanh(2h) = h at −k, 0 and k on its own, with slopes 2(1 − k²) and 2."""
    k = 0.5
    for _ in range(200):
        k = math.tanh(2 * k)
    points = ours.fixed_points(2 * np.eye(2), np.zeros(2))
    expected = [(x, y) for x in (-k, 0, k) for y in (-k, 0, k)]
    assert [tuple(h) for h, *_ in points] == [pytest.approx(one, abs=1e-9) for one in expected]
    slopes = {0: 2.0, 1: 2 * (1 - k * k)}
    for (x, y), (_, eigen, large, kind) in zip(expected, points, strict=True):
        sizes = sorted(slopes[bool(one)] for one in (x, y))
        assert sorted(abs(value) for value in eigen) == pytest.approx(sizes)
        assert large == pytest.approx(sizes[1])
        assert kind == {0: "unstable", 1: "saddle", 2: "stable"}[bool(x) + bool(y)]


# ---- Landmarks ----


def root(w):
    """The positive h with h = tanh(w h), by bisection on [0.1, 1]."""
    low, high = 0.1, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if math.tanh(w * middle) > middle else (low, middle)
    return low


def loop(W, b, h, T):
    """h_T and ∂h_T/∂h_0 by the definition."""
    P = np.eye(2)
    for _ in range(T):
        h = np.tanh(h @ W + b)
        P = P @ W @ np.diag(1 - h**2)
    return h, P


def kinds_of(key):
    return [kind for *_, kind in PhasePlane.landmark(key).fixed_points]


def test_fades():
    """W = [[.5, .25], [.25, .5]] has s_max = .75 < 1: the origin draws every start in."""
    assert kinds_of("fades") == ["stable"]
    explorer = PhasePlane.landmark("fades")
    assert explorer.fixed_points[0][2] == pytest.approx(0.75)
    assert np.linalg.norm(explorer.trace.h_last) < 0.75**20 * np.linalg.norm([0.4, 0.1])


def test_latch():
    """On the diagonal h = tanh(1.5 h); there W's eigenvalues 1.5 and .5 are both multiplied by 1 − h²."""
    k = root(1.5)
    (low, eigen, large, _), (middle, other, _, _), (high, _, _, _) = PhasePlane.landmark("latch").fixed_points
    assert kinds_of("latch") == ["stable", "saddle", "stable"]
    assert [*low, *middle, *high] == pytest.approx([-k, -k, 0, 0, k, k], abs=1e-9)
    assert eigen == pytest.approx([1.5 * (1 - k * k), 0.5 * (1 - k * k)])
    assert other == pytest.approx([1.5, 0.5])
    assert PhasePlane.landmark("latch").trace.h_last[0] == pytest.approx([k, k], abs=1e-6)
    assert PhasePlane.landmark("latch", start1=-0.4).trace.h_last[0] == pytest.approx([-k, -k], abs=1e-6)


def test_latching_is_paid_with_a_vanishing_gradient():
    short, long = (PhasePlane.landmark("latch", T=T) for T in (20, 60))
    assert ours.compute(short.settings)["largest"][-1] < -5
    rate = (
        ours.compute(long.settings)["largest"][-1] - ours.compute(long.settings)["largest"][-11]
    ) / 10  # decades a step
    assert 10**rate == pytest.approx(1.5 * (1 - root(1.5) ** 2), rel=1e-6)


def test_rotates():
    """W is 1.2 times a rotation: the origin pushes out, and the orbit neither settles nor repeats."""
    explorer = PhasePlane.landmark("rotates", T=60)
    assert kinds_of("rotates") == ["unstable"]
    assert explorer.fixed_points[0][1] == pytest.approx([0.72 + 0.96j, 0.72 - 0.96j])
    h = explorer.trace.h[20:, 0]
    assert np.linalg.norm(h, axis=1).min() > 0.6 and np.linalg.norm(h, axis=1).max() < 0.95
    turned = np.diff(np.unwrap(np.arctan2(h[:, 1], h[:, 0])))
    assert (turned > 0.5).all() or (turned < -0.5).all()
    assert 1 < explorer_norm(explorer) < 10


def explorer_norm(explorer):
    return 10 ** ours.compute(explorer.settings)["largest"][-1]


def test_saddle():
    """The start is near the saddle's incoming line h_1 = −h_2; the norm grows by up to 1.5 a step as h passes."""
    explorer = PhasePlane.landmark("saddle")
    W, h = np.array([[1, 0.5], [0.5, 1]]), np.array([0.9, -0.85])
    norms = [np.linalg.norm(loop(W, 0, h, t)[1], 2) for t in range(21)]
    assert np.argmax(norms) == 8 and max(norms) == pytest.approx(13.41, abs=5e-3)
    np.testing.assert_allclose(10 ** ours.compute(explorer.settings)["largest"], norms, rtol=1e-9)
    ends = np.sign(ours.carried(explorer.settings)[-1])
    assert {tuple(end) for end in ends} == {(1, 1), (-1, -1)}  # the circle lies across the line
    assert "some of its starts end elsewhere" in explorer.sentence


def test_ellipse():
    explorer = PhasePlane.landmark("ellipse")
    W = np.array([[0.9, 1], [0, 0.9]])
    _, P = loop(W, 0, np.array([0.2, -0.6]), 3)
    axes = 0.15 * np.linalg.svd(P, compute_uv=False)
    assert axes == pytest.approx([0.3634, 0.02671], rel=5e-4)
    assert "half-axes 0.363 and 0.0267." in explorer.sentence


def test_the_ellipse_that_is_drawn_has_these_half_axes(script):
    state = PhasePlane.landmark("ellipse").settings
    curve = np.array(script.value(f"{MODULE}.ellipseAt(state, {COMPUTED}, 3)", state=state))
    away = np.linalg.norm(curve - PhasePlane.landmark("ellipse").trace.h_last[0], axis=1)
    assert len(curve) == 49 and curve[0] == pytest.approx(curve[-1])
    longest = 0.15 * np.linalg.norm(loop(np.array([[0.9, 1], [0, 0.9]]), 0, np.array([0.2, -0.6]), 3)[1], 2)
    assert longest * 0.99 < away.max() < longest * (1 + 1e-12)
    loop_away = np.linalg.norm(
        ours.carried(state)[-1] - PhasePlane.landmark("ellipse").trace.h_last[0], axis=1
    )
    assert loop_away.max() == pytest.approx(away.max(), rel=0.2)  # the net bends the true curve a little


def test_a_small_circle_becomes_the_ellipse(script):
    """As the radius shrinks, true curve and ellipse part by its square."""
    state = PhasePlane.landmark("ellipse", radius=0.01).settings
    curve = np.array(script.value(f"{MODULE}.ellipseAt(state, {COMPUTED}, 3)", state=state))[:-1]
    assert np.abs(curve - ours.carried(state)[-1]).max() < 1e-3 * 0.5


@pytest.mark.parametrize("key", LANDMARKS)
def test_a_landmark_differs_from_every_other(key):
    states = [PhasePlane.landmark(one).settings for one in LANDMARKS]
    assert states.count(PhasePlane.landmark(key).settings) == 1


# ---- What Python reads back ----


def test_trace_and_grads_are_rnnlibs_own():
    explorer = PhasePlane(
        g=1, b1=0.2, b2=-0.1, input="noise", u1=0.5, u2=0.3, seed=4, start1=0.7, start2=0.2, T=7
    )
    trace, grads = explorer.trace, explorer.grads
    assert isinstance(trace.owner, rnnlib.RNN) and trace.h.shape == (8, 1, 2)
    W, h = np.array([[1, 0.5], [0.5, 1]]), np.array([0.7, 0.2])
    P = np.eye(2)
    for x in ours.inputs(explorer.settings):
        h = np.tanh(h @ W + [0.2, -0.1] + x * np.array([0.5, 0.3]))
        P = P @ W @ np.diag(1 - h**2)
    assert trace.h_last[0] == pytest.approx(h)
    assert grads.h0[0] == pytest.approx(P.sum(axis=1))


def test_the_picture_is_a_png():
    for settings in [*(SPEC["landmarks"][key]["settings"] for key in LANDMARKS), SHARP]:
        assert PhasePlane(**settings).picture().startswith(b"\x89PNG")


# ---- Prediction, goal, arithmetic ----


def test_the_prediction_has_the_outcome_that_happens(script):
    setting = PhasePlane(**SPEC["prediction"]["settings"])
    outcome = script.value(f"{MODULE}.outcome(state, {COMPUTED})", state=setting.settings)
    assert SPEC["prediction"]["options"][outcome] == "it grows, then shrinks to a point"
    W = np.array([[1, 0.5], [0.5, 1]])
    norms = [np.linalg.norm(loop(W, 0, np.array([0.4, -0.1]), t)[1], 2) for t in (0, 3, 20)]
    assert norms[1] > 2 * norms[0] and norms[2] < 1e-4


VERDICTS = [
    ({}, False, "stable fixed points: 1."),
    (LATCH, False, "stable fixed points: 2, but the bias is 0."),
    ({**LATCH, "b1": 0.1}, True, "it can stay at (−0.8"),
    ({**LATCH, "b2": -0.05}, True, " or at (0.8"),
    ({**LATCH, "b1": 1}, False, "stable fixed points: 1."),
]


@pytest.mark.parametrize(("settings", "reached", "words"), VERDICTS)
def test_the_goal_is_judged_alike_in_both_languages(script, settings, reached, words):
    explorer = PhasePlane(goal="latch", **settings)
    verdict = explorer.reached()
    assert verdict[0] is reached and words in verdict[1]
    there = script.value(f"{MODULE}.goals.latch(state, {COMPUTED})", state=explorer.settings)
    assert tuple(there) == verdict


def test_the_goal_agrees_on_random_settings(script):
    for settings in RANDOM[:80]:
        explorer = PhasePlane(**settings)
        there = script.value(f"{MODULE}.goals.latch(state, {COMPUTED})", state=explorer.settings)
        assert tuple(there) == explorer.reached("latch"), settings


def test_every_goal_of_the_specification_has_its_judge(script):
    assert set(SPEC["goals"]) == set(PhasePlane.goal_rules)
    assert set(script.value(f"Object.keys({MODULE}.goals)")) == set(SPEC["goals"])


def test_the_arithmetic_of_a_step_is_spelled_out(script):
    state = PhasePlane(
        g=1, m12=0, m21=0, b1=0.5, b2=-0.5, start1=0.5, start2=0, input="pulse", u1=-1, u2=0
    ).settings
    line = script.value(f"{MODULE}.arithmeticOf(state, {COMPUTED}, 1)", state=state)
    assert line == (
        "h₁ = tanh((0.5, 0) [[1, 0], [0, 1]] + (0.5, −0.5) + 1 (−1, 0)) = (0, −0.462); "
        "∂h₁/∂h₀ = J₁ = [[1, 0], [0, 0.786]]."  # tanh(−0.5) = −0.462, and 1 − 0.462² = 0.786
    )


def test_the_fixed_points_are_listed(script):
    listed = script.value(f"{MODULE}.pointsText({COMPUTED})", state=PhasePlane.landmark("latch").settings)
    assert listed == (
        "Without input: (−0.859, −0.859) stable, λ = 0.394 and 0.131; (0, 0) saddle, λ = 1.5 and 0.5; "
        "(0.859, 0.859) stable, λ = 0.394 and 0.131."
    )
