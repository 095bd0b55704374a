"""Control groups: what the system's files say that this process and all in its groups may take together."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple


class Group(NamedTuple):
    """A control group that holds this process, or one above it; a container sees its own as the top.

    Attributes:
        unified: Whether it is of version 2.
        folder: Where its files are.
    """

    unified: bool
    folder: Path

    def numbers(self, name: str) -> list[float]:
        """Return the numbers in one of its files, "max" as infinity; none if they are no numbers."""
        try:
            words = (self.folder / name).read_text().split()
            return [math.inf if word == "max" else float(word) for word in words]
        except (OSError, ValueError):
            return []


def groups(root: str, controller: str) -> Iterator[Group]:
    """Yield the groups of this process that a controller may limit.

    Args:
        root: Where the system's files are.
        controller: "cpu" or "memory".
    """
    top = Path(root)
    try:
        lines = (top / "proc/self/cgroup").read_text().splitlines()
    except (OSError, ValueError):
        return
    base = top / "sys/fs/cgroup"
    for line in lines:
        _, controllers, group = line.split(":", 2)
        if controllers == "":
            yield from _from(True, base, group)
        elif controller in controllers.split(","):
            together = base / controllers
            yield from _from(False, together if together.is_dir() else base / controller, group)


def _from(unified: bool, base: Path, group: str) -> Iterator[Group]:
    folder = base / group.strip("/")
    for place in (folder, *folder.parents):
        if place.is_relative_to(base):
            yield Group(unified, place)
