"""Who is timed: one training step, and one forward and backward of the cell alone, each made of three things.

rnnlib as a reader would use it; PyTorch with its own layers, losses and Adam; and the floor, the matrix products that
nobody can leave out, with nothing between them. All three start from the same numbers.
"""

import numpy as np
import torch
from torch import nn

import rnnlib

# name: T, B, D, H, outputs, and which outputs the loss sees; x is one-hot where the loss is a cross-entropy
WORKLOADS = {
    "min-char": (25, 1, 65, 100, 65, "each"),
    "sine": (50, 16, 1, 32, 1, "each"),
    "adding": (100, 32, 2, 64, 1, "last"),
    "char-LM": (50, 32, 65, 128, 65, "each"),
    "big": (200, 64, 65, 256, 65, "each"),
}
CELLS = {"RNN": (rnnlib.RNN, nn.RNN, 1), "LSTM": (rnnlib.LSTM, nn.LSTM, 4), "GRU": (rnnlib.GRU, nn.GRU, 3)}
DTYPES = ("float32", "float64")


class Task:
    """The data of one workload: x (T, B, D) and targets, drawn once."""

    def __init__(self, workload, dtype, T=None):
        self.T, self.B, self.D, self.H, self.O, seen = WORKLOADS[workload]
        self.T, self.last, self.dtype = T or self.T, seen == "last", np.dtype(dtype)
        self.classes, rng = self.O > 1, np.random.default_rng(0)
        if self.classes:
            self.x = rnnlib.data.one_hot(rng.integers(0, self.D, (self.T, self.B)), self.D).astype(dtype)
            self.targets = rng.integers(0, self.O, (self.T, self.B))
        else:
            self.x = rng.standard_normal((self.T, self.B, self.D), dtype)
            self.targets = rng.standard_normal((self.T, self.B, self.O), dtype)
        self.targets = self.targets[-1] if self.last else self.targets
        self.dh = rng.standard_normal((self.T, self.B, self.H), dtype)


class Ours:
    """rnnlib: a cell and a readout."""

    def __init__(self, cell, task):
        self.task, kind = task, CELLS[cell][0]
        self.cell = kind(task.D, task.H, rng=0, dtype=task.dtype)
        self.readout = rnnlib.Readout(task.H, task.O, rng=1, dtype=task.dtype)
        self.net, self.adam = rnnlib.stack([self.cell, self.readout]), rnnlib.Adam(lr=1e-3)
        self.loss = rnnlib.softmax_cross_entropy if task.classes else rnnlib.mse

    def step(self):
        """Make one training step and return the loss."""
        loss, grads = self._last_step() if self.task.last else self._each_step()
        self.adam.step(self.net.params, grads)
        return loss

    def _each_step(self):
        trace = self.net.forward(self.task.x)
        loss, dy = self.loss(trace.y, self.task.targets, reduction="mean")
        return loss, self.net.backward(trace, dy)

    def _last_step(self):
        trace = self.cell.forward(self.task.x)
        top = self.readout.forward(trace.h_last)
        loss, dy = self.loss(top.y, self.task.targets, reduction="mean")
        above = self.readout.backward(top, dy)
        below = self.cell.backward(trace, dh_last=above.x)
        named = [(f"{i}.{name}", g) for i, one in enumerate((below, above)) for name, g in one.params.items()]
        return loss, dict(named)

    def alone(self):
        """Run the cell forward and backward."""
        self.cell.backward(self.cell.forward(self.task.x), self.task.dh)


