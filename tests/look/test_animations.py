"""Animations: their times, their colours, and that they play for ever; as other programs read them."""

from fractions import Fraction

import numpy as np
import pytest
from PIL import Image, ImageSequence

from cutaway import Film, grid

RNG = np.random.default_rng(0)
SUFFIXES = (".gif", ".webp", ".apng")


@pytest.fixture(params=SUFFIXES)
def path(request, tmp_path):
    return tmp_path / f"learn{request.param}"


def write(path, images, **options):
    with Film(path, **options) as film:
        for image in images:
            film.write(image)
    return path


def frames(path):
    with Image.open(path) as image:
        return [np.asarray(frame.convert("RGB")) for frame in ImageSequence.Iterator(image)]


def milliseconds(path):
    """How long each frame is shown."""
    with Image.open(path) as image:
        return [frame.load() and frame.info["duration"] for frame in ImageSequence.Iterator(image)]


def noise(number, side=4):
    return RNG.integers(0, 256, (number, side, side, 3), np.uint8)


def coloured(number):
    """An image of so many colours."""
    numbers = np.arange(1024) % number
    return (
        np.stack([numbers % 256, numbers // 4, 7 * numbers % 256], 1)
        .astype(np.uint8)
        .reshape(32, 32, 3)
    )


def test_an_animation_plays_for_ever_ten_frames_a_second_if_nothing_else_is_said(path):
    write(path, noise(3))
    with Image.open(path) as image:
        assert image.info["loop"] == 0
    assert milliseconds(path) == [100, 100, 100]


@pytest.mark.parametrize("fps", [30, Fraction(30000, 1001), 7, 48, 0.01])
def test_times_are_rounded_without_drifting(path, fps):
    times = milliseconds(write(path, noise(60), fps=fps))
    step = {".gif": 10, ".webp": 1, ".apng": 1e-6}[path.suffix]
    np.testing.assert_allclose(np.cumsum(times), np.arange(1, 61) * 1000 / float(fps), atol=step)
    assert max(times) - min(times) <= step


@pytest.mark.parametrize("hold", [3, 0.25, 600])
@pytest.mark.parametrize("number", [2, 30])
def test_the_last_frame_is_held(path, hold, number):
    write(path, noise(number), fps=20, hold=hold)
    assert milliseconds(path) == [50] * (number - 1) + [1000 * hold]
    assert len(frames(path)) == number


def test_a_hold_may_be_any_number(tmp_path):
    times = [
        milliseconds(write(tmp_path / f"a{suffix}", noise(2), hold=1 / 3)) for suffix in SUFFIXES
    ]
    assert times == [[100, 330], [100, 333], [100, pytest.approx(1000 / 3)]]


def test_a_single_image_is_a_still_one(path):
    (image,) = noise(1)
    (frame,) = frames(write(path, [image], scale=1, hold=3))
    np.testing.assert_array_equal(frame, image)


def test_a_film_of_weights_comes_out_exactly(path):
    weights = RNG.standard_normal((5, 784, 16))
    images = [np.asarray(grid(layer, limit=3)) for layer in weights]
    for image, frame in zip(images, frames(write(path, images, scale=3)), strict=True):
        np.testing.assert_array_equal(frame, image.repeat(3, axis=0).repeat(3, axis=1))


@pytest.mark.parametrize("number", [1, 2, 255, 256])
def test_a_gif_has_256_exact_colours_in_every_frame(tmp_path, number):
    images = [coloured(number), 255 - coloured(number)]
    for image, frame in zip(
        images, frames(write(tmp_path / "a.gif", images, scale=1)), strict=True
    ):
        np.testing.assert_array_equal(frame, image)


def test_a_gif_of_more_colours_comes_close_and_what_is_still_hardly_flickers(tmp_path):
    image = coloured(1024)
    image[:16] = 255  # a background
    later = image.copy()
    later[24:] = 255 - later[24:]
    first, second = frames(write(tmp_path / "a.gif", [image, later], scale=1))
    np.testing.assert_array_equal([first[:16], second[:16]], 255)
    assert 0 < np.abs(first.astype(int) - image).mean() < 2
    assert np.abs(first[:24].astype(int) - second[:24]).mean() < 2
