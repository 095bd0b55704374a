"""What the tests of readers share: files that are damaged in many ways, and what may be said of them."""

import struct

import numpy as np
import pytest

from cutaway import load_data


def damaged(whole, step):
    """Yield a file cut short at many places, and with a byte changed there, by much and by little."""
    for i in range(0, len(whole), step):
        yield whole[:i]
        for mask in (0xFF, 0x01):
            yield whole[:i] + bytes([whole[i] ^ mask]) + whole[i + 1 :]


@pytest.fixture
def survives():
    """Damage a file in many ways: each is read, or refused in one sentence that names the path."""

    def survives(path, source=None, *, step=3, contents=None):
        source = source or path
        for content in damaged(path.read_bytes(), step) if contents is None else contents:
            path.write_bytes(content)
            try:
                load_data(source)
            except ValueError as error:
                said = str(error)
                assert said.startswith(f"load_data: {source}"), said
            except Exception as error:
                pytest.fail(f"{type(error).__name__}: {error}: of {content!r}"[:2000])

    return survives


@pytest.fixture
def idx():
    """Return the bytes of an IDX file."""

    def idx(array, kind=8):
        lengths = struct.pack(f">{array.ndim}I", *array.shape)
        data = array.astype({8: np.uint8, 12: ">i4"}[kind]).tobytes()
        return bytes([0, 0, kind, array.ndim]) + lengths + data

    return idx
