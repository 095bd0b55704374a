"""The DataLoader: a dataset goes in, orders of sample numbers and batches come out.

Names and behaviour are PyTorch's. A loader over a `Dataset` hands whole orders to the core, which
gathers the batches itself; over anything else it collates sample by sample.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Sized
from functools import cached_property
from typing import Any, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from .. import checks
from ..errors import warn
from ..reprs import short_repr
from .dataset import F32, I64, MOST_NORMALISED, Dataset
from .samplers import RandomSampler, SequentialSampler
from .shifts import ShiftingSampler, check_shift, shifted


class Samples(Protocol):
    """What a loader reads: any object with a length and `[i] -> (x, y)`."""

    def __len__(self) -> int: ...
    def __getitem__(self, i: int, /) -> Any: ...


Collate = Callable[[Sequence[Any]], tuple[Any, Any]]


def stack(samples: Sequence[tuple[Any, Any]]) -> tuple[F32, NDArray[Any]]:
    """Return samples [(x, y), ...] as x float32 (n, features) and y (n,).

    Raises:
        TypeError, ValueError: if they are no pairs of numbers, or x are not of one shape.
    """
    who = "DataLoader"
    for sample in samples:
        if not isinstance(sample, tuple | list) or len(sample) != 2:
            raise TypeError(f"{who}: dataset must have samples (x, y), got {checks.shown(sample)}")
    xs = [checks.numbers(who, "x", x) for x, _ in samples]
    shapes = sorted({x.shape for x in xs})
    if len(shapes) > 1:
        raise ValueError(f"{who}: x must be of one shape, got {shapes[0]} and {shapes[1]}")
    x = np.stack(xs)
    if x.dtype.kind in "iu" and x.max(initial=0) > MOST_NORMALISED:
        warn(
            f"{who}: the samples' integers, up to {x.max()}, reach the network as they are: scale them "
            "in the dataset, or make a cutaway.Dataset of arrays, which does"
        )
    with np.errstate(over="ignore"):  # which the network refuses, as infinite
        x = x.astype(np.float32, copy=False)
    return x, checks.numbers(who, "y", [y for _, y in samples])


_IDLE = {  # PyTorch's keywords that have no meaning here, and whether they are on by default
    "num_workers": False,
    "pin_memory": False,
    "pin_memory_device": False,
    "timeout": False,
    "worker_init_fn": False,
    "multiprocessing_context": False,
    "prefetch_factor": False,
    "persistent_workers": False,
    "in_order": True,
}
_REFUSED = {  # those that change what is learned, and what does the same here
    "batch_sampler": "sampler= and batch_size=",
    "generator": "seed=",
}


def _check_pytorch(keywords: dict[str, Any]) -> None:
    """Tell which of PyTorch's keywords do nothing here; refuse those that would, and unknown ones."""
    idle = []
    for name, value in keywords.items():
        if name in _REFUSED:
            if value is not None:
                raise TypeError(
                    f"DataLoader: {name} must be None, got {type(value).__name__}; "
                    f"give {_REFUSED[name]} instead"
                )
        elif name not in _IDLE:
            raise TypeError(f"DataLoader: there is no keyword {checks.shown(name)}")
        elif bool(value) != _IDLE[name]:
            idle.append(f"{name}={checks.shown(value)}")
    if idle:
        do = "does" if len(idle) == 1 else "do"
        warn(
            f"DataLoader: {', '.join(idle)} {do} nothing here: batches are made where they are used"
        )


