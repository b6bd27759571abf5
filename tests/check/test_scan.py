"""Every check of *Strengths, limits, and what came after* names the mistake that was made."""

import math

import numpy as np
import pytest

from rnnlib import check

# --- inference_memory: counted layer by layer, step by step ------------------------------------------------------


def counted(T, L, H, width, *, states="hc", kept="kv", steps=None, bits=1):
    state = cache = 0
    for _ in range(L):
        state += sum(H for _ in states) * width * bits
        for _ in range(T if steps is None else steps):
            cache += sum(H for _ in kept) * width * bits
    return state, cache


MEMORY_WRONG = {
    "the two are swapped: return (state, cache)": lambda *args: counted(*args)[::-1],
    "counts of numbers": lambda T, L, H, width: counted(T, L, H, 1),
    "these are bits": lambda *args: counted(*args, bits=8),
    "only one layer is counted; each of the L layers keeps": lambda T, L, H, width: counted(T, 1, H, width),
    "the state of an LSTM is h and c; only one": lambda *args: counted(*args, states="h"),
    "the old states are not needed any more": lambda T, L, H, w: (T * 2 * L * H * w, counted(T, L, H, w)[1]),
    "as in training; at inference only the last": lambda T, L, H, w: (T * L * H * w, counted(T, L, H, w)[1]),
    "gates live for one step": lambda *args: counted(*args, states="ifgo"),
    "the weights are counted": lambda T, L, H, w: (L * H**2 * w, counted(T, L, H, w)[1]),
    "the layers' axis missing": lambda T, L, H, w: (counted(T, 1, H, w)[0], counted(T, L, H, w)[1]),
    "a key and a value for each step; only one": lambda *args: counted(*args, kept="k"),
    "queries are in the cache": lambda *args: counted(*args, kept="qkv"),
    "as if all scores were kept": lambda T, L, H, w: (counted(T, L, H, w)[0], L * T**2 * w),
    "a step adds one key and one value": lambda T, L, H, w: (counted(T, L, H, w)[0], 2 * T**2 * L * H * w),
    "the cache does not grow": lambda *args: counted(*args, steps=1),
    "only one layer's cache": lambda T, L, H, w: (counted(T, L, H, w)[0], counted(T, 1, H, w)[1]),
}


@pytest.mark.parametrize("words", MEMORY_WRONG)
def test_inference_memory_names_the_mistake(words, says):
    assert words in says(check.inference_memory(MEMORY_WRONG[words]))


def by_arrays(T, L, H, width):
    """Lay out the arrays and ask them how large they are."""
    kind = {2: np.float16, 4: np.float32, 8: np.float64}[width]
    return np.zeros((L, 2, H), kind).nbytes, np.zeros((L, 2, T, H), kind).nbytes


@pytest.mark.parametrize("way", [counted, by_arrays])
def test_inference_memory_takes_every_way_to_count(way):
    assert repr(check.inference_memory(lambda T, L, H, width: way(T, L, H, width))) == (
        "Right on 4 cases, T = 1 included."
    )


# --- combine: what two steps do to any state ---------------------------------------------------------------------


def by_probing(f_1, u_1, f_2, u_2):
    """Send two states through both steps: an affine map is known by two of its values."""
    both = lambda h: f_2 * (f_1 * h + u_1) + u_2
    return both(1.0) - both(0.0), both(0.0)


def number_by_number(f_1, u_1, f_2, u_2):
    f, u = np.zeros_like(f_1), np.zeros_like(f_1)
    for place in np.ndindex(f.shape):
        f[place] = f_1[place] * f_2[place]
        u[place] = u_1[place] * f_2[place] + u_2[place]
    return f.tolist(), u.tolist()


@pytest.mark.parametrize("way", [by_probing, number_by_number])
def test_combine_takes_every_way_to_write_it(way):
    assert repr(check.combine(way)) == "Right on 5 cases, a factor of 0 included."


def pair(f="f_1 * f_2", u="f_2 * u_1 + u_2"):
    """Write combine with other expressions for f and u."""
    return eval(f"lambda f_1, u_1, f_2, u_2: ({f}, {u})", {"np": np})


COMBINE_WRONG = {
    "the steps have changed places": pair(u="f_1 * u_2 + u_1"),
    "what the first step has written is not scaled": pair(u="u_2 + u_1"),
    "each u has its own f": pair(u="u_1 * f_1 + u_2 * f_2"),
    "u_1 is scaled by its own f_1": pair(u="u_2 + u_1 * f_1"),
    "what the second step writes is scaled": pair(u="f_2 * u_1 + f_2 * u_2"),
    "what the second step writes is lost": pair(u="u_1 * f_2"),
    "what the first step has written is lost": pair(u="u_2 * 1"),
    "both factors meet u_1": pair(u="u_2 + f_2 * f_1 * u_1"),
    "the u are multiplied": pair(u="u_2 * u_1"),
    "the factors are added": pair(f="f_2 + f_1"),
    "only the second factor": pair(f="f_2 * 1"),
    "only the first factor": pair(f="f_1 * 1"),
    "the mean of the factors": pair(f="(f_2 + f_1) * 0.5"),
    "(So it looks from f; there may be more.)": pair(f="f_2 + f_1", u="u_1 + u_2"),
    "order: return (f, u)": lambda *args: by_probing(*args)[::-1],
}


