"""Forecasts of six series against persistence and AR, and of one of them at many horizons and from many origins.

Run `python runs/forecasting.py` (about ten minutes on one core; parts by name: series, windows, horizons, origins); it
writes runs/forecasting.json. Data: matplotlib's sample data (a neuron's membrane potential at 1 kHz, the first channel
of an EEG, Google's daily volume and log-returns) and the Mackey–Glass equation with noise. Each series is cut in time:
the first 70 % train, the next 12 % stop the training and choose p, the rest is the test. Everything is scaled by the
mean and the standard deviation of the training part. Baselines: persistence, the mean, AR(p) by least squares (p
chosen on validation, then fitted to training and validation), and a feed-forward net that sees the last p values. All
nets: Adam, norm clipped at 1, 60 epochs at most, stopped when twelve validations in a row bring nothing better; 3
seeds.
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np
from matplotlib.cbook import get_sample_data
from seeds import store

import rnnlib
from rnnlib import data, training

SETTINGS = {"seeds": [0, 1, 2], "lr": 0.01, "batch_size": 16, "epochs": 60, "patience": 12, "max_norm": 1.0,
            "T": 60, "warm_up": 20, "windows": 300, "train": 0.7, "validation": 0.12}  # fmt: skip
ORDERS = [1, 2, 3, 5, 8, 12, 16, 24, 32]  # the p that AR and the feed-forward net may have
NETS = {"tanh RNN": (rnnlib.RNN, 32), "GRU": (rnnlib.GRU, 16)}
WINDOWS = [12, 24, 36, 48]  # of the feed-forward net on the Mackey–Glass equation, a part of its own
HORIZONS = [1, 2, 5, 10, 20, 40, 80]
ORIGINS = [1200, 1800, 2400, 3000, 3600, 4200]  # of the membrane potential, in ms from the first value used


# ---- the series


def membrane():
    """Return a neuron's membrane potential in mV, one value a millisecond, while a current drives it: (4800,)."""
    with get_sample_data("membrane.dat") as sample:
        volts = np.frombuffer(sample.read(), np.float32).astype(float)  # in units of 100 mV, 2 kHz
    return 100 * volts.reshape(-1, 2).mean(axis=1)[600:5400]


def eeg():
    """Return the first of the four channels, (800,)."""
    with get_sample_data("eeg.dat") as sample:
        return np.frombuffer(sample.read(), float).reshape(800, 4)[:, 0]


def log_volume():
    """Return the logarithm of the number of Google's shares that changed hands each day, (1047,)."""
    with get_sample_data("goog.npz") as sample:
        return np.log(sample["price_data"]["volume"].astype(float))


def log_returns():
    """Return Google's daily log-returns in per cent, (1046,)."""
    return 100 * np.diff(np.log(data.google_prices()[1]))


def mackey_glass(n=3000, tau=17, every=6, noise=0.1, rng=0):
    """Return x' = 0.2 x(t−τ)/(1 + x(t−τ)¹⁰) − 0.1 x (Mackey & Glass 1977) each `every` units of time, with noise.

    Euler steps of 0.1; the noise has `noise` times the standard deviation of the series.
    """
    x, delay = [1.2] * (10 * tau + 1), 10 * tau
    while len(x) < 10 * (every * n + 500):
        x.append(x[-1] + 0.1 * (0.2 * x[-delay - 1] / (1 + x[-delay - 1] ** 10) - 0.1 * x[-1]))
    x = np.array(x[5000 :: 10 * every])[:n]
    return x + noise * x.std() * np.random.default_rng(rng).normal(size=n)


SERIES = {  # name → (values, whether a net predicts the change since the last value instead of the value)
    "membrane potential": (membrane, True),
    "EEG": (eeg, True),
    "Google, log volume": (log_volume, False),
    "Google, |log-return|": (lambda: np.abs(log_returns()), False),
    "Google, log-return": (log_returns, False),
    "Mackey–Glass with noise": (mackey_glass, True),
}


class Parts:
    """A series z, scaled by its past, and where its training and its validation end."""

    def __init__(self, y, train, stop):
        self.train, self.stop = train, stop
        self.mean, self.sd = y[:train].mean(), y[:train].std()
        self.z = (y - self.mean) / self.sd

    def mse(self, forecast, h=1, part="test"):
        """Return the mean squared error of forecast (N,), whose entry t is for z[t], h steps ahead."""
        first, last = (self.stop + h, None) if part == "test" else (self.train + h, self.stop)
        return float(np.mean((forecast[first:last] - self.z[first:last]) ** 2))


def cut(y):
    """Cut a series as the settings say."""
    n = len(y)
    return Parts(y, int(SETTINGS["train"] * n), int((SETTINGS["train"] + SETTINGS["validation"]) * n))


# ---- forecasts: entry t is what was forecast for z[t]


def persistence(parts, h=1):
    """Forecast the value of h steps ago."""
    return np.concatenate([np.full(h, np.nan), parts.z[:-h]])


