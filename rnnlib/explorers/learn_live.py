"""Which cell learns to remember, and for how long? A tanh RNN, a GRU and an LSTM train on the same batches.

The rules here are `js/learn-live-model.js`'s, with rnnlib for the numbers; a test holds them equal.
"""

from dataclasses import dataclass

import numpy as np
import traitlets

from rnnlib.explorers import runs
from rnnlib.explorers.base import Explorer, traits
from rnnlib.explorers.palette import colour
from rnnlib.explorers.specs import read_spec
from rnnlib.explorers.text import digits
from rnnlib.explorers.trainer import Training

SPEC = read_spec("learn-live")
ROUND = SPEC["round"]
NAMES = {"rnn": "tanh RNN", "gru": "GRU", "lstm": "LSTM"}
CURVES = (("rnn", "h"), ("gru", "h"), ("lstm", "h"), ("lstm", "c"))  # of gradients, as stored
CHANCE = float(np.log(4))  # four classes alike
LEARNED = 0.1  # the loss below which a net has learned the task
SETTINGS = [control["name"] for control in SPEC["controls"] if control["name"] != "steps"]
LOOKS = {"rnn": (0, (1, 1.5)), "gru": (0, (4, 1.8)), "lstm": "solid"}  # dotted, dashed, solid
HUES = {"rnn": "h", "gru": "z", "lstm": "c"}


# ---- Training ----


def start_training(state):
    """Return the Training that a state stands for, before its first step."""
    return Training(
        list(NAMES), T=state["T"], batch=SPEC["batch"], probe=SPEC["probe"], seed=state["seed"], units=state["units"],
        init=SPEC["init"], bias=state["bias"], rate=state["rate"], bound=1.0 if state["clip"] else np.inf,
    )  # fmt: skip


def train_round(training):
    """Take ROUND steps; return the mean loss of each net (3,)."""
    return np.mean([list(training.step().values()) for _ in range(ROUND)], axis=0)


class Trained:
    """A training and what came of it so far: `losses`, the mean losses (3,) of each round."""

    def __init__(self, state):
        self.key, self.training, self.losses = key_of(state), start_training(state), []

    def to(self, rounds):
        """Train on until so many rounds are done."""
        while len(self.losses) < rounds:
            self.losses.append(train_round(self.training))
        return self


def key_of(state):
    """What the nets are trained with: everything but how long."""
    return [state[name] for name in SETTINGS]


# ---- What is known of a state ----


@dataclass
class Result:
    """After all rounds of a state: losses (rounds, 3), bands (3, rounds, 2) or None, `reach` {cell: {"h": (T+1,)}}.

    `measured` is the step after which the gradients were taken: the stored run has them now and then only.
    """

    rounds: int
    losses: np.ndarray
    reach: dict
    measured: int
    bands: np.ndarray
    lag: int

    @property
    def learned(self):
        """The step at which each net's loss was below LEARNED for the first time, or 0: (3,)."""
        below = self.losses < LEARNED
        return [ROUND * (int(column.argmax()) + 1) if column.any() else 0 for column in below.T]

    def left(self, cell, name):
        """What is left, `lag` steps back, of the gradient's norm at the end."""
        norms = self.reach[cell][name]
        return norms[self.lag] / norms[0]


def stored_as(state):
    """Return which of the stored settings the state has, whatever its seed; −1 if none."""
    kept = runs.load(SPEC["run"])["settings"].tolist()
    mine = [float(state[name]) for name in SETTINGS[:-1]]  # the seed stands last
    return kept.index(mine) if mine in kept else -1


