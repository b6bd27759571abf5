"""Unroll: its numbers are rnnlib's, its words are one in both languages, its drawing stays clear at every width."""

import itertools
import json
import math
import re

import numpy as np
import pytest
from py_mini_racer import MiniRacer

import rnnlib
from rnnlib import check, data
from rnnlib.explorers import Unroll, joiner
from rnnlib.explorers.unroll import parameters_of, run, values_of

TASKS = ("many-to-many", "many-to-one", "one-to-many", "one-to-one")
LANDMARKS = ("folded", "unrolled", "longer", "many-to-one", "one-to-many", "informed")


@pytest.fixture(scope="module")
def js():
    """The explorer's joined script, run as the page runs it: js("outcome(state)", state=…)."""
    engine = MiniRacer()
    engine.eval(joiner.join("unroll"))

    def call(expression, **values):
        words = "".join(f"const {name} = {json.dumps(value)};" for name, value in values.items())
        names = "const { arithmetic, edgesOf, changed, usesOf, valuesOf, dependents } = $unroll_model;"
        names += "const { compute, describe, goals, outcome } = $unroll; const { layout } = $unroll_layout;"
        return json.loads(
            engine.eval(f"(() => {{ {names} {words} return JSON.stringify({expression}); }})()")
        )

    yield call
    engine.close()


def random_settings(seed):
    rng = np.random.default_rng(seed)
    draw = lambda count, scale: rng.uniform(-scale, scale, count).round(2).tolist()  # noqa: E731
    return {
        "view": "unrolled",
        "task": TASKS[seed % 4],
        "T": int(rng.integers(1, 9)),
        "x": draw(int(rng.integers(1, 9)), 2),
        "h0": draw(2, 1) if seed % 3 else [0.0, 0.0],
        "W_xh": draw(2, 1.5),
        "W_hh": draw(4, 1.5),
        "b_h": draw(2, 0.5),
        "W_hy": draw(2, 1.5),
        "b_y": draw(1, 0.5),
    }


def by_hand(state):
    """h_0 … h_T and o_1 … o_T from the equations alone, one step at a time."""
    W_xh, W_hh = np.array(state["W_xh"]), np.array(state["W_hh"]).reshape(2, 2)
    h, states, outputs = np.array(state["h0"]), [state["h0"]], []
    for t in range(1 if state["task"] == "one-to-one" else state["T"]):
        fed = state["task"] == "one-to-many" and t > 0
        x_t = outputs[-1] if fed else state["x"][t % len(state["x"])]
        h = np.tanh(x_t * W_xh + h @ W_hh + state["b_h"])
        states.append(h)
        outputs.append(float(h @ state["W_hy"] + state["b_y"][0]))
    return np.array(states), np.array(outputs)


# ---- The numbers ----


