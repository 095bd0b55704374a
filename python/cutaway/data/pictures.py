"""Picture files: PNG, JPEG and others go in, gray pixels come out; Pillow reads them.

Formats are named, so that none is read by running a program.
"""

from __future__ import annotations

import os
import struct
import warnings
import zlib
from io import BytesIO
from typing import TYPE_CHECKING, BinaryIO

import numpy as np
from numpy.typing import NDArray

from .. import checks
from ..files import open_regular

if TYPE_CHECKING:
    from PIL.Image import Image

U8 = NDArray[np.uint8]

SUFFIXES = (
    ".png",
    ".jpg",
    ".jpeg",
    ".bmp",
    ".gif",
    ".tif",
    ".tiff",
    ".webp",
    ".pgm",
    ".ppm",
    ".pbm",
)
_FORMATS = ("PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP", "PPM")
_BAD_PICTURE = (  # what comes of Pillow where the bytes are not as they should be
    OSError, SyntaxError, EOFError, struct.error, zlib.error, ValueError, TypeError, KeyError,
    IndexError, AttributeError, ArithmeticError,
)  # fmt: skip
_MOST_PIXELS = 50_000_000  # of a picture: a few bytes can say that they are more
_MOST_BYTES = 8 * _MOST_PIXELS


def read(path: str | os.PathLike[str]) -> tuple[U8, bool]:
    """Return a picture's brightness (height, width), and whether it had colours.

    Raises:
        ValueError: if it is no picture that is read here, is damaged, or is too large.
        OSError: if the file cannot be read.
    """
    with open_regular(path) as file:
        if os.fstat(file.fileno()).st_size > _MOST_BYTES:
            raise ValueError(
                f"{os.fspath(path)}: a picture must have at most {_MOST_BYTES:,} bytes"
            )
        data = file.read()
    return decode(os.fspath(path), BytesIO(data))  # of a file, Pillow reserves what a PNG asks for


def decode(name: str, file: BinaryIO) -> tuple[U8, bool]:
    """Return what read() does, of an open file that a message calls by a name."""
    from PIL import Image as Images
    from PIL import UnidentifiedImageError

    too_large = f"{name}: a picture must have at most {_MOST_PIXELS:,} pixels"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of notes beside the pixels that are damaged
        warnings.simplefilter("error", Images.DecompressionBombWarning)
        try:
            with Images.open(file, formats=_FORMATS) as image:
                if image.width * image.height > _MOST_PIXELS:
                    raise Images.DecompressionBombError
                return _gray(_upright(image))
        except UnidentifiedImageError:
            listed = ", ".join(_FORMATS)
            raise ValueError(f"{name}: must be a picture ({listed}), is none or damaged") from None
        except (Images.DecompressionBombError, Images.DecompressionBombWarning):
            raise ValueError(too_large) from None
        except _BAD_PICTURE as error:
            raise ValueError(
                f"{name}: the picture is damaged: {checks.shown(error, str)}"
            ) from None


def _upright(image: Image) -> Image:
    """Return a picture as it is to be seen: telephones note beside the pixels how they were held."""
    from PIL import ImageOps

    try:
        return ImageOps.exif_transpose(image)
    except _BAD_PICTURE:
        image.load()  # if it is the pixels that are bad, that tells
        return image  # and if it is the notes, nobody minds


def _gray(image: Image) -> tuple[U8, bool]:
    """Return a picture's brightness (height, width), and whether it had colours.

    What is transparent is seen over white paper; 16 bits are cut to their upper 8.
    """
    from PIL import Image as Images

    if image.mode.startswith("I"):
        return (np.asarray(image).astype(np.int64).clip(0, 65535) >> 8).astype(np.uint8), False
    if image.mode == "F":
        return np.asarray(image).clip(0, 255).astype(np.uint8), False
    if "A" in image.mode or "transparency" in image.info:
        layered = image.convert("RGBA")
        image = Images.alpha_composite(Images.new("RGBA", image.size, "white"), layered)
    if image.mode in ("1", "L"):
        return np.asarray(image.convert("L")), False
    channels = np.asarray(image.convert("RGB"))
    coloured = bool((channels != channels[:, :, :1]).any())
    return np.asarray(image.convert("RGB").convert("L")), coloured


def resized(pixels: U8, size: tuple[int, int]) -> U8:
    """Return gray pixels scaled to (height, width), smoothly."""
    from PIL import Image as Images

    height, width = size
    image = Images.fromarray(pixels).resize((width, height), Images.Resampling.LANCZOS)
    return np.asarray(image)


def like(
    who: str,
    path: str | os.PathLike[str],
    shape: tuple[int, int],
    *,
    dark: bool,
    whole: bool = False,
) -> tuple[U8, str]:
    """Return a picture made like those that a network knows, and what was done to it.

    A picture of their size is inverted where its paper is not theirs. Others are scaled, too: as they
    are if the network's pictures were, or their ink alone, centred as MNIST's digits are.

    Args:
        who: Begins the sentence of an error.
        path: Of the picture file.
        shape: (height, width) of the pictures it should be like.
        dark: Whether their paper is dark.
        whole: Whether they are whole pictures, scaled.

    Returns:
        (1, height, width), uint8, and words: "" if nothing was done.

    Raises:
        ValueError: if it is no picture, or of another size and without ink.
    """
    from . import ink

    try:
        pixels, coloured = read(path)
    except ValueError as error:
        raise ValueError(f"{who}: {error}") from None
    done = ["turned gray"] if coloured else []
    border = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    if (np.median(border) >= 128) == dark:
        done.append("inverted")
        pixels = 255 - pixels
    if pixels.shape != shape:
        before = f"scaled from {pixels.shape[0]} x {pixels.shape[1]}"
        done.append(before if whole else f"{before} and centred")
        if whole:
            pixels = resized(pixels, shape)
        else:
            drawn = ink.centred(pixels if dark else 255 - pixels, shape)
            if drawn is None:
                raise ValueError(f"{who}: {os.fspath(path)}: no ink was found on its paper")
            pixels = drawn if dark else 255 - drawn
    return pixels[np.newaxis], ", ".join(done)
