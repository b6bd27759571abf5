"""Is it one cell or T cells? The book's two-unit network, folded and unrolled, with every number open to view.

The rules here are `js/unroll-model.js`'s, line for line; a test holds them equal.
"""

import re

import numpy as np

import rnnlib
from rnnlib.cells.base import Grads
from rnnlib.explorers.base import Control, Explorer, traits
from rnnlib.explorers.palette import colour
from rnnlib.explorers.specs import defaults, read_spec
from rnnlib.explorers.text import digits, subscript

PARAMS = ("W_xh", "W_hh", "b_h", "W_hy", "b_y")
SHAPES = {"W_xh": (1, 2), "W_hh": (2, 2), "b_h": (2,), "W_hy": (2, 1), "b_y": (1,)}
DEFAULTS = defaults(read_spec("unroll"))


# ---- The network ----


def steps(state):
    """How many steps are taken: a task from one to one is a single step."""
    return 1 if state["task"] == "one-to-one" else state["T"]


def used_outputs(state):
    """Return the steps t whose output the task uses."""
    T = steps(state)
    return [T] if state["task"] == "many-to-one" else list(range(1, T + 1))


def given_inputs(state):
    """Return x_1 … x_T (T, 1, 1), starting again from x_1 where the sequence is longer than the list."""
    return np.resize(np.array(state["x"], float), (steps(state), 1, 1))


def network(state):
    """Return (cell, readout) with the state's weights."""
    cell, readout = rnnlib.RNN(1, 2, rng=0), rnnlib.Readout(2, 1, rng=0)
    for name in PARAMS:
        owner = cell if name in cell.params else readout
        owner.params[name][...] = np.reshape(state[name], SHAPES[name])
    return cell, readout


def run(state, layers=None):
    """Return (trace, o): the cell's Trace, and o_1 … o_T (T,)."""
    cell, readout = layers or network(state)
    x, h_0 = given_inputs(state), [state["h0"]]
    if state["task"] == "one-to-many":
        x = fed_back(cell, readout, x, h_0)
    trace = cell.forward(x, h0=h_0)
    return trace, readout.forward(trace.y).y[:, 0, 0]


def fed_back(cell, readout, x, h_0):
    """Return x_1, o_1, …, o_{T−1}: what is read when each output is the next input."""
    read, h = x.copy(), h_0
    for t in range(len(x) - 1):
        h = cell.forward(read[t : t + 1], h0=h).h_last
        read[t + 1] = readout.forward(h).y
    return read


def gradients(state, layers):
    """Return the Grads of L, the sum of the outputs that the task uses; see Unroll.grads."""
    cell, readout = layers
    trace, o = run(state, layers)
    do = np.isin(np.arange(1, len(o) + 1), used_outputs(state)).astype(float)
    if state["task"] == "one-to-many":
        return fed_back_gradients(cell, readout, trace, do)
    out = readout.backward(readout.forward(trace.y), do.reshape(-1, 1, 1))
    grads = cell.backward(trace, out.x)
    return Grads({**grads.params, **out.params}, grads.x, h0=grads.h0, h=grads.h)


def fed_back_gradients(cell, readout, trace, do):
    """One step at a time: what is read at t + 1 is o_t, so ∂L/∂x_{t+1} is added to ∂L/∂o_t."""
    T = len(do)
    dx, dh = np.zeros((T, 1, 1)), np.zeros((T + 1, 1, 2))
    params = {name: np.zeros(SHAPES[name]) for name in PARAMS}
    fed = 0.0
    for t in range(T, 0, -1):
        step = cell.forward(trace.x[t - 1 : t], h0=trace.h[t - 1])
        out = readout.backward(readout.forward(step.h_last), [[do[t - 1] + fed]])
        dh[t] += out.x
        grads = cell.backward(step, dh_last=dh[t])
        dx[t - 1], dh[t - 1] = grads.x[0], grads.h0
        fed = float(dx[t - 1, 0, 0])
        for name, value in {**grads.params, **out.params}.items():
            params[name] += value
    return Grads(params, dx, h0=dh[0].copy(), h=dh)


# ---- The graph: which value is made from which, by which parameter ----


