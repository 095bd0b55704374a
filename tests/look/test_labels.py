"""Labels: names, numbers, marks and axes, each where it belongs, none too small to read."""

import re

import numpy as np
import pytest
from PIL import Image

from cutaway import grid
from cutaway.look.labels import LETTER, Labels, shortened, smallest_scale
from cutaway.look.raster import raster
from cutaway.look.theme import THEMES, font

GRAY = 128  # what labels are written on in these tests
CAPITAL = 0.7 * LETTER  # pixels of a capital's height, or a digit's


class Written:
    """Labels on a gray picture of tiles: where they have changed it."""

    def __init__(self, units, shape, scale, theme="light", columns=None, **told):
        self.labels = Labels(**{"names": None, "numbers": None, "marks": ("",) * units, **told})
        chosen = raster(units, shape, columns=columns, scale=scale, width=0, lines="between")
        self.place = self.labels.room(chosen)
        gray = Image.new("RGB", self.place.size, (GRAY,) * 3)
        look = THEMES[theme]
        self.pixels = np.asarray(self.labels.draw(gray, self.place, look, look)).astype(int)
        self.changed = (self.pixels[: gray.height] != GRAY).any(axis=2)

    def tile(self, number, of=None):
        x, y = self.place.corner(number)
        return (self.changed if of is None else of)[
            y : y + self.place.height, x : x + self.place.width
        ]


def extent(changed):
    """Columns and rows from the first to the last that has changed."""
    return tuple(np.ptp(changed.any(axis=axis).nonzero()[0]) + 1 for axis in (0, 1))


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("scale", [3, 8])
def test_a_name_stands_below_its_tile_and_nowhere_else(scale, theme):
    names = ("", "", "", "", "Sandals")
    written = Written(5, (8, 8), scale, theme, names=names)
    place = written.place
    x, y = place.corner(4)
    left, top = x - place.gap, y + place.height + place.gap
    below = written.changed[top : top + place.below, left : x + place.width + place.gap]
    assert below.sum() == written.changed.sum() > 0
    wide, high = extent(below)
    assert wide <= place.width
    assert high >= CAPITAL
    assert abs(below.any(axis=0).nonzero()[0].mean() - below.shape[1] / 2) < place.width / 8


def test_names_part_the_rows_of_tiles_and_change_none():
    weights = np.random.default_rng(0).standard_normal((64, 6))
    plain, named = (np.asarray(grid(weights, scale=8, names=n)) for n in (None, ["a"] * 6))
    tile = 2 + 64 + 2  # with its lines
    np.testing.assert_array_equal(named[:tile], plain[:tile])
    second = len(named) // 2
    np.testing.assert_array_equal(named[second : second + tile], plain[-tile:])


def test_names_that_have_no_room_are_left_out_and_told():
    with pytest.warns(
        UserWarning, match="^grid: names have no room below tiles 8 pixels wide; take"
    ):
        image = grid(np.zeros((64, 4)), names=["Sandals"] * 4)
    assert image == grid(np.zeros((64, 4)), names=[""] * 4)


@pytest.mark.parametrize(
    ("names", "error", "message"),
    [
        (["a"], ValueError, "grid: names must be one per unit (2), got 1"),
        ("ab", TypeError, "grid: names must be a list of texts, got 'ab'"),
        ([1, 2], TypeError, "grid: names must be a list of texts, got [1, 2]"),
    ],
)
def test_names_that_do_not_fit_are_refused(names, error, message):
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        grid(np.ones((4, 2)), names=names)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_number_stands_on_a_plate_of_paper_in_the_upper_left_corner(theme):
    written = Written(4, (28, 28), 3, theme, numbers=("7", "12", "3", "255"))
    for number in range(4):
        plate = written.tile(number)
        wide, high = extent(plate)
        assert plate[:high, :wide].all()
        assert plate.sum() == wide * high
        assert wide <= 42 >= high  # half of a tile
        colours = written.tile(number, written.pixels)[:high, :wide]
        assert (colours == THEMES[theme].paper).all(axis=2).sum() > wide * high / 2
        text = np.abs(colours - THEMES[theme].paper).max(axis=2) > 100
        assert extent(text)[1] >= CAPITAL


def test_numbers_that_would_cover_more_than_a_corner_are_refused_with_the_scale_that_helps():
    weights = np.ones((784, 101))
    message = "grid: scale must be at least 2 for numbers to have room, got 1"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        grid(weights, numbers=True)
    assert grid(weights, numbers=True, scale=2) != grid(weights, scale=2)


