"""Every explorer on the site, used as a reader uses it: keyboard, links, address, phone, no JavaScript."""

import re

import numpy as np
import pytest
from live import Live, asking, drawings, first_of_each, settings_of, stored, with_goals

import rnnlib
from rnnlib.explorers import runs
from rnnlib.explorers.specs import defaults, read_spec

every_explorer = pytest.mark.parametrize(("page", "key", "name"), drawings())
each_kind = pytest.mark.parametrize(("page", "key", "name"), first_of_each())
every_question = pytest.mark.parametrize(
    ("page", "key"), [(page, key) for page, key, name in stored() if name == "question"]
)
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
IN_VIEW = """(root) => {
  const { top, bottom } = root.getBoundingClientRect();
  return top < innerHeight && bottom > 0;
}"""
FAR_PAGE, FAR_FIGURE = "chapters/08_vanishing_and_exploding_gradients.html", "gradient-norm"
FAR_LINK = f"#explore/{FAR_FIGURE}/every-step"  # some screens below the figure

CONTROLS = [(*one, control["name"]) for one in first_of_each() for control in read_spec(one[2])["controls"]]
LANDMARKS = [(*one, landmark) for one in first_of_each() for landmark in read_spec(one[2])["landmarks"]]

# Where a control says nothing at the default settings, the settings under which it does.
PREPARE = {
    ("scalar-recurrence", "u"): {"input": "pulse"},
    ("scalar-recurrence", "seed"): {"input": "noise"},
    ("hidden-states", "checkpoint"): {"mode": "run"},
    ("jacobian-product", "seed"): {"noise": 0.5},
    ("gradient-norm", "at"): {"loss": "one"},
    ("gradient-norm", "forget_bias"): {"cell": "lstm"},
    ("gates", "r"): {"cell": "gru"},
    ("gates", "z"): {"cell": "gru"},
    ("gates", "reset"): {"cell": "gru"},
    ("phase-plane", "u1"): {"input": "pulse"},
    ("phase-plane", "u2"): {"input": "pulse"},
    ("phase-plane", "seed"): {"input": "noise"},
    **{
        ("bptt-stepper", name): {"step": 13} for name in ("w", "of", "loss", "activation", "u", "b", "x", "y")
    },
    ("bptt-stepper", "rate"): {"train": 20},
    ("loss-cliff", "clipping"): {"steps": 60},
    ("learn-live", "rate"): {"steps": 100},
    ("learn-live", "clip"): {"steps": 100},
    ("loss-cliff", "rate"): {"steps": 60},
    ("loss-cliff", "max_norm"): {"steps": 60},
    ("connectivity", "k"): {"symbol": "X"},
}

# Controls that by their nature leave the sentence or the drawing as it is, and why.
SAME_SENTENCE = {}
SAME_DRAWING = {}

