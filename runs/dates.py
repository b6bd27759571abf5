"""Dates in ten spellings to ISO 8601, character by character: an encoder–decoder with and without attention.

Run `python runs/dates.py` (about four minutes on one core); it writes runs/dates.json and runs/dates.npz (the nets of
seed 0). Data: data.dates, with a tenth of all *days* held out in every spelling; 10 000 rows of the other days to
train on, 500 rows of the held-out days to test on. Baselines are computed in the chapter. All have
the same rate, the net with attention half of the updates; "noisy" is trained with a fifth of the decoder's inputs
replaced at random. `left_out` trains the net with attention on nine spellings and tests it on the tenth, for four of
them in turn. `after_error`: each date that a net writes rightly is written again, and the net is made to read a wrong
character after step 1, 2, … 9 instead of its own; the share of the characters after that step that are then wrong.
`year_share`: of attention's weight, the share on the year's characters, for each of the ten steps.
"""

import re
from pathlib import Path

import numpy as np
from seeds import store
from translate import as_batch, build, noisy, shifted, train, written_by

import rnnlib
from rnnlib import data, training

READ = ["", *" ',-./0123456789", *sorted({c for month in data.MONTHS for c in month} | set("thstndrdof"))]
WRITTEN, START = "-0123456789", 11
SETTINGS = {"seeds": [0, 1, 2], "trained": 10_000, "tested": 500, "held_out": 0.1, "H": 64, "batch_size": 64,
            "steps": 1500, "every": 250, "lr": 0.01, "max_norm": 1.0, "noise": 0.0}  # fmt: skip
NETS = {
    "last state": {"attention": False},
    "attention": {"attention": True, "steps": 750},
    "last state, noisy": {"attention": False, "noise": 0.2},
}
LEFT_OUT = {"attention": True, "steps": 500, "every": 500}
SPELLINGS = [0, 2, 4, 6]  # those of data.SPELLINGS that are left out, one at a time


def encode(texts):
    """Return the characters' places in READ, (T, N), 0 behind the end, and the lengths (N,)."""
    place, lengths = {c: k for k, c in enumerate(READ)}, np.array([len(text) for text in texts])
    codes = np.zeros((lengths.max(), len(texts)), int)
    for b, text in enumerate(texts):
        codes[: lengths[b], b] = [place[c] for c in text]
    return codes, lengths


def encode_iso(dates):
    """Return ISO dates as (10, N) places in WRITTEN."""
    return np.array([[WRITTEN.index(c) for c in date] for date in dates]).T


def split(seed, settings):
    """Return training and test rows, as pairs (spellings, ISO dates): no day is in both."""
    rng = np.random.default_rng(seed)
    trained, tested, share = (settings[name] for name in ("trained", "tested", "held_out"))
    rows = list(zip(*data.dates(int(2 * trained + 2 * tested / share), rng)))
    days = sorted({iso for _, iso in rows})
    held = set(rng.choice(days, int(share * len(days)), replace=False))
    train_rows = [row for row in rows if row[1] not in held][:trained]
    return train_rows, [row for row in rows if row[1] in held][:tested]


def kind(row):
    """Return which of data.SPELLINGS a row has."""
    day = data.datetime.date.fromisoformat(row[1])
    return next(k for k, spelling in enumerate(data.SPELLINGS) if data._spell(spelling, day) == row[0])


def arrays(rows):
    """Return (source, lengths, targets) of rows."""
    return *encode([spelling for spelling, _ in rows]), encode_iso([iso for _, iso in rows])


def drawing(rows, settings):
    """Return draw(rng) → a batch of rows for training.fit."""
    source, lengths, targets = arrays(rows)

    def draw(rng):
        i = rng.integers(0, len(rows), settings["batch_size"])
        batch = as_batch(source[: lengths[i].max(), i], targets[:, i], lengths[i], START)
        inputs = noisy(batch.x[1], settings["noise"], len(WRITTEN), rng)
        return batch._replace(x=(batch.x[0], inputs))

    return draw


def measuring(rows):
    """Return measure(net) → exact matches, right characters, and the loss under teacher forcing (nats a character)."""
    source, lengths, targets = arrays(rows)

    def measure(net):
        right = written_by(net, source, lengths, START, None, 10) == targets
        forced = net.forward(source, shifted(targets, START), lengths=lengths).y
        loss, _ = rnnlib.softmax_cross_entropy(forced, targets, reduction="mean")
        return [round(float(x), 4) for x in (right.all(axis=0).mean(), right.mean(), loss)]

    return measure


