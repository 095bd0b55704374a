"""The whole job: what is asked of children, and what becomes of their answers."""

import json

import pytest

from cutaway.bench import whole
from cutaway.job.filming import FilmPlan
from cutaway.look.codecs import count_frames


def test_the_job_is_done_with_and_without_its_film(mnist, monkeypatch, tmp_path):
    parts = tuple(part.subset(slice(1280)) for part in mnist)
    monkeypatch.setattr(whole, "mnist", lambda: parts)
    filmed, plain = (whole.job(tmp_path / str(film), 1, film) for film in (FilmPlan(), None))
    assert filmed["fingerprint"] == plain["fingerprint"]
    assert (filmed["frames"], plain["frames"]) == (100, 0)
    assert count_frames(tmp_path / str(FilmPlan()) / "learn.mp4")[0] == 100
    assert filmed["megabytes"] > 10
    assert filmed["seconds"] > plain["seconds"] > 0


def answers_of(monkeypatch, learned):
    """Let the children answer with 3 s and 2 s for the job, 2 s for that without a film."""
    seconds = {"whole_job": iter([3.0, 2.0, 3.0, 9.0] * 2), "without_film": iter([2.0] * 8)}

    def answer(*arguments):
        name = arguments[2]
        took = next(seconds[name])
        return {
            "seconds": took,
            "frames": 600,
            "megabytes": 200 + took,
            "fingerprint": learned[name],
        }

    monkeypatch.setattr(whole, "ask", answer)


def test_the_ratio_is_of_rounds_of_which_there_are_five_at_most(monkeypatch, setting):
    answers_of(monkeypatch, {"whole_job": "same", "without_film": "same"})
    rounds = list(whole.measure(setting("cutaway", repeats=7)))
    assert [r["rounds"] for r in rounds] == [1, 2, 3, 4, 5]
    assert rounds[-1]["ratio"] == 1.5
    assert rounds[-1]["megabytes"] == 203
    assert rounds[-1]["seconds"] == {"whole_job": 3, "without_film": 2}
    assert "600 frames" in rounds[-1]["what"]


def test_jobs_that_learn_otherwise_are_no_result(monkeypatch, setting):
    answers_of(monkeypatch, {"whole_job": "one", "without_film": "other"})
    with pytest.raises(RuntimeError, match=r"^the job learns otherwise with a film than without$"):
        list(whole.measure(setting("cutaway")))


def test_a_child_works_in_a_folder_that_goes_away(monkeypatch, capsys):
    folders = []

    def job(folder, threads, film):
        folders.append(folder)
        (folder / "learn.mp4").write_bytes(b"film")
        return {"seconds": 1.0, "threads": threads, "film": film is not None}

    def ask_here(_, code, *arguments):
        monkeypatch.setattr("sys.argv", ["-c", *arguments])
        exec(code)
        return json.loads(capsys.readouterr().out)

    monkeypatch.setattr(whole, "job", job)
    monkeypatch.setattr(whole, "ask", ask_here)
    for name, film in (("whole_job", True), ("without_film", False)):
        answer = whole.in_a_process(name, 2, 0)
        assert answer == {"seconds": 1.0, "threads": 2, "film": film}
        assert not folders[-1].exists()
