"""What several test files share."""

import pytest

import cutaway


@pytest.fixture(scope="session")
def mnist():
    """Training, validation and test set, read once; nobody may change them."""
    return cutaway.mnist()
