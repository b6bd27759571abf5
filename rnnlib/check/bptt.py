"""Checks of the chapter on backpropagation through time."""

import numpy as np

from .engine import Case, Exercise, judge

# --- one walk back, with every slip that it knows --------------------------------------------------------------


def walk(x, h, dh, W_xh, W_hh, *, slope=lambda h, t: 1 - h[t] ** 2, back=lambda da, W: da @ W.T, carry=True,
         take=lambda delta, dh_t: delta + dh_t, keep=lambda total, term: total + term, before=lambda h, t: h[t - 1],
         times=None, cut=lambda t: False, after=lambda came, delta, h, t: came):  # fmt: skip
    """Return (dW_xh, dW_hh, db_h, dx, dh_0) of a tanh network; each keyword is a place for a mistake."""
    dW_xh, dW_hh, db_h = np.zeros(W_xh.shape), np.zeros(W_hh.shape), np.zeros(h.shape[-1])
    dx, delta = np.zeros(x.shape), np.zeros(h[0].shape)
    for t in range(len(x), 0, -1) if times is None else times(len(x)):
        delta = take(delta, dh[t - 1])
        da = delta * slope(h, t)
        dW_xh, dW_hh = keep(dW_xh, x[t - 1].T @ da), keep(dW_hh, before(h, t).T @ da)
        db_h, dx[t - 1] = keep(db_h, da.sum(axis=0)), da @ W_xh.T
        delta = after(back(da, W_hh), delta, h, t) if carry and not cut(t) else np.zeros(h[0].shape)
    return dW_xh, dW_hh, db_h, dx, delta


def slip(**how):
    """Return the walk with one mistake.

    >>> slip(carry=False)(np.ones((1, 1, 1)), np.zeros((2, 1, 1)), np.ones((1, 1, 1)), np.eye(1), np.eye(1))[1].shape
    (1, 1)
    """
    return lambda *args: walk(*args, **how)


def changed(change):
    """Return the walk whose finished results are changed: change(results, args) → results.

    >>> first = changed(lambda results, args: results[:1])
    >>> len(first(np.ones((1, 1, 1)), np.zeros((2, 1, 1)), np.ones((1, 1, 1)), np.eye(1), np.eye(1)))
    1
    """
    return lambda *args: change(walk(*args), args)


def forward(x, W_xh, W_hh, b_h, h_0):
    """Return h (T+1, B, H) of a tanh network.

    >>> forward(np.zeros((3, 1, 1)), np.eye(1), np.eye(1), 0.0, np.zeros((1, 1))).shape
    (4, 1, 1)
    """
    h = [h_0]
    for x_t in x:
        h.append(np.tanh(x_t @ W_xh + h[-1] @ W_hh + b_h))
    return np.array(h)


def walk_cases(rng, shapes=((4, 3, 2, 5), (5, 2, 3, 3), (1, 2, 3, 2), (3, 1, 2, 4), (3, 2, 1, 1))):
    """Draw the arguments of a walk for shapes (T, B, D, H).

    >>> len(walk_cases(np.random.default_rng(0)))
    5
    """
    cases = []
    for T, B, D, H in shapes:
        x, W_xh, W_hh = rng.normal(size=(T, B, D)), rng.normal(size=(D, H)), rng.normal(size=(H, H))
        h = forward(x, W_xh, W_hh, rng.normal(size=H), rng.uniform(-0.9, 0.9, (B, H)))
        words = f"T = {T}, B = {B}, D = {D}, H = {H}"
        cases.append(Case(words, (x, h, rng.normal(size=(T, B, H)), W_xh, W_hh)))
    return cases


NO_SLOPE = "φ′ is missing: between δ_t and ∂L/∂a_t stands the factor 1 − h_t²."
LINEAR_SLOPE = "φ′ of tanh is 1 − h_t², with the square; yours is 1 − h_t."
OLD_SLOPE = "φ′ is taken at h_{t−1}; the tanh of step t gave h_t, so it is 1 − h_t²."
DROPPED = "nothing comes back from the later steps: δ_{t−1} needs (δ_t ⊙ φ′(a_t)) W_hhᵀ."
OVERWRITTEN = ("only the last loss counts: what comes back from step t + 1 replaces what the loss says at t; a state "
               "has both routes, so the two are added.")  # fmt: skip
