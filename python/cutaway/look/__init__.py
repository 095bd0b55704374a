"""Looking: arrays go in, pictures and films come out. It knows nothing of networks."""
