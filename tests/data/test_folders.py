"""Folders of pictures: a sub-folder per class, by itself or within train/ and test/."""

import os
import re
import struct
import tracemalloc
import zlib

import numpy as np
import pytest
from PIL import Image

from cutaway import load_data
from cutaway.data.find import find
from cutaway.data.folders import read_pictures
from cutaway.data.read import read_sets

RNG = np.random.default_rng(0)
PICTURES = RNG.integers(0, 256, (36, 7, 5), np.uint8)
KINDS = ["cat", "dog", "old eel"]


def write(folder, images=PICTURES, kinds=KINDS, suffix="png"):
    for i, image in enumerate(images):
        path = folder / kinds[i % len(kinds)]
        path.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(path / f"{i:03}.{suffix}")
    return folder


def rows(sets):
    pairs = (pair for some in sets for pair in zip(some.images, some.labels, strict=True))
    return sorted((row.tobytes(), int(label)) for row, label in pairs)


def expected(images=PICTURES):
    return sorted((image.tobytes(), i % 3) for i, image in enumerate(images))


@pytest.mark.parametrize("suffix", ["png", "bmp", "PNG", "tif", "pgm"])
def test_each_sub_folder_is_a_class(tmp_path, suffix):
    sets = load_data(write(tmp_path, suffix=suffix))
    assert [len(some) for some in sets] == [24, 6, 6]
    assert (sets[0].shape, sets[0].class_names) == ((7, 5), tuple(KINDS))
    assert rows(sets) == expected()


@pytest.mark.parametrize(("train", "test"), [("train", "test"), ("training", "Testing")])
def test_sets_are_sub_folders(tmp_path, train, test):
    write(tmp_path / train)
    write(tmp_path / test, PICTURES[::-1])
    *learnt, held = load_data(tmp_path)
    assert [len(some) for some in (*learnt, held)] == [30, 6, 36]
    assert rows(learnt) == expected()
    assert rows([held]) == expected(PICTURES[::-1])


def test_numbers_are_class_numbers(tmp_path):
    train, *_ = load_data(write(tmp_path, kinds=[str(i) for i in range(3)]))
    assert train.class_names is None
    assert train.classes == 3


def test_a_class_may_be_named_as_a_set_is(tmp_path):
    """A train is a vehicle, too."""
    train, *_ = load_data(write(tmp_path, kinds=["boat", "plane", "train"]))
    assert train.class_names == ("boat", "plane", "train")


def test_names_may_hold_any_characters(tmp_path):
    kinds = ["Käse, 'alt'", "猫 🐈", "a\nb"]
    train, *_ = load_data(write(tmp_path, kinds=kinds))
    assert set(train.class_names) == set(kinds)


def test_other_files_are_passed_over_and_told(tmp_path):
    write(tmp_path)
    (tmp_path / "cat" / ".hidden.png").write_bytes(b"")
    (tmp_path / "cat" / "notes.txt").write_text("x")
    (tmp_path / "dog" / "one.heic").write_bytes(b"x")
    (tmp_path / ".git").mkdir()
    (tmp_path / "empty").mkdir()
    (tmp_path / "LICENSE").write_text("x")
    *sets, told = read_sets(tmp_path)
    assert sum(map(len, sets)) == 36
    assert told.endswith("2 other files left out, cat/notes.txt the first")


def test_links_are_followed_but_not_in_a_circle(tmp_path):
    write(tmp_path / "there")
    (tmp_path / "here").mkdir()
    for kind in KINDS:
        (tmp_path / "here" / kind).symlink_to(tmp_path / "there" / kind)
    (tmp_path / "here" / "loop").symlink_to(tmp_path / "here")
    (tmp_path / "here" / "cat" / "void.png").symlink_to(tmp_path / "nowhere")
    os.mkfifo(tmp_path / "here" / "dog" / "pipe.png")
    assert rows(load_data(tmp_path / "here")) == expected()


