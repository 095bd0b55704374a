"""Animations: pictures that move by themselves on a page or a slide, for ever; GIF, WebP, APNG by PyAV.

FFmpeg's muxers write every frame they get, and its time; those of Pillow and libwebp merge frames that
are alike, which a reader then does not count, and Pillow's keep all frames until the end.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .encoder import U8, Plan, Streamed, composed

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

_COLOURS = 256  # of a GIF's frame, at most


class Gif(Streamed):
    """GIF, whose frames have a palette each: exact up to 256 colours, close to them for more."""

    def __init__(self, path: Path, plan: Plan) -> None:
        super().__init__(path, plan, ("gif", {"loop": "0"}), ("gif", {}), "pal8")

    def _frame(self, image: U8, caption: U8 | None) -> VideoFrame:
        from av import VideoFrame

        parts = [image] if caption is None else [image, caption]
        numbers, colours = _palette(np.concatenate([part.reshape(1, -1, 3) for part in parts], 1))
        argb = np.full((_COLOURS, 4), 255, np.uint8)
        argb[: len(colours), 1:] = colours
        size = image.shape[0] * image.shape[1]
        above = numbers[0, :size].reshape(image.shape[:2])
        below = None if caption is None else numbers[0, size:].reshape(caption.shape[:2])
        pixels: Any = (composed(above, below, self._plan.scale), argb)
        return VideoFrame.from_ndarray(pixels, format="pal8")


class WebP(Streamed):
    """WebP without loss: as small as a lossy one that blurs, as pictures of weights are all edges."""

    def __init__(self, path: Path, plan: Plan) -> None:
        codec = ("libwebp", {"lossless": "1", "compression_level": "1", "quality": "50"})
        super().__init__(path, plan, ("webp", {"loop": "0"}), codec, "bgra")


class Apng(Streamed):
    """APNG: a PNG whose first frame any viewer shows. Unfiltered, as enlarged rows repeat exactly."""

    def __init__(self, path: Path, plan: Plan) -> None:
        # In seconds: this muxer does not ask the last frame how long it lasts.
        hold = {"final_delay": str(plan.hold)} if plan.hold else {}
        codec = ("apng", {"pred": "none", "compression_level": "4"})
        super().__init__(path, plan, ("apng", {"plays": "0", **hold}), codec, "rgb24")


def _palette(image: U8) -> tuple[U8, U8]:
    """Return which colour every pixel has (height, width), and the colours (at most 256, 3)."""
    from PIL import Image

    # What quantize() finds by itself, at two fifths of its time.
    packed = image.astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], np.uint32)
    found, numbers = np.unique(packed, return_inverse=True)
    if len(found) <= _COLOURS:
        colours = np.stack([found >> 16, found >> 8, found], axis=1).astype(np.uint8)
        return numbers.reshape(packed.shape).astype(np.uint8), colours
    reduced = Image.fromarray(image).quantize(_COLOURS, Image.Quantize.MEDIANCUT)
    return np.asarray(reduced), np.reshape(reduced.getpalette() or [], (-1, 3)).astype(np.uint8)
