"""Arrays: what a user takes for one goes in; a clean array comes out, or a sentence is raised."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .values import LARGEST, count, shown

_BYTE = int(np.iinfo(np.uint8).max)


def array_of(who: str, name: str, value: object) -> NDArray[Any]:
    """Return `value` as an array of whatever NumPy makes of it.

    Raises:
        TypeError: if NumPy cannot read it: ragged lists, a tensor on a GPU or with gradients.
    """
    if isinstance(value, np.ma.MaskedArray):
        raise TypeError(f"{who}: {name} must be a plain array, got a masked one; fill it first")
    try:
        return np.asarray(value)
    except ValueError:
        raise TypeError(
            f"{who}: {name} must be a rectangular array of numbers, got rows of unequal length"
        ) from None
    except MemoryError:
        raise
    except Exception as error:  # whatever another library's object raises
        why = shown(str(error).partition("\n")[0] or type(error).__name__, str)
        raise TypeError(
            f"{who}: {name} must be numbers that NumPy can read, got {type(value).__name__}: {why}"
        ) from None


def numbers(who: str, name: str, value: ArrayLike) -> NDArray[Any]:
    """Return `value` as an array of booleans, integers or floats.

    Raises:
        TypeError: for strings, objects, complex numbers and masked arrays, whose meaning a plain
            conversion would lose.
    """
    array = array_of(who, name, value)
    if array.dtype.kind not in "biuf" or array.dtype.itemsize > 8:
        got = shown(array.dtype, str)
        if array.dtype == object and array.ndim == 0:
            got = type(value).__name__
            got += "; pass x.toarray()" if hasattr(value, "toarray") else ""
        raise TypeError(f"{who}: {name} must be real numbers, got {got}")
    return array


def floats(who: str, name: str, value: ArrayLike) -> NDArray[np.float32]:
    """Return `value` as a contiguous, aligned, native float32 array; a copy only if needed."""
    with np.errstate(over="ignore", invalid="ignore"):  # which finite() reports: infinity, NaN
        array = np.ascontiguousarray(numbers(who, name, value), dtype=np.float32)
    return np.require(array, requirements="A")


def finite(who: str, name: str, array: NDArray[Any]) -> None:
    """Raise ValueError with its place if an array has a NaN or an infinite number."""
    if array.dtype.kind != "f":
        return
    with np.errstate(all="ignore"):
        if np.isfinite(array.sum()):  # one fast pass: a bad number makes the whole sum bad
            return
    bad = np.argwhere(~np.isfinite(array))
    if len(bad):
        place = tuple(int(i) for i in bad[0])
        raise ValueError(f"{who}: {name} must be finite, got {array[place]} at {list(place)}")


def integers(who: str, name: str, value: ArrayLike) -> NDArray[np.int64]:
    """Return `value` as a contiguous int64 array with one axis.

    Raises:
        TypeError: if the values are no integers.
        ValueError: if there is more than one axis, or a value does not fit.
    """
    array = numbers(who, name, value)
    if array.dtype.kind not in "biu" and array.size:
        raise TypeError(f"{who}: {name} must be integers, got {array.dtype}")
    if array.ndim != 1:
        raise ValueError(f"{who}: {name} must have one axis, got shape {array.shape}")
    if array.dtype.kind == "u" and array.size and array.max() > LARGEST:
        raise ValueError(f"{who}: {name} must be at most {LARGEST}, got {array.max()}")
    return np.require(np.ascontiguousarray(array, dtype=np.int64), requirements="A")


def pixels(array: NDArray[Any]) -> NDArray[np.uint8] | NDArray[np.float32]:
    """Return booleans or integers as bytes where they fit, otherwise as float32; contiguous."""
    if array.dtype != np.uint8:
        fits = array.size == 0 or (array.min() >= 0 and array.max() <= _BYTE)
        array = array.astype(np.uint8 if fits else np.float32)
    return np.ascontiguousarray(array)


def images(who: str, name: str, array: NDArray[Any]) -> NDArray[Any]:
    """Return (n, features) or (n, height, width) from such, or from pictures with axes of length 1.

    Raises:
        ValueError: for other shapes: pictures of several channels among them.
    """
    shape = array.shape
    if array.ndim > 3:  # (n, 1, height, width), (n, height, width, 1)
        array = array.reshape(shape[0], *([k for k in shape[1:] if k != 1] or [1]))
    if array.ndim not in (2, 3):
        raise ValueError(
            f"{who}: {name} must be (n, features) or (n, height, width), got shape {shape}"
            f"{_of_colours(shape)}"
        )
    return array


def _of_colours(shape: tuple[int, ...]) -> str:
    """Tell how pictures of three or four channels become gray."""
    axis = next((a for a in (3, 1) if len(shape) == 4 and shape[a] in (3, 4)), None)
    return "" if axis is None else f"; of colours, images.mean(axis={axis}) makes gray"


def rows(who: str, array: NDArray[Any], features: int) -> NDArray[Any]:
    """Return rows (n, features) from such, from pictures, or from a single one of either.

    Raises:
        ValueError: for other shapes.
    """
    if array.ndim == 2 and array.shape[1] == features:  # nearly always, and often one row
        return array

    def flat(shape: tuple[int, ...]) -> bool:
        """Tell whether axes are those of one row or picture of so many features."""
        return math.prod(shape) == features and sum(k != 1 for k in shape) <= 2

    if array.ndim > 1 and flat(array.shape[1:]):
        return array.reshape(len(array), features)
    if array.ndim > 0 and flat(array.shape):
        return array.reshape(1, features)
    raise ValueError(f"{who}: x must be (rows, {features}), got shape {array.shape}")


def labels(who: str, value: ArrayLike, rows: int, classes: int | None = None) -> NDArray[np.int64]:
    """Return class numbers (rows,) from class numbers, in a row or a column, or from one-hot rows.

    They are a copy, made before they are checked: another thread may write to what was given, and a core
    would follow a label to wherever it leads.

    Raises:
        TypeError: if they are no numbers.
        ValueError: if there are not `rows` of them, one is out of range or no whole number, or a row
            is not one-hot.
    """
    array = np.array(numbers(who, "labels", value))
    if array.ndim == 0 and rows == 1:
        array = array.reshape(1)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim == 2:
        if not (((array == 0) | (array == 1)).all() and (array.sum(axis=1) == 1).all()):
            raise ValueError(f"{who}: labels with two axes must be one-hot rows")
        if classes is not None and array.shape[1] != classes:
            raise ValueError(
                f"{who}: one-hot labels must have {classes} columns, got {array.shape[1]}"
            )
        result: NDArray[np.int64] = array.argmax(axis=1).astype(np.int64)
    else:
        result = integers(who, "labels", _whole(who, array))
    if len(result) != rows:
        raise ValueError(f"{who}: {rows} images need as many labels, got {len(result)}")
    if rows:
        lowest, highest = int(result.min()), int(result.max())
        if lowest < 0:
            raise ValueError(f"{who}: labels must be 0 or more, got {lowest}")
        if classes is not None and highest >= classes:
            two = "; two classes need two outputs" if classes == 1 else ""
            raise ValueError(f"{who}: labels must be below {classes}, got {highest}{two}")
    return result


def _whole(who: str, array: NDArray[Any]) -> NDArray[Any]:
    """Return labels that are floats as integers: CSV files and float tables have them so."""
    if array.dtype.kind != "f":
        return array
    with np.errstate(invalid="ignore"):
        whole = array.astype(np.int64)
    bad = array[~(whole == array)]  # NaN, too
    if len(bad):
        raise ValueError(f"{who}: labels must be whole numbers, got {bad.flat[0]:g}")
    return whole


def texts(who: str, name: str, value: object) -> tuple[str, ...]:
    """Return a list of texts.

    Raises:
        TypeError: if it is none.
    """
    array = array_of(who, name, value)
    if array.ndim != 1 or not all(isinstance(text, str) for text in array.tolist()):
        raise TypeError(f"{who}: {name} must be a list of texts, got {shown(value)}")
    return tuple(str(text) for text in array.tolist())


def pair(who: str, name: str, value: object) -> tuple[int, int]:
    """Return (height, width), of two integers of at least 1.

    Raises:
        TypeError: if one is no integer.
        ValueError: if there are not two, or one is below 1.
    """
    height, width = _sides(who, name, value, (2,), "(height, width)")
    return height, width


def image_shape(who: str, name: str, value: object) -> tuple[int, ...]:
    """Return (height, width), or (height, width, 3) of colours; errors as of pair()."""
    rule = "(height, width) or (height, width, 3)"
    sides = _sides(who, name, value, (2, 3), rule)
    if len(sides) == 3 and sides[2] != 3:
        raise ValueError(f"{who}: {name} must be {rule}, got {sides}")
    return sides


def _sides(
    who: str, name: str, value: object, lengths: tuple[int, ...], rule: str
) -> tuple[int, ...]:
    listed = isinstance(value, tuple | list | range) or (
        isinstance(value, np.ndarray) and value.ndim == 1
    )
    sides = list(value) if listed else []  # type: ignore[call-overload]
    if len(sides) not in lengths:
        raise ValueError(f"{who}: {name} must be {rule}, got {shown(value)}")
    return tuple(count(who, f"{name}[{i}]", side) for i, side in enumerate(sides))
