"""Tables: a CSV file goes in, a row per sample, one column of labels; images and labels come out.

The file is read a block at a time, into bytes, or into float32 where the numbers are no bytes: it is never
held as text. NumPy parses the numbers.
"""

from __future__ import annotations

import csv
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .idx import open_stream
from .parts import MOST_CLASSES, Found, Part

Array = NDArray[Any]
Label = int | str | None

_BLOCK = 1 << 20  # bytes of text at a time
_LONGEST = 1 << 24  # bytes of a line
_DELIMITERS = ",;\t|"
_LOOKED_AT = 4096  # rows at a time
_MOST_WHOLE = 1 << 24  # float32 holds every whole number up to here
_LABELS = ("label", "labels", "class", "target", "y", "category", "digit", "letter", "species")
_NUMBERINGS = ("", "id", "index", "unnamed: 0", "imageid")  # columns that count the rows


class _Line(NamedTuple):
    number: int  # from 1, as editors count
    text: str


class _Layout(NamedTuple):
    """What the lines of a file hold.

    Attributes:
        delimiter: Between columns; None for spaces.
        names: Of the columns: those of the header, or their numbers from 0.
        header: Whether the first line names them.
        label: Which one holds the labels.
        features: Which ones hold the image.
    """

    delimiter: str | None
    names: list[str]
    header: bool
    label: int
    features: list[int]


def read_csv(paths: dict[str, Path], label: Label = None) -> Found:
    """Read a CSV file, raw or gzip, with a header or without; or one for each set.

    A file for a test set without a column of labels, as competitions have it, is left out.

    Args:
        paths: By the names of the sets.
        label: Which column holds the labels: its name, or its number from 0, -1 for the last. If None:
            the one that is named so ("label", "class", "target"...), the only one with text, or the
            first or the last, whichever holds classes.

    Raises:
        ValueError: if it cannot be told which column holds the labels, or a line does not fit; tells
            which.
        OSError: if it cannot be read.
    """
    layout = _layout(paths["train"], label)
    left_out = set(range(len(layout.names))) - {layout.label, *layout.features}
    told = [f"labels are column {layout.names[layout.label]!r}"]
    told += [f"column {layout.names[c]!r} is left out" for c in sorted(left_out)]
    parts = {}
    for name, path in paths.items():
        try:
            if name != "train" and not _has_labels(path, layout):
                told.append(f"{path.name} has no labels and is left out")
                continue
            parts[name] = _part(path, layout)
        except ValueError as error:
            raise ValueError(f"{path.name}: {error}" if len(paths) > 1 else str(error)) from None
    return Found(kind="CSV", parts=parts, remarks=told)


def _has_labels(path: Path, layout: _Layout) -> bool:
    """Tell whether a file has the columns of the training set's, or all but the labels."""
    first = _names(_first_lines(path)[0].text, layout.delimiter)
    expected = layout.names
    without = expected[: layout.label] + expected[layout.label + 1 :]
    if len(first) == len(without) and (not layout.header or first == without):
        return False
    if layout.header and first != expected:
        other = next((a for a, b in zip(first, expected, strict=False) if a != b), "an end")
        raise ValueError(f"columns must be named as in the training set, got {other!r}")
    return True


def _part(path: Path, layout: _Layout) -> Part:
    """Read one file."""
    numbers, labels = _Numbers(len(layout.features)), []
    for lines in _rows(path, layout):
        some = [_fields(line, layout)[layout.label].strip() for line in lines]
        if "" in some:
            raise ValueError(f"line {lines[some.index('')].number} has no label")
        labels += some
        numbers.add(_parse(lines, layout, numbers.dtype))
    return Part(numbers.array(), _plain(labels))


def _plain(labels: list[str]) -> Array:
    """Return labels as numbers if all are, else as text."""
    try:
        return np.array(labels).astype(np.float64)
    except ValueError:
        return np.array(labels)


# lines


def _blocks(path: Path) -> Iterator[list[_Line]]:
    """Yield the lines of a file that are not empty, some at a time."""
    with path.open("rb") as file:
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


