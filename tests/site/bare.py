"""A page of its own for one explorer, opened from a file: nothing of the site is needed."""

from rnnlib.explorers import joiner

READY = "document.querySelector('rnn-explorer').dataset.ready !== undefined"


def page_source(name):
    """The page: one explorer, no stored run."""
    variable = joiner.variable
    table = f"{{ '{name}': {{ spec: {variable(name + '.spec')}.spec, render: {variable(name)}.render }} }}"
    script = joiner.join(name, f"{name}.spec", "element")
    return (
        f"<!doctype html><meta charset=utf-8><title>bare</title><style>{joiner.site_css()}</style>"
        f'<rnn-explorer name="{name}" id="{name}"></rnn-explorer>'
        f"<script>(() => {{ {script}\n{variable('element')}.defineElement({table}); }})();</script>"
    )
