"""Measure model files as a service serves them: ``python -m export.measure FILE.onnx [FILE…] --data DIR``.

Prints a row a file for a Markdown table: bytes, what one run at batch 1 takes on one core, and the figures of
``training.evaluate`` over the photos of a prepared folder, whose bytes go down the service's own line.
"""

import argparse
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from tqdm import tqdm

from service.engine.engine import Engine
from service.engine.model.card import read_card
from service.engine.model.session import Session
from service.engine.photo.analysis import Analysis
from service.settings import Settings
from training.data.prepared_folder import PreparedFolder
from training.data.sample import FloatArray, UInt8Array
from training.evaluation.metrics import ParsingMetric, PoseMetric

RUNS = 100


def measure(path: Path, data: PreparedFolder, names: list[str]) -> dict[str, Any]:
    """The figures of ``training.evaluate`` (0–1) of a file with a card, on the CPU."""
    engine = Engine.start(Settings(model=path, provider="cpu"))
    try:
        parsing, pose = ParsingMetric(data.label_set), PoseMetric(data.label_set)
        for name in tqdm(names, desc="measure", unit="photo", leave=False):
            sample = data.read(name)
            mask, joints = engine.analyze_here(data.photo(name).read_bytes(), _answer)
            parsing.add(mask, sample.labels)
            pose.add(joints, sample.joints)
    finally:
        engine.close()
    return {"photos": len(names), **parsing.result(), **pose.result()}


def _answer(analysis: Analysis) -> tuple[UInt8Array, FloatArray]:
    """Mask (H, W) and joints (J, 3) of a photo; nan where nobody was found."""
    person = analysis.views[0].person
    missed = np.full((len(analysis.card.joints), 3), np.nan, np.float32)
    return analysis.mask, missed if person is None else person.keypoints.astype(np.float32)


def milliseconds(path: Path, image: UInt8Array) -> float:
    """Median time of a run over one fitted image (H, W, 3) on one core."""
    session = Session(path, "cpu", threads=1)
    times = []
    for _ in range(RUNS):
        began = time.perf_counter()
        session.run([image])
        times.append(time.perf_counter() - began)
    return 1000 * median(times)


@contextmanager
def alone(path: Path) -> Iterator[Path]:
    """The file in a folder without its siblings, which a service would take in its place."""
    with tempfile.TemporaryDirectory() as folder:
        link = Path(folder) / path.name
        link.symlink_to(path.resolve())
        yield link


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", type=Path, nargs="+", metavar="FILE.onnx")
    parser.add_argument("--data", type=Path, required=True, help="a prepared folder")
    parser.add_argument("--split", default="val")
    args = parser.parse_args()
    data = PreparedFolder(args.data)
    print("| file | precision | MB | ms on one core | mIoU | merged parts | pixel accuracy | PCKh@0.5 |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for path in args.files:
        with alone(path) as link:
            figures = measure(link, data, data.names(args.split))
            session = Session(link, "cpu", threads=1)
            card = read_card(session.metadata, str(path))
            took = milliseconds(link, card.golden.decoded_image())
        merged = f"mean_iou_{len(data.label_set.merged)}"
        shares = (100 * figures.get(key, np.nan) for key in ("mean_iou", merged, "pixel_accuracy", "pckh"))
        columns = [path.name, card.precision, f"{path.stat().st_size / 1e6:.1f}", f"{took:.2f}"]
        print("| " + " | ".join([*columns, *(f"{share:.2f}" for share in shares)]) + " |")


if __name__ == "__main__":
    main()
