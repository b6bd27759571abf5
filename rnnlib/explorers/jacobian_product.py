"""When does the product of the Jacobians grow? A two-unit net, and the singular values of J_1 ⋯ J_t against the lag.

The rules here are `js/jacobian-product.js`'s, line for line; a test holds them equal.
"""

import math

import numpy as np

import rnnlib
from rnnlib.explorers import linear
from rnnlib.explorers.base import Explorer, traits
from rnnlib.explorers.linear import power_of_ten
from rnnlib.explorers.palette import colour
from rnnlib.explorers.seeded import Generator
from rnnlib.explorers.specs import read_spec
from rnnlib.explorers.text import digits, subscript, superscript

EQUAL = 1e-9  # two numbers this near to each other count as equal
LOST = 12  # decades of growth after which the rounding of h_0 is as large as h
ROUGH = 6  # decades of growth from which two digits are enough
LAG = 50  # of the goal
DECADES = (2, 4, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 512, 1024, 4096)

FAR = 1e5  # decades below everything: where 0 would be


# ---- The numbers ----


def recurrent_weights(state):
    """Return W = g M (2, 2)."""
    return state["g"] * np.array([[state["m11"], state["m12"]], [state["m21"], state["m22"]]])


def run(state):
    """Return the Trace of the state's network reading the state's noise, B = 1."""
    cell = rnnlib.RNN(2, 2, activation=state["activation"], rng=0)
    cell.params["W_xh"][...] = state["noise"] * np.eye(2)
    cell.params["W_hh"][...] = recurrent_weights(state)
    cell.params["b_h"][...] = [state["b1"], state["b2"]]
    x = Generator(state["seed"]).normals(2 * state["T"]).reshape(-1, 1, 2)
    return cell.forward(x, h0=[[state["start1"], state["start2"]]])


def compute(state):
    """Return the numbers that drawing and sentence need, by name."""
    W, trace = recurrent_weights(state), run(state)
    slopes = linear.slopes(state["activation"], trace.a[:, 0])
    products, largest, smallest = linear.jacobian_products(W, slopes)
    s_max, s_min = linear.singular_values(W)
    result = {
        "W": W,
        "trace": trace,
        "slopes": slopes,
        "products": products,
        "largest": largest,
        "smallest": smallest,
        "eigen": linear.eigenvalues(W),
        "radius": linear.spectral_radius(W),
        "s_max": s_max,
        "s_min": s_min,
        "bound": s_max * linear.MAX_SLOPE[state["activation"]],
    }
    return {**result, "course": course_of(state, largest, smallest)}


def course_of(state, largest, smallest):
    """Return (kind, …): what the product does."""
    peak = 0
    for t, value in enumerate(largest):
        peak = t if value > largest[peak] + EQUAL else peak
    if largest[-1] == -math.inf:
        return "dead", int(np.argmax(largest == -math.inf))
    if state["activation"] != "identity" and (largest > LOST).any():
        return "lost", int(np.argmax(largest > LOST))
    if (abs(largest) < EQUAL).all():
        return "keeps", bool(abs(smallest[-1]) < EQUAL)
    if peak == 0:
        return ("falls",)
    above = int(np.flatnonzero(largest > -EQUAL)[-1])
    return ("hump", peak, above + 1) if above < state["T"] else ("grows",)


# ---- The sentence ----


def describe(state, result):
    """Return what is to be seen, and what it means, as one or two sentences."""
    kind, *details = result["course"]
    return SENTENCES[kind](state, result, *details)


def dead(state, result, lag):
    return (
        f"{product_text(lag)} is exactly 0, and so is every longer product: nothing of a change in h₀ reaches "
        f"h{subscript(lag)}. {why_dead(state, result, result['slopes'][lag - 1])}"
    )


def lost(state, result, lag):
    return (
        f"The norm of J₁ ⋯ Jₜ passes 10¹² at lag {lag}: from there on an error of rounding in h₀ may decide "
        f"everything, and the digits depend on the machine. {why_grown(state, result)}"
    )


