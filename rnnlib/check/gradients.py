"""Checks of the chapter *Vanishing and exploding gradients*."""

import math

import numpy as np

from .answers import _is_open, _never_raising
from .engine import Case, Exercise, judge
from .result import kind, number, open_, right, size, wrong

# --- jacobian --------------------------------------------------------------------------------------------------


def _slope(a_t):
    return 1 - np.tanh(a_t) ** 2


def _jacobian_cases(rng):
    return [Case(f"H = {H}", (rng.normal(size=H), rng.normal(size=(H, H)))) for H in (3, 2, 4, 1)]


JACOBIAN = Exercise(
    name="jacobian",
    args=("a_t", "W_hh"),
    outputs=(("J_t", "(H, H)"),),
    cases=_jacobian_cases,
    reference=lambda a_t, W_hh: W_hh @ np.diag(_slope(a_t)),
    included="H = 1",
    variants=(
        ("the diagonal stands on the wrong side: the tanh comes after the product, so φ′ of unit j scales column j.",
         lambda a_t, W_hh: np.diag(_slope(a_t)) @ W_hh),
        ("this is J_tᵀ, the matrix for columns, or for the way back; dh_t = dh_prev @ J_t wants W_hh diag(φ′).",
         lambda a_t, W_hh: np.diag(_slope(a_t)) @ W_hh.T),
        ("W_hh is transposed: unit i of the old state reaches unit j of the new by W_hh[i, j].",
         lambda a_t, W_hh: W_hh.T @ np.diag(_slope(a_t))),
        ("φ′ is missing: the tanh of step t scales what passes through W_hh.", lambda a_t, W_hh: W_hh.copy()),
        ("φ′(a) is 1 − tanh(a)²; yours is 1 − a².", lambda a_t, W_hh: W_hh * (1 - a_t**2)),
        ("φ′(a) is 1 − tanh(a)², with the square.", lambda a_t, W_hh: W_hh * (1 - np.tanh(a_t))),
        ("this is φ instead of φ′: the derivative 1 − tanh(a)² scales the columns.",
         lambda a_t, W_hh: W_hh * np.tanh(a_t)),
        ("φ′(a) is 1 − tanh(a)²: a_t stands before the tanh, so the tanh comes first, and once.",
         lambda a_t, W_hh: W_hh * (1 - np.tanh(np.tanh(a_t)) ** 2)),
        ("this is the slope of the logistic function; tanh has 1 − tanh(a)².",
         lambda a_t, W_hh: W_hh / (1 + np.exp(-a_t)) / (1 + np.exp(a_t))),
        ("φ′ is applied twice, to columns and to rows; only column j meets a tanh, that of unit j.",
         lambda a_t, W_hh: np.diag(_slope(a_t)) @ W_hh @ np.diag(_slope(a_t))),
        ("the diagonal is added; J_t is the product W_hh diag(φ′(a_t)).",
         lambda a_t, W_hh: W_hh + np.diag(_slope(a_t))),
        ("this is a row, φ′ carried through W_hh; J_t is a matrix, W_hh diag(φ′(a_t)).",
         lambda a_t, W_hh: _slope(a_t) @ W_hh),
        ("this is a row, φ′ carried through W_hh; J_t is a matrix, W_hh diag(φ′(a_t)).",
         lambda a_t, W_hh: W_hh @ _slope(a_t)),
        ("only the diagonal of W_hh is left: units reach each other, not only themselves.",
         lambda a_t, W_hh: np.diag(np.diag(W_hh) * _slope(a_t))),
    ),
)  # fmt: skip


# --- gradient_norms --------------------------------------------------------------------------------------------


def _norms(
    h, W_hh, dh_last, *, slope=lambda h, t: 1 - h[t] ** 2, back=lambda da, W: da @ W.T, norm=np.linalg.norm
):
    delta, norms = dh_last, [norm(dh_last)]
    for t in range(len(h) - 1, 0, -1):
        delta = back(delta * slope(h, t), W_hh)
        norms.append(norm(delta))
    return np.array(norms[::-1])


def _norms_slip(**how):
    return lambda *args: _norms(*args, **how)


