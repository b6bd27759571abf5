"""Gates: the page's numbers and words against rnnlib's, pinned gates by plain loops and differences, its landmarks."""

import io
import math

import numpy as np
import pytest
import traitlets
from matplotlib.image import imread

from rnnlib.explorers import Gates, gates, joiner, specs

SPEC = specs.read_spec("gates")
LANDMARKS = list(SPEC["landmarks"])
MODEL = 'modules["gates-model"]'


def in_page(script, state, expression):
    """Return a JavaScript expression of `state`, `result` and `model`."""
    return script.value(
        f"((model) => ((result) => {expression})(model.compute(state)))({MODEL})", state=state
    )


def random_settings(count=60):
    rng = np.random.default_rng(10)
    for k in range(count):
        pin = lambda: str(rng.choice(["free", "free", "free", "0", "1"]))
        yield {
            **{name: pin() for name in "iforz"},
            "forget_bias": float(rng.integers(-4, 17)) / 2,
            "cell": ("lstm", "gru")[k % 2],
            "reset": str(rng.choice(["after", "before"])),
            "loss": str(rng.choice(["c", "h"])),
            "unit": int(rng.integers(4)),
            "start": round(float(rng.uniform(-1, 1)), 1),
            "pulse": round(float(rng.uniform(-2, 2)), 1) * int(rng.random() < 0.8),
            "noise": round(float(rng.uniform(0, 1)), 2),
            "gain": float(rng.integers(17)) / 2,
            "T": int(rng.integers(5, 61)),
            "units": int(rng.integers(1, 5)),
            "seed": int(rng.integers(10000)),
        }


SETTINGS = [{}, *(SPEC["landmarks"][key]["settings"] for key in LANDMARKS), *random_settings()]
every_setting = pytest.mark.parametrize("settings", SETTINGS, ids=range(len(SETTINGS)))


# ---- The same by plain loops: one number at a time, nothing of rnnlib but the settings' weights and inputs ----


def sigma(a):
    return 1.0 / (1.0 + math.exp(-a))


def free_parameters(state):
    """The weights of the settings before a gate is pinned, by block: W_x[name][0][j], b[name][j], W[name][i][j]."""
    params = gates.parameters({**state, **dict.fromkeys("iforz", "free")})
    names = list(SPEC["hand"][state["cell"]])
    split = [np.split(params[key], len(names), axis=-1) for key in ("W_xh", "b_h", "W_hh")]
    return [dict(zip(names, blocks)) for blocks in split]


def plain_run(state, x, start):
    """Return (memory (T+1, H), h (T+1, H), gates by name (T, H)) with the pins of the settings put in at each step."""
    step = plain_lstm if state["cell"] == "lstm" else plain_gru
    c, h = list(start), [0.0] * len(start) if state["cell"] == "lstm" else list(start)
    cs, hs, each = [c], [h], []
    for x_t in x:
        c, h, now = step(state, free_parameters(state), x_t, c, h)
        cs, hs, each = [*cs, c], [*hs, h], [*each, now]
    return np.array(cs), np.array(hs), {name: np.array([now[name] for now in each]) for name in each[0]}


def product(h, W):
    return [sum(h[i] * W[i][j] for i in range(len(h))) for j in range(len(h))]


def plain_gate(state, weights, name, x_t, h):
    """What a gate lets through: σ, or what it is pinned to."""
    W_x, b, W = (part[name] for part in weights)
    if state[name] != "free":
        return [float(state[name])] * len(h)
    return [sigma(W_x[0][j] * x_t + b[j] + from_h) for j, from_h in enumerate(product(h, W))]


def plain_lstm(state, weights, x_t, c, h):
    i, f, o = (plain_gate(state, weights, name, x_t, h) for name in "ifo")
    W_x, b, W = (part["g"] for part in weights)
    g = [math.tanh(W_x[0][j] * x_t + b[j] + from_h) for j, from_h in enumerate(product(h, W))]
    c = [f[j] * c[j] + i[j] * g[j] for j in range(len(c))]
    return c, [o[j] * math.tanh(c[j]) for j in range(len(c))], {"i": i, "f": f, "g": g, "o": o}


