"""MNIST's relatives: QMNIST's columns of labels, EMNIST's pictures on their side and its characters."""

import gzip
import re
import struct

import numpy as np
import pytest

from cutaway import load_data

RNG = np.random.default_rng(0)
TRAIN = RNG.integers(0, 256, (36, 6, 6), np.uint8)
TEST = RNG.integers(0, 256, (8, 6, 6), np.uint8)
TRAIN_LABELS, TEST_LABELS = np.arange(36) % 4, np.arange(8) % 4


def idx(array, kind=8):
    lengths = struct.pack(f">{array.ndim}I", *array.shape)
    return (
        bytes([0, 0, kind, array.ndim])
        + lengths
        + array.astype({8: "u1", 12: ">i4"}[kind]).tobytes()
    )


def write(folder, before, images, labels, **options):
    for name, some, classes in zip(("train", "test"), images, labels, strict=True):
        (folder / f"{before}{name}-images-idx3-ubyte.gz").write_bytes(gzip.compress(idx(some)))
        packed = gzip.compress(idx(classes, **options))
        (folder / f"{before}{name}-labels-idx1-ubyte.gz").write_bytes(packed)


def emnist(folder, images=(TRAIN, TEST), first=0):
    lying = [some.transpose(0, 2, 1) for some in images]
    write(folder, "emnist-letters-", lying, [TRAIN_LABELS + first, TEST_LABELS + first])
    return folder


def all_of(sets):
    return {row.tobytes() for one in sets for row in one.images}


def test_qmnist_holds_the_class_in_the_first_of_its_columns(tmp_path):
    others = [np.c_[some, np.full((len(some), 7), 99)] for some in (TRAIN_LABELS, TEST_LABELS)]
    write(tmp_path, "qmnist-", (TRAIN, TEST), others, kind=12)
    _, _, test = load_data(tmp_path)
    np.testing.assert_array_equal(test.labels, TEST_LABELS)
    np.testing.assert_array_equal(test.images, TEST.reshape(8, 36))


@pytest.mark.parametrize("height", [6, 9])
def test_emnist_is_set_upright(tmp_path, height):
    images = [RNG.integers(0, 256, (n, height, 6), np.uint8) for n in (36, 8)]
    train, valid, test = load_data(emnist(tmp_path, images))
    assert train.shape == (height, 6)
    np.testing.assert_array_equal(test.images, images[1].reshape(8, -1))
    assert all_of((train, valid)) == {some.tobytes() for some in images[0]}


def test_emnist_is_named_by_its_mapping(tmp_path):
    lines = "".join(f"{i} {64 + i} {96 + i}\n" for i in range(1, 27))
    (emnist(tmp_path, first=1) / "emnist-letters-mapping.txt").write_text(lines + "\n")
    train, _, test = load_data(tmp_path)
    assert train.class_names == ("A", "B", "C", "D")
    np.testing.assert_array_equal(test.labels, TEST_LABELS)


@pytest.mark.parametrize(
    ("mapping", "message"),
    [
        ("0 65\nB 66\n", "mapping.txt, line 2 must be a class and its character, got 'B 66'"),
        ("0\n", "emnist-letters-mapping.txt, line 1 must be a class and its character, got '0'"),
        ("0 99999999\n", "emnist-letters-mapping.txt, line 1 must be a class and its character"),
        ("0 65\n1 66\n", "the mapping of classes to characters lacks class 2"),
        ("999999999999 65\n", "the mapping of classes to characters lacks class 0"),
    ],
)  # fmt: skip
def test_a_mapping_that_does_not_fit_is_refused(tmp_path, mapping, message):
    (emnist(tmp_path) / "emnist-letters-mapping.txt").write_text(mapping)
    with pytest.raises(ValueError, match=re.escape(message)):
        load_data(tmp_path)


def test_a_mapping_of_large_numbers_takes_no_memory(tmp_path):
    lines = "0 65\n1 66\n2 67\n3 68\n1000000000000 69\n"
    (emnist(tmp_path) / "emnist-letters-mapping.txt").write_text(lines)
    assert load_data(tmp_path)[0].class_names == ("A", "B", "C", "D")
