"""Recorder: a training that is recorded is what train() yields; other people's loops become pictures."""

import importlib
import warnings

import av
import numpy as np
import pytest

import cutaway
from cutaway import SGD, DataLoader, Dataset, Network, Recorder, train


@pytest.fixture
def stripes():
    """Images (200, 8, 8) of four classes: where the bright rows are."""
    labels = np.arange(200) % 4
    images = np.random.default_rng(0).integers(0, 80, (200, 4, 2, 8), np.uint8)
    images[np.arange(200), labels] += 150
    return Dataset(images.reshape(200, 8, 8), labels)


def learned(data, recorder, steps=30):
    """A loop of one's own: its network, and what train() yields of the same training."""
    network, own = (Network((64, 5, 4), backend="cpu") for _ in "ab")
    loader = DataLoader(data, 20, shuffle=True)
    moments = train(own, loader, optimizer=SGD(0.5), epochs=steps // 10, every=1)
    with recorder(network) as seen:
        for moment in moments:
            for layer, (w, b) in enumerate(zip(moment.weights, moment.biases, strict=True)):
                network.set_weights(layer, np.vstack([b, w]))
            seen.see(network, moment.losses[-1])
            if moment.metrics:
                seen.end_epoch(train_accuracy=moment.metrics["train_accuracy"], valid_accuracy=0.75)
    return seen, network


def arrays_of(moment):
    return [*moment.weights, *moment.biases]


def test_a_recorded_training_is_what_train_yields(stripes):
    recorder, _ = learned(stripes, Recorder)
    own = Network((64, 5, 4), backend="cpu")
    start = [*own.weights, *own.biases]
    loader = DataLoader(stripes, 20, shuffle=True)
    expected = list(train(own, loader, optimizer=SGD(0.5), epochs=3, every=1))
    moments = recorder.moments
    assert [m.step for m in moments] == [0, *(m.step for m in expected)]
    assert [m.epoch for m in moments[1:]] == [m.epoch for m in expected]
    for array, other in zip(arrays_of(moments[0]), start, strict=True):
        np.testing.assert_array_equal(array, other)
    for moment, other in zip(moments[1:], expected, strict=True):
        np.testing.assert_array_equal(moment.losses, other.losses)
        assert moment.metrics.keys() == (
            {"train_loss", "train_accuracy", "valid_accuracy"} if other.metrics else set()
        )
        for array, same in zip(arrays_of(moment), arrays_of(other), strict=True):
            np.testing.assert_array_equal(array, same)
    history = recorder.history
    assert [row["step"] for row in history.epochs] == [10, 20, 30]
    assert history.epochs[0]["train_loss"] == pytest.approx(np.mean(history.losses[:10]))
    assert (len(history.losses), history.classes) == (30, 4)
    assert repr(recorder) == "Recorder(64-5-4, 30 mini-batches, 31 moments)"


def test_it_is_the_model_that_it_has_seen_last(stripes):
    recorder, network = learned(stripes, Recorder)
    network.set_weights(0, 0 * network.get_weights(0))  # after the block
    end = recorder.moments[-1].weights[0]
    assert end.any()
    np.testing.assert_array_equal(Network.from_model(recorder).weights[0], end)
    assert cutaway.grid(recorder).tobytes() == cutaway.grid(end).tobytes()
    assert recorder.model.activations == ("sigmoid", "sigmoid")
    with pytest.raises(ValueError, match=r"^from_model: model must have learned, got a Recorder"):
        Network.from_model(Recorder())


def test_files_of_a_training_that_is_over_are_seen_one_after_another(tmp_path):
    recorder = Recorder()
    for step in range(1, 4):
        path = tmp_path / f"step{step}.npz"
        np.savez(path, w1=np.full((4, 3), step), b1=np.ones(3), w2=np.ones((3, 2)))
        recorder.see(path, 1 / step)
    recorder.close()
    assert [m.weights[0][0, 0] for m in recorder.moments] == [1, 2, 3]


def test_arrays_that_a_loop_changes_in_place_are_kept_as_they_were():
    w = np.zeros((4, 2), np.float32)
    with Recorder([w]) as recorder:
        for step in range(1, 101):
            w += 1
            recorder.see([w], 1 / step)
    w += 1000
    assert [m.weights[0][0, 0] for m in recorder.moments] == [m.step for m in recorder.moments]
    assert recorder.moments[-1].step == 100
    assert sum(len(m.losses) for m in recorder.moments) == 100


def test_the_last_weights_are_there_before_the_block_ends_and_after_it():
    with Recorder() as recorder:
        for step in range(1, 5000):
            recorder.see([np.full((4, 2), step)], 0.5)
        assert (recorder.moments[-1].step, recorder.moments[-1].weights[0][0, 0]) == (4999, 4999)
    assert (recorder.moments[-1].step, recorder.moments[-1].weights[0][0, 0]) == (4999, 4999)
    assert recorder.moments[0].step == 1


def test_what_is_kept_takes_no_more_than_its_room():
    with Recorder(room=4 * 8 * 20) as recorder:
        for step in range(1, 3001):
            recorder.see([np.full((4, 2), step)], 0.5)
    assert 10 <= len(recorder.moments) <= 21
    assert len(recorder.history.losses) == 3000


def test_films_posters_curves_and_pages_are_made_of_it(tmp_path, stripes):
    recorder, network = learned(stripes, Recorder)
    film = recorder.film(tmp_path / "learn.mp4")
    with av.open(str(tmp_path / "learn.mp4")) as container:
        assert container.streams.video[0].frames == film.frames == 30
    assert "5 units of the first layer" in film.description
    assert "from mini-batch 1 to 30" in film.description
    assert recorder.film(tmp_path / "learn.gif", theme="dark").fps == 3
    assert "a column each after 0, 1," in cutaway.poster(recorder).info["Description"]
    assert "validation accuracy 75.0%" in cutaway.loss_curve(recorder).description
    network.mean, network.std, network.pixels = stripes.mean, stripes.std, True
    for picture in (
        cutaway.first(network, recorder, stripes),
        cutaway.landscape(network, stripes, recorder),
        cutaway.biography(network, stripes, 1, moments=recorder),
    ):
        assert picture.info["Description"]
    assert "<table>" in recorder._repr_html_()


def test_a_training_that_fails_is_recorded_and_told_when_it_is_filmed(tmp_path):
    with Recorder() as recorder:
        recorder.see([np.ones((4, 2))], np.nan)
        recorder.see([np.full((4, 2), np.inf)], np.nan)
    assert np.isnan(recorder.history.losses).all()
    with pytest.raises(ValueError, match=r"^film: weights must be finite, got inf"):
        recorder.film(tmp_path / "learn.mp4")
    assert not [*tmp_path.iterdir()]


def failing(recorder, call):
    with pytest.raises((TypeError, ValueError, RuntimeError)) as caught:
        call(recorder)
    return str(caught.value)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda r: r.film("a.mp4"), "film: there must be at least 1 mini-batch, got 0"),
        (lambda r: r.end_epoch(), "end_epoch: there must be at least 1 mini-batch before it, got 0"),
        (lambda r: r.see([np.ones((4, 3))], 1), "see: weights must be of one network, got 4-3 after 4-2"),
        (lambda r: r.see({1}, 1), "see: weights must be a Network, a PyTorch module, an MLPClassifier"),
        (lambda r: r.watch(r, r, r), "watch: module must be a PyTorch module, got Recorder("),
        (lambda _: Recorder([np.ones((4, 2))], shape=(3, 3)), "Recorder: shape must hold 4 inputs, got"),
    ],
)  # fmt: skip
def test_what_cannot_be_recorded_is_one_sentence(call, sentence):
    recorder = Recorder([np.ones((4, 2))])
    assert failing(recorder, call).startswith(sentence)
    assert len(recorder.moments) == 1
    assert not recorder.history.losses


