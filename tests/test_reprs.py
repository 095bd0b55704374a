"""Reprs: one short line for every public class, whatever its state, and never an exception."""

import inspect

import numpy as np
import pytest

import cutaway
from cutaway import (
    SGD,
    Adam,
    Constant,
    CudaStatus,
    DataLoader,
    Dataset,
    Film,
    History,
    Moment,
    Network,
    OneCycle,
    RandomSampler,
    Recorder,
    SequentialSampler,
    Weights,
)
from cutaway.reprs import short_repr

DATA = Dataset(np.arange(4000, dtype=np.uint8).reshape(1000, 4), np.arange(1000) % 3)
MANY = np.ones((784, 500), np.float32)


def moment(**changes):
    parts = {
        "epoch": 5,
        "step": 3910,
        "losses": np.ones(782),
        "weights": (MANY,),
        "biases": (MANY,),
    }
    metrics = {f"{s}_{k}": 0.123456789 for s in ("train", "valid") for k in ("loss", "accuracy")}
    return Moment(**{**parts, "metrics": metrics, "seconds": 0.1, **changes})


def history():
    result = History()
    result.add(moment())
    return result


class Sampler(list):
    """Of one's own; to be asked for a pass is to lose it."""

    def __iter__(self):
        raise AssertionError("a repr started a pass")

    def __len__(self):
        raise AssertionError("a repr counted a pass")


class Broken:
    """A dataset that is gone."""

    def __len__(self):
        raise OSError("no such file")

    def __getitem__(self, i):
        raise OSError("no such file")


CASES = [
    (SGD(0.5), "SGD(lr=0.5, momentum=0.0, weight_decay=0.0)"),
    (Adam(), "Adam(lr=0.001, betas=(0.9, 0.999), eps=1e-08, weight_decay=0.0)"),
    (Constant(), "Constant()"),
    (OneCycle(), "OneCycle(warmup=0.3, start=0.04, end=4e-07)"),
    (CudaStatus(True, "OK", "GPU 0"), "CudaStatus(usable=True, code='OK', text='GPU 0')"),
    (CudaStatus(False, "NOT_BUILT", "build one: " + "pip " * 50),
     "CudaStatus(usable=False, code='NOT_BUILT', text='build one: pip pip ..."),
    (SequentialSampler(7), "SequentialSampler(7)"),
    (RandomSampler(7, 3), "RandomSampler(7, seed=3, epoch=0)"),
    (DATA, "Dataset(1000 images of 4 uint8, 3 classes, mean=..."),
    (DataLoader(DATA, 32), "DataLoader(Dataset of 1000, batch_size=32, SequentialSampler(1000))"),
    (DataLoader(DATA, shuffle=True),
     "DataLoader(Dataset of 1000, batch_size=64, RandomSampler(1000, seed=0, epoch=0))"),
    (DataLoader(DATA, sampler=Sampler()), "DataLoader(Dataset of 1000, batch_size=64, Sampler)"),
    (DataLoader(Broken(), sampler=[0]), "<DataLoader, incomplete>"),
    (Network((4, 3, 2), backend="cpu", threads=1),
     "Network(4-3-2, sigmoid sigmoid, squared_error, cpu, threads=1)"),
    (Network((4,) * 100, backend="cpu", threads=1), "Network(4-4-4-4-4-4-..."),
    (Weights.from_model([np.ones((4, 3)), np.ones((3, 2))]),
     "Weights(4-3-2, activations unknown, of a list of arrays)"),
    (moment(metrics={}), "Moment(epoch=5, step=3910, loss=1)"),
    (moment(), "Moment(epoch=5, step=3910, loss=1, valid_loss=0.1235, "
     "valid_accuracy=0.1235)"),
    (moment(losses=np.ones(0), metrics={}), "Moment(epoch=5, step=3910)"),
    (history(), "History(782 losses, epochs=1, valid_loss=0.1235, valid_accuracy=0.1235, "
     "seconds=0.1)"),
    (Recorder(), "Recorder(no network yet, 0 mini-batches, 0 moments)"),
    (Recorder([np.ones((4, 2))]), "Recorder(4-2, 0 mini-batches, 1 moments)"),
    (History(), "History(0 losses, epochs=0, seconds=0)"),
]  # fmt: skip


@pytest.mark.parametrize(("thing", "expected"), CASES, ids=lambda x: type(x).__name__)
def test_a_repr_is_one_short_line(thing, expected):
    line = repr(thing)
    assert len(line) < 120
    assert "\n" not in line
    head = expected.removesuffix("...") if expected.endswith("...") else None
    assert line.startswith(head) if head else line == expected


def test_a_film_tells_whether_it_is_open_finished_or_empty(tmp_path):
    with Film(tmp_path / "a.mp4", fps=25) as film:
        assert repr(film) == "Film('a.mp4', frames=0, fps=25, codec='h264', open)"
        film.write(np.zeros((8, 8), np.uint8))
    assert repr(film) == "Film('a.mp4', frames=1, fps=25, codec='h264', finished)"
    film = Film(tmp_path / "b.mp4")
    film.close()
    assert repr(film) == "Film('b.mp4', frames=0, fps=70, codec='h264', empty)"


def public_classes():
    classes = [value for value in map(cutaway.__getattribute__, cutaway.__all__)
               if inspect.isclass(value)]  # fmt: skip
    return [cls for cls in classes if not issubclass(cls, Exception)]  # whose str is what is shown


@pytest.mark.parametrize("cls", public_classes(), ids=lambda cls: cls.__name__)
def test_what_is_half_built_has_a_repr_too(cls):
    fresh = cls.__new__(cls, 1, 2, 3) if issubclass(cls, tuple) else cls.__new__(cls)
    line = repr(fresh)
    assert cls.__name__ in line
    assert len(line) < 120


def test_no_public_class_is_forgotten():
    assert {type(thing) for thing, _ in CASES} | {Film} == set(public_classes())


def test_a_repr_of_several_lines_becomes_one_and_a_subclass_has_its_own_name():
    @short_repr
    class Thing:
        def __repr__(self):
            return f"Thing(\n    {self.value}\n)"

    class Special(Thing):
        pass

    special = Special()
    assert repr(special) == "<Special, incomplete>"
    special.value = 1
    assert repr(special) == "Thing( 1 )"


def test_the_remedy_is_whole_where_a_status_is_printed():
    text = "this build is without CUDA; build one: " + "pip " * 50
    assert str(CudaStatus(False, "NOT_BUILT", text)) == f"NOT_BUILT: {text}"
