"""Checks of the chapter *A first trained network*."""

import numpy as np

from .engine import Case, Exercise, judge

# --- sgd_step --------------------------------------------------------------------------------------------------


def _sgd_cases(rng):
    shapes = ((3, 2), (4,), (1, 1))
    return [Case(f"W of shape {shape}", (*rng.normal(size=(2, *shape)), 0.1 * (k + 1))) for k, shape in
            enumerate(shapes)]  # fmt: skip


SGD_STEP = Exercise(
    name="sgd_step",
    args=("W", "dW", "lr"),
    outputs=(("the new W", "W.shape"),),
    cases=_sgd_cases,
    reference=lambda W, dW, lr: W - lr * dW,
    included="a single number",
    variants=(
        ("this goes uphill: the step is against the gradient, so it is subtracted.", lambda W, dW, lr: W + lr * dW),
        ("the learning rate is missing.", lambda W, dW, lr: W - dW),
        ("this is the step alone; return the parameter after it.", lambda W, dW, lr: lr * dW),
        ("this is the step alone; return the parameter after it.", lambda W, dW, lr: -lr * dW),
        ("the gradient is divided by the rate; it is multiplied by it.", lambda W, dW, lr: W - dW / lr),
        ("only the sign of the gradient is used; its size counts too.", lambda W, dW, lr: W - lr * np.sign(dW)),
        ("the gradient is divided by its norm; plain gradient descent takes it as it is.",
         lambda W, dW, lr: W - lr * dW / np.linalg.norm(dW)),
        ("W comes back as it was: return the new parameter.", lambda W, dW, lr: W.copy()),
        ("the two are the wrong way round: the step is subtracted from W.", lambda W, dW, lr: lr * dW - W),
        ("the learning rate is added to the gradient; it is a factor.", lambda W, dW, lr: W - (lr + dW)),
        ("W is shrunk as well: only the gradient is multiplied by the rate.", lambda W, dW, lr: lr * (W - dW)),
    ),
)  # fmt: skip


# --- adam_step -------------------------------------------------------------------------------------------------


def _adam(W, dW, m, v, t, lr, beta1, beta2, eps, *, square=np.square, correct=(True, True), shift=0, sign=-1,
          step=lambda m, v, eps: m / (np.sqrt(v) + eps), swap=False, kept=lambda m, v, m_hat, v_hat: (m, v),
          rest=lambda beta: 1 - beta, bias=lambda beta, t: 1 - beta**t):  # fmt: skip
    """One step of Adam; each keyword is a place for a mistake."""
    beta1, beta2 = (beta2, beta1) if swap else (beta1, beta2)
    m, v = beta1 * m + rest(beta1) * dW, beta2 * v + rest(beta2) * square(dW)
    with np.errstate(all="ignore"):
        m_hat = m / bias(beta1, t + shift) if correct[0] else m
        v_hat = v / bias(beta2, t + shift) if correct[1] else v
        return W + sign * lr * step(m_hat, v_hat, eps), *kept(m, v, m_hat, v_hat)


def _adam_slip(**how):
    return lambda *args: _adam(*args, **how)


def _adam_short(W, dW, m, v, t, lr, beta1, beta2, eps):
    """The shortened form at the end of section 2 of the paper, which adds ε elsewhere."""
    _, m, v = _adam(W, dW, m, v, t, lr, beta1, beta2, eps)
    rate = lr * np.sqrt(1 - beta2**t) / (1 - beta1**t)
    return W - rate * m / (np.sqrt(v) + eps), m, v


def _adam_of(gradient):
    """Take the step with something else in the place of the corrected m: gradient(dW, old m, new m)."""

    def run(W, dW, m, v, t, lr, beta1, beta2, eps):
        _, new_m, new_v = _adam(W, dW, m, v, t, lr, beta1, beta2, eps)
        with np.errstate(all="ignore"):
            v_hat = new_v / (1 - beta2**t)
            return W - lr * gradient(dW, m, beta1, t) / (np.sqrt(v_hat) + eps), new_m, new_v

    return run


