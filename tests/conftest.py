"""How properties are tried: new examples at every run here, the same ones in CI, so that a change alone fails it."""

import os

from hypothesis import settings

os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # tests import ONNX Runtime by themselves, some before the service

# How long an example takes says more about what else the machine does than about the code.
settings.register_profile("project", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("project")
