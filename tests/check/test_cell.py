"""Every check of *The recurrent cell* names the mistake that was made."""

import numpy as np
import pytest

import rnnlib
from rnnlib import check


def rnn_step(x_t, h_prev, W_xh, W_hh, b_h):
    return np.tanh(x_t @ W_xh + h_prev @ W_hh + b_h)


STEP_WRONG = {
    "W_hh stands transposed": lambda x, h, W, U, b: np.tanh(x @ W + h @ U.T + b),
    "W_xh stands transposed": lambda x, h, W, U, b: np.tanh(np.dot(x, W.T) + h @ U + b),
    "both matrices stand transposed": lambda x, h, W, U, b: np.tanh(x @ W.T + h @ U.T + b),
    "the weights stand on the left": lambda x, h, W, U, b: np.tanh(W @ x + U @ h + b),
    "W_hh @ h_prev has the order": lambda x, h, W, U, b: np.tanh(x @ W + U @ h + b),
    "the activation is missing": lambda x, h, W, U, b: x @ W + h @ U + b,
    "the logistic function": lambda x, h, W, U, b: 1 / (1 + np.exp(-(x @ W + h @ U + b))),
    "a ReLU": lambda x, h, W, U, b: np.maximum(0, x @ W + h @ U + b),
    "the bias b_h is missing": lambda x, h, W, U, b: np.tanh(x @ W + h @ U),
    "subtracted": lambda x, h, W, U, b: np.tanh(x @ W + h @ U - b),
    "added after the tanh": lambda x, h, W, U, b: np.tanh(x @ W + h @ U) + b,
    "only the input's part": lambda x, h, W, U, b: np.tanh(x @ W) + h @ U + b,
    "only the state's part": lambda x, h, W, U, b: b + x @ W + np.tanh(h @ U),
    "each part apart": lambda x, h, W, U, b: np.tanh(x @ W) + np.tanh(h @ U + b),
    "the input is missing": lambda x, h, W, U, b: np.tanh(h @ U + b),
    "the old state is missing": lambda x, h, W, U, b: np.tanh(x @ W + b),
    "the weights are swapped": lambda x, h, W, U, b: np.tanh(x @ U + h @ W + b),
    "each unit hears itself alone": lambda x, h, W, U, b: np.tanh(x @ W + h * U.diagonal() + b),
    "written h_prev @ W_hh": lambda x, h, W, U, b: np.tanh(x @ W + h * U + b),
    "written x_t @ W_xh": lambda x, h, W, U, b: np.tanh(x * W + h @ U + b),
    "written with `@`": lambda x, h, W, U, b: np.tanh(x * W + h * U + b),
}


@pytest.mark.parametrize("words", STEP_WRONG)
def test_rnn_step_names_the_mistake(words, says):
    answer = check.rnn_step(STEP_WRONG[words])
    assert words in says(answer)


def test_rnn_step_takes_every_way_to_write_it():
    assert repr(check.rnn_step(rnn_step)) == "Right on 5 cases, B = 1 and D = H included."
    assert check.rnn_step(lambda x, h, W, U, b: np.tanh(np.hstack([x, h]) @ np.vstack([W, U]) + b).tolist())
    assert check.rnn_step(lambda *args: rnn_step(*args).astype(np.float32))


def forward(x, h_0, W_xh, W_hh, b_h):
    h = np.empty((len(x) + 1, *h_0.shape))
    h[0] = h_0
    for t in range(1, len(x) + 1):
        h[t] = rnn_step(x[t - 1], h[t - 1], W_xh, W_hh, b_h)
    return h


def not_carried(x, h_0, *params):
    return [h_0] + [rnn_step(x_t, h_0, *params) for x_t in x]


def from_zeros(x, h_0, *params):
    h = forward(x, np.zeros_like(h_0), *params)
    h[0] = h_0
    return h


def batch_first(x, h_0, *params):
    h = [h_0]
    for t in range(x.shape[1]):
        h.append(rnn_step(x[:, t], h[-1], *params))
    return h


