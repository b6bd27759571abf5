"""A classifier of whole sequences: a recurrent body, a pool over its states, a readout. Chapter 16 builds it."""

from types import SimpleNamespace

import numpy as np

import rnnlib


def pool_weights(pool, h, lengths):
    """Return the weights w of h̄ = Σ_t w_t ⊙ h_t, (T, B, 1) or (T, B, H), for states h (T, B, H)."""
    steps, half = np.arange(len(h))[:, None], h.shape[2] // 2
    if pool == "last":
        return (steps == lengths - 1)[:, :, None].astype(h.dtype)
    if pool == "mean":
        return ((steps < lengths) / lengths)[:, :, None].astype(h.dtype)
    if pool == "max":
        real = np.where((steps < lengths)[:, :, None], h, -np.inf)
        return (steps[:, :, None] == real.argmax(axis=0)).astype(h.dtype)
    ends = np.zeros_like(h)  # where each direction has read everything
    ends[lengths - 1, np.arange(h.shape[1]), :half] = 1
    ends[0, :, half:] = 1
    return ends


class Classifier:
    """Logits (B, O) for x (T, B, …): body, pool ("last", "mean", "max", "ends" or "attention"), readout."""

    takes = frozenset({"lengths", "rng"})

    def __init__(self, body, pool, readout):
        self.body, self.pool, self.readout = body, pool, readout
        self.attention = rnnlib.Attention(dtype=readout.dtype)
        self.q = np.zeros(readout.hidden_size, readout.dtype)
        self.params = {f"body.{key}": array for key, array in body.params.items()}
        self.params |= {f"readout.{key}": array for key, array in readout.params.items()}
        self.params |= {"q": self.q} if pool == "attention" else {}

    def __repr__(self):
        return f"Classifier({self.body!r}, {self.pool!r}, {self.readout!r})"

    def forward(self, x, *, lengths, rng=None):
        """Return a trace with `y`, the logits (B, O)."""
        body = self.body.forward(x, lengths=lengths, rng=rng)
        h, lengths = body.y, body.lengths  # a convolution shortens sequences
        if self.pool == "attention":
            queries = np.tile(self.q, (1, h.shape[1], 1))
            pooled = self.attention.forward(queries, h, lengths=lengths)
            readout, weights = self.readout.forward(pooled.y), pooled
        else:
            weights = pool_weights(self.pool, h, lengths)
            readout = self.readout.forward((weights * h).sum(axis=0, keepdims=True))
        return SimpleNamespace(body=body, weights=weights, readout=readout, y=readout.y[0])

    def backward(self, trace, dy):
        """Return the gradients of params for dy (B, O)."""
        readout = self.readout.backward(trace.readout, dy[None])
        if self.pool == "attention":
            pooled = self.attention.backward(trace.weights, readout.x)
            dh, dq = pooled.keys, {"q": pooled.x.sum(axis=(0, 1))}
        else:
            dh, dq = trace.weights * readout.x, {}
        body = self.body.backward(trace.body, np.ascontiguousarray(dh))
        grads = {f"body.{key}": array for key, array in body.params.items()}
        return grads | {f"readout.{key}": array for key, array in readout.params.items()} | dq
