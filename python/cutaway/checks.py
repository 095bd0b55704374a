"""Checks of what users pass in: one clear sentence (who, rule, value) or a clean array."""

from __future__ import annotations

import math
import operator
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

_LARGEST = int(np.iinfo(np.int64).max)
_BYTE = int(np.iinfo(np.uint8).max)


def numbers(who: str, name: str, value: ArrayLike) -> NDArray[Any]:
    """Return `value` as an array of booleans, integers or floats.

    Raises:
        TypeError: for strings, objects, complex numbers and masked arrays, whose meaning a plain
            conversion would lose.
    """
    if isinstance(value, np.ma.MaskedArray):
        raise TypeError(f"{who}: {name} must be a plain array, got a masked one; fill it first")
    try:
        array = np.asarray(value)
    except ValueError:
        raise TypeError(
            f"{who}: {name} must be a rectangular array of numbers, got rows of unequal length"
        ) from None
    if array.dtype.kind not in "biuf" or array.dtype.itemsize > 8:
        raise TypeError(f"{who}: {name} must be real numbers, got {array.dtype}")
    return array


def floats(who: str, name: str, value: ArrayLike) -> NDArray[np.float32]:
    """Return `value` as a contiguous, aligned, native float32 array; a copy only if needed."""
    with np.errstate(over="ignore"):  # what does not fit becomes infinite, which finite() reports
        array = np.ascontiguousarray(numbers(who, name, value), dtype=np.float32)
    return np.require(array, requirements="A")


def pixels(array: NDArray[Any]) -> NDArray[np.uint8] | NDArray[np.float32]:
    """Return booleans or integers as bytes where they fit, otherwise as float32; contiguous."""
    if array.dtype != np.uint8:
        fits = array.size == 0 or (array.min() >= 0 and array.max() <= _BYTE)
        array = array.astype(np.uint8 if fits else np.float32)
    return np.ascontiguousarray(array)


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
    if array.dtype.kind == "u" and array.size and array.max() > _LARGEST:
        raise ValueError(f"{who}: {name} must be at most {_LARGEST}, got {array.max()}")
    return np.require(np.ascontiguousarray(array, dtype=np.int64), requirements="A")


def labels(who: str, value: ArrayLike, rows: int, classes: int | None = None) -> NDArray[np.int64]:
    """Return class numbers (rows,) from class numbers or one-hot rows.

    Raises:
        TypeError: if class numbers are no integers.
        ValueError: if there are not `rows` of them, one is out of range, or a row is not one-hot.
    """
    array = numbers(who, "labels", value)
    if array.ndim == 2:
        if not (((array == 0) | (array == 1)).all() and (array.sum(axis=1) == 1).all()):
            raise ValueError(f"{who}: labels with two axes must be one-hot rows")
        if classes is not None and array.shape[1] != classes:
            raise ValueError(
                f"{who}: one-hot labels must have {classes} columns, got {array.shape[1]}"
            )
        result: NDArray[np.int64] = array.argmax(axis=1).astype(np.int64)
    else:
        result = integers(who, "labels", array)
    if len(result) != rows:
        raise ValueError(f"{who}: {rows} images need as many labels, got {len(result)}")
    if rows:
        lowest, highest = int(result.min()), int(result.max())
        if lowest < 0:
            raise ValueError(f"{who}: labels must be 0 or more, got {lowest}")
        if classes is not None and highest >= classes:
            raise ValueError(f"{who}: labels must be below {classes}, got {highest}")
    return result


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


def count(who: str, name: str, value: object, least: int = 1, most: int | None = None) -> int:
    """Return `value` as an int within bounds.

    Raises:
        TypeError: if it is no integer (a bool is none).
        ValueError: if it is out of bounds.
    """
    try:
        if isinstance(value, bool | np.bool_):
            raise TypeError
        number = operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        raise TypeError(f"{who}: {name} must be an integer, got {value!r}") from None
    most = _LARGEST if most is None else most
    if number < least:
        raise ValueError(f"{who}: {name} must be at least {least}, got {number}")
    if number > most:
        raise ValueError(f"{who}: {name} must be at most {most}, got {number}")
    return number


def real(
    who: str,
    name: str,
    value: object,
    rule: str = "",
    *,
    low: float = -math.inf,
    high: float = math.inf,
    above: bool = False,
    below: bool = False,
) -> float:
    """Return `value` as a finite float in [low, high] (open at an end with `above`, `below`).

    Raises:
        TypeError: if it is no real number.
        ValueError: if it is NaN, infinite or out of bounds; `rule` words the bounds.
    """
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{who}: {name} must be a number, got {value!r}")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    inside = (low < number if above else low <= number) and (
        number < high if below else number <= high
    )
    if not math.isfinite(number):
        raise ValueError(f"{who}: {name} must be finite, got {number:g}")
    if not inside:
        raise ValueError(f"{who}: {name} must be {rule}, got {number:g}")
    return number


def choice(who: str, name: str, value: object, choices: tuple[str, ...]) -> str:
    """Return `value` if it is one of `choices`, else raise ValueError with the list."""
    if not isinstance(value, str) or value not in choices:
        listed = ", ".join(repr(c) for c in choices)
        raise ValueError(f"{who}: {name} must be one of {listed}, got {value!r}")
    return value
