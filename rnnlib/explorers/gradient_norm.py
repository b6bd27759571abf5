"""How much of the loss at T still reaches step t? ‖∂L/∂h_t‖ over time, and what bounds it.

The rules here are `js/gradient-norm-model.js`'s, with rnnlib for the numbers; a test holds them equal. The loss at step
t is L_t = h_t · v with a fixed v of length 1, so that ‖∂L_t/∂h_t‖ = 1.
"""

import math
from dataclasses import dataclass

import numpy as np

import rnnlib
from rnnlib.cells.activations import PHI_PRIME
from rnnlib.explorers.base import Explorer, traits
from rnnlib.explorers.linear import MAX_SLOPE
from rnnlib.explorers.palette import colour
from rnnlib.explorers.seeded import Generator, filled, ordered_dot, orthogonal, recurrent_weights
from rnnlib.explorers.specs import read_spec
from rnnlib.explorers.text import digits, exactly, subscript

SPEC = read_spec("gradient-norm")
D = SPEC["inputs"]

EXACT = 1e-9  # what counts as equal to 1
FLAT = 0.01  # a norm that stays this near to where it began
TENFOLD = 10  # what counts as grown, and its inverse as vanished
SENSITIVE = 1e8  # growth from which rounding shows in what is printed


# ---- The network ----


def network(state):
    """Return the RNN with the state's weights: W_xh is drawn first, then W_hh; b_h is 0."""
    generator, H = Generator(state["seed"]), state["units"]
    cell = rnnlib.RNN(D, H, activation=state["activation"], rng=0)
    cell.params["W_xh"][...] = filled(generator, D, H, "uniform", math.sqrt(6.0 / (D + H)))
    if state["init"] == "schur":
        cell.params["W_hh"][...] = schur_weights(generator, H, state["g"], state["s"])
    else:
        cell.params["W_hh"][...] = recurrent_weights(generator, H, state["init"], state["g"])
    return cell


def schur_weights(generator, H, g, s):
    """Return Q (g I + s N) Qᵀ with N of ones just above the diagonal: all eigenvalues are g, s moves s_max alone.

    The sums run in JavaScript's order, so that both languages have the same bits.
    """
    Q = orthogonal(generator, H)
    along = Q * g
    along[:, 1:] += Q[:, :-1] * s
    W = np.zeros((H, H))
    for k in range(H):
        W += along[:, k : k + 1] * Q[:, k]
    return W


def spectral_radius(state, W):
    """ρ of W_hh: g by construction, or from the eigenvalues where weights are drawn one by one."""
    drawn = state["init"] in ("uniform", "normal")
    return float(np.abs(np.linalg.eigvals(W)).max()) if drawn else float(state["g"])


def inputs(state):
    """Return x (T, 1, D): normals times `scale`, drawn by the next seed."""
    normals = Generator(state["seed"] + 1).normals(state["T"] * D)
    return (state["scale"] * normals).reshape(state["T"], 1, D)


def direction(state):
    """Return v (H,): normals scaled to length 1, drawn by the seed after that."""
    v = Generator(state["seed"] + 2).normals(state["units"])
    return v / math.sqrt(ordered_dot(v[None], v)[0])


# ---- From the loss back ----


@dataclass
class Course:
    """What the gradient does on its way back from the loss at step `tau`; norms are (T+1,), for t = 0 … T."""

    trace: object
    grads: object  # of the whole loss
    tau: int
    total: np.ndarray
    single: np.ndarray  # of L_τ alone
    rho: float
    s_max: float
    slopes: np.ndarray  # (T,), the mean of φ′(a_t)
    norm: float  # of all weights' gradient

    @property
    def peak(self):
        """The t from 0 to τ at which L_τ's part is largest; the latest where there are several."""
        return int(self.tau - self.single[self.tau :: -1].argmax())

    @property
    def most(self):
        """L_τ's part at its largest."""
        return float(self.single[self.peak])

    @property
    def end(self):
        """L_τ's part at h_0."""
        return float(self.single[0])

    @property
    def kind(self):
        """ "flat", "transient", "grows", "vanishes" or "holds"."""
        start = self.single[self.tau]
        if self.most <= start * (1 + FLAT) and self.single[: self.tau + 1].min() >= start * (1 - FLAT):
            return "flat"
        if self.most > 2 * start and self.end < self.most / TENFOLD:
            return "transient"
        if self.end >= TENFOLD * start:
            return "grows"
        return "vanishes" if self.end <= start / TENFOLD else "holds"


