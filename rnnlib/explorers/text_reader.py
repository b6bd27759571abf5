"""What does a character model know while it reads? An LSTM trained on Python's reference reads what is typed.

The rules here are `js/text-reader-model.js`'s, with rnnlib for the numbers; a test holds them equal. The net is the one
that `runs/reference_text.py` trains, its weights kept as int8.
"""

import math
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
import traitlets

import rnnlib
from rnnlib.explorers import palette, runs
from rnnlib.explorers.base import Explorer, traits
from rnnlib.explorers.palette import colour
from rnnlib.explorers.seeded import Generator
from rnnlib.explorers.specs import read_spec
from rnnlib.explorers.text import digits

SPEC = read_spec("text-reader")
RUN = SPEC["run"]

CONTEXT = 12  # characters that a sentence quotes, at most
NAMED = 3  # characters that a sentence expects
SLIGHT = 0.001  # a chance below is not worth a number
TIED = 1e-9  # values nearer than this count as equal
FOLLOWS = 0.5  # |r| on held-out text from which a unit counts as following something
COPIED = 0.5  # a second surprise below this share of the first counts as much less


# ---- The model ----


@cache
def vocabulary():
    """Return the symbols that the net knows, as one text; the last stands for all others."""
    return str(runs.load(RUN)["vocabulary"])


@cache
def stored_net():
    """Return the stack of LSTM and Readout with the stored weights, made once."""
    return make_net()


def make_net():
    """Return a new stack of LSTM and Readout with the stored weights."""
    params, V = runs.dequantised(RUN), len(vocabulary())
    H = len(params["W_hh"])
    net = rnnlib.stack([rnnlib.LSTM(V, H, rng=0), rnnlib.Readout(H, V, rng=0)])
    for key, array in net.params.items():
        array[...] = params[key.partition(".")[2]]
    return net


@cache
def followers():
    """Return {unit: (what it follows, r on held-out text)} of the units that follow something."""
    run = runs.load(RUN)
    found = zip(run["named_unit"].tolist(), run["named"].tolist(), run["named_r"].tolist())
    return {unit: (name, r) for unit, name, r in reversed([*found]) if abs(r) >= FOLLOWS}


def encode(text):
    """Return the places of the characters in the vocabulary, the last for one that it lacks."""
    known = vocabulary()
    return [known.find(one) if one in known else len(known) - 1 for one in text]


def forward(codes, h0=None, c0=None):
    """Return the stack's trace of one text, from h_0 and c_0 (1, H) where they are given."""
    x = rnnlib.data.one_hot(np.array(codes), len(vocabulary()))[:, None, :]
    return stored_net().forward(x, h0=[h0, None], c0=[c0, None])


# ---- What it makes of a text ----


@dataclass
class Reading:
    """A text of T characters, and what the net makes of it."""

    text: str
    t: int
    temperature: float
    seed: int

    @cached_property
    def codes(self):
        """Each character's place in the vocabulary."""
        return encode(self.text)

    @cached_property
    def trace(self):
        """The trace of the stack."""
        return forward(self.codes)

    @cached_property
    def losses(self):
        """(L_t for t = 1 … T − 1, ∂L/∂ of the logits (T, 1, V)): the last character has no next."""
        targets = np.array([*self.codes[1:], 0])[:, None]
        mask = (np.arange(len(targets)) < len(targets) - 1)[:, None]
        each, dlogits = rnnlib.softmax_cross_entropy(self.trace.y, targets, mask=mask, reduction="none")
        return each[:-1, 0], dlogits

    @property
    def surprise(self):
        """L_t = −ln ŷ_t[next character], in nats, for t = 1 … T − 1."""
        return self.losses[0] if self.text else np.zeros(0)

    @property
    def next(self):
        """softmax(o_t / τ): the chances of what may come after character t, (V,)."""
        return chances(self.trace.y[self.t - 1, 0], self.temperature)

    def values(self, unit, shown):
        """Return tanh(c_t) ("memory") or h_t ("state") of one unit for t = 1 … T."""
        cell = self.trace.layers[0]
        return (cell.tanh_c if shown == "memory" else cell.h[1:])[:, 0, unit]

    def write_on(self, count):
        """Return `count` characters that it writes behind the text; character n is drawn with the seed's n-th number.

        So one at a time or all at once gives the same. The symbol for unknown characters is never drawn.
        """
        generator, cell = Generator(self.seed), self.trace.layers[0]
        generator.uniforms(len(self.codes))
        h, c, logits, written = cell.h_last, cell.c_last, self.trace.y[-1, 0], ""
        for _ in range(count):
            code = draw_code(chances(logits, self.temperature), generator.uniform())
            written += vocabulary()[code]
            trace = forward([code], h, c)
            h, c, logits = trace.layers[0].h_last, trace.layers[0].c_last, trace.y[-1, 0]
        return written


