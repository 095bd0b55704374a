"""The core's parts by themselves, for those who write their own loop: matmul and the activations.

float32 is computed in float32, float64 in float64; integers are converted to float64, and small
floats to float32. Always on the CPU: a GPU takes part through Network only.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import _core, checks
from ..threads import default_threads

Array = NDArray[Any]

_WORTH_THREADS = 100_000  # multiply-adds: fewer are one thread's in the core, whatever is asked


def _float_type(*arrays: Array) -> np.dtype[Any]:
    common = arrays[0].dtype
    if any(array.dtype is not common for array in arrays):  # to ask NumPy takes a microsecond
        common = np.result_type(*arrays)
    if common.kind != "f":
        return np.dtype(np.float64)
    return np.dtype(np.float32 if common.itemsize <= 4 else np.float64)


def _operand(array: Array, dtype: np.dtype[Any], stack: tuple[int, ...]) -> Array:
    """Return a stack of matrices that the core can read in place: aligned, with whole steps."""
    if array.dtype is not dtype:
        array = array.astype(dtype, copy=False)
    if not (array.flags.c_contiguous and array.flags.aligned):
        whole = not any(step % array.itemsize for step in array.strides)
        array = array if whole and array.flags.aligned else array.copy(order="C")
    if array.shape[:-2] != stack:
        array = np.broadcast_to(array, stack + array.shape[-2:])
    return array


def matmul(a: ArrayLike, b: ArrayLike, out: Array | None = None) -> Array:
    """Multiply matrices, or stacks of them, with the shapes and broadcasting of `numpy.matmul`.

    Args:
        a: (..., m, k), or a vector (k,), which stands for one row.
        b: (..., k, n), or a vector (k,), which stands for one column.
        out: Where the result goes, instead of new memory: an array of its shape and dtype, in C
            order, that lies apart from a and b in memory.

    Returns:
        (..., m, n), without the axes that a vector lacked; float32 or float64.

    Raises:
        TypeError: if an argument is no array of real numbers.
        ValueError: if an argument is a scalar, the shapes do not fit, or out is not such an array.
    """
    left, right = checks.numbers("matmul", "a", a), checks.numbers("matmul", "b", b)
    for name, array in (("a", left), ("b", right)):
        if array.ndim == 0:
            raise ValueError(f"matmul: {name} must have at least one axis, got a scalar")
    dtype = _float_type(left, right)
    row, column = left.ndim == 1, right.ndim == 1
    left = left[np.newaxis] if row else left
    right = right[:, np.newaxis] if column else right
    if left.shape[-1] != right.shape[-2]:
        raise ValueError(
            f"matmul: a must have as many columns as b has rows, got {left.shape[-1]} and "
            f"{right.shape[-2]}"
        )
    stack = left.shape[:-2]
    if right.shape[:-2] != stack:
        try:
            stack = np.broadcast_shapes(stack, right.shape[:-2])
        except ValueError:
            raise ValueError(
                f"matmul: stacks must broadcast, got {left.shape[:-2]} and {right.shape[:-2]}"
            ) from None
    full = (*stack, left.shape[-2], right.shape[-1])
    shape = stack + full[len(stack) + row : len(full) - column]  # a vector has no axis for it
    if out is None:
        checks.room("matmul", "the products", math.prod(shape) * dtype.itemsize)
        out = np.empty(shape, dtype)
    else:
        _check_out(out, shape, dtype, left, right)
    left, right = (_operand(array, dtype, stack) for array in (left, right))
    matrices = out.reshape(full) if row or column else out
    large = out.size * left.shape[-1] >= _WORTH_THREADS
    _core.matmul(left, right, matrices, default_threads(anew=False) if large else 1)
    return out


def _check_out(out: Array, shape: tuple[int, ...], dtype: np.dtype[Any], *inputs: Array) -> None:
    if not isinstance(out, np.ndarray) or isinstance(out, np.ma.MaskedArray):
        raise TypeError(f"matmul: out must be a plain array, got {type(out).__name__}")
    if out.shape != shape or out.dtype != dtype:
        raise ValueError(f"matmul: out must be {shape} {dtype}, got {out.shape} {out.dtype}")
    if not (out.flags.c_contiguous and out.flags.writeable and out.flags.aligned):
        raise ValueError("matmul: out must be writeable and in C order")
    if any(np.may_share_memory(out, array) for array in inputs):
        raise ValueError("matmul: out must lie apart from a and b in memory")


def _activate(name: str, x: ArrayLike, who: str | None = None) -> Array:
    array = checks.numbers(who or name, "x", x)
    out = np.array(array, dtype=_float_type(array), order="C", ndmin=1)
    _core.activate(name, out)
    return out.reshape(array.shape)


def _derivative(name: str, x: ArrayLike) -> Array:
    a = _activate(name, x, f"{name}_derivative")
    result: Array = _core.slopes(name, a)
    return result


def sigmoid(x: ArrayLike) -> Array:
    """Return 1 / (1 + e^-x), elementwise."""
    return _activate("sigmoid", x)


def relu(x: ArrayLike) -> Array:
    """Return max(0, x), elementwise; NaN stays NaN."""
    return _activate("relu", x)


def tanh(x: ArrayLike) -> Array:
    """Return the hyperbolic tangent, elementwise."""
    return _activate("tanh", x)


def softmax(x: ArrayLike) -> Array:
    """Return e^x / sum of e^x over the last axis.

    Raises:
        ValueError: if x is a scalar, or its last axis is empty.
    """
    return _softmax("softmax", x)


def _softmax(who: str, x: ArrayLike) -> Array:
    array = checks.numbers(who, "x", x)
    if array.ndim == 0 or array.shape[-1] == 0:
        raise ValueError(f"{who}: x must have a last axis to sum over, got shape {array.shape}")
    return _activate("softmax", array)


def sigmoid_derivative(x: ArrayLike) -> Array:
    """Return the slope of sigmoid at the pre-activation x: s (1 - s), s = sigmoid(x)."""
    return _derivative("sigmoid", x)


def relu_derivative(x: ArrayLike) -> Array:
    """Return the slope of relu at the pre-activation x: 1 where x > 0, else 0."""
    return _derivative("relu", x)


def tanh_derivative(x: ArrayLike) -> Array:
    """Return the slope of tanh at the pre-activation x: 1 - tanh(x)^2."""
    return _derivative("tanh", x)


def softmax_derivative(x: ArrayLike) -> Array:
    """Return the Jacobian of softmax at the pre-activations x (..., n): (..., n, n).

    Element [i, j] is d softmax_i / d x_j = s_i (delta_ij - s_j): softmax mixes its inputs, so its
    derivative is a matrix.
    """
    s = _softmax("softmax_derivative", x)
    checks.room("softmax_derivative", "the Jacobians", s.nbytes * s.shape[-1])
    column = s[..., np.newaxis]
    result: Array = column * (np.eye(s.shape[-1], dtype=s.dtype) - s[..., np.newaxis, :])
    return result
