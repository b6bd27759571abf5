"""Checks of the chapter *From sequence to sequence*."""

import numpy as np

from .engine import Case, Exercise, judge


def decoder_inputs(function):
    """Check `decoder_inputs(targets, start)`: what a decoder reads under teacher forcing, (T, B).

    targets (T, B) whole numbers, start one more symbol. Answers with a Result; never raises.

    >>> decoder_inputs(lambda targets, start: targets)
    Not yet: nothing is shifted: at each step the decoder would read the very symbol that it has to write. It reads
    the one before.
    """
    return judge(function, DECODER_INPUTS)


def greedy(function):
    """Check `greedy(step, h, start, end, steps)`: the symbols that a decoder writes, one sequence, `end` included.

    step(symbol, h) returns (logits (V,), h). Answers with a Result; never raises.

    >>> def one_state(step, h, start, end, steps):
    ...     written, symbol = [], start
    ...     while len(written) < steps and symbol != end:
    ...         symbol = int(step(symbol, h)[0].argmax())
    ...         written.append(symbol)
    ...     return written
    >>> greedy(one_state)
    Not yet: every step starts from the encoder's state: the new h that step returns is lost. Hand it to the next step.
    """
    return judge(function, GREEDY)


def beam_step(function):
    """Check `beam_step(scores, log_p, k)` → (new scores, parents, symbols), each (k,), the best first.

    scores (n,) are the log-probabilities of n beginnings, log_p (n, V) those of the next symbol after each. Answers
    with a Result; never raises.

    >>> def each_its_best(scores, log_p, k):
    ...     total = scores + log_p.max(axis=1)
    ...     order = np.argsort(-total)[:k]
    ...     return total[order], order, log_p.argmax(axis=1)[order]
    >>> beam_step(each_its_best)
    Not yet: each beginning keeps its own best continuation; the k best of all n · V are wanted, and they may well
    have one parent.
    """
    return judge(function, BEAM_STEP)


def attention_weights(function):
    """Check `attention_weights(queries, keys, lengths)`: scaled dot-product weights, (T_q, B, T_k), padding left out.

    queries (T_q, B, H), keys (T_k, B, H), lengths (B,) those of the keys. Answers with a Result; never raises.

    >>> def no_mask(queries, keys, lengths):
    ...     e = np.exp(np.einsum("qbh,kbh->qbk", queries, keys) / np.sqrt(keys.shape[2]))
    ...     return e / e.sum(axis=2, keepdims=True)
    >>> attention_weights(no_mask)
    Not yet: the padding gets weight: the first lengths[b] keys of sequence b are real, the others get 0.
    """
    return judge(function, ATTENTION_WEIGHTS)


def attend_backward(function):
    """Check `attend_backward(dy, w, queries, keys, values)` → (dqueries, dkeys, dvalues), for one sequence.

    dy (T_q, O), the weights w (T_q, T_k), queries (T_q, H), keys (T_k, H), values (T_k, O). Answers with a Result;
    never raises.

    >>> def no_sum(dy, w, queries, keys, values):
    ...     dscores = w * (dy @ values.T) / np.sqrt(keys.shape[1])
    ...     return dscores @ keys, dscores.T @ queries, w.T @ dy
    >>> attend_backward(no_sum)
    Not yet: a part of the softmax is missing: a weight that grows takes from the others. ds = w ⊙ (dw − Σ w ⊙ dw),
    the sum over the keys.
    """
    return judge(function, ATTEND_BACKWARD)


# --- decoder_inputs --------------------------------------------------------------------------------------------


def _shifted(targets, start):
    return np.concatenate([np.full((1, targets.shape[1]), start), targets[:-1]])


def _front(targets, start):
    return np.full((1, targets.shape[1]), start)


def _input_cases(rng):
    sizes = ((4, 3, 5), (6, 2, 9), (3, 3, 4), (5, 1, 7), (1, 3, 3))
    return [Case(f"T = {T}, B = {B}", (rng.integers(0, V - 1, (T, B)), V)) for T, B, V in sizes]


