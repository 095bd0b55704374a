"""Beyond one machine: one training on many of them."""
