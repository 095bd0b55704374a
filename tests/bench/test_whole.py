"""The whole job and fresh processes: what is asked of children, and what becomes of their answers."""

import hashlib
import json
import os
import sys
from pathlib import Path

import numpy as np
import pytest

from cutaway.bench import children, start, whole
from cutaway.bench.children import ask, peak_memory
from cutaway.bench.rounds import Setting
from cutaway.job.recipes import RECIPES
from cutaway.look.codecs import count_frames


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch):
    monkeypatch.setattr("cutaway.bench.rounds._QUIET", 0)


def setting(*names, repeats=2):
    return Setting(names, repeats, 2, lambda _: None)


# children


def test_a_child_answers_in_json():
    code = "import os, json; print(json.dumps([os.environ['COLOUR'], [1]]))"
    assert ask("-c", code, COLOUR="blue") == ["blue", [1]]


@pytest.mark.parametrize(
    ("code", "why"),
    [("raise ValueError('no such film')", "ValueError: no such film"), ("exit(3)", "exit code 3")],
)
def test_a_child_that_fails_is_one_sentence(code, why):
    with pytest.raises(RuntimeError) as error:
        ask("-c", code)
    assert str(error.value) == f"a process of the comparison failed: {why}"


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc")
@pytest.mark.skipif("CUTAWAY_SANITIZED" in os.environ, reason="a sanitizer holds memory of its own")
def test_a_childs_peak_memory_is_its_own():
    ballast = np.ones(40_000_000)  # 320 MB of its parent
    code = "from cutaway.bench.children import peak_memory; print(peak_memory())"
    own = ask("-c", code)
    code = f"import numpy; big = numpy.ones(20_000_000); {code}"
    assert 10 < own < 100
    assert ask("-c", code) - own > 120
    assert peak_memory() > ballast.nbytes * 1e-6


# the whole job


def test_the_job_and_the_encoding_alone_make_the_same_film(mnist, monkeypatch, tmp_path):
    parts = tuple(part.subset(slice(1280)) for part in mnist)
    monkeypatch.setattr(whole, "mnist", lambda: parts)
    folders = [tmp_path / "job", tmp_path / "alone"]
    answers = []
    for folder, work in zip(folders, (whole.whole_job, whole.encoding), strict=True):
        folder.mkdir()
        answers.append(work(folder, 1))
    films = [(folder / "learn.mp4").read_bytes() for folder in folders]
    assert films[0] == films[1]
    assert [a["frames"] for a in answers] == [100, 100]
    assert count_frames(folders[1] / "learn.mp4")[0] == 100
    assert answers[0]["megabytes"] > 10
    assert all(answer["seconds"] > 0 for answer in answers)


def answers_of(monkeypatch, films):
    """Let the children answer with 3 s and 2 s for the job, 2 s for the encoding."""
    seconds = {"whole_job": iter([3.0, 2.0, 3.0, 9.0]), "encoding": iter([2.0] * 4)}

    def answer(*arguments):
        name = arguments[2]
        took = next(seconds[name])
        return {"seconds": took, "frames": 3910, "megabytes": 200 + took, "film": films[name]}

    monkeypatch.setattr(whole, "ask", answer)


def test_the_ratio_is_of_rounds_of_which_there_are_three_at_most(monkeypatch):
    answers_of(monkeypatch, {"whole_job": "same", "encoding": "same"})
    rounds = list(whole.section(setting("cutaway", repeats=7)))
    assert [r["rounds"] for r in rounds] == [1, 2, 3]
    assert rounds[-1]["ratio"] == 1.5
    assert rounds[-1]["megabytes"] == 203
    assert rounds[-1]["seconds"] == {"whole_job": 3, "encoding": 2}
    assert "3,910 frames" in rounds[-1]["what"]


def test_films_that_differ_are_no_result(monkeypatch):
    answers_of(monkeypatch, {"whole_job": "one", "encoding": "other"})
    with pytest.raises(RuntimeError, match=r"^the job's film and the one encoded alone differ$"):
        list(whole.section(setting("cutaway")))


