"""JacobianProduct and the 2×2 algebra under it: both languages alike, the numbers held to exact arithmetic."""

import math
import random
from decimal import Decimal, localcontext
from fractions import Fraction

import numpy as np
import pytest

import rnnlib
from rnnlib.explorers import JacobianProduct, linear
from rnnlib.explorers import jacobian_product as ours

SPEC = JacobianProduct.spec
LANDMARKS = list(SPEC["landmarks"])
CONTROLS = {control["name"]: control for control in SPEC["controls"]}
MODULE = 'modules["jacobian-product"]'
COMPUTED = f"({MODULE}.compute(state))"


# ---- 2×2 matrices, held to exact fractions ----


def decimal(fraction):
    return Decimal(fraction.numerator) / Decimal(fraction.denominator)


def exact_det(matrix):
    a, b, c, d = map(Fraction, np.ravel(matrix))
    return a * d - b * c


def exact_singular_values(matrix):
    """s² are the roots of z² − (a² + b² + c² + d²) z + det², here with 400 digits."""
    squares = sum(Fraction(value) ** 2 for value in np.ravel(matrix))
    with localcontext(prec=400):
        total, det = decimal(squares), decimal(exact_det(matrix))
        large = ((total + (total * total - 4 * det * det).sqrt()) / 2).sqrt()
        return large, abs(det) / large if large else Decimal(0)


def exact_eigenvalues(matrix):
    """The roots of z² − (a + d) z + det, as complex numbers, the larger first."""
    a, _, _, d = map(Fraction, np.ravel(matrix))
    discriminant = (a + d) ** 2 - 4 * exact_det(matrix)
    with localcontext(prec=100):
        middle, root = decimal(a + d) / 2, decimal(abs(discriminant)).sqrt() / 2
        if discriminant < 0:
            return [complex(float(middle), float(root)), complex(float(middle), -float(root))]
        return sorted([complex(float(middle + sign * root)) for sign in (1, -1)], key=abs, reverse=True)


def matrices():
    """Any, nearly singular, singular and nilpotent ones, the two eigenvalues apart enough to be well conditioned."""
    rng = random.Random(7)
    for _ in range(60):
        yield np.array([[rng.uniform(-5, 5) for _ in range(2)] for _ in range(2)])
        u, v = [[rng.uniform(0.5, 3) for _ in range(2)] for _ in range(2)]
        yield np.outer(u, v) + 1e-12 * rng.random()
    yield from (3 * np.array([[1.0, -1], [1, -1]]), 0.35 * np.array([[1.0, -1], [1, -1]]), np.zeros((2, 2)))
    yield np.array([[0.9, 5], [0, 0.9]])


def in_page(script, name, matrix):
    return script.value(f"modules.linear.{name}(matrix)", matrix=np.ravel(matrix).tolist())


def test_determinants_do_not_cancel(script):
    for matrix in matrices():
        expected = float(exact_det(matrix))
        assert linear.determinant(matrix) == pytest.approx(expected, rel=1e-15, abs=0)
        assert in_page(script, "determinant", matrix) == linear.determinant(matrix)


def test_singular_values_are_right_to_the_last_digits(script):
    for matrix in matrices():
        expected = [float(value) for value in exact_singular_values(matrix)]
        assert linear.singular_values(matrix) == pytest.approx(expected, rel=4e-15, abs=0)
        assert in_page(script, "singularValues", matrix) == pytest.approx(expected, rel=4e-15, abs=0)


def test_eigenvalues_are_right_to_the_last_digits(script):
    for matrix in matrices():
        expected = exact_eigenvalues(matrix)
        assert linear.eigenvalues(matrix) == pytest.approx(expected, rel=1e-12, abs=0)
        there = [complex(*pair) for pair in in_page(script, "eigenvalues", matrix)]
        assert there == pytest.approx(expected, rel=1e-12, abs=0)
        assert linear.spectral_radius(matrix) == pytest.approx(max(map(abs, expected)), rel=1e-12, abs=0)


def test_a_nilpotent_matrix_has_no_eigenvalue_but_0():
    """Where LAPACK leaves 1e-8 or so: 0.35 · [[1, −1], [1, −1]] squares to 0."""
    assert linear.eigenvalues(0.35 * np.array([[1.0, -1], [1, -1]])) == [0, 0]


