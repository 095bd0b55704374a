"""Stored: a safetensors file goes in, read once; its metadata, its arrays and its bytes come out."""

from __future__ import annotations

import json
import os
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .. import checks
from ..errors import CheckpointError
from ..files import open_regular

_TYPES = {
    "F16": "<f2", "F32": "<f4", "F64": "<f8", "BOOL": "?",
    "I8": "i1", "I16": "<i2", "I32": "<i4", "I64": "<i8",
    "U8": "u1", "U16": "<u2", "U32": "<u4", "U64": "<u8",
}  # fmt: skip
_LONGEST_HEADER = 1 << 24  # bytes


class Stored(NamedTuple):
    """What a safetensors file holds.

    Attributes:
        metadata: Words about it.
        tensors: The arrays by their names.
        data: All bytes of the file, of which these were made.
    """

    metadata: dict[str, str]
    tensors: dict[str, NDArray[Any]]
    data: bytes


def read_stored(who: str, path: str | os.PathLike[str]) -> Stored:
    """Read a safetensors file, in one go: whoever replaces it meanwhile makes no mixture of two.

    Raises:
        CheckpointError: if it is none, or holds arrays of types that are not read.
        OSError: if it cannot be read, or is no regular file.
    """
    from safetensors import SafetensorError, deserialize

    read: Any = deserialize  # which has no types
    with open_regular(path) as file:
        size = os.fstat(file.fileno()).st_size
        checks.room(who, os.fspath(path), 2 * size)
        start = file.read(8)
        length = int.from_bytes(start, "little")
        if len(start) < 8:
            raise CheckpointError("it is cut short")
        if length > min(size, _LONGEST_HEADER):
            raise CheckpointError(f"its header cannot have {length} bytes")
        header = file.read(length)
        try:
            described = json.loads(header)
            metadata = described.pop("__metadata__", None) or {}
            ends = [tensor["data_offsets"][1] for tensor in described.values()]
            if size != 8 + length + max(ends, default=0):  # before it is read
                raise CheckpointError("its length is not that of its tensors")
            data = start + header + file.read(size - len(start) - length)
            tensors = {name: _array(name, tensor) for name, tensor in read(data)}
        except CheckpointError:
            raise
        except (
            SafetensorError, ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError,
        ) as error:  # fmt: skip
            raise CheckpointError(checks.shown(error, str)) from None
    return Stored(metadata, tensors, data)


def _array(name: str, tensor: dict[str, Any]) -> NDArray[Any]:
    if tensor["dtype"] not in _TYPES:
        known = ", ".join(_TYPES)
        raise CheckpointError(
            f"tensor {checks.shown(name)} must be of a type among {known}, got {tensor['dtype']}; save it "
            "as float32"
        )
    return np.frombuffer(tensor["data"], _TYPES[tensor["dtype"]]).reshape(tensor["shape"])
