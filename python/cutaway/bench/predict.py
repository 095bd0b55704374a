"""Answers side by side: pixels go in, classes come out, for many digits and for one.

The network learned lesson 9 for an epoch. Every contender's answers are checked in every round.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..backend.contract import I64
from ..backend.reference import ReferenceCore
from ..data.dataset import Dataset
from ..data.loader import DataLoader
from ..data.read import mnist
from ..learn.checkpoint import save
from ..learn.network import Network
from ..learn.recipes import RECIPES
from ..learn.training import fit
from .libraries import full_name, short_name
from .rounds import Setting, Times, alternate, clock, gather, loops_of, medians, ratios
from .section import Bar, Part, Row, Section

COUNTS = (10_000, 1)  # digits that are asked for at once
_CLOSE = 1e-3  # share of the answers that may be others than float64's: rounding decides near ties

Pixels = NDArray[Any]  # uint8 (n, 784)
Answer = Callable[[Pixels], I64]  # classes (n,)


def _cutaway(network: Network) -> Answer:
    return network.predict


def _onnxruntime(network: Network) -> Answer:
    """Return what answers by the file that save() writes, whose graph takes pixels, too."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = network.threads
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "digits.onnx"
        save(network, path)
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return lambda pixels: session.run(None, {"x": pixels})[0].argmax(axis=1)


ANSWERS: dict[str, Callable[[Network], Answer]] = {
    "cutaway": _cutaway,
    "onnxruntime": _onnxruntime,
}


def measure(setting: Setting) -> Iterator[Part]:
    """Time the answers of all contenders in turn; yield the result so far after every round.

    Raises:
        RuntimeError: if answers are wrong.
    """
    train_set, _, test_set = mnist()
    network = _trained(train_set, setting.threads)
    sets = [test_set.images[:count] for count in COUNTS]
    exact = _exact(network, sets[0], train_set.normalisation)
    works = {
        who: _sheet(who, ANSWERS[who](network), sets, exact) for who in setting.among([*ANSWERS])
    }
    times: list[Times] = [{} for _ in sets]
    for row in alternate(works, setting):
        for i, seconds in enumerate(times):
            gather(seconds, {who: row[who][i] for who in row})
        yield {
            "what": "784-64-10 sigmoid, from pixels to classes",
            "rounds": len(times[0]["cutaway"]),
            "counts": [
                {
                    "digits": len(pixels),
                    "seconds": medians(seconds),
                    "ratios": ratios(seconds, "cutaway"),
                    "times": seconds,
                }
                for pixels, seconds in zip(sets, times, strict=True)
            ],
        }


def _trained(data: Dataset, threads: int) -> Network:
    recipe = RECIPES["lesson9"]
    network = recipe.make_network(data.images.shape[1], 10, backend="cpu", threads=threads)
    loader = DataLoader(data, recipe.batch_size, shuffle=True)
    fit(network, loader, optimizer=recipe.make_optimizer(), epochs=1)
    return network


def _exact(network: Network, pixels: Pixels, normalisation: tuple[float, float]) -> I64:
    """Return the classes (n,) that the reference finds in float64."""
    core = ReferenceCore(network.architecture, np.float64)
    layers = network.architecture.layers
    for layer in range(layers):
        core.set_weights(layer, network.get_weights(layer))
    (outputs,) = core.forward(pixels, *normalisation, [layers - 1])
    classes: I64 = outputs.argmax(axis=1)
    return classes


def _sheet(
    who: str, answer: Answer, sets: list[Pixels], exact: I64
) -> Callable[[int], list[float]]:
    """Return what times the answers for all sets by one contender, and checks them."""
    calls = [partial(answer, pixels) for pixels in sets]
    loops = [loops_of(call) for call in calls]

    def sheet(_: int) -> list[float]:
        seconds = [clock(call, count) for call, count in zip(calls, loops, strict=True)]
        for call in calls:
            found = call()
            wrong = np.mean(found != exact[: len(found)])
            if wrong > _CLOSE:
                raise RuntimeError(f"{wrong:.1%} of the {len(found)} answers by {who} are wrong")
        return seconds

    return sheet


def rows(part: Part) -> list[Row]:
    """Return a row for every contender, cutaway first."""
    counts = part["counts"]
    result: list[Row] = [["", *(_label(count["digits"]) for count in counts), "cutaway is"]]
    for who in counts[0]["seconds"]:
        faster = " and ".join(f"{c['ratios'][who]:.2f}" for c in counts if who in c["ratios"])
        cells = [_time(count["seconds"][who]) for count in counts]
        result.append([short_name(who), *cells, faster and f"{faster} times as fast"])
    return result


def bars(part: Part) -> list[Bar]:
    """Return a bar for every contender and count: how long it takes, and cutaway 1."""
    result = []
    for count in part["counts"]:
        for who, seconds in count["seconds"].items():
            ratio = count["ratios"].get(who)
            beside = _time(seconds) + (f", {ratio:.1f}x" if ratio else "")
            label = f"{_label(count['digits'])}: {full_name(who)}"
            result.append(Bar(label, ratio or 1.0, beside, who == "cutaway"))
    return result


def _label(digits: int) -> str:
    return f"{digits:,} digit{'s' if digits > 1 else ''}"


def _time(seconds: float) -> str:
    return f"{seconds * 1e3:.1f} ms" if seconds >= 1e-3 else f"{seconds * 1e6:.1f} us"


SECTION = Section(
    title="answers, each against cutaway's",
    run=measure,
    rows=rows,
    bars=bars,
    contenders=tuple(ANSWERS),
)