def test_the_ends_of_epochs_tell_the_same_things():
    recorder = Recorder()
    for told in (dict(valid_accuracy=0.5), dict(valid_accuracy=2), dict(valid_loss=1)):
        recorder.see([np.ones((4, 2))], 1.0)
        if told == dict(valid_accuracy=0.5):
            recorder.end_epoch(**told)
            continue
        sentence = failing(recorder, lambda r, told=told: r.end_epoch(**told))
        assert sentence.startswith(
            "end_epoch: valid_accuracy must be from 0 to 1, got 2"
            if "valid_accuracy" in told
            else "end_epoch: all epochs must have train_loss and valid_accuracy, got train_loss"
        )
    assert len(recorder.history.epochs) == 1


@pytest.fixture
def loop():
    """A loop of PyTorch's that knows no recorder: module, optimizer, criterion, and what runs it."""
    torch = importlib.import_module("torch")
    torch.manual_seed(0)
    module = torch.nn.Sequential(torch.nn.Linear(6, 4), torch.nn.ReLU(), torch.nn.Linear(4, 3))
    optimizer, criterion = torch.optim.Adam(module.parameters()), torch.nn.CrossEntropyLoss()
    x, y = torch.randn(40, 6), torch.arange(40) % 3

    def run(steps):
        losses = []
        for _ in range(steps):
            optimizer.zero_grad()
            loss = criterion(module(x), y)
            loss.backward()
            with torch.no_grad():
                criterion(2 * module(x), y)  # of something else: no loss to learn from
            optimizer.step()
            losses.append(loss.item())
        return losses

    return module, optimizer, criterion, run


@pytest.mark.needs("torch")
def test_a_loop_of_pytorch_s_is_seen_without_a_line_in_it_until_the_block_ends(loop):
    module, optimizer, criterion, run = loop
    start = module[0].weight.detach().numpy().T.copy()
    with Recorder().watch(module, optimizer, criterion) as recorder:
        losses = run(25)
    end = module[0].weight.detach().numpy().T.copy()
    run(5)
    assert recorder.history.losses == losses
    assert recorder.model.activations == ("relu", "softmax")  # which is the criterion's
    assert [m.step for m in recorder.moments] == list(range(26))
    np.testing.assert_array_equal(recorder.moments[0].weights[0], start)
    np.testing.assert_array_equal(recorder.moments[-1].weights[0], end)
    assert not criterion._forward_hooks
    assert not optimizer._optimizer_step_post_hooks


@pytest.mark.needs("torch")
def test_what_watch_needs_is_told(loop):
    module, optimizer, criterion, _ = loop
    function = importlib.import_module("torch").nn.functional.cross_entropy
    with pytest.raises(TypeError, match=r"^watch: criterion must be .* see\(module, loss\) takes"):
        Recorder().watch(module, optimizer, function)
    with pytest.raises(TypeError, match=r"^watch: optimizer must be a PyTorch optimizer, got"):
        Recorder().watch(module, criterion, criterion)
    recorder = Recorder().watch(module, optimizer, criterion)
    with pytest.raises(RuntimeError, match=r"^watch: recorder must watch one training"):
        recorder.watch(module, optimizer, criterion)
    with pytest.raises(RuntimeError, match=r"^watch: criterion must be called before every step"):
        optimizer.step()
    recorder.close()


def test_nothing_is_warned_of(stripes):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        learned(stripes, Recorder, steps=10)
