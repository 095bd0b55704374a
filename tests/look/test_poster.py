"""Poster: rows of tiles on one scale of colours, on a page of a paper's size."""

import numpy as np
import pytest
from PIL import ImageChops

from cutaway.look.poster import PAPERS, draw
from cutaway.look.theme import THEMES
from cutaway.look.tiles import colours

TEXTS = dict(title="title", note="note", legend="legend")


def page(weights, shape=(2, 2), paper="16:9", theme="light", **texts):
    units, moments, _ = weights.shape
    heads = [f"{n}\nepoch 1" for n in range(moments)]
    names = [f"{n}\nfor 3" for n in range(units)]
    return draw(
        weights, shape=shape, heads=heads, names=names, paper=paper, theme=theme, **TEXTS | texts
    )


def area(image, colour):
    return int((np.asarray(image) == colour).all(axis=2).sum())


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("paper", PAPERS)
def test_a_page_has_the_paper_s_size_at_150_pixels_an_inch(paper, theme):
    image = page(np.ones((2, 3, 4), np.float32), paper=paper, theme=theme)
    assert image.size == PAPERS[paper].size
    assert image.info["dpi"] == (150, 150)
    corners = [(x, y) for x in (0, image.width - 1) for y in (0, image.height - 1)]
    assert {image.getpixel(corner) for corner in corners} == {THEMES[theme].paper}


def test_all_tiles_have_one_scale_of_colours():
    weights = np.zeros((1, 2, 4), np.float32)
    weights[0, 0], weights[0, 1] = 0.5, 1
    image = page(weights)
    half, full = (tuple(colours("diverging")[n].tolist()) for n in (127 + 64, 254))
    assert area(image, full) == pytest.approx(area(image, half), rel=0.05)
    assert area(image, half) > 100 * 100
    assert image.info["Description"] == "blue below zero, orange above, strongest colour at 1"


def test_tiles_stand_where_their_unit_and_their_moment_are():
    weights = np.zeros((2, 3, 4), np.float32)
    weights[1, 2] = 1
    one = np.asarray(page(weights))
    rows, columns = np.nonzero((one == colours("diverging")[254]).all(axis=2))
    inside = rows < 900  # above the legend
    assert columns[inside].min() > one.shape[1] * 0.6
    assert rows[inside].min() > one.shape[0] * 0.4


def test_weights_that_are_no_picture_are_strips_with_a_cell_for_each():
    weights = np.zeros((1, 1, 6), np.float32)
    weights[0, 0, 3] = 1
    image = np.asarray(page(weights, shape=None))
    rows, columns = np.nonzero((image == colours("diverging")[254]).all(axis=2))
    high = rows < 900
    height, width = np.ptp(rows[high]) + 1, np.ptp(columns[high]) + 1
    assert height > width > 200


@pytest.mark.parametrize(("paper", "sheet"), PAPERS.items())
def test_the_most_rows_and_columns_do_not_touch(paper, sheet):
    rows, columns = sheet.most
    weights = np.ones((rows, columns, 4), np.float32)
    image = page(weights, paper=paper)
    without = page(weights, paper=paper, title="", note="")
    changed = ImageChops.difference(image, without).getbbox()
    assert changed[3] < 150  # a title changes nothing below
    strong = (np.asarray(image) == colours("diverging")[254]).all(axis=2)
    lines = strong.sum(axis=1) > columns * 5  # rows of pixels with tiles
    assert np.count_nonzero(np.diff(lines.astype(int)) == 1) == rows


def test_few_rows_stay_together():
    weights = np.ones((2, 13, 4), np.float32)
    strong = (np.asarray(page(weights)) == colours("diverging")[254]).all(axis=2)[:900]
    first, second = np.flatnonzero(np.diff((strong.sum(axis=1) > 13 * 5).astype(int)) == 1)
    columns = np.flatnonzero(np.diff(strong[first + 9].astype(int)) == 1)
    assert second - first == pytest.approx(1.3 * np.diff(columns).mean(), abs=3)
