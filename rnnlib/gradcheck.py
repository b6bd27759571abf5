"""Are the gradients right? Central differences answer."""

from dataclasses import dataclass

import numpy as np

from . import _validate
from ._validate import need, need_kind
from .cells.base import Grads, Layer

TOLERANCE = {np.dtype(np.float64): 1e-5, np.dtype(np.float32): 2e-2}
STEP = {np.dtype(np.float64): 1e-5, np.dtype(np.float32): 5e-3}  # about the cube root of the rounding error


@dataclass(frozen=True)
class Checked:
    """The worst entry of one parameter: its relative error, where, and both values.

    `entries` is how many were compared; `used` is False if moving them never changed the loss.

    >>> Checked("b", 0.0, (0,), 1.0, 1.0, 1, True).error
    0.0
    """

    name: str
    error: float
    index: tuple
    analytic: float
    numeric: float
    entries: int
    used: bool


class Report(dict):
    """What gradcheck returns: a dict from each parameter's name to its Checked; true where all gradients are right.

    >>> report = gradcheck(lambda params: (float(params["b"] @ params["b"]), {"b": 2 * params["b"]}), {"b": np.ones(2)})
    >>> bool(report), report["b"].entries
    (True, 2)
    """

    def __init__(self, checked, tolerance):
        super().__init__((entry.name, entry) for entry in checked)
        self.tolerance = tolerance

    @property
    def max_error(self):
        """The largest relative error over all parameters."""
        return max(entry.error for entry in self.values())

    @property
    def passed(self):
        """True if no error exceeds the tolerance and the loss depends on at least one parameter."""
        return self.max_error <= self.tolerance and any(entry.used for entry in self.values())

    def __bool__(self):
        return self.passed

    def __str__(self):
        verdict = "gradients agree" if self.passed else "gradients DIFFER"
        lines = [f"{verdict}: largest relative error {self.max_error:.1e}, tolerance {self.tolerance:.0e}"]
        return "\n".join(lines + [_line(entry, self.tolerance) for entry in self.values()])


def _line(entry, tolerance):
    if not entry.used:
        return (f"  {entry.name}: the loss does not depend on it at all (does f read its argument?), "
                f"analytic {entry.analytic:.4g}")  # fmt: skip
    mark = "" if entry.error <= tolerance else "  <-- too large"
    place = ", ".join(map(str, entry.index))
    return (f"  {entry.name}: {entry.error:.1e} at [{place}], analytic {entry.analytic:.4g}, "
            f"numeric {entry.numeric:.4g} ({entry.entries} entries){mark}")  # fmt: skip


def gradcheck(f, params, *, eps=None, tolerance=None, max_entries=None, rng=None):
    """Compare the gradients that f returns with central differences, (L(θ + eps) − L(θ − eps)) / 2 eps.

    f(params) → (loss, grads): a scalar, and a Grads or a dict with the names of params. params is a dict of float
    arrays, changed in place while f is called and restored exactly, also if f raises. max_entries with rng checks
    that many entries of each parameter, drawn without repeats. eps and the tolerance suit the float type. The
    relative error of an entry is |a − n| / max(|a|, |n|, 1e-3 · the parameter's largest). Returns a Report: `passed`,
    `max_error`, `["W_hh"]`, and a readable str. TypeError or ValueError if f's answer does not fit or differs
    between two calls; FloatingPointError if the loss is not finite.

    >>> w = {"w": np.array([1.0])}
    >>> print(gradcheck(lambda p: (float((p["w"] ** 2).sum()), {"w": 3 * p["w"]}), w))
    gradients DIFFER: largest relative error 3.3e-01, tolerance 1e-05
      w: 3.3e-01 at [0], analytic 3, numeric 2 (1 entries)  <-- too large
    """
    dtype = _read_params(params)
    eps = _validate.number(STEP[dtype] if eps is None else eps, "eps", low_open=True)
    tolerance = _validate.number(
        TOLERANCE[dtype] if tolerance is None else tolerance, "tolerance", low_open=True
    )
    rng = _validate.generator(rng)
    loss, analytic = _analytic(f, params)
    checked = [_check(f, params, loss, name, analytic[name], eps, _draw(array, max_entries, rng))
               for name, array in params.items()]  # fmt: skip
    return Report(checked, tolerance)


