"""The plain steps from a photo to its mask, as a short script would call them: what every peer serves.

Decode, fit and encode are the service's own functions, the model file is the same, so what differs is only how the
requests reach them.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt
import onnxruntime as ort

from service.engine.decoding.decoders import ThreadDecoder
from service.engine.model.card import read_card
from service.engine.model.cores import usable_cores
from service.engine.photo.photo import Photo, plan
from service.engine.scheduling.deadline import Deadline
from service.imaging.fit import Fit
from service.imaging.inspect import Limits, inspect
from service.imaging.label_map import label_map
from service.imaging.mask import cut_padding
from service.imaging.png import palette_png

PROVIDERS: Final = {"cpu": "CPUExecutionProvider", "cuda": "CUDAExecutionProvider"}
MAX_PIXELS: Final = 64_000_000
GPU_BATCH: Final = 16
"""Largest batch that peers which can batch are given on a GPU; on a CPU batches gain nothing."""


class Steps:
    """The model with one thread within a run: on a CPU, runs side by side beat threads within one."""

    def __init__(self, model: Path, provider: str) -> None:
        """Opens the model file on ``cpu`` or ``cuda``."""
        cv2.setNumThreads(1)
        self.lanes = lanes(provider)
        if provider == "cuda":
            ort.preload_dlls()
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = ort.InferenceSession(model, options, providers=[PROVIDERS[provider]])
        if self.session.get_providers()[0] != PROVIDERS[provider]:
            raise SystemExit(f"ONNX Runtime has no {provider} here.")
        self.card = read_card(self.session.get_modelmeta().custom_metadata_map, str(model))
        self.size: tuple[int, int] = tuple(self.session.get_inputs()[0].shape[1:3])

    def prepare(self, data: bytes) -> tuple[npt.NDArray[np.uint8], Fit]:
        """The model's input (H, W, 3) from a file's bytes, and how the photo lies in it."""
        photo = Photo(inspect(data, Limits(MAX_PIXELS)), b"", ThreadDecoder())
        planned = plan(photo, [], self.size, self.card.fit)
        return planned.decode_inputs(self.card.pad_color, Deadline())[0], planned.crops[0].fit

    def parse(self, photos: Sequence[bytes]) -> list[bytes]:
        """The masks of photos, as PNG files, from one run over their batch."""
        prepared = [self.prepare(photo) for photo in photos]
        batch = np.stack([image for image, _ in prepared])
        answers = self.session.run(["labels", "confidence"], {"image": batch})
        return [
            palette_png(label_map(cut_padding(labels, confidence, fit), fit), self.card.palette)
            for labels, confidence, (_, fit) in zip(*answers, prepared, strict=True)
        ]


def steps_from_environment() -> Steps:
    """The steps that a peer's process is to serve."""
    return Steps(Path(os.environ["BENCH_MODEL"]), os.environ["BENCH_PROVIDER"])


def on_gpu() -> bool:
    """Whether the peer is to use a GPU."""
    return os.environ["BENCH_PROVIDER"] == "cuda"


def lanes(provider: str) -> int:
    """How many runs of the model go side by side: one per core; on a GPU one."""
    return 1 if provider == "cuda" else usable_cores()


def workers() -> int:
    """How many processes a peer is to serve with."""
    return lanes(os.environ["BENCH_PROVIDER"])
