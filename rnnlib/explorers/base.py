"""What all explorers share: traits made from the specification, the picture, the bundle that a notebook stores."""

import base64
import difflib
import io
import math
import numbers

from rnnlib.explorers import joiner, palette, specs, text
from rnnlib.explorers.specs import MIME

MISSING = '{} is needed for explorers: pip install "rnnlib[explorers]"'

try:
    import anywidget
    import traitlets
except ModuleNotFoundError as error:
    raise ImportError(MISSING.format(error.name), name=error.name) from error


class Control(traitlets.TraitType):
    """A trait that takes what the control of the specification takes, and refuses the rest in words."""

    def __init__(self, control):
        super().__init__(default_value=control["default"])
        self.control = control
        self.tag(sync=True)

    def default(self, obj=None):
        value = self.control["default"]
        return list(value) if isinstance(value, list) else value

    def validate(self, obj, value):
        return TAKES[self.control["kind"]](self.control, value)


def refuse(control, value, expected):
    raise ValueError(f"{control['name']} is {shown(value)}; expected {expected}")


def shown(value):
    """Write a value for an error: in full if it is short."""
    try:
        words = repr(value)
    except ValueError:  # Python itself refuses to write out an integer of thousands of digits
        return "an integer of very many digits"
    return words if len(words) <= 80 else f"{words[:79]}…"


def between(control):
    return f"from {text.python_literal(control['min'])} to {text.python_literal(control['max'])}"


def in_range(control, value):
    """Is this a real number within the control's bounds? They are finite, so nan, inf and 10**400 are not."""
    is_real = isinstance(value, numbers.Real) and not isinstance(value, bool)
    return is_real and bool(control["min"] <= value <= control["max"])


def take_number(control, value):
    if not in_range(control, value):
        refuse(control, value, f"a number {between(control)}")
    return float(value)


def take_integer(control, value):
    if not in_range(control, value) or value != int(value):
        refuse(control, value, f"a whole number {between(control)}")
    return int(value)


def take_option(control, value):
    options = [option[0] if isinstance(option, list) else option for option in control["options"]]
    if not isinstance(value, str) or value not in options:
        refuse(control, value, f"one of {', '.join(map(repr, options))}{did_you_mean(value, options)}")
    return value


def take_toggle(control, value):
    if value is not True and value is not False:
        refuse(control, value, "True or False")
    return value


def take_text(control, value):
    if not isinstance(value, str) or len(value) > control["max"]:
        refuse(control, value, f"a text of at most {control['max']} characters")
    return value


def take_numbers(control, value):
    try:
        values = list(value)
    except TypeError:
        refuse(control, value, f"a list of numbers {between(control)}")
    fewest, most = control.get("fewest", 1), control.get("most", math.inf)
    if isinstance(value, str) or not fewest <= len(values) <= most:
        refuse(control, value, f"a list of {fewest} to {most} numbers {between(control)}")
    named = [{**control, "name": f"{control['name']}[{k}]"} for k in range(len(values))]
    return [take_number(part, one) for part, one in zip(named, values)]


TAKES = {
    "range": take_number,
    "integer": take_integer,
    "seed": take_integer,
    "select": take_option,
    "toggle": take_toggle,
    "text": take_text,
    "numbers": take_numbers,
}


def did_you_mean(value, options):
    near = difflib.get_close_matches(str(value), options, n=1)
    return f": did you mean {near[0]!r}?" if near else ""


class Goal(traitlets.TraitType):
    """The key of one of the explorer's goals, or "" for none."""

    def validate(self, obj, value):
        goals = list(obj.spec.get("goals", {}))
        if value != "" and value not in goals:
            expected = f"one of {', '.join(map(repr, goals))}" if goals else '"": it has no goals'
            raise ValueError(f"goal is {value!r}; expected {expected}{did_you_mean(value, goals)}")
        return value


def traits(spec):
    """Return one Control for each control of the specification, in its order."""
    return tuple(Control(control) for control in spec["controls"])


