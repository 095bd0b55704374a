"""The whole job: what is asked of children, and what becomes of their answers."""

import hashlib
import json

import pytest

from cutaway.bench import whole
from cutaway.look.codecs import count_frames


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


def test_the_ratio_is_of_rounds_of_which_there_are_three_at_most(monkeypatch, setting):
    answers_of(monkeypatch, {"whole_job": "same", "encoding": "same"})
    rounds = list(whole.measure(setting("cutaway", repeats=7)))
    assert [r["rounds"] for r in rounds] == [1, 2, 3]
    assert rounds[-1]["ratio"] == 1.5
    assert rounds[-1]["megabytes"] == 203
    assert rounds[-1]["seconds"] == {"whole_job": 3, "encoding": 2}
    assert "3,910 frames" in rounds[-1]["what"]


def test_films_that_differ_are_no_result(monkeypatch, setting):
    answers_of(monkeypatch, {"whole_job": "one", "encoding": "other"})
    with pytest.raises(RuntimeError, match=r"^the job's film and the one encoded alone differ$"):
        list(whole.measure(setting("cutaway")))


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
    answer = whole.in_a_process("encoding", 2, 0)
    assert answer == {"seconds": 1.0, "threads": 2, "film": hashlib.sha256(b"film").hexdigest()}
    assert not folders[0].exists()
