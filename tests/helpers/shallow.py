"""Networks of fewer blocks: tracing one for ONNX takes time by the operator, not by the size of its tensors."""

from typing import TypeVar

from torch import nn

BLOCKS = ("Bottleneck", "InvertedResidual")
"""Classes of residual blocks, in all network families."""

AnyModule = TypeVar("AnyModule", bound=nn.Module)


def shallow(network: AnyModule, blocks: int = 1) -> AnyModule:
    """Cuts each group of residual blocks down to its first ``blocks``, in place; all other layers stay.

    The first block of a group changes the shape and the others keep it, so the network still fits together.
    """
    groups = [
        module
        for module in network.modules()
        if isinstance(module, nn.Sequential) and all(type(block).__name__ in BLOCKS for block in module)
    ]
    assert any(len(group) > blocks for group in groups)
    for group in groups:
        del group[blocks:]
    return network
