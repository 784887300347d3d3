"""Answers as the objects of the Python client: what it reads from JSON, without the way through JSON."""

from collections.abc import Sequence

import jppnet.answers as client
from service.api.request.answer_options import Options
from service.api.response.json import analyzed_people, label_answer
from service.api.response.pictures import chosen_instances, chosen_labels
from service.engine.detection.card import DetectorCard
from service.engine.engine import EngineInfo
from service.engine.model.card import Card
from service.engine.photo.analysis import Analysis, Part, find_parts
from service.engine.photo.view import View
from service.imaging.box import Box
from service.imaging.decode import Image


def analysis_object(analysis: Analysis, options: Options, photo: bytes) -> client.Analysis:
    """What ``POST /analyze`` answers about a photo's file."""
    card = analysis.card
    regions: tuple[client.Region, ...] = ()
    ids, parts = analysis.mask, analysis.parts
    if options.boxes and card.labels:
        merged, described = analysis.describe_views(lambda view, mask: _region(card, view, mask, options))
        ids, regions = merged.ids, tuple(described)
        parts = find_parts(ids, analysis.views)
    return client.Analysis(
        model=card.name,
        version=card.version,
        width=analysis.width,
        height=analysis.height,
        photo=photo,
        labels=_labels(card, parts, ids.size, options),
        mask=chosen_labels(ids, options),
        regions=regions,
        people=tuple(
            client.Person.read(person.model_dump(exclude_none=True)) for person in analyzed_people(analysis, options)
        ),
        instances=_instances(analysis, options),
        skeleton=tuple(card.skeleton),
    )


def model_object(card: Card, info: EngineInfo, detector: DetectorCard | None, max_people: int) -> client.Model:
    """What ``GET /model`` answers."""
    found_by = detector.model_dump() | {"threshold": detector.score} if detector else None
    runs_on = {"provider": info.provider, "lanes": info.lanes, "largest_batch": info.largest_batch}
    return client.Model.read(card.model_dump() | runs_on | {"max_people": max_people, "detector": found_by})


def _region(card: Card, view: View, ids: Image, options: Options) -> client.Region:
    x, y = view.box.x, view.box.y
    labels = _labels(card, find_parts(ids, [view]), ids.size, options, offset=(x, y))
    return client.Region(client.Box(*view.box), labels, chosen_labels(ids, options))


def _labels(
    card: Card, parts: Sequence[Part], pixels: int, options: Options, offset: tuple[int, int] = (0, 0)
) -> tuple[client.Label, ...]:
    """The wanted labels of a map with that many pixels, whose first one is at ``offset`` in the photo."""
    answers = [label_answer(card, part, pixels) for part in parts if options.wants(part.label)]
    for answer in answers:
        answer.box = Box(*answer.box).moved(*offset)
    return tuple(client.Label.read(answer.model_dump()) for answer in answers)


def _instances(analysis: Analysis, options: Options) -> Image | None:
    """Whose every pixel is; None where nobody was looked for, unless nobody is there."""
    was_looked = analysis.detections is not None and bool(analysis.card.labels)
    return chosen_instances(analysis, options) if was_looked or not analysis.people else None
