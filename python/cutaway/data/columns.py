"""Columns: the first lines of a table go in, and if need be all; which column is what comes out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from .lines import Line, blocks, first_lines, names_of, split
from .parts import MOST_CLASSES

Label = int | str | None

_DELIMITERS = ",;\t|"
_LABELS = ("label", "labels", "class", "target", "y", "category", "digit", "letter", "species")
_NUMBERINGS = ("", "id", "index", "unnamed: 0", "imageid")  # columns that count the rows


class Layout(NamedTuple):
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


def layout_of(path: Path, label: Label) -> Layout:
    """Tell from the first lines, and if need be from all, what the columns of a file are.

    Args:
        path: The file, raw or gzip.
        label: Which column holds the labels, as for read_csv().

    Raises:
        ValueError: if it cannot be told.
    """
    first, second = first_lines(path)
    counts = {d: first.text.count(d) for d in _DELIMITERS}
    best = max(counts, key=lambda d: counts[d])
    delimiter = best if counts[best] else None
    names, data = names_of(first.text, delimiter), split(second.text, delimiter)
    if delimiter == ";" and any(re.fullmatch(r"-?\d+,\d+", field.strip()) for field in data):
        raise ValueError("numbers must have decimal points, these have commas; save it so")
    header = _is_header(names, data)
    names = names if header else [str(c) for c in range(len(names))]
    counting = {c for c, name in enumerate(names) if header and name.lower() in _NUMBERINGS}
    others = [c for c in range(len(names)) if c not in counting]
    layout = Layout(delimiter, names, header, label=0, features=others)
    if len(others) < 2:
        raise ValueError(f"must have a column of labels and others, got {first.text[:60]!r}")
    column = _named(layout, label) if label is not None else _likely(path, layout, data)
    return layout._replace(label=column, features=[c for c in others if c != column])


def is_number(text: str) -> bool:
    """Tell whether a field is a number."""
    try:
        float(text)
    except ValueError:
        return False
    return "_" not in text  # which Python allows, and nobody else


def _is_header(first: list[str], second: list[str]) -> bool:
    """Tell whether the first line names the columns: text over numbers, or numbers that count."""
    if any(not is_number(a) and is_number(b) for a, b in zip(first, second, strict=False)):
        return True
    counted = [float(name) for name in first if is_number(name)]
    return len(counted) > 2 and counted in (
        list(range(len(counted))), list(range(1, len(counted) + 1))
    )  # fmt: skip


def _named(layout: Layout, label: int | str) -> int:
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


def _likely(path: Path, layout: Layout, data: list[str]) -> int:
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
        candidates = [c for c in layout.features if not is_number(data[c])]
    if not candidates:
        ends = _ends(path, layout)
        candidates = [c for c, values in ends.items() if _are_classes(values)]
        if len(candidates) > 1:
            candidates = [c for c in candidates if _are_counted(ends[c])] or candidates
    if len(candidates) == 1:
        return candidates[0]
    if not candidates:
        raise ValueError(
            f"must have a column of labels, and none of {len(lower)} is named so, is text, or holds "
            "classes first or last; label= names one"
        )
    could = ", ".join(repr(layout.names[c]) for c in candidates[:5])
    raise ValueError(f"which column holds the labels? These could: {could}; label= names one")


def _ends(path: Path, layout: Layout) -> dict[int, set[str]]:
    """Return the values of the first and the last column: a few more than there can be classes."""
    ends: dict[int, set[str]] = {layout.features[0]: set(), layout.features[-1]: set()}
    for lines in rows_of(path, layout):
        for line in lines:
            fields = fields_of(line, layout)
            for column, values in ends.items():
                if len(values) <= MOST_CLASSES:
                    values.add(fields[column].strip())
    return ends


def _are_classes(values: set[str]) -> bool:
    numbers = [float(value) for value in values if is_number(value)]
    return 1 < len(values) <= MOST_CLASSES and len(numbers) == len(values) and all(
        number >= 0 and number.is_integer() for number in numbers
    )  # fmt: skip


def _are_counted(values: set[str]) -> bool:
    """Tell whether classes are all there, from 0 or 1: columns of pixels have gaps."""
    numbers = sorted({int(float(value)) for value in values})
    return numbers in (list(range(len(numbers))), list(range(1, len(numbers) + 1)))


# rows


def rows_of(path: Path, layout: Layout) -> Iterator[list[Line]]:
    """Yield the lines of a file without its header."""
    header = layout.header
    for lines in blocks(path):
        some = lines[1:] if header else lines
        header = header and not lines
        if some:
            yield some


def fields_of(line: Line, layout: Layout) -> list[str]:
    """Return the fields of a line, one per column."""
    fields = split(line.text, layout.delimiter)
    if len(fields) != len(layout.names):
        raise ValueError(
            f"line {line.number} must have {len(layout.names)} columns as the first, "
            f"got {len(fields)}"
        )
    return fields
