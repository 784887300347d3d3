"""Data set adapters, one module each."""
