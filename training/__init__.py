"""Data sets to checkpoint: data, networks, losses, metrics and the training loop (PyTorch)."""

import os

# ONNX Runtime's telemetry writes under the home folder and calls out, from its import on; this alone stops it.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
