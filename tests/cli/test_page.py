"""`cutaway page`: a run as one HTML file."""


def test_a_run_becomes_a_page(call, done, data, tmp_path):
    path = tmp_path / "a.html"
    assert call("page", done[1], "-o", path) == (0, f"{path}\n", "")
    assert "<title>64-64-4 on " in path.read_text(encoding="utf-8")
    assert call("page", done[1], "-o", path, "--data", data)[0] == 0  # ours: it is replaced


def test_a_models_file_becomes_a_page(call, model, tmp_path):
    assert call("page", model, "-o", tmp_path / "a.html")[0] == 0


def test_a_file_of_others_stays(call, model, tmp_path, error_line):
    (tmp_path / "a.html").write_text("mine")
    code, _, err = call("page", model, "-o", tmp_path / "a.html")
    assert (code, (tmp_path / "a.html").read_text()) == (1, "mine")
    assert "--force replaces it" in error_line(err)


def test_another_kind_of_file_is_wrong_usage(call, model, tmp_path):
    code, _, err = call("page", model, "-o", tmp_path / "a.png")
    assert code == 2
    assert "must end in .html" in err


def test_training_leaves_a_page_unless_it_is_not_wanted(call, data, tmp_path):
    small = ("--data", data, "--epochs", 1, "--no-film", "--quiet", "--out", tmp_path / "a")
    assert call("train", *small)[0] == 0
    assert (tmp_path / "a" / "look.html").exists()
    code, _, err = call("train", *small, "--no-page")
    assert code == 0
    assert not (tmp_path / "a" / "look.html").exists()  # that of the earlier run would mislead
    assert "removed" in err
