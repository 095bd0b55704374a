"""PyTorch as a contender of an epoch, three times: eager, as a CUDA graph, compiled.

A task goes in, `weights()` come out.
"""

from __future__ import annotations

from copy import deepcopy
from itertools import pairwise
from typing import Any

import numpy as np

from ..backend.contract import F32
from ..backend.optimizer import Adam
from .peers import Task, UnableError


class Torch:
    """PyTorch, eager."""

    _capturable = False  # Adam's step count lies on the GPU, too

    def __init__(self, task: Task) -> None:
        import torch
        from torch import nn, optim

        self._task = task
        self._device = torch.device(task.backend)
        recipe = task.recipe
        squares = recipe.loss == "squared_error"
        hidden = {"sigmoid": nn.Sigmoid, "relu": nn.ReLU}[recipe.activation]
        self._linear = [nn.Linear(i, o) for i, o in pairwise(task.sizes)]
        layers = [module for linear in self._linear for module in (linear, hidden())]
        layers[-1:] = [nn.Sigmoid()] if squares else []  # its cross-entropy has the softmax in it
        self._model = nn.Sequential(*layers).to(self._device)
        self._set_weights(task.start)
        self._loss = nn.MSELoss(reduction="sum") if squares else nn.CrossEntropyLoss()
        o, parameters = recipe.make_optimizer(), self._model.parameters()
        if isinstance(o, Adam):
            self._optimizer: Any = optim.Adam(
                parameters, o.lr, o.betas, o.eps, fused=True, capturable=self._capturable
            )
        else:
            self._optimizer = optim.SGD(parameters, o.lr)
        self._x = torch.from_numpy(task.inputs).to(self._device)
        labels = task.data.one_hot(task.sizes[-1]) if squares else task.data.labels
        self._t = torch.tensor(labels, device=self._device)

    def _set_weights(self, values: list[F32]) -> None:
        import torch

        with torch.no_grad():
            for linear, w in zip(self._linear, values, strict=True):
                linear.bias.copy_(torch.from_numpy(w[0]))
                linear.weight.copy_(torch.from_numpy(w[1:].T))

    def epoch(self, seed: int) -> None:
        """Learn every sample once."""
        import torch

        order = torch.from_numpy(self._task.order(seed)).to(self._device)
        for numbers in order.split(self._task.recipe.batch_size):
            self._step(numbers)
        if self._device.type == "cuda":
            torch.cuda.synchronize()

    def _step(self, numbers: Any) -> None:
        loss = self._loss(self._model(self._x[numbers]), self._t[numbers])
        self._optimizer.zero_grad()
        loss.backward()
        self._optimizer.step()

    def weights(self) -> list[F32]:
        """Return what was learned."""
        pairs = [(l.bias.detach().cpu(), l.weight.detach().cpu()) for l in self._linear]
        return [np.vstack([b.numpy(), w.numpy().T]) for b, w in pairs]


class TorchGraph(Torch):
    """PyTorch, whose step is recorded once as a CUDA graph and replayed, as its manual advises."""

    _capturable = True

    def __init__(self, task: Task) -> None:
        import torch

        super().__init__(task)
        self._numbers = torch.zeros(task.recipe.batch_size, dtype=torch.int64, device=self._device)
        beside = torch.cuda.Stream()
        beside.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(beside):
            for _ in range(3):  # what is made at first use must not be recorded
                super()._step(self._numbers)
        torch.cuda.current_stream().wait_stream(beside)
        self._graph = torch.cuda.CUDAGraph()
        self._optimizer.zero_grad(set_to_none=True)
        with torch.cuda.graph(self._graph):
            loss = self._loss(self._model(self._x[self._numbers]), self._t[self._numbers])
            loss.backward()
            self._optimizer.step()
        self._set_weights(task.start)  # those steps shall not count
        for memory in self._optimizer.state.values():
            for values in memory.values():
                if torch.is_tensor(values):
                    values.zero_()

    def _step(self, numbers: Any) -> None:
        if len(numbers) == len(self._numbers):
            self._numbers.copy_(numbers)
            self._graph.replay()
            return
        loss = self._loss(self._model(self._x[numbers]), self._t[numbers])  # the short last batch
        self._optimizer.zero_grad(set_to_none=False)  # the graph knows these tensors
        loss.backward()
        self._optimizer.step()


class TorchCompiled(Torch):
    """PyTorch, whose whole step is one compiled function: gathering, gradients, update.

    Its own optimizers would be functions beside it, and take longer than eager ones, so the update
    is written out. It is compiled here, for a whole and for a short mini-batch: that takes a minute.

    Raises:
        UnableError: if it cannot be compiled, as without a C++ compiler.
    """

    def __init__(self, task: Task) -> None:
        import torch
        from torch.func import functional_call, grad

        super().__init__(task)
        o = task.recipe.make_optimizer()

        def loss(parameters: Any, x: Any, t: Any) -> Any:
            return self._loss(functional_call(self._model, parameters, (x,)), t)

        def step(x: Any, t: Any, numbers: Any, parameters: Any, m: Any, v: Any, steps: Any) -> None:
            gradients = grad(loss)(parameters, x[numbers], t[numbers])
            steps += 1
            for name, p in parameters.items():
                g = gradients[name]
                if isinstance(o, Adam):
                    b1, b2 = o.betas
                    m[name].lerp_(g, 1 - b1)
                    v[name].lerp_(g * g, 1 - b2)
                    g = m[name] / (1 - b1**steps) / ((v[name] / (1 - b2**steps)).sqrt() + o.eps)
                p -= o.lr * g

        parameters = {name: p.detach() for name, p in self._model.named_parameters()}
        zeros = [{name: torch.zeros_like(p) for name, p in parameters.items()} for _ in range(2)]
        self._state = (parameters, *zeros, torch.zeros(()))
        batches = torch.from_numpy(task.order(0)).split(task.recipe.batch_size)
        try:
            # Past its limit of recompilations it would go on eagerly, if that were no error.
            # Its workers would each load PyTorch, to compile two files.
            self._compiled = torch.compile(
                step, fullgraph=True, dynamic=False, options={"compile_threads": 1}
            )
            for numbers in {len(batch): batch for batch in batches}.values():
                self._compiled(self._x, self._t, numbers, *deepcopy(self._state))
        except RuntimeError as error:  # of many kinds, all with a page of advice
            first, *_ = str(error).split("\n\n")
            raise UnableError(" ".join(first.split())) from error

    def _step(self, numbers: Any) -> None:
        self._compiled(self._x, self._t, numbers, *self._state)
