"""People whom the detector found: which of them are answered, and the crop that the model is shown of each."""

from collections.abc import Sequence
from typing import Final, Literal

from service.engine.detection.detector import Detection
from service.engine.photo.boxes import fitting, with_margin
from service.engine.photo.photo import Plan, plan_crops
from service.engine.photo.second_pass import is_small
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
SMALL_OF_PHOTO: Final = 0.05
"""A bystander's box has a smaller share of the photo than this ..."""
SMALL_OF_LARGEST: Final = 0.15
"""... and a smaller share of the largest person's box than this. Labels of street photos: mIoU 52.7 and not 51.5, with
one person looked for 52.9; boxes' F1 on 310 Open Images photos falls by 0.001."""
PORTRAIT: Final = 0.3
"""Where the largest person's box has this share of the photo, a bystander is also ..."""
PORTRAIT_OF_LARGEST: Final = 0.25
"""... whose box has a smaller share of that person's than this ..."""
PORTRAIT_SURE: Final = 0.9
"""... and whose score is a smaller share of that person's than this. Somebody beside the one whom the photo is taken of
is answered on 3 of 100 street photos and not on 8; boxes' F1 on 1,832 Open Images photos falls by 0.001."""


def reach(person: Box, width: int, height: int, is_alone: bool) -> Box:
    """Where in a photo of ``width``×``height`` labels count for a person; ``is_alone``: nobody else was found."""
    share = REACH_ALONE if is_alone else REACH
    return person.grown(round(share * person.width), round(share * person.height)).within(width, height)


def choose_people(detections: Sequence[Detection], most: int, width: int, height: int) -> list[Detection]:
    """At most so many people of a photo of ``width``×``height``, the surest, in their order: but for bystanders."""
    meant = without_bystanders(detections, width * height)
    surest = sorted(meant, key=lambda person: -person.score)[:most]
    return [person for person in meant if person in surest]


def without_bystanders(detections: Sequence[Detection], photo_area: int) -> list[Detection]:
    """Whom a photo of so many pixels is taken of: not those who are small in the background of somebody larger."""
    if not detections:
        return []
    largest = max(detections, key=_area)
    least = min(SMALL_OF_PHOTO * photo_area, SMALL_OF_LARGEST * _area(largest))
    is_portrait = _area(largest) >= PORTRAIT * photo_area

    def is_clear(person: Detection) -> bool:
        is_sure = person.score >= PORTRAIT_SURE * largest.score
        return is_sure or _area(person) >= PORTRAIT_OF_LARGEST * _area(largest)

    return [person for person in detections if _area(person) >= least and (not is_portrait or is_clear(person))]


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


def _area(person: Detection) -> int:
    return person.box.width * person.box.height
