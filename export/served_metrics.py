"""Metrics of a model file as the service answers with it, and its run time."""

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import onnxruntime
from tqdm import tqdm

from service.engine.engine import Engine
from service.engine.photo.analysis import Analysis
from service.settings import Settings
from training.data.prepared_folder import PreparedFolder
from training.data.sample import FloatArray, UInt8Array
from training.evaluation.metrics import ParsingMetric, PoseMetric

RUNS = 100
SECONDS = 30
"""Runs of which the median time counts, as many as end within this time; three at least."""


def measure(path: Path, data: PreparedFolder, names: list[str]) -> dict[str, Any]:
    """The figures of ``training.evaluate`` (0–1) of a file with a card, on the CPU.

    Without a detector: what it finds or misses are no properties of the file (``export.measure_service`` has both).
    """
    engine = Engine.start(Settings(model=path, provider="cpu", detector=None))
    try:
        card = engine.card
        label_set = data.label_set if card.joints else data.label_set.without_joints()
        parsing, pose = ParsingMetric(label_set), PoseMetric(label_set)
        for name in tqdm(names, desc="measure", unit="photo", leave=False):
            sample = data.read(name)
            mask, joints = engine.analyze_here(data.photo(name).read_bytes(), _mask_and_joints)
            parsing.add(mask, sample.labels)
            pose.add(joints, sample.joints)
    finally:
        engine.close()
    return {
        "photos": len(names),
        **(parsing.result() if card.labels else {}),
        **(pose.result() if card.joints else {}),
    }


def _mask_and_joints(analysis: Analysis) -> tuple[UInt8Array, FloatArray]:
    """Mask (H, W) and joints (J, 3) of a photo; nan where nobody was found."""
    person = analysis.views[0].person
    missed = np.full((len(analysis.card.joints), 3), np.nan, np.float32)
    return analysis.mask, missed if person is None else person.keypoints.astype(np.float32)


def milliseconds(path: Path) -> float:
    """Median time of a file's run over one image on one core, after one that does not count."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    (given,) = session.get_inputs()
    image = np.random.default_rng(0).integers(0, 256, (1, *given.shape[1:]), dtype=np.uint8)
    session.run(None, {given.name: image})
    times: list[float] = []
    while len(times) < 3 or (len(times) < RUNS and sum(times) < SECONDS):
        began = time.perf_counter()
        session.run(None, {given.name: image})
        times.append(time.perf_counter() - began)
    return 1000 * median(times)


@contextmanager
def isolated(path: Path) -> Iterator[Path]:
    """The file in a folder without its int8 and fp16 variants, which a service would use in its place."""
    with tempfile.TemporaryDirectory() as folder:
        link = Path(folder) / path.name
        link.symlink_to(path.resolve())
        yield link