# What the sentence must say at each landmark. The numbers come from loops of a few lines outside rnnlib.
FACTS = {
    ("scalar-recurrence", "fades"): r"from 0\.9 to the fixed point 0\. .* 0\.5: \|slope\| < 1",
    (
        "scalar-recurrence",
        "two-futures",
    ): r"from 0\.1 to the fixed point 0\.859\b.* 0\.394:",  # 1.5 (1 − 0.859²)
    ("scalar-recurrence", "other-future"): r"from −0\.1 to the fixed point −0\.859\b.* 0\.394:",
    ("scalar-recurrence", "flips"): r"between −0\.859 and 0\.859 for ever: period two.* −1\.5:",
    ("scalar-recurrence", "remembers"): r"from 0 to 1 at t = 1; from there h keeps 1 for ever",
    ("scalar-recurrence", "grows"): r"runs away: 0\.985 at t = 24",  # 0.1 × 1.1²⁴
    (
        "scalar-recurrence",
        "critical",
    ): r"is at 0\.155 after 60 steps.* like a power of t",  # near √(3 / (2 × 60))
    ("unroll", "folded"): r"one cell with a loop and 11 parameters",  # 2 + 4 + 2 + 2 + 1
    ("unroll", "unrolled"): r"drawn 5 times with the same 11 parameters.* = 1\.567",
    ("unroll", "longer"): r"drawn 8 times, and still 11 parameters.* = −0\.871",
    ("unroll", "many-to-one"): r"only the last .* = 1\.567",
    ("unroll", "one-to-many"): r"Only x₁ is given.* = 1\.617",
    ("hidden-states", "zen"): r"no \|h\| lies beyond 0\.9.* ln 45 = 3\.81: nothing has been learned",
    ("hidden-states", "forgetful"): r"little more than a picture of the present.* nothing has been learned",
    ("hidden-states", "saturated"): r"\d\d % of all \|h\| lie beyond 0\.9, pressed against the limit",
    ("hidden-states", "untrained"): r"before training.* ln 45 = 3\.81: it still guesses",
    ("hidden-states", "trained"): r"after 3000 steps of training.* where a word begins, most is left open",
    ("jacobian-product", "vanishes"): r"is 1\.14 × 10⁻¹⁸\. .* = 0\.707 < 1: .* vanishing is certain",
    ("jacobian-product", "orthogonal"): r"Both singular values stay 1 at every lag",
    ("jacobian-product", "transient"): r"19\.379 at lag 9 .* from lag 55 on it is below 1.*ρ\(W\) = 0\.9",
    ("jacobian-product", "chaotic"): r"∂h₅₀/∂h₀‖ is 1\.1 × 10¹¹\. ρ\(W\) = 0 < 1 .* = 6 > 1",
    ("jacobian-product", "dead"): r"J₁ J₂ is exactly 0.* ρ\(W\) = 0 .* = 6",
    ("phase-plane", "fades"): r"stable fixed point \(0, 0\), .* is 0\.75: .*half-axes 0\.000307",
    (
        "phase-plane",
        "latch",
    ): r"\(0\.859, 0\.859\), .* is 0\.394: .*\(−0\.859, −0\.859\).*half-axes 3\.15 × 10⁻⁷",
    ("phase-plane", "rotates"): r"goes round .* \|λ\| = 1\.2 .*half-axes 0\.242",
    ("phase-plane", "saddle"): r"‖∂h₈/∂h₀‖ is 13\.4, for the saddle \(0, 0\).* end elsewhere",
    ("phase-plane", "ellipse"): r"half-axes 0\.363 and 0\.0267\.",
    ("gradient-norm", "flat"): r"stays 1 from h₅₀ back to h₀: flat\. Every singular value of W is 1",
    (
        "gradient-norm",
        "vanishes",
    ): r"to 9\.52 × 10⁻¹⁹ at h₀: it vanishes\. sₘₐₓ = 0\.5 < 1: .* more than 0\.5\.",
    ("gradient-norm", "explodes"): r"from 1 at h₅₀ to 3228 at h₀: it explodes\. ρ = 2 and sₘₐₓ = 2",
    ("gradient-norm", "saturates"): r"to 8\.8 × 10⁻⁶ at h₀: it vanishes\. ρ = 2 and sₘₐₓ = 2",
    (
        "gradient-norm",
        "transient",
    ): r"to 18\.6 at h₃₃, then shrinks to 0\.0044 at h₀\. ρ = 0\.6 < 1, but sₘₐₓ = 1\.38",
    (
        "gradient-norm",
        "every-step",
    ): r"The total is 0\.844 at h₀.* the part of L₅₀ shrinks .* to 9\.52 × 10⁻¹⁹",
    (
        "gradient-norm",
        "lstm",
    ): r"from 0\.438 at c₅₀ to 8\.06 × 10⁻⁵ at c₀: it vanishes\. f .* ∏f, brings 7\.45 × 10⁻⁸",
    (
        "gradient-norm",
        "lstm-open",
    ): r"from 0\.0228 at c₅₀ to 0\.0309 at c₀: much of it arrives\. f lets through 0\.991",
    ("gradient-norm", "gru"): r"to 1\.58 × 10⁻¹⁰ at h₀: it vanishes\. z lets through 0\.498 .* 1\.92 × 10⁻¹⁴",
    ("gates", "open"): r"f = 1: c keeps all that it has\. .* = 1 the direct path leaves ∏f = 1 at c₀",
    (
        "gates",
        "forget-bias-1",
    ): r"from 1 at t = 0 to 0\.0019 at t = 20\. .* ∏f = 0\.0019 at c₀, and so does",  # σ(1)²⁰
    ("gates", "closed-input"): r"is 0 at t = 20\. i = 0: nothing is written",
    (
        "gates",
        "no-output",
    ): r"o = 0: c is not shown, and h is 0\. .* ∂L/∂c₂₀ = 0: nothing of the loss comes to c",
    ("gates", "gru-hold"): r"is 0\.8 at t = 20\. z = 1: h holds what it has.* ∏z = 1 at h₀",
    ("gates", "reset-after"): r"is 0\.332 at t = 20\. .* With the reset before the product .* up to 0\.18\.",
    ("gates", "reset-before"): r"is 0\.506 at t = 20\. .* With the reset after the product .* up to 0\.18\.",
    ("truncation", "whole"): r"holds all T = 40, and nothing is cut\. .* it loses 0\.",
    ("truncation", "short"): r"keep 60 of the 820 pairs.* off by 0\.648 .* cosine 0\.783",
    (
        "truncation",
        "worse-than-nothing",
    ): r"off by 2\.66 .* cosine −0\.498: worse than no gradient at all.* raises L",
    ("truncation", "reset"): r"off by 0\.368 .* cosine 0\.953.* L is 22\.2, and 22\.4 with the state carried",
    ("bptt-stepper", "start"): r"nothing is computed yet\. Six steps lead forward, six back",
    (
        "bptt-stepper",
        "first-delta",
    ): r"t = 6: the loss adds −0\.421, nothing arrives.* δ₆ = −0\.421\. .* adds 0\.0595 to ∂L/∂w",
    (
        "bptt-stepper",
        "summed",
    ): r"∂L/∂w = −0\.679, with L = 0\.368; the largest, −0\.309, is that of step 2",
    ("bptt-stepper", "vanishes"): r"from −0\.413 at h₆ to −0\.000215 at h₀: it vanishes",
    ("bptt-stepper", "explodes"): r"from 21\.2 at h₆ to 720 at h₀: it explodes",  # 1.8⁶ = 34.0
    ("gradient-check", "correct"): r"is 7\.1 × 10⁻¹⁰, .* the check passes",
    ("gradient-check", "transposed"): r"is 1\.8, .* Wrong are W_xh, W_hh and b_h, right are W_hy and b_y",
    ("gradient-check", "not-summed"): r"is 1\.1, .* Wrong is W_hh, right are W_xh, b_h, W_hy and b_y",
    (
        "gradient-check",
        "rounding",
    ): r"10⁻¹¹ in float64 .* is 0\.00034, .* fails, though nothing is wrong.* rounding",
    (
        "gradient-check",
        "float32",
    ): r"10⁻⁵ in float32 .* is 0\.34, .* fails, though nothing is wrong.* 10⁻² is better",
    ("learn-live", "gru-learns"): r"After 150 steps .* the GRU at step 130; not the tanh RNN or the LSTM",
    ("learn-live", "before"): r"Before the first step .* 0\.00062 in the tanh RNN, 0\.00036 in the GRU",
    (
        "learn-live",
        "tanh-stays",
    ): r"the loss is 1\.39 for the tanh RNN, .* the GRU at step 130 and the LSTM at step 260; not the tanh RNN",
    (
        "learn-live",
        "too-fast",
    ): r"learning rate 0\.3, .* 1\.58 for the tanh RNN, .* 1\.4 for the LSTM.* the GRU at step 60; not",
    ("learn-live", "no-clipping"): r"no clipping, .* 0\.172 for the LSTM.* the GRU at step 140; not",
    ("learn-live", "forgetful"): r"biased by 0, .* None has learned the order.* 2\.2 × 10⁻⁸ in the GRU",
    ("loss-cliff", "cliff"): r"E = 0\.149604 and ‖∇E‖ = 6773: this is the cliff",
    ("loss-cliff", "beside"): r"E = 0\.0555855 and ‖∇E‖ = 0\.0555: the slope is gentle",
    (
        "loss-cliff",
        "thrown",
    ): r"from 0\.0556 to 0\.0899 in 60 steps\. Step 25, 5\.04 long, throws the weights to \(6\.29, 2\.48\)",
    (
        "loss-cliff",
        "clipped",
    ): r"to 0\.00247 in 60 steps, no step longer than 0\.5\. .* step 25 is 5\.04 long, and E ends at 0\.0899",
    (
        "connectivity",
        "relevant",
    ): r"largest at k = 10 and 28, 0\.55 and 0\.64, and at most 0\.29 elsewhere.* at k = 10 and 28 and nowhere else",
    (
        "connectivity",
        "gradient-is-not-importance",
    ): r"at k = 25, 9\.6 × 10⁻⁵, is the smallest of all 55\. .* flips the answer at k = 6 and 25 and nowhere",
    (
        "connectivity",
        "tanh-forgets",
    ): r"right on 24 % .* answers X Y, wrongly.* in the last step.* No replacement",
    ("connectivity", "other-order"): r"the class is X Y.* answers X Y, rightly; as drawn it was Y X",
    ("unroll", "informed"): r"= 1\.561.* by 0\.413 and .* by 0\.00586",
    ("text-reader", "quotes"): r"mean surprise is 0\.992 nats.* Unit 71, which follows “inside quotes”",
    ("text-reader", "along-the-word"): r"Unit 112, which follows “along the word” \(r = 0\.64",
    ("text-reader", "sure"): r"After “…__init__\(sel” at t = 16 it expects f 0\.965",
    (
        "text-reader",
        "made-up-word",
    ): r"expects e 0\.494, ␣ 0\.392.* what comes is p, a surprise of 6\.63 nats",
    (
        "text-reader",
        "cold",
    ): r"expects \" 0\.994.* at temperature 0\.2\. From the end it would write “\"__contains_”",
}

