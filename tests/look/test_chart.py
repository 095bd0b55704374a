"""Chart: lines are where their numbers are, grow from the left, and end in a cross where one failed."""

import numpy as np
import pytest

from cutaway.look.chart import Chart, Line
from cutaway.look.theme import THEMES

STEPS = [1, 2, 3, 4, 5]


def chart_of(*lines, theme="light"):
    return Chart(
        (400, 200), lines, steps=STEPS, title="loss", top=2.0, unit="{:.1f}", letter=12, theme=theme
    )  # fmt: skip


def columns(image, colour):
    """From where to where a colour goes."""
    seen = np.flatnonzero((np.asarray(image) == colour).all(axis=2).any(axis=0))
    return seen.min(), seen.max()


@pytest.mark.parametrize("theme", THEMES)
def test_a_line_is_as_high_as_its_numbers_and_no_higher_than_the_chart(theme):
    colour, middle, above = THEMES[theme].first, THEMES[theme].second, THEMES[theme].more[0]
    chart = chart_of(
        Line(STEPS, [0.0] * 5, colour), Line(STEPS, [1.0] * 5, middle), Line(STEPS, [9.0] * 5, above),
        theme=theme,
    )  # fmt: skip
    pixels = np.asarray(chart.image)
    rows = [
        np.flatnonzero((pixels == c).all(axis=2).any(axis=1)).mean()
        for c in (above, middle, colour)
    ]
    assert rows[1] == pytest.approx((rows[0] + rows[2]) / 2, abs=1)
    assert rows[0] >= 12


def test_a_chart_grows_from_the_left():
    colour = THEMES["light"].first
    chart = chart_of(Line(STEPS, [1.0] * 5, colour))
    left, right = columns(chart.image, colour)
    assert columns(chart.grown(5), colour) == (left, right)
    assert columns(chart.grown(3), colour)[1] == pytest.approx((left + right) / 2, abs=2)


def test_what_failed_ends_in_a_cross():
    ink = THEMES["light"].ink
    lines = [Line([1, 2, 3], [1.0, 1.0, 1.0], THEMES["light"].first, broken) for broken in (0, 1)]
    whole, broken = (np.asarray(chart_of(line).image)[40:] for line in lines)
    changed = np.flatnonzero((whole != broken).any(axis=2).any(axis=0))
    _, end = columns(chart_of(lines[0]).image, THEMES["light"].first)
    assert changed.mean() == pytest.approx(end, abs=2)
    assert (broken == ink).all(axis=2).any()


def test_a_line_without_points_is_none():
    empty = chart_of(Line([], [], THEMES["light"].first, True))
    assert np.array_equal(np.asarray(empty.image), np.asarray(chart_of().image))


def test_what_was_measured_once_is_a_dot():
    colour = THEMES["light"].first
    first, last = columns(chart_of(Line([3], [1.0], colour)).image, colour)
    assert last - first == 10