def stored_once(x, h_0, *params):
    state, h = h_0.copy(), []
    h.append(state)
    for x_t in x:
        state[:] = rnn_step(x_t, state, *params)
        h.append(state)
    return h


def in_place(x, h_0, *params):
    h = [h_0.copy()]
    for x_t in x:
        h_0[:] = rnn_step(x_t, h_0, *params)
        h.append(h_0.copy())
    return h


def steps_with(step):
    def rnn_forward(x, h_0, *params):
        h = [h_0]
        for x_t in x:
            h.append(step(x_t, h[-1], *params))
        return np.stack(h)

    return rnn_forward


FORWARD_WRONG = {
    "h_0 is left out": lambda *args: forward(*args)[1:],
    "the last state is missing": lambda *args: forward(*args)[:-1],
    "only the last state": lambda *args: forward(*args)[-1],
    "the state is not carried": not_carried,
    "the loop starts from zeros": from_zeros,
    "h_0 is ignored": lambda x, h_0, *params: forward(x, np.zeros(h_0.shape), *params),
    "time runs backwards": lambda x, h_0, *params: forward(np.flip(x, 0), h_0, *params),
    "in reverse order": lambda *args: np.flip(forward(*args), 0),
    "shifted by one": lambda x, h_0, *params: forward(np.concatenate([x[-1:], x[:-1]]), h_0, *params),
    "as if the batch came first": batch_first,
    "the batch stands first in the answer": lambda *args: forward(*args).transpose(1, 0, 2),
    "one array is stored T + 1 times": stored_once,
    "changes its argument h_0 in place": in_place,
    "W_hh stands transposed": steps_with(STEP_WRONG["W_hh stands transposed"]),
    "the activation is missing": steps_with(STEP_WRONG["the activation is missing"]),
    "the bias b_h is missing": steps_with(STEP_WRONG["the bias b_h is missing"]),
    "each unit hears itself alone": steps_with(STEP_WRONG["each unit hears itself alone"]),
}


@pytest.mark.parametrize("words", FORWARD_WRONG)
def test_rnn_forward_names_the_mistake(words, says):
    answer = check.rnn_forward(FORWARD_WRONG[words])
    assert words in says(answer)


def reading_x_t(place, last=None, start=np.zeros):
    """Write the loop from t = 1 on, reading x[place(t, T)] where x[t-1] belongs, up to t = `last` or T."""

    def rnn_forward(x, h_0, *params):
        T = len(x)
        h = start((T + 1, *h_0.shape))
        h[0] = h_0
        for t in range(1, T + 1 + (last or 0)):
            h[t] = rnn_step(x[place(t, T)], h[t - 1], *params)
        return h

    return rnn_forward


def next_appended(x, h_0, *params):
    h = [h_0]
    for t in range(1, len(x)):
        h.append(rnn_step(x[t], h[t - 1], *params))
    return np.array(h)


def next_or_nothing(x, h_0, *params):
    h = [h_0]
    for t in range(1, len(x) + 1):
        x_t = x[t] if t < len(x) else np.zeros_like(x[0])
        h.append(rnn_step(x_t, h[-1], *params))
    return h


NEXT_INPUT = {
    "wrapped": reading_x_t(lambda t, T: t % T),
    "clipped": reading_x_t(lambda t, T: min(t, T - 1)),
    "IndexError": reading_x_t(lambda t, T: t),
    "last state left zero": reading_x_t(lambda t, T: t, last=-1),
    "last state left out": next_appended,
    "zeros past the end": next_or_nothing,
}


@pytest.mark.parametrize("way", NEXT_INPUT)
def test_rnn_forward_names_x_t_read_for_the_input_before(way, says):
    assert "x[t-1] is x_t: the first input is x[0]" in says(check.rnn_forward(NEXT_INPUT[way]))


