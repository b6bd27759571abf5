"""GradientCheck: both languages alike bit for bit, the gradient held to rnnlib's, each bug to a loop written apart."""

import io
import math

import numpy as np
import pytest
import traitlets
from matplotlib.image import imread

import rnnlib
from rnnlib.explorers import GradientCheck, gradient_check, joiner, specs

SPEC = specs.read_spec("gradient-check")
LANDMARKS = list(SPEC["landmarks"])
BUGS = list(SPEC["bugs"])
RNN_ONLY = ["W_xh", "W_hh", "b_h"]
EVERY = [*RNN_ONLY, "W_hy", "b_y"]
# Where each bug shows, from the chain rule: what lies behind the wrong line on the way back.
WRONG = {
    "transposed": RNN_ONLY,
    "slope": RNN_ONLY,
    "no-next": RNN_ONLY,
    "not-summed": ["W_hh"],
    "shifted": ["W_hh"],
    "last-only": EVERY,
    "averaged": EVERY,
    "clipped": EVERY,
    "global": EVERY,
}


def in_page(script, state, expression):
    """Return a JavaScript expression of `state`, `result` and `model`."""
    return script.value(
        f'((model) => ((result) => {expression})(model.compute(state)))(modules["gradient-check-model"])',
        state=state,
    )


def random_settings(count=50):
    rng = np.random.default_rng(8)
    for _ in range(count):
        yield {
            "bug": str(rng.choice(["none", *BUGS])),
            "power": int(rng.integers(1, 13)),
            "precision": str(rng.choice(["float64", "float32"])),
            "difference": str(rng.choice(["central", "one-sided"])),
            "init": str(rng.choice(["uniform", "orthogonal", "identity"])),
            "T": int(rng.integers(1, 7)),
            "seed": int(rng.integers(10000)),
        }


SETTINGS = [SPEC["landmarks"][key]["settings"] for key in LANDMARKS] + list(random_settings())
SETTINGS += [{"bug": bug, "precision": precision} for bug in BUGS for precision in ("float64", "float32")]


# ---- The same in both languages, to the last bit ----


@pytest.mark.parametrize("settings", SETTINGS, ids=range(len(SETTINGS)))
def test_numbers_are_equal_bit_for_bit(script, settings):
    explorer = GradientCheck(**settings)
    page = in_page(
        script,
        explorer.settings,
        "({ analytic: result.analytic, numeric: result.numeric, errors: result.errors, best: result.best,"
        " wrong: Float64Array.from(result.wrong), f64: Float64Array.from(result.right.float64),"
        " f32: Float64Array.from(result.right.float32), sentence: model.describe(state, result) })",
    )
    check = explorer.check
    for theirs, ours in (("analytic", check.analytic), ("numeric", check.numeric), ("errors", check.errors)):
        np.testing.assert_array_equal(page[theirs], np.float64(ours))
    np.testing.assert_array_equal(page["wrong"], check.wrong)
    np.testing.assert_array_equal(page["f64"], check.right["float64"])
    np.testing.assert_array_equal(page["f32"], check.right["float32"])
    assert (page["best"], page["sentence"]) == (check.best, explorer.sentence)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_tanh_is_right_to_a_few_units_in_the_last_place(dtype):
    a = np.concatenate([np.linspace(-12, 12, 4001), np.geomspace(1e-8, 1, 200)]).astype(dtype)
    expected = np.array([math.tanh(float(value)) for value in a])
    assert gradient_check.tanh(a).dtype == dtype
    np.testing.assert_allclose(gradient_check.tanh(a), expected, rtol=4 * np.finfo(dtype).eps, atol=0)


def test_float32_numbers_are_float32():
    check = GradientCheck(precision="float32").check
    assert check.analytic.dtype == check.numeric.dtype == np.float32


# ---- The gradients: rnnlib's, and loops of their own for each bug ----