NOT_TRANSPOSED = "δ is passed back through W_hh; it goes back through its transpose, W_hhᵀ."
LAST_TERM = ("the parameters' gradients are summed over the batch but not over time: only one step's term is kept, "
             "where each step adds its own.")  # fmt: skip
NEW_STATE = "dW_hh uses h_t; what W_hh multiplied at step t is the state before, h_{t−1}."
SQUASHED_TWICE = "h_t is tanh(a_t) already, so φ′(a_t) is 1 − h_t²; 1 − tanh(h_t)² squashes twice."
LOGISTIC_SLOPE = "h_t (1 − h_t) is the slope of the logistic function; that of tanh is 1 − h_t²."
NEGATIVE_SLOPE = "φ′ of tanh is 1 − h_t², not h_t² − 1: the sign of φ′ is reversed."
PLUS_SLOPE = "φ′ of tanh is 1 − h_t², not 1 + h_t²."
SHIFTED = ("the states are one step behind: h[0] is h_0, so step t, which reads x[t-1] and dh[t-1], goes from h[t-1] "
           "to h[t].")  # fmt: skip
LATE_LOSS = ("the loss of step t joins δ behind the tanh of step t, one step too early in time; add dh[t-1] before "
             "anything else.")  # fmt: skip
LAST_LOSS_MISSING = "the loss of the last step is missing: the walk begins with δ_T = dh[T-1]."
UNSLOPED_SUMS = "the parameters' gradients are made from δ_t; they need ∂L/∂a_t = δ_t ⊙ φ′(a_t)."
REVERSED_SIGN = "the sign is reversed: return the gradient itself, not the step against it."
ACCUMULATED = ("δ is carried on along with what it becomes: what goes on to h_{t−1} is (δ_t ⊙ φ′(a_t)) W_hhᵀ "
               "alone, in the place of δ_t.")  # fmt: skip
STOPS_EARLY = "the walk stops before step 1: range(T, 1, -1) ends at 2, and range(T, 0, -1) at 1."
DIVIDED_EACH = (
    "the division by the batch's size is made at every step, so that it piles up; nothing is divided here."
)
FORWARD = "the loop runs forward in time; δ_t needs δ_{t+1}, so begin at t = T."
SLOPE_TWICE = "φ′ is applied twice: once between δ_t and ∂L/∂a_t, and again on the way to h_{t−1}."
SLOPE_SKIPPED_BACK = ("what goes back to h_{t−1} is δ_t W_hhᵀ; it must pass the tanh first: "
                      "(δ_t ⊙ φ′(a_t)) W_hhᵀ.")  # fmt: skip

HINTS = ((r"(^|: )(x|dh|h)\[[^\]]*\] asks for index [1-9]\d* along axis 0,",
          "Step t goes from h[t-1] to h[t], and reads x[t-1] and dh[t-1]."),)  # fmt: skip

_FLOW = (
    (NO_SLOPE, slip(slope=lambda h, t: 1.0)),
    (LINEAR_SLOPE, slip(slope=lambda h, t: 1 - h[t])),
    (OLD_SLOPE, slip(slope=lambda h, t: 1 - h[t - 1] ** 2)),
    (SLOPE_TWICE, slip(slope=lambda h, t: (1 - h[t] ** 2) ** 2)),
    (SQUASHED_TWICE, slip(slope=lambda h, t: 1 - np.tanh(h[t]) ** 2)),
    (LOGISTIC_SLOPE, slip(slope=lambda h, t: h[t] * (1 - h[t]))),
    (NEGATIVE_SLOPE, slip(slope=lambda h, t: h[t] ** 2 - 1)),
    (PLUS_SLOPE, slip(slope=lambda h, t: 1 + h[t] ** 2)),
    (DROPPED, slip(carry=False)),
    (DROPPED, slip(take=lambda delta, dh_t: dh_t)),
    (OVERWRITTEN, slip(take=lambda delta, dh_t: delta if delta.any() else dh_t)),
    (NOT_TRANSPOSED, slip(back=lambda da, W: da @ W)),
    (LAST_TERM, slip(keep=lambda total, term: term)),
    (LAST_TERM, slip(keep=lambda total, term: total if total.any() else term)),
    (NEW_STATE, slip(before=lambda h, t: h[t])),
    (FORWARD, slip(times=lambda T: range(1, T + 1))),
    (SLOPE_TWICE, slip(after=lambda came, delta, h, t: came * (1 - h[t] ** 2))),
    (SLOPE_TWICE, slip(after=lambda came, delta, h, t: came * (1 - h[t - 1] ** 2))),
    (ACCUMULATED, slip(after=lambda came, delta, h, t: came + delta)),
    (STOPS_EARLY, slip(times=lambda T: range(T, 1, -1))),
)


