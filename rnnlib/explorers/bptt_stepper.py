"""Where does each term of ∂L/∂w come from? One unit, six steps, forward and back, summed, and trained.

The rules here are `js/bptt-stepper-model.js`'s, with rnnlib for the numbers; a test holds them equal.
h_t = φ(w h_{t−1} + u x_t + b), L = Σ_t ½ (h_t − y_t)² over the steps that have a loss, δ_t = ∂L/∂h_t in total.
"""

from dataclasses import dataclass

import numpy as np

import rnnlib
from rnnlib.cells.activations import PHI_PRIME
from rnnlib.explorers.base import Explorer, traits
from rnnlib.explorers.palette import colour
from rnnlib.explorers.specs import read_spec
from rnnlib.explorers.text import digits, exactly, subscript

SPEC = read_spec("bptt-stepper")
T = 6
SUMMED = 2 * T + 1  # the last step of the computation
FAR = 1e6  # weights beyond it have run away
EQUAL = 1e-9  # relative: what counts as equal
TENFOLD = 10
NAMES = {"w": "W_hh", "u": "W_xh", "b": "b_h"}


# ---- Forward and back ----


@dataclass
class Pass:
    """One pass forward and back: values at t have index t, (T+1,), 0 at index 0 where they begin at t = 1."""

    trace: object
    grads: object
    loss: float
    adds: np.ndarray  # what the loss at t adds to δ_t
    prime: np.ndarray  # φ′(a_t)

    @property
    def h(self):
        """h_0 … h_T."""
        return self.trace.h[:, 0, 0]

    @property
    def delta(self):
        """δ_0 … δ_T, the total ∂L/∂h_t."""
        return self.grads.h[:, 0, 0]

    @property
    def da(self):
        """∂L/∂a_t."""
        return self.delta * self.prime

    @property
    def arrives(self):
        """What arrives at h_t from step t + 1."""
        return np.append(self.da[1:] * self.trace.params["W_hh"][0, 0], 0.0)

    def terms(self, of):
        """What each use of the parameter adds to its gradient."""
        met = {"w": self.h[:-1], "u": self.trace.x[:, 0, 0], "b": np.ones(T)}[of]
        return np.append(0.0, self.da[1:] * met)

    def gradient(self, of):
        """∂L/∂ of w, u or b."""
        return float(self.grads.params[NAMES[of]].item())


def network(state, weights):
    """Return the one-unit cell with the weights {"w", "u", "b"}."""
    cell = rnnlib.RNN(1, 1, activation=state["activation"], rng=0)
    for name, value in weights.items():
        cell.params[NAMES[name]][...] = value
    return cell


def has_loss(state):
    """Return (T,): at which steps there is a loss."""
    return np.full(T, state["loss"] == "every") | (np.arange(T) == T - 1)


def run(state, weights):
    """Return the Pass with these weights."""
    cell = network(state, weights)
    trace = cell.forward(np.reshape(state["x"], (T, 1, 1)), h0=[[state["h0"]]])
    adds = np.where(has_loss(state), trace.y[:, 0, 0] - state["y"], 0.0)
    prime = PHI_PRIME[state["activation"]](trace.a, trace.h[1:])[:, 0, 0]
    grads = cell.backward(trace, adds.reshape(T, 1, 1))
    return Pass(trace, grads, float(0.5 * adds @ adds), np.append(0.0, adds), np.append(0.0, prime))


@dataclass
class Training:
    """Gradient descent: the weights and L before each step and after the last, and the step that ran away, or 0."""

    path: list
    course: list
    away: int


def train(state):
    """Take `train` steps of gradient descent from w, u, b; stop where the weights run away."""
    path, course = [{name: state[name] for name in NAMES}], []
    for k in range(1, state["train"] + 1):
        made = run(state, path[-1])
        course.append(made.loss)
        moved = {name: value - state["rate"] * made.gradient(name) for name, value in path[-1].items()}
        if not all(abs(value) < FAR for value in moved.values()):
            return Training(path, course, k)
        path.append(moved)
    return Training(path, [*course, run(state, path[-1]).loss], 0)


# ---- The sentence ----


def place(step):
    """Return (the way, the step t whose values have just been found)."""
    if step == 0:
        return "start", 0
    if step <= T:
        return "forward", step
    return ("summed", 1) if step == SUMMED else ("back", SUMMED - step)


def describe(state, made, training):
    """Return what is to be seen, and what it means."""
    way, t = place(state["step"])
    return " ".join(part for part in (WORDS[way](state, made, t), training_words(state, training)) if part)


