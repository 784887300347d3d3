"""Metrics of a checkpoint over the samples of a prepared folder, and their table."""

from typing import Any

from tqdm import tqdm

from training.checkpoints.checkpoint import Checkpoint
from training.data.prepared_folder import PreparedFolder
from training.evaluation.metrics import ParsingMetric, PoseMetric
from training.evaluation.protocols import Predictor, one_pass
from training.labels.compatibility import require_same_labels
from training.labels.label_set import LabelSet


def figure_titles(label_set: LabelSet) -> dict[str, str]:
    """Metric → its title, in the order of a table."""
    merged = {f"mean_iou_{len(label_set.merged)}": f"mIoU ({len(label_set.merged)} merged parts)"}
    return {
        "mean_iou": "mIoU (labels with ≥ 2,000 pixels)",
        f"mean_iou_{len(label_set.labels)}": f"mIoU (all {len(label_set.labels)} labels)",
        **(merged if label_set.merged else {}),
        "pixel_accuracy": "pixel accuracy",
        "mean_accuracy": "mean accuracy",
        **({"pckh": "PCKh@0.5", "pckh_upper_body": "PCKh@0.5, upper body"} if label_set.joints else {}),
    }


def evaluate(
    checkpoint: Checkpoint, folder: PreparedFolder, names: list[str], predict: Predictor = one_pass
) -> dict[str, Any]:
    """Metrics of a checkpoint over the named samples, each in 0–1 (see ``training.evaluation.metrics``).

    Those of the pose are left out where the checkpoint's label set has no joints.

    Raises ValueError when checkpoint and folder have different labels or joints.
    """
    require_same_labels(checkpoint.label_set, folder.label_set)
    parsing, pose = ParsingMetric(checkpoint.label_set), PoseMetric(checkpoint.label_set)
    for name in tqdm(names, desc="evaluate", unit="photo", leave=False):
        sample = folder.read(name)
        prediction = predict(checkpoint, sample.image)
        parsing.add(prediction.labels, sample.labels)
        pose.add(prediction.joints, sample.joints)
    return {"photos": len(names), **parsing.result(), **(pose.result() if checkpoint.label_set.joints else {})}


def table(result: dict[str, Any], label_set: LabelSet) -> str:
    """The metrics as text, in per cent."""
    rows = [(title, result[key]) for key, title in figure_titles(label_set).items()]
    rows += [(f"  IoU {name}", value) for name, value in result["label_iou"].items()]
    rows += [(f"  PCKh {name}", value) for name, value in result.get("joint_pckh", {}).items()]
    return "\n".join([f"{result['photos']} photos"] + [f"{title:36} {100 * value:6.2f}" for title, value in rows])