def _behind(x, h, *rest):
    return walk(x, np.roll(h, 1, axis=0), *rest)


def _late_loss(x, h, dh, W_xh, W_hh):
    """Add dh[t-1] behind the tanh of step t: to what goes on to h_{t−1}."""
    *grads, delta = walk(x, h, np.concatenate([dh[1:], 0 * dh[:1]]), W_xh, W_hh)
    return *grads, delta + dh[0]


def _without_last_loss(x, h, dh, *weights):
    return walk(x, h, np.concatenate([dh[:-1], 0 * dh[-1:]]), *weights)


def _sums_of_delta(x, h, dh, W_xh, W_hh):
    """Sum h_{t−1}ᵀ δ_t and so on, while δ itself is passed on rightly."""
    *_, dx, dh_0 = walk(x, h, dh, W_xh, W_hh)
    after = [
        walk(x[t:], h[t:], dh[t:], W_xh, W_hh)[4] for t in range(1, len(x) + 1)
    ]  # what comes back to h_t
    delta = np.array(after) + dh
    dW_xh = sum(x_t.T @ delta_t for x_t, delta_t in zip(x, delta))
    dW_hh = sum(h_prev.T @ delta_t for h_prev, delta_t in zip(h, delta))
    return dW_xh, dW_hh, delta.sum(axis=(0, 1)), dx, dh_0


def _accumulated_later(x, h, dh, W_xh, W_hh):
    """Add what comes back to what came back before, the losses apart."""
    grads, later, dx = [0.0, 0.0, 0.0], 0.0, np.zeros(x.shape)
    for t in range(len(x), 0, -1):
        da = (later + dh[t - 1]) * (1 - h[t] ** 2)
        grads = [
            total + term for total, term in zip(grads, (x[t - 1].T @ da, h[t - 1].T @ da, da.sum(axis=0)))
        ]
        dx[t - 1], later = da @ W_xh.T, later + da @ W_hh.T
    return *grads, dx, later


def _back_without_slope(x, h, dh, W_xh, W_hh):
    return walk(x, h, dh, W_xh, W_hh, after=lambda came, delta, h, t: delta @ W_hh.T)


_MORE = (
    (ACCUMULATED, _accumulated_later),
    (SHIFTED, _behind),
    (LATE_LOSS, _late_loss),
    (LAST_LOSS_MISSING, _without_last_loss),
    (UNSLOPED_SUMS, _sums_of_delta),
    (REVERSED_SIGN, changed(lambda results, args: tuple(-result for result in results))),
)


# --- scalar_bptt -----------------------------------------------------------------------------------------------


def _scalar(w, u, b, x, h_0, dh, run=walk, states=None):
    """Walk back through arrays of one row and one unit; `states` replaces h_0 … h_T."""
    x, W = np.reshape(np.asarray(x, float), (-1, 1, 1)), np.array([[float(w)]])
    h = forward(x, np.array([[float(u)]]), W, b, np.array([[float(h_0)]]))
    h = h if states is None else np.reshape(states(w, u, b, x[:, 0, 0], h_0), (-1, 1, 1))
    results = run(x, h, np.reshape(np.asarray(dh, float), (-1, 1, 1)), np.array([[float(u)]]), W)
    dW_xh, dW_hh, db_h, _, dh_0 = results
    return tuple(np.asarray(value).item() for value in (dW_hh, dW_xh, db_h, dh_0))


def _scalar_words(sentence):
    """Say it of numbers: w for W_hh, no batch."""
    words = sentence.replace("dW_hh", "dw").replace("W_hhᵀ", "w").replace("W_hh", "w").replace(" ⊙", "")
    summed = "the parameters' gradients are summed over the batch but not over time"
    return words.replace(summed, "dw, du and db are not summed over time").replace("the parameters' gradients",
                                                                                   "dw, du and db")  # fmt: skip


