"""The deployable graph of a Hugging Face segmentation model, and what transformers' own pipeline answers."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from export.graph import PARSING, OutputGraph, labels_and_confidence
from export.parity import GraphOutputs
from export.segmentation_folder import SegmentationFolder
from training.data.sample import UInt8Array


class SegmentationGraph(OutputGraph):
    """uint8 (N, H, W, 3) RGB, fitted → ``labels`` and ``confidence``, uint8 (N, H, W): as transformers, pixel by pixel.

    The processor's arithmetic (scaling, mean, deviation, order of channels) and the enlarging of the scores are inside.
    """

    outputs = PARSING
    mean: Tensor
    deviation: Tensor

    def __init__(self, folder: SegmentationFolder) -> None:
        super().__init__()
        processor = folder.processor
        normalises = getattr(processor, "do_normalize", False)
        self.model = folder.model
        self.scale = float(processor.rescale_factor) if getattr(processor, "do_rescale", False) else 1.0
        self.blue_first = bool(getattr(processor, "do_flip_channel_order", False))
        self.first_label = 1 if folder.reduces_labels else 0
        self.register_buffer("mean", per_channel(processor.image_mean if normalises else 0.0))
        self.register_buffer("deviation", per_channel(processor.image_std if normalises else 1.0))

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        pixels = image.permute(0, 3, 1, 2).float() * self.scale
        pixels = (pixels - self.mean) / self.deviation
        logits = self.model(pixel_values=pixels.flip(1) if self.blue_first else pixels).logits
        logits = F.interpolate(logits, size=image.shape[1:3], mode="bilinear", align_corners=False)
        labels, confidence = labels_and_confidence(logits)
        return labels + self.first_label, confidence


def per_channel(value: float | Sequence[float]) -> Tensor:
    """One value, or one a channel, as float32 (1, 3, 1, 1)."""
    return torch.tensor(value, dtype=torch.float32).expand(3).reshape(1, 3, 1, 1).clone()


@torch.inference_mode()
def run_pipeline(folder: SegmentationFolder, images: UInt8Array) -> GraphOutputs:
    """What transformers answers for fitted images, uint8 (N, H, W, 3): its processor, model and post-processing.

    The images have the input's size already, so nothing is resized or cut.
    """
    processor, size = folder.processor, images.shape[1:3]
    steps = ("do_resize", "do_center_crop", "do_pad")
    left_out = {step: False for step in steps if getattr(processor, step, False)}
    inputs = processor(images=list(images), return_tensors="pt", **left_out)
    outputs = folder.model(**inputs)
    maps = processor.post_process_semantic_segmentation(outputs, target_sizes=[size] * len(images))
    labels = np.stack([plane.numpy() for plane in maps]).astype(np.uint8)
    scores = F.interpolate(outputs.logits, size=size, mode="bilinear", align_corners=False)
    confidence = (255 * scores.softmax(1).amax(1)).round().to(torch.uint8).numpy()
    return GraphOutputs(labels + np.uint8(folder.reduces_labels), confidence)
