"""Pseudo-labels: a trained network, the teacher, labels photos that nobody labelled (docs/self-training.md)."""
