"""The package's version. ``pyproject.toml`` reads it from here, so that it is written once."""

__version__ = "0.1.0"
