"""Checks of the chapter *Gated recurrent units*."""

import numpy as np

from .cell import sigmoid
from .engine import Case, Exercise, judge


def _blocks(W, order="rzn"):
    """Take the three column blocks of W apart, read in some order; return them as r's, z's and n's."""
    apart = dict(zip(order, np.split(W, 3, axis=-1)))
    return apart["r"], apart["z"], apart["n"]


def _triples(W):
    """The columns read in turn, r, z, n, r, z, n, …, in the place of blocks."""
    return W[..., 0::3], W[..., 1::3], W[..., 2::3]


# --- one step, with every slip that it knows -------------------------------------------------------------------


def _mix(z, n, h):
    return (1 - z) * n + z * h


def _after(x_n, r, h, W_n, b_hn):
    return x_n + r * (h @ W_n + b_hn)


def _before(x_n, r, h, W_n, b_hn):
    return x_n + (r * h) @ W_n + b_hn


def _step(x_t, h_prev, W_xh, W_hh, b_h, b_hn=0.0, *, a_n=_after, mix=_mix, blocks=_blocks, sigma=sigmoid, phi=np.tanh,
          turn=lambda W: W, heard=lambda h: h, read=lambda r, h: h, seen=lambda z, h: h,
          kept=lambda r, h: h):  # fmt: skip
    """One step of a GRU; each keyword is a place for a mistake."""
    x_r, x_z, x_n = blocks(x_t @ W_xh + b_h)
    W_r, W_z, W_n = map(turn, blocks(W_hh))
    r = sigma(x_r + heard(h_prev) @ W_r)
    z = sigma(x_z + heard(read(r, h_prev)) @ W_z)
    n = phi(a_n(x_n, r, seen(z, h_prev), W_n, b_hn))
    return mix(z, n, kept(r, h_prev))


def _slip(**how):
    return lambda *args: _step(*args, **how)


def _in_order(order):
    return lambda W: _blocks(W, order)


HINTS = ((r"equal division", "The three blocks stand side by side, as columns: np.split(…, 3, axis=1)."),)

R_FOR_Z = "r and z have changed places: the blocks stand in the order r, z, n; r resets, and z mixes."


def _orders(**how):
    """The wrong orders of the blocks, each with its sentence."""
    for order in ("zrn", "znr", "nrz", "nzr", "rnz"):
        said = f"the blocks are read in the order {', '.join(order)}; they stand in the order r, z, n."
        yield R_FOR_Z if order == "zrn" else said, _slip(blocks=_in_order(order), **how)


SWAPPED = ("z and 1 − z have changed places: here z keeps the old state and 1 − z lets the candidate in, "
           "h_t = (1 − z) ⊙ n + z ⊙ h_{t−1}.")  # fmt: skip
MIX_RESET = ("the old state is mixed in as r ⊙ h_{t−1}; r acts inside the candidate alone, and z keeps h_{t−1} "
             "itself.")  # fmt: skip

# Mistakes in one step that do not depend on where the reset stands.
_COMMON = (
    (SWAPPED, {"mix": lambda z, n, h: z * n + (1 - z) * h}),
    ("the candidate comes in whole; it comes in as (1 − z) ⊙ n.", {"mix": lambda z, n, h: n + z * h}),
    ("the old state stays whole; it stays as z ⊙ h_{t−1}.", {"mix": lambda z, n, h: (1 - z) * n + h}),
    ("the old state is missing from the mix: z ⊙ h_{t−1} is what remembers.", {"mix": lambda z, n, h: (1 - z) * n}),
    ("this is the candidate n; h_t mixes it with the old state: (1 − z) ⊙ n + z ⊙ h_{t−1}.",
     {"mix": lambda z, n, h: n}),
    ("the mix is squashed once more; n has its tanh, and h_t = (1 − z) ⊙ n + z ⊙ h_{t−1} needs none.",
     {"mix": lambda z, n, h: np.tanh(_mix(z, n, h))}),
    ("the candidate has no tanh: n = tanh(…).", {"phi": lambda a: a}),
    ("the candidate is squashed by σ; it is no gate, and takes the tanh.", {"phi": sigmoid}),
    ("the gates are squashed by tanh; r and z are σ(…), between 0 and 1.", {"sigma": np.tanh}),
    ("tanh and σ have changed places: r and z are σ(…), n is tanh(…).", {"sigma": np.tanh, "phi": sigmoid}),
    ("the gates have no σ: r and z are σ(…), between 0 and 1.", {"sigma": lambda a: a}),
    ("the blocks of W_hh stand transposed: rows are sequences, so the product is h_prev @ W_hh.",
     {"turn": lambda W: W.T}),
    ("the columns are read in turn, r, z, n, r, z, n, …; they are three blocks of H columns, all of r's first.",
     {"blocks": _triples}),
    ("z reads r ⊙ h_{t−1}; the reset gate acts inside the candidate alone, and z reads h_{t−1}.",
     {"read": lambda r, h: r * h}),
    ("both parts of the mix have the factor z; the candidate comes in with 1 − z.",
     {"mix": lambda z, n, h: z * n + z * h}),
    ("both parts of the mix have the factor 1 − z; the old state stays with z.",
     {"mix": lambda z, n, h: (1 - z) * n + (1 - z) * h}),
    ("the gates do not read the state: h_{t−1} W_hr and h_{t−1} W_hz are missing.", {"heard": lambda h: 0 * h}),
    ("the candidate reads z ⊙ h_{t−1}, a state that is mixed already; it reads h_{t−1}.",
     {"seen": lambda z, h: z * h}),
)  # fmt: skip

