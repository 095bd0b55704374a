"""`cutaway sweep`: some settings with several values, a training for each combination and seed."""

from __future__ import annotations

import json
import math
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import product
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from ..job.sweep import Swept, run_sweep
from ..scale.places import PLACES, working_on
from ..scale.results import Results, shown
from ..scale.settings import VARIED, read_variation
from ..scale.trial import Trial
from . import options, training
from .terminal import plain, talk

_MOST = 1000  # trainings that are begun without --yes
_PATIENCE = 10.0  # seconds from a line of progress to the next, where there is no bar
Variation = tuple[str, dict[str, Any]]


def _variations(_: click.Context, param: click.Parameter, texts: Sequence[str]) -> list[Variation]:
    found = []
    for text in texts:
        try:
            found.append(read_variation(text, VARIED, least=1))
        except ValueError as error:
            raise click.BadParameter(str(error), param=param) from None
    names = [name for name, _ in found]
    for name in names:
        if names.count(name) > 1:
            raise click.BadParameter(f"must have each setting once, got {name} twice", param=param)
    return found


def _place(_: click.Context, param: click.Parameter, value: str) -> str:
    if value not in PLACES and not value.startswith("dask:"):
        rule = f"must be {', '.join(PLACES)} or dask:ADDRESS"
        raise click.BadParameter(f"{rule}, got {value!r}", param=param)
    return value


@click.command("sweep")
@click.option(
    "--vary",
    multiple=True,
    callback=_variations,
    metavar="SETTING=A,B,...",
    help="lr=0.001,0.01,0.1, or values of activation, hidden (32,64-32,none: a dash between layers), "
    "batch-size, epochs, optimizer, schedule, start, recipe or seed. Several times: every combination.",
)
@click.option("--seeds", type=options.AT_LEAST_ONE, metavar="N", help="Of each, from --seed on; 1.")
@training.options_of_training
@options.seed
@options.backend
@options.threads("each training; without, so that all together have every core once")
@click.option(
    "--jobs",
    type=options.AT_LEAST_ONE,
    help="Trainings at the same time; if not given, as many as there are cores.",
)
@click.option(
    "--on",
    callback=_place,
    default="threads",
    show_default=True,
    metavar="[threads|processes|dask:ADDRESS]",
    help="Where the trainings are: in this process, in others, or on a cluster's workers.",
)
@click.option(
    "--out",
    type=options.PATH,
    default=Path("cutaway-sweep"),
    metavar="DIR",
    show_default=True,
    help="Where the files go. The trainings whose results are there are not done again.",
)
@click.option("--yes", is_flag=True, help=f"Begin more than {_MOST:,} trainings.")
@options.theme
@options.as_json
@click.option("--quiet", is_flag=True, help="No progress.")
@options.force("files")
@click.pass_context
def command(
    context: click.Context,
    /,
    vary: list[Variation],
    seeds: int | None,
    seed: int,
    jobs: int | None,
    on: str,
    out: Path,
    yes: bool,
    theme: str,
    as_json: bool,
    quiet: bool,
    force: bool,
    **settings: Any,
) -> int:
    """Train a network for every combination of settings and every seed, many at the same time.

    DIR gets results.jsonl, a line as soon as a training is done, from which the same command goes on
    after Ctrl-C or a kill; in the end results.csv, curves.png, heat.png if two settings vary, and the
    best network by validation accuracy, best.safetensors.
    """
    _check(context, vary, seeds)
    base = training.given(settings)
    source = training.chosen(settings)[1]
    named = {name: value for name, value in settings.items() if value is not None}
    count = math.prod(len(each) for _, each in vary) * (seeds or 1)
    if count > _MOST and not yes:
        raise click.UsageError(f"this asks for {count:,} trainings: --yes begins them")
    values = [*vary, *([] if any(name == "seed" for name, _ in vary) else [_seeds(seed, seeds)])]
    names = [name for name, _ in values]
    configs = [
        {**base, **named, **dict(zip(names, combination, strict=True))}
        for combination in product(*(each.values() for _, each in values))
    ]
    sets = training.read(source, quiet=quiet, json=as_json)
    with working_on("sweep", on), _progress(quiet) as progress:
        swept = run_sweep(
            configs, sets, out, jobs=jobs, theme=theme, force=force,
            begin=progress.begin, watch=progress.see,
        )  # fmt: skip
    print(json.dumps(_summary(swept), indent=1) if as_json else _told(swept))
    if swept.interrupted:
        done = len(swept.results.trials)
        talk(
            f"cutaway: interrupted; {out} holds {done:,} of {swept.of:,} trainings; "
            "the same command goes on"
        )
        return 130
    return 0


