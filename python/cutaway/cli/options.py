"""Options and types of options that commands share; what click cannot parse by itself."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from .. import checks
from ..backend.choose import BACKENDS, check_backend
from ..look.codecs import FPS, SUFFIXES
from ..look.theme import THEMES
from ..look.tiles import LAYOUTS
from ..threads import MOST_THREADS

if TYPE_CHECKING:
    from fractions import Fraction

Callback = TypeVar("Callback", bound=Callable[..., Any])

AT_LEAST_ONE = click.IntRange(min=1)
PATH = click.Path(path_type=Path)
_LISTS = ("--hidden", "--neurons")  # which take several numbers


def finite(_: click.Context, param: click.Parameter, value: float | None) -> float | None:
    """Check a number: the callback of an option."""
    if value is not None and not (math.isfinite(value) and value >= 0):
        raise click.BadParameter(f"must be finite and 0 or more, got {value}", param=param)
    return value


def rational(_: click.Context, param: click.Parameter, value: str | None) -> Fraction | None:
    """Read frames per second, a number or a fraction of whole numbers: the callback of --fps."""
    if value is None:
        return None
    from decimal import Decimal
    from fractions import Fraction

    try:
        over, slash, under = value.partition("/")
        number = Fraction(int(over), int(under)) if slash else Decimal(value)
    except (ArithmeticError, ValueError):
        raise click.BadParameter(f"must be a number, got {value!r}", param=param) from None
    try:
        return checks.ratio("train", "fps", number, *FPS)
    except ValueError as error:
        raise click.BadParameter(str(error).removeprefix("train: fps "), param=param) from None


def film_path(_: click.Context, param: click.Parameter, value: str | None) -> Path | None:
    """Read the name of a film: the callback of an option."""
    if value is None:
        return None
    if Path(value).suffix.lower() not in SUFFIXES:
        what = f"must end in {', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]}, got {value!r}"
        raise click.BadParameter(what, param=param)
    return Path(value).absolute() if os.sep in value else Path(value)  # "./x.gif" is here


def _backend(_: click.Context, param: click.Parameter, value: str) -> str:
    try:
        return check_backend("train", value)
    except ValueError as error:
        raise click.BadParameter(str(error).removeprefix("train: backend "), param=param) from None


def check_png(path: Path, option: str) -> None:
    """Check that an option names a PNG file."""
    if path.suffix.lower() != ".png":
        raise click.BadParameter(f"must end in .png, got {path}", param_hint=option)


backend = click.option(
    "--backend",
    callback=_backend,
    default="auto",
    show_default=True,
    metavar=f"[{'|'.join(BACKENDS)}]",
    help="cuda:N is GPU number N, counted from 0; cuda-tf32 takes its products on tensor cores, in "
    "tf32.",
)
seed = click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
out = click.option(
    "--out",
    type=PATH,
    default=Path("cutaway-out"),
    metavar="DIR",
    show_default=True,
    help="Where the files go.",
)
theme = click.option(
    "--theme",
    type=click.Choice(list(THEMES)),
    default="light",
    show_default=True,
    help="Of pictures.",
)
layout = click.option(
    "--layout",
    type=click.Choice(LAYOUTS),
    help="Of a model's arrays that fit both ways: (fan_in, units) or (units, fan_in).",
)
as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout.")


def threads(whose: str) -> Callable[[Callback], Callback]:
    """Return the option of how many threads, and whose they are."""
    return click.option("--threads", type=click.IntRange(1, MOST_THREADS), help=f"Of {whose}.")


def force(what: str) -> Callable[[Callback], Callback]:
    """Return the option that lets a command replace what others wrote."""
    return click.option("--force", is_flag=True, help=f"Replace {what} that cutaway did not write.")


def split_lists(arguments: list[str]) -> list[str]:
    """Rewrite `--hidden 64 32` as `--hidden 64 --hidden 32`, which click can parse."""
    result: list[str] = []
    option = ""
    for argument in arguments:
        if option and argument.isdecimal() and result[-1] != option:
            result.append(option)
        elif argument.startswith("-"):
            option = argument if argument in _LISTS else ""
        result.append(argument)
    return result
