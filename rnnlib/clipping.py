"""Clipping: bounds on gradients, applied in place before an optimiser's step."""

import numpy as np

from . import _validate
from .cells.base import named_gradients


def _finite_gradients(grads):
    """Return the dict of gradients in a Grads or a dict, checked: finite arrays of floats."""
    named = _validate.named_floats(named_gradients(grads), "grads")
    for name, array in named.items():
        _validate.finite(array, f'grads["{name}"]', FloatingPointError)
    return named


def _scale_and_norm(named):
    """Return (m, n) with norm = m · n and m the largest magnitude, so that no square overflows or vanishes."""
    m = max((float(np.abs(g).max(initial=0.0)) for g in named.values()), default=0.0)
    if m == 0.0:
        return 0.0, 0.0
    return m, float(np.sqrt(sum(np.square(g / m, dtype=np.float64).sum() for g in named.values())))


def grad_norm(grads):
    """Return the Euclidean norm of all gradients taken as one vector.

    grads is a Grads or a dict of arrays. FloatingPointError, by name, for gradients that are not finite.

    >>> grad_norm({"W": np.array([3.0]), "b": np.array([4.0])})
    5.0
    """
    m, n = _scale_and_norm(_finite_gradients(grads))
    return m * n


def clip_grad_norm(grads, max_norm):
    """Scale all gradients by one factor so that their norm is at most max_norm; return the norm before.

    Works in place on a Grads or a dict of arrays and keeps the direction (Pascanu, Mikolov & Bengio 2013,
    algorithm 1). max_norm is above 0. FloatingPointError, before anything is changed, for gradients that are not
    finite.

    >>> grads = {"W": np.array([3.0]), "b": np.array([4.0])}
    >>> clip_grad_norm(grads, 1.0), grads["W"].round(4)
    (5.0, array([0.6]))
    """
    max_norm = _validate.number(max_norm, "max_norm", low_open=True)
    named = _validate.writable(_finite_gradients(grads), "grads")
    m, n = _scale_and_norm(named)
    if m * n > max_norm:
        scaled = [g / m * (max_norm / n) for g in named.values()]  # all first: two names may share an array
        for g, new in zip(named.values(), scaled):
            g[...] = new
    return m * n


def clip_grad_value(grads, max_value):
    """Move every gradient entry into [−max_value, max_value], in place; the direction may change.

    grads is a Grads or a dict of arrays, max_value above 0. FloatingPointError, before anything is changed, for
    gradients that are not finite.

    >>> grads = {"W": np.array([3.0, -0.5])}
    >>> clip_grad_value(grads, 1.0)
    >>> grads["W"]
    array([ 1. , -0.5])
    """
    max_value = _validate.number(max_value, "max_value", low_open=True)
    for g in _validate.writable(_finite_gradients(grads), "grads").values():
        np.clip(g, -max_value, max_value, out=g)