def _slope_last(h, W_hh, dh_last):
    delta, norms = dh_last, [np.linalg.norm(dh_last)]
    for t in range(len(h) - 1, 0, -1):
        delta = (delta @ W_hh.T) * (1 - h[t] ** 2)
        norms.append(np.linalg.norm(delta))
    return np.array(norms[::-1])


def _not_carried(h, W_hh, dh_last):
    steps = [np.linalg.norm(dh_last * (1 - h_t**2) @ W_hh.T) for h_t in h[1:]]
    return np.array([*steps, np.linalg.norm(dh_last)])


def _of_matrices(h, W_hh, dh_last):
    product, norms = np.eye(len(W_hh)), [1.0]
    for h_t in h[:0:-1]:
        product = W_hh * (1 - h_t**2) @ product
        norms.append(np.linalg.norm(product, 2))
    return np.array(norms[::-1])


def _norms_cases(rng):
    cases = []
    for T, H in ((4, 3), (6, 2), (1, 3), (3, 1)):
        args = rng.uniform(-0.9, 0.9, (T + 1, H)), rng.normal(size=(H, H)), rng.normal(size=H)
        cases.append(Case(f"T = {T}, H = {H}", args))
    return cases


GRADIENT_NORMS = Exercise(
    name="gradient_norms",
    args=("h", "W_hh", "dh_last"),
    outputs=(("norms", "(T+1,)"),),
    cases=_norms_cases,
    reference=_norms,
    included="T = 1 and H = 1",
    backwards=True,
    variants=(
        ("the norms run backward in time: the first belongs to t = 0, the last to t = T.",
         lambda *args: _norms(*args)[::-1]),
        ("these are the squared norms.", _norms_slip(norm=lambda v: np.sum(v**2))),
        ("these are sums of absolute values; the norm is the root of the sum of squares.",
         _norms_slip(norm=lambda v: np.abs(v).sum())),
        ("δ is passed back through W_hh; it goes back through its transpose, W_hhᵀ.",
         _norms_slip(back=lambda da, W: da @ W)),
        ("φ′ is missing: multiply by 1 − h_t² before the product.", _norms_slip(slope=lambda h, t: 1.0)),
        ("φ′ is taken at h_{t−1}; the step from t to t − 1 uses 1 − h_t².",
         _norms_slip(slope=lambda h, t: 1 - h[t - 1] ** 2)),
        ("φ′ of tanh is 1 − h_t², with the square.", _norms_slip(slope=lambda h, t: 1 - h[t])),
        ("h_t is tanh(a_t) already, so φ′(a_t) is 1 − h_t²; 1 − tanh(h_t)² squashes twice.",
         _norms_slip(slope=lambda h, t: 1 - np.tanh(h[t]) ** 2)),
        ("φ′ is applied twice: once on each step back, between δ_t and the product.",
         _norms_slip(slope=lambda h, t: (1 - h[t] ** 2) ** 2)),
        ("φ′ comes after the product; on the way back the tanh is met first, then W_hhᵀ.", _slope_last),
        ("the states are taken in the order of time; on the way back h_T comes first.",
         _norms_slip(slope=lambda h, t: 1 - h[len(h) - t] ** 2)),
        ("each step back starts from dh_last again; δ is carried on from step to step.", _not_carried),
        ("these are the largest entries; the norm is the root of the sum of squares.",
         _norms_slip(norm=lambda v: np.abs(v).max())),
        ("these are the mean squares under the root; the norm sums the squares.",
         _norms_slip(norm=lambda v: np.sqrt(np.mean(v**2)))),
        ("these are the norms of the matrices ∂h_T/∂h_t; those of the row ∂L/∂h_t are wanted.", _of_matrices),
        ("these are the gradients themselves; their norms are wanted, one number for each t.",
         _norms_slip(norm=lambda v: v)),
        ("the norms are divided by that of dh_last; they are wanted as they are.",
         lambda *args: _norms(*args) / np.linalg.norm(args[2])),
        ("the norm at t = T is missing: ‖dh_last‖ itself is the last entry.", lambda *args: _norms(*args)[:-1]),
        ("the norm at t = 0 is missing: h_0 has a gradient too.", lambda *args: _norms(*args)[1:]),
        ("these are the norms of ∂L/∂a_t; those of ∂L/∂h_t are wanted.",
         lambda h, W_hh, dh_last: np.array([*_a_norms(h, W_hh, dh_last), np.linalg.norm(dh_last)])),
    ),
)  # fmt: skip


