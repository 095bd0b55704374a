"""`cutaway picture`: a layer or a unit, and no file of somebody else."""

import numpy as np
import pytest
from PIL import Image

import cutaway
from cutaway.measure.order import order_of


@pytest.mark.parametrize(
    ("options", "width"),
    [
        ([], 8 * (8 * 11 + 3) + 3),  # about 700
        (["--unit", "63"], 56 * 8),
        (["--layer", "1", "--projected", "--style", "classic", "--scale", "14"], 2 * 14 * 8),
        (["--shape", "4", "16", "--columns", "5", "--scale", "4"], 5 * (16 * 4 + 1) + 1),
    ],
)
def test_picture_draws_a_layer_of_a_model_or_one_unit(call, model, tmp_path, options, width):
    code, out, err = call("picture", model, "-o", tmp_path / "grid.png", *options)
    assert (code, out, err) == (0, f"{tmp_path / 'grid.png'}\n", "")
    with Image.open(tmp_path / "grid.png") as image:
        assert image.width == width
        assert image.text["Software"].startswith("written by cutaway ")


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (["--layer", "2"], "layer must be at most 1, got 2"),
        (["--unit", "64"], "unit must be below 64, got 64"),
    ],
)
def test_picture_refuses_what_the_model_has_not(call, model, tmp_path, options, text, error_line):
    code, out, err = call("picture", model, "-o", tmp_path / "grid.png", *options)
    assert (code, out) == (1, "")
    assert text in error_line(err)
    assert list(tmp_path.iterdir()) == []


def test_picture_replaces_its_own_file_and_nothing_of_others_unless_forced(
    call, model, tmp_path, error_line
):
    picture = ("picture", model, "-o", tmp_path / "grid.png")
    assert call(*picture)[0] == call(*picture)[0] == 0
    (tmp_path / "grid.png").write_text("a letter")
    code, _, err = call(*picture)
    assert code == 1
    assert "was not written by cutaway" in error_line(err)
    assert (tmp_path / "grid.png").read_text() == "a letter"
    assert call(*picture, "--force")[0] == 0


@pytest.mark.parametrize("content", [None, b"a letter"])
def test_picture_names_a_model_that_is_missing_or_damaged(call, tmp_path, content, error_line):
    path = tmp_path / "model\x1b[1m.safetensors"
    if content is not None:
        path.write_bytes(content)
    code, _, err = call("picture", path, "-o", tmp_path / "grid.png")
    assert code == 1
    assert r"model\x1b[1m.safetensors" in error_line(err)


def test_a_picture_has_the_shape_of_the_images_and_the_names_of_the_classes(call, tmp_path):
    rng = np.random.default_rng(0)
    images, labels = rng.integers(0, 256, (40, 4, 16), np.uint8), np.array(["cat", "dog"] * 20)
    data = cutaway.Dataset(images, labels)
    network = cutaway.Network((64, 2))
    network.learn(range(40), 8, dataset=data, optimizer=cutaway.SGD(0.1))
    cutaway.save(network, tmp_path / "model.safetensors")
    call("picture", tmp_path / "model.safetensors", "-o", tmp_path / "grid.png")
    expected = cutaway.grid(
        network.weights[0], shape=(4, 16), scale=None, legend="output layer of 64-2",
        names=["cat", "dog"],
    )  # fmt: skip
    with Image.open(tmp_path / "grid.png") as image:
        np.testing.assert_array_equal(np.asarray(image), np.asarray(expected))
    call("picture", tmp_path / "model.safetensors", "-o", tmp_path / "unit.png", "--unit", "1")
    with Image.open(tmp_path / "unit.png") as image:
        assert image.width == 16 * 28
        assert image.height > 4 * 28


def test_a_picture_of_more_units_than_classes_with_names_goes_without_them(call, tmp_path):
    data = cutaway.Dataset(np.arange(64 * 4, dtype=np.uint8).reshape(4, 64), ["cat", "dog"] * 2)
    network = cutaway.Network((64, 3))
    network.learn(range(4), 2, dataset=data, optimizer=cutaway.SGD(0.1))
    cutaway.save(network, tmp_path / "model.safetensors")
    code, _, err = call("picture", tmp_path / "model.safetensors", "-o", tmp_path / "grid.png")
    assert (code, err) == (0, "")


def drawn(call, model, tmp_path, *options):
    """The picture of a call that says nothing else, and its sentence."""
    code, out, err = call("picture", model, "-o", tmp_path / "grid.png", *options, "--describe")
    path, sentence = out.splitlines()
    assert (code, path, err) == (0, f"{tmp_path / 'grid.png'}", "")
    with Image.open(tmp_path / "grid.png") as image:
        assert image.text["Description"] == sentence
        return np.asarray(image), sentence


