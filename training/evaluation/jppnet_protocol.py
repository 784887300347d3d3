"""JPPNet's evaluation protocol: predictions at three scales and of the mirrored photo, averaged.

As in ``evaluate_parsing_JPPNet-s2.py`` and ``evaluate_pose_JPPNet-s2.py`` of github.com/Engineering-Course/LIP_JPPNet,
from one forward pass a scale for both. Two things are done in another order, which changes rounding and no more: the
mean colour is subtracted after resizing, and the three stages are averaged before their scores are resized.
"""

from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Tensor

from training.data.sample import UInt8Array, no_joints
from training.errors.input_error import InputError
from training.evaluation.inference import Prediction
from training.labels.label_set import LabelSet
from training.networks.jppnet.tf1_resize import resize_bilinear, resize_nearest
from training.networks.lip_ssl.network import LipSsl
from training.networks.network import Network
from training.networks.recipe import NetworkRecipe
from training.networks.schp.network import Schp
from training.networks.stage import Stage

SCALES = (0.75, 1.0, 1.25)


class UnsuitableNetworkError(InputError):
    """A network that cannot be run by the protocol, whatever the photo."""


Resize = Callable[[Tensor, tuple[int, int]], Tensor]


@torch.inference_mode()
def predict_multi_scale(network: Network, image: UInt8Array, recipe: NetworkRecipe, label_set: LabelSet) -> Prediction:
    """Predict labels and joints of one upright photo, uint8 (H, W, 3) RGB, with a network in evaluation mode.

    Raises UnsuitableNetworkError for one that cannot take the protocol's sizes.

    A joint is the heat map's highest pixel, in whole pixels; its score is the map's height there, not limited to 0–1.
    """
    device = next(network.parameters()).device
    photo = torch.from_numpy(np.ascontiguousarray(image)).to(device).permute(2, 0, 1)[None].float()
    size = (image.shape[0], image.shape[1])
    parsing, pose = forward_scales(network, photo, recipe.height, recipe.width)
    labels = highest_plane(merged_planes(parsing, label_set.mirrored_labels, resize_bilinear, size))
    joints = [first_peak(plane) for plane in merged_planes(pose, label_set.mirrored_joints, resize_nearest, size)]
    return Prediction(labels.cpu().numpy(), torch.stack(joints).cpu().numpy() if joints else no_joints(0))


def scaled_sizes(network: Network, height: int, width: int) -> list[tuple[int, int]]:
    """The input's size at each scale. Raises UnsuitableNetworkError where the network cannot take one.

    LIP_SSL and SCHP have protocols of their own, and their stages are no predictions to be averaged.
    """
    if isinstance(network, LipSsl | Schp):
        raise UnsuitableNetworkError(f"JPPNet's protocol is not for {type(network).__name__}, which has its own")
    sizes = [(int(height * scale), int(width * scale)) for scale in SCALES]
    for size in sizes:
        if any(side % network.multiple for side in size):
            raise UnsuitableNetworkError(
                f"JPPNet's protocol shows the photo at {size[1]}×{size[0]}, too; {type(network).__name__} takes "
                f"multiples of {network.multiple} only"
            )
    return sizes


def forward_scales(network: Network, photos: Tensor, height: int, width: int) -> tuple[list[Tensor], list[Tensor]]:
    """Photos, float32 (N, 3, H, W), RGB 0–255 → label scores and heat maps of each scale, (2N, C, h, w) each.

    Photos are squashed to (height, width) times the scale; their mirror images follow as the second half. Label
    scores are the mean of all stages, heat maps those of the last stage alone.
    """
    pairs = torch.cat([photos, photos.flip(-1)])
    parsing, pose = [], []
    for size in scaled_sizes(network, height, width):
        stages: list[Stage] = network(resize_bilinear(pairs, size))
        parsing.append(torch.stack([stage.parsing for stage in stages]).mean(0))
        pose.append(stages[-1].pose)
    return parsing, pose


def merged_planes(scales: list[Tensor], mirrored: list[int], resize: Resize, size: tuple[int, int]) -> Iterator[Tensor]:
    """Each channel in turn at the photo's ``size``, (H, W): the mean over ``scales`` and over both mirror images,
    in which channel c has become ``mirrored[c]``.

    One at a time, because all channels of a large photo do not fit into memory.
    """
    for channel, partner in enumerate(mirrored):
        straight = torch.stack([resize(scale[0, channel], size) for scale in scales]).mean(0)
        reflected = torch.stack([resize(scale[1, partner], size) for scale in scales]).mean(0)
        yield (straight + reflected.flip(-1)) / 2


def highest_plane(planes: Iterator[Tensor]) -> Tensor:
    """Index of the plane that is highest at each pixel, the first of equals: uint8 (H, W)."""
    best = next(planes)
    labels = torch.zeros_like(best, dtype=torch.uint8)
    for label, plane in enumerate(planes, 1):
        labels[plane > best] = label
        best = torch.maximum(best, plane)
    return labels


def first_peak(plane: Tensor) -> Tensor:
    """x, y and height of the first highest pixel of (H, W), row by row."""
    height, index = plane.flatten().max(0)
    width = plane.shape[-1]
    return torch.stack([(index % width).float(), (index // width).float(), height])
