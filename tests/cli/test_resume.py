"""`cutaway train --resume`: what was killed, interrupted or done goes on, to the same bits.

CUTAWAY_KILLS is how many runs are killed at a random moment (50 in .ci/slow), CUTAWAY_PAIRS how many
times two run into one folder at once.
"""

import json
import os
import random
import re
import signal
import subprocess
import sys
import time

import pytest

from cutaway import load
from cutaway.cli.progress import Progress
from cutaway.learn import ongoing

KILLS = int(os.environ.get("CUTAWAY_KILLS", "2"))
PAIRS = int(os.environ.get("CUTAWAY_PAIRS", "2"))
# A checkpoint at the end of every epoch, and a swap that takes its time: a kill hits all of it.
OFTEN = (
    "import time; from cutaway.learn import ongoing; ongoing._LEAST = ongoing._SHARE = 0; "
    "from cutaway.job import workplace; move = workplace._move; "
    "workplace._move = lambda *paths: (time.sleep(0.05), move(*paths)); "
    "from cutaway.cli.main import main; main()"
)
WORK = ".cutaway-run"


@pytest.fixture(scope="module")
def options(data):
    return ("--data", data, "--epochs", 150, "--hidden", 16, "--no-film")


@pytest.fixture(scope="module")
def whole(cutaway, options, tmp_path_factory):
    """What is left by a run that nobody disturbs: its folder, and what it prints."""
    out = tmp_path_factory.mktemp("whole")
    process = cutaway("train", *options, "--out", out, "--json", "--threads", 1)
    return out, json.loads(process.stdout)


@pytest.fixture
def start(environment):
    """Start the command line in a process of its own, slowed down where a kill is to hit."""
    processes = []

    def begin(*arguments):
        command = [sys.executable, "-c", OFTEN, "train", *map(str, arguments)]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        processes.append(subprocess.Popen(command, **pipes, env=environment(), text=True))
        return processes[-1]

    yield begin
    for process in processes:
        process.kill()
        process.communicate()


def wait_for(path, process):
    end = time.monotonic() + 60
    while not path.exists() and process.poll() is None and time.monotonic() < end:
        time.sleep(0.002)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def consistent(folder):
    """The fingerprint that all files of a folder agree on."""
    history = json.loads((folder / "history.json").read_text())
    assert load(folder / "model.safetensors").fingerprint() == history["fingerprint"]
    assert history["result"]["files"] == [
        n for n in history["result"]["files"] if n in names(folder)
    ]
    return history["fingerprint"]


@pytest.mark.timeout(60 + 20 * KILLS)
def test_a_run_that_is_killed_at_any_moment_ends_as_if_it_had_not_been(
    start, cutaway, options, whole, tmp_path
):
    """And so does one that is killed once more while it goes on; into an older run's folder."""
    rng, resumed, kept = random.Random(os.urandom(8)), 0, 0
    for number in range(KILLS):
        out = tmp_path / f"{number}"
        if number % 2:  # an older run is there
            cutaway("train", *options, "--epochs", 1, "--seed", 9, "--out", out)
            older = consistent(out)
        arguments = (*options, "--out", out, "--threads", 2)
        for again in range(1 + number % 3):
            process = start(*arguments)
            if number == 0:  # of one at least there is a checkpoint
                wait_for(out / WORK / "checkpoint.safetensors", process)
            else:
                wait_for(out / WORK / "settings.json", process)
                time.sleep(rng.uniform(0, 3 if again == 0 else 1.5))
            process.kill()
            process.wait()
            if number % 2 and not (out / WORK / "swap.json").exists():
                assert consistent(out) in (older, whole[1]["fingerprint"])
            kept += (out / WORK / "checkpoint.safetensors").exists()
            arguments = ("--resume", out, "--threads", rng.choice([1, 2]))
        process = cutaway("train", "--resume", out, "--json", "--quiet")
        assert (process.returncode, process.stderr) == (0, "")
        assert json.loads(process.stdout)["fingerprint"] == whole[1]["fingerprint"]
        assert consistent(out) == whole[1]["fingerprint"]
        assert names(out) == names(whole[0])
        mine, theirs = (json.loads((f / "history.json").read_text()) for f in (out, whole[0]))
        assert mine["losses"] == theirs["losses"]
        moments = [(folder / "moments.safetensors").read_bytes() for folder in (out, whole[0])]
        assert moments[0] == moments[1]
        resumed += 1
    assert resumed == KILLS
    assert kept  # or this test shows little
    print(f"{resumed} of {KILLS} runs that were killed, {kept} times with a checkpoint")


