"""The page in a real browser: it is whole, silent, right, and can be used with mouse, finger and keys."""

import re

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

import cutaway
from cutaway import SGD, Dataset, Network
from cutaway.cli.why import command
from cutaway.job.page import page_of

pytestmark = [pytest.mark.needs("browser"), pytest.mark.needs("playwright")]
WIDTHS = {"phone": (390, 844), "laptop": (1280, 720), "projector": (1920, 1080)}

# Strokes of a drawing that is a three to anybody, in shares of the pad.
THREE = [
    (0.3, 0.25), (0.5, 0.15), (0.68, 0.28), (0.6, 0.45), (0.45, 0.5), (0.65, 0.55), (0.7, 0.72),
    (0.5, 0.85), (0.3, 0.75),
]  # fmt: skip


@pytest.fixture
def look(opened, mnist_page):
    return opened(mnist_page, viewport={"width": 1280, "height": 720}).ready()


def stroke(look, points):
    box = look.page.locator("#pad").bounding_box()
    mouse = look.page.mouse
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points]
    mouse.move(*places[0])
    mouse.down()
    for place in places[1:]:
        mouse.move(*place, steps=3)
    mouse.up()
    look.frames()


def test_a_page_opens_from_its_file_in_silence_asks_for_nothing_and_calculates_as_the_core(
    look, mnist_page
):
    look.page.wait_for_timeout(500)
    assert look.value("() => document.body.dataset.selfCheck") == "pass"
    assert (look.said, look.asked) == ([], [mnist_page.as_uri()])
    assert look.page.locator("#notice").count() == 0
    assert mnist_page.stat().st_size < 3_000_000


def test_the_slider_changes_tiles_bars_and_words(look):
    picture = "() => document.getElementById('grid').toDataURL()"
    look.frames()
    before = look.value(picture), look.outputs(), look.text("#say-time")
    look.page.locator("#slider").focus()
    look.page.keyboard.press("Home")
    look.frames()
    assert look.value(picture) != before[0]
    assert look.outputs() != before[1]
    assert look.text("#say-time").startswith("Before training")
    look.page.keyboard.press("ArrowRight")
    look.frames()
    assert look.text("#say-time").startswith("Mini-batch 1 of 3,910, epoch 1; loss ")
    look.page.keyboard.press("Shift+ArrowRight")
    look.frames()
    assert "Interpolated between mini-batches 1 and 2, not the weights that" in look.text(
        "#say-time"
    )
    assert look.page.locator("#slider").get_attribute("aria-valuetext") == (
        "about mini-batch 1 of 3,910, interpolated"
    )


def test_play_moves_and_pause_stops(look):
    look.page.locator("#play").click()
    look.page.wait_for_timeout(400)
    look.page.locator("#play").click()
    time = float(look.page.locator("#slider").input_value())
    assert 0 < time < 71
    look.page.wait_for_timeout(200)
    assert float(look.page.locator("#slider").input_value()) == time


def same_as_the_core(look, mnist_run):
    network = cutaway.load(mnist_run / "model.safetensors")
    expected = network.forward(look.seen()[np.newaxis])
    np.testing.assert_allclose(look.outputs(), expected[0], atol=0.0051 + 1e-3)


def test_a_stroke_by_mouse_gives_the_cores_outputs_for_the_form_that_is_shown(look, mnist_run):
    stroke(look, THREE)
    assert look.text("#bars .best .name") == "3"
    assert look.text("#say-input").startswith("You drew this")
    same_as_the_core(look, mnist_run)


def test_a_stroke_by_finger_does_the_same(opened, mnist_page, mnist_run):
    look = opened(mnist_page, viewport={"width": 390, "height": 844}, has_touch=True).ready()
    look.page.locator("#pad").scroll_into_view_if_needed()
    box = look.page.locator("#pad").bounding_box()
    session = look.page.context.new_cdp_session(look.page)

    def touch(kind, *points):
        places = [
            {"x": box["x"] + x * box["width"], "y": box["y"] + y * box["height"]} for x, y in points
        ]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": places})

    touch("touchStart", THREE[0])
    for point in THREE[1:]:
        touch("touchMove", point)
    touch("touchEnd")
    look.frames(3)
    assert look.text("#bars .best .name") == "3"
    same_as_the_core(look, mnist_run)


