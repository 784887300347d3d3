"""People whom the detector found: which of them are answered, and the crop that the model is shown of each."""

from collections.abc import Sequence
from typing import Final, Literal

from service.engine.detection.detector import Detection
from service.engine.photo.boxes import fitting
from service.engine.photo.photo import Plan, plan_crops
from service.engine.photo.second_pass import is_small, person_crop
from service.imaging.box import Box
from service.imaging.fit import FitMode

PeopleOption = Literal["auto", "one"] | int
"""Who is wanted: everybody, the one person that the photo is taken for, or at most so many, the surest."""

CROP_MARGIN: Final = 0.1
"""Of the box's size, on each side of a person's crop. Person IoU on 218 hand-masked photos: 0.05 and 0.15 are within
0.002 of it, 0.25 loses 0.015."""
REACH: Final = 0.03
"""How far beyond the box labels count for its person, as a share of its size on each side: +0.005 to +0.015 of person
IoU over no limit, on the same photos and with three models; 0 and 0.06 are a little worse."""


def reach(person: Box, width: int, height: int) -> Box:
    """Where in a photo of ``width``×``height`` labels count for a person."""
    return person.grown(round(REACH * person.width), round(REACH * person.height)).within(width, height)


def fills_the_photo(detections: Sequence[Detection], whole: Plan) -> bool:
    """Whether there is one person, whom a crop would not enlarge enough to pay: the whole photo serves for it."""
    (crop,) = whole.crops
    return len(detections) == 1 and not is_small(detections[0].box, crop.fit, CROP_MARGIN)


def plan_people(
    detections: Sequence[Detection], whole: Plan, mode: FitMode, max_pixels: int
) -> tuple[list[Detection], Plan]:
    """The plan of a crop for each person, and those persons, in their order.

    Where the crops have too many pixels together (see :func:`fitting`), the least sure people are left out.
    """
    fit = whole.crops[0].fit
    crops = {person: person_crop(person.box, fit, CROP_MARGIN) for person in detections}
    surest = sorted(crops, key=lambda person: -person.score)
    kept = set(surest[: fitting([crops[person] for person in surest], max_pixels)])
    people = [person for person in detections if person in kept]
    return people, plan_crops(whole, [crops[person] for person in people], mode, are_apart=True)