def _a_norms(h, W_hh, dh_last):
    delta, norms = dh_last, []
    for t in range(len(h) - 1, 0, -1):
        da = delta * (1 - h[t] ** 2)
        norms.append(np.linalg.norm(da))
        delta = da @ W_hh.T
    return norms[::-1]


# --- steps_to_fade ---------------------------------------------------------------------------------------------


def _fade(s_max, factor):
    n = 0
    while s_max**n > factor:
        n += 1
    return n


_FADES = ((0.5, 0.001), (0.9, 0.01), (0.99, 0.5), (0.5, 0.25), (0.3, 0.9), (0.8, 1.0))

STEPS_TO_FADE = Exercise(
    name="steps_to_fade",
    args=("s_max", "factor"),
    outputs=(("n", "()"),),
    cases=lambda rng: [Case(f"s_max = {s}, factor = {f}", (s, f)) for s, f in _FADES],
    reference=_fade,
    included="factors that are met exactly",
    variants=(
        ("this is the number before rounding up; whole steps are wanted.", lambda s, f: np.log(f) / np.log(s)),
        ("rounded down, the bound is not yet reached; round up.",
         lambda s, f: int(np.floor(np.log(f) / np.log(s) + 1e-12))),
        ("this is rounded to the nearest; the bound must be reached, so round up.",
         lambda s, f: round(np.log(f) / np.log(s))),
        ("one step too many: where s_max^n is exactly the factor, n steps are enough.",
         lambda s, f: int(np.floor(np.log(f) / np.log(s) + 1e-12)) + 1),
        ("the two logarithms are divided the wrong way round: n is ln(factor) / ln(s_max).",
         lambda s, f: math.ceil(math.log(s) / math.log(f))),
        ("the two logarithms are divided the wrong way round: n is ln(factor) / ln(s_max).",
         lambda s, f: np.ceil(np.log(s) / np.log(f))),
        ("the logarithms have different bases: take both of one base, else their ratio is no number of steps.",
         lambda s, f: math.ceil(math.log10(f) / math.log(s))),
        ("the logarithms have different bases: take both of one base, else their ratio is no number of steps.",
         lambda s, f: math.ceil(math.log2(f) / math.log(s))),
        ("one step too many: counting starts at 0, where the factor is 1.", lambda s, f: _fade(s, f) + 1),
        ("one step too few: after it the bound still stands above the factor.", lambda s, f: max(_fade(s, f) - 1, 0)),
        ("this is the bound after the steps; their number is wanted.", lambda s, f: s ** _fade(s, f)),
        ("the gradient does not shrink by 1 − s_max of its start a step; it is multiplied by s_max.",
         lambda s, f: int(np.ceil((1 - f) / (1 - s) - 1e-12))),
        ("the sign is wrong: both logarithms are negative, and their quotient is positive.",
         lambda s, f: -_fade(s, f)),
    ),
)  # fmt: skip


# --- exploding_net ---------------------------------------------------------------------------------------------

STARTS, STEPS, ENOUGH = 20, 50, 4.0  # ENOUGH is log10 of the norm
LARGEST = 1e6


def _exploding(W, b):
    if _is_open(W) or _is_open(b):
        return open_("put a 2×2 matrix and a bias of two numbers in the place of the dots.")
    for name, value, shape in (("W", W, (2, 2)), ("b", b, (2,))):
        complaint = _complaint(value, shape)
        if complaint:
            return wrong(f"{name} {complaint}")
    return _judge_net(np.asarray(W, float), np.asarray(b, float))


def _complaint(value, shape):
    """Say what keeps a value from being an array of ordinary numbers of this shape, or None."""
    try:
        array = np.asarray(value)
    except ValueError:
        return "has rows that differ in length."
    if array.dtype.kind not in "biuf":
        return f"is {kind(value)}; expected real numbers."
    if array.shape != shape:
        return f"has {size(array.shape)}; expected shape {shape}."
    if not np.isfinite(array).all():
        return "holds a number that is not finite."
    largest = np.abs(array.astype(float)).max()
    if largest > LARGEST:
        return f"holds {number(largest)} in size; stay below a million: the tanh is flat there anyway."
    return None