def thinned(digit):
    """The skeleton of a digit (Zhang and Suen 1984), a pixel wide."""
    ink = np.pad((digit > 96).astype(np.uint8), 1)
    while True:
        removed = 0
        for first in (True, False):
            p = [np.roll(ink, shift, (0, 1)) for shift in
                 ((1, 0), (1, -1), (0, -1), (-1, -1), (-1, 0), (-1, 1), (0, 1), (1, 1))]  # fmt: skip
            around = sum(p)
            turns = sum((p[k] == 0) & (p[(k + 1) % 8] == 1) for k in range(8))
            n, e, s, w = p[0], p[2], p[4], p[6]
            edge = (
                (n * e * s == 0) & (e * s * w == 0)
                if first
                else (n * e * w == 0) & (n * s * w == 0)
            )
            gone = (ink == 1) & (around >= 2) & (around <= 6) & (turns == 1) & edge
            ink[gone] = 0
            removed += int(gone.sum())
        if not removed:
            return ink[1:-1, 1:-1]


def near(p):
    """The pixels around one, those that share a side first."""
    around = ((0, 1), (1, 0), (0, -1), (-1, 0), (1, 1), (1, -1), (-1, 1), (-1, -1))
    return [(p[0] + y, p[1] + x) for y, x in around]


def strokes_of(skeleton):
    """Walk along a skeleton: lists of points, from ends first, until all pixels were met."""
    left = {tuple(p) for p in np.argwhere(skeleton)}
    all_ = set(left)
    strokes = []
    while left:
        ends = [p for p in left if sum(q in left for q in near(p)) <= 1]
        at = min(ends or left)
        left.discard(at)
        met = [q for q in near(at) if q in all_ and q not in left and strokes]
        line = [*met[:1], at]
        while following := [q for q in near(at) if q in left]:
            at = following[0]
            left.discard(at)
            line.append(at)
        closing = [q for q in near(at) if q in all_ and q not in line[-3:]]
        strokes.append(line + closing[:1])
    return [[[(x + 0.5) / 28, (y + 0.5) / 28] for y, x in line] for line in strokes]


DRAW = """async ([all]) => {
  const pad = document.getElementById("pad");
  pad.setPointerCapture = () => {};
  const frame = () => new Promise((done) => requestAnimationFrame(done));
  const answers = [];
  for (const strokes of all) {
    document.getElementById("clear").click();
    const box = pad.getBoundingClientRect();
    for (const points of strokes) {
      points.forEach(([x, y], n) => pad.dispatchEvent(new PointerEvent(n ? "pointermove" : "pointerdown", {
        clientX: box.left + x * box.width, clientY: box.top + y * box.height, isPrimary: true, button: 0,
      })));
      pad.dispatchEvent(new PointerEvent("pointerup", { isPrimary: true }));
    }
    await frame(); await frame();
    answers.push(document.querySelector("#bars .best .name").textContent);
  }
  return answers;
}"""


def test_digits_redrawn_along_their_skeletons_are_what_the_core_says_of_the_originals(
    look, mnist, mnist_run
):
    digits = mnist[2].images[:100].reshape(-1, 28, 28)
    answers = look.value(DRAW, [[strokes_of(thinned(digit)) for digit in digits]])
    core = cutaway.load(mnist_run / "model.safetensors").predict(digits)
    same = sum(int(a) == b for a, b in zip(answers, core.tolist(), strict=True))
    assert same >= 90


def downloaded(look, button, path):
    with look.page.expect_download() as download:
        look.page.locator(button).click()
    download.value.save_as(path)
    return path


SEVEN = [(0.25, 0.2), (0.5, 0.2), (0.75, 0.18), (0.6, 0.5), (0.45, 0.85)]


@pytest.mark.parametrize("points", [THREE, SEVEN])
def test_a_drawing_that_is_downloaded_is_what_cutaway_why_takes(look, mnist_run, tmp_path, points):
    stroke(look, points)
    drawing = downloaded(look, "#download", tmp_path / "drawing.png")
    told = ["--describe", "-o", str(tmp_path / "why.png")]
    done = CliRunner().invoke(command, [str(mnist_run), str(drawing), *told])
    said = look.text("#bars .best .name")
    sentence = rf"drawing.png is (none clearly, most likely )?{said}:(?: only)? (\d.\d+), "
    found = re.search(sentence, done.output)
    assert found, done.output
    assert float(found[2]) == pytest.approx(max(look.outputs()), abs=0.05)


def test_a_moment_is_saved_for_a_slide(look, tmp_path):
    stroke(look, THREE)
    look.page.wait_for_timeout(600)
    with Image.open(downloaded(look, "#save", tmp_path / "moment.png")) as image:
        assert image.size == (1920, 1080)
        pixels = np.asarray(image.convert("L"))
    for where in (
        (60, 1540),
        (60, 410),
        (460, 1020),
        (1080, 1540),
    ):  # headline and columns, in points
        left, right = (round(1.2 * x) for x in where)
        top, bottom = (60, 100) if right - left > 1000 else (280, 600)
        assert np.ptp(pixels[top:bottom, left:right]) > 100, where
    edges = (pixels[:40], pixels[-40:], pixels[:, :60], pixels[:, -70:])
    assert all(np.ptp(edge) == 0 for edge in edges)


