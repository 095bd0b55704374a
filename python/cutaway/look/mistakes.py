"""Mistakes: counts, and samples that were not recognised, go in; one image of all of them comes out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .labels import shortened
from .panels import BODY, GAP, HEAD, bars, beside, framed, paragraph, stacked, titled, words
from .theme import font

if TYPE_CHECKING:
    from PIL.Image import Image

SMALL, LARGE = 84, 112  # pixels of a sample's side on the wall, and where it is told why
_ACROSS, _ROWS = 6, 3  # of the wall, at most
_NAME, _BAR = 80, 34  # pixels of a name and of a bar beside a sample
_TEXT = 150  # pixels of a text below a picture
_APART = 3 * GAP


@dataclass(frozen=True, kw_only=True)
class Sample:
    """A sample on the wall.

    Attributes:
        picture: Of SMALL pixels.
        title: What it is.
        guesses: Names of classes, the answer first.
        outputs: Of those classes.
    """

    picture: Image
    title: str
    guesses: Sequence[str]
    outputs: Sequence[float]


@dataclass(frozen=True, kw_only=True)
class Reason:
    """Why a sample was not recognised: pictures of LARGE pixels, each with a text below it.

    Attributes:
        pictures: The sample, what spoke for its answer, what for its class.
        texts: (3,): below them, two lines each.
    """

    pictures: Sequence[Image]
    texts: Sequence[str]


def page(
    title: str,
    table: Image,
    about: str,
    wall: Sequence[Sample],
    reasons: Sequence[Reason],
    *,
    note: str,
    limit: float | None,
    theme: str = "light",
) -> Image:
    """Put together what is told of mistakes.

    Args:
        title: The first line.
        table: As confusion.table() returns.
        about: How it is read.
        wall: The worst mistakes; may be none.
        reasons: Of the worst of them.
        note: How the reasons are read.
        limit: The output that fills a bar; the largest if None.
        theme: "light" or "dark".
    """
    upper = [titled(table, "What was taken for what", about, theme=theme)]
    if reasons:
        rows = [_told(reason, theme) for reason in reasons]
        upper.append(
            titled(
                stacked(rows, theme=theme), "Why: the worst of them", note, theme=theme,
            )
        )  # fmt: skip
    whole = beside(upper, gap=_APART, theme=theme)
    parts = [paragraph(title, size=HEAD, width=whole.width, theme=theme), whole]
    if wall:
        parts.append(
            titled(
                _wall([_shown(one, limit, theme) for one in wall], whole.width, theme),
                "The most confident mistakes",
                "the number of the sample and what it is; beside it the largest outputs", theme=theme,
            )
        )  # fmt: skip
    return framed(stacked(parts, gap=GAP * 3 // 2, theme=theme), margin=GAP * 3 // 2, theme=theme)


def _told(reason: Reason, theme: str) -> Image:
    width = max(_TEXT, *(picture.width for picture in reason.pictures))
    return beside(
        [
            stacked([picture, words(text, width=width, theme=theme)], gap=2, theme=theme)
            for picture, text in zip(reason.pictures, reason.texts, strict=True)
        ],
        gap=GAP * 3 // 2, theme=theme,
    )  # fmt: skip


def _wall(samples: Sequence[Image], room: int, theme: str) -> Image:
    """Return rows of samples, as many in each as there is room for."""
    width = max(image.width for image in samples)
    across = max(1, min(_ACROSS, (room + GAP) // (width + GAP)))
    gap = min(2 * _APART, (room - across * width) // max(1, across - 1))
    filler = words("", size=1, width=width, theme=theme)
    even = [stacked([image, filler], gap=0, theme=theme) for image in samples]
    rows = [
        beside(even[n : n + across], gap=gap, theme=theme)
        for n in range(0, min(len(even), _ROWS * across), across)
    ]
    return stacked(rows, theme=theme)


def _shown(one: Sample, limit: float | None, theme: str) -> Image:
    """Return a sample with its guesses beside it."""
    names = [shortened(name, font(BODY), _NAME) for name in one.guesses]
    said = bars(
        one.outputs, names, texts=[f"{value:.3f}" for value in one.outputs],
        limit=limit, width=_BAR, size=BODY, strong=[0], theme=theme,
    )  # fmt: skip
    row = beside([one.picture, said], gap=GAP // 2, theme=theme)
    title = words(one.title, width=max(row.width, 2 * SMALL), theme=theme)
    return stacked([title, row], gap=2, theme=theme)
