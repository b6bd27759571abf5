"""GradientNorm: the page's numbers and words against rnnlib's, its landmarks, goals and what it refuses."""

import io

import numpy as np
import pytest
import traitlets
from matplotlib.image import imread

from rnnlib.explorers import GradientNorm, gradient_norm, joiner, linear, seeded, specs

SPEC = specs.read_spec("gradient-norm")
LANDMARKS = list(SPEC["landmarks"])


def in_page(script, state, expression):
    """Return a JavaScript expression of `state`, `result` and `model`."""
    return script.value(
        f'((model) => ((result) => {expression})(model.compute(state)))(modules["gradient-norm-model"])',
        state=state,
    )


def random_settings(count=80):
    rng = np.random.default_rng(8)
    for k in range(count):
        yield {
            "cell": ("rnn", "rnn", "lstm", "gru")[k % 4],
            "forget_bias": float(rng.integers(-4, 21)) / 2,
            "g": round(float(rng.uniform(0, 2)), 2),
            "s": round(float(rng.uniform(0, 2)), 2),
            "loss": str(rng.choice(["last", "every", "one"])),
            "at": int(rng.integers(1, 101)),
            "activation": str(rng.choice(["tanh", "tanh", "identity", "relu", "sigmoid"])),
            "init": str(rng.choice(["schur", "schur", "orthogonal", "identity", "uniform", "normal"])),
            "T": int(rng.integers(5, 101)),
            "units": int(rng.integers(2, 33)),
            "scale": round(float(rng.uniform(0, 5)), 1),
            "max_norm": round(float(rng.uniform(0.1, 10)), 1),
            "seed": int(rng.integers(10000)),
        }


SETTINGS = [SPEC["landmarks"][key]["settings"] for key in LANDMARKS] + list(random_settings())


def plain_net(settings):
    """The weights, inputs and direction of the settings, as arrays."""
    state = {**specs.defaults(SPEC), **settings}
    cell = gradient_norm.network(state)
    return cell.params["W_xh"], cell.params["W_hh"], gradient_norm.inputs(state)[:, 0]


def plain_jacobians(settings):
    """J_t = W_hh diag(φ′(a_t)) for t = 1 … T, written out anew for tanh and identity."""
    W_xh, W_hh, x = plain_net(settings)
    h, Js = np.zeros(len(W_hh)), []
    for x_t in x:
        a = x_t @ W_xh + h @ W_hh
        linear = settings.get("activation") == "identity"
        h = a if linear else np.tanh(a)
        Js.append(W_hh * (1 if linear else 1 - h**2))
    return Js


def plain_norms(settings, v):
    """‖∂L_T/∂h_t‖ for t = 0 … T, by products with each Jacobian's transpose."""
    delta, norms = v, [np.linalg.norm(v)]
    for J in reversed(plain_jacobians(settings)):
        delta = J @ delta  # δ_{t−1} = δ_t J_tᵀ on row vectors
        norms.append(np.linalg.norm(delta))
    return np.array(norms[::-1])


def reach(explorer):
    """The largest spectral norm of ∂h_t/∂h_0 on the way; of a gated cell, the largest gradient of any unit of h_T."""
    trace = explorer.trace
    if explorer.cell != "rnn":
        return gated_reach(explorer)
    prime = {"tanh": lambda a: 1 - np.tanh(a) ** 2, "identity": np.ones_like, "relu": lambda a: a > 0,
             "sigmoid": lambda a: 0.25 / np.cosh(a / 2) ** 2}[explorer.activation](trace.a[:, 0])  # fmt: skip
    J, largest = np.eye(explorer.units), 1.0
    for slope in prime:
        J = J @ trace.params["W_hh"] * slope
        largest = max(largest, np.linalg.norm(J, 2))
    return largest


def gated_reach(explorer):
    """The largest norm that any unit's gradient has on its way back from T: a batch of one-hot losses."""
    cell, H = explorer.trace.owner, explorer.units
    x = np.repeat(explorer.trace.x, H, axis=1)
    grads = cell.backward(cell.forward(x), dh_last=np.eye(H))
    return max(np.linalg.norm(deltas, axis=2).max() for deltas in (grads.h, grads.c) if deltas is not None)


def sigma(a):
    return 1 / (1 + np.exp(-a))


