"""Random numbers that Python and JavaScript draw alike, bit for bit.

The page and the kernel must show the same network for the same seed. So the generator uses only + − × ÷ and √ on
numbers that a float64 holds exactly or rounds in one way, always in one order; `js/engine.js` has the same lines in
JavaScript.

Source: P. L'Ecuyer, "Efficient and portable combined random number generators", Communications of the ACM 31(6), 1988.
"""

import math

import numpy as np

M1, A1 = 2147483563, 40014
M2, A2 = 2147483399, 40692  # every product stays below 2**47, so JavaScript's numbers hold it exactly
START1, START2 = 123456789, 362436069  # without them seeds 0 and 1 start at 1 and 2: one twice the other
WARM_UP = 20  # neighbouring seeds start from neighbouring states


class Generator:
    """L'Ecuyer's combined generator with period 2.3e18; `seed` is a whole number from 0 to 2**31 − 1.

    >>> Generator(0).uniform() == Generator(0).uniform()
    True
    """

    def __init__(self, seed):
        self.s1, self.s2 = 1 + (START1 + seed) % (M1 - 1), 1 + (START2 + seed) % (M2 - 1)
        for _ in range(WARM_UP):
            self.uniform()

    def uniform(self):
        """Return a float in (0, 1)."""
        self.s1 = A1 * self.s1 % M1
        self.s2 = A2 * self.s2 % M2
        z = self.s1 - self.s2
        return (z if z > 0 else z + M1 - 1) / M1

    def normal(self):
        """Return a sum of twelve uniforms minus 6: mean 0, variance exactly 1, nearly normal, never beyond ±6."""
        total = 0.0
        for _ in range(12):
            total += self.uniform()
        return total - 6.0

    def uniforms(self, count):
        """Return `count` uniforms as an array."""
        return np.array([self.uniform() for _ in range(count)])

    def normals(self, count):
        """Return `count` normals as an array."""
        return np.array([self.normal() for _ in range(count)])


def orthogonal(generator, H):
    """Return an orthogonal (H, H) matrix: Gram–Schmidt on rows of normals, each subtracted as soon as it is known.

    The sums run in JavaScript's order: one column at a time, for all later rows at once.
    """
    V = generator.normals(H * H).reshape(H, H)
    for _ in range(2):  # a second pass removes what rounding left of the first
        for k in range(H):
            V[k] /= math.sqrt(ordered_dot(V[k : k + 1], V[k])[0])
            V[k + 1 :] -= ordered_dot(V[k + 1 :], V[k])[:, None] * V[k]
    return V


def ordered_dot(rows, v):
    """Return each row's product with v (H,), summed from the first column to the last."""
    total = np.zeros(len(rows))
    for i in range(len(v)):
        total += rows[:, i] * v[i]
    return total


def recurrent_weights(generator, H, init, gain=1.0):
    """Return W_hh (H, H): "orthogonal", "identity", "uniform" in ±gain/√H, or "normal" with variance gain²/H."""
    if init == "identity":
        return gain * np.eye(H)
    if init == "orthogonal":
        return gain * orthogonal(generator, H)
    return filled(generator, H, H, init, gain / math.sqrt(H))


def filled(generator, rows, columns, init, scale):
    """Return a (rows, columns) matrix, row by row: uniform in ±scale, or normal with standard deviation scale."""
    if init == "uniform":
        values = (2.0 * generator.uniforms(rows * columns) - 1.0) * scale
    else:
        values = generator.normals(rows * columns) * scale
    return values.reshape(rows, columns)


def input_weights(generator, D, H, init):
    """Return W_xh (D, H) by the formulas of `rnnlib.inits`, which `gain` does not touch.

    "uniform" in ±1/√H; "identity": normal with standard deviation 0.001; "orthogonal" and "normal": uniform in
    ±√(6/(D+H)) (Glorot & Bengio 2010).
    """
    if init == "identity":
        return filled(generator, D, H, "normal", 0.001)
    bound = 1.0 / math.sqrt(H) if init == "uniform" else math.sqrt(6.0 / (D + H))
    return filled(generator, D, H, "uniform", bound)


def rnn_params(seed, D, H, init, gain=1.0):
    """Return {"W_xh", "W_hh", "b_h"} of a network drawn by `seed`: W_xh first, then W_hh; b_h is 0."""
    return drawn(Generator(seed), D, H, init, gain, 1)


def lstm_params(seed, D, H, init, gain=1.0, forget_bias=1.0):
    """Return an LSTM's {"W_xh", "W_hh", "b_h"}: column blocks i, f, g, o; b_h is `forget_bias` in f's, else 0.

    >>> lstm_params(0, 2, 1, "uniform", forget_bias=3.0)["b_h"].tolist()
    [0.0, 3.0, 0.0, 0.0]
    """
    params = drawn(Generator(seed), D, H, init, gain, 4)
    params["b_h"][H : 2 * H] = forget_bias
    return params


def gru_params(seed, D, H, init, gain=1.0, reset_after=True):
    """Return a GRU's {"W_xh", "W_hh", "b_h"}, column blocks r, z, n, and "b_hn" if reset comes after the product.

    >>> sorted(gru_params(0, 2, 1, "uniform"))
    ['W_hh', 'W_xh', 'b_h', 'b_hn']
    """
    params = drawn(Generator(seed), D, H, init, gain, 3)
    return params | {"b_hn": np.zeros(H)} if reset_after else params


def drawn(generator, D, H, init, gain, blocks):
    """Draw W_xh (D, blocks · H) block by block, then W_hh block by block, each as an RNN's; b_h is 0."""
    W_xh = np.hstack([input_weights(generator, D, H, init) for _ in range(blocks)])
    W_hh = np.hstack([recurrent_weights(generator, H, init, gain) for _ in range(blocks)])
    return {"W_xh": W_xh, "W_hh": W_hh, "b_h": np.zeros(blocks * H)}
