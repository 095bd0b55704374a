"""The loss of every mini-batch and the accuracies, of a rate that is ten times too large."""

import cutaway

train_set, valid_set, test_set = cutaway.mnist()
loader = cutaway.DataLoader(train_set, 64, shuffle=True)
network = cutaway.Network((784, 64, 10), reduction="sum")
history = cutaway.fit(network, loader, optimizer=cutaway.SGD(5e-2), valid=valid_set)

figure = cutaway.loss_curve(history, title="ten times the rate")
figure.savefig("curve.png")
print(figure.description)
print(f"test accuracy {network.evaluate(test_set)[1]:.2%}")
