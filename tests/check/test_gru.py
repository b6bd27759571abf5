"""Every check of *Gated recurrent units* names the mistake that was made."""

import cmath
import math

import numpy as np
import pytest

import rnnlib
from rnnlib import check

# --- gru_step: learner-like code, with some of its lines changed ---------------------------------------------------

STEP = {
    "blocks": "W_r, W_z, W_n = W_hh[:, :H], W_hh[:, H:2*H], W_hh[:, 2*H:]",
    "a": "a = x_t @ W_xh + b_h",
    "parts": "x_r, x_z, x_n = a[:, :H], a[:, H:2*H], a[:, 2*H:]",
    "r": "r = sigma(x_r + h_prev @ W_r)",
    "z": "z = sigma(x_z + h_prev @ W_z)",
    "more": "",
    "n": "n = np.tanh(x_n + r * (h_prev @ W_n + b_hn))",
    "back": "(1 - z) * n + z * h_prev",
}
BEFORE = {"n": "n = np.tanh(x_n + (r * h_prev) @ W_n)"}


def written(name, args, line):
    body = "\n    ".join(line[key] for key in ("blocks", "a", "parts", "r", "z", "more", "n") if line[key])
    source = f"""
def sigma(a):
    return 1 / (1 + np.exp(-a))

def {name}({args}):
    H = h_prev.shape[1]
    {body}
    return {line["back"]}
"""
    space = {"np": np}
    exec(source, space)
    return space[name]


def step(**lines):
    """Write gru_step with some lines changed."""
    return written("gru_step", "x_t, h_prev, W_xh, W_hh, b_h, b_hn", {**STEP, **lines})


def paper(**lines):
    """Write gru_fixed, the reset before the product, with some lines changed."""
    return written("gru_fixed", "x_t, h_prev, W_xh, W_hh, b_h", {**STEP, **BEFORE, **lines})


def blocks(r, z, n):
    """Lines that take three column ranges for r, z and n."""
    return {"blocks": f"W_r, W_z, W_n = W_hh[:, {r}], W_hh[:, {z}], W_hh[:, {n}]",
            "parts": f"x_r, x_z, x_n = a[:, {r}], a[:, {z}], a[:, {n}]"}  # fmt: skip


FIRST, SECOND, THIRD = ":H", "H:2*H", "2*H:"

BOTH_WRONG = {
    "z and 1 − z have changed places": {"back": "z * n + (1 - z) * h_prev"},
    "the candidate comes in whole": {"back": "n + z * h_prev"},
    "the old state stays whole": {"back": "(1 - z) * n + h_prev"},
    "the old state is missing from the mix": {"back": "(1 - z) * n"},
    "this is the candidate n": {"back": "n"},
    "both parts of the mix have the factor z": {"back": "z * n + z * h_prev"},
    "both parts of the mix have the factor 1 − z": {"back": "(1 - z) * (n + h_prev)"},
    "the gates do not read the state": {"r": "r = sigma(x_r)", "z": "z = sigma(x_z)"},
    "the mix is squashed once more": {"back": "np.tanh((1 - z) * n + z * h_prev)"},
    "the gates are squashed by tanh": {
        "r": "r = np.tanh(x_r + h_prev @ W_r)",
        "z": "z = np.tanh(x_z + h_prev @ W_z)",
    },
    "the gates have no σ": {"r": "r = x_r + h_prev @ W_r", "z": "z = x_z + h_prev @ W_z"},
    "the blocks of W_hh stand transposed": {
        "blocks": "W_r, W_z, W_n = W_hh[:, :H].T, W_hh[:, H:2*H].T, W_hh[:, 2*H:].T"
    },
    "the columns are read in turn": blocks("::3", "1::3", "2::3"),
    "z reads r ⊙ h_{t−1}": {"z": "z = sigma(x_z + (r * h_prev) @ W_z)"},
    "r and z have changed places": blocks(SECOND, FIRST, THIRD),
    "in the order z, n, r": blocks(THIRD, FIRST, SECOND),
    "in the order n, r, z": blocks(SECOND, THIRD, FIRST),
    "in the order n, z, r": blocks(THIRD, SECOND, FIRST),
    "in the order r, n, z": blocks(FIRST, THIRD, SECOND),
}

