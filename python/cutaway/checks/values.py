"""Values: one thing that a user passes in goes in; what is wanted comes out, or a sentence is raised."""

from __future__ import annotations

import math
import operator
import os
import reprlib
from collections.abc import Callable
from numbers import Rational, Real
from typing import TYPE_CHECKING, Any

import numpy as np

from ..memory import free

if TYPE_CHECKING:
    from fractions import Fraction
    from pathlib import Path

LARGEST = int(np.iinfo(np.int64).max)
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
    most = LARGEST if most is None else most
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


def choice(who: str, name: str, value: object, choices: tuple[str, ...]) -> str:
    """Return `value` if it is one of `choices`, else raise ValueError with the list."""
    if not isinstance(value, str) or value not in choices:
        listed = ", ".join(repr(c) for c in choices)
        raise ValueError(f"{who}: {name} must be one of {listed}, got {shown(value)}")
    return value


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
