"""The page in a real browser: it is whole, silent, right, and can be used with mouse, finger and keys."""

import base64
import re

import cv2
import numpy as np
import pytest

import cutaway
from cutaway import Dataset, Network

pytestmark = [pytest.mark.needs("browser"), pytest.mark.needs("playwright")]
WIDTHS = {"phone": (390, 844), "laptop": (1280, 720), "projector": (1920, 1080)}

# Strokes of a drawing that is a three to anybody, in shares of the pad.
THREE = [(0.3, 0.25), (0.5, 0.15), (0.68, 0.28), (0.6, 0.45), (0.45, 0.5), (0.65, 0.55), (0.7, 0.72), (0.5, 0.85), (0.3, 0.75)]  # fmt: skip


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
    assert "Interpolated between mini-batches 1 and 2, not the weights that" in look.text("#say-time")
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
    expected = network.predict_proba(look.seen()[np.newaxis]) if False else network.forward(look.seen()[np.newaxis])
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
            edge = (n * e * s == 0) & (e * s * w == 0) if first else (n * e * w == 0) & (n * s * w == 0)
            gone = (ink == 1) & (around >= 2) & (around <= 6) & (turns == 1) & edge
            ink[gone] = 0
            removed += int(gone.sum())
        if not removed:
            return ink[1:-1, 1:-1]


def strokes_of(skeleton):
    """Walk along a skeleton: lists of points, from ends first, until all pixels were met."""
    left = {tuple(p) for p in np.argwhere(skeleton)}
    near = lambda p: [(p[0] + y, p[1] + x) for y, x in ((0, 1), (1, 0), (0, -1), (-1, 0), (1, 1), (1, -1), (-1, 1), (-1, -1))]  # noqa: E731 # fmt: skip
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
    assert sum(int(a) == b for a, b in zip(answers, core.tolist(), strict=True)) >= 90
