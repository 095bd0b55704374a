"""Where data came from: told in the history, and read again, if they are still the same."""

import numpy as np
import pytest

from cutaway.job.source import Source, read_again


@pytest.fixture
def path(tmp_path):
    rng = np.random.default_rng(0)
    images, labels = rng.integers(0, 256, (60, 4, 4), np.uint8), np.arange(60) % 3
    np.savez(tmp_path / "mine.npz", X=images, y=labels)
    return tmp_path / "mine.npz"


def test_what_a_history_tells_is_enough_to_read_the_same_again(path):
    source = Source(path=path)
    data, told = source.read()
    assert told.startswith("npz: 60 images")
    again = read_again(source.about(data))
    for part, same in zip(data, again, strict=True):
        np.testing.assert_array_equal(part.images, same.images)
        np.testing.assert_array_equal(part.labels, same.labels)


def test_the_embedded_data_need_no_path():
    source = Source()
    data, told = source.read()
    assert told == ""
    assert source.about(data) == {"name": "mnist"}
    assert len(read_again({"name": "mnist"})[0]) == 50_000


def test_data_that_changed_are_refused(path):
    about = Source(path=path).about(Source(path=path).read()[0])
    arrays = dict(np.load(path))
    arrays["X"][7, 1, 1] ^= 1
    np.savez(path, **arrays)
    with pytest.raises(ValueError, match=r"mine.npz: holds other data than when the run was made"):
        read_again(about)


def test_data_that_are_gone_are_told_by_their_name(path):
    about = Source(path=path).about(Source(path=path).read()[0])
    path.unlink()
    with pytest.raises(OSError, match=r"mine\.npz"):
        read_again(about)


def test_a_history_that_tells_nothing_is_one_sentence():
    with pytest.raises(ValueError, match=r"does not tell where its data are"):
        read_again({})
