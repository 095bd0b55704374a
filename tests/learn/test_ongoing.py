"""Going on: what was stopped at any mini-batch ends in the bits of what never was."""

import dataclasses

import numpy as np
import pytest

from cutaway import SGD, Adam, DataLoader, Dataset, History, Network, OneCycle, fit, load, save
from cutaway.learn import ongoing, training
from cutaway.learn.ongoing import read

MOMENTUM = SGD(0.1, momentum=0.9)
EPOCHS, STEPS = 3, 13  # 39 mini-batches in all


def images(seed=0):
    rng = np.random.default_rng(seed)
    return Dataset(rng.integers(0, 256, (50, 4, 3), np.uint8), rng.integers(0, 3, 50))


def loader(dataset=None, **settings):
    return DataLoader(
        dataset or images(), **{"batch_size": 4, "shuffle": True, "seed": 5, **settings}
    )


def network(**settings):
    return Network((12, 8, 3), seed=1, backend="cpu", **settings)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "c.safetensors"


class Killed(BaseException):
    pass


@pytest.fixture
def stopped(path, monkeypatch):
    """Train, with a checkpoint at every second mini-batch, until one of them; return the way there."""

    def train(at, loader, **settings):
        with monkeypatch.context() as patch:
            patch.setattr(ongoing, "_LEAST", 0)
            patch.setattr(ongoing, "_MOST", 0)
            patch.setattr(training, "mini_batches_at_once", lambda *_: 2)
            patch.setattr(training, "_ONE_BY_ONE", 2)
            add = History.add

            def kill(history, moment):
                if moment.step > at:
                    raise Killed
                add(history, moment)

            patch.setattr(History, "add", kill)
            with pytest.raises(Killed):
                fit(network(), loader, checkpoint=path, **settings)
        return path

    return train


def told(history):
    epochs = [{k: v for k, v in epoch.items() if k != "seconds"} for epoch in history.epochs]
    return history.losses, history.sample_losses, epochs


@pytest.mark.parametrize("at", [2, 12, 13, 15, 26, 38])
@pytest.mark.parametrize(
    "settings",
    [
        {"optimizer": MOMENTUM},
        {"optimizer": Adam(0.01), "schedule": OneCycle()},
    ],
)
def test_what_was_stopped_ends_in_the_bits_of_what_never_was(stopped, at, settings):
    settings = {**settings, "epochs": EPOCHS, "valid": images(1)}
    whole, parts = network(threads=1), network(threads=2)
    history = fit(whole, loader(), **settings)
    path = stopped(at, loader(), **settings)
    assert read("fit", path).place.step in (at, at - 1)
    gone_on = fit(parts, loader(), resume=path, **settings)
    assert parts.fingerprint() == whole.fingerprint()
    assert told(gone_on)[:2] == told(history)[:2]
    for mine, theirs in zip(told(gone_on)[2], told(history)[2], strict=True):
        assert mine == pytest.approx(theirs, rel=1e-12)  # sums of other parts of an epoch
    assert parts.history is gone_on


@pytest.mark.parametrize("at", [12, 26])
def test_samples_that_python_collates_go_on_within_an_epoch_too(stopped, at):
    def collated():
        return loader(collate=lambda samples: tuple(map(np.array, zip(*samples, strict=True))))

    whole, parts = network(), network()
    fit(whole, collated(), optimizer=MOMENTUM, epochs=EPOCHS)
    path = stopped(at, collated(), optimizer=MOMENTUM, epochs=EPOCHS)
    assert read("fit", path).place.step == at
    fit(parts, collated(), optimizer=MOMENTUM, epochs=EPOCHS, resume=path)
    assert parts.fingerprint() == whole.fingerprint()


class Batches:
    """A loader of one's own."""

    def __len__(self):
        return STEPS

    def __iter__(self):
        yield from loader()