DECODER_INPUTS = Exercise(
    name="decoder_inputs",
    args=("targets", "start"),
    outputs=(("the inputs", "(T, B)"),),
    cases=_input_cases,
    reference=_shifted,
    included="B = 1 and T = 1",
    variants=(
        ("nothing is shifted: at each step the decoder would read the very symbol that it has to write. It reads the "
         "one before.", lambda targets, start: targets),
        ("nothing is dropped, so there is an input more than there are targets: the last target is read by nobody.",
         lambda targets, start: np.concatenate([_front(targets, start), targets])),
        ("the first target is dropped instead of the last: after the start comes the first target.",
         lambda targets, start: np.concatenate([_front(targets, start), targets[1:]])),
        ("this shifts the wrong way: the decoder would read the symbol *after* the one that it has to write.",
         lambda targets, start: np.concatenate([targets[1:], _front(targets, start)])),
        ("the last target has come round to the front; there the start symbol belongs.",
         lambda targets, start: np.roll(targets, 1, axis=0)),
        ("the start symbol is missing: without it there is one input too few, and nothing to begin with.",
         lambda targets, start: targets[:-1]),
        ("the shift runs along the batch: time is axis 0.",
         lambda targets, start: np.concatenate([np.full((len(targets), 1), start), targets[:, :-1]], axis=1)),
        ("0 stands at the front; put `start` there: 0 is a symbol like any other.",
         lambda targets, start: _shifted(targets, 0)),
        ("every input is the start symbol; from the second step on it is the target before.",
         lambda targets, start: np.full_like(targets, start)),
        ("the inputs run backwards in time.", lambda targets, start: _shifted(targets, start)[::-1]),
        ("the axes are swapped: time is axis 0, the batch axis 1.", lambda targets, start: _shifted(targets, start).T),
    ),
)  # fmt: skip


# --- greedy ----------------------------------------------------------------------------------------------------


def _greedy(step, h, start, end, steps, *, fed=lambda logits, symbol, start: symbol, pick=np.argmax, keeps=True,
            stops=True):  # fmt: skip
    """Decode; each keyword is a place for a mistake."""
    written, last = [], start
    while len(written) < steps and not (stops and written and written[-1] == end):
        logits, new = step(last, h)
        symbol = int(pick(logits))
        written.append(symbol)
        last, h = fed(logits, symbol, start), new if keeps else h
    return np.array(written, int)


def _greedy_slip(**how):
    return lambda *args: _greedy(*args, **how)


def _stops_on_input(step, h, start, end, steps):
    """Forget that what is read first is no symbol of the answer."""
    return np.concatenate([[start], _greedy(step, h, start, end, steps)])


def _decoder(rng, V, H):
    """Return step(symbol, h) of a small recurrent decoder with V symbols and a start."""
    W_e, W_hh, W_hy = rng.normal(size=(V + 1, H)), rng.normal(size=(H, H)), 2 * rng.normal(size=(H, V))

    def step(symbol, h):
        h = np.tanh(2 * W_e[symbol] + h @ W_hh)
        return h @ W_hy, h

    return step


def _greedy_cases(rng):
    """Draw decoders of which some end in time; others are cut off."""
    cases, wanted = [], {"ends": 2, "is cut off": 2, "ends at once": 1}
    while any(wanted.values()):
        V, H = int(rng.integers(4, 7)), int(rng.integers(3, 6))
        step, h, end, steps = _decoder(rng, V, H), rng.normal(size=H), V - 1, int(rng.integers(6, 9))
        written = _greedy(step, h, V, end, steps)
        how = "ends at once" if len(written) == 1 else "ends" if end in written else "is cut off"
        lively = len(set(written.tolist())) > 2 and (how != "ends" or 3 < len(written) < steps - 1)
        if wanted[how] and (lively or how == "ends at once"):
            wanted[how] -= 1
            cases.append(Case(f"V = {V}, steps = {steps}, and the decoder {how}", (step, h, V, end, steps)))
    return cases


