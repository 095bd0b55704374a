"""Variants: a recipe, and a setting with several values, go in; a recipe for each value comes out."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..backend.contract import ACTIVATIONS
from ..learn.recipes import Recipe

_NAMES = {
    "activation": ACTIVATIONS,
    "optimizer": ("sgd", "adam"),
    "schedule": ("constant", "one-cycle"),
    "start": ("normal", "waves"),
}


@dataclass(frozen=True, kw_only=True)
class Variant:
    """A training that differs from others in one setting.

    Attributes:
        name: The setting and its value: "lr 0.005".
        recipe: What to train, and how.
        seed: Of start weights and shuffling.
    """

    name: str
    recipe: Recipe
    seed: int

    @property
    def folder(self) -> str:
        """A name for its folder."""
        return self.name.replace(" ", "=")


def read_variation(text: str) -> tuple[str, dict[str, Any]]:
    """Return a setting, and its values by what was written for each.

    Args:
        text: "lr=0.0005,0.005"; layers have a dash between them: "hidden=32,64-32,none".

    Raises:
        ValueError: if there is no such setting or value, or only one.
    """
    setting, equals, rest = text.partition("=")
    setting = setting.strip().replace("_", "-")
    if not equals or setting not in SETTINGS:
        raise ValueError(
            f"must be one of {', '.join(SETTINGS)}, with values as in lr=0.005,0.05, got {text!r}"
        )
    written = [word.strip() for word in rest.split(",")]
    values = {word: SETTINGS[setting](setting, word) for word in written}
    if len(written) < 2 or len({*values.values()}) < len(written):
        raise ValueError(f"must have at least 2 different values of {setting}, got {rest!r}")
    return setting, values


def variants(setting: str, values: Mapping[str, Any], recipe: Recipe, seed: int) -> list[Variant]:
    """Return a recipe, and a seed, for each value of a setting; arguments as of read_variation()."""
    if setting == "seed":
        return [Variant(name=f"seed {w}", recipe=recipe, seed=value) for w, value in values.items()]
    field = setting.replace("-", "_")
    return [
        Variant(name=f"{setting} {word}", recipe=replace(recipe, **{field: value}), seed=seed)
        for word, value in values.items()
    ]


def _rate(setting: str, word: str) -> float:
    try:
        value = float(word)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value >= 0):
        raise ValueError(f"must have numbers of 0 or more for {setting}, got {word!r}")
    return value


def _count(setting: str, word: str, least: int = 1) -> int:
    if not (word.isascii() and word.isdecimal() and len(word) < 19 and int(word) >= least):
        raise ValueError(f"must have whole numbers of at least {least} for {setting}, got {word!r}")
    return int(word)


def _seed(setting: str, word: str) -> int:
    return _count(setting, word, least=0)


def _layers(setting: str, word: str) -> tuple[int, ...]:
    return () if word == "none" else tuple(_count(setting, n) for n in word.split("-"))


def _name(setting: str, word: str) -> str:
    if word not in _NAMES[setting]:
        raise ValueError(f"must have {', '.join(_NAMES[setting])} for {setting}, got {word!r}")
    return word


SETTINGS: dict[str, Callable[[str, str], Any]] = {
    "lr": _rate,
    "activation": _name,
    "hidden": _layers,
    "batch-size": _count,
    "epochs": _count,
    "optimizer": _name,
    "schedule": _name,
    "start": _name,
    "seed": _seed,
}