@pytest.mark.timeout(60 + 10 * PAIRS)
def test_of_two_runs_at_once_the_second_is_told_by_whom_the_folder_is_used(
    start, options, tmp_path, error_line
):
    for number in range(PAIRS):
        seeds = (2 * number, 2 * number + 1)
        pair = [
            start(*options, "--epochs", 20, "--out", tmp_path, "--seed", s, "--json", "--quiet")
            for s in seeds
        ]
        ends = [(process, *process.communicate(timeout=60)) for process in pair]
        good = [json.loads(stdout) for process, stdout, _ in ends if process.returncode == 0]
        for (process, stdout, stderr), other in zip(ends, reversed(pair), strict=True):
            if process.returncode:
                assert (process.returncode, stdout) == (1, "")
                assert f"is in use by a run (process {other.pid}, since " in error_line(stderr)
        assert consistent(tmp_path) in [result["fingerprint"] for result in good]
        assert WORK not in names(tmp_path)
    print(f"{2 * PAIRS} runs, two at a time")


@pytest.mark.usefixtures("ctrl_c")
def test_what_ctrl_c_ended_goes_on(start, cutaway, options, whole, tmp_path):
    process = start(*options, "--out", tmp_path, "--json")
    wait_for(tmp_path / WORK / "checkpoint.safetensors", process)
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "cutaway: interrupted: what was learned so far is being written\n" in stderr
    assert stderr.endswith(f"cutaway train --resume {tmp_path} goes on\n")
    assert json.loads(stdout)["files"][-1] == str(tmp_path / "checkpoint.safetensors")
    assert names(tmp_path) == sorted([*names(whole[0]), "checkpoint.safetensors"])
    process = cutaway("train", "--resume", tmp_path)
    assert process.stderr.startswith(f"cutaway: {tmp_path} goes on after mini-batch ")
    assert consistent(tmp_path) == whole[1]["fingerprint"]
    assert names(tmp_path) == names(whole[0])  # and what it was is forgotten


@pytest.mark.usefixtures("ctrl_c")
def test_what_is_said_of_an_unfinished_run_is_a_line_whatever_its_folder_is_called(
    call, data, tmp_path, monkeypatch
):
    out = tmp_path / "a\x1b[2J\nb"
    shown = f"{tmp_path}/a\\x1b[2J\\x0ab"
    words = ("train", "--data", data, "--out", out, "--epochs", 2, "--no-film", "--quiet")
    with monkeypatch.context() as patch:
        patch.setattr(
            Progress, "moment", lambda _, m: m.step < 12 or signal.raise_signal(signal.SIGINT)
        )
        patch.setattr(ongoing, "_LEAST", 0)
        code, _, stderr = call(*words)
    assert code == 130
    assert stderr.endswith(
        f"cutaway: interrupted; {shown} holds what was learned so far; "
        f"cutaway train --resume {shown} goes on\n"
    )
    code, _, stderr = call(*words)
    assert (code, stderr) == (
        0,
        f"cutaway: this replaces the unfinished run in {shown}, 1 of 2 epochs done; "
        f"cutaway train --resume {shown} would go on with it\n",
    )


def test_a_run_that_is_done_is_printed_again(call, whole):
    out, summary = whole
    before = (out / "history.json").stat().st_mtime_ns
    code, stdout, stderr = call("train", "--resume", out, "--json")
    assert (code, stderr) == (0, "")
    assert json.loads(stdout) == summary
    code, stdout, _ = call("train", "--resume", out)
    assert stdout.splitlines()[-1] == str(out / "look.html")
    assert (out / "history.json").stat().st_mtime_ns == before


@pytest.fixture
def short(data, call, tmp_path):
    """A short run that is done."""
    assert (
        call("train", "--data", data, "--epochs", 2, "--out", tmp_path / "a", "--no-film")[0] == 0
    )
    return tmp_path / "a"


def test_more_epochs_are_one_longer_run_with_its_film(call, data, tmp_path):
    short = tmp_path / "a"
    call("train", "--data", data, "--epochs", 2, "--out", short)
    code, stdout, stderr = call("train", "--resume", short, "--epochs", 4)
    assert (code, stdout.count("test accuracy")) == (0, 1)
    again = "for its film it is done once more"
    assert stderr == f"cutaway: {short} goes on after mini-batch 20 of 40; {again}\n"
    call("train", "--data", data, "--epochs", 4, "--out", tmp_path / "b")
    for name in ("learn.mp4", "hidden.png", "loss.png"):
        assert (short / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    assert consistent(short) == consistent(tmp_path / "b")


def test_it_may_go_on_elsewhere_and_the_first_folder_stays(short, call, tmp_path):
    before = consistent(short)
    assert call("train", "--resume", short, "--epochs", 3, "--out", tmp_path / "b")[0] == 0
    assert consistent(short) == before != consistent(tmp_path / "b")


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (
            ("--lr", 0.1),
            "train: lr must be 0.005, as when .* got 0.1; --force goes on all the same",
        ),
        (("--seed", 1), "train: seed must be 0, as when .* was written, got 1; --force"),
        (("--batch-size", 32), "train: mini-batches of an epoch must be 10, .* got 20$"),
        (("--hidden", 3), "train: network must be as that of "),
        (("--epochs", 1), "train: epochs must be enough for the 20 mini-batches of .*, got 10"),
        (("--optimizer", "adam"), "train: optimizer must be 'sgd', .* got 'adam'; --force"),
        (("--recipe", "lesson5"), "train: network must be as that of "),
    ],
)
def test_other_settings_are_refused_and_nothing_changes(short, call, options, sentence, error_line):
    before = {name: (short / name).read_bytes() for name in names(short)}
    code, _, stderr = call("train", "--resume", short, "--quiet", *options)
    assert code == 1
    assert re.search(sentence, error_line(stderr))
    assert {name: (short / name).read_bytes() for name in names(short)} == before


