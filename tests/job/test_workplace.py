"""A workplace: files take their places together or not at all, and one run works there at a time."""

import os
import stat
import subprocess
import sys
from contextlib import suppress

import pytest

from cutaway.job import workplace
from cutaway.job.workplace import FOLDER, Workplace, settle

NAMES = ["a.json", "b.json", "c.json"]
OLDER = ["a.json", "c.json", "older.json"]


def fill(folder, names, text):
    for name in names:
        (folder / name).write_text(f'{{"cutaway": "written by cutaway 0", "of": "{text}"}}')


def contents(folder):
    """Of whom the files are."""
    files = (path for path in folder.iterdir() if path.is_file())
    return {path.name: path.read_text().split('"')[-2] for path in files}


OLD, NEW = dict.fromkeys(OLDER, "old"), dict.fromkeys(NAMES, "new")


@pytest.fixture
def out(tmp_path):
    """A folder with an older run in it, and a letter."""
    fill(tmp_path, OLDER, "old")
    return tmp_path


def swap(out, work):
    fill(work.folder, NAMES, "new")
    older = [out / name for name in OLDER]
    return work.swap_in([work.folder / name for name in NAMES], older)


def test_files_take_their_places_and_those_of_an_older_run_go(out):
    with Workplace(out) as work:
        assert swap(out, work) == [out / "older.json"]
    assert contents(out) == NEW
    assert not (out / FOLDER).exists()


def test_files_of_somebody_else_stay(out):
    (out / "older.json").write_text('"letter"')
    with Workplace(out) as work:
        assert swap(out, work) == []
    assert contents(out) == {**NEW, "older.json": "letter"}


def test_whatever_is_made_is_not_there_before_all_is(out):
    with Workplace(out) as work:
        fill(work.folder, NAMES, "new")
        assert contents(out) == OLD
    assert contents(out) == OLD
    assert not (out / FOLDER).exists()


class Killed(BaseException):
    pass


CALLS = ["write_json", "_move", "_sync"]


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("call", [(name, n) for name in CALLS for n in range(3)], ids=str)
def test_a_kill_at_any_point_leaves_the_older_run_or_the_new_one(out, call, after, monkeypatch):
    """As of a process that is gone: nothing of its `finally` runs, and its lock is free."""
    name, number = call
    done, counted = getattr(workplace, name), []

    def killing(*arguments):
        counted.append(1)
        if len(counted) <= number:
            return done(*arguments)
        if after:
            done(*arguments)
        raise Killed

    work = Workplace(out).__enter__()
    with monkeypatch.context() as patch:
        patch.setattr(workplace, name, killing)
        with suppress(Killed):
            swap(out, work)
    os.close(work._lock)
    settle(out)
    assert contents(out) == (OLD if (name, number, after) == ("write_json", 0, False) else NEW)
    with Workplace(out):  # nor is the next one disturbed
        pass
    assert not (out / FOLDER).exists()


def test_a_second_run_is_told_by_whom_the_folder_is_used(out):
    with (
        Workplace(out),
        pytest.raises(BlockingIOError, match=rf"is in use by a run \(process {os.getpid()}, since"),
        Workplace(out),
    ):
        raise AssertionError
    with Workplace(out):
        pass


def test_a_process_that_is_killed_leaves_its_lock_to_the_next_one(out):
    code = (
        "import os, signal; from pathlib import Path; from cutaway.job.workplace import Workplace; "
        "Workplace(Path('.')).__enter__(); os.kill(os.getpid(), signal.SIGKILL)"
    )
    process = subprocess.run([sys.executable, "-c", code], cwd=out, check=False)
    assert process.returncode == -9
    assert (out / FOLDER / "lock").read_text().startswith("process ")
    with Workplace(out):
        pass
    assert not (out / FOLDER).exists()


def test_a_mode_and_a_link_stay_as_they_were(out):
    (out / "a.json").chmod(0o600)
    (out / "elsewhere").mkdir()
    (out / "c.json").rename(out / "elsewhere" / "c.json")
    (out / "c.json").symlink_to("elsewhere/c.json")
    with Workplace(out) as work:
        swap(out, work)
    assert stat.S_IMODE((out / "a.json").stat().st_mode) == 0o600
    assert contents(out) == NEW


@pytest.mark.parametrize(
    "text", ["", "[]", '{"move": [], "remove": 3}', '{"move": ["../x"], "remove": []}']
)
def test_a_list_that_is_none_moves_nothing(out, text):
    (out / FOLDER).mkdir()
    (out / FOLDER / "swap.json").write_text(text)
    with pytest.raises(
        ValueError, match=r"swap\.json: (is no list of files|must name files alone)"
    ):
        settle(out)
    assert contents(out) == OLD


def test_a_link_in_its_place_is_refused(out, tmp_path_factory):
    (out / FOLDER).symlink_to(tmp_path_factory.mktemp("elsewhere"))
    with pytest.raises(FileExistsError, match="must be a folder of cutaway's, got a link"):
        Workplace(out).__enter__()


def test_what_it_takes_to_go_on_stays_if_anything_was_learned(out):
    for learned in (False, True):
        with suppress(Killed), Workplace(out) as work:
            work.begin({"lr": 1}, None)
            fill(work.folder, NAMES, "new")
            if learned:
                (work.folder / "checkpoint.safetensors").touch()
            raise Killed
        here = {path.name for path in work.folder.iterdir()} if work.folder.exists() else set()
        assert here == ({"lock", "settings.json", "checkpoint.safetensors"} if learned else set())


def test_a_run_that_is_refused_leaves_an_unfinished_one_as_it_was(out):
    with suppress(Killed), Workplace(out) as work:
        work.begin({"lr": 1}, None)
        (work.folder / "checkpoint.safetensors").touch()
        raise Killed
    before = sorted(work.folder.iterdir())
    with Workplace(out):
        pass
    assert sorted(work.folder.iterdir()) == before
