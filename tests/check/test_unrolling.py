"""Every check of *Unrolling in time* names the mistake that was made."""

import numpy as np
import pytest

from rnnlib import check


def rows(pick):
    """Write the answer sequence by sequence, as a learner would: pick(h_b, n) with h_b (T+1, H)."""
    return lambda h, lengths: np.array([pick(h[:, b], n) for b, n in enumerate(lengths)])


LAST_WRONG = {
    "h[-1] is the state after T steps": rows(lambda h, n: h[-1]),
    "one step early": rows(lambda h, n: h[n - 1]),
    "so after n inputs": rows(lambda h, n: h[max(n - 1, 0)]),
    "one step late": rows(lambda h, n: h[n + 1]),
    "a sequence of length 0": rows(lambda h, n: h[1:][n - 1]),
    "the axes are swapped": lambda h, lengths: np.array([h[b, n] for b, n in enumerate(lengths)]),
    "picks whole batches": lambda h, lengths: np.array([h[n] for n in lengths]),
    "picks sequences, not steps": lambda h, lengths: h[:, lengths],
    "after the longest length": lambda h, lengths: h[max(lengths)],
    "after the shortest length": lambda h, lengths: h[min(lengths)],
    "the largest value over time": lambda h, lengths: np.max(h, axis=0),
    "the mean over time": lambda h, lengths: np.mean(h, axis=0),
}


@pytest.mark.parametrize("words", LAST_WRONG)
def test_last_states_names_the_mistake(words, says):
    answer = check.last_states(LAST_WRONG[words])
    assert words in says(answer)


def test_last_states_takes_every_way_to_write_it():
    assert check.last_states(rows(lambda h, n: h[n]))
    assert check.last_states(lambda h, lengths: h[lengths, range(h.shape[1])])


def loop(step, h_0, x_1, T, *, wrong=None):
    """Write the loop with one planted mistake."""
    h, x, outputs = h_0, x_1, []
    for _ in range(T):
        if wrong == "swapped results":
            y, h = step(x, h)
        elif wrong == "swapped arguments":
            h, y = step(h, x)
        else:
            h, y = step(x, h_0 if wrong == "not carried" else h)
        outputs.append({"inputs": x, "states": h}.get(wrong, y))
        x = {"same input": x_1, "state fed": h, "zero fed": np.zeros_like(x_1)}.get(wrong, y)
    return outputs


GENERATE_WRONG = {
    "every step reads x_1": "same input",
    "the state is fed back": "state fed",
    "the input is zero": "zero fed",
    "the state is not carried": "not carried",
    "step returns (h_t, y_t)": "swapped results",
    "step takes (x_t, h_prev)": "swapped arguments",
    "the inputs come back": "inputs",
    "the states come back": "states",
}


@pytest.mark.parametrize("words", GENERATE_WRONG)
def test_generate_names_the_mistake_in_the_loop(words, says):
    answer = check.generate(lambda *args: loop(*args, wrong=GENERATE_WRONG[words]))
    assert words in says(answer)


COUNT_WRONG = {
    "one output too many": lambda step, h_0, x_1, T: loop(step, h_0, x_1, T + 1),
    "one output too few": lambda step, h_0, x_1, T: loop(step, h_0, x_1, T - 1),
    "y_1 is missing": lambda step, h_0, x_1, T: loop(step, h_0, x_1, T + 1)[1:],
    "x_1 is an input, not an output": lambda step, h_0, x_1, T: [x_1, *loop(step, h_0, x_1, T)],
    "only the last output": lambda *args: loop(*args)[-1],
}


@pytest.mark.parametrize("words", COUNT_WRONG)
def test_generate_names_the_mistake_in_what_is_kept(words, says):
    answer = check.generate(COUNT_WRONG[words])
    assert words in says(answer)


def test_generate_takes_a_list_and_an_array():
    assert check.generate(loop)
    assert check.generate(lambda *args: np.stack(loop(*args)))


def pad(sequences):
    T, B = max(len(s) for s in sequences), len(sequences)
    mask = np.arange(T)[:, None] < np.array([len(s) for s in sequences])
    x = np.array([[s[t] if t < len(s) else 0.0 for s in sequences] for t in range(T)])
    return x.reshape(T, B), mask


def cut(sequences):
    T = min(len(s) for s in sequences)
    return np.array([s[:T] for s in sequences]).T, np.ones((T, len(sequences)), bool)


def in_front(sequences):
    reversed_ = pad([s[::-1] for s in sequences])
    return tuple(a[::-1] for a in reversed_)


PAD_WRONG = {
    "the batch stands first": lambda s: tuple(np.transpose(a) for a in pad(s)),
    "the mask is inverted": lambda s: (pad(s)[0], np.logical_not(pad(s)[1])),
    "takes a zero in the data for padding": lambda s: (pad(s)[0], pad(s)[0] != 0.0),
    "the mask is True everywhere": lambda s: (pad(s)[0], np.full(pad(s)[1].shape, True)),
    "the padding stands in front": in_front,
    "cut to the shortest": cut,
    "in the wrong order": lambda s: (pad(s)[1], pad(s)[0]),
    "the padding is not 0": lambda s: (np.where(pad(s)[1], pad(s)[0], np.nan), pad(s)[1]),
    "the mask holds 1 and 0": lambda s: (pad(s)[0], pad(s)[1].astype(int)),
    "expected (x of shape (T, B), mask of shape (T, B))": lambda s: pad(s)[0],
    "it returns 3 values": lambda s: (*pad(s), len(s)),
}


@pytest.mark.parametrize("words", PAD_WRONG)
def test_pad_names_the_mistake(words, says):
    answer = check.pad(PAD_WRONG[words])
    assert words in says(answer)


def test_pad_with_minus_one_is_named():
    assert (
        "the padding is not 0"
        in check.pad(lambda s: (np.where(pad(s)[1], pad(s)[0], -1), pad(s)[1])).sentence
    )


def test_pad_takes_the_answer_as_tuple_list_or_dict():
    assert check.pad(pad) and check.pad(lambda s: list(pad(s)))
    assert check.pad(lambda s: dict(zip(("x", "mask"), pad(s))))


def test_pad_that_fills_up_the_learner_s_lists_is_told():
    def fills_up(sequences):
        T = max(map(len, sequences))
        mask = np.array([[t < len(s) for s in sequences] for t in range(T)])
        for s in sequences:
            s += [0.0] * (T - len(s))
        return np.array(sequences).T, mask

    assert "changes its argument sequences in place" in check.pad(fills_up).sentence
