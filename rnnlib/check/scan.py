"""Checks of the chapter *Strengths, limits, and what came after*."""

import numpy as np

from .engine import Case, Exercise, judge

# --- inference_memory --------------------------------------------------------------------------------------------


def _memory(T, L, H, width, *, state=lambda T, L, H: 2 * L * H, cache=lambda T, L, H: 2 * T * L * H, size=1):
    """Return the bytes of both; each keyword is a place for a mistake."""
    return state(T, L, H) * width * size, cache(T, L, H) * width * size


def _memory_slip(**how):
    return lambda T, L, H, width: _memory(T, L, H, width, **how)


def _memory_cases(rng):
    sizes = ((100, 2, 16, 4), (7, 1, 3, 8), (1000, 3, 64, 2), (1, 4, 5, 4))
    return [Case(f"T = {T}, L = {L}, H = {H}, width = {w}", (T, L, H, w)) for T, L, H, w in sizes]


INFERENCE_MEMORY = Exercise(
    name="inference_memory",
    args=("T", "L", "H", "width"),
    outputs=(("state", "()"), ("cache", "()")),
    cases=_memory_cases,
    reference=_memory,
    included="T = 1",
    chain=("state", "cache"),
    variants=(
        ("the two are swapped: return (state, cache).", lambda *args: _memory(*args)[::-1]),
        ("these are counts of numbers; each takes `width` bytes.", lambda T, L, H, width: _memory(T, L, H, 1)),
        ("these are bits; a byte has eight of them.", _memory_slip(size=8)),
        ("only one layer is counted; each of the L layers keeps its own.",
         _memory_slip(state=lambda T, L, H: 2 * H, cache=lambda T, L, H: 2 * T * H)),
        ("the state of an LSTM is h and c; only one of them is counted.", _memory_slip(state=lambda T, L, H: L * H)),
        ("the state has grown with T; at inference the old states are not needed any more.",
         _memory_slip(state=lambda T, L, H: 2 * T * L * H)),
        ("the state has grown with T, as in training; at inference only the last h and c are needed.",
         _memory_slip(state=lambda T, L, H: T * L * H)),
        ("four blocks are counted in the state; gates live for one step, h and c go on to the next.",
         _memory_slip(state=lambda T, L, H: 4 * L * H)),
        ("the weights are counted in the state; they are not part of what is remembered.",
         _memory_slip(state=lambda T, L, H: L * H * H)),
        ("the state has the layers' axis missing: each of the L layers has an h and a c.",
         _memory_slip(state=lambda T, L, H: 2 * H)),
        ("the cache holds a key and a value for each step; only one of them is counted.",
         _memory_slip(cache=lambda T, L, H: T * L * H)),
        ("queries are in the cache, too; a query is used at its own step and never again.",
         _memory_slip(cache=lambda T, L, H: 3 * T * L * H)),
        ("the cache grows with T², as if all scores were kept; a new step makes one row of them and drops it.",
         _memory_slip(cache=lambda T, L, H: T * T * L)),
        ("the cache grows with T²; a step adds one key and one value to it.",
         _memory_slip(cache=lambda T, L, H: 2 * T * T * L * H)),
        ("the cache does not grow with T; it keeps a key and a value of every step so far.",
         _memory_slip(cache=lambda T, L, H: 2 * L * H)),
        ("only one layer's cache is counted; each of the L layers has keys and values of its own.",
         _memory_slip(cache=lambda T, L, H: 2 * T * H)),
    ),
)  # fmt: skip


# --- combine -----------------------------------------------------------------------------------------------------


def _combine(f_1, u_1, f_2, u_2):
    return f_1 * f_2, f_2 * u_1 + u_2


def _pair(f, u):
    return lambda f_1, u_1, f_2, u_2: (f(f_1, f_2), u(f_1, u_1, f_2, u_2))


_PRODUCT = lambda f_1, f_2: f_1 * f_2
_WRITTEN = lambda f_1, u_1, f_2, u_2: f_2 * u_1 + u_2


