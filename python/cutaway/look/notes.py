"""Notes: a finished film is told who wrote it and what it shows, by the means of its kind of file.

A path goes in; what other programs read of the frames in it does not change.
"""

from __future__ import annotations

import os
from html import escape
from pathlib import Path
from typing import BinaryIO

from ..files import MARK, MARK_OF_ANY_VERSION

_PIECE = 1 << 20  # bytes that are moved at a time
_XMP = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""'
    ' xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmp="http://ns.adobe.com/xap/1.0/">'
    "<xmp:CreatorTool>{mark}</xmp:CreatorTool>{description}</rdf:Description></rdf:RDF></x:xmpmeta>"
)
_XMP_DESCRIPTION = (
    '<dc:description><rdf:Alt><rdf:li xml:lang="x-default">'
    "{text}</rdf:li></rdf:Alt></dc:description>"
)


def add_notes(path: Path, description: str, size: tuple[int, int]) -> None:
    """Add our mark to a whole film, and its description.

    Args:
        path: Of the film, whose suffix tells its kind.
        description: A line of text; "" for none.
        size: Width and height of a frame, in pixels.

    Raises:
        OSError: if it cannot be written, or has no end.
    """
    with path.open("rb+") as file:
        match path.suffix.lower():
            case ".gif":
                _to_gif(file, description)
            case ".apng":
                _to_png(file, description)
            case ".webp":
                _to_webp(file, description, size)
            case _:
                _to_mp4(file)


def _to_mp4(file: BinaryIO) -> None:
    """Add a box of type "free", which players skip; the encoder has added the description."""
    file.seek(0, os.SEEK_END)
    file.write((8 + len(MARK_OF_ANY_VERSION)).to_bytes(4, "big") + b"free" + MARK_OF_ANY_VERSION)


def _to_gif(file: BinaryIO, description: str) -> None:
    """Add comments before the first frame; after the last, FFmpeg takes them for one more."""
    _seek_end(file, b";")
    file.seek(0)
    loop = b"NETSCAPE2.0\3\1\0\0\0"  # "for ever", which has to stand right behind the header
    _insert(file, file.read(_PIECE).index(loop) + len(loop), _comment(MARK) + _comment(description))


def _comment(text: str) -> bytes:
    """Return a comment of a GIF: blocks of up to 255 bytes, each behind its length."""
    data = text.encode()
    blocks = (data[i : i + 255] for i in range(0, len(data), 255))
    return b"!\xfe%b\0" % b"".join(bytes([len(b)]) + b for b in blocks) if text else b""


def _to_png(file: BinaryIO, description: str) -> None:
    """Add text before the chunk that ends the file."""
    from PIL.PngImagePlugin import PngInfo, putchunk

    notes = PngInfo()
    if description:
        notes.add_text("Description", description)
    notes.add_text("Software", MARK)
    end = b"\0\0\0\0IEND\xaeB`\x82"
    _seek_end(file, end)
    for name, data, *_ in notes.chunks:
        putchunk(file, name, data)
    file.write(end)


def _to_webp(file: BinaryIO, description: str, size: tuple[int, int]) -> None:
    """Add XMP at the end, which the chunk VP8X tells of; a single frame does without that so far."""
    described = _XMP_DESCRIPTION.format(text=escape(description)) if description else ""
    xmp = _XMP.format(mark=MARK, description=described).encode()
    has_xmp = 4
    head = file.read(21)
    if head[12:16] == b"VP8X":
        file.seek(20)
        file.write(bytes([head[20] | has_xmp]))
    else:
        sides = b"".join((side - 1).to_bytes(3, "little") for side in size)
        _insert(file, 12, b"VP8X\x0a\0\0\0" + bytes([has_xmp, 0, 0, 0]) + sides)
    file.seek(0, os.SEEK_END)
    file.write(b"XMP " + len(xmp).to_bytes(4, "little") + xmp + bytes(len(xmp) % 2))
    length = file.tell() - 8
    file.seek(4)
    file.write(length.to_bytes(4, "little"))


def _seek_end(file: BinaryIO, end: bytes) -> None:
    """Go to where the end stands, and check that it does."""
    file.seek(-len(end), os.SEEK_END)
    if file.read() != end:
        raise OSError("its end is missing")
    file.seek(-len(end), os.SEEK_END)


def _insert(file: BinaryIO, at: int, data: bytes) -> None:
    """Write data between two bytes of a file; what follows moves first, piece by piece."""
    end = file.seek(0, os.SEEK_END)
    while end > at:
        begin = max(at, end - _PIECE)
        file.seek(begin)
        piece = file.read(end - begin)
        file.seek(begin + len(data))
        file.write(piece)
        end = begin
    file.seek(at)
    file.write(data)