def result_of(state, train):
    """Return the Result: from the stored run where that has it, else from `train(state)`, a Trained."""
    rounds, which, run = state["steps"] // ROUND, stored_as(state), runs.load(SPEC["run"])
    bands = None
    if which >= 0:
        seeds = run["losses"][which].astype(float)[:, :, :rounds]  # (seeds, 3, rounds)
        bands = np.stack([seeds.min(axis=0), seeds.max(axis=0)], axis=-1) if rounds else np.empty((3, 0, 2))
    if which >= 0 and state["seed"] == run["seeds"][0] and rounds:
        losses = run["losses"][which, 0, :, :rounds].astype(float).T
        reach, measured = stored_reach(run, which, rounds)
    else:
        trained = train(state)
        losses = np.array(trained.losses[:rounds]).reshape(rounds, 3)
        reach, measured = trained.training.reach(), ROUND * rounds
    return Result(rounds, losses, reach, measured, bands, first_lag(state["T"]))


def stored_reach(run, which, rounds):
    """Return how far gradients reach at the last stored checkpoint so far, and its step."""
    every = run["losses"].shape[-1] // (run["reach"].shape[1] - 1)
    found = {cell: {} for cell in NAMES}
    for (cell, name), powers in zip(CURVES, run["reach"][which, rounds // every].astype(float)):
        found[cell][name] = 10.0**powers
    return found, ROUND * every * (rounds // every)


def first_lag(T):
    """Return the steps from the end back to where the first of the two symbols stands, in the mean."""
    return T - 3 * T // 20


# ---- The sentence ----


def describe(state, result):
    """Return what is to be seen, and what it means."""
    parts = (standing(state, result), verdict(result), reach_words(result))
    return " ".join(part for part in parts if part)


def standing(state, result):
    clipping = "clipped at norm 1" if state["clip"] else "no clipping"
    bias = f"f and z biased by {digits(state['bias'])}"
    means = f"(learning rate {digits(state['rate'])}, {clipping}, {bias}, T = {state['T']})"
    chance = f"chance is ln 4 = {digits(CHANCE)}"
    if not result.rounds:
        return f"Before the first step {means} no net knows an answer; {chance}."
    each = [f"{digits(loss, 3, 0)} for the {name}" for loss, name in zip(result.losses[-1], NAMES.values())]
    return f"After {ROUND * result.rounds} steps {means} the loss is {listed(each)}; {chance}."


def verdict(result):
    if not result.rounds:
        return ""
    pairs = list(zip(NAMES.values(), result.learned))
    have = [f"the {name} at step {step}" for name, step in pairs if step]
    others = [f"the {name}" for name, step in pairs if not step]
    if not have:
        return "None has learned the order."
    rest = f"; not {listed(others, 'or')}" if others else ""
    return f"Below 0.1 for the first time: {listed(have)}{rest}."


def reach_words(result):
    left = lambda cell, name: digits(result.left(cell, name), 2, 0)
    each = [f"{left(cell, 'h')} in the {name}" for cell, name in NAMES.items()]
    when = f"At step {result.measured}, of" if result.measured < ROUND * result.rounds else "Of"
    return (
        f"{when} ‖∂L/∂h‖ at the end there is left, {result.lag} steps back by the first symbol, {listed(each)}, "
        f"which keeps {left('lstm', 'c')} of ‖∂L/∂c‖."
    )


def listed(parts, word="and"):
    """Join words as a sentence does.

    >>> listed(["a", "b", "c"])
    'a, b and c'
    """
    return "".join(parts) if len(parts) < 2 else f"{', '.join(parts[:-1])} {word} {parts[-1]}"


# ---- The explorer ----


class LearnLive(Explorer):
    """*Which cell learns to remember, and for how long?* A tanh RNN, a GRU and an LSTM train on temporal order.

    All three read the same batches of 32 sequences of `T` (20 to 60) symbols or up to a tenth more, and name which of X
    and Y came first and which second (`rnnlib.tasks.temporal_order`); cross-entropy at the last step, Adam at `rate`
    (0.002 to 0.3), the gradient's norm clipped at 1 if `clip`. `units` 4 to 32; `bias` (−2 to 5), what the gates that
    keep start with, f of the LSTM and z of the GRU; `seed` draws weights and batches. `steps` (0 to 300) are taken ten
    at a time.

    In the page training runs live. Here the sentence and the picture of the landmarks come from a stored run, made by
    `python runs/learn_live.py`; `trace`, `grads`, `losses` and the picture of other settings train when asked, some ten
    seconds for 300 steps. ValueError for anything else.

    >>> explorer = LearnLive(T=20, units=4, steps=10)
    >>> explorer.losses["gru"].shape, explorer.trace["lstm"].c.shape
    ((1,), (23, 6, 4))
    """

    spec = SPEC
    T, steps, rate, clip, bias, units, seed = traits(SPEC)
    _run = traitlets.Dict().tag(sync=True)
    _trained = None

    @traitlets.default("_run")
    def _pack_run(self):
        return runs.packed(SPEC["run"])

    def train(self, state=None):
        """Return the Trained of the settings with all their steps taken; goes on from an earlier call where it can."""
        state = self.settings if state is None else state
        rounds, kept = state["steps"] // ROUND, self._trained
        if kept is None or kept.key != key_of(state) or len(kept.losses) > rounds:
            self._trained = Trained(state)
        return self._trained.to(rounds)

    @property
    def nets(self):
        """The trained nets by name, "rnn", "gru", "lstm": each a stack of the cell and its readout."""
        return self.train().training.nets

    @property
    def losses(self):
        """The loss of each net by name, (rounds,): means over the ten batches of each round, before their steps."""
        losses = np.array(self.train().losses).reshape(-1, len(NAMES))
        return dict(zip(NAMES, losses.T))

    @property
    def trace(self):
        """rnnlib's Trace of each cell by name, on six sequences that none is trained on: h has shape (·, 6, H)."""
        return {cell: self.train().training.probed(cell)[0] for cell in NAMES}

    @property
    def grads(self):
        """rnnlib's Grads of each cell by name, on those sequences, of the sum of their losses."""
        return {cell: self.train().training.probed(cell)[1] for cell in NAMES}

    @property
    def result(self):
        """The Result: from the stored run where that has it, else trained."""
        return result_of(self.settings, self.train)

    @property
    def sentence(self):
        """What is to be seen now, and what it means: also the picture's alt text."""
        return describe(self.settings, self.result)

    def draw(self, figure):
        """Draw the losses over the steps, and under them the gradients' norms over time, into a matplotlib figure."""
        figure.set_size_inches(5.0, 5.2)
        top, bottom = figure.subplots(2, 1)
        draw_losses(top, self.result)
        draw_reach(bottom, self.T, self.result)


def draw_losses(axes, result):
    steps = ROUND * np.arange(1, result.rounds + 1)
    for k, (cell, name) in enumerate(NAMES.items()):
        if result.bands is not None:
            axes.fill_between(steps, *result.bands[k].T, color=colour(HUES[cell]), alpha=0.2, lw=0)
        axes.plot(steps, result.losses[:, k], color=colour(HUES[cell]), ls=LOOKS[cell], label=name)
    axes.axhline(CHANCE, color=colour("muted"), lw=0.8)
    most = next(control["max"] for control in SPEC["controls"] if control["name"] == "steps")
    axes.annotate(
        "chance, ln 4", (most, CHANCE), (0, 8), textcoords="offset points", color=colour("muted"), ha="right"
    )
    axes.set(xlim=(0, most), ylim=(0, 2), xlabel="step of training", ylabel="loss")
    axes.legend(loc="center right")


def draw_reach(axes, T, result):
    t = -np.arange(T + 1)
    for cell, name in CURVES:
        hue = colour("grad_c" if name == "c" else "grad")
        label = rf"{NAMES[cell]}, $\partial L/\partial {name}_t$"
        axes.plot(
            t,
            result.reach[cell][name],
            color=hue,
            ls=LOOKS[cell],
            lw=1.0 if name == "c" else 1.6,
            label=label,
        )
    axes.set(yscale="log", ylim=(1e-9, 1e2), xlabel="$t$, counted from the end", ylabel="norm")
    axes.legend(loc="lower right", fontsize=9)