def read(state):
    """Return the Reading of the state's text."""
    T = len(state["text"])
    t = max(min(T, 1), T - state["back"])
    return Reading(state["text"], t, state["temperature"], state["seed"])


def chances(logits, temperature=1.0):
    return rnnlib.softmax(logits / temperature)


def draw_code(chance, uniform):
    """Return the place of the first symbol at which the summed chances exceed the uniform number."""
    known = np.cumsum(chance[:-1])
    return min(int((known <= uniform * (1 - chance[-1])).sum()), len(known) - 1)


def likeliest(chance, count):
    """Return the `count` likeliest characters as [(place, chance)]."""
    return [(int(k), float(chance[k])) for k in np.argsort(-chance, kind="stable")[:count]]


def highest(values):
    """Return where the largest value stands, the first of equals, counted from 1."""
    return int(np.argmax(values > np.max(values) - TIED)) + 1


# ---- The sentence ----


def visible(character):
    """Return a character as it can be seen."""
    return {" ": "␣", "\n": "⏎"}.get(character, character)


def before(text, t):
    """Return the text up to character t, its last characters only."""
    start = max(0, t - CONTEXT)
    return f"“{'…' if start else ''}{text[start:t]}”".replace("\n", "⏎")


def describe(state, reading):
    """Return what is to be seen, and what it means."""
    if not reading.text:
        return "Nothing to read yet: type a text."
    parts = [replaced(reading), expecting(state, reading), writing(reading), level(reading)]
    parts.append(following(state, reading) if state["colour"] == "unit" else worst(reading))
    return f"{'. '.join(filter(None, parts))}."


def likelihood(chance):
    """Return a chance as text, with its bound where the number would say 1."""
    return f"over {1 - SLIGHT}" if chance > 1 - SLIGHT else digits(chance)


def replaced(reading):
    strange = [one for one in dict.fromkeys(reading.text) if one not in vocabulary()]
    return f"It never learned {' '.join(strange)}, and reads {vocabulary()[-1]} instead" if strange else ""


def expecting(state, reading):
    t, text = reading.t, reading.text
    found = ", ".join(
        f"{visible(vocabulary()[code])} {likelihood(chance)}"
        for code, chance in likeliest(reading.next, NAMED)
        if chance >= SLIGHT
    )
    warm = "" if state["temperature"] == 1 else f", at temperature {digits(state['temperature'])}"
    words = f"After {before(text, t)} at t = {t} it expects {found}{warm}"
    if t == len(text):
        return words
    return f"{words}; what comes is {visible(text[t])}, a surprise of {digits(reading.surprise[t - 1])} nats"


def writing(reading):
    ahead = reading.write_on(SPEC["ahead"]).replace("\n", "⏎")
    return f"From the end it would write “{ahead}”"


