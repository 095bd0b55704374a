"""Epochs side by side: lesson 9, lesson 5, and a wide network; validation accuracies compared."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from ..data.read import mnist
from ..learn.recipes import RECIPES, Recipe
from .children import ask
from .frameworks import Jax, Sklearn
from .libraries import GPU_CONTENDERS, LEARNERS, full_name, short_name
from .peers import Cutaway, NumPy, Peer, Task, Tutorial, UnableError
from .pytorch import Torch, TorchCompiled, TorchGraph
from .rounds import Setting, Times, alternate, clocked, gather, medians, ratios
from .section import Bar, Part, Row, Section
from .tensorflow import TensorFlow
from .trips import far, gather_trips


@dataclass(frozen=True, kw_only=True)
class Epoch:
    """What to compare.

    Attributes:
        title: In short.
        what: In words.
        recipe: The network and how it learns.
        rows: Images of the training set, from its beginning.
        close: How far two validation accuracies may lie apart: rounding grows with ReLU and Adam.
        contenders: Who may take part.
    """

    title: str
    what: str
    recipe: Recipe
    rows: int
    close: float
    contenders: tuple[str, ...] = LEARNERS


EPOCHS = {
    "lesson9": Epoch(
        title="lesson 9: an epoch",
        what="an epoch of 784-64-10 sigmoid, squared error, SGD, batch 64, 50,000 images",
        recipe=RECIPES["lesson9"],
        rows=50_000,
        close=0.003,
    ),
    "lesson5": Epoch(
        title="lesson 5: an epoch",
        what="an epoch of 784-50-10 ReLU, cross-entropy, Adam, batch 64, 50,000 images",
        recipe=replace(RECIPES["lesson5"], lr=1e-3, schedule="constant"),
        rows=50_000,
        close=0.005,
    ),
    "wide": Epoch(
        title="784-1024-1024-10: 50 steps",
        what="50 steps of 784-1024-1024-10 ReLU, cross-entropy, SGD, batch 256",
        recipe=Recipe(
            hidden=(1024, 1024),
            activation="relu",
            output="softmax",
            loss="cross_entropy",
            reduction="mean",
            optimizer="sgd",
            lr=0.05,
            schedule="constant",
            epochs=1,
            batch_size=256,
        ),
        rows=12_800,
        close=0.005,
        contenders=("cutaway", "numpy", "torch", "jax"),
    ),
}
PEERS: dict[str, type[Peer]] = {
    "cutaway": Cutaway,
    "cpu": Cutaway,  # beside the GPU
    "tutorial": Tutorial,
    "numpy": NumPy,
    "torch": Torch,
    "torch-graph": TorchGraph,
    "torch-compiled": TorchCompiled,
    "tensorflow": TensorFlow,
    "jax": Jax,
    "sklearn": Sklearn,
}
SENSIBLE = 0.8  # what scikit-learn, whose loss is its own, must reach


def make_task(name: str, threads: int, backend: str) -> Task:
    """Return what the contenders of a section learn."""
    plan = EPOCHS[name]
    train_set, valid_set, _ = mnist()
    data = train_set.subset(slice(plan.rows))
    network = plan.recipe.make_network(data.images.shape[1], valid_set.classes, backend="cpu")
    start = [network.get_weights(layer) for layer in range(network.architecture.layers)]
    return Task(
        recipe=plan.recipe,
        data=data,
        inputs=data[:][0],
        start=start,
        threads=threads,
        backend=backend,
    )


def make_peer(task: Task, contender: str) -> Peer:
    """Return a contender, ready for its first epoch."""
    return PEERS[contender](replace(task, backend="cpu") if contender == "cpu" else task)


def measure(name: str, setting: Setting) -> Iterator[Part]:
    """Time epochs of all contenders in turn; yield the result so far after every round.

    On a GPU, the first epoch of each is timed, too, in a process of its own ("cold"). Who cannot
    learn here is left out, with the reason ("unable").

    Raises:
        RuntimeError: if the contenders' accuracies disagree.
    """
    plan = EPOCHS[name]
    allowed = GPU_CONTENDERS if setting.backend == "cuda" else plan.contenders
    contenders = setting.among(allowed)
    cold = {}
    if setting.backend == "cuda":
        for who in contenders:
            setting.talk(f"{name}: {who}, cold")
            cold[who] = float(
                ask("-m", "cutaway.bench.cold", name, who, str(setting.threads), setting.backend)
            )
    task = make_task(name, setting.threads, setting.backend)
    peers, unable = _make_peers(task, contenders)
    rated = replace(task, backend="cpu").make_network()
    rated.mean, rated.std = task.data.normalisation
    _, valid_set, _ = mnist()

    times: Times = {}
    trips: Times = {}
    works = {who: clocked(peer.epoch) for who, peer in peers.items()}
    for row in alternate(works, setting):
        gather(times, row)
        if setting.backend == "cpu":
            gather_trips(trips)
        accuracy = {}
        for who, peer in peers.items():
            for layer, values in enumerate(peer.weights()):
                rated.set_weights(layer, values)
            accuracy[who] = rated.evaluate(valid_set)[1]
        _agree(accuracy, plan.close)
        yield {
            "what": plan.what,
            "rounds": len(times["cutaway"]),
            "seconds": medians(times),
            "ratios": ratios(times, "cutaway"),
            "work": rated.architecture.parameters * len(task.data),
            "threads": setting.threads,
            **({"round_trip_ns": medians(trips)} if trips else {}),
            **({"cold": cold} if cold else {}),
            **({"unable": unable} if unable else {}),
            "accuracy": accuracy,
            "times": times,
        }


def _make_peers(task: Task, contenders: Sequence[str]) -> tuple[dict[str, Peer], dict[str, str]]:
    """Return those who can learn here, and why the others cannot."""
    peers, unable = {}, {}
    for who in contenders:
        try:
            peers[who] = make_peer(task, who)
        except UnableError as error:
            unable[who] = str(error)
    return peers, unable


def _agree(accuracy: dict[str, float], close: float) -> None:
    same = [value for name, value in accuracy.items() if name != "sklearn"]
    if max(same) - min(same) > close or accuracy.get("sklearn", 1) < SENSIBLE:
        listed = ", ".join(f"{name} {value:.2%}" for name, value in accuracy.items())
        raise RuntimeError(f"the contenders' accuracies disagree: {listed}")


def rows(part: Part) -> list[Row]:
    """Return a row for every contender, the fastest first."""
    cold = part.get("cold")  # on a GPU only
    result: list[Row] = [
        ["", "ms", "cold ms" if cold else "G/s core", "cutaway is", "accuracy"],
    ]
    pace = part["work"] / part["threads"] / 1e9  # of one that takes a second
    for name, seconds in _by_time(part):
        ratio = part["ratios"].get(name)
        result.append(
            [
                short_name(name),
                f"{seconds * 1e3:.1f}",
                f"{cold[name] * 1e3:.0f}" if cold else f"{pace / seconds:.1f}",
                "" if ratio is None else f"{ratio:.2f} times as fast",
                f"{part['accuracy'][name]:.2%}",
            ]
        )
    if not cold:
        result.append("G/s core: billions of weights times samples, per second and thread")
    if trips := part.get("round_trip_ns"):
        result.append(f"a cache line to another CPU and back: {far(trips.values())}")
    for name, why in part.get("unable", {}).items():
        result.append(f"{short_name(name)} takes no part: {why}")
    if cold:
        result.append(
            "cold: a first epoch in its process, with the start of the GPU and all copies"
        )
    return result


def bars(part: Part) -> list[Bar]:
    """Return a bar for every contender, the fastest first."""
    return [
        Bar(full_name(name), seconds, _beside(seconds, part["ratios"].get(name)), name == "cutaway")
        for name, seconds in _by_time(part)
    ]


def _by_time(part: Part) -> list[tuple[str, float]]:
    return sorted(part["seconds"].items(), key=lambda item: item[1])


def _beside(seconds: float, ratio: float | None) -> str:
    ms = seconds * 1e3
    return f"{ms:.{0 if ms >= 10 else 1}f} ms" + (f", {ratio:.1f}x" if ratio else "")


SECTIONS = {
    name: Section(
        title=plan.title,
        run=partial(measure, name),
        rows=rows,
        bars=bars,
        contenders=plan.contenders,
        on_gpu=GPU_CONTENDERS,
    )
    for name, plan in EPOCHS.items()
}