@pytest.mark.parametrize("words", COMBINE_WRONG)
def test_combine_names_the_mistake(words, says):
    assert words in says(check.combine(COMBINE_WRONG[words]))


# --- linear_scan: learner-like code, with some of its lines changed ----------------------------------------------

SCAN = {
    "copy": "f, u = f.copy(), u.copy()",
    "start": "u[0] = u[0] + f[0] * h_0",
    "begin": "reach, rounds = 1, 0",
    "while": "while reach < len(u):",
    "u": "    u[reach:] = f[reach:] * u[:-reach] + u[reach:]",
    "f": "    f[reach:] = f[reach:] * f[:-reach]",
    "next": "    reach *= 2; rounds += 1",
    "return": "return u, rounds",
}


def scan(order=tuple(SCAN), **lines):
    """Write linear_scan with some lines changed, or in another order."""
    body = "\n    ".join({**SCAN, **lines}[key] for key in order)
    space = {"np": np, "math": math}
    exec(f"def linear_scan(f, u, h_0):\n    {body}\n", space)
    return space["linear_scan"]


def one_by_one(rounds):
    def run(f, u, h_0):
        h = [h_0]
        for f_t, u_t in zip(f, u):
            h.append(f_t * h[-1] + u_t)
        return np.array(h[1:]), rounds(len(u))

    return run


F_FIRST = ("copy", "start", "begin", "while", "f", "u", "next", "return")
UPWARDS = {
    "u": "    for t in range(reach, len(u)):\n            u[t] += f[t] * u[t - reach]",
    "f": "        f[t] *= f[t - reach]",
}
SCAN_WRONG = {
    "a loop over time takes T of them": one_by_one(lambda T: T),
    "that is T − 1": one_by_one(lambda T: T - 1),
    "rounded to the nearest": one_by_one(lambda T: int(0.5 + math.log2(T))),
    "h_0 acts on the first step alone": scan(
        start="pass", **{"return": "u[0] += f[0] * h_0; return u, rounds"}
    ),
    "h_0 is put into every u": scan(start="u = u + f * h_0"),
    "one too high": scan(begin="reach, rounds = 1, 1"),
    "where T is a power of two": scan(**{"while": "while reach <= len(u):"}),
    "h_0 is left out": scan(start="pass"),
    "without the factor f_1": scan(start="u[0] = u[0] + h_0"),
    "h_0 stands in the place of u_1": scan(start="u[0] = f[0] * h_0"),
    "reads what its left neighbour has become": scan(**UPWARDS),
    "u takes the *new* f": scan(F_FIRST),
    "f stays what it was": scan(f="    pass"),
    "is added without a factor": scan(u="    u[reach:] = u[:-reach] + u[reach:]"),
    "scaled by its own f": scan(u="    u[reach:] = f[:-reach] * u[:-reach] + u[reach:]"),
    "where T is no power of two": scan(**{"while": "while rounds < int(math.log2(len(u))):"}),
    "a round is missing: go on": scan(**{"while": "while 2 * reach < len(u):"}),
    "the reach has to double": scan(
        **{"while": "while rounds < math.ceil(math.log2(len(u))):"}, next="    rounds += 1"
    ),
    "these are h_0 to h_{T−1}": scan(**{"return": "return np.vstack([h_0[None], u[:-1]]), rounds"}),
    "h_0 stands in front": scan(**{"return": "return np.vstack([h_0[None], u]), rounds"}),
    "changes its argument": scan(copy="pass"),
}


@pytest.mark.parametrize("words", SCAN_WRONG)
def test_linear_scan_names_the_mistake(words, says):
    assert words in says(check.linear_scan(SCAN_WRONG[words]))


def downwards(f, u, h_0):
    """In place, but from the last step to the first, so that nothing new is read."""
    f, u, reach, rounds = f.copy(), u.copy(), 1, 0
    u[0] += f[0] * h_0
    while reach < len(u):
        for t in range(len(u) - 1, reach - 1, -1):
            u[t] += f[t] * u[t - reach]
            f[t] *= f[t - reach]
        reach, rounds = 2 * reach, rounds + 1
    return u, rounds


