"""The gated recurrent unit of Cho et al. (2014), with its reset gate before or after the product."""

from dataclasses import dataclass

import numpy as np

from .. import _validate
from .activations import sigmoid
from .base import Cell, Grads, cuts, last
from .gates import columns, draw, planes

GATES = "rzn"  # the order of the column blocks, and of the planes below


@dataclass(repr=False, eq=False)
class GRUTrace:
    """What GRU.forward saw and made; backward walks it.

    `x` (T, B, D); `h` (T+1, B, H) with h[0] = h_0; `gates`, a dict of "r", "z", "n", each (T, B, H), 0 beyond a
    sequence's end; `m` (T, B, H), what the reset gate multiplies: h_{t−1} W_hn + b_hn if it comes after the product,
    else h_{t−1}; `lengths` (B,) or None; `overflow`, the first t whose pre-activation is not finite, or None;
    `params`, the parameters used; `owner`, the cell.
    """

    x: np.ndarray
    h: np.ndarray
    planes: np.ndarray  # the gates, (3, T, B, H)
    m: np.ndarray
    lengths: np.ndarray
    ended: np.ndarray  # (T, B, 1), True beyond a sequence's end; None if there is no such place
    overflow: int
    params: dict
    owner: object
    passed: dict  # whether h0 was

    @property
    def gates(self):
        """The gates by name, (T, B, H) each."""
        return dict(zip(GATES, self.planes))

    @property
    def a(self):
        """The pre-activations, (T, B, 3H) in the order r, z, n; computed when asked for."""
        H, W_hh = self.h.shape[2], self.params["W_hh"]
        a = self.x @ self.params["W_xh"] + self.params["b_h"]
        a[:, :, : 2 * H] += self.h[:-1] @ W_hh[:, : 2 * H]
        after = "b_hn" in self.params
        a[:, :, 2 * H :] += self.planes[0] * self.m if after else (self.planes[0] * self.m) @ W_hh[:, 2 * H :]
        return a

    @property
    def y(self):
        """The output for the next layer, h_1 … h_T: (T, B, H)."""
        return self.h[1:]

    @property
    def h_last(self):
        """Each sequence's own last state: (B, H)."""
        return last(self.h, self.lengths)

    def __repr__(self):
        (T, B, D), H = self.x.shape, self.h.shape[2]
        return f"GRUTrace(T={T}, B={B}, D={D}, H={H})"