CANDIDATE = "r * (h_prev @ W_n + b_hn)"
STEP_WRONG = BOTH_WRONG | {
    "the reset comes before the product": {"n": "n = np.tanh(x_n + (r * h_prev) @ W_n + b_hn)"},
    "the reset comes before the product, (r": {"n": "n = np.tanh(x_n + (r * h_prev) @ W_n + r * b_hn)"},
    "the reset comes before": BEFORE,
    "b_hn stands outside the reset": {"n": "n = np.tanh(x_n + r * (h_prev @ W_n) + b_hn)"},
    "b_hn is missing": {"n": "n = np.tanh(x_n + r * (h_prev @ W_n))"},
    "the reset gate is not used": {"n": "n = np.tanh(x_n + h_prev @ W_n + b_hn)"},
    "r multiplies what comes from the input as well": {"n": "n = np.tanh(r * (x_n + h_prev @ W_n + b_hn))"},
    "r multiplies the input's part": {"n": "n = np.tanh(r * x_n + h_prev @ W_n + b_hn)"},
    "1 − r stands where r belongs": {"n": "n = np.tanh(x_n + (1 - r) * (h_prev @ W_n + b_hn))"},
    "the candidate does not read the state": {"n": "n = np.tanh(x_n)"},
    "r multiplies b_hn alone": {"n": "n = np.tanh(x_n + h_prev @ W_n + r * b_hn)"},
    "mixed in as r ⊙ h_{t−1}": {"back": "(1 - z) * n + z * r * h_prev"},
    "b_h stands beside h_{t−1} W_hh": {"a": "a = x_t @ W_xh", "r": "r = sigma(x_r + h_prev @ W_r + b_h[:H])",
                                       "z": "z = sigma(x_z + h_prev @ W_z + b_h[H:2*H])",
                                       "n": "n = np.tanh(x_n + r * (h_prev @ W_n + b_h[2*H:] + b_hn))"},
    "b_h is added twice": {"r": "r = sigma(x_r + h_prev @ W_r + b_h[:H])",
                           "z": "z = sigma(x_z + h_prev @ W_z + b_h[H:2*H])",
                           "n": "n = np.tanh(x_n + r * (h_prev @ W_n + b_h[2*H:] + b_hn))"},
    "b_hn is added after the tanh": {"n": "n = np.tanh(x_n + r * (h_prev @ W_n)) + b_hn"},
    "as columns: np.split(…, 3, axis=1)": {"blocks": "W_r, W_z, W_n = np.split(W_hh, 3)"},
    "the candidate has no tanh": {"n": f"n = x_n + {CANDIDATE}"},
    "the candidate is squashed by σ": {"n": f"n = sigma(x_n + {CANDIDATE})"},
    "tanh and σ have changed places": {"r": "r = np.tanh(x_r + h_prev @ W_r)", "z": "z = np.tanh(x_z + h_prev @ W_z)",
                                       "n": f"n = sigma(x_n + {CANDIDATE})"},
    "the candidate reads z ⊙ h_{t−1}": {"n": "n = np.tanh(x_n + r * ((z * h_prev) @ W_n + b_hn))"},
    "r and z have changed": {"more": "r, z = z, r"},
    "the bias b_h is missing": {"a": "a = x_t @ W_xh"},
    "this is another form of the cell": {"n": "n = np.tanh(x_n + (r * h_prev) @ W_n + b_hn)",
                                         "back": "(1 - z) * h_prev + z * n"},
    "there z lets the candidate in": BEFORE | {"back": "(1 - z) * h_prev + z * n"},
}  # fmt: skip


@pytest.mark.parametrize("words", STEP_WRONG)
def test_gru_step_names_the_mistake(words, says):
    assert words in says(check.gru_step(step(**STEP_WRONG[words])))


def by_rnnlib(x_t, h_prev, W_xh, W_hh, b_h, b_hn=None):
    cell = rnnlib.GRU(len(W_xh), len(W_hh), reset_after=b_hn is not None)
    given = {"W_xh": W_xh, "W_hh": W_hh, "b_h": b_h, "b_hn": b_hn}
    for name, array in cell.params.items():
        array[...] = given[name]
    return cell.forward(x_t[None], h_prev).h_last


