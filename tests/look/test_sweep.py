"""Sweep: curves with a band over seeds, and a heat map: what is drawn is what was measured."""

import io

import numpy as np
import pytest
from PIL import Image

from cutaway.look.sweep import Bundle, heat_map, sweep_curves
from cutaway.look.theme import THEMES

LOSSES = [[2.0, 1.0, 0.5], [3.0, 0.8, 0.4], [2.5, 0.9, 0.1]]
RIGHT = [[0.5, 0.9], [0.6, 0.8], [0.7, 0.95]]


def bundle(name="lr 0.1", panel="", **more):
    told = dict(steps=[1, 10, 100], losses=LOSSES, ends=[50, 100], accuracies=RIGHT)
    return Bundle(name=name, panel=panel, **told | more)


def drawn(figure):
    with Image.open(io.BytesIO(figure.png())) as image:
        return np.asarray(image.convert("RGB"))


def test_a_line_is_the_median_and_a_band_goes_from_least_to_most():
    losses, errors = sweep_curves([bundle()]).axes
    (line,), (band,) = losses.lines, losses.collections
    np.testing.assert_allclose(line.get_xydata(), [[1, 2.5], [10, 0.9], [100, 0.4]])
    corners = {(x, round(y, 3)) for x, y in band.get_paths()[0].vertices}
    assert corners >= {(1, 2), (1, 3), (10, 0.8), (10, 1), (100, 0.1), (100, 0.5)}
    np.testing.assert_allclose(errors.lines[0].get_xydata(), [[1, 40], [2, 10]])


def test_each_panel_has_its_own_and_a_name_has_one_colour_in_all():
    figure = sweep_curves([bundle(n, p) for p in ("hidden 4", "hidden 8") for n in ("a", "b")])
    assert [ax.get_title() for ax in figure.axes[:2]] == ["hidden 4", "hidden 8"]
    first, second = ([line.get_color() for line in ax.lines] for ax in figure.axes[:2])
    assert first == second
    assert len({*first}) == 2


def test_of_many_names_the_best_have_a_colour_and_the_others_a_thin_line():
    many = [bundle(f"lr {n}", accuracies=np.array(RIGHT) - n / 100) for n in range(9)]
    figure = sweep_curves(many)
    wide = [line for line in figure.axes[0].lines if line.get_linewidth() > 1]
    assert len(wide) == 6
    texts = [text.get_text() for text in figure.legends[0].get_texts()]
    assert texts == [*(f"lr {n}" for n in range(6)), "the others", texts[-1]]
    assert texts[-1] == "median, and least to most, of 3 seeds"


def test_one_epoch_is_a_point_with_its_range_and_failures_are_told():
    short = bundle(ends=[50], accuracies=[[0.5], [0.6], [0.7]], failed=2)
    lost = Bundle(name="lr 9", failed=3)
    figure = sweep_curves([short, lost])
    assert figure.axes[0].texts[0].get_text() == "lr 0.1: 2 failed\nlr 9: 3 failed"
    assert figure.description.endswith("; best: lr 0.1, 60.00% right; 5 failed")
    (bars,) = figure.axes[1].containers
    assert [round(y) for _, y in bars[2][0].get_segments()[0]] == [30, 50]


def test_a_heat_map_has_every_cell_s_median_and_range_and_frames_the_best():
    cells = [[[0.9, 0.92, 0.91], []], [[0.5], [0.955, 0.945]]]
    figure = heat_map(cells, names=("lr", "hidden"), rows=["0.1", "1"], columns=["4", "8"])
    (ax,) = figure.axes
    texts = [text.get_text() for text in ax.texts]
    assert texts == ["91.00%", "90.0 to 92.0", "failed", "50.00%", "95.00%", "94.5 to 95.5"]
    (frame,) = ax.patches
    assert (round(frame.get_x()), round(frame.get_y())) == (1, 1)
    assert figure.description == (
        "validation accuracy by lr and hidden: best 95.00% with lr 1, hidden 8; worst 50.00%"
    )


@pytest.mark.parametrize("cells", [[[[], []]], [[[0.5], [0.5]]], [[[1.0], [0.1]]]])
def test_a_heat_map_can_be_of_failures_and_equals(cells):
    assert drawn(heat_map(cells, names=("a", "b"), rows=["x"], columns=["y", "z"])).std() > 1


def test_a_narrow_heat_map_has_room_for_its_title():
    figure = heat_map([[[0.5, 0.6]]], names=("lr", "b"), rows=["0.0001"], columns=["y"])
    figure.draw_without_rendering()
    title = figure.axes[0].title.get_window_extent()
    assert 0 <= title.x0 < title.x1 <= figure.bbox.x1


@pytest.mark.parametrize("theme", THEMES)
def test_the_paper_is_the_theme_s(theme):
    heat = heat_map([[[0.5], [0.9]]], names=("a", "b"), rows=["x"], columns=["y", "z"], theme=theme)
    for figure in (sweep_curves([bundle()], theme=theme), heat):
        assert tuple(drawn(figure)[0, 0]) == THEMES[theme].paper
