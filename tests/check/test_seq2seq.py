"""Every check of *From sequence to sequence* names the mistake that was made."""

import math

import numpy as np
import pytest

import rnnlib
from rnnlib import check
from rnnlib.check import seq2seq

# --- decoder_inputs --------------------------------------------------------------------------------------------


def one_by_one(targets, start, *, first=None, source=lambda t: t - 1):
    """Fill the inputs step by step; source(t) is the target that step t reads."""
    T, B = targets.shape
    inputs = np.zeros((T, B), int)
    for t in range(T):
        for b in range(B):
            inputs[t, b] = targets[source(t), b] if t else (start if first is None else first)
    return inputs


INPUTS_WRONG = {
    "nothing is shifted": lambda targets, start: [list(row) for row in targets],
    "nothing is dropped": lambda targets, start: [[start] * targets.shape[1], *targets],
    "the first target is dropped": lambda targets, start: one_by_one(targets, start, source=lambda t: t),
    "this shifts the wrong way": lambda targets, start: [*targets[1:], [start] * targets.shape[1]],
    "has come round to the front": lambda targets, start: [targets[-1], *targets[:-1]],
    "the start symbol is missing": lambda targets, start: targets[: len(targets) - 1],
    "the shift runs along the batch": lambda targets, start: [[start, *row[:-1]] for row in targets],
    "0 stands at the front": lambda targets, start: one_by_one(targets, start, first=0),
    "every input is the start symbol": lambda targets, start: start + 0 * targets,
    "backwards in time": lambda targets, start: one_by_one(targets, start)[::-1],
    "the axes are swapped": lambda targets, start: one_by_one(targets, start).T,
}


@pytest.mark.parametrize("words", INPUTS_WRONG)
def test_decoder_inputs_names_the_mistake(words, says):
    assert words in says(check.decoder_inputs(INPUTS_WRONG[words]))


def test_the_start_symbol_cannot_be_guessed_from_the_targets():
    assert not check.decoder_inputs(lambda targets, start: one_by_one(targets, targets.max() + 1))


def rolled(targets, start):
    inputs = np.roll(targets, 1, axis=0)
    inputs[0] = start
    return inputs


@pytest.mark.parametrize(
    "way", [one_by_one, rolled, lambda targets, start: one_by_one(targets, start).tolist()]
)
def test_decoder_inputs_takes_every_way_to_write_it(way):
    said = "Right on 5 cases, B = 1 and T = 1 included."
    assert repr(check.decoder_inputs(lambda targets, start: way(targets, start))) == said


# --- greedy ----------------------------------------------------------------------------------------------------


def loop(step, h, start, end, steps, *, read="symbol", hand_on=True, done=lambda symbol, end: symbol == end,
         order=0):  # fmt: skip
    """Write symbols until the end, with some of its lines changed."""
    answer, symbol = [], start
    for _ in range(steps):
        logits, new = step(symbol if read == "symbol" else start, h)
        if hand_on:
            h = new
        symbol = sorted(range(len(logits)), key=lambda k: -logits[k])[order]
        answer.append(symbol)
        if done(symbol, end):
            break
    return answer


def greedily(**how):
    return lambda step, h, start, end, steps: loop(step, h, start, end, steps, **how)


def logits_fed(step, h, start, end, steps):
    answer, symbol = [], start
    for _ in range(steps):
        symbol, h = step(symbol, h)
        answer.append(int(np.argmax(symbol)))
    return answer


def endless(step, h, start, end, steps):
    answer = [start]
    while answer[-1] != end and len(answer) < 41:
        logits, h = step(answer[-1], h)
        answer.append(int(np.argmax(logits)))
    return answer[1:]


GREEDY_WRONG = {
    "the new h that step returns is lost": greedily(hand_on=False),
    "every step reads the start symbol; from": greedily(read="start"),
    "hand on both, symbol and h": greedily(read="start", hand_on=False),
    "it goes on after the end symbol": greedily(done=lambda symbol, end: False),
    "the end symbol is left out": lambda *args: [symbol for symbol in loop(*args) if symbol != args[3]],
    "it is read, not written": lambda *args: [args[2], *loop(*args)],
    "takes the place of the last symbol": lambda *args: [args[2], *loop(*args[:4], args[4] - 1)],
    "it ends a step too early": lambda *args: loop(*args[:4], args[4] - 1),
    "it goes a step too far": lambda *args: loop(*args[:4], args[4] + 1),
    "the least probable symbol": greedily(order=-1),
    "the second best symbol": greedily(order=1),
    "goes on without end": endless,
    "only the last symbol": lambda *args: loop(*args)[-1:],
    "the last first": lambda *args: list(reversed(loop(*args))),
    "the argmax of the logits": logits_fed,
}


