"""Measuring: a network and data go in, arrays about what it does come out; nothing is drawn."""
