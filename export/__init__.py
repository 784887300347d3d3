"""Checkpoint to self-describing ONNX file, proven equal to the checkpoint."""

import os

# ONNX Runtime's telemetry writes under the home folder and calls out, from its import on; this alone stops it.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
