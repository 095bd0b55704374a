"""Whether a GPU can be used: every reason why not has a code and a text that helps."""

import os
import pickle
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import cutaway
from cutaway import SGD, Adam, Dataset, DeviceError, Network
from cutaway.backend import choose, cuda

PIP = "CUTAWAY_CUDA=ON pip install ."  # as the README has it

HEALTHY = dict(
    forked=False, broken="", loader="", driver=13000, runtime=13000, error=0, error_name="", error_text="",
    count=1, name="NVIDIA H100", capability=(9, 0), memory=80_000_000_000, kernel_error=0,
    kernel_error_name="", kernel_error_text="", architectures="75-real 80-real",
)  # fmt: skip


def status_of(device=0, **found):
    return cuda.status(lambda: SimpleNamespace(probe=lambda _: {**HEALTHY, **found}), device)


def data_of(rows=40, features=20):
    rng = np.random.default_rng(0)
    return Dataset(rng.integers(0, 256, (rows, features), np.uint8), rng.integers(0, 3, rows))


# the reasons


def test_a_gpu_that_can_be_used_is_named():
    status = status_of()
    assert status == (True, "OK", status.text)
    assert status.text == "NVIDIA H100 (compute capability 9.0), 80 GB, driver for CUDA 13.0"


@pytest.mark.parametrize(
    ("code", "words", "found"),
    [
        ("NO_DRIVER", ["libcuda.so.1: cannot open", "install the NVIDIA driver", "--gpus all"],
         dict(loader="libcuda.so.1: cannot open shared object file")),
        ("OLD_DRIVER", ["supports CUDA 12.4", "built with CUDA 13.0", "update the driver"],
         dict(error=35, driver=12040)),
        ("NO_DRIVER", ["not a driver that works", "install"], dict(error=35, driver=0)),
        ("NO_DEVICE", ["no GPU is visible", "nvidia-smi"], dict(error=100)),
        ("NO_DEVICE", ["no GPU is visible"], dict(count=0)),
        ("NO_KERNEL", ["NVIDIA H100 (compute capability 9.0)", "75-real 80-real",
                       f"CUDAARCHS=90-real {PIP}"], dict(kernel_error=209)),
        ("NO_KERNEL", [f"CUDAARCHS=90-real {PIP}"], dict(kernel_error=98)),
        ("BROKEN", ["a kernel has failed"], dict(broken="a kernel has failed", error=999)),
        ("NO_KERNEL", ["is too old", "7.5 (Turing)"], dict(kernel_error=209, capability=(7, 0))),
        ("FORKED", ["forked", "spawn"], dict(forked=True)),
        ("LAUNCH", ["cudaGetDeviceCount: cudaErrorUnknown: unknown error"],
         dict(error=999, error_name="cudaErrorUnknown", error_text="unknown error")),
        ("LAUNCH", ["GPU 0: cudaErrorUnknown: unknown"],
         dict(name="", kernel_error=999, kernel_error_name="cudaErrorUnknown",
              kernel_error_text="unknown")),
        ("LAUNCH", ["NVIDIA H100", "cudaErrorDevicesUnavailable: busy"],
         dict(kernel_error=46, kernel_error_name="cudaErrorDevicesUnavailable",
              kernel_error_text="busy")),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_and_what_to_do(monkeypatch, code, words, found):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    status = status_of(**found)
    assert (status.usable, status.code) == (False, code)
    for word in words:
        assert word in status.text


@pytest.mark.parametrize("value", ["", "-1", "7"])
def test_hidden_devices_are_told_by_the_variables_value(monkeypatch, value):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", value)
    assert f"CUDA_VISIBLE_DEVICES is {value!r}" in status_of(error=100).text


def test_a_gpu_that_is_not_there_is_told_apart_from_none(monkeypatch):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert "there is no GPU 3: 2 are visible" in status_of(device=3, count=2).text
    assert status_of(device=3, count=2).code == "NO_DEVICE"
    assert status_of(device=1, count=2).usable


def test_a_build_without_cuda_tells_the_pip_line(monkeypatch):
    def absent():
        raise ModuleNotFoundError("No module named 'cutaway._cuda'", name="cutaway._cuda")

    monkeypatch.setattr(choose, "load_cuda", absent)
    status = cutaway.cuda_status()
    assert (status.usable, status.code) == (False, "NOT_BUILT")
    assert PIP in status.text
    assert PIP in (Path(__file__).parents[2] / "README.md").read_text()
    with pytest.raises(RuntimeError, match="CUTAWAY_CUDA=ON pip install") as caught:
        Network(backend="cuda")
    assert caught.value.code == "NOT_BUILT"


@pytest.mark.parametrize(
    "error",
    [
        ImportError("libfoo.so: undefined symbol: bar"),
        OSError("libfoo.so: undefined symbol: bar"),
        ModuleNotFoundError("libfoo.so: undefined symbol: bar", name="another"),
    ],
)
def test_a_module_that_does_not_load_is_told_in_the_loaders_words(error):
    def broken():
        raise error

    status = cuda.status(broken)
    assert (status.usable, status.code) == (False, "LOAD_FAILED")
    assert "undefined symbol: bar" in status.text


def test_this_machines_status_is_one_of_the_codes():
    status = cutaway.cuda_status()
    assert status.usable == (status.code == "OK")
    assert status.text


# the backend


@pytest.mark.usefixtures("emulated")
@pytest.mark.parametrize("name", ["cuda", "cuda:0"])
def test_the_backend_asked_for_is_the_backend_told(name):
    assert Network((7, 5, 3), backend=name).backend == name


@pytest.mark.parametrize(
    "name", ["cuda:", "cuda:x", "cuda:N", "cuda:00", "cuda:٣", "CUDA", "gpu", 7]
)
def test_other_names_are_refused(name):
    with pytest.raises((ValueError, TypeError), match=r"backend (must be|'cuda:N' needs)"):
        Network((7, 5, 3), backend=name)


@pytest.mark.usefixtures("emulated")
def test_auto_takes_the_gpu_where_it_can_be_used():
    assert Network((7, 5, 3)).backend == "cuda"


def test_auto_takes_the_cpu_where_no_gpu_can_be_used(monkeypatch):
    broken = SimpleNamespace(probe=lambda _: {**HEALTHY, "error": 100})
    monkeypatch.setattr(choose, "load_cuda", lambda: broken)
    assert Network((7, 5, 3)).backend == "cpu"
    with pytest.raises(DeviceError, match="Network: backend 'cuda:0': no GPU is visible") as caught:
        Network((7, 5, 3), backend="cuda:0")
    assert caught.value.code == "NO_DEVICE"


def test_a_device_error_survives_pickling():
    error = pickle.loads(pickle.dumps(DeviceError("NO_DEVICE", "no GPU")))
    assert (error.code, error.text, str(error)) == ("NO_DEVICE", "no GPU", "no GPU")


# which way it learns


def told(sizes=(784, 64, 10), batch=64, rows=80, pixels=np.uint8, optimizer=SGD(0.02)):  # noqa: B008
    """What a network tells after it has learned 80 images."""
    network = Network(sizes, backend="cuda")
    images = np.random.default_rng(0).integers(0, 256, (rows, sizes[0])).astype(pixels)
    data = Dataset(images, np.zeros(rows, int), mean=0, std=255)
    network.learn(np.arange(rows), batch, dataset=data, optimizer=optimizer)
    return network.backend_info()


@pytest.mark.usefixtures("emulated")
def test_a_lessons_network_learns_in_one_launch_and_tells_its_plan():
    before = Network(backend="cuda").backend_info()
    found = told()
    assert found["fast"]
    assert found["why_not"] is None
    plan = found["plan"]
    assert (plan["batch"], plan["ranks"], plan["units"]) == (64, 16, 4)
    assert (plan["group"], plan["stages"]) == (64, 2)
    assert 2 * 64 * 784 < plan["shared"] <= found["shared"] == 227 << 10
    assert found["launches"] == {"epoch": 1, "tally": 1}
    assert found["name"] == "an emulated GPU"
    assert found["cluster"]
    assert found["counted"]
    assert found["ranks"] == 16
    assert before == found | {"launches": {}}  # nothing but that was changed by learning


@pytest.mark.usefixtures("emulated")
@pytest.mark.parametrize(("setting", "counted"), [("1", False), ("0", True), ("", True)])
def test_a_cluster_meets_at_barriers_if_asked_to(monkeypatch, setting, counted):
    monkeypatch.setenv("CUTAWAY_CUDA_BARRIERS", setting)
    found = told()
    assert found["fast"]
    assert found["counted"] == counted


def test_without_a_cluster_no_mail_is_counted(emulated):
    emulated.emulate(cluster=False)
    assert not told()["counted"]


def test_the_less_room_a_block_has_the_fewer_images_it_keeps(emulated):
    kept, shared = [], 227 << 10
    while (found := told())["fast"]:
        kept.append((found["plan"]["group"], found["plan"]["stages"]))
        shared = found["plan"]["shared"] - 1
        emulated.emulate(ranks=16, shared=shared)
    assert kept == [(64, 2), (32, 2), (32, 1)]
    assert found["why_not"] == "shared memory"


@pytest.mark.parametrize(
    ("optimizer", "stages"), [(SGD(0.02), 2), (SGD(0.02, 0.9), 1), (Adam(), 1)], ids=repr
)
def test_the_64_kb_of_turing_are_enough_for_a_lesson_with_every_optimizer(
    emulated, optimizer, stages
):
    emulated.emulate(cluster=False, ranks=32, shared=64 << 10)
    found = told(optimizer=optimizer)
    assert found["fast"]
    plan = found["plan"]
    assert (plan["ranks"], plan["units"], plan["group"], plan["stages"]) == (32, 2, 32, stages)


def test_a_turing_of_less_than_32_multiprocessors_has_blocks_of_4_units(emulated):
    emulated.emulate(cluster=False, ranks=32, shared=64 << 10, largest_team=30)
    for optimizer, fast in ((SGD(0.02, 0.9), True), (Adam(), False)):
        found = told(optimizer=optimizer)
        assert found["plan"] | dict(ranks=16, units=4) == found["plan"]
        assert found["fast"] == fast
        assert found["refused"] == ["32 blocks of 2 units: there is no room for them at once"]


@pytest.mark.parametrize("features", [300, 700, 784])
def test_all_mini_batches_and_optimizers_of_a_network_have_the_same_blocks(emulated, features):
    """Or the bits would depend on which came first."""
    emulated.emulate(cluster=False, ranks=32, shared=64 << 10)
    plans = [
        told((features, 64, 10), batch, rows=batch, optimizer=optimizer)["plan"]
        for batch in (1, 64, 500)
        for optimizer in (SGD(0.02), SGD(0.02, 0.9), Adam())
    ]
    assert len({(plan["ranks"], plan["units"]) for plan in plans}) == 1


@pytest.mark.usefixtures("emulated")
@pytest.mark.parametrize(("batch", "group"), [(1, 32), (32, 32), (33, 64), (500, 64)])
def test_small_mini_batches_go_in_groups_of_32(batch, group):
    assert told(sizes=(20, 9, 3), batch=batch)["plan"]["group"] == group


@pytest.mark.parametrize(
    ("why", "behaviour", "case"),
    [
        ("depth", {}, dict(sizes=(20, 9, 9, 3))),
        ("depth", {}, dict(sizes=(20, 3))),
        ("floats", {}, dict(sizes=(20, 9, 3), pixels=np.float32)),
        ("batch", {}, dict(sizes=(20, 9, 3), batch=8193)),
        ("width", {}, dict(sizes=(20, 257, 3))),
        ("device", dict(ranks=0), dict(sizes=(20, 9, 3))),
        ("shared memory", {}, dict(batch=2000, rows=2000)),
        ("shared memory", dict(cluster=False, shared=48 << 10), dict(sizes=(784, 100, 10))),
        ("off", dict(fast=False), dict(sizes=(20, 9, 3))),
        ("refused", dict(largest_team=3), {}),
        ("refused", dict(asking=False), {}),
    ],
)  # fmt: skip
def test_a_network_that_learns_layer_by_layer_tells_why(emulated, why, behaviour, case):
    emulated.emulate(**behaviour)
    found = told(**case)
    assert (found["fast"], found["why_not"]) == (False, why)
    assert "epoch" not in found["launches"]
    assert found["launches"]["update"] >= 2
    if why == "shared memory":
        assert found["plan"]["stages"] == 0
        assert found["plan"]["shared"] > found["shared"]
    else:
        assert found["plan"] is None


def test_launches_are_counted_where_they_are_replayed_too(emulated):
    emulated.emulate(fast=False)
    found = told(sizes=(20, 9, 3), batch=2, rows=60)
    assert found["launches"]["gather"] == found["launches"]["loss"] == 30
    assert found["launches"]["forward"] == found["launches"]["update"] == 60


def test_every_other_backend_tells_of_itself():
    cpu = Network((7, 5, 3), backend="cpu", threads=1).backend_info()
    assert cpu == {"backend": "cpu", "threads": 1, "isa": choose.isa()}
    numpy = Network((7, 5, 3), backend="numpy").backend_info()
    assert numpy == {"backend": "numpy", "threads": 1, "numpy": np.__version__}


def test_a_refused_team_is_followed_by_smaller_ones(emulated):
    teams = {}
    for most in (16, 15, 7):
        emulated.emulate(largest_team=most)
        found = told()
        assert found["fast"]
        teams[found["plan"]["ranks"], found["plan"]["units"]] = len(found["refused"])
    assert teams == {(16, 4): 0, (8, 8): 1, (4, 16): 2}


def test_a_deep_network_asks_for_no_team(emulated):
    emulated.emulate(asking=False)
    assert told(sizes=(20, 9, 9, 3))["refused"] == []
    refused = told(sizes=(20, 9, 3))["refused"]
    assert [words.split(":")[0] for words in refused] == [
        "4 blocks of 4 units", "2 blocks of 8 units", "1 blocks of 16 units",
    ]  # fmt: skip
    assert all("there is no answer" in words for words in refused)


# a kernel that fails


def test_a_kernel_that_fails_is_named_where_it_shows(emulated, monkeypatch):
    for behaviour, failing, words in [
        ({}, "epoch", "wait after epoch, tally:"),
        (dict(fast=False), "loss", "wait after gather, forward, loss, backprop, update, tally:"),
    ]:
        emulated.emulate(failing=failing, **behaviour)
        with pytest.raises(DeviceError, match=words) as caught:
            told(sizes=(20, 9, 3))
        assert caught.value.code == "BROKEN"
        assert "CUTAWAY_CUDA_BLOCKING=1" in caught.value.text
        with monkeypatch.context() as patch:
            patch.setenv("CUTAWAY_CUDA_BLOCKING", "1")
            emulated.emulate(failing=failing, **behaviour)
            with pytest.raises(DeviceError, match=f"wait after {failing}:") as caught:
                told(sizes=(20, 9, 3), batch=2)
            assert "CUTAWAY_CUDA_BLOCKING" not in caught.value.text


def test_launches_that_block_learn_the_same_and_are_not_recorded(emulated, monkeypatch):
    prints = []
    for blocking in ("0", "1"):
        monkeypatch.setenv("CUTAWAY_CUDA_BLOCKING", blocking)
        emulated.emulate(fast=False)
        network = Network((20, 9, 3), backend="cuda")
        network.learn(np.arange(40), 2, dataset=data_of(), optimizer=SGD(0.1))
        prints.append((network.fingerprint(), network.backend_info()))
    assert prints[0] == prints[1]


def test_a_broken_gpu_says_the_same_to_every_later_call(emulated):
    healthy = Network((20, 9, 3), backend="cuda")
    emulated.emulate(failing="epoch")
    network = Network((20, 9, 3), backend="cuda")
    with pytest.raises(DeviceError) as first:
        network.learn(np.arange(40), 8, dataset=data_of(), optimizer=SGD(0.1))
    for call in (network.fingerprint, network.backend_info, healthy.fingerprint):
        with pytest.raises(DeviceError) as later:
            call()
        assert (later.value.code, later.value.text) == ("BROKEN", first.value.text)
    assert cutaway.cuda_status() == (False, "BROKEN", first.value.text)
    for backend in ("cuda", "auto"):  # which does not go on with the CPU, as if nothing were
        with pytest.raises(DeviceError, match=f"Network: backend '{backend}': a kernel") as later:
            Network((20, 9, 3), backend=backend)
        assert later.value.code == "BROKEN"
    Network((20, 9, 3), backend="cpu")


# memory, forks


def test_a_network_too_big_for_the_gpu_is_refused_with_its_size(emulated):
    emulated.emulate(memory=1_000_000)
    with pytest.raises(DeviceError, match=r"need 0.00401 GB on the GPU; .* has 0.001 GB") as caught:
        Network((1000, 1000, 1), backend="cuda")
    assert caught.value.code == "TOO_BIG"
    emulated.emulate(memory=1 << 60)
    with pytest.raises(DeviceError, match="has less than 2147483647 units, got 2147483647"):
        Network((2**31 - 1, 1), backend="cuda")


def test_images_too_big_for_the_gpu_are_refused_and_nothing_is_lost(emulated):
    emulated.emulate(memory=100_000)
    network = Network((20, 5, 3), backend="cuda")
    small = data_of()
    network.learn(np.arange(40), 8, dataset=small, optimizer=Adam())
    before = network.fingerprint()
    for rows, code in [(8000, "TOO_BIG"), (2000, "OUT_OF_MEMORY")]:
        with pytest.raises(DeviceError) as caught:
            network.learn(np.arange(40), 8, dataset=data_of(rows), optimizer=Adam())
        assert caught.value.code == code
        assert network.fingerprint() == before
    network.learn(np.arange(40), 8, dataset=small, optimizer=Adam())
    assert network.optimizer_state()["step"] == 10


def test_an_optimizer_too_big_for_the_gpu_is_refused_and_nothing_is_lost(emulated):
    data, order = data_of(features=200), np.arange(40)
    emulated.emulate(memory=110_000)  # 40 kB for the weights, and each array of an optimizer's
    network = Network((200, 50, 3), backend="cuda")
    network.learn(order, 8, dataset=data, optimizer=SGD(0.1, 0.9))
    state, before = network.optimizer_state(), network.fingerprint()
    with pytest.raises(DeviceError, match="not left"):
        network.learn(order, 8, dataset=data, optimizer=Adam())
    assert network.fingerprint() == before
    for name, values in network.optimizer_state().items():
        np.testing.assert_array_equal(values, state[name])
    network.learn(order, 8, dataset=data, optimizer=SGD(0.1, 0.9))
    assert network.optimizer_state()["step"] == 10


def test_what_fits_a_fresh_network_fits_one_that_has_done_other_things(emulated):
    emulated.emulate(memory=300_000)
    network = Network((100, 5, 3), backend="cuda")
    for pixels, rows in [(np.uint8, 2000), (np.float32, 500), (np.uint8, 2000)]:
        data = Dataset(np.ones((rows, 100), pixels), np.zeros(rows, int), mean=0, std=1)
        network.learn(np.arange(40), 8, dataset=data, optimizer=SGD(0.1))
        network.evaluate(data)  # in as many parts as needed
        network.step(np.ones((300, 100)), np.zeros(300, int), SGD(0.1))
    emulated.emulate(memory=1_000_000)
    network = Network((1000, 100, 3), backend="cuda")
    network.forward(np.ones((130, 1000)))
    network.backprop(np.ones((1, 1000)), [0])


def test_memory_is_given_back(emulated):
    emulated.emulate(memory=200_000)
    for _ in range(50):
        network = Network((20, 5, 3), backend="cuda")
        network.learn(np.arange(40), 8, dataset=data_of(), optimizer=Adam())


@pytest.mark.usefixtures("emulated")
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork()")
def test_a_forked_child_gets_an_error_and_the_parent_goes_on():
    network = Network((20, 5, 3), backend="cuda")
    network.learn(np.arange(40), 8, dataset=data_of(), optimizer=SGD(0.1))
    child = os.fork()
    if child == 0:
        try:
            network.fingerprint()
        except DeviceError as error:
            os._exit(0 if error.code == "FORKED" else 1)
        finally:
            os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    network.learn(np.arange(40), 8, dataset=data_of(), optimizer=SGD(0.1))


@pytest.mark.usefixtures("ctrl_c")
def test_an_interrupted_network_has_learned_whole_steps(emulated):
    emulated.emulate(patience=1.0)  # FLOPs between two looks at the signals: every step
    order = np.tile(np.arange(40), 2000)
    data, optimizer = data_of(), SGD(0.01, momentum=0.9)
    network, other = (Network((20, 5, 3), backend="cuda") for _ in range(2))
    timer = threading.Timer(0.2, lambda: os.kill(os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        network.learn(order, 8, dataset=data, optimizer=optimizer)
    timer.join()
    steps = network.optimizer_state()["step"]
    assert 0 < steps < len(order) // 8
    other.learn(order[: 8 * steps], 8, dataset=data, optimizer=optimizer)
    assert network.fingerprint() == other.fingerprint()
    assert network.correct() == other.correct() > 0


HANGS = """
import ctypes
import pytest

@pytest.fixture
def gpu():
    pass

@pytest.mark.timeout(1)
def test_hangs(gpu):
    lock, libc = ctypes.create_string_buffer(64), ctypes.CDLL(None)
    for _ in range(2):  # the second waits for the first, whatever signal comes
        libc.pthread_mutex_lock(lock)
"""


@pytest.mark.skipif(
    sys.platform != "linux", reason="needs Linux's mutexes, which are unlocked as 0"
)
def test_a_test_that_waits_for_a_gpu_forever_is_ended(tmp_path):
    shutil.copy(Path(__file__).parents[1] / "conftest.py", tmp_path)
    (tmp_path / "test_hangs.py").write_text(HANGS)
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", tmp_path],
        cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert run.returncode == 1
    assert "Timeout" in run.stdout + run.stderr


@pytest.mark.parametrize("device", [-1, 1000, "0", 1.5, None])
def test_a_status_of_no_number_is_a_status_too(device):
    assert cutaway.cuda_status(device).code == "NO_DEVICE"


# with a GPU


def test_a_gpu_takes_part_in_the_contracts_tests(gpu, backends):
    assert gpu.usable
    assert {"cuda", "cuda by layers"} <= set(backends)


@pytest.mark.usefixtures("emulated", "by_layers")
def test_a_core_can_be_made_to_go_layer_by_layer():
    network = Network((20, 5, 3), backend="cuda")
    network.learn(np.arange(40), 8, dataset=data_of(), optimizer=SGD(0.1))
    assert network.backend_info()["why_not"] == "off"
    assert "epoch" not in network.backend_info()["launches"]


CASES = [((784, 64, 10), SGD(0.02)), ((784, 50, 10), Adam()), ((37, 21, 19, 5), Adam())]
STEPS = 10


def learned(sizes, optimizer, backend="cuda"):
    """A network after ten steps, of which the last is short, and its weights before."""
    network = Network(sizes, backend=backend)
    before = [network.get_weights(layer) for layer in range(network.architecture.layers)]
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (600, sizes[0]), np.uint8)
    data = Dataset(images, rng.integers(0, sizes[-1], 600))
    network.learn(rng.permutation(600), 64, dataset=data, optimizer=optimizer)
    return network, before


def assert_same_update(optimizer, one, other, before):
    """Compare what was learned: beside it, the weights are so large that they hide errors.

    Sums in another order and fused multiply-adds leave 24 bits of what a step adds, and of the
    weights that it is added to. Where Adam's gradient is nearly 0 its sign may turn, and one weight
    goes the other way: one of ten thousand may.
    """
    for layer, start in enumerate(before):
        a, b = one.get_weights(layer), other.get_weights(layer)
        errors, update = np.sort(np.abs(a - b), axis=None), np.linalg.norm(b - start)
        turned = a.size // 10_000 if isinstance(optimizer, Adam) else 0
        error = np.linalg.norm(errors[: a.size - turned])
        print(f"layer {layer}: {np.count_nonzero(errors):,} of {a.size:,} weights differ, "
              f"the update by {error / update:.1e} without the worst {turned}")  # fmt: skip
        assert error <= 1e-5 * update + 5e-8 * STEPS**0.5 * np.linalg.norm(start)
        assert errors[-1] <= 2 * optimizer.lr * STEPS


@pytest.mark.usefixtures("gpu")
@pytest.mark.parametrize(("sizes", "optimizer"), CASES)
def test_a_gpu_repeats_itself_to_the_bit(sizes, optimizer):
    assert len({learned(sizes, optimizer)[0].fingerprint() for _ in range(100)}) == 1


@pytest.mark.usefixtures("gpu")
@pytest.mark.parametrize(("sizes", "optimizer"), CASES)
def test_a_gpu_and_the_emulation_agree(request, sizes, optimizer):
    real, _ = learned(sizes, optimizer)
    request.getfixturevalue("emulated")
    assert_same_update(optimizer, real, *learned(sizes, optimizer))


@pytest.mark.usefixtures("emulated")
@pytest.mark.parametrize(("sizes", "optimizer"), CASES)
def test_the_cpu_and_the_emulation_agree(sizes, optimizer):
    """By the bound of a GPU, whose rounding differs as the CPU's does."""
    cpu, _ = learned(sizes, optimizer, "cpu")
    assert_same_update(optimizer, cpu, *learned(sizes, optimizer))


SMALL = """
import numpy as np
from cutaway import SGD, Adam, Dataset, Network
rng = np.random.default_rng(0)
for sizes, batch in [
    ((37, 21, 5), 64), ((37, 21, 5), 20), ((3072, 20, 5), 50), ((37, 21, 19, 5), 64)
]:
    data = Dataset(rng.integers(0, 256, (150, sizes[0]), np.uint8), rng.integers(0, 5, 150))
    for optimizer in [SGD(0.1, 0.9), Adam()]:
        network = Network(sizes, backend="cuda")
        network.learn(np.arange(150), batch, dataset=data, optimizer=optimizer)
        network.evaluate(data)
        network.backprop(*data[:20])
"""


@pytest.mark.usefixtures("gpu")
@pytest.mark.timeout(650)
@pytest.mark.parametrize("tool", ["memcheck", "initcheck", "synccheck", "racecheck"])
def test_compute_sanitizer_finds_nothing(tool):
    sanitizer = shutil.which("compute-sanitizer") or "/usr/local/cuda/bin/compute-sanitizer"
    if not Path(sanitizer).exists():
        pytest.skip("compute-sanitizer is not installed")
    run = subprocess.run(
        [sanitizer, "--error-exitcode", "9", "--tool", tool, sys.executable, "-c", SMALL],
        capture_output=True, text=True, timeout=600, check=False,
        env={**os.environ, **({"CUTAWAY_CUDA_UNFILLED": "1"} if tool == "initcheck" else {})},
    )  # fmt: skip
    assert run.returncode == 0, run.stdout[-2000:]
