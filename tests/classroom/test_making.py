"""What is handed out, and what is not in it."""

import re
import sys

import nbformat
import pytest

from classroom import exercises, make
from classroom.__main__ import main
from classroom.variants import QUESTIONS, WRITTEN

CHAPTERS = sorted({question.chapter for question in QUESTIONS})


@pytest.fixture(scope="module")
def handed_out(tmp_path_factory):
    """An assignment over all chapters that have questions, as students get it: (text of the file, notebook, plan)."""
    root = tmp_path_factory.mktemp("all") / "course"
    plan = make.make(CHAPTERS, 11, "all", root)
    path = root / "release" / "all" / "all.ipynb"
    assert sorted(file.name for file in path.parent.iterdir()) == ["all.ipynb"]
    return path.read_text(encoding="utf-8"), nbformat.read(path, as_version=4), plan


def lines_of(source):
    """The telling lines of code: not the def, no comment, long enough to be no accident."""
    lines = [line.split("  #")[0].strip() for line in source.splitlines()]
    return [
        line
        for line in lines
        if len(line) > 20 and not line.startswith(("def ", "#", "check.", "return None", '"""'))
    ]


def test_no_line_of_a_published_solution_is_in_it(handed_out):
    sources = "\n".join(cell.source for cell in handed_out[1].cells)
    for number in CHAPTERS:
        for practice in exercises.practice(number):
            for line in lines_of(practice.solution):
                assert line not in sources, f"chapter {number}, {practice.name}"


def test_no_line_of_a_reference_is_in_it(handed_out):
    import inspect

    from classroom import variants

    sources = "\n".join(cell.source for cell in handed_out[1].cells)
    for module in variants.MODULES:
        for line in lines_of(inspect.getsource(module)):
            if line.startswith(("return ", "for ", "delta", "da =", "dW", "c_t", "weights =", "step =")):
                assert line not in sources, module.__name__


def test_no_marking_scheme_is_in_it(handed_out):
    assert "MARK SCHEME" not in handed_out[0]
    for question in WRITTEN:
        assert question.scheme[:40] not in handed_out[0]


def test_no_hidden_case_and_no_seed_is_in_it(handed_out):
    text, _, plan = handed_out
    assert not re.search(r"\bseed\b", text)
    for question in plan.questions:
        for case in question.cases(plan.seed):
            for value in case.args:
                if getattr(value, "dtype", None) == "float64" and value.size > 2:
                    assert make.literal(value) not in text
                    assert make.literal(make.rounded(value)) not in text


def test_each_question_has_its_statement_stub_public_check_and_points(handed_out):
    _, notebook, plan = handed_out
    by_id = {cell.metadata.nbgrader.grade_id: cell for cell in notebook.cells}
    for question in plan.questions:
        assert question.text in by_id[f"{question.id}-text"].source
        assert by_id[f"{question.id}-answer"].source == question.stub.replace("    ### BEGIN SOLUTION\n",
        "").replace("\n    ### END SOLUTION", "")  # fmt: skip
        assert by_id[f"{question.id}-points"].metadata.nbgrader.points == question.points


def test_an_untouched_notebook_runs_and_a_right_answer_passes_its_public_check(handed_out, capsys):
    _, _, plan = handed_out
    for question in plan.questions:
        space = {}
        exec("import numpy as np", space)
        exec(make.public_check(question), {**space, question.exercise.name: lambda *args: None})
        assert capsys.readouterr().out == ""
        exec(make.public_check(question), {**space, question.exercise.name: question.exercise.reference})
        said = capsys.readouterr().out.splitlines()
        assert len(said) == len(question.exercise.outputs) and all(line.endswith(" True") for line in said)


def test_the_same_seed_draws_the_same_questions_and_another_may_not():
    draws = {tuple(question.id for question in make.draw(CHAPTERS, seed)[0]) for seed in range(8)}
    assert make.draw(CHAPTERS, 3) == make.draw(CHAPTERS, 3)
    assert len(draws) > 1


def test_one_variant_of_each_exercise_is_drawn():
    questions, _ = make.draw(CHAPTERS, 0)
    names = [(question.chapter, question.practice) for question in questions]
    assert len(set(names)) == len(names) == len({(q.chapter, q.practice) for q in QUESTIONS})


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["make", "--chapters", "99", "--seed", "1"], "chapter 99 has no graded questions; these have: 2, 3"),
        (
            ["make", "--chapters", "5", "--seed", "1", "--only", "nothing"],
            "no graded question of these chapters is called nothing",
        ),
        (
            ["make", "--chapters", "5", "--seed", "1", "--due", "soon"],
            "due is 'soon'; expected a date and time",
        ),
        (["grade", "nowhere"], "say which assignment with --assignment"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(arguments, words, tmp_path, capsys):
    assert main([*arguments, "--course", str(tmp_path / "course")]) == 1
    assert words in capsys.readouterr().err


def test_a_folder_without_submissions_is_refused(tmp_path, capsys, shut_in):
    root = tmp_path / "course"
    make.make([4], 1, "one", root, only=["softmax_rows"])
    (tmp_path / "empty").mkdir()
    assert main(["grade", str(tmp_path / "empty"), "--course", str(root)]) == 1
    assert "no notebook in" in capsys.readouterr().err
    assert not (root / "submitted").exists()


def test_without_a_sandbox_grading_is_refused(tmp_path, capsys, monkeypatch):
    from classroom import sandbox

    monkeypatch.setattr(sandbox.shutil, "which", lambda name: None)
    make.make([4], 1, "one", tmp_path / "course", only=["softmax_rows"])
    assert main(["grade", str(tmp_path), "--course", str(tmp_path / "course")]) == 1
    assert "say --unsafe" in capsys.readouterr().err


def test_a_sandbox_that_does_not_work_says_why(monkeypatch):
    """As on an Ubuntu that forbids bubblewrap its namespaces."""
    from classroom import sandbox

    refuse = "import sys; sys.exit('bwrap: setting up uid map: Permission denied')"
    monkeypatch.setattr(sandbox, "bubblewrap", lambda *command: [sys.executable, "-c", refuse])
    monkeypatch.setattr(sandbox.shutil, "which", lambda name: name if name == "bwrap" else None)
    with pytest.raises(sandbox.NoSandbox, match="bwrap is here, but it says: bwrap: setting up uid map"):
        sandbox.find()