OTHER_FORM = ("this is another form of the cell: there z lets the candidate in, and the reset comes before the "
              "product. Here it is (1 − z) ⊙ n + z ⊙ h_{t−1}, with r ⊙ (h_{t−1} W_hn + b_hn) inside n.")  # fmt: skip

_STEP_ONLY = (
    ("the reset comes before the product, (r ⊙ h_{t−1}) W_hn; here it comes after: r ⊙ (h_{t−1} W_hn + b_hn).",
     {"a_n": _before}),
    ("the reset comes before the product, (r ⊙ h_{t−1}) W_hn; here it comes after: r ⊙ (h_{t−1} W_hn + b_hn).",
     {"a_n": lambda x_n, r, h, W, b: x_n + (r * h) @ W + r * b}),
    ("the reset comes before the product, (r ⊙ h_{t−1}) W_hn; here it comes after: r ⊙ (h_{t−1} W_hn + b_hn).",
     {"a_n": lambda x_n, r, h, W, b: x_n + (r * h) @ W}),
    ("b_hn stands outside the reset; it belongs inside, r ⊙ (h_{t−1} W_hn + b_hn).",
     {"a_n": lambda x_n, r, h, W, b: x_n + r * (h @ W) + b}),
    ("b_hn is missing: r ⊙ (h_{t−1} W_hn + b_hn).", {"a_n": lambda x_n, r, h, W, b: x_n + r * (h @ W)}),
    ("the reset gate is not used: the candidate reads r ⊙ (h_{t−1} W_hn + b_hn).",
     {"a_n": lambda x_n, r, h, W, b: x_n + h @ W + b}),
    ("r multiplies what comes from the input as well; it multiplies h_{t−1} W_hn + b_hn alone.",
     {"a_n": lambda x_n, r, h, W, b: r * (x_n + h @ W + b)}),
    ("r multiplies the input's part of the candidate; it multiplies the state's, h_{t−1} W_hn + b_hn.",
     {"a_n": lambda x_n, r, h, W, b: r * x_n + h @ W + b}),
    ("1 − r stands where r belongs: r ⊙ (h_{t−1} W_hn + b_hn).",
     {"a_n": lambda x_n, r, h, W, b: x_n + (1 - r) * (h @ W + b)}),
    ("r multiplies b_hn alone; it multiplies the whole of h_{t−1} W_hn + b_hn.",
     {"a_n": lambda x_n, r, h, W, b: x_n + h @ W + r * b}),
    (MIX_RESET, {"kept": lambda r, h: r * h}),
    ("the candidate does not read the state: r ⊙ (h_{t−1} W_hn + b_hn) is missing.",
     {"a_n": lambda x_n, r, h, W, b: x_n}),
)  # fmt: skip


def _with_bias(change):
    """Change b_h before the step: change(b_h)."""
    return lambda x_t, h_prev, W_xh, W_hh, b_h, b_hn: _step(x_t, h_prev, W_xh, W_hh, change(b_h), b_hn)


