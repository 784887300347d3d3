"""Data augmentation, as the augmentation recipe says."""