def by_hand(x_t, h_prev, W_xh, W_hh, b_h, b_hn=None):
    """Number by number, from the equations."""
    (B, D), H = x_t.shape, len(W_hh)
    h = np.zeros((B, H))
    for b in range(B):
        from_x = [sum(x_t[b, d] * W_xh[d, j] for d in range(D)) + b_h[j] for j in range(3 * H)]
        from_h = [sum(h_prev[b, i] * W_hh[i, j] for i in range(H)) for j in range(3 * H)]
        r, z = ([1 / (1 + math.exp(-from_x[k + j] - from_h[k + j])) for j in range(H)] for k in (0, H))
        for j in range(H):
            if b_hn is None:
                read = sum(r[i] * h_prev[b, i] * W_hh[i, 2 * H + j] for i in range(H))
            else:
                read = r[j] * (from_h[2 * H + j] + b_hn[j])
            h[b, j] = (1 - z[j]) * math.tanh(from_x[2 * H + j] + read) + z[j] * h_prev[b, j]
    return h


RIGHT_STEP = {
    "slices": step(),
    "rnnlib": by_rnnlib,
    "loops": by_hand,
    "lists": lambda *args: by_hand(*args).tolist(),
    "n + z (h − n)": step(back="n + z * (h_prev - n)"),
}


@pytest.mark.parametrize("way", RIGHT_STEP)
def test_gru_step_takes_every_way_to_write_it(way):
    assert repr(check.gru_step(RIGHT_STEP[way])) == "Right on 5 cases, B = 1 and D = H included."


def stub(*args): ...


@pytest.mark.parametrize("name", ["gru_step", "gru_fixed", "gru_step_backward", "gru_units"])
def test_a_stub_is_not_done_yet(name):
    assert "still a stub" in repr(getattr(check, name)(stub))
    assert "no function" in repr(getattr(check, name)(...))


# --- gru_fixed -----------------------------------------------------------------------------------------------------


def test_gru_fixed_as_the_chapter_gives_it_is_wrong(says):
    given = paper(more="h_prev = r * h_prev", n="n = np.tanh(x_n + h_prev @ W_n)")
    assert "still as it was given" in says(check.gru_fixed(given))


FIXED_WRONG = BOTH_WRONG | {
    "the reset has moved behind the product; the paper's": {"n": "n = np.tanh(x_n + r * (h_prev @ W_n))"},
    "the candidate is not reset any more": {"n": "n = np.tanh(x_n + h_prev @ W_n)"},
    "and now the candidate is reset twice": {"more": "h_prev = r * h_prev"},
    "and z and 1 − z have changed places; z was right": {
        "more": "h_prev = r * h_prev", "n": "n = np.tanh(x_n + h_prev @ W_n)", "back": "z * n + (1 - z) * h_prev"},
    "and the mix still keeps r ⊙ h_{t−1}": {"n": "n = np.tanh(x_n + r * (h_prev @ W_n))",
                                             "back": "(1 - z) * n + z * r * h_prev"},
    "the reset has moved up": {"z": "h_prev = r * h_prev; z = sigma(x_z + h_prev @ W_z)",
                               "n": "n = np.tanh(x_n + h_prev @ W_n)"},
    "the candidate is reset twice: (r": {"n": "n = np.tanh(x_n + (r * r * h_prev) @ W_n)"},
}  # fmt: skip


@pytest.mark.parametrize("words", FIXED_WRONG)
def test_gru_fixed_names_the_mistake(words, says):
    assert words in says(check.gru_fixed(paper(**FIXED_WRONG[words])))


RIGHT_FIXED = {
    "slices": paper(),
    "another name": paper(more="read = r * h_prev", n="n = np.tanh(x_n + read @ W_n)"),
    "rnnlib": by_rnnlib,
    "loops": by_hand,
}


@pytest.mark.parametrize("way", RIGHT_FIXED)
def test_gru_fixed_takes_every_way_to_mend_it(way):
    assert repr(check.gru_fixed(RIGHT_FIXED[way])) == "Right on 5 cases, B = 1 and D = H included."


# --- gru_step_backward: right by complex steps, wrong line by line -----------------------------------------------