def _decoded(lines: list[bytes], number: int) -> list[_Line]:
    result = []
    for i, line in enumerate(lines, number + 1):
        try:
            text = line.decode("utf-8-sig" if i == 1 else "utf-8").strip("\r")
        except UnicodeDecodeError:
            raise ValueError(f"line {i} is no text in UTF-8") from None
        if text.strip():
            result.append(_Line(i, text))
    return result


def _rows(path: Path, layout: _Layout) -> Iterator[list[_Line]]:
    """Yield the lines of a file without its header."""
    header = layout.header
    for lines in _blocks(path):
        some = lines[1:] if header else lines
        header = header and not lines
        if some:
            yield some


def _split(text: str, delimiter: str | None) -> list[str]:
    if delimiter is None:
        return text.split()
    if '"' not in text:
        return text.split(delimiter)
    try:
        return next(csv.reader([text], delimiter=delimiter))
    except csv.Error as error:
        raise ValueError(f"no columns can be told in {text[:40]!r}: {error}") from None


def _names(text: str, delimiter: str | None) -> list[str]:
    """Return the names in a header; `#` before it is np.savetxt's."""
    return [name.strip() for name in _split(text.lstrip("# "), delimiter)]


def _fields(line: _Line, layout: _Layout) -> list[str]:
    fields = _split(line.text, layout.delimiter)
    if len(fields) != len(layout.names):
        raise ValueError(
            f"line {line.number} must have {len(layout.names)} columns as the first, "
            f"got {len(fields)}"
        )
    return fields


# which column is what


def _layout(path: Path, label: Label) -> _Layout:
    """Tell from the first lines, and if need be from all, what the columns of a file are."""
    first, second = _first_lines(path)
    counts = {d: first.text.count(d) for d in _DELIMITERS}
    best = max(counts, key=lambda d: counts[d])
    delimiter = best if counts[best] else None
    names, data = _names(first.text, delimiter), _split(second.text, delimiter)
    header = _is_header(names, data)
    names = names if header else [str(c) for c in range(len(names))]
    layout = _Layout(delimiter, names, header, 0, [])
    counting = {c for c, name in enumerate(names) if header and name.lower() in _NUMBERINGS}
    layout = layout._replace(features=[c for c in range(len(names)) if c not in counting])
    if len(layout.features) < 2:
        raise ValueError(f"must have a column of labels and others, got {first.text[:60]!r}")
    column = _named(layout, label) if label is not None else _likely(path, layout, data)
    return layout._replace(label=column, features=[c for c in layout.features if c != column])


def _first_lines(path: Path) -> list[_Line]:
    lines: list[_Line] = []
    for some in _blocks(path):
        lines += some[: 2 - len(lines)]
        if len(lines) == 2:
            return lines
    raise ValueError(f"must have at least 2 lines, got {len(lines)}")


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return "_" not in text  # which Python allows, and nobody else


def _is_header(first: list[str], second: list[str]) -> bool:
    """Tell whether the first line names the columns: text over numbers, or numbers that count."""
    if any(not _is_number(a) and _is_number(b) for a, b in zip(first, second, strict=False)):
        return True
    counted = [float(name) for name in first if _is_number(name)]
    return len(counted) > 2 and counted in (
        list(range(len(counted))), list(range(1, len(counted) + 1))
    )  # fmt: skip


def _named(layout: _Layout, label: int | str) -> int:
    """Return the column that somebody names, or counts."""
    names, n = layout.names, len(layout.names)
    if isinstance(label, str):
        if layout.header and names.count(label) > 1:
            raise ValueError(f"label must be one column, {names.count(label)} are named {label!r}")
        if layout.header and label in names:
            return names.index(label)
        number = {"first": 0, "last": n - 1}.get(label)
        if number is None and label.removeprefix("-").isdecimal():
            number = int(label)
        if number is None:
            there = (
                f"; there are {', '.join(names[:8])}..." if layout.header else ", without header"
            )
            raise ValueError(f"label must be a column, got {label!r}{there}")
        label = number
    if not -n <= label < n:
        raise ValueError(f"label must be one of {n} columns, counted from 0, got {label}")
    return label % n


