"""The IDX format of the MNIST files, raw or gzip: a path goes in, an array comes out.

Format: http://yann.lecun.com/exdb/mnist/ (two zero bytes, type, number of axes, a big-endian 32-bit
length per axis, then the data). Whatever the bytes, the reader takes no more memory than the header
asks for and the file can fill; and a header of gzip data may ask for LARGEST.
"""

from __future__ import annotations

import math
import os
import struct
import zlib
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from ..files import LARGEST, MOST_RATIO, open_regular

GZIP = b"\x1f\x8b"
_TYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_CHUNK = 1 << 16  # bytes of gzip per read
_BLOCK = 1 << 20  # bytes of data per read


def _size(file: BinaryIO) -> int:
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    return size


class _Raw:
    """Reads a plain file, asking for what is left at most: Python reserves what is asked for.

    Attributes:
        most: No more bytes than this can come.
        allowed: No more bytes than this should be asked for: all are on the disk.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.most = self._left = _size(file)
        self.allowed = max(self.most, LARGEST)

    def read(self, n: int) -> bytes:
        """Return up to n bytes, fewer only at the end."""
        data = self._file.read(min(n, self._left))
        self._left -= len(data)
        return data


class _Gzip:
    """Reads a gzip file, never holding more than was asked for; every member must be whole.

    Zeros after the last one are padding, which tapes and some programs leave.

    Attributes:
        most: No more bytes than this can come.
        allowed: No more bytes than this should be asked for: few can stand for many.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.most = MOST_RATIO * _size(file)
        self.allowed = LARGEST
        self._member = zlib.decompressobj(wbits=31)
        self._rest = b""
        self._padded = False

    def read(self, n: int) -> bytes:
        """Return up to n bytes, fewer only at the end of the last member."""
        parts: list[bytes] = []
        while n > 0:
            if not self._rest:
                self._rest = self._file.read(_CHUNK)
            if self._member.eof:  # the next member, padding, or the end of the file
                if not self._rest:
                    break
                if not self._padded and self._rest[0]:
                    self._member = zlib.decompressobj(wbits=31)
                elif self._rest.strip(b"\0"):
                    raise ValueError("the gzip data are damaged: zeros, and then more")
                else:
                    self._padded, self._rest = True, b""
                    continue
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


def is_idx(head: bytes) -> bool:
    """Tell whether a file that starts so is of IDX."""
    return len(head) >= 4 and head[:2] == b"\0\0" and head[2] in _TYPES and 0 < head[3] < 5


def images(path: str | os.PathLike[str]) -> NDArray[Any]:
    """Read a file of images: (n, height, width), or (n, features).

    Returns:
        The array, of the file's type in the machine's order of bytes, read-only.

    Raises:
        ValueError: if the file is not such an IDX file, is cut short or damaged, or is too long.
        OSError: if it cannot be read.
    """
    return _read(path, (3, 2))


def labels(path: str | os.PathLike[str]) -> NDArray[Any]:
    """Read a file of labels (n,); of columns, as QMNIST has them, the first is the class.

    Returns:
        The array, (n,).

    Raises:
        ValueError, OSError: as images().
    """
    array = _read(path, (1, 2))
    return array if array.ndim == 1 else array[:, 0]


def _read(path: str | os.PathLike[str], axes: tuple[int, ...]) -> NDArray[Any]:
    try:
        with open_regular(path) as file:
            return _parse(open_stream(file), axes)
    except ValueError as error:
        raise ValueError(f"{os.fspath(path)}: {error}") from None


def _parse(stream: _Raw | _Gzip, axes: tuple[int, ...]) -> NDArray[Any]:
    magic = stream.read(4)
    if len(magic) < 4 or magic[:2] != b"\0\0":
        raise ValueError(f"not an IDX file: it starts with {magic.hex(' ') or 'nothing'}")
    if magic[2] not in _TYPES:
        raise ValueError(f"IDX data must be of a type from 0x08 to 0x0e, got type {magic[2]:#04x}")
    n = magic[3]
    if n not in axes:
        known = {1: "labels (1 axis)", 3: "images (3 axes)"}
        raise ValueError(f"expected {known[axes[0]]}, got {known.get(n, f'{n} axes')}")
    lengths = stream.read(4 * n)
    if len(lengths) < 4 * n:
        raise ValueError("the header is cut short")
    shape = struct.unpack(f">{n}I", lengths)
    dtype = np.dtype(_TYPES[magic[2]])
    size = dtype.itemsize * math.prod(shape)  # Python's integers do not overflow
    if size > stream.allowed:
        raise ValueError(
            f"the header says {size} bytes of data, more than {stream.allowed} allowed"
        )
    data = np.empty(min(size, stream.most), np.uint8)
    filled = 0
    while filled < size and (part := stream.read(min(_BLOCK, size - filled))):
        data[filled : filled + len(part)] = np.frombuffer(part, np.uint8)
        filled += len(part)
    if filled < size:
        each = size / shape[0]
        raise ValueError(f"the header says {shape[0]} items, the file holds {filled / each:.1f}")
    if stream.read(1):
        raise ValueError(f"there are more data than the header's {size} bytes")
    array = data.view(dtype).reshape(shape)
    if not dtype.isnative:
        array = array.byteswap(inplace=True).view(dtype.newbyteorder())
    array.flags.writeable = False
    return array