def values_of(state, trace, o):
    """Return {id: value}, with ids such as x_3, h_2[1], o_5, for every value in the drawing."""
    values = {}
    for t in range(len(o) + 1):
        if t:
            values[f"x_{t}"] = float(trace.x[t - 1, 0, 0])
        for i in (1, 2):
            values[f"h_{t}[{i}]"] = float(trace.h[t, 0, i - 1])
        if t in used_outputs(state):
            values[f"o_{t}"] = float(o[t - 1])
    return values


def edges_of(state):
    """Return [(from, to, weight)]; the weight of an output that is read again is None."""
    edges, used = [], used_outputs(state)
    for t in range(1, steps(state) + 1):
        for j in (1, 2):
            edges.append((f"x_{t}", f"h_{t}[{j}]", f"W_xh[1,{j}]"))
            edges += [(f"h_{t - 1}[{i}]", f"h_{t}[{j}]", f"W_hh[{i},{j}]") for i in (1, 2)]
            if t in used:
                edges.append((f"h_{t}[{j}]", f"o_{t}", f"W_hy[{j},1]"))
        if state["task"] == "one-to-many" and t > 1:
            edges.append((f"o_{t - 1}", f"x_{t}", None))
    return edges


def parameters_of(state):
    """Return {id: value} with ids such as W_hh[1,2] and b_h[1], rows and columns from 1."""
    return {
        f"{name}[{','.join(str(k + 1) for k in index)}]": float(value)
        for name in PARAMS
        for index, value in np.ndenumerate(np.reshape(state[name], SHAPES[name]))
    }


# ---- A value's arithmetic ----


def symbol(name):
    """Turn "h_2[1]" into "h₂[1]"."""
    return re.sub(r"^([xho])_(\d+)", lambda match: match[1] + subscript(int(match[2])), name)


def short(x):
    """Return three decimals of what is near 1, as many digits of the rest."""
    return digits(x, 4 if abs(x) >= 1 else 3)


def factor(x):
    words = short(x)
    return f"({words})" if re.search("[−×]", words) else words


def arithmetic(name, state, trace, o):
    """Return the lines that spell out what made a computed value: formula, numbers, result."""
    values, weights = values_of(state, trace, o), parameters_of(state)
    incoming = [(source, weight) for source, target, weight in edges_of(state) if target == name]
    bias = f"b_h[{name[-2]}]" if name.startswith("h") else "b_y[1]"
    names = " + ".join([*(f"{symbol(source)}·{weight}" for source, weight in incoming), bias])
    terms = [f"{factor(values[source])}·{factor(weights[weight])}" for source, weight in incoming]
    numbers = " + ".join([*terms, factor(weights[bias])])
    result = short(values[name])
    if name.startswith("o"):
        return [f"{symbol(name)} = {names}", f"= {numbers}", f"= {result}"]
    t, i = (int(number) for number in re.findall(r"\d+", name))
    a = short(trace.a[t - 1, 0, i - 1])
    return [f"{symbol(name)} = tanh({names})", f"= tanh({numbers})", f"= tanh({a}) = {result}"]


# ---- In words ----


TASKS = {
    "many-to-many": "At every step x comes in and o goes out.",
    "many-to-one": "At every step x comes in; only the last o is used.",
    "one-to-many": "x comes in once; from then on the cell reads its own output.",
    "one-to-one": "x comes in once and o goes out once.",
}


def describe(state, o):
    """Return what is to be seen, and what it means, as one to three sentences."""
    count = sum(len(state[name]) for name in PARAMS)
    if state["view"] == "folded":
        return (
            f"Folded: one cell with a loop and {count} parameters, and not a word about T. "
            f"{TASKS[state['task']]}"
        )
    parts = [unrolled_words(len(o), count), output_words(state, o), start_words(state, o)]
    return " ".join(filter(None, parts))


def unrolled_words(T, count):
    if T == 1:
        return f"Unrolled over 1 step: one cell drawn once, with its {count} parameters."
    same = f" with the same {count} parameters"
    if DEFAULTS["T"] != T:
        same = f", and still {count} parameters, as at any T"
    return f"Unrolled over {T} steps: one cell drawn {T} times{same}."