def plain_gru(state, weights, x_t, _, h):
    r, z = (plain_gate(state, weights, name, x_t, h) for name in "rz")
    W_x, b, W = (part["n"] for part in weights)
    if state["reset"] == "after":
        reset = [gate * value for gate, value in zip(r, product(h, W))]
    else:
        reset = product([gate * value for gate, value in zip(r, h)], W)
    n = [math.tanh(W_x[0][j] * x_t + b[j] + reset[j]) for j in range(len(h))]
    h = [(1 - z[j]) * n[j] + z[j] * h[j] for j in range(len(h))]
    return h, h, {"r": r, "z": z, "n": n}


def plain_loss(state, x, start):
    """L of the settings."""
    cs, hs, _ = plain_run(state, x, start)
    return (hs if state["loss"] == "h" else cs)[-1].sum()


def whole(settings):
    return {**specs.defaults(SPEC), **settings}


@every_setting
def test_states_and_gates_equal_plain_loops(settings):
    state = whole(settings)
    explorer = Gates(**settings)
    cs, hs, each = plain_run(state, gates.inputs(state)[:, 0, 0], [state["start"]] * state["units"])
    np.testing.assert_allclose(explorer.trace.h[:, 0], hs, rtol=1e-7, atol=1e-9)
    if state["cell"] == "lstm":
        np.testing.assert_allclose(explorer.trace.c[:, 0], cs, rtol=1e-7, atol=1e-9)
    for name, values in each.items():
        np.testing.assert_allclose(explorer.trace.gates[name][:, 0], values, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("settings", SETTINGS[:30], ids=range(30))
def test_gradients_are_slopes_of_the_pinned_net_s_loss(settings):
    """By central differences in x and in the start: with a gate pinned the loss does not move through it."""
    state = whole({**settings, "T": min(settings.get("T", 20), 12)})
    explorer, eps = Gates(**state), 1e-6
    x, start = gates.inputs(state)[:, 0, 0], np.full(state["units"], float(state["start"]))
    slope = lambda dx, ds: (
        (plain_loss(state, x + dx, start + ds) - plain_loss(state, x - dx, start - ds)) / (2 * eps)
    )
    by_x = [slope(row, 0.0) for row in eps * np.eye(len(x))]
    by_start = [slope(0.0, row) for row in eps * np.eye(len(start))]
    grads = explorer.grads
    np.testing.assert_allclose(grads.x[:, 0, 0], by_x, rtol=1e-5, atol=1e-8)
    ours = grads.c0 if state["cell"] == "lstm" else grads.h0
    np.testing.assert_allclose(ours[0], by_start, rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize(("cell", "name"), [("lstm", name) for name in "ifo"] + [("gru", "r"), ("gru", "z")])
@pytest.mark.parametrize("value", ["0", "1"])
def test_a_pinned_gate_is_exact_and_its_weights_get_no_gradient(cell, name, value):
    explorer = Gates(cell=cell, **{name: value}, gain=4, units=3, loss="h")
    assert (explorer.trace.gates[name] == float(value)).all()
    k = list(SPEC["hand"][cell]).index(name)
    for array in (explorer.grads.params[key] for key in ("W_xh", "W_hh", "b_h")):
        assert (array[..., 3 * k : 3 * k + 3] == 0).all()


# ---- The same in both languages ----


def is_tame(explorer):
    """Does no unit's gradient grow so far that rounding would show?"""
    return np.abs(explorer.grads.h).max() < 100


@every_setting
def test_numbers_and_words_equal_rnnlib_s(script, settings):
    explorer = Gates(**settings)
    page = in_page(
        script,
        explorer.settings,
        "({ h: result.trace.h, memory: result.memory, total: result.total, direct: result.direct, kept: result.kept,"
        " apart: result.apart, sentence: model.describe(state, result) })",
    )
    course = explorer.course
    if is_tame(explorer):
        for name in ("memory", "total", "direct", "kept"):
            ours = getattr(course, name)
            np.testing.assert_allclose(page[name], ours, rtol=1e-9, atol=1e-11, err_msg=name)
        np.testing.assert_allclose(page["h"], explorer.trace.h.ravel(), rtol=1e-9, atol=1e-11)
        if course.apart is not None:
            np.testing.assert_allclose(page["apart"], course.apart.ravel(), rtol=1e-7, atol=1e-11)
        assert page["sentence"] == explorer.sentence


def test_most_settings_are_compared():
    assert sum(is_tame(Gates(**settings)) for settings in SETTINGS) >= 55


@pytest.mark.parametrize("cell", ["lstm", "gru"])
@pytest.mark.parametrize("units", [1, 4])
def test_weights_and_inputs_are_equal_bit_for_bit(script, cell, units):
    state = Gates(cell=cell, units=units, gain=2.5, seed=77, noise=0.35).settings
    page = in_page(script, state, "({ ...model.netOf(state).params, x: model.inputsOf(state) })")
    for name, values in {**gates.parameters(state), "x": gates.inputs(state)}.items():
        np.testing.assert_array_equal(page[name], values.ravel(), err_msg=name)


# ---- Landmarks ----


def test_an_open_forget_gate_keeps_all_on_the_direct_path():
    explorer = Gates.landmark("open")
    assert (explorer.course.kept == 1).all() and (explorer.course.direct == 1).all()
    written = explorer.trace.gates["i"] * explorer.trace.gates["g"]
    np.testing.assert_allclose(explorer.trace.c[1:], np.cumsum(written, axis=0), rtol=1e-12)
    assert "the direct path leaves ∏f = 1 at c₀" in explorer.sentence


def test_a_forget_bias_of_one_without_weights_and_input_lets_it_decay():
    explorer = Gates.landmark("forget-bias-1")
    f = 1 / (1 + math.exp(-1))
    assert f == pytest.approx(0.731, abs=5e-4)
    assert f**20 == pytest.approx(0.0019, abs=5e-5)
    assert (explorer.trace.x == 0).all() and (explorer.trace.params["W_hh"] == 0).all()
    np.testing.assert_allclose(explorer.course.kept, f ** np.arange(20, -1, -1), rtol=1e-12)
    np.testing.assert_allclose(explorer.course.memory, f ** np.arange(21), rtol=1e-12)  # from c₀ = 1
    np.testing.assert_allclose(explorer.course.total, explorer.course.direct, rtol=1e-12)
    assert "leaves ∏f = 0.0019 at c₀, and so does the total" in explorer.sentence


def test_with_the_input_gate_closed_nothing_is_written():
    explorer = Gates.landmark("closed-input")
    assert (explorer.trace.c == 0).all() and (explorer.trace.h == 0).all()
    assert (explorer.grads.x == 0).all()
    held = Gates.landmark("closed-input", f="1", start=0.7)
    assert (held.trace.c == 0.7).all()


def test_with_the_output_gate_closed_nothing_is_shown_and_nothing_comes_back():
    explorer = Gates.landmark("no-output")
    assert (explorer.trace.h == 0).all() and (explorer.trace.c[-1] != 0).all()
    assert (explorer.grads.c == 0).all() and (explorer.grads.x == 0).all()
    assert all((array == 0).all() for array in explorer.grads.params.values())
    assert "∂L/∂c₂₀ = 0: nothing of the loss comes to c" in explorer.sentence


def test_a_gru_with_z_of_one_holds():
    explorer = Gates.landmark("gru-hold")
    assert (explorer.trace.h == 0.8).all()
    assert (explorer.grads.h == 1).all() and (explorer.course.kept == 1).all()


def test_the_two_resets_are_different_functions_of_the_same_weights():
    after, before = Gates.landmark("reset-after"), Gates.landmark("reset-before")
    assert after.trace.owner.reset_after and not before.trace.owner.reset_after
    np.testing.assert_array_equal(after.trace.params["W_hh"], before.trace.params["W_hh"])
    apart = after.trace.h - before.trace.h
    np.testing.assert_array_equal(after.course.apart, apart[:, 0])
    np.testing.assert_array_equal(before.course.apart, -apart[:, 0])
    assert np.abs(apart).max() > 0.1 and (apart[:2] == 0).all()
    assert "would differ by up to 0.18" in after.sentence and "would differ by up to 0.18" in before.sentence


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"units": 1}, "as there is one unit"),
        ({"r": "1"}, "as r is the same for all units"),
        ({"r": "0"}, "as r is the same for all units"),
        ({"z": "1"}, "as nothing of n enters it"),
    ],
)
def test_where_the_two_resets_agree_the_sentence_says_why(settings, why):
    explorer = Gates(cell="gru", gain=6, **settings)
    assert np.abs(explorer.course.apart).max() < 1e-15
    assert explorer.sentence.endswith(f"Reset before or after the product gives the same h, {why}.")