class GRU(Cell):
    """The gated recurrent unit: h_t = (1 − z_t) ⊙ n_t + z_t ⊙ h_{t−1} (Cho et al. 2014, eq. 7).

    Gates r, z = σ(x_t W_x + h_{t−1} W_h + b); the candidate n = tanh(x_t W_xn + b_n + r ⊙ (h_{t−1} W_hn + b_hn)) with
    `reset_after=True`, as PyTorch's nn.GRU; n = tanh(x_t W_xn + b_n + (r ⊙ h_{t−1}) W_hn) with False, as in the
    paper. These are different functions. `params`: W_xh (D, 3H), W_hh (H, 3H), b_h (3H,), column blocks in the order
    r, z, n, and b_hn (H,) if reset comes after. `init`, `gain`, `rng`, `dtype`, `learn_h0` as in RNN. Sizes below 1
    and unknown names raise ValueError; values of the wrong kind TypeError.

    >>> {name: array.shape for name, array in GRU(2, 3, rng=0).params.items()}
    {'W_xh': (2, 9), 'W_hh': (3, 9), 'b_h': (9,), 'b_hn': (3,)}
    >>> sorted(GRU(2, 3, reset_after=False, rng=0).params)
    ['W_hh', 'W_xh', 'b_h']
    """

    def __init__(self, input_size, hidden_size, *, rng=None, dtype=np.float64, reset_after=True, init="uniform",
                 gain=1.0, learn_h0=False):  # fmt: skip
        super().__init__(input_size, hidden_size, dtype, learn_h0)
        rng, gain = _validate.generator(rng), _validate.number(gain, "gain")
        self.reset_after = _validate.flag(reset_after, "reset_after")
        D, H = self.input_size, self.hidden_size
        W_xh, W_hh = draw(init, D, H, 3, rng, gain)
        self._set_params(W_xh=W_xh, W_hh=W_hh, b_h=np.zeros(3 * H))
        if self.reset_after:
            self._set_params(b_hn=np.zeros(H))
        if self.learn_h0:
            self._set_params(h0=np.zeros(H))

    def __repr__(self):
        return f"GRU({self.input_size}, {self.hidden_size}, reset_after={self.reset_after})"

    def forward(self, x, h0=None, *, lengths=None):
        """Read x and return the trace of all states and gates.

        x (T, B, D); h0 (B, H), zeros or the learned params["h0"] if not given; lengths (B,) whole numbers from 0 to
        T: beyond its own end a sequence's state is copied on, and its x is never read. ValueError for shapes and
        values that do not fit, TypeError for what is not real numbers.

        >>> trace = GRU(2, 3, rng=0).forward([[[1, 0]], [[0, 1]]])
        >>> trace.h.shape, trace.gates["z"].shape
        ((3, 1, 3), (2, 1, 3))
        """
        params = self._copy_params()
        x, lengths, ended = self._read_x(x, lengths)
        T, B, _ = x.shape
        h = np.empty((T + 1, B, self.hidden_size), self.dtype)
        h[0] = self._read_state(h0, "h0", B)
        with np.errstate(all="ignore"):
            gates, m, overflow = self._run(params, x, h, ended)
        return GRUTrace(x, h, gates, m, lengths, ended, overflow, params, self, {"h0": h0 is not None})

    def _run(self, params, x, h, ended):
        """Fill h, and return the gates (3, T, B, H), what r multiplies (T, B, H) and where it overflowed."""
        (T, B, D), H, overflow = x.shape, self.hidden_size, None
        W_xh, W_hh, b_h = (planes(params[name], 3) for name in ("W_xh", "W_hh", "b_h"))
        gates = (x.reshape(T * B, D) @ W_xh + b_h).reshape(3, T, B, H)  # x_t W_xh + b_h for all t at once
        m = np.empty((T, B, H), self.dtype) if self.reset_after else h[:-1]
        from_h = np.empty((2, B, H), self.dtype)
        for t in range(1, T + 1):
            a_t = gates[:, t - 1]
            (r, z, n), before = a_t, h[t - 1]
            a_t[:2] += np.matmul(before, W_hh[:2], out=from_h)
            if overflow is None and not np.isfinite(a_t.sum()):
                overflow = t
            sigmoid(r, out=r)
            sigmoid(z, out=z)
            if self.reset_after:
                m_t = np.matmul(before, W_hh[2], out=m[t - 1])
                m_t += params["b_hn"]
                n += r * m_t  # r ⊙ (h_{t−1} W_hn + b_hn)
            else:
                n += (r * before) @ W_hh[2]  # (r ⊙ h_{t−1}) W_hn
            np.tanh(n, out=n)
            np.subtract(before, n, out=h[t])
            h[t] *= z
            h[t] += n  # h_t = n_t + z_t ⊙ (h_{t−1} − n_t), that is (1 − z_t) ⊙ n_t + z_t ⊙ h_{t−1}
            if ended is not None:
                np.copyto(h[t], before, where=ended[t - 1])  # beyond its end a sequence keeps its state
        if ended is not None:
            np.copyto(gates, 0.0, where=ended)
        return gates, m, overflow

    def backward(self, trace, dh=None, *, dh_last=None, window=None):
        """Walk the trace back in time and return the Grads (backpropagation through time).

        dh (T, B, H), dh[k] the immediate ∂L/∂h[k+1]; dh_last (B, H), ∂L/∂ of trace.h_last; at least one of them.
        window=k cuts at inputs k, 2k, …. grads.h[t] is the total ∂L/∂h_t. ValueError if the trace is another cell's
        or the parameters have changed since.

        >>> cell = GRU(2, 3, rng=0)
        >>> grads = cell.backward(cell.forward([[[1, 0]], [[0, 1]]]), dh_last=[[1, 0, 0]])
        >>> bool((grads.h[0] == grads.h0).all())
        True
        """
        self._check_trace(trace)
        delta = self._start_delta(trace, dh, dh_last)
        cut = cuts(window, len(trace.x))
        with np.errstate(all="ignore"):
            da, dm = self._walk_back(trace, delta, cut)
            return self._collect(trace, delta, da, dm)

    def _walk_back(self, trace, delta, cut):
        """Turn the immediate gradients in delta into the totals; return ∂L/∂a_t (3, T, B, H) and ∂L/∂m_t (T, B, H)."""
        W_hh_T = np.ascontiguousarray(planes(trace.params["W_hh"], 3).swapaxes(1, 2))
        da, carry = self._local_derivatives(trace)
        r, ended = trace.planes[0], trace.ended
        dm = da[2] * r if self.reset_after else np.empty_like(r)
        for t in range(len(da[0]), 0, -1):
            da_t, dm_t, before = da[:, t - 1], dm[t - 1], delta[t - 1]
            if self.reset_after:  # every factor is known in advance
                da_t *= delta[t]
                dm_t *= delta[t]
            else:  # what reaches r comes back through the product with W_hn
                da_t[1:] *= delta[t]
                at_product = da_t[2] @ W_hh_T[2]
                da_t[0] *= at_product
                np.multiply(at_product, r[t - 1], out=dm_t)
            if t - 1 in cut:
                continue
            before += da_t[0] @ W_hh_T[0]
            before += da_t[1] @ W_hh_T[1]
            before += dm_t @ W_hh_T[2] if self.reset_after else dm_t
            before += delta[t] * carry[t - 1]  # the direct path: ∂h_t/∂h_{t−1} = z_t
        if ended is not None:
            np.copyto(dm, 0.0, where=ended)
        return da, dm

    def _local_derivatives(self, trace):
        """Return for all t the factors of ∂h_t/∂a of r, z, n (3, T, B, H), and z_t, 1 where a state is only copied.

        With reset before the product, r's factor is only that of (r ⊙ h_{t−1}) by r's pre-activation.
        """
        r, z, n = trace.planes
        da = np.empty_like(trace.planes)
        np.multiply(1.0 - z, 1.0 - n * n, out=da[2])
        np.multiply(trace.h[:-1] - n, z - z * z, out=da[1])
        np.multiply(trace.m, r - r * r, out=da[0])
        if self.reset_after:
            da[0] *= da[2]
        if trace.ended is None:
            return da, z
        np.copyto(da, 0.0, where=trace.ended)
        return da, np.where(trace.ended, 1.0, z).astype(self.dtype, copy=False)

    def _collect(self, trace, delta, da, dm):
        """Sum over time and batch: each parameter is shared by all steps, so its gradient is a sum."""
        T, B, D = trace.x.shape
        before = trace.h[:-1] if trace.ended is None else np.where(trace.ended, 0.0, trace.h[:-1])
        x, h, da = trace.x.reshape(T * B, D), before.reshape(T * B, -1), da.reshape(3, T * B, -1)
        dW_hh = np.empty((3, *delta.shape[2:], delta.shape[2]), self.dtype)
        np.matmul(h.T, da[:2], out=dW_hh[:2])
        if self.reset_after:
            np.matmul(h.T, dm.reshape(T * B, -1), out=dW_hh[2])
        else:
            np.matmul((trace.planes[0].reshape(T * B, -1) * h).T, da[2], out=dW_hh[2])
        params = {"W_xh": columns(x.T @ da), "W_hh": columns(dW_hh), "b_h": da.sum(axis=1).ravel()}
        params |= {"b_hn": dm.sum(axis=(0, 1))} if self.reset_after else {}
        params |= self._start_params(trace, h0=delta[0])
        dx = np.matmul(da, planes(trace.params["W_xh"], 3).swapaxes(1, 2)).sum(axis=0).reshape(T, B, D)
        return Grads(params, dx, delta[0].copy(), delta)
