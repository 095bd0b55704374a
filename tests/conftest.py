"""What several test files share."""

import codecs
import functools
import importlib
import os
import re
import signal
import subprocess
import sys
from importlib.util import find_spec
from shutil import which
from types import SimpleNamespace

import pytest

import cutaway
from cutaway.backend import choose

# What some tests need and a machine may lack; they are skipped there, with this reason. Where
# CUTAWAY_REQUIRE=torch,cuda names it, a lack is no excuse: they fail.
NEEDS = {
    "axe_playwright_python": "axe is not installed: pip install axe-playwright-python",
    "browser": "Chromium is not installed: apt-get install chromium",
    "cuda": "no usable GPU",
    "distributed": "dask.distributed is not installed: pip install distributed",
    "h5py": "h5py is not installed: pip install h5py",
    "ipykernel": "ipykernel is not installed: pip install ipykernel",
    "mpi": "MPI is not installed: pip install mpi4py mpich",
    "keras": "Keras is not installed: pip install keras",
    "nbclient": "nbclient is not installed: pip install nbclient",
    "node": "Node is not installed: apt-get install nodejs",
    "playwright": "Playwright is not installed: pip install playwright",
    "onnx": "onnx is not installed: pip install onnx",
    "onnxruntime": "ONNX Runtime is not installed: pip install onnxruntime",
    "polars": "Polars is not installed: pip install polars",
    "pyarrow": "PyArrow is not installed: pip install pyarrow",
    "sklearn": "scikit-learn is not installed: pip install scikit-learn",
    "tensorflow": "TensorFlow is not installed: pip install tensorflow",
    "torch": "PyTorch is not installed: pip install torch",
    "torch_compile": "PyTorch compiles for minutes: CUTAWAY_REQUIRE=torch_compile",
    "tsc": "TypeScript is not installed: npm install --global typescript",
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


def mpi():
    """Return the path of mpiexec, which stands beside Python if pip has installed it, or None."""
    beside = which("mpiexec", path=os.path.dirname(sys.executable))  # noqa: PTH120
    return (beside or which("mpiexec")) if find_spec("mpi4py") else None


# What is no Python module: how it is found.
PROGRAMS = {
    "browser": browser,
    "mpi": mpi,
    "node": lambda: which("node"),
    "torch_compile": lambda: find_spec("torch") if "torch_compile" in REQUIRED else None,
    "tsc": lambda: which("tsc"),
}


def pytest_configure(config):
    config.addinivalue_line("markers", "needs(name): skipped where that library is not installed")


def on_a_card(item):
    """Whether a test uses a real GPU."""
    backend = item.callspec.params.get("backend") if hasattr(item, "callspec") else None
    return backend in ON_A_CARD or "gpu" in getattr(item, "fixturenames", ())


def pytest_collection_modifyitems(items):
    """A call that waits for a GPU hears no signal: there, a thread ends the process."""
    for item in filter(on_a_card, items):
        own = item.get_closest_marker("timeout")
        args, options = (own.args, own.kwargs) if own else ((), {})
        mark = pytest.mark.timeout(*args, **{**options, "method": "thread"})
        item.add_marker(mark, append=False)


def pytest_runtest_setup(item):
    for mark in item.iter_markers("needs"):
        (name,) = mark.args
        if PROGRAMS.get(name, lambda name=name: find_spec(name))() is None:
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
        "loss.png", "look.html", "learn.mp4",
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
ON_A_CARD = ["cuda", "cuda by layers"]
if cutaway.cuda_status().usable or "cuda" in REQUIRED:
    BACKENDS += ON_A_CARD


@pytest.fixture
def backends():
    """The names of all that `backend` goes through."""
    return BACKENDS


@pytest.fixture
def by_layers(monkeypatch):
    """Backend "cuda" takes no fast path."""
    load = choose.load_cuda

    def load_slow():
        module = load()
        return SimpleNamespace(
            probe=module.probe, CudaCore=functools.partial(module.CudaCore, fast=False)
        )

    monkeypatch.setattr(choose, "load_cuda", load_slow)


@pytest.fixture(params=BACKENDS)
def backend(request):
    """The name of every backend in turn, ready to be used."""
    if request.param in ON_A_CARD:
        request.getfixturevalue("gpu")
        if request.param == "cuda by layers":
            request.getfixturevalue("by_layers")
    elif request.param.startswith("cuda emulated"):
        fast = request.param == "cuda emulated"
        request.getfixturevalue("emulated").emulate(fast=fast)
    return request.param.split()[0]


@pytest.fixture(scope="session")
def chromium_path():
    """The path of Chromium; of tests that need "browser"."""
    return browser()


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
        own = {name: value for name, value in os.environ.items() if name != "LD_PRELOAD"}
        return subprocess.run(
            command, capture_output=True, text=True, timeout=90, check=True, env=own
        ).stdout  # without the sanitizers' libraries

    return show


class Terminal:
    """As much of a terminal as cutaway uses: what stands where in which colours, and which modes are on.

    A screen is a dict: (row, column), from 0, to (character, ink, paper), a colour being the numbers
    after 38; or 48;, the number of one of 16, or None for the terminal's own.
    """

    # A sequence, one that another one cuts short, or a character.
    _PART = re.compile(r"\x1b\[(\??)([0-9;]*)([A-Za-z])|\x1b[^\x1bA-Za-z]*(?=\x1b)|(.)", re.DOTALL)
    _UNFINISHED = re.compile(r"\x1b(\[[0-9;?]*)?$")

    def __init__(self, columns=80):
        self.columns = columns
        self.main, self.other = {}, {}
        self.modes = {7, 25}  # lines go on in the next one, and the cursor is seen
        self.row = self.column = 0
        self.ink = self.paper = None
        self._before = (0, 0)
        self.sent = b""
        self._rest, self._decoder = "", codecs.getincrementaldecoder("utf-8")("replace")

    @property
    def screen(self):
        return self.other if 1049 in self.modes else self.main

    def feed(self, data):
        self.sent += data
        text = self._rest + self._decoder.decode(data)
        unfinished = self._UNFINISHED.search(text)
        self._rest = unfinished[0] if unfinished else ""
        for private, numbers, command, character in self._PART.findall(
            text[: len(text) - len(self._rest)]
        ):
            if character:
                self._put(character)
            elif command:
                given = [int(n or 0) for n in numbers.split(";")]
                (self._mode if private else self._command)(command, given)

    def _mode(self, command, numbers):
        entered = 1049 in self.modes
        for number in numbers:
            (self.modes.add if command == "h" else self.modes.discard)(number)
        if entered != (1049 in self.modes):
            if not entered:
                self._before = self.row, self.column
                self.other = {}
            self.row, self.column = self._before

    def _command(self, command, numbers):
        if command == "H":
            self.row, self.column = (max(1, n) - 1 for n in (*numbers, 1)[:2])
        elif command == "C":
            self.column += numbers[0]
        elif command == "J":
            assert (numbers, self.paper) == ([2], None)  # else terminals paint it
            self.screen.clear()
        else:
            assert command == "m"
            self._colours(numbers)

    def _colours(self, numbers):
        while numbers:
            first, *numbers = numbers
            if first == 0:
                self.ink = self.paper = None
            elif first in (38, 48):
                length = {2: 4, 5: 2}[numbers[0]]
                colour, numbers = tuple(numbers[:length]), numbers[length:]
                self.ink, self.paper = (colour, self.paper) if first == 38 else (self.ink, colour)
            elif first in (39, 49):
                self.ink, self.paper = (None, self.paper) if first == 39 else (self.ink, None)
            else:
                bright, dim = divmod(first, 60)
                paper, number = divmod(dim - 30, 10)
                assert (bright, paper) in {(0, 0), (0, 1), (1, 0), (1, 1)}
                colour = number + 8 * bright
                self.ink, self.paper = (self.ink, colour) if paper else (colour, self.paper)

    def _put(self, character):
        if character == "\r":
            self.column = 0
        elif character == "\n":
            self.row, self.column = self.row + 1, 0
        else:
            assert character >= " "
            if self.column >= self.columns:
                self.row, self.column = (
                    (self.row + 1, 0) if 7 in self.modes else (self.row, self.columns - 1)
                )
            self.screen[self.row, self.column] = character, self.ink, self.paper
            self.column += 1

    def text(self):
        """The lines that are shown, and what has scrolled away."""
        last = max((row for row, _ in self.screen), default=-1)
        rows = [
            "".join(self.screen.get((row, column), " ")[0] for column in range(self.columns))
            for row in range(last + 1)
        ]
        return [row.rstrip() for row in rows]

    def pixels(self):
        """The colours of half blocks and blanks: (row of pixels, column) to a colour."""
        found = {}
        for (row, column), (character, ink, paper) in self.screen.items():
            assert character in " ▀"
            found[2 * row, column] = ink if character == "▀" else paper
            found[2 * row + 1, column] = paper
        return found


@pytest.fixture
def terminal():
    """What a terminal shows of what it is sent."""
    return Terminal
