"""From the start of a process: importing cutaway, and a net trained to its test accuracy."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from functools import partial
from pathlib import Path

import numpy as np

from ..learn.initial import waves
from ..learn.recipes import RECIPES
from .children import ask
from .libraries import full_name, short_name
from .rounds import Setting, Times, alternate, gather, medians, ratios
from .section import Bar, Part, Row, Section

_RECIPE = "fast"
_CLOSE = 0.01  # how far the test accuracies may lie apart: the draws of each library differ

_LOADS = {"cutaway": "cutaway.learn.network", "numpy": "numpy"}  # at the first use of a name
_HERE = Path(__file__).parent
_IMPORT = "import time; begin = time.perf_counter(); import {}; print(time.perf_counter() - begin)"


def measure(setting: Setting) -> Iterator[Part]:
    """Start processes in turn; yield the result so far after every round.

    Raises:
        RuntimeError: if the nets' accuracies disagree.
    """
    imports = [f"import {name}" for name in ("cutaway", "numpy")]
    works: dict[str, Callable[[int], tuple[float, float]]] = {
        name: partial(_import, _LOADS[name.removeprefix("import ")]) for name in imports
    }
    trainings = {"cutaway": train_cutaway, "torch": train_torch}
    works |= {n: partial(trainings[n], setting.threads) for n in setting.among([*trainings])}
    times: Times = {}
    for row in alternate(works, setting):
        gather(times, {name: seconds for name, (seconds, _) in row.items()})
        imported = {name: values for name, values in times.items() if name in imports}
        trained = {name: values for name, values in times.items() if name not in imports}
        accuracy = {name: row[name][1] for name in trained}
        if max(accuracy.values()) - min(accuracy.values()) > _CLOSE:
            listed = ", ".join(f"{name} {value:.2%}" for name, value in accuracy.items())
            raise RuntimeError(f"the nets' test accuracies disagree: {listed}")
        yield {
            "what": "fresh processes: importing; training, from start to exit",
            "rounds": len(times[imports[0]]),
            "import": {
                "seconds": {n.removeprefix("import "): s for n, s in medians(imported).items()},
                "ratio": ratios(imported, "import numpy")["import cutaway"],
            },
            "train": {
                "recipe": _RECIPE,
                "seconds": medians(trained),
                "ratios": ratios(trained, "cutaway"),
                "accuracy": accuracy,
            },
            "times": times,
        }


def _import(module: str, _: int) -> tuple[float, float]:
    return float(ask("-c", _IMPORT.format(module))), 0.0


def train_cutaway(threads: int, number: int) -> tuple[float, float]:
    """Train from the command line; return seconds and test accuracy."""
    with tempfile.TemporaryDirectory() as folder:
        command = ["-m", "cutaway", "train", "--recipe", _RECIPE, "--json", "--quiet"]
        begin = time.perf_counter()
        command += ["--backend", "cpu", "--threads", str(threads)]
        command += ["--seed", str(number), "--out", folder]
        answer = ask(*command)
        return time.perf_counter() - begin, float(answer["test_accuracy"])


def train_torch(threads: int, number: int) -> tuple[float, float]:
    """Train the same net as a PyTorch user would: a script that knows nothing of cutaway.

    Returns:
        Seconds and test accuracy.
    """
    recipe = RECIPES[_RECIPE]
    about = {
        **asdict(recipe),
        "data": str(_HERE.parent / "data" / "mnist"),
        "threads": threads,
        "seed": number,
    }
    script = (_HERE / "torch_script.py").read_text()  # not by its path: that would go to sys.path
    with tempfile.TemporaryDirectory() as folder:
        if recipe.start == "waves":
            about["first_weights"] = f"{folder}/waves.npy"
            np.save(about["first_weights"], waves((28, 28), recipe.hidden[0], number).T)
        begin = time.perf_counter()
        accuracy = ask("-c", script, json.dumps(about))
        return time.perf_counter() - begin, float(accuracy)


def rows(part: Part) -> list[Row]:
    """Return a row for every import, and for every training."""
    imports, training = part["import"], part["train"]
    result: list[Row] = [
        ["import numpy", _ms(imports["seconds"]["numpy"]), "", ""],
        ["import cutaway", _ms(imports["seconds"]["cutaway"]), _as_long(imports["ratio"]), ""],
    ]
    for name, seconds in training["seconds"].items():
        who = f"{short_name(name)}, the same net"
        if name == "cutaway":
            who = f"cutaway train --recipe {training['recipe']}"
        accuracy = f"test accuracy {training['accuracy'][name]:.2%}"
        result.append([who, _ms(seconds), _as_long(training["ratios"].get(name)), accuracy])
    return result


def _ms(seconds: float) -> str:
    return f"{seconds * 1e3:.0f} ms"


def _as_long(ratio: float | None) -> str:
    return "" if ratio is None else f"{ratio:.2f} times as long"


def bars(part: Part) -> list[Bar]:
    """Return a bar for every import, and for every training."""
    recipe, trained = part["train"]["recipe"], part["train"]["seconds"]
    both = [(f"import {who}", who, s) for who, s in part["import"]["seconds"].items()]
    both += [(f"{recipe}: {full_name(who)}", who, s) for who, s in trained.items()]
    return [Bar(label, s, _ms(s), who == "cutaway") for label, who, s in both]


SECTION = Section(
    title="from the start of a process",
    run=measure,
    rows=rows,
    bars=bars,
    contenders=("cutaway", "torch"),
)
