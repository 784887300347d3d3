"""jppnet's service: a model file in, HTTP (or files) out. Imports neither torch nor the training code."""

import os

# ONNX Runtime's telemetry writes under the home folder and calls out, from its import on; this alone stops it.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
