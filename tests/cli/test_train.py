"""`cutaway train`: files, numbers for scripts, and what is left when it is stopped."""

import json
import signal
import subprocess
import sys
from fractions import Fraction

import av
import numpy as np
import pytest
from PIL import Image

from cutaway import Film, load
from cutaway.look.codecs import count_frames


def test_train_leaves_film_pictures_model_and_history(done, files):
    process, out = done
    assert process.returncode == 0
    assert sorted(path.name for path in out.iterdir()) == sorted(files)


def test_json_is_one_object_on_stdout_with_what_scripts_need(done, files):
    process, out = done
    result = json.loads(process.stdout)
    assert result.keys() >= {
        "epochs", "test_accuracy", "seconds", "frames", "files", "fingerprint",
        "backend", "gpu", "threads", "version",
    }  # fmt: skip
    assert [e["epoch"] for e in result["epochs"]] == [1, 2]
    assert all(e.keys() >= {"train_loss", "valid_loss", "valid_accuracy"} for e in result["epochs"])
    assert result["seconds"].keys() == {"train", "render", "total"}
    assert result["files"] == [str(out / name) for name in files]
    assert result["fingerprint"] == load(out / "model.safetensors").fingerprint()
    assert result["test_accuracy"] > 0.9


def test_json_names_as_many_frames_as_the_film_has(done):
    process, out = done
    assert json.loads(process.stdout)["frames"] == count_frames(out / "learn.mp4")[0] == 20


def test_without_json_the_results_are_on_stdout_and_stderr_is_empty(call, data, tmp_path, files):
    code, out, err = call(
        "train", "--data", data, "--out", tmp_path, "--epochs", 2, "--no-film"
    )  # fmt: skip
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert [line.split()[0] for line in lines[:5]] == ["data:", "epoch", "1", "2", "test"]
    assert lines[5].startswith("verdict: learned, ")
    paths = [line.partition("  ")[0] for line in lines[7:]]
    assert paths == [str(tmp_path / name) for name in files if name != "learn.mp4"]
    assert lines[9].endswith("moments.safetensors  21 moments")
    assert not (tmp_path / "learn.mp4").exists()


@pytest.mark.parametrize(
    ("fps", "expected"), [("29.97", Fraction(2997, 100)), ("30000/1001", Fraction(30000, 1001))]
)
def test_frames_per_second_may_be_a_decimal_or_a_fraction(call, data, tmp_path, fps, expected):
    options = ("--epochs", 1, "--plain", "--fps", fps)  # without a frame that is held
    code, _, _ = call("train", "--data", data, "--out", tmp_path, *options)
    assert code == 0
    with av.open(str(tmp_path / "learn.mp4")) as container:
        assert container.streams.video[0].average_rate == expected


@pytest.mark.parametrize(
    ("options", "frames"),
    [
        ((), 10),
        (("--pace", "log", "--frames", 4), 4),
        (("--frames", 7), 7),
        (("--every", 4), 3),
        (("--pace", "batch", "--plain"), 10),
        (("--film", "mine.mp4", "--theme", "dark"), 10),
        (("--film", "--recipe", "fast"), 10),
        (("--recipe", "fast", "--frames", 5), 5),
    ],
)
def test_the_pace_of_a_film_and_its_frames_are_chosen(call, data, tmp_path, options, frames):
    code, out, _ = call("train", "--data", data, "--out", tmp_path, "--epochs", 1, *options)
    assert code == 0
    (film,) = tmp_path.glob("*.mp4")
    assert film.name == ("mine.mp4" if "mine.mp4" in options else "learn.mp4")
    assert count_frames(film)[0] == frames
    assert out.splitlines()[-1] == f"{film}  {frames} frames"


