"""Floats that are pixels become bytes again, exactly, and nothing else does."""

import numpy as np
import pytest

from cutaway.data.pixels import bytes_again

BYTES = np.arange(10_000 * 3, dtype=np.uint8).reshape(10_000, 3)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("computed", [np.float32, np.float64])
@pytest.mark.parametrize("whole", [255, 256, 1])
def test_parts_of_255_and_of_256_and_whole_numbers_become_bytes(whole, computed, dtype):
    floats = (BYTES.astype(computed) / computed(whole)).astype(dtype)
    parts = bytes_again([floats, floats[:7], floats[:0]])
    assert [part.dtype for part in parts] == [np.uint8] * 3
    np.testing.assert_array_equal(parts[0], BYTES)
    np.testing.assert_array_equal(parts[1], BYTES[:7])


def test_a_last_bit_does_not_matter():
    floats = BYTES.astype(np.float32) * np.float32(1 / 255)
    assert (floats != BYTES.astype(np.float32) / np.float32(255)).any()
    np.testing.assert_array_equal(bytes_again([floats])[0], BYTES)


@pytest.mark.parametrize(
    "change",
    [
        lambda floats: floats * (1 - 1e-6),
        lambda floats: floats + 1e-7,
        lambda floats: -floats,
        lambda floats: floats * 256 + 0.5,
        lambda floats: np.rint(floats * 255) * 2,
        lambda floats: np.where(np.arange(len(floats))[:, None] == 9_999, 0.5, floats),
        lambda floats: np.where(floats == 1, np.nan, floats),
    ],
)
def test_other_floats_stay_as_they_are(change):
    floats = BYTES / 255
    changed = change(floats)
    for arrays in ([changed], [floats, changed]):
        kept = bytes_again(arrays)
        assert all(a is b for a, b in zip(kept, arrays, strict=True))


def test_sets_of_two_scales_stay_as_they_are():
    arrays = [BYTES / 255, BYTES / 256]
    assert bytes_again(arrays)[0] is arrays[0]


def test_integers_stay_as_they_are():
    arrays = [BYTES, BYTES / 255]
    assert bytes_again(arrays)[0] is BYTES
