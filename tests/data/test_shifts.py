"""Shifts: at every pass each picture is moved some way; nothing of it comes in at the other side."""

import numpy as np
import pytest

from cutaway import SGD, DataLoader, Dataset, Network, fit
from cutaway.data.shifts import shifted

IMAGES = np.arange(1, 25, dtype=np.uint8).reshape(2, 3, 4)


def moved(picture, down, right):
    """The same, pixel by pixel."""
    height, width = picture.shape
    result = np.zeros_like(picture)
    for y in range(height):
        for x in range(width):
            if 0 <= y - down < height and 0 <= x - right < width:
                result[y, x] = picture[y - down, x - right]
    return result


@pytest.mark.parametrize("most", [1, 2])
def test_every_picture_is_there_moved_in_every_way(most):
    data = shifted(Dataset(IMAGES, [0, 1], class_names=["a", "b"]), most)
    assert (data.shape, data.class_names, data.mean) == ((3, 4), ("a", "b"), 12.5)
    assert data.labels.tolist() == [0, 1] * (2 * most + 1) ** 2
    by = range(-most, most + 1)
    ways = [moved(image, down, right).ravel() for down in by for right in by for image in IMAGES]
    np.testing.assert_array_equal(data.images, ways)
    assert data.images.dtype == np.uint8


def test_of_numbers_that_were_normalised_what_comes_in_is_black_too():
    data = shifted(Dataset(IMAGES / 2, [0, 1], mean=3, std=2), 1)
    assert data.images[0].reshape(3, 4)[-1].tolist() == [-1.5] * 4  # moved up and to the left
    np.testing.assert_allclose(data.images[0].reshape(3, 4)[0, 0] * 2 + 3, IMAGES[0, 1, 1] / 2)


def test_a_pass_has_every_sample_once_and_every_pass_moves_it_another_way():
    data = Dataset(np.tile(IMAGES, (50, 1, 1)), np.arange(100) % 10)
    loader, twin = (DataLoader(data, 7, shuffle=True, seed=3, shift=1) for _ in range(2))
    first, second = loader.order(), loader.order()
    assert sorted(first % 100) == sorted(second % 100) == list(range(100))
    assert set(first // 100) == set(second // 100) == set(range(9))
    ways = [dict(zip(order % 100, order // 100, strict=True)) for order in (first, second)]
    assert 0 < sum(ways[0][n] == ways[1][n] for n in range(100)) < 30
    assert twin.order(1).tolist() == second.tolist()  # the seed and the pass determine it
    assert loader.direct is loader.direct
    (x, y), *_ = twin
    np.testing.assert_array_equal(x, twin.direct[first[:7]][0])
    np.testing.assert_array_equal(y, first[:7] % 10)
    assert "shift=1" in repr(loader)


def test_a_network_learns_from_moved_pictures_wherever_they_come_from():
    data = Dataset(np.tile(IMAGES, (20, 1, 1)), np.arange(40) % 2)
    loaders = [DataLoader(data, 8, shuffle=True, seed=1, shift=1) for _ in range(2)]
    networks = [Network((12, 4, 2), backend="cpu", threads=1) for _ in range(2)]
    fit(networks[0], loaders[0], optimizer=SGD(0.1), epochs=2)
    for _ in range(2):
        for x, y in loaders[1]:
            networks[1].step(x, y, SGD(0.1))
    for mine, theirs in zip(networks[0].weights, networks[1].weights, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-3, atol=1e-5)
    still = Network((12, 4, 2), backend="cpu", threads=1)
    fit(still, DataLoader(data, 8, shuffle=True, seed=1), optimizer=SGD(0.1), epochs=2)
    assert not np.allclose(still.weights[0], networks[0].weights[0], atol=1e-3)


def test_evaluation_is_of_the_pictures_as_they_are_and_takes_no_pass_away():
    data = Dataset(np.tile(IMAGES, (20, 1, 1)), np.arange(40) % 2)
    loader = DataLoader(data, 8, shuffle=True, shift=1)
    network = Network((12, 4, 2), backend="cpu", threads=1)
    fit(network, loader, optimizer=SGD(0.1), epochs=1)
    assert network.evaluate(loader) == network.evaluate(data)
    assert loader.sampler.epoch == 1


@pytest.mark.parametrize(
    ("data", "options", "sentence"),
    [
        (Dataset(IMAGES, [0, 1]), {}, "shift must be 0 without a Dataset and shuffle=True, got 1"),
        (
            [([1.0], 0)],
            {"shuffle": True},
            "shift must be 0 without a Dataset and shuffle=True, got 1",
        ),
        (
            Dataset(IMAGES.reshape(2, 12), [0, 1]),
            {"shuffle": True},
            "shift must be 0 for rows that are no pictures, got 1",
        ),
        (
            Dataset(IMAGES, [0, 1]),
            {"shuffle": True, "shift": 3},
            "shift must be less than pictures of 3 x 4, got 3",
        ),
    ],
)
def test_what_cannot_be_shifted_is_told(data, options, sentence):
    with pytest.raises(ValueError, match=f"^DataLoader: {sentence}$"):
        DataLoader(data, 2, **{"shift": 1, **options})


def test_what_there_is_no_memory_for_is_told(monkeypatch):
    monkeypatch.setattr("cutaway.checks.values.free", lambda: 1e6)
    loader = DataLoader(
        Dataset(np.tile(IMAGES, (40_000, 1, 1)), [0, 1] * 40_000), shuffle=True, shift=2
    )
    with pytest.raises(MemoryError, match=r"^DataLoader: 80,000 pictures, moved in 25 ways, need "):
        loader.order(0), loader.direct
