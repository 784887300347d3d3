"""JSON answers, the same for HTTP and files."""

import base64
from collections.abc import Sequence

from pydantic import TypeAdapter

from service.api.request.answer_options import DEFAULT, Options
from service.api.response.coco import coco_instance, coco_result
from service.api.response.pictures import chosen_instances, instances_png, mask_png
from service.api.response.schemas import (
    AnalyzeAnswer,
    AnalyzedPerson,
    CocoInstance,
    CocoResult,
    ImageSize,
    Keypoint,
    LabelAnswer,
    Model,
    OwnParts,
    ParseAnswer,
    ParsedPerson,
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
COCO_INSTANCES: TypeAdapter[list[CocoInstance]] = TypeAdapter(list[CocoInstance])
COCO_RESULTS: TypeAdapter[list[CocoResult]] = TypeAdapter(list[CocoResult])


def parse_json(analysis: Analysis, options: Options = DEFAULT) -> bytes:
    """The labels in the photo and the mask."""
    answer = ParseAnswer(
        model=_model(analysis.card),
        image=_size(analysis),
        people=_parsed_people(analysis, options),
        **dict(_parsing(analysis, options)),
    )
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
        people=analyzed_people(analysis, options),
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


def coco_instances_json(analysis: Analysis, options: Options) -> bytes:
    """The people in the photo as COCO instance results."""
    rles = _instance_rles(analysis, options)
    people = zip((person for _, person in analysis.people), rles, strict=True)
    return COCO_INSTANCES.dump_json([coco_instance(person, rle, options.image_id) for person, rle in people])


def _instance_rles(analysis: Analysis, options: Options) -> list[Rle]:
    """The pixels of each of the people, those of wanted labels."""
    numbers = range(1, len(analysis.people) + 1)
    codes = encode_labels(chosen_instances(analysis, options), numbers)
    return [Rle(size=(analysis.height, analysis.width), counts=codes[number]) for number in numbers]


def _own_parts(analysis: Analysis, options: Options) -> list[OwnParts]:
    """What of the mask is whose, in the order of the people; nothing of it where nobody was looked for, or where the
    model has no labels."""
    if analysis.detections is None or not analysis.card.labels:
        return [OwnParts() for _ in analysis.people]
    pixels = analysis.width * analysis.height
    rles = _instance_rles(analysis, options) if options.as_rle else [None for _ in analysis.people]
    return [
        OwnParts(
            labels=[label_answer(analysis.card, part, pixels) for part in parts if options.wants(part.label)], rle=rle
        )
        for parts, rle in zip(analysis.parts_of_people, rles, strict=True)
    ]


def _parsed_people(analysis: Analysis, options: Options) -> list[ParsedPerson] | None:
    if analysis.detections is None:
        return None
    people = zip(analysis.people, _own_parts(analysis, options), strict=True)
    return [
        ParsedPerson(index=index, box=person.box, score=round(person.score, 4), **dict(own))
        for index, ((_, person), own) in enumerate(people, 1)
    ]


def analyzed_people(analysis: Analysis, options: Options) -> list[AnalyzedPerson]:
    """The people in the photo, with joints and what of the mask is theirs."""
    people = zip(person_answers(analysis, options), _own_parts(analysis, options), strict=True)
    return [AnalyzedPerson(**dict(person), **dict(own)) for person, own in people]


def _parsing(analysis: Analysis, options: Options) -> Parsing:
    if not analysis.card.labels:
        return Parsing(labels=[])
    if not options.boxes:
        labels, mask = _measured(analysis.card, analysis.mask, analysis.parts, options)
        has_instances = analysis.detections is not None and not options.as_rle
        instances = _base64(instances_png(analysis, options)) if has_instances else None
        return Parsing(labels=labels, mask=mask, instances=instances)
    (ids, _), regions = analysis.describe_views(lambda view, ids: _region(analysis.card, view, ids, options))
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
    has_index = analysis.detections is not None
    return [
        _person(analysis.card, person, number if has_index else None, view if options.boxes else None)
        for number, (view, person) in enumerate(analysis.people, 1)
    ]


def _person(card: Card, person: Person, index: int | None, region: int | None) -> PersonAnswer:
    keypoints = [
        Keypoint(name=name, x=round(x, 2), y=round(y, 2), score=round(score, 4))
        for name, (x, y, score) in zip(card.joints, person.keypoints.tolist(), strict=True)
    ]
    score = round(person.score, 4)
    return PersonAnswer(index=index, box=person.box, score=score, keypoints=keypoints, region=region)
