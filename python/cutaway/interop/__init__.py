"""This package among others: trainings done elsewhere, and a classifier for scikit-learn."""
