"""Rows, batches and datasets for a network: what users pass in is checked, and made ready for a core."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import copy
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from .. import checks
from ..backend.contract import F32, I64, U8, Architecture
from ..backend.optimizer import Optimizer, check
from ..data.dataset import MOST_NORMALISED, Dataset, normalise
from ..data.labels import check_numbered_alike
from ..data.loader import DataLoader

_LOOKED_AT = 256  # rows, to tell pixels from numbers
# Multiply-adds of a forward pass per call into the core, some 10 ms: Ctrl-C is answered in between.
_BLOCK_WORK = 1 << 29


class Rows(NamedTuple):
    """Rows as a core takes them: bytes stand for (byte - mean) / std, floats for themselves.

    Attributes:
        x: (n, features).
        mean: Of the bytes.
        std: Of the bytes.
        given: The same before it was normalised.
        pixels: They were given as integers.
        owner: The Dataset that x is of, which nobody changes, or None.
    """

    x: F32 | U8
    mean: float
    std: float
    given: F32 | U8
    pixels: bool
    owner: Dataset | None = None

    def highest(self) -> float:
        """Return the highest of the first rows as they were given, 0 if one is negative."""
        some = self.given[:_LOOKED_AT]
        return float(some.max()) if some.size and some.min() >= 0 else 0.0

    def are_parts(self) -> bool:
        """Tell whether the first rows go from 0 to 1 at most, as pixels do that were divided by 255."""
        some = self.given[:_LOOKED_AT]
        return bool(some.size and some.min() == 0 and 0 < some.max() <= 1)


def block_of(architecture: Architecture) -> int:
    """Return how many rows a core should get at once."""
    return min(max(_BLOCK_WORK // architecture.parameters, 64), 8192)


def check_rows(
    who: str, x: ArrayLike | Dataset, features: int, mean: float | None, std: float | None
) -> Rows:
    """Return rows (n, features) from such, from pictures, or from a single one of either.

    Integers and booleans are pixels: normalised as the data that the network learned from. Floats
    stay as they are.

    Args:
        who: Begins the sentence of an error.
        x: Rows, or a Dataset, which stands for its images.
        features: Of the network.
        mean: Of the data that the network learned from, or None before that.
        std: Likewise.
    """
    if isinstance(x, DataLoader):
        raise TypeError(f"{who}: x must be rows, got a DataLoader; pass its .dataset")
    if isinstance(x, Dataset):
        checks.rows(who, x.images, features)
        if mean is None or std is None:
            mean, std = x.normalisation
        return _of_dataset(x, x.images, mean, std)
    rows = checks.rows(who, checks.numbers(who, "x", x), features)
    if rows.dtype.kind == "f":
        return _numbers(checks.floats(who, "x", rows))
    if mean is None or std is None:
        raise ValueError(
            f"{who}: integer rows are normalised with the mean and std of the data that the "
            "network learned from, but it has learned from no Dataset; pass floats"
        )
    return _pixels(checks.pixels(rows), mean, std)


def _of_dataset(data: Dataset, images: F32 | U8, mean: float, std: float) -> Rows:
    """Return some of a Dataset's images as rows."""
    return _pixels(images, mean, std) if data.pixels else _numbers(np.asarray(images, np.float32))


def _numbers(x: F32) -> Rows:
    return Rows(x, 0.0, 1.0, x, False)


def _pixels(x: F32 | U8, mean: float, std: float) -> Rows:
    if x.dtype == np.uint8:
        return Rows(x, mean, std, x, True)
    return Rows(normalise(x, mean, std), 0.0, 1.0, x, True)


def bytes_of_row(architecture: Architecture, threads: int) -> int:
    """Return what a core holds for each row of a mini-batch that it learns from, or a little more.

    It has them as floats and as bytes, of every unit the activation and the loss's derivative, and the
    sums of the first layer, of few units in up to four parts. Above a wide layer every thread has 64
    derivatives side by side.
    """
    features, *units = architecture.sizes
    sums = units[0] * (4 if units[0] <= 256 else 1)
    panels = 64 * threads if max(units[1:], default=0) > 64 else 0
    return 5 * features + 8 * sum(units) + 4 * (sums + panels)


def check_room(who: str, architecture: Architecture, threads: int, rows: int) -> None:
    """Raise MemoryError if a core has no room for mini-batches of so many rows."""
    size = rows * bytes_of_row(architecture, threads)
    checks.room(who, f"mini-batches of {rows:,} rows", size)