def _scalar_slip(run):
    return lambda *args: _scalar(*args, run=run)


def _scalar_cases(rng):
    cases = []
    for T in (3, 5, 1, 4):
        w, u, b, h_0 = rng.uniform(0.4, 1.4, 4).round(2).tolist()
        x, dh = rng.uniform(-1, 1, (2, T)).round(2)
        cases.append(Case(f"T = {T}, w = {w}", (w, -u, b, x, h_0, dh)))
    return cases


def _from_states(step, start=lambda h_0: h_0):
    """Walk back through the states of a wrong forward pass."""

    def states(w, u, b, x, h_0):
        h = [start(h_0)]
        for x_t in x:
            h.append(step(w * h[-1], u * x_t, b))
        return h

    return lambda *args: _scalar(*args, states=states)


def _passed_with(factor):
    """Pass on δ_t φ′(a_t) times another factor than w."""

    def run(w, u, b, x, h_0, dh):
        return _scalar(w, u, b, x, h_0, dh, run=slip(back=lambda da, W: da * factor(w, u)))

    return run


def _order(*places):
    return lambda *args: tuple(_scalar(*args)[k] for k in places)


SCALAR_BPTT = Exercise(
    name="scalar_bptt",
    args=("w", "u", "b", "x", "h_0", "dh"),
    outputs=(("dw", "()"), ("du", "()"), ("db", "()"), ("dh_0", "()")),
    cases=_scalar_cases,
    reference=_scalar,
    included="T = 1",
    chain=("db", "du", "dw", "dh_0"),
    variants=(
        *((_scalar_words(sentence), _scalar_slip(run))
          for sentence, run in _FLOW if sentence is not NOT_TRANSPOSED),
        (_scalar_words(SLOPE_SKIPPED_BACK), _scalar_slip(_back_without_slope)),
        *((_scalar_words(sentence), _scalar_slip(run)) for sentence, run in _MORE),
        ("the forward pass lacks the tanh: run h_t = tanh(w h_{t−1} + u x_t + b) first.",
         _from_states(lambda wh, ux, b: wh + ux + b)),
        ("the forward pass lacks b: run h_t = tanh(w h_{t−1} + u x_t + b) first.",
         _from_states(lambda wh, ux, b: np.tanh(wh + ux))),
        ("the forward pass starts from 0; it starts from h_0.",
         _from_states(lambda wh, ux, b: np.tanh(wh + ux + b), start=lambda h_0: 0.0)),
        ("δ is passed on with u; h_{t−1} went into a_t with the factor w.", _passed_with(lambda w, u: u)),
        ("δ is passed on without a factor; h_{t−1} went into a_t with the factor w.", _passed_with(lambda w, u: 1.0)),
        ("dw and du are swapped: return (dw, du, db, dh_0), in this order.", _order(1, 0, 2, 3)),
        ("the last value is δ_1; ∂L/∂h_0 is one step further back, δ_1 φ′(a_1) w.",
         lambda w, u, b, x, h_0, dh: (*_scalar(w, u, b, x, h_0, dh)[:3],
                                      _scalar(w, u, b, x[1:], np.tanh(w * h_0 + u * x[0] + b), dh[1:])[3] + dh[0])),
        ("the gradient of h_0 is 0; h_0 is an input, and its gradient is δ_0.",
         lambda *args: (*_scalar(*args)[:3], 0.0)),
        ("u multiplies x_t, so du sums ∂L/∂a_t · x_t; yours sums ∂L/∂a_t alone.", _order(0, 2, 2, 3)),
        ("db is 0: b is used at every step, each time with the factor 1, so db sums ∂L/∂a_t.",
         lambda *args: (*_scalar(*args)[:2], 0.0, _scalar(*args)[3])),
    ),
)  # fmt: skip


# --- rnn_step_backward -----------------------------------------------------------------------------------------


def _step_back(dh_t, x_t, h_prev, h_t, W_xh, W_hh, slope=lambda before, h: 1 - h**2, back=lambda da, W: da @ W.T,
               new_state=False):  # fmt: skip
    da, before = dh_t * slope(h_prev, h_t), h_t if new_state else h_prev
    return da @ W_xh.T, back(da, W_hh), x_t.T @ da, before.T @ da, da.sum(axis=0)


