"""Codecs: which there are, what a film must know of each, and how many frames a finished file has."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import SupportsFloat

from .. import checks
from .animations import Apng, Gif, WebP
from .encoder import Encoder, Plan
from .video import H264, Mp4v


@dataclass(frozen=True)
class Codec:
    """A way to encode a film."""

    encoder: Callable[[Path, Plan], Encoder]
    suffix: str  # of a film's file; the first codec with it is the one for it
    fps: int  # unless another rate is asked for
    fastest: int  # frames per second, at most
    sides: int = 1  # what width and height are multiples of, in pixels
    bare: bool = False  # it can neither hold the last frame nor keep a description


# Browsers show a frame of a GIF, WebP or APNG for a tenth of a second if 10 ms or less are asked for,
# and a GIF counts hundredths of a second.
CODECS = {
    "h264": Codec(H264, ".mp4", fps=70, fastest=1000, sides=2),
    "mp4v": Codec(Mp4v, ".mp4", fps=70, fastest=1000, sides=2, bare=True),
    "gif": Codec(Gif, ".gif", fps=10, fastest=50),
    "webp": Codec(WebP, ".webp", fps=10, fastest=90),
    "apng": Codec(Apng, ".apng", fps=10, fastest=90),
}
SUFFIXES = tuple(dict.fromkeys(codec.suffix for codec in CODECS.values()))
FPS = (Fraction(1, 100), 1000)


def codec_for(path: Path, codec: str | None) -> str:
    """Return the name of the codec for a path, or the one that is asked for if it fits."""
    suffix = path.suffix.lower()
    fitting = [name for name, its in CODECS.items() if its.suffix == suffix]
    if not fitting:
        rule = f"path must end in {', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]}"
        raise ValueError(f"Film: {rule}, got {checks.shown(os.fspath(path))}")
    if codec is None:
        return fitting[0]
    if not isinstance(codec, str) or codec not in fitting:
        rule = f"codec must be {' or '.join(map(repr, fitting))} for {suffix}"
        raise ValueError(f"Film: {rule}, got {checks.shown(codec)}")
    return codec


def rate_for(codec: str, fps: SupportsFloat | None) -> Fraction:
    """Return the frames per second that are asked for, or the codec's own."""
    fastest = CODECS[codec].fastest
    rate = checks.ratio("Film", "fps", CODECS[codec].fps if fps is None else fps, *FPS)
    if rate > fastest:
        rule = f"fps must be at most {fastest} for {codec}, which browsers would show slower"
        raise ValueError(f"Film: {rule}, got {checks.shown(fps, str)}")
    return rate


def count_frames(path: str | os.PathLike[str]) -> tuple[int, int, int]:
    """Return a film's number of frames, width and height, by reading it to its end.

    Raises:
        OSError: if it is no film that can be read.
    """
    import av
    from PIL import Image

    try:
        if Path(path).suffix.lower() == ".webp":  # of which FFmpeg reads the first frame only
            with Image.open(path) as image:
                return getattr(image, "n_frames", 1), image.width, image.height
        with av.open(Path(path).absolute()) as container:  # "run-12:30/..." is no protocol then
            stream = container.streams.video[0]
            packets = (p for p in container.demux(stream) if p.size and not p.is_corrupt)
            frames = sum(1 for _ in packets)
            return frames, stream.codec_context.width, stream.codec_context.height
    except (av.FFmpegError, IndexError, OSError) as error:
        raise OSError(f"{os.fspath(path)}: not a readable film: {error}") from None