def _read_params(params):
    hint = ": pass its params" if isinstance(params, Layer) else ""
    need_kind(isinstance(params, dict) and params, "params", params, f"a dict of float arrays{hint}")
    for name, array in params.items():
        floats = isinstance(array, np.ndarray) and array.dtype in _validate.FLOATS
        good = floats and array.flags.writeable
        need_kind(good, f'params["{name}"]', array, "a writable array of floats")
        _validate.finite(array, f'params["{name}"]')
        need(array.size, f'params["{name}"] has shape {array.shape}; expected at least one entry')
    return min(array.dtype for array in params.values())


def _analytic(f, params):
    """Call f twice: the first answer is kept, the second must equal it."""
    loss, grads = _call(f, params)
    if not isinstance(grads, (Grads, dict)):
        raise TypeError(f"f returned grads {_validate.describe(grads)}; expected a Grads or a dict of arrays")
    kept = {name: np.array(g) for name, g in (grads.params if isinstance(grads, Grads) else grads).items()}
    for name, array in params.items():
        need(name in kept, f'f returned grads {sorted(kept)}; expected "{name}" among them')
        _validate.shape(_validate.real_array(kept[name], f'grads["{name}"]'), f'grads["{name}"]', array.shape)
    again, _ = _call(f, params)
    need(again == loss, f"f returned the loss {loss} and then {again} for the same params; expected one value: "
         "does it draw random numbers, or change params?")  # fmt: skip
    return loss, kept


def _call(f, params):
    answer = f(params)
    if not isinstance(answer, tuple) or len(answer) != 2:
        raise TypeError(f"f returned {_validate.describe(answer)}; expected (loss, grads)")
    loss = _validate.real_array(answer[0], "f's loss", "a scalar")
    need(loss.ndim == 0, f"f's loss has shape {loss.shape}; expected a scalar")
    if not np.isfinite(loss):
        raise FloatingPointError(f"f's loss is {loss}; expected a finite number")
    return float(loss), answer[1]


def _draw(array, max_entries, rng):
    if max_entries is None or _validate.count(max_entries, "max_entries") >= array.size:
        return range(array.size)
    return rng.choice(array.size, max_entries, replace=False)


def _check(f, params, loss, name, analytic, eps, entries):
    """Compare the chosen entries of one parameter and keep the worst."""
    places = [tuple(map(int, np.unravel_index(i, analytic.shape))) for i in entries]
    slopes, moved = zip(*[_central_difference(f, params, loss, params[name], place, eps) for place in places])
    values, numeric = np.array([float(analytic[place]) for place in places]), np.array(slopes)
    errors = _relative_errors(values, numeric)
    i = int(errors.argmax())
    return Checked(name, float(errors[i]), places[i], float(values[i]), slopes[i], len(places), any(moved))


def _relative_errors(analytic, numeric):
    larger = np.maximum(np.abs(analytic), np.abs(numeric))
    # An entry near 0 has a large relative error from rounding alone: measure it against the parameter's largest.
    scale = np.maximum(larger, 1e-3 * larger.max())
    with np.errstate(all="ignore"):
        errors = np.where(scale > 0, np.abs(analytic - numeric) / np.where(scale > 0, scale, 1), 0.0)
    return np.where(np.isfinite(analytic), errors, np.inf)


def _central_difference(f, params, loss, array, place, eps):
    """Return the slope of the loss in one entry, and whether the loss moved at all."""
    kept = array[place]
    try:
        array[place] = kept + eps
        up, (loss_up, _) = float(array[place]), _call(f, params)
        array[place] = kept - eps
        down, (loss_down, _) = float(array[place]), _call(f, params)
    finally:
        array[place] = kept
    moved = loss_up != loss or loss_down != loss
    return (loss_up - loss_down) / (up - down), moved  # the step as rounded, which is not quite 2 eps
