"""Estimator: a network as a classifier of scikit-learn's, for its pipelines, searches and scores.

Tables of numbers and their labels go in, as scikit-learn passes them; a `Network` learns them, and its
classes, probabilities and weights come out under scikit-learn's names. X and y are checked by
scikit-learn, in its words.
"""

from __future__ import annotations

import time
import warnings
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

try:
    from sklearn.base import BaseEstimator, ClassifierMixin
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.model_selection import train_test_split
    from sklearn.utils import check_random_state
    from sklearn.utils.multiclass import check_classification_targets, unique_labels
    from sklearn.utils.validation import check_is_fitted, validate_data
except ImportError as error:
    raise type(error)(
        "Classifier: needs scikit-learn 1.6 or later: pip install 'cutaway[sklearn]'"
    ) from error

from .. import checks
from ..backend.contract import F32, I64
from ..data.dataset import Dataset
from ..data.samplers import RandomSampler, SequentialSampler
from ..errors import DivergenceError
from ..learn.history import History
from ..learn.network import Network
from .settings import Best, Settings, settings_of

_WHO = "Classifier"


class Classifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A classifier of scikit-learn's that trains a fully connected `Network`.

    What has the name of a parameter of `MLPClassifier` means the same. Numbers are taken as they are,
    so scale them, as for `MLPClassifier`. Two classes have two outputs here, and softmax.

    Args:
        hidden_layer_sizes: Units of each hidden layer.
        activation: Of the hidden layers: "identity", "logistic", "tanh" or "relu".
        solver: "adam" or "sgd"; SGD's momentum is the plain one.
        batch_size: Samples per mini-batch; "auto" for 200, or all if that is less.
        learning_rate_init: The rate of all mini-batches.
        max_iter: Passes over the samples, at most.
        shuffle: A new random order at every pass.
        random_state: Of start weights, orders, and which samples validate: an integer, a RandomState,
            or None for others every time. The same integer gives the same bits for any number of
            threads and jobs.
        tol: By how much the loss, or with early_stopping the validation score, must get better.
        verbose: Print the loss of every pass.
        warm_start: Let fit() go on from what was learned before.
        momentum: Of SGD.
        early_stopping: Keep samples aside, and end with the weights that recognise most of them.
        validation_fraction: Which part of the samples is kept aside.
        beta_1: Of Adam.
        beta_2: Of Adam.
        epsilon: Of Adam.
        n_iter_no_change: Passes without getting better, of which one more ends the training.
        weight_decay: Adds so many times each weight to its gradient, biases included: not quite
            MLPClassifier's alpha, which is divided by the samples of a mini-batch.
        backend: As for Network; "cpu", because many fits at once share one GPU badly.
        threads: As for Network.

    Attributes:
        classes_: (classes,), sorted.
        coefs_: Per layer (fan_in, fan_out); copies.
        intercepts_: Per layer (fan_out,); copies.
        loss_curve_: The mean loss per sample of every pass, warm starts and partial_fit() included.
        loss_: The last of them.
        validation_scores_: With early_stopping, the accuracy on what is kept aside, likewise.
        n_iter_: Passes of the last fit.
        n_features_in_: Columns of X.
        feature_names_in_: Their names, if it has names.
        network_: The Network, for all that draws and asks; its `.history` has every mini-batch's loss.
    """

    def __init__(
        self,
        hidden_layer_sizes: Any = (100,),
        activation: str = "relu",
        *,
        solver: str = "adam",
        batch_size: Any = "auto",
        learning_rate_init: float = 0.001,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: Any = None,
        tol: float = 1e-4,
        verbose: bool = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: int = 10,
        weight_decay: float = 0.0,
        backend: str = "cpu",
        threads: int | None = None,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.solver = solver
        self.batch_size = batch_size
        self.learning_rate_init = learning_rate_init
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.random_state = random_state
        self.tol = tol
        self.verbose = verbose
        self.warm_start = warm_start
        self.momentum = momentum
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.n_iter_no_change = n_iter_no_change
        self.weight_decay = weight_decay
        self.backend = backend
        self.threads = threads

    def fit(self, X: ArrayLike, y: ArrayLike) -> Classifier:  # noqa: N803
        """Learn samples X (n, features) and their labels y (n,), numbers or text.

        Raises:
            ValueError, TypeError: for a parameter out of its range, an X or y that is no table of
                numbers with a label each, or a single class.
            RuntimeError: when the loss is no longer finite.

        Warns:
            ConvergenceWarning: if max_iter ends the training.
        """
        settings = settings_of(self.get_params(deep=False))
        goes_on = settings.warm_start and hasattr(self, "network_")
        x, labels = self._checked(X, y, reset=not goes_on)
        if goes_on:
            self._check_layers(settings)
        else:
            self._start(np.unique(labels), settings)
        numbers, kept = self._numbers(labels), None
        if settings.early_stopping:
            x, x_kept, numbers, numbers_kept = train_test_split(
                x, numbers, test_size=settings.validation_fraction, stratify=numbers,
                random_state=self._seed,
            )  # fmt: skip
            kept = x_kept, numbers_kept
        if self._learn(self._dataset(x, numbers), kept, settings):
            warnings.warn(
                f"{_WHO}: max_iter={settings.max_iter} passes ended the training while it improved",
                ConvergenceWarning,
                stacklevel=2,
            )
        return self

    def partial_fit(
        self,
        X: ArrayLike,  # noqa: N803
        y: ArrayLike,
        classes: ArrayLike | None = None,
    ) -> Classifier:
        """Pass once over some samples.

        Args:
            X: (n, features).
            y: (n,).
            classes: All that will ever come; the first call needs them.

        Raises:
            ValueError, TypeError, RuntimeError: as fit(); for classes that are missing, or others than
                before; with early_stopping, which needs all samples at once.
        """
        settings = settings_of(self.get_params(deep=False))
        if settings.early_stopping:
            raise ValueError("partial_fit: early_stopping must be False, got True")
        first = not hasattr(self, "network_")
        x, labels = self._checked(X, y, reset=first)
        if first and classes is None:
            raise ValueError("partial_fit: classes must be given at the first call, got None")
        if first:
            self._start(unique_labels(classes), settings)
        self._check_layers(settings)
        if classes is not None and not np.array_equal(unique_labels(classes), self.classes_):
            raise ValueError(
                f"partial_fit: classes must be those of the first call, got {checks.shown(classes)}"
            )
        self._pass(self._dataset(x, self._numbers(labels)), settings)
        self.n_iter_ = 1
        return self

    def predict(self, X: ArrayLike) -> NDArray[Any]:  # noqa: N803
        """Return the class of each row of X (n, features): (n,)."""
        numbers = self.predict_proba(X).argmax(axis=1)
        labels: NDArray[Any] = self.classes_[numbers]
        return labels

    def predict_proba(self, X: ArrayLike) -> F32:  # noqa: N803
        """Return the probability of each class, in the order of classes_: (n, classes)."""
        check_is_fitted(self)
        return self.network_.predict_proba(validate_data(self, X, dtype=np.float32, reset=False))

    @property
    def coefs_(self) -> list[F32]:
        """Each layer's weights (fan_in, fan_out)."""
        return list(self.network_.weights)

    @property
    def intercepts_(self) -> list[F32]:
        """Each layer's biases (fan_out,)."""
        return list(self.network_.biases)

    def _repr_html_inner(self) -> str:
        """Return scikit-learn's diagram, and the first layer below it once there is one."""
        diagram: str = super()._repr_html_inner()
        return diagram + (self.network_._repr_html_() if hasattr(self, "network_") else "")

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, str]:
        bundle: dict[str, str] = super()._repr_mimebundle_(**kwargs)
        return bundle | ({"text/html": self._repr_html_inner()} if "text/html" in bundle else {})

    # for its own use

    def _checked(self, x: ArrayLike, y: ArrayLike, *, reset: bool) -> tuple[F32, NDArray[Any]]:
        rows: F32
        labels: NDArray[Any]
        rows, labels = validate_data(self, x, y, dtype=np.float32, order="C", reset=reset)
        check_classification_targets(labels)
        return rows, labels

    def _start(self, classes: NDArray[Any], settings: Settings) -> None:
        """Begin anew, with a network of random weights."""
        if len(classes) < 2:
            raise ValueError(f"{_WHO}: y must have at least 2 classes, got {len(classes)} class")
        seed = _seed_of(self.random_state)
        self.network_ = Network(
            (self.n_features_in_, *settings.hidden, len(classes)),
            activation=settings.activation, output="softmax", loss="cross_entropy",
            seed=seed, backend=self.backend, threads=self.threads,
        )  # fmt: skip
        self.network_.history = History(classes=len(classes))
        self.classes_, self._seed, self._passes = classes, seed, 0
        self.loss_curve_: list[float] = []
        self.validation_scores_: list[float] = []

    def _check_layers(self, settings: Settings) -> None:
        """Check that the network that goes on learning is the one that the parameters describe."""
        architecture = self.network_.architecture
        if architecture.sizes[1:-1] != settings.hidden:
            raise ValueError(
                f"{_WHO}: hidden_layer_sizes must stay {architecture.sizes[1:-1]} to go on learning, "
                f"got {settings.hidden}"
            )
        if any(name != settings.activation for name in architecture.activations[:-1]):
            raise ValueError(
                f"{_WHO}: activation must stay as it was to go on learning, got {self.activation!r}"
            )

    def _numbers(self, labels: NDArray[Any]) -> I64:
        """Return labels as class numbers.

        Raises:
            ValueError: if one is none of the classes.
        """
        numbers = np.searchsorted(self.classes_, labels).clip(max=len(self.classes_) - 1)
        for other in np.unique(labels[self.classes_[numbers] != labels]).tolist():
            raise ValueError(f"{_WHO}: y must be of classes_, got {checks.shown(other)}")
        return numbers

    def _dataset(self, x: F32, numbers: I64) -> Dataset:
        names = tuple(str(name) for name in self.classes_)
        return Dataset(x, numbers, mean=0, std=1, class_names=names)

    def _learn(self, dataset: Dataset, kept: tuple[F32, I64] | None, settings: Settings) -> bool:
        """Pass over a dataset until nothing gets better; tell whether max_iter ended that before.

        Args:
            dataset: To learn.
            kept: What was kept aside to validate with, if it decides: rows, and their class numbers.
            settings: Of the training.
        """
        best, weights = Best(settings.tol), self.network_.state_dict()
        for self.n_iter_ in range(1, settings.max_iter + 1):
            self._pass(dataset, settings)
            if kept is None:
                best.add(-self.loss_)
            else:
                x, numbers = kept
                self.validation_scores_.append(float((self.network_.predict(x) == numbers).mean()))
                if best.add(self.validation_scores_[-1]):
                    weights = self.network_.state_dict()
            if best.waited > settings.n_iter_no_change:
                break
        if kept is not None:
            self.network_.load_state_dict(weights)
        return best.waited <= settings.n_iter_no_change

    def _pass(self, dataset: Dataset, settings: Settings) -> None:
        """Pass once over a dataset, and note how that went."""
        begin, n, network = time.perf_counter(), len(dataset), self.network_
        sampler = RandomSampler(n, self._seed) if settings.shuffle else SequentialSampler(n)
        batch = settings.batch(n)
        losses = network.learn(
            sampler.order(self._passes), batch, dataset=dataset, optimizer=settings.optimizer
        )
        self._passes += 1
        sizes = np.minimum(batch, n - np.arange(0, n, batch))
        self.loss_ = float(losses.astype(np.float64) @ sizes / n)
        history = self._note(losses, network.correct() / n, time.perf_counter() - begin)
        if not np.isfinite(self.loss_):
            raise DivergenceError(
                f"{_WHO}: the loss must stay finite, got {self.loss_:g} in pass {self._passes}; try a "
                f"smaller learning_rate_init (it was {settings.optimizer.lr:g})",
                int(np.flatnonzero(~np.isfinite(history.losses))[0]) + 1,
            )
        if settings.verbose:
            print(f"pass {self._passes}: loss {self.loss_:.6f}")

    def _note(self, losses: F32, accuracy: float, seconds: float) -> History:
        """Note a pass in the curve, and in the network's history, which it returns."""
        self.loss_curve_.append(self.loss_)
        history = self.network_.history
        assert history is not None  # since _start()
        history.losses.extend(losses.tolist())
        history.sample_losses.extend(losses.tolist())
        history.seconds += seconds
        history.epochs.append(
            {
                "epoch": self._passes,
                "step": len(history.losses),
                "train_loss": self.loss_,
                "train_accuracy": accuracy,
                "seconds": seconds,
            }
        )
        return history


def _seed_of(random_state: Any) -> int:
    """Return the seed that scikit-learn's random_state stands for.

    Raises:
        ValueError: if it stands for none.
    """
    try:
        return int(check_random_state(random_state).randint(np.iinfo(np.int32).max))
    except (ValueError, TypeError):
        rule = "an integer from 0 to 2**32 - 1, a RandomState or None"
        got = checks.shown(random_state)
        raise ValueError(f"{_WHO}: random_state must be {rule}, got {got}") from None
