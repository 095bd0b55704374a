"""Encoder: what a film asks of one, and what all those by PyAV share: frames go on as they come.

An encoder's `add(image, caption)` takes uint8 RGB (height, width, 3), to be enlarged, and what stands below
it as it is, if anything; all of one size. `close()` ends the file.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from av.packet import Packet
    from av.video.frame import VideoFrame

U8 = NDArray[np.uint8]


@dataclass(frozen=True)
class Plan:
    """What is known before the first frame."""

    width: int  # pixels of a frame
    height: int
    scale: int  # pixels of a frame per pixel of an image and side
    fps: Fraction
    hold: Fraction  # seconds of the last frame; 0: as long as the others
    description: str


class Encoder(Protocol):
    """What a film needs of a codec; made of a path and a Plan."""

    def add(self, image: U8, caption: U8 | None) -> None:
        """Encode the next image."""

    def close(self) -> None:
        """End the file."""


class Streamed:
    """What encodes by PyAV, one frame at a time; a codec makes frames of images.

    The newest frame waits: that it is the last, and is to be held, is known only at the end.

    Args:
        path: Of the file.
        plan: Of the film.
        muxer: What FFmpeg calls the kind of file, and its options.
        codec: What it calls the codec, and its options.
        pixels: What it calls the layout of a frame's pixels.
    """

    def __init__(
        self,
        path: Path,
        plan: Plan,
        muxer: tuple[str, dict[str, str]],
        codec: tuple[str, dict[str, str]],
        pixels: str,
    ) -> None:
        import av

        self._plan = plan
        self._last: VideoFrame | None = None
        self._container = av.open(str(path), "w", format=muxer[0], options=muxer[1])
        stream: Any = self._container.add_stream(codec[0], rate=plan.fps)
        stream.width, stream.height, stream.pix_fmt = plan.width, plan.height, pixels
        stream.options = codec[1]
        self._stream = stream

    def _frame(self, image: U8, caption: U8 | None) -> VideoFrame:
        """Return a frame of an image, enlarged, and a caption."""
        from av import VideoFrame

        return VideoFrame.from_ndarray(composed(image, caption, self._plan.scale), format="rgb24")

    def add(self, image: U8, caption: U8 | None) -> None:
        """Encode the image before this one, which is the last for now."""
        before, self._last = self._last, self._frame(image, caption)
        if before is not None:
            self._container.mux(self._stream.encode(before))

    def close(self) -> None:
        """Encode what still waits, and end the file."""
        try:
            if self._last is not None:
                self._container.mux(self._ending(self._last))
        finally:
            self._container.close()

    def _ending(self, frame: VideoFrame) -> list[Packet[Any]]:
        """Return the last packets; the last frame's says how long it is held."""
        from av.video.frame import PictureType

        if not self._plan.hold:
            return [*self._stream.encode(frame), *self._stream.encode()]
        # Browsers end a film with what is decoded last: a key frame is, as nothing refers past it.
        frame.pict_type = PictureType.I
        packets = [*self._stream.encode(frame), *self._stream.encode()]
        self._container.start_encoding()  # from then on the stream has the file's unit of time
        last, unit = packets[-1], self._stream.time_base
        last.pts, last.dts = (round(t * last.time_base / unit) for t in (last.pts, last.dts))
        last.time_base, last.duration = unit, round(self._plan.hold / unit)
        return packets


def enlarged(image: U8, scale: int) -> U8:
    """Repeat every pixel `scale` times each way; once is the image itself, as repeating takes long."""
    if scale == 1:
        return image
    return image.repeat(scale, axis=0).repeat(scale, axis=1)


def composed(image: U8, caption: U8 | None, scale: int) -> U8:
    """Return an image enlarged, and its caption below."""
    whole = enlarged(image, scale)
    return whole if caption is None else np.concatenate([whole, caption])
