"""Files of TensorFlow.js graph models' weights."""

import json

import numpy as np


def write_tfjs(path, weights):
    """A TensorFlow.js graph model's weights, each in half precision, with an integer before the first."""
    manifest = [{"name": "axis", "shape": [], "dtype": "int32"}]
    content = np.int32(7).tobytes()
    for name, value in weights.items():
        quantization = {"dtype": "float16", "original_dtype": "float32"}
        manifest.append({"name": name, "shape": value.shape, "dtype": "float32", "quantization": quantization})
        content += value.astype(np.float16).tobytes()
    path.with_suffix(".bin").write_bytes(content)
    paths = [path.with_suffix(".bin").name]
    path.write_text(json.dumps({"weightsManifest": [{"paths": paths, "weights": manifest}]}))
