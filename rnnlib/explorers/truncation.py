"""What does cutting the history cost? The gradient of every window against the whole one.

The rules here are `js/truncation-model.js`'s, with rnnlib for the numbers; a test holds them equal. An RNN reads x_t
and is to say x_{t−d}: L = Σ_t ½ (h_t · v − x_{t−d})², for t > d. Gradients are of the cell's parameters.
"""

import math
from dataclasses import dataclass

import numpy as np

import rnnlib
from rnnlib.cells.activations import PHI_PRIME
from rnnlib.explorers.base import Explorer, traits
from rnnlib.explorers.palette import colour
from rnnlib.explorers.seeded import Generator, rnn_params
from rnnlib.explorers.specs import read_spec
from rnnlib.explorers.text import digits

SPEC = read_spec("truncation")
NAMES = ("W_xh", "W_hh", "b_h")

SENSITIVE = 1e8  # growth from which rounding shows in what is printed
NOTHING = 1e-12  # a relative error below this is rounding


# ---- The net, its inputs, its loss ----


@dataclass
class Task:
    """The cell, its inputs x (T, 1, 1), the readout's direction v (H,), the delay d."""

    cell: object
    x: np.ndarray
    v: np.ndarray
    delay: int

    def loss(self, h):
        """Return (L, dh (T, 1, H)) for the states h_1 … h_T, (T, 1, H)."""
        d, x = self.delay, self.x[:, 0, 0]
        slopes = h[:, 0] @ self.v - np.r_[np.zeros(d), x[: len(x) - d]]
        slopes[:d] = 0.0
        return 0.5 * float(slopes @ slopes), slopes[:, None, None] * self.v


def make_task(state):
    """Return the state's Task."""
    H, seed = state["units"], state["seed"]
    cell = rnnlib.RNN(1, H, rng=0)
    for name, values in rnn_params(seed, 1, H, "orthogonal", state["gain"]).items():
        cell.params[name][...] = values
    x = Generator(seed + 1).normals(state["T"]).reshape(-1, 1, 1)
    return Task(cell, x, Generator(seed + 2).normals(H) / math.sqrt(H), state["delay"])


def flat(grads):
    """Return the gradient of all parameters as one array."""
    return np.concatenate([grads.params[name].ravel() for name in NAMES])


# ---- The gradient of every window ----


def truncated(state, task, trace, dh, k):
    """Return the state's Grads for window k."""
    T = len(task.x)
    if k >= T:
        return task.cell.backward(trace, dh)  # a window of T cuts nothing off
    if state["meaning"] == "reach":
        return rnnlib.truncated(task.cell, trace, dh, reach=k)
    return task.cell.backward(trace, dh, window=k) if state["carry"] else reset_run(task, k)[2]


def reset_run(task, k):
    """Return (L, the Trace, the Grads) of windows of k steps that all start from h = 0, side by side in one batch."""
    T = len(task.x)
    lengths = np.array([min(k, T - start) for start in range(0, T, k)])
    x = np.zeros((k, len(lengths), 1))
    for b, length in enumerate(lengths):
        x[:length, b] = task.x[b * k : b * k + length, 0]
    trace = task.cell.forward(x, lengths=lengths)
    inside = np.arange(k)[:, None] < lengths  # (k, B)
    h = trace.y.transpose(1, 0, 2)[inside.T]  # (T, H), the windows one after another
    loss, dh = task.loss(h[:, None])
    spread = np.zeros((len(lengths), k, h.shape[1]))
    spread[inside.T] = dh[:, 0]
    return loss, trace, task.cell.backward(trace, spread.transpose(1, 0, 2))


def gradients(state, task, trace, dh):
    """Return the flat gradient of every window k = 1 … T: (T, number of parameters)."""
    T = len(task.x)
    if state["meaning"] == "reach":
        by_lag = np.cumsum(lag_gradients(task, trace, dh), axis=0)
        by_lag[-1] = flat(task.cell.backward(trace, dh))
        return by_lag
    return np.array([flat(truncated(state, task, trace, dh, k)) for k in range(1, T + 1)])


def lag_gradients(task, trace, dh):
    """Return what each lag 0 … T − 1 adds to the gradient: all losses walk back together, a lag at a time."""
    prime = PHI_PRIME["tanh"](trace.a, trace.h[1:])[:, 0]
    delta, lags = dh[:, 0], []
    for _ in range(len(dh)):
        da = delta * prime[: len(delta)]  # δ of the loss at t + lag, at step t
        x, h = trace.x[: len(da), 0], trace.h[: len(da), 0]
        lags.append(np.concatenate([(x.T @ da).ravel(), (h.T @ da).ravel(), da.sum(axis=0)]))
        delta = (da @ trace.params["W_hh"].T)[1:]
    return np.array(lags)