@pytest.mark.parametrize("settings", list(random_settings(12)))
def test_without_a_bug_the_gradient_is_rnnlib_s(settings):
    explorer = GradientCheck(**{**settings, "bug": "none", "precision": "float64"})
    ours = np.concatenate([array.ravel() for array in explorer.grads.params.values()])
    assert list(explorer.grads.params) == ["0.W_xh", "0.W_hh", "0.b_h", "1.W_hy", "1.b_y"]
    np.testing.assert_allclose(explorer.check.analytic, ours, rtol=1e-11, atol=1e-13)


def test_rnnlib_s_own_check_agrees_that_it_is_right():
    explorer = GradientCheck()
    net, _, task = explorer._run()
    target = task.y[:, None, None]

    def f(params):
        trace = net.forward(task.x[:, None], h0=[task.h0[None], None])
        return float(0.5 * ((trace.y - target) ** 2).sum()), net.backward(trace, trace.y - target)

    assert rnnlib.gradcheck(f, net.params).passed


def forward_with_numpy(task, params):
    """Return (states, o − y), by matrices and NumPy's tanh."""
    h, errors = [task.h0], []
    for x, y in zip(task.x, task.y):
        h.append(np.tanh(x @ params["W_xh"] + h[-1] @ params["W_hh"] + params["b_h"]))
        errors.append(float(h[-1] @ params["W_hy"][:, 0] + params["b_y"][0] - y))
    return h, errors


def parameters(task):
    ends = np.cumsum([6, 9, 3, 3])
    parts = np.split(task.theta, ends)
    shapes = ((2, 3), (3, 3), (3,), (3, 1), (1,))
    return {name: part.reshape(shape) for name, part, shape in zip(EVERY, parts, shapes)}


def by_pairs(task, bug):
    """The gradient as a sum over pairs, each loss L_τ through each use of the weights at t ≤ τ, with the bug."""
    params = parameters(task)
    h, errors = forward_with_numpy(task, params)
    T, W, w_y = len(errors), params["W_hh"], params["W_hy"][:, 0]
    if bug == "last-only":
        errors = [0.0] * (T - 1) + errors[-1:]
    if bug == "averaged":
        errors = [error / T for error in errors]
    slope = [None] + [np.ones(3) if bug == "slope" else 1 - state**2 for state in h[1:]]
    W_back = W if bug == "transposed" else W.T
    g = {name: np.zeros_like(array) for name, array in params.items()}
    for tau in range(1, T + 1):
        g["W_hy"][:, 0] += h[tau] * errors[tau - 1]
        g["b_y"] += errors[tau - 1]
        row = errors[tau - 1] * w_y
        for t in range(tau, 0, -1):
            da = row * slope[t]
            g["b_h"] += da
            g["W_xh"] += task.x[t - 1][:, None] * da
            if bug != "not-summed" or t == 1:  # the last one written is that of t = 1
                g["W_hh"] += h[t if bug == "shifted" else t - 1][:, None] * da
            if bug == "no-next":
                break
            row = da @ W_back
    flat = np.concatenate([array.ravel() for array in g.values()])
    return flat * min(1.0, 0.1 / np.linalg.norm(flat)) if bug == "clipped" else flat


@pytest.mark.parametrize("bug", ["none", *BUGS])
@pytest.mark.parametrize("seed", [0, 3, 77])
def test_each_bug_means_what_it_says(bug, seed):
    task = gradient_check.make_task(seed, "uniform", 5)
    np.testing.assert_allclose(
        gradient_check.gradient(task, bug), by_pairs(task, bug), rtol=1e-10, atol=1e-12
    )


@pytest.mark.parametrize("difference", ["central", "one-sided"])
def test_the_differences_are_those_of_the_loss(difference):
    task, eps = gradient_check.make_task(0, "uniform", 5), 1e-3
    state = GradientCheck(difference=difference).settings

    def loss(move, p):
        theta = task.theta.copy()
        theta[p] += move
        moved = gradient_check.Task(theta, task.x, task.y, task.h0)
        return 0.5 * sum(error**2 for error in forward_with_numpy(moved, parameters(moved))[1])

    at = gradient_check.STEPS.index(eps)
    expected = [
        (loss(eps, p) - loss(-eps, p)) / (2 * eps)
        if difference == "central"
        else (loss(eps, p) - loss(0, p)) / eps
        for p in range(22)
    ]
    np.testing.assert_allclose(
        gradient_check.slopes(state, "float64", "none")[at], expected, rtol=1e-9, atol=1e-11
    )


