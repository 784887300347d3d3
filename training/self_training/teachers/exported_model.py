"""A model file of this project as a teacher: which label each pixel has, by the photo and its mirror image."""

import json
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from training.data.fit import fit_photo
from training.data.sample import FloatArray, UInt8Array
from training.labels.label_set import flip_permutation
from training.self_training.teachers.session import open_teacher


@dataclass(frozen=True, slots=True)
class LabelOpinion:
    """``labels``: uint8 (H, W); ``confidence``: float32 (H, W), 0–1, and 0 where photo and mirror image disagree."""

    labels: UInt8Array
    confidence: FloatArray


class ExportedModel:
    """A model file (docs/model-file.md) on the CPU."""

    def __init__(self, path: Path) -> None:
        self._session = open_teacher(path)
        card = json.loads(self._session.get_modelmeta().custom_metadata_map["jppnet.card"])
        _, self._height, self._width, _ = self._session.get_inputs()[0].shape
        self._fit = card["fit"]
        self.label_names = [label["name"] for label in card["labels"]]
        self._mirrored = np.array(flip_permutation(len(self.label_names), card["label_flip_pairs"]), np.uint8)

    def __call__(self, image: UInt8Array) -> LabelOpinion:
        """What the model says of a photo (H, W, 3), RGB, at its size."""
        labels, confidence = self._ask(image)
        mirrored_labels, mirrored_confidence = self._ask(np.ascontiguousarray(image[:, ::-1]))
        agree = labels == self._mirrored[mirrored_labels[:, ::-1]]
        mean = (confidence + mirrored_confidence[:, ::-1]) / 2
        return LabelOpinion(labels, np.asarray(np.where(agree, mean, 0), np.float32))

    def _ask(self, image: UInt8Array) -> tuple[UInt8Array, FloatArray]:
        """Labels and confidence (H, W) of one run."""
        fitted, fit = fit_photo(image, self._height, self._width, self._fit)
        labels, confidence = self._session.run(["labels", "confidence"], {"image": fitted[None]})
        height, width = image.shape[:2]
        to_cells = fit.matrix() * (labels.shape[2] / self._width)
        to_cells[:, 2] += (labels.shape[2] / self._width - 1) / 2
        sampled = [
            cv2.warpAffine(plane, to_cells, (width, height), flags=how | cv2.WARP_INVERSE_MAP,
                           borderMode=cv2.BORDER_REPLICATE)
            for plane, how in ((labels[0], cv2.INTER_NEAREST), (confidence[0], cv2.INTER_LINEAR))
        ]  # fmt: skip
        return np.asarray(sampled[0], np.uint8), np.asarray(sampled[1] / np.float32(255), np.float32)
