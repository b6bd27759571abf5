"""Long short-term memory (Hochreiter & Schmidhuber 1997) with a forget gate (Gers, Schmidhuber & Cummins 2000)."""

from dataclasses import dataclass

import numpy as np

from .. import _validate
from .activations import sigmoid
from .base import Cell, Grads, cuts, last
from .gates import columns, draw, planes

GATES = "ifgo"  # the order of the column blocks, and of the planes below


@dataclass(repr=False, eq=False)
class LSTMTrace:
    """What LSTM.forward saw and made; backward walks it.

    `x` (T, B, D); `h` and `c` (T+1, B, H) with h[0] = h_0, c[0] = c_0; `gates`, a dict of "i", "f", "g", "o", each
    (T, B, H), 0 beyond a sequence's end; `tanh_c` (T, B, H); `lengths` (B,) or None; `overflow`, the first t whose
    pre-activation is not finite, or None; `params`, the parameters used; `owner`, the cell.
    """

    x: np.ndarray
    h: np.ndarray
    c: np.ndarray
    planes: np.ndarray  # the gates, (4, T, B, H)
    tanh_c: np.ndarray
    lengths: np.ndarray
    ended: np.ndarray  # (T, B, 1), True beyond a sequence's end; None if there is no such place
    overflow: int
    params: dict
    owner: object
    passed: dict  # whether h0 and c0 were

    @property
    def gates(self):
        """The gates by name, (T, B, H) each."""
        return dict(zip(GATES, self.planes))

    @property
    def a(self):
        """The pre-activations, (T, B, 4H) in the order i, f, g, o; computed when asked for."""
        return self.x @ self.params["W_xh"] + self.h[:-1] @ self.params["W_hh"] + self.params["b_h"]

    @property
    def y(self):
        """The output for the next layer, h_1 … h_T: (T, B, H)."""
        return self.h[1:]

    @property
    def h_last(self):
        """Each sequence's own last state: (B, H)."""
        return last(self.h, self.lengths)

    @property
    def c_last(self):
        """Each sequence's own last cell state: (B, H)."""
        return last(self.c, self.lengths)

    def __repr__(self):
        (T, B, D), H = self.x.shape, self.h.shape[2]
        return f"LSTMTrace(T={T}, B={B}, D={D}, H={H})"


