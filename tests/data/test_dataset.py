"""Datasets: what goes in, how it is normalised, the files it is read from."""

import gzip
import hashlib
import pickle
import re
import struct
from pathlib import Path

import numpy as np
import pytest

import cutaway
from cutaway import Dataset, load_idx, load_pickle
from cutaway.data import dataset as data

PIXELS = np.arange(5 * 2 * 3, dtype=np.uint8).reshape(5, 2, 3)
LABELS = np.array([2, 0, 1, 1, 0])

MNIST_SHA256 = {
    "train-images-idx3": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}


@pytest.fixture
def dataset():
    return Dataset(PIXELS, LABELS)


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


def test_a_sample_is_a_normalised_row_and_its_label(dataset):
    x, y = dataset[1]
    expected = (PIXELS[1].ravel() - PIXELS.mean()) / PIXELS.std()
    np.testing.assert_allclose(x, expected, rtol=1e-6)
    assert x.dtype == np.float32
    assert type(y) is int
    assert y == 0


@pytest.mark.parametrize("rows", [slice(1, 4), np.array([4, 0]), slice(5, 9)])
def test_a_slice_or_an_array_of_numbers_gives_rows(dataset, rows):
    x, y = dataset[rows]
    np.testing.assert_array_equal(y, LABELS[rows])
    for row, i in zip(x, np.arange(5)[rows], strict=True):
        np.testing.assert_array_equal(row, dataset[int(i)][0])


def test_a_dataset_is_a_sequence(dataset):
    assert len(dataset) == 5
    assert [y for _, y in dataset] == LABELS.tolist()
    with pytest.raises(IndexError):
        dataset[5]


def test_bytes_and_float32_are_kept_and_not_copied():
    for images in (PIXELS, PIXELS.astype(np.float32)):
        assert np.shares_memory(Dataset(images, LABELS).images, images)


@pytest.mark.parametrize("dtype", [np.float16, np.float64, ">f4"])
def test_other_floats_become_float32(dtype):
    images = Dataset(PIXELS.astype(dtype), LABELS).images
    assert images.dtype == np.float32
    np.testing.assert_array_equal(images, PIXELS.reshape(5, 6))


def seen(dataset):
    """What a network sees of all images."""
    return dataset[:][0]


@pytest.mark.parametrize("dtype", [np.int8, np.uint16, np.int64, ">i4", "<u8"])
def test_integers_are_pixels_whatever_their_type(dtype):
    dataset = Dataset(PIXELS.astype(dtype), LABELS)
    assert dataset.pixels
    assert dataset.images.dtype == np.uint8
    np.testing.assert_array_equal(seen(dataset), seen(Dataset(PIXELS, LABELS)))


def test_booleans_are_pixels_of_0_and_1():
    ink = PIXELS > 11
    dataset = Dataset(ink, LABELS)
    np.testing.assert_allclose(seen(dataset), (ink.reshape(5, 6) - ink.mean()) / ink.std(), 1e-6)


@pytest.mark.parametrize("images", [PIXELS * np.int32(1000), PIXELS - np.int64(9)])
def test_pixels_that_are_no_bytes_are_kept_in_float32_and_normalised_as_they_are_used(images):
    dataset = Dataset(images, LABELS)
    assert dataset.pixels
    assert dataset.images.dtype == np.float32
    np.testing.assert_array_equal(dataset.images, images.reshape(5, 6))
    assert (dataset.mean, dataset.std) == pytest.approx((images.mean(), images.std()))
    expected = (images.reshape(5, 6) - images.mean()) / images.std()
    np.testing.assert_allclose(seen(dataset), expected, rtol=1e-5)


def test_floats_are_numbers_and_taken_as_they_are():
    numbers = PIXELS / 7
    dataset = Dataset(numbers, LABELS)
    assert not dataset.pixels
    assert (dataset.mean, dataset.std) == (0, 1)
    np.testing.assert_array_equal(seen(dataset), numbers.reshape(5, 6).astype(np.float32))
    assert not np.shares_memory(seen(dataset), dataset.images)


