"""How a training scales over ranks of MPI: what a step takes on one and on all; on more by the model."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

import numpy as np

from ..backend.contract import F32
from ..backend.optimizer import SGD
from ..data.dataset import Dataset
from ..data.loader import DataLoader
from ..data.read import mnist
from ..learn.network import Network
from ..scale.distributed import Ranks, Shared
from ..scale.group import load_mpi
from .model import Link, step_seconds
from .rounds import Setting
from .section import Bar, Part, Row, Section

WIDTHS = (64, 256, 1024, 4096)
BATCHES = (64, 512, 2048, 8192)
OTHERS = (4, 16, 64)  # ranks that the model is asked of
_SHARES = (1, 32, 256, 1024, 4096)  # samples of one rank
_LONG, _SHORT = 1 << 22, 1 << 8  # numbers of a message that tells the bandwidth, and the latency
_LEAST = 0.03  # seconds of a timing
_OPTIMIZER = SGD(0.01)


def place() -> tuple[int, int]:
    """Return the rank of this process among those that mpiexec has started, and how many share its machine.

    Raises:
        ModuleNotFoundError: without mpi4py.
        RuntimeError: without a library of MPI.
    """
    mpi = load_mpi("bench: scale")
    beside = mpi.COMM_WORLD.Split_type(mpi.COMM_TYPE_SHARED)
    try:
        return int(mpi.COMM_WORLD.Get_rank()), int(beside.Get_size())
    finally:
        beside.Free()


@dataclass
class Net:
    """A network of one hidden layer, that learns alone, alone as a rank does, and with all ranks."""

    width: int
    data: Dataset
    threads: int
    world: Ranks
    itself: Ranks
    _learns: dict[str, Callable[[F32, int], object]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        sizes = (self.data.images.shape[1], self.width, self.data.classes)
        self.name = "-".join(map(str, sizes))
        for way, ranks in {"alone": None, "own": self.itself, "together": self.world}.items():
            network = Network(sizes, activation="relu", backend="cpu", threads=self.threads)
            loader = DataLoader(self.data, min(BATCHES))
            learner: Any = network
            if ranks is not None:
                learner = Shared("bench", ranks, network, loader, None, {})
            self._learns[way] = self._learning(learner)
        self.size = 4 * network.architecture.parameters

    def _learning(self, learner: Any) -> Callable[[F32, int], object]:
        order = np.random.default_rng(0).permutation(len(self.data))

        def learn(rates: F32, batch: int) -> object:
            numbers = np.resize(order, len(rates) * batch)
            return learner.learn(
                numbers, batch, dataset=self.data, optimizer=_OPTIMIZER, rates=rates
            )

        return learn

    def seconds(self, way: str, batch: int) -> float:
        """Return the seconds of a step; those of all ranks together are rank 0's."""
        steps = 1
        while True:
            rates = np.full(steps, _OPTIMIZER.lr, np.float32)
            begin = time.perf_counter()
            self._learns[way](rates, batch)
            took = time.perf_counter() - begin
            if way == "together":
                took = _as_rank_0_has_it(took, self.world)
            if took >= _LEAST:
                return took / steps
            steps = math.ceil(1.5 * steps * _LEAST / took)


def measure(setting: Setting) -> Iterator[Part]:
    """Measure steps of several widths and mini-batches, on one rank and on all; yield the result so far.

    Every rank makes this call; rank 0 measures alone while the others sleep.
    """
    mpi = load_mpi("bench: scale")
    world, itself = Ranks("bench", mpi.COMM_WORLD), Ranks("bench", mpi.COMM_SELF)
    try:
        if world.size == 1 and setting.link is None:
            raise RuntimeError(
                "bench: scale has one rank, and no other to measure: mpiexec -n 2 cutaway bench scale, "
                "or give --latency and --bandwidth for the model alone"
            )
        data = mnist()[0]
        nets = [Net(width, data, setting.threads, world, itself) for width in WIDTHS]
        times: dict[tuple[str, int, int], list[float]] = {}
        links: list[Link] = []
        for number in range(setting.repeats + 1):
            round_of_times = _round(nets, world)
            links.append(_link(world))
            if number == 0:  # it warms up
                links.clear()
                continue
            for key, seconds in round_of_times.items():
                times.setdefault(key, []).append(seconds)
            yield _part(
                nets, {key: median(some) for key, some in times.items()}, links, world, setting
            )
        world.end()
    except BaseException as error:
        world.leave(error)
        raise
    finally:
        itself.end()


def _round(nets: Sequence[Net], world: Ranks) -> dict[tuple[str, int, int], float]:
    """Measure all once."""
    times = {}
    for net in nets:
        if world.rank == 0:
            for batch in BATCHES:
                times["alone", net.width, batch] = net.seconds("alone", batch)
            for share in _SHARES:
                times["own", net.width, share] = net.seconds("own", share)
        world.meet()
        for batch in BATCHES if world.size > 1 else ():
            times["together", net.width, batch] = net.seconds("together", batch)
    return times