def output_words(state, o):
    T = len(o)
    last = f"o{subscript(T)} = {short(o[-1])}"
    if state["task"] == "many-to-one":
        return f"Of all outputs only the last is used: {last}."
    if state["task"] == "one-to-many" and T > 1:
        return f"Only x₁ is given; each output is the next input, up to {last}."
    return f"One input, one output: {last}." if state["task"] == "one-to-one" else f"{last}."


def start_words(state, o):
    """How far the outputs are from what they would be with h_0 = (0, 0)."""
    if not any(state["h0"]):
        return ""
    zero, T = run({**state, "h0": [0.0, 0.0]})[1], len(o)

    def off(t):
        return f"o{subscript(t)} by {short(abs(o[t - 1] - zero[t - 1]))}"

    both = f"{off(1)} and {off(T)}" if T > 1 and state["task"] != "many-to-one" else off(T)
    return f"Starting at h₀ = {pair(state['h0'])} instead of (0, 0) moves {both}."


def pair(values):
    return f"({', '.join(map(short, values))})"


# ---- Goal ----


ROUNDING = 1e-9  # an output nearer to 0 than this has no sign


def negative_output(state):
    moved = [name for name in PARAMS if state[name] != DEFAULTS[name]]
    if moved:
        were = "were" if len(moved) > 1 else "was"
        return False, f"{', '.join(moved)} {were} changed; put the weights back and change h₀ alone."
    if not np.array_equal(given_inputs(state), given_inputs({**state, "x": DEFAULTS["x"]})):
        return False, "the inputs were changed; put them back and change h₀ alone."
    start = f"h₀ = {pair(state['h0'])}"
    if any(abs(value) > 1 for value in state["h0"]):
        return False, f"{start} goes beyond −1 and 1; stay between them."
    o_1 = run(state)[1][0]
    if o_1 < -ROUNDING:
        return True, f"with {start}, o₁ = {short(o_1)}; the start alone turns the sign of the first output."
    output = "o₁ = 0 up to rounding" if abs(o_1) <= ROUNDING else f"o₁ = {short(o_1)}"
    return False, f"with {start}, {output}, which is not below 0."


# ---- The explorer ----


class Weights(Control):
    """A list of numbers that may also come in its matrix's own shape."""

    def validate(self, obj, value):
        shape = SHAPES[self.control["name"]]
        try:
            fits = not isinstance(value, str) and np.shape(value) == shape
        except ValueError:  # ragged
            fits = False
        return super().validate(
            obj, [one for row in value for one in row] if fits and len(shape) == 2 else value
        )


class Unroll(Explorer):
    """*Is it one cell or T cells?* The two-unit network of `data.two_unit_example`, folded or unrolled.

    `view` "folded" or "unrolled"; `task` "many-to-many", "many-to-one", "one-to-many" (each output is the next input)
    or "one-to-one" (a single step); `T` steps, 1 to 8. `x` holds 1 to 8 inputs, read from the first again where T is
    larger; `h0` 2 numbers from −3 to 3. `W_xh` (1, 2), `W_hh` (2, 2), `b_h` (2,), `W_hy` (2, 1), `b_y` (1,), in these
    shapes or as flat lists, row by row. Goal: "negative-output". ValueError for anything else.

    >>> explorer = Unroll(h0=[-1.0, 1.0])
    >>> explorer.outputs.round(3)
    array([-0.098,  0.627, -1.041, -0.794,  1.627])
    >>> explorer.reached("negative-output")[0]
    True
    >>> print(*Unroll().arithmetic("h_2[1]"), sep="\\n")
    h₂[1] = tanh(x₂·W_xh[1,1] + h₁[1]·W_hh[1,1] + h₁[2]·W_hh[2,1] + b_h[1])
    = tanh(0.5·1 + 0.762·0.8 + (−0.38)·(−0.4) + 0)
    = tanh(1.261) = 0.851
    """

    spec = read_spec("unroll")
    view, T, task, x, h0 = traits(spec)[:5]
    W_xh, W_hh, b_h, W_hy, b_y = (Weights(control) for control in spec["controls"][5:])
    goal_rules = {"negative-output": negative_output}

    @property
    def cell(self):
        """The rnnlib.RNN with these weights."""
        return network(self.settings)[0]

    @property
    def readout(self):
        """The rnnlib.Readout with these weights."""
        return network(self.settings)[1]

    @property
    def trace(self):
        """The cell's Trace: h has shape (T+1, 1, 2), and x (T, 1, 1) is what was read."""
        return run(self.settings)[0]

    @property
    def outputs(self):
        """o_1 … o_T, shape (T,), whether or not the task uses them."""
        return run(self.settings)[1]

    @property
    def grads(self):
        """The Grads of L, the sum of the outputs that the task uses, with W_hy and b_y among its params.

        One-to-many: the gradient also goes through what is fed back.
        """
        return gradients(self.settings, network(self.settings))

    def arithmetic(self, name):
        """Return the lines that spell out a computed value, h_t[i] or o_t: "h_2[1]". KeyError for anything else."""
        state = self.settings
        trace, o = run(state)
        known = [key for key in values_of(state, trace, o) if key[0] in "ho" and not key.startswith("h_0")]
        if name not in known:
            raise KeyError(f"{name!r} is no computed value here; expected one of {', '.join(known)}")
        return arithmetic(name, state, trace, o)

    @property
    def sentence(self):
        """What is to be seen now, and what it means: also the picture's alt text."""
        return describe(self.settings, self.outputs)

    def draw(self, figure):
        """Draw the graph with its numbers, or the folded cell, into a matplotlib figure."""
        figure.set_layout_engine("none")
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set_axis_off()
        if self.view == "folded":
            draw_folded(figure, axes, self.task)
        else:
            draw_unrolled(figure, axes, self.settings)


