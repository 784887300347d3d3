"""Tracing takes most of an export. Tests that export the same network several times trace it once."""

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from torch import nn


def fingerprint(graph: nn.Module) -> str:
    """A hash of the graph's modules, of their values and of what comes out."""
    digest = sha256(repr((graph, getattr(graph, "calibration", None), getattr(graph, "outputs", None))).encode())
    for name, value in graph.state_dict().items():
        digest.update(f"{name} {value.dtype} {tuple(value.shape)}".encode())
        digest.update(value.numpy().tobytes())
    return digest.hexdigest()


@contextmanager
def traced_once(module: ModuleType, root: Path, name: str = "write_graph") -> Iterator[None]:
    """Within it, a module's function ``name`` traces each graph once; later calls for an equal graph copy that file."""
    trace, files = getattr(module, name), {}

    def write_graph(graph: nn.Module, path: Path, *arguments: Any, **options: Any) -> None:
        key = (fingerprint(graph), arguments, tuple(options.items()))
        if key not in files:
            files[key] = root / f"{len(files)}.onnx"
            trace(graph, files[key], *arguments, **options)
        path.write_bytes(files[key].read_bytes())

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, name, write_graph)
        yield
