"""Network: a friendly face over a core, which holds weights, answers, and learns: a file for each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from .. import checks
from ..backend.choose import info, make_core
from ..backend.contract import F64, I64, make_architecture
from ..backend.optimizer import Optimizer
from ..backend.turns import Turns
from ..data.dataset import Dataset
from ..reprs import short_repr
from .initial import normal
from .learning import Learning

if TYPE_CHECKING:
    from .history import History


def check_network(who: str, network: object) -> Network:
    """Return a Network, or raise TypeError."""
    if not isinstance(network, Network):
        got = type(network).__name__
        raise TypeError(f"{who}: network must be a Network, got {got}")
    return network


@short_repr
class Network(Learning):
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
            may learn in less time than a GPU takes to start. "cuda-tf32" ("cuda-tf32:1") is "cuda" with
            products on tensor cores, from compute capability 8.0 (Ampere) on. For that, both operands
            are rounded to tf32, to 11 significant bits; products are exact, sums and all else float32.
            A sum z of n products x * w (n counts a bias, too) is off by no more than
            (2^-10 + (n + 1) * 2^-22) times the sum of |x * w|, beyond what overflows or is smaller than
            2^-126. Where learn() does its steps in one launch (see backend_info()), those are the
            products of pixels alone, with weights and with deltas; pixels are not rounded, and |x| is
            to be read as |x| + 1 / std. "auto" never takes it.
        threads: Of the CPU; None for CUTAWAY_NUM_THREADS, or else what affinity and container quota
            allow and OMP_NUM_THREADS (or MKL's or OpenBLAS's variable) does not lower. The results
            are the same bits for any number. A pickle holds what was asked for: None is found anew
            in the process that reads it.

    Attributes:
        architecture: Sizes, activations, loss and reduction.
        backend: The backend chosen: "cpu", "numpy", "cuda", "cuda:N", "cuda-tf32" or "cuda-tf32:N".
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

    def backend_info(self) -> dict[str, Any]:
        """Return what the backend is, and how it does the work: a dict for people and for JSON.

        Returns:
            "backend" and "threads", as the attributes. "cpu" adds "isa", the instruction set; "numpy"
            its version, "numpy"; and a GPU:

            name, memory, multiprocessors: Its own; memory in bytes.
            ranks: How many blocks can work together at most, 0 if none can.
            cluster: Whether these reach each other's shared memory.
            counted: Whether a block of a cluster waits for what others send to it, or else for the
                others: the same bits, but more waiting.
            tf32: Whether its tensor cores can take the products: whether there is "cuda-tf32".
            shared: Bytes of shared memory that a block can have.
            fast: Whether learn() does its steps in one launch of blocks that work together. That is
                of mini-batches as the last learn() had them, and before one of 64 images of integers.
            why_not: None, or why learn() goes layer by layer: "depth" (not one hidden layer),
                "floats" (images that are none of integers), "batch" (more than 8,192 samples),
                "width" (more hidden units than blocks can share), "refused" (the GPU took no team of
                blocks), "device" (its blocks cannot work together), "shared memory" (weights, what
                is kept of a mini-batch and 32 of its images are too large for it), "off" (tests).
            plan: Of such mini-batches ("batch"): "ranks", the blocks; "units", hidden units of each;
                "group", images that are summed at a time, 64 or 32, and "stages", groups that a block
                keeps, 2 where the next one is fetched meanwhile, both 0 where none fits; "shared",
                the bytes of shared memory that it takes, or would take. None where no blocks share the
                hidden units.
            refused: A sentence for each larger team that the GPU has not taken. The number of blocks
                is part of the order of the sums: GPUs that take other teams give other bits.
            launches: How often each kernel was launched since the network was made, by name.

        Raises:
            DeviceError: if the GPU has failed.
        """
        return info(self.backend, self.threads, self._core)

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

    def __repr__(self) -> str:
        architecture = self.architecture
        return (
            f"Network({'-'.join(map(str, architecture.sizes))}, {' '.join(architecture.activations)}, "
            f"{architecture.loss}, {self.backend}, threads={self.threads})"
        )

    def _repr_html_(self) -> str:
        from ..look import notebook

        return notebook.layer(repr(self), self.get_weights(0)[1:], self.shape)
