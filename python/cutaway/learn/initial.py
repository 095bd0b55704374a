"""Start weights: an architecture, or the shape of pictures, and a seed go in; arrays come out."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..backend.contract import F32, Architecture

_ROWS = 64  # of weights, drawn at a time
# Of the side of a picture: where the waves are centred, and how wide their windows are.
_PLACES, _WINDOWS = (0.2, 0.8), (0.07, 0.14)
_LENGTHS = (2, 4)  # a wavelength, of its window's width


def normal(architecture: Architecture, seed: int) -> Iterator[F32]:
    """Yield each layer's weights (1 + fan_in, fan_out): N(0, 1 / fan_in), biases 0.

    Layers of ReLU, which drops a half of what comes in, get N(0, 2 / fan_in): He et al. 2015,
    "Delving deep into rectifiers".
    """
    generator = np.random.default_rng(seed)
    for layer, name in enumerate(architecture.activations):
        rows, columns = architecture.shape(layer)
        values = np.zeros((rows, columns), np.float32)
        spread = np.sqrt((2 if name == "relu" else 1) / (rows - 1))
        for start in range(1, rows, _ROWS):  # float64 takes twice the memory of the weights
            some = values[start : start + _ROWS]
            some[:] = spread * generator.standard_normal(some.shape)
        yield values


def waves(shape: tuple[int, int], units: int, seed: int) -> F32:
    """Return a wave under a Gaussian window for every unit: (height * width, units), columns of norm 1.

    Place, width, wavelength, direction and phase are drawn evenly. Such a unit answers to a stroke
    of one direction at one place, as cells of the visual cortex do (Daugman 1985, "Uncertainty
    relation for resolution in space, spatial frequency, and orientation"); what training would
    have to find first is there already.

    Args:
        shape: Height and width of a picture.
        units: How many waves.
        seed: The same seed gives the same waves.
    """
    draw = np.random.default_rng(seed).uniform
    side = min(shape)
    centre_y, centre_x = (extent * draw(*_PLACES, units) for extent in shape)
    window = side * draw(*_WINDOWS, units)
    length = window * draw(*_LENGTHS, units)
    angle, phase = draw(0, 2 * np.pi, (2, units))
    rows, columns = np.indices(shape).reshape(2, -1, 1)
    y, x = rows - centre_y, columns - centre_x
    along = x * np.cos(angle) + y * np.sin(angle)
    values = np.exp(-(x**2 + y**2) / (2 * window**2)) * np.cos(2 * np.pi * along / length + phase)
    result: F32 = (values / np.sqrt((values**2).sum(axis=0))).astype(np.float32)
    return result
