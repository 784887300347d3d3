"""An answer as rows of tables, with the service's numbers: rounded as in its JSON, in pixels of the upright photo."""

from typing import Any, Final

import pyarrow as pa

from service.api.request.answer_options import DEFAULT
from service.api.response.json import label_answer, person_answers
from service.engine.model.card import Card
from service.engine.photo.analysis import Analysis, Part
from service.imaging.rle import encode_labels

BOX: Final = pa.list_(pa.int32(), 4)
LABELS: Final = pa.list_(
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
)

ANSWER: Final = pa.schema(
    {
        "path": pa.string(),
        "width": pa.int32(),
        "height": pa.int32(),
        "people": pa.int32(),
        "labels": LABELS,
        "model": pa.string(),
        "version": pa.string(),
    }
)
"""A row a photo; ``people`` is their number."""
PERSON: Final = pa.schema(
    {
        "path": pa.string(),
        "index": pa.int32(),
        "box": BOX,
        "score": pa.float64(),
        "keypoints": pa.list_(
            pa.struct({"name": pa.string(), "x": pa.float64(), "y": pa.float64(), "score": pa.float64()})
        ),
        "labels": LABELS,
        "rle": pa.struct({"size": pa.list_(pa.int32(), 2), "counts": pa.string()}),
    }
)
"""A row a person: the place among the photo's people, from 1; what of the mask is this person's, in ``labels`` and, as
COCO's run lengths, in ``rle``."""
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
        "people": len(analysis.people),
        "labels": _labels(card, analysis.parts, pixels),
        "model": card.name,
        "version": card.version,
    }


def person_rows(path: str, analysis: Analysis) -> list[dict[str, Any]]:
    """The rows of a photo's people, in the order of the answer."""
    pixels = analysis.width * analysis.height
    codes = encode_labels(analysis.instances, range(1, len(analysis.people) + 1))
    people = zip(person_answers(analysis, DEFAULT), analysis.parts_of_people, strict=True)
    return [
        {
            "path": path,
            "index": index,
            **person.model_dump(include={"box", "score", "keypoints"}),
            "labels": _labels(analysis.card, parts, pixels),
            "rle": {"size": (analysis.height, analysis.width), "counts": codes[index]},
        }
        for index, (person, parts) in enumerate(people, 1)
    ]


def _labels(card: Card, parts: list[Part], pixels: int) -> list[dict[str, Any]]:
    return [label_answer(card, part, pixels).model_dump(exclude={"color", "rle"}) for part in parts]
