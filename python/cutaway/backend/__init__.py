"""Backends: the contract of a numerical core, and who keeps it. Alone imports the compiled modules."""