def check_batch(
    who: str, rows: Rows, y: ArrayLike, architecture: Architecture, threads: int
) -> tuple[F32, I64]:
    """Return a mini-batch to learn from: floats, and class numbers from such or one-hot."""
    if len(rows.x) == 0:
        raise ValueError(f"{who}: x must have at least 1 row, got 0")
    check_room(who, architecture, threads, len(rows.x))
    x = rows.x
    x = normalise(x, rows.mean, rows.std) if x.dtype == np.uint8 else np.asarray(x, np.float32)
    return x, checks.labels(who, y, len(x), architecture.sizes[-1])


def labelled(
    who: str,
    data: object,
    architecture: Architecture,
    mean: float | None,
    std: float | None,
    names: Sequence[str] | None,
) -> Iterator[tuple[Rows, I64]]:
    """Yield what evaluate() is given as labelled rows, as many at once as a core should get.

    Args:
        who: Begins the sentence of an error.
        data: A Dataset; a DataLoader of one, which stands for its samples; (x, y) mini-batches; or a
            tuple of all rows and their labels.
        architecture: Of the network.
        mean: Of the data that the network learned from. None before that: a Dataset's own.
        std: Likewise.
        names: Of the classes that the network learned, if they had some.
    """
    order: I64 | None = None
    if isinstance(data, DataLoader) and isinstance(data.dataset, Dataset) and not data.collate:
        order, data = (None, data.dataset) if data.complete else (data.order(), data.direct)
    if isinstance(data, Dataset):
        labels = labels_of(who, data, architecture)
        check_numbered_alike(who, names, data.class_names)
        if mean is None or std is None:
            mean, std = data.normalisation
        if order is None and (data.images.dtype == np.uint8 or not data.pixels):
            # A core takes them where they lie.
            yield _of_dataset(data, data.images, mean, std)._replace(owner=data), labels
            return
        block = block_of(architecture)
        for start in range(0, len(data) if order is None else len(order), block):
            part: Any = slice(start, start + block)
            part = part if order is None else order[part]
            yield _of_dataset(data, data.images[part], mean, std), labels[part]
        return
    for pair in [data] if is_pair(data) else batches(who, "data", data):
        x, y = check_pair(who, "data", pair)
        rows = check_rows(who, x, architecture.sizes[0], mean, std)
        checks.finite(who, "x", rows.x)
        yield rows, checks.labels(who, y, len(rows.x), architecture.sizes[-1])


def is_pair(data: object) -> bool:
    """Tell whether data are a tuple of rows and labels, rather than mini-batches."""
    return isinstance(data, tuple) and len(data) == 2 and not isinstance(data[0], tuple)


def check_pair(who: str, name: str, pair: object) -> tuple[Any, Any]:
    """Return the (x, y) that a mini-batch must be."""
    if not isinstance(pair, tuple | list) or len(pair) != 2:
        raise TypeError(f"{who}: {name} must yield (x, y) mini-batches, got {checks.shown(pair)}")
    return pair[0], pair[1]


def batches(who: str, name: str, data: object) -> Iterable[Any]:
    """Return what yields (x, y) mini-batches."""
    if not isinstance(data, Iterable) or isinstance(data, str | bytes | Mapping | np.ndarray):
        raise TypeError(
            f"{who}: {name} must be a Dataset or yield (x, y) mini-batches, got {type(data).__name__}"
        )
    return data


def looks_like_the_other_kind(rows: Rows, pixels: bool, mean: float, std: float) -> str | None:
    """Tell why rows hardly are what the network learned from, or None if they may be.

    Args:
        rows: As check_rows() returned them.
        pixels: Whether the network learned from pixels.
        mean: Of the data that it learned from.
        std: Likewise.
    """
    if rows.pixels == pixels:
        return None
    white = (255 - mean) / std  # floats from here on are no bytes that somebody has normalised
    highest = rows.highest()
    if pixels and mean > std / 10 and rows.are_parts():  # its darkest pixels would be negative
        return (
            "the network learned from pixels, but takes these floats from 0 to 1 as they are; pass "
            "integers, or normalise them as the dataset does"
        )
    if not highest > max(MOST_NORMALISED, white if pixels else 0):
        return None
    if pixels:
        return (
            f"the network learned from pixels, but takes these floats up to {highest:g} as they "
            "are; pass integers, or normalise them as the dataset does"
        )
    return (
        f"the network learned from floats, and takes these integers up to {highest:g} as they "
        "are, too; scale them as what it learned from"
    )


