"""Predictions as files: a label map, its picture and the joints of each photo."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from training.checkpoints.checkpoint import Checkpoint
from training.data.sample import BrokenSampleError, read_image
from training.evaluation.inference import Prediction
from training.evaluation.jppnet_protocol import UnsuitableNetworkError
from training.evaluation.protocols import Predictor
from training.labels.label_set import LabelSet
from training.reporting.overlay import colorize
from training.reporting.picture_files import write_png


def predictions(
    checkpoint: Checkpoint, predict: Predictor, photos: Sequence[Path]
) -> Iterator[tuple[Path, Prediction | str]]:
    """Each photo with its prediction, or with the reason why it has none."""
    for photo in photos:
        try:
            prediction = predict(checkpoint, read_image(photo))
        except UnsuitableNetworkError:
            raise
        except Exception as error:  # whatever is wrong with one photo, the others are predicted
            yield (
                photo,
                str(error) if isinstance(error, BrokenSampleError) else f"{photo}: {type(error).__name__}: {error}",
            )
        else:
            yield photo, prediction


def write_predictions(checkpoint: Checkpoint, predict: Predictor, photos: Sequence[Path], out: Path) -> Iterator[str]:
    """Write every photo's prediction to ``out``. Yields the reason for each photo that has none."""
    out.mkdir(parents=True, exist_ok=True)
    for photo, prediction in predictions(checkpoint, predict, photos):
        if isinstance(prediction, str):
            yield prediction
        else:
            write_prediction(prediction, checkpoint.label_set, out, photo.stem)


def write_prediction(prediction: Prediction, label_set: LabelSet, out: Path, name: str) -> None:
    """Write the three files of one photo: ``NAME.png``, ``NAME_vis.png`` and ``NAME.json``."""
    write_png(prediction.labels, out / f"{name}.png")
    write_png(colorize(prediction.labels, label_set), out / f"{name}_vis.png")
    keypoints = [
        {"name": joint, "x": round(x, 2), "y": round(y, 2), "score": round(score, 4)}
        for joint, (x, y, score) in zip(label_set.joints, prediction.joints.tolist(), strict=True)
    ]
    (out / f"{name}.json").write_text(json.dumps({"keypoints": keypoints}, indent=1) + "\n")