class Theirs:
    """PyTorch: the same net with the same weights; of its two biases only what is not redundant is trained."""

    def __init__(self, cell, task, ours, fused=False):
        self.task = task
        self.cell, self.readout = CELLS[cell][1](task.D, task.H), nn.Linear(task.H, task.O)
        for module in (self.cell, self.readout):
            module.to(torch.float64 if task.dtype == np.float64 else torch.float32)
        self._copy_weights(ours)
        self._one_bias(cell, task.H)
        trained = [p for m in (self.cell, self.readout) for p in m.parameters() if p.requires_grad]
        self.adam = torch.optim.Adam(trained, lr=1e-3, fused=fused, foreach=False)
        self.loss = nn.functional.cross_entropy if task.classes else nn.functional.mse_loss
        self.x, self.targets, self.dh = map(torch.from_numpy, (task.x, task.targets, task.dh))

    def _copy_weights(self, ours):
        p, H = {name: torch.from_numpy(array) for name, array in ours.cell.params.items()}, self.task.H
        with torch.no_grad():
            self.cell.weight_ih_l0.copy_(p["W_xh"].T)
            self.cell.weight_hh_l0.copy_(p["W_hh"].T)
            self.cell.bias_ih_l0.copy_(p["b_h"])
            self.cell.bias_hh_l0.zero_()
            if "b_hn" in p:
                self.cell.bias_hh_l0[2 * H :].copy_(p["b_hn"])
            self.readout.weight.copy_(torch.from_numpy(ours.readout.params["W_hy"]).T)
            self.readout.bias.copy_(torch.from_numpy(ours.readout.params["b_y"]))

    def _one_bias(self, cell, H):
        """Freeze the second bias; of the GRU's the r and z parts, as its n part stands inside the reset."""
        if cell != "GRU":
            self.cell.bias_hh_l0.requires_grad_(False)
            return
        mask = torch.ones_like(self.cell.bias_hh_l0)
        mask[: 2 * H] = 0.0
        self.cell.bias_hh_l0.register_hook(lambda grad: grad * mask)

    def step(self):
        """Make one training step and return the loss."""
        self.adam.zero_grad()
        y, _ = self.cell(self.x)
        out = self.readout(y[-1] if self.task.last else y)
        if self.task.classes:
            loss = self.loss(out.reshape(-1, self.task.O), self.targets.reshape(-1))
        else:
            loss = self.loss(out, self.targets)
        loss.backward()
        self.adam.step()
        return loss.item()

    def alone(self):
        """Run the cell forward and backward, with the gradient of x, which rnnlib computes too."""
        self.cell.zero_grad()
        y, _ = self.cell(self.x.detach().requires_grad_())
        y.backward(self.dh)


class Floor:
    """The matrix products of a step and of the cell alone, into arrays that exist already."""

    def __init__(self, cell, task):
        T, B, D, H, O = task.T, task.B, task.D, task.H, task.O
        n, rng = CELLS[cell][2], np.random.default_rng(0)
        fill = lambda *shape: rng.standard_normal(shape, task.dtype)
        self.x, self.h, self.a = task.x.reshape(T * B, D), fill(T, B, H), fill(T, B, n * H)
        self.W_xh, self.W_hh, self.from_h, self.back = (
            fill(D, n * H),
            fill(H, n * H),
            fill(B, n * H),
            fill(B, H),
        )
        self.dW_xh, self.dW_hh, self.dx = fill(D, n * H), fill(H, n * H), fill(T * B, D)
        rows = B if task.last else T * B
        self.top, self.W_hy, self.o = fill(rows, H), fill(H, O), fill(rows, O)
        self.dW_hy, self.dtop = fill(H, O), fill(rows, H)

    def step(self):
        """Make the products of the cell and of the readout."""
        self.alone()
        np.matmul(self.top, self.W_hy, out=self.o)
        np.matmul(self.top.T, self.o, out=self.dW_hy)
        np.matmul(self.o, self.W_hy.T, out=self.dtop)

    def alone(self):
        """Make the cell's products: two in the loops over time, four over all steps at once."""
        a, h = self.a.reshape(len(self.x), -1), self.h.reshape(len(self.x), -1)
        np.matmul(self.x, self.W_xh, out=a)
        for h_t in self.h:
            np.matmul(h_t, self.W_hh, out=self.from_h)
        for da_t in self.a:
            np.matmul(da_t, self.W_hh.T, out=self.back)
        np.matmul(self.x.T, a, out=self.dW_xh)
        np.matmul(h.T, a, out=self.dW_hh)
        np.matmul(a, self.W_xh.T, out=self.dx)


def agree(ours, theirs):
    """Raise unless two nets have the same loss over three steps of training: a race is run on one track."""
    mine, other = ([net.step() for _ in range(3)] for net in (ours, theirs))
    tolerance = 1e-9 if ours.task.dtype == np.float64 else 1e-4
    if not np.allclose(mine, other, rtol=tolerance, atol=0.0):
        raise AssertionError(f"the losses differ: rnnlib {mine}, PyTorch {other}")
