"""The CUDA kernels on an emulated GPU: every thread a fiber, whose turn it is can be shuffled.

test_contract.py proves the results; here is what a GPU adds: no result may depend on who comes first,
and a fault in the kernels must be noticed: one of four that are planted, all with CUTAWAY_FAULTS=all.
"""

import os
import shutil
import subprocess
import warnings
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest

from cutaway import SGD, Adam, Dataset, DeviceError, Network
from cutaway.backend.reference import ReferenceCore

SOURCES = Path(__file__).parents[2] / "cpp"

SOFTMAX = dict(output="softmax", loss="cross_entropy")
# Name: network, optimizer, samples, batch. Two steps or more each; most sizes are odd, so that blocks
# and tiles are not full.
CASES = {
    "lesson 9": (dict(sizes=(784, 64, 10), reduction="sum"), SGD(0.02), 150, 64),
    "lesson 5": (dict(sizes=(784, 50, 10), activation="relu", **SOFTMAX), Adam(), 130, 64),
    "deep": (
        dict(sizes=(33, 21, 19, 70, 5), activation="tanh", **SOFTMAX), SGD(0.1, 0.9), 50, 35,
    ),
    "odd sizes": (dict(sizes=(37, 11, 3), activation="tanh"), SGD(0.1, weight_decay=0.1), 70, 23),
    "three groups": (dict(sizes=(20, 9, 3)), SGD(0.05), 300, 180),
    "adam": (dict(sizes=(50, 13, 7), loss="binary_cross_entropy"), Adam(0.01), 29, 9),
    "adam, deep": (dict(sizes=(37, 9, 35, 3), activation="relu"), Adam(0.01), 41, 13),
    "short batch": (dict(sizes=(20, 9, 3)), SGD(0.5), 71, 70),
    "momentum": (dict(sizes=(150, 18, 35), **SOFTMAX), SGD(0.1, momentum=0.5), 25, 11),
    "wide images": (dict(sizes=(1100, 5, 3)), SGD(0.02), 71, 70),  # more words than threads
}  # fmt: skip
SMALL = [name for name in CASES if not name.startswith(("lesson", "wide"))]
# Where one tile of 128 x 128 does each product of the upper layers, if there is one multiprocessor.
WIDE = dict(sizes=(33, 125, 121, 5), activation="tanh", **SOFTMAX), SGD(0.1), 123, 123
PATHS = {
    "blocks of a cluster": dict(),
    "blocks of a cluster, with barriers": dict(counted=False),
    "blocks of a grid": dict(cluster=False),
    "no room for the next pixels": dict(shared=116 << 10),
    "blocks of two units, in a grid": dict(cluster=False, ranks=32, shared=64 << 10),
    "blocks of two units, in a cluster": dict(shared=10 << 10),
    "layer by layer": dict(fast=False),
    "layer by layer, small tiles": dict(fast=False, multiprocessors=1000),
}


def train(name, backend="cuda"):
    """Return the bits of what a network learned, and whether the reference agrees."""
    return train_case(*CASES.get(name, WIDE), backend)


def train_case(recipe, optimizer, samples, batch, backend="cuda"):
    near = 1e-4 if backend == "cuda" else 0.1  # Adam takes whole steps by signs of gradients near 0
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (samples, recipe["sizes"][0]), np.uint8)
    data = Dataset(images, rng.integers(0, recipe["sizes"][-1], samples))
    order = rng.permutation(samples)
    network = Network(**recipe, backend=backend)
    before = [network.get_weights(layer) for layer in range(network.architecture.layers)]
    losses = network.learn(order, batch, dataset=data, optimizer=optimizer)
    after = [network.get_weights(layer) for layer in range(network.architecture.layers)]
    state = [v for _, v in sorted(network.optimizer_state().items())]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a fault makes accuracies below chance
        found = network.evaluate(data)
    bits = b"".join(np.asarray(part).tobytes() for part in (losses, *after, *state, found))

    reference = ReferenceCore(network.architecture, np.float64)
    for layer, values in enumerate(before):
        reference.set_weights(layer, values)
    reference.load(data.images, data.labels, data.mean, data.std)
    reference.use(optimizer)
    rates = np.full(len(losses), optimizer.lr, np.float32).astype(np.float64)
    expected = reference.learn(order, batch, rates)
    right = np.allclose(losses, expected, rtol=near)
    right &= backend != "cuda" or network.correct() == reference.correct()
    loss = reference.evaluate(data.images, data.labels, data.mean, data.std)[0] / samples
    right &= np.allclose(found[0], loss, rtol=near)
    for layer, (old, new) in enumerate(zip(before, after, strict=True)):
        change = reference.weights(layer) - old
        error = np.linalg.norm(new - reference.weights(layer))
        right &= bool(error <= near * np.linalg.norm(change) + 2**-25 * np.linalg.norm(old))
    return bits, right


