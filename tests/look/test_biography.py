"""Biography: rows of tiles, bars, and a ranking, of whatever shape a unit's weights have."""

import numpy as np
import pytest

from cutaway.look.biography import MOST, WIDTH, Chart, Samples, draw_life, draw_ranking
from cutaway.look.theme import THEMES
from cutaway.look.tiles import colours

CHART = Chart(title="chart", values=[1.0, -0.5], labels=["a", "b"], texts=["1", "half"])


def life(weights, past=(), shape=(2, 2), charts=(CHART,), theme="light"):
    pixels = np.tile(np.linspace(0, 1, len(weights)), (3, 1))
    return draw_life(
        weights, past, shape=shape, steps=[str(n) for n in range(len(past))], charts=charts,
        samples=[Samples(title="samples", pixels=pixels, texts=["a\n1"] * 3)],
        title="title", note="a note\nof two lines", theme=theme,
    )  # fmt: skip


def area(image, colour):
    return int((np.asarray(image) == colour).all(axis=2).sum())


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("shape", [(2, 3), (1, 6)])
def test_a_life_is_as_wide_as_a_slide_takes_in(shape, theme):
    image = life(np.ones(6, np.float32), shape=shape, theme=theme)
    assert image.width == WIDTH + 64
    assert image.getpixel((0, image.height - 1)) == THEMES[theme].paper


def test_the_past_has_the_present_s_scale_of_colours():
    weights = np.ones(4, np.float32)
    half, full = (colours("diverging")[n] for n in (127 + 64, 254))
    alone, lived = life(weights), life(weights, [0.5 * weights, weights])
    assert area(alone, half) < 1000  # of the legend
    assert area(lived, half) - area(alone, half) == pytest.approx(84 * 84, abs=200)
    assert area(lived, full) - area(alone, full) == pytest.approx(84 * 84, abs=200)


def test_bars_of_all_charts_have_a_third_of_the_width():
    one, three = life(np.ones(4)), life(np.ones(4), charts=[CHART] * 3)
    assert one.size == three.size
    orange = THEMES["light"].second
    assert area(three, orange) == pytest.approx(3 * area(one, orange), rel=0.01)


@pytest.mark.parametrize("units", [1, 2, 7, 64, MOST])
def test_a_ranking_has_a_tile_for_each_with_room_for_words(units):
    weights = np.zeros((4, units), np.float32)
    weights[:, -1] = 1
    image = draw_ranking(
        weights, shape=(2, 2), texts=["17: +0.74\nAnkle boot"] * units, title="title", note="note",
        legend="legend", theme="light",
    )  # fmt: skip
    strong = (np.asarray(image) == colours("diverging")[254]).all(axis=2)
    side = strong.sum(axis=1).max()
    assert 70 <= side <= 2 * 86
    assert image.width == WIDTH + 64
    assert image.height <= 1800
