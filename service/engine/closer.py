"""A closer look: who fills little of a photo is shown to the model a second time, larger.

The model's input has few pixels, and a person in the distance gets few of those. So what the first look finds says
where to look, as a detector does for networks that see one person at a time.
"""

from typing import Final

from service.engine.boxes import surroundings
from service.engine.view import View
from service.imaging.box import Box
from service.imaging.fit import plan_fit

CLOSER: Final = 1.5
"""How many times as large the person must get for a second run to pay."""


def closer_box(view: View) -> Box | None:
    """The surroundings of the person whom a view of a whole photo shows, in the photo's pixels; None if nobody is
    there, or if they would not get :data:`CLOSER` times as large."""
    if view.person is None:
        return None
    photo, fit = view.box, view.fit
    box = surroundings(view.person.box, photo.width, photo.height)
    closer = plan_fit((box.height, box.width), (fit.input_height, fit.input_width), "letterbox")
    return box if closer.scale_x >= CLOSER * fit.scale_x else None
