"""SCHP's own inference: the photo is warped to the input and its scores are warped back.

As in ``simple_extractor.py`` of github.com/GoGoDuck912/Self-Correction-Human-Parsing: the photo's box is grown to the
input's aspect about its centre and warped (bilinear, black outside), corner pixels onto corner pixels. The scores are
enlarged to the input (bilinear, corners aligned), warped back to the photo, and then compared.
"""

from collections.abc import Iterator

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional as F

from training.data.sample import FloatArray, UInt8Array, no_joints
from training.evaluation.inference import Prediction
from training.evaluation.jppnet_protocol import UnsuitableNetworkError, highest_plane
from training.networks.network import Network
from training.networks.recipe import NetworkRecipe
from training.networks.schp.network import Schp

Matrix = npt.NDArray[np.float64]


@torch.inference_mode()
def predict_warped(network: Network, image: UInt8Array, recipe: NetworkRecipe) -> Prediction:
    """Parse one upright photo, uint8 (H, W, 3) RGB, with an SCHP in evaluation mode; there are no joints.

    Raises UnsuitableNetworkError for any other network.
    """
    if not isinstance(network, Schp):
        raise UnsuitableNetworkError(f"SCHP's protocol is for SCHP, not for {type(network).__name__}")
    view, matrix = warp_to_input(image, recipe.height, recipe.width)
    batch = torch.from_numpy(view).permute(2, 0, 1)[None].float().to(next(network.parameters()).device)
    scores = network(batch)[-1].parsing[0].cpu()
    planes = map(torch.from_numpy, scores_at_photo(scores, matrix, view.shape[:2], image.shape[:2]))
    return Prediction(highest_plane(planes).numpy(), no_joints(0))


def warp_to_input(image: UInt8Array, height: int, width: int) -> tuple[UInt8Array, Matrix]:
    """The photo (H, W, 3) as input, uint8 (height, width, 3), and the affine map (2, 3) from photo to input."""
    last_row, last_column = image.shape[0] - 1, image.shape[1] - 1
    scale = (width - 1) / max(last_column, last_row * width / height, 1)
    matrix = np.array(
        [
            [scale, 0, (width - 1) / 2 - scale * last_column / 2],
            [0, scale, (height - 1) / 2 - scale * last_row / 2],
        ]
    )
    view = cv2.warpAffine(image, matrix, (width, height), flags=cv2.INTER_LINEAR, borderValue=(0, 0, 0))
    return np.asarray(view, np.uint8), matrix


def scores_at_photo(
    scores: Tensor, matrix: Matrix, size: tuple[int, ...], photo: tuple[int, ...]
) -> Iterator[FloatArray]:
    """Scores (L, h, w) for an input of ``size`` (height, width) → each label's plane at the photo's size, (H, W).

    ``matrix``: as ``warp_to_input`` gives it. One plane at a time: all of a large photo do not fit into memory.
    """
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    for plane in scores:
        large = F.interpolate(plane[None, None], size=list(size), mode="bilinear", align_corners=True)[0, 0]
        warped = cv2.warpAffine(large.numpy(), matrix, (photo[1], photo[0]), flags=flags, borderValue=(0,))
        yield np.asarray(warped, np.float32)
