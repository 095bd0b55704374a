"""A reader for pickles of NumPy arrays that cannot run code: `mnist.pkl.gz` goes in, arrays come out.

The unpickler knows only the opcodes that tuples, numbers, strings and arrays need. Names of functions
in the file are never looked up: the few that NumPy writes stand for the harmless stand-ins below,
which check what they are given.
"""

from __future__ import annotations

import math
import os
import pickle
import reprlib
import struct
from collections.abc import Callable
from typing import Any, NoReturn

import numpy as np

from .. import checks
from ..files import open_regular
from .idx import open_stream

LARGEST = 512 << 20  # bytes of pickle after decompression

_DTYPES = {"f4", "f8", "i4", "i8", "u1"}
_BAD_PICKLE = (
    EOFError, IndexError, KeyError, TypeError, ValueError, AttributeError, UnicodeError,
    OverflowError, RecursionError, AssertionError, struct.error, pickle.UnpicklingError,
    DeprecationWarning,  # of an unknown escape in a string, where warnings are errors
)  # fmt: skip

_BLOCK = 1 << 20  # bytes per read
_MOST_AXES = 32
_MOST_OPCODES = 100_000  # an array takes about 50, and files of many small ones so many bytes each:
_BYTES_OF_OPCODE = 64  # what one can take of memory
_SHORT = reprlib.Repr()  # what a message quotes: a few nested tuples can have a repr of gigabytes
_SHORT.maxstring, _SHORT.maxlevel = 80, 2


class _DtypeStandIn:
    def __init__(self, name: object, *_: object) -> None:
        text = name.decode("latin1") if isinstance(name, bytes) else name
        if not isinstance(text, str) or text not in _DTYPES:
            raise ValueError(f"arrays of type {_SHORT.repr(text)} are not read")
        self.dtype = np.dtype(text)

    def setstate(self, state: Any) -> None:
        order: Any = state[1].decode("latin1") if isinstance(state[1], bytes) else state[1]
        if order not in ("<", ">", "|", "=") or state[2] is not None:
            raise ValueError("structured types are not read")
        self.dtype = self.dtype.newbyteorder(order)


class _ArrayStandIn:
    array: np.ndarray[Any, np.dtype[Any]] | None = None

    def setstate(self, state: Any) -> None:
        _, shape, dtype, fortran, raw = state
        self.array = _array(raw, dtype, shape, "F" if fortran else "C")


def _array(raw: Any, dtype: Any, shape: Any, order: Any) -> np.ndarray[Any, np.dtype[Any]]:
    if not (isinstance(raw, bytes | bytearray) and isinstance(dtype, _DtypeStandIn)):
        raise ValueError("an array's data are not bytes")
    if not (
        isinstance(shape, tuple)
        and len(shape) <= _MOST_AXES
        and all(type(n) is int and n >= 0 for n in shape)
    ):
        raise ValueError("an array's shape is not a tuple of lengths")
    if math.prod(shape) * dtype.dtype.itemsize != len(raw):
        raise ValueError(f"an array of shape {shape} does not fit its {len(raw)} bytes")
    if order not in ("C", "F"):
        raise ValueError(f"array order {_SHORT.repr(order)} is not read")
    return np.frombuffer(raw, dtype.dtype).reshape(shape, order=order)


def _reconstruct(*_: object) -> _ArrayStandIn:
    return _ArrayStandIn()


def _frombuffer(raw: object, dtype: object, shape: object, order: object) -> object:
    return _array(raw, dtype, shape, order)


def _scalar(dtype: object, raw: object) -> object:
    return _array(raw, dtype, (), "C")[()]


def _encode(text: str, encoding: str = "latin1") -> bytes:
    if encoding not in ("latin1", "latin-1"):
        raise ValueError(f"encoding {_SHORT.repr(encoding)} is not read")
    return text.encode("latin1")


def _bytes(*args: object) -> bytes:
    if args:
        raise ValueError("bytes() with arguments is not read")
    return b""


class _ArrayType:
    """Stands for numpy.ndarray, which a pickle only names as an argument."""


_STAND_INS: dict[tuple[str, str], Any] = {("numpy", "dtype"): _DtypeStandIn,
                                          ("numpy", "ndarray"): _ArrayType,
                                          ("_codecs", "encode"): _encode,
                                          ("__builtin__", "bytes"): _bytes,
                                          ("builtins", "bytes"): _bytes}  # fmt: skip
for _core in ("numpy.core", "numpy._core"):
    _STAND_INS[f"{_core}.multiarray", "_reconstruct"] = _reconstruct
    _STAND_INS[f"{_core}.numeric", "_frombuffer"] = _frombuffer
    _STAND_INS[f"{_core}.multiarray", "scalar"] = _scalar

_CALLABLE = (_DtypeStandIn, _reconstruct, _frombuffer, _scalar, _encode, _bytes)

_OPCODES = (
    "PROTO FRAME STOP MARK POP POP_MARK DUP "
    "NONE NEWTRUE NEWFALSE INT BININT BININT1 BININT2 LONG LONG1 FLOAT BINFLOAT "
    "STRING BINSTRING SHORT_BINSTRING UNICODE BINUNICODE SHORT_BINUNICODE BINUNICODE8 "
    "BINBYTES SHORT_BINBYTES BINBYTES8 BYTEARRAY8 "
    "TUPLE EMPTY_TUPLE TUPLE1 TUPLE2 TUPLE3 LIST EMPTY_LIST APPEND APPENDS "
    "PUT BINPUT LONG_BINPUT GET BINGET LONG_BINGET MEMOIZE GLOBAL STACK_GLOBAL REDUCE BUILD"
).split()