def pair_norms(task, trace, dh):
    """Return ‖∂L_τ/∂h_t‖ as (T, T), row τ − 1 and column t − 1; 0 where t > τ."""
    prime = PHI_PRIME["tanh"](trace.a, trace.h[1:])[:, 0]
    T, delta = len(dh), dh[:, 0]
    table = np.zeros((T, T))
    for lag in range(T):
        steps = np.arange(len(delta))
        table[steps + lag, steps] = np.linalg.norm(delta, axis=1)
        delta = ((delta * prime[: len(delta)]) @ trace.params["W_hh"].T)[1:]
    return table


@dataclass
class Cost:
    """What a window of `k` steps costs; `errors` and `cosines` are (T,), for windows 1 … T."""

    k: int
    errors: np.ndarray
    cosines: np.ndarray
    kept: np.ndarray  # (T, T) bools, row τ − 1, column t − 1
    strength: np.ndarray  # (T, T), ‖∂L_τ/∂h_t‖ of the whole history
    loss: float
    reset_loss: float  # None where nothing is reset

    @property
    def error(self):
        """‖g_full − g_trunc‖ / ‖g_full‖."""
        return float(self.errors[self.k - 1])

    @property
    def cosine(self):
        """The cosine of the angle between the two gradients."""
        return float(self.cosines[self.k - 1])


def weigh(state):
    """Return the state's Cost."""
    task = make_task(state)
    trace = task.cell.forward(task.x)
    loss, dh = task.loss(trace.y)
    all_windows = gradients(state, task, trace, dh)
    k = min(state["window"], state["T"])
    resets = state["meaning"] == "cuts" and not state["carry"] and k < state["T"]
    reset_loss = reset_run(task, k)[0] if resets else None
    return Cost(k, *compare(all_windows), kept_pairs(state, k), pair_norms(task, trace, dh), loss, reset_loss)


