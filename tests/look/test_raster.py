"""Raster: where tiles are, in a picture of a size to look at, with lines in proportion."""

import math

import numpy as np
import pytest

from cutaway.look.raster import columns_for, raster

PAPER, LINE, INK = (255, 255, 255), (9, 9, 9), (200, 0, 0)


def drawn(units, shape, **options):
    chosen = raster(units, shape, **{"columns": None, "scale": 1, "width": 700, **options})
    tiles = np.empty((units, *shape, 3), np.uint8)
    tiles[...] = INK
    return chosen, np.asarray(chosen.draw(tiles, PAPER, LINE))


@pytest.mark.parametrize(
    ("scale", "side", "line"),
    [(1, 28, 1), (3, 28, 3), (16, 28, 16), (11, 8, 3), (1, 8, 1), (4, 8, 1), (5, 100, 18)],
)
def test_a_line_between_tiles_is_a_28th_of_a_tile(scale, side, line):
    chosen, picture = drawn(4, (side, side), scale=scale, lines="between")
    assert chosen.line == line
    first = (picture[line] == INK).all(axis=1)
    expected = [False] * line + [True] * side * scale
    assert first.tolist() == expected * 2 + [False] * line
    assert (picture[:, :line] == LINE).all()


def test_lines_inside_are_on_the_tiles_own_edge():
    _, between = drawn(4, (28, 28), scale=2, lines="")
    _, inside = drawn(4, (28, 28), scale=2, lines="inside")
    assert inside.shape == between.shape == (112, 112, 3)
    edges = np.ones((56, 56), bool)
    edges[2:-2, 2:-2] = False
    np.testing.assert_array_equal((inside == LINE).all(axis=2), np.tile(edges, (2, 2)))


def test_where_there_is_no_tile_there_is_paper_and_no_line():
    chosen, picture = drawn(3, (8, 8), scale=4, lines="between")
    x, y = chosen.corner(2)
    right = x + chosen.width + chosen.gap
    assert (picture[y + chosen.gap :, right:] == PAPER).all()
    assert (picture[y:, :right] != PAPER).any(axis=2).all()


def test_square_tiles_make_a_picture_as_square_as_it_gets():
    for units in range(1, 200):
        assert columns_for(units, 28, 28) == math.ceil(math.sqrt(units))


@pytest.mark.parametrize("shape", [(1, 13), (1, 64), (4, 16), (16, 4), (3, 1000)])
@pytest.mark.parametrize("units", [1, 2, 6, 10, 64, 300])
def test_tiles_of_any_shape_make_a_picture_as_square_as_it_gets(units, shape):
    def stretch(across):
        wide, tall = across * shape[1], math.ceil(units / across) * shape[0]
        return max(wide, tall) / min(wide, tall)

    across = columns_for(units, *shape)
    assert stretch(across) == min(map(stretch, range(1, units + 1)))


@pytest.mark.parametrize(
    ("units", "shape"),
    [(64, (28, 28)), (16, (28, 28)), (256, (28, 28)), (10, (8, 8)), (6, (1, 13))],
)
def test_without_a_scale_a_picture_is_about_as_wide_as_asked_for(units, shape):
    chosen, picture = drawn(units, shape, scale=None, lines="between")
    assert picture.shape[1] == chosen.size[0]
    assert abs(picture.shape[1] - 700) <= 700 / 3  # it cannot be less than a pixel per weight off


@pytest.mark.parametrize(
    ("units", "inputs", "scale", "height"),
    [
        (10, 64, 5, 30),  # narrow cells: as high as makes a square, or nearly
        (10, 64, 11, 48),
        (10, 320, 2, 48),
        (32, 64, 11, 22),
        (6, 13, 50, 50),  # cells that are large as they are
        (6, 13, 20, 40),
        (1, 64, 1, 48),
        (64, 64, 10, 10),
    ],
)
def test_cells_of_a_strip_are_high_enough_to_be_seen(units, inputs, scale, height):
    chosen, picture = drawn(units, (1, inputs), scale=scale)
    assert (chosen.cell, chosen.across) == ((height, scale), 1)
    assert picture.shape == (units * height, inputs * scale, 3)
