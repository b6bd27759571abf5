"""What does a two-unit net do with where it starts? Fixed points, an orbit, and what becomes of a circle of starts.

The rules here are `js/phase-plane.js`'s, line for line; a test holds them equal.
"""

import math

import numpy as np

import rnnlib
from rnnlib.explorers import linear
from rnnlib.explorers.base import Explorer, traits
from rnnlib.explorers.jacobian_product import draw_growth, norm_text, recurrent_weights
from rnnlib.explorers.linear import power_of_ten
from rnnlib.explorers.palette import colour
from rnnlib.explorers.seeded import Generator
from rnnlib.explorers.specs import read_spec
from rnnlib.explorers.text import digits

GRID = 14  # Newton starts from 15 × 15 places
NEWTON = 50  # steps at most
LEAP = 0.5  # the longest of them
SOLVED = 1e-12  # h moves by less in one step: a fixed point
ROUNDING = 1e-15  # what is left of a solution's last step
TINY = 1e-300  # in place of 0 where something is divided by it
SAME = 1e-3  # solutions this near to each other are one
EVEN = 1e-6  # first units this near to each other count as equal where points are put in order
MARGINAL = 1e-6  # |λ| this near to 1 counts as 1
LONG = 2000  # steps after which h has gone where it goes
LOST = 12  # decades of growth after which the rounding of h_0 is as large as h
NEAR = 0.3  # a saddle this near to the orbit has had its part in it
ROUND = 48  # starts on the circle
TOLD = 0.5  # decades of growth on the way that are worth a word
TORN = 0.3  # a start this far from the middle one has gone elsewhere
BOUND = 1.15  # half the width of the drawn plane


# ---- The numbers ----


def inputs(state):
    """Return x_1 … x_T (T,): nothing, one pulse, or seeded noise."""
    generator = Generator(state["seed"])
    rules = {"none": lambda k: 0.0, "pulse": lambda k: float(k == 0), "noise": lambda k: generator.normal()}
    return np.array([rules[state["input"]](k) for k in range(state["T"])])


def bias(state):
    return np.array([state["b1"], state["b2"]])


def run(state, starts=None):
    """Return the Trace of the state's network from its own start, or from others (B, 2)."""
    cell = rnnlib.RNN(1, 2, rng=0)
    cell.params["W_xh"][...] = [[state["u1"], state["u2"]]]
    cell.params["W_hh"][...] = recurrent_weights(state)
    cell.params["b_h"][...] = bias(state)
    starts = [[state["start1"], state["start2"]]] if starts is None else starts
    return cell.forward(np.repeat(inputs(state)[:, None, None], len(starts), axis=1), h0=starts)


def carried(state):
    """Return the starts on the circle and where they go, h_0 … h_T (T+1, ROUND, 2)."""
    angle = 2 * np.pi * np.arange(ROUND) / ROUND
    circle = state["radius"] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return run(state, circle + [state["start1"], state["start2"]]).h


def compute(state):
    """Return the numbers that drawing and sentence need, by name."""
    W, trace = recurrent_weights(state), run(state)
    products, largest, smallest = linear.jacobian_products(W, linear.slopes("tanh", trace.a[:, 0]))
    result = {"W": W, "trace": trace, "h": trace.h[:, 0], "points": fixed_points(W, bias(state))}
    result |= {"products": products, "largest": largest, "smallest": smallest}
    return {**result, "fate": fate_of(state, result)}


def step_from(W, b, h):
    """One step without input, from the states h (…, 2)."""
    return np.tanh(h[..., :1] * W[0] + h[..., 1:] * W[1] + b)


# ---- Fixed points: Newton's method from a grid ----


def fixed_points(W, b):
    """Return [(h, eigenvalues, the larger |eigenvalue|, kind)] of all h = tanh(h W + b), by their first unit."""
    places = (2 * np.arange(GRID + 1) - GRID) / GRID
    starts = np.stack(np.meshgrid(places, places, indexing="ij"), axis=-1).reshape(-1, 2)
    found = []
    for h, gap in zip(*newton(W, b, starts)):
        if gap < SOLVED:
            keep_best(found, h, gap)
    points = [h for h, _ in found]
    ordered = sorted(points, key=lambda h: (round(h[0] / EVEN), h[1]))
    return [classified(W, b, h) for h in ordered]


