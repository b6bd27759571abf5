"""What does the state hold? An RNN reads a text: its states as a heatmap, its surprise at each next character.

The rules here are `js/hidden-states-model.js`'s, with rnnlib for the numbers; a test holds them equal.
"""

import math
from dataclasses import dataclass

import numpy as np
import traitlets

import rnnlib
from rnnlib.cells.activations import PHI_PRIME
from rnnlib.explorers import palette, runs
from rnnlib.explorers.base import Control, Explorer, refuse
from rnnlib.explorers.palette import colour
from rnnlib.explorers.seeded import Generator, filled, rnn_params
from rnnlib.explorers.specs import read_spec
from rnnlib.explorers.text import digits

SPEC = read_spec("hidden-states")
VOCABULARY = SPEC["vocabulary"]
V = len(VOCABULARY)

NEAR = 0.9  # |h| beyond this counts as near the limit
EVEN = 1.25  # means within this factor count as alike
ALIKE, APART = 0.4, 0.8  # a ratio of distances below ALIKE counts as little, one above APART as nearly all
SENSITIVE = 1e8  # growth of a small change from which rounding shows in what is printed
LONGEST, WIDEST = 1000, 256  # T and H of a Trace that a drawing still shows


# ---- The network and what it makes of the text ----


@dataclass
class Reading:
    """What was read and what came of it: `labels` are the characters, `h` is (T+1, H); no `net` for a given trace."""

    labels: list
    h: np.ndarray
    net: object = None
    trace: object = None  # of the stack
    dropped: tuple = ()
    step: int = None  # of training


def read(state):
    """Return the Reading of the state's text by the state's network."""
    characters = [one for one in state["text"] if one in VOCABULARY]
    dropped = tuple(dict.fromkeys(one for one in state["text"] if one not in VOCABULARY))
    net, step = network(state)
    if not characters:
        return Reading([], np.zeros((1, net.layers[0].hidden_size)), net, None, dropped, step)
    codes = np.array([VOCABULARY.index(one) for one in characters])
    trace = net.forward(rnnlib.data.one_hot(codes, V)[:, None, :])
    return Reading(characters, trace.layers[0].h[:, 0], net, trace, dropped, step)


def network(state):
    """Return (the stack of RNN and Readout with the state's weights, the step of training or None)."""
    if state["mode"] == "run":
        params, activation = runs.params(SPEC["run"], state["checkpoint"]), "tanh"
        step = int(runs.load(SPEC["run"])["steps"][state["checkpoint"]])
    else:
        params, activation, step = live_params(state), state["activation"], None
    H = len(params["b_h"])
    net = rnnlib.stack([rnnlib.RNN(V, H, activation=activation, rng=0), rnnlib.Readout(H, V, rng=0)])
    for key, array in net.params.items():
        array[...] = params[key.partition(".")[2]]
    return net, step


def live_params(state):
    """W_hy is uniform in ±1/√H, as rnnlib.Readout has it, and drawn by the next seed; b_y is 0."""
    H, seed = state["units"], state["seed"]
    W_hy = filled(Generator(seed + 1), H, V, "uniform", 1.0 / math.sqrt(H))
    return {**rnn_params(seed, V, H, state["init"], state["gain"]), "W_hy": W_hy, "b_y": np.zeros(V)}


def losses(reading):
    """Return (L_t for t = 1 … T − 1, ∂L/∂ of the logits (T, 1, V)): the last character has no next."""
    codes = np.array([VOCABULARY.index(one) for one in reading.labels])
    targets = np.append(codes[1:], 0)[:, None]
    mask = (np.arange(len(codes)) < len(codes) - 1)[:, None]
    each, dlogits = rnnlib.softmax_cross_entropy(reading.trace.y, targets, mask=mask, reduction="none")
    return each[:-1, 0], dlogits


def growth(reading):
    """The most that a small change of h_0, alike in all units, has grown on its way, measured against ‖h_t‖."""
    trace = reading.trace.layers[0]
    prime = PHI_PRIME[trace.owner.activation](trace.a, trace.h[1:])[:, 0]
    change, most = np.full(prime.shape[1], 1 / math.sqrt(prime.shape[1])), 0.0
    for slope, h in zip(prime, trace.h[1:, 0]):
        change = (change @ trace.params["W_hh"]) * slope
        most = max(most, np.linalg.norm(change) / max(1.0, np.linalg.norm(h)))
    return float(most)


def near_share(h):
    """The share of all h_t, t = 1 … T, whose size is beyond 0.9."""
    return float((np.abs(h[1:]) > NEAR).mean())


