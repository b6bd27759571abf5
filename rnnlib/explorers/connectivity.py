"""Which inputs does this output depend on? The gradients of a trained net's answer beside what replacing a symbol does.

The rules here are `js/connectivity-model.js`'s, with rnnlib for the numbers; a test holds them equal. The nets are
those of `runs/order_nets.py`: they read a sequence of temporal order and answer which of X and Y came first and second.
"""

import json
import math
from dataclasses import dataclass
from functools import cache

import numpy as np
import traitlets

import rnnlib
from rnnlib.explorers import runs
from rnnlib.explorers.base import Explorer, traits
from rnnlib.explorers.palette import colour
from rnnlib.explorers.seeded import Generator
from rnnlib.explorers.specs import read_spec
from rnnlib.explorers.text import exactly

SPEC = read_spec("connectivity")
SYMBOLS = SPEC["symbols"]
D = len(SYMBOLS)
X, Y, START, END = (SYMBOLS.index(one) for one in "XYEB")
CLASSES = ("XX", "XY", "YX", "YY")
NAMES = {"gru": "GRU", "lstm": "LSTM", "rnn": "tanh RNN"}
STORED = {"gru": "GRU", "lstm": "LSTM", "rnn": "RNN"}  # the names of their classes, and in the run

LATE = 0.9  # the share of all gradients that makes the last steps all there is
LAST = 8  # how many steps are the last ones, at most
NAMED = 4  # how many steps a sentence names one by one


# ---- The sequence ----


