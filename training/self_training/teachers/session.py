"""Opens a teacher's ONNX file for the CPU."""

from pathlib import Path

import onnxruntime as ort


def open_teacher(path: Path, threads: int = 1) -> ort.InferenceSession:
    """An ONNX Runtime session of that many threads; its warnings about the file's format are not shown."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    return ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
