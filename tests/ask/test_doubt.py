"""`doubt`: how right and how sure a network is, in a picture and a sentence that agree with it."""

import numpy as np
import pytest

import cutaway
from cutaway import doubt


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("hidden", [(), (6, 5)])
def test_any_network_of_pictures_or_rows_is_drawn(learned, bands, rows, hidden, theme):
    for data in (bands, rows):
        image = doubt(learned(data, hidden, epochs=1)[0], data, theme=theme)
        assert image.mode == "RGB"
        assert 1200 <= image.width <= 1600
        assert image.height > 300


def test_the_sentence_has_the_network_s_own_numbers(learned, bands):
    network, _ = learned(bands, output="softmax", loss="cross_entropy")
    told = doubt(network, bands).info["Description"].split("; ")
    right, sure = network.evaluate(bands)[1], network.forward(bands).max(axis=1).mean()
    assert told[0] == f"{100 * right:.0f} % are right, with a mean confidence of {100 * sure:.0f} %"
    assert told[2].startswith("of 1,000 inputs of pure noise ")
    assert [each[:12] for each in told[4:]] == ["a blank is s", *["the letter " + c for c in "AKX"]]


def test_a_network_that_always_says_the_same_is_told_to_do_so(bands):
    network = cutaway.Network((64, 4), output="softmax", loss="cross_entropy", backend="cpu")
    weights = np.zeros((65, 4), np.float32)
    weights[0, 2] = np.log(97)  # 97 / (97 + 3)
    network.set_weights(0, weights)
    told = doubt(network, bands).info["Description"]
    assert told.startswith("25 % are right, with a mean confidence of 97 %; ")
    assert "pure noise 100 % are said to be 2; the mean confidence is 97 %, and 100 % are" in told
    assert "; a blank is said to be 2, 97 %; the letter A is said to be 2, 97 %;" in told


def test_letters_that_are_classes_are_no_other_alphabet(bands, learned):
    data = cutaway.Dataset(
        bands.images.reshape(-1, 8, 8), bands.labels, class_names=["a", "b", "K", "X"]
    )
    told = doubt(learned(data)[0], data).info["Description"]
    assert [part.split()[2] for part in told.split("; ") if "letter" in part] == ["Ω", "Ж", "Д"]


def test_rows_have_no_letters_and_are_said_to_be_no_pictures(learned, rows):
    told = doubt(learned(rows)[0], rows).info["Description"]
    assert "letter" not in told
    assert "; the mean input is said to be " in told


def test_the_network_stays_as_it_is_and_the_same_seed_gives_the_same_picture(learned, bands):
    network, _ = learned(bands)
    before = network.fingerprint()
    one, same, other = (np.asarray(doubt(network, bands, seed=seed)) for seed in (3, 3, 4))
    assert network.fingerprint() == before
    assert (one == same).all()
    assert one.shape != other.shape or (one != other).any()


def test_an_output_that_is_no_confidence_is_refused(bands):
    network = cutaway.Network((64, 4), output="identity", backend="cpu")
    with pytest.raises(ValueError, match=r"^doubt: network must have output .* got 'identity'"):
        doubt(network, bands)
