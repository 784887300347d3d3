"""One photo through a network: fit, forward, undo the fit."""

from dataclasses import dataclass

import cv2
import numpy as np
import torch

from training.data.sample import FloatArray, UInt8Array
from training.networks.lite import LiteNetwork
from training.pose import decode
from training.transforms import letterbox


@dataclass(frozen=True, slots=True)
class Prediction:
    """``labels``: uint8 (H, W) at the photo's size. ``joints``: float32 (16, 3): x, y in its pixels, score in 0–1."""

    labels: UInt8Array
    joints: FloatArray


@torch.inference_mode()
def predict(network: LiteNetwork, image: UInt8Array, height: int, width: int) -> Prediction:
    """Parse and pose one upright RGB photo (H, W, 3): letter-box to (height, width), one pass.

    Scores, not label ids, are resized to the photo, bilinear.
    """
    fitted, fit = letterbox(image, height, width)
    device = next(network.parameters()).device
    batch = torch.from_numpy(fitted).permute(2, 0, 1)[None].float().to(device)
    stage = network(batch)[-1]
    stride = height // stage.pose.shape[2]
    joints = decode(stage.pose.float(), stride)[0].cpu().numpy()
    joints[:, :2] = fit.to_photo(joints[:, :2])
    return Prediction(_labels_at_photo_size(stage.parsing[0].float().cpu(), fit.matrix(), stride, image.shape), joints)


def _labels_at_photo_size(
    scores: torch.Tensor, to_input: FloatArray, stride: int, shape: tuple[int, ...]
) -> UInt8Array:
    """Label scores (L, h, w) of the input → label map of the photo: bilinear, one label's plane at a time."""
    to_grid = to_input / stride
    to_grid[:, 2] += 0.5 / stride - 0.5
    planes = np.ascontiguousarray(scores.permute(1, 2, 0).numpy())
    best = np.full(shape[:2], -np.inf, np.float32)
    labels = np.zeros(shape[:2], np.uint8)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    for label in range(planes.shape[2]):
        plane = np.ascontiguousarray(planes[:, :, label])
        score = cv2.warpAffine(plane, to_grid, shape[1::-1], flags=flags, borderMode=cv2.BORDER_REPLICATE)
        better = score > best
        best[better] = score[better]
        labels[better] = label
    return labels
