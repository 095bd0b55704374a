"""The whole job of `cutaway train` against encoding its film alone, each in a process of its own."""

from __future__ import annotations

import hashlib
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from ..data.read import mnist
from ..job.outputs import FILM, frames_of
from ..job.recipes import RECIPES
from ..job.run import run
from ..look.film import Film
from .children import ask, peak_memory
from .rounds import Setting, Times, alternate, gather, medians, ratios
from .section import Bar, Part, Row, Section

_RECIPE = "lesson9"
_ROUNDS = 3  # at most: a round takes as long as two films


def measure(setting: Setting) -> Iterator[Part]:
    """Run the job and the encoding in turn; yield the result so far after every round.

    Raises:
        RuntimeError: if their films differ.
    """
    works: dict[str, Callable[[int], dict[str, Any]]] = {
        name: partial(in_a_process, name, setting.threads) for name in ("whole_job", "encoding")
    }
    times: Times = {}
    memory: list[float] = []
    setting = replace(setting, repeats=min(setting.repeats, _ROUNDS))
    for row in alternate(works, setting, warm_up=False):
        whole, alone = row["whole_job"], row["encoding"]
        if whole["film"] != alone["film"]:
            raise RuntimeError("the job's film and the one encoded alone differ")
        gather(times, {name: answer["seconds"] for name, answer in row.items()})
        memory.append(whole["megabytes"])
        yield {
            "what": f"lesson 9's whole job, {whole['frames']:,} frames, against encoding them alone",
            "rounds": len(memory),
            "seconds": medians(times),
            "ratio": ratios(times, "encoding")["whole_job"],
            "megabytes": statistics.median(memory),
            "frames": whole["frames"],
            "times": times,
        }


def in_a_process(name: str, threads: int, _: int) -> dict[str, Any]:
    """Let a process of its own do the job or the encoding; return what it tells."""
    code = "import sys; from cutaway.bench import whole; whole.tell(*sys.argv[1:])"
    with tempfile.TemporaryDirectory() as folder:  # goes away even if the child is killed
        answer: dict[str, Any] = ask("-c", code, name, folder, str(threads))
    return answer


def tell(name: str, folder: str, threads: str) -> None:
    """Do the job or the encoding in a folder; print what it returns, and what film it left."""
    work = {"whole_job": whole_job, "encoding": encoding}[name]
    answer = work(Path(folder), int(threads))
    answer["film"] = hashlib.sha256((Path(folder) / FILM).read_bytes()).hexdigest()
    print(json.dumps(answer))


def whole_job(folder: Path, threads: int) -> dict[str, Any]:
    """Train lesson 9 and leave its film, pictures, model and history."""
    result = run(RECIPES[_RECIPE], mnist(), folder, backend="cpu", threads=threads)
    memory = peak_memory()
    return {"seconds": result.seconds["total"], "frames": result.frames, "megabytes": memory}


def encoding(folder: Path, threads: int) -> dict[str, Any]:
    """Make the job's frames first, then time their encoding."""
    recipe, (data, valid_set, _) = RECIPES[_RECIPE], mnist()
    network = recipe.make_network(
        data.images.shape[1], valid_set.classes, backend="cpu", threads=threads
    )
    draw = frames_of(network, data.shape)
    frames = [draw(moment) for moment in recipe.train(network, data, every=1)]
    begin = time.perf_counter()
    with Film(folder / FILM) as film:
        for frame in frames:
            film.write(frame)
    return {"seconds": time.perf_counter() - begin, "frames": film.frames}


def rows(part: Part) -> list[Row]:
    """Return both times, and the job's memory."""
    seconds = part["seconds"]
    return [
        ["encoding alone", f"{seconds['encoding']:.2f} s", ""],
        ["whole job", f"{seconds['whole_job']:.2f} s", f"{part['ratio']:.2f} times as long"],
        ["its peak memory", f"{part['megabytes']:.0f} MB", ""],
    ]


def bars(part: Part) -> list[Bar]:
    """Return both times."""
    whole, alone = part["seconds"]["whole_job"], part["seconds"]["encoding"]
    beside = f"{whole:.1f} s, {part['ratio']:.2f}x"
    return [
        Bar("training, pictures, film", whole, beside, own=True),
        Bar("encoding the film alone", alone, f"{alone:.1f} s", own=False),
    ]


SECTION = Section(title="the whole job", run=measure, rows=rows, bars=bars, contenders=("cutaway",))
