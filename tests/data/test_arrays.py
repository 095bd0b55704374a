"""Named arrays: npz files and dictionaries are told by their names, or refused by what is there."""

import io
import json
import re
import struct
import tracemalloc
import zipfile

import numpy as np
import pytest

from cutaway import load_data
from cutaway.data.parts import NAMES

RNG = np.random.default_rng(0)
IMAGES = {
    name: RNG.integers(0, 256, (n, 5, 4), np.uint8)
    for name, n in zip(NAMES, (36, 9, 8), strict=True)
}
LABELS = {name: np.arange(len(images)) % 3 for name, images in IMAGES.items()}


def named(pattern, labels, *, valid="val"):
    """All six arrays, named as by some library."""
    words = {"train": "train", "valid": valid, "test": "test"}
    arrays = {}
    for name, word in words.items():
        arrays[pattern.format(word)] = IMAGES[name]
        arrays[labels.format(word)] = LABELS[name]
    return arrays


@pytest.fixture
def write(tmp_path):
    def write(save=np.savez, **arrays):
        save(tmp_path / "data.npz", **arrays)
        return tmp_path / "data.npz"

    return write


@pytest.mark.parametrize(
    "arrays",
    [
        named("x_{}", "y_{}"),
        named("X_{}", "y_{}", valid="valid"),
        named("{}_images", "{}_labels"),
        named("{}_x", "{}_y", valid="dev"),
        named("{}Images", "{}Labels", valid="validation"),
        named("x{}", "y{}"),
        named("{}_data", "{}_target"),
    ],
    ids=lambda arrays: next(iter(arrays)),
)
@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_sets_are_told_by_the_names_of_libraries(write, arrays, save):
    sets = load_data(write(save, **arrays))
    for name, some in zip(NAMES, sets, strict=True):
        np.testing.assert_array_equal(some.images, IMAGES[name].reshape(-1, 20))
        np.testing.assert_array_equal(some.labels, LABELS[name])
        assert (some.shape, some.mean) == ((5, 4), sets[0].mean)


@pytest.mark.parametrize(
    ("x", "y"), [("X", "y"), ("data", "target"), ("images", "labels"), ("x", "y")]
)
def test_one_set_is_split(write, x, y):
    sets = load_data(write(**{x: IMAGES["train"], y: LABELS["train"]}))
    assert [len(some) for some in sets] == [24, 6, 6]
    rows = [row.tobytes() for some in sets for row in some.images]
    assert sorted(rows) == sorted(image.tobytes() for image in IMAGES["train"])


def test_a_set_without_a_name_is_for_training(write):
    path = write(X=IMAGES["train"], y=LABELS["train"], X_test=IMAGES["test"], y_test=LABELS["test"])
    assert [len(some) for some in load_data(path)] == [30, 6, 8]


def test_of_the_same_numbers_twice_the_pictures_are_taken():
    """scikit-learn's digits are data (n, 64) and images (n, 8, 8)."""
    images = IMAGES["train"]
    train, *_ = load_data(
        {"data": images.reshape(36, 20), "images": images, "target": LABELS["train"]}
    )
    assert train.shape == (5, 4)


def test_names_of_classes_are_taken():
    train, *_ = load_data(
        {
            "data": IMAGES["train"],
            "target": LABELS["train"],
            "target_names": np.array(["a", "b", "c"]),
        }
    )
    assert train.class_names == ("a", "b", "c")


@pytest.mark.parametrize("labels", [LABELS["train"][:, None], np.eye(3)[LABELS["train"]]])
def test_labels_may_be_a_column_or_one_hot(labels):
    train, *_ = load_data({"X": IMAGES["train"], "y": labels})
    assert train.classes == 3


def test_what_is_given_stays_as_it_is():
    images = IMAGES["train"].copy()
    load_data({"X": images, "y": LABELS["train"]})
    np.testing.assert_array_equal(images, IMAGES["train"])


@pytest.mark.needs("sklearn")
def test_a_bunch_of_scikit_learn_is_read():
    from sklearn.datasets import load_digits, load_iris

    digits, iris = load_data(load_digits())[0], load_data(load_iris())[0]
    assert (digits.shape, digits.images.dtype, len(digits)) == ((8, 8), np.uint8, 1199)
    assert (iris.pixels, iris.class_names) == (False, ("setosa", "versicolor", "virginica"))