def _judge_net(W, b):
    rho, s_max = _spectral_radius(W), np.linalg.norm(W, 2)
    if rho >= 1:
        return wrong(f"ρ(W) is {number(rho)}; it has to be below 1.")
    if s_max <= 1:
        return wrong(f"s_max(W) is {number(s_max)}: no step can stretch at all, so nothing explodes. Make W large "
                     "although its eigenvalues are small.")  # fmt: skip
    growth = np.array([_growth(W, b, h_0) for h_0 in np.random.default_rng(0).uniform(-1, 1, (STARTS, 2))])
    above = int((growth > ENOUGH).sum())
    if above == STARTS:
        return right(
            "Right: ρ(W) is below 1, and ‖∂h_50/∂h_0‖ is above 10⁴ from all 20 starts." + _remark(W, b)
        )
    if above:
        return wrong(f"it explodes from {above} of 20 starts; find a bias with which it does from all.")
    return wrong(_what_it_does(b, growth.max()))


def _spectral_radius(W):
    scale = np.abs(W).max() or 1.0
    (p, q), (r, s) = W / scale
    return scale * np.abs(np.roots([1.0, -(p + s), p * s - q * r])).max(initial=0)


def _growth(W, b, h):
    """Return log10 ‖∂h_50/∂h_0‖, kept as a logarithm so that nothing overflows."""
    product, log = np.eye(2), 0.0
    for _ in range(STEPS):
        h = np.tanh(h @ W + b)
        product = product @ (W * (1 - h**2))
        scale = np.abs(product).max()
        if scale == 0:
            return -np.inf
        product, log = product / scale, log + np.log10(scale)
    return log + np.log10(np.linalg.norm(product, 2))


def _what_it_does(b, most):
    if most < -6 and not b.any():
        return (
            "the gradient dies: without a bias the orbit settles at 0, where W alone decides. Give it a bias."
        )
    if most < -6:
        return "the gradient dies: the orbit settles where the steps shrink. Another bias keeps it moving."
    return f"‖∂h_50/∂h_0‖ is {number(10**most)} at most; more than 10⁴ is wanted, from every start."


def _remark(W, b):
    ours = np.allclose(W, [[3, -3], [3, -3]]) and np.allclose(b, [-1.5, 3])
    return " It is the one in the text, though; there are others." if ours else ""


def jacobian(function):
    """Check `jacobian(a_t, W_hh)`: J_t = W_hh diag(φ′(a_t)) of a tanh cell, (H, H). Never raises.

    >>> jacobian(lambda a_t, W_hh: W_hh)
    Not yet: φ′ is missing: the tanh of step t scales what passes through W_hh.
    """
    return judge(function, JACOBIAN)


def gradient_norms(function):
    """Check `gradient_norms(h, W_hh, dh_last)`: ‖∂L/∂h_t‖ for t = 0 … T, loss at the last step. Never raises.

    >>> gradient_norms(...)
    Not done yet: there is no function gradient_norms yet.
    """
    return judge(function, GRADIENT_NORMS)


def steps_to_fade(function):
    """Check `steps_to_fade(s_max, factor)`: the smallest n with s_max**n ≤ factor. Never raises.

    >>> steps_to_fade(lambda s_max, factor: np.log(factor) / np.log(s_max))
    Not yet: this is the number before rounding up; whole steps are wanted.
    """
    return judge(function, STEPS_TO_FADE)


def exploding_net(W, b):
    """Judge a two-unit tanh network, W (2, 2) and b (2,): ρ(W) < 1, yet ‖∂h_50/∂h_0‖ > 10⁴ from 20 random starts.

    Answers with a Result; never raises.

    >>> exploding_net(2 * np.eye(2), np.zeros(2))
    Not yet: ρ(W) is 2; it has to be below 1.
    >>> exploding_net([[-4, -4], [4, 4]], [3, 1.5])
    Right: ρ(W) is below 1, and ‖∂h_50/∂h_0‖ is above 10⁴ from all 20 starts.
    """
    return _never_raising(_exploding, W, b)
