"""Drawing an explorer's picture leaves matplotlib as the notebook had it."""

import matplotlib
from matplotlib import pyplot as plt

from rnnlib.explorers import ScalarRecurrence


def test_a_picture_keeps_the_backend_and_the_settings():
    plt.switch_backend("svg")
    with matplotlib.rc_context({"font.size": 7.5}):
        ScalarRecurrence().picture()
        assert matplotlib.get_backend() == "svg"
        assert matplotlib.rcParams["font.size"] == 7.5
    plt.switch_backend("agg")


def test_a_picture_does_not_depend_on_the_settings_around_it():
    plain = ScalarRecurrence().picture()
    with matplotlib.rc_context({"font.size": 30, "axes.grid": True}):
        assert ScalarRecurrence().picture() == plain
