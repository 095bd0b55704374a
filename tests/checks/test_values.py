"""What users pass in: a clean value comes out, or one clear sentence is raised."""

import math
import re
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from cutaway import checks


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
