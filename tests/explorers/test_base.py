"""What every explorer does: refuse bad settings in words, show itself everywhere, need its extras only when used."""

import base64
import json
import struct
import subprocess
import sys
import zlib
from fractions import Fraction

import ipywidgets
import numpy as np
import pytest

from rnnlib import explorers
from rnnlib.explorers import ScalarRecurrence
from rnnlib.explorers.base import MIME, Control
from rnnlib.explorers.specs import defaults, read_spec

DRAWING = [getattr(explorers, name) for name in explorers.__all__ if name != "Question"]
every_explorer = pytest.mark.parametrize("explorer", DRAWING, ids=lambda one: one.__name__)


@every_explorer
def test_there_is_one_trait_for_each_control(explorer):
    traits = {
        name: trait.control for name, trait in explorer.class_traits().items() if isinstance(trait, Control)
    }
    assert traits == {control["name"]: control for control in explorer.spec["controls"]}
    assert explorer.spec["class"] == explorer.__name__


@every_explorer
def test_defaults_landmarks_and_prediction_are_settings_it_takes(explorer):
    assert explorer().settings == defaults(explorer.spec)
    states = [one["settings"] for one in explorer.spec["landmarks"].values()]
    states += [explorer.spec["prediction"]["settings"]] if explorer.spec.get("prediction") else []
    for settings in states:
        made = explorer(**settings).settings
        assert {name: made[name] for name in settings} == settings


@every_explorer
def test_is_an_ipywidget_that_brings_its_own_module_and_style(explorer):
    widget = explorer()
    assert isinstance(widget, ipywidgets.DOMWidget)
    assert widget._esm.rstrip().endswith(".render };")
    assert "--rnn-h:" in widget._css and ".rnn-explorer" in widget._css


@every_explorer
def test_the_line_of_code_recreates_it(explorer):
    for key in explorer.spec["landmarks"]:
        made = explorer.landmark(key)
        again = eval(made.code().removeprefix("rnnlib.explorers."), {explorer.__name__: explorer})
        assert again.settings == made.settings


BAD = [
    ({"w": 5}, ValueError, r"w is 5; expected a number from -3 to 3"),
    ({"w": "1"}, ValueError, r"w is '1'; expected a number"),
    ({"w": True}, ValueError, r"w is True; expected a number"),
    ({"w": float("nan")}, ValueError, r"w is nan; expected a number"),
    ({"w": 10**400}, ValueError, r"w is 10{78}…; expected a number from -3 to 3"),
    ({"w": 10**5000}, ValueError, r"w is an integer of very many digits; expected a number from -3 to 3"),
    ({"w": Fraction(-(10**400), 3)}, ValueError, r"w is Fraction\(-10+…; expected a number from -3 to 3"),
    ({"w": float("inf")}, ValueError, r"w is inf; expected a number"),
    ({"T": 10**400}, ValueError, r"T is 10+…; expected a whole number from 8 to 100"),
    ({"seed": float("nan")}, ValueError, r"seed is nan; expected a whole number"),
    ({"w": None}, ValueError, r"w is None; expected a number"),
    ({"w": [1.0]}, ValueError, r"w is \[1.0\]; expected a number"),
    ({"T": 2.5}, ValueError, r"T is 2.5; expected a whole number from 8 to 100"),
    ({"T": 7}, ValueError, r"T is 7; expected a whole number from 8 to 100"),
    ({"seed": -1}, ValueError, r"seed is -1; expected a whole number from 0 to 9999"),
    (
        {"activation": "tahn"},
        ValueError,
        r"activation is 'tahn'; expected one of 'tanh', .*: did you mean 'tanh'\?",
    ),
    ({"input": 3}, ValueError, r"input is 3; expected one of 'none', 'pulse', 'steps', 'noise'"),
    ({"goal": "two"}, ValueError, r"goal is 'two'; expected one of 'two-futures', "),
    ({"weight": 1}, TypeError, r"ScalarRecurrence has no setting 'weight'; it has w, h0, b, .*, id, goal"),
    ({"ativation": "relu"}, TypeError, r"has no setting 'ativation'; .*: did you mean 'activation'\?"),
]


@pytest.mark.parametrize(("settings", "error", "words"), BAD)
def test_bad_settings_are_refused_in_words(settings, error, words):
    with pytest.raises(error, match=words):
        ScalarRecurrence(**settings)


@pytest.mark.parametrize(("settings", "error", "words"), [bad for bad in BAD if bad[1] is ValueError])
def test_a_trait_refuses_alike_and_keeps_what_it_had(settings, error, words):
    explorer = ScalarRecurrence(w=1.5)
    before = explorer.settings
    ((name, value),) = settings.items()
    with pytest.raises(error, match=words):
        setattr(explorer, name, value)
    assert (explorer.settings, explorer.goal) == (before, "")


def test_numbers_of_any_kind_are_taken():
    explorer = ScalarRecurrence(w=np.float32(1.5), b=1, T=np.int64(30), seed=4.0)
    assert explorer.settings | {"w": 1.5, "b": 1.0, "T": 30, "seed": 4} == explorer.settings
    assert [type(explorer.settings[name]) for name in ("w", "b", "T", "seed")] == [float, float, int, int]


def test_an_unknown_landmark_or_goal_is_refused():
    with pytest.raises(
        KeyError, match="ScalarRecurrence has no landmark 'fade'; it has fades, .*did you mean 'fades'"
    ):
        ScalarRecurrence.landmark("fade")
    with pytest.raises(
        ValueError, match="goal is 'two-future'; expected one of .*did you mean 'two-futures'"
    ):
        ScalarRecurrence().reached("two-future")
    with pytest.raises(ValueError, match="goal is ''; expected one of"):
        ScalarRecurrence().reached()


