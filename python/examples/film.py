"""Eight neurons while they learn: a film that plays on a web page, in less than 300 KB."""

import cutaway

train_set, _, test_set = cutaway.mnist()
loader = cutaway.DataLoader(train_set, 64, shuffle=True)
network = cutaway.Network((784, 64, 10), reduction="sum")
neurons = [2, 10, 37, 52, 58, 15, 63, 8]
at = sorted({round(1.7**k) for k in range(16)})  # most is learned at the beginning

with cutaway.Film("film.webp", fps=3, scale=1, hold=3) as film:
    for moment in cutaway.train(network, loader, optimizer=cutaway.SGD(5e-3), at=at):
        text = f"mini-batch {moment.step:,} of 3,910"
        image = cutaway.grid(
            moment.weights[0], order=neurons, columns=4, scale=6, limit=0.26, legend=text
        )
        film.write(image)
print(f"{film.frames} frames; test accuracy {network.evaluate(test_set)[1]:.2%}")