# Settings that reach the goals set in the chapters' exercises.
SOLUTIONS = {
    ("scalar-recurrence", "remember-pulse"): {"w": 1.5, "u": 1},
    ("unroll", "negative-output"): {"h0": [-1, 1]},
    (
        "jacobian-product",
        "explodes-with-small-rho",
    ): {"g": 3, "m11": 1, "m12": -1, "m21": 1, "m22": -1, "b1": -1.5, "b2": 3, "start1": 0, "start2": 0},
    ("phase-plane", "latch"): {"g": 1, "b1": 0.1},
    ("gradient-norm", "grows-below-one"): {"g": 0.6, "s": 0.8, "activation": "identity"},
    ("gradient-norm", "vanishes-above-one"): {"g": 1.5},
    ("gates", "hold"): {"T": 40, "forget_bias": 7},
    ("gates", "explodes"): {"i": "1", "f": "1", "o": "1", "gain": 2},
    ("truncation", "worse-than-nothing"): {"gain": 2, "window": 30},
    ("truncation", "reach-beats-cuts"): {"meaning": "reach"},
    (
        "bptt-stepper",
        "earliest-largest",
    ): {"loss": "last", "w": 1, "u": -0.3, "h0": 1.5, "activation": "identity"},
    ("bptt-stepper", "trained"): {"train": 20},
    ("gradient-check", "hide-a-bug"): {"bug": "transposed", "init": "identity"},
    ("gradient-check", "best-step"): {"precision": "float32", "power": 2},
    ("connectivity", "flips-with-small-gradient"): {"cell": "lstm", "seed": 180, "k": 25},
    ("loss-cliff", "survive"): {"steps": 60, "clipping": True},
    ("text-reader", "certain"): {"text": "The function returns the value of the argum"},
    ("text-reader", "worse-than-blind"): {"text": "quick foxes vex zyxgar bvltx"},
}


