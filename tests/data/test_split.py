"""Splits: every class in proportion, the same for the same seed, no sample lost or twice."""

import numpy as np
import pytest

from cutaway.data.split import moved_to_the_end, stratified

LABELS = np.repeat(np.arange(5), [600, 61, 60, 7, 200])


def held(seed=0, sets=2, labels=LABELS):
    return stratified(np.random.default_rng(9).permutation(labels), seed, sets)


@pytest.mark.parametrize("sets", [1, 2])
def test_every_set_has_a_sixth_and_of_every_class_a_sixth_within_one(sets):
    shuffled = np.random.default_rng(9).permutation(LABELS)
    for numbers in held(sets=sets):
        assert len(numbers) == len(LABELS) // 6
        counts = np.bincount(shuffled[numbers], minlength=5)
        assert (np.abs(counts - np.bincount(LABELS) / 6) < 1).all()


def test_no_sample_is_in_two_sets_and_each_set_is_in_order():
    first, second = held()
    assert not set(first) & set(second)
    assert (np.diff(first) > 0).all()
    assert (np.diff(second) > 0).all()


def test_the_seed_decides():
    first, again, other = (held(seed)[0] for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_a_class_always_keeps_a_sample_for_training():
    labels = np.array([0] * 5 + [1] + [2] * 2 + [3] * 5 + [4])
    taken = np.concatenate(stratified(labels, 0, 2))
    assert (np.bincount(np.delete(labels, taken), minlength=5) >= 1).all()


@pytest.mark.parametrize("rows", [12, 4096 * 2 + 7])
def test_rows_are_moved_within_their_array(rows):
    """In blocks, so that no second array of the size is needed; and none is lost."""
    array = np.arange(rows * 3, dtype=np.int32).reshape(rows, 3)
    before = array.copy()
    sets = stratified(np.arange(rows) % 3, 0, 2)
    rest = np.setdiff1d(np.arange(rows), np.concatenate(sets))
    parts = moved_to_the_end(array, sets)
    for part, numbers in zip(parts, [rest, *sets], strict=True):
        assert np.shares_memory(part, array)
        np.testing.assert_array_equal(part, before[numbers])


def test_an_array_that_cannot_be_written_is_copied():
    array = np.frombuffer(bytes(range(12)), np.uint8)
    parts = moved_to_the_end(array, [np.array([0, 5])])
    np.testing.assert_array_equal(parts[1], [0, 5])
    np.testing.assert_array_equal(array, range(12))
