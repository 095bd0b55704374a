"""Panels: parts are put together at their own size, and bars tell numbers by length, side and colour."""

import numpy as np
import pytest
from PIL import Image

from cutaway.look.panels import bars, beside, fitted, framed, sample, stacked, titled, words
from cutaway.look.theme import THEMES


def block(width, height, colour):
    return Image.new("RGB", (width, height), colour)


@pytest.mark.parametrize("theme", THEMES)
def test_parts_keep_their_size_and_stand_on_the_theme_s_paper(theme):
    parts = [block(4, 6, "red"), block(3, 2, "blue")]
    paper = THEMES[theme].paper
    below = np.asarray(stacked(parts, gap=5, theme=theme))
    assert below.shape == (13, 4, 3)
    assert (below[:6] == (255, 0, 0)).all()
    assert (below[6:11] == paper).all()
    assert (below[11:, :3] == (0, 0, 255)).all()
    assert (below[11:, 3] == paper).all()
    right = np.asarray(beside(parts, gap=5, theme=theme))
    assert right.shape == (6, 12, 3)
    assert (right[:, :4] == (255, 0, 0)).all()
    assert (right[:2, 9:] == (0, 0, 255)).all()
    assert (right[2:, 4:] == paper).all()


def test_a_frame_is_paper_around():
    pixels = np.asarray(framed(block(2, 2, "red"), margin=3))
    assert pixels.shape == (8, 8, 3)
    assert (pixels[3:5, 3:5] == (255, 0, 0)).all()
    assert (pixels[:3] == 255).all()


def test_words_are_as_wide_as_they_are_or_as_told():
    assert words("wide enough").width > words("wide").width
    assert words("a line\nanother").height == 2 * words("a line").height
    assert words("too long for this", width=40).width == 40


def test_a_title_stands_above():
    picture = block(200, 50, "red")
    whole = titled(picture, "Neuron 17", "for 3, against 8")
    assert whole.width == 200
    assert (np.asarray(whole)[-50:] == (255, 0, 0)).all()


def reach(image, theme="light"):
    """How far orange and blue go in every row: pixels."""
    pixels, look = np.asarray(image), THEMES[theme]
    middle = pixels[10::21]
    return [
        ((row == look.second).all(axis=1).sum(), (row == look.first).all(axis=1).sum())
        for row in middle
    ]


def test_bars_are_as_long_as_numbers_are_large_and_turn_to_the_left_below_zero():
    positive = reach(bars([1, 0.5, 0], list("abc"), width=200))
    assert positive[0] == (pytest.approx(200, abs=2), 0)
    assert positive[1] == (pytest.approx(100, abs=2), 0)
    assert positive[2][0] <= 1
    signed = reach(bars([1, -0.5], list("ab"), width=200))
    assert signed == [(pytest.approx(100, abs=2), 0), (0, pytest.approx(50, abs=2))]


def test_a_limit_is_the_same_for_several_pictures_and_bars_end_there():
    assert reach(bars([1], ["a"], limit=2, width=200))[0][0] == pytest.approx(100, abs=2)
    assert reach(bars([5], ["a"], limit=2, width=200))[0][0] == pytest.approx(200, abs=2)


def test_numbers_that_are_none_have_no_bar():
    assert reach(bars([np.nan, 1], list("ab"), width=200))[0][0] <= 1


@pytest.mark.parametrize("theme", THEMES)
def test_a_sample_is_ink_on_paper(theme):
    image = np.asarray(sample([[0, 1], [0.5, 2]], 3, theme=theme))
    look = THEMES[theme]
    assert image.shape == (6, 6, 3)
    assert tuple(image[0, 0]) == look.paper
    assert tuple(image[0, 3]) == tuple(image[5, 5]) == look.ink


def test_pixels_fill_a_room_evenly_at_any_factor():
    pixels = np.zeros((2, 4, 3), np.uint8)
    pixels[:, ::2] = 200
    image = np.asarray(fitted(pixels, (90, 90)))
    assert image.shape == (45, 90, 3)
    assert image[:, :22].min() == 200
    assert 0 < image[10, 22, 0] < 200  # a pixel is 22.5 wide: the one between is half of both
    assert image[:, 23:45].max() == 0
    assert fitted(np.zeros((1, 6, 3)), (60, 40)).size == (60, 20)  # a strip


def test_a_title_and_a_note_that_are_too_long_go_on_below():
    below = block(200, 10, "red")
    short, title, note = (
        titled(below, *texts).height
        for texts in (("a", "b"), ("a word " * 9, "b"), ("a", "b " * 50))
    )
    assert title > short
    assert note > short
    assert titled(below, "a word " * 9, "b", width=2000).height == short
