"""Page: a run's arrays go in, HTML comes out: everything within, nothing fetched, no text that can act.

The page's own style and script are inlined, and its content security policy names them by their hashes:
nothing else runs, and nothing is fetched, whatever a title or a class is called. Such texts travel in a
JSON block in which nothing can end the block.
"""

from __future__ import annotations

import json
import os
import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ... import checks
from ...files import MARK, replacing
from ..theme import THEMES, Colour
from .payload import Payload

F32 = NDArray[np.float32]
I64 = NDArray[np.int64]
MODULES = (  # in the order in which they are inlined
    "net", "draw", "colours", "dom", "measure", "state", "words", "view", "bars", "timeline", "input",
    "grid", "answer", "unit", "confusion", "poster", "main",
)  # fmt: skip
_IMPORT = re.compile(r'^import (\{[^}]*\}) from "\./(\w+)\.mjs";$', re.MULTILINE)
_EXPORT = re.compile(r"^export ((?:async )?(?:function|class|const) (\w+))", re.MULTILINE)
_HOLE = re.compile(r"%%(\w+)%%")
_LONGEST = {"title": 80, "told": 300, "name": 24}  # characters of text from outside
_MOST_LOSSES = 20_000


@dataclass(frozen=True, kw_only=True)
class Samples:
    """Rows that the page shows to the network.

    Attributes:
        x: (n, features): bytes, or what the first layer gets.
        numbers: (n,): what they are called in their set.
        labels: (n,): class numbers; empty if they are not known.
        outputs: (n, classes): what the core says of them at the last moment.
        mean: Subtracted from x for the first layer.
        std: By which that is divided.
    """

    x: NDArray[Any]
    numbers: I64
    labels: I64
    outputs: F32
    mean: float = 0.0
    std: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Story:
    """A whole run, or one network, in arrays.

    Attributes:
        title: A line.
        told: How the run went, in a sentence; "" if that is not known.
        sizes: Features, hidden units..., classes.
        activations: Of each layer.
        names: Of each class.
        shape: (height, width) of the inputs, or (height, width, 3); None if they are no pictures.
        steps: (moments,): mini-batches learned.
        epochs: (moments,).
        layers: Per layer and moment (1 + fan_in, units), row 0 the biases.
        samples: Labelled, to show; or unlabelled ones, which only prove that the page calculates right.
        paper: What an input of blank paper is to the first layer.
        full: What one of full ink is; None if that is not known, and so nothing can be drawn.
        losses: (mini-batches,), per sample.
        accuracies: On the validation set, by mini-batch.
    """

    title: str
    told: str
    sizes: Sequence[int]
    activations: Sequence[str]
    names: Sequence[str]
    shape: tuple[int, ...] | None
    steps: Sequence[int]
    epochs: Sequence[int]
    layers: Sequence[Sequence[F32]]
    samples: Samples
    paper: float = 0.0
    full: float | None = None
    losses: Sequence[float] = ()
    accuracies: Mapping[int, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Page:
    """A page: its `html`, which a notebook shows inline."""

    html: str

    def __repr__(self) -> str:
        return f"Page of {len(self.html) / 1e6:.1f} MB"

    def _repr_html_(self) -> str:
        return (
            f'<iframe sandbox="allow-scripts allow-downloads" srcdoc="{escape(self.html)}" '
            'title="The run as a page" style="width:100%;height:860px;border:0"></iframe>'
        )

    def write(self, path: str | os.PathLike[str]) -> None:
        """Write it, whole or not at all.

        Raises:
            TypeError, ValueError: if `path` is no path.
            OSError: if it cannot be written.
        """
        with replacing(checks.path("write", "path", path)) as partial:
            partial.write_text(self.html, encoding="utf-8", newline="\n")


def page(story: Story) -> Page:
    """Return the page of a story."""
    payload = Payload()
    for l, moments in enumerate(story.layers):
        payload.add_moments(f"layer.{l}", moments)
    samples = story.samples
    payload.add("samples", "u1" if samples.x.dtype == np.uint8 else "f4", samples.x)
    payload.add("numbers", "i4", samples.numbers)
    payload.add("labels", "i4", samples.labels)
    payload.add("outputs", "f4", samples.outputs)
    some = _some(len(story.losses))
    payload.add("loss.step", "i4", some + 1)
    payload.add("loss", "f4", np.asarray(story.losses, np.float32)[some], search=False)
    payload.add("accuracy.step", "i4", np.array(list(story.accuracies), np.int32))
    payload.add("accuracy", "f4", np.array(list(story.accuracies.values()), np.float32))
    title = short(story.title, _LONGEST["title"])
    facts: dict[str, Any] = {
        "title": title,
        "told": short(story.told, _LONGEST["told"]),
        "sizes": [*story.sizes],
        "activations": [*story.activations],
        "names": [short(name, _LONGEST["name"]) for name in story.names],
        "shape": story.shape,
        "steps": [*map(int, story.steps)],
        "epochs": [*map(int, story.epochs)],
        "mean": samples.mean,
        "std": samples.std,
        "paper": story.paper,
        "full": story.full,
        "themes": {name: vars(theme) for name, theme in THEMES.items()},
        "table": payload.table,
    }
    style, script = _own("style.css"), _script()
    parts = {
        "policy": f"default-src 'none'; script-src {_hash(script)}; style-src {_hash(style)}; "
        "img-src data: blob:; base-uri 'none'; form-action 'none'",
        "mark": escape(MARK),
        "title": escape(title),
        "told": escape(facts["told"]),
        "style": style,
        "facts": _inert(facts),
        "payload": payload.text(),
        "script": script,
    }
    return Page(_HOLE.sub(lambda hole: parts[hole[1]], _read("page.html")))


def short(text: str, most: int) -> str:
    """Return a text on one line, without characters that cannot be seen, and cut."""
    head = " ".join(text[: 4 * most].split())
    seen = "".join(
        letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in head
    )
    return seen if len(seen) <= most else f"{seen[: most - 1]}…"


def _some(losses: int) -> I64:
    """Return which losses are kept: all, or if they are many, those dense at the start."""
    if losses <= _MOST_LOSSES:
        return np.arange(losses)
    return np.unique(np.geomspace(1, losses, _MOST_LOSSES).round().astype(np.int64)) - 1


def _inert(value: object) -> str:
    """Return JSON in which nothing means anything to HTML."""
    text = json.dumps(value, separators=(",", ":"), allow_nan=False)
    return re.sub("[<>&]", lambda letter: f"\\u{ord(letter[0]):04x}", text)


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


@cache
def _read(name: str) -> str:
    return (Path(__file__).parent / name).read_text(encoding="utf-8")


@cache
def _script() -> str:
    """Return all modules as one, each a function that returns what it exports."""
    return "\n" + "".join(map(_inlined, MODULES))


def _inlined(module: str) -> str:
    text = _IMPORT.sub(r"const \1 = $\2;", _read(f"{module}.mjs"))
    exported = ", ".join(match[2] for match in _EXPORT.finditer(text))
    body = _EXPORT.sub(r"\1", text)
    return f"const ${module} = (() => {{\n{body}return {{ {exported} }};\n}})();\n"


@cache
def _own(name: str) -> str:
    """Return the style, with the colours of light and dark."""
    light, dark = (_colours(name) for name in ("light", "dark"))
    return (
        f"\n:root{{color-scheme:light;{light}}}\n"
        f'@media (prefers-color-scheme:dark){{:root:not([data-theme="light"])'
        f"{{color-scheme:dark;{dark}}}}}\n"
        f':root[data-theme="dark"]{{color-scheme:dark;{dark}}}\n{_read(name)}'
    )


def _colours(theme: str) -> str:
    """Return a theme's single colours as custom properties."""
    look = THEMES[theme]
    single: dict[str, Colour] = {
        name: getattr(look, name) for name in ("paper", "ink", "muted", "gap", "first", "second")
    }
    return "".join(f"--{name}:rgb({r},{g},{b});" for name, (r, g, b) in single.items())
