"""From an analysis to JSON: the last step of the line, for HTTP and files alike."""

import base64

from pydantic import TypeAdapter

from service.api.coco import coco_result
from service.api.options import DEFAULT, Options
from service.api.pictures import mask_png
from service.api.schemas import (
    AnalyzeAnswer,
    CocoResult,
    ImageSize,
    Keypoint,
    LabelAnswer,
    Model,
    ParseAnswer,
    Parsing,
    PersonAnswer,
    PoseAnswer,
    Rle,
    Segment,
)
from service.engine.analysis import Analysis, Part, Person
from service.engine.card import Card
from service.imaging.png import grey_png
from service.imaging.rle import encode_labels
from service.imaging.stencil import stencil

SEGMENTS: TypeAdapter[list[Segment]] = TypeAdapter(list[Segment])
COCO_RESULTS: TypeAdapter[list[CocoResult]] = TypeAdapter(list[CocoResult])


def parse_json(analysis: Analysis, options: Options = DEFAULT) -> bytes:
    """The labels in the photo and the mask."""
    answer = ParseAnswer(model=_model(analysis.card), image=_size(analysis), **dict(_parsing(analysis, options)))
    return answer.model_dump_json(exclude_none=True).encode()


def pose_json(analysis: Analysis, options: Options = DEFAULT) -> bytes:
    """The people in the photo and their joints."""
    answer = PoseAnswer(
        model=_model(analysis.card),
        image=_size(analysis),
        people=_people(analysis),
        skeleton=analysis.card.skeleton,
    )
    return answer.model_dump_json().encode()


def analyze_json(analysis: Analysis, options: Options = DEFAULT) -> bytes:
    """Labels, mask, people and joints."""
    answer = AnalyzeAnswer(
        model=_model(analysis.card),
        image=_size(analysis),
        people=_people(analysis),
        skeleton=analysis.card.skeleton,
        **dict(_parsing(analysis, options)),
    )
    return answer.model_dump_json(exclude_none=True).encode()


def segments_json(analysis: Analysis, options: Options) -> bytes:
    """A mask per label, as Hugging Face's image segmentation gives them."""
    segments = [
        Segment(
            score=round(part.confidence, 4),
            label=analysis.card.labels[part.label].name,
            mask=_base64(grey_png(stencil(analysis.mask, [part.label]))),
        )
        for part in _parts(analysis, options)
    ]
    return SEGMENTS.dump_json(segments)


def coco_json(analysis: Analysis, options: Options) -> bytes:
    """The people in the photo as COCO key point results."""
    return COCO_RESULTS.dump_json([coco_result(person, options.image_id) for person in analysis.people])


def _parts(analysis: Analysis, options: Options) -> list[Part]:
    return [part for part in analysis.parts if options.labels is None or part.label in options.labels]


def _parsing(analysis: Analysis, options: Options) -> Parsing:
    parts = _parts(analysis, options)
    if not options.as_rle:
        labels = [_label(analysis, part) for part in parts]
        return Parsing(labels=labels, mask=_base64(mask_png(analysis, options)))
    codes = encode_labels(analysis.mask, [part.label for part in parts])
    height, width = analysis.mask.shape
    rles = [Rle(size=(height, width), counts=codes[part.label]) for part in parts]
    return Parsing(labels=[_label(analysis, part, rle) for part, rle in zip(parts, rles, strict=True)])


def _model(card: Card) -> Model:
    return Model(name=card.name, version=card.version)


def _size(analysis: Analysis) -> ImageSize:
    return ImageSize(width=analysis.fit.photo_width, height=analysis.fit.photo_height)


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _label(analysis: Analysis, part: Part, rle: Rle | None = None) -> LabelAnswer:
    label = analysis.card.labels[part.label]
    return LabelAnswer(
        id=label.id,
        name=label.name,
        color=label.color,
        pixels=part.pixels,
        share=round(part.pixels / analysis.mask.size, 6),
        box=part.box,
        confidence=round(part.confidence, 4),
        rle=rle,
    )


def _people(analysis: Analysis) -> list[PersonAnswer]:
    return [_person(analysis.card, person) for person in analysis.people]


def _person(card: Card, person: Person) -> PersonAnswer:
    keypoints = [
        Keypoint(name=name, x=round(x, 2), y=round(y, 2), score=round(score, 4))
        for name, (x, y, score) in zip(card.joints, person.keypoints.tolist(), strict=True)
    ]
    return PersonAnswer(box=person.box, score=round(person.score, 4), keypoints=keypoints)
