"""Each rule finds what it is there for, and leaves alone what is good."""

import notebook_rules
import pytest
from nbformat.v4 import new_output
from notebook_parts import VIEW, as_file, code, explorer, notebook, printed, prose, shown, stored
from notebook_rules import RULES, long_numbers, violations
from notebooks import text_of

STUB = code("def step(x): ...", name="stub", tags=["exercise"])
HINT = prose("*Hint.* Think.", name="hint", tags=["hint"])
CHECK = code("check.step(step)", name="check", tags=["check"])
FOLDED = {"tags": ["solution", "hide-input"], "jupyter": {"source_hidden": True}}
SOLUTION = code("def step_solution(x):\n    return x\n\ncheck.step(step_solution)", name="solution", **FOLDED)
ALT = {"image/png": {"alt": "A line."}}
ERROR = new_output("error", ename="ValueError", evalue="no", traceback=[])

GOOD = [
    prose("# Title\n\n![a loop](loop.svg)", name="title"),
    code("1 + 1", printed("0.8590 at step 12345 on 2004-08-19, 1.0.4.post1\n"), name="sum"),
    code('ScalarRecurrence(w=-1.5, input="pulse")', explorer({"w": -1.5, "input": "pulse"}), name="explorer"),
    code("draw()", shown(ALT, image_png="aGVsbG8="), name="figure"),
    code(
        "table", shown(text_html="<table><tr><td style='width: 12.345px'>0.5</td></tr></table>"), name="table"
    ),
    *[STUB, HINT, CHECK, SOLUTION],
]

BAD = {
    "rule_run": [stored(code("x = 1", count=None))],
    "rule_no_trouble": [stored(code("x", ERROR)), stored(code("x", printed("Warning!", "stderr")))],
    "rule_no_widgets": [text_of(notebook(code("x", shown(text_plain="x", **{VIEW: {}}))))],
    "rule_no_addresses": [stored(code("x", shown(text_plain="<Line2D at 0x7f0c2a1b3d50>")))],
    "rule_no_pictures_in_html": [
        stored(code("x", shown(text_html="<p><img src='data:image/png;base64,AA' alt='x'></p>"))),
        stored(code("x", shown(text_html="<svg></svg>"))),
    ],
    "rule_alt_text": [
        stored(code("x", shown(image_png="aGVsbG8="))),
        stored(code("x", shown({"image/png": {"alt": " "}}, image_png="aGVsbG8="))),
        stored(prose("![](loop.svg)")),
        stored(prose('<img src="loop.svg">')),
    ],
    "rule_four_digits": [
        stored(code("x", printed("0.85912\n"))),
        stored(code("x", shown(text_plain="array([1.    , 0.12345678])"))),
        stored(code("x", shown(text_html="<b>1234.5</b>"))),
    ],
    "rule_exercises": [
        stored(STUB, CHECK, SOLUTION),
        stored(STUB, CHECK, HINT, SOLUTION),
        stored(*[STUB, HINT, CHECK, SOLUTION], prose("Another one.", tags=["hint"])),
    ],
    "rule_solutions_hidden": [
        stored(code("x", tags=["solution"], jupyter={"source_hidden": True})),
        stored(code("x", tags=["solution", "hide-input"])),
    ],
    "rule_learners_names": [
        stored(STUB, HINT, CHECK, SOLUTION, code("y = step(1)", name="later")),
        stored(STUB, HINT, CHECK, code("def step(x):\n    return x", name="solution", **FOLDED)),
        stored(code("a = goal()", tags=["exercise"]), HINT, CHECK, SOLUTION, code("a = 2", name="later")),
    ],
    "rule_plain_settings": [
        stored(code("ScalarRecurrence(w=np.sqrt(2))", explorer({"w": 1.4142135623730951})))
    ],
    "rule_no_exemptions": [
        stored(code("# NBVAL_IGNORE_OUTPUT\nx")),
        stored(code("x", tags=["nbval-skip"])),
        stored(code("x", tags=["raises-exception"])),
    ],
    "rule_valid": [
        stored(code("x", name="one"), prose("y", name="two")).replace('"two"', '"one"'),
        stored(code("x")).replace('"id": "c",', '"id": "not allowed",'),
    ],
    "rule_normal_form": [
        stored(prose("x")).rstrip("\n") + "\n\n",
        stored(prose("x")).replace(' "nbformat": 4', '  "nbformat": 4'),
        text_of(notebook(prose("x"))),
    ],
}


def test_every_rule_has_a_notebook_that_breaks_it():
    assert set(BAD) == {rule.__name__ for rule in RULES}


@pytest.mark.parametrize("name, text", [(name, text) for name, texts in BAD.items() for text in texts])
def test_rule_finds_what_breaks_it(name, text):
    assert getattr(notebook_rules, name)(as_file(text), text)


def test_good_notebook_keeps_every_rule():
    assert violations(stored(*GOOD)) == []


def test_check_may_use_the_name_of_its_own_exercise_alone():
    other = code("check.other(step)", name="other-check", tags=["check"])
    text = stored(
        *[STUB, HINT, CHECK, SOLUTION], code("def other(): ...", name="o", tags=["exercise"]), other
    )
    assert "cell 'other-check' uses step, a learner's" in violations(text)


def test_landmark_brings_numbers_of_its_own():
    text = stored(code('ScalarRecurrence.landmark("flips")', explorer({"w": -1.5})))
    assert violations(text) == []


@pytest.mark.parametrize(
    "words", ["0.8591", "12345", "1.234e-05", "-0.5", "0.0001234", "2026-11-24", "1.0.43219", "1e300"]
)
def test_short_numbers_pass(words):
    assert long_numbers(words) == []


@pytest.mark.parametrize(
    "words", ["0.85912", "-12.345", "1.2345e-05", "1000.5", "0.30000000000000004", "x=3.14159."]
)
def test_long_numbers_are_found(words):
    assert len(long_numbers(words)) == 1
