"""Legend: which colour is which weight, in words and numbers, of a size that a film can rely on."""

import numpy as np
import pytest
from PIL import Image

from cutaway import grid, neuron
from cutaway.look.legend import with_legend, wrapped
from cutaway.look.theme import THEMES, font
from cutaway.look.tiles import colours

LETTERS = font(12)
WEIGHTS = np.random.default_rng(0).standard_normal((64, 9)).astype(np.float32)


def below(image, plain):
    """The pixels of a legend."""
    return np.asarray(image)[plain.height :].astype(int)


def bar(pixels, theme):
    """The colours of a legend's scale, in the middle of its height: (width, 3)."""
    frame = (pixels == THEMES[theme].muted).all(axis=2)
    top, bottom = np.argsort(frame.sum(axis=1))[-2:]
    inner = pixels[(top + bottom) // 2]
    left, right = (inner == THEMES[theme].muted).all(axis=1).nonzero()[0][[0, -1]]
    return inner[left + 1 : right]


def legend_of(width, *texts, note=""):
    image, limits = Image.new("RGB", (width, 1)), np.ones(1, np.float32)
    return with_legend(image, limits, texts, note, style="classic", theme="light", colour=False)


@pytest.mark.parametrize("scale", [1, 8, 30])
@pytest.mark.parametrize("limit", [None, "each", 2])
def test_a_legend_stands_below_the_picture(scale, limit):
    plain = grid(WEIGHTS, scale=scale, limit=limit)
    whole = grid(WEIGHTS, scale=scale, limit=limit, legend=True)
    margin = (whole.width - plain.width) // 2  # paper beside a picture that is too narrow
    above = np.asarray(whole)[: plain.height]
    np.testing.assert_array_equal(above[:, margin : margin + plain.width], np.asarray(plain))
    assert (above[:, :margin] == 255).all()
    assert (below(whole, plain) < 255).any()


@pytest.mark.parametrize("style", ["diverging", "classic"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_its_scale_has_the_colours_of_the_tiles_from_one_end_to_the_other(style, theme):
    options = {"scale": 30, "style": style, "theme": theme}
    plain, whole = (grid(WEIGHTS, legend=told, **options) for told in (False, True))
    drawn, expected = bar(below(whole, plain), theme), colours(style, theme)
    np.testing.assert_array_equal(drawn[[0, -1]], expected[[0, 254]])
    at = np.linspace(0, 254, len(drawn)).round().astype(int)
    np.testing.assert_array_equal(drawn, expected[at])


def test_the_scale_of_colour_pictures_has_red_green_and_blue_by_themselves():
    weights = np.ones((12, 1))
    plain, whole = (
        neuron(weights, shape=(2, 2, 3), scale=200, legend=told) for told in (False, True)
    )
    drawn = {tuple(pixel) for pixel in below(whole, plain).reshape(-1, 3).tolist()}
    assert {(254, 127, 127), (127, 254, 127), (127, 127, 254)} < drawn
    assert {(0, 127, 127), (127, 0, 127), (127, 127, 0)} < drawn


def test_the_numbers_of_a_scale_are_those_of_the_limit():
    plain = grid(WEIGHTS, scale=30)
    two, three, each = (
        below(grid(WEIGHTS, scale=30, legend=True, limit=limit), plain) for limit in (2, 3, "each")
    )
    left = slice(0, two.shape[1] // 3)
    assert (two[:, left] != three[:, left]).any()
    assert (two[:, left] != each[:, left]).any()


def test_the_legend_of_a_dead_unit_has_numbers_that_make_sense():
    dead, alive = (neuron(np.full(9, w), scale=80, legend=True) for w in (0.0, 1.0))
    np.testing.assert_array_equal(np.asarray(dead)[240:], np.asarray(alive)[240:])


def test_a_legend_has_one_size_whatever_the_weights_are():
    for scale in (1, 8):
        sizes = {
            grid(WEIGHTS * factor, scale=scale, limit=limit, legend="epoch 1").size
            for factor in (0, 1e-7, 1, 1e5)
            for limit in (0.000123, 1, "each", None)
        }
        assert len(sizes) == 1


def test_every_text_stands_on_lines_of_its_own_beside_the_scale_or_below_it():
    def height(width, *texts):
        return legend_of(width, *texts).height

    assert height(700, "one") == height(700, "one " * 10) < height(700, "one " * 20)
    assert height(700, "one", "two", "three") > height(700, "one two three")
    assert height(300, "one") > height(700, "one")  # below


def test_a_note_stands_below_the_texts_and_is_cut_where_it_has_no_room():
    for note in ("1 in 1,000 weights is stronger", "too long " * 100):
        without, told = legend_of(224, "title"), legend_of(224, "title", note=note)
        rows, columns = (np.asarray(without) != np.asarray(told)).any(axis=2).nonzero()
        assert rows.min() > without.height - 24  # the last line, which is there in any case
        room = told.width - 2 * columns.min()
        wide = np.ptp(columns) + 1
        assert wide == pytest.approx(min(LETTERS.getlength(note), room), abs=10)
        assert wide <= room


def test_text_is_broken_between_words_and_ends_where_it_becomes_too_much():
    assert wrapped("a bc\nde", LETTERS, 1000) == ["a bc de"]
    assert wrapped("aaaa bbbb", LETTERS, LETTERS.getlength("aaaa b")) == ["aaaa", "bbbb"]
    (cut,) = wrapped("a" * 1000, LETTERS, 100)
    assert cut.endswith("a…")
    many = wrapped("words " * 10_000, LETTERS, 100)
    assert len(many) == 4
    assert many[-1].endswith("…")
    assert all(LETTERS.getlength(line) <= 100 for line in many)


@pytest.mark.parametrize("width", [1, 224, 448, 700, 2000])
def test_letters_of_a_legend_are_12_pixels_high_at_least(monkeypatch, width):
    sizes = []
    monkeypatch.setattr("cutaway.look.legend.font", lambda size: sizes.append(size) or font(size))
    legend_of(width, "a")
    assert min(sizes) >= 12


def test_letters_are_as_high_as_told():
    def height(letter):
        pixels = with_legend(
            Image.new("RGB", (600, 1)), np.ones(1, np.float32), ["text"], "",
            style="diverging", theme="light", colour=False, letter=letter,
        )  # fmt: skip
        return pixels.height

    assert height(32) > 1.8 * height(16)
