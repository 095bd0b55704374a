"""What users take for an array: a clean one comes out, or one clear sentence is raised."""

import re

import numpy as np
import pytest

from cutaway import checks

EXPECTED = np.array([[0, 1, 2], [3, 4, 5]], np.float32)


def misaligned(array):
    raw = np.zeros(array.nbytes + 1, np.uint8)
    result = raw[1:].view(array.dtype).reshape(array.shape)
    result[:] = array
    assert not result.flags.aligned
    return result


def read_only(array):
    result = array.copy()
    result.flags.writeable = False
    return result


LAYOUTS = {
    "lists": EXPECTED.tolist(),
    "bytes": EXPECTED.astype(np.uint8),
    "float64": EXPECTED.astype(np.float64),
    "big-endian": EXPECTED.astype(">f4"),
    "column by column": np.asfortranarray(EXPECTED),
    "backwards": EXPECTED[::-1, ::-1].copy()[::-1, ::-1],
    "read-only": read_only(EXPECTED),
    "misaligned": misaligned(EXPECTED),
}


NOT_NUMBERS = {
    "strings": (["1", "2"], "x must be real numbers, got <U1"),
    "objects": ([1, None], "x must be real numbers, got object"),
    "complex": ([1 + 2j], "x must be real numbers, got complex128"),
    "dates": (np.array(["2020-01-01"], "M8[D]"), "x must be real numbers, got datetime64[D]"),
    "masked": (np.ma.array([1.0], mask=[True]), "x must be a plain array, got a masked one"),
    "ragged": ([[1], [2, 3]], "x must be a rectangular array of numbers"),
}


@pytest.mark.parametrize("value", LAYOUTS.values(), ids=LAYOUTS)
def test_numbers_of_any_layout_become_the_same_float32_array(value):
    result = checks.floats("forward", "x", value)
    assert result.dtype.isnative
    assert result.dtype == np.float32
    assert result.flags.c_contiguous
    assert result.flags.aligned
    np.testing.assert_array_equal(result, EXPECTED)


def test_a_float32_array_that_fits_is_not_copied():
    assert np.shares_memory(checks.floats("forward", "x", EXPECTED), EXPECTED)


@pytest.mark.parametrize(("value", "message"), NOT_NUMBERS.values(), ids=NOT_NUMBERS)
def test_what_is_no_plain_number_is_a_type_error_and_never_converted(value, message):
    for check in (checks.numbers, checks.floats, checks.integers):
        with pytest.raises(TypeError, match=re.escape(f"forward: {message}")):
            check("forward", "x", value)


@pytest.mark.parametrize("value", [np.array([2, 0, 1], ">u2"), misaligned(np.arange(3))])
def test_integers_become_int64(value):
    result = checks.integers("learn", "order", value)
    assert result.dtype == np.int64
    assert result.flags.aligned
    np.testing.assert_array_equal(result, value)


def test_an_empty_list_is_no_integers_yet_a_fine_order():
    assert checks.integers("learn", "order", []).dtype == np.int64


@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        ([0.0, 1.0], TypeError, "order must be integers, got float64"),
        ([[0, 1]], ValueError, "order must have one axis, got shape (1, 2)"),
        (
            np.array([2**64 - 1], np.uint64),
            ValueError,
            "order must be at most 9223372036854775807, got 18446744073709551615",
        ),
    ],
)
def test_what_is_no_list_of_integers_is_refused(value, error, message):
    with pytest.raises(error, match=re.escape(f"learn: {message}")):
        checks.integers("learn", "order", value)


@pytest.mark.parametrize(
    "value",
    [
        [2, 0, 1], np.array([2, 0, 1], np.uint8), np.eye(3)[[2, 0, 1]],
        [[2], [0], [1]], np.array([2.0, 0.0, 1.0]), np.array([[2.0], [0.0], [1.0]], np.float32),
    ],
)  # fmt: skip
def test_labels_are_class_numbers_in_a_row_or_a_column_or_one_hot_rows(value):
    np.testing.assert_array_equal(checks.labels("step", value, rows=3, classes=3), [2, 0, 1])


@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        ([0.0, 0.5], ValueError, "labels must be whole numbers, got 0.5"),
        ([0.0, np.nan], ValueError, "labels must be whole numbers, got nan"),
        ([0, 1, 2], ValueError, "2 images need as many labels, got 3"),
        ([0, -1], ValueError, "labels must be 0 or more, got -1"),
        ([3, 0], ValueError, "labels must be below 3, got 3"),
        ([[1, 0, 0], [0, 1, 1]], ValueError, "labels with two axes must be one-hot rows"),
        ([[1, 0, 0], [0, np.nan, 1]], ValueError, "labels with two axes must be one-hot rows"),
        ([[1, 0], [0, 1]], ValueError, "one-hot labels must have 3 columns, got 2"),
        ([[1], [2], [0]], ValueError, "2 images need as many labels, got 3"),
        (1, ValueError, "labels must have one axis, got shape ()"),
    ],
)
def test_labels_that_do_not_fit_are_refused_with_the_value(value, error, message):
    with pytest.raises(error, match=re.escape(f"step: {message}")):
        checks.labels("step", value, rows=2, classes=3)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_number_that_is_not_finite_is_named_with_its_place(bad):
    array = np.zeros((4, 5), np.float32)
    array[2, 3] = array[3, 0] = bad
    with pytest.raises(
        ValueError, match=re.escape(f"learn: x must be finite, got {bad} at [2, 3]")
    ):
        checks.finite("learn", "x", array)


def test_large_numbers_are_finite_even_where_their_sum_is_not():
    checks.finite("learn", "x", np.full(9, np.finfo(np.float32).max))


def test_what_does_not_fit_into_float32_counts_as_infinite():
    array = checks.floats("learn", "x", [0, 1e300])
    with pytest.raises(ValueError, match=re.escape("learn: x must be finite, got inf at [1]")):
        checks.finite("learn", "x", array)