def test_the_pulse_is_written_and_held_by_unit_0_and_kept_out_by_unit_1():
    explorer = Gates(forget_bias=8, noise=0, gain=0)
    c = explorer.trace.c[:, 0]
    assert c[2, 0] > 0.97 and c[-1, 0] > 0.96
    assert np.abs(c[:, 1]).max() < 1e-4


# ---- The arithmetic ----


def said(script, explorer, row, t):
    return in_page(script, explorer.settings, f'model.arithmeticOf(state, result, "{row}", {t})')


@pytest.mark.parametrize("key", [None, "open", "forget-bias-1", "no-output", "gru-hold", "reset-before"])
def test_every_number_has_its_arithmetic(script, key):
    explorer = Gates.landmark(key) if key else Gates()
    rows = in_page(script, explorer.settings, "[...model.ROWS[state.cell], 'total', 'direct']")
    for row in rows:
        for t in (0, 1, 2, 11, 20):
            words = said(script, explorer, row, t)
            assert words.endswith(".") and "undefined" not in words and "not a number" not in words, words


def test_the_arithmetic_of_an_lstm_step(script):
    explorer = Gates(gain=2, unit=1)
    at = lambda array, t: float(array[t, 0, 1])
    each, c, h = explorer.trace.gates, explorer.trace.c, explorer.trace.h
    short = lambda value: f"{value:.3g}".replace("-", "−")
    held = lambda text: f"({text})" if text.startswith("−") else text
    i, f, g, o = (short(at(each[name], 6)) for name in "ifgo")
    product = f"{f} × {held(short(at(c, 6)))} + {i} × {held(g)}"
    assert said(script, explorer, "c", 7) == f"c₇ = f₇ c₆ + i₇ g₇ = {product} = {short(at(c, 7))}."
    assert said(script, explorer, "h", 7) == (
        f"h₇ = o₇ tanh(c₇) = {o} × tanh({short(at(c, 7))}) = {short(at(h, 7))}."
    )
    x = float(explorer.trace.x[6, 0, 0])
    from_h = float(h[6, 0] @ explorer.trace.params["W_hh"][:, 1])  # column 1 is unit 1 of i
    parts = f"−4 + {held(short(-8 * x))} + {held(short(from_h))}"
    assert said(script, explorer, "i", 7) == f"i₇ = σ(b + x₇ w + h₆ W) = σ({parts}) = {i}."