def plain_gated_step(cell, params, x_t, state):
    """One step of the LSTM, state (h, c) side by side, or of the GRU, written out; works on complex numbers too."""
    H = len(params["W_hh"])
    h = state[:H]
    from_x, from_h = x_t @ params["W_xh"] + params["b_h"], h @ params["W_hh"]
    blocks = lambda array: np.split(array, len(params["b_h"]) // H)
    if cell == "lstm":
        i, f, g, o = blocks(from_x + from_h)
        c = sigma(f) * state[H:] + sigma(i) * np.tanh(g)
        return np.concatenate([sigma(o) * np.tanh(c), c])
    (r, z, n), (hr, hz, hn) = blocks(from_x), blocks(from_h)
    z = sigma(z + hz)
    return (1 - z) * np.tanh(n + sigma(r + hr) * hn) + z * h


def plain_gated(explorer):
    """‖∂L_T/∂h_t‖ and, for the LSTM, ‖∂L_T/∂c_t‖, by complex steps: two (T+1,), the second 0 for the GRU."""
    H, eps = explorer.units, 1e-30
    wide = 2 * H if explorer.cell == "lstm" else H
    trace, states, Js = explorer.trace, [np.zeros(wide)], []
    for x_t in trace.x[:, 0]:
        step = lambda state, x_t=x_t: plain_gated_step(explorer.cell, trace.params, x_t, state)
        rows = [step(states[-1] + 1j * eps * row) for row in np.eye(wide)]
        Js.append(np.imag(rows) / eps)  # row k: ∂(next state)/∂(entry k)
        states.append(step(states[-1]))
    deltas = [np.r_[gradient_norm.direction(explorer.settings), np.zeros(wide - H)]]
    for J in reversed(Js):
        deltas.append(J @ deltas[-1])
    deltas = np.array(deltas[::-1])
    by_h, by_c = deltas[:, :H], deltas[:, H:]
    if (
        explorer.cell == "lstm"
    ):  # c_t reaches the loss through h_t = o_t tanh(c_t) as well; h_0 does not come of c_0
        h, c = np.split(np.array(states[1:]), 2, axis=1)
        by_c[1:] += by_h[1:] * h / np.tanh(c) * (1 - np.tanh(c) ** 2)
    return np.linalg.norm(by_h, axis=1), np.linalg.norm(by_c, axis=1)


# ---- The weights ----


@pytest.mark.parametrize("init", ["schur", "orthogonal", "identity", "uniform", "normal"])
@pytest.mark.parametrize(
    ("units", "g", "s", "seed"), [(2, 0.9, 0.5, 0), (16, 0.35, 1.75, 3), (32, 1.3, 0.4, 9999)]
)
@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_weights_inputs_and_direction_are_equal_bit_for_bit(script, init, units, g, s, seed, cell):
    state = GradientNorm(init=init, units=units, g=g, s=s, seed=seed, scale=1.7, cell=cell).settings
    page = in_page(
        script,
        state,
        "({ W_xh: result.net.params.W_xh, W_hh: result.net.params.W_hh, x: model.inputsOf(state), v: result.v })",
    )
    W_xh, W_hh, x = plain_net(state)
    for name, ours in (("W_xh", W_xh), ("W_hh", W_hh), ("x", x), ("v", gradient_norm.direction(state))):
        np.testing.assert_array_equal(page[name], ours.ravel(), err_msg=name)


@pytest.mark.parametrize(("H", "g", "s"), [(2, 0.9, 1.0), (8, 0.6, 0.8), (16, 1.2, 0.3), (32, 0.9, 0.0)])
def test_schur_weights_are_what_they_are_called(H, g, s):
    """W = Q (g I + s N) Qᵀ: W − g I is nilpotent, and has the singular values of s N."""
    W = gradient_norm.schur_weights(seeded.Generator(0), H, g, s)
    rest = W - g * np.eye(H)
    np.testing.assert_allclose(np.linalg.matrix_power(rest, H), 0, atol=1e-12)
    expected = np.r_[np.full(H - 1, s), 0.0]
    np.testing.assert_allclose(np.linalg.svd(rest, compute_uv=False), expected, atol=1e-12)
    shift = g * np.eye(H) + s * np.eye(H, k=1)
    np.testing.assert_allclose(np.linalg.norm(W, 2), np.linalg.norm(shift, 2), rtol=1e-12)


RNN_SETTINGS = [settings for settings in SETTINGS if settings.get("cell", "rnn") == "rnn"]


@pytest.mark.parametrize("settings", RNN_SETTINGS, ids=range(len(RNN_SETTINGS)))
def test_spectral_radius_and_largest_singular_value(script, settings):
    state = GradientNorm(**settings).settings
    page = in_page(script, state, "({ rho: result.rho, sMax: result.sMax })")
    W = plain_net(state)[1]
    assert page["sMax"] == pytest.approx(np.linalg.norm(W, 2), rel=1e-10, abs=1e-300)
    if state["init"] != "schur":  # the eigenvalues of a Jordan block are no numbers that floats find
        assert page["rho"] == pytest.approx(np.abs(np.linalg.eigvals(W)).max(), rel=1e-7, abs=1e-300)
    else:
        assert page["rho"] == state["g"]


# ---- The same in both languages ----


@pytest.mark.parametrize("settings", SETTINGS, ids=range(len(SETTINGS)))
def test_numbers_and_words_equal_rnnlib_s(script, settings):
    explorer = GradientNorm(**settings)
    page = in_page(
        script,
        explorer.settings,
        "({ total: result.total, single: result.single, norm: result.norm, tau: result.tau, slopes: result.slopes,"
        " keeps: result.keeps, direct: result.direct, total_c: result.totalC, single_c: result.singleC,"
        " sentence: model.describe(state, result) })",
    )
    course = explorer.course
    assert page["tau"] == course.tau
    own = {"rnn": ["slopes"], "lstm": ["keeps", "direct", "total_c", "single_c"], "gru": ["keeps", "direct"]}
    if reach(explorer) < 100:  # elsewhere rounding grows
        for name in ("total", "single", "norm", *own[explorer.cell]):
            ours = np.asarray(getattr(course, name))
            theirs = np.asarray(page[name], float)  # JSON writes large ones as whole numbers
            np.testing.assert_allclose(theirs, ours, rtol=1e-9, atol=1e-10 * ours.max(), err_msg=name)
    if reach(explorer) < 1e8:
        assert page["sentence"] == explorer.sentence


def test_most_settings_are_compared_digit_by_digit():
    explorers = [GradientNorm(**settings) for settings in SETTINGS]
    for cell, fewest in (("rnn", 30), ("lstm", 15), ("gru", 15)):
        assert sum(one.cell == cell and reach(one) < 100 for one in explorers) >= fewest


def itemised_in_page(script, explorer):
    table = in_page(script, explorer.settings, 'modules["gradient-norm-itemised"].itemised(result)')
    return np.reshape(table, (explorer.T, explorer.T + 1))


@pytest.mark.parametrize("cell", ["lstm", "gru"])
@pytest.mark.parametrize("units", [3, 8])
def test_itemised_gradients_of_gated_cells_equal_rnnlib_s(script, cell, units):
    explorer = GradientNorm(cell=cell, T=17, units=units, g=1.3, s=0.5, scale=2)
    page, ours = itemised_in_page(script, explorer), explorer.itemised
    np.testing.assert_allclose(page, ours, rtol=1e-9, atol=1e-14)
    np.testing.assert_allclose(ours[-1], explorer.norms, rtol=1e-12)
    assert (page[:, 1:][np.triu_indices(17, 1)] == 0).all()


@pytest.mark.parametrize("activation", ["tanh", "identity", "relu", "sigmoid"])
def test_itemised_gradients_equal_rnnlib_s(script, activation):
    explorer = GradientNorm(activation=activation, T=30, units=7, g=0.8, s=0.3)
    page = itemised_in_page(script, explorer)
    ours = explorer.itemised
    np.testing.assert_allclose(page, ours, rtol=1e-9, atol=1e-14)
    np.testing.assert_array_equal(ours[np.tril_indices(30, -1)[::-1]] * 0, 0)
    assert (ours[:, 1:][np.triu_indices(30, 1)] == 0).all()  # no loss reaches a later step
    np.testing.assert_allclose(ours[np.arange(30), np.arange(1, 31)], 1, rtol=1e-14)
    np.testing.assert_allclose(ours[-1], explorer.norms, rtol=1e-12)


def test_itemised_rows_are_single_losses():
    table = GradientNorm(T=12, units=5).itemised
    for tau in (1, 7, 12):
        one = GradientNorm(T=12, units=5, loss="one", at=tau)
        np.testing.assert_allclose(table[tau - 1], one.norms, rtol=1e-12)


# ---- Landmarks, each by plain loops ----


def test_flat_is_flat_to_ten_digits():
    for settings in ({**SPEC["landmarks"]["flat"]["settings"]}, {"activation": "identity", "g": 1, "s": 0}):
        explorer = GradientNorm(**settings)
        assert np.abs(explorer.norms - 1).max() < 1e-10
        assert "stays 1 from h₅₀ back to h₀: flat" in explorer.sentence


def test_vanishes_no_slower_than_half_a_step():
    explorer = GradientNorm.landmark("vanishes")
    ratios = explorer.norms[:-1] / explorer.norms[1:]
    assert np.linalg.norm(explorer.trace.params["W_hh"], 2) == pytest.approx(0.5, rel=1e-12)
    assert ratios.max() <= 0.5 + 1e-12
    assert "multiplies it by more than 0.5" in explorer.sentence


@pytest.mark.parametrize("key", ["explodes", "saturates", "transient"])
def test_landmarks_of_the_last_loss(key):
    settings = SPEC["landmarks"][key]["settings"]
    explorer = GradientNorm.landmark(key)
    v = gradient_norm.direction(explorer.settings)
    assert np.linalg.norm(v) == pytest.approx(1, rel=1e-14)
    norms = plain_norms(settings, v)
    np.testing.assert_allclose(explorer.norms, norms, rtol=1e-6)
    if key == "explodes":
        assert norms[0] > 1000 and "it explodes" in explorer.sentence
    elif key == "saturates":
        assert norms[0] < 1e-4 and "ρ = 2" in explorer.sentence and "it vanishes" in explorer.sentence
    else:
        assert norms.max() > 10 and norms[0] < 0.01
        assert f"grows from 1 at h₅₀ to {norms.max():.1f} at h₃₃" in explorer.sentence
        assert norms.argmax() == 33


@pytest.mark.parametrize("key", ["lstm", "lstm-open", "gru"])
def test_landmarks_of_gated_cells(key):
    explorer = GradientNorm.landmark(key)
    by_h, by_c = plain_gated(explorer)
    np.testing.assert_allclose(explorer.norms, by_h, rtol=1e-9)
    led = by_h if key == "gru" else by_c
    if key != "gru":
        np.testing.assert_allclose(explorer.norms_c, by_c, rtol=1e-9)
    assert f"to {led[0]:.3g}".replace("e-05", " × 10⁻⁵").replace("e-10", " × 10⁻¹⁰") in explorer.sentence
    assert ("it vanishes" in explorer.sentence) == (key != "lstm-open")
    if key == "lstm-open":
        assert "much of it arrives" in explorer.sentence and led[0] > led[-1] / 2


def test_gated_landmarks_read_what_vanishes_reads_and_have_its_size():
    plain = GradientNorm.landmark("vanishes")
    for key in ("lstm", "lstm-open", "gru"):
        other = GradientNorm.landmark(key)
        np.testing.assert_array_equal(other.trace.x, plain.trace.x)
        changed = {name for name, value in other.settings.items() if value != plain.settings[name]}
        assert changed <= {"cell", "forget_bias"} and other.trace.h.shape == plain.trace.h.shape
        for W in np.split(other.trace.params["W_hh"], 3 if key == "gru" else 4, axis=1):
            assert np.linalg.norm(W, 2) == pytest.approx(0.5, rel=1e-12)


@pytest.mark.parametrize(("cell", "gate"), [("lstm", "f"), ("gru", "z")])
def test_the_direct_path_is_the_product_of_one_gate(cell, gate):
    explorer = GradientNorm(cell=cell, T=9, units=5, loss="one", at=7, g=1.5)
    carried = (explorer.grads.c if cell == "lstm" else explorer.grads.h)[7, 0]
    for t in range(7, -1, -1):
        assert explorer.course.direct[t] == pytest.approx(np.linalg.norm(carried), rel=1e-12)
        carried = carried * explorer.trace.gates[gate][t - 1, 0]
    assert (explorer.course.direct[8:] == 0).all()


def test_only_an_lstm_has_norms_of_c():
    with pytest.raises(ValueError, match="cell is 'gru'; expected 'lstm'"):
        _ = GradientNorm(cell="gru").norms_c


def test_the_same_weights_explode_with_small_inputs_and_saturate_with_large_ones():
    one, other = (GradientNorm.landmark(key) for key in ("explodes", "saturates"))
    np.testing.assert_array_equal(one.trace.params["W_hh"], other.trace.params["W_hh"])
    assert {name for name, value in one.settings.items() if value != other.settings[name]} == {"scale"}


def test_a_loss_at_every_step_keeps_the_total_and_not_the_long_lags():
    explorer = GradientNorm.landmark("every-step")
    v, Js = gradient_norm.direction(explorer.settings), plain_jacobians({"g": 0.5})
    delta, totals = np.zeros(16), []
    for J in reversed(Js):
        delta = J @ (delta + v)
        totals.append(np.linalg.norm(delta))
    assert explorer.norms[0] == pytest.approx(totals[-1], rel=1e-10)
    assert explorer.norms[0] > 0.5 and explorer.course.single[0] < 0.5**50
    assert "The total is 0.844 at h₀, fed by the losses near by" in explorer.sentence


@pytest.mark.parametrize("activation", ["tanh", "relu", "identity", "sigmoid"])
@pytest.mark.parametrize(("g", "s"), [(0.9, 0.0), (0.6, 0.8), (1.4, 0.3)])
def test_no_gradient_lies_above_the_bound(activation, g, s):
    explorer = GradientNorm(activation=activation, g=g, s=s)
    factor = linear.MAX_SLOPE[activation] * np.linalg.norm(explorer.trace.params["W_hh"], 2)
    assert (explorer.norms <= factor ** np.arange(50, -1, -1) * (1 + 1e-9)).all()


def test_the_weights_gradient_is_the_slope_of_the_loss():
    explorer, eps = GradientNorm(T=8, units=4, loss="every"), 1e-6
    cell, v = explorer.trace.owner, gradient_norm.direction(explorer.settings)
    loss = lambda: float((cell.forward(explorer.trace.x).y[:, 0] @ v).sum())
    total = 0.0
    for array in cell.params.values():
        for place in np.ndindex(array.shape):
            array[place] += eps
            above = loss()
            array[place] -= 2 * eps
            total += ((above - loss()) / (2 * eps)) ** 2
            array[place] += eps
    assert explorer.course.norm == pytest.approx(np.sqrt(total), rel=1e-7)


def test_clipping_leaves_the_line(script):
    free, tight = GradientNorm(max_norm=10), GradientNorm(max_norm=0.1)
    np.testing.assert_array_equal(free.norms, tight.norms)
    page = in_page(script, tight.settings, "({ norm: result.norm, clipped: result.clipped })")
    assert page["clipped"] == 0.1 and page["norm"] == pytest.approx(tight.course.norm, rel=1e-10)
    assert "is within 10, so clipping leaves it" in free.sentence
    assert "to 0.1, and the line stays as it is" in tight.sentence


# ---- One step, prediction, goals ----


def test_the_arithmetic_of_a_step_is_the_ratio_of_two_norms(script):
    explorer = GradientNorm()
    words = in_page(script, explorer.settings, "model.stepWords(state, result, 40)")
    one, before = explorer.norms[40], explorer.norms[39]
    assert words.startswith(
        f"‖∂L/∂h₃₉‖ = {before:.3g} = {before / one:.3g} × ‖∂L/∂h₄₀‖: W stretches by sₘₐₓ = 0.9"
    )
    slope = (1 - explorer.trace.h[40] ** 2).mean()
    assert words.endswith(f"φ′(a₄₀) is {slope:.3g} on average.")
    lstm = GradientNorm(cell="lstm")
    words = in_page(script, lstm.settings, "model.stepWords(state, result, 40)")
    one, before = lstm.norms_c[40], lstm.norms_c[39]
    f = lstm.trace.gates["f"][39].mean()
    assert words.startswith(
        f"‖∂L/∂c₃₉‖ = {before:.3g} = {before / one:.3g} × ‖∂L/∂c₄₀‖: f₄₀, {f:.3g} on average"
    )
    late = in_page(
        script, {**explorer.settings, "loss": "one", "at": 10}, "model.stepWords(state, result, 11)"
    )
    assert late == "‖∂L/∂h₁₁‖ = 0: no loss comes after it."


def test_the_prediction_is_answered_by_what_happens(script):
    settings = {**specs.defaults(SPEC), **SPEC["prediction"]["settings"]}
    norms = plain_norms(SPEC["prediction"]["settings"], gradient_norm.direction(settings))
    assert norms[0] < 1e-6
    assert (
        SPEC["prediction"]["options"][in_page(script, settings, "model.outcome(state, result)")]
        == "it vanishes"
    )
    happens = {"flat": "it about keeps its size", "explodes": "it grows", "saturates": "it vanishes"}
    for key, option in happens.items():
        state = GradientNorm.landmark(key).settings
        assert SPEC["prediction"]["options"][in_page(script, state, "model.outcome(state, result)")] == option


@pytest.mark.parametrize(
    ("goal", "settings", "reached"),
    [
        ("grows-below-one", {}, False),
        ("grows-below-one", {"cell": "lstm"}, False),
        ("vanishes-above-one", {"cell": "gru"}, False),
        ("grows-below-one", {"g": 1.2, "activation": "identity"}, False),
        ("grows-below-one", {"g": 0.6, "s": 0.8, "activation": "identity"}, True),
        ("vanishes-above-one", {}, False),
        ("vanishes-above-one", {"g": 1.2, "activation": "identity"}, False),
        ("vanishes-above-one", {"g": 1.5}, True),
    ],
)
def test_goals_are_judged_alike(script, goal, settings, reached):
    explorer = GradientNorm(**settings)
    assert explorer.reached(goal)[0] == reached
    page = in_page(script, explorer.settings, f'model.goals["{goal}"](state, result)')
    assert page == list(explorer.reached(goal))


# ---- The drawing ----


def test_a_curve_is_cut_where_it_leaves_the_axis(script):
    """Decades 10⁰, 10⁻², … of an axis that ends at 10⁻³: cut half way between the second and the third point."""
    pieces = script.value(
        "((plot, page) => page.within([1, 1e-2, 1e-4, 0, 1e-2], { time: plot.linear([0, 10], [0, 10]),"
        " up: plot.log([1e-3, 1], [0, 3]) }))(modules.plot, modules['log-curve'])"
    )
    np.testing.assert_allclose(pieces[0], [[0, 3], [1, 1], [1.5, 0]], atol=1e-9)
    np.testing.assert_allclose(pieces[1], [[4, 1]], atol=1e-9)
    assert len(pieces) == 2


@pytest.mark.parametrize("key", LANDMARKS)
def test_the_picture_is_clear_where_nothing_is_drawn_and_drawn_elsewhere(key):
    pixels = imread(io.BytesIO(GradientNorm.landmark(key).picture()))
    assert pixels.shape[2] == 4 and pixels.shape[1] > 700
    assert pixels[0, 0, 3] == 0
    assert 0.01 < (pixels[:, :, 3] > 0.5).mean() < 0.5


# ---- What it refuses, and what Python gets ----


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"cell": "lsmt"}, "did you mean 'lstm'"),
        ({"forget_bias": 11}, "forget_bias is 11; expected a number from -2 to 10"),
        ({"g": 2.1}, "g is 2.1; expected a number from 0 to 2"),
        ({"units": 1}, "units is 1; expected a whole number from 2 to 32"),
        ({"T": 101}, "T is 101; expected a whole number from 5 to 100"),
        ({"loss": "evry"}, "did you mean 'every'"),
        ({"init": "schurr"}, "did you mean 'schur'"),
        ({"max_norm": 0}, "max_norm is 0; expected a number from 0.1 to 10"),
        ({"goal": "grow"}, "goal is 'grow'; expected one of 'grows-below-one', 'vanishes-above-one'"),
    ],
)
def test_settings_it_does_not_take_are_refused_in_words(settings, words):
    with pytest.raises((ValueError, traitlets.TraitError), match=words):
        GradientNorm(**settings)


def test_trace_and_grads_are_rnnlib_s():
    explorer = GradientNorm(T=12, units=6, loss="one", at=30)
    assert explorer.trace.h.shape == (13, 1, 6)
    assert explorer.course.tau == 12  # a step beyond T is T
    np.testing.assert_array_equal(np.linalg.norm(explorer.grads.h[:, 0], axis=1), explorer.norms)


def test_the_site_s_script_takes_the_explorer():
    assert '"gradient-norm": {' in joiner.site_script()
