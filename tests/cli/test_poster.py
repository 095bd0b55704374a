"""`cutaway poster`: a run on a page."""

import pytest
from PIL import Image


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_run_is_drawn_with_its_moments_and_told(call, done, tmp_path, theme):
    path = tmp_path / "a.png"
    code, out, err = call("poster", done[1], "-o", path, "--theme", theme, "--describe")
    name, sentence = out.splitlines()
    assert (code, name, err) == (0, str(path), "")
    assert sentence.startswith("poster of 7 of 64 neurons of 64-64-4, a row each: ")
    assert "a column each after 0, 1, 2, 3, 5, 7, 10, 15, 20 mini-batches; " in sentence
    assert "of the validation set right" in sentence
    with Image.open(path) as image:
        assert (image.size, image.text["Description"]) == ((1920, 1080), sentence)
        assert image.info["dpi"] == pytest.approx((150, 150), abs=0.1)


def test_neurons_columns_and_paper_are_chosen(call, done, tmp_path):
    code, out, _ = call(
        "poster", done[1], "--neurons", "3", "17", "--columns", "4", "--paper", "a4",
        "-o", tmp_path / "a.pdf", "--describe",
    )  # fmt: skip
    assert code == 0
    assert "2 of 64 neurons of 64-64-4, a row each: 3 for " in out
    assert "after 0, 2, 5, 20 mini-batches" in out
    page = (tmp_path / "a.pdf").read_bytes()
    assert b"[ 0 0 595.2 841.92 ]" in page  # points: A4


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (["--neurons", "64"], "poster: neurons must be at most 63, got 64"),
        (["--columns", "40"], "poster: columns must be at most 28, got 40"),
    ],
)
def test_what_is_not_there_is_one_line_and_leaves_no_file(
    call, done, tmp_path, options, text, error_line
):
    code, out, err = call("poster", done[1], "-o", tmp_path / "a.png", *options)
    assert (code, out) == (1, "")
    assert text in error_line(err)
    assert list(tmp_path.iterdir()) == []


def test_a_model_without_moments_says_what_has_some(call, model, tmp_path, error_line):
    code, _, err = call("poster", model, "-o", tmp_path / "a.png")
    assert code == 1
    assert "cutaway train keeps them in its folder" in error_line(err)
    assert list(tmp_path.iterdir()) == []
