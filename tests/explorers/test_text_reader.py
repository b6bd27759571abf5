"""TextReader: the page's numbers and words against rnnlib's, its landmarks by plain loops, what it refuses."""

import io
import json
import math
import re

import numpy as np
import pytest
import traitlets
from matplotlib.image import imread

from rnnlib.explorers import TextReader, joiner, palette, runs, specs
from rnnlib.explorers.base import MIME

SPEC = specs.read_spec("text-reader")
LANDMARKS = list(SPEC["landmarks"])
RUN = runs.load("reference_text")
SYMBOLS = str(RUN["vocabulary"])


@pytest.fixture(scope="module")
def page(script):
    """The page's model with the stored run, decoded by the page's own functions: page(settings, expression)."""
    packed = runs.packed("reference_text")
    lists = {key: list(packed[key]) for key in ("float16", "int8")}
    script.racer.eval(f"globalThis.textRun = {json.dumps({**packed, **lists})};"
                      "for (const key of ['float16', 'int8']) textRun[key] = Uint8Array.from(textRun[key]);"
                      "globalThis.textReader = modules['text-reader-model'].makeReader(textRun)")  # fmt: skip

    def asked(settings, expression):
        return script.value(
            f"((model) => ((result) => {expression})(model.compute(state, textReader)))"
            '(modules["text-reader-model"])',
            state=TextReader(**settings).settings,
        )

    return asked


def random_settings(count=30):
    rng = np.random.default_rng(7)
    pages = "".join(runs.load("reference_text")["vocabulary"].item()) + 'éQ the "class" (x), '
    for _ in range(count):
        yield {
            "text": "".join(rng.choice([*pages], rng.integers(0, 60))),
            "colour": str(rng.choice(["unit", "surprise"])),
            "unit": int(rng.integers(128)),
            "shown": str(rng.choice(["memory", "state"])),
            "back": int(rng.integers(70)),
            "temperature": float(rng.integers(1, 21)) / 10,
            "seed": int(rng.integers(10000)),
        }


SETTINGS = [{}, *(SPEC["landmarks"][key]["settings"] for key in LANDMARKS), *random_settings()]


# ---- Plain loops over the stored numbers ----


def sigma(a):
    return 1 / (1 + np.exp(-a))


def weights(name):
    """A matrix or a bias from the file itself: whole numbers times their column's scale."""
    stored = RUN[name].astype(float)
    return stored * RUN[f"{name}.scale"].astype(float) if f"{name}.scale" in RUN else stored


def plain(text):
    """(h, tanh c, ŷ) of each step of a text."""
    W_xh, W_hh, b_h, W_hy, b_y = map(weights, ("W_xh", "W_hh", "b_h", "W_hy", "b_y"))
    h, c, steps = np.zeros(128), np.zeros(128), []
    for one in text:
        code = SYMBOLS.index(one) if one in SYMBOLS else len(SYMBOLS) - 1
        i, f, g, o = np.split(W_xh[code] + h @ W_hh + b_h, 4)
        c = sigma(f) * c + sigma(i) * np.tanh(g)
        h = sigma(o) * np.tanh(c)
        odds = np.exp(h @ W_hy + b_y)
        steps.append((h, np.tanh(c), odds / odds.sum()))
    return [np.array(part) for part in zip(*steps)]


def plain_surprise(text):
    chances = plain(text)[2]
    return np.array([-math.log(chances[t, SYMBOLS.index(text[t + 1])]) for t in range(len(text) - 1)])


# ---- Alike in both languages ----


@pytest.mark.parametrize("settings", SETTINGS)
def test_the_sentence_is_the_same_in_both_languages(page, settings):
    assert page(settings, "model.describe(state, result)") == TextReader(**settings).sentence


@pytest.mark.parametrize("settings", [one for one in SETTINGS if one.get("text", "x")])
def test_the_numbers_are_rnnlibs(page, settings):
    explorer = TextReader(**settings)
    found = page(
        settings, "({ surprise: result.surprise, values: result.values, next: result.next, t: result.t })"
    )
    assert found["t"] == explorer.reading.t
    assert found["surprise"] == pytest.approx(explorer.surprise.tolist(), rel=1e-10, abs=1e-12)
    assert found["next"] == pytest.approx(explorer.reading.next.tolist(), rel=1e-10, abs=1e-12)
    values = explorer.reading.values(explorer.unit, explorer.shown)
    assert found["values"] == pytest.approx(values.tolist(), rel=1e-10, abs=1e-12)


