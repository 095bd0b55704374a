"""Named arrays: an npz file, or a dictionary such as scikit-learn's Bunch, goes in; parts come out.

Which array is what is told by its name: `x_train y_train x_test y_test`, `train_images train_labels ...`,
`X y`, `data target`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import checks, npz
from .parts import NAMES, SETS, Found, Part

Array = NDArray[Any]

_IMAGES = ("images", "image", "imgs", "img", "x", "data", "features", "samples", "pixels", "digits")
_LABELS = ("labels", "label", "y", "target", "targets", "classes", "class")
_NAMES = ("class_names", "target_names", "label_names", "names")
_LOOKED_FOR = "x_train y_train x_test y_test, train_images train_labels, X y, data target"


def read_npz(path: str | os.PathLike[str]) -> Found:
    """Read an npz file.

    Raises:
        ValueError: if it holds no such arrays, two of a kind, or objects; or is damaged.
        OSError: if it cannot be read.
    """
    with npz.opened(path) as arrays:
        return assign("npz", arrays.names, arrays.read)


def read_mapping(arrays: Mapping[str, Any]) -> Found:
    """Take a dictionary of arrays, such as scikit-learn's Bunch.

    Raises:
        TypeError, ValueError: if it holds no such arrays, or two of a kind.
    """
    names = [name for name in arrays if isinstance(name, str)]
    return assign(
        type(arrays).__name__,
        names,
        lambda name: np.array(checks.array_of("the dictionary", repr(name), arrays[name])),
    )


def assign(kind: str, names: list[str], read: Callable[[str], Array]) -> Found:
    """Tell by their names which arrays are whose images and labels, and read those.

    Args:
        kind: As for Found.
        names: Of all arrays.
        read: Returns one of them, which is the caller's from then on.
    """
    roles: dict[tuple[str, str], list[str]] = {}
    for name in names:
        if role := _role(name):
            roles.setdefault(role, []).append(name)
    train = "train" if ("train", "images") in roles else "whole"  # X y, beside x_test y_test
    parts = {}
    for one in NAMES:
        source = train if one == "train" else one
        if one != "train" and (one, "images") not in roles:
            continue
        images, labels = (
            _only(roles.get((source, what), []), read) for what in ("images", "labels")
        )
        if images is None or labels is None:
            what = "images" if images is None else "labels"
            raise ValueError(
                f"no {one} {what} among {_listed(names)}; looked for are {_LOOKED_FOR}"
            )
        parts[one] = Part(images, labels)
    titles = [read(name) for name in names if name.lower() in _NAMES]
    text = [t.astype(str).tolist() for t in titles if t.dtype.kind in "US" and t.ndim == 1]
    return Found(kind=kind, parts=parts, names=next((t for t in text if len(t) > 1), None))


def _role(name: str) -> tuple[str, str] | None:
    """Return which set an array is of, and whether its images or labels; None for neither."""
    words = [word for word in re.split(r"[^a-z0-9]+", name.lower()) if word]
    one = next((SETS[word] for word in words if word in SETS), None)
    rest = "".join(word for word in words if word not in SETS)
    if one is None:  # written together: xtrain, trainlabels
        ends = [w for w in SETS if len(w) > 2 and (rest.startswith(w) or rest.endswith(w))]
        if ends:
            longest = max(ends, key=len)
            one, rest = SETS[longest], rest.replace(longest, "", 1)
    what = "images" if rest in _IMAGES else "labels" if rest in _LABELS else None
    return (one or "whole", what) if what else None


def _only(names: list[str], read: Callable[[str], Array]) -> Array | None:
    """Return the one array of these names; of two with the same numbers, the one with more axes."""
    found = [read(name) for name in names]
    best = max(found, key=lambda array: array.ndim, default=None)
    for array in found:
        if best is None or array is best:
            continue
        if not np.array_equal(array.ravel(), best.ravel()):
            raise ValueError(f"which to take: {_listed(names)}? All could be; keep one of them")
    return best


def _listed(names: list[str]) -> str:
    shown = ", ".join(repr(name[:40]) for name in names[:8]) or "no arrays"
    return f"{shown} and {len(names) - 8} more" if len(names) > 8 else shown