def test_a_landmark_takes_further_settings():
    explorer = ScalarRecurrence.landmark("flips", T=40, id="mine")
    assert (explorer.w, explorer.T, explorer.id) == (-1.5, 40, "mine")


# ---- The bundle ----


@every_explorer
def test_the_bundle_shows_it_everywhere(explorer):
    made = explorer(**{**list(explorer.spec["landmarks"].values())[1]["settings"], "id": "a"})
    data, metadata = made._repr_mimebundle_()
    assert data["application/vnd.jupyter.widget-view+json"]["model_id"] == made.model_id
    assert data["text/plain"] == made.code()
    assert metadata["image/png"]["alt"] == made.sentence == data[MIME]["sentence"]
    assert base64.b64decode(data["image/png"]).startswith(b"\x89PNG")
    assert (data[MIME]["name"], data[MIME]["id"]) == (explorer.spec["name"], "a")
    json.dumps(data, allow_nan=False)


def test_only_what_was_set_is_stored():
    stored = ScalarRecurrence(w=0.5, b=0.1, goal="two-futures")._repr_mimebundle_()[0][MIME]["settings"]
    assert stored == {"b": 0.1, "goal": "two-futures"}
    assert ScalarRecurrence()._repr_mimebundle_()[0][MIME]["settings"] == {}


# ---- The picture ----


def chunks(png):
    """Return {type: data} of a PNG's chunks, each checked against its checksum."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    found, at = {}, 8
    while at < len(png):
        length, kind = struct.unpack(">I4s", png[at : at + 8])
        data = png[at + 8 : at + 8 + length]
        assert zlib.crc32(kind + data) == struct.unpack(">I", png[at + 8 + length : at + 12 + length])[0]
        found[kind] = found.get(kind, b"") + data
        at += 12 + length
    return found


@every_explorer
def test_the_picture_is_a_clear_png_of_the_texts_width(explorer):
    parts = chunks(explorer().picture())
    width, height, depth, colours = struct.unpack(">IIBB", parts[b"IHDR"][:10])
    assert (depth, colours) == (8, 6)  # red, green, blue and how clear
    assert 800 <= width <= 960  # about 5 inches at 160 dots
    assert 200 < height < 1200
    pixels = np.frombuffer(zlib.decompress(parts[b"IDAT"]), np.uint8).reshape(height, 1 + 4 * width)
    assert pixels[0, 4] == 0  # the first corner is clear
    assert b"tEXt" not in parts


@every_explorer
def test_the_same_settings_give_the_same_picture(explorer):
    assert explorer().picture() == explorer().picture()


def test_another_state_gives_another_picture():
    pictures = {ScalarRecurrence.landmark(key).picture() for key in ScalarRecurrence.spec["landmarks"]}
    assert len(pictures) == len(ScalarRecurrence.spec["landmarks"])


def test_a_picture_leaves_the_readers_own_style_alone():
    import matplotlib

    before = dict(matplotlib.rcParams)
    with matplotlib.rc_context({"lines.linewidth": 9}):
        styled = ScalarRecurrence().picture()
    assert styled == ScalarRecurrence().picture()
    assert dict(matplotlib.rcParams) == before


# ---- Imports ----


def run(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, encoding="utf-8")


@pytest.mark.parametrize("name", explorers.__all__)
@pytest.mark.parametrize("package", ["anywidget", "traitlets"])
def test_without_its_extras_it_says_what_to_install(package, name):
    hide = f"import sys; sys.modules['{package}'] = None; from rnnlib.explorers import {name}"
    error = run(hide).stderr.strip().splitlines()[-1]
    assert error.startswith("ImportError:") and error.endswith('pip install "rnnlib[explorers]"')


def test_without_matplotlib_it_works_but_for_its_picture():
    code = """import sys
sys.modules['matplotlib'] = None
from rnnlib.explorers import ScalarRecurrence
explorer = ScalarRecurrence()
explorer.trace, explorer.sentence
explorer.picture()"""
    error = run(code).stderr.strip().splitlines()[-1]
    assert error.startswith("ImportError: matplotlib is needed") and error.endswith(
        'pip install "rnnlib[explorers]"'
    )


def test_palette_and_joiner_need_neither_widgets_nor_matplotlib():
    code = """import sys
for name in ('anywidget', 'ipywidgets', 'traitlets', 'matplotlib'): sys.modules[name] = None
from rnnlib.explorers import joiner, palette, specs
joiner.site_script(), joiner.site_css(), palette.style(), specs.read_spec('scalar-recurrence')"""
    done = run(code)
    assert done.returncode == 0, done.stderr


def test_an_unknown_name_is_refused_with_what_there_is():
    with pytest.raises(AttributeError, match="no attribute 'Scalar'; it has ScalarRecurrence"):
        explorers.Scalar  # noqa: B018


def test_a_specification_that_is_none_is_refused(monkeypatch, tmp_path):
    (tmp_path / "odd.spec.js").write_text("export const spec = makeSpec();\n", encoding="utf-8")
    monkeypatch.setattr("rnnlib.explorers.specs.FOLDER", tmp_path)
    with pytest.raises(ValueError, match="odd.spec.js is not one export const"):
        read_spec("odd")


def test_the_question_before_the_first_move_can_be_left_out():
    asked, silent = ScalarRecurrence(w=1.5), ScalarRecurrence(w=1.5, ask=False)
    assert asked._stored() == {"w": 1.5}
    assert silent._stored() == {"w": 1.5, "ask": False}
    assert silent.code() == "rnnlib.explorers.ScalarRecurrence(w=1.5, ask=False)"