def _combine_cases(rng):
    draw = lambda *shape: (rng.uniform(0.1, 1, shape), rng.normal(size=shape))
    cases = [Case(f"B = {B}, H = {H}", (*draw(B, H), *draw(B, H))) for B, H in ((2, 3), (4, 2), (1, 1))]
    (f_1, u_1), (f_2, u_2) = draw(2, 2), draw(2, 2)
    wiped, turned = np.array([[0.0, 0.5], [1.0, 0.0]]), f_2 * [[-1, 1], [1, -1]]
    return [*cases, Case("a factor of 0 in the second step", (f_1, u_1, wiped, u_2)),
            Case("negative factors", (f_1, u_1, turned, u_2))]  # fmt: skip


COMBINE = Exercise(
    name="combine",
    args=("f_1", "u_1", "f_2", "u_2"),
    outputs=(("f", "(B, H)"), ("u", "(B, H)")),
    cases=_combine_cases,
    reference=_combine,
    included="a factor of 0",
    chain=("f", "u"),
    variants=(
        ("the steps have changed places: the second one comes later, so it acts on what the first has written.",
         lambda f_1, u_1, f_2, u_2: _combine(f_2, u_2, f_1, u_1)),
        ("what the first step has written is not scaled; the second step multiplies it by f_2, like all that was "
         "there before.", _pair(_PRODUCT, lambda f_1, u_1, f_2, u_2: u_1 + u_2)),
        ("each u has its own f: but u_t is added after the old state was multiplied, so only the *later* f_2 meets "
         "u_1, and nothing meets u_2.", _pair(_PRODUCT, lambda f_1, u_1, f_2, u_2: f_1 * u_1 + f_2 * u_2)),
        ("u_1 is scaled by its own f_1; it was added after that multiplication. What comes later is f_2.",
         _pair(_PRODUCT, lambda f_1, u_1, f_2, u_2: f_1 * u_1 + u_2)),
        ("what the second step writes is scaled as well; it is added last.",
         _pair(_PRODUCT, lambda f_1, u_1, f_2, u_2: f_2 * (u_1 + u_2))),
        ("what the second step writes is lost.", _pair(_PRODUCT, lambda f_1, u_1, f_2, u_2: f_2 * u_1)),
        ("what the first step has written is lost.", _pair(_PRODUCT, lambda f_1, u_1, f_2, u_2: u_2)),
        ("both factors meet u_1; f_1 acted before u_1 was added.",
         _pair(_PRODUCT, lambda f_1, u_1, f_2, u_2: f_1 * f_2 * u_1 + u_2)),
        ("the u are multiplied; they are added, the first one scaled.",
         _pair(_PRODUCT, lambda f_1, u_1, f_2, u_2: u_1 * u_2)),
        ("the factors are added; an old state is multiplied by one after the other.",
         _pair(lambda f_1, f_2: f_1 + f_2, _WRITTEN)),
        ("only the second factor is kept; what was there before both steps is multiplied by both.",
         _pair(lambda f_1, f_2: f_2, _WRITTEN)),
        ("only the first factor is kept; what was there before both steps is multiplied by both.",
         _pair(lambda f_1, f_2: f_1, _WRITTEN)),
        ("the mean of the factors stands where their product belongs.",
         _pair(lambda f_1, f_2: (f_1 + f_2) / 2, _WRITTEN)),
    ),
)  # fmt: skip


# --- linear_scan -------------------------------------------------------------------------------------------------


def _scan(f, u, h_0, *, start=lambda f, u, h_0: u[0] + f[0] * h_0, merge=None, limit=None, counted=None):
    """Scan in rounds and count them; each keyword is a place for a mistake."""
    f, u = f.copy(), u.copy()
    u[0] = start(f, u, h_0)
    reach, rounds, T = 1, 0, len(f)
    while reach < (limit(T) if limit else T):
        (merge or _merge)(f, u, reach)
        reach, rounds = 2 * reach, rounds + 1
    return u, counted(T) if counted else rounds