GREEDY = Exercise(
    name="greedy",
    args=("step", "h", "start", "end", "steps"),
    outputs=(("the symbols", "(T,)"),),
    cases=_greedy_cases,
    reference=_greedy,
    included="a decoder that ends at once and one that never does",
    returns="the list of symbols",
    variants=(
        ("every step starts from the encoder's state: the new h that step returns is lost. Hand it to the next step.",
         _greedy_slip(keeps=False)),
        ("every step reads the start symbol; from the second on it reads what was written last.",
         _greedy_slip(fed=lambda logits, symbol, start: start)),
        ("every step reads the start symbol and starts from the encoder's state; hand on both, symbol and h.",
         _greedy_slip(fed=lambda logits, symbol, start: start, keeps=False)),
        ("it goes on after the end symbol; what comes then means nothing.", _greedy_slip(stops=False)),
        ("the end symbol is left out; it was written, and belongs to the answer here.",
         lambda step, h, start, end, steps: (found := _greedy(step, h, start, end, steps))[found != end]),
        ("the start symbol is no part of the answer: it is read, not written.", _stops_on_input),
        ("the start symbol is no part of the answer, and it takes the place of the last symbol.",
         lambda step, h, start, end, steps: _stops_on_input(step, h, start, end, steps - 1)),
        ("it ends a step too early: `steps` symbols are allowed.",
         lambda step, h, start, end, steps: _greedy(step, h, start, end, steps - 1)),
        ("it goes a step too far: `steps` symbols are allowed.",
         lambda step, h, start, end, steps: _greedy(step, h, start, end, steps + 1)),
        ("the least probable symbol is taken: argmin.", _greedy_slip(pick=np.argmin)),
        ("the second best symbol is taken.", _greedy_slip(pick=lambda logits: np.argsort(logits)[-2])),
        ("it stops at the end symbol only; a decoder that never writes it goes on without end.",
         lambda step, h, start, end, steps: _greedy(step, h, start, end, 40)),
        ("only the last symbol is returned; all are wanted.", lambda *args: _greedy(*args)[-1:]),
        ("the symbols stand in the wrong order, the last first.", lambda *args: _greedy(*args)[::-1]),
    ),
    hints=(("only integers, slices|must be of integer",
            "What step reads is a symbol, a whole number: the argmax of the logits, not the logits."),
           ("inner sizes|matmul|'tuple' object",
            "step returns two things, (logits, h), in this order, and takes (symbol, h).")),
)  # fmt: skip


# --- beam_step -------------------------------------------------------------------------------------------------


def _beam_step(scores, log_p, k, *, total=lambda s, p: s[:, None] + p, order=lambda flat: np.argsort(-flat),
               place=np.unravel_index):  # fmt: skip
    """Return the best continuations; each keyword is a place for a mistake."""
    all_scores = total(scores, log_p)
    best = order(all_scores.ravel())[:k]
    parents, symbols = place(best, log_p.shape)
    return all_scores.ravel()[best], parents, symbols


def _beam_slip(**how):
    return lambda scores, log_p, k: _beam_step(scores, log_p, k, **how)


def _each_best(scores, log_p, k):
    total = scores + log_p.max(axis=1)
    order = np.argsort(-total)[:k]
    return total[order], order, log_p.argmax(axis=1)[order]


def _each_best_unsorted(scores, log_p, k):
    return (scores + log_p.max(axis=1))[:k], np.arange(len(scores))[:k], log_p.argmax(axis=1)[:k]


def _best_parent_only(scores, log_p, k):
    parent = scores.argmax()
    order = np.argsort(-log_p[parent])[:k]
    return scores[parent] + log_p[parent, order], np.full(len(order), parent), order


