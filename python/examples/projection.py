"""What each digit looks like to the network: the output layer, projected through the hidden one."""

import cutaway
from cutaway.measure.projection import projected

train_set, _, test_set = cutaway.mnist()
loader = cutaway.DataLoader(train_set, 64, shuffle=True)
network = cutaway.Network((784, 64, 10), reduction="sum")
cutaway.fit(network, loader, optimizer=cutaway.SGD(5e-3))

picture = cutaway.grid(
    projected(network, 1), columns=5, scale=None, names=list("0123456789"),
    legend="ten outputs, linear projection onto the pixels",
)  # fmt: skip
picture.save("projection.png")
print(f"test accuracy {network.evaluate(test_set)[1]:.2%}")
