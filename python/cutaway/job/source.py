"""Source: where a run's data come from; what its history tells of that, so that they can be read again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..data.dataset import Dataset
from ..data.find import find
from ..data.identity import sha256_of
from ..data.read import mnist, read_sets

Data = tuple[Dataset, Dataset, Dataset]  # training, validation and test set


@dataclass(frozen=True, kw_only=True)
class Source:
    """Data of somebody's own, or the embedded MNIST.

    Attributes:
        path: A file or a folder; None for the embedded MNIST.
        label: As for load_data(), as size and invert.
        size: (height, width).
        invert: Black for white.
    """

    path: Path | None = None
    label: str | None = None
    size: tuple[int, int] | None = None
    invert: bool = False

    def read(self) -> tuple[Data, str]:
        """Return the three sets, and a line that tells what was taken of somebody's own."""
        if self.path is None:
            return mnist(), ""
        train, valid, test, told = read_sets(
            self.path, label=self.label, size=self.size, invert=self.invert
        )
        return (train, valid, test), told

    def at(self, path: Path) -> Source:
        """Return other data, read in the same way as far as their kind knows it."""
        kind, _ = find(path)
        pictures = kind in ("pictures", "parquet")
        return Source(
            path=path, label=self.label if kind == "csv" else None,
            size=self.size if pictures else None, invert=self.invert and pictures,
        )  # fmt: skip

    def about(self, data: Data) -> dict[str, Any]:
        """Return what a history tells of the source, and a hash of what was read from it."""
        if self.path is None:
            return {"name": "mnist"}
        return {
            "path": str(self.path.absolute()),
            "label": self.label,
            "size": self.size,
            "invert": self.invert,
            "sha256": sha256_of(*data),
        }


def source_of(about: Mapping[str, Any]) -> Source:
    """Return where the data of an earlier run came from, by what its history tells."""
    path, size = about.get("path"), about.get("size")
    return Source(
        path=Path(path) if path else None, label=about.get("label"), invert=bool(about.get("invert")),
        size=None if size is None else (int(size[0]), int(size[1])),
    )  # fmt: skip


def read_again(about: Mapping[str, Any]) -> Data:
    """Read the data of an earlier run.

    Args:
        about: What its history tells of them: Source.about().

    Raises:
        ValueError: if they are not the same any more, or the history tells nothing of them.
        OSError: if they are not there any more.
    """
    if about.get("name") == "mnist":
        return mnist()
    if not about.get("path"):
        raise ValueError("the run's history does not tell where its data are: name them (--data)")
    source = source_of(about)
    data, _ = source.read()
    if sha256_of(*data) != about.get("sha256"):
        raise ValueError(f"{source.path}: holds other data than when the run was made")
    return data
