"""The options of the calls with a photo: their names, values and documentation, wherever a request has them."""

from dataclasses import replace
from typing import Annotated

from fastapi import Query
from pydantic import BaseModel, ConfigDict

from service.api.request.answer_options import DEFAULT, Options, choose_people, find_labels
from service.api.request.boxes import read_boxes
from service.api.request.options import Boxes, ImageId, Labels, MaskIn, Opacity, People
from service.api.response.format_names import AnalyzeFormat, ParseFormat, PoseFormat
from service.engine.model.card import Card


class PhotoParameters(BaseModel):
    """The options of every call."""

    model_config = ConfigDict(frozen=True)

    format: str | None = None  # the parameter's name in the URL; each call has formats of its own
    box: Boxes = None
    people: People = None

    def options(self, card: Card) -> Options:
        """The options, by the labels of the model.

        Raises:
            InvalidBoxError, BoxesAndPeopleError: see there.
        """
        boxes = read_boxes(self.box)
        return Options(boxes=boxes, people=choose_people(self.people, boxes))


class PoseParameters(PhotoParameters):
    """The options of ``POST /pose``."""

    format: Annotated[
        PoseFormat | None,
        Query(
            description="**json** (the default): people and their joints. **coco**: COCO's key point results; "
            "their category is in `coco_categories` of GET /model. **openpose**: OpenPose's JSON with the 25 joints of "
            "BODY_25, **openpose-18**: with the 18 of COCO; joints that the model does not have, or did not find, are "
            "0, 0, 0. **overlay**: the photo with the skeleton drawn in; JPEG, or PNG if the header Accept prefers "
            "that.",
        ),
    ] = None
    image_id: ImageId = DEFAULT.image_id

    def options(self, card: Card) -> Options:
        """See :meth:`PhotoParameters.options`."""
        return replace(super().options(card), image_id=self.image_id)


class MaskParameters(PhotoParameters):
    """The options of the calls whose answers have a mask."""

    labels: Labels = None
    opacity: Opacity = DEFAULT.opacity
    mask: MaskIn = "png"

    def options(self, card: Card) -> Options:
        """See :meth:`PhotoParameters.options`.

        Raises:
            UnknownLabelError, NoLabelsError: see there.
        """
        labels = find_labels(self.labels, card)
        return replace(super().options(card), labels=labels, opacity=self.opacity, as_rle=self.mask == "rle")


class AnalyzeParameters(MaskParameters):
    """The options of ``POST /analyze``."""

    format: Annotated[
        AnalyzeFormat | None,
        Query(
            description="**json** (the default): labels, mask, people and joints. **openpose**, **openpose-18**: the "
            "joints alone, as /pose gives them. **overlay**: the photo with the labels' colours and the skeleton; "
            "JPEG, or PNG if the header Accept prefers that.",
        ),
    ] = None


class ParseParameters(MaskParameters):
    """The options of ``POST /parse``."""

    format: Annotated[
        ParseFormat | None,
        Query(
            description="**mask**: palette PNG, coloured when shown, pixel value = label id. **ids**: grey PNG, "
            "pixel value = label id. **instances**: grey PNG, pixel value = the person's index, from 1. "
            "**overlay**: the photo with the labels' colours; JPEG, or PNG if the header Accept prefers that. "
            "**cutout**: PNG of the photo with all but the wanted labels transparent, its edges soft. **json**: "
            "labels, mask, and what of it is whose. **coco**: COCO's instance results, one a person. **hf**: the list "
            "that Hugging Face's image segmentation gives. Without it, the header Accept decides between mask "
            "and json.",
        ),
    ] = None
    image_id: ImageId = DEFAULT.image_id

    def options(self, card: Card) -> Options:
        """See :meth:`MaskParameters.options`."""
        return replace(super().options(card), image_id=self.image_id)
