"""One run of `cutaway train`: a recipe goes in; a trained network, a film, pictures and files come out."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import SupportsFloat

import numpy as np
from numpy.typing import NDArray

from ..backend.choose import cuda_status
from ..backend.cuda import device_of
from ..data.dataset import Dataset
from ..learn.history import History, Moment
from ..learn.initial import waves
from ..learn.network import Network
from ..learn.training import mini_batches_at_once
from ..look.film import Film
from .outputs import (
    FILM,
    Result,
    frames_of,
    prepare_folder,
    rate,
    remove_older,
    write_model,
    write_pictures,
)
from .recipes import Recipe

Data = tuple[Dataset, Dataset, Dataset]  # training, validation and test set


def run(
    recipe: Recipe,
    data: Data,
    out: Path,
    *,
    seed: int = 0,
    backend: str = "auto",
    threads: int | None = None,
    film: bool | None = None,
    every: int = 1,
    fps: SupportsFloat = 70,
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
        fps: As for Film.
        codec: As for Film.
        force: Replace files that cutaway did not write.
        watch: Is shown every Moment.

    Raises:
        OSError: if a file cannot be written; before training where that can be known.
    """
    begin = time.perf_counter()
    film = recipe.draws if film is None else film
    pictures = recipe.draws or film
    network = _make_network(recipe, data, seed, backend, threads)
    prepare_folder(out, film=film, pictures=pictures, force=force)
    result = Result(network=network, history=History(), seed=seed, gpu=_gpu_of(network))
    training, validation, _ = data
    if not film:
        every = mini_batches_at_once(network, recipe.batch_size)
    moments = recipe.train(network, training, valid=validation, seed=seed, every=every)
    reel = Film(out / FILM, fps, codec) if film else None
    _learn(moments, result, reel, frames_of(network, training.shape), watch)
    with _undisturbed():
        _leave(result, out, recipe, data, reel, pictures)
    total, training_took = time.perf_counter() - begin, result.history.seconds
    result.seconds = {"train": training_took, "render": total - training_took, "total": total}
    return result


def _make_network(
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


def _learn(
    moments: Iterable[Moment],
    result: Result,
    reel: Film | None,
    draw: Callable[[Moment], NDArray[np.uint8]],
    watch: Callable[[Moment], None] | None,
) -> None:
    """Go through the Moments; Ctrl-C ends that, any other error takes the film with it."""
    try:
        for moment in moments:
            result.history.add(moment)
            if reel:
                reel.write(draw(moment))
            if watch:
                watch(moment)
    except KeyboardInterrupt:
        result.interrupted = True
    except BaseException:
        if reel:
            reel.discard()
        raise


def _leave(
    result: Result, out: Path, recipe: Recipe, data: Data, reel: Film | None, pictures: bool
) -> None:
    """Write what the run leaves in its folder; rate a network that was not interrupted."""
    training, _, test = data
    if reel:
        reel.close()
        if reel.frames:  # none if interrupted before the first Moment
            result.frames = reel.frames
            result.files.append(out / FILM)
    if not result.interrupted:
        rate(result, test, recipe.lr)
    write_model(result, out, recipe)
    if pictures:
        write_pictures(result, out, training.shape)
    remove_older(result, out)


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