def _bias_with_state(x_t, h_prev, W_xh, W_hh, b_h, b_hn, times=1):
    """b_h stands beside h_{t−1} W_hh, so that its block n falls under the reset; `times` 2: beside both products."""
    b_n = _blocks(b_h)[2]
    b_h = b_h.copy()
    b_h[-len(b_n) :] *= times - 1
    b_h[: -len(b_n)] *= times
    return _step(x_t, h_prev, W_xh, W_hh, b_h, b_hn + b_n)


def _candidate(make):
    """The step with another candidate: make(x_n, reset)."""

    def run(x_t, h_prev, W_xh, W_hh, b_h, b_hn):
        n = lambda x_n, r, h, W, b: make(x_n, r * (h @ W), b)
        return _step(x_t, h_prev, W_xh, W_hh, b_h, b_hn, a_n=n, phi=lambda a: a)

    return run


def _sizes():
    return [(2, 3, 4), (1, 1, 1), (1, 4, 4), (3, 3, 3), (4, 2, 3)]


def _args(rng, B, D, H):
    """Draw x_t, h_prev, W_xh, W_hh, b_h."""
    x_t, h_prev = rng.normal(size=(B, D)), rng.uniform(-0.9, 0.9, (B, H))
    return x_t, h_prev, rng.normal(size=(D, 3 * H)), rng.normal(size=(H, 3 * H)), rng.normal(size=3 * H)


def _step_cases(rng):
    return [
        Case(f"B = {B}, D = {D}, H = {H}", (*_args(rng, B, D, H), rng.normal(size=H))) for B, D, H in _sizes()
    ]


GRU_STEP = Exercise(
    name="gru_step",
    args=("x_t", "h_prev", "W_xh", "W_hh", "b_h", "b_hn"),
    outputs=(("h_t", "(B, H)"),),
    cases=_step_cases,
    reference=_step,
    included="B = 1 and D = H",
    variants=(
        *((sentence, _slip(**how)) for sentence, how in (*_STEP_ONLY, *_COMMON)),
        *((OTHER_FORM, _slip(**how, mix=lambda z, n, h: z * n + (1 - z) * h)) for _, how in _STEP_ONLY[:3]),
        ("the bias b_h is missing: each gate has its own block of it.", _with_bias(lambda b_h: 0 * b_h)),
        ("b_h stands beside h_{t−1} W_hh, so that r multiplies its block n; it belongs to x_t W_xh.", _bias_with_state),
        ("b_h is added twice, to x_t W_xh and to h_{t−1} W_hh; it belongs to the first.",
         lambda *args: _bias_with_state(*args, times=2)),
        ("b_hn is added after the tanh; it belongs inside, r ⊙ (h_{t−1} W_hn + b_hn).",
         _candidate(lambda x_n, reset, b: np.tanh(x_n + reset) + b)),
        *_orders(),
    ),
    hints=HINTS,
)  # fmt: skip


# --- gru_fixed -------------------------------------------------------------------------------------------------


def _paper(x_t, h_prev, W_xh, W_hh, b_h, **how):
    return _step(x_t, h_prev, W_xh, W_hh, b_h, **{"a_n": _before, **how})


def _paper_slip(**how):
    return lambda *args: _paper(*args, **how)


def _fixed_cases(rng):
    return [Case(f"B = {B}, D = {D}, H = {H}", _args(rng, B, D, H)) for B, D, H in _sizes()]


def _reset_mixed(**how):
    """The mistake to find, perhaps with another: r ⊙ h_{t−1} has the name of h_{t−1} by the time of the mix."""
    return _paper_slip(kept=lambda r, h: r * h, **how)


