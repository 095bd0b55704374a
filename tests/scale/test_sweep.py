"""Sweep: a trial for every configuration, the same from whatever workers, and remembered."""

import json
import os
import signal
import threading
import time

import joblib
import pytest

import cutaway
from cutaway.job.run import run
from cutaway.scale import trial as module
from cutaway.scale.settings import plan_of

SHORT = dict(epochs=1, batch_size=32, hidden=(4,))
NAMES = ["threading", "loky", pytest.param("dask", marks=pytest.mark.needs("distributed"))]


@pytest.fixture(scope="session")
def expected(grid, data):
    """The fingerprints of the trainings of the grid, one after another, without a sweep."""

    def fingerprint(config):
        plan = plan_of("test", config)
        network = plan.recipe.make_network(64, 4, seed=plan.seed)
        for _ in plan.recipe.train(network, data[0], seed=plan.seed, every=3):
            pass
        return network.fingerprint()

    return [fingerprint(config) for config in grid]


@pytest.mark.parametrize("name", NAMES)
def test_the_same_configurations_have_the_same_bits_from_all_workers(
    name, workers, grid, data, expected
):
    with workers(name):
        sweep = cutaway.sweep(grid, data)
        got = {trial.number: trial.fingerprint for trial in sweep}
    assert [got[number] for number in range(45)] == expected
    assert len(set(expected)) == 45


def test_a_fingerprint_is_that_of_the_command_line(data, tmp_path):
    (trial,) = cutaway.sweep([{**SHORT, "seed": 3, "lr": 0.1}], data)
    plan = plan_of("test", trial.config)
    alone = run(plan.recipe, data, tmp_path, seed=3, pictures=False, page=False)
    assert trial.fingerprint == alone.network.fingerprint()
    assert trial.accuracy == alone.test_accuracy
    assert trial.history.losses == alone.history.losses
    assert trial.network.fingerprint() == trial.fingerprint


def test_the_accuracy_is_of_the_test_set_and_without_one_of_the_validation_set(data):
    (with_test,) = cutaway.sweep([SHORT], data)
    (without,) = cutaway.sweep([SHORT], data[:2])
    last = with_test.history.epochs[-1]["valid_accuracy"]
    assert with_test.valid_accuracy == without.accuracy == without.valid_accuracy == last
    assert with_test.accuracy == with_test.network.evaluate(data[2])[1]


@pytest.mark.parametrize("name", ["threading", "loky"])
@pytest.mark.parametrize("keep", ["best", "all", "history"])
def test_networks_are_kept_as_asked(keep, name, data, workers):
    with workers(name):
        sweep = cutaway.sweep(
            [{**SHORT, "seed": seed, "epochs": 3} for seed in range(6)], data, keep=keep
        )
        for trial in sweep:
            best = max(sweep.trials, key=lambda t: (t.valid_accuracy, -t.number))
            assert sweep.best is best
            kept = {"best": [best], "all": sweep.trials, "history": []}[keep]
            assert [t for t in sweep.trials if t.network] == kept
            assert len(trial.history.losses) == 30


def test_one_that_fails_is_a_row_among_the_others(data, monkeypatch):
    def short_of_memory(task, sets, history):
        if task.plan.seed == 7:
            raise MemoryError("train: no room")
        return learn(task, sets, history)

    learn = module._learn
    monkeypatch.setattr(module, "_learn", short_of_memory)
    wild = dict(recipe="lesson5", optimizer="sgd", lr=1e30, **SHORT)
    rows = [cutaway.Dataset(part.images, part.labels) for part in data]
    configs = [SHORT, wild, {**SHORT, "start": "waves"}, {**SHORT, "seed": 7}]
    got = sorted(cutaway.sweep(configs, rows), key=lambda trial: trial.number)
    assert [trial.error for trial in got] == [
        None, got[1].error, "train: start weights of waves need pictures, got rows without a shape",
        "train: no room",
    ]  # fmt: skip
    assert got[1].error.startswith("train: the loss must stay finite, got nan in epoch 1")
    assert [trial.final for trial in got] == [True, True, True, False]
    for trial in got[1:]:
        assert (trial.accuracy, trial.fingerprint, trial.network) == (None, None, None)


def test_threads_share_the_data_and_a_training_in_a_process_reads_them_from_a_file(data):
    """So that nothing is sent with every configuration."""
    from cutaway.scale.trial import Task, train_one
    from cutaway.scale.workers import crew, each

    def seen(task, train, valid):
        assert train_one(task, train, valid).error is None
        files = (str(getattr(array, "filename", "")) for array in (train.images, train.labels))
        return id(train), *files

    tasks = [Task(number=n, config={}, plan=plan_of("t", {**SHORT, "seed": n}), threads=1, keep=False)
             for n in range(6)]  # fmt: skip
    sets = data[:2]
    shared = dict(each(seen, tasks, *sets, crew=crew("t", 2, 6)))
    assert {*shared.values()} == {(id(data[0]), "", "")}
    with joblib.parallel_config("loky", n_jobs=2):
        read = dict(each(seen, tasks, *sets, crew=crew("t", 2, 6)))
    assert len({images for _, images, _ in read.values()}) == 1
    assert len({labels for _, _, labels in read.values()}) == 1
    assert all(images and labels for _, images, labels in read.values())