@pytest.mark.parametrize("activation", ["tanh", "sigmoid"])
def test_slopes_do_not_round_to_0(script, activation):
    """φ′(a) from its definition with 60 digits, where 1 − h² has long been 0."""
    a = [-40.0, -3.0, -0.1, 0.0, 0.5, 2.0, 19.5, 40.0]
    with localcontext(prec=60):
        e = [Decimal(value).exp() for value in a]
        tanh = [float(4 / (one + 1 / one) ** 2) for one in e]
        sigmoid = [float(one / (1 + one) ** 2) for one in e]
    expected = {"tanh": tanh, "sigmoid": sigmoid}[activation]
    assert linear.slopes(activation, a) == pytest.approx(expected, rel=1e-14, abs=0)
    there = [script.value("modules.linear.slope(name, a)", name=activation, a=value) for value in a]
    assert there == pytest.approx(expected, rel=1e-14, abs=0)


PRODUCTS = [  # W, T, how the slopes are drawn; the last two leave the range of floats on either side
    ([[0.9, 5.0], [0.0, 0.9]], 60, lambda rng: 1.0),
    ([[2.0, -1.0], [0.5, 1.5]], 80, lambda rng: rng.uniform(0.1, 1)),
    ([[-0.05, 0.02], [0.03, 0.01]], 100, lambda rng: 10 ** rng.uniform(-12, -1)),
    ([[1e5, 2e5], [-3e5, 1e5]], 100, lambda rng: rng.uniform(0.5, 1)),
]


@pytest.mark.parametrize(("W", "T", "draw"), PRODUCTS)
def test_long_products_neither_overflow_nor_underflow(script, W, T, draw):
    rng = random.Random(3)
    slopes = [[draw(rng), draw(rng)] for _ in range(T)]
    _, largest, smallest = linear.jacobian_products(np.array(W), np.array(slopes))
    there = script.value(
        "modules.linear.jacobianProducts(W, Float64Array.from(slopes))",
        W=np.ravel(W).tolist(),
        slopes=np.ravel(slopes).tolist(),
    )
    for t, (large, small) in enumerate(exact_products(W, slopes)):
        assert [largest[t], smallest[t]] == pytest.approx([large, small], rel=1e-12, abs=1e-12)
        assert [there["largest"][t], there["smallest"][t]] == pytest.approx(
            [large, small], rel=1e-12, abs=1e-12
        )


def exact_products(W, slopes):
    """Yield log10 of both singular values of J_1 ⋯ J_t for t = 0 … T, from exact fractions."""
    (a, b), (c, d) = ((Fraction(value) for value in row) for row in W)
    (p, q), (r, s) = (Fraction(1), Fraction(0)), (Fraction(0), Fraction(1))
    for t in range(len(slopes) + 1):
        if t > 0:
            one, other = map(Fraction, slopes[t - 1])
            p, q = (p * a + q * c) * one, (p * b + q * d) * other
            r, s = (r * a + s * c) * one, (r * b + s * d) * other
        with localcontext(prec=60):
            yield tuple(float(value.log10()) for value in squares_of(p, q, r, s))


def squares_of(p, q, r, s):
    total, det = decimal(p * p + q * q + r * r + s * s), decimal(p * s - q * r)
    large = ((total + (total * total - 4 * det * det).sqrt()) / 2).sqrt()
    return large, abs(det) / large


def test_a_product_that_is_0_is_said_to_be(script):
    W = 3 * np.array([[1.0, -1], [1, -1]])
    _, largest, smallest = linear.jacobian_products(W, np.full((4, 2), 0.3))
    assert largest[1] == pytest.approx(math.log10(1.8))  # 6 · 0.3
    assert (largest[2:] == -math.inf).all() and (smallest[1:] == -math.inf).all()
    there = script.value(
        "modules.linear.jacobianProducts(W, Float64Array.from(s))", W=W.ravel().tolist(), s=[0.3] * 8
    )
    assert there["largest"][2:] == ["-Infinity"] * 3