def _likely(path: Path, layout: _Layout, data: list[str]) -> int:
    """Return the column that holds the labels by its name, its text, or its place and its values.

    Args:
        path: The file.
        layout: What is known of it; its features are all columns that do not count the rows.
        data: The fields of the second line.
    """
    lower = [name.lower() for name in layout.names]
    named = [lower.index(name) for name in _LABELS if layout.header and name in lower]
    if named:
        return named[0]
    candidates = []
    if len(data) == len(layout.names):
        candidates = [c for c in layout.features if not _is_number(data[c])]
    if not candidates:
        ends = _ends(path, layout)
        candidates = [c for c, values in ends.items() if _are_classes(values)]
        if len(candidates) > 1:
            candidates = [c for c in candidates if _are_counted(ends[c])] or candidates
    if len(candidates) == 1:
        return candidates[0]
    could = ", ".join(repr(layout.names[c]) for c in candidates[:5]) or "none"
    raise ValueError(
        f"which column holds the labels? Columns that could: {could}; name one: label="
    )


def _ends(path: Path, layout: _Layout) -> dict[int, set[str]]:
    """Return the values of the first and the last column: a few more than there can be classes."""
    ends: dict[int, set[str]] = {layout.features[0]: set(), layout.features[-1]: set()}
    for lines in _rows(path, layout):
        for line in lines:
            fields = _fields(line, layout)
            for column, values in ends.items():
                if len(values) <= MOST_CLASSES:
                    values.add(fields[column].strip())
    return ends


def _are_classes(values: set[str]) -> bool:
    numbers = [float(value) for value in values if _is_number(value)]
    return 1 < len(values) <= MOST_CLASSES and len(numbers) == len(values) and all(
        number >= 0 and number.is_integer() for number in numbers
    )  # fmt: skip


def _are_counted(values: set[str]) -> bool:
    """Tell whether classes are all there, from 0 or 1: columns of pixels have gaps."""
    numbers = sorted({int(float(value)) for value in values})
    return numbers in (list(range(len(numbers))), list(range(1, len(numbers) + 1)))


# numbers


class _Numbers:
    """Rows of numbers that grow: bytes as long as all are, float32 from then on.

    Attributes:
        dtype: What they are so far.
    """

    def __init__(self, columns: int) -> None:
        self._columns = columns
        self._data = bytearray()
        self.dtype: np.dtype[Any] = np.dtype(np.uint8)

    def add(self, rows: Array) -> None:
        """Append (n, columns)."""
        if rows.dtype != self.dtype and self.dtype == np.uint8:
            whole = np.frombuffer(self._data, np.uint8)
            self._data = bytearray(4 * len(whole))
            np.frombuffer(self._data, np.float32)[:] = whole
            self.dtype = np.dtype(np.float32)
        with np.errstate(over="ignore"):  # an infinity, which Dataset reports
            self._data += rows.astype(self.dtype, copy=False).data

    def array(self) -> Array:
        """Return all rows, (n, columns): integers if all numbers are whole."""
        rows = np.frombuffer(self._data, self.dtype).reshape(-1, self._columns)
        starts = range(0, len(rows), _LOOKED_AT)
        if rows.dtype == np.uint8 or not all(_whole(rows[i : i + _LOOKED_AT]) for i in starts):
            return rows
        return rows.astype(np.int32)


def _whole(rows: Array) -> bool:
    return bool((np.abs(rows) < _MOST_WHOLE).all() and (rows == np.rint(rows)).all())


def _parse(lines: list[_Line], layout: _Layout, dtype: np.dtype[Any]) -> Array:
    """Return the features of some lines (n, features) as bytes if they are and were, else as floats."""
    texts = [line.text for line in lines]
    types = (np.uint8, np.float64) if dtype == np.uint8 else (np.float64,)
    for kind in types:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")  # a float that is cut to an integer
                rows: Array = np.loadtxt(
                    texts,
                    kind,
                    delimiter=layout.delimiter,
                    comments=None,
                    quotechar='"',
                    usecols=layout.features,
                    ndmin=2,
                )
            return rows
        except (ValueError, DeprecationWarning):
            continue
    for line in lines:
        fields = _fields(line, layout)
        for c in layout.features:
            if not _is_number(fields[c]):
                raise ValueError(
                    f"line {line.number}, column {layout.names[c]!r} must be a number, "
                    f"got {fields[c][:40]!r}"
                )
    raise ValueError(f"lines {lines[0].number} to {lines[-1].number} are no table of numbers")