def test_an_index_past_the_end_of_the_states_is_not_taken_for_one_of_the_inputs():
    def rnn_forward(x, h_0, *params):
        h = np.zeros((len(x), *h_0.shape))
        h[0] = h_0
        for t in range(1, len(x) + 1):
            h[t] = rnn_step(x[t - 1], h[t - 1], *params)
        return h

    words = check.rnn_forward(rnn_forward).sentence
    assert "out of bounds" in words or "asks for index" in words
    assert "is x_t" not in words


def test_rnn_forward_takes_the_cell_of_rnnlib():
    def rnn_forward(x, h_0, W_xh, W_hh, b_h):
        cell = rnnlib.RNN(W_xh.shape[0], W_xh.shape[1])
        for name, value in (("W_xh", W_xh), ("W_hh", W_hh), ("b_h", b_h)):
            cell.params[name][...] = value
        return cell.forward(x, h_0).h

    assert check.rnn_forward(rnn_forward)
    assert repr(check.rnn_forward(forward)) == "Right on 5 cases, T = 1 and B = 1 included."


def test_rnn_forward_names_the_first_wrong_state():
    def rnn_forward(*args):
        h = forward(*args)
        h[2:] += 0.1
        return h

    assert "h[0] to h[1] are right, then h[2, 0, 0] is" in check.rnn_forward(rnn_forward).sentence


COUNT_WRONG = {
    "both biases": lambda D, H, O: H * (D + H) + H * O,
    "the bias b_h is missing": lambda D, H, O: H * (D + H) + (H + 1) * O,
    "the bias b_y is missing": lambda D, H, O: H * (D + H + 1) + H * O,
    "not one for each matrix": lambda D, H, O: H * (D + H + 2) + (H + 1) * O,
    "counted with H entries": lambda D, H, O: D * H + H + H + (H + 1) * O,
    "W_hh is missing": lambda D, H, O: D * H + H + (H + 1) * O,
    "W_xh is missing": lambda D, H, O: H * H + H + (H + 1) * O,
    "the readout is missing": lambda D, H, O: H * (D + H + 1),
    "W_hy is missing": lambda D, H, O: H * (D + H + 1) + O,
    "not D by O": lambda D, H, O: H * (D + H + 1) + (D + 1) * O,
    "not once for both": lambda D, H, O: H * (D + H + 1) + H * O + H,
    "the shapes added up": lambda D, H, O: D + H + H + H + H + H + O + O,
}


@pytest.mark.parametrize("words", COUNT_WRONG)
def test_parameter_count_names_the_mistake(words, says):
    answer = check.parameter_count(COUNT_WRONG[words])
    assert words in says(answer)


def test_parameter_count_takes_what_rnnlib_counts():
    def parameter_count(D, H, O):
        layers = rnnlib.RNN(D, H), rnnlib.Readout(H, O)
        return sum(array.size for layer in layers for array in layer.params.values())

    assert check.parameter_count(parameter_count)


READOUT_WRONG = {
    "still read from the old state": lambda h, W, b: np.array([h_t @ W + b for h_t in h[:-1]]),
    "an output for h_0 too": lambda h, W, b: np.array([h_t @ W + b for h_t in h]),
    "only the last output": lambda h, W, b: h[-1] @ W + b,
    "the bias b_y is missing": lambda h, W, b: h[1:] @ W,
    "in reverse order": lambda h, W, b: (h[1:] @ W + b)[::-1],
    "the first output is missing": lambda h, W, b: (h[1:] @ W + b)[1:],
    "no tanh": lambda h, W, b: np.tanh(h[1:] @ W + b),
    "W_hy stands transposed": lambda h, W, b: h[1:] @ W.T + b,
}


@pytest.mark.parametrize("words", READOUT_WRONG)
def test_readout_names_the_mistake(words, says):
    answer = check.readout_fixed(READOUT_WRONG[words])
    assert words in says(answer)


def test_the_planted_bug_is_judged_and_its_repair_is_right():
    def readout_fixed(h, W_hy, b_y):
        return h[:-1] @ W_hy + b_y

    assert "old state" in check.readout_fixed(readout_fixed).sentence
    assert check.readout_fixed(lambda h, W, b: np.array([h_t @ W + b for h_t in h[1:]]))
