"""One run of `cutaway train`: a recipe and data go in; a trained network and a folder of files come out."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..backend.choose import cuda_status, isa
from ..backend.cuda import device_of
from ..data.dataset import Dataset
from ..data.loader import DataLoader
from ..learn.network import Network
from ..learn.training import History, Moment, train
from ..look.film import Film
from ..look.tiles import tiles
from ..version import __version__
from .outputs import FILM, Outputs, film_limit
from .recipes import Recipe

_WITHOUT_FILM = 100  # mini-batches per Moment: an interrupted epoch leaves its losses too


@dataclass
class Result:
    """What a run leaves behind; `summary()` is what `--json` prints."""

    network: Network
    history: History
    seed: int
    seconds: dict[str, float] = field(default_factory=dict)
    test_accuracy: float | None = None
    frames: int = 0
    files: list[Path] = field(default_factory=list)
    removed: list[Path] = field(default_factory=list)  # of an earlier run
    interrupted: bool = False
    gpu: str | None = None  # its name, if it was trained on one

    def summary(self) -> dict[str, Any]:
        """Return the result as plain numbers and strings."""
        return {
            "epochs": self.history.epochs,
            "test_accuracy": self.test_accuracy,
            "seconds": {name: round(value, 3) for name, value in self.seconds.items()},
            "frames": self.frames,
            "files": [str(path) for path in self.files],
            "fingerprint": self.network.fingerprint(),
            "backend": self.network.backend,
            "threads": self.network.threads,
            "isa": isa() if self.network.backend == "cpu" else None,
            "gpu": self.gpu,
            "seed": self.seed,
            "interrupted": self.interrupted,
            "version": __version__,
        }


def run(
    recipe: Recipe,
    data: tuple[Dataset, Dataset, Dataset],
    out: Path,
    *,
    seed: int = 0,
    backend: str = "auto",
    threads: int | None = None,
    film: bool | None = None,
    every: int = 1,
    fps: int = 70,
    codec: str = "h264",
    force: bool = False,
    watch: Callable[[Moment], None] | None = None,
) -> Result:
    """Train, and leave film, pictures, model and history in a folder.

    Ctrl-C ends the training; what was learned so far is written all the same.

    Args:
        recipe: What to train, and how.
        data: Training, validation and test set.
        out: The folder; made if it is not there.
        seed: Of start weights and shuffling.
        backend: As for Network.
        threads: As for Network.
        film: Make `learn.mp4`; None for what the recipe does.
        every: Mini-batches per frame.
        fps: Frames per second.
        codec: As for Film.
        force: Replace files that cutaway did not write.
        watch: Is shown every Moment.

    Raises:
        OSError: if a file cannot be written; before training where that can be known.
    """
    begin = time.perf_counter()
    training, validation, test = data
    film = recipe.draws if film is None else film
    network = recipe.make_network(
        training.images.shape[1],
        max(part.classes for part in data),
        shape=training.shape,
        seed=seed,
        backend=backend,
        threads=threads,
    )
    outputs = Outputs(out, film=film, pictures=recipe.draws or film, force=force)
    result = Result(network, History(), seed, gpu=_gpu_of(network))
    moments = train(
        network,
        DataLoader(training, recipe.batch_size, shuffle=True, seed=seed),
        optimizer=recipe.make_optimizer(),
        schedule=recipe.make_schedule(),
        epochs=recipe.epochs,
        valid=validation,
        every=every if film else _WITHOUT_FILM,
    )
    reel = (
        _Reel(Film(out / FILM, fps, codec), training.shape, film_limit(network)) if film else None
    )
    _learn(moments, result, reel, watch)
    with _undisturbed():
        if reel:
            outputs.close_film(reel.film)
            result.frames = reel.film.frames
        if not result.interrupted:
            result.test_accuracy = network.evaluate(test)[1]
        outputs.write_model(
            network, result.history, recipe=recipe, seed=seed, test_accuracy=result.test_accuracy
        )
        if outputs.pictures:
            outputs.write_pictures(network, result.history, shape=training.shape, seed=seed)
        outputs.remove_leftovers()
    result.files, result.removed = outputs.files, outputs.removed
    total, learning = time.perf_counter() - begin, result.history.seconds
    result.seconds = {"train": learning, "render": total - learning, "total": total}
    return result


def _learn(
    moments: Iterable[Moment],
    result: Result,
    reel: _Reel | None,
    watch: Callable[[Moment], None] | None,
) -> None:
    """Take all Moments into history and film; Ctrl-C ends it, any other error loses the film."""
    try:
        for moment in moments:
            result.history.add(moment)
            if reel:
                reel.show(moment)
            if watch:
                watch(moment)
    except KeyboardInterrupt:
        result.interrupted = True
    except BaseException:
        if reel:
            reel.film.discard()
        raise


@dataclass(frozen=True)
class _Reel:
    """A film of the first layer, on one scale of colours."""

    film: Film
    shape: tuple[int, int] | None
    limit: float

    def show(self, moment: Moment) -> None:
        self.film.write(tiles(moment.weights[0], shape=self.shape, limit=self.limit))


def _gpu_of(network: Network) -> str | None:
    device = device_of(network.backend)
    return None if device is None else cuda_status(device).text


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Put off the first Ctrl-C or SIGTERM until the block is done; a second one ends the block."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    noted: list[int] = []
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def restore() -> None:
        for number, handler in handlers.items():
            signal.signal(number, handler)

    def note(number: int, _: object) -> None:
        noted.append(number)
        restore()

    for number in handlers:
        signal.signal(number, note)
    try:
        yield
    finally:
        restore()
    if noted:
        signal.raise_signal(noted[0])