def _merge(f, u, reach):
    u[reach:] += f[reach:] * u[:-reach]
    f[reach:] *= f[:-reach]


def _merge_f_first(f, u, reach):
    f[reach:] *= f[:-reach]
    u[reach:] += f[reach:] * u[:-reach]


def _merge_upwards(f, u, reach):
    for t in range(reach, len(f)):
        u[t] += f[t] * u[t - reach]
        f[t] *= f[t - reach]


def _merge_u_alone(f, u, reach):
    u[reach:] += f[reach:] * u[:-reach]


def _merge_unscaled(f, u, reach):
    u[reach:] += u[:-reach]
    f[reach:] *= f[:-reach]


def _merge_other_f(f, u, reach):
    u[reach:] += f[:-reach] * u[:-reach]
    f[reach:] *= f[:-reach]


def _scan_slip(**how):
    return lambda f, u, h_0: _scan(f, u, h_0, **how)


def _one_reach(f, u, h_0):
    """Merge neighbours in every round; the reach never doubles."""
    f, u = f.copy(), u.copy()
    u[0] += f[0] * h_0
    rounds = int(np.ceil(np.log2(len(f))))
    for _ in range(rounds if len(f) > 1 else 0):
        _merge(f, u, 1)
    return u, rounds


def _exclusive(f, u, h_0):
    h, rounds = _scan(f, u, h_0)
    return np.concatenate([h_0[None], h[:-1]]), rounds


def _with_start(f, u, h_0):
    h, rounds = _scan(f, u, h_0)
    return np.concatenate([h_0[None], h]), rounds


def _scan_cases(rng):
    def case(T, B, H, words=""):
        f, u, h_0 = rng.uniform(0.3, 1, (T, B, H)), rng.normal(size=(T, B, H)), rng.normal(size=(B, H))
        return Case(words or f"T = {T}, B = {B}, H = {H}", (f, u, h_0))

    return [case(8, 2, 3), case(5, 1, 2), case(13, 3, 1), case(2, 2, 2), case(1, 2, 3)]