def spread_as_bytes(mean: float, std: float) -> bool:
    """Tell whether pixels of such a mean and spread may be 0 to 255, and not 0 to 16 or booleans.

    A mean of 0 and a std of 1 tell nothing: they were given, so that pixels are taken as they are.
    """
    return (mean, std) == (0, 1) or (255 - mean) / std <= MOST_NORMALISED


def far_below_chance(right: int, samples: I64) -> bool:
    """Tell whether so few right answers are no bad luck.

    Whatever a network answers, if it does not look at the rows it is right as often as the rarest
    class comes, at least: also if it has not learned some classes yet, or is asked of one alone. To
    be told, it must be right less often by five standard deviations.

    Args:
        right: How many answers are.
        samples: Of each class.
    """
    count, rarest = int(samples.sum()), int(samples.min())
    return rarest - right > 5 * math.sqrt(rarest * (1 - rarest / count))


def square(who: str, features: int) -> tuple[int, int]:
    """Return height and width of a square picture of so many features."""
    side = math.isqrt(features)
    if side * side != features:
        raise ValueError(
            f"{who}: the network must have learned from pictures, got {features} features"
        )
    return side, side


def check_dataset(who: str, dataset: object, architecture: Architecture) -> Dataset:
    """Return a Dataset that fits a network's features and classes."""
    if not isinstance(dataset, Dataset):
        raise TypeError(f"{who}: dataset must be a cutaway.Dataset, got {type(dataset).__name__}")
    features, classes = architecture.sizes[0], architecture.sizes[-1]
    if dataset.images.shape[1] != features:
        raise ValueError(
            f"{who}: the network takes {features} features, "
            f"the dataset has {dataset.images.shape[1]}"
        )
    highest = int(dataset.labels.max())
    if int(dataset.labels.min()) < 0:
        raise ValueError(f"{who}: labels must be 0 or more, got {int(dataset.labels.min())}")
    if highest >= classes:
        two = "; two classes need two outputs" if classes == 1 else ""
        raise ValueError(
            f"{who}: labels must be below {classes}, the network's number of outputs, "
            f"got {highest}{two}"
        )
    return dataset


def labels_of(who: str, dataset: object, architecture: Architecture) -> I64:
    """Return a copy of the labels of a Dataset that fits: whoever writes to the others changes no core."""
    data = copy(check_dataset(who, dataset, architecture))
    data.labels = data.labels.copy()
    return check_dataset(who, data, architecture).labels


def check_order(order: I64, images: int) -> None:
    """Check that all sample numbers are those of images."""
    bad = order[(order < 0) | (order >= images)]
    if len(bad):
        raise IndexError(f"learn: sample number {bad[0]} is out of range for {images} images")


def check_matrix(who: str, name: str, values: ArrayLike, architecture: Architecture, l: int) -> F32:
    """Return finite numbers laid out as the weights of layer l."""
    array = checks.floats(who, name, values)
    if array.shape != architecture.shape(l):
        raise ValueError(
            f"{who}: layer {l} must be {architecture.shape(l)}, got shape {array.shape}"
        )
    checks.finite(who, name, array)
    return array


def check_rates(who: str, rates: ArrayLike | None, optimizer: Optimizer, steps: int) -> F32:
    """Return a rate per mini-batch; the optimizer's lr for all of them if `rates` is None."""
    check(who, optimizer)
    array = checks.floats(who, "rates", np.full(steps, optimizer.lr) if rates is None else rates)
    if array.shape != (steps,):
        raise ValueError(
            f"{who}: rates must be one per mini-batch ({steps}), got shape {array.shape}"
        )
    checks.finite(who, "rates", array)
    return array


def check_rate(who: str, rate: float | None, optimizer: Optimizer) -> F32:
    """Return the rate of one mini-batch (1,); the optimizer's lr if `rate` is None."""
    check(who, optimizer)
    most = float(np.finfo(np.float32).max)
    value = optimizer.lr if rate is None else rate
    rate = checks.real(who, "rate", value, "within the range of float32", low=-most, high=most)
    return np.array([rate], np.float32)
