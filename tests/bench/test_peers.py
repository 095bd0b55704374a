"""Contenders of an epoch: all take the same steps, in the same order."""

import numpy as np
import pytest

from cutaway import RandomSampler
from cutaway.bench.peers import Cutaway, NumPy, Tutorial, UnableError
from cutaway.bench.pytorch import Torch, TorchCompiled
from cutaway.bench.tensorflow import TensorFlow


def takes_our_steps(work, kind):
    ours, theirs = Cutaway(work), kind(work)
    for seed in range(2):
        ours.epoch(seed)
        theirs.epoch(seed)
    for start, a, b in zip(work.start, ours.weights(), theirs.weights(), strict=True):
        # Who sums in another order may have a ReLU on the other side of 0; another step is far off.
        assert np.linalg.norm(a - b) <= 1e-2 * np.linalg.norm(a - start)


@pytest.mark.parametrize("name", ["lesson9", "lesson5", "wide"])
@pytest.mark.parametrize(
    "kind",
    [
        NumPy,
        Tutorial,
        pytest.param(Torch, marks=pytest.mark.needs("torch")),
        pytest.param(TensorFlow, marks=pytest.mark.needs("tensorflow")),
    ],
)
def test_contenders_take_the_same_steps(task, name, kind):
    takes_our_steps(task(name, rows=300), kind)  # the last mini-batch is short


# PyTorch's compiler uses what PyTorch tells others not to.
warns = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture
def nothing_kept(monkeypatch, tmp_path):
    """PyTorch's compiler keeps its files here, and no longer."""
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path))


@pytest.mark.timeout(600)
@pytest.mark.needs("torch_compile")
@pytest.mark.usefixtures("nothing_kept")
@warns
@pytest.mark.parametrize("name", ["lesson9", "lesson5"])
def test_pytorch_takes_the_same_steps_compiled(task, name):
    takes_our_steps(task(name, rows=300), TorchCompiled)


@pytest.mark.needs("torch")
@pytest.mark.usefixtures("nothing_kept")
@warns
def test_pytorch_says_in_a_line_why_it_cannot_compile(task):
    from torch._inductor import config

    with (
        config.patch({"cpp.cxx": ("/nonexistent/c++",)}),  # monkeypatch would not put it back
        pytest.raises(UnableError, match=r"^[^\n]*C\+\+ compiler[^\n]*$"),
    ):
        TorchCompiled(task("lesson9", rows=64))


def test_contenders_see_the_order_of_the_seed(task):
    work = task("lesson9")
    assert work.order(5).tolist() == RandomSampler(3000, 5).order().tolist()
    assert work.sizes == (784, 64, 10)


def test_the_tutorials_loop_computes_in_float64(small, task):
    batch, targets = Tutorial(task("lesson9")).batch(np.arange(4))
    assert (batch.dtype, targets.dtype) == (np.float64, np.float64)
    np.testing.assert_array_equal(targets.argmax(axis=1), small.labels[:4])
