"""Inference protocols, by name: one function each, from checkpoint and photo to labels and joints."""

from typing import Final, Protocol

from training.checkpoints.checkpoint import Checkpoint
from training.data.sample import UInt8Array
from training.evaluation.inference import Prediction, predict
from training.evaluation.jppnet_protocol import predict_multi_scale


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


PROTOCOLS: Final[dict[str, Predictor]] = {"one-pass": one_pass, "jppnet": multi_scale}
