"""LIP_SSL's own test protocol: the photo at its own size in a corner of a large canvas.

As in the public implementation of SS-JPPNet (github.com/Engineering-Course/LIP_SSL): the photo lies at its own size in
the top left corner of 640×640, the rest is the mean colour; the answer is enlarged eight times with corners aligned,
and the arg-max is cut back to the photo.
"""

from typing import Final

import torch
from torch.nn import functional as F

from training.data.sample import UInt8Array, no_joints
from training.evaluation.inference import Prediction
from training.evaluation.jppnet_protocol import UnsuitableNetworkError, highest_plane
from training.networks.lip_ssl.network import BGR_MEAN, LipSsl
from training.networks.network import Network

CANVAS: Final = 640
"""Height and width of the canvas in pixels; for a photo that is larger, the canvas is as large."""


@torch.inference_mode()
def predict_on_canvas(network: Network, image: UInt8Array) -> Prediction:
    """Parse one upright photo, uint8 (H, W, 3) RGB, with a LIP_SSL in evaluation mode; there are no joints.

    Raises UnsuitableNetworkError for any other network.
    """
    if not isinstance(network, LipSsl):
        raise UnsuitableNetworkError(f"LIP_SSL's protocol is for LIP_SSL, not for {type(network).__name__}")
    height, width = image.shape[:2]
    device = next(network.parameters()).device
    mean = torch.tensor(BGR_MEAN, device=device).flip(0)[:, None, None]
    canvas = mean.expand(3, max(CANVAS, height), max(CANVAS, width)).clone()
    canvas[:, :height, :width] = torch.from_numpy(image).to(device).permute(2, 0, 1)
    scores = network(canvas[None])[-1].parsing[0]
    size = [(cells - 1) * network.stride + 1 for cells in scores.shape[1:]]
    planes = (
        F.interpolate(plane[None, None], size=size, mode="bilinear", align_corners=True)[0, 0, :height, :width]
        for plane in scores
    )
    return Prediction(highest_plane(planes).cpu().numpy(), no_joints(0))
