"""Parity: comparison of an ONNX file's outputs with its checkpoint's."""

from collections.abc import Callable
from pathlib import Path
from typing import Final, Literal, NamedTuple

import numpy as np
import onnxruntime
import torch

from export.graph import OutputGraph
from training.data.sample import FloatArray, UInt8Array
from training.errors.input_error import InputError

Precision = Literal["fp32", "fp16", "int8"]

BATCHES = (1, 2, 5)

CERTAIN = 0.2
"""Joints below this score are not compared: without a clear peak, the maximum may lie anywhere."""


class ParityError(InputError):
    """The exported file's outputs differ too much from the checkpoint's."""


class GraphOutputs(NamedTuple):
    """The graph's outputs as arrays; no key points in a file for parsing alone, no labels in one for pose alone."""

    labels: UInt8Array | None = None
    confidence: UInt8Array | None = None
    keypoints: FloatArray | None = None


RunImages = Callable[[UInt8Array], GraphOutputs]
"""Gives the outputs for uint8 (N, H, W, 3)."""


class Difference(NamedTuple):
    """Largest differences: share of equal labels, confidence (1/255), joint distance (input pixels), joint score.

    Of outputs that a file does not give: none.
    """

    label_agreement: float = 1.0
    confidence: int = 0
    keypoint: float = 0.0
    score: float = 0.0


LIMITS: Final[dict[Precision, Difference]] = {
    "fp32": Difference(label_agreement=0.999, confidence=3, keypoint=0.1, score=1e-3),
    "fp16": Difference(label_agreement=0.99, confidence=26, keypoint=1.0, score=0.02),
    "int8": Difference(label_agreement=0.97, confidence=128, keypoint=16.0, score=0.3),
}
"""Largest allowed differences from the checkpoint in float32, by precision. In 8 bits a joint with two peaks may jump
from one to the other, so that limit only finds broken files; ``export.measure`` measures what is lost."""

HALF_WEIGHTS = Difference(label_agreement=0.998, confidence=8, keypoint=0.2, score=5e-3)
"""The same for arithmetic in float32 with weights rounded to half precision."""


@torch.inference_mode()
def run_torch(graph: OutputGraph, images: UInt8Array) -> GraphOutputs:
    """The checkpoint's outputs for uint8 (N, H, W, 3)."""
    tensors = graph(torch.from_numpy(images))
    return GraphOutputs(**{name: tensor.numpy() for name, tensor in zip(graph.outputs, tensors, strict=True)})


def open_session(path: Path) -> onnxruntime.InferenceSession:
    """An ONNX Runtime session of a file, on the CPU."""
    return onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])


def run_onnx(session: onnxruntime.InferenceSession, images: UInt8Array) -> GraphOutputs:
    """The file's outputs for uint8 (N, H, W, 3)."""
    names = [output.name for output in session.get_outputs()]
    return GraphOutputs(**dict(zip(names, session.run(names, {"image": images}), strict=True)))


def compare(a: GraphOutputs, b: GraphOutputs) -> Difference:
    """The largest differences between two sets of outputs. Raises ParityError when one has outputs that the other has
    not."""
    for name, ours, theirs in zip(GraphOutputs._fields, a, b, strict=True):
        if (ours is None) != (theirs is None):
            raise ParityError(f"only one of torch and ONNX Runtime gives {name}")
    difference = Difference()
    if a.labels is not None and b.labels is not None and a.confidence is not None and b.confidence is not None:
        same = a.labels == b.labels
        confidence = int(np.abs(a.confidence.astype(int) - b.confidence)[same].max(initial=0))
        difference = difference._replace(label_agreement=float(same.mean()), confidence=confidence)
    if a.keypoints is not None and b.keypoints is not None:
        certain = a.keypoints[..., 2] >= CERTAIN
        distance = np.linalg.norm(a.keypoints[..., :2] - b.keypoints[..., :2], axis=-1)[certain].max(initial=0)
        score = np.abs(a.keypoints[..., 2] - b.keypoints[..., 2]).max()
        difference = difference._replace(keypoint=float(distance), score=float(score))
    return difference


def require_parity(truth: RunImages, path: Path, photos: UInt8Array, limit: Difference) -> Difference:
    """Compare a file with the truth on batches of ``photos`` (5, H, W, 3) of each size in ``BATCHES``.

    Raises ParityError.
    """
    session = open_session(path)
    found = [compare(truth(photos[:n]), run_onnx(session, photos[:n])) for n in BATCHES]
    worst = Difference(
        min(d.label_agreement for d in found),
        max(d.confidence for d in found),
        max(d.keypoint for d in found),
        max(d.score for d in found),
    )
    if exceeded := differences_over(worst, limit):
        raise ParityError(
            f"torch and ONNX Runtime disagree on the exported file: {'; '.join(exceeded)}. Nothing was written. "
            "The usual cause is a network that was hardly trained, whose scores are all nearly equal, or photos unlike "
            "those that it was trained on: export a trained checkpoint, and name a prepared folder with --data. With "
            "int8 or fp16, try fp32: if that fails too, it is a fault of this project and worth a report"
        )
    return worst


def differences_over(found: Difference, limit: Difference) -> list[str]:
    """A sentence for each difference that is over its limit; nan is over any."""
    over = []
    if not found.label_agreement >= limit.label_agreement:
        over.append(
            f"{100 * found.label_agreement:.2f} % of the pixels have the same label, {100 * limit.label_agreement:g} "
            "must"
        )
    if not found.confidence <= limit.confidence:
        over.append(f"the confidence differs by {found.confidence} of 255, {limit.confidence} are allowed")
    if not found.keypoint <= limit.keypoint:
        over.append(f"a joint lies {found.keypoint:.3g} input pixels elsewhere, {limit.keypoint:g} are allowed")
    if not found.score <= limit.score:
        over.append(f"a joint's score differs by {found.score:.3g}, {limit.score:g} is allowed")
    return over
