"""What several test files share."""

import importlib
import os

import pytest

import cutaway
from cutaway.backend import choose

_REQUIRED = os.environ.get("CUTAWAY_REQUIRE") == "cuda"  # then no GPU is no excuse


@pytest.fixture(scope="session")
def mnist():
    """Training, validation and test set, read once; nobody may change them."""
    return cutaway.mnist()


@pytest.fixture
def emulated(monkeypatch):
    """Backend "cuda" runs on an emulated GPU, which `emulated.emulate(...)` makes behave otherwise."""
    try:
        module = importlib.import_module("cutaway._cuda_emulated")
    except ModuleNotFoundError:
        pytest.skip("this build has no emulated GPU (CUTAWAY_EMULATION=OFF, or no ucontext.h)")
    monkeypatch.setattr(choose, "load_cuda", lambda: module)
    module.emulate()
    return module


@pytest.fixture
def gpu():
    """The status of a real GPU. Without one, the test is skipped; or fails, if one is required."""
    status = cutaway.cuda_status()
    if not status.usable:
        refuse = pytest.fail if _REQUIRED else pytest.skip
        refuse(f"no GPU: {status.code}: {status.text}")
    return status


# Without a GPU, one test says so (test_cuda.py) instead of hundreds.
BACKENDS = ["numpy", "cpu", "cuda emulated", "cuda emulated by layers"]
if cutaway.cuda_status().usable or _REQUIRED:
    BACKENDS.append("cuda")


@pytest.fixture
def backends():
    """The names of all that `backend` goes through."""
    return BACKENDS


@pytest.fixture(params=BACKENDS)
def backend(request):
    """The name of every backend in turn, ready to be used."""
    if request.param == "cuda":
        request.getfixturevalue("gpu")
    elif request.param.startswith("cuda emulated"):
        fast = request.param == "cuda emulated"
        request.getfixturevalue("emulated").emulate(fast=fast)
    return request.param.split()[0]
