"""Parameters that several calls share: headers, and what a client can choose about masks."""

from typing import Annotated, Literal, NamedTuple

from fastapi import Header, Query

Labels = Annotated[
    list[str] | None,
    Query(
        description="Which labels are wanted, by name or id, with commas between or one by one; the others become "
        "background, or transparent in a cutout. Without it: all, but for overlay and cutout not the background.",
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
MaskIn = Annotated[
    Literal["png", "rle"],
    Query(
        alias="mask",
        description="How JSON holds the mask. png: one palette PNG in base64. rle: COCO's run lengths per label.",
    ),
]


class RequestHeaders(NamedTuple):
    """The headers on which a photo is taken, whatever the call."""

    accept: str | None
    if_none_match: str | None
    timeout_ms: int | None


async def read_request_headers(
    accept: Annotated[str | None, Header(include_in_schema=False)] = None,
    if_none_match: Annotated[
        str | None,
        Header(
            alias="If-None-Match",
            description="ETags of answers that the client has. If this one's is among them, 304 comes back and the "
            "photo is not run.",
            examples=['W/"0b66e5f7dd1f4e3c9c8dbb0d2c1c4a55"'],
        ),
    ] = None,
    timeout_ms: Annotated[
        int | None,
        Header(
            alias="X-Request-Timeout-Ms",
            ge=1,
            le=600_000,
            description="After this time the answer is of no use any more: the photo is not run, and 504 comes back.",
        ),
    ] = None,
) -> RequestHeaders:
    """The terms of a request."""
    # A function that is not async FastAPI would hand to a thread, which takes longer than the whole of it.
    return RequestHeaders(accept, if_none_match, timeout_ms)
