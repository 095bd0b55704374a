"""Holding: a network's weights and what its optimizer remembers; a core goes in that has them.

They are read and replaced, kept as a state_dict or a pickle, and what is read is a copy of one moment.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .. import checks
from ..backend.choose import make_core
from ..backend.contract import F32, Architecture, State
from ..backend.optimizer import Optimizer, check
from ..backend.turns import Turns
from ..data.dataset import Dataset
from .rows import check_matrix
from .state import check_state, weights_of


class Holding:
    """The part of a Network that has the weights; its attributes are told there."""

    architecture: Architecture
    backend: str
    threads: int
    optimizer: Optimizer | None  # whose memory the core holds
    _core: Any
    _asked_threads: int | None
    _loaded: Dataset | None  # whose images the core holds

    @property
    def weights(self) -> tuple[F32, ...]:
        """Each layer's weights (fan_in, fan_out): column j is unit j's picture. Copies."""
        return tuple(values[1:] for values in self._all_weights())

    @property
    def biases(self) -> tuple[F32, ...]:
        """Each layer's biases (fan_out,). Copies."""
        return tuple(values[0] for values in self._all_weights())

    def get_weights(self, layer: int) -> F32:
        """Return a copy of a layer's weights (1 + fan_in, fan_out), row 0 the bias."""
        weights: F32 = self._core.weights(self._layer("get_weights", layer))
        return weights

    def set_weights(self, layer: int, values: ArrayLike) -> None:
        """Replace a layer's weights.

        Args:
            layer: 0 for the first.
            values: (1 + fan_in, fan_out), row 0 the bias, as get_weights() returns.
        """
        layer = self._layer("set_weights", layer)
        matrix = check_matrix("set_weights", "values", values, self.architecture, layer)
        self._core.set_weights(layer, matrix)

    def fingerprint(self) -> str:
        """Return the SHA-256 of all weights, in hexadecimal."""
        import hashlib

        sha = hashlib.sha256()
        for values in self._all_weights():
            sha.update(values.astype("<f4").tobytes())
        return sha.hexdigest()

    def state_dict(self) -> dict[str, F32]:
        """Return the weights as torch.nn.Sequential(Linear, Sigmoid, Linear, ...) has them.

        That is "0.weight" (out, in), "0.bias" (out,), "2.weight" and so on: activations take a number,
        too, whichever they are.
        """
        result = {}
        for layer, values in enumerate(self._all_weights()):
            result[f"{2 * layer}.weight"] = np.ascontiguousarray(values[1:].T)
            result[f"{2 * layer}.bias"] = values[0].copy()
        return result

    def load_state_dict(self, state: Mapping[str, ArrayLike], *, finite: bool = True) -> None:
        """Replace all weights by those of such a dictionary.

        Args:
            state: As state_dict() returns, or with any names, in the order of the layers; weights may be
                (in, out), too, if the network's sizes tell that they are.
            finite: Refuse numbers that are not finite, which only a network that diverged has.

        Raises:
            ValueError: if an array is missing or too many, or a shape differs; nothing changes then.
        """
        who = "load_state_dict"
        finite = checks.flag(who, "finite", finite)
        matrices = weights_of(who, state, self.architecture, finite)
        with self._core.turn:
            for layer, values in enumerate(matrices):
                self._core.set_weights(layer, values)

    def optimizer_state(self) -> State:
        """Return what the optimizer remembers: "step" and arrays by name; empty before learning."""
        return {} if self.optimizer is None else self._core.state()

    def load_optimizer_state(
        self, optimizer: Optimizer, state: State, *, finite: bool = True
    ) -> None:
        """Go on from what optimizer_state() returned; `finite` as for load_state_dict()."""
        who = "load_optimizer_state"
        finite = checks.flag(who, "finite", finite)
        checked = check_state(who, check(who, optimizer), state, self.architecture, finite)
        self._start(optimizer)
        self._core.set_state(checked)

    def __getstate__(self) -> dict[str, Any]:
        """Return all but the core, which the weights and the optimizer's memory stand for."""
        with self._core.turn:
            kept = {"_weights": self._all_weights(), "_memory": self.optimizer_state()}
            state = self.__dict__ | kept
        del state["_core"], state["_loaded"], state["threads"]
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Make a core of the same backend, which goes on to the same bits."""
        state = state.copy()
        weights, memory = state.pop("_weights"), state.pop("_memory")
        self.__dict__.update(state)
        _, self.threads, core = make_core(self.architecture, self.backend, self._asked_threads)
        self._core = Turns(core)
        self._loaded = None
        for layer, values in enumerate(weights):
            self._core.set_weights(layer, values)
        if self.optimizer is not None:
            self._core.use(self.optimizer)
            self._core.set_state(memory)

    # for its own use

    def _all_weights(self) -> list[F32]:
        """Return every layer's weights, all of one moment."""
        with self._core.turn:
            return [self.get_weights(layer) for layer in range(self.architecture.layers)]

    def _layer(self, who: str, layer: int) -> int:
        try:
            return checks.count(who, "layer", layer, 0, self.architecture.layers - 1)
        except ValueError as error:
            raise IndexError(str(error)) from None

    def _start(self, optimizer: Optimizer) -> None:
        """Begin with this optimizer's memory afresh; if that cannot be, all stays as it was."""
        before, self.optimizer = self.optimizer, None  # interrupted, nothing is taken for granted
        try:
            self._core.use(optimizer)
        except Exception:
            self.optimizer = before
            raise
        self.optimizer = optimizer
