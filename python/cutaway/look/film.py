"""Film: images go in one by one, a video or an animation comes out that plays in browsers.

A thread encodes while the caller goes on. The film is written beside its target, re-opened, its frames
counted, and only then renamed: a film that exists is whole.
"""

from __future__ import annotations

import math
import os
import queue
import threading
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, SupportsFloat

import numpy as np
from numpy.typing import NDArray

from .. import checks
from ..files import Replacement
from ..reprs import short_repr
from .codecs import CODECS, FPS, SUFFIXES, codec_for, count_frames, rate_for
from .encoder import Encoder, Plan
from .notes import add_notes
from .pixels import rgb

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["FPS", "SUFFIXES", "Film"]

U8 = NDArray[np.uint8]
Size = tuple[int, int]  # height and width
_PACES = ("every", "log")
HOLD = (0.0, 600.0)  # seconds; a GIF counts to 655
MOST_TEXT = 1000  # characters of a description
WAITING, WAITING_BYTES = 64, 32_000_000  # of images for the encoder; smooths the flow
_LOG_FRAMES = 60  # frames of pace="log" for every e-fold of images


@short_repr
class Film:
    """A video or an animation, as a context manager: `with Film("learn.mp4") as f: f.write(image)`.

    Leaving the block finishes the film. If the block is left by Ctrl-C the film so far is finished
    too; after any other error nothing is kept, and an older film of that name stays. A forked child
    that leaves the block leaves the film to its parent.

    Args:
        path: Ends in ".mp4" for a video; in ".gif", ".webp" or ".apng" for an animation, which plays
            by itself and for ever, without loss (a GIF has 256 colours a frame). Its folder must exist.
        fps: Frames per second, any number from 0.01 to 1000: 25, 29.97, Fraction(30000, 1001). At
            most 50 for a GIF and 90 for the other animations, as browsers slow down what is faster.
            None: 70 for a video, 10 for an animation.
        codec: "h264", which plays everywhere, or "mp4v", the tutorial's; an animation's is its
            suffix. None: as the suffix says.
        scale: Pixels per pixel of the images and side; even factors keep thin lines sharp.
        pace: "every" makes a frame of every image; "log" of those whose number grows by a constant
            factor (about 60 for every e-fold), because most is learned at the beginning.
        hold: Seconds that the last frame is shown, from 0 to 600; never shorter than the others.
        description: What the film shows, in a line for those who cannot see it; kept in the file.

    Attributes:
        frames: Frames so far.

    Raises:
        ValueError: for an unknown suffix, codec or pace, fps, hold or scale out of bounds, and for
            a hold or a description where the codec is "mp4v", which has no room for them.
        OSError: if the folder is missing, or the file cannot be written or read back.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        fps: SupportsFloat | None = None,
        codec: str | None = None,
        scale: int = 2,
        pace: str = "every",
        hold: SupportsFloat = 0.0,
        description: str = "",
    ) -> None:
        self.path = checks.path("Film", "path", path)
        self.codec = codec_for(self.path, codec)
        self.fps = rate_for(self.codec, fps)
        self.scale = checks.count("Film", "scale", scale)
        self.pace = checks.choice("Film", "pace", pace, _PACES)
        self.hold = checks.ratio("Film", "hold", hold, *HOLD)
        self.description = checks.line("Film", "description", description, MOST_TEXT)
        if CODECS[self.codec].bare and (self.hold or self.description):
            name, value = ("hold", hold) if self.hold else ("description", description)
            rule = f"{name} must be left out for codec {self.codec!r}, which has no room for it"
            raise ValueError(f"Film: {rule}, got {checks.shown(value)}")
        if not self.path.parent.is_dir():
            raise FileNotFoundError(f"Film: {self.path.parent} is not a folder")
        self.frames = 0
        self._images = 0
        self._encoded = 0
        self._sizes: tuple[Size, Size | None] | None = None  # of the image and the caption
        self._file: Replacement | None = None  # once there is an image
        self._queue: queue.Queue[tuple[U8, U8 | None] | None]  # likewise
        self._thread: threading.Thread | None = None
        self._failure: BaseException | None = None
        self._process = os.getpid()
        self._open = True
        self._whole = False  # once it is finished, and its file is there

    def write(
        self,
        image: Image | U8 | memoryview,
        caption: Image | U8 | memoryview | None = None,
    ) -> None:
        """Add an image; what is transparent shows white.

        Args:
            image: A PIL image, or uint8: (height, width) or (height, width, 1) gray,
                (height, width, 3) RGB or (height, width, 4) RGBA, as a matplotlib canvas's
                buffer_rgba().
            caption: Another one, which stands below at its own size: `scale` times as wide.

        Raises:
            TypeError, ValueError: if one is no such image, or of another size than the first.
            OSError: if the encoder has failed.
        """
        if not self._open:
            raise ValueError(f"Film: {self.path} is finished; no image can be added")
        if self._process != os.getpid():
            raise ValueError(f"Film: {self.path} is another process's; no image can be added")
        pixels = rgb("image", image)
        below = None if caption is None else rgb("caption", caption)
        self._check_sizes(pixels, below)
        self._images += 1
        if self.pace == "log" and not _is_log_frame(self._images):
            return
        if self._file is None:
            self._file = Replacement(self.path)
            self._start(self._file.partial, pixels.nbytes + (0 if below is None else below.nbytes))
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

    def close(self) -> None:
        """Finish the film and check it. A film without images leaves no file."""
        if not self._open or self._process != os.getpid():
            return
        self._open = False
        try:
            self._stop()
            self._raise_failure()
            self.frames = self._encoded  # Ctrl-C may have hit write() once its image was on its way
            if self._file is not None and self.frames:
                self._finish(self._file.partial)
                self._file.commit()
                self._whole = True
        finally:
            if self._file is not None:
                self._file.discard()

    def discard(self) -> None:
        """Stop, and leave no trace."""
        if self._process != os.getpid():
            return
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

        return notebook.film(repr(self), self.path, self.codec, self._state, self.description)

    @property
    def _state(self) -> str:
        return "open" if self._open else "finished" if self._whole else "empty"

    def _plan(self) -> Plan:
        """Return what the encoder must know, of images whose size is known."""
        assert self._sizes is not None
        (height, width), caption = self._sizes
        below, step = caption[0] if caption else 0, CODECS[self.codec].sides
        sides = height * self.scale + below, width * self.scale
        height, width = (-(-side // step) * step for side in sides)
        hold = self.hold if self.hold > 1 / self.fps else Fraction()
        return Plan(width, height, self.scale, self.fps, hold, self.description)

    # the encoder's thread

    def _start(self, path: Path, image_bytes: int) -> None:
        room = max(2, min(WAITING, WAITING_BYTES // image_bytes))
        self._queue = queue.Queue(room)
        self._thread = threading.Thread(
            target=self._encode, args=(path,), name="cutaway film", daemon=True
        )
        self._thread.start()

    def _encode(self, path: Path) -> None:
        encoder: Encoder | None = None
        try:
            while (images := self._queue.get()) is not None:
                if encoder is None:
                    encoder = CODECS[self.codec].encoder(path, self._plan())
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

    def _finish(self, path: Path) -> None:
        """Check that the file has what was written, and add our notes."""
        plan = self._plan()
        try:
            frames, width, height = count_frames(path)
            if (frames, width, height) == (self.frames, plan.width, plan.height):
                add_notes(path, self.description, (width, height))
                return
        except OSError as error:
            raise OSError(f"Film: {self.path} cannot be written: {error}") from error
        raise OSError(
            f"Film: {self.path} came out as {frames} frames of {width}x{height}, "
            f"not {self.frames} of {plan.width}x{plan.height}"
        )


def _shown(size: Size | None) -> str:
    return "none" if size is None else f"{size[1]}x{size[0]}"


def _is_log_frame(number: int) -> bool:
    """Tell whether image `number` (1 for the first) is a frame of pace="log"."""
    if number == 1:
        return True
    return math.floor(_LOG_FRAMES * math.log(number)) != math.floor(
        _LOG_FRAMES * math.log(number - 1)
    )
