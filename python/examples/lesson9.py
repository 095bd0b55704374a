"""Lesson 9, "Looking inside a neural network", re-told: the loop written out, and what it learns.

Trains 784-64-10 with `forward`, `backprop` and an update in NumPy, as the tutorial does, and draws the
hidden layer before and after. The same in one line, and much faster: `cutaway.fit(network, loader, ...)`.

    python lesson9.py [--epochs 5] [--rows 50000] [--out .]
"""

import argparse
from pathlib import Path

import cutaway

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--epochs", type=int, default=5)
parser.add_argument("--rows", type=int, default=50_000, help="how many training images to use")
parser.add_argument("--out", type=Path, default=Path())
options = parser.parse_args()

train_set, valid_set, test_set = cutaway.mnist()
train_set = train_set.subset(slice(options.rows))
loader = cutaway.DataLoader(train_set, batch_size=64, shuffle=True)
network = cutaway.Network((784, 64, 10), reduction="sum")  # sigmoid, squared error
rate = 5e-3

options.out.mkdir(parents=True, exist_ok=True)
cutaway.grid(network.weights[0], limit=0.25, scale=3, legend=True).save(options.out / "before.png")

for epoch in range(1, options.epochs + 1):
    total = 0.0
    for x, y in loader:
        loss, gradients = network.backprop(x, y)  # row 0 of a gradient is the bias's
        for layer, gradient in enumerate(gradients):
            network.set_weights(layer, network.get_weights(layer) - rate * gradient)
        total += loss
    valid_loss, valid_accuracy = network.evaluate(valid_set)
    print(
        f"epoch {epoch}: training loss {total / len(train_set):.4f}, "
        f"validation loss {valid_loss:.4f}, validation accuracy {valid_accuracy:.2%}"
    )

print(f"test accuracy {network.evaluate(test_set)[1]:.2%}")
x, y = valid_set[:5]
print("outputs for five digits", y.tolist(), "->", network.forward(x).argmax(axis=1).tolist())
cutaway.grid(network.weights[0], limit=0.25, scale=3, legend=True).save(options.out / "after.png")
cutaway.neuron(network.weights[0], 5, scale=12, legend=True).save(options.out / "neuron.png")
