"""The gated recurrent unit of Cho et al. (2014), with its reset gate before or after the product."""

from dataclasses import dataclass

import numpy as np

from .. import _validate
from .activations import sigmoid, tanh_prime
from .gates import GatedCell, GatedTrace, planes


@dataclass(repr=False, eq=False, kw_only=True)
class GRUTrace(GatedTrace):
    """What GRU.forward saw and made; backward walks it.

    `x` (T, B, D); `h` (T+1, B, H) with h[0] = h_0; `gates`, a dict of "r", "z", "n", each (T, B, H), 0 beyond a
    sequence's end; `m` (T, B, H), what the reset gate multiplies: h_{t−1} W_hn + b_hn if it comes after the product,
    else h_{t−1}; `a` (T, B, 3H); `lengths` (B,) or None; `overflow`, the first t whose a_t is not finite, or None;
    `params`, the parameters used; `owner`, the cell.
    """

    m: np.ndarray = None

    @property
    def a(self):
        """The pre-activations, (T, B, 3H) in the order r, z, n, 0 beyond a sequence's end; made when asked for."""
        H, W_hh, reset = self.h.shape[2], self.params["W_hh"], self.gates["r"] * self.m
        with np.errstate(all="ignore"):
            a = self.x @ self.params["W_xh"] + self.params["b_h"]
            a[..., : 2 * H] += self.h[:-1] @ W_hh[:, : 2 * H]
            a[..., 2 * H :] += reset if self.owner.reset_after else reset @ W_hh[:, 2 * H :]
        return self.live(a)


class GRU(GatedCell):
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

    BLOCKS = "rzn"  # the order of the parameters' columns
    PLANES = "nrz"  # the order below: r, z have σ in common; m goes behind them, as h_{t−1} W_hh reaches r, z and m

    def __init__(self, input_size, hidden_size, *, rng=None, dtype=np.float64, reset_after=True, init="uniform",
                 gain=1.0, learn_h0=False):  # fmt: skip
        super().__init__(input_size, hidden_size, dtype, learn_h0, rng, init, gain)
        self.reset_after = _validate.flag(reset_after, "reset_after")
        if self.reset_after:
            self._set_params(b_hn=np.zeros(self.hidden_size))

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
        return self._forward(GRUTrace, x, lengths, h0=h0)

    def _run(self, trace):
        """Fill in h_1 … h_T, the gates and what r multiplies."""
        h, ended, W_hh = trace.h, trace.ended, planes(trace.params["W_hh"], self.BLOCKS, self.BLOCKS)
        a, m = self._from_x(trace), np.empty_like(trace.y) if self.reset_after else h[:-1]
        k = 3 if self.reset_after else 2  # how many of r, z, n read h_{t−1} itself
        from_h = np.empty((k, *h[0].shape), self.dtype)
        for t in range(1, len(h)):
            (n, r, z), rz, before, h_t = a[:, t - 1], a[1:, t - 1], h[t - 1], h[t]
            np.matmul(before, W_hh[:k], out=from_h)
            rz += from_h[:2]
            sigmoid(rz, out=rz)  # the gates take the place of their pre-activations
            if self.reset_after:
                n += r * np.add(from_h[2], trace.params["b_hn"], out=m[t - 1])  # r ⊙ (h_{t−1} W_hn + b_hn)
            else:
                n += (r * before) @ W_hh[2]  # (r ⊙ h_{t−1}) W_hn
            np.tanh(n, out=n)
            np.multiply(z, before, out=h_t)
            h_t += (1.0 - z) * n  # h_t = (1 − z_t) ⊙ n_t + z_t ⊙ h_{t−1}
            if ended is not None:
                np.copyto(h_t, before, where=ended[t - 1])  # beyond its end a sequence keeps its state
        trace.planes, trace.m = trace.live(a), trace.live(m)

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
        return self._backward(trace, dh, window, dh_last=dh_last)

    def _walk_back(self, trace, cut, delta):
        """Turn the immediate gradients in delta into the totals; return ∂L/∂ of a_n, a_r, a_z (3, T, B, H).

        With the reset after the product ∂L/∂m_t follows as a fourth.
        """
        W_hh, r = planes(trace.params["W_hh"], self.BLOCKS, self.BLOCKS), trace.gates["r"]
        direct = W_hh if self.reset_after else W_hh[:2]  # those that read h_{t−1} itself
        W_hh_T = np.vstack([W.T for W in direct])
        da, carry = self._local_derivatives(trace)
        for t in range(len(trace.x), 0, -1):
            da_t, delta_t, before = da[:, t - 1], delta[t], delta[t - 1]
            if self.reset_after:
                da_t *= delta_t
            else:
                da_t[::2] *= delta_t  # n and z; r acts on the loss through W_hn
                reset = da_t[0] @ W_hh[2].T  # ∂L/∂(r ⊙ h_{t−1})
                da_t[1] *= reset
            if t - 1 in cut:
                continue
            before += np.concatenate(da_t[1:], axis=1) @ W_hh_T  # through r, z and m
            before += delta_t * carry[t - 1]  # the direct path: ∂h_t/∂h_{t−1} = z_t
            if not self.reset_after:
                before += reset * r[t - 1]
        return da

    def _local_derivatives(self, trace):
        """Return for all t ∂h_t/∂ of a_n, a_r, a_z and m_t; and the direct ∂h_t/∂h_{t−1}, 1 for a copied state.

        With the reset before the product a_r's is ∂(r ⊙ h_{t−1})/∂a_r only, and m_t has none.
        """
        (n, r, z), rz = trace.planes, trace.planes[1:]
        da = np.empty((4 if self.reset_after else 3, *n.shape), self.dtype)
        np.subtract(1.0, rz, out=da[1:3])
        da[1:3] *= rz  # σ′ = σ (1 − σ)
        da[0] = tanh_prime(None, n)
        factors = (1.0 - z, trace.m, trace.h[:-1] - n)  # of h_t = (1 − z) ⊙ n + z ⊙ h_{t−1} and of r ⊙ m
        for plane, factor in zip(da, factors):
            plane *= factor
        if self.reset_after:  # n = tanh(… + r ⊙ m)
            da[1] *= da[0]
            np.multiply(da[0], r, out=da[3])
        carry = z if trace.ended is None else z + trace.ended  # z is 0 where a sequence is over
        return trace.live(da), carry

    def _collect(self, trace, da):
        """Sum over time and batch: each parameter is shared by all steps, so its gradient is a sum."""
        (x, h), da = trace.flat_inputs(), da.reshape(len(da), -1, self.hidden_size)
        params, dx = self._collect_x(trace, x, da[:3])
        blocks = [*(h.T @ da[1:])]
        if self.reset_after:
            params["b_hn"] = da[3].sum(axis=0)
        else:
            blocks.append((trace.gates["r"].reshape(h.shape) * h).T @ da[0])
        return params | {"W_hh": np.hstack(blocks)}, dx
