"""Data sets to checkpoint: data, networks, losses, metrics and the training loop (PyTorch)."""