def keeps(state, result, every):
    if every:
        return (
            "Both singular values stay 1 at every lag: each Jacobian is orthogonal, so a gradient keeps its length, "
            "whatever its direction."
        )
    left = power_of_ten(result["smallest"][-1])
    return (
        "The norm stays 1 at every lag, but only in one direction: "
        f"sₘᵢₙ has fallen to {left} at lag {state['T']}."
    )


def falls(state, result):
    T, bound = state["T"], bound_text(state, result)
    now = f"{norm_text(T)} is {power_of_ten(result['largest'][T])}."
    if result["bound"] < 1 - EQUAL:
        return f"{now} {bound} < 1: no step can stretch anything, so vanishing is certain."
    return f"{now} {bound} would allow growth, but φ′ takes it away: {slope_text(result, T)}"


def hump(state, result, peak, below):
    T, largest, bound = state["T"], result["largest"], bound_text(state, result)
    seen = (
        f"The norm of J₁ ⋯ Jₜ grows to {size_text(largest[peak], 5)} at lag {peak} before it shrinks; from lag "
        f"{below} on it is below 1, and at lag {T} it is {power_of_ten(largest[T])}."
    )
    if state["activation"] == "identity":
        radius = radius_text(result)
        return f"{seen} {radius} < 1 decides only how it ends; {bound} > 1 allows the growth before."
    return f"{seen} {bound} allows the growth; then φ′ takes it back: {slope_text(result, T)}"


def grows(state, result):
    size = size_text(result["largest"][-1], 3)
    return f"{norm_text(state['T'])} is {size}. {why_grown(state, result)}"


SENTENCES = {function.__name__: function for function in (dead, lost, keeps, falls, hump, grows)}


def why_dead(state, result, slopes):
    if result["s_max"] == 0:
        return "W is 0."
    if result["radius"] < EQUAL:
        return (
            f"{radius_text(result)} with W² = 0, and along this orbit the φ′ leave it so, for all that "
            f"sₘₐₓ(W) = {digits(result['s_max'])}."
        )
    if state["activation"] == "relu" and not slopes.any():
        return "Both units stand where relu is flat: φ′ = 0."
    return "The φ′ that are 0 have cut every way through W."


def why_grown(state, result):
    radius, is_radius = result["radius"], radius_text(result)
    if state["activation"] == "identity":
        if radius < 1 - EQUAL:
            return f"{is_radius} < 1, so longer products shrink in the end: so far this is a transient."
        if radius > 1 + EQUAL:
            return f"{is_radius} > 1: in the long run each step multiplies the norm by that."
        return f"{is_radius}: the powers grow no faster than in proportion to t."
    bound = bound_text(state, result)
    if radius < 1 - EQUAL:
        return (
            f"{is_radius} < 1 does not prevent it: ρ speaks of powers of W, but φ′ differs from step to step. "
            f"What growth needs is {bound} > 1."
        )
    return f"{bound} > 1 allows it, and along this orbit φ′ does not take it back."


def radius_text(result):
    return f"ρ(W) = {digits(result['radius'])}"


def bound_text(state, result):
    """The most by which one step can stretch."""
    if state["activation"] == "sigmoid":
        return f"sₘₐₓ(W) / 4 = {digits(result['bound'])}"
    return f"sₘₐₓ(W) = {digits(result['s_max'])}"


def slope_text(result, t):
    return f"at t = {t} the larger of the two φ′ is {digits(max(result['slopes'][t - 1]), 3, 0)}."


def size_text(logarithm, n):
    """Where the orbit has been stretched much, only the first digits are sure."""
    return power_of_ten(logarithm, 2 if logarithm > ROUGH else n)


def product_text(t):
    return ("J₁", "J₁ J₂")[t - 1] if t <= 2 else f"J₁ ⋯ J{subscript(t)}"


def norm_text(t):
    return f"‖∂h{subscript(t)}/∂h₀‖"


# ---- The goal ----


