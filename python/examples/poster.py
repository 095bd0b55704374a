"""The training on a page, to be printed: a row per neuron, a column per moment."""

import cutaway

train_set, _, test_set = cutaway.mnist()
loader = cutaway.DataLoader(train_set, 64, shuffle=True)
network = cutaway.Network((784, 64, 10), reduction="sum")
at = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 3910]

moments = list(cutaway.train(network, loader, optimizer=cutaway.SGD(5e-3), at=at))
picture = cutaway.poster(moments, neurons=[2, 10, 37, 52, 58], theme="dark")
picture.save("poster.webp", quality=80)
print(f"test accuracy {network.evaluate(test_set)[1]:.2%}")
