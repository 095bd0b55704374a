"""History: what a training yields, a `Moment` after another, and what they leave behind together."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ..backend.contract import F32
from ..reprs import short_repr


@short_repr
@dataclass(frozen=True, eq=False, kw_only=True)
class Moment:
    """The network at one moment of its training.

    Attributes:
        epoch: 1 for the first.
        step: Mini-batches learned so far, over all epochs.
        losses: Losses of the mini-batches since the last Moment, each before its update.
        sample_losses: The same per sample, whatever the reduction: what plots and tables show.
        weights: Per layer (fan_in, fan_out); copies, which later training leaves alone.
        biases: Per layer (fan_out,); copies.
        metrics: At the end of an epoch "train_loss" and "train_accuracy" (over the epoch's samples,
            each just before it was learned), and with a validation set "valid_loss" and
            "valid_accuracy"; otherwise empty. Losses are means per sample, accuracies 0 to 1.
        seconds: Of the work since the last Moment, evaluation included; not of what was done with
            that Moment.
        shape: (height, width) of the images that the network learns from, if they have one, or None.
    """

    epoch: int
    step: int
    losses: F32
    weights: tuple[F32, ...]
    biases: tuple[F32, ...]
    metrics: dict[str, float]
    seconds: float
    shape: tuple[int, int] | None = None
    sample_losses: F32 = None  # type: ignore[assignment]  # the losses, if nothing else is given

    def __post_init__(self) -> None:
        if self.sample_losses is None:
            object.__setattr__(self, "sample_losses", self.losses)

    def __repr__(self) -> str:
        loss = {"loss": float(self.sample_losses[-1])} if len(self.sample_losses) else {}
        facts = {**loss, **_last_metrics(self.metrics)}
        return f"Moment({', '.join((f'epoch={self.epoch}, step={self.step}', *_listed(facts)))})"

    def _repr_html_(self) -> str:
        from ..look import notebook

        return notebook.layer(repr(self), self.weights[0], self.shape)


@dataclass
class Place:
    """Where a training is; with the weights and the optimizer's memory, all that it needs to go on.

    Attributes:
        step: Mini-batches learned so far.
        loss: The sum of the losses of this epoch's samples.
        rows: This epoch's samples.
        correct: Of these, those that were recognised before they were learned.
        order: The number of the loader's pass that is under way, or that comes next; None if it does
            not number them.
    """

    step: int = 0
    loss: float = 0.0
    rows: int = 0
    correct: int = 0
    order: int | None = None


@short_repr
@dataclass
class History:
    """What a training leaves behind.

    Attributes:
        losses: The loss of every mini-batch that is trained, before its update.
        sample_losses: The same per sample, whatever the reduction.
        epochs: Per epoch: "epoch", "step" (mini-batches so far), "seconds" (of its Moments) and
            the metrics of its last Moment.
        seconds: Of all Moments so far.
        classes: The outputs of the network, of which guessing gets one right; None before it learned.
    """

    losses: list[float] = field(default_factory=list)
    epochs: list[dict[str, Any]] = field(default_factory=list)
    seconds: float = 0.0
    sample_losses: list[float] = field(default_factory=list)
    classes: int | None = None

    def add(self, moment: Moment) -> None:
        """Take in the next Moment."""
        self.losses.extend(moment.losses.tolist())
        self.sample_losses.extend(moment.sample_losses.tolist())
        self.classes = len(moment.biases[-1])
        self.seconds += moment.seconds
        if moment.metrics:
            before = sum(epoch["seconds"] for epoch in self.epochs)
            self.epochs.append(
                {
                    "epoch": moment.epoch,
                    "step": moment.step,
                    **moment.metrics,
                    "seconds": round(self.seconds - before, 6),
                }
            )

    def __repr__(self) -> str:
        last = _last_metrics(self.epochs[-1] if self.epochs else {})
        facts = {"epochs": len(self.epochs), **last, "seconds": self.seconds}
        return f"History({', '.join((f'{len(self.losses)} losses', *_listed(facts)))})"

    def _repr_html_(self) -> str:
        from ..look import notebook

        return notebook.history(repr(self), self)


def _last_metrics(metrics: dict[str, Any]) -> dict[str, float]:
    """Return loss and accuracy of the validation set if there was one, else of the training."""
    kind = "valid" if "valid_accuracy" in metrics else "train"
    return {name: value for name, value in metrics.items() if name.startswith(kind)}


def _listed(facts: dict[str, float]) -> list[str]:
    return [f"{name}={value:.4g}" for name, value in facts.items()]
