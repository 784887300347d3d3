"""People whom the detector found: which of them are answered, and the crop that the model is shown of each."""

from collections.abc import Sequence
from typing import Final, Literal

from service.engine.detection.detector import Detection
from service.engine.photo.boxes import fitting, with_margin
from service.engine.photo.photo import Plan, plan_crops
from service.engine.photo.second_pass import is_small
from service.engine.photo.view import View
from service.imaging.box import Box
from service.imaging.fit import FitMode

PeopleOption = Literal["auto", "one"] | int
"""Who is wanted: everybody, the one person that the photo is taken for, or at most so many, the surest."""

# Figures: person IoU on 218 hand-masked photos, boxes' F1 on Open Images, joints' F1 on COCO, labels on 100 street
# photos, with one constant changed; most by the same steps without HTTP. ``export.measure_service`` measures them all.

CROP_MARGIN: Final = 0.1
"""Of the box's size, on each side of a person's crop. Person IoU: 0.05 and 0.15 are within 0.002 of it, 0.25 loses
0.015 and 2 to 7 points of the joints. Widening the crop to the proportions of the model's input loses 0.004, and an
eighth of the joints on 50 COCO photos."""
REACH: Final = 0.03
"""How far beyond the box labels count for its person, as a share of its size on each side: +0.005 to +0.015 of person
IoU over no limit, with three models; 0 and 0.06 are a little worse."""
REACH_ALONE: Final = 0.045
"""The same where nobody else was found. With the light model, labels of street photos: 0.06 gains 0.2 of mIoU; person
IoU of the hand-masked photos: 0.746 and not 0.747, with 0.06 0.745."""
BYSTANDER_OF_PHOTO: Final = 0.05
"""A bystander's box has a smaller share of the photo than this ..."""
BYSTANDER_OF_LARGEST: Final = 0.15
"""... and a smaller share of the largest person's box than this. Labels of street photos: mIoU 52.7 and not 51.5, with
one person looked for 52.9; boxes' F1 on 310 Open Images photos falls by 0.001."""
UNCLEAR_OF_LARGEST: Final = 0.3
"""Also a bystander, though the model has run: whose box has a smaller share of the largest person's than this ..."""
UNCLEAR: Final = 0.65
"""... and whose score is a smaller share of the largest person's than this. Somebody beside the one whom the photo is
taken of is answered on 4 of 100 street photos and not on 8; boxes' F1 on 306 Open Images photos stays 0.699 (with 0.7
in its place: 3, and 0.698), and COCO's joints' F1 stays."""


def reach(person: Box, width: int, height: int, is_alone: bool) -> Box:
    """Where in a photo of ``width``×``height`` labels count for a person; ``is_alone``: nobody else was found."""
    share = REACH_ALONE if is_alone else REACH
    return person.grown(round(share * person.width), round(share * person.height)).within(width, height)


def choose_people(detections: Sequence[Detection], most: int, width: int, height: int) -> list[Detection]:
    """At most so many people of a photo of ``width``×``height``, the surest, in their order: but for bystanders, who
    are small in the background."""
    largest = max((_area(person) for person in detections), default=0)
    least = min(BYSTANDER_OF_PHOTO * width * height, BYSTANDER_OF_LARGEST * largest)
    meant = [person for person in detections if _area(person) >= least]
    surest = sorted(meant, key=lambda person: -person.score)[:most]
    return [person for person in meant if person in surest]


def person_who_fills(detections: Sequence[Detection], whole: Plan) -> Detection | None:
    """The only person whom a crop would not enlarge enough to pay, so that the whole photo serves for it."""
    (crop,) = whole.crops
    filling = [person for person in detections if not is_small(person.box, crop.fit, CROP_MARGIN)]
    return filling[0] if len(filling) == 1 else None


def plan_people(
    detections: Sequence[Detection], whole: Plan, mode: FitMode, max_pixels: int
) -> tuple[list[Detection], Plan]:
    """The plan of a crop for each person, and those persons, in their order.

    Where the crops have too many pixels together (see :func:`fitting`), the least sure people are left out.
    """
    crops = {person: with_margin(person.box, whole.width, whole.height, CROP_MARGIN) for person in detections}
    surest = sorted(crops, key=lambda person: -person.score)
    kept = set(surest[: fitting([crops[person] for person in surest], max_pixels)])
    people = [person for person in detections if person in kept]
    return people, plan_crops(whole, [crops[person] for person in people], mode, are_apart=True)


def person_score(detected: float, view: View, has_labels: bool) -> float:
    """How sure it is that this person is in the photo, 0–1: by two thirds the detector's score, by one what the model
    says: the mean confidence of its labels (``has_labels``), or else the mean score of its joints.

    ``export.measure_service`` takes the surest person of each photo. With the light model, PCKh on 100 street photos
    and PCK of 200 athletes: 95.3 and 43.1 by the detector's score alone, which prefers passers-by on 4 street photos;
    98.8 and 41.2 by equal parts of detector, joints and labels, for athletes' joints are unsure; 98.9 and 41.7 by this;
    with weights of 3 to 1, 97.8 and 42.4.
    """
    said = view.mean_confidence if has_labels else float(view.keypoints[:, 2].mean())
    return (2 * detected + said) / 3


def clear_people(boxes: Sequence[Box], scores: Sequence[float]) -> list[int]:
    """Which of the people, the largest first, are no bystanders: those who are neither much smaller than the first nor
    much less sure. See :data:`UNCLEAR`."""
    areas = [box.width * box.height for box in boxes]
    return [
        index
        for index, (area, score) in enumerate(zip(areas, scores, strict=True))
        if area >= UNCLEAR_OF_LARGEST * areas[0] or score >= UNCLEAR * scores[0]
    ]


def _area(person: Detection) -> int:
    return person.box.width * person.box.height
