"""`cutaway sweep`: every combination of settings, in a folder from which the same command goes on."""

import json
import os
import signal
import subprocess
import sys
import time
import warnings
from unittest import mock

import pytest

SHORT = ("--epochs", 1, "--hidden", "6")


@pytest.fixture
def run(call, data, tmp_path):
    """Sweep into a folder."""

    def run(*options, out=tmp_path / "out"):
        return call("sweep", "--data", data, "--out", out, *options)

    return run


@pytest.fixture
def begin(ctrl_c, data, environment, tmp_path):  # noqa: ARG001 - for the process
    """Begin a sweep in a process group of its own."""

    def begin(*options, **variables):
        command = ["-m", "cutaway", "sweep", "--data", data, "--out", tmp_path / "out", *options]
        return subprocess.Popen(
            [sys.executable, *map(str, command)], env=environment(**variables), start_new_session=True,
            text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    return begin


def lines(folder):
    path = folder / "results.jsonl"
    return path.read_text().splitlines()[1:] if path.exists() else []


def wait_for(number, folder, process):
    end = time.monotonic() + 300  # under a sanitizer, beside others
    while len(lines(folder)) < number and process.poll() is None:
        assert time.monotonic() < end
        time.sleep(0.005)


def test_every_combination_and_seed_is_trained_and_told_in_a_table(run, tmp_path):
    code, stdout, err = run(
        "--vary", "lr=0.001,0.1", "--vary", "hidden=4,8", "--seeds", 2, "--epochs", 1, "--quiet"
    )
    assert (code, err) == (0, "")
    head, *rows = stdout.splitlines()
    assert head.split()[:3] == ["lr", "hidden", "seeds"]
    assert [row.split()[:3] for row in rows[:4]] == [
        ["0.001", "4", "2"], ["0.001", "8", "2"], ["0.1", "4", "2"], ["0.1", "8", "2"]
    ]  # fmt: skip
    assert rows[4].startswith("best: lr ")
    assert rows[5].startswith("8 trainings in ")
    out = tmp_path / "out"
    names = ["results.jsonl", "results.csv", "curves.png", "heat.png", "best.safetensors"]
    assert rows[6:] == [str(out / name) for name in names]


def test_a_fingerprint_is_that_of_cutaway_train(run, call, data, tmp_path):
    _, stdout, _ = run("--vary", "recipe=lesson9,lesson5", "--seed", 3, "--json", *SHORT)
    told = json.loads(stdout)
    for trial in told["trials"]:
        recipe = trial["config"]["recipe"]
        _, single, _ = call("train", "--data", data, "--out", tmp_path / recipe, "--recipe", recipe,
                            "--seed", 3, "--no-film", "--no-page", "--json", *SHORT)  # fmt: skip
        assert trial["fingerprint"] == json.loads(single)["fingerprint"]
        assert trial["accuracy"] == json.loads(single)["test_accuracy"]
    assert (told["before"], told["interrupted"]) == (0, False)


@pytest.mark.parametrize("on", ["threads", "processes"])
def test_after_a_kill_only_the_missing_ones_are_trained(on, begin, run, tmp_path):
    options = ("--vary", "lr=0.001,0.01,0.1", "--seeds", 60, "--on", on, *SHORT)
    process = begin(*options)
    out = tmp_path / "out"
    wait_for(5, out, process)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    before = {json.loads(line)["fingerprint"] for line in lines(out) if line.endswith("}")}
    assert 5 <= len(before) < 180
    code, stdout, err = run(*options, "--json")
    told = json.loads(stdout)
    assert code == 0
    assert f"cutaway: {told['before']} of 180 trainings are there already" in err.splitlines()
    assert len(before) >= told["before"] >= len(before) - 1
    assert len({trial["fingerprint"] for trial in told["trials"]}) == 180 == len(lines(out))


@pytest.mark.needs("distributed")
def test_a_cluster_at_an_address_gives_the_same_bits(run, tmp_path):
    from distributed import LocalCluster

    options = ("--vary", "lr=0.001,0.1", "--seeds", 3, "--json", *SHORT)
    quiet = dict(dashboard_address=":0", silence_logs=60, n_workers=2, threads_per_worker=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of dask's own
        # The environment, where dask leaves OMP_NUM_THREADS=1 for good.
        with mock.patch.dict(os.environ), LocalCluster(**quiet) as cluster:
            code, there, _ = run("--on", f"dask:{cluster.scheduler_address}", *options)
    assert code == 0
    _, here, _ = run(*options, out=tmp_path / "here")
    one, other = (json.loads(text)["trials"] for text in (there, here))
    assert [trial["fingerprint"] for trial in one] == [trial["fingerprint"] for trial in other]


@pytest.mark.parametrize("on", ["threads", "processes"])
def test_ctrl_c_ends_it_at_once_and_says_how_to_go_on(on, begin, tmp_path):
    process = begin("--vary", "lr=0.001,0.01", "--seeds", 40, "--on", on, "--epochs", 300)
    out = tmp_path / "out"
    wait_for(2, out, process)
    os.killpg(process.pid, signal.SIGINT)
    stdout, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in err
    done = len(lines(out))
    assert err.splitlines()[-1] == (
        f"cutaway: interrupted; {out} holds {done} of 80 trainings; the same command goes on"
    )
    assert "best: lr " in stdout
    assert gone(process.pid)


# Of a worker that starts, and tells so, and takes its time.
SLOW_START = """
import pathlib, os, sys, time
if any("loky" in word for word in sys.orig_argv) and "resource_tracker" not in " ".join(sys.orig_argv):
    pathlib.Path(__file__).with_name(f"{os.getpid()}.started").touch()
    time.sleep(60)
"""


def test_ctrl_c_while_processes_start_leaves_no_traceback(begin, tmp_path):
    (tmp_path / "sitecustomize.py").write_text(SLOW_START)
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    options = ("--vary", "lr=0.001,0.01", "--jobs", 2, "--on", "processes", *SHORT)
    process = begin(*options, PYTHONPATH=path)
    while len([*tmp_path.glob("*.started")]) < 2:
        assert process.poll() is None
        time.sleep(0.005)
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    first, *rest = err.splitlines()
    out = tmp_path / "out"
    assert first == (
        f"cutaway: interrupted; {out} holds 0 of 2 trainings; the same command goes on"
    )
    assert "Traceback" not in err
    assert all("semlock" in line or "warnings.warn" in line for line in rest)  # loky, of its own
    assert gone(process.pid)


def gone(group):
    """Whether nobody of a process group is left, or will be in a moment."""
    end = time.monotonic() + 10
    while time.monotonic() < end:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--vary", "colour=1"), "must be one of lr, "),
        (("--vary", "lr=x"), "lr must be a number, got 'x'"),
        (("--vary", "lr=1,2", "--vary", "lr=3"), "must have each setting once, got lr twice"),
        (("--vary", "lr=1,2", "--lr", 1), "--vary lr=... and --lr exclude each other"),
        (("--vary", "seed=1,2", "--seeds", 2), "--vary seed=... and --seeds exclude each other"),
        (("--on", "moon"), "must be threads, processes or dask:ADDRESS, got 'moon'"),
        (
            ("--vary", "lr=1,2", "--seeds", 10**6),
            "this asks for 2,000,000 trainings: --yes begins them",
        ),
        (("--seeds", 10**12), "this asks for 1,000,000,000,000 trainings: --yes begins them"),
    ],
)
def test_what_cannot_be_is_told_and_leaves_nothing(options, sentence, run, tmp_path, error_line):
    code, stdout, err = run(*options)
    assert (code, stdout) == (2, "")
    assert sentence in error_line(err)
    assert not (tmp_path / "out").exists()


def test_results_of_other_data_are_refused(run, call, tmp_path, error_line):
    run("--vary", "lr=0.1,0.2", *SHORT)
    other = tmp_path / "other.csv"
    other.write_text("label,a,b\n" + "".join(f"{n % 2},{n},{n * 7 % 13}\n" for n in range(60)))
    code, _, err = call(
        "sweep", "--data", other, "--out", tmp_path / "out", "--quiet", "--epochs", 1
    )
    assert code == 1
    assert "results.jsonl: is of another data, " in error_line(err)