# ---- What it is to show ----


@pytest.mark.parametrize("bug", BUGS)
def test_each_bug_raises_the_error_a_hundredfold_and_is_named_by_its_parameters(bug):
    for seed in range(20):
        explorer = GradientCheck(bug=bug, seed=seed)
        check = explorer.check
        assert explorer.error >= 100 * check.correct
        found = [name for name, error, _ in check.worst if error > check.tolerance]
        assert found == WRONG[bug]
        assert f"Wrong {'is' if len(found) == 1 else 'are'} {found[0]}" in explorer.sentence


@pytest.mark.parametrize("bug", BUGS)
def test_float32_tells_each_bug_too(bug):
    explorer = GradientCheck(bug=bug, precision="float32", power=2)
    assert explorer.error >= 100 * explorer.check.correct
    assert [name for name, error, _ in explorer.check.worst if error > explorer.check.tolerance] == WRONG[bug]


def test_the_error_is_a_u_with_the_slopes_that_theory_gives():
    """Central: ε² on the right; one-sided: ε; rounding: u L / ε on the left, to an order of magnitude."""
    central = GradientCheck().check.right["float64"]
    one_sided = GradientCheck(difference="one-sided").check.right["float64"]
    assert central[2] / central[6] == pytest.approx(1e4, rel=0.05)  # 10⁻² against 10⁻⁴
    assert one_sided[6] / one_sided[10] == pytest.approx(1e2, rel=0.05)  # 10⁻⁴ against 10⁻⁶
    task = gradient_check.make_task(0, "uniform", 5)
    loss = 0.5 * sum(error**2 for error in forward_with_numpy(task, parameters(task))[1])
    for unit, at, curve in ((2**-53, 20, central), (2**-24, 4, GradientCheck().check.right["float32"])):
        floor = 1e-3 * np.abs(by_pairs(task, "none")[6:15]).max()  # what small entries are measured against
        largest = unit * loss / gradient_check.STEPS[at] / floor
        assert largest / 300 < curve[at] < 10 * largest
    assert central[-1] > 1e3 * central.min()


def test_landmarks():
    assert GradientCheck().error < 1e-8 and "the check passes" in GradientCheck().sentence
    rounding, single = GradientCheck.landmark("rounding"), GradientCheck.landmark("float32")
    for one in (rounding, single):
        assert one.error > one.check.tolerance
        assert (
            "the check fails, though nothing is wrong" in one.sentence
            and "what errs is rounding" in one.sentence
        )
    task = gradient_check.make_task(0, "uniform", 5)
    right = by_pairs(task, "none")
    for key in ("transposed", "not-summed"):
        wrong = by_pairs(task, key)
        worst = 0.0
        for part in ([0, 6], [6, 15], [15, 18]):
            a, n = wrong[slice(*part)], right[slice(*part)]
            scale = np.maximum(np.abs(a), np.abs(n))
            scale = np.maximum(scale, 1e-3 * scale.max())
            worst = max(worst, (np.abs(a - n) / scale).max())
        assert f"the largest relative error is {worst:.2g}," in GradientCheck.landmark(key).sentence


@pytest.mark.parametrize(
    "settings",
    [
        {"bug": "transposed", "init": "identity"},  # W_hh is its own transpose
        {"bug": "transposed", "T": 1},
        {"bug": "no-next", "T": 1},
        {"bug": "not-summed", "T": 1},
        {"bug": "averaged", "T": 1},
        {"bug": "last-only", "T": 1},
    ],
)
def test_where_a_bug_changes_nothing_the_check_does_not_see_it(script, settings):
    explorer = GradientCheck(**settings)
    assert explorer.reached("hide-a-bug")[0]
    assert "does not see the bug" in explorer.sentence
    page = in_page(script, explorer.settings, 'model.goals["hide-a-bug"](state, result)')
    assert page == list(explorer.reached("hide-a-bug"))