def test_force_goes_on_with_other_settings_and_shows_what_was_kept(short, call):
    options = ("--epochs", 3, "--lr", 0.01, "--force", "--film")
    assert call("train", "--resume", short, *options)[0] == 0
    history = json.loads((short / "history.json").read_text())
    assert (history["changed"], history["result"]["frames"]) == (True, 30)


def test_other_data_are_refused(short, call, data, tmp_path, error_line):
    other = tmp_path / "other"
    other.mkdir()
    for path in data.iterdir():
        (other / path.name).write_bytes(path.read_bytes())
    images = other / "train-images-idx3-ubyte"
    images.write_bytes(images.read_bytes()[:-1] + b"\0")
    options = ("train", "--resume", short, "--epochs", 3, "--quiet", "--data", other)
    code, _, stderr = call(*options)
    assert code == 1
    assert "train: data must be '" in error_line(stderr)
    assert call(*options, "--force")[0] == 0


def test_settings_are_those_of_the_run_unless_others_are_given(data, call, tmp_path):
    options = ("--epochs", 1, "--film", "x.gif", "--frames", 5, "--theme", "dark", "--seed", 4)
    call("train", "--data", data, "--out", tmp_path, *options)
    code, stdout, _ = call("train", "--resume", tmp_path, "--epochs", 2, "--json", "--frames", 7)
    result = json.loads(stdout)
    assert (code, result["frames"], result["seed"]) == (0, 7, 4)
    assert (tmp_path / "x.gif").exists()
    settings = json.loads((tmp_path / "history.json").read_text())["settings"]
    assert (settings["theme"], settings["film"]["theme"]) == ("dark", "dark")


@pytest.mark.parametrize(
    ("folder", "sentence"),
    [
        ("nowhere", "nowhere: there is no such folder of a run"),
        ("letter", "letter: there is no such folder of a run"),
        (".", ".: holds no run to go on with"),
        ("race", "race: holds no run to go on with; name one of its trainings: race/lr=0.1"),
        (
            "older",
            "older/history.json: tells too little to go on with its run: KeyError: 'settings'",
        ),
        ("broken", "broken/history.json: is no settings of a run: "),
        ("list", "list/history.json: tells too little to go on with its run: TypeError"),
    ],
)
def test_what_is_no_run_is_told(call, tmp_path, monkeypatch, folder, sentence, error_line):
    monkeypatch.chdir(tmp_path)
    lesson = '{"lesson": {"hidden": [3]}}'
    recipe = (
        '{"hidden": [3], "activation": "relu", "output": "softmax", "loss": "cross_entropy", '
        '"reduction": "sum", "optimizer": "sgd", "lr": 1, "schedule": "constant", "epochs": 1, '
        '"batch_size": 4}'
    )
    texts = {"race/lr=0.1": lesson, "older": f'{{"lesson": {recipe}}}', "broken": "{", "list": "[]"}
    for name, text in texts.items():
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "history.json").write_text(text)
    (tmp_path / "letter").touch()
    code, _, stderr = call("train", "--resume", folder)
    assert code == 1
    assert error_line(stderr).startswith(f"cutaway: error: {sentence}")


def test_a_damaged_checkpoint_is_told_and_stays(short, call, error_line):
    (short / WORK).mkdir()
    history = json.loads((short / "history.json").read_text())
    (short / WORK / "settings.json").write_text(json.dumps(history))
    checkpoint = short / WORK / "checkpoint.safetensors"
    checkpoint.write_bytes((short / "model.safetensors").read_bytes()[:-1])
    code, _, stderr = call("train", "--resume", short)
    assert code == 1
    assert "train: " in error_line(stderr)
    assert "checkpoint.safetensors" in stderr
    assert checkpoint.exists()


@pytest.mark.usefixtures("ctrl_c")
def test_a_second_ctrl_c_leaves_nothing_partial(start, options, tmp_path):
    """Neither a film nor pictures; only what it takes to go on."""
    film = (option for option in options if option != "--no-film")
    process = start(*film, "--out", tmp_path)
    wait_for(tmp_path / WORK / "checkpoint.safetensors", process)
    for _ in range(3):
        process.send_signal(signal.SIGINT)
        time.sleep(0.15)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in stderr
    assert not [name for name in names(tmp_path) if name.startswith(".learn")]
    if (tmp_path / WORK).exists():
        assert names(tmp_path / WORK) == ["checkpoint.safetensors", "lock", "settings.json"]
