"""rnnlib's cells as the explorers draw them: by name, with seeded parameters, and with gates held at 0 or 1.

`js/gated.js` has the same functions in JavaScript.
"""

import rnnlib
from rnnlib.explorers import seeded

BLOCKS = {"rnn": "", "lstm": "ifgo", "gru": "rzn"}  # the gates, in the order of the columns
SIGMOID = {"rnn": "", "lstm": "ifo", "gru": "rz"}  # those that can be held
HELD = 1000.0  # a bias that makes σ exactly 0 or 1


def cell_params(cell, seed, D, H, init, gain=1.0, *, forget_bias=1.0, reset_after=True):
    """Return the parameters of the cell "rnn", "lstm" or "gru" drawn by `seed`, as js/gated.js's `cellParams`.

    >>> {name: array.shape for name, array in cell_params("gru", 0, 2, 3, "uniform").items()}
    {'W_xh': (2, 9), 'W_hh': (3, 9), 'b_h': (9,), 'b_hn': (3,)}
    """
    if cell == "lstm":
        return seeded.lstm_params(seed, D, H, init, gain, forget_bias)
    if cell == "gru":
        return seeded.gru_params(seed, D, H, init, gain, reset_after)
    return seeded.rnn_params(seed, D, H, init, gain)


def make_cell(cell, params, activation="tanh"):
    """Return rnnlib's RNN, LSTM or GRU with these parameters; a GRU resets after the product if there is a b_hn.

    >>> make_cell("gru", cell_params("gru", 0, 2, 3, "uniform", reset_after=False))
    GRU(2, 3, reset_after=False)
    """
    (D, _), H = params["W_xh"].shape, params["W_hh"].shape[0]
    if cell == "lstm":
        made = rnnlib.LSTM(D, H, rng=0)
    elif cell == "gru":
        made = rnnlib.GRU(D, H, reset_after="b_hn" in params, rng=0)
    else:
        made = rnnlib.RNN(D, H, activation=activation, rng=0)
    for name, values in params.items():
        made.params[name][...] = values
    return made


def pinned(cell, params, pins):
    """Return a copy of the parameters with gates held at 0 or 1, {"f": 1} for instance.

    A held gate has no weights and a bias so far out that σ is exactly 0 or 1. Its slope σ (1 − σ) is then exactly 0,
    so that no gradient passes through it. The candidates g and n are no gates: KeyError for them and unknown names.

    >>> params = pinned("lstm", cell_params("lstm", 0, 2, 3, "uniform"), {"f": 1})
    >>> make_cell("lstm", params).forward([[[1, 0]]]).gates["f"].tolist()
    [[[1.0, 1.0, 1.0]]]
    """
    held, H = {name: values.copy() for name, values in params.items()}, params["W_hh"].shape[0]
    for gate, value in pins.items():
        if gate not in list(SIGMOID[cell]):
            raise KeyError(f"gate is {gate!r}; expected one of {', '.join(SIGMOID[cell]) or 'none'}")
        block = slice(BLOCKS[cell].index(gate) * H, (BLOCKS[cell].index(gate) + 1) * H)
        held["W_xh"][:, block] = held["W_hh"][:, block] = 0.0
        held["b_h"][block] = HELD if value else -HELD
    return held
