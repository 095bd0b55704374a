"""Ledger: every line that was written is there after a kill; what does not belong together is refused."""

import json
import os
import subprocess
import sys

import pytest

from cutaway.job.ledger import Ledger, key_of
from cutaway.learn.history import History
from cutaway.scale.trial import Trial


def trial(seed, **more):
    history = History(epochs=[{"epoch": 1, "step": 3, "valid_accuracy": 0.5}])
    return Trial(number=seed, config={"seed": seed}, settings={"seed": seed, "lr": 0.1}, history=history,
                 accuracy=0.5, curve=([1, 2], [0.5, 0.25]), **more)  # fmt: skip


@pytest.fixture
def path(tmp_path):
    """Of a file with three results."""
    path = tmp_path / "results.jsonl"
    with Ledger(path, "data") as ledger:
        for seed in range(3):
            ledger.add(trial(seed))
    return path


def seeds(path, data="data"):
    with Ledger(path, data) as ledger:
        return [each.settings["seed"] for each in ledger.trials.values()]


def test_what_was_written_is_read_again(path):
    with Ledger(path, "data") as ledger:
        rows = [each.row() for each in ledger.trials.values()]
        assert json.dumps(rows) == json.dumps([trial(seed).row() for seed in range(3)])
        assert key_of({"lr": 0.1, "seed": 2}) in ledger.trials
        ledger.add(trial(3))
    assert seeds(path) == [0, 1, 2, 3]


def test_a_kill_anywhere_in_a_line_costs_that_line_alone(path, tmp_path):
    whole = path.read_bytes()
    ends = [i for i, byte in enumerate(whole) if byte == ord("\n")]
    for cut in (*range(ends[0]), *range(ends[0], len(whole), 7)):
        torn = tmp_path / "torn.jsonl"
        torn.write_bytes(whole[:cut])
        done = max(0, sum(end < cut for end in ends) - 1)
        assert seeds(torn) == list(range(done))
        with Ledger(torn, "data") as ledger:
            ledger.add(trial(7))
        assert seeds(torn) == [*range(done), 7]


def test_one_that_may_end_otherwise_is_not_written(path):
    with Ledger(path, "data") as ledger:
        ledger.add(trial(3, error="its worker died", final=False))
        ledger.add(trial(4, error="train: the loss must stay finite"))
    assert seeds(path) == [0, 1, 2, 4]


def changed(path, **changes):
    head, *rest = path.read_text().splitlines(keepends=True)
    path.write_text(json.dumps(json.loads(head) | changes) + "\n" + "".join(rest))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"format": 2}, "is of another format, 2 instead of 1: its results do not belong to these"),
        (
            {"written_by": "written by cutaway 0.0.9"},
            "is of another version, written by cutaway 0.0.9",
        ),
        ({"data": "others"}, "is of another data, others instead of data"),
        ({"written_by": "somebody"}, "was not written by cutaway; name another folder"),
    ],
)
def test_results_of_other_data_or_another_version_are_refused_and_stay(path, change, sentence):
    changed(path, **change)
    before = path.read_bytes()
    with pytest.raises(ValueError, match=f"results.jsonl: {sentence}"):
        seeds(path)
    assert path.read_bytes() == before


def test_a_damaged_line_is_told_by_its_number_and_other_files_are_left_alone(path, tmp_path):
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines[:2], "{}", *lines[2:]]) + "\n")
    with pytest.raises(ValueError, match=r"results.jsonl: line 3 is no result of a training$"):
        seeds(path)
    other = tmp_path / "other.jsonl"
    for text in ("my own notes", "my own\nnotes\n"):
        other.write_text(text)
        with pytest.raises(ValueError, match="was not written by cutaway; name another folder"):
            seeds(other)
        assert other.read_text() == text
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="Is no regular file"):
        seeds(tmp_path / "pipe")


def test_a_second_sweep_is_refused_while_the_first_one_works(path):
    begin = f"Ledger(Path({str(path)!r}), 'data').__enter__()"
    other = f"from cutaway.job.ledger import Ledger\nfrom pathlib import Path\n{begin}"
    with Ledger(path, "data"):
        done = subprocess.run(
            [sys.executable, "-c", other], capture_output=True, text=True, check=False
        )
        assert "BlockingIOError" in done.stderr
        assert (
            f"{path}: is in use by another sweep; wait for it, or name another folder"
            in done.stderr
        )
    assert subprocess.run([sys.executable, "-c", other], check=False).returncode == 0
