"""Reading: MNIST, folders, IDX and pickle files become datasets, or are refused by their names."""

import gzip
import hashlib
import os
import pickle
import re
import struct
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

import cutaway
from cutaway import Dataset, load_data, load_idx, load_pickle
from cutaway.data import arrays, find, lines, pickles, pictures
from cutaway.data.idx import images as idx_images

PIXELS = np.arange(5 * 2 * 3, dtype=np.uint8).reshape(5, 2, 3)
LABELS = np.array([2, 0, 1, 1, 0])
WITH_NAN = PIXELS.reshape(5, 6).astype(np.float32)
WITH_NAN[3, 2] = np.nan
MNIST_SHA256 = {
    "train-images-idx3": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}


@pytest.mark.parametrize(("name", "expected"), MNIST_SHA256.items(), ids=MNIST_SHA256)
def test_the_embedded_files_are_the_published_ones(name, expected):
    packed = Path(cutaway.__file__).parent / "data" / "mnist" / f"{name}-ubyte.gz"
    assert hashlib.sha256(gzip.decompress(packed.read_bytes())).hexdigest() == expected


def test_mnist_is_50_000_and_10_000_and_10_000_images(mnist):
    assert [len(part) for part in mnist] == [50_000, 10_000, 10_000]
    for part in mnist:
        assert part.images.shape == (len(part), 784)
        assert part.images.dtype == np.uint8
        assert part.shape == (28, 28)
        assert part.classes == 10


def test_mnist_is_normalised_by_its_training_set(mnist):
    train, valid, test = mnist
    own = Dataset(train.images, train.labels)
    assert (train.mean, train.std) == (own.mean, own.std)
    assert train.mean == pytest.approx(train.images.mean(dtype=np.float64), rel=1e-12)
    # The tutorial prints 0.1304 and 0.3073 for pixels that are v / 256.
    assert train.mean / 256 == pytest.approx(0.1304, abs=5e-5)
    assert train.std / 256 == pytest.approx(0.3073, abs=5e-5)
    assert {part.mean for part in (valid, test)} == {train.mean}
    assert {part.std for part in (valid, test)} == {train.std}


def test_mnist_keeps_the_order_of_its_files(mnist):
    train, valid, test = mnist
    assert train.labels[:5].tolist() == [5, 0, 4, 1, 9]
    assert valid.labels[:5].tolist() == [3, 8, 6, 9, 6]
    assert test.labels[:5].tolist() == [7, 2, 1, 0, 4]


def idx(array):
    lengths = struct.pack(f">{array.ndim}I", *array.shape)
    return bytes([0, 0, 8, array.ndim]) + lengths + array.astype(np.uint8).tobytes()


@pytest.fixture
def folder(tmp_path):
    """A folder laid out like MNIST's, of 12 and 5 images, some files packed."""
    images = np.random.default_rng(0).integers(0, 256, (12, 2, 3))
    (tmp_path / "train-images-idx3-ubyte").write_bytes(idx(images))
    (tmp_path / "train-labels-idx1-ubyte.gz").write_bytes(gzip.compress(idx(np.arange(12) % 4)))
    (tmp_path / "t10k-images-idx3-ubyte.gz").write_bytes(gzip.compress(idx(PIXELS)))
    (tmp_path / "t10k-labels-idx1-ubyte").write_bytes(idx(LABELS))
    return tmp_path


def test_load_idx_reads_images_and_labels(folder):
    one = load_idx(folder / "t10k-images-idx3-ubyte.gz", folder / "t10k-labels-idx1-ubyte")
    assert one.shape == (2, 3)
    np.testing.assert_array_equal(one.images, PIXELS.reshape(5, 6))
    np.testing.assert_array_equal(one.labels, LABELS)


def test_load_idx_refuses_counts_that_disagree(folder):
    images, labels = folder / "train-images-idx3-ubyte", folder / "t10k-labels-idx1-ubyte"
    message = f"got 12 images in {images} and 5 labels in {labels}"
    with pytest.raises(ValueError, match=f"^load_idx: .*{re.escape(message)}$"):
        load_idx(images, labels)


def test_load_idx_says_which_file_is_of_the_other_kind(folder):
    images, labels = folder / "t10k-images-idx3-ubyte.gz", folder / "t10k-labels-idx1-ubyte"
    message = f"load_idx: {labels}: expected images (3 axes), got labels (1 axis)"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        load_idx(labels, images)


FLOATS = PIXELS.reshape(5, 6).astype("f4") / 256
PAIR = (FLOATS, LABELS)


@pytest.fixture
def write_pickle(tmp_path):
    def write_pickle(value):
        path = tmp_path / "mnist.pkl.gz"
        path.write_bytes(gzip.compress(pickle.dumps(value, 2)))
        return path

    return write_pickle


