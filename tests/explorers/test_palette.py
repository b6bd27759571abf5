"""Colours: contrast by WCAG 2.2, and apart for the colour-blind by simulation."""

import itertools
import re

import matplotlib
import numpy as np
import pytest

from rnnlib.explorers import palette
from rnnlib.explorers.specs import read_json

QUANTITIES = ["x", "h", "c", "y", "grad", "grad_c", "i", "f", "o", "g", "r", "z", "n"]
WHITE, DARK = "#ffffff", "#050506"
DARKER_GREYS = ["#111111", "#1e1e1e"]  # JupyterLab's and VS Code's dark grounds

# What one figure may hold together. r, z, n take the colours of i, f, g.
FIGURES = [
    ("x", "h", "y", "grad"),
    ("x", "h", "c", "y", "grad"),
    ("h", "c", "i", "f", "o", "g"),
    ("h", "r", "z", "n"),
]

# Dichromacy at severity 1.0, on linear RGB: G. M. Machado, M. M. Oliveira and L. A. F. Fernandes, "A
# physiologically-based model for simulation of color vision deficiency", IEEE TVCG 15(6), 2009: its table of matrices.
SIMULATION = {
    "normal": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
# CIEDE2000 differences of 10 and more are seen at a glance; 2.3 is one just noticeable in CIE76, about 1 here.
APART = 10


def linear(colour):
    """sRGB (IEC 61966-2-1) to linear RGB."""
    c = np.array([int(colour[k : k + 2], 16) for k in (1, 3, 5)]) / 255
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)


