"""What does each gate let through? The gates of an LSTM or GRU over time, each free or pinned to 0 or 1.

The rules here are `js/gates-model.js`'s, with rnnlib for the numbers; a test holds them equal. x is one number a step:
0, the pulse, then noise. Its weights are made by hand so that the gate that writes opens for large inputs, those of
h_{t−1} are drawn. L is the sum of all units of c_T, or of h_T.
"""

import math
from dataclasses import dataclass

import numpy as np

from rnnlib.explorers import gated
from rnnlib.explorers.base import Control, Explorer
from rnnlib.explorers.palette import colour
from rnnlib.explorers.seeded import Generator, filled
from rnnlib.explorers.specs import read_spec
from rnnlib.explorers.text import digits, exactly, subscript

SPEC = read_spec("gates")
KEEPS = {"lstm": "f", "gru": "z"}  # the gate on the direct path
MEMORY = {"lstm": "c", "gru": "h"}

EXACT = 1e-9  # two numbers that differ by a smaller share count as equal
NOTHING = 1e-12  # a difference of states below this is rounding
SENSITIVE = 1e8  # growth from which rounding shows in what is printed


# ---- The cell and what it reads ----


def parameters(state):
    """Return the cell's params: W_xh and the biases made by hand, W_hh (H, n·H) uniform in ±gain/√H; gates pinned."""
    H, hand = state["units"], SPEC["hand"][state["cell"]].values()
    signs = np.where(np.arange(H) % 2, -1.0, 1.0)
    weights = [w * (signs if sign else np.ones(H)) for w, _, *sign in hand]
    biases = [np.full(H, float(state[b] if b == "forget_bias" else b)) for _, b, *_ in hand]
    W_hh = filled(Generator(state["seed"]), H, len(hand) * H, "uniform", state["gain"] / math.sqrt(H))
    params = {"W_xh": np.concatenate(weights)[None], "W_hh": W_hh, "b_h": np.concatenate(biases)}
    if state["cell"] == "gru" and state["reset"] == "after":
        params["b_hn"] = np.zeros(H)
    return gated.pinned(state["cell"], params, pins(state))


def inputs(state):
    """Return x (T, 1, 1): x_1 = 0, x_2 the pulse, then normals times `noise`, drawn by the next seed."""
    x = state["noise"] * Generator(state["seed"] + 1).normals(state["T"])
    x[:2] = 0.0, state["pulse"]
    return x.reshape(-1, 1, 1)


def pins(state):
    """Return {gate: 0 or 1} of the gates that are pinned."""
    return {name: int(state[name]) for name in gated.SIGMOID[state["cell"]] if state[name] != "free"}


def run(state):
    """Return rnnlib's (Trace, Grads)."""
    cell, ones = gated.make_cell(state["cell"], parameters(state)), np.ones((1, state["units"]))
    trace = cell.forward(inputs(state), **{f"{MEMORY[state['cell']]}0": state["start"] * ones})
    on_c = state["cell"] == "lstm" and state["loss"] == "c"
    return trace, cell.backward(trace, **{"dc_last" if on_c else "dh_last": ones})


@dataclass
class Course:
    """What one unit does; arrays are (T+1,) for t = 0 … T."""

    trace: object
    grads: object
    unit: int
    memory: np.ndarray  # c_t, or h_t of a GRU
    total: np.ndarray  # ∂L/∂ of it
    kept: np.ndarray  # the product of f_k, or z_k, for k > t
    apart: np.ndarray  # (T+1, H): h_t of a GRU, less h_t with the reset in the other place; None for an LSTM

    @property
    def direct(self):
        """What of ∂L/∂c_T comes to c_t on the direct path alone."""
        return self.total[-1] * self.kept

    @property
    def alike(self):
        """Is the total at t = 0 what the direct path brings?"""
        one, other = abs(self.total[0]), abs(self.direct[0])
        return abs(self.total[0] - self.direct[0]) <= EXACT * max(one, other)


def follow(state):
    """Return the state's Course."""
    trace, grads = run(state)
    unit, memory = min(state["unit"], state["units"] - 1), MEMORY[state["cell"]]
    keeps = trace.gates[KEEPS[state["cell"]]][:, 0, unit]
    kept = np.r_[np.cumprod(keeps[::-1])[::-1], 1.0]
    apart = None
    if state["cell"] == "gru":
        elsewhere = run({**state, "reset": "before" if state["reset"] == "after" else "after"})[0]
        apart = (trace.h - elsewhere.h)[:, 0]
    values, totals = (getattr(one, memory)[:, 0, unit] for one in (trace, grads))
    return Course(trace, grads, unit, values, totals, kept, apart)


# ---- The sentence ----


