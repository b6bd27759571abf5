"""The training loop, and files of parameters that an interruption cannot harm."""

import json
import os
import secrets
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from . import _validate
from ._validate import need, need_kind
from .clipping import clip_grad_norm, grad_norm
from .optim import Optimiser
from .tasks import Batch

LOGS = {"loss": float, "grad_norm": float, "validation_loss": float, "validation_steps": int}


@dataclass(repr=False, eq=False)
class History:
    """What fit returns.

    `loss` and `grad_norm` (N,), the latter before clipping: [k] belongs to step k + 1; `validation_loss` (V,) and
    `validation_steps` (V,), the steps after which it was taken; `best_step`, that of the lowest, or None; `stopped`,
    True if patience ran out; `state`, a dict of arrays from which fit goes on.

    >>> History(np.array([2.0, 1.0]), np.ones(2), np.ones(0), np.ones(0, int), None, False, {})
    History(2 steps, loss 2 to 1)
    """

    loss: np.ndarray
    grad_norm: np.ndarray
    validation_loss: np.ndarray
    validation_steps: np.ndarray
    best_step: int
    stopped: bool
    state: dict

    def __repr__(self):
        return f"History({len(self.loss)} steps, loss {self.loss[0]:.4g} to {self.loss[-1]:.4g})"


def fit(net, x, targets=None, *, loss, optimiser, steps=None, epochs=None, batch_size=None, lengths=None, mask=None,
        last_step=False, reduction="mean", window=None, rng=None, max_norm=None, schedule=None, validation=None,
        validate_every=None, patience=None, state=None, progress=True):  # fmt: skip
    """Train a net in place, one update a step, and return the History.

    - net: anything with forward(x), backward(trace, dy) and params, whose trace has y.
    - x (T, N, …), or a tuple of such for a forward of several arguments; targets (T, N, …), or (N, …) for one a
      sequence; lengths (N,) and mask as in the cells and losses. Or x is a function that draws a fresh batch,
      x(rng) → tasks.Batch, or (x, targets[, lengths[, mask]]).
    - loss: softmax_cross_entropy, mse, or a function called alike, with `reduction`. last_step=True: the loss sees
      the net's output at each sequence's own last step, and no other.
    - steps, or epochs of minibatches of batch_size (all at once if None), dealt in a new order by rng each epoch.
    - max_norm clips the gradients' norm; schedule(step) → the factor on optimiser.lr for step 1, 2, …; window as in
      the cells. A layer that draws (Dropout) gets rng in training only.
    - validation (x, targets[, lengths[, mask]]) is taken each validate_every steps (an epoch, or 100 fresh batches).
      With patience the run ends once so many in a row were no better, and the net gets its best parameters back.
    - state, `history.state` of an earlier call (which save and load keep in a file): goes on from there up to `steps`
      in all, as if never interrupted, to the last bit.

    ValueError or TypeError for what does not fit; FloatingPointError if the run explodes: the net then keeps the
    parameters from before that step.

    >>> import rnnlib
    >>> net = rnnlib.stack([rnnlib.RNN(1, 8, rng=0), rnnlib.Readout(8, 1, rng=1)])
    >>> x = np.random.default_rng(0).uniform(-1, 1, (5, 32, 1))
    >>> history = fit(net, x, x.sum(axis=0), last_step=True, loss=rnnlib.mse, optimiser=rnnlib.Adam(0.01),
    ...               epochs=50, batch_size=8, rng=0, progress=False)
    >>> len(history.loss), bool(history.loss[-1] < 0.1 * history.loss[0])
    (200, True)
    """
    from tqdm import tqdm  # here, so that the rest of the module needs NumPy alone

    draw, epoch = _source(Batch(x, targets, lengths, mask), batch_size)
    need((steps is None) != (epochs is None), f"steps is {steps}, epochs is {epochs}; expected one of them")
    need(epochs is None or epoch, f"epochs is {epochs}; expected steps, as x draws without end")
    steps = _validate.count(steps, "steps") if epochs is None else _validate.count(epochs, "epochs") * epoch
    every = _validate.count((epoch or 100) if validate_every is None else validate_every, "validate_every")
    validation = None if validation is None else _read_batch(validation, "validation's ")
    need(patience is None or validation, f"patience is {patience} without validation; expected both")
    run = _Run(net, loss, optimiser, rng, last_step, reduction, window, max_norm, schedule, patience)
    if state is not None:
        run.unpack(state)
    hidden = not _validate.flag(progress, "progress")
    with tqdm(total=steps, initial=run.step, unit="step", disable=hidden) as bar:
        while run.step < steps and run.since_best < run.patience:
            run.update(draw)
            if validation and run.step % every == 0:
                run.validate(validation)
            bar.set_postfix(loss=f"{run.logs['loss'][-1]:.4g}", refresh=False)
            bar.update()
    return run.finish()


