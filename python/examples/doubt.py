"""How right and how sure a network is when digits are hard to read, and when there is none."""

import cutaway

train_set, _, test_set = cutaway.mnist()
loader = cutaway.DataLoader(train_set, 64, shuffle=True)
network = cutaway.Network((784, 64, 10), reduction="sum")
cutaway.fit(network, loader, optimizer=cutaway.SGD(5e-3))

picture = cutaway.doubt(network, test_set)
picture.save("doubt.png")
print(picture.info["Description"])
print(f"test accuracy {network.evaluate(test_set)[1]:.2%}")
