"""`cutaway race`: one setting with several values, a training each, in one film and one picture."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from contextlib import closing, nullcontext
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from ..job.filming import FilmPlan
from ..job.lane import Lane
from ..job.outputs import remove
from ..job.race import Race, race
from ..job.variants import variants
from ..learn.progress import Bar
from ..look.board import MOST
from ..scale.settings import OF_A_RECIPE, read_variation
from . import looking, options, training
from .terminal import plain, talk

_PICTURE, _FILM = Path("race.png"), Path("race.mp4")


def _variation(_: click.Context, param: click.Parameter, text: str) -> tuple[str, dict[str, Any]]:
    try:
        setting, values = read_variation(text, OF_A_RECIPE)
    except ValueError as error:
        raise click.BadParameter(str(error), param=param) from None
    if len(values) > MOST:
        raise click.BadParameter(f"must have at most {MOST} values, got {len(values)}", param=param)
    return setting, values


@click.command("race")
@click.option(
    "--vary",
    required=True,
    callback=_variation,
    metavar="SETTING=A,B,...",
    help="lr=0.0005,0.005,0.05, or values of activation, hidden (32,64-32,none: a dash between layers), "
    "batch-size, epochs, optimizer, schedule, start (normal,waves) or seed.",
)
@training.options_of_training
@options.seed
@options.backend
@click.option(
    "--threads",
    type=options.AT_LEAST_ONE,
    help="Trainings at the same time; if not given, as many as there are cores.",
)
@click.option(
    "--out",
    type=options.PATH,
    default=Path("cutaway-race"),
    metavar="DIR",
    show_default=True,
    help="Where the files go: a folder for each training, the film and the picture.",
)
@looking.output(str(_PICTURE), "; a name without a slash is one in DIR")
@click.option("--no-film", is_flag=True, help="Make none.")
@click.option(
    "--frames", type=options.AT_LEAST_ONE, help="Of the film, at most; if not given, 300."
)
@click.option("--fps", callback=options.rational, metavar="N", help="Frames per second; 20.")
@options.theme
@looking.describe
@options.as_json
@click.option("--quiet", is_flag=True, help="No progress.")
@options.force("files")
@click.pass_context
def command(
    context: click.Context,
    /,
    vary: tuple[str, dict[str, Any]],
    seed: int,
    out: Path,
    output: Path,
    no_film: bool,
    frames: int | None,
    fps: Any,
    theme: str,
    describe: bool,
    as_json: bool,
    quiet: bool,
    **settings: Any,
) -> int:
    """Train a network once for each value of a setting, side by side, and film the race.

    Each training has a folder of its own in DIR, as `cutaway train --no-film` leaves it. One that fails
    is part of the result: film, picture and table tell so.
    """
    setting = vary[0]
    if context.get_parameter_source(setting.replace("-", "_")) == ParameterSource.COMMANDLINE:
        raise click.UsageError(f"--vary {setting}=... and --{setting} exclude each other")
    if no_film and (frames or fps):
        raise click.UsageError("--no-film excludes --frames and --fps")
    recipe, source = training.chosen(settings)
    picture = out / output if output.parent == Path() else output
    files = [picture] if no_film else [picture, out / _FILM]
    trainings = variants(*vary, recipe, seed)
    sets = training.read(source, quiet=quiet, json=as_json)

    steps = sum(variant.recipe.steps(len(sets[0])) for variant in trainings)
    bar = Bar(steps, stay=False) if not quiet and sys.stderr.isatty() else None
    with closing(bar) if bar else nullcontext():
        result = race(
            trainings, sets, out, files=files, frames=frames, pictures=recipe.draws, theme=theme,
            source=source, watch=bar.count if bar else None, **settings,
        )  # fmt: skip
        sentence = looking.write(result.picture(theme), picture)
        if not no_film:
            plan = FilmPlan(fps=fps, theme=theme)
            result.film(plan, files[1], bar.show_frames if bar else None)

    files = [
        path for path in files if path.exists()
    ]  # a film may be stopped before its first frame
    if as_json:
        print(json.dumps(_summary(result, setting, files, sentence), indent=1))
    else:
        _print(result, files, sentence if describe else "")
    for path in remove(out / name for name in (_PICTURE, _FILM) if out / name not in files):
        talk(f"removed {plain(str(path))} of an earlier race")
    if result.interrupted:
        talk(f"cutaway: interrupted; {out} holds what was learned so far")
        return 130
    return 0


def _summary(
    result: Race, setting: str, files: Sequence[Path], description: str
) -> dict[str, object]:
    """Return all as plain numbers and strings."""
    return {
        "setting": setting,
        "trainings": [lane.summary() for lane in result.lanes],
        "description": description,
        "seconds": round(result.seconds, 3),
        "frames": result.frames,
        "files": [str(path) for path in files],
        "interrupted": result.interrupted,
    }


def _print(result: Race, files: Sequence[Path], sentence: str) -> None:
    """Print a table of the trainings, and where the files are."""
    wide = max(len(lane.variant.name) for lane in result.lanes)
    print(f"{'':{wide}}   training loss   validation accuracy   test accuracy")
    for lane in result.lanes:
        print(f"{plain(lane.variant.name):{wide}}   {_row(lane)}")
    print(f"training {result.seconds:.2f} s")
    for folder in (lane.folder for lane in result.lanes if lane.result):
        print(plain(str(folder)))
    for path, note in zip(files, ("", f"  {result.frames} frames"), strict=False):
        print(f"{plain(str(path))}{note}")
    if sentence:
        print(plain(sentence))


def _row(lane: Lane) -> str:
    """Tell how a training ended, in the table's columns."""
    if lane.failure:
        return f"failed: {str(lane.failure).removeprefix('train: ')}"
    epochs, test = lane.history.epochs, lane.result and lane.result.test_accuracy
    if not epochs:
        return "interrupted in its first epoch"
    loss, valid = epochs[-1]["train_loss"], epochs[-1]["valid_accuracy"]
    return f"{loss:13.4f}   {valid:19.2%}   {'' if test is None else f'{test:.2%}':>13}"
