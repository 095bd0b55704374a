"""What commands share that look at a run of an earlier day: RUN, its data, where the picture goes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ..backend.contract import ACTIVATIONS, OUTPUTS
from ..files import MARK, may_write, write_picture
from ..job.earlier import Earlier, read_run
from ..job.source import Data, Source, read_again, source_of
from . import options
from .terminal import plain

if TYPE_CHECKING:
    from PIL.Image import Image

Callback = TypeVar("Callback", bound=Callable[..., Any])
SUFFIXES = (".png", ".pdf")


def _picture_path(_: click.Context, param: click.Parameter, value: Path) -> Path:
    if value.suffix.lower() not in SUFFIXES:
        raise click.BadParameter(f"must end in .png or .pdf, got {value}", param=param)
    return value


def _activations(_: click.Context, param: click.Parameter, value: str | None) -> list[str] | None:
    names = None if value is None else value.split(",")
    if names and not ({*names[:-1]} <= {*ACTIVATIONS} and names[-1] in OUTPUTS):
        known = f"{', '.join(ACTIVATIONS)}; at the end {', '.join(OUTPUTS)}"
        raise click.BadParameter(f"must be names with commas, of {known}; got {value}", param=param)
    return names


run = click.argument("run", type=options.PATH)  # a run's folder, or a model's file
_OF_OTHERS = (
    click.option(
        "--activations",
        callback=_activations,
        metavar="HIDDEN,OUTPUT",
        help="Of a model's file that does not tell them: relu,softmax, or one for each layer.",
    ),
    click.option(
        "--normalise",
        type=(float, float),
        metavar="MEAN STD",
        help="Of a model of others: it learned from (pixel - MEAN) / STD; 0 255 for pixels divided by 255.",
    ),
    options.layout,
)
data = click.option(
    "--data",
    type=options.PATH,
    metavar="PATH",
    help="Instead of the data that the run had; mnist for the embedded ones.",
)
describe = click.option("--describe", is_flag=True, help="Print in a sentence what is seen.")


def model(command: Callback) -> Callback:
    """Add RUN, which may be anybody's model, and the options of what its file may not tell."""
    for option in reversed(_OF_OTHERS):
        command = option(command)
    return run(command)


def read(path: Path, activations: list[str] | None, normalise: Any, layout: str | None) -> Earlier:
    """Read a run, or the model of a file, with what is told of it."""
    told: dict[str, Any] = {"who": click.get_current_context().info_name, "layout": layout}
    if activations is not None:
        *hidden, told["output"] = activations
        told["activation"] = hidden[0] if len(hidden) == 1 else hidden
    if normalise is not None:
        told["mean"], told["std"] = normalise
    given = [name for name, value in told.items() if value is not None and name != "who"]
    if given and path.is_dir():
        raise click.UsageError(
            "--activations, --normalise and --layout are for a file, not a run's folder"
        )
    return read_run(path, told)


def output(name: str, where: str = "") -> Callable[[Callback], Callback]:
    """Return the option of where the picture goes, with the name that it has without it."""
    return click.option(
        "-o",
        "--output",
        type=options.PATH,
        callback=_picture_path,
        default=Path(name),
        show_default=True,
        help=f"A PNG or PDF file{where}.",
    )


def data_of(earlier: Earlier, path: Path | None) -> Data:
    """Return training, validation and test set: those of the run, or others, read as those were.

    Raises:
        ValueError: if the run's are unknown or changed, or others do not fit its network.
    """
    if path is None:
        data = read_again(earlier.data)
    elif path == Path("mnist") and not path.exists():
        data, _ = Source().read()
    else:
        data, _ = source_of(earlier.data).at(path).read()
    features = earlier.network.architecture.sizes[0]
    for part in data:
        if part.images.shape[1] != features:
            raise ValueError(
                f"the network takes {features} features, the data have {part.images.shape[1]}"
            )
    return data


def leave(image: Image, path: Path, describe: bool, force: bool) -> None:
    """Write a picture, and print its name, and in a sentence what is seen if that is wanted."""
    may_write(path, force)
    sentence = write(image, path)
    print(plain(str(path)))
    if describe:
        print(plain(sentence))


def write(image: Image, path: Path) -> str:
    """Write a picture; return in a sentence what is seen."""
    sentence = str(image.info.get("Description", ""))
    write_picture(image, path, {"Software": MARK, "Description": sentence})
    return sentence