MEANING = {
    "i0": "i = 0: nothing is written",
    "i1": "i = 1: all of g is written, noise too",
    "f0": "f = 0: c keeps nothing from one step to the next",
    "f1": "f = 1: c keeps all that it has",
    "o0": "o = 0: c is not shown, and h is 0",
    "o1": "o = 1: all of tanh(c) is shown",
    "r0": "r = 0: n sees nothing of h",
    "r1": "r = 1: n sees all of h",
    "z0": "z = 0: h is written anew at each step",
    "z1": "z = 1: h holds what it has, and nothing is written",
}


def describe(state, course):
    """Return what is to be seen, and what it means."""
    parts = [remembers(state, course), lets(state, course), paths(state, course)]
    parts += [resetting(state, course), trust(course)]
    return f"{'. '.join(part for part in parts if part)}."


def remembers(state, course):
    name, T = MEMORY[state["cell"]], state["T"]
    start, after, end = (digits(course.memory[t]) for t in (0, 2, T))
    if state["pulse"] == 0:
        return f"Unit {course.unit}: {name} goes from {start} at t = 0 to {end} at t = {T}"
    pulse = f"with the pulse of {digits(state['pulse'])}"
    return f"Unit {course.unit}: {name} goes from {start} to {after} {pulse}, and is {end} at t = {T}"


def lets(state, course):
    held = pins(state)
    words = [MEANING[f"{name}{value}"] for name, value in held.items()]
    free = [name for name in gated.SIGMOID[state["cell"]] if name not in held]
    means = [digits(course.trace.gates[name][:, 0, course.unit].mean(), 2) for name in free]
    if free:
        means[0] = f"lets through {means[0]}"
        words.append(f"On average {listed([f'{name} {mean}' for name, mean in zip(free, means)])}")
    return ". ".join(words)


def listed(words):
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def paths(state, course):
    name, gate = MEMORY[state["cell"]], KEEPS[state["cell"]]
    last = f"∂L/∂{name}{subscript(state['T'])}"
    if course.total[-1] == 0:
        return f"{last} = 0: nothing of the loss comes to {name}, and none of its gradient goes back"
    leaves = (
        f"Of {last} = {exactly(course.total[-1])} the direct path leaves ∏{gate} = {exactly(course.kept[0])}"
    )
    if course.alike:
        return f"{leaves} at {name}₀, and so does the total: no other path is open"
    through = "through h and the gates" if name == "c" else "through the gates and n"
    return f"{leaves} at {name}₀; with the paths {through} ∂L/∂{name}₀ is {exactly(course.total[0])}"


def resetting(state, course):
    if state["cell"] == "lstm":
        return ""
    most = np.abs(course.apart).max()
    if most >= NOTHING:
        other = "before" if state["reset"] == "after" else "after"
        return f"With the reset {other} the product h would differ by up to {digits(most, 2)}"
    return f"Reset before or after the product gives the same h{no_difference(state)}"


def no_difference(state):
    if state["r"] != "free":
        return ", as r is the same for all units"
    if state["z"] == "1":
        return ", as nothing of n enters it"
    return ", as there is one unit" if state["units"] == 1 else ""


def trust(course):
    grown = np.abs(course.total).max() > SENSITIVE
    return "So much growth lets rounding decide the digits" if grown else ""


# ---- Goals ----


def hold(state):
    course, name = follow(state), MEMORY[state["cell"]]
    if pins(state):
        return False, "a gate is pinned."
    if state["T"] < 40:
        return False, f"T is {state['T']}."
    if abs(course.memory[2]) < 0.1:
        return False, f"the pulse leaves {name}₂ at {digits(course.memory[2])}."
    share = course.memory[-1] / course.memory[2]
    return bool(share >= 0.9), f"at t = {state['T']} {name} is {digits(share)} of {name}₂."


def explodes(state):
    course = follow(state)
    if state["cell"] != "lstm":
        return False, "the cell is a GRU."
    ends = f"from {exactly(abs(course.total[-1]))} at c{subscript(state['T'])}"
    grown = abs(course.total[0]) >= 10 * abs(course.total[-1]) > 0
    return bool(grown), f"it goes {ends} to {exactly(abs(course.total[0]))} at c₀."


# ---- The explorer ----


class Pin(Control):
    """ "free", "0" or "1"; the numbers 0 and 1 count as their text."""

    def validate(self, obj, value):
        """Refuse anything else."""
        if not isinstance(value, (str, bool)) and value in (0, 1):
            value = str(int(value))
        return super().validate(obj, value)


