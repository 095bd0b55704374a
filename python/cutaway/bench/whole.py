"""The whole job of `cutaway train` against the same without its film, each in a process of its own."""

from __future__ import annotations

import json
import statistics
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from ..data.read import mnist
from ..job.filming import FilmPlan
from ..job.run import run
from ..learn.recipes import RECIPES
from .children import ask, peak_memory
from .rounds import Setting, Times, alternate, gather, medians, ratios
from .section import Bar, Part, Row, Section

_RECIPE = "lesson9"
_ROUNDS = 5  # at most


def measure(setting: Setting) -> Iterator[Part]:
    """Run the job with and without a film in turn; yield the result so far after every round.

    Raises:
        RuntimeError: if they do not learn the same.
    """
    works: dict[str, Callable[[int], dict[str, Any]]] = {
        name: partial(in_a_process, name, setting.threads) for name in ("whole_job", "without_film")
    }
    times: Times = {}
    memory: list[float] = []
    setting = replace(setting, repeats=min(setting.repeats, _ROUNDS))
    for row in alternate(works, setting, warm_up=False):
        whole, without = row["whole_job"], row["without_film"]
        if whole["fingerprint"] != without["fingerprint"]:
            raise RuntimeError("the job learns otherwise with a film than without")
        gather(times, {name: answer["seconds"] for name, answer in row.items()})
        memory.append(whole["megabytes"])
        yield {
            "what": f"lesson 9's whole job, a film of {whole['frames']:,} frames, against no film",
            "rounds": len(memory),
            "seconds": medians(times),
            "ratio": ratios(times, "without_film")["whole_job"],
            "megabytes": statistics.median(memory),
            "frames": whole["frames"],
            "times": times,
        }


def in_a_process(name: str, threads: int, _: int) -> dict[str, Any]:
    """Let a process of its own do the job, with or without its film; return what it tells."""
    code = "import sys; from cutaway.bench import whole; whole.tell(*sys.argv[1:])"
    with tempfile.TemporaryDirectory() as folder:  # goes away even if the child is killed
        answer: dict[str, Any] = ask("-c", code, name, folder, str(threads))
    return answer


def tell(name: str, folder: str, threads: str) -> None:
    """Do the job in a folder; print what came of it."""
    film = FilmPlan() if name == "whole_job" else None
    print(json.dumps(job(Path(folder), int(threads), film)))


def job(folder: Path, threads: int, film: FilmPlan | None) -> dict[str, Any]:
    """Train lesson 9 and leave its model, history and pictures, and maybe a film."""
    result = run(RECIPES[_RECIPE], mnist(), folder, backend="cpu", threads=threads, film=film)
    return {
        "seconds": result.seconds["total"],
        "frames": result.frames,
        "fingerprint": result.network.fingerprint(),
        "megabytes": peak_memory(),
    }


def rows(part: Part) -> list[Row]:
    """Return both times, and the job's memory."""
    seconds = part["seconds"]
    return [
        ["without the film", f"{seconds['without_film']:.2f} s", ""],
        ["whole job", f"{seconds['whole_job']:.2f} s", f"{part['ratio']:.2f} times as long"],
        ["its peak memory", f"{part['megabytes']:.0f} MB", ""],
    ]


def bars(part: Part) -> list[Bar]:
    """Return both times."""
    whole, without = part["seconds"]["whole_job"], part["seconds"]["without_film"]
    beside = f"{whole:.1f} s, {part['ratio']:.2f}x"
    return [
        Bar("training, pictures, film", whole, beside, own=True),
        Bar("the same without the film", without, f"{without:.1f} s", own=False),
    ]


SECTION = Section(title="the whole job", run=measure, rows=rows, bars=bars, contenders=("cutaway",))
