"""One training on many machines: a rank's part of the data goes in; the gradient of all of them comes out.

Every rank has the same network, and learns the same mini-batches in the same order, whatever the number
of ranks: of each it takes the samples that are in its block of the data, gradients are summed in the order
of the ranks, and every rank takes the same step with the sum. So all have the same bits, and the same
number of ranks has them again; another number differs as sums in another order do.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from .. import checks
from ..backend.contract import F32, I64
from ..backend.optimizer import Optimizer
from ..data.dataset import Dataset
from ..data.loader import DataLoader
from ..data.samplers import RandomSampler, SequentialSampler
from ..errors import DivergenceError, RankError
from ..learn.rows import check_order, labels_of
from .group import Group

if TYPE_CHECKING:
    from ..learn.network import Network

T = TypeVar("T")

_LOOKED_AT = 1000  # rows, evenly spread, whose hash stands for all: a memory map is not read whole


def block(samples: int, rank: int, ranks: int) -> slice:
    """Return which of so many samples a rank holds: as many as any other, or one more."""
    return slice(rank * samples // ranks, (rank + 1) * samples // ranks)


def join(who: str, comm: Any, check: Callable[[], T]) -> tuple[Ranks, T]:
    """Return the ranks of a training, and what check() returns, if it raises on none of them.

    Args:
        who: Begins the sentence of an error.
        comm: As for train().
        check: Of the arguments.
    """
    ranks = comm if isinstance(comm, Ranks) else Ranks(who, comm)
    try:
        return ranks, ranks.agree(check)
    except BaseException as error:
        ranks.leave(error)
        raise


class Ranks(Group):
    """The ranks of a training: what train() asks of a group.

    Attributes:
        stays: Whether they have more to do together when the training has ended.
    """

    stays = False
    _over = False

    def share(
        self, network: Network, loader: object, valid: object, terms: Mapping[str, Any]
    ) -> Shared:
        """Return what learns in all ranks together; arguments as of Shared."""
        try:
            self._shared = Shared(self._who, self, network, loader, valid, terms)
        except BaseException as error:
            self.leave(error)
            raise
        return self._shared

    def told(self, network: Network) -> list[dict[str, Any]]:
        """Return what a summary tells of the ranks, all of which ask for it."""
        own = network.fingerprint(), network.threads
        return [
            {"rank": rank, "host": self.hosts[rank], "fingerprint": fingerprint, "threads": threads}
            for rank, (fingerprint, threads) in enumerate(self.gather(own))
        ]

    def over(self, error: BaseException) -> None:
        """End as a training does, once: all together after StopIteration, else by leaving the others."""
        if self._over:
            return
        self._over = True
        if isinstance(error, DivergenceError):  # the losses are the same on all ranks
            return self.close()
        if isinstance(error, GeneratorExit):  # a loop has ended early, as on the others perhaps
            return self.leave(None)
        if not isinstance(error, StopIteration):
            return self.leave(error)
        if self.size > 1:
            self._shared.end()
        if not self.stays:
            self.end()


class Shared:
    """Learns as a network does, but on all ranks together; has what train() asks of a network.

    Args:
        who: Begins the sentence of an error.
        group: The ranks.
        network: Is trained in place, on every rank alike.
        loader: Of a Dataset, the same on every rank.
        valid: What will be evaluated.
        terms: What else must be the same on all ranks, by name.

    Raises:
        TypeError, ValueError: if it cannot be learned so, or the ranks are not alike.
        MemoryError: if there is no room for the rank's part of the data, and for the gradients.
    """

    def __init__(
        self,
        who: str,
        group: Group,
        network: Network,
        loader: object,
        valid: object,
        terms: Mapping[str, Any],
    ) -> None:
        data = group.agree(partial(_data_of, who, loader, group.size))
        group.alike({**terms, **_told_of(network, data, valid)})
        self._group, self._network, self._data = group, network, data
        self._rows = block(len(data), group.rank, group.size)
        numbers = network.architecture.parameters + 2  # the gradients, the loss and the hits
        segment = -(-numbers // group.size)
        size = (self._rows.stop - self._rows.start) * data.images[:1].nbytes + 32 * numbers
        checks.room(who, "a rank's part of the data, and the gradients,", size)
        self._part = data.subset(self._rows)
        images: Any = np.array(self._part.images)  # a copy: of a memory map no more is read then
        self._part.images = images
        self._own = np.zeros(segment * group.size, np.float32)
        self._swapped = np.empty((group.size, segment), np.float32)
        self._segment = np.empty(segment, np.float32)
        self._whole = np.empty_like(self._own)
        self._correct = 0

    def learn(
        self, order: I64, batch: int, *, dataset: Dataset, optimizer: Optimizer, rates: F32
    ) -> F32:
        """Learn as Network.learn() does; every rank has the whole order, of the whole dataset."""
        network = self._network
        check_order(order, len(dataset))
        mine = (order >= self._rows.start) & (order < self._rows.stop)
        own = order[mine] - self._rows.start
        ends = np.minimum(batch * np.arange(len(rates) + 1), len(order))
        places = np.append(0, np.cumsum(mine))[ends]  # in own
        losses = np.full(len(rates), np.nan, np.float32)
        self._correct = 0
        with network._core.training("learn"):
            network._use("learn", optimizer)
            if network._loaded is not self._part:
                network._learns_from(dataset)
                labels = labels_of("learn", self._part, network.architecture)
                network._core.load(self._part.images, labels, *dataset.normalisation)
                network._loaded = self._part
            for step, rate in enumerate(rates):
                numbers = own[places[step] : places[step + 1]]
                self._learn_own(numbers, int(ends[step + 1] - ends[step]))
                self._add_up()
                *gradients, last = self._parts(self._whole)
                network._core.update(gradients, float(rate))
                losses[step] = last[0]
                self._correct += round(float(last[1]))
                if not np.isfinite(last[0]):
                    break  # here on all ranks, though each may look at its losses at another time
        return losses

    def correct(self) -> int:
        """Return how many samples of the last learn() were recognised, before it."""
        return self._correct

    def evaluate(self, data: Dataset | Iterable[tuple[Any, Any]]) -> tuple[float, float]:
        """Return loss and accuracy as Network.evaluate() does: of a Dataset each rank finds a part."""
        network, group = self._network, self._group
        if not isinstance(data, Dataset):
            return network.evaluate(data)
        own = np.zeros(2 + network.architecture.sizes[-1])
        rows = block(len(data), group.rank, group.size)
        if rows.start < rows.stop:
            loss, right, samples = network._score("evaluate", data.subset(rows))
            own[:] = loss, right, *samples
        found = np.empty((group.size, len(own)))
        group.exchange(own, found)
        loss, right, *samples = sum(found[1:], found[0])
        return network._rated(float(loss), int(right), np.array(samples, np.int64))

    def end(self) -> None:
        """Check that all ranks have come to the same.

        Raises:
            RankError: if they have not.
        """
        prints = self._group.gather(self._network.fingerprint())
        for rank, other in enumerate(prints):
            if other != prints[0]:
                raise RankError(f"train: rank {rank} has other weights than rank 0 at the end")

    def _learn_own(self, numbers: I64, samples: int) -> None:
        """Find what some of this rank's samples add to the gradient of a mini-batch of so many."""
        if len(numbers) == 0:
            self._own.fill(0)
            return
        network = self._network
        loss, found = network._core.gradients(numbers)
        share = len(numbers) / samples if network.architecture.reduction == "mean" else 1.0
        *gradients, last = self._parts(self._own)
        for gradient, out in zip(found, gradients, strict=True):
            np.multiply(gradient, np.float32(share), out=out)
        last[:] = share * loss, network._core.correct()

    def _add_up(self) -> None:
        """Sum what all ranks have found, in their order: each a segment, which then goes to all."""
        self._group.swap(self._own, self._swapped)
        np.add.reduce(self._swapped, axis=0, out=self._segment)  # row after row
        self._group.exchange(self._segment, self._whole)

    def _parts(self, flat: F32) -> Iterator[F32]:
        """Yield each layer's part of an array (1 + fan_in, fan_out); at last (2,), loss and hits."""
        end, architecture = 0, self._network.architecture
        for shape in map(architecture.shape, range(architecture.layers)):
            begin, end = end, end + shape[0] * shape[1]
            yield flat[begin:end].reshape(shape)
        yield flat[end : end + 2]


