"""The options of the calls with a photo: their names, values and documentation, wherever a request has them."""

from typing import Annotated

from fastapi import Query
from pydantic import BaseModel, ConfigDict

from service.api.request.answer_options import DEFAULT, Options, choose_people, find_labels
from service.api.request.boxes import read_boxes
from service.api.request.options import Boxes, ImageId, Labels, MaskIn, Opacity, People
from service.api.response.format_names import AnalyzeFormat, ParseFormat, PoseFormat
from service.engine.model.card import Card


class PoseParameters(BaseModel):
    """The options of ``POST /pose``."""

    model_config = ConfigDict(frozen=True)

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
    box: Boxes = None
    people: People = None
    image_id: ImageId = DEFAULT.image_id

    def options(self, card: Card) -> Options:
        """The options, by the labels of the model.

        Raises:
            InvalidBoxError, BoxesAndPeopleError: see there.
        """
        boxes = read_boxes(self.box)
        return Options(boxes=boxes, people=choose_people(self.people, boxes), image_id=self.image_id)


class AnalyzeParameters(BaseModel):
    """The options of ``POST /analyze``."""

    model_config = ConfigDict(frozen=True)

    format: Annotated[
        AnalyzeFormat | None,
        Query(
            description="**json** (the default): labels, mask, people and joints. **openpose**, **openpose-18**: the "
            "joints alone, as /pose gives them. **overlay**: the photo with the labels' colours and the skeleton; "
            "JPEG, or PNG if the header Accept prefers that.",
        ),
    ] = None
    box: Boxes = None
    people: People = None
    labels: Labels = None
    opacity: Opacity = DEFAULT.opacity
    mask: MaskIn = "png"

    def options(self, card: Card) -> Options:
        """The options, by the labels of the model.

        Raises:
            InvalidBoxError, BoxesAndPeopleError, UnknownLabelError, NoLabelsError: see there.
        """
        boxes = read_boxes(self.box)
        return Options(
            labels=find_labels(self.labels, card),
            opacity=self.opacity,
            as_rle=self.mask == "rle",
            boxes=boxes,
            people=choose_people(self.people, boxes),
        )


class ParseParameters(BaseModel):
    """The options of ``POST /parse``."""

    model_config = ConfigDict(frozen=True)

    format: Annotated[  # the parameter's name in the URL
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
    box: Boxes = None
    people: People = None
    labels: Labels = None
    opacity: Opacity = DEFAULT.opacity
    mask: MaskIn = "png"
    image_id: ImageId = DEFAULT.image_id

    def options(self, card: Card) -> Options:
        """The options, by the labels of the model.

        Raises:
            InvalidBoxError, BoxesAndPeopleError, UnknownLabelError, NoLabelsError: see there.
        """
        boxes = read_boxes(self.box)
        return Options(
            labels=find_labels(self.labels, card),
            opacity=self.opacity,
            as_rle=self.mask == "rle",
            boxes=boxes,
            people=choose_people(self.people, boxes),
            image_id=self.image_id,
        )
