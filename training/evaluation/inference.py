"""Inference in one pass: a photo is fitted to the network's input, and its answers are mapped back to the photo."""

from dataclasses import dataclass

import cv2
import numpy as np
import torch

from training.data.fit import fit_photo
from training.data.sample import FloatArray, UInt8Array
from training.evaluation.pose_decoding import decode
from training.networks.network import Network
from training.networks.recipe import NetworkRecipe


@dataclass(frozen=True, slots=True)
class Prediction:
    """Prediction for a photo.

    ``labels``: uint8 (H, W) at the photo's size. ``joints``: float32 (J, 3): x, y in its pixels, score in 0–1.
    """

    labels: UInt8Array
    joints: FloatArray


def predict(network: Network, image: UInt8Array, recipe: NetworkRecipe) -> Prediction:
    """Predict labels and joints of one upright RGB photo (H, W, 3), fitted as the recipe says, in one pass.

    Scores, not label ids, are resized to the photo, bilinear.
    """
    output = run_network(network, image, recipe)
    return Prediction(_labels_at_photo_size(output, *image.shape[:2]), output.joints)


@dataclass(frozen=True, slots=True)
class NetworkOutput:
    """Output of the network's last stage for a photo, before it is resized to the photo.

    ``scores``: label scores before soft-max, (L, h, w), on the network's grid. ``to_grid``: affine map (2, 3) from the
    photo's pixels to cells of the grid. ``joints``: as in ``Prediction``.
    """

    scores: torch.Tensor
    to_grid: FloatArray
    joints: FloatArray


@torch.inference_mode()
def run_network(network: Network, image: UInt8Array, recipe: NetworkRecipe) -> NetworkOutput:
    """Run the network on one upright RGB photo (H, W, 3), fitted as the recipe says. The output is on the CPU."""
    fitted, fit = fit_photo(image, recipe.height, recipe.width, recipe.fit, recipe.pad_color)
    device = next(network.parameters()).device
    batch = torch.from_numpy(fitted).permute(2, 0, 1)[None].float().to(device)
    stage = network(batch)[-1]
    joints = decode(stage.pose.float(), network.stride, network.origin)[0].cpu().numpy()
    joints[:, :2] = fit.to_photo(joints[:, :2])
    to_grid = fit.matrix()
    for row, length in zip(to_grid, (recipe.width, recipe.height), strict=True):
        cells = network.cells(length)
        row[2] -= cells.origin
        row /= cells.step
    return NetworkOutput(stage.parsing[0].float().cpu(), to_grid, joints)


def resize_to_photo(plane: FloatArray, to_grid: FloatArray, height: int, width: int) -> FloatArray:
    """Resize a plane (h, w) on the network's grid to the photo's (height, width), bilinear.

    ``to_grid`` as in ``NetworkOutput``.
    """
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    large = cv2.warpAffine(plane, to_grid, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(large, np.float32)


def _labels_at_photo_size(output: NetworkOutput, height: int, width: int) -> UInt8Array:
    """The label map of the photo. One label's plane at a time: all planes of a large photo do not fit into memory."""
    best = np.full((height, width), -np.inf, np.float32)
    labels = np.zeros((height, width), np.uint8)
    for label, plane in enumerate(output.scores.numpy()):
        score = resize_to_photo(plane, output.to_grid, height, width)
        better = score > best
        best[better] = score[better]
        labels[better] = label
    return labels