@pytest.mark.parametrize("seed", range(24))
def test_the_page_computes_what_rnnlib_computes(js, seed):
    state = random_settings(seed)
    trace, o = run(state)
    page = js("(({ x, a, h, o }) => [x, a, h, o].map((v) => Array.from(v)))(compute(state))", state=state)
    for there, here in zip(page, (trace.x, trace.a, trace.h, o)):
        np.testing.assert_allclose(there, here.ravel(), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("seed", range(24))
def test_python_computes_what_the_equations_say(seed):
    state = random_settings(seed)
    h, o = by_hand(state)
    explorer = Unroll(**state)
    np.testing.assert_allclose(explorer.trace.h[:, 0], h, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(explorer.outputs, o, rtol=1e-12, atol=1e-14)


def test_it_starts_as_the_running_example():
    cell, readout, x = data.two_unit_example()
    trace = cell.forward(x)
    np.testing.assert_array_equal(Unroll().trace.h, trace.h)
    np.testing.assert_array_equal(Unroll().outputs, readout.forward(trace.y).y[:, 0, 0])
    for mine, its in ((Unroll().cell, cell), (Unroll().readout, readout)):
        for name, value in its.params.items():
            np.testing.assert_array_equal(mine.params[name], value)


@pytest.mark.parametrize("task", TASKS)
def test_gradients_are_those_of_the_sum_of_the_outputs_used(task):
    state = {**random_settings(1), "task": task, "T": 4, "x": [0.4, -0.7, 1.1, 0.2]}
    used = slice(-1, None) if task == "many-to-one" else slice(None)
    grads = Unroll(**state).grads

    def slope(name, k, eps=1e-6):
        moved = [by_hand({**state, name: bump(state[name], k, step)})[1][used].sum() for step in (eps, -eps)]
        return (moved[0] - moved[1]) / (2 * eps)

    for name in ("W_xh", "W_hh", "b_h", "W_hy", "b_y"):
        expected = [slope(name, k) for k in range(len(state[name]))]
        np.testing.assert_allclose(grads.params[name].ravel(), expected, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(grads.h0[0], [slope("h0", k) for k in range(2)], rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(grads.x[0, 0, 0], slope("x", 0), rtol=1e-6, atol=1e-8)
    np.testing.assert_array_equal(grads.h[0], grads.h0)


def bump(values, k, step):
    return [value + step * (j == k) for j, value in enumerate(values)]


@pytest.mark.parametrize("key", LANDMARKS)
def test_landmarks_show_numbers_that_the_equations_give(js, key):
    explorer = Unroll.landmark(key)
    h, o = by_hand(explorer.settings)
    page = js("Array.from(compute(state).o)", state=explorer.settings)
    np.testing.assert_allclose(page, o, rtol=1e-10)
    last = f"{o[-1]:.4g}" if abs(o[-1]) >= 1 else f"{o[-1]:.3g}"
    if key != "folded":
        assert last.replace("-", "−") in explorer.sentence
    assert "11 parameters" in explorer.sentence


def test_a_landmark_takes_further_settings():
    explorer = Unroll.landmark("longer", h0=[0.5, 0.0])
    assert (explorer.T, explorer.h0) == (8, [0.5, 0.0])


def test_an_informed_start_fades():
    h, plain = (Unroll.landmark(key).trace.h[:, 0] for key in ("informed", "unrolled"))
    distance = np.linalg.norm(h - plain, axis=1)
    np.testing.assert_allclose(distance[[0, 5]], [1.273, 0.01], atol=5e-3)


# ---- The words ----


@pytest.mark.parametrize("key", LANDMARKS)
def test_landmarks_read_alike_in_both_languages(js, key):
    explorer = Unroll.landmark(key)
    assert js("describe(state, compute(state))", state=explorer.settings) == explorer.sentence


@pytest.mark.parametrize("seed", range(24))
@pytest.mark.parametrize("view", ["folded", "unrolled"])
def test_any_settings_read_alike_in_both_languages(js, seed, view):
    state = {**random_settings(seed), "view": view}
    assert js("describe(state, compute(state))", state=state) == Unroll(**state).sentence


def computed(state):
    trace, o = run(state)
    return {k: v for k, v in values_of(state, trace, o).items() if k[0] in "ho" and not k.startswith("h_0")}


@pytest.mark.parametrize("seed", range(12))
def test_the_arithmetic_gives_the_value(js, seed):
    """Evaluated as written; its numbers are rounded, so to what their last digits allow."""
    state = random_settings(seed)
    explorer = Unroll(**state)
    for name, value in computed(state).items():
        lines = explorer.arithmetic(name)
        assert js("arithmetic(name, state, compute(state)).lines", name=name, state=state) == lines
        assert evaluate(lines[1].removeprefix("= ")) == pytest.approx(value, abs=0.02)
        assert number(lines[-1].split(" = ")[-1].removeprefix("= ")) == pytest.approx(
            value, rel=6e-3, abs=1e-9
        )


@pytest.mark.parametrize("seed", range(12))
def test_the_formula_gives_the_value(seed):
    """The first line, with each name replaced by its number, is the equation: exact."""
    state = random_settings(seed)
    explorer, trace_o = Unroll(**state), run(state)
    numbers = {**values_of(state, *trace_o), **parameters_of(state)}
    plain = str.maketrans("₀₁₂₃₄₅₆₇₈", "012345678")
    for name, value in computed(state).items():
        formula = explorer.arithmetic(name)[0].split(" = ")[1].translate(plain)
        formula = re.sub(r"\b([xho])(\d)", r"\1_\2", formula)
        formula = re.sub(r"[xhoWb]_\w+(\[[\d,]+\])?", lambda match: f"({numbers[match[0]]!r})", formula)
        assert evaluate(formula) == pytest.approx(value, rel=1e-12)


def evaluate(words):
    words = re.sub(r"× 10([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)", lambda m: "*10**" + m[1].translate(SUPERSCRIPTS), words)
    return eval(words.replace("−", "-").replace("·", "*"), {"tanh": math.tanh})


def number(words):
    return evaluate(words)


SUPERSCRIPTS = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")


def test_the_arithmetic_of_the_brief_example():
    assert Unroll().arithmetic("h_2[1]")[1:] == [
        "= tanh(0.5·1 + 0.762·0.8 + (−0.38)·(−0.4) + 0)",
        "= tanh(1.261) = 0.851",
    ]


@pytest.mark.parametrize("name", ["h_0[1]", "x_1", "h_6[1]", "h_2[3]", "W_hh[1,1]", "nonsense"])
def test_only_computed_values_have_an_arithmetic(name):
    with pytest.raises(KeyError, match="no computed value here; expected one of h_1"):
        Unroll().arithmetic(name)


def test_given_values_and_parameters_are_explained_too(js):
    state = Unroll(T=7).settings
    lines = lambda name: js("arithmetic(name, state, compute(state)).lines", name=name, state=state)  # noqa: E731
    assert lines("x_6") == ["x₆ = 1: the list of inputs starts again, so this is x₁."]
    assert lines("h_0[1]") == ["h₀[1] = 0: where the state starts. It is an input, like x₁."]
    assert lines("W_hh[1,2]") == ["W_hh[1,2] = 0.3, from hₜ₋₁[1] to hₜ[2]: one number, 7 uses."]


# ---- The graph ----


@pytest.mark.parametrize("task", TASKS)
def test_an_edit_moves_what_the_graph_says_and_nothing_else(js, task):
    state = {**random_settings(1), "task": task, "T": 5, "x": [0.3, -0.6, 0.9, 0.2, -0.4], "h0": [0.1, 0.2]}
    ids = ["x_1"] if task in ("one-to-many", "one-to-one") else [f"x_{t}" for t in range(1, 6)]
    for k, name in enumerate(ids):
        after = {**state, "x": bump(state["x"], k, 0.5)}
        moved = js(
            "changed(valuesOf(one, compute(one)), valuesOf(other, compute(other)))", one=state, other=after
        )
        reached = js("[...dependents(edgesOf(state), [id])]", state=state, id=name)
        assert sorted(moved) == sorted([name, *reached])


@pytest.mark.parametrize("T", range(1, 9))
def test_each_weight_has_one_use_a_step(js, T):
    state = Unroll(T=T).settings
    for name in parameters_of(state):
        assert len(js("usesOf(id, state)", id=name, state=state)) == T


def test_the_prediction_is_answered_by_comparing(js):
    spec = Unroll.spec["prediction"]
    state = {**Unroll().settings, **spec["settings"]}
    assert spec["options"][js("outcome(state)", state=state)] == "h₃ and all later ones"
    cut = {**state, "W_hh": [0, 0, 0, 0]}  # nothing is carried on
    assert spec["options"][js("outcome(state)", state=cut)] == "only h₃"
    deaf = {**state, "W_xh": [0, 0]}  # nothing is read
    assert spec["options"][js("outcome(state)", state=deaf)] == "none"
    early = {**state, "x": [2, 0.5, 1, 0, 2]}
    assert spec["options"][js("outcome(state)", state=early)] == "all of them"


# ---- The drawing ----


WIDTHS = (280, 320, 329, 358, 390, 480, 559, 560, 640, 745, 800, 1000)


@pytest.mark.parametrize("width", WIDTHS)
def test_no_two_nodes_touch_and_no_line_crosses_a_node(js, width):
    for task, T in itertools.product(TASKS, range(1, 9)):
        place = js("layout(state, width)", state=Unroll(task=task, T=T).settings, width=width)
        boxes = {name: box(node) for name, node in place["nodes"].items()}
        for one, other in itertools.combinations(boxes, 2):
            assert apart(boxes[one], boxes[other], 4), (task, T, one, other)
        for edge in place["edges"]:
            others = [b for name, b in boxes.items() if name not in (edge["from"], edge["to"])]
            for x, y in along(edge["path"]):
                assert not any(inside(b, x, y) for b in others), (task, T, edge)


@pytest.mark.parametrize("width", WIDTHS)
def test_the_drawing_holds_all_and_cells_stand_apart(js, width):
    for T in range(1, 9):
        place = js("layout(state, width)", state=Unroll(T=T).settings, width=width)
        for node in place["nodes"].values():
            x1, y1, x2, y2 = box(node)
            assert x1 >= 0 and x2 <= place["width"] and y1 >= 0 and y2 <= place["height"]
        for one, other in itertools.pairwise(place["cells"]):
            assert other["x"] - one["x"] - one["w"] >= 2
        assert place["nodes"]["h_1[2]"]["y"] - place["nodes"]["h_1[1]"]["y"] >= 44  # a touch target each
        assert place["pitch"] >= 44


def test_five_steps_fit_a_phone_and_eight_the_text(js):
    assert js("layout(state, 358).width", state=Unroll().settings) <= 358
    assert js("layout(state, 329).width", state=Unroll().settings) <= 329  # in an exercise at 390 px
    assert js("layout(state, 745).width", state=Unroll(T=8).settings) <= 745


def box(node):
    half_w, half_h = node["w"] / 2, node["h"] / 2
    return node["x"] - half_w, node["y"] - half_h, node["x"] + half_w, node["y"] + half_h


def apart(one, other, gap):
    return (
        one[2] + gap <= other[0]
        or other[2] + gap <= one[0]
        or one[3] + gap <= other[1]
        or other[3] + gap <= one[1]
    )


def inside(b, x, y):
    return b[0] < x < b[2] and b[1] < y < b[3]


def along(path):
    """Points on an SVG path of M, L, Q and C."""
    at, points = None, []
    for words in re.findall(r"[MLQC]([^MLQC]+)", path):
        stops = [tuple(map(float, pair.split(","))) for pair in words.split()]
        for s in np.linspace(0, 1, 17) if at else []:
            points.append(bezier([at, *stops], s))
        at = stops[-1]
    return points


def bezier(stops, s):
    """De Casteljau: the point at share s."""
    while len(stops) > 1:
        stops = [((1 - s) * a + s * c, (1 - s) * b + s * d) for (a, b), (c, d) in itertools.pairwise(stops)]
    return stops[0]


@pytest.mark.parametrize("key", LANDMARKS)
def test_there_is_a_picture_of_every_landmark(key, recwarn):
    png = Unroll.landmark(key).picture()
    assert png.startswith(b"\x89PNG") and 8_000 < len(png) < 100_000
    assert not recwarn.list


# ---- The goal ----

GOAL = "negative-output"


@pytest.mark.parametrize(
    ("settings", "reached", "words"),
    [
        ({"h0": [-1.0, 1.0]}, True, "o₁ = −0.0977"),
        ({"h0": [-1.0, 1.0], "view": "folded", "T": 3}, True, "o₁ = −0.0977"),
        ({}, False, "which is not below 0"),
        ({"h0": [1.0, -1.0]}, False, "which is not below 0"),
        ({"h0": [-1.0, 0.9]}, False, "o₁ = 0 up to rounding, which is not below 0"),  # −1.7e−16
        ({"h0": [-1.0, 0.9001]}, True, "o₁ = −9.75 × 10⁻⁵"),
        ({"h0": [-3.0, 1.0]}, False, "goes beyond −1 and 1"),
        ({"h0": [-1.0, 1.0], "W_hy": [-1, 1]}, False, "W_hy was changed"),
        ({"W_xh": [-2, 1], "b_h": [0, 1]}, False, "W_xh, b_h were changed"),
        ({"x": [-2, 0.5, -1, 0, 2]}, False, "the inputs were changed"),
    ],
)
def test_the_goal_is_judged_alike_in_both_languages(js, settings, reached, words):
    explorer = Unroll(goal=GOAL, **settings)
    verdict = explorer.reached(GOAL)
    assert verdict[0] is reached and words in verdict[1]
    assert js(f'goals["{GOAL}"](state)', state=explorer.settings) == list(verdict)
    assert bool(re.match("Right" if reached else "Not yet", repr(check.explorer(explorer, GOAL))))


def test_the_goal_can_be_reached_only_near_one_corner():
    """o_1 < 0 on a fine grid of starts: about the corner (−1, 1), so the goal takes more than any move."""
    starts = itertools.product(np.linspace(-1, 1, 21), repeat=2)
    good = [start for start in starts if Unroll(h0=list(start)).reached(GOAL)[0]]
    assert [-1.0, 1.0] in [list(start) for start in good]
    assert all(a < 0 < b for a, b in good) and len(good) < 21 * 21 / 10


# ---- The door ----


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"h0": [0.0]}, "h0 is .* expected a list of 2"),
        ({"h0": [0.0, float("nan")]}, r"h0\[1\] is nan; expected a number from −?-?3 to 3"),
        ({"x": []}, "x is .* expected a list of 1 to 8 numbers"),
        ({"x": [0.0] * 9}, "x is .* expected a list of 1 to 8 numbers"),
        ({"x": "1, 2"}, "x is '1, 2'; expected a list"),
        ({"x": [math.inf]}, r"x\[0\] is inf; expected a number"),
        ({"W_hh": [1, 2, 3]}, "W_hh is .* expected a list of 4"),
        ({"W_hh": [[1, 2], [3]]}, "W_hh"),
        ({"W_hh": [[1, 2, 3, 4]]}, "W_hh"),
        ({"W_xh": [1, None]}, r"W_xh\[1\] is None; expected a number"),
        ({"b_y": 0.0}, "b_y is 0.0; expected a list"),
        ({"T": 0}, "T is 0; expected a whole number from 1 to 8"),
        ({"T": 2.5}, "T is 2.5; expected a whole number"),
        ({"task": "many-to-few"}, "task is 'many-to-few'; expected one of .* did you mean"),
        ({"view": "open"}, "view is 'open'; expected one of 'folded', 'unrolled'"),
        ({"goal": "negative"}, "goal is 'negative'; expected one of 'negative-output'"),
    ],
)
def test_bad_settings_are_refused_in_words(settings, words):
    with pytest.raises(ValueError, match=words):
        Unroll(**settings)


