"""Lesson 5, "Neural network fundamentals", re-told: ReLU, softmax, cross-entropy and Adam.

One epoch reaches the tutorial's 96.1 % on the validation set: the rate goes through one cycle, and one
Adam is kept for all steps (the tutorial makes a new one at every step, so each is a first step).

    python lesson5.py [--epochs 1] [--rows 50000] [--out .]
"""

import argparse
from pathlib import Path

import cutaway

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--epochs", type=int, default=1)
parser.add_argument("--rows", type=int, default=50_000, help="how many training images to use")
parser.add_argument("--out", type=Path, default=Path())
options = parser.parse_args()

train_set, valid_set, test_set = cutaway.mnist()
network = cutaway.Network((784, 50, 10), activation="relu", output="softmax", loss="cross_entropy")
history = cutaway.fit(
    network,
    cutaway.DataLoader(train_set.subset(slice(options.rows)), batch_size=64, shuffle=True),
    optimizer=cutaway.Adam(lr=7e-3, betas=(0.9, 0.99)),
    schedule=cutaway.OneCycle(),
    epochs=options.epochs,
    valid=valid_set,
)
for epoch in history.epochs:
    print(
        f"epoch {epoch['epoch']}: training loss {epoch['train_loss']:.4f}, "
        f"validation accuracy {epoch['valid_accuracy']:.2%}"
    )
print(f"test accuracy {network.evaluate(test_set)[1]:.2%}")

options.out.mkdir(parents=True, exist_ok=True)
cutaway.loss_curve(history).savefig(options.out / "loss.png")
cutaway.save(network, options.out / "lesson5.safetensors")