def test_a_child_works_in_a_folder_that_goes_away_and_tells_of_its_film(monkeypatch, capsys):
    folders = []

    def work(folder, threads):
        folders.append(folder)
        (folder / "learn.mp4").write_bytes(b"film")
        return {"seconds": 1.0, "threads": threads}

    def ask_here(_, code, *arguments):
        monkeypatch.setattr("sys.argv", ["-c", *arguments])
        exec(code)
        return json.loads(capsys.readouterr().out)

    monkeypatch.setattr(whole, "encoding", work)
    monkeypatch.setattr(whole, "ask", ask_here)
    answer = whole._in_a_process("encoding", 2, 0)
    assert answer == {"seconds": 1.0, "threads": 2, "film": hashlib.sha256(b"film").hexdigest()}
    assert not folders[0].exists()


# from the start of a process


def test_processes_are_timed_from_their_start():
    *_, result = start.section(setting("cutaway", repeats=1))
    seconds = result["import"]["seconds"]
    assert set(seconds) == {"cutaway", "numpy"}
    assert result["import"]["ratio"] == pytest.approx(seconds["cutaway"] / seconds["numpy"])
    training = result["train"]
    assert training["recipe"] == "fast"
    assert training["accuracy"]["cutaway"] > 0.98
    assert training["seconds"]["cutaway"] > seconds["cutaway"]


@pytest.fixture
def fast(monkeypatch):
    """A recipe, and children that answer at once; return what they were asked."""
    asked = []
    accuracy = {"cutaway": 0.981, "torch": 0.979}

    def answer(*arguments):
        asked.append(arguments)
        if arguments[1].startswith("import time"):
            return 0.1
        return {"test_accuracy": accuracy["cutaway"]} if "train" in arguments else accuracy["torch"]

    monkeypatch.setitem(RECIPES, "fast", RECIPES["lesson5"])
    monkeypatch.setattr(start, "ask", answer)
    return asked, accuracy


def test_training_is_timed_from_start_to_exit_against_pytorch(fast):
    *_, result = start.section(setting("cutaway", "torch"))
    training = result["train"]
    assert training["accuracy"] == {"cutaway": 0.981, "torch": 0.979}
    assert set(training["seconds"]) == {"cutaway", "torch"}
    assert set(training["ratios"]) == {"torch"}
    command = next(a for a in fast[0] if "train" in a)
    assert command[: command.index("--json")] == ("-m", "cutaway", "train", "--recipe", "fast")


def test_pytorch_starts_from_the_same_waves(monkeypatch):
    def answer(_, script, about):
        assert script.startswith('"""PyTorch from the start')
        values = np.load(json.loads(about)["first_weights"])
        assert values.shape == (320, 784)
        return 0.98

    monkeypatch.setattr(start, "ask", answer)
    assert start._torch(2, 5)[1] == 0.98


def test_without_pytorch_cutaway_runs_alone(fast):
    *_, result = start.section(setting("cutaway", "numpy"))
    assert list(result["train"]["seconds"]) == ["cutaway"]
    assert len(fast[0]) == 9  # three works, three rounds


def test_nets_that_disagree_are_no_result(fast):
    fast[1]["torch"] = 0.96
    with pytest.raises(RuntimeError, match=r"^the nets' test accuracies disagree: cutaway 98\.10%"):
        list(start.section(setting("cutaway", "torch")))


def test_the_script_for_pytorch_knows_nothing_of_cutaway():
    script = Path(start.__file__).with_name("torch_script.py").read_text()
    assert "import cutaway" not in script
    assert "from ." not in script


def test_children_use_this_python(monkeypatch):
    seen = []

    def run(command, **_):
        seen.append(command)
        return children.subprocess.CompletedProcess(command, 0, "1", "")

    monkeypatch.setattr(children.subprocess, "run", run)
    assert ask("-c", "print(1)") == 1
    assert seen == [[sys.executable, "-c", "print(1)"]]
