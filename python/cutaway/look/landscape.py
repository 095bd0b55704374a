"""Landscape: losses on a plane and a path in it go in; a map with the path, or as much of it, comes out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .panels import BODY, HEAD, TITLE
from .theme import FAMILY, THEMES, Colour

if TYPE_CHECKING:
    from matplotlib.colors import Colormap
    from PIL.Image import Image

F64 = NDArray[np.float64]
SHAPE = 0.6  # a map's height, times its width
_WIDTH, _HEIGHT = 1280, round(1280 * SHAPE)  # pixels of a map
_LEFT, _ABOVE, _BELOW, _EDGE = 110, 120, 120, 16  # pixels around it
_DPI = 100
_FINE = 8  # a map is drawn on so many times finer a grid
_LEVELS = 7  # lines of equal loss, at least
_NEAR = 80  # pixels, a name: what is marked closer to another mark is left out
_DIGITS = ((1, 2, 5), (1, 1.5, 2, 3, 5, 7), (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8))  # of losses


@dataclass(frozen=True, kw_only=True)
class Mark:
    """A place on the path: how far along it, 0 to the number of points less 1, and what it is called."""

    at: float
    text: str


class Landscape:
    """The map of one training.

    Args:
        x: (columns,): distances along the first direction, the outermost beyond the map's edge.
        y: (rows,): along the second; it spans SHAPE times as much as x.
        losses: (rows, columns).
        path: (points, 2): where the training was.
        marks: Along the path; the first and the last are its start and its end.
        title: Of the picture.
        note: Below the title: a line or several.
        sides: What the two directions are.
        theme: "light" or "dark".
    """

    def __init__(
        self,
        x: F64,
        y: F64,
        losses: F64,
        path: F64,
        *,
        marks: Sequence[Mark],
        title: str,
        note: str,
        sides: tuple[str, str],
        theme: str,
    ) -> None:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        self._theme, self._look, self._path = theme, THEMES[theme], path
        wide, high = _LEFT + _WIDTH + _EDGE, _ABOVE + _HEIGHT + _BELOW
        self._figure = Figure(
            figsize=(wide / _DPI, high / _DPI), dpi=_DPI, facecolor=_rgb(self._look.paper)
        )
        self._canvas = FigureCanvasAgg(self._figure)
        box = _LEFT / wide, _BELOW / high, _WIDTH / wide, _HEIGHT / high
        self._axes = self._figure.add_axes(box, xlim=(x[1], x[-2]), ylim=(y[1], y[-2]))
        self._write(title, high - 2 * _EDGE, HEAD)
        self._write(note, high - 2 * _EDGE - 3 * HEAD // 2, BODY, muted=True)
        self._draw_map(x, y, losses)
        self._dress(sides)
        self._canvas.draw()  # type: ignore[no-untyped-call]
        self._map = self._canvas.copy_from_bbox(self._figure.bbox)  # type: ignore[no-untyped-call]
        self._marks = self._apart(marks)

    def draw(self, foot: str, upto: float | None = None) -> Image:
        """Draw the map with the path.

        Args:
            foot: A line below it.
            upto: How far along the path, as a Mark has it; None for all of it.

        Returns:
            An RGB image, of the same size whatever is drawn.
        """
        from PIL import Image as Images

        self._canvas.restore_region(self._map)  # type: ignore[no-untyped-call]
        for artist in self._artists(len(self._path) - 1 if upto is None else upto):
            self._axes.add_artist(artist)
            self._axes.draw_artist(artist)
            artist.remove()
        line = self._write(foot, _EDGE + 3 * TITLE // 2, TITLE)
        self._figure.draw_artist(line)
        line.remove()
        pixels = np.asarray(self._canvas.buffer_rgba())  # type: ignore[no-untyped-call]
        return Images.fromarray(pixels).convert("RGB")

    def _write(self, text: str, top: int, size: int, *, muted: bool = False) -> Any:
        """Write a text so many pixels above the lower edge, from there on downward."""
        height = self._figure.bbox.height
        return self._figure.text(
            2 * _EDGE / self._figure.bbox.width, top / height, text, va="top", family=FAMILY,
            size=_points(size), color=_rgb(self._look.muted if muted else self._look.ink),
        )  # fmt: skip

    def _place(self, at: float) -> tuple[float, float]:
        """Return where on the plane a place on the path is."""
        before = min(int(at), len(self._path) - 2)
        x, y = self._path[before] + (at - before) * (self._path[before + 1] - self._path[before])
        return float(x), float(y)

    def _artists(self, end: float) -> list[Any]:
        """Return the path as far as it goes, and its marks, as matplotlib draws them."""
        from matplotlib.lines import Line2D

        look = self._look
        line, ink, paper = _rgb(look.second), _rgb(look.ink), _rgb(look.paper)
        so_far = np.vstack([self._path[: int(end) + 1], self._place(end)])
        artists: list[Any] = [
            Line2D(*so_far.T, color=paper, lw=6, alpha=0.8, solid_capstyle="round"),
            Line2D(*so_far.T, color=line, lw=3, solid_capstyle="round"),
        ]
        dots = [*((mark.at, 8, paper) for mark in self._marks if mark.at <= end), (end, 12, line)]
        for at, size, fill in dots:
            x, y = self._place(at)
            artists.append(Line2D([x], [y], marker="o", ms=size, mfc=fill, mec=ink, mew=1.5))
        artists += [self._name(mark) for mark in self._marks if mark.at <= end]
        return artists

    def _name(self, mark: Mark) -> Any:
        """Return a mark's name: of the ends below them, of others above the path, which bulges upward."""
        from matplotlib.text import Annotation

        place, middle = self._place(mark.at), self._path[[0, -1], 0].mean()
        right, ends = place[0] > middle, mark.at in (0, len(self._path) - 1)
        aside, ha, va = ((8 if right else -8), 10), ("left" if right else "right"), "bottom"
        if ends:
            aside, ha, va = (0, -10), "center", "top"
        return Annotation(
            mark.text, place, aside, "data", "offset points", ha=ha, va=va, size=_points(TITLE),
            color=_rgb(self._look.ink), family=FAMILY, path_effects=_halo(self._look.paper),
        )  # fmt: skip

    def _apart(self, marks: Sequence[Mark]) -> list[Mark]:
        """Return the marks that have room: the ends, and what is not too near to another."""
        pixels = self._axes.transData.transform([self._place(mark.at) for mark in marks])
        kept = [0, len(marks) - 1]
        for number in range(1, len(marks) - 1):
            away = np.linalg.norm(pixels[kept] - pixels[number], axis=1)
            if away.min() >= _NEAR:
                kept.append(number)
        return [marks[number] for number in sorted(kept)]

    def _draw_map(self, x: F64, y: F64, losses: F64) -> None:
        """Draw areas and lines of equal loss; the more loss, the more colour."""
        heights, levels = _heights(losses), _levels(losses)
        fine_x, fine_y, fine = _finer(x, y, np.log(heights))
        height = np.exp(fine)
        bounds = [min(levels[0], height.min()) / 2, *levels, max(levels[-1], height.max()) * 2]
        self._axes.contourf(
            fine_x, fine_y, height, bounds, cmap=_ramp(self._theme), norm=_steps(bounds)
        )
        lines = self._axes.contour(
            fine_x, fine_y, height, levels, colors=[_rgb(self._look.muted)], linewidths=0.8
        )
        for text in self._axes.clabel(lines, fmt="%.3g", fontsize=_points(BODY)):
            text.set(color=_rgb(self._look.ink), family=FAMILY)
            box, room = text.get_window_extent(), self._axes.bbox
            text.set_visible(
                room.x0 < box.x0 and box.x1 < room.x1 and room.y0 < box.y0 and box.y1 < room.y1
            )

    def _dress(self, sides: tuple[str, str]) -> None:
        axes, ink = self._axes, _rgb(self._look.ink)
        axes.spines[:].set_color(_rgb(self._look.muted))
        axes.tick_params(
            color=_rgb(self._look.muted), labelcolor=ink, labelfontfamily=FAMILY,
            labelsize=_points(BODY),
        )  # fmt: skip
        words = dict(color=ink, family=FAMILY, size=_points(BODY))
        axes.set_xlabel(sides[0], words)
        axes.set_ylabel(sides[1], words)


