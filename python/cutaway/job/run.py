"""One run of `cutaway train`: a lesson goes in; a trained network, a film, pictures and files come out."""

from __future__ import annotations

import json
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..backend.choose import cuda_status, isa
from ..backend.cuda import device_of
from ..backend.optimizer import SGD, Adam, Constant, OneCycle, Optimizer, Schedule
from ..data.dataset import Dataset
from ..data.loader import DataLoader
from ..files import MARK, is_ours, may_write, replacing
from ..learn import checkpoint
from ..learn.network import Network
from ..learn.training import History, Moment, train
from ..look.curves import loss_curve
from ..look.film import Film
from ..look.picture import grid, neuron
from ..look.tiles import tiles
from ..version import __version__

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from PIL.Image import Image

# This many times the start weights' spread is the strongest colour of a film, whose scale must be
# fixed before its last frame is known.
_FILM_LIMIT = 7

_WITHOUT_FILM = 100  # mini-batches per Moment: an interrupted epoch leaves its losses too
_HIDDEN_WIDTH, _NEURON_WIDTH = 700, 448  # pixels of the pictures, about

_FILM = "learn.mp4"
_FILES = (_FILM, "model.safetensors", "history.json", "hidden.png", "neuron.png", "loss.png")


@dataclass(frozen=True)
class Lesson:
    """What to train, and how."""

    hidden: tuple[int, ...]
    activation: str
    output: str
    loss: str
    reduction: str
    optimizer: str
    lr: float
    schedule: str
    epochs: int
    batch_size: int
    warmup: float = 0.3  # of a one-cycle schedule: which part of it goes up
    start: str = "normal"  # the first layer's start weights: "normal" or "waves"
    draws: bool = True  # a film and pictures

    def make_network(
        self,
        features: int,
        classes: int,
        *,
        seed: int = 0,
        backend: str = "auto",
        threads: int | None = None,
    ) -> Network:
        """Return the network, untrained."""
        return Network(
            (features, *self.hidden, classes),
            activation=self.activation,
            output=self.output,
            loss=self.loss,
            reduction=self.reduction,
            seed=seed,
            backend=backend,
            threads=threads,
        )

    def make_optimizer(self) -> Optimizer:
        """Return the optimizer by its name."""
        if self.optimizer == "adam":
            return Adam(self.lr, betas=(0.9, 0.99))  # fast.ai's choice of betas
        return SGD(self.lr)

    def make_schedule(self) -> Schedule:
        """Return the schedule by its name."""
        return OneCycle(self.warmup) if self.schedule == "one-cycle" else Constant()


LESSONS = {
    # Lesson 9, as printed: summed squared error, plain SGD.
    "lesson9": Lesson(
        (64,), "sigmoid", "sigmoid", "squared_error", "sum", "sgd", 5e-3, "constant", 5, 64
    ),
    # Lesson 5, with one Adam for all steps and one cycle of its rate.
    "lesson5": Lesson(
        (50,), "relu", "softmax", "cross_entropy", "mean", "adam", 7e-3, "one-cycle", 1, 64
    ),
    # As soon as possible to 98 % on MNIST's test set: one epoch from waves, and nothing drawn.
    "fast": Lesson(
        (320,),
        "relu",
        "softmax",
        "cross_entropy",
        "mean",
        "sgd",
        0.4,
        "one-cycle",
        1,
        64,
        warmup=0.1,
        start="waves",
        draws=False,
    ),
}


