"""How much of the loss at T still reaches step t? ‖∂L/∂h_t‖ over time, and what bounds it.

The rules here are `js/gradient-norm-model.js`'s, with rnnlib for the numbers; a test holds them equal. The loss at step
t is L_t = h_t · v with a fixed v of length 1, so that ‖∂L_t/∂h_t‖ = 1. In an LSTM or GRU each gate has a W of its own,
made in the same way; an LSTM's gradient is followed at h_t and, where it remembers, at c_t.
"""

import math
from dataclasses import dataclass

import numpy as np

from rnnlib.cells.activations import PHI_PRIME
from rnnlib.explorers import gated
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
    """Return the state's cell: W_xh is drawn first, then W_hh, both gate by gate; b_h is 0 but for the forget bias."""
    generator, H, cell = Generator(state["seed"]), state["units"], state["cell"]
    gates = gated.BLOCKS[cell] or "h"
    W_xh = np.hstack([filled(generator, D, H, "uniform", math.sqrt(6.0 / (D + H))) for _ in gates])
    W_hh = np.hstack([recurrent(state, generator) for _ in gates])
    params = {"W_xh": W_xh, "W_hh": W_hh, "b_h": np.zeros(len(gates) * H)}
    if cell == "lstm":
        params["b_h"][H : 2 * H] = state["forget_bias"]
    elif cell == "gru":
        params["b_hn"] = np.zeros(H)
    return gated.make_cell(cell, params, state["activation"])


def recurrent(state, generator):
    """Return the W_hh (H, H) of an RNN, or of one gate."""
    if state["init"] == "schur":
        return schur_weights(generator, state["units"], state["g"], state["s"])
    return recurrent_weights(generator, state["units"], state["init"], state["g"])


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
    """What the gradient does on its way back from the loss at step `tau`; norms are (T+1,), for t = 0 … T.

    `total` and `single` are of the whole loss and of L_τ alone, at h_t; an LSTM's have `total_c` and `single_c` too.
    `direct` is what of L_τ comes along the direct path, through the gates f or z alone; `keeps` (T,), their means. An
    RNN has `rho`, `s_max` and `slopes` (T,), the means of φ′(a_t), instead.
    """

    trace: object
    grads: object  # of the whole loss
    tau: int
    total: np.ndarray
    single: np.ndarray
    norm: float  # of all weights' gradient
    total_c: np.ndarray = None
    single_c: np.ndarray = None
    direct: np.ndarray = None
    keeps: np.ndarray = None
    rho: float = None
    s_max: float = None
    slopes: np.ndarray = None

    @property
    def memory(self):
        """ "c" for an LSTM, else "h": where the gradient is followed in words."""
        return "h" if self.single_c is None else "c"

    @property
    def led(self):
        """L_τ's part there."""
        return self.single if self.single_c is None else self.single_c

    @property
    def peak(self):
        """The t from 0 to τ at which L_τ's part is largest; the latest where there are several."""
        return int(self.tau - self.led[self.tau :: -1].argmax())

    @property
    def most(self):
        """L_τ's part at its largest."""
        return float(self.led[self.peak])

    @property
    def end(self):
        """L_τ's part at the start, t = 0."""
        return float(self.led[0])

    @property
    def kind(self):
        """ "flat", "transient", "grows", "vanishes" or "holds"."""
        start = self.led[self.tau]
        if self.most <= start * (1 + FLAT) and self.led[: self.tau + 1].min() >= start * (1 - FLAT):
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
    norm = math.sqrt(sum(float((array**2).sum()) for array in grads.params.values()))
    own = rnn_sizes(state, trace) if state["cell"] == "rnn" else gated_sizes(state, trace, grads, one, tau)
    return Course(trace, grads, tau, norms(grads.h), norms(one.h), norm, **own)


def rnn_sizes(state, trace):
    """What bounds an RNN's gradient: ρ and s_max of W_hh, and the mean φ′ of each step."""
    W, prime = trace.params["W_hh"], PHI_PRIME[state["activation"]]
    return {
        "rho": spectral_radius(state, W),
        "s_max": float(np.linalg.norm(W, 2)),
        "slopes": prime(trace.a, trace.h[1:]).mean(axis=(1, 2)),
    }


def gated_sizes(state, trace, grads, one, tau):
    """What f or z carries of L_τ's gradient on the direct path, their means, and an LSTM's norms at c_t."""
    is_lstm = state["cell"] == "lstm"
    memory, keeps = (one.c, trace.gates["f"]) if is_lstm else (one.h, trace.gates["z"])
    direct = np.zeros_like(memory)
    direct[tau] = memory[tau]
    for t in range(tau, 0, -1):
        direct[t - 1] = direct[t] * keeps[t - 1]
    own = {"direct": norms(direct), "keeps": keeps.mean(axis=(1, 2))}
    return own | ({"total_c": norms(grads.c), "single_c": norms(one.c)} if is_lstm else {})


def loss_at(state, has):
    """Return dh (T, 1, H): v where `has` (T,) says that there is a loss."""
    return has[:, None, None] * direction(state)


def norms(deltas):
    """Return the norms of ∂L/∂h_t or ∂L/∂c_t, (T+1, 1, H), for t = 0 … T."""
    return np.linalg.norm(deltas[:, 0], axis=1)


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
    name, one = course.memory, subscript(course.tau)
    at = f"{name}{one}"
    start, last = f"{exactly(course.led[course.tau])} at {at}", f"{exactly(course.end)} at {name}₀"
    peak = f"{exactly(course.most)} at {name}{subscript(course.peak)}"
    goes = {
        "flat": f"stays {exactly(course.led[course.tau])} from {at} back to {name}₀: flat",
        "transient": f"grows from {start} to {peak}, then shrinks to {last}",
        "grows": f"grows from {start} to {last}: it explodes",
        "vanishes": f"shrinks from {start} to {last}: it vanishes",
        "holds": f"goes from {start} to {last}: much of it arrives",
    }[course.kind]
    if state["loss"] != "every":
        return f"The gradient {goes}"
    total = course.total if course.total_c is None else course.total_c
    fed = ", fed by the losses near by" if course.kind == "vanishes" else ""
    return f"The total is {exactly(total[0])} at {name}₀{fed}; the part of L{one} {goes}"


