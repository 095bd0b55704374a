"""Hooks: PyTorch's module, optimizer and criterion go in; whoever wants to see each step is called."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .. import checks
from ..foreign.objects import is_module

# What a criterion of PyTorch's makes of a last layer's sums, as the activation that they lack.
_MEANT = {"CrossEntropyLoss": "softmax", "BCEWithLogitsLoss": "sigmoid"}


def meant(criterion: Any) -> str:
    """Return the activation that a criterion itself applies to the network's outputs, or "identity"."""
    return _MEANT.get(type(criterion).__name__, "identity")


def check_watched(module: Any, optimizer: Any, criterion: Any) -> None:
    """Check that these are what Recorder.watch() needs.

    Raises:
        TypeError: if one is not.
    """
    steps = hasattr(optimizer, "register_step_post_hook") and not isinstance(optimizer, type)
    named = "torch.nn.CrossEntropyLoss(); of a loop without one, see(module, loss) takes the loss"
    for name, value, good, rule in (
        ("module", module, is_module(module), "a PyTorch module"),
        ("optimizer", optimizer, steps, "a PyTorch optimizer"),
        ("criterion", criterion, is_module(criterion), f"a PyTorch module, as {named}"),
    ):
        if not good:
            raise TypeError(f"watch: {name} must be {rule}, got {checks.shown(value)}")


def hooks(
    module: Any, optimizer: Any, criterion: Any, see: Callable[[Any, Any], None]
) -> list[Any]:
    """Let every step of an optimizer call see(module, loss).

    Args:
        module: As for Recorder.watch().
        optimizer: Likewise.
        criterion: Likewise. Of its losses before a step, the last that can be learned from is the
            step's.
        see: Is called after the step.

    Returns:
        What has a remove() that ends it.
    """
    last: list[Any] = []

    def note(_module: Any, _inputs: Any, loss: Any) -> None:
        if loss.requires_grad:  # that of a validation set mostly cannot be learned from
            last[:] = [loss]

    def look(*_: Any) -> None:
        if not last:
            raise RuntimeError("watch: criterion must be called before every step, got no call")
        see(module, last.pop())

    return [criterion.register_forward_hook(note), optimizer.register_step_post_hook(look)]