@dataclass
class Result:
    """What a run leaves behind; `summary()` is what `--json` prints."""

    network: Network
    history: History
    seed: int
    seconds: dict[str, float]
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
    lesson: Lesson,
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
        lesson: What to train, and how.
        data: Training, validation and test set.
        out: The folder; made if it is not there.
        seed: Of start weights and shuffling.
        backend: As for Network.
        threads: As for Network.
        film: Make `learn.mp4`; None for what the lesson does.
        every: Mini-batches per frame.
        fps: Frames per second.
        codec: As for Film.
        force: Replace files that cutaway did not write.
        watch: Is shown every Moment.

    Raises:
        OSError: if a file cannot be written; before training where that can be known.
    """
    start = time.perf_counter()
    training, validation, test = data
    classes = max(part.classes for part in data)
    network = lesson.make_network(
        training.images.shape[1], classes, seed=seed, backend=backend, threads=threads
    )
    if lesson.start == "waves":
        _start_from_waves(network, training.shape, seed)
    film = lesson.draws if film is None else film
    pictures = lesson.draws or film
    out.mkdir(parents=True, exist_ok=True)
    for name in _FILES:
        if (film or name != _FILM) and (pictures or not name.endswith(".png")):
            may_write(out / name, force)

    device = device_of(network.backend)
    gpu = None if device is None else cuda_status(device).text
    result = Result(network, History(), seed, {}, gpu=gpu)
    moments = train(
        network,
        DataLoader(training, lesson.batch_size, shuffle=True, seed=seed),
        optimizer=lesson.make_optimizer(),
        schedule=lesson.make_schedule(),
        epochs=lesson.epochs,
        valid=validation,
        every=every if film else _WITHOUT_FILM,
    )
    limit = _FILM_LIMIT * float(network.weights[0].std())
    reel = Film(out / _FILM, fps, codec) if film else None
    try:
        for moment in moments:
            result.history.add(moment)
            if reel:
                reel.write(tiles(moment.weights[0], shape=training.shape, limit=limit))
            if watch:
                watch(moment)
    except KeyboardInterrupt:
        result.interrupted = True
    except BaseException:
        if reel:
            reel.discard()
        raise
    with _undisturbed():
        if reel:
            reel.close()
        if reel and reel.frames:
            result.frames = reel.frames
            result.files.append(out / _FILM)
        if not result.interrupted:
            result.test_accuracy = network.evaluate(test)[1]
        _write_model(result, out, lesson)
        if pictures:
            _write_pictures(result, out, training.shape)
        for name in _FILES:  # what an earlier run left and this one did not make would mislead
            path = out / name
            if path not in result.files and path.is_file() and is_ours(path):
                path.unlink()
                result.removed.append(path)
    total, training_took = time.perf_counter() - start, result.history.seconds
    result.seconds = {"train": training_took, "render": total - training_took, "total": total}
    return result


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


def _start_from_waves(network: Network, shape: tuple[int, int] | None, seed: int) -> None:
    if shape is None:
        raise ValueError("train: start weights of waves need pictures, got rows without a shape")
    from ..learn.initial import waves

    weights = network.get_weights(0)
    weights[1:] = waves(shape, weights.shape[1], seed)
    network.set_weights(0, weights)


def _write(result: Result, path: Path, how: Callable[[Path], None]) -> None:
    how(path)
    result.files.append(path)


def _write_model(result: Result, out: Path, lesson: Lesson) -> None:
    """Write what cannot be made again."""
    network, history = result.network, result.history
    _write(result, out / "model.safetensors", lambda path: checkpoint.save(network, path))
    about = {
        "cutaway": MARK,
        "lesson": asdict(lesson),
        "sizes": network.architecture.sizes,
        "seed": result.seed,
        "fingerprint": network.fingerprint(),
        "test_accuracy": result.test_accuracy,
        "epochs": history.epochs,
        "losses": history.losses,
    }
    _write(result, out / "history.json", lambda path: write_json(about, path))


def _write_pictures(result: Result, out: Path, shape: tuple[int, int] | None) -> None:
    network, history = result.network, result.history
    weights = network.weights[0]
    strongest = int(np.square(weights).sum(axis=0).argmax())
    notes = {
        "Software": MARK,
        "Description": f"{network!r}, seed {result.seed}, {len(history.losses)} mini-batches",
    }
    native = tiles(weights, shape=shape).shape[1]
    hidden = grid(weights, shape=shape, scale=max(1, round(_HIDDEN_WIDTH / native)), legend=True)
    native = tiles(weights[:, :1], shape=shape, border=False).shape[1]
    best = neuron(
        weights, strongest, shape=shape, scale=max(1, round(_NEURON_WIDTH / native)), legend=True
    )
    _write(result, out / "hidden.png", lambda path: write_png(hidden, path, notes))
    _write(result, out / "neuron.png", lambda path: write_png(best, path, notes))
    if history.losses:  # none if interrupted before the first mini-batch
        curve = loss_curve(history)
        _write(result, out / "loss.png", lambda path: write_figure(curve, path, notes))


def write_json(value: dict[str, Any], path: Path) -> None:
    """Write a JSON file, whole or not at all."""
    with replacing(path) as partial:
        partial.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")


def write_figure(figure: Figure, path: Path, notes: dict[str, str]) -> None:
    """Write a plot as PNG, whole or not at all, with notes in its metadata."""
    with replacing(path) as partial:
        figure.savefig(partial, format="png", metadata=notes)


def write_png(image: Image, path: Path, notes: dict[str, str]) -> None:
    """Write an image as PNG, whole or not at all, with notes in its metadata."""
    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    for key, value in notes.items():
        info.add_text(key, value)
    with replacing(path) as partial:
        image.save(partial, format="PNG", pnginfo=info)
