"""Tracing: a graph of PyTorch's written as an ONNX file."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import onnx
import torch
from torch import Tensor, nn

from export.exporter_warnings import without_exporter_warnings


def write_traced(
    graph: nn.Module,
    image: Tensor,
    path: Path,
    outputs: Sequence[str],
    dynamic: Mapping[int, Any],
    external_data: bool = False,
) -> None:
    """Trace a graph of one input, ``image``, and write it, without the exporter's notes about this machine.

    ``dynamic``: axis of the input → ``torch.export.Dim`` of those that are left open. ``external_data``: weights in a
    file beside it.
    """
    with without_exporter_warnings(), without_in_place(graph):
        torch.onnx.export(
            graph,
            (image,),
            path,
            input_names=["image"],
            output_names=list(outputs),
            dynamic_shapes={"image": dict(dynamic)},
            external_data=external_data,
            dynamo=True,
            verbose=False,
        )
    model = onnx.load(path, load_external_data=False)
    del model.graph.metadata_props[:]
    for node in model.graph.node:
        del node.metadata_props[:]  # paths of the source files in which each was traced
    onnx.save(model, path)


@contextmanager
def without_in_place(graph: nn.Module) -> Iterator[None]:
    """Within it, activations do not overwrite their input: torch takes those that do apart, which takes time, and makes
    the same graph of them."""
    changed = [module for module in graph.modules() if getattr(module, "inplace", False)]
    for module in changed:
        module.inplace = False  # type: ignore[assignment]
    try:
        yield
    finally:
        for module in changed:
            module.inplace = True  # type: ignore[assignment]