def from_pairs(f, u, h_0):
    """With h_0 as a step of its own in front, (0, h_0), by recursion on halves."""

    def halves(pairs):
        if len(pairs) == 1:
            return pairs, 0
        middle = 2 ** (math.ceil(math.log2(len(pairs))) - 1)
        (left, n), (right, _) = halves(pairs[:middle]), halves(pairs[middle:])
        f_1, u_1 = left[-1]
        return left + [(f_1 * f_2, f_2 * u_1 + u_2) for f_2, u_2 in right], n + 1

    first = (0 * f[0], f[0] * h_0 + u[0])
    done, rounds = halves([first, *zip(f[1:], u[1:])])
    return [u_t for _, u_t in done], rounds  # fmt: skip


@pytest.mark.parametrize(
    "way", [scan(), downwards, from_pairs, one_by_one(lambda T: math.ceil(math.log2(T)))]
)
def test_linear_scan_takes_every_way_to_write_it(way):
    assert repr(check.linear_scan(way)) == "Right on 5 cases, T = 1 included."


# --- linear_backward: right by complex steps, wrong line by line -------------------------------------------------


def by_complex_steps(f, h, dh, eps=1e-30):
    """Each derivative as Im L / ε of the recurrence: nothing is derived by hand."""
    u = h[1:] - f * h[:-1]

    def loss(f, u, h_0):
        total, state = 0.0, h_0
        for f_t, u_t, dh_t in zip(f, u, dh):
            state = f_t * state + u_t
            total = total + (dh_t * state).sum()
        return total

    def slopes(k):
        args = [f, u, h[0]]
        found = np.zeros(args[k].shape)
        for place in np.ndindex(found.shape):
            nudged = args[k].astype(complex)
            nudged[place] += 1j * eps
            found[place] = loss(*args[:k], nudged, *args[k + 1 :]).imag / eps
        return found

    return tuple(map(slopes, range(3)))


BACK = {
    "copy": "d = dh.copy()",
    "for": "for t in reversed(range(len(f) - 1)):",
    "d": "    d[t] = dh[t] + f[t + 1] * d[t + 1]",
    "return": "return d * h[:-1], d, f[0] * d[0]",
}


def back(**lines):
    """Write linear_backward with some lines changed."""
    body = "\n    ".join({**BACK, **lines}.values())
    space = {"np": np}
    exec(f"def linear_backward(f, h, dh):\n    {body}\n", space)
    return space["linear_backward"]


BACK_WRONG = {
    "carried back with f_t": back(d="    d[t] = dh[t] + f[t] * d[t + 1]"),
    "carried back without a factor": back(d="    d[t] = dh[t] + d[t + 1]"),
    "what the loss says about h_t directly is lost": back(d="    d[t] = f[t + 1] * d[t + 1]"),
    "nothing is carried back": back(d="    pass"),
    "δ runs forwards": back(**{"for": "for t in range(1, len(f)):"}, d="    d[t] = dh[t] + f[t] * d[t - 1]"),
    "df reads h_t": back(**{"return": "return d * h[1:], d, f[0] * d[0]"}),
    "df is δ alone": back(**{"return": "return d, d, f[0] * d[0]"}),
    "df is h_{t−1} alone": back(**{"return": "return h[:-1], d, f[0] * d[0]"}),
    "du has a factor f_t": back(**{"return": "return d * h[:-1], d * f, f[0] * d[0]"}),
    "du has a factor 1 − f_t": back(**{"return": "return d * h[:-1], d * (1 - f), f[0] * d[0]"}),
    "dh_0 is δ_1": back(**{"return": "return d * h[:-1], d, d[0]"}),
    "with the factor of the last step": back(**{"return": "return d * h[:-1], d, f[-1] * d[0]"}),
    "the direct path of the last δ alone": back(
        **{"return": "return d * h[:-1], d, np.prod(f, axis=0) * d[-1]"}
    ),
    "(So it looks from du; there may be more.)": back(
        d="    d[t] = dh[t] + f[t] * d[t + 1]", **{"return": "return d * h[1:], d, d[0]"}
    ),
}


@pytest.mark.parametrize("words", BACK_WRONG)
def test_linear_backward_names_the_mistake(words, says):
    assert words in says(check.linear_backward(BACK_WRONG[words]))


def by_scanning(f, h, dh):
    """The chapter's way: the recurrence turned round, scanned."""
    later = np.concatenate([f[1:], np.ones_like(f[:1])])
    d = scan()(later[::-1], dh[::-1], 0 * h[0])[0][::-1]
    return d * h[:-1], d, f[0] * d[0]


@pytest.mark.parametrize("way", [back(), by_complex_steps, by_scanning])
def test_linear_backward_takes_every_way_to_write_it(way):
    assert repr(check.linear_backward(way)) == "Right on 5 cases, T = 1 included."


