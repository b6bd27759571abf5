"""How weights begin: each start by its formula and its source."""

import numpy as np

from . import _validate

NAMES = ("uniform", "orthogonal", "identity", "normal")


def recurrent(init, H, rng, gain=1.0):
    """Draw W_hh, shape (H, H).

    - "uniform": U(−gain/√H, gain/√H), PyTorch's start for nn.RNN at gain 1.
    - "orthogonal": gain · Q, Q uniform over the orthogonal matrices (Saxe, McClelland & Ganguli 2014), so
      every singular value is gain.
    - "identity": gain · I (Le, Jaitly & Hinton 2015, with relu).
    - "normal": N(0, gain²/H), whose spectral radius tends to gain as H grows (Ginibre's circular law).

    Raises ValueError for any other name.

    >>> recurrent("identity", 2, np.random.default_rng(0), gain=0.5)
    array([[0.5, 0. ],
           [0. , 0.5]])
    """
    _validate.choice(init, "init", NAMES)
    if init == "uniform":
        return gain * rng.uniform(-1, 1, (H, H)) / np.sqrt(H)
    if init == "orthogonal":
        return gain * orthogonal(H, rng)
    if init == "identity":
        return gain * np.eye(H)
    return gain * rng.standard_normal((H, H)) / np.sqrt(H)


def inputs(init, D, H, rng):
    """Draw W_xh, shape (D, H); `gain` does not touch it.

    - "uniform": U(−1/√H, 1/√H), as PyTorch.
    - "identity": N(0, 0.001²) (Le, Jaitly & Hinton 2015).
    - "orthogonal", "normal": U(−√(6/(D+H)), √(6/(D+H))) (Glorot & Bengio 2010, eq. 16).

    Raises ValueError for any other name.

    >>> inputs("uniform", 3, 4, np.random.default_rng(0)).shape
    (3, 4)
    """
    _validate.choice(init, "init", NAMES)
    if init == "identity":
        return 0.001 * rng.standard_normal((D, H))
    bound = 1 / np.sqrt(H) if init == "uniform" else np.sqrt(6 / (D + H))
    return rng.uniform(-bound, bound, (D, H))


def orthogonal(H, rng):
    """Draw an orthogonal (H, H) matrix, each equally likely (Mezzadri 2007: QR with the signs of R's diagonal).

    >>> Q = orthogonal(3, np.random.default_rng(0))
    >>> bool(np.allclose(Q @ Q.T, np.eye(3)))
    True
    """
    Q, R = np.linalg.qr(rng.standard_normal((H, H)))
    return Q * np.where(np.diag(R) < 0, -1.0, 1.0)