@pytest.mark.parametrize(
    ("logarithm", "text"),
    [(-400.5, "3.16 × 10⁻⁴⁰¹"), (0.0, "1"), (-math.inf, "0"), (1234.0, "1 × 10¹²³⁴"), (-350.0001, "1 × 10⁻³⁵⁰"),
     (1.2873, "19.4"), (11.0, "1 × 10¹¹")],
)  # fmt: skip
def test_powers_of_ten_are_written_alike_whatever_their_size(script, logarithm, text):
    assert linear.power_of_ten(logarithm) == text
    expression = "-Infinity" if logarithm == -math.inf else str(logarithm)
    assert script.value(f"modules.linear.powerOfTen({expression})") == text


@pytest.mark.parametrize(
    ("matrix", "text"),
    [([[0.9, 5], [0, 0.9]], "0.9, twice"), ([[1, 0.5], [0.5, 1]], "1.5 and 0.5"),
     ([[0.6, 0.8], [-0.8, 0.6]], "0.6 ± 0.8i")],
)  # fmt: skip
def test_eigenvalues_are_written_alike(script, matrix, text):
    assert linear.eigenvalues_text(linear.eigenvalues(matrix)) == text
    W = np.ravel(matrix).tolist()
    assert script.value("modules.linear.eigenvaluesText(modules.linear.eigenvalues(W))", W=W) == text


# ---- The same in both languages ----


def random_settings(rng):
    """Any setting that the controls can reach, the telling ones more often than chance would have them."""

    def place(name):
        low, high = (round(CONTROLS[name][end] / 0.05) for end in ("min", "max"))
        return round(rng.randint(low, high) * 0.05, 2)

    settings = {name: place(name) for name, control in CONTROLS.items() if control["kind"] == "range"}
    settings |= {"g": rng.choice([0, 0.2, 0.3, 0.5, 1, 1, 3]), "noise": rng.choice([0, 0, 0.5])}
    if rng.random() < 0.5:
        settings |= rng.choice([one["settings"] for one in SPEC["landmarks"].values()])
    settings["activation"] = rng.choice(CONTROLS["activation"]["options"])
    return settings | {"T": rng.randint(10, 100), "seed": rng.randint(0, 9999)}


RANDOM = [random_settings(random.Random(k)) for k in range(250)]
STILL = {"m12": 0, "m21": 0, "activation": "relu", "g": 1}
KNOWN = [
    {},
    *(SPEC["landmarks"][key]["settings"] for key in LANDMARKS),
    {"g": 0},
    {**STILL, "b1": -3, "b2": -3},
    {"activation": "identity", "g": 1, "m11": 1, "m12": 0, "m21": 0, "m22": 0.5},
    {"activation": "identity", "g": 1, "m11": 1, "m12": 1, "m21": 0, "m22": 1},
    {"activation": "identity", "g": 1, "m11": 0.9, "m12": 5, "m21": 0, "m22": 0.9, "T": 20},
    {"g": 3, "m11": 1, "m12": -1, "m21": 1, "m22": -1, "b1": -1.5, "b2": 3, "T": 100},
]


def test_the_sentence_is_the_same_in_both_languages(script):
    kinds = set()
    for settings in KNOWN + RANDOM:
        explorer = JacobianProduct(**settings)
        said = script.value(f"{MODULE}.describe(state, {COMPUTED})", state=explorer.settings)
        assert said == explorer.sentence, settings
        kinds.add(ours.compute(explorer.settings)["course"][0])
    assert kinds == set(ours.SENTENCES)


def test_the_numbers_are_the_same_in_both_languages(script):
    compared = 0
    for settings in KNOWN + RANDOM:
        state = JacobianProduct(**settings).settings
        here, there = ours.compute(state), script.value(COMPUTED, state=state)
        if np.max(here["largest"]) > 2:
            continue  # the orbit multiplies rounding by more than 100
        compared += 1
        np.testing.assert_allclose(there["slopes"], here["slopes"].ravel(), rtol=1e-9, atol=1e-300)
        for name in ("largest", "smallest"):
            np.testing.assert_allclose(np.array(there[name], float), here[name], rtol=1e-9, atol=1e-9)
    assert compared > 80


# ---- Landmarks: numbers from loops and formulas that do not use rnnlib ----


