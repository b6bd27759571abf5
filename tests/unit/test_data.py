"""The small real sequences and the running example."""

import subprocess
import sys

import numpy as np
import pytest

from rnnlib import data


def test_the_zen_is_the_text_that_python_prints_and_reading_it_prints_nothing():
    code = "import rnnlib; text = rnnlib.data.zen(); import sys; sys.stderr.write(text)"
    quiet = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loud = subprocess.run([sys.executable, "-c", "import this"], capture_output=True, text=True, check=True)
    assert quiet.stdout == ""
    assert quiet.stderr == loud.stdout.rstrip("\n")
    assert data.zen().splitlines()[2] == "Beautiful is better than ugly."


def test_encoding_and_its_vocabulary_give_the_text_back():
    text = data.zen()
    ints, vocabulary = data.encode(text)
    assert "".join(vocabulary[i] for i in ints) == text
    assert vocabulary == sorted(set(text))
    assert ints.dtype.kind == "i"
    assert ints.shape == (len(text),)


@pytest.mark.parametrize("shape", [(), (3,), (4, 2)])
def test_one_hot_has_a_single_1_where_the_number_says(shape):
    ints = np.random.default_rng(0).integers(0, 5, shape)
    rows = data.one_hot(ints, 5)
    assert rows.shape == (*shape, 5)
    np.testing.assert_array_equal(rows.argmax(axis=-1), ints)
    np.testing.assert_array_equal(rows.sum(axis=-1), np.ones(shape))


def test_googles_prices_are_dated_in_order_and_in_dollars():
    dates, prices = data.google_prices()
    assert dates.dtype == np.dtype("datetime64[D]")
    assert (np.diff(dates) > np.timedelta64(0, "D")).all()
    assert dates.shape == prices.shape == (1047,)
    assert prices.dtype == np.float64
    assert prices[0] == pytest.approx(100.34)  # its first day, 19 August 2004, closed at 100.34 dollars
    assert prices.min() > 90


def test_googles_prices_say_what_is_missing_without_matplotlib(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.cbook", None)
    with pytest.raises(ImportError, match="expected matplotlib to be installed"):
        data.google_prices()


def test_the_running_example_has_the_books_numbers():
    cell, readout, x = data.two_unit_example()
    np.testing.assert_array_equal(cell.params["W_xh"], [[1.0, -0.5]])
    np.testing.assert_array_equal(cell.params["W_hh"], [[0.8, 0.3], [-0.4, 0.6]])
    np.testing.assert_array_equal(cell.params["b_h"], [0.0, 0.1])
    np.testing.assert_array_equal(readout.params["W_hy"], [[1.0], [-1.0]])
    np.testing.assert_array_equal(readout.params["b_y"], [0.0])
    np.testing.assert_array_equal(x[:, 0, 0], [1.0, 0.5, -1.0, 0.0, 2.0])
    trace = cell.forward(x)
    h_1 = np.tanh([1.0, -0.5 + 0.1])
    h_2 = np.tanh([0.5 + 0.8 * h_1[0] - 0.4 * h_1[1], -0.25 + 0.3 * h_1[0] + 0.6 * h_1[1] + 0.1])
    np.testing.assert_allclose(trace.h[2, 0], h_2, atol=1e-15)
    np.testing.assert_allclose(readout.forward(trace.y).y[1, 0, 0], h_2[0] - h_2[1], atol=1e-15)
