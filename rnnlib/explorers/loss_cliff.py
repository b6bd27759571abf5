"""Why does one step throw training away? The error of one unit over its two weights, and gradient descent on it.

The rules here are `js/loss-cliff-model.js`'s, with rnnlib for the numbers; a test holds them equal. With s_t = σ(x_t),
x ← w σ(x) + b is the unit s_t = σ(w s_{t−1} + b), and E = (s_50 − 0.7)².

Source: R. Pascanu, T. Mikolov, Y. Bengio, "On the difficulty of training recurrent neural networks", ICML 2013.
"""

import math
from dataclasses import dataclass

import numpy as np

import rnnlib
from rnnlib.explorers.base import Explorer, traits
from rnnlib.explorers.palette import colour
from rnnlib.explorers.specs import read_spec
from rnnlib.explorers.text import digits, exactly

SPEC = read_spec("loss-cliff")
X0, T, TARGET = SPEC["x0"], SPEC["T"], SPEC["target"]

STEEP = 100  # ‖∇E‖ from which a place counts as on the cliff
GENTLE = 1
THROW = 1  # length of a step from which it throws w and b away
FAR = 1e6  # beyond it descent stops


def sigmoid(x):
    return 0.5 * (1.0 + np.tanh(0.5 * x))


# ---- The surface ----


def run(w, b):
    """Return (Trace, Grads of E) of the one-unit cell."""
    cell = rnnlib.RNN(1, 1, activation="sigmoid", rng=0)
    cell.params["W_hh"][...], cell.params["b_h"][...] = w, b
    trace = cell.forward(np.zeros((T, 1, 1)), h0=[[sigmoid(X0)]])
    return trace, cell.backward(trace, dh_last=2 * (trace.h_last - TARGET))


def errors_at(w, b):
    """Return E for arrays of w and b of one shape."""
    x = np.full(np.broadcast(w, b).shape, X0)
    for _ in range(T):
        x = w * sigmoid(x) + b
    return (sigmoid(x) - TARGET) ** 2


@dataclass
class Place:
    """A place on the surface, and the length of the step that leads on from it, if one does."""

    w: float
    b: float
    error: float
    dw: float
    db: float
    length: float = None

    @property
    def norm(self):
        """‖∇E‖."""
        return math.hypot(self.dw, self.db)


def place_at(w, b):
    trace, grads = run(w, b)
    error = (trace.h_last.item() - TARGET) ** 2
    return Place(w, b, error, grads.params["W_hh"].item(), grads.params["b_h"].item())


# ---- Descent ----


@dataclass
class Descent:
    """The places from the start on, and the number of the longest step, from 1; 0 if there is none."""

    path: list
    longest: int

    @property
    def end(self):
        """The last place."""
        return self.path[-1]

    @property
    def is_thrown(self):
        """Whether a step was too long and E ended higher than it began."""
        too_long = self.longest > 0 and self.path[self.longest - 1].length > THROW
        return too_long and self.end.error > self.path[0].error


def descend(state, bound):
    """Take `steps` steps of gradient descent, the gradient's norm clipped to `bound`."""
    path, longest = [place_at(state["w"], state["b"])], 0
    for k in range(1, state["steps"] + 1):
        here = path[-1]
        scale = state["rate"] * (bound / here.norm if here.norm > bound else 1.0)
        here.length = scale * here.norm
        if not longest or here.length > path[longest - 1].length:
            longest = k
        w, b = here.w - scale * here.dw, here.b - scale * here.db
        if not max(abs(w), abs(b)) < FAR:
            break
        path.append(place_at(w, b))
    return Descent(path, longest)


def both(state):
    """Return (descent without clipping, descent with it)."""
    return descend(state, math.inf), descend(state, state["max_norm"])


# ---- The sentence ----


def place_text(place):
    return f"({digits(place.w)}, {digits(place.b)})"


def counted(steps):
    return "one step" if steps == 1 else f"{steps} steps"


def describe(state, plain, clipped):
    """Return what is to be seen, and what it means."""
    if state["steps"] == 0:
        return standing(state, plain.path[0])
    return clipped_words(state, plain, clipped) if state["clipping"] else plain_words(state, plain, clipped)


def standing(state, here):
    where = (
        "this is the cliff"
        if here.norm >= STEEP
        else "steep"
        if here.norm > GENTLE
        else "the slope is gentle"
    )
    length = min(here.norm, state["max_norm"]) if state["clipping"] else here.norm
    clip = f", clipped to {digits(state['max_norm'])}," if state["clipping"] else ""
    point, size = f"({digits(here.w, 9)}, {digits(here.b, 9)})", exactly(here.norm, 4)
    return (
        f"At (w, b) = {point} E = {exactly(here.error, 6)} and ‖∇E‖ = {size}: {where}. "
        f"A step with learning rate {digits(state['rate'])}{clip} is {exactly(state['rate'] * length, 4)} long."
    )


def plain_words(state, plain, clipped):
    path, longest = plain.path, plain.longest
    far = exactly(path[longest - 1].length)
    step = f"The longest step, number {longest}, is {far} long"
    if plain.is_thrown:
        there = place_text(path[min(longest, len(path) - 1)])
        step = (
            f"Step {longest}, {far} long, throws the weights to {there}; now ‖∇E‖ = {exactly(plain.end.norm)}"
        )
    return (
        f"Without clipping E goes from {exactly(path[0].error)} to {exactly(plain.end.error)} in "
        f"{counted(len(path) - 1)}. {step}. With clipping to {digits(state['max_norm'])} it ends at "
        f"{exactly(clipped.end.error)}."
    )


