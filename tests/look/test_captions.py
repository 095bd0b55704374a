"""Captions: every frame tells its numbers, and the curve grows with the film."""

from itertools import pairwise

import numpy as np
import pytest
from PIL import ImageDraw

from cutaway.look.captions import Captions
from cutaway.look.theme import THEMES
from cutaway.look.tiles import colours

LOSSES = np.geomspace(2, 0.1, 400)
STEPS = [1, 5, 50, 200, 400]


def captions_of(width=932, **options):
    options = {"steps": STEPS, "losses": LOSSES, "epoch": 100, "limit": 0.25, **options}
    return Captions(width, **options)


@pytest.fixture
def texts(monkeypatch):
    """All that is written, in its order, with the font's size."""
    seen = []
    write = ImageDraw.ImageDraw.text

    def text(self, xy, text, fill=None, font=None, anchor=None):
        seen.append((text.strip(), font.size, xy))
        return write(self, xy, text, fill, font, anchor)

    monkeypatch.setattr(ImageDraw.ImageDraw, "text", text)
    return seen


def words(texts):
    return [text for text, _, _ in texts]


def test_what_stays_is_written_once_and_every_frame_adds_its_numbers(texts):
    captions = captions_of()
    assert {"epoch", "of 4, batch", "of 400", "validation", "weights", "-0.25", "0", "+0.25"} < {
        *words(texts)
    }
    texts.clear()
    captions.draw(2, 0.9142, 50)
    assert words(texts) == ["1", "50", "91.42%", f"loss {LOSSES[25:50].mean():.3f}"]
    texts.clear()
    captions.draw(3, 0.9142, 50)
    mean = LOSSES[150:200].mean()
    assert words(texts) == ["2", "200", "91.42%", "at batch 50", f"loss {mean:.3f}"]


def test_without_a_validation_set_there_is_no_word_of_one(texts):
    captions = captions_of(measured=False)
    captions.draw(2, None, 0)
    assert not any("validation" in word or "%" in word for word in words(texts))


@pytest.mark.parametrize("width", [560, 932, 1900])
def test_text_is_at_least_twelve_pixels_high_and_stays_inside(texts, width):
    caption = captions_of(width).draw(4, 1.0, 200)
    assert caption.shape[1] == width
    assert len(caption) % 2 == 0
    assert min(size for _, size, _ in texts) >= 12
    assert all(0 < x < width and 0 < y < len(caption) for _, _, (x, y) in texts)
    paper = THEMES["light"].paper
    for edge in (caption[:, :3], caption[:, -3:], caption[:2]):
        assert (edge == paper).all()


@pytest.mark.parametrize("last", [400, 10_000, 1_000_000, 20_000_000])
@pytest.mark.parametrize("width", [560, 932])
def test_words_of_the_first_line_do_not_run_into_each_other(monkeypatch, width, last):
    boxes = []
    write = ImageDraw.ImageDraw.text

    def text(self, xy, text, fill=None, font=None, anchor=None):
        if anchor in ("ls", "rs") and text.strip():
            bare = text.strip()
            left = xy[0] - (font.getlength(text) if anchor == "rs" else 0)
            left += font.getlength(text) - font.getlength(text.lstrip()) if anchor == "ls" else 0
            boxes.append((left, left + font.getlength(bare)))
        return write(self, xy, text, fill, font, anchor)

    monkeypatch.setattr(ImageDraw.ImageDraw, "text", text)
    captions = captions_of(width, steps=[1, last], losses=np.ones(last), epoch=max(100, last // 50))
    del boxes[: len(boxes) // 2]  # what stays is drawn twice: without the curve and with it
    captions.draw(1, 1.0, last - 1)
    boxes.sort()
    assert all(end <= start + 1 for (_, end), (start, _) in pairwise(boxes))


def test_numbers_do_not_move_while_they_count(texts):
    captions = captions_of()
    texts.clear()
    for number in (0, 4):
        captions.draw(number, 0.5, STEPS[number])
    half = len(texts) // 2
    assert [place for *_, place in texts[:half]] == [place for *_, place in texts[half:]]


def test_the_curve_grows_evenly_from_frame_to_frame():
    captions = captions_of(losses=[2.0, *[0.4] * 399])
    blue = np.array(THEMES["light"].first)
    reached = []
    for number in range(len(STEPS)):
        caption = captions.draw(number, None, 0)
        top, bottom = (
            captions._top + captions._size,
            captions._bottom - 2,
        )  # below the loss in words
        part = caption[top:bottom, : captions._right + 3].astype(int)
        columns = (np.abs(part - blue).sum(axis=2) < 30).any(axis=0)
        reached.append(int(np.flatnonzero(columns).max(initial=captions._left)))
    left, right = captions._left, captions._right
    expected = np.linspace(left, right, len(STEPS))
    np.testing.assert_allclose(reached[1:], expected[1:], atol=4)


@pytest.mark.parametrize("theme", THEMES)
def test_the_scale_shows_the_colours_of_the_tiles(theme):
    caption = captions_of(theme=theme).draw(0, None, 0)
    ramp = colours("diverging", theme)
    assert (caption[0, 0] == THEMES[theme].paper).all()
    line = caption[np.flatnonzero((caption == ramp[0]).all(axis=2).any(axis=1))[3]]
    bar = line[np.flatnonzero((line == ramp[0]).all(axis=1))[0] :]
    assert (bar == ramp[-1]).all(axis=1).any()


def test_losses_that_are_all_zero_are_a_line_at_the_bottom():
    captions_of(losses=np.zeros(400)).draw(4, None, 0)
