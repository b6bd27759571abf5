"""Small real sequences that ship with Python or matplotlib, and the book's running example."""

import codecs
import contextlib
import io

import numpy as np

from . import _validate
from .cells.rnn import RNN
from .layers.readout import Readout


def zen():
    """Return the Zen of Python (Tim Peters, PEP 20) as text.

    >>> zen().splitlines()[0]
    'The Zen of Python, by Tim Peters'
    """
    with contextlib.redirect_stdout(io.StringIO()):  # importing `this` prints
        import this
    return codecs.decode(this.s, "rot13")


def encode(text):
    """Number the characters of a text: return (ints, vocabulary).

    ints (T,) are places in the vocabulary, the sorted list of the text's characters. TypeError for what is not
    text, ValueError for an empty one.

    >>> encode("hello")
    (array([1, 0, 2, 2, 3]), ['e', 'h', 'l', 'o'])
    """
    if not isinstance(text, str):
        raise TypeError(f"text is {_validate.describe(text)}; expected a str")
    if not text:
        raise ValueError("text is empty; expected at least one character")
    vocabulary = sorted(set(text))
    place = {character: i for i, character in enumerate(vocabulary)}
    return np.array([place[character] for character in text]), vocabulary


def one_hot(ints, V):
    """Turn whole numbers of any shape into rows of V zeros with a single 1: shape (*ints.shape, V).

    ValueError for numbers outside 0 to V − 1, TypeError for what is not whole.

    >>> one_hot([2, 0], 3)
    array([[0., 0., 1.],
           [1., 0., 0.]])
    """
    V = _validate.count(V, "V")
    ints = _validate.integers(ints, "ints", f"whole numbers from 0 to {V - 1}")
    for i in ints[(ints < 0) | (ints >= V)].flat:
        raise ValueError(f"ints holds {i}; expected whole numbers from 0 to V − 1 = {V - 1}")
    return np.eye(V)[ints]


def google_prices():
    """Return Google's share price from August 2004 to October 2008: (dates, prices), one entry a trading day.

    dates (N,) datetime64[D]; prices (N,) in US dollars, adjusted for splits and dividends. The numbers are
    matplotlib's sample data; ImportError where matplotlib is not installed.

    >>> dates, prices = google_prices()
    >>> str(dates[0]), len(prices) == len(dates)
    ('2004-08-19', True)
    """
    try:
        from matplotlib.cbook import get_sample_data
    except ImportError as error:
        raise ImportError("google_prices reads matplotlib's sample data; expected matplotlib to be installed: "
                          "pip install matplotlib") from error  # fmt: skip
    with get_sample_data("goog.npz") as sample:
        table = sample["price_data"]
    return table["date"].astype("datetime64[D]"), table["adj_close"].astype(np.float64)


def two_unit_example():
    """Return the book's running example: (cell, readout, x), with D = 1, H = 2, O = 1, T = 5, B = 1 and h_0 = 0.

    >>> cell, readout, x = two_unit_example()
    >>> cell.forward(x).h[1].round(4)
    array([[ 0.7616, -0.3799]])
    """
    cell, readout = RNN(1, 2, rng=0), Readout(2, 1, rng=0)
    cell.params["W_xh"][...] = [[1.0, -0.5]]
    cell.params["W_hh"][...] = [[0.8, 0.3], [-0.4, 0.6]]
    cell.params["b_h"][...] = [0.0, 0.1]
    readout.params["W_hy"][...] = [[1.0], [-1.0]]
    readout.params["b_y"][...] = [0.0]
    x = np.array([1.0, 0.5, -1.0, 0.0, 2.0]).reshape(5, 1, 1)
    return cell, readout, x
