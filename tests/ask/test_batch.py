"""`batch`: what a mini-batch teaches, in a picture and a sentence that agree with the network."""

import re

import numpy as np
import pytest

import cutaway
from cutaway import batch

SGD = cutaway.SGD(0.5)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("hidden", [(), (6, 5)])
def test_any_network_of_pictures_or_rows_is_drawn(learned, bands, rows, hidden, theme):
    for data in (bands, rows):
        network, _ = learned(data, hidden, epochs=1)
        image = batch(network, data, range(16), optimizer=SGD, theme=theme)
        assert image.mode == "RGB"
        assert 1200 <= image.width <= 1650
        assert image.height > 300


def test_the_sentence_has_the_losses_before_and_after_and_the_network_stays(learned, bands):
    network, _ = learned(bands)
    before = network.fingerprint()
    numbers = np.arange(0, 160, 7)
    told = batch(network, bands, numbers, optimizer=SGD, rate=0.2, title="Mine").info["Description"]
    assert network.fingerprint() == before
    part = bands.subset(numbers)
    loss, accuracy = network.evaluate(part)
    network.learn(numbers, len(numbers), dataset=bands, optimizer=SGD, rates=[0.2])
    after, accuracy_after = network.evaluate(part)
    count = len(numbers)
    assert told.startswith(
        f"Mine: its loss per sample was {loss:.3g}, and is {after:.3g} after it; "
        f"{round(count * accuracy)} of its {count} samples were right before it, "
        f"{round(count * accuracy_after)} are after it; the units that moved most: "
    )


def test_the_units_that_moved_most_are_named_with_the_class_they_speak_for(bands):
    """Two hidden units of known weights, of which one is shut: its gradient is 0."""
    network = cutaway.Network((64, 2, 4), activation="relu", backend="cpu")
    first, last = np.zeros((65, 2), np.float32), np.zeros((3, 4), np.float32)
    first[0] = [-1e6, 1]
    last[1:] = [[0, 0, 0, 2], [0, 3, -1, 0]]
    network.set_weights(0, first)
    network.set_weights(1, last)
    told = batch(network, bands, range(32), optimizer=SGD).info["Description"]
    assert told.endswith("the units that moved most: 1 for 1, 0 for 3")


def test_of_a_network_without_hidden_layer_the_units_are_the_classes(learned, rows):
    network, _ = learned(rows, (), epochs=1)
    told = batch(network, rows, range(9), optimizer=SGD).info["Description"]
    assert set(re.split(", ", told.partition("moved most: ")[2])) == {"ant", "bee", "cat"}


def test_a_network_that_has_learned_nothing_yet_is_taught_its_first_batch(rows):
    network = cutaway.Network((6, 4, 3), backend="cpu")
    told = batch(network, rows, range(9), optimizer=SGD).info["Description"]
    assert re.search(r"for (ant|bee|cat)$", told)


def test_samples_that_are_not_there_are_refused(learned, bands):
    network, _ = learned(bands, epochs=1)
    with pytest.raises(IndexError, match="numbers must be below 160, got 160"):
        batch(network, bands, [0, 160], optimizer=SGD)
    with pytest.raises(ValueError, match="at least 1"):
        batch(network, bands, [], optimizer=SGD)
