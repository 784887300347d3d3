"""JPPNet's own evaluation: three scales and the mirrored photo, averaged.

As in ``evaluate_parsing_JPPNet-s2.py`` and ``evaluate_pose_JPPNet-s2.py`` of github.com/Engineering-Course/LIP_JPPNet,
from one forward pass a scale for both. Two things are done in another order, which changes rounding and no more: the
mean colour is subtracted after resizing, and the three stages are averaged before their scores are resized.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from training.data.sample import FloatArray, UInt8Array
from training.labels import JOINT_FLIP_PAIRS, LABEL_FLIP_PAIRS, flip_permutation
from training.networks.stage import Stage
from training.tf1_resize import resize_bilinear, resize_nearest

INPUT_SIZE = 384
SCALES = (0.75, 1.0, 1.25)


@dataclass(frozen=True, slots=True)
class Prediction:
    """``labels``: uint8 (H, W), label ids at the photo's size.

    ``joints``: float32 (16, 3): x, y of the heat map's peak in whole pixels of the photo, and the peak's height.
    """

    labels: UInt8Array
    joints: FloatArray


@torch.inference_mode()
def predict(network: nn.Module, image: UInt8Array) -> Prediction:
    """Parse and pose one upright photo, uint8 (H, W, 3) RGB, with a network in evaluation mode."""
    device = next(network.parameters()).device
    photo = torch.from_numpy(np.ascontiguousarray(image)).to(device).permute(2, 0, 1).float()
    parsing, pose = average_scores(network, photo)
    return Prediction(parsing.argmax(0).to(torch.uint8).cpu().numpy(), first_peaks(pose).cpu().numpy())


def average_scores(network: nn.Module, photo: Tensor) -> tuple[Tensor, Tensor]:
    """Photo, float32 (3, H, W), RGB 0–255 → label scores (20, H, W) and heat maps (16, H, W).

    The photo is squashed to a square. Parsing takes the mean of all stages, pose the last stage alone.
    """
    size = (photo.shape[-2], photo.shape[-1])
    pair = torch.stack([photo, photo.flip(-1)])
    parsing, pose = [], []
    for scale in SCALES:
        side = int(INPUT_SIZE * scale)
        stages: list[Stage] = network(resize_bilinear(pair, (side, side)))
        parsing.append(resize_bilinear(torch.stack([stage.parsing for stage in stages]).mean(0), size))
        pose.append(resize_nearest(stages[-1].pose, size))
    return (
        merge_mirrored(torch.stack(parsing).mean(0), LABEL_FLIP_PAIRS),
        merge_mirrored(torch.stack(pose).mean(0), JOINT_FLIP_PAIRS),
    )


def merge_mirrored(maps: Tensor, flip_pairs: tuple[tuple[int, int], ...]) -> Tensor:
    """Maps of a photo and of its mirror image, (2, C, H, W) → their mean as the photo sees it, (C, H, W)."""
    mirrored = maps[1, flip_permutation(maps.shape[1], flip_pairs)].flip(-1)
    return (maps[0] + mirrored) / 2


def first_peaks(heat_maps: Tensor) -> Tensor:
    """Heat maps (J, H, W) → (J, 3): x, y and height of the first highest pixel, row by row."""
    height, index = heat_maps.flatten(1).max(1)
    width = heat_maps.shape[-1]
    return torch.stack([(index % width).float(), (index // width).float(), height], 1)
