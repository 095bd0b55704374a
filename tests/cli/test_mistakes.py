"""`cutaway mistakes`: the picture of an earlier run, as PNG or PDF, or a sentence and no file."""

import json
import shutil

import numpy as np
import pytest
from PIL import Image

from cutaway import mistakes
from cutaway.job.earlier import read_run
from cutaway.job.source import read_again


def test_it_draws_what_the_function_draws_of_the_run_s_test_set(call, done, tmp_path):
    path = tmp_path / "mistakes.png"
    code, out, err = call("mistakes", done[1], "-o", path, "--theme", "dark", "--describe")
    earlier = read_run(done[1])
    expected = mistakes(earlier.network, read_again(earlier.data)[2], theme="dark")
    assert (code, out, err) == (0, f"{path}\n{expected.info['Description']}\n", "")
    with Image.open(path) as image:
        assert image.text["Description"] == expected.info["Description"]
        np.testing.assert_array_equal(np.asarray(image), np.asarray(expected))


def test_it_writes_a_page(call, done, tmp_path):
    assert call("mistakes", done[1], "-o", tmp_path / "mistakes.pdf")[0] == 0
    assert (tmp_path / "mistakes.pdf").read_bytes().startswith(b"%PDF-")


def test_a_model_alone_needs_to_be_told_its_data(call, model, data, tmp_path, error_line):
    alone = shutil.copy(model, tmp_path / "alone.safetensors")
    code, _, err = call("mistakes", alone, "-o", tmp_path / "mistakes.png")
    assert code == 1
    assert "name them (--data)" in error_line(err)
    assert [path.name for path in tmp_path.iterdir()] == ["alone.safetensors"]
    assert call("mistakes", alone, "-o", tmp_path / "a.png", "--data", data)[0] == 0


def test_data_that_have_moved_or_changed_are_told(call, done, data, tmp_path, error_line):
    run, moved = tmp_path / "run", tmp_path / "data"
    shutil.copytree(done[1], run)
    about = json.loads((run / "history.json").read_text())
    about["data"]["path"] = str(moved)
    (run / "history.json").write_text(json.dumps(about))
    for words in (str(moved), "holds other data than when the run was made"):
        code, _, err = call("mistakes", run, "-o", tmp_path / "mistakes.png")
        assert code == 1
        assert words in error_line(err)
        assert not (tmp_path / "mistakes.png").exists()
        if not moved.exists():
            shutil.copytree(data, moved)
            labels = moved / "t10k-labels-idx1-ubyte"
            labels.write_bytes(labels.read_bytes()[:-1] + b"\0")


@pytest.mark.parametrize("name", ["mistakes.jpg", "mistakes"])
def test_a_name_that_is_none_of_a_picture_is_refused(call, done, tmp_path, name, error_line):
    code, _, err = call("mistakes", done[1], "-o", tmp_path / name)
    assert code == 2
    assert "must end in .png or .pdf" in error_line(err)
    assert list(tmp_path.iterdir()) == []
