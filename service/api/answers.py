"""From an analysis to the bytes of an answer: the last step of the line, for HTTP and files alike."""

import base64

from service.api.schemas import (
    AnalyzeAnswer,
    ImageSize,
    Keypoint,
    LabelAnswer,
    Model,
    ParseAnswer,
    PersonAnswer,
    PoseAnswer,
)
from service.engine.analysis import Analysis, Part, Person
from service.engine.card import Card
from service.imaging.png import palette_png


def mask_png(analysis: Analysis) -> bytes:
    """The mask as a palette PNG of the photo's size: pixel value = label id, palette = the labels' colours."""
    return palette_png(analysis.mask, analysis.card.palette)


def parse_json(analysis: Analysis) -> bytes:
    """The labels in the photo and the mask, as JSON."""
    answer = ParseAnswer(
        model=_model(analysis.card), image=_size(analysis), labels=_labels(analysis), mask=_mask(analysis)
    )
    return answer.model_dump_json().encode()


def pose_json(analysis: Analysis) -> bytes:
    """The people in the photo and their joints, as JSON."""
    answer = PoseAnswer(
        model=_model(analysis.card),
        image=_size(analysis),
        people=_people(analysis),
        skeleton=analysis.card.skeleton,
    )
    return answer.model_dump_json().encode()


def analyze_json(analysis: Analysis) -> bytes:
    """Labels, mask, people and joints, as JSON."""
    answer = AnalyzeAnswer(
        model=_model(analysis.card),
        image=_size(analysis),
        labels=_labels(analysis),
        mask=_mask(analysis),
        people=_people(analysis),
        skeleton=analysis.card.skeleton,
    )
    return answer.model_dump_json().encode()


def _model(card: Card) -> Model:
    return Model(name=card.name, version=card.version)


def _size(analysis: Analysis) -> ImageSize:
    return ImageSize(width=analysis.fit.photo_width, height=analysis.fit.photo_height)


def _mask(analysis: Analysis) -> str:
    return base64.b64encode(mask_png(analysis)).decode("ascii")


def _labels(analysis: Analysis) -> list[LabelAnswer]:
    return [_label(analysis.card, part, analysis.mask.size) for part in analysis.parts]


def _label(card: Card, part: Part, photo_pixels: int) -> LabelAnswer:
    label = card.labels[part.label]
    return LabelAnswer(
        id=label.id,
        name=label.name,
        color=label.color,
        pixels=part.pixels,
        share=round(part.pixels / photo_pixels, 6),
        box=part.box,
        confidence=round(part.confidence, 4),
    )


def _people(analysis: Analysis) -> list[PersonAnswer]:
    return [_person(analysis.card, person) for person in analysis.people]


def _person(card: Card, person: Person) -> PersonAnswer:
    keypoints = [
        Keypoint(name=name, x=round(x, 2), y=round(y, 2), score=round(score, 4))
        for name, (x, y, score) in zip(card.joints, person.keypoints.tolist(), strict=True)
    ]
    return PersonAnswer(box=person.box, score=round(person.score, 4), keypoints=keypoints)
