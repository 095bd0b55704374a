"""Why: a sample, its outputs and the evidence go in; one image that explains an answer comes out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .labels import shortened
from .legend import wrapped
from .panels import BODY, GAP, HEAD, TITLE, bars, beside, framed, paragraph, stacked, titled, words
from .theme import font

if TYPE_CHECKING:
    from PIL.Image import Image

LARGE, SMALL = 308, 140  # pixels of the sample's side, and of a unit's
_MOST = 10  # classes that have room
_NAME, _BAR = 110, 150  # pixels of a class's name and bar
_APART = 2 * GAP


@dataclass(frozen=True, kw_only=True)
class Unit:
    """A hidden unit that spoke: a picture of SMALL pixels, and lines below it."""

    picture: Image
    text: str


def page(
    title: str,
    shown: Image,
    done: str,
    outputs: Sequence[float],
    names: Sequence[str],
    evidence: Sequence[tuple[Image, str, str]],
    units: Sequence[tuple[str, Sequence[Unit]]],
    *,
    note: str,
    limit: float | None,
    theme: str = "light",
) -> Image:
    """Put together what is told of one answer.

    Args:
        title: The first line.
        shown: The sample, LARGE pixels.
        done: What was done to it before.
        outputs: Of every class.
        names: Of every class.
        evidence: Pictures of LARGE pixels, each with a title and a note.
        units: Groups of hidden units, each with its title.
        note: How evidence and units are read.
        limit: The output that fills a bar; the largest if None.
        theme: "light" or "dark".
    """
    upper = [
        titled(shown, "What it was shown", _lines(done), theme=theme),
        titled(_outputs(outputs, names, limit, theme), "What it answers", " \n ", theme=theme),
        *(
            titled(image, shortened(head, font(TITLE), LARGE), _lines(text), theme=theme)
            for image, head, text in evidence
        ),
    ]
    groups = [
        titled(
            beside([_unit(unit, theme) for unit in group], gap=GAP, theme=theme), head, theme=theme
        )
        for head, group in units
        if group
    ]
    whole = beside(upper, gap=_APART, theme=theme)
    parts = [paragraph(title, size=HEAD, width=whole.width, theme=theme), whole]
    if groups:
        gap = max(_APART, whole.width - sum(group.width for group in groups))
        parts.append(beside(groups, gap=gap, theme=theme))
    parts.append(words(note, muted=True, theme=theme))
    return framed(stacked(parts, gap=GAP * 3 // 2, theme=theme), margin=GAP * 3 // 2, theme=theme)


def _lines(text: str) -> str:
    """Return a text on two lines as wide as a sample."""
    lines = [part for line in text.split("\n") for part in wrapped(line, font(BODY), LARGE)]
    return "\n".join([*lines, " ", " "][:2])


def _outputs(
    outputs: Sequence[float], names: Sequence[str], limit: float | None, theme: str
) -> Image:
    """Return the outputs as bars as high as a sample, the answer's in full ink; the largest of many."""
    values = np.asarray(outputs, float)
    order = np.argsort(-values, kind="stable")
    kept = sorted(order[:_MOST].tolist())
    size = min(20, LARGE // len(kept) * 2 // 3)
    return bars(
        values[kept], [shortened(names[n], font(size), _NAME) for n in kept],
        texts=[f"{values[n]:.3f}" for n in kept], limit=limit, strong=[kept.index(order[0])],
        width=_BAR, size=size, theme=theme,
    )  # fmt: skip


def _unit(unit: Unit, theme: str) -> Image:
    text = words(unit.text, width=SMALL + 2, theme=theme)
    return stacked([unit.picture, text], gap=2, theme=theme)
