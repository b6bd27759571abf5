"""Would you catch this bug? A gradient check of a small RNN, with a bug planted or not, in float64 and float32.

The same operations in the same order as `js/gradient-check-model.js`, so that even what rounding leaves is equal
bit for bit; a test holds them to it, and the right gradient to rnnlib's. Only + − × ÷ √ are used, on NumPy's floats of
the chosen width. L = Σ_t ½ (o_t − y_t)², o_t = h_t W_hy + b_y, h_t = tanh(x_t W_xh + h_{t−1} W_hh + b_h).
"""

import functools
from dataclasses import dataclass

import numpy as np

import rnnlib
from rnnlib.explorers.base import Explorer, traits
from rnnlib.explorers.palette import colour
from rnnlib.explorers.seeded import Generator, rnn_params
from rnnlib.explorers.specs import read_spec
from rnnlib.explorers.text import digits, superscript

SPEC = read_spec("gradient-check")
D, H = SPEC["inputs"], SPEC["units"]
SHAPES = {"W_xh": (D, H), "W_hh": (H, H), "b_h": (H,), "W_hy": (H, 1), "b_y": (1,)}
DTYPES = {"float64": np.float64, "float32": np.float32}
# ε = 10⁻¹, 3 · 10⁻², 10⁻², …, 10⁻¹²: as text, which both languages read alike.
STEPS = [float(f"3e-{(k + 3) // 2}" if k % 2 else f"1e-{k // 2 + 1}") for k in range(23)]
SIZES = [int(np.prod(shape)) for shape in SHAPES.values()]
PLACES = dict(zip(SHAPES, np.split(np.arange(sum(SIZES)), np.cumsum(SIZES)[:-1])))  # of each parameter in θ


# ---- The network and its loss ----


@dataclass
class Task:
    """All parameters one after another in `theta` (P,), inputs (T, D), targets (T,), h_0 (H,), of one float width."""

    theta: np.ndarray
    x: np.ndarray
    y: np.ndarray
    h0: np.ndarray


def make_task(seed, init, T, dtype=np.float64):
    """Return the seed's Task: weights by rnn_params, all else by the next seed."""
    W = rnn_params(seed, D, H, init)
    generator = Generator(seed + 1)
    h0, W_hy, b_h, x, y = (generator.normals(count) for count in (H, H, H, T * D, T))
    theta = np.concatenate([W["W_xh"].ravel(), W["W_hh"].ravel(), 0.1 * b_h, W_hy, [0.0]])
    return Task(theta.astype(dtype), x.astype(dtype).reshape(T, D), y.astype(dtype), (0.5 * h0).astype(dtype))


def tanh(a):
    """tanh from + − × ÷: a continued fraction (Lambert 1768) at a/8, then tanh 2u = 2 tanh u / (1 + tanh² u) thrice."""
    one = a.dtype.type
    u = a * one(0.125)
    square = u * u
    below = np.full_like(a, 13)
    for odd in (11, 9, 7, 5, 3, 1):
        below = one(odd) + square / below
    t = u / below
    for _ in range(3):
        t = (t + t) / (one(1) + t * t)
    return t


def forward(theta, task):
    """Return h as a list of T+1 lists of H, o_t − y_t as a list, and L, for theta (P, …): the axes behind are cases."""
    W = {name: theta[places] for name, places in PLACES.items()}
    h, errors, loss = [[np.full_like(theta[0], value) for value in task.h0]], [], np.zeros_like(theta[0])
    for x, y in zip(task.x, task.y):
        h.append([tanh(activation(W, x, h[-1], j)) for j in range(H)])
        o = W["b_y"][0]
        for j in range(H):
            o = o + h[-1][j] * W["W_hy"][j]
        errors.append(o - y)
        loss = loss + (theta.dtype.type(0.5) * errors[-1]) * errors[-1]
    return h, errors, loss


def activation(W, x, before, j):
    a = W["b_h"][j]
    for i in range(D):
        a = a + x[i] * W["W_xh"][i * H + j]
    for i in range(H):
        a = a + before[i] * W["W_hh"][i * H + j]
    return a


# ---- The gradient by hand, with a bug or without ----


