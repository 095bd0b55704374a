"""A run that was begun: found in its folder, taken up where it was, and ended as if never stopped."""

import dataclasses
import json
import os
from contextlib import suppress

import pytest

from cutaway import DataLoader, fit
from cutaway.job.begun import find
from cutaway.job.filming import FilmPlan
from cutaway.job.run import run
from cutaway.job.workplace import CHECKPOINT, FOLDER, SETTINGS
from cutaway.learn import ongoing


class Killed(BaseException):
    pass


@pytest.fixture
def often(monkeypatch):
    """A checkpoint at every Moment."""
    monkeypatch.setattr(ongoing, "_LEAST", 0)
    monkeypatch.setattr(ongoing, "_MOST", 0)


@pytest.mark.usefixtures("often")
@pytest.mark.parametrize("error", [Killed, KeyboardInterrupt])
@pytest.mark.parametrize("step", [3, 10, 17])
def test_a_run_that_was_stopped_leaves_the_same_files_in_the_end(
    out, step, error, recipe, data, done, contents, stop_at
):
    plan = FilmPlan()
    try:
        stopped = run(recipe, data, out, seed=3, film=plan, watch=stop_at(step, error))
        assert stopped.interrupted
    except Killed:
        assert sorted(path.name for path in (out / FOLDER).iterdir()) == [
            CHECKPOINT,
            "lock",
            SETTINGS,
        ]
    begun = find(out)
    assert (begun.recipe, begun.seed, begun.film, begun.summary) == (recipe, 3, plan, None)
    assert begun.checkpoint.place.step == step
    result = run(recipe, data, out, seed=3, film=begun.film, begun=begun)
    assert result.history.losses == done[1].history.losses
    mine, theirs = contents(out), contents(done[0])
    assert mine.keys() == theirs.keys()
    differing = {name for name in mine if mine[name] != theirs[name]}
    # Seconds; the sums of other parts of an epoch; an order of metadata that nobody chose.
    assert differing <= {"history.json", "loss.png", "model.safetensors"}
    assert find(out).summary["fingerprint"] == done[1].network.fingerprint()


@pytest.mark.usefixtures("often")
@pytest.mark.parametrize("error", [Killed, KeyboardInterrupt])
def test_who_begins_anew_over_an_unfinished_run_is_told_how_to_go_on_with_it(
    out, error, recipe, data, stop_at
):
    told = []
    with suppress(Killed):
        run(recipe, data, out, watch=stop_at(13, error), told=told.append)
    told.clear()
    begun = find(out)
    run(recipe, data, out.parent / "other", begun=begun, told=told.append)
    assert told == []
    run(recipe, data, out, watch=stop_at(1, KeyboardInterrupt), told=told.append)
    assert told[0] == (
        f"this replaces the unfinished run in {out}, 1 of 2 epochs done; "
        f"cutaway train --resume {out} would go on with it"
    )


@pytest.mark.usefixtures("often")
def test_who_goes_on_or_replaces_what_is_done_is_told_nothing(out, recipe, data, stop_at):
    told = []
    run(recipe, data, out, watch=stop_at(13, KeyboardInterrupt))
    run(recipe, data, out, begun=find(out), told=told.append)
    run(recipe, data, out, told=told.append)
    assert told == []


@pytest.mark.usefixtures("often")
def test_an_unfinished_run_that_is_damaged_stops_nobody(out, recipe, data, stop_at):
    run(recipe, data, out, watch=stop_at(13, KeyboardInterrupt))
    (out / CHECKPOINT).write_bytes(b"damaged")
    told = []
    assert not run(recipe, data, out, told=told.append, force=True).interrupted
    assert told == []


def test_a_run_that_was_stopped_before_its_first_checkpoint_begins_anew(out, recipe, data, stop_at):
    run(recipe, data, out, seed=3, watch=stop_at(3, KeyboardInterrupt))
    begun = find(out)
    assert (begun.checkpoint, begun.seed, begun.summary) == (None, 3, None)


def test_what_a_killed_process_had_not_learned_yet_begins_anew_too(out, recipe, data, done):
    told = json.loads((done[0] / "history.json").read_text())
    (out / FOLDER).mkdir(parents=True)
    (out / FOLDER / SETTINGS).write_text(json.dumps({**told, "result": None}))
    begun = find(out)
    assert begun.checkpoint is None
    result = run(recipe, data, out, seed=begun.seed, begun=begun)
    assert result.network.fingerprint() == done[1].network.fingerprint()
    assert not (out / FOLDER).exists()


@pytest.mark.usefixtures("often")
def test_a_new_run_forgets_one_that_was_not_finished(out, recipe, data, stop_at):
    with pytest.raises(Killed):
        run(recipe, data, out, seed=3, watch=stop_at(10, Killed))
    run(recipe, data, out, seed=4)
    assert find(out).seed == 4


def test_its_summary_is_that_of_the_run(done):
    folder, result = done
    begun = find(folder)
    assert begun.summary == json.loads(json.dumps(result.summary()))
    assert begun.checkpoint.place.step == 20


def test_a_training_s_checkpoint_without_moments_is_refused(out, recipe, data, done):
    longer = dataclasses.replace(recipe, epochs=3)
    network, path = recipe.make_network(64, 4, seed=3), out.parent / "c.safetensors"
    path.parent.mkdir(parents=True)
    loader = DataLoader(data[0], 32, shuffle=True, seed=3)
    fit(network, loader, optimizer=recipe.make_optimizer(), epochs=2, checkpoint=path)
    begun = dataclasses.replace(find(done[0]), checkpoint=ongoing.read("train", path))
    with pytest.raises(ValueError, match=r"c\.safetensors holds no moments of its run"):
        run(longer, data, out, seed=3, begun=begun, force=True)
    assert list(out.iterdir()) == []


@pytest.mark.parametrize("name", ["history.json", f"{FOLDER}/{SETTINGS}"])
def test_a_pipe_in_place_of_a_file_keeps_nobody_waiting(tmp_path, name):
    (tmp_path / FOLDER).mkdir()
    os.mkfifo(tmp_path / name)
    with pytest.raises(OSError, match="Is no regular file"):
        find(tmp_path)
