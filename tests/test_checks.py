"""What users pass in: a clean array or number comes out, or one clear sentence is raised."""

import math
import re
from decimal import Decimal
from fractions import Fraction

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


@pytest.mark.parametrize("value", [1, 3, np.uint8(2)])
def test_a_count_is_an_integer_within_bounds(value):
    result = checks.count("learn", "batch", value, least=1, most=3)
    assert type(result) is int
    assert result == value


@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        (0, ValueError, "batch must be at least 1, got 0"),
        (4, ValueError, "batch must be at most 3, got 4"),
        (2.0, TypeError, "batch must be an integer, got 2.0"),
        ("2", TypeError, "batch must be an integer, got '2'"),
        (True, TypeError, "batch must be an integer, got True"),
    ],
)
def test_what_is_no_such_count_is_refused(value, error, message):
    with pytest.raises(error, match=f"^learn: {re.escape(message)}$"):
        checks.count("learn", "batch", value, least=1, most=3)


@pytest.mark.parametrize("value", [0, 0.5, np.float32(0.5), Fraction(1, 2)])
def test_a_real_number_becomes_a_float(value):
    result = checks.real("SGD", "momentum", value, "in [0, 1)", low=0, high=1, below=True)
    assert type(result) is float
    assert result == value


@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        (-0.5, ValueError, "momentum must be in [0, 1), got -0.5"),
        (1, ValueError, "momentum must be in [0, 1), got 1"),
        (np.nan, ValueError, "momentum must be finite, got nan"),
        (np.inf, ValueError, "momentum must be finite, got inf"),
        pytest.param(10**400, ValueError, "momentum must be finite, got inf", id="10**400"),
        ("0.5", TypeError, "momentum must be a number, got '0.5'"),
        (True, TypeError, "momentum must be a number, got True"),
        (np.complex64(2), TypeError, f"momentum must be a number, got {np.complex64(2)!r}"),
        (np.array([0.5]), TypeError, "momentum must be a number, got array([0.5])"),
    ],
)
def test_what_is_no_such_number_is_refused(value, error, message):
    with pytest.raises(error, match=f"^SGD: {re.escape(message)}$"):
        checks.real("SGD", "momentum", value, "in [0, 1)", low=0, high=1, below=True)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.int64(3), Fraction(3)),
        (np.float32(29.97), Fraction(2997, 100)),
        (Decimal("0.5"), Fraction(1, 2)),
        (Fraction(30000, 1001), Fraction(30000, 1001)),
        (math.pi, Fraction(355, 113)),
    ],
)
def test_a_ratio_is_a_fraction_of_small_python_integers(value, expected):
    result = checks.ratio("Film", "fps", value, 0.5, 100)
    assert result == expected
    assert {type(result.numerator), type(result.denominator)} == {int}


@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        (0, ValueError, "fps must be from 0.5 to 100, got 0"),
        (np.float32(0.25), ValueError, "fps must be from 0.5 to 100, got 0.25"),
        (Decimal("1e9999999"), ValueError, "fps must be from 0.5 to 100, got 1E+9999999"),
        (Decimal("nan"), ValueError, "fps must be from 0.5 to 100, got NaN"),
        (np.inf, ValueError, "fps must be from 0.5 to 100, got inf"),
        (np.True_, TypeError, f"fps must be a number, got {np.True_!r}"),
        ("30", TypeError, "fps must be a number, got '30'"),
        (2j, TypeError, "fps must be a number, got 2j"),
    ],
)
def test_what_is_no_such_ratio_is_refused(value, error, message):
    with pytest.raises(error, match=f"^Film: {re.escape(message)}$"):
        checks.ratio("Film", "fps", value, 0.5, 100)


def test_a_line_is_text_of_some_characters():
    for value in ("", "a line", "é “ü”", "x" * 20):
        assert checks.line("Film", "description", value, 20) == value


@pytest.mark.parametrize(
    ("value", "error", "rule"),
    [
        (None, TypeError, "text, got None"),
        (b"bytes", TypeError, "text, got b'bytes'"),
        ("x" * 21, ValueError, f"a line of at most 20 printable characters, got '{21 * 'x'}'"),
        ("a\nb", ValueError, r"a line of at most 20 printable characters, got 'a\nb'"),
        ("\0", ValueError, r"a line of at most 20 printable characters, got '\x00'"),
        ("\ud800", ValueError, r"a line of at most 20 printable characters, got '\ud800'"),
    ],
)
def test_what_is_no_such_line_is_refused(value, error, rule):
    with pytest.raises(error, match=f"^Film: description must be {re.escape(rule)}$"):
        checks.line("Film", "description", value, 20)


def test_an_open_end_excludes_its_bound_and_a_closed_one_has_it():
    for bound in (0, 1):
        assert checks.real("OneCycle", "start", bound, low=0, high=1) == bound
    with pytest.raises(ValueError, match=r"Dataset: std must be above 0, got 0$"):
        checks.real("Dataset", "std", 0, "above 0", low=0, above=True)


@pytest.mark.parametrize("value", ["elu", ["relu"]])
def test_a_choice_lists_what_there_is(value):
    assert checks.choice("Network", "activation", "relu", ("relu", "tanh")) == "relu"
    message = f"Network: activation must be one of 'relu', 'tanh', got {value!r}"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        checks.choice("Network", "activation", value, ("relu", "tanh"))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("one\ntwo", "'one\\ntwo'"),
        (np.eye(2), "array([[1., 0.], [0., 1.]])"),
        ([0] * 1000, "[0, 0, 0, 0, 0, 0, ...]"),
        pytest.param(10**5000, "<int>", id="10**5000"),  # of which Python makes no text
        ("\udcff", "'\\udcff'"),
    ],
)
def test_a_value_is_shown_on_one_short_line(value, text):
    assert checks.shown(value) == text
    assert len(checks.shown("long" * 9999)) <= 100


@pytest.mark.parametrize("value", [True, np.True_, 1])
def test_a_flag_is_true_or_false(value):
    assert checks.flag("fit", "progress", value) is True


@pytest.mark.parametrize("value", ["no", None, 2, 1.0, [], np.ones(2)])
def test_what_is_no_flag_is_refused(value):
    message = f"fit: progress must be True or False, got {value!r}"
    with pytest.raises(TypeError, match=f"^{re.escape(message)}$"):
        checks.flag("fit", "progress", value)


@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        (5, TypeError, "path must be a path, got 5"),
        (b"x", TypeError, "path must be a path, got b'x'"),
        ("", ValueError, "path must be the name of a file, got ''"),
        ("a\0b", ValueError, "path must be the name of a file, got 'a\\x00b'"),
        ("\ud800", ValueError, "path must be the name of a file, got '\\ud800'"),
    ],
)
def test_what_no_file_can_be_called_is_refused(value, error, message):
    with pytest.raises(error, match=f"^load: {re.escape(message)}$"):
        checks.path("load", "path", value)


def test_more_bytes_than_the_machine_has_are_refused_before_it_promises_them():
    checks.room("order", "9 sample numbers", 72)
    with pytest.raises(MemoryError, match=r"^order: .* need 1.15e\+09 GB, .* GB are free$"):
        checks.room("order", "sample numbers", 1 << 60)