def gradient(task, bug):
    """Return ∂L/∂θ (P,) by backpropagation through time, with the bug."""
    T, zero = len(task.y), task.theta.dtype.type(0)
    W_hh, W_hy = (task.theta[PLACES[name]] for name in ("W_hh", "W_hy"))
    h, errors, _ = forward(task.theta[:, None], task)
    h = np.array(h)[:, :, 0]
    g = {name: np.zeros_like(task.theta[places]).reshape(SHAPES[name]) for name, places in PLACES.items()}
    dh_next = np.zeros_like(task.h0)
    for t in range(T, 0, -1):
        do = loss_gradient(errors[t - 1][0], t, T, bug)
        g["W_hy"][:, 0] += h[t] * do
        g["b_y"] += do
        dh = W_hy * do + (zero if bug == "no-next" else dh_next)
        da = dh if bug == "slope" else dh * (task.theta.dtype.type(1) - h[t] * h[t])
        g["b_h"] += da
        g["W_xh"] += np.outer(task.x[t - 1], da)
        outer = np.outer(h[t if bug == "shifted" else t - 1], da)
        g["W_hh"] = outer if bug == "not-summed" else g["W_hh"] + outer
        dh_next = back(da, W_hh.reshape(H, H), bug)
    flat = np.concatenate([array.ravel() for array in g.values()])
    return clipped(flat) if bug == "clipped" else flat


def loss_gradient(error, t, T, bug):
    if bug == "last-only" and t < T:
        return error.dtype.type(0)
    return error / error.dtype.type(T) if bug == "averaged" else error


def back(da, W, bug):
    """Return da W_hhᵀ, or, with the bug, da W_hh, summed from the first unit to the last."""
    W = W.T if bug == "transposed" else W
    total = np.zeros_like(da)
    for j in range(H):
        total = total + da[j] * W[:, j]
    return total


def clipped(g):
    square = g.dtype.type(0)
    for value in g:
        square = square + value * value
    norm, bound = np.sqrt(square), g.dtype.type(SPEC["clipTo"])
    return g * (bound / norm) if norm > bound else g


# ---- Differences ----


@functools.lru_cache(maxsize=16)
def differences(seed, init, T, precision):
    """Return (L at θ + ε and at θ − ε, each (steps, P); L at θ) for every ε of STEPS and every number of θ."""
    task = make_task(seed, init, T, DTYPES[precision])
    theta, eps = task.theta, np.array(STEPS, task.theta.dtype)
    P = len(theta)
    moved = np.broadcast_to(theta[:, None, None, None], (P, 2, len(eps), P)).copy()  # θ, side, ε, which moves
    for p in range(P):
        moved[p, 0, :, p], moved[p, 1, :, p] = theta[p] + eps, theta[p] - eps
    above, below = forward(moved, task)[2]
    return above, below, forward(theta[:, None], task)[2][0]


def slopes(state, precision, bug):
    """Return the difference quotients (steps, P)."""
    above, below, here = differences(state["seed"], state["init"], state["T"], precision)
    eps = np.array(STEPS, above.dtype)[:, None]
    if bug == "global":
        return np.zeros_like(above)  # L is the same on both sides
    if state["difference"] == "central":
        return (above - below) / (above.dtype.type(2) * eps)
    return (above - here) / eps


def relative_errors(analytic, numeric):
    """|a − n| / max(|a|, |n|, 10⁻³ · the parameter's largest), (steps, P) in float64."""
    a, n = np.broadcast_arrays(np.float64(analytic), np.float64(numeric))
    larger = np.maximum(np.abs(a), np.abs(n))
    scale = larger.copy()
    for places in PLACES.values():
        scale[:, places] = np.maximum(scale[:, places], 1e-3 * larger[:, places].max(axis=1, keepdims=True))
    return np.where(scale > 0, np.abs(a - n) / np.where(scale > 0, scale, 1), 0.0)


# ---- The check ----


@dataclass
class Check:
    """Everything for one ε and, as curves over STEPS, for all."""

    analytic: np.ndarray  # (P,), by hand, with the bug
    numeric: np.ndarray  # (P,)
    errors: np.ndarray  # (P,)
    right: dict  # precision → the right gradient's largest error for every ε
    wrong: np.ndarray  # that of the gradient with the bug
    correct: float  # the right gradient's at the chosen ε
    best: int  # the power of the ε of whole decades at which the right gradient errs least
    tolerance: float

    @property
    def worst(self):
        """[(parameter, its largest error, where in θ)]."""
        at = {name: int(places[self.errors[places].argmax()]) for name, places in PLACES.items()}
        return [(name, float(self.errors[p]), p) for name, p in at.items()]

    @property
    def largest(self):
        """(parameter, error, where in θ) of the largest error."""
        return max(self.worst, key=lambda one: one[1])


