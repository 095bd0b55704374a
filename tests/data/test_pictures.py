"""Picture files: gray pixels come out, made like those that a network knows, or a sentence."""

import re

import numpy as np
import pytest
from PIL import Image

from cutaway.data import pictures

RAMP = np.arange(64, dtype=np.uint8).reshape(8, 8) * 4


@pytest.fixture
def write(tmp_path):
    def write(pixels, name="one.png", **options):
        image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
        image.save(tmp_path / name, **options)
        return tmp_path / name

    return write


CLEAR = np.dstack([RAMP, RAMP, RAMP, np.zeros_like(RAMP)])
GRAY = {
    "gray": (RAMP, RAMP),
    "RGB without colour": (np.dstack([RAMP] * 3), RAMP),
    "16 bits": (RAMP.astype(np.uint16) * 257, RAMP),
    "black and white": (Image.fromarray(RAMP > 99), np.where(RAMP > 99, 255, 0)),
    "transparent": (CLEAR, np.full((8, 8), 255)),
    "palette": (Image.fromarray(RAMP).convert("P"), RAMP),
}


@pytest.mark.parametrize(("given", "expected"), GRAY.values(), ids=GRAY)
def test_a_picture_is_its_brightness(write, given, expected):
    pixels, coloured = pictures.read(write(given))
    assert pixels.dtype == np.uint8
    np.testing.assert_array_equal(pixels, expected)
    assert not coloured


def test_a_picture_with_colours_is_told(write):
    red = np.zeros((8, 8, 3), np.uint8)
    red[..., 0] = 255
    pixels, coloured = pictures.read(write(red))
    assert coloured
    assert (pixels == 76).all()  # ITU-R 601: 0.299 of white


def test_a_photo_is_seen_upright(write):
    """A telephone that was held upright writes it lying, and notes that beside the pixels."""
    tall = np.zeros((40, 20), np.uint8)
    tall[5:10, 2:18] = 255
    notes = Image.Exif()
    notes[0x0112] = 6  # to be turned clockwise
    path = write(np.rot90(tall).copy(), "one.jpg", exif=notes, quality=95)
    pixels, _ = pictures.read(path)
    assert pixels.shape == (40, 20)
    assert np.abs(pixels.astype(int) - tall).max() < 32


def test_notes_that_are_damaged_are_no_matter(write):
    path = write(
        RAMP, "one.jpg", exif=b"Exif\0\0MM\0*\0\0\0\x08\xff\xff" + b"\x01\x12" * 20, quality=95
    )
    assert pictures.read(path)[0].shape == (8, 8)


def test_what_is_no_picture_is_refused_by_its_name(tmp_path, write):
    whole = write(RAMP).read_bytes()
    for content in (b"", b"%!PS-Adobe-3.0 EPSF-3.0\n", whole[:50], whole[:-30]):
        path = tmp_path / "bad.png"
        path.write_bytes(content)
        with pytest.raises(ValueError, match=f"^{re.escape(str(path))}: .*(picture|damaged)"):
            pictures.read(path)


@pytest.mark.parametrize("side", [10_000, 14_000])
def test_a_picture_that_says_that_it_is_huge_is_not_unpacked(write, side):
    path = write(Image.new("1", (side, side)))
    with pytest.raises(ValueError, match="a picture must have at most 50,000,000 pixels"):
        pictures.read(path)


def test_a_picture_like_those_that_a_network_knows_is_taken_as_it_is(write):
    dark = np.zeros((8, 8), np.uint8)
    dark[2:6, 3:5] = 200
    pixels, done = pictures.like("predict", write(dark), (8, 8), dark=True)
    np.testing.assert_array_equal(pixels, dark[np.newaxis])
    assert done == ""


@pytest.mark.parametrize("dark", [True, False])
def test_a_picture_on_the_other_paper_is_inverted(write, dark):
    page = np.full((8, 8), 255 if dark else 0, np.uint8)
    page[2:6, 3:5] = 55
    pixels, done = pictures.like("predict", write(page), (8, 8), dark=dark)
    np.testing.assert_array_equal(pixels, 255 - page[np.newaxis])
    assert done == "inverted"


def test_a_picture_of_another_size_becomes_a_digit_as_mnist_has_them(write):
    """A box of 20 of 28 pixels, the centre of mass in the middle."""
    page = np.full((300, 400), 250, np.uint8)
    page[20:220, 30:60] = 10  # a thick 1, in the corner of a photo
    pixels, done = pictures.like("predict", write(page), (28, 28), dark=True)
    assert done == "inverted, scaled from 300 x 400 and centred"
    ink = pixels[0] > 127
    assert np.flatnonzero(ink.any(axis=1)).tolist() == list(range(4, 24))
    assert np.flatnonzero(ink.any(axis=0)).tolist() == [12, 13, 14]  # of 0 to 27
    assert pixels.max() == 255


@pytest.mark.parametrize("noise", [0, 4])
def test_an_empty_sheet_is_told(write, noise):
    page = np.random.default_rng(0).normal(230, noise, (200, 260)).clip(0, 255).astype(np.uint8)
    path = write(page)
    with pytest.raises(ValueError, match=f"^predict: {re.escape(str(path))}: no ink was found"):
        pictures.like("predict", path, (28, 28), dark=True)


@pytest.mark.parametrize(
    ("noise", "shade", "specks"), [(0, 0, 0), (6, 60, 0), (3, 120, 5), (10, 0, 0)]
)
def test_a_photo_of_a_sign_is_the_sign_whatever_the_paper(write, noise, shade, specks):
    """Light that falls off, a noisy camera, dirt."""
    rng = np.random.default_rng(0)
    page = 240 - shade * np.linspace(0, 1, 400) * np.ones((300, 1))
    page[60:200, 90:110] -= 150
    page[180:200, 90:200] -= 150  # an L
    for y, x in rng.integers(10, 40, (specks, 2)):
        page[y : y + 2, x : x + 2] = 0
    page += rng.normal(0, noise, page.shape)
    pixels, _ = pictures.like(
        "predict", write(page.clip(0, 255).astype(np.uint8)), (28, 28), dark=True
    )
    ink = pixels[0] > 100
    down, across = (np.flatnonzero(ink.any(axis=axis)) for axis in (1, 0))
    assert 18 <= np.ptp(down) <= 20
    assert 14 <= np.ptp(across) <= 17
    assert ink[down[0] : down[-4], across[0] + 6 : across[-1]].mean() < 0.02  # within the L
    assert ink.mean() < 0.13


def test_whole_pictures_that_were_scaled_are_scaled_whole(write):
    page = np.full((100, 60), 250, np.uint8)
    page[10:30, 5:25] = 20
    pixels, done = pictures.like("predict", write(page), (10, 6), dark=False, whole=True)
    np.testing.assert_array_equal(pixels[0], pictures.resized(page, (10, 6)))
    assert done == "scaled from 100 x 60"


def test_a_file_that_is_too_large_for_a_picture_is_not_read(tmp_path):
    path = tmp_path / "hole.png"
    with path.open("wb") as file:
        file.truncate(1 << 40)  # it takes no room
    with pytest.raises(
        ValueError, match=r"hole\.png: a picture must have at most 400,000,000 bytes"
    ):
        pictures.read(path)