GRU_FIXED = Exercise(
    name="gru_fixed",
    args=("x_t", "h_prev", "W_xh", "W_hh", "b_h"),
    outputs=(("h_t", "(B, H)"),),
    cases=_fixed_cases,
    reference=_paper,
    included="B = 1 and D = H",
    variants=(
        ("still as it was given: both gates and the candidate are right. What is called h_prev when the mix reads it?",
         _reset_mixed()),
        ("the mix is right now, but the reset has moved behind the product; the paper's cell reads (r ⊙ h_{t−1}) W_hn.",
         _paper_slip(a_n=lambda x_n, r, h, W, b: x_n + r * (h @ W))),
        ("the mix is right now, but the candidate is not reset any more: it reads (r ⊙ h_{t−1}) W_hn.",
         _paper_slip(a_n=lambda x_n, r, h, W, b: x_n + h @ W)),
        ("the mix still keeps r ⊙ h_{t−1}, and now the candidate is reset twice.",
         _reset_mixed(a_n=lambda x_n, r, h, W, b: x_n + (r * r * h) @ W)),
        ("the mix still keeps r ⊙ h_{t−1}, and z and 1 − z have changed places; z was right.",
         _reset_mixed(mix=lambda z, n, h: z * n + (1 - z) * h)),
        ("the reset has moved behind the product, which was right before, and the mix still keeps r ⊙ h_{t−1}.",
         _reset_mixed(a_n=lambda x_n, r, h, W, b: x_n + r * (h @ W))),
        ("the reset has moved up: now z reads r ⊙ h_{t−1} too, and the mix still keeps it.",
         _reset_mixed(read=lambda r, h: r * h)),
        ("the candidate is reset twice: (r ⊙ h_{t−1}) W_hn has r once.",
         _paper_slip(a_n=lambda x_n, r, h, W, b: x_n + (r * r * h) @ W)),
        *((sentence, _paper_slip(**how)) for sentence, how in _COMMON),
        *_orders(a_n=_before),
    ),
    hints=HINTS,
)  # fmt: skip


# --- gru_step_backward -----------------------------------------------------------------------------------------


def _sigma_prime(gate):
    return gate * (1 - gate)


def _back(dh_t, h_prev, r, z, n, W_hh, *, to_z=lambda h, n: h - n, slope_z=_sigma_prime, slope_r=_sigma_prime,
          let_in=lambda z: 1 - z, slope_n=lambda n: 1 - n**2, back=lambda da, W: da @ W.T, to_r=None,
          kept=lambda z: z, from_n=None, read=lambda r, h: r * h, routes="drzn"):  # fmt: skip
    """One step back, the reset before the product; each keyword is a place for a mistake."""
    W_r, W_z, W_n = _blocks(W_hh)
    da_z = dh_t * to_z(h_prev, n) * slope_z(z)
    da_n = dh_t * let_in(z) * slope_n(n)
    dq = back(da_n, W_n)  # ∂L/∂(r ⊙ h_{t−1})
    da_r = (dq * h_prev if to_r is None else to_r(da_n, h_prev, W_n, dq)) * slope_r(r)
    parts = {"d": dh_t * kept(z), "r": back(da_r, W_r), "z": back(da_z, W_z),
             "n": dq * r if from_n is None else from_n(da_n, r, W_n, dq)}  # fmt: skip
    dW_hh = np.hstack([h_prev.T @ da_r, h_prev.T @ da_z, read(r, h_prev).T @ da_n])
    return da_r, da_z, da_n, dW_hh, sum(parts[route] for route in routes)


def _back_slip(**how):
    return lambda *args: _back(*args, **how)


def _back_part(place, make):
    """Replace one result by make(result, args)."""

    def run(*args):
        return tuple(make(part, args) if k == place else part for k, part in enumerate(_back(*args)))

    return run


def _only_last_route(*args):
    """dh_prev is overwritten by each route: what is left is the direct one."""
    return *_back(*args)[:4], args[0] * args[3]


def _crossed(dh_t, h_prev, r, z, n, W_hh):
    da_r, da_z, da_n, dW_hh, dh_prev = _back(dh_t, h_prev, r, z, n, W_hh)
    W_r, W_z, _ = _blocks(W_hh)
    return da_r, da_z, da_n, dW_hh, dh_prev + (da_r - da_z) @ (W_z - W_r).T


def _back_with_h(dh_t, h_prev, *rest):
    return _back(dh_t, h_prev, *rest, from_n=lambda da_n, r, W, dq: dq * h_prev)


def _after_back(dh_t, h_prev, r, z, n, W_hh):
    """The way back of the reset after the product (without b_hn)."""
    return _back(dh_t, h_prev, r, z, n, W_hh, to_r=lambda da_n, h, W, dq: da_n * (h @ W),
                 from_n=lambda da_n, r, W, dq: (da_n * r) @ W.T, read=lambda r, h: h)  # fmt: skip


def _mixed_blocks(dW, order):
    apart = dict(zip("rzn", np.split(dW, 3, axis=1)))
    return np.hstack([apart[name] for name in order])


