"""Files of parameters: whole or not at all, and checked before anything is written into a net."""

import os
import pickle
import tempfile
import zipfile
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

import rnnlib
from rnnlib import training

OLD = {"W": np.arange(6.0).reshape(2, 3), "b": np.array([0.5, -0.5])}
NEW = {"W": np.full((2, 3), 9.0), "b": np.array([1.0, 2.0])}


def assert_equal(arrays, expected):
    assert list(arrays) == list(expected)
    for name, array in arrays.items():
        np.testing.assert_array_equal(array, expected[name], err_msg=name)
        assert array.dtype == expected[name].dtype


@pytest.fixture
def path(tmp_path):
    """A file of parameters that stands already."""
    path = tmp_path / "weights.npz"
    training.save(path, OLD)
    return path


def net(dtype=np.float64, H=3, seed=0):
    return rnnlib.stack(
        [rnnlib.RNN(2, H, rng=seed, dtype=dtype), rnnlib.Readout(H, 1, rng=seed + 1, dtype=dtype)]
    )


def test_what_is_saved_comes_back_to_the_last_bit(path):
    assert_equal(training.load(path), OLD)
    odd = {"0.W_hh": np.array([np.nan, -0.0, 5e-324]), "n": np.array(3), "text": np.array("π"),
           "single": np.float32([[1 / 3]]), "name.npy": np.array([True]), "part/W": np.zeros((0, 2))}  # fmt: skip
    training.save(path, odd)
    back = training.load(path)
    assert {name: (array.tobytes(), array.dtype, array.shape) for name, array in back.items()} == {
        name: (array.tobytes(), array.dtype, array.shape) for name, array in odd.items()
    }
    with np.load(path, allow_pickle=False) as archive:  # an ordinary .npz file
        assert set(archive.files) >= {"0.W_hh", "n"}


def test_a_net_is_saved_and_read_back_into_another_in_place(tmp_path):
    ours, theirs, x = net(), net(seed=5), np.ones((4, 2, 2))
    arrays = dict(theirs.params)
    training.save(tmp_path / "net.npz", ours)
    assert training.load(tmp_path / "net.npz", into=theirs) is theirs
    assert all(theirs.params[name] is array for name, array in arrays.items())
    np.testing.assert_array_equal(theirs.forward(x).y, ours.forward(x).y)


def test_a_path_may_be_text_and_relative(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    training.save("here.npz", OLD)
    assert_equal(training.load("here.npz"), OLD)
    assert [file.name for file in tmp_path.iterdir()] == ["here.npz"]


def test_narrower_floats_are_widened_and_wider_ones_refused(tmp_path):
    half = {name: array.astype(np.float16) for name, array in net().params.items()}
    training.save(tmp_path / "half.npz", half)
    ours = training.load(tmp_path / "half.npz", into=net(seed=5))
    np.testing.assert_array_equal(ours.params["0.W_hh"], half["0.W_hh"].astype(np.float64))
    training.save(tmp_path / "double.npz", net())
    with pytest.raises(TypeError, match=r'"0.W_xh"\] holds float64; expected float32'):
        training.load(tmp_path / "double.npz", into=net(np.float32))


# ---- interrupted


class Stop(BaseException):
    """What Ctrl+C is, for a test."""


def stop(*args, **kwargs):
    raise Stop


def failing_after(n, function):
    """Let a function work n times, then stop."""
    calls = iter(range(n))
    return lambda *args, **kwargs: function(*args, **kwargs) if next(calls, None) is not None else stop()


@pytest.mark.parametrize("n", [0, 1])
def test_an_interruption_in_the_middle_of_writing_leaves_the_old_file_and_no_other(path, monkeypatch, n):
    monkeypatch.setattr(np.lib.format, "write_array", failing_after(n, np.lib.format.write_array))
    with pytest.raises(Stop):
        training.save(path, NEW)
    monkeypatch.undo()
    assert_equal(training.load(path), OLD)
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("where", ["os.fsync", "pathlib.Path.replace"])
def test_an_interruption_before_the_new_file_takes_the_name_leaves_the_old_one(path, monkeypatch, where):
    monkeypatch.setattr(where, stop)
    with pytest.raises(Stop):
        training.save(path, NEW)
    monkeypatch.undo()
    assert_equal(training.load(path), OLD)
    assert list(path.parent.iterdir()) == [path]


def test_the_new_file_is_on_the_disk_before_it_takes_the_name(path, monkeypatch):
    order, fsync, replace = [], os.fsync, type(path).replace

    def synced(file):
        order.append("fsync")
        fsync(file)

    def replaced(self, target):
        order.append("replace")
        assert_equal(training.load(path), OLD)
        assert zipfile.ZipFile(self).testzip() is None
        assert self.parent == path.parent  # a rename is atomic within one file system only
        return replace(self, target)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(type(path), "replace", replaced)
    training.save(path, NEW)
    assert order == ["fsync", "replace"]
    assert_equal(training.load(path), NEW)


def test_a_disk_that_is_full_leaves_the_old_file(path, monkeypatch):
    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np.lib.format, "write_array", full)
    with pytest.raises(OSError, match="No space left"):
        training.save(path, NEW)
    monkeypatch.undo()
    assert_equal(training.load(path), OLD)
    assert list(path.parent.iterdir()) == [path]


