"""Filming: what a run has learned is learned once more, and its frames are drawn on the way.

A film that shows where the weights go must know where they end. The same seed gives the same bits, so the
training that has just ended is done again, with stops at the frames: no weights need be held for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, SupportsFloat, TypeVar

import numpy as np
from numpy.typing import NDArray

from ..backend.contract import F32
from ..learn.history import Moment
from ..look.codecs import codec_for, rate_for
from ..look.film import Film
from ..look.frames import Frames
from ..look.pace import even_steps, log_steps, movement_steps
from ..look.tiles import tiles
from .kept import Kept

U8 = NDArray[np.uint8]
Scene = tuple[int, F32]  # a mini-batch, and the first layer's weights after it: (fan_in, units)
Seen = TypeVar(
    "Seen"
)  # what a camera makes an image of: a scene, or one of each of several trainings
_SECONDS, _LEAST_SECONDS = 20, 10  # of a film; of an animation, and of a short training
_HOLD = 2.0
_STRONG = 0.999  # quantile of |weights| that gets the strongest colour
_PLAIN_LIMIT = 7  # times the start weights' spread is the strongest colour of a plain film
_TALL, _SMALL = 900, 480  # pixels of a frame's height, at least: on a screen, in a page


@dataclass(frozen=True, kw_only=True)
class FilmPlan:
    """Which film is wanted.

    Attributes:
        path: A name without a folder is one in the run's.
        pace: "movement": the weights move equally far from frame to frame; "log": even on a logarithmic
            axis; "batch": even.
        frames: How many, or one for every mini-batch if that is less; None for about 20 seconds, or
            10 of formats other than MP4, and for all with pace="batch".
        every: Mini-batches per frame instead, and the end of every epoch.
        fps: Frames per second; None for 30, for 70 with pace="batch" as the tutorial has it, and for
            10 of formats other than MP4; fewer if the training is too short to last ten seconds.
        codec: As for Film.
        plain: No caption, and two pixels per weight, as the tutorial has it.
        theme: "light" or "dark".
    """

    path: Path = Path("learn.mp4")
    pace: str = "movement"
    frames: int | None = None
    every: int | None = None
    fps: SupportsFloat | None = None
    codec: str | None = None
    plain: bool = False
    theme: str = "light"

    def inside(self, folder: Path) -> Path:
        """Return where the film goes, if the run's files go into a folder."""
        return folder / self.path if self.path.parent == Path() else self.path

    @property
    def video(self) -> bool:
        """Tell whether it is for a player, and no animated picture."""
        return self.path.suffix.lower() == ".mp4"

    @property
    def _usual(self) -> int:
        return (70 if self.pace == "batch" else 30) if self.video else 10

    def rate(self, frames: int) -> SupportsFloat:
        """Return how many frames a second has, of so many in all."""
        if self.fps is not None:
            return self.fps
        short = self.frames is None and self.pace != "batch"
        return max(1, min(self._usual, frames // _LEAST_SECONDS)) if short else self._usual

    @property
    def hold(self) -> float:
        """Seconds that the last frame stays."""
        return 0.0 if self.plain or self.codec == "mp4v" else _HOLD

    def check(self) -> None:
        """Check what can be known before there is anything to film.

        Raises:
            ValueError: as Film's.
        """
        rate_for(codec_for(self.path, self.codec), self.fps)

    def steps(self, kept: Kept, epoch: int) -> list[int]:
        """Return the mini-batches that are frames; `epoch` is how many make one."""
        last = kept.steps[-1]
        if self.every is not None:
            starts = range(0, last, epoch)
            ends = {min(start + epoch, last) for start in starts}
            inner = (range(start + self.every, start + epoch, self.every) for start in starts)
            return sorted(ends.union(n for some in inner for n in some if n < last))
        seconds = _SECONDS if self.video else _LEAST_SECONDS
        whole = (
            last
            if self.pace == "batch"
            else max(1, round(seconds * float(self.fps or self._usual)))
        )
        frames = whole if self.frames is None else self.frames
        if self.pace == "movement":
            return movement_steps(kept.steps, kept.distances, frames)
        return (log_steps if self.pace == "log" else even_steps)(last, frames)


def scenes_of(moments: Iterable[Moment], steps: Sequence[int]) -> Iterator[Scene]:
    """Yield the scenes at some mini-batches of a training that stops there, and maybe elsewhere."""
    wanted = set(steps)
    return ((m.step, m.weights[0]) for m in moments if m.step in wanted)


@dataclass(frozen=True, kw_only=True)
class Camera(Generic[Seen]):
    """What makes a scene an image.

    Attributes:
        scale: How many times the film enlarges it.
        fps: Frames per second.
        description: What the film shows, in a sentence.
        draw: Takes the number of the frame and the scene; gives an image, and what stands below it at
            its own size, if anything.
    """

    scale: int
    fps: SupportsFloat
    description: str
    draw: Callable[[int, Seen], tuple[U8, U8 | None]]


def camera(
    plan: FilmPlan,
    steps: Sequence[int],
    *,
    kept: Kept,
    losses: Sequence[float],
    epoch: int,
    shape: tuple[int, int] | None,
    start: F32,
    end: F32,
) -> Camera[Scene]:
    """Set up the camera for a film.

    Args:
        plan: Of the film.
        steps: The mini-batches that are its frames.
        kept: What the run kept: accuracies.
        losses: Per sample, of every mini-batch.
        epoch: Mini-batches of an epoch.
        shape: (height, width) of an image; None for a strip.
        start: (fan_in, units): the first layer's weights before the training.
        end: (fan_in, units): after it.
    """
    fps = plan.rate(len(steps))
    description = "" if plan.codec == "mp4v" else _describe(end.shape[1], steps)
    if plan.plain:
        limit = _PLAIN_LIMIT * float(start.std())
        return Camera(
            scale=2,
            fps=fps,
            description=description,
            draw=lambda _, scene: (
                tiles(scene[1], shape=shape, limit=limit, layout="in,out", theme=plan.theme),
                None,
            ),
        )
    frames = Frames(
        end, shape=shape, steps=steps, losses=losses, epoch=epoch,
        limit=float(np.quantile(np.abs(end), _STRONG)) or 1.0,
        height=_TALL if plan.video else _SMALL, theme=plan.theme,
    )  # fmt: skip

    def draw(number: int, scene: Scene) -> tuple[U8, U8 | None]:
        step, weights = scene
        return frames.draw(number, weights, *kept.accuracy(step))

    return Camera(scale=frames.scale, fps=fps, description=description, draw=draw)


def _describe(units: int, steps: Sequence[int]) -> str:
    """Tell what a film shows, in a sentence."""
    return (
        f"the weights of {units} units of the first layer while they learn, "
        f"from mini-batch {steps[0]:,} to {steps[-1]:,} in {len(steps):,} frames"
    )


def shoot(
    plan: FilmPlan,
    path: Path,
    scenes: Iterable[Seen],
    camera: Camera[Seen],
    watch: Callable[[int], None] | None = None,
) -> tuple[int, bool]:
    """Make the film; Ctrl-C ends it, whole but shorter.

    Returns:
        How many frames it has, and whether it was interrupted.

    Raises:
        OSError: if it cannot be written; there is none then.
    """
    film = Film(
        path, camera.fps, plan.codec, camera.scale, hold=plan.hold, description=camera.description
    )
    try:
        with film:
            for number, scene in enumerate(scenes):
                film.write(*camera.draw(number, scene))
                if watch:
                    watch(number + 1)
    except KeyboardInterrupt:
        return film.frames, True
    return film.frames, False
