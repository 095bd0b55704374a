"""The IDX format of the MNIST files, raw or gzip: a path goes in, a uint8 array comes out.

Format: http://yann.lecun.com/exdb/mnist/ (two zero bytes, type, number of axes, a big-endian 32-bit
length per axis, then the data). Whatever the bytes, the reader takes no more memory than the header
asks for and the file can fill, and a header may ask for LARGEST.
"""

from __future__ import annotations

import math
import os
import struct
import zlib
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

LARGEST = 1 << 30  # bytes of data that a file may hold
GZIP = b"\x1f\x8b"
_UBYTE = 8
_CHUNK = 1 << 16  # bytes of gzip per read
_BLOCK = 1 << 20  # bytes of data per read
_MOST_RATIO = 1032  # bytes of data in a byte of gzip, at most (zlib's technical details)


def _size(file: BinaryIO) -> int:
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    return size


class _Raw:
    """Reads a plain file, asking for what is left at most: Python reserves what is asked for.

    Attributes:
        most: No more bytes than this can come.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.most = self._left = _size(file)

    def read(self, n: int) -> bytes:
        """Return up to n bytes, fewer only at the end."""
        data = self._file.read(min(n, self._left))
        self._left -= len(data)
        return data


class _Gzip:
    """Reads a gzip file, never holding more than was asked for; every member must be whole.

    Attributes:
        most: No more bytes than this can come.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.most = _MOST_RATIO * _size(file)
        self._member = zlib.decompressobj(wbits=31)
        self._rest = b""

    def read(self, n: int) -> bytes:
        """Return up to n bytes, fewer only at the end of the last member."""
        parts: list[bytes] = []
        while n > 0:
            if not self._rest:
                self._rest = self._file.read(_CHUNK)
            if self._member.eof:  # the next member, or the end of the file
                if not self._rest:
                    break
                self._member = zlib.decompressobj(wbits=31)
            elif not self._rest:
                raise ValueError("the gzip data are cut short")
            try:
                part = self._member.decompress(self._rest, n)
            except zlib.error as error:
                raise ValueError(f"the gzip data are damaged: {error}") from None
            self._rest = self._member.unconsumed_tail or self._member.unused_data
            parts.append(part)
            n -= len(part)
        return b"".join(parts)


def open_stream(file: BinaryIO) -> _Raw | _Gzip:
    """Return a reader for a file opened at its start: gzip or raw, told by content."""
    is_gzip = file.read(2) == GZIP
    file.seek(0)
    return _Gzip(file) if is_gzip else _Raw(file)


def read(path: str | os.PathLike[str], axes: int) -> NDArray[np.uint8]:
    """Read one IDX file of unsigned bytes.

    Args:
        path: The file, raw or gzip.
        axes: How many axes it must have: 3 for images (n, height, width), 1 for labels (n,).

    Returns:
        The array, uint8, read-only.

    Raises:
        ValueError: if the file is not such an IDX file, is cut short or damaged, or is too long.
        OSError: if it cannot be read.
    """
    try:
        with Path(path).open("rb") as file:
            return _parse(open_stream(file), axes)
    except ValueError as error:
        raise ValueError(f"{os.fspath(path)}: {error}") from None


def _parse(stream: _Raw | _Gzip, axes: int) -> NDArray[np.uint8]:
    magic = stream.read(4)
    if len(magic) < 4 or magic[:2] != b"\0\0":
        raise ValueError(f"not an IDX file: it starts with {magic.hex(' ') or 'nothing'}")
    if magic[2] != _UBYTE:
        raise ValueError(f"IDX data must be unsigned bytes (type 0x08), got type {magic[2]:#04x}")
    if magic[3] != axes:
        kinds = {1: "labels (1 axis)", 3: "images (3 axes)"}
        raise ValueError(
            f"expected {kinds.get(axes, f'{axes} axes')}, "
            f"got {kinds.get(magic[3], f'{magic[3]} axes')}"
        )
    lengths = stream.read(4 * axes)
    if len(lengths) < 4 * axes:
        raise ValueError("the header is cut short")
    shape = struct.unpack(f">{axes}I", lengths)
    size = math.prod(shape)  # Python's integers do not overflow
    if size > LARGEST:
        raise ValueError(f"the header says {size} bytes of data, more than {LARGEST} allowed")
    data = np.empty(min(size, stream.most), np.uint8)
    filled = 0
    while filled < size and (part := stream.read(min(_BLOCK, size - filled))):
        data[filled : filled + len(part)] = np.frombuffer(part, np.uint8)
        filled += len(part)
    if filled < size:
        each = math.prod(shape[1:])
        raise ValueError(f"the header says {shape[0]} items, the file holds {filled / each:.1f}")
    if stream.read(1):
        raise ValueError(f"there are more data than the header's {size} bytes")
    data.flags.writeable = False
    return data.reshape(shape)