def lagged(z, p, h=1):
    """Return the rows (N − p − h + 1, p) of p past values, the latest first, and the places of their targets."""
    places = np.arange(p - 1 + h, len(z))
    return z[places[:, None] - h - np.arange(p)], places


def ar(parts, p, h=1, last=None):
    """Forecast h steps ahead by least squares on the values before place `last`: (N,)."""
    rows, places = lagged(parts.z, p, h)
    rows = np.column_stack([rows, np.ones(len(rows))])
    known = places < (last or parts.train)
    w = np.linalg.lstsq(rows[known], parts.z[places[known]], rcond=None)[0]
    return np.concatenate([np.full(p - 1 + h, np.nan), rows @ w])


def best_ar(parts, h=1):
    """Choose p on validation, fit again up to its end: (p, forecast)."""
    p = min(ORDERS, key=lambda p: parts.mse(ar(parts, p, h), h, "validation"))
    return p, ar(parts, p, h, parts.stop)


def iterated_ar(parts, p, h):
    """Forecast h steps ahead by h single steps, each reading the forecasts before it."""
    rows, places = lagged(parts.z, p)
    w = np.linalg.lstsq(np.column_stack([rows, np.ones(len(rows))])[places < parts.stop],
                        parts.z[places[places < parts.stop]], rcond=None)[0]  # fmt: skip
    rows = rows[: len(rows) - h + 1]
    for _ in range(h):
        rows = np.column_stack([rows @ w[:-1] + w[-1], rows[:, :-1]])
    return np.concatenate([np.full(p - 1 + h, np.nan), rows[:, 0]])


