"""The query parameters of an answer's options; their values are in :mod:`service.api.request.answer_options`."""

import re
from typing import Annotated, Final, Literal

from fastapi import Query
from pydantic import PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from service.engine.photo.people import PeopleOption

MOST_DIGITS: Final = 6
"""Of a number of people; larger numbers are a mistake."""
LARGEST_ID: Final = 2**53 - 1
"""Larger numbers are others in JavaScript, which reads JSON's numbers as doubles."""


def _read_people(text: str) -> PeopleOption:
    match text:
        case "auto" | "one":
            return text
        case _ if re.fullmatch(f"[0-9]{{1,{MOST_DIGITS}}}", text) and int(text):
            return int(text)
    raise PydanticCustomError("people", f"Input should be auto, one, or a number from 1 to {10**MOST_DIGITS - 1}")


Labels = Annotated[
    list[str] | None,
    Query(
        description="Which labels are wanted, by name, id or synonym (GET /model has them), with commas between or one "
        "by one; the others become background, or transparent in a cutout. Without it: all, but for overlay and cutout "
        "not the background.",
        examples=[["hair,face"]],
    ),
]
Opacity = Annotated[float, Query(ge=0, le=1, description="of the colours in an overlay")]
Boxes = Annotated[
    list[str] | None,
    Query(
        alias="box",
        description="Where in the photo a person is, as x,y,width,height in pixels of the upright photo; repeat it "
        "for more people. The model then looks at each box with a margin around it, and not at the whole photo: the "
        "answer has one region or person per box, and one mask of all.",
        examples=[["112,40,236,771", "360,52,180,760"]],
    ),
]
People = Annotated[
    PeopleOption | None,
    PlainValidator(_read_people),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "enum": ["auto", "one"]},
                {"type": "integer", "minimum": 1, "maximum": 10**MOST_DIGITS - 1},
            ]
        }
    ),
    Query(
        description="Who is looked for. **auto** (the default): everybody; a detector finds them, and the model is "
        "shown a crop of each. **one**: the one person that the photo is of; no detector runs. A number: at most so "
        "many, the surest. Not together with box. A service without a detector always looks for one.",
        examples=["auto", "one", 3],
    ),
]
ImageId = Annotated[int, Query(ge=-LARGEST_ID, le=LARGEST_ID, description="what COCO results call the photo")]
MaskIn = Annotated[
    Literal["png", "rle"],
    Query(
        alias="mask",
        description="How JSON holds the mask. png: one palette PNG in base64. rle: COCO's run lengths per label.",
    ),
]
