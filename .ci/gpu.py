"""The parts of .ci/gpu: PART SUSPECTS [--emulated] prints what a part finds.

Into the file SUSPECTS goes what is to be suspected, most likely first; nothing if all is right.
"""

import importlib.util
import os
import sys
import time
from contextlib import contextmanager, nullcontext
from pathlib import Path

import numpy as np

import cutaway
from cutaway import SGD, Adam, Dataset, Network
from cutaway.backend import choose

PART, SUSPECTS, EMULATED = sys.argv[1], Path(sys.argv[2]), "--emulated" in sys.argv[3:]
SOFTMAX = dict(output="softmax", loss="cross_entropy")


def suspect(text):
    """Note what is to be suspected."""
    with SUSPECTS.open("a") as file:
        file.write(text + "\n")


def load_emulated():
    """Return the emulated GPU's module, in the place of the real one's."""
    from cutaway import _cuda_emulated

    return _cuda_emulated


load_real = load_emulated if EMULATED else choose.load_cuda
choose.load_cuda = load_real  # what "cuda" means


def pixels_and_labels(features, classes, samples):
    """Return noise: uint8 (samples, features), int (samples,)."""
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (samples, features), np.uint8), rng.integers(0, classes, samples)


# which card, which path


def path():
    """Tell which card there is, and what a lesson's network does on it."""
    status = cutaway.cuda_status()
    print(status.text)
    if not status.usable:
        suspect(f"the card cannot be used: {status}")
        return
    network = Network((784, 64, 10), backend="cuda")
    network.learn(
        np.arange(64), 64, dataset=Dataset(*pixels_and_labels(784, 10, 64)), optimizer=SGD(0.1)
    )
    info = network.backend_info()
    for name, value in info.items():
        print(f"{name:>16}: {value}")
    if not info["fast"]:
        suspect(f"784-64-10 goes layer by layer ({info['why_not']}): {info['refused']}")


# a: one answer from the card, the emulation and the CPU

# Blocks of a cluster: 16, 16, 1, 8, 16 of 16 units, 16 of 2 units with images in groups of 32, and none.
# With its usual eps Adam takes a whole step even where the gradient is nearly 0, so its sign is that of the
# rounding.
NETWORKS = {
    "784-64-10, SGD": (dict(sizes=(784, 64, 10), reduction="sum"), SGD(0.02)),
    "784-50-10, Adam": (dict(sizes=(784, 50, 10), activation="relu", **SOFTMAX), Adam(eps=1e-5)),
    "37-4-3, SGD": (dict(sizes=(37, 4, 3)), SGD(0.5)),
    "37-32-3, momentum": (dict(sizes=(37, 32, 3), activation="tanh"), SGD(0.1, 0.9)),
    "37-256-5, Adam": (dict(sizes=(37, 256, 5), **SOFTMAX), Adam(eps=1e-5)),
    "3072-32-5, momentum": (dict(sizes=(3072, 32, 5)), SGD(0.02, 0.9)),
    "33-21-19-5, decay": (dict(sizes=(33, 21, 19, 5)), SGD(0.1, weight_decay=0.1)),
}
STEPS, BATCH = 3, 64  # the last is short


def cores():
    """Compare the card and the CPU with the emulation: of pixels, and of floats, which go by layers."""
    print(f"{'':19} {'':2} {'path':6}  {'by how much the update differs from the emulation'}")
    counted = Network(backend="cuda").backend_info()["counted"]
    wrong = {}  # path, "barriers" for the other way of the fast one, or "cpu": where
    for name, (recipe, optimizer) in NETWORKS.items():
        images, labels = pixels_and_labels(
            recipe["sizes"][0], recipe["sizes"][-1], STEPS * BATCH - 9
        )
        pixels = Dataset(images, labels)
        for kind, data in [("u1", pixels), ("f4", Dataset(pixels[:][0], labels))]:
            print(f"{name:19} {kind}", end=" ", flush=True)  # if it hangs, that is the last line
            choose.load_cuda = load_emulated
            base, start, way = learned(recipe, optimizer, data, "cuda")
            choose.load_cuda = load_real
            print(f"{way:6}", end=" ", flush=True)
            cores = ["cpu"] if EMULATED else ["cpu", "cuda"]
            for core in [*cores, *["barriers"] * (counted and way == "fast")]:
                with barriers() if core == "barriers" else nullcontext():
                    backend = "cpu" if core == "cpu" else "cuda"
                    weights, _, its_way = learned(recipe, optimizer, data, backend)
                text, right = compared(weights, base, start)
                print(f" {core}: {text}", end="", flush=True)
                if its_way not in ("", way):
                    print(f" (it goes {its_way})", end="")
                if not right:
                    print(" WRONG", end="")
                    where = core if core == "barriers" else its_way or core
                    wrong.setdefault(where, []).append(f"{name} {kind}")
            print()
    tf32(wrong)
    blame(wrong, counted)


