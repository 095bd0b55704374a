"""Rows: integers are pixels, floats are numbers, wherever they come from; what looks wrong is told."""

import copy

import numpy as np
import pytest

from cutaway import SGD, DataLoader, Dataset, Network, fit, train


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("ask", ["predict", "top", "step", "evaluate"])
def test_a_row_with_a_number_that_is_not_finite_is_told_by_row_and_column(network, ask, bad):
    x = np.zeros((5, 12))
    x[3, 7] = bad
    y = np.zeros(5, int)
    calls = {
        "step": lambda: network.step(x, y, SGD(0.1)),
        "evaluate": lambda: network.evaluate((x, y)),
    }
    with pytest.raises(ValueError, match=rf"^{ask}: x must be finite, got {bad} at \[3, 7\]$"):
        calls.get(ask, lambda: getattr(network, ask)(x))()


def test_a_core_gets_labels_that_nobody_else_can_write_to(data, monkeypatch):
    """It follows them to wherever they lead: another thread that writes would end the process."""
    network = Network((12, 8, 3), backend="numpy")
    given, seen = data.labels.copy(), []
    own = Dataset(data.images, given)
    core = network._core._core

    def noting(method):
        return lambda *arguments: (seen.append(arguments[1]), method(*arguments))[1]

    for name in ("load", "evaluate", "backprop"):
        monkeypatch.setattr(core, name, noting(getattr(core, name)))
    floats = own[:][0]
    network.learn(np.arange(50), 10, dataset=own, optimizer=SGD(0.5))
    network.step(floats, given, SGD(0.1))
    network.backprop(floats, given)
    network.evaluate(own)
    network.evaluate((floats, given))
    network.evaluate(DataLoader(own, 7, shuffle=True))
    assert len(seen) == 6
    assert not any(
        np.shares_memory(labels, other) for labels in seen for other in (given, own.labels)
    )


def test_labels_that_were_changed_since_the_dataset_was_made_are_told(network, data):
    for label, rule in ((-1, "0 or more"), (3, "below 3")):
        own = Dataset(data.images, data.labels)
        own.labels[5] = label
        for call in (
            network.evaluate,
            lambda one: network.learn([0], 1, dataset=one, optimizer=SGD(1)),
        ):
            with pytest.raises(ValueError, match=f"labels must be {rule}"):
                call(own)


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.int64, np.float32, np.float64])
def test_the_same_array_gives_the_same_answer_from_predict_forward_and_evaluate(data, dtype):
    """Whatever it was trained on: a reader chooses the type."""
    images = data.images.astype(dtype)
    if images.dtype.kind == "f":
        images /= 64
    own = Dataset(images, data.labels)
    network = Network((12, 8, 3))
    network.learn(np.arange(50), 10, dataset=own, optimizer=SGD(0.5))
    accuracy = (network.predict(images) == data.labels).mean()
    for samples in (own, DataLoader(own, 7), DataLoader(own, 7, shuffle=True)):
        assert network.evaluate(samples)[1] == accuracy
    np.testing.assert_allclose(network.forward(images), network.forward(own[:][0]), rtol=1e-5)
    pictures = images.reshape(50, 4, 3)
    np.testing.assert_array_equal(network.forward(pictures), network.forward(images))