def test_a_loader_of_one_s_own_goes_on_at_the_end_of_an_epoch(stopped):
    whole, parts = network(), network()
    fit(whole, Batches(), optimizer=MOMENTUM, epochs=EPOCHS)
    path = stopped(20, Batches(), optimizer=MOMENTUM, epochs=EPOCHS)
    assert read("fit", path).place.step == STEPS
    fit(parts, Batches(), optimizer=MOMENTUM, epochs=EPOCHS, resume=path)
    assert parts.fingerprint() == whole.fingerprint()


def test_more_epochs_are_the_bits_of_one_longer_training(path):
    whole, parts = network(), network()
    fit(whole, loader(), optimizer=MOMENTUM, epochs=5)
    fit(parts, loader(), optimizer=MOMENTUM, epochs=2, checkpoint=path)
    anew = network()
    history = fit(anew, loader(), optimizer=MOMENTUM, epochs=5, checkpoint=path, resume=path)
    assert anew.fingerprint() == whole.fingerprint() != parts.fingerprint()
    assert [epoch["epoch"] for epoch in history.epochs] == [1, 2, 3, 4, 5]
    assert read("fit", path).place.step == 5 * STEPS


def test_a_training_that_has_ended_is_not_gone_on_with(path):
    first, again = network(), network()
    history = fit(first, loader(), optimizer=MOMENTUM, epochs=2, checkpoint=path)
    same = fit(again, loader(), optimizer=MOMENTUM, epochs=2, resume=path)
    assert again.fingerprint() == first.fingerprint() == load(path).fingerprint()
    assert told(same) == told(history)
    assert (again.mean, again.shape, again.pixels) == (first.mean, (4, 3), True)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"optimizer": SGD(0.2, momentum=0.9)}, r"lr must be 0.1, as when .* was written, got 0.2"),
        ({"optimizer": Adam(0.1)}, "optimizer must be 'sgd', as when .* was written, got 'adam'"),
        ({"schedule": OneCycle()}, "schedule must be 'Constant', .* got 'OneCycle'"),
        ({"loader": loader(seed=6)}, "seed must be 5, .* got 6"),
        ({"loader": loader(shuffle=False)}, "order must be 'RandomSampler', .* got 'Sequential"),
        ({"loader": loader(batch_size=5)}, "mini-batches of an epoch must be 13, .* got 10"),
        ({"loader": loader(images(2))}, "data must be "),
        ({"loader": loader(Dataset(images().images, images().labels[::-1]))}, "data must be '"),
        ({"epochs": 1}, "epochs must be enough for the 26 mini-batches of .*, got 13 mini-batches"),
        ({"network": Network((12, 7, 3), backend="cpu")}, "network must be as that of "),
        ({"network": Network((12, 8, 3), backend="numpy")}, "backend must be 'cpu', .* got 'numpy'"),
    ],
)  # fmt: skip
def test_other_data_or_settings_are_refused_and_nothing_changes(path, changes, sentence):
    settings = {"network": network(), "loader": loader(), "optimizer": MOMENTUM, "epochs": 2}
    fit(**settings, checkpoint=path)
    before = path.read_bytes()
    changed = {**settings, "epochs": 4, "network": network(), **changes}
    start = changed["network"].fingerprint()
    with pytest.raises(ValueError, match=f"^fit: {sentence}"):
        fit(**changed, checkpoint=path, resume=path)
    assert changed["network"].fingerprint() == start
    assert path.read_bytes() == before


def test_a_schedule_that_ends_cannot_be_made_longer(path):
    settings = {"optimizer": MOMENTUM, "schedule": OneCycle()}
    fit(network(), loader(), epochs=2, checkpoint=path, **settings)
    with pytest.raises(ValueError, match=r"epochs must be 2, as when .* was written, got 4"):
        fit(network(), loader(), epochs=4, resume=path, **settings)


def test_a_file_that_is_not_there_is_the_beginning_only_where_it_is_to_be_written(path):
    with pytest.raises(FileNotFoundError, match=r"c\.safetensors"):
        fit(network(), loader(), optimizer=MOMENTUM, epochs=1, resume=path)
    fit(network(), loader(), optimizer=MOMENTUM, epochs=1, resume=path, checkpoint=path)
    assert read("fit", path).place.step == STEPS


