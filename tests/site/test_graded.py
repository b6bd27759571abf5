"""Nothing of the graded questions is on the site: no name, no statement, no marking scheme."""

from classroom.variants import QUESTIONS, WRITTEN

READ = (".html", ".js", ".ipynb", ".md")


def test_no_graded_question_is_on_the_site(site):
    pages = {file: file.read_text(encoding="utf-8") for file in site.rglob("*") if file.suffix in READ}
    assert len(pages) > 20
    secrets = [question.exercise.name for question in QUESTIONS]
    secrets += [text[:60] for question in WRITTEN for text in (question.text, question.scheme)]
    assert not [(file.name, secret) for file, text in pages.items() for secret in secrets if secret in text]
