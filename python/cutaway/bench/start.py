"""From the start of a process: importing cutaway, and a net trained to its test accuracy."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ..job.recipes import RECIPES
from ..learn.initial import waves
from .children import ask
from .rounds import Setting, Times, alternate, gather, medians, ratios

_RECIPE = "fast"
_CLOSE = 0.01  # how far the test accuracies may lie apart: the draws of each library differ

_HERE = Path(__file__).parent
_IMPORT = "import time; begin = time.perf_counter(); import {}; print(time.perf_counter() - begin)"


def section(setting: Setting) -> Iterator[dict[str, Any]]:
    """Start processes in turn; yield the result so far after every round.

    Raises:
        RuntimeError: if the nets' accuracies disagree.
    """
    imports = [f"import {name}" for name in ("cutaway", "numpy")]
    works: dict[str, Callable[[int], tuple[float, float]]] = {
        name: partial(_import, name.removeprefix("import ")) for name in imports
    }
    trainings = {"cutaway": _cutaway, "torch": _torch}
    works |= {n: partial(trainings[n], setting.threads) for n in setting.among([*trainings])}
    times: Times = {}
    for row in alternate(works, setting.repeats):
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


def _cutaway(threads: int, number: int) -> tuple[float, float]:
    with tempfile.TemporaryDirectory() as folder:
        command = ["-m", "cutaway", "train", "--recipe", _RECIPE, "--json", "--quiet"]
        begin = time.perf_counter()
        command += ["--backend", "cpu", "--threads", str(threads)]
        command += ["--seed", str(number), "--out", folder]
        answer = ask(*command)
        return time.perf_counter() - begin, float(answer["test_accuracy"])


def _torch(threads: int, number: int) -> tuple[float, float]:
    """Train the same net as a PyTorch user would: a script that knows nothing of cutaway."""
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
