"""Video: MP4 files, by PyAV and OpenCV."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .encoder import U8, Plan, Streamed, composed

if TYPE_CHECKING:
    from av.video.frame import VideoFrame


# x264's settings. Of the tutorial's 466 x 466 pixels a frame takes 3 ms, and the file is small. Of twice
# the size each way these would take 7 ms; the others take 4, look better, and make a larger file.
_SMALL_PIXELS = 600_000
_SMALL = {"preset": "veryfast", "crf": "18"}
_LARGE = {"preset": "ultrafast", "crf": "22", "x264-params": "cabac=1"}


class H264(Streamed):
    """H.264 in yuv420p with the index in front: what every browser plays. By PyAV."""

    def __init__(self, path: Path, plan: Plan) -> None:
        from av.video.reformatter import Colorspace, VideoReformatter

        muxer = ("mp4", {"movflags": "faststart"})
        settings = _SMALL if plan.width * plan.height <= _SMALL_PIXELS else _LARGE
        super().__init__(path, plan, muxer, ("libx264", settings), "yuv420p")
        if plan.description:
            self._container.metadata["description"] = plan.description
        context = self._stream.codec_context
        context.color_primaries = context.color_trc = context.colorspace = 1  # BT.709
        context.color_range = 1  # 16 to 235, as players expect of video
        self._colours = Colorspace.ITU709
        # One for images, one for captions: each goes on with what it set up for the first.
        self._converters = VideoReformatter(), VideoReformatter()

    def _frame(self, image: U8, caption: U8 | None) -> VideoFrame:
        if self._plan.scale % 2 or (caption is not None and len(caption) % 2):
            return self._converted(
                _made_even(composed(image, caption, self._plan.scale)), "yuv420p"
            )
        return self._enlarged(image, caption)

    def _converted(self, image: U8, layout: str, which: int = 0) -> VideoFrame:
        from av import VideoFrame

        frame = VideoFrame.from_ndarray(np.ascontiguousarray(image), format="rgb24")
        # One thread: more take longer to wake than small images take, and meet training on large ones.
        return self._converters[which].reformat(
            frame, format=layout, dst_colorspace=self._colours, threads=1
        )

    def _enlarged(self, image: U8, caption: U8 | None) -> VideoFrame:
        """Convert the image before it is enlarged: a quarter of the work, and exact colours.

        Video keeps colours at half the resolution of brightness, which an even scale makes up for.
        """
        from av import VideoFrame

        scale = self._plan.scale
        frame = VideoFrame(self._plan.width, self._plan.height, "yuv420p")
        small = self._converted(image, "yuv444p").to_ndarray()
        parts = [None] * 3 if caption is None else self._converted(caption, "yuv420p", 1).planes
        scales = (scale, scale // 2, scale // 2)
        for plane, values, part, times in zip(frame.planes, small, parts, scales, strict=True):
            whole = _pixels_of(plane)
            wide, end = values.repeat(times, axis=1), len(values) * times
            for line in range(times):
                whole[line:end:times] = wide
            if part is not None:
                whole[end:] = _pixels_of(part)
        return frame


class Mp4v:
    """MPEG-4 part 2, as the tutorial writes it; browsers do not play it. By OpenCV."""

    def __init__(self, path: Path, plan: Plan) -> None:
        import cv2

        try:
            str(path).encode()
        except UnicodeEncodeError:  # of which OpenCV dies
            raise OSError("OpenCV writes to no folder whose name is not UTF-8") from None
        self._scale = plan.scale
        code = cv2.VideoWriter.fourcc(*"mp4v")
        size = (plan.width, plan.height)
        self._writer = cv2.VideoWriter(str(path), code, float(plan.fps), size)
        if not self._writer.isOpened():
            raise OSError(f"{path}: OpenCV cannot write mp4v here")

    def add(self, image: U8, caption: U8 | None) -> None:
        """Encode the next image."""
        frame = _made_even(composed(image, caption, self._scale))
        self._writer.write(np.ascontiguousarray(frame[:, :, ::-1]))  # OpenCV takes BGR

    def close(self) -> None:
        """End the file."""
        self._writer.release()


def _made_even(frame: U8) -> U8:
    """Repeat the last row and column where their number is odd, which video does not allow."""
    odd = [(0, n % 2) for n in frame.shape[:2]]
    return np.pad(frame, (*odd, (0, 0)), mode="edge") if any(n for _, n in odd) else frame


def _pixels_of(plane: Any) -> U8:
    """Return the pixels of a frame's plane, (height, width): they can be written to."""
    size = plane.height * plane.line_size
    return np.frombuffer(plane, np.uint8, size).reshape(plane.height, -1)[:, : plane.width]