def start(state, made, t):
    return (
        f"The inputs, the targets and h₀ = {digits(state['h0'])} are given, and nothing is computed yet. "
        "Six steps lead forward, six back, and one sums up."
    )


def forward(state, made, t):
    one, before = subscript(t), subscript(t - 1)
    cost = "Only h₆ has a loss."
    if has_loss(state)[t - 1]:
        target = digits(state["y"][t - 1])
        cost = f"It misses its target {target} and costs L{one} = {exactly(0.5 * made.adds[t] ** 2)}."
    return (
        f"Forward, t = {t}: from h{before} = {exactly(made.h[t - 1])} and x{one} = {digits(state['x'][t - 1])} "
        f"the cell makes h{one} = {exactly(made.h[t])}. {cost}"
    )


def back(state, made, t):
    one, terms = subscript(t), made.terms(state["of"])
    arrives = f"{exactly(made.arrives[t])} arrives from t = {t + 1}"
    nothing = "nothing arrives, for no step comes after"
    return (
        f"Back, t = {t}: the loss adds {exactly(made.adds[t])}, {nothing if t == T else arrives}: "
        f"δ{one} = {exactly(made.delta[t])}. This use of {state['of']} adds {exactly(terms[t])} "
        f"to ∂L/∂{state['of']}, {exactly(running(terms, t))} so far."
    )


def summed(state, made, t):
    of, terms = state["of"], made.terms(state["of"])
    most = largest(terms)
    size = f"; the largest, {exactly(terms[most])}, is that of step {most}" if most else "; all are 0"
    return (
        f"Used six times, {of} gets six terms: ∂L/∂{of} = {exactly(made.gradient(of))}, "
        f"with L = {exactly(made.loss)}{size}. {journey(state, made.delta)}"
    )


WORDS = {"start": start, "forward": forward, "back": back, "summed": summed}


def running(terms, t):
    """Return the sum of the terms from step T back to step t."""
    return sum(terms[: t - 1 : -1].tolist())


def largest(terms):
    """Return the t of the term largest in absolute value, the latest of equal ones; 0 if all are 0."""
    most = 0
    for t in range(T, 0, -1):
        if abs(terms[t]) > (abs(terms[most]) if most else 0.0) * (1 + EQUAL):
            most = t
    return most


def journey(state, delta):
    """Tell how δ fares on its way from h_6 to h_0."""
    first, last = abs(delta[T]), abs(delta[0])
    way = f"δ goes from {exactly(delta[T])} at h₆ to {exactly(delta[0])} at h₀"
    if state["loss"] == "every":
        return f"{way}: on its way each step's own loss joins in."
    if last <= first / TENFOLD:
        return f"{way}: it vanishes, so early uses of the weights hardly count."
    return f"{way}: it explodes." if last >= first * TENFOLD else f"{way}: much of it arrives."


def training_words(state, training):
    if state["train"] == 0:
        return ""
    if training.away:
        return (
            f"Training runs away: at its step {training.away} a weight leaves ±10⁶, for the learning rate "
            f"{digits(state['rate'])} is too large."
        )
    course, done = training.course, len(training.path) - 1
    moved = ", ".join(f"{name} {exactly(value)}" for name, value in training.path[-1].items())
    return (
        f"In {done} {'step' if done == 1 else 'steps'} of training L "
        f"{'falls' if course[-1] <= course[0] else 'rises'} from {exactly(course[0])} to {exactly(course[-1])}; "
        f"the weights are now {moved}."
    )


# ---- Goals ----


def earliest_largest(state):
    if state["loss"] != "last":
        return False, "the loss is at every step."
    if state["h0"] == 0:
        return False, "the term of step 1 is ∂L/∂a₁ h₀, and h₀ is 0."
    terms = run(state, train(state).path[-1]).terms("w")
    others = float(np.abs(terms[2:]).max())
    words = f"step 1 adds {exactly(terms[1])}, and {exactly(others)} is the largest size of the others."
    return bool(abs(terms[1]) > others * (1 + EQUAL)), words


def trained(state):
    training = train(state)
    first, last = training.course[0], training.course[-1]
    if state["train"] == 0:
        return False, f"L is {exactly(first)}, and no step of training is taken."
    if training.away:
        return False, "training runs away."
    return last < first / 100, f"L is {exactly(last)}, and was {exactly(first)}."


# ---- The explorer ----