def distance_ratio(h, labels):
    """The mean distance of two states at equal labels over that at different ones; None without such pairs."""
    if not labels:
        return None
    codes = np.array([labels.index(one) for one in labels])
    one, other = np.triu_indices(len(codes), 1)
    distances, same = np.linalg.norm(h[1:][one] - h[1:][other], axis=1), codes[one] == codes[other]
    if not same.any() or not distances[~same].sum() > 0:
        return None
    return float(distances[same].mean() / distances[~same].mean())


def surprise_parts(reading):
    """Mean surprise: of all, of first letters of words, of the rest; None where there are none."""
    each, after = losses(reading)[0], reading.labels
    first = np.array([a == " " and b != " " for a, b in zip(after, after[1:])], dtype=bool)
    return tuple(float(part.mean()) if part.size else None for part in (each, each[first], each[~first]))


# ---- The sentence ----


def describe(state, reading):
    """Return what is to be seen, and what it means."""
    dropped = (
        f"Left out, since the Zen does not have it: {' '.join(reading.dropped)}" if reading.dropped else ""
    )
    if len(reading.h) == 1:
        rest = ["Nothing to read yet: type a text"]
    else:
        rest = [limits(state, reading), holding(state, reading), guessing(state, reading), trust(reading)]
    return f"{'. '.join(part for part in [dropped, *rest] if part)}."


def limits(state, reading):
    mode, step, (T, H) = state["mode"], reading.step, reading.h[1:].shape
    trained = "before training" if step == 0 else f"after {step} steps of training"
    who = f"over {T} steps" if mode == "trace" else "with random weights" if mode == "live" else trained
    near = near_share(reading.h)
    share = f"{H} units {who}: {f'{digits(100 * near, 2)} % of all |h| lie' if near > 0 else 'no |h| lies'} beyond 0.9"
    if mode == "live" and state["activation"] in ("relu", "identity"):
        return f"{share}, and nothing bounds them"
    return share if mode == "trace" or near < 0.5 else f"{share}, pressed against the limit"


KEPT = (
    "the state is little more than a picture of the present",
    "the state holds the character just read and something of what came before",
    "what came before shapes the state as much as the character just read",
)


def holding(state, reading):
    ratio = None if state["mode"] == "run" else distance_ratio(reading.h, reading.labels)
    if ratio is None:
        return ""
    kept = KEPT[0 if ratio < ALIKE else 1 if ratio < APART else 2]
    return f"States at equal characters lie {digits(ratio, 2)} times as far apart as states at different ones: {kept}"


def guessing(state, reading):
    if reading.trace is None or len(reading.labels) < 2:
        return ""
    all_, first, rest = surprise_parts(reading)
    level = f"The mean surprise is {digits(all_)} nats, a blind guess costs ln {V} = {digits(math.log(V))}"
    if state["mode"] == "live":
        return f"{level}: nothing has been learned"
    if all_ > 1.1 * math.log(V):
        return f"{level}: worse than guessing, for this is not what it has learned"
    if all_ > 0.9 * math.log(V):
        return f"{level}: it still guesses"
    if first is None or rest is None:
        return level
    words = f"it is {digits(first)} at first letters of words, {digits(rest)} elsewhere"
    return f"{level}; {words}: {LEFT[outcome(first, rest)]}"


LEFT = (
    "the letters inside words are harder to foresee",
    "where a word begins, most is left open",
    "it is spread evenly",
)


def outcome(first, rest):
    """The option of the prediction that happened: 0 inside words, 1 first letters, 2 all about alike."""
    return 1 if first > EVEN * rest else 0 if rest > EVEN * first else 2


def trust(reading):
    if reading.trace is None or growth(reading) <= SENSITIVE:
        return ""
    return "A change of h₀ grows more than 10⁸-fold, so rounding decides the digits"


# ---- A Trace from elsewhere ----


def given_states(trace, labels, sequence):
    """Return the Reading of one sequence of any rnnlib Trace, its numbers rounded to float32 as the page has them."""
    h = states_of(trace)
    sequence = check_sequence(sequence, h.shape[1])
    lengths = getattr(trace, "lengths", None)
    T = len(h) - 1 if lengths is None else int(lengths[sequence])
    if not 1 <= T <= LONGEST or h.shape[2] > WIDEST:
        have = f"trace has {T} steps of {h.shape[2]} units in sequence {sequence}"
        raise ValueError(f"{have}; expected 1 to {LONGEST} steps and at most {WIDEST} units")
    with np.errstate(over="ignore"):
        h = h[: T + 1, sequence].astype(np.float32)
    if not np.isfinite(h).all():
        raise ValueError(
            f"trace.h overflows at t = {int((~np.isfinite(h)).any(axis=1).argmax())}; expected finite states"
        )
    return Reading(read_labels(labels, T), h.astype(np.float64))


