"""Addresses and links that set an explorer: read back as they were written, and nothing wrong taken from them."""

import pytest

from rnnlib.explorers.specs import defaults, read_spec

SPEC = read_spec("scalar-recurrence")
START = defaults(SPEC)
CONTROLS = {control["name"]: control for control in SPEC["controls"]}
NUMBERS = {"name": "x", "kind": "numbers", "min": -2, "max": 2, "default": [0]}


def settings_of(script, hash, initial=START):
    target = script.call("links", "parseHash", args=[hash])
    return target and script.call("links", "settingsOf", args=[target, SPEC, initial], arrays=False)


@pytest.mark.parametrize("key", list(SPEC["landmarks"]))
def test_a_link_to_a_landmark_gives_its_whole_state(script, key):
    wanted = {**START, **SPEC["landmarks"][key]["settings"]}
    assert settings_of(script, f"#explore/any/{key}", {**START, "T": 99}) == wanted


def test_a_link_with_settings_goes_over_what_the_author_set(script):
    found = settings_of(script, "#explore/any?w=-1.5&activation=relu&T=30", {**START, "b": 0.5})
    assert found == {**START, "b": 0.5, "w": -1.5, "activation": "relu", "T": 30}


@pytest.mark.parametrize(
    "query",
    [
        "w=abc",
        "w=",
        "w",
        "nonsense=1",
        "activation=tahn",
        "T=1e999",
        "__proto__=1",
        "%E0%A4%A=1",
        "constructor=2",
    ],
)
def test_what_is_no_setting_is_left_out(script, query):
    assert settings_of(script, f"#explore/any?{query}") == START


@pytest.mark.parametrize("hash", ["", "#", "#explore", "#explore/", "#other/id", "#explore/?w=1"])
def test_other_addresses_are_not_ours(script, hash):
    assert settings_of(script, hash) is None


@pytest.mark.parametrize("name", ["nowhere", "constructor", "__proto__", "%zz"])
def test_an_unknown_landmark_changes_nothing(script, name):
    assert settings_of(script, f"#explore/any/{name}") is None


@pytest.mark.parametrize("hash", ["#explore/%", "#explore/%E0%A4%A", "#explore/%?w=1"])
def test_a_broken_address_names_no_explorer(script, hash):
    assert script.call("links", "parseHash", args=[hash])["id"] == ""


def test_a_text_is_not_cut_within_a_character(script):
    control = {"kind": "text", "max": 2}
    assert script.call("links", "parseValue", args=[control, "a\N{GRINNING FACE}"], arrays=False) == "a"
    assert (
        script.call("links", "parseValue", args=[control, "\N{GRINNING FACE}b"], arrays=False)
        == "\N{GRINNING FACE}"
    )


@pytest.mark.parametrize(
    ("control", "text", "value"),
    [(CONTROLS["w"], "9", 3), (CONTROLS["w"], "-0.05", -0.05), (CONTROLS["T"], "12.6", 13), (CONTROLS["T"], "1", 8),
     (CONTROLS["input"], "steps", "steps"), (NUMBERS, "1, 0.5,-7", [1, 0.5, -2]), (NUMBERS, "1,,2", None),
     ({"kind": "toggle"}, "true", True), ({"kind": "toggle"}, "yes", None),
     ({"kind": "text", "max": 3}, "abcd", "abc")],
)  # fmt: skip
def test_values_are_read_and_held_within_bounds(script, control, text, value):
    assert script.call("links", "parseValue", args=[control, text], arrays=False) == value


@pytest.mark.parametrize(
    "changes",
    [{}, {"w": 1.5}, {"w": -0.35, "b": 1, "activation": "sigmoid", "input": "noise", "seed": 7, "T": 77}],
)
def test_an_address_gives_back_the_state_it_was_made_from(script, changes):
    initial, state = {**START, "u": -1}, {**START, "u": -1, **changes}
    made = script.call("links", "hashOf", args=["my id/2", SPEC, initial, state], arrays=False)
    assert script.call("links", "parseHash", args=[made])["id"] == "my id/2"
    assert settings_of(script, made, initial) == state


def test_the_address_of_a_landmark_is_its_name(script):
    state = {**START, **SPEC["landmarks"]["flips"]["settings"]}
    assert script.call("links", "hashOf", args=["a", SPEC, START, state], arrays=False) == "#explore/a/flips"


def test_the_site_model_has_anywidgets_manners(script):
    heard = script.racer.eval("""{
      const model = $element.makeModel({ w: 1 });
      const heard = [];
      const listen = () => heard.push(model.get("w"));
      model.on("change:w", listen);
      model.on("change", () => heard.push("saved"));
      model.set("w", 2);
      model.save_changes();
      model.save_changes();
      model.off("change:w", listen);
      model.set("w", 3);
      JSON.stringify(heard)
    }""")
    assert heard == '[2,"saved"]'
