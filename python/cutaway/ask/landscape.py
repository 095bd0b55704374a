"""Landscape: the moments of a training and data go in; the way it took over its losses comes out."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import checks
from ..backend.contract import F64
from ..data.dataset import Dataset
from ..learn.history import Moment
from ..learn.network import Network
from ..learn.rows import check_dataset
from ..look.film import Film
from ..look.landscape import SHAPE, Landscape, Mark
from ..look.theme import THEMES
from ..measure.movement import RANDOM_WALK, Plane, losses_at, losses_on, plane_of
from .given import check_moments, network_asked

if TYPE_CHECKING:
    from PIL.Image import Image

_POINTS = 25  # of the plane each way
_SAMPLES = 2000
_WORK = 1.1e8  # samples times parameters, at most: of large networks fewer samples are taken
_FEWEST = 100
_MOMENTS = 200  # of a path
_ROOM = 1.45  # times the path is a map
_SECONDS, _HOLD, _FPS = 6, 2.0, 25  # of a film


def landscape(
    network: Any,
    data: Dataset,
    moments: Iterable[Moment],
    *,
    film: str | os.PathLike[str] | None = None,
    theme: str = "light",
) -> Image:
    """Draw the loss as a map, and the way that a training took over it.

    The map is the plane through the training's start and end that holds most of its movement, in all
    weights and biases (measure.movement tells how); the loss of 25 by 25 points of it is measured. Moments
    between the ends lie beside the plane: the film tells their own loss, which may not be the map's.

    Args:
        network: That was trained; it says what the weights are of, its own are not used.
        data: Labelled samples, of which up to 2,000 are taken evenly: of a training set for what
            the training tried to make small. Fewer for networks of more than 50,000 parameters.
        moments: Of its training, from its start to its end; three or more, 200 are taken evenly.
        film: Where a film goes in which the path grows, at the same speed on the map everywhere: a
            name as Film's; None for none.
        theme: "light" or "dark".

    Returns:
        An RGB image; its `.info["Description"]` tells in a sentence what is seen.

    Raises:
        TypeError, ValueError: for arguments that make no landscape.
        OSError: if the film cannot be written.
    """
    who = "landscape"
    network = network_asked(who, network, data)
    check_dataset(who, data, network.architecture)
    checks.choice(who, "theme", theme, tuple(THEMES))
    kept = way_of(moments)
    if [w.shape for w in kept[-1].weights] != [w.shape for w in network.weights]:
        raise ValueError(f"{who}: moments must be of the network, got others")
    reel = None if film is None else _reel(film, network, kept)
    plane = plane_of(who, kept)
    some = _some(network, data)
    x, y = _around(plane.path)
    losses, heights = losses_on(network, some, plane, x, y), losses_at(network, some, kept)
    foots = [_foot(moment, kept[-1], loss) for moment, loss in zip(kept, heights, strict=True)]
    told = _told(plane, some, data)
    picture = Landscape(
        x, y, losses, plane.path, marks=_marks(kept, heights),
        title=f"The way from loss {heights[0]:.3g} to {heights[-1]:.3g}", note="; ".join(told),
        sides=(
            f"distance in weights, along the line from start to end: {plane.shares[0]:.1%} of the movement",
            f"farthest across it: {plane.shares[1]:.1%}",
        ), theme=theme,
    )  # fmt: skip
    if reel is not None:
        with reel:
            for at in _frames(plane.path, round(_SECONDS * reel.fps)):
                reel.write(picture.draw(foots[int(at)], at))
    image = picture.draw(foots[-1])
    image.info["Description"] = _sentence(network, kept, plane, losses, heights, told)
    return image


def way_of(moments: Iterable[Moment]) -> list[Moment]:
    """Return the moments of a path: some evenly if there are many, the first and the last among them.

    Raises:
        TypeError, ValueError: if they are none of one training, or fewer than three.
    """
    kept = check_moments("landscape", moments, least=3)
    places = np.linspace(0, len(kept) - 1, min(_MOMENTS, len(kept))).round().astype(int)
    return [kept[place] for place in places]


def _reel(film: str | os.PathLike[str], network: Network, moments: Sequence[Moment]) -> Film:
    """Return the film that is to be made, which tells at once if it cannot be."""
    path = checks.path("landscape", "film", film)
    return Film(
        path, _FPS if path.suffix.lower() == ".mp4" else None, scale=1, hold=_HOLD,
        description=f"the way of a {_sizes(network)} network over the loss while it learns, from "
        f"mini-batch {moments[0].step:,} to {moments[-1].step:,}",
    )  # fmt: skip


def _some(network: Network, data: Dataset) -> Dataset:
    """Return as many samples as there is time for, evenly."""
    parameters = sum(layer.size for layer in (*network.weights, *network.biases))
    most = int(np.clip(_WORK / parameters, _FEWEST, _SAMPLES))
    places = np.linspace(0, len(data) - 1, min(most, len(data))).round().astype(int)
    return data.subset(places)


def _around(path: F64) -> tuple[F64, F64]:
    """Return the places of a grid around a path, along both directions."""
    low, high = path.min(axis=0), path.max(axis=0)
    width = _ROOM * max(high[0] - low[0], (high[1] - low[1]) / SHAPE)
    half = np.array([width, width * SHAPE]) / 2
    x, y = np.linspace((low + high) / 2 - half, (low + high) / 2 + half, _POINTS).T
    return x, y


def _frames(path: F64, count: int) -> list[float]:
    """Return places along a path that are equally far from each other on the plane."""
    lengths = np.append(0, np.linalg.norm(np.diff(path, axis=0), axis=1).cumsum())
    wanted = np.linspace(0, lengths[-1], count)
    places: list[float] = np.interp(wanted, lengths, np.arange(len(path))).tolist()
    return places


def _marks(moments: Sequence[Moment], losses: F64) -> list[Mark]:
    """Return what is marked: the start, the ends of epochs, also between moments, and the end."""
    steps, last = [moment.step for moment in moments], len(moments) - 1
    epoch = max(-(-moment.step // max(moment.epoch, 1)) for moment in moments)  # mini-batches
    ends = range(1, moments[-1].epoch)
    places = np.interp([epoch * number for number in ends], steps, np.arange(len(steps)))
    return [
        Mark(at=0, text=f"start, loss {losses[0]:.3g}"),
        *(Mark(at=at, text=f"epoch {number}") for number, at in zip(ends, places, strict=True)),
        Mark(at=last, text=f"end, loss {losses[-1]:.3g}"),
    ]


def _sizes(network: Network) -> str:
    return "-".join(map(str, network.architecture.sizes))


def _foot(moment: Moment, last: Moment, loss: float) -> str:
    """Tell of a moment."""
    of = f"epoch {moment.epoch} of {last.epoch}" if moment.step else "start"
    return f"{of}: loss {loss:.3f} after {moment.step:,} of {last.step:,} mini-batches"


def _told(plane: Plane, some: Dataset, data: Dataset) -> list[str]:
    """Tell what a map is of."""
    return [
        f"{plane.shares.sum():.1%} of the movement lies in this plane (of a random walk, {RANDOM_WALK:.0%})"
        ", where the path is its shadow",
        f"loss on {len(some):,} of {len(data):,} samples",
    ]


def _sentence(
    network: Network, moments: Sequence[Moment], plane: Plane, losses: F64, heights: F64,
    told: Sequence[str],
) -> str:  # fmt: skip
    """Tell of a landscape in numbers."""
    return (
        f"landscape of the loss, and the way of a {_sizes(network)} network over it: from "
        f"{heights[0]:.3g} at the start to {heights[-1]:.3g} after {moments[-1].step:,} mini-batches, "
        f"{np.linalg.norm(plane.path[0]):.3g} away in weights; the lowest loss on the map is "
        f"{np.nanmin(losses):.3g}, the highest {np.nanmax(losses):.3g}; {'; '.join(told)}"
    )