@pytest.mark.parametrize(
    ("goal", "settings", "reached"),
    [
        ("hide-a-bug", {}, False),
        ("hide-a-bug", {"bug": "transposed"}, False),
        ("hide-a-bug", {"bug": "transposed", "init": "orthogonal"}, False),
        ("best-step", {}, False),
        ("best-step", {"precision": "float32"}, False),
        ("best-step", {"precision": "float32", "bug": "slope", "power": 2}, False),
        ("best-step", {"precision": "float32", "power": 2}, True),
    ],
)
def test_goals_are_judged_alike(script, goal, settings, reached):
    explorer = GradientCheck(**settings)
    assert explorer.reached(goal)[0] == reached
    assert in_page(script, explorer.settings, f'model.goals["{goal}"](state, result)') == list(
        explorer.reached(goal)
    )


def test_the_prediction_is_answered_by_what_happens(script):
    pick = lambda **given: in_page(script, GradientCheck(**given).settings, "model.outcome(state, result)")
    assert SPEC["prediction"]["options"][pick(**SPEC["prediction"]["settings"])].startswith("no: it grows")
    assert GradientCheck(power=10).error > 1e3 * GradientCheck(power=5).error
    assert (pick(power=5), pick(precision="float32", power=2)) == (1, 0)


def test_the_arithmetic_shows_both_numbers(script):
    explorer = GradientCheck()
    words = in_page(script, explorer.settings, 'model.arithmeticOf(state, result, "W_hh")')
    check = explorer.check
    name, error, p = check.worst[1]
    assert name == "W_hh" and words.startswith(f"{gradient_check.entry_name(p)}: by hand ")
    assert f"by hand {check.analytic[p]:.5g}".replace("-", "−") in words
    assert f"= {check.numeric[p]:.5g}".replace("-", "−") in words
    above, below = (float(text.replace("−", "-")) for text in words.split("(")[1].split(")")[0].split(" − "))
    assert (above - below) / 2e-5 == pytest.approx(check.numeric[p], abs=1e-2)


def test_entries_are_named_by_row_and_column():
    names = [gradient_check.entry_name(p) for p in (0, 5, 6, 14, 15, 18, 21)]
    assert names == ["W_xh[0, 0]", "W_xh[1, 2]", "W_hh[0, 0]", "W_hh[2, 2]", "b_h[0]", "W_hy[0, 0]", "b_y[0]"]


# ---- The picture, and what it refuses ----


@pytest.mark.parametrize("key", LANDMARKS)
def test_the_picture_is_clear_where_nothing_is_drawn_and_drawn_elsewhere(key):
    pixels = imread(io.BytesIO(GradientCheck.landmark(key).picture()))
    assert pixels.shape[2] == 4 and pixels.shape[1] > 700
    assert pixels[0, 0, 3] == 0
    assert 0.01 < (pixels[:, :, 3] > 0.5).mean() < 0.5


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"bug": "transpose"}, "did you mean 'transposed'"),
        ({"power": 0}, "power is 0; expected a whole number from 1 to 12"),
        ({"precision": "float16"}, "precision is 'float16'; expected one of 'float64', 'float32'"),
        ({"difference": "two-sided"}, "difference is 'two-sided'"),
        ({"T": 7}, "T is 7; expected a whole number from 1 to 6"),
        ({"init": 1}, "init is 1"),
        ({"goal": "hide"}, "goal is 'hide'; expected one of 'hide-a-bug', 'best-step'"),
    ],
)
def test_settings_it_does_not_take_are_refused_in_words(settings, words):
    with pytest.raises((ValueError, traitlets.TraitError), match=words):
        GradientCheck(**settings)


def test_the_site_s_script_takes_the_explorer():
    assert '"gradient-check": {' in joiner.site_script()
