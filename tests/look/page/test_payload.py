"""Payload: what is unpacked is what was packed, to a 127th of each unit's largest weight at that moment."""

import zlib
from base64 import b64decode

import numpy as np
import pytest

from cutaway.look.page.payload import KINDS, Payload


def unpacked(payload):
    data = b64decode(payload.text())
    return {
        row["name"]: np.frombuffer(
            zlib.decompress(data[row["start"] : row["end"]]), KINDS[row["kind"]]
        ).reshape(row["shape"])
        for row in payload.table
    }


@pytest.fixture
def moments():
    rng = np.random.default_rng(0)
    return list((rng.normal(size=(5, 9, 3)).cumsum(axis=0) * (1, 10, 0)).astype(np.float32))


def test_arrays_come_back():
    payload = Payload()
    payload.add("a", "u1", np.arange(6).reshape(2, 3))
    payload.add("none", "i4", np.zeros((0, 4)), search=False)
    found = unpacked(payload)
    assert found["a"].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert found["none"].shape == (0, 4)


def test_moments_are_right_to_a_127th_of_a_units_largest_weight_and_the_last_is_exact(moments):
    payload = Payload()
    payload.add_moments("layer.0", moments)
    found = unpacked(payload)
    levels = found["layer.0.steps"].cumsum(axis=0, dtype=np.int8)  # modulo 256, as the page has it
    back = levels * found["layer.0.scale"][:, np.newaxis]
    for number, values in enumerate(moments[:-1]):
        bound = np.abs(values).max(axis=0) / 127 / 2
        assert (np.abs(back[number] - values) <= 1.01 * bound + 1e-30).all()
    assert (found["layer.0.last"] == moments[-1]).all()


def test_one_moment_is_the_exact_one(moments):
    payload = Payload()
    payload.add_moments("layer.0", moments[:1])
    assert unpacked(payload)["layer.0.steps"].shape == (0, 9, 3)
    assert (unpacked(payload)["layer.0.last"] == moments[0]).all()
