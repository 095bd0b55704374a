"""One neuron: the 784 weights from the pixels as a picture, and the digit that it speaks for."""

import cutaway

train_set, _, test_set = cutaway.mnist()
loader = cutaway.DataLoader(train_set, 64, shuffle=True)
network = cutaway.Network((784, 64, 10), reduction="sum")
cutaway.fit(network, loader, optimizer=cutaway.SGD(5e-3))

votes = network.weights[1][10]  # of neuron 10, for each digit
text = f"neuron 10, most for {votes.argmax()}, against {votes.argmin()}"
cutaway.neuron(network.weights[0], 10, scale=None, legend=text, theme="dark").save("neuron.png")
print(f"{text}; test accuracy {network.evaluate(test_set)[1]:.2%}")
