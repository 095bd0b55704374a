"""Parquet as of Hugging Face: both libraries read the same; what does not fit is one sentence."""

import io
import json
import re
from importlib.util import find_spec

import numpy as np
import pytest
from PIL import Image

from cutaway import load_data
from cutaway.data import parquet

RNG = np.random.default_rng(0)
TRAIN = RNG.integers(0, 256, (36, 6, 5), np.uint8)
TEST = RNG.integers(0, 256, (8, 6, 5), np.uint8)
LABELS = np.arange(36) % 3


def png(pixels):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "png")
    return file.getvalue()


def rows(images):
    return [{"bytes": png(image), "path": None} for image in images]


@pytest.fixture(params=["pyarrow", "polars"])
def library(request, monkeypatch):
    """Each of the two libraries in turn, as if it were the only one."""
    if find_spec(request.param) is None:
        pytest.skip(f"{request.param} is not installed")
    monkeypatch.setattr(parquet, "find_spec", lambda name: name == request.param or None)
    return request.param


def write(path, images, labels, names=None):
    import pyarrow
    from pyarrow import parquet as pq

    path.parent.mkdir(parents=True, exist_ok=True)
    columns = pyarrow.table({"image": images, "label": labels})
    about = {"info": {"features": {"label": {"names": names, "_type": "ClassLabel"}}}}
    pq.write_table(columns.replace_schema_metadata({"huggingface": json.dumps(about)}), path)
    return path


LAYOUTS = {
    "ylecun/mnist": ["mnist/train-00000-of-00001.parquet", "mnist/test-00000-of-00001.parquet"],
    "converted": ["train/0000.parquet", "test/0000.parquet"],
}


@pytest.mark.needs("pyarrow")
@pytest.mark.parametrize("paths", LAYOUTS.values(), ids=LAYOUTS)
@pytest.mark.usefixtures("library")
def test_sets_are_told_by_files_and_folders(tmp_path, paths):
    write(tmp_path / paths[0], rows(TRAIN), LABELS)
    write(tmp_path / paths[1], rows(TEST), LABELS[:8])
    train, valid, test = load_data(tmp_path)
    assert [len(some) for some in (train, valid)] == [30, 6]
    assert train.shape == (6, 5)
    np.testing.assert_array_equal(test.images, TEST.reshape(8, 30))
    np.testing.assert_array_equal(test.labels, LABELS[:8])
    read = [row.tobytes() for some in (train, valid) for row in some.images]
    assert sorted(read) == sorted(image.tobytes() for image in TRAIN)


@pytest.mark.needs("pyarrow")
def test_a_set_may_be_of_several_files(tmp_path):
    for i in range(2):
        part = slice(18 * i, 18 * i + 18)
        write(tmp_path / f"train-0000{i}-of-00002.parquet", rows(TRAIN[part]), LABELS[part])
    assert sum(map(len, load_data(tmp_path))) == 36


@pytest.mark.needs("pyarrow")
def test_names_of_classes_are_hugging_faces(tmp_path):
    path = write(tmp_path / "a.parquet", rows(TRAIN), LABELS, ["T-shirt", "Bag", "Boot"])
    assert load_data(path)[0].class_names == ("T-shirt", "Bag", "Boot")


@pytest.mark.needs("pyarrow")
def test_pictures_are_scaled_and_inverted(tmp_path):
    path = write(
        tmp_path / "a.parquet", rows(TRAIN * 0 + LABELS[:, None, None].astype("u1")), LABELS
    )
    train, *_ = load_data(path, size=(4, 4), invert=True)
    assert train.shape == (4, 4)
    np.testing.assert_array_equal(train.images, np.tile(255 - train.labels[:, None], 16))


BAD = {
    "no pictures": (list(TRAIN.reshape(36, -1)[:, 0]), "the images must be encoded pictures"),
    "damaged": ([*rows(TRAIN[:35]), {"bytes": b"PNG", "path": None}], "a train image: must be a pict"),
    "another size": ([*rows(TRAIN[:35]), *rows(TRAIN[:1, :4])], "a train image: pictures must be of one"),
}  # fmt: skip


@pytest.mark.needs("pyarrow")
@pytest.mark.parametrize(("images", "message"), BAD.values(), ids=BAD)
@pytest.mark.usefixtures("library")
def test_what_does_not_fit_is_told(tmp_path, images, message):
    path = write(tmp_path / "bad.parquet", images, LABELS)
    with pytest.raises(ValueError, match=f"^{re.escape(f'load_data: {path}: {message}')}"):
        load_data(path)


@pytest.mark.needs("pyarrow")
@pytest.mark.usefixtures("library")
def test_a_label_that_is_lacking_is_told(tmp_path):
    path = write(tmp_path / "bad.parquet", rows(TRAIN), [None, *LABELS[1:].tolist()])
    with pytest.raises(ValueError, match="a train image has no label"):
        load_data(path)


@pytest.mark.needs("pyarrow")
@pytest.mark.usefixtures("library")
def test_other_columns_are_told(tmp_path):
    from pyarrow import parquet as pq
    from pyarrow import table

    pq.write_table(table({"text": ["a"], "label": [1]}), tmp_path / "a.parquet")
    with pytest.raises(ValueError, match="must have columns 'image' and 'label', got text, label"):
        load_data(tmp_path / "a.parquet")


@pytest.mark.needs("pyarrow")
@pytest.mark.usefixtures("library")
def test_a_file_cut_or_changed_anywhere_is_one_sentence(tmp_path, survives):
    path = write(tmp_path / "a.parquet", rows(TRAIN[:12]), LABELS[:12])
    survives(path, step=11)


def test_without_a_library_it_is_told_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setattr(parquet, "find_spec", lambda _: None)
    (tmp_path / "a.parquet").write_bytes(b"PAR1")
    with pytest.raises(
        ModuleNotFoundError, match=r"^load_data: .*a.parquet: .*pip install pyarrow"
    ):
        load_data(tmp_path / "a.parquet")
