"""The parts by themselves agree with NumPy: results, shapes and errors."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import cutaway

TYPES = [np.float32, np.float64]


def close_to_numpy(a, b, result):
    """Error bound of a sum of k rounded products (Higham 2002, section 3.1), by element."""
    a64, b64 = np.asarray(a, np.float64), np.asarray(b, np.float64)
    k = max(a64.shape[-1], 1)
    unit = np.finfo(result.dtype).eps / 2
    bound = (k + 2) * unit * np.matmul(np.abs(a64), np.abs(b64))
    bound += k * float(np.finfo(result.dtype).tiny)
    assert (np.abs(result - np.matmul(a64, b64)) <= bound).all()


def layouts(rng, shape, dtype):
    """Arrays of one shape in every memory layout."""
    yield "C", rng.standard_normal(shape).astype(dtype)
    yield "Fortran", np.asfortranarray(rng.standard_normal(shape).astype(dtype))
    yield "reversed", rng.standard_normal(shape).astype(dtype)[..., ::-1]
    yield "reversed rows", rng.standard_normal(shape).astype(dtype)[::-1]
    wide = rng.standard_normal((*shape[:-1], 3 * shape[-1])).astype(dtype)
    yield "strided", wide[..., ::3]
    yield "read-only", np.broadcast_to(rng.standard_normal(shape[-1:]).astype(dtype), shape)
    yield "big-endian", rng.standard_normal(shape).astype(np.dtype(dtype).newbyteorder(">"))
    raw = np.zeros(int(np.prod(shape)) * np.dtype(dtype).itemsize + 1, np.uint8)
    misaligned = raw[1:].view(dtype).reshape(shape)
    misaligned[...] = rng.standard_normal(shape)
    yield "misaligned", misaligned


SHAPES = [
    ((3,), (3,)),
    ((3,), (3, 4)),
    ((5, 3), (3,)),
    ((5, 3), (3, 4)),
    ((2, 5, 3), (3, 4)),
    ((5, 3), (2, 3, 4)),
    ((2, 5, 3), (2, 3, 4)),
    ((2, 1, 5, 3), (6, 3, 4)),
    ((3,), (2, 3, 4)),
    ((2, 5, 3), (3,)),
    ((70, 65), (65, 67)),
    ((1, 200), (200, 300)),
    ((130, 784), (784, 64)),
    ((300, 17, 17), (300, 17, 17)),
    ((0, 3), (3, 4)),
    ((5, 0), (0, 4)),
    ((5, 3), (3, 0)),
    ((0, 5, 3), (0, 3, 4)),
    ((0,), (0,)),
    ((2, 0, 3), (3, 4)),
]


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize(("left", "right"), SHAPES)
def test_matmul_has_numpys_shapes_and_results(left, right, dtype):
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal(left).astype(dtype), rng.standard_normal(right).astype(dtype)
    result = cutaway.matmul(a, b)
    assert result.shape == np.matmul(a, b).shape
    assert result.dtype == dtype
    close_to_numpy(a, b, np.asarray(result))


@pytest.mark.parametrize(("left", "right"), SHAPES)
def test_matmul_writes_to_the_array_that_it_is_given(left, right):
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal(left), rng.standard_normal(right)
    expected = cutaway.matmul(a, b)
    out = np.full_like(expected, np.nan)
    assert cutaway.matmul(a, b, out=out) is out
    np.testing.assert_array_equal(out, expected)


READ_ONLY = np.empty((2, 4))
READ_ONLY.flags.writeable = False


@pytest.mark.parametrize(
    ("out", "error", "message"),
    [
        (np.ma.zeros((2, 4)), TypeError, "out must be a plain array, got MaskedArray"),
        ([[0.0]], TypeError, "out must be a plain array, got list"),
        (np.empty((4, 2)), ValueError, r"out must be \(2, 4\) float64, got \(4, 2\) float64"),
        (np.empty((2, 4), "f4"), ValueError, r"out must be \(2, 4\) float64, got \(2, 4\) float32"),
        (np.empty((2, 8))[:, ::2], ValueError, "out must be writeable and in C order"),
        (READ_ONLY, ValueError, "out must be writeable and in C order"),
    ],
)
def test_matmul_refuses_an_array_that_it_cannot_fill(out, error, message):
    with pytest.raises(error, match=f"^matmul: {message}"):
        cutaway.matmul(np.ones((2, 3)), np.ones((3, 4)), out=out)


def test_matmul_reads_a_field_of_a_single_record():
    record = np.ones(1, np.dtype([("row", "f4", (5,)), ("flag", "u1")]))  # 21 bytes a record
    result = cutaway.matmul(record["row"], np.ones((5, 2), np.float32))
    np.testing.assert_array_equal(result, np.full((1, 2), 5))


def test_matmul_refuses_to_write_over_what_it_reads():
    square = np.eye(3)
    with pytest.raises(ValueError, match=r"^matmul: out must lie apart from a and b in memory$"):
        cutaway.matmul(square, np.ones((3, 3)), out=square)


@pytest.mark.parametrize("dtype", TYPES)
def test_matmul_reads_every_layout(dtype):
    rng = np.random.default_rng(1)
    lefts, rights = layouts(rng, (9, 20), dtype), layouts(rng, (20, 33), dtype)
    for (name_a, a), (name_b, b) in itertools.product(lefts, list(rights)):
        close_to_numpy(a, b, cutaway.matmul(a, b)), (name_a, name_b)


@pytest.mark.parametrize("m", [1, 2, 5, 6, 7, 12, 13, 25])
@pytest.mark.parametrize("n", [1, 7, 8, 15, 16, 17, 31, 33, 48, 63, 64, 65, 80, 129])
def test_matmul_at_the_edges_of_its_blocks(m, n):
    rng = np.random.default_rng(m * n)
    a, b = rng.standard_normal((m, 19), np.float32), rng.standard_normal((19, n), np.float32)
    close_to_numpy(a, b, cutaway.matmul(a, b))
    close_to_numpy(a.astype(float), b.astype(float), cutaway.matmul(a.astype(float), b))


@given(data=st.data(), dtype=st.sampled_from(TYPES))
@settings(max_examples=150, deadline=None)
def test_matmul_of_any_shapes_that_numpy_multiplies(data, dtype):
    shapes = data.draw(hnp.mutually_broadcastable_shapes(signature=np.matmul.signature, max_side=5))
    numbers = st.floats(-100, 100, width=32)
    a, b = (data.draw(hnp.arrays(dtype, s, elements=numbers)) for s in shapes.input_shapes)
    result = cutaway.matmul(a, b)
    assert np.shape(result) == np.shape(np.matmul(a, b))
    close_to_numpy(a, b, np.asarray(result))


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ((3,), (4,)),
        ((2, 3), (2, 3)),
        ((), (3,)),
        ((3,), ()),
        ((2, 5, 3), (3, 3, 4)),
        ((4, 5), (4,)),
    ],
)
def test_matmul_refuses_what_numpy_refuses(left, right):
    a, b = np.ones(left), np.ones(right)
    with pytest.raises(ValueError):  # noqa: PT011
        np.matmul(a, b)
    with pytest.raises(ValueError, match="matmul"):
        cutaway.matmul(a, b)


@pytest.mark.parametrize(
    "bad",
    [
        np.full((3, 3), "1"),
        np.ones((3, 3), complex),
        np.full((3, 3), None),
        np.ma.masked_array(np.ones((3, 3))),
        [[1, 2], [3]],
        np.zeros((3, 3), "datetime64[s]"),
    ],
)
@pytest.mark.parametrize("function", [lambda x: cutaway.matmul(x, np.eye(3)), cutaway.sigmoid])
def test_what_is_no_array_of_real_numbers_is_a_type_error(function, bad):
    with pytest.raises(TypeError, match="must be"):
        function(bad)


@pytest.mark.parametrize("dtype", TYPES)
def test_nan_and_infinity_spread_as_in_numpy(dtype):
    a, b = np.ones((20, 30), dtype), np.ones((30, 40), dtype)
    a[3, 4], a[5, 6], b[7, 8] = np.nan, np.inf, -np.inf
    b[6, 9] = 0  # infinity times zero is not a number
    with np.errstate(invalid="ignore"):
        np.testing.assert_array_equal(cutaway.matmul(a, b), np.matmul(a, b))


def test_small_numbers_are_not_flushed_to_zero():
    tiny = np.full((4, 4), 1e-40, np.float32)
    np.testing.assert_array_equal(cutaway.matmul(tiny, np.eye(4, dtype=np.float32)), tiny)


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        (np.float32, np.float32, np.float32),
        (np.float32, np.float64, np.float64),
        (np.float16, np.float16, np.float32),
        (np.int64, np.int64, np.float64),
        (np.uint8, np.float32, np.float32),
        (np.bool_, np.bool_, np.float64),
    ],
)
def test_the_result_is_float32_or_float64(left, right, expected):
    result = cutaway.matmul(np.ones((2, 3), left), np.ones((3, 2), right))
    assert result.dtype == expected
    assert (result == 3).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "shape",  # matrices, rows, inner, columns: whole matrices, panels of columns, rows are shared out
    [(3000, 4, 4, 4), (7, 28, 28, 28), (5, 64, 784, 64), (2, 300, 2100, 70), (1, 1023, 300, 401),
     (1, 3000, 784, 64), (1, 1, 784, 9000), (1, 20000, 3, 2)],
)  # fmt: skip
def test_products_are_the_same_however_they_are_cut(shape, dtype, monkeypatch):
    matrices, m, k, n = shape
    rng = np.random.default_rng(0)
    a = rng.standard_normal((matrices, m, k)).astype(dtype)
    b = rng.standard_normal((matrices, n, k)).astype(dtype).swapaxes(1, 2)
    by_columns = np.ascontiguousarray(a.swapaxes(1, 2)).swapaxes(1, 2)
    expected = np.float64(a) @ np.float64(b)
    results = []
    for threads in "1", "2", "3":
        monkeypatch.setenv("CUTAWAY_NUM_THREADS", threads)
        results += [cutaway.matmul(a, b), cutaway.matmul(a, np.ascontiguousarray(b))]
        results += [cutaway.matmul(by_columns, b)]
    bound = 8 * np.finfo(dtype).eps * (np.abs(np.float64(a)) @ np.abs(np.float64(b)))
    assert (np.abs(results[0] - expected) <= bound).all()
    assert all(np.array_equal(result, results[0]) for result in results[1:])


def test_a_large_product_gives_the_same_bits_for_any_number_of_threads(monkeypatch):
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((150, 90), np.float32), rng.standard_normal((90, 210), np.float32)
    results = []
    for threads in ("1", "2", "3"):
        monkeypatch.setenv("CUTAWAY_NUM_THREADS", threads)
        results.append(cutaway.matmul(a, b).tobytes())
    assert len(set(results)) == 1


# activations

GRID = np.concatenate([np.linspace(-100, 100, 2001), np.linspace(-1, 1, 999), [0.0, -0.0, 1e-30]])


def softmax(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


EXACT = {
    "sigmoid": lambda x: np.where(x < 0, np.exp(np.minimum(x, 0)), 1) / (1 + np.exp(-np.abs(x))),
    "relu": lambda x: np.maximum(x, 0),
    "tanh": np.tanh,
    "softmax": softmax,
}


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("name", list(EXACT))
def test_activations_are_right_to_a_few_units_in_the_last_place(name, dtype):
    x = GRID.astype(dtype)
    result = getattr(cutaway, name)(x)
    assert result.dtype == dtype
    rtol = 8 * np.finfo(dtype).eps
    if name == "softmax":  # x - max(x) is rounded to the precision of 200
        rtol *= 100
    np.testing.assert_allclose(result, EXACT[name](x.astype(np.float64)), rtol=rtol, atol=2e-38)


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("name", ["sigmoid", "tanh"])
def test_slopes_are_those_of_finite_differences(name, dtype):
    x = np.linspace(-4, 4, 101)
    h = 1e-5
    numeric = (EXACT[name](x + h) - EXACT[name](x - h)) / (2 * h)
    slope = getattr(cutaway, f"{name}_derivative")(x.astype(dtype))
    np.testing.assert_allclose(slope, numeric, rtol=1e-5, atol=1e-6)


def test_relu_has_slope_one_above_zero_only():
    x = np.array([-2.0, -0.0, 0.0, 1e-30, 3.0])
    assert cutaway.relu_derivative(x).tolist() == [0, 0, 0, 1, 1]


def test_the_derivative_of_softmax_is_its_jacobian():
    x = np.random.default_rng(0).standard_normal((4, 5))
    jacobian = cutaway.softmax_derivative(x)
    assert jacobian.shape == (4, 5, 5)
    h = 1e-6
    for j in range(5):
        step = h * np.eye(5)[j]
        numeric = (softmax(x + step) - softmax(x - step)) / (2 * h)
        np.testing.assert_allclose(jacobian[..., j], numeric, atol=1e-8)


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("name", list(EXACT))
def test_activations_let_nan_through_and_survive_infinity(name, dtype):
    x = np.array([[1.0, np.nan, 2.0], [1.0, -np.inf, 2.0]], dtype)
    result = getattr(cutaway, name)(x)
    assert np.isnan(result[0]).any()
    assert np.isfinite(result[1]).all() or name == "relu"


@pytest.mark.parametrize("shape", [(), (1,), (3, 4, 5), (0,), (2, 0), (17,), (33, 3)])
@pytest.mark.parametrize("name", ["sigmoid", "relu", "tanh"])
def test_activations_keep_the_shape(name, shape):
    x = np.random.default_rng(0).standard_normal(shape)
    result = getattr(cutaway, name)(x)
    assert np.shape(result) == shape
    np.testing.assert_allclose(result, EXACT[name](x), rtol=1e-12)
    assert np.shape(getattr(cutaway, f"{name}_derivative")(x)) == shape


def test_activations_read_every_layout_and_leave_it_alone():
    for _, x in layouts(np.random.default_rng(0), (6, 10), np.float64):
        before = x.copy()
        np.testing.assert_allclose(cutaway.softmax(x), softmax(before.astype(float)), rtol=1e-12)
        np.testing.assert_array_equal(x, before)


@pytest.mark.parametrize("bad", [3.0, np.empty((2, 0))])
def test_softmax_needs_an_axis_to_sum_over(bad):
    with pytest.raises(ValueError, match="softmax: x must have a last axis"):
        cutaway.softmax(bad)
