"""Variants of the exercises of *Backpropagation through time*."""

import numpy as np

from rnnlib.check.engine import Case, Exercise

from ..question import Question, Written

PHI = {
    "relu": (lambda a: np.maximum(a, 0.0), lambda h: (h > 0).astype(float)),
    "logistic": (lambda a: 1 / (1 + np.exp(-a)), lambda h: h * (1 - h)),
}
NAMES = {
    "relu": "ReLU, $\\varphi(a) = \\max(a, 0)$",
    "logistic": "the logistic function, $\\varphi(a) = \\sigma(a)$",
}


# --- all the way back, with another activation -----------------------------------------------------------------


def _walk(x, h, dh, W_xh, W_hh, slope, back=lambda da, W: da @ W.T, keep=lambda total, term: total + term, carry=True,
          before=lambda h, t: h[t - 1]):  # fmt: skip
    dW_xh, dW_hh, db_h = np.zeros(W_xh.shape), np.zeros(W_hh.shape), np.zeros(len(W_hh))
    dx, delta = np.zeros(x.shape), np.zeros(h[0].shape)
    for t in range(len(x), 0, -1):
        da = (delta + dh[t - 1]) * slope(h[t])
        dW_xh, dW_hh = keep(dW_xh, x[t - 1].T @ da), keep(dW_hh, before(h, t).T @ da)
        db_h, dx[t - 1] = keep(db_h, da.sum(axis=0)), da @ W_xh.T
        delta = back(da, W_hh) if carry else 0.0 * delta
    return dW_xh, dW_hh, db_h, dx, delta


def _states(x, h_0, W_xh, W_hh, b_h, phi):
    h = [h_0]
    for x_t in x:
        h.append(phi(x_t @ W_xh + h[-1] @ W_hh + b_h))
    return np.array(h)


def _walk_cases(phi):
    def cases(rng):
        made = []
        for T, B, D, H, words in (
            (4, 3, 2, 5, ""),
            (5, 2, 3, 3, ""),
            (2, 2, 1, 2, ""),
            (1, 2, 3, 2, "=T = 1"),
            (4, 1, 2, 3, "=B = 1"),
        ):
            W_xh, W_hh = rng.normal(size=(D, H)), rng.normal(size=(H, H)) / np.sqrt(H)
            x, h_0 = rng.normal(size=(T, B, D)), rng.uniform(0.1, 0.9, (B, H))
            h = _states(x, h_0, W_xh, W_hh, 0.5 * rng.normal(size=H), phi)
            made.append(
                Case(
                    words or f"T = {T}, B = {B}, D = {D}, H = {H}",
                    (x, h, rng.normal(size=(T, B, H)), W_xh, W_hh),
                )
            )
        return made

    return cases


def _backward(name):
    phi, slope = PHI[name]
    slip = lambda **how: lambda *args: _walk(*args, **{"slope": slope, **how})
    return Question(
        chapter=5, practice="rnn_backward", variant=name, points=10, minutes=30,
        text=(
            f"The cell's activation is {NAMES[name]}. `x` is (T, B, D), `h` (T+1, B, H) with $h_0$ first, `dh` "
            "(T, B, H) what the loss reads directly from each state. Return `(dW_xh, dW_hh, db_h, dx, dh_0)`."
        ),
        exercise=Exercise(
            name=f"{name}_backward", args=("x", "h", "dh", "W_xh", "W_hh"),
            outputs=(("dW_xh", "(D, H)"), ("dW_hh", "(H, H)"), ("db_h", "(H,)"), ("dx", "(T, B, D)"),
            ("dh_0", "(B, H)")),
            cases=_walk_cases(phi), reference=slip(), chain=("dx", "dh_0", "db_h", "dW_xh", "dW_hh"), backwards=True,
            variants=(
                ("the slope is that of tanh; the activation is another one here.", slip(slope=lambda h: 1 - h**2)),
                ("φ′ is missing between δ_t and ∂L/∂a_t.", slip(slope=lambda h: 1.0)),
                ("δ is passed back through W_hh; it goes back through its transpose.", slip(back=lambda da, W: da @ W)),
                ("nothing comes back from later steps.", slip(carry=False)),
                ("the parameters' gradients are not summed over time.", slip(keep=lambda total, term: term)),
                ("dW_hh uses the new state; W_hh multiplied the one before.", slip(before=lambda h, t: h[t])),
            ),
        ),
    )  # fmt: skip


# --- one step back, column vectors -----------------------------------------------------------------------------


def _column_step(dh_t, x_t, h_prev, h_t, V_hx, V_hh, slope=lambda h: 1 - h**2, back=lambda V, da: V.T @ da):
    da = dh_t * slope(h_t)
    return V_hx.T @ da, back(V_hh, da), da @ x_t.T, da @ h_prev.T, da.sum(axis=1, keepdims=True)


def _column_cases(rng):
    made = []
    for B, D, H, words in ((3, 2, 4, ""), (4, 3, 3, ""), (2, 1, 2, ""), (1, 3, 2, "=B = 1")):
        x_t, h_prev = rng.normal(size=(D, B)), rng.uniform(-0.9, 0.9, (H, B))
        V_hx, V_hh = rng.normal(size=(H, D)), rng.normal(size=(H, H))
        h_t = np.tanh(V_hx @ x_t + V_hh @ h_prev + rng.normal(size=(H, 1)))
        made.append(
            Case(
                words or f"B = {B}, D = {D}, H = {H}", (rng.normal(size=(H, B)), x_t, h_prev, h_t, V_hx, V_hh)
            )
        )
    return made