def follow(state):
    """Return the state's Course."""
    cell, T = network(state), state["T"]
    trace = cell.forward(inputs(state))
    tau = min(state["at"], T) if state["loss"] == "one" else T
    at_tau = np.arange(1, T + 1) == tau
    one = cell.backward(trace, loss_at(state, at_tau))
    every = state["loss"] == "every"
    grads = cell.backward(trace, loss_at(state, np.ones(T, bool))) if every else one
    W = trace.params["W_hh"]
    return Course(
        trace, grads, tau, norms(grads), norms(one), spectral_radius(state, W), float(np.linalg.norm(W, 2)),
        PHI_PRIME[cell.activation](trace.a, trace.h[1:]).mean(axis=(1, 2)),
        math.sqrt(sum(float((array**2).sum()) for array in grads.params.values())),
    )  # fmt: skip


def loss_at(state, has):
    """Return dh (T, 1, H): v where `has` (T,) says that there is a loss."""
    return has[:, None, None] * direction(state)


def norms(grads):
    """Return ‖∂L/∂h_t‖ for t = 0 … T."""
    return np.linalg.norm(grads.h[:, 0], axis=1)


def itemised(state):
    """Return ‖∂L_τ/∂h_t‖ as (T, T+1), row τ − 1 and column t; 0 where t > τ.

    The T losses stand side by side in one batch.
    """
    cell, T = network(state), state["T"]
    trace = cell.forward(np.repeat(inputs(state), T, axis=1))
    grads = cell.backward(trace, np.eye(T)[:, :, None] * direction(state))
    return np.linalg.norm(grads.h, axis=2).T


# ---- The sentence ----


def describe(state, course):
    """Return what is to be seen, and what it means."""
    parts = [
        way(state, course),
        reason(state, course),
        clipping(state, course),
        trust(state, course),
    ]
    return f"{'. '.join(part for part in parts if part)}."


def way(state, course):
    one = subscript(course.tau)
    start, last = f"1 at h{one}", f"{exactly(course.end)} at h₀"
    peak = f"{exactly(course.most)} at h{subscript(course.peak)}"
    goes = {
        "flat": f"stays {exactly(course.single[course.tau])} from h{one} back to h₀: flat",
        "transient": f"grows from {start} to {peak}, then shrinks to {last}",
        "grows": f"grows from {start} to {last}: it explodes",
        "vanishes": f"shrinks from {start} to {last}: it vanishes",
        "holds": f"goes from {start} to {last}: much of it arrives",
    }[course.kind]
    if state["loss"] != "every":
        return f"The gradient {goes}"
    fed = ", fed by the losses near by" if course.kind == "vanishes" else ""
    return f"The total is {exactly(course.total[0])} at h₀{fed}; the part of L{one} {goes}"


def reason(state, course):
    rho, s_max, steep = course.rho, course.s_max, MAX_SLOPE[state["activation"]]
    if steep * s_max < 1 - EXACT:
        least = (
            f"φ′ ≤ {digits(steep)} and sₘₐₓ = {digits(s_max)}" if steep < 1 else f"sₘₐₓ = {digits(s_max)} < 1"
        )
        return f"{least}: no step back multiplies it by more than {digits(steep * s_max)}"
    slope = digits(course.slopes.mean(), 2, 0)
    takes = "" if state["activation"] == "identity" else f"; φ′, {slope} on average, takes from it"
    if abs(s_max - 1) < EXACT and abs(rho - 1) < EXACT:
        return f"Every singular value of W is 1, so W turns it and keeps its length{takes}"
    if rho < 1 - EXACT:
        return f"ρ = {digits(rho)} < 1, but sₘₐₓ = {digits(s_max)} leaves it room to grow{takes}"
    return f"ρ = {digits(rho)} and sₘₐₓ = {digits(s_max)} leave it room to grow{takes}"


def clipping(state, course):
    bound = digits(state["max_norm"])
    if course.norm <= state["max_norm"]:
        return f"‖∂L/∂W‖ = {exactly(course.norm)} is within {bound}, so clipping leaves it"
    return f"Clipping shortens ‖∂L/∂W‖ from {exactly(course.norm)} to {bound}, and the line stays as it is"


def trust(state, course):
    sensitive = state["activation"] != "identity" and course.most > SENSITIVE
    return "So much growth lets rounding decide the digits" if sensitive else ""


# ---- Goals ----


def grows_below_one(state):
    course = follow(state)
    if course.rho > 1 - EXACT:
        return False, f"ρ = {digits(course.rho)} is not below 1."
    words = f"with ρ = {digits(course.rho)} it grows to {exactly(course.most)} at most."
    return course.most >= TENFOLD, words


def vanishes_above_one(state):
    course = follow(state)
    if course.rho < 1.2 - EXACT:
        return False, f"ρ = {digits(course.rho)} is below 1.2."
    return course.end < 1e-3, f"with ρ = {digits(course.rho)}, {exactly(course.end)} arrives at h₀."


# ---- The explorer ----


