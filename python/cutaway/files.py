"""Files that are whole or not there: written beside the target, then renamed over it; PNG and JSON, too."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .version import __version__

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from PIL.Image import Image

MARK = f"written by cutaway {__version__}"
MARK_OF_ANY_VERSION = b"written by cutaway "
_EDGE = 1 << 20  # bytes at either end of a file in which the mark stands


def is_ours(path: Path) -> bool:
    """Tell whether cutaway wrote a file: all that it writes carry a mark near one end."""
    with path.open("rb") as file:
        head = file.read(_EDGE)
        file.seek(max(0, path.stat().st_size - _EDGE))
        return MARK_OF_ANY_VERSION in head + file.read()


def may_write(path: Path, force: bool = False) -> None:
    """Check that a file may be written: its folder is there, and it replaces nothing of others.

    Raises:
        FileExistsError: if a file is there that cutaway did not write, and `force` is not set.
        IsADirectoryError, NotADirectoryError, FileNotFoundError, PermissionError: as named.
    """
    folder = path.parent
    if path.is_dir():
        raise IsADirectoryError(f"{path}: is a folder; name a file")
    if not folder.is_dir():
        kind = NotADirectoryError if folder.exists() else FileNotFoundError
        raise kind(f"{path}: {folder} is not a folder")
    if not os.access(folder, os.W_OK):
        raise PermissionError(f"{path}: the folder is not writable")
    if path.is_symlink() and not path.exists():
        raise FileExistsError(f"{path}: is a link to nothing")
    if path.exists() and not force and not is_ours(path):
        raise FileExistsError(f"{path}: was not written by cutaway; --force replaces it")


class Replacement:
    """A file that is written beside its target, and then takes its place or vanishes.

    Args:
        path: The target; never a device or a pipe, which a rename would do away with.

    Attributes:
        partial: Where to write; beside the target, with its suffix.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._target = Path(path)
        if self._target.exists() and not (self._target.is_file() or self._target.is_dir()):
            raise FileExistsError(errno.EEXIST, "Is no regular file", os.fspath(path))  # /dev/null
        self.partial = self._target.with_name(f".{self._target.stem}.partial{self._target.suffix}")
        self.partial.unlink(missing_ok=True)  # of a run that was killed, or a planted link

    def commit(self) -> None:
        """Rename it over the target.

        The data reach the disk before the name does: a crash leaves the old file or the new one.
        """
        with self.partial.open("rb+") as file:
            os.fsync(file.fileno())
        self.partial.replace(self._target)
        folder = os.open(self._target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def discard(self) -> None:
        """Leave nothing beside the target."""
        with suppress(OSError):  # a folder that is missing or broken has been told already
            self.partial.unlink()


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a path beside `path` to write to; it takes the place of `path` if the block succeeds.

    Raises:
        OSError: naming `path`, if the file cannot be written; the old one is untouched then.
    """
    new = None
    try:
        new = Replacement(path)
        yield new.partial
        new.commit()
    except OSError as error:
        if error.errno is None:
            raise
        raise OSError(error.errno, error.strerror, os.fspath(path)) from error
    finally:
        if new is not None:
            new.discard()


def write_json(value: dict[str, Any], path: Path) -> None:
    """Write a JSON file, whole or not at all."""
    with replacing(path) as partial:
        partial.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")


def write_figure(figure: Figure, path: Path, notes: dict[str, str]) -> None:
    """Write a plot as PNG, whole or not at all, with notes in its metadata."""
    with replacing(path) as partial:
        figure.savefig(partial, format="png", metadata=notes)


def write_png(image: Image, path: Path, notes: dict[str, str]) -> None:
    """Write an image as PNG, whole or not at all, with notes in its metadata, and its `.info["dpi"]`."""
    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    for key, value in notes.items():
        info.add_text(key, value)
    with replacing(path) as partial:
        image.save(partial, format="PNG", pnginfo=info, dpi=image.info.get("dpi"))


def write_picture(image: Image, path: Path, notes: dict[str, str]) -> None:
    """Write an image as PNG or, if the path ends in ".pdf", as a page of its size, pixel by pixel.

    An inch has the pixels that its `.info["dpi"]` says, or 144.
    """
    if path.suffix.lower() != ".pdf":
        write_png(image, path, notes)
        return
    import numpy as np
    from matplotlib.figure import Figure

    dpi = image.info.get("dpi", (144, 144))[0]
    page = Figure(figsize=(image.width / dpi, image.height / dpi), dpi=dpi)
    page.figimage(
        np.asarray(image)
    )  # every pixel as it is; Pillow's PDF would be a JPEG, with letters blurred
    about = {"Creator": notes.get("Software", ""), "Subject": notes.get("Description", "")}
    with replacing(path) as partial:
        page.savefig(partial, format="pdf", dpi=dpi, metadata={**about, "CreationDate": None})
        with partial.open("ab") as end:
            end.write(f"% {MARK}\n".encode())  # in plain bytes: a comment