def loop(W, b, h, T):
    """‖∂h_t/∂h_0‖ for t = 1 … T of a tanh net, by the definition."""
    P, norms = np.eye(2), []
    for _ in range(T):
        h = np.tanh(h @ W + b)
        P = P @ W @ np.diag(1 - h**2)
        norms.append(np.linalg.norm(P, 2))
    return norms


SHARP = 3 * np.array([[1.0, -1], [1, -1]])


def test_vanishes():
    explorer = JacobianProduct.landmark("vanishes")
    W = np.array([[0.5, 0.5], [-0.25, 0.25]])
    expected = loop(W, 0, np.array([0.5, 0.3]), 60)
    np.testing.assert_allclose(explorer.singular_values[1:, 0], expected, rtol=1e-9)
    s = explorer.singular_values[:, 0]
    assert (s[1:] <= s[:-1] * math.sqrt(0.5) * (1 + 1e-12)).all()  # W Wᵀ = diag(1/2, 1/8)


def test_orthogonal():
    assert JacobianProduct.landmark("orthogonal").singular_values == pytest.approx(
        np.ones((61, 2)), abs=1e-10
    )


def test_transient():
    """W^t = 0.9^t [[1, 5t / 0.9], [0, 1]], whose larger singular value is k/2 + √(1 + k²/4) times 0.9^t, k = 5t/0.9."""
    s = JacobianProduct.landmark("transient").singular_values[:, 0]
    t = np.arange(61)
    k = 5 * t / 0.9
    np.testing.assert_allclose(s, 0.9**t * (k / 2 + np.sqrt(1 + k * k / 4)), rtol=1e-12)
    assert s.argmax() == 9 and s.max() == pytest.approx(19.379, abs=5e-4)
    assert s[54] > 1 and (s[55:] < 1).all()


def test_chaotic():
    explorer = JacobianProduct.landmark("chaotic")
    assert linear.spectral_radius(SHARP) == 0 and linear.singular_values(SHARP)[0] == pytest.approx(6)
    expected = loop(SHARP, np.array([-1.5, 3.0]), np.zeros(2), 50)
    np.testing.assert_allclose(explorer.singular_values[1:, 0], expected, rtol=1e-3)
    assert 1e10 < explorer.singular_values[50, 0] < 1e12


def test_dead():
    """J_1 J_2 = W diag(c, c) W D = c W² D = 0, for tanh has one slope at a and −a."""
    explorer = JacobianProduct.landmark("dead")
    c = 1 - math.tanh(3 * (0.2 + 0.1)) ** 2
    assert explorer.singular_values[1, 0] == pytest.approx(6 * c)
    assert (explorer.singular_values[2:] == 0).all()
    assert "J₁ J₂ is exactly 0" in explorer.sentence


@pytest.mark.parametrize("key", LANDMARKS)
def test_a_landmark_differs_from_every_other(key):
    states = [JacobianProduct.landmark(one).settings for one in LANDMARKS]
    assert states.count(JacobianProduct.landmark(key).settings) == 1


# ---- What Python reads back ----


@pytest.mark.parametrize("activation", CONTROLS["activation"]["options"])
def test_the_product_is_what_rnnlib_sends_back(activation):
    """∂h_{T,j}/∂h_0, by backpropagation, is column j of J_1 ⋯ J_T."""
    explorer = JacobianProduct(
        g=1, activation=activation, b1=0.2, start1=0.4, start2=0.7, noise=0.3, seed=5, T=12
    )
    trace = explorer.trace
    assert isinstance(trace.owner, rnnlib.RNN) and trace.h.shape == (13, 1, 2)
    product = np.linalg.multi_dot(explorer.jacobians)
    columns = [trace.owner.backward(trace, dh_last=[row]).h0[0] for row in np.eye(2)]
    np.testing.assert_allclose(np.transpose(columns), product, rtol=1e-10, atol=1e-14)
    np.testing.assert_allclose(explorer.grads.h0[0], product.sum(axis=1), rtol=1e-10, atol=1e-14)
    expected = np.linalg.svd(product, compute_uv=False)
    np.testing.assert_allclose(explorer.singular_values[-1], expected, rtol=1e-6, atol=1e-14)


def test_the_picture_is_a_png():
    for key in LANDMARKS:
        assert JacobianProduct.landmark(key).picture().startswith(b"\x89PNG")


# ---- Prediction, goal, the drawing's pure parts ----


