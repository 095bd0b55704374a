"""Parts: three datasets of what a reader found, normalised and named by the first; what lacks is drawn."""

import re

import numpy as np
import pytest

from cutaway import load_data
from cutaway.data.parts import Found, Part, make_sets

RNG = np.random.default_rng(0)


def part(n, shape=(4, 3), dtype=np.uint8, classes=3):
    return Part(RNG.integers(0, 256, (n, *shape)).astype(dtype), np.arange(n) % classes)


def pairs(sets):
    """All images with their labels, sorted."""
    both = (pair for images, labels in sets for pair in zip(images, labels, strict=True))
    return sorted((image.tobytes(), int(label)) for image, label in both)


def found(names=None, remarks=(), **parts):
    copies = {name: Part(some.images.copy(), some.labels) for name, some in parts.items()}
    return Found(kind="npz", parts=copies, names=names, remarks=list(remarks))


TRAIN, VALID, TEST = part(60), part(9), part(12)


def test_three_parts_stay_as_they_are():
    sets = make_sets("w", found(train=TRAIN, valid=VALID, test=TEST), seed=0)
    for some, one in zip(sets[:3], (TRAIN, VALID, TEST), strict=True):
        np.testing.assert_array_equal(some.images, one.images.reshape(-1, 12))
        np.testing.assert_array_equal(some.labels, one.labels)
        assert some.mean == pytest.approx(TRAIN.images.mean())
        assert some.std == pytest.approx(TRAIN.images.std())
    assert sets.told == "npz: 81 images of 4 x 3, 3 classes; 60 to train, 9 to validate, 12 to test"


@pytest.mark.parametrize(
    ("given", "sizes", "drawn"),
    [
        ({"train": TRAIN}, [40, 10, 10], "validation and test drawn from the training set"),
        ({"train": TRAIN, "test": TEST}, [50, 10, 12], "validation drawn from the training set"),
        ({"train": TRAIN, "valid": VALID}, [50, 9, 10], "test drawn from the training set"),
    ],
)
def test_what_is_lacking_is_drawn_and_no_sample_is_lost_or_twice(given, sizes, drawn):
    sets = make_sets("w", found(**given), seed=0)
    assert [len(some) for some in sets[:3]] == sizes
    assert f"({drawn}, every class in proportion)" in sets.told
    read = pairs((some.images, some.labels) for some in sets[:3])
    assert read == pairs((one.images.reshape(-1, 12), one.labels) for one in given.values())


def test_the_seed_decides_what_is_drawn():
    first, again, other = (make_sets("w", found(train=TRAIN), seed)[1].images for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


@pytest.mark.parametrize(
    ("images", "shape", "dtype"),
    [
        (part(60, (16,)), (4, 4), np.uint8),
        (part(60, (17,)), None, np.uint8),
        (part(60, (9,)), None, np.uint8),
        (part(60, (16,), np.int64), (4, 4), np.uint8),
        (Part(RNG.normal(size=(60, 16)), np.arange(60) % 3), None, np.float32),
    ],
    ids=["4 x 4", "no square", "too small", "wide", "numbers"],
)
def test_rows_of_pixels_are_square_pictures_if_they_can_be(images, shape, dtype):
    train = make_sets("w", found(train=images), seed=0)[0]
    assert (train.shape, train.images.dtype) == (shape, dtype)


@pytest.mark.parametrize("scale", [1 / 255, 1 / 256, 1])
def test_floats_that_are_pixels_become_bytes_in_all_sets(scale):
    scaled = [Part(one.images * np.float64(scale), one.labels) for one in (TRAIN, TEST)]
    sets = make_sets("w", found(train=scaled[0], test=scaled[1]), seed=0)
    assert [some.images.dtype for some in sets[:3]] == [np.uint8] * 3
    np.testing.assert_array_equal(sets[2].images, TEST.images.reshape(-1, 12))


def test_text_is_numbered_alike_in_all_sets():
    kinds = np.array(["ant", "bee", "cow"])
    train, test = (
        Part(TRAIN.images, kinds[TRAIN.labels]),
        Part(TEST.images[:3], ["cow", "bee", "cow"]),
    )
    sets = make_sets("w", found(train=train, test=test), seed=0)
    assert {some.class_names for some in sets[:3]} == {("ant", "bee", "cow")}
    assert sets[2].labels.tolist() == [2, 1, 2]
    assert "3 classes (ant, bee, cow)" in sets.told


def test_names_of_classes_and_remarks_are_told():
    sets = make_sets("w", found(names=["a", "b", "c"], remarks=["so be it"], train=TRAIN), seed=0)
    assert sets[2].class_names == ("a", "b", "c")
    assert sets.told.endswith("every class in proportion); so be it")


FLOATS = Part(RNG.normal(size=(9, 4, 3)), np.arange(9) % 3)
BAD = {
    "counts": ({"train": Part(TRAIN.images, TRAIN.labels[:-1])}, "60 train images, 59 labels"),
    "shapes": ({"train": TRAIN, "test": part(9, (3, 4))}, "shape (4, 3), test images (3, 4)"),
    "kinds": ({"train": TRAIN, "test": FLOATS}, "integers in all sets or floats in all"),
    "no axis": ({"train": Part(np.zeros(9), np.arange(9))}, "train images must be an array of them"),
    "one class": ({"train": part(60, classes=1)}, "labels must be of at least 2 classes, got 1"),
    "classes": ({"train": part(5000, classes=5000)}, "labels must be of at most 4,096 classes, got 5,000"),
    "few": ({"train": part(4)}, "too few training images, got 4"),
    "names": ({"names": ["a"], "train": TRAIN}, "class_names must be one per class (3), got 1"),
    "alike": ({"train": Part(np.zeros((60, 9), "u1"), TRAIN.labels)}, "images must vary"),
}  # fmt: skip


@pytest.mark.parametrize(("given", "message"), BAD.values(), ids=BAD)
def test_parts_that_do_not_fit_are_refused(given, message):
    with pytest.raises(ValueError, match=f"^load_data: file: .*{re.escape(message)}"):
        make_sets("load_data: file", found(**given), seed=0)


def test_measurements_are_told_as_no_classes():
    """A table for regression."""
    rng = np.random.default_rng(0)
    target = rng.permutation(400)[:300]
    message = r"labels must be classes, got 300 different ones of 300 samples: measurements are not"
    with pytest.raises(ValueError, match=message):
        load_data({"data": rng.standard_normal((300, 4)), "target": target})