# ---- what a net is trained on


def _source(data, batch_size):
    """Return draw(rng, left) → (batch, left), where left is what an epoch has still to deal, and an epoch's steps."""
    if callable(data.x):
        bare = all(value is None for value in (*data[1:], batch_size))
        need(bare, "targets, lengths, mask or batch_size is given; expected None, as x draws whole batches")
        return lambda rng, left: (_read_batch(data.x(rng), "x(rng)'s "), left), None
    data = _read_batch(data)
    N, axes = data.x[0].shape[1], _axes(data)
    size = N if batch_size is None else _validate.count(batch_size, "batch_size")

    def deal(rng, left):
        if not len(left):
            left = rng.permutation(N) if size < N else np.arange(N)
        take = lambda array, axis: None if array is None else np.take(array, left[:size], axis)
        x = tuple(take(array, 1) for array in data.x)
        return Batch(x, *(take(array, axis) for array, axis in zip(data[1:], axes))), left[size:]

    return deal, -(-N // size)


def _axes(data):
    """Return the batch's axis in targets, lengths and mask: 1 in what has an entry a step, else 0."""
    per_step = int(data.targets.ndim > 1 and data.targets.shape[1:2] == data.x[0].shape[1:2])
    return per_step, 0, per_step


def _read_batch(value, label=""):
    """Return a Batch of arrays, its x a tuple of them, all with the same number of sequences N."""
    good = isinstance(value, tuple) and 2 <= len(value) <= 4
    need_kind(good, f"{label}data", value, "(x, targets[, lengths[, mask]])")
    value = Batch(*value)
    x = value.x if isinstance(value.x, tuple) else (value.x,)
    x = tuple(_validate.real_array(array, f"{label}x") for array in x)
    rest = [None if i > 1 and array is None else _validate.real_array(array, f"{label}{Batch._fields[i]}")
            for i, array in enumerate(value) if i]  # fmt: skip
    data = Batch(x, *rest)
    found = [(array, 1) for array in x] + [pair for pair in zip(rest, _axes(data)) if pair[0] is not None]
    shapes = ", ".join(str(array.shape) for array, _ in found)
    counts = {array.shape[axis : axis + 1] for array, axis in found}
    need(len(counts) == 1 and () not in counts, f"{label}x, targets, lengths and mask have the shapes {shapes}; "
          "expected one N in (T, N, …), (T, N, …) or (N, …), (N,), and as the targets")  # fmt: skip
    return data


# ---- a run


class _Run:
    """All that decides how a run goes on; packed into arrays it is the state."""

    def __init__(self, net, loss, optimiser, rng, last_step, reduction, window, max_norm, schedule, patience):
        whole = all(hasattr(net, name) for name in ("forward", "backward", "params"))
        need_kind(whole, "net", net, "an object with forward, backward and params")
        need_kind(isinstance(optimiser, Optimiser), "optimiser", optimiser, "an SGD, Adagrad or Adam")
        need_kind(callable(loss), "loss", loss, "a function, such as rnnlib.mse")
        need_kind(
            schedule is None or callable(schedule), "schedule", schedule, "a function, step → factor on lr"
        )
        self.net, self.loss, self.optimiser = net, loss, optimiser
        self.schedule = schedule or (lambda step: 1.0)
        self.rng, self.last_step = _validate.generator(rng), _validate.flag(last_step, "last_step")
        self.reduction, self.window = reduction, {} if window is None else {"window": window}
        self.max_norm = np.inf if max_norm is None else _validate.number(max_norm, "max_norm", low_open=True)
        self.patience = np.inf if patience is None else _validate.count(patience, "patience")
        self.logs, self.left, self.best = {name: [] for name in LOGS}, np.empty(0, np.int64), {}

    @property
    def step(self):
        return len(self.logs["loss"])

    @property
    def since_best(self):
        """How many validations the lowest (the first of equals) lies back."""
        losses = self.logs["validation_loss"]
        return len(losses) - 1 - int(np.argmin(losses)) if losses else 0

    def measure(self, batch, rng=None):
        """Return (loss, trace, ∂L/∂ of trace.y)."""
        options = {} if batch.lengths is None else {"lengths": batch.lengths}
        options |= {"rng": rng} if rng is not None and "rng" in getattr(self.net, "takes", ()) else {}
        trace = self.net.forward(*batch.x, **options)
        y, lengths = trace.y, getattr(trace, "lengths", None)  # a convolution shortens sequences
        place, mask = self._where(y, batch, batch.lengths if lengths is None else lengths)
        loss, dy_there = self.loss(y[place], batch.targets, mask=mask, reduction=self.reduction)
        dy = np.zeros_like(y)
        dy[place] = dy_there
        return float(loss), trace, dy

    def _where(self, y, batch, lengths):
        """Return the index of the outputs that the loss sees, and the mask of those that count."""
        shapes, per_step = f"the net puts out {y.shape}, targets has shape {batch.targets.shape}", y.ndim == 3
        if self.last_step:
            need(per_step, f"{shapes}; expected (T, B, O) from the net, as last_step is True")
            lengths = np.full(y.shape[1], len(y)) if lengths is None else lengths
            need((lengths > 0).all(), "lengths holds 0; expected at least 1, for there to be a last step")
            return (lengths - 1, np.arange(y.shape[1])), batch.mask
        need(not per_step or batch.targets.ndim > 1, f"{shapes}; expected targets (T, B), or last_step=True")
        real = np.arange(len(y))[:, None] < lengths if per_step and lengths is not None else None
        return ..., batch.mask if real is None else real if batch.mask is None else real & (batch.mask == 1)

    def update(self, draw):
        """Make one step; if it raises, the net is as it was."""
        batch, self.left = draw(self.rng, self.left)
        loss, trace, dy = self.measure(batch, self.rng)
        grads, lr = self.net.backward(trace, dy, **self.window), self.optimiser.lr
        norm = clip_grad_norm(grads, self.max_norm) if self.max_norm < np.inf else grad_norm(grads)
        factor = self.schedule(self.step + 1)
        try:
            self.optimiser.lr = lr * _validate.number(factor, "schedule's factor")
            self.optimiser.step(self.net.params, grads)
        finally:
            self.optimiser.lr = lr
        self.logs["loss"].append(loss)
        self.logs["grad_norm"].append(norm)

    def validate(self, batch):
        self.logs["validation_loss"].append(self.measure(batch)[0])
        self.logs["validation_steps"].append(self.step)
        if self.patience < np.inf and self.since_best == 0:
            self.best = _copy(self.net.params)

    def pack(self):
        """Return the state, a flat dict of new arrays."""
        params, logs = self.net.params, {name: np.array(self.logs[name], kind) for name, kind in LOGS.items()}
        parts = {"params": params, "best": self.best, "optimiser": self.optimiser.state(params), "log": logs}
        named = {f"{part}/{name}": array for part in parts for name, array in _copy(parts[part]).items()}
        bits = json.dumps(self.rng.bit_generator.state, default=np.ndarray.tolist)
        return {"rng": np.array(bits), "left": self.left.copy(), **named}

    def unpack(self, state):
        """Go on from a state: it is checked before anything is written."""
        missing = sorted(set(self.pack()) - set(state if isinstance(state, dict) else ()))
        need(not missing, f"state lacks {missing}; expected history.state of a run like this one")
        params, best = _part(state, "params"), _part(state, "best")
        for part in (params, best or params):
            _validate.like(part, self.net.params, "state's params")
        bits = json.loads(str(state["rng"]))
        type(self.rng.bit_generator)().state = bits  # raises if it is of another kind
        self.optimiser.load_state(self.net.params, _part(state, "optimiser"))
        self.rng.bit_generator.state = bits
        _write(self.net.params, params)
        self.left, self.best = np.array(state["left"]), _copy(best)
        self.logs = {name: log.tolist() for name, log in _part(state, "log").items()}

    def finish(self):
        """Return the History; with patience the net gets its best parameters back."""
        state, steps = self.pack(), self.logs["validation_steps"]
        _write(self.net.params, self.best or self.net.params)
        best_step = steps[-1 - self.since_best] if steps else None
        stopped = self.since_best >= self.patience
        return History(**_part(state, "log"), best_step=best_step, stopped=stopped, state=state)


def _part(state, part):
    return {key.partition("/")[2]: state[key] for key in state if key.startswith(f"{part}/")}


def _copy(arrays):
    return {name: np.array(array) for name, array in arrays.items()}


def _write(params, values):
    for name, array in params.items():
        array[...] = values[name]


# ---- files


def save(path, params):
    """Write a net's params, or any dict of arrays, into an .npz file: all of it, or the old file stays as it was.

    The arrays go into a new file beside it, which takes the name only when it is whole and on the disk. ValueError if
    the name does not end in .npz; TypeError for what is not an array of numbers or text; OSError where nothing can be
    written.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(f"{folder}/b.npz", {"b": np.array([1.0])})
    ...     load(f"{folder}/b.npz")
    {'b': array([1.])}
    """
    path, params = Path(os.path.realpath(_npz(path))), _params(params, "params")
    for name, array in params.items():
        good = isinstance(array, np.ndarray) and array.dtype.kind in "biufU"
        need_kind(good, f'params["{name}"]', array, "an array of numbers")
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        with part.open("xb") as file:
            np.savez(file, **params)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)  # it is there only where something went wrong


