"""One colour for each quantity, in the maths, the figures and the explorers: read from `js/palette.js`."""

from rnnlib.explorers.specs import read_json

GROUNDS = ("light", "dark", "both")

# Who says that the page is dark: the book's theme, JupyterLab, VS Code; a reader's system where nobody says.
DARK = (
    'html[data-theme="dark"]',
    '[data-jp-theme-light="false"]',
    "body.vscode-dark",
    "body.vscode-high-contrast:not(.vscode-high-contrast-light)",
)
UNSAID = "html:not([data-theme]):not(:has(body[data-jp-theme-light])):not(:has(body[data-vscode-theme-kind]))"


def colour(name, ground="both"):
    """Return the colour of a quantity ("x", "h", "c", "y", "grad", "i", …) or a role ("ink", "axis", …) as #rrggbb.

    `ground` is "light", "dark", or "both" for a picture that must read on either. KeyError for an unknown name.

    >>> colour("h").startswith("#")
    True
    """
    colours = read_json("palette")
    if name not in colours:
        raise KeyError(f"there is no colour {name!r}; expected one of {', '.join(colours)}")
    if ground not in GROUNDS:
        raise ValueError(f"ground is {ground!r}; expected one of {', '.join(GROUNDS)}")
    return colours[name][ground]


def css():
    """Return the palette as CSS custom properties, --rnn-h and so on, for light and dark pages."""
    light, dark = properties("light"), properties("dark")
    return (
        f":root {{ {light} }}\n"
        f"{', '.join(DARK)} {{ {dark} }}\n"
        f"@media (prefers-color-scheme: dark) {{ {UNSAID} {{ {dark} }} }}\n"
    )


def properties(ground):
    """Return the custom properties of one ground: --rnn-h, --rnn-ground and so on."""
    colours = {name.replace("_", "-"): tones[ground] for name, tones in read_json("palette").items()}
    return " ".join(f"--rnn-{name}: {tone};" for name, tone in colours.items())


def style():
    """Return matplotlib's rcParams for the book's figures: transparent, thin axes, ink that reads on both grounds.

    Use it as `with matplotlib.rc_context(style()):` or `plt.rcParams.update(style())`. A figure is 5 inches wide, so
    that its text stays readable when a phone shows it 350 pixels wide. Lines cycle through h, grad, x, y, c, f.
    """
    ink, axis, clear = colour("ink"), colour("axis"), "none"
    cycle = ", ".join(repr(colour(name)) for name in ("h", "grad", "x", "y", "c", "f"))
    return {
        "figure.figsize": (5.0, 2.8),
        "figure.dpi": 160,
        "savefig.dpi": 160,
        "savefig.transparent": True,
        "figure.facecolor": clear,
        "axes.facecolor": clear,
        "savefig.facecolor": clear,
        "figure.constrained_layout.use": True,
        "font.size": 12,
        "axes.titlesize": 12,
        "axes.labelsize": 13,
        "mathtext.fontset": "cm",
        "text.color": ink,
        "axes.labelcolor": ink,
        "axes.titlecolor": ink,
        "xtick.labelcolor": ink,
        "ytick.labelcolor": ink,
        "axes.edgecolor": axis,
        "xtick.color": axis,
        "ytick.color": axis,
        "axes.linewidth": 0.7,
        "xtick.major.width": 0.7,
        "ytick.major.width": 0.7,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": False,
        "grid.color": "#808080",
        "grid.alpha": 0.25,
        "grid.linewidth": 0.6,
        "lines.linewidth": 1.6,
        "lines.markersize": 5,
        "legend.frameon": False,
        "image.cmap": "gray",
        "axes.prop_cycle": f"cycler('color', [{cycle}])",
    }


def diverging():
    """Return the matplotlib colour map for signed values: clear at 0, so that it fades into any ground.

    Use it with limits that lie evenly about 0. ImportError without matplotlib.
    """
    from matplotlib.colors import LinearSegmentedColormap, to_rgb

    negative, positive = to_rgb(colour("negative")), to_rgb(colour("positive"))
    stops = [
        (0.0, (*negative, 1.0)),
        (0.5, (*negative, 0.0)),
        (0.5, (*positive, 0.0)),
        (1.0, (*positive, 1.0)),
    ]
    return LinearSegmentedColormap.from_list("rnn_diverging", stops)
