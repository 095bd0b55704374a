"""Every way into the CPU's core, in sizes that fill no vector, on 1 and 2 threads: for valgrind.

No array has room behind its end, so what reads or writes past one is told. Whether the numbers are
right is asked in tests/test_contract.py and tests/backend.
"""

from itertools import product

import numpy as np

import cutaway
from cutaway import SGD, Adam, DataLoader, Dataset, Network, fit, matmul

OUTPUTS = [
    ("sigmoid", "sigmoid", "squared_error"),
    ("relu", "softmax", "cross_entropy"),
    ("tanh", "sigmoid", "binary_cross_entropy"),
]
rng = np.random.default_rng(0)


def learn(sizes: tuple[int, ...], rows: int, threads: int) -> None:
    """Train, evaluate and ask a network of bytes and one of floats."""
    labels = np.arange(rows) % sizes[-1]
    pixels = rng.integers(0, 256, (rows, sizes[0]), np.uint8)
    pixels[:, ::2] = 0  # sparse, as pictures are
    for images, (activation, output, loss) in product(
        (pixels, rng.random(pixels.shape, np.float32)), OUTPUTS
    ):
        network = Network(
            sizes, activation=activation, output=output, loss=loss, backend="cpu", threads=threads
        )
        data = Dataset(images, labels, mean=0.5, std=0.5)
        for optimizer in (SGD(0.1, momentum=0.9, weight_decay=0.01), Adam()):
            fit(network, DataLoader(data, 7), optimizer=optimizer, epochs=1, valid=data)
        x, y = data[:]
        network.update(network.backprop(x, y)[1], SGD(0.1))
        network.predict(images)


for threads in (1, 2):
    for sizes in ((1, 1), (7, 5, 3), (49, 17, 9, 10), (131, 67, 33)):
        learn(sizes, 39, threads)
for dtype, m, k, n in product((np.float32, np.float64), (1, 5, 70), (1, 17, 67), (1, 15, 65)):
    matmul(rng.random((m, k)).astype(dtype), rng.random((k, n)).astype(dtype))
    matmul(rng.random((3, m, k)).astype(dtype), rng.random((k, n)).astype(dtype))
for name in ("sigmoid", "relu", "tanh", "softmax"):
    for size in (1, 7, 33):
        getattr(cutaway, name)(rng.standard_normal((3, size)))
        getattr(cutaway, f"{name}_derivative")(rng.standard_normal((3, size)).astype(np.float32))
print("done")