def _adam_loose(W, dW, m, v, t, lr, beta1, beta2, eps):
    _, m, v = _adam(W, dW, m, v, t, lr, beta1, beta2, eps)
    with np.errstate(all="ignore"):
        return W - lr * (m - beta1**t) / (np.sqrt(v - beta2**t) + eps), m, v


def _adam_loose_m(W, dW, m, v, t, lr, beta1, beta2, eps):
    _, m, v = _adam(W, dW, m, v, t, lr, beta1, beta2, eps)
    return W - lr * (m - beta1**t) / (np.sqrt(v / (1 - beta2**t)) + eps), m, v


def _adam_crossed(W, dW, m, v, t, lr, beta1, beta2, eps):
    _, m, v = _adam(W, dW, m, v, t, lr, beta1, beta2, eps)
    return W - lr * m / (1 - beta2**t) / (np.sqrt(v / (1 - beta1**t)) + eps), m, v


def _adam_v_of(size):
    """Let v average size(dW, new m)."""

    def run(W, dW, m, v, t, lr, beta1, beta2, eps):
        _, m, _ = _adam(W, dW, m, v, t, lr, beta1, beta2, eps)
        v = beta2 * v + (1 - beta2) * size(dW, m)
        return W - lr * m / (1 - beta1**t) / (np.sqrt(v / (1 - beta2**t)) + eps), m, v

    return run


def _adam_old_v(W, dW, m, v, t, lr, beta1, beta2, eps):
    _, new_m, new_v = _adam(W, dW, m, v, t, lr, beta1, beta2, eps)
    with np.errstate(all="ignore"):
        m_hat, v_hat = new_m / (1 - beta1**t), v / (1 - beta2**t)
        return W - lr * m_hat / (np.sqrt(v_hat) + eps), new_m, new_v


def _adam_cases(rng):
    cases = []
    for shape, t, eps in (((3, 2), 3, 1e-2), ((4,), 1, 1e-8), ((2, 2), 50, 1e-3), ((3,), 1, 0.1)):
        W, dW = rng.normal(size=(2, *shape))
        m, v = rng.normal(size=shape), rng.uniform(0.5, 1, shape)
        if t == 1:
            m, v = 0 * m, 0 * v
        cases.append(Case(f"W of shape {shape}, t = {t}, ε = {eps:g}", (W, dW, m, v, t, 0.1, 0.8, 0.95, eps)))
    return cases


