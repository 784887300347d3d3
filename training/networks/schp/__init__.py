"""SCHP: Self-Correction Human Parsing."""