def by_complex_steps(dh_t, h_prev, r, z, n, W_hh, eps=1e-30):
    """Each derivative as Im L / ε of a step from the pre-activations: nothing is derived by hand."""
    (B, H), logit = dh_t.shape, np.log
    parts = {"r": logit(r / (1 - r)), "z": logit(z / (1 - z)), "n": np.arctanh(n)}
    W = dict(zip("rzn", np.split(W_hh, 3, axis=1)))
    read = {"r": h_prev @ W["r"], "z": h_prev @ W["z"], "n": (r * h_prev) @ W["n"]}
    from_x = {name: parts[name] - read[name] for name in "rzn"}  # what does not depend on h_prev and W_hh

    def loss(push, h, W):
        sigma, tanh = np.vectorize(lambda a: 1 / (1 + cmath.exp(-a))), np.vectorize(cmath.tanh)
        gate = {name: sigma(from_x[name] + h @ W[name] + push[name]) for name in "rz"}
        candidate = tanh(from_x["n"] + (gate["r"] * h) @ W["n"] + push["n"])
        return (dh_t * ((1 - gate["z"]) * candidate + gate["z"] * h)).sum()

    def slopes(shape, run):
        found = np.zeros(shape)
        for place in np.ndindex(shape):
            nudge = np.zeros(shape, complex)
            nudge[place] = 1j * eps
            found[place] = run(nudge).imag / eps
        return found

    none = dict.fromkeys("rzn", 0.0)
    da = [slopes((B, H), lambda nudge, g=g: loss(none | {g: nudge}, h_prev, W)) for g in "rzn"]
    dW = [slopes((H, H), lambda nudge, g=g: loss(none, h_prev, W | {g: W[g] + nudge})) for g in "rzn"]
    return *da, np.hstack(dW), slopes((B, H), lambda nudge: loss(none, h_prev + nudge, W))


BACK = {
    "blocks": "W_r, W_z, W_n = np.split(W_hh, 3, axis=1)",
    "da_z": "da_z = dh_t * (h_prev - n) * z * (1 - z)",
    "da_n": "da_n = dh_t * (1 - z) * (1 - n**2)",
    "dq": "dq = da_n @ W_n.T",
    "da_r": "da_r = dq * h_prev * r * (1 - r)",
    "dW": "dW_hh = np.concatenate([h_prev.T @ da_r, h_prev.T @ da_z, (r * h_prev).T @ da_n], axis=1)",
    "dh": "dh_prev = dh_t * z + da_r @ W_r.T + da_z @ W_z.T + dq * r",
    "back": "return da_r, da_z, da_n, dW_hh, dh_prev",
}


def back(**lines):
    """Write gru_step_backward with some lines changed."""
    body = "\n    ".join({**BACK, **lines}.values())
    space = {"np": np}
    exec(f"def gru_step_backward(dh_t, h_prev, r, z, n, W_hh):\n    {body}\n", space)
    return space["gru_step_backward"]


