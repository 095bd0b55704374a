"""Settings: what may be told of a training, by name, goes in; a recipe and its seed come out.

The one table of them: of a sweep's configurations, and of what `--vary` is followed by.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from .. import checks
from ..backend.choose import check_backend
from ..backend.contract import ACTIVATIONS
from ..learn.recipes import RECIPES, Recipe
from ..threads import MOST_THREADS

Check = Callable[[str, str, Any], Any]
USUAL = "lesson9"
_LARGEST = 1 << 62


@dataclass(frozen=True)
class Setting:
    """One setting.

    Attributes:
        check: Returns a value that is clean, or raises the sentence: (who, name, value).
        read: Returns what was written, as a value to check.
    """

    check: Check
    read: Callable[[str], Any] = str


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A training, in all its settings.

    Attributes:
        recipe: What to train, and how.
        seed: Of start weights and shuffling.
        backend: As for Network.
        threads: As for Network; they change no bit.
    """

    recipe: Recipe
    seed: int = 0
    backend: str = "auto"
    threads: int | None = None

    @property
    def key(self) -> dict[str, Any]:
        """All that decides about the bits, as JSON has it: a default that changes makes another one."""
        recipe = {**asdict(self.recipe), "hidden": [*self.recipe.hidden]}
        del recipe["draws"]
        return {**recipe, "seed": self.seed, "backend": self.backend}


def plan_of(who: str, config: Mapping[str, Any]) -> Plan:
    """Return the training that a configuration tells of, over the defaults of its recipe.

    Args:
        who: Begins the sentence of an error.
        config: Settings by name, with a dash or a line below; "recipe" is lesson9 if not given.

    Raises:
        TypeError, ValueError: if there is no such setting or value.
    """
    if not isinstance(config, Mapping):
        raise TypeError(f"{who} must be a dictionary of settings, got {checks.shown(config)}")
    clean: dict[str, Any] = {}
    for given, value in config.items():
        name = given.replace("-", "_") if isinstance(given, str) else given
        if name not in SETTINGS or name in clean:
            rule = f"settings once each, of {', '.join(SETTINGS)}"
            raise ValueError(f"{who} must have {rule}, got {checks.shown(given)}")
        clean[name] = SETTINGS[name].check(who, name, value)
    recipe = RECIPES[clean.pop("recipe", USUAL)]
    others = {name: clean.pop(name) for name in ("seed", "backend", "threads") if name in clean}
    return Plan(recipe=replace(recipe, **clean), **others)


def read_variation(
    text: str, names: tuple[str, ...] | None = None, least: int = 2
) -> tuple[str, dict[str, Any]]:
    """Return a setting, and its values by what was written for each.

    Args:
        text: "lr=0.0005,0.005"; layers have a dash between them: "hidden=32,64-32,none".
        names: Of the settings that there may be; None for all.
        least: Values that there must be.

    Raises:
        ValueError: if there is no such setting or value, or too few or equal ones.
    """
    written, equals, rest = text.partition("=")
    name = written.strip().replace("-", "_")
    if not equals or name not in (names or SETTINGS):
        listed = ", ".join(each.replace("_", "-") for each in names or SETTINGS)
        raise ValueError(
            f"must be one of {listed}, with values as in lr=0.005,0.05, got {checks.shown(text)}"
        )
    title, setting = name.replace("_", "-"), SETTINGS[name]
    words = [word.strip() for word in rest.split(",")]
    values = {}
    for word in words:
        try:
            values[word] = setting.check("vary", title, setting.read(word))
        except (TypeError, ValueError) as error:
            raise ValueError(str(error).removeprefix("vary: ")) from None
    if len(words) < least or len({*values.values()}) < len(words):
        rule = f"at least {least} different values" if least > 1 else "different values"
        raise ValueError(f"must have {rule} of {title}, got {checks.shown(rest)}")
    return title, values


def _number(word: str) -> Any:
    """Return a number, or what is none as it is: to be refused in the words of the check."""
    try:
        return float(word)
    except ValueError:
        return word


def _count(word: str) -> Any:
    return int(word) if word.isascii() and word.isdecimal() and len(word) < 19 else word


def _layers(word: str) -> Any:
    return () if word == "none" else tuple(_count(part) for part in word.split("-"))


def _rate(who: str, name: str, value: Any) -> float:
    return checks.real(who, name, value, "0 or more", low=0)


def _at_least(least: int, most: int = _LARGEST) -> Check:
    return lambda who, name, value: checks.count(who, name, value, least, most)


def _one_of(*names: str) -> Check:
    return lambda who, name, value: checks.choice(who, name, value, names)


def _hidden(who: str, name: str, value: Any) -> tuple[int, ...]:
    if not isinstance(value, tuple | list):
        raise TypeError(
            f"{who}: {name} must be a tuple, the units of each layer, got {checks.shown(value)}"
        )
    return tuple(checks.count(who, name, units, 1, _LARGEST) for units in value)


def _backend(who: str, _: str, value: Any) -> str:
    return check_backend(who, value)


def _threads(who: str, name: str, value: Any) -> int | None:
    return None if value is None else checks.count(who, name, value, 1, MOST_THREADS)


SETTINGS: dict[str, Setting] = {
    "lr": Setting(_rate, _number),
    "activation": Setting(_one_of(*ACTIVATIONS)),
    "hidden": Setting(_hidden, _layers),
    "batch_size": Setting(_at_least(1), _count),
    "epochs": Setting(_at_least(1), _count),
    "optimizer": Setting(_one_of("sgd", "adam")),
    "schedule": Setting(_one_of("constant", "one-cycle")),
    "start": Setting(_one_of("normal", "waves")),
    "seed": Setting(_at_least(0), _count),
    "recipe": Setting(_one_of(*RECIPES)),
    "backend": Setting(_backend),
    "threads": Setting(_threads, _count),
}
# What may differ between trainings that are compared: threads change no bit, a backend is the machine's.
VARIED = tuple(name for name in SETTINGS if name not in ("backend", "threads"))
OF_A_RECIPE = tuple(name for name in VARIED if name != "recipe")  # and the seed
