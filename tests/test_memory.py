"""Memory: what the machine, its control groups and a limit of its own leave to this process."""

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from cutaway import memory

PAGE = os.sysconf("SC_PAGE_SIZE")
GROUPS = {
    "v2": ("0::/user/me", {"sys/fs/cgroup/user/memory.max": "300000000"}),
    "v2, the least of all": (
        "0::/me", {"sys/fs/cgroup/me/memory.max": "300000000", "sys/fs/cgroup/memory.max": "max"}
    ),
    "v1": ("9:memory:/me", {"sys/fs/cgroup/memory/me/memory.limit_in_bytes": "300000000"}),
    "v1 in a container": ("9:memory:/x", {"sys/fs/cgroup/memory/memory.limit_in_bytes": "300000000"}),
}  # fmt: skip


def root(folder, groups, files):
    for path, text in {"proc/self/cgroup": groups, **files}.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text + "\n")
    return folder


@pytest.mark.parametrize(("groups", "files"), GROUPS.values(), ids=GROUPS)
def test_what_is_free_is_the_groups_limit_less_what_is_taken(tmp_path, groups, files):
    assert memory.free(root(tmp_path, groups, files)) == 300e6
    root(tmp_path, groups, {**files, "proc/self/statm": "90000 1000 7 0 0 0 0"})
    assert memory.free(tmp_path) == 300e6 - 1000 * PAGE


@pytest.mark.parametrize("text", ["", "max", "many", "9223372036854771712"])
def test_without_a_limit_it_is_the_machines(tmp_path, text):
    machine = float(PAGE * os.sysconf("SC_PHYS_PAGES"))
    assert memory.free(root(tmp_path, "0::/", {"sys/fs/cgroup/memory.max": text})) == machine
    assert memory.free(tmp_path / "nowhere") == machine


@pytest.mark.skipif("CUTAWAY_SANITIZED" in os.environ, reason="the sanitizers map terabytes")
@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("c.Network((784, 400_000, 10))", "Network: the weights of sizes (784, 400000, 10) need 2.53 GB, "),
        ("learn(1_000_000)", "learn: mini-batches of 1,000,000 rows need 5.54 GB, "),
        ("net.step(x, y, c.SGD(1))", "step: mini-batches of 500,000 rows need 2.77 GB, "),
        ("list(c.train(Big(), [(x[:1], [0])], optimizer=c.Adam()))", "train: two copies of the weights, "),
        ("Core('evaluate')", "evaluate: more memory is needed than can be had, "),
    ],
)  # fmt: skip
def test_what_needs_more_than_there_is_is_told_with_both_numbers_before_it_begins(code, words):
    before = """
import numpy as np, cutaway as c
from cutaway.backend.turns import Turns
net = c.Network((784, 64, 10), threads=1)
x, y = np.zeros((500_000, 784), np.uint8), np.arange(500_000) % 10
x[::2] = 1
net.mean, net.std = 0.5, 0.5
def Big():
    return c.Network((784, 120_000, 10), threads=1)
def learn(batch):
    data = c.Dataset(x, y, mean=0.5, std=0.5)
    net.learn(np.zeros(batch, int), batch, dataset=data, optimizer=c.SGD(1))
def Core(name):
    core = type("Core", (), {name: lambda *_: (_ for _ in ()).throw(MemoryError("std::bad_alloc"))})
    Turns(core()).evaluate()
try:
"""
    after = "\nexcept MemoryError as error:\n    print(error)"
    process = subprocess.run(
        [sys.executable, "-c", f"{before}    {code}{after}"], capture_output=True, text=True, check=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (2_200_000_000,) * 2),
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"}, timeout=60,
    )  # fmt: skip
    assert process.stdout.startswith(words)
    assert process.stdout.endswith(" GB are free\n")


@pytest.mark.skipif("CUTAWAY_SANITIZED" in os.environ, reason="the sanitizers map terabytes")
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="the system does not tell")
@pytest.mark.parametrize(
    ("sizes", "threads"),
    [
        ((784, 64, 10), 1),
        ((784, 64, 10), 4),
        ((300, 300, 300, 10), 1),
        ((300, 300, 300, 10), 8),
        ((300, 80, 80, 2), 16),
    ],
)
def test_what_is_counted_for_a_row_of_a_mini_batch_is_what_the_cpus_core_takes(sizes, threads):
    """Of two mini-batches, by what one takes more: the rest of a process is in both."""
    code = f"""
import numpy as np, cutaway as c
from cutaway.learn.rows import bytes_of_row
from cutaway.memory import _taken
data = c.Dataset(np.zeros((2, {sizes[0]}), np.uint8), [0, 1], mean=0.5, std=0.5)
nets = [c.Network({sizes}, backend="cpu", threads={threads}) for _ in range(2)]
for net in nets:  # whose threads begin, with what the system gives them
    net.learn([0], 1, dataset=data, optimizer=c.SGD(1))
sizes = []
for net, rows in zip(nets, (10_000, 30_000)):
    before, order = _taken("/")[0], np.zeros(rows, int)
    net.learn(order, rows, dataset=data, optimizer=c.SGD(1))
    sizes.append(_taken("/")[0] - before)
print((sizes[1] - sizes[0]) / 20_000 / bytes_of_row(nets[0].architecture, {threads}))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert 0.9 < float(done.stdout) < 1.2  # a buffer in huge pages has up to 2 MiB more