def _back_cases(rng):
    cases = []
    for B, H in ((3, 4), (1, 2), (4, 3), (2, 1)):
        h_prev, n = rng.uniform(-0.9, 0.9, (2, B, H))
        r, z = rng.uniform(0.1, 0.9, (2, B, H))
        args = rng.normal(size=(B, H)), h_prev, r, z, n, rng.normal(size=(H, 3 * H))
        cases.append(Case(f"B = {B}, H = {H}", args))
    return cases


_NO_ROUTE = {
    "d": "the direct route is missing from dh_prev: h_{t−1} stands in h_t itself, with the factor z.",
    "r": "the route through r is missing from dh_prev: da_r W_hrᵀ.",
    "z": "the route through z is missing from dh_prev: da_z W_hzᵀ.",
    "n": "the route through the candidate is missing from dh_prev: (da_n W_hnᵀ) ⊙ r.",
}

GRU_STEP_BACKWARD = Exercise(
    name="gru_step_backward",
    args=("dh_t", "h_prev", "r", "z", "n", "W_hh"),
    outputs=(("da_r", "(B, H)"), ("da_z", "(B, H)"), ("da_n", "(B, H)"), ("dW_hh", "(H, 3H)"), ("dh_prev", "(B, H)")),
    cases=_back_cases,
    reference=_back,
    included="B = 1 and H = 1",
    hints=HINTS,
    chain=("da_z", "da_n", "da_r", "dW_hh", "dh_prev"),
    variants=(
        ("the sign of da_z is reversed: h_t = (1 − z) ⊙ n + z ⊙ h_{t−1} grows with z by h_{t−1} − n.",
         _back_slip(to_z=lambda h, n: n - h)),
        ("da_z knows of the old state alone; z stands in (1 − z) ⊙ n too: its factor is h_{t−1} − n.",
         _back_slip(to_z=lambda h, n: h)),
        ("da_z has not passed σ: its slope is z (1 − z).", _back_slip(slope_z=lambda z: 1.0)),
        ("da_r has not passed σ: its slope is r (1 − r).", _back_slip(slope_r=lambda r: 1.0)),
        ("the gates have not passed σ on the way back: the slopes are r (1 − r) and z (1 − z).",
         _back_slip(slope_z=lambda z: 1.0, slope_r=lambda r: 1.0)),
        ("the gates have the slope of tanh; that of σ is r (1 − r) and z (1 − z).",
         _back_slip(slope_z=lambda z: 1 - z**2, slope_r=lambda r: 1 - r**2)),
        ("r and z are squashed twice: they are σ(a) already, so their slopes are r (1 − r) and z (1 − z).",
         _back_slip(slope_z=lambda z: _sigma_prime(sigmoid(z)), slope_r=lambda r: _sigma_prime(sigmoid(r)))),
        ("da_n lacks the factor 1 − z, with which the candidate stands in h_t.", _back_slip(let_in=lambda z: 1.0)),
        ("da_n has the factor z; the candidate stands in h_t with 1 − z.", _back_slip(let_in=lambda z: z)),
        ("da_n has the factor z and the direct route 1 − z; z keeps, and 1 − z lets the candidate in.",
         _back_slip(let_in=lambda z: z, kept=lambda z: 1 - z)),
        ("z and 1 − z have changed places throughout: h_t = (1 − z) ⊙ n + z ⊙ h_{t−1}.",
         _back_slip(let_in=lambda z: z, kept=lambda z: 1 - z, to_z=lambda h, n: n - h)),
        ("da_n has not passed the tanh: its slope is 1 − n².", _back_slip(slope_n=lambda n: 1.0)),
        ("the slope of tanh is 1 − n², not (1 − n)².", _back_slip(slope_n=lambda n: (1 - n) ** 2)),
        ("the slope of tanh is 1 − n², with the square; yours is 1 − n.", _back_slip(slope_n=lambda n: 1 - n)),
        ("the candidate has the slope of σ; n is a tanh, with the slope 1 − n².", _back_slip(slope_n=_sigma_prime)),
        ("n is tanh(a_n) already, so the slope is 1 − n²; 1 − tanh(n)² squashes twice.",
         _back_slip(slope_n=lambda n: 1 - np.tanh(n) ** 2)),
        ("this is the way back for a reset after the product; here r multiplies h_{t−1} before W_hn does.",
         _after_back),
        ("da_r belongs to a reset after the product: here r meets the loss through W_hn, (da_n W_hnᵀ) ⊙ h_{t−1}.",
         _back_slip(to_r=lambda da_n, h, W, dq: da_n * (h @ W))),
        ("da_r skips W_hn: behind r ⊙ h_{t−1} stands the product, so it is (da_n W_hnᵀ) ⊙ h_{t−1}.",
         _back_slip(to_r=lambda da_n, h, W, dq: da_n * h)),
        ("da_r has the factor r where h_{t−1} belongs, which r multiplies.",
         _back_slip(to_r=lambda da_n, h, W, dq: dq, slope_r=lambda r: r * r * (1 - r))),
        ("da_r lacks the factor h_{t−1}, which r multiplies.", _back_slip(to_r=lambda da_n, h, W, dq: dq)),
        ("the products go back through W_hh; each goes back through its block's transpose.",
         _back_slip(back=lambda da, W: da @ W)),
        *((sentence, _back_slip(routes="drzn".replace(route, ""))) for route, sentence in _NO_ROUTE.items()),
        ("only the direct route is in dh_prev; the routes through r, z and n are added to it.", _only_last_route),
        ("only the routes through the gates are in dh_prev; the direct one and that through the candidate are missing.",
         _back_slip(routes="rz")),
        ("the direct route has the factor 1 − z; h_{t−1} stands in h_t with the factor z.",
         _back_slip(kept=lambda z: 1 - z)),
        ("the direct route is counted with the factor 1 + z; h_{t−1} stands in h_t with the factor z.",
         _back_slip(kept=lambda z: 1 + z)),
        ("the route through r goes back through W_hz and that through z through W_hr; each block has its own gate.",
         _crossed),
        ("in the route through the candidate stands h_{t−1} in the place of r; h_{t−1} goes in as r ⊙ h_{t−1}.",
         _back_with_h),
        ("the direct route has no factor; h_{t−1} stands in h_t with the factor z.", _back_slip(kept=lambda z: 1.0)),
        ("the route through the candidate lacks r: h_{t−1} goes in as r ⊙ h_{t−1}.",
         _back_slip(from_n=lambda da_n, r, W, dq: dq)),
        ("the route through the candidate has r before W_hnᵀ; on the way back r comes last: (da_n W_hnᵀ) ⊙ r.",
         _back_slip(from_n=lambda da_n, r, W, dq: (da_n * r) @ W.T)),
        ("the block n of dW_hh is made with h_{t−1}; what W_hn multiplied is r ⊙ h_{t−1}.",
         _back_slip(read=lambda r, h: h)),
        *((f"the blocks of dW_hh stand in the order {', '.join(order)}; the order is r, z, n.",
           _back_part(3, lambda dW, args, order=order: _mixed_blocks(dW, order))) for order in ("zrn", "nrz", "nzr",
                                                                                               "znr", "rnz")),
        ("the blocks of dW_hh are transposed: entry (i, j) is h_{t−1,i} times da_j, so it is h_prev.T @ da.",
         _back_part(3, lambda dW, args: np.hstack([block.T for block in np.split(dW, 3, axis=1)]))),
        ("dW_hh is the mean over the batch; each row uses the weights once, and the uses add.",
         _back_part(3, lambda dW, args: dW / len(args[0]))),
        ("the sign is reversed: return the gradient itself, not the step against it.",
         lambda *args: tuple(-part for part in _back(*args))),
        *((f"the results come in another order: return (da_r, da_z, da_n, dW_hh, dh_prev); {what} have changed places.",
           lambda *args, p=places: tuple(_back(*args)[k] for k in p))
          for what, places in (("da_r and da_z", (1, 0, 2, 3, 4)), ("da_r and da_n", (2, 1, 0, 3, 4)),
                               ("dW_hh and dh_prev", (0, 1, 2, 4, 3)))),
    ),
)  # fmt: skip


