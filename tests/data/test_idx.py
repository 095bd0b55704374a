"""The IDX reader: good files to the byte, bad files by name and reason, memory bounded."""

import gzip
import re
import struct
import tracemalloc

import numpy as np
import pytest

from cutaway.data import idx

PIXELS = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4)


def header(*lengths, kind=8):
    return struct.pack(f">BBBB{len(lengths)}I", 0, 0, kind, len(lengths), *lengths)


IMAGES = header(2, 3, 4) + PIXELS.tobytes()
LABELS = header(3) + bytes([7, 0, 255])


@pytest.fixture
def write(tmp_path):
    def write(content, name="images-file"):
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return write


@pytest.mark.parametrize(
    ("pack", "name"), [(bytes, "train"), (bytes, "train.gz"), (gzip.compress, "train")]
)
def test_gzip_or_raw_is_told_by_content_not_by_name(write, pack, name):
    array = idx.read(write(pack(IMAGES), name), axes=3)
    assert array.dtype == np.uint8
    assert not array.flags.writeable
    np.testing.assert_array_equal(array, PIXELS)


def test_labels_have_one_axis(write):
    np.testing.assert_array_equal(idx.read(write(LABELS), axes=1), [7, 0, 255])


def test_a_gzip_file_of_several_members_is_one_file(write):
    members = [gzip.compress(IMAGES[i : i + 7]) for i in range(0, len(IMAGES), 7)]
    np.testing.assert_array_equal(idx.read(write(b"".join(members)), axes=3), PIXELS)


BAD = {
    "empty": (b"", "not an IDX file: it starts with nothing"),
    "short magic": (b"\0\0\x08", "not an IDX file: it starts with 00 00 08"),
    "a PNG": (b"\x89PNG\r\n", "not an IDX file: it starts with 89 50 4e 47"),
    "floats": (
        header(2, 3, 4, kind=0x0D),
        "IDX data must be unsigned bytes (type 0x08), got type 0x0d",
    ),
    "labels for images": (LABELS, "expected images (3 axes), got labels (1 axis)"),
    "two axes": (header(2, 12) + bytes(24), "expected images (3 axes), got 2 axes"),
    "cut header": (IMAGES[:15], "the header is cut short"),
    "no data": (IMAGES[:16], "the header says 2 items, the file holds 0.0"),
    "cut data": (IMAGES[:-6], "the header says 2 items, the file holds 1.5"),
    "more data": (IMAGES + b"\0", "there are more data than the header's 24 bytes"),
    "too large": (header(1, 1, 2**30 + 1), "the header says 1073741825 bytes of data, more than"),
    "sizes that wrap around": (
        header(2**31, 2**31, 4),
        "the header says 18446744073709551616 bytes of data, more than 1073741824 allowed",
    ),
}


@pytest.mark.parametrize(("content", "message"), BAD.values(), ids=BAD)
def test_a_bad_file_is_refused_with_its_name_and_the_reason(write, content, message):
    for path in (write(content, "raw"), write(gzip.compress(content), "packed")):
        with pytest.raises(ValueError, match=f"^{re.escape(f'{path}: {message}')}"):
            idx.read(path, axes=3)


def test_a_file_may_hold_as_much_as_is_allowed(write, monkeypatch):
    monkeypatch.setattr(idx, "LARGEST", PIXELS.size)
    np.testing.assert_array_equal(idx.read(write(IMAGES), axes=3), PIXELS)
    monkeypatch.setattr(idx, "LARGEST", PIXELS.size - 1)
    with pytest.raises(ValueError, match="says 24 bytes of data, more than 23 allowed"):
        idx.read(write(IMAGES), axes=3)


def test_images_for_labels_is_said(write):
    with pytest.raises(ValueError, match=r"expected labels \(1 axis\), got images \(3 axes\)"):
        idx.read(write(IMAGES), axes=1)


def test_a_truncated_gzip_is_refused_with_the_file_name(write):
    packed = gzip.compress(IMAGES)
    for length in range(2, len(packed)):
        path = write(packed[:length])
        with pytest.raises(ValueError, match="images-file: the gzip data are cut short"):
            idx.read(path, axes=3)


def test_a_flipped_bit_in_a_gzip_never_changes_the_data(write):
    packed = gzip.compress(IMAGES)
    unnoticed = 0
    for bit in range(8 * 10, 8 * len(packed), 3):  # what stands before is time and system, not data
        damaged = bytearray(packed)
        damaged[bit // 8] ^= 1 << bit % 8
        try:
            array = idx.read(write(damaged), axes=3)
        except ValueError as error:
            assert "images-file: " in str(error)  # noqa: PT017
        else:
            np.testing.assert_array_equal(array, PIXELS)
            unnoticed += 1
    assert unnoticed < 4  # the last byte before the checksum is filled up with any bits


@pytest.mark.parametrize("rest", [b"\0", b"garbage", gzip.compress(b"more", mtime=0)])
def test_what_follows_a_gzip_is_refused(write, rest):
    with pytest.raises(ValueError, match=r"images-file: (the gzip data are|there are more data)"):
        idx.read(write(gzip.compress(IMAGES) + rest), axes=3)


def peak_of_refusing(path):
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=re.escape(f"{path}: ")):
            idx.read(path, axes=3)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["raw", "gzip"])
def test_a_header_that_promises_a_gigabyte_takes_none(write, pack):
    assert peak_of_refusing(write(pack(header(1000, 1000, 1000) + b"few bytes"))) < 1e6


def test_a_gzip_bomb_is_not_unpacked(write):
    bomb = gzip.compress(header(1, 10, 10) + bytes(50_000_000), compresslevel=1)
    assert peak_of_refusing(write(bomb)) < 1e6


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="no-such-file"):
        idx.read(tmp_path / "no-such-file", axes=3)
