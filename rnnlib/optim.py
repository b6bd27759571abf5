"""Optimisers: they change parameters in place, all of them or, when something is wrong, none."""

import numpy as np

from . import _validate
from ._validate import need, need_kind
from .cells.base import named_gradients


class Optimiser:
    """What the optimisers share: everything is checked and computed before anything is written.

    >>> issubclass(Adam, Optimiser)
    True
    """

    def __init__(self, lr):
        self.lr = _validate.number(lr, "lr", low_open=True)
        self.updates = 0
        self._state = None

    def step(self, params, grads):
        """Change params in place by one update, given grads: a Grads, or a dict with the same names and shapes.

        ValueError if names or shapes differ, or change between updates; FloatingPointError, naming parameter and
        update, if a gradient or a result is not finite. Whenever it raises, nothing has been changed.

        >>> params = {"b": np.array([1.0])}
        >>> SGD(lr=0.5).step(params, {"b": np.array([1.0])})
        >>> params["b"]
        array([0.5])
        """
        params = _read_params(params)
        grads = self._read_grads(params, grads)
        state = self._read_state(params)
        with np.errstate(all="ignore"):
            new = {name: self._update(params[name], g, *state[name]) for name, g in grads.items()}
        for name, arrays in new.items():
            for array in arrays:
                self._finite(array, f'the update of params["{name}"]')
        self._write(params, new)

    def _read_grads(self, params, grads):
        grads = named_gradients(grads)
        need(set(grads) == set(params),
             f"grads has the names {sorted(grads)}; expected those of params, {sorted(params)}")  # fmt: skip
        return {name: self._read_grad(grads[name], param, name) for name, param in params.items()}

    def _read_grad(self, g, param, name):
        label = f'grads["{name}"]'
        g = _validate.floats(g, label, param.dtype)
        self._finite(_validate.shape(g, label, param.shape, f'the shape of params["{name}"]'), label)
        return g

    def _read_state(self, params):
        """Return what earlier updates left behind for each parameter (zeros at first)."""
        if self._state is None:
            return {name: [np.zeros_like(p) for _ in range(self.slots)] for name, p in params.items()}
        shapes = {name: p.shape for name, p in params.items()}
        need(shapes == self._shapes,
             f"params has names and shapes {shapes}; expected {self._shapes}, as in the first update")  # fmt: skip
        return self._state

    def _finite(self, array, label):
        if not np.isfinite(array).all():
            where = f"{label} is not finite at update {self.updates + 1}"
            raise FloatingPointError(f"{where}; expected finite numbers: nothing was changed")

    def _write(self, params, new):
        for name, param in params.items():
            param[...] = new[name][0]
        self._state = {name: arrays[1:] for name, arrays in new.items()}
        self._shapes = {name: p.shape for name, p in params.items()}
        self.updates += 1

    def state(self, params):
        """Return what the updates so far left behind, as a dict of new arrays: "updates" and "0/W_hh", "1/W_hh" ….

        >>> sorted(Adam().state({"b": np.array([1.0])}))
        ['0/b', '1/b', 'updates']
        """
        kept = self._read_state(_read_params(params)).items()
        slots = {f"{i}/{name}": array.copy() for name, arrays in kept for i, array in enumerate(arrays)}
        return {"updates": np.array(self.updates, np.int64), **slots}

    def load_state(self, params, state):
        """Go on from a state of an optimiser of this kind; ValueError or TypeError, by name, if it does not fit.

        >>> params = {"b": np.array([1.0])}
        >>> Adam().load_state(params, Adam().state(params))
        """
        state = _validate.like(state, self.state(params), "state")
        slots = range(self.slots)
        read = lambda name, p: [np.array(state[f"{i}/{name}"], p.dtype) for i in slots]
        self._state = {name: read(name, p) for name, p in params.items()}
        self._shapes = {name: p.shape for name, p in params.items()}
        self.updates = int(state["updates"])


def _read_params(params):
    hint = ": pass its params" if hasattr(params, "params") else ""
    return _validate.writable(_validate.named_floats(params, "params", f"a dict of arrays{hint}"), "params")


class SGD(Optimiser):
    """Gradient descent, θ ← θ − lr v with v ← momentum · v + g (Polyak 1964, in PyTorch's form).

    lr above 0; momentum from 0 to below 1. ValueError or TypeError for others.

    >>> params = {"b": np.array([1.0])}
    >>> SGD(lr=0.1).step(params, {"b": np.array([2.0])})
    >>> params["b"]
    array([0.8])
    """

    def __init__(self, lr=1e-3, momentum=0.0):
        super().__init__(lr)
        self.momentum = _validate.number(momentum, "momentum", high=1.0)
        self.slots = 1 if self.momentum else 0

    def _update(self, p, g, *velocity):
        v = self.momentum * velocity[0] + g if velocity else g
        return p - self.lr * v, *([v] if velocity else [])


class Adagrad(Optimiser):
    """Steps that shrink with each entry's own past, θ ← θ − lr g / (√s + eps), s ← s + g² (Duchi et al. 2011).

    lr and eps above 0, PyTorch's defaults. ValueError or TypeError for others.

    >>> params = {"b": np.array([1.0])}
    >>> Adagrad(lr=0.1).step(params, {"b": np.array([2.0])})
    >>> params["b"]
    array([0.9])
    """

    slots = 1

    def __init__(self, lr=1e-2, eps=1e-10):
        super().__init__(lr)
        self.eps = _validate.number(eps, "eps", low_open=True)

    def _update(self, p, g, s):
        s = s + g * g
        return p - self.lr * g / (np.sqrt(s) + self.eps), s


class Adam(Optimiser):
    """Steps by the ratio of the gradient's running mean to its running size (Kingma & Ba 2015, algorithm 1).

    m ← β₁ m + (1 − β₁) g, s ← β₂ s + (1 − β₂) g², θ ← θ − lr m̂ / (√ŝ + eps), m̂ and ŝ corrected for their start
    at 0. lr and eps above 0, betas from 0 to below 1; PyTorch's defaults. ValueError or TypeError for others.

    >>> params = {"b": np.array([1.0])}
    >>> Adam(lr=0.1).step(params, {"b": np.array([2.0])})
    >>> params["b"].round(4)
    array([0.9])
    """

    slots = 2

    def __init__(self, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
        super().__init__(lr)
        good = isinstance(betas, (tuple, list)) and len(betas) == 2
        need_kind(good, "betas", betas, "two numbers, (β₁, β₂)")
        self.betas = tuple(_validate.number(beta, f"betas[{i}]", high=1.0) for i, beta in enumerate(betas))
        self.eps = _validate.number(eps, "eps", low_open=True)

    def _update(self, p, g, m, s):
        (beta1, beta2), n = self.betas, self.updates + 1
        m = beta1 * m + (1 - beta1) * g
        s = beta2 * s + (1 - beta2) * g * g
        m_hat, s_hat = m / (1 - beta1**n), s / (1 - beta2**n)
        return p - self.lr * m_hat / (np.sqrt(s_hat) + self.eps), m, s
