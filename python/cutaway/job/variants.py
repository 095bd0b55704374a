"""Variants: a recipe, and a setting with several values, go in; a recipe for each value comes out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..learn.recipes import Recipe


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


def variants(setting: str, values: Mapping[str, Any], recipe: Recipe, seed: int) -> list[Variant]:
    """Return a recipe, and a seed, for each value of a setting, as read_variation() has them."""
    if setting == "seed":
        return [Variant(name=f"seed {w}", recipe=recipe, seed=value) for w, value in values.items()]
    field = setting.replace("-", "_")
    return [
        Variant(name=f"{setting} {word}", recipe=replace(recipe, **{field: value}), seed=seed)
        for word, value in values.items()
    ]
