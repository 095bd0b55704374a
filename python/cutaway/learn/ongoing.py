"""Going on: a training goes to a file now and then, and a later one goes on from there, to the same bits.

The file is a model's, which load() reads; beside the weights and the optimizer's memory it tells where the
training was, its history, and its terms: what must be the same in the training that goes on.
"""

from __future__ import annotations

import dataclasses
import errno
import json
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .. import checks
from ..backend.optimizer import Constant, Optimizer, Schedule
from ..data.dataset import Dataset
from ..data.identity import sha256_of
from ..data.loader import DataLoader
from ..data.samplers import RandomSampler, SequentialSampler
from ..errors import warn
from ..files import Replacement
from .checkpoint import load_with, save_with
from .history import History, Moment, Place
from .network import Network

if TYPE_CHECKING:
    from .training import Moments

Tensors = dict[str, NDArray[Any]]
_LEAST, _MOST = 1.0, 30.0  # seconds from one checkpoint to the next
_EPOCH = "mini-batches of an epoch"
_RANKS = "ranks"  # how many have shared the training; not told of one
_SHARE = 50  # of which writing one takes a part, at most


def terms(
    network: Network, loader: object, optimizer: Optimizer, schedule: Schedule, epochs: int
) -> dict[str, Any]:
    """Return what decides about the bits of a training but for its data, as JSON has it.

    Of a loader of one's own it is only the length, of a schedule only its name.
    """
    told: dict[str, Any] = {
        "backend": network.backend.partition(":")[0],
        "optimizer": optimizer.name,
        **dataclasses.asdict(optimizer),
        "schedule": type(schedule).__name__,
        _EPOCH: len(loader),  # type: ignore[arg-type]
    }
    if dataclasses.is_dataclass(schedule) and not isinstance(schedule, type):
        told.update(dataclasses.asdict(schedule))
    if not isinstance(schedule, Constant):  # whose rates are the same however long it lasts
        told["epochs"] = epochs
    if isinstance(loader, DataLoader):
        told["batch_size"] = loader.batch_size
        told["order"] = type(loader.sampler).__name__
        told["seed"] = getattr(loader.sampler, "seed", None)
        if isinstance(loader.dataset, Dataset):
            told["mean"], told["std"] = loader.dataset.normalisation
        if loader.shift:
            told["shift"] = loader.shift
    plain: dict[str, Any] = json.loads(json.dumps(told, default=float))  # tuples are lists there
    return plain


def hash_of(loader: object) -> str | None:
    """Return a SHA-256 of what a loader yields, if it is a Dataset."""
    data = getattr(loader, "dataset", None)
    return sha256_of(data) if isinstance(data, Dataset) else None


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """A training that can go on.

    Attributes:
        path: Of its file.
        network: With its optimizer and what that remembers.
        place: Where the training is.
        history: Up to there.
        terms: Those of terms(), and "data".
        tensors: What else was kept, by name.
        changed: Whether the terms were others at first: another training cannot repeat it.
    """

    path: Path
    network: Network
    place: Place
    history: History
    terms: Mapping[str, Any]
    tensors: Tensors = field(default_factory=dict)
    changed: bool = False

    def write(self) -> None:
        """Write the file, whole or not at all.

        Raises:
            OSError: if that cannot be done; an older file is untouched then.
        """
        tensors = {
            "losses": np.array(self.history.losses, np.float32),
            "sample_losses": np.array(self.history.sample_losses, np.float32),
            **self.tensors,
        }
        about = {
            "place": dataclasses.asdict(self.place),
            "epochs": self.history.epochs,
            "seconds": self.history.seconds,
            "terms": dict(self.terms),
            "changed": self.changed,
        }
        save_with(self.network, self.path, tensors, about)


def read(who: str, path: Path) -> Checkpoint:
    """Read a checkpoint; `who` begins the sentence of an error.

    Raises:
        ValueError: if the file is damaged, or no checkpoint of a training.
        OSError: if it cannot be read.
    """
    network, tensors, about = load_with(who, path, "cpu", None)
    if about is None:
        raise ValueError(f"{who}: {path} is a model alone, and tells nothing of its training")
    try:
        losses, per_sample = (tensors.pop(n).tolist() for n in ("losses", "sample_losses"))
        place = Place(**about["place"])
        for name in ("step", "rows", "correct"):
            checks.count(who, name, getattr(place, name), 0)
        if not len(losses) == len(per_sample) == place.step:
            raise ValueError(f"{place.step} mini-batches have {len(losses)} losses")
        history = History(
            losses=losses, sample_losses=per_sample, epochs=list(about["epochs"]),
            seconds=float(about["seconds"]), classes=network.architecture.sizes[-1],
        )  # fmt: skip
        return Checkpoint(
            path=path, network=network, place=place, history=history, tensors=tensors,
            terms=dict(about["terms"]), changed=bool(about["changed"]),
        )  # fmt: skip
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ValueError(
            f"{who}: {path} is no checkpoint of a training: {checks.shown(str(error))}"
        ) from None