def _chosen_before_adding(scores, log_p, k):
    """Choose by the next symbol alone, and add the scores afterwards."""
    best = np.argsort(-log_p.ravel())[:k]
    parents, symbols = np.unravel_index(best, log_p.shape)
    return scores[parents] + log_p.ravel()[best], parents, symbols


def _beam_cases(rng):
    """Draw beams in which the best continuations share parents, and the order is not that of the parents.

    One of them is wide, since np.argpartition sorts what is short on some machines, as if by sort.
    """
    cases = []
    for n, V, k in ((3, 5, 3), (5, 5, 7), (6, 60, 300), (5, 4, 2)):
        while True:
            log_p = np.log(rng.dirichlet(np.full(V, 0.6), n))
            scores = -rng.uniform(1, 3, n)
            _, parents, symbols = _beam_step(scores, log_p, k)
            if (
                len(set(parents[:n].tolist())) < min(n, k)
                and len(set(symbols.tolist())) > 1
                and parents[0] != 0
            ):
                break
        cases.append(Case(f"n = {n}, V = {V}, k = {k}", (scores, log_p, k)))
    log_p = np.log(rng.dirichlet(np.ones(6), 1))
    return [*cases, Case("one beginning, n = 1", (np.zeros(1), log_p, 3))]


def _unsorted(found, wanted):
    """Are these the right continuations throughout, in another order?"""
    for columns, targets in zip(found, wanted):
        if any(array.shape != target.shape for array, target in zip(columns, targets)):
            return None
        order, wanted_order = np.lexsort(columns[:0:-1]), np.lexsort(targets[:0:-1])
        if not all(np.allclose(a[order], b[wanted_order], atol=1e-5) for a, b in zip(columns, targets)):
            return None
    return "the right k, but the best has to come first, then the second best, and so on."