def test_more_frames_than_mini_batches_are_one_for_each_and_that_is_said(call, data, tmp_path):
    _, _, err = call(
        "train", "--data", data, "--out", tmp_path, "--epochs", 1, "--frames", 99
    )  # fmt: skip
    assert err == "the film has a frame for every mini-batch: 10, not 99\n"


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--every", 2, "--pace", "log"), "--every implies --pace batch"),
        (("--every", 2, "--frames", 5), "--every implies --pace batch"),
        (("--no-film", "--film"), "--no-film and --film exclude each other"),
        (("--no-film", "--plain"), "--no-film and --plain exclude each other"),
        (("--film", "x.avi"), "must end in .mp4"),
        (("--film", "x"), "must end in .mp4"),
        (("--pace", "slow"), "'slow' is not one of 'movement', 'log', 'batch'"),
        (("--frames", 0), "0 is not in the range x>=1"),
        (("--theme", "blue"), "'blue' is not one of 'light', 'dark'"),
    ],
)
def test_options_of_a_film_that_do_not_fit_are_told(
    call, data, tmp_path, options, sentence, error_line
):
    out = tmp_path / "out"
    code, _, err = call("train", "--data", data, "--out", out, *options)
    assert code == 2
    assert sentence in error_line(err)
    assert not out.exists()


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--film", "x.gif", "--codec", "mp4v"), "codec must be 'gif' for .gif, got 'mp4v'"),
        (("--film", "x.gif", "--fps", 60), "fps must be at most 50 for gif"),
    ],
)
def test_a_film_that_cannot_be_is_told_before_anything_is_learned(
    call, data, tmp_path, options, sentence, error_line
):
    out = tmp_path / "out"
    code, stdout, err = call("train", "--data", data, "--out", out, *options)
    assert (code, stdout.count("\n")) == (1, 1)
    assert sentence in error_line(err)
    assert not out.exists()


@pytest.mark.parametrize("suffix", [".gif", ".webp", ".apng"])
def test_a_film_may_be_an_animation(call, data, tmp_path, suffix):
    options = ("--epochs", 1, "--film", f"x{suffix}", "--frames", 7)
    code, out, _ = call("train", "--data", data, "--out", tmp_path, *options)
    assert code == 0
    film = tmp_path / f"x{suffix}"
    assert out.splitlines()[-1] == f"{film}  7 frames"
    with Image.open(film) as image:
        assert image.n_frames == 7
        image.seek(6)
        image.load()
        assert image.info["duration"] == 2000  # it is held


def test_a_film_into_a_folder_that_is_not_there_is_one_sentence_and_leaves_nothing(
    call, data, tmp_path, error_line
):
    out, film = tmp_path / "out", tmp_path / "nowhere" / "x.mp4"
    code, _, err = call("train", "--data", data, "--out", out, "--film", film)
    assert code == 1
    assert error_line(err).endswith(f"{film}: {film.parent} is not a folder")
    assert list(tmp_path.iterdir()) == []


