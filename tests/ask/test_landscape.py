"""Landscape: a training of any kind is a way on a map; what makes none is refused."""

import re

import av
import numpy as np
import pytest

from cutaway import SGD, DataLoader, Dataset, Moment, Network, landscape, train
from cutaway.ask.landscape import _around, _frames, _marks, _reel, _some, way_of
from cutaway.look.landscape import SHAPE
from cutaway.look.theme import THEMES


@pytest.fixture
def moments():
    """Train a network a little further, and return its moments."""

    def learn(network, dataset, epochs=2):
        loader = DataLoader(dataset, 10, shuffle=True)
        return list(train(network, loader, optimizer=SGD(0.1), epochs=epochs, every=3))

    return learn


def blank(step, epoch, weight=0.0):
    layer = np.full((1, 1), weight, np.float32)
    return Moment(
        epoch=epoch, step=step, losses=[], weights=(layer,), biases=(layer[0],), metrics={}, seconds=0.0
    )  # fmt: skip


def test_every_kind_of_network_has_one(pair, moments):
    network, dataset = pair
    way = moments(network, dataset)
    before = network.fingerprint()
    image = landscape(network, dataset, way, theme="dark")
    sizes = "-".join(map(str, network.architecture.sizes))
    sentence = image.info["Description"]
    assert sentence.startswith(f"landscape of the loss, and the way of a {sizes} network over it: ")
    assert f"to {network.evaluate(dataset)[0]:.3g} after {way[-1].step} mini-batches, " in sentence
    assert f"; loss on {len(dataset)} of {len(dataset)} samples" in sentence
    assert network.fingerprint() == before
    assert min(image.size) >= 300


def test_a_known_way_is_told_exactly():
    network = Network((1, 1), output="identity", backend="numpy")
    points = [(-1.0, 0.0), (0.0, 1.0), (1.0, 0.0)]  # weight and bias
    way = [
        Moment(
            epoch=1, step=step, losses=[], metrics={}, seconds=0.0,
            weights=(np.array([[weight]], np.float32),), biases=(np.array([bias], np.float32),),
        )
        for step, (weight, bias) in enumerate(points)
    ]  # fmt: skip
    data = Dataset([[1.0], [1.0], [1.0]], [0, 0, 0])  # the loss is (1 - weight - bias)^2
    told = re.fullmatch(
        "landscape of the loss, and the way of a 1-1 network over it: from 4 at the start to 0 after "
        "2 mini-batches, 2 away in weights; the lowest loss on the map is (.*), the highest 7.95; "
        r"100.0% of the movement lies in this plane \(of a random walk, 87%\), where the path is its "
        "shadow; loss on 3 of 3 samples",
        landscape(network, data, way).info["Description"],
    )
    assert float(told[1]) < 1e-4  # the valley goes through the end


def test_a_film_shows_the_way_grow(stripes, learn, moments, tmp_path, monkeypatch):
    monkeypatch.setattr("cutaway.ask.landscape._SECONDS", 0.2)
    network, path = learn(stripes, 5), tmp_path / "a.mp4"
    image = landscape(network, stripes, moments(network, stripes), film=path)
    assert list(tmp_path.iterdir()) == [path]
    with av.open(path) as container:
        drawn = [
            frame.to_ndarray(format="rgb24").astype(int) for frame in container.decode(video=0)
        ]
    line = [
        np.count_nonzero(np.abs(frame - THEMES["light"].second).sum(axis=2) < 60) for frame in drawn
    ]
    assert len(line) == 5
    assert line == sorted(set(line))
    assert np.abs(drawn[-1] - np.asarray(image)).mean() < 3


