"""NumPy's files: an npz or npy goes in; the names of its arrays come out, and then each array.

Nothing is unpickled, and no array is read that the file is too small for.
"""

from __future__ import annotations

import lzma
import math
import os
import struct
import sys
import tokenize
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from . import checks
from .files import open_regular, warranted

Array = NDArray[Any]

# What comes of a damaged zip; RuntimeError of an encrypted one, and of unknown ways to pack.
BAD_ZIP = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, ValueError, EOFError, KeyError,
    OverflowError, RuntimeError, OSError,
)  # fmt: skip
_LONGEST_HEADER = 1 << 16  # bytes; NumPy itself takes 10,000
_BAD_HEADER = (*BAD_ZIP, SyntaxError, TypeError, tokenize.TokenError, MemoryError)


class Arrays(NamedTuple):
    """The arrays of a file.

    Attributes:
        names: Of all of them; that of an npy's is its file's.
        read: Returns the one of that name, which is the caller's.
    """

    names: list[str]
    read: Callable[[str], Array]


@contextmanager
def opened(path: str | os.PathLike[str]) -> Iterator[Arrays]:
    """Open an npz or npy file, told by its content.

    Raises:
        ValueError: if it is damaged; as an array is read, if that is, is too large or holds objects.
        OSError: if it cannot be opened.
    """
    with open_regular(path) as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(0)
        start = file.read(len(np.lib.format.MAGIC_PREFIX))
        file.seek(0)
        if start == np.lib.format.MAGIC_PREFIX:
            name = Path(path).name
            yield Arrays([name], lambda _: _array(name, file, size, size))
            return
        try:
            archive = zipfile.ZipFile(file)
        except BAD_ZIP as error:
            raise ValueError(f"the npz is damaged: {checks.shown(error, str)}") from None
        members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}

        def read(name: str) -> Array:
            try:
                member = archive.open(members[name])
            except BAD_ZIP as error:
                raise _damaged(name, error) from None
            with member:
                return _array(name, member, members[name].file_size, warranted(size))

        yield Arrays([*members], read)


def _damaged(name: str, error: Exception) -> ValueError:
    why = checks.shown(error, str) or "it is cut short"
    return ValueError(f"{checks.shown(name)} is damaged: {why}")


def _array(name: str, member: IO[bytes], size: int, most: int) -> Array:
    """Read an npy of `size` bytes, if that is what its header says and no more than allowed."""
    title = checks.shown(name)
    try:
        head = _head(member)
        version = np.lib.format.read_magic(head)
        header = getattr(np.lib.format, f"read_array_header_{'1' if version[0] == 1 else '2'}_0")
        shape, _, dtype = header(head)
        said, held = math.prod(shape) * dtype.itemsize, size - head.tell()
    except _BAD_HEADER as error:
        raise _damaged(name, error) from None
    if dtype.hasobject:
        raise ValueError(
            f"{title} holds Python objects, which can run code; save plain numbers, or text as "
            "np.array(labels, dtype=str)"
        )
    if said != held:
        raise ValueError(f"{title} is damaged: it says {said} bytes, and has {held}")
    if said > most:
        raise ValueError(f"{title} has {said} bytes, more than {most} allowed")
    member.seek(0)
    try:
        array: Array = np.lib.format.read_array(member, allow_pickle=False)
    except BAD_ZIP as error:
        raise _damaged(name, error) from None
    if dtype.kind == "U" and said and _codes(array).max() > sys.maxunicode:
        raise ValueError(f"{title} is damaged: it has characters that there are not")
    return array


def _head(member: IO[bytes]) -> BytesIO:
    """Return the start of an npy up to its numbers: of a file, as much is reserved as is asked for."""
    start = member.read(8)
    length = member.read(2 if start[6:7] == b"\1" else 4)
    return BytesIO(
        start + length + member.read(min(int.from_bytes(length, "little"), _LONGEST_HEADER))
    )


def _codes(text: Array) -> Array:
    """Return the numbers of all characters of a text array, in whatever order of bytes."""
    return np.frombuffer(text.tobytes(), np.dtype(np.uint32).newbyteorder(text.dtype.byteorder))