def test_a_film_with_a_slash_is_where_it_says_and_no_other_run_takes_it_away(
    call, data, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    options = ("--data", data, "--out", "run", "--epochs", 1)
    assert call("train", *options, "--film", "./x.mp4")[0] == 0
    assert call("train", *options, "--film", "run/y.mp4")[0] == 0  # the folder that is made
    assert (tmp_path / "x.mp4").exists()
    assert (tmp_path / "run" / "y.mp4").exists()
    with Film("run/x.mp4") as film:  # of the user's own
        film.write(np.zeros((16, 16), np.uint8))
    _, _, err = call("train", *options, "--no-film")
    assert err == "removed run/y.mp4 of an earlier run\n"
    assert (tmp_path / "run" / "x.mp4").exists()


@pytest.mark.parametrize("fps", ["0.01", "1/100"])
def test_the_slowest_film_has_a_frame(call, data, tmp_path, fps):
    options = ("--data", data, "--out", tmp_path, "--epochs", 1, "--fps", fps)
    assert call("train", *options)[0] == 0
    assert count_frames(tmp_path / "learn.mp4")[0] == 1


def test_the_history_tells_where_the_data_came_from(call, data, tmp_path):
    call("train", "--data", data, "--out", tmp_path, "--epochs", 1, "--no-film")
    history = json.loads((tmp_path / "history.json").read_text())
    assert history["data"]["path"] == str(data)


def test_the_number_of_threads_changes_no_bit(call, data, tmp_path):
    options = ("--data", data, "--epochs", 2, "--backend", "cpu", "--no-film", "--json")
    options += ("--out", tmp_path)
    prints = {
        json.loads(call("train", *options, "--threads", threads)[1])["fingerprint"]
        for threads in (1, 2, 3)
    }
    assert len(prints) == 1


def test_a_second_run_replaces_the_first_but_nothing_of_others_unless_forced(
    call, data, tmp_path, error_line
):
    train = ("train", "--data", data, "--out", tmp_path, "--epochs", 1, "--every", 5)
    assert call(*train)[0] == 0
    assert call(*train)[0] == 0
    (tmp_path / "learn.mp4").write_text("a letter")
    code, _, err = call(*train)
    assert code == 1
    assert error_line(err).endswith("learn.mp4: was not written by cutaway; --force replaces it")
    assert (tmp_path / "learn.mp4").read_text() == "a letter"
    assert call(*train, "--force")[0] == 0
    assert count_frames(tmp_path / "learn.mp4")[0] == 2


@pytest.mark.usefixtures("emulated")
def test_a_gpu_is_told_by_its_name(call, data, tmp_path):
    options = ("--data", data, "--epochs", 1, "--backend", "cuda", "--no-film", "--out", tmp_path)
    result = json.loads(call("train", *options, "--json")[1])
    assert (result["backend"], result["isa"]) == ("cuda", None)
    assert result["gpu"].startswith("an emulated GPU")
    assert "an emulated GPU" in call("train", *options)[1]
    assert "cpu, numpy, cuda, cuda-tf32\n" in call("info")[1]
    model = tmp_path / "model.safetensors"
    assert load(model, backend="cuda").fingerprint() == load(model, backend="cpu").fingerprint()


@pytest.mark.usefixtures("emulated")
def test_products_in_tf32_are_told_and_a_run_goes_on_with_them_only(call, data, tmp_path):
    options = ("--epochs", 1, "--backend", "cuda-tf32:0", "--no-film", "--out", tmp_path)
    result = json.loads(call("train", "--data", data, *options, "--json")[1])
    assert result["backend"] == "cuda-tf32:0"
    assert result["gpu"].endswith(", products in tf32")
    again = ("train", "--resume", tmp_path, "--epochs", 2, "--backend")
    code, _, err = call(*again, "cuda")
    assert code == 1
    assert "backend must be 'cuda-tf32', as when" in err
    assert "got 'cuda'; --force goes on all the same" in err
    assert call(*again, "cuda-tf32")[0] == 0


@pytest.mark.usefixtures("ctrl_c")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_run_that_is_stopped_leaves_a_whole_film_and_a_model(
    data, tmp_path, number, code, files, environment
):
    command = [
        sys.executable, "-m", "cutaway", "train", "--data", data, "--out", tmp_path,
        "--epochs", "100000", "--json",
    ]  # fmt: skip
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment()
    ) as process:
        try:
            for _ in range(5):  # what the data are, the head and three epochs
                process.stderr.readline()
            process.send_signal(number)
            out, err = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == code
    assert "Traceback" not in err
    assert "cutaway: interrupted" in err
    result = json.loads(out)
    assert result["interrupted"]
    assert result["frames"] == count_frames(tmp_path / "learn.mp4")[0] >= 10
    assert load(tmp_path / "model.safetensors").fingerprint() == result["fingerprint"]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(files)


def test_a_full_disk_is_one_line_and_keeps_the_older_film(data, tmp_path, cutaway, error_line):
    out = tmp_path / "out"
    options = ("train", "--data", data, "--out", out, "--epochs", 1)
    cutaway(*options)
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    limited = "import resource as r; r.setrlimit(r.RLIMIT_FSIZE, (3000, 3000))"
    process = cutaway(
        *options, start=("-c", f"{limited}; from cutaway.cli.main import main; main()")
    )
    assert process.returncode == 1
    assert error_line(process.stderr).endswith(
        f"{out}/.cutaway-run/model.safetensors: File too large"
    )
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


def test_people_s_own_files_are_taken_and_told_in_a_line(call, tmp_path):
    rng = np.random.default_rng(0)
    kinds = np.array(["T-shirt", "Bag", "Coat"])[np.arange(60) % 3]
    np.savez(tmp_path / "mine.npz", X=rng.integers(0, 256, (60, 5, 7), np.uint8), y=kinds)
    code, out, err = call(
        "train", "--data", tmp_path / "mine.npz", "--out", tmp_path / "run", "--no-film", "--epochs", 1
    )  # fmt: skip
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == (
        "data: npz: 60 images of 5 x 7, 3 classes (Bag, Coat, T-shirt); 40 to train, 10 to validate, "
        "10 to test (validation and test drawn from the training set, every class in proportion)"
    )
    assert lines[3].startswith("test accuracy ")
    assert "(by class: " in lines[3]
    network = load(tmp_path / "run" / "model.safetensors")
    assert (network.shape, network.class_names) == ((5, 7), ("Bag", "Coat", "T-shirt"))


def test_how_to_read_is_asked_for_where_it_has_a_meaning(call, tmp_path, error_line):
    code, _, err = call("train", "--label", "last", "--out", tmp_path)
    assert code == 2
    assert "--label, --size and --invert need --data" in error_line(err)
