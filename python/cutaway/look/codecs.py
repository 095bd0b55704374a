"""Codecs: images go in one by one, an encoded video file comes out; PyAV and OpenCV do the work.

An encoder's `add(image, caption)` takes uint8 RGB (height, width, 3), to be enlarged, and what stands below
it as it is, all of one size; `close()` ends the file.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from fractions import Fraction

U8 = NDArray[np.uint8]

# x264's settings. Of the tutorial's 466 x 466 pixels a frame takes 3 ms, and the file is small. Of twice
# the size each way these would take 7 ms; the others take 4, look better, and make a larger file.
_SMALL_PIXELS = 600_000
_SMALL = {"preset": "veryfast", "crf": "18"}
_LARGE = {"preset": "ultrafast", "crf": "22", "x264-params": "cabac=1"}


class Encoder(Protocol):
    """What a film needs of a codec."""

    def add(self, image: U8, caption: U8 | None = None) -> None:
        """Encode the next image."""

    def close(self) -> None:
        """End the file."""


class H264:
    """H.264 in yuv420p with the index in front: what every browser plays. By PyAV."""

    def __init__(self, path: Path, width: int, height: int, fps: Fraction, scale: int) -> None:
        import av
        from av.video.reformatter import Colorspace, VideoReformatter

        self._av = av
        self._scale = scale
        self._container = av.open(str(path), "w", format="mp4", options={"movflags": "faststart"})
        stream: Any = self._container.add_stream("libx264", rate=fps)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.options = _SMALL if width * height <= _SMALL_PIXELS else _LARGE
        context = stream.codec_context
        context.color_primaries = context.color_trc = context.colorspace = 1  # BT.709
        context.color_range = 1  # 16 to 235, as players expect of video
        self._stream = stream
        self._colours = Colorspace.ITU709
        # One for images, one for captions: each goes on with what it set up for the first.
        self._converters = VideoReformatter(), VideoReformatter()

    def add(self, image: U8, caption: U8 | None = None) -> None:
        """Encode the next image."""
        if self._scale % 2 or (caption is not None and len(caption) % 2):
            whole = _made_even(composed(image, caption, self._scale))
            frame = self._converted(whole, "yuv420p")
        else:
            frame = self._enlarged(image, caption)
        self._container.mux(self._stream.encode(frame))

    def _converted(self, image: U8, layout: str, which: int = 0) -> Any:
        frame = self._av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="rgb24")
        return self._converters[which].reformat(frame, format=layout, dst_colorspace=self._colours)

    def _enlarged(self, image: U8, caption: U8 | None) -> Any:
        """Convert the image before it is enlarged: a quarter of the work, and exact colours.

        Video keeps colours at half the resolution of brightness, which an even scale makes up for.
        """
        height, width = (n * self._scale for n in image.shape[:2])
        below = 0 if caption is None else len(caption)
        frame = self._av.VideoFrame(width, height + below, "yuv420p")
        small = self._converted(image, "yuv444p").to_ndarray()
        parts = [None] * 3 if caption is None else self._converted(caption, "yuv420p", 1).planes
        scales = (self._scale, self._scale // 2, self._scale // 2)
        for plane, values, part, scale in zip(frame.planes, small, parts, scales, strict=True):
            whole = _pixels_of(plane)
            wide, end = values.repeat(scale, axis=1), len(values) * scale
            for line in range(scale):
                whole[line:end:scale] = wide
            if part is not None:
                whole[end:] = _pixels_of(part)
        return frame

    def close(self) -> None:
        """Encode what is still in the codec, and end the file."""
        try:
            self._container.mux(self._stream.encode())
        finally:
            self._container.close()


class Mp4v:
    """MPEG-4 part 2, as the tutorial writes it; browsers do not play it. By OpenCV."""

    def __init__(self, path: Path, width: int, height: int, fps: Fraction, scale: int) -> None:
        import cv2

        self._scale = scale
        code = cv2.VideoWriter.fourcc(*"mp4v")
        self._writer = cv2.VideoWriter(str(path), code, float(fps), (width, height))
        if not self._writer.isOpened():
            raise OSError(f"{path}: OpenCV cannot write mp4v here")

    def add(self, image: U8, caption: U8 | None = None) -> None:
        """Encode the next image."""
        frame = _made_even(composed(image, caption, self._scale))
        self._writer.write(np.ascontiguousarray(frame[:, :, ::-1]))  # OpenCV takes BGR

    def close(self) -> None:
        """End the file."""
        self._writer.release()


ENCODERS: dict[str, type[H264 | Mp4v]] = {"h264": H264, "mp4v": Mp4v}


def count_frames(path: str | os.PathLike[str]) -> tuple[int, int, int]:
    """Return a film's number of frames, width and height, by reading it to its end.

    Raises:
        OSError: if it is no film that can be read.
    """
    import av

    try:
        with av.open(os.fspath(path)) as container:
            stream = container.streams.video[0]
            frames = sum(1 for packet in container.demux(stream) if packet.size)
            return frames, stream.codec_context.width, stream.codec_context.height
    except (av.FFmpegError, IndexError) as error:
        raise OSError(f"{os.fspath(path)}: not a readable film: {error}") from None


def even(n: int) -> int:
    """Return n, or one more if it is odd: of pixels, which video wants in pairs."""
    return n + n % 2


def composed(image: U8, caption: U8 | None, scale: int) -> U8:
    """Return an image enlarged, and its caption below."""
    enlarged = _enlarge(image, scale)
    return enlarged if caption is None else np.concatenate([enlarged, caption])


def _pixels_of(plane: Any) -> U8:
    """Return the pixels of a frame's plane, (height, width): they can be written to."""
    size = plane.height * plane.line_size
    return np.frombuffer(plane, np.uint8, size).reshape(plane.height, -1)[:, : plane.width]


def _enlarge(image: U8, scale: int) -> U8:
    """Repeat every pixel `scale` times each way."""
    return image.repeat(scale, axis=0).repeat(scale, axis=1)


def _made_even(frame: U8) -> U8:
    """Repeat the last row and column where their number is odd, which video does not allow."""
    odd = [(0, n % 2) for n in frame.shape[:2]]
    return np.pad(frame, (*odd, (0, 0)), mode="edge") if any(n for _, n in odd) else frame
