"""Linear algebra of 2×2 matrices in closed forms that do not cancel, and their long products without overflow.

The same lines as `js/linear.js`, so that page and kernel agree to the last digits where LAPACK's general routines
would lose some: the eigenvalues of a nilpotent matrix, the smaller singular value of a nearly singular one.
Source of the exact product: T. J. Dekker, "A floating-point technique for extending the available precision",
Numerische Mathematik 18, 1971.
"""

import math

import numpy as np

from rnnlib.explorers.text import digits, superscript

SPLIT = 2.0**27 + 1  # cuts a float64 into two halves whose products are exact
LOG2 = math.log10(2)
MAX_SLOPE = {"tanh": 1.0, "relu": 1.0, "sigmoid": 0.25, "identity": 1.0}


# ---- One matrix ----


def exact_product(x, y):
    """Return (p, e) with x y = p + e exactly."""
    p = x * y
    (x1, x2), (y1, y2) = halves(x), halves(y)
    return p, x2 * y2 - (p - x1 * y1 - x2 * y1 - x1 * y2)


def halves(x):
    scaled = SPLIT * x
    top = scaled - (scaled - x)
    return top, x - top


def sum_of_products(a, d, sign, b, c):
    """Return a d + sign b c, right to the last digits even where the two terms nearly cancel."""
    (p, e), (q, f) = exact_product(a, d), exact_product(sign * b, c)
    return p + q + (e + f)


def entries(matrix):
    return [float(value) for value in np.ravel(matrix)]


def determinant(matrix):
    """Return det of a (2, 2) matrix."""
    a, b, c, d = entries(matrix)
    return sum_of_products(a, d, -1, b, c)


def eigenvalues(matrix):
    """Return the two eigenvalues of a (2, 2) matrix as complex numbers, the larger first."""
    a, b, c, d = entries(matrix)
    mean, half = (a + d) / 2, (a - d) / 2
    discriminant = sum_of_products(half, half, 1, b, c)
    if discriminant < 0:
        return [complex(mean, math.sqrt(-discriminant)), complex(mean, -math.sqrt(-discriminant))]
    root = math.sqrt(discriminant)
    larger = mean - root if mean < 0 else mean + root
    return [complex(larger), complex(0 if larger == 0 else determinant(matrix) / larger)]


def spectral_radius(matrix):
    """Return the larger |eigenvalue| of a (2, 2) matrix."""
    return max(map(abs, eigenvalues(matrix)))


def singular_values(matrix):
    """Return (s_max, s_min) of a (2, 2) matrix."""
    a, b, c, d = entries(matrix)
    larger = (math.hypot(a + d, b - c) + math.hypot(a - d, b + c)) / 2
    return larger, 0.0 if larger == 0 else abs(determinant(matrix)) / larger


def product(A, B):
    """Return A B of (2, 2) matrices, each product rounded before the sum: BLAS may fuse them, and then W² is not 0."""
    (a, b), (c, d) = A
    (e, f), (g, h) = B
    return np.array([[a * e + b * g, a * f + b * h], [c * e + d * g, c * f + d * h]])


# ---- φ′ and the product of many Jacobians ----


def slopes(activation, a):
    """Return φ′(a) from a itself: 1 − h² would be 0 as soon as h rounds to 1."""
    a = np.asarray(a, float)
    if activation == "identity":
        return np.ones_like(a)
    if activation == "relu":
        return (a > 0).astype(float)
    e = np.exp(-2 * np.abs(a) if activation == "tanh" else -np.abs(a))
    return (4 if activation == "tanh" else 1) * e / ((1 + e) * (1 + e))


def jacobian_products(W, slopes):
    """Return (products, largest, smallest) of J_1 ⋯ J_t for t = 0 … T, with J_t = W diag(φ′(a_t)) and slopes (T, 2).

    `largest` and `smallest` are the decimal logarithms (T+1,) of the singular values, −∞ for 0; a product is (matrix,
    power), the matrix times 2 to that power, so that nothing leaves the range of a float.
    """
    products, largest, smallest = [(np.eye(2), 0)], [0.0], [0.0]
    total, size = 0.0, log10(abs(determinant(W)))
    for row in slopes:
        matrix, power = products[-1]
        products.append(rescaled(product(matrix, W * row), power))
        total += size + log10(row[0]) + log10(row[1])
        largest.append(log_of_norm(*products[-1]))
        smallest.append(-math.inf if largest[-1] == -math.inf else min(largest[-1], total - largest[-1]))
    return products, np.array(largest), np.array(smallest)


def log10(x):
    return math.log10(x) if x > 0 else -math.inf


def rescaled(matrix, power):
    size = float(np.abs(matrix).max())
    if size == 0:
        return matrix, 0
    step = math.floor(math.log2(size))
    return matrix / 2.0**step, power + step


def log_of_norm(matrix, power):
    return log10(singular_values(matrix)[0]) + power * LOG2


# ---- In words ----


def power_of_ten(logarithm, n=3):
    """Return 10 to this power with n digits, whatever the power is.

    >>> power_of_ten(-400.5)
    '3.16 × 10⁻⁴⁰¹'
    """
    if logarithm == -math.inf:
        return "0"
    if -300 < logarithm < 300:
        return digits(10.0**logarithm, n, 0)
    k = math.floor(logarithm)
    mantissa = digits(10.0 ** (logarithm - k), n)
    return f"1 × 10{superscript(k + 1)}" if mantissa == "10" else f"{mantissa} × 10{superscript(k)}"


def matrix_text(matrix, n=3):
    a, b, c, d = (digits(value, n) for value in entries(matrix))
    return f"[[{a}, {b}], [{c}, {d}]]"


def eigenvalues_text(values):
    """Return two eigenvalues as text: "0.9, twice", "1.5 and 0.5", "0.6 ± 0.8i"."""
    one, other = values
    if one.imag != 0:
        return f"{digits(one.real)} ± {digits(abs(one.imag))}i"
    first, second = digits(one.real), digits(other.real)
    return f"{first}, twice" if first == second else f"{first} and {second}"
