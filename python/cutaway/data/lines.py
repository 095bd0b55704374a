"""Lines: a text file, raw or gzip, goes in; its lines and their fields come out, a block at a time."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from ..files import open_regular
from .idx import open_stream

_BLOCK = 1 << 20  # bytes of text at a time
_LONGEST = 1 << 24  # bytes of a line
_EMPTY = " \t,;|"  # what a row without anything in it consists of, as spreadsheets leave it


class Line(NamedTuple):
    """A line of text.

    Attributes:
        number: From 1, as editors count.
        text: Without its end.
    """

    number: int
    text: str


def blocks(path: Path) -> Iterator[list[Line]]:
    """Yield the lines of a file that are not empty, or empty cells only, some at a time.

    Raises:
        ValueError: if it is no text in UTF-8, or a line is very long: which.
        OSError: if it cannot be read.
    """
    with open_regular(path) as file:
        stream, rest, number = open_stream(file), b"", 0
        while block := stream.read(_BLOCK):
            *whole, rest = (rest + block).split(b"\n")
            if len(rest) > _LONGEST:
                raise ValueError(f"line {number + len(whole) + 1} has more than {_LONGEST} bytes")
            if whole:
                yield _decoded(whole, number)
            number += len(whole)
        if rest:
            yield _decoded([rest], number)


def _decoded(lines: list[bytes], number: int) -> list[Line]:
    result = []
    for i, line in enumerate(lines, number + 1):
        try:
            text = line.decode("utf-8-sig" if i == 1 else "utf-8").strip("\r")
        except UnicodeDecodeError:
            raise ValueError(f"line {i} is no text in UTF-8; save the file in UTF-8") from None
        told = i == 1 and text.lower().startswith("sep=")  # Excel's, of the delimiter
        if text.strip(_EMPTY) and not told:
            result.append(Line(i, text))
    return result


def first_lines(path: Path) -> list[Line]:
    """Return the first two lines of a file that are not empty."""
    lines: list[Line] = []
    for some in blocks(path):
        lines += some[: 2 - len(lines)]
        if len(lines) == 2:
            return lines
    raise ValueError(f"must have at least 2 lines, got {len(lines)}")


def split(text: str, delimiter: str | None) -> list[str]:
    """Return the fields of a line, which may be quoted; without a delimiter, words."""
    if delimiter is None:
        return text.split()
    if '"' not in text:
        return text.split(delimiter)
    try:
        return next(csv.reader([text], delimiter=delimiter))
    except csv.Error as error:
        raise ValueError(f"no columns can be told in {text[:40]!r}: {error}") from None


def names_of(text: str, delimiter: str | None) -> list[str]:
    """Return the names in a header; `#` before it is np.savetxt's."""
    return [name.strip() for name in split(text.lstrip("# "), delimiter)]
