"""Cells learn temporal order, number for number as in the page: rnnlib on batches that both languages draw alike.

`js/trainer.js` has the same lines in JavaScript, a sequence at a time where rnnlib takes the whole batch.
"""

import numpy as np

import rnnlib
from rnnlib.explorers import gated, seeded
from rnnlib.tasks import Batch

SYMBOLS, CLASSES = 8, 4  # a, b, c, d, X, Y, the beginning, the end; X X, X Y, Y X, Y Y
WEIGHTS, READOUT, BATCHES, PROBE = 0, 100000, 200000, 300000  # what is drawn from seed + which number


def temporal_order(T, B, generator):
    """Draw a tasks.Batch as `rnnlib.tasks.temporal_order` defines it, from a seeded.Generator.

    >>> batch = temporal_order(20, 3, seeded.Generator(0))
    >>> batch.x.shape[1:], batch.targets.shape
    ((3, 8), (3,))
    """
    drawn = [one_sequence(T, generator) for _ in range(B)]
    lengths = np.array([len(symbols) for symbols, _ in drawn])
    x = np.zeros((lengths.max(), B, SYMBOLS))
    for b, (symbols, _) in enumerate(drawn):
        x[np.arange(len(symbols)), b, symbols] = 1.0
    return Batch(x, np.array([target for _, target in drawn]), lengths)


def one_sequence(T, generator):
    """Return (a list of symbols, their class)."""
    whole = lambda low, high: low + int(generator.uniform() * (high - low + 1))
    length = T + whole(0, T // 10)
    t_1, t_2 = whole(T // 10, 2 * T // 10), whole(5 * T // 10, 6 * T // 10)
    first, second = whole(0, 1), whole(0, 1)
    symbols = [whole(0, 3) for _ in range(length)]
    symbols[t_1 - 1], symbols[t_2 - 1], symbols[0], symbols[-1] = 4 + first, 4 + second, 6, 7
    return symbols, 2 * first + second


def make_net(cell, *, seed, units, init, bias):
    """Return rnnlib's stack of the cell "rnn", "lstm" or "gru" and its readout, drawn by the seed.

    `bias` is what the gate that keeps starts with: f of the LSTM, z of the GRU.
    """
    params = gated.cell_params(cell, seed + WEIGHTS, SYMBOLS, units, init)
    if cell != "rnn":
        params["b_h"][units : 2 * units] = bias  # f of the LSTM and z of the GRU, the gates that keep
    readout = rnnlib.Readout(units, CLASSES, rng=0)
    # uniform in ±√(6 / (H + O))
    W_hy = seeded.input_weights(seeded.Generator(seed + READOUT), units, CLASSES, "orthogonal")
    readout.params["W_hy"][...] = W_hy
    return rnnlib.stack([gated.make_cell(cell, params), readout])


def learn_from(net, batch, reduction="mean"):
    """Return (loss, trace, grads) of one batch: cross-entropy at each sequence's own last step."""
    trace = net.forward(batch.x, lengths=batch.lengths)
    last = (batch.lengths - 1, np.arange(len(batch.lengths)))
    dy = np.zeros_like(trace.y)
    loss, dy[last] = rnnlib.softmax_cross_entropy(trace.y[last], batch.targets, reduction=reduction)
    return loss, trace, net.backward(trace, dy)


class Training:
    """Nets that learn from the same batches: `nets` by the names of their cells, `steps` done so far.

    `batch` and `probe` count sequences; `bound` may be np.inf; the rest as in `make_net` and rnnlib.Adam.

    >>> settings = {"seed": 0, "units": 3, "init": "uniform", "bias": 1.0, "rate": 0.01, "bound": 1.0}
    >>> training = Training(["gru"], T=20, batch=4, probe=2, **settings)
    >>> sorted(training.step()), training.steps
    (['gru'], 1)
    """

    def __init__(self, cells, *, T, batch, probe, seed, units, init, bias, rate, bound):
        self.T, self.batch, self.bound, self.steps = T, batch, bound, 0
        self.nets = {cell: make_net(cell, seed=seed, units=units, init=init, bias=bias) for cell in cells}
        self.optimisers = {cell: rnnlib.Adam(rate) for cell in cells}
        self.generator = seeded.Generator(seed + BATCHES)
        self.probe = temporal_order(T, probe, seeded.Generator(seed + PROBE))

    def step(self):
        """Train all nets by one step on a fresh batch; return their losses on it, before the step, by name."""
        batch, losses = temporal_order(self.T, self.batch, self.generator), {}
        for cell, net in self.nets.items():
            losses[cell], _, grads = learn_from(net, batch)
            if self.bound < np.inf:
                rnnlib.clip_grad_norm(grads, self.bound)
            self.optimisers[cell].step(net.params, grads)
        self.steps += 1
        return losses

    def probed(self, cell):
        """Return (trace, grads) of the cell's layer on the probe, which no net is trained on: L is its summed loss."""
        _, trace, grads = learn_from(self.nets[cell], self.probe, "sum")
        return trace.layers[0], grads.layers[0]

    def reach(self):
        """Return {cell: {"h": (T+1,)}}, for the LSTM "c" too: how far gradients reach back now.

        The root mean square over the probe of ‖∂L/∂h_t‖, 0 to T steps before each sequence's end.
        """
        found = {}
        for cell in self.nets:
            _, grads = self.probed(cell)
            deltas = {name: getattr(grads, name) for name in "hc" if getattr(grads, name) is not None}
            found[cell] = {name: self.by_lag(delta) for name, delta in deltas.items()}
        return found

    def by_lag(self, delta):
        """Return the root mean square of ‖δ‖ (T+1,) by the steps to each sequence's own end, from δ (·, B, H)."""
        t = self.probe.lengths - np.arange(self.T + 1)[:, None]  # (T+1, B)
        there = delta[t, np.arange(len(self.probe.lengths))]
        return np.sqrt((there**2).sum(axis=2).mean(axis=1))
