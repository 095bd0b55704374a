"""`cutaway picture`: a layer or a unit, and no file of somebody else."""

import numpy as np
import pytest
from PIL import Image

import cutaway


@pytest.mark.parametrize(
    ("options", "width"),
    [
        ([], 10 * (8 * 9 + 1)),  # about 700
        (["--unit", "63"], 56 * 8),
        (["--layer", "1", "--style", "classic", "--scale", "2"], 2 * 2 * 8),
        (["--shape", "4", "16", "--columns", "5", "--scale", "1"], 5 * 17 + 1),
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
        network.weights[0], shape=(4, 16), scale=20, legend=True, names=["cat", "dog"]
    )
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