@pytest.mark.parametrize("words", GREEDY_WRONG)
def test_greedy_names_the_mistake(words, says):
    assert words in says(check.greedy(GREEDY_WRONG[words]))


def swapped(step, h, start, end, steps):
    h, logits = step(start, h)
    return [int(np.argmax(step(int(np.argmax(logits)), h)[0]))]


def not_unpacked(step, h, start, end, steps):
    return [step(start, h).argmax()]


@pytest.mark.parametrize("way", [swapped, not_unpacked])
def test_greedy_says_what_step_returns(way, says):
    assert "step returns two things, (logits, h), in this order" in says(check.greedy(way))


def test_greedy_sees_that_chance_is_at_work(says):
    draw = np.random.default_rng(3)

    def sampled(step, h, start, end, steps):
        written = [start]
        for _ in range(steps):
            logits, h = step(written[-1], h)
            written.append(int(np.argmax(logits + draw.gumbel(size=len(logits)))))
        return written[1:]

    assert "is chance at work" in says(check.greedy(sampled))


GREEDY_RIGHT = [loop, lambda *args: endless(*args)[: args[4]], lambda *args: np.array(loop(*args), float)]


@pytest.mark.parametrize("way", GREEDY_RIGHT)
def test_greedy_takes_every_way_to_write_it(way):
    said = "Right on 5 cases, a decoder that ends at once and one that never does included."
    assert repr(check.greedy(lambda step, h, start, end, steps: way(step, h, start, end, steps))) == said


def test_greedy_agrees_with_the_decoding_of_rnnlib():
    decoder = rnnlib.stack([rnnlib.Embedding(6, 4, rng=1), rnnlib.GRU(4, 5, rng=2)])
    net = rnnlib.EncoderDecoder(rnnlib.GRU(2, 5, rng=3), decoder, rnnlib.Readout(5, 5, rng=4))
    net.readout.params["W_hy"] *= 20
    source = np.random.default_rng(5).normal(size=(7, 1, 2))

    def step(symbol, h):
        trace = decoder.forward(np.array([[symbol]]), [None, h])
        return net.readout.forward(trace.y).y[0, 0], trace.h_last[1]

    h = net.encoder.forward(source).h_last[0]
    for end in range(5):
        expected = net.greedy(source, 5, end, steps=9)[:, 0]
        assert seq2seq._greedy(step, h, 5, end, 9).tolist() == expected.tolist()


# --- beam_step -------------------------------------------------------------------------------------------------


def listed(scores, log_p, k, *, score=lambda s, p: s + p, key=lambda row: -row[0], keep=None, give=None):
    """List all continuations as (score, parent, symbol), sort, cut."""
    n, V = log_p.shape
    rows = [(score(scores[i], log_p[i, j]), i, j) for i in range(n) for j in range(V)]
    rows = sorted(keep(rows) if keep else rows, key=key)[:k]
    columns = [list(column) for column in zip(*rows)]
    return give(columns, n, V) if give else tuple(columns)


def slip(**how):
    return lambda scores, log_p, k: listed(scores, log_p, k, **how)


def best_of_each(rows):
    return [max(row for row in rows if row[1] == i) for i in sorted({row[1] for row in rows})]


def of_the_best_parent(scores, log_p, k):
    best = int(np.argmax(scores))
    return listed(scores, log_p, k, keep=lambda rows: [row for row in rows if row[1] == best])


def flat_symbols(columns, n, V):
    scores, parents, symbols = columns
    return scores, parents, [i * V + j for i, j in zip(parents, symbols)]


def by_parent(columns, n, V):
    return tuple(zip(*sorted(zip(*columns), key=lambda row: row[1:])))