def tf32(wrong):
    """Compare outputs of products in tf32 with exact ones, element by element, by Network's bound.

    And what the fast path learns by them with the emulation, which adds in another order.
    """
    if not Network(backend="cuda").backend_info()["tf32"]:
        print("there are no products in tf32 here")
        return
    for name in ["784-64-10, SGD", "37-32-3, momentum", "37-256-5, Adam"]:
        recipe, optimizer = NETWORKS[name]
        sizes = recipe["sizes"]
        data = Dataset(*pixels_and_labels(sizes[0], sizes[-1], STEPS * BATCH - 9))
        found = {}
        for where, load, backend in [
            ("float32", load_emulated, "cuda"),
            ("emulated", load_emulated, "cuda-tf32"),
            ("here", load_real, "cuda-tf32"),
        ]:
            choose.load_cuda = load
            found[where], start, way = learned(recipe, optimizer, data, backend)
        print(f"{name:19} u1 {way:6} tf32:", end=" ", flush=True)
        near, off = (
            max(
                np.linalg.norm(a - b) / np.linalg.norm(b - before)
                for a, b, before in zip(found["here"], found[other], start, strict=True)
            )
            for other in ("emulated", "float32")
        )
        right = bool(near < 1e-2 and 1e-5 < off < 1e-1)
        print(f"{near:.1e} from the emulation, {off:.1e} from float32{'' if right else ' WRONG'}")
        if not right:
            wrong.setdefault("tf32", []).append(f"{name} {way}")
    rng = np.random.default_rng(0)
    for rows, features, units in [(33, 65, 129), (129, 300, 17)] + [(1024, 1024, 1024)] * (
        not EMULATED
    ):
        print(f"{features}-{units}, {rows} rows, tf32:", end=" ", flush=True)
        network = Network((features, units), output="identity", backend="cuda-tf32")
        weights = rng.normal(size=(1 + features, units)).astype(np.float32)
        network.set_weights(0, weights)
        x = rng.normal(size=(rows, features)).astype(np.float32)
        ones = np.hstack([np.ones((rows, 1)), x])  # float64
        most = (2**-10 + (features + 2) * 2**-22) * (abs(ones) @ abs(weights.astype(np.float64)))
        error = np.max(abs(network.forward(x) - ones @ weights.astype(np.float64)) / most)
        right = bool(1e-3 < error <= 1)  # float32 would be below
        print(f"{error:.2f} of the bound{'' if right else ' WRONG'}")
        if not right:
            wrong.setdefault("tf32", []).append(f"{features}-{units}")


@contextmanager
def barriers():
    """Let the blocks of a cluster meet at barriers, of networks that are made here."""
    os.environ["CUTAWAY_CUDA_BARRIERS"] = "1"
    try:
        yield
    finally:
        del os.environ["CUTAWAY_CUDA_BARRIERS"]


def learned(recipe, optimizer, data, backend):
    """Return a network's weights, those before, and which way it learned; "" on the CPU."""
    network = Network(**recipe, backend=backend)
    layers = range(network.architecture.layers)
    start = [network.get_weights(layer) for layer in layers]
    network.learn(np.arange(len(data)), BATCH, dataset=data, optimizer=optimizer)
    way = ""
    if backend != "cpu":
        way = "fast" if "epoch" in network.backend_info()["launches"] else "layers"
    return [network.get_weights(layer) for layer in layers], start, way


def compared(weights, base, start):
    """By the bound of tests/backend/test_cuda.py, which says why: what to print, and whether it holds."""
    worst, right = 0.0, True
    for a, b, before in zip(weights, base, start, strict=True):
        error, update = np.linalg.norm(a - b), np.linalg.norm(b - before)
        worst = max(worst, error / update)
        right &= bool(error <= 1e-5 * update + 5e-8 * STEPS**0.5 * np.linalg.norm(before))
    differ = sum(np.count_nonzero(a != b) for a, b in zip(weights, base, strict=True))
    return f"{worst:.1e}, {differ:6,} of {sum(a.size for a in base):6,} weights", right


def blame(wrong, counted):
    """Suspect what those have in common that are wrong."""
    where = {name: ", ".join(networks) for name, networks in wrong.items()}
    if "cpu" in where:
        suspect(f"the CPU's core or the emulation of this build, not the card: {where['cpu']}")
    elif set(where) == {"tf32"}:
        suspect(f"products on tensor cores, product_tf32.h, or epoch_tf32.h: {where['tf32']}")
    elif {"fast", "layers"} <= set(where):
        suspect("what both paths share, the copies of gpu.cu, loss.h, optimizer.h, activations.h: "
                f"{where['fast']}, {where['layers']}")  # fmt: skip
    elif "fast" in where and counted and "barriers" not in where:
        suspect(f"mail that is counted, Cluster in comm.h: {where['fast']}")
    elif "fast" in where:
        suspect(f"the fast path, epoch.h and what its blocks exchange: {where['fast']}")
    elif "barriers" in where:
        suspect(f"a cluster's barriers, comm.h: {where['barriers']}")
    elif "layers" in where:
        suspect(f"the layers' kernels, layers.h and product.h: {where['layers']}")


# b: the floor of a step

