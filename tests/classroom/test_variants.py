"""Every graded variant: its reference is right by an independent road, and the published solution is worth "
"nothing in it."""

import ast
import contextlib
import copy
import math

import nbformat
import numpy as np
import pytest

from classroom import exercises
from classroom.judge import judge
from classroom.question import behaviour
from classroom.runner import encode
from classroom.variants import QUESTIONS, WRITTEN

SEED = 2027
by_id = pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.id)


def answers(question, function, seed=SEED):
    """What the sandbox would report of a function, computed here."""
    lines = []
    for case in question.cases(seed):
        try:
            with np.errstate(all="ignore"):
                lines.append({"value": encode(function(*copy.deepcopy(case.args)))})
        except Exception as error:
            lines.append({"error": repr(error)})
    return {"cases": lines, "error": None}


def points(question, function, seed=SEED):
    return judge(question, answers(question, function, seed), seed).points


@by_id
def test_the_reference_gets_all_points(question):
    assert points(question, question.exercise.reference) == question.points


@by_id
def test_a_stub_gets_none(question):
    assert points(question, lambda *args: None) == 0


@by_id
def test_a_known_mistake_is_named_and_costs_points(question):
    for sentence, slip in question.exercise.variants:
        verdict = judge(question, answers(question, slip), SEED)
        assert sentence in verdict.message
        assert verdict.points < question.points


@by_id
def test_another_seed_draws_other_cases_and_the_same_seed_the_same(question):
    key = lambda seed: [encode(list(case.args)) for case in question.cases(seed)]
    assert key(1) == key(1) != key(2)


@by_id
def test_the_public_case_is_none_of_the_hidden_ones(question):
    public = encode(list(question.public().args))
    assert all(encode(list(case.args)) != public for case in question.cases(SEED))


@by_id
def test_it_has_ordinary_cases_enough_that_luck_does_not_help(question):
    assert sum(behaviour(case) == "ordinary" for case in question.cases(SEED)) >= 2


def published(number):
    """Run the definitions of a chapter and its solutions, and return its solutions by the exercise's name."""
    cells = nbformat.read(exercises.chapters()[number], as_version=4).cells
    space = {"np": np, "math": math}
    for cell in cells:
        if cell.cell_type == "code" and "exercise" not in exercises.tags(cell):
            run_definitions(cell.source, space)
    return {
        p.name: space[f"{p.name}_solution"]
        for p in exercises.practice(number)
        if f"{p.name}_solution" in space
    }


def run_definitions(source, space):
    for node in ast.parse("\n".join(line for line in source.splitlines() if not line.startswith("%"))).body:
        if isinstance(node, ast.FunctionDef):
            with contextlib.suppress(NameError):  # a default that some other cell made
                exec(compile(ast.Module([node], []), "chapter", "exec"), space)


@by_id
def test_the_published_solution_earns_no_more_than_the_stub(question):
    solutions = published(question.chapter)
    assert question.practice in solutions, "the practice exercise has another name now"
    for solution in solutions.values():
        assert points(question, solution) == 0


def test_ids_are_told_apart():
    ids = [question.id for question in (*QUESTIONS, *WRITTEN)]
    assert len(set(ids)) == len(ids)


# --- the references, against gradients by central differences and sums written out ------------------------------------

of = {question.id: question for question in QUESTIONS}


def slope(f, at, eps=1e-6):
    """∂f/∂at by central differences."""
    at = np.asarray(at, float)
    out = np.zeros(at.shape)
    for k in np.ndindex(at.shape):
        step = np.zeros(at.shape)
        step[k] = eps
        out[k] = (f(at + step) - f(at - step)) / (2 * eps)
    return out


def first(key):
    question = of[key]
    return question.exercise.reference, question.cases(SEED)[0].args


def close(found, wanted):
    assert np.shape(found) == np.shape(wanted)
    np.testing.assert_allclose(found, wanted, rtol=2e-5, atol=2e-6)


def test_softmax_in_columns_is_the_definition():
    reference, (o, temperature) = first("ch04-softmax_rows-columns")
    total = [sum(math.exp(o[k, b] / temperature) for k in range(len(o))) for b in range(o.shape[1])]
    close(
        reference(o, temperature),
        [[math.exp(o[k, b] / temperature) / total[b] for b in range(o.shape[1])] for k in range(len(o))],
    )