def explodes_with_small_rho(state):
    if state["T"] < LAG:
        return False, f"T is {state['T']}: lag {LAG} is not reached."
    result = compute(state)
    logarithm = result["largest"][LAG]
    size = "more than 10¹²" if logarithm > LOST else size_text(logarithm, 3)
    reached = bool(result["radius"] < 1 - EQUAL and logarithm > 4)
    return reached, f"{radius_text(result)}, and {norm_text(LAG)} is {size}."


# ---- The explorer ----


class JacobianProduct(Explorer):
    """*When does ∏J_t grow?* Singular values of J_1 ⋯ J_t = ∂h_t/∂h_0 of a two-unit net, beside what W alone says.

    W = g M with `g` from 0 to 3 and `m11` … `m22` from −5 to 5; `b1`, `b2` from −3 to 3; the start `start1`, `start2`
    from −1 to 1; `activation` "tanh", "identity", "relu" or "sigmoid"; inputs of standard deviation `noise`, 0 to 2,
    to both units, drawn by `seed`; `T` steps, 10 to 100. Goal: "explodes-with-small-rho". ValueError for anything
    else. `trace` is the cell's own Trace, `grads` the gradients of the sum of h_T, `jacobians` holds J_1 … J_T.

    >>> explorer = JacobianProduct.landmark("transient")
    >>> float(explorer.singular_values[9, 0].round(3))
    19.379
    """

    spec = read_spec("jacobian-product")
    g, activation, m11, m12, m21, m22, b1, b2, start1, start2, noise, seed, T = traits(spec)
    goal_rules = {"explodes-with-small-rho": explodes_with_small_rho}

    @property
    def trace(self):
        """The Trace of rnnlib.RNN with these settings: h has shape (T+1, 1, 2)."""
        return run(self.settings)

    @property
    def grads(self):
        """The Grads of L = h_{T,1} + h_{T,2}: grads.h[t] is the row (1, 1) times the transpose of J_{t+1} ⋯ J_T."""
        trace = self.trace
        return trace.owner.backward(trace, dh_last=[[1.0, 1.0]])

    @property
    def jacobians(self):
        """J_1 … J_T (T, 2, 2), J_t = W diag(φ′(a_t)), acting on rows from the right."""
        return recurrent_weights(self.settings) * compute(self.settings)["slopes"][:, None, :]

    @property
    def singular_values(self):
        """s_max and s_min of J_1 ⋯ J_t for t = 0 … T (T+1, 2); 0 where they are below the smallest float."""
        result = compute(self.settings)
        return 10.0 ** np.stack([result["largest"], result["smallest"]], axis=1)

    @property
    def sentence(self):
        """What is to be seen now, and what it means: also the picture's alt text."""
        return describe(self.settings, compute(self.settings))

    def draw(self, figure):
        """Draw the product's singular values, the slopes, and W apart, into a matplotlib figure."""
        state = self.settings
        result = compute(state)
        figure.set_size_inches(5.0, 4.0)
        axes = figure.subplot_mosaic([["growth"], ["slopes"], ["weights"]], height_ratios=[3.2, 1, 0.9])
        draw_growth(axes["growth"], result["largest"], lines_of(state, result))
        draw_slopes(axes["slopes"], state, result)
        draw_weights(axes["weights"], state, result)


def lines_of(state, result):
    """What is drawn besides s_max: (logarithms, name, look)."""
    t = np.arange(state["T"] + 1)
    most = "(s_{max}(W)/4)^t" if state["activation"] == "sigmoid" else "s_{max}(W)^t"
    powers = [t * max(linear.log10(base), -FAR) for base in (result["bound"], result["radius"])]
    reference = {"color": colour("axis"), "lw": 1.0}
    return [
        (powers[0], f"${most}$", {**reference, "ls": ":"}),
        (powers[1], "$\\rho(W)^t$", {**reference, "ls": "--"}),
        (result["smallest"], "$s_{min}$", {"color": colour("grad"), "lw": 1.0, "ls": "--"}),
    ]


