"""Reading: MNIST, or the files that people have, goes in; datasets come out.

The formats are in `idx.py` and `pickles.py`; here is which arrays make which set.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .dataset import Dataset
from .pixels import bytes_again

if TYPE_CHECKING:
    from pathlib import Path

# Mean and std of the embedded training set, which is the same every time: to find them again takes
# as long as an epoch.
_MNIST_MEAN_AND_STD = (33.39512885204082, 78.6661972212755)
_VALIDATION = 6  # the last sixth of the training file: 10,000 of MNIST's 60,000


def mnist() -> tuple[Dataset, Dataset, Dataset]:
    """Return MNIST as training (50,000), validation (10,000) and test set (10,000).

    The four files come with the package; nothing is downloaded. Validation is the last sixth of
    the training file, as in the tutorial's `mnist.pkl.gz`.
    """
    from pathlib import Path

    return _load(Path(__file__).parent / "mnist", *_MNIST_MEAN_AND_STD)


def load_idx(images: str | os.PathLike[str], labels: str | os.PathLike[str]) -> Dataset:
    """Load a dataset from two IDX files, raw or gzip (told by content, not by name).

    Args:
        images: Path of a file of unsigned bytes with three axes.
        labels: Path of a file of unsigned bytes with one axis.

    Returns:
        The dataset, with its own mean and std.

    Raises:
        ValueError: if a file is damaged, of another kind, or the counts disagree.
        OSError: if a file cannot be read.
    """
    from . import idx

    pixels, classes = idx.read(images, axes=3), idx.read(labels, axes=1)
    if len(pixels) != len(classes):
        raise ValueError(
            f"load_idx: as many labels as images are needed, got {len(pixels)} images in "
            f"{os.fspath(images)} and {len(classes)} labels in {os.fspath(labels)}"
        )
    return Dataset(pixels, classes)


def load_directory(directory: str | os.PathLike[str]) -> tuple[Dataset, Dataset, Dataset]:
    """Load the four files of MNIST, or of a dataset laid out like it, from one directory.

    Args:
        directory: Holds `train-images-idx3-ubyte`, `train-labels-idx1-ubyte` and the same two with
            `t10k`; each may end in `.gz`.

    Returns:
        Training, validation (the last sixth of the training file) and test set; all take mean and
        std from the training set.

    Raises:
        FileNotFoundError: if a file is missing.
        ValueError: if a file is damaged or the files disagree.
    """
    from pathlib import Path

    return _load(Path(directory))


def load_pickle(path: str | os.PathLike[str]) -> tuple[Dataset, Dataset, Dataset]:
    """Load the tutorial's `mnist.pkl.gz`: ((x, y), (x, y), (x, y)) of arrays. No code can run.

    Returns:
        Training, validation and test set; all take mean and std from the training set. Images that
        all are k / 255 or all k / 256, as the tutorial's, become the bytes k again.

    Raises:
        ValueError: if the file holds anything else than three pairs of arrays, or an array is no
            images or labels.
        OSError: if the file cannot be read.
    """
    from . import pickles

    sets = pickles.read(path)
    if not (isinstance(sets, tuple | list) and len(sets) == 3):
        raise ValueError(f"load_pickle: {os.fspath(path)} must hold three pairs of arrays")
    for pair in sets:
        if not (
            isinstance(pair, tuple | list)
            and len(pair) == 2
            and all(isinstance(array, np.ndarray) for array in pair)
        ):
            raise ValueError(f"load_pickle: {os.fspath(path)} must hold three pairs of arrays")
    parts = bytes_again([images for images, _ in sets])
    if len({images.dtype.kind == "f" for images in parts}) > 1:
        raise ValueError(
            f"load_pickle: {os.fspath(path)}: images must be integers in all sets or floats in all"
        )
    result: list[Dataset] = []
    for images, (_, labels) in zip(parts, sets, strict=True):
        mean, std = (result[0].mean, result[0].std) if result else (None, None)
        try:
            result.append(Dataset(images, labels, mean=mean, std=std))
        except (TypeError, ValueError) as error:
            raise ValueError(f"load_pickle: {os.fspath(path)}: {error}") from None
        pixels = [one.images.shape[1] for one in result]
        if pixels[0] != pixels[-1]:
            raise ValueError(
                f"load_pickle: {os.fspath(path)}: training images have {pixels[0]} pixels, "
                f"others {pixels[-1]}"
            )
    return result[0], result[1], result[2]


def _load(
    folder: Path, mean: float | None = None, std: float | None = None
) -> tuple[Dataset, Dataset, Dataset]:
    images, labels = _pair(folder, "train")
    cut = len(images) - len(images) // _VALIDATION
    if cut == len(images):
        raise ValueError(f"load_directory: {folder}: too few training images, got {len(images)}")
    train = Dataset(images[:cut], labels[:cut], mean=mean, std=std)
    valid = Dataset(images[cut:], labels[cut:], mean=train.mean, std=train.std)
    test = Dataset(*_pair(folder, "t10k"), mean=train.mean, std=train.std)
    if test.images.shape[1] != train.images.shape[1]:
        raise ValueError(
            f"load_directory: {folder}: training images have {train.images.shape[1]} pixels, "
            f"test images {test.images.shape[1]}"
        )
    return train, valid, test


def _pair(folder: Path, name: str) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    from . import idx

    paths = []
    for kind in ("images-idx3", "labels-idx1"):
        plain = folder / f"{name}-{kind}-ubyte"
        packed = plain.with_name(plain.name + ".gz")
        found = next((path for path in (plain, packed) if path.is_file()), None)
        if found is None:
            raise FileNotFoundError(f"load_directory: {plain} (or {packed.name}) is missing")
        paths.append(found)
    images, labels = idx.read(paths[0], axes=3), idx.read(paths[1], axes=1)
    if len(images) != len(labels):
        raise ValueError(
            f"load_directory: {folder}: {len(images)} {name} images, {len(labels)} labels"
        )
    return images, labels