def bits(o, targets, mask):
    steps = [(t, b) for t, b in np.ndindex(mask.shape) if mask[t, b]]
    p = [math.exp(o[t, b, targets[t, b]]) / sum(math.exp(value) for value in o[t, b]) for t, b in steps]
    return -sum(math.log2(one) for one in p) / len(steps)


def test_bits_are_logarithms_to_the_base_two():
    reference, args = first("ch04-masked_cross_entropy-bits")
    close(reference(*args), bits(*args))


def test_the_smoothed_gradient_is_the_slope_of_the_smoothed_loss():
    reference, (o, targets, mask, amount) = first("ch04-loss_gradient-smoothed")
    T, B, O = o.shape

    def loss(o):
        total = 0.0
        for t, b in np.ndindex(T, B):
            log_p = o[t, b] - math.log(sum(math.exp(value) for value in o[t, b]))
            y = [amount / O + (1 - amount) * (k == targets[t, b]) for k in range(O)]
            total -= mask[t, b] * sum(one * log for one, log in zip(y, log_p))
        return total / B

    close(reference(o, targets, mask, amount), slope(loss, o))


@pytest.mark.parametrize(
    ("key", "phi", "back"),
    [
        ("ch05-rnn_backward-relu", lambda a: max(a, 0.0), lambda h: h),
        ("ch05-rnn_backward-logistic", lambda a: 1 / (1 + math.exp(-a)), lambda h: math.log(h / (1 - h))),
    ],
)
def test_the_way_back_with_another_activation_is_the_slope_of_a_sum(key, phi, back):
    reference, (x, h, dh, W_xh, W_hh) = first(key)
    b_h = np.full(len(W_hh), -100.0)  # a unit that is dead throughout stays so
    for t, row, unit in np.argwhere(h[1:] > 0):  # all others tell their bias
        b_h[unit] = back(h[t + 1, row, unit]) - (x[t] @ W_xh + h[t] @ W_hh)[row, unit]

    def loss(x, h_0, W_xh, W_hh, b_h):
        total, state = 0.0, h_0
        for x_t, dh_t in zip(x, dh):
            state = np.vectorize(phi)(x_t @ W_xh + state @ W_hh + b_h)
            total += np.sum(state * dh_t)
        return total

    dW_xh, dW_hh, db_h, dx, dh_0 = reference(x, h, dh, W_xh, W_hh)
    close(dW_xh, slope(lambda v: loss(x, h[0], v, W_hh, b_h), W_xh))
    close(dW_hh, slope(lambda v: loss(x, h[0], W_xh, v, b_h), W_hh))
    close(db_h, slope(lambda v: loss(x, h[0], W_xh, W_hh, v), b_h))
    close(dx, slope(lambda v: loss(v, h[0], W_xh, W_hh, b_h), x))
    close(dh_0, slope(lambda v: loss(x, v, W_xh, W_hh, b_h), h[0]))


def test_the_column_step_back_is_the_slope_of_a_sum():
    reference, (dh_t, x_t, h_prev, h_t, V_hx, V_hh) = first("ch05-rnn_step_backward-columns")
    b = (np.arctanh(h_t) - V_hx @ x_t - V_hh @ h_prev)[:, :1]
    loss = lambda x, h, V, U, b: np.sum(dh_t * np.tanh(V @ x + U @ h + b))
    at = [x_t, h_prev, V_hx, V_hh, b]
    for k, found in enumerate(reference(dh_t, x_t, h_prev, h_t, V_hx, V_hh)):
        close(found, slope(lambda v, k=k: loss(*[*at[:k], v, *at[k + 1 :]]), at[k]))


def test_the_leaky_walk_back_is_the_slope_of_a_sum():
    reference, (w, leak, x, h_0, dh) = first("ch05-scalar_bptt-leaky")

    def loss(w, leak, h):
        total = 0.0
        for x_t, dh_t in zip(x, dh):
            h = leak * h + math.tanh(w * h + x_t)
            total += dh_t * h
        return total

    wanted = [
        slope(lambda v: loss(v, leak, h_0), w),
        slope(lambda v: loss(w, v, h_0), leak),
        slope(lambda v: loss(w, leak, v), h_0),
    ]
    for found, one in zip(reference(w, leak, x, h_0, dh), wanted):
        close(found, one)


