"""Python's own reference, read a character at a time: how many nats a character does an LSTM need for unseen pages?

Run `python runs/reference_text.py` (about 6 minutes on one core); it writes runs/reference_text.json, what came of
three seeds and of every baseline, and runs/reference_text.npz, the net of seed 0 as the explorer `text-reader` shows
it. The text changes with Python's version, which the table names, and so do all numbers.

Data: rnnlib.data.python_reference(); the first nine tenths are trained on, the last tenth is held out. Symbols are the
characters that occur at least 5 times in the training part, and one for all others, U+FFFD. Model: LSTM(V, 128) on
one-hot characters, and a readout. Training: float32, 16 streams side by side, the state carried from window to window
of 50 characters, gradients cut there (truncated BPTT), mean cross-entropy, gradient norm clipped at 1, Adam, its rate
rising over 50 updates and then falling along half a cosine. The held-out loss is that of one stream read from h_0 = 0.

The reference repeats itself: a tenth of what is held out stands word for word in the training part. All is therefore
measured twice, on the "held_out" text and on its "new" paragraphs, those that the training text does not have.

Baselines, on the same characters (the compressors see the rare ones as they are):
every symbol alike (ln V); add-one unigram and bigram counts; n-grams interpolated after Witten & Bell (1991), whose
shortest context is the add-one unigram; 5- and 8-grams after Kneser & Ney (1995), see kneser_ney.py; zlib and lzma, the
bytes that the held-out text adds behind the training text.
"""

import json
import lzma
import platform
import zlib
from collections import Counter, defaultdict
from pathlib import Path

import kneser_ney
import numpy as np
import reference_units
from seeds import store
from tqdm import trange

import rnnlib
from rnnlib import data

UNKNOWN = "\ufffd"
SETTINGS = {"seeds": [0, 1, 2], "hidden_size": 128, "streams": 16, "window": 50, "updates": 4000, "lr": 0.02,
            "warm_up": 50, "max_norm": 1.0, "every": 200, "held_out": 0.1, "least_count": 5,
            "dtype": "float32"}  # fmt: skip
ORDERS = (3, 4, 5, 6, 7, 8)  # of the n-grams


# ---- The text ----


def parts(held_out, **_):
    """Return the training text and the held-out text, which follows it."""
    text = data.python_reference()
    cut = round(len(text) * (1 - held_out))
    return text[:cut], text[cut:]


def vocabulary_of(text, least_count, **_):
    """Return the symbols: the characters that are frequent enough, sorted, and last the one for all others."""
    return sorted(char for char, count in Counter(text).items() if count >= least_count) + [UNKNOWN]


def encode(text, vocabulary):
    """Return the places (T,) of a text's characters in the vocabulary, the last for an unknown one."""
    place = {char: k for k, char in enumerate(vocabulary)}
    return np.array([place.get(char, len(vocabulary) - 1) for char in text])


# ---- Training ----


def make_net(V, seed, hidden_size, dtype, **_):
    """Return an LSTM that reads one-hot characters, with a readout of V logits."""
    cell = rnnlib.LSTM(V, hidden_size, rng=seed, dtype=dtype)
    return rnnlib.stack([cell, rnnlib.Readout(hidden_size, V, rng=seed + 100, dtype=dtype)])


def one_hot(codes, V, dtype):
    return np.eye(V, dtype=dtype)[codes]


def rate(update, updates, lr, warm_up, **_):
    """Return the learning rate of update 0, 1, …: up a line, then down half a cosine."""
    rise = min(1.0, (update + 1) / warm_up)
    return lr * rise * (1 + np.cos(np.pi * update / updates)) / 2


def train(codes, held_out, V, seed, settings):
    """Return the trained net and its curve: [updates, loss of the updates since, held-out loss]."""
    net, optimiser = make_net(V, seed, **settings), rnnlib.Adam(settings["lr"])
    B, window = settings["streams"], settings["window"]
    T = (len(codes) - 1) // B // window * window
    inputs, targets = (codes[k : k + T * B].reshape(B, T).T for k in (0, 1))
    h, c, since, curve = None, None, [], []
    for update in trange(settings["updates"], desc=f"seed {seed}"):
        at = update * window % T
        if at == 0:
            h, c = None, None
        rows = slice(at, at + window)
        loss, h, c = learn(
            net, optimiser, inputs[rows], targets[rows], h, c, rate(update, **settings), settings
        )
        since.append(loss)
        if (update + 1) % settings["every"] == 0:
            curve.append([update + 1, float(np.mean(since)), side_by_side(net, held_out)])
            since = []
    return net, curve


def learn(net, optimiser, inputs, targets, h, c, lr, settings):
    """Make one update on a window, and return its loss in nats a character and the states to carry on."""
    trace = net.forward(one_hot(inputs, net.input_size, settings["dtype"]), h0=h, c0=c)
    loss, dlogits = rnnlib.softmax_cross_entropy(trace.y, targets, reduction="mean")
    grads = net.backward(trace, dlogits)
    rnnlib.clip_grad_norm(grads, settings["max_norm"])
    optimiser.lr = lr
    optimiser.step(net.params, grads)
    return float(loss), trace.h_last, trace.c_last