class BpttStepper(Explorer):
    """*Where does each term of ∂L/∂w come from?* One unit, six steps, forward, back a step at a time, and trained.

    h_t = φ(w h_{t−1} + u x_t + b) and L = Σ_t ½ (h_t − y_t)². `step` 0 to 13 says how much is computed: 1 to 6 forward,
    7 to 12 back from t = 6 to 1, 13 summed. `w` from −3 to 3, `u` and `b` from −2 to 2, the start `h0` from −1.5 to
    1.5, six inputs `x` and targets `y`; `activation` "tanh", "identity", "relu" or "sigmoid"; `loss` "every" or "last";
    `of` "w", "u" or "b", whose terms are shown. `train` (0 to 300) steps of gradient descent with the learning rate
    `rate` (0.01 to 2) are taken from w, u, b first. Goals: "earliest-largest", "trained". ValueError for anything
    else.

    >>> explorer = BpttStepper.landmark("summed")
    >>> bool(abs(explorer.terms.sum() - explorer.grads.params["W_hh"].item()) < 1e-15)
    True
    >>> BpttStepper(train=20).course[-1] < 0.01 * BpttStepper().course[0]
    True
    """

    spec = SPEC
    goal_rules = {"earliest-largest": earliest_largest, "trained": trained}
    step, w, of, loss, activation, u, b, h0, x, y, train, rate = traits(SPEC)

    @property
    def weights(self):
        """{"w", "u", "b"} after the steps of training."""
        return train(self.settings).path[-1]

    @property
    def course(self):
        """L before each step of training and after the last one: a list of train + 1 numbers."""
        return train(self.settings).course

    @property
    def trace(self):
        """rnnlib's Trace with those weights: h has shape (7, 1, 1)."""
        return run(self.settings, self.weights).trace

    @property
    def grads(self):
        """rnnlib's Grads of L: grads.h[t] is δ_t, and grads.params["W_hh"] is ∂L/∂w."""
        return run(self.settings, self.weights).grads

    @property
    def terms(self):
        """What steps 1 … 6 add to ∂L/∂w, or to that of `of`: (6,)."""
        return run(self.settings, self.weights).terms(self.of)[1:]

    @property
    def sentence(self):
        """What is to be seen now, and what it means: also the picture's alt text."""
        training = train(self.settings)
        return describe(self.settings, run(self.settings, training.path[-1]), training)

    def draw(self, figure):
        """Draw the states and targets, δ and the terms, as far as they are computed, into a matplotlib figure."""
        state, training = self.settings, train(self.settings)
        made = run(state, training.path[-1])
        figure.set_size_inches(5.0, 4.2)
        rows = figure.subplots(3, 1, sharex=True)
        draw_states(rows[0], state, made)
        draw_deltas(rows[1], state, made)
        draw_terms(rows[2], state, made)


def known_back(step):
    """Return the times t whose values on the way back are known."""
    return np.arange(max(0, SUMMED - step), T + 1)


def draw_states(axes, state, made):
    times = np.arange(min(state["step"], T) + 1)
    axes.plot(times, made.h[times], "o-", color=colour("h"), ms=5)
    targets = 1 + np.flatnonzero(has_loss(state))
    axes.plot(targets, np.array(state["y"])[targets - 1], "x", color=colour("y"), ms=6)
    axes.plot(np.arange(1, T + 1), state["x"], "s", color=colour("x"), ms=3)
    for value, name, hue in ((made.h[0], "$h_t$", "h"), (state["x"][0], "$x_t$", "x")):
        axes.annotate(name, (0 if hue == "h" else 1, value), (-8, 0), textcoords="offset points",
                      ha="right", va="center", color=colour(hue))  # fmt: skip
    axes.annotate(
        "$y_t$", (T, state["y"][-1]), (8, 0), textcoords="offset points", va="center", color=colour("y")
    )
    axes.set(xlim=(-0.6, T + 0.6))


def draw_deltas(axes, state, made):
    times = known_back(state["step"])
    axes.axhline(0, color=colour("axis"), lw=0.7)
    axes.plot(times, made.delta[times], "o-", color=colour("grad"), ms=5)
    axes.set_ylabel(r"$\delta_t$", color=colour("grad"), rotation=0, labelpad=12)


def draw_terms(axes, state, made):
    times = known_back(state["step"])
    times = times[times > 0]
    terms = made.terms(state["of"])
    axes.axhline(0, color=colour("axis"), lw=0.7)
    axes.bar(times, terms[times], width=0.45, color=colour("grad"))
    axes.set(xlabel="$t$", xticks=np.arange(T + 1))
    axes.set_ylabel(f"terms of\n$∂L/∂{state['of']}$", color=colour("grad"))