BEAM_STEP = Exercise(
    name="beam_step",
    args=("scores", "log_p", "k"),
    outputs=(("the new scores", "(k,)"), ("parents", "(k,)"), ("symbols", "(k,)")),
    cases=_beam_cases,
    reference=_beam_step,
    included="a single beginning",
    look=_unsorted,
    variants=(
        ("each beginning keeps its own best continuation; the k best of all n · V are wanted, and they may well have "
         "one parent.", _each_best),
        ("each beginning keeps its own best continuation; the k best of all n · V are wanted, the best first.",
         _each_best_unsorted),
        ("only the best beginning is continued; another one may overtake it, so look at all n · V.", _best_parent_only),
        ("the scores of the beginnings are left out: a probable next symbol does not make up for an improbable "
         "beginning. Add them.", _beam_slip(total=lambda s, p: p + 0 * s[:, None])),
        ("the k are chosen by the next symbol alone, and the scores added afterwards; add first, then choose.",
         _chosen_before_adding),
        ("logarithms of probabilities are multiplied; the product of probabilities is the sum of their logarithms.",
         _beam_slip(total=lambda s, p: s[:, None] * p)),
        ("probabilities are added, exp of both; probabilities of steps are multiplied, so their logarithms are added.",
         _beam_slip(total=lambda s, p: np.exp(s)[:, None] + np.exp(p))),
        ("the logarithms are averaged; the sum is the log-probability of the whole.",
         _beam_slip(total=lambda s, p: (s[:, None] + p) / 2)),
        ("the scores are probabilities; keep the logarithms, or many small factors become 0.",
         lambda *args: (lambda s, a, b: (np.exp(s), a, b))(*_beam_step(*args))),
        ("these are the k least probable: log-probabilities are negative, and the largest is the best.",
         _beam_slip(order=np.argsort)),
        ("the right k, but the best has to come first.",
         lambda *args: tuple(array[::-1] for array in _beam_step(*args))),
        ("the symbols are places among all n · V; the symbol is the remainder when such a place is divided by V.",
         _beam_slip(place=lambda best, shape: (best // shape[1], best))),
        ("the places are divided by n: a row of log_p has V entries, so parent = place // V and symbol = place % V.",
         _beam_slip(place=lambda best, shape: (best // shape[0], best % shape[0]))),
        ("each continuation stands by itself, (score, parent, symbol); three arrays are wanted: (new scores, parents, "
         "symbols).", lambda *args: list(zip(*_beam_step(*args)))),
        ("parents and symbols are swapped: return (scores, parents, symbols).",
         lambda *args: (lambda s, a, b: (s, b, a))(*_beam_step(*args))),
    ),
)  # fmt: skip


# --- attention_weights -----------------------------------------------------------------------------------------


def _masked(scores, lengths, value=-np.inf):
    """Put `value` where a key is padding; scores (T_q, B, T_k)."""
    return np.where(np.arange(scores.shape[2]) < np.asarray(lengths)[:, None], scores, value)


def _softmax(scores, axis=2):
    e = np.exp(scores - np.max(scores, axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def _weights(queries, keys, lengths, *, scale=lambda H: H**0.5, mask=_masked, soft=_softmax):
    """Return the weights; each keyword is a place for a mistake."""
    scores = np.einsum("qbh,kbh->qbk", queries, keys) / scale(keys.shape[2])
    return soft(mask(scores, lengths))


def _weights_slip(**how):
    return lambda queries, keys, lengths: _weights(queries, keys, lengths, **how)


def _masked_after(queries, keys, lengths):
    return _masked(_weights(queries, keys, lengths, mask=lambda scores, lengths: scores), lengths, 0.0)


def _hard(scores):
    return (scores == scores.max(axis=2, keepdims=True)).astype(float)


def _weights_cases(rng):
    cases = []
    for T_q, T_k, B, H in ((4, 5, 3, 2), (3, 6, 2, 4), (4, 4, 4, 4), (2, 5, 1, 3), (1, 3, 3, 5)):
        lengths = rng.integers(2, T_k + 1, B)
        lengths[0] = T_k - 1
        arrays = 1.5 * rng.normal(size=(T_q, B, H)), 1.5 * rng.normal(size=(T_k, B, H))
        words = f"T_q = {T_q}, T_k = {T_k}, B = {B}, H = {H}"
        cases.append(Case(words, (*arrays, lengths)))
    return cases


def _padding_shines_through(found, wanted):
    """Would the weights be right if what the padding has were taken away?"""
    for (array,), (target,) in zip(found, wanted):
        if array.shape != target.shape:
            return None
        left = np.where(target > 0, array, 0.0)
        with np.errstate(all="ignore"):
            left = left / left.sum(axis=2, keepdims=True)
        if not np.allclose(left, target, atol=1e-5):
            return None
    return ("the padding still gets some weight: its scores are low, but not low enough. Set them to −∞, or to a "
            "number like −10⁹.")  # fmt: skip


ATTENTION_WEIGHTS = Exercise(
    name="attention_weights",
    args=("queries", "keys", "lengths"),
    outputs=(("the weights", "(T_q, B, T_k)"),),
    cases=_weights_cases,
    reference=_weights,
    included="B = 1 and one query",
    look=_padding_shines_through,
    variants=(
        ("the padding gets weight: the first lengths[b] keys of sequence b are real, the others get 0.",
         _weights_slip(mask=lambda scores, lengths: scores)),
        ("the padding's scores are set to 0 before the softmax, and e⁰ = 1 is a weight like any other. Set them to −∞.",
         _weights_slip(mask=lambda scores, lengths: _masked(scores, lengths, 0.0))),
        ("the padding's weights are set to 0 *after* the softmax, so what is left no longer sums to 1. Mask the "
         "scores, with −∞.", _masked_after),
        ("the softmax runs over the queries: for each query the weights over the *keys* sum to 1, axis 2.",
         _weights_slip(soft=lambda scores: _softmax(scores, 0))),
        ("the softmax runs over the queries, and the padding is not left out: for each query the weights over the keys "
         "sum to 1.", _weights_slip(mask=lambda s, lengths: s, soft=lambda scores: _softmax(scores, 0))),
        ("the softmax runs over the batch: for each query the weights over the *keys* sum to 1, axis 2.",
         _weights_slip(soft=lambda scores: _softmax(scores, 1))),
        ("the scores are not scaled: divide them by √H.", _weights_slip(scale=lambda H: 1)),
        ("the scores are divided by H; by √H they keep a spread of about 1.", _weights_slip(scale=lambda H: H)),
        ("the scores are multiplied by √H; they are divided by it.", _weights_slip(scale=lambda H: H**-0.5)),
        ("the scores are not scaled, and the padding is not left out.",
         _weights_slip(scale=lambda H: 1, mask=lambda scores, lengths: scores)),
        ("these are the scores; their softmax over the keys is wanted.", _weights_slip(soft=lambda scores: scores)),
        ("these are the scores; their softmax over the keys is wanted, without the padding.",
         _weights_slip(mask=lambda s, lengths: s, soft=lambda scores: scores)),
        ("the scores are divided by their sum, without exp; a score may be negative, so take the softmax.",
         _weights_slip(mask=lambda s, n: _masked(s, n, 0.0), soft=lambda s: s / s.sum(axis=2, keepdims=True))),
        ("the softmax runs over everything at once: for each query the weights over the keys sum to 1, axis 2.",
         _weights_slip(soft=lambda scores: _softmax(scores, None))),
        ("√H divides the weights; it divides the scores, before the softmax.",
         lambda q, k, n: _weights(q, k, n, scale=lambda H: 1) / np.sqrt(k.shape[2])),
        ("exp is not divided by its sum: for each query the weights sum to 1.", _weights_slip(soft=np.exp)),
        ("all weight goes to the best key: that is no softmax, and has no gradient.", _weights_slip(soft=_hard)),
        ("the axes stand as (B, T_q, T_k); (T_q, B, T_k) is wanted.",
         lambda *args: np.swapaxes(_weights(*args), 0, 1)),
        ("the axes stand as (T_q, T_k, B); (T_q, B, T_k) is wanted.",
         lambda *args: np.swapaxes(_weights(*args), 1, 2)),
    ),
)  # fmt: skip


# --- attend_backward -------------------------------------------------------------------------------------------


def _through_softmax(dw, w):
    return w * (dw - (w * dw).sum(axis=1, keepdims=True))


def _attend_backward(dy, w, queries, keys, values, *, soft=_through_softmax, scale=lambda H: H**0.5):
    """Return the three gradients; each keyword is a place for a mistake."""
    ds = soft(dy @ values.T, w) / scale(keys.shape[1])
    return ds @ keys, ds.T @ queries, w.T @ dy


def _attend_slip(**how):
    return lambda *args: _attend_backward(*args, **how)


def _put(place, make):
    """Return the right gradients with one of them made otherwise."""

    def variant(*args):
        right = list(_attend_backward(*args))
        right[place] = make(*args)
        return tuple(right)

    return variant


def _attend_cases(rng):
    cases = []
    for T_q, T_k, H, O in ((3, 5, 4, 2), (4, 4, 4, 4), (2, 6, 3, 5), (1, 3, 2, 1), (4, 1, 3, 2)):
        queries, keys, values = (rng.normal(size=shape) for shape in ((T_q, H), (T_k, H), (T_k, O)))
        w = _softmax((queries @ keys.T / H**0.5)[:, None])[:, 0]
        words = f"T_q = {T_q}, T_k = {T_k}, H = {H}, O = {O}"
        cases.append(Case(words, (rng.normal(size=(T_q, O)), w, queries, keys, values)))
    return cases


ATTEND_BACKWARD = Exercise(
    name="attend_backward",
    args=("dy", "w", "queries", "keys", "values"),
    outputs=(("dqueries", "(T_q, H)"), ("dkeys", "(T_k, H)"), ("dvalues", "(T_k, O)")),
    chain=("dvalues", "dqueries", "dkeys"),
    cases=_attend_cases,
    reference=_attend_backward,
    included="one query, and one key",
    variants=(
        ("a part of the softmax is missing: a weight that grows takes from the others. ds = w ⊙ (dw − Σ w ⊙ dw), the "
         "sum over the keys.", _attend_slip(soft=lambda dw, w: w * dw)),
        ("this is the slope of the logistic function, w (1 − w); in a softmax every score moves every weight. "
         "ds = w ⊙ (dw − Σ w ⊙ dw).", _attend_slip(soft=lambda dw, w: w * (1 - w) * dw)),
        ("the softmax is skipped: dw is the gradient of the weights, not of the scores.",
         _attend_slip(soft=lambda dw, w: dw)),
        ("the sum in the softmax runs over the queries; it runs over the keys, axis 1.",
         _attend_slip(soft=lambda dw, w: w * (dw - (w * dw).sum(axis=0)))),
        ("the sum in the softmax is that of dw; it is weighted, Σ w ⊙ dw.",
         _attend_slip(soft=lambda dw, w: w * (dw - dw.sum(axis=1, keepdims=True)))),
        ("the sum in the softmax is taken over everything; each query has its own.",
         _attend_slip(soft=lambda dw, w: w * (dw - (w * dw).sum()))),
        ("the factor w in front is missing: ds = w ⊙ (dw − Σ w ⊙ dw).",
         _attend_slip(soft=lambda dw, w: dw - (w * dw).sum(axis=1, keepdims=True))),
        ("the sum is multiplied by no w: ds = w ⊙ dw − w Σ w ⊙ dw.",
         _attend_slip(soft=lambda dw, w: w * dw - (w * dw).sum(axis=1, keepdims=True))),
        ("the sum in the softmax is the mean of dw; it is weighted, Σ w ⊙ dw.",
         _attend_slip(soft=lambda dw, w: w * (dw - dw.mean(axis=1, keepdims=True)))),
        ("the sum in the softmax is added; it is subtracted: ds = w ⊙ (dw − Σ w ⊙ dw).",
         _attend_slip(soft=lambda dw, w: w * (dw + (w * dw).sum(axis=1, keepdims=True)))),
        ("two things are missing: the sum in the softmax, ds = w ⊙ (dw − Σ w ⊙ dw), and the factor 1/√H.",
         _attend_slip(soft=lambda dw, w: w * dw, scale=lambda H: 1)),
        ("the sign of the softmax's gradient is reversed.",
         _attend_slip(soft=lambda dw, w: -_through_softmax(dw, w))),
        ("the scores were divided by √H, and so is their gradient.", _attend_slip(scale=lambda H: 1)),
        ("the gradient of the scores is divided by H; it was √H.", _attend_slip(scale=lambda H: H)),
        ("the gradient of the scores is multiplied by √H; the scores were divided by it.",
         _attend_slip(scale=lambda H: H**-0.5)),
        ("√H is missing on the way to the queries.",
         _put(0, lambda dy, w, q, k, v: _attend_backward(dy, w, q, k, v)[0] * k.shape[1] ** 0.5)),
        ("√H is missing on the way to the keys.",
         _put(1, lambda dy, w, q, k, v: _attend_backward(dy, w, q, k, v)[1] * k.shape[1] ** 0.5)),
        ("the gradients of queries and keys are swapped.",
         lambda *args: (lambda a, b, c: (b, a, c))(*_attend_backward(*args))),
        ("every query takes from a value as much as its weight says: dvalues is wᵀ dy, not the mean of dy.",
         _put(2, lambda dy, w, q, k, v: np.broadcast_to(dy.mean(axis=0), v.shape))),
        ("each value gets the whole of dy, without the weights: dvalues is wᵀ dy.",
         _put(2, lambda dy, w, q, k, v: np.broadcast_to(dy.sum(axis=0), v.shape))),
    ),
)  # fmt: skip
