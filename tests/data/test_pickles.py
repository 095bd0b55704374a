"""The pickle reader: arrays of every Python to the bit; no code runs, no memory is handed out."""

import base64
import gzip
import os
import pickle
import re
import struct
import tracemalloc
import zlib
from contextlib import nullcontext

import numpy as np
import pytest

from cutaway.data import pickles

# zlib + base64 of cPickle.dumps(((X, Y), (X, Y), (X, Y)), protocol): Python 2.7.18, numpy 1.16.6
X = (np.arange(84).reshape(3, 28) * 3 / 256).astype("f4")
Y = np.array([200, 1, 0], "i8")
PYTHON_2 = {
    0: (
        "eNqFlG1LwzAUhb/nZwjSgljSdXZV1m0gCIUxYUMYKEqbvjBxXegyseCPN855ehB1H0Kfh3ubk5JyXVfVu7VuPb"
        "VpCm+9ezGrtGnSVjw1hdrUW9PslBHaF4c+Uedfdd0TbiKFWTiZI8xcB1ZtVxKIpBcJc+jOTasLofvCXThl3xH2"
        "Ddtl2y/2rQtn6IjZbJac+2K/7IZZIqUtPLxJ+duaDDtTksSXMXpAOu4aLiVJGsW8D0nOlZIrsj/iOBYFcUFd9w"
        "Q0BS1BOUiD3mnziGOjdMRfxBKyKJK0xxKxFCQZ52ScozhHcY7inJxzcs7JOafgnIJzSs4pOafkHOmP+VJYBp3U"
        "HTZjvjeWgCVkuWRRLCXkBHQKckFnIA/Unbw7dnfmK1AMmoCuQTegBDQF3YLmoDvQEnQPegSloBxUgZ5Ba5AGbU"
        "GvoHZsh0NW2cFQ/ZgXIeaFqfbjYRXReBgcHw8q+mtEfP8lR+r/rs9jG7cKRBUKPI33AdVKh5k="
    ),
    1: (
        "eNp90TFIAlEcx/E7NYWDQAiiQAiC4EFwGAhFaApBYCcW0oEQFJ5nnZF6dz6Dg8amJqempianpqYmp2hoanJqam"
        "pyagrqWx7R1B8+fx68H48HPyHq7V7LDfR6x2/ord6pbNZ8vxZoh36j3ml3pd+rS81Tw5jWtifXXkQYijRVS1a8"
        "qDBUYUSNlAxDtgzchubFhBk5yhiKoRKaImGq2XK5vP3J/CxesIrptLa3qyrhFLKKMkQyxxku+hhgiBHGiG2QQQ"
        "oCGRRQQhU2XJzjApfo4wrXuMEAt7jDPYZ4wBOeMcILXvGGMd7xATXPH5CAhmkkMYNZzCOFBSxiCQLL0LGCDFax"
        "jhwK2MQWiihhBxWYqGIfB6jBxjFO0IKLLs4Q5KXlqML5U1N8UpN0vntproW9JP7pxZx7DGv57SccaUnhRJ14uK"
        "X+BQlLgKs="
    ),
    2: (
        "eNp10TFIAmEYxvE7zxQOAiGIAiEIgoPgIBCK0BKCoE4spAMhKLw764zUu/MMDhoaUqnJqampyampqckpGpqanJ"
        "qampyagvqjR0298Ht54XuGD56LiFlrVp1ANeteWa02T/1KyfNKgXzolc16reF7TdOXXXGckmvW+NWNaEJLF41O"
        "wZUUTdQkLdkOI5YfOGXZjeqRo5QmaCKRCUWTdDGdz+e3v5nR0gTfuNrbFYVwsmlB6COR4YaDLnroY4AhomtkkI"
        "SCFLLIoQgLDs5xiWt0cYNb3KGHezzgEX084QWvGOAN7/jAEJ/4grjOHxCHjEkkMIVpzCKJOcxjAQoWoWIJKSxj"
        "FRlksYFNbCGHHRSgo4h9HKAEC8c4QRUOGjhDsO4btmj/9RMb9dOyKaSyEhYS/68QfeY57OO3mHB8o21Ldmy8Ou"
        "oPZbJ/0w=="
    ),
}

ARRAYS = {
    "float32": X,
    "float64": X.astype("f8"),
    "int32": Y.astype("i4"),
    "bytes": Y.astype("u1"),
    "big-endian": X.astype(">f4"),
    "column by column": np.asfortranarray(X),
    "strided": X[::2, ::3],
    "read-only": np.frombuffer(X.tobytes(), "f4"),
    "no elements": X[:0],
}


@pytest.fixture
def write(tmp_path):
    def write(content):
        path = tmp_path / "some.pkl"
        path.write_bytes(content)
        return path

    return write


def assert_same(result, expected):
    assert result.dtype == expected.dtype
    assert result.shape == expected.shape
    assert result.tobytes() == expected.tobytes()
    assert not result.flags.writeable


