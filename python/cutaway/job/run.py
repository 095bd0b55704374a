"""One run of `cutaway train`: a recipe goes in; a trained network, a film, pictures and files come out."""

from __future__ import annotations

import signal
import threading
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..backend.choose import cuda_status
from ..backend.cuda import device_of, in_tf32
from ..data.dataset import Dataset
from ..learn.history import History, Moment
from ..learn.network import Network
from ..learn.ongoing import Keeper
from ..learn.recipes import Recipe, make_network
from ..learn.training import Moments, mini_batches_at_once
from ..measure.mistakes import accuracy
from ..scale.distributed import Ranks
from .begun import Begun, keeper_of, settings_of, take_up, unfinished
from .filming import FilmPlan, camera, scenes_of
from .kept import Kept
from .outputs import (
    film_told,
    inside,
    leave,
    prepare_folder,
    write_film,
    write_model,
    write_page,
    write_pictures,
)
from .result import Result
from .source import Data, Source
from .workplace import Workplace

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
    page: bool = True,
    theme: str = "light",
    force: bool = False,
    source: Source = MNIST,
    begun: Begun | None = None,
    going_on: bool = True,
    watch: Watch | None = None,
    watch_film: WatchFilm | None = None,
    watch_at: Callable[[int], Iterable[int]] | None = None,
    measured: Measured | None = None,
    told: Callable[[str], None] | None = None,
    ranks: Ranks | None = None,
) -> Result:
    """Train, and leave model, history, moments, pictures, a page and a film in a folder.

    All take their places in it together, at the end. Ctrl-C ends the training, or the film; what was
    learned so far is written all the same, with a checkpoint to go on from if there is one.

    Args:
        recipe: What to train, and how.
        data: Training, validation and test set.
        out: The folder; made if it is not there.
        seed: Of start weights and shuffling.
        backend: As for Network.
        threads: As for Network.
        film: Which film to make, if any.
        pictures: Whether to draw pictures.
        page: Whether to make a page.
        theme: Of pictures, "light" or "dark".
        force: Replace files that cutaway did not write; go on with other settings or data.
        source: Where the data came from.
        begun: Go on with this run.
        going_on: Keep what it takes to go on with this one.
        watch: Is shown every Moment.
        watch_film: Is told how the film goes on.
        watch_at: Of how many mini-batches there are, which ones have a Moment to watch.
        measured: Is told the accuracies on the validation set at the Moments that are kept.
        told: Is told in a sentence that Ctrl-C has come, or that an unfinished run is replaced.
        ranks: That share the training; this is rank 0, and the others follow().

    Raises:
        ValueError: if there can be no such film, or no such way to go on.
        BlockingIOError: if another run works in the folder.
        OSError: if a file cannot be written; before training where that can be known.
    """
    begin = time.perf_counter()
    if film is not None:
        film.check()
    path = None if film is None else film.inside(out)
    training = Training(recipe, data, seed, backend, threads, ranks)
    network = training.network()
    result = Result(network=network, history=History(), seed=seed, gpu=_gpu_of(network))
    kept = Kept(_start(network, data[0].shape), training.last)
    older = prepare_folder(out, film=path, pictures=pictures, page=page, force=force)
    about = source.about(data)
    settings = settings_of(training, network.backend, about, film, theme, page)
    settings["film"] = film_told(path, out)
    with Workplace(out) as work:
        at = [*kept.wanted, *(watch_at(training.last) if watch_at else ())]
        moments = training.moments(network, at, data[1])
        with closing(moments):
            if told and (begun is None or begun.folder != out):
                _tell_of(unfinished(out), told)
            take_up(begun, work, training, kept, result, moments, settings, force)
            keeper = keeper_of(work, kept, result, moments, settings) if going_on else None
            before = result.history.seconds
            measure = film is not None or measured is not None
            _learn(moments, training, kept, result, keeper, measure, watch, measured)
        if ranks is not None and not result.interrupted:
            result.ranks = ranks.told(network)
        if result.interrupted and told:
            told("interrupted: what was learned so far is being written")
        with _undisturbed():
            if not result.interrupted:
                result.rate(data[2], recipe.lr)
            write_model(result, work.folder, kept)
        try:
            if pictures:
                with _undisturbed():
                    write_pictures(result, work.folder, data[0].shape, theme)
            if page:
                with _undisturbed():
                    write_page(result, work.folder, kept, data[2], about)
            if film is not None and path is not None and kept.steps[-1]:
                place = work.folder / path.name if inside(path, out) else path
                _film(film, place, training, kept, result, watch_film)
        finally:
            with _undisturbed():
                train = result.history.seconds
                render = time.perf_counter() - begin - (train - before)
                result.seconds = {"train": train, "render": render, "total": train + render}
                leave(result, work, out, older, settings)
    return result


def _tell_of(left: Begun | None, told: Callable[[str], None]) -> None:
    """Say which run is forgotten as soon as another one begins in its folder."""
    if left is not None and left.checkpoint is not None:
        done = len(left.checkpoint.history.epochs)
        told(
            f"this replaces the unfinished run in {left.folder}, {done} of {left.recipe.epochs} epochs "
            f"done; cutaway train --resume {left.folder} would go on with it"
        )


@dataclass(frozen=True)
class Training:
    """A training that can be done again, to the bit."""

    recipe: Recipe
    data: Data
    seed: int
    backend: str
    threads: int | None
    ranks: Ranks | None = None

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
            every=mini_batches_at_once(network, self.recipe.batch_size), at=at, comm=self.ranks,
        )  # fmt: skip


def _gpu_of(network: Network) -> str | None:
    device = device_of(network.backend)
    if device is None:
        return None
    return cuda_status(device).text + (", products in tf32" if in_tf32(network.backend) else "")


def _start(network: Network, shape: tuple[int, int] | None) -> Moment:
    """Return a network that has learned nothing yet as a Moment."""
    return Moment(
        epoch=0, step=0, losses=np.zeros(0, np.float32), weights=network.weights,
        biases=network.biases, metrics={}, seconds=0.0, shape=shape,
    )  # fmt: skip


def _learn(
    moments: Moments,
    training: Training,
    kept: Kept,
    result: Result,
    keeper: Keeper | None,
    measure: bool,
    watch: Watch | None,
    measured: Measured | None,
) -> None:
    """Go through the Moments; Ctrl-C ends that.

    Args:
        moments: To go through.
        training: Whose they are.
        kept: Keeps some Moments.
        result: Gets the history.
        keeper: Writes checkpoints.
        measure: Whether to measure the accuracy at the Moments that are kept, for captions.
        watch: Is shown every Moment.
        measured: Is told these accuracies.
    """
    network, valid = result.network, training.data[1]
    moment = None
    try:
        for moment in moments:
            result.history.add(moment)
            if moment.step in kept.wanted:
                kept.add(moment, accuracy(network, valid) if measure else None)
                if measured:
                    measured(moment.step, kept.accuracies[moment.step])
            elif "valid_accuracy" in moment.metrics:
                kept.accuracies[moment.step] = moment.metrics["valid_accuracy"]
            if keeper:
                keeper.see(moment)
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
    """Film the training, which is done again; where it cannot be, what was kept of it is shown."""
    if result.interrupted or result.changed or training.ranks:
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
