"""How fast the service is beside its peers and its machine's ceiling, and how calm under load: `make bench`."""

import os

# ONNX Runtime's telemetry writes under the home folder and calls out, from its import on; this alone stops it.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