def _link(world: Ranks) -> Link:
    """Measure how the ranks are connected."""
    if world.size == 1:
        return Link(latency=0.0, bandwidth=math.inf)
    seconds = {}
    for numbers in (_SHORT, _LONG):
        numbers = numbers // world.size * world.size
        parts, own = np.zeros((2, numbers), np.float32)
        segment, whole = np.zeros(numbers // world.size, np.float32), np.zeros(numbers, np.float32)
        found = []
        for _ in range(9):
            world.meet()
            begin = time.perf_counter()
            world.swap(parts, own)
            world.exchange(segment, whole)
            found.append(time.perf_counter() - begin)
        seconds[4 * numbers] = _as_rank_0_has_it(median(found), world)
    (short, least), (long, most) = seconds.items()
    messages = 2 * (world.size - 1)
    bandwidth = messages * (long - short) / world.size / max(most - least, 1e-9)
    latency = max(least / messages - short / world.size / bandwidth, 0.0)
    return Link(latency=latency, bandwidth=bandwidth)


def _as_rank_0_has_it(seconds: float, world: Ranks) -> float:
    return world.of_rank_0(lambda: seconds)


def _part(
    nets: Sequence[Net],
    seconds: Mapping[tuple[str, int, int], float],
    links: Sequence[Link],
    world: Ranks,
    setting: Setting,
) -> Part:
    """Return medians of the rounds, and what the model says."""
    measured = Link(
        latency=median(link.latency for link in links),
        bandwidth=median(link.bandwidth for link in links),
    )
    link = setting.link or measured
    cells = []
    for net in nets if world.rank == 0 else ():
        own = {share: seconds["own", net.width, share] for share in _SHARES}
        for batch in BATCHES:
            alone = seconds["alone", net.width, batch]
            cell: dict[str, Any] = {"network": net.name, "batch": batch, "alone": alone}
            if world.size > 1:
                cell["together"] = seconds["together", net.width, batch]
                cell["model"] = step_seconds(batch, world.size, own, net.size, measured)
            cell["others"] = {
                ranks: step_seconds(batch, ranks, own, net.size, link)
                for ranks in OTHERS
                if ranks <= batch
            }
            cells.append(cell)
    errors = [cell["model"] / cell["together"] - 1 for cell in cells if "together" in cell]
    return {
        "what": f"seconds of a step of one hidden layer of ReLU, SGD, {setting.threads} "
        f"thread{'s' * (setting.threads > 1)} each",
        "rounds": len(links),
        "ranks": world.size,
        "hosts": sorted(set(world.hosts)),
        "latency": measured.latency if world.size > 1 else None,
        "bandwidth": measured.bandwidth if world.size > 1 else None,
        "model": {"latency": link.latency, "bandwidth": link.bandwidth},
        "largest_error": max(errors, key=abs, default=None),
        "cells": cells,
    }


def rows(part: Part) -> list[Row]:
    """Return a row per network and mini-batch: measured, by the model, and by the model of more ranks."""
    ranks, several = part["ranks"], part["ranks"] > 1
    head = ["network", "batch", "1 rank ms"]
    head += [f"{ranks} ranks ms", "times as fast", "by the model"] if several else []
    table: list[Row] = [head + [f"of {n}" for n in OTHERS]]
    for cell in part["cells"]:
        alone = cell["alone"]
        row = [cell["network"], f"{cell['batch']:,}", f"{1e3 * alone:.3g}"]
        if several:
            row += [f"{1e3 * cell['together']:.3g}", f"{alone / cell['together']:.2f}"]
            row += [f"{alone / cell['model']:.2f}"]
        others = cell["others"]
        row += [f"{alone / others[n]:.2f}" if n in others else "" for n in OTHERS]
        table.append(row)
    if several:
        error = part["largest_error"]
        table.append(f"{_told(part)} between {ranks} ranks on {_places(part['hosts'])}; the model is "
                     f"off by {abs(error):.0%} at most")  # fmt: skip
    table.append(f"of {', '.join(map(str, OTHERS))}: times as fast as 1 rank, by the model, if a message "
                 f"takes {_told(part['model'])}")  # fmt: skip
    return table


def _told(link: Mapping[str, float]) -> str:
    return f"{1e6 * link['latency']:.3g} us and {1e-9 * link['bandwidth']:.3g} GB/s"


def _places(hosts: Sequence[str]) -> str:
    return "one machine" if len(hosts) == 1 else f"{len(hosts)} machines"


def bars(part: Part) -> list[Bar]:
    """Return how many times as fast all ranks are as one, at the largest mini-batch of each width."""
    several = part["ranks"] > 1
    whose = f"on {part['ranks']} ranks" if several else f"on {OTHERS[0]} ranks, by the model"
    return [
        Bar(cell["network"], times, f"{times:.2f} times {whose}", own=True)
        for cell in part["cells"]
        if cell["batch"] == max(BATCHES)
        for times in [cell["alone"] / (cell["together"] if several else cell["others"][OTHERS[0]])]
    ]


SECTION = Section(
    title=f"times as fast as one rank, {max(BATCHES):,} samples a step",
    run=measure,
    rows=rows,
    bars=bars,
    contenders=("cutaway",),
    by_name=True,
)
