"""Numbers and symbols as text, in the same words as `js/format.js`."""

import json
import math
from decimal import ROUND_HALF_UP, Context, Decimal

SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def digits(x, n=3, floor=1e-12):
    """Return x with n significant digits, trailing zeros dropped, a true minus, × 10ᵏ where it is tiny or huge.

    Ties round away from zero, as in JavaScript. Below `floor` a number counts as 0: what rounding leaves of a state;
    products of many factors take floor 0.

    >>> digits(-0.85866), digits(12345.6), digits(2.1e-8)
    ('−0.859', '12346', '2.1 × 10⁻⁸')
    """
    x = float(x)
    if not math.isfinite(x):
        return "not a number" if math.isnan(x) else "∞" if x > 0 else "−∞"
    if abs(x) < floor or x == 0:
        return "0"
    rounded = Context(prec=n, rounding=ROUND_HALF_UP).plus(Decimal(abs(x)))
    e = rounded.adjusted()
    if -4 <= e < 6:
        text = trimmed(fixed(abs(x), max(0, n - 1 - e)))
    else:
        text = f"{trimmed(fixed(rounded.scaleb(-e), n - 1))} × 10{superscript(e)}"
    return f"−{text}" if x < 0 else text


def exactly(x, n=3):
    """Return x with n significant digits however tiny it is: what many factors leave of a gradient.

    >>> exactly(2e-30), digits(2e-30)
    ('2 × 10⁻³⁰', '0')
    """
    return digits(x, n, 0)


def fixed(x, count):
    return format(Decimal(x).quantize(Decimal(1).scaleb(-count), ROUND_HALF_UP), "f")


def trimmed(text):
    return text.rstrip("0").rstrip(".") if "." in text else text


def superscript(k):
    """Return a whole number as superscripts: −8 gives ⁻⁸."""
    return str(k).translate(SUPERSCRIPTS)


def subscript(k):
    """Return a whole number that is not negative as subscripts."""
    return str(k).translate(SUBSCRIPTS)


def python_literal(value):
    """Return a setting as JavaScript's copy of it would write it in Python: 1.0 as 1, text in double quotes."""
    if isinstance(value, bool):
        return repr(value)
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(python_literal, value))}]"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    return repr(int(value) if value == int(value) else value)


def python_code(class_name, settings):
    """Return the line of Python that makes an explorer with these settings.

    >>> python_code("ScalarRecurrence", {"w": 1.5, "h0": -0.1})
    'rnnlib.explorers.ScalarRecurrence(w=1.5, h0=-0.1)'
    """
    words = [f"{name}={python_literal(value)}" for name, value in settings.items()]
    return f"rnnlib.explorers.{class_name}({', '.join(words)})"
