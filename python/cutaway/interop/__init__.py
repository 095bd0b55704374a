"""This package among others: models and trainings in the shapes that other libraries give them."""