def _step_slip(**how):
    return lambda *args: _step_back(*args, **how)


def _step_part(make, *places):
    """Replace the results at these places by make(result, arguments)."""

    def run(*args):
        return tuple(make(part, args) if k in places else part for k, part in enumerate(_step_back(*args)))

    return run


def _delta_in_sums(dh_t, x_t, h_prev, *rest):
    return *_step_back(dh_t, x_t, h_prev, *rest)[:2], x_t.T @ dh_t, h_prev.T @ dh_t, dh_t.sum(axis=0)


def _delta_passed_on(*args):
    dh_t, *_, W_xh, W_hh = args
    return dh_t @ W_xh.T, dh_t @ W_hh.T, *_step_back(*args)[2:]


def _step_cases(rng):
    cases = []
    for B, D, H in ((3, 2, 4), (1, 3, 2), (4, 3, 3), (2, 1, 1)):
        x_t, h_prev = rng.normal(size=(B, D)), rng.uniform(-0.9, 0.9, (B, H))
        W_xh, W_hh = rng.normal(size=(D, H)), rng.normal(size=(H, H))
        h_t = np.tanh(x_t @ W_xh + h_prev @ W_hh + rng.normal(size=H))
        cases.append(
            Case(f"B = {B}, D = {D}, H = {H}", (rng.normal(size=(B, H)), x_t, h_prev, h_t, W_xh, W_hh))
        )
    return cases


RNN_STEP_BACKWARD = Exercise(
    name="rnn_step_backward",
    args=("dh_t", "x_t", "h_prev", "h_t", "W_xh", "W_hh"),
    outputs=(("dx_t", "(B, D)"), ("dh_prev", "(B, H)"), ("dW_xh", "(D, H)"), ("dW_hh", "(H, H)"), ("db_h", "(H,)")),
    cases=_step_cases,
    reference=_step_back,
    included="B = 1 and D = H",
    chain=("db_h", "dW_xh", "dW_hh", "dx_t", "dh_prev"),
    variants=(
        (NO_SLOPE, _step_slip(slope=lambda before, h: 1.0)),
        (LINEAR_SLOPE, _step_slip(slope=lambda before, h: 1 - h)),
        (OLD_SLOPE, _step_slip(slope=lambda before, h: 1 - before**2)),
        (SLOPE_TWICE, _step_slip(slope=lambda before, h: (1 - h**2) ** 2)),
        (NOT_TRANSPOSED.replace("δ is", "dh_prev is"), _step_slip(back=lambda da, W: da @ W)),
        (NEW_STATE, _step_slip(new_state=True)),
        (SQUASHED_TWICE, _step_slip(slope=lambda before, h: 1 - np.tanh(h) ** 2)),
        (LOGISTIC_SLOPE, _step_slip(slope=lambda before, h: h * (1 - h))),
        (PLUS_SLOPE, _step_slip(slope=lambda before, h: 1 + h**2)),
        (UNSLOPED_SUMS, _delta_in_sums),
        ("dx_t and dh_prev are made from dh_t; they come from ∂L/∂a_t, behind the tanh.", _delta_passed_on),
        ("dW_hh is transposed: entry (i, j) is h_{t−1,i} times da_j, so it is h_prev.T @ da.",
         _step_part(lambda part, args: part.T, 3)),
        ("db_h is not summed over the batch: each row uses the bias once, and the uses add.",
         _step_part(lambda part, args: args[0] * (1 - args[3] ** 2), 4)),
        ("db_h is summed over the units; sum over the batch, the first axis: each unit has its own bias.",
         _step_part(lambda part, args: (args[0] * (1 - args[3] ** 2)).sum(axis=1), 4)),
        ("db_h is one number, summed over the units too; each unit has its own bias: sum over the batch alone.",
         _step_part(lambda part, args: part.sum(), 4)),
        ("db_h is the mean over the batch; it is the sum: each row uses the bias once, and the uses add.",
         _step_part(lambda part, args: part / len(args[0]), 4)),
        ("the parameters' gradients are the mean over the batch; each row uses the parameters once, and the uses add.",
         _step_part(lambda part, args: part / len(args[0]), 2, 3, 4)),
        ("the matrices' gradients are the mean over the batch; h_prev.T @ da adds its rows up by itself.",
         _step_part(lambda part, args: part / len(args[0]), 2, 3)),
        (REVERSED_SIGN, _step_part(lambda part, args: -part, 0, 1, 2, 3, 4)),
        ("dx_t goes back through W_hhᵀ; x_t went in through W_xh, so it goes back through W_xhᵀ.",
         _step_part(lambda part, args: _step_back(*args)[1], 0)),
        ("dh_prev holds dh_t as well; what h_{t−1} gets from step t is da W_hhᵀ alone.",
         _step_part(lambda part, args: part + args[0], 1)),
        ("dh_prev has passed the tanh of h_{t−1} too; that belongs to the step before.",
         _step_part(lambda part, args: part * (1 - args[2] ** 2), 1)),
        ("dx_t and dh_prev are swapped: return (dx_t, dh_prev, dW_xh, dW_hh, db_h), in this order.",
         lambda *args: tuple(_step_back(*args)[k] for k in (1, 0, 2, 3, 4))),
        ("dW_xh and dW_hh are swapped: return (dx_t, dh_prev, dW_xh, dW_hh, db_h), in this order.",
         lambda *args: tuple(_step_back(*args)[k] for k in (0, 1, 3, 2, 4))),
    ),
)  # fmt: skip