class _Bytes:
    """Reads bytes that are there, without a second copy of all of them, as BytesIO makes."""

    def __init__(self, data: bytearray) -> None:
        self._data, self._at = data, 0

    def read(self, n: int) -> bytes:
        data = bytes(memoryview(self._data)[self._at : self._at + n])
        self._at += len(data)
        return data

    def readline(self) -> bytes:
        end = self._data.find(b"\n", self._at) + 1 or len(self._data)
        return self.read(end - self._at)


_PurePython: Any = pickle._Unpickler
_Opcode = Callable[[Any], None]


class _Unpickler(_PurePython):  # type: ignore[misc]
    """The standard library's Python unpickler, with an opcode table of its own.

    Python 2's strings come as bytes and are shared, so what a short pickle names often takes memory
    once.
    """

    def __init__(self, data: bytearray) -> None:
        super().__init__(_Bytes(data), encoding="bytes")
        self.dispatch = _Opcodes(max(_MOST_OPCODES, len(data) // _BYTES_OF_OPCODE))
        self._encoded = 0

    def find_class(self, module: str, name: str) -> Any:
        try:
            return _STAND_INS[module, name]
        except KeyError:
            what = _SHORT.repr(f"{module}.{name}")
            raise ValueError(f"it names {what}, which an array does not need") from None

    def load_reduce(self) -> None:
        arguments = self.stack.pop()
        function = self.stack[-1]
        if function not in _CALLABLE or not isinstance(arguments, tuple):
            raise ValueError("it calls something that is not an array")
        result = function(*arguments)
        if isinstance(result, bytes):
            self._encoded += len(result)
            if self._encoded > LARGEST:
                raise ValueError(f"it encodes more than {LARGEST} bytes")
        self.stack[-1] = result

    def load_build(self) -> None:
        state = self.stack.pop()
        target = self.stack[-1]
        if not isinstance(target, _DtypeStandIn | _ArrayStandIn):
            raise ValueError("it sets the state of something that is not an array")
        target.setstate(state)

    def load_bytearray8(self) -> None:  # the library's allocates before it reads
        (length,) = struct.unpack("<Q", self.read(8))
        self.append(bytes(self._exactly(length)))

    def _exactly(self, length: int) -> bytes:
        data: bytes = self.read(length)
        if len(data) < length:
            raise EOFError("the data end too soon")
        return data


def _refuse(_: Any) -> NoReturn:
    raise ValueError("it holds an opcode that an array does not need")


class _Opcodes:
    """Hands out opcodes by their number, so many and no more."""

    def __init__(self, most: int) -> None:
        self._most = self._left = most

    def __getitem__(self, code: int) -> _Opcode:
        self._left -= 1
        if self._left < 0:
            raise ValueError(f"it has more than {self._most} opcodes, which arrays do not need")
        return _TABLE[code]


def _table() -> dict[int, _Opcode]:
    table: dict[int, _Opcode] = dict.fromkeys(range(256), _refuse)
    for name in _OPCODES:
        code = getattr(pickle, name)[0]
        table[code] = _PurePython.dispatch[code]
    table[pickle.REDUCE[0]] = _Unpickler.load_reduce
    table[pickle.BUILD[0]] = _Unpickler.load_build
    table[pickle.BYTEARRAY8[0]] = _Unpickler.load_bytearray8
    return table


_TABLE = _table()


def read(path: str | os.PathLike[str]) -> Any:
    """Read a pickle, raw or gzip, made of tuples, lists, numbers, strings and arrays.

    Returns:
        The object; arrays are read-only.

    Raises:
        ValueError: if the pickle holds anything else, is damaged, or is larger than LARGEST.
        OSError: if the file cannot be read.
    """
    try:
        with open_regular(path) as file:
            stream, data = open_stream(file), bytearray()
            while len(data) <= LARGEST and (block := stream.read(_BLOCK)):
                data += block
    except ValueError as error:
        raise ValueError(f"{os.fspath(path)}: {error}") from None
    if len(data) > LARGEST:
        raise ValueError(f"{os.fspath(path)}: more than {LARGEST} bytes of pickle")
    try:
        return _finish(_Unpickler(data).load(), {})
    except _BAD_PICKLE as error:
        why = checks.shown(error, str) if str(error) else "the data end too soon"
        raise ValueError(f"{os.fspath(path)}: not a pickle of arrays: {why}") from None
    except MemoryError:
        raise ValueError(f"{os.fspath(path)}: a pickle that asks for too much memory") from None


def _finish(value: Any, done: dict[int, Any]) -> Any:
    """Replace stand-ins by the arrays that they carry; what is shared is visited once."""
    if id(value) not in done:
        result = value
        if isinstance(value, _ArrayStandIn):
            result = value.array
            if result is None:
                raise ValueError("an array without data")
        elif isinstance(value, tuple | list):
            result = type(value)([_finish(v, done) for v in value])
        done[id(value)] = result
    return done[id(value)]