def newton(W, b, h):
    """Take all starts h (N, 2) to where one step moves them least; return them and how far it does."""
    for _ in range(NEWTON):
        move = newton_step(W, b, h)
        if not move.any():
            break
        h = h + move
    return h, np.abs(step_from(W, b, h) - h).max(axis=1)


def newton_step(W, b, h):
    """Solve dh (J − I) = h − tanh(h W + b), no leap longer than LEAP; 0 where h is a solution or J − I singular."""
    after = step_from(W, b, h)
    g = after - h
    J = W * (1 - after * after)[:, None, :]
    p, q, r, s = J[:, 0, 0] - 1, J[:, 0, 1], J[:, 1, 0], J[:, 1, 1] - 1
    det = p * s - q * r
    going = (np.abs(g).max(axis=1) >= ROUNDING) & (det != 0)
    det = np.where(going, det, 1)
    move = np.stack([(g[:, 1] * r - g[:, 0] * s) / det, (g[:, 0] * q - g[:, 1] * p) / det], axis=1)
    longest = np.maximum(np.abs(move).max(axis=1), TINY)
    return (going * np.minimum(1, LEAP / longest))[:, None] * move


def keep_best(found, h, gap):
    for k, (other, its_gap) in enumerate(found):
        if np.abs(other - h).max() < SAME:
            if gap < its_gap:
                found[k] = h, gap
            return
    found.append((h, gap))


def classified(W, b, h):
    after = step_from(W, b, h)
    eigen = linear.eigenvalues(W * (1 - after * after))
    sizes = [abs(value) for value in eigen]
    sure = all(abs(size - 1) > MARGINAL for size in sizes)
    large, small = max(sizes), min(sizes)
    kind = "stable" if large < 1 else "unstable" if small > 1 else "saddle"
    return h, eigen, large, kind if sure else "marginal"


# ---- Where h goes from h_T on, without input ----


def fate_of(state, result):
    """Return (kind, …)."""
    if state["input"] == "noise":
        return ("driven",)
    W, b, points, far = result["W"], bias(state), result["points"], result["h"][-1]
    (a, bb, c, d), (b1, b2), (h1, h2) = W.ravel().tolist(), b.tolist(), far.tolist()

    def step(h):
        return math.tanh(h[0] * a + h[1] * c + b1), math.tanh(h[0] * bb + h[1] * d + b2)

    far = h1, h2
    for _ in range(LONG):
        after = step(far)
        if distance(far, after) < ROUNDING:
            break
        far = after
    after, point = step(far), nearest(points, far)
    arrived = {"stable": "settles", "marginal": "slows"}
    if point and distance(far, after) < 1e-9:
        return arrived.get(point[3], "stays"), point
    if distance(far, step(after)) < 1e-9:
        return "swings", *((far, after) if far[0] <= after[0] else (after, far))
    if point and distance(far, point[0]) < 0.1 and point[2] < 1 + MARGINAL:
        return arrived.get(point[3], "slows"), point
    return "roams", bool(result["largest"][-1] > 3)


def distance(one, other):
    return max(abs(one[0] - other[0]), abs(one[1] - other[1]))


def nearest(points, h):
    best = None
    for point in points:
        if best is None or distance(best[0], h) > distance(point[0], h) + 1e-9:
            best = point
    return best


# ---- The sentence ----


def describe(state, result):
    """Return what is to be seen, and what it means."""
    kind, *details = result["fate"]
    return f"{opening(state, result)}{SENTENCES[kind](result, *details)} {circle_text(state, result)}"


