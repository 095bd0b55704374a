"""Film: images go in one by one, a video file comes out that plays in browsers.

A thread encodes while the caller goes on. The film is written beside its target, re-opened, its frames
counted, and only then renamed: a film that exists is whole.
"""

from __future__ import annotations

import math
import os
import queue
import threading
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, SupportsFloat

import numpy as np
from numpy.typing import NDArray

from .. import checks
from ..files import MARK_OF_ANY_VERSION, Replacement
from ..reprs import short_repr
from .codecs import ENCODERS, Encoder, count_frames, even

if TYPE_CHECKING:
    from PIL.Image import Image

PACES = ("every", "log")
SUFFIXES = (".mp4",)
FPS = (0.01, 1000.0)
U8 = NDArray[np.uint8]
WAITING = 64  # frames for the encoder, at most: bounds the memory, smooths the flow
_LOG_FRAMES = 60  # frames of pace="log" for every e-fold of images


@short_repr
class Film:
    """A video file, as a context manager: `with Film("learn.mp4") as film: film.write(image)`.

    Leaving the block finishes the film. If the block is left by Ctrl-C the film so far is finished
    too; after any other error nothing is kept, and an older film of that name stays.

    Args:
        path: Ends in ".mp4"; its folder must exist.
        fps: Frames per second, any number from 0.01 to 1000: 25, 29.97, Fraction(30000, 1001).
        codec: "h264", which plays everywhere, or "mp4v", the tutorial's.
        scale: Pixels per pixel of the images and side; even factors keep thin lines sharp.
        pace: "every" makes a frame of every image; "log" of those whose number grows by a constant
            factor (about 60 for every e-fold), because most is learned at the beginning.

    Attributes:
        frames: Frames so far.

    Raises:
        ValueError: for an unknown suffix, codec or pace, fps out of bounds, or scale below 1.
        OSError: if the folder is missing, or the file cannot be written or read back.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        fps: SupportsFloat = 70,
        codec: str = "h264",
        scale: int = 2,
        pace: str = "every",
    ) -> None:
        self.path = checks.path("Film", "path", path)
        if self.path.suffix.lower() not in SUFFIXES:
            got = checks.shown(os.fspath(path))
            raise ValueError(f"Film: path must end in {SUFFIXES[0]}, got {got}")
        checks.choice("Film", "codec", codec, tuple(ENCODERS))
        checks.choice("Film", "pace", pace, PACES)
        rate = checks.ratio("Film", "fps", fps, *FPS)
        scale = checks.count("Film", "scale", scale)
        if not self.path.parent.is_dir():
            raise FileNotFoundError(f"Film: {self.path.parent} is not a folder")
        self.fps, self.codec, self.scale, self.pace = rate, codec, scale, pace
        self.frames = 0
        self._images = 0
        self._encoded = 0
        self._sizes: tuple[tuple[int, int], tuple[int, int] | None] | None = None
        self._file: Replacement | None = None  # once there is an image
        self._queue: queue.Queue[tuple[U8, U8 | None] | None] = queue.Queue(WAITING)
        self._thread: threading.Thread | None = None
        self._failure: BaseException | None = None
        self._open = True
        self._whole = False  # once it is finished, and its file is there

    def write(
        self,
        image: Image | NDArray[np.uint8] | memoryview,
        caption: Image | NDArray[np.uint8] | memoryview | None = None,
    ) -> None:
        """Add an image; what is transparent shows white.

        Args:
            image: A PIL image, or uint8: (height, width) or (height, width, 1) gray,
                (height, width, 3) RGB or (height, width, 4) RGBA, as a matplotlib canvas's
                buffer_rgba().
            caption: Another one, which stands below at its own size: `scale` times as wide.

        Raises:
            TypeError, ValueError: if it is no such image, or of another size than the first.
            OSError: if the encoder has failed.
        """
        if not self._open:
            raise ValueError(f"Film: {self.path} is finished; no image can be added")
        pixels = _pixels("image", image)
        below = None if caption is None else _pixels("caption", caption)
        self._check_sizes(pixels, below)
        self._images += 1
        if self.pace == "log" and not _is_log_frame(self._images):
            return
        if self._file is None:
            self._file = Replacement(self.path)
            self._thread = threading.Thread(
                target=self._encode, args=(self._file.partial,), name="cutaway film", daemon=True
            )
            self._thread.start()
        self._queue.put((pixels.copy(), None if below is None else below.copy()))
        self._raise_failure()
        self.frames += 1

    def _check_sizes(self, image: U8, caption: U8 | None) -> None:
        sizes = (image.shape[:2], None if caption is None else caption.shape[:2])
        if self._sizes is None:
            self._sizes = sizes
        for name, size, first in zip(("image", "caption"), sizes, self._sizes, strict=True):
            if size != first:
                raise ValueError(
                    f"Film: {name} must be {_shown(first)} as the first, got {_shown(size)}"
                )
        if caption is not None and caption.shape[1] != image.shape[1] * self.scale:
            raise ValueError(
                f"Film: caption must be {image.shape[1] * self.scale} wide, as the image enlarged, "
                f"got {caption.shape[1]}"
            )

    @property
    def _frame(self) -> tuple[int, int]:
        """Width and height of a frame."""
        assert self._sizes is not None
        (height, width), caption = self._sizes
        below = 0 if caption is None else caption[0]
        return even(width * self.scale), even(height * self.scale + below)

    def close(self) -> None:
        """Finish the film and check it. A film without images leaves no file."""
        if not self._open:
            return
        self._open = False
        try:
            self._stop()
            self._raise_failure()
            self.frames = self._encoded  # Ctrl-C may have hit write() once its image was on its way
            if self._file is not None and self.frames:
                self._check(self._file.partial)
                self._commit(self._file)
        finally:
            if self._file is not None:
                self._file.discard()

    def discard(self) -> None:
        """Stop, and leave no trace."""
        self._open = False
        self._stop()
        if self._file is not None:
            self._file.discard()

    def __enter__(self) -> Film:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None or issubclass(kind, KeyboardInterrupt):
            self.close()
        else:
            self.discard()

    def __repr__(self) -> str:
        facts = f"frames={self.frames}, fps={self.fps}, codec={self.codec!r}"
        return f"Film({self.path.name!r}, {facts}, {self._state})"

    def _repr_html_(self) -> str:
        from . import notebook

        return notebook.film(repr(self), self.path, self.codec, self._state)

    @property
    def _state(self) -> str:
        return "open" if self._open else "finished" if self._whole else "empty"

    # the encoder's thread

    def _encode(self, path: Path) -> None:
        encoder: Encoder | None = None
        try:
            while (images := self._queue.get()) is not None:
                if encoder is None:
                    encoder = ENCODERS[self.codec](path, *self._frame, self.fps, self.scale)
                encoder.add(*images)
                self._encoded += 1
        except BaseException as error:
            self._failure = error
            while self._queue.get() is not None:  # let the writer go on to where it is told
                pass
        finally:
            if encoder is not None:
                try:
                    encoder.close()
                except BaseException as error:
                    self._failure = self._failure or error

    def _stop(self) -> None:
        if self._thread is not None:
            self._queue.put(None)
            self._thread.join()
            self._thread = None

    def _raise_failure(self) -> None:
        if self._failure is not None:
            raise OSError(
                f"Film: {self.path} cannot be written: {self._failure}"
            ) from self._failure

    def _commit(self, file: Replacement) -> None:
        with file.partial.open("ab") as end:  # an MP4 box of type "free", which players skip
            mark = MARK_OF_ANY_VERSION
            end.write((8 + len(mark)).to_bytes(4, "big") + b"free" + mark)
        file.commit()
        self._whole = True

    def _check(self, path: Path) -> None:
        try:
            frames, width, height = count_frames(path)
        except OSError as error:
            raise OSError(f"Film: {self.path} cannot be written: {error}") from error
        wanted = (self.frames, *self._frame)
        if (frames, width, height) != wanted:
            raise OSError(
                f"Film: {self.path} came out as {frames} frames of {width}x{height}, "
                f"not {wanted[0]} of {wanted[1]}x{wanted[2]}"
            )


def _pixels(name: str, image: Any) -> U8:
    """Return an image as (height, width, 3), RGB."""
    if hasattr(image, "convert"):
        image = np.asarray(image.convert("RGBA" if image.has_transparency_data else "RGB"))
    elif isinstance(image, memoryview) or hasattr(image, "__array__"):
        image = checks.array_of("Film", name, image)
    if not isinstance(image, np.ndarray) or image.dtype != np.uint8:
        kind = getattr(image, "dtype", type(image).__name__)
        raise TypeError(f"Film: {name} must be a PIL image or a uint8 array, got {kind}")
    channels = 1 if image.ndim == 2 else image.shape[2] if image.ndim == 3 else 0
    if channels not in (1, 3, 4) or 0 in image.shape:
        raise ValueError(
            f"Film: {name} must be (height, width) or (height, width, 1, 3 or 4), got {image.shape}"
        )
    if channels == 1:
        return np.repeat(image.reshape(*image.shape[:2], 1), 3, axis=2)
    pixels: NDArray[np.uint8] = image
    return _over_white(pixels) if channels == 4 else pixels


def _shown(size: tuple[int, int] | None) -> str:
    return "none" if size is None else f"{size[1]}x{size[0]}"


def _over_white(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return (height, width, 4), whose colours are not multiplied by alpha, as (..., 3) on white."""
    alpha = image[:, :, 3:].astype(np.uint16)
    if alpha.min() == 255:
        return image[:, :, :3]
    mixed: NDArray[np.uint8] = (
        (image[:, :, :3] * alpha + 255 * (255 - alpha) + 127) // 255  # at most 65152
    ).astype(np.uint8)
    return mixed


def _is_log_frame(number: int) -> bool:
    """Tell whether image `number` (1 for the first) is a frame of pace="log"."""
    if number == 1:
        return True
    return math.floor(_LOG_FRAMES * math.log(number)) != math.floor(
        _LOG_FRAMES * math.log(number - 1)
    )
