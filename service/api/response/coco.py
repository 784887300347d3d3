"""People as COCO's key point format has them: results, and the category that they belong to."""

import numpy as np

from service.api.response.schemas import CocoCategory, CocoInstance, CocoResult, Rle
from service.engine.model.card import Card
from service.engine.photo.view import Person

PERSON = 1
"""COCO's id of the category."""
NOT_VISIBLE, VISIBLE = 0, 2
"""COCO's flags of a joint."""


def coco_result(person: Person, image_id: int) -> CocoResult:
    """A person as a COCO result."""
    flags = np.where(person.visible, VISIBLE, NOT_VISIBLE)
    return CocoResult(
        image_id=image_id,
        category_id=PERSON,
        bbox=person.box,
        score=round(person.score, 4),
        keypoints=np.column_stack((person.keypoints[:, :2].round(2), flags)).ravel().tolist(),
    )


def coco_instance(person: Person, segmentation: Rle, image_id: int) -> CocoInstance:
    """A person's pixels as a COCO result."""
    return CocoInstance(
        image_id=image_id,
        category_id=PERSON,
        bbox=person.box,
        score=round(person.score, 4),
        segmentation=segmentation,
    )


def coco_category(card: Card) -> CocoCategory:
    """The category of the model's people. COCO counts joints from 1 in a skeleton."""
    return CocoCategory(
        id=PERSON,
        name="person",
        keypoints=card.joints,
        skeleton=[(start + 1, end + 1) for start, end in card.skeleton],
    )