def contrast(one, other):
    """WCAG 2.2's contrast ratio."""
    light, dark = sorted((linear(c) @ [0.2126, 0.7152, 0.0722] for c in (one, other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def lab(rgb):
    """Linear RGB to CIE L*a*b* under D65."""
    to_xyz = np.array(
        [
            [0.4124564, 0.3575761, 0.1804375],
            [0.2126729, 0.7151522, 0.0721750],
            [0.0193339, 0.1191920, 0.9503041],
        ]
    )
    xyz = to_xyz @ np.clip(rgb, 0, 1) / [0.95047, 1.0, 1.08883]
    f = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    return 116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])


def ciede2000(one, other):
    """The CIEDE2000 difference, as in G. Sharma, W. Wu and E. N. Dalal, Color Research and Application 30(1), 2005."""
    (L1, a1, b1), (L2, a2, b2) = one, other
    mean = (np.hypot(a1, b1) + np.hypot(a2, b2)) / 2
    G = 0.5 * (1 - np.sqrt(mean**7 / (mean**7 + 25.0**7)))
    a1, a2 = (1 + G) * a1, (1 + G) * a2
    C1, C2 = np.hypot(a1, b1), np.hypot(a2, b2)
    h1, h2 = np.degrees(np.arctan2(b1, a1)) % 360, np.degrees(np.arctan2(b2, a2)) % 360
    dh = (h2 - h1 + 180) % 360 - 180 if C1 * C2 else 0.0
    dL, dC, dH = L2 - L1, C2 - C1, 2 * np.sqrt(C1 * C2) * np.sin(np.radians(dh) / 2)
    L, C = (L1 + L2) / 2, (C1 + C2) / 2
    h = (h1 + dh / 2) % 360 if C1 * C2 else h1 + h2
    T = sum(
        k * np.cos(np.radians(m * h + p))
        for k, m, p in [(1, 0, 0), (-0.17, 1, -30), (0.24, 2, 0), (0.32, 3, 6), (-0.2, 4, -63)]
    )
    R = -2 * np.sqrt(C**7 / (C**7 + 25.0**7)) * np.sin(np.radians(60 * np.exp(-(((h - 275) / 25) ** 2))))
    SL, SC, SH = 1 + 0.015 * (L - 50) ** 2 / np.sqrt(20 + (L - 50) ** 2), 1 + 0.045 * C, 1 + 0.015 * C * T
    return np.sqrt((dL / SL) ** 2 + (dC / SC) ** 2 + (dH / SH) ** 2 + R * dC / SC * dH / SH)


@pytest.mark.parametrize(
    ("one", "other", "difference"),
    [((50, 2.6772, -79.7751), (50, 0, -82.7485), 2.0425), ((50, -1, 2), (50, 0, 0), 2.3669),
     ((50, 2.5, 0), (73, 25, -18), 27.1492), ((2.0776, 0.0795, -1.1350), (0.9033, -0.0636, -0.5514), 0.9082)],
)  # fmt: skip
def test_the_difference_is_the_published_one(one, other, difference):
    """Pairs 1, 7, 17 and 34 of Sharma, Wu and Dalal's table 1."""
    assert ciede2000(one, other) == pytest.approx(difference, abs=1e-4)


@pytest.mark.parametrize("name", [*QUANTITIES, "ink", "muted", "accent", "warn"])
def test_text_can_be_read_on_its_ground(name):
    assert contrast(palette.colour(name, "light"), WHITE) >= 4.5
    for ground in [DARK, *DARKER_GREYS]:
        assert contrast(palette.colour(name, "dark"), ground) >= 4.5


def test_ink_of_static_pictures_can_be_read_on_white_and_on_near_black():
    assert min(contrast(palette.colour("ink"), ground) for ground in (WHITE, DARK)) >= 4.5


@pytest.mark.parametrize("name", [*QUANTITIES, "axis", "accent", "warn", "negative", "positive"])
def test_marks_can_be_seen_on_their_ground(name):
    assert contrast(palette.colour(name, "light"), WHITE) >= 3
    assert min(contrast(palette.colour(name, "dark"), ground) for ground in (DARK, *DARKER_GREYS)) >= 3
    assert min(contrast(palette.colour(name, "both"), ground) for ground in (WHITE, DARK)) >= 3


PAIRS = sorted(
    {pair for figure in FIGURES for pair in itertools.combinations(sorted(figure), 2)}
    | {("negative", "positive")}
)


@pytest.mark.parametrize("sight", SIMULATION)
@pytest.mark.parametrize("ground", palette.GROUNDS)
@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_colours_of_one_figure_stay_apart(pair, ground, sight):
    one, other = (lab(np.array(SIMULATION[sight]) @ linear(palette.colour(name, ground))) for name in pair)
    assert ciede2000(one, other) >= APART


def test_what_is_a_gradient_is_one_family():
    """grad and grad_c lie within 25° of hue, and differ in lightness."""
    for ground in palette.GROUNDS:
        (L1, *ab1), (L2, *ab2) = (lab(linear(palette.colour(name, ground))) for name in ("grad", "grad_c"))
        turn = abs(np.angle(complex(*ab1) / complex(*ab2), deg=True))
        assert turn < 25 and abs(L1 - L2) > 8


def test_zero_is_clear_on_every_ground():
    assert set(read_json("palette")["zero"].values()) == {"#00000000"}


def test_css_names_every_colour_for_light_and_dark():
    css = palette.css()
    for name, tones in read_json("palette").items():
        variable = f"--rnn-{name.replace('_', '-')}"
        assert re.findall(rf"{variable}: ([^;]+);", css) == [tones["light"], tones["dark"], tones["dark"]]


def test_unknown_names_are_refused():
    with pytest.raises(KeyError, match="there is no colour 'hh'"):
        palette.colour("hh")
    with pytest.raises(ValueError, match="ground is 'grey'; expected one of light, dark, both"):
        palette.colour("h", "grey")


def test_the_style_is_taken_by_matplotlib_and_is_clear():
    with matplotlib.rc_context(palette.style()):
        assert matplotlib.rcParams["savefig.facecolor"] == "none"
        assert matplotlib.rcParams["axes.prop_cycle"].by_key()["color"][0] == palette.colour("h")
    width = palette.style()["figure.figsize"][0]
    assert palette.style()["font.size"] / 72 / width * 350 >= 11  # px, on a phone whose text is 350 px wide


def test_the_diverging_map_is_clear_at_zero_and_full_at_both_ends():
    colours = palette.diverging()
    assert colours(0.5)[3] < 0.01
    assert colours(0.0)[3] == colours(1.0)[3] == 1.0
    assert colours(0.25)[3] == pytest.approx(colours(0.75)[3], abs=0.01)
