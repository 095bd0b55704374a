"""Folders of pictures: a sub-folder per class goes in, parts come out.

`cats/1.png dogs/1.png`, or the same within `train/`, `test/` and `valid/`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..files import LARGEST
from . import pictures
from .parts import MOST_CLASSES, SETS, Found, Part

Size = tuple[int, int]


class Gatherer:
    """Pictures that become rows of one array, made alike.

    Args:
        count: How many will come.
        size: (height, width) to scale all to; None for that of the first, which all must have.
        invert: Turn black into white.

    Attributes:
        images: (count, height, width), uint8.
        scaled: How many were scaled.
        remarks: What was done.
    """

    def __init__(self, count: int, size: Size | None, invert: bool) -> None:
        self._count, self._size, self._invert = count, size, invert
        self._scale = size is not None
        self._gray = self.scaled = self._n = 0
        self.images: NDArray[np.uint8] = np.empty((0, 0, 0), np.uint8)

    def add(self, name: str, pixels: NDArray[np.uint8], coloured: bool) -> None:
        """Take the next picture."""
        if self._n == self._count:
            raise ValueError(f"{name} is one more than the {self._count} that there should be")
        if self._n == 0:
            self._make_room(pixels.shape)
        self._gray += coloured
        if pixels.shape != self.images.shape[1:]:
            if not self._scale:
                first = "{} x {}".format(*self.images.shape[1:])
                raise ValueError(
                    f"{name}: pictures must be of one size, {first} as the first, got "
                    f"{pixels.shape[0]} x {pixels.shape[1]}; size= scales them"
                )
            self.scaled += 1
            pixels = pictures.resized(pixels, self.images.shape[1:])
        self.images[self._n] = 255 - pixels if self._invert else pixels
        self._n += 1

    def _make_room(self, shape: tuple[int, ...]) -> None:
        height, width = self._size or shape
        if self._count * height * width > LARGEST:
            raise ValueError(
                f"{self._count:,} pictures of {height} x {width} have more than {LARGEST} bytes; "
                "size= scales them"
            )
        self.images = np.empty((self._count, height, width), np.uint8)

    @property
    def remarks(self) -> list[str]:
        """What was done to pictures, in words."""
        done = [(self._gray, "turned gray"), (self.scaled, "scaled")]
        told = [f"{count:,} pictures {what}" for count, what in done if count]
        return told + (["all inverted"] if self._invert else [])


def read_pictures(folder: Path, size: Size | None = None, invert: bool = False) -> Found:
    """Read a folder with a sub-folder of pictures per class, whose names become those of the classes.

    Args:
        folder: The folder.
        size: (height, width) to scale all to; None if all are of one size.
        invert: Turn black into white.

    Raises:
        ValueError: if there are fewer than two classes or very many, or a picture is damaged or of
            another size.
        OSError: if a file cannot be read.
    """
    inner = {SETS[f.name.lower()]: f for f in _folders(folder) if f.name.lower() in SETS}
    whole = "train" not in inner or not _folders(
        inner["train"]
    )  # which may be a class of that name
    roots = {"train": folder} if whole else inner
    others: list[Path] = []
    listed = {name: list(_pictures(root, others)) for name, root in roots.items()}
    classes = {label for some in listed.values() for label, _ in some}
    if len(classes) < 2:
        got = f"1 ({next(iter(classes))!r})" if classes else "none"
        raise ValueError(
            f"a folder of pictures must have a sub-folder per class, at least 2, got {got}"
        )
    gatherer = Gatherer(sum(map(len, listed.values())), size, invert)
    for _, path in (pair for some in listed.values() for pair in some):
        gatherer.add(str(path), *pictures.read(path))
    parts, start = {}, 0
    for name, some in listed.items():
        images = gatherer.images[start : start + len(some)]
        parts[name] = Part(images, np.array([label for label, _ in some]))
        start += len(some)
    remarks = gatherer.remarks
    if others:
        first = others[0].relative_to(folder)
        remarks.append(f"{len(others):,} other files left out, {first} the first")
    return Found(kind="pictures", parts=parts, whole=gatherer.scaled > 0, remarks=remarks)


def _folders(folder: Path) -> list[Path]:
    return sorted(f for f in folder.iterdir() if f.is_dir() and not f.name.startswith("."))


def _pictures(root: Path, others: list[Path]) -> Iterator[tuple[str, Path]]:
    """Yield the class and the path of every picture; other files are added to a list."""
    folders = _folders(root)
    if len(folders) > MOST_CLASSES:
        raise ValueError(
            f"{root} has {len(folders):,} sub-folders, of which each is a class; "
            f"at most {MOST_CLASSES:,} are allowed"
        )
    for folder in folders:
        for path in sorted(folder.iterdir()):
            if path.name.startswith(".") or not path.is_file():
                continue
            if path.suffix.lower() in pictures.SUFFIXES:
                yield folder.name, path
            else:
                others.append(path)