def test_a_model_alone_or_a_damaged_file_is_refused_in_a_sentence(path):
    fit(network(), loader(), optimizer=MOMENTUM, epochs=1, checkpoint=path)
    whole = path.read_bytes()
    for end in range(0, len(whole), 97):
        path.write_bytes(whole[:end])
        with pytest.raises(ValueError, match=r"^fit: .*c\.safetensors"):
            read("fit", path)
    save(network(), path)
    with pytest.raises(ValueError, match="is a model alone, and tells nothing of its training"):
        read("fit", path)


@pytest.mark.parametrize("place", [{"step": 12}, {"step": -1}, {"rows": 1.5}, {"steps": 3}])
def test_what_contradicts_itself_is_no_checkpoint(path, place):
    fit(network(), loader(), optimizer=MOMENTUM, epochs=1, checkpoint=path)
    whole = read("fit", path)
    vars(whole.place).update(place)
    dataclasses.replace(whole).write() if "steps" not in place else broken(whole)
    with pytest.raises(
        ValueError, match=r"^fit: .*c\.safetensors is no checkpoint of a training: "
    ):
        read("fit", path)


def broken(checkpoint):
    tensors = {"losses": np.zeros(3, np.float32), "sample_losses": np.zeros(3, np.float32)}
    ongoing.save_with(checkpoint.network, checkpoint.path, tensors, {"place": {"steps": 3}})


def test_the_last_checkpoint_before_a_divergence_stays(path):
    fit(network(), loader(), optimizer=MOMENTUM, epochs=1, checkpoint=path)
    before = path.read_bytes()
    diverged = network()
    keeper = ongoing.Keeper(
        path,
        diverged,
        training.train(diverged, loader(), optimizer=MOMENTUM),
        History(),
        lambda: None,
    )
    keeper._moments.close()
    state = diverged.state_dict()
    state["0.bias"][0] = np.nan
    diverged.load_state_dict(state, finite=False)
    keeper.write()
    assert path.read_bytes() == before


@pytest.mark.parametrize("name", [".", "none/c"])
def test_a_place_that_cannot_be_written_is_told_before_anything_is_learned(tmp_path, name):
    mine = network()
    start = mine.fingerprint()
    with pytest.raises(OSError, match="tory"):
        fit(mine, loader(), optimizer=MOMENTUM, epochs=1, checkpoint=tmp_path / name)
    assert mine.fingerprint() == start


def test_checkpoints_are_a_second_apart_and_cost_a_fiftieth_of_the_time(path, monkeypatch):
    """At the end of an epoch; within one, half a minute after the last."""
    now = [0.0]
    monkeypatch.setattr(ongoing.time, "perf_counter", lambda: now[0])
    mine = network()
    moments = training.train(mine, loader(), optimizer=MOMENTUM)
    moments.close()
    keeper = ongoing.Keeper(path, mine, moments, History(), lambda: None)
    written = []
    write = ongoing.Checkpoint.write

    def slowly(checkpoint):
        write(checkpoint)
        written.append(round(now[0], 1))
        now[0] += 0.1

    monkeypatch.setattr(ongoing.Checkpoint, "write", slowly)
    for tenths in range(1000):
        now[0] = max(now[0], tenths / 10)
        ends = tenths < 300 and tenths % 5 == 0  # then an epoch that does not end
        keeper.see(dataclasses.replace(_moment(mine), metrics={"train_loss": 1.0} if ends else {}))
    assert written == [1.0, 6.5, 12.0, 17.5, 23.0, 28.5, 58.6, 88.7]


def _moment(network):
    return training.Moment(
        epoch=1, step=1, losses=np.zeros(1, np.float32), weights=network.weights,
        biases=network.biases, metrics={}, seconds=0.0,
    )  # fmt: skip
