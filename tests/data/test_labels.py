"""Labels: class numbers, one-hot rows or text become class numbers and names."""

import re

import numpy as np
import pytest

from cutaway.data.labels import absent, check_numbered_alike, encode, far_off

WORDS = ["dog", "cat", "cat", "emu"]
NUMBERS = [1, 0, 0, 2]


@pytest.mark.parametrize(
    "words",
    [WORDS, np.array(WORDS), np.array(WORDS, object), np.array(WORDS, "S"), np.array([WORDS]).T],
    ids=["list", "array", "objects", "bytes", "column"],
)
def test_text_is_numbered_by_the_alphabet_and_kept_as_names(words):
    labels = encode("Dataset", words)
    assert labels.numbers.tolist() == NUMBERS
    assert labels.classes == 3
    assert labels.names == ("cat", "dog", "emu")


def test_text_is_numbered_as_the_names_are():
    labels = encode("Dataset", WORDS, names=["emu", "dog", "cat", "ant"])
    assert labels.numbers.tolist() == [1, 2, 2, 0]
    assert (labels.classes, labels.names) == (4, ("emu", "dog", "cat", "ant"))


@pytest.mark.parametrize(
    "labels", [["5", "0", "9"], np.array(["5", " 0", "9"], object), [5.0, 0.0, 9.0], [[5], [0], [9]],
               np.array([5, 0, 9], object)]
)  # fmt: skip
def test_whole_numbers_are_classes_whatever_they_are_written_as(labels):
    """As `fetch_openml` has them, and MedMNIST."""
    result = encode("Dataset", labels)
    assert result.numbers.tolist() == [5, 0, 9]
    assert result.names is None


def test_one_hot_rows_tell_how_many_classes_there_are():
    assert encode("Dataset", np.eye(5)[:3]).classes == 5


@pytest.mark.parametrize(
    ("labels", "names", "error", "message"),
    [
        (["a", "b"], ["a", "c"], ValueError, "labels must be among class_names, got 'b'"),
        ([0, 3], ["a", "b"], ValueError, "class_names must be one per class (4), got 2"),
        ([0, 1], ["a", "a"], ValueError, "class_names must differ, got 'a' twice"),
        ([0, 1], [0, 1], TypeError, "class_names must be a list of texts, got [0, 1]"),
        ([0, 1], "ab", TypeError, "class_names must be a list of texts, got 'ab'"),
        (np.array(["a", None], object), None, TypeError, "labels must be all text or all numbers"),
        ([0, None], None, TypeError, "labels must be real numbers, got object"),
        ([0.5, 1], None, ValueError, "labels must be whole numbers, got 0.5"),
        ([-1.0, 1], None, ValueError, "labels must be 0 or more, got -1"),
        (["1", "9" * 30], None, ValueError, f"labels must be class numbers, got '{'9' * 30}'"),
    ],
)  # fmt: skip
def test_labels_without_a_class_are_refused(labels, names, error, message):
    with pytest.raises(error, match=f"^Dataset: {re.escape(message)}"):
        encode("Dataset", labels, names=names)


def test_there_must_be_as_many_as_images():
    with pytest.raises(ValueError, match="3 images need as many labels, got 4"):
        encode("Dataset", WORDS, 3)


def test_absent_classes_are_those_without_a_sample():
    assert absent(np.array([1, 1, 4]), 6) == [0, 2, 3, 5]


@pytest.mark.parametrize(
    "names", [None, ("a", "b", "c"), ("a", "b"), ("a", "b", "c", "d"), ("x", "y", "z")]
)
def test_names_may_be_lacking_or_others(names):
    check_numbered_alike("evaluate", ("a", "b", "c"), names)
    check_numbered_alike("evaluate", names, ("a", "b", "c"))


def test_a_name_with_two_numbers_is_refused():
    message = "class 'b' is number 0 in these data, but 1 in what the network learned from; .*class_names="
    with pytest.raises(ValueError, match=f"^evaluate: {message}"):
        check_numbered_alike("evaluate", ("a", "b", "c"), ("b", "c"))


TEN = np.arange(1000) % 10


def changed(**places):
    labels = TEN.copy()
    for place, label in places.items():
        labels[int(place[1:])] = label
    return labels


@pytest.mark.parametrize(
    ("labels", "told"),
    [
        (changed(r17=200), "row 17 (counted from 0) has label 200, where 999 of 1,000 are"),
        (changed(r5=255, r17=200), "row 17 (counted from 0) has label 200, where 998 of 1,000 are"),
        (TEN, None),
        (1 + TEN, None),
        (np.repeat([0, 9, 200], [500, 400, 100]), None),  # many have it
        (changed(r17=12), None),  # a class that is seldom
        (np.array([0, 200]), None),
        (np.zeros(0, int), None),
    ],
)  # fmt: skip
def test_a_label_far_from_all_others_is_told_by_its_row(labels, told):
    assert far_off(labels) == (told and f"{told} at most 9")
