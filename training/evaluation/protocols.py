"""Inference protocols, by name: one function each, from checkpoint and photo to labels and joints."""

from typing import Final, Protocol

from training.checkpoints.checkpoint import Checkpoint
from training.data.sample import UInt8Array
from training.evaluation.inference import Prediction, predict
from training.evaluation.jppnet_protocol import predict_multi_scale
from training.evaluation.lip_ssl_protocol import predict_on_canvas
from training.evaluation.schp_protocol import predict_warped


class Predictor(Protocol):
    """Predicts labels and joints of one upright photo, uint8 (H, W, 3) RGB, with a checkpoint's network in eval mode.

    Raises UnsuitableNetworkError when the network cannot be run by this protocol, whatever the photo.
    """

    def __call__(self, checkpoint: Checkpoint, image: UInt8Array, /) -> Prediction: ...


def one_pass(checkpoint: Checkpoint, image: UInt8Array) -> Prediction:
    """The photo once, fitted as the network was trained."""
    return predict(checkpoint.network, image, checkpoint.recipe.network)


def multi_scale(checkpoint: Checkpoint, image: UInt8Array) -> Prediction:
    """JPPNet's own evaluation: three scales, each with the mirror image, averaged."""
    return predict_multi_scale(checkpoint.network, image, checkpoint.recipe.network, checkpoint.label_set)


def on_canvas(checkpoint: Checkpoint, image: UInt8Array) -> Prediction:
    """LIP_SSL's own test: the photo at its own size on a canvas of 640×640."""
    return predict_on_canvas(checkpoint.network, image)


def warped(checkpoint: Checkpoint, image: UInt8Array) -> Prediction:
    """SCHP's own inference: the photo warped to the input, its scores warped back."""
    return predict_warped(checkpoint.network, image, checkpoint.recipe.network)


PROTOCOLS: Final[dict[str, Predictor]] = {
    "one-pass": one_pass,
    "jppnet": multi_scale,
    "lip_ssl": on_canvas,
    "schp": warped,
}
