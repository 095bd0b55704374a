"""The command line: parse, call, print where the files are.

Results go to stdout, talk and the progress bar to stderr. An error is one line; exit codes are 0, 1 for
a failure, 2 for wrong usage, 130 after Ctrl-C, 143 after SIGTERM.
"""

from __future__ import annotations

import dataclasses
import json
import math
import os
import platform
import signal
import sys
import textwrap
from contextlib import nullcontext
from pathlib import Path
from typing import Any, NoReturn

import click

from .. import bench
from ..backend.choose import BACKENDS, check_backend, cuda_status, isa
from ..data.read import load_directory, mnist
from ..errors import Terminated
from ..files import MARK, may_write, write_figure, write_png
from ..job import run as job
from ..job.recipes import RECIPES
from ..learn.checkpoint import load
from ..learn.progress import Bar
from ..learn.training import Moment
from ..look.picture import grid, neuron
from ..look.tiles import STYLES
from ..threads import MOST_THREADS, default_threads
from ..version import __version__

_NOT_SHOWN = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160))}


def _finite(_: click.Context, param: click.Parameter, value: float | None) -> float | None:
    if value is not None and not (math.isfinite(value) and value >= 0):
        raise click.BadParameter(f"must be finite and 0 or more, got {value}", param=param)
    return value


def _backend(_: click.Context, param: click.Parameter, value: str) -> str:
    try:
        return check_backend("train", value)
    except ValueError as error:
        raise click.BadParameter(str(error).removeprefix("train: backend "), param=param) from None


_AT_LEAST_ONE = click.IntRange(min=1)


@click.group(context_settings={"help_option_names": ["-h", "--help"]}, no_args_is_help=False)
@click.version_option(__version__, prog_name="cutaway", message="%(prog)s %(version)s")
@click.option("--debug", is_flag=True, help="Show a traceback on errors.")
def cli(debug: bool) -> None:
    """Train small neural networks very fast, and look inside while they learn."""
    del debug  # main() looks for it, because an error may come before it is parsed