def test_colours_turn_gray_and_what_is_transparent_is_paper(tmp_path):
    write(tmp_path)
    red = np.zeros((7, 5, 4), np.uint8)
    red[..., 0] = 255
    red[0, :, 3] = 255
    Image.fromarray(red).save(tmp_path / "cat" / "000.png")
    found = read_pictures(tmp_path)
    assert found.remarks == ["1 pictures turned gray"]
    np.testing.assert_array_equal(found.parts["train"].images[0], [[76] * 5] + [[255] * 5] * 6)


def test_pictures_are_scaled_and_inverted(tmp_path):
    write(tmp_path)
    Image.fromarray(np.full((20, 9), 200, np.uint8)).save(tmp_path / "cat" / "000.png")
    train, *_ = load_data(tmp_path, size=(7, 5), invert=True)
    found = read_pictures(tmp_path, (7, 5), invert=True)
    assert found.remarks == ["1 pictures scaled", "all inverted"]
    np.testing.assert_array_equal(found.parts["train"].images[0], np.full((7, 5), 55))
    np.testing.assert_array_equal(found.parts["train"].images[1], 255 - PICTURES[3])
    assert train.shape == (7, 5)


def refused(folder, message, **options):
    begin = re.escape(f"load_data: {folder}")
    with pytest.raises(ValueError, match=f"^{begin}.*{re.escape(message)}"):
        load_data(folder, **options)


def test_one_class_is_refused(tmp_path):
    write(tmp_path, kinds=["cat"])
    refused(tmp_path, "must have a sub-folder per class, at least 2, got 1 ('cat')")


@pytest.mark.parametrize("folder", [".", "train"])
def test_no_class_is_refused(tmp_path, folder):
    write(tmp_path, kinds=[folder])
    refused(tmp_path, "must have a sub-folder per class, at least 2, got ")


def test_very_many_classes_are_refused(tmp_path):
    write(tmp_path)
    for i in range(4100):
        (tmp_path / f"c{i}").mkdir()
    refused(tmp_path, "has 4,103 sub-folders, of which each is a class; at most 4,096 are allowed")


def test_a_picture_of_another_size_is_refused_by_its_name(tmp_path):
    write(tmp_path)
    Image.fromarray(PICTURES[0, :4]).save(tmp_path / "dog" / "010.png")
    refused(
        tmp_path, "/dog/010.png: pictures must be of one size, 7 x 5 as the first, got 4 x 5; size="
    )


@pytest.mark.parametrize("content", [b"", b"\x89PNG", b"GIF89a", b"<svg/>"])
def test_what_is_no_picture_is_refused_by_its_name(tmp_path, content):
    (write(tmp_path) / "dog" / "010.png").write_bytes(content)
    refused(tmp_path, "/dog/010.png: ")


@pytest.mark.parametrize("suffix", ["png", "jpg", "bmp", "gif", "tif", "webp", "pgm"])
def test_a_picture_cut_or_changed_anywhere_is_one_sentence(tmp_path, suffix, survives):
    write(tmp_path, PICTURES[:6], suffix=suffix)
    survives(tmp_path / "cat" / f"000.{suffix}", tmp_path, step=5)


def test_a_picture_that_says_that_it_is_huge_takes_no_memory(tmp_path):
    def chunk(kind, data):
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 50_000, 50_000, 8, 0, 0, 0, 0))
    bomb = (
        b"\x89PNG\r\n\x1a\n"
        + head
        + chunk(b"IDAT", zlib.compress(bytes(9999)))
        + chunk(b"IEND", b"")
    )
    (write(tmp_path) / "cat" / "000.png").write_bytes(bomb)
    tracemalloc.start()
    try:
        refused(tmp_path, "/cat/000.png: a picture must have at most 50,000,000 pixels")
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()


def test_a_picture_that_may_not_be_read_is_the_systems_error(tmp_path, monkeypatch):
    write(tmp_path)

    def refuse(*_):
        raise PermissionError(13, "Permission denied", "000.png")

    monkeypatch.setattr("cutaway.data.pictures.read", refuse)
    with pytest.raises(PermissionError, match=re.escape("[Errno 13] Permission denied: '000.png'")):
        load_data(tmp_path)


def test_a_folder_is_told_by_one_picture_of_each_class(tmp_path):
    assert find(write(tmp_path)).kind == "pictures"