# --- rnn_backward ----------------------------------------------------------------------------------------------


def _rows_of_bias(x, h, dh, W_xh, W_hh):
    """Return ∂L/∂a_t summed over time alone, (B, H)."""
    return np.array(
        [walk(x[:, b : b + 1], h[:, b : b + 1], dh[:, b : b + 1], W_xh, W_hh)[2] for b in range(x.shape[1])]
    )


def _part(place, make):
    """The walk with one result replaced by make(result, args)."""
    return changed(
        lambda results, args: (*results[:place], make(results[place], args), *results[place + 1 :])
    )


RNN_BACKWARD = Exercise(
    name="rnn_backward",
    args=("x", "h", "dh", "W_xh", "W_hh"),
    outputs=(("dW_xh", "(D, H)"), ("dW_hh", "(H, H)"), ("db_h", "(H,)"), ("dx", "(T, B, D)"), ("dh_0", "(B, H)")),
    cases=walk_cases,
    reference=walk,
    included="T = 1, B = 1 and H = 1",
    hints=HINTS,
    chain=("dx", "dh_0", "db_h", "dW_xh", "dW_hh"),
    backwards=True,
    variants=(
        *_FLOW,
        (SLOPE_SKIPPED_BACK, _back_without_slope),
        ("the parameters' gradients are the mean over time; they are the sum over all T uses.",
         changed(lambda results, args: (*[g / len(args[0]) for g in results[:3]], *results[3:]))),
        ("the parameters' gradients are the mean over the batch; they are the sum over its rows.",
         changed(lambda results, args: (*[g / args[0].shape[1] for g in results[:3]], *results[3:]))),
        ("dW_hh is transposed: entry (i, j) is h_{t−1,i} times da_{t,j}, summed, so it is h[t−1].T @ da.",
         _part(1, lambda g, args: g.T)),
        ("dh_0 is 0; h_0 is an input, and what is left of δ after the last step of the walk is its gradient.",
         _part(4, lambda g, args: 0 * g)),
        ("dh_0 is δ_1; one more step, (δ_1 ⊙ φ′(a_1)) W_hhᵀ, leads to δ_0.",
         _part(4, lambda g, args: walk(args[0][1:], args[1][1:], args[2][1:], *args[3:])[4] + args[2][0])),
        *_MORE,
        ("the parameters' gradients are the mean over time and batch; they are the sum over all T · B uses.",
         changed(lambda results, args: (*[g / args[2][..., 0].size for g in results[:3]], *results[3:]))),
        ("dh_0 is summed over the batch; each row has its own h_0, so it is (B, H).",
         _part(4, lambda g, args: g.sum(axis=0))),
        (DIVIDED_EACH, lambda *args: walk(*args, slope=lambda h, t: (1 - h[t] ** 2) / h.shape[1])),
        ("dW_xh and dW_hh are swapped: return (dW_xh, dW_hh, db_h, dx, dh_0), in this order.",
         changed(lambda results, args: (results[1], results[0], *results[2:]))),
        ("dx and dh_0 are swapped: return (dW_xh, dW_hh, db_h, dx, dh_0), in this order.",
         changed(lambda results, args: (*results[:3], results[4], results[3]))),
        ("dx stands in the order of the walk, last step first: dx[0] belongs to x_1.",
         _part(3, lambda g, args: g[::-1])),
        ("dx is left at 0; x_t reaches the loss through a_t, so dx[t-1] is ∂L/∂a_t W_xhᵀ.",
         _part(3, lambda g, args: 0 * g)),
        ("db_h is summed over time but not over the batch: sum ∂L/∂a_t over the rows as well.",
         _part(2, lambda g, args: _rows_of_bias(*args))),
        ("db_h holds one row of the batch only: sum ∂L/∂a_t over the rows.",
         _part(2, lambda g, args: _rows_of_bias(*args)[0])),
        ("db_h is one number, summed over the units too; each unit has its own bias.",
         _part(2, lambda g, args: g.sum())),
        ("db_h is the mean over the batch; it is the sum: each row uses the bias once, and the uses add.",
         _part(2, lambda g, args: g / args[0].shape[1])),
    ),
)  # fmt: skip


