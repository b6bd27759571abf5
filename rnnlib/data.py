"""Small real sequences that ship with Python or matplotlib, and the book's running example."""

import codecs
import contextlib
import datetime
import io
from importlib import import_module

import numpy as np

from . import _validate
from ._validate import need, need_kind
from .cells.rnn import RNN
from .layers.readout import Readout
from .tasks import Batch


def zen():
    """Return the Zen of Python (Tim Peters, PEP 20) as text.

    >>> zen().splitlines()[0]
    'The Zen of Python, by Tim Peters'
    """
    with contextlib.redirect_stdout(io.StringIO()):  # importing `this` prints
        import this
    return codecs.decode(this.s, "rot13")


def python_reference():
    """Return the Python reference's topics, what help("topics") shows, as one text of about half a million characters.

    It ships with Python and changes with its version.

    >>> len(python_reference()) > 400_000
    True
    """
    from pydoc_data.topics import topics

    return "\n".join(topics[name] for name in sorted(topics))


def encode(text):
    """Number the characters of a text: return (ints, vocabulary).

    ints (T,) are places in the vocabulary, the sorted list of the text's characters. TypeError for what is not
    text, ValueError for an empty one.

    >>> encode("hello")
    (array([1, 0, 2, 2, 3]), ['e', 'h', 'l', 'o'])
    """
    need_kind(isinstance(text, str), "text", text, "a str")
    need(text, "text is empty; expected at least one character")
    vocabulary = sorted(set(text))
    place = {character: i for i, character in enumerate(vocabulary)}
    return np.array([place[character] for character in text]), vocabulary


def one_hot(ints, V):
    """Turn whole numbers of any shape into rows of V zeros with a single 1: shape (*ints.shape, V).

    ValueError for numbers outside 0 to V − 1, TypeError for what is not whole.

    >>> one_hot([2, 0], 3)
    array([[0., 0., 1.],
           [1., 0., 0.]])
    """
    V = _validate.count(V, "V")
    ints = _validate.integers(ints, "ints", f"whole numbers from 0 to {V - 1}")
    for i in ints[(ints < 0) | (ints >= V)].flat:
        raise ValueError(f"ints holds {i}; expected whole numbers from 0 to V − 1 = {V - 1}")
    return np.eye(V)[ints]


def lines_as_batch(lines, vocabulary):
    """Lay lines of text side by side as a tasks.Batch, each character with the one that follows it as the target.

    x (T, B, V) one-hot, targets (T, B), lengths (B,) and mask (T, B), True where a line goes on; beyond, all is 0. T is
    the longest line's length less 1. ValueError for no lines, a line without two characters or one outside vocabulary.

    >>> x, targets, lengths, mask = lines_as_batch(["abc", "ba"], ["a", "b", "c"])
    >>> targets.T.tolist(), lengths.tolist(), mask.T.tolist()
    ([[1, 2], [0, 0]], [2, 1], [[True, True], [True, False]])
    """
    lengths = np.array([len(line) - 1 for line in lines])
    need(
        lengths.size and lengths.min() > 0,
        "lines is empty, or has a line without two characters; expected text",
    )
    unknown = sorted(set("".join(lines)) - set(vocabulary))
    need(not unknown, f"lines holds {unknown}; expected characters of the vocabulary")
    T, place = lengths.max(), {character: i for i, character in enumerate(vocabulary)}
    codes = np.zeros((T + 1, len(lines)), int)
    for b, line in enumerate(lines):
        codes[: len(line), b] = [place[character] for character in line]
    mask = np.arange(T)[:, None] < lengths
    x = one_hot(codes[:-1], len(vocabulary)) * mask[:, :, None]
    return Batch(x, codes[1:] * mask, lengths, mask)


def google_prices():
    """Return Google's share price from August 2004 to October 2008: (dates, prices), one entry a trading day.

    dates (N,) datetime64[D]; prices (N,) in US dollars, adjusted for splits and dividends. The numbers are
    matplotlib's sample data; ImportError where matplotlib is not installed.

    >>> dates, prices = google_prices()
    >>> str(dates[0]), len(prices) == len(dates)
    ('2004-08-19', True)
    """
    try:
        from matplotlib.cbook import get_sample_data
    except ImportError as error:
        raise ImportError("google_prices reads matplotlib's sample data; expected matplotlib to be installed: "
                          "pip install matplotlib") from error  # fmt: skip
    with get_sample_data("goog.npz") as sample:
        table = sample["price_data"]
    return table["date"].astype("datetime64[D]"), table["adj_close"].astype(np.float64)


COUNTRIES = {"Croatia": "hr_HR", "Estonia": "et_EE", "Finland": "fi_FI", "France": "fr_FR",
             "Germany": "de_DE", "Italy": "it_IT", "Netherlands": "nl_NL", "Slovakia": "sk_SK",
             "Spain": "es_ES", "Sweden": "sv_SE"}  # fmt: skip