SIGMA = "(1 / (1 + np.exp(-{0}))) * (1 - 1 / (1 + np.exp(-{0})))"
BACK_WRONG = {
    "the sign of da_z is reversed": {"da_z": "da_z = dh_t * (n - h_prev) * z * (1 - z)"},
    "da_z knows of the old state alone": {"da_z": "da_z = dh_t * h_prev * z * (1 - z)"},
    "da_z has not passed σ": {"da_z": "da_z = dh_t * (h_prev - n)"},
    "da_r has not passed σ": {"da_r": "da_r = dq * h_prev"},
    "the gates have not passed σ": {"da_z": "da_z = dh_t * (h_prev - n)", "da_r": "da_r = dq * h_prev"},
    "the gates have the slope of tanh": {"da_z": "da_z = dh_t * (h_prev - n) * (1 - z**2)",
                                         "da_r": "da_r = dq * h_prev * (1 - r**2)"},
    "r and z are squashed twice": {"da_z": f"da_z = dh_t * (h_prev - n) * {SIGMA.format('z')}",
                                   "da_r": f"da_r = dq * h_prev * {SIGMA.format('r')}"},
    "da_n lacks the factor 1 − z": {"da_n": "da_n = dh_t * (1 - n**2)"},
    "da_n has the factor z; the candidate stands": {"da_n": "da_n = dh_t * z * (1 - n**2)"},
    "da_n has the factor z and the direct route 1 − z": {
        "da_n": "da_n = dh_t * z * (1 - n**2)", "dh": BACK["dh"].replace("dh_t * z", "dh_t * (1 - z)")},
    "z and 1 − z have changed places throughout": {
        "da_n": "da_n = dh_t * z * (1 - n**2)", "dh": BACK["dh"].replace("dh_t * z", "dh_t * (1 - z)"),
        "da_z": "da_z = dh_t * (n - h_prev) * z * (1 - z)"},
    "da_n has not passed the tanh": {"da_n": "da_n = dh_t * (1 - z)"},
    "with the square; yours is 1 − n": {"da_n": "da_n = dh_t * (1 - z) * (1 - n)"},
    "the candidate has the slope of σ": {"da_n": "da_n = dh_t * (1 - z) * n * (1 - n)"},
    "1 − tanh(n)² squashes twice": {"da_n": "da_n = dh_t * (1 - z) * (1 - np.tanh(n)**2)"},
    "this is the way back for a reset after the product": {
        "da_r": "da_r = da_n * (h_prev @ W_n) * r * (1 - r)", "dh": BACK["dh"].replace("dq * r", "(da_n * r) @ W_n.T"),
        "dW": BACK["dW"].replace("(r * h_prev).T @ da_n", "h_prev.T @ da_n")},
    "da_r belongs to a reset after the product": {"da_r": "da_r = da_n * (h_prev @ W_n) * r * (1 - r)"},
    "da_r skips W_hn": {"da_r": "da_r = da_n * h_prev * r * (1 - r)"},
    "da_r lacks the factor h_{t−1}": {"da_r": "da_r = dq * r * (1 - r)"},
    "the products go back through W_hh": {"dq": "dq = da_n @ W_n",
                                          "dh": "dh_prev = dh_t * z + da_r @ W_r + da_z @ W_z + dq * r"},
    "the direct route is missing": {"dh": BACK["dh"].replace("dh_t * z + ", "")},
    "the route through r is missing": {"dh": BACK["dh"].replace("da_r @ W_r.T + ", "")},
    "the route through z is missing": {"dh": BACK["dh"].replace("da_z @ W_z.T + ", "")},
    "the route through the candidate is missing": {"dh": BACK["dh"].replace(" + dq * r", "")},
    "only the direct route is in dh_prev": {"dh": "dh_prev = dh_t * z"},
    "only the routes through the gates": {"dh": "dh_prev = da_r @ W_r.T + da_z @ W_z.T"},
    "the direct route has the factor 1 − z": {"dh": BACK["dh"].replace("dh_t * z", "dh_t * (1 - z)")},
    "the direct route has no factor": {"dh": BACK["dh"].replace("dh_t * z", "dh_t")},
    "the route through the candidate lacks r": {"dh": BACK["dh"].replace("dq * r", "dq")},
    "has r before W_hnᵀ": {"dh": BACK["dh"].replace("dq * r", "(da_n * r) @ W_n.T")},
    "the block n of dW_hh is made with h_{t−1}": {"dW": BACK["dW"].replace("(r * h_prev).T", "h_prev.T")},
    "stand in the order z, r, n": {
        "dW": "dW_hh = np.concatenate([h_prev.T @ da_z, h_prev.T @ da_r, (r * h_prev).T @ da_n], axis=1)"},
    "stand in the order n, r, z": {
        "dW": "dW_hh = np.concatenate([(r * h_prev).T @ da_n, h_prev.T @ da_r, h_prev.T @ da_z], axis=1)"},
    "the blocks of dW_hh are transposed": {
        "dW": "dW_hh = np.concatenate([da_r.T @ h_prev, da_z.T @ h_prev, da_n.T @ (r * h_prev)], axis=1)"},
    "the slope of tanh is 1 − n², not (1 − n)²": {"da_n": "da_n = dh_t * (1 - z) * (1 - n)**2"},
    "da_r has the factor r where h_{t−1} belongs": {"da_r": "da_r = dq * r * r * (1 - r)"},
    "counted with the factor 1 + z": {"dh": BACK["dh"].replace("dh_t * z", "dh_t + dh_t * z")},
    "goes back through W_hz": {"dh": "dh_prev = dh_t * z + da_r @ W_z.T + da_z @ W_r.T + dq * r"},
    "stands h_{t−1} in the place of r": {"dh": BACK["dh"].replace("dq * r", "dq * h_prev")},
    "np.split(…, 3, axis=1)": {"blocks": "W_r, W_z, W_n = np.split(W_hh, 3)"},
    "dW_hh is the mean over the batch": {"dW": BACK["dW"] + " / len(dh_t)"},
    "the sign is reversed": {"back": "return -da_r, -da_z, -da_n, -dW_hh, -dh_prev"},
    "da_r and da_z have changed places": {"back": "return da_z, da_r, da_n, dW_hh, dh_prev"},
    "da_r and da_n have changed places": {"back": "return da_n, da_z, da_r, dW_hh, dh_prev"},
    # Two mistakes at once: the first wrong quantity is named.
    "(So it looks from da_z": {"da_z": "da_z = dh_t * (h_prev - n)", "dh": "dh_prev = dh_t"},
    "da_z and da_n are right; da_r[0, 0]": {"da_r": "da_r = dq * h_prev * r"},
}  # fmt: skip


