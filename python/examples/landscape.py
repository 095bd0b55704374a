"""The way of a training over the map of its loss, in the plane that it moved in itself."""

import cutaway

train_set, _, test_set = cutaway.mnist()
loader = cutaway.DataLoader(train_set, 64, shuffle=True)
network = cutaway.Network((784, 64, 10), reduction="sum")
at = [1, 2, 5, 10, 20, *range(50, 3911, 50)]  # of five epochs' 3,910 mini-batches

moments = list(cutaway.train(network, loader, optimizer=cutaway.SGD(5e-3), at=at))
picture = cutaway.landscape(network, train_set, moments)
picture.save("landscape.png")
print(picture.info["Description"])
print(f"test accuracy {network.evaluate(test_set)[1]:.2%}")