@cli.command()
@click.option(
    "--recipe",
    type=click.Choice(list(RECIPES)),
    default="lesson9",
    show_default=True,
    help="Where the other settings' defaults come from.",
)
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Folder with the four files of MNIST's format; the embedded MNIST if not given.",
)
@click.option(
    "--hidden",
    type=_AT_LEAST_ONE,
    multiple=True,
    metavar="N ...",
    help="Units of each hidden layer: --hidden 64 32.",
)
@click.option("--epochs", type=_AT_LEAST_ONE, help="Passes over the training set.")
@click.option("--batch-size", type=_AT_LEAST_ONE, help="Samples per mini-batch.")
@click.option(
    "--lr", type=float, callback=_finite, help="Learning rate; the peak of a one-cycle schedule."
)
@click.option("--optimizer", type=click.Choice(["sgd", "adam"]))
@click.option("--schedule", type=click.Choice(["constant", "one-cycle"]))
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@click.option(
    "--backend",
    callback=_backend,
    default="auto",
    show_default=True,
    metavar=f"[{'|'.join(BACKENDS)}]",
    help="cuda:N is GPU number N, counted from 0.",
)
@click.option("--threads", type=click.IntRange(1, MOST_THREADS), help="Of the CPU.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("cutaway-out"),
    metavar="DIR",
    show_default=True,
    help="Where the files go.",
)
@click.option(
    "--every",
    type=_AT_LEAST_ONE,
    default=1,
    show_default=True,
    help="Mini-batches per frame of the film.",
)
@click.option("--fps", type=click.IntRange(1, 1000), default=70, show_default=True)
@click.option("--codec", type=click.Choice(["h264", "mp4v"]), default="h264", show_default=True)
@click.option(
    "--film/--no-film", default=None, help="Whether to make a film; without: several times faster."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout.")
@click.option("--quiet", is_flag=True, help="No progress.")
@click.option("--force", is_flag=True, help="Replace files that cutaway did not write.")
def train(
    recipe: str,
    data: Path | None,
    hidden: tuple[int, ...],
    out: Path,
    as_json: bool,
    quiet: bool,
    **options: Any,
) -> int:
    """Train a network; leave its film, pictures, model and history in a folder.

    Without options: lesson 9's whole job on MNIST, five epochs.
    """
    fields = ("epochs", "batch_size", "lr", "optimizer", "schedule")
    given = {name: options.pop(name) for name in fields}
    changes = {name: value for name, value in given.items() if value is not None}
    if hidden:
        changes["hidden"] = hidden
    chosen = dataclasses.replace(RECIPES[recipe], **changes)
    sets = mnist() if data is None else load_directory(data)

    steps = chosen.epochs * -(-len(sets[0]) // chosen.batch_size)
    show = _Progress(steps, bar=not quiet and sys.stderr.isatty(), lines=not quiet, json=as_json)
    with show:
        result = job.run(chosen, sets, out, watch=show.moment, **options)

    if as_json:
        print(json.dumps(result.summary(), indent=1))
    else:
        _print_result(result)
    if result.interrupted:
        print(f"cutaway: interrupted; {out} holds what was learned so far", file=sys.stderr)
        return 130
    return 0


class _Progress:
    """A bar where stderr is a terminal, and a line per epoch: a result, but talk beside JSON."""

    _HEAD = "epoch   training loss  accuracy   validation loss  accuracy"

    def __init__(self, steps: int, *, bar: bool, lines: bool, json: bool) -> None:
        self._bar = Bar(steps, stay=False) if bar else None
        self._lines = lines
        self._stream = sys.stderr if json else sys.stdout

    def __enter__(self) -> _Progress:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def moment(self, moment: Moment) -> None:
        """Show the next Moment."""
        if self._bar is not None:
            self._bar.show(moment)
        if moment.metrics and self._lines:
            if moment.epoch == 1:
                self._print(self._HEAD)
            m = moment.metrics
            self._print(
                f"{moment.epoch:5d}   {m['train_loss']:13.4f}  {m['train_accuracy']:8.2%}   "
                f"{m['valid_loss']:15.4f}  {m['valid_accuracy']:8.2%}"
            )

    def _print(self, text: str) -> None:
        with self._bar.aside() if self._bar is not None else nullcontext():
            try:
                print(text, file=self._stream, flush=True)
            except BrokenPipeError:  # nobody reads any more; the files are wanted all the same
                self._lines = False


def _print_result(result: job.Result) -> None:
    seconds = result.seconds
    if result.test_accuracy is not None:
        print(f"test accuracy {result.test_accuracy:.2%}")
    who = result.gpu or f"{result.network.backend}, {result.network.threads} threads"
    print(f"training {seconds['train']:.2f} s, the rest {seconds['render']:.2f} s ({who})")
    for path in result.files:
        note = f"  {result.frames} frames" if path.suffix == ".mp4" else ""
        print(f"{_plain(str(path))}{note}")
    for path in result.removed:
        print(f"removed {_plain(str(path))} of an earlier run", file=sys.stderr)


@cli.command("picture")
@click.argument("model", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    default=Path("grid.png"),
    show_default=True,
    help="A PNG file.",
)
@click.option("--layer", type=click.IntRange(min=0), default=0, show_default=True)
@click.option("--unit", type=click.IntRange(min=0), help="One unit instead of the whole layer.")
@click.option(
    "--shape",
    type=(_AT_LEAST_ONE, _AT_LEAST_ONE),
    metavar="H W",
    help="Height and width of a tile.",
)
@click.option("--columns", type=_AT_LEAST_ONE, help="Tiles per row.")
@click.option("--style", type=click.Choice(STYLES), default="diverging", show_default=True)
@click.option("--scale", type=_AT_LEAST_ONE, help="Pixels per weight.")
@click.option("--force", is_flag=True, help="Replace a file that cutaway did not write.")
def picture_command(
    model: Path,
    output: Path,
    layer: int,
    unit: int | None,
    shape: tuple[int, int] | None,
    columns: int | None,
    style: str,
    scale: int | None,
    force: bool,
) -> int:
    """Draw a layer of a saved MODEL, or one of its units."""
    if output.suffix.lower() != ".png":
        raise click.BadParameter(f"must end in .png, got {output}", param_hint="--output")
    network = load(model, backend="cpu")
    weights = network.get_weights(layer)[1:]
    may_write(output, force)
    if unit is None:
        image = grid(
            weights, shape=shape, columns=columns, style=style, scale=scale or 3, legend=True,
            border=True,
        )  # fmt: skip
    else:
        image = neuron(weights, unit, shape=shape, style=style, scale=scale or 16, legend=True)
    write_png(image, output, {"Software": MARK, "Description": f"layer {layer} of {network!r}"})
    print(_plain(str(output)))
    return 0


@cli.command("bench")
@click.argument(
    "sections", nargs=-1, type=click.Choice(list(bench.SECTIONS)), metavar="[SECTION]..."
)
@click.option(
    "--contender",
    "contenders",
    type=click.Choice(list(dict.fromkeys(bench.CONTENDERS + bench.GPU_CONTENDERS))),
    multiple=True,
    help="Compare with this one; may be given again. All that are installed if not given.",
)
@click.option(
    "--repeats",
    type=_AT_LEAST_ONE,
    default=7,
    show_default=True,
    help="Rounds; medians are shown. At most 3 of `job`, which takes long.",
)
@click.option("--threads", type=click.IntRange(1, MOST_THREADS), help="Of every contender.")
@click.option(
    "--backend",
    type=click.Choice(["cpu", "cuda"]),
    default="cpu",
    show_default=True,
    help="Where to compare; on a GPU, cutaway's CPU core takes part, too.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout.")
@click.option("--plot", type=click.Path(path_type=Path), metavar="FILE", help="A PNG with bars.")
@click.option("--force", is_flag=True, help="Replace a file that cutaway did not write.")
def bench_command(
    sections: tuple[str, ...],
    contenders: tuple[str, ...],
    repeats: int,
    threads: int | None,
    backend: str,
    as_json: bool,
    plot: Path | None,
    force: bool,
) -> int:
    """Compare with other libraries, side by side in one process; answers are checked.

    SECTION is lesson9 or lesson5 (an epoch of the lesson), wide (a wide network), matmul (products
    of many sizes), peak (what the hardware allows, and what an epoch reaches of it), job (all that
    `cutaway train` does, against encoding its film alone) or start (importing, and training from
    the start of a process). All of them if none is given; on a GPU, the first three. Libraries that
    are not installed are left out, and named.
    """
    if plot is not None:
        if plot.suffix.lower() != ".png":
            raise click.BadParameter(f"must end in .png, got {plot}", param_hint="--plot")
        may_write(plot, force)
    result = bench.run(
        sections,
        contenders,
        repeats,
        threads or default_threads(),
        talk=lambda text: print(text, file=sys.stderr, flush=True),
        backend=backend,
    )
    print(json.dumps(result, indent=1) if as_json else bench.table(result))
    if plot is not None and result["sections"]:
        notes = {"Software": MARK, "Description": "cutaway bench"}
        write_figure(bench.plot(result), plot, notes)
        print(_plain(str(plot)), file=sys.stderr if as_json else sys.stdout)
    if result["interrupted"]:
        print("cutaway: interrupted; this is what was measured so far", file=sys.stderr)
        return 130
    if result["failed"]:
        told = "; ".join(f"{name}: {why}" for name, why in result["failed"].items())
        raise RuntimeError(f"bench: {told}")
    return 0


@cli.command()
def info() -> int:
    """Show what cutaway found on this machine."""
    import numpy as np

    status = cuda_status()
    rows = {
        "cutaway": __version__,
        "python": f"{platform.python_version()} ({platform.machine()}, {platform.system()})",
        "numpy": np.__version__,
        "backends": "cpu, numpy, cuda" if status.usable else "cpu, numpy",
        "instruction set": isa(),
        "threads": str(default_threads()),
        "cuda": status.text,
    }
    for name, value in rows.items():
        lines = textwrap.wrap(_plain(value), 80, break_long_words=False, break_on_hyphens=False)
        print("\n".join(f"{'' if i else name:16} {line}" for i, line in enumerate(lines)))
    return 0


def _plain(text: str) -> str:
    """Return text that cannot control a terminal."""
    return text.translate(_NOT_SHOWN)


def _message(error: BaseException) -> str:
    if isinstance(error, OSError) and error.strerror:
        name = error.filename2 or error.filename
        return f"{os.fspath(name)}: {error.strerror}" if name else error.strerror
    if isinstance(error, MemoryError):
        return str(error) or "not enough memory"
    return str(error) or type(error).__name__


def _split_hidden(arguments: list[str]) -> list[str]:
    """Rewrite `--hidden 64 32` as `--hidden 64 --hidden 32`, which click can parse."""
    result: list[str] = []
    following = False
    for argument in arguments:
        if following and argument.isdecimal() and result[-1] != "--hidden":
            result.append("--hidden")
        elif argument.startswith("-"):
            following = argument == "--hidden"
        result.append(argument)
    return result


def _end(code: int) -> NoReturn:
    """Exit; a stdout that cannot take the last words is a failure too."""
    try:
        sys.stdout.flush()
    except OSError as error:
        if code == 0 and not isinstance(error, BrokenPipeError):  # else the error was told already
            print(f"cutaway: error: stdout: {error.strerror}", file=sys.stderr)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = code or 1
    sys.exit(code)


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run the command line and exit."""
    arguments = _split_hidden(list(sys.argv[1:] if arguments is None else arguments))
    debug = "--debug" in arguments
    arguments = [a for a in arguments if a != "--debug"]
    terminated = False
    for name in ("stdout", "stderr"):  # None if the shell closed it
        if getattr(sys, name) is None:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            setattr(sys, name, os.fdopen(nowhere, "w", closefd=False))

    def terminate(*_: object) -> NoReturn:
        nonlocal terminated
        terminated = True
        raise Terminated

    signal.signal(signal.SIGTERM, terminate)
    try:
        code = cli.main(arguments, prog_name="cutaway", standalone_mode=False) or 0
    except click.ClickException as error:
        context = getattr(error, "ctx", None)
        path = context.command_path if context else "cutaway"
        where = path.removeprefix("cutaway").strip()
        what = f"{where}: " if where else ""
        why = _plain(error.format_message()).rstrip(".")
        print(f"cutaway: error: {what}{why}; see '{path} --help'", file=sys.stderr)
        code = error.exit_code
    except (KeyboardInterrupt, click.Abort):
        print("cutaway: interrupted", file=sys.stderr)
        code = 130
    except BrokenPipeError:
        code = 1
    except Exception as error:
        if debug:
            raise
        print(f"cutaway: error: {_plain(_message(error))}", file=sys.stderr)
        code = 1
    _end(143 if terminated else int(code))