@pytest.mark.parametrize("words", BACK_WRONG)
def test_gru_step_backward_names_the_mistake(words, says):
    assert words in says(check.gru_step_backward(back(**BACK_WRONG[words])))


def backward_by_rnnlib(dh_t, h_prev, r, z, n, W_hh):
    """rnnlib's own, from an input that gives these gates; ∂L/∂a is the gradient of a one-hot input's weights."""
    (B, H), logit = dh_t.shape, lambda p: np.log(p / (1 - p))
    cell = rnnlib.GRU(B, H, reset_after=False)
    cell.params["W_hh"][...], cell.params["b_h"][...] = W_hh, 0.0
    W_r, W_z, W_n = np.split(W_hh, 3, axis=1)
    a = [logit(r) - h_prev @ W_r, logit(z) - h_prev @ W_z, np.arctanh(n) - (r * h_prev) @ W_n]
    cell.params["W_xh"][...] = np.hstack(a)
    grads = cell.backward(cell.forward(np.eye(B)[None], h_prev), dh_last=dh_t)
    return *np.split(grads.params["W_xh"], 3, axis=1), grads.params["W_hh"], grads.h0


RIGHT_BACK = {"lines": back(), "complex steps": by_complex_steps, "rnnlib": backward_by_rnnlib}


@pytest.mark.parametrize("way", RIGHT_BACK)
def test_gru_step_backward_takes_every_way_to_write_it(way):
    assert repr(check.gru_step_backward(RIGHT_BACK[way])) == "Right on 4 cases, B = 1 and H = 1 included."


# --- gru_units -----------------------------------------------------------------------------------------------------


def parameters(cell):
    return sum(array.size for array in cell.params.values())


def by_making_them(D, H, spare=0):
    """Make GRUs with rnnlib, one unit more each time, until one has more parameters than the LSTM."""
    limit, U = parameters(rnnlib.LSTM(D, H)) - spare, 1
    while parameters(rnnlib.GRU(D, U)) <= limit:
        U += 1
    return U - 1


def by_the_formula(D, H):
    """Solve 3 U² + (3 D + 4) U = 4 (D H + H² + H) for U."""
    p, q = 3 * D + 4, 4 * H * (D + H + 1)
    return (math.isqrt(p * p + 12 * q) - p) // 6


def largest(count, limit):
    return max(U for U in range(200) if count(U) <= limit)


UNITS_WRONG = {
    "that is the first size which is too large": lambda D, H: by_making_them(D, H) + 1,
    "equal counts are allowed": lambda D, H: by_making_them(D, H, spare=1),
    "b_hn is missing": lambda D, H: largest(lambda U: 3 * U * (D + U + 1), 4 * H * (D + H + 1)),
    "a block has one bias here": lambda D, H: largest(lambda U: 3 * U * (D + U + 2), 4 * H * (D + H + 1)),
    "as PyTorch stores them": lambda D, H: largest(lambda U: 3 * U * (D + U + 2), 4 * H * (D + H + 2)),
    "the biases are missing from both": lambda D, H: largest(lambda U: 3 * U * (D + U), 4 * H * (D + H)),
    "you count two": lambda D, H: largest(lambda U: 2 * U * (D + U + 1) + U, 4 * H * (D + H + 1)),
    "you count three": lambda D, H: largest(lambda U: 3 * U * (D + U + 1) + U, 3 * H * (D + H + 1)),
    "has room for more units": lambda D, H: H,
    "do not grow in proportion": lambda D, H: 4 * H // 3,
    "the parameters do not grow": lambda D, H: round(4 * H / 3),
    "search for the largest": lambda D, H: math.floor(math.sqrt(4 / 3) * H),
    "for the largest that fits": lambda D, H: round(math.sqrt(4 / 3) * H),
    "wanted is the number of its units": lambda D, H: parameters(rnnlib.GRU(D, by_making_them(D, H))),
}


@pytest.mark.parametrize("words", UNITS_WRONG)
def test_gru_units_names_the_mistake(words, says):
    assert words in says(check.gru_units(UNITS_WRONG[words]))


@pytest.mark.parametrize("way", [by_making_them, by_the_formula])
def test_gru_units_takes_every_way_to_find_it(way):
    said = "Right on 8 cases, two where the counts are equal included."
    assert repr(check.gru_units(lambda D, H: way(D, H))) == said