def write(net, source, lengths, read):
    """Return what a net without attention writes, (10, B), if it reads read[k] after step k (None: its own)."""
    state = [None, net.encoder.forward(source, lengths=lengths).h_last[1]]
    last, written = np.full(source.shape[1], START), []
    for k in range(10):
        trace = net.decoder.forward(last[None], state)
        state = trace.h_last
        written.append(net.readout.forward(trace.y).y[0].argmax(axis=1))
        last = written[-1] if read[k] is None else read[k]
    return np.array(written)


def after_error(net, rows):
    """Return the share of wrong characters after a wrong one was read at step 1 to 9, where none was wrong before."""
    source, lengths, targets = arrays(rows)
    right = (write(net, source, lengths, [None] * 10) == targets).all(axis=0)
    source, lengths, targets = source[:, right], lengths[right], targets[:, right]
    shift, shares = np.random.default_rng(0).integers(1, len(WRITTEN), targets.shape), []
    for k in range(9):
        read = [None] * 10
        read[k] = (targets[k] + shift[k]) % len(WRITTEN)
        wrong = write(net, source, lengths, read) != targets
        shares.append(round(float(wrong[k + 1 :].mean()), 4))
    return shares


def year_share(net, rows):
    """Return the share of attention's weight on the characters of the year, for each of the ten steps."""
    source, lengths, targets = arrays(rows)
    weights = net.forward(source, shifted(targets, START), lengths=lengths).attention.weights  # (10, B, T_x)
    spans = [re.search(r"\d{4}|(?<=')\d\d", text).span() for text, _ in rows]
    shares = [weights[:, b, start:stop].sum(axis=1) for b, (start, stop) in enumerate(spans)]
    return [round(float(share), 4) for share in np.mean(shares, axis=0)]


def make(seed, settings):
    return build(len(READ), len(WRITTEN), settings["H"], seed, settings["attention"])


def one(seed, settings, rows):
    """Train one net; return it, and exact, characters, loss (each a list over the tests)."""
    net = make(seed, settings)
    found = train(net, drawing(rows[0], settings), seed, measuring(rows[1]), **settings)
    return net, [list(column) for column in zip(*found)]


def over_seeds(name, settings):
    """Return what came of one net from each seed, and the net of the first."""
    print(name, flush=True)
    rows = [split(seed, settings) for seed in settings["seeds"]]
    nets, results = zip(*[one(seed, settings, pair) for seed, pair in zip(settings["seeds"], rows)])
    exact, characters, loss = (list(column) for column in zip(*results))
    looked = ("year_share", year_share) if settings["attention"] else ("after_error", after_error)
    own = {key: value for key, value in settings.items() if SETTINGS.get(key) != value}
    own |= {looked[0]: [looked[1](net, pair[1]) for net, pair in zip(nets, rows)]}
    return {**own, "exact": exact, "characters": characters, "loss": loss}, nets[0]


def left_out(settings):
    """Return for each spelling the exact matches, a seed each, of nets that have not been trained on it."""
    found = {}
    for k in SPELLINGS:
        found[spelling := data.SPELLINGS[k]] = []
        for seed in settings["seeds"]:
            train_rows, test_rows = split(seed, settings)
            rows = [row for row in train_rows if kind(row) != k], [row for row in test_rows if kind(row) == k]
            found[spelling].append(one(seed, settings, rows)[1][0][-1])
        print(spelling, found[spelling], flush=True)
    return found


def main():
    weights = {}
    table = {"task": "dates to ISO 8601", "command": "python runs/dates.py", "settings": SETTINGS, "nets": {}}
    for name, own in NETS.items():
        table["nets"][name], net = over_seeds(name, {**SETTINGS, **own})
        weights |= {f"{name}/{key}": array.astype(np.float16) for key, array in net.params.items()}
        store(__file__, table)
        training.save(Path(__file__).with_suffix(".npz"), weights)
    table["left_out"] = left_out({**SETTINGS, **LEFT_OUT})
    store(__file__, table)


if __name__ == "__main__":
    main()
