"""JSON answers, the same for HTTP and files."""

import base64
from collections.abc import Sequence

from pydantic import TypeAdapter

from service.api.request.options import DEFAULT, Options
from service.api.response.coco import coco_result
from service.api.response.pictures import mask_png
from service.api.response.schemas import (
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
    Region,
    Rle,
    Segment,
)
from service.engine.model.card import Card
from service.engine.photo.analysis import Analysis, Part, find_parts
from service.engine.photo.view import Person, View
from service.imaging.binary_mask import binary_mask
from service.imaging.box import Box
from service.imaging.decode import Image
from service.imaging.png import grey_png
from service.imaging.rle import encode_labels

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
        people=person_answers(analysis, options),
        skeleton=analysis.card.skeleton,
    )
    return answer.model_dump_json(exclude_none=True).encode()


def analyze_json(analysis: Analysis, options: Options = DEFAULT) -> bytes:
    """Labels, mask, people and joints."""
    answer = AnalyzeAnswer(
        model=_model(analysis.card),
        image=_size(analysis),
        people=person_answers(analysis, options),
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
            mask=_base64(grey_png(binary_mask(analysis.mask, [part.label]))),
        )
        for part in analysis.parts
        if options.wants(part.label)
    ]
    return SEGMENTS.dump_json(segments)


def coco_json(analysis: Analysis, options: Options) -> bytes:
    """The people in the photo as COCO key point results."""
    return COCO_RESULTS.dump_json([coco_result(person, options.image_id) for _, person in analysis.people])


def _parsing(analysis: Analysis, options: Options) -> Parsing:
    if not options.boxes:
        labels, mask = _measured(analysis.card, analysis.mask, analysis.parts, options)
        return Parsing(labels=labels, mask=mask)
    ids, regions = analysis.describe_views(lambda view, ids: _region(analysis.card, view, ids, options))
    labels, mask = _measured(analysis.card, ids, find_parts(ids, analysis.views), options)
    return Parsing(labels=labels, mask=mask, regions=regions)


def _region(card: Card, view: View, ids: Image, options: Options) -> Region:
    labels, mask = _measured(card, ids, find_parts(ids, [view]), options)
    for label in labels:
        label.box = Box(*label.box).moved(view.box.x, view.box.y)
    return Region(box=view.box, labels=labels, mask=mask)


def _measured(card: Card, ids: Image, parts: Sequence[Part], options: Options) -> tuple[list[LabelAnswer], str | None]:
    """The requested labels of a label map, and the map as PNG, or None if each label has its run lengths."""
    wanted = [part for part in parts if options.wants(part.label)]
    if not options.as_rle:
        return [label_answer(card, part, ids.size) for part in wanted], _base64(mask_png(ids, card, options))
    codes = encode_labels(ids, [part.label for part in wanted])
    height, width = ids.shape
    rles = [Rle(size=(height, width), counts=codes[part.label]) for part in wanted]
    return [label_answer(card, part, ids.size, rle) for part, rle in zip(wanted, rles, strict=True)], None


def _model(card: Card) -> Model:
    return Model(name=card.name, version=card.version)


def _size(analysis: Analysis) -> ImageSize:
    return ImageSize(width=analysis.width, height=analysis.height)


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def label_answer(card: Card, part: Part, pixels: int, rle: Rle | None = None) -> LabelAnswer:
    """A label of a map with that many pixels."""
    label = card.labels[part.label]
    return LabelAnswer(
        id=label.id,
        name=label.name,
        color=label.color,
        pixels=part.pixels,
        share=round(part.pixels / pixels, 6),
        box=part.box,
        confidence=round(part.confidence, 4),
        rle=rle,
    )


def person_answers(analysis: Analysis, options: Options) -> list[PersonAnswer]:
    """The people in the photo."""
    return [_person(analysis.card, person, index if options.boxes else None) for index, person in analysis.people]


def _person(card: Card, person: Person, region: int | None) -> PersonAnswer:
    keypoints = [
        Keypoint(name=name, x=round(x, 2), y=round(y, 2), score=round(score, 4))
        for name, (x, y, score) in zip(card.joints, person.keypoints.tolist(), strict=True)
    ]
    return PersonAnswer(box=person.box, score=round(person.score, 4), keypoints=keypoints, region=region)