def test_a_refused_assignment_changes_nothing():
    explorer = Unroll()
    with pytest.raises(ValueError, match="W_hh"):
        explorer.W_hh = [1.0]
    assert explorer.W_hh == [0.8, 0.3, -0.4, 0.6]


def test_weights_come_flat_or_in_their_own_shape():
    nested = Unroll(W_xh=[[1, 2]], W_hh=np.array([[1, 2], [3, 4.0]]), W_hy=[[5], [6]])
    flat = Unroll(W_xh=[1, 2], W_hh=[1, 2, 3, 4], W_hy=[5, 6])
    assert nested.settings == flat.settings
    np.testing.assert_array_equal(nested.cell.params["W_hh"], [[1, 2], [3, 4]])


def test_lists_of_a_wrong_length_from_a_link_are_not_drawn(js):
    """A link may hold anything: the page falls back on the example's list."""
    state = {**Unroll().settings, "W_hh": [1], "x": []}
    page = js("Array.from(compute(state).o)", state=state)
    np.testing.assert_allclose(page, Unroll().outputs, rtol=1e-10)


def test_the_code_recreates_the_explorer():
    explorer = Unroll(task="one-to-many", T=3, h0=[0.5, -0.5], x=[2.0])
    again = eval(explorer.code(), {"rnnlib": rnnlib})
    assert again.settings == explorer.settings