@pytest.fixture
def live(visit):
    """A function live(page, key, name, **how) that opens a page and returns one of its explorers."""
    return lambda page, key, name, scheme="http", at="", **options: Live(
        visit(page + at, scheme, **options), key, name
    )


@pytest.fixture
def seen(look):
    """As live, but on a page that another test may have opened: for tests that change nothing, or set all they read."""
    return lambda page, key, name, scheme="http", **options: Live(look(page, scheme, **options), key, name)


@pytest.mark.parametrize("scheme", ["http", "file"])
@every_explorer
def test_comes_to_life_in_place_of_its_picture(seen, page, key, name, scheme):
    one = seen(page, key, name, scheme)
    assert one.element.get_attribute("data-ready") is not None
    assert not one.element.locator("> img").is_visible()
    assert one.element.locator(".rnn-figure").first.bounding_box()["height"] > 100
    assert len(one.sentence()) > 30


def test_the_landing_page_has_one():
    assert "chapters/index.html" in [page for page, _, _ in drawings()]
    assert len({name for _, _, name in drawings()}) >= 3


@pytest.mark.parametrize(("page", "key", "name", "control"), CONTROLS)
def test_each_control_moved_by_keyboard_changes_drawing_and_sentence(seen, page, key, name, control):
    one = seen(page, key, name)
    one.set(defaults(read_spec(name)) | PREPARE.get((name, control), {}))
    before, drawn, said = one.state(), one.drawing(), one.sentence()
    one.move(next(c for c in read_spec(name)["controls"] if c["name"] == control))
    assert one.state()[control] != before[control]
    assert (one.drawing() != drawn) == ((name, control) not in SAME_DRAWING)
    assert (one.sentence() != said) == ((name, control) not in SAME_SENTENCE)


