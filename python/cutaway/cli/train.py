"""`cutaway train`: a whole training in one word."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import click

from ..job.begun import Begun, find
from ..job.filming import FilmPlan
from ..job.outputs import MOMENTS
from ..job.run import run
from ..job.together import follow, join, threads_of
from ..learn.recipes import Recipe
from ..look.codecs import SUFFIXES
from ..look.pace import PACES
from ..scale.distributed import Ranks
from . import options, training
from .live import Live, steps_to_see
from .progress import Progress
from .terminal import colours_of, plain, talk
from .together import follow_quietly, lead

_ABOUT_FILM = ("pace", "frames", "every", "fps", "codec", "plain", "theme")


def _resume(context: click.Context, _: click.Parameter, value: Path | None) -> Begun | None:
    """Find the run to go on with; what is not given is then taken from it: the callback of an option."""
    if value is None:
        return None
    ranks: Ranks | None = context.obj
    begun = find(value) if ranks is None else ranks.of_rank_0(lambda: find(value))
    names = ("seed", "backend", "threads", "theme")
    context.default_map = {"out": value, **{name: getattr(begun, name) for name in names}}
    return begun


def _ranks(context: click.Context, _: click.Parameter, value: bool) -> Ranks | None:
    """Meet the other ranks: the callback of an option."""
    ranks = join() if value else None
    context.obj = ranks
    return ranks


class _Command(click.Command):
    """A command that meets the other ranks before it does anything else: they are to hear of it."""

    def parse_args(self, context: click.Context, args: list[str]) -> list[str]:
        return super().parse_args(context, sorted(args, key=lambda word: word != "--mpi"))


@click.command("train", cls=_Command)
@training.options_of_training
@options.seed
@options.backend
@options.threads("the CPU")
@options.out
@click.option(
    "--resume",
    type=options.PATH,
    is_eager=True,
    callback=_resume,
    metavar="DIR",
    help="Go on with the run of a folder that was killed or interrupted, to the same bits as without that; "
    "settings and --out are its own unless given. With more --epochs, also with one that is done. Other "
    "data or settings need --force.",
)
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
@click.option(
    "--page/--no-page",
    default=None,
    help="Write the run as a page, look.html, as most recipes do anyway: drag through the training, draw a "
    "digit.",
)
@options.theme
@click.option(
    "--live",
    is_flag=True,
    help="Draw the hidden layer in the terminal (on stderr) while it learns, slowly enough to be seen: "
    "orange weights excite, blue ones inhibit. The lines of the epochs come below the last picture.",
)
@click.option(
    "--mpi",
    "ranks",
    is_flag=True,
    is_eager=True,
    callback=_ranks,
    help="Share the training with all ranks that mpiexec starts: mpiexec -n 4 cutaway train --mpi. It pays "
    "for wide networks and large --batch-size, whose --lr is yours to raise; the film shows what was kept.",
)
@options.as_json
@click.option("--quiet", is_flag=True, help="No progress but what --live draws.")
@options.force("files")
def command(
    out: Path,
    resume: Begun | None,
    film: Path | None,
    no_film: bool,
    page: bool | None,
    live: bool,
    as_json: bool,
    quiet: bool,
    ranks: Ranks | None,
    **settings: Any,
) -> int:
    """Train a network; leave its film, page, pictures, model and history in a folder.

    Without options: lesson 9's whole job on MNIST, five epochs.
    """
    work = partial(_train, out, resume, film, no_film, page, live, as_json, quiet, ranks, settings)
    if ranks is None:
        return work()
    share = threads_of(ranks) if settings["threads"] is None else None
    settings["threads"] = share or settings["threads"]
    if ranks.rank == 0:
        return lead(ranks, out, share, quiet, work)
    return follow_quietly(ranks, partial(_follow, ranks, resume, settings))


def _follow(ranks: Ranks, resume: Begun | None, settings: dict[str, Any]) -> None:
    """Learn along with rank 0."""
    chosen, source = training.chosen(settings, resume)
    if resume and resume.summary and resume.is_for(chosen, source, settings["seed"]):
        return ranks.end()
    sets = training.read(source, quiet=True, json=True)
    how = {name: settings[name] for name in ("seed", "backend", "threads", "force")}
    follow(ranks, chosen, sets, begun=resume, **how)


def _train(
    out: Path,
    resume: Begun | None,
    film: Path | None,
    no_film: bool,
    page: bool | None,
    live: bool,
    as_json: bool,
    quiet: bool,
    ranks: Ranks | None,
    settings: dict[str, Any],
) -> int:
    """Train, print what came of it, and return the exit code; arguments as of command()."""
    chosen, source = training.chosen(settings, resume)
    theme = settings["theme"]
    about_film = {name: settings.pop(name) for name in _ABOUT_FILM}
    plan = _film_plan(film, no_film, resume.film if resume else _usual(chosen), about_film)
    if resume and resume.summary and resume.is_for(chosen, source, settings["seed"]):
        _print_summary(resume.summary, as_json)
        return 0
    sets = training.read(source, quiet=quiet, json=as_json)
    steps = chosen.steps(len(sets[0]))
    bar = not quiet and sys.stderr.isatty()
    done = _goes_on(resume, steps, None if ranks else plan, quiet)
    progress = Progress(steps, bar=bar, lines=not quiet, json=as_json, done=done)
    before = resume.checkpoint.history if resume and resume.checkpoint else None
    show = (
        _live(progress, theme, epochs=chosen.epochs, steps=steps, history=before)
        if live
        else progress
    )
    with show:
        result = run(
            chosen, sets, out, film=plan, pictures=chosen.draws or plan is not None,
            page=_page(page, chosen, resume), theme=theme, source=source, begun=resume,
            watch=show.moment, watch_film=show.film, watch_at=steps_to_see if live else None,
            told=lambda text: talk(f"cutaway: {plain(text)}"), ranks=ranks, **settings,
        )  # fmt: skip

    _print_summary(result.summary(), as_json)
    for path in result.removed:
        talk(f"removed {plain(str(path))} of an earlier run")
    if plan and plan.frames and result.frames < plan.frames and not result.interrupted:
        talk(f"the film has a frame for every mini-batch: {result.frames}, not {plan.frames}")
    if result.interrupted:
        what = (
            "what was learned so far" if result.test_accuracy is None else "all but the whole film"
        )
        where = plain(str(out))
        talk(f"cutaway: interrupted; {where} holds {what}; cutaway train --resume {where} goes on")
        return 130
    return 0


def _live(progress: Progress, theme: str, **training: Any) -> Live | Progress:
    """Return what draws in the terminal; if nothing can, say so and return the progress."""
    if colours := colours_of(sys.stderr, os.environ):
        return Live(progress, sys.stderr, colours, theme, **training)
    talk("cutaway: --live draws nothing: stderr is no terminal with colours, or NO_COLOR is set")
    return progress


def _usual(recipe: Recipe) -> FilmPlan | None:
    return FilmPlan() if recipe.draws else None


def _page(given: bool | None, recipe: Recipe, begun: Begun | None) -> bool:
    """Tell whether a page is wanted."""
    if given is None:
        return begun.page if begun else recipe.draws
    return given


def _film_plan(
    path: Path | None, without: bool, usual: FilmPlan | None, given: dict[str, Any]
) -> FilmPlan | None:
    """Return which film is wanted, if one is.

    Args:
        path: That was given.
        without: Whether none is wanted.
        usual: What is not given is taken from this; None if there is no film unless some of it is.
        given: The settings of a film.
    """
    settings = {name: value for name, value in given.items() if value}
    named = [name for name in settings if name != "theme"]
    if without and (path or named):
        raise click.UsageError(f"--no-film and --{'film' if path else named[0]} exclude each other")
    if without or not (usual or path or named):
        return None
    if given["every"]:
        if given["frames"] or given["pace"] not in (None, "batch"):
            raise click.UsageError("--every implies --pace batch, and how many --frames there are")
        settings.update(pace="batch", frames=None)
    elif given["pace"] or given["frames"]:
        settings["every"] = None
    if path:
        settings["path"] = path
    return replace(usual or FilmPlan(), **settings)


def _goes_on(begun: Begun | None, steps: int, film: FilmPlan | None, quiet: bool) -> int:
    """Say from where a run goes on, if it does; return after how many mini-batches."""
    if begun is None:
        return 0
    done = 0 if begun.checkpoint is None else begun.checkpoint.place.step
    if not quiet:
        where = f"goes on after mini-batch {done:,} of {steps:,}" if done else "begins anew"
        why = "" if done else ": nothing was learned that is kept"
        again = "; for its film it is done once more" if film and done else ""
        talk(f"cutaway: {plain(str(begun.folder))} {where}{why}{again}")
    return done


def _weakest(accuracies: dict[str, float | None]) -> str:
    """Tell the classes that are recognised least, or all if they are few."""
    rates = [(rate, name) for name, rate in accuracies.items() if rate is not None]
    worst = ", ".join(f"{plain(name)} {rate:.2%}" for rate, name in sorted(rates)[:3])
    return f" ({'lowest' if len(rates) > 3 else 'by class'}: {worst})"


def _print_summary(summary: Mapping[str, Any], as_json: bool) -> None:
    """Print what came of a run."""
    if as_json:
        print(json.dumps(summary, indent=1))
        return
    seconds = summary["seconds"]
    if summary["test_accuracy"] is not None:
        print(f"test accuracy {summary['test_accuracy']:.2%}{_weakest(summary['class_accuracy'])}")
        print(f"verdict: {summary['verdict']}")
    count = summary["threads"]
    who = summary["gpu"] or f"{summary['backend']}, {count} thread{'s' * (count > 1)}"
    print(f"training {seconds['train']:.2f} s, the rest {seconds['render']:.2f} s ({who})")
    for path in map(Path, summary["files"]):
        note = ""
        if path.name == MOMENTS:
            note = f"  {summary['moments']} moments"
        elif path.suffix.lower() in SUFFIXES:
            note = f"  {summary['frames']} frames"
        print(f"{plain(str(path))}{note}")