X, Y = IMAGES["train"], LABELS["train"]
BAD = {
    "no arrays": ({}, "no train images among no arrays; looked for are x_train y_train"),
    "other names": ({"arr_0": X, "arr_1": Y}, "no train images among 'arr_0', 'arr_1'; looked for"),
    "no labels": ({"X": X}, "no train labels among 'X'; looked for"),
    "no training set": ({"x_test": X, "y_test": Y}, "no train images among 'x_test', 'y_test'"),
    "no test labels": ({"x_train": X, "y_train": Y, "x_test": X}, "no test labels among 'x_train'"),
    "two candidates": ({"X": X, "data": X[::-1], "y": Y}, "which to take: 'X', 'data'? All could be"),
    "unequal": ({"X": X, "y": Y[:-1]}, "36 train images, 35 labels"),
    "one axis": ({"X": Y, "y": Y}, "train images must be an array of them, got shape (36,)"),
    "a number": ({"X": X, "y": 3}, "train labels must be an array of them, got shape ()"),
    "colours": ({"X": np.zeros((9, 4, 4, 3)), "y": Y[:9]}, "(n, height, width), got shape (7, 4, 4, 3)"),
    "other sizes": ({"x_train": X, "y_train": Y, "x_test": X[:, :4], "y_test": Y},
                    "training images have shape (5, 4), test images (4, 4)"),
    "one class": ({"X": X, "y": Y * 0}, "labels must be of at least 2 classes, got 1"),
    "many classes": ({"X": X, "y": Y * 5000}, "at most 4,096 classes, got 10,001"),
    "few": ({"X": X[:3], "y": Y[:3]}, "too few training images, got 3"),
    "negative": ({"X": X, "y": Y - 1}, "labels must be 0 or more, got -1"),
}  # fmt: skip


@pytest.mark.parametrize(("arrays", "message"), BAD.values(), ids=BAD)
def test_what_does_not_fit_is_told(write, arrays, message):
    for source, who in ((arrays, "dict"), (write(**arrays), None)):
        if who is None and not arrays:
            continue
        begin = re.escape(f"load_data: {who or source}: ")
        with pytest.raises(ValueError, match=f"^{begin}.*{re.escape(message)}"):
            load_data(source)


def test_a_ragged_list_is_told_by_its_name():
    with pytest.raises(
        TypeError, match=r"^load_data: dict: the dictionary: 'X' must be a rectangular"
    ):
        load_data({"X": [[1, 2], [3]], "y": [0, 1]})


class Trap:
    def __reduce__(self):
        return print, ("code ran",)


def test_objects_are_refused_and_no_code_runs(write, capsys):
    path = write(X=X, y=np.array([Trap()] * 36, dtype=object))
    with pytest.raises(
        ValueError, match="'y' holds Python objects, which can run code; save plain"
    ):
        load_data(path)
    assert capsys.readouterr().out == ""


def archive(path, header, body=b"", **options):
    """An npz whose X has a header that somebody wrote by hand."""
    line = (json.dumps(header) if isinstance(header, dict) else header).encode("latin1")
    line = line.replace(b"false", b"False") + b" \n"
    head = b"\x93NUMPY\1\0" + len(line).to_bytes(2, "little") + line
    labels = io.BytesIO()
    np.save(labels, Y)
    with zipfile.ZipFile(path, "w", **options) as file:
        file.writestr("X.npy", head + body)
        file.writestr("y.npy", labels.getvalue())
    return path


def header(*shape, descr="|u1"):
    return str({"descr": descr, "fortran_order": False, "shape": shape})


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (header(36, 10**9), "'X' is damaged: it says 36000000000 bytes, and has 720"),
        (header(36, 19), "'X' is damaged: it says 684 bytes, and has 720"),
        (header(-36, 20), "'X' is damaged: it says -720 bytes, and has 720"),
        (header(36, 20, descr="|O"), "'X' holds Python objects"),
        ("{'descr': __import__('os').abort()}", "'X' is damaged: "),
        ("{" * 3000, "'X' is damaged: "),
        ("", "'X' is damaged: "),
        ("nonsense", "'X' is damaged: "),
        ("'''", "'X' is damaged: "),
    ],
)
def test_a_header_that_lies_is_refused(tmp_path, line, message):
    path = archive(tmp_path / "bad.npz", line, bytes(720))
    with pytest.raises(ValueError, match=f"^{re.escape(f'load_data: {path}: {message}')}"):
        load_data(path)


def test_a_bomb_is_not_unpacked(tmp_path):
    path = archive(
        tmp_path / "b.npz", header(36, 10**6), bytes(36 * 10**6), compression=zipfile.ZIP_BZIP2
    )
    with pytest.raises(ValueError, match=r"'X' has 36000000 bytes, more than .* allowed"):
        load_data(path)


def test_a_member_that_says_that_it_is_huge_takes_no_memory(tmp_path):
    line = header(36, 10**8)
    path = archive(tmp_path / "b.npz", line, bytes(720))
    prelude = 10 + len(line) + 2
    lie = struct.pack("<I", prelude + 36 * 10**8)
    path.write_bytes(path.read_bytes().replace(struct.pack("<I", prelude + 720), lie))
    tracemalloc.start()
    try:
        told = "(has 3600000000 bytes, more than .* allowed|is damaged: Overlapped)"  # by newer Pythons
        with pytest.raises(ValueError, match=f"'X' {told}"):
            load_data(path)
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


def test_a_file_cut_or_changed_anywhere_is_one_sentence(write, survives):
    path = write(np.savez_compressed, X=X, y=Y)
    survives(path)
