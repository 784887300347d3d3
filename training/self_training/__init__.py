"""Pseudo-labels: a trained network, the teacher, labels photos without labels (docs/self-training.md)."""
