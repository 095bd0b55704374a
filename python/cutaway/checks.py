"""Checks of what users pass in: one clear sentence (who, rule, value) or a clean array."""

from __future__ import annotations

import math
import operator
import os
import reprlib
from collections.abc import Callable
from numbers import Rational, Real
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .memory import free

if TYPE_CHECKING:
    from fractions import Fraction
    from pathlib import Path

_LARGEST = int(np.iinfo(np.int64).max)
_BYTE = int(np.iinfo(np.uint8).max)
_SMALL = 1 << 24  # bytes that there is room for without looking
_MOST_SHOWN = 100  # characters of a value in a sentence
_SHORT = reprlib.Repr()  # reads no more of a container than it shows
_SHORT.maxstring = _SHORT.maxother = _MOST_SHOWN


def shown(value: object, write: Callable[[Any], str] = _SHORT.repr) -> str:
    """Return a value as it stands in a sentence: on one line, short, printable; never raise."""
    try:
        text = " ".join(write(value).split())
    except Exception:  # of whatever a user put in; of an int with thousands of digits
        text = f"<{type(value).__name__}>"
    text = text if text.isprintable() else ascii(text)[1:-1]
    return text if len(text) <= _MOST_SHOWN else f"{text[: _MOST_SHOWN - 3]}..."


def flag(who: str, name: str, value: object) -> bool:
    """Return True or False; 1 and 0 stand for them.

    Raises:
        TypeError: for anything else, whose truth may not be what was meant ("no" is true).
    """
    if not isinstance(value, bool | np.bool_ | int | np.integer) or value not in (0, 1):
        raise TypeError(f"{who}: {name} must be True or False, got {shown(value)}")
    return bool(value)


def path(who: str, name: str, value: object) -> Path:
    """Return a path.

    Raises:
        TypeError: if it is neither text nor a path object.
        ValueError: if it is empty, or no file can have such a name.
    """
    from pathlib import Path  # which takes as long to import as all of this package

    if not isinstance(value, str | os.PathLike):
        raise TypeError(f"{who}: {name} must be a path, got {shown(value)}")
    text = os.fspath(value)
    if not isinstance(text, str):
        raise TypeError(f"{who}: {name} must be a path of text, got {shown(text)}")
    try:
        possible = b"\0" not in os.fsencode(text) and text != ""
    except UnicodeError:
        possible = False
    if not possible:
        raise ValueError(f"{who}: {name} must be the name of a file, got {shown(text)}")
    return Path(text)


def length(who: str, name: str, value: Any) -> int:
    """Return `len(value)`.

    Raises:
        TypeError: if it has none.
    """
    try:
        return len(value)
    except (TypeError, ValueError, OverflowError):
        raise TypeError(f"{who}: {name} must have a length, got {shown(value)}") from None


def room(who: str, what: str, size: int) -> None:
    """Raise MemoryError, with both numbers, if so many bytes are more than this process may still take.

    A system that promises more than it has would end the process instead.
    """
    if size > _SMALL and size > (there := free()):
        raise MemoryError(f"{who}: {what} need {size / 1e9:.3g} GB, {there / 1e9:.3g} GB are free")


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

    def flat(shape: tuple[int, ...]) -> bool:
        """Tell whether axes are those of one row or picture of so many features."""
        return math.prod(shape) == features and sum(k != 1 for k in shape) <= 2

    if array.ndim > 1 and flat(array.shape[1:]):
        return array.reshape(len(array), features)
    if array.ndim > 0 and flat(array.shape):
        return array.reshape(1, features)
    raise ValueError(f"{who}: x must be (rows, {features}), got shape {array.shape}")


def floats(who: str, name: str, value: ArrayLike) -> NDArray[np.float32]:
    """Return `value` as a contiguous, aligned, native float32 array; a copy only if needed."""
    with np.errstate(over="ignore", invalid="ignore"):  # which finite() reports: infinity, NaN
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
        raise TypeError(f"{who}: {name} must be an integer, got {shown(value)}") from None
    most = _LARGEST if most is None else most
    if number < least:
        raise ValueError(f"{who}: {name} must be at least {least}, got {shown(number)}")
    if number > most:
        raise ValueError(f"{who}: {name} must be at most {most}, got {shown(number)}")
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
        raise TypeError(f"{who}: {name} must be a number, got {shown(value)}")
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


def ratio(
    who: str, name: str, value: object, low: float | Fraction, high: float, finest: int = 1001
) -> Fraction:
    """Return any real number within [low, high] as a fraction whose denominator is at most `finest`.

    Raises:
        TypeError: if it is no real number; a Decimal is one.
        ValueError: if it is NaN, infinite or out of bounds.
    """
    from decimal import Decimal  # neither is wanted where `import cutaway` is all there is
    from fractions import Fraction

    if isinstance(value, bool) or not isinstance(value, Real | Decimal):
        raise TypeError(f"{who}: {name} must be a number, got {shown(value)}")
    exact: Fraction | Decimal | float
    if isinstance(value, Rational):
        exact = Fraction(int(value.numerator), int(value.denominator))  # NumPy's become Python's
    else:
        exact = value if isinstance(value, Decimal) else float(value)
    if not (isinstance(exact, Fraction) or math.isfinite(exact)) or not low <= exact <= high:
        raise ValueError(
            f"{who}: {name} must be from {float(low):g} to {high:g}, got {shown(value, str)}"
        )
    return Fraction(exact).limit_denominator(finest)


def line(who: str, name: str, value: object, most: int) -> str:
    """Return a line of text, of at most so many characters.

    Raises:
        TypeError: if it is no text.
        ValueError: if it is longer, or more than a line.
    """
    if not isinstance(value, str):
        raise TypeError(f"{who}: {name} must be text, got {shown(value)}")
    if not value.isprintable() or len(value) > most:
        rule = f"a line of at most {most} printable characters"
        raise ValueError(f"{who}: {name} must be {rule}, got {shown(value)}")
    return value


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


def choice(who: str, name: str, value: object, choices: tuple[str, ...]) -> str:
    """Return `value` if it is one of `choices`, else raise ValueError with the list."""
    if not isinstance(value, str) or value not in choices:
        listed = ", ".join(repr(c) for c in choices)
        raise ValueError(f"{who}: {name} must be one of {listed}, got {shown(value)}")
    return value