SCHEDULES = [("forward", 0), ("reverse", 0), *(("shuffled", seed) for seed in range(3))]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("name", CASES)
def test_whoever_comes_first_the_bits_are_the_same(emulated, name, path):
    results = set()
    for schedule, seed in SCHEDULES if name in SMALL else SCHEDULES[1:3]:
        emulated.emulate(schedule, seed, **PATHS[path])
        bits, right = train(name)
        assert right
        results.add(bits)
    assert len(results) == 1


def test_blocks_of_two_units_are_what_those_paths_have(emulated):
    for path, sizes in [("in a grid", (784, 64, 10)), ("in a cluster", (37, 11, 3))]:
        emulated.emulate(**PATHS[f"blocks of two units, {path}"])
        assert Network(sizes, backend="cuda").backend_info()["plan"]["units"] == 2


@pytest.mark.parametrize("batch", [20, 100, 500, 1000])
def test_however_few_images_a_block_has_room_for_the_bits_are_the_same(emulated, batch):
    recipe, optimizer, _, _ = CASES["lesson 9"]
    images = np.ones((batch, recipe["sizes"][0]), np.uint8)
    data = Dataset(images, np.zeros(batch, int), mean=0, std=1)
    kept, results, shared = [], set(), 250 << 10
    while True:
        emulated.emulate("shuffled", len(kept), shared=shared)
        network = Network(**recipe, backend="cuda")
        network.learn(np.arange(batch), batch, dataset=data, optimizer=optimizer)
        info = network.backend_info()
        if not info["fast"]:
            break
        kept.append((info["plan"]["group"], info["plan"]["stages"]))
        bits, right = train_case(recipe, optimizer, batch + 90, batch)  # the last one is short
        assert right
        results.add(bits)
        shared = info["plan"]["shared"] - 1
    assert kept == [(64, 2), (32, 2), (32, 1)][batch <= 32 :]
    assert len(results) == 1


def test_a_hidden_layer_that_fits_goes_the_fast_path_and_all_others_layer_by_layer(emulated):
    def launches(sizes, pixels=np.uint8, **behaviour):
        emulated.emulate(**behaviour)
        network = Network(sizes, backend="cuda")
        data = Dataset(np.ones((40, sizes[0]), pixels), np.zeros(40, int), mean=0, std=1)
        before = emulated.launches()
        network.learn(np.arange(40), 16, dataset=data, optimizer=SGD(0.1))
        after = emulated.launches()
        assert after.get("epoch", 0) - before.get("epoch", 0) <= 1  # for all three steps
        return {name for name, n in after.items() if n > before.get(name, 0)}

    layers = {"gather", "forward", "loss", "backprop", "update", "tally"}
    assert launches((30, 20, 3)) == {"epoch", "tally"}
    assert launches((30, 256, 3)) == {"epoch", "tally"}
    assert launches((30, 257, 3)) == layers  # more units than blocks can share
    assert launches((30, 20, 20, 3)) == layers
    assert launches((30, 3)) == layers - {"backprop"}
    assert launches((30, 20, 3), np.float32) == layers
    assert launches((3072, 64, 3)) == {"epoch", "tally"}  # pixels and colours of CIFAR
    assert launches((7000, 20, 3)) == layers  # more pixels than shared memory
    assert launches((30, 20, 3), ranks=0) == layers  # a GPU whose blocks cannot work together
    assert launches((30, 257, 3), ranks=32, cluster=False) == {"epoch", "tally"}