def _data_of(who: str, loader: object, ranks: int) -> Dataset:
    """Return the Dataset of a loader whose mini-batches so many ranks can share."""
    data = loader.direct if isinstance(loader, DataLoader) else None
    if not isinstance(loader, DataLoader) or data is None:
        raise TypeError(
            f"{who}: loader must be a DataLoader of a Dataset, without collate, for ranks to share, "
            f"got {checks.shown(loader)}"
        )
    if not isinstance(loader.sampler, SequentialSampler | RandomSampler):
        raise TypeError(
            f"{who}: loader must have the same order on all ranks, by shuffle= and seed=, got a "
            f"{type(loader.sampler).__name__}"
        )
    if ranks > (most := min(loader.batch_size, len(data))):
        raise ValueError(
            f"{who}: comm must have no more ranks than a mini-batch has samples, {most}, got {ranks}"
        )
    return data


def _told_of(network: Network, data: Dataset, valid: object) -> dict[str, Any]:
    """Return what must be the same on all ranks; of arrays a hash."""
    memory = network.optimizer_state()
    told: dict[str, Any] = {
        "architecture": repr(network.architecture),
        "start weights": bytes.fromhex(network.fingerprint()),
        "memory of the optimizer": _hash(*(memory[name] for name in sorted(memory))),
    }
    for name, part in (("training set", data), ("validation set", valid)):
        told[f"kind of {name}"] = type(part).__name__
        if isinstance(part, Dataset):
            some = np.linspace(0, len(part) - 1, min(len(part), _LOOKED_AT)).astype(np.int64)
            told |= {
                f"shape of the {name}": (*part.images.shape, part.images.dtype.str),
                f"mean and std of the {name}": part.normalisation,
                f"names of the {name}'s classes": part.class_names,
                f"labels of the {name}": _hash(part.labels),
                f"samples of the {name}": _hash(part.images[some]),
            }
    return told


def _hash(*arrays: Any) -> bytes:
    sha = hashlib.sha256()
    for array in arrays:
        sha.update(np.ascontiguousarray(array).tobytes())
    return sha.digest()
