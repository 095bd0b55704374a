"""What commands share that look at a run of an earlier day: RUN, its data, where the picture goes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ..files import MARK, may_write, write_picture
from ..job.earlier import Earlier
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


run = click.argument("run", type=options.PATH)  # a run's folder, or a model's file
data = click.option(
    "--data",
    type=options.PATH,
    metavar="PATH",
    help="Instead of the data that the run had; mnist for the embedded ones.",
)
describe = click.option("--describe", is_flag=True, help="Print in a sentence what is seen.")


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