def states_of(trace):
    h = getattr(trace, "h", None)
    if isinstance(h, np.ndarray) and h.ndim == 3:
        return h
    hint = ""
    if isinstance(trace, np.ndarray):
        hint = ": pass the trace, not trace.h"
    elif hasattr(trace, "layers"):
        hint = ": pass one of the stack's, trace.layers[0]"
    raise TypeError(
        f"trace is {type(trace).__name__}; expected a cell's Trace, with h of shape (T+1, B, H){hint}"
    )


def check_sequence(sequence, B):
    expected = f"expected a whole number from 0 to {B - 1}"
    if isinstance(sequence, bool) or not isinstance(sequence, (int, np.integer)):
        raise TypeError(f"sequence is {sequence!r}; {expected}")
    if not 0 <= sequence < B:
        raise ValueError(f"sequence is {sequence}; {expected}")
    return sequence


def read_labels(labels, T):
    if labels is None:
        return []
    labels = list(labels) if isinstance(labels, (str, list, tuple)) else labels
    if not isinstance(labels, list) or not all(isinstance(label, str) for label in labels):
        raise TypeError(
            f"labels is {labels!r}; expected a text or a list of texts, one for each of the T = {T} steps"
        )
    if len(labels) != T:
        raise ValueError(f"labels has {len(labels)} entries; expected T = {T}, one for each step")
    return labels


# ---- The explorer ----


class Typed(str):
    """A text as the page has it: what the vocabulary lacks is left out there as here, and said so."""


class Text(Control):
    """From Python, a text of the Zen's characters alone; from the page, whatever is being typed."""

    def __init__(self, control):
        super().__init__(control)
        self.tag(from_json=lambda value, widget: Typed(value))

    def validate(self, obj, value):
        """Refuse what the control or the vocabulary does not take."""
        value = super().validate(obj, value)
        if isinstance(value, Typed):
            return value
        strange = sorted(set(value) - set(VOCABULARY))
        if strange or not value:
            have = f", which has {', '.join(map(repr, strange))}" if strange else ""
            raise ValueError(
                f"text is {value!r}{have}; expected 1 to {self.control['max']} of the characters {VOCABULARY!r}"
            )
        return value


class Mode(Control):
    """ "live" or "run"; "trace" if and only if the explorer was given one."""

    def validate(self, obj, value):
        """Refuse any other mode."""
        if obj.given is not None:
            return value if value == "trace" else refuse(self.control, value, "'trace': it was given one")
        if value == "trace":
            refuse(self.control, value, "'live' or 'run': for a Trace, pass trace=")
        return super().validate(obj, value)


