"""Notebook: arrays, numbers and text go in, what the last line of a cell shows comes out, as HTML.

Pictures are PNG within the HTML, so that a saved notebook keeps them. Text has the colour of its page,
light or dark. What is large is shown in part, and says so.
"""

from __future__ import annotations

import io
from base64 import b64encode
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import numpy as np
from numpy.typing import NDArray

from .curves import loss_curve
from .picture import grid
from .raster import columns_for
from .tiles import tile_shape

if TYPE_CHECKING:
    from PIL.Image import Image

    from ..learn.history import History

Shape = tuple[int, int]
MOST_UNITS, MOST_SAMPLES, MOST_EPOCHS = 100, 10, 10
MOST_BYTES = 8_000_000  # of a film within a page; a notebook keeps all of it
_FILMS = {  # what browsers play, by codec
    "h264": "video/mp4", "gif": "image/gif", "webp": "image/webp", "apng": "image/apng"
}  # fmt: skip
_WIDE, _SAMPLE = 290, 28  # points of a picture and of a sample, about
_POINT = 2  # pixels of a point: lines between tiles that can be seen
_LARGEST = 28  # points of a weight's side
_STRIP = (2, 6)  # points of a strip's height, at least and at most
_COLUMNS = {
    "epoch": ("epoch", "{}"),
    "train_loss": ("training loss", "{:.4f}"),
    "valid_loss": ("validation loss", "{:.4f}"),
    "train_accuracy": ("training accuracy", "{:.2%}"),
    "valid_accuracy": ("validation accuracy", "{:.2%}"),
    "seconds": ("seconds", "{:.2f}"),
}
_CELL = "padding:2px 12px;text-align:right;font-variant-numeric:tabular-nums"
_BESIDE = "display:inline-block;margin:0 6px 6px 0;text-align:center;vertical-align:top"
_NAME = "font-size:85%;max-width:6em;overflow:hidden;text-overflow:ellipsis;white-space:nowrap;margin:auto"


def layer(facts: str, weights: NDArray[np.float32], shape: Shape | None) -> str:
    """Show a network's first layer: a tile per unit.

    Args:
        facts: A line below it.
        weights: (fan_in, units).
        shape: (height, width) of the network's input if known; as for tiles() if None.
    """
    fan_in, units = weights.shape
    if not np.isfinite(weights[:, :MOST_UNITS]).all():
        return _shown("", facts, "Its weights are no longer finite numbers: the training has diverged. "
                      "A smaller learning rate helps.")  # fmt: skip
    image, thinning = _tiles(weights[:, :MOST_UNITS], tile_shape("grid", weights, shape))
    text = f"Each tile is one unit's {fan_in:,} weights: orange excites it, blue inhibits it."
    if units > MOST_UNITS:
        text += f" Shown are the first {MOST_UNITS} of {units:,} units."
    return _shown(_picture(image, text), facts, text + thinning)


def history(facts: str, history: History) -> str:
    """Show the curves of a training, and a table of its last epochs.

    Args:
        facts: A line below it.
        history: As for loss_curve().
    """
    losses = np.asarray(history.losses, dtype=float)
    if losses.size == 0:
        return _shown("", facts, "Nothing has been learned yet.")
    if not np.isfinite(losses).all():
        return _shown(
            _table(history.epochs), facts, "There is no curve: a loss is not a finite number."
        )
    curves = _img(loss_curve(history).png(), f"The loss of {losses.size:,} mini-batches", 640)
    hidden = len(history.epochs) - MOST_EPOCHS
    text = f"The table has the last {MOST_EPOCHS} of {len(history.epochs):,} epochs."
    return _shown(curves + _table(history.epochs), facts, text if hidden > 0 else "")


def dataset(
    facts: str,
    images: NDArray[Any],
    labels: NDArray[np.int64],
    shape: Shape | None,
    names: tuple[str, ...] | None,
) -> str:
    """Show some samples with their labels, of every class in turn.

    Args:
        facts: A line below them.
        images: (n, features).
        labels: (n,).
        shape: (height, width) of an image if known; as for tiles() if None.
        names: Of the classes, or None.
    """
    from PIL import Image as Images

    numbers = _of_every_class(labels)
    shape = tile_shape("grid", images[:1].T, shape)
    rows, shape, step = _thinned(images[numbers], shape, 2 * _SAMPLE)
    pixels, size = _enlarged(_grays(rows), shape, (_SAMPLE, _SAMPLE))
    samples = []
    for number, image in zip(numbers, pixels.reshape(-1, *size), strict=True):
        label = int(labels[number])
        name = names[label] if names and label < len(names) else str(label)
        large = Images.fromarray(image.repeat(_POINT, 0).repeat(_POINT, 1))
        picture = _picture(large, f"sample {number}: {name}")
        samples.append(
            f'<div style="{_BESIDE}">{picture}'
            f'<div style="{_NAME}" title="{escape(name)}">{escape(name)}</div></div>'
        )
    text = f"{len(numbers)} of {len(images):,} samples, each above its label."
    return _shown("".join(samples), facts, text + _thinning("pixel", shape, step))


