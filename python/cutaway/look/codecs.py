"""Codecs: images go in one by one, an encoded video file comes out; PyAV and OpenCV do the work.

An encoder's `add(image)` takes uint8 RGB (height, width, 3), all of one size; `close()` ends the file.
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


class Encoder(Protocol):
    """What a film needs of a codec."""

    def add(self, image: U8) -> None:
        """Encode the next image."""

    def close(self) -> None:
        """End the file."""


class H264:
    """H.264 in yuv420p with the index in front: what every browser plays. By PyAV."""

    def __init__(self, path: Path, width: int, height: int, fps: Fraction, scale: int) -> None:
        import av

        self._av = av
        self._scale = scale
        self._container = av.open(str(path), "w", format="mp4", options={"movflags": "faststart"})
        stream: Any = self._container.add_stream("libx264", rate=fps)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.options = {"preset": "veryfast", "crf": "18"}
        context = stream.codec_context
        context.color_primaries = context.color_trc = context.colorspace = 1  # BT.709
        context.color_range = 1  # 16 to 235, as players expect of video
        self._stream = stream

    def add(self, image: U8) -> None:
        """Encode the next image."""
        picture = self._av.VideoFrame
        if self._scale % 2:
            frame = picture.from_ndarray(_made_even(_enlarge(image, self._scale)), format="rgb24")
            frame = frame.reformat(format="yuv420p", dst_colorspace="ITU709")
        else:
            frame = picture.from_ndarray(self._planes(image), format="yuv420p")
        self._container.mux(self._stream.encode(frame))

    def _planes(self, image: U8) -> U8:
        """Convert the image before it is enlarged: a quarter of the work, and exact colours.

        Video keeps colours at half the resolution of brightness, which an even scale makes up for.
        """
        small = self._av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="rgb24")
        y, u, v = small.reformat(format="yuv444p", dst_colorspace="ITU709").to_ndarray()
        half = self._scale // 2
        planes = (_enlarge(y, self._scale), _enlarge(u, half), _enlarge(v, half))
        flat = np.concatenate([plane.ravel() for plane in planes])
        return flat.reshape(-1, image.shape[1] * self._scale)

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

    def add(self, image: U8) -> None:
        """Encode the next image."""
        frame = _made_even(_enlarge(image, self._scale))
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


def _enlarge(image: U8, scale: int) -> U8:
    """Repeat every pixel `scale` times each way."""
    return image.repeat(scale, axis=0).repeat(scale, axis=1)


def _made_even(frame: U8) -> U8:
    """Repeat the last row and column where their number is odd, which video does not allow."""
    odd = [(0, n % 2) for n in frame.shape[:2]]
    return np.pad(frame, (*odd, (0, 0)), mode="edge") if any(n for _, n in odd) else frame
