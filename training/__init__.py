"""Training: data sets to checkpoint (PyTorch).

The modules at the top level are the commands (``python -m training.NAME``); everything else is in folders, lowest
first: ``labels`` and ``recipes``; ``data``; ``augmentation``, ``losses`` and ``optimizers``; ``networks``;
``checkpoints``; ``evaluation``; ``reporting``; ``loop``, ``self_training`` and ``synthetic``. A folder imports from
lower ones only.
"""

import os

# ONNX Runtime's telemetry writes under the home folder and calls out, from its import on; this alone stops it.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