HIDDEN, BATCHES = ((4, 64), (1, 16)) if EMULATED else ((4, 16, 64, 256), (1, 4, 16, 64, 256))
FEW, MANY, REPEATS = (1, 3, 3) if EMULATED else (10, 2010, 7)  # steps, and how often
MOST_US, MOST_FIXED_US = 10, 1000  # the model says 1 to 3, and some 50


def latency():
    """Tell what a step takes that has next to nothing to compute, and a call of learn()."""
    print("us per step; * layer by layer")
    print("hidden  batch " + "".join(f"{batch:9}" for batch in BATCHES) + "   fixed us")
    floor, fixed = np.inf, []
    for hidden in HIDDEN:
        print(f"{hidden:6}        ", end="", flush=True)
        row = []
        for batch in BATCHES:
            step, once, fast = timed(hidden, batch)
            floor = min(floor, step)
            row.append(once)
            print(f"{step:8.2f}{' ' if fast else '*'}", end="", flush=True)
        print(f"   {np.median(row):8.1f}")
        fixed += row
    print(f"floor {floor:.2f} us per step, {np.median(fixed):.1f} us per call of learn()")
    lesson()
    if EMULATED:
        print("(of the emulation: no card takes so long)")
    elif floor > MOST_US:
        suspect(f"what a step waits for: {floor:.1f} us at least, where at most {MOST_US} are expected; "
                "what the blocks of a cluster wait for, or a launch at every step")  # fmt: skip
    elif np.median(fixed) > MOST_FIXED_US:
        suspect(f"what learn() does besides its steps: {np.median(fixed):.0f} us, where at most "
                f"{MOST_FIXED_US} are expected; copies, or memory that is asked for")  # fmt: skip


def lesson():
    """Tell what a step of a lesson's network takes, and by what else there is for it."""
    info = Network(backend="cuda").backend_info()
    ways = {"": (nullcontext(), "cuda")}
    if info["counted"]:
        ways[" with barriers"] = (barriers(), "cuda")
    if info["tf32"]:
        ways[" in tf32"] = (nullcontext(), "cuda-tf32")
    told = []
    for name, (setting, backend) in ways.items():
        with setting:
            told.append(f"{timed(64, 64, 784, backend)[0]:.2f} us per step{name}")
    print(f"784-64-10, batch 64: {', '.join(told)}")


def timed(hidden, batch, features=16, backend="cuda"):
    """Return microseconds per step and per call besides, and whether it went the fast path."""
    network = Network((features, hidden, 10), backend=backend)
    data = Dataset(*pixels_and_labels(features, 10, 1000))
    seconds = {}
    for steps in (FEW, MANY):
        order, best = np.arange(steps * batch) % 1000, np.inf
        for _ in range(1 + REPEATS):  # the first one loads
            start = time.perf_counter()
            network.learn(order, batch, dataset=data, optimizer=SGD(0.01))
            best = min(best, time.perf_counter() - start)
        seconds[steps] = best
    step = (seconds[MANY] - seconds[FEW]) / (MANY - FEW)
    return 1e6 * step, 1e6 * (seconds[FEW] - FEW * step), network.backend_info()["fast"]


# c: the contract

# What such a machine may lack, and these tests do not need.
LACKING = ["PIL", "av", "click", "cv2", "matplotlib", "safetensors", "threadpoolctl", "tqdm"]


def contract():
    """Test the contract on the card, until a test fails."""
    sys.meta_path.insert(0, Lacking())
    if importlib.util.find_spec("pytest") is None:
        suspect("nothing of the card: pytest is not installed, so the contract was not tested")
        return
    import pytest

    os.environ["CUTAWAY_REQUIRE"] = "cuda"  # whose tests must not be skipped
    options = ["-x", "-q", "-p", "no:cacheprovider", "-p", "no:randomly"]
    if importlib.util.find_spec("pytest_timeout") is None:
        options += ["-o", "addopts=--import-mode=importlib", "-o", "filterwarnings="]
    which = "cuda and not emulated" + (" and learning and pass" if EMULATED else "")
    seen = Seen()
    status = pytest.main([*options, "-k", which, "tests/test_contract.py"], plugins=[seen])
    if seen.failure:
        suspect(f"{seen.failure}, after {seen.passed} of the contract's tests were right")
    elif status != 0 or not seen.passed:
        suspect(
            f"nothing of the card: pytest ended with {int(status)}, {seen.passed} tests were right"
        )


class Lacking:
    """Finds none of what such a machine may lack, also where it is installed."""

    def find_spec(self, name, *_):  # noqa: D102
        if name.partition(".")[0] in LACKING:
            raise ModuleNotFoundError(
                f"No module named {name!r}, as on a machine without it", name=name
            )


class Seen:
    """Of a run of pytest: how many tests were right, which was the first that was not."""

    passed, failure = 0, ""

    def pytest_runtest_logreport(self, report):  # noqa: D102
        self.passed += report.when == "call" and report.passed
        if report.failed and not self.failure:
            self.failure = f"{report.nodeid}: {str(report.longrepr).splitlines()[-1]}"


{"path": path, "cores": cores, "latency": latency, "contract": contract}[PART]()