def surnames(n, rng):
    """Draw n surnames from each of ten countries: (names, labels, countries), shuffled, no name twice.

    names is a list of str, labels (10 n,) ints, places in the list countries; a name that two of the countries share
    is left out. The names are Faker's; ImportError where it is not installed. ValueError if n is more
    than the smallest country has (some hundreds).

    >>> names, labels, countries = surnames(5, rng=0)
    >>> len(names), countries[:2]
    (50, ['Croatia', 'Estonia'])
    """
    rng, n = _validate.generator(rng), _validate.count(n, "n")
    known = [_last_names(locale) for locale in COUNTRIES.values()]
    own = [sorted(names.difference(*known[:i], *known[i + 1 :])) for i, names in enumerate(known)]
    least = min(map(len, own))
    need(n <= least, f"n is {n}; expected at most {least}, the names of the smallest country")
    drawn = [names[k] for names in own for k in rng.choice(len(names), n, replace=False)]
    order = rng.permutation(len(drawn))
    return [drawn[k] for k in order], order // n, list(COUNTRIES)


def _last_names(locale):
    try:
        return set(import_module(f"faker.providers.person.{locale}").Provider.last_names)
    except ImportError as error:
        raise ImportError("surnames are Faker's; expected it to be installed: pip install faker") from error


MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
          "November", "December"]  # fmt: skip
SPELLINGS = ("{d} {month} {y}", "{month} {d}, {y}", "{d}{th} of {month} {y}", "{mon} {d} {y}", "{d} {mon} '{y2:02}",
             "{d}.{m}.{y}", "{m}/{d}/{y}", "{d:02}-{mon}-{y}", "{y}, {month} {d}", "{y}{m:02}{d:02}")  # fmt: skip


def dates(n, rng):
    """Draw n dates from 1950 to 2049, as people write them and as the standard does: (spellings, ISO 8601 dates).

    Ten spellings, alike in frequency; with dots the day comes first, with slashes the month.

    >>> dates(2, rng=0)
    (['24.1.2035', '12th of September 2013'], ['2035-01-24', '2013-09-12'])
    """
    rng, n = _validate.generator(rng), _validate.count(n, "n")
    days = rng.integers(datetime.date(1950, 1, 1).toordinal(), datetime.date(2050, 1, 1).toordinal(), n)
    chosen = [datetime.date.fromordinal(int(day)) for day in days]
    kinds = rng.integers(0, len(SPELLINGS), n)
    return [_spell(SPELLINGS[k], day) for k, day in zip(kinds, chosen)], [day.isoformat() for day in chosen]


def _spell(spelling, day):
    th = "th" if 11 <= day.day <= 13 else {1: "st", 2: "nd", 3: "rd"}.get(day.day % 10, "th")
    month = MONTHS[day.month - 1]
    return spelling.format(
        d=day.day, m=day.month, y=day.year, y2=day.year % 100, month=month, mon=month[:3], th=th
    )


THINGS = ["film", "book", "meal", "song", "play", "hotel", "concert", "service"]
BLAME = ["awful", "bad", "boring", "cold", "dull", "poor", "sad", "weak"]
PRAISE = ["brilliant", "charming", "fine", "good", "great", "lovely", "strong", "warm"]
DEGREES = ["", "", "so ", "very ", "really "]
PHRASES = [  # by whether the word's own sense is turned round: {w} the word, {o} one of the other sense
    ["the {s} was {d}{w}", "I found the {s} {d}{w}", "the {s} is {w} and not {o}", "it is true that the {s} was {w}",
     "I do not think that the {s} was not {w}", "nobody says that the {s} was never {w}"],
    ["the {s} was not {d}{w}", "I never found the {s} {w}", "the {s} was not {w} at all", "the {s} is not {w} but {o}",
     "I do not think that the {s} was {d}{w}", "nobody says that the {s} was {d}{w}"],
]  # fmt: skip


def sentiment(n, rng):
    """Draw n sentences of a small grammar and their labels (n,), 1 for praise and 0 for blame.

    Half of the sentences turn their word's sense round by a negation ("not bad at all"), and some turn it round
    twice: no word alone says anything about the label. Made here, as no labelled sentences ship with Python.

    >>> sentiment(2, rng=0)
    (['I never found the film awful', 'I do not think that the play was very lovely'], array([1, 0]))
    """
    rng, n = _validate.generator(rng), _validate.count(n, "n")
    turned, labels = rng.integers(0, 2, (2, n))
    return [_sentence(int(a), int(b), rng) for a, b in zip(turned, labels ^ turned)], labels


def _sentence(turned, sense, rng):
    pick = lambda options: options[rng.integers(len(options))]
    own, other = (PRAISE, BLAME) if sense else (BLAME, PRAISE)
    return pick(PHRASES[turned]).format(w=pick(own), o=pick(other), s=pick(THINGS), d=pick(DEGREES))


def two_unit_example():
    """Return the book's running example: (cell, readout, x), with D = 1, H = 2, O = 1, T = 5, B = 1 and h_0 = 0.

    >>> cell, readout, x = two_unit_example()
    >>> cell.forward(x).h[1].round(4)
    array([[ 0.7616, -0.3799]])
    """
    cell, readout = RNN(1, 2, rng=0), Readout(2, 1, rng=0)
    cell.params["W_xh"][...] = [[1.0, -0.5]]
    cell.params["W_hh"][...] = [[0.8, 0.3], [-0.4, 0.6]]
    cell.params["b_h"][...] = [0.0, 0.1]
    readout.params["W_hy"][...] = [[1.0], [-1.0]]
    readout.params["b_y"][...] = [0.0]
    x = np.array([1.0, 0.5, -1.0, 0.0, 2.0]).reshape(5, 1, 1)
    return cell, readout, x