def load(path, into=None):
    """Read an .npz file that save wrote: return its dict of arrays, or write them into a net, or dict, and return that.

    Nothing in the file is run: pickled objects are refused. Names, shapes and float types are checked against
    `into`, and that all is finite, before anything is written into it. ValueError or TypeError saying what is wrong;
    OSError where the file cannot be read.

    >>> load("weights.txt")
    Traceback (most recent call last):
    ValueError: path is 'weights.txt'; expected a name that ends in .npz
    """
    arrays = _read_archive(_npz(path))
    if into is None:
        return arrays
    params = _params(into, "into")
    _write(params, _validate.like(arrays, params, path))
    return into


def _read_archive(path):
    name, arrays = "its beginning", {}
    with path.open("rb") as file:
        try:
            need(zipfile.is_zipfile(file), "it is cut short, or was never an .npz file")
            file.seek(0)
            archive = np.load(file, allow_pickle=False)
            for name in archive.files:
                arrays[name] = archive[name]
                need(isinstance(arrays[name], np.ndarray), "that is no array")
        except Exception as error:  # a broken or foreign file may fail in any way
            raise ValueError(
                f"{path} cannot be used, at {name}: {error}; expected a file that save wrote"
            ) from error
    return arrays


def _npz(path):
    good = isinstance(path, (str, os.PathLike)) and Path(path).suffix == ".npz"
    need(good, f"path is {path!r}; expected a name that ends in .npz")
    return Path(path)


def _params(value, name):
    params = getattr(value, "params", value)
    need_kind(isinstance(params, dict), name, value, "a net or a dict of arrays")
    return params
