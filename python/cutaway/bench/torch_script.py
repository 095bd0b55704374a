"""PyTorch from the start of a process: reads MNIST, trains the net it is told, prints its test accuracy.

A script by itself: importing anything of cutaway would cost it time.
"""

import gzip
import json
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from torch import nn

about = json.loads(sys.argv[1])
torch.set_num_threads(about["threads"])
torch.manual_seed(about["seed"])


def read(name: str, header: int) -> np.ndarray:
    """Return the bytes of an IDX file."""
    data = gzip.decompress((Path(about["data"]) / name).read_bytes())
    return np.frombuffer(data, np.uint8, offset=header)


def images(name: str) -> torch.Tensor:
    """Return pixels (n, 784) from 0 to 1."""
    return torch.from_numpy(
        read(f"{name}-images-idx3-ubyte.gz", 16).reshape(-1, 784) / np.float32(255)
    )


def labels(name: str) -> torch.Tensor:
    """Return class numbers (n,)."""
    return torch.from_numpy(read(f"{name}-labels-idx1-ubyte.gz", 8).astype(np.int64))


x, t = images("train")[:50_000], labels("train")[:50_000]
std, mean = torch.std_mean(x)
x = (x - mean) / std

squares = about["loss"] == "squared_error"
hidden = {"sigmoid": nn.Sigmoid, "relu": nn.ReLU, "tanh": nn.Tanh}[about["activation"]]
layers = [m for i, o in pairwise([784, *about["hidden"], 10]) for m in (nn.Linear(i, o), hidden())]
model = nn.Sequential(*layers[:-1], *([nn.Sigmoid()] if squares else []))
if "first_weights" in about:
    model[0].weight.data.copy_(torch.from_numpy(np.load(about["first_weights"])))
    model[0].bias.data.zero_()
loss_of = nn.MSELoss(reduction="sum") if squares else nn.CrossEntropyLoss()
targets = nn.functional.one_hot(t).float() if squares else t

if about["optimizer"] == "adam":
    optimizer = torch.optim.Adam(model.parameters(), about["lr"], (0.9, 0.99), fused=True)
else:
    optimizer = torch.optim.SGD(model.parameters(), about["lr"])
steps = about["epochs"] * -(-len(x) // about["batch_size"])
schedule = None
if about["schedule"] == "one-cycle":
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, about["lr"], steps, pct_start=about["warmup"], cycle_momentum=False
    )

for _ in range(about["epochs"]):
    for numbers in torch.randperm(len(x)).split(about["batch_size"]):
        loss = loss_of(model(x[numbers]), targets[numbers])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if schedule:
            schedule.step()

with torch.no_grad():
    outputs = model((images("t10k") - mean) / std)
print((outputs.argmax(1) == labels("t10k")).float().mean().item())
