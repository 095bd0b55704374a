"""Parts: what a reader found goes in, arrays and labels; training, validation and test set come out.

What a file lacks of the three is taken from its training set, every class in proportion.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .dataset import Dataset
from .labels import encode, far_off
from .pixels import bytes_again
from .split import moved_to_the_end, stratified

NAMES = ("train", "valid", "test")
SETS = {"train": "train", "training": "train", "tr": "train",
        "valid": "valid", "validation": "valid", "val": "valid", "dev": "valid",
        "test": "test", "testing": "test", "te": "test", "t10k": "test"}  # fmt: skip
MOST_CLASSES = 4096  # more are hardly classes, and every one is an output
_MEASURED = 100  # half of so many different labels are no classes, if most samples have their own
_SMALLEST_SIDE = 4  # of rows of pixels that are taken for square pictures

Array = NDArray[Any]
I64 = NDArray[np.int64]


class Part(NamedTuple):
    """Samples: images (n, features) or (n, height, width), and n labels."""

    images: Array
    labels: Any


@dataclass(kw_only=True)
class Found:
    """What a reader found.

    Attributes:
        kind: What the file is, in a word or two.
        parts: By the names of the sets; at least "train". The arrays are its own.
        names: Of the classes, or None.
        remarks: What was done that people should know.
        whole: The images are picture files that were scaled.
    """

    kind: str
    parts: dict[str, Part]
    names: Sequence[str] | None = None
    remarks: list[str] = field(default_factory=list)
    whole: bool = False


class Sets(NamedTuple):
    """Three datasets, and a line that tells what they were made of."""

    train: Dataset
    valid: Dataset
    test: Dataset
    told: str


def make_sets(who: str, found: Found, seed: int) -> Sets:
    """Return training, validation and test set; all take mean, std and class names from the first.

    Args:
        who: Begins the sentence of an error: what reads, and the file.
        found: What it read; its arrays may be rearranged.
        seed: Of the split.

    Raises:
        ValueError: if parts do not fit each other, or there are too few samples or classes.
    """
    try:
        parts = found.parts
        labels, names = _labels(found)
        images = dict(zip(parts, bytes_again([p.images for p in parts.values()]), strict=True))
        _agree(images)
        missing = [name for name in NAMES if name not in parts]
        if missing:
            _split(images, labels, missing, seed)
        sets: list[Dataset] = []
        for name in NAMES:
            mean, std = (sets[0].mean, sets[0].std) if sets else (None, None)
            pictures = _pictured(images.pop(name))
            sets.append(Dataset(pictures, labels[name], mean=mean, std=std, class_names=names))
            sets[-1].whole = found.whole
    except (TypeError, ValueError) as error:
        raise ValueError(f"{who}: {error}") from None
    train, valid, test = sets
    return Sets(train, valid, test, _told(found, sets, missing))


def _labels(found: Found) -> tuple[dict[str, I64], tuple[str, ...] | None]:
    """Return class numbers for all parts, numbered alike, and the names of the classes."""
    for name, part in found.parts.items():
        for what, array, least in (("images", part.images, 2), ("labels", part.labels, 1)):
            if np.ndim(array) < least:
                raise ValueError(
                    f"{name} {what} must be an array of them, got shape {np.shape(array)}"
                )
        if len(part.labels) != len(part.images):
            raise ValueError(f"{len(part.images)} {name} images, {len(part.labels)} labels")
    together = np.concatenate([np.asarray(part.labels) for part in found.parts.values()])
    numbers, _, names = encode("Dataset", together, len(together), found.names)
    cuts = np.cumsum([len(part.images) for part in found.parts.values()])[:-1]
    parts = dict(zip(found.parts, np.split(numbers, cuts), strict=True))
    for name, some in parts.items():
        if names is None and (far := far_off(some)):
            raise ValueError(f"{name} labels must be classes: {far}")
    classes = int(numbers.max(initial=0)) + 1
    if classes > MOST_CLASSES:
        raise ValueError(f"labels must be of at most {MOST_CLASSES:,} classes, got {classes:,}")
    present = len(np.unique(numbers))
    if 2 * present > max(len(numbers), _MEASURED):
        raise ValueError(
            f"labels must be classes, got {present:,} different ones of {len(numbers):,} samples: "
            "measurements are not learned here"
        )
    if present < 2:
        raise ValueError("labels must be of at least 2 classes, got 1")
    return parts, names


def _agree(images: dict[str, Array]) -> None:
    """Check that the images of all parts are of one shape and kind."""
    train = images["train"]
    for name, others in images.items():
        if others.shape[1:] != train.shape[1:]:
            raise ValueError(
                f"training images have shape {train.shape[1:]}, {name} images {others.shape[1:]}"
            )
        if (others.dtype.kind == "f") != (train.dtype.kind == "f"):
            raise ValueError("images must be integers in all sets or floats in all")


def _split(images: dict[str, Array], labels: dict[str, I64], missing: list[str], seed: int) -> None:
    """Move what validation and test set lack out of the training set."""
    held = stratified(labels["train"], seed, len(missing))
    if min(len(numbers) for numbers in held) == 0:
        raise ValueError(f"too few training images, got {len(labels['train'])}")
    for arrays in (images, labels):
        parts = moved_to_the_end(arrays.pop("train"), held)
        arrays.update(zip(["train", *missing], parts, strict=True))


def _pictured(images: Array) -> Array:
    """Return rows of pixels as square pictures, if they can be."""
    side = math.isqrt(images.shape[1])
    if (
        images.ndim == 2
        and images.dtype.kind != "f"
        and _SMALLEST_SIDE <= side == images.shape[1] / side
    ):
        return images.reshape(-1, side, side)
    return images


def _told(found: Found, sets: list[Dataset], missing: list[str]) -> str:
    """Tell in a line what was taken: how many, which shape, which classes, how it was split."""
    train = sets[0]
    what = f"rows of {train.images.shape[1]} {'pixels' if train.pixels else 'numbers'}"
    if train.shape:
        what = f"images of {train.shape[0]} x {train.shape[1]}"
    names = f" ({train.named(range(train.classes))})" if train.class_names else ""
    counts = ", ".join(
        f"{len(one):,} to {use}"
        for one, use in zip(sets, ("train", "validate", "test"), strict=True)
    )
    line = f"{found.kind}: {sum(map(len, sets)):,} {what}, {train.classes} classes{names}; {counts}"
    if missing:
        drawn = " and ".join({"valid": "validation", "test": "test"}[name] for name in missing)
        line += f" ({drawn} drawn from the training set, every class in proportion)"
    return "; ".join([line, *found.remarks])
