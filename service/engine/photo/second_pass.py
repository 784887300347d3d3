"""The second pass: a person who fills little of a photo is cropped, and the model runs again on the crop.

The model's input has few pixels, and a person in the distance gets few of those. So what the first look finds says
where to look, as a detector does for networks that see one person at a time. Where the second look finds nobody, the
first one erred.
"""

from typing import Final

from service.engine.photo.boxes import MARGIN, with_margin
from service.engine.photo.view import View
from service.imaging.box import Box
from service.imaging.fit import Fit

MIN_ENLARGEMENT: Final = 1.25
"""How many times as large the person must get for a second run to pay.

This figure, the margin of :func:`with_margin`, and widening the crop to the input's proportions were chosen on
validation pictures only: people cut out and pasted small into streets (``training/augmentation/zoom_out.py``), and
rendered people.
"""


def second_pass_box(view: View) -> Box | None:
    """The crop of the second pass: the person's box with a margin, in the photo's pixels and the proportions of the
    model's input. None without a person, or if that would not enlarge the person :data:`MIN_ENLARGEMENT` times."""
    if view.person is None or not is_small(view.person.box, view.fit):
        return None
    photo, fit = view.box, view.fit
    box = with_margin(view.person.box, photo.width, photo.height)
    return box.widened(fit.input_width / fit.input_height).within(photo.width, photo.height)


def is_small(person: Box, whole: Fit, margin: float = MARGIN) -> bool:
    """Whether a crop would enlarge a person :data:`MIN_ENLARGEMENT` times; ``whole`` is the fit of the whole photo."""
    photo = Box(0, 0, whole.photo_width, whole.photo_height)
    crop = with_margin(person, photo.width, photo.height, margin)
    return _scale(crop, whole) >= MIN_ENLARGEMENT * _scale(photo, whole)


def _scale(box: Box, fit: Fit) -> float:
    """The scale at which a box is fitted into the model's input."""
    return min(fit.input_width / box.width, fit.input_height / box.height)
