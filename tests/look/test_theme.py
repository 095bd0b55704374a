"""Themes: what is written can be read, and strong weights stand out, in the light and in the dark."""

import colorsys
from itertools import combinations

import numpy as np
import pytest

from cutaway.look.theme import FAMILY, THEMES, font

themes = pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)


def luminance(colour):
    """Relative luminance, 0 to 1 (WCAG 2.2)."""
    c = np.array(colour) / 255
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4) @ [
        0.2126,
        0.7152,
        0.0722,
    ]


def contrast(one, other):
    light, dark = sorted([luminance(one), luminance(other)], reverse=True)
    return (light + 0.05) / (dark + 0.05)


@themes
def test_text_can_be_read_on_the_paper(theme):
    assert contrast(theme.ink, theme.paper) >= 7
    assert contrast(theme.muted, theme.paper) >= 4.5


@themes
def test_zero_is_the_paper_and_the_stronger_a_weight_the_more_it_stands_out(theme):
    assert theme.zero == theme.paper
    for side in (theme.negative[::-1], theme.positive):
        against = [contrast(colour, theme.paper) for colour in (theme.zero, *side)]
        assert against == sorted(against)
        assert against[-1] >= 7


@themes
def test_both_signs_stand_out_alike_and_differ_in_hue(theme):
    for negative, positive in zip(theme.negative[::-1], theme.positive, strict=True):
        one, other = contrast(negative, theme.paper), contrast(positive, theme.paper)
        assert max(one, other) / min(one, other) < 1.5
        blue, orange = (
            360 * colorsys.rgb_to_hsv(*np.divide(c, 255))[0] for c in (negative, positive)
        )
        assert 190 < blue < 230
        assert 10 < orange < 40


@themes
def test_the_lines_of_a_plot_can_be_told_from_the_paper_and_from_each_other(theme):
    lines = (theme.first, theme.second, *theme.more)
    for line in lines:
        assert contrast(line, theme.paper) >= 3
    assert np.abs(np.subtract(theme.first, theme.second)).max() > 100
    for one, other in combinations(lines, 2):
        assert np.abs(np.subtract(one, other)).max() > 50


def test_the_font_comes_along():
    assert font(12).getname() == (FAMILY, "Book")
    assert font(12).getlength("0123456789") > 60