def test_the_leaky_jacobian_is_measured():
    reference, (a_t, W, leak) = first("ch08-jacobian-leaky")
    h_prev = np.linalg.solve(W.T, a_t)  # with no input and no bias, a_t = h_prev W
    step = lambda h: leak * h + np.tanh(h @ W)
    rows = [(step(move(h_prev, i, 1e-6)) - step(move(h_prev, i, -1e-6))) / 2e-6 for i in range(len(W))]
    close(reference(a_t, W, leak), rows)


def move(vector, i, by):
    moved = vector.copy()
    moved[i] += by
    return moved


def test_logistic_norms_are_those_of_measured_gradients():
    reference, (h, W, dh_last) = first("ch08-gradient_norms-logistic")
    a = np.log(h[1:] / (1 - h[1:]))
    rest = a - h[:-1] @ W  # what the input and the bias gave

    def last(state, t):
        for given in rest[t:]:
            state = 1 / (1 + np.exp(-(state @ W + given)))
        return np.sum(state * dh_last)

    close(
        reference(h, W, dh_last),
        [np.linalg.norm(slope(lambda v, t=t: last(v, t), h[t])) for t in range(len(h))],
    )


def test_the_lstms_are_written_out_by_unit():
    for key, order in (("ch10-lstm_step-onnx", "iofg"), ("ch10-lstm_step-coupled", "fgo")):
        reference, (x_t, h_prev, c_prev, W_xh, W_hh, b_h) = first(key)
        a = x_t @ W_xh + h_prev @ W_hh + b_h
        H = h_prev.shape[1]
        h, c = np.zeros(h_prev.shape), np.zeros(h_prev.shape)
        for b, j in np.ndindex(h.shape):
            v = {name: a[b, k * H + j] for k, name in enumerate(order)}
            gate = {
                name: math.tanh(one) if name == "g" else 1 / (1 + math.exp(-one)) for name, one in v.items()
            }
            c[b, j] = gate["f"] * c_prev[b, j] + gate.get("i", 1 - gate["f"]) * gate["g"]
            h[b, j] = gate["o"] * math.tanh(c[b, j])
        for found, wanted in zip(reference(x_t, h_prev, c_prev, W_xh, W_hh, b_h), (h, c)):
            close(found, wanted)


def test_the_gru_is_written_out_by_unit():
    reference, (x_t, h_prev, W_xh, W_hh, b_h) = first("ch11-gru_step-chung")
    H, sigma = h_prev.shape[1], lambda a: 1 / (1 + math.exp(-a))
    a = lambda b, column, state: x_t[b] @ W_xh[:, column] + state @ W_hh[:, column] + b_h[column]
    h = np.zeros(h_prev.shape)
    for b, j in np.ndindex(h.shape):
        r = np.array([sigma(a(b, H + unit, h_prev[b])) for unit in range(H)])
        z, n = sigma(a(b, j, h_prev[b])), math.tanh(a(b, 2 * H + j, r * h_prev[b]))
        h[b, j] = (1 - z) * h_prev[b, j] + z * n
    close(reference(x_t, h_prev, W_xh, W_hh, b_h), h)


def test_the_way_back_through_a_maximum_is_the_slope_of_a_sum():
    reference, (h, dm, lengths) = first("ch16-mean_pool-max")
    largest = lambda h: np.array(
        [[max(h[:n, b, k]) for k in range(h.shape[2])] for b, n in enumerate(lengths)]
    )
    m, dh = reference(h, dm, lengths)
    close(m, largest(h))
    close(dh, slope(lambda h: np.sum(dm * largest(h)), h))


def test_no_small_number_stands_for_minus_infinity():
    question = of["ch16-mean_pool-max"]

    def filled(h, dm, lengths):
        seen = np.where((np.arange(len(h))[:, None] < lengths)[:, :, None], h, -100.0)
        return seen.max(axis=0), (seen == seen.max(axis=0)) * dm

    assert 0 < points(question, filled) < question.points