@pytest.mark.parametrize(
    ("sizes", "words"),
    [
        ((20, 40, 3), "epoch wants a cluster of 16 blocks, which has at most 8 here"),
        ((784, 4, 3), r"epoch wants \d+ bytes of shared memory, a block has at most 49152 here"),
        ((20, 20, 3), None),  # what is never refused
    ],
)
def test_what_a_gpu_was_not_asked_for_is_refused_at_launch(emulated, sizes, words):
    emulated.emulate(unasked=True)
    network, before = Network(sizes, backend="cuda"), emulated.launches()
    data = Dataset(np.ones((40, sizes[0]), np.uint8), np.zeros(40, int), mean=0, std=1)
    refused = pytest.raises(DeviceError, match=words) if words else nullcontext()
    with refused:
        network.learn(np.arange(40), 40, dataset=data, optimizer=SGD(0.1))
    assert (emulated.launches().get("epoch", 0) > before.get("epoch", 0)) == (words is None)


def test_no_gpu_has_clusters_of_more_than_16_blocks(emulated):
    data = Dataset(np.ones((40, 20), np.uint8), np.zeros(40, int), mean=0, std=1)
    emulated.emulate(ranks=32)
    network = Network((20, 257, 3), backend="cuda")
    assert network.backend_info()["why_not"] == "refused"
    network.learn(np.arange(40), 8, dataset=data, optimizer=SGD(0.1))
    emulated.emulate(ranks=32, largest_team=32)  # who is asked promises too much
    network = Network((20, 257, 3), backend="cuda")
    with pytest.raises(DeviceError, match="a cluster of 32 blocks, which has at most 16 here"):
        network.learn(np.arange(40), 8, dataset=data, optimizer=SGD(0.1))


def test_a_smaller_team_learns_right_too(emulated):
    for most in (4, 2, 1):  # blocks of 4, 8 and 16 units
        emulated.emulate(largest_team=most)
        before = emulated.launches().get("epoch", 0)
        assert train("adam")[1]
        assert emulated.launches()["epoch"] == before + 1


@pytest.mark.parametrize("name", ["deep", "wide"])
def test_the_size_of_the_tiles_changes_no_bit(emulated, name):
    results = set()
    for multiprocessors in (1, 4, 20, 1000):
        emulated.emulate(fast=False, multiprocessors=multiprocessors)
        bits, right = train(name)
        assert right
        results.add(bits)
    assert len(results) == 1


@pytest.mark.parametrize(("multiprocessors", "side"), [(1, 128), (4, 64), (16, 32), (64, 16)])
def test_every_product_takes_the_tiles_that_take_least_time(emulated, multiprocessors, side):
    """Products of 128 x 128, or one less: 1, 4, 16 or 64 tiles, as many as there are multiprocessors."""
    emulated.emulate(fast=False, multiprocessors=multiprocessors)
    network, before = Network((127, 127, 128), backend="cuda"), emulated.tiles()
    data = Dataset(np.ones((128, 127), np.uint8), np.arange(128), mean=0, std=1)
    network.learn(np.arange(128), 128, dataset=data, optimizer=SGD(0.1))
    after = emulated.tiles()
    taken = {key: n - before.get(key, 0) for key, n in after.items() if n > before.get(key, 0)}
    assert taken == {("forward", side): 2, ("backprop", side): 1, ("update", side): 2}


def test_steps_that_are_replayed_learn_as_steps_that_are_launched(emulated):
    emulated.emulate(fast=False)
    rng = np.random.default_rng(0)
    data = Dataset(rng.integers(0, 256, (200, 30), np.uint8), rng.integers(0, 3, 200))
    prints = set()
    for part in (1, 20):  # steps to a call: from 9 on they are recorded
        network = Network((30, 10, 3), backend="cuda")
        for start in range(0, 200, 5 * part):
            order = np.arange(start, start + 5 * part)
            network.learn(order, 5, dataset=data, optimizer=Adam())
        prints.add(network.fingerprint())
    assert len(prints) == 1