def test_load_pickle_makes_bytes_of_floats_that_are_pixels_normalised_by_the_training_set(
    write_pickle,
):
    """The tutorial's file trains as the embedded MNIST does: on the same bytes."""
    others = [(FLOATS[::-1], LABELS), (FLOATS * 0, LABELS)]
    parts = load_pickle(write_pickle((PAIR, *others)))
    assert [part.images.dtype for part in parts] == [np.uint8] * 3
    np.testing.assert_array_equal(parts[0].images, PIXELS.reshape(5, 6))
    for part in parts:
        assert part.mean == pytest.approx(PIXELS.mean())
        assert part.std == pytest.approx(PIXELS.std())


def test_load_pickle_takes_other_floats_as_numbers(write_pickle):
    parts = load_pickle(write_pickle((PAIR, (FLOATS * 0.3, LABELS), PAIR)))
    for part, expected in zip(parts, (FLOATS, FLOATS * 0.3, FLOATS), strict=True):
        assert not part.pixels
        np.testing.assert_array_equal(part.images, expected.astype(np.float32))


def test_what_load_pickle_warns_of_names_the_line_that_called_it(write_pickle):
    wide = (FLOATS * 1e3, LABELS)
    path = write_pickle((wide, wide, wide))
    with pytest.warns(UserWarning, match="as pixels do") as caught:
        load_pickle(path)
    assert {warning.filename for warning in caught} == {__file__}


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ((PAIR, PAIR), "must hold three pairs of arrays"),
        (FLOATS, "must hold three pairs of arrays"),
        ((PAIR, PAIR, (FLOATS,)), "must hold three pairs of arrays"),
        ((PAIR, PAIR, ([[1], [2, 3]], [1, 0])), "must hold three pairs of arrays"),
        ((PAIR, (PIXELS.reshape(5, 6), LABELS), PAIR), "must be integers in all sets or floats in"),
        ((PAIR, (FLOATS, LABELS - 1), PAIR), "Dataset: labels must be 0 or more, got -1"),
        ((PAIR, (FLOATS, LABELS / 2), PAIR), "Dataset: labels must be whole numbers, got 0.5"),
        (((WITH_NAN, LABELS), PAIR, PAIR), "Dataset: images must be finite, got nan at [3, 2]"),
        (
            (PAIR, PAIR, (FLOATS[:, :4], LABELS)),
            "training images have shape (6,), test images (4,)",
        ),
    ],
)
def test_load_pickle_refuses_anything_else_with_the_file_name(write_pickle, value, message):
    path = write_pickle(value)
    with pytest.raises(ValueError, match=re.escape(message)) as error:
        load_pickle(path)
    assert str(error.value).startswith(f"load_pickle: {path}")


# load_data


RANDOM = np.random.default_rng(1).integers(0, 256, (36, 4, 4), np.uint8)
CLASSES = np.arange(36) % 3


def write_csv(path):
    np.savetxt(path, np.c_[CLASSES, RANDOM.reshape(36, 16)], "%d", ",")


def write_idx(path):
    path.mkdir()
    (path / "train-images-idx3-ubyte").write_bytes(idx(RANDOM))
    (path / "train-labels-idx1-ubyte").write_bytes(idx(CLASSES))


def write_npz(path):
    with path.open("wb") as file:
        np.savez(file, X=RANDOM, y=CLASSES)


def write_pictures(path):
    from PIL import Image

    for i, (image, label) in enumerate(zip(RANDOM, CLASSES, strict=True)):
        (path / str(label)).mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(path / str(label) / f"{i}.png")


FORMS = [write_csv, write_idx, write_npz, write_pictures]


@pytest.mark.parametrize("write", FORMS)
def test_load_data_reads_the_same_from_every_format(tmp_path, write):
    """Whatever the file: the same pixels with the same labels, a sixth to validate, a sixth to test."""
    write(tmp_path / "data")
    for path in (tmp_path / "data", str(tmp_path / "data")):
        sets = load_data(path)
        assert [len(some) for some in sets] == [24, 6, 6]
        both = (pair for some in sets for pair in zip(some.images, some.labels, strict=True))
        pairs = [(row.tobytes(), int(label)) for row, label in both]
        assert sorted(pairs) == sorted((image.tobytes(), i % 3) for i, image in enumerate(RANDOM))
        for some in sets:
            assert (some.shape, some.mean, some.std) == ((4, 4), sets[0].mean, sets[0].std)
            assert np.bincount(some.labels).tolist() == [len(some) // 3] * 3


def test_load_data_draws_by_the_seed(tmp_path):
    write_npz(tmp_path / "data")
    first, again, other = (load_data(tmp_path / "data", seed=seed)[2].images for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


@pytest.mark.parametrize("listed", [False, True])
def test_load_data_reads_the_tutorials_pickle(write_pickle, listed):
    """As load_pickle() does; also where a set is lists of arrays."""
    images = list(FLOATS) if listed else FLOATS
    path = write_pickle(((images, LABELS), (images, LABELS), (images[:2], LABELS[:2])))
    for one, other in zip(load_data(path), load_pickle(path), strict=True):
        np.testing.assert_array_equal(one.images, other.images)
        np.testing.assert_array_equal(one.labels, other.labels)
    np.testing.assert_array_equal(one.images, PIXELS.reshape(5, 6)[:2])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"label": 0}, "label= names a column of a CSV file, this is npz"),
        ({"size": (2, 2)}, "size= and invert= are for pictures, this is npz"),
        ({"invert": True}, "size= and invert= are for pictures, this is npz"),
    ],
)
def test_load_data_refuses_options_of_other_formats(tmp_path, options, message):
    write_npz(tmp_path / "data")
    with pytest.raises(ValueError, match=f"^load_data: .*data: {re.escape(message)}$"):
        load_data(tmp_path / "data", **options)