def reason(state, course):
    return bounded(state, course) if state["cell"] == "rnn" else gates_carry(state, course)


def gates_carry(state, course):
    gate = "f" if state["cell"] == "lstm" else "z"
    mean, name = digits(course.keeps[: course.tau].mean()), course.memory
    direct = f"{gate} lets through {mean} on average, and the direct path alone, ∏{gate}, brings"
    at_h = f". At h₀ it is {exactly(course.single[0])}" if name == "c" else ""
    return f"{direct} {exactly(course.direct[0])} to {name}₀{at_h}"


def bounded(state, course):
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
    sensitive = not is_linear(state) and course.most > SENSITIVE
    return "So much growth lets rounding decide the digits" if sensitive else ""


def is_linear(state):
    return state["cell"] == "rnn" and state["activation"] == "identity"


# ---- Goals ----


def grows_below_one(state):
    course = follow(state)
    if course.rho is None:
        return False, "the cell is not the RNN."
    if course.rho > 1 - EXACT:
        return False, f"ρ = {digits(course.rho)} is not below 1."
    words = f"with ρ = {digits(course.rho)} it grows to {exactly(course.most)} at most."
    return course.most >= TENFOLD, words


def vanishes_above_one(state):
    course = follow(state)
    if course.rho is None:
        return False, "the cell is not the RNN."
    if course.rho < 1.2 - EXACT:
        return False, f"ρ = {digits(course.rho)} is below 1.2."
    return course.end < 1e-3, f"with ρ = {digits(course.rho)}, {exactly(course.end)} arrives at h₀."


# ---- The explorer ----


class GradientNorm(Explorer):
    """*How much of the loss at T still reaches step t?* ‖∂L/∂h_t‖ over time, in an LSTM ‖∂L/∂c_t‖ too; a log axis.

    W_hh is Q (g I + s N) Qᵀ, N ones just above the diagonal: `g` (0 to 2) is its spectral radius ρ, `s` (0 to 2) raises
    its largest singular value alone; or, by `init`, g times "orthogonal", "identity", "uniform", "normal" as in
    rnnlib.inits. `loss` is "last", "every" or "one", at step `at`; each L_t = h_t · v with v of length 1. `T` 5 to
    100 steps, `units` 2 to 32, inputs of size `scale` 0 to 5, `activation`, `seed`; `max_norm` 0.1 to 10 clips the
    weights' gradient. `cell` is "rnn", "lstm" with its `forget_bias` (−2 to 10), or "gru": each gate's W_hh is made
    like the RNN's. ValueError for anything else.

    >>> explorer = GradientNorm.landmark("flat")
    >>> explorer.norms.shape, bool(abs(explorer.norms - 1).max() < 1e-10)
    ((51,), True)
    """

    spec = SPEC
    goal_rules = {"grows-below-one": grows_below_one, "vanishes-above-one": vanishes_above_one}
    g, s, cell, forget_bias, loss, at, activation, init, T, units, scale, max_norm, seed = traits(SPEC)

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
    def norms_c(self):
        """‖∂L/∂c_t‖ of an LSTM for t = 0 … T: (T+1,). ValueError for a cell that has no c."""
        if self.cell != "lstm":
            raise ValueError(f"cell is {self.cell!r}; expected 'lstm', which alone has a cell state c")
        return self.course.total_c

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
        (draw_bounds if state["cell"] == "rnn" else draw_direct)(line, state, course)
        draw_norms(line, state, course)
        draw_bars(bars, state, course)


def draw_norms(axes, state, course):
    times = np.arange(state["T"] + 1)
    curves = [(course.total, course.single, "grad", "h")]
    if course.total_c is not None:
        curves.append((course.total_c, course.single_c, "grad_c", "c"))
    for k, (total, single, tone, name) in enumerate(curves):
        if state["loss"] == "every":
            axes.plot(times, shown(single), color=colour(tone), lw=1.2, ls=":")
        axes.plot(times, shown(total), color=colour(tone), lw=2)
        axes.set_title(f"$‖∂L/∂{name}_t‖$", loc=("left", "center")[k], color=colour(tone))
    axes.set(yscale="log", ylim=(1e-12, 1e6), yticks=[1e-12, 1e-9, 1e-6, 1e-3, 1, 1e3, 1e6])
    axes.minorticks_off()
    axes.set(xlabel="$t$", xlim=(0, state["T"]))
    axes.locator_params(axis="x", nbins=5, integer=True)


def draw_direct(axes, state, course):
    """What the direct path alone brings, dashed."""
    gate, times = "f" if state["cell"] == "lstm" else "z", np.arange(course.tau + 1)
    values = shown(course.direct[: course.tau + 1])
    axes.plot(times, values, color=colour(gate), lw=1.2, ls="--")
    inside = np.flatnonzero((values >= 1e-12) & (values <= 1e6))
    if len(inside):
        at = inside[int(0.3 * len(inside))]
        axes.annotate(f"$∏{gate}$", (at, values[at]), (6, -4), textcoords="offset points", va="top",
                      color=colour(gate), size=11)  # fmt: skip


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
