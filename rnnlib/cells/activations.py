"""The activations φ and their derivatives φ′, written in terms of a and of h = φ(a)."""

import numpy as np


def sigmoid(a, out=None):
    """The logistic function σ(a) = 1 / (1 + exp(−a)) of an array; where exp(−a) overflows, 1 / ∞ is the right 0.

    >>> sigmoid(np.array([-500.0, 0.0])).round(3).tolist()
    [0.0, 0.5]
    """
    out = np.multiply(a, -1.0, out=out)  # np.negative errs in place on some strided arrays (NumPy 2.4.6)
    np.exp(out, out=out)
    out += 1.0
    return np.reciprocal(out, out=out)


def relu(a, out=None):
    """max(a, 0).

    >>> float(relu(-1.0))
    0.0
    """
    return np.maximum(a, 0.0, out=out)


def tanh_prime(a, h):
    """1 − tanh(a)².

    >>> tanh_prime(None, np.array([0.0, 1.0]))
    array([1., 0.])
    """
    square = h * h
    return np.subtract(1.0, square, out=square)


PHI = {"tanh": np.tanh, "relu": relu, "sigmoid": sigmoid, "identity": np.positive}

PHI_PRIME = {
    "tanh": tanh_prime,
    "relu": lambda a, h: (a > 0.0).astype(a.dtype),  # 0 at a = 0, as PyTorch has it
    "sigmoid": lambda a, h: h * (1.0 - h),
    "identity": lambda a, h: np.ones_like(a),
}
