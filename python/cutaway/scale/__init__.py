"""Beyond one training, beyond one machine: many trainings at once, and one on many machines."""
