"""Where data came from: told in the history, and read again, if they are still the same."""

import numpy as np
import pytest
from PIL import Image

from cutaway.job.source import Source, read_again, source_of


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


def test_other_data_are_read_in_the_same_way_as_far_as_their_kind_knows_it(path, tmp_path):
    folder = tmp_path / "pictures"
    for name in ("a", "b"):
        (folder / name).mkdir(parents=True)
        for number in range(6):
            Image.new("L", (4, 4), 10 * number).save(folder / name / f"{number}.png")
    (tmp_path / "rows.csv").write_text("label,x,y\n" + "1,2,3\n2,3,4\n" * 9)
    source = Source(path=folder, label="label", size=(4, 4), invert=True)
    assert source.at(folder) == Source(path=folder, size=(4, 4), invert=True)
    assert source.at(tmp_path / "rows.csv") == Source(path=tmp_path / "rows.csv", label="label")
    assert source.at(path) == Source(path=path)
    about = {"path": str(folder), "label": "label", "size": [4, 4], "invert": True}
    assert source_of(about) == source
    assert source_of({"name": "mnist"}) == Source()


def test_a_history_that_tells_nothing_is_one_sentence():
    with pytest.raises(ValueError, match=r"does not tell where its data are"):
        read_again({})