def test_the_arithmetic_of_a_step_back_adds_up(script):
    explorer = Gates(gain=4)
    total, f = explorer.course.total, explorer.trace.gates["f"][:, 0, 0]
    words = said(script, explorer, "total", 9)
    short = lambda value: f"{value:.3g}".replace("-", "−")
    assert words.startswith(f"∂L/∂c₉ = {short(total[9])}: f₁₀ × ∂L/∂c₁₀ = {short(f[9])} × {short(total[10])}")
    assert f"so {short(f[9] * total[10])} on the direct path and" in words
    assert said(script, explorer, "direct", 18).startswith(
        f"direct path to c₁₈: ∏f = f₁₉ ⋯ f₂₀ = {short(f[18] * f[19])}; "
    )


# ---- Prediction and goals ----


def test_the_prediction_is_answered_by_what_happens(script):
    pick = lambda **given: in_page(script, Gates(**given).settings, "model.outcome(state, result)")
    state = whole(SPEC["prediction"]["settings"])
    cs, hs, _ = plain_run(state, gates.inputs(state)[:, 0, 0], [0.0, 0.0])
    assert (hs == 0).all() and 0.5 < cs[20, 0] / cs[2, 0] < 0.95
    assert SPEC["prediction"]["options"][pick(**SPEC["prediction"]["settings"])].startswith("most of it")
    assert [pick(f="0"), pick(), pick(f="1")] == [0, 1, 2]