@pytest.mark.parametrize("protocol", range(6))
def test_every_protocol_of_python_3_loads_to_the_bit(write, protocol):
    for array in ARRAYS.values():
        for pack in (bytes, gzip.compress):
            first, (second, rest) = pickles.read(
                write(pack(pickle.dumps((array, [array, 5]), protocol)))
            )
            assert_same(first, array)
            assert second is first
            assert rest == 5


@pytest.mark.parametrize("protocol", PYTHON_2)
def test_what_python_2_wrote_loads_to_the_bit(write, protocol):
    sets = pickles.read(write(zlib.decompress(base64.b64decode(PYTHON_2[protocol]))))
    assert len(sets) == 3
    for x, y in sets:
        assert_same(x, X)
        assert_same(y, Y)


def test_names_of_numpy_1_and_2_mean_the_same(write):
    content = pickle.dumps(X, 2)
    old, new = b"numpy.core.multiarray", b"numpy._core.multiarray"
    assert (old in content) != (new in content)
    for name in (old, new):
        assert_same(pickles.read(write(content.replace(new, old).replace(old, name))), X)


class Call:
    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize("protocol", range(6))
def test_a_pickle_cannot_run_code(write, tmp_path, protocol):
    path = write(pickle.dumps((X, Call(os.mkdir, str(tmp_path / "made"))), protocol))
    with pytest.raises(ValueError, match=re.escape(f"{path}: not a pickle of arrays: it names '")):
        pickles.read(path)
    assert not (tmp_path / "made").exists()


def name(module, attribute):
    return f"c{module}\n{attribute}\n".encode()


NOT_READ = "an opcode that an array does not need"
REFUSED = {
    "os.system": (name("os", "system") + b"S'ls'\n\x85R.", "it names 'os.system'"),
    "os.system by the stack": (b"\x8c\x02os\x8c\x06system\x93)R.", "it names 'os.system'"),
    "numpy.load": (name("numpy", "load") + b")R.", "it names 'numpy.load'"),
    "a name with escapes": (b"\x8c\x02\n\x1b\x8c\x01x\x93.", r"it names '\n\x1b.x', which"),
    "INST": (b"(S'ls'\nios\nsystem\n.", NOT_READ),
    "OBJ": (b"(" + name("numpy", "ndarray") + b"o.", NOT_READ),
    "NEWOBJ": (name("numpy", "ndarray") + b")\x81.", NOT_READ),
    "NEWOBJ_EX": (name("numpy", "ndarray") + b")}\x92.", NOT_READ),
    "PERSID": (b"Pfile\n.", NOT_READ),
    "EXT1": (b"\x82\x01.", NOT_READ),
    "a dictionary": (pickle.dumps({"x": 1}), NOT_READ),
    "a set": (pickle.dumps({1}), NOT_READ),
    "a call of the class": (name("numpy", "ndarray") + b")R.", "it calls something that is not"),
    "a call of a number": (b"K\x01)R.", "it calls something that is not an array"),
    "a state for a tuple": (b")K\x01b.", "it sets the state of something that is not an array"),
    "another encoding": (
        name("_codecs", "encode") + b"\x8c\x01a\x8c\x05rot13\x86R.",
        "encoding 'rot13' is not read",
    ),
    "bytes of a number": (name("builtins", "bytes") + b"K\x05\x85R.", "bytes() with arguments"),
    "an array without data": (
        name("numpy.core.multiarray", "_reconstruct") + b")R.",
        "without data",
    ),
    "empty": (b"", "the data end too soon"),
    "no pickle": (b"\x89PNG\r\n\x1a\n", NOT_READ),
    "a frame without an end": (b"\x80\x04\x95" + b"\xff" * 7 + b"\x7f", "the data end too soon"),
}


@pytest.mark.parametrize(("content", "message"), REFUSED.values(), ids=REFUSED)
def test_anything_but_arrays_is_refused_in_one_line_with_the_file_name(write, content, message):
    path = write(content)
    with pytest.raises(ValueError, match=re.escape(message)) as error:
        pickles.read(path)
    assert str(error.value).startswith(f"{path}: not a pickle of arrays: ")
    assert len(str(error.value).splitlines()) == 1


@pytest.mark.parametrize(
    "array",
    [
        np.array([None]),
        np.array(["text"]),
        np.zeros(2, "c8"),
        np.zeros(2, "M8[s]"),
        np.zeros(2, [("a", "f4")]),
    ],
    ids=lambda array: str(array.dtype),
)
def test_an_array_of_another_type_is_refused(write, array):
    with pytest.raises(ValueError, match=r"some.pkl: .*arrays of type '.*' are not read"):
        pickles.read(write(pickle.dumps(array, 2)))


F4 = name("numpy", "dtype") + b"\x8c\x02f4\x85R"


