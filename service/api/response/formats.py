"""The formats of each call's answer, and which one a client gets."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

from service.api.request.answer_options import Options
from service.api.request.negotiation import negotiate, preferred
from service.api.response.format_names import JPEG, JSON, PNG
from service.api.response.json import analyze_json, coco_instances_json, coco_json, parse_json, pose_json, segments_json
from service.api.response.openpose import body_25_json, coco_18_json
from service.api.response.pictures import (
    as_jpeg,
    as_png,
    cutout_png,
    draw_everything,
    draw_overlay,
    draw_pose,
    ids_png,
    instances_png,
    parse_png,
)
from service.engine.photo.analysis import Analysis

Encode = Callable[[Analysis, Options], bytes]
Formats = Mapping[str, Mapping[str, Encode]]
"""By format's name, and by media type the ways to encode it; the first is the default."""

PARSE: Final[Formats] = {
    "mask": {PNG: parse_png},
    "ids": {PNG: ids_png},
    "instances": {PNG: instances_png},
    "overlay": {JPEG: as_jpeg(draw_overlay), PNG: as_png(draw_overlay)},
    "cutout": {PNG: cutout_png},
    "json": {JSON: parse_json},
    "coco": {JSON: coco_instances_json},
    "hf": {JSON: segments_json},
}
OPENPOSE: Final[Formats] = {"openpose": {JSON: body_25_json}, "openpose-18": {JSON: coco_18_json}}
POSE: Final[Formats] = {
    "json": {JSON: pose_json},
    "coco": {JSON: coco_json},
    **OPENPOSE,
    "overlay": {JPEG: as_jpeg(draw_pose), PNG: as_png(draw_pose)},
}
ANALYZE: Final[Formats] = {
    "json": {JSON: analyze_json},
    **OPENPOSE,
    "overlay": {JPEG: as_jpeg(draw_everything), PNG: as_png(draw_everything)},
}


class ChosenFormat(NamedTuple):
    """What a client gets: the format's name, its media type and how it is encoded."""

    name: str
    media_type: str
    encode: Encode


def choose(formats: Formats, name: str | None, accept: str | None, negotiable: Sequence[str]) -> ChosenFormat:
    """The format of that name, or without a name the one among the negotiable ones that ``Accept`` ranks highest.

    Raises:
        NotAcceptableError: no format is named, and ``Accept`` excludes all that are negotiable.
    """
    if name is None:
        offers = {media_type: offer for offer in negotiable for media_type in formats[offer]}
        name = offers[negotiate(accept, list(offers))]
    media_type = preferred(accept, list(formats[name]))
    return ChosenFormat(name, media_type, formats[name][media_type])