def test_a_dot_a_clear_and_a_sample_are_inputs_too(look):
    stroke(look, [(0.5, 0.5)])
    assert 0 < (look.seen() > 0).sum() < 30
    look.page.locator("#clear").click()
    look.frames()
    assert look.text("#say-input").startswith("Test sample 0, 7")
    look.page.locator("#strip button").nth(2).click()
    look.frames()
    assert look.text("#say-input").startswith("Test sample 40, 1")
    assert look.text("#say-answer").startswith("It says 1, rightly: ")


def focused(look):
    return look.value(
        "() => document.activeElement.id || document.activeElement.closest('[id]')?.id + '/'"
        " + document.activeElement.tagName"
    )


def test_the_keyboard_alone_reaches_everything_and_does_it(look):
    keys, reached = look.page.keyboard, []
    while "BODY" not in (reached[-1:] or [""])[0] and len(reached) < 60:
        keys.press("Tab")
        reached.append(focused(look))
    for name in (
        "theme", "share", "save", "play", "slider", "clear", "download", "strip-back", "strip/BUTTON",
        "strip-on", "grid-keys/BUTTON", "why-class", "why-other", "excite/BUTTON", "matrix/BUTTON",
        "how/SUMMARY",
    ):  # fmt: skip
        assert reached.count(name) == 1, (name, reached)
    look.page.locator("#grid-keys button").first.focus()
    for key in ("ArrowRight", "ArrowDown", "Enter"):
        keys.press(key)
    look.page.get_by_role("heading", name="Neuron 9").wait_for()
    look.page.locator("#matrix button").first.focus()
    keys.press("Enter")
    assert re.match(r"\d+ of class 0 taken for 0", look.text("#cell .say"))


def test_what_changes_is_said_once_it_has_settled(look):
    look.page.wait_for_timeout(500)
    look.page.locator("#slider").focus()
    look.page.keyboard.press("Home")
    live = look.page.locator("#live")
    look.page.wait_for_timeout(800)
    assert live.text_content().startswith("Before training; ")
    assert "It says " in live.text_content()


def test_a_moment_that_is_shared_is_the_same_moment(look, opened):
    look.page.locator("#slider").focus()
    look.page.keyboard.press("Home")
    for _ in range(5):
        look.page.keyboard.press("ArrowRight")
    stroke(look, THREE)
    look.page.locator("#grid-keys button").nth(5).click()
    look.page.wait_for_url("**#t=5&layer=0&neuron=5&drawing=*")
    other = opened(look.page.url).ready()
    other.frames(3)
    far = np.abs(other.seen().astype(int) - look.seen())
    assert far.mean() < 2  # of 255: points are rounded to a 255th of the pad
    assert np.abs(np.array(other.outputs()) - look.outputs()).max() < 0.03
    assert other.text("#h-unit") == "Neuron 5"


@pytest.mark.needs("axe_playwright_python")
@pytest.mark.parametrize(
    ("size", "theme"), [("phone", "dark"), ("laptop", "light"), ("projector", "dark")]
)
def test_axe_finds_nothing_serious_and_nothing_is_wider_than_the_screen(
    opened, mnist_page, theme, size
):
    from axe_playwright_python.sync_playwright import Axe

    width, height = WIDTHS[size]
    look = opened(
        mnist_page, viewport={"width": width, "height": height}, color_scheme=theme, bypass_csp=True
    ).ready()  # axe is a script
    look.page.wait_for_timeout(600)
    found = Axe().run(look.page).response["violations"]
    serious = [
        (v["id"], v["nodes"][0]["html"]) for v in found if v["impact"] in ("serious", "critical")
    ]
    assert serious == []
    assert look.value("() => document.documentElement.scrollWidth") <= width


HOSTILE = "</script><img src=x onerror=document.title='hacked'>\u2028<!--"