def _step_slip(**how):
    return lambda *args: _column_step(*args, **how)


STEP_COLUMNS = Question(
    chapter=5, practice="rnn_step_backward", variant="columns", points=6, minutes=20,
    text=(
        "Here a batch stands in *columns*: `x_t` is (D, B), `h_prev`, `h_t` and `dh_t` are (H, B), and $h_t = "
        "\\tanh(V_{hx} x_t + V_{hh} h_{t-1} + b)$ with `V_hx` (H, D), `V_hh` (H, H) and $b$ (H, 1). `dh_t` is the "
        "total $\\delta_t$. Return `(dx_t, dh_prev, dV_hx, dV_hh, db)`, each of the shape of what it belongs to."
    ),
    exercise=Exercise(
        name="column_step_backward", args=("dh_t", "x_t", "h_prev", "h_t", "V_hx", "V_hh"),
        outputs=(("dx_t", "(D, B)"), ("dh_prev", "(H, B)"), ("dV_hx", "(H, D)"), ("dV_hh", "(H, H)"), ("db", "(H, 1)")),
        cases=_column_cases, reference=_column_step, chain=("db", "dV_hx", "dV_hh", "dx_t", "dh_prev"),
        variants=(
            ("φ′ is missing: 1 − h_t² stands between δ_t and ∂L/∂a_t.", _step_slip(slope=lambda h: 1.0)),
            ("δ goes back through V_hh; it goes back through its transpose.", _step_slip(back=lambda V, da: V @ da)),
            ("dV_hh is transposed: row i belongs to unit i of a_t.",
             lambda *args: (lambda dx, dh, dV, dU, db: (dx, dh, dV, dU.T, db))(*_column_step(*args))),
        ),
    ),
)  # fmt: skip


# --- scalar, with a leak ---------------------------------------------------------------------------------------


def _leaky(w, leak, x, h_0, dh, forget=lambda leak: leak):
    """h_t = leak · h_{t−1} + tanh(w h_{t−1} + x_t): (dw, dleak, dh_0)."""
    h = [h_0]
    for x_t in x:
        h.append(leak * h[-1] + np.tanh(w * h[-1] + x_t))
    delta = dw = dleak = 0.0
    for t in range(len(x), 0, -1):
        delta = delta + dh[t - 1]
        da = delta * (1 - np.tanh(w * h[t - 1] + x[t - 1]) ** 2)
        dw, dleak = dw + da * h[t - 1], dleak + delta * h[t - 1]
        delta = da * w + delta * forget(leak)
    return dw, dleak, delta


def _leaky_cases(rng):
    made = []
    for T, words in ((3, ""), (6, ""), (5, ""), (1, "=T = 1")):
        w, leak, h_0 = (float(value) for value in rng.uniform(0.3, 0.9, 3).round(2))
        made.append(
            Case(
                words or f"T = {T}",
                (w, leak, rng.uniform(-1, 1, T).round(2), h_0, rng.uniform(-1, 1, T).round(2)),
            )
        )
    return made


SCALAR_LEAKY = Question(
    chapter=5, practice="scalar_bptt", variant="leaky", points=6, minutes=20,
    text=(
        "A leaky unit keeps a part of its state as it is: $h_t = \\lambda h_{t-1} + \\tanh(w h_{t-1} + x_t)$. `x` "
        "and `dh` hold $T$ numbers; `dh[k]` is what the loss reads directly from $h_{k+1}$. Return `(dw, dleak, "
        "dh_0)`, with `leak` for $\\lambda$."
    ),
    exercise=Exercise(
        name="leaky_bptt", args=("w", "leak", "x", "h_0", "dh"), outputs=(("dw", "()"), ("dleak", "()"),
        ("dh_0", "()")),
        cases=_leaky_cases, reference=_leaky, chain=("dleak", "dw", "dh_0"),
        variants=(
            ("the leak is missing on the way back: h_{t−1} acts through it as well.",
             lambda *args: _leaky(*args, forget=lambda leak: 0.0)),
            ("the leak's way back has the factor 1; it is λ.", lambda *args: _leaky(*args, forget=lambda leak: 1.0)),
        ),
    ),
)  # fmt: skip

QUESTIONS = [_backward("relu"), _backward("logistic"), STEP_COLUMNS, SCALAR_LEAKY]

WRITTEN = [
    Written(
        chapter=5, name="derive-learned-start", points=6, minutes=20,
        text=(
            "Derive $\\partial L / \\partial h_0$ for $h_t = \\tanh(x_t W_{xh} + h_{t-1} W_{hh} + b_h)$ and a loss "
            "at every step, from the chain rule, for $T = 2$. Mark which derivatives are immediate and which are "
            "total. Then say what changes if all $B$ sequences of a batch share one learned $h_0$."
        ),
        scheme=(
            "2 points: both routes of h_1 (L_1, and h_2) added. 1 point: φ′(a_t) and the transposed W_hh in the "
            "right order. 1 point: immediate and total told apart. 1 point: δ_0 = (δ_1 ⊙ φ′(a_1)) W_hhᵀ. 1 point: "
            "with a shared h_0 the B gradients are summed, since one parameter is used B times."
        ),
    ),
]  # fmt: skip
