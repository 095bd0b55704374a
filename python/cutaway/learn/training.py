"""Training: a network and a loader go in, `Moment`s come out; `fit` collects them in a `History`.

`train()` does nothing until asked for the next Moment, as a generator: `break` ends the training, and a
second consumer is another line in the loop.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sized
from contextlib import closing, nullcontext
from functools import cache, partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import checks
from ..backend.contract import F32
from ..backend.optimizer import Constant, Optimizer, Schedule, check, memory_of
from ..data.dataset import Dataset
from ..data.labels import absent, check_numbered_alike
from ..data.loader import DataLoader
from ..data.samplers import RandomSampler, SequentialSampler
from ..errors import DivergenceError, warn
from ..reprs import short_repr
from .history import History, Moment, Place
from .network import Network, check_network
from .ongoing import (
    Checkpoint,
    Keeper,
    check_place,
    go_on,
    hash_of,
    numbers_its_passes,
    read,
    terms,
)
from .progress import Bar
from .rows import batches, check_dataset, check_pair, is_pair

if TYPE_CHECKING:
    from pathlib import Path

    from ..scale.distributed import Ranks

T = TypeVar("T")

# What Ctrl-C may lose of a history, per Moment of fit(): mini-batches that come one by one; multiply-adds
# of a forward pass, and mini-batches, that a core learns in one call: a tenth of a second or so.
_ONE_BY_ONE = 100
_WORK = 1 << 33
_AT_ONCE = 10_000


def train(
    network: Network,
    loader: DataLoader | Iterable[tuple[Any, Any]],
    *,
    optimizer: Optimizer,
    schedule: Schedule | None = None,
    epochs: int = 5,
    valid: Dataset | Iterable[tuple[Any, Any]] | None = None,
    every: int | None = None,
    at: ArrayLike | None = None,
    comm: Any = None,
) -> Moments:
    """Train a network and yield a Moment every `every` mini-batches, or one per epoch.

    The last Moment of an epoch carries its metrics; it may hold fewer mini-batches than the others.

    Args:
        network: Is trained in place.
        loader: A DataLoader, or anything with a length that yields (x, y) mini-batches anew at
            every pass.
        optimizer: SGD or Adam; what it remembers stays with the network.
        schedule: Multiplies the optimizer's lr; constant if None.
        epochs: Passes over the loader.
        valid: Evaluated after every epoch: a Dataset, or whatever else evaluate() takes, anew at
            every pass.
        every: Mini-batches per Moment; None for a whole epoch.
        at: Numbers of mini-batches, 1 for the first of all, after which there is a Moment, too.
        comm: A communicator of mpi4py, `MPI.COMM_WORLD`: all its ranks make this call, with the same
            network and a DataLoader of the same Dataset, share every mini-batch, and yield the same
            Moments. Mini-batches stay what they are, whatever the number of ranks: so large ones
            pay, and the lr that goes with them is yours to choose. A rank copies its part of the
            images alone, as many rows as any other in a block (so let the loader shuffle): a memory
            map of pixels, with mean and std given, is never read whole. Whether ranks have the same
            Dataset is judged by all labels and 1,000 samples. Threads are the network's.

    Raises:
        TypeError, ValueError: at the call, for arguments that do not fit.
        MemoryError: at the call, if there is no room for the work.
        ModuleNotFoundError: at the call, for comm without mpi4py.
        RuntimeError: when a loss is no longer finite; when the network was trained by another train()
            since the last Moment; when another rank has left or died: which one, and why.

    Warns:
        UserWarning: if a class never occurs in the training set, or only in the validation set; if
            the samples come sorted by class; if what is returned is dropped before anything was
            learned.
    """
    check_all = partial(_check, network, loader, optimizer, schedule, epochs, valid, every, at)
    learner: Any = network
    ranks = None
    if comm is None:
        numbers = check_all()
    else:
        from ..scale.distributed import join

        ranks, numbers = join("train", comm, check_all)
    schedule, place = schedule or Constant(), Place()
    told = terms(network, loader, optimizer, schedule, epochs)
    if ranks is not None and ranks.size > 1:
        learner = ranks.share(network, loader, valid, {**told, "epochs": epochs})
        told["ranks"] = ranks.size
    return Moments(
        _moments(
            network, learner, loader, optimizer, schedule, epochs, valid, every, numbers, place
        ),
        network,
        place,
        told,
        ranks,
    )


def _check(
    network: Network,
    loader: Any,
    optimizer: Optimizer,
    schedule: Schedule | None,
    epochs: int,
    valid: Any,
    every: int | None,
    at: ArrayLike | None,
) -> NDArray[np.int64]:
    """Check what train() is given; return the numbers of mini-batches at which a Moment is wanted."""
    who = "train"
    check_network(who, network)
    if isinstance(loader, Dataset) or is_pair(loader):
        got = "a Dataset" if isinstance(loader, Dataset) else "a tuple"
        whole = "dataset" if isinstance(loader, Dataset) else "cutaway.Dataset(x, y)"
        raise TypeError(
            f"{who}: loader must yield (x, y) mini-batches, got {got}; "
            f"wrap it: cutaway.DataLoader({whole}, 64, shuffle=True)"
        )
    listed = isinstance(loader, Sized) and isinstance(loader, Iterable)
    if not listed or isinstance(loader, str | bytes | Mapping | np.ndarray):
        raise TypeError(
            f"{who}: loader must have a length and yield (x, y), got {type(loader).__name__}"
        )
    check(who, optimizer)
    checks.count(who, "epochs", epochs)
    if every is not None:
        checks.count(who, "every", every)
    steps = checks.length(who, "loader", loader)
    if steps == 0:
        raise ValueError(f"{who}: loader must have at least 1 mini-batch, got 0")
    numbers = _numbers(epochs * steps, at)
    if isinstance(valid, Iterator):
        raise TypeError(
            f"{who}: valid must start anew at every pass, got {type(valid).__name__}, "
            "which ends after one"
        )
    if valid is not None and not isinstance(valid, Dataset) and not is_pair(valid):
        batches(who, "valid", valid)
    if schedule is not None and (isinstance(schedule, type) or not hasattr(schedule, "factors")):
        raise TypeError(
            f"{who}: schedule must be OneCycle(...) or Constant(), got {checks.shown(schedule)}"
        )
    sets = [getattr(data, "dataset", data) for data in (loader, valid)]
    for dataset in sets:
        if isinstance(dataset, Dataset):
            check_dataset(who, dataset, network.architecture)
    _check_room(network, optimizer)
    _check_classes(*sets)
    _tell_of_order(loader)
    return numbers


def _check_room(network: Network, optimizer: Optimizer) -> None:
    """Raise MemoryError if there is none for what the optimizer remembers, and for two Moments."""
    kept = 2 + (len(memory_of(optimizer)) if network.optimizer is None else 0)
    what = "two copies of the weights, and what the optimizer remembers,"
    checks.room("train", what, 4 * kept * network.architecture.parameters)


def _numbers(last: int, at: ArrayLike | None) -> NDArray[np.int64]:
    """Return the numbers of mini-batches at which a Moment is wanted, sorted."""
    numbers = checks.integers("train", "at", () if at is None else at)
    for number in numbers[(numbers < 1) | (numbers > last)]:
        raise ValueError(f"train: at must be from 1 to {last}, got {number}")
    return np.unique(numbers)


def _stops(epoch: int, steps: int, every: int, at: NDArray[np.int64]) -> list[int]:
    """Return after how many mini-batches of an epoch there is a Moment."""
    first, end = np.searchsorted(at, [(epoch - 1) * steps, epoch * steps], side="right")
    return sorted({*range(every, steps, every), *(at[first:end] - (epoch - 1) * steps), steps})


def _check_classes(training: object, validation: object) -> None:
    """Refuse sets that number their classes otherwise; warn of classes that nothing is learned of."""
    if not isinstance(training, Dataset):
        return
    missing = absent(training.labels, training.classes)
    if isinstance(validation, Dataset):
        check_numbered_alike("train", training.class_names, validation.class_names)
        there = set(range(validation.classes)) - set(absent(validation.labels, validation.classes))
        unknown = sorted(there - (set(range(training.classes)) - set(missing)))
        if unknown:
            warn(
                "train: the validation set has classes that the training set lacks: "
                f"{validation.named(unknown)}; if a file is sorted by class, shuffle before you "
                "split it"
            )
            return
    if missing and (missing != [0] or training._classes):  # else the Dataset has told
        warn(f"train: the training set lacks classes: {training.named(missing)}")


def _tell_of_order(loader: object) -> None:
    """Warn of samples that come class after class: the last one learned is all that stays."""
    if not (isinstance(loader, DataLoader) and isinstance(loader.sampler, SequentialSampler)):
        return
    data = loader.direct
    if data is None or len(data) < 2 * loader.batch_size:
        return
    labels = data.labels
    if labels[0] < labels[-1] and (labels[1:] >= labels[:-1]).all():
        warn("train: the samples come class after class: give the DataLoader shuffle=True")


@short_repr
class Moments(Iterator[Moment]):
    """The Moments of a training, which goes on as they are asked for; what `train()` returns."""

    def __init__(
        self,
        moments: Generator[Moment, None, None],
        network: Network,
        place: Place,
        terms: dict[str, Any],
        ranks: Ranks | None = None,
    ) -> None:
        self._moments = moments
        self._network, self._number = network, 0
        self._place, self._terms = place, terms  # for checkpoints
        self._ranks = ranks
        self._asked = self._over = False

    def __next__(self) -> Moment:
        if not self._asked:
            self._network._trainings += 1
            self._number = self._network._trainings
        elif self._number != self._network._trainings and not self._over:
            raise RuntimeError(
                "train: the network must not be trained by another train() within the loop of this "
                "one: the two would mix what the optimizer remembers"
            )
        self._asked = self._over = True
        try:
            moment = next(self._moments)
        except BaseException as error:
            if self._ranks is not None:
                self._ranks.over(error)
            raise
        self._over = False
        return moment

    @property
    def leads(self) -> bool:
        """Whether this process reads, writes and talks: of several that share a training, the first."""
        return self._ranks is None or self._ranks.rank == 0

    def agreed(self, make: Callable[[], T]) -> T:
        """Return what the process that leads makes, in all that share the training."""
        return make() if self._ranks is None else self._ranks.of_rank_0(make)

    def __repr__(self) -> str:
        state = "going on" if self._asked else "nothing learned yet: loop over it, or call fit(...)"
        return f"<Moments of a training, {state}>"

    def close(self) -> None:
        """End the training."""
        self._asked = self._over = True
        self._moments.close()
        if self._ranks is not None:
            self._ranks.over(sys.exc_info()[1] or GeneratorExit())

    def __del__(self) -> None:
        if self._ranks is not None:
            self._ranks.over(GeneratorExit())
        if not self._asked:
            warn(
                "train: nothing was learned, for nobody asked for a Moment: loop over train(...), or "
                "call fit(...)"
            )


def _moments(
    network: Network,
    learner: Any,
    loader: Any,
    optimizer: Optimizer,
    schedule: Schedule,
    epochs: int,
    valid: Dataset | Iterable[tuple[Any, Any]] | None,
    every: int | None,
    at: NDArray[np.int64],
    place: Place,
) -> Generator[Moment, None, None]:
    """Learn from a place on, which goes along; the learner is the network, or shares it with others."""
    steps = len(loader)
    every = min(every or steps, steps)
    sampler = loader.sampler if isinstance(loader, DataLoader) else None
    numbered = sampler if isinstance(sampler, RandomSampler) else None
    if numbered is not None and place.order is not None:
        numbered.epoch = place.order
    summed = network.architecture.reduction == "sum"
    begin = time.perf_counter()
    for epoch in range(place.step // steps + 1, epochs + 1):
        before = (epoch - 1) * steps
        factors = schedule.factors(np.arange(before, before + steps), epochs * steps)
        with np.errstate(over="ignore"):  # the network refuses what is not finite
            rates = (optimizer.lr * factors).astype(np.float32)
        done = place.step - before
        if not done:
            place.loss, place.rows, place.correct = 0.0, 0, 0
        place.order = None if numbered is None else numbered.epoch
        stops = [done, *(stop for stop in _stops(epoch, steps, every, at) if stop > done)]
        for losses, sizes, hits in _chunks(learner, loader, optimizer, rates, stops):
            _still_finite(losses, epoch, place.step, optimizer)
            place.step += len(losses)
            sample_losses = (losses / sizes).astype(np.float32) if summed else losses
            place.loss += float((losses.astype(np.float64) * (1 if summed else sizes)).sum())
            place.rows += int(sizes.sum())
            place.correct += hits
            metrics = {}
            if place.step == epoch * steps:
                place.order = None if numbered is None else numbered.epoch
                rows = place.rows
                metrics = {"train_loss": place.loss / rows, "train_accuracy": place.correct / rows}
                if valid is not None:
                    metrics["valid_loss"], metrics["valid_accuracy"] = learner.evaluate(valid)
            layers = [network.get_weights(l) for l in range(network.architecture.layers)]
            yield Moment(
                epoch=epoch,
                step=place.step,
                losses=losses,
                sample_losses=sample_losses,
                weights=tuple(layer[1:] for layer in layers),
                biases=tuple(layer[0] for layer in layers),
                metrics=metrics,
                seconds=time.perf_counter() - begin,
                shape=network.shape,
            )
            begin = time.perf_counter()


def _chunks(
    learner: Any, loader: Any, optimizer: Optimizer, rates: F32, stops: list[int]
) -> Iterator[tuple[F32, np.ndarray[Any, Any], int]]:
    """Learn an epoch from the first of its stops on; at each other one, yield what came since the last.

    That is losses, sizes and hits.
    """
    dataset = loader.direct if isinstance(loader, DataLoader) else None
    if dataset is not None:  # the core gathers the batches itself
        order, batch = loader.order(), loader.batch_size
        for first, stop in pairwise(stops):
            numbers = order[first * batch : stop * batch]
            sizes = np.minimum(batch, len(numbers) - np.arange(0, len(numbers), batch))
            losses = learner.learn(
                numbers,
                batch,
                dataset=dataset,
                optimizer=optimizer,
                rates=rates[first:stop],
            )
            yield losses, sizes, learner.correct()
        return
    losses_so_far: list[float] = []
    sizes_so_far: list[int] = []
    ends = set(stops)
    hits = i = 0
    for i, pair in enumerate(loader, 1):
        if i > len(rates):
            break
        if i <= stops[0]:  # it was learned before
            continue
        x, y = check_pair("train", "loader", pair)
        losses_so_far.append(learner.step(x, y, optimizer, float(rates[i - 1])))
        sizes_so_far.append(len(y) if np.ndim(y) else 1)  # x may be a single row
        hits += learner.correct()
        if i in ends:
            yield np.array(losses_so_far, np.float32), np.array(sizes_so_far), hits
            losses_so_far, sizes_so_far, hits = [], [], 0
    if i != len(rates):
        raise ValueError(
            f"train: loader must yield as many mini-batches as its length says, {len(rates)}, "
            f"got {'more' if i > len(rates) else i}"
        )


def _still_finite(losses: F32, epoch: int, step: int, optimizer: Optimizer) -> None:
    if not np.isfinite(losses).all():
        first = int(np.flatnonzero(~np.isfinite(losses))[0])
        raise DivergenceError(
            f"train: the loss must stay finite, got {losses[first]:g} in epoch {epoch} at "
            f"mini-batch {step + first + 1}; try a smaller lr (it was {optimizer.lr:g})",
            step + first + 1,
        )


def mini_batches_at_once(network: Network, batch: int) -> int:
    """Return how many mini-batches of a Dataset a Moment should have if nobody looks at its weights.

    Few enough that an interrupted epoch leaves its losses, and that other threads have their turn;
    more take no less time.
    """
    return min(max(_WORK // (batch * network.architecture.parameters), 1), _AT_ONCE)


def fit(
    network: Network,
    loader: DataLoader | Iterable[tuple[Any, Any]],
    *,
    optimizer: Optimizer,
    schedule: Schedule | None = None,
    epochs: int = 5,
    valid: Dataset | Iterable[tuple[Any, Any]] | None = None,
    progress: bool = False,
    checkpoint: str | os.PathLike[str] | None = None,
    resume: str | os.PathLike[str] | None = None,
    comm: Any = None,
) -> History:
    """Train a network to the end and return its history; arguments as for train().

    The history is `network.history`, too, and grows as the network learns: after Ctrl-C or an error
    it tells what was learned but for the last moments.

    What goes on from a checkpoint ends in the same bits as a training that was never stopped, with any
    number of threads. That needs a DataLoader, whose passes have numbers, or a loader that yields the
    same at every pass; one of your own is asked for the pass that was under way from its beginning.

    Args:
        network: Is trained in place.
        loader: As for train().
        optimizer: As for train().
        schedule: As for train().
        epochs: As for train().
        valid: As for train().
        progress: Show a bar on stderr.
        checkpoint: A file to go on from, written at the ends of epochs (at most once a second, at
            least every 30 seconds) and at the end; load() reads the network of it.
        resume: Such a file. If it is `checkpoint`, too, and not there, the training begins. More
            `epochs` than at first may be asked for, with a constant schedule.
        comm: As for train(). All ranks return the same history but for the seconds; rank 0 alone
            shows the bar, and reads and writes the checkpoints that it is given, for which it reads all
            of the data.

    Raises:
        ValueError: if the checkpoint is damaged, or of a training with other data or settings.
        OSError: if it cannot be read or written.

    Warns:
        UserWarning: if it was of another number of ranks, whose sums are in another order.
    """
    check_own = partial(_check_own, network, progress, checkpoint, resume)
    if comm is None:
        progress, here, there = check_own()
    else:
        from ..scale.distributed import join

        comm, (progress, here, there) = join("train", comm, check_own)
    every = _ONE_BY_ONE
    if isinstance(loader, DataLoader) and loader.direct is not None:
        every = mini_batches_at_once(check_network("train", network), loader.batch_size)
    moments = train(
        network,
        loader,
        optimizer=optimizer,
        schedule=schedule,
        epochs=epochs,
        valid=valid,
        every=every,
        comm=comm,
    )
    steps = epochs * len(loader)  # type: ignore[arg-type]
    with closing(moments):  # none is asked for if it cannot go on
        here, there = moments.agreed(lambda: (here, there))  # others may name no files
        if here is not None:
            moments.agreed(partial(check_place, here))
        history, data = History(), cache(partial(hash_of, loader))
        changed = False
        if before := moments.agreed(partial(_before, there, here)):
            known = moments.agreed(data)
            changed = go_on("fit", before, network, moments, known, last=steps)
            history = before.history
        network.history = history
        keeper = None
        if here is not None and moments.leads:
            inside = numbers_its_passes(loader)
            keeper = Keeper(
                here, network, moments, history, data, changed=changed, resumable=inside
            )
        shown = progress and moments.leads
        with closing(Bar(steps, done=len(history.losses))) if shown else nullcontext() as bar:
            for moment in moments:
                history.add(moment)
                if bar:
                    bar.show(moment)
                if keeper:
                    keeper.see(moment)
        if keeper:
            keeper.write()
    return history


def _check_own(
    network: Network,
    progress: bool,
    checkpoint: str | os.PathLike[str] | None,
    resume: str | os.PathLike[str] | None,
) -> tuple[bool, Path | None, Path | None]:
    """Return what fit() is given beside train()'s, clean."""
    check_network("train", network)
    return (
        checks.flag("fit", "progress", progress),
        None if checkpoint is None else checks.path("fit", "checkpoint", checkpoint),
        None if resume is None else checks.path("fit", "resume", resume),
    )


def _before(resume: Path | None, checkpoint: Path | None) -> Checkpoint | None:
    """Return what fit() goes on from, if it does."""
    if resume is None or (resume == checkpoint and not resume.exists()):
        return None
    return read("fit", resume)
