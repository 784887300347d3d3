"""Inference in one pass: a photo is fitted to the network's input, and its answers are mapped back to the photo."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import cv2
import numpy as np
import torch

from training.data.fit import Fit, fit_photo
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


@dataclass(frozen=True, slots=True)
class FittedPhoto:
    """A photo as a network's input, uint8 (height, width, 3), how it lies there, and its own height and width."""

    input: UInt8Array
    fit: Fit
    size: tuple[int, int]


def fit_to_input(image: UInt8Array, recipe: NetworkRecipe) -> FittedPhoto:
    """One upright RGB photo (H, W, 3), fitted as the recipe says."""
    fitted, fit = fit_photo(image, recipe.height, recipe.width, recipe.fit, recipe.pad_color)
    return FittedPhoto(fitted, fit, (image.shape[0], image.shape[1]))


def predict(network: Network, image: UInt8Array, recipe: NetworkRecipe) -> Prediction:
    """Predict labels and joints of one upright RGB photo (H, W, 3), fitted as the recipe says, in one pass.

    Scores, not label ids, are resized to the photo, bilinear.
    """
    return predict_batch(network, [fit_to_input(image, recipe)], recipe)[0]


def predict_batch(
    network: Network, photos: Sequence[FittedPhoto], recipe: NetworkRecipe, threads: int = 1
) -> list[Prediction]:
    """``predict`` of several photos in one pass of the network; ``threads`` resize their labels."""
    outputs = run_batch(network, photos, recipe)
    sizes = [photo.size for photo in photos]
    if threads == 1:
        labels = [*map(_labels_at_photo_size, outputs, sizes)]
    else:
        with ThreadPoolExecutor(threads) as pool:
            labels = [*pool.map(_labels_at_photo_size, outputs, sizes)]
    return [Prediction(plane, output.joints) for plane, output in zip(labels, outputs, strict=True)]


@dataclass(frozen=True, slots=True)
class NetworkOutput:
    """Output of the network's last stage for a photo, before it is resized to the photo.

    ``scores``: label scores before soft-max, (L, h, w), on the network's grid. ``to_grid``: affine map (2, 3) from the
    photo's pixels to cells of the grid. ``joints``: as in ``Prediction``.
    """

    scores: torch.Tensor
    to_grid: FloatArray
    joints: FloatArray


def run_network(network: Network, image: UInt8Array, recipe: NetworkRecipe) -> NetworkOutput:
    """Run the network on one upright RGB photo (H, W, 3), fitted as the recipe says. The output is on the CPU."""
    return run_batch(network, [fit_to_input(image, recipe)], recipe)[0]


@torch.inference_mode()
def run_batch(network: Network, photos: Sequence[FittedPhoto], recipe: NetworkRecipe) -> list[NetworkOutput]:
    """Run the network once on several fitted photos. The outputs are on the CPU."""
    device = next(network.parameters()).device
    batch = torch.from_numpy(np.stack([photo.input for photo in photos])).permute(0, 3, 1, 2).float().to(device)
    stage = network(batch)[-1]
    joints = decode(stage.pose.float(), network.stride, network.origin).cpu().numpy()
    scores = stage.parsing.float().cpu()
    return [_output(network, recipe, *parts) for parts in zip(photos, scores, joints, strict=True)]


def _output(
    network: Network, recipe: NetworkRecipe, photo: FittedPhoto, scores: torch.Tensor, joints: FloatArray
) -> NetworkOutput:
    """A photo's output from its part of a batch's; ``joints`` in pixels of the input."""
    joints[:, :2] = photo.fit.to_photo(joints[:, :2])
    to_grid = photo.fit.matrix()
    for row, length in zip(to_grid, (recipe.width, recipe.height), strict=True):
        cells = network.cells(length)
        row[2] -= cells.origin
        row /= cells.step
    return NetworkOutput(scores, to_grid, joints)


def resize_to_photo(plane: FloatArray, to_grid: FloatArray, height: int, width: int) -> FloatArray:
    """Resize a plane (h, w) on the network's grid to the photo's (height, width), bilinear.

    ``to_grid`` as in ``NetworkOutput``.
    """
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    large = cv2.warpAffine(plane, to_grid, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(large, np.float32)


def _labels_at_photo_size(output: NetworkOutput, size: tuple[int, int]) -> UInt8Array:
    """The label map of the photo, whose ``size`` is (height, width).

    One label's plane at a time: all planes of a large photo do not fit into memory.
    """
    best = np.full(size, -np.inf, np.float32)
    labels = np.zeros(size, np.uint8)
    for label, plane in enumerate(output.scores.numpy()):
        score = resize_to_photo(plane, output.to_grid, *size)
        better = score > best
        best[better] = score[better]
        labels[better] = label
    return labels