ADAM_STEP = Exercise(
    name="adam_step",
    args=("W", "dW", "m", "v", "t", "lr", "beta1", "beta2", "eps"),
    outputs=(("W", "W.shape"), ("m", "W.shape"), ("v", "W.shape")),
    cases=_adam_cases,
    reference=_adam,
    included="the first step",
    chain=("m", "v", "W"),
    variants=(
        ("m and v are not corrected for their start at 0: divide by 1 − β^t.", _adam_slip(correct=(False, False))),
        ("v is corrected for its start at 0, m is not.", _adam_slip(correct=(False, True))),
        ("m is corrected for its start at 0, v is not.", _adam_slip(correct=(True, False))),
        ("t counts from 1 here: the correction is 1 − β^t, not 1 − β^(t+1).", _adam_slip(shift=1)),
        ("the correction is 1 − β^t with this step's t, not the last one's.", _adam_slip(shift=-1)),
        ("ε is inside the root; it is added to the root of v.",
         _adam_slip(step=lambda m, v, eps: m / np.sqrt(v + eps))),
        ("the root is missing: the step is divided by √v, not by v.", _adam_slip(step=lambda m, v, eps: m / (v + eps))),
        ("a bracket is missing: ε is added to W after the step; it is added to the root, in the denominator.",
         lambda W, *args: (_adam(W, *args, step=lambda m, v, eps: m / np.sqrt(v))[0] + args[-1], *_adam(W, *args)[1:])),
        ("a bracket is missing: m / 1 - beta1**t is m minus β^t; divide by (1 - beta1**t).", _adam_loose),
        ("a bracket is missing: m / 1 - beta1**t is m minus β^t; divide by (1 - beta1**t).", _adam_loose_m),
        ("the correction is 1 − β^t, the power of β alone; yours is (1 − β)^t.",
         _adam_slip(bias=lambda beta, t: (1 - beta) ** t)),
        ("the correction has the wrong sign: it is 1 − β^t.", _adam_slip(bias=lambda beta, t: beta**t - 1)),
        ("the learning rate is missing.",
         lambda W, *args: (_adam(W, *args[:4], 1.0, *args[5:])[0], *_adam(W, *args)[1:])),
        ("the denominator is missing: the corrected m is divided by √v + ε.", _adam_slip(step=lambda m, v, eps: m)),
        ("the step is multiplied by √v + ε; it is divided by it.",
         _adam_slip(step=lambda m, v, eps: m * (np.sqrt(v) + eps))),
        ("the corrections are swapped: m is corrected by β_1, v by β_2.", _adam_crossed),
        ("v averages the square of m; it is the running mean of dW², entry by entry.", _adam_v_of(lambda dW, m: m**2)),
        ("v has one number for all entries; it is the running mean of dW², entry by entry.",
         _adam_v_of(lambda dW, m: np.sum(dW**2))),
        ("v has one number for all entries; it is the running mean of dW², entry by entry.",
         _adam_v_of(lambda dW, m: np.mean(dW**2))),
        ("ε is missing from the denominator.", _adam_slip(step=lambda m, v, eps: m / np.sqrt(v))),
        ("v averages the gradient; it is the running mean of its square.", _adam_slip(square=lambda g: g)),
        ("v averages |dW|; it is the running mean of the square.", _adam_slip(square=np.abs)),
        ("β_1 and β_2 are swapped: β_1 belongs to m.", _adam_slip(swap=True)),
        ("this goes uphill: the step is subtracted.", _adam_slip(sign=1)),
        ("the corrected m and v come back; keep them as they were before the correction, or it is applied twice "
         "at the next step.", _adam_slip(kept=lambda m, v, m_hat, v_hat: (m_hat, v_hat))),
        ("this is the step alone; W after it is wanted.",
         lambda W, *args: (_adam(W, *args)[0] - W, *_adam(W, *args)[1:])),
        ("this is the step alone; W after it is wanted.",
         lambda W, *args: (W - _adam(W, *args)[0], *_adam(W, *args)[1:])),
        ("the old m and v come back; the next step needs the new ones.",
         lambda W, dW, m, v, *rest: (_adam(W, dW, m, v, *rest)[0], m, v)),
        ("the step uses the gradient itself; it is the running mean m, corrected.",
         _adam_of(lambda dW, m, beta1, t: dW)),
        ("the step uses the old m; it uses the new one, which holds this gradient already.",
         _adam_of(lambda dW, m, beta1, t: m / (1 - beta1**t))),
        ("the step uses the old v; it uses the new one, which holds this gradient already.", _adam_old_v),
        ("right but for ε: this is the shortened form, which adds ε to √v; add it to the root of the corrected v.",
         _adam_short),
        ("the factors 1 − β are missing: m = β_1 m + (1 − β_1) dW, a mean, and v alike.",
         _adam_slip(rest=lambda beta: 1.0)),
        ("β stands at the new part, 1 − β at the old; a mean that remembers keeps β of what it was.",
         lambda W, dW, m, v, t, lr, b1, b2, eps: _adam(W, dW, m, v, t, lr, 1 - b1, 1 - b2, eps,
                                                       bias=lambda beta, t: 1 - (1 - beta) ** t)),
        ("the correction is 1 − β at every step; it is 1 − β^t, which goes to 1.",
         _adam_slip(bias=lambda beta, t: 1 - beta)),
        ("the correction is 1 − β · t; it is 1 − β^t.", _adam_slip(bias=lambda beta, t: 1 - beta * t)),
        ("m and v are multiplied by 1 − β^t; they are too small at the start, so divide.",
         _adam_slip(bias=lambda beta, t: 1 / (1 - beta**t))),
        ("the root is taken of the whole step; it is over the corrected v alone.",
         _adam_slip(step=lambda m, v, eps: np.sign(m) * np.sqrt(np.abs(m) / (v + eps)))),
        ("m and v are swapped: return (W, m, v).", _adam_slip(kept=lambda m, v, m_hat, v_hat: (v, m))),
    ),
)  # fmt: skip