def settles(result, point):
    others = [one for one in result["points"] if one[3] == "stable" and one is not point]
    arrives = (
        f"goes to the stable fixed point {point_text(point[0])}, where the larger |λ| is {digits(point[2])}: "
        "in the end nearby states draw together."
    )
    if not others:
        return f"{arrives} No other fixed point is stable: nothing of the start is kept."
    more = f" or {len(others) - 1} more" if len(others) > 1 else ""
    return (
        f"{arrives} Other starts end at {point_text(others[0][0])}{more}: h remembers which, and for that the "
        "gradient vanishes."
    )


def slows(result, point):
    return f"goes to the fixed point {point_text(point[0])} ever more slowly: there the larger |λ| is 1."


def stays(result, point):
    name = "saddle" if point[3] == "saddle" else "unstable fixed point"
    return (
        f"ends on the {name} {point_text(point[0])}, where the larger |λ| is {digits(point[2])}: "
        "the smallest push sends it away."
    )


def swings(result, one, other):
    return f"swings between {point_text(one)} and {point_text(other)}: period two."


def roams(result, chaotic):
    if chaotic:
        return "never comes to rest, and starts that were close part: the net is chaotic."
    around = next((one for one in result["points"] if one[3] == "unstable"), None)
    if around is None:
        return "never comes to rest."
    return (
        f"goes round the fixed point {point_text(around[0])} and never comes to rest: |λ| = {digits(around[2])} "
        "there pushes it out, and tanh bends it back."
    )


def driven(result):
    return "is driven about by noise, and no fixed point holds it."


SENTENCES = {function.__name__: function for function in (settles, slows, stays, swings, roams, driven)}


def opening(state, result):
    start = point_text(result["h"][0])
    if state["input"] == "pulse":
        return f"The pulse takes h from {start} to {point_text(result['h'][1])} at t = 1; from there h "
    return f"From {start} h "


def circle_text(state, result):
    """What has become of the circle of starts, and on the way."""
    largest, T = result["largest"], state["T"]
    if (largest > LOST).any():
        lag = int(np.argmax(largest > LOST))
        return f"‖∂hₜ/∂h₀‖ passes 10¹² at t = {lag}: an error of rounding in h₀ decides the rest."
    peak = 0
    for t, value in enumerate(largest):
        peak = t if value > largest[peak] + 1e-9 else peak
    now = ellipse_text(state, result)
    if largest[peak] < TOLD or peak == T:
        return f"At t = {T} {now}"
    size = power_of_ten(largest[peak], 2 if largest[peak] > 6 else 3)
    return f"{norm_text(peak)} is {size}{passing(result, peak)}; at t = {T} {now}"


def ellipse_text(state, result):
    logs = [math.log10(state["radius"]) + result[name][-1] for name in ("largest", "smallest")]
    n = 2 if result["largest"][-1] > 6 else 3
    axes = " and ".join(power_of_ten(one, n) for one in logs)
    now = (
        f"the product of the Jacobians makes of the circle of radius {digits(state['radius'])} an ellipse with "
        f"half-axes {axes}"
    )
    away = float(np.abs(carried(state)[-1] - result["h"][-1]).max())
    if away > TORN and away > 10 * 10.0 ** logs[0]:
        return f"{now}, but it is too wide for that: some of its starts end elsewhere."
    return f"{now}."


def passing(result, peak):
    for h, _, _, kind in result["points"]:
        if kind == "saddle" and min(distance(h, one) for one in result["h"][: peak + 1]) < NEAR:
            return f", for the saddle {point_text(h)} drives starts apart"
    return ""


def point_text(h):
    return f"({digits(h[0])}, {digits(h[1])})"


# ---- The goal ----


def latch(state):
    points = fixed_points(recurrent_weights(state), bias(state))
    stable = [point_text(h) for h, _, _, kind in points if kind == "stable"]
    if len(stable) < 2:
        return False, f"stable fixed points: {len(stable)}."
    if state["b1"] == 0 and state["b2"] == 0:
        return False, f"stable fixed points: {len(stable)}, but the bias is 0."
    return True, f"it can stay at {' or at '.join(stable)}."


# ---- The explorer ----