def _heights(losses: F64) -> F64:
    """Return losses whose logarithm can be drawn: neither 0 nor infinite."""
    finite = losses[np.isfinite(losses)]
    most = float(finite.max(initial=0)) or 1.0
    return np.nan_to_num(losses, nan=most, posinf=most).clip(most * 1e-6)


def _levels(losses: F64) -> list[float]:
    """Return round numbers between the lowest and the highest loss.

    Evenly on a logarithmic axis or, if the losses differ too little for that, on a linear one.
    """
    from matplotlib.ticker import MaxNLocator

    heights = _heights(losses)
    low, high = float(heights.min()), float(heights.max())
    exponents = range(int(np.floor(np.log10(low))), int(np.floor(np.log10(high))) + 1)
    for digits in _DIGITS:
        numbers = [digit * 10.0**k for k in exponents for digit in digits]
        levels = [number for number in numbers if low < number < high]
        if len(levels) >= _LEVELS:
            return levels
    ticks = np.asarray(MaxNLocator(2 * _LEVELS).tick_values(low, high)).tolist()
    return [tick for tick in ticks if low < tick < high] or [high]


def _finer(x: F64, y: F64, values: F64) -> tuple[F64, F64, F64]:
    """Return a finer grid (columns,), (rows,), (rows, columns), with cubic curves between its values."""
    from PIL import Image as Images

    def side(places: F64) -> F64:
        numbers = (np.arange(len(places) * _FINE) + 0.5) / _FINE - 0.5  # as resize() has them
        fine: F64 = places[0] + numbers * (places[1] - places[0])
        return fine

    size = len(x) * _FINE, len(y) * _FINE
    image = Images.fromarray(values.astype(np.float32)).resize(size, Images.Resampling.BICUBIC)
    return side(x), side(y), np.asarray(image).astype(np.float64)


def _ramp(theme: str) -> Colormap:
    from matplotlib.colors import LinearSegmentedColormap

    look = THEMES[theme]
    colours = [look.zero, look.negative[2], look.negative[1]]
    return LinearSegmentedColormap.from_list("loss", [_rgb(colour) for colour in colours])


def _steps(bounds: Sequence[float]) -> Any:
    from matplotlib.colors import BoundaryNorm

    return BoundaryNorm(bounds, 256)


def _halo(paper: Colour) -> list[Any]:
    from matplotlib.patheffects import withStroke

    return [withStroke(linewidth=4, foreground=_rgb(paper))]


def _points(pixels: int) -> float:
    return pixels * 72 / _DPI


def _rgb(colour: Colour) -> str:
    """Return a colour as matplotlib takes it."""
    return f"#{bytes(colour).hex()}"