def test_floats_are_normalised_once_if_that_is_asked_for():
    dataset = Dataset(PIXELS / 2, LABELS, mean=1, std=2)
    expected = (PIXELS.reshape(5, 6) / 2 - 1) / 2
    np.testing.assert_allclose(dataset.images, expected, rtol=1e-6)
    np.testing.assert_array_equal(seen(dataset), dataset.images)
    np.testing.assert_array_equal(seen(dataset.subset([3, 1])), dataset.images[[3, 1]])
    assert (dataset.mean, dataset.std) == (1, 2)
    assert dataset.normalisation == (0, 1)


def test_floats_that_all_are_the_same_number_are_data_too():
    assert seen(Dataset(np.ones((5, 6)), LABELS)).all()


def test_floats_that_spread_as_pixels_do_are_told():
    images = np.random.default_rng(0).integers(0, 256, (5, 6)).astype(float)
    with pytest.warns(UserWarning, match=r"these spread by \d+.* as pixels do") as caught:
        Dataset(images, LABELS)
    assert caught[0].filename == __file__
    for settings in (dict(mean=100), dict(std=80)):
        Dataset(images, LABELS, **settings)  # somebody knows


def test_mean_and_std_are_those_of_all_pixels_however_many():
    images = np.random.default_rng(1).integers(0, 256, (10_000, 3))
    for unit in (1, 300):
        one = Dataset(images * unit, np.zeros(10_000, int))
        assert one.mean == pytest.approx(images.mean(dtype=np.float64) * unit, rel=1e-9)
        assert one.std == pytest.approx(images.std(dtype=np.float64) * unit, rel=1e-7)


def test_mean_and_std_may_be_given():
    x, _ = Dataset(PIXELS, LABELS, mean=10, std=2)[0]
    np.testing.assert_array_equal(x, [-5, -4.5, -4, -3.5, -3, -2.5])
    assert Dataset(PIXELS, LABELS, mean=10).std == pytest.approx(PIXELS.std())
    assert Dataset(PIXELS, LABELS, std=2).mean == pytest.approx(PIXELS.mean())


def test_one_hot_rows_are_labels_too(dataset):
    rows = dataset.one_hot()
    assert rows.dtype == np.float32
    np.testing.assert_array_equal(rows, np.eye(3)[LABELS])
    np.testing.assert_array_equal(Dataset(PIXELS, rows).labels, LABELS)


def test_one_hot_takes_more_classes_but_never_fewer(dataset):
    assert dataset.one_hot(10).shape == (5, 10)
    with pytest.raises(ValueError, match=r"^one_hot: labels must be below 2, got 2$"):
        dataset.one_hot(2)


WITH_NAN = PIXELS.reshape(5, 6).astype(np.float32)
WITH_NAN[3, 2] = np.nan


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((PIXELS, LABELS[:4]), ValueError, "5 images need as many labels, got 4"),
        ((PIXELS[0, 0], LABELS), ValueError, "images must be (n, features) or (n, height, width)"),
        ((PIXELS[:0], []), ValueError, "images must not be empty, got shape (0, 2, 3)"),
        ((WITH_NAN, LABELS), ValueError, "images must be finite, got nan at [3, 2]"),
        ((PIXELS, -LABELS), ValueError, "labels must be 0 or more, got -2"),
        ((PIXELS, LABELS / 2), TypeError, "labels must be integers, got float64"),
        ((PIXELS.astype(str), LABELS), TypeError, "images must be real numbers, got <U"),
        ((PIXELS * 1j, LABELS), TypeError, "images must be real numbers, got complex128"),
        ((np.ma.array(PIXELS), LABELS), TypeError, "images must be a plain array, got a masked"),
        ((PIXELS * 0 + 7, LABELS), ValueError, "images must vary, all pixels are 7"),
    ],
)
def test_images_and_labels_that_do_not_fit_are_refused(arguments, error, message):
    with pytest.raises(error, match=f"^Dataset: {re.escape(message)}"):
        Dataset(*arguments)


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"std": 0}, ValueError, "std must be greater than 0, got 0"),
        ({"mean": np.nan}, ValueError, "mean must be finite, got nan"),
        ({"mean": "0"}, TypeError, "mean must be a number, got '0'"),
    ],
)
def test_mean_and_std_that_cannot_be_are_refused(settings, error, message):
    with pytest.raises(error, match=f"^Dataset: {re.escape(message)}$"):
        Dataset(PIXELS, LABELS, **settings)


