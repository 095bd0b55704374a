"""Ask: questions to a network, answered with a picture each: measure, then draw."""
