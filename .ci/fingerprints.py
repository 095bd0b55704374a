"""Prints fingerprints that are the same on every processor with fused multiply-adds: for `diff`.

Lesson 9's first 6,400 images, on 1 to 3 threads; small networks with the other functions and optimizers.
"""

import numpy as np

import cutaway
from cutaway import SGD, Adam, Dataset, Network
from cutaway.learn.recipes import RECIPES

lesson9, (pixels, *_) = RECIPES["lesson9"], cutaway.mnist()
for threads in (1, 2, 3):
    network = lesson9.make_network(784, 10, backend="cpu", threads=threads)
    order = lesson9.loader(pixels, seed=0).order(0)[:6400]
    network.learn(order, lesson9.batch_size, dataset=pixels, optimizer=lesson9.make_optimizer())
    print(network.fingerprint(), "lesson 9", threads)

rng = np.random.default_rng(0)
labels = rng.integers(0, 10, 200)
digits = rng.integers(0, 256, (200, 49), np.uint8)
for images in (digits, digits / np.float32(64)):
    for name, optimizer in (
        ("sigmoid", SGD(0.1, momentum=0.9)),
        ("relu", Adam(weight_decay=0.1)),
        ("tanh", SGD(0.1, weight_decay=0.1)),
    ):
        network = Network(
            (49, 40, 21, 10), activation=name, output="softmax", loss="cross_entropy", backend="cpu"
        )
        data = Dataset(images, labels)
        network.learn(np.arange(200).repeat(3), 32, dataset=data, optimizer=optimizer)
        print(network.fingerprint(), name, images.dtype)