@pytest.mark.parametrize("numbers", [slice(1, 5, 2), [1, 3], [False, True, False, True, False]])
def test_a_subset_is_normalised_as_the_whole(dataset, numbers):
    part = dataset.subset(numbers)
    assert (part.mean, part.std, part.shape) == (dataset.mean, dataset.std, dataset.shape)
    assert part.labels.tolist() == [0, 1]
    np.testing.assert_array_equal(part[0][0], dataset[1][0])


def test_a_slice_of_a_dataset_shares_its_pixels(dataset):
    assert np.shares_memory(dataset.subset(slice(1, 3)).images, dataset.images)


@pytest.mark.parametrize(
    ("numbers", "error"), [([5], IndexError), ([True], IndexError), ([0.5], TypeError)]
)
def test_a_subset_of_what_is_not_there_is_refused(dataset, numbers, error):
    with pytest.raises(error):
        dataset.subset(numbers)


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
    message = f"{labels}: expected images (3 axes), got labels (1 axis)"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        load_idx(labels, images)


def test_a_folder_gives_its_last_sixth_for_validation(folder):
    train, valid, test = data.load_directory(folder)
    assert [len(part) for part in (train, valid, test)] == [10, 2, 5]
    assert valid.labels.tolist() == [10 % 4, 11 % 4]
    assert train.mean == pytest.approx(train.images.mean())
    assert (valid.mean, test.std) == (train.mean, train.std)


def test_a_folder_of_too_few_images_is_refused(folder):
    (folder / "train-images-idx3-ubyte").write_bytes(idx(PIXELS))
    (folder / "train-labels-idx1-ubyte.gz").write_bytes(gzip.compress(idx(LABELS)))
    with pytest.raises(ValueError, match=r"^load_directory: .*: too few training images, got 5$"):
        data.load_directory(folder)


def test_a_missing_file_of_a_folder_is_named(folder):
    (folder / "t10k-labels-idx1-ubyte").unlink()
    message = r"load_directory: .*t10k-labels-idx1-ubyte \(or .*\.gz\) is missing$"
    with pytest.raises(FileNotFoundError, match=message):
        data.load_directory(folder)


@pytest.mark.parametrize(
    ("name", "array", "message"),
    [
        ("t10k-labels-idx1-ubyte", LABELS[:4], "5 t10k images, 4 labels"),
        ("train-images-idx3-ubyte", PIXELS, "5 train images, 12 labels"),
        (
            "train-images-idx3-ubyte",
            np.arange(12 * 4).reshape(12, 2, 2),
            "training images have 4 pixels, test images 6",
        ),
    ],
)
def test_files_of_a_folder_that_disagree_are_refused(folder, name, array, message):
    (folder / name).write_bytes(idx(array))
    with pytest.raises(ValueError, match=f"^load_directory: {re.escape(f'{folder}: {message}')}$"):
        data.load_directory(folder)


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


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ((PAIR, PAIR), "must hold three pairs of arrays"),
        (FLOATS, "must hold three pairs of arrays"),
        ((PAIR, PAIR, (FLOATS,)), "must hold three pairs of arrays"),
        ((PAIR, PAIR, ([1, 2], [1, 0])), "must hold three pairs of arrays"),
        ((PAIR, (FLOATS, LABELS - 1), PAIR), "Dataset: labels must be 0 or more, got -1"),
        ((PAIR, (FLOATS, LABELS / 2), PAIR), "Dataset: labels must be integers, got float64"),
        (((WITH_NAN, LABELS), PAIR, PAIR), "Dataset: images must be finite, got nan at [3, 2]"),
        ((PAIR, PAIR, (FLOATS[:, :4], LABELS)), "training images have 6 pixels, others 4"),
    ],
)
def test_load_pickle_refuses_anything_else_with_the_file_name(write_pickle, value, message):
    path = write_pickle(value)
    with pytest.raises(ValueError, match=re.escape(message)) as error:
        load_pickle(path)
    assert str(error.value).startswith(f"load_pickle: {path}")
