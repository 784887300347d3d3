"""Checkpoints, and what is made of several."""
