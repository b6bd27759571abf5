"""Where does h go? One unit, h_t = φ(w h_{t−1} + u x_t + b): its cobweb, its fixed points, its course over time.

The rules here are `js/scalar-recurrence.js`'s, line for line; a test holds them equal.
"""

import math

import numpy as np

import rnnlib
from rnnlib.explorers.base import Explorer, traits
from rnnlib.explorers.palette import colour
from rnnlib.explorers.seeded import Generator
from rnnlib.explorers.specs import read_spec
from rnnlib.explorers.text import digits, subscript

MARGINAL = 1e-9  # |slope| this near to 1 counts as 1
LONG = 10000  # steps after which h has gone where it goes


def sigmoid(a):
    return 0.5 * (1.0 + math.tanh(0.5 * a))


PHI = {"tanh": math.tanh, "relu": lambda a: max(a, 0.0), "sigmoid": sigmoid, "identity": lambda a: a}


def inputs(state):
    """Return x_1 … x_T (T,): nothing, one pulse, a push up and a push down, or seeded noise."""
    T, generator = state["T"], Generator(state["seed"])
    rules = {
        "none": lambda k: 0.0,
        "pulse": lambda k: 1.0 if k == 0 else 0.0,
        "steps": lambda k: (0.0, 1.0, 0.0, 0.0, 0.0, -1.0, 0.0, 0.0)[k * 8 // T],
        "noise": lambda k: generator.normal(),
    }
    return np.array([rules[state["input"]](k) for k in range(T)])


def network(state):
    """Return the one-unit cell with the state's weights."""
    cell = rnnlib.RNN(1, 1, activation=state["activation"], rng=0)
    for name, value in (("W_xh", state["u"]), ("W_hh", state["w"]), ("b_h", state["b"])):
        cell.params[name][...] = value
    return cell


def run(state):
    """Return the Trace of the state's network reading the state's inputs, B = 1."""
    return network(state).forward(inputs(state).reshape(-1, 1, 1), h0=[[state["h0"]]])


def sensitivity(trace):
    """Return ∂h_T/∂h_0."""
    return float(trace.owner.backward(trace, dh_last=[[1.0]]).h0[0, 0])


# ---- Fixed points ----


def fixed_points(state):
    """Return (whether every h is one, [(h, slope, kind)] from the lowest up) for h = φ(w h + b)."""
    w, b, activation = state["w"], state["b"], state["activation"]
    if w == 1 and b == 0 and activation in ("identity", "relu"):
        return True, []
    find = {"tanh": bent_points, "sigmoid": bent_points, "identity": straight_points, "relu": kinked_points}
    return False, [with_slope(h, slope_at(w, b, h, activation)) for h in find[activation](w, b, activation)]


def with_slope(h, slope):
    size = abs(slope)
    return h, slope, "marginal" if abs(size - 1) < MARGINAL else "stable" if size < 1 else "unstable"


def slope_at(w, b, h, activation):
    """The curve's slope at h; at relu's kink the one to the right, where its states are."""
    a = w * h + b
    if activation == "relu":
        return w if a > 0 else 0.0 if a < 0 else max(w, 0.0)
    value = PHI[activation](a)
    return w * {"tanh": 1.0 - value * value, "sigmoid": value * (1.0 - value), "identity": 1.0}[activation]


def straight_points(w, b, activation):
    return [] if w == 1 else [b / (1 - w)]


def kinked_points(w, b, activation):
    bent = [0.0] if b <= 0 else []
    straight = math.nan if w == 1 else b / (1 - w)
    return [*bent, straight] if straight > 0 else bent


def bent_points(w, b, activation):
    """tanh and sigmoid: between places where the curve runs parallel to the diagonal there is at most one."""

    def gap(h):
        return PHI[activation](w * h + b) - h

    low = -1.0 if activation == "tanh" else 0.0
    edges = [low, *(h for h in parallels(w, b, activation) if low < h < 1), 1.0]
    points = []
    for start, end in zip(edges, edges[1:]):
        root = bisect(gap, start, end)
        if root is not None and not any(abs(h - root) < 1e-7 for h in points):
            points.append(root)
    return points


def parallels(w, b, activation):
    steepest, stretch = (1.0, 1.0) if activation == "tanh" else (0.25, 2.0)
    if w * steepest <= 1:
        return []
    a = stretch * math.acosh(math.sqrt(w * steepest))
    return [(-a - b) / w, (a - b) / w]


def bisect(gap, low, high):
    if gap(low) == 0:
        return low
    if gap(high) == 0:
        return high
    if (gap(low) > 0) == (gap(high) > 0):
        return None
    for _ in range(100):
        middle = 0.5 * (low + high)
        value = gap(middle)
        if value == 0:
            return middle
        if (value > 0) == (gap(low) > 0):
            low = middle
        else:
            high = middle
    return 0.5 * (low + high)


def fate_of(state, last, every, points):
    """Return (kind, …): where h goes from h_T on, without input."""
    if state["input"] == "noise":
        return ("driven",)
    if every:
        return ("keeps",)
    w, b, phi = state["w"], state["b"], PHI[state["activation"]]
    far = last
    for _ in range(LONG):
        if not abs(far) < 1e9:
            break
        far = phi(w * far + b)
    if not points or not abs(far) < 1e9:
        return ("grows",)
    following, size = phi(w * far + b), max(1.0, abs(far))
    if abs(phi(w * following + b) - far) < 1e-9 * size and abs(following - far) > 1e-6 * size:
        return "swings", min(far, following), max(far, following), nearest(points, 0.5 * (far + following))
    point = nearest(points, far)
    distance = abs(far - point[0])
    if distance < 1e-3 * size:
        return ("stays" if point[2] == "unstable" else "settles"), point
    return ("settles", point) if point[2] == "marginal" and distance < 0.1 else ("moves",)


def nearest(points, h):
    return min(points, key=lambda point: abs(point[0] - h))


# ---- The sentence ----


def describe(state, trace):
    """Return what is to be seen, and what it means, as one or two sentences."""
    h = trace.h[:, 0, 0].tolist()
    every, points = fixed_points(state)
    fate = fate_of(state, h[-1], every, points)
    if fate[0] == "driven":
        return driven(state, h, sensitivity(trace))
    return opening(state, h) + SENTENCES[fate[0]](state, h, points, *fate[1:])


def settles(state, h, points, point):
    return f"{arrival(state, h, point[0])} {meaning(state, points, point)}"


def stays(state, h, points, point):
    return (
        f"stays at the fixed point {digits(point[0])}, but the slope there is {digits(point[1])}: "
        "|slope| > 1, so the smallest push sends it away."
    )


def swings(state, h, points, low, high, point):
    size = "|slope| = 1 keeps its distance" if point[2] == "marginal" else "|slope| > 1 throws it out"
    return (
        f"swings between {digits(low)} and {digits(high)} for ever: period two. The slope at the fixed point "
        f"{digits(point[0])} between them is {digits(point[1])}: the minus sign throws h across, and {size}."
    )


def grows(state, h, points):
    runs = f"runs away: {digits(h[-1])} at t = {state['T']}, and on without bound."
    if not points:
        return f"{runs} Every step adds b = {digits(state['b'])}, and there is no fixed point to stop at."
    return (
        f"{runs} The slope is {digits(state['w'])}: |slope| > 1, so every step stretches the distance to the fixed "
        f"point {digits(points[-1][0])}, and nothing bends the line back."
    )


def keeps(state, h, points):
    return f"keeps {digits(h[-1])} for ever: with slope 1 and no bias every h is a fixed point."


def moves(state, h, points):
    return f"is at {digits(h[-1])} after {state['T']} steps and still on its way."


SENTENCES = {function.__name__: function for function in (settles, stays, swings, grows, keeps, moves)}


def driven(state, h, effect):
    if abs(effect) < 0.01:
        words = "the start is forgotten, only late inputs count"
    else:
        words = "the start still shows" if abs(effect) <= 1 else "a small change of the start has grown"
    return (
        f"Noise drives h about, between {digits(min(h))} and {digits(max(h))}. "
        f"A change of h₀ reaches h{subscript(state['T'])} multiplied by {digits(effect, 3, 0)}: {words}."
    )


def opening(state, h):
    if state["input"] == "pulse":
        return f"The pulse takes h from {digits(h[0])} to {digits(h[1])} at t = 1; from there h "
    return "A push up, then a push down; after the last h " if state["input"] == "steps" else "h "


def arrival(state, h, point):
    late = "." if abs(h[-1] - point) < 0.01 else f", and is at {digits(h[-1])} after {state['T']} steps."
    if state["input"] != "none":
        return f"goes to the fixed point {digits(point)}{late}"
    if abs(state["h0"] - point) < 5e-4:
        return f"stays at the fixed point {digits(point)}."
    return f"goes from {digits(state['h0'])} to the fixed point {digits(point)}{late}"


def meaning(state, points, point):
    slope = f"The slope there is {digits(point[1])}:"
    if point[2] == "marginal":
        side = " from both sides in turn" if point[1] < 0 else ""
        return f"{slope} h comes nearer{side} ever more slowly, like a power of t."
    others = [one for one in points if one[2] == "stable" and one is not point]
    shrinks = f"{slope} |slope| < 1, so every step shrinks the distance"
    if others:
        between = next(one for one in points if one[2] == "unstable")
        return (
            f"{shrinks}. Another stable fixed point lies at {digits(others[0][0])}, beyond {digits(between[0])}: "
            "h remembers on which side it was."
        )
    effect = sensitivity(run(state))
    left = "nothing" if effect == 0 else digits(effect, 3, 0)
    return f"{shrinks}, and of a change in h₀ {left} is left in h{subscript(state['T'])}."


# ---- Goals ----


def two_futures(state):
    stable = [digits(h) for h, _, kind in fixed_points(state)[1] if kind == "stable"]
    if len(stable) < 2:
        return False, f"every start ends alike: stable fixed points: {len(stable)}."
    if state["b"] == 0:
        return False, f"two futures, {' and '.join(stable)}, but b is 0."
    return True, f"starts end at {' or at '.join(stable)}."


def remember_pulse(state):
    if state["activation"] != "tanh" or state["input"] != "pulse":
        return False, "it takes tanh and one pulse."
    with_it, without = (float(run({**state, "input": name}).h[-1, 0, 0]) for name in ("pulse", "none"))
    words = f"h{subscript(state['T'])} is {digits(with_it)}, and {digits(without)} without the pulse."
    return with_it > 0.5 and without <= 0.5, words


def period_two(state):
    fate = fate_of(state, float(run(state).h[-1, 0, 0]), *fixed_points(state))
    if fate[0] != "swings":
        return False, "h does not come back every second step."
    return True, f"h swings between {digits(fate[1])} and {digits(fate[2])}."


# ---- The explorer ----


class ScalarRecurrence(Explorer):
    """*Where does h go?* One recurrent unit, h_t = φ(w h_{t−1} + u x_t + b), as cobweb and over time.

    `w` from −3 to 3, `u` and `b` from −2 to 2, the start `h0` from −1.5 to 1.5; `activation` "tanh", "identity",
    "relu" or "sigmoid"; `input` "none", "pulse", "steps" or "noise" (drawn by `seed`); `T` steps, 8 to 100. Goals:
    "two-futures", "remember-pulse", "period-two". ValueError for anything else. Moved by hand in the page, read back
    here: `trace` is the cell's own Trace, `grads` its gradients of h_T.

    >>> explorer = ScalarRecurrence(w=1.5, h0=0.1)
    >>> round(float(explorer.trace.h_last[0, 0]), 3)
    0.859
    """

    spec = read_spec("scalar-recurrence")
    w, h0, b, activation, input, u, T, seed = traits(spec)
    goal_rules = {"two-futures": two_futures, "remember-pulse": remember_pulse, "period-two": period_two}

    @property
    def trace(self):
        """The Trace of rnnlib.RNN with these settings: h has shape (T+1, 1, 1)."""
        return run(self.settings)

    @property
    def grads(self):
        """The Grads of L = h_T: grads.h[t] is ∂h_T/∂h_t, and grads.params["W_hh"] is ∂h_T/∂w."""
        trace = self.trace
        return trace.owner.backward(trace, dh_last=[[1.0]])

    @property
    def sentence(self):
        """What is to be seen now, and what it means: also the picture's alt text."""
        return describe(self.settings, self.trace)

    def draw(self, figure):
        """Draw the cobweb and the states over time into a matplotlib figure."""
        state, h = self.settings, self.trace.h[:, 0, 0]
        every, points = fixed_points(state)
        bound = bound_of(state, h, points)
        figure.set_size_inches(5.0, 2.4)
        web, course = figure.subplots(1, 2, sharey=True, subplot_kw={"box_aspect": 1})  # levels align
        draw_cobweb(web, state, h, points, bound, every)
        draw_course(course, state, h, points, bound)
        web.set(xlim=(-bound, bound), ylim=(-bound, bound))


def bound_of(state, h, points):
    """Half the height of the drawing: fixed where states are bounded, rounded up where they are not."""
    if state["activation"] in ("tanh", "sigmoid"):
        return 1.5
    seen = max([1.5, *(abs(value) for value in h if math.isfinite(value))])
    near = [abs(point[0]) for point in points if abs(point[0]) <= 2 * seen]
    return round_up(max([seen, *near]))


def round_up(size):
    power = 10.0 ** math.floor(math.log10(size))
    return next(factor * power for factor in (1, 1.5, 2, 3, 5, 10) if factor * power >= size * 0.999999)


def draw_cobweb(axes, state, h, points, bound, every):
    across = np.linspace(-bound, bound, 401)
    curve = [PHI[state["activation"]](state["w"] * value + state["b"]) for value in across]
    axes.plot([-bound, bound], [-bound, bound], color=colour("axis"), lw=2.2 if every else 0.7)
    axes.plot(across, curve, color=colour("ink"), lw=1.3)
    steps = np.repeat(h[np.isfinite(h)], 2)
    axes.plot(steps[:-1], np.r_[steps[0], steps[2:]], color=colour("h"), lw=1.2)
    axes.plot(h[0], h[0], "o", color=colour("h"), ms=6)
    for value, _, kind in points:
        if abs(value) <= bound:
            inside = colour("ink") if kind == "stable" else "none"
            axes.plot(value, value, "o", color=colour("ink"), mfc=inside, ms=6)
    axes.set(xlabel="$h_{t-1}$", ylabel="$h_t$")
    axes.locator_params(nbins=4)


def draw_course(axes, state, h, points, bound):
    edge = axes.get_yaxis_transform()
    named = -math.inf
    for value, _, kind in points:
        axes.axhline(value, color=colour("axis"), lw=0.7, ls="-" if kind == "stable" else ":")
        if named + 0.15 * bound < value <= bound:
            axes.text(1.03, value, digits(value), transform=edge, va="center", size=10)
            named = value
    times = np.arange(len(h))
    axes.plot(times, h, "o-", color=colour("h"), lw=1.2, ms=3)
    axes.plot(0, h[0], "o", color=colour("h"), ms=6)
    if state["input"] != "none":
        draw_inputs(axes, inputs(state))
    axes.set(xlabel="$t$", xlim=(-0.03 * len(h), 1.02 * len(h) - 1))
    axes.locator_params(axis="x", nbins=4, integer=True)


def draw_inputs(axes, x):
    """Inputs as bars along the foot of the panel."""
    foot = axes.get_xaxis_transform()
    scale = 0.06 / max(1.0, float(np.abs(x).max()))
    axes.vlines(np.arange(1, len(x) + 1), 0.07, 0.07 + scale * x, transform=foot, color=colour("x"), lw=2)
    axes.text(1.03, 0.07, "$x_t$", transform=axes.transAxes, va="center", color=colour("x"))