# ---- The picture: the page's geometry, one unit a hundredth of an inch ----

ROWS = {"o": 50, "h1": 132, "h2": 176, "x": 258}
HEIGHT, WIDE, HIGH, LEFT = 300, 46, 26, 70
HUES = {"x": "x", "h": "h", "o": "y"}


def draw_unrolled(figure, axes, state):
    trace, o = run(state)
    T = len(o)
    pitch = max(72, min(110, 520 / T))
    columns = [LEFT / 2, *(LEFT + (t - 0.5) * pitch for t in range(1, T + 1))]
    frame(figure, axes, LEFT + T * pitch)
    for t in range(1, T + 1):
        cell_mark(axes, columns[t] - WIDE / 2 - 9, ROWS["h1"] - 30, WIDE + 18, ROWS["h2"] - ROWS["h1"] + 52)
        axes.text(columns[t] + 8, ROWS["h1"] - 18, f"$h_{t}$", color=colour("ink"), fontsize=9, va="center")
    places = {name: place_of(name, columns) for name in values_of(state, trace, o)}
    for source, target, weight in edges_of(state):
        draw_edge(axes, places[source], places[target], weight)
    for name, value in values_of(state, trace, o).items():
        fed = state["task"] == "one-to-many" and name.startswith("x") and name != "x_1"
        draw_value(axes, places[name], f"{value:.2f}".replace("-", "−"), "y" if fed else HUES[name[0]])
        if name[0] in "xo":
            t = int(name[2:])
            words = f"$x_{t} = o_{t - 1}$" if fed else f"${name[0]}_{t}$"
            above = places[name][1] + (-22 if name[0] == "o" else 23)
            axes.text(
                places[name][0], above, words, color=colour("ink"), ha="center", va="center", fontsize=10
            )
    axes.text(
        columns[0], ROWS["h1"] - 23, "$h_0$", color=colour("ink"), ha="center", va="center", fontsize=10
    )


def place_of(name, columns):
    row = name[0] if name[0] in "xo" else f"h{name[-2]}"
    return columns[int(re.search(r"\d+", name)[0])], ROWS[row]


def frame(figure, axes, width):
    figure.set_size_inches(width / 100, HEIGHT / 100)
    axes.set(xlim=(0, width), ylim=(HEIGHT, 0))


def cell_mark(axes, x, y, w, h):
    from matplotlib.patches import FancyBboxPatch

    style = "round,pad=0,rounding_size=12"
    axes.add_patch(FancyBboxPatch((x, y), w, h, boxstyle=style, facecolor=colour("h"), alpha=0.13, lw=0))