def array_of(raw, dtype, shape, order=b"\x8c\x01C"):
    return name("numpy.core.numeric", "_frombuffer") + b"(" + raw + dtype + shape + order + b"tR."


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (array_of(b"C\x08" + bytes(8), F4, b"K\x03\x85"), "shape (3,) does not fit its 8 bytes"),
        (array_of(b"C\x04" + bytes(4), F4, b"J\xff\xff\xff\xff\x85"), "not a tuple of lengths"),
        (array_of(b"C\x04" + bytes(4), F4, b"\x88\x85"), "shape is not a tuple of lengths"),
        (array_of(b"C\x04" + bytes(4), b"\x8c\x02f4", b"K\x01\x85"), "data are not bytes"),
        (array_of(b"K\x04", F4, b"K\x01\x85"), "data are not bytes"),
        (F4 + b"(K\x03U\x01<" + F4 + b"tb.", "structured types are not read"),
        (F4 + b"(K\x03U\x01xNtb.", "structured types are not read"),
    ],
)
def test_an_array_whose_parts_disagree_is_refused(write, content, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        pickles.read(write(content))


@pytest.mark.parametrize("protocol", [0, 2, 5])
def test_a_truncated_pickle_is_refused_with_the_file_name(write, protocol):
    content = pickle.dumps((Y, Y), protocol)
    path = write(content)
    for length in reversed(range(len(content))):
        os.truncate(path, length)
        with pytest.raises(ValueError, match=r"some.pkl: not a pickle of arrays: "):
            pickles.read(path)


def test_a_truncated_gzip_is_refused_with_the_file_name(write):
    with pytest.raises(ValueError, match=r"some.pkl: the gzip data are cut short"):
        pickles.read(write(gzip.compress(pickle.dumps(X))[:-1]))


NEST = b"K\x01" + b"2\x86" * 34  # a tuple of twice the same tuple of ...: 2**34 numbers, if spelt
HUGE = b"\x8a\xff" + b"\x7f" * 255  # a number of 2000 bits
TEXT = b"X" + struct.pack("<I", 1 << 20) + b"a" * (1 << 20)
GREEDY = {
    "a memo at 2**32": b"\x80\x02Nr\xff\xff\xff\xff",
    "a byte array of 2**62": b"\x80\x05\x96" + struct.pack("<Q", 1 << 62) + b".",
    "a byte array of 2**40": b"\x80\x05\x96" + struct.pack("<Q", 1 << 40) + b".",
    "bytes of 2**40": b"\x80\x04\x8e" + struct.pack("<Q", 1 << 40) + b".",
    "a text of 2**40": b"\x80\x04\x8d" + struct.pack("<Q", 1 << 40) + b".",
    "a string of 2**31": b"T\xff\xff\xff\x7f.",
    "a string of -1": b"T\xff\xff\xff\xff.",
    "nested 90,000 times": b")" + b"\x85" * 90_000 + b".",
    "a list in itself": b"]2a.",
    "a nest for a type": name("numpy", "dtype") + NEST + b"\x85R.",
    "a nest for an order": array_of(b"C\x04" + bytes(4), F4, b"K\x01\x85", NEST),
    "a nest for an encoding": name("_codecs", "encode") + b"\x8c\x01a" + NEST + b"\x86R.",
    "a nest for a shape": array_of(b"C\x04" + bytes(4), F4, NEST),
    "a shape of huge numbers": array_of(
        b"C\x04" + bytes(4), F4, b"(" + HUGE + b"2" * 50_000 + b"t"
    ),
    "millions of lists": b"(" + b"]" * 2_000_000 + b"t.",
    "one text encoded often": b"\x80\x02("
    + name("_codecs", "encode")
    + b"q\x00"
    + TEXT
    + b"q\x01"
    + b"h\x00h\x01\x85R" * 200
    + b"t.",
}


@pytest.mark.timeout(30)
@pytest.mark.parametrize("content", GREEDY.values(), ids=GREEDY)
def test_a_greedy_pickle_is_refused_soon_and_gets_no_memory(write, monkeypatch, content):
    monkeypatch.setattr(pickles, "LARGEST", 4 << 20)
    path = write(content)
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=r"some.pkl: ") as error:
            pickles.read(path)
        assert tracemalloc.get_traced_memory()[1] < 30e6
    finally:
        tracemalloc.stop()
    assert len(str(error.value)) < len(str(path)) + 200


@pytest.mark.timeout(30)
def test_what_is_nested_by_sharing_is_visited_once(write):
    result = pickles.read(write(NEST + b"."))
    assert result[0] is result[1]


def test_a_gzip_bomb_is_not_unpacked(write, monkeypatch):
    monkeypatch.setattr(pickles, "LARGEST", 1 << 20)
    path = write(gzip.compress(bytes(50_000_000), compresslevel=1))
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=r"some.pkl: more than 1048576 bytes of pickle$"):
            pickles.read(path)
        assert tracemalloc.get_traced_memory()[1] < 5e6
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["raw", "gzip"])
@pytest.mark.parametrize("content", ["zeros", "arrays"])
def test_no_pickle_takes_more_than_twice_its_bytes(write, pack, content):
    size = 20_000_000
    arrays = (np.zeros(size, np.uint8), np.zeros(3))
    path = write(pack(bytes(size) if content == "zeros" else pickle.dumps(arrays)))
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match="opcode") if content == "zeros" else nullcontext():
            pickles.read(path)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert most < {"zeros": 1.3, "arrays": 2.3}[content] * size