class GradientNorm(Explorer):
    """*How much of the loss at T still reaches step t?* ‖∂L/∂h_t‖ of an RNN over time, on a logarithmic axis.

    W_hh is Q (g I + s N) Qᵀ, N ones just above the diagonal: `g` (0 to 2) is its spectral radius ρ, `s` (0 to 2) raises
    its largest singular value alone; or, by `init`, g times "orthogonal", "identity", "uniform", "normal" as in
    rnnlib.inits. `loss` is "last", "every" or "one", at step `at`; each L_t = h_t · v with v of length 1. `T` 5 to
    100 steps, `units` 2 to 32, inputs of size `scale` 0 to 5, `activation`, `seed`; `max_norm` 0.1 to 10 clips the
    weights' gradient. ValueError for anything else.

    >>> explorer = GradientNorm.landmark("flat")
    >>> explorer.norms.shape, bool(abs(explorer.norms - 1).max() < 1e-10)
    ((51,), True)
    """

    spec = SPEC
    goal_rules = {"grows-below-one": grows_below_one, "vanishes-above-one": vanishes_above_one}
    g, s, loss, at, activation, init, T, units, scale, max_norm, seed = traits(SPEC)

    @property
    def course(self):
        """The Course of now."""
        return follow(self.settings)

    @property
    def trace(self):
        """rnnlib's Trace: h has shape (T+1, 1, H)."""
        return self.course.trace

    @property
    def grads(self):
        """rnnlib's Grads of the loss: grads.h[t] is ∂L/∂h_t, of shape (1, H)."""
        return self.course.grads

    @property
    def norms(self):
        """‖∂L/∂h_t‖ for t = 0 … T: (T+1,)."""
        return self.course.total

    @property
    def itemised(self):
        """‖∂L_τ/∂h_t‖ of every loss at every step: (T, T+1), row τ − 1, column t; 0 where t > τ."""
        return itemised(self.settings)

    @property
    def sentence(self):
        """What is to be seen now, and what it means: also the picture's alt text."""
        return describe(self.settings, self.course)

    def draw(self, figure):
        """Draw the norms, their bounds and the weights' gradient into a matplotlib figure."""
        state, course = self.settings, self.course
        figure.set_size_inches(5.0, 2.9)
        line, bars = figure.subplots(1, 2, sharey=True, width_ratios=(5, 1.5))
        draw_bounds(line, state, course)
        draw_norms(line, state, course)
        draw_bars(bars, state, course)


def draw_norms(axes, state, course):
    times = np.arange(state["T"] + 1)
    if state["loss"] == "every":
        axes.plot(times, shown(course.single), color=colour("grad"), lw=1.2, ls=":")
    axes.plot(times, shown(course.total), color=colour("grad"), lw=2)
    axes.set(yscale="log", ylim=(1e-12, 1e6), yticks=[1e-12, 1e-9, 1e-6, 1e-3, 1, 1e3, 1e6])
    axes.minorticks_off()
    axes.set(xlabel="$t$", xlim=(0, state["T"]))
    axes.set_title("$‖∂L/∂h_t‖$", loc="left", color=colour("grad"))
    axes.locator_params(axis="x", nbins=5, integer=True)


def shown(values):
    return np.where(values > 0, values, np.nan)  # 0 has no place on a logarithmic axis


def draw_bounds(axes, state, course):
    """(max φ′ · ρ)^lag dotted and (max φ′ · s_max)^lag dashed, back from the step of the loss."""
    times, steep = np.arange(course.tau + 1), MAX_SLOPE[state["activation"]]
    fraction = "/4" if steep < 1 else ""
    bounds = [(course.s_max, "--", r"s_\max"), (course.rho, ":", r"\rho")]
    if abs(course.s_max - course.rho) < EXACT:
        bounds = [(course.s_max, "--", r"s_\max")]
    for size, style, name in bounds:
        values = shown((steep * size) ** (course.tau - times))
        axes.plot(times, values, color=colour("ink"), lw=1, ls=style)
        inside = np.flatnonzero((values >= 1e-12) & (values <= 1e6))
        if len(inside):
            at, up = inside[int(0.3 * len(inside))], 4 if steep * size >= 1 else -4
            power = f"${'(' * bool(fraction)}{name}{fraction}{')' * bool(fraction)}^{{T-t}}$"
            axes.annotate(power, (at, values[at]), (6, up), textcoords="offset points",
                          va="bottom" if up > 0 else "top", size=10)  # fmt: skip


def draw_bars(axes, state, course):
    bottom = 1e-12
    heights = np.clip([course.norm, min(course.norm, state["max_norm"])], bottom, 1e6) - bottom
    axes.bar([0, 1], heights, bottom=bottom, width=0.5, color=[colour("grad"), colour("grad_c")])
    axes.axhline(state["max_norm"], color=colour("ink"), lw=0.8, ls="--")
    axes.set(xticks=[0, 1], xlim=(-0.55, 1.55))
    axes.set_xticklabels(["before", "clipped"], size=8)
    axes.tick_params(axis="both", length=0)
    axes.spines.left.set_visible(False)
    axes.set_title(r"$‖∂L/∂W‖$", color=colour("grad"))
    axes.tick_params(labelleft=False)