def draw_value(axes, place, words, hue, size=9):
    from matplotlib.patches import FancyBboxPatch

    (x, y), style = place, "round,pad=0,rounding_size=7"
    box = FancyBboxPatch((x - WIDE / 2, y - HIGH / 2), WIDE, HIGH, boxstyle=style)
    box.set(facecolor=(*rgb(hue), 0.16), edgecolor=colour(hue), lw=0.8, zorder=2)
    axes.add_patch(box)
    axes.text(x, y, words, color=colour("ink"), ha="center", va="center", fontsize=size, zorder=3)


def rgb(hue):
    from matplotlib.colors import to_rgb

    return to_rgb(colour(hue))


def draw_edge(axes, source, target, weight):
    (x1, y1), (x2, y2) = source, target
    if weight is None:
        lane, top, bottom = (x1 + x2) / 2, y1 + HIGH, y2 - HIGH
        path = [(x1 + WIDE / 2, y1), (lane, y1), (lane, top), (lane, bottom), (lane, y2), (x2 - WIDE / 2, y2)]
        return arrow(axes, path, [1, 3, 3, 2, 3, 3], "y", "--")
    if weight.startswith("W_hh"):
        bend = 0.42 * (x2 - x1 - WIDE)
        start, end = (x1 + WIDE / 2, y1), (x2 - WIDE / 2, y2)
        return arrow(axes, [start, (start[0] + bend, y1), (end[0] - bend, y2), end], [1, 4, 4, 4])
    start, end = (x1, y1 - HIGH / 2), (x2, y2 + HIGH / 2)
    side = {"W_xh[1,1]": -1, "W_hy[2,1]": 1}.get(weight, 0)  # past the unit in between
    if not side:
        return arrow(axes, [start, end], [1, 2])
    out, third = x1 + side * (WIDE / 2 + 13), (start[1] - end[1]) / 3
    near = side * WIDE / 4
    path = [(x1 + near, start[1]), (out, start[1] - third), (out, end[1] + third), (x2 + near, end[1])]
    return arrow(axes, path, [1, 4, 4, 4])


def arrow(axes, points, codes, hue="axis", dashes="-", width=0.8):
    from matplotlib.patches import FancyArrowPatch
    from matplotlib.path import Path

    look = {"color": colour(hue), "lw": width, "linestyle": dashes, "shrinkA": 0, "shrinkB": 0, "zorder": 1}
    axes.add_patch(FancyArrowPatch(path=Path(points, codes), arrowstyle="-|>", mutation_scale=6, **look))


def draw_folded(figure, axes, task):
    frame(figure, axes, 420)
    x, top, bottom = 150, 102, 198
    cell_mark(axes, x - 45, top, 90, bottom - top)
    for words, y, hue in (
        ("$x_t$", 262, "x"),
        ("$h_t[1]$", 128, "h"),
        ("$h_t[2]$", 172, "h"),
        ("$o_t$", 40, "y"),
    ):
        draw_value(axes, (x, y), words, hue, 11)
    arrow(axes, [(x, 249), (x, bottom)], [1, 2])
    arrow(axes, [(x, top), (x, 53)], [1, 2])
    arrow(axes, [(195, 128), (290, 80), (290, 220), (195, 172)], [1, 4, 4, 4], "h", width=1.6)
    if task == "one-to-many":
        arrow(axes, [(127, 40), (40, 40), (40, 262), (127, 262)], [1, 4, 4, 4], "y", "--")
    said = {"many-to-one": "after the last step", "one-to-one": "once"}.get(task, "at every step")
    read = {"one-to-many": "then $o$ fed back", "one-to-one": "once"}.get(task, "at every step")
    axes.text(182, 40, f"(B, O), {said}", color=colour("muted"), va="center", fontsize=9)
    axes.text(182, 262, f"(B, D), {read}", color=colour("muted"), va="center", fontsize=9)
    for x, y, words in (
        (156, 78, "$W_{hy}$ (H, O)"),
        (156, 226, "$W_{xh}$ (D, H)"),
        (274, 138, "$W_{hh}$ (H, H)"),
    ):
        axes.text(x, y, words, color=colour("ink"), va="center", fontsize=9)
    axes.text(274, 160, "one step later", color=colour("muted"), va="center", fontsize=9)
