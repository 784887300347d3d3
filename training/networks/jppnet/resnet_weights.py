"""ImageNet weights for the ResNet-101 trunk, from a file that the user has.

The trunk is the network of He et al.'s Caffe release: a group halves the size in its first 1×1 convolution, and the
input is BGR minus the mean, 0–255. Its weights go around under torchvision's names (``layer3.7.conv2.weight``), as
mmdetection's and detectron2's "resnet101_caffe" or "resnet101_msra". torchvision's own ResNet-101 has the same names
and shapes, but halves in the 3×3 convolution and wants RGB in unit deviations: it is another network, its weights
would not give its features here, and nothing in the file says which of the two it is.
"""

import re
from pathlib import Path

from torch import nn

from training.errors.input_error import InputError
from training.networks.torch_file import read_state_dict

NORM_LEAVES = {"weight", "bias", "running_mean", "running_var"}


def trunk_name(name: str) -> str | None:
    """torchvision's name of a ResNet-101 tensor → this trunk's, group 5 as ``res5.…``; None for what it has not."""
    if match := re.fullmatch(r"(conv|bn)1\.(\w+)", name):
        kind = "conv" if match[1] == "conv" else "norm"
        return f"conv1.{kind}.{match[2]}" if match[2] in NORM_LEAVES else None
    match = re.fullmatch(r"layer(\d)\.(\d+)\.(?:(conv|bn)([123])|downsample\.([01]))\.(\w+)", name)
    if match is None or match[6] not in NORM_LEAVES:
        return None
    group, block, kind, number, projection, leaf = match.groups()
    branch = f"branch2{'abc'[int(number) - 1]}" if number else "branch1"
    part = "conv" if kind == "conv" or projection == "0" else "norm"
    return f"res{int(group) + 1}.{block_name(int(group), int(block))}.{branch}.{part}.{leaf}"


def block_name(group: int, block: int) -> str:
    """Caffe's name of a block: a, b, c in the short groups; a, b1, b2 … in the long ones."""
    if group in (1, 4):
        return chr(ord("a") + block)
    return "a" if block == 0 else f"b{block}"


def load_caffe_resnet(trunk: nn.Module, group_5: nn.Module, file: Path) -> None:
    """Fill trunk and group 5.

    Raises OSError, TorchFileError, and InputError that names every tensor that is missing or of a wrong shape.
    """
    ours = {trunk_name(name): value for name, value in read_state_dict(file).items()}
    wanted = trunk.state_dict() | {f"res5.{name}": value for name, value in group_5.state_dict().items()}
    problems = [f"missing: {name}" for name in wanted if name not in ours]
    problems += [f"left over: {name}" for name in ours if name is not None and name not in wanted]
    problems += [
        f"wrong shape: {name} is {tuple(ours[name].shape)}, wanted {tuple(value.shape)}"
        for name, value in wanted.items()
        if name in ours and ours[name].shape != value.shape
    ]
    if problems:
        raise InputError("\n".join([f"{file} does not fill ResNet-101:", *problems]))
    trunk.load_state_dict({name: ours[name] for name in trunk.state_dict()})
    group_5.load_state_dict({name: ours[f"res5.{name}"] for name in group_5.state_dict()})
