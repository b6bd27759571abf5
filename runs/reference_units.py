"""Which units of the net of `reference_text.py` follow something that a reader can name, and which follow each other?

`python runs/reference_text.py` ends with this; `python runs/reference_units.py` (half a minute) does it again with the
stored net, and writes what it finds into the same two files.

Method: the net reads 30 000 characters of the training part, and for each property below every unit's h_t is correlated
with it. The unit with the largest |r| is taken, and its r measured again on 30 000 characters held out: the choice
among H units is paid for there. `by_luck` is the largest |r| of all units when the property is moved against the text
by a third of its length, so that it has its own rhythm but nothing to do with what is read. `memory` is the same for
tanh(c_t) in the place of h_t. `alike` names for each unit the others with the largest |r| between their h_t, held out.
"""

from pathlib import Path

import numpy as np

LENGTH, ALIKE = 30_000, 4
BRACKETS = {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}


# ---- What a reader can name: one number a character, of the text up to and with it ----


def bracket_depth(text):
    """Return how many brackets are open; a blank line closes all, and none can be closed that is not open."""
    depth, depths = 0, []
    for k, char in enumerate(text):
        depth = 0 if text[k - 1 : k + 1] == "\n\n" else max(0, depth + BRACKETS.get(char, 0))
        depths.append(depth)
    return np.array(depths, float)


def inside_brackets(text):
    return np.minimum(bracket_depth(text), 1.0)


def inside_quotes(text):
    """Return 1 between double quotes; a blank line closes them."""
    inside, values = 0, []
    for k, char in enumerate(text):
        inside = 0 if text[k - 1 : k + 1] == "\n\n" else inside ^ (char == '"')
        values.append(inside)
    return np.array(values, float)


def column(text):
    """Return how many characters the line has so far."""
    count, counts = 0, []
    for char in text:
        count = 0 if char == "\n" else count + 1
        counts.append(count)
    return np.array(counts, float)


def letters_of_the_word(text):
    """Return how many letters the word has so far."""
    count, counts = 0, []
    for char in text:
        count = count + 1 if char.isalpha() else 0
        counts.append(count)
    return np.array(counts, float)


def spaces_in_a_row(text):
    """Return how many spaces stand in a row, at most 8."""
    count, counts = 0, []
    for char in text:
        count = min(8, count + 1) if char == " " else 0
        counts.append(count)
    return np.array(counts, float)


PROPERTIES = {"inside quotes": inside_quotes, "inside brackets": inside_brackets, "along the word": letters_of_the_word,
              "along the line": column, "spaces in a row": spaces_in_a_row}  # fmt: skip


# ---- How well a unit follows it ----


def kept(net, codes):
    """Return h_t and tanh(c_t) of all units for a text read as one stream: each (T, H)."""
    x = np.eye(net.input_size)[codes][:, None]
    trace = net.layers[0].forward(x)
    return trace.h[1:, 0], trace.tanh_c[:, 0]


def correlations(values, others):
    """Return r between each column of values (T, H) and each of others (T, K): (H, K); 0 where one never moves."""
    one, other = (array - array.mean(axis=0) for array in (values, others))
    sizes = np.outer(np.linalg.norm(one, axis=0), np.linalg.norm(other, axis=0))
    return np.divide(one.T @ other, sizes, out=np.zeros_like(sizes), where=sizes > 0)


def follower(found_on, measured_on, of):
    """Return the unit that follows a property best: found on one (text, values), measured on another."""
    score = lambda text, values, shift=0: correlations(values, np.roll(of(text), shift)[:, None])[:, 0]
    found, held = score(*found_on), score(*measured_on)
    unit = int(np.abs(found).argmax())
    by_luck = np.abs(score(*found_on, shift=len(found_on[0]) // 3)).max()
    second = np.sort(np.abs(found))[-2]
    return {"unit": unit, "r_found": float(found[unit]), "r_held_out": float(held[unit]),
            "second": float(second), "by_luck": float(by_luck)}  # fmt: skip


def alike(values, count=ALIKE):
    """Return for each unit the others that move most as it does or against it: their numbers and r, (H, count) each."""
    r = correlations(values, values)
    np.fill_diagonal(r, 0.0)
    order = np.argsort(-np.abs(r), axis=1, kind="stable")[:, :count]
    return order, np.take_along_axis(r, order, axis=1)


def look(net, train_text, held_out_text, encode):
    """Return what the table gets, and the arrays that the page gets."""
    texts = [text[:LENGTH] for text in (train_text, held_out_text)]
    state, memory = zip(*(kept(net, encode(text)) for text in texts))
    found = {name: follower(*zip(texts, state), of) for name, of in PROPERTIES.items()}
    for name, of in PROPERTIES.items():
        found[name]["memory"] = follower(*zip(texts, memory), of)
    order, r = alike(state[1])
    arrays = {"named": np.array(list(found)), "named_unit": np.array([one["unit"] for one in found.values()]),
              "named_r": np.array([round(one["r_held_out"], 2) for one in found.values()]),
              "alike": order, "alike_r": r.round(2)}  # fmt: skip
    return {"characters": LENGTH, "properties": found}, arrays


def main():
    """Look again at the stored net, and write what is found into its files."""
    import json

    import reference_text as text

    path = Path(__file__).with_name("reference_text.npz")
    table = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    with np.load(path) as stored:
        arrays = dict(stored)
    text.write(path, table, arrays)


if __name__ == "__main__":
    main()
