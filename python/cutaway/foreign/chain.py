"""Arrays with names go in, in whatever layout; layers that chain come out, (fan_in, fan_out) each.

Which array is a weight and which a bias is told by its axes, which bias is whose by the names, and which
axis is which by the shapes: the outputs of a layer are the inputs of the next.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise, permutations
from operator import itemgetter
from typing import Any, NamedTuple

from .. import checks
from .weights import F32

LAYOUTS = ("in,out", "out,in")
# What an array is, in the last such word of its name: fc1.weight, coefs_0, W1.
_KIND = re.compile(
    r"(?P<weight>weights?|kernel|coefs?|(?<![a-z])w(?![a-z]))|"
    r"(?P<bias>biases|bias|intercepts?|offsets?|(?<![a-z])b(?![a-z]))"
)
_MOST_ORDERED = 7  # layers of which all orders are tried


class Layer(NamedTuple):
    """A fully connected layer.

    Attributes:
        name: Of its weight.
        weight: (fan_in, fan_out), or as its model lays it out until that is known.
        bias: (fan_out,), or None.
    """

    name: str
    weight: F32
    bias: F32 | None

    @property
    def title(self) -> str:
        """Its name and shape, for a sentence."""
        return f"{checks.shown(self.name)} {self.weight.shape}"


def numbers_of(who: str, name: str, value: Any) -> F32:
    """Return an array of whatever a library calls one: PyTorch's tensors with their gradients, too."""
    if type(value).__module__.partition(".")[0] == "torch":
        try:
            value = value.detach().cpu().float()
        except (RuntimeError, NotImplementedError) as error:  # it is on the device "meta"
            raise TypeError(
                f"{who}: {checks.shown(name)} must hold numbers, got {checks.shown(error, str)}"
            ) from None
    return checks.floats(who, checks.shown(name), value)


def layers_of(
    who: str, arrays: Iterable[tuple[str, Any]], layout: str | None = None, *,
    usual: str | None = None, ordered: bool = True,
) -> list[Layer]:  # fmt: skip
    """Return the layers that arrays are.

    Args:
        who: Begins the sentence of an error.
        arrays: Names and arrays; single numbers among them are left out.
        layout: "in,out" or "out,in"; None for the one that fits.
        usual: The one to take where both fit.
        ordered: Whether their order is that of the layers; if not, it is that of the names, or else
            the first that chains.

    Raises:
        TypeError: for what holds no numbers.
        ValueError: for arrays that are no such layers, or fit in both layouts.
    """
    named = [
        (name, numbers_of(who, name, value))
        for name, value in arrays
        if getattr(value, "ndim", None) != 0 and not isinstance(value, int | float)
    ]
    if not ordered:
        named.sort(key=lambda pair: natural(pair[0]))
    return chained(who, _paired(who, named), layout, usual=usual, ordered=ordered)


def chained(
    who: str, layers: Sequence[Layer], layout: str | None, *,
    usual: str | None = None, ordered: bool = True,
) -> list[Layer]:  # fmt: skip
    """Return layers that chain, (fan_in, fan_out); arguments and errors as of layers_of()."""
    if layout is not None:
        checks.choice(who, "layout", layout, LAYOUTS)
    first = [(layout,)] if layout else [(usual,)] if usual else []
    for layouts in [*first, *([] if layout else [LAYOUTS])]:
        for some in _orders(layers, ordered):
            fitting = [each for each in layouts if not _break(some, each)]
            if len(fitting) == 2:
                shapes = checks.shown(", ".join(layer.title for layer in some), str)
                raise ValueError(
                    f"{who}: layout must be 'in,out' or 'out,in' for {shapes}, which fit both"
                )
            if fitting:
                return _laid(some, fitting[0])
    breaks = filter(None, (_break(layers, each) for each in LAYOUTS if layout in (None, each)))
    _, why = max(breaks, key=itemgetter(0))  # of the layout in which more of them chain
    raise ValueError(f"{who}: {why}")


def natural(name: str) -> list[tuple[int, str]]:
    """Return what to sort by: numbers in a name as numbers."""
    return [(int(digits or 0), text) for text, digits in re.findall(r"(\D+)|(\d+)", name)]


def _orders(layers: Sequence[Layer], ordered: bool) -> Iterator[Sequence[Layer]]:
    if ordered or len(layers) > _MOST_ORDERED:
        yield layers
    else:
        yield from permutations(layers)  # theirs first


def _paired(who: str, named: Sequence[tuple[str, F32]]) -> list[Layer]:
    """Return weights with the biases that their names, or else their places, give them."""
    weights, biases = {}, {}
    for name, array in named:
        if array.ndim > 2 or array.size == 0:
            raise ValueError(
                f"{who}: {checks.shown(name)} must be a layer's weight with two axes or its bias with "
                f"one, got shape {array.shape}"
            )
        flat = array.ndim == 2 and 1 in array.shape and _kind(name) == "bias"
        if array.ndim == 1 or flat:
            biases[name] = array.ravel()
        elif array.ndim == 2:
            weights[name] = array
    if not weights:
        raise ValueError(f"{who}: model must have a weight with two axes, got none")
    stems = {_stem(name): name for name in weights}
    owners = [stems.get(_stem(name)) for name in biases]
    if not any(map(_kind, biases)) and len(biases) != len(weights):  # nothing but places tells
        before = {after: name for (name, _), (after, _) in pairwise(named) if name in weights}
        owners = [before.get(name) for name in biases]
    if None in owners or len({*owners}) < len(owners):
        spare = next((name for name in biases if _kind(name) == "weight"), None)
        if spare is None and len(biases) != len(weights):
            spare = next(
                n for n, o in zip(biases, owners, strict=True) if owners.count(o) > 1 or not o
            )
        if spare is not None:  # of a normalisation, for one
            raise ValueError(
                f"{who}: {checks.shown(spare)} {biases[spare].shape} must be the bias of a fully "
                "connected layer: no other layers are read"
            )
        owners = list(weights)
    mine = dict(zip(owners, biases.values(), strict=True))
    return [Layer(name, weight, mine.get(name)) for name, weight in weights.items()]


def _kind(name: str) -> str | None:
    """Return "weight", "bias" or None, as a name says."""
    found = [*_KIND.finditer(name.lower())]
    return found[-1].lastgroup if found else None


def _stem(name: str) -> str:
    """Return what the names of a layer's weight and bias have in common."""
    found = [*_KIND.finditer(name.lower())]
    return name[: found[-1].start()] + "|" + name[found[-1].end() :] if found else name


def _laid(layers: Sequence[Layer], layout: str) -> list[Layer]:
    """Return layers, (fan_in, fan_out), of such or of (fan_out, fan_in)."""
    if layout == "in,out":
        return list(layers)
    return [layer._replace(weight=layer.weight.T) for layer in layers]


def _break(layers: Sequence[Layer], layout: str) -> tuple[int, str] | None:
    """Return how many of these layers chain in a layout, if not all, and why no more."""
    outwards = LAYOUTS.index(layout) ^ 1  # the axis of the outputs
    for number, layer in enumerate(layers):
        outputs = layer.weight.shape[outwards]
        if layer.bias is not None and len(layer.bias) != outputs:
            return (
                number,
                f"the bias of {layer.title} must have {outputs} numbers, got {len(layer.bias)}",
            )
        if number + 1 < len(layers) and layers[number + 1].weight.shape[1 - outwards] != outputs:
            return number + 1, (
                f"{layer.title} and {layers[number + 1].title} must chain: the outputs of a layer are "
                "the inputs of the next"
            )
    return None