# ---- Measuring a net ----


def side_by_side(net, codes, streams=64):
    """Return the mean loss over a text cut into streams, each read from h_0 = 0: quick, and a little too high."""
    T = (len(codes) - 1) // streams
    inputs, targets = (codes[k : k + T * streams].reshape(streams, T).T for k in (0, 1))
    return mean_loss(net, inputs, targets)


def in_windows(net, codes, window):
    """Return the mean loss with the state reset to 0 before each window of the text."""
    return side_by_side(net, codes, (len(codes) - 1) // window)


def in_one_go(net, codes):
    """Return the mean loss of the text read as one stream, the state carried from its first character to its last."""
    return mean_loss(net, codes[:-1, None], codes[1:, None])


def mean_loss(net, inputs, targets, window=200):
    """Return the mean loss in nats a character of streams (T, B), read a window at a time to keep memory small."""
    total, h, c, dtype = 0.0, None, None, net.layers[0].params["W_hh"].dtype
    for at in range(0, len(inputs), window):
        trace = net.forward(one_hot(inputs[at : at + window], net.input_size, dtype), h0=h, c0=c)
        total += float(rnnlib.softmax_cross_entropy(trace.y, targets[at : at + window])[0])
        h, c = trace.h_last, trace.c_last
    return total / targets.size


# ---- Fewer bits a weight ----


def quantised(array):
    """Return an array's int8 and float16 parts: whole numbers from −127 to 127, and the scale of each column.

    A vector is kept as float16: there are few of them, and a column of one number would say nothing.
    """
    if array.ndim == 1:
        return {"": array.astype(np.float16)}
    scale = np.nextafter((np.abs(array).max(axis=0) / 127).astype(np.float16), np.float16(np.inf))
    return {"": np.rint(array / scale.astype(np.float64)).astype(np.int8), ".scale": scale}


def packed(net):
    """Return what is stored of a net: {"W_xh": int8, "W_xh.scale": float16 (4H,), "b_h": float16, …}."""
    named = {key.split(".")[1]: array.astype(np.float64) for key, array in net.params.items()}
    return {name + part: kept for name, array in named.items() for part, kept in quantised(array).items()}


def unpacked(arrays, V, settings):
    """Return the net that the stored arrays are, in float64."""
    net = make_net(V, 0, **{**settings, "dtype": "float64"})
    for key, param in net.params.items():
        name = key.split(".")[1]
        param[...] = arrays[name].astype(np.float64) * np.float64(arrays.get(f"{name}.scale", 1.0))
    return net


def halved(net, V, settings):
    """Return the net with its parameters rounded to float16, in float64."""
    half = make_net(V, 0, **{**settings, "dtype": "float64"})
    for key, param in half.params.items():
        param[...] = net.params[key].astype(np.float16)
    return half


# ---- Baselines ----


def unigram(codes, held_out, V):
    """Return the held-out loss under add-one counts of single characters."""
    counts = np.bincount(codes, minlength=V) + 1.0
    return float(-np.log(counts / counts.sum())[held_out[1:]].mean())


def bigram(codes, held_out, V):
    """Return the held-out loss under add-one counts of pairs."""
    counts = np.ones((V, V))
    np.add.at(counts, (codes[:-1], codes[1:]), 1)
    p = counts / counts.sum(axis=1, keepdims=True)
    return float(-np.log(p[held_out[:-1], held_out[1:]]).mean())


def n_grams(codes, held_out, V, orders=ORDERS):
    """Return {n: held-out loss} of n-grams: each context's counts, filled up from the next shorter context.

    p_n(y | context) = (count(context y) + kinds(context) p_{n−1}(y | shorter)) / (count(context) + kinds(context)),
    kinds(context) the number of different characters seen behind it: Witten & Bell's estimate of what is new.
    """
    counts = np.bincount(codes, minlength=V) + 1.0
    p, losses = (counts / counts.sum())[held_out], {}
    train, test = (("".join(map(chr, part))) for part in (codes, held_out))
    for n in range(2, max(orders) + 1):
        pairs = Counter(train[k : k + n] for k in range(len(train) - n + 1))
        seen, kinds = defaultdict(int), defaultdict(int)
        for gram, count in pairs.items():
            seen[gram[:-1]] += count
            kinds[gram[:-1]] += 1
        p = np.array([p[k] if k < n - 1 else witten_bell(test[k - n + 1 : k + 1], p[k], pairs, seen, kinds)
                      for k in range(len(test))])  # fmt: skip
        if n in orders:
            losses[n] = float(-np.log(p[1:]).mean())
    return losses


def witten_bell(gram, shorter, pairs, seen, kinds):
    """Return the probability of a gram's last character, given that under the shorter context."""
    context = gram[:-1]
    if not (many := kinds.get(context, 0)):
        return shorter
    return (pairs.get(gram, 0) + many * shorter) / (seen[context] + many)


def compressed(train, held_out):
    """Return nats a character that zlib and lzma need for the held-out text behind the training text."""
    size = {"zlib": lambda text: len(zlib.compress(text.encode(), 9)),
            "lzma": lambda text: len(lzma.compress(text.encode(), preset=9))}  # fmt: skip
    nats = 8 * np.log(2) / len(held_out)
    return {name: float((of(train + held_out) - of(train)) * nats) for name, of in size.items()}


def new_paragraphs(train, held_out):
    """Return the held-out text without the paragraphs that stand in the training text as they are."""
    known = set(train.split("\n\n"))
    return "\n\n".join(part for part in held_out.split("\n\n") if part not in known)


def verbatim(train, held_out, length=50):
    """Return the share of the held-out text's stretches of so many characters that stand in the training text."""
    known = {train[k : k + length] for k in range(len(train) - length + 1)}
    return float(np.mean([held_out[k : k + length] in known for k in range(len(held_out) - length + 1)]))


def baselines(train, held_out, vocabulary):
    """Return {name: nats a character} on the held-out text."""
    V = len(vocabulary)
    codes, unseen = encode(train, vocabulary), encode(held_out, vocabulary)
    grams = {f"{n}-gram": loss for n, loss in n_grams(codes, unseen, V).items()}
    counted = {"unigram": unigram(codes, unseen, V), "bigram": bigram(codes, unseen, V)}
    longer = kneser_ney.losses(codes, unseen, V)
    return {"ln V": float(np.log(V))} | counted | grams | longer | compressed(train, held_out)


# ---- All of it ----


def about(train_text, held_out, new, V):
    """Return what the table says of the data."""
    sizes = {"train": len(train_text), "held_out": len(held_out), "new": len(new)}
    return {"python": platform.python_version(), "characters": sizes, "V": V,
            "verbatim_50": {"held_out": verbatim(train_text, held_out), "new": verbatim(train_text, new)}}  # fmt: skip


def storage(net, held_out, V, settings):
    """Return the arrays to be stored of a net, and its held-out loss in each type, the state carried or reset."""
    arrays = packed(net)
    stored = unpacked(arrays, V, settings)
    losses = {"float32": in_one_go(net, held_out), "float16": in_one_go(halved(net, V, settings), held_out)}
    losses |= {
        "int8": in_one_go(stored, held_out),
        "int8, reset": in_windows(stored, held_out, settings["window"]),
    }
    return arrays, losses


def run(settings=SETTINGS):
    """Return after each seed the table so far, and the arrays of the first seed's net."""
    train_text, held_out_text = parts(**settings)
    texts = {"held_out": held_out_text, "new": new_paragraphs(train_text, held_out_text)}
    vocabulary = vocabulary_of(train_text, **settings)
    V, codes = len(vocabulary), encode(train_text, vocabulary)
    unseen = {name: encode(text, vocabulary) for name, text in texts.items()}
    table = {"task": "the next character of Python's reference", "command": "python runs/reference_text.py",
             "settings": settings, **about(train_text, *texts.values(), V),
             "baselines": {name: baselines(train_text, text, vocabulary) for name, text in texts.items()},
             "loss": {name: [] for name in texts}, "curves": []}  # fmt: skip
    for seed in settings["seeds"]:
        net, curve = train(codes, unseen["held_out"], V, seed, settings)
        table["curves"].append(curve)
        for name, losses in table["loss"].items():
            losses.append(in_one_go(net, unseen[name]))
        if seed == settings["seeds"][0]:
            arrays, table["stored"] = storage(net, unseen["held_out"], V, settings)
        yield table, {"vocabulary": np.array("".join(vocabulary)), **arrays}


def look(table, arrays):
    """Add to the table and the arrays what is found of the stored net's units."""
    vocabulary = list(str(arrays["vocabulary"]))
    net = unpacked(arrays, len(vocabulary), table["settings"])
    encoded = lambda text: encode(text, vocabulary)
    table["units"], found = reference_units.look(net, *parts(**table["settings"]), encoded)
    arrays |= found


def write(path, table, arrays):
    """Look at the units, and write both files."""
    look(table, arrays)
    np.savez_compressed(path, **arrays)
    store(path, rounded(table))


def main():
    for table, arrays in run():
        print(
            {name: [round(loss, 4) for loss in losses] for name, losses in table["loss"].items()}, flush=True
        )
        write(Path(__file__).with_suffix(".npz"), table, arrays)
    print(json.dumps({key: table[key] for key in ("baselines", "stored", "units")}, indent=1))


def rounded(value):
    """Return a table with its floats rounded to 5 decimals."""
    if isinstance(value, dict):
        return {key: one if key == "settings" else rounded(one) for key, one in value.items()}
    if isinstance(value, list):
        return [rounded(one) for one in value]
    return round(value, 5) if isinstance(value, float) else value


if __name__ == "__main__":
    main()
