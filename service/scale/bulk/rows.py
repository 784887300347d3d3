"""An answer as a row of a table, with the service's numbers: rounded as in its JSON, in pixels of the upright photo."""

from typing import Any, Final

import pyarrow as pa

from service.api.request.options import DEFAULT
from service.api.response.json import label_answer, person_answers
from service.engine.photo.analysis import Analysis

BOX: Final = pa.list_(pa.int32(), 4)

ANSWER: Final = pa.schema(
    {
        "path": pa.string(),
        "width": pa.int32(),
        "height": pa.int32(),
        "people": pa.list_(
            pa.struct(
                {
                    "box": BOX,
                    "score": pa.float64(),
                    "keypoints": pa.list_(
                        pa.struct({"name": pa.string(), "x": pa.float64(), "y": pa.float64(), "score": pa.float64()})
                    ),
                }
            )
        ),
        "labels": pa.list_(
            pa.struct(
                {
                    "id": pa.uint8(),
                    "name": pa.string(),
                    "pixels": pa.int64(),
                    "share": pa.float64(),
                    "box": BOX,
                    "confidence": pa.float64(),
                }
            )
        ),
        "model": pa.string(),
        "version": pa.string(),
    }
)
MASK: Final = pa.field("mask", pa.binary())
"""The mask as a PNG, if masks are a column."""

FAILURE: Final = pa.schema({"path": pa.string(), "error": pa.string()})


def answer_row(path: str, analysis: Analysis) -> dict[str, Any]:
    """The row of a photo, without its mask."""
    card, pixels = analysis.card, analysis.width * analysis.height
    return {
        "path": path,
        "width": analysis.width,
        "height": analysis.height,
        "people": [person.model_dump(exclude={"index", "region"}) for person in person_answers(analysis, DEFAULT)],
        "labels": [label_answer(card, part, pixels).model_dump(exclude={"color", "rle"}) for part in analysis.parts],
        "model": card.name,
        "version": card.version,
    }
