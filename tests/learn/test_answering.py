"""Answers: predictions, evaluations and picture files, the same whatever way the rows come."""

import numpy as np
import pytest

from cutaway import SGD, DataLoader, Dataset, Network


def test_evaluate_of_a_single_sample(network, data):
    for i in range(3):
        one = data.subset([i])
        loss, accuracy = network.evaluate(one)
        assert accuracy == float(network.predict(data.images[i : i + 1])[0] == data.labels[i])
        assert loss == pytest.approx(network.backprop(*one[:])[0], rel=1e-6)
        assert network.evaluate([one[:]]) == pytest.approx((loss, accuracy), rel=1e-6)


def test_predict_is_the_largest_output(network, data):
    expected = network.forward(data.images).argmax(axis=1)
    np.testing.assert_array_equal(network.predict(data.images), expected)


@pytest.mark.parametrize("backend", ["cpu", "numpy"])
@pytest.mark.parametrize(
    ("output", "loss"),
    [
        ("sigmoid", "squared_error"),
        ("sigmoid", "binary_cross_entropy"),
        ("softmax", "cross_entropy"),
    ],
)
def test_evaluate_is_the_mean_loss_and_the_part_recognised(data, backend, output, loss):
    network = Network((12, 8, 3), output=output, loss=loss, backend=backend, reduction="mean")
    value, accuracy = network.evaluate(data)
    x, y = data[:]
    assert value == pytest.approx(network.backprop(x, y)[0], rel=1e-6)
    assert accuracy == (network.predict(x) == y).mean()


def test_evaluate_survives_outputs_of_zero_and_one(data):
    network = Network((12, 3), loss="binary_cross_entropy")
    network.set_weights(0, 1000 * network.get_weights(0))
    assert np.isfinite(network.evaluate(data)[0])


def test_large_inputs_are_taken_in_blocks_and_give_the_same_bits(network):
    x = np.random.default_rng(1).standard_normal((20_000, 12)).astype(np.float32)
    np.testing.assert_array_equal(network.forward(x)[-5:], network.forward(x[-5:]))


def test_evaluate_takes_mini_batches_of_the_users_own(data):
    class Own:
        def __len__(self):
            return 50

        def __getitem__(self, i):
            return data.images[i] / 255, int(data.labels[i])

    network = Network((12, 8, 3))
    raw = Dataset(data.images / 255, data.labels, mean=0, std=1)
    assert network.evaluate(DataLoader(Own(), 16)) == pytest.approx(network.evaluate(raw))
    with pytest.raises(ValueError, match="at least 1 sample"):
        network.evaluate([])
    with pytest.raises(TypeError, match="data must be a Dataset or yield"):
        network.evaluate(3)


def test_top_gives_the_best_classes_and_their_outputs(network, data):
    output = network.forward(data.images)
    classes, values = network.top(data.images, 2)
    np.testing.assert_array_equal(classes[:, 0], network.predict(data.images))
    np.testing.assert_array_equal(values, np.sort(output, axis=1)[:, :0:-1])
    np.testing.assert_array_equal(values, np.take_along_axis(output, classes, axis=1))
    assert network.top(data.images[0])[0].shape == (1, 3)
    network.set_weights(1, np.zeros((9, 3)))
    assert network.top(data.images[0])[0].tolist() == [[0, 1, 2]]  # of equal ones, the lowest first
    with pytest.raises(ValueError, match=r"^top: k must be at most 3, got 4$"):
        network.top(data.images, 4)


def test_probabilities_are_those_of_a_softmax(network, data):
    with pytest.raises(ValueError, match=r"^predict_proba: .* output 'softmax', got 'sigmoid'"):
        network.predict_proba(data.images)
    softmax = Network((12, 8, 3), output="softmax", loss="cross_entropy")
    probabilities = softmax.predict_proba(data)
    np.testing.assert_array_equal(probabilities, softmax.forward(data))
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-6)


def test_outputs_come_with_their_labels(network, data):
    (output,), (labels,) = zip(*network.outputs(data), strict=True)
    np.testing.assert_array_equal(output, network.forward(data.images))
    np.testing.assert_array_equal(labels, data.labels)


def test_a_picture_file_is_made_like_what_it_learned_from_and_that_is_told(network, tmp_path):
    from PIL import Image

    picture = np.zeros((4, 3), np.uint8)
    picture[1:3, 1] = 255
    Image.fromarray(255 - picture).save(tmp_path / "white.png")
    Image.fromarray(picture).save(tmp_path / "black.png")
    network.mean = 40.0  # dark paper
    expected = network.top(picture)
    for name in ("black.png", str(tmp_path / "black.png")):
        np.testing.assert_array_equal(network.top(tmp_path / name)[1], expected[1])
    with pytest.warns(UserWarning, match=r"^predict: .*white.png was inverted, like the pictures"):
        np.testing.assert_array_equal(network.predict(tmp_path / "white.png"), expected[0][:, 0])
    with pytest.raises(FileNotFoundError, match=r"none\.png"):
        network.predict(tmp_path / "none.png")
    with pytest.raises(ValueError, match=r"^predict: a picture file needs a network that learned"):
        Network((12, 3)).predict(tmp_path / "white.png")


@pytest.mark.parametrize("white", [16, 1])
def test_a_picture_file_is_no_row_of_a_network_of_other_pixels(data, tmp_path, white):
    """Those of load_digits() are 0 to 16, and booleans 0 and 1: 255 would be far beyond all of them."""
    from PIL import Image

    Image.fromarray(np.eye(4, 3, dtype=np.uint8)).save(tmp_path / "digit.png")
    images = data.images.reshape(-1, 4, 3)
    few = Dataset(images // 128 * white, data.labels)
    network = Network((12, 3))
    network.learn([0], 1, dataset=few, optimizer=SGD(0.1))
    with pytest.raises(ValueError, match=r"^predict: a picture file has pixels from 0 to 255, but"):
        network.predict(tmp_path / "digit.png")
    given = Dataset(images, data.labels, mean=0, std=1)
    network.learn([0], 1, dataset=given, optimizer=SGD(0))
    assert network.predict(tmp_path / "digit.png").shape == (1,)
