"""What a class asks of a network: who is this neuron, what are the mistakes, and why this one?"""

import cutaway

train_set, _, test_set = cutaway.mnist()
loader = cutaway.DataLoader(train_set, 64, shuffle=True)
network = cutaway.Network((784, 64, 10), reduction="sum")
cutaway.fit(network, loader, optimizer=cutaway.SGD(5e-3))

for name, picture in {
    "biography": cutaway.biography(network, test_set, 10),
    "mistakes": cutaway.mistakes(network, test_set),
    "why": cutaway.why(network, 8, data=test_set, theme="dark"),
}.items():
    picture.save(f"{name}.png")
    print(picture.info["Description"])
print(f"test accuracy {network.evaluate(test_set)[1]:.2%}")
