"""Blocks: what a terminal shows is the image, in the nearest colours it has, in few bytes."""

import numpy as np
import pytest

from cutaway.look.blocks import TRUE, blocks, fit, resized, sparkline

PC = [
    (0, 0, 0), (170, 0, 0), (0, 170, 0), (170, 85, 0), (0, 0, 170), (170, 0, 170), (0, 170, 170),
    (170, 170, 170), (85, 85, 85), (255, 85, 85), (85, 255, 85), (255, 255, 85), (85, 85, 255),
    (255, 85, 255), (85, 255, 255), (255, 255, 255),
]  # fmt: skip


def xterm(number):
    """The colour of a number from 16 to 255."""
    if number >= 232:
        return (10 * (number - 232) + 8,) * 3
    digits = (number - 16) // 36, (number - 16) // 6 % 6, (number - 16) % 6
    return tuple(55 + 40 * digit if digit else 0 for digit in digits)


def rgb(colour):
    """The colour that a terminal shows for what it was sent."""
    if isinstance(colour, int):
        return PC[colour]
    return colour[1:] if colour[0] == 2 else xterm(colour[1])


def show(terminal, lines):
    terminal.feed("\n".join(lines).encode())


@pytest.fixture
def image():
    """More colours than any palette has, and some pixels that are alike."""
    pixels = np.random.default_rng(0).integers(0, 256, (8, 40, 3), np.uint8)
    pixels[2:4, 10:30] = pixels[0, 0]
    pixels[5, 5:35:3] = pixels[5, 4]
    return pixels


def test_two_rows_of_pixels_are_a_line_of_half_blocks(terminal, image):
    screen = terminal()
    show(screen, blocks(image, TRUE))
    expected = {(y, x): (2, *image[y, x].tolist()) for y in range(8) for x in range(40)}
    assert screen.pixels() == expected
    assert (screen.ink, screen.paper) == (None, None)


@pytest.mark.parametrize("colours", [256, 16, 8])
def test_a_terminal_of_few_colours_gets_the_nearest_ones(terminal, image, colours):
    screen = terminal()
    show(screen, blocks(image, colours))
    known = np.array([xterm(n) for n in range(16, 256)] if colours == 256 else PC[:colours])
    for place, colour in screen.pixels().items():
        assert isinstance(colour, tuple) == (colours == 256)
        wanted = image[place].astype(int)
        nearest = np.square(known - wanted).sum(axis=1).min()
        assert np.square(rgb(colour) - wanted).sum() == nearest


@pytest.mark.parametrize("colours", [TRUE, 256, 16, 8])
def test_below_an_odd_height_the_terminal_s_own_colour_is_seen(terminal, image, colours):
    screen = terminal()
    show(screen, blocks(image[:5], colours))
    pixels = screen.pixels()
    assert len(pixels) == 6 * 40
    assert [place for place, colour in pixels.items() if colour is None] == [
        (5, x) for x in range(40)
    ]


def test_a_colour_is_sent_only_where_it_changes():
    plain = np.full((2, 60, 3), 9, np.uint8)
    (line,) = blocks(plain, TRUE)
    assert line == "\x1b[48;2;9;9;9m" + 60 * " " + "\x1b[m"
    plain[0, 30:] = 7
    (line,) = blocks(plain, TRUE)
    assert line == "\x1b[48;2;9;9;9m" + 30 * " " + "\x1b[38;2;7;7;7m" + 30 * "▀" + "\x1b[m"


def test_what_is_there_already_is_passed_over(terminal, image):
    after = image.copy()
    after[4, 7] = after[4, 20] = 1
    after[7, 39] = 2
    lines = blocks(after, TRUE, before=image)
    assert [line == "" for line in lines] == [True, True, False, False]
    assert sum(line.count("▀") for line in lines) == 3

    screen, whole = terminal(), terminal()
    show(screen, blocks(image, TRUE))
    screen.feed(b"\x1b[H")
    show(screen, lines)
    show(whole, blocks(after, TRUE))
    assert screen.pixels() == whole.pixels()


def test_an_image_without_pixels_has_no_lines():
    assert blocks(np.empty((0, 0, 3), np.uint8), 256) == []


@pytest.mark.parametrize(
    ("shape", "units", "room", "expected"),
    [
        (
            (28, 28),
            64,
            (96, 200),
            ((15, 15), 11, 64),
        ),  # 200 x 50 characters, two of them lines of text
        ((28, 28), 64, (44, 80), ((14, 14), 5, 15)),  # 80 x 24
        ((28, 28), 16, (44, 80), ((12, 12), 6, 16)),
        ((28, 28), 28, (44, 80), ((10, 10), 7, 28)),
        ((28, 28), 29, (44, 80), ((14, 14), 5, 15)),
        ((28, 28), 4, (96, 200), ((28, 28), 4, 4)),
        ((8, 8), 6, (44, 80), ((16, 16), 3, 6)),  # twice as large
        ((28, 14), 3, (44, 80), ((28, 14), 3, 3)),
        ((1, 784), 64, (44, 80), ((1, 26), 3, 64)),
        ((1, 13), 5, (44, 80), ((6, 78), 1, 5)),
        ((3, 3), 200, (10, 10), ((3, 3), 2, 4)),
        ((28, 28), 64, (13, 80), ((14, 14), 5, 0)),
    ],
)
def test_tiles_are_as_large_as_fits_but_never_too_small_to_be_read(shape, units, room, expected):
    assert fit(shape, units, room) == expected


def test_shrunk_weights_are_the_mean_of_an_area():
    weights = np.random.default_rng(0).normal(size=(12 * 8, 5)).astype(np.float32)
    small = resized(weights, (12, 8), (6, 4))
    expected = weights.reshape(6, 2, 4, 2, 5).mean(axis=(1, 3)).reshape(24, 5)
    np.testing.assert_allclose(small, expected, atol=1e-6)


def test_no_unit_shines_into_another_however_uneven_the_areas():
    weights = np.tile(np.array([0, 1, 5], np.float32), (784, 1))
    small = resized(weights, (28, 28), (15, 15))
    np.testing.assert_allclose(small, np.full((225, 3), [0, 1, 5]), atol=1e-6)


def test_enlarged_weights_are_repeated():
    weights = np.arange(12, dtype=np.float32).reshape(6, 2)
    large = resized(weights, (2, 3), (4, 6))
    expected = weights.reshape(2, 3, 2).repeat(2, axis=0).repeat(2, axis=1).reshape(24, 2)
    np.testing.assert_array_equal(large, expected)


def test_a_sparkline_goes_up_from_zero_and_has_blanks_for_what_is_to_come():
    assert sparkline(np.array([8, 8, 4, 1, 0.001, 0, np.nan])) == "██▄▁▁▁ "
    assert sparkline(np.array([np.nan])) == " "
    assert sparkline(np.zeros(2)) == "▁▁"


def test_a_single_large_value_leaves_the_others_their_height():
    values = np.array([100, *np.linspace(8, 0.1, 40)])
    assert sparkline(values)[:3] == "███"
    assert set(sparkline(values)) == set("▁▂▃▄▅▆▇█")