class HiddenStates(Explorer):
    """*What does the state hold?* The states of an RNN as it reads a text, unit by unit and step by step.

    `mode` "live" draws a network by `seed`: `units` 4 to 32, `init` and `gain` (0 to 4) of W_hh as in rnnlib.inits,
    `activation`; "run" takes one trained on the Zen of Python at `checkpoint` 0 (untrained) to 5. Both read `text`,
    up to 120 of the Zen's characters. Or pass any cell's `trace`, with `labels` for its steps (a text, or a list) and
    the number of the `sequence` in its batch. ValueError or TypeError for anything else.

    >>> explorer = HiddenStates.landmark("trained")
    >>> explorer.trace.h.shape, round(float(explorer.surprise.mean()), 2)
    ((31, 1, 16), 0.17)
    """

    spec = SPEC
    given = None  # the Reading of a trace from elsewhere
    text, gain, checkpoint, mode, units, init, activation, seed = (
        {"text": Text, "mode": Mode}.get(control["name"], Control)(control) for control in SPEC["controls"]
    )
    _run = traitlets.Dict().tag(sync=True)
    _states = traitlets.Dict().tag(sync=True)

    def __init__(self, *, trace=None, labels=None, sequence=None, **settings):
        if trace is None:
            for name, value in (("labels", labels), ("sequence", sequence)):
                if value is not None:
                    raise TypeError(f"{name} is {value!r} without a trace; expected trace= beside it")
            super().__init__(**settings)
            return
        unused = sorted(set(settings) & {control["name"] for control in SPEC["controls"]})
        if unused:
            raise TypeError(f"{', '.join(unused)} beside trace; expected id, labels and sequence alone")
        self.given, self._given_trace = (
            given_states(trace, labels, 0 if sequence is None else sequence),
            trace,
        )
        super().__init__(mode="trace", **settings)

    @traitlets.default("_run")
    def _pack_run(self):
        return {} if self.given else runs.packed(SPEC["run"])

    @traitlets.default("_states")
    def _pack_states(self):
        if self.given is None:
            return {}
        (T, H), h = self.given.h[1:].shape, self.given.h
        return {"T": T, "H": H, "labels": self.given.labels, "float32": h.astype("<f4").tobytes()}

    @property
    def reading(self):
        """The Reading of now."""
        return self.given or read(self.settings)

    @property
    def trace(self):
        """The Trace of the recurrent cell: h has shape (T+1, 1, H). For a trace that was passed, that one."""
        if self.given:
            return self._given_trace
        return self._read_text("trace").trace.layers[0]

    @property
    def net(self):
        """The stack of RNN and Readout."""
        return self._read_text("net").net

    @property
    def surprise(self):
        """L_t = −ln ŷ_t[next character] in nats for t = 1 … T − 1: (T−1,)."""
        return losses(self._read_text("surprise"))[0]

    @property
    def grads(self):
        """The recurrent cell's Grads of L = Σ_t L_t: grads.h[t] is ∂L/∂h_t, of shape (1, H)."""
        reading = self._read_text("grads")
        return reading.net.backward(reading.trace, losses(reading)[1]).layers[0]

    def _read_text(self, what):
        if self.given:
            raise ValueError(
                f"{what} is not known: the explorer shows a trace from elsewhere, without text and readout"
            )
        reading = read(self.settings)
        if reading.trace is None:
            raise ValueError(
                f"{what} needs something to read; expected 1 to 120 of the Zen's characters in text"
            )
        return reading

    @property
    def sentence(self):
        """What is to be seen now, and what it means: also the picture's alt text."""
        return describe(self.settings, self.reading)

    def code(self):
        """Return the line of Python that recreates the explorer."""
        if self.given is None:
            return super().code()
        labels = f", labels={''.join(self.given.labels)!r}" if self.given.labels else ""
        return f"rnnlib.explorers.HiddenStates(trace=trace{labels})"

    def draw(self, figure):
        """Draw the states, and the surprise where it is known, into a matplotlib figure."""
        reading = self.reading
        has_surprise = reading.trace is not None and len(reading.labels) > 1
        figure.set_size_inches(5.0, 3.2 if has_surprise else 2.4)
        rows = figure.subplots(
            2 if has_surprise else 1, sharex=True, squeeze=False, height_ratios=[2.4, 1][: 1 + has_surprise]
        )
        draw_states(figure, rows[0, 0], reading)
        if has_surprise:
            draw_surprise(rows[1, 0], losses(reading)[0])
        rows[-1, 0].set_xlabel("$t$")


def draw_states(figure, axes, reading):
    """Draw the heatmap, units from the top down, with the characters under the columns."""
    T, H = reading.h[1:].shape
    shown = axes.pcolormesh(
        np.arange(T + 1) + 0.5,
        np.arange(H + 1) - 0.5,
        reading.h[1:].T,
        cmap=palette.diverging(),
        vmin=-1,
        vmax=1,
    )
    axes.invert_yaxis()
    axes.set(ylabel="unit", yticks=[0, H - 1])
    bar = figure.colorbar(shown, ax=axes, ticks=[-1, 0, 1], pad=0.02, aspect=12)
    bar.ax.set_yticklabels(["−1", "0", "1"])
    bar.outline.set_visible(False)
    axes.tick_params(bottom=False, labelbottom=T > 40 or not reading.labels)
    if reading.labels and T <= 40:
        for t, label in enumerate(reading.labels, 1):
            axes.annotate(label.strip(), (t, 0), xycoords=("data", "axes fraction"), xytext=(0, -4),
                          textcoords="offset points", ha="center", va="top", fontsize=10)  # fmt: skip


def draw_surprise(axes, each):
    """Draw the surprise at the next character as bars, with the level of a blind guess."""
    axes.bar(np.arange(1, len(each) + 1), np.minimum(each, 6), width=0.7, color=colour("y"))
    axes.axhline(math.log(V), color=colour("ink"), lw=0.9, ls=(0, (4, 3)))
    axes.annotate(f"ln {V}", (1, math.log(V)), xycoords=("axes fraction", "data"), xytext=(4, 0),
                  textcoords="offset points", va="center", fontsize=10)  # fmt: skip
    axes.set(ylim=(0, 6), yticks=[0, 3, 6], ylabel="$L_t$")