def small(shape, hidden, classes, names=None, floats=False, **settings):
    """A network that learned a little, and its data."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 255, (60, *shape), dtype=np.uint8)
    labels = np.arange(60) % classes
    data = Dataset(images / 255 - 0.5 if floats else images, labels, class_names=names)
    network = Network((int(np.prod(shape)), *hidden, classes), backend="cpu", **settings)
    network.learn(np.arange(60), 10, dataset=data, optimizer=SGD(0.1))
    return network, data


KINDS = {
    "8 x 8, no hidden layer": ((8, 8), (), 2, {}),
    "14 x 56, deep": ((14, 56), (12, 30, 5), 3, dict(activation=["relu", "tanh", "sigmoid"])),
    "numbers": ((4,), (4,), 3, dict(floats=True, output="identity")),
    "pictures of signed numbers": ((9, 8), (4,), 3, dict(floats=True)),
    "100 classes": ((8, 8), (16,), 100, dict(output="softmax", loss="cross_entropy")),
    "hostile names": ((8, 8), (4,), 3, dict(names=[HOSTILE, "b" * 100_000, "\u202ec\x07"])),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_any_network_has_a_page_that_is_right(opened, tmp_path, kind):
    shape, hidden, classes, settings = KINDS[kind]
    network, data = small(shape, hidden, classes, **settings)
    cutaway.save(network, tmp_path / "a.safetensors")
    cutaway.page(tmp_path / "a.safetensors", tmp_path / "a.html", data=data)
    look = opened(tmp_path / "a.html").ready()
    look.page.wait_for_timeout(500)
    assert look.value("() => document.body.dataset.selfCheck") == "pass"
    assert look.said == []
    assert look.page.title() == "-".join(map(str, network.architecture.sizes))
    assert look.page.locator("img").count() == 0
    for layer in range(1, len(hidden)):
        look.page.locator("#layer").select_option(str(layer))
        look.page.get_by_role("heading", name=f"Neuron 0 of layer {layer + 1}").wait_for()
        assert look.page.locator("#grid-keys button").count() == hidden[layer]
        strongest = look.text("#unit-scale").rpartition(" ")[2]
        assert look.text("#high") == f"+{strongest}"  # the scale is that layer's
    pictures = len(shape) > 1
    assert look.page.locator("#pad").is_visible() == (pictures and "signed" not in kind)
    assert look.page.locator("#values .bar").count() == (0 if pictures else shape[0])
    look.page.set_viewport_size({"width": 390, "height": 844})
    assert look.value("() => document.documentElement.scrollWidth") <= 390
    if "hostile" in kind:
        assert look.text("#bars .name") == "</script><img src=x one…"
    assert look.said == []


def test_a_models_file_alone_is_one_moment(opened, mnist_run, tmp_path):
    cutaway.page(mnist_run / "model.safetensors", tmp_path / "a.html")
    look = opened(tmp_path / "a.html").ready()
    look.frames()
    assert look.value("() => document.body.dataset.selfCheck") == "pass"
    assert not look.page.locator("#slider").is_visible()
    assert look.text("#say-time") == "A model as it is."
    stroke(look, THREE)
    assert look.text("#bars .best .name") == "3"
    assert look.said == []


@pytest.fixture
def small_page(tmp_path):
    """A page of little to load."""
    network, data = small((8, 8), (4,), 3)
    cutaway.save(network, tmp_path / "small.safetensors")
    return cutaway.page(tmp_path / "small.safetensors", tmp_path / "small.html", data=data)


def test_a_page_cut_off_by_a_download_says_so(opened, small_page, tmp_path):
    html = small_page.html
    for end in (html.index("<main"), html.index('id="payload"') + 40, len(html) - 30):
        (tmp_path / "part.html").write_text(html[:end], encoding="utf-8")
        look = opened(tmp_path / "part.html")
        look.page.locator("#notice").wait_for(state="visible")
        assert "This page is not whole" in look.text("#notice")


def test_a_browser_without_decompression_gets_a_sentence(opened, mnist_page):
    look = opened("about:blank")
    look.page.add_init_script("delete globalThis.DecompressionStream")
    look.page.goto(mnist_page.as_uri())
    look.page.locator("#notice").wait_for(state="visible")
    assert "DecompressionStream" in look.text("#notice")
    assert look.page.locator("body").get_attribute("data-self-check").startswith("fail: ")


def test_a_run_that_diverged_is_shown_as_far_as_it_went(opened, tmp_path):
    network, data = small((8, 8), (4,), 3)
    moments = list(
        cutaway.train(network, cutaway.DataLoader(data, 10), optimizer=SGD(0.1), epochs=1, every=1)
    )
    for moment in moments[3:]:
        moment.weights[0][...] = np.nan
    page_of(network, moments, test=data).write(tmp_path / "a.html")
    look = opened(tmp_path / "a.html").ready()
    look.frames()
    assert look.value("() => document.body.dataset.selfCheck") == "pass"
    assert look.text("#told") == "diverged after mini-batch 3: shown is what came before"


def test_a_notebook_shows_it_in_a_frame_that_works(opened, small_page, tmp_path):
    shown = f"<!doctype html><title>a</title>{small_page._repr_html_()}"
    (tmp_path / "notebook.html").write_text(shown, encoding="utf-8")
    look = opened(tmp_path / "notebook.html")
    frame = look.page.frame_locator("iframe")
    frame.locator("body[data-self-check=pass]").wait_for(state="attached")
    frame.locator("#share").wait_for(state="hidden")  # there is no address to share
    assert look.said == []
