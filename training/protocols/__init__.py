"""How a photo is answered, by name: one function each, from network and photo to labels and joints."""

from typing import Final, Protocol

from training import inference
from training.checkpoint import Checkpoint
from training.data.sample import UInt8Array
from training.inference import Prediction
from training.protocols import jppnet


class Predict(Protocol):
    """Answers one upright photo, uint8 (H, W, 3) RGB, with a checkpoint's network in eval mode.

    Raises UnsuitableNetworkError when the network cannot be run in this way at all.
    """

    def __call__(self, checkpoint: Checkpoint, image: UInt8Array, /) -> Prediction: ...


def one_pass(checkpoint: Checkpoint, image: UInt8Array) -> Prediction:
    """The photo once, fitted as the network was trained."""
    return inference.predict(checkpoint.network, image, checkpoint.recipe.network)


def original(checkpoint: Checkpoint, image: UInt8Array) -> Prediction:
    """JPPNet's own evaluation: three scales, each with the mirror image, averaged."""
    return jppnet.predict(checkpoint.network, image, checkpoint.recipe.network, checkpoint.label_set)


PROTOCOLS: Final[dict[str, Predict]] = {"one-pass": one_pass, "jppnet": original}