def test_a_picture_is_told_in_a_sentence_that_its_file_holds_too(call, model, tmp_path):
    _, sentence = drawn(call, model, tmp_path, "--limit", "0.5")
    assert sentence == (
        "hidden layer of 64-64-4: 64 units of 8x8 weights, 8 by 8, blue below zero, orange above, "
        "strongest colour at 0.5"
    )
    _, sentence = drawn(call, model, tmp_path, "--limit", "each", "--theme", "dark")
    assert sentence.endswith("each tile its own scale")
    _, sentence = drawn(call, model, tmp_path, "--unit", "3")
    assert sentence.startswith("neuron 3: 1 unit of 8x8 weights")


def test_a_later_layer_is_a_row_per_unit_with_numbers(call, model, tmp_path):
    weights = cutaway.load(model).weights[1]
    picture, sentence = drawn(call, model, tmp_path, "--layer", "1")
    assert sentence.startswith("output layer of 64-64-4: 4 units of 64 weights, a row each")
    expected = cutaway.grid(
        weights, shape=(1, 64), scale=None, numbers=True, legend="output layer of 64-64-4"
    )
    np.testing.assert_array_equal(picture, expected)


def test_a_later_layer_may_be_projected_onto_the_pixels_and_says_so(call, model, tmp_path):
    first, second = cutaway.load(model).weights
    picture, sentence = drawn(call, model, tmp_path, "--layer", "1", "--projected")
    title = "output layer of 64-64-4, linear projection through the layers below"
    assert sentence.startswith(f"{title}: 4 units of 8x8 weights")
    expected = cutaway.grid(first @ second, scale=None, legend=title, names=list("0123"))
    np.testing.assert_array_equal(picture, expected)
    _, sentence = drawn(call, model, tmp_path, "--layer", "1", "--projected", "--unit", "2")
    assert sentence.startswith("class 2, linear projection through the layers below: 1 unit")


@pytest.mark.parametrize("by", ["strength", "likeness", "class"])
def test_units_are_sorted_on_request_and_keep_their_numbers(call, model, tmp_path, by):
    network = cutaway.load(model)
    picture, sentence = drawn(call, model, tmp_path, "--sort", by, "--numbers")
    title = sentence.partition(":")[0]
    assert title.startswith(f"hidden layer of 64-64-4, sorted by {'the ' * (by == 'class')}{by}")
    spoken_for = [f"for {n}" for n in network.weights[1].argmax(axis=1)]
    expected = cutaway.grid(
        network.weights[0], scale=None, legend=title, numbers=True,
        order=order_of(network.weights, 0, by), names=spoken_for if by == "class" else None,
    )  # fmt: skip
    np.testing.assert_array_equal(picture, expected)


def test_pixels_of_three_colours_are_drawn_as_such(call, tmp_path):
    network = cutaway.Network((4 * 4 * 3, 5, 2))
    cutaway.save(network, tmp_path / "model.safetensors")
    expected = cutaway.grid(
        network.weights[0], shape=(4, 4, 3), scale=None, legend="hidden layer of 48-5-2"
    )
    for options in (["--rgb"], ["--rgb", "--shape", "4", "4"]):
        picture, sentence = drawn(call, tmp_path / "model.safetensors", tmp_path, *options)
        assert "5 units of 4x4x3 weights" in sentence
        np.testing.assert_array_equal(picture, expected)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (["--limit", "no"], "must be a number above 0 or each, got no"),
        (["--limit", "0"], "must be a number above 0 or each, got 0"),
        (["--limit", "nan"], "must be a number above 0 or each, got nan"),
        (["--unit", "1", "--numbers"], "--columns, --numbers and --sort are of a whole layer"),
        (
            ["--unit", "1", "--sort", "class"],
            "--columns, --numbers and --sort are of a whole layer",
        ),
        (["--unit", "1", "--columns", "2"], "--columns, --numbers and --sort are of a whole layer"),
    ],
)
def test_options_that_make_no_sense_are_refused(call, model, tmp_path, options, text, error_line):
    code, out, err = call("picture", model, "-o", tmp_path / "grid.png", *options)
    assert (code, out) == (2, "")
    assert text in error_line(err)
    assert list(tmp_path.iterdir()) == []


def test_numbers_make_small_tiles_large_enough_or_say_what_would(call, model, tmp_path, error_line):
    plain, _ = drawn(call, model, tmp_path, "--columns", "64")
    numbered, _ = drawn(call, model, tmp_path, "--columns", "64", "--numbers")
    assert numbered.shape[1] > plain.shape[1]
    _, _, err = call("picture", model, "-o", tmp_path / "a.png", "--numbers", "--scale", "2")
    assert "scale must be at least 5 for numbers to have room, got 2" in error_line(err)
