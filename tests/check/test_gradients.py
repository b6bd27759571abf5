"""Every check of *Vanishing and exploding gradients* names the mistake that was made."""

import math

import numpy as np
import pytest

from rnnlib import check


def slope(a):
    return 1 / np.cosh(a) ** 2


JACOBIAN_WRONG = {
    "the diagonal stands on the wrong side": lambda a, W: slope(a)[:, None] * W,
    "this is J_tᵀ": lambda a, W: (W * slope(a)).T,
    "W_hh is transposed": lambda a, W: W.T * slope(a),
    "φ′ is missing": lambda a, W: W,
    "yours is 1 − a²": lambda a, W: W @ np.diag(1 - np.square(a)),
    "with the square": lambda a, W: W * (1 - np.tanh(a)),
    "φ instead of φ′": lambda a, W: W @ np.diag(np.tanh(a)),
    "the tanh comes first, and once": lambda a, W: W * slope(np.tanh(a)),
    "the slope of the logistic function": lambda a, W: W * (s := 1 / (1 + np.exp(-a))) * (1 - s),
    "to columns and to rows": lambda a, W: slope(a)[:, None] * W * slope(a)[None, :],
    "the diagonal is added": lambda a, W: W + np.diag(slope(a)),
    "this is a row": lambda a, W: np.dot(slope(a), W),
    "J_t is a matrix": lambda a, W: np.dot(W, slope(a)),
    "only the diagonal of W_hh is left": lambda a, W: np.diag(W.diagonal() * slope(a)),
}


@pytest.mark.parametrize("words", JACOBIAN_WRONG)
def test_jacobian_names_the_mistake(words, says):
    assert words in says(check.jacobian(JACOBIAN_WRONG[words]))


def by_differences(a_t, W_hh):
    eps = 1e-6
    return [(np.tanh(a_t + eps * row) - np.tanh(a_t - eps * row)) / (2 * eps) for row in W_hh]


def by_entries(a_t, W_hh):
    J = np.zeros(W_hh.shape)
    for i, j in np.ndindex(J.shape):
        J[i, j] = W_hh[i, j] * (1 - math.tanh(a_t[j]) ** 2)
    return J


@pytest.mark.parametrize(
    "way",
    [
        by_differences,
        by_entries,
        lambda a, W: W @ np.diag(slope(a)),
        lambda a, W: (slope(a)[:, None] * W.T).T,
    ],
)
def test_jacobian_takes_every_way_to_write_it(way):
    assert repr(check.jacobian(lambda a_t, W_hh: way(a_t, W_hh))) == "Right on 4 cases, H = 1 included."


# --- gradient_norms --------------------------------------------------------------------------------------------

LINES = {
    "first": "math.sqrt(sum(delta**2))",
    "slope": "1 - h[t] * h[t]",
    "step": "delta * slope @ W_hh.T",
    "norm": "math.sqrt(sum(delta**2))",
    "back": "norms[::-1]",
}


def norms(**lines):
    line = {**LINES, **lines}
    source = f"""
def gradient_norms(h, W_hh, dh_last):
    delta = dh_last
    norms = [{line["first"]}]
    for t in reversed(range(1, len(h))):
        slope = {line["slope"]}
        delta = {line["step"]}
        norms.append({line["norm"]})
    return {line["back"]}
"""
    space = {"np": np, "math": math}
    exec(source, space)
    return space["gradient_norms"]


def of_matrices(h, W_hh, dh_last):
    T = len(h) - 1
    products = [np.eye(len(W_hh))]
    for t in range(T, 0, -1):
        products.append(W_hh @ np.diag(1 - h[t] ** 2) @ products[-1])
    return [np.linalg.svd(product)[1].max() for product in products[::-1]]


def norm_before_the_product(h, W_hh, dh_last):
    delta, found = dh_last, [np.linalg.norm(dh_last)]
    for t in range(len(h) - 1, 0, -1):
        delta = delta * (1 - h[t] ** 2)
        found.insert(0, np.linalg.norm(delta))
        delta = W_hh @ delta
    return found


