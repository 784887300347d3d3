"""Measure a checkpoint's confidence, and make it honest: ``python -m training.calibrate CHECKPOINT --data DIR``.

Every second sample of the split is for fitting, the others for measuring: no figure here comes from a photo that the
numbers were fitted on. Printed are expected calibration errors (ECE) before and after: of the labels, at random pixels
of the photos' own size, and of the joints, which are right within half a head size (PCKh). Joints need photos on which
some are missed, so name a folder of hard poses, too: ``--data`` may be repeated.

``--out`` keeps the measurement (``training.report`` reads ``RUN/calibration.json``), ``--plot`` draws it, and
``--write OUT.safetensors`` (or ``.pt``) writes the checkpoint with the fitted numbers in it.
"""

import argparse
import hashlib
import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import torch
from scipy.optimize import minimize, minimize_scalar
from torch import Tensor
from torch.nn import functional as F
from tqdm import tqdm

from training.calibration import UNCALIBRATED, Calibration, calibrated_joint_score, calibrated_scores
from training.checkpoint import Checkpoint, load_checkpoint, save_checkpoint, ship
from training.data.sample import FloatArray, PreparedFolder
from training.evaluate import require_same
from training.inference import ask
from training.label_set import IGNORE, LabelSet
from training.metrics import joints_near
from training.plots import reliability_plot
from training.reliability import Outcomes, Reliability

PIXELS = 8192
"""Pixels of a photo that are looked at; neighbours say the same, so more would only cost memory."""

COOLEST, HOTTEST = 0.05, 20.0
"""Bounds of the temperature."""

EDGE = 1e-3
"""Peaks are kept so far from 0 and 1 where their log-odds are taken, which are infinite there."""

SUMMARY = ("pixels", "parts", "joints")
"""Measurements that are shown first, and drawn."""


@dataclass(frozen=True, slots=True)
class Answers:
    """What was said, and what is so.

    ``scores``: label scores before soft-max, (P, L), at pixels whose true label, (P,), is known. ``peaks``: heights of
    marked joints' peaks in 0–1, (K,), and whether the joint is ``near`` there, (K,).
    """

    scores: Tensor
    labels: Tensor
    peaks: Tensor
    near: Outcomes

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        scores, labels, peaks = (
            torch.cat([getattr(part, name) for part in parts]) for name in ("scores", "labels", "peaks")
        )
        return cls(scores, labels, peaks, np.concatenate([part.near for part in parts]))


@dataclass(frozen=True, slots=True)
class Measurement:
    """Reliability of the labels at all pixels, at those that were given a part (any label but the background), of each
    label where it was given, and of the joints."""

    pixels: Reliability
    parts: Reliability
    label: dict[str, Reliability]
    joints: Reliability

    @classmethod
    def read(cls, record: dict[str, Any]) -> Self:
        """From ``dataclasses.asdict``, by way of JSON."""
        label = {name: Reliability.read(part) for name, part in record["label"].items()}
        pixels, parts, joints = (Reliability.read(record[name]) for name in ("pixels", "parts", "joints"))
        return cls(pixels, parts, label, joints)


def collect(checkpoint: Checkpoint, samples: Iterable[tuple[PreparedFolder, str]]) -> Answers:
    """Ask the checkpoint about every sample. Raises ValueError when it does not know the samples' labels."""
    parts = []
    for number, (folder, name) in enumerate(samples):
        require_same(checkpoint.label_set, folder.label_set)
        sample = folder.read(name)
        answer = ask(checkpoint.network, sample.image, checkpoint.recipe.network)
        rows, columns = np.nonzero(sample.labels != IGNORE)
        chosen = np.random.default_rng(number).permutation(len(rows))[:PIXELS]
        points = np.stack([columns[chosen], rows[chosen]], 1).astype(np.float32)
        known, near = joints_near(answer.joints, sample.joints, checkpoint.label_set)
        labels = torch.from_numpy(sample.labels[rows[chosen], columns[chosen]]).long()
        peaks = torch.from_numpy(answer.joints[known, 2]).double()
        parts.append(Answers(scores_at(answer.scores, points, answer.to_grid), labels, peaks, near[known]))
    return Answers.joined(parts)


def scores_at(scores: Tensor, points: FloatArray, to_grid: FloatArray) -> Tensor:
    """Label scores (L, h, w) at points of the photo (P, 2), as x, y → (P, L): bilinear, as ``inference.predict`` does.

    ``to_grid``: affine map (2, 3) from photo pixels to cells.
    """
    cells = torch.from_numpy(points @ to_grid[:, :2].T + to_grid[:, 2])
    last = torch.tensor([scores.shape[2] - 1, scores.shape[1] - 1])
    places = (2 * cells / last - 1)[None, None]
    return F.grid_sample(scores[None], places, padding_mode="border", align_corners=True)[0, :, 0].T.contiguous()


def fit(answers: Answers) -> Calibration:
    """The numbers under which the answers were likeliest; for the temperature, those at pixels that were given a part.

    The background fills most of every photo and is easy: a temperature of all pixels would be its own, and the
    confidence of parts, which is what people read, would be as wrong as before.
    """
    part = answers.scores.argmax(1) != 0
    slope, offset = fitted_joint_map(answers.peaks.numpy(), answers.near)
    return Calibration(
        temperature=fitted_temperature(answers.scores[part], answers.labels[part]),
        joint_slope=slope,
        joint_offset=offset,
    )