@pytest.mark.parametrize(("page", "key", "name", "landmark"), LANDMARKS)
def test_each_landmark_shows_its_numbers(seen, page, key, name, landmark):
    one = seen(page, key, name)
    one.element.locator(f'[data-landmark="{landmark}"]').press("Enter")
    one.settle()
    assert one.state() == settings_of(name, landmark)
    assert re.search(FACTS[name, landmark], one.sentence()), one.sentence()


@pytest.mark.parametrize(("landmark", "checkpoint"), [("untrained", 0), ("trained", 5)])
def test_the_stored_run_shows_what_rnnlib_computes_from_it(seen, landmark, checkpoint):
    page, key, name = next(one for one in first_of_each() if one[2] == "hidden-states")
    one = seen(page, key, name)
    one.set(settings_of(name, landmark))
    surprise, saturated = read_by_rnnlib(one.state()["text"], read_spec(name)["vocabulary"], checkpoint)
    assert f"The mean surprise is {surprise:.3g} nats" in one.sentence()
    assert ("no |h|" if saturated == 0 else f"{100 * saturated:.0f} % of all |h|") in one.sentence()


def read_by_rnnlib(text, vocabulary, checkpoint):
    """Return (the mean surprise at the next character, the share of states beyond 0.9) of the stored network."""
    params = runs.params("zen_rnn", checkpoint)
    cell = rnnlib.RNN(*params["W_xh"].shape)
    for name in cell.params:
        cell.params[name][:] = params[name]
    symbols = np.array([vocabulary.index(character) for character in text])
    trace = cell.forward(np.eye(len(vocabulary))[symbols][:, None])
    logits = trace.y @ params["W_hy"] + params["b_y"]
    surprise, _ = rnnlib.softmax_cross_entropy(logits[:-1], symbols[1:, None], reduction="mean")
    return surprise, np.mean(np.abs(trace.y) > 0.9)