def decades_for(largest):
    """Half the height of the axis in decades."""
    top = float(np.abs(largest[np.isfinite(largest)]).max())
    return next((size for size in DECADES if size >= top - EQUAL), DECADES[-1])


def draw_growth(axes, largest, lines):
    """Draw logarithms of singular values against the lag, 1 in the middle of the axis."""
    bound, T = decades_for(largest), len(largest) - 1
    axes.axhline(0, color=colour("axis"), lw=0.7)
    lines = [*lines, (largest, "$s_{max}$", {"color": colour("grad"), "lw": 1.8})]
    lines = [(np.maximum(values, -FAR), name, look) for values, name, look in lines]
    for values, _, look in lines:
        axes.plot(values, **look)
    name_lines(
        axes, [(*end_of(values, bound), name, look["color"]) for values, name, look in lines], bound, T
    )
    ticks = [-bound, -bound / 2, 0, bound / 2, bound]
    axes.set_yticks(ticks, [f"10{superscript(int(tick))}" if tick else "1" for tick in ticks])
    axes.set(xlabel="lag $t$", xlim=(0, T), ylim=(-bound, bound))


def end_of(values, bound):
    """Where a line ends: (lag, height), at the right or where it leaves through the top or the bottom for good."""
    last, lag = float(values[-1]), len(values) - 1
    if abs(last) <= bound:
        return lag, last
    while lag > 0 and (values[lag - 1] > bound if last > 0 else values[lag - 1] < -bound):
        lag -= 1
    return lag, math.copysign(math.inf, last)


def name_lines(axes, ends, bound, T):
    """Write each line's name at its end: above each other at the right, beside each other along an edge."""
    right = [(height, lag, name, tone) for lag, height, name, tone in ends if math.isfinite(height)]
    for height, _, name, tone in apart(right, 0.22 * bound):
        axes.text(1.02 * T, height, name, color=tone, va="center", size=11)
    for edge in (math.inf, -math.inf):
        leaving = [(lag + 0.01 * T, height, name, tone) for lag, height, name, tone in ends if height == edge]
        for lag, height, name, tone in apart(leaving, 0.15 * T):
            place = math.copysign(0.85 * bound, height)
            axes.text(lag, place, name, color=tone, va="center", size=11)


def apart(ends, gap):
    """Move labels up, or to the right, where they would lie over each other."""
    placed = -math.inf
    for value, *rest in sorted(ends, key=lambda end: end[0]):
        placed = max(value, placed + gap)
        yield placed, *rest


def draw_slopes(axes, state, result):
    t, T = np.arange(1, state["T"] + 1), state["T"]
    top = 0.25 if state["activation"] == "sigmoid" else 1.0
    for unit, style in ((0, "-"), (1, "--")):
        axes.plot(t, result["slopes"][:, unit], color=colour("h"), ls=style, lw=1.3)
    axes.text(1.02 * T, top / 2, "$\\varphi'(a_t)$", color=colour("h"), va="center", size=11)
    axes.set(xlabel="$t$", xlim=(0, T), ylim=(-0.05 * top, 1.05 * top), yticks=[0, top])


def draw_weights(axes, state, result):
    """|λ| and singular values of W, each against its limit."""
    limit = 1 / linear.MAX_SLOPE[state["activation"]]
    rows = [
        (1, [abs(value) for value in result["eigen"]], 1.0, colour("ink"), "none"),
        (0, [result["s_max"], result["s_min"]], limit, colour("grad"), colour("grad")),
    ]
    for y, values, edge, tone, inside in rows:
        axes.plot(values, [y, y], "o", color=tone, mfc=inside, ms=6, clip_on=False)
        axes.plot([edge, edge], [y - 0.35, y + 0.35], color=colour("axis"), lw=1.2)
    axes.set_yticks([1, 0], ["$|\\lambda|$", "$s$"])
    axes.set(xlim=(0, max(1.5 * limit, 1.1 * result["s_max"])), ylim=(-0.6, 1.6), xlabel="of $W$")