class PhasePlane(Explorer):
    """*What does a two-unit net do with where it starts?* The plane of h_t = tanh(h_{t−1} W + b + x_t u).

    W = g M with `g` from 0 to 3 and `m11` … `m22` from −3 to 3; `b1`, `b2` from −2 to 2; the start `start1`, `start2`
    from −1 to 1, with a circle of starts of `radius` 0.01 to 0.5 about it; `input` "none", "pulse" (x_1 = 1) or
    "noise" (drawn by `seed`) with the weights `u1`, `u2` from −3 to 3; `T` steps, 1 to 60. Goal: "latch". ValueError
    for anything else. `trace` is the cell's own Trace, `grads` the gradients of the sum of h_T.

    >>> [(kind, float(h[0].round(3))) for h, _, _, kind in PhasePlane.landmark("latch").fixed_points]
    [('stable', -0.859), ('saddle', 0.0), ('stable', 0.859)]
    """

    spec = read_spec("phase-plane")
    g, T, start1, start2, m11, m12, m21, m22, b1, b2, radius, input, u1, u2, seed = traits(spec)
    goal_rules = {"latch": latch}

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
    def fixed_points(self):
        """[(h, eigenvalues of its Jacobian, the larger |eigenvalue|, kind)], without input, from the left."""
        return fixed_points(recurrent_weights(self.settings), bias(self.settings))

    @property
    def sentence(self):
        """What is to be seen now, and what it means: also the picture's alt text."""
        return describe(self.settings, compute(self.settings))

    def draw(self, figure):
        """Draw the plane, and the singular values of ∂h_t/∂h_0 over time, into a matplotlib figure."""
        state = self.settings
        result = compute(state)
        figure.set_size_inches(5.0, 2.7)
        plane, growth = figure.subplots(1, 2, width_ratios=[1.35, 1])
        draw_plane(plane, state, result)
        look = {"color": colour("grad"), "lw": 1.0, "ls": "--"}
        draw_growth(growth, result["largest"], [(result["smallest"], "$s_{min}$", look)])
        growth.set(xlabel="$t$")


def draw_plane(axes, state, result):
    draw_arrows(axes, result["W"], bias(state))
    h, starts = result["h"], carried(state)
    for t, loop in enumerate(starts):
        axes.plot(*closed(loop).T, color=colour("h"), lw=1.6 if t in (0, state["T"]) else 0.5)
    matrix, power = result["products"][-1]
    ellipse = h[-1] + closed(starts[0] - h[0]) @ matrix * 2.0**power
    axes.plot(*ellipse.T, color=colour("grad"), lw=1.4, ls="--")
    axes.plot(*h.T, "o-", color=colour("h"), lw=0.8, ms=2.2)
    axes.plot(*h[0], "o", color=colour("h"), ms=6)
    for point, _, _, kind in result["points"]:
        inside = colour("ink") if kind == "stable" else "none"
        axes.plot(*point, "o", color=colour("ink"), mfc=inside, ms=6)
        if kind == "saddle":
            axes.plot(*point, "x", color=colour("ink"), ms=5)
    axes.set(xlim=(-BOUND, BOUND), ylim=(-BOUND, BOUND), box_aspect=1, xlabel="$h_{t,1}$", ylabel="$h_{t,2}$")
    axes.set(xticks=[-1, 0, 1], yticks=[-1, 0, 1])


def closed(loop):
    return np.concatenate([loop, loop[:1]])


def draw_arrows(axes, W, b):
    """From places on a grid towards where one step without input takes them: a part of the way."""
    places = np.linspace(-1.05, 1.05, 11)
    starts = np.stack(np.meshgrid(places, places), axis=-1).reshape(-1, 2)
    moves = step_from(W, b, starts) - starts
    length = np.linalg.norm(moves, axis=1, keepdims=True)
    moves *= np.minimum(0.4, 0.17 / np.maximum(length, 1e-12))
    axes.quiver(
        *starts.T, *moves.T, color=colour("axis"), angles="xy", scale_units="xy", scale=1, width=0.005
    )
