"""`cutaway why`: of a test sample's number, or of a picture file; or a sentence and no file."""

import shutil

import numpy as np
import pytest
from PIL import Image

from cutaway import why
from cutaway.job.earlier import read_run
from cutaway.job.source import read_again


def test_it_draws_what_the_function_draws_of_a_test_sample(call, done, tmp_path):
    path = tmp_path / "why.png"
    code, out, err = call("why", done[1], "7", "-o", path, "--theme", "dark", "--describe")
    earlier = read_run(done[1])
    expected = why(earlier.network, 7, data=read_again(earlier.data)[2], theme="dark")
    assert (code, out, err) == (0, f"{path}\n{expected.info['Description']}\n", "")
    assert expected.info["Description"].startswith("Sample 7 is ")
    with Image.open(path) as image:
        np.testing.assert_array_equal(np.asarray(image), np.asarray(expected))
    assert call("why", done[1], "7", "-o", tmp_path / "why.pdf")[0] == 0
    assert (tmp_path / "why.pdf").read_bytes().startswith(b"%PDF-")


def test_a_picture_file_is_asked_of_a_model_alone(call, model, tmp_path):
    alone = shutil.copy(model, tmp_path / "alone.safetensors")
    picture = np.zeros((8, 8), np.uint8)
    picture[2:4] = 230  # the rows of class 1
    Image.fromarray(picture).save(tmp_path / "photo.png")
    path = tmp_path / "why.png"
    code, out, err = call("why", alone, tmp_path / "photo.png", "-o", path, "--describe")
    assert (code, err) == (0, "")
    assert out.startswith(f"{path}\nphoto.png is 1: ")


def test_a_number_needs_data(call, model, data, tmp_path, error_line):
    alone = shutil.copy(model, tmp_path / "alone.safetensors")
    code, _, err = call("why", alone, "0", "-o", tmp_path / "why.png")
    assert code == 1
    assert "name them (--data)" in error_line(err)
    assert not (tmp_path / "why.png").exists()
    assert call("why", alone, "0", "-o", tmp_path / "why.png", "--data", data)[0] == 0


@pytest.mark.parametrize(
    ("what", "options", "code", "text"),
    [
        ("100", [], 1, "why: x must be below 100, the samples, got 100"),
        ("missing.png", [], 1, "missing.png: No such file or directory"),
        ("-7", [], 2, "No such option"),
        ("photo.png", ["--data", "folder"], 2, "--data is for the number of a sample"),
    ],
)
def test_what_is_not_there_is_told(call, done, tmp_path, what, options, code, text, error_line):
    got, out, err = call("why", done[1], what, "-o", tmp_path / "why.png", *options)
    assert (got, out) == (code, "")
    assert text in error_line(err)
    assert list(tmp_path.iterdir()) == []
