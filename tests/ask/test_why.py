"""Why: one picture of what was shown, what is answered and what spoke for it, with a sentence."""

import re

import numpy as np
import pytest
from PIL import Image

from cutaway import Dataset, Network, why

PHOTOGRAPHS = {
    "plain": (2, {}),
    "in a shadow": (3, dict(shade=0.6)),
    "turned": (4, dict(degrees=10)),
    "off centre": (5, dict(place=(0.22, 0.7))),
    "thin": (7, dict(width=5)),
}


def sentence(*arguments, **keywords):
    return why(*arguments, **keywords).info["Description"]


@pytest.fixture
def two():
    """Two neurons, one for each class."""
    network = Network((2, 2, 2), activation="relu", output="identity", backend="cpu")
    network.set_weights(0, [[0, 0], [1, 0], [0, 1]])
    network.set_weights(1, [[0, 0], [3, 1], [0.5, 2]])
    network.class_names = ("left", "right")
    return network


def test_the_sentence_tells_what_is_answered_and_which_units_spoke(two):
    assert sentence(two, [2.0, 1.0]) == (
        "It is left: 6.500, right has 4.000; neuron 0 speaks loudest for left, +4.00; "
        "neuron 1 speaks loudest for right, +1.50"
    )


def test_a_sample_of_a_dataset_is_compared_with_its_class(two):
    three = Network((2, 3), output="identity", backend="cpu")
    three.set_weights(0, [[0, 0, 0], [4, 3, 0], [0, 0, 1]])
    data = Dataset([[1.0, 0.0], [2.0, 5.0]], [0, 2])
    assert sentence(three, 0, data=data) == "Sample 0 is 0: 4.000, 1 has 3.000"
    assert sentence(three, 1, data=data) == "Sample 1 is 2, taken for 0: 8.000 against 5.000"
    some = Dataset([[2.0, 1.0]], [1], class_names=["left", "right"])
    assert sentence(two, 0, data=some).startswith("Sample 0 is right, taken for left: 6.500 agai")


def test_a_unit_that_speaks_for_nobody_is_not_shown(two):
    assert "neuron 1" not in sentence(two, [2.0, 0.0])


def test_an_answer_below_one_half_is_none_clearly():
    network = Network((2, 2), backend="cpu")
    network.set_weights(0, [[-2, -3], [0, 0], [0, 0]])
    assert sentence(network, [1.0, 1.0]) == (
        "It is none clearly, most likely 0: only 0.119, 1 has 0.047"
    )


def test_networks_of_every_kind_are_drawn_light_and_dark(pair):
    network, dataset = pair
    light, dark = (why(network, 3, data=dataset, theme=theme) for theme in ("light", "dark"))
    assert light.size == dark.size
    assert 1000 < light.width <= 1600
    assert light.height >= 300
    assert light.getpixel((0, 0)) == (255, 255, 255)
    assert max(dark.getpixel((0, 0))) < 40
    answer = network.predict(dataset)[3]
    name = dataset.named([answer])
    assert f"is {name}:" in light.info["Description"] or f"for {name}:" in light.info["Description"]


def test_a_row_and_a_sample_are_drawn_alike_but_for_the_title(learn, stripes):
    network = learn(stripes, 5)
    row, sample = why(network, stripes.images[3]), why(network, 3, data=stripes)
    assert row.size == sample.size
    below = 70  # the title
    np.testing.assert_array_equal(np.asarray(row)[below:], np.asarray(sample)[below:])


@pytest.mark.parametrize(("digit", "options"), PHOTOGRAPHS.values(), ids=PHOTOGRAPHS)
def test_photographs_of_handwriting_are_recognised(default, photograph, tmp_path, digit, options):
    path = tmp_path / "photo.png"
    photograph(digit, **options).save(path)
    assert re.match(rf"photo\.png is {digit}: 0\.[5-9]\d\d, ", sentence(default, path))


def test_a_photograph_is_not_explained_by_a_warning_but_in_the_picture(
    default, photograph, tmp_path, recwarn
):
    photograph(3).save(tmp_path / "photo.png")
    why(default, tmp_path / "photo.png")
    assert not recwarn.list


def test_a_file_that_is_no_digit_is_told_in_a_sentence(default, tmp_path):
    path = tmp_path / "bad.png"
    Image.new("L", (300, 200), 230).save(path)
    with pytest.raises(ValueError, match=r"^why: .*bad\.png: no ink was found on its paper$"):
        why(default, path)
    Image.new("1", (20_000, 20_000)).save(path)
    with pytest.raises(ValueError, match=r"^why: .*: a picture must have at most 50,000,000 pix"):
        why(default, path)
    for content in (b"", b"a letter"):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=r"^why: .*bad\.png: must be a picture .*is none or"):
            why(default, path)
    with pytest.raises(FileNotFoundError):
        why(default, tmp_path / "missing.png")


def test_a_wide_picture_is_read_within_its_bounds(default, photograph, tmp_path):
    wide = Image.new("L", (20_000, 300), 235)
    wide.paste(photograph(3).crop((100, 50, 300, 250)), (9_000, 50))
    wide.save(tmp_path / "wide.png")
    assert "wide.png is 3: " in sentence(default, tmp_path / "wide.png")


def test_what_is_not_there_is_refused(two):
    data = Dataset([[1.0, 0.0]], [0])
    with pytest.raises(IndexError, match=r"^why: x must be below 1, the samples, got 1$"):
        why(two, 1, data=data)
    with pytest.raises(ValueError, match=r"^why: x must be at least 0, got -1$"):
        why(two, -1, data=data)
    with pytest.raises(ValueError, match=r"^why: x must be a single row or picture, got 3$"):
        why(two, np.zeros((3, 2)))
    with pytest.raises(ValueError, match=r"^why: x must be finite, got nan"):
        why(two, [np.nan, 1])
    with pytest.raises(ValueError, match=r"^why: a picture file needs a network that learned from"):
        why(two, "photo.png")
    with pytest.raises(ValueError, match=r"^why: network must have at least 2 classes, got 1$"):
        why(Network((2, 1), backend="cpu"), [1.0, 1.0])
