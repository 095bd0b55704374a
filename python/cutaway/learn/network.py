"""Network: a friendly face over a core. Looking inside, prediction, learning, state_dict."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from .. import checks
from ..backend.choose import make_core
from ..backend.contract import F32, F64, I64, U8, State, make_architecture
from ..backend.optimizer import Optimizer, check, same_memory
from ..backend.turns import Turns
from ..data.dataset import Dataset
from ..errors import warn
from ..reprs import short_repr
from .initial import normal
from .rows import (
    Rows,
    block_of,
    check_batch,
    check_dataset,
    check_matrix,
    check_order,
    check_rate,
    check_rates,
    check_room,
    check_rows,
    far_below_chance,
    labelled,
    labels_of,
    looks_like_the_other_kind,
    spread_as_bytes,
    square,
)
from .state import check_state, weights_of

if TYPE_CHECKING:
    from .history import History

_LARGEST_BATCH = 1 << 62


def check_network(who: str, network: object) -> Network:
    """Return a Network, or raise TypeError."""
    if not isinstance(network, Network):
        got = type(network).__name__
        raise TypeError(f"{who}: network must be a Network, got {got}")
    return network


@short_repr
class Network:
    """A fully connected network.

    Args:
        sizes: features, hidden units..., classes: any depth and width.
        activation: Of the hidden layers: "sigmoid", "relu", "tanh" or "identity", or one for each.
        output: Activation of the last layer: "sigmoid", "softmax", "identity", "relu" or "tanh".
        loss: "squared_error" (with any output), "binary_cross_entropy" (with "sigmoid") or
            "cross_entropy" (with "softmax"), summed over classes.
        reduction: "mean" averages the loss over a mini-batch, "sum" adds it.
        seed: Of the start weights: N(0, 1 / fan_in), N(0, 2 / fan_in) for ReLU layers (He et al.
            2015); biases start at 0.
        backend: "cpu", "cuda" (an NVIDIA GPU; "cuda:1" is the second), "numpy" (the reference), or
            "auto": "cuda" where cuda_status() says that it is usable, else "cpu". A small network
            may learn in less time than a GPU takes to start.
        threads: Of the CPU; None for CUTAWAY_NUM_THREADS, or else what affinity and container quota
            allow and OMP_NUM_THREADS (or MKL's or OpenBLAS's variable) does not lower. The results
            are the same bits for any number. A pickle holds what was asked for: None is found anew
            in the process that reads it.

    Attributes:
        architecture: Sizes, activations, loss and reduction.
        backend: The backend chosen: "cpu", "cuda", "cuda:N" or "numpy".
        threads: Threads of the CPU; 1 for "numpy", whose BLAS has threads of its own.
        mean: Mean pixel of the Dataset it learned from (0 if that was of floats); None if it is not
            known, for it learned from none.
        std: Standard deviation likewise (1 if they were floats).
        pixels: Whether the images it learned from were integers, or None before that.
        shape: (height, width) of the images it learned from, if they had one, or None.
        class_names: The names of the classes of the Dataset it learned from, if it had some, or None.
        whole: Whether the images it learned from are whole pictures that load_data() scaled.
        history: Of its last fit(), or None.

    Several threads may use one network: whoever reads waits for the mini-batches that are being
    learned. Only one may train it.

    Raises:
        TypeError, ValueError: for arguments that do not make a network.
        DeviceError: (a RuntimeError) if there is no GPU to use, or too little memory on it; says
            why, and what to do.
    """

    def __init__(
        self,
        sizes: Sequence[int] = (784, 64, 10),
        *,
        activation: str | Sequence[str] = "sigmoid",
        output: str = "sigmoid",
        loss: str = "squared_error",
        reduction: str = "mean",
        seed: int = 0,
        backend: str = "auto",
        threads: int | None = None,
    ) -> None:
        self.architecture = make_architecture(sizes, activation, output, loss, reduction)
        seed = checks.count("Network", "seed", seed, least=0)
        self._asked_threads = threads
        self.backend, self.threads, core = make_core(self.architecture, backend, threads)
        self._core: Any = Turns(core)
        self.mean: float | None = None
        self.std: float | None = None
        self.pixels: bool | None = None
        self.shape: tuple[int, int] | None = None
        self.class_names: tuple[str, ...] | None = None
        self.whole = False
        self.history: History | None = None
        self.optimizer: Optimizer | None = None  # whose memory the core holds
        self._loaded: Dataset | None = None  # whose images the core holds
        self._trainings = 0  # by train(), so far: one of them notes that another has begun
        self._of_others = False  # made of a model that learned elsewhere
        self._told: set[str] = set()  # of which warnings have been given: each comes once
        for layer, values in enumerate(normal(self.architecture, seed)):
            self._core.set_weights(layer, values)

    @classmethod
    def from_model(
        cls,
        model: Any,
        *,
        activation: str | Sequence[str] | None = None,
        output: str | None = None,
        loss: str | None = None,
        mean: float | None = None,
        std: float | None = None,
        layout: str | None = None,
        backend: str = "auto",
        threads: int | None = None,
    ) -> Network:
        """Return a network that computes what a model of another library does, and goes on learning here.

        Args:
            model: As for Weights.from_model(). A classifier of scikit-learn's with one output for two
                classes gets an output for each.
            activation: Of the hidden layers, as Network has it, instead of what the model says; to be
                given where it says nothing: a state_dict, arrays.
            output: Of the last layer, likewise; a PyTorch model that was trained with CrossEntropyLoss
                ends in "identity", and gives probabilities with "softmax".
            loss: None for the one that fits the output.
            mean: Integer pixels become (pixel - mean) / std, as they did when the model learned: 0,
                with a std of 255, for pixels that were divided by 255. None for what the model says; if
                it does not, a Dataset's own are used, as by a network that has not learned.
            std: See mean.
            layout: As for Weights.from_model().
            backend: As for Network, like threads.
            threads: See backend.

        Raises:
            TypeError, ValueError: for what is no chain of fully connected layers, or says not what it
                computes.
            OSError: if a file cannot be read.
            ModuleNotFoundError: if a file needs a library that is not installed.
        """
        from .others import network_of

        return network_of(
            "from_model", model, activation=activation, output=output, loss=loss, mean=mean, std=std,
            layout=layout, backend=backend, threads=threads,
        )  # fmt: skip

    # looking inside

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

    # using it

    def activations(self, x: ArrayLike | Dataset) -> list[F32]:
        """Return every layer's activations for rows x: [(rows, fan_out), ...].

        Args:
            x: (rows, features) or (rows, height, width), or a single one of these; a Dataset stands
                for its images. Integers (and booleans) are pixels, normalised as those that the
                network learned from; floats are numbers, taken as they are. A network that learned
                from floats takes all as they are.

        Warns:
            UserWarning: once, if the rows look like the other kind.
        """
        rows = self._rows("activations", x, finite=False)
        return self._blocks(rows, range(self.architecture.layers))

    def forward(self, x: ArrayLike | Dataset) -> F32:
        """Return the output (rows, classes) for rows x; see activations()."""
        rows = self._rows("forward", x, finite=False)
        return self._blocks(rows, [self.architecture.layers - 1])[0]

    def predict(self, x: ArrayLike | Dataset | str | os.PathLike[str]) -> I64:
        """Return the class of each row of x (rows,): the number of its largest output.

        Args:
            x: Rows, as activations() takes them; or the path of a picture file, which is made like
                the pictures that the network learned from: gray, inverted if its paper is not
                theirs, and if it is of another size its ink alone, centred (or all of it scaled,
                if load_data() scaled theirs). A warning tells what was done.

        Raises:
            ValueError: if a number is not finite: which row and column; if a file is no picture, or the
                network learned from no pixels from 0 to 255.
            OSError: if a file cannot be read.
        """
        classes: I64 = self._answers("predict", x).argmax(axis=1)
        return classes

    def predict_proba(self, x: ArrayLike | Dataset | str | os.PathLike[str]) -> F32:
        """Return the probability of each class (rows, classes), for rows x or a file as in predict().

        Raises:
            ValueError: if the output is no distribution: it is of output="softmax" only.
        """
        output = self.architecture.activations[-1]
        if output != "softmax":
            raise ValueError(
                f"predict_proba: the network must have output 'softmax', got {output!r}, whose rows "
                "do not add up to 1; forward() returns them"
            )
        return self._answers("predict_proba", x)

    def top(self, x: ArrayLike | Dataset | str | os.PathLike[str], k: int = 3) -> tuple[I64, F32]:
        """Return the k best classes of each row of x, the best first, and their outputs.

        Args:
            x: Rows, or a file, as in predict().
            k: How many; of equal ones the lowest comes first.

        Returns:
            Classes (rows, k), and outputs (rows, k).
        """
        k = checks.count("top", "k", k, most=self.architecture.sizes[-1])
        output = self._answers("top", x)
        best: I64 = np.argsort(-output, axis=1, kind="stable")[:, :k]
        return best, np.take_along_axis(output, best, axis=1)

    def outputs(self, data: Dataset | Iterable[tuple[Any, Any]]) -> Iterator[tuple[F32, I64]]:
        """Yield the outputs (rows, classes) and labels (rows,) of a dataset, block after block.

        Args:
            data: As for evaluate().
        """
        for rows, labels in self._labelled("outputs", data):
            yield self._blocks(rows, [self.architecture.layers - 1])[0], labels

    def confusion(self, data: Dataset | Iterable[tuple[Any, Any]]) -> I64:
        """Return how often each class was taken for each: (classes, classes).

        Args:
            data: As for evaluate().

        Returns:
            A row per true class, a column per predicted one; the diagonal is right.
        """
        from ..measure.mistakes import confusion

        return confusion(self, data)

    def class_accuracy(self, data: Dataset | Iterable[tuple[Any, Any]]) -> F64:
        """Return which part of each class's samples is recognised: (classes,), NaN where there are none.

        Args:
            data: As for evaluate().
        """
        from ..measure.mistakes import class_accuracy

        return class_accuracy(self.confusion(data))

    def evaluate(self, data: Dataset | Iterable[tuple[Any, Any]]) -> tuple[float, float]:
        """Return the loss (mean per sample) and the accuracy (0 to 1) on a dataset.

        Args:
            data: A Dataset, or a DataLoader of one: pixels are normalised as those that the network
                learned from (if it learned from none, with the dataset's own mean and std), so
                that the answer is that of predict(). Or (x, y) mini-batches of your own, another
                library's loader among them, or a tuple (x, y) of all: rows as activations() takes
                them.

        Raises:
            ValueError: if there is no sample, or a dataset numbers the names of the classes otherwise
                than what the network learned from.

        Warns:
            UserWarning: once, if the accuracy is far below chance.
        """
        total, right, samples = self._score("evaluate", data)
        count = int(samples.sum())
        if self.mean is not None and far_below_chance(right, samples):
            self._tell(
                "chance",
                f"evaluate: accuracy {right / count:.2%} is far below chance: are ink and paper swapped "
                "(255 - x), or classes numbered otherwise?",
            )
        return total / count, right / count

    def _score(self, who: str, data: Dataset | Iterable[tuple[Any, Any]]) -> tuple[float, int, I64]:
        """Return the sum of the losses, how many are right, and the samples of each class."""
        total, right = 0.0, 0
        samples = np.zeros(self.architecture.sizes[-1], np.int64)
        for rows, labels in self._labelled(who, data):
            loss, correct = self._core.evaluate(rows.x, labels, rows.mean, rows.std)
            total, right = total + loss, right + correct
            samples += np.bincount(labels, minlength=len(samples))
        if not samples.any():
            raise ValueError(f"{who}: data must have at least 1 sample, got 0")
        return total, right, samples

    # learning

    def backprop(self, x: ArrayLike, y: ArrayLike) -> tuple[float, list[F32]]:
        """Return the loss of a mini-batch and its gradients; nothing is updated.

        Args:
            x: Rows, as activations() takes them.
            y: Labels (rows,) or one-hot (rows, classes).

        Returns:
            The loss, and per layer the gradient (1 + fan_in, fan_out), row 0 the bias's.
        """
        rows, labels = self._batch("backprop", x, y)
        result: tuple[float, list[F32]] = self._core.backprop(rows, labels)
        return result

    def step(
        self, x: ArrayLike, y: ArrayLike, optimizer: Optimizer, rate: float | None = None
    ) -> float:
        """Update the weights once, on one mini-batch, and return its loss before the update.

        Args:
            x: Rows, as activations() takes them.
            y: Labels (rows,) or one-hot (rows, classes).
            optimizer: SGD or Adam. What it remembers stays with the network and goes on while its
                settings (all but lr) are the same.
            rate: Instead of the optimizer's lr.
        """
        rows, labels = self._batch("step", x, y)
        rates = check_rate("step", rate, optimizer)
        with self._core.training("step"):
            self._use("step", optimizer)
            self._loaded = None
            self._core.load(rows, labels, 0.0, 1.0)
            return float(self._core.learn(np.arange(len(rows)), len(rows), rates)[0])

    def update(
        self, gradients: Sequence[ArrayLike], optimizer: Optimizer, rate: float | None = None
    ) -> None:
        """Update the weights once, with gradients from elsewhere: a rule of your own, other ranks.

        Args:
            gradients: Per layer (1 + fan_in, fan_out), row 0 the bias's, as backprop() returns.
            optimizer: As in step().
            rate: Instead of the optimizer's lr.
        """
        rates = check_rate("update", rate, optimizer)
        if not isinstance(gradients, list | tuple):
            raise TypeError(f"update: gradients must be a list, got {type(gradients).__name__}")
        if len(gradients) != self.architecture.layers:
            raise ValueError(
                f"update: gradients must be one per layer ({self.architecture.layers}), "
                f"got {len(gradients)}"
            )
        arrays = [
            check_matrix("update", f"gradients[{layer}]", gradient, self.architecture, layer)
            for layer, gradient in enumerate(gradients)
        ]
        with self._core.training("update"):
            self._use("update", optimizer)
            self._core.update(arrays, float(rates[0]))

    def learn(
        self,
        order: ArrayLike,
        batch: int,
        *,
        dataset: Dataset,
        optimizer: Optimizer,
        rates: ArrayLike | None = None,
    ) -> F32:
        """Train on samples of a dataset, mini-batch after mini-batch: the fast loop.

        Splitting an order at a multiple of `batch` gives the same bits.

        Args:
            order: Sample numbers.
            batch: Samples per mini-batch; the last one may be shorter.
            dataset: Its mean and std (0 and 1 if its images are floats) become the network's.
            optimizer: As in step().
            rates: A learning rate per mini-batch instead of the optimizer's lr.

        Returns:
            The loss of each mini-batch before its update, float32.

        Raises:
            IndexError: if a sample number is out of range; nothing changes then.
        MemoryError: if there is no room for such mini-batches.
        """
        numbers = checks.integers("learn", "order", order).copy()  # nobody can write to it
        # Larger than any order: a core may choose its ways by it, and parts of an order learn as the
        # whole does.
        batch = min(checks.count("learn", "batch", batch), _LARGEST_BATCH)
        check_dataset("learn", dataset, self.architecture)
        rates = check_rates("learn", rates, optimizer, -(-len(numbers) // batch))
        check_room("learn", self.architecture, min(batch, len(numbers)))
        mean, std = dataset.normalisation
        with self._core.training("learn"):
            fresh = self._loaded is not dataset or (self.mean, self.std) != (mean, std)
            if fresh or not same_memory(self.optimizer, optimizer):  # else the core tells in time
                check_order(numbers, len(dataset))
            self._use("learn", optimizer)
            if fresh:
                self._loaded = None  # if interrupted in between, the next call loads again
                labels = labels_of("learn", dataset, self.architecture)
                self._core.load(dataset.images, labels, mean, std)
                self._loaded, self.mean, self.std = dataset, mean, std
                self.pixels, self.shape = dataset.pixels, dataset.shape
                self.class_names, self.whole = dataset.class_names, dataset.whole
            losses: F32 = self._core.learn(numbers, batch, rates)
            return losses

    def correct(self) -> int:
        """Return how many samples of the last learn() or step() were recognised, before it."""
        correct: int = self._core.correct()
        return correct

    # keeping it

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

    def __repr__(self) -> str:
        architecture = self.architecture
        return (
            f"Network({'-'.join(map(str, architecture.sizes))}, {' '.join(architecture.activations)}, "
            f"{architecture.loss}, {self.backend}, threads={self.threads})"
        )

    def _repr_html_(self) -> str:
        from ..look import notebook

        return notebook.layer(repr(self), self.get_weights(0)[1:], self.shape)

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

    def _picture(self, who: str, x: Any) -> Any:
        """Return a picture file's pixels, and anything else as it is."""
        if not isinstance(x, str | os.PathLike):
            return x
        pixels, done = self._read(who, x)
        if done:
            warn(f"{who}: {os.fspath(x)} was {done}, like the pictures that it learned from")
        return pixels

    def _read(self, who: str, x: str | os.PathLike[str]) -> tuple[U8, str]:
        """Return a picture file's pixels (1, height, width), and what was done to it in words."""
        if not self.pixels or self.mean is None or self.std is None:
            raise ValueError(f"{who}: a picture file needs a network that learned from pixels")
        if not spread_as_bytes(self.mean, self.std):
            raise ValueError(
                f"{who}: a picture file has pixels from 0 to 255, but the network learned from "
                f"others: their mean is {self.mean:.3g}, their spread {self.std:.3g}; pass rows"
            )
        from ..data.pictures import like

        path = checks.path(who, "x", x)
        features = self.architecture.sizes[0]
        shape = self.shape or square(who, features)
        return like(who, path, shape, dark=self.mean < 128, whole=self.whole)

    def _rows(self, who: str, x: ArrayLike | Dataset, *, finite: bool) -> Rows:
        rows = check_rows(who, x, self.architecture.sizes[0], self.mean, self.std)
        if finite:
            checks.finite(who, "x", rows.x)
        self._tell_kind(who, rows)
        return rows

    def _labelled(self, who: str, data: object) -> Iterator[tuple[Rows, I64]]:
        known = self.mean, self.std, self.class_names
        for rows, labels in labelled(who, data, self.architecture, *known):
            self._tell_kind(who, rows)
            yield rows, labels

    def _batch(self, who: str, x: ArrayLike, y: ArrayLike) -> tuple[F32, I64]:
        return check_batch(who, self._rows(who, x, finite=True), y, self.architecture)

    def _answers(self, who: str, x: Any) -> F32:
        """Return the output for rows, or a picture file, of which classes are made: NaN has none."""
        rows = self._rows(who, self._picture(who, x), finite=True)
        return self._blocks(rows, [self.architecture.layers - 1])[0]

    def _blocks(self, rows: Rows, layers: Sequence[int]) -> list[F32]:
        """Return the activations of some layers, computed as many rows at once as a core should get."""
        block = block_of(self.architecture)
        starts = range(0, max(len(rows.x), 1), block)
        parts = (rows.x[i : i + block] for i in starts)
        blocks = [self._core.forward(part, rows.mean, rows.std, layers) for part in parts]
        if len(blocks) == 1:
            return list(blocks[0])
        return [np.concatenate(layer) for layer in zip(*blocks, strict=True)]

    def _tell(self, what: str, message: str) -> None:
        """Warn, once of each thing."""
        if what not in self._told:
            self._told.add(what)
            warn(message)

    def _tell_kind(self, who: str, rows: Rows) -> None:
        """Tell if rows look like pixels to a network of numbers, or the other way round."""
        if self.pixels is None or self.mean is None or self.std is None:
            return
        if why := looks_like_the_other_kind(rows, self.pixels, self.mean, self.std):
            self._tell("kind", f"{who}: {why}")

    def _use(self, who: str, optimizer: Optimizer) -> None:
        if not same_memory(self.optimizer, check(who, optimizer)):
            self._start(optimizer)
        self.optimizer = optimizer

    def _start(self, optimizer: Optimizer) -> None:
        """Begin with this optimizer's memory afresh; if that cannot be, all stays as it was."""
        before, self.optimizer = self.optimizer, None  # interrupted, nothing is taken for granted
        try:
            self._core.use(optimizer)
        except Exception:
            self.optimizer = before
            raise
        self.optimizer = optimizer
