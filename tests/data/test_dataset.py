"""Datasets: what goes in, and how it is normalised."""

import re

import numpy as np
import pytest

from cutaway import Dataset

PIXELS = np.arange(5 * 2 * 3, dtype=np.uint8).reshape(5, 2, 3)
LABELS = np.array([2, 0, 1, 1, 0])


@pytest.fixture
def dataset():
    return Dataset(PIXELS, LABELS)


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


@pytest.mark.parametrize("images", [PIXELS.astype(np.int32) * 1000, PIXELS.astype(np.int64) - 9])
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


def test_floats_are_normalised_in_their_own_precision():
    numbers = np.random.default_rng(0).standard_normal((5, 6))
    far = Dataset(numbers * 2 + 1e9, LABELS, mean=1e9, std=2)
    np.testing.assert_allclose(far.images, numbers, atol=1e-6)
    with pytest.raises(ValueError, match="normalised images must be finite"):
        Dataset(numbers * 1e30, LABELS, std=1e-30)


@pytest.mark.parametrize("scale", [2e-38, 1e-37, 3e38])
def test_floats_at_the_ends_of_float32_are_normalised_as_float64_would(scale):
    numbers = np.random.default_rng(0).uniform(-1, 1, (5, 6))
    images = (numbers * scale).astype(np.float32)
    settings = dict(mean=-scale / 3, std=scale / 2)
    expected = (images.astype(np.float64) - settings["mean"]) / settings["std"]
    np.testing.assert_array_equal(
        Dataset(images, LABELS, **settings).images, expected.astype(np.float32)
    )


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
        ((PIXELS, LABELS / 2), ValueError, "labels must be whole numbers, got 0.5"),
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
        ({"std": 1e-40}, ValueError, "std must be within the range of float32, got 1e-40"),
        ({"mean": 1e39}, ValueError, "mean must be within the range of float32, got 1e+39"),
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
    assert part.images.flags.c_contiguous  # as the cores take them


def test_a_slice_of_a_dataset_shares_its_pixels(dataset):
    assert np.shares_memory(dataset.subset(slice(1, 3)).images, dataset.images)


@pytest.mark.parametrize(
    ("numbers", "error"), [([5], IndexError), ([True], IndexError), ([0.5], TypeError)]
)
def test_a_subset_of_what_is_not_there_is_refused(dataset, numbers, error):
    with pytest.raises(error):
        dataset.subset(numbers)


@pytest.mark.parametrize("shape", [(5, 1, 2, 3), (5, 2, 3, 1), (5, 1, 2, 3, 1)])
def test_an_axis_of_one_channel_is_dropped(shape):
    dataset = Dataset(PIXELS.reshape(shape), LABELS)
    assert dataset.shape == (2, 3)
    np.testing.assert_array_equal(dataset.images, PIXELS.reshape(5, 6))


def test_channels_are_told_with_the_shape():
    told = r"\(n, height, width\), got shape \(5, {}\){}$"
    with pytest.raises(ValueError, match=told.format("2, 7, 7", "")):
        Dataset(np.zeros((5, 2, 7, 7), np.uint8), LABELS)
    for shape, axis in ((("3, 7, 7"), 1), (("7, 7, 3"), 3), (("7, 7, 4"), 3)):
        colours = np.zeros((5, *map(int, shape.split(","))), np.uint8)
        gray = rf"; of colours, images.mean\(axis={axis}\) makes gray"
        with pytest.raises(ValueError, match=told.format(shape, gray)):
            Dataset(colours, LABELS)


def test_labels_may_be_names_which_stay_with_it():
    dataset = Dataset(PIXELS, ["b", "a", "c", "c", "b"])
    assert dataset.labels.tolist() == [1, 0, 2, 2, 1]
    assert dataset.class_names == dataset.subset([0]).class_names == ("a", "b", "c")
    other = Dataset(PIXELS, ["c"] * 5, class_names=dataset.class_names)
    assert other.labels.tolist() == [2] * 5
    assert other.classes == 3
    assert other.named([2, 0]) == "c, a"
    assert Dataset(PIXELS, LABELS).named(range(12)) == "0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 2 more"


def test_one_hot_rows_keep_a_class_without_samples():
    assert Dataset(PIXELS, np.eye(4)[LABELS]).classes == 4


def test_classes_that_are_numbered_from_1_are_told():
    images = np.arange(40 * 2, dtype=np.uint8).reshape(40, 2)
    labels = np.arange(40) % 10 + 1
    message = "^Dataset: labels are numbered from 1 to 10, so that class 0 never occurs: subtract 1"
    with pytest.warns(UserWarning, match=message) as caught:
        Dataset(images, labels)
    assert [warning.filename for warning in caught] == [__file__]
    Dataset(images, labels + 1)  # here 0 and 1 are missing, which may be meant
    Dataset(images[:3], [1, 2, 3])  # so few may lack it by chance
    names = [f"class {i}" for i in range(11)]  # these say what the numbers are
    Dataset(images, labels, class_names=names)
    Dataset(images, [names[i] for i in labels], class_names=names)
    Dataset(images, np.eye(11)[labels])


def test_a_notebook_shows_samples_with_the_names_of_their_classes_if_it_has_them():
    dataset = Dataset(np.arange(24, dtype=np.uint8).reshape(4, 2, 3), [0, 1, 0, 1])
    html = dataset._repr_html_()
    assert html.count("<img") == 4
    assert "Dataset(4 images" in html
    dataset.class_names = ("cat", "dog")
    assert dataset._repr_html_().count(">dog<") == 2