@pytest.mark.parametrize(("name", "rate"), [("a.mp4", 25), ("a.MP4", 25), ("a.webp", 10)])
def test_a_film_has_as_many_frames_a_second_as_its_kind_plays(tmp_path, name, rate):
    network = Network((4, 3, 2), backend="numpy")
    film = _reel(tmp_path / name, network, [blank(0, 0), blank(1, 1), blank(2000, 1)])
    assert (film.fps, film.scale, film.hold) == (rate, 1, 2)
    assert film.description == (
        "the way of a 4-3-2 network over the loss while it learns, from mini-batch 0 to 2,000"
    )


def test_a_film_is_at_the_same_speed_everywhere():
    path = np.array([[-4, 0], [-3, 0], [0, 0]], float)
    np.testing.assert_allclose(_frames(path, 5), [0, 1, 4 / 3, 5 / 3, 2])


def test_a_map_has_room_around_the_path_and_no_direction_is_stretched():
    for path in ([[-4, 0], [0, 1]], [[-1, 0], [0, 9]]):
        x, y = _around(np.array(path, float))
        assert np.ptp(y) == pytest.approx(SHAPE * np.ptp(x))
        assert x[2] < path[0][0] < path[1][0] < x[-3]
        assert y[2] < path[0][1] < path[1][1] < y[-3]


def test_ends_of_epochs_are_marked_between_moments():
    way = [blank(0, 0), blank(6, 1), blank(14, 2), blank(20, 2), blank(30, 3)]
    marks = _marks(way, np.array([2.0, 1, 1, 1, 0.5]))
    assert [mark.text for mark in marks] == [
        "start, loss 2", "epoch 1", "epoch 2", "end, loss 0.5",
    ]  # fmt: skip
    assert [mark.at for mark in marks] == [0, 1.5, 3, 4]


def test_samples_are_taken_evenly_and_fewer_for_a_large_network():
    data = Dataset(np.arange(6000, dtype=np.float32)[:, np.newaxis] / 6000, np.arange(6000) // 3000)
    some = _some(Network((1, 2)), data)
    assert len(some) == 2000
    np.testing.assert_array_equal(some.labels, np.arange(2000) // 1000)
    assert len(_some(Network((1, 100_000, 2)), data)) == 274  # of about 400,000 parameters
    assert len(_some(Network((1, 500_000, 2)), data)) == 100


def test_of_many_moments_some_are_taken_evenly_with_both_ends():
    kept = way_of(blank(step, 1) for step in range(1001))
    assert (len(kept), kept[0].step, kept[-1].step) == (200, 0, 1000)


@pytest.mark.parametrize(
    ("change", "error", "sentence"),
    [
        (lambda way: way[:2], ValueError, "at least 3, got 2; cutaway train keeps them"),
        (lambda _: [1, 2, 3], TypeError, r"a list of Moments, got \[1, 2, 3\]"),
        (lambda way: [way[-1]] * 3, ValueError, "end elsewhere than they start"),
        (lambda _: [blank(n, 1, n) for n in range(3)], ValueError, "of the network, got others"),
    ],
)
def test_moments_that_are_no_way_are_refused(
    stripes, learn, moments, tmp_path, change, error, sentence
):
    network = learn(stripes, 5)
    way = change(moments(network, stripes))
    with pytest.raises(error, match=f"^landscape: moments must (be )?{sentence}"):
        landscape(network, stripes, way, film=tmp_path / "a.mp4")
    assert list(tmp_path.iterdir()) == []


def test_data_and_films_that_cannot_be_are_refused(stripes, numbers, learn, moments, tmp_path):
    network = learn(stripes, 5)
    way = moments(network, stripes)
    with pytest.raises(ValueError, match=r"^landscape: .*64"):
        landscape(network, numbers, way)
    with pytest.raises(ValueError, match=r"^Film: path must end in \.mp4"):
        landscape(network, stripes, way, film=tmp_path / "a.png")
    with pytest.raises(FileNotFoundError, match="is not a folder"):
        landscape(network, stripes, way, film=tmp_path / "none" / "a.mp4")
    assert list(tmp_path.iterdir()) == []