@pytest.mark.parametrize(
    ("goal", "settings", "reached", "words"),
    [
        ("hold", {}, False, "T is 20."),
        ("hold", {"f": "1", "T": 40}, False, "a gate is pinned."),
        ("hold", {"T": 40, "pulse": 0}, False, "the pulse leaves"),
        ("hold", {"T": 40}, False, "of c₂."),
        ("hold", {"T": 40, "forget_bias": 7}, True, "of c₂."),
        ("explodes", {}, False, "it goes from 1 at c₂₀"),
        ("explodes", {"cell": "gru"}, False, "the cell is a GRU."),
        ("explodes", {"o": "0", "loss": "h"}, False, "from 0 at c₂₀ to 0"),
        ("explodes", {"i": "1", "f": "1", "o": "1", "gain": 2}, True, "it goes from 1 at c₂₀ to 144 at c₀."),
    ],
)
def test_goals_are_judged_alike(script, goal, settings, reached, words):
    explorer = Gates(**settings)
    assert explorer.reached(goal)[0] == reached and words in explorer.reached(goal)[1]
    page = in_page(script, explorer.settings, f'model.goals["{goal}"](state, result)')
    assert page == list(explorer.reached(goal))


# ---- The picture, and what it refuses ----


@pytest.mark.parametrize("key", LANDMARKS)
def test_the_picture_is_clear_where_nothing_is_drawn_and_drawn_elsewhere(key):
    pixels = imread(io.BytesIO(Gates.landmark(key).picture()))
    assert pixels.shape[2] == 4 and pixels.shape[1] > 700
    assert pixels[0, 0, 3] == 0
    assert 0.01 < (pixels[:, :, 3] > 0.5).mean() < 0.5


def test_pins_are_taken_as_numbers_too():
    assert Gates(f=1, i=0.0).settings == Gates(f="1", i="0").settings
    assert Gates(f=1).code() == 'rnnlib.explorers.Gates(f="1")'


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"f": 2}, "f is 2; expected one of 'free', '0', '1'"),
        ({"f": True}, "f is True; expected one of 'free', '0', '1'"),
        ({"i": "fre"}, "did you mean 'free'"),
        ({"cell": "lsmt"}, "did you mean 'lstm'"),
        ({"reset": "befor"}, "did you mean 'before'"),
        ({"units": 5}, "units is 5; expected a whole number from 1 to 4"),
        ({"T": 4}, "T is 4; expected a whole number from 5 to 60"),
        ({"start": 2}, "start is 2; expected a number from -1 to 1"),
        ({"goal": "holds"}, "goal is 'holds'; expected one of 'hold', 'explodes': did you mean 'hold'"),
    ],
)
def test_settings_it_does_not_take_are_refused_in_words(settings, words):
    with pytest.raises((ValueError, traitlets.TraitError), match=words):
        Gates(**settings)


def test_the_site_s_script_takes_the_explorer():
    assert '"gates": {' in joiner.site_script()
