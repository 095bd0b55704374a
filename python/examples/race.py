"""Three rates side by side: too slow, well chosen, ten times too fast."""

import cutaway

train_set, valid_set, test_set = cutaway.mnist()
trainings = {}
for rate in (5e-4, 5e-3, 5e-2):
    loader = cutaway.DataLoader(train_set, 64, shuffle=True)
    network = cutaway.Network((784, 16, 10), reduction="sum")
    trainings[f"lr {rate:g}"] = list(
        cutaway.train(network, loader, optimizer=cutaway.SGD(rate), every=20, valid=valid_set)
    )
    print(f"lr {rate:g}: test accuracy {network.evaluate(test_set)[1]:.2%}")
picture = cutaway.race(trainings)
picture.save("race.png")
print(picture.info["Description"])
