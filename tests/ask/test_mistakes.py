"""Mistakes: one picture of counts, of the worst mistakes and of what was seen in them, with a sentence."""

import numpy as np
import pytest

from cutaway import Dataset, Network, mistakes


@pytest.fixture
def largest():
    """A network that answers with its largest input, of the names of three classes."""
    network = Network((3, 3), output="identity", backend="cpu")
    network.set_weights(0, np.vstack([np.zeros(3), np.eye(3)]))
    network.class_names = ("ant", "bee", "cat")
    return network


X = np.array([[0, 5, 1], [9, 0, 0], [0, 1, 7], [3, 2, 1], [0, 0, 4]], np.float32)


def test_the_sentence_tells_the_numbers_by_the_names_of_the_classes(largest):
    image = mistakes(largest, Dataset(X, [0, 0, 1, 1, 2]))
    assert image.info["Description"] == (
        "2 of 5 samples recognised, 40.00%; bee least often, 0.00%; ant is taken for bee most often, "
        "once; most confidently sample 2, which is bee and is taken for cat with 7.000"
    )


def test_a_network_without_mistakes_has_a_picture_too(largest):
    image = mistakes(largest, Dataset(X, [1, 0, 2, 0, 2]))
    assert image.info["Description"] == "5 of 5 samples recognised, 100.00%: no mistakes"
    assert min(image.size) >= 300


def test_a_class_without_samples_is_not_the_worst(largest):
    sentence = mistakes(largest, Dataset(X[:4], [1, 0, 0, 0])).info["Description"]
    assert "ant least often, 66.67%" in sentence


def test_it_agrees_with_evaluate(pair):
    network, dataset = pair
    right = round(network.evaluate(dataset)[1] * len(dataset))
    sentence = mistakes(network, dataset).info["Description"]
    assert sentence.startswith(f"{right} of {len(dataset)} samples recognised")


def test_networks_of_every_kind_are_drawn_light_and_dark(pair):
    light, dark = (np.asarray(mistakes(*pair, theme=theme)) for theme in ("light", "dark"))
    assert light.shape == dark.shape
    assert light.shape[1] <= 1600
    assert (light[0, 0] == 255).all()
    assert dark[0, 0].max() < 40
    assert light.std() > 10


def test_what_does_not_fit_is_refused(largest, stripes):
    with pytest.raises(
        TypeError,
        match=r"^mistakes: network must be a Network or another library's model, got list$",
    ):
        mistakes([], stripes)
    with pytest.raises(ValueError, match=r"^mistakes: the network takes 3 features, the data"):
        mistakes(largest, stripes)
    with pytest.raises(TypeError, match=r"^mistakes: dataset must be a cutaway.Dataset, got tuple"):
        mistakes(largest, (X, [0, 0, 1, 1, 2]))
    with pytest.raises(ValueError, match=r"^mistakes: theme must be one of 'light', 'dark', got"):
        mistakes(largest, Dataset(X, [0, 0, 1, 1, 2]), theme="pink")


def test_a_network_that_diverged_or_has_one_class_is_told():
    data = Dataset(X, [0] * 5)
    with pytest.raises(ValueError, match=r"^mistakes: network must have at least 2 classes, got 1"):
        mistakes(Network((3, 1), backend="cpu"), data)
    network = Network((3, 2), backend="cpu")
    weights = np.full((4, 2), 1e38, np.float32)
    network.set_weights(0, weights)
    network._core.set_weights(0, weights * np.float32(np.inf))
    with pytest.raises(ValueError, match=r"^mistakes: network must have finite weights, got one"):
        mistakes(network, data)
