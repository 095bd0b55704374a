"""Biography: a network and labelled data go in; what a neuron looks for and is good for comes out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from .. import checks
from ..backend.contract import F64
from ..data.dataset import Dataset
from ..learn.history import Moment
from ..learn.network import Network
from ..learn.rows import check_dataset
from ..look.biography import MOST, Chart, Samples, draw_life, draw_ranking
from ..look.theme import THEMES
from ..look.tiles import tile_shape
from ..measure.mistakes import confusion
from ..measure.neurons import ablation, means_by_class
from ..measure.order import votes
from .given import check_finite, check_moments, check_unit, looks, names_of, network_asked, past_of
from .ink import ink_of

if TYPE_CHECKING:
    from PIL.Image import Image

_SAMPLES = 9  # that excite a neuron most, and least
_MOMENTS = 10
_BARS = 10  # of a chart
_TOLD = 5  # neurons in a sentence


def biography(
    network: Any,
    data: Dataset,
    neuron: int | None = None,
    *,
    moments: Iterable[Moment] | None = None,
    theme: str = "light",
) -> Image:
    """Draw what is known of a neuron of the first layer, or rank all by what is lost without them.

    Of one: its weights now and in the past, the samples that excite it most and least, its outgoing
    weights, its mean activation by class, and the accuracy that is lost without it: if its outgoing
    weights were zero. Of all: their weights, the class that each speaks for, and that loss.

    Args:
        network: Of any depth, or any model, as Network.from_model() takes it; without a hidden layer
            its neurons are the classes themselves, whose biography tells nothing of what comes after,
            and which are not ranked.
        data: Labelled samples that it did not learn from: a test set.
        neuron: Its number; None for all of them.
        moments: Of its training, for the neuron's past; None for those of a Recorder, or no past.
        theme: "light" or "dark".

    Returns:
        An RGB image; its `.info["Description"]` tells in a sentence what is seen.

    Raises:
        TypeError, ValueError: for arguments that make no biography.
        IndexError: if there is no such neuron.
    """
    who = "biography"
    moments = past_of(network, moments)
    network = network_asked(who, network, data)
    sizes = network.architecture.sizes
    check_finite(who, network)
    check_dataset(who, data, network.architecture)
    checks.choice(who, "theme", theme, tuple(THEMES))
    past = looks(check_moments(who, moments, network=network), _MOMENTS)
    if neuron is not None:
        unit = check_unit(who, "neuron", neuron, sizes[1])
        return _life(network, data, unit, past, theme)
    if len(sizes) == 2:
        raise ValueError(
            f"{who}: neuron must be a class's, 0 to {sizes[1] - 1}, of a network without a hidden "
            "layer, got None"
        )
    return _ranking(network, data, theme)


def _life(network: Network, data: Dataset, unit: int, past: Sequence[Moment], theme: str) -> Image:
    """Draw one neuron; arguments as for biography()."""
    names, hidden = names_of(network), network.architecture.layers > 1
    outputs = network.activations(data)[0][:, unit]
    order = np.argsort(outputs, kind="stable")
    means = means_by_class(outputs[:, np.newaxis], data.labels, len(names))[:, 0]
    charts, facts = [_chart("Mean output by class", means, names)], [_answers(means, names)]
    if hidden:
        lost, loss = _loss(network, data, unit, names)
        charts = [_outgoing(network, unit, names), *charts, loss]
        facts = [f"{_speaks(network, unit, names)}; {lost}", *facts]
    title = f"{f'neuron {unit}' if hidden else f'class {names[unit]}'} of {_sizes(network)}"
    shape = _shape(network, data)
    image = draw_life(
        network.weights[0][:, unit], [moment.weights[0][:, unit] for moment in past],
        steps=[f"{moment.step:,}" for moment in past], shape=shape,
        samples=[
            Samples(title=f"Samples that excite it {how}", pixels=ink_of(data, data.images[some]),
                    texts=[f"{names[data.labels[n]]}\n{outputs[n]:.2f}" for n in some])
            for how, some in (("most", order[::-1][:_SAMPLES]), ("least", order[:_SAMPLES]))
        ],
        charts=charts, title=title[0].upper() + title[1:], note="\n".join(facts), theme=theme,
    )  # fmt: skip
    image.info["Description"] = f"{title}: {'; '.join(facts)}"
    return image


def _ranking(network: Network, data: Dataset, theme: str) -> Image:
    """Draw all neurons; arguments as for biography()."""
    names, weights = names_of(network), network.weights
    before = confusion(network, data)
    without = ablation(network, data, range(weights[0].shape[1])).sum(axis=1)
    lost = 100 * (before.trace() - without) / before.sum()
    order = np.argsort(-lost, kind="stable")
    classes = votes(weights, 0).argmax(axis=1)
    told = [f"{unit}: {_points(lost[unit])}\nfor {names[classes[unit]]}" for unit in order]
    spare = f"neurons that could each go without a loss: {np.count_nonzero(lost <= 0)}"
    right = f"{_share(before.trace(), before.sum())} of {before.sum():,} samples are right"
    title = f"{len(order)} neurons of {_sizes(network)}, those that matter most first"
    if len(order) > MOST:
        title = f"The {MOST} neurons that matter most of {_sizes(network)}"
    image = draw_ranking(
        weights[0][:, order[:MOST]], shape=_shape(network, data), texts=told[:MOST],
        title=title, note=f"{right}; {spare}", theme=theme,
        legend="below: its number, the points of accuracy lost without it, the class it speaks for",
    )  # fmt: skip
    first = ", ".join(
        f"{unit} for {names[classes[unit]]} {_points(lost[unit])}" for unit in order[:_TOLD]
    )
    image.info["Description"] = (
        f"{title}, with the points of accuracy lost without it: {first}"
        f"{', ...' * (len(order) > _TOLD)}; {right}; {spare}"
    )
    return image


def _shape(network: Network, data: Dataset) -> tuple[int, int]:
    """Return (height, width) of what a neuron looks at: a picture, or a strip."""
    return tile_shape("biography", network.weights[0], network.shape or data.shape)


def _sizes(network: Network) -> str:
    return "-".join(map(str, network.architecture.sizes))


def _share(right: float, samples: float) -> str:
    return f"{right / samples:.2%}"


def _points(percent: float) -> str:
    return f"{percent:+.2f}".replace("-", "\N{MINUS SIGN}")


def _number(value: float) -> str:
    return f"{value:.2g}".replace("-", "\N{MINUS SIGN}")


def _chart(
    title: str, values: ArrayLike, labels: Sequence[str], write: Callable[[float], str] = _number
) -> Chart:
    """Return bars of the ten strongest values, in their order; NaN is none of them."""
    numbers = np.asarray(values, float)
    strength = np.where(np.isnan(numbers), -1, np.abs(numbers))
    there = np.count_nonzero(strength >= 0)
    taken = np.sort(np.argsort(-strength, kind="stable")[: min(_BARS, there)])
    if there > _BARS:
        title = f"{title} ({_BARS} of {there})"
    return Chart(
        title=title, values=numbers[taken], labels=[labels[n] for n in taken],
        texts=[write(value) for value in numbers[taken]],
    )  # fmt: skip


def _outgoing(network: Network, unit: int, names: Sequence[str]) -> Chart:
    """Return the weights with which the next layer takes a unit."""
    weights = network.weights[1][unit]
    if network.architecture.layers == 2:
        return _chart("Its weights to the classes", weights, names)
    return _chart("Its weights to the next layer", weights, [f"{n}" for n in range(len(weights))])


def _loss(network: Network, data: Dataset, unit: int, names: Sequence[str]) -> tuple[str, Chart]:
    """Return what is lost without a unit, in words and as bars: of all samples, and by class."""
    counts = confusion(network, data)
    samples, right = counts.sum(axis=1), counts.diagonal()
    without = ablation(network, data, [unit])[0]
    with np.errstate(invalid="ignore"):  # a class without samples
        lost = 100 * (right - without) / samples
    total = 100 * (right - without).sum() / samples.sum()
    chart = _chart("Points lost without it", lost, names, _points)
    chart = replace(
        chart, values=np.append(total, chart.values), labels=["all", *chart.labels],
        texts=[_points(total), *chart.texts],
    )  # fmt: skip
    share, alone = (_share(count.sum(), samples.sum()) for count in (right, without))
    told = f"{samples.sum():,} samples are right"
    if share == alone:
        return f"without it {alone} of {told}, as with it", chart
    return f"without it {alone} instead of {share} of {told}", chart


def _speaks(network: Network, unit: int, names: Sequence[str]) -> str:
    """Tell which class a unit speaks for most, and against, as the later layers' weights add up."""
    said = votes(network.weights, 0)[unit]
    return f"speaks for {names[said.argmax()]}, against {names[said.argmin()]}"


def _answers(means: F64, names: Sequence[str]) -> str:
    """Tell to which class a unit answers most and least."""
    most, least = int(np.nanargmax(means)), int(np.nanargmin(means))
    return (
        f"answers most to {names[most]} (mean {means[most]:.2g}), least to {names[least]} "
        f"({means[least]:.2g})"
    )
