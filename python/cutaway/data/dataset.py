"""Datasets: arrays go in, a `Dataset` of images and labels comes out.

Pixels stay as they came (uint8 for the MNIST files) until they are used; `mean` and `std` say how they
are normalised then.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from typing import Any, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import checks
from ..errors import warn
from ..reprs import short_repr
from .labels import absent, encode, far_off

F32 = NDArray[np.float32]
I64 = NDArray[np.int64]

_MOST = float(np.finfo(np.float32).max)
_RANGE = "within the range of float32"
MOST_NORMALISED = 16  # normalised numbers are smaller; bytes of a picture spread by 80
_ROWS = 4096  # rows per step of a pass over all images: bounds the memory it takes


def normalise(images: NDArray[Any], mean: float, std: float) -> F32:
    """Return (images - mean) / std in float32, times the inverse of std as the C++ core has it."""
    result: F32 = images.astype(np.float32)
    result -= np.float32(mean)  # in place: to take new memory takes longer than to subtract
    result *= np.float32(1) / np.float32(std)
    return result


@short_repr
class Dataset:
    """Images with their labels. Integers are pixels, floats are numbers.

    Args:
        images: (n, features) or (n, height, width); an axis of one channel is dropped. Integers and
            booleans are pixels: they are kept (as uint8 where they fit, otherwise as float32) and
            normalised to (x - mean) / std as they are used. Floats are taken as they are, in
            float32; with a mean or std, they are normalised once, here. A contiguous array of uint8
            or float32 that is not normalised is not copied: leave it unchanged while the dataset
            lives.
        labels: (n,) or (n, 1) class numbers from 0, which may be whole floats; (n, classes) one-hot
            rows, which become class numbers; or text: the names of the classes, which are
            numbered by the alphabet unless `class_names` are given ("5" stands for class 5).
        mean: What is subtracted. If None: the mean of all pixels; of floats, 0.
        std: What it is then divided by. If None: the standard deviation of all pixels; of floats,
            1. A validation or test set takes both from its training set.
        class_names: The name of every class; with them, or with text or one-hot rows for labels,
            a class may be without samples. A validation or test set takes them from its
            training set.

    Attributes:
        images: (n, features), uint8 or float32.
        labels: (n,), int64.
        class_names: The name of every class, or None.
        whole: Whether the images are whole pictures that load_data() scaled.
        shape: (height, width) if the images came so, or None.
        pixels: Whether the images are pixels, which are normalised as they are used.
        mean: float, in units of a pixel.
        std: float, likewise.

    Raises:
        TypeError: if images or labels are no plain numbers.
        ValueError: if shapes disagree, a number is not finite, or a label is out of range.

    Warns:
        UserWarning: if floats spread as pixels do, and neither mean nor std is given; if the classes
            are numbered from 1, or a label is far from all others.
    """

    images: NDArray[np.uint8] | F32
    labels: I64

    def __init__(
        self,
        images: ArrayLike,
        labels: ArrayLike,
        *,
        mean: float | None = None,
        std: float | None = None,
        class_names: Sequence[str] | None = None,
    ) -> None:
        array = checks.images("Dataset", "images", checks.numbers("Dataset", "images", images))
        if 0 in array.shape:
            raise ValueError(f"Dataset: images must not be empty, got shape {array.shape}")
        self.shape: tuple[int, int] | None = None
        self.whole = False
        if array.ndim == 3:
            self.shape = (array.shape[1], array.shape[2])
            array = array.reshape(len(array), -1)
        self.pixels = array.dtype.kind != "f"
        self.labels, self._classes, self.class_names = encode(
            "Dataset", labels, len(array), class_names
        )
        if not self._classes:  # nothing but the labels says how many there are
            _warn_of_classes_from_1(self.labels, self.classes)
            if far := far_off(self.labels):
                warn(
                    f"Dataset: {far}; every number up to it is a class, and an output of a network"
                )
        if self.pixels:
            self.images = checks.pixels(array)
            if mean is None or std is None:
                own_mean, own_std = _mean_and_std(self.images)
                mean = own_mean if mean is None else mean
                if std is None and own_std == 0:
                    raise ValueError(f"Dataset: images must vary, all pixels are {own_mean:g}")
                std = own_std if std is None else std
        else:
            self.images = checks.floats("Dataset", "images", array)
            checks.finite("Dataset", "images", self.images)
            if mean is None and std is None:
                _warn_of_pixels(self.images)
        self.mean = checks.real(
            "Dataset", "mean", 0.0 if mean is None else mean, _RANGE, low=-_MOST, high=_MOST
        )
        self.std = checks.real(
            "Dataset", "std", 1.0 if std is None else std, "greater than 0", low=0, above=True
        )
        if not 1 / _MOST <= self.std <= _MOST:
            raise ValueError(f"Dataset: std must be {_RANGE}, got {self.std:g}")
        if not self.pixels and (self.mean, self.std) != (0, 1):
            self.images = _normalised(array, self.mean, self.std)
            checks.finite("Dataset", "normalised images", self.images)

    @property
    def normalisation(self) -> tuple[float, float]:
        """The (mean, std) that `images` are still to be normalised with: of floats, (0, 1)."""
        return (self.mean, self.std) if self.pixels else (0.0, 1.0)

    def __len__(self) -> int:
        return len(self.images)

    @overload
    def __getitem__(self, i: int) -> tuple[F32, int]: ...
    @overload
    def __getitem__(self, i: slice | I64) -> tuple[F32, I64]: ...
    def __getitem__(self, i: int | slice | I64) -> tuple[F32, int | I64]:
        """Return (x, y): what a network sees, float32, and the label; rows for a slice or an array."""
        rows = _which("Dataset", "number", i, self.labels)
        x = normalise(self.images[rows], *self.normalisation)
        y = self.labels[rows]
        return (x, y) if isinstance(y, np.ndarray) else (x, int(y))

    @property
    def classes(self) -> int:
        """How many classes: one more than the highest label, if names or one-hot rows tell no more."""
        return max(self._classes, int(self.labels.max()) + 1)

    def named(self, classes: ArrayLike) -> str:
        """Return classes by their names, or numbers, as a list to read: the first ten."""
        numbers = checks.integers("named", "classes", classes).tolist()
        names = self.class_names
        if names and numbers and not 0 <= min(numbers) <= max(numbers) < len(names):
            got = checks.shown(numbers)
            raise IndexError(f"named: classes must be from 0 to {len(names) - 1}, got {got}")
        words = [names[c] if names else str(c) for c in numbers]
        more = f" and {len(words) - 10} more" if len(words) > 10 else ""
        return ", ".join(words[:10]) + more

    def one_hot(self, classes: int | None = None) -> F32:
        """Return the labels as rows (n, classes), float32: one 1 in each, the rest 0.

        Raises:
            ValueError: if a label does not fit into `classes`.
        """
        classes = self.classes if classes is None else checks.count("one_hot", "classes", classes)
        checks.labels("one_hot", self.labels, len(self), classes)
        checks.room("one_hot", f"{len(self)} rows of {classes} numbers", 4 * len(self) * classes)
        rows = np.zeros((len(self), classes), np.float32)
        rows[np.arange(len(self)), self.labels] = 1
        return rows

    def subset(self, numbers: slice | ArrayLike) -> Dataset:
        """Return a dataset of some samples, normalised as this one is.

        Args:
            numbers: A slice (its pixels are shared if it has no step), sample numbers (m,), or booleans
                (n,) that tell which to take.

        Raises:
            IndexError: if a sample number is out of range, or a mask of another length.
        """
        rows = _which("subset", "numbers", numbers, self.labels)
        if isinstance(rows, int):
            raise ValueError(f"subset: numbers must be several, got {rows}")
        part = copy(self)
        part.images = np.ascontiguousarray(self.images[rows])  # a core takes no steps
        part.labels = self.labels[rows]
        if len(part.labels) == 0:
            raise ValueError(
                f"subset: numbers must name at least 1 sample, got {checks.shown(numbers)}"
            )
        return part

    def __repr__(self) -> str:
        size = "{}x{}".format(*self.shape) if self.shape else self.images.shape[1]
        return (
            f"Dataset({len(self)} images of {size} {self.images.dtype}, "
            f"{self.classes} classes, mean={self.mean:.4g}, std={self.std:.4g})"
        )

    def _repr_html_(self) -> str:
        from ..look import notebook

        return notebook.dataset(repr(self), self.images, self.labels, self.shape, self.class_names)


def _normalised(array: NDArray[Any], mean: float, std: float) -> F32:
    """Return floats (n, features) as (x - mean) / std: in float64, as float32 ends at 1e-45 and 3e38."""
    result = np.empty(array.shape, np.float32)
    for start in range(0, len(array), _ROWS):
        rows = slice(start, start + _ROWS)
        with np.errstate(over="ignore", invalid="ignore"):  # which finite() reports
            result[rows] = (array[rows].astype(np.float64) - mean) / std
    return result


def _which(who: str, name: str, numbers: Any, labels: I64) -> Any:
    """Return what NumPy takes for some of the samples: a number, a slice, numbers or a mask."""
    n = len(labels)
    if type(numbers) is int and -n <= numbers < n:  # of a loop over samples: no time for more
        return numbers
    if isinstance(numbers, slice):
        bounds = (numbers.start, numbers.stop, numbers.step)
        for bound in bounds:
            if bound is not None:
                checks.count(who, f"{name} of a slice", bound, -(1 << 62))
        if numbers.step == 0:
            raise ValueError(f"{who}: {name} of a slice must have a step, got 0")
        return numbers
    rows = checks.numbers(who, name, numbers)
    if rows.dtype == bool:
        if rows.shape != (n,):
            raise IndexError(f"{who}: {name} as a mask must have shape ({n},), got {rows.shape}")
        return rows
    if rows.dtype != np.int64 or rows.ndim != 1:
        rows = checks.integers(who, name, rows.reshape(-1) if rows.ndim == 0 else rows)
    try:
        labels[
            rows
        ]  # NumPy looks at every number anyway, ten times as fast as to compare them here
    except IndexError:
        bad = rows[(rows < -n) | (rows >= n)]
        raise IndexError(f"{who}: {name} must be below {n}, got {bad[0]}") from None
    return int(rows[0]) if np.ndim(numbers) == 0 else rows


def _warn_of_pixels(images: F32) -> None:
    spread = float(images[:_ROWS].std(dtype=np.float64))
    if spread > MOST_NORMALISED:
        warn(
            f"Dataset: floats are taken as they are, and these spread by {spread:.3g}, as pixels do: "
            "give pixels as integers, or mean and std to normalise with"
        )


def _warn_of_classes_from_1(labels: I64, classes: int) -> None:
    """Tell if class 0 alone never occurs, unless so few samples may lack it by chance."""
    if len(labels) >= 2 * classes > 4 and absent(labels, classes) == [0]:
        warn(
            f"Dataset: labels are numbered from 1 to {classes - 1}, so that class 0 never occurs: "
            "subtract 1 from them, or let one output go unused"
        )


def _mean_and_std(images: NDArray[np.uint8] | F32) -> tuple[float, float]:
    """Mean and standard deviation over all pixels: exact for bytes, in float64 for floats."""
    blocks = [images[i : i + _ROWS] for i in range(0, len(images), _ROWS)]
    if images.dtype == np.uint8:
        counts = sum(np.bincount(block.ravel(), minlength=256) for block in blocks)
        values = np.arange(256, dtype=np.float64)
        mean = float((counts * values).sum() / images.size)
        return mean, float(np.sqrt((counts * (values - mean) ** 2).sum() / images.size))
    mean = sum(float(block.sum(dtype=np.float64)) for block in blocks) / images.size
    squares = (float(np.square(block - mean, dtype=np.float64).sum()) for block in blocks)
    return mean, float(np.sqrt(sum(squares) / images.size))