# --- bptt_fixed ------------------------------------------------------------------------------------------------


def _only_dW_hh(run):
    return lambda *args: run(*args)[1]


BPTT_FIXED = Exercise(
    name="bptt_fixed",
    args=("x", "h", "dh", "W_xh", "W_hh"),
    outputs=(("dW_hh", "(H, H)"),),
    cases=walk_cases,
    reference=_only_dW_hh(walk),
    hints=HINTS,
    included="T = 1, B = 1 and H = 1",
    variants=(
        ("still as it was given: loop, sum and tanh are right; look at the line that passes δ on to the step before.",
         _only_dW_hh(slip(back=lambda da, W: da @ W))),
        *((sentence, _only_dW_hh(run)) for sentence, run in _FLOW if sentence is not NOT_TRANSPOSED),
        (SLOPE_SKIPPED_BACK, _only_dW_hh(_back_without_slope)),
        *((sentence, _only_dW_hh(run)) for sentence, run in _MORE),
        ("dW_hh is transposed now; the line that adds to it was right.", lambda *args: walk(*args)[1].T),
        ("that line is mended, but dW_hh is transposed now; the line that adds to it was right.",
         lambda *args: slip(back=lambda da, W: da @ W)(*args)[1].T),
    ),
)  # fmt: skip


def scalar_bptt(function):
    """Check `scalar_bptt(w, u, b, x, h_0, dh)` → (dw, du, db, dh_0) of h_t = tanh(w h_{t−1} + u x_t + b).

    x and dh (T,), dh[k] the immediate ∂L/∂h_{k+1}. Answers with a Result; never raises.

    >>> scalar_bptt(...)
    Not done yet: there is no function scalar_bptt yet.
    """
    return judge(function, SCALAR_BPTT)


def rnn_step_backward(function):
    """Check `rnn_step_backward(dh_t, x_t, h_prev, h_t, W_xh, W_hh)`: one tanh step back.

    dh_t, h_prev, h_t (B, H), x_t (B, D); returns (dx_t, dh_prev, dW_xh, dW_hh, db_h). Answers with a Result; never
    raises.

    >>> rnn_step_backward(...)
    Not done yet: there is no function rnn_step_backward yet.
    """
    return judge(function, RNN_STEP_BACKWARD)


def rnn_backward(function):
    """Check `rnn_backward(x, h, dh, W_xh, W_hh)`: all the way back, (dW_xh, dW_hh, db_h, dx, dh_0).

    x (T, B, D), h (T+1, B, H) with h_0 first, dh (T, B, H). Answers with a Result; never raises.

    >>> rnn_backward(...)
    Not done yet: there is no function rnn_backward yet.
    """
    return judge(function, RNN_BACKWARD)


def bptt_fixed(function):
    """Check the repaired `bptt_fixed(x, h, dh, W_xh, W_hh)` → dW_hh (H, H). Answers with a Result; never raises.

    >>> bptt_fixed(...)
    Not done yet: there is no function bptt_fixed yet.
    """
    return judge(function, BPTT_FIXED)