def test_the_prediction_has_the_outcome_that_happens(script):
    setting = JacobianProduct(**SPEC["prediction"]["settings"])
    outcome = script.value(f"{MODULE}.outcome(state, {COMPUTED})", state=setting.settings)
    assert SPEC["prediction"]["options"][outcome] == "it grows, then shrinks"
    s = setting.singular_values[:, 0]
    assert s.max() > 10 and s[-1] < 1


CHAOTIC = SPEC["landmarks"]["chaotic"]["settings"]
VERDICTS = [
    ({}, False, "ρ(W) = 0.5, and ‖∂h₅₀/∂h₀‖ is"),
    (CHAOTIC, True, "ρ(W) = 0, and ‖∂h₅₀/∂h₀‖ is 1.1 × 10¹¹"),
    ({**CHAOTIC, "b1": 0, "b2": 0}, False, "is 0."),
    ({**CHAOTIC, "T": 40}, False, "T is 40: lag 50 is not reached"),
    ({"g": 1, "activation": "identity", "m11": 0.9, "m12": 5, "m21": 0, "m22": 0.9}, False, "ρ(W) = 0.9"),
    ({"g": 3, "activation": "identity"}, False, "ρ(W) = 3, and ‖∂h₅₀/∂h₀‖ is"),
]


@pytest.mark.parametrize(("settings", "reached", "words"), VERDICTS)
def test_the_goal_is_judged_alike_in_both_languages(script, settings, reached, words):
    explorer = JacobianProduct(goal="explodes-with-small-rho", **settings)
    verdict = explorer.reached()
    assert verdict[0] is reached and words in verdict[1]
    there = script.value(
        f'{MODULE}.goals["explodes-with-small-rho"](state, {COMPUTED})', state=explorer.settings
    )
    assert tuple(there) == verdict


def test_the_goal_agrees_on_random_settings(script):
    for settings in RANDOM[:100]:
        explorer = JacobianProduct(**settings)
        there = script.value(
            f'{MODULE}.goals["explodes-with-small-rho"](state, {COMPUTED})', state=explorer.settings
        )
        assert tuple(there) == explorer.reached("explodes-with-small-rho"), settings


def test_every_goal_of_the_specification_has_its_judge(script):
    assert set(SPEC["goals"]) == set(JacobianProduct.goal_rules)
    assert set(script.value(f"Object.keys({MODULE}.goals)")) == set(SPEC["goals"])


CHART = 'modules["jacobian-product-chart"]'


def test_lines_are_cut_where_they_leave_the_axis(script):
    parts = script.value(f"{CHART}.visibleParts([0, 4, -4, -1], -2, 2)")
    assert parts == [
        [[0, 0], [0.5, 2]],
        [[1.25, 2], [1.75, -2]],
        [[pytest.approx(2 + 2 / 3), -2], [3, -1]],
    ]


def test_a_product_that_is_0_falls_through_the_floor(script):
    parts = script.value(f"{CHART}.visibleParts([0, 1, -Infinity, -Infinity], -2, 2)")
    assert parts == [[[0, 0], [1, 1], [pytest.approx(1, abs=1e-4), -2]]]


@pytest.mark.parametrize(
    ("top", "decades"), [(0, 2), (1.9, 2), (2.1, 4), (11, 12), (40, 48), (1500, 4096), (9999, 4096)]
)
def test_the_axis_has_1_in_its_middle_and_room_for_all(script, top, decades):
    largest = np.array([0.0, -top, -math.inf])
    assert ours.decades_for(largest) == decades
    assert script.value(f"{CHART}.decadesFor([0, -top, -Infinity])", top=top) == decades


def test_the_arithmetic_of_a_step_is_spelled_out(script):
    state = JacobianProduct.landmark("transient").settings
    line = script.value(f"{MODULE}.arithmeticOf({COMPUTED}, 2)", state=state)
    assert line == (
        "J₂ = W diag(φ′(a₂)) = [[0.9, 5], [0, 0.9]] diag(1, 1) = [[0.9, 5], [0, 0.9]]. "
        "J₁ J₂ = [[0.81, 9], [0, 0.81]], with sₘₐₓ = 9.0723 and sₘᵢₙ = 0.0723."
    )