@pytest.mark.parametrize("page", sorted({page for page, _, _ in drawings()}))
def test_links_in_the_prose_move_the_figure(visit, page):
    opened = visit(page)
    names = {key: name for where, key, name in stored() if where == page}
    for link in opened.locator('article a[href^="#explore/"]').all():
        key, landmark = re.match(r"#explore/([^/?]+)/?([^?]*)", link.get_attribute("href")).groups()
        one = Live(opened, key, names[key])
        link.scroll_into_view_if_needed()
        link.press("Enter")
        one.settle()
        if landmark:
            assert one.state() == settings_of(names[key], landmark)
        opened.wait_for_function(IN_VIEW, arg=one.element.element_handle())


@pytest.fixture
def far(visit):
    """A page, a link on it far below the figure that it moves, in view, and that figure."""
    opened = visit(FAR_PAGE)
    link = opened.locator(f'article a[href="{FAR_LINK}"]')
    link.scroll_into_view_if_needed()
    figure = opened.locator(f'rnn-explorer[id="{FAR_FIGURE}"]').element_handle()
    assert not opened.evaluate(IN_VIEW, figure)
    return opened, link, figure


def test_a_link_leads_to_the_figure_although_the_scroll_is_broken_off(far):
    opened, link, figure = far
    opened.evaluate("addEventListener('scroll', () => scrollTo(0, scrollY), { once: true })")
    link.press("Enter")
    opened.wait_for_function(IN_VIEW, arg=figure)


def test_a_link_leads_to_the_drawing_of_an_explorer_that_is_higher_than_the_screen(visit):
    opened = visit(FAR_PAGE, **PHONE, reduced_motion="reduce")
    explorer = opened.locator(f'rnn-explorer[id="{FAR_FIGURE}"]')
    assert explorer.bounding_box()["height"] > 844
    opened.locator(f'article a[href="{FAR_LINK}"]').press("Enter")
    drawing = explorer.locator(".rnn-figure").first.bounding_box()
    assert drawing["y"] > 0 and drawing["y"] + drawing["height"] < 844


def test_a_reader_who_scrolls_after_a_link_is_left_alone(far):
    opened, link, figure = far
    turn = "link.click(); scrollTo(0, scrollY); dispatchEvent(new WheelEvent('wheel'));"
    link.evaluate(f"(link) => {{ {turn} }}")  # at once: what came between would be a matter of luck
    opened.wait_for_timeout(1000)
    assert not opened.evaluate(IN_VIEW, figure)


@pytest.mark.parametrize("scheme", ["http", "file"])
@each_kind
def test_the_address_restores_the_figure(live, page, key, name, scheme):
    one = live(page, key, name, scheme)
    control = next(c for c in read_spec(name)["controls"] if c["kind"] in ("range", "integer"))
    one.move(control)
    one.page.wait_for_function("location.hash.startsWith('#explore/')")
    wanted, address = one.state(), one.page.evaluate("location.hash")
    again = live(page, key, name, scheme, at=address)
    again.settle()
    assert again.state() == wanted
    assert again.sentence() == one.sentence()


@each_kind
def test_reset_brings_back_what_the_author_set(live, page, key, name):
    one = live(page, key, name)
    start, said = one.state(), one.sentence()
    for control in read_spec(name)["controls"]:
        if control["kind"] in ("range", "integer", "select"):
            one.move(control)
    assert one.state() != start
    one.element.locator('[data-action="reset"]').press("Enter")
    one.settle()
    assert (one.state(), one.sentence()) == (start, said)


@each_kind
def test_copy_gives_the_line_of_python(seen, page, key, name):
    one = seen(page, key, name, permissions=["clipboard-read", "clipboard-write"])
    one.element.locator('[data-action="copy"]').press("Enter")
    one.element.get_by_text("copied").wait_for()
    assert one.page.evaluate("navigator.clipboard.readText()").startswith(
        f"rnnlib.explorers.{read_spec(name)['class']}("
    )


