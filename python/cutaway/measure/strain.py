"""Strain: a network and data go in; what it says of harder inputs, and of nonsense, comes out."""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..backend.contract import F32, F64, I64
from ..data.dataset import Dataset
from ..learn.network import Network

SURE = 0.9  # an answer that is surer is very sure
_STEPS = 13  # strengths, from none to the most
_AT_ONCE = 64  # pictures that OpenCV turns as channels of one
_NOISE, _ROW_NOISE, _TURN, _SHIFT, _ERASED = 1.2, 3.0, 180.0, 3 / 7, 0.9  # the most


class Strain(NamedTuple):
    """What becomes of samples that are made harder.

    Attributes:
        kind: "noise", "rotation", "shift" or "erased".
        strengths: (steps,), the first 0: of noise, its spread as a part of the range of pixels, or of
            each feature's own spread; degrees; pixels to the right; the part that is erased.
        accuracy: (steps,), 0 to 1.
        confidence: (steps,): mean of the largest outputs.
        example: (steps, features): one sample.
        answers: (steps,): what is said of it.
        sure: (steps,): its largest output.
    """

    kind: str
    strengths: F64
    accuracy: F64
    confidence: F64
    example: NDArray[Any]
    answers: I64
    sure: F64


def answers_of(network: Network, data: Dataset, images: NDArray[Any]) -> tuple[I64, F64]:
    """Return answers (n,) and confidences (n,), the largest outputs, from 0 to 1.

    Args:
        network: What is asked.
        data: Tells whether images are pixels, and how they are normalised.
        images: (n, features), in units of the data's.
    """
    part = copy(data)
    rounded: Any = np.rint(images) if data.pixels else images
    part.images = rounded.astype(data.images.dtype, order="C")
    part.labels = np.zeros(len(images), np.int64)
    outputs = np.concatenate([output for output, _ in network.outputs(part)])
    return outputs.argmax(axis=1), outputs.max(axis=1).clip(0, 1).astype(float)


def blank(data: Dataset) -> F32:
    """Return an input that says nothing: (features,); a picture of paper, or the mean of every feature.

    Paper is the median of the pixels at the edge.
    """
    if data.shape is None:
        return np.asarray(data.images.mean(axis=0, dtype=np.float64), np.float32)
    pictures = data.images.reshape(len(data), *data.shape)
    edge = np.concatenate([pictures[:, [0, -1]].ravel(), pictures[:, :, [0, -1]].ravel()])
    return np.full(data.images.shape[1], np.median(edge), np.float32)


def pure_noise(data: Dataset, count: int, rng: np.random.Generator) -> F64:
    """Return inputs (count, features) of numbers that are all equally likely between the data's ends."""
    low, high = _ends(data)
    return rng.uniform(low, high, (count, data.images.shape[1]))


def strains(network: Network, data: Dataset, seed: int = 0) -> Iterator[Strain]:
    """Yield what becomes of samples under growing noise, rotation, shift, and with more and more erased.

    Rows that are no pictures cannot be turned or shifted.

    Args:
        network: What is asked.
        data: All its samples are asked about; that of the example is the first that is right.
        seed: Of the noise, and of what is erased.
    """
    right = np.flatnonzero(answers_of(network, data, data.images)[0] == data.labels)
    shown = int(right[0]) if len(right) else 0
    kinds = {"noise": _NOISE if data.shape else _ROW_NOISE, "erased": _ERASED}
    if data.shape:
        shift = max(1, round(_SHIFT * data.shape[1]))
        kinds = {"noise": _NOISE, "rotation": _TURN, "shift": shift, "erased": _ERASED}
    for kind, most in kinds.items():
        strengths = np.linspace(0, most, _STEPS)
        rows = []
        for strength in strengths:
            images = strained(data, kind, float(strength), np.random.default_rng(seed))
            answers, sure = answers_of(network, data, images)
            right = answers == data.labels
            rows.append((right.mean(), sure.mean(), images[shown], answers[shown], sure[shown]))
        yield Strain(kind, strengths, *(np.array(column) for column in zip(*rows, strict=True)))


def strained(data: Dataset, kind: str, strength: float, rng: np.random.Generator) -> F32:
    """Return all samples (n, features), made harder.

    Args:
        data: The samples.
        kind: As Strain has it, as strength.
        strength: 0 for as they are.
        rng: Of noise and of what is erased: the same one makes more of the same.
    """
    images = data.images.astype(np.float32)
    if kind == "noise":
        low, high = _ends(data)
        spread = high - low if data.shape else images.std(axis=0)
        noisy: F32 = rng.standard_normal(images.shape, np.float32) * np.float32(strength) * spread
        noisy += images
        return noisy.clip(low, high) if data.shape else noisy
    paper = blank(data)
    if kind == "erased":
        return np.where(rng.random(images.shape, np.float32) < strength, paper, images)
    assert data.shape is not None  # only pictures are moved
    return _moved(images - paper, data.shape, kind, strength) + paper


def _ends(data: Dataset) -> tuple[Any, Any]:
    """Return the lowest and the highest of all pixels, or of each feature."""
    axis = None if data.shape else 0
    low, high = data.images.min(axis=axis), data.images.max(axis=axis)
    return np.asarray(low, np.float32), np.asarray(high, np.float32)


def _moved(images: F32, shape: tuple[int, int], kind: str, strength: float) -> F32:
    """Return pictures (n, features) turned counter-clockwise or shifted right; what comes in is 0."""
    import cv2

    height, width = shape
    matrix: Any = np.array([[1, 0, strength], [0, 1, 0]], float)
    if kind == "rotation":
        matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), strength, 1)
    parts = []
    for start in range(0, len(images), _AT_ONCE):
        part = images[start : start + _AT_ONCE]
        layers = np.ascontiguousarray(part.T).reshape(height, width, len(part))
        moved = cv2.warpAffine(layers, matrix, (width, height)).reshape(height * width, len(part))
        parts.append(moved.T)
    return np.concatenate(parts)