def curve(state, precision, bug):
    """Return (by hand, by differences for every ε, errors) for one precision."""
    analytic = gradient(make_task(state["seed"], state["init"], state["T"], DTYPES[precision]), bug)
    numeric = slopes(state, precision, bug)
    return analytic, numeric, relative_errors(analytic, numeric)


def check(state):
    """Return the state's Check."""
    precision, at = state["precision"], 2 * (state["power"] - 1)
    analytic, numeric, errors = curve(state, precision, state["bug"])
    right = {name: curve(state, name, "none")[2].max(axis=1) for name in DTYPES}
    decades = right[precision][::2]
    return Check(
        analytic, numeric[at], errors[at], right, errors.max(axis=1), float(right[precision][at]),
        int(decades.argmin()) + 1, SPEC["tolerance"][precision],
    )  # fmt: skip


def entry_name(p):
    """Name an index into θ: "W_hh[0, 2]"."""
    name = next(name for name, places in PLACES.items() if p in places)
    at = np.unravel_index(p - PLACES[name][0], SHAPES[name])
    return f"{name}[{', '.join(map(str, at))}]"


# ---- The sentence ----


def exactly(x):
    return digits(x, 2, 0)  # errors are small


def describe(state, found):
    """Return what is to be seen, and what it means."""
    return right_words(state, found) if state["bug"] == "none" else bug_words(state, found)


def right_words(state, found):
    _, error, at = found.largest
    verdict = "the check passes" if error <= found.tolerance else "the check fails, though nothing is wrong"
    return (
        f"The gradient is right. With ε = 10{superscript(-state['power'])} in {state['precision']} the largest "
        f"relative error is {exactly(error)}, at {entry_name(at)}: {verdict} (tolerance {exactly(found.tolerance)}). "
        f"{regime(state['power'], found.best)}"
    )


def regime(power, best):
    if power == best:
        return "No other power of ten does better: a larger ε bends, a smaller one rounds."
    least = f"10{superscript(-best)} is better"
    if power < best:
        return f"ε is large, and what errs is the curve between the two points: {least}."
    return f"ε is small, and what errs is rounding, the last digits of L divided by ε: {least}."


def bug_words(state, found):
    error, tolerance = found.largest[1], found.tolerance
    what = f"{SPEC['bugs'][state['bug']]['words']}: the largest relative error is {exactly(error)}"
    if error <= tolerance:
        return (
            f"{what}, below the tolerance {exactly(tolerance)}. The check does not see the bug: with these weights "
            "and this T the wrong line gives the right numbers."
        )
    if found.correct > tolerance:
        return (
            f"{what}, but even the right gradient errs by {exactly(found.correct)} here: "
            "with this ε the check tells nothing."
        )
    wrong = [name for name, one, _ in found.worst if one > tolerance]
    fine = [name for name, one, _ in found.worst if one <= tolerance]
    rest = f", right {'is' if len(fine) == 1 else 'are'} {listed(fine)}" if fine else "; none is right"
    times = f", {exactly(error / found.correct)} times that of the right gradient" if found.correct else ""
    return f"{what}{times}. Wrong {'is' if len(wrong) == 1 else 'are'} {listed(wrong)}{rest}."


def listed(names):
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else "".join(names)


# ---- Goals ----


def hide_a_bug(state):
    found = check(state)
    if state["bug"] == "none":
        return False, "no bug is planted."
    error = found.largest[1]
    return (
        error <= found.tolerance,
        f"the largest relative error is {exactly(error)}, the tolerance {exactly(found.tolerance)}.",
    )


def best_step(state):
    if state["bug"] != "none":
        return False, "a bug is planted."
    if state["precision"] != "float32":
        return False, "the numbers are float64."
    found, power = check(state), state["power"]
    return power == found.best, f"with ε = 10{superscript(-power)} the error is {exactly(found.correct)}."


# ---- The explorer ----