@short_repr
class DataLoader:
    """Mini-batches of a dataset: iterate over it for (x, y), once per epoch.

    Args:
        dataset: A `Dataset`, or any object with a length and `[i] -> (x, y)`.
        batch_size: Samples per mini-batch; the last one may be shorter.
        shuffle: A new random order at every pass.
        seed: Of the random orders.
        drop_last: Leave out a last mini-batch that is not full.
        collate: Makes (x, y) out of a list of samples; by default x is stacked as float32, y as an
            array.
        sampler: Sample numbers in the order to use, anew at every pass; instead of `shuffle`. One
            without a length is counted by a pass of its own.
        shift: At every pass, move each picture at random by up to so many pixels, up or down and to
            either side; what comes in is black. For a Dataset of pictures and shuffle=True, of which
            (2 shift + 1)^2 copies are held then.
        collate_fn: PyTorch's word for `collate`.
        pytorch: Other keywords of PyTorch's DataLoader: `num_workers=4` and the like change nothing
            here; `batch_sampler` and `generator` are refused.

    Raises:
        TypeError: if the dataset has no length, for both collate and collate_fn, or for a keyword
            that is unknown or would change what is learned.
        ValueError: if batch_size is less than 1, both shuffle and sampler are given, or shift is for
            what cannot be shifted.
        MemoryError: at the first pass, if there is no room for what is shifted.

    Warns:
        UserWarning: if a keyword of PyTorch's asks for what does not happen here.
    """

    def __init__(
        self,
        dataset: Samples,
        batch_size: int = 64,
        shuffle: bool | None = False,
        seed: int = 0,
        drop_last: bool = False,
        collate: Collate | None = None,
        sampler: Iterable[int] | None = None,
        *,
        shift: int = 0,
        collate_fn: Collate | None = None,
        **pytorch: Any,
    ) -> None:
        _check_pytorch(pytorch)
        if collate is not None and collate_fn is not None:
            raise TypeError("DataLoader: give either collate or collate_fn, got both")
        kind = type(dataset)
        numbered = hasattr(kind, "__len__") and hasattr(kind, "__getitem__")
        if not numbered or isinstance(dataset, Mapping):
            raise TypeError(
                "DataLoader: dataset must have a length and [i], "
                f"got {kind.__name__}; wrap arrays as cutaway.Dataset(images, labels)"
            )
        shuffle = checks.flag("DataLoader", "shuffle", False if shuffle is None else shuffle)
        seed = checks.count("DataLoader", "seed", seed, 0)
        for name, maker in (("collate", collate), ("collate_fn", collate_fn)):
            if maker is not None and not callable(maker):
                raise TypeError(
                    f"DataLoader: {name} must be a function of a list of samples, "
                    f"got {checks.shown(maker)}"
                )
        if sampler is not None and shuffle:
            raise ValueError("DataLoader: give either shuffle=True or a sampler, got both")
        if isinstance(sampler, Iterator):
            raise TypeError(
                "DataLoader: sampler must start anew at every pass, "
                f"got {type(sampler).__name__}, which ends after one"
            )
        if sampler is not None and not isinstance(sampler, Iterable):
            raise TypeError(
                f"DataLoader: sampler must yield sample numbers, got {checks.shown(sampler)}"
            )
        self.dataset = dataset
        self.batch_size = checks.count("DataLoader", "batch_size", batch_size)
        self.drop_last = checks.flag("DataLoader", "drop_last", drop_last)
        self.collate = collate if collate is not None else collate_fn
        self.shift = checks.count("DataLoader", "shift", shift, 0)
        if self.shift:
            if not isinstance(dataset, Dataset) or self.collate or not shuffle:
                needs = "a Dataset and shuffle=True"
                raise ValueError(f"DataLoader: shift must be 0 without {needs}, got {self.shift}")
            check_shift(dataset, self.shift)
            sampler = ShiftingSampler(len(dataset), self.shift, seed)
        if sampler is None:
            n = checks.length("DataLoader", "dataset", dataset)
            sampler = RandomSampler(n, seed) if shuffle else SequentialSampler(n)
        self.sampler: Iterable[int] = sampler

    def __len__(self) -> int:
        """How many mini-batches a pass has."""
        sampler = self.sampler
        sized = isinstance(sampler, Sized)
        n = checks.length("DataLoader", "sampler", sampler) if sized else sum(1 for _ in sampler)
        return n // self.batch_size if self.drop_last else -(-n // self.batch_size)

    @property
    def direct(self) -> Dataset | None:
        """The Dataset that orders are of, if nothing is to be collated: a core can gather its rows."""
        if not isinstance(self.dataset, Dataset) or self.collate:
            return None
        return self._shifted if self.shift else self.dataset

    @cached_property
    def _shifted(self) -> Dataset:
        return shifted(cast(Dataset, self.dataset), self.shift)

    @property
    def complete(self) -> bool:
        """Whether every pass is all samples once, in whatever order and wherever moved."""
        if self.drop_last or not isinstance(self.sampler, SequentialSampler | RandomSampler):
            return False
        return len(self.sampler) == len(self.dataset)

    def order(self, epoch: int | None = None) -> I64:
        """Return the sample numbers of a pass, int64: all mini-batches, one after another.

        Args:
            epoch: Which pass, from 0; if None, the next one, as iterating takes it.

        Raises:
            ValueError: for a numbered pass of a sampler of one's own, which knows only the next.
        """
        if isinstance(self.sampler, SequentialSampler | RandomSampler):
            order = self.sampler.order(epoch)
        elif epoch is None:
            given: Any = self.sampler
            listed = given if isinstance(given, np.ndarray) else list(given)
            order = checks.integers("DataLoader", "sampler", listed)
        else:
            raise ValueError(
                f"order: epoch must be None with a sampler of one's own, got {checks.shown(epoch)}"
            )
        if self.drop_last:
            order = order[: len(order) // self.batch_size * self.batch_size]
        return order

    def __iter__(self) -> Iterator[tuple[Any, Any]]:
        order, direct = self.order(), self.direct
        for start in range(0, len(order), self.batch_size):
            numbers = order[start : start + self.batch_size]
            if direct is not None:
                yield direct[numbers]
            else:
                yield (self.collate or stack)([self.dataset[int(i)] for i in numbers])

    def __repr__(self) -> str:
        sampler: Any = self.sampler
        if not isinstance(sampler, SequentialSampler | RandomSampler):
            sampler = type(sampler).__name__  # to ask for more could start a pass
        return (
            f"DataLoader({type(self.dataset).__name__} of {len(self.dataset)}, "
            f"batch_size={self.batch_size}, {sampler}{f', shift={self.shift}' * bool(self.shift)})"
        )
