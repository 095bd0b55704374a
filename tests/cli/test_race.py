"""`cutaway race`: a setting with several values, in one film and one picture."""

import json
import signal
import subprocess
import sys

import pytest
from PIL import Image

from cutaway import load
from cutaway.look.codecs import count_frames

RACE = ("--epochs", 2, "--hidden", "6")


@pytest.fixture
def run(call, data, tmp_path):
    """Race into a folder."""

    def run(*options, out=tmp_path / "out"):
        return call("race", "--data", data, "--out", out, *RACE, *options)

    return run


def test_a_race_leaves_a_folder_for_each_a_film_and_a_picture_and_prints_a_table(
    run, tmp_path, files
):
    code, stdout, err = run("--vary", "lr=0.001,0.05", "--describe", "--theme", "dark")
    assert (code, err) == (0, "")
    out = tmp_path / "out"
    names = ["lr=0.001", "lr=0.05", "race.mp4", "race.png"]
    assert sorted(path.name for path in out.iterdir()) == names
    for name in names[:2]:
        assert sorted(path.name for path in (out / name).iterdir()) == sorted(
            {*files} - {"learn.mp4", "look.html"}
        )
    assert count_frames(out / "race.mp4")[0] == 20
    lines = stdout.splitlines()
    assert lines[1].split() == ["training", "loss", "validation", "accuracy", "test", "accuracy"]
    assert [line.split()[:2] for line in lines[2:4]] == [["lr", "0.001"], ["lr", "0.05"]]
    assert lines[-5:-1] == [
        str(out / "lr=0.001"), str(out / "lr=0.05"), str(out / "race.png"),
        f"{out / 'race.mp4'}  20 frames",
    ]  # fmt: skip
    with Image.open(out / "race.png") as image:
        assert image.text["Description"] == lines[-1]
    assert lines[-1].startswith("race of 2 trainings: lr 0.001: validation ")


def test_json_is_one_object_with_what_train_tells_of_each(run, tmp_path):
    code, out, _ = run("--vary", "seed=0,1,2", "--no-film", "--json", "--threads", 2)
    told = json.loads(out)
    assert code == 0
    assert told["setting"] == "seed"
    assert [training["seed"] for training in told["trainings"]] == [0, 1, 2]
    for training in told["trainings"]:
        network = load(tmp_path / "out" / training["name"].replace(" ", "=") / "model.safetensors")
        assert training["fingerprint"] == network.fingerprint()
    assert told["files"] == [str(tmp_path / "out" / "race.png")]


def test_one_that_fails_is_told_in_the_table_and_no_error(run, tmp_path):
    code, out, _ = run(
        "--vary", "lr=0.1,1e6", "--recipe", "lesson5", "--optimizer", "sgd", "-o", "race.pdf"
    )
    assert code == 0
    (row,) = [line for line in out.splitlines() if line.startswith("lr 1e6")]
    assert "failed: the loss must stay finite, got nan" in row
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "lr=0.1", "race.mp4", "race.pdf"
    ]  # fmt: skip


def test_what_an_earlier_race_left_does_not_mislead(run, tmp_path):
    run("--vary", "lr=0.1,0.2")
    _, _, err = run("--vary", "lr=0.1,0.2", "--no-film", "-o", "race.pdf")
    out = tmp_path / "out"
    assert sorted(path.name for path in out.iterdir()) == ["lr=0.1", "lr=0.2", "race.pdf"]
    assert err.splitlines() == [
        f"removed {out / name} of an earlier race" for name in ("race.png", "race.mp4")
    ]


@pytest.mark.parametrize("frames", [1, 7])
def test_frames_are_as_many_as_asked_for(run, tmp_path, frames):
    assert run("--vary", "activation=relu,tanh", "--frames", frames, "--fps", 2)[0] == 0
    assert count_frames(tmp_path / "out" / "race.mp4")[0] == frames


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--vary", "colour=1,2"), "--vary': must be one of lr, activation, hidden, "),
        (("--vary", "lr"), "with values as in lr=0.005,0.05, got 'lr'"),
        (("--vary", "lr=1"), "must have at least 2 different values of lr, got '1'"),
        (("--vary", "lr=1,2,3,4,5,6,7"), "must have at most 6 values, got 7"),
        (("--vary", "lr=1,2", "--lr", 3), "--vary lr=... and --lr exclude each other"),
        (("--vary", "seed=1,2", "--seed", 0), "--vary seed=... and --seed exclude each other"),
        (("--vary", "hidden=1,2"), "--vary hidden=... and --hidden exclude each other"),
        (("--vary", "lr=1,2", "--no-film", "--fps", 9), "--no-film excludes --frames and --fps"),
        (("--vary", "lr=1,2", "-o", "a.gif"), "must end in .png or .pdf, got a.gif"),
        ((), "Missing option '--vary'"),
    ],
)
def test_options_that_do_not_fit_are_told(run, tmp_path, options, sentence, error_line):
    code, out, err = run(*options)
    assert (code, out) == (2, "")
    assert sentence in error_line(err)
    assert list(tmp_path.iterdir()) == []


def test_a_picture_into_a_folder_that_is_not_there_leaves_nothing(run, tmp_path, error_line):
    code, _, err = run("--vary", "lr=1,2", "-o", tmp_path / "no" / "a.png")
    assert code == 1
    assert error_line(err).endswith(f"{tmp_path / 'no'} is not a folder")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("ctrl_c")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_race_that_is_stopped_leaves_what_was_learned(data, tmp_path, number, code, environment):
    command = [
        sys.executable, "-m", "cutaway", "race", "--vary", "lr=0.01,0.02", "--data", data,
        "--out", tmp_path, "--epochs", "100000", "--json", "--threads", "2",
    ]  # fmt: skip
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment()
    ) as process:
        try:
            process.stderr.readline()  # what the data are
            while len([*tmp_path.iterdir()]) < 2:
                pass
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(2)
            process.send_signal(number)
            out, err = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == code
    assert "Traceback" not in err
    assert "cutaway: interrupted" in err
    result = json.loads(out)
    assert result["interrupted"]
    assert count_frames(tmp_path / "race.mp4")[0] == result["frames"] > 0
    for training in result["trainings"]:
        model = load(tmp_path / training["name"].replace(" ", "=") / "model.safetensors")
        assert model.fingerprint() == training["fingerprint"]
