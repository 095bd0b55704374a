"""Parquet: files like Hugging Face's `ylecun/mnist` go in, encoded pictures and labels; parts come out.

PyArrow or Polars reads them, whichever is installed; neither comes with cutaway.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from .. import checks
from . import pictures
from .folders import Gatherer, Size
from .parts import Found, Part

_ROWS = 256  # at a time
_IMAGES = ("image", "img")
_LABELS = ("label", "labels", "fine_label", "class", "target")


class _Table(NamedTuple):
    """A file of which nothing is read yet but what it holds.

    Attributes:
        rows: How many.
        pairs: The pictures, encoded, and the labels, one after another.
        names: Of the classes, if the file knows them.
    """

    rows: int
    pairs: Iterator[tuple[Any, Any]]
    names: list[str] | None


def read_parquet(
    paths: dict[str, list[Path]], size: Size | None = None, invert: bool = False
) -> Found:
    """Read the files of each set, one after another.

    Args:
        paths: By the names of the sets.
        size: As for read_pictures().
        invert: Likewise.

    Raises:
        ModuleNotFoundError: if neither PyArrow nor Polars is installed.
        ValueError: if a file has no such columns, or a picture is damaged or of another size.
        OSError: if a file cannot be read.
    """
    table_of = _reader()
    try:
        return _found(table_of, paths, size, invert)
    except BaseException as error:
        if _is_of_library(error):
            raise ValueError(f"the parquet file is damaged: {checks.shown(error, str)}") from None
        raise


def _is_of_library(error: BaseException) -> bool:
    """Tell whether PyArrow or Polars raised this of a damaged file.

    They raise their own kinds; PyArrow an OSError without a number; Polars panics, which are no Exception.
    """
    home = type(error).__module__.partition(".")[0]
    plain = isinstance(error, OSError) and error.errno is None
    return plain or home in ("pyarrow", "polars", "pyo3_runtime")


def _found(
    table_of: Callable[[Path], _Table],
    paths: dict[str, list[Path]],
    size: Size | None,
    invert: bool,
) -> Found:
    """Read the files of each set by a library."""
    tables = {name: [table_of(path) for path in some] for name, some in paths.items()}
    gatherer = Gatherer(sum(table.rows for some in tables.values() for table in some), size, invert)
    labels = {
        name: [_gathered(gatherer, name, *pair) for table in some for pair in table.pairs]
        for name, some in tables.items()
    }
    cuts = np.cumsum([len(some) for some in labels.values()])[:-1]
    images = np.split(gatherer.images, cuts)
    parts = {n: Part(i, np.array(labels[n])) for n, i in zip(labels, images, strict=True)}
    names = tables["train"][0].names
    return Found(
        kind="parquet",
        parts=parts,
        names=names,
        remarks=gatherer.remarks,
        whole=gatherer.scaled > 0,
    )


def _gathered(gatherer: Gatherer, name: str, picture: Any, label: Any) -> Any:
    """Take in a picture, and return its label."""
    data = picture.get("bytes") if isinstance(picture, dict) else picture
    if not isinstance(data, bytes):
        raise ValueError("the images must be encoded pictures, as in Hugging Face's `ylecun/mnist`")
    if label is None:
        raise ValueError(f"a {name} image has no label")
    gatherer.add(f"a {name} image", *pictures.decode(f"a {name} image", BytesIO(data)))
    return label


def _reader() -> Callable[[Path], _Table]:
    """Return what reads by the library that is installed."""
    if find_spec("pyarrow"):
        return _of_pyarrow
    if find_spec("polars"):
        return _of_polars
    raise ModuleNotFoundError(
        "parquet files are read by PyArrow or Polars, and neither is installed: pip install pyarrow"
    )


def _columns(names: list[str]) -> list[str]:
    """Return the columns of the images and of the labels."""
    found = [next((n for n in wanted if n in names), None) for wanted in (_IMAGES, _LABELS)]
    if None in found:
        raise ValueError(f"must have columns 'image' and 'label', got {', '.join(names[:8])}")
    return [str(name) for name in found]


def _of_pyarrow(path: Path) -> _Table:
    from pyarrow import parquet

    file = parquet.ParquetFile(path)
    image, label = _columns(file.schema_arrow.names)
    batches = file.iter_batches(_ROWS, columns=[image, label])
    pairs = ((row[image], row[label]) for batch in batches for row in batch.to_pylist())
    about = (file.schema_arrow.metadata or {}).get(b"huggingface")
    return _Table(file.metadata.num_rows, pairs, _class_names(about, label))


def _of_polars(path: Path) -> _Table:
    import polars

    columns = _columns(list(polars.read_parquet_schema(path)))
    table = polars.read_parquet(path, columns=columns)
    return _Table(len(table), table.select(columns).iter_rows(), None)


def _class_names(about: bytes | None, label: str) -> list[str] | None:
    """Return the names of the classes that Hugging Face's metadata tell."""
    try:
        names = json.loads(about or b"{}")["info"]["features"][label]["names"]
    except (ValueError, KeyError, TypeError):
        return None
    return [str(name) for name in names] if isinstance(names, list) else None
