"""Somebody else's training, here a loop in plain NumPy, recorded: a film and a poster of it.

A loop of PyTorch's stays as it is below one line:
`with cutaway.Recorder().watch(module, optimizer, torch.nn.CrossEntropyLoss()) as recorder:`
"""

import numpy as np

import cutaway

train_set, _, test_set = cutaway.mnist()
rng = np.random.default_rng(0)
w1, w2 = rng.normal(0, 0.04, (784, 16)), rng.normal(0, 0.25, (16, 10))
b1, b2 = np.zeros(16), np.zeros(10)


def forward(x):
    """Return the hidden activations (n, 16) and the outputs (n, 10)."""
    hidden = np.maximum(x @ w1 + b1, 0)
    scores = np.exp(hidden @ w2 + b2 - (hidden @ w2 + b2).max(axis=1, keepdims=True))
    return hidden, scores / scores.sum(axis=1, keepdims=True)


with cutaway.Recorder([w1, b1, w2, b2]) as recorder:
    for x, y in cutaway.DataLoader(train_set, 64, shuffle=True):
        hidden, output = forward(x)
        loss = -np.log(output[np.arange(len(y)), y]).mean()
        delta = (output - np.eye(10)[y]) / len(y)
        below = delta @ w2.T * (hidden > 0)
        for values, gradient in (
            (w2, hidden.T @ delta), (b2, delta.sum(axis=0)), (w1, x.T @ below), (b1, below.sum(axis=0)),
        ):  # fmt: skip
            values -= 0.1 * gradient
        recorder.see([w1, b1, w2, b2], loss)

print(recorder.film("record.mp4"))
cutaway.poster(recorder, neurons=[0, 5, 10], theme="dark").save("record.png")
x, y = test_set[:]
print(f"test accuracy {(forward(x)[1].argmax(axis=1) == y).mean():.2%}")