def test_all_units_are_rnnlibs_after_a_change_in_the_middle(page):
    texts = ["The class is a class.", "The clast is a class.", "The clast is a", "The clast is a mapping."]
    for text in texts:  # the page keeps what it has read, and reads again from where the texts part
        states = page({"text": text}, f"Array.from(textReader.h.subarray(128, {128 * (len(text) + 1)}))")
        assert np.array(states).reshape(-1, 128) == pytest.approx(
            TextReader(text=text).trace.h[1:, 0], rel=1e-10
        )


STEPS = """((model) => {
  const [reader, taken] = [model.makeReader(textRun), []];
  const { read } = reader;
  for (const text of texts) {
    taken.push(0);
    reader.read = (t, code) => (taken[taken.length - 1] += read(t, code));
    model.compute({ ...state, text }, reader);
  }
  return taken;
})(modules["text-reader-model"])"""


def test_a_text_is_read_again_only_from_where_it_has_changed(page, script):
    page({}, "0")
    texts = ["It is a class", "It is a class", "It is a class;", "It was a class"]
    ahead = SPEC["ahead"]
    taken = script.value(STEPS, state=TextReader().settings, texts=texts)
    assert taken[:2] == [len(texts[0]) + ahead, 0]  # what it writes behind the text is read as well
    assert taken[2] == 1 + ahead
    assert taken[3] == len("was a class") + ahead


@pytest.mark.parametrize("goal", SPEC["goals"])
def test_goals_are_judged_alike(page, goal):
    for settings in SETTINGS:
        reached, words = page(settings, f"model.goals[{json.dumps(goal)}](state, result)")
        assert TextReader(**settings).reached(goal) == (reached, words)


def test_without_its_run_the_page_says_so(script):
    said = script.value("((model) => model.describe(state, model.compute(state, null)))(modules['text-reader-model'])",
                        state=TextReader().settings)  # fmt: skip
    assert said == "The weights of the model are on their way."


# ---- Landmarks, by plain loops ----


def test_a_page_of_the_reference_costs_a_fraction_of_a_blind_guess():
    explorer = TextReader.landmark("quotes")
    expected = plain_surprise(explorer.text)
    assert explorer.surprise == pytest.approx(expected, rel=1e-10)
    assert expected.mean() < 1.1 < math.log(len(SYMBOLS))
    assert f"{expected.mean():.3f} nats" in explorer.sentence


def test_the_unit_of_quotes_is_higher_within_them():
    text = TextReader.landmark("quotes").text
    state = plain(text)[0][:, 71]
    inside = np.array([text[: t + 1].count('"') % 2 == 1 for t in range(len(text))])
    assert state[inside].mean() - state[~inside].mean() > 0.5


def test_the_unit_of_words_rises_along_a_word():
    text = TextReader.landmark("along-the-word").text
    letters = [
        len(text[: t + 1]) - len(text[: t + 1].rstrip("abcdefghijklmnopqrstuvwxyzI"))
        for t in range(len(text))
    ]
    assert np.corrcoef(plain(text)[0][:, 112], letters)[0, 1] > 0.5


def test_one_guess_is_left_after_def_init_sel():
    explorer = TextReader.landmark("sure")
    chances = plain("def __init__(sel")[2][-1]
    assert chances.argmax() == SYMBOLS.index("f") and chances.max() > 0.95
    assert explorer.expected(1) == [("f", round(chances.max(), 4))]


def test_a_made_up_word_surprises_as_much_the_second_time(page):
    text = TextReader.landmark("made-up-word").text
    surprise, places = plain_surprise(text), [text.find("quompf"), text.rfind("quompf")]
    first, second = (surprise[at : at + 5].mean() for at in places)
    assert second > 0.9 * first > math.log(len(SYMBOLS))
    asked = SPEC["prediction"]["settings"]
    assert page(asked, "model.outcome(state, result)") == 1
    assert page(asked, "model.madeUp(state, result)") == pytest.approx([first, second], rel=1e-10)


def test_a_low_temperature_sharpens_what_is_expected():
    chances = plain("The ")[2][-1]
    cold = chances ** (1 / 0.2)
    found = dict(TextReader.landmark("cold").expected(3))
    for one, chance in found.items():
        assert chance == pytest.approx(cold[SYMBOLS.index(one)] / cold.sum(), abs=5e-5)
    assert max(found.values()) > chances.max() + 0.3


