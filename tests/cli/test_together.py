"""`cutaway train --mpi`: rank 0 leaves what a run leaves, all ranks have one network and one exit code."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from shutil import which

import pytest

import cutaway as package
from cutaway.job.begun import find

pytestmark = pytest.mark.needs("mpi")
QUICK = ("--no-film", "--no-page")
# The command line, with a checkpoint at the end of every epoch.
KEEN = """
import cutaway.learn.ongoing as ongoing
from cutaway.cli.main import main
ongoing._LEAST = ongoing._SHARE = 0
main()
"""


@pytest.fixture
def start(ctrl_c, environment, tmp_path):  # noqa: ARG001 - for the ranks
    """Start `cutaway train --mpi` on some ranks, in a folder of the test; return mpiexec's process."""
    processes = []

    def start(ranks, *arguments, **env):
        beside = which("mpiexec", path=str(Path(sys.executable).parent))
        command = [beside or "mpiexec", "-n", str(ranks), sys.executable, "-c", KEEN, "train"]
        sources = str(Path(package.__file__).parent.parent)
        processes.append(
            subprocess.Popen(
                [*command, "--mpi", *map(str, arguments)], cwd=tmp_path, text=True,
                env=environment(PYTHONPATH=sources, **env), stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            )
        )  # fmt: skip
        return processes[-1]

    yield start
    for process in processes:
        process.terminate()
        process.communicate()


@pytest.fixture
def train(start):
    """The same to its end: exit code, stdout, stderr."""

    def run(*arguments, **env):
        process = start(*arguments, **env)
        out, err = process.communicate(timeout=60)
        return process.returncode, out, err

    return run


def test_rank_0_leaves_all_files_and_tells_of_every_rank(train, cutaway, data, tmp_path, files):
    options = ("--data", data, "--epochs", 2, "--json")
    code, out, err = train(2, *options, "--out", "shared", CUTAWAY_NUM_THREADS="1")
    assert code == 0, err
    summary = json.loads(out)
    assert [Path(path).name for path in summary["files"]] == files
    assert [path.name for path in tmp_path.iterdir()] == ["shared"]
    assert [(each["rank"], each["threads"]) for each in summary["ranks"]] == [(0, 1), (1, 1)]
    assert {each["fingerprint"] for each in summary["ranks"]} == {summary["fingerprint"]}
    assert "cutaway: 2 ranks: rank 0 (" in err
    alone = json.loads(cutaway("train", *options, "--out", tmp_path / "alone").stdout)
    assert [epoch["valid_accuracy"] for epoch in summary["epochs"]] == [
        epoch["valid_accuracy"] for epoch in alone["epochs"]
    ]
    assert "ranks" not in alone


def test_ranks_of_a_machine_share_its_cores(train, data):
    code, out, _ = train(2, "--data", data, *QUICK, "--json", "--epochs", 1)
    assert code == 0
    cores = len(os.sched_getaffinity(0))
    assert {each["threads"] for each in json.loads(out)["ranks"]} == {max(1, cores // 2)}


def test_a_single_rank_is_told_how_to_start_more_and_goes_on(cutaway, data, tmp_path):
    run = cutaway("train", "--mpi", "--data", data, "--out", tmp_path / "a", *QUICK, "--quiet")
    assert run.returncode == 0
    assert run.stderr == (
        "cutaway: --mpi: this is the only rank; mpiexec -n 4 cutaway train --mpi starts four\n"
    )


def test_a_run_that_is_killed_on_one_rank_goes_on_to_the_same_end(train, start, data, tmp_path):
    options = ("--data", data, *QUICK, "--epochs", 60)
    _, out, _ = train(2, *options, "--out", "whole", "--quiet", "--json")
    process = start(2, *options, "--out", "killed")
    for line in process.stderr:
        if "cutaway: 2 ranks" in line:
            break
    victim = int(line.rpartition("process ")[2].rstrip(")\n"))
    while not (tmp_path / "killed" / ".cutaway-run" / "checkpoint.safetensors").exists():
        assert process.poll() is None
        time.sleep(0.01)
    os.kill(victim, signal.SIGKILL)
    process.communicate(timeout=10)
    assert process.returncode != 0
    assert not (tmp_path / "killed" / "model.safetensors").exists()
    code, resumed, err = train(2, "--resume", "killed", "--quiet", "--json")
    assert code == 0, err
    assert json.loads(resumed)["fingerprint"] == json.loads(out)["fingerprint"]
    again = train(2, "--resume", "killed", "--quiet", "--json")
    assert again[0] == 0
    assert json.loads(again[1])["fingerprint"] == json.loads(out)["fingerprint"]


def test_an_error_of_rank_0_ends_all_and_is_told_once(train, data, tmp_path):
    (tmp_path / "full").write_text("a file where the folder should be")
    code, out, err = train(2, "--data", data, "--out", "full", *QUICK, "--quiet")
    assert (code, out) == (1, "")
    assert err.count("cutaway: error: ") == 1
    assert "Traceback" not in err


def test_a_training_that_diverges_is_told_once(train, data):
    code, _, err = train(2, "--data", data, *QUICK, "--lr", 1e38, "--quiet")
    assert code == 1
    assert err.splitlines()[-1].startswith("cutaway: error: train: the loss must stay finite")
    assert err.count("must stay finite") == 1


def test_ctrl_c_leaves_what_it_takes_to_go_on_and_all_ranks_end(start, data, tmp_path):
    process = start(2, "--data", data, *QUICK, "--epochs", 100_000, "--out", "a")
    while not (tmp_path / "a" / ".cutaway-run" / "checkpoint.safetensors").exists():
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=10)
    assert process.returncode != 0
    assert "Traceback" not in err
    begun = find(tmp_path / "a")  # rank 0 writes its files, unless mpiexec ends it before that
    assert begun.checkpoint is not None
    assert begun.summary is None
