"""The door: every array and number that enters rnnlib is checked and cast here, once."""

import operator

import numpy as np

FLOATS = (np.float32, np.float64)
REFUSED = {
    "c": "complex numbers",
    "O": "Python objects",
    "U": "text",
    "S": "text",
    "M": "dates",
    "m": "durations",
}


def describe(value):
    """Say in a few words what was passed."""
    if value is None:
        return "None"
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape} and dtype {value.dtype}"
    if isinstance(value, (bool, int, float, complex, str)):
        return f"{value!r} ({type(value).__name__})"
    return f"of type {type(value).__name__}"


def need(holds, message):
    """Raise ValueError unless a condition holds."""
    if not holds:
        raise ValueError(message)


def need_kind(holds, name, value, expected):
    """Raise TypeError, saying what came, unless a value is of the right kind."""
    if not holds:
        raise TypeError(f"{name} is {describe(value)}; expected {expected}")


def real_array(value, name, expected="an array of real numbers"):
    """Turn a value into an array of bools, ints or floats; refuse the rest."""
    if value is None:
        raise TypeError(f"{name} is None; expected {expected}")
    if isinstance(value, np.ma.MaskedArray):
        raise TypeError(f"{name} is a masked array; expected {expected}: fill it first")
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise ValueError(f"{name} is ragged (its rows differ in length); expected {expected}") from error
    except (TypeError, RuntimeError) as error:  # a tensor that still records gradients, for one
        raise TypeError(f"{name} cannot be read as an array ({error}); expected {expected}") from error
    if array.ndim == 0 and array.dtype.kind not in "biuf":
        raise TypeError(f"{name} is {describe(value)}; expected {expected}")
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{name} holds {REFUSED.get(array.dtype.kind, array.dtype)}; expected {expected}")
    return array


def floats(value, name, dtype, expected="an array of real numbers"):
    """Cast a value to an array of the given float type (no copy where none is needed)."""
    with np.errstate(over="ignore"):
        return real_array(value, name, expected).astype(dtype, copy=False)


def finite(array, name, error=ValueError):
    """Refuse nan and inf, naming the first place."""
    good = np.isfinite(array)
    if not good.all():
        index = first(~good)
        raise error(f"{name} holds {array[index]} at index {index}; expected finite numbers")
    return array


def first(bad):
    """Return the index of the first place where an array is True."""
    return tuple(int(i) for i in np.argwhere(bad)[0])


class Made(np.ndarray):
    """An array that a layer inside a stack made: it may have overflowed on the way, and is let through."""


def made(array):
    """Mark an array as a layer's own."""
    return array.view(Made)


def read(value, name, dtype, expected, symbols=None, hint=None):
    """Cast to floats, check the shape and that all is finite: the usual door for an array."""
    wanted = f"real numbers of shape {symbols or '(' + ', '.join(map(str, expected)) + ')'}"
    array = floats(value, name, dtype, wanted)
    shape(array, name, expected, symbols, hint(array) if hint else "")
    return array if isinstance(value, Made) else finite(array, name)


def shape(array, name, expected, symbols=None, hint=""):
    """Compare a shape with the expected one; a letter in it stands for any size of at least 1."""
    sizes_fit = len(expected) == array.ndim and all(
        got >= 1 if isinstance(want, str) else got == want for got, want in zip(array.shape, expected)
    )
    if sizes_fit:
        return array
    wanted = "(" + ", ".join(map(str, expected)) + ("," if len(expected) == 1 else "") + ")"
    wanted = f"{symbols} = {wanted}" if symbols else wanted
    raise ValueError(f"{name} has shape {array.shape}; expected {wanted}{': ' + hint if hint else ''}")


def integers(value, name, expected="whole numbers"):
    """Turn a value into an array of integers; floats and bools are refused."""
    array = real_array(value, name, expected)
    if array.dtype.kind not in "iu":
        raise TypeError(f"{name} holds {array.dtype}; expected {expected}")
    return array.astype(np.int64)


def count(value, name, least=1):
    """Check a whole number that is at least `least`."""
    try:
        number = operator.index(value)
    except TypeError:
        number = None
    if number is None or isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name} is {describe(value)}; expected a whole number of at least {least}")
    if number < least:
        raise ValueError(f"{name} is {number}; expected a whole number of at least {least}")
    return number


def number(value, name, low=0.0, high=np.inf, low_open=False):
    """Check a finite real number in [low, high), or (low, high) where low_open."""
    wanted = f"a finite number {'above' if low_open else 'of at least'} {low:g}"
    wanted += f" and below {high:g}" if np.isfinite(high) else ""
    is_real = isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)
    if not is_real:
        raise TypeError(f"{name} is {describe(value)}; expected {wanted}")
    if not (low <= value < high) or (low_open and value == low):
        raise ValueError(f"{name} is {value}; expected {wanted}")
    return float(value)


def choice(value, name, options):
    """Check that a value is one of a few words."""
    if not isinstance(value, str) or value not in options:
        listed = ", ".join(repr(option) for option in options)
        error = ValueError if isinstance(value, str) else TypeError
        raise error(f"{name} is {value!r}; expected one of {listed}")
    return value


def flag(value, name):
    """Check True or False."""
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name} is {describe(value)}; expected True or False")
    return bool(value)


def float_type(value, name="dtype"):
    """Check a float type that BLAS multiplies: float32 or float64."""
    try:
        dtype = np.dtype(value) if value is not None else None
    except TypeError:
        dtype = None
    if dtype not in FLOATS:
        raise TypeError(f"{name} is {value!r}; expected np.float32 or np.float64")
    return dtype


def generator(rng, name="rng"):
    """Make a Generator of a Generator, a seed (an int of at least 0) or None (fresh entropy)."""
    if rng is None or isinstance(rng, np.random.Generator):
        return np.random.default_rng(rng)
    if isinstance(rng, (int, np.integer)) and not isinstance(rng, bool):
        return np.random.default_rng(count(rng, name, least=0))
    raise TypeError(f"{name} is {describe(rng)}; expected np.random.default_rng(seed), an int seed or None")


def named_floats(arrays, name, expected="a dict of arrays"):
    """Check a dict of arrays of floats."""
    need_kind(isinstance(arrays, dict), name, arrays, expected)
    for key, array in arrays.items():
        good = isinstance(array, np.ndarray) and array.dtype in FLOATS
        need_kind(good, f'{name}["{key}"]', array, "an array of floats")
    return arrays


def writable(arrays, name):
    """Refuse named arrays that cannot be changed in place."""
    for key, array in arrays.items():
        good = array.flags.writeable
        need(good, f'{name}["{key}"] is read-only; expected an array that can be changed in place')
    return arrays


def like(arrays, kept, name):
    """Check named arrays against those whose place they are to take: names, shapes, number types; all finite."""
    missing, unknown = sorted(set(kept) - set(arrays)), sorted(set(arrays) - set(kept))
    if missing or unknown:
        raise ValueError(f"{name} lacks {missing} and has unknown names {unknown}; expected {sorted(kept)}")
    for key, old in kept.items():
        label = f'{name}["{key}"]'
        new = finite(shape(real_array(arrays[key], label), label, old.shape), label)
        if new.dtype.kind != old.dtype.kind or not np.can_cast(new.dtype, old.dtype):
            raise TypeError(f"{label} holds {new.dtype}; expected {old.dtype}")
    return arrays
