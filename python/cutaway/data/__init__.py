"""Data: files and arrays go in, a `Dataset` and its mini-batches come out."""
