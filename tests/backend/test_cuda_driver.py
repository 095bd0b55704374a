"""What a driver makes go wrong, told by the real module of the GPU, which a fake driver answers.

Each driver is a libcuda.so.1 of a few lines that the loader finds first. They say what drivers say
before there is a GPU; what a GPU says is the emulation's and test_cuda.py's to show.
"""

import importlib.util
import json
import os
import shutil
import subprocess
import sys

import pytest

# The runtime takes every function of a driver from cuGetProcAddress; those that are not asked here
# fail if they are called.
DRIVER = """
#include <cstdlib>
#include <cstring>
static int number(const char* name) { return std::atoi(std::getenv(name)); }
extern "C" {
int cuInit(unsigned) { return number("FAKE_INIT"); }
int cuDriverGetVersion(int* version) { *version = number("FAKE_VERSION"); return 0; }
static int unexpected(...) { return 999; }
int cuGetProcAddress_v2(const char* name, void** function, int, unsigned long long, int* status) {
  const auto is = [&](const char* other) { return std::strcmp(name, other) == 0; };
  *function = reinterpret_cast<void*>(&unexpected);
  if (is("cuInit")) *function = reinterpret_cast<void*>(&cuInit);
  if (is("cuDriverGetVersion")) *function = reinterpret_cast<void*>(&cuDriverGetVersion);
  if (is("cuGetProcAddress")) *function = reinterpret_cast<void*>(&cuGetProcAddress_v2);
  if (status) *status = 0;
  return 0;
}
int cuGetProcAddress(const char* name, void** function, int version, unsigned long long flags) {
  return cuGetProcAddress_v2(name, function, version, flags, nullptr);
}
}
"""

CHILD = """
import json
import cutaway
status = cutaway.cuda_status()
try:
    raised = cutaway.Network((4, 3, 2), backend="cuda").backend
except cutaway.DeviceError as error:
    raised = error.code
print(json.dumps([*status, raised, cutaway.Network((4, 3, 2)).backend]))
"""


@pytest.fixture(scope="module")
def compiled(tmp_path_factory):
    """A folder with a libcuda.so.1 made of some C++."""
    if importlib.util.find_spec("cutaway._cuda") is None:
        pytest.skip("this build of cutaway is without CUDA (CUTAWAY_CUDA=ON or AUTO builds it)")
    compiler = os.environ.get("CXX") or shutil.which("c++")
    if compiler is None:
        pytest.skip("there is no C++ compiler to make a fake driver with")

    def make(source):
        folder = tmp_path_factory.mktemp("driver")
        (folder / "driver.cpp").write_text(source)
        subprocess.run(
            [*compiler.split(), "-std=c++17", "-shared", "-fPIC", folder / "driver.cpp",
             "-o", folder / "libcuda.so.1"],
            check=True, timeout=100,
        )  # fmt: skip
        return folder

    return make


@pytest.fixture(scope="module")
def driver(compiled):
    return compiled(DRIVER)


def told(folder, *, code=CHILD, **environment):
    """What a child tells; CHILD (usable, code, text, what backend="cuda" raises, what "auto" takes)."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("CUDA_")}
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=100, check=True,
        env={**kept, "LD_LIBRARY_PATH": str(folder), "PYTHONPATH": os.pathsep.join(sys.path),
             "FAKE_VERSION": "99000", "FAKE_INIT": "0", **environment},
    )  # fmt: skip
    return json.loads(run.stdout)


@pytest.mark.parametrize(
    ("code", "words", "environment"),
    [
        ("NO_DEVICE", "no GPU is visible; nvidia-smi", dict(FAKE_INIT="100")),
        (
            "NO_DEVICE",
            "CUDA_VISIBLE_DEVICES is '7'",
            dict(FAKE_INIT="100", CUDA_VISIBLE_DEVICES="7"),
        ),
        ("OLD_DRIVER", "it supports CUDA 11.4, cutaway was built", dict(FAKE_VERSION="11040")),
        ("LAUNCH", "cudaGetDeviceCount: cudaErrorUnknown: unknown", dict(FAKE_INIT="999")),
        ("LAUNCH", "cudaGetDeviceCount: cudaErrorSystemDriverMismatch", dict(FAKE_INIT="803")),
    ],
)
def test_what_a_driver_says_is_told(driver, code, words, environment):
    usable, told_code, text, raised, chosen = told(driver, **environment)
    assert (usable, told_code, raised, chosen) == (False, code, code, "cpu")
    assert words in text


def test_a_library_that_is_no_driver_is_told(compiled):
    _, code, text, *_ = told(compiled("int nothing;"))
    assert (code, "not a driver that works" in text) == ("NO_DRIVER", True)


def test_a_driver_that_does_not_load_is_told_in_the_loaders_words(compiled, tmp_path):
    del compiled  # which says whether there is a module to ask
    (tmp_path / "libcuda.so.1").write_text("no library")
    _, code, text, *_ = told(tmp_path)
    assert (code, "libcuda.so.1: " in text) == ("NO_DRIVER", True)


# After these a process must end, says CUDA's documentation; or that an error was uncorrectable.
BREAKS = {214, 220, 226, 700, 702, 710, *range(714, 720), 721, 810, 911}
NUMBERED = """
import json
import os
import cutaway
from cutaway.backend.choose import load_cuda
load_cuda()
codes = {}
for number in range(1, 1000):
    reads, writes = os.pipe()
    if os.fork() == 0:  # which has its own driver
        os.environ["FAKE_INIT"] = str(number)
        status = cutaway.cuda_status()
        os.write(writes, json.dumps([status.code, status.text]).encode())
        os._exit(0)
    codes[number] = json.loads(os.read(reads, 9999))
    os.wait()
    os.close(reads)
    os.close(writes)
print(json.dumps(codes))
"""


def test_the_errors_after_which_a_process_must_end_are_cudas(driver):
    codes = told(driver, code=NUMBERED)
    assert {int(number) for number, (code, _) in codes.items() if code == "BROKEN"} == BREAKS
    assert "cudaErrorLaunchFailure" in codes["719"][1]
    assert codes["701"][0] == "LAUNCH"