@pytest.mark.parametrize("source", [3, None, b"path", [1, 2]])
def test_load_data_refuses_what_is_no_path(source):
    with pytest.raises(TypeError, match=r"^load_data: source must be a path"):
        load_data(source)


@pytest.mark.parametrize(
    ("write", "bad"),
    [(write_idx, "train-images-idx3-ubyte"), (write_idx, "train-labels-idx1-ubyte")],
)
def test_load_data_names_a_file_that_is_damaged_once(tmp_path, write, bad, survives):
    write(tmp_path / "data")
    path = tmp_path / "data" / bad
    survives(path, tmp_path / "data")
    path.write_bytes(idx(RANDOM if "images" in bad else CLASSES)[:-5])
    with pytest.raises(
        ValueError, match=f"^load_data: {re.escape(str(path))}: the header says"
    ) as error:
        load_data(tmp_path / "data")
    assert str(error.value).count(str(path)) == 1


def test_load_data_survives_any_pickle(write_pickle, survives):
    path = write_pickle((PAIR, PAIR, PAIR))
    survives(path, contents=[gzip.decompress(path.read_bytes())])
    survives(path)


LARGE = np.random.default_rng(2).integers(100, 256, (40_000, 784), np.uint8)  # 31 MB


def large_npz(path):
    np.savez(path, X=LARGE, y=np.arange(40_000) % 10)
    return path.with_name(f"{path.name}.npz")


def large_idx(path):
    path.mkdir()
    (path / "train-images-idx3-ubyte").write_bytes(idx(LARGE.reshape(-1, 28, 28)))
    (path / "train-labels-idx1-ubyte").write_bytes(idx(np.arange(40_000) % 10))
    return path


def large_csv(path):
    line = (",".join(map(str, LARGE[0] / 257)) + "\n").encode()
    path.write_bytes(b"".join(b"%d,%b" % (i % 10, line) for i in range(1_000)))
    return path


@pytest.mark.parametrize("write", [large_npz, large_idx, large_csv])
def test_load_data_takes_less_than_twice_the_file_or_the_array(tmp_path, write):
    path = write(tmp_path / "large")
    files = [path] if path.is_file() else path.iterdir()
    size = sum(file.stat().st_size for file in files)
    assert size > 7e6  # less of CSV: every cell is traced, which takes time
    tracemalloc.start()
    try:
        sets = load_data(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 2 * max(size, sum(some.images.nbytes for some in sets))


@pytest.mark.parametrize("kind", ["pipe", "zero", "urandom", "folder"])
@pytest.mark.parametrize(
    "read",
    [
        lambda path: load_idx(path, path), load_pickle, load_data, pictures.read, find.kind_of,
        lines.first_lines, arrays.read_npz, pickles.read, idx_images,
    ],
)  # fmt: skip
def test_what_has_no_end_of_its_own_is_refused_at_once(tmp_path, kind, read):
    way = tmp_path / "way"
    if kind == "pipe":
        os.mkfifo(way)
    elif kind == "folder":
        way.mkdir()
    else:
        way.symlink_to(f"/dev/{kind}")
    error = ValueError if (read, kind) == (load_data, "folder") else OSError
    with pytest.raises(error, match=r"Is no regular file|Is a directory|there is nothing"):
        read(way)


@pytest.mark.parametrize("read", ["load_idx", "load_data", "Dataset"])
def test_a_label_that_one_byte_made_is_told_by_its_row(folder, read):
    labels = np.arange(200) % 4
    labels[17] = 201
    images = np.random.default_rng(0).integers(0, 256, (200, 2, 3))
    paths = [folder / f"train-{what}-idx{n}-ubyte" for what, n in (("images", 3), ("labels", 1))]
    for path, array in zip(paths, (images, labels), strict=True):
        path.write_bytes(idx(array))
    told = r"row 17 \(counted from 0\) has label 201, where 199 of 200 are at most 3"
    if read == "Dataset":
        with pytest.warns(UserWarning, match=f"^Dataset: {told}"):
            Dataset(images, labels)
    else:
        with pytest.raises(ValueError, match=f"^{read}: .*labels must be classes: {told}$"):
            load_idx(*paths) if read == "load_idx" else load_data(folder)