def _check(context: click.Context, vary: Sequence[Variation], seeds: int | None) -> None:
    """Check that nothing is said twice."""
    for name, _ in vary:
        if context.get_parameter_source(name.replace("-", "_")) == ParameterSource.COMMANDLINE:
            raise click.UsageError(f"--vary {name}=... and --{name} exclude each other")
        if name == "seed" and seeds:
            raise click.UsageError("--vary seed=... and --seeds exclude each other")


def _seeds(first: int, count: int | None) -> Variation:
    return "seed", {str(seed): seed for seed in range(first, first + (count or 1))}


class _Progress:
    """Says how many trainings are done, how the best is, and how long the rest will take.

    A bar where stderr is a terminal, else a line now and then.
    """

    def __init__(self, quiet: bool) -> None:
        self._quiet = quiet
        self._bar: Any = None
        self._begun = self._told = time.monotonic()
        self._before = self._of = 0

    def begin(self, before: int, of: int) -> None:
        """Begin after how many are there already."""
        self._before, self._of = before, of
        self._begun = self._told = time.monotonic()
        if self._quiet:
            return
        if before:
            talk(f"cutaway: {before:,} of {of:,} trainings are there already")
        if sys.stderr.isatty():
            from tqdm import tqdm

            self._bar = tqdm(
                total=of, initial=before, unit=" trainings", leave=False, file=sys.stderr,
                dynamic_ncols=True,
            )  # fmt: skip

    def see(self, _: Trial, results: Results) -> None:
        """Go on to a trial."""
        best, now = results.best, time.monotonic()
        told = {} if best is None else {"best": f"{best.valid_accuracy:.2%}"}
        if self._bar is not None:
            self._bar.set_postfix(told, refresh=False)
            self._bar.update()
        elif not self._quiet and now - self._told >= _PATIENCE:
            self._told, done = now, len(results.trials)
            left = (now - self._begun) / (done - self._before) * (self._of - done)
            talk(
                f"cutaway: {done:,} of {self._of:,} trainings, "
                f"{''.join(f'best {value}, ' for value in told.values())}{left:.0f} s left"
            )

    def close(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.close()


@contextmanager
def _progress(quiet: bool) -> Iterator[_Progress]:
    progress = _Progress(quiet)
    try:
        yield progress
    finally:
        progress.close()


def _summary(swept: Swept) -> Mapping[str, Any]:
    """Return all as plain numbers and strings."""
    best = swept.results.best
    return {
        **json.loads(swept.results.json()),
        "best": None if best is None else best.row(),
        "before": swept.before,
        "seconds": round(swept.seconds, 3),
        "files": [str(path) for path in swept.files],
        "interrupted": swept.interrupted,
    }


def _told(swept: Swept) -> str:
    """Return a table, the best, and where the files are."""
    results, lines = swept.results, [plain_lines(str(swept.results))]
    if (best := results.best) is not None:
        told = [*results.varied, "seed"]
        words = ", ".join(f"{name.replace('_', '-')} {shown(best.settings[name])}" for name in told)
        lines.append(f"best: {words}: test accuracy {best.accuracy:.2%}")
    new = len(results.trials) - swept.before
    there = f"; {swept.before:,} were there" if swept.before else ""
    lines.append(f"{new:,} trainings in {swept.seconds:.2f} s{there}")
    lines.extend(plain(str(path)) for path in swept.files)
    return "\n".join(lines)


def plain_lines(text: str) -> str:
    """Return lines that cannot control a terminal."""
    return "\n".join(map(plain, text.split("\n")))