def compare(all_windows):
    """Return the relative error and the cosine of each row against the last, the whole gradient."""
    full = all_windows[-1]
    apart = np.linalg.norm(all_windows - full, axis=1)
    sizes = np.linalg.norm(all_windows, axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        errors = np.where(apart == 0, 0.0, apart / sizes[-1])
        cosines = np.where(apart == 0, 1.0, all_windows @ full / (sizes * sizes[-1]))
    return errors, cosines


def kept_pairs(state, k):
    """Return which pairs of a loss τ and a step t ≤ τ a window of k keeps: (T, T) bools, row τ − 1, column t − 1."""
    loss, step = np.ogrid[0 : state["T"], 0 : state["T"]]
    reach = np.minimum(k, loss + 1) if state["meaning"] == "reach" else loss % k + 1
    return (step <= loss) & (loss - step < reach)


# ---- The sentence ----


def describe(state, cost):
    """Return what is to be seen, and what it means."""
    parts = [losing(state, cost), meaning(cost), resetting(cost), trust(cost)]
    return f"{'. '.join(part for part in parts if part)}."


def losing(state, cost):
    k, T = cost.k, state["T"]
    if k == T:
        return f"A window of {k} steps holds all T = {T}, and nothing is cut"
    if state["meaning"] == "reach":
        start = f"Each loss reaching {k} {'step' if k == 1 else 'steps'} back keeps"
    else:
        start = f"Cuts at inputs {k}, {2 * k}, … keep" if 2 * k < T else f"A cut at input {k} keeps"
    pairs = f"{cost.kept.sum()} of the {T * (T + 1) // 2} pairs of a loss and an earlier step"
    return f"{start} {pairs}, none of lag {k} or more"


def meaning(cost):
    if cost.error < NOTHING:
        return "The gradient is the whole one: it loses 0"
    off = (
        f"The gradient is off by {digits(cost.error)} of the whole one's length, cosine {digits(cost.cosine)}"
    )
    if cost.error > 1:
        uphill = ", and a small step with it raises L" if cost.cosine < 0 else ""
        return f"{off}: worse than no gradient at all, whose error is 1{uphill}"
    if cost.cosine < 0:
        return f"{off}: a small step with it raises L"
    if cost.error < 0.1:
        return f"{off}: little is lost"
    near = "it still points nearly the same way"
    return f"{off}: {near if cost.cosine > 0.9 else 'much is lost, yet a small step with it lowers L'}"


def resetting(cost):
    if cost.reset_loss is None:
        return ""
    own, whole = digits(cost.reset_loss), digits(cost.loss)
    return f"Resetting the state changes the run itself: L is {own}, and {whole} with the state carried"


def trust(cost):
    if cost.strength.max() <= SENSITIVE:
        return ""
    return "The gradient grows more than 10⁸-fold, so rounding decides the digits"


# ---- Goals ----


def worse_than_nothing(state):
    cost = weigh(state)
    words = f"with k = {cost.k} the relative error is {digits(cost.error)}, the cosine {digits(cost.cosine)}."
    return cost.error > 1, words


def reach_beats_cuts(state):
    cost = weigh(state)
    if state["delay"] < 3:
        return False, f"the delay is {state['delay']}."
    if cost.k > 5:
        return False, f"the window is {cost.k}."
    return cost.error < 0.1, f"with k = {cost.k} the relative error is {digits(cost.error)}."


# ---- The explorer ----


class Truncation(Explorer):
    """*What does cutting the history cost?* The gradient of a truncated history against the whole one.

    `window` is k, 1 to 60 steps (T or more cuts nothing). `meaning` "cuts" lets no gradient across inputs k, 2k, …,
    and with `carry=False` no state either; "reach" lets every loss reach k steps back. The net has `units` 2 to 16, an
    orthogonal W_hh times `gain` 0 to 2, reads `T` 10 to 60 random numbers and is to say those of `delay` 0 to 9 steps
    ago; `seed` draws weights and inputs. ValueError for anything else.

    >>> explorer = Truncation.landmark("whole")
    >>> explorer.cost.error, explorer.grads.params["W_hh"].shape
    (0.0, (8, 8))
    """

    spec = SPEC
    goal_rules = {"worse-than-nothing": worse_than_nothing, "reach-beats-cuts": reach_beats_cuts}
    window, gain, meaning, carry, delay, T, units, seed = traits(SPEC)

    @property
    def cost(self):
        """The Cost of now."""
        return weigh(self.settings)

    @property
    def trace(self):
        """rnnlib's Trace of the run with the state carried: h has shape (T+1, 1, H)."""
        task = make_task(self.settings)
        return task.cell.forward(task.x)

    @property
    def full(self):
        """rnnlib's Grads of the whole history."""
        return self._grads(self.T)

    @property
    def grads(self):
        """rnnlib's Grads with the history cut; where the state is reset, of the windows as one batch."""
        return self._grads(min(self.window, self.T))

    def _grads(self, k):
        task = make_task(self.settings)
        trace = task.cell.forward(task.x)
        return truncated(self.settings, task, trace, task.loss(trace.y)[1], k)

    @property
    def sentence(self):
        """What is to be seen now, and what it means: also the picture's alt text."""
        return describe(self.settings, self.cost)

    def draw(self, figure):
        """Draw the cost of every window, and which pairs of loss and step this one keeps."""
        cost = self.cost
        figure.set_size_inches(5.0, 2.6)
        curves, pairs = figure.subplots(1, 2, width_ratios=(1.25, 1))
        draw_curves(curves, cost)
        draw_pairs(pairs, cost)


def draw_curves(axes, cost):
    windows = np.arange(1, len(cost.errors) + 1)
    for values, tone, name in ((cost.errors, "grad", "error"), (cost.cosines, "h", "cosine")):
        axes.plot(windows, values, color=colour(tone), label=name)
        axes.plot(cost.k, min(3.0, values[cost.k - 1]), "o", color=colour(tone))
    axes.axhline(1, color=colour("ink"), lw=0.8, ls="--")
    axes.axhline(0, color=colour("axis"), lw=0.7)
    axes.axvline(cost.k, color=colour("axis"), lw=0.7, ls=":")
    axes.set(xlabel="window $k$", xlim=(1, len(windows)), ylim=(-1.05, 3.05), yticks=[-1, 0, 1, 2, 3])

    axes.locator_params(axis="x", nbins=4, integer=True)
    for k, (name, tone) in enumerate((("relative error", "grad"), ("cosine", "h"))):
        axes.text(0.03, 1.0 - 0.11 * k, name, color=colour(tone), va="top", size=11,
                  transform=axes.transAxes)  # fmt: skip


def draw_pairs(axes, cost):
    """Rows are losses, columns steps: full colour at a norm of 1, clear at 10⁻⁶; grey what is cut off."""
    from matplotlib.colors import to_rgb

    T = len(cost.errors)
    with np.errstate(divide="ignore"):
        shade = np.clip(1 + np.log10(cost.strength) / 6, 0, 1)
    pixels = np.zeros((T, T, 4))
    pixels[..., :3] = np.where(cost.kept[..., None], to_rgb(colour("grad")), to_rgb(colour("ink")))
    pixels[..., 3] = np.where(cost.kept, shade, 0.45 * shade)
    axes.imshow(pixels, origin="lower", extent=(0.5, T + 0.5, 0.5, T + 0.5), interpolation="nearest")
    axes.set(xlabel="step $t$", ylabel="loss $τ$")
    axes.locator_params(nbins=4, integer=True)