@pytest.mark.parametrize("path", PATHS)
def test_a_learn_that_is_split_has_the_bits_of_the_whole(emulated, path):
    """Between calls, and within one that asks for signals after every step."""
    rng = np.random.default_rng(0)
    data = Dataset(rng.integers(0, 256, (165, 784), np.uint8), rng.integers(0, 5, 165))
    order, results = rng.permutation(165), set()
    for steps, patience in [(11, 1e12), (11, 1.0), (1, 1e12), (3, 1e12), (9, 1e12)]:
        emulated.emulate(patience=patience, **PATHS[path])
        network = Network((784, 20, 5), backend="cuda")
        losses, right = [], 0
        for part in np.split(order, range(16 * steps, 165, 16 * steps)):
            losses.append(network.learn(part, 16, dataset=data, optimizer=Adam()))
            right += network.correct()
        state = [v for _, v in sorted(network.optimizer_state().items())]
        bits = b"".join(np.asarray(part).tobytes() for part in (*losses, right, *state))
        results.add((network.fingerprint(), bits))
    assert len(results) == 1


def test_more_samples_are_counted_than_a_float_can_count(emulated):
    right = np.ones(2**24 + 18, np.uint8)
    right[:7] = 0
    assert emulated.counted(right, len(right) - 10) == [2**24 + 1, 10]


# faults must be noticed


def noticed(emulated, **fault):
    """How a fault shows: in a wrong result, in bits that depend on the schedule, or in this error."""
    paths = [dict(), dict(counted=False), dict(fast=False), dict(shared=19 << 10)]  # of one group
    for path, backend in [*((path, "cuda") for path in paths), ({}, "cuda-tf32")]:
        for name in SMALL:
            results = set()
            for schedule, seed in SCHEDULES:
                emulated.emulate(schedule, seed, ranks=4, **path, **fault)
                try:
                    bits, right = train(name, backend)
                except (
                    RuntimeError
                ) as error:  # libc++ knows no class of another library's exception
                    assert str(error).startswith("emulation: ")  # noqa: PT017
                    return str(error)
                results.add(bits)
                if not right or len(results) > 1:
                    return "wrong"
    return ""


def test_no_fault_is_noticed_where_there_is_none(emulated):
    assert not noticed(emulated)


def test_every_barrier_is_missed_when_it_is_left_out(emulated):
    noticed(emulated)  # which visits them all
    # Of the process: test_cuda_tf32.py has its own, which no network here comes to.
    barriers = {site for site in emulated.barriers() if not site.startswith("product_tf32.h")}
    assert len(barriers) >= 13
    assert [site for site in barriers if not noticed(emulated, dropped=site)] == []


