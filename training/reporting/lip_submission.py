"""LIP's test server: the files that it takes for parsing and for single-person pose.

``parsing/NAME.png``: pixel value = label id. ``pred_keypoints_lip.csv``: a row a photo, its file name and then x, y of
LIP's 16 joints in whole pixels: as github.com/NieXC/pytorch-mula (``save_hpe_results_to_lip_format``) writes them, by
its README in LIP's official form. The server itself was not asked.
"""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

from training.checkpoints.checkpoint import Checkpoint
from training.errors.input_error import InputError
from training.evaluation.protocols import Predictor
from training.labels.compatibility import have_same_labels
from training.labels.lip import LIP
from training.reporting.picture_files import write_png
from training.reporting.prediction_files import predictions

POSE_FILE = "pred_keypoints_lip.csv"


def write_lip_submission(
    checkpoint: Checkpoint, predict: Predictor, photos: Sequence[Path], out: Path
) -> Iterator[str]:
    """Write the files for some photos to ``out``. Yields the reason for each photo that has no prediction.

    A network without joints gets no pose file. Raises InputError for one that does not know LIP's labels.
    """
    has_joints = bool(checkpoint.label_set.joints)
    if not have_same_labels(checkpoint.label_set, LIP if has_joints else LIP.without_joints()):
        raise InputError(
            f"LIP's test server knows LIP's labels, and the checkpoint knows {checkpoint.label_set.name}'s"
        )
    (out / "parsing").mkdir(parents=True, exist_ok=True)
    rows = []
    for photo, prediction in predictions(checkpoint, predict, photos):
        if isinstance(prediction, str):
            yield prediction
            continue
        write_png(prediction.labels, out / "parsing" / f"{photo.stem}.png")
        rows.append([photo.name, *(round(value) for value in prediction.joints[:, :2].ravel().tolist())])
    if has_joints:
        with (out / POSE_FILE).open("w", newline="") as file:
            csv.writer(file).writerows(rows)
