"""Race: several trainings go in; a folder of each, and one film and picture of all, come out.

The trainings go side by side on the cores, a thread each; the same seed gives the same bits as alone.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np

from ..files import may_write
from ..learn.history import Moment
from ..learn.recipes import make_network
from ..look.lanes import lanes_of
from ..look.pace import log_steps
from ..look.race import RaceFrames, summary
from ..scale.workers import Crew, crew, each, stopped
from .filming import Camera, FilmPlan, shoot
from .lane import Lane
from .outputs import prepare_folder, remove, write_pictures
from .run import MNIST, Watch, WatchFilm
from .source import Data, Source
from .variants import Variant

if TYPE_CHECKING:
    from PIL.Image import Image

_FRAMES, _FPS, _SECONDS = 300, 20, 10  # of a film; per second, at most; at least
_ROOM = 400_000_000  # bytes for the tiles of all frames; if they take more, there are fewer frames


@dataclass(kw_only=True)
class Race:
    """What came of a race.

    Attributes:
        lanes: Those that began, in the order of their values.
        steps: The mini-batches that are frames, rising.
        shape: (height, width) of the images, if they have one.
        seconds: That the trainings took.
        interrupted: Whether Ctrl-C ended the trainings, or the film.
        frames: Of the film.
    """

    lanes: list[Lane]
    steps: list[int]
    shape: tuple[int, int] | None
    seconds: float
    interrupted: bool
    frames: int = 0

    def picture(self, theme: str) -> Image:
        """Draw how it ended."""
        return summary([lane.entry() for lane in self.lanes], shape=self.shape, theme=theme)

    def film(self, plan: FilmPlan, path: Path, watch: WatchFilm | None = None) -> None:
        """Make the film; Ctrl-C ends it, whole but shorter.

        Raises:
            OSError: if it cannot be written.
        """
        entries, steps = [lane.entry() for lane in self.lanes], self.steps
        view = RaceFrames(entries, shape=self.shape, steps=steps, theme=plan.theme)
        camera = Camera(
            scale=view.scale, fps=plan.fps or max(1, min(_FPS, len(steps) // _SECONDS)),
            description=f"{len(entries)} trainings side by side, {', '.join(e.name for e in entries)}: "
            f"the weights of their first units, and their losses, from mini-batch {steps[0]:,} to "
            f"{steps[-1]:,} in {len(steps):,} frames", draw=view.draw,
        )  # fmt: skip
        scenes = ([lane.layer(step) for lane in self.lanes] for step in steps)

        def told(frames: int) -> None:
            if watch:
                watch(frames, len(steps))

        self.frames, interrupted = shoot(plan, path, scenes, camera, told)
        self.interrupted = self.interrupted or interrupted


def race(
    variants: Sequence[Variant],
    data: Data,
    out: Path,
    *,
    files: Sequence[Path] = (),
    frames: int | None = None,
    threads: int | None = None,
    pictures: bool = True,
    theme: str = "light",
    force: bool = False,
    source: Source = MNIST,
    backend: str = "auto",
    watch: Watch | None = None,
) -> Race:
    """Train variants side by side; leave in a folder for each what run() leaves there.

    Ctrl-C ends the trainings; what was learned so far is written all the same.

    Args:
        variants: What to train.
        data: Training, validation and test set.
        out: Of the folders; made if it is not there.
        files: What is to be made of all together.
        frames: How many mini-batches a film shows, at most; None for 300.
        threads: Trainings at the same time; None for as many as there are cores.
        pictures: Whether to draw pictures of each.
        theme: Of pictures, "light" or "dark".
        force: Replace files that cutaway did not write.
        source: Where the data came from.
        backend: As for Network.
        watch: Is shown every Moment, of whichever training, one at a time.

    Raises:
        OSError: if a file cannot be written; before training where that can be known.
        ValueError: if there can be no such training.
        ModuleNotFoundError: if joblib is not installed.
        KeyboardInterrupt: after Ctrl-C before any has begun.
    """
    begin, workers = time.perf_counter(), crew("race", threads, len(variants), shared_memory=True)
    for variant in variants:  # one that cannot be is told before others have begun
        make_network(variant.recipe, data, variant.seed, backend, 1)
    lanes, steps = _lanes(variants, data, out, frames)
    turn = Lock()

    def see(moment: Moment) -> None:
        with turn:
            if watch:
                watch(moment)
        if stopped():
            raise KeyboardInterrupt

    try:
        older = _prepare(lanes, out, files, pictures, force)
        settings = dict(backend=backend, theme=theme, force=force, source=source)
        interrupted = _side_by_side(lanes, lambda lane: lane.learn(data, see, **settings), workers)
        seconds = time.perf_counter() - begin
        for lane, left in zip(lanes, older, strict=True):
            if lane.result is None:
                remove(left)
            elif pictures and not lane.failure:
                write_pictures(lane.result, lane.folder, data[0].shape, theme)
    finally:
        for folder in (*(lane.folder for lane in lanes), out):
            with suppress(OSError):  # it is not empty
                folder.rmdir()
    if not (begun := [lane for lane in lanes if lane.history.losses or lane.failure]):
        raise KeyboardInterrupt
    return Race(
        lanes=begun, steps=steps, shape=data[0].shape, seconds=seconds, interrupted=interrupted
    )


def _lanes(
    variants: Sequence[Variant], data: Data, out: Path, frames: int | None
) -> tuple[list[Lane], list[int]]:
    """Return the lanes, and the mini-batches that are frames, evenly on a logarithmic axis."""
    fan_in, lasts = data[0].images.shape[1], [v.recipe.steps(len(data[0])) for v in variants]
    shown = lanes_of(len(variants), fan_in, data[0].shape).shown
    room = _ROOM // (2 * shown * fan_in * len(variants))
    steps = log_steps(max(lasts), max(1, min(frames or _FRAMES, room)))
    start = np.zeros((fan_in, shown), np.float16)
    lanes = [
        Lane(
            variant=variant, folder=out / variant.folder, scenes={0: start},
            steps=[*(step for step in steps if step < last), last],
        )
        for variant, last in zip(variants, lasts, strict=True)
    ]  # fmt: skip
    return lanes, steps


def _prepare(
    lanes: Sequence[Lane], out: Path, files: Sequence[Path], pictures: bool, force: bool
) -> list[list[Path]]:
    """Make the folders, and check that all files may be written; return what earlier runs left."""
    for path in files:
        if path.parent != out:
            may_write(path, force)
    out.mkdir(parents=True, exist_ok=True)
    for path in files:
        may_write(path, force)
    return [
        prepare_folder(lane.folder, film=None, pictures=pictures, page=False, force=force)
        for lane in lanes
    ]


def _side_by_side(lanes: Sequence[Lane], learn: Callable[[Lane], None], workers: Crew) -> bool:
    """Let lanes learn, a thread each; tell whether Ctrl-C came.

    Raises:
        Exception: the first of a lane; the others end then.
    """

    def learn_one(lane: Lane) -> None:
        learn(lane)
        if lane.result is not None and lane.result.interrupted:  # in this thread, if it is alone
            raise KeyboardInterrupt

    try:
        for _ in each(learn_one, lanes, crew=workers, shared_memory=True):
            pass
    except KeyboardInterrupt:
        return True
    return False