def recurrent(parts, kind, seed, change, h=1):
    """Train a net to forecast h steps ahead: (net, forecast)."""
    z, T, (cell, H) = parts.z, SETTINGS["T"], NETS[kind]
    starts = np.arange(0, parts.train - T - h + 1, max(1, parts.train // SETTINGS["windows"]))
    x = z[starts + np.arange(T)[:, None]]  # (T, windows)
    wanted = z[starts + h + np.arange(T)[:, None]] - change * x
    read, due = z[: parts.stop - h, None], z[h : parts.stop, None]
    net = rnnlib.stack([cell(1, H, rng=seed), rnnlib.Readout(H, 1, rng=seed + 100)])
    fit(net, seed, x[:, :, None], wanted[:, :, None], SETTINGS["warm_up"], read[:, :, None],
        (due - change * read)[:, :, None], parts.train)  # fmt: skip
    return net, forecast(net, z, change, h)


def fit(net, seed, x, targets, warm_up, x_validation, targets_validation, first):
    """Train on windows, the first `warm_up` steps not counted; validate on one sequence from its step `first` on."""
    net.params["1.W_hy"][...] *= 0.1  # begin near persistence, or near the mean
    mask, validation = np.ones(x.shape[:2], bool), np.ones(x_validation.shape[:2], bool)
    mask[:warm_up] = validation[:first] = False
    own = {key: SETTINGS[key] for key in ("batch_size", "epochs", "patience", "max_norm")}
    return training.fit(
        net, x, targets, mask=mask, loss=rnnlib.mse, optimiser=rnnlib.Adam(SETTINGS["lr"]), rng=seed,
        validation=(x_validation, targets_validation, None, validation), progress=False, **own,
    )  # fmt: skip


def forecast(net, z, change, h=1):
    """Read the whole series from h_0 = 0, the state carried throughout."""
    ahead = net.forward(z[:-h, None, None]).y[:, 0, 0] + change * z[:-h]
    return np.concatenate([np.full(h, np.nan), ahead])


def iterated(net, z, change, h):
    """Forecast h steps ahead by h single steps from every place, each step reading the forecast before it."""
    cell, readout = net.layers
    state = cell.forward(z[:, None, None]).h[1:, 0]  # (N, H)
    y = z[:, None]
    for step in range(h):
        if step:
            state = cell.forward(y[None], state).h_last
        y = readout.forward(state[None]).y[0] + change * y
    return np.concatenate([np.full(h, np.nan), y[: len(z) - h, 0]])


def feed_forward(parts, p, seed, change, h=1):
    """Train a net of one hidden layer on the last p values: a recurrent net that reads them in a single step."""
    rows, places = lagged(parts.z, p, h)
    wanted = (parts.z[places] - change * rows[:, 0])[:, None]
    here, later = places < parts.train, (places >= parts.train + h) & (places < parts.stop)
    net = rnnlib.stack([rnnlib.RNN(p, 32, rng=seed), rnnlib.Readout(32, 1, rng=seed + 100)])
    fit(net, seed, rows[None, here], wanted[None, here], 0, rows[None, later], wanted[None, later], 0)
    ahead = net.forward(rows[None]).y[0, :, 0] + change * rows[:, 0]
    return np.concatenate([np.full(p - 1 + h, np.nan), ahead])


def best_feed_forward(parts, seed, change, h=1):
    """Choose p on validation among a few: (p, forecast)."""
    tried = {p: feed_forward(parts, p, seed, change, h) for p in (5, 12, 24)}
    p = min(tried, key=lambda p: parts.mse(tried[p], h, "validation"))
    return p, tried[p]


# ---- the three parts of the table


def compare_series():
    """Return for each series the test errors of the baselines and of each net, a number a seed."""
    return {name: compare(name, *SERIES[name]) for name in SERIES}


def compare(name, series, change):
    """Compare all forecasts of one series, one step ahead."""
    parts, seeds = cut(series()), SETTINGS["seeds"]
    p, by_ar = best_ar(parts)
    windowed = [best_feed_forward(parts, seed, change) for seed in seeds]
    row = {"values": len(parts.z), "train": parts.train, "stop": parts.stop, "change": change,
           "persistence": parts.mse(persistence(parts)), "mean": parts.mse(np.zeros_like(parts.z)), "p": p,
           "AR": parts.mse(by_ar), "feed-forward p": [p for p, _ in windowed],
           "feed-forward": [parts.mse(found) for _, found in windowed]}  # fmt: skip
    for kind in NETS:
        row[kind] = [parts.mse(recurrent(parts, kind, seed, change)[1]) for seed in seeds]
    return told(name, row)


def compare_windows():
    """Return what the feed-forward net reaches on the Mackey–Glass equation when its window is longer."""
    parts, rows = cut(mackey_glass()), {"p": WINDOWS, "validation": [], "test": []}
    for p in WINDOWS:
        found = [feed_forward(parts, p, seed, True) for seed in SETTINGS["seeds"]]
        rows["validation"].append([parts.mse(f, part="validation") for f in found])
        rows["test"].append([parts.mse(f) for f in found])
    return told("windows", rows)


def compare_horizons():
    """Return the test errors on the membrane potential at each horizon."""
    parts, seeds = cut(membrane()), SETTINGS["seeds"]
    p, _ = best_ar(parts)
    rows = {"horizons": HORIZONS, "persistence": [parts.mse(persistence(parts, h), h) for h in HORIZONS],
            "mean": [parts.mse(np.zeros_like(parts.z), h) for h in HORIZONS],
            "AR, iterated": [parts.mse(iterated_ar(parts, p, h), h) for h in HORIZONS],
            "AR, direct": [parts.mse(best_ar(parts, h)[1], h) for h in HORIZONS],
            "feed-forward of 24 values, direct": [[parts.mse(feed_forward(parts, 24, s, True, h), h) for h in HORIZONS]
                                     for s in seeds]}  # fmt: skip
    for kind in NETS:
        nets = [recurrent(parts, kind, seed, True)[0] for seed in seeds]
        rows[f"{kind}, iterated"] = [
            [parts.mse(iterated(net, parts.z, True, h), h) for h in HORIZONS] for net in nets
        ]
        rows[f"{kind}, direct"] = [
            [parts.mse(recurrent(parts, kind, seed, True, h)[1], h) for h in HORIZONS] for seed in seeds
        ]
    return told("horizons", rows)


def compare_origins():
    """Return the errors over the 600 ms after each origin: trained up to it, and trained up to the first alone."""
    y, seeds, rows = membrane(), SETTINGS["seeds"], {"origins": ORIGINS}
    made = [Parts(y[: origin + 600], origin - 300, origin) for origin in ORIGINS]
    rows["persistence"] = [parts.mse(persistence(parts)) for parts in made]
    rows["AR"] = [parts.mse(best_ar(parts)[1]) for parts in made]
    rows["tanh RNN"] = [
        [parts.mse(recurrent(parts, "tanh RNN", seed, True)[1]) for parts in made] for seed in seeds
    ]
    first = [recurrent(made[0], "tanh RNN", seed, True)[0] for seed in seeds]
    rows["tanh RNN, trained once"] = [[once(net, made[0], parts) for parts in made] for net in first]
    return told("origins", rows)


def once(net, first, parts):
    """Return the error of a net that knows the scale of the first origin alone, in the scale of `parts`."""
    y, (mean, sd) = parts.z * parts.sd + parts.mean, (first.mean, first.sd)
    return parts.mse((forecast(net, (y - mean) / sd, True) * sd + mean - parts.mean) / parts.sd)


def told(name, row):
    """Say what was found."""
    print(name, json.dumps(row), file=sys.stderr, flush=True)
    return row


PARTS = {
    "series": compare_series,
    "windows": compare_windows,
    "horizons": compare_horizons,
    "origins": compare_origins,
}


def rounded(value):
    """Round all numbers in nested lists and dicts to five decimals."""
    if isinstance(value, dict):
        return {key: rounded(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [rounded(entry) for entry in value]
    return round(value, 5) if isinstance(value, float) else value


def main():
    """Make the parts named on the command line, all if none is."""
    parser = argparse.ArgumentParser(description="forecasting")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"some of: {', '.join(PARTS)}")
    path = Path(__file__).with_suffix(".json")
    for name in parser.parse_args().parts or PARTS:
        made = rounded(PARTS[name]())
        table = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        table |= {"task": "forecasting", "command": "python runs/forecasting.py", "settings": SETTINGS,
                  "orders": ORDERS, name: made}  # fmt: skip
        store(path, table)


if __name__ == "__main__":
    main()