def level(reading):
    if len(reading.text) < 2:
        return ""
    nats, V = float(reading.surprise.mean()), len(vocabulary())
    cost = f"{digits(nats)} nats, {digits(nats / math.log(2))} bits"
    words = f"The mean surprise is {cost}; a blind guess costs ln {V} = {digits(math.log(V))}"
    return f"{words}: worse than guessing" if nats > math.log(V) else words


def following(state, reading):
    unit, shown = state["unit"], state["shown"]
    who, values = f"Unit {unit}", reading.values(unit, shown)
    if unit in followers() and shown == "state":
        name, r = followers()[unit]
        who += f", which follows “{name}” (r = {digits(r, 2)} on pages held out),"
    here, top = digits(values[reading.t - 1], 2), before(reading.text, highest(values))
    return f"{who} has {'tanh c' if shown == 'memory' else 'h'} = {here} here and is highest after {top}"


def worst(reading):
    if len(reading.text) < 2:
        return ""
    k = highest(reading.surprise)
    nats = digits(reading.surprise[k - 1])
    return f"The most surprising is {visible(reading.text[k])} at t = {k + 1}, {nats} nats"


# ---- Prediction and goals ----


def made_up(reading):
    """Return the mean surprise by the made-up word's letters behind its first, the first and the second time."""
    word, text = SPEC["word"], reading.text
    places = text.find(word), text.rfind(word)
    return [float(reading.surprise[at : at + len(word) - 1].mean()) for at in places]


def outcome(reading):
    """The option of the prediction that happened: 0 the second time it is much less surprised, 1 it is not."""
    first, second = made_up(reading)
    return int(second >= COPIED * first)


def certain(state):
    text = state["text"]
    if len(text) < 5:
        return False, "type at least 5 characters."
    reading = read(state)
    [(code, chance)] = likeliest(chances(reading.trace.y[-1, 0]), 1)
    found = f"{visible(vocabulary()[code])}, has a chance of {digits(chance, 4)}."
    return chance >= 0.99, f"after {before(text, len(text))} the likeliest character, {found}"


def worse_than_blind(state):
    reading = read(state)
    T, kinds = len(reading.text), len(set(reading.codes))
    if T < 20 or kinds < 10:
        return False, f"{T} characters, {kinds} of them different."
    nats, blind = float(reading.surprise.mean()), math.log(len(vocabulary()))
    return nats > blind, f"the mean surprise is {digits(nats)} nats, a blind guess costs {digits(blind)}."


# ---- The picture ----


def draw_units(axes, reading, shown):
    """Draw all units over the text."""
    cell = reading.trace.layers[0]
    values = (cell.tanh_c if shown == "memory" else cell.h[1:])[:, 0]
    T, H = values.shape
    axes.pcolormesh(np.arange(T + 1) + 0.5, np.arange(H + 1) - 0.5, values.T, cmap=palette.diverging(),
                    vmin=-1, vmax=1, rasterized=True)  # fmt: skip
    axes.invert_yaxis()
    axes.set(ylabel="unit", yticks=[0, H - 1])
    axes.tick_params(bottom=False, labelbottom=False)


def draw_surprise(axes, reading):
    """Draw the surprise at each character, above it, with the level of a blind guess and the characters below."""
    T, blind = len(reading.text), math.log(len(vocabulary()))
    axes.bar(np.arange(2, T + 1), reading.surprise, width=0.7, color=colour("y"))
    axes.axhline(blind, color=colour("ink"), lw=0.9, ls=(0, (4, 3)))
    axes.annotate(f"ln {len(vocabulary())}", (1, blind), xycoords=("axes fraction", "data"), xytext=(3, 0),
                  textcoords="offset points", va="center", fontsize=10)  # fmt: skip
    axes.set(ylabel="$L_t$", xlim=(0.5, T + 0.5), xticks=[])
    if T <= 60:
        for t, one in enumerate(reading.text, 1):
            axes.annotate(visible(one), (t, 0), xycoords=("data", "axes fraction"), xytext=(0, -4),
                          textcoords="offset points", ha="center", va="top", fontsize=7)  # fmt: skip


