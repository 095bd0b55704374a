"""Reading: MNIST, or the files that people have, goes in; datasets come out.

`find.py` tells what a path holds, a file per format reads it, and `parts.py` makes the three sets.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import checks
from .dataset import Dataset
from .labels import far_off
from .pixels import bytes_again

if TYPE_CHECKING:
    from .parts import Found, Sets

# Mean and std of the embedded training set, which is the same every time: to find them again takes
# as long as an epoch.
_MNIST_MEAN_AND_STD = (33.39512885204082, 78.6661972212755)
_VALIDATION = 10_000  # the last of the training file


def mnist() -> tuple[Dataset, Dataset, Dataset]:
    """Return MNIST as training (50,000), validation (10,000) and test set (10,000).

    The four files come with the package; nothing is downloaded. Validation is the last sixth of
    the training file, as in the tutorial's `mnist.pkl.gz`.
    """
    from pathlib import Path

    from . import idx

    folder = Path(__file__).parent / "mnist"
    images = idx.images(folder / "train-images-idx3-ubyte.gz")
    labels = idx.labels(folder / "train-labels-idx1-ubyte.gz")
    test = (
        idx.images(folder / "t10k-images-idx3-ubyte.gz"),
        idx.labels(folder / "t10k-labels-idx1-ubyte.gz"),
    )
    cut = len(images) - _VALIDATION
    mean, std = _MNIST_MEAN_AND_STD
    return (
        Dataset(images[:cut], labels[:cut], mean=mean, std=std),
        Dataset(images[cut:], labels[cut:], mean=mean, std=std),
        Dataset(*test, mean=mean, std=std),
    )


def load_data(
    source: str | os.PathLike[str] | Mapping[str, Any],
    *,
    label: int | str | None = None,
    size: tuple[int, int] | None = None,
    invert: bool = False,
    seed: int = 0,
) -> tuple[Dataset, Dataset, Dataset]:
    """Load training, validation and test set from what people hold; told by content, not by name.

    - IDX, as MNIST, Fashion-MNIST, EMNIST and QMNIST have it: a folder with `train-images...`,
      `train-labels...`, `t10k-...` or `test-...`, or one of these files; raw or gzip. EMNIST's
      pictures, which lie on their side in the file, are set upright.
    - CSV: a file, or a folder with one for each set (`train.csv`, `mnist_test.csv`); with a header or
      without, raw or gzip.
    - npz: arrays named `x_train y_train x_test y_test`, `train_images train_labels ...`, `X y`, `data
      target` and the like; or a dictionary of such arrays, as scikit-learn's Bunch is.
    - Parquet as of Hugging Face's `ylecun/mnist`, where PyArrow or Polars is installed.
    - A folder of pictures with a sub-folder per class, by itself or within `train/`, `test/`, `valid/`.
    - A pickle of three pairs of arrays, as load_pickle() reads it.

    What is lacking of the three is drawn from the training set, every class in proportion: a sixth of
    it for each. Whole numbers, and floats that all are k / 255, k / 256 or k, become bytes: pixels.
    Rows of pixels become square pictures where they can. No code in a file can run.

    Args:
        source: A path, or a dictionary of arrays.
        label: Of a CSV file: the column of labels, by its name or its number from 0, -1 for the last;
            needed where it cannot be told.
        size: Of pictures: (height, width) to scale all to.
        invert: Of pictures: turn black into white. MNIST's ink is white on black.
        seed: Of what is drawn.

    Returns:
        Three datasets; all take mean, std and the names of classes from the first.

    Raises:
        ValueError: if it is none of these, is damaged, or it cannot be told what is what; if a label is
            far from all others.
        OSError: if a file is missing or cannot be read.
        ModuleNotFoundError: if what reads parquet is not installed.
    """
    sets = read_sets(source, label=label, size=size, invert=invert, seed=seed)
    return sets.train, sets.valid, sets.test


def read_sets(
    source: str | os.PathLike[str] | Mapping[str, Any],
    *,
    label: int | str | None = None,
    size: tuple[int, int] | None = None,
    invert: bool = False,
    seed: int = 0,
) -> Sets:
    """Return what load_data() does, and a line that tells what was taken."""
    from . import parts

    seed = checks.count("load_data", "seed", seed, least=0)
    if label is not None and not isinstance(label, str):
        label = checks.count("load_data", "label", label, least=-(1 << 62))
    if size is not None:
        size = checks.pair("load_data", "size", size)
    invert = checks.flag("load_data", "invert", invert)
    if isinstance(source, Mapping):
        who = f"load_data: {type(source).__name__}"
    elif isinstance(source, str | os.PathLike):
        source = checks.path("load_data", "source", source)
        who = f"load_data: {os.fspath(source)}"
    else:
        got = type(source).__name__
        raise TypeError(
            f"load_data: source must be a path or a dictionary of arrays, got {got}; "
            "cutaway.Dataset(images, labels) takes arrays"
        )
    try:
        found = _read(source, label, size, invert)
    except (ValueError, TypeError, ModuleNotFoundError) as error:
        raise _as_ours(error)(_told_once(who, source, error)) from None
    except FileNotFoundError as error:
        if error.errno is not None:  # the system's own words, which name the file
            raise
        raise FileNotFoundError(f"{who}: {error}") from None
    return parts.make_sets(who, found, seed)


def _as_ours(error: Exception) -> type[Exception]:
    """Return the plain kind of an error: subclasses such as UnicodeDecodeError take more than words."""
    kinds = (ModuleNotFoundError, TypeError, ValueError)
    return next(kind for kind in kinds if isinstance(error, kind))


def _told_once(who: str, source: object, error: Exception) -> str:
    """Return a sentence that names the path once, or a file within it instead."""
    said = str(error)
    if isinstance(source, str | os.PathLike) and said.startswith(os.fspath(source)):
        return f"load_data: {said}"
    return f"{who}: {said}"


def _read(
    source: str | os.PathLike[str] | Mapping[str, Any],
    label: int | str | None,
    size: tuple[int, int] | None,
    invert: bool,
) -> Found:
    """Let the reader of a kind read."""
    from pathlib import Path

    from . import arrays, find, folders, parquet, pickles, relatives, tables

    if isinstance(source, Mapping):
        kind, paths = "a dictionary", dict[str, list[Path]]()
    else:
        kind, paths = find.find(Path(source))
    if label is not None and kind != "csv":
        raise ValueError(f"label= names a column of a CSV file, this is {kind}")
    if (size or invert) and kind not in ("pictures", "parquet"):
        raise ValueError(f"size= and invert= are for pictures, this is {kind}")
    if isinstance(source, Mapping):
        return arrays.read_mapping(source)
    first = paths["train"][0]
    if kind == "idx":
        return relatives.read_idx(paths)
    if kind == "csv":
        return tables.read_csv({name: file for name, (file,) in paths.items()}, label)
    if kind == "npz":
        return arrays.read_npz(first)
    if kind == "parquet":
        return parquet.read_parquet(paths, size, invert)
    if kind == "pictures":
        return folders.read_pictures(first, size, invert)
    return _pairs("a pickle", pickles.read(first))


def load_idx(images: str | os.PathLike[str], labels: str | os.PathLike[str]) -> Dataset:
    """Load a dataset from two IDX files, raw or gzip (told by content, not by name).

    Args:
        images: Path of a file of numbers with three axes (n, height, width), or two (n, features).
            Floats that all are k / 255, k / 256 or k become bytes.
        labels: Path of a file with one axis (n,); or two, of which the first column is the class.

    Returns:
        The dataset, with its own mean and std.

    Raises:
        ValueError: if a file is damaged, of another kind, the counts disagree, or a label is far from all
            others.
        OSError: if a file cannot be read.
    """
    from . import idx

    paths = [
        checks.path("load_idx", name, value)
        for name, value in (("images", images), ("labels", labels))
    ]
    try:
        pixels, classes = idx.images(paths[0]), idx.labels(paths[1])
    except ValueError as error:
        raise ValueError(f"load_idx: {error}") from None
    if len(pixels) != len(classes):
        raise ValueError(
            f"load_idx: as many labels as images are needed, got {len(pixels)} images in "
            f"{os.fspath(images)} and {len(classes)} labels in {os.fspath(labels)}"
        )
    if (classes >= 0).all() and (far := far_off(classes)):
        raise ValueError(f"load_idx: {os.fspath(labels)}: labels must be classes: {far}")
    return Dataset(bytes_again([pixels])[0], classes)


def load_pickle(path: str | os.PathLike[str]) -> tuple[Dataset, Dataset, Dataset]:
    """Load the tutorial's `mnist.pkl.gz`: ((x, y), (x, y), (x, y)) of arrays. No code can run.

    Args:
        path: The file, raw or gzip. Sets may be lists of samples, too: x of arrays, y of numbers.

    Returns:
        Training, validation and test set; all take mean and std from the training set. Images that
        all are k / 255, k / 256 or k, as the tutorial's, become the bytes k again.

    Raises:
        ValueError: if the file holds anything else than three pairs of arrays, or an array is no
            images or labels.
        OSError: if the file cannot be read.
    """
    from . import parts, pickles

    path = checks.path("load_pickle", "path", path)
    who = f"load_pickle: {path}"
    try:
        pairs = pickles.read(path)
    except ValueError as error:
        raise ValueError(f"load_pickle: {error}") from None
    sets = parts.make_sets(who, _pairs(who, pairs), seed=0)
    return sets.train, sets.valid, sets.test


def _pairs(who: str, sets: Any) -> Found:
    """Return three pairs of arrays, or of lists of samples, as parts."""
    from .parts import NAMES, Found, Part

    if not (isinstance(sets, tuple | list) and len(sets) == 3):
        raise ValueError(f"{who} must hold three pairs of arrays")
    found = {}
    for name, pair in zip(NAMES, sets, strict=True):
        if not (isinstance(pair, tuple | list) and len(pair) == 2):
            raise ValueError(f"{who} must hold three pairs of arrays")
        try:
            found[name] = Part(*(np.array(array) for array in pair))
        except ValueError:  # samples of unequal length
            raise ValueError(f"{who} must hold three pairs of arrays") from None
    return Found(kind="pickle", parts=found)
