"""MNIST's relatives: IDX files of each set go in, parts come out, with what is particular to each.

EMNIST (Cohen et al. 2017, "EMNIST: an extension of MNIST to handwritten letters") holds its pictures column
by column, and the characters of its classes in a text beside them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..files import open_regular
from . import idx
from .parts import Found, Part

Array = NDArray[Any]

_ROWS = 4096  # turned at a time: bounds the memory
_MOST_OF_MAPPING = 1 << 16  # bytes of classes and their characters


def read_idx(paths: dict[str, list[Path]]) -> Found:
    """Read the images and the labels of each set.

    Args:
        paths: Two files by the names of the sets.
    """
    parts = {
        name: Part(idx.images(images), idx.labels(labels))
        for name, (images, labels) in paths.items()
    }
    first = paths["train"][0]
    if not first.name.lower().startswith("emnist"):
        return Found(kind="IDX", parts=parts)
    upright = {name: Part(_upright(part.images), part.labels) for name, part in parts.items()}
    remarks = ["pictures set upright, which EMNIST's files hold on their side"]
    characters = _characters(first)
    if characters:
        upright = {
            name: Part(part.images, _named(part.labels, characters))
            for name, part in upright.items()
        }
    return Found(kind="IDX", parts=upright, remarks=remarks)


def _upright(images: Array) -> Array:
    """Return pictures (n, height, width) with rows and columns exchanged; square ones in place."""
    if images.ndim != 3:
        return images
    if images.shape[1] != images.shape[2]:
        return images.transpose(0, 2, 1).copy()
    images.flags.writeable = True  # the reader's, and so ours
    for start in range(0, len(images), _ROWS):
        some = images[start : start + _ROWS]
        some[...] = some.transpose(0, 2, 1).copy()
    return images


def _characters(images: Path) -> dict[int, str]:
    """Return the character of every class, as `emnist-letters-mapping.txt` beside the images tells."""
    before = images.name.lower().partition("-train")[0]
    found = (
        file for file in images.parent.iterdir() if file.name.lower() == f"{before}-mapping.txt"
    )
    file = next(found, None)
    if file is None:
        return {}
    characters = {}
    with open_regular(file) as opened:
        text = opened.read(_MOST_OF_MAPPING).decode("ascii", errors="replace")
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split()
        if not words:
            continue
        if len(words) < 2 or not all(w.isdecimal() for w in words) or int(words[1]) > 0x10FFFF:
            raise ValueError(
                f"{file.name}, line {number} must be a class and its character, got {line!r}"
            )
        characters[int(words[0])] = chr(int(words[1]))
    return characters


def _named(labels: Array, characters: dict[int, str]) -> Array:
    """Return labels as characters."""
    classes, places = np.unique(labels, return_inverse=True)
    unknown = next((c for c in classes.tolist() if c not in characters), None)
    if unknown is not None:
        raise ValueError(f"the mapping of classes to characters lacks class {unknown}")
    return np.array([characters[c] for c in classes.tolist()])[places]
