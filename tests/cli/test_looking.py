"""What questions share: their data, read as the run's were."""

import numpy as np
import pytest
from PIL import Image

from cutaway.cli.looking import data_of
from cutaway.job.earlier import read_run


@pytest.fixture
def folder(tmp_path):
    """Pictures of two classes, dark on bright paper."""
    rng = np.random.default_rng(0)
    for label, name in enumerate(("top", "bottom")):
        (tmp_path / "pictures" / name).mkdir(parents=True)
        for number in range(12):
            pixels = rng.integers(200, 256, (6, 6), np.uint8)
            pixels[3 * label : 3 * label + 3] -= 150
            Image.fromarray(pixels).save(tmp_path / "pictures" / name / f"{number}.png")
    return tmp_path / "pictures"


def test_other_data_are_inverted_and_scaled_as_those_of_the_run_were(call, folder, tmp_path):
    out = tmp_path / "run"
    options = ("--invert", "--size", 4, 4, "--epochs", 2, "--no-film", "--out", out)
    assert call("train", "--data", folder, *options)[0] == 0
    earlier = read_run(out)
    own, same = data_of(earlier, None), data_of(earlier, folder)
    for mine, other in zip(own, same, strict=True):
        np.testing.assert_array_equal(mine.images, other.images)


def test_the_embedded_mnist_has_a_name(call, done, tmp_path, monkeypatch, error_line):
    monkeypatch.chdir(tmp_path)
    code, _, err = call("mistakes", done[1], "--data", "mnist")
    assert code == 1
    assert "the network takes 64 features, the data have 784" in error_line(err)
    assert list(tmp_path.iterdir()) == []