# ---- What it writes ----


def test_what_it_writes_is_drawn_once_and_for_all():
    one = TextReader(text="The ", seed=3)
    written = one.write_on(30)
    assert written == one.write_on(30) and written.startswith(one.write_on(7))
    assert TextReader(text="The " + written[:9], seed=3).write_on(21) == written[9:]
    assert written != TextReader(text="The ", seed=4).write_on(30)


def test_at_a_low_temperature_it_writes_what_is_likeliest():
    text, greedy = "def __ini", ""
    for _ in range(4):
        greedy += SYMBOLS[plain(text + greedy)[2][-1].argmax()]
    assert TextReader(text=text, temperature=0.1, seed=1).write_on(4) == greedy == "t__("


def test_characters_come_as_often_as_they_are_likely():
    chances = plain("a ")[2][-1]
    drawn = [TextReader(text="a ", seed=seed).write_on(1) for seed in range(300)]
    for one in np.argsort(-chances)[:4]:
        assert drawn.count(SYMBOLS[one]) / 300 == pytest.approx(
            chances[one], abs=0.08
        )  # nearly three deviations


# ---- What Python hands out ----


def test_trace_and_grads_are_rnnlibs():
    explorer = TextReader(text="the class")
    assert explorer.trace.h.shape == (10, 1, 128)
    assert explorer.trace.h[1:, 0] == pytest.approx(plain("the class")[0], rel=1e-10)
    assert explorer.grads.params["W_hh"].shape == (128, 512)
    assert np.all(explorer.grads.h[9] == 0)  # what follows the last character is not known
    assert explorer.net.params["1.W_hy"] is not explorer.net.params["1.W_hy"]


def test_goals_can_be_reached():
    sure = TextReader(text="The function returns the value of the argum", goal="certain")
    assert sure.reached()[0]
    assert not TextReader(goal="certain", text="The").reached()[0]
    assert TextReader(text="quick foxes vex zyxgar bvltx").reached("worse-than-blind")[0]
    assert not TextReader(text="z" * 30).reached("worse-than-blind")[0]  # not ten different ones


@pytest.mark.parametrize(
    ("settings", "error", "words"),
    [
        ({"text": "x" * 241}, traitlets.TraitError, "at most 240"),
        ({"unit": 128}, traitlets.TraitError, "from 0 to 127"),
        ({"colour": "unti"}, traitlets.TraitError, "unit"),
        ({"txt": "a"}, TypeError, "did you mean 'text'"),
    ],
)
def test_refuses_what_it_does_not_take(settings, error, words):
    with pytest.raises((error, ValueError), match=words):
        TextReader(**settings)


def test_an_empty_text_is_said_to_be_empty():
    empty = TextReader(text="")
    assert empty.sentence == "Nothing to read yet: type a text."
    assert empty.surprise.shape == (0,)
    with pytest.raises(ValueError, match="text is empty"):
        _ = empty.trace


@pytest.mark.parametrize("key", LANDMARKS)
def test_the_picture_shows_something(key):
    image = imread(io.BytesIO(TextReader.landmark(key).picture()))
    assert image[..., 3].max() > 0.9 and image.shape[1] == 800


def test_a_notebook_stores_settings_and_no_weights():
    data, _ = TextReader(text="the class", unit=3)._repr_mimebundle_()
    assert data[MIME]["settings"] == {"text": "the class", "unit": 3}
    assert len(json.dumps({**data, "image/png": ""})) < 5000


# ---- What it looks like ----


def luminance(colour):
    channels = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour]
    return float(np.dot(channels, [0.2126, 0.7152, 0.0722]))


def contrast(one, other):
    high, low = sorted(map(luminance, (one, other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("ground", ["light", "dark"])
@pytest.mark.parametrize("tone", ["positive", "negative", "y"])
def test_coloured_text_can_be_read(tone, ground):
    css = (joiner.FOLDER / "text-reader.css").read_text(encoding="utf-8")
    share = int(re.search(rf"var\(--rnn-{tone}\) calc\(var\(--rnn-size\) \* (\d+)%\)", css)[1]) / 100
    rgb = lambda name: np.array([int(palette.colour(name, ground)[k : k + 2], 16) / 255 for k in (1, 3, 5)])
    behind = share * rgb(tone) + (1 - share) * rgb("ground")
    assert contrast(rgb("ink"), behind) >= 4.5
    assert contrast(rgb("ground"), behind) > 1.4  # and the colour is seen