@pytest.mark.parametrize(("page", "key", "name"), asking())
def test_a_prediction_is_answered_with_what_happens(live, page, key, name):
    one = live(page, key, name)
    one.element.locator(".rnn-asked button").first.press("Enter")
    answer = one.element.locator(".rnn-answer")
    answer.wait_for()
    assert answer.inner_text().startswith("You said: ")


@pytest.mark.parametrize(("page", "key", "name"), asking(False))
def test_no_prediction_is_asked_for_where_the_author_left_it_out(seen, page, key, name):
    assert seen(page, key, name).element.locator(".rnn-asked").count() == 0


def test_every_kind_of_explorer_asks_somewhere():
    assert {name for _, _, name in asking()} == {name for _, _, name in first_of_each()}


@pytest.mark.parametrize(("page", "key", "name", "goal"), with_goals())
def test_a_goal_is_judged_as_the_reader_moves(live, page, key, name, goal):
    one = live(page, key, name)
    verdict = one.element.locator(".rnn-verdict")
    assert verdict.inner_text().startswith("Not yet")
    one.set(SOLUTIONS[name, goal])
    assert verdict.inner_text().startswith("✓ Goal reached")
    one.element.locator('[data-action="reset"]').press("Enter")
    one.settle()
    assert verdict.inner_text().startswith("Not yet")


@each_kind
def test_nothing_moves_under_reduced_motion(seen, page, key, name):
    one = seen(page, key, name, reduced_motion="reduce")
    one.element.locator("[data-landmark]").last.press("Enter")
    one.settle()
    assert one.page.evaluate("document.getAnimations().filter((a) => a.playState === 'running').length") == 0
    drawn = one.drawing()
    one.page.wait_for_timeout(300)
    assert one.drawing() == drawn


@pytest.mark.parametrize("theme", ["light", "dark"])
@each_kind
def test_follows_the_theme(seen, page, key, name, theme):
    one = seen(page, key, name, color_scheme=theme)
    ground = one.page.evaluate(
        "getComputedStyle(document.documentElement).getPropertyValue('--rnn-ground').trim()"
    )
    assert ground == {"light": "#ffffff", "dark": "#050506"}[theme]


@every_explorer
def test_what_can_be_touched_is_large_enough_on_a_phone(seen, page, key, name):
    one = seen(page, key, name, **PHONE)
    small = one.element.evaluate(
        """(root) => [...root.querySelectorAll("button, select, input, summary, a[href], [role=button], [role=slider]")]
          .filter((part) => part.checkVisibility())
          .map((part) => [part, (part.type === "checkbox" && part.closest("label, .rnn-toggle")) || part])
          .map(([part, target]) => [part, target.getBoundingClientRect()])
          .filter(([, box]) => box.width > 0 && (box.height < 43.5 || box.width < 43.5))
          .map(([part, box]) => `${part.outerHTML.slice(0, 90)} ${box.width.toFixed()} × ${box.height.toFixed()}`)"""
    )
    assert small == []


@every_explorer
def test_shows_its_picture_with_words_without_javascript(look, page, key, name):
    opened = look(page, java_script_enabled=False)
    picture = opened.locator(f'rnn-explorer[id="{key}"] > img')
    picture.scroll_into_view_if_needed()
    assert picture.bounding_box()["height"] > 100
    assert len(picture.get_attribute("alt")) > 30


@every_question
def test_a_question_answers_each_option_with_its_own_reply(look, page, key):
    opened = look(page)
    question = opened.locator(f'rnn-explorer[id="{key}"]')
    replies = set()
    buttons = question.get_by_role("button")
    assert buttons.count() >= 2
    for k in range(buttons.count()):
        before = question.inner_text()
        buttons.nth(k).press("Enter")
        assert question.inner_text() != before
        replies.add(question.locator("[role=status]").inner_text())
    assert len(replies) == buttons.count()


@every_question
def test_a_question_can_be_read_without_javascript(look, page, key):
    opened = look(page, java_script_enabled=False)
    question = opened.locator(f'rnn-explorer[id="{key}"]')
    assert question.locator("details").count() >= 2
    assert question.locator("summary").first.is_visible()