NORMS_WRONG = {
    "the norms run backward in time": norms(back="norms"),
    "these are the squared norms": norms(first="sum(delta**2)", norm="sum(delta**2)"),
    "these are sums of absolute values": norms(first="sum(abs(delta))", norm="sum(abs(delta))"),
    "δ is passed back through W_hh;": norms(step="delta * slope @ W_hh"),
    "φ′ is missing": norms(slope="1"),
    "φ′ is taken at h_{t−1}": norms(slope="1 - h[t - 1] ** 2"),
    "with the square": norms(slope="1 - h[t]"),
    "squashes twice": norms(slope="1 - np.tanh(h[t]) ** 2"),
    "φ′ is applied twice": norms(slope="(1 - h[t] ** 2) ** 2"),
    "φ′ comes after the product": norms(step="delta @ W_hh.T * slope"),
    "on the way back h_T comes first": norms(slope="1 - h[len(h) - t] ** 2"),
    "starts from dh_last again": norms(step="dh_last * slope @ W_hh.T"),
    "these are the largest entries": norms(first="max(abs(delta))", norm="max(abs(delta))"),
    "the mean squares under the root": norms(
        first="np.mean(delta**2) ** 0.5", norm="np.mean(delta**2) ** 0.5"
    ),
    "the norms of the matrices": of_matrices,
    "these are the gradients themselves": norms(first="delta", norm="delta"),
    "divided by that of dh_last": norms(back="np.array(norms[::-1]) / norms[0]"),
    "the norm at t = T is missing": norms(back="norms[:0:-1]"),
    "the norm at t = 0 is missing": norms(back="norms[-2::-1]"),
    "these are the norms of ∂L/∂a_t": norm_before_the_product,
}


@pytest.mark.parametrize("words", NORMS_WRONG)
def test_gradient_norms_names_the_mistake(words, says):
    assert words in says(check.gradient_norms(NORMS_WRONG[words]))


def test_gradient_norms_says_how_far_it_is_right_from_the_end(says):
    def stops(h, W_hh, dh_last):
        right = norms()(h, W_hh, dh_last)
        return [0.5 * right[0], *right[1:]]

    words = says(check.gradient_norms(stops))
    assert words.startswith("Not yet: norms[4] to norms[1] are right, then norms[0] is ")


def by_products(h, W_hh, dh_last):
    found = []
    for k in range(len(h)):
        row = np.eye(len(dh_last))
        for t in range(k + 1, len(h)):
            row = row @ W_hh @ np.diag(1 - h[t] ** 2)
        found.append(np.linalg.norm(row @ dh_last))
    return found


@pytest.mark.parametrize("way", [norms(), by_products, lambda *args: np.float32(by_products(*args))])
def test_gradient_norms_takes_every_way_to_write_it(way):
    said = "Right on 4 cases, T = 1 and H = 1 included."
    assert repr(check.gradient_norms(lambda h, W_hh, dh_last: way(h, W_hh, dh_last))) == said


# --- steps_to_fade ---------------------------------------------------------------------------------------------


def count(s, factor, start=0, reached=lambda left, factor: left <= factor):
    n, left = start, 1.0
    while not reached(left, factor):
        n, left = n + 1, left * s
    return n


FADE_WRONG = {
    "before rounding up": lambda s, f: math.log(f, s),
    "rounded down": lambda s, f: math.floor(math.log(f) / math.log(s)),
    "rounded to the nearest": lambda s, f: np.rint(np.log(f) / np.log(s)),
    "where s_max^n is exactly the factor": lambda s, f: count(s, f, reached=lambda left, f: left < f),
    "divided the wrong way round": lambda s, f: math.ceil(math.log(s) / math.log(f)),
    "n is ln(factor) / ln(s_max)": lambda s, f: np.ceil(np.log(s) / np.log(f)),
    "different bases": lambda s, f: math.ceil(math.log10(f) / math.log(s)),
    "take both of one base": lambda s, f: np.ceil(np.log2(f) / np.log(s)),
    "counting starts at 0": lambda s, f: count(s, f, start=1),
    "one step too few": lambda s, f: max(count(s, f) - 1, 0),
    "this is the bound after the steps": lambda s, f: s ** count(s, f),
    "it is multiplied by s_max": lambda s, f: math.ceil(round((1 - f) / (1 - s), 9)),
    "the sign is wrong": lambda s, f: -count(s, f),
}


@pytest.mark.parametrize("words", FADE_WRONG)
def test_steps_to_fade_names_the_mistake(words, says):
    assert words in says(check.steps_to_fade(FADE_WRONG[words]))