def divided_by_n(columns, n, V):
    scores, parents, symbols = columns
    places = [i * V + j for i, j in zip(parents, symbols)]
    return scores, [place // n for place in places], [place % n for place in places]


def by_symbol_first(scores, log_p, k):
    _, parents, symbols = listed(0 * scores, log_p, k)
    return [scores[i] + log_p[i, j] for i, j in zip(parents, symbols)], parents, symbols


BEAM_WRONG = {
    "its own best continuation; the k best of all n · V are wanted, and they": slip(keep=best_of_each),
    "are wanted, the best first": slip(keep=best_of_each, key=lambda row: row[1]),
    "only the best beginning is continued": of_the_best_parent,
    "the scores of the beginnings are left out": slip(score=lambda s, p: p),
    "add first, then choose": by_symbol_first,
    "logarithms of probabilities are multiplied": slip(score=lambda s, p: s * p),
    "probabilities are added, exp of both": slip(score=lambda s, p: math.exp(s) + math.exp(p)),
    "the logarithms are averaged": slip(score=lambda s, p: np.mean([s, p])),
    "keep the logarithms": slip(score=lambda s, p: math.exp(s) * math.exp(p)),
    "the k least probable": slip(key=lambda row: row[0]),
    "the best has to come first": slip(give=lambda columns, n, V: tuple(c[::-1] for c in columns)),
    "then the second best": slip(give=by_parent),
    "each continuation stands by itself": lambda *args: [list(row) for row in zip(*listed(*args))],
    "the symbols are places among all n · V": slip(give=flat_symbols),
    "the places are divided by n": slip(give=divided_by_n),
    "parents and symbols are swapped": slip(give=lambda columns, n, V: (columns[0], columns[2], columns[1])),
}


@pytest.mark.parametrize("words", BEAM_WRONG)
def test_beam_step_names_the_mistake(words, says):
    assert words in says(check.beam_step(BEAM_WRONG[words]))


def by_divmod(scores, log_p, k):
    total = (scores[:, None] + log_p).reshape(-1)
    best = np.argpartition(-total, k - 1)[:k]
    best = best[np.argsort(total[best])[::-1]]
    return total[best], *divmod(best, log_p.shape[1])


def test_a_partition_is_not_taken_for_a_sort(says):
    def parted(scores, log_p, k):
        total = (scores[:, None] + log_p).ravel()
        best = np.argpartition(-total, k - 1)[:k]
        return total[best], *divmod(best, log_p.shape[1])

    assert "the best has to come first, then the second best" in says(check.beam_step(parted))


def in_single_precision(scores, log_p, k):
    return by_divmod(scores.astype(np.float32), log_p.astype(np.float32), k)


@pytest.mark.parametrize("way", [listed, by_divmod, in_single_precision])
def test_beam_step_takes_every_way_to_write_it(way):
    said = "Right on 5 cases, a single beginning included."
    assert repr(check.beam_step(lambda scores, log_p, k: way(scores, log_p, k))) == said


# --- attention_weights -----------------------------------------------------------------------------------------


def row_by_row(queries, keys, lengths, *, scale=math.sqrt, filling=None, after=False, soft=None, order="qbk"):
    """Work out one query of one sequence after the other, over its real keys alone."""
    T_q, B, H = queries.shape
    w = np.zeros((T_q, B, len(keys)))
    for t in range(T_q):
        for b in range(B):
            n = len(keys) if filling is not None or after else lengths[b]
            scores = np.array([queries[t, b] @ keys[k, b] / scale(H) for k in range(n)])
            if filling is not None:
                scores[lengths[b] :] = scores[lengths[b] :] if filling == "as it is" else filling
            w[t, b, :n] = soft(scores) if soft else np.exp(scores) / np.exp(scores).sum()
            if after:
                w[t, b, lengths[b] :] = 0
    return np.einsum(f"qbk->{order}", w)


def weighing(**how):
    return lambda queries, keys, lengths: row_by_row(queries, keys, lengths, **how)


def along(axis, masked=True):
    """The softmax over another axis than the keys'."""

    def weights(queries, keys, lengths):
        scores = np.stack([(keys * q).sum(axis=2).T for q in queries]) / math.sqrt(keys.shape[2])
        if masked:
            for b, n in enumerate(lengths):
                scores[:, b, n:] = -np.inf
        e = np.exp(scores)
        return e / e.sum(axis=axis, keepdims=True)

    return weights


def one_hot_of_the_best(scores):
    return np.eye(len(scores))[int(np.argmax(scores))]


WEIGHTS_WRONG = {
    "the padding gets weight": weighing(filling="as it is"),
    "set to 0 before the softmax": weighing(filling=0.0),
    "set to 0 *after* the softmax": weighing(after=True),
    "the softmax runs over the queries: for": along(0),
    "the softmax runs over the queries, and": along(0, masked=False),
    "the softmax runs over the batch": along(1),
    "the scores are not scaled: divide": weighing(scale=lambda H: 1.0),
    "divided by H; by √H": weighing(scale=lambda H: H),
    "multiplied by √H; they are divided": weighing(scale=lambda H: 1 / math.sqrt(H)),
    "the scores are not scaled, and the padding": weighing(scale=lambda H: 1.0, filling="as it is"),
    "these are the scores; their softmax over the keys is wanted.": weighing(
        filling=-np.inf, soft=lambda scores: scores
    ),
    "these are the scores; their softmax over the keys is wanted, without": weighing(
        filling="as it is", soft=lambda scores: scores
    ),
    "divided by their sum, without exp": weighing(soft=lambda scores: scores / scores.sum()),
    "the softmax runs over everything": along(None),
    "√H divides the weights": lambda queries, keys, lengths: (
        row_by_row(queries, keys, lengths, scale=lambda H: 1.0) / math.sqrt(keys.shape[2])
    ),
    "the padding still gets some weight": weighing(filling=-9.0),
    "exp is not divided by its sum": weighing(soft=np.exp),
    "all weight goes to the best key": weighing(soft=one_hot_of_the_best),
    "the axes stand as (B, T_q, T_k)": weighing(order="bqk"),
    "the axes stand as (T_q, T_k, B)": weighing(order="qkb"),
}


@pytest.mark.parametrize("words", WEIGHTS_WRONG)
def test_attention_weights_names_the_mistake(words, says):
    assert words in says(check.attention_weights(WEIGHTS_WRONG[words]))


def with_a_large_negative_number(queries, keys, lengths):
    scores = np.matmul(queries.swapaxes(0, 1), keys.transpose(1, 2, 0)) / keys.shape[2] ** 0.5
    scores = scores - 1e9 * (np.arange(len(keys)) >= np.array(lengths)[:, None])[:, None]
    e = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return (e / e.sum(axis=-1, keepdims=True)).swapaxes(0, 1)


def by_rnnlib(queries, keys, lengths):
    return rnnlib.Attention().forward(queries, keys, lengths=lengths).weights


@pytest.mark.parametrize("way", [row_by_row, with_a_large_negative_number, by_rnnlib])
def test_attention_weights_takes_every_way_to_write_it(way):
    said = "Right on 5 cases, B = 1 and one query included."
    assert repr(check.attention_weights(lambda queries, keys, lengths: way(queries, keys, lengths))) == said


# --- attend_backward -------------------------------------------------------------------------------------------


def jacobian(w):
    return np.diag(w) - np.outer(w, w)


def query_by_query(
    dy, w, queries, keys, values, *, J=jacobian, scale=math.sqrt, scale_q=None, scale_k=None, dv=None
):
    """Take one query after the other through the softmax's Jacobian."""
    H = keys.shape[1]
    dq, dk, dvalues = np.zeros_like(queries), np.zeros_like(keys), np.zeros_like(values)
    for t in range(len(queries)):
        ds = J(w[t]) @ (values @ dy[t])
        dq[t] = sum(ds[k] * keys[k] for k in range(len(keys))) / (scale_q or scale)(H)
        dk += np.outer(ds, queries[t]) / (scale_k or scale)(H)
        dvalues += np.outer(dv(w[t]) if dv else w[t], dy[t])
    return dq, dk, dvalues


def attending(**how):
    return lambda *args: query_by_query(*args, **how)


def whole(ds_of):
    """All queries at once, with another way through the softmax."""

    def backward(dy, w, queries, keys, values):
        ds = ds_of(w, np.einsum("qo,ko->qk", dy, values)) / np.sqrt(queries.shape[1])
        return (
            np.einsum("qk,kh->qh", ds, keys),
            np.einsum("qk,qh->kh", ds, queries),
            np.einsum("qk,qo->ko", w, dy),
        )

    return backward


BACKWARD_WRONG = {
    "a part of the softmax is missing": attending(J=np.diag),
    "the slope of the logistic function": attending(J=lambda w: np.diag(w - w**2)),
    "the softmax is skipped": attending(J=lambda w: np.eye(len(w))),
    "the sum in the softmax runs over the queries": whole(lambda w, dw: w * dw - w * np.sum(w * dw, axis=0)),
    "the sum in the softmax is that of dw": attending(J=lambda w: np.diag(w) - np.outer(w, np.ones(len(w)))),
    "the sum in the softmax is taken over everything": whole(lambda w, dw: w * (dw - np.vdot(w, dw))),
    "the factor w in front is missing": attending(J=lambda w: np.eye(len(w)) - np.outer(np.ones(len(w)), w)),
    "the sum is multiplied by no w": whole(lambda w, dw: w * dw - np.sum(w * dw, axis=1)[:, None]),
    "the mean of dw; it is weighted": attending(
        J=lambda w: np.diag(w) - np.outer(w, np.full(len(w), 1 / len(w)))
    ),
    "the sum in the softmax is added": attending(J=lambda w: np.diag(w) + np.outer(w, w)),
    "two things are missing": attending(J=np.diag, scale=lambda H: 1.0),
    "the sign of the softmax": attending(J=lambda w: -jacobian(w)),
    "the scores were divided by √H, and so": attending(scale=lambda H: 1.0),
    "divided by H; it was √H": attending(scale=lambda H: H),
    "multiplied by √H; the scores": attending(scale=lambda H: 1 / math.sqrt(H)),
    "√H is missing on the way to the queries": attending(scale_q=lambda H: 1.0),
    "√H is missing on the way to the keys": attending(scale_k=lambda H: 1.0),
    "queries and keys are swapped": lambda *args: [query_by_query(*args)[k] for k in (1, 0, 2)],
    "not the mean of dy": lambda dy, w, *rest: (
        *query_by_query(dy, w, *rest)[:2],
        np.tile(dy.mean(axis=0), (w.shape[1], 1)),
    ),
    "each value gets the whole of dy": attending(dv=np.ones_like),
}


@pytest.mark.parametrize("words", BACKWARD_WRONG)
def test_attend_backward_names_the_mistake(words, says):
    assert words in says(check.attend_backward(BACKWARD_WRONG[words]))


def by_the_layer(dy, w, queries, keys, values):
    layer = rnnlib.Attention()
    trace = layer.forward(queries[:, None], keys[:, None], values[:, None])
    grads = layer.backward(trace, dy[:, None])
    return grads.x[:, 0], grads.keys[:, 0], grads.values[:, 0]


@pytest.mark.parametrize(
    "way", [query_by_query, whole(lambda w, dw: w * (dw.T - (w * dw).sum(axis=1)).T), by_the_layer]
)
def test_attend_backward_takes_every_way_to_write_it(way):
    said = "Right on 5 cases, one query, and one key included."
    assert (
        repr(check.attend_backward(lambda dy, w, queries, keys, values: way(dy, w, queries, keys, values)))
        == said
    )


def test_the_reference_of_attend_backward_agrees_with_finite_differences():
    rng = np.random.default_rng(0)
    queries, keys, values, dy = (rng.normal(size=shape) for shape in ((3, 4), (5, 4), (5, 2), (3, 2)))

    def loss(q, k, v):
        e = np.exp(q @ k.T / 2.0)
        return np.sum(dy * (e / e.sum(axis=1, keepdims=True) @ v))

    e = np.exp(queries @ keys.T / 2.0)
    found = seq2seq._attend_backward(dy, e / e.sum(axis=1, keepdims=True), queries, keys, values)
    arrays = [queries, keys, values]
    for place, array in enumerate(arrays):
        for index in np.ndindex(array.shape):
            up, down = ([a.copy() for a in arrays] for _ in range(2))
            up[place][index] += 1e-6
            down[place][index] -= 1e-6
            assert found[place][index] == pytest.approx((loss(*up) - loss(*down)) / 2e-6, rel=1e-5, abs=1e-8)
