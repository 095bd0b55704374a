"""Learning: a network and mini-batches go in, `Moment`s and a network that has learned come out."""