# --- min_gru -----------------------------------------------------------------------------------------------------

CELL = {
    "a": "a = x @ W_xh + b_h",
    "parts": "a_z, a_n = a[:, :, :H], a[:, :, H:]",
    "z": "z = 1 / (1 + np.exp(-a_z))",
    "n": "n = a_n",
    "h": "h = [np.zeros((x.shape[1], H))]",
    "for": "for t in range(len(x)):",
    "step": "    h.append(z[t] * h[-1] + (1 - z[t]) * n[t])",
    "return": "return np.array(h)",
}


def cell(**lines):
    """Write min_gru with some lines changed."""
    body = "\n    ".join({**CELL, **lines}.values())
    space = {"np": np}
    exec(f"def min_gru(x, W_xh, b_h):\n    H = len(b_h) // 2\n    {body}\n", space)
    return space["min_gru"]


OTHER_BLOCKS = {"parts": "a_n, a_z = a[:, :, :H], a[:, :, H:]"}
OTHER_MIX = {"step": "    h.append((1 - z[t]) * h[-1] + z[t] * n[t])"}
CELL_WRONG = {
    "z and 1 − z have changed places: here": OTHER_MIX,
    "the blocks have changed places: the first": OTHER_BLOCKS,
    "the blocks have changed places, and so have z": OTHER_BLOCKS | OTHER_MIX,
    "the candidate is squashed by tanh": {"n": "n = np.tanh(a_n)"},
    "the candidate is squashed by σ": {"n": "n = 1 / (1 + np.exp(-a_n))"},
    "z is not squashed": {"z": "z = a_z"},
    "z is squashed by tanh": {"z": "z = np.tanh(a_z)"},
    "the new state is squashed": {"step": "    h.append(np.tanh(z[t] * h[-1] + (1 - z[t]) * n[t]))"},
    "the candidate is added whole": {"step": "    h.append(z[t] * h[-1] + n[t])"},
    "the old state stays whole": {"step": "    h.append(h[-1] + (1 - z[t]) * n[t])"},
    "both parts have the factor z": {"step": "    h.append(z[t] * h[-1] + z[t] * n[t])"},
    "the old state is missing": {"step": "    h.append((1 - z[t]) * n[t])"},
    "the bias b_h is missing": {"a": "a = x @ W_xh"},
    "h starts with h_1": {"return": "return np.array(h[1:])"},
    "this is the last state alone": {"return": "return h[-1]"},
    "start from ones": {"h": "h = [np.ones((x.shape[1], H))]"},
}


@pytest.mark.parametrize("words", CELL_WRONG)
def test_min_gru_names_the_mistake(words, says):
    assert words in says(check.min_gru(cell(**CELL_WRONG[words])))


def by_hand(x, W_xh, b_h):
    """Number by number, from the equations."""
    (T, B, D), H = x.shape, len(b_h) // 2
    h = np.zeros((T + 1, B, H))
    for t, b, j in np.ndindex(T, B, H):
        a_z, a_n = (sum(x[t, b, d] * W_xh[d, k] for d in range(D)) + b_h[k] for k in (j, H + j))
        z = 1 / (1 + math.exp(-a_z))
        h[t + 1, b, j] = z * h[t, b, j] + (1 - z) * a_n
    return h


def by_scan(x, W_xh, b_h):
    """As a linear recurrence, in rounds."""
    a_z, n = np.split(x @ W_xh + b_h, 2, axis=-1)
    z, zero = 1 / (1 + np.exp(-a_z)), np.zeros_like(n[0])
    return np.concatenate([zero[None], scan()(z, (1 - z) * n, zero)[0]])


def by_unrolled_sum(x, W_xh, b_h):
    """Each state as a sum over the past, every candidate times the gates after it."""
    a_z, n = np.split(x @ W_xh + b_h, 2, axis=-1)
    z = 1 / (1 + np.exp(-a_z))
    states = [
        sum((1 - z[k]) * n[k] * z[k + 1 : t].prod(axis=0) for k in range(t)) for t in range(1, len(x) + 1)
    ]
    return np.array([0 * n[0], *states])


@pytest.mark.parametrize("way", [cell(), by_hand, by_scan, by_unrolled_sum])
def test_min_gru_takes_every_way_to_write_it(way):
    assert repr(check.min_gru(way)) == "Right on 5 cases, T = 1 included."


# --- all ---------------------------------------------------------------------------------------------------------


def stub(*args): ...


@pytest.mark.parametrize("name", ["inference_memory", "combine", "linear_scan", "linear_backward", "min_gru"])
def test_a_stub_is_not_done_yet(name):
    assert "still a stub" in repr(getattr(check, name)(stub))
    assert "no function" in repr(getattr(check, name)(...))