class GradientCheck(Explorer):
    """*Would you catch this bug?* The gradients of a small RNN by hand and by differences, with a bug planted or not.

    `bug` is "none", "transposed", "slope", "no-next", "not-summed", "shifted", "last-only", "averaged", "clipped" or
    "global"; `power` from 1 to 12 makes ε = 10^−power; `precision` "float64" or "float32"; `difference` "central" or
    "one-sided"; `init` "uniform", "orthogonal" or "identity"; `T` 1 to 6 steps; `seed`. Goals: "hide-a-bug",
    "best-step". ValueError for anything else.

    >>> GradientCheck().error < 1e-8 < GradientCheck(bug="transposed").error
    True
    """

    spec = SPEC
    goal_rules = {"hide-a-bug": hide_a_bug, "best-step": best_step}
    bug, power, precision, difference, init, T, seed = traits(SPEC)

    @property
    def check(self):
        """The Check of now: `analytic`, `numeric` and `errors` over all parameters, and the curves over ε."""
        return check(self.settings)

    @property
    def error(self):
        """The largest relative error."""
        return self.check.largest[1]

    @property
    def trace(self):
        """rnnlib's Trace of the network, a float64 stack of RNN and Readout: `trace.y` (T, 1, 1) are o_1 … o_T."""
        return self._run()[1]

    @property
    def grads(self):
        """rnnlib's Grads of L, which are right: `params` has "0.W_xh", "0.W_hh", "0.b_h", "1.W_hy" and "1.b_y"."""
        net, trace, task = self._run()
        return net.backward(trace, trace.y - task.y[:, None, None])

    def _run(self):
        task = make_task(self.seed, self.init, self.T)
        net = rnnlib.stack([rnnlib.RNN(D, H, rng=0), rnnlib.Readout(H, 1, rng=0)])
        for name, places in PLACES.items():
            layer = "1" if name in ("W_hy", "b_y") else "0"
            net.params[f"{layer}.{name}"][...] = task.theta[places].reshape(SHAPES[name])
        return net, net.forward(task.x[:, None], h0=[task.h0[None], None]), task

    @property
    def sentence(self):
        """What is to be seen now, and what it means: also the picture's alt text."""
        return describe(self.settings, self.check)

    def draw(self, figure):
        """Draw the error over ε and each parameter's error into a matplotlib figure."""
        state, found = self.settings, self.check
        figure.set_size_inches(5.4, 2.7)
        left, right = figure.subplots(1, 2, width_ratios=(3, 2))
        draw_curves(left, state, found)
        draw_errors(right, found)


LIMITS = (1e-13, 10)


def draw_curves(axes, state, found):
    for name, style, at, up in (("float64", "-", 14, -14), ("float32", "--", 5, 5)):
        axes.plot(STEPS, found.right[name].clip(*LIMITS), style, color=colour("ink"), lw=1.3)
        place = (STEPS[at], found.right[name].clip(*LIMITS)[at])
        axes.annotate(
            name, place, (2, up), textcoords="offset points", size=9, ha="right" if at > 9 else "left"
        )
    if state["bug"] != "none":
        axes.plot(STEPS, found.wrong.clip(*LIMITS), color=colour("grad"), lw=1.8)
    axes.axhline(found.tolerance, color=colour("axis"), lw=0.8, ls=":")
    at = 10.0 ** -state["power"]
    axes.plot([at], [np.clip(found.errors.max(), *LIMITS)], "o", color=colour("grad"), ms=6)
    axes.set(xscale="log", yscale="log", ylim=LIMITS, xlabel="$ε$", yticks=[1e-12, 1e-8, 1e-4, 1])
    axes.set(xticks=[1e-12, 1e-8, 1e-4])
    axes.minorticks_off()
    axes.set_title("largest relative error", loc="left", size=10)


def draw_errors(axes, found):
    names, errors, _ = zip(*found.worst)
    lengths = np.clip(errors, *LIMITS)
    hues = [colour("grad" if error > found.tolerance else "ink") for error in errors]
    places = -np.arange(len(names))
    axes.barh(places, lengths - LIMITS[0], left=LIMITS[0], height=0.5, color=hues)
    axes.axvline(found.tolerance, color=colour("axis"), lw=0.8, ls=":")
    axes.set(xscale="log", xlim=LIMITS, xticks=[1e-12, 1e-6, 1], yticks=places)
    axes.set_yticklabels([f"${name[0]}_{{{name[2:]}}}$" for name in names])
    axes.minorticks_off()
    axes.set_title("at this $ε$", loc="left", size=10)
