"""Numbers, symbols and code as text: the same in both languages."""

import math
import random

import pytest

from rnnlib.explorers import markup, text

NUMBERS = [
    0.0,
    -0.0,
    1e-13,
    1.0,
    -1.0,
    0.125,
    0.375,
    -0.0625,
    2.5,
    0.5,
    999.5,
    9995,
    12345.6,
    99999.5,
    999999.5,
    1e6,
    1.5e21,
]
NUMBERS += [1e-4, 9.9995e-5, 2.1e-8, -3.3e300, 0.1 + 0.2, 1 / 3, math.pi, math.inf, -math.inf, math.nan]


def spelled(value):
    return (
        "NaN"
        if math.isnan(value)
        else f"{'-' if value < 0 else ''}Infinity"
        if math.isinf(value)
        else repr(value)
    )


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_digits_are_the_same_in_both_languages(script, n):
    rng = random.Random(n)
    values = NUMBERS + [rng.uniform(-1, 1) * 10 ** rng.uniform(-12, 12) for _ in range(500)]
    values += [k / 2**5 for k in range(-200, 200)]  # exact ties
    for value in values:
        assert script.racer.eval(f"$format.digits({spelled(value)}, {n})") == text.digits(value, n), value


@pytest.mark.parametrize("value", [1e-13, -3.25e-45, 5e-324, 0.0])
def test_tiny_products_are_shown_where_asked(script, value):
    shown = script.racer.eval(f"$format.digits({value!r}, 3, 0)")
    assert shown == text.digits(value, 3, 0)
    assert (shown == "0") == (value == 0)


@pytest.mark.parametrize(
    ("value", "n", "expected"),
    [(-0.85866, 3, "−0.859"), (0.5, 3, "0.5"), (0.125, 2, "0.13"), (-0.125, 2, "−0.13"), (1234.5, 3, "1235"),
     (2.1e-8, 3, "2.1 × 10⁻⁸"), (12345678, 3, "1.23 × 10⁷"), (9.996, 3, "10"), (0, 3, "0"), (100, 3, "100")],
)  # fmt: skip
def test_digits_reads_as_one_would_write(value, n, expected):
    assert text.digits(value, n) == expected


@pytest.mark.parametrize("k", [0, 7, 10, 98])
def test_raised_and_lowered_numbers_are_the_same(script, k):
    assert script.call("format", "subscript", args=[k]) == text.subscript(k)
    assert script.call("format", "superscript", args=[-k]) == text.superscript(-k)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"w": 1.5, "h0": -0.1, "b": 1.0},
        {"input": "pulse", "T": 60},
        {"text": 'a "b" \\ ∂\n'},
        {"x": [1.0, 0.5], "on": True},
    ],
)
def test_the_line_of_python_is_the_same_and_means_the_settings(script, settings):
    line = text.python_code("Thing", settings)
    assert script.call("format", "pythonCode", args=["Thing", settings], arrays=False) == line
    assert eval(line.removeprefix("rnnlib.explorers."), {"Thing": dict}) == settings


@pytest.mark.parametrize(
    ("written", "runs"),
    [("h_t", [("h", True, 0), ("t", True, -1)]),
     ("h_{t−1}", [("h", True, 0), ("t", True, -1), ("−1", False, -1)]),
     ("W_{hh}", [("W", True, 0), ("hh", False, -1)]),
     ("tanh(x)", [("tanh", False, 0), ("(", False, 0), ("x", True, 0), (")", False, 0)]),
     ("10^8", [("10", False, 0), ("8", False, 1)]),
     ("h_0", [("h", True, 0), ("0", False, -1)])],
)  # fmt: skip
def test_maths_labels_lean_variables_and_lower_subscripts(script, written, runs):
    found = script.call("format", "mathsRuns", args=[written])
    assert [(run["text"], run["italic"], run["level"]) for run in found] == runs


@pytest.mark.parametrize(
    ("written", "runs"),
    [("plain", [("plain", "")]),
     ("*h*₀ in `h[0]`", [("h", "em"), ("₀ in ", ""), ("h[0]", "code")]),
     ("2 * 3 * 4", [("2 ", ""), ("*", ""), (" 3 ", ""), ("*", ""), (" 4", "")]),
     ("a*b", [("a", ""), ("*", ""), ("b", "")]),
     ("`*`, *two words*", [("*", "code"), (", ", ""), ("two words", "em")]),
     ("lone `", [("lone ", ""), ("`", "")]),
     ("", [])],
)  # fmt: skip
def test_emphasis_and_code_are_read_alike(script, written, runs):
    assert markup.inline_runs(written) == runs
    theirs = script.call("format", "inlineRuns", args=[written])
    assert [(run["text"], run["tag"]) for run in theirs] == runs


def test_inline_html_escapes():
    assert markup.inline_html("<b> & `<i>`") == "&lt;b&gt; &amp; <code>&lt;i&gt;</code>"