def fitted_temperature(scores: Tensor, labels: Tensor) -> float:
    """Temperature of the least negative log-likelihood; (P, L) and (P,), see ``Answers``."""

    def cost(logarithm: float) -> float:
        return float(F.cross_entropy(scores / np.exp(logarithm), labels))

    found = minimize_scalar(cost, bounds=(np.log(COOLEST), np.log(HOTTEST)), options={"xatol": 1e-3})
    return float(np.exp(found.x))


def fitted_joint_map(peaks: npt.NDArray[np.float64], near: Outcomes) -> tuple[float, float]:
    """Slope and offset of the logistic map from a peak's log-odds to the chance that the joint is near, (K,) both.

    Platt (1999): logistic regression towards targets that are a little less than certain, so that answers which are all
    right, or all wrong, have an optimum as well. Without any answer: the map that changes nothing.
    """
    if not len(near):
        return 1.0, 0.0
    edged = peaks.clip(EDGE, 1 - EDGE)
    odds = np.log(edged / (1 - edged))
    hits, misses = near.sum(), (~near).sum()
    target = np.where(near, (hits + 1) / (hits + 2), 1 / (misses + 2))

    def cost(parameters: npt.NDArray[np.float64]) -> float:
        chance = parameters[0] * odds + parameters[1]
        return float(np.mean(np.logaddexp(0, chance) - target * chance))

    found = minimize(cost, [1.0, 0.0], bounds=[(EDGE, None), (None, None)])
    return float(found.x[0]), float(found.x[1])


def measure(answers: Answers, calibration: Calibration, label_set: LabelSet) -> Measurement:
    """Reliability of the answers as the calibration makes them."""
    chances = calibrated_scores(answers.scores, calibration).softmax(1)
    confidence, given = (tensor.numpy() for tensor in chances.max(1))
    confidence, right = confidence.astype(np.float64), given == answers.labels.numpy()
    label = {
        name: Reliability.of(confidence[given == number], right[given == number])
        for name, number in label_set.label_id.items()
    }
    joints = Reliability.of(calibrated_joint_score(answers.peaks, calibration).numpy(), answers.near)
    part = given != 0
    return Measurement(Reliability.of(confidence, right), Reliability.of(confidence[part], right[part]), label, joints)


def table(before: Measurement, after: Measurement) -> str:
    """Expected calibration errors in per cent, as text."""
    rows = [(name, getattr(before, name), getattr(after, name)) for name in SUMMARY]
    rows += [(f"  {name}", part, after.label[name]) for name, part in before.label.items() if any(part.count)]
    lines = [
        f"{name:24} {sum(old.count):9d} {100 * old.error:8.2f} {100 * new.error:8.2f}"
        for name, old, new in rows
        if any(old.count)
    ]
    return "\n".join([f"{'ECE in per cent':24} {'answers':>9} {'before':>8} {'after':>8}", *lines])


def digest(path: Path) -> str:
    """SHA-256 of a file: which checkpoint a measurement is of."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--data", type=Path, required=True, action="append", help="a prepared folder; or several")
    parser.add_argument("--split", default="val")
    parser.add_argument("--out", type=Path, metavar="JSON", help="file for the measurement")
    parser.add_argument("--plot", type=Path, metavar="PNG", help="file for the reliability diagrams")
    parser.add_argument("--write", type=Path, metavar="CHECKPOINT", help="the checkpoint with the numbers in it")
    args = parser.parse_args()
    checkpoint = load_checkpoint(args.checkpoint)
    checkpoint.network.to("cuda" if torch.cuda.is_available() else "cpu")
    folders = [PreparedFolder(root) for root in args.data]
    samples = [(folder, name) for folder in folders for name in folder.names(args.split)]
    if len(samples) < 2:
        parser.error(f"the split {args.split} holds {len(samples)} samples: one half is for fitting, one for measuring")
    try:
        fitted_on, measured_on = (
            collect(checkpoint, tqdm(samples[start::2], desc=work, unit="photo", leave=False))
            for start, work in enumerate(("fit", "measure"))
        )
    except ValueError as error:
        sys.exit(str(error))
    calibration = fit(fitted_on)
    before, after = (measure(measured_on, used, checkpoint.label_set) for used in (UNCALIBRATED, calibration))
    photos = {"fitted": len(samples[0::2]), "measured": len(samples[1::2])}
    record = {
        "checkpoint": digest(args.checkpoint),
        "data": [folder.info.name for folder in folders],
        "photos": photos,
        "calibration": calibration.model_dump(mode="json"),
        "before": asdict(before),
        "after": asdict(after),
    }
    print(f"fitted on {photos['fitted']} photos: {calibration}")
    print(f"measured on {photos['measured']} others\n\n{table(before, after)}")
    if args.out:
        args.out.write_text(json.dumps(record) + "\n")
    if args.plot:
        reliability_plot({name: (getattr(before, name), getattr(after, name)) for name in SUMMARY}, args.plot)
    if args.write:
        (ship if args.write.suffix == ".safetensors" else save_checkpoint)(
            replace(checkpoint, calibration=calibration), args.write
        )


if __name__ == "__main__":
    main()