LINEAR_SCAN = Exercise(
    name="linear_scan",
    args=("f", "u", "h_0"),
    outputs=(("h", "(T, B, H)"), ("rounds", "()")),
    cases=_scan_cases,
    reference=_scan,
    included="T = 1",
    chain=("h", "rounds"),
    variants=(
        ("the states are right, but that is the number of steps, not of rounds: a loop over time takes T of them, "
         "doubling takes ⌈log₂ T⌉.", _scan_slip(counted=lambda T: T)),
        ("the states are right, but that is T − 1, the number of merges in a loop over time; doubling takes "
         "⌈log₂ T⌉ rounds.", _scan_slip(counted=lambda T: T - 1)),
        ("the states are right, but the rounds are rounded to the nearest; log₂ T is rounded *up*.",
         _scan_slip(counted=lambda T: round(np.log2(T)))),
        ("the rounds are counted one too high.", _scan_slip(counted=lambda T: int(np.ceil(np.log2(T))) + 1)),
        ("a round too many is made where T is a power of two: it is done as soon as the reach is T.",
         _scan_slip(limit=lambda T: T + 1)),
        ("h_0 is left out; put f_1 ⊙ h_0 into u_1 before the first round.",
         _scan_slip(start=lambda f, u, h_0: u[0])),
        ("h_0 is added to u_1 without the factor f_1.", _scan_slip(start=lambda f, u, h_0: u[0] + h_0)),
        ("h_0 stands in the place of u_1; what step 1 writes is lost.",
         _scan_slip(start=lambda f, u, h_0: f[0] * h_0)),
        ("in a round each step reads what its left neighbour has become in the same round; all have to read what was "
         "there before it. Work on whole slices, or on a copy.", _scan_slip(merge=_merge_upwards)),
        ("f is merged first, and then u takes the *new* f; u needs the factor that stood there before the round.",
         _scan_slip(merge=_merge_f_first)),
        ("u is merged and f stays what it was; after a round it has to stand for twice as many steps.",
         _scan_slip(merge=_merge_u_alone)),
        ("the left part of u is added without a factor; it has to pass the steps on the right.",
         _scan_slip(merge=_merge_unscaled)),
        ("the left part of u is scaled by its own f; the steps that it has to pass are those on the right.",
         _scan_slip(merge=_merge_other_f)),
        ("a round is missing where T is no power of two: go on while the reach is smaller than T.",
         _scan_slip(limit=lambda T: T // 2 + 1 if T & (T - 1) else T)),
        ("a round is missing: go on while the reach is smaller than T.", _scan_slip(limit=lambda T: (T + 1) // 2)),
        ("h_0 acts on the first step alone here; put f_1 ⊙ h_0 into u_1 *before* the first round, and it reaches all.",
         lambda f, u, h_0: (lambda h, n: (np.concatenate([h[:1] + f[0] * h_0, h[1:]]), n))(
             *_scan(f, u, h_0, start=lambda f, u, h_0: u[0]))),
        ("h_0 is put into every u; it meets the first step, and through it the others.",
         lambda f, u, h_0: _scan(f, u + f * h_0, h_0, start=lambda f, u, h_0: u[0])),
        ("in every round step t is merged with step t − 1; the reach has to double: 1, 2, 4, …", _one_reach),
        ("these are h_0 to h_{T−1}; h_1 to h_T are wanted.", _exclusive),
        ("h_0 stands in front; h_1 to h_T are wanted, (T, B, H).", _with_start),
    ),
)  # fmt: skip


# --- linear_backward ---------------------------------------------------------------------------------------------


def _backward(
    f,
    h,
    dh,
    *,
    factor=lambda f, t: f[t + 1],
    keep=lambda dh, t: dh[t],
    steps=lambda T: range(T - 2, -1, -1),
    before=lambda h: h[:-1],
    df=lambda d, h: d * h,
    du=lambda d, f: d,
    start=lambda d, f: f[0] * d[0],
):
    """Carry δ back; each keyword is a place for a mistake. f (T, B, H), h (T+1, B, H), dh (T, B, H)."""
    d = dh.copy()
    for t in steps(len(dh)):
        d[t] = keep(dh, t) + factor(f, t) * d[t + 1]
    return df(d, before(h)), du(d, f), start(d, f)  # fmt: skip


def _back_slip(**how):
    return lambda f, h, dh: _backward(f, h, dh, **how)


def _forward_in_time(f, h, dh):
    d = dh.copy()
    for t in range(1, len(dh)):
        d[t] = dh[t] + f[t] * d[t - 1]
    return d * h[:-1], d, f[0] * d[0]


def _back_cases(rng):
    def case(T, B, H):
        f, dh = rng.uniform(0.3, 1, (T, B, H)), rng.normal(size=(T, B, H))
        h = [rng.normal(size=(B, H))]
        for f_t in f:
            h.append(f_t * h[-1] + rng.normal(size=(B, H)))
        return Case(f"T = {T}, B = {B}, H = {H}", (f, np.array(h), dh))

    last = case(5, 2, 2)
    f, h, dh = last.args
    dh[:-1] = 0
    return [
        case(4, 2, 3),
        case(7, 3, 2),
        case(2, 1, 1),
        Case("a loss at the last step alone", (f, h, dh)),
        case(1, 2, 3),
    ]


LINEAR_BACKWARD = Exercise(
    name="linear_backward",
    args=("f", "h", "dh"),
    outputs=(("df", "(T, B, H)"), ("du", "(T, B, H)"), ("dh_0", "(B, H)")),
    cases=_back_cases,
    reference=_backward,
    included="T = 1",
    chain=("du", "df", "dh_0"),
    backwards=True,
    variants=(
        ("δ is carried back with f_t; between h_t and h_{t+1} stands f_{t+1}, in code f[t+1] beside d[t+1].",
         _back_slip(factor=lambda f, t: f[t])),
        ("δ is carried back without a factor; from h_{t+1} to h_t it is multiplied by f_{t+1}.",
         _back_slip(factor=lambda f, t: 1)),
        ("what the loss says about h_t directly is lost: δ_t is dh_t *plus* what comes back.",
         _back_slip(keep=lambda dh, t: 0)),
        ("nothing is carried back; h_t also acts on all later states.", _back_slip(steps=lambda T: range(0))),
        ("δ runs forwards in time; it starts at the last step and walks back.", _forward_in_time),
        ("df reads h_t; f_t is multiplied by the state *before*, h_{t−1}.", _back_slip(before=lambda h: h[1:])),
        ("df is δ alone; f_t stands beside h_{t−1}, so that is its factor.", _back_slip(df=lambda d, h: d)),
        ("df is h_{t−1} alone; δ_t is missing.", _back_slip(df=lambda d, h: np.broadcast_to(h, d.shape).copy())),
        ("du has a factor f_t; u_t is added as it is.", _back_slip(du=lambda d, f: f * d)),
        ("du has a factor 1 − f_t; in this recurrence u_t is added as it is.", _back_slip(du=lambda d, f: (1 - f) * d)),
        ("dh_0 is δ_1; one factor f_1 lies between.", _back_slip(start=lambda d, f: d[0])),
        ("dh_0 is carried back with the factor of the last step.", _back_slip(start=lambda d, f: f[-1] * d[0])),
        ("dh_0 is the direct path of the last δ alone; every step's loss reaches h_0.",
         _back_slip(start=lambda d, f: f.prod(axis=0) * d[-1])),
    ),
)  # fmt: skip


# --- min_gru -----------------------------------------------------------------------------------------------------


def _sigma(a):
    return 1 / (1 + np.exp(-a))


def _min_gru(
    x,
    W_xh,
    b_h,
    *,
    blocks=(0, 1),
    gate=_sigma,
    squash=lambda a: a,
    mix=lambda z, n, h: z * h + (1 - z) * n,
    bias=True,
    start=0.0,
    out=lambda h: h,
):
    """Run it step by step; each keyword is a place for a mistake."""
    H = W_xh.shape[1] // 2
    a = x @ W_xh + (b_h if bias else 0)
    a_z, a_n = (a[..., k * H : (k + 1) * H] for k in blocks)
    z, n = gate(a_z), squash(a_n)
    h = [np.full(z.shape[1:], start)]
    for z_t, n_t in zip(z, n):
        h.append(mix(z_t, n_t, h[-1]))
    return out(np.array(h))  # fmt: skip


def _min_slip(**how):
    return lambda x, W_xh, b_h: _min_gru(x, W_xh, b_h, **how)


def _min_cases(rng):
    def case(T, B, D, H):
        x, W_xh = rng.normal(size=(T, B, D)), rng.normal(size=(D, 2 * H))
        return Case(f"T = {T}, B = {B}, D = {D}, H = {H}", (x, W_xh, rng.normal(size=2 * H)))

    return [case(5, 2, 3, 4), case(4, 3, 2, 3), case(6, 1, 4, 2), case(3, 2, 1, 1), case(1, 2, 2, 2)]


MIN_GRU = Exercise(
    name="min_gru",
    args=("x", "W_xh", "b_h"),
    outputs=(("h", "(T+1, B, H)"),),
    cases=_min_cases,
    reference=_min_gru,
    included="T = 1",
    variants=(
        ("z and 1 − z have changed places: here, as in the chapter on the GRU, z keeps the old state.",
         _min_slip(mix=lambda z, n, h: (1 - z) * h + z * n)),
        ("the blocks have changed places: the first H columns are z's.", _min_slip(blocks=(1, 0))),
        ("the blocks have changed places, and so have z and 1 − z.",
         _min_slip(blocks=(1, 0), mix=lambda z, n, h: (1 - z) * h + z * n)),
        ("the candidate is squashed by tanh; that of the minGRU is linear in x_t.", _min_slip(squash=np.tanh)),
        ("the candidate is squashed by σ; only z is.", _min_slip(squash=_sigma)),
        ("z is not squashed; a gate lies between 0 and 1.", _min_slip(gate=lambda a: a)),
        ("z is squashed by tanh; then it may be negative. A gate takes σ.", _min_slip(gate=np.tanh)),
        ("the new state is squashed; in a linear recurrence nothing stands between two states.",
         _min_slip(mix=lambda z, n, h: np.tanh(z * h + (1 - z) * n))),
        ("the candidate is added whole; its share is 1 − z.", _min_slip(mix=lambda z, n, h: z * h + n)),
        ("the old state stays whole; its share is z.", _min_slip(mix=lambda z, n, h: h + (1 - z) * n)),
        ("both parts have the factor z.", _min_slip(mix=lambda z, n, h: z * (h + n))),
        ("the old state is missing.", _min_slip(mix=lambda z, n, h: (1 - z) * n)),
        ("the bias b_h is missing.", _min_slip(bias=False)),
        ("h starts with h_1; put h_0, zeros, in front.", _min_slip(out=lambda h: h[1:])),
        ("this is the last state alone; all of them are wanted, h_0 first.", _min_slip(out=lambda h: h[-1])),
        ("the states start from ones; h_0 is zeros.", _min_slip(start=1.0)),
    ),
)  # fmt: skip


def inference_memory(answer):
    """Check the bytes that an LSTM's state and an attention's cache take at inference: (state, cache).

    The answer is called as inference_memory(T, L, H, width) with T steps, L layers, H units and bytes per number.

    >>> inference_memory(lambda T, L, H, width: (2 * L * H * width, 2 * T * L * H * width))
    Right on 4 cases, T = 1 included.
    """
    return judge(answer, INFERENCE_MEMORY)


def combine(answer):
    """Check two steps of a linear recurrence made into one: (f, u), each (B, H).

    The answer is called as combine(f_1, u_1, f_2, u_2); step 1 comes before step 2.

    >>> combine(lambda f_1, u_1, f_2, u_2: (f_1 * f_2, u_1 + u_2))
    Not yet: what the first step has written is not scaled; the second step multiplies it by f_2, like all that was there before.
    """  # noqa: E501
    return judge(answer, COMBINE)


def linear_scan(answer):
    """Check a scan of h_t = f_t ⊙ h_{t−1} + u_t: (h_1 … h_T of shape (T, B, H), the number of rounds).

    The answer is called as linear_scan(f, u, h_0) with f, u (T, B, H) and h_0 (B, H); ⌈log₂ T⌉ rounds are wanted.

    >>> linear_scan(lambda f, u, h_0: ...)
    Not done yet: linear_scan is still a stub. Return (h of shape (T, B, H), rounds).
    """
    return judge(answer, LINEAR_SCAN)


def linear_backward(answer):
    """Check the way back through h_t = f_t ⊙ h_{t−1} + u_t: (df, du, dh_0).

    The answer is called as linear_backward(f, h, dh): f (T, B, H), h (T+1, B, H) with h_0, and dh (T, B, H), what the
    loss says about h_1 … h_T directly.

    >>> linear_backward(lambda f, h, dh: (dh * h[:-1], dh, f[0] * dh[0]))
    Not yet: nothing is carried back; h_t also acts on all later states.
    """
    return judge(answer, LINEAR_BACKWARD)


def min_gru(answer):
    """Check the states of a minGRU (Feng et al. 2024) from h_0 = 0: (T+1, B, H).

    The answer is called as min_gru(x, W_xh, b_h) with x (T, B, D), W_xh (D, 2H) and b_h (2H,), blocks z, n.

    >>> min_gru(lambda x, W_xh, b_h: ...)
    Not done yet: min_gru is still a stub. Return h of shape (T+1, B, H).
    """
    return judge(answer, MIN_GRU)