# --- split_in_time ---------------------------------------------------------------------------------------------


def _split(series, n):
    return series[: len(series) - n], series[len(series) - n :]


def _every(series, n):
    """Hold back n values, evenly spread."""
    places = np.arange(n) * len(series) // max(n, 1)
    return np.delete(series, places), series[places]


def _shuffled(found, wanted):
    """Are these all the values, each in one part, but mixed? No variant can copy what was drawn by chance."""
    mixed = [(f, w) for f, w in zip(found, wanted) if len(w[1])]
    sizes = all(part.shape == right.shape for f, w in mixed for part, right in zip(f, w))
    if not sizes or not all(
        np.array_equal(np.sort(np.concatenate(f)), np.sort(np.concatenate(w))) for f, w in mixed
    ):
        return None
    return ("the values are mixed: a series is cut once, the earlier part trains, and the last values are held back in "
            "their order.")  # fmt: skip


def _split_cases(rng):
    cases = [Case(f"{size} values, {n} held back", (rng.normal(size=size).round(2), n)) for size, n in
             ((10, 3), (7, 1), (6, 5))]  # fmt: skip
    none = "right, but with n_validation = 0 nothing is held back: series[:-0] is empty, so cut at len(series) − n."
    return [*cases, Case("none held back", (rng.normal(size=5).round(2), 0), none)]


SPLIT_IN_TIME = Exercise(
    name="split_in_time",
    args=("series", "n_validation"),
    outputs=(("train", "(T − n,)"), ("validation", "(n,)")),
    cases=_split_cases,
    reference=_split,
    included="nothing held back",
    look=_shuffled,
    variants=(
        ("the first values are held back; what is to be forecast are the last.",
         lambda series, n: (series[n:], series[:n])),
        ("the two are swapped: return (train, validation).", lambda series, n: _split(series, n)[::-1]),
        ("the validation values are in the training part too: the network would have seen them.",
         lambda series, n: (series, _split(series, n)[1])),
        ("the two are reversed in time.", lambda series, n: tuple(part[::-1] for part in _split(series, n))),
        ("train holds the values without the last n, validation all of them; it is the last n alone.",
         lambda series, n: (_split(series, n)[0], series)),
        ("n_validation is taken for the place of the cut; it is the number of values behind it.",
         lambda series, n: (series[:n], series[n:])),
        ("every so many values are held back; neighbours give them away. Hold back the last ones.",
         _every),
        ("one value is lost between the two parts.", lambda series, n: (series[: len(series) - n - 1],
                                                                        _split(series, n)[1])),
        ("one value is in both parts.", lambda series, n: (series[: len(series) - n + 1], _split(series, n)[1])),
        ("the values are sorted by size; keep the order of time.", lambda series, n: _split(np.sort(series), n)),
    ),
)  # fmt: skip


# --- learning_curve_minimum ------------------------------------------------------------------------------------


def _stopping(losses, patience, *, better=lambda loss, best: loss < best, reset=True, answer="best", late=0):
    best, failed, i = 0, 0, 0
    for i in range(1, len(losses)):
        if better(losses[i], losses[best]):
            best, failed = i, 0 if reset else failed
        else:
            failed += 1
        if failed >= patience + late:
            break
    return {"best": best, "last": i, "loss": losses[best]}[answer]


def _first_rise(losses, patience):
    for i in range(1, len(losses)):
        if losses[i] >= losses[i - 1]:
            return i - 1
    return len(losses) - 1


def _rises_in_a_row(losses, patience):
    best, failed = 0, 0
    for i in range(1, len(losses)):
        failed = failed + 1 if losses[i] >= losses[i - 1] else 0
        best = i if losses[i] < losses[best] else best
        if failed >= patience:
            break
    return best