def draw_next(axes, reading, count=8):
    """Draw the likeliest characters after t as bars."""
    found = likeliest(reading.next, count)
    axes.barh(range(len(found)), [chance for _, chance in found], color=colour("y"), height=0.7)
    axes.set_yticks(range(len(found)), [visible(vocabulary()[code]) for code, _ in found])
    axes.invert_yaxis()
    axes.set(xlim=(0, 1), xticks=[0, 0.5, 1], xlabel="$\\hat{y}_t$")


# ---- The explorer ----


class TextReader(Explorer):
    """*What does a character model know while it reads?* Its states, what it expects next, and how surprised it is.

    The model is an LSTM of 128 units, trained by `runs/reference_text.py` on Python's reference; in the page as here
    its weights are int8, each column with a scale. It reads `text`, up to 240 characters, from h_0 = 0. What it expects
    is shown `back` (0 to 239) characters before the end; `temperature` τ (0.1 to 2) divides the logits there, and where
    it writes on, drawn by `seed`. The text is coloured by `colour`, "unit" or "surprise"; of `unit` (0 to 127) is
    `shown` "memory", tanh c_t, or "state", h_t. ValueError for anything else.

    >>> reader = TextReader.landmark("sure")
    >>> reader.expected(1), reader.surprise.shape
    ([('f', 0.965)], (15,))
    """

    spec = SPEC
    goal_rules = {"certain": certain, "worse-than-blind": worse_than_blind}
    text, colour, unit, shown, back, temperature, seed = traits(SPEC)
    _run = traitlets.Dict().tag(sync=True)

    @traitlets.default("_run")
    def _pack_run(self):
        return runs.packed(RUN)

    @property
    def reading(self):
        """What the net makes of the text: `codes`, `trace` of the stack, `surprise`, `next`, `values(unit, shown)`."""
        return read(self.settings)

    @property
    def vocabulary(self):
        """The symbols that it knows, as one text; the last stands for all others."""
        return vocabulary()

    @property
    def net(self):
        """The stack of LSTM and Readout: a copy, to be changed at will."""
        return make_net()

    @property
    def trace(self):
        """rnnlib's Trace of the LSTM reading the text: h and c have shape (T+1, 1, 128)."""
        return self._readable().trace.layers[0]

    @property
    def grads(self):
        """rnnlib's Grads of the LSTM for L = Σ L_t; the last character has no next."""
        reading = self._readable()
        return stored_net().backward(reading.trace, reading.losses[1]).layers[0]

    @property
    def surprise(self):
        """L_t = −ln ŷ_t[next character] in nats for t = 1 … T − 1."""
        return self.reading.surprise

    def expected(self, count=5):
        """Return the `count` likeliest characters after t as [(character, chance to 4 decimals)]."""
        found = likeliest(self._readable().next, count)
        return [(vocabulary()[code], round(chance, 4)) for code, chance in found]

    def write_on(self, count=SPEC["ahead"]):
        """Return what it writes behind the text: the same in the page for the same text, temperature and seed."""
        return self._readable().write_on(count)

    def _readable(self):
        if not self.text:
            raise ValueError("text is empty; expected at least one character to read")
        return self.reading

    @property
    def sentence(self):
        """What is to be seen now, and what it means: also the picture's alt text."""
        return describe(self.settings, self.reading)

    def draw(self, figure):
        """Draw the units over the text with the surprise below, and beside them what it expects after t."""
        figure.set_size_inches(5.0, 3.2)
        reading = self.reading
        if not reading.text:
            return
        grid = figure.add_gridspec(2, 2, width_ratios=[2.6, 1], height_ratios=[1.8, 1])
        draw_units(figure.add_subplot(grid[0, 0]), reading, self.shown)
        draw_surprise(figure.add_subplot(grid[1, 0]), reading)
        draw_next(figure.add_subplot(grid[:, 1]), reading)
