"""Tables: a CSV file goes in, a row per sample, one column of labels; images and labels come out.

The file is read a block at a time, into bytes, or into float32 where the numbers are no bytes: it is never
held as text. NumPy parses the numbers.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .columns import Label, Layout, fields_of, is_number, layout_of, rows_of
from .lines import Line, first_lines, names_of
from .parts import Found, Part

Array = NDArray[Any]

_LOOKED_AT = 4096  # rows at a time
_MOST_WHOLE = 1 << 24  # float32 holds every whole number up to here


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
    layout = layout_of(paths["train"], label)
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


def _has_labels(path: Path, layout: Layout) -> bool:
    """Tell whether a file has the columns of the training set's, or all but the labels."""
    first = names_of(first_lines(path)[0].text, layout.delimiter)
    expected = layout.names
    without = expected[: layout.label] + expected[layout.label + 1 :]
    if len(first) == len(without) and (not layout.header or first == without):
        return False
    if layout.header and first != expected:
        other = next((a for a, b in zip(first, expected, strict=False) if a != b), "an end")
        raise ValueError(f"columns must be named as in the training set, got {other!r}")
    return True


def _part(path: Path, layout: Layout) -> Part:
    """Read one file."""
    numbers, labels = _Numbers(len(layout.features)), []
    for lines in rows_of(path, layout):
        some = [fields_of(line, layout)[layout.label].strip() for line in lines]
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


def _parse(lines: list[Line], layout: Layout, dtype: np.dtype[Any]) -> Array:
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
        fields = fields_of(line, layout)
        for c in layout.features:
            if not is_number(fields[c]):
                raise ValueError(
                    f"line {line.number}, column {layout.names[c]!r} must be a number, "
                    f"got {fields[c][:40]!r}"
                )
    raise ValueError(f"lines {lines[0].number} to {lines[-1].number} are no table of numbers")