def kept(o, n):
    return o >= np.sort(o, axis=-1)[:, [-n]]


def by_one_maximum(o, tau, n):
    e = np.exp((o - o.max()) / tau) * kept(o, n)
    return e / e.sum(axis=-1, keepdims=True)


def by_no_maximum(o, tau, n):
    e = np.exp(o / tau) * kept(o, n)
    return e / e.sum(axis=-1, keepdims=True)


def by_minus_99(o, tau, n):
    e = np.where(kept(o, n), o, -99.0) / tau
    e = np.exp(e - e.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


@pytest.mark.parametrize("careless", [by_one_maximum, by_no_maximum, by_minus_99])
def test_logits_of_a_thousand_cost_points_where_they_are_not_thought_of(careless):
    question = of["ch15-with_temperature-top"]
    assert 0 < points(question, careless) < question.points


def test_a_negative_skill_may_not_be_cut_off():
    question = of["ch17-persistence_skill-seasonal"]
    cut_off = lambda *args: max(0.0, question.exercise.reference(*args))
    assert points(question, cut_off) < question.points


def test_a_seasonal_skill_is_summed_day_by_day():
    reference, (y, forecast, m) = first("ch17-persistence_skill-seasonal")
    days = range(m, len(y))
    own, base = (
        sum((y[k] - other(k)) ** 2 for k in days) for other in (lambda k: forecast[k], lambda k: y[k - m])
    )
    close(reference(y, forecast, m), 1 - own / base)


def test_a_direct_forecast_solves_its_normal_equations():
    reference, (y, p, h) = first("ch17-fit_ar-direct")
    rows, targets = [], []
    for k in range(p + h - 1, len(y)):  # y[k] is the target
        rows.append([*(y[k - h - lag] for lag in range(p)), 1.0])
        targets.append(y[k])
    rows = np.array(rows)
    close(reference(y, p, h), np.linalg.solve(rows.T @ rows, rows.T @ np.array(targets)))


def test_a_text_read_from_its_end_is_counted_pair_by_pair():
    reference, (train, test, V, k) = first("ch15-bigram_nats-backward")
    pairs, paid = list(zip(train[:-1].tolist(), train[1:].tolist())), []
    for before, after in zip(test[:-1].tolist(), test[1:].tolist()):
        known = [pair for pair in pairs if pair[1] == after]
        paid.append(math.log2((len(known) + k * V) / (known.count((before, after)) + k)))
    close(reference(train, test, V, k), sum(paid) / len(paid))


def test_the_likeliest_symbols_share_what_they_have_at_that_temperature():
    reference, (o, tau, n) = first("ch15-with_temperature-top")
    wanted = np.zeros(o.shape)
    for b, row in enumerate(o.tolist()):
        kept = sorted(range(len(row)), key=row.__getitem__)[-n:]
        for j in kept:
            wanted[b, j] = 1 / sum(math.exp((row[i] - row[j]) / tau) for i in kept)
    close(reference(o, tau, n), wanted)


def test_two_steps_with_matrices_are_one_whatever_the_state():
    reference, args = first("ch19-combine-matrices")
    (F_1, u_1, F_2, u_2), (F, u) = args, reference(*args)
    close(u, (0 * u_1 @ F_1 + u_1) @ F_2 + u_2)
    for unit in np.eye(len(F)):  # a map is known by what it does to these
        h = np.tile(unit, (len(u_1), 1))
        close(h @ F + u, (h @ F_1 + u_1) @ F_2 + u_2)


def test_the_way_back_of_a_layer_that_reads_from_the_end_is_the_slope_of_its_loss():
    reference, (f, n, h, dh) = first("ch19-linear_backward-from_the_end")

    def loss(f, n, state):
        total = 0.0
        for t in reversed(range(len(f))):
            state = f[t] * state + (1 - f[t]) * n[t]
            total += (dh[t] * state).sum()
        return total

    df, dn, dh_start = reference(f, n, h, dh)
    close(df, slope(lambda at: loss(at, n, h[-1]), f))
    close(dn, slope(lambda at: loss(f, at, h[-1]), n))
    close(dh_start, slope(lambda at: loss(f, n, at), h[-1]))
