"""Doubt: how sure a network is of what is hard to tell, and of what is none of its classes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import checks
from ..backend.contract import F64
from ..data.dataset import Dataset
from ..learn.network import Network
from ..learn.rows import check_dataset
from ..look.doubt import Panel, doubt_picture
from ..look.letters import letter
from ..look.theme import THEMES
from ..measure.strain import SURE, Strain, answers_of, blank, pure_noise, strains
from .given import check_finite, names_of, network_asked
from .ink import ink_of

if TYPE_CHECKING:
    from PIL.Image import Image

_OUTPUTS = ("sigmoid", "softmax")  # whose largest output is a confidence
_BLANK, _MEAN, _NOISE = "a blank", "the mean input", "noise"
_ASKED = 1000  # samples, and as many inputs of pure noise
_NOISES = 4  # that are drawn
_LETTERS = "AKXΩЖД"
_DRAWN = 3  # of them, that are no names of classes
_SHORT = 5  # letters of a name that has room beside its confidence
_ABOUT = {
    "noise": ("Noise", "its spread, of the range from the darkest pixel to the brightest"),
    "rotation": ("Turned", "counter-clockwise"),
    "shift": ("Shifted to the right", "pixels"),
    "erased": ("Erased", "part of the input that says nothing any more"),
}


def doubt(network: Any, data: Dataset, *, seed: int = 0, theme: str = "light") -> Image:
    """Draw how right and how sure a network is as its inputs get harder, and what it says of nonsense.

    Confidence is the largest output. It is no knowledge: a network that has learned ten classes says
    one of ten to whatever it sees.

    Args:
        network: Its output is "softmax" or "sigmoid"; or any such model, as Network.from_model() takes
            it.
        data: Of which it is asked about 1,000 samples at most, from all parts; those of a test set best.
        seed: Of the noise.
        theme: "light" or "dark".

    Returns:
        An RGB image: accuracy and mean confidence under growing noise, rotation, shift and with more
        and more erased (of inputs that are no pictures noise and erased alone), an example below;
        then pure noise, an input that says nothing, and letters, with the answers.
        `.info["Description"]` tells in a sentence what is seen.

    Raises:
        TypeError: if there is no Network or no Dataset.
        ValueError: if the data do not fit, or the output is no confidence.
    """
    checks.choice("doubt", "theme", theme, tuple(THEMES))
    seed = checks.count("doubt", "seed", seed, least=0)
    network = network_asked("doubt", network, data)
    check_finite("doubt", network)
    check_dataset("doubt", data, network.architecture)
    output = network.architecture.activations[-1]
    if output not in _OUTPUTS:
        raise ValueError(
            f"doubt: network must have output 'softmax' or 'sigmoid', got {output!r}, which is no "
            "confidence"
        )
    names = names_of(network)
    count = min(_ASKED, len(data))
    some = data.subset(np.linspace(0, len(data) - 1, count).round().astype(np.int64))
    found = list(strains(network, some, seed))
    noise = pure_noise(some, _ASKED, np.random.default_rng(seed))
    told = _of_noise(network, some, noise, names)
    inputs, titles = _nonsense(some, noise, names)
    answers, sure = answers_of(network, some, inputs)
    said = [(names[a], _percent(s)) for a, s in zip(answers, sure, strict=True)]
    apart = ", " if max(map(len, names)) <= _SHORT else "\n"
    harder = _at_the_end(found)
    image = doubt_picture(
        [_panel(strain, some, names) for strain in found], ink_of(some, inputs),
        [f"{title}\nsaid {apart.join(words)}" for title, words in zip(titles, said, strict=True)],
        titles=(harder[0].upper() + harder[1:], "What it says of what it never learned"),
        notes=(_what_is_drawn(some), told), theme=theme,
    )  # fmt: skip
    image.info["Description"] = "; ".join(
        [_right(found[0], 0), harder, told, *_others(titles, said)]
    )
    return image


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def _what_is_drawn(data: Dataset) -> str:
    told = f"{len(data):,} samples; how sure is the mean of the largest outputs; shaded: surer than right"
    return told if data.shape else f"{told}; inputs are no pictures: nothing to turn or to shift"


def _of_noise(network: Network, data: Dataset, noise: F64, names: Sequence[str]) -> str:
    """Tell what is said of pure noise."""
    answers, sure = answers_of(network, data, noise)
    most = int(np.bincount(answers).argmax())
    share, very_sure = _percent((answers == most).mean()), _percent((sure > SURE).mean())
    return (
        f"of {len(noise):,} inputs of pure noise {share} are said to be {names[most]}; the mean confidence "
        f"is {_percent(sure.mean())}, and {very_sure} are more than {_percent(SURE)} sure"
    )


def _nonsense(data: Dataset, noise: F64, names: Sequence[str]) -> tuple[F64, list[str]]:
    """Return inputs (n, features) that are of no class, and what they are."""
    paper = blank(data)
    titles = [_BLANK if data.shape else _MEAN, *[_NOISE] * _NOISES]
    inputs = [paper, *noise[:_NOISES]]
    if data.shape:
        ends = data.images.min(), data.images.max()
        ink = float(max(ends, key=lambda end: abs(end - paper[0])))
        known = {name.upper() for name in names}
        for text in [text for text in _LETTERS if text not in known][:_DRAWN]:
            shares = letter(text, data.shape).ravel()
            inputs.append(paper + (ink - paper) * shares)
            titles.append(f"the letter {text}")
    return np.stack(inputs), titles


def _panel(strain: Strain, data: Dataset, names: Sequence[str]) -> Panel:
    title, note = _ABOUT[strain.kind]
    if strain.kind == "noise" and not data.shape:
        note = "times each feature's own spread"
    return Panel(
        title=title, note=note, ticks=[_tick(strain.kind, data, value) for value in strain.strengths],
        accuracy=strain.accuracy, confidence=strain.confidence,
        samples=ink_of(data, strain.example),
        captions=[
            f"{names[answer]}\n{_percent(sure)}"
            for answer, sure in zip(strain.answers, strain.sure, strict=True)
        ],
    )  # fmt: skip


def _tick(kind: str, data: Dataset, value: float) -> str:
    """Return a strength in words."""
    if kind == "rotation":
        return f"{value:.0f}°"
    if kind == "shift" or (kind == "noise" and not data.shape):
        return f"{value:.2g}"
    return _percent(value)


def _at_the_end(found: Sequence[Strain]) -> str:
    """Tell what becomes of the most strained samples, where the network is most surer than right."""
    strain = max(found, key=lambda strain: float(strain.confidence[-1] - strain.accuracy[-1]))
    most = f"{strain.strengths[-1]:.2g}"
    words = {
        "noise": "under the strongest noise", "rotation": "upside down", "erased": "with most erased",
        "shift": f"shifted by {most} pixel{'s' * (most != '1')}",
    }  # fmt: skip
    return f"{words[strain.kind]}, {_right(strain, -1)}"


def _right(strain: Strain, step: int) -> str:
    right, sure = _percent(strain.accuracy[step]), _percent(strain.confidence[step])
    return f"{right} are right, with a mean confidence of {sure}"


def _others(titles: Sequence[str], said: Sequence[tuple[str, str]]) -> list[str]:
    """Tell what is said of nonsense that is no noise."""
    told = zip(titles, said, strict=True)
    return [f"{what} is said to be {name}, {sure}" for what, (name, sure) in told if what != _NOISE]