@pytest.mark.parametrize(("units", "inputs"), [(256, 784), (10, 4), (1000, 64)])
def test_without_a_scale_numbers_have_room(units, inputs):
    side = int(inputs**0.5)
    least = smallest_scale([str(units - 1)], (side, side))
    weights = np.zeros((inputs, units))
    assert grid(weights, numbers=True, scale=None).width >= grid(weights, scale=least).width
    assert smallest_scale(["1000"], (8, 8)) > smallest_scale(["100"], (8, 8))


def test_marked_tiles_are_ringed_with_a_letter_and_counted():
    marks = ("", "dead", "", "saturated", "dead")
    written = Written(5, (8, 8), 8, marks=marks)
    assert written.labels.counted(written.place) == "d: 2 dead, s: 1 saturated"
    ink = THEMES["light"].ink
    for number, mark in enumerate(marks):
        changed, tile = written.tile(number), written.tile(number, written.pixels)
        if not mark:
            assert not changed.any()
            continue
        for edge in (tile[-2:], tile[:, -2:], tile[16:, :2], tile[:2, 16:]):
            assert (edge == ink).all()
        assert not changed[20:-2, 2:-2].any()  # the weights are still seen
        letter = np.abs(tile[2:16, 2:12] - ink).max(axis=2) > 100
        assert letter.any()


def test_a_marks_letter_stands_beside_the_number():
    plain = Written(1, (8, 8), 16, numbers=("5",))
    marked = Written(1, (8, 8), 16, numbers=("5",), marks=("dead",))
    assert marked.labels.corners(marked.place) == ("5 d",)
    assert plain.labels.corners(plain.place) == ("5",)
    narrow = Written(1, (16, 8), 8, numbers=("255",), marks=("dead",))  # room for the number alone
    assert narrow.labels.corners(narrow.place) == ("255",)


def test_a_letter_that_has_no_room_is_left_out_and_the_legend_says_so():
    written = Written(2, (8, 8), 2, marks=("dead", "saturated"))
    assert written.labels.corners(written.place) == ("", "")
    assert written.labels.counted(written.place) == "ringed: 1 dead, 1 saturated"
    assert written.tile(0)[0].all()


def test_a_ring_can_be_seen_on_the_black_of_classic_tiles():
    ringed = np.asarray(grid(np.zeros((64, 1)), scale=8, style="classic", marks=["dead"]))
    assert (ringed[-1] > 200).all()


def test_names_and_numbers_stand_left_of_strips():
    written = Written(3, (1, 40), 10, names=("", "Sandal", ""), numbers=("0", "1", "2"))
    place = written.place
    assert place.left > font(LETTER).getlength("1 Sandal")
    assert not written.changed[:, place.left :].any()
    rows = written.changed.any(axis=1)
    for number in range(3):
        y = place.corner(number)[1]
        middle = rows[y : y + place.height].nonzero()[0].mean()
        assert abs(middle - place.height / 2) < 2
    lengths = [extent(written.changed[place.corner(n)[1] :][: place.height])[0] for n in range(3)]
    assert lengths[1] > 3 * max(lengths[0], lengths[2])


def test_low_strips_are_numbered_as_an_axis_is_so_that_no_letters_touch():
    written = Written(100, (1, 100), 4, numbers=tuple(map(str, range(100))))
    rows = np.pad(written.changed[:, : written.place.left].any(axis=1), 1).astype(int)
    starts, ends = ((np.diff(rows) == step).nonzero()[0] for step in (1, -1))
    assert len(starts) == 34  # every third; all are apart
    assert (ends - starts).min() >= CAPITAL  # the edge of the picture cuts none


def test_numbers_of_inputs_stand_below_the_last_strip():
    written = Written(10, (1, 64), 11, numbers=tuple(map(str, range(10))))
    below = written.pixels[written.place.size[1] :]
    paper, (left, _) = THEMES["light"].paper, written.place.corner(0)
    ticks = (below[0] != paper).any(axis=1).nonzero()[0]
    assert ticks.tolist() == [left + 11 * n + 5 for n in range(0, 64, 5)]
    text = (below[6:] != paper).any(axis=2).any(axis=0)
    assert text[left : left + 11].any()  # 0
    assert not text[left + 22 : left + 44].any()  # between 0 and 5


def test_an_axis_never_leaves_the_picture():
    written = Written(1, (1, 751), 1, numbers=("0",))  # whose last tick is at the edge
    below = written.pixels[written.place.size[1] + 4 :]
    assert (below[:, -1] == THEMES["light"].paper).all()
    assert (below[:, -20:-2] != THEMES["light"].paper).any()


def test_a_text_is_cut_to_its_room():
    letters = font(LETTER)
    assert shortened("dress", letters, 100) == "dress"
    cut = shortened("dress " * 1000, letters, 50)
    assert cut.endswith("…")
    assert 25 < letters.getlength(cut) <= 50
    assert shortened("two\nlines", letters, 100) == "two lines"
