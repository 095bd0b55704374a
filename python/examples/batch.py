"""What one mini-batch teaches: its digits, and what they add to the weights of every neuron."""

import cutaway

train_set, _, test_set = cutaway.mnist()
loader = cutaway.DataLoader(train_set, 64, shuffle=True)
network = cutaway.Network((784, 64, 10), reduction="sum")
numbers = loader.order(0)[11 * 64 : 12 * 64]  # of the samples in mini-batch 12

optimizer = cutaway.SGD(5e-3)
next(cutaway.train(network, loader, optimizer=optimizer, at=[11]))  # stands still after 11
picture = cutaway.batch(network, train_set, numbers, optimizer=optimizer, title="Mini-batch 12")
picture.save("batch.webp", lossless=True)
print(picture.info["Description"])
print(f"before it, test accuracy {network.evaluate(test_set)[1]:.2%}")