def clipped_words(state, plain, clipped):
    path = clipped.path
    without = f"Without clipping E ends at {exactly(plain.end.error)}"
    if plain.is_thrown:
        far = exactly(plain.path[plain.longest - 1].length)
        without = (
            f"Without clipping step {plain.longest} is {far} long, and E ends at {exactly(plain.end.error)}"
        )
    return (
        f"With the gradient clipped to {digits(state['max_norm'])} E goes from {exactly(path[0].error)} to "
        f"{exactly(clipped.end.error)} in {counted(len(path) - 1)}, no step longer than "
        f"{exactly(path[clipped.longest - 1].length)}. {without}."
    )


# ---- Goal ----


def survive(state):
    plain, clipped = both(state)
    if not plain.is_thrown:
        return False, "without clipping nothing is thrown away from here, in so many steps."
    end = (clipped if state["clipping"] else plain).end.error
    return end < 0.005, f"E is {exactly(end)} in the end."


# ---- The explorer ----


class LossCliff(Explorer):
    """*Why does one step throw training away?* E = (σ(x_50) − 0.7)² of x ← w σ(x) + b, x_0 = 0.5, over w and b.

    Gradient descent takes `steps` (0 to 60) from `w` (3 to 7) and `b` (−4 to 0) with the learning rate `rate` (0.05 to
    2), with `clipping` to the norm `max_norm` (0.05 to 2) or without. Goal: "survive". ValueError for anything else.
    (Pascanu, Mikolov & Bengio 2013.)

    >>> round(LossCliff.landmark("cliff").path[0].norm)
    6773
    >>> LossCliff.landmark("clipped").error < 0.005 < LossCliff.landmark("thrown").error
    True
    """

    spec = SPEC
    goal_rules = {"survive": survive}
    steps, clipping, w, b, rate, max_norm = traits(SPEC)

    @property
    def path(self):
        """The Places of the descent: `w`, `b`, `error`, `dw`, `db`, `norm` and the `length` of the next step."""
        state = self.settings
        return descend(state, self.max_norm if self.clipping else math.inf).path

    @property
    def error(self):
        """E at the end of the descent."""
        return self.path[-1].error

    @property
    def trace(self):
        """rnnlib's Trace at the end of the descent: h (51, 1, 1) holds s_t = σ(x_t)."""
        return run(self.path[-1].w, self.path[-1].b)[0]

    @property
    def grads(self):
        """rnnlib's Grads of E there: params["W_hh"] is ∂E/∂w, params["b_h"] is ∂E/∂b."""
        return run(self.path[-1].w, self.path[-1].b)[1]

    @property
    def sentence(self):
        """What is to be seen now, and what it means: also the picture's alt text."""
        return describe(self.settings, *both(self.settings))

    def draw(self, figure):
        """Draw the surface with the descent on it, and E over its steps, into a matplotlib figure."""
        state = self.settings
        pair = both(state)
        chosen, other = pair[::-1] if state["clipping"] else pair
        figure.set_size_inches(5.4, 2.9)
        surface, course = figure.subplots(1, 2, width_ratios=(1, 1))
        draw_surface(surface, state, chosen, other)
        draw_course(course, state, chosen, other)


def draw_surface(axes, state, chosen, other):
    from matplotlib.colors import LinearSegmentedColormap, to_rgba

    (w0, w1), (b0, b1) = SPEC["map"]["w"], SPEC["map"]["b"]
    w, b = np.meshgrid(np.linspace(w0, w1, 150), np.linspace(b0, b1, 150))
    ink = to_rgba(colour("ink"))
    shades = LinearSegmentedColormap.from_list("ink", [(*ink[:3], 0.0), (*ink[:3], 0.7)])
    strength = np.sqrt(
        errors_at(w, b) / 0.49
    )  # E as ink, its root as strength, so that 0.01 still differs from 0
    axes.imshow(strength, cmap=shades, vmin=0, vmax=1, origin="lower", extent=(w0, w1, b0, b1))
    for descent, hue, style, width in ((other, "grad_c", ":", 1), (chosen, "grad", "-", 1.4)):
        axes.plot([one.w for one in descent.path], [one.b for one in descent.path], style,
                  color=colour(hue), lw=width, marker="o" if descent is chosen else "", ms=2.5)  # fmt: skip
    axes.plot(state["w"], state["b"], "o", color=colour("h"), ms=7)
    axes.set(xlim=(w0, w1), ylim=(b0, b1), xlabel="$w$", ylabel="$b$")
    axes.locator_params(nbins=5)


def draw_course(axes, state, chosen, other):
    for descent, hue, style, width in ((other, "grad_c", ":", 1.2), (chosen, "grad", "-", 1.8)):
        axes.plot([one.error for one in descent.path], style, color=colour(hue), lw=width)
    axes.plot(0, chosen.path[0].error, "o", color=colour("h"), ms=6)
    axes.set(yscale="log", ylim=(1e-6, 1), xlabel="step of descent", xlim=(-1, max(10, state["steps"])))
    axes.set_title("$E$", loc="left", size=11)
    axes.minorticks_off()