def draw_sequence(seed):
    """Return the symbols' numbers of one sequence of temporal order, as rnnlib.tasks.temporal_order draws them."""
    generator, T = Generator(seed), SPEC["order"]
    whole = lambda low, high: low + math.floor(generator.uniform() * (high - low + 1))
    codes = [whole(0, 3) for _ in range(whole(T, T + T // 10))]
    first, second = whole(T // 10, T // 5), whole(T // 2, 3 * T // 5)
    codes[first - 1], codes[second - 1] = whole(X, Y), whole(X, Y)
    codes[0], codes[-1] = START, END
    return codes


def edited(state):
    """Return (the symbols' numbers as drawn, as the state has them, the step k that it reads)."""
    drawn = draw_sequence(state["seed"])
    codes, k = list(drawn), min(state["k"], len(drawn))
    if state["swap"]:
        one, other = relevant(drawn)
        codes[one - 1], codes[other - 1] = codes[other - 1], codes[one - 1]
    if state["symbol"] != "keep":
        codes[k - 1] = SYMBOLS.index(state["symbol"])
    return drawn, codes, k


def relevant(codes):
    """Return the steps k at which X or Y stands."""
    return [k for k, code in enumerate(codes, 1) if code in (X, Y)]


def class_of(codes):
    """Return the number of the class, or None where there are not two of X and Y."""
    steps = relevant(codes)
    return 2 * (codes[steps[0] - 1] - X) + codes[steps[1] - 1] - X if len(steps) == 2 else None


def like(code):
    """Return what a symbol is replaced by: X by Y, Y by X, a letter by the next; E and B by themselves."""
    if code < X:
        return (code + 1) % X
    return {X: Y, Y: X}.get(code, code)


# ---- What the nets make of it ----


@cache
def trained(cell):
    """Return (the stack of cell and Readout with the stored weights, its accuracy), made once."""
    name, run = STORED[cell], runs.load(SPEC["run"])
    return make_net(cell), float(run["rounded"][run["nets"].tolist().index(name)])


def make_net(cell):
    """Return a new stack of cell and Readout with the stored weights."""
    params = runs.params_of(SPEC["run"], STORED[cell])
    H = len(params["W_hy"])
    net = rnnlib.stack([getattr(rnnlib, STORED[cell])(D, H, rng=0), rnnlib.Readout(H, 4, rng=0)])
    for key, array in net.params.items():
        array[...] = params[key.partition(".")[2]]
    return net


def tested():
    """Return on how many sequences the accuracy was measured."""
    return json.loads(str(runs.load(SPEC["run"])["settings"]))["tested"]


@dataclass
class Reading:
    """What one net answers, and what its answer depends on; k = 1 … T stands at [k−1].

    `logits` (4,); `chosen`, the number of the logit that is read; `gradient` (T, 8), ∂o_T/∂x_k of it; `replaced`
    (T, 4), the logits with x_k replaced by its like; `drawn`, the answer to the sequence as it was drawn.
    """

    cell: str
    accuracy: float
    logits: np.ndarray
    chosen: int
    gradient: np.ndarray
    replaced: np.ndarray
    drawn: int

    @property
    def answer(self):
        """The number of the class with the largest logit."""
        return int(self.logits.argmax())

    @property
    def sizes(self):
        """‖∂o_T/∂x_k‖: (T,)."""
        return np.linalg.norm(self.gradient, axis=1)

    @property
    def changes(self):
        """By how much the logit changes when x_k is replaced by its like: (T,)."""
        return self.replaced[:, self.chosen] - self.logits[self.chosen]

    @property
    def flips(self):
        """Whether the answer becomes another one when x_k is replaced by its like: (T,)."""
        return self.replaced.argmax(axis=1) != self.answer


def last_logits(net, sequences):
    """Return the logits after the last step of sequences of one length: (B, 4)."""
    return net.forward(one_hot(sequences)).y[-1]


def one_hot(sequences):
    """Return x (T, B, 8) of sequences of symbols' numbers (B, T)."""
    return np.eye(D)[np.array(sequences).T]


def chosen_logit(state, logits):
    """Return the number of the logit that the state chooses."""
    return int(logits.argmax()) if state["logit"] == "own" else CLASSES.index(state["logit"])


def gradients(net, codes, chosen):
    """Return the Grads of one logit after the last step."""
    trace = net.forward(one_hot([codes]))
    dy = np.zeros_like(trace.y)
    dy[-1, 0, chosen] = 1.0
    return net.backward(trace, dy)


def read(state, cell):
    """Return one net's Reading of the state's sequence."""
    net, accuracy = trained(cell)
    drawn, codes, _ = edited(state)
    T = len(codes)
    others = np.tile(codes, (T, 1))
    np.fill_diagonal(others, [like(code) for code in codes])
    logits, original = last_logits(net, [codes, drawn])
    chosen = chosen_logit(state, logits)
    gradient = gradients(net, codes, chosen).x[:, 0]
    return Reading(cell, accuracy, logits, chosen, gradient, last_logits(net, others), int(original.argmax()))


# ---- The sentence ----


def spelled(number):
    """Return a class as it is written: X Y."""
    return " ".join(CLASSES[number])


def listed(parts):
    """Return "a", "a and b" or "a, b and c"."""
    parts = list(map(str, parts))
    return " and ".join(filter(None, [", ".join(parts[:-1]), parts[-1]]))


def describe(state, readings):
    """Return what is to be seen, and what it means; readings, {cell: Reading}."""
    drawn, codes, k = edited(state)
    reading = readings[state["cell"]]
    parts = [setting(state, drawn, codes, k), answering(codes, reading)]
    parts += [depending(state, codes, reading), flipping(codes, reading), others(state, readings)]
    return f"{'. '.join(parts)}."


def setting(state, drawn, codes, k):
    steps, length = relevant(codes), f"of {len(codes)} symbols"
    edits = ["with the two swapped"] if state["swap"] else []
    if state["symbol"] != "keep" and codes[k - 1] != drawn[k - 1]:
        edits.append(f"with {SYMBOLS[codes[k - 1]]} at k = {k}, where {SYMBOLS[drawn[k - 1]]} was drawn")
    made = ", ".join(edits)
    start = f"{made[0].upper()}{made[1:]}: " if made else ""
    if len(steps) != 2:
        many = f"{len(steps)} of X and Y" if steps else "neither X nor Y"
        return f"{start}{many} among {len(codes)} symbols, which is no class of the task"
    where = listed(f"{SYMBOLS[codes[step - 1]]} at k = {step}" for step in steps)
    return f"{start}{where} {length}: the class is {spelled(class_of(codes))}"


def answering(codes, reading):
    right, answer = class_of(codes), reading.answer
    judged = "" if right is None else ", rightly" if answer == right else ", wrongly"
    turned = "" if answer == reading.drawn else f"; as drawn it was {spelled(reading.drawn)}"
    who = (
        f"The {NAMES[reading.cell]}, right on {exactly(100 * reading.accuracy, 4)} % of {tested()} sequences"
    )
    return f"{who}, answers {spelled(answer)}{judged}{turned}"


def depending(state, codes, reading):
    """Say where the gradient is: in the last steps, at X and Y, or elsewhere."""
    sizes, steps = shown_sizes(state, reading), relevant(codes)
    unit = " of the largest" if state["scale"] == "share" else ""
    size = lambda step: exactly(sizes[step - 1], 2) + unit
    late = late_steps(sizes)
    if late <= LAST and steps and steps[-1] <= len(codes) - late:
        count = "the last step" if late == 1 else f"the last {late} steps"
        return f"Nine tenths of its gradient ‖∂o/∂x‖ lie in {count}; at k = {steps[0]} it is {size(steps[0])}"
    ranks = ranked(sizes)
    if not steps:
        return f"Its gradient ‖∂o/∂x‖ is largest at k = {ranks.index(1) + 1}, {exactly(sizes.max(), 2)}"
    worst = max(steps, key=lambda step: ranks[step - 1])
    if ranks[worst - 1] > len(steps):
        place = f"only number {ranks[worst - 1]}" if ranks[worst - 1] < len(codes) else "the smallest"
        return f"Its gradient ‖∂o/∂x‖ at k = {worst}, {size(worst)}, is {place} of all {len(codes)}"
    rest = max((sizes[step - 1] for step in range(1, len(codes) + 1) if step not in steps), default=0.0)
    at = f"k = {listed(steps)}, {listed(exactly(sizes[step - 1], 2) for step in steps)}{unit}"
    return f"Its gradient ‖∂o/∂x‖ is largest at {at}, and at most {exactly(rest, 2)} elsewhere"


def shown_sizes(state, reading):
    """Return the gradients' lengths as they are drawn: themselves, or as shares of the largest."""
    return reading.sizes / reading.sizes.max() if state["scale"] == "share" else reading.sizes


def late_steps(sizes):
    """Return how many of the last steps hold nine tenths of the summed lengths."""
    return int(np.argmax(np.cumsum(sizes[::-1]) >= LATE * sizes.sum())) + 1


def ranked(sizes):
    """Return each step's rank, 1 for the largest."""
    return [1 + int((sizes > size).sum()) for size in sizes]


def flipping(codes, reading):
    """Say where one symbol in place of another makes another answer."""
    steps, found = relevant(codes), [int(k) + 1 for k in np.flatnonzero(reading.flips)]
    if not found:
        return "No replacement of one symbol flips the answer"
    ranks, few = ranked(reading.sizes), len(found) <= NAMED
    hidden = any(step in found and ranks[step - 1] > len(steps) for step in steps)
    where = f"k = {listed(found)} and nowhere else" if few else f"{len(found)} steps"
    return f"{'A gradient is not importance: r' if hidden else 'R'}eplacing one symbol flips the answer at {where}"


def others(state, readings):
    one, other = (reading for cell, reading in readings.items() if cell != state["cell"])
    said = f"The {NAMES[one.cell]} answers {spelled(one.answer)}"
    return f"{said}, the {NAMES[other.cell]} {spelled(other.answer)}"


def outcome(state, reading):
    """The option of the prediction that happened: 0 nothing flips at the step with the small gradient, 1 it does."""
    _, codes, _ = edited(state)
    ranks = ranked(reading.sizes)
    hidden = max(relevant(codes), key=lambda step: ranks[step - 1])
    return int(reading.flips[hidden - 1])


def flips_with_small_gradient(state):
    _, codes, k = edited(state)
    reading, name = read(state, state["cell"]), NAMES[state["cell"]]
    if not reading.flips[k - 1]:
        return False, f"{name}, k = {k}: with another symbol for {SYMBOLS[codes[k - 1]]} the answer stays."
    larger, T = ranked(reading.sizes)[k - 1] - 1, len(codes)
    words = f"{name}, k = {k}: the answer flips, and {larger} of {T} steps have a larger gradient."
    return 2 * larger > T, words


# ---- The picture ----

FLOOR = 1e-5  # gradients below are not drawn
DEPTH = 0.5  # how far down the largest change reaches, against how far up the largest gradient may


def draw_nets(figure, state, readings):
    """Draw a row a net: gradients upward on a logarithmic scale, what replacing does downward on a linear one."""
    _, codes, _ = edited(state)
    rows = figure.subplots(len(readings), 1, sharex=True)
    top = 10.0 ** max(0, math.ceil(math.log10(max(reading.sizes.max() for reading in readings.values()))))
    most = 4 * math.ceil(max(np.abs(reading.changes).max() for reading in readings.values()) / 4) or 4
    for axes, reading in zip(rows, readings.values()):
        draw_net(axes, state, codes, reading, top, most)
    for step in relevant(codes):
        rows[0].annotate(SYMBOLS[codes[step - 1]], (step, 1.0), ha="center", color=colour("x"), weight="bold",
                         xytext=(0, 2), textcoords="offset points", annotation_clip=False)  # fmt: skip
    rows[0].set_title(
        "↑ $\\|\\partial o_T/\\partial x_k\\|$", loc="left", color=colour("grad"), fontsize=11, pad=14
    )
    rows[0].set_title(
        "↓ change of $o_T$ with $x_k$ replaced", loc="right", color=colour("y"), fontsize=11, pad=14
    )
    rows[-1].spines.bottom.set_visible(True)
    rows[-1].tick_params(bottom=True)
    rows[-1].set(xlabel="$k$", xlim=(0, len(codes) + 1))


def draw_net(axes, state, codes, reading, top, most):
    """Draw one net's bars, faint where neither X nor Y stands; a dot where replacing flips the answer."""
    share = state["scale"] == "share"
    up = lambda size: size if share else np.log(np.maximum(size, FLOOR) / FLOOR) / math.log(top / FLOOR)
    most = np.abs(reading.changes).max() or 1.0 if share else most
    steps, heights = np.arange(1, len(codes) + 1), up(shown_sizes(state, reading))
    down = -DEPTH * np.abs(reading.changes) / most
    matters = np.isin(steps, relevant(codes))
    for values, tone in ((heights, "grad"), (down, "y")):
        for chosen, alpha in ((matters, 1.0), (~matters, 0.5)):
            axes.bar(steps[chosen], values[chosen], width=0.7, color=colour(tone), alpha=alpha)
    axes.plot(steps[reading.flips], down[reading.flips], "o", ms=4, color=colour("y"))
    axes.axhline(0, color=colour("axis"), lw=0.7)
    ticks = {"0.5": 0.5, "1": 1.0} if share else {"10⁻⁴": 1e-4, "10⁻²": 1e-2, "1": 1.0}
    places, names = [*map(up, ticks.values()), -DEPTH], [*ticks, "1" if share else exactly(most, 2)]
    axes.set_yticks(places, names, fontsize=9)
    axes.set(ylim=(-1.15 * DEPTH, 1.0))
    axes.spines.bottom.set_visible(False)
    axes.tick_params(bottom=False)
    axes.set_ylabel(NAMES[reading.cell], fontsize=11)
    judged = f"{exactly(100 * reading.accuracy, 4)} % right; here {spelled(reading.answer)}"
    axes.annotate(judged, (0.88, 0.06), xycoords="axes fraction", ha="right", fontsize=9)


# ---- The explorer ----


class Connectivity(Explorer):
    """*Which inputs does this output depend on?* Gradients of a trained net's answer, and what replacing does.

    Three nets trained on temporal order (`runs/order_nets.py`) read the sequence that `seed` draws; `cell` "gru",
    "lstm" or "rnn" is the one that the sentence is about. At step `k` (1 to 55, held to the sequence's length) stands
    `symbol`, "keep" for the one drawn; `swap=True` swaps the two relevant symbols. `logit` "own" reads the one of each
    net's own answer, "XX", "XY", "YX", "YY" that of a class; `scale` "absolute" or "share" is how bars are drawn.
    ValueError for anything else. `reading` has what that net makes of it: `logits`, `gradient` (T, 8), `sizes` its
    norms (T,), and with each symbol replaced in turn (X ↔ Y, a → b → c → d → a) `changes` of the logit and `flips`.

    >>> explorer = Connectivity.landmark("relevant")
    >>> explorer.reading.gradient.shape[1], int(explorer.reading.flips.sum())
    (8, 2)
    """

    spec = SPEC
    goal_rules = {"flips-with-small-gradient": flips_with_small_gradient}
    cell, k, symbol, seed, swap, logit, scale = traits(SPEC)
    _run = traitlets.Dict().tag(sync=True)

    @traitlets.default("_run")
    def _pack_run(self):
        return runs.packed(SPEC["run"])

    @property
    def text(self):
        """The sequence as it is read, "EbcXa…B"."""
        return "".join(SYMBOLS[code] for code in edited(self.settings)[1])

    @property
    def readings(self):
        """{cell: Reading} of all three nets."""
        return {cell: read(self.settings, cell) for cell in NAMES}

    @property
    def reading(self):
        """The Reading of the net that the sentence is about."""
        return read(self.settings, self.cell)

    @property
    def net(self):
        """That net, a stack of cell and Readout: a copy, to be changed at will."""
        return make_net(self.cell)

    @property
    def trace(self):
        """rnnlib's Trace of that net's cell reading the sequence: h has shape (T+1, 1, H)."""
        return trained(self.cell)[0].forward(one_hot([edited(self.settings)[1]])).layers[0]

    @property
    def grads(self):
        """rnnlib's Grads of the chosen logit at T: grads.x has shape (T, 1, 8)."""
        return gradients(trained(self.cell)[0], edited(self.settings)[1], self.reading.chosen)

    @property
    def sentence(self):
        """What is to be seen now, and what it means: also the picture's alt text."""
        return describe(self.settings, self.readings)

    def draw(self, figure):
        """Draw for each net the gradients upward, on a logarithmic scale, and what replacing does downward."""
        figure.set_size_inches(5.0, 5.0)
        draw_nets(figure, self.settings, self.readings)
