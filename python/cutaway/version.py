"""The version of the package. pyproject.toml reads it here, and so does the build of the cores."""

__version__ = "0.2.0"
