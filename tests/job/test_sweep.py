"""Sweep: a folder of results, from which it goes on; what is there is not done again."""

import json

import pytest

from cutaway import load
from cutaway.job.sweep import run_sweep

FILES = ["best.safetensors", "curves.png", "results.csv", "results.jsonl"]


def configs(rates=(0.001, 0.1), seeds=3, **more):
    short = dict(epochs=1, batch_size=32, hidden=(4,), **more)
    return [{**short, "lr": lr, "seed": seed} for lr in rates for seed in range(seeds)]


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_folder_holds_results_a_table_pictures_and_the_best_network(data, out):
    seen = []
    swept = run_sweep(configs(), data, out, watch=lambda trial, _: seen.append(trial.number))
    assert sorted(seen) == list(range(6))
    assert names(out) == FILES == sorted(path.name for path in swept.files)
    assert (swept.before, swept.of, swept.interrupted) == (0, 6, False)
    best = swept.results.best
    assert load(out / "best.safetensors").fingerprint() == best.fingerprint
    lines = (out / "results.jsonl").read_text().splitlines()
    assert {json.loads(line)["fingerprint"] for line in lines[1:]} == {
        trial.fingerprint for trial in swept.results.trials
    }


def test_what_is_there_is_not_done_again_and_a_larger_sweep_adds_the_rest(data, out):
    first = run_sweep(configs(), data, out)
    seen = []
    wide = configs((0.001, 0.01, 0.1), seeds=4)
    swept = run_sweep(wide, data, out, watch=lambda trial, _: seen.append(trial.number))
    assert sorted(seen) == [3, 4, 5, 6, 7, 11]
    assert (swept.before, len(swept.results.trials)) == (6, 12)
    numbers = {trial.fingerprint: trial.number for trial in swept.results.trials}
    assert [numbers[t.fingerprint] for t in sorted(first.results.trials, key=lambda t: t.number)] == [
        0, 1, 2, 8, 9, 10
    ]  # fmt: skip


def test_the_best_network_is_trained_again_if_its_file_was_cut_short(data, out):
    best = run_sweep(configs(), data, out).results.best
    path = out / "best.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    assert run_sweep(configs(), data, out).before == 6
    assert load(path).fingerprint() == best.fingerprint


def test_a_heat_map_is_there_while_two_settings_vary(data, out):
    two = [{**config, "hidden": (hidden,)} for config in configs() for hidden in (4, 8)]
    assert run_sweep(two, data, out).files[-2].name == "heat.png"
    run_sweep(configs(), data, out)
    assert names(out) == FILES


def test_after_ctrl_c_the_same_call_goes_on(data, out):
    def stop(_, results):
        if len(results.trials) == 2:
            raise KeyboardInterrupt

    swept = run_sweep(configs(), data, out, jobs=1, watch=stop)
    assert swept.interrupted
    assert len(swept.results.trials) == 2
    assert names(out) == FILES
    assert len(run_sweep(configs(), data, out).results.trials) == 6


def test_the_best_network_is_there_even_if_a_kill_has_taken_its_file(data, out):
    first = run_sweep(configs(), data, out)
    (out / "best.safetensors").unlink()
    run_sweep(configs(), data, out)
    assert load(out / "best.safetensors").fingerprint() == first.results.best.fingerprint


def test_one_that_diverged_is_a_result_and_one_that_was_short_of_memory_is_tried_again(
    data, out, monkeypatch
):
    def short_of_memory(task, sets, history):
        if task.plan.seed == 1:
            raise MemoryError
        return learn(task, sets, history)

    from cutaway.scale import trial

    learn = trial._learn
    wild = configs((0.1, 1e30), seeds=2, recipe="lesson5", optimizer="sgd")
    with monkeypatch.context() as patched:
        patched.setattr(trial, "_learn", short_of_memory)
        swept = run_sweep(wild, data, out)
    assert sum(t.error is not None for t in swept.results.trials) == 3
    again = run_sweep(wild, data, out)
    assert again.before == 2
    assert {t.number for t in again.results.trials if t.error} == {2, 3}


def test_files_of_others_are_refused_before_anything_is_learned(data, out):
    out.mkdir(parents=True)
    (out / "results.csv").write_text("mine")
    with pytest.raises(FileExistsError, match=r"results.csv: was not written by cutaway; --force"):
        run_sweep(configs(), data, out)
    assert names(out) == ["results.csv"]
    run_sweep(configs(), data, out, force=True)
    assert names(out) == FILES
    run_sweep(configs(), data, out)  # what it wrote itself it replaces