# --- gru_units -------------------------------------------------------------------------------------------------


def _lstm_size(D, H, blocks=4, biases=1):
    return blocks * (D * H + H * H + biases * H)


def _gru_size(D, U, blocks=3, biases=1, b_hn=1):
    return blocks * (D * U + U * U + biases * U) + b_hn * U


def _units(D, H, size=_gru_size, budget=_lstm_size, spare=0):
    """The largest U whose size is within the budget."""
    U = 0
    while size(D, U + 1) <= budget(D, H) - spare:
        U += 1
    return U


def _counted(size=None, budget=None, **how):
    """The search with counts of its own, each given by keywords."""
    return lambda D, H: _units(D, H, size=lambda *args: _gru_size(*args, **(size or {})),
                               budget=lambda *args: _lstm_size(*args, **(budget or {})), **how)  # fmt: skip


_NOT_A_RATIO = ("the parameters do not grow in proportion to the units: D H does, H² does not. Count both, and search "
                "for the largest that fits.")  # fmt: skip

# Sizes that tell the mistakes below from the right count and from each other.
_SIZES = ((10, 20), (15, 4), (10, 10), (65, 29), (6, 17), (7, 18), (3, 31), (6, 10))

GRU_UNITS = Exercise(
    name="gru_units",
    args=("D", "H"),
    outputs=(("the number of units", "()"),),
    cases=lambda rng: [Case(f"D = {D}, H = {H}", (D, H)) for D, H in _SIZES],
    reference=_units,
    included="two where the counts are equal",
    variants=(
        ("that is the first size which is too large; the largest that fits is one less.",
         lambda D, H: _units(D, H) + 1),
        ("equal counts are allowed: not more parameters than the LSTM.", _counted(spare=1)),
        ("b_hn is missing from the GRU's count: H more, as the reset comes after the product.",
         _counted(size={"b_hn": 0})),
        ("a block has one bias here; only the candidate of the GRU has a second one, b_hn.",
         _counted(size={"biases": 2, "b_hn": 0})),
        ("these are two biases for each block, as PyTorch stores them; here only the GRU's candidate has a second one.",
         _counted(size={"biases": 2, "b_hn": 0}, budget={"biases": 2})),
        ("the biases are missing from both counts.", _counted(size={"biases": 0, "b_hn": 0}, budget={"biases": 0})),
        ("a GRU has three blocks, the candidate's included; you count two.", _counted(size={"blocks": 2})),
        ("an LSTM has four blocks, the candidate's included; you count three.", _counted(budget={"blocks": 3})),
        ("the GRU has room for more units than the LSTM: it has three blocks, not four.", lambda D, H: H),
        (_NOT_A_RATIO, lambda D, H: 4 * H // 3),
        (_NOT_A_RATIO, lambda D, H: round(4 * H / 3)),
        (_NOT_A_RATIO, lambda D, H: int(np.sqrt(4 / 3) * H)),
        (_NOT_A_RATIO, lambda D, H: round(np.sqrt(4 / 3) * H)),
        ("that is how many parameters the GRU has then; wanted is the number of its units.",
         lambda D, H: _gru_size(D, _units(D, H))),
    ),
)  # fmt: skip


def gru_step(function):
    """Check `gru_step(x_t, h_prev, W_xh, W_hh, b_h, b_hn)` → h_t (B, H), the reset after the product, z keeps.

    x_t (B, D), h_prev (B, H), W_xh (D, 3H), W_hh (H, 3H), b_h (3H,), in blocks r, z, n; b_hn (H,). Answers with a
    Result; never raises.

    >>> gru_step(...)
    Not done yet: there is no function gru_step yet.
    """
    return judge(function, GRU_STEP)


def gru_fixed(function):
    """Check the repaired `gru_fixed(x_t, h_prev, W_xh, W_hh, b_h)` → h_t (B, H), the reset before the product.

    Shapes as in gru_step. Answers with a Result; never raises.

    >>> gru_fixed(...)
    Not done yet: there is no function gru_fixed yet.
    """
    return judge(function, GRU_FIXED)


def gru_step_backward(function):
    """Check `gru_step_backward(dh_t, h_prev, r, z, n, W_hh)`: one step back, the reset before the product.

    dh_t, h_prev, r, z, n (B, H), W_hh (H, 3H); returns (da_r, da_z, da_n, dW_hh, dh_prev). Answers with a Result;
    never raises.

    >>> gru_step_backward(...)
    Not done yet: there is no function gru_step_backward yet.
    """
    return judge(function, GRU_STEP_BACKWARD)


def gru_units(function):
    """Check `gru_units(D, H)`: how many units a GRU may have for no more parameters than an LSTM of H units.

    D inputs each; the GRU has b_hn. Answers with a Result; never raises.

    >>> gru_units(lambda D, H: H)
    Not yet: the GRU has room for more units than the LSTM: it has three blocks, not four.
    """
    return judge(function, GRU_UNITS)
