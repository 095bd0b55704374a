"""A short recipe, small sets of images, and a run of both; what a folder and a film hold."""

import dataclasses

import av
import numpy as np
import pytest

from cutaway import Dataset
from cutaway.job.filming import FilmPlan
from cutaway.job.run import run
from cutaway.learn.recipes import RECIPES


@pytest.fixture(scope="session")
def recipe():
    """Twenty mini-batches."""
    return dataclasses.replace(RECIPES["lesson9"], hidden=(6,), epochs=2, batch_size=32)


def stripes(n, mean=None, std=None, seed=0):
    """Images (n, 8, 8) of four classes: where the bright rows are."""
    labels = np.arange(n) % 4
    images = np.random.default_rng(seed).integers(0, 80, (n, 4, 2, 8), np.uint8)
    images[np.arange(n), labels] += 150
    return Dataset(images.reshape(n, 8, 8), labels, mean=mean, std=std)


@pytest.fixture(scope="session")
def data():
    """Training, validation and test set."""
    training = stripes(310)
    return training, *(stripes(40, training.mean, training.std, seed) for seed in (1, 2))


@pytest.fixture(scope="session")
def rows(data):
    """The same without their shape."""
    return [Dataset(part.images[:, :12], part.labels) for part in data]


@pytest.fixture
def out(tmp_path):
    return tmp_path / "runs" / "first"


@pytest.fixture(scope="session")
def done(tmp_path_factory, recipe, data):
    """A run that tests look at: its folder and its result."""
    folder = tmp_path_factory.mktemp("done")
    return folder, run(recipe, data, folder, seed=3, film=FilmPlan())


@pytest.fixture(scope="session")
def tutorial():
    """A film as the tutorial's."""
    return FilmPlan(pace="batch", plain=True)


@pytest.fixture(scope="session")
def decode():
    """Read a film's frames."""

    def frames(path):
        with av.open(str(path)) as container:
            return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]

    return frames


@pytest.fixture(scope="session")
def contents():
    """Read a folder's files."""
    return lambda folder: {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture(scope="session")
def stop_at():
    """Make what watches a run and raises an error at a step."""

    def watcher(step, error):
        def watch(moment):
            if moment.step == step:
                raise error

        return watch

    return watcher