@pytest.mark.parametrize(
    "way",
    [
        count,
        lambda s, f: math.ceil(math.log(f) / math.log(s)),
        lambda s, f: np.ceil(np.log10(f) / np.log10(s)),
        lambda s, f: next(n for n in range(10**4) if s**n <= f),
        lambda s, f: int(np.argmax(s ** np.arange(1000) <= f)),
    ],
)
def test_steps_to_fade_takes_every_way_to_write_it(way):
    said = "Right on 6 cases, factors that are met exactly included."
    assert repr(check.steps_to_fade(lambda s_max, factor: way(s_max, factor))) == said


# --- the network that explodes although ρ(W) < 1 ----------------------------------------------------------------

W, B = 3 * np.array([[1.0, -1.0], [1.0, -1.0]]), np.array([-1.5, 3.0])


def growths(W, b):
    """‖∂h_50/∂h_0‖ from starts of our own, by the chain rule written out for two units."""
    found = []
    for x, y in np.random.default_rng(1).uniform(-1, 1, (40, 2)):
        J = [[1.0, 0.0], [0.0, 1.0]]
        for _ in range(50):
            x, y = math.tanh(x * W[0, 0] + y * W[1, 0] + b[0]), math.tanh(x * W[0, 1] + y * W[1, 1] + b[1])
            J = [[(r[0] * W[0, k] + r[1] * W[1, k]) * (1 - h * h) for k, h in enumerate((x, y))] for r in J]
        found.append(math.sqrt(sum(entry * entry for row in J for entry in row)))
    return np.array(found)


@pytest.mark.parametrize(("W", "b"), [(W, B), (np.array([[-4.0, -4.0], [4.0, 4.0]]), np.array([3.0, 1.5]))])
def test_networks_that_explode_are_right(W, b):
    assert np.mean(growths(W, b) > 1e4) > 0.9 and np.trace(W) == 0 and abs(np.linalg.det(W)) < 1e-9
    result = check.exploding_net(W, b)
    assert result and result.sentence.startswith("Right: ρ(W) is below 1, and ‖∂h_50/∂h_0‖ is above 10⁴")
    assert check.exploding_net(W.tolist(), tuple(b)) and check.exploding_net(
        W.astype(int), b.astype(np.float32)
    )


def test_the_network_of_the_text_is_told_apart():
    assert check.exploding_net(W, B).sentence.endswith("It is the one in the text, though; there are others.")
    assert "in the text" not in check.exploding_net([[-4, -4], [4, 4]], [3, 1.5]).sentence


REFUSED = {
    "without a bias the orbit settles at 0": (W, [0, 0]),
    "Another bias keeps it moving": (4 / 3 * W, [-2.0, 4.0]),
    "ρ(W) is 1; it has to be below 1": (np.eye(2), B),
    "ρ(W) is 5; it has to be below 1": ([[3, 4], [-4, 3]], B),
    "no step can stretch": (0.5 * np.eye(2), B),
    "W has shape (2,); expected shape (2, 2)": (W[0], B),
    "W has shape (3, 3)": (np.zeros((3, 3)), B),
    "b has no axes": (W, 3.0),
    "b has shape (1, 2)": (W, [[1.0, 2.0]]),
    "b holds a number that is not finite": (W, [np.nan, 0]),
    "W holds a number that is not finite": (np.inf * W, B),
    "W holds 3e+200 in size": (1e200 * W, B),
    "W is a list; expected real numbers": ([["a", "b"], ["c", "d"]], B),
    "W is a function": (lambda h: h, B),
    "b is a dict": (W, {"b": 1}),
    "W has rows that differ in length": ([[1, 2], [3]], B),
    "W is an array; expected real numbers": (1j * W, B),
    "b is a set": (W, {1.0, 2.0}),
}  # fmt: skip


@pytest.mark.parametrize("words", REFUSED)
def test_what_does_not_explode_is_told_why(words, says):
    assert words in says(check.exploding_net(*REFUSED[words]))


def test_a_network_that_explodes_from_some_starts_is_told_from_how_many():
    replies = [check.exploding_net(W, [b, 3.0]).sentence for b in np.linspace(-3, 0, 25)]
    assert any("it explodes from" in reply and "of 20 starts" in reply for reply in replies)


def test_a_network_that_grows_too_little_is_told_how_much(says):
    words = says(check.exploding_net(0.99 * np.array([[1.0, 8.0], [0.0, 1.0]]), [0.0, 0.0]))
    assert "at most; more than 10⁴ is wanted" in words


def test_an_open_network_is_not_done():
    for answer in (..., None, "..."):
        assert check.exploding_net(answer, B).passed is None and check.exploding_net(W, answer).passed is None
