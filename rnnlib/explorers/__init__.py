"""The book's explorers: widgets in a notebook, live drawings on the website, pictures elsewhere.

>>> from rnnlib.explorers import ScalarRecurrence
>>> ScalarRecurrence(w=1.5, h0=0.1).code()
'rnnlib.explorers.ScalarRecurrence(w=1.5, h0=0.1)'
"""

from importlib import import_module

# Each is loaded when it is asked for: the palette and the joiner need no widgets, and nothing here needs them all.
_WHERE = {
    "ScalarRecurrence": "scalar_recurrence",
    "HiddenStates": "hidden_states",
    "Unroll": "unroll",
    "JacobianProduct": "jacobian_product",
    "PhasePlane": "phase_plane",
    "GradientNorm": "gradient_norm",
    "Truncation": "truncation",
    "BpttStepper": "bptt_stepper",
    "GradientCheck": "gradient_check",
    "LossCliff": "loss_cliff",
    "Gates": "gates",
    "Connectivity": "connectivity",
    "LearnLive": "learn_live",
    "TextReader": "text_reader",
    "Question": "question",
}
_MODULES = ("joiner", "linear", "palette", "runs", "seeded", "text", "specs", "markup")

__all__ = list(_WHERE)


def __getattr__(name):
    if name in _WHERE:
        import_module(f"{__name__}.base")  # it says what to install where a package is missing
        return getattr(import_module(f"{__name__}.{_WHERE[name]}"), name)
    if name in _MODULES:
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}; it has {', '.join(_WHERE)}")


def __dir__():
    return [*_WHERE, *_MODULES]
