"""One run of `cutaway train`: a recipe goes in; a trained network, a film, pictures and files come out."""

from __future__ import annotations

import signal
import threading
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..backend.choose import cuda_status
from ..backend.cuda import device_of
from ..data.dataset import Dataset
from ..learn.history import History, Moment
from ..learn.initial import waves
from ..learn.network import Network
from ..learn.training import Moments, mini_batches_at_once
from ..measure.mistakes import accuracy
from .filming import FilmPlan, camera, scenes_of
from .kept import Kept
from .outputs import prepare_folder, remove_older, write_film, write_model, write_pictures
from .recipes import Recipe
from .result import Result
from .source import Data, Source

MNIST = Source()
Watch = Callable[[Moment], None]
Measured = Callable[[int, float], None]  # a mini-batch, and the validation accuracy after it
WatchFilm = Callable[[int, int], None]  # frames that are done, and of how many


def run(
    recipe: Recipe,
    data: Data,
    out: Path,
    *,
    seed: int = 0,
    backend: str = "auto",
    threads: int | None = None,
    film: FilmPlan | None = None,
    pictures: bool = True,
    theme: str = "light",
    force: bool = False,
    source: Source = MNIST,
    watch: Watch | None = None,
    watch_film: WatchFilm | None = None,
    watch_at: Callable[[int], Iterable[int]] | None = None,
    measured: Measured | None = None,
) -> Result:
    """Train, and leave model, history, moments, pictures and a film in a folder.

    Ctrl-C ends the training, or the film; what was learned so far is written all the same.

    Args:
        recipe: What to train, and how.
        data: Training, validation and test set.
        out: The folder; made if it is not there.
        seed: Of start weights and shuffling.
        backend: As for Network.
        threads: As for Network.
        film: Which film to make, if any.
        pictures: Whether to draw pictures.
        theme: Of pictures, "light" or "dark".
        force: Replace files that cutaway did not write.
        source: Where the data came from.
        watch: Is shown every Moment.
        watch_film: Is told how the film goes on.
        watch_at: Of how many mini-batches there are, which ones have a Moment to watch.
        measured: Is told the accuracies on the validation set at the Moments that are kept.

    Raises:
        ValueError: if there can be no such film.
        OSError: if a file cannot be written; before training where that can be known.
    """
    begin = time.perf_counter()
    if film is not None:
        film.check()
    path = None if film is None else film.inside(out)
    training = Training(recipe, data, seed, backend, threads)
    network = training.network()
    older = prepare_folder(out, film=path, pictures=pictures, force=force)
    kept = Kept(_start(network, data[0].shape), training.last)
    result = Result(network=network, history=History(), seed=seed, gpu=_gpu_of(network))
    at = [*kept.wanted, *(watch_at(training.last) if watch_at else ())]
    measure = film is not None or measured is not None
    _learn(training, kept, result, at=at, measure=measure, watch=watch, measured=measured)
    with _undisturbed():
        if not result.interrupted:
            result.rate(data[2], recipe.lr)
        write_model(result, out, recipe, kept, source.about(data), path)
    try:
        if pictures:
            with _undisturbed():
                write_pictures(result, out, data[0].shape, theme)
        if film is not None and path is not None and kept.steps[-1]:
            _film(film, path, training, kept, result, watch_film)
    finally:
        remove_older(result, older)
    total, training_took = time.perf_counter() - begin, result.history.seconds
    result.seconds = {"train": training_took, "render": total - training_took, "total": total}
    return result


@dataclass(frozen=True)
class Training:
    """A training that can be done again, to the bit."""

    recipe: Recipe
    data: Data
    seed: int
    backend: str
    threads: int | None

    @property
    def epoch(self) -> int:
        """Mini-batches of an epoch."""
        return -(-len(self.data[0]) // self.recipe.batch_size)

    @property
    def last(self) -> int:
        """Mini-batches of all epochs."""
        return self.recipe.steps(len(self.data[0]))

    def network(self) -> Network:
        """Return the network with its start weights."""
        return make_network(self.recipe, self.data, self.seed, self.backend, self.threads)

    def moments(self, network: Network, at: list[int], valid: Dataset | None) -> Moments:
        """Train it, with stops at some mini-batches."""
        return self.recipe.train(
            network, self.data[0], valid=valid, seed=self.seed,
            every=mini_batches_at_once(network, self.recipe.batch_size), at=at,
        )  # fmt: skip


def make_network(
    recipe: Recipe, data: Data, seed: int, backend: str, threads: int | None
) -> Network:
    """Return the network with its start weights, big enough for the classes of all sets."""
    features, shape = data[0].images.shape[1], data[0].shape
    classes = max(part.classes for part in data)
    network = recipe.make_network(features, classes, seed=seed, backend=backend, threads=threads)
    if recipe.start == "waves":
        if shape is None:
            raise ValueError(
                "train: start weights of waves need pictures, got rows without a shape"
            )
        weights = network.get_weights(0)
        weights[1:] = waves(shape, weights.shape[1], seed)
        network.set_weights(0, weights)
    return network


def _gpu_of(network: Network) -> str | None:
    device = device_of(network.backend)
    return None if device is None else cuda_status(device).text


def _start(network: Network, shape: tuple[int, int] | None) -> Moment:
    """Return a network that has learned nothing yet as a Moment."""
    return Moment(
        epoch=0, step=0, losses=np.zeros(0, np.float32), weights=network.weights,
        biases=network.biases, metrics={}, seconds=0.0, shape=shape,
    )  # fmt: skip


def _learn(
    training: Training,
    kept: Kept,
    result: Result,
    *,
    at: list[int],
    measure: bool,
    watch: Watch | None,
    measured: Measured | None,
) -> None:
    """Go through the Moments; Ctrl-C ends that.

    Args:
        training: What to go through.
        kept: Keeps some Moments.
        result: Gets the history.
        at: Mini-batches at which to stop.
        measure: Whether to measure the accuracy at the Moments that are kept, for captions.
        watch: Is shown every Moment.
        measured: Is told these accuracies.
    """
    network, valid = result.network, training.data[1]
    moment = None
    try:
        for moment in training.moments(network, at, valid):
            result.history.add(moment)
            if moment.step in kept.wanted:
                kept.add(moment, accuracy(network, valid) if measure else None)
                if measured:
                    measured(moment.step, kept.accuracies[moment.step])
            elif "valid_accuracy" in moment.metrics:
                kept.accuracies[moment.step] = moment.metrics["valid_accuracy"]
            if watch:
                watch(moment)
    except KeyboardInterrupt:
        result.interrupted = True
    if moment is not None and len(result.history.sample_losses) == moment.step:  # it was noted
        kept.end(moment)


def _film(
    plan: FilmPlan,
    path: Path,
    training: Training,
    kept: Kept,
    result: Result,
    watch: WatchFilm | None,
) -> None:
    """Film the training, which is done again; if it was interrupted, what was kept of it is shown."""
    if result.interrupted:
        steps, scenes = [step for step in kept.moments if step], kept.scenes()
    else:
        steps = plan.steps(kept, training.epoch)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # they have been told
            again = training.moments(training.network(), steps, None)
        scenes = scenes_of(again, steps)
    view = camera(
        plan, steps, kept=kept, losses=result.history.sample_losses, epoch=training.epoch,
        shape=training.data[0].shape, start=kept.start, end=result.network.weights[0],
    )  # fmt: skip
    write_film(result, path, plan, scenes, view, watch and (lambda n: watch(n, len(steps))))


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
