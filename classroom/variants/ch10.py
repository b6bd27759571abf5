"""Variants of the exercises of *Long short-term memory*."""

import numpy as np

from rnnlib.check.cell import sigmoid
from rnnlib.check.engine import Case, Exercise

from ..question import Question, Written


def _step(x_t, h_prev, c_prev, W_xh, W_hh, b_h, order, cell, out):
    blocks = dict(zip(order, np.split(x_t @ W_xh + h_prev @ W_hh + b_h, len(order), axis=-1)))
    v = {name: np.tanh(block) if name == "g" else sigmoid(block) for name, block in blocks.items()}
    c_t = cell(v, c_prev)
    return out(v["o"], c_t), c_t


def _cases(blocks):
    def cases(rng):
        made = []
        for B, D, H, words in ((3, 2, 4, ""), (2, 3, 2, ""), (2, 1, 2, ""), (1, 2, 3, "=B = 1")):
            weights = (
                rng.normal(size=(D, blocks * H)),
                rng.normal(size=(H, blocks * H)),
                rng.normal(size=blocks * H),
            )
            states = rng.uniform(-0.9, 0.9, (B, H)), rng.normal(size=(B, H))
            made.append(
                Case(words or f"B = {B}, D = {D}, H = {H}", (rng.normal(size=(B, D)), *states, *weights))
            )
        return made

    return cases


CELL = lambda v, c: v["f"] * c + v["i"] * v["g"]
OUT = lambda o, c: o * np.tanh(c)
ARGS = ("x_t", "h_prev", "c_prev", "W_xh", "W_hh", "b_h")
OUTPUTS = (("h_t", "(B, H)"), ("c_t", "(B, H)"))


def _slip(order, cell=CELL, out=OUT):
    return lambda *args: _step(*args, order, cell, out)


ONNX_STEP = Question(
    chapter=10, practice="lstm_step", variant="onnx", points=6, minutes=15,
    text=(
        "One step of an LSTM whose column blocks stand in the order of ONNX: $i, o, f, g$. `W_xh` is (D, 4H), `W_hh` "
        "(H, 4H), `b_h` (4H,). Return `(h_t, c_t)`."
    ),
    exercise=Exercise(
        name="onnx_lstm_step", args=ARGS, outputs=OUTPUTS, cases=_cases(4), reference=_slip("iofg"),
        chain=("c_t", "h_t"),
        variants=(
            ("the blocks are read in the order i, f, g, o; here it is i, o, f, g.", _slip("ifgo")),
            ("the blocks are read in the order i, f, o, g; here it is i, o, f, g.", _slip("ifog")),
            ("c_{t−1} is missing: f keeps a part of it.", _slip("iofg", cell=lambda v, c: v["i"] * v["g"])),
            ("the tanh on the way out is missing.", _slip("iofg", out=lambda o, c: o * c)),
        ),
    ),
)  # fmt: skip

COUPLED = lambda v, c: v["f"] * c + (1 - v["f"]) * v["g"]
COUPLED_STEP = Question(
    chapter=10, practice="lstm_step", variant="coupled", points=6, minutes=15,
    text=(
        "A coupled LSTM has no input gate of its own: what is forgotten makes room for what is written, $c_t = f_t "
        "\\odot c_{t-1} + (1 - f_t) \\odot g_t$ and $h_t = o_t \\odot \\tanh(c_t)$. Its three blocks stand in the "
        "order $f, g, o$: `W_xh` is (D, 3H), `W_hh` (H, 3H), `b_h` (3H,). Return `(h_t, c_t)`."
    ),
    exercise=Exercise(
        name="coupled_lstm_step", args=ARGS, outputs=OUTPUTS, cases=_cases(3), reference=_slip("fgo", cell=COUPLED),
        chain=("c_t", "h_t"),
        variants=(
            ("f and 1 − f have changed places.", _slip("fgo", cell=lambda v, c: (1 - v["f"]) * c + v["f"] * v["g"])),
            ("the candidate is written whole; 1 − f of it is.", _slip("fgo", cell=lambda v, c: v["f"] * c + v["g"])),
            ("the blocks are read in the order g, f, o; here it is f, g, o.", _slip("gfo", cell=COUPLED)),
            ("the tanh on the way out is missing.", _slip("fgo", cell=COUPLED, out=lambda o, c: o * c)),
        ),
    ),
)  # fmt: skip


def _open_block(place):
    def run(b_h, value):
        H, opened = len(b_h) // 4, b_h.copy()
        opened[place * H : (place + 1) * H] = value
        return opened

    return run


OPEN_ONNX = Question(
    chapter=10, practice="open_forget", variant="onnx", points=2, minutes=5,
    text=(
        "`b_h` (4H,) belongs to an LSTM whose blocks stand in the order $i, o, f, g$. Return a copy in which the "
        "forget gate's biases are `value` and all others are what they were."
    ),
    exercise=Exercise(
        name="open_onnx_forget", args=("b_h", "value"), outputs=(("b_h", "(4H,)"),), reference=_open_block(2),
        cases=lambda rng: [Case(f"H = {H}", (rng.normal(size=4 * H), value)) for H, value in ((3, 1.0), (2,
        3.0), (4, 5.0))],
        variants=(
            ("the second block is set, which is o's here; f's is the third.", _open_block(1)),
            ("all are set; only f's block is.", lambda b_h, value: np.full(b_h.shape, value)),
        ),
    ),
)  # fmt: skip

QUESTIONS = [ONNX_STEP, COUPLED_STEP, OPEN_ONNX]
WRITTEN = [
    Written(
        chapter=10, name="solved-or-not", points=4, minutes=15,
        text=(
            "\"The LSTM solves the vanishing gradient.\" Correct this sentence in four to six sentences, with at "
            "least one number and one thing that the LSTM does change."
        ),
        scheme=(
            "1 point: the direct path multiplies by f < 1, so it decays, e.g. .731^20 = .002. 1 point: the rate can "
            "be set and learned, for each unit. 1 point: other routes go through W_hh and can explode. 1 point: the "
            "forget bias or clipping as a consequence."
        ),
    ),
]  # fmt: skip
