"""jppnet's service: a model file in, HTTP (or files) out. Imports neither torch nor the training code."""

__version__ = "0.1.0"
"""The package's version. ``pyproject.toml`` reads it from this line, so that there is no other to keep up to date."""
