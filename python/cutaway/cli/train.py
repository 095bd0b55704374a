"""`cutaway train`: a whole training in one word."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import click

from ..job.filming import FilmPlan
from ..job.result import Result
from ..job.run import run
from ..look.pace import PACES
from . import options, training
from .live import Live, steps_to_see
from .progress import Progress
from .terminal import colours_of, plain, talk

_ABOUT_FILM = ("pace", "frames", "every", "fps", "codec", "plain", "theme")


@click.command("train")
@training.options_of_training
@options.seed
@options.backend
@options.threads("the CPU")
@options.out
@click.option(
    "--film",
    is_flag=False,
    flag_value=str(FilmPlan.path),
    callback=options.film_path,
    metavar="[PATH]",
    help="Make a film, as most recipes do anyway: an .mp4, .gif, .webp or .apng; a name without a slash "
    "is one in the run's folder.",
)
@click.option("--no-film", is_flag=True, help="Make none: several times faster.")
@click.option(
    "--pace",
    type=click.Choice(PACES),
    help="From frame to frame the weights move equally far (movement, the default), the number of "
    "mini-batches grows by a constant factor (log), or is the next (batch).",
)
@click.option(
    "--frames",
    type=options.AT_LEAST_ONE,
    help="Of the film; without: for 20 seconds (10 of a .gif, .webp or .apng), or with --pace batch "
    "one a mini-batch.",
)
@click.option(
    "--every", type=options.AT_LEAST_ONE, help="Mini-batches per frame; implies --pace batch."
)
@click.option(
    "--fps",
    callback=options.rational,
    metavar="N",
    help="Frames per second: 25, 29.97, 30000/1001; without: 30, with --pace batch 70, and 10 of "
    "a .gif, .webp or .apng; fewer for a training too short to last ten seconds.",
)
@click.option(
    "--codec", type=click.Choice(["h264", "mp4v"]), help="Of an .mp4; h264 plays anywhere."
)
@click.option("--plain", is_flag=True, help="A film as the tutorial's: small, without captions.")
@options.theme
@click.option(
    "--live",
    is_flag=True,
    help="Draw the hidden layer in the terminal (on stderr) while it learns, slowly enough to be seen: "
    "orange weights excite, blue ones inhibit. The lines of the epochs come below the last picture.",
)
@options.as_json
@click.option("--quiet", is_flag=True, help="No progress but what --live draws.")
@options.force("files")
def command(
    out: Path,
    film: Path | None,
    no_film: bool,
    live: bool,
    as_json: bool,
    quiet: bool,
    **settings: Any,
) -> int:
    """Train a network; leave its film, pictures, model and history in a folder.

    Without options: lesson 9's whole job on MNIST, five epochs.
    """
    chosen, source = training.chosen(settings)
    theme = settings["theme"]
    plan = _film_plan(film, no_film, chosen.draws, {n: settings.pop(n) for n in _ABOUT_FILM})
    sets = training.read(source, quiet=quiet, json=as_json)
    steps = chosen.steps(len(sets[0]))
    bar = not quiet and sys.stderr.isatty()
    progress = Progress(steps, bar=bar, lines=not quiet, json=as_json)
    show = _live(progress, theme, epochs=chosen.epochs, steps=steps) if live else progress
    with show:
        result = run(
            chosen, sets, out, film=plan, pictures=chosen.draws or plan is not None, theme=theme,
            source=source, watch=show.moment, watch_film=show.film,
            watch_at=steps_to_see if live else None, **settings,
        )  # fmt: skip

    if as_json:
        print(json.dumps(result.summary(), indent=1))
    else:
        _print_result(result)
    if plan and plan.frames and result.frames < plan.frames and not result.interrupted:
        talk(f"the film has a frame for every mini-batch: {result.frames}, not {plan.frames}")
    if result.interrupted:
        what = (
            "what was learned so far" if result.test_accuracy is None else "all but the whole film"
        )
        talk(f"cutaway: interrupted; {plain(str(out))} holds {what}")
        return 130
    return 0


def _live(progress: Progress, theme: str, *, epochs: int, steps: int) -> Live | Progress:
    """Return what draws in the terminal; if nothing can, say so and return the progress."""
    if colours := colours_of(sys.stderr, os.environ):
        return Live(progress, sys.stderr, colours, theme, epochs=epochs, steps=steps)
    talk("cutaway: --live draws nothing: stderr is no terminal with colours, or NO_COLOR is set")
    return progress


def _film_plan(
    path: Path | None, without: bool, usual: bool, given: dict[str, Any]
) -> FilmPlan | None:
    """Return which film is wanted, if one is."""
    named = [name for name, value in given.items() if value and name != "theme"]
    if without and (path or named):
        raise click.UsageError(f"--no-film and --{'film' if path else named[0]} exclude each other")
    if without or not (usual or path or named):
        return None
    if given["every"]:
        if given["frames"] or given["pace"] not in (None, "batch"):
            raise click.UsageError("--every implies --pace batch, and how many --frames there are")
        given["pace"] = "batch"
    settings = {name: value for name, value in given.items() if value is not None}
    return FilmPlan(**settings, path=path or FilmPlan.path)


def _weakest(result: Result) -> str:
    """Tell the classes that are recognised least, or all if they are few."""
    rates = [(rate, name) for name, rate in result.class_accuracy.items() if rate is not None]
    worst = ", ".join(f"{plain(name)} {rate:.2%}" for rate, name in sorted(rates)[:3])
    return f" ({'lowest' if len(rates) > 3 else 'by class'}: {worst})"


def _print_result(result: Result) -> None:
    seconds = result.seconds
    if result.test_accuracy is not None:
        print(f"test accuracy {result.test_accuracy:.2%}{_weakest(result)}")
        print(f"verdict: {result.verdict}")
    who = result.gpu or f"{result.network.backend}, {result.network.threads} threads"
    print(f"training {seconds['train']:.2f} s, the rest {seconds['render']:.2f} s ({who})")
    notes = {
        "moments.safetensors": f"  {result.kept} moments",
        result.film and result.film.name: f"  {result.frames} frames",
    }
    for path in result.files:
        print(f"{plain(str(path))}{notes.get(path.name, '')}")
    for path in result.removed:
        talk(f"removed {plain(str(path))} of an earlier run")