def _first_told(name: str) -> int:
    """Order terms: other data have another mean, too, and another schedule other epochs."""
    return {"data": 0, "epochs": 2}.get(name, 1)


def go_on(
    who: str,
    checkpoint: Checkpoint,
    network: Network,
    moments: Moments,
    data: str | None,
    *,
    last: int,
    force: bool = False,
    hint: str = "",
) -> bool:
    """Bring a network, and Moments of which none was asked for, to where a training was.

    Args:
        who: Begins the sentence of an error.
        checkpoint: Of that training.
        network: Of the same architecture.
        moments: Of the same training, or of a longer one.
        data: Which they are, as the checkpoint's "data".
        last: Mini-batches of the training.
        force: Let terms and data be others.
        hint: Ends the sentence of an error that `force` would spare.

    Returns:
        Whether they are others, now or before.

    Raises:
        ValueError: if they must not be, or cannot be.
    """
    path, then = checkpoint.path, checkpoint.network.architecture
    if then != network.architecture:
        raise ValueError(f"{who}: network must be as that of {path}, {then}, got another")
    if last < checkpoint.place.step:
        raise ValueError(
            f"{who}: epochs must be enough for the {checkpoint.place.step:,} mini-batches of {path}, "
            f"got {last:,} mini-batches"
        )
    now = {**moments._terms, "data": data}
    for name in sorted({**checkpoint.terms, **now}, key=_first_told):
        old, new, fixed = checkpoint.terms.get(name), now.get(name), name == _EPOCH
        if name == _RANKS:
            _tell_of_ranks(who, path, old or 1, new or 1)
        elif old != new and (fixed or not force):
            raise ValueError(
                f"{who}: {name} must be {checks.shown(old)}, as when {path} was written, "
                f"got {checks.shown(new)}{'' if fixed else hint}"
            )
    with network._core.turn:
        network.load_state_dict(checkpoint.network.state_dict())
        if (optimizer := checkpoint.network.optimizer) is not None:
            network.load_optimizer_state(optimizer, checkpoint.network.optimizer_state())
    for name in ("mean", "std", "pixels", "shape", "class_names", "whole"):
        setattr(network, name, getattr(checkpoint.network, name))
    vars(moments._place).update(vars(checkpoint.place))
    return checkpoint.changed or now != dict(checkpoint.terms)


def _tell_of_ranks(who: str, path: Path, then: int, now: int) -> None:
    if then != now:
        warn(
            f"{who}: {path} was written by {then} rank{'s' * (then > 1)}, and {now} go{'es' * (now == 1)} "
            "on: the same mini-batches, whose sums may differ in the last bits"
        )


class Keeper:
    """Writes checkpoints of a training while it goes on, seldom enough to cost next to nothing.

    Args:
        path: Of the file.
        network: That is trained.
        moments: Of the training.
        history: That takes them in.
        data: As for go_on(), asked for when it is first needed.
        more: Gives what else is to be kept.
        changed: As of a Checkpoint.
        resumable: Whether it can go on within an epoch.
    """

    def __init__(
        self,
        path: Path,
        network: Network,
        moments: Moments,
        history: History,
        data: Callable[[], str | None],
        more: Callable[[], Tensors] = dict,
        *,
        changed: bool = False,
        resumable: bool = True,
    ) -> None:
        self._path, self._network, self._moments, self._history = path, network, moments, history
        self._data, self._more, self._changed, self._inside = data, more, changed, resumable
        self._terms: dict[str, Any] | None = None
        self._wait, self._last = _LEAST, time.perf_counter()

    def see(self, moment: Moment) -> None:
        """Write a checkpoint if it is time, now that the history has this Moment."""
        age = time.perf_counter() - self._last
        if (age >= self._wait and moment.metrics) or (age >= _MOST and self._inside):
            self.write()

    def write(self) -> None:
        """Write a checkpoint, unless the network has diverged: the last one that has not stays.

        Raises:
            OSError: if it cannot be written.
        """
        begin = time.perf_counter()
        network = self._network
        if all(np.isfinite(values).all() for values in network.state_dict().values()):
            if self._terms is None:
                self._terms = {**self._moments._terms, "data": self._data()}
            Checkpoint(
                path=self._path, network=network, place=self._moments._place,
                history=self._history, terms=self._terms, tensors=self._more(), changed=self._changed,
            ).write()  # fmt: skip
        self._last = time.perf_counter()
        self._wait = min(max(_LEAST, _SHARE * (self._last - begin)), _MOST)


def check_place(path: Path) -> None:
    """Check, before anything is learned, that a file can be written there.

    Raises:
        OSError: if it cannot.
    """
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), os.fspath(path))
    try:
        new = Replacement(path)
        try:
            new.partial.touch()
        finally:
            new.discard()
    except OSError as error:
        raise OSError(error.errno, error.strerror, os.fspath(path)) from error


def numbers_its_passes(loader: object) -> bool:
    """Tell whether a loader yields a pass that was under way once more."""
    return isinstance(loader, DataLoader) and isinstance(
        loader.sampler, SequentialSampler | RandomSampler
    )