# The file of a kernel, what is wrong there, and what the emulation says of it if not the results do.
FAULTS = {
    "a barrier that not all threads reach": (
        "epoch_batches.h",
        "comm_.block_sync();  // the group is there",
        "if (comm_.thread() < 250) comm_.block_sync();  // the group is there",
    ),
    "a sum that is not sent": ("epoch.h", "i < rows_ * classes_;", "i < rows_ * classes_ - 1;"),
    "mail to another block": ("epoch.h", "batches_.owner(sample)", "batches_.owner(sample + 1)"),
    "one slice too few": ("epoch.h", "slice < kSlices;", "slice < kSlices - 1;"),
    "losses that are stored before they are found": (
        "epoch.h",
        "comm_.block_sync();\n      store_losses();",
        "store_losses();\n      comm_.block_sync();",
    ),
    "deltas that are sent after the arrival": (
        "epoch.h",
        "const Unjudged last = send_deltas();\n      comm_.sent();",
        "comm_.sent();\n      const Unjudged last = send_deltas();",
    ),
    "less mail expected than comes": (
        "epoch.h", "own * job_.ranks * classes_", "own * job_.ranks * classes_ - 1",
    ),
    "more mail expected than comes": (
        "epoch.h", "rows_ * classes_);\n  }", "rows_ * classes_ + 1);\n  }",
        "threads wait for others that will not come",
    ),
    "mail that nobody expects": (
        "epoch.h", "comm_.expect(kDeltas, ", "(void)(",
        "threads wait for others that will not come",
    ),
    "mail that all expect": ("epoch.h", "if (thread_ != 0) return;", "", "is expected twice"),
    "more mail than a card can count": (
        "epoch.h", "comm_.expect(kDeltas, ", "comm_.expect(kDeltas, (1 << 18) + ", "can count",
    ),
    "deltas that are counted as sums": (
        "epoch.h", "comm_.send(kDeltas, r", "comm_.send(kSums, r",
    ),
    "a step that does not wait for its deltas": (
        "epoch.h", "comm_.receive(kDeltas);", "if (step % 2) comm_.receive(kDeltas);",
    ),
    "weights that are not handed back": ("epoch.h", "{ global = mine; }", "{ (void)(global + mine); }"),
    "pixels of two groups in one place": ("epoch_batches.h", "(turn & (job_.stages - 1)) *", "0 *"),
    "numbers of two groups in one place": ("epoch_batches.h", "(turn & 1) * group_", "0 * group_"),
    "labels of two steps in one place": ("epoch_batches.h", "(step & 1) * owned_", "0 * owned_"),
    "a group that is left out": ("epoch_batches.h", "turn.group + 1 < groups", "turn.group + 2 < groups"),
    "another group's deltas": ("epoch.h", "(delta_) + group * kGroup", "(delta_) + 0 * group"),
    "a depth that is off by one": ("tiles.h", "below(d) < there", "below(d) + 1 < there"),
    "tiles of two steps in one place": ("product.h", "half ^= 1", "half ^= 0"),
    "a loss that is not written": ("layers.h", "job.sample_losses[first + row] =", "(void)"),
    "a sum over half of the lanes": ("comm.h", "mask > 0; mask /= 2) value", "mask > 1; mask /= 2) value"),
    "a copy from between two words": (
        "epoch_batches.h", "* bytes;\n    });", "* bytes + 4;\n    });",
        "is not aligned",
    ),
    "a row that is not asked for": (
        "epoch_batches.h", "comm_.copy_rows(place(turn), rows", "comm_.copy_rows(place(turn), rows - 1",
    ),
    "rows before there are counters": (
        "epoch.h",
        "    comm_.open();\n    for_each_weight([](float& mine, float& global) { mine = global; });\n"
        "    batches_.start();",
        "    for_each_weight([](float& mine, float& global) { mine = global; });\n"
        "    batches_.start();\n    comm_.open();",
        "before all blocks have begun",
    ),
    "mail where the counters are": (
        "epoch_layout.h", "sums = (kCounters", "sums = 0 * (kCounters", "over the counters",
    ),
    "samples of another half, in tf32": (
        "epoch_tf32.h", "m * kHeight + 8 * i + row_", "m * kHeight + i + row_",
    ),
    "samples that are none, in tf32": ("epoch_tf32.h", "real && u < U", "u < U"),
    "more shared memory than a block has": (
        "epoch_layout.h", "bytes = floats *", "bytes = (256 << 10) + floats *", "of shared memory",
    ),
}  # fmt: skip

PLANTED = list(FAULTS)[:: 1 if os.environ.get("CUTAWAY_FAULTS") == "all" else 4]  # each is compiled


@pytest.fixture(scope="module")
def libraries(tmp_path_factory):
    """The emulated GPU compiled with each of the faults, by its name."""
    pytest.importorskip("cutaway._cuda_emulated", reason="this build has no emulated GPU")
    compiler = os.environ.get("CXX") or shutil.which("c++")
    if compiler is None:
        pytest.skip("there is no C++ compiler to plant faults with")

    def compile(sources, output, *options):  # noqa: A001
        subprocess.run(
            [*compiler.split(), "-std=c++20", "-O0", "-w", "-fPIC", *options, "-I", SOURCES,
             *sources, "-o", output],
            check=True, timeout=300,
        )  # fmt: skip

    emulated = SOURCES / "cuda" / "emulated"
    objects = [tmp_path_factory.mktemp("machine") / name for name in ("machine.o", "fibers.o")]
    for path in objects:
        compile([emulated / f"{path.stem}.cpp"], path, "-c")

    def build(name):
        file, old, new = FAULTS[name][:3]
        source = (SOURCES / "cuda" / "kernels" / file).read_text()
        assert source.count(old) == 1, f"{name}: {file} has changed"
        folder = tmp_path_factory.mktemp("fault")
        (folder / "cuda" / "kernels").mkdir(parents=True)
        (folder / "cuda" / "kernels" / file).write_text(source.replace(old, new))
        library = folder / "faulty.so"
        compile([emulated / "device.cpp", *objects], library, "-shared", "-I", folder)
        return name, str(library)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return dict(pool.map(build, PLANTED))


@pytest.mark.timeout(900)  # all of them are compiled
@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_fault_is_noticed(emulated, libraries, name):
    said = noticed(emulated, library=libraries[name])
    assert said
    assert all(words in said for words in FAULTS[name][3:])
