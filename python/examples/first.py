"""Which digits a network recognises first, and which it learns and loses again."""

import cutaway

train_set, _, test_set = cutaway.mnist()
loader = cutaway.DataLoader(train_set, 64, shuffle=True)
network = cutaway.Network((784, 64, 10), reduction="sum")
at = sorted({round(1.2**k) for k in range(46)})  # most is learned at the beginning

moments = list(cutaway.train(network, loader, optimizer=cutaway.SGD(5e-3), at=at))
picture = cutaway.first(network, moments, test_set, theme="dark")
picture.save("first.png")
print(picture.info["Description"])
print(f"test accuracy {network.evaluate(test_set)[1]:.2%}")
