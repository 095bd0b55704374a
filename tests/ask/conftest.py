"""Networks that learned a little, with data that they take, and photographs of handwriting."""

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from cutaway import SGD, DataLoader, Dataset, Network, train
from cutaway.learn.recipes import RECIPES


@pytest.fixture
def stripes():
    """Images (200, 8, 8) of four classes with names: where the bright rows are."""
    rng = np.random.default_rng(0)
    labels = np.arange(200) % 4
    images = rng.integers(0, 80, (200, 4, 2, 8), np.uint8)
    images[np.arange(200), labels] += 150
    names = ["top", "upper", "lower", "bottom"]
    return Dataset(images.reshape(200, 8, 8), labels, class_names=names)


@pytest.fixture
def numbers():
    """Six numbers of three classes."""
    rng = np.random.default_rng(0)
    labels = np.arange(90) % 3
    return Dataset(rng.normal(size=(90, 6)) + np.eye(6)[labels], labels)


@pytest.fixture
def learn():
    """Make a network that has learned a dataset for some mini-batches."""

    def make(dataset, *hidden, steps=30, **settings):
        sizes = dataset.images.shape[1], *hidden, dataset.classes
        network = Network(sizes, backend="cpu", **settings)
        order = np.arange(steps * 10) % len(dataset)
        network.learn(order, 10, dataset=dataset, optimizer=SGD(0.5))
        return network

    return make


@pytest.fixture(params=["no hidden layer", "one", "two", "softmax and relu", "numbers"])
def pair(request, learn, stripes, numbers):
    """A network of every kind, and its data."""
    kinds = {
        "no hidden layer": (stripes, (), {}), "one": (stripes, (5,), {}), "two": (stripes, (6, 5), {}),
        "softmax and relu": (
            stripes, (5,), dict(activation="relu", output="softmax", loss="cross_entropy")
        ),
        "numbers": (numbers, (5,), dict(output="identity")),
    }  # fmt: skip
    dataset, hidden, settings = kinds[request.param]
    return learn(dataset, *hidden, steps=1, **settings), dataset


# Points of strokes in a box, to the right and down.
STROKES = {
    2: [[(12, 25), (30, 5), (65, 3), (82, 25), (60, 55), (12, 95)], [(12, 95), (50, 93), (90, 95)]],
    3: [
        [(15, 12), (50, 0), (80, 15), (70, 40), (40, 48)],
        [(40, 48), (75, 55), (85, 80), (50, 100), (10, 88)],
    ],
    4: [[(30, 2), (20, 30), (10, 58)], [(10, 58), (50, 56), (90, 54)], [(75, 10), (70, 55), (68, 98)]],
    5: [
        [(85, 3), (50, 5), (25, 5)], [(25, 5), (22, 25), (20, 45)],
        [(20, 45), (55, 38), (82, 60), (70, 92), (40, 100), (10, 88)],
    ],
    7: [[(12, 8), (50, 7), (88, 5)], [(88, 5), (60, 50), (42, 98)]],
}  # fmt: skip


def curve(points):
    """A smooth way through points (Catmull and Rom 1974)."""
    p = np.array([points[0], *points, points[-1]], float)
    t = np.linspace(0, 1, 20)[:, np.newaxis]
    return np.concatenate(
        [
            b
            + ((c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * (b - c) - a + d) * t**3) / 2
            for a, b, c, d in zip(p, p[1:], p[2:], p[3:], strict=False)
        ]
    )


@pytest.fixture(scope="session")
def photograph():
    """Draw a digit as a pen would, on paper of 400 x 300 pixels that a camera has seen."""

    def draw(digit, *, width=14, degrees=0, place=(0.5, 0.5), shade=0.0):
        paper = Image.new("L", (400, 300), 235)
        pen, angle = ImageDraw.Draw(paper), np.deg2rad(degrees)
        turned = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
        for points in STROKES[digit]:
            way = (curve(points) / 100 - 0.5) * (105, 150) @ turned + np.array(place) * paper.size
            pen.line([tuple(point) for point in way], 50, width, joint="curve")
            for x, y in (way[0], way[-1]):
                pen.ellipse((x - width / 2, y - width / 2, x + width / 2, y + width / 2), 50)
        seen = np.asarray(paper.filter(ImageFilter.GaussianBlur(1)), float)
        seen *= 1 - shade * np.add.outer(np.linspace(0, 0.5, 300), np.linspace(0, 0.5, 400))
        seen += np.random.default_rng(0).normal(0, 2, seen.shape)
        return Image.fromarray(seen.clip(0, 255).astype(np.uint8))

    return draw


@pytest.fixture(scope="session")
def default(mnist):
    """The network of `cutaway train`."""
    recipe = RECIPES["lesson9"]
    network = recipe.make_network(784, 10, seed=0)
    for _ in recipe.train(network, mnist[0], seed=0):
        pass
    return network


@pytest.fixture(scope="session")
def bands():
    """Images (160, 8, 8) of four classes."""
    labels = np.arange(160) % 4
    images = np.random.default_rng(0).integers(0, 80, (160, 4, 2, 8), np.uint8)
    images[np.arange(160), labels] += 150
    return Dataset(images.reshape(160, 8, 8), labels)


@pytest.fixture(scope="session")
def rows():
    """Rows (90, 6) of three classes with names, which are no pictures."""
    labels = np.arange(90) % 3
    x = np.random.default_rng(0).normal(size=(90, 6)) + 3 * np.eye(6)[labels]
    return Dataset(x.astype(np.float32), labels, class_names=["ant", "bee", "cat"])


@pytest.fixture(scope="session")
def learned():
    """Train a network on data: (network, moments)."""

    def make(data, hidden=(5,), epochs=4, **settings):
        network = Network((data.images.shape[1], *hidden, data.classes), backend="cpu", **settings)
        loader = DataLoader(data, 16, shuffle=True)
        moments = list(train(network, loader, optimizer=SGD(1.0), epochs=epochs, every=1))
        return network, moments

    return make
