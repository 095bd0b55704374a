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
    array = idx.images(write(pack(IMAGES), name))
    assert array.dtype == np.uint8
    assert not array.flags.writeable
    np.testing.assert_array_equal(array, PIXELS)


def test_labels_have_one_axis(write):
    np.testing.assert_array_equal(idx.labels(write(LABELS)), [7, 0, 255])


def test_a_gzip_file_of_several_members_is_one_file(write):
    members = [gzip.compress(IMAGES[i : i + 7]) for i in range(0, len(IMAGES), 7)]
    np.testing.assert_array_equal(idx.images(write(b"".join(members))), PIXELS)


BAD = {
    "empty": (b"", "not an IDX file: it starts with nothing"),
    "short magic": (b"\0\0\x08", "not an IDX file: it starts with 00 00 08"),
    "a PNG": (b"\x89PNG\r\n", "not an IDX file: it starts with 89 50 4e 47"),
    "an unknown type": (
        header(2, 3, 4, kind=0x0A),
        "IDX data must be of a type from 0x08 to 0x0e, got type 0x0a",
    ),
    "labels for images": (LABELS, "expected images (3 axes), got labels (1 axis)"),
    "four axes": (header(2, 3, 4, 1) + bytes(24), "expected images (3 axes), got 4 axes"),
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
            idx.images(path)


def test_a_file_may_hold_as_much_as_is_allowed(write, monkeypatch):
    packed = write(gzip.compress(IMAGES))
    monkeypatch.setattr(idx, "LARGEST", PIXELS.size)
    np.testing.assert_array_equal(idx.images(packed), PIXELS)
    monkeypatch.setattr(idx, "LARGEST", PIXELS.size - 1)
    with pytest.raises(ValueError, match="says 24 bytes of data, more than 23 allowed"):
        idx.images(packed)


def test_images_for_labels_is_said(write):
    with pytest.raises(ValueError, match=r"expected labels \(1 axis\), got images \(3 axes\)"):
        idx.labels(write(IMAGES))


def test_a_truncated_gzip_is_refused_with_the_file_name(write):
    packed = gzip.compress(IMAGES)
    for length in range(2, len(packed)):
        path = write(packed[:length])
        with pytest.raises(ValueError, match="images-file: the gzip data are cut short"):
            idx.images(path)


def test_a_flipped_bit_in_a_gzip_never_changes_the_data(write):
    packed = gzip.compress(IMAGES)
    unnoticed = 0
    for bit in range(8 * 10, 8 * len(packed), 3):  # what stands before is time and system, not data
        damaged = bytearray(packed)
        damaged[bit // 8] ^= 1 << bit % 8
        try:
            array = idx.images(write(damaged))
        except ValueError as error:
            assert "images-file: " in str(error)  # noqa: PT017
        else:
            np.testing.assert_array_equal(array, PIXELS)
            unnoticed += 1
    assert unnoticed < 4  # the last byte before the checksum is filled up with any bits


@pytest.mark.parametrize("padding", [1, 512, 100_000])
def test_zeros_after_a_gzip_are_padding(write, padding):
    """As tapes and some programs leave them."""
    packed = gzip.compress(IMAGES) + bytes(padding)
    np.testing.assert_array_equal(idx.images(write(packed)), PIXELS)
    with pytest.raises(ValueError, match="images-file: the gzip data are damaged: zeros, and then"):
        idx.images(write(packed + b"1"))


@pytest.mark.parametrize(
    ("kind", "dtype"),
    [(0x09, "i1"), (0x0B, ">i2"), (0x0C, ">i4"), (0x0D, ">f4"), (0x0E, ">f8")],
)
def test_every_type_of_idx_is_read(write, kind, dtype):
    numbers = (PIXELS.astype(dtype) - 7) / (4 if "f" in dtype else 1)
    array = idx.images(write(header(2, 3, 4, kind=kind) + numbers.astype(dtype).tobytes()))
    np.testing.assert_array_equal(array, numbers)
    assert array.dtype.isnative


def test_rows_of_features_are_images_too(write):
    rows = idx.images(write(header(2, 12) + PIXELS.tobytes()))
    np.testing.assert_array_equal(rows, PIXELS.reshape(2, 12))


def test_of_columns_of_labels_the_first_is_the_class(write):
    """As QMNIST has them, in int32."""
    columns = np.array([[7, 1, 2], [0, 3, 4]], ">i4")
    labels = idx.labels(write(header(2, 3, kind=0x0C) + columns.tobytes()))
    assert labels.tolist() == [7, 0]


def test_a_raw_file_may_hold_as_much_as_the_disk(write, monkeypatch):
    monkeypatch.setattr(idx, "LARGEST", 1)
    np.testing.assert_array_equal(idx.images(write(IMAGES)), PIXELS)


@pytest.mark.parametrize("rest", [b"garbage", gzip.compress(b"more", mtime=0)])
def test_what_follows_a_gzip_is_refused(write, rest):
    with pytest.raises(ValueError, match=r"images-file: (the gzip data are|there are more data)"):
        idx.images(write(gzip.compress(IMAGES) + rest))


def peak_of_refusing(path):
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=re.escape(f"{path}: ")):
            idx.images(path)
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
        idx.images(tmp_path / "no-such-file")
