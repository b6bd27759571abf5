"""Long short-term memory (Hochreiter & Schmidhuber 1997) with a forget gate (Gers, Schmidhuber & Cummins 2000)."""

from dataclasses import dataclass

import numpy as np

from .. import _validate
from .activations import sigmoid, tanh_prime
from .base import last
from .gates import GatedCell, GatedTrace, columns, planes


@dataclass(repr=False, eq=False, kw_only=True)
class LSTMTrace(GatedTrace):
    """What LSTM.forward saw and made; backward walks it.

    `x` (T, B, D); `h` and `c` (T+1, B, H) with h[0] = h_0, c[0] = c_0; `gates`, a dict of "i", "f", "g", "o", each
    (T, B, H), 0 beyond a sequence's end; `tanh_c` (T, B, H); `a` (T, B, 4H); `lengths` (B,) or None; `overflow`, the
    first t whose a_t is not finite, or None; `params`, the parameters used; `owner`, the cell.
    """

    c: np.ndarray
    tanh_c: np.ndarray = None

    @property
    def a(self):
        """The pre-activations, (T, B, 4H) in the order i, f, g, o, 0 beyond a sequence's end; made when asked for."""
        with np.errstate(all="ignore"):
            a = self.x @ self.params["W_xh"] + self.h[:-1] @ self.params["W_hh"] + self.params["b_h"]
        return self.live(a)

    @property
    def c_last(self):
        """Each sequence's own last cell state: (B, H)."""
        return last(self.c, self.lengths)


class LSTM(GatedCell):
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

    takes = GatedCell.takes | {"c0"}
    BLOCKS = "ifgo"  # the order of the parameters' columns
    PLANES = "oifg"  # the order below: o, i, f have σ in common, and i, f, g act through c_t

    def __init__(self, input_size, hidden_size, *, rng=None, dtype=np.float64, forget_bias=1.0, init="uniform",
                 gain=1.0, learn_h0=False):  # fmt: skip
        super().__init__(input_size, hidden_size, dtype, learn_h0, rng, init, gain)
        self.forget_bias = _validate.number(forget_bias, "forget_bias", low=-np.inf)
        self.params["b_h"][self.hidden_size : 2 * self.hidden_size] = self.forget_bias

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
        return self._forward(LSTMTrace, x, lengths, h0=h0, c0=c0)

    def _run(self, trace):
        """Fill in h_1 … h_T, c_1 … c_T, the gates and tanh(c_t)."""
        h, c, ended = trace.h, trace.c, trace.ended
        W_hh = planes(trace.params["W_hh"], self.BLOCKS, self.PLANES)
        a, tanh_c = self._from_x(trace), np.empty_like(trace.y)
        from_h = np.empty_like(a[:, 0])
        for t in range(1, len(h)):
            a_t, h_t, c_t = a[:, t - 1], h[t], c[t]
            a_t += np.matmul(h[t - 1], W_hh, out=from_h)  # a_t = x_t W_xh + h_{t−1} W_hh + b_h
            sigmoid(a_t[:3], out=a_t[:3])
            np.tanh(a_t[3], out=a_t[3])
            o, i, f, g = a_t  # from here on the gates stand where their pre-activations stood
            np.multiply(f, c[t - 1], out=c_t)
            c_t += i * g  # c_t = f_t ⊙ c_{t−1} + i_t ⊙ g_t
            np.multiply(o, np.tanh(c_t, out=tanh_c[t - 1]), out=h_t)  # h_t = o_t ⊙ tanh(c_t)
            if ended is not None:  # beyond its end a sequence keeps its states
                np.copyto(h_t, h[t - 1], where=ended[t - 1])
                np.copyto(c_t, c[t - 1], where=ended[t - 1])
        trace.planes, trace.tanh_c = trace.live(a), trace.live(tanh_c)

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
        return self._backward(trace, dh, window, dh_last=dh_last, dc_last=dc_last)

    def _walk_back(self, trace, cut, delta_h, delta_c):
        """Turn the immediate gradients in delta_h and delta_c into the totals, and return ∂L/∂a_t (4, T, B, H)."""
        ended, W_hh = trace.ended, planes(trace.params["W_hh"], self.BLOCKS, self.PLANES)
        W_hh_T = np.vstack([W.T for W in W_hh])  # (4H, H): all four gates go back through one product
        (da, h_to_c), f = self._local_derivatives(trace), trace.gates["f"]
        for t in range(len(trace.x), 0, -1):
            da_t, dh, dc = da[:, t - 1], delta_h[t], delta_c[t]
            dc += dh * h_to_c[t - 1]  # h_t = o_t ⊙ tanh(c_t)
            da_t[0] *= dh  # o acts on the loss through h_t
            da_t[1:] *= dc  # i, f, g act through c_t
            if t - 1 in cut:
                continue
            dh_before, dc_before = delta_h[t - 1], delta_c[t - 1]
            dh_before += np.concatenate(da_t, axis=1) @ W_hh_T  # through the gates
            dc_before += dc * f[t - 1]  # the direct path: ∂c_t/∂c_{t−1} = f_t
            if ended is not None:  # a copy passes δ on; none reaches c_t beyond its end
                np.add(dh_before, dh, out=dh_before, where=ended[t - 1])
        return da

    def _local_derivatives(self, trace):
        """Return for all t ∂h_t/∂a of o and ∂c_t/∂a of i, f, g, and ∂h_t/∂c_t; 0 with the gates beyond an end."""
        (o, i, _, g), tanh_c = trace.planes, trace.tanh_c
        da = np.empty_like(trace.planes)
        np.subtract(1.0, trace.planes[:3], out=da[:3])
        da[:3] *= trace.planes[:3]  # σ′ = σ (1 − σ) for o, i, f
        da[3] = tanh_prime(None, g)
        factors = (tanh_c, g, trace.c[:-1], i)  # of h_t = o ⊙ tanh(c_t) and c_t = f ⊙ c_{t−1} + i ⊙ g
        for plane, factor in zip(da, factors):
            plane *= factor
        h_to_c = tanh_prime(None, tanh_c)
        h_to_c *= o
        return da, h_to_c

    def _collect(self, trace, da):
        """Sum over time and batch: each parameter is shared by all steps, so its gradient is a sum."""
        (x, h), da = trace.flat_inputs(), da.reshape(4, -1, self.hidden_size)
        params, dx = self._collect_x(trace, x, da)
        return params | {"W_hh": columns(h.T @ da, self.PLANES, self.BLOCKS)}, dx
