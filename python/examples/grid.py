"""The hidden layer: what excites each neuron (orange) and what inhibits it (blue), with its number."""

import cutaway

train_set, _, test_set = cutaway.mnist()
loader = cutaway.DataLoader(train_set, 64, shuffle=True)
network = cutaway.Network((784, 64, 10), reduction="sum")
cutaway.fit(network, loader, optimizer=cutaway.SGD(5e-3))

picture = cutaway.grid(network.weights[0], scale=None, numbers=True, legend="64 hidden neurons")
picture.save("grid.png")
print(picture.info["Description"])
print(f"test accuracy {network.evaluate(test_set)[1]:.2%}")