@pytest.mark.parametrize("count", [2, 3])
def test_threads_are_those_that_are_left_over_unless_a_configuration_says(data, monkeypatch, count):
    monkeypatch.setenv("CUTAWAY_NUM_THREADS", "7")
    configs = [{**SHORT, "seed": seed} for seed in range(3)]
    configs[0]["threads"] = 5
    trials = list(cutaway.sweep(configs, data, jobs=count, keep="all"))
    got = {trial.number: trial.network.threads for trial in trials}
    assert got == {0: 5, 1: 7 // count, 2: 7 // count}


@pytest.mark.usefixtures("ctrl_c")
def test_ctrl_c_ends_what_runs_at_once_and_keeps_what_is_done(data):
    long = {**SHORT, "epochs": 10_000}
    sweep = cutaway.sweep([SHORT, long, long, SHORT], data, jobs=2)
    first = next(sweep)
    began = time.monotonic()
    threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        list(sweep)
    assert time.monotonic() - began < 5
    assert first in sweep.trials
    assert len(sweep.trials) <= 2
    assert str(sweep).splitlines()[0].split()[:2] == ["epochs", "validation"]
    assert not [t for t in threading.enumerate() if "cutaway" in t.name]


def test_a_sweep_that_is_left_learns_no_more(data):
    with cutaway.sweep([SHORT] + [{**SHORT, "epochs": 10_000}] * 9, data, jobs=2) as sweep:
        assert next(sweep).number == 0
    assert len(sweep.trials) == 1
    assert list(sweep) == []
    assert (len(sweep), repr(sweep)[:27]) == (10, "Sweep(1 of 10 trainings, th")


def test_nothing_is_learned_before_it_is_asked_for(data):
    sweep = cutaway.sweep([SHORT], data)
    assert (sweep.trials, sweep.best, str(sweep)) == ([], None, "no results yet")


CONFIGS = "configs must be dictionaries of settings, one for each of at least 1 training"


@pytest.mark.parametrize(
    ("configs", "sentence"),
    [
        ([SHORT, {"lr": -1}], "^sweep: config 1: lr must be 0 or more, got -1$"),
        ([SHORT, None], "^sweep: config 1 must be a dictionary of settings, got None$"),
        ({"lr": 1}, f"^sweep: {CONFIGS}, got {{'lr': 1}}$"),
        ([], rf"^sweep: {CONFIGS}, got \[\]$"),
        (7, f"^sweep: {CONFIGS}, got 7$"),
    ],
)
def test_what_is_no_configuration_is_told_before_anything_is_trained(configs, sentence, data):
    with pytest.raises((TypeError, ValueError), match=sentence):
        cutaway.sweep(configs, data)


def test_data_that_do_not_fit_are_told(data):
    with pytest.raises(TypeError, match=r"^sweep: data must be Datasets \(train, valid\) or "):
        cutaway.sweep([SHORT], data[0])
    other = cutaway.Dataset(data[1].images[:, :9], data[1].labels)
    with pytest.raises(
        ValueError, match=r"^sweep: data must have the same features .* got \[64, 9\]$"
    ):
        cutaway.sweep([SHORT], (data[0], other))


def test_a_table_has_a_row_for_trials_that_differ_in_their_seeds_alone(data):
    calm = [dict(recipe="lesson5", optimizer="sgd", seed=seed, **SHORT) for seed in (0, 1)]
    wild = [{**first, "lr": 1e30} for first in calm]
    sweep = cutaway.sweep([*calm, *wild], data)
    list(sweep)
    head, *rows = str(sweep).splitlines()
    assert head.split()[:5] == ["lr", "seeds", "validation", "accuracy", "test"]
    assert len(rows) == 2
    assert rows[0].endswith("  best")
    assert "2 of 2 failed: the loss must stay finite, got nan" in rows[1]
    html = sweep._repr_html_()
    assert html.count("<tr>") == 3


def test_csv_and_json_have_every_trial(data, tmp_path):
    sweep = cutaway.sweep([{**SHORT, "seed": seed} for seed in range(3)], data)
    list(sweep)
    text = sweep.csv(tmp_path / "a.csv")
    assert (tmp_path / "a.csv").read_text() == text
    head, *lines = text.splitlines()
    assert head.startswith("number,hidden,")
    assert head.endswith("accuracy,seconds,fingerprint,error,written_by")
    assert [line.split(",")[0] for line in lines] == ["0", "1", "2"]
    told = json.loads(sweep.json())
    assert told["best"] == sweep.best.number
    assert [row["fingerprint"] for row in told["trials"]] == [
        t.fingerprint for t in sorted(sweep.trials, key=lambda t: t.number)
    ]
    again = [module.trial_of(row) for row in told["trials"]]
    assert json.loads(json.dumps([t.row() for t in again])) == told["trials"]
