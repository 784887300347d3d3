"""Checkpoint to self-describing ONNX file, proven equal to the checkpoint."""
