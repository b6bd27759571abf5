"""The recurrent cell of Elman (1990): h_t = φ(x_t W_xh + h_{t−1} W_hh + b_h)."""

from dataclasses import dataclass

import numpy as np

from .. import _validate, inits
from .activations import PHI, PHI_PRIME
from .base import Cell, CellTrace


@dataclass(repr=False, eq=False, kw_only=True)
class Trace(CellTrace):
    """What RNN.forward saw and made; backward walks it.

    `x` (T, B, D), `a` (T, B, H), 0 beyond a sequence's end, and `h` (T+1, B, H) with h[0] = h_0; `lengths` (B,) or
    None; `overflow`, the first t whose a_t is not finite, or None; `params`, the parameters used; `owner`, the cell.
    """

    a: np.ndarray = None


class RNN(Cell):
    """The simple recurrent network, h_t = φ(a_t) with a_t = x_t W_xh + h_{t−1} W_hh + b_h (Elman 1990).

    `activation` is "tanh", "relu", "sigmoid" or "identity"; `init` and `gain` as in rnnlib.inits; `rng` a
    Generator, an int seed or None; `dtype` np.float64 or np.float32. `learn_h0=True` adds params["h0"] (H,), the
    state that every sequence starts from. `params`: W_xh (D, H), W_hh (H, H), b_h (H,), changed in place by
    optimisers. Sizes below 1 and unknown names raise ValueError; values of the wrong kind TypeError.

    >>> cell = RNN(2, 3, rng=0)
    >>> {name: array.shape for name, array in cell.params.items()}
    {'W_xh': (2, 3), 'W_hh': (3, 3), 'b_h': (3,)}
    """

    def __init__(self, input_size, hidden_size, *, rng=None, dtype=np.float64, activation="tanh",
                 init="uniform", gain=1.0, learn_h0=False):  # fmt: skip
        super().__init__(input_size, hidden_size, dtype, learn_h0)
        self.activation = _validate.choice(activation, "activation", PHI)
        rng, gain = _validate.generator(rng), _validate.number(gain, "gain")
        D, H = self.input_size, self.hidden_size
        self._set_params(
            W_xh=inits.inputs(init, D, H, rng), W_hh=inits.recurrent(init, H, rng, gain), b_h=np.zeros(H)
        )
        if self.learn_h0:
            self._set_params(h0=np.zeros(H))

    def __repr__(self):
        return f"RNN({self.input_size}, {self.hidden_size}, activation={self.activation!r})"

    def forward(self, x, h0=None, *, lengths=None):
        """Read x and return the Trace of all states.

        x (T, B, D); h0 (B, H), zeros or the learned params["h0"] if not given; lengths (B,) whole numbers from 0
        to T: beyond its own end a sequence's state is copied on, and its x is never read. ValueError for shapes
        and values that do not fit, TypeError for what is not real numbers. A state that overflows is kept, and
        trace.overflow names its t.

        >>> trace = RNN(2, 3, rng=0).forward([[[1, 0]], [[0, 1]]])
        >>> trace.h.shape, trace.overflow is None
        ((3, 1, 3), True)
        """
        return self._forward(Trace, x, lengths, h0=h0)

    def _run(self, trace):
        """Fill in h_1 … h_T and all a_t."""
        params, x, h, ended = trace.params, trace.x, trace.h, trace.ended
        W_xh, W_hh, b_h, phi = params["W_xh"], params["W_hh"], params["b_h"], PHI[self.activation]
        a = (x.reshape(-1, self.input_size) @ W_xh).reshape(h[1:].shape)  # x_t W_xh for all t in one product
        a += b_h
        for t in range(1, len(h)):
            a_t, h_t = a[t - 1], h[t]
            a_t += h[t - 1] @ W_hh  # a_t = x_t W_xh + h_{t−1} W_hh + b_h
            phi(a_t, out=h_t)  # h_t = φ(a_t)
            if ended is not None:
                np.copyto(h_t, h[t - 1], where=ended[t - 1])  # beyond its end a sequence keeps its state
        trace.a = trace.live(a)

    def backward(self, trace, dh=None, *, dh_last=None, window=None):
        """Walk the trace back in time and return the Grads (backpropagation through time, Werbos 1990).

        dh (T, B, H), dh[k] the immediate ∂L/∂h[k+1]; dh_last (B, H), ∂L/∂ of trace.h_last; at least one of them.
        window=k cuts at inputs k, 2k, …: the state crosses, the gradient does not, as if each k steps were a call
        of their own. grads.h[t] is the total δ_t = ∂L/∂h_t. ValueError if the trace is another cell's or the
        parameters have changed since.

        >>> cell = RNN(2, 3, rng=0)
        >>> grads = cell.backward(cell.forward([[[1, 0]], [[0, 1]]]), dh_last=[[1, 0, 0]])
        >>> bool((grads.h[0] == grads.h0).all())
        True
        """
        return self._backward(trace, dh, window, dh_last=dh_last)

    def _walk_back(self, trace, cut, delta):
        """Turn the immediate gradients in delta into the total δ_t, and return all ∂L/∂a_t."""
        W_hh, ended = trace.params["W_hh"], trace.ended
        da = PHI_PRIME[self.activation](trace.a, trace.h[1:])  # φ′(a_t) for all t; times δ_t below
        if ended is not None:
            np.copyto(da, 0.0, where=ended)  # a copied state does not depend on a_t
        for t in range(len(da), 0, -1):
            da_t, before = da[t - 1], delta[t - 1]
            da_t *= delta[t]  # ∂L/∂a_t = δ_t ⊙ φ′(a_t)
            if t - 1 in cut:
                continue
            before += da_t @ W_hh.T  # δ_{t−1} = (δ_t ⊙ φ′(a_t)) W_hhᵀ + what L_{t−1} adds
            if ended is not None:
                np.add(before, delta[t], out=before, where=ended[t - 1])  # a copy passes δ on as it is
        return da

    def _collect(self, trace, da):
        """Sum over time and batch: each parameter is shared by all steps, so its gradient is a sum."""
        (x, h), da = trace.flat_inputs(), da.reshape(-1, self.hidden_size)
        dx = (da @ trace.params["W_xh"].T).reshape(trace.x.shape)
        return {"W_xh": x.T @ da, "W_hh": h.T @ da, "b_h": da.sum(axis=0)}, dx