def test_integer_rows_are_normalised_as_what_it_learned_from_whatever_their_type(network, data):
    expected = network.forward(data.images)
    for dtype in (np.int8, np.uint16, np.int64):
        np.testing.assert_array_equal(network.forward((data.images // 2).astype(dtype)),
                                      network.forward(data.images // 2))  # fmt: skip
    bright = data.images * np.int64(300)
    normalised = (bright - data.mean) / data.std
    np.testing.assert_allclose(network.forward(bright), network.forward(normalised), rtol=1e-5)
    ink = data.images > 127
    np.testing.assert_array_equal(network.forward(ink), network.forward(ink.astype(np.uint8)))
    np.testing.assert_array_equal(network.forward(data.images.tolist()), expected)


def test_float_rows_are_taken_as_they_are(network, data):
    x = np.random.default_rng(1).standard_normal((5, 12))
    before = network.forward(x)
    network.learn([], 10, dataset=Dataset(data.images, data.labels, mean=9, std=7),
                  optimizer=SGD(0.1))  # fmt: skip
    np.testing.assert_array_equal(network.forward(x), before)


def test_a_network_that_learned_from_floats_takes_all_rows_as_they_are(data):
    network = Network((12, 8, 3))
    network.learn(np.arange(50), 10, dataset=Dataset(data.images / 255, data.labels, mean=0.5),
                  optimizer=SGD(0.1))  # fmt: skip
    assert (network.mean, network.std) == (0, 1)
    ones = np.ones((2, 12), int)
    np.testing.assert_array_equal(network.forward(ones), network.forward(ones.astype(float)))


def test_floats_that_look_like_pixels_are_told_once(network, data):
    floats = data.images.astype(float)
    with pytest.warns(
        UserWarning, match=r"^predict: the network learned from pixels.*25\d"
    ) as caught:
        network.predict(floats)
    assert [warning.filename for warning in caught] == [__file__]
    network.forward(floats)  # nothing more is said
    other = copy.deepcopy(network)
    other.evaluate([(floats, data.labels)])
    network.predict(data[:][0])


@pytest.mark.parametrize("learn", [fit, lambda *a, **k: list(train(*a, **k))])
def test_a_warning_names_the_users_line_however_deep_it_comes_from(network, data, learn):
    floats = Dataset(data.images.astype(float), data.labels, mean=0, std=1)
    with pytest.warns(UserWarning, match=r"^evaluate: the network learned from pixels") as caught:
        learn(network, DataLoader(data, 10), optimizer=SGD(0.1), epochs=1, valid=floats)
    assert [warning.filename for warning in caught] == [__file__]


def test_integers_that_look_like_pixels_are_told_to_one_that_learned_from_floats(data):
    network = Network((12, 8, 3))
    floats = Dataset(data.images / 255, data.labels)
    network.learn(np.arange(50), 10, dataset=floats, optimizer=SGD(0.1))
    with pytest.warns(UserWarning, match=r"^evaluate: .*integers up to 25\d.*scale them") as caught:
        network.evaluate(data)
    assert [warning.filename for warning in caught] == [__file__]


@pytest.mark.parametrize(
    ("images", "settings"),
    [
        (np.arange(600).reshape(50, 12) % 256, dict(mean=0, std=1)),
        (np.arange(600).reshape(50, 12) * 10, dict()),
        (np.arange(600).reshape(50, 12) % 256, dict(mean=0, std=10)),
        (np.linspace(0, 90, 600).reshape(50, 12), dict(mean=0, std=1)),
    ],
)
def test_nothing_is_told_of_what_it_learned_from(data, images, settings):
    own = Dataset(images, data.labels, **settings)
    network = Network((12, 8, 3))
    network.learn(np.arange(50), 10, dataset=own, optimizer=SGD(0.01))
    network.predict(images)
    network.predict(own[:][0])
    network.evaluate(own)
    network.evaluate(DataLoader(own))


def test_evaluate_of_a_loader_is_of_its_samples(network, data):
    some = DataLoader(data, 4, sampler=[3, 1, 4, 1, 5])
    assert network.evaluate(some) == network.evaluate(data.subset([3, 1, 4, 1, 5]))
    full = DataLoader(data, 16, drop_last=True)
    assert network.evaluate(full) == network.evaluate(data.subset(slice(48)))
    shuffled = DataLoader(data, 16, shuffle=True)
    assert network.evaluate(shuffled) == network.evaluate(data)
    assert shuffled.sampler.epoch == 0  # to look takes no pass away
    collated = DataLoader(data, 16, collate=lambda samples: ([samples[0][0]], [samples[0][1]]))
    assert network.evaluate(collated)[1] in (0, 0.25, 0.5, 0.75, 1)


def test_evaluate_normalises_as_what_it_learned_from(network, data):
    brighter = Dataset(data.images, data.labels, mean=0, std=1)
    assert network.evaluate(brighter) == network.evaluate(data)


PICTURE = np.arange(12, dtype=np.uint8).reshape(4, 3) * 20


@pytest.mark.parametrize("shape", [(12,), (4, 3), (1, 12), (1, 4, 3), (4, 3, 1), (1, 1, 4, 3)])
def test_a_single_row_or_picture_is_one_row(network, shape):
    expected = network.forward(PICTURE.reshape(1, 12))
    np.testing.assert_array_equal(network.forward(PICTURE.reshape(shape)), expected)
    assert network.predict(PICTURE.reshape(shape)).shape == (1,)


@pytest.mark.parametrize("shape", [(50, 1, 4, 3), (50, 4, 3, 1), (50, 1, 12)])
def test_axes_of_one_channel_are_no_matter(network, data, shape):
    np.testing.assert_array_equal(network.forward(data.images.reshape(shape)),
                                  network.forward(data.images))  # fmt: skip


@pytest.mark.parametrize("shape", [(11,), (2, 11), (5, 3, 2, 2), (3, 2, 2), (), (0,)])
def test_other_shapes_are_told(network, shape):
    with pytest.raises(ValueError, match=r"^predict: x must be \(rows, 12\), got shape \("):
        network.predict(np.zeros(shape))


def test_a_dataset_stands_for_its_images(network, data):
    """As other libraries have it; normalised as what the network learned from."""
    for own in (
        data,
        Dataset(data.images.astype(np.int64) * 300, data.labels),
        Dataset(data[:][0], data.labels),
    ):
        right = (network.predict(own) == own.labels).mean()
        assert right == network.evaluate(own)[1]
    np.testing.assert_array_equal(
        Network((12, 8, 3)).predict(data), Network((12, 8, 3)).predict(data[:][0])
    )


def test_a_loader_for_rows_is_told(network, data):
    with pytest.raises(
        TypeError, match=r"^predict: x must be rows, got a DataLoader; pass its .dataset$"
    ):
        network.predict(DataLoader(data))


def test_evaluate_takes_a_tuple_of_all_rows_and_labels(network, data):
    """As other libraries have it."""
    assert network.evaluate((data.images, data.labels)) == network.evaluate(data)
    assert (
        network.evaluate((data.images.tolist(), data.labels.tolist()))[1]
        == network.evaluate(data)[1]
    )
    halves = ((data.images[:25], data.labels[:25]), (data.images[25:], data.labels[25:]))
    for batches in (halves, list(halves)):
        assert network.evaluate(batches)[1] == network.evaluate(data)[1]


def test_an_accuracy_far_below_chance_is_told_once(data):
    network = Network((12, 3), output="softmax", loss="cross_entropy")
    labels = data.images[:, 0] // 86
    many = Dataset(np.tile(data.images, (20, 1)), np.tile(labels, 20))
    for _ in range(30):
        network.learn(np.arange(1000), 10, dataset=many, optimizer=SGD(0.1))
    swapped = Dataset(255 - many.images, many.labels, mean=many.mean, std=many.std)
    with pytest.warns(UserWarning, match=r"^evaluate: accuracy .* is far below chance: .*255 - x"):
        network.evaluate(swapped)
    network.evaluate(swapped)


def test_what_is_not_learned_yet_is_no_accuracy_far_below_chance(data):
    """A class that is never recognised, a rare one that always is: it begins so."""
    many = Dataset(np.tile(data.images, (20, 1)), np.arange(1000) % 10 // 4)
    network = Network((12, 3), output="softmax", loss="cross_entropy")
    network.learn([0], 1, dataset=many, optimizer=SGD(0))
    for answer, accuracy in ((0, 0.4), (1, 0.4), (2, 0.2)):
        weights = np.zeros((13, 3))
        weights[0, answer] = 1
        network.set_weights(0, weights)
        assert network.evaluate(many)[1] == accuracy
        for label in range(3):
            one = many.subset(many.labels == label)
            assert network.evaluate(one)[1] == (label == answer)


class Tensor:
    """What raises an error of its own when NumPy reads it, as PyTorch's with gradients do."""

    def __array__(self, *_, **__):
        raise RuntimeError("Can't call numpy() on Tensor that requires grad. Use detach() instead.")


class Sparse:
    """Of scipy, say."""

    def toarray(self):
        return np.zeros((1, 12))


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (
            Tensor(),
            "x must be numbers that NumPy can read, got Tensor: Can't call numpy() on Tensor",
        ),
        (Sparse(), "x must be real numbers, got Sparse; pass x.toarray()"),
        (None, "x must be real numbers, got NoneType"),
        ({}, "x must be real numbers, got dict"),
    ],
)
def test_what_numpy_cannot_read_is_told_in_our_words(network, x, message):
    for method in (network.predict, network.forward, network.activations):
        with pytest.raises(TypeError) as error:
            method(x)
        assert str(error.value).startswith(f"{method.__name__}: {message}")


def test_two_classes_for_one_output_are_told_what_they_need(data):
    binary = Dataset(data.images, data.labels > 0)
    network = Network((12, 1), loss="binary_cross_entropy")
    for learn in (
        lambda: network.learn([0], 1, dataset=binary, optimizer=SGD(0.1)),
        lambda: network.step(data[:][0], binary.labels, SGD(0.1)),
    ):
        with pytest.raises(
            ValueError, match=r"labels must be below 1, .*got 1; two classes need two outputs$"
        ):
            learn()


def test_pixels_that_were_divided_by_255_are_told(network, data):
    """The habit of another library."""
    parts = data.images / 255
    parts[0, 0] = 0
    with pytest.warns(
        UserWarning, match=r"^evaluate: .* takes these floats from 0 to 1 as they are"
    ):
        network.evaluate((parts, data.labels))
    other = copy.deepcopy(network)
    other._told.clear()
    other.predict(np.ones((2, 12)))
    other.predict(data[:][0])