class Gates(Explorer):
    """*What does each gate let through?* The gates, the memory and its gradient in an LSTM or GRU, unit by unit.

    `i`, `f`, `o` of `cell` "lstm" and `r`, `z` of "gru" are "free" or pinned to 0 or 1, forward and back.
    `forget_bias` (−2 to 8) is b_f, or z's bias. A net of `units` 1 to 4 reads `T` 5 to 60 numbers: 0, the `pulse`
    (−2 to 2), then noise of size `noise` (0 to 1). The weights from x are made by hand; W_hh is uniform in ±gain/√H,
    `gain` 0 to 8. The memory (c, or h of a GRU) starts at `start` (−1 to 1). `reset` is "after" or "before" the
    product. L sums the last c or h (`loss`); `unit` (0 to 3) is looked at; `seed` draws noise and W_hh. ValueError
    for anything else.

    >>> explorer = Gates.landmark("open")
    >>> explorer.trace.c.shape, bool((explorer.course.kept == 1).all())
    ((21, 1, 2), True)
    >>> round(float(Gates.landmark("forget-bias-1").course.kept[0]), 4)
    0.0019
    """

    spec = SPEC
    goal_rules = {"hold": hold, "explodes": explodes}
    i, f, o, r, z, forget_bias, cell, reset, loss, unit, start, pulse, noise, gain, T, units, seed = (
        (Pin if control["name"] in "iforz" else Control)(control) for control in SPEC["controls"]
    )

    @property
    def course(self):
        """The Course of now."""
        return follow(self.settings)

    @property
    def trace(self):
        """The Trace: h (T+1, 1, H), c alike for an LSTM, gates (T, 1, H) by name. rnnlib's where no gate is pinned."""
        return run(self.settings)[0]

    @property
    def grads(self):
        """The Grads of L: grads.h[t], grads.c[t] are ∂L/∂h_t, ∂L/∂c_t, of shape (1, H)."""
        return run(self.settings)[1]

    @property
    def sentence(self):
        """What is to be seen now, and what it means: also the picture's alt text."""
        return describe(self.settings, self.course)

    def draw(self, figure):
        """Draw the gates and the memory as rows over time, and under them the gradient of the memory."""
        state, course = self.settings, self.course
        rows = ["x", *SPEC["hand"][state["cell"]], *(["c", "h"] if state["cell"] == "lstm" else ["h", "Δ"])]
        figure.set_size_inches(5.0, 0.42 * len(rows) + 1.5)
        axes = figure.subplots(len(rows) + 1, sharex=True, height_ratios=[1] * len(rows) + [3])
        for one, name in zip(axes, rows):
            draw_row(one, course, name, series(course, name))
        draw_gradient(axes[-1], state, course)


def series(course, name):
    """Return what a row shows, for t = 1 … T or t = 0 … T: (steps, H), or (steps, 1) for x."""
    if name == "x":
        return course.trace.x[:, 0]
    if name == "Δ":
        return course.apart
    return (getattr(course.trace, name) if name in "ch" else course.trace.gates[name])[:, 0]


def draw_row(axes, course, name, values):
    """One quantity over time: this unit's as a line and an area, the others' thin."""
    tone = colour("muted" if name == "Δ" else name)
    T, mine = len(course.trace.x), values[:, min(course.unit, values.shape[1] - 1)]
    times = np.arange(T + 1 - len(values), T + 1)
    most = 1.0 if name in "ifogrzn" else reach(values)
    axes.plot(times, values, color=tone, lw=0.7, alpha=0.6)
    axes.plot(times, mine, color=tone, lw=1.6)
    axes.fill_between(times, 0, mine, color=tone, alpha=0.25, lw=0)
    low = 0.0 if name in "iforz" else -most
    axes.set(ylim=(low - 0.08 * most, 1.08 * most), yticks=[], xlim=(0, T))
    axes.axhline(0, color=colour("axis"), lw=0.6)
    axes.spines[["left", "bottom"]].set_visible(False)
    axes.tick_params(bottom=False)
    axes.set_ylabel(f"${name}$" if name != "Δ" else "$Δh$", rotation=0, ha="right", va="center", color=tone)


def reach(values):
    """Return the smallest of 1, 1.5, 2, 3, 5, 10 times a power of ten that holds all values; 1 for none."""
    size = float(np.abs(values).max())
    if size < NOTHING:
        return 1.0
    power = 10.0 ** math.floor(math.log10(size))
    return next(step * power for step in (1, 1.5, 2, 3, 5, 10) if step * power >= size * 0.999999)


def draw_gradient(axes, state, course):
    """The total in full, the direct path dashed, on a logarithmic axis that stays where it is."""
    name, gate, times = MEMORY[state["cell"]], KEEPS[state["cell"]], np.arange(state["T"] + 1)
    for values, tone, style in (
        (course.total, "grad_c" if name == "c" else "grad", "-"),
        (course.direct, gate, (0, (4, 2))),
    ):
        axes.plot(times, np.where(values == 0, np.nan, np.abs(values)), color=colour(tone), ls=style)
    axes.set(yscale="log", ylim=(1e-9, 1e3), yticks=[1e-9, 1e-6, 1e-3, 1, 1e3], xlabel="$t$")
    axes.minorticks_off()
    axes.set_title(f"$|∂L/∂{name}_t|$", loc="left", color=colour("grad_c" if name == "c" else "grad"))
    axes.set_title(f"direct path, $∏{gate}$", loc="right", color=colour(gate))
    axes.locator_params(axis="x", nbins=5, integer=True)