_CURVES = (
    ([3.0, 2.0, 2.5, 1.5, 1.6, 1.7, 1.8, 0.5], 3),
    ([3.0, 2.0, 2.5, 2.4, 2.3, 1.0], 3),
    ([3.0, 2.0, 2.1, 1.9, 2.2, 2.3, 1.0, 4.0], 2),
    ([5.0, 4.0, 3.0], 2),
    ([3.0, 2.0, 2.5, 1.8, 1.9, 1.5, 1.6, 1.0], 3),
    ([1.0, 2.0, 2.0, 0.5], 1),
    ([2.0, 1.0, 1.0, 1.0, 0.5], 2),
    ([2.0, 3.0, 1.0, 2.0, 2.0, 2.0, 0.0], 3),
)

LEARNING_CURVE_MINIMUM = Exercise(
    name="learning_curve_minimum",
    args=("validation_losses", "patience"),
    outputs=(("the index", "()"),),
    cases=lambda rng: [Case(f"{curve}, patience {p}", (curve, p)) for curve, p in _CURVES],
    reference=_stopping,
    included="curves that never stop and equal losses",
    variants=(
        ("this is the lowest of all; the walk stops before it sees some of them.",
         lambda losses, patience: int(np.argmin(losses))),
        ("this is where the walk stops; the best index so far is wanted.",
         lambda losses, patience: _stopping(losses, patience, answer="last")),
        ("this is the best loss; its index is wanted.",
         lambda losses, patience: _stopping(losses, patience, answer="loss")),
        ("this stops at the first rise; a curve may rise and fall again, so wait for `patience` in a row.",
         _first_rise),
        ("this stops at the first rise; a curve may rise and fall again, so wait for `patience` in a row.",
         lambda losses, patience: min(_first_rise(losses, patience) + 1, len(losses) - 1)),
        ("the failures are counted altogether; each new best one begins the count anew.",
         lambda losses, patience: _stopping(losses, patience, reset=False)),
        ("the walk stops one late: `patience` failures in a row are enough.",
         lambda losses, patience: _stopping(losses, patience, late=1)),
        ("an equal loss counts as better; it has to be below the best.",
         lambda losses, patience: _stopping(losses, patience, better=lambda loss, best: loss <= best)),
        ("the walk stops one early: a failure more is allowed before it stops.",
         lambda losses, patience: _stopping(losses, patience, late=-1)),
        ("the index counts from 1; Python counts from 0.",
         lambda losses, patience: _stopping(losses, patience) + 1),
        ("this is the highest loss, not the lowest.",
         lambda losses, patience: int(np.argmax(losses))),
        ("this is the last index of all; the best one is wanted, and the walk may stop before the end.",
         lambda losses, patience: len(losses) - 1),
        ("each loss is compared with the one before it; compare it with the best so far.", _rises_in_a_row),
    ),
)  # fmt: skip


def sgd_step(function):
    """Check `sgd_step(W, dW, lr)`: the new parameter. Answers with a Result; never raises.

    >>> sgd_step(lambda W, dW, lr: W + lr * dW)
    Not yet: this goes uphill: the step is against the gradient, so it is subtracted.
    """
    return judge(function, SGD_STEP)


def adam_step(function):
    """Check `adam_step(W, dW, m, v, t, lr, beta1, beta2, eps)` → (W, m, v), t from 1 (Kingma & Ba 2015, algorithm 1).

    Answers with a Result; never raises.

    >>> adam_step(...)
    Not done yet: there is no function adam_step yet.
    """
    return judge(function, ADAM_STEP)


def split_in_time(function):
    """Check `split_in_time(series, n_validation)` → (train, validation). Answers with a Result; never raises.

    >>> split_in_time(lambda series, n: (series[n:], series[:n]))
    Not yet: the first values are held back; what is to be forecast are the last.
    """
    return judge(function, SPLIT_IN_TIME)


def learning_curve_minimum(function):
    """Check `learning_curve_minimum(validation_losses, patience)`: the index that early stopping keeps.

    Answers with a Result; never raises.

    >>> learning_curve_minimum(lambda losses, patience: losses.index(min(losses)))
    Not yet: this is the lowest of all; the walk stops before it sees some of them.
    """
    return judge(function, LEARNING_CURVE_MINIMUM)
