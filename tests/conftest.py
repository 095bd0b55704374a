"""What several test files share."""

import importlib
import os
import signal
import subprocess
from importlib.util import find_spec
from shutil import which

import pytest

import cutaway
from cutaway.backend import choose

# What some tests need and a machine may lack; they are skipped there, with this reason. Where
# CUTAWAY_REQUIRE=torch,cuda names it, a lack is no excuse: they fail.
NEEDS = {
    "browser": "Chromium is not installed: apt-get install chromium",
    "cuda": "no usable GPU",
    "ipykernel": "ipykernel is not installed: pip install ipykernel",
    "nbclient": "nbclient is not installed: pip install nbclient",
    "polars": "Polars is not installed: pip install polars",
    "pyarrow": "PyArrow is not installed: pip install pyarrow",
    "sklearn": "scikit-learn is not installed: pip install scikit-learn",
    "torch": "PyTorch is not installed: pip install torch",
}
REQUIRED = {name for name in os.environ.get("CUTAWAY_REQUIRE", "").split(",") if name}
if REQUIRED - set(NEEDS):
    raise pytest.UsageError(
        f"CUTAWAY_REQUIRE must name some of {','.join(NEEDS)}, got {','.join(sorted(REQUIRED))}"
    )


def lacking(name, reason):
    """Skip a test for want of what it needs, or fail it where that is required."""
    if name in REQUIRED:
        pytest.fail(f"CUTAWAY_REQUIRE names {name}: {reason}", pytrace=False)
    pytest.skip(reason)


def browser():
    """Return the path of Chromium, or None."""
    return which("chromium") or which("chromium-browser") or which("google-chrome")


def pytest_configure(config):
    config.addinivalue_line("markers", "needs(name): skipped where that library is not installed")


def pytest_runtest_setup(item):
    for mark in item.iter_markers("needs"):
        (name,) = mark.args
        if (browser() if name == "browser" else find_spec(name)) is None:
            lacking(name, NEEDS[name])


@pytest.fixture(scope="session")
def mnist():
    """Training, validation and test set, read once; nobody may change them."""
    return cutaway.mnist()


@pytest.fixture(scope="session")
def files():
    """The names of all that a run leaves."""
    return [
        "model.safetensors", "history.json", "moments.safetensors", "hidden.png", "neuron.png",
        "loss.png", "learn.mp4",
    ]  # fmt: skip


@pytest.fixture
def ctrl_c():
    """SIGINT ends this process and those it starts; a script's background jobs are born deaf to it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


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
        lacking("cuda", f"no GPU: {status.code}: {status.text}")
    return status


# Without a GPU, one test says so (test_cuda.py) instead of hundreds.
BACKENDS = ["numpy", "cpu", "cuda emulated", "cuda emulated by layers"]
if cutaway.cuda_status().usable or "cuda" in REQUIRED:
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


@pytest.fixture
def shown(tmp_path):
    """Open a page in Chromium, without a network or a screen; return what it has become in the end."""

    def show(page):
        command = [
            browser(), "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync",
            "--disable-quic", f"--user-data-dir={tmp_path / 'profile'}",
            "--autoplay-policy=no-user-gesture-required", "--virtual-time-budget=20000",
            "--dump-dom", page.as_uri(),
        ]  # fmt: skip
        return subprocess.run(
            command, capture_output=True, text=True, timeout=90, check=True
        ).stdout

    return show