class LSTM(Cell):
    """Long short-term memory: c_t = f_t ⊙ c_{t−1} + i_t ⊙ g_t and h_t = o_t ⊙ tanh(c_t).

    The gates i, f, o = σ(a) and the candidate g = tanh(a) come from a_t = x_t W_xh + h_{t−1} W_hh + b_h, whose column
    blocks stand in the order i, f, g, o (Hochreiter & Schmidhuber 1997; f from Gers, Schmidhuber & Cummins 2000; as
    PyTorch's nn.LSTM). `forget_bias` is what b_h starts with in f's block, else 0; `init`, `gain`, `rng`, `dtype` as
    in RNN. `learn_h0=True` adds params["h0"] and params["c0"] (H,). `params`: W_xh (D, 4H), W_hh (H, 4H), b_h (4H,).
    Sizes below 1 and unknown names raise ValueError; values of the wrong kind TypeError.

    >>> cell = LSTM(2, 3, rng=0)
    >>> {name: array.shape for name, array in cell.params.items()}
    {'W_xh': (2, 12), 'W_hh': (3, 12), 'b_h': (12,)}
    """

    takes = Cell.takes | {"c0"}

    def __init__(self, input_size, hidden_size, *, rng=None, dtype=np.float64, forget_bias=1.0, init="uniform",
                 gain=1.0, learn_h0=False):  # fmt: skip
        super().__init__(input_size, hidden_size, dtype, learn_h0)
        rng, gain = _validate.generator(rng), _validate.number(gain, "gain")
        self.forget_bias = _validate.number(forget_bias, "forget_bias", low=-np.inf)
        D, H = self.input_size, self.hidden_size
        W_xh, W_hh = draw(init, D, H, 4, rng, gain)
        self._set_params(W_xh=W_xh, W_hh=W_hh, b_h=np.repeat([0.0, self.forget_bias, 0.0, 0.0], H))
        if self.learn_h0:
            self._set_params(h0=np.zeros(H), c0=np.zeros(H))

    def __repr__(self):
        return f"LSTM({self.input_size}, {self.hidden_size})"

    def forward(self, x, h0=None, c0=None, *, lengths=None):
        """Read x and return the trace of all states, cell states and gates.

        x (T, B, D); h0 and c0 (B, H), zeros or the learned ones if not given; lengths (B,) whole numbers from 0 to
        T: beyond its own end a sequence's h and c are copied on, and its x is never read. ValueError for shapes and
        values that do not fit, TypeError for what is not real numbers.

        >>> trace = LSTM(2, 3, rng=0).forward([[[1, 0]], [[0, 1]]])
        >>> trace.h.shape, trace.c.shape, trace.gates["f"].shape
        ((3, 1, 3), (3, 1, 3), (2, 1, 3))
        """
        params = self._copy_params()
        x, lengths, ended = self._read_x(x, lengths)
        T, B, _ = x.shape
        h, c = np.empty((2, T + 1, B, self.hidden_size), self.dtype)
        h[0], c[0] = self._read_state(h0, "h0", B), self._read_state(c0, "c0", B)
        with np.errstate(all="ignore"):
            gates, tanh_c, overflow = self._run(params, x, h, c, ended)
        passed = {"h0": h0 is not None, "c0": c0 is not None}
        return LSTMTrace(x, h, c, gates, tanh_c, lengths, ended, overflow, params, self, passed)

    def _run(self, params, x, h, c, ended):
        """Fill h and c, and return the gates (4, T, B, H), tanh(c_t) (T, B, H) and where it overflowed."""
        (T, B, D), H, overflow = x.shape, self.hidden_size, None
        W_xh, W_hh, b_h = (planes(params[name], 4) for name in ("W_xh", "W_hh", "b_h"))
        gates = (x.reshape(T * B, D) @ W_xh + b_h).reshape(4, T, B, H)  # x_t W_xh + b_h for all t at once
        tanh_c, from_h, new = (
            np.empty((T, B, H), self.dtype),
            np.empty((4, B, H), self.dtype),
            np.empty_like(c[0]),
        )
        for t in range(1, T + 1):
            a_t = gates[:, t - 1]
            a_t += np.matmul(h[t - 1], W_hh, out=from_h)  # a_t = x_t W_xh + h_{t−1} W_hh + b_h
            if overflow is None and not np.isfinite(a_t.sum()):
                overflow = t
            i, f, g, o = a_t
            np.tanh(g, out=g)
            for gate in (i, f, o):
                sigmoid(gate, out=gate)
            np.multiply(f, c[t - 1], out=c[t])
            c[t] += np.multiply(i, g, out=new)  # c_t = f_t ⊙ c_{t−1} + i_t ⊙ g_t
            np.tanh(c[t], out=tanh_c[t - 1])
            np.multiply(o, tanh_c[t - 1], out=h[t])  # h_t = o_t ⊙ tanh(c_t)
            if ended is not None:
                for state in (h, c):  # beyond its end a sequence keeps its states
                    np.copyto(state[t], state[t - 1], where=ended[t - 1])
        if ended is not None:
            np.copyto(gates, 0.0, where=ended)
        return gates, tanh_c, overflow

    def backward(self, trace, dh=None, *, dh_last=None, dc_last=None, window=None):
        """Walk the trace back in time and return the Grads (backpropagation through time).

        dh (T, B, H), dh[k] the immediate ∂L/∂h[k+1]; dh_last and dc_last (B, H), ∂L/∂ of trace.h_last and
        trace.c_last; at least one of the three. window=k cuts at inputs k, 2k, …. grads.h[t] and grads.c[t] are the
        totals ∂L/∂h_t and ∂L/∂c_t. ValueError if the trace is another cell's or the parameters have changed since.

        >>> cell = LSTM(2, 3, rng=0)
        >>> grads = cell.backward(cell.forward([[[1, 0]], [[0, 1]]]), dc_last=[[1, 0, 0]])
        >>> grads.c.shape, bool((grads.c[0] == grads.c0).all())
        ((3, 1, 3), True)
        """
        self._check_trace(trace)
        if dh is None and dh_last is None and dc_last is not None:
            dh_last = np.zeros_like(trace.h[0])
        delta_h = self._start_delta(trace, dh, dh_last)
        delta_c = np.zeros_like(trace.c)
        if dc_last is not None:
            self._add_last(trace, delta_c, dc_last, "dc_last")
        cut = cuts(window, len(trace.x))
        with np.errstate(all="ignore"):
            da = self._walk_back(trace, delta_h, delta_c, cut)
            return self._collect(trace, delta_h, delta_c, da)

    def _walk_back(self, trace, delta_h, delta_c, cut):
        """Turn the immediate gradients in delta_h and delta_c into the totals, and return ∂L/∂a_t (4, T, B, H)."""
        ended, T = trace.ended, len(trace.x)
        W_hh_T = np.ascontiguousarray(planes(trace.params["W_hh"], 4).swapaxes(1, 2))
        da, h_to_c, f = self._local_derivatives(trace)
        back, scratch = np.empty_like(da[:, 0]), np.empty_like(delta_c[0])
        for t in range(T, 0, -1):
            da_t = da[:, t - 1]
            delta_c[t] += np.multiply(delta_h[t], h_to_c[t - 1], out=scratch)  # h_t = o_t ⊙ tanh(c_t)
            da_t[:3] *= delta_c[t]  # i, f, g act on the loss through c_t
            da_t[3] *= delta_h[t]  # o acts through h_t
            if t - 1 in cut:
                continue
            delta_h[t - 1] += np.matmul(da_t, W_hh_T, out=back).sum(axis=0)
            delta_c[t - 1] += np.multiply(
                delta_c[t], f[t - 1], out=scratch
            )  # the direct path: ∂c_t/∂c_{t−1} = f_t
            if ended is not None:
                np.add(
                    delta_h[t - 1], delta_h[t], out=delta_h[t - 1], where=ended[t - 1]
                )  # a copy passes δ on
        return da

    def _local_derivatives(self, trace):
        """Return for all t: ∂c_t/∂a of i, f, g and ∂h_t/∂a of o, (4, T, B, H); ∂h_t/∂c_t; and ∂c_t/∂c_{t−1}."""
        i, f, g, o = trace.planes
        da = np.empty_like(trace.planes)
        np.multiply(g, i - i * i, out=da[0])
        np.multiply(trace.c[:-1], f - f * f, out=da[1])
        np.multiply(i, 1.0 - g * g, out=da[2])
        np.multiply(trace.tanh_c, o - o * o, out=da[3])
        h_to_c = o * (1.0 - trace.tanh_c * trace.tanh_c)
        if trace.ended is not None:  # the gates are 0 there, so that nothing but the copies' identity is left
            f = np.where(trace.ended, 1.0, f).astype(self.dtype, copy=False)
        return da, h_to_c, f

    def _collect(self, trace, delta_h, delta_c, da):
        """Sum over time and batch: each parameter is shared by all steps, so its gradient is a sum."""
        T, B, D = trace.x.shape
        before = trace.h[:-1] if trace.ended is None else np.where(trace.ended, 0.0, trace.h[:-1])
        x, h, da = trace.x.reshape(T * B, D), before.reshape(T * B, -1), da.reshape(4, T * B, -1)
        params = {"W_xh": columns(x.T @ da), "W_hh": columns(h.T @ da), "b_h": da.sum(axis=1).ravel()}
        params |= self._start_params(trace, h0=delta_h[0], c0=delta_c[0])
        dx = np.matmul(da, planes(trace.params["W_xh"], 4).swapaxes(1, 2)).sum(axis=0).reshape(T, B, D)
        return Grads(params, dx, delta_h[0].copy(), delta_h, delta_c[0].copy(), delta_c)
