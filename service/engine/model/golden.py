"""The golden sample: proof that a session computes what it computed when the model was exported."""

from typing import Final, Protocol

import numpy as np

from service.engine.model.card import Card
from service.engine.model.session import Prediction, Session

MIN_SCORE: Final = 0.8
"""Joints whose golden score is below are not compared: they are unsure, and in 8 bits another processor's rounding
moves them (in WebAssembly a light network's right shoulder, of a score of 0.63, by 4.3 pixels)."""


class GoldenError(RuntimeError):
    """The golden sample came back wrong."""


class GoldenCheck(Protocol):
    """Runs the golden sample on a session, in a batch of so many; returns if it is right."""

    def __call__(self, session: Session, batch: int = 1, /) -> None: ...


def golden_check(card: Card) -> GoldenCheck:
    """A function that raises :class:`GoldenError` (or what the session raises) for a session that is not right."""
    image, labels, keypoints = (
        card.golden.decoded_image(),
        card.golden.decoded_labels(),
        card.golden.keypoint_array(),
    )
    golden = Prediction.of(labels, labels, keypoints)

    def check(session: Session, batch: int = 1) -> None:
        if image.shape[:2] != (session.input_height, session.input_width):
            raise GoldenError(
                f"the golden picture is {image.shape[1]}×{image.shape[0]}, the model's input "
                f"{session.input_width}×{session.input_height}"
            )
        for answer in session.run([image] * batch):
            compare(answer, golden, card)

    return check


def compare(answer: Prediction, golden: Prediction, card: Card) -> None:
    """Raises :class:`GoldenError` unless labels and key points are as close to the golden ones as the card asks."""
    if answer.labels.shape != golden.labels.shape or answer.keypoints.shape != golden.keypoints.shape:
        raise GoldenError(
            f"shapes {answer.labels.shape}, {answer.keypoints.shape} came back instead of {golden.labels.shape}, "
            f"{golden.keypoints.shape}"
        )
    agreement, wanted = float(np.mean(answer.labels == golden.labels)), card.golden.min_label_agreement
    if wanted is not None and not agreement >= wanted:
        raise GoldenError(f"{agreement:.2%} of the labels agree with the golden sample, {wanted:.2%} must")
    seen = golden.keypoints[:, 2] >= MIN_SCORE
    distances = np.linalg.norm(answer.keypoints[seen, :2] - golden.keypoints[seen, :2], axis=1)
    allowed = card.golden.max_keypoint_distance
    # Written so that a distance that is not a number fails, too.
    if allowed is not None and not np.all(distances <= allowed):
        raise GoldenError(
            f"a joint lies {np.max(distances):.1f} pixels from the golden sample's, {allowed:.1f} are allowed"
        )