@contextmanager
def read_only(folder, monkeypatch):
    """Forbid writing in a folder, to root too, who steps down for it; Windows has no such folders: fail the open."""
    if os.name != "posix":
        monkeypatch.setattr("pathlib.Path.open", denied)
        yield
        return
    folder.chmod(0o555)
    root = os.geteuid() == 0
    os.seteuid(65534 if root else os.geteuid())
    try:
        yield
    finally:
        os.seteuid(0 if root else os.geteuid())
        folder.chmod(0o755)


def denied(self, *args):
    raise PermissionError(13, "Permission denied", str(self))


def test_a_read_only_folder_is_an_error_that_names_the_file(monkeypatch):
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "weights.npz"
        training.save(path, OLD)
        with read_only(path.parent, monkeypatch):
            assert path.read_bytes()  # it may be read, and only not be written
            with pytest.raises(PermissionError, match=r"weights\.npz"):
                training.save(path, NEW)
        monkeypatch.undo()
        assert_equal(training.load(path), OLD)
        assert list(path.parent.iterdir()) == [path]


def test_a_folder_that_is_not_there_is_an_error_that_names_it(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        training.save(tmp_path / "nowhere" / "weights.npz", OLD)
    with pytest.raises(FileNotFoundError, match=r"missing\.npz"):
        training.load(tmp_path / "missing.npz")


def test_a_link_stays_a_link_to_the_file_that_is_written(path, tmp_path):
    link = tmp_path / "latest.npz"
    try:
        link.symlink_to(path)
    except OSError:  # Windows without the right to make links
        return
    training.save(link, NEW)
    assert link.is_symlink()
    assert_equal(training.load(path), NEW)


# ---- broken and foreign


def truncated(path):
    path.write_bytes(path.read_bytes()[:-40])


def flipped(path):
    """Change one byte within the data of the first array."""
    whole = bytearray(path.read_bytes())
    whole[200] ^= 0xFF
    path.write_bytes(bytes(whole))


def with_members(**members):
    def write(path):
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in members.items():
                archive.writestr(name.replace("_dot_", "."), content)

    return write


def lone_array(path):
    with path.open("wb") as file:
        np.save(file, OLD["W"])


def pickled_objects(path):
    np.savez(path, W=OLD["W"], b=np.array([{"an": "object"}, None], dtype=object))


FOREIGN = {
    "truncated": (truncated, "cut short"),
    "flipped": (flipped, "at W: "),
    "empty": (lambda path: path.write_bytes(b""), "never an .npz file"),
    "text": (lambda path: path.write_text("W = 1\n", encoding="utf-8"), "never an .npz file"),
    "pickle": (lambda path: path.write_bytes(pickle.dumps(OLD)), "never an .npz file"),
    "one array": (lone_array, "never an .npz file"),
    "objects": (pickled_objects, "at b: .*pickle"),
    "a document": (with_members(word_dot_xml="<a/>"), "at word.xml: that is no array"),
    "no header": (with_members(W_dot_npy="12"), "at W"),
    "a false header": (with_members(W_dot_npy=b"\x93NUMPY\x01\x00\x06\x00{'a':}"), "at W: "),
}


@pytest.mark.parametrize("kind", FOREIGN)
def test_a_broken_or_foreign_file_is_an_error_that_says_what_is_wrong(path, kind):
    change, words = FOREIGN[kind]
    change(path)
    params = {name: array.copy() for name, array in OLD.items()}
    for into in (None, params):
        with pytest.raises(
            ValueError, match=rf"weights\.npz cannot be used.*{words}.*expected a file that save wrote"
        ):
            training.load(path, into)
    assert_equal(params, OLD)


class Planted:
    """An object whose unpickling would leave a mark."""

    def __reduce__(self):
        return os.mkdir, ("planted",)


def test_nothing_in_a_file_is_run(path, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    np.savez(path, W=np.array([Planted()], dtype=object))
    with pytest.raises(ValueError, match="at W"):
        training.load(path)
    path.write_bytes(pickle.dumps(Planted()))
    with pytest.raises(ValueError, match="never an .npz file"):
        training.load(path)
    assert not (tmp_path / "planted").exists()


@pytest.mark.parametrize(
    ("params", "error", "words"),
    [
        ({"W": OLD["W"]}, ValueError, r"lacks \['b'\].*expected \['W', 'b'\]"),
        ({**OLD, "c": OLD["b"]}, ValueError, r"unknown names \['c'\]"),
        ({**OLD, "b": np.zeros(3)}, ValueError, r'"b"\] has shape \(3,\); expected \(2,\)'),
        ({**OLD, "b": np.zeros((1, 2))}, ValueError, r'"b"\] has shape \(1, 2\); expected \(2,\)'),
        ({**OLD, "b": np.zeros(2, int)}, TypeError, r'"b"\] holds int64; expected float64'),
        ({**OLD, "b": np.array(["x", "y"])}, TypeError, r'"b"\] holds text'),
        (
            {**OLD, "b": np.array([1.0, np.inf])},
            ValueError,
            r'"b"\] holds inf at index \(1,\); expected finite',
        ),
    ],
)
def test_what_does_not_fit_is_refused_before_anything_is_written(path, params, error, words):
    training.save(path, {name: np.asarray(array) for name, array in params.items()})
    into = {name: np.full_like(array, 7.0) for name, array in OLD.items()}
    with pytest.raises(error, match=words):
        training.load(path, into)
    assert all((array == 7.0).all() for array in into.values())


def test_the_order_of_names_does_not_matter(path):
    training.save(path, dict(reversed(NEW.items())))
    into = {name: array.copy() for name, array in OLD.items()}
    assert_equal(training.load(path, into), NEW)