def film(facts: str, path: Path, codec: str, state: str, description: str = "") -> str:
    """Show a film, as a video or an image within the page if it is not too large.

    Args:
        facts: A line below it.
        path: Of the file.
        codec: Of Film; not all of them play in browsers.
        state: "open", "finished" or "empty".
        description: What it shows, for those who cannot see it; "" for the name of its file.
    """
    if state == "open":
        return _shown("", facts, "It is not finished yet: leave its with-block, or call close().")
    if state == "empty":
        return _shown("", facts, "It has no frames, so there is no file.")
    if not path.is_file():
        return _shown("", facts, "Its file is no longer there.")
    link = f'<a href="{escape(_address(path))}">{escape(path.name)}</a>'
    if codec not in _FILMS:
        text = f"No browser plays {codec}, but other players do: {link}. codec='h264' plays here."
        return _shown("", facts, html=text)
    if path.stat().st_size > MOST_BYTES:
        text = f"With {path.stat().st_size / 1e6:.0f} MB it is too large for a notebook: {link}."
        return _shown("", facts, html=text)
    source = f"data:{_FILMS[codec]};base64,{b64encode(path.read_bytes()).decode()}"
    label = escape(description or path.name)
    if codec != "h264":
        return _shown(f'<img src="{source}" style="max-width:100%" alt="{label}">', facts)
    video = (
        f'<video src="{source}" controls loop muted playsinline '
        f'style="max-width:100%" aria-label="{label}"></video>'
    )
    return _shown(video, facts)


def _shown(content: str, facts: str, text: str = "", *, html: str = "") -> str:
    """Return the content with the facts and a sentence (text, or HTML) below it."""
    below = html or escape(text)
    return (
        f'<figure style="margin:4px 0"><div>{content}</div><figcaption>'
        f'<div style="font-family:monospace">{escape(facts)}</div>'
        f'<div style="max-width:46em">{below}</div></figcaption></figure>'
    )


def _tiles(weights: NDArray[np.float32], shape: Shape) -> tuple[Image, str]:
    """Return a picture of bounded size of weights (fan_in, units), and a sentence on what it lacks."""
    units = weights.shape[1]
    across = columns_for(units, *shape)
    down = -(-units // across)
    rows, shape, step = _thinned(weights.T, shape, _WIDE // across)
    size = _points(shape, (_WIDE // down - 1, _WIDE // across - 1))
    image = grid(rows.T, shape=shape, columns=across, scale=_POINT * size, legend=True)
    return image, _thinning("weight", shape, step)


def _table(epochs: list[dict[str, Any]]) -> str:
    """Return the last epochs as a table."""
    if not epochs:
        return ""
    columns = {key: column for key, column in _COLUMNS.items() if key in epochs[-1]}
    head = "".join(f'<th style="{_CELL}">{title}</th>' for title, _ in columns.values())
    rows = (
        "".join(
            f'<td style="{_CELL}">{form.format(epoch[key])}</td>'
            for key, (_, form) in columns.items()
        )
        for epoch in epochs[-MOST_EPOCHS:]
    )
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _of_every_class(labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return some sample numbers: the first of every class, then the second, ..."""
    order = np.argsort(labels, kind="stable")
    ordered = labels[order]
    rank = np.arange(len(labels)) - np.searchsorted(ordered, ordered)
    return order[np.lexsort((ordered, rank))[:MOST_SAMPLES]]


def _thinned(rows: NDArray[Any], shape: Shape, side: int) -> tuple[NDArray[Any], Shape, int]:
    """Leave out pixels of the images (n, features), alike each way, until `side` has room for them."""
    step = -(-max(shape) // side)
    images = rows.reshape(-1, *shape)[:, ::step, ::step]
    return images.reshape(len(images), -1), images.shape[1:], step


def _enlarged(rows: NDArray[Any], shape: Shape, room: Shape) -> tuple[NDArray[Any], Shape]:
    """Repeat the pixels of images (n, features), alike each way, to fill the room; strips get taller."""
    across = _points(shape, room)
    down = max(across, min(max(_STRIP[0], room[0]), _STRIP[1])) if shape[0] == 1 else across
    images = rows.reshape(-1, *shape).repeat(down, axis=1).repeat(across, axis=2)
    return images.reshape(len(images), -1), images.shape[1:]


def _points(shape: Shape, room: Shape) -> int:
    """Return the points of a pixel's side with which an image fills the room."""
    return max(1, min(_LARGEST, room[0] // shape[0], room[1] // shape[1]))


def _thinning(what: str, shape: Shape, step: int) -> str:
    way = " each way" if min(shape) > 1 else ""
    return f" Of the {what}s, one in {step}{way} is shown." if step > 1 else ""


def _grays(rows: NDArray[Any]) -> NDArray[np.uint8]:
    """Return bytes as they are, and floats with the smallest black and the largest white."""
    if rows.dtype == np.uint8:
        return rows
    values = rows.astype(np.float64)
    low, high = values.min(), values.max()
    grays: NDArray[np.uint8] = (255 * (values - low) / (high - low or 1)).round().astype(np.uint8)
    return grays


def _picture(image: Image, alt: str) -> str:
    """Return an image with sharp pixels as an <img>."""
    file = io.BytesIO()
    image.save(file, format="PNG")
    return _img(file.getvalue(), alt, image.width, "image-rendering:pixelated")


def _img(png: bytes, alt: str, width: int, style: str = "") -> str:
    data = b64encode(png).decode()
    return (
        f'<img src="data:image/png;base64,{data}" alt="{escape(alt)}" width="{width}" '
        f'style="max-width:100%;height:auto;{style}">'
    )


def _address(path: Path) -> str:
    """Return what a link to a file says: relative to the folder of the notebook, if it is in there."""
    path, folder = path.absolute(), Path.cwd()
    return quote(path.relative_to(folder).as_posix()) if folder in path.parents else path.as_uri()