class Explorer(anywidget.AnyWidget):
    """An explorer: a widget in a notebook, a live element on the website, a picture elsewhere.

    A subclass has `spec`, a trait for each of its controls, and `trace`, `grads`, `sentence`, `draw(figure)` and
    `goal_rules`. `id` is what links in the prose name it by, its own name if not given; `goal` the key of a goal that
    the page judges; `ask=False` leaves out the question that asks for a prediction. ValueError for settings that the
    specification does not take, TypeError for unknown names.
    """

    spec = None
    goal_rules = {}
    id = traitlets.Unicode().tag(sync=True)
    goal = Goal("").tag(sync=True)
    ask = traitlets.Bool(True).tag(sync=True)

    def __init_subclass__(cls, **keywords):
        if cls.spec is not None and "_esm" not in cls.__dict__:
            cls._esm = joiner.widget_module(cls.spec["name"])
            cls._css = joiner.site_css()
        super().__init_subclass__(**keywords)

    def __init__(self, **settings):
        settings.setdefault("id", self.spec["name"])
        known = [name for name in self.trait_names(sync=True) if not name.startswith("_")]
        for name in settings:
            if name not in known:
                have = ", ".join([*specs.defaults(self.spec), "id", "goal", "ask"]) + did_you_mean(
                    name, known
                )
                raise TypeError(f"{type(self).__name__} has no setting {name!r}; it has {have}")
        super().__init__(**settings)

    @classmethod
    def landmark(cls, key, **settings):
        """Return the explorer at one of its landmarks; further settings go on top. KeyError for an unknown key."""
        landmarks = cls.spec["landmarks"]
        if key not in landmarks:
            hint = did_you_mean(key, landmarks)
            raise KeyError(f"{cls.__name__} has no landmark {key!r}; it has {', '.join(landmarks)}{hint}")
        return cls(**{**landmarks[key]["settings"], **settings})

    @property
    def settings(self):
        """Each control's value now, by name."""
        return {control["name"]: getattr(self, control["name"]) for control in self.spec["controls"]}

    @property
    def changed(self):
        """The settings that differ from the defaults."""
        start = specs.defaults(self.spec)
        return {name: value for name, value in self.settings.items() if value != start[name]}

    def code(self):
        """Return the line of Python that recreates the explorer."""
        more = self._stored()
        if self.id != self.spec["name"]:
            more["id"] = self.id
        return text.python_code(type(self).__name__, more)

    def reached(self, goal=None):
        """Judge a goal as the page does: return (True or False, a sentence with what was found).

        `goal` is a key of the explorer's goals; the explorer's own if not given.
        """
        goal = self.goal if goal is None else goal
        if goal not in self.goal_rules:
            goals = list(self.goal_rules)
            hint = did_you_mean(goal, goals)
            raise ValueError(f"goal is {goal!r}; expected one of {', '.join(map(repr, goals))}{hint}")
        return self.goal_rules[goal](self.settings)

    def picture(self):
        """Return the drawing as PNG bytes: transparent, in colours that read on white and on near-black."""
        try:
            import matplotlib
            from matplotlib.figure import Figure
        except ModuleNotFoundError as error:
            raise ImportError(MISSING.format(error.name), name=error.name) from error
        defaults = {name: value for name, value in matplotlib.rcParamsDefault.items() if name != "backend"}
        with matplotlib.rc_context(
            {**defaults, **palette.style()}
        ):  # a context would not give the backend back
            figure = Figure()
            self.draw(figure)
            png = io.BytesIO()
            figure.savefig(png, format="png", metadata={"Software": None})
        return png.getvalue()

    def __repr__(self):
        return self.code()

    def _repr_mimebundle_(self, **keywords):
        """The widget's view, the explorer's own type for the website, and what stands in where neither is known."""
        data, metadata = super()._repr_mimebundle_(**keywords)
        data[MIME] = {"name": self.spec["name"], "id": self.id, "sentence": self.sentence}
        data[MIME]["settings"] = self._stored()
        data["text/plain"] = self.code()
        self._add_fallback(data, metadata)
        return data, metadata

    def _stored(self):
        """Return the settings that a notebook keeps: what differs from the defaults, and nothing computed."""
        return {
            **self.changed,
            **({"goal": self.goal} if self.goal else {}),
            **({} if self.ask else {"ask": False}),
        }

    def _add_fallback(self, data, metadata):
        data["image/png"] = base64.b64encode(self.picture()).decode("ascii")
        metadata["image/png"] = {"alt": self.sentence}
